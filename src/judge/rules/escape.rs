//! Rules about escapes.

use super::messages::{EscapeNotTested, ShareIsNoEscape};
use super::{RuleContext, RuleMessage, Violation};
use crate::model::{FactId, Role, fact_ids};

/// An attempt whose container did not start.
pub(super) fn not_tested(context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for target in context.runtime_names() {
        let ids = ids_with_outcome(context, "container_not_started", target);
        if !ids.is_empty() {
            let violation = EscapeNotTested { target }.make_violation();
            violations.push(violation.resting_on_facts(context, ids, target));
        }
    }
    violations
}

/// A write through a folder that was shared on purpose. It rests on what the boundary did stop,
/// too, where that was captured.
pub(super) fn share_is_no_escape(context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for target in context.runtime_names() {
        let ids = ids_with_outcome(context, "host_modified", target);
        if ids.is_empty() {
            continue;
        }
        let (stopped, facts) = what_was_stopped(context, target);
        let message = ShareIsNoEscape { target, stopped: &stopped.join(", ") };
        let violation = message.make_violation().resting_on_facts(context, ids, target);
        violations.push(violation.resting_on_facts(context, facts, target));
    }
    violations
}

/// What a target did not reach and the baseline of the same session did, in words and as facts.
fn what_was_stopped(context: &RuleContext, target: &str) -> (Vec<String>, Vec<FactId<'static>>) {
    let (mut stopped, mut facts) = (Vec::new(), Vec::new());
    let Some(baseline) = context.role_target(Role::Baseline).map(|it| it.name.as_str()) else {
        return (stopped, facts);
    };
    for (id, words) in [
        (fact_ids::HOST_WITNESS_PROCESS, "its process is not among the host's"),
        (fact_ids::HOST_WITNESS_KMSG, "its line is not in the host's kernel log"),
    ] {
        let flags = [baseline, target].map(|name| context.fact_flag(id, name));
        if flags == [Some(true), Some(false)] {
            stopped.push(words.to_string());
            facts.push(id);
        }
    }
    const DEVICES: FactId = fact_ids::ESCAPE_PRIVILEGED_DEV_ENTRIES;
    let count = |name| context.fact_integer(DEVICES, name);
    if let (Some(own), Some(hosts)) = (count(target), count(baseline))
        && own < hosts
        && !stopped.is_empty()
    {
        stopped.push(format!("{own} entries in /dev instead of {hosts}"));
        facts.push(DEVICES);
    }
    (stopped, facts)
}

/// The attempts of this outcome.
fn ids_with_outcome(context: &RuleContext, outcome: &str, target: &str) -> Vec<FactId<'static>> {
    let mut ids = vec![fact_ids::ESCAPE_HOST_WRITE, fact_ids::ESCAPE_HOST_WRITE_PRIVILEGED];
    ids.retain(|id| context.fact_text(*id, target) == Some(outcome));
    ids
}
