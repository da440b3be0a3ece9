//! The options of commands that work in a cluster.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use crate::cluster::{
    ClusterAddress, ClusterOptions, NodeChoice, NodeViewLevel, PodResources, PodSecurity,
    PodSettings, Toleration,
};
use crate::collect::RuntimeArgument;
use crate::engine::EngineKind;
use crate::error::{Error, Result};

/// An engine of this machine, or a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EngineChoice {
    Machine(EngineKind),
    /// Kubernetes.
    Cluster,
}

impl EngineChoice {
    pub(super) fn on_machine(self) -> Option<EngineKind> {
        match self {
            Self::Machine(kind) => Some(kind),
            Self::Cluster => None,
        }
    }
}

#[derive(Debug, Clone, Args)]
#[group(skip)]
#[command(next_help_heading = "In a cluster, with --engine kubernetes")]
pub(super) struct AddressArguments {
    /// The context of the kubeconfig; by default the current one
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// The kubeconfig; by default the one that kubectl takes
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The namespace of the pods; by default that of the context
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    namespace: Option<String>,
}

impl AddressArguments {
    pub(super) fn address(&self) -> ClusterAddress {
        ClusterAddress {
            context: self.context.clone(),
            kubeconfig: self.kubeconfig.clone(),
            namespace: self.namespace.clone(),
        }
    }

    fn list_given(&self) -> Vec<&'static str> {
        let given = [
            ("--context", self.context.is_some()),
            ("--kubeconfig", self.kubeconfig.is_some()),
            ("--namespace", self.namespace.is_some()),
        ];
        given.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name).collect()
    }

    /// Refuses the options of a cluster where none is meant.
    pub(super) fn refuse_for_machine(&self) -> Result<()> {
        refuse_given(&self.list_given())
    }
}

fn refuse_given(given: &[&str]) -> Result<()> {
    match given.first() {
        None => Ok(()),
        Some(option) => Err(Error::unusable_input(format!("{option} is about a cluster"))
            .with_help("add --engine kubernetes, or leave it out")),
    }
}

#[derive(Debug, Clone, Args)]
#[group(skip)]
#[command(next_help_heading = "In a cluster, with --engine kubernetes")]
pub(super) struct ClusterArguments {
    #[command(flatten)]
    address: AddressArguments,
    /// Read what a session that was killed left in the cluster, and remove its pods: its id, its
    /// label, or `latest`
    #[arg(long, value_name = "SESSION", conflicts_with_all = ["classes", "nodes", "parallel",
          "node_view"])]
    pub(super) resume: Option<String>,
    /// A RuntimeClass to probe, any number of times; `default` is a pod that asks for none; by
    /// default that and every class of the cluster
    #[arg(long = "runtime-class", value_name = "NAME[=CLASS]")]
    classes: Vec<RuntimeArgument>,
    /// The nodes: so many that differ, `all`, those of a label selector, or node/NAME; by default 1
    #[arg(long, value_name = "N|all|SELECTOR|node/NAME")]
    nodes: Option<NodeChoice>,
    /// A taint that the pods tolerate, any number of times: KEY[=VALUE][:EFFECT], or `all`
    #[arg(long = "tolerate", value_name = "TAINT")]
    tolerations: Vec<Toleration>,
    /// How each node is looked at from its side: not at all (none, by default), or, with
    /// --allow-privileged, by a pod that sees its processes, as nobody and without capabilities
    /// (processes) or as the node's root, which also asks the probes on the node (full)
    #[arg(long, value_name = "VIEW", value_parser = ["none", "processes", "full"])]
    node_view: Option<String>,
    /// The level of Pod Security that the pods are made for: restricted, as nobody without
    /// capabilities (by default), or baseline, as the image's own user
    #[arg(long, value_name = "LEVEL", value_parser = ["restricted", "baseline"])]
    pod_security: Option<String>,
    /// How many nodes are probed at a time; by default 10
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=200))]
    parallel: Option<u16>,
    /// When a node asks a registry for the image: IfNotPresent (by default), Never or Always
    #[arg(long, value_name = "WHEN", value_parser = ["IfNotPresent", "Never", "Always"])]
    pull: Option<String>,
    /// A secret of the namespace to ask the registry with, any number of times
    #[arg(long = "pull-secret", value_name = "NAME", value_parser = parse_name)]
    pull_secrets: Vec<String>,
    /// The PriorityClass of the pods
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    priority_class: Option<String>,
    /// The room that each pod asks for; by default cpu=50m,memory=64Mi
    #[arg(long, value_name = "cpu=N,memory=N", value_parser = parse_amounts)]
    pod_requests: Option<Amounts>,
    /// What each pod may use; by default cpu=1,memory=256Mi
    #[arg(long, value_name = "cpu=N,memory=N", value_parser = parse_amounts)]
    pod_limits: Option<Amounts>,
}

