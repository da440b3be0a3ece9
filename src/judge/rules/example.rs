//! Examples of a rule, as data next to its words: evidence in which it finds something, and
//! evidence in which it does not. Its page shows them, and a test holds the rule to them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::CaptureStatus;

/// Evidence in a few lines, and what the rule says about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleExample {
    /// What the evidence is of, in a sentence.
    pub what: String,
    /// The sentences of the findings, in order; none if the rule finds nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub says: Vec<String>,
    /// Evidence files by their path, read as an import reads them.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// The text of a hand-written report about that evidence, for a rule about reports.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub report: String,
    /// Facts by id and target, in addition to what the files give. A list of numbers is a series
    /// in seconds, a table with the key `missing` is the reason why there is no value.
    #[serde(default)]
    pub facts: BTreeMap<String, BTreeMap<String, Value>>,
    /// What each target was asked for as, by name; those not named are `host`, `runc` and
    /// `kata`, and nothing is known of their handler.
    #[serde(default)]
    pub handlers: BTreeMap<String, String>,
    #[serde(default)]
    pub engines: BTreeMap<String, String>,
    /// What the engine said of a start that failed, by the name of the target.
    #[serde(default)]
    pub failures: BTreeMap<String, String>,
    #[serde(default)]
    pub named: bool,
    /// Whether isoproof collected the evidence; else it was imported.
    #[serde(default)]
    pub collected: bool,
    /// The label that a run without a digest was given after it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed: Option<String>,
    #[serde(default)]
    pub interrupted: bool,
    /// Whether identifiers were left as they are.
    #[serde(default)]
    pub unredacted: bool,
    /// The edition of a pack whose demands are looked at.
    #[serde(default)]
    pub edition: Option<String>,
    /// Files whose text was changed after the run was written, with the new text.
    #[serde(default)]
    pub changed: BTreeMap<String, String>,
    /// Targets into whose record words of a failed start were put after the run was written.
    #[serde(default)]
    pub changed_failures: BTreeMap<String, String>,
    /// Files that could not be read, with the reason; the path of a folder ends in `/`.
    #[serde(default)]
    pub unread: BTreeMap<String, String>,
    /// Captures of which only this beginning was kept, by id.
    #[serde(default)]
    pub truncated: BTreeMap<String, String>,
    /// Other captures of a session, by id, with their output.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub captures: BTreeMap<String, String>,
    /// What became of probes in a container and of its boot (`kata/boot`), by the id of the
    /// capture.
    #[serde(default)]
    pub probes: BTreeMap<String, CaptureStatus>,
    /// Whether the run is checked against its captures, as on every load.
    #[serde(default)]
    pub loaded: bool,
}
