//! A fleet: what one session in a cluster was asked for, nodes times classes, and what came of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{EvidenceKind, Generator, Role, Run};

/// The version of the fleet file that this program writes.
pub const FLEET_VERSION: u32 = 1;

/// What one session was asked for and what came of it: the content of `data/fleets/<id>.json`.
///
/// It is written when the session begins, and again with every run, so one whose session died
/// says what was not reached.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fleet {
    /// The version of this format.
    pub schema_version: u32,
    /// The session, as the pods and the runs of it are labelled.
    pub id: String,
    /// A name given by the user, that of its runs too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// When the session began.
    pub created: DateTime<Utc>,
    /// When it ended; none while it goes on, and if it died.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<DateTime<Utc>>,
    /// The program that wrote the file.
    pub generator: Generator,
    /// The image of the pods.
    pub image: String,
    /// The classes that were asked for, the baseline first.
    pub classes: Vec<FleetClass>,
    /// The nodes that were asked for.
    pub nodes: Vec<FleetNode>,
}

/// A class of pods that was asked for on every node.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetClass {
    /// The name of the target in the runs.
    pub name: String,
    /// Its part in the comparison.
    pub role: Role,
    /// The RuntimeClass; none for a pod that asks for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Whether the user named it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub named: bool,
}

/// A node, and what came of each class on it.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetNode {
    /// Its name, as its run has it.
    pub name: String,
    /// The pool of nodes that it belongs to, where its labels say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// The id of its run; none while there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// By the name of a class, why nothing is known of it here: the cluster's own words.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons: BTreeMap<String, String>,
}

/// What came of a class on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FleetCell<'a> {
    /// It was tested; the id of the run.
    Tested(&'a str),
    /// It was not, for this reason.
    Untested(&'a str),
    /// The session did not come to it, or has not yet.
    NotReached,
}

/// Why a class has no answers that a session was stopped before.
const STOPPED: &str = "the session was stopped before";

impl FleetNode {
    /// A node that was not reached yet.
    pub fn not_reached(name: &str, pool: Option<&str>) -> Self {
        Self {
            name: name.into(),
            pool: pool.map(String::from),
            run: None,
            reasons: BTreeMap::new(),
        }
    }

    /// Whether the run of this node records what became of a class, be it that it did not start.
    pub(crate) fn is_in_run(&self, class: &str) -> bool {
        self.run.is_some() && self.reasons.get(class).is_none_or(|reason| reason != STOPPED)
    }

    /// What came of a class here.
    pub fn find_cell(&self, class: &str) -> FleetCell<'_> {
        match (self.reasons.get(class), &self.run) {
            (Some(reason), _) => FleetCell::Untested(reason),
            (None, Some(run)) => FleetCell::Tested(run),
            (None, None) => FleetCell::NotReached,
        }
    }
}

impl Fleet {
    /// Keeps what a run says of the node at this place, under the name that it has there.
    pub fn add_run(&mut self, index: usize, run: &Run) {
        let Some(node) = self.nodes.get_mut(index) else { return };
        if let EvidenceKind::Collected { node: Some(name), .. } = &run.evidence {
            node.name.clone_from(name);
        }
        node.run = Some(run.id.clone());
        node.reasons.clear();
        for class in &self.classes {
            let reason = match run.find_target(&class.name) {
                Some(target) => target.failure.clone(),
                None => Some(STOPPED.into()),
            };
            node.reasons.extend(reason.map(|reason| (class.name.clone(), reason)));
        }
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A fleet that was asked for Kata on no node yet.
    pub(crate) fn kata_fleet(id: &str) -> Fleet {
        Fleet {
            schema_version: FLEET_VERSION,
            id: id.into(),
            label: None,
            created: DateTime::from_timestamp(1_795_000_000, 0).unwrap(),
            ended: None,
            generator: Generator::this_program(),
            image: "busybox".into(),
            classes: vec![FleetClass {
                name: "kata".into(),
                role: Role::Candidate,
                class: Some("kata-qemu".into()),
                named: true,
            }],
            nodes: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Facts, Redaction, SCHEMA_VERSION, Target};
    use super::*;

    fn reached_node(run: Option<&str>, reasons: &[(&str, &str)]) -> FleetNode {
        FleetNode {
            run: run.map(String::from),
            reasons: reasons
                .iter()
                .map(|(class, why)| (class.to_string(), why.to_string()))
                .collect(),
            ..FleetNode::not_reached("host-1", None)
        }
    }

    #[test]
    fn every_cell_is_a_run_or_a_reason_or_was_not_reached() {
        assert_eq!(reached_node(None, &[]).find_cell("kata"), FleetCell::NotReached);
        let tested = reached_node(Some("r1"), &[("gvisor", "no runtime")]);
        assert_eq!(tested.find_cell("kata"), FleetCell::Tested("r1"));
        assert_eq!(tested.find_cell("gvisor"), FleetCell::Untested("no runtime"));
        assert_eq!(
            reached_node(None, &[("kata", "gone")]).find_cell("kata"),
            FleetCell::Untested("gone")
        );
    }

    #[test]
    fn a_run_gives_its_node_a_run_or_a_reason_for_every_class() {
        let target = |name: &str, failure: Option<&str>| {
            Target::of_role(name, Role::Candidate, failure.map(String::from))
        };
        let class = |name: &str| FleetClass {
            name: name.into(),
            role: Role::Candidate,
            class: None,
            named: false,
        };
        let created = DateTime::UNIX_EPOCH;
        let run = Run {
            schema_version: SCHEMA_VERSION,
            id: "r1".into(),
            digest: None,
            label: None,
            created,
            edition: None,
            generator: Generator::this_program(),
            evidence: EvidenceKind::Collected {
                engine: "kubernetes".into(),
                image: "busybox".into(),
                session: "aa11".into(),
                node: Some("host-7".into()),
                interrupted: true,
                skipped: BTreeMap::new(),
            },
            redaction: Redaction::default(),
            targets: vec![target("kata", None), target("gvisor", Some("no runtime"))],
            captures: Vec::new(),
            facts: Facts::new(),
        };
        let mut fleet = Fleet {
            schema_version: FLEET_VERSION,
            id: "aa11".into(),
            label: None,
            created,
            ended: None,
            generator: Generator::this_program(),
            image: "busybox".into(),
            classes: ["kata", "gvisor", "late"].map(class).to_vec(),
            nodes: vec![FleetNode::not_reached("host-1", None), reached_node(None, &[])],
        };
        fleet.add_run(1, &run);
        let cells = |place: usize| {
            ["kata", "gvisor", "late"].map(|class| fleet.nodes[place].find_cell(class))
        };
        assert_eq!(cells(0), [FleetCell::NotReached; 3]);
        let late = FleetCell::Untested(STOPPED);
        let reached = [FleetCell::Tested("r1"), FleetCell::Untested("no runtime"), late];
        assert_eq!(cells(1), reached);
        assert_eq!(fleet.nodes[1].name, "host-7");
    }
}
