//! One class on one node: a pod, its answers, and why there are none.

use std::time::{Duration, Instant};

use chrono::Utc;
use serde_json::Value;

use super::client::{ClusterClient, ClusterError, encode_query};
use super::nodes::ClusterNode;
use super::pod::{AskedFields, PodNotes, find_changes, probe_pod};
use super::words::{
    PodEnd, PodProgress, find_lasting_failure, is_unschedulable, last_warning, read_progress,
};
use super::{ClusterSession, PodClass};
use crate::collect::{WitnessProcess, answer_captures, script_questions};
use crate::model::{Capture, CaptureOrigin, CaptureStatus, CapturedStream, fact_ids};
use crate::probe::script::{self, BatchAnswers, BatchLimits, BatchQuestion};

/// How often a pod is looked at, and the events about one that does not start.
const TICK: Duration = Duration::from_millis(300);
const EVENTS: Duration = Duration::from_secs(2);

/// How long the scheduler may find no room: a pod of ours that is about to go may take it.
const UNSCHEDULABLE: Duration = Duration::from_secs(5);

/// How long after its own deadline a pod is waited for.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// How often in a row the cluster may not answer a question about a pod.
const SILENCES: u32 = 3;

/// The longest log that is read: the script prints less than 64 KiB.
const LOG_BYTES: usize = 1024 * 1024;

/// What came of a class on a node.
pub(super) struct PodOutcome<'a> {
    pub captures: Vec<Capture>,
    /// The cluster's words, if there are no answers.
    pub failure: Option<String>,
    /// The pod that answered. It is deleted when what it answered is written: until then its log
    /// has it, if we should die.
    pub pod: Option<ProbePod<'a>>,
    /// A process in it, if it lives on to be looked at from the node.
    pub witness: Option<WitnessProcess>,
}

impl PodOutcome<'_> {
    pub(super) fn of_failure(words: String) -> Self {
        Self { captures: Vec::new(), failure: Some(words), pod: None, witness: None }
    }
}

/// A pod that has answered and lives on, with its witness.
pub(super) struct HeldPod<'a> {
    pub target: &'a str,
    pub pod: &'a ProbePod<'a>,
    pub witness: &'a WitnessProcess,
}

/// Starts the pod of a class on a node, waits for its answers and reads them.
pub(super) fn probe_class<'a>(
    session: &ClusterSession<'a>,
    node: &ClusterNode,
    class: &PodClass,
) -> PodOutcome<'a> {
    let witness = session.options.node_view.map(|_| WitnessProcess::with_random_argument());
    let witness = witness.transpose();
    let (nonce, witness) = match (script::make_nonce(), witness) {
        (Ok(nonce), Ok(witness)) => (nonce, witness),
        (Err(error), _) | (_, Err(error)) => return PodOutcome::of_failure(error.message),
    };
    let mut settings = session.options.pods.clone();
    let limit = Duration::from_secs(settings.seconds) + GRACE;
    let questions = script_questions(session.catalogue, false);
    let mut text = script::generate_script(&questions, &nonce, &BatchLimits::default());
    if let Some(witness) = &witness {
        // Until those of the other classes have answered, and for who looks at all.
        settings.seconds *= session.classes.len() as u64 + 1;
        // The script's shell waits when it ends.
        let wait = format!("trap 'sleep {}' EXIT\n", settings.seconds);
        text.insert_str(0, &(witness.start_command() + &wait));
    }
    let mut asked = probe_pod(&settings, &node.name, class.class.as_deref(), &text, Utc::now());
    let notes = PodNotes {
        target: class.name.clone(),
        nonce,
        boot_id: node.boot_id.clone(),
        asked: AskedFields::of_pod(&asked),
    };
    notes.add_to(&mut asked);
    let begun = Instant::now();
    let mut pod = match ProbePod::create_pod(session.client, &asked) {
        Ok(pod) => pod,
        Err(error) => return PodOutcome::of_failure(error.words),
    };
    pod.last_words = witness.as_ref().map(|_| script::end_mark(&notes.nonce));
    let mut outcome = read_answers(session, pod, &node.name, &notes, begun + limit);
    outcome.witness = witness;
    outcome
}

