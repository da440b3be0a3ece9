//! Start-up: how long it takes from the start of the engine's client to the container's first
//! byte of output, and to the client's end with the container removed.
//!
//! The runtimes take turns in random order within each round, after discarded warm-ups: in
//! blocks, the drift of the machine would show as a difference between runtimes. The baseline has
//! two turns in each round, under two names: what differs between the two is no runtime's doing.
//! A start that failed is recorded and is no sample. What was measured before the user stopped is
//! kept.

mod events;
mod record;

use crate::text::shell_line;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::budget::{MeasureState, budget_line};
use super::host_side;
use super::options::RoundCounts;
use super::session::CollectSession;
use super::waiting::wait_until;
use super::work_part::WorkPart;
use crate::engine::{ContainerMode, EngineKind, clean};
use crate::model::{Capture, Role, Target};
use crate::process::{TimedCommand, time_command};
use crate::stats::RandomSequence;
use events::EventListener;
use record::{TimedStart, WORD, first_start_time, startup_record};

/// Failures in a row after which a target is not started again.
const MAX_CONSECUTIVE_FAILURES: u32 = 3;

/// How far the wall clock may move during a start whose events are used, in nanoseconds.
const CLOCK_SHIFT: i64 = 1_000_000;

/// The most that is kept of the events of a target, in bytes.
const EVENTS_KEPT: usize = 256 * 1024;

/// Whose turn it is: a target, or the baseline under its second name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct StartupArm<'a> {
    spec: &'a Target,
    is_control: bool,
}

impl StartupArm<'_> {
    fn describe_arm(self) -> String {
        format!("{}{}", self.spec.name, if self.is_control { " (control)" } else { "" })
    }
}

/// The first start of each target in this session, one after the other in random order, and how
/// long those took that succeeded.
pub(super) fn capture_cold_starts(
    session: &CollectSession,
    specs: &[Target],
    rounds: RoundCounts,
) -> (Vec<Capture>, BTreeMap<String, Duration>) {
    let (mut captures, mut times) = (Vec::new(), BTreeMap::new());
    if rounds.unsupported_reason(session.engine).is_some() {
        return (captures, times);
    }
    let arms = startup_arms(specs, false);
    for (place, index) in (1..).zip(session.seeded_random("cold").shuffled_order(arms.len())) {
        let arm = arms[index];
        session.begin_step(WorkPart::Probes, &arm.spec.name, "first start");
        let start = time_start(session, arm, index, place, 1, "cold");
        if session.is_cancelled() {
            break;
        }
        let mut head = format!("command {}\n", start_command(session, arm, "cold"));
        head.push_str(
            "first start of this runtime in this session; the image was there, nothing was \
             removed from caches\n",
        );
        let how = describe_method("the first start of the session");
        if let (None, Ok(timed)) = (start.failure_reason(), &start.timed) {
            times.insert(arm.spec.name.clone(), timed.output.duration);
        }
        let text = startup_record(&head, std::iter::once(&start));
        let started = first_start_time([&start]);
        captures.push(host_side::capture_since(
            started,
            &arm.spec.name,
            "startup.cold",
            &how,
            &text,
        ));
    }
    (captures, times)
}

/// Measures; none where nothing can be.
pub(super) fn measure_startup<'a>(
    session: &'a CollectSession,
    specs: &'a [Target],
    rounds: RoundCounts,
    skipped: &mut BTreeMap<String, String>,
) -> Option<StartupSeries<'a>> {
    if let Some(reason) = rounds.unsupported_reason(session.engine) {
        skipped.insert("startup".into(), reason);
        return None;
    }
    if specs.is_empty() || session.is_cancelled() {
        return None;
    }
    let arms = startup_arms(specs, true);
    let listening = events::events_command(session.engine);
    let listener = listening.as_deref().and_then(EventListener::start_listening);
    let listener = listener.filter(|listener| is_heard(session, arms[0], listener));
    let mut series = StartupSeries::new(session, arms, rounds, listener);
    series.measure_rounds(rounds.total_rounds(), None);
    Some(series)
}

