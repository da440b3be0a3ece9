//! Timing: whether the times of a session can be told apart at all, and what they say then.
//!
//! A session measures its baseline twice, under two names: an A/A control. By how much the two
//! differ is the noise of the session. If they differ by more than the margin, something besides
//! the runtimes made times differ, and nothing is concluded from any of them.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde::Serialize;

use super::loops::{LoopWithStart, find_loops_with_start};
use crate::model::{EvidenceKind, Fact, FactId, Role, Run, SampleUnit, Samples, fact_ids};
use crate::stats::{Comparison, compare_samples};

/// The series that the control repeats, each with the name of its second arm.
const CONTROLS: [(FactId, FactId); 2] = [
    (fact_ids::STARTUP_FIRST_BYTE, fact_ids::STARTUP_CONTROL_FIRST_BYTE),
    (fact_ids::STARTUP_WALL, fact_ids::STARTUP_CONTROL_WALL),
];

/// The clocks of a start, the one that says more about the runtime first: to the first output of
/// the container, and to the end of the whole command.
const STARTUP_CLOCKS: [FactId; 2] = [fact_ids::STARTUP_FIRST_BYTE, fact_ids::STARTUP_WALL];

/// The clocks by which starts were timed in a run. The first gives the figure wherever a report
/// has one figure for a start, so that no two places differ: the first output, if it was timed for
/// every runtime whose starts were timed at all.
pub(crate) fn startup_clocks(run: &Run) -> Vec<FactId<'static>> {
    let mut timed: Vec<(FactId, BTreeSet<&str>)> = Vec::new();
    for clock in STARTUP_CLOCKS {
        let names = run.targets.iter().map(|target| target.name.as_str());
        let names = names.filter(|name| time_series(run, clock, name).is_some());
        timed.push((clock, names.collect()));
    }
    timed.retain(|(_, names)| !names.is_empty());
    let all: BTreeSet<&str> = timed.iter().flat_map(|(_, names)| names).copied().collect();
    timed.sort_by_key(|(_, names)| *names != all);
    timed.into_iter().map(|(clock, _)| clock).collect()
}

/// Series of times that are no measure of a runtime of their own: parts of others, the control,
/// single values and the measuring's own floor. Beginnings of ids.
const NO_MEASURES: [&str; 4] = [
    "startup.phase.",
    "startup.control.",
    fact_ids::STARTUP_COLD_CACHE.as_str(),
    fact_ids::HTTP_FLOOR.as_str(),
];

/// Two series of the same target, measured in turns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ControlComparison {
    pub series: FactId<'static>,
    /// The id of its second arm.
    pub repeat: FactId<'static>,
    /// The target: the baseline.
    pub target: String,
    /// The second arm relative to the first, against the user's margin.
    pub comparison: Comparison,
}

impl ControlComparison {
    /// Whether the two arms differ by more than the margin.
    pub fn arms_differ(&self) -> bool {
        self.comparison.outcome.is_difference()
    }
}

/// One measure of a target compared with that of the baseline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeasureComparison {
    pub id: String,
    pub target: String,
    /// The target relative to the baseline.
    pub comparison: Comparison,
    /// Why nothing is concluded from it, if nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withheld: Option<WithheldReason>,
}

/// How the processor of a machine that is emulated in software calls itself: QEMU's models under TCG.
const EMULATED_PROCESSOR: &str = "QEMU TCG CPU version";

/// The target that shows that the host's processor is emulated in software; none if none does. A
/// baseline answers for a host that was not asked.
pub(crate) fn emulated_host(run: &Run) -> Option<&str> {
    for target in run.with_role(Role::Host).chain(run.with_role(Role::Baseline)) {
        let model = run.find_fact(fact_ids::CPU_MODEL, &target.name).and_then(Fact::as_value);
        let model = model.and_then(serde_json::Value::as_str).unwrap_or_default();
        if model.starts_with(EMULATED_PROCESSOR) {
            return Some(&target.name);
        }
    }
    None
}

/// Why nothing is concluded from times: from those of a session, or from one figure.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(const_into_str, serialize_all = "kebab-case")]
pub enum WithheldReason {
    /// The host is emulated in software: no two of its times are in the ratio that they would have
    /// on hardware.
    HostEmulated,
    ControlDiffers,
    /// The figure, or the baseline's, or both include the start of a shell.
    IncludesStart,
}

impl WithheldReason {
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;
}

#[derive(Debug)]
pub struct RunTiming {
    setting: f64,
    is_emulated: bool,
    controls: Vec<ControlComparison>,
    loops: OnceLock<Vec<LoopWithStart>>,
    measures: OnceLock<Vec<MeasureComparison>>,
}

