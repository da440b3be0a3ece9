//! Ratios: “almost twice”, 5x, 64 % slower.

use std::collections::BTreeMap;

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::evidence_index::{EvidenceIndex, FactRef};
use super::messages::ClaimRatioWording;
use super::quantity::{StatedQuantity, StatedValue, is_part_of_whole, ratio_agrees, readings_of};
use super::sentence::ReportSentence;
use super::values::StatedFigure;
use super::words::{
    ClaimVocabulary, CostArea, RatioWords, SentenceWords, SubjectKind, ValueSubject,
};
use crate::model::{Role, SampleUnit};

/// Two figures that a ratio compares.
struct FigurePair {
    smaller: f64,
    larger: f64,
    unit: Option<SampleUnit>,
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

    /// Whether a duration is the difference of two that the report states.
    pub(super) fn has_difference(&self, quantity: &StatedQuantity) -> bool {
        let StatedValue::Seconds(seconds) = quantity.value else { return false };
        let figures: Vec<f64> = self.0.values().flatten().copied().collect();
        figures.iter().any(|one| {
            let is_between = |other: &f64| quantity.agrees_with(seconds, (one - other).abs());
            figures.iter().any(is_between)
        })
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
            || is_vague(&vocabulary.words, sentence, quantity)
            || is_of_one_series(index, &vocabulary.words, sentence)
        {
            continue;
        }
        let subjects = (&vocabulary.subjects.subject[..], &vocabulary.subjects.area[..]);
        let Some((one, other)) = compared_targets(index, sentence) else { continue };
        let Some(subject) =
            ratio_subject(subjects, &vocabulary.words.comparison, sentence, quantity)
        else {
            let pair = own_durations(index, vocabulary, sentence, all, (&one, &other));
            out.extend(pair.and_then(|pair| decide_ratio(sentence, quantity, &pair)));
            continue;
        };
        if !is_part_of_compared(index, subject, sentence, quantity) {
            continue;
        }
        if subject.kind == SubjectKind::Seconds
            && let Some(target) = [&one, &other].into_iter().find(|one| index.never_ran(one))
        {
            let range = hedged_phrase(quantity);
            let (place, words) = (sentence.file_range(&range), &sentence.text[range]);
            let id = &subject.facts[0];
            out.push(ClaimRemark::without_evidence(index, place, words, id, target));
            continue;
        }
        let pairs = match subject.kind {
            SubjectKind::Count => {
                compare_counts(index, subject, &one, &other).into_iter().collect()
            }
            _ => compare_durations(index, subject, &one, &other, stated),
        };
        // One of the clocks that it may be about is enough.
        let decided: Vec<ClaimRemark> =
            pairs.iter().filter_map(|pair| decide_ratio(sentence, quantity, pair)).collect();
        let is_said = |remark: &ClaimRemark| remark.status != ClaimStatus::Contradicted;
        let is_open = decided.len() < pairs.len();
        match decided.iter().find(|remark| is_said(remark)).or(decided.first()) {
            Some(remark) if is_said(remark) || !is_open => out.push(remark.clone()),
            _ => {}
        }
    }
    out
}

/// Whether what is said to be a part is one of what is compared: “a third of the host's”, and not
/// “a third of the points”.
fn is_part_of_compared(
    index: &EvidenceIndex,
    subject: &ValueSubject,
    sentence: &ReportSentence,
    quantity: &StatedQuantity,
) -> bool {
    let own = sentence.text[quantity.range.clone()].to_lowercase();
    let after = &sentence.text[quantity.range.end..];
    let next: Vec<&str> = after.split_whitespace().take(4).collect();
    let next = next.join(" ");
    let is_of = [" the", " der", " des", " davon", " de", " du", " that", " its", " what", " of"];
    !is_part_of_whole(&own)
        || !is_of.iter().any(|end| own.ends_with(end))
        || !index.resolver.find_mentions(&next).is_empty()
        || subject.after.as_ref().is_some_and(|nouns| nouns.is_match(&next))
        || own.ends_with(" that")
        || own.ends_with(" davon")
        || ["time", "zeit", "temps", "tiempo"].iter().any(|noun| next.to_lowercase().contains(noun))
}

