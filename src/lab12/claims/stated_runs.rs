//! What is said to have been run: how often, and by a target that never ran.

use super::claim_remark::ClaimRemark;
use super::evidence_index::{EvidenceIndex, FactRef};
use super::quantity::{StatedQuantity, StatedValue, ValueHedge, find_quantities};
use super::sentence::ReportSentence;
use super::value_place::ValuePlace;
use super::words::{ClaimVocabulary, SubjectKind, spelled_group};
use crate::model::{MissingReason, Role, fact_ids};

/// A mean of several starts where one was captured of each runtime: “1.64 s on average of three
/// runs”.
pub(super) fn check_stated_runs(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    let words = &vocabulary.wordings.runs;
    let text = sentence.text;
    let found = words.several.captures(text)?;
    spelled_group(&words.several, &found).filter(|number| *number > 1.0)?;
    let labelled = sentence.labelled_text();
    if !sentence.is_plain
        || !vocabulary.words.figures.mean.is_match(text)
        || words.unless.is_match(&labelled)
    {
        return None;
    }
    let series = index.facts_everywhere(&fact_ids::STARTUP_WALL);
    let is_single =
        |one: &FactRef| one.fact.as_series().is_some_and(|series| series.values.len() == 1);
    let first = series.first()?;
    // Other figures than the captured ones may be of runs that nobody kept.
    let is_captured = |one: &StatedQuantity| match one.value {
        StatedValue::Seconds(seconds) => series.iter().any(|fact_ref| {
            let median = index.known_figures(fact_ref).median;
            median.is_some_and(|truth| one.agrees_with(seconds, truth))
        }),
        _ => true,
    };
    let all = find_quantities(text, &vocabulary.words);
    let is_refuted = series.iter().all(is_single) && all.iter().all(is_captured);
    let whole = found.get(0).filter(|_| is_refuted)?;
    let place = sentence.file_range(&whole.range());
    let shown = format!("{}, one sample of each runtime", first.shown_value());
    let remark = ClaimRemark::contradicted_by(index, place, whole.as_str(), first, &shown, None);
    Some(series.iter().fold(remark, |remark, one| remark.resting_on_fact(one.id, one.target)))
}

/// What is stated as seen of the only candidate, which never ran: in a passage that speaks of no
/// failure, a start that took a time or went well, a release that nobody captured, or that there is
/// nothing in its guest and why that is so.
pub(super) fn check_failed_target(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
) -> Vec<ClaimRemark> {
    let Some(target) = index.sole_candidate().filter(|target| index.never_ran(target)) else {
        return Vec::new();
    };
    let words = &vocabulary.wordings.failed;
    let labelled = sentence.labelled_text();
    if !sentence.is_statement
        || words.failure.is_match(&labelled)
        || words.nearby.is_match(sentence.surrounding_text())
    {
        return Vec::new();
    }
    let mentions = index.resolver.find_mentions(&labelled);
    let mut named = mentions.iter().filter(|one| one.target.as_deref() == Some(target));
    if named.next().is_none() {
        return Vec::new();
    }
    let refute = |range: std::ops::Range<usize>, id: &str| {
        let (place, text) = (sentence.file_range(&range), &sentence.text[range]);
        ClaimRemark::contradicts_fact(
            index,
            place,
            text,
            (id, target),
            "that it did not start",
            None,
        )
    };
    let is_of_it = |at: usize| {
        let before = index.resolver.find_mentions(&sentence.text[..at]);
        match before.last() {
            Some(last) => last.target.as_deref() == Some(target),
            None => sentence.cell_labels().is_some_and(|(_, column)| {
                index.resolver.single_target(column).as_deref() == Some(target)
            }),
        }
    };
    let is_alone = mentions.iter().all(|one| {
        let role = one.target.as_deref().and_then(|name| index.role_of(name));
        one.target.as_deref() == Some(target) || role == Some(Role::Host)
    });
    let claims = [
        (&words.started, &*fact_ids::STARTUP_WALL),
        (&words.worked, &*fact_ids::STARTUP_WALL),
        (&words.empty, &*fact_ids::KERNEL_SYS_MODULE),
    ];
    let found = claims.into_iter().find_map(|(claim, id)| {
        let found = claim.find(sentence.text)?;
        let is_its = is_of_it(found.start()) || is_alone;
        is_its.then(|| refute(found.range(), id))
    });
    let mut out: Vec<ClaimRemark> = found.into_iter().collect();
    for number in 0..all.len() {
        let place = ValuePlace { index, vocabulary, sentence, all, number };
        let quantity = place.in_unit_of_labels();
        let is_cell = place.is_whole_cell() && quantity.hedge == ValueHedge::Exact;
        let is_observed = is_cell || words.observed.is_match(place.text_before_value());
        let text = place.stated_text();
        if !is_observed || index.is_captured(text) {
            continue;
        }
        let Some(subject) = place.find_subject() else { continue };
        let id = &subject.facts[0];
        let is_unseen = match subject.kind {
            SubjectKind::Version => *id == *fact_ids::KERNEL_RELEASE,
            SubjectKind::Seconds if is_cell => {
                let missing = index.missing_reason(id, target);
                missing.is_some_and(|missing| missing.why != MissingReason::NotStated)
                    && !place.raw_number().is_some_and(|raw| index.is_number_captured(raw))
            }
            _ => false,
        };
        let is_its = place.find_target(subject).as_deref() == Some(target);
        if is_unseen && is_its && out.is_empty() {
            out.push(refute(quantity.range, id));
        }
    }
    out
}