/// Every target; the baseline once more as the control.
fn startup_arms(specs: &[Target], with_control: bool) -> Vec<StartupArm<'_>> {
    let baseline = specs.iter().filter(|spec| with_control && spec.role == Role::Baseline);
    let control = baseline.map(|spec| StartupArm { spec, is_control: true });
    specs.iter().map(|spec| StartupArm { spec, is_control: false }).chain(control).collect()
}

/// Starts containers until the listener hears of one: then it hears of all that follow.
fn is_heard(session: &CollectSession, arm: StartupArm, listener: &EventListener) -> bool {
    (1..=3).any(|attempt| {
        let part = format!("heard{attempt}");
        let start = time_start(session, arm, 0, attempt, 1, &part);
        let id = container_id(session, &start.container);
        wait_until(Duration::from_secs(1), || {
            session.is_cancelled()
                || id.as_deref().is_some_and(|id| !listener.events_about(id).is_empty())
        })
    })
}

fn container_id(session: &CollectSession, container: &str) -> Option<String> {
    match session.engine {
        EngineKind::Ctr => Some(container.to_string()),
        _ => {
            let id = std::fs::read_to_string(session.folder.id_file(container)).ok()?;
            Some(id.trim().to_string()).filter(|id| id.len() >= 12)
        }
    }
}

fn container_name(session: &CollectSession, arm: StartupArm, part: &str) -> String {
    let role = if arm.is_control { "control-" } else { "" };
    session.container_name(&arm.spec.name, &format!("{role}{part}"))
}

fn start_argv(session: &CollectSession, arm: StartupArm, part: &str) -> Vec<String> {
    let name = container_name(session, arm, part);
    session.container_argv(arm.spec, &name, &["echo", WORD], ContainerMode::Attached, &[])
}

/// The timed command for a reader: what differs between starts is the number in names.
fn start_command(session: &CollectSession, arm: StartupArm, part: &str) -> String {
    shell_line(start_argv(session, arm, part))
}

fn describe_method(what: &str) -> String {
    format!(
        "{what}, timed from the start of the engine's client, which is part of the figure, by the \
         host's monotonic clock: to the container's first byte of output, and to the client's end \
         with the container removed; what the client itself used, by wait4"
    )
}

fn time_start(
    session: &CollectSession,
    arm: StartupArm,
    index: usize,
    place: u32,
    round: u32,
    part: &str,
) -> TimedStart {
    let container = container_name(session, arm, part);
    let timed =
        time_command(&start_argv(session, arm, part), session.options.timeout, session.cancel)
            .map_err(|error| error.message);
    let start = TimedStart { place, round, arm: index, container, timed };
    if start.failure_reason().is_some() && !session.is_cancelled() {
        clean::remove_named(session.engine, &start.container);
    }
    start
}

/// A series under way.
pub(super) struct StartupSeries<'a> {
    session: &'a CollectSession<'a>,
    arms: Vec<StartupArm<'a>>,
    rounds: RoundCounts,
    listener: Option<EventListener>,
    random: RandomSequence,
    begun: Instant,
    starts: Vec<TimedStart>,
    /// Failures in a row, by arm.
    failures: Vec<u32>,
    /// The rounds that were begun, the discarded ones among them.
    rounds_begun: u32,
    stopped: Option<&'static str>,
}

impl<'a> StartupSeries<'a> {
    fn new(
        session: &'a CollectSession,
        arms: Vec<StartupArm<'a>>,
        rounds: RoundCounts,
        listener: Option<EventListener>,
    ) -> Self {
        let failures = vec![0; arms.len()];
        Self {
            session,
            arms,
            rounds,
            listener,
            random: session.seeded_random("starts"),
            begun: Instant::now(),
            starts: Vec::new(),
            failures,
            rounds_begun: 0,
            stopped: None,
        }
    }

    /// Measures rounds up to the number of `last`; with an `end`, only those that are expected to be
    /// over by then.
    fn measure_rounds(&mut self, last: u32, end: Option<Instant>) {
        for round in self.rounds_begun + 1..=last {
            let needed = Duration::from_secs_f64(self.measure_state().round_seconds);
            let have_all_failed =
                self.failures.iter().all(|&failures| failures >= MAX_CONSECUTIVE_FAILURES);
            if end.is_some_and(|end| Instant::now() + needed > end || have_all_failed) {
                return;
            }
            let words = match end {
                None => format!("round {round} of {last}"),
                Some(_) => format!("round {round}"),
            };
            self.session.begin_step(WorkPart::Startup, "start-up", &words);
            for index in self.random.shuffled_order(self.arms.len()) {
                self.stopped = self.stop_reason();
                if self.stopped.is_some() {
                    return;
                }
                self.rounds_begun = round;
                self.measure_one_start(index, round);
            }
        }
    }

