//! The pod that answers the probes: what it is made of, and what the cluster made of it.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The label that every pod of isoproof carries.
pub(crate) const OURS: (&str, &str) = ("app.kubernetes.io/managed-by", "isoproof");

pub(crate) const SESSION: &str = "isoproof.dev/session";

/// The annotation with the process that made it, and the machine that this runs on.
pub(crate) const OWNER: &str = "isoproof.dev/owner";

/// The annotation with what is needed to read the answers of a pod.
const NOTES: &str = "isoproof.dev/notes";

/// The annotation with the time from which on nobody needs it.
pub(crate) const EXPIRES: &str = "isoproof.dev/expires";

const CONTAINER: &str = "probe";

/// The level of Pod Security that the pods of a session are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub(crate) enum PodSecurity {
    /// Nobody without capabilities, under the runtime's own filter of system calls.
    #[default]
    Restricted,
    /// The image's own user with the runtime's own capabilities, as engines of a machine start them.
    Baseline,
}

/// The user and group of the container: nobody.
const NOBODY: u32 = 65534;

/// How long after the end of its time a pod is kept for who wants to look at it.
const TIME_FOR_READERS: Duration = Duration::from_secs(600);

/// What all pods of a session have in common.
#[derive(Debug, Clone)]
pub(crate) struct PodSettings {
    pub session: String,
    /// Who made it, and where.
    pub owner: String,
    pub image: String,
    /// When the kubelet asks a registry for it.
    pub pull: String,
    /// The secrets to ask with.
    pub pull_secrets: Vec<String>,
    pub priority_class: Option<String>,
    /// What it is given of processor and memory, at least and at most.
    pub resources: PodResources,
    pub tolerations: Vec<Toleration>,
    /// The level that they are made for.
    pub security: PodSecurity,
    /// After how many seconds the cluster itself ends it.
    pub seconds: u64,
}

/// What a container gets of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PodResources {
    /// Processor and memory that it is given room for.
    pub requests: (String, String),
    /// Processor and memory that it may use.
    pub limits: (String, String),
}

impl Default for PodResources {
    fn default() -> Self {
        Self { requests: ("50m".into(), "64Mi".into()), limits: ("1".into(), "256Mi".into()) }
    }
}

/// A taint that a pod tolerates: `KEY`, `KEY=VALUE`, either with `:EFFECT`, or `all`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toleration(Value);

impl std::str::FromStr for Toleration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self(json!({ "operator": "Exists" })));
        }
        let (taint, effect) = match text.split_once(':') {
            Some((taint, effect)) => (taint, Some(effect)),
            None => (text, None),
        };
        let known = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
        if effect.is_some_and(|effect| !known.contains(&effect)) {
            return Err(format!("an effect is one of {}", known.join(", ")));
        }
        let mut toleration = match taint.split_once('=') {
            Some((key, value)) => json!({ "key": key, "operator": "Equal", "value": value }),
            None => json!({ "key": taint, "operator": "Exists" }),
        };
        if toleration["key"] == "" {
            return Err("KEY, KEY=VALUE, either with :EFFECT, or `all` is wanted".into());
        }
        if let Some(effect) = effect {
            toleration["effect"] = effect.into();
        }
        Ok(Self(toleration))
    }
}

