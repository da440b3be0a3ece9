//! Parsers of the events of starts: how a start divides into phases.
//!
//! The record has a line for each start, with its beginning and end by the wall clock in
//! nanoseconds, and below it the engine's own events about that container, as they came:
//!
//! ```text
//! start 3 1795533040490832424 1795533040920302845 isoproof-…
//! {"Type":"container","Action":"create",…,"timeNano":1795533040609934974}
//! ```
//!
//! The forms of docker, podman, nerdctl and ctr are read. A start whose events are not all there,
//! are not in order, or do not lie within it, has no phases: then the clocks are not to be
//! compared, and nothing is guessed.

use std::cell::RefCell;

use serde::Deserialize;
use serde_json::Value;

use super::{MissingValue, ParseResult, filled_lines};
use crate::model::MissingReason;

pub(super) const START: &str = "start ";

thread_local! {
    /// The record that was read last: six questions are asked of each.
    static LAST: RefCell<(String, Vec<StartPhases>)> = RefCell::default();
}

pub(super) fn read_phase(text: &str, phase: impl Fn(&StartPhases) -> Option<u64>) -> ParseResult {
    let values: Option<Vec<f64>> = LAST.with_borrow_mut(|last| {
        if last.0 != text {
            let all = parse_starts(text).iter().filter_map(StartEvents::compute_phases).collect();
            *last = (text.to_string(), all);
        }
        last.1.iter().map(|start| phase(start).map(seconds_to_microsecond)).collect()
    });
    if values.as_ref().is_some_and(Vec::is_empty) {
        let reason = "no start has all its events, in order and within its time";
        return Err(MissingValue::new(MissingReason::NotStated, reason));
    }
    values.map(Value::from).ok_or_else(|| {
        MissingValue::new(MissingReason::NotStated, "the engine does not report this step")
    })
}

/// Nanoseconds as seconds, to the microsecond.
fn seconds_to_microsecond(nanoseconds: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "no start takes 2^52 microseconds")]
    let microseconds = ((nanoseconds + 500) / 1000) as f64;
    microseconds / 1e6
}

/// The phases of one start, in nanoseconds. They follow one another and add up to the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StartPhases {
    /// From the client's start to the creation, and from the removal to the client's end.
    pub client: u64,
    /// From the creation to the next step that the engine reports.
    pub create: u64,
    /// From attaching to the connected network.
    pub network: Option<u64>,
    /// To the report that the workload was started.
    pub start: u64,
    /// From the report of the start to that of the end.
    pub run: u64,
    /// From the end to the removal.
    pub removal: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EngineStep {
    Created,
    Attached,
    Connected,
    /// The runtime has made the container (podman: `init`, containerd: a task was created).
    Made,
    Started,
    Ended,
    Removed,
}

struct StartEvents {
    begun: u64,
    ended: u64,
    steps: Vec<(EngineStep, u64)>,
}

fn parse_starts(text: &str) -> Vec<StartEvents> {
    let mut starts: Vec<StartEvents> = Vec::new();
    for line in filled_lines(text) {
        if let Some(rest) = line.strip_prefix(START) {
            let mut words = rest.split_whitespace().skip(1).map(str::parse);
            if let (Some(Ok(begun)), Some(Ok(ended))) = (words.next(), words.next()) {
                starts.push(StartEvents { begun, ended, steps: Vec::new() });
            }
        } else if let (Some(start), Some(step)) = (starts.last_mut(), parse_event(line)) {
            start.steps.push(step);
        }
    }
    starts
}

impl StartEvents {
    fn step_time(&self, step: EngineStep) -> Option<u64> {
        self.steps.iter().find(|(other, _)| *other == step).map(|(_, time)| *time)
    }

    fn compute_phases(&self) -> Option<StartPhases> {
        let [created, started, ended, removed] =
            [EngineStep::Created, EngineStep::Started, EngineStep::Ended, EngineStep::Removed]
                .map(|step| self.step_time(step));
        let (created, started, ended, removed) = (created?, started?, ended?, removed?);
        let (made, network) = match [EngineStep::Made, EngineStep::Attached, EngineStep::Connected]
            .map(|step| self.step_time(step))
        {
            [Some(made), _, _] => (made, None),
            [None, Some(attached), Some(connected)] => (attached, Some(connected)),
            _ => return None,
        };
        let start_from = network.unwrap_or(made);
        // Removing may end after the client has gone.
        let rest = self.ended.saturating_sub(removed);
        Some(StartPhases {
            client: created.checked_sub(self.begun)?.checked_add(rest)?,
            create: made.checked_sub(created)?,
            network: match network {
                Some(connected) => Some(connected.checked_sub(made)?),
                None => None,
            },
            start: started.checked_sub(start_from)?,
            run: ended.checked_sub(started)?,
            removal: removed.checked_sub(ended)?,
        })
        .filter(|_| ended <= self.ended)
    }
}

