//! One thing that changed.

use serde::Serialize;
use serde_json::Value;

use super::value::ValuePart;
use crate::model::{FactSource, MissingReason, Role};
use crate::probe::catalogue::EvidenceStrength;

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ChangeKind {
    /// Another verdict on a target, or another confidence in it.
    Verdict,
    /// The first run has this target and the second has not.
    TargetGone,
    /// The second run has this target and the first has not.
    TargetAdded,
    /// The target goes by another name.
    TargetRenamed,
    /// A fact has another value.
    Changed,
    /// A fact that had a value was asked for again, and there is none.
    Unavailable,
    /// A fact that had a value was not asked for.
    Gone,
    /// A fact has a value that had none.
    Appeared,
}

impl_into_str!(ChangeKind);

/// Why one of the runs has no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingSide {
    /// The kind of reason.
    pub missing: MissingReason,
    /// The reason in words.
    pub reason: String,
}

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// What became of it.
    pub kind: ChangeKind,
    /// The id of the fact; `verdict` and `target` where it is no fact.
    pub fact: String,
    /// The target, by its name in the second run if it has it.
    pub target: String,
    /// What the first run has: a value, the id of a verdict, the name of a target.
    pub a: Value,
    /// What the second has.
    pub b: Value,
    /// Why the first has no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a_lacks: Option<MissingSide>,
    /// Why the second has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b_lacks: Option<MissingSide>,
    /// The parts of the value that differ, where it has parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<ValuePart>,
    /// The lines that differ, where it was read from several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
    /// Where the first run has it from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a_source: Option<FactSource>,
    /// Where the second has it from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b_source: Option<FactSource>,
    /// Whether it changes from run to run without meaning.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub volatile: bool,
    /// Whether something that was shown is shown no longer, which fails the gate `regression`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub regression: bool,
    /// What the fact is called; the id where the catalogue does not know it.
    pub title: String,
    /// The role of the target, which decides the order.
    #[serde(skip)]
    pub role: Role,
    /// What the fact is worth as proof, which decides the order.
    #[serde(skip)]
    pub strength: EvidenceStrength,
}

impl Change {
    /// A change of something about a target that is no fact.
    pub(super) fn about_target(kind: ChangeKind, fact: &str, target: &str, role: Role) -> Self {
        Self {
            kind,
            fact: fact.into(),
            target: target.into(),
            a: Value::Null,
            b: Value::Null,
            a_lacks: None,
            b_lacks: None,
            parts: Vec::new(),
            lines: Vec::new(),
            a_source: None,
            b_source: None,
            volatile: false,
            regression: false,
            title: fact.into(),
            role,
            strength: EvidenceStrength::None,
        }
    }

    /// Its place in the order: the verdicts, then the targets, then the facts by what they are
    /// worth as proof, candidates before the baseline before the host, volatile ones last.
    pub(super) fn sort_key(&self) -> (bool, u8, EvidenceStrength, &str, u8, &str) {
        let class = match self.kind {
            ChangeKind::Verdict => 0,
            ChangeKind::TargetGone | ChangeKind::TargetAdded | ChangeKind::TargetRenamed => 1,
            _ => 2,
        };
        let role = match self.role {
            Role::Candidate => 0,
            Role::Baseline => 1,
            Role::Host => 2,
        };
        (self.volatile, class, self.strength, &self.fact, role, &self.target)
    }
}
