//! How many requests a report says took longer or less than a time, counted in the samples.

use super::claim_remark::ClaimRemark;
use super::evidence_index::EvidenceIndex;
use super::quantity::{StatedQuantity, StatedValue, ValueHedge};
use super::sentence::ReportSentence;
use super::words::{ClaimVocabulary, spelled_group};
use crate::model::{Role, fact_ids};

/// What is no difference of two times, in seconds.
const HAIR: f64 = 1e-9;

/// “Five of the 50 requests took longer than 2 ms”, of which another number did.
pub(super) fn check_counted_requests(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
) -> Option<ClaimRemark> {
    let baseline = index.target_with_role(Role::Baseline)?;
    let fact_ref = index.fact_on_target(fact_ids::HTTP_LATENCY, baseline)?;
    let samples = &fact_ref.fact.as_series().filter(|samples| samples.values.len() > 1)?.values;
    let is_of_requests = sentence.is_plain
        && sentence.cell_labels().is_none()
        && ["request", "response", "Anfrage"].iter().any(|word| sentence.text.contains(word));
    let limit = &vocabulary.words.limit;
    all.iter().filter(|_| is_of_requests).find_map(|quantity| {
        let StatedValue::Seconds(seconds) = quantity.value else { return None };
        let before = &sentence.text[..quantity.range.start];
        let (found, pattern, is_above) = [(&limit.above, true), (&limit.below, false)]
            .into_iter()
            .find_map(|(pattern, is_above)| Some((pattern.captures(before)?, pattern, is_above)))?;
        let stated = spelled_group(pattern, &found)?;
        let count = |is_counted: &dyn Fn(f64) -> bool| {
            samples.iter().filter(|sample| is_counted(**sample)).count()
        };
        // A sample at the limit counts on either side.
        let (low, high) = (seconds - HAIR, seconds + HAIR);
        let (fewest, most) = match is_above {
            true => (count(&|one| one > high), count(&|one| one > low)),
            false => (count(&|one| one < low), count(&|one| one < high)),
        };
        #[allow(clippy::cast_precision_loss, reason = "no series has 2^52 samples")]
        let is_wrong = !(fewest as f64..=most as f64).contains(&stated);
        let range = found.get(0)?.start()..quantity.range.end;
        let is_exact = quantity.hedge != ValueHedge::About
            && !limit.unless.is_match(&sentence.text[..range.start])
            && !sentence.is_quoted_at(range.start);
        (is_wrong && is_exact).then(|| {
            let place = sentence.file_range(&range);
            let found = format!("{fewest} of {} samples", samples.len());
            let text = &sentence.text[range];
            ClaimRemark::contradicted_by(index, place, text, &fact_ref, &found, None)
        })
    })
}
