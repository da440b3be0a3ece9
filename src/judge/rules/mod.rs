//! Rules: each looks at one defect of the evidence. What a rule looks at is code here; its words
//! are `data/rules/<id>.toml`, and one cannot exist without the other.

mod completeness;
mod consistency;
mod doc;
mod environment;
mod escape;
mod example;
#[cfg(test)]
mod examples_hold;
mod http;
mod identity;
mod integrity;
mod latency;
mod meaning;
mod performance;
mod startup;
#[cfg(test)]
pub(crate) mod testing;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use super::RuleContext;
use crate::error::Result;
use crate::knowledge::Severity;
use crate::model::{Capture, FactSource, MissingReason};
pub(crate) use consistency::{find_kernel_date, has_impossible_build};
pub(crate) use doc::{RuleBook, RuleDoc};
pub(crate) use example::RuleExample;

/// One defect of the evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The id of the rule.
    pub rule: String,
    /// How much the evidence suffers.
    pub severity: Severity,
    /// The target it is about, if it is about one.
    pub target: Option<String>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
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
    pub fn rests_on(&self, fact: &str, target: Option<&str>) -> bool {
        self.evidence.iter().any(|place| {
            place.fact.as_deref() == Some(fact)
                && target.is_none_or(|target| place.target.as_deref() == Some(target))
        })
    }
}

/// A place in the evidence that a finding rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvidenceRef {
    /// The id of the fact, if the place was read as one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fact: Option<String>,
    /// The target of the fact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The capture and line.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub source: Option<FactSource>,
}

impl EvidenceRef {
    /// The places in captures among these, each once.
    pub fn unique_places(evidence: &[Self]) -> Vec<&FactSource> {
        let mut places: Vec<&FactSource> = Vec::new();
        for source in evidence.iter().filter_map(|place| place.source.as_ref()) {
            if !places.contains(&source) {
                places.push(source);
            }
        }
        places
    }
}

/// What a rule found: the parameters of its message and the places it rests on.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Violation {
    target: Option<String>,
    parameters: BTreeMap<&'static str, Value>,
    evidence: Vec<EvidenceRef>,
}

impl Violation {
    /// A hit about a target.
    pub(crate) fn about_target(target: &str) -> Self {
        Self { target: Some(target.to_string()), ..Self::default() }
            .with_parameter("target", target)
    }

    /// Sets a parameter of the message.
    pub(crate) fn with_parameter(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.parameters.insert(name, value.into());
        self
    }

    /// Adds a fact that the finding rests on.
    pub(crate) fn resting_on(mut self, context: &RuleContext, fact: &str, target: &str) -> Self {
        let source = context.run.find_fact(fact, target).and_then(|fact| fact.source().cloned());
        self.evidence.push(EvidenceRef {
            fact: Some(fact.to_string()),
            target: Some(target.to_string()),
            source,
        });
        self
    }

    /// Adds a place in a capture that the finding rests on.
    fn resting_on_line(mut self, capture: &str, line: Option<u32>) -> Self {
        let source = Some(FactSource::new(capture, line));
        self.evidence.push(EvidenceRef { fact: None, target: None, source });
        self
    }
}

/// The code of a rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RuleCheck {
    /// The id of the rule.
    pub id: &'static str,
    /// What it finds.
    pub run: fn(&RuleContext) -> Vec<Violation>,
}

