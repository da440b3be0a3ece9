//! The test of Mann and Whitney: whether samples of one series tend to be greater than those of
//! another.
//!
//! The p-value is exact, of the permutation distribution of the ranks (Mann and Whitney, 1947): by
//! its generating function without ties, with midranks by the shift algorithm of Streitberg and
//! Röhmel (1986). Where that would take long, it comes from seeded random permutations.

use super::{ALPHA, Random, float, ranks};

/// Up to this product of the sizes the distribution without ties is used.
const EXACT: usize = 2500;

/// Up to this many additions the shift algorithm is used.
const EXACT_TIES: usize = 20_000_000;

/// How many random permutations are made where the exact way is too long: no p below 1/10,001.
const PERMUTATIONS: u32 = 10_000;

/// The seed of the permutations.
const SEED: u64 = 0x1947;

/// The 97.5 % point of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The two-sided p-value; none if a series is empty or holds what is no number.
pub fn p_value(a: &[f64], b: &[f64]) -> Option<f64> {
    let pooled = [a, b].concat();
    if a.is_empty() || b.is_empty() || !pooled.iter().all(|value| value.is_finite()) {
        return None;
    }
    let (doubled, ties) = ranks::doubled_midranks(&pooled);
    let own = &doubled[..a.len()];
    // The sum of the doubled ranks of one series is below twice its size times that of both.
    let additions = doubled.len() * a.len() * (2 * doubled.len() * a.len());
    Some(if !ties && a.len() * b.len() <= EXACT {
        exact(own.iter().sum::<usize>() / 2 - a.len() * (a.len() + 1) / 2, a.len(), b.len())
    } else if additions <= EXACT_TIES {
        shifted(&doubled, a.len())
    } else {
        permuted(&doubled, a.len())
    })
}

/// P(U ≤ u or U ≥ mn - u), without ties.
fn exact(u: usize, m: usize, n: usize) -> f64 {
    let counts = counts(m, n);
    let all: f64 = counts.iter().sum();
    let smaller = u.min(m * n - u);
    let tail: f64 = counts[..=smaller].iter().sum();
    (2.0 * tail / all).min(1.0)
}

/// In how many of the orders of `m` and `n` samples U is 0, 1, ..., mn: the coefficients of the
/// Gaussian binomial, the product of (1 - x^(n+i)) / (1 - x^i) for i from 1 to m (Andrews, The
/// Theory of Partitions, 1976, section 3.2). The list is the same from either end.
fn counts(m: usize, n: usize) -> Vec<f64> {
    let half = m * n / 2;
    let mut counts = vec![0.0; half + 1];
    counts[0] = 1.0;
    for i in 1..=m {
        for u in (n + i..=half).rev() {
            counts[u] -= counts[u - n - i];
        }
        for u in i..=half {
            counts[u] += counts[u - i];
        }
    }
    (0..=m * n).map(|u| counts[u.min(m * n - u)]).collect()
}

/// The largest c with 2·P(U ≤ c - 1) ≤ 0.05: of the mn ratios of two samples, in order, the c-th
/// and the c-th from the end are the ends of the interval that belongs to the test. None if the
/// series are too short for one. For long series by the normal approximation.
pub(super) fn critical_rank(m: usize, n: usize) -> Option<usize> {
    if m * n > EXACT {
        let deviation = (float(m * n) * float(m + n + 1) / 12.0).sqrt();
        let rank = (float(m * n) / 2.0 - Z * deviation).floor();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to mn/2")]
        return (rank >= 1.0).then_some(rank as usize);
    }
    let counts = counts(m, n);
    let all: f64 = counts.iter().sum();
    let mut below = 0.0;
    let inside = counts.iter().take_while(|count| {
        below += **count;
        2.0 * below / all <= ALPHA
    });
    Some(inside.count()).filter(|rank| *rank >= 1)
}

/// Of all choices of `m` of the ranks, the share whose sum is as far from the mean as that of the
/// first `m`: the number of choices of each size and sum is built up rank by rank.
fn shifted(doubled: &[usize], m: usize) -> f64 {
    let highest: usize = {
        let mut descending = doubled.to_vec();
        descending.sort_by(|one, other| other.cmp(one));
        descending[..m].iter().sum()
    };
    let mut choices = vec![vec![0.0; highest + 1]; m + 1];
    choices[0][0] = 1.0;
    for &rank in doubled {
        for size in (1..=m).rev() {
            let (before, from) = choices.split_at_mut(size);
            let (smaller, row) = (&before[size - 1], &mut from[0]);
            for sum in rank..=highest {
                row[sum] += smaller[sum - rank];
            }
        }
    }
    let distance = Distance::of(doubled, m);
    let all: f64 = choices[m].iter().sum();
    let far = choices[m].iter().enumerate().filter(|(sum, _)| distance.is_reached_by(*sum));
    far.map(|(_, count)| count).sum::<f64>() / all
}

/// The share of random choices that are as far from the mean, the one that was seen among them.
fn permuted(doubled: &[usize], m: usize) -> f64 {
    let distance = Distance::of(doubled, m);
    let mut random = Random::new(SEED);
    let mut ranks = doubled.to_vec();
    let far = (0..PERMUTATIONS)
        .filter(|_| {
            random.choose(&mut ranks, m);
            distance.is_reached_by(ranks[..m].iter().sum())
        })
        .count();
    float(far + 1) / f64::from(PERMUTATIONS + 1)
}

/// How far the sum of the ranks of the first series is from what is expected, in whole numbers.
struct Distance {
    expected: usize,
    seen: usize,
}

