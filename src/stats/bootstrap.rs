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
    let (mut a, mut b) = (Pool::new(a), Pool::new(b));
    let ratios: Vec<f64> =
        (0..RESAMPLES).map(|_| b.median(&mut random) / a.median(&mut random)).collect();
    let ratios = sorted(&ratios);
    let at = |q| quantile::of_sorted(&ratios, q);
    Some(Interval { low: at(ALPHA / 2.0)?, high: at(1.0 - ALPHA / 2.0)? })
}

/// What is drawn from, in order, and how often each was drawn: the median of a draw is then found
/// by counting, without sorting it.
struct Pool {
    values: Vec<f64>,
    /// The place in `values` of each sample as it came.
    places: Vec<usize>,
    drawn: Vec<usize>,
}

impl Pool {
    fn new(samples: &[f64]) -> Self {
        let mut order: Vec<usize> = (0..samples.len()).collect();
        order.sort_by(|one, other| samples[*one].total_cmp(&samples[*other]));
        let mut places = vec![0; order.len()];
        for (place, sample) in order.iter().enumerate() {
            places[*sample] = place;
        }
        let values: Vec<f64> = order.into_iter().map(|sample| samples[sample]).collect();
        Self { drawn: vec![0; values.len()], values, places }
    }

    /// The median of as many values as there are, each drawn from all.
    fn median(&mut self, random: &mut Random) -> f64 {
        let count = self.places.len();
        self.drawn.fill(0);
        for _ in 0..count {
            self.drawn[self.places[random.below(count)]] += 1;
        }
        f64::midpoint(self.at((count - 1) / 2), self.at(count / 2))
    }

    /// The value at this place of what was drawn, in order.
    fn at(&self, place: usize) -> f64 {
        let mut before = 0;
        let is_there = |drawn: &usize| {
            before += drawn;
            before > place
        };
        self.drawn.iter().position(is_there).map_or(f64::NAN, |index| self.values[index])
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
    fn the_median_of_a_draw_is_that_of_the_drawn_values() {
        for samples in [&[3.0, 1.0, 2.0][..], &[4.0, 1.0, 1.0, 2.0, 9.0, 7.0], &[5.0]] {
            let mut pool = Pool::new(samples);
            for seed in 0..50 {
                let mut random = Random::new(seed);
                let draw = (0..samples.len()).map(|_| samples[random.below(samples.len())]);
                let draw = sorted(&draw.collect::<Vec<_>>());
                let wanted = quantile::of_sorted(&draw, 0.5);
                assert_eq!(Some(pool.median(&mut Random::new(seed))), wanted, "{draw:?}");
            }
        }
    }

    #[test]
    fn a_value_of_zero_has_no_ratio() {
        assert_eq!(ratio_of_medians(&[0.0, 1.0], &[1.0]), None);
        assert_eq!(ratio_of_medians(&[], &[1.0]), None);
    }
}