/// Processor and memory.
#[derive(Debug, Clone)]
struct Amounts(String, String);

fn parse_amounts(text: &str) -> Result<Amounts, String> {
    let parts: BTreeMap<&str, &str> =
        text.split(',').filter_map(|part| part.split_once('=')).collect();
    match (parts.len(), parts.get("cpu"), parts.get("memory")) {
        (2, Some(cpu), Some(memory)) if text.matches(',').count() == 1 => {
            Ok(Amounts(cpu.to_string(), memory.to_string()))
        }
        _ => Err("both are wanted, as in cpu=50m,memory=64Mi".into()),
    }
}

/// The name of an object, which becomes a part of a path.
fn parse_name(text: &str) -> Result<String, String> {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-' | '.'));
    match is_plain {
        true => Ok(text.into()),
        false => Err("a name has lower-case letters, digits, `-` and `.`".into()),
    }
}

impl ClusterArguments {
    pub(super) fn refuse_for_machine(&self) -> Result<()> {
        let given = [
            ("--resume", self.resume.is_some()),
            ("--runtime-class", !self.classes.is_empty()),
            ("--nodes", self.nodes.is_some()),
            ("--tolerate", !self.tolerations.is_empty()),
            ("--node-view", self.node_view.is_some()),
            ("--pod-security", self.pod_security.is_some()),
            ("--parallel", self.parallel.is_some()),
            ("--pull", self.pull.is_some()),
            ("--pull-secret", !self.pull_secrets.is_empty()),
            ("--priority-class", self.priority_class.is_some()),
            ("--pod-requests", self.pod_requests.is_some()),
            ("--pod-limits", self.pod_limits.is_some()),
        ];
        let mut names = self.address.list_given();
        names.extend(given.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name));
        refuse_given(&names)
    }

    fn node_view_level(&self, is_privileged: bool) -> Result<Option<NodeViewLevel>> {
        let level = self.node_view.as_deref().and_then(|view| view.parse().ok());
        let needed = match (level, is_privileged) {
            (Some(NodeViewLevel::Processes), false) => {
                "--node-view processes starts a pod that sees all processes of its node"
            }
            (Some(NodeViewLevel::Full), false) => {
                "--node-view full starts a pod with all rights on its node"
            }
            (None, true) => {
                return Err(Error::unusable_input(
                    "--allow-privileged allows nothing in a cluster without --node-view",
                )
                .with_help("add --node-view processes or full, or leave it out"));
            }
            _ => return Ok(level),
        };
        Err(Error::unusable_input(needed)
            .with_help("add --allow-privileged, in a namespace that lets it in"))
    }

    fn chosen_resources(&self, usual: PodResources) -> PodResources {
        let (requests, limits) = (self.pod_requests.clone(), self.pod_limits.clone());
        PodResources {
            requests: requests.map_or(usual.requests, |Amounts(cpu, memory)| (cpu, memory)),
            limits: limits.map_or(usual.limits, |Amounts(cpu, memory)| (cpu, memory)),
        }
    }

    pub(super) fn address(&self) -> ClusterAddress {
        self.address.address()
    }

    /// What is collected, by pods that are otherwise as `usual`.
    pub(super) fn options(
        &self,
        usual: PodSettings,
        baseline: Option<String>,
        edition: Option<String>,
        label: Option<String>,
        is_privileged: bool,
    ) -> Result<ClusterOptions> {
        Ok(ClusterOptions {
            nodes: self.nodes.clone().unwrap_or(NodeChoice::Count(1)),
            classes: self.classes.clone(),
            baseline,
            parallel: self.parallel.unwrap_or(10).into(),
            node_view: self.node_view_level(is_privileged)?,
            starts: 0,
            pods: PodSettings {
                pull: self.pull.clone().unwrap_or(usual.pull),
                pull_secrets: self.pull_secrets.clone(),
                priority_class: self.priority_class.clone(),
                resources: self.chosen_resources(usual.resources),
                tolerations: self.tolerations.clone(),
                security: match self.pod_security.as_deref() {
                    Some("baseline") => PodSecurity::Baseline,
                    _ => PodSecurity::Restricted,
                },
                ..usual
            },
            edition,
            label,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_both_given() {
        assert!(parse_amounts("cpu=1,memory=1Gi").is_ok());
        for wrong in ["cpu=1", "cpu=1,cpu=2", "cpu=1,memory=1,x=2", "1,2", ""] {
            assert!(parse_amounts(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_is_no_path() {
        assert!(parse_name("kube-system").is_ok());
        for wrong in ["", "../x", "a/b", "-a", "A"] {
            assert!(parse_name(wrong).is_err(), "{wrong}");
        }
    }
}