impl RunTiming {
    /// The timing of a run against the user's margin.
    pub fn of_run(run: &Run, margin: f64) -> Self {
        Self {
            setting: margin,
            is_emulated: emulated_host(run).is_some(),
            controls: compare_controls(run, margin),
            loops: OnceLock::new(),
            measures: OnceLock::new(),
        }
    }

    pub fn session_controls(&self) -> &[ControlComparison] {
        &self.controls
    }

    /// Whether the series of this fact were measured in turns, so that a drift of the machine does
    /// not look like a difference between runtimes. Of what is collected, starts and the
    /// speed inside are; of imported evidence nobody knows.
    pub fn is_interleaved(run: &Run, id: FactId) -> bool {
        matches!(run.evidence, EvidenceKind::Collected { .. })
            && (id.starts_with("startup.") || id.starts_with("perf."))
    }

    pub(crate) fn loops_with_start(&self, run: &Run) -> &[LoopWithStart] {
        self.loops.get_or_init(|| find_loops_with_start(run))
    }

    /// Why nothing is concluded from any times of the session, if nothing is.
    pub fn withheld_reason(&self) -> Option<WithheldReason> {
        if self.is_emulated {
            return Some(WithheldReason::HostEmulated);
        }
        let differs = self.controls.iter().any(ControlComparison::arms_differ);
        differs.then_some(WithheldReason::ControlDiffers)
    }

    pub fn is_withheld(&self) -> bool {
        self.withheld_reason().is_some()
    }

    /// The noise of the session: the larger difference between the arms of a control.
    pub fn session_noise(&self) -> Option<f64> {
        let ratios = self.controls.iter().filter_map(|control| control.comparison.ratio);
        ratios.map(|ratio| ratio.max(1.0 / ratio) - 1.0).reduce(f64::max)
    }

    /// The margin that holds: the larger of the user's and the noise.
    pub fn effective_margin(&self) -> f64 {
        self.session_noise().map_or(self.setting, |noise| noise.max(self.setting))
    }

    /// Every series of times that the baseline has as well, compared with the baseline's.
    pub fn compared_measures(&self, run: &Run) -> &[MeasureComparison] {
        self.measures.get_or_init(|| self.compare_measures(run))
    }

    fn compare_measures(&self, run: &Run) -> Vec<MeasureComparison> {
        let Some(baseline) = run.with_role(Role::Baseline).next() else { return Vec::new() };
        let mut measures = Vec::new();
        let is_measure = |id: &FactId| !NO_MEASURES.iter().any(|start| id.starts_with(start));
        for id in run.fact_ids().filter(is_measure) {
            let Some(reference) = time_series(run, id, &baseline.name) else { continue };
            let others = run.targets.iter().filter(|target| target.role == Role::Candidate);
            for target in others {
                let Some(series) = time_series(run, id, &target.name) else { continue };
                let includes_start = self.loops_with_start(run).iter().any(|one| {
                    one.fact == id && [&baseline.name, &target.name].contains(&&one.target)
                });
                let withheld = includes_start.then_some(WithheldReason::IncludesStart);
                measures.push(MeasureComparison {
                    id: id.to_string(),
                    target: target.name.clone(),
                    comparison: compare_samples(
                        &reference.values,
                        &series.values,
                        self.effective_margin(),
                    ),
                    withheld: self.withheld_reason().or(withheld),
                });
            }
        }
        measures
    }
}

fn time_series<'a>(run: &'a Run, id: FactId, target: &str) -> Option<&'a Samples> {
    run.find_fact(id, target)
        .and_then(Fact::as_series)
        .filter(|series| series.unit == SampleUnit::Seconds)
}

