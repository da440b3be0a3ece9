//! Figures of a series.

/// The median: the middle sample, or the mean of the two middle ones. None of an empty series.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// Extremes and mean of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The smallest sample.
    pub min: f64,
    /// The greatest sample.
    pub max: f64,
    /// The arithmetic mean.
    pub mean: f64,
}

impl Range {
    /// The range of a series; none of an empty one.
    pub fn of(values: &[f64]) -> Option<Self> {
        let first = *values.first()?;
        let (min, max, sum) = values.iter().fold((first, first, 0.0), |(min, max, sum), &value| {
            (f64::min(min, value), f64::max(max, value), sum + value)
        });
        #[allow(clippy::cast_precision_loss, reason = "no series has 2^52 samples")]
        let count = values.len() as f64;
        Some(Self { min, max, mean: sum / count })
    }
}

/// `value` rounded to `digits` significant decimal digits.
pub fn significant(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits.saturating_sub(1)).parse().unwrap_or(value)
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
    fn the_range_has_extremes_and_mean() {
        assert_eq!(Range::of(&[2.0, 1.0, 6.0]), Some(Range { min: 1.0, max: 6.0, mean: 3.0 }));
        assert_eq!(Range::of(&[]), None);
    }

    #[test]
    fn significant_digits_are_counted_from_the_first() {
        assert_eq!(significant(0.000_134_56, 3), 0.000_135);
        assert_eq!(significant(1534.56, 2), 1500.0);
    }
}
