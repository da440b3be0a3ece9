//! Starts of pods on one node: by how much longer those of one class take than the baseline's.
//!
//! A value is the distance between two points of time by two clocks (`startup.scheduled`), so it is
//! compared by difference and never by ratio, with the values of the same node alone.

use serde::{Deserialize, Serialize};

use super::timing::emulated_host;
use crate::model::{Fact, FactId, Role, Run, fact_ids};
use crate::stats::{Interval, estimate_shift};

/// How the starts of a class stand to those of the baseline on the same node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StartOutcome {
    /// They take longer: the whole interval of the difference lies above the noise.
    Longer,
    /// They take less long: the whole interval lies below the noise.
    Shorter,
    /// The samples could not tell.
    NotTold,
    /// There are too few samples of the class, of the baseline or of the control.
    TooFew,
    /// The control, which is the baseline itself, differs from the baseline.
    ControlDiffers,
    HostEmulated,
}

/// The starts of a class compared with those of the baseline on the same node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StartShift {
    pub class: String,
    pub baseline: String,
    /// How many starts of the class were timed.
    pub samples: usize,
    /// How many of the baseline.
    pub baseline_samples: usize,
    pub outcome: StartOutcome,
    /// By how many seconds its starts take longer, with the 95 % interval; none where nothing is
    /// concluded.
    pub seconds: Option<(f64, f64, f64)>,
    /// By how many seconds the control takes longer than the baseline.
    pub control_seconds: Option<f64>,
}

/// The samples of a class, if its starts were timed.
fn clock_distances_of(run: &Run, id: FactId, target: &str) -> Option<Vec<f64>> {
    let list = run.find_fact(id, target).and_then(Fact::as_value)?.as_array()?;
    list.iter().map(serde_json::Value::as_f64).collect()
}

/// Every class of a node whose starts were timed, compared with the baseline.
pub(crate) fn compare_starts(run: &Run) -> Vec<StartShift> {
    let mut shifts = Vec::new();
    let Some(baseline) = run.with_role(Role::Baseline).next() else { return shifts };
    let baseline = baseline.name.as_str();
    let Some(reference) = clock_distances_of(run, fact_ids::STARTUP_SCHEDULED, baseline) else {
        return shifts;
    };
    let control = clock_distances_of(run, fact_ids::STARTUP_CONTROL_SCHEDULED, baseline);
    let control = control.and_then(|control| estimate_shift(&reference, &control));
    for target in run.with_role(Role::Candidate) {
        let Some(values) = clock_distances_of(run, fact_ids::STARTUP_SCHEDULED, &target.name)
        else {
            continue;
        };
        let shift = estimate_shift(&reference, &values);
        let outcome = match (&shift, &control) {
            _ if emulated_host(run).is_some() => StartOutcome::HostEmulated,
            (None, _) | (_, None) => StartOutcome::TooFew,
            (_, Some(control)) if !control.interval.contains_value(0.0) => {
                StartOutcome::ControlDiffers
            }
            (Some(shift), Some(control)) => judge_interval(shift.interval, control.value.abs()),
        };
        let is_told =
            matches!(outcome, StartOutcome::Longer | StartOutcome::Shorter | StartOutcome::NotTold);
        let seconds = shift.map(|it| (it.value, it.interval.low, it.interval.high));
        shifts.push(StartShift {
            class: target.name.clone(),
            baseline: baseline.into(),
            samples: values.len(),
            baseline_samples: reference.len(),
            outcome,
            seconds: seconds.filter(|_| is_told),
            control_seconds: control.map(|control| control.value),
        });
    }
    shifts
}

/// The outcome of an interval of differences, within `noise` of which nothing is told.
fn judge_interval(interval: Interval, noise: f64) -> StartOutcome {
    if interval.low > noise {
        StartOutcome::Longer
    } else if interval.high < -noise {
        StartOutcome::Shorter
    } else {
        StartOutcome::NotTold
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::rules::testing::{Sketch, sketch};

    /// Ten starts around a centre, on a node whose clock is so much behind.
    fn starts_around(center: f64, behind: f64) -> Vec<f64> {
        (0..10).map(|i| center + 0.002 * f64::from(i * 7 % 10) - behind).collect()
    }

    fn sketch_session(control: f64, kata: f64, behind: f64) -> Sketch {
        sketch()
            .fact("startup.scheduled", "runc", starts_around(0.235, behind))
            .fact("startup.control.scheduled", "runc", starts_around(control, behind))
            .fact("startup.scheduled", "kata", starts_around(kata, behind))
    }

    fn shift_of(sketch: &Sketch) -> StartShift {
        compare_starts(&sketch.run).remove(0)
    }

    #[test]
    fn a_difference_is_told_whatever_the_clocks_differ_by() {
        for behind in [0.0, 3600.0, -0.3] {
            let shift = shift_of(&sketch_session(0.236, 0.756, behind));
            assert_eq!((shift.outcome, shift.samples), (StartOutcome::Longer, 10));
            let (seconds, low, high) = shift.seconds.unwrap();
            assert!((seconds - 0.521).abs() < 1e-6 && low > 0.5 && high < 0.54, "{shift:?}");
        }
        assert_eq!(shift_of(&sketch_session(0.236, 0.1, 0.0)).outcome, StartOutcome::Shorter);
        assert_eq!(shift_of(&sketch_session(0.236, 0.238, 0.0)).outcome, StartOutcome::NotTold);
    }

    #[test]
    fn nothing_is_concluded_where_the_control_differs_or_is_not_there() {
        let shift = shift_of(&sketch_session(0.4, 0.756, 0.0));
        assert_eq!((shift.outcome, shift.seconds), (StartOutcome::ControlDiffers, None));
        let without = sketch().fact("startup.scheduled", "runc", starts_around(0.2, 0.0)).fact(
            "startup.scheduled",
            "kata",
            starts_around(0.7, 0.0),
        );
        assert_eq!(shift_of(&without).outcome, StartOutcome::TooFew);
        let emulated = sketch_session(0.236, 0.756, 0.0).fact(
            "cpu.model",
            "runc",
            "QEMU TCG CPU version 2.5+",
        );
        assert_eq!(shift_of(&emulated).outcome, StartOutcome::HostEmulated);
        assert!(compare_starts(&sketch().run).is_empty());
    }
}