impl Distance {
    fn of(doubled: &[usize], m: usize) -> Self {
        // The mean of the doubled ranks is N + 1.
        let expected = m * (doubled.len() + 1);
        Self { expected, seen: doubled[..m].iter().sum::<usize>().abs_diff(expected) }
    }

    fn is_reached_by(&self, sum: usize) -> bool {
        sum.abs_diff(self.expected) >= self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn apart(m: u32, n: u32) -> f64 {
        let a: Vec<f64> = (0..m).map(f64::from).collect();
        let b: Vec<f64> = (0..n).map(|i| f64::from(100 + i)).collect();
        p_value(&a, &b).unwrap()
    }

    #[test]
    fn fully_separated_series_have_the_smallest_p_of_their_sizes() {
        // Two of all the C(m+n, m) orders.
        assert!((apart(3, 3) - 0.1).abs() < 1e-12);
        assert!((apart(4, 4) - 2.0 / 70.0).abs() < 1e-12);
        assert!((apart(5, 5) - 2.0 / 252.0).abs() < 1e-12);
        assert!((apart(10, 10) - 2.0 / 184_756.0).abs() < 1e-12);
    }

    #[test]
    fn the_orders_add_up_and_are_those_of_the_recurrence() {
        // f(u; m, n) = f(u - n; m - 1, n) + f(u; m, n - 1).
        for (m, n) in [(1, 1), (2, 3), (5, 4), (10, 10), (20, 30), (49, 51)] {
            let (all, fewer, shorter) = (counts(m, n), counts(m - 1, n), counts(m, n - 1));
            let orders: f64 = (1..=m).map(|i| float(n + i) / float(i)).product();
            assert!((all.iter().sum::<f64>() / orders - 1.0).abs() < 1e-12, "{m} {n}");
            for (u, count) in all.iter().enumerate() {
                let before = u.checked_sub(n).and_then(|u| fewer.get(u)).unwrap_or(&0.0);
                let sum = before + shorter.get(u).unwrap_or(&0.0);
                assert!((count / sum - 1.0).abs() < 1e-12, "{m} {n} {u}: {count} {sum}");
            }
        }
    }

    #[test]
    fn the_critical_values_are_those_of_the_published_table() {
        // The greatest U that is significant at 5 %, two-sided: Mann and Whitney's table as
        // printed in Siegel and Castellan, and in Milton (1964). 0 stands for a U of 0.
        let table = [
            ((4, 4), Some(0)),
            ((5, 5), Some(2)),
            ((5, 8), Some(6)),
            ((6, 6), Some(5)),
            ((7, 7), Some(8)),
            ((8, 8), Some(13)),
            ((9, 9), Some(17)),
            ((10, 10), Some(23)),
            ((10, 15), Some(39)),
            ((12, 12), Some(37)),
            ((15, 15), Some(64)),
            ((20, 20), Some(127)),
            ((3, 3), None),
            ((2, 8), Some(0)),
            ((3, 4), None),
        ];
        for ((m, n), greatest) in table {
            // The rank counts from one, U from zero.
            assert_eq!(critical_rank(m, n), greatest.map(|u| u + 1), "{m} and {n}");
        }
    }

    #[test]
    fn the_p_values_are_those_of_scipy() {
        let cases: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/reference/mann-whitney.json")).unwrap();
        let series = |value: &serde_json::Value| -> Vec<f64> {
            serde_json::from_value(value.clone()).unwrap()
        };
        let cases = cases["cases"].as_array().unwrap();
        assert!(cases.len() >= 40);
        for case in cases {
            let (a, b) = (series(&case["a"]), series(&case["b"]));
            let (p, expected) = (p_value(&a, &b).unwrap(), case["p"].as_f64().unwrap());
            assert!((p - expected).abs() < 1e-9, "{case}: {p}");
        }
    }

    #[test]
    fn for_long_series_random_permutations_come_close_to_the_exact_value() {
        let a: Vec<f64> = (0..30).map(|i| f64::from(i * 7 % 31)).collect();
        let b: Vec<f64> = (0..30).map(|i| f64::from(i * 11 % 31) + 4.5).collect();
        let (doubled, _) = ranks::doubled_midranks(&[a.clone(), b.clone()].concat());
        assert!((permuted(&doubled, 30) - p_value(&a, &b).unwrap()).abs() < 0.01);
    }

    #[test]
    fn nothing_is_said_of_an_empty_series() {
        assert_eq!(p_value(&[], &[1.0]), None);
        assert_eq!(p_value(&[1.0], &[f64::NAN]), None);
    }

    proptest! {
        #[test]
        fn the_recurrence_and_the_shift_algorithm_agree(
            mut values in proptest::collection::hash_set(0u32..1000, 2..14),
            cut in 1usize..12,
        ) {
            let values: Vec<f64> = values.drain().map(f64::from).collect();
            let cut = cut.min(values.len() - 1);
            let (a, b) = values.split_at(cut);
            let (doubled, _) = ranks::doubled_midranks(&values);
            prop_assert!((p_value(a, b).unwrap() - shifted(&doubled, cut)).abs() < 1e-9);
        }

        #[test]
        fn it_does_not_matter_which_series_is_the_first(
            a in proptest::collection::vec(0u8..9, 1..9),
            b in proptest::collection::vec(0u8..9, 1..9),
        ) {
            let float = |series: &[u8]| series.iter().copied().map(f64::from).collect::<Vec<_>>();
            let (a, b) = (float(&a), float(&b));
            let (one, other) = (p_value(&a, &b).unwrap(), p_value(&b, &a).unwrap());
            prop_assert!((one - other).abs() < 1e-9);
            prop_assert!(one > 0.0 && one <= 1.0 + 1e-12);
        }
    }
}
