//! Speed inside the container: processor, system calls, processes, files, disk.
//!
//! Each target has one container with a shell that is given one command after the other, and the
//! targets take turns with each measure, in random order, so that the drift of the machine meets
//! all of them. The clock of `time -p` ticks in hundredths of a second, so the number of
//! iterations is chosen for each target such that their work takes about 0.4 s. Each command is run
//! without iterations, too: where starting a process takes longer than the work, the time of the
//! whole says nothing of a step. What was measured before the user stopped is kept.

mod bench;
mod disk_space;
pub(super) mod measures;
mod record;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::budget::{MeasureState, budget_line};
use super::command_capture::from_command;
use super::host_side;
use super::options::PerfOptions;
use super::session::CollectSession;
use super::work_part::WorkPart;
use crate::engine::EngineKind;
use crate::error::Result;
use crate::model::{Capture, CaptureOrigin, CaptureStatus, CapturedStream, Target, fact_ids};
use crate::probe::catalogue::Probe;
use crate::stats::RandomSequence;
use bench::BenchShell;
use measures::{AIM, PerfPlan, is_file, performance_probes};
use record::{PerfSample, perf_record};

/// From this time on a run is a sample.
const TELLING: f64 = 0.2;

/// From this time on a run tells about how many iterations make a second.
const GUESSING: f64 = 0.05;

/// A run that took longer is a sample, and those after it have fewer iterations.
const LONG: f64 = 3.0 * AIM;

/// The iterations of the first try, and the factor between tries.
const FIRST: u64 = 10;

/// How often a turn is taken that was too short.
const TRIES: u32 = 3;

/// No loop has more.
const MOST: u64 = 1_000_000_000;

/// What can be measured; what is left out and why goes to `skipped`.
/// Errors: the user named a size for the file, and there is no room for it: that is said before
/// anything is started.
pub(super) fn plan_measures(
    session: &CollectSession,
    options: Option<PerfOptions>,
    skipped: &mut BTreeMap<String, String>,
) -> Result<Option<PerfPlan>> {
    let left_out = match options {
        None => Some("left out with --no-perf"),
        Some(_) if session.engine == EngineKind::Builtin => Some(
            "some of the loops write files, and the file system of plain namespaces is the host's",
        ),
        Some(_) => None,
    };
    if let Some(reason) = left_out {
        skipped.insert("perf".into(), reason.into());
    }
    let Some(options) = options.filter(|_| left_out.is_none()) else { return Ok(None) };
    let size = options.file_size();
    let mut file = Some(size);
    if let Err(error) = disk_space::check_free_space(session.engine, size, session.cancel) {
        if options.io_size.is_some() {
            return Err(error);
        }
        session.progress.on_trouble("speed inside", &error.message);
        for part in ["io_write", "io_read", "io_size", "io_backing"] {
            skipped.insert(format!("perf.{part}"), error.message.clone());
        }
        file = None;
    }
    Ok(Some(PerfPlan { rounds: options.rounds, file, max_time: options.max_time }))
}

struct TargetMeasure<'a> {
    probe: &'a Probe,
    iterations: u64,
    /// How many rounds it is to have.
    planned: u32,
    turns: Vec<PerfSample>,
    /// Why it cannot be taken, in words.
    trouble: Option<String>,
}

struct TargetBench<'a> {
    spec: &'a Target,
    bench: BenchShell,
    measures: Vec<TargetMeasure<'a>>,
}

/// What is measured inside of the targets, under way.
pub(super) struct SpeedSeries<'a> {
    session: &'a CollectSession<'a>,
    plan: PerfPlan,
    probes: Vec<&'a Probe>,
    stands: Vec<TargetBench<'a>>,
    random: RandomSequence,
    /// The seconds that each measure took so far.
    seconds: Vec<f64>,
    ended: Option<&'static str>,
}