/// All rules, in the order in which findings of one severity are shown.
const CHECKS: &[RuleCheck] = &[
    RuleCheck { id: "run-altered", run: integrity::run_altered },
    RuleCheck { id: "capture-altered", run: integrity::capture_altered },
    RuleCheck { id: "fact-without-capture", run: integrity::fact_without_capture },
    RuleCheck { id: "host-values-in-guest-slot", run: identity::host_values_in_guest_slot },
    RuleCheck { id: "runtime-not-what-it-says", run: identity::runtime_not_what_it_says },
    RuleCheck { id: "guest-count-is-hosts", run: identity::guest_count_is_hosts },
    RuleCheck { id: "guest-kernel-not-of-release", run: identity::guest_kernel_not_of_release },
    RuleCheck { id: "kata-release-unknown", run: identity::kata_release_unknown },
    RuleCheck { id: "cpu-impossible-beside-host", run: identity::cpu_impossible_beside_host },
    RuleCheck { id: "shim-commit-of-other-release", run: identity::shim_commit_of_other_release },
    RuleCheck { id: "shim-commit-not-of-release", run: identity::shim_commit_not_of_release },
    RuleCheck { id: "impossible-date", run: consistency::impossible_date },
    RuleCheck { id: "kernel-built-before-release", run: consistency::kernel_built_before_release },
    RuleCheck { id: "kernel-newer-than-evidence", run: consistency::kernel_newer_than_evidence },
    RuleCheck { id: "link-local-not-from-mac", run: consistency::link_local_not_from_mac },
    RuleCheck { id: "evidence-disagrees", run: identity::evidence_disagrees },
    RuleCheck { id: "evidence-of-different-days", run: integrity::evidence_of_different_days },
    RuleCheck { id: "health-not-ok", run: http::health_not_ok },
    RuleCheck { id: "proxy-answers-for-localhost", run: http::proxy_answers },
    RuleCheck { id: "proxy-in-path", run: http::proxy_in_path },
    RuleCheck { id: "latency-on-error-status", run: latency::latency_on_error_status },
    RuleCheck { id: "latency-with-error-responses", run: latency::with_error_responses },
    RuleCheck { id: "latency-below-application", run: latency::latency_below_application },
    RuleCheck { id: "latency-constant-slow", run: latency::constant_slow },
    RuleCheck { id: "latency-summary-contradicts", run: latency::latency_summary_contradicts },
    RuleCheck { id: "figure-of-few-digits", run: latency::figure_of_few_digits },
    RuleCheck { id: "latency-warm-up-included", run: latency::warm_up_included },
    RuleCheck { id: "latency-mean-with-outlier", run: latency::mean_with_outlier },
    RuleCheck { id: "latency-one-runtime-only", run: latency::one_runtime_only },
    RuleCheck { id: "startup-without-figure", run: startup::without_figure },
    RuleCheck { id: "control-arms-differ", run: startup::control_arms_differ },
    RuleCheck { id: "startup-of-failed-start", run: startup::failed_start_timed },
    RuleCheck { id: "startup-single-sample", run: startup::single_sample },
    RuleCheck { id: "startup-one-runtime-only", run: startup::one_runtime_only },
    RuleCheck { id: "startup-faster-than-baseline", run: startup::faster_than_baseline },
    RuleCheck { id: "startup-baseline-slow", run: startup::baseline_slow },
    RuleCheck { id: "startup-warm-up-included", run: startup::warm_up_included },
    RuleCheck { id: "startup-image-pull", run: startup::image_pull },
    RuleCheck { id: "startup-with-sudo", run: startup::with_sudo },
    RuleCheck { id: "startup-clocks-mixed", run: startup::clocks_mixed },
    RuleCheck { id: "startup-order-unknown", run: startup::order_unknown },
    RuleCheck { id: "copy-to-dev-null", run: performance::copy_to_dev_null },
    RuleCheck { id: "write-without-sync", run: performance::write_without_sync },
    RuleCheck { id: "figure-near-clock-tick", run: performance::near_clock_tick },
    RuleCheck { id: "memory-by-cgroup-only", run: performance::memory_by_cgroup_only },
    RuleCheck { id: "unequal-resources", run: performance::unequal_resources },
    RuleCheck { id: "host-noisy", run: environment::host_noisy },
    RuleCheck { id: "engines-mixed", run: environment::engines_mixed },
    RuleCheck { id: "no-baseline-arm", run: completeness::no_baseline_arm },
    RuleCheck { id: "named-runtime-failed", run: environment::named_runtime_failed },
    RuleCheck { id: "found-runtime-failed", run: environment::found_runtime_failed },
    RuleCheck { id: "run-interrupted", run: environment::run_interrupted },
    RuleCheck { id: "file-not-read", run: integrity::file_not_read },
    RuleCheck { id: "error-in-evidence", run: integrity::error_in_evidence },
    RuleCheck { id: "prose-in-evidence", run: integrity::prose_in_evidence },
    RuleCheck { id: "engine-log-in-evidence", run: integrity::engine_log_in_evidence },
    RuleCheck { id: "probes-unanswered", run: integrity::probes_unanswered },
    RuleCheck { id: "capture-truncated", run: integrity::capture_truncated },
    RuleCheck { id: "address-tentative", run: integrity::address_tentative },
    RuleCheck { id: "escape-not-tested", run: escape::not_tested },
    RuleCheck { id: "share-is-no-escape", run: escape::share_is_no_escape },
    RuleCheck { id: "count-of-error-text", run: meaning::count_of_error_text },
    RuleCheck { id: "guest-count-implausible", run: meaning::guest_count_implausible },
    RuleCheck { id: "proc-entries-not-processes", run: meaning::proc_entries },
    RuleCheck { id: "sys-module-not-loaded-modules", run: meaning::sys_module },
    RuleCheck { id: "cpu-model-weak-evidence", run: meaning::cpu_model },
    RuleCheck { id: "seccomp-across-kernels", run: meaning::seccomp_across_kernels },
    RuleCheck { id: "host-is-virtual", run: environment::host_is_virtual },
    RuleCheck { id: "machine-without-kvm", run: environment::machine_without_kvm },
    RuleCheck { id: "identifiers-not-replaced", run: environment::identifiers_not_replaced },
];

