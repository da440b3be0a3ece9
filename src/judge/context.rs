//! What is judged: a run with what its loading found out.

use serde_json::Value;

use super::edition::PackEdition;
use super::timing::RunTiming;
use super::verdict::conclusion::Verdict;
use crate::knowledge::{KnowledgeBase, is_runtime};
use crate::model::{Fact, FactId, MissingFact, Role, Run, Samples, Target};
use crate::probe::catalogue::ProbeCatalogue;
use crate::store::integrity::IntegrityReport;

/// A run before the judge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RuleContext<'a> {
    pub run: &'a Run,
    /// What does not fit together in its file.
    pub integrity: &'a IntegrityReport,
    /// The questions that are known, with what an answer is worth.
    pub catalogue: &'a ProbeCatalogue,
    /// The verdicts on its targets; none while they are made.
    pub verdicts: &'a [Verdict],
    pub known: &'a KnowledgeBase,
    /// The edition of a pack whose demands the report answers, if any.
    pub asks: Option<&'a dyn PackEdition>,
    /// The candidate that the report's document is about, where it is not simply the first one.
    pub subject: Option<&'a str>,
    pub timing: &'a RunTiming,
    /// The margin within which a difference of times does not matter.
    pub margin: f64,
}

impl<'a> RuleContext<'a> {
    /// The name of the host's target, if the run has one.
    pub(crate) fn host_name(&self) -> Option<&'a str> {
        self.run.with_role(Role::Host).map(|target| target.name.as_str()).next()
    }

    pub(crate) fn fact_value(&self, id: FactId, target: &str) -> Option<&'a Value> {
        self.run.find_fact(id, target).and_then(Fact::as_value)
    }

    pub(crate) fn fact_text(&self, id: FactId, target: &str) -> Option<&'a str> {
        self.run.find_fact(id, target).and_then(Fact::as_str)
    }

    pub(crate) fn fact_integer(&self, id: FactId, target: &str) -> Option<i64> {
        self.run.find_fact(id, target).and_then(Fact::as_i64)
    }

    pub(crate) fn fact_flag(&self, id: FactId, target: &str) -> Option<bool> {
        self.fact_value(id, target).and_then(Value::as_bool)
    }

    /// The items of a fact that is a list; none of any other.
    pub(crate) fn fact_items(&self, id: FactId, target: &str) -> &'a [Value] {
        self.fact_value(id, target).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The words of a fact that is a list of them; none of any other.
    pub(crate) fn fact_words(&self, id: FactId, target: &str) -> Vec<&'a str> {
        self.fact_items(id, target).iter().filter_map(Value::as_str).collect()
    }

    pub(crate) fn fact_field(&self, id: FactId, target: &str, field: &str) -> Option<&'a Value> {
        self.fact_value(id, target)?.get(field)
    }

    pub(crate) fn fact_number(&self, id: FactId, target: &str, field: &str) -> Option<f64> {
        self.fact_field(id, target, field).and_then(Value::as_f64)
    }

    /// Whether there is a value or a series.
    pub(crate) fn is_present(&self, id: FactId, target: &str) -> bool {
        self.run.find_fact(id, target).is_some_and(Fact::is_present)
    }

    pub(crate) fn fact_series(&self, id: FactId, target: &str) -> Option<&'a Samples> {
        self.run.find_fact(id, target).and_then(Fact::as_series)
    }

    pub(crate) fn missing_fact(&self, id: FactId, target: &str) -> Option<&'a MissingFact> {
        match self.run.find_fact(id, target) {
            Some(Fact::Missing(missing)) => Some(missing),
            _ => None,
        }
    }

    /// Whether the evidence was read from files that somebody else wrote.
    pub(crate) fn is_imported(&self) -> bool {
        self.run.is_imported()
    }

    /// Whether a target is Kata, as far as the evidence says so.
    pub(crate) fn is_kata(&self, target: &str) -> bool {
        self.run.find_target(target).is_some_and(|target| is_runtime(self.run, target, "kata"))
    }

    /// Whether a target is gVisor, as far as the evidence says so.
    pub(crate) fn is_gvisor(&self, target: &str) -> bool {
        let found = self.run.find_target(target);
        found
            .is_some_and(|it| ["gvisor", "runsc"].iter().any(|name| is_runtime(self.run, it, name)))
    }

    /// Whether the verdict on a target is that it has a kernel of its own.
    pub(crate) fn is_separate(&self, target: &str) -> bool {
        self.target_verdict(target).is_some_and(|verdict| verdict.conclusion.is_separate())
    }

    /// The target of a role: of several candidates the one that the report's document is about.
    pub(crate) fn role_target(&self, role: Role) -> Option<&'a Target> {
        match (role, self.subject) {
            (Role::Candidate, Some(subject)) => self.run.find_target(subject),
            _ => self.run.with_role(role).next(),
        }
    }

    pub(crate) fn target_verdict(&self, target: &str) -> Option<&'a Verdict> {
        self.verdicts.iter().find(|verdict| verdict.target == target)
    }

    /// The names of all targets that are not the host.
    pub(crate) fn runtime_names(&self) -> impl Iterator<Item = &'a str> {
        self.run
            .targets
            .iter()
            .filter(|target| target.role != Role::Host)
            .map(|target| target.name.as_str())
    }
}