impl<'a> SpeedSeries<'a> {
    /// Measures as many rounds as are planned.
    pub(super) fn measure_rounds(
        session: &'a CollectSession,
        specs: &'a [Target],
        plan: PerfPlan,
    ) -> Self {
        let begun = Instant::now();
        let probes = performance_probes(session.catalogue, plan.file.is_some());
        let stands = specs
            .iter()
            .filter_map(|spec| TargetBench::set_up(session, spec, &probes, plan.rounds));
        let mut series = Self {
            session,
            plan,
            stands: stands.collect(),
            random: session.seeded_random("perf"),
            seconds: vec![0.0; probes.len()],
            probes,
            ended: None,
        };
        for stand in &mut series.stands {
            stand.calibrate_measures(session, plan);
        }
        for round in 1..=plan.rounds {
            let is_over = plan.max_time.is_some_and(|limit| begun.elapsed() >= limit);
            if is_over && round > 1 {
                series.ended = Some("the time of --max-time was used up");
                break;
            }
            let words = format!("round {round} of {}", plan.rounds);
            session.begin_step(WorkPart::SpeedRounds, "speed inside", &words);
            if !(0..series.probes.len()).all(|index| series.take_turns(index, round)) {
                break;
            }
        }
        series
    }

    /// A turn of a measure under each target, in random order; false if the user stopped it.
    fn take_turns(&mut self, index: usize, round: u32) -> bool {
        let begun = Instant::now();
        for stand in self.random.shuffled_order(self.stands.len()) {
            if self.session.is_cancelled() {
                self.ended = Some("stopped by the user");
                return false;
            }
            self.stands[stand].take_sample(self.session, index, round);
        }
        self.seconds[index] += begun.elapsed().as_secs_f64();
        true
    }

    /// The measures that get more rounds together: a loop alone, and those of the file, of which one
    /// reads what the other wrote.
    fn measure_groups(&self) -> Vec<Vec<usize>> {
        let (file, loops): (Vec<usize>, Vec<usize>) =
            (0..self.probes.len()).partition(|&index| is_file(self.probes[index]));
        let loops = loops.into_iter().map(|index| vec![index]);
        loops.chain((!file.is_empty()).then_some(file)).collect()
    }

    /// What the rounds so far say about the use of more, for each group of measures.
    pub(super) fn measure_states(&self) -> Vec<MeasureState> {
        let mut states = Vec::new();
        for group in self.measure_groups() {
            let measures = group.iter().flat_map(|&index| self.measures_of(index));
            let series: Vec<Vec<f64>> = measures.map(TargetMeasure::turn_times).collect();
            let rounds = group.iter().flat_map(|&index| self.measures_of(index));
            let rounds = rounds.map(|measure| measure.planned).max().unwrap_or_default();
            let seconds = group.iter().map(|&index| self.seconds[index]).sum();
            states.push(MeasureState::of_series(&series, rounds, seconds));
        }
        states
    }

    fn measures_of(&self, index: usize) -> impl Iterator<Item = &TargetMeasure<'a>> {
        self.stands.iter().map(move |stand| &stand.measures[index])
    }

    /// Measures more rounds of each group, as long as they are over by `end`.
    pub(super) fn measure_more(&mut self, more: &[u32], end: Instant) {
        let states = self.measure_states();
        let groups = self.measure_groups();
        for turn in 0..more.iter().copied().max().unwrap_or_default() {
            let words = "more rounds where intervals are widest";
            self.session.begin_step(WorkPart::SpeedRounds, "speed inside", words);
            for ((group, state), more) in groups.iter().zip(&states).zip(more) {
                let needed = Duration::from_secs_f64(state.round_seconds);
                if turn >= *more || Instant::now() + needed > end {
                    continue;
                }
                let round = state.rounds + turn + 1;
                for &index in group {
                    if !self.take_turns(index, round) {
                        return;
                    }
                    self.stands.iter_mut().for_each(|stand| stand.measures[index].planned = round);
                }
            }
        }
    }

    /// A record of each measure for each target.
    pub(super) fn finish_series(self, skipped: &mut BTreeMap<String, String>) -> Vec<Capture> {
        let Self { session, plan, stands, ended, .. } = self;
        let records =
            stands.into_iter().flat_map(|stand| stand.bench_captures(session, plan, ended));
        let captures: Vec<Capture> = records.collect();
        if let (true, Some(reason)) = (captures.is_empty(), ended) {
            skipped.insert("perf".into(), format!("ended before the first round: {reason}"));
        }
        captures
    }
}

