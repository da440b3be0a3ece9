//! Conclusions from the latency of a service that answered with errors.

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::evidence_index::EvidenceIndex;
use super::messages::ClaimLatencyOfErrors;
use super::sentence::ReportSentence;
use super::words::ClaimVocabulary;
use crate::judge::rules::latency::was_checked_early;
use crate::model::Role;

/// The conclusion of a sentence from the latency of a service that was not well.
pub(super) fn check_error_latency(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    let baseline = index.target_with_role(Role::Baseline)?;
    let status = index.fact_on_target("app.health_status", baseline)?.fact.as_i64()?;
    let fact_ref = index
        .fact_on_target("http.latency", baseline)
        .or_else(|| index.fact_on_target("http.latency_reported", baseline))?;
    let is_known = vocabulary.words.of_errors.is_match(sentence.surrounding_text());
    // A check that came too early says nothing about the responses that were timed.
    let mean = fact_ref.fact.as_value().and_then(|value| value.get("avg")?.as_f64());
    let timed = fact_ref.fact.as_series().map(|samples| &samples.values[..]);
    let was_early = was_checked_early(status, timed.unwrap_or(mean.as_slice()));
    if (200..300).contains(&status) || was_early || !sentence.is_plain || is_known {
        return None;
    }
    let whole = sentence.file_range(&(0..sentence.text.len()));
    let message = ClaimLatencyOfErrors { status };
    Some(
        ClaimRemark::violates_rule(message, ClaimStatus::Unsupported, whole)
            .resting_on_fact(fact_ref.id, fact_ref.target)
            .resting_on_fact("app.health_status", baseline),
    )
}
