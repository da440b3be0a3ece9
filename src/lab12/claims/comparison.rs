//! Comparisons: “almost twice”, 5x, 64 % fewer, a third of the host's, 1.4 s more.

use std::collections::{BTreeMap, BTreeSet};

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::evidence_index::{EvidenceIndex, FactRef};
use super::figures::{KnownFigures, MAX_FIGURES, StatedFigure};
use super::matching::known_number;
use super::messages::{ClaimContradictsEvidence, ClaimRatioWording};
use super::passages::PassageForm;
use super::quantity::{
    StatedQuantity, StatedValue, ValueHedge, find_quantities, is_ratio_of, ratio_agrees,
    ratio_rests_on, readings_of,
};
use super::sentence::ReportSentence;
use super::words::{ClaimVocabulary, SubjectKind, ValueSubject};
use crate::model::{Role, SampleUnit};
use crate::stats;

/// Two figures that are compared.
struct FigurePair {
    smaller: f64,
    larger: f64,
    is_time: bool,
    from_text: bool,
    facts: Vec<(String, String)>,
}

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

    fn stated_figure(&self, fact: &str, target: &str) -> Option<f64> {
        *self.0.get(&(fact.to_string(), target.to_string()))?
    }
}

/// The fact and the two targets of which a report states the captured values, right before it
/// compares them.
pub(super) struct ToldPair {
    fact: String,
    targets: [String; 2],
}

impl ToldPair {
    /// The pair that the remarks of a place speak of, which the evidence supports, if it is one and
    /// no more.
    pub(super) fn of_remarks<'r>(remarks: impl Iterator<Item = &'r ClaimRemark>) -> Option<Self> {
        let mut told: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for remark in remarks {
            for (fact, target) in &remark.facts {
                told.entry(fact).or_default().insert(target);
            }
        }
        told.retain(|_, targets| targets.len() > 1);
        let (fact, targets) = told.pop_first().filter(|_| told.is_empty())?;
        let [one, other] = targets.into_iter().collect::<Vec<_>>()[..] else { return None };
        Some(Self { fact: fact.into(), targets: [one.into(), other.into()] })
    }
}

/// What a sentence or cell compares. `stated` are the figures that the report itself states, and
/// `told` the pair of values right before it.
pub(super) fn check_comparisons(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
    (stated, told): (&StatedFigures, Option<&ToldPair>),
) -> Vec<ClaimRemark> {
    let mut out = Vec::new();
    if let Some(computed) = check_computed_cell(index, vocabulary, sentence, all) {
        return vec![computed];
    }
    for (number, quantity) in all.iter().enumerate() {
        out.extend(check_spread(index, vocabulary, sentence, all, number));
        let comparison = Comparison { index, vocabulary, sentence, quantity };
        out.extend(comparison.check_ratio_of_figures());
        out.extend(comparison.check_count_difference());
        if !sentence.is_plain_at(quantity.range.end)
            || sentence.is_quoted_at(quantity.from)
            || !comparison.is_of_two_targets(told)
        {
            continue;
        }
        let Some((one, other)) = comparison.compared_targets() else { continue };
        let Some(subject) = comparison.compared_subject() else {
            // “The difference is 1.6 s, so Kata is twice as slow”
            let own = ToldPair::of_remarks(out.iter().filter(|one| one.rule.is_none()));
            let told = told.or(own.as_ref());
            out.extend(told.and_then(|told| comparison.check_told_ratio(told)));
            continue;
        };
        if let Some(target) = [&one, &other].into_iter().find(|one| index.never_ran(one)) {
            let id = &subject.facts[0];
            if subject.kind == SubjectKind::Seconds {
                let (place, words) = comparison.place_and_words();
                out.push(ClaimRemark::without_value(index, place, words, id, target));
            }
            continue;
        }
        let mut pairs = list_pairs(index, subject, &one, &other, stated);
        // What runc does not hide is counted on the host.
        if let (true, SubjectKind::Count, Some(host)) =
            (pairs.is_empty(), subject.kind, index.target_with_role(Role::Host))
        {
            pairs = list_pairs(index, subject, host, &other, stated);
        }
        // One of the clocks that it may be about is enough.
        let decided: Vec<ClaimRemark> =
            pairs.iter().filter_map(|pair| comparison.decide_pair(pair)).collect();
        let is_said = |remark: &ClaimRemark| remark.status != ClaimStatus::Contradicted;
        let is_open = decided.len() < pairs.len();
        // Of a mean no single samples are the parts.
        let is_of_means = vocabulary.words.figures.mean.is_match(&sentence.labelled_text());
        let is_open = is_open || !is_of_means && comparison.is_of_samples(subject, [&one, &other]);
        match decided.iter().find(|remark| is_said(remark)).or(decided.first()) {
            Some(remark) if is_said(remark) || !is_open => out.push(remark.clone()),
            _ => {}
        }
    }
    out
}