/// The pod of a class on a node.
///
/// It is bound to its node by affinity and not by `nodeName`, so that the scheduler sees taints,
/// room, and what the class asks for.
pub(crate) fn probe_pod(
    settings: &PodSettings,
    node: &str,
    class: Option<&str>,
    script: &str,
    now: DateTime<Utc>,
) -> Value {
    let expires = now + Duration::from_secs(settings.seconds) + TIME_FOR_READERS;
    let secrets: Vec<Value> =
        settings.pull_secrets.iter().map(|name| json!({ "name": name })).collect();
    let PodResources { requests, limits } = &settings.resources;
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": format!("isoproof-{}-", settings.session),
            "labels": { (OURS.0): OURS.1, (SESSION): settings.session },
            "annotations": { (OWNER): settings.owner, (EXPIRES): expires.to_rfc3339() },
        },
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": settings.seconds,
            // With none the object would go before the kubelet has ended the container.
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": false,
            // The services of the namespace would stand in the environment, and in the evidence.
            "enableServiceLinks": false,
            "affinity": { "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{ "matchFields": [
                    { "key": "metadata.name", "operator": "In", "values": [node] },
                ] }],
            } } },
            "containers": [{
                "name": CONTAINER,
                "image": settings.image,
                "imagePullPolicy": settings.pull,
                // The kubelet replaces `$$` by `$` and `$(NAME)` by a variable: two for each keep one.
                "command": ["sh", "-c", script.replace('$', "$$")],
                "resources": {
                    "requests": { "cpu": requests.0, "memory": requests.1 },
                    "limits": { "cpu": limits.0, "memory": limits.1 },
                },
            }],
        },
    });
    let spec = &mut pod["spec"];
    spec["securityContext"] = json!({ "seccompProfile": { "type": "RuntimeDefault" } });
    if settings.security == PodSecurity::Restricted {
        spec["securityContext"]["runAsNonRoot"] = true.into();
        spec["securityContext"]["runAsUser"] = NOBODY.into();
        spec["securityContext"]["runAsGroup"] = NOBODY.into();
        spec["containers"][0]["securityContext"] = json!({
            "allowPrivilegeEscalation": false,
            "capabilities": { "drop": ["ALL"] },
        });
    }
    if let Some(class) = class {
        spec["runtimeClassName"] = class.into();
    }
    if let Some(priority) = &settings.priority_class {
        spec["priorityClassName"] = priority.as_str().into();
    }
    if !secrets.is_empty() {
        spec["imagePullSecrets"] = secrets.into();
    }
    if !settings.tolerations.is_empty() {
        spec["tolerations"] = settings.tolerations.iter().map(|it| it.0.clone()).collect();
    }
    pod
}

/// Where a pod with a full view has the files of its node, which it only reads.
pub(crate) const NODE_FILES: &str = "/node";

/// How a node is looked at by a pod that sees its processes. Only Pod Security `privileged` lets in
/// either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum NodeViewLevel {
    /// As nobody and without capabilities: names and arguments.
    Processes,
    /// As the node's root: also programs, open files and memory, and the probes on the node itself,
    /// by its own shell.
    Full,
}

/// The pod that looks at its node, with the node's process ids.
pub(crate) fn view_pod(
    level: NodeViewLevel,
    settings: &PodSettings,
    node: &str,
    class: Option<&str>,
    script: &str,
    now: DateTime<Utc>,
) -> Value {
    let security = match level {
        NodeViewLevel::Processes => PodSecurity::Restricted,
        NodeViewLevel::Full => PodSecurity::Baseline,
    };
    let settings = PodSettings { security, ..settings.clone() };
    let mut pod = probe_pod(&settings, node, class, script, now);
    pod["spec"]["hostPID"] = true.into();
    if level == NodeViewLevel::Full {
        let spec = &mut pod["spec"];
        // What the probes ask about is the node's only with these, too.
        spec["hostNetwork"] = true.into();
        spec["hostIPC"] = true.into();
        spec["volumes"] = json!([{ "name": "node", "hostPath": { "path": "/", "type": "" } }]);
        let container = &mut spec["containers"][0];
        container["securityContext"] = json!({ "privileged": true, "runAsUser": 0 });
        container["volumeMounts"] =
            json!([{ "name": "node", "mountPath": NODE_FILES, "readOnly": true }]);
    }
    pod
}

/// What is needed to read the answers of a pod, kept with it for the case that who made it dies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PodNotes {
    pub target: String,
    pub nonce: String,
    pub boot_id: String,
    /// What was asked for, as far as it matters for what the pod shows.
    pub asked: AskedFields,
}

impl PodNotes {
    pub(crate) fn add_to(&self, pod: &mut Value) {
        pod["metadata"]["annotations"][NOTES] = json!(self).to_string().into();
    }

    pub(crate) fn read_notes(pod: &Value) -> Option<Self> {
        serde_json::from_str(pod["metadata"]["annotations"][NOTES].as_str()?).ok()
    }
}

/// The node of a pod: the one that it was put on, or else the one that it asks for.
pub(crate) fn node_of_pod(pod: &Value) -> &str {
    const WANTED: &str = "/spec/affinity/nodeAffinity/\
                          requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/\
                          matchFields/0/values/0";
    let name = pod["spec"]["nodeName"].as_str();
    name.or_else(|| pod.pointer(WANTED)?.as_str()).unwrap_or_default()
}