/// Waits for the answers of a pod and reads them. One that has none is deleted.
pub(super) fn read_answers<'a>(
    session: &ClusterSession<'a>,
    mut pod: ProbePod<'a>,
    node: &str,
    notes: &PodNotes,
    deadline: Instant,
) -> PodOutcome<'a> {
    let end = match pod.wait_for_end(session, deadline) {
        Ok(end) => end,
        Err(words) => return PodOutcome::of_failure(words),
    };
    // What it showed would be that of another node.
    if pod.node_name() != Some(node) {
        return PodOutcome::of_failure("the pod was put on another node than it asked for".into());
    }
    let log = match pod.read_log() {
        Ok(log) => log,
        Err(error) => return PodOutcome::of_failure(format!("its log: {}", error.words)),
    };
    let questions = script_questions(session.catalogue, false);
    let answers = script::parse_script_output(&log, &notes.nonce, &questions);
    let (captures, failure) = read_outcome(&pod, notes, &questions, &answers, &end);
    let pod = failure.is_none().then_some(pod);
    PodOutcome { captures, failure, pod, witness: None }
}

/// The captures of a pod that ended, and why there are no answers.
fn read_outcome(
    pod: &ProbePod,
    notes: &PodNotes,
    questions: &[BatchQuestion],
    answers: &BatchAnswers,
    end: &PodEnd,
) -> (Vec<Capture>, Option<String>) {
    let target = notes.target.as_str();
    let stray = crate::text::decode_bytes(&answers.stray);
    let failure = (!answers.started).then(|| {
        let how = end.exit.map_or("without a status".into(), |exit| format!("with status {exit}"));
        let said = crate::text::join_words(&stray);
        let words = [end.words.as_deref().unwrap_or_default(), said.as_str()];
        let words = words.into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>();
        match words.is_empty() {
            true => format!("the container ended {how} before the first probe"),
            false => words.join(": "),
        }
    });
    let status = match answers.started && answers.finished {
        true => CaptureStatus::Ok,
        false if end.is_late => CaptureStatus::Timeout,
        false => CaptureStatus::Error,
    };
    let argv = ["kubectl", "logs", &pod.name].map(String::from).to_vec();
    let origin = CaptureOrigin::Command { argv };
    let boot = Capture {
        status,
        exit: end.exit,
        duration_ms: pod.begun.map(|begun| (begun.elapsed().as_secs_f64() * 1e6).round() / 1e3),
        stderr: end.words.as_ref().map(|words| CapturedStream::new(words.as_bytes())),
        ..Capture::of_target(target, "boot", origin, &answers.stray)
    };
    let changes = find_changes(&notes.asked, &pod.stored);
    let lines: String = changes.iter().map(|change| format!("{change}\n")).collect();
    let how = format!("pod {} as the cluster stored it, held against what was asked for", pod.name);
    let origin = CaptureOrigin::Observed { how };
    let stored = Capture::of_target(target, &fact_ids::POD_CHANGES, origin, lines.as_bytes());
    let mut captures = vec![boot, stored];
    captures.extend(answer_captures(target, questions, answers, answers.started));
    (captures, failure)
}

/// A pod, which is deleted when it is no longer needed if we made it.
pub(super) struct ProbePod<'a> {
    client: &'a ClusterClient,
    pub name: String,
    pub uid: String,
    pub stored: Value,
    object: Value,
    /// What it prints last, where it lives on afterwards.
    last_words: Option<String>,
    /// When we asked for it; none if a session did that died.
    begun: Option<Instant>,
}

impl<'a> ProbePod<'a> {
    pub(super) fn create_pod(
        client: &'a ClusterClient,
        asked: &Value,
    ) -> Result<Self, ClusterError> {
        let begun = Some(Instant::now());
        let stored = client.create_object(&pods_path(client), asked)?;
        let mut pod = Self::of_stored(client, stored);
        pod.begun = begun;
        Ok(pod)
    }

    /// One that another session made, and whose answers have this mark.
    pub(super) fn take_over(client: &'a ClusterClient, stored: Value, nonce: &str) -> Self {
        let mut pod = Self::of_stored(client, stored);
        pod.last_words = Some(script::end_mark(nonce));
        pod
    }

    fn of_stored(client: &'a ClusterClient, stored: Value) -> Self {
        let [name, uid] = ["name", "uid"]
            .map(|field| stored["metadata"][field].as_str().unwrap_or_default().to_string());
        let object = stored.clone();
        Self { client, name, uid, object, stored, last_words: None, begun: None }
    }

    pub(super) fn pod_path(&self) -> String {
        format!("{}/{}", pods_path(self.client), self.name)
    }

