//! Remarks: what the checks say about places of a report, before it is put into words.

use crate::model::{FactId, RuleId};
use std::ops::Range;

use serde_json::{Value, json};

use super::evidence_index::{EvidenceIndex, FactRef};
use super::messages::{ClaimContradictsEvidence, ClaimWithoutEvidence};
pub(super) use crate::judge::ClaimStatus;
use crate::judge::{EvidenceRef, RuleMessage};
use crate::text::make_visible;

/// What a check says about a place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ClaimRemark {
    /// The place in the file.
    pub place: Range<usize>,
    /// How the statement stands.
    pub status: ClaimStatus,
    /// The rule that it offends.
    pub rule: Option<RuleId<'static>>,
    /// The parameters of the rule's message.
    pub parameters: Value,
    /// How a value that agrees is shown, if not as it was captured, and what is said after it.
    pub shown: Option<String>,
    pub note: Option<String>,
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
            parameters: Value::Null,
            shown: None,
            note: None,
            facts: Vec::new(),
            places: Vec::new(),
        }
    }

    /// A statement that offends a rule, whose message this is.
    pub(super) fn violates_rule<M: RuleMessage>(
        message: M,
        status: ClaimStatus,
        place: Range<usize>,
    ) -> Self {
        let parameters = json!(message);
        Self { status, rule: Some(M::RULE), parameters, ..Self::supported_claim(place) }
    }

    /// Adds a fact that it rests on.
    #[must_use]
    pub(super) fn with_fact(mut self, id: FactId, target: &str) -> Self {
        let fact = (id.to_string(), target.to_string());
        if !self.facts.contains(&fact) {
            self.facts.push(fact);
        }
        self
    }

    /// The stated value differs from what the evidence says about a fact, which is `found`; the
    /// value is captured `elsewhere`, if that is known.
    pub(super) fn contradicted_by(
        index: &EvidenceIndex,
        place: Range<usize>,
        stated: &str,
        fact_ref: &FactRef,
        found: &str,
        elsewhere: Option<&str>,
    ) -> Self {
        Self::contradicts_fact(
            index,
            place,
            stated,
            (fact_ref.id, fact_ref.target),
            found,
            elsewhere,
        )
    }

    /// The stated value is of a target that did not start, or of which it was not captured. A report
    /// that shows the failure hides nothing: of such a value there is no evidence, and no more is
    /// said.
    pub(super) fn without_value(
        index: &EvidenceIndex,
        place: Range<usize>,
        stated: &str,
        id: FactId,
        target: &str,
    ) -> Self {
        if !index.never_ran(target) || index.is_failure_shown(target) {
            return Self::without_evidence(index, place, stated, id, target);
        }
        Self::contradicts_fact(index, place, stated, (id, target), "that it did not start", None)
    }

    /// The stated value of a fact, by its id and target, is not what was `found`.
    pub(super) fn contradicts_fact(
        index: &EvidenceIndex,
        place: Range<usize>,
        stated: &str,
        (id, target): (FactId, &str),
        found: &str,
        elsewhere: Option<&str>,
    ) -> Self {
        let message = ClaimContradictsEvidence {
            stated: &make_visible(stated),
            found,
            title: &index.fact_title(id),
            target: &index.reader_name(target),
            elsewhere,
        };
        Self::violates_rule(message, ClaimStatus::Contradicted, place).with_fact(id, target)
    }

    /// The stated value is about a fact that is not captured.
    pub(super) fn without_evidence(
        index: &EvidenceIndex,
        place: Range<usize>,
        stated: &str,
        id: FactId,
        target: &str,
    ) -> Self {
        let missing = index.missing_reason(id, target);
        let message = ClaimWithoutEvidence {
            another: false,
            stated: Some(&make_visible(stated)),
            title: &index.fact_title(id),
            target: &index.reader_name(target),
            found: None,
            reason: Some(
                missing.map_or("no file or command of this run has it", |missing| &missing.reason),
            ),
        };
        Self::violates_rule(message, ClaimStatus::Unsupported, place).with_fact(id, target)
    }
}
