//! How long a session takes: from the first starts of its runtimes and from what is planned.
//!
//! A start is counted as long as the fastest that was seen of its runtime. What is measured inside
//! of containers takes a time that is set (a loop) or known about (a file). No figure of a report
//! rests on it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::options::{CollectOptions, PerfOptions, RequestLoad, THOROUGH};
use super::perf::measures::{AIM, PerfPlan, count_loops};
use super::work_part::WorkPart;
use crate::engine::EngineKind;
use crate::model::{Capture, Target, fact_ids};
use crate::probe::catalogue::ProbeCatalogue;

/// Seconds of a start before one was seen.
pub(super) const UNSEEN_START: f64 = 0.5;

/// Seconds that a loop takes with what is around it: the same without iterations, and removing
/// what it made.
const LOOP: f64 = AIM + 0.18;

/// Seconds for choosing the iterations of a loop.
const LOOP_CHOICE: f64 = 0.85;

/// Seconds for writing a MiB with fsync and reading it eight times.
const MEBIBYTE: f64 = 1.0 / 256.0;

/// Seconds until an application answers, and of one request.
const APPLICATION: f64 = 3.0;
const REQUEST: f64 = 0.002;

/// Starts for each target that are tried on the host's files.
const ESCAPES: f64 = 6.0;

/// Time for ending a session: containers are removed, and the run is written.
pub(super) const ENDING: Duration = Duration::from_secs(1);

/// What is measured in a session, and how often.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct MeasurePlan {
    /// Rounds of timed starts, those that are thrown away among them.
    pub start_rounds: u32,
    /// Rounds of what takes time inside of a target; 0 for none.
    pub speed_rounds: u32,
    /// How many loops a round has.
    pub loops: u32,
    /// The size in MiB of the file that is written and read; 0 for none.
    pub file: u64,
    /// The time after which no further round is begun; none for as long as it takes.
    pub max_time: Option<Duration>,
    pub requests: Option<RequestLoad>,
    /// Whether it is tried to write to the host's files.
    pub has_escapes: bool,
}

impl MeasurePlan {
    /// What is planned before it is known what can be measured here.
    pub(super) fn of_options(
        options: &CollectOptions,
        engine: EngineKind,
        catalogue: &ProbeCatalogue,
    ) -> Self {
        let has_starts = options.rounds.unsupported_reason(engine).is_none();
        let perf = options.perf.filter(|_| engine != EngineKind::Builtin);
        Self {
            start_rounds: if has_starts { options.rounds.total_rounds() } else { 0 },
            speed_rounds: perf.map_or(0, |perf| perf.rounds),
            loops: count_loops(catalogue),
            file: perf.map_or(0, PerfOptions::file_size),
            max_time: options.rounds.max_time,
            requests: options.app.as_ref().map(|app| app.load),
            has_escapes: options.allow_privileged,
        }
    }

    /// Without what turned out to be impossible here.
    pub(super) fn limit_to(self, has_app: bool, speed: Option<PerfPlan>) -> Self {
        Self {
            requests: self.requests.filter(|_| has_app),
            speed_rounds: speed.map_or(0, |speed| speed.rounds),
            file: speed.and_then(|speed| speed.file).unwrap_or_default(),
            ..self
        }
    }

    fn with_thorough_counts(mut self) -> Self {
        if self.start_rounds > 0 {
            self.start_rounds = 1 + THOROUGH.samples;
        }
        if self.speed_rounds > 0 {
            self.speed_rounds = THOROUGH.speed_rounds;
        }
        if let Some(load) = &mut self.requests {
            load.requests = THOROUGH.requests;
        }
        self
    }

    /// The seconds of each part but the probes. `starts` are those of one start of each target in
    /// seconds, the baseline first.
    pub(super) fn part_seconds(&self, starts: &[f64]) -> [(WorkPart, f64); 5] {
        let once: f64 = starts.iter().sum();
        let targets = starts.iter().map(|_| 1.0).sum::<f64>();
        let control = starts.first().copied().unwrap_or_default();
        let rounds = f64::from(self.start_rounds);
        #[allow(clippy::cast_precision_loss, reason = "a size in MiB")]
        let file = self.file as f64 * MEBIBYTE;
        let round = targets * (f64::from(self.loops) * LOOP + file);
        let setup = match self.speed_rounds {
            0 => 0.0,
            _ => once + targets * f64::from(self.loops) * LOOP_CHOICE,
        };
        // A round that was begun in time is ended.
        let limit = self.max_time.map_or(f64::INFINITY, |limit| limit.as_secs_f64());
        let starting = (rounds * (once + control)).min(limit + once);
        let speed = (f64::from(self.speed_rounds) * round).min(limit + round);
        let mut application = 0.0;
        if let Some(load) = self.requests {
            let each = load.rate.map_or(REQUEST, |rate| 1.0 / rate);
            application = once + targets * (APPLICATION + 3.0 * f64::from(load.requests) * each);
        }
        [
            // One more: a start that shows that the engine's events are heard.
            (WorkPart::Startup, starting + control * rounds.min(1.0)),
            (WorkPart::SpeedSetup, setup),
            (WorkPart::SpeedRounds, speed),
            (WorkPart::Application, application),
            (WorkPart::Escape, if self.has_escapes { ESCAPES * once } else { 0.0 }),
        ]
    }