/// A spread that is wider than the whole range of what was measured of its target.
fn check_spread(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
    number: usize,
) -> Option<ClaimRemark> {
    let quantity = &all[number];
    let StatedValue::Seconds(stated) = quantity.value else { return None };
    let words = &vocabulary.words;
    let before = &sentence.text[..quantity.from];
    let spread = words.comparison.spread.find_iter(before).last()?;
    // “a spread of 0.1 s around 2.1 s”, “spread between 1.9 and 2.1 s”
    let between = &before[spread.end()..];
    let is_next = all[..number].iter().all(|one| one.range.start < spread.start())
        || index.resolver.find_mentions(between).len() > 1;
    let is_named = [" from ", " between ", " around ", " zwischen ", " entre ", " ± "];
    if !sentence.is_plain || !is_next || is_named.iter().any(|word| between.contains(word)) {
        return None;
    }
    let target = index.resolver.attribute_quantity(words, sentence, all, number)?;
    let ids = index
        .subject
        .run
        .facts
        .keys()
        .filter(|id| id.starts_with("startup.") || id.starts_with("http.latency"));
    let facts = ids.filter_map(|id| index.fact_on_target(id, &target));
    let known: Vec<_> = facts.map(|one| (one, index.known_figures(&one))).collect();
    let width = |figures: &KnownFigures| {
        let values = || figures.all.iter().map(|figure| figure.value);
        Some(values().reduce(f64::max)? - values().reduce(f64::min)?)
    };
    let is_wider = |figures: &KnownFigures| {
        let is_figure = |value: f64| quantity.agrees_with(stated, value);
        width(figures).is_some_and(|width| stated - quantity.half > width * 1.5)
            && !figures.all.iter().any(|figure| is_figure(figure.value))
    };
    let (fact_ref, figures) = known.iter().find(|one| one.1.median.is_some())?;
    known.iter().all(|one| is_wider(&one.1)).then(|| {
        let place = sentence.file_range(&quantity.range);
        let shown =
            crate::report::format_measured(width(figures).unwrap_or_default(), SampleUnit::Seconds);
        let found = format!("{shown} between the smallest and the largest");
        let text = &sentence.text[quantity.range.clone()];
        ClaimRemark::contradicted_by(index, place, text, fact_ref, &found, None)
    })
}

/// A quantity that compares, where it stands.
struct Comparison<'a> {
    index: &'a EvidenceIndex<'a>,
    vocabulary: &'a ClaimVocabulary,
    sentence: &'a ReportSentence<'a>,
    quantity: &'a StatedQuantity,
}