pub(crate) fn security_of_pod(pod: &Value) -> PodSecurity {
    match pod["spec"]["securityContext"]["runAsNonRoot"] == true {
        true => PodSecurity::Restricted,
        false => PodSecurity::Baseline,
    }
}

/// The fields of a pod that matter for what it shows, each in a few words, with a digest where
/// these are not all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct AskedFields(BTreeMap<String, String>);

impl AskedFields {
    const PLACES: [&str; 15] = [
        "/spec/runtimeClassName",
        "/spec/affinity",
        "/spec/hostPID",
        "/spec/hostIPC",
        "/spec/hostNetwork",
        "/spec/hostUsers",
        "/spec/shareProcessNamespace",
        "/spec/securityContext",
        "/spec/activeDeadlineSeconds",
        "/spec/volumes",
        "/spec/containers/0/image",
        "/spec/containers/0/command",
        "/spec/containers/0/args",
        "/spec/containers/0/securityContext",
        "/spec/containers/0/env",
    ];

    pub(crate) fn of_pod(pod: &Value) -> Self {
        let fields =
            Self::PLACES.map(|place| (field_name(place), shorten_value(pod.pointer(place))));
        Self(fields.into())
    }
}

/// The name of a field for readers: `containers[0].image`.
fn field_name(place: &str) -> String {
    place.trim_start_matches("/spec/").replace("/0/", "[0].").replace('/', ".")
}

/// What the cluster stored differently from what was asked for, as far as it matters for what the
/// pod shows: a line each. A webhook may change a pod, and nobody who asked for it is told.
pub(crate) fn find_changes(asked: &AskedFields, stored: &Value) -> Vec<String> {
    let stored_fields = AskedFields::of_pod(stored);
    let mut changes = Vec::new();
    for field in AskedFields::PLACES.map(field_name) {
        if let (Some(one), Some(other)) = (asked.0.get(&field), stored_fields.0.get(&field))
            && one != other
        {
            changes.push(format!("{field}: {one} became {other}"));
        }
    }
    for (place, own) in [("containers", 1), ("initContainers", 0)] {
        let added = stored["spec"][place].as_array().into_iter().flatten().skip(own);
        for object in added {
            changes.push(format!("{place}: {} was added", shorten_value(object.get("name"))));
        }
    }
    changes
}

