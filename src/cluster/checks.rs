//! What a session in a cluster would be refused, found out without starting anything: by questions
//! about rights, and by server-side dry runs of the pods.

use std::collections::BTreeMap;

use chrono::Utc;
use serde_json::{Value, json};

use super::client::{ClusterClient, ClusterError};
use super::pod::probe_pod;
use super::probing::pods_path;
use super::{ClusterNode, NodeChoice, PodClass, PodSettings, choose_classes, choose_nodes};
use crate::doctor::{CheckStatus, MachineCheck};

/// A right that a session needs: verb, group, resource, subresource, whether in the namespace.
const RIGHTS: &[(&str, &str, &str, &str, bool)] = &[
    ("get", "", "nodes", "", false),
    ("list", "", "nodes", "", false),
    ("list", "node.k8s.io", "runtimeclasses", "", false),
    ("create", "", "pods", "", true),
    ("get", "", "pods", "", true),
    ("list", "", "pods", "", true),
    ("delete", "", "pods", "", true),
    ("get", "", "pods", "log", true),
    ("list", "", "events", "", true),
];

/// Asks a cluster what a session would be refused.
pub(crate) fn examine_cluster(client: &ClusterClient, settings: &PodSettings) -> Vec<MachineCheck> {
    let mut checks = vec![check_version(client), check_rights(client)];
    let nodes = choose_nodes(client, &NodeChoice::All);
    let first = nodes.as_ref().ok().and_then(|nodes| {
        nodes.iter().find(|node| node.obstacle.is_none()).map(|node| node.name.clone())
    });
    match nodes {
        Ok(nodes) => checks.extend([check_nodes(&nodes), check_boot_ids(&nodes)]),
        Err(error) => checks.push(failed_check("nodes", "Nodes", error.message)),
    }
    match choose_classes(client, &[], None) {
        Ok(classes) => checks.extend(
            classes.iter().map(|class| check_class(client, settings, class, first.as_deref())),
        ),
        Err(error) => checks.push(failed_check("classes", "Classes", error.message)),
    }
    checks
}

fn make_check(id: &str, status: CheckStatus, title: &str, observed: String) -> MachineCheck {
    MachineCheck {
        id: id.into(),
        status,
        title: title.into(),
        observed,
        expected: String::new(),
        cause: None,
        fix: None,
        evidence: Vec::new(),
    }
}

fn failed_check(id: &str, title: &str, words: String) -> MachineCheck {
    make_check(id, CheckStatus::Fail, title, words)
}

fn check_version(client: &ClusterClient) -> MachineCheck {
    match client.get_object("/version") {
        Ok(version) => {
            let version = version["gitVersion"].as_str().unwrap_or("of no version").to_string();
            let words = format!("Kubernetes {version}, namespace {}", client.namespace());
            make_check("cluster", CheckStatus::Ok, "Cluster", words)
        }
        Err(error) => failed_check("cluster", "Cluster", error.words),
    }
}

fn check_rights(client: &ClusterClient) -> MachineCheck {
    let mut missing = Vec::new();
    for (verb, group, resource, subresource, is_namespaced) in RIGHTS {
        let mut asked = json!({
            "verb": verb, "group": group, "resource": resource, "subresource": subresource,
        });
        if *is_namespaced {
            asked["namespace"] = client.namespace().into();
        }
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": { "resourceAttributes": asked },
        });
        match client
            .create_object("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &review)
        {
            Ok(answer) if answer["status"]["allowed"] == true => {}
            Ok(_) if subresource.is_empty() => missing.push(format!("{verb} {resource}")),
            Ok(_) => missing.push(format!("{verb} {resource}/{subresource}")),
            Err(error) => {
                return make_check("rights", CheckStatus::Unknown, "Rights", error.words);
            }
        }
    }
    if missing.is_empty() {
        return make_check("rights", CheckStatus::Ok, "Rights", "all that are needed".into());
    }
    MachineCheck {
        fix: Some(
            "`isoproof manifest` prints the rights, to be given by who owns the cluster".into(),
        ),
        ..failed_check("rights", "Rights", format!("missing: {}", missing.join(", ")))
    }
}

fn check_nodes(nodes: &[ClusterNode]) -> MachineCheck {
    let ready = nodes.iter().filter(|node| node.obstacle.is_none()).count();
    let status = if ready == 0 { CheckStatus::Fail } else { CheckStatus::Ok };
    make_check("nodes", status, "Nodes", format!("{ready} of {} ready", nodes.len()))
}

/// Whether nodes are machines of their own, by the ids of their boots.
fn check_boot_ids(nodes: &[ClusterNode]) -> MachineCheck {
    let mut by_id: BTreeMap<&str, usize> = BTreeMap::new();
    for node in nodes {
        *by_id.entry(node.boot_id.as_str()).or_default() += 1;
    }
    let silent = by_id.remove("").unwrap_or_default();
    let same: usize = by_id.values().filter(|count| **count > 1).sum();
    let title = "Boot ids";
    if silent > 0 {
        return MachineCheck {
            cause: Some("Without it a kernel of its own cannot be told from the node's.".into()),
            ..make_check(
                "boot-ids",
                CheckStatus::Warn,
                title,
                format!("{silent} of {} nodes state none", nodes.len()),
            )
        };
    }
    let words = match same {
        0 => "every node states its own".into(),
        same => format!("{same} nodes share one with another: they run on the same kernel"),
    };
    make_check("boot-ids", CheckStatus::Ok, title, words)
}

/// The classes whose pod would not be let in, with the cluster's words.
pub(crate) fn find_refusals(
    client: &ClusterClient,
    settings: &PodSettings,
    classes: &[PodClass],
    nodes: &[ClusterNode],
) -> BTreeMap<String, String> {
    let node = nodes.first().map(|node| node.name.as_str());
    let mut refused = BTreeMap::new();
    for class in classes {
        if let Err(error) = try_class(client, settings, class, node) {
            refused.insert(class.name.clone(), error.words);
        }
    }
    refused
}

/// Asks for the pod of a class without having it stored.
fn try_class(
    client: &ClusterClient,
    settings: &PodSettings,
    class: &PodClass,
    node: Option<&str>,
) -> Result<Value, ClusterError> {
    let (node, class) = (node.unwrap_or("none"), class.class.as_deref());
    let pod = probe_pod(settings, node, class, "exit 0", Utc::now());
    client.create_object(&format!("{}?dryRun=All", pods_path(client)), &pod)
}

/// Whether the pod of a class would be let in.
fn check_class(
    client: &ClusterClient,
    settings: &PodSettings,
    class: &PodClass,
    node: Option<&str>,
) -> MachineCheck {
    let id = format!("class.{}", class.name);
    let title = format!("Class {}", class.name);
    match try_class(client, settings, class, node) {
        Ok(Value::Object(_)) => make_check(
            &id,
            CheckStatus::Ok,
            &title,
            "its pod would be let in; whether a node can start it, `collect` shows".into(),
        ),
        Ok(_) => make_check(&id, CheckStatus::Unknown, &title, "the dry run has no answer".into()),
        Err(error) => failed_check(&id, &title, error.words),
    }
}
