//! The nodes of a cluster: what each says about itself, and which of them are probed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::client::{ClusterClient, encode_query};
use crate::error::{Error, Result};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NodeChoice {
    /// So many that are ready, as different as they come.
    Count(usize),
    All,
    /// Those with these labels.
    Selector(String),
    Named(String),
}

impl std::str::FromStr for NodeChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::All);
        }
        if let Some(name) = text.strip_prefix("node/") {
            let is_plain = name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-' | '.'));
            return match !name.is_empty() && is_plain {
                true => Ok(Self::Named(name.into())),
                false => Err(format!("`{name}` is no name of a node")),
            };
        }
        match text.parse() {
            Ok(0) => Err("at least one node is wanted".into()),
            Ok(count) => Ok(Self::Count(count)),
            Err(_) if text.is_empty() => {
                Err("a number, `all`, a label selector or node/NAME is wanted".into())
            }
            Err(_) => Ok(Self::Selector(text.into())),
        }
    }
}

/// A node, as its object states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClusterNode {
    pub name: String,
    /// The id of its boot, as its kubelet reads it.
    pub boot_id: String,
    pub kernel: String,
    /// What starts its containers, with the version.
    pub runtime: String,
    pub labels: BTreeMap<String, String>,
    /// The pool of nodes that it belongs to, by its labels.
    pub pool: Option<String>,
    /// Why no pod can be expected to run there, where none can.
    pub obstacle: Option<String>,
}

impl ClusterNode {
    pub(crate) fn from_object(object: &Value) -> Self {
        let info = &object["status"]["nodeInfo"];
        let [name, boot_id, kernel, runtime] = [
            &object["metadata"]["name"],
            &info["bootID"],
            &info["kernelVersion"],
            &info["containerRuntimeVersion"],
        ]
        .map(|value| value.as_str().unwrap_or_default().to_string());
        Self {
            name,
            boot_id,
            kernel,
            runtime,
            labels: read_labels(&object["metadata"]["labels"]),
            pool: find_pool(&object["metadata"]["labels"]),
            obstacle: find_obstacle(object),
        }
    }

    pub(crate) fn fetch_node(client: &ClusterClient, name: &str) -> Result<Self, String> {
        let object = client.get_object(&node_path(name)).map_err(|error| error.words)?;
        Ok(Self::from_object(&object))
    }
}

pub(crate) fn read_labels(labels: &Value) -> BTreeMap<String, String> {
    let pairs = labels.as_object().into_iter().flatten();
    pairs.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_string()))).collect()
}

pub(crate) fn node_path(name: &str) -> String {
    format!("/api/v1/nodes/{name}")
}

/// The labels that name a node's pool, each of one kind of cluster.
const POOL_LABELS: &[&str] = &[
    "cloud.google.com/gke-nodepool",
    "eks.amazonaws.com/nodegroup",
    "kubernetes.azure.com/agentpool",
    "karpenter.sh/nodepool",
    "machine.openshift.io/cluster-api-machineset",
    "node.kubernetes.io/instance-type",
];

fn find_pool(labels: &Value) -> Option<String> {
    POOL_LABELS.iter().find_map(|label| labels[label].as_str()).map(String::from)
}

/// Why no pod of ours can run on a node: the words of its conditions.
fn find_obstacle(object: &Value) -> Option<String> {
    // The object of a node of which nothing was heard yet states an empty one.
    let system = object["status"]["nodeInfo"]["operatingSystem"].as_str().unwrap_or_default();
    if !matches!(system, "" | "linux") {
        return Some(format!("the node runs {system}, and the probes are for Linux"));
    }
    let conditions = object["status"]["conditions"].as_array();
    let ready = conditions.into_iter().flatten().find(|it| it["type"] == "Ready");
    match ready {
        Some(condition) if condition["status"] == "True" => None,
        Some(condition) => {
            let words = condition["message"].as_str().filter(|words| !words.is_empty());
            let words = words.unwrap_or("its condition does not say why");
            Some(format!("the node is not ready: {words}"))
        }
        None => Some("the node is not ready: nothing was ever heard of it".into()),
    }
}

