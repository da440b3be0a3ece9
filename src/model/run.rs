//! A run: one evidence-gathering session on one host.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Capture, Fact, FactId, Facts};

/// The version of the run file that this program writes.
pub const SCHEMA_VERSION: u32 = 2;

/// One evidence-gathering session: the content of `data/runs/<id>.json`.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(title = "isoproof run"))]
pub struct Run {
    /// The version of this format.
    pub schema_version: u32,
    /// A UTC time and a short hash of the content: `20251127T185734Z-1a2b3c4d`.
    pub id: String,
    /// `sha256:` and the SHA-256 of the run's record: everything but the label, the bytes of
    /// captures, which have digests of their own, and the facts, which follow from them. Files of
    /// isoproof before it wrote one have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// A name given by the user, who may change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// When the run was recorded.
    pub created: DateTime<Utc>,
    /// The form of the exercise that the run was made for, where a pack knows one; version 1 of the
    /// format always names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<String>,
    /// The program that wrote the file.
    pub generator: Generator,
    /// How the evidence was come by.
    pub evidence: EvidenceKind,
    /// What was replaced by pseudonyms before anything was written.
    pub redaction: Redaction,
    /// What was probed: the host, then the baseline, then the candidates.
    pub targets: Vec<Target>,
    /// The record.
    pub captures: Vec<Capture>,
    /// What was read from the record; always derivable from `captures` again.
    pub facts: Facts,
}

/// The parts of a session that measure times, by the beginning of the ids of their probes.
const TIMED_PARTS: [&str; 3] = ["startup", "perf", "http"];

/// Whether a probe belongs to a part of a session: `app.health` to `app`.
pub fn is_part_of(probe: &str, part: &str) -> bool {
    probe.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether a probe belongs to a part of a session that measures times.
pub fn is_timed(probe: &str) -> bool {
    TIMED_PARTS.iter().any(|part| is_part_of(probe, part))
}

/// Why a session in a cluster has no times of starts.
pub(crate) const NO_STARTS: &str =
    "starts are timed in a cluster with --samples N, which was not given";

/// The reason for which something was left out, as it is true: older sessions recorded that starts
/// are not measured in a cluster, where they had not been asked for.
pub(crate) fn correct_skip_reason(recorded: &str) -> &str {
    match recorded {
        "start-up is not measured in a cluster" => NO_STARTS,
        recorded => recorded,
    }
}

impl Run {
    /// Why a collected run has no times, where all parts that measure some were left out: the reason
    /// that is recorded for the first. A session that was stopped has those that it came to.
    pub fn untimed_reason(&self) -> Option<&str> {
        let EvidenceKind::Collected { skipped, .. } = &self.evidence else { return None };
        let mut timed = self.facts.iter().filter(|(id, _)| is_timed(id));
        if timed.any(|(_, facts)| facts.values().any(|fact| fact.as_series().is_some())) {
            return None;
        }
        let reasons = TIMED_PARTS.map(|part| skipped.get(part).map(String::as_str));
        let first = reasons.into_iter().reduce(|first, next| first.filter(|_| next.is_some()));
        first.flatten().map(correct_skip_reason)
    }

    /// Whether the evidence was read from files that somebody else wrote.
    pub fn is_imported(&self) -> bool {
        matches!(self.evidence, EvidenceKind::Imported { .. })
    }

    /// The node of a cluster that it was collected on, if it was on one.
    pub fn find_node(&self) -> Option<&str> {
        match &self.evidence {
            EvidenceKind::Collected { node, .. } => node.as_deref(),
            EvidenceKind::Imported { .. } => None,
        }
    }

    /// The target of this name.
    pub fn find_target(&self, name: &str) -> Option<&Target> {
        self.targets.iter().find(|target| target.name == name)
    }

    /// The targets of this role, in order.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = &Target> {
        self.targets.iter().filter(move |target| target.role == role)
    }

    /// The capture of this id.
    pub fn find_capture(&self, id: &str) -> Option<&Capture> {
        self.captures.iter().find(|capture| capture.id == id)
    }

    /// The facts of which anything is known on any target.
    pub fn fact_ids(&self) -> impl Iterator<Item = FactId<'_>> {
        self.facts.keys().map(|id| FactId::from_text(id))
    }

    /// What is known about `id` on `target`.
    pub fn find_fact(&self, id: FactId, target: &str) -> Option<&Fact> {
        self.facts.get(&*id)?.get(target)
    }
}

