//! Ranks whose order statistics enclose a quantile: how many of n samples lie below the true
//! quantile q is distributed as Bin(n, q), whatever the samples are distributed as.

use super::{ALPHA, count_as_float};

/// Two ranks, counted from 1, and what they enclose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RankPair {
    pub low: usize,
    pub high: usize,
    /// The probability that the quantile lies between the two.
    pub coverage: f64,
}

/// The innermost ranks that miss the quantile `q` with at most ALPHA/2 on each side; none if
/// even the extremes miss it more often.
///
/// The lower is the largest k with P(B ≤ k - 1) ≤ 0.025, the upper the smallest r with
/// P(B ≥ r) ≤ 0.025, B ~ Bin(n, q) (David and Nagaraja, *Order Statistics*, section 7.1).
pub(super) fn quantile_ranks(n: usize, q: f64) -> Option<RankPair> {
    let mut below = 0.0;
    let (mut low, mut missed_low) = (0, 0.0);
    for (count, probability) in binomial_probabilities(n, q).enumerate() {
        // `below` is P(B ≤ count - 1).
        if count > 0 && below <= ALPHA / 2.0 {
            (low, missed_low) = (count, below);
        }
        let above = 1.0 - below;
        if count > low && above <= ALPHA / 2.0 {
            let coverage = 1.0 - missed_low - above;
            return (low > 0).then_some(RankPair { low, high: count, coverage });
        }
        below += probability;
    }
    None
}

/// The probabilities of 0 to `n` of Bin(n, q), by their logarithms: 2^-n is no number for long
/// series.
fn binomial_probabilities(n: usize, q: f64) -> impl Iterator<Item = f64> {
    let odds = (q / (1.0 - q)).ln();
    let mut log = count_as_float(n) * (1.0 - q).ln();
    (0..=n).map(move |count| {
        let probability = log.exp();
        log += (count_as_float(n - count) / count_as_float(count + 1)).ln() + odds;
        probability
    })
}

/// P(B ≤ count), B ~ Bin(n, 1/2).
pub(super) fn half_up_to(n: usize, count: usize) -> f64 {
    binomial_probabilities(n, 0.5).take(count + 1).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranks_around_the_median_are_those_of_the_tables() {
        // Conover, Practical Nonparametric Statistics, and the binomial table.
        let of = |n| quantile_ranks(n, 0.5).map(|ranks| (ranks.low, ranks.high));
        assert_eq!(of(5), None);
        assert_eq!(of(6), Some((1, 6)));
        assert_eq!(of(10), Some((2, 9)));
        assert_eq!(of(15), Some((4, 12)));
        assert_eq!(of(20), Some((6, 15)));
        assert_eq!(of(50), Some((18, 33)));
        assert_eq!(of(5000).map(|(low, high)| low + high), Some(5001));
    }

    #[test]
    fn the_coverage_of_the_ranks_is_that_of_the_binomial() {
        assert!((quantile_ranks(6, 0.5).unwrap().coverage - 0.96875).abs() < 1e-12);
        assert!((quantile_ranks(10, 0.5).unwrap().coverage - 0.978_515_625).abs() < 1e-12);
    }

    #[test]
    fn a_high_quantile_needs_many_samples() {
        for (q, least) in [(0.9, 36), (0.95, 72), (0.99, 368), (0.999, 3688)] {
            assert_eq!(quantile_ranks(least - 1, q), None, "{q}");
            assert_eq!(quantile_ranks(least, q).unwrap().high, least, "{q}");
        }
    }
}
