//! The verdict on a target's boundary: several independent facts vote, and the votes decide.
//!
//! What decides where it was captured is the boot id: equal to the host's, the kernel is the
//! host's. Without it (imported evidence has none) two independent strong facts carry a verdict
//! of medium confidence, and a kernel that only Kata's guests run one of low confidence. A release
//! alone carries none: `setarch` changes it on the same kernel, and a guest may run the host's very
//! build. CPU model and counts of `/proc` and `/sys/module`
//! entries never vote. What a target is called never votes either.
//!
//! [`indicators`] reads the facts into votes, [`decide`] counts them, [`support`] looks at the facts
//! that have no vote and says which of them agree.

pub(super) mod conclusion;
mod contradictions;
mod decide;
mod indicators;
mod support;
#[cfg(test)]
mod traps;

use super::RuleContext;
use crate::model::{FactId, MissingReason, STOPPED_BY_USER, Target, fact_ids};
pub(crate) use conclusion::{Conclusion, Confidence, IgnoredFact, UndecidedReason, Verdict};

/// The facts that decide best, in the order in which they should be captured.
const DECIDERS: &[FactId] =
    &[fact_ids::KERNEL_BOOT_ID, fact_ids::HOST_WITNESS_PROCESS, fact_ids::KERNEL_BANNER];

/// What would tell the kind of a separate kernel.
const KINDS: &[FactId] = &[fact_ids::HOST_VMM, fact_ids::HOST_VM_FDS, fact_ids::KERNEL_CMDLINE];

pub(crate) fn judge_target(context: &RuleContext, target: &Target) -> Verdict {
    let name = target.name.as_str();
    let indicators = indicators::Indicators::of_target(context, target);
    let mut verdict = Verdict {
        would_settle: missing_facts(context, name, DECIDERS),
        ignored: indicators.ignored.clone(),
        failure: target
            .start_failure()
            .map(String::from)
            .or_else(|| failed_start(context, target, &indicators)),
        ..Verdict::without_facts(name, Conclusion::Inconclusive, Confidence::None)
    };
    if context.integrity.is_record_changed {
        verdict.reason = Some(UndecidedReason::RunChanged);
        verdict.failure = None;
        return verdict;
    }
    if verdict.failure.is_some() {
        verdict.conclusion = Conclusion::NotTested;
        return verdict;
    }
    decide::decide_verdict(&indicators, &mut verdict);
    decide::weigh_contradictions(
        &mut verdict,
        contradictions::find_contradicting_facts(context, name),
    );
    support::add_corroboration(context, name, &mut verdict);
    match verdict.conclusion {
        Conclusion::SeparateKernel => {
            verdict.would_settle.extend(missing_facts(context, name, KINDS))
        }
        _ if verdict.confidence == Confidence::High => verdict.would_settle.clear(),
        _ => {}
    }
    verdict
}

/// Those of the facts that were not captured. One that was, in a file that was changed since, is
/// refused and not missing.
fn missing_facts(context: &RuleContext, target: &str, ids: &[FactId]) -> Vec<String> {
    let is_altered = |id: FactId| {
        context.missing_fact(id, target).is_some_and(|it| it.why == MissingReason::Altered)
    };
    let mut missing = ids.to_vec();
    missing.retain(|id| !context.is_present(*id, target) && !is_altered(*id));
    missing.iter().map(|id| id.to_string()).collect()
}

/// The words of a start that failed or was stopped, where nothing that a running target would have
/// told is there.
fn failed_start(
    context: &RuleContext,
    target: &Target,
    indicators: &indicators::Indicators,
) -> Option<String> {
    const TOLD: &[FactId] = &[
        fact_ids::KERNEL_RELEASE,
        fact_ids::KERNEL_BANNER,
        fact_ids::KERNEL_UNAME,
        fact_ids::KERNEL_BOOT_ID,
    ];
    let name = target.name.as_str();
    if !indicators.found.is_empty() || TOLD.iter().any(|id| context.is_present(*id, name)) {
        return None;
    }
    if target.is_stopped() {
        return target.failure.clone();
    }
    TOLD.iter().filter_map(|id| context.missing_fact(*id, name)).find_map(|missing| {
        let is_failure = matches!(
            missing.why,
            MissingReason::ErrorText | MissingReason::FailedStart | MissingReason::Error
        ) && missing.reason != STOPPED_BY_USER;
        is_failure.then(|| missing.reason.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_id_of_a_conclusion_and_of_a_reason_is_that_of_its_json() {
        for &conclusion in Conclusion::ALL {
            assert_eq!(serde_json::to_value(conclusion).unwrap(), json!(conclusion.into_str()));
        }
        for &reason in UndecidedReason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), json!(reason.into_str()));
        }
    }
}
