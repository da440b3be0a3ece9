//! Rules about what is not there.

use super::messages::NoBaselineArm;
use super::{RuleContext, RuleMessage, Violation};
use crate::model::{FactId, Role, fact_ids};

/// Host and candidate are compared, and nothing says how the baseline differs from the host.
pub(super) fn no_baseline_arm(context: &RuleContext) -> Vec<Violation> {
    // Those that a namespace changes under a shared kernel too.
    const COMPARED: &[FactId] =
        &[fact_ids::PROC_ENTRIES, fact_ids::NET_INTERFACES, fact_ids::DEV_ENTRIES];
    let Some(baseline) = context.run.with_role(Role::Baseline).next() else { return Vec::new() };
    let mut lacking = COMPARED.to_vec();
    lacking.retain(|fact| {
        [Role::Host, Role::Candidate, Role::Baseline].map(|role| {
            context.run.with_role(role).any(|target| context.is_present(*fact, &target.name))
        }) == [true, true, false]
    });
    if lacking.is_empty() {
        return Vec::new();
    }
    let target = baseline.name.as_str();
    let facts = lacking.iter().map(|fact| fact.as_str()).collect::<Vec<_>>().join(", ");
    let violation = NoBaselineArm { target, facts: &facts }.make_violation();
    vec![violation.with_facts(context, lacking, target)]
}