    /// What the rounds so far say about the use of more.
    pub(super) fn measure_state(&self) -> MeasureState {
        let mut series: Vec<Vec<f64>> = Vec::new();
        for index in 0..self.arms.len() {
            let kept = self.kept_starts(index).filter(|start| start.failure_reason().is_none());
            let timed = kept.filter_map(|start| start.timed.as_ref().ok());
            series.push(timed.map(|timed| timed.output.duration.as_secs_f64()).collect());
        }
        let all = self.starts.iter().filter_map(|start| start.timed.as_ref().ok());
        let seconds = all.map(|timed| timed.output.duration.as_secs_f64()).sum();
        MeasureState {
            rounds: self.rounds.samples,
            ..MeasureState::of_series(&series, self.rounds_begun, seconds)
        }
    }

    /// Measures as many more rounds as are over by `end`.
    pub(super) fn measure_until(&mut self, end: Instant) {
        self.measure_rounds(u32::MAX, Some(end));
        let measured = self.rounds_begun.saturating_sub(self.rounds.warmup);
        self.rounds.samples = self.rounds.samples.max(measured);
    }

    /// For each target its samples and the engine's events about them; for the baseline the samples
    /// of the control, too.
    pub(super) fn finish_series(self, skipped: &mut BTreeMap<String, String>) -> Vec<Capture> {
        let mut captures = self.series_captures();
        if let (true, Some(reason)) = (captures.is_empty(), self.stopped) {
            skipped.insert("startup".into(), format!("ended before the first sample: {reason}"));
        }
        match (&self.listener, events::events_command(self.session.engine)) {
            (Some(listener), Some(argv)) => {
                captures.extend(self.event_captures(listener, &shell_line(argv)));
            }
            _ => {
                let reason = "the engine's events could not be had".to_string();
                skipped.insert("startup.phase".into(), reason);
            }
        }
        captures
    }

