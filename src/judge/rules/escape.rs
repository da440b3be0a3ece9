//! Rules about escapes.

use super::messages::{EscapeNotTested, ShareIsNoEscape};
use super::{RuleContext, RuleMessage, Violation, find_in_targets};
use crate::model::{FactId, Role, fact_ids};

/// An attempt whose container did not start.
pub(super) fn not_tested(context: &RuleContext) -> Vec<Violation> {
    find_in_targets(context, |target| {
        let ids = ids_with_outcome(context, "container_not_started", target);
        (!ids.is_empty()).then(|| {
            let violation = EscapeNotTested { target }.make_violation();
            violation.with_facts(context, ids, target)
        })
    })
}

/// A write through a folder that was shared on purpose. It rests on what the boundary did stop,
/// too, where that was captured.
pub(super) fn share_is_no_escape(context: &RuleContext) -> Vec<Violation> {
    find_in_targets(context, |target| {
        let ids = ids_with_outcome(context, "host_modified", target);
        if ids.is_empty() {
            return None;
        }
        let stopped = what_was_stopped(context, target);
        let message = ShareIsNoEscape {
            target,
            no_process: stopped.contains(&fact_ids::HOST_WITNESS_PROCESS),
            no_line: stopped.contains(&fact_ids::HOST_WITNESS_KMSG),
        };
        let violation = message.make_violation().with_facts(context, ids, target);
        Some(violation.with_facts(context, stopped, target))
    })
}

/// The facts of what a target did not reach and the baseline of the same session did. Devices are
/// none: engines are told to leave them out of some runtimes' privileged containers.
fn what_was_stopped(context: &RuleContext, target: &str) -> Vec<FactId<'static>> {
    let Some(baseline) = context.role_target(Role::Baseline).map(|it| it.name.as_str()) else {
        return Vec::new();
    };
    let mut stopped = vec![fact_ids::HOST_WITNESS_PROCESS, fact_ids::HOST_WITNESS_KMSG];
    stopped.retain(|id| {
        [baseline, target].map(|name| context.fact_flag(*id, name)) == [Some(true), Some(false)]
    });
    stopped
}

fn ids_with_outcome(context: &RuleContext, outcome: &str, target: &str) -> Vec<FactId<'static>> {
    let mut ids = vec![fact_ids::ESCAPE_HOST_WRITE, fact_ids::ESCAPE_HOST_WRITE_PRIVILEGED];
    ids.retain(|id| context.fact_text(*id, target) == Some(outcome));
    ids
}
