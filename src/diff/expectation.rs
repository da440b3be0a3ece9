//! Expectations that the first of two runs met and the second does not.

use serde::Serialize;

use crate::judge::{ExpectationOutcome, ExpectationResult};

/// An expectation that is met no longer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExpectationChange {
    /// What is expected.
    pub expects: String,
    /// What came of it in the second run.
    pub outcome: ExpectationOutcome,
    /// What the second run shows.
    pub found: String,
}

/// Those that passed in the first run and fail in the second; both are of one project, in its order.
pub fn expectation_changes(
    a: &[ExpectationResult],
    b: &[ExpectationResult],
) -> Vec<ExpectationChange> {
    let mut changes = Vec::new();
    for (old, new) in a.iter().zip(b) {
        if old.has_passed() && new.fails {
            changes.push(ExpectationChange {
                expects: new.expects.clone(),
                outcome: new.outcome,
                found: new.found.clone(),
            });
        }
    }
    changes
}
