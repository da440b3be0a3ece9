//! Going on where a session died: what its pods answered lies in their logs until somebody deletes
//! them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::clean::{is_session_alive, list_session_pods};
use super::nodes::ClusterNode;
use super::pod::{PodNotes, node_of_pod, security_of_pod};
use super::probing::{GRACE, PodOutcome, ProbePod, read_answers};
use super::{
    ClusterClient, ClusterSession, NO_RESUMED_STARTS, NodeAnswers, node_record, remove_pods,
};
use crate::collect::SessionRecord;
use crate::error::{Error, Result};

/// Why a class of a session that died has no answers.
const NO_POD: &str = "the session died, and no pod with answers of it was left: it was not started \
                      yet, did not start, or somebody deleted it";

/// Why the node's side is not shown.
const NO_LOOK: &str = "the session died before its nodes were looked at, or could not look at them";

/// What the cluster still has of a session: its pods, by the names of their nodes.
/// Errors: the cluster does not tell, or the session may still run.
pub(crate) fn find_session_pods(
    client: &ClusterClient,
    session: &str,
) -> Result<BTreeMap<String, Vec<Value>>> {
    let pods = list_session_pods(client, session).map_err(Error::failed_environment)?;
    if pods.iter().any(|pod| is_session_alive(pod, Utc::now())) {
        return Err(Error::unusable_input(format!("session {session} runs, or may")).with_help(
            "wait for its end; of one that was started on another machine nobody can tell before \
             its pods expire, some ten minutes after they were made",
        ));
    }
    let mut by_node: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for pod in pods {
        by_node.entry(node_of_pod(&pod).to_string()).or_default().push(pod);
    }
    Ok(by_node)
}

/// Reads what the pods of a session that died answered. `keep` gets the record of each node that
/// has an answer; the pods of the session are removed afterwards, unless the user stops it before.
/// Returns why the other nodes that have pods have no answer.
/// Errors: `keep` failed; then the pods that were not read stay.
pub(crate) fn resume_nodes(
    session: &ClusterSession,
    by_node: BTreeMap<String, Vec<Value>>,
    created: impl Fn() -> Result<DateTime<Utc>>,
    mut keep: impl FnMut(&ClusterNode, SessionRecord) -> Result<()>,
) -> Result<BTreeMap<String, String>> {
    let mut silent = BTreeMap::new();
    for (name, pods) in by_node {
        let read = ClusterNode::fetch_node(session.client, &name)
            .and_then(|node| Ok((resume_node(session, &node, &pods)?, node)));
        if session.is_cancelled() {
            return Ok(silent);
        }
        match read {
            Ok((answers, node)) => {
                keep(&node, node_record(session, &node, answers, created()?).0)?;
            }
            Err(words) => {
                silent.insert(name, words);
            }
        }
    }
    remove_pods(session);
    Ok(silent)
}

/// What the pods of a node answered.
/// Errors: none of them did: why the first did not.
fn resume_node<'a>(
    session: &'a ClusterSession<'a>,
    node: &ClusterNode,
    pods: &[Value],
) -> std::result::Result<NodeAnswers<'a>, String> {
    let mut outcomes = Vec::new();
    for class in &session.classes {
        let outcome = match pods
            .iter()
            .find(|pod| PodNotes::read_notes(pod).is_some_and(|notes| notes.target == class.name))
        {
            Some(pod) => {
                session.progress.on_step(&node.name, &class.name, None);
                resume_class(session, node, pod)
            }
            None => PodOutcome::of_failure(NO_POD.into()),
        };
        outcomes.push((class, outcome));
    }
    let failures = outcomes.iter().filter_map(|(_, outcome)| outcome.failure.clone());
    let failures: Vec<String> = failures.collect();
    if failures.len() == outcomes.len() {
        let told = failures.iter().find(|words| *words != NO_POD);
        return Err(told.map_or(NO_POD, String::as_str).to_string());
    }
    Ok(NodeAnswers {
        security: pods.first().map(security_of_pod).unwrap_or_default(),
        is_partial: failures.iter().any(|words| words == NO_POD),
        outcomes,
        seen: Vec::new(),
        starts: Vec::new(),
        no_starts: NO_RESUMED_STARTS,
        no_control: NO_RESUMED_STARTS,
        unseen: NO_LOOK.into(),
    })
}

/// The answers of a pod, which may still be at work.
fn resume_class<'a>(
    session: &ClusterSession<'a>,
    node: &ClusterNode,
    object: &Value,
) -> PodOutcome<'a> {
    let Some(notes) = PodNotes::read_notes(object) else {
        return PodOutcome::of_failure(NO_POD.into());
    };
    if notes.boot_id != node.boot_id {
        return PodOutcome::of_failure("the node was started again after the pod was".into());
    }
    let seconds = object["spec"]["activeDeadlineSeconds"].as_u64().unwrap_or_default();
    let pod = ProbePod::take_over(session.client, object.clone(), &notes.nonce);
    let deadline = Instant::now() + Duration::from_secs(seconds) + GRACE;
    read_answers(session, pod, &node.name, &notes, deadline)
}