    /// The seconds of what comes after the measures that have turns.
    pub(super) fn seconds_after_measures(&self, starts: &[f64]) -> f64 {
        let mut sum = 0.0;
        for (part, seconds) in self.part_seconds(starts) {
            if matches!(part, WorkPart::Application | WorkPart::Escape) {
                sum += seconds;
            }
        }
        sum
    }

    fn total_seconds(&self, starts: &[f64]) -> f64 {
        self.part_seconds(starts).into_iter().map(|(_, seconds)| seconds).sum()
    }
}

/// How long a session takes in all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SessionEstimate {
    pub begun: Instant,
    pub whole: Duration,
    /// The same with `--quick`.
    pub quick: Duration,
    /// The same with `--thorough`.
    pub thorough: Duration,
}

impl SessionEstimate {
    /// The estimate after `spent`, of which what `--quick` does, too, took `quick`; none where nothing
    /// is left to be measured.
    pub(super) fn of_plan(
        plan: MeasurePlan,
        starts: &[f64],
        begun: Instant,
        spent: Duration,
        quick: Duration,
    ) -> Option<Self> {
        let rest = plan.total_seconds(starts);
        let thorough = plan.with_thorough_counts().total_seconds(starts);
        (rest > 0.0).then(|| Self {
            begun,
            whole: spent + Duration::from_secs_f64(rest) + ENDING,
            quick: quick + ENDING,
            thorough: spent + Duration::from_secs_f64(thorough) + ENDING,
        })
    }
}

/// The seconds of a start of each target: of the fastest command that was seen to start a container
/// and to end with it.
pub(super) fn seen_starts(
    specs: &[Target],
    captures: &[Capture],
    first: &BTreeMap<String, Duration>,
) -> Vec<f64> {
    let mut starts = Vec::new();
    for spec in specs {
        let id = format!("{}/{}", spec.name, &*fact_ids::KERNEL_UNAME);
        let run = captures.iter().find(|capture| capture.id == id && capture.started.is_some());
        let run = run.and_then(|capture| Some(capture.duration_ms? / 1000.0));
        let first = first.get(&spec.name).map(Duration::as_secs_f64);
        starts.push(run.into_iter().chain(first).reduce(f64::min).unwrap_or(UNSEEN_START));
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: MeasurePlan = MeasurePlan {
        start_rounds: 11,
        speed_rounds: 6,
        loops: 4,
        file: 512,
        max_time: None,
        requests: None,
        has_escapes: false,
    };

    fn estimate_session(plan: MeasurePlan, starts: &[f64]) -> Option<SessionEstimate> {
        let seconds = Duration::from_secs;
        SessionEstimate::of_plan(plan, starts, Instant::now(), seconds(6), seconds(4))
    }

    #[test]
    fn the_baseline_is_started_twice_in_each_round() {
        let only_starts = MeasurePlan { start_rounds: 10, ..MeasurePlan::default() };
        let whole = |starts| estimate_session(only_starts, starts).unwrap().whole.as_secs_f64();
        assert!((whole(&[0.5]) - (7.0 + 10.5)).abs() < 1e-9);
        assert!((whole(&[0.5, 2.0]) - (7.0 + 30.5)).abs() < 1e-9);
    }

    #[test]
    fn a_slow_runtime_and_more_targets_take_longer() {
        let whole = |starts: &[f64]| estimate_session(PLAN, starts).unwrap().whole;
        assert!(whole(&[0.5, 0.7]) > Duration::from_secs(50));
        assert!(whole(&[0.5, 0.7]) < Duration::from_secs(90));
        assert!(whole(&[0.5, 10.0]) > whole(&[0.5, 0.7]) + Duration::from_secs(90));
        assert!(whole(&[0.5, 0.7, 0.7]) > whole(&[0.5, 0.7]) + Duration::from_secs(20));
    }

    #[test]
    fn what_is_left_out_takes_no_time_in_a_thorough_session_either() {
        let no_speed = PLAN.limit_to(false, None);
        let estimate = |plan| estimate_session(plan, &[0.5, 0.7]).unwrap();
        assert!(estimate(no_speed).thorough > estimate(no_speed).whole);
        assert!(estimate(no_speed).thorough < estimate(PLAN).thorough);
        assert_eq!(estimate(PLAN).quick, Duration::from_secs(5));
    }

    #[test]
    fn nothing_is_said_where_nothing_is_left_to_be_measured() {
        let nothing = MeasurePlan { loops: 4, file: 512, ..MeasurePlan::default() };
        assert_eq!(estimate_session(nothing, &[0.5]), None);
    }

    #[test]
    fn a_series_that_ends_early_counts_no_longer() {
        let plan = |seconds| MeasurePlan { max_time: seconds, ..PLAN };
        let whole = |plan| estimate_session(plan, &[0.5, 0.7]).unwrap().whole;
        let limited = plan(Some(Duration::from_secs(2)));
        assert!(whole(limited) < whole(PLAN) - Duration::from_secs(30));
        assert_eq!(whole(plan(Some(Duration::from_secs(3600)))), whole(PLAN));
    }

    #[test]
    fn requests_at_a_rate_take_their_time() {
        let load = |rate| RequestLoad { requests: 100, rate };
        let plan = |rate| MeasurePlan { requests: Some(load(rate)), ..MeasurePlan::default() };
        let whole = |rate| estimate_session(plan(rate), &[0.5]).unwrap().whole.as_secs_f64();
        assert!(whole(Some(10.0)) - whole(None) > 29.0);
    }
}
