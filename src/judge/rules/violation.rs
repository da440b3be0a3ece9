//! What a rule says of what it found, and the places that it rests on.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::judge::RuleContext;
use crate::model::{Capture, Fact, FactId, FactSource, MissingReason, RuleId};

/// A place in the evidence that a finding rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceRef {
    /// The id of the fact, if the place was read as one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fact: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The capture and line.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub source: Option<FactSource>,
}

impl EvidenceRef {
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
    const RULE: RuleId<'static>;

    /// The violation that says this, about the target among the parameters if there is one.
    fn make_violation(&self) -> Violation {
        let parameters = json!(self);
        let target = parameters["target"].as_str().map(str::to_string);
        Violation { rule: Self::RULE, target, parameters, evidence: Vec::new() }
    }

    /// The violation that says this and rests on a fact.
    fn with_fact(&self, context: &RuleContext, fact: FactId, target: &str) -> Violation {
        self.make_violation().with_fact(context, fact, target)
    }

    /// The violation that says this and rests on a place in a capture.
    fn with_line(&self, capture: &str, line: Option<u32>) -> Violation {
        self.make_violation().with_line(capture, line)
    }
}

/// What a rule found, and the places that it rests on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Violation {
    pub(super) rule: RuleId<'static>,
    pub(super) target: Option<String>,
    pub(in crate::judge) parameters: Value,
    pub(super) evidence: Vec<EvidenceRef>,
}

impl Violation {
    pub(crate) fn with_fact(mut self, context: &RuleContext, fact: FactId, target: &str) -> Self {
        let source = context.run.find_fact(fact, target).and_then(|fact| fact.source().cloned());
        self.evidence.push(EvidenceRef {
            fact: Some(fact.to_string()),
            target: Some(target.to_string()),
            source,
        });
        self
    }

    /// Adds facts of one target that the finding rests on.
    pub(super) fn with_facts<'a>(
        self,
        context: &RuleContext,
        facts: impl IntoIterator<Item = FactId<'a>>,
        target: &str,
    ) -> Self {
        facts.into_iter().fold(self, |violation, fact| violation.with_fact(context, fact, target))
    }

    /// Adds a fact of several targets that the finding rests on.
    pub(super) fn with_targets<'t>(
        self,
        context: &RuleContext,
        fact: FactId,
        targets: impl IntoIterator<Item = &'t str>,
    ) -> Self {
        let targets = targets.into_iter();
        targets.fold(self, |violation, target| violation.with_fact(context, fact, target))
    }

    /// Adds a place in a capture that the finding rests on.
    pub(super) fn with_line(mut self, capture: &str, line: Option<u32>) -> Self {
        let source = Some(FactSource::new(capture, line));
        self.evidence.push(EvidenceRef { fact: None, target: None, source });
        self
    }
}

/// What a rule finds in the targets that are not the host, at most one thing in each.
pub(super) fn find_in_targets<'a>(
    context: &RuleContext<'a>,
    find: impl Fn(&'a str) -> Option<Violation>,
) -> Vec<Violation> {
    context.runtime_names().filter_map(find).collect()
}

/// The captures that a fact was read from, under any target; each once.
pub(super) fn files_of<'a>(context: &RuleContext<'a>, fact: FactId) -> Vec<&'a Capture> {
    let by_target = context.run.facts.get(&*fact).into_iter().flatten();
    let present = by_target.filter(|(_, fact)| fact.is_present());
    let ids: BTreeSet<&str> =
        present.filter_map(|(_, fact)| Some(fact.source()?.capture.as_str())).collect();
    ids.into_iter().filter_map(|id| context.run.find_capture(id)).collect()
}

/// What `say` says of each of some captures, at its first line of the kind.
pub(super) fn first_lines<'a, M: RuleMessage>(
    captures: impl IntoIterator<Item = &'a Capture>,
    is_meant: impl Fn(&str) -> bool,
    say: impl Fn(&'a str, u32) -> M,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    for capture in captures {
        let lines = capture.stdout.text_lines();
        if let Some((_, line)) = lines.iter().zip(1..).find(|(line, _)| is_meant(line)) {
            violations.push(say(&capture.id, line).with_line(&capture.id, Some(line)));
        }
    }
    violations
}

/// The facts, with their targets, that are missing for this reason.
pub(super) fn missing_for<'a>(
    context: &RuleContext<'a>,
    why: MissingReason,
) -> Vec<(FactId<'a>, &'a str)> {
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
