//! Remarks: what the checks say about places of a report, before it is put into words.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;
use serde_json::Value;

use super::evidence_index::{EvidenceIndex, FactRef};
use crate::judge::EvidenceRef;

/// How a statement stands to the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClaimStatus {
    /// The evidence says the same.
    Supported,
    /// The evidence says something else.
    Contradicted,
    /// Nothing in the evidence carries it.
    Unsupported,
    /// The words mean something else than what was captured.
    Misworded,
}

impl ClaimStatus {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Contradicted, Self::Unsupported, Self::Misworded, Self::Supported];

    /// The word for it in files and reports.
    pub fn status_name(self) -> &'static str {
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
pub(super) struct ClaimRemark {
    /// The place in the file.
    pub place: Range<usize>,
    /// How the statement stands.
    pub status: ClaimStatus,
    /// The rule that it offends, and the parameters of the rule's message.
    pub rule: Option<&'static str>,
    /// The parameters of the message.
    pub parameters: BTreeMap<&'static str, Value>,
    /// The facts that it rests on: id and target.
    pub facts: Vec<(String, String)>,
    /// Further places that it rests on.
    pub places: Vec<EvidenceRef>,
}

impl ClaimRemark {
    /// The evidence says the same.
    pub(super) fn supported_claim(place: Range<usize>) -> Self {
        Self {
            place,
            status: ClaimStatus::Supported,
            rule: None,
            parameters: BTreeMap::new(),
            facts: Vec::new(),
            places: Vec::new(),
        }
    }

    /// A statement that offends a rule.
    pub(super) fn violates_rule(
        rule: &'static str,
        status: ClaimStatus,
        place: Range<usize>,
    ) -> Self {
        Self { status, rule: Some(rule), ..Self::supported_claim(place) }
    }

    /// Sets a parameter of the message.
    #[must_use]
    pub(super) fn with_parameter(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.parameters.insert(name, value.into());
        self
    }

    /// Adds a fact that it rests on.
    #[must_use]
    pub(super) fn resting_on_fact(mut self, id: &str, target: &str) -> Self {
        let fact = (id.to_string(), target.to_string());
        if !self.facts.contains(&fact) {
            self.facts.push(fact);
        }
        self
    }

    /// The stated value differs from what the evidence says about a fact.
    pub(super) fn contradicted_by(
        index: &EvidenceIndex,
        place: Range<usize>,
        stated: &str,
        fact_ref: &FactRef,
    ) -> Self {
        Self::violates_rule("claim-contradicts-evidence", ClaimStatus::Contradicted, place)
            .with_parameter("stated", crate::text::make_visible(stated))
            .with_parameter("found", fact_ref.shown_value())
            .with_parameter("title", index.fact_title(fact_ref.id))
            .with_parameter("target", index.reader_name(fact_ref.target))
            .resting_on_fact(fact_ref.id, fact_ref.target)
    }

    /// The stated value is about a fact that is not captured.
    pub(super) fn without_evidence(
        index: &EvidenceIndex,
        place: Range<usize>,
        stated: &str,
        id: &str,
        target: &str,
    ) -> Self {
        let reason = match index.missing_reason(id, target) {
            Some(missing) => missing.reason.clone(),
            None => "no file or command of this run has it".into(),
        };
        Self::violates_rule("claim-without-evidence", ClaimStatus::Unsupported, place)
            .with_parameter("stated", crate::text::make_visible(stated))
            .with_parameter("title", index.fact_title(id))
            .with_parameter("target", index.reader_name(target))
            .with_parameter("reason", reason)
            .resting_on_fact(id, target)
    }
}
