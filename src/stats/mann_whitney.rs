//! The ranks that are critical in the test of Mann and Whitney, which tells whether samples of one
//! series tend to be greater than those of another: the interval of the ratio between two series
//! ends at them.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use super::{ALPHA, count_as_float};

/// Up to this product of the sizes the ranks are exact; above it they come from the normal
/// approximation.
const EXACT: usize = 2500;

/// The 97.5 % point of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// In how many of the orders of `m` and `n` samples U is 0, 1, ..., mn: the coefficients of the
/// Gaussian binomial, the product of (1 - x^(n+i)) / (1 - x^i) for i from 1 to m (Andrews, The
/// Theory of Partitions, 1976, section 3.2). The list is the same from either end.
fn count_orders(m: usize, n: usize) -> Vec<f64> {
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
        let deviation = (count_as_float(m * n) * count_as_float(m + n + 1) / 12.0).sqrt();
        let rank = (count_as_float(m * n) / 2.0 - Z * deviation).floor();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to mn/2")]
        return (rank >= 1.0).then_some(rank as usize);
    }
    let known = RANKS.read().unwrap_or_else(PoisonError::into_inner).get(&(m, n)).copied();
    known.unwrap_or_else(|| {
        let rank = exact_rank(m, n);
        RANKS.write().unwrap_or_else(PoisonError::into_inner).insert((m, n), rank);
        rank
    })
}

/// The exact ranks that were asked for, by the sizes of the series: those of one session have a few
/// sizes, and it takes as long as reading hundreds of facts to count the orders of one pair.
static RANKS: RwLock<BTreeMap<(usize, usize), Option<usize>>> = RwLock::new(BTreeMap::new());

fn exact_rank(m: usize, n: usize) -> Option<usize> {
    let counts = count_orders(m, n);
    let all: f64 = counts.iter().sum();
    let mut below = 0.0;
    let inside = counts.iter().take_while(|count| {
        below += **count;
        2.0 * below / all <= ALPHA
    });
    Some(inside.count()).filter(|rank| *rank >= 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_orders_add_up_and_are_those_of_the_recurrence() {
        // f(u; m, n) = f(u - n; m - 1, n) + f(u; m, n - 1).
        for (m, n) in [(1, 1), (2, 3), (5, 4), (10, 10), (20, 30), (49, 51)] {
            let (all, fewer, shorter) =
                (count_orders(m, n), count_orders(m - 1, n), count_orders(m, n - 1));
            let orders: f64 = (1..=m).map(|i| count_as_float(n + i) / count_as_float(i)).product();
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
}