fn compare_controls(run: &Run, margin: f64) -> Vec<ControlComparison> {
    let mut controls = Vec::new();
    for target in run.with_role(Role::Baseline) {
        for (series, repeat) in CONTROLS {
            let (one, other) =
                (time_series(run, series, &target.name), time_series(run, repeat, &target.name));
            if let (Some(one), Some(other)) = (one, other) {
                controls.push(ControlComparison {
                    series,
                    repeat,
                    target: target.name.clone(),
                    comparison: compare_samples(&one.values, &other.values, margin),
                });
            }
        }
    }
    controls
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::rules::testing::{Sketch, sketch};
    use crate::project::MARGIN;
    use crate::stats::ComparisonOutcome;

    const FIRST: FactId = fact_ids::STARTUP_FIRST_BYTE;
    const WALL: FactId = fact_ids::STARTUP_WALL;

    #[test]
    fn the_first_output_is_the_clock_where_every_timed_runtime_has_it() {
        let both = || sketch().series(&FIRST, "runc", &[0.1; 5]).series(&WALL, "runc", &[0.2; 5]);
        assert_eq!(startup_clocks(&sketch().run), []);
        assert_eq!(startup_clocks(&both().run), [FIRST, WALL]);
        let whole_only = both().series(&WALL, "kata", &[0.9; 5]);
        assert_eq!(startup_clocks(&whole_only.run), [WALL, FIRST]);
        let imported = sketch().series(&WALL, "runc", &[0.2; 5]);
        assert_eq!(startup_clocks(&imported.run), [WALL]);
    }

    /// Ten times around a centre, one per mille apart.
    fn around(center: f64) -> Vec<f64> {
        (0..10).map(|i| center * (1.0 + 0.001 * f64::from(i))).collect()
    }

    fn session(second_arm: f64) -> Sketch {
        sketch()
            .series(&FIRST, "runc", &around(0.5))
            .series("startup.control.first_byte", "runc", &around(second_arm))
            .series(&FIRST, "kata", &around(1.5))
    }

    fn timing(sketch: &Sketch) -> RunTiming {
        RunTiming::of_run(&sketch.run, MARGIN)
    }

    #[test]
    fn a_session_whose_control_agrees_compares() {
        let sketch = session(0.501);
        let timing = timing(&sketch);
        assert!(!timing.is_withheld());
        assert_eq!(timing.effective_margin(), MARGIN);
        let measures = timing.compared_measures(&sketch.run);
        assert_eq!(measures.len(), 1, "the control is no measure: {measures:?}");
        assert_eq!(measures[0].comparison.outcome, ComparisonOutcome::Slower);
    }

    #[test]
    fn a_session_whose_control_differs_concludes_nothing() {
        assert!(timing(&session(0.6)).is_withheld());
        assert!(timing(&session(0.4)).is_withheld());
    }

    #[test]
    fn an_emulated_host_concludes_nothing_from_times() {
        let emulated =
            |target| session(0.501).fact("cpu.model", target, "QEMU TCG CPU version 2.5+");
        for target in ["host", "runc"] {
            let reason = timing(&emulated(target)).withheld_reason();
            assert_eq!(reason, Some(WithheldReason::HostEmulated), "{target}");
        }
        // A guest may be emulated on any host: what it costs is a figure.
        assert!(!timing(&emulated("kata")).is_withheld());
        let virtual_cpu = session(0.501).fact("cpu.model", "host", "QEMU Virtual CPU version 2.5+");
        assert!(!timing(&virtual_cpu).is_withheld(), "KVM has this model too");
    }

    #[test]
    fn a_loop_that_was_timed_with_the_start_of_its_shell_concludes_nothing() {
        const COLUMNS: &str = "columns outcome round iterations real_s user_s system_s";
        let sketch = session(0.501)
            .series("perf.cpu_loop", "runc", &around(1e-6))
            .series("perf.cpu_loop", "kata", &around(0.19))
            .series("perf.fork_exec", "kata", &around(1.2))
            .file("kata/perf.cpu_loop", &format!("{COLUMNS}\nok 1 4 0.77 0.13 0.49\n"))
            .file("kata/perf.fork_exec", &format!("{COLUMNS}\nok 1 1 1.2 0.18 0.65\n"));
        let timing = timing(&sketch);
        let measures = timing.compared_measures(&sketch.run).iter();
        let withheld: Vec<_> =
            measures.map(|measure| (measure.id.as_str(), measure.withheld)).collect();
        assert_eq!(
            withheld,
            [("perf.cpu_loop", Some(WithheldReason::IncludesStart)), (&*FIRST, None)]
        );
        let emulated = sketch.fact("cpu.model", "host", "QEMU TCG CPU version 2.5+");
        for measure in self::timing(&emulated).compared_measures(&emulated.run) {
            assert_eq!(measure.withheld, Some(WithheldReason::HostEmulated), "{}", measure.id);
        }
    }

    #[test]
    fn noise_that_is_larger_than_the_setting_becomes_the_margin() {
        let noisy = [0.4, 0.7, 0.5, 0.9, 0.6, 0.45, 0.8];
        let sketch = sketch().series(&FIRST, "runc", &noisy).series(
            "startup.control.first_byte",
            "runc",
            &noisy.map(|value| value * 1.2),
        );
        let timing = timing(&sketch);
        assert!(!timing.is_withheld(), "the samples cannot tell");
        assert!((timing.effective_margin() - 0.2).abs() < 1e-9, "{}", timing.effective_margin());
    }

    #[test]
    fn without_a_control_the_setting_holds() {
        let sketch = sketch().series(&FIRST, "runc", &around(0.5));
        assert_eq!(timing(&sketch).effective_margin(), MARGIN);
        assert_eq!(timing(&sketch).session_noise(), None);
    }
}
