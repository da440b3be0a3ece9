//! Rules about escapes.

use super::{RuleContext, Violation};

const WRITES: &[&str] = &["escape.host_write", "escape.host_write_privileged"];

/// An attempt whose container did not start.
pub(super) fn not_tested(context: &RuleContext) -> Vec<Violation> {
    with_outcome(context, "container_not_started")
}

/// A write through a folder that was shared on purpose.
pub(super) fn share_is_no_escape(context: &RuleContext) -> Vec<Violation> {
    with_outcome(context, "host_modified")
}

/// One hit for each target with an attempt of this outcome, on all of them.
fn with_outcome(context: &RuleContext, outcome: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    for target in context.runtime_names() {
        let mut ids =
            WRITES.iter().filter(|id| context.fact_text(id, target) == Some(outcome)).peekable();
        if ids.peek().is_some() {
            violations.push(ids.fold(Violation::about_target(target), |violation, id| {
                violation.resting_on(context, id, target)
            }));
        }
    }
    violations
}
