//! Rules: each looks at one defect of the evidence. What a rule looks at is a function here. Its
//! words, its examples and the parameters of its message are `data/rules/<id>.toml`, of which the
//! build makes a type named after the rule: a check that leaves a parameter out, or whose rule has
//! no words, does not compile, and words without a check are code that nobody uses.

mod completeness;
pub(crate) mod consistency;
mod doc;
mod environment;
mod escape;
mod example;
#[cfg(test)]
mod examples_hold;
mod http;
mod identity;
mod integrity;
pub(crate) mod latency;
mod meaning;
mod message_names;
pub(in crate::judge) mod messages;
mod performance;
mod startup;
#[cfg(test)]
pub(crate) mod testing;
mod violation;

use serde::{Deserialize, Serialize};
pub(crate) use violation::{EvidenceRef, RuleMessage, Violation};
use violation::{files_of, find_in_targets, first_lines, missing_for};

use super::RuleContext;
use crate::error::{Error, Result};
use crate::knowledge::Severity;
use crate::model::{FactId, FactSource};
pub(crate) use consistency::has_impossible_build;
pub(crate) use doc::{RuleBook, RuleDoc};
pub(crate) use example::RuleExample;
pub(in crate::judge) use identity::other_architecture;
pub(in crate::judge) use meaning::{COUNTS, is_doubtful_count, is_hosts_count};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub rule: String,
    pub severity: Severity,
    pub target: Option<String>,
    pub message: String,
    pub help: String,
    /// What it rests on.
    pub evidence: Vec<EvidenceRef>,
}

impl Finding {
    /// The places in captures that it rests on, each once.
    pub fn capture_places(&self) -> Vec<&FactSource> {
        EvidenceRef::unique_places(&self.evidence)
    }

    /// Whether it rests on a fact, of the target if one is given.
    pub fn rests_on(&self, fact: FactId, target: Option<&str>) -> bool {
        self.evidence.iter().any(|place| {
            place.fact.as_deref() == Some(&fact)
                && target.is_none_or(|target| place.target.as_deref() == Some(target))
        })
    }
}

/// The code of a rule: what it finds in a run.
pub(crate) type RuleCheck = fn(&RuleContext) -> Vec<Violation>;

/// All rules, in the order in which findings of one severity are shown.
const CHECKS: &[RuleCheck] = &[
    integrity::run_altered,
    integrity::record_unverified,
    integrity::capture_altered,
    integrity::fact_without_capture,
    identity::host_values_in_guest_slot,
    identity::runtime_not_what_it_says,
    identity::guest_count_is_hosts,
    identity::guest_kernel_not_of_release,
    identity::kata_release_unknown,
    identity::cpu_impossible_beside_host,
    identity::shim_commit_of_other_release,
    identity::shim_commit_not_of_release,
    consistency::impossible_date,
    consistency::kernel_built_before_release,
    consistency::kernel_newer_than_evidence,
    consistency::link_local_not_from_mac,
    identity::evidence_disagrees,
    integrity::evidence_of_different_days,
    http::application_ended,
    http::health_not_ok,
    http::proxy_answers,
    http::proxy_in_path,
    latency::latency_on_error_status,
    latency::with_error_responses,
    latency::latency_below_application,
    latency::constant_slow,
    latency::latency_summary_contradicts,
    latency::figure_of_few_digits,
    latency::warm_up_included,
    latency::mean_with_outlier,
    latency::one_runtime_only,
    startup::without_figure,
    startup::control_arms_differ,
    startup::failed_start_timed,
    startup::failed_runs_left_out,
    startup::single_sample,
    startup::one_runtime_only,
    startup::faster_than_baseline,
    startup::baseline_slow,
    startup::warm_up_included,
    startup::image_pull,
    startup::with_sudo,
    startup::clocks_mixed,
    startup::order_unknown,
    performance::copy_to_dev_null,
    performance::write_without_sync,
    performance::near_clock_tick,
    performance::speed_includes_start,
    performance::memory_by_cgroup_only,
    performance::unequal_resources,
    environment::host_is_emulated,
    environment::host_noisy,
    environment::engines_mixed,
    completeness::no_baseline_arm,
    environment::pod_was_changed,
    environment::named_runtime_failed,
    environment::named_runtime_not_reached,
    environment::found_runtime_failed,
    environment::namespace_is_hosts,
    environment::run_interrupted,
    integrity::file_not_read,
    integrity::error_in_evidence,
    integrity::prose_in_evidence,
    integrity::engine_log_in_evidence,
    integrity::probes_unanswered,
    integrity::capture_truncated,
    integrity::address_tentative,
    escape::not_tested,
    escape::share_is_no_escape,
    meaning::count_of_error_text,
    meaning::guest_count_implausible,
    meaning::proc_entries,
    meaning::sys_module,
    meaning::cpu_model,
    meaning::seccomp_across_kernels,
    environment::host_is_virtual,
    environment::machine_without_kvm,
    environment::identifiers_not_replaced,
];

impl RuleBook {
    pub(in crate::judge) fn word_violation(&self, violation: Violation) -> Result<Finding> {
        let doc = self.find_rule(&violation.rule).ok_or_else(|| {
            Error::unusable_input(format!("the rule `{}` has no words", violation.rule))
        })?;
        Ok(Finding {
            rule: doc.id.clone(),
            severity: doc.severity,
            target: violation.target,
            message: self.render_message(doc, &violation.parameters)?,
            help: doc.remedy.clone(),
            evidence: violation.evidence,
        })
    }

    pub(in crate::judge) fn run_checks(&self, context: &RuleContext) -> Result<Vec<Finding>> {
        let checks = CHECKS.iter().chain(self.pack_checks());
        let violations = checks.flat_map(|check| check(context));
        let findings: Result<Vec<Finding>> =
            violations.map(|violation| self.word_violation(violation)).collect();
        let mut findings = findings?;
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Ok(findings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_says_why_it_matters_and_what_to_do() {
        for doc in RuleBook::load(None).unwrap().iter_rules() {
            for text in [&doc.title, &doc.looks_at, &doc.why, &doc.example, &doc.remedy] {
                assert!(text.trim().len() > 10, "{}", doc.id);
            }
        }
    }
}
