//! The figures of a measured fact that a report can state.

use std::ops::Range;

use crate::model::Fact;
use crate::stats;

/// The most figures of a series that one value is compared with as their copy.
pub(super) const MAX_FIGURES: usize = 30;

/// A duration that the report states about a target, for ratios that it draws from it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StatedFigure {
    /// The fact that is meant in doubt.
    pub fact: String,
    /// The target.
    pub target: String,
    /// In seconds.
    pub seconds: f64,
    /// Where it stands in a pasted block; none in prose and tables.
    pub pasted: Option<Range<usize>>,
}

/// A known figure with its name.
#[derive(Debug)]
pub(super) struct KnownFigure {
    /// `mean`, `median`, `min`, `max`, or `sample`.
    pub name: &'static str,
    /// In the unit of the fact.
    pub value: f64,
}

/// The figures of a fact; none where it has no numbers.
#[derive(Debug)]
pub(super) struct KnownFigures {
    /// All of them, every sample among them.
    pub all: Vec<KnownFigure>,
    /// Of a series the median.
    pub median: Option<f64>,
    /// Of a series the mean.
    pub mean: Option<f64>,
}

impl KnownFigures {
    /// The figures of a fact.
    pub(super) fn of(fact: &Fact) -> Self {
        let summary =
            fact.as_series().and_then(|samples| stats::summarize_samples(&samples.values));
        Self {
            all: list_figures(fact),
            median: summary.as_ref().map(|summary| summary.median),
            mean: summary.as_ref().map(|summary| summary.mean),
        }
    }
}

/// What is computed of one series: its sum, its spread, and its mean without one of the extremes.
pub(super) fn list_computed(fact: &Fact) -> Vec<f64> {
    if let Some(samples) = fact.as_series() {
        let Some(summary) = stats::summarize_samples(&samples.values) else { return Vec::new() };
        #[allow(clippy::cast_precision_loss, reason = "no series has 2^52 samples")]
        let n = samples.values.len() as f64;
        let sum = summary.mean * n;
        let without = |one: f64| (sum - one) / (n - 1.0).max(1.0);
        let rest = (sum - summary.min - summary.max) / (n - 2.0).max(1.0);
        return vec![
            sum,
            summary.max - summary.min,
            without(summary.min),
            without(summary.max),
            rest,
        ];
    }
    let field = |key: &str| fact.as_value()?.get(key)?.as_f64();
    let sum = field("avg").zip(field("n")).map(|(mean, n)| mean * n);
    let spread = field("max").zip(field("min")).map(|(max, min)| max - min);
    let without = sum
        .zip(field("max"))
        .zip(field("n"))
        .map(|((sum, max), n)| (sum - max) / (n - 1.0).max(1.0));
    [sum, spread, without].into_iter().flatten().collect()
}

fn list_figures(fact: &Fact) -> Vec<KnownFigure> {
    match fact {
        Fact::Series(samples) => {
            let mut out = Vec::new();
            if let Some(summary) = stats::summarize_samples(&samples.values) {
                let named = [
                    ("mean", summary.mean),
                    ("min", summary.min),
                    ("max", summary.max),
                    ("median", summary.median),
                ];
                out.extend(named.map(|(name, value)| KnownFigure { name, value }));
            }
            // Some leave the first one out as a warm-up.
            if let [_, rest @ ..] = &samples.values[..]
                && let Some(summary) = stats::summarize_samples(rest)
            {
                let named = [("mean", summary.mean), ("median", summary.median)];
                out.extend(named.map(|(name, value)| KnownFigure { name, value }));
            }
            out.extend(samples.values.iter().map(|&value| KnownFigure { name: "sample", value }));
            out
        }
        Fact::Value { value, .. } => {
            let field =
                |key: &str, name| value.get(key)?.as_f64().map(|value| KnownFigure { name, value });
            [
                field("avg", "mean"),
                field("min", "min"),
                field("max", "max"),
                field("seconds", "sample"),
            ]
            .into_iter()
            .flatten()
            .collect()
        }
        Fact::Missing(_) => Vec::new(),
    }
}
