//! The ratio of two medians with an interval from resampling: a second opinion that shares no
//! assumption with the first. It is wider, and too short for few samples.

use super::{ALPHA, Interval, Random, quantile, sorted};

/// How many times both series are drawn anew.
const RESAMPLES: usize = 2000;

/// The seed, so that the same samples give the same interval.
const SEED: u64 = 0x1979;

/// The interval of the ratio of the median of `b` to that of `a`, by the percentiles of
/// resampled ratios (Efron, 1979). None if a series is empty or a value not positive.
pub fn ratio_of_medians(a: &[f64], b: &[f64]) -> Option<Interval> {
    let usable = |values: &[f64]| {
        !values.is_empty() && values.iter().all(|value| value.is_finite() && *value > 0.0)
    };
    if !usable(a) || !usable(b) {
        return None;
    }
    let mut random = Random::new(SEED);
    let mut drawn = Vec::new();
    let mut median = |values: &[f64]| {
        drawn.clear();
        drawn.extend((0..values.len()).map(|_| values[random.below(values.len())]));
        middle(&mut drawn)
    };
    let ratios: Vec<f64> = (0..RESAMPLES).map(|_| median(b) / median(a)).collect();
    let ratios = sorted(&ratios);
    let at = |q| quantile::of_sorted(&ratios, q);
    Some(Interval { low: at(ALPHA / 2.0)?, high: at(1.0 - ALPHA / 2.0)? })
}

/// The median of values that may be put into another order.
fn middle(values: &mut [f64]) -> f64 {
    let half = values.len() / 2;
    let (below, upper, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    let upper = *upper;
    match below.iter().copied().reduce(f64::max) {
        Some(lower) if values.len().is_multiple_of(2) => f64::midpoint(lower, upper),
        _ => upper,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_holds_the_ratio_of_the_medians_and_is_always_the_same() {
        let a = [1.0, 1.1, 0.9, 1.2, 1.05, 0.95, 1.15];
        let b = a.map(|value| value * 3.0);
        let interval = ratio_of_medians(&a, &b).unwrap();
        assert!(interval.holds(3.0), "{interval:?}");
        assert_eq!(ratio_of_medians(&a, &b), Some(interval));
    }

    #[test]
    fn the_middle_is_the_median() {
        for values in [&mut [3.0, 1.0, 2.0][..], &mut [4.0, 1.0, 3.0, 2.0], &mut [1.0]] {
            assert_eq!(Some(middle(values)), quantile::median(values));
        }
    }

    #[test]
    fn a_value_of_zero_has_no_ratio() {
        assert_eq!(ratio_of_medians(&[0.0, 1.0], &[1.0]), None);
        assert_eq!(ratio_of_medians(&[], &[1.0]), None);
    }
}