impl<'a> TargetBench<'a> {
    /// Starts the container; none if it does not answer, which the probes' own container did.
    fn set_up(
        session: &CollectSession,
        spec: &'a Target,
        probes: &[&'a Probe],
        rounds: u32,
    ) -> Option<Self> {
        if session.is_cancelled() {
            return None;
        }
        session.begin_step(WorkPart::SpeedSetup, &spec.name, "a container for measuring speed");
        let bench = match BenchShell::start_shell(session, spec) {
            Ok(bench) => bench,
            Err(words) => {
                session.progress.on_trouble(&spec.name, &words);
                return None;
            }
        };
        let mut measures = Vec::new();
        for probe in probes {
            measures.push(TargetMeasure {
                probe,
                iterations: FIRST,
                planned: rounds,
                turns: Vec::new(),
                trouble: None,
            });
        }
        Some(Self { spec, bench, measures })
    }

    /// Finds out for each measure how many iterations take about [`AIM`].
    fn calibrate_measures(&mut self, session: &CollectSession, plan: PerfPlan) {
        for measure in &mut self.measures {
            if is_file(measure.probe) {
                measure.iterations = plan.file.unwrap_or_default();
                measure.trouble = no_room(&mut self.bench, session, measure.iterations);
                continue;
            }
            let words = format!("choosing a loop: {}", measure.probe.title);
            session.begin_step(WorkPart::SpeedSetup, &self.spec.name, &words);
            loop {
                let turn =
                    self.bench.time_command(session, &measure.probe.command, measure.iterations, 0);
                let seconds = match &turn.times {
                    Ok((times, empty)) => times.real - empty,
                    Err(words) => {
                        measure.trouble = Some(words.clone());
                        break;
                    }
                };
                let is_last = seconds >= TELLING || measure.iterations >= MOST;
                measure.iterations = next_iterations(measure.iterations, seconds);
                if is_last || session.is_cancelled() {
                    break;
                }
            }
        }
    }

    /// Takes one turn. A loop that turns out to be too short now, because the machine has become
    /// faster, is taken again with more iterations; one that takes very long has fewer next time.
    fn take_sample(&mut self, session: &CollectSession, index: usize, round: u32) {
        let measure = &mut self.measures[index];
        for _ in 0..TRIES {
            if measure.trouble.is_some() {
                return;
            }
            let mut turn =
                self.bench.time_command(session, &measure.probe.command, measure.iterations, round);
            if session.is_cancelled() {
                return;
            }
            match &turn.times {
                Ok((times, empty)) if !is_file(measure.probe) => {
                    let seconds = times.real - empty;
                    turn.is_short = seconds < TELLING;
                    if turn.is_short || seconds > LONG {
                        measure.iterations = next_iterations(measure.iterations, seconds);
                    }
                }
                Ok(_) => {}
                Err(words) => {
                    let title = &measure.probe.title;
                    session.progress.on_trouble(&self.spec.name, &format!("{title}: {words}"));
                    measure.trouble = Some(words.clone());
                }
            }
            let is_short = turn.is_short;
            measure.turns.push(turn);
            if !is_short {
                return;
            }
        }
    }

    fn bench_captures(
        self,
        session: &CollectSession,
        plan: PerfPlan,
        ended: Option<&str>,
    ) -> Vec<Capture> {
        let spec = self.spec;
        let finished = self.bench.finish_shell();
        let boot = from_command(&spec.name, "perf.boot", &finished);
        // What it said stands in the records.
        let boot = Capture { stdout: CapturedStream::new(b""), ..boot };
        let mut captures: Vec<Capture> = self
            .measures
            .into_iter()
            .filter(|measure| !measure.turns.is_empty() || measure.trouble.is_some())
            .map(|measure| measure.measure_capture(session, spec, ended))
            .collect();
        if captures.is_empty() {
            return captures;
        }
        captures.insert(0, boot);
        if let Some(file) = plan.file {
            let how = "the size of the file that is written and read, in MiB (--io-size)";
            captures.push(host_side::capture_of(
                &spec.name,
                &fact_ids::PERF_IO_SIZE,
                how,
                &format!("{file}\n"),
            ));
            if let Some(words) = disk_space::backing_mount(session) {
                let how = "the host's mount that the engine keeps its containers' files on";
                captures.push(host_side::capture_of(
                    &spec.name,
                    &fact_ids::PERF_IO_BACKING,
                    how,
                    &words,
                ));
            }
        }
        captures
    }
}

impl TargetMeasure<'_> {
    /// The values so far, of one iteration each.
    fn turn_times(&self) -> Vec<f64> {
        let kept = self.turns.iter().filter(|turn| !turn.is_short);
        kept.filter_map(PerfSample::seconds_each).collect()
    }