    fn stop_reason(&self) -> Option<&'static str> {
        if self.session.is_cancelled() {
            return Some("stopped by the user");
        }
        let is_over = self.rounds.max_time.is_some_and(|limit| self.begun.elapsed() >= limit);
        is_over.then_some("the time of --max-time was used up")
    }

    fn measure_one_start(&mut self, index: usize, round: u32) {
        if self.failures[index] >= MAX_CONSECUTIVE_FAILURES {
            return;
        }
        let place = u32::try_from(self.starts.len() + 1).unwrap_or(u32::MAX);
        let part = format!("start{round}");
        let start = time_start(self.session, self.arms[index], index, place, round, &part);
        if self.session.is_cancelled() {
            return;
        }
        match start.failure_reason() {
            None => self.failures[index] = 0,
            Some(words) => {
                self.failures[index] += 1;
                if self.failures[index] == MAX_CONSECUTIVE_FAILURES {
                    self.session.progress.on_trouble(&self.arms[index].describe_arm(), &words);
                }
            }
        }
        self.starts.push(start);
    }

    /// The starts of an arm that are kept: those of the first rounds fill caches.
    fn kept_starts(&self, index: usize) -> impl Iterator<Item = &TimedStart> {
        let warmup = self.rounds.warmup;
        self.starts.iter().filter(move |start| start.arm == index && start.round > warmup)
    }

    fn series_captures(&self) -> Vec<Capture> {
        let indexed = self.arms.iter().enumerate();
        let measured = indexed.filter(|(index, _)| self.kept_starts(*index).next().is_some());
        measured
            .map(|(index, arm)| {
                let text = startup_record(&self.record_head(index), self.kept_starts(index));
                let id = if arm.is_control { "startup.control" } else { "startup.samples" };
                host_side::capture_since(
                    first_start_time(self.kept_starts(index)),
                    &arm.spec.name,
                    id,
                    &describe_method(&self.series_description(*arm)),
                    &text,
                )
            })
            .collect()
    }

    fn series_description(&self, arm: StartupArm) -> String {
        let second = if arm.is_control { "the baseline once more, as a control; " } else { "" };
        format!("{second}starts of a container that prints one word")
    }

    fn record_head(&self, index: usize) -> String {
        let arms: Vec<String> = self.arms.iter().map(|arm| arm.describe_arm()).collect();
        let part = format!("start{}", self.rounds.total_rounds());
        let mut head =
            format!("command {}\n", start_command(self.session, self.arms[index], &part));
        let begun = self.rounds_begun.saturating_sub(self.rounds.warmup);
        let _ = writeln!(
            head,
            "order random within each round from the seed {}: {}\n\
             warmup {} of each discarded\n\
             rounds {begun} of {}",
            self.session.id,
            arms.join(", "),
            self.rounds.warmup,
            self.rounds.samples
        );
        head.push_str(&budget_line(self.session));
        if let Some(reason) = self.stopped {
            let _ = writeln!(head, "ended early: {reason}");
        }
        if self.failures[index] >= MAX_CONSECUTIVE_FAILURES {
            let _ = writeln!(head, "given up after {MAX_CONSECUTIVE_FAILURES} failures in a row");
        }
        head
    }

    /// The engine's events about the samples of each target.
    fn event_captures(&self, listener: &EventListener, argv: &str) -> Vec<Capture> {
        self.wait_for_last(listener);
        let how = format!(
            "{argv}: what names a container of a sample, as it came; times of the wall clock"
        );
        let arms = self.arms.iter().enumerate().filter(|(_, arm)| !arm.is_control);
        arms.filter_map(|(index, arm)| {
            let text = self.events_of(index, listener);
            let started = first_start_time(self.kept_starts(index));
            let (target, id) = (&arm.spec.name, "startup.events");
            (!text.is_empty()).then(|| host_side::capture_since(started, target, id, &how, &text))
        })
        .collect()
    }

    /// Events of the last container may be on their way.
    fn wait_for_last(&self, listener: &EventListener) {
        let last =
            self.starts.last().and_then(|start| container_id(self.session, &start.container));
        let Some(last) = last else { return };
        let ends = ["\"destroy\"", "\"remove\"", "/containers/delete"];
        wait_until(Duration::from_millis(500), || {
            let lines = listener.events_about(&last);
            lines.iter().any(|line| ends.iter().any(|end| line.contains(end)))
        });
    }

    fn events_of(&self, index: usize, listener: &EventListener) -> String {
        let mut text = String::new();
        for start in self.kept_starts(index).filter(|start| start.failure_reason().is_none()) {
            let (Ok(timed), Some(id)) =
                (&start.timed, container_id(self.session, &start.container))
            else {
                continue;
            };
            let lines = listener.events_about(&id);
            let size: usize = lines.iter().map(|line| line.len() + 1).sum();
            if text.len() + size > EVENTS_KEPT {
                let _ = writeln!(text, "the events of later starts were not kept");
                break;
            }
            let _ = writeln!(text, "{}", start_times_line(start, timed));
            text.extend(lines.iter().map(|line| format!("{line}\n")));
        }
        text
    }
}

/// The line of a start above its events.
fn start_times_line(start: &TimedStart, timed: &TimedCommand) -> String {
    let shift = timed.clock_shift_ns;
    if shift.abs() > CLOCK_SHIFT {
        return format!(
            "not used: the wall clock was set by {shift} ns during start {}",
            start.place
        );
    }
    let begun = timed.started_ns();
    let wall = i64::try_from(timed.output.duration.as_nanos()).unwrap_or(i64::MAX);
    let ended = begun.saturating_add(wall);
    format!("start {} {begun} {ended} {}", start.place, start.container)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampled_target(name: &str, role: Role) -> Target {
        Target::of_role(name, role, None)
    }

    #[test]
    fn the_baseline_has_two_turns_and_the_others_one() {
        let specs =
            [sampled_target("runc", Role::Baseline), sampled_target("runsc", Role::Candidate)];
        let words: Vec<String> =
            startup_arms(&specs, true).iter().map(|arm| arm.describe_arm()).collect();
        assert_eq!(words, ["runc", "runsc", "runc (control)"]);
        assert_eq!(startup_arms(&specs, false).len(), 2);
    }
}
