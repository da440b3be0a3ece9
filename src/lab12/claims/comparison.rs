//! Comparisons: “almost twice”, 5x, 64 % fewer, a third of the host's, 1.4 s more.
//!
//! What a quantity compares is found by the words around it: the only measure and the two targets
//! that they name.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, Range};

use super::claim_remark::ClaimRemark;
use super::computed_cells::check_computed_cell;
use super::evidence_index::{EvidenceIndex, FactRef};
use super::figure_pair::FigurePair;
use super::figures::StatedFigure;
use super::quantity::{StatedQuantity, StatedValue, ratio_agrees, ratio_rests_on, readings_of};
use super::sentence::ReportSentence;
use super::target_resolver::is_compared_with;
use super::value_place::ValuePlace;
use super::words::{ClaimVocabulary, SubjectKind, ValueSubject};
use crate::model::{FactId, Role};

/// The figures that a report states: by what they are about and their target the seconds, or none
/// where several differ, so that it is not clear which are compared.
pub(super) struct StatedFigures(BTreeMap<(String, String), Option<f64>>);

impl StatedFigures {
    /// The figures of a report, in its order.
    pub(super) fn new(stated: &[StatedFigure]) -> Self {
        let mut figures = BTreeMap::new();
        for one in stated {
            let known =
                figures.entry((one.fact.clone(), one.target.clone())).or_insert(Some(one.seconds));
            *known = known.filter(|seconds| (one.seconds - seconds).abs() < 1e-9);
        }
        Self(figures)
    }

    fn stated_figure(&self, fact: FactId, target: &str) -> Option<f64> {
        *self.0.get(&(fact.to_string(), target.to_string()))?
    }
}

/// What a sentence or cell compares. `stated` are the figures that the report itself states.
pub(super) fn check_comparisons(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
    stated: &StatedFigures,
) -> Vec<ClaimRemark> {
    if let Some(computed) = check_computed_cell(index, vocabulary, sentence, all) {
        return vec![computed];
    }
    let mut out: Vec<ClaimRemark> = Vec::new();
    for number in 0..all.len() {
        let place = ValuePlace { index, vocabulary, sentence, all, number };
        let is_sure = sentence.is_plain_at(all[number].range.end);
        if !is_sure || sentence.is_quoted_at(all[number].from) {
            continue;
        }
        out.extend(StatedComparison { place, stated }.check_quantity());
    }
    out
}

/// “1.83 s is 18 times as long as a function of 100 ms”: a ratio that two durations of the sentence
/// have, which are looked at themselves.
fn is_ratio_of_two(quantity: &StatedQuantity, all: &[StatedQuantity]) -> bool {
    let StatedValue::Times(stated) = quantity.value else { return false };
    let times: Vec<f64> = all
        .iter()
        .filter_map(|one| match one.value {
            StatedValue::Seconds(seconds) if seconds > 0.0 => Some(seconds),
            _ => None,
        })
        .collect();
    let mut ratios = times.iter().flat_map(|one| times.iter().map(move |other| one / other));
    ratios.any(|ratio| (ratio - stated).abs() <= quantity.half.max(stated * 0.01))
}

/// A quantity that compares, where it stands.
struct StatedComparison<'a> {
    place: ValuePlace<'a>,
    stated: &'a StatedFigures,
}

impl<'a> Deref for StatedComparison<'a> {
    type Target = ValuePlace<'a>;

    fn deref(&self) -> &Self::Target {
        &self.place
    }
}

impl<'a> StatedComparison<'a> {
    fn check_quantity(&self) -> Option<ClaimRemark> {
        if !self.is_of_two_targets() || self.is_share_per_other() {
            return None;
        }
        let targets = self.compared_targets()?;
        let subjects = self.compared_subjects();
        let subject = *subjects.first()?;
        let targets = targets.each_ref().map(String::as_str);
        if let Some(target) = targets.into_iter().find(|one| self.index.never_ran(one)) {
            let (place, words) = self.place_and_words();
            let id = subject.first_fact();
            return (subject.kind == SubjectKind::Seconds)
                .then(|| ClaimRemark::without_value(self.index, place, words, id, target));
        }
        let of_subject = |subject: &&ValueSubject| self.pairs_of_targets(subject, targets);
        let mut pairs: Vec<FigurePair> = subjects.iter().flat_map(of_subject).collect();
        // What runc does not hide is counted on the host.
        if let (true, SubjectKind::Count, Some(host)) =
            (pairs.is_empty(), subject.kind, self.index.target_with_role(Role::Host))
        {
            pairs = self.pairs_of_targets(subject, [host, targets[1]]);
        }
        self.decide_pairs(&pairs)
    }

