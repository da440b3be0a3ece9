//! By what factor one series is greater than another: the estimate of Hodges and Lehmann (1963)
//! on logarithms.

use super::{Interval, mann_whitney};

/// An estimated factor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// The median of the ratios of every sample of the second series to every one of the first.
    pub value: f64,
    /// Its 95 % interval: those of the ratios whose ranks are critical in the test of Mann and
    /// Whitney, so that the interval excludes 1 just where the test is significant.
    pub interval: Interval,
}

/// The factor from `a` to `b`. None if they are too short for an interval, or hold a value that
/// has no logarithm.
pub fn ratio(a: &[f64], b: &[f64]) -> Option<Ratio> {
    if !a.iter().chain(b).all(|value| value.is_finite() && *value > 0.0) {
        return None;
    }
    Some(of_rank(a, b, mann_whitney::critical_rank(a.len(), b.len())?))
}

/// The factor, with the ratios of this rank from either end as its interval.
pub(super) fn of_rank(a: &[f64], b: &[f64], rank: usize) -> Ratio {
    let mut differences: Vec<f64> =
        b.iter().flat_map(|later| a.iter().map(move |early| later.ln() - early.ln())).collect();
    let count = differences.len();
    let mut at = |place: usize| *differences.select_nth_unstable_by(place, f64::total_cmp).1;
    let middle = f64::midpoint(at((count - 1) / 2), at(count / 2));
    let (low, high) = (at(rank - 1), at(count - rank));
    Ratio { value: middle.exp(), interval: Interval { low: low.exp(), high: high.exp() } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_of_twice_the_values_has_the_ratio_two() {
        let a = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5];
        let b = a.map(|value| value * 2.0);
        let ratio = ratio(&a, &b).unwrap();
        assert!((ratio.value - 2.0).abs() < 1e-12);
        assert!(ratio.interval.low < 2.0 && ratio.interval.high > 2.0);
    }

    #[test]
    fn the_ratio_is_that_of_a_reference() {
        // 6 against 6: the ends are the 6th ratio and the 6th from the end (critical U is 5).
        let (a, b) = ([1.0, 2.0, 4.0, 8.0, 16.0, 32.0], [3.0, 6.0, 12.0, 24.0, 48.0, 96.0]);
        let ratio = ratio(&a, &b).unwrap();
        assert!((ratio.value - 3.0).abs() < 1e-12);
        // Of the 36 ratios 3·2^k there are 6 - |k| for each k from -5 to 5: 1, 3, 6 at k = -3.
        assert!((ratio.interval.low - 3.0 / 8.0).abs() < 1e-12);
        assert!((ratio.interval.high - 24.0).abs() < 1e-12);
    }

    #[test]
    fn short_series_and_values_without_logarithm_have_no_ratio() {
        assert_eq!(ratio(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]), None);
        assert_eq!(ratio(&[0.0; 6], &[1.0; 6]), None);
    }
}
