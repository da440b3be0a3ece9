//! Series: what is said of the samples of one series among each other. Which was the fastest, and
//! how many times the average the largest is.

use regex::Captures;

use super::claim_remark::ClaimRemark;
use super::evidence_index::{EvidenceIndex, FactRef};
use super::passages::PassageForm;
use super::quantity::{StatedQuantity, StatedValue, ratio_agrees};
use super::sentence::ReportSentence;
use super::words::{ClaimVocabulary, SubjectKind, ValueSubject};
use crate::model::{Role, fact_ids};
use crate::report::format_measured;

/// What a plain sentence says about one series.
pub(super) fn check_series(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
) -> Vec<ClaimRemark> {
    if sentence.passage.form != PassageForm::Prose {
        return Vec::new();
    }
    let mut out: Vec<ClaimRemark> = Vec::new();
    let mut start = 0;
    for clause in sentence.text.split_inclusive([',', ';', '.']) {
        let range = start..start + clause.len();
        start = range.end;
        let words = &vocabulary.words.series;
        let found = words.rank.captures(clause).or_else(|| words.ranked.captures(clause));
        out.extend(
            found.and_then(|found| check_rank(index, vocabulary, sentence, range.start, &found)),
        );
    }
    let multiples = all.iter().filter(|one| matches!(one.value, StatedValue::Times(_)));
    out.extend(multiples.filter_map(|one| check_multiple(index, vocabulary, sentence, one)));
    out
}

/// “The second run was the fastest”, where another one was.
fn check_rank(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
    start: usize,
    found: &Captures,
) -> Option<ClaimRemark> {
    let whole = found.get(0)?;
    let is_start = timed_subject(vocabulary, sentence)
        .is_some_and(|subject| subject.facts[0] == *fact_ids::STARTUP_WALL);
    if vocabulary.words.series.unless.is_match(sentence.text) || !is_start {
        return None;
    }
    let resolver = &index.resolver;
    let clause = &sentence.text[start..start + whole.end()];
    let target = match resolver.find_mentions(clause).is_empty() {
        true => [sentence.text]
            .iter()
            .chain(&sentence.topics)
            .find(|text| !resolver.find_mentions(text).is_empty())
            .and_then(|text| resolver.single_target(text))?,
        false => resolver.single_target(clause)?,
    };
    let fact_ref = index.fact_on_target(&fact_ids::STARTUP_WALL, &target)?;
    let samples = fact_ref.fact.as_series().filter(|one| (2..=20).contains(&one.values.len()))?;
    let place = match found["place"].to_lowercase().as_str() {
        "first" => 1,
        "second" => 2,
        "third" => 3,
        "fourth" => 4,
        "fifth" => 5,
        "last" => samples.values.len(),
        numbered => numbered.rsplit([' ', '#']).next()?.parse().ok()?,
    };
    let own = *samples.values.get(place.checked_sub(1)?)?;
    let is_slowest = found["extreme"].eq_ignore_ascii_case("slowest");
    let beyond = |one: f64| if is_slowest { one > own } else { one < own };
    let (other, value) = (1..).zip(&samples.values).find(|(_, one)| beyond(**one))?;
    let shown =
        |number: usize, value: f64| format!("{number}: {}", format_measured(value, samples.unit));
    let known = format!("{}, {}", shown(place, own), shown(other, *value));
    let at = sentence.file_range(&(start + whole.start()..start + whole.end()));
    Some(ClaimRemark::contradicted_by(index, at, whole.as_str(), &fact_ref, &known, None))
}

/// “The maximum is twelve times the average”.
fn check_multiple(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
    quantity: &StatedQuantity,
) -> Option<ClaimRemark> {
    let (words, StatedValue::Times(stated)) = (&vocabulary.words, &quantity.value) else {
        return None;
    };
    let (before, after) = (&sentence.text[..quantity.from], &sentence.text[quantity.range.end..]);
    let part = words.series.whole.find(after)?.as_str();
    let is_largest = words.figures.max.is_match(before)
        && !words.figures.min.is_match(before)
        && !words.denial.is_match(before);
    let subject = timed_subject(vocabulary, sentence)?;
    let near = [sentence.text].into_iter().chain(sentence.topics.iter().copied());
    let mut near = near.map(|text| index.resolver.find_mentions(text));
    let named = near.find(|mentions| !mentions.is_empty()).unwrap_or_default();
    let target = match &named[..] {
        [] => index.target_with_role(Role::Baseline).filter(|_| subject.baseline)?,
        [first, rest @ ..] if rest.iter().all(|one| one.target == first.target) => {
            first.target.as_deref()?
        }
        _ => return None,
    };
    let fact_ref = subject.facts.iter().find_map(|id| index.fact_on_target(id, target))?;
    let figures = index.known_figures(&fact_ref);
    let figure = |name: &str| figures.all.iter().find(|one| one.name == name).map(|one| one.value);
    let wanted = if words.figures.median.is_match(part) {
        "median"
    } else if words.figures.min.is_match(part) {
        "min"
    } else {
        "mean"
    };
    let (largest, divisor) = (figure("max")?, figure(wanted)?);
    let is_refuted = is_largest && !ratio_agrees(quantity, *stated, largest / divisor);
    is_refuted.then(|| {
        let range = quantity.from..quantity.range.end;
        let (place, text) = (sentence.file_range(&range), &sentence.text[range]);
        let shown = shown_ratio(&fact_ref, largest, divisor);
        ClaimRemark::contradicted_by(index, place, text, &fact_ref, &shown, None)
    })
}

fn shown_ratio(fact_ref: &FactRef, largest: f64, divisor: f64) -> String {
    let unit = fact_ref.fact.as_series().map_or(crate::model::SampleUnit::Seconds, |one| one.unit);
    let (one, other) = (format_measured(largest, unit), format_measured(divisor, unit));
    format!("{one} / {other} = {:.1}", largest / divisor)
}

/// The one timed subject that the sentence, or the nearest label or heading that names any, is about.
fn timed_subject<'a>(
    vocabulary: &'a ClaimVocabulary,
    sentence: &ReportSentence,
) -> Option<&'a ValueSubject> {
    let near = [sentence.text].into_iter().chain(sentence.topics.iter().copied());
    let mut named = near.map(|text| -> Vec<&ValueSubject> {
        let timed =
            vocabulary.subjects.subject.iter().filter(|one| one.kind == SubjectKind::Seconds);
        timed.filter(|one| one.words.is_match(text)).collect()
    });
    match named.find(|named| !named.is_empty())?[..] {
        [one] => Some(one),
        _ => None,
    }
}
