//! The figure of what was measured.

use std::collections::BTreeSet;

use serde::Serialize;

use super::value::value_text;
use crate::model::{Fact, FactId, Role, Run};
use crate::probe::catalogue::{Probe, ProbePlace as Asked};
use crate::stats::history::{PredictionPlace, SessionPrediction};
use crate::stats::{self, ComparisonOutcome, Interval};

/// A figure of one run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MeasuredFigure {
    /// The number of samples; of a ratio the smaller of the two.
    pub n: usize,
    /// The median, or the ratio of two medians.
    pub median: f64,
    /// The interval of it, where there are enough samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
}

/// Whether a question is about a quantity that was measured, and never comes out the same twice.
pub(super) fn is_measured(probe: Option<&Probe>) -> bool {
    const MEASURED: [Asked; 2] = [Asked::Measurement, Asked::HostMeasurement];
    probe.is_some_and(|probe| {
        probe.volatile.applies_to_role(Role::Candidate)
            && probe.place.iter().any(|place| MEASURED.contains(place))
            && !probe.unit.is_empty()
    })
}

/// What a figure of a target was measured with, if its question names such a fact.
pub(super) fn measured_with(run: &Run, probe: Option<&Probe>, target: &str) -> Option<String> {
    let fact = run.find_fact(FactId::from_text(probe?.measured_with.as_ref()?), target)?;
    fact.as_value().map(value_text)
}

pub(super) fn measured_figure(probe: Option<&Probe>, fact: &Fact) -> Option<MeasuredFigure> {
    match fact {
        Fact::Series(samples) => {
            let summary = stats::summarize_samples(&samples.values)?;
            Some(MeasuredFigure {
                n: summary.n,
                median: summary.median,
                interval: summary.interval,
            })
        }
        Fact::Value { value, .. } if is_measured(probe) => {
            Some(MeasuredFigure { n: 1, median: value.as_f64()?, interval: None })
        }
        _ => None,
    }
}

pub(super) fn measured_median(probe: Option<&Probe>, fact: &Fact) -> Option<f64> {
    match fact {
        Fact::Series(samples) => stats::median(&samples.values),
        fact => measured_figure(probe, fact).map(|figure| figure.median),
    }
}

/// What follows for a figure from what earlier sessions predict.
pub(super) fn predicted_outcome(
    prediction: &SessionPrediction,
    figure: f64,
    margin: f64,
    is_forward: bool,
) -> ComparisonOutcome {
    let by = figure / prediction.center;
    let within = 1.0 / (1.0 + margin)..=1.0 + margin;
    let outcome = match prediction.locate_figure(figure) {
        PredictionPlace::Above | PredictionPlace::Below if within.contains(&by) => {
            ComparisonOutcome::Equivalent
        }
        PredictionPlace::Above => ComparisonOutcome::Slower,
        PredictionPlace::Below => ComparisonOutcome::Faster,
        PredictionPlace::Inside => {
            let ends = [prediction.low, prediction.high].map(|end| end / prediction.center);
            if ends.iter().all(|end| within.contains(end)) {
                ComparisonOutcome::Equivalent
            } else {
                ComparisonOutcome::Inconclusive
            }
        }
    };
    match (outcome, is_forward) {
        (ComparisonOutcome::Slower, false) => ComparisonOutcome::Faster,
        (ComparisonOutcome::Faster, false) => ComparisonOutcome::Slower,
        (outcome, _) => outcome,
    }
}

/// Whether a ratio moved with the baseline alone: of the targets whose own figures lie outside of
/// what is predicted, the one that it divides by is one, and its own is not.
pub(super) fn is_change_of_baseline(
    own_changes: &BTreeSet<String>,
    target: &str,
    over: Option<&str>,
) -> bool {
    over.is_some_and(|over| own_changes.contains(over) && !own_changes.contains(target))
}
