//! Rules about escapes.

use super::messages::{EscapeNotTested, ShareIsNoEscape};
use super::{RuleContext, RuleMessage, Violation};
use crate::model::fact_ids;

/// An attempt whose container did not start.
pub(super) fn not_tested(context: &RuleContext) -> Vec<Violation> {
    with_outcome(context, "container_not_started", |target| EscapeNotTested { target })
}

/// A write through a folder that was shared on purpose.
pub(super) fn share_is_no_escape(context: &RuleContext) -> Vec<Violation> {
    with_outcome(context, "host_modified", |target| ShareIsNoEscape { target })
}

/// A violation for each target with an attempt of this outcome, which rests on all of them.
fn with_outcome<'a, M: RuleMessage>(
    context: &RuleContext<'a>,
    outcome: &str,
    say: fn(&'a str) -> M,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    for target in context.runtime_names() {
        let mut ids = vec![fact_ids::ESCAPE_HOST_WRITE, fact_ids::ESCAPE_HOST_WRITE_PRIVILEGED];
        ids.retain(|id| context.fact_text(*id, target) == Some(outcome));
        if !ids.is_empty() {
            violations.push(say(target).violation().resting_on_facts(context, ids, target));
        }
    }
    violations
}
