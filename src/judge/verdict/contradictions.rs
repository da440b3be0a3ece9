//! What of the evidence of a target contradicts the rest.

use crate::judge::rules::{COUNTS, has_impossible_build, is_hosts_count, other_architecture};
use crate::judge::{RuleContext, find_disagreements};
use crate::model::{FactId, MissingReason, fact_ids};

/// The facts of a target that speak against what others of it show: the host's values in the
/// place of its own, files that disagree about its kernel, lines with an impossible date, and counts
/// that are the host's.
pub(super) fn find_contradicting_facts(context: &RuleContext, target: &str) -> Vec<String> {
    let mut facts = Vec::new();
    for id in context.run.facts.keys() {
        let missing = context.missing_fact(FactId::from_text(id), target);
        if missing.is_some_and(|missing| missing.why == MissingReason::HostValuesOnly) {
            facts.push(id.clone());
        }
    }
    for disagreement in find_disagreements(context, target) {
        if disagreement.other.starts_with("kernel.") {
            facts.push(disagreement.other.to_string());
        }
    }
    for id in [fact_ids::KERNEL_UNAME, fact_ids::KERNEL_BANNER, fact_ids::KERNEL_DMESG_BANNER] {
        let line = context.fact_text(id, target);
        if line.is_some_and(|line| has_impossible_build(context, line)) {
            facts.push(id.to_string());
        }
    }
    facts.extend(other_architecture(context, target).map(|id| id.to_string()));
    let hosts_counts = COUNTS.into_iter().filter(|id| is_hosts_count(context, *id, target));
    facts.extend(hosts_counts.map(|id| id.to_string()));
    facts.sort();
    facts.dedup();
    facts
}
