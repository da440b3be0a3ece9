//! Whether two series belong together: the same samples, in another order, scaled or shifted.
//!
//! A match counts only where chance does not explain it. How many digits of chance a match is
//! worth is estimated in two ways, and the better one is taken. From the spread: a sample of a
//! series whose quartiles are `L` steps of its resolution apart falls on a given step about once
//! in `L`. From the samples themselves: the most likely distribution of all is the one that they
//! show, and under it a second series has this order, or this multiset, with the probability of
//! the multinomial distribution.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::phrases::{SharedPhrases, fill_phrase};
use crate::stats::{round_significant, summarize_samples};

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "how")]
pub(crate) enum SeriesRelation {
    /// The same samples in the same order.
    Equal,
    /// The same samples in another order.
    Reordered,
    /// Every sample times a constant.
    Scaled {
        factor: f64,
        /// Whether the order is the same.
        in_order: bool,
    },
    /// Every sample plus a constant.
    Shifted {
        /// The second minus the first, in the unit of the series.
        by: f64,
        /// Whether the order is the same.
        in_order: bool,
    },
}

impl SeriesRelation {
    pub(crate) fn describe_relation(self, phrases: &SharedPhrases) -> String {
        let (relation, is_in_order) = match self {
            Self::Equal => (phrases.equal.clone(), true),
            Self::Reordered => (phrases.reordered.clone(), true),
            Self::Scaled { factor, in_order } => {
                (fill_phrase(&phrases.scaled, &[("factor", &factor.to_string())]), in_order)
            }
            Self::Shifted { by, in_order } => {
                (fill_phrase(&phrases.shifted, &[("by", &by.to_string())]), in_order)
            }
        };
        match is_in_order {
            true => relation,
            false => fill_phrase(&phrases.turned, &[("relation", &relation)]),
        }
    }
}

/// A match has to be worth as many digits: once in a million pairs of series by chance.
const DIGITS: f64 = 6.0;

/// The fewest samples that are compared.
const LEAST: usize = 5;

/// How two series belong together; none if chance explains what they have in common.
pub(crate) fn relate_series(a: &[f64], b: &[f64]) -> Option<SeriesRelation> {
    if a.len() != b.len() || a.len() < LEAST || !a.iter().chain(b).all(|x| x.is_finite()) {
        return None;
    }
    let (ascending_a, ascending_b) = (sort_values(a), sort_values(b));
    if a == b {
        return is_telling(digits_of_order(a)).then_some(SeriesRelation::Equal);
    }
    if ascending_a == ascending_b {
        return is_telling(digits_of_multiset(a)).then_some(SeriesRelation::Reordered);
    }
    relate_by_constant(a, b, true).or_else(|| relate_by_constant(&ascending_a, &ascending_b, false))
}

fn relate_by_constant(a: &[f64], b: &[f64], in_order: bool) -> Option<SeriesRelation> {
    let is_enough = if in_order { has_order } else { has_shape };
    if let Some(factor) = find_scale(a, b, is_enough) {
        return Some(SeriesRelation::Scaled { factor, in_order });
    }
    Some(SeriesRelation::Shifted { by: find_shift(a, b, is_enough)?, in_order })
}

fn is_telling(digits: f64) -> bool {
    digits >= DIGITS
}

