//! By what factor one series is greater than another: the estimate of Hodges and Lehmann (1963)
//! on logarithms. And by how much, where the values have no common zero: the same estimate on the
//! values themselves, with the interval of Moses (Hollander, Wolfe and Chicken, *Nonparametric
//! Statistical Methods*, 2014, sections 4.2 and 4.3).

use super::{Interval, mann_whitney, sorted_samples};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RatioEstimate {
    /// The median of the ratios of every sample of the second series to every one of the first.
    pub value: f64,
    /// Its 95 % interval: those of the ratios whose ranks are critical in the test of Mann and
    /// Whitney, so that the interval excludes 1 just where the test is significant.
    pub interval: Interval,
}

/// The factor from `a` to `b`. None if they are too short for an interval, or hold a value that
/// has no logarithm.
pub(crate) fn estimate_ratio(a: &[f64], b: &[f64]) -> Option<RatioEstimate> {
    if !a.iter().chain(b).all(|value| value.is_finite() && *value > 0.0) {
        return None;
    }
    Some(of_rank(a, b, mann_whitney::critical_rank(a.len(), b.len())?))
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ShiftEstimate {
    /// The median of the differences between every sample of the second series and every one of
    /// the first.
    pub value: f64,
    /// Its 95 % interval, as that of the ratio: it excludes 0 just where the test is significant.
    pub interval: Interval,
}

/// By how much `b` is greater than `a`. What is added to every value of both, such as the distance
/// between two clocks, is in neither the difference nor its interval, as it would be in a ratio.
/// None if they are too short for an interval, or hold a value that is no number.
pub(crate) fn estimate_shift(a: &[f64], b: &[f64]) -> Option<ShiftEstimate> {
    if !a.iter().chain(b).all(|value| value.is_finite()) {
        return None;
    }
    let rank = mann_whitney::critical_rank(a.len(), b.len())?;
    let differences = SortedDifferences::of_values(a, b);
    let (value, interval) = differences.middle_and_interval(rank);
    Some(ShiftEstimate { value, interval })
}

/// The factor, with the ratios of this rank from either end as its interval.
pub(super) fn of_rank(a: &[f64], b: &[f64], rank: usize) -> RatioEstimate {
    let (middle, Interval { low, high }) =
        SortedDifferences::of_logarithms(a, b).middle_and_interval(rank);
    RatioEstimate { value: middle.exp(), interval: Interval { low: low.exp(), high: high.exp() } }
}

/// The differences between every sample of one series, or its logarithm, and every one of another,
/// in ascending order, without a list of them: 50,000 samples a side have 2.5 billion.
///
/// Of two sorted lists it takes one pass to count the differences up to a bound, and there are
/// 2^64 bounds: so the difference at any place is found exactly after 64 passes at most, as in
/// Monahan, *Algorithm 616* (1984).
struct SortedDifferences {
    earlier: Vec<f64>,
    later: Vec<f64>,
}

impl SortedDifferences {
    fn of_values(earlier: &[f64], later: &[f64]) -> Self {
        Self { earlier: sorted_samples(earlier), later: sorted_samples(later) }
    }

    fn of_logarithms(earlier: &[f64], later: &[f64]) -> Self {
        let [earlier, later] =
            [earlier, later].map(|values| values.iter().map(|v| v.ln()).collect::<Vec<_>>());
        Self::of_values(&earlier, &later)
    }

    /// The median of the differences, and those of this rank from either end.
    fn middle_and_interval(&self, rank: usize) -> (f64, Interval) {
        let count = self.earlier.len() * self.later.len();
        let middle =
            f64::midpoint(self.difference_at((count - 1) / 2), self.difference_at(count / 2));
        let (low, high) = (self.difference_at(rank - 1), self.difference_at(count - rank));
        (middle, Interval { low, high })
    }

    /// The difference at this place, counted from 0. Neither list may be empty.
    fn difference_at(&self, place: usize) -> f64 {
        let (earlier, later) = (&self.earlier, &self.later);
        let mut low = order_of(later[0] - earlier[earlier.len() - 1]);
        let mut high = order_of(later[later.len() - 1] - earlier[0]);
        while low < high {
            let middle = u64::midpoint(low, high);
            if self.count_up_to(value_of(middle)) > place {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        value_of(low)
    }

    fn count_up_to(&self, bound: f64) -> usize {
        let mut first = 0;
        let mut count = 0;
        for later in &self.later {
            while self.earlier.get(first).is_some_and(|earlier| later - earlier > bound) {
                first += 1;
            }
            count += self.earlier.len() - first;
        }
        count
    }
}

/// The bit of a number's sign.
const SIGN: u64 = 1 << 63;

/// A whole number for each value, in the order of the values (`f64::total_cmp`).
fn order_of(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// The value of such a whole number.
fn value_of(order: u64) -> f64 {
    f64::from_bits(if order & SIGN == 0 { !order } else { order & !SIGN })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_series_of_twice_the_values_has_the_ratio_two() {
        let a = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5];
        let b = a.map(|value| value * 2.0);
        let ratio = estimate_ratio(&a, &b).unwrap();
        assert!((ratio.value - 2.0).abs() < 1e-12);
        assert!(ratio.interval.low < 2.0 && ratio.interval.high > 2.0);
    }

    #[test]
    fn the_ratio_is_that_of_a_reference() {
        // 6 against 6: the ends are the 6th ratio and the 6th from the end (critical U is 5).
        let (a, b) = ([1.0, 2.0, 4.0, 8.0, 16.0, 32.0], [3.0, 6.0, 12.0, 24.0, 48.0, 96.0]);
        let ratio = estimate_ratio(&a, &b).unwrap();
        assert!((ratio.value - 3.0).abs() < 1e-12);
        // Of the 36 ratios 3·2^k there are 6 - |k| for each k from -5 to 5: 1, 3, 6 at k = -3.
        assert!((ratio.interval.low - 3.0 / 8.0).abs() < 1e-12);
        assert!((ratio.interval.high - 24.0).abs() < 1e-12);
    }

    #[test]
    fn the_difference_is_that_of_a_reference_and_free_of_what_both_have_in_common() {
        // 6 against 6, critical U is 5: the ends are the 6th difference and the 6th from the end.
        // Of the differences 10 + k there are 6 - |k| for each k from -5 to 5: 1, 3, 6 at k = -3.
        let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [11.0, 12.0, 13.0, 14.0, 15.0, 16.0]);
        for offset in [0.0, -100.0, 0.5] {
            let [a, b] = [a, b].map(|values| values.map(|value| value + offset));
            let shift = estimate_shift(&a, &b).unwrap();
            assert_eq!((shift.value, shift.interval), (10.0, Interval { low: 7.0, high: 13.0 }));
        }
        assert_eq!(estimate_shift(&a[..3], &b[..3]), None);
        assert_eq!(estimate_shift(&[f64::NAN; 6], &b), None);
    }

    #[test]
    fn short_series_and_values_without_logarithm_have_no_ratio() {
        assert_eq!(estimate_ratio(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]), None);
        assert_eq!(estimate_ratio(&[0.0; 6], &[1.0; 6]), None);
    }

    #[test]
    fn two_long_series_are_compared() {
        // A list of all 10^10 ratios would take 80 GB.
        let series = |offset: f64| -> Vec<f64> {
            (0..100_000).map(|i| offset + f64::from(i * 7919 % 100_000) / 1e6).collect()
        };
        let ratio = estimate_ratio(&series(1.0), &series(2.0)).unwrap();
        assert!((ratio.value - 2.05 / 1.05).abs() < 0.01, "{ratio:?}");
        assert!(ratio.interval.high - ratio.interval.low < 0.01, "{ratio:?}");
    }

    /// Every difference, by making them all.
    fn all_differences(a: &[f64], b: &[f64]) -> Vec<f64> {
        let each = |later: &f64| a.iter().map(|early| later.ln() - early.ln()).collect::<Vec<_>>();
        sorted_samples(&b.iter().flat_map(each).collect::<Vec<_>>())
    }

    proptest! {
        #[test]
        fn every_difference_is_at_its_place(
            a in proptest::collection::vec(1e-9..1e9, 1..20),
            b in proptest::collection::vec(1e-9..1e9, 1..20),
            // Times of a coarse clock: many differences are equal.
            ticks in proptest::collection::vec(1u8..9, 1..20),
        ) {
            let ticks: Vec<f64> = ticks.into_iter().map(f64::from).collect();
            for (a, b) in [(&a, &b), (&a, &ticks), (&ticks, &b), (&ticks, &ticks)] {
                let found = SortedDifferences::of_logarithms(a, b);
                for (place, difference) in all_differences(a, b).into_iter().enumerate() {
                    prop_assert_eq!(found.difference_at(place), difference);
                }
            }
        }

        #[test]
        fn whole_numbers_have_the_order_of_the_values(a: f64, b: f64) {
            prop_assert_eq!(order_of(a).cmp(&order_of(b)), a.total_cmp(&b));
            prop_assert_eq!(value_of(order_of(a)).to_bits(), a.to_bits());
        }
    }
}
