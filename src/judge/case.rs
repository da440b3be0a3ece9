//! What is judged: a run with what its loading found out.

use crate::model::{Fact, Missing, Role, Run, Samples};
use crate::store::integrity::Integrity;

/// A run before the judge.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The run.
    pub run: &'a Run,
    /// What does not fit together in its file.
    pub integrity: &'a Integrity,
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

    /// The names of all targets that are not the host.
    pub fn runtimes(&self) -> impl Iterator<Item = &'a str> {
        self.run
            .targets
            .iter()
            .filter(|target| target.role != Role::Host)
            .map(|target| target.name.as_str())
    }
}