impl Comparison<'_> {
    /// The quantity with the words that hedge it.
    fn place_and_words(&self) -> (std::ops::Range<usize>, &str) {
        let range = self.quantity.from..self.quantity.range.end;
        (self.sentence.file_range(&range), &self.sentence.text[range])
    }

    /// Whether a value is a difference: “1.4 s more”, “the difference is 1.4 s”.
    fn is_difference(&self) -> bool {
        let words = &self.vocabulary.words;
        let is_time = matches!(self.quantity.value, StatedValue::Seconds(_));
        let before = &self.sentence.text[..self.quantity.from];
        let after = &self.sentence.text[self.quantity.range.end..];
        is_time
            && (words.comparison.before.is_match(before) || words.comparison.after.is_match(after))
    }

    /// Whether the words around the quantity compare two targets, and not the values of one series,
    /// series with each other, or what is denied. Where the values of two are told right before, a
    /// share of what they are needs no more words.
    fn is_of_two_targets(&self, told: Option<&ToldPair>) -> bool {
        let words = &self.vocabulary.words;
        let is_ratio =
            matches!(self.quantity.value, StatedValue::Times(_) | StatedValue::Percent(_));
        let labelled = self.sentence.labelled_text();
        let is_of_one_series = words.figures.min.is_match(self.sentence.text)
            && words.figures.max.is_match(self.sentence.text)
            && self.index.resolver.find_mentions(self.sentence.text).len() < 2;
        let is_compared = words.comparison.words.is_match(&labelled)
            || words.comparison.counts.is_match(&labelled)
            || told.is_some_and(|told| self.is_share_of(told));
        (is_ratio && is_compared || self.is_difference())
            && !words.denial.is_match(&self.sentence.text[..self.quantity.range.start])
            && !words.comparison.unless.is_match(&labelled)
            && !words.comparison.interval.is_match(&self.sentence.text[self.quantity.range.end..])
            && !is_of_one_series
    }

    /// What is compared: the only measure that the sentence, its row and its column name, or the
    /// label above it; no other subject or cost is named.
    fn compared_subject(&self) -> Option<&ValueSubject> {
        let named_in = |text: &str| -> Vec<&ValueSubject> {
            let named = self.vocabulary.subjects.subject.iter();
            let is_name = |kind| matches!(kind, SubjectKind::Version | SubjectKind::Address);
            named.filter(|one| one.words.is_match(text) && !is_name(one.kind)).collect()
        };
        let text = self.sentence.labelled_text();
        // “37 % of the modules” is one of these, whatever else the sentence counts.
        let after = &self.sentence.text[self.quantity.range.end..];
        let after = &after[..after.find([',', ';', '.', ':', '(']).unwrap_or(after.len())];
        let after = after.split(" and ").next().unwrap_or_default();
        let mut named = named_in(after);
        if named.len() != 1 || !self.vocabulary.words.comparison.share.is_match(after) {
            named = named_in(&text);
        }
        // “Kata is slower by a factor of 3” below “Start-up”
        if named.is_empty()
            && self.vocabulary.subjects.area.iter().all(|area| !area.words.is_match(&text))
        {
            let above = self.sentence.topics.iter().map(|topic| named_in(topic));
            named = above.into_iter().find(|named| !named.is_empty()).unwrap_or_default();
            // “Kata takes twice as long”: the start, if nothing else was measured of both.
            let words = &self.vocabulary.words.comparison;
            let is_of_start =
                (self.is_difference() || words.took.is_match(&text)) && !words.work.is_match(&text);
            if named.is_empty() && is_of_start && !self.states_size() {
                named.extend(self.only_measure());
            }
        }
        named.dedup_by(|one, other| one.facts == other.facts);
        let [one] = named[..] else { return None };
        let text = text.to_lowercase().replace("slower", "").replace("overhead", "");
        let text =
            if self.is_difference() { text.replace("diff", "").replace("delta", "") } else { text };
        let is_of_other = one.unless.as_ref().is_some_and(|unless| unless.is_match(&text));
        let is_doubtful = self.is_difference()
            && one
                .doubt
                .as_ref()
                .is_some_and(|doubt| doubt.is_match(&self.sentence.labelled_text()));
        let is_measured = match one.kind {
            SubjectKind::Seconds => !self.vocabulary.words.comparison.rate.is_match(&text),
            SubjectKind::Rate => !self.is_difference(),
            SubjectKind::Count => !self.is_difference() && self.compares_counts(one),
            _ => false,
        };
        (is_measured && !is_of_other && !is_doubtful).then_some(one)
    }

    /// Whether the sentence states a size: what it compares may be that.
    fn states_size(&self) -> bool {
        let all = find_quantities(self.sentence.text, &self.vocabulary.words);
        all.iter().any(|one| matches!(one.value, StatedValue::Bytes(..)))
    }

    /// The only subject of durations that was measured under more than one runtime.
    fn only_measure(&self) -> Option<&ValueSubject> {
        let index = self.index;
        let is_shared = |id: &String| {
            let all = index.facts_everywhere(id);
            all.iter().filter(|one| index.known_figures(one).median.is_some()).count() > 1
        };
        let mut shared = index.subject.run.facts.keys().filter(|id| is_shared(id));
        let (only, rest) = (shared.next()?, shared.next());
        let mut subjects = self.vocabulary.subjects.subject.iter();
        subjects.find(|one| {
            one.kind == SubjectKind::Seconds && one.facts.contains(only) && rest.is_none()
        })
    }

    /// Whether a share is one of the counts that its sentence names, and not of a part of them.
    fn compares_counts(&self, subject: &ValueSubject) -> bool {
        let (_, own) = self.place_and_words();
        let rest = self.sentence.labelled_text().replace(own, "");
        let is_doubtful = subject.doubt.as_ref().is_some_and(|doubt| doubt.is_match(&rest));
        !is_doubtful && self.vocabulary.words.comparison.counts.is_match(self.sentence.text)
    }

    /// The two targets that are compared: those that the sentence names. One that names a single
    /// runtime compares it with the baseline, and one that names none the only two that there are.
    fn compared_targets(&self) -> Option<(String, String)> {
        let index = self.index;
        let labelled = self.sentence.labelled_text();
        let mentions = index.resolver.find_mentions(&labelled);
        let mut named: Vec<Option<String>> =
            mentions.into_iter().map(|mention| mention.target).collect();
        named.sort();
        named.dedup();
        let mut named = named.into_iter().collect::<Option<Vec<String>>>()?;
        let baseline = index.target_with_role(Role::Baseline)?.to_string();
        let only = index.sole_candidate();
        match named.len() {
            2 => {
                let other = named.pop()?;
                Some((named.pop()?, other))
            }
            // “In a VM the difference is 2 s” may be of any.
            1 if self.is_difference() && !labelled.to_lowercase().contains(named[0].as_str()) => {
                None
            }
            1 if index.role_of(&named[0]) == Some(Role::Candidate) => {
                Some((baseline, named.pop()?))
            }
            0 => Some((baseline, only?.to_string())),
            1 if named[0] == baseline => Some((baseline, only?.to_string())),
            _ => None,
        }
    }

    /// The subject of a pair.
    fn told_subject(&self, told: &ToldPair) -> Option<&ValueSubject> {
        self.vocabulary.subjects.subject.iter().find(|one| one.facts.contains(&told.fact))
    }

    /// Whether a share is one of what a pair counts or of one of its targets.
    fn is_share_of(&self, told: &ToldPair) -> bool {
        let after = &self.sentence.text[self.quantity.range.end..];
        let after = after.split([',', ';', '.', '(']).next().unwrap_or_default();
        let nouns = self.told_subject(told).and_then(|subject| subject.after.as_ref());
        self.vocabulary.words.comparison.share.is_match(after)
            && (nouns.is_some_and(|nouns| nouns.is_match(after))
                || !self.index.resolver.find_mentions(after).is_empty())
    }

    /// A ratio of the two values that stand right before it, where a sentence about their targets
    /// compares nothing else and no two captured values have it.
    fn check_told_ratio(&self, told: &ToldPair) -> Option<ClaimRemark> {
        let text = self.sentence.text;
        let subject = self.told_subject(told)?;
        let mentions = self.index.resolver.find_mentions(text);
        let is_about_them = !mentions.is_empty()
            && mentions
                .iter()
                .all(|mention| told.targets.iter().any(|one| mention.target.as_ref() == Some(one)));
        let (_, special) = self.vocabulary.subjects.area.split_last()?;
        let is_of_cost = special.iter().any(|area| {
            area.words.is_match(text)
                && !area.facts.iter().any(|id| told.fact.starts_with(id.as_str()))
        });
        let is_of_other = self.vocabulary.subjects.subject.iter().any(|one| {
            one.kind == subject.kind && !one.facts.contains(&told.fact) && one.words.is_match(text)
        });
        let is_ratio =
            matches!(self.quantity.value, StatedValue::Times(_) | StatedValue::Percent(_));
        if !is_ratio
            || !is_about_them
            || is_of_cost
            || is_of_other
            || self.vocabulary.words.comparison.work.is_match(text)
            || self.is_captured_ratio(&told.fact)
        {
            return None;
        }
        let [one, other] = &told.targets;
        let pairs = list_pairs(self.index, subject, one, other, &StatedFigures::new(&[]));
        let decided: Option<Vec<ClaimRemark>> =
            pairs.iter().map(|pair| self.decide_pair(pair)).collect();
        decided?.into_iter().next().filter(|one| one.status == ClaimStatus::Contradicted)
    }

    /// Whether any two captured values of a fact have the ratio.
    fn is_captured_ratio(&self, fact: &str) -> bool {
        let mut known = Vec::new();
        for one in self.index.facts_everywhere(fact) {
            let figures = self.index.known_figures(&one);
            known.extend(known_number(&one).filter(|_| figures.all.is_empty()));
            known.extend(figures.all.iter().take(MAX_FIGURES).map(|figure| figure.value));
        }
        known.retain(|value| *value > 0.0);
        known.iter().enumerate().any(|(at, one)| {
            known[at + 1..].iter().any(|other| is_ratio_of(self.quantity, *one, *other))
        })
    }

    /// How many times one figure of a series is said to be another of the same: “the maximum is
    /// five times the average”.
    fn check_ratio_of_figures(&self) -> Option<ClaimRemark> {
        let StatedValue::Times(stated) = self.quantity.value else { return None };
        let (text, figures) = (self.sentence.text, &self.vocabulary.words.figures);
        let after = &text[self.quantity.range.end..];
        let words = after.split_inclusive(' ').take(4).map(str::len).sum();
        let before = &text[..self.quantity.from];
        let named = [("mean", &figures.mean), ("median", &figures.median)];
        let (base, _) = named.into_iter().find(|one| one.1.is_match(&after[..words]))?;
        // The maximum is the last figure that is named before the ratio.
        let last = figures.max.find_iter(before).last()?.end();
        let is_last = [&figures.min, &figures.mean, &figures.median]
            .into_iter()
            .all(|words| words.find_iter(before).all(|one| one.end() < last));
        let labelled = self.sentence.labelled_text();
        let mut series: Vec<FactRef> = Vec::new();
        for subject in &self.vocabulary.subjects.subject {
            let mut above = self.sentence.topics.iter().take(3);
            let is_named = subject.words.is_match(&labelled)
                || above.any(|topic| subject.words.is_match(topic));
            if subject.kind == SubjectKind::Seconds && is_named {
                series.extend(subject.facts.iter().flat_map(|id| self.index.facts_everywhere(id)));
            }
        }
        let is_of_one = series.iter().all(|one| one.target == series[0].target);
        let mut pairs: Vec<FigurePair> = Vec::new();
        for one in &series {
            let known = self.index.known_figures(one);
            let [max, base] =
                ["max", base].map(|name| known.all.iter().find(|figure| figure.name == name));
            if let (Some(max), Some(base)) = (max, base) {
                let facts = vec![(one.id.to_string(), one.target.to_string())];
                pairs.extend(FigurePair::new(max.value, base.value, true, facts));
            }
        }
        let pair = pairs.first().filter(|_| is_last && is_of_one)?;
        let is_plain = self.sentence.is_plain_at(self.quantity.range.end);
        let is_right = pairs
            .iter()
            .any(|pair| ratio_agrees(self.quantity, stated, pair.larger / pair.smaller));
        (is_plain && !is_right).then(|| {
            let (place, words) = self.place_and_words();
            pair.contradicted_by_facts(words, place)
        })
    }

    /// How many fewer of something one target is said to have: “146 fewer modules”, “168 modules
    /// fewer than the host”.
    fn check_count_difference(&self) -> Option<ClaimRemark> {
        let StatedValue::Number(stated, _) = self.quantity.value else { return None };
        let after = &self.sentence.text[self.quantity.range.end..];
        let words: usize = after.split_inclusive(' ').take(4).map(str::len).sum();
        let after = after[..words].split([',', ';', '.', '(']).next().unwrap_or_default();
        let words = &self.vocabulary.words.comparison;
        // “168 modules fewer”
        let behind = after.trim_start().split_once(' ').map_or("", |(_, rest)| rest);
        let is_less = words.less.is_match(after) || words.less.is_match(behind);
        let counts = self.vocabulary.subjects.subject.iter();
        let mut named =
            counts.filter(|one| one.kind == SubjectKind::Count && one.words.is_match(after));
        let subject = named.next().filter(|_| named.next().is_none() && is_less)?;
        let labelled = self.sentence.labelled_text();
        let is_doubtful = subject.doubt.as_ref().is_some_and(|doubt| doubt.is_match(&labelled));
        let is_sure = self.sentence.is_plain_at(self.quantity.range.end)
            && self.quantity.hedge == ValueHedge::Exact
            && stated >= 10.0
            && !is_doubtful;
        let ids = subject.facts.iter().filter(|id| self.index.facts_everywhere(id).len() > 1);
        let known: Vec<FactRef> = ids.flat_map(|id| self.index.facts_everywhere(id)).collect();
        let is_captured = known.iter().any(|one| {
            let own = known_number(one);
            known
                .iter()
                .filter_map(known_number)
                .any(|other| own.is_some_and(|own| ((own - other).abs() - stated).abs() <= 1.0))
        });
        let of_role = |role| known.iter().find(|one| self.index.role_of(one.target) == Some(role));
        let (host, candidate) = (of_role(Role::Host)?, of_role(Role::Candidate)?);
        let is_pair = self.index.sole_candidate() == Some(candidate.target);
        let facts = [host, candidate].map(|one| (one.id.to_string(), one.target.to_string()));
        let pair =
            FigurePair::new(known_number(host)?, known_number(candidate)?, false, facts.into())?;
        (is_sure && is_pair && !is_captured).then(|| {
            let (place, words) = self.place_and_words();
            pair.contradicted_by_facts(words, place)
        })
    }

    /// Whether a ratio is that of two single samples, as exactly as it is stated.
    fn is_of_samples(&self, subject: &ValueSubject, targets: [&str; 2]) -> bool {
        let quantity = self.quantity;
        let is_difference = self.is_difference();
        subject.facts.iter().any(|id| {
            let facts = targets.map(|target| self.index.fact_on_target(id, target));
            let [Some(one), Some(other)] = facts.map(|one| Some(self.index.known_figures(&one?)))
            else {
                return false;
            };
            let ones = one.all.iter().take(MAX_FIGURES);
            let mut pairs =
                ones.flat_map(|one| other.all.iter().take(MAX_FIGURES).map(move |b| (one, b)));
            pairs.any(|(one, other)| {
                let (one, other) = (one.value, other.value);
                if let (true, StatedValue::Seconds(stated)) = (is_difference, &quantity.value) {
                    return ((one - other).abs() - stated).abs() <= quantity.half * 1.1;
                }
                readings_of(quantity, one.max(other) / one.min(other)).is_some_and(
                    |(stated, readings)| {
                        let first = readings.first();
                        first.is_some_and(|truth| (stated - truth).abs() <= quantity.half * 1.1)
                    },
                )
            })
        })
    }

    /// What is said of the quantity where these are compared; nothing where it may mean something
    /// else.
    fn decide_pair(&self, pair: &FigurePair) -> Option<ClaimRemark> {
        let quantity = self.quantity;
        let (place, words) = self.place_and_words();
        let supported = || {
            (!pair.from_text)
                .then(|| pair.resting_remark(ClaimRemark::supported_claim(place.clone())))
        };
        if let StatedValue::Seconds(stated) = quantity.value {
            let truth = pair.larger - pair.smaller;
            // What was computed of rounded figures is off by their rounding.
            let is_near = (stated - truth).abs() <= (truth * 0.06).max(quantity.half * 2.0);
            return match quantity.agrees_with(stated, truth) || is_near {
                true => supported(),
                false => Some(pair.contradicted_by_facts(words, place)),
            };
        }
        let (stated, mut readings) = readings_of(quantity, pair.larger / pair.smaller)?;
        if let StatedValue::Percent(_) = quantity.value {
            let words = &self.vocabulary.words.comparison;
            let after = &self.sentence.text[quantity.range.end..];
            // “46 % of the host's” and “53 % fewer” are one thing each.
            if words.share.is_match(after) {
                readings.drain(..2);
            } else if words.more.is_match(after) {
                readings.truncate(1);
            } else if words.less.is_match(after)
                || words.drop.is_match(&self.sentence.text[..quantity.from])
            {
                readings = vec![readings[1]];
            }
        }
        let is_times = matches!(quantity.value, StatedValue::Times(_));
        if is_times && stated < 1.0 && self.tells_of_less() {
            return None; // “A fifth less” is four fifths of it.
        }
        let first = if is_times { 1 } else { readings.len() };
        if readings[..first].iter().any(|truth| ratio_agrees(quantity, stated, *truth)) {
            // What is near enough not to be wrong is not yet what was measured.
            let mut near = readings[..first].iter();
            return near
                .any(|truth| ratio_rests_on(quantity, stated, *truth))
                .then(supported)
                .flatten();
        }
        let is_other = readings.iter().any(|truth| ratio_agrees(quantity, stated, *truth));
        if is_other && !self.is_whole_ratio() {
            return None;
        }
        Some(pair.contradicted_by_facts(words, place))
    }

    /// Whether the figure is followed by words that take it away.
    fn tells_of_less(&self) -> bool {
        let after = &self.sentence.text[self.quantity.range.end..];
        self.vocabulary.words.comparison.less.is_match(after)
    }

    /// Whether a ratio can only be that of the two: “by a factor of 2”, “twice as long”, and not
    /// “two times slower”.
    fn is_whole_ratio(&self) -> bool {
        let words = |text: &str| text.to_lowercase();
        let before = words(&self.sentence.text[..self.quantity.from]);
        let mut before = before.split_whitespace().rev().take(3);
        let after = words(&self.sentence.text[self.quantity.range.end..]);
        let after = after.split_whitespace().next();
        let is_labelled = self.sentence.cell_labels().is_some_and(|(row, column)| {
            let computed = &self.vocabulary.words.comparison.computed;
            let slower = &self.vocabulary.words.difference;
            [row, column].iter().any(|label| computed.is_match(label) && !slower.is_match(label))
                && !slower.is_match(&self.sentence.text[self.quantity.range.end..])
        });
        matches!(self.quantity.value, StatedValue::Times(_))
            && (is_labelled
                || before.any(|word| ["factor", "faktor", "ratio"].contains(&word))
                || after.is_some_and(|word| ["as", "so"].contains(&word)))
    }
}

