//! Kubernetes: does a pod that asks for this class, on this node, get the boundary that the class
//! promises? One run a node, made of what the node's object states and of what a pod without
//! rights answers under each class.
//!
//! A pod cannot look at its node, so nothing here stands for the search from the host's side; what
//! decides is the boot id, which the node's kubelet states and the pod reads.

mod checks;
mod clean;
mod client;
mod nodes;
mod pod;
mod probing;
mod resume;
mod session;
mod starts;
mod view;
mod words;

use session::NO_VIEW;
pub(crate) use session::{ClusterOptions, ClusterSession, PodClass};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;

use chrono::{DateTime, Utc};

pub(crate) use checks::{examine_cluster, find_refusals};
pub(crate) use clean::remove_orphan_pods;
pub(crate) use client::{ClusterAddress, ClusterClient, FOLDER};
pub(crate) use nodes::{ClusterNode, NodeChoice, choose_nodes};
pub(crate) use pod::{NodeViewLevel, PodResources, PodSecurity, PodSettings, Toleration};
pub(crate) use resume::{find_session_pods, resume_nodes};

use nodes::read_labels;

use crate::collect::{RuntimeArgument, SessionRecord, capture_of};
use crate::error::{Error, Result};
use crate::model::{Capture, CaptureOrigin, NO_STARTS, Role, Target, fact_ids};
use crate::probe::collected::HOST_PART;
use crate::probe::script;

/// The name of the engine in runs and on the command line.
pub(crate) const ENGINE: &str = "kubernetes";

/// The name of a pod that asks for no class.
pub(crate) const NO_CLASS: &str = "default";

/// The rights that a session needs, and a namespace for it.
const MANIFEST: &str = include_str!("manifest.yaml");

/// How the manifest begins, without a view of the nodes and with one.
const RESTRICTED: &str = include_str!("restricted.yaml");
const PRIVILEGED: &str = include_str!("privileged.yaml");

/// A job that collects every night inside of the cluster. `IMAGE` stands for its image.
const CRON_JOB: &str = include_str!("cron-job.yaml");

/// How long pods that were deleted may take to go.
const REMOVAL: Duration = Duration::from_secs(20);

/// What a session in a cluster leaves out, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("perf", "speed is not measured in a cluster"),
    ("app", "the application is not started in a cluster"),
    ("http", "the application is not started in a cluster"),
    ("escape", "no folder is shared with a pod"),
];

/// Why there are no times of starts: the usual ones, those of a cluster where they were not asked for,
/// and those of a class where they were.
const NO_CLIENT: &str = "in a cluster starts are timed from the scheduler's event";
const NO_SAMPLES: &str = "no pod of this class was started to be timed";
const NO_CONTROL: &str = "the control is the baseline, where its starts were timed";
const NO_RESUMED_STARTS: &str = "the session died before all starts were timed";

/// Probes all chosen nodes under all classes. `keep` gets the record of each node as it comes, in
/// this thread, and whatever happens no pod of the session is left that can be removed.
/// Errors: there are no such nodes or classes, or the cluster does not tell; `keep` failed.
pub(crate) fn collect_nodes(
    session: &ClusterSession,
    nodes: Vec<ClusterNode>,
    created: impl Fn() -> Result<DateTime<Utc>>,
    mut keep: impl FnMut(&ClusterNode, SessionRecord) -> Result<()>,
) -> Result<()> {
    let _cleaner = PodCleaner(session);
    let workers = session.options.parallel.min(nodes.len()).max(1);
    let queue = Mutex::new(VecDeque::from(nodes));
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (sender, queue) = (sender.clone(), &queue);
            scope.spawn(move || {
                while let Ok(Some(node)) = queue.lock().map(|mut queue| queue.pop_front())
                    && !session.is_cancelled()
                {
                    let answers = probe_node(session, &node);
                    if sender.send((node, answers)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut result = Ok(());
        for (node, answers) in receiver {
            let (record, pods) = node_record(session, &node, answers, created()?);
            result = result.and_then(|()| keep(&node, record));
            drop(pods);
            if result.is_err() {
                session.cancel.store(true, Ordering::Relaxed);
            }
        }
        result
    })
}

/// Removes the pods of a session when it ends, by a panic too.
struct PodCleaner<'a>(&'a ClusterSession<'a>);

impl Drop for PodCleaner<'_> {
    fn drop(&mut self) {
        remove_pods(self.0);
    }
}

/// Removes what is left of the pods of a session, and tells what cannot be removed.
fn remove_pods(session: &ClusterSession) {
    let client = session.client.without_interrupts();
    for left in clean::remove_session_pods(&client, &session.options.pods.session, REMOVAL) {
        let words = format!(
            "{left}: it could not be removed. Its node ends it when it answers again; `isoproof \
             clean --engine kubernetes` tries again"
        );
        session.progress.on_trouble("after", &words);
    }
}

struct NodeAnswers<'a> {
    /// The level of Pod Security that the pods were made for.
    security: PodSecurity,
    /// What came of each class, in their order.
    outcomes: Vec<(&'a PodClass, probing::PodOutcome<'a>)>,
    seen: Vec<Capture>,
    starts: Vec<Capture>,
    /// Why there are no starts of a class that has none.
    no_starts: &'static str,
    no_control: &'static str,
    /// Why what was to be seen from the node is not there, where it is not.
    unseen: String,
    /// Whether the session ended before all was asked.
    is_partial: bool,
}