fn sort_values(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The constant that `b` is `a` times, within rounding.
fn find_scale(a: &[f64], b: &[f64], is_enough: fn(&[f64], f64) -> bool) -> Option<f64> {
    let (sum_a, sum_b): (f64, f64) = (a.iter().sum(), b.iter().sum());
    let factor = (sum_a > 0.0 && sum_b > 0.0).then(|| sum_b / sum_a)?;
    let tolerance = 0.75 * (factor * written_resolution(a) + written_resolution(b));
    let fits = a.iter().zip(b).all(|(a, b)| (b - factor * a).abs() <= tolerance);
    (fits && is_enough(b, tolerance)).then(|| round_significant(factor, 4))
}

/// The constant by which `b` is more than `a`, within rounding.
fn find_shift(a: &[f64], b: &[f64], is_enough: fn(&[f64], f64) -> bool) -> Option<f64> {
    let tolerance = 0.75 * (written_resolution(a) + written_resolution(b));
    let by = (b.iter().sum::<f64>() - a.iter().sum::<f64>()) / count_as_f64(a);
    let fits = a.iter().zip(b).all(|(a, b)| (b - a - by).abs() <= tolerance);
    (fits && is_enough(b, tolerance)).then(|| round_significant(by, 4))
}

/// Whether a match in order within a tolerance is worth enough: one sample is spent on the
/// constant.
fn has_order(values: &[f64], tolerance: f64) -> bool {
    is_telling(
        (count_as_f64(values) - 1.0) * steps_between_quartiles(values, 2.0 * tolerance).log10(),
    )
}

/// Whether a match without order is worth enough. Sorted series of one distribution resemble each
/// other, so it takes many samples over many steps, the far ones among them.
fn has_shape(values: &[f64], tolerance: f64) -> bool {
    let range = values.last().unwrap_or(&0.0) - values.first().unwrap_or(&0.0);
    values.len() >= 20 && range / (2.0 * tolerance) >= 100.0
}

/// The digits that the same samples in the same order are worth.
fn digits_of_order(values: &[f64]) -> f64 {
    let n = count_as_f64(values);
    let by_spread = n * steps_between_quartiles(values, written_resolution(values)).log10();
    let own: f64 = count_repeats(values).iter().map(|&c| c * (n / c).log10()).sum();
    by_spread.max(own)
}

/// The digits that the same samples in any order are worth.
fn digits_of_multiset(values: &[f64]) -> f64 {
    let orders: f64 = log_factorial(count_as_f64(values))
        - count_repeats(values).iter().map(|&c| log_factorial(c)).sum::<f64>();
    let n = count_as_f64(values);
    let by_spread = n * steps_between_quartiles(values, written_resolution(values)).log10();
    let own: f64 = count_repeats(values).iter().map(|&c| c * (n / c).log10()).sum();
    by_spread.max(own) - orders
}

/// How many steps lie between the quartiles, at least one.
fn steps_between_quartiles(values: &[f64], step: f64) -> f64 {
    let quartiles = summarize_samples(values).map_or((0.0, 0.0), |summary| summary.quartiles);
    ((quartiles.1 - quartiles.0) / step).max(1.0)
}

/// How often each value stands there.
fn count_repeats(values: &[f64]) -> Vec<f64> {
    let mut counts: BTreeMap<u64, f64> = BTreeMap::new();
    for value in values {
        *counts.entry(value.to_bits()).or_default() += 1.0;
    }
    counts.into_values().collect()
}

fn log_factorial(n: f64) -> f64 {
    let mut sum = 0.0;
    let mut k = 2.0;
    while k <= n {
        sum += f64::log10(k);
        k += 1.0;
    }
    sum
}

/// The last decimal that the values are written with, at most the ninth.
fn written_resolution(values: &[f64]) -> f64 {
    let mut most = 0;
    for value in values {
        most = most.max(value.to_string().split_once('.').map_or(0, |(_, d)| d.len()));
    }
    format!("1e-{}", most.min(9)).parse().unwrap_or(1e-9)
}

fn count_as_f64(values: &[f64]) -> f64 {
    u32::try_from(values.len()).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::RandomSequence;
    use proptest::prelude::*;

    /// Latencies in microseconds, as `curl` prints them: most near one value, a few far away.
    fn latencies(seed: u64, n: usize) -> Vec<f64> {
        let mut random = RandomSequence::new(seed);
        (0..n)
            .map(|_| {
                let near: usize = (0..4).map(|_| random.next_below(15)).sum();
                let far = if random.next_below(20) == 0 { random.next_below(300) } else { 0 };
                f64::from(u32::try_from(100 + near + far).unwrap()) / 1e6
            })
            .collect()
    }

    fn rounded(value: f64) -> f64 {
        (value * 1e6).round() / 1e6
    }

    #[test]
    fn copies_are_found_however_they_were_turned() {
        let own = latencies(1, 50);
        let mut turned = own.clone();
        RandomSequence::new(7).shuffle_slice(&mut turned);
        assert_eq!(relate_series(&own, &own), Some(SeriesRelation::Equal));
        assert_eq!(relate_series(&own, &turned), Some(SeriesRelation::Reordered));
        let scaled: Vec<f64> = own.iter().map(|x| rounded(x * 1.3)).collect();
        let found = relate_series(&own, &scaled);
        let Some(SeriesRelation::Scaled { factor, in_order: true }) = found else {
            panic!("{found:?}")
        };
        assert!((factor - 1.3).abs() < 0.005, "{factor}");
        let shifted: Vec<f64> = own.iter().map(|x| rounded(x + 0.0005)).collect();
        assert_eq!(
            relate_series(&own, &shifted),
            Some(SeriesRelation::Shifted { by: 0.0005, in_order: true })
        );
    }

    #[test]
    fn a_few_coarse_figures_may_be_equal_by_chance() {
        let coarse = [0.51, 0.49, 0.53, 0.50, 0.52];
        assert_eq!(relate_series(&coarse, &coarse), None);
        let fine = [0.512_345, 0.498_712, 0.531_009, 0.503_377, 0.521_894];
        assert_eq!(relate_series(&fine, &fine), Some(SeriesRelation::Equal));
        assert_eq!(relate_series(&fine[..4], &fine[..4]), None);
    }

    #[test]
    fn a_series_without_spread_says_nothing() {
        assert_eq!(relate_series(&[0.0001; 50], &[0.0001; 50]), None);
        assert_eq!(relate_series(&[0.0001; 50], &[0.0002; 50]), None);
    }

    proptest! {
        #[test]
        fn independent_series_of_one_distribution_do_not_belong_together(
            a in 0_u64..1_000_000, b in 1_000_000_u64..2_000_000, n in 5_usize..60
        ) {
            prop_assert_eq!(relate_series(&latencies(a, n), &latencies(b, n)), None);
        }
    }
}
