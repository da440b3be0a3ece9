//! Start-up on a node: from the scheduler's word that a pod has its node to the first line that its
//! container wrote.
//!
//! The first is a time of the control plane's clock, in microseconds, and the second one of the
//! node's, in nanoseconds; all other times of a pod are whole seconds. What the two clocks differ
//! by is in every value, so only differences between classes on one node say something. As on a
//! machine the classes take turns in random order, and the baseline has two turns in each round.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use chrono::Utc;

use super::client::{ClusterError, wait_unless_stopped};
use super::nodes::ClusterNode;
use super::pod::{PodSettings, probe_pod};
use super::probing::{GRACE, ProbePod};
use super::{ClusterSession, PodClass};
use crate::collect::capture_of;
use crate::model::{Capture, Role, fact_ids};
use crate::stats::RandomSequence;

/// What the container prints, so that one that did nothing is not taken for a fast one.
const WORD: &str = "ready";

/// The columns of a line; what a failed start complained about follows its pod.
const COLUMNS: &str = "columns outcome round scheduled first_line pod";

/// Starts of each class that are thrown away.
const WARMUP: u32 = 1;

/// Failures in a row after which a class is not started again.
const MAX_CONSECUTIVE_FAILURES: u32 = 3;

/// How long the scheduler's event, which is sent apart from the pod, is waited for, and how long
/// the pod's removal, before which the next is not started; and how often both are asked for.
const EVENT: Duration = Duration::from_secs(5);
const REMOVAL: Duration = Duration::from_secs(30);
const TICK: Duration = Duration::from_millis(100);

/// How the times were taken, for readers.
const METHOD: &str = "pods of this class that print one word, in turns with those of the other \
                      classes and each after the one before was gone: the time of the scheduler's \
                      event `Scheduled` (kubectl get events -o jsonpath={.items[*].eventTime}) and \
                      that of the log's first line (kubectl logs --timestamps)";

/// Whose turn it is: a class, or the baseline under its second name.
struct StartArm<'a> {
    class: &'a PodClass,
    is_control: bool,
    lines: String,
    failures: u32,
}

/// The times of a start, as the cluster writes them.
struct StartTimes {
    scheduled: String,
    first_line: String,
}

/// Starts each of these classes `samples` times on a node: a record for each, and one more for the
/// baseline's second turns.
pub(super) fn measure_starts(
    session: &ClusterSession,
    node: &ClusterNode,
    classes: &[&PodClass],
    samples: u32,
) -> Vec<Capture> {
    let compared = classes.iter().map(|class| (*class, false));
    let controls = classes.iter().filter(|class| class.role == Role::Baseline);
    let mut arms: Vec<StartArm> = compared
        .chain(controls.map(|class| (*class, true)))
        .map(|(class, is_control)| StartArm {
            class,
            is_control,
            lines: String::new(),
            failures: 0,
        })
        .collect();
    // The image is there since the probes: no start waits for a registry.
    let settings = PodSettings { pull: "Never".into(), ..session.options.pods.clone() };
    let mut random = RandomSequence::new(seed_of(&settings.session, &node.name));
    for round in 1..=WARMUP + samples {
        session.progress.on_step(&node.name, &format!("start-up, round {round}"), None);
        for index in random.shuffled_order(arms.len()) {
            if arms[index].failures >= MAX_CONSECUTIVE_FAILURES {
                continue;
            }
            if session.is_cancelled() {
                return arm_captures(&arms, samples);
            }
            let (name, times) = time_start(session, node, arms[index].class, &settings);
            arms[index].add_start(round, &name, times);
        }
    }
    arm_captures(&arms, samples)
}

/// What decides the order of turns on a node, so that it can be made again (FNV-1a).
fn seed_of(session: &str, node: &str) -> u64 {
    session.bytes().chain(node.bytes()).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl StartArm<'_> {
    /// Adds the line of a start; of the discarded ones only those that failed have one.
    fn add_start(&mut self, round: u32, name: &str, times: Result<StartTimes, String>) {
        let _ = match times {
            Ok(StartTimes { scheduled, first_line }) => {
                self.failures = 0;
                let outcome = if round > WARMUP { "ok" } else { "warmup" };
                writeln!(self.lines, "{outcome} {round} {scheduled} {first_line} {name}")
            }
            Err(words) => {
                self.failures += 1;
                let words = crate::text::join_words(&words);
                writeln!(self.lines, "failed {round} - - {name}: {words}")
            }
        };
    }
}

fn arm_captures(arms: &[StartArm], samples: u32) -> Vec<Capture> {
    let mut captures = Vec::new();
    for arm in arms.iter().filter(|arm| !arm.lines.is_empty()) {
        let class = arm.class.class.as_deref().unwrap_or("none");
        let text = format!(
            "class {class}\nasked for {samples} starts, after {WARMUP} that is discarded\n\
             {COLUMNS}\n{}",
            arm.lines
        );
        let id = if arm.is_control {
            fact_ids::STARTUP_CONTROL_SCHEDULED
        } else {
            fact_ids::STARTUP_SCHEDULED
        };
        captures.push(capture_of(&arm.class.name, &id, METHOD, &text));
    }
    captures
}

