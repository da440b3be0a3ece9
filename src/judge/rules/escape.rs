//! Rules about the escape task.

use super::{Case, Hit};

const WRITES: &[&str] = &["escape.host_write", "escape.host_write_privileged"];

/// An attempt whose container did not start.
pub fn not_tested(case: &Case) -> Vec<Hit> {
    with_outcome(case, "container_not_started")
}

/// A write through a folder that was shared on purpose.
pub fn share_is_no_escape(case: &Case) -> Vec<Hit> {
    with_outcome(case, "host_modified")
}

/// One hit for each target with an attempt of this outcome, on all of them.
fn with_outcome(case: &Case, outcome: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    for target in case.runtimes() {
        let mut ids = WRITES.iter().filter(|id| case.text(id, target) == Some(outcome)).peekable();
        if ids.peek().is_some() {
            hits.push(ids.fold(Hit::on(target), |hit, id| hit.resting_on(case, id, target)));
        }
    }
    hits
}