impl FigurePair {
    fn new(a: f64, b: f64, is_time: bool, facts: Vec<(String, String)>) -> Option<Self> {
        let (smaller, larger) = (a.min(b), a.max(b));
        let from_text = facts.is_empty();
        (smaller > 0.0).then_some(Self { smaller, larger, is_time, from_text, facts })
    }

    /// A remark that rests on the facts of the two.
    fn resting_remark(&self, remark: ClaimRemark) -> ClaimRemark {
        self.facts.iter().fold(remark, |remark, fact| remark.resting_on_fact(&fact.0, &fact.1))
    }

    /// That the evidence has another ratio of the two.
    fn contradicted_by_facts(&self, words: &str, place: std::ops::Range<usize>) -> ClaimRemark {
        self.resting_remark(self.wrong_ratio(words, place))
    }

    fn wrong_ratio(&self, words: &str, place: std::ops::Range<usize>) -> ClaimRemark {
        let figure = |value: f64| match self.is_time {
            true => crate::report::format_measured(value, SampleUnit::Seconds),
            false => format!("{}", crate::stats::round_significant(value, 4)),
        };
        let ratio = self.larger / self.smaller;
        let message = ClaimRatioWording {
            words,
            larger: &figure(self.larger),
            smaller: &figure(self.smaller),
            ratio: &format!("{ratio:.2}"),
            difference: &figure(crate::stats::round_significant(self.larger - self.smaller, 3)),
            percent: &format!("{:.0}", (ratio - 1.0) * 100.0),
            source: if self.from_text { "text" } else { "evidence" },
        };
        ClaimRemark::violates_rule(message, ClaimStatus::Contradicted, place)
    }
}