/// The step and time of an event, if it is one of those that matter.
fn parse_event(line: &str) -> Option<(EngineStep, u64)> {
    if !line.starts_with('{') {
        return parse_ctr_event(line);
    }
    let event: EngineEvent = serde_json::from_str(line).ok()?;
    if let Some(time) = event.nanoseconds {
        return Some((docker_step(&event.kind?, &event.action?)?, time));
    }
    if let Some(topic) = event.topic {
        return Some((containerd_step(&topic)?, parse_rfc3339_nanoseconds(&event.timestamp?)?));
    }
    Some((podman_step(&event.status?)?, parse_rfc3339_nanoseconds(&event.time?)?))
}

/// What matters of an event of docker (the first three), containerd or podman.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EngineEvent {
    #[serde(rename = "timeNano")]
    nanoseconds: Option<u64>,
    #[serde(rename = "Type")]
    kind: Option<String>,
    action: Option<String>,
    topic: Option<String>,
    timestamp: Option<String>,
    status: Option<String>,
    time: Option<String>,
}

fn docker_step(kind: &str, action: &str) -> Option<EngineStep> {
    match (kind, action) {
        ("container", "create") => Some(EngineStep::Created),
        ("container", "attach") => Some(EngineStep::Attached),
        ("network", "connect") => Some(EngineStep::Connected),
        ("container", "start") => Some(EngineStep::Started),
        ("container", "die") => Some(EngineStep::Ended),
        ("container", "destroy") => Some(EngineStep::Removed),
        _ => None,
    }
}

fn podman_step(status: &str) -> Option<EngineStep> {
    match status {
        "create" => Some(EngineStep::Created),
        "init" => Some(EngineStep::Made),
        "start" => Some(EngineStep::Started),
        "died" => Some(EngineStep::Ended),
        "remove" => Some(EngineStep::Removed),
        _ => None,
    }
}

fn containerd_step(topic: &str) -> Option<EngineStep> {
    match topic {
        "/containers/create" => Some(EngineStep::Created),
        "/tasks/create" => Some(EngineStep::Made),
        "/tasks/start" => Some(EngineStep::Started),
        "/tasks/exit" => Some(EngineStep::Ended),
        "/containers/delete" => Some(EngineStep::Removed),
        _ => None,
    }
}

/// `2026-11-24 15:10:43.214268908 +0000 UTC default /containers/create {…}`
fn parse_ctr_event(line: &str) -> Option<(EngineStep, u64)> {
    let mut words = line.split(' ');
    let (day, hour, zone) = (words.next()?, words.next()?, words.next()?);
    let topic = words.find(|word| word.starts_with('/'))?;
    let offset = match zone.split_at_checked(3) {
        Some((hours, minutes)) => format!("{hours}:{minutes}"),
        None => return None,
    };
    Some((containerd_step(topic)?, parse_rfc3339_nanoseconds(&format!("{day}T{hour}{offset}"))?))
}