pub(crate) fn choose_nodes(
    client: &ClusterClient,
    choice: &NodeChoice,
) -> Result<Vec<ClusterNode>> {
    let mut nodes = match choice {
        NodeChoice::Named(name) => {
            let object = client.get_object(&node_path(name)).map_err(Error::from)?;
            return Ok(vec![ClusterNode::from_object(&object)]);
        }
        NodeChoice::Selector(labels) => {
            let query = format!("&labelSelector={}", encode_query(labels));
            list_nodes(client, &query)?
        }
        NodeChoice::Count(_) | NodeChoice::All => list_nodes(client, "")?,
    };
    nodes.sort_by(|one, other| one.name.cmp(&other.name));
    if let NodeChoice::Count(count) = choice {
        let all = nodes.len();
        nodes = spread_nodes(nodes, *count);
        if nodes.is_empty() {
            let words = format!("none of the {all} nodes is ready");
            return Err(Error::failed_environment(words)
                .with_help("--nodes all says of each node why it cannot be probed"));
        }
    }
    if nodes.is_empty() {
        return Err(Error::unusable_input("no node has these labels")
            .with_help("`kubectl get nodes --show-labels` lists them"));
    }
    Ok(nodes)
}

fn list_nodes(client: &ClusterClient, query: &str) -> Result<Vec<ClusterNode>> {
    let objects = client.list_objects("/api/v1/nodes", query).map_err(Error::from)?;
    Ok(objects.iter().map(ClusterNode::from_object).collect())
}

/// So many nodes that are ready: first one of each kernel and runtime, then the others.
fn spread_nodes(nodes: Vec<ClusterNode>, count: usize) -> Vec<ClusterNode> {
    let mut seen = BTreeSet::new();
    let ready = nodes.into_iter().filter(|node| node.obstacle.is_none());
    let (mut first, others): (Vec<_>, Vec<_>) =
        ready.partition(|node| seen.insert((node.kernel.clone(), node.runtime.clone())));
    first.extend(others);
    first.truncate(count);
    first
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_choice_of_nodes_is_a_number_all_one_or_a_selector() {
        let read = |text: &str| text.parse::<NodeChoice>();
        assert_eq!(read("3"), Ok(NodeChoice::Count(3)));
        assert_eq!(read("all"), Ok(NodeChoice::All));
        assert_eq!(read("node/pool-1.a"), Ok(NodeChoice::Named("pool-1.a".into())));
        assert_eq!(read("pool=kata,!old"), Ok(NodeChoice::Selector("pool=kata,!old".into())));
        for wrong in ["0", "", "node/", "node/../secrets"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_node_that_cannot_run_a_pod_says_why() {
        let node = |ready: &str, words: &str, system: &str| {
            ClusterNode::from_object(&json!({
                "metadata": { "name": "a" },
                "status": {
                    "nodeInfo": { "operatingSystem": system, "bootID": "x" },
                    "conditions": [{ "type": "Ready", "status": ready, "message": words }],
                },
            }))
        };
        assert_eq!(node("True", "kubelet is posting ready status", "linux").obstacle, None);
        let lost = node("Unknown", "Kubelet stopped posting node status.", "linux").obstacle;
        assert_eq!(lost.unwrap(), "the node is not ready: Kubelet stopped posting node status.");
        assert!(node("True", "", "windows").obstacle.unwrap().contains("windows"));
        let silent = ClusterNode::from_object(&json!({ "metadata": { "name": "a" } }));
        let words = "the node is not ready: nothing was ever heard of it";
        assert_eq!(silent.obstacle.as_deref(), Some(words));
        assert_eq!(
            node("Unknown", "", "").obstacle.unwrap(),
            "the node is not ready: its condition does not say why"
        );
    }

    #[test]
    fn a_pool_is_what_the_first_label_of_a_pool_says() {
        let labels = json!({
            "node.kubernetes.io/instance-type": "m5.large",
            "eks.amazonaws.com/nodegroup": "sandboxed",
        });
        assert_eq!(find_pool(&labels).as_deref(), Some("sandboxed"));
        assert_eq!(find_pool(&json!({ "kubernetes.io/os": "linux" })), None);
    }

    #[test]
    fn a_number_of_nodes_is_spread_over_kernels() {
        let node = |name: &str, kernel: &str, obstacle: Option<&str>| ClusterNode {
            name: name.into(),
            boot_id: String::new(),
            kernel: kernel.into(),
            runtime: String::new(),
            labels: BTreeMap::new(),
            pool: None,
            obstacle: obstacle.map(String::from),
        };
        let nodes = vec![
            node("a", "1", None),
            node("b", "1", None),
            node("c", "2", None),
            node("d", "3", Some("not ready")),
        ];
        let names = |count| -> Vec<String> {
            spread_nodes(nodes.clone(), count).into_iter().map(|node| node.name).collect()
        };
        assert_eq!(names(2), ["a", "c"]);
        assert_eq!(names(9), ["a", "c", "b"]);
    }
}
