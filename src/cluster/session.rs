//! What stays the same during a session in a cluster.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use super::client::ClusterClient;
use super::nodes::{ClusterNode, NodeChoice};
use super::pod::{NodeViewLevel, PodSettings};
use crate::collect::{CollectProgress, RuntimeArgument};
use crate::model::{Fleet, FleetClass, NOT_FOR_NODE, Role};
use crate::probe::catalogue::ProbeCatalogue;
use crate::process::CancelFlag;

/// Why of the node's side something is not shown, without a view, with one of its processes' names
/// and with a full one.
pub(super) const NO_VIEW: &str = "a pod without rights cannot look at its node, and the node's object does \
                       not say";

pub(super) const NAMES_ONLY: &str = "of its node's processes a pod without rights sees names and arguments, \
                          and the node's object does not say";

pub(super) const FULL_VIEW: &str = "asked from a pod it would show that pod and not the node, or it takes the \
                         container's engine to say";

pub(crate) struct ClusterOptions {
    pub nodes: NodeChoice,
    /// Which classes; by default all of the cluster, and a pod without one.
    pub classes: Vec<RuntimeArgument>,
    /// The class that the others are compared with.
    pub baseline: Option<String>,
    /// How many nodes are probed at a time.
    pub parallel: usize,
    pub node_view: Option<NodeViewLevel>,
    /// How often each class is started on each node to be timed; 0 for not at all.
    pub starts: u32,
    pub pods: PodSettings,
    /// The edition of a pack that the runs are for.
    pub edition: Option<String>,
    pub label: Option<String>,
}

impl ClusterOptions {
    /// What a session that died was asked for, as far as its runs say it.
    pub(crate) fn take_from_fleet(&mut self, fleet: &Fleet) {
        self.pods.session.clone_from(&fleet.id);
        self.pods.image.clone_from(&fleet.image);
        self.label.clone_from(&fleet.label);
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PodClass {
    pub name: String,
    pub role: Role,
    /// The RuntimeClass; none for a pod that asks for none.
    pub class: Option<String>,
    pub named: bool,
    /// The labels of the nodes that it is for; none if it is for all.
    pub selector: BTreeMap<String, String>,
}

impl PodClass {
    /// One that a session that died was asked for.
    pub(crate) fn of_fleet(class: &FleetClass) -> Self {
        Self {
            name: class.name.clone(),
            role: class.role,
            class: class.class.clone(),
            named: class.named,
            selector: BTreeMap::new(),
        }
    }

    /// Why no pod of this class can be on a node: the class is for others.
    pub(crate) fn refuse_node(&self, node: &ClusterNode) -> Option<String> {
        let missing = self
            .selector
            .iter()
            .find(|(label, value)| node.labels.get(*label).is_none_or(|of_node| of_node != *value));
        let (label, value) = missing?;
        Some(format!("{NOT_FOR_NODE}{label}={value}, which this node has not: no pod was started"))
    }
}

pub(crate) struct ClusterSession<'a> {
    pub client: &'a ClusterClient,
    pub options: &'a ClusterOptions,
    /// The classes, the baseline first.
    pub classes: Vec<PodClass>,
    pub catalogue: &'a ProbeCatalogue,
    /// Set when the user wants to stop.
    pub cancel: &'a CancelFlag,
    pub progress: &'a dyn CollectProgress,
}

impl ClusterSession<'_> {
    /// Why a look at a node does not show everything.
    pub(super) fn unseen_words(&self) -> &'static str {
        match self.options.node_view {
            None => NO_VIEW,
            Some(NodeViewLevel::Processes) => NAMES_ONLY,
            Some(NodeViewLevel::Full) => FULL_VIEW,
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }
}
