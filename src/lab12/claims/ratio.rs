//! Ratios: “almost twice”, 5x, 64 % slower.

use std::collections::BTreeMap;

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::evidence_index::EvidenceIndex;
use super::figures::StatedFigure;
use super::matching::MAX_FIGURES;
use super::messages::ClaimRatioWording;
use super::quantity::{StatedQuantity, StatedValue, ratio_agrees, readings_of};
use super::sentence::ReportSentence;
use super::words::{ClaimVocabulary, CostArea, SentenceWords, SubjectKind, ValueSubject};
use crate::model::{Role, SampleUnit};

/// Two figures that a ratio compares.
struct FigurePair {
    smaller: f64,
    larger: f64,
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

/// What the ratios of a sentence say. `stated` are the figures that the report itself states.
pub(super) fn check_ratios(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
    stated: &StatedFigures,
) -> Vec<ClaimRemark> {
    let mut out = Vec::new();
    for quantity in all {
        let is_ratio = matches!(quantity.value, StatedValue::Times(_) | StatedValue::Percent(_));
        let is_plain = sentence.is_plain_at(quantity.range.end);
        if !is_ratio
            || !is_plain
            || sentence.is_quoted_at(quantity.from)
            || is_vague(&vocabulary.words, sentence, quantity)
            || is_of_one_series(index, &vocabulary.words, sentence)
        {
            continue;
        }
        let subjects = (&vocabulary.subjects.subject[..], &vocabulary.subjects.area[..]);
        let Some((one, other)) = compared_targets(index, sentence) else { continue };
        let Some(subject) = timed_subject(subjects, sentence) else { continue };
        if let Some(target) = [&one, &other].into_iter().find(|one| index.never_ran(one)) {
            let range = quantity.from..quantity.range.end;
            let (place, words) = (sentence.file_range(&range), &sentence.text[range]);
            let id = &subject.facts[0];
            out.push(ClaimRemark::without_evidence(index, place, words, id, target));
            continue;
        }
        let pairs = compare_durations(index, subject, &one, &other, stated);
        // One of the clocks that it may be about is enough.
        let decided: Vec<ClaimRemark> =
            pairs.iter().filter_map(|pair| decide_ratio(sentence, quantity, pair)).collect();
        let is_said = |remark: &ClaimRemark| remark.status != ClaimStatus::Contradicted;
        let is_open = decided.len() < pairs.len();
        let is_open = is_open || is_of_samples(index, subject, [&one, &other], quantity);
        match decided.iter().find(|remark| is_said(remark)).or(decided.first()) {
            Some(remark) if is_said(remark) || !is_open => out.push(remark.clone()),
            _ => {}
        }
    }
    out
}

/// “The slowest took 9 times as long as the fastest”: how far the samples of one series lie apart.
fn is_of_one_series(
    index: &EvidenceIndex,
    words: &SentenceWords,
    sentence: &ReportSentence,
) -> bool {
    words.figures.min.is_match(sentence.text)
        && words.figures.max.is_match(sentence.text)
        && index.resolver.find_mentions(sentence.text).len() < 2
}

/// Whether a ratio is that of two single samples, as exactly as it is stated.
fn is_of_samples(
    index: &EvidenceIndex,
    subject: &ValueSubject,
    targets: [&str; 2],
    quantity: &StatedQuantity,
) -> bool {
    subject.facts.iter().any(|id| {
        let facts = targets.map(|target| index.fact_on_target(id, target));
        let [Some(one), Some(other)] = facts.map(|one| Some(index.known_figures(&one?))) else {
            return false;
        };
        let ones = one.all.iter().take(MAX_FIGURES);
        let mut pairs =
            ones.flat_map(|one| other.all.iter().take(MAX_FIGURES).map(move |b| (one, b)));
        pairs.any(|(one, other)| {
            let ratio = one.value.max(other.value) / one.value.min(other.value);
            readings_of(quantity, ratio).is_some_and(|(stated, readings)| {
                readings.first().is_some_and(|truth| (stated - truth).abs() <= quantity.half * 1.1)
            })
        })
    })
}

fn is_vague(words: &SentenceWords, sentence: &ReportSentence, quantity: &StatedQuantity) -> bool {
    let before = &sentence.text[..quantity.range.start];
    words.denial.is_match(before)
        || !words.comparison.words.is_match(&sentence.labelled_text())
        || words.comparison.unless.is_match(&sentence.labelled_text())
        || words.comparison.interval.is_match(&sentence.text[quantity.range.end..])
}

/// What a ratio compares: the only thing that is timed and that its sentence, its row and its column
/// name, or the label above it; no other subject or cost is named.
fn timed_subject<'a>(
    (subjects, cost_areas): (&'a [ValueSubject], &[CostArea]),
    sentence: &ReportSentence,
) -> Option<&'a ValueSubject> {
    let named_in = |text: &str| -> Vec<&ValueSubject> {
        let named = subjects.iter().filter(|subject| subject.words.is_match(text));
        let is_name = |kind| matches!(kind, SubjectKind::Version | SubjectKind::Address);
        named.filter(|subject| !is_name(subject.kind)).collect()
    };
    let text = sentence.labelled_text();
    let mut named = named_in(&text);
    // “Kata is slower by a factor of 3” below “Start-up”
    if named.is_empty() && cost_areas.iter().all(|area| !area.words.is_match(&text)) {
        let above = sentence.topics.iter().map(|topic| named_in(topic));
        named = above.into_iter().find(|named| !named.is_empty()).unwrap_or_default();
    }
    let [one] = named[..] else { return None };
    let text = text.to_lowercase().replace("slower", "").replace("overhead", "");
    let is_of_other = one.unless.as_ref().is_some_and(|unless| unless.is_match(&text));
    (one.kind == SubjectKind::Seconds && !is_of_other).then_some(one)
}