    /// The quantity with the words that hedge it.
    fn place_and_words(&self) -> (Range<usize>, &'a str) {
        let range = self.stated_quantity().from..self.stated_quantity().range.end;
        (self.sentence.file_range(&range), &self.sentence.text[range])
    }

    /// The sentence before the quantity and its hedge.
    fn words_before(&self) -> &'a str {
        &self.sentence.text[..self.stated_quantity().from]
    }

    /// The sentence after the quantity.
    fn words_after(&self) -> &'a str {
        &self.sentence.text[self.stated_quantity().range.end..]
    }

    /// “0.3 % per build”: whether it is a share of something that is named after it.
    fn is_share_per_other(&self) -> bool {
        matches!(self.stated_quantity().value, StatedValue::Percent(_))
            && self.words_after().trim_start().starts_with("per ")
    }

    /// Whether it says how many times one is the other, or by how many percent.
    fn is_ratio(&self) -> bool {
        matches!(self.stated_quantity().value, StatedValue::Times(_) | StatedValue::Percent(_))
    }

    /// Whether a value is a difference: “1.4 s more”, “the difference is 1.4 s”, “77 modules less”.
    fn is_difference(&self) -> bool {
        let words = &self.vocabulary.words.comparison;
        self.is_count() && words.count_after.is_match(self.words_after())
            || self.in_seconds().is_some()
                && (words.before.is_match(self.words_before())
                    || words.after.is_match(self.words_after()))
    }

    fn is_count(&self) -> bool {
        matches!(self.stated_quantity().value, StatedValue::Number(number, _) if number >= 10.0)
    }

    /// What is compared: the subject that is named, or any measure where none is and both targets
    /// are.
    fn compared_subjects(&self) -> Vec<&'a ValueSubject> {
        if let Some(named) = self.compared_subject() {
            return vec![named];
        }
        let text = self.sentence.labelled_text();
        let all = &self.vocabulary.subjects;
        let is_unnamed = self.subjects_named(&text).is_empty()
            && all.area.iter().all(|area| !area.words.is_match(&text))
            && self.sentence.cell_labels().is_none();
        let is_of_time = self.vocabulary.words.comparison.time.is_match(self.words_after());
        let is_measure =
            |one: &&ValueSubject| matches!(one.kind, SubjectKind::Seconds | SubjectKind::Rate);
        let is_ratio = matches!(self.stated_quantity().value, StatedValue::Times(_));
        let is_any = is_unnamed
            && self.names_pair()
            && is_of_time
            && is_ratio
            && (self.is_whole_ratio() || !self.counts_something());
        let measures = all.subject.iter().filter(|one| is_any && is_measure(one));
        measures.collect()
    }

    /// Whether the words around the quantity compare two targets, and not the values of one series,
    /// series with each other, or what is denied.
    fn is_of_two_targets(&self) -> bool {
        let words = &self.vocabulary.words;
        let (text, labelled) = (self.sentence.text, self.sentence.labelled_text());
        let is_of_one_series = words.figures.min.is_match(text)
            && words.figures.max.is_match(text)
            && self.index.resolver.find_mentions(text).len() < 2;
        let is_compared = words.comparison.words.is_match(&labelled)
            || words.comparison.counts.is_match(&labelled);
        (self.is_ratio() && is_compared || self.is_difference())
            && !words.denial.is_match(&text[..self.stated_quantity().range.start])
            && !words.comparison.unless.is_match(&labelled)
            && !words.comparison.interval.is_match(self.words_after())
            && !is_of_one_series
    }

    /// The subjects of measures that a text names.
    fn subjects_named(&self, text: &str) -> Vec<&'a ValueSubject> {
        let named = self.vocabulary.subjects.subject.iter().filter(|one| {
            !matches!(one.kind, SubjectKind::Version | SubjectKind::Address)
                && one.words.is_match(text)
        });
        named.collect()
    }

    /// What is compared: the only measure that the sentence, its row and its column name, or the
    /// label above it; no other subject or cost is named.
    fn compared_subject(&self) -> Option<&'a ValueSubject> {
        let words = &self.vocabulary.words.comparison;
        let text = self.text_without_reason();
        // “37 % of the modules” is one of these, whatever else the sentence counts.
        let after = self.words_after().split([',', ';', '.', ':', '(']).next().unwrap_or_default();
        let after = after.split(" and ").next().unwrap_or_default();
        let mut named = self.subjects_named(after);
        if named.len() != 1 || !words.share.is_match(after) {
            named = self.subjects_named(&text);
        }
        // “Kata is slower by a factor of 3” below “Start-up”
        if named.is_empty()
            && !self.counts_something()
            && self.vocabulary.subjects.area.iter().all(|area| !area.words.is_match(&text))
        {
            let above = self.sentence.topics.iter().map(|topic| self.subjects_named(topic));
            named = above.into_iter().find(|named| !named.is_empty()).unwrap_or_default();
            let is_of_time =
                self.is_difference() || words.time.is_match(&text) || words.took.is_match(&text);
            named.retain(|one| is_of_time || one.kind != SubjectKind::Seconds);
        }
        // How long something took and how much of it a second are both of what was copied.
        let is_rate = words.rate.is_match(&text);
        named.retain(|one| !is_rate || one.kind != SubjectKind::Seconds);
        named.dedup_by(|one, other| one.facts == other.facts);
        let [one] = named[..] else { return None };
        let mut text = text.to_lowercase().replace("slower", "").replace("overhead", "");
        if self.is_difference() {
            text = text.replace("diff", "").replace("delta", "");
        }
        let is_of_other = one.unless.as_ref().is_some_and(|unless| unless.is_match(&text));
        let is_measured = match one.kind {
            SubjectKind::Seconds if self.is_difference() => !self.is_doubtful(one),
            SubjectKind::Count if self.is_count() => {
                one.doubt.as_ref().is_none_or(|doubt| !doubt.is_match(self.words_before()))
            }
            _ if self.is_difference() => false,
            SubjectKind::Seconds => true,
            SubjectKind::Count => {
                !self.is_doubtful(one) && words.counts.is_match(self.sentence.text)
            }
            kind => kind == SubjectKind::Rate,
        };
        (is_measured && !is_of_other).then_some(one)
    }

    /// The words of the sentence, or of the cell and its labels, without the reason that is given
    /// after the value: “takes 1.5 s longer, because the kernel boots”.
    fn text_without_reason(&self) -> Cow<'a, str> {
        let (text, end) = (self.sentence.text, self.stated_quantity().range.end);
        let reason = self.vocabulary.words.comparison.reason.find(&text[end..]);
        match reason.filter(|_| self.sentence.cell_labels().is_none()) {
            Some(reason) => Cow::Borrowed(&text[..end + reason.start()]),
            None => self.sentence.labelled_text(),
        }
    }

    /// Whether the rest of the sentence may speak of another value than the captured one.
    fn is_doubtful(&self, subject: &ValueSubject) -> bool {
        let rest = self.text_without_reason().replace(self.place_and_words().1, "");
        subject.doubt.as_ref().is_some_and(|doubt| doubt.is_match(&rest))
    }

    /// Whether the sentence counts something: what it compares may be that, by a word that is not
    /// known.
    fn counts_something(&self) -> bool {
        self.all.iter().any(|one| {
            matches!(one.value, StatedValue::Number(number, _) if number >= 20.0 && number.fract() == 0.0)
        })
    }

    /// The two targets that are compared: those that the sentence names. One that names a single
    /// runtime compares it with the baseline, and one that names none the only two that there are.
    fn compared_targets(&self) -> Option<[String; 2]> {
        let labelled = self.sentence.labelled_text();
        let mentions = self.index.resolver.find_mentions(&labelled).into_iter();
        let named: Option<BTreeSet<String>> = mentions.map(|mention| mention.target).collect();
        let named: Vec<String> = named?.into_iter().collect();
        let baseline = self.index.target_with_role(Role::Baseline)?.to_string();
        let only = self.index.sole_candidate();
        let is_candidate = |one: &String| self.index.role_of(one) == Some(Role::Candidate);
        // “gVisor adds 0.32 s to a start under runc”
        let before = self.text_before_value();
        let adding = self.index.resolver.find_mentions(before).pop();
        let adding = adding
            .filter(|one| self.vocabulary.words.comparison.adds.is_match(&before[one.range.end..]));
        if let Some(target) = adding.and_then(|one| one.target).filter(is_candidate) {
            return Some([baseline, target]);
        }
        match &named[..] {
            // “Kata adds 1.1 s and gVisor 0.2 s”: each is compared with the baseline.
            [one, other] if is_candidate(one) && is_candidate(other) && !self.names_pair() => None,
            [one, other] => Some([one.clone(), other.clone()]),
            // “In a VM the difference is 2 s” may be of any.
            [one] if self.is_difference() && !labelled.to_lowercase().contains(one) => None,
            [one] if is_candidate(one) => Some([baseline, one.clone()]),
            [one] if *one != baseline => None,
            [_] | [] => Some([baseline, only?.to_string()]),
            _ => None,
        }
    }

    /// Whether the sentence names two targets and compares the one with the other: “than runc”, “as
    /// long as runc”.
    fn names_pair(&self) -> bool {
        let text = &self.sentence.labelled_text();
        let mentions = self.index.resolver.find_mentions(text);
        let named: BTreeSet<&Option<String>> = mentions.iter().map(|one| &one.target).collect();
        named.len() == 2
            && mentions.iter().any(|one| is_compared_with(text, one))
            && !self.vocabulary.words.order.unless.is_match(text)
    }

    /// The pairs of figures of two targets that may be meant: the medians and means of what was
    /// measured, the counts, or the figures that the report states.
    fn pairs_of_targets(&self, subject: &ValueSubject, targets: [&str; 2]) -> Vec<FigurePair> {
        let mut pairs = Vec::new();
        for id in subject.fact_ids() {
            let both = targets.map(|target| self.index.fact_on_target(id, target));
            let facts = targets.map(|target| (id.to_string(), target.to_string()));
            let ([Some(one), _] | [_, Some(one)]) = &both else { continue };
            let is_time = one.bytes_per_second().is_none() && subject.kind == SubjectKind::Seconds;
            if both.iter().any(Option::is_none) && pairs.is_empty() {
                return pairs;
            }
            for name in ["median", "mean", ""] {
                let figures = both.each_ref().map(|fact_ref| {
                    let fact_ref = fact_ref.as_ref()?;
                    match fact_ref.bytes_per_second() {
                        _ if subject.kind == SubjectKind::Count => fact_ref.known_number(),
                        Some(rate) => Some(rate),
                        None => self.index.known_figures(fact_ref).named_figure(name),
                    }
                });
                if let [Some(one), Some(other)] = figures {
                    pairs.extend(FigurePair::new(one, other, is_time, facts.to_vec()));
                }
            }
        }
        if pairs.is_empty() {
            let figures = targets.map(|one| self.stated.stated_figure(subject.first_fact(), one));
            if let [Some(one), Some(other)] = figures {
                pairs.extend(FigurePair::new(one, other, true, Vec::new()));
            }
        }
        pairs
    }

    /// What is said of the quantity where these may be compared: supported if one of them is as it
    /// says, and contradicted if none is and nothing that was captured explains it.
    fn decide_pairs(&self, pairs: &[FigurePair]) -> Option<ClaimRemark> {
        let (place, words) = self.place_and_words();
        let standing: Vec<PairStanding> =
            pairs.iter().map(|pair| self.compare_with_pair(pair)).collect();
        if let Some(at) = standing.iter().position(|one| *one == PairStanding::Supported) {
            return (!pairs[at].facts.is_empty())
                .then(|| pairs[at].remark_with_facts(ClaimRemark::supported_claim(place)));
        }
        let is_refuted = standing.iter().all(|one| *one == PairStanding::Contradicted)
            && !self.is_explained(pairs)
            && !is_ratio_of_two(self.stated_quantity(), self.all);
        let pair = pairs.first().filter(|_| is_refuted)?;
        Some(pair.contradicted_by_facts(words, place))
    }

    /// How the quantity stands to two figures.
    fn compare_with_pair(&self, pair: &FigurePair) -> PairStanding {
        let quantity = self.stated_quantity();
        let difference = pair.larger - pair.smaller;
        if let StatedValue::Seconds(stated) = quantity.value {
            // What was computed of rounded figures is off by their rounding.
            let is_near =
                (stated - difference).abs() <= (difference * 0.06).max(quantity.half * 2.0);
            return PairStanding::from_agreement(
                quantity.agrees_with(stated, difference) || is_near,
            );
        }
        if let StatedValue::Number(stated, _) = quantity.value {
            return match (stated - difference).abs() {
                ..0.5 => PairStanding::Supported,
                off if off <= difference * 0.4 => PairStanding::Contradicted,
                _ => PairStanding::Open,
            };
        }
        let Some((stated, readings)) = self.readings_meant(pair.larger / pair.smaller) else {
            return PairStanding::Open;
        };
        let words = &self.vocabulary.words.comparison;
        let after = self.words_after();
        let is_times = matches!(quantity.value, StatedValue::Times(_));
        // “A fifth less” is four fifths of it, and “77 % of the names are not there” the rest of it.
        let is_rest = !is_times && words.share.is_match(after) && words.absent.is_match(after);
        if is_times && stated < 1.0 && words.less.is_match(after) || is_rest {
            return PairStanding::Open;
        }
        let first = if is_times { 1 } else { readings.len() };
        let mut near = readings[..first].iter().filter(|it| ratio_agrees(quantity, stated, **it));
        match near.next() {
            // What is near enough not to be wrong is not yet what was measured.
            Some(truth) if ratio_rests_on(quantity, stated, *truth) => PairStanding::Supported,
            Some(_) => PairStanding::Open,
            None if !self.is_whole_ratio()
                && readings.iter().any(|truth| ratio_agrees(quantity, stated, *truth)) =>
            {
                PairStanding::Open
            }
            None => PairStanding::Contradicted,
        }
    }

    /// The number that a ratio states, and what it can mean by the words around it.
    fn readings_meant(&self, ratio: f64) -> Option<(f64, Vec<f64>)> {
        let (stated, mut readings) = readings_of(self.stated_quantity(), ratio)?;
        let words = &self.vocabulary.words.comparison;
        let (before, after) = (self.words_before(), self.words_after());
        let is_times = matches!(self.stated_quantity().value, StatedValue::Times(_));
        // “46 % of the host's” and “53 % fewer” are one thing each.
        if !is_times && (words.less.is_match(after) || words.drop.is_match(before)) {
            readings = vec![readings[1]];
        } else if !is_times && words.share.is_match(after) {
            readings.drain(..2);
        } else if !is_times && words.more.is_match(after) {
            readings.truncate(1);
        }
        Some((stated, readings))
    }

    /// Whether figures of the same facts have what is stated, as exactly as it is: single samples,
    /// or the counts of other targets. Of a mean no single samples are the parts.
    fn is_explained(&self, pairs: &[FigurePair]) -> bool {
        let is_of_means =
            self.vocabulary.words.figures.mean.is_match(&self.sentence.labelled_text());
        let ids: BTreeSet<&String> =
            pairs.iter().flat_map(|pair| &pair.facts).map(|fact| &fact.0).collect();
        // Who names both compares no others.
        let is_of_both = self.names_pair();
        let targets: Vec<&String> =
            pairs.iter().flat_map(|pair| &pair.facts).map(|fact| &fact.1).collect();
        ids.into_iter().any(|id| {
            let mut all = self.index.facts_everywhere(FactId::from_text(id));
            all.retain(|one| !is_of_both || targets.iter().any(|target| **target == one.target));
            let known: Vec<Vec<f64>> = all.iter().map(|one| self.explaining_figures(one)).collect();
            !is_of_means
                && known.iter().enumerate().any(|(at, ones)| {
                    let others = || known[at + 1..].iter().flatten();
                    ones.iter().any(|one| others().any(|other| self.is_exactly_of(*one, *other)))
                })
        })
    }

    fn explaining_figures(&self, fact_ref: &FactRef) -> Vec<f64> {
        let figures = self.index.known_figures(fact_ref);
        let count = fact_ref.known_number().filter(|_| figures.all.is_empty());
        figures.copied_figures().map(|figure| figure.value).chain(count).collect()
    }

    /// Whether two figures have the ratio or the difference, as exactly as it is stated.
    fn is_exactly_of(&self, one: f64, other: f64) -> bool {
        let quantity = self.stated_quantity();
        let difference = (one - other).abs();
        let reading = match quantity.value {
            StatedValue::Seconds(stated) | StatedValue::Number(stated, _) => {
                Some((stated, difference))
            }
            _ => self
                .readings_meant(one.max(other) / one.min(other))
                .map(|(stated, readings)| (stated, readings[0])),
        };
        reading.is_some_and(|(stated, truth)| (stated - truth).abs() <= quantity.half * 1.1)
    }

    /// Whether a ratio can only be that of the two: “by a factor of 2”, “twice as long”, and not
    /// “two times slower”.
    fn is_whole_ratio(&self) -> bool {
        let words = &self.vocabulary.words;
        let before = self.words_before().to_lowercase();
        let mut before = before.split_whitespace().rev().take(3);
        let after = self.words_after().split_whitespace().next().map(str::to_lowercase);
        let is_labelled = self.sentence.cell_labels().is_some_and(|(row, column)| {
            [row, column].iter().any(|label| {
                words.comparison.computed.is_match(label) && !words.difference.is_match(label)
            }) && !words.difference.is_match(self.words_after())
        });
        matches!(self.stated_quantity().value, StatedValue::Times(_))
            && (is_labelled
                || before.any(|word| ["factor", "faktor", "ratio"].contains(&word))
                || after.is_some_and(|word| ["as", "so"].contains(&&*word)))
    }
}

/// How a quantity stands to two figures.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PairStanding {
    Supported,
    Open,
    Contradicted,
}

impl PairStanding {
    fn from_agreement(agrees: bool) -> Self {
        if agrees { Self::Supported } else { Self::Contradicted }
    }
}
