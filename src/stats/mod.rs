//! Statistics of measured series: what one series says, and what two say about each other.
//!
//! Nothing here assumes that samples are normally distributed: times of container starts are
//! skewed and have outliers. A series is described by its median with an interval from order
//! statistics; two are compared by the Hodges-Lehmann estimate on logarithms, whose interval
//! ends at the critical ranks of the Mann-Whitney test. Nothing is drawn at random, so the same
//! samples always give the same figures, in time that grows with them like that of sorting.

mod binomial;
mod compare;
pub(crate) mod history;
mod hodges_lehmann;
mod interval;
mod mann_whitney;
mod outlier;
mod percentile;
mod quantile;
mod random;
mod summary;

pub(crate) use compare::{
    Comparison, ComparisonObstacle, ComparisonOutcome, LEAST_COMPARED, compare_samples,
};
pub(crate) use hodges_lehmann::{estimate_ratio, estimate_shift};
pub(crate) use interval::{Interval, LEAST, median_interval};
pub(crate) use outlier::find_outliers;
pub(crate) use percentile::{percentile, percentile_interval};
pub(crate) use quantile::median;
pub(crate) use random::RandomSequence;
pub(crate) use summary::summarize_samples;

/// What an interval may miss: intervals hold the true value in 95 of 100 sessions.
pub(crate) const ALPHA: f64 = 0.05;

pub(crate) fn round_significant(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits.saturating_sub(1)).parse().unwrap_or(value)
}

/// A count as a number to calculate with.
#[allow(clippy::cast_precision_loss, reason = "no series has 2^52 samples")]
fn count_as_float(count: usize) -> f64 {
    count as f64
}

fn sorted_samples(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    // Numbers that compare as equal are the same bits.
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod coverage;

#[cfg(test)]
mod tests {
    use super::round_significant;

    #[test]
    fn significant_digits_are_counted_from_the_first() {
        assert_eq!(round_significant(0.000_134_56, 3), 0.000_135);
        assert_eq!(round_significant(1534.56, 2), 1500.0);
    }
}
