//! Rules about the escape task.

use super::{RuleContext, Violation};

const WRITES: &[&str] = &["escape.host_write", "escape.host_write_privileged"];

/// An attempt whose container did not start.
pub fn not_tested(case: &RuleContext) -> Vec<Violation> {
    with_outcome(case, "container_not_started")
}

/// A write through a folder that was shared on purpose.
pub fn share_is_no_escape(case: &RuleContext) -> Vec<Violation> {
    with_outcome(case, "host_modified")
}

/// One hit for each target with an attempt of this outcome, on all of them.
fn with_outcome(case: &RuleContext, outcome: &str) -> Vec<Violation> {
    let mut hits = Vec::new();
    for target in case.runtime_names() {
        let mut ids =
            WRITES.iter().filter(|id| case.fact_text(id, target) == Some(outcome)).peekable();
        if ids.peek().is_some() {
            hits.push(
                ids.fold(Violation::about_target(target), |hit, id| {
                    hit.resting_on(case, id, target)
                }),
            );
        }
    }
    hits
}
