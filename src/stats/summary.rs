//! What one series says.

use serde::Serialize;

use super::{Interval, count_as_float, interval, outlier, quantile, sorted_samples};

/// The figures of a series, in its unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SeriesSummary {
    pub n: usize,
    pub min: f64,
    pub max: f64,
    /// The arithmetic mean.
    pub mean: f64,
    pub median: f64,
    /// The 95 % interval of the median, from six samples on.
    pub interval: Option<Interval>,
    /// The first quartile and the third.
    pub quartiles: (f64, f64),
    /// The places, counted from 0, of the samples that lie far from the others. They are in all
    /// figures here.
    pub outliers: Vec<usize>,
}

/// The summary of a series; none of an empty one or of one with a value that is no number.
pub(crate) fn summarize_samples(values: &[f64]) -> Option<SeriesSummary> {
    if !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    let ascending = sorted_samples(values);
    let [min, first, median, third, max] =
        [0.0, 0.25, 0.5, 0.75, 1.0].map(|q| quantile::of_sorted(&ascending, q));
    Some(SeriesSummary {
        n: values.len(),
        min: min?,
        max: max?,
        mean: values.iter().sum::<f64>() / count_as_float(values.len()),
        median: median?,
        quartiles: (first?, third?),
        interval: interval::of_sorted(&ascending),
        outliers: outlier::find_with_sorted(values, &ascending),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_has_extremes_and_means() {
        let summary = summarize_samples(&[2.0, 1.0, 6.0]).unwrap();
        assert_eq!((summary.n, summary.min, summary.max), (3, 1.0, 6.0));
        assert_eq!((summary.mean, summary.median), (3.0, 2.0));
        assert_eq!(summary.quartiles, (1.5, 4.0));
        assert_eq!(summary.interval, None);
    }

    #[test]
    fn one_tenfold_sample_leaves_the_median_and_is_marked() {
        let steady = [0.50, 0.52, 0.49, 0.51, 0.53, 0.50, 0.48, 0.52, 0.51, 0.50];
        let mut disturbed = steady;
        disturbed[4] = 5.3;
        let (steady, disturbed) =
            (summarize_samples(&steady).unwrap(), summarize_samples(&disturbed).unwrap());
        assert!((disturbed.median / steady.median - 1.0).abs() < 0.02);
        assert_eq!(disturbed.outliers, [4]);
        assert_eq!(disturbed.max, 5.3, "a mark removes nothing");
    }

    #[test]
    fn nothing_is_said_of_no_samples_or_of_what_is_no_number() {
        assert_eq!(summarize_samples(&[]), None);
        assert_eq!(summarize_samples(&[1.0, f64::NAN]), None);
    }
}