/// The pairs of figures of two targets that may be meant: the medians and means of what was
/// measured, the counts, or the figures that the report states.
fn list_pairs(
    index: &EvidenceIndex,
    subject: &ValueSubject,
    one: &str,
    other: &str,
    stated: &StatedFigures,
) -> Vec<FigurePair> {
    let mut pairs = Vec::new();
    for id in &subject.facts {
        let both = [one, other].map(|target| index.fact_on_target(id, target));
        let facts = vec![(id.clone(), one.to_string()), (id.clone(), other.to_string())];
        match both {
            [Some(a), Some(b)] if subject.kind == SubjectKind::Count => {
                let counts = known_number(&a).zip(known_number(&b));
                pairs.extend(counts.and_then(|(a, b)| FigurePair::new(a, b, false, facts)));
            }
            [Some(a), Some(b)] if a.bytes_per_second().is_some() => {
                let rates = a.bytes_per_second().zip(b.bytes_per_second());
                pairs.extend(rates.and_then(|(a, b)| FigurePair::new(a, b, false, facts)));
            }
            [Some(a), Some(b)] => {
                let (a, b) = (index.known_figures(&a), index.known_figures(&b));
                for both in [(a.median, b.median), (a.mean, b.mean)] {
                    let (Some(a), Some(b)) = both else { continue };
                    pairs.extend(FigurePair::new(a, b, true, facts.clone()));
                }
            }
            [None, None] => {}
            _ if pairs.is_empty() => return pairs,
            _ => {}
        }
    }
    let stated = |target: &str| stated.stated_figure(&subject.facts[0], target);
    if pairs.is_empty()
        && let (Some(one), Some(other)) = (stated(one), stated(other))
    {
        pairs.extend(FigurePair::new(one, other, true, Vec::new()));
    }
    pairs
}

