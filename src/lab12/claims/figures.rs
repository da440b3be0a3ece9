//! The figures of a measured fact that a report can state.

use crate::model::Fact;
use crate::stats;

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
            [field("avg", "mean"), field("min", "min"), field("max", "max")]
                .into_iter()
                .flatten()
                .collect()
        }
        Fact::Missing(_) => Vec::new(),
    }
}
