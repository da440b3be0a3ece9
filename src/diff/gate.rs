//! The gate: which differences make a comparison fail.

use super::change::{Change, ChangeKind};
use crate::judge::Conclusion;
use crate::model::{EvidenceKind, Fact, FactId, MissingReason, Role, Run, is_part_of};
use crate::project::DiffGate;

/// Whether something that the first run shows is shown no longer: a runtime, a boundary, or the
/// answer of a probe that the second run was not told to leave out.
pub(super) fn is_regression(change: &Change, a: &Run, b: &Run) -> bool {
    match change.kind {
        ChangeKind::TargetGone => change.role != Role::Host,
        ChangeKind::Verdict => is_weaker(change),
        ChangeKind::Unavailable | ChangeKind::Gone => {
            !change.volatile && is_answer_lost(a, b, &change.fact) && !is_answered(change, b)
        }
        ChangeKind::TargetAdded
        | ChangeKind::TargetRenamed
        | ChangeKind::Changed
        | ChangeKind::Appeared => false,
    }
}

/// Whether the second run has an answer all the same: that there is no such thing, that it may not
/// be seen, or one that does not say it. What a stronger boundary hides is not lost.
fn is_answered(change: &Change, b: &Run) -> bool {
    let fact = b.find_fact(FactId::from_text(&change.fact), &change.target);
    matches!(fact, Some(Fact::Missing(missing)) if matches!(
        missing.why,
        MissingReason::Absent | MissingReason::Denied | MissingReason::NotStated
    ))
}

/// Whether the second run should have what the first has of a fact: both were collected, and the
/// part that it belongs to was not left out.
pub(super) fn is_answer_lost(a: &Run, b: &Run, fact: &str) -> bool {
    let are_collected =
        [a, b].iter().all(|run| matches!(run.evidence, EvidenceKind::Collected { .. }));
    are_collected && !is_left_out(b, fact)
}

/// Whether a session was told to leave out the part that a fact belongs to.
pub(super) fn is_left_out(run: &Run, fact: &str) -> bool {
    let EvidenceKind::Collected { skipped, .. } = &run.evidence else { return false };
    skipped.keys().any(|part| is_part_of(fact, part))
}

/// Whether a verdict no longer says that there is a kernel of its own, or that nothing was tested.
pub fn is_weaker(change: &Change) -> bool {
    const SEPARATE: &str = "separate-kernel";
    let not_tested = Conclusion::NotTested.into_str();
    let [a, b] = [&change.a, &change.b].map(|value| value.as_str().unwrap_or_default());
    change.kind == ChangeKind::Verdict
        && ((a.starts_with(SEPARATE) && !b.starts_with(SEPARATE)) || b.starts_with(not_tested))
}

/// The series that can fail: the first of those that the gate names and the run has.
pub(super) fn gated_series(gate: &DiffGate, run: &Run) -> Option<String> {
    let mut series = gate.series.iter();
    let present = series.find(|id| {
        run.facts.get(*id).is_some_and(|by_target| by_target.values().any(Fact::is_present))
    });
    present.cloned()
}