/// A cell whose label says that it is computed of the other cells of its row or its column, and
/// which is nothing that can be computed of them: the mean of numbered runs, or the difference,
/// ratio or share of two targets.
fn check_computed_cell(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
) -> Option<ClaimRemark> {
    let PassageForm::Cell { row, column, line, heads, whole } = &sentence.passage.form else {
        return None;
    };
    let [quantity] = all else { return None };
    let words = &vocabulary.words;
    let is_mean =
        |label: &str| words.figures.mean.is_match(label) && label.split_whitespace().count() <= 3;
    let is_computed = |label: &str| {
        words.comparison.computed.is_match(label) && !words.comparison.unless.is_match(label)
    };
    let label = row.rsplit(':').next().unwrap_or_default();
    let by_row = || heads.split(" | ").zip(line.split(" | ").skip(1)).collect();
    let by_column = || whole.split(" | ").filter_map(|cell| cell.split_once(" = ")).collect();
    let (cells, is_of_runs): (Vec<(&str, &str)>, bool) =
        match [is_computed(column), is_computed(label), is_mean(column), is_mean(row)] {
            [true, false, ..] => (by_row(), false),
            [false, true, ..] => (by_column(), false),
            [.., true, false] => (by_row(), true),
            [.., false, true] => (by_column(), true),
            _ => return None,
        };
    let place = sentence.file_range(&(quantity.from..quantity.range.end));
    let stated_text = &sentence.text[quantity.range.clone()];
    let others: Vec<(&str, Vec<StatedQuantity>)> = cells
        .into_iter()
        .filter(|one| one.1.trim() != sentence.text.trim())
        .map(|(label, cell)| (label, find_quantities(cell, words)))
        .collect();
    let (stated, half) = number_of(quantity)?;
    if is_of_runs {
        let runs = others.iter().filter(|one| is_numbered_run(one.0));
        let runs = runs.map(|(_, found)| match &found[..] {
            [one] => number_of(one).filter(|one| one.0.fract() != 0.0),
            _ => None,
        });
        let runs = runs.collect::<Option<Vec<(f64, f64)>>>()?;
        let samples: Vec<f64> = runs.iter().map(|run| run.0).collect();
        let slack = half * 1.1 + runs.first().filter(|_| runs.len() > 1)?.1;
        let summary = stats::summarize_samples(&samples)?;
        let rest = stats::summarize_samples(&samples[1..])?;
        #[allow(clippy::cast_precision_loss, reason = "no row has 2^52 cells")]
        let n = samples.len() as f64;
        let without = |value: f64| (summary.mean * n - value) / (n - 1.0);
        let (low, high) = (without(summary.min), without(summary.max));
        let truths = [summary.mean, summary.median, rest.mean, low, high];
        let is_near = |truth: &f64| (stated - truth).abs() <= slack.max(truth * 0.005);
        let message = ClaimContradictsEvidence {
            stated: stated_text,
            found: &format!("{}", stats::round_significant(summary.mean, 4)),
            title: "mean of the runs in the table",
            target: if is_mean(column) { row } else { column },
            elsewhere: None,
        };
        let status = ClaimStatus::Contradicted;
        return (quantity.half > 0.0 && stated.fract() != 0.0 && !truths.iter().any(is_near))
            .then(|| ClaimRemark::violates_rule(message, status, place));
    }
    let mut numbers = Vec::new();
    let mut targets = Vec::new();
    let is_of_target =
        |label: &str| !is_computed(label) || index.resolver.single_target(label).is_some();
    for (label, found) in others.iter().filter(|one| is_of_target(one.0)) {
        let Some((number, half)) = found.first().and_then(number_of) else { continue };
        if number > 0.0 {
            let [one] = &found[..] else { return None };
            numbers.push((number, half, std::mem::discriminant(&one.value)));
            targets.extend(index.resolver.single_target(label));
        }
    }
    let ([(a, half_a, form), (b, half_b, other)], [one, another]) = (&numbers[..], &targets[..])
    else {
        return None;
    };
    let is_time = *form == std::mem::discriminant(&StatedValue::Seconds(0.0));
    let pair =
        FigurePair::new(*a, *b, is_time, Vec::new()).filter(|_| form == other && one != another)?;
    let (ratio, difference) = (pair.larger / pair.smaller, pair.larger - pair.smaller);
    let slack = half * 1.1 + half_a + half_b;
    let is_difference = [1.0, 1000.0, 0.001].iter().any(|unit| {
        (stated - difference * unit).abs() <= slack * unit.max(1.0) + difference * unit * 1e-6
    });
    let is_ratio = |stated: f64, half: f64| {
        let mut truths = [ratio, 1.0 / ratio].into_iter();
        truths.any(|truth| (stated - truth).abs() <= half * 1.1 + truth * 0.04)
    };
    let share = stated / 100.0;
    let is_share =
        [share, 1.0 + share, 1.0 - share].into_iter().any(|share| is_ratio(share, half / 100.0));
    // Where a cell beside it was copied wrongly it may be right all the same.
    let explains = |(a, b): (f64, f64)| {
        [a / b, b / a, (a - b).abs()].iter().any(|it| (stated - it).abs() <= half * 1.1)
    };
    let is_explained =
        || captured_pairs(index, [(one, *a), (another, *b)]).into_iter().any(explains);
    let is_right = match quantity.value {
        StatedValue::Number(..) => {
            is_ratio(stated, half) || is_difference || is_share || is_explained()
        }
        StatedValue::Seconds(_) => is_difference,
        StatedValue::Times(_) => {
            is_ratio(stated, half) || is_ratio(stated + 1.0, half) || is_explained()
        }
        StatedValue::Percent(_) => is_share,
        _ => true,
    };
    (!is_right).then(|| pair.wrong_ratio(stated_text, place))
}