/// “runc was slower to start than Kata”, “the guest has more modules”, where it is the other way
/// round.
pub(super) fn check_directions(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Vec<ClaimRemark> {
    let is_read = sentence.is_plain && sentence.cell_labels().is_none();
    let clauses = sentence.text.split_inclusive([',', ';', '(', ')', ':']).filter(|_| is_read);
    let clauses = clauses.flat_map(|part| part.split_inclusive(" but "));
    let mut start = 0;
    let placed = clauses.map(|clause| {
        start += clause.len();
        (start - clause.len(), clause)
    });
    placed
        .filter_map(|(start, clause)| check_direction(index, vocabulary, sentence, start, clause))
        .collect()
}

fn check_direction(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
    start: usize,
    clause: &str,
) -> Option<ClaimRemark> {
    let words = &vocabulary.words.direction;
    let kinds =
        [(&words.slow, true), (&words.fast, true), (&words.large, false), (&words.small, false)];
    let mut found = kinds.iter().enumerate().flat_map(|(kind, (pattern, is_speed))| {
        pattern.find_iter(clause).map(move |found| (kind, *is_speed, found))
    });
    let (kind, is_speed, found) = found.next().filter(|_| found.next().is_none())?;
    if words.unless.is_match(clause) {
        return None;
    }
    let (before, after) = (&clause[..found.start()], &clause[found.end()..]);
    let (rest, other) = match words.than.find(after) {
        Some(than) => (&after[..than.start()], Some(&after[than.end()..])),
        None => (after, None),
    };
    let resolver = &index.resolver;
    let own = match resolver.find_mentions(before).is_empty() {
        true => resolver.single_target(rest)?,
        false if resolver.find_mentions(rest).is_empty() => resolver.single_target(before)?,
        false => return None,
    };
    let baseline = index.target_with_role(Role::Baseline)?;
    let other = match other {
        Some(other) => resolver.single_target(other)?,
        None if own == baseline => index.sole_candidate()?.to_string(),
        None => baseline.to_string(),
    };
    let is_named = |subject: &&ValueSubject| {
        let text = clause.replace(found.as_str(), "");
        let is_other = subject.unless.as_ref().is_some_and(|unless| unless.is_match(&text));
        let is_doubtful = subject.doubt.as_ref().is_some_and(|doubt| doubt.is_match(&text));
        let is_kind = match subject.kind {
            SubjectKind::Seconds | SubjectKind::Rate => true,
            SubjectKind::Count => {
                let nouns = subject.after.as_ref();
                !is_speed
                    && nouns.is_some_and(|nouns| super::values::stand_right_after(nouns, rest))
            }
            _ => false,
        };
        is_kind && !is_other && !is_doubtful && subject.words.is_match(&text)
    };
    let named: Vec<&ValueSubject> = vocabulary.subjects.subject.iter().filter(is_named).collect();
    let [subject] = named[..] else { return None };
    let id = &subject.facts[0];
    let targets = [stand_in(index, id, &own), stand_in(index, id, &other)];
    let facts = [index.fact_on_target(id, &targets[0])?, index.fact_on_target(id, &targets[1])?];
    let sizes =
        |one: &FactRef| match one.item_count().filter(|_| subject.kind == SubjectKind::Count) {
            Some(count) => Some(vec![count]),
            None => {
                let figures = index.known_figures(one);
                let rate = super::values::amount_of(one);
                Some(vec![figures.median.or(rate)?, figures.mean.or(rate)?])
            }
        };
    let (one, two) = (sizes(&facts[0])?, sizes(&facts[1])?);
    // A rate is small where the work is slow.
    let says_larger = matches!(kind, 0 | 2) != (is_speed && subject.kind == SubjectKind::Rate);
    let margin = if subject.kind == SubjectKind::Count { 1.0 } else { 1.1 };
    let is_refuted = targets[0] != targets[1]
        && one.iter().zip(&two).all(|(one, two)| match says_larger {
            true => one * margin < *two,
            false => *one > two * margin,
        });
    let shown = facts.map(|one| format!("{} {}", index.reader_name(one.target), one.shown_value()));
    let place = sentence.file_range(&(start + found.start()..start + found.end()));
    is_refuted.then(|| {
        let (stated, known) = (found.as_str(), &shown.join(", "));
        let remark = ClaimRemark::contradicted_by(index, place, stated, &facts[0], known, None);
        remark.resting_on_fact(id, &targets[1])
    })
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

fn is_vague(words: &SentenceWords, sentence: &ReportSentence, quantity: &StatedQuantity) -> bool {
    let before = &sentence.text[..quantity.range.start];
    words.denial.is_match(before)
        || !words.comparison.words.is_match(&sentence.labelled_text())
        || words.comparison.unless.is_match(&sentence.labelled_text())
        || words.comparison.interval.is_match(&sentence.text[quantity.range.end..])
}

/// What a ratio compares: the only subject that its sentence, its row and its column name, or the
/// label above a short line.
fn ratio_subject<'a>(
    (subjects, cost_areas): (&'a [ValueSubject], &[CostArea]),
    comparison: &RatioWords,
    sentence: &ReportSentence,
    quantity: &StatedQuantity,
) -> Option<&'a ValueSubject> {
    let text = sentence.labelled_text();
    let is_kind = |subject: &&ValueSubject| match quantity.value {
        StatedValue::Times(_) => {
            matches!(subject.kind, SubjectKind::Seconds | SubjectKind::Count)
        }
        _ => {
            let after = &sentence.text[quantity.range.end..];
            subject.kind == SubjectKind::Seconds
                || subject.kind == SubjectKind::Count && comparison.share.is_match(after)
        }
    };
    let named_in = |text: &str| -> Vec<&ValueSubject> {
        let is_other = |subject: &&ValueSubject| {
            matches!(subject.kind, SubjectKind::Version | SubjectKind::Address)
        };
        let named = subjects.iter().filter(|subject| subject.words.is_match(text));
        named.filter(|subject| !is_other(subject)).collect()
    };
    let mut named = named_in(&text);
    if named.len() > 1 && sentence.cell_labels().is_none() {
        named =
            named_in(sentence.text[..quantity.range.end].rsplit(", ").next().unwrap_or_default());
    }
    // “Kata is slower by a factor of 3” below “Start-up”
    if named.is_empty() && cost_areas.iter().all(|area| !area.words.is_match(&text)) {
        let above = sentence.topics.iter().map(|topic| named_in(topic));
        named = above.into_iter().find(|named| !named.is_empty()).unwrap_or_default();
    }
    match named[..] {
        [one] if is_kind(&one) => {
            let unless = one.unless.as_ref().filter(|_| one.kind == SubjectKind::Seconds);
            let is_of_other = unless.is_some_and(|unless| {
                let text = text.to_lowercase().replace("slower", "").replace("overhead", "");
                unless.is_match(&text)
            });
            (!is_of_other).then_some(one)
        }
        _ => None,
    }
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

/// “runc 487 ms, Kata 1.41 s, so 2.9x”: the two durations of the sentence, one of each target.
fn own_durations(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
    targets: (&str, &str),
) -> Option<FigurePair> {
    let owner =
        |number: usize| index.resolver.attribute_quantity(&vocabulary.words, sentence, all, number);
    let timed = (0..all.len()).filter_map(|number| match all[number].value {
        StatedValue::Seconds(seconds) => Some((owner(number)?, seconds)),
        _ => None,
    });
    match &timed.collect::<Vec<_>>()[..] {
        [(a, one), (b, other)] if a != b && [targets.0, targets.1].contains(&a.as_str()) => {
            figure_pair(*one, *other, Some(SampleUnit::Seconds), true, Vec::new())
        }
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
                pairs.extend(figure_pair(a, b, Some(SampleUnit::Seconds), false, facts.clone()));
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
        pairs.extend(figure_pair(one, other, Some(SampleUnit::Seconds), true, Vec::new()));
    }
    pairs
}

fn compare_counts(
    index: &EvidenceIndex,
    subject: &ValueSubject,
    one: &str,
    other: &str,
) -> Option<FigurePair> {
    let id = subject.facts.first()?;
    let (one, other) = (stand_in(index, id, one), stand_in(index, id, other));
    let a = index.fact_on_target(id, &one)?.item_count()?;
    let b = index.fact_on_target(id, &other)?.item_count()?;
    figure_pair(a, b, None, false, vec![(id.clone(), one), (id.clone(), other)])
}

/// Where nothing was captured under the baseline, the host is what is compared.
fn stand_in(index: &EvidenceIndex, id: &str, target: &str) -> String {
    let is_baseline = index.target_with_role(Role::Baseline) == Some(target);
    let host = index.target_with_role(Role::Host).filter(|_| is_baseline);
    match index.fact_on_target(id, target) {
        None => host.unwrap_or(target).to_string(),
        Some(_) => target.to_string(),
    }
}

fn figure_pair(
    a: f64,
    b: f64,
    unit: Option<SampleUnit>,
    from_text: bool,
    facts: Vec<(String, String)>,
) -> Option<FigurePair> {
    let (smaller, larger) = (a.min(b), a.max(b));
    (smaller > 0.0).then_some(FigurePair { smaller, larger, unit, from_text, facts })
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
    let figure = |value: f64| match pair.unit {
        Some(unit) => crate::report::format_measured(value, unit),
        None => format!("{value}"),
    };
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
        && (is_part_of_whole(&sentence.text[quantity.range.clone()])
            || before.any(|word| ["factor", "faktor", "ratio"].contains(&word))
            || after.is_some_and(|word| ["as", "so"].contains(&word)))
}

/// The quantity with the words that hedge it.
fn hedged_phrase(quantity: &StatedQuantity) -> std::ops::Range<usize> {
    quantity.from..quantity.range.end
}