/// Starts one pod, and waits until it is gone. Returns its name.
fn time_start(
    session: &ClusterSession,
    node: &ClusterNode,
    class: &PodClass,
    settings: &PodSettings,
) -> (String, Result<StartTimes, String>) {
    let script = format!("echo {WORD}");
    let asked = probe_pod(settings, &node.name, class.class.as_deref(), &script, Utc::now());
    let pod = match ProbePod::create_pod(session.client, &asked) {
        Ok(pod) => pod,
        Err(error) => return ("-".into(), Err(error.words)),
    };
    let (name, path) = (pod.name.clone(), pod.pod_path());
    let times = read_times(session, node, class, settings, pod);
    let removed = wait_for_removal(session, &path);
    (name, times.and_then(|times| removed.map(|()| times)))
}

/// The times of a pod, which is deleted then.
fn read_times(
    session: &ClusterSession,
    node: &ClusterNode,
    class: &PodClass,
    settings: &PodSettings,
    mut pod: ProbePod,
) -> Result<StartTimes, String> {
    let deadline = Instant::now() + Duration::from_secs(settings.seconds) + GRACE;
    let end = pod.wait_for_end(session, deadline)?;
    if pod.node_name() != Some(&node.name) {
        return Err("the pod was put on another node than it asked for".into());
    }
    if pod.stored["spec"]["runtimeClassName"].as_str() != class.class.as_deref() {
        return Err("the cluster stored the pod with another class".into());
    }
    let log = pod.read_timed_log().map_err(|error| format!("its log: {}", error.words))?;
    let log = String::from_utf8_lossy(&log);
    let first_line = match log.lines().next().and_then(|line| line.split_once(' ')) {
        Some((time, WORD)) => time.to_string(),
        _ => {
            let words = end.words.unwrap_or_default();
            return Err(format!("`{WORD}` was expected in its log, not `{log}` {words}"));
        }
    };
    let scheduled = wait_for_scheduled_time(session, &pod)?;
    Ok(StartTimes { scheduled, first_line })
}

/// The time of the scheduler's event about a pod.
fn wait_for_scheduled_time(session: &ClusterSession, pod: &ProbePod) -> Result<String, String> {
    let begun = Instant::now();
    loop {
        if let Some(event) = pod.list_events().iter().find(|event| event["reason"] == "Scheduled") {
            let time = event["eventTime"].as_str().map(String::from);
            return time.ok_or_else(|| {
                "the scheduler's event states no time in microseconds (eventTime)".into()
            });
        }
        if begun.elapsed() > EVENT || session.is_cancelled() {
            return Err("there is no event of a scheduler about it".into());
        }
        wait_unless_stopped(TICK, session.cancel);
    }
}

/// Waits until a pod that was deleted is gone: its end is work on the node.
fn wait_for_removal(session: &ClusterSession, path: &str) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        match session.client.get_object(path) {
            Err(ClusterError { status: Some(404), .. }) => return Ok(()),
            Err(error) if session.is_cancelled() => return Err(error.words),
            _ if begun.elapsed() > REMOVAL => {
                return Err(format!("it was not gone after {} s", REMOVAL.as_secs()));
            }
            _ => {
                wait_unless_stopped(TICK, session.cancel);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::parse::parse_output;

    #[test]
    fn a_record_of_starts_is_read_by_the_parser_of_the_catalogue() {
        let class = PodClass {
            name: "kata".into(),
            role: Role::Candidate,
            class: Some("kata-qemu".into()),
            named: true,
            selector: std::collections::BTreeMap::new(),
        };
        let mut arm =
            StartArm { class: &class, is_control: false, lines: String::new(), failures: 0 };
        let times = |scheduled: &str, first_line: &str| {
            Ok(StartTimes { scheduled: scheduled.into(), first_line: first_line.into() })
        };
        let scheduled = "2026-11-26T07:19:36.894354Z";
        arm.add_start(1, "p1", times(scheduled, "2026-11-26T07:19:39.894354Z"));
        arm.add_start(2, "p2", times(scheduled, "2026-11-26T07:19:37.169136149Z"));
        arm.add_start(3, "p3", Err("no runtime\nfor it".into()));
        // The node's clock may be behind.
        arm.add_start(4, "p4", times(scheduled, "2026-11-26T08:19:36.794354+01:00"));
        let captures = arm_captures(&[arm], 3);
        assert_eq!(captures[0].id, "kata/startup.scheduled");
        let text = captures[0].stdout.text_lines().join("\n");
        assert!(text.contains("failed 3 - - p3: no runtime for it"), "{text}");
        let values = parse_output("clock_distances", &text).unwrap().unwrap();
        assert_eq!(values, serde_json::json!([0.274_782_149, -0.1]));
    }
}