/// A value of a pod in a few words, with a digest of all of it where these are not all.
fn shorten_value(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => return "nothing".into(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let short = crate::text::shorten_line(&text, 120);
    match short == text {
        true => short,
        false => {
            let digest = HEXLOWER.encode(&Sha256::digest(&text)[..6]);
            format!("{short} (sha256 {digest}...)")
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn settings() -> PodSettings {
        PodSettings {
            session: "0123456789ab".into(),
            owner: "1.2@machine".into(),
            image: "alpine:3.19".into(),
            pull: "IfNotPresent".into(),
            pull_secrets: Vec::new(),
            priority_class: None,
            resources: PodResources::default(),
            tolerations: Vec::new(),
            security: PodSecurity::Restricted,
            seconds: 60,
        }
    }

    fn pod() -> Value {
        probe_pod(&settings(), "node-1", Some("kata"), "echo $$ $(id)", DateTime::UNIX_EPOCH)
    }

    #[test]
    fn a_pod_has_no_rights_ends_by_itself_and_says_whose_it_is() {
        let pod = pod();
        let spec = &pod["spec"];
        assert_eq!(spec["runtimeClassName"], "kata");
        assert_eq!(spec["activeDeadlineSeconds"], 60);
        assert_eq!(spec["securityContext"]["runAsNonRoot"], true);
        assert_eq!(spec["containers"][0]["securityContext"]["allowPrivilegeEscalation"], false);
        assert_eq!(spec["containers"][0]["securityContext"]["capabilities"]["drop"][0], "ALL");
        assert_eq!(spec["nodeName"], Value::Null);
        assert_eq!(pod["metadata"]["annotations"][OWNER], "1.2@machine");
        assert_eq!(pod["metadata"]["annotations"][EXPIRES], "1970-01-01T00:11:00+00:00");
        assert_eq!(spec["containers"][0]["command"][2], "echo $$$$ $$(id)");
    }

    #[test]
    fn who_looks_at_the_node_has_its_process_ids_and_no_other_right() {
        let settings = PodSettings { security: PodSecurity::Baseline, ..settings() };
        let plain = probe_pod(&settings, "node-1", None, "id", DateTime::UNIX_EPOCH);
        assert_eq!(plain["spec"]["securityContext"]["runAsUser"], Value::Null);
        assert_eq!(plain["spec"]["containers"][0]["securityContext"], Value::Null);
        let look = |level| view_pod(level, &settings, "node-1", None, "id", DateTime::UNIX_EPOCH);
        let full = look(NodeViewLevel::Full);
        assert_eq!(full["spec"]["hostPID"], true);
        assert_eq!(full["spec"]["containers"][0]["securityContext"]["privileged"], true);
        let mut view = look(NodeViewLevel::Processes);
        assert_eq!(view["spec"]["hostPID"], true);
        view["spec"].as_object_mut().unwrap().remove("hostPID");
        let settings = PodSettings { security: PodSecurity::Restricted, ..settings };
        assert_eq!(view, probe_pod(&settings, "node-1", None, "id", DateTime::UNIX_EPOCH));
    }

    #[test]
    fn a_pod_that_was_stored_as_asked_has_no_changes() {
        let mut stored = pod();
        // What the cluster adds to every pod.
        stored["spec"]["schedulerName"] = "default-scheduler".into();
        stored["spec"]["containers"][0]["terminationMessagePath"] = "/dev/termination-log".into();
        assert_eq!(find_changes(&AskedFields::of_pod(&pod()), &stored), Vec::<String>::new());
        // What is different only in the end of something long is different.
        let command = pod()["spec"]["containers"][0]["command"][2].as_str().unwrap().repeat(99);
        stored["spec"]["containers"][0]["command"][2] = command.clone().into();
        let asked = AskedFields::of_pod(&stored);
        stored["spec"]["containers"][0]["command"][2] = format!("{command};").into();
        assert_eq!(find_changes(&asked, &stored).len(), 1);
    }

    #[test]
    fn what_a_webhook_changed_is_told() {
        let mut stored = pod();
        stored["spec"]["runtimeClassName"] = Value::Null;
        stored["spec"]["hostPID"] = true.into();
        stored["spec"]["containers"][0]["image"] = "other:1".into();
        let sidecar = json!({ "name": "proxy" });
        stored["spec"]["containers"].as_array_mut().unwrap().push(sidecar);
        assert_eq!(
            find_changes(&AskedFields::of_pod(&pod()), &stored),
            [
                "runtimeClassName: kata became nothing",
                "hostPID: nothing became true",
                "containers[0].image: alpine:3.19 became other:1",
                "containers: proxy was added",
            ]
        );
    }

    #[test]
    fn what_is_needed_to_read_the_answers_is_kept_with_a_pod() {
        let mut pod = pod();
        assert_eq!(PodNotes::read_notes(&pod), None);
        let notes = PodNotes {
            target: "kata".into(),
            nonce: "n".into(),
            boot_id: "b".into(),
            asked: AskedFields::of_pod(&pod),
        };
        notes.add_to(&mut pod);
        assert_eq!(PodNotes::read_notes(&pod), Some(notes));
        assert_eq!(node_of_pod(&pod), "node-1");
        pod["spec"]["nodeName"] = "node-2".into();
        assert_eq!(node_of_pod(&pod), "node-2");
        assert_eq!(security_of_pod(&pod), PodSecurity::Restricted);
    }

    #[test]
    fn a_toleration_is_read_as_kubectl_writes_taints() {
        let read = |text: &str| text.parse::<Toleration>().map(|it| it.0);
        assert_eq!(
            read("sandbox.gke.io/runtime=gvisor:NoSchedule").unwrap(),
            json!({ "key": "sandbox.gke.io/runtime", "operator": "Equal", "value": "gvisor",
                    "effect": "NoSchedule" })
        );
        assert_eq!(read("a").unwrap(), json!({ "key": "a", "operator": "Exists" }));
        assert_eq!(read("all").unwrap(), json!({ "operator": "Exists" }));
        assert!(read("a:Sometimes").is_err());
        assert!(read("=x").is_err());
    }
}
