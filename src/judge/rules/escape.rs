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
            violation.resting_on_facts(context, ids, target)
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
            no_process: stopped.facts.contains(&fact_ids::HOST_WITNESS_PROCESS),
            no_line: stopped.facts.contains(&fact_ids::HOST_WITNESS_KMSG),
            devices: stopped.devices.map(|(own, _)| own),
            host_devices: stopped.devices.map(|(_, hosts)| hosts),
        };
        let violation = message.make_violation().resting_on_facts(context, ids, target);
        Some(violation.resting_on_facts(context, stopped.facts, target))
    })
}

/// What a target did not reach and the baseline of the same session did.
#[derive(Default)]
struct StoppedReach {
    /// The facts that show it.
    facts: Vec<FactId<'static>>,
    /// The entries in `/dev`, and those of the host, where they are fewer.
    devices: Option<(i64, i64)>,
}

fn what_was_stopped(context: &RuleContext, target: &str) -> StoppedReach {
    const DEVICES: FactId = fact_ids::ESCAPE_PRIVILEGED_DEV_ENTRIES;
    let mut stopped = StoppedReach::default();
    let Some(baseline) = context.role_target(Role::Baseline).map(|it| it.name.as_str()) else {
        return stopped;
    };
    let witnesses = [fact_ids::HOST_WITNESS_PROCESS, fact_ids::HOST_WITNESS_KMSG];
    stopped.facts.extend(witnesses.into_iter().filter(|id| {
        [baseline, target].map(|name| context.fact_flag(*id, name)) == [Some(true), Some(false)]
    }));
    if let [Some(own), Some(hosts)] =
        [target, baseline].map(|name| context.fact_integer(DEVICES, name))
        && own < hosts
        && !stopped.facts.is_empty()
    {
        stopped.devices = Some((own, hosts));
        stopped.facts.push(DEVICES);
    }
    stopped
}

/// The attempts of this outcome.
fn ids_with_outcome(context: &RuleContext, outcome: &str, target: &str) -> Vec<FactId<'static>> {
    let mut ids = vec![fact_ids::ESCAPE_HOST_WRITE, fact_ids::ESCAPE_HOST_WRITE_PRIVILEGED];
    ids.retain(|id| context.fact_text(*id, target) == Some(outcome));
    ids
}
