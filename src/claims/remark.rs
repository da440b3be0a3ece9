//! Remarks: what the checks say about places of a report, before it is put into words.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;
use serde_json::Value;

use super::ground::Ground;
use crate::judge::EvidenceRef;

/// How a statement stands to the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// The evidence says the same.
    Supported,
    /// The evidence says something else.
    Contradicted,
    /// Nothing in the evidence carries it.
    Unsupported,
    /// The words mean something else than what was captured.
    Misworded,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Contradicted, Self::Unsupported, Self::Misworded, Self::Supported];

    /// The word for it in files and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Contradicted => "contradicted",
            Self::Unsupported => "unsupported",
            Self::Misworded => "misworded",
        }
    }
}

/// What a check says about a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Remark {
    /// The place in the file.
    pub place: Range<usize>,
    /// How the statement stands.
    pub standing: Standing,
    /// The rule that it offends, and the parameters of the rule's message.
    pub rule: Option<&'static str>,
    /// The parameters of the message.
    pub parameters: BTreeMap<&'static str, Value>,
    /// The facts that it rests on: id and target.
    pub facts: Vec<(String, String)>,
    /// Further places that it rests on.
    pub places: Vec<EvidenceRef>,
}

impl Remark {
    /// The evidence says the same.
    pub fn supported(place: Range<usize>) -> Self {
        Self {
            place,
            standing: Standing::Supported,
            rule: None,
            parameters: BTreeMap::new(),
            facts: Vec::new(),
            places: Vec::new(),
        }
    }

    /// A statement that offends a rule.
    pub fn offends(rule: &'static str, standing: Standing, place: Range<usize>) -> Self {
        Self { standing, rule: Some(rule), ..Self::supported(place) }
    }

    /// Sets a parameter of the message.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.parameters.insert(name, value.into());
        self
    }

    /// Adds a fact that it rests on.
    #[must_use]
    pub fn on(mut self, id: &str, target: &str) -> Self {
        let fact = (id.to_string(), target.to_string());
        if !self.facts.contains(&fact) {
            self.facts.push(fact);
        }
        self
    }

    /// The stated value differs from what the evidence says about a fact.
    pub fn contradicted(
        ground: &Ground,
        place: Range<usize>,
        stated: &str,
        found: &str,
        id: &str,
        target: &str,
    ) -> Self {
        Self::offends("claim-contradicts-evidence", Standing::Contradicted, place)
            .with("stated", crate::text::visible(stated))
            .with("found", found)
            .with("title", ground.title(id))
            .with("target", ground.name(target))
            .on(id, target)
    }

    /// The stated value is about a fact that is not captured.
    pub fn without(
        ground: &Ground,
        place: Range<usize>,
        stated: &str,
        id: &str,
        target: &str,
    ) -> Self {
        let reason = match ground.missing(id, target) {
            Some(missing) => missing.reason.clone(),
            None => "no file or command of this run has it".into(),
        };
        Self::offends("claim-without-evidence", Standing::Unsupported, place)
            .with("stated", crate::text::visible(stated))
            .with("title", ground.title(id))
            .with("target", ground.name(target))
            .with("reason", reason)
            .on(id, target)
    }
}