/// What one node shows under each class.
fn probe_node<'a>(session: &'a ClusterSession<'a>, node: &ClusterNode) -> NodeAnswers<'a> {
    let mut outcomes = Vec::new();
    for class in &session.classes {
        let outcome = if let Some(words) = &node.obstacle {
            probing::PodOutcome::of_failure(words.clone())
        } else if session.is_cancelled() {
            break;
        } else if let Some(words) = class.refuse_node(node) {
            outcomes.push((class, probing::PodOutcome::of_failure(words)));
            continue;
        } else {
            session.progress.on_step(&node.name, &class.name, None);
            probing::probe_class(session, node, class)
        };
        if let Some(words) = &outcome.failure {
            session.progress.on_trouble(&format!("{}: {}", node.name, class.name), words);
        }
        outcomes.push((class, outcome));
    }
    let (seen, unseen) = match view_node(session, node, &outcomes) {
        Some(Ok(seen)) => (seen, session.unseen_words().into()),
        Some(Err(words)) => {
            session.progress.on_trouble(&format!("{}: node view", node.name), &words);
            (Vec::new(), format!("the node's processes were not seen: {words}"))
        }
        None => (Vec::new(), NO_VIEW.into()),
    };
    let answering = outcomes.iter().filter(|(_, outcome)| outcome.failure.is_none());
    let answering: Vec<&PodClass> = answering.map(|(class, _)| *class).collect();
    let (starts, no_starts, no_control) = match session.options.starts {
        0 => (Vec::new(), NO_STARTS, NO_STARTS),
        count => (starts::measure_starts(session, node, &answering, count), NO_SAMPLES, NO_CONTROL),
    };
    // The node's boot id has to be that of the whole time.
    if let Some(words) = find_restart(session, node, &outcomes) {
        session.progress.on_trouble(&node.name, &words);
        for (_, outcome) in &mut outcomes {
            *outcome = probing::PodOutcome::of_failure(words.clone());
        }
    }
    let security = session.options.pods.security;
    let is_partial = session.is_cancelled();
    NodeAnswers { security, outcomes, seen, starts, no_starts, no_control, unseen, is_partial }
}

/// What the node shows of the pods that wait; none if it is not to be looked at.
fn view_node(
    session: &ClusterSession,
    node: &ClusterNode,
    outcomes: &[(&PodClass, probing::PodOutcome)],
) -> Option<std::result::Result<Vec<Capture>, String>> {
    let level = session.options.node_view?;
    let held = outcomes.iter().filter_map(|(class, outcome)| {
        let (pod, witness) = (outcome.pod.as_ref()?, outcome.witness.as_ref()?);
        Some(probing::HeldPod { target: &class.name, pod, witness })
    });
    let held: Vec<_> = held.collect();
    if session.is_cancelled() {
        return Some(Err("the user stopped the session before".into()));
    }
    if held.is_empty() {
        return Some(Err("no pod waited to be looked at".into()));
    }
    session.progress.on_step(&node.name, "node view", None);
    Some(view::look_at_pods(session, node, level, &held))
}

/// Why what the pods showed cannot be held against the node's object, if the node was started again
/// in between or cannot be asked whether it was. Where no pod answered there is nothing to hold.
fn find_restart(
    session: &ClusterSession,
    node: &ClusterNode,
    outcomes: &[(&PodClass, probing::PodOutcome)],
) -> Option<String> {
    if outcomes.iter().all(|(_, outcome)| outcome.failure.is_some()) {
        return None;
    }
    // What was captured before the user stopped the session counts only with this answer.
    match ClusterNode::fetch_node(&session.client.without_interrupts(), &node.name) {
        Ok(now) if now.boot_id == node.boot_id => None,
        Ok(_) => Some("the node was started again during the session".into()),
        Err(words) => {
            Some(format!("whether the node was started again could not be asked: {words}"))
        }
    }
}

/// What the object of a node states, as captures of the host.
fn node_captures(node: &ClusterNode, security: PodSecurity) -> Vec<Capture> {
    let states = [
        (fact_ids::KERNEL_BOOT_ID, "bootID", &node.boot_id),
        (fact_ids::KERNEL_RELEASE, "kernelVersion", &node.kernel),
        (fact_ids::ENGINE_VERSION, "containerRuntimeVersion", &node.runtime),
    ];
    let mut captures = Vec::new();
    for (id, field, value) in states {
        let path = format!("jsonpath={{.status.nodeInfo.{field}}}");
        let argv = ["kubectl", "get", "node", &node.name, "-o", &path].map(String::from).to_vec();
        let origin = CaptureOrigin::Command { argv };
        captures.push(Capture::of_target("host", &id, origin, value.as_bytes()));
    }
    let level = format!("{}\n", security.into_str());
    let how = "the level of Pod Security that the pods were made for";
    captures.push(capture_of("host", &fact_ids::POD_SECURITY, how, &level));
    captures
}