impl RuleBook {
    /// The code of the core's rules and of those of its pack.
    fn all_checks(&self) -> impl Iterator<Item = &'static RuleCheck> {
        CHECKS.iter().chain(self.pack_checks())
    }

    /// Runs every rule.
    ///
    /// # Errors
    ///
    /// The message template of a rule cannot be rendered.
    pub fn run_checks(&self, context: &RuleContext) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for check in self.all_checks() {
            for violation in (check.run)(context) {
                let Some(doc) = self.find_rule(check.id) else { break };
                findings.push(Finding {
                    rule: doc.id.clone(),
                    severity: doc.severity,
                    target: violation.target,
                    message: self.render_message(doc, &json!(violation.parameters))?,
                    help: doc.remedy.clone(),
                    evidence: violation.evidence,
                });
            }
        }
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Ok(findings)
    }
}

/// The captures that a fact was read from, under any target; each once.
fn files_of<'a>(context: &RuleContext<'a>, fact: &str) -> Vec<&'a Capture> {
    let by_target = context.run.facts.get(fact).into_iter().flatten();
    let present = by_target.filter(|(_, fact)| fact.is_present());
    let ids: BTreeSet<&str> =
        present.filter_map(|(_, fact)| Some(fact.source()?.capture.as_str())).collect();
    ids.into_iter().filter_map(|id| context.run.find_capture(id)).collect()
}

/// One hit for each of some captures, at its first line of the kind.
fn first_lines<'a>(
    captures: impl IntoIterator<Item = &'a Capture>,
    is_meant: impl Fn(&str) -> bool,
) -> Vec<Violation> {
    let find = |capture: &Capture| {
        let index = capture.stdout.text_lines().iter().position(|line| is_meant(line))?;
        let number = u32::try_from(index + 1).ok()?;
        Some(
            Violation::default()
                .with_parameter("capture", capture.id.as_str())
                .with_parameter("line", number)
                .resting_on_line(&capture.id, Some(number)),
        )
    };
    captures.into_iter().filter_map(find).collect()
}

/// The pairs of target and place where a fact is missing for one of these reasons.
fn missing_for(context: &RuleContext, why: &[MissingReason]) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (id, by_target) in &context.run.facts {
        for target in by_target.keys() {
            if context.missing_fact(id, target).is_some_and(|missing| why.contains(&missing.why)) {
                out.push((id.clone(), target.clone()));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_has_code_and_words() {
        let book = RuleBook::load(None).unwrap();
        let code: BTreeSet<&str> = CHECKS.iter().map(|check| check.id).collect();
        let words: BTreeSet<&str> = book.iter_rules().map(|doc| doc.id.as_str()).collect();
        assert_eq!(code, words);
        assert_eq!(code.len(), CHECKS.len(), "an id stands twice");
    }

    #[test]
    fn every_rule_says_why_it_matters_and_what_to_do() {
        for doc in RuleBook::load(None).unwrap().iter_rules() {
            for text in [&doc.title, &doc.looks_at, &doc.why, &doc.example, &doc.remedy] {
                assert!(text.trim().len() > 10, "{}", doc.id);
            }
        }
    }
}
