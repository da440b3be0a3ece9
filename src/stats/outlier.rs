//! Outlier marks. A mark is a hint for the reader: no sample is ever left out because of one.

use super::{quantile, sorted_samples};

/// How many interquartile ranges outside of the quartiles the fences stand: the outer fences of
/// Tukey (*Exploratory Data Analysis*, 1977), beyond which he calls a value "far out". Of normal
/// samples one in 425,000 lies there.
const FENCE: f64 = 3.0;

/// The fewest samples of which one can lie apart from the others.
const LEAST: usize = 5;

/// The range of a series is taken for at least this share of its median, so that one tick of a
/// coarse clock in a series of equal values is no outlier.
const LEAST_RANGE: f64 = 0.05;

/// The places of the samples that lie beyond the outer fences; none in fewer than five samples.
pub(crate) fn find_outliers(values: &[f64]) -> Vec<usize> {
    find_with_sorted(values, &sorted_samples(values))
}

/// [`find_outliers`] of a series that is also there in ascending order.
pub(super) fn find_with_sorted(values: &[f64], ascending: &[f64]) -> Vec<usize> {
    if values.len() < LEAST {
        return Vec::new();
    }
    let quartiles = [0.25, 0.5, 0.75].map(|q| quantile::of_sorted(ascending, q));
    let [Some(first), Some(middle), Some(third)] = quartiles else { return Vec::new() };
    let range = (third - first).max(LEAST_RANGE * middle.abs());
    let (low, high) = (first - FENCE * range, third + FENCE * range);
    values
        .iter()
        .enumerate()
        .filter(|(_, value)| **value < low || **value > high)
        .map(|(place, _)| place)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenfold_sample_is_marked_and_ordinary_spread_is_not() {
        assert_eq!(find_outliers(&[1.0, 1.1, 0.9, 10.0, 1.05, 0.95]), [3]);
        assert!(find_outliers(&[1.0, 1.4, 0.8, 1.9, 1.2, 1.1, 0.9, 1.3]).is_empty());
    }

    #[test]
    fn in_a_series_of_equal_values_a_tick_is_no_outlier_and_a_tenfold_sample_is() {
        assert!(find_outliers(&[0.10, 0.10, 0.10, 0.10, 0.10, 0.11]).is_empty());
        assert_eq!(find_outliers(&[0.1, 0.1, 0.1, 0.1, 0.1, 1.0]), [5]);
    }

    #[test]
    fn few_samples_have_no_outliers() {
        assert!(find_outliers(&[1.0, 1.0, 1.0, 100.0]).is_empty());
    }
}
