//! What two series say about each other: one of five outcomes.

use serde::Serialize;

use super::{Interval, hodges_lehmann};

/// The fewest samples of each series. Of fewer, hardly any pair of series has an interval, and
/// none that could be trusted.
pub(crate) const LEAST_COMPARED: usize = 5;

/// How the second series stands to the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(const_into_str, serialize_all = "kebab-case")]
pub enum ComparisonOutcome {
    /// Its values are greater: the whole interval of the ratio lies above the margin.
    Slower,
    /// Its values are smaller: the whole interval lies below the margin.
    Faster,
    /// The whole interval lies within the margin: no difference that matters.
    Equivalent,
    /// The interval crosses the margin: the samples could not tell.
    Inconclusive,
    NotComparable,
}

impl ComparisonOutcome {
    pub(crate) fn is_difference(self) -> bool {
        matches!(self, Self::Slower | Self::Faster)
    }

    /// The outcome of an interval of a ratio: within the margin `d` are 1/(1 + d) to 1 + d.
    fn from_interval(interval: Interval, margin: f64) -> Self {
        let (low, high) = (1.0 / (1.0 + margin), 1.0 + margin);
        if interval.low > high {
            Self::Slower
        } else if interval.high < low {
            Self::Faster
        } else if interval.low >= low && interval.high <= high {
            Self::Equivalent
        } else {
            Self::Inconclusive
        }
    }
}

/// Why two series have no ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComparisonObstacle {
    TooFew,
    /// One holds a value that is zero, negative or no number.
    NotPositive,
}

/// Two series compared, the second relative to the first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Comparison {
    /// By what factor the second is greater (Hodges and Lehmann, on logarithms).
    pub ratio: Option<f64>,
    /// The 95 % interval of the factor.
    pub interval: Option<Interval>,
    /// The margin within which a difference does not matter: 0.05 is 5 %.
    pub margin: f64,
    pub outcome: ComparisonOutcome,
    /// Why there is no ratio, where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<ComparisonObstacle>,
}

/// Compares `b` with `a`. The margin is the larger of what its user cares about and what the
/// measuring itself varies by.
pub(crate) fn compare_samples(a: &[f64], b: &[f64], margin: f64) -> Comparison {
    let mut comparison = Comparison {
        ratio: None,
        interval: None,
        margin,
        outcome: ComparisonOutcome::NotComparable,
        obstacle: None,
    };
    if !a.iter().chain(b).all(|value| value.is_finite() && *value > 0.0) {
        comparison.obstacle = Some(ComparisonObstacle::NotPositive);
    } else if a.len().min(b.len()) >= LEAST_COMPARED
        && let Some(ratio) = hodges_lehmann::estimate_ratio(a, b)
    {
        comparison.ratio = Some(ratio.value);
        comparison.interval = Some(ratio.interval);
        comparison.outcome = ComparisonOutcome::from_interval(ratio.interval, margin);
    } else {
        comparison.obstacle = Some(ComparisonObstacle::TooFew);
    }
    comparison
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(center: f64) -> Vec<f64> {
        (0..10).map(|i| center * (1.0 + 0.002 * f64::from(i))).collect()
    }

    #[test]
    fn a_clear_difference_is_told_in_either_direction() {
        let comparison = compare_samples(&series(1.0), &series(2.0), 0.05);
        assert_eq!(comparison.outcome, ComparisonOutcome::Slower);
        assert!((comparison.ratio.unwrap() - 2.0).abs() < 0.01);
        assert!(comparison.interval.unwrap().low > 1.9);
        assert_eq!(
            compare_samples(&series(2.0), &series(1.0), 0.05).outcome,
            ComparisonOutcome::Faster
        );
    }

    #[test]
    fn close_series_are_equivalent_and_wide_ones_could_not_tell() {
        assert_eq!(
            compare_samples(&series(1.0), &series(1.01), 0.05).outcome,
            ComparisonOutcome::Equivalent
        );
        let wide = [0.5, 1.0, 2.0, 0.7, 1.4, 0.9, 3.0, 1.1];
        assert_eq!(compare_samples(&wide, &wide, 0.05).outcome, ComparisonOutcome::Inconclusive);
    }

    #[test]
    fn a_difference_within_the_margin_is_no_difference() {
        assert_eq!(
            compare_samples(&series(1.0), &series(1.3), 0.05).outcome,
            ComparisonOutcome::Slower
        );
        assert_eq!(
            compare_samples(&series(1.0), &series(1.3), 0.5).outcome,
            ComparisonOutcome::Equivalent
        );
    }

    #[test]
    fn three_samples_have_no_ratio() {
        let comparison = compare_samples(&[1.0, 1.1, 1.2], &[5.0, 5.1, 5.2], 0.05);
        assert_eq!(comparison.outcome, ComparisonOutcome::NotComparable);
        assert_eq!(comparison.obstacle, Some(ComparisonObstacle::TooFew));
        assert_eq!(comparison.ratio, None);
    }

    #[test]
    fn values_that_are_not_positive_are_not_compared() {
        let comparison = compare_samples(&[0.0; 10], &[1.0; 10], 0.05);
        assert_eq!(comparison.obstacle, Some(ComparisonObstacle::NotPositive));
    }

    #[test]
    fn a_comparison_is_written_with_its_interval_as_a_pair() {
        let json = serde_json::to_value(compare_samples(&series(1.0), &series(2.0), 0.05)).unwrap();
        assert_eq!(json["outcome"], "slower");
        assert_eq!(json["interval"].as_array().unwrap().len(), 2);
    }
}
