//! What is known of a fact as numbers: its figures, and what is computed of them.

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

/// The figures of a fact; none where it has no measured numbers.
#[derive(Debug, Default)]
pub(super) struct KnownFigures {
    /// All of them, the named ones first, every sample among them.
    pub all: Vec<KnownFigure>,
    /// Their sum, their spread, and their mean without one of the extremes or both.
    pub computed: Vec<f64>,
}

impl KnownFigures {
    /// The figures of a fact.
    pub(super) fn of_fact(fact: &Fact) -> Self {
        let mut figures = Self::default();
        match fact {
            Fact::Series(samples) => return Self::of_samples(&samples.values),
            Fact::Value { value, .. } => {
                let fields =
                    [("avg", "mean"), ("min", "min"), ("max", "max"), ("seconds", "sample")];
                for (key, name) in fields {
                    figures.push_named(name, value.get(key).and_then(serde_json::Value::as_f64));
                }
                figures.computed = figures.list_computed(value.get("n").and_then(|n| n.as_f64()));
            }
            Fact::Missing(_) => {}
        }
        figures
    }

    /// The figures of a series.
    pub(super) fn of_samples(values: &[f64]) -> Self {
        let mut figures = Self::default();
        if let Some(summary) = stats::summarize_samples(values) {
            figures.push_named("mean", Some(summary.mean));
            figures.push_named("min", Some(summary.min));
            figures.push_named("max", Some(summary.max));
            figures.push_named("median", Some(summary.median));
        }
        #[allow(clippy::cast_precision_loss, reason = "no series has 2^52 samples")]
        let n = values.len() as f64;
        figures.computed = figures.list_computed(Some(n));
        // Some leave the first one out as a warm-up.
        if let [_, rest @ ..] = values
            && let Some(summary) = stats::summarize_samples(rest)
        {
            figures.push_named("mean", Some(summary.mean));
            figures.push_named("median", Some(summary.median));
        }
        for &value in values {
            figures.push_named("sample", Some(value));
        }
        figures
    }

    fn push_named(&mut self, name: &'static str, value: Option<f64>) {
        self.all.extend(value.map(|value| KnownFigure { name, value }));
    }

    /// What is computed of the mean and the extremes of `n` samples.
    fn list_computed(&self, n: Option<f64>) -> Vec<f64> {
        let [mean, min, max] = ["mean", "min", "max"].map(|name| self.named_figure(name));
        let mut computed: Vec<f64> = max.zip(min).map(|(max, min)| max - min).into_iter().collect();
        if let Some((mean, n)) = mean.zip(n) {
            let sum = mean * n;
            computed.push(sum);
            computed.extend([min, max].into_iter().flatten().map(|one| (sum - one) / (n - 1.0)));
            computed.extend(min.zip(max).map(|(min, max)| (sum - min - max) / (n - 2.0)));
        }
        computed.retain(|one| one.is_finite());
        computed
    }

    /// The figure of a name.
    pub(super) fn named_figure(&self, name: &str) -> Option<f64> {
        self.all.iter().find(|figure| figure.name == name).map(|figure| figure.value)
    }

    /// The figures that a value can be copied from.
    pub(super) fn copied_figures(&self) -> impl Iterator<Item = &KnownFigure> {
        self.all.iter().take(MAX_FIGURES)
    }
}