    fn measure_capture(
        self,
        session: &CollectSession,
        spec: &Target,
        ended: Option<&str>,
    ) -> Capture {
        let text = perf_record(&self.turns, self.planned, &budget_line(session), ended);
        let started = self.turns.first().map(|turn| turn.started);
        let is_empty = self.turns.is_empty();
        let words = self.trouble.filter(|_| is_empty);
        Capture {
            origin: CaptureOrigin::Probe {
                command: format!("n={}; {}", self.iterations, self.probe.command),
                within: format!("{}/perf.boot", spec.name),
            },
            status: if is_empty { CaptureStatus::Error } else { CaptureStatus::Ok },
            stderr: words.map(|words| CapturedStream::new(format!("{words}\n").as_bytes())),
            stdout: CapturedStream::new(if is_empty { b"" } else { text.as_bytes() }),
            ..host_side::capture_since(started, &spec.name, &self.probe.id, "", "")
        }
    }
}

/// The next number of iterations: more of them until a run tells, then those that take [`AIM`].
fn next_iterations(iterations: u64, seconds: f64) -> u64 {
    if seconds < GUESSING {
        return (iterations * 10).min(MOST);
    }
    #[allow(clippy::cast_precision_loss, reason = "at most a billion")]
    let wanted = crate::stats::round_significant(iterations as f64 * AIM / seconds, 2);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and a billion"
    )]
    let wanted = wanted.clamp(1.0, 1e9) as u64;
    wanted
}

/// Why the file does not fit into the container, if it does not.
fn no_room(bench: &mut BenchShell, session: &CollectSession, size: u64) -> Option<String> {
    let said = bench.run_command(session, "df -Pk / | awk 'NR == 2 { print $4 }'").ok()?;
    let kilobytes: u64 = said.trim().parse().ok()?;
    let free = kilobytes / 1024;
    (free < size + disk_space::SPARE).then(|| {
        format!(
            "{size} MiB do not fit: {free} MiB are free in the container, of which {} MiB are to \
             stay free",
            disk_space::SPARE
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_grow_until_a_run_tells_and_then_take_as_long_as_they_should() {
        assert_eq!(next_iterations(10, 0.0), 100);
        assert_eq!(next_iterations(1000, 0.04), 10_000);
        assert_eq!(next_iterations(1000, 0.19), 2100);
        assert_eq!(next_iterations(1_000_000, 0.5), 800_000);
        assert_eq!(next_iterations(100, 7.77), 5);
        assert_eq!(next_iterations(10, 100.0), 1);
        assert_eq!(next_iterations(MOST, 0.0), MOST);
    }
}
