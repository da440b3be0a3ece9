//! Ratios: “almost twice”, 5x, 64 % slower.

use std::collections::BTreeMap;

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::durations::StatedFigure;
use super::evidence_index::EvidenceIndex;
use super::quantity::{StatedQuantity, StatedValue, ValueHedge};
use super::sentence::{ReportSentence, SentenceMood};
use super::words::{SentenceWords, SubjectWords};
use crate::model::{Role, SampleUnit};

/// Two figures that a ratio compares.
struct FigurePair {
    smaller: f64,
    larger: f64,
    unit: Option<SampleUnit>,
    /// The significant digits of the less exact one.
    digits: usize,
    from_text: bool,
    facts: Vec<(String, String)>,
}

/// The figures that a report states: by what they are about and their target the seconds and the
/// significant digits, or none where several differ, so that it is not clear which are compared.
pub(super) struct StatedFigures(BTreeMap<(usize, String), Option<(f64, usize)>>);

impl StatedFigures {
    /// The figures of a report, in its order.
    pub(super) fn new(stated: &[StatedFigure]) -> Self {
        let mut figures = BTreeMap::new();
        for one in stated {
            let known = figures
                .entry((one.subject, one.target.clone()))
                .or_insert(Some((one.seconds, one.digits)));
            *known = known.filter(|(seconds, _)| (one.seconds - seconds).abs() < 1e-9);
        }
        Self(figures)
    }

    fn stated_figure(&self, subject: usize, target: &str) -> Option<(f64, usize)> {
        *self.0.get(&(subject, target.to_string()))?
    }
}

/// What the ratios of a sentence say. `stated` are the figures that the report itself states.
pub(super) fn check_ratios(
    index: &EvidenceIndex,
    words: &SentenceWords,
    subjects: &SubjectWords,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
    stated: &StatedFigures,
) -> Vec<ClaimRemark> {
    let mut out = Vec::new();
    for quantity in all {
        let is_ratio = matches!(quantity.value, StatedValue::Times(_) | StatedValue::Percent(_));
        if !is_ratio
            || sentence.mood != SentenceMood::Statement
            || is_vague(words, sentence, quantity)
        {
            continue;
        }
        let Some(subject) = ratio_subject(subjects, &sentence.labelled_text(), sentence) else {
            continue;
        };
        let Some((one, other)) = compared_targets(index, sentence) else { continue };
        match subject {
            RatioSubject::Duration(number, sure) => {
                let pairs = compare_durations(index, subjects, number, &one, &other, stated);
                if pairs.is_empty() && sure {
                    out.extend(missing_ratio(index, subjects, sentence, quantity, number, &other));
                }
                // One of the clocks that it may be about is enough.
                let decided: Vec<ClaimRemark> = pairs
                    .iter()
                    .filter_map(|pair| decide_ratio(sentence, quantity, pair))
                    .collect();
                let is_said = |remark: &ClaimRemark| remark.status != ClaimStatus::Contradicted;
                let is_open = decided.len() < pairs.len();
                match decided.iter().find(|remark| is_said(remark)).or(decided.first()) {
                    Some(remark) if is_said(remark) || !is_open => out.push(remark.clone()),
                    _ => {}
                }
            }
            RatioSubject::Count(number) => {
                let pair = compare_counts(index, subjects, number, &one, &other);
                out.extend(pair.and_then(|pair| decide_ratio(sentence, quantity, &pair)));
            }
        }
    }
    out
}

fn is_vague(words: &SentenceWords, sentence: &ReportSentence, quantity: &StatedQuantity) -> bool {
    let before = &sentence.text[..quantity.range.start];
    words.denial.is_match(before)
        || words.usual.is_match(before)
        || !words.comparison.words.is_match(&sentence.labelled_text())
        || words.comparison.unless.is_match(&sentence.labelled_text())
        || words.comparison.interval.is_match(&sentence.text[quantity.range.end..])
}

enum RatioSubject {
    Duration(usize, bool),
    Count(usize),
}