/// A time in RFC 3339, in nanoseconds since 1970.
fn parse_rfc3339_nanoseconds(text: &str) -> Option<u64> {
    let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    time.timestamp_nanos_opt().and_then(|time| u64::try_from(time).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DOCKER: &str = r#"start 3 1000000000 1310000000 isoproof-a
{"Type":"container","Action":"create","timeNano":1020000000}
{"Type":"container","Action":"attach","timeNano":1022000000}
{"Type":"network","Action":"connect","timeNano":1030000000}
{"Type":"container","Action":"start","timeNano":1210000000}
{"Type":"container","Action":"die","timeNano":1232000000}
{"Type":"network","Action":"disconnect","timeNano":1280000000}
{"Type":"container","Action":"destroy","timeNano":1300000000}
"#;

    fn all(text: &str) -> Vec<ParseResult> {
        let names = ["client", "create", "network", "start", "run", "removal"];
        let parse = |name| super::super::parse_output(&format!("phase_{name}"), text).unwrap();
        names.map(parse).into()
    }

    fn values(text: &str) -> Vec<Option<f64>> {
        all(text).into_iter().map(|reading| reading.ok().and_then(|v| v[0].as_f64())).collect()
    }

    #[test]
    fn docker_tells_six_phases_that_add_up_to_the_whole() {
        let phases = values(DOCKER);
        let phases: Vec<f64> = phases.into_iter().map(Option::unwrap).collect();
        assert_eq!(phases, [0.03, 0.002, 0.008, 0.18, 0.022, 0.068]);
        assert!((phases.iter().sum::<f64>() - 0.31).abs() < 1e-9);
    }

    #[test]
    fn podman_nerdctl_and_ctr_tell_no_network() {
        let podman = r#"start 1 1795533045080783908 1795533045405453395 a
{"ID":"8a18","Status":"create","Time":"2026-11-24T15:10:45.14023889Z","Type":"container"}
{"ID":"8a18","Status":"init","Time":"2026-11-24T15:10:45.227759238Z","Type":"container"}
{"ID":"8a18","Status":"start","Time":"2026-11-24T15:10:45.231649605Z","Type":"container"}
{"ID":"8a18","Status":"attach","Time":"2026-11-24T15:10:45.231785417Z","Type":"container"}
{"ID":"8a18","Status":"died","Time":"2026-11-24T15:10:45.236586299Z","Type":"container"}
{"ID":"8a18","Status":"remove","Time":"2026-11-24T15:10:45.398527577Z","Type":"container"}
"#;
        let nerdctl = r#"start 1 1795533043912886449 1795533044274940190 a
{"Timestamp":"2026-11-24T15:10:43.952071732Z","Topic":"/containers/create","Event":"{}"}

{"Timestamp":"2026-11-24T15:10:44.175266212Z","Topic":"/tasks/create","Event":"{}"}
{"Timestamp":"2026-11-24T15:10:44.185475204Z","Topic":"/tasks/start","Event":"{}"}
{"Timestamp":"2026-11-24T15:10:44.189099541Z","Topic":"/tasks/exit","Event":"{}"}
{"Timestamp":"2026-11-24T15:10:44.271058675Z","Topic":"/containers/delete","Event":"{}"}
"#;
        let ctr = r#"start 1 1795533043194403586 1795533043287342199 a
2026-11-24 16:10:43.209548866 +0100 CET default /snapshot/prepare {"key":"a"}
2026-11-24 16:10:43.214268908 +0100 CET default /containers/create {"id":"a"}
2026-11-24 15:10:43.251493249 +0000 UTC default /tasks/create {"container_id":"a"}
2026-11-24 15:10:43.257519168 +0000 UTC default /tasks/start {"container_id":"a"}
2026-11-24 15:10:43.2646594 +0000 UTC default /tasks/exit {"container_id":"a"}
2026-11-24 15:10:43.284723057 +0000 UTC default /containers/delete {"id":"a"}
"#;
        for (text, client, run) in [
            (podman, 0.066_381, 0.004_937),
            (nerdctl, 0.043_067, 0.003_624),
            (ctr, 0.022_484, 0.007_140),
        ] {
            let phases = values(text);
            assert_eq!((phases[0], phases[4]), (Some(client), Some(run)), "{text}");
            assert_eq!(
                read_phase(text, |it| it.network).unwrap_err().why,
                MissingReason::NotStated,
                "{text}"
            );
        }
    }

    #[test]
    fn a_start_whose_events_are_not_all_there_or_not_in_order_has_no_phases() {
        let without = |part: &str| -> String {
            DOCKER
                .lines()
                .filter(|line| !line.contains(part))
                .map(|line| format!("{line}\n"))
                .collect()
        };
        for part in ["create", "attach", "\"connect", "\"start", "die", "destroy"] {
            assert_eq!(
                read_phase(&without(part), |it| Some(it.client)).unwrap_err().why,
                MissingReason::NotStated,
                "{part}"
            );
        }
        let early = DOCKER.replace("1020000000", "900000000");
        let late = DOCKER.replace("start 3 1000000000 1310000000", "start 3 1000000000 1231000000");
        let crossed = DOCKER.replace("1210000000", "1029000000");
        for text in [early, late, crossed] {
            assert!(read_phase(&text, |it| Some(it.client)).is_err(), "{text}");
        }
        let two = format!("{}{DOCKER}", without("destroy"));
        assert_eq!(read_phase(&two, |it| Some(it.run)).unwrap(), serde_json::json!([0.022]));
    }

    proptest! {
        #[test]
        fn phases_are_never_negative(times: [u64; 8]) {
            let mut text = format!("start 1 {} {} a\n", times[0], times[7]);
            let steps = [("container", "create"), ("container", "attach"), ("network", "connect"),
                ("container", "start"), ("container", "die"), ("container", "destroy")];
            for ((kind, action), time) in steps.iter().zip(&times[1..]) {
                text.push_str(&format!(
                    "{{\"Type\":\"{kind}\",\"Action\":\"{action}\",\"timeNano\":{time}}}\n"
                ));
            }
            for reading in all(&text).into_iter().flatten() {
                prop_assert!(reading[0].as_f64().unwrap() >= 0.0);
            }
        }
    }
}
