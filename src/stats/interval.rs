//! The 95 % interval of a median.

use serde::{Serialize, Serializer};

use super::binomial::{self, RankPair};
use super::{ALPHA, count_as_float, sorted_samples};

/// The fewest samples of which a median has an interval: the extremes of five samples miss it
/// once in sixteen sessions, which is more than 5 %.
pub(crate) const LEAST: usize = 6;

/// Ranks that hold the median more often than this are drawn in.
const TOO_WIDE: f64 = 0.98;

/// A 95 % interval. In JSON `[low, high]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

impl Interval {
    /// Whether a value lies in it, ends included.
    pub fn contains_value(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [self.low, self.high].serialize(serializer)
    }
}

/// The interval of the median from order statistics: the samples of the ranks k and n + 1 - k,
/// with the largest k for which 2·P(B ≤ k - 1) ≤ 0.05, B ~ Bin(n, 1/2). None below six samples.
///
/// Ranks are whole, so for some n (7, 8, 11, 14, ...) these samples hold the median in more than
/// 98 of 100 sessions, and the interval is wider than it says. There each end is moved towards
/// the next sample by the weight of Hettmansperger and Sheather (1986), which comes close to 95 %
/// for any smooth distribution.
pub(crate) fn median_interval(values: &[f64]) -> Option<Interval> {
    of_sorted(&sorted_samples(values))
}

/// [`median_interval`] of an ascending series.
pub(super) fn of_sorted(ascending: &[f64]) -> Option<Interval> {
    let n = ascending.len();
    let ranks = binomial::quantile_ranks(n, 0.5)?;
    let inwards = interpolation_weight(n, ranks);
    let (low, high) = (ascending[ranks.low - 1], ascending[ranks.high - 1]);
    Some(match inwards {
        0.0 => Interval { low, high },
        _ => Interval {
            low: low * (1.0 - inwards) + ascending[ranks.low] * inwards,
            high: high * (1.0 - inwards) + ascending[ranks.high - 2] * inwards,
        },
    })
}

/// How far the ends move towards the next sample: (n - k)·I / (k + (n - 2k)·I), where I is the
/// share of the way from the coverage of rank k to that of rank k + 1 at which 95 % lie.
fn interpolation_weight(n: usize, ranks: RankPair) -> f64 {
    if ranks.coverage <= TOO_WIDE {
        return 0.0;
    }
    let next = 1.0 - 2.0 * binomial::half_up_to(n, ranks.low);
    let way = (ranks.coverage - (1.0 - ALPHA)) / (ranks.coverage - next);
    let k = count_as_float(ranks.low);
    (count_as_float(n) - k) * way / (k + (count_as_float(n) - 2.0 * k) * way)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upto(n: u32) -> Vec<f64> {
        (1..=n).map(f64::from).collect()
    }

    #[test]
    fn the_ends_are_samples_where_whole_ranks_fit() {
        assert_eq!(median_interval(&upto(5)), None);
        assert_eq!(median_interval(&upto(6)), Some(Interval { low: 1.0, high: 6.0 }));
        assert_eq!(median_interval(&upto(10)), Some(Interval { low: 2.0, high: 9.0 }));
        assert_eq!(median_interval(&upto(20)), Some(Interval { low: 6.0, high: 15.0 }));
    }

    #[test]
    fn where_whole_ranks_are_too_wide_the_ends_lie_between_samples() {
        let interval = median_interval(&upto(8)).unwrap();
        assert!(interval.low > 1.0 && interval.low < 2.0, "{interval:?}");
        assert!((interval.low + interval.high - 9.0).abs() < 1e-12, "{interval:?}");
    }
}