/// The record of a node, and the pods that are no longer needed when it is written.
fn node_record<'a>(
    session: &ClusterSession,
    node: &ClusterNode,
    answers: NodeAnswers<'a>,
    created: DateTime<Utc>,
) -> (SessionRecord, Vec<probing::ProbePod<'a>>) {
    let left_out = LEFT_OUT.iter().map(|(part, why)| (*part, *why));
    let skipped = left_out.chain([
        (HOST_PART, answers.unseen.as_str()),
        ("startup", NO_CLIENT),
        (&fact_ids::STARTUP_SCHEDULED, answers.no_starts),
        (&fact_ids::STARTUP_CONTROL_SCHEDULED, answers.no_control),
    ]);
    let skipped = skipped.map(|(part, why)| (part.to_string(), why.to_string()));
    let mut targets = vec![Target::of_role("host", Role::Host, None)];
    let mut captures = node_captures(node, answers.security);
    let mut pods = Vec::new();
    for (class, outcome) in answers.outcomes {
        captures.extend(outcome.captures);
        pods.extend(outcome.pod);
        targets.push(Target {
            name: class.name.clone(),
            role: class.role,
            engine: Some(ENGINE.into()),
            handler: class.class.clone(),
            named: class.named,
            failure: outcome.failure,
        });
    }
    captures.extend(answers.seen);
    captures.extend(answers.starts);
    let record = SessionRecord {
        label: session.options.label.clone(),
        edition: session.options.edition.clone(),
        created,
        engine: ENGINE.into(),
        image: session.options.pods.image.clone(),
        session: session.options.pods.session.clone(),
        node: Some(node.name.clone()),
        interrupted: answers.is_partial || session.is_cancelled(),
        skipped: skipped.collect::<BTreeMap<_, _>>(),
        targets,
        captures,
    };
    (record, pods)
}

/// The manifest of what a session needs, in which nodes are looked at or are not; with the image of a
/// job, also that of the job.
pub(crate) fn manifest_text(has_node_view: bool, job_image: Option<&str>) -> String {
    let begin = if has_node_view { PRIVILEGED } else { RESTRICTED };
    let job = job_image.map(|image| CRON_JOB.replace("IMAGE", image)).unwrap_or_default();
    match has_node_view {
        true => {
            let look = "--nodes all --node-view processes --allow-privileged";
            format!("{begin}{MANIFEST}{}", job.replace("--nodes all", look))
        }
        false => format!("{begin}{MANIFEST}{job}"),
    }
}

/// The pods of a new session, with what is usual where nothing else is asked for.
pub(crate) fn usual_pods(image: String, seconds: u64) -> Result<PodSettings> {
    Ok(PodSettings {
        session: script::make_nonce()?[..12].to_string(),
        owner: clean::process_owner(),
        image,
        pull: "IfNotPresent".into(),
        pull_secrets: Vec::new(),
        priority_class: None,
        resources: PodResources::default(),
        tolerations: Vec::new(),
        security: PodSecurity::default(),
        seconds,
    })
}

/// The classes to probe, the baseline first: those that are wanted, or all of the cluster and a pod
/// without one.
/// Errors: two have one name, the baseline is not among them, or the cluster does not tell which it
/// has.
pub(crate) fn choose_classes(
    client: &ClusterClient,
    wanted: &[RuntimeArgument],
    baseline: Option<&str>,
) -> Result<Vec<PodClass>> {
    let are_named = !wanted.is_empty();
    let objects = client.list_objects("/apis/node.k8s.io/v1/runtimeclasses", "");
    let (list, objects) = match are_named {
        // Without the list it is the scheduler who says that a class is not for a node.
        true => (wanted.to_vec(), objects.unwrap_or_default()),
        false => {
            let objects = objects.map_err(Error::from)?;
            (name_classes(&objects)?, objects)
        }
    };
    let mut classes = Vec::new();
    for spec in crate::collect::order_runtimes(&list, baseline, &[])? {
        let class = spec.handler.filter(|class| class != NO_CLASS);
        let object = objects.iter().find(|object| {
            class.is_some() && object["metadata"]["name"].as_str() == class.as_deref()
        });
        let selector = object.map(|object| read_labels(&object["scheduling"]["nodeSelector"]));
        let (name, role, selector) = (spec.name, spec.role, selector.unwrap_or_default());
        classes.push(PodClass { name, role, class, named: are_named, selector });
    }
    Ok(classes)
}

fn name_classes(objects: &[serde_json::Value]) -> Result<Vec<RuntimeArgument>> {
    let names = objects.iter().filter_map(|object| object["metadata"]["name"].as_str());
    let mut list = Vec::new();
    for name in std::iter::once(NO_CLASS).chain(names.filter(|name| *name != NO_CLASS)) {
        list.push(name.parse::<RuntimeArgument>().map_err(|words| {
            Error::unusable_input(format!("RuntimeClass {name}: {words}"))
                .with_help("name the classes, each by a name that fits: --runtime-class NAME=CLASS")
        })?);
    }
    Ok(list)
}
