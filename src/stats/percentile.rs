//! Percentiles, only where there are enough samples for them.

use serde::Serialize;

use super::binomial;
use super::{ALPHA, Interval, quantile, sorted_samples};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct TooFew {
    /// How many there are.
    pub n: usize,
    pub needed: usize,
}

/// How many samples the percentile `q` (0.5 to below 1) needs: as many as are needed for its 95 %
/// interval to have an upper end, n ≥ ln(0.025)/ln(q). With fewer, the greatest sample is too
/// often below the percentile.
pub(crate) fn required_samples(q: f64) -> usize {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, small")]
    let needed = ((ALPHA / 2.0).ln() / q.ln()).ceil() as usize;
    needed
}

/// The percentile `q` (0.9, 0.99) of a series.
pub(crate) fn percentile(values: &[f64], q: f64) -> Result<f64, TooFew> {
    let too_few = TooFew { n: values.len(), needed: required_samples(q) };
    if values.len() < too_few.needed {
        return Err(too_few);
    }
    quantile::of_sorted(&sorted_samples(values), q).ok_or(too_few)
}

/// The 95 % interval of the percentile `q`: two samples between which it lies.
pub(crate) fn percentile_interval(values: &[f64], q: f64) -> Result<Interval, TooFew> {
    let too_few = TooFew { n: values.len(), needed: required_samples(q) };
    let ranks = binomial::quantile_ranks(values.len(), q).ok_or(too_few)?;
    let ascending = sorted_samples(values);
    Ok(Interval { low: ascending[ranks.low - 1], high: ascending[ranks.high - 1] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upto(n: u32) -> Vec<f64> {
        (1..=n).map(f64::from).collect()
    }

    #[test]
    fn a_percentile_is_given_only_where_it_has_an_interval() {
        for (q, least) in [(0.5, 6), (0.9, 36), (0.95, 72), (0.99, 368), (0.999, 3688)] {
            assert_eq!(required_samples(q), least as usize);
            assert!(percentile(&upto(least - 1), q).is_err(), "{q}");
            assert!(percentile_interval(&upto(least - 1), q).is_err(), "{q}");
            let (value, interval) =
                (percentile(&upto(least), q).unwrap(), percentile_interval(&upto(least), q));
            assert!(interval.unwrap().contains_value(value), "{q}");
        }
    }

    #[test]
    fn too_few_says_how_many_are_needed() {
        assert_eq!(percentile(&upto(50), 0.99), Err(TooFew { n: 50, needed: 368 }));
    }
}
