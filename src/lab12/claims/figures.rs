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

/// The figures of a fact.
#[derive(Debug)]
pub(super) struct KnownFigures {
    /// All of them, every sample among them.
    pub all: Vec<KnownFigure>,
    /// Of a series the median, and how many significant digits its samples have.
    pub median: Option<(f64, usize)>,
}

impl KnownFigures {
    /// The mean, with the significant digits of the samples.
    pub(super) fn mean_of_samples(&self) -> Option<(f64, usize)> {
        let mean = self.all.iter().find(|figure| figure.name == "mean")?;
        Some((mean.value, self.median?.1))
    }

    /// The figures of a fact; none where it has no numbers.
    pub(super) fn of(fact: &Fact) -> Self {
        Self { all: list_figures(fact), median: median_figure(fact) }
    }
}

fn median_figure(fact: &Fact) -> Option<(f64, usize)> {
    let samples = fact.as_series()?;
    let digits = samples.values.iter().map(|value| significant_digits(*value)).max()?;
    Some((stats::median(&samples.values)?, digits))
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

/// The significant digits that a value needs.
fn significant_digits(value: f64) -> usize {
    let text = format!("{value}");
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.trim_start_matches('0').len().max(3)
}