/// The two targets that are compared: those that the sentence names. One that names a single
/// runtime compares it with the baseline, and one that names none the only two that there are.
fn compared_targets(index: &EvidenceIndex, sentence: &ReportSentence) -> Option<(String, String)> {
    let labelled = sentence.labelled_text();
    let mut named: Vec<Option<String>> =
        index.resolver.find_mentions(&labelled).into_iter().map(|mention| mention.target).collect();
    named.sort();
    named.dedup();
    let mut named = named.into_iter().collect::<Option<Vec<String>>>()?;
    let baseline = index.target_with_role(Role::Baseline)?.to_string();
    let mut candidates = index.subject.run.with_role(Role::Candidate);
    let only = candidates.next().filter(|_| candidates.next().is_none());
    match named.len() {
        2 => {
            let other = named.pop()?;
            Some((named.pop()?, other))
        }
        1 if index.role_of(&named[0]) == Some(Role::Candidate) => Some((baseline, named.pop()?)),
        0 => Some((baseline, only?.name.clone())),
        1 if named[0] == baseline => Some((baseline, only?.name.clone())),
        _ => None,
    }
}

fn compare_durations(
    index: &EvidenceIndex,
    subject: &ValueSubject,
    one: &str,
    other: &str,
    stated: &StatedFigures,
) -> Vec<FigurePair> {
    let mut pairs = Vec::new();
    for id in &subject.facts {
        let known = |target: &str| Some(index.known_figures(&index.fact_on_target(id, target)?));
        if let (Some(a), Some(b)) = (known(one), known(other)) {
            let facts = vec![(id.clone(), one.to_string()), (id.clone(), other.to_string())];
            for (a, b) in [(a.median, b.median), (a.mean, b.mean)] {
                let (Some(a), Some(b)) = (a, b) else { continue };
                pairs.extend(figure_pair(a, b, false, facts.clone()));
            }
        } else if pairs.is_empty()
            && [one, other].iter().any(|target| index.fact_on_target(id, target).is_some())
        {
            return pairs;
        }
    }
    if pairs.is_empty()
        && let (Some(one), Some(other)) = (
            stated.stated_figure(&subject.facts[0], one),
            stated.stated_figure(&subject.facts[0], other),
        )
    {
        pairs.extend(figure_pair(one, other, true, Vec::new()));
    }
    pairs
}

fn figure_pair(
    a: f64,
    b: f64,
    from_text: bool,
    facts: Vec<(String, String)>,
) -> Option<FigurePair> {
    let (smaller, larger) = (a.min(b), a.max(b));
    (smaller > 0.0).then_some(FigurePair { smaller, larger, from_text, facts })
}

fn decide_ratio(
    sentence: &ReportSentence,
    quantity: &StatedQuantity,
    pair: &FigurePair,
) -> Option<ClaimRemark> {
    let ratio = pair.larger / pair.smaller;
    let place = sentence.file_range(&hedged_phrase(quantity));
    let words = &sentence.text[hedged_phrase(quantity)];
    let (stated, readings) = readings_of(quantity, ratio)?;
    let first = if matches!(quantity.value, StatedValue::Times(_)) { 1 } else { readings.len() };
    let fits = readings[..first].iter().any(|truth| ratio_agrees(quantity, stated, *truth));
    let with_facts = |result: ClaimRemark| {
        pair.facts.iter().fold(result, |result, fact| result.resting_on_fact(&fact.0, &fact.1))
    };
    if fits {
        return (!pair.from_text).then(|| with_facts(ClaimRemark::supported_claim(place)));
    }
    let is_other = readings.iter().any(|truth| ratio_agrees(quantity, stated, *truth));
    if is_other && !is_whole_ratio(sentence, quantity) {
        return None;
    }
    let figure = |value: f64| crate::report::format_measured(value, SampleUnit::Seconds);
    let message = ClaimRatioWording {
        words,
        larger: &figure(pair.larger),
        smaller: &figure(pair.smaller),
        ratio: &format!("{ratio:.2}"),
        difference: &figure(crate::stats::round_significant(pair.larger - pair.smaller, 3)),
        percent: &format!("{:.0}", (ratio - 1.0) * 100.0),
        source: if pair.from_text { "text" } else { "evidence" },
    };
    Some(with_facts(ClaimRemark::violates_rule(message, ClaimStatus::Contradicted, place)))
}

/// Whether a ratio can only be that of the two: “by a factor of 2”, “twice as long”, and not “two
/// times slower”.
fn is_whole_ratio(sentence: &ReportSentence, quantity: &StatedQuantity) -> bool {
    let words = |text: &str| text.to_lowercase();
    let before = words(&sentence.text[..quantity.from]);
    let mut before = before.split_whitespace().rev().take(3);
    let after = words(&sentence.text[quantity.range.end..]);
    let after = after.split_whitespace().next();
    matches!(quantity.value, StatedValue::Times(_))
        && (before.any(|word| ["factor", "faktor", "ratio"].contains(&word))
            || after.is_some_and(|word| ["as", "so"].contains(&word)))
}

/// The quantity with the words that hedge it.
fn hedged_phrase(quantity: &StatedQuantity) -> std::ops::Range<usize> {
    quantity.from..quantity.range.end
}
