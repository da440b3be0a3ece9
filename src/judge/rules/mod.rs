//! Rules: each looks at one defect of the evidence. What a rule looks at is a function here. Its
//! words, its examples and the parameters of its message are `data/rules/<id>.toml`, of which the
//! build makes a type named after the rule: a check that leaves a parameter out, or whose rule has
//! no words, does not compile, and words without a check are code that nobody uses.

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
pub(crate) mod latency;
mod meaning;
mod message_names;
mod performance;
mod messages {
    //! A type for the message of each rule in `data/rules/`.

    include!(concat!(env!("OUT_DIR"), "/rules.rs"));
}
mod startup;
#[cfg(test)]
pub(crate) mod testing;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use super::RuleContext;
use crate::error::{Error, Result};
use crate::knowledge::Severity;
use crate::model::{Capture, Fact, FactId, FactSource, MissingReason};
pub(crate) use consistency::{has_impossible_build, kernel_build_date};
pub(crate) use doc::{RuleBook, RuleDoc};
pub(crate) use example::RuleExample;
pub(in crate::judge) use identity::other_architecture;
pub(in crate::judge) use meaning::{COUNTS, is_doubtful_count, is_hosts_count};

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

/// The message of a rule: its parameters, by the names that they have in its words. The build makes
/// one of every file of words.
pub(crate) trait RuleMessage: Serialize + Sized {
    /// The id of the rule.
    const RULE: &'static str;

    /// The violation that says this, about the target among the parameters if there is one.
    fn make_violation(&self) -> Violation {
        let parameters = json!(self);
        let target = parameters["target"].as_str().map(str::to_string);
        Violation { rule: Self::RULE, target, parameters, evidence: Vec::new() }
    }

    /// The violation that says this and rests on a fact.
    fn resting_on(&self, context: &RuleContext, fact: FactId, target: &str) -> Violation {
        self.make_violation().resting_on(context, fact, target)
    }

    /// The violation that says this and rests on a place in a capture.
    fn resting_on_line(&self, capture: &str, line: Option<u32>) -> Violation {
        self.make_violation().resting_on_line(capture, line)
    }
}

/// What a rule found, and the places that it rests on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Violation {
    rule: &'static str,
    target: Option<String>,
    parameters: Value,
    evidence: Vec<EvidenceRef>,
}

impl Violation {
    /// The id of the rule.
    pub(in crate::judge) fn rule_id(&self) -> &'static str {
        self.rule
    }

    /// What its message says.
    pub(in crate::judge) fn rule_parameters(&self) -> &Value {
        &self.parameters
    }

    /// Adds a fact that the finding rests on.
    pub(crate) fn resting_on(mut self, context: &RuleContext, fact: FactId, target: &str) -> Self {
        let source = context.run.find_fact(&fact, target).and_then(|fact| fact.source().cloned());
        self.evidence.push(EvidenceRef {
            fact: Some(fact.to_string()),
            target: Some(target.to_string()),
            source,
        });
        self
    }

    /// Adds facts of one target that the finding rests on.
    fn resting_on_facts<'a>(
        self,
        context: &RuleContext,
        facts: impl IntoIterator<Item = FactId<'a>>,
        target: &str,
    ) -> Self {
        facts.into_iter().fold(self, |violation, fact| violation.resting_on(context, fact, target))
    }

    /// Adds a fact of several targets that the finding rests on.
    fn resting_on_targets<'t>(
        self,
        context: &RuleContext,
        fact: FactId,
        targets: impl IntoIterator<Item = &'t str>,
    ) -> Self {
        let targets = targets.into_iter();
        targets.fold(self, |violation, target| violation.resting_on(context, fact, target))
    }

    /// Adds a place in a capture that the finding rests on.
    fn resting_on_line(mut self, capture: &str, line: Option<u32>) -> Self {
        let source = Some(FactSource::new(capture, line));
        self.evidence.push(EvidenceRef { fact: None, target: None, source });
        self
    }
}

/// What a rule finds in the targets that are not the host, at most one thing in each.
fn find_in_targets<'a>(
    context: &RuleContext<'a>,
    find: impl Fn(&'a str) -> Option<Violation>,
) -> Vec<Violation> {
    context.runtime_names().filter_map(find).collect()
}

/// The code of a rule: what it finds in a run.
pub(crate) type RuleCheck = fn(&RuleContext) -> Vec<Violation>;

/// All rules, in the order in which findings of one severity are shown.
const CHECKS: &[RuleCheck] = &[
    integrity::run_altered,
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
    /// The code of the core's rules and of those of its pack.
    fn all_checks(&self) -> impl Iterator<Item = &'static RuleCheck> {
        CHECKS.iter().chain(self.pack_checks())
    }

    /// Runs every rule on a run with its verdicts.
    ///
    /// # Errors
    ///
    /// The message template of a rule cannot be rendered.
    pub(in crate::judge) fn run_checks(&self, context: &RuleContext) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for violation in self.all_checks().flat_map(|check| check(context)) {
            let doc = self.find_rule(violation.rule).ok_or_else(|| {
                Error::unusable_input(format!("the rule `{}` has no words", violation.rule))
            })?;
            findings.push(Finding {
                rule: doc.id.clone(),
                severity: doc.severity,
                target: violation.target,
                message: self.render_message(doc, &violation.parameters)?,
                help: doc.remedy.clone(),
                evidence: violation.evidence,
            });
        }
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Ok(findings)
    }
}

/// The captures that a fact was read from, under any target; each once.
fn files_of<'a>(context: &RuleContext<'a>, fact: FactId) -> Vec<&'a Capture> {
    let by_target = context.run.facts.get(&*fact).into_iter().flatten();
    let present = by_target.filter(|(_, fact)| fact.is_present());
    let ids: BTreeSet<&str> =
        present.filter_map(|(_, fact)| Some(fact.source()?.capture.as_str())).collect();
    ids.into_iter().filter_map(|id| context.run.find_capture(id)).collect()
}

/// What `say` says of each of some captures, at its first line of the kind.
fn first_lines<'a, M: RuleMessage>(
    captures: impl IntoIterator<Item = &'a Capture>,
    is_meant: impl Fn(&str) -> bool,
    say: impl Fn(&'a str, u32) -> M,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    for capture in captures {
        let lines = capture.stdout.text_lines();
        if let Some((_, line)) = lines.iter().zip(1..).find(|(line, _)| is_meant(line)) {
            violations.push(say(&capture.id, line).resting_on_line(&capture.id, Some(line)));
        }
    }
    violations
}

/// The facts, with their targets, that are missing for this reason.
fn missing_for<'a>(context: &RuleContext<'a>, why: MissingReason) -> Vec<(FactId<'a>, &'a str)> {
    let mut found = Vec::new();
    for (id, by_target) in &context.run.facts {
        for (target, fact) in by_target {
            if matches!(fact, Fact::Missing(missing) if missing.why == why) {
                found.push((FactId::from_text(id), target.as_str()));
            }
        }
    }
    found
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
