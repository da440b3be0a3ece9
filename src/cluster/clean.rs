//! Pods that nobody needs any more: those of a session that ended, and those whose session was
//! killed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::client::{ClusterClient, encode_query};
use super::pod::{EXPIRES, OURS, OWNER, SESSION};
use super::probing::pods_path;
use crate::error::{Error, Result};
use crate::owner;
use crate::proc::{ProcessTable, own_boot_id};

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SweptPods {
    pub removed: Vec<String>,
    /// Those that could not be removed, each with the reason.
    pub left: Vec<String>,
    /// How many are another session's, which may run.
    pub in_use: usize,
}

/// Who makes pods: this process, and where its id means something.
pub(crate) fn process_owner() -> String {
    format!("{}@{}", owner::process_mark(), pid_space_mark())
}

/// This boot of this machine, and the process ids that are seen: in another container the same id
/// is another process.
fn pid_space_mark() -> String {
    use sha2::{Digest, Sha256};
    let processes = ProcessTable::of_this_machine();
    let ids = processes.process_namespace(std::process::id(), "pid").unwrap_or_default();
    let digest = Sha256::digest(format!("{} {ids}", own_boot_id()));
    data_encoding::HEXLOWER.encode(&digest[..6])
}

/// Whether nobody needs a pod: its time is over, or the process that made it on this machine is
/// gone. A pod that does not say until when it is needed is not ours to remove.
fn is_orphan(pod: &Value, here: &str, now: DateTime<Utc>) -> bool {
    let notes = &pod["metadata"]["annotations"];
    let Some(expires) = notes[EXPIRES].as_str() else { return false };
    let owner = notes[OWNER].as_str().and_then(|owner| owner.split_once('@'));
    let is_ended = owner.is_some_and(|(mark, at)| at == here && !owner::is_alive(mark));
    is_ended || DateTime::parse_from_rfc3339(expires).is_ok_and(|expires| expires < now)
}

/// Whether the session that made a pod runs, or may: on another machine nobody can tell before the
/// pod expires.
pub(super) fn is_session_alive(pod: &Value, now: DateTime<Utc>) -> bool {
    !is_orphan(pod, &pid_space_mark(), now)
}

pub(super) fn list_session_pods(
    client: &ClusterClient,
    session: &str,
) -> Result<Vec<Value>, String> {
    list_pods(client, &format!("{SESSION}={session}"))
}

/// Removes the pods of sessions that are over.
/// Errors: the cluster does not tell which pods there are.
pub(crate) fn remove_orphan_pods(client: &ClusterClient, limit: Duration) -> Result<SweptPods> {
    let ours = format!("{}={}", OURS.0, OURS.1);
    let pods = list_pods(client, &ours).map_err(Error::failed_environment)?;
    let (here, now) = (pid_space_mark(), Utc::now());
    let (orphans, others): (Vec<_>, Vec<_>) =
        pods.into_iter().partition(|pod| is_orphan(pod, &here, now));
    let names = orphans.iter().map(pod_name).collect();
    let left = remove_pods(client, &ours, &orphans, limit);
    Ok(SweptPods { removed: without_left(names, &left), left, in_use: others.len() })
}

fn without_left(mut names: Vec<String>, left: &[String]) -> Vec<String> {
    names.retain(|name| !left.iter().any(|words| words.starts_with(&format!("pod {name} "))));
    names
}

/// Removes the pods of a session, and says which could not be.
pub(super) fn remove_session_pods(
    client: &ClusterClient,
    session: &str,
    limit: Duration,
) -> Vec<String> {
    let label = format!("{SESSION}={session}");
    match list_pods(client, &label) {
        Ok(pods) => remove_pods(client, &label, &pods, limit),
        Err(words) => vec![format!("pods of session {session} ({words})")],
    }
}

/// Deletes pods, waits until they are gone, and says which are not.
fn remove_pods(
    client: &ClusterClient,
    label: &str,
    pods: &[Value],
    limit: Duration,
) -> Vec<String> {
    let mut refused = Vec::new();
    let mut asked = Vec::new();
    for pod in pods {
        let name = pod_name(pod);
        match client.delete_object(&format!("{}/{name}", pods_path(client))) {
            Ok(()) => asked.push(name),
            Err(error) => refused.push(format!("pod {name} ({error})")),
        }
    }
    let end = Instant::now() + limit;
    while !asked.is_empty() {
        let there = match list_pods(client, label) {
            Ok(pods) => pods,
            Err(words) => {
                refused.extend(asked.iter().map(|name| format!("pod {name} ({words})")));
                break;
            }
        };
        let still: BTreeMap<String, &Value> =
            there.iter().map(|pod| (pod_name(pod), pod)).collect();
        asked.retain(|name| still.contains_key(name));
        if Instant::now() > end {
            refused.extend(asked.iter().map(|name| {
                let node = still[name]["spec"]["nodeName"].as_str();
                format!("pod {name} (on node {})", node.unwrap_or("none"))
            }));
            break;
        }
        if !asked.is_empty() {
            std::thread::sleep(Duration::from_millis(300));
        }
    }
    refused
}

fn list_pods(client: &ClusterClient, label: &str) -> Result<Vec<Value>, String> {
    let query = format!("&labelSelector={}", encode_query(label));
    client.list_objects(&pods_path(client), &query).map_err(|error| error.words)
}

fn pod_name(pod: &Value) -> String {
    pod["metadata"]["name"].as_str().unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_goes_when_its_time_is_over_or_its_process_is() {
        let now = DateTime::UNIX_EPOCH + Duration::from_secs(1000);
        let pod = |owner: &str, expires: &str| {
            let notes = json!({ OWNER: owner, EXPIRES: expires });
            is_orphan(&json!({ "metadata": { "annotations": notes } }), "here", now)
        };
        let (before, after) = ("1970-01-01T00:10:00Z", "1970-01-01T00:20:00Z");
        let alive = owner::process_mark();
        assert!(!pod(&format!("{alive}@here"), after));
        assert!(pod(&format!("{alive}@here"), before));
        assert!(pod("1.2@here", after));
        assert!(!pod("1.2@elsewhere", after));
        assert!(pod("1.2@elsewhere", before));
        assert!(!is_orphan(&json!({ "metadata": {} }), "here", now));
    }
}
