//! What became of a pod, from its status and its events, in the cluster's own words.

use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PodProgress {
    /// It has not started, for a reason that may pass.
    Waiting(String),
    /// It has not started, and will not.
    Refused(String),
    Running,
    Ended(PodEnd),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PodEnd {
    /// The exit status of its container, where one ran.
    pub exit: Option<i32>,
    /// The cluster's words where it did not end by itself.
    pub words: Option<String>,
    /// Whether the cluster ended it at its time limit.
    pub is_late: bool,
    /// Whether it has answered, and waits until it is deleted.
    pub is_waiting: bool,
}

impl PodEnd {
    pub(crate) fn of_waiting_pod() -> Self {
        Self { exit: None, words: None, is_late: false, is_waiting: true }
    }
}

/// Reasons for waiting that do not pass while anybody waits for a probe.
const LASTING: &[&str] = &[
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImageInspectError",
    "ImagePullBackOff",
    "InvalidImageName",
    "RegistryUnavailable",
    "RunContainerError",
];

pub(crate) fn read_progress(pod: &Value) -> PodProgress {
    let status = &pod["status"];
    let state = &status["containerStatuses"][0]["state"];
    let phase = status["phase"].as_str().unwrap_or_default();
    let terminated = &state["terminated"];
    if terminated.is_object() || matches!(phase, "Succeeded" | "Failed") {
        let reason = status["reason"].as_str().or_else(|| {
            terminated["reason"].as_str().filter(|it| !matches!(*it, "Completed" | "Error"))
        });
        let message = status["message"].as_str().or_else(|| terminated["message"].as_str());
        return PodProgress::Ended(PodEnd {
            exit: terminated["exitCode"].as_i64().and_then(|exit| i32::try_from(exit).ok()),
            words: reason.map(|reason| join_reason(reason, message)),
            is_late: reason == Some("DeadlineExceeded"),
            is_waiting: false,
        });
    }
    if state["running"].is_object() {
        return PodProgress::Running;
    }
    let waiting = &state["waiting"];
    if let Some(reason) = waiting["reason"].as_str() {
        let words = join_reason(reason, waiting["message"].as_str());
        return match LASTING.contains(&reason) {
            true => PodProgress::Refused(words),
            false => PodProgress::Waiting(words),
        };
    }
    let conditions = status["conditions"].as_array();
    let unscheduled = conditions
        .into_iter()
        .flatten()
        .find(|it| it["type"] == "PodScheduled" && it["status"] == "False");
    match unscheduled {
        Some(condition) => {
            let reason = condition["reason"].as_str().unwrap_or("Unschedulable");
            PodProgress::Waiting(join_reason(reason, condition["message"].as_str()))
        }
        None => PodProgress::Waiting("nothing was heard of the pod yet".into()),
    }
}

/// Whether it waits for the scheduler, with the scheduler's reason.
pub(crate) fn is_unschedulable(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .any(|it| it["type"] == "PodScheduled" && it["reason"] == "Unschedulable")
}

/// Why a pod will not start, by the events about it: at once where the node does not know the
/// class's handler, at the second failure where something else went wrong.
pub(crate) fn find_lasting_failure(events: &[Value]) -> Option<String> {
    let mut failures = 0;
    for event in events.iter().filter(|event| event["type"] == "Warning") {
        let reason = event["reason"].as_str().unwrap_or_default();
        if !["FailedCreatePodSandBox", "FailedMount", "FailedCreatePodContainer"].contains(&reason)
        {
            continue;
        }
        let message = event["message"].as_str();
        failures += event["count"].as_i64().unwrap_or(1).max(1);
        let is_unknown = message.is_some_and(|words| {
            words.contains("no runtime for") || words.contains("failed to find runtime handler")
        });
        if is_unknown || failures > 1 {
            return Some(join_reason(reason, message));
        }
    }
    None
}

/// The last warning about a pod, for who waited in vain.
pub(crate) fn last_warning(events: &[Value]) -> Option<String> {
    let event = events.iter().rev().find(|event| event["type"] == "Warning")?;
    Some(join_reason(event["reason"].as_str()?, event["message"].as_str()))
}

fn join_reason(reason: &str, message: Option<&str>) -> String {
    let message = crate::text::join_words(message.unwrap_or_default());
    if message.is_empty() { reason.to_string() } else { format!("{reason}: {message}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn waiting_pod(reason: &str, message: &str) -> PodProgress {
        let waiting = json!({ "waiting": { "reason": reason, "message": message } });
        read_progress(&json!({ "status": {
            "phase": "Pending", "containerStatuses": [{ "state": waiting }],
        } }))
    }

    #[test]
    fn an_image_that_is_not_there_is_not_waited_for() {
        let words = "Container image \"x\" is not present with pull policy of Never";
        assert_eq!(
            waiting_pod("ErrImageNeverPull", words),
            PodProgress::Refused(format!("ErrImageNeverPull: {words}"))
        );
        assert_eq!(
            waiting_pod("ContainerCreating", ""),
            PodProgress::Waiting("ContainerCreating".into())
        );
    }

    #[test]
    fn the_schedulers_words_are_kept() {
        let pod = json!({ "status": { "phase": "Pending", "conditions": [{
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            "message": "0/2 nodes are available: 1 node(s) had untolerated taint(s)",
        }] } });
        assert!(is_unschedulable(&pod));
        let PodProgress::Waiting(words) = read_progress(&pod) else { panic!() };
        assert!(words.starts_with("Unschedulable: 0/2 nodes"), "{words}");
    }

    #[test]
    fn an_end_has_its_status_and_the_reason_of_who_ended_it() {
        let ended = |status: Value| match read_progress(&json!({ "status": status })) {
            PodProgress::Ended(end) => end,
            other => panic!("{other:?}"),
        };
        let state = |reason: &str, exit: i32| json!([{ "state": { "terminated": { "reason": reason, "exitCode": exit } } }]);
        let end =
            ended(json!({ "phase": "Succeeded", "containerStatuses": state("Completed", 0) }));
        assert_eq!(end, PodEnd { exit: Some(0), is_waiting: false, ..PodEnd::of_waiting_pod() });
        let end = ended(json!({ "phase": "Failed", "containerStatuses": state("OOMKilled", 137) }));
        assert_eq!((end.exit, end.words.as_deref()), (Some(137), Some("OOMKilled")));
        let end = ended(json!({ "phase": "Failed", "reason": "DeadlineExceeded",
            "message": "Pod was active on the node longer than the specified deadline" }));
        assert!(end.is_late && end.words.unwrap().contains("longer than"));
    }

    #[test]
    fn a_handler_that_the_node_does_not_have_is_not_waited_for() {
        let event = |message: &str, count: i64| {
            json!({ "type": "Warning", "reason": "FailedCreatePodSandBox", "message": message,
                    "count": count })
        };
        let unknown = "rpc error: no runtime for \"gvisor\" is configured";
        assert!(find_lasting_failure(&[event(unknown, 1)]).unwrap().contains(unknown));
        assert_eq!(find_lasting_failure(&[event("network not ready", 1)]), None);
        assert!(find_lasting_failure(&[event("network not ready", 2)]).is_some());
    }
}
