//! The figure of what was measured.

use serde::Serialize;

use crate::model::{Fact, Role};
use crate::probe::catalogue::{Probe, ProbePlace as Asked};
use crate::stats::{self, Interval};

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

/// Whether a question is about a figure that was measured, and never comes out the same twice.
pub(super) fn is_series(probe: Option<&Probe>) -> bool {
    const FIGURES: &[&str] = &["samples", "number", "integer", "time_real"];
    probe.is_some_and(|probe| {
        probe.volatile.applies_to_role(Role::Candidate)
            && probe.place.contains(&Asked::Measurement)
            && FIGURES.contains(&probe.parser.as_str())
    })
}

/// The figure of a fact that was measured.
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
        Fact::Value { value, .. } if is_series(probe) => {
            Some(MeasuredFigure { n: 1, median: value.as_f64()?, interval: None })
        }
        _ => None,
    }
}