/// The number of a cell, and half a unit of its last digit.
fn number_of(quantity: &StatedQuantity) -> Option<(f64, f64)> {
    match quantity.value {
        StatedValue::Number(number, second) => Some((second.unwrap_or(number), quantity.half)),
        StatedValue::Seconds(number)
        | StatedValue::Times(number)
        | StatedValue::Percent(number) => Some((number, quantity.half)),
        _ => None,
    }
}

/// Whether a label is the number of a run: “run 2”, “#3”.
fn is_numbered_run(label: &str) -> bool {
    let rest = label.trim().trim_start_matches(|c: char| !c.is_ascii_digit());
    rest.len() <= 2 && rest.parse::<u32>().is_ok() && label.split_whitespace().count() <= 2
}

/// The captured numbers of the facts of two targets one of which is as stated.
fn captured_pairs(index: &EvidenceIndex, stated: [(&String, f64); 2]) -> Vec<(f64, f64)> {
    let mut pairs = Vec::new();
    for id in index.subject.run.facts.keys() {
        let known = stated
            .map(|(target, _)| index.fact_on_target(id, target).and_then(|it| known_number(&it)));
        if let [Some(one), Some(other)] = known
            && one > 0.0
            && other > 0.0
            && (one == stated[0].1 || other == stated[1].1)
        {
            pairs.push((one, other));
        }
    }
    pairs
}
