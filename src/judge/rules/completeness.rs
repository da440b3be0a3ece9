//! Rules about what is not there.

use super::{RuleContext, Violation};
use crate::model::Role;

/// Host and candidate are compared, and nothing says how the baseline differs from the host.
pub(super) fn no_baseline_arm(context: &RuleContext) -> Vec<Violation> {
    // Those that a namespace changes under a shared kernel too.
    const COMPARED: &[&str] = &["proc.entries", "net.interfaces", "dev.entries"];
    let has = |fact: &str, role: Role| {
        context.run.with_role(role).any(|t| context.is_present(fact, &t.name))
    };
    let lacking: Vec<&str> = COMPARED
        .iter()
        .copied()
        .filter(|fact| {
            has(fact, Role::Host) && has(fact, Role::Candidate) && !has(fact, Role::Baseline)
        })
        .collect();
    if lacking.is_empty() {
        return Vec::new();
    }
    let Some(baseline) = context.run.with_role(Role::Baseline).next() else { return Vec::new() };
    let violation =
        Violation::about_target(&baseline.name).with_parameter("facts", lacking.join(", "));
    vec![
        lacking
            .iter()
            .fold(violation, |violation, fact| violation.resting_on(context, fact, &baseline.name)),
    ]
}
