//! What is said about a hand-written report and its places.

use std::ops::Range;

use serde::Serialize;

use super::{EvidenceRef, Severity, SwitchedOff};

/// How a statement stands to the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
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

impl_into_str!(ClaimStatus);

impl ClaimStatus {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Contradicted, Self::Unsupported, Self::Misworded, Self::Supported];
}

/// What is said about a place of a report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClaimResult {
    /// The line in the file, counted from 1.
    pub line: usize,
    /// The column of the first character, counted from 1.
    pub column: usize,
    /// The line of the last character.
    pub end_line: usize,
    /// The column after the last character.
    pub end_column: usize,
    /// The bytes of the file.
    #[serde(skip)]
    pub range: Range<usize>,
    /// How the statement stands to the evidence.
    #[serde(rename = "standing")]
    pub status: ClaimStatus,
    /// The rule that it offends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// How severe that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The words at the place.
    pub quote: String,
    /// What is said, in one sentence.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// What it rests on.
    pub evidence: Vec<EvidenceRef>,
}

/// What is said about a report.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CheckedClaims {
    /// What is said about its places, in the order of the text.
    pub annotations: Vec<ClaimResult>,
    /// The rules about reports that the project switched off.
    pub switched_off: Vec<SwitchedOff>,
}