    /// Waits until its container has ended, or has answered and waits.
    /// Errors: why it will not start, or did not end in time: the cluster's words.
    pub(super) fn wait_for_end(
        &mut self,
        session: &ClusterSession,
        deadline: Instant,
    ) -> Result<PodEnd, String> {
        let begun = Instant::now();
        let (mut silent, mut looked, mut events) = (0, begun, Vec::new());
        loop {
            if session.is_cancelled() {
                return Err("the user stopped the session before it ended".into());
            }
            match self.client.get_object(&self.pod_path()) {
                Ok(object) => (silent, self.object) = (0, object),
                Err(ClusterError { status: Some(404), .. }) => {
                    return Err("somebody deleted the pod".into());
                }
                Err(error) if silent >= SILENCES => return Err(error.words),
                Err(_) => silent += 1,
            }
            let progress = read_progress(&self.object);
            let waits_for = match &progress {
                PodProgress::Ended(end) => return Ok(end.clone()),
                PodProgress::Refused(words) => return Err(words.clone()),
                PodProgress::Running if self.has_answered() => return Ok(PodEnd::of_waiting_pod()),
                PodProgress::Running => self.lost_node(session),
                PodProgress::Waiting(words) => Some(words.clone()),
            };
            let is_running = progress == PodProgress::Running;
            if let (true, Some(words)) = (is_running, &waits_for) {
                return Err(words.clone());
            }
            if is_unschedulable(&self.object) && begun.elapsed() > UNSCHEDULABLE {
                return Err(waits_for.unwrap_or_default());
            }
            if !is_running && looked.elapsed() > EVENTS {
                (looked, events) = (Instant::now(), self.list_events());
                if let Some(words) = find_lasting_failure(&events) {
                    return Err(words);
                }
            }
            if Instant::now() > deadline {
                let words = last_warning(&events).or(waits_for).unwrap_or_default();
                let seconds = begun.elapsed().as_secs();
                let state = if is_running { "it runs" } else { words.as_str() };
                return Err(format!("no end after {seconds} s: {state}"));
            }
            std::thread::sleep(TICK);
        }
    }

    /// Why a pod that is said to run does not: the node is no longer heard of.
    fn lost_node(&self, session: &ClusterSession) -> Option<String> {
        let mut conditions = self.object["status"]["conditions"].as_array().into_iter().flatten();
        if conditions.any(|it| it["type"] == "Ready" && it["status"] == "True") {
            return None;
        }
        let name = self.object["spec"]["nodeName"].as_str()?;
        ClusterNode::fetch_node(session.client, name).ok()?.obstacle
    }

    /// The events about it: by uid, because names are used again.
    pub(super) fn list_events(&self) -> Vec<Value> {
        let query =
            format!("&fieldSelector={}", encode_query(&format!("involvedObject.uid={}", self.uid)));
        let path = format!("/api/v1/namespaces/{}/events", self.client.namespace());
        self.client.list_objects(&path, &query).unwrap_or_default()
    }

    /// Whether it has printed all that it prints, and lives on.
    fn has_answered(&self) -> bool {
        let Some(mark) = self.last_words.as_ref().map(String::as_bytes) else { return false };
        // A line that is still being written may hold the mark already.
        self.read_log().is_ok_and(|log| {
            log.split_inclusive(|byte| *byte == b'\n')
                .any(|line| line.starts_with(mark) && line.ends_with(b"\n"))
        })
    }

    pub(super) fn node_name(&self) -> Option<&str> {
        self.object["spec"]["nodeName"].as_str()
    }

    /// Its log, each line after the time when its node had it.
    pub(super) fn read_timed_log(&self) -> Result<Vec<u8>, ClusterError> {
        self.client
            .get_bytes(&format!("{}/log?timestamps=true&limitBytes={LOG_BYTES}", self.pod_path()))
    }

    pub(super) fn read_log(&self) -> Result<Vec<u8>, ClusterError> {
        self.client.get_bytes(&format!("{}/log?limitBytes={LOG_BYTES}", self.pod_path()))
    }
}

impl Drop for ProbePod<'_> {
    fn drop(&mut self) {
        // That of a session that died may be wanted once more.
        if self.begun.is_none() {
            return;
        }
        // What cannot be deleted now is tried again, and told, at the end of the session.
        let _ = self.client.delete_object(&self.pod_path());
    }
}

pub(super) fn pods_path(client: &ClusterClient) -> String {
    format!("/api/v1/namespaces/{}/pods", client.namespace())
}
