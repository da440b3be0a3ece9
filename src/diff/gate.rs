//! The gate: which differences make a comparison fail.

use super::{Change, ChangeKind, MeasurementChange, RunDiff};
use crate::model::{Fact, Run};
use crate::project::{DiffGate, FailOn};
use crate::stats::ComparisonOutcome;

/// Whether a difference of one of these kinds is there.
pub fn gate_fails(diff: &RunDiff, fail_on: &[FailOn]) -> bool {
    fail_on.iter().any(|kind| match kind {
        FailOn::Change => !diff.is_empty(),
        FailOn::Regression => {
            let is_slower =
                |m: &MeasurementChange| m.gated && m.outcome == ComparisonOutcome::Slower;
            diff.verdict_changes().any(is_weaker) || diff.measurements.iter().any(is_slower)
        }
        FailOn::Verdict => diff.verdict_changes().next().is_some(),
        FailOn::Finding => !diff.findings.added.is_empty(),
        FailOn::Never => false,
    })
}

/// Whether a verdict no longer says that there is a kernel of its own.
pub fn is_weaker(change: &Change) -> bool {
    let is_separate = |value: &serde_json::Value| {
        value.as_str().is_some_and(|id| id.starts_with("separate-kernel"))
    };
    change.kind == ChangeKind::Verdict && is_separate(&change.a) && !is_separate(&change.b)
}

/// The series that can fail: the first of those that the gate names and the run has.
pub(super) fn gated_series(gate: &DiffGate, run: &Run) -> Option<String> {
    let has = |id: &&String| {
        run.facts.get(*id).is_some_and(|by_target| by_target.values().any(Fact::is_present))
    };
    gate.series.iter().find(has).cloned()
}