fn ratio_subject(
    subjects: &SubjectWords,
    text: &str,
    sentence: &ReportSentence,
) -> Option<RatioSubject> {
    let named = |text: &str| -> Vec<RatioSubject> {
        let durations = subjects.duration.iter().enumerate();
        let durations = durations
            .filter(|(_, kind)| kind.words.is_match(text) && !kind.unless.is_match(text))
            .map(|(number, _)| RatioSubject::Duration(number, true));
        let counts = subjects.count.iter().enumerate();
        let counts = counts
            .filter(|(_, kind)| kind.words.is_match(text))
            .map(|(number, _)| RatioSubject::Count(number));
        durations.chain(counts).collect()
    };
    let mut found = named(text);
    if found.len() == 1 {
        return found.pop();
    }
    // A sentence that speaks of another cost is not about what stands above it.
    let other = subjects.area.iter().skip(1).take(4).any(|area| area.words.is_match(text));
    if !found.is_empty() || other {
        return None;
    }
    let mut above =
        sentence.topics.iter().take(3).map(|topic| named(topic)).find(|found| !found.is_empty())?;
    match (above.pop()?, above.is_empty()) {
        (RatioSubject::Duration(number, _), true) => Some(RatioSubject::Duration(number, false)),
        (count, true) => Some(count),
        _ => None,
    }
}

/// The two targets that are compared: those that the sentence names, or baseline and candidate.
fn compared_targets(index: &EvidenceIndex, sentence: &ReportSentence) -> Option<(String, String)> {
    let mut named: Vec<Option<String>> = index
        .resolver
        .find_mentions(sentence.text)
        .into_iter()
        .map(|mention| mention.target)
        .collect();
    named.sort();
    named.dedup();
    if named.contains(&None) {
        return None;
    }
    let mut named: Vec<String> = named.into_iter().flatten().collect();
    let baseline = index.target_with_role(Role::Baseline)?.to_string();
    let candidate = index.target_with_role(Role::Candidate)?.to_string();
    match named.len() {
        2 => {
            let other = named.pop()?;
            Some((named.pop()?, other))
        }
        1 if named[0] == baseline || named[0] == candidate => Some((baseline, candidate)),
        0 => Some((baseline, candidate)),
        _ => None,
    }
}

fn compare_durations(
    index: &EvidenceIndex,
    subjects: &SubjectWords,
    number: usize,
    one: &str,
    other: &str,
    stated: &StatedFigures,
) -> Vec<FigurePair> {
    let mut pairs = Vec::new();
    for id in &subjects.duration[number].facts {
        let median = |target: &str| index.known_figures(&index.fact_on_target(id, target)?).median;
        if let (Some(a), Some(b)) = (median(one), median(other)) {
            let facts = vec![(id.clone(), one.to_string()), (id.clone(), other.to_string())];
            pairs.extend(figure_pair(a, b, Some(SampleUnit::Seconds), false, facts));
        } else if pairs.is_empty()
            && [one, other].iter().any(|target| index.fact_on_target(id, target).is_some())
        {
            return pairs;
        }
    }
    if pairs.is_empty()
        && let (Some(one), Some(other)) =
            (stated.stated_figure(number, one), stated.stated_figure(number, other))
    {
        pairs.extend(figure_pair(one, other, Some(SampleUnit::Seconds), true, Vec::new()));
    }
    pairs
}

fn compare_counts(
    index: &EvidenceIndex,
    subjects: &SubjectWords,
    number: usize,
    one: &str,
    other: &str,
) -> Option<FigurePair> {
    let id = subjects.count[number].facts.first()?;
    let baseline = index.target_with_role(Role::Baseline);
    // Where nothing was captured under the baseline, the host is what is compared.
    let stand_in = |target: &str| match index.fact_on_target(id, target) {
        None if Some(target) == baseline => {
            index.target_with_role(Role::Host).unwrap_or(target).to_string()
        }
        _ => target.to_string(),
    };
    let (one, other) = (stand_in(one), stand_in(other));
    let a = index.fact_on_target(id, &one)?.item_count()?;
    let b = index.fact_on_target(id, &other)?.item_count()?;
    figure_pair((a, 4), (b, 4), None, false, vec![(id.clone(), one), (id.clone(), other)])
}

fn figure_pair(
    a: (f64, usize),
    b: (f64, usize),
    unit: Option<SampleUnit>,
    from_text: bool,
    facts: Vec<(String, String)>,
) -> Option<FigurePair> {
    let (smaller, larger) = if a.0 <= b.0 { (a.0, b.0) } else { (b.0, a.0) };
    (smaller > 0.0).then(|| FigurePair {
        smaller,
        larger,
        unit,
        digits: a.1.min(b.1),
        from_text,
        facts,
    })
}

