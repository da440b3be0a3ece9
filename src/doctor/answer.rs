//! What a check found, before it is put into words.

use serde_json::{Map, Value};

/// One of the outcomes that a check can have, with what was measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct CheckAnswer {
    pub check: &'static str,
    /// What of several it is about, such as an engine.
    pub about: Option<String>,
    /// The outcome, whose words stand in the table.
    pub outcome: &'static str,
    /// The values that the words mention.
    pub values: Map<String, Value>,
    pub evidence: Vec<String>,
    /// The id of a known fault that explains it.
    pub fault: Option<String>,
    /// Whether what was asked for depends on it.
    pub needed: bool,
}

impl CheckAnswer {
    pub(super) fn new(check: &'static str, outcome: &'static str) -> Self {
        Self { check, outcome, ..Self::default() }
    }

    pub(super) fn about_thing(mut self, about: impl Into<String>) -> Self {
        self.about = Some(about.into());
        self
    }

    pub(super) fn with_value(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.values.insert(name.to_string(), value.into());
        self
    }

    pub(super) fn with_evidence(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }

    pub(super) fn explained_by_fault(mut self, id: Option<&str>) -> Self {
        self.fault = id.map(String::from);
        self
    }

    pub(super) fn needed_if(mut self, needed: bool) -> Self {
        self.needed |= needed;
        self
    }

    pub(super) fn check_id(&self) -> String {
        match &self.about {
            Some(about) => format!("{}.{about}", self.check),
            None => self.check.to_string(),
        }
    }
}