/// The program that wrote a run.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generator {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Generator {
    /// This program.
    pub fn this_program() -> Self {
        Self { name: env!("CARGO_PKG_NAME").into(), version: env!("CARGO_PKG_VERSION").into() }
    }
}

/// How the evidence was come by.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EvidenceKind {
    /// Read from files that somebody else wrote.
    Imported {
        /// The form of the files: `hyperfine`, or the name of the pack that reads them.
        form: String,
    },
    /// Captured by isoproof.
    Collected {
        /// The engine that started the containers.
        engine: String,
        /// The image that they were made from.
        image: String,
        /// The label that they carried.
        session: String,
        /// The node of a cluster that the containers ran on; none where the engine is one of a
        /// machine.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<String>,
        /// Whether the user stopped it before it was complete.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        interrupted: bool,
        /// The parts that were left out, by the beginning of the ids of their probes (`escape`,
        /// `app.health_proxied`), each with the reason.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        skipped: BTreeMap<String, String>,
    },
}

/// What was probed.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// A short name, unique in the run: `host`, `runc`, `kata`.
    pub name: String,
    /// Its part in the comparison.
    pub role: Role,
    /// The engine that starts it, where one does and it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// The runtime handler that the engine was asked for, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler: Option<String>,
    /// Whether the user named it, and did not leave the choice to isoproof.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub named: bool,
    /// The engine's words, where the target could not be started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// What is said of a command that the user stopped.
pub(crate) const STOPPED_BY_USER: &str = "stopped by the user";

/// How the reason begins for which a class is not tested on a node that it is not for.
pub(crate) const NOT_FOR_NODE: &str = "the class is only for nodes with the label ";

/// How it ended where nothing of a target's container was seen, by what was recorded of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum StartEnd {
    /// It could not be started.
    Failed,
    /// The user stopped the session while it started.
    Stopped,
    /// It was not to be started: the class of a cluster is for other nodes.
    OtherNode,
}

impl StartEnd {
    /// What these words, which were recorded in the place of a start, say.
    pub fn of_failure(words: &str) -> Self {
        match words {
            STOPPED_BY_USER => Self::Stopped,
            words if words.starts_with(NOT_FOR_NODE) => Self::OtherNode,
            _ => Self::Failed,
        }
    }

    /// The id of it in templates and data.
    pub fn end_id(self) -> &'static str {
        self.into()
    }
}

impl Target {
    /// One that nobody named, without what is known of an engine.
    pub fn of_role(name: &str, role: Role, failure: Option<String>) -> Self {
        Self { name: name.into(), role, engine: None, handler: None, named: false, failure }
    }

    /// The engine's words, where it could not be started. Older records take a start that the user
    /// stopped for one that failed.
    pub fn start_failure(&self) -> Option<&str> {
        self.failure.as_deref().filter(|_| !self.is_stopped())
    }

    /// Whether the user stopped the session while it started.
    pub fn is_stopped(&self) -> bool {
        self.failure.as_deref().map(StartEnd::of_failure) == Some(StartEnd::Stopped)
    }
}

/// The part of a target in the comparison.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "lowercase")]
pub enum Role {
    /// The machine itself.
    Host,
    /// The runtime that the candidates are compared with.
    Baseline,
    /// A runtime whose isolation is in question.
    Candidate,
}

impl_into_str!(Role);

/// What was replaced by pseudonyms before anything was written.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redaction {
    /// Whether identifiers were looked for at all.
    pub applied: bool,
    /// How many occurrences were replaced, by kind (`mac`, `user`).
    #[serde(default)]
    pub replaced: BTreeMap<String, u32>,
    /// Which key the pseudonyms were made with, by a hash of it: those of two keys cannot be
    /// compared. None of a run without pseudonyms, or that does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}