fn decide_ratio(
    sentence: &ReportSentence,
    quantity: &StatedQuantity,
    pair: &FigurePair,
) -> Option<ClaimRemark> {
    let ratio = pair.larger / pair.smaller;
    let place = sentence.file_range(&hedged_phrase(quantity));
    let words = &sentence.text[hedged_phrase(quantity)];
    let readings = match quantity.value {
        // “0.9 times as long” is said of the smaller one.
        StatedValue::Times(times) if times < 1.0 => vec![1.0 / ratio, ratio - 1.0],
        StatedValue::Times(_) => vec![ratio, ratio - 1.0],
        // “64 % slower”, “39 % faster”, “takes 164 %”, “61 % of”.
        StatedValue::Percent(_) => {
            vec![(ratio - 1.0) * 100.0, (1.0 - 1.0 / ratio) * 100.0, ratio * 100.0, 100.0 / ratio]
        }
        _ => return None,
    };
    let (StatedValue::Times(stated) | StatedValue::Percent(stated)) = quantity.value else {
        return None;
    };
    let first = if matches!(quantity.value, StatedValue::Times(_)) { 1 } else { readings.len() };
    let fits = readings[..first].iter().any(|truth| ratio_agrees(quantity, stated, *truth));
    let with_facts = |result: ClaimRemark| {
        pair.facts.iter().fold(result, |result, fact| result.resting_on_fact(&fact.0, &fact.1))
    };
    if fits {
        let excess = quantity.digits > pair.digits && quantity.digits > 3;
        if excess {
            return Some(with_facts(
                ClaimRemark::violates_rule("claim-excess-digits", ClaimStatus::Misworded, place)
                    .with_parameter("words", words)
                    .with_parameter("digits", quantity.digits)
                    .with_parameter("supported", pair.digits),
            ));
        }
        return (!pair.from_text).then(|| with_facts(ClaimRemark::supported_claim(place)));
    }
    if readings.iter().any(|truth| ratio_agrees(quantity, stated, *truth)) {
        return None;
    }
    let figure = |value: f64| match pair.unit {
        Some(unit) => crate::report::format_measured(value, unit),
        None => format!("{value}"),
    };
    Some(with_facts(
        ClaimRemark::violates_rule("claim-ratio-wording", ClaimStatus::Contradicted, place)
            .with_parameter("words", words)
            .with_parameter("larger", figure(pair.larger))
            .with_parameter("smaller", figure(pair.smaller))
            .with_parameter("ratio", format!("{:.2}", ratio))
            .with_parameter(
                "difference",
                figure(crate::stats::round_significant(pair.larger - pair.smaller, 3)),
            )
            .with_parameter("percent", format!("{:.0}", (ratio - 1.0) * 100.0))
            .with_parameter("source", if pair.from_text { "text" } else { "evidence" }),
    ))
}

fn ratio_agrees(quantity: &StatedQuantity, stated: f64, truth: f64) -> bool {
    let share =
        |share: f64| (stated - truth).abs() <= (stated.abs() * share).max(quantity.half * 1.1);
    match quantity.hedge {
        ValueHedge::Exact => share(0.12),
        ValueHedge::About => share(0.2),
        ValueHedge::Almost => truth >= stated * 0.85 && truth <= stated * 1.03,
        ValueHedge::Over => truth >= stated * 0.97,
        ValueHedge::Under => truth <= stated * 1.03,
    }
}

/// The quantity with the words that hedge it.
fn hedged_phrase(quantity: &StatedQuantity) -> std::ops::Range<usize> {
    quantity.from..quantity.range.end
}

fn missing_ratio(
    index: &EvidenceIndex,
    subjects: &SubjectWords,
    sentence: &ReportSentence,
    quantity: &StatedQuantity,
    number: usize,
    candidate: &str,
) -> Option<ClaimRemark> {
    let id = &subjects.duration[number].facts[0];
    let baseline = index.target_with_role(Role::Baseline)?;
    let lacking = [baseline, candidate]
        .into_iter()
        .find(|target| index.fact_on_target(id, target).is_none())?;
    let all_lack = subjects.duration[number]
        .facts
        .iter()
        .all(|id| index.fact_on_target(id, lacking).is_none());
    let range = hedged_phrase(quantity);
    let text = &sentence.text[range.clone()];
    all_lack.then(|| {
        ClaimRemark::without_evidence(index, sentence.file_range(&range), text, id, lacking)
    })
}
