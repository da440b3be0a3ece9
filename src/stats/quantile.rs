//! Quantiles of a series: of one that is sorted, by linear interpolation between the two samples
//! around the place `q·(n - 1)` (type 7 of Hyndman and Fan, the default of R and NumPy).

use super::{count_as_float, sorted_samples};

/// The median: the middle sample, or the mean of the two middle ones. None of an empty series.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    of_sorted(&sorted_samples(values), 0.5)
}

/// The quantile `q` (0 to 1) of an ascending series; none of an empty one.
pub(super) fn of_sorted(ascending: &[f64], q: f64) -> Option<f64> {
    let last = ascending.len().checked_sub(1)?;
    let place = q * count_as_float(last);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to n - 1")]
    let below = (place.floor() as usize).min(last);
    let (low, high) = (ascending[below], ascending[(below + 1).min(last)]);
    let weight = place - count_as_float(below);
    // Not `low + weight·(high - low)`: the middle of two equal samples is that sample exactly.
    Some(if weight == 0.0 || low == high { low } else { low * (1.0 - weight) + high * weight })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
    }

    #[test]
    fn a_quantile_lies_between_the_samples_around_its_place() {
        let series = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(of_sorted(&series, 0.25), Some(1.75));
        assert_eq!(of_sorted(&series, 0.0), Some(1.0));
        assert_eq!(of_sorted(&series, 1.0), Some(4.0));
    }
}
