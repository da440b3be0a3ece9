//! Rules: each looks at one defect of the evidence. What a rule looks at is code here; its words
//! are `data/rules/<id>.toml`, and one cannot exist without the other.

mod doc;
mod http;
mod identity;
mod integrity;
mod meaning;
mod startup;
#[cfg(test)]
pub mod testing;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::Case;
use crate::error::Result;
use crate::knowledge::Severity;
use crate::model::{Source, Why};
pub use doc::{RuleBook, RuleDoc};

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
    pub source: Option<Source>,
}

/// What a rule found: the parameters of its message and the places it rests on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hit {
    target: Option<String>,
    parameters: BTreeMap<&'static str, Value>,
    evidence: Vec<EvidenceRef>,
}

impl Hit {
    /// A hit about a target.
    fn on(target: &str) -> Self {
        Self { target: Some(target.to_string()), ..Self::default() }.with("target", target)
    }

    /// Sets a parameter of the message.
    fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.parameters.insert(name, value.into());
        self
    }

    /// Adds a fact that the finding rests on.
    fn resting_on(mut self, case: &Case, fact: &str, target: &str) -> Self {
        let source = case.run.fact(fact, target).and_then(|fact| fact.source().cloned());
        self.evidence.push(EvidenceRef {
            fact: Some(fact.to_string()),
            target: Some(target.to_string()),
            source,
        });
        self
    }

    /// Adds a place in a capture that the finding rests on.
    fn resting_on_line(mut self, capture: &str, line: Option<u32>) -> Self {
        let source = Some(Source::new(capture, line));
        self.evidence.push(EvidenceRef { fact: None, target: None, source });
        self
    }
}

/// The code of a rule.
#[derive(Clone, Copy)]
struct Check {
    id: &'static str,
    run: fn(&Case) -> Vec<Hit>,
}

/// All rules, in the order in which findings of one severity are shown.
const CHECKS: &[Check] = &[
    Check { id: "capture-altered", run: integrity::capture_altered },
    Check { id: "fact-without-capture", run: integrity::fact_without_capture },
    Check { id: "host-values-in-guest-slot", run: identity::host_values_in_guest_slot },
    Check { id: "runtime-not-what-it-says", run: identity::runtime_not_what_it_says },
    Check { id: "evidence-disagrees", run: identity::evidence_disagrees },
    Check { id: "health-not-ok", run: http::health_not_ok },
    Check { id: "proxy-answers-for-localhost", run: http::proxy_answers },
    Check { id: "latency-on-error-status", run: http::latency_on_error_status },
    Check { id: "latency-below-application", run: http::latency_below_application },
    Check { id: "latency-summary-contradicts", run: http::latency_summary_contradicts },
    Check { id: "startup-without-figure", run: startup::without_figure },
    Check { id: "control-arms-differ", run: startup::control_arms_differ },
    Check { id: "startup-single-sample", run: startup::single_sample },
    Check { id: "no-baseline-arm", run: meaning::no_baseline_arm },
    Check { id: "engine-log-in-evidence", run: integrity::engine_log_in_evidence },
    Check { id: "address-tentative", run: integrity::address_tentative },
    Check { id: "proc-entries-not-processes", run: meaning::proc_entries },
    Check { id: "sys-module-not-loaded-modules", run: meaning::sys_module },
    Check { id: "cpu-model-weak-evidence", run: meaning::cpu_model },
];

impl RuleBook {
    /// Runs every rule.
    ///
    /// # Errors
    ///
    /// The message template of a rule cannot be rendered.
    pub fn check(&self, case: &Case) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for check in CHECKS {
            let Some(doc) = self.get(check.id) else { continue };
            for hit in (check.run)(case) {
                findings.push(Finding {
                    rule: doc.id.clone(),
                    severity: doc.severity,
                    target: hit.target,
                    message: self.message(doc, &json!(hit.parameters))?,
                    help: doc.remedy.clone(),
                    evidence: hit.evidence,
                });
            }
        }
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Ok(findings)
    }
}

/// The pairs of target and place where a fact is missing for one of these reasons.
fn missing_for(case: &Case, why: &[Why]) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (id, by_target) in &case.run.facts {
        for target in by_target.keys() {
            if case.missing(id, target).is_some_and(|missing| why.contains(&missing.why)) {
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
        let words: BTreeSet<&str> = book.iter().map(|doc| doc.id.as_str()).collect();
        assert_eq!(code, words);
        assert_eq!(code.len(), CHECKS.len(), "an id stands twice");
    }

    #[test]
    fn every_rule_says_why_it_matters_and_what_to_do() {
        for doc in RuleBook::load(None).unwrap().iter() {
            for text in [&doc.title, &doc.looks_at, &doc.why, &doc.example, &doc.remedy] {
                assert!(text.trim().len() > 10, "{}", doc.id);
            }
        }
    }
}
