//! What is judged: a run with what its loading found out.

use serde_json::Value;

use super::timing::Timing;
use super::verdict::{Verdict, judge_target};
use crate::knowledge::Knowledge;
use crate::model::{Evidence, Fact, Missing, Role, Run, Samples};
use crate::probe::edition::EditionSpec;
use crate::store::integrity::Integrity;

/// A run before the judge.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The run.
    pub run: &'a Run,
    /// What does not fit together in its file.
    pub integrity: &'a Integrity,
    /// What is known beforehand.
    pub known: &'a Knowledge,
    /// What the lab asks for, where that matters.
    pub asks: Option<&'a EditionSpec>,
    /// What its times say.
    pub timing: &'a Timing,
    /// The margin within which a difference of times does not matter.
    pub margin: f64,
}

impl<'a> Case<'a> {
    /// The name of the host's target, if the run has one.
    pub fn host(&self) -> Option<&'a str> {
        self.run.with_role(Role::Host).map(|target| target.name.as_str()).next()
    }

    /// A fact as text.
    pub fn text(&self, id: &str, target: &str) -> Option<&'a str> {
        self.run.fact(id, target).and_then(Fact::as_str)
    }

    /// A fact as a whole number.
    pub fn number(&self, id: &str, target: &str) -> Option<i64> {
        self.run.fact(id, target).and_then(Fact::as_i64)
    }

    /// A fact as yes or no.
    pub fn flag(&self, id: &str, target: &str) -> Option<bool> {
        self.run.fact(id, target).and_then(Fact::as_value).and_then(Value::as_bool)
    }

    /// The words of a fact that is a list of them; none of any other.
    pub fn words(&self, id: &str, target: &str) -> Vec<&'a str> {
        let list = self.run.fact(id, target).and_then(Fact::as_value).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// A field of a fact that is an object.
    pub fn field(&self, id: &str, target: &str, field: &str) -> Option<&'a Value> {
        self.run.fact(id, target).and_then(Fact::as_value)?.get(field)
    }

    /// Whether there is a value or a series.
    pub fn is_present(&self, id: &str, target: &str) -> bool {
        self.run.fact(id, target).is_some_and(Fact::is_present)
    }

    /// A fact as a series.
    pub fn series(&self, id: &str, target: &str) -> Option<&'a Samples> {
        self.run.fact(id, target).and_then(Fact::as_series)
    }

    /// Why a fact is missing, if the run says so.
    pub fn missing(&self, id: &str, target: &str) -> Option<&'a Missing> {
        match self.run.fact(id, target) {
            Some(Fact::Missing(missing)) => Some(missing),
            _ => None,
        }
    }

    /// Whether the evidence was read from files that somebody else wrote.
    pub fn is_imported(&self) -> bool {
        matches!(self.run.evidence, Evidence::Imported { .. })
    }

    /// Whether a target is called Kata, or is asked for by a handler of Kata's.
    pub fn is_called_kata(&self, target: &str) -> bool {
        let handler = self.run.target(target).and_then(|target| target.handler.as_deref());
        target.contains("kata") || handler.is_some_and(|handler| handler.contains("kata"))
    }

    /// The verdict on a target.
    pub fn verdict(&self, target: &str) -> Option<Verdict> {
        self.run.target(target).map(|target| judge_target(self, target))
    }

    /// The names of all targets that are not the host.
    pub fn runtimes(&self) -> impl Iterator<Item = &'a str> {
        self.run
            .targets
            .iter()
            .filter(|target| target.role != Role::Host)
            .map(|target| target.name.as_str())
    }
}
