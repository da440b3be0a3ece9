//! How often the intervals hold the truth, by simulation with a seed: of samples whose true
//! median is known, over distributions as they occur in measured times.

use super::*;

/// A distribution by its quantile function, so that its median is known exactly.
type Quantile = fn(f64) -> f64;

const DISTRIBUTIONS: [(&str, Quantile); 4] = [
    ("normal", |u| 10.0 + normal_quantile(u)),
    ("skewed", |u| normal_quantile(u).exp()),
    // One sample in ten lies far above, as when the machine was busy.
    ("spiky", |u| if u < 0.9 { 1.0 + 0.2 * u } else { 2.0 + 100.0 * (u - 0.9) }),
    ("bimodal", |u| if u < 0.4 { 1.0 + 0.3 * u } else { 2.0 + 0.3 * u }),
];

const SIZES: std::ops::RangeInclusive<usize> = 6..=30;

/// The quantile function of the normal distribution, by Tukey's lambda, which it follows closely
/// enough for a distribution that only has to be bell-shaped and symmetric.
fn normal_quantile(u: f64) -> f64 {
    const LAMBDA: f64 = 0.1349;
    (u.powf(LAMBDA) - (1.0 - u).powf(LAMBDA)) / 0.1975
}

/// The share of `sessions` in which the interval holds the truth.
fn coverage_share(sessions: usize, mut holds: impl FnMut() -> bool) -> f64 {
    count_as_float((0..sessions).filter(|_| holds()).count()) / count_as_float(sessions)
}

/// 93 to 98 %, and twice the standard error of the simulation.
fn assert_covers(share: f64, sessions: usize, what: &str) {
    let error = 2.0 * (0.02 * 0.98 / count_as_float(sessions)).sqrt();
    assert!((0.93 - error..=0.98 + error).contains(&share), "{what}: {share}");
}

fn draw_samples(random: &mut RandomSequence, n: usize, quantile: Quantile) -> Vec<f64> {
    #[allow(clippy::cast_precision_loss, reason = "53 bits")]
    let uniform = |random: &mut RandomSequence| {
        ((random.next_bits() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    };
    (0..n).map(|_| quantile(uniform(random))).collect()
}

#[test]
fn the_interval_of_the_median_holds_it_in_93_to_98_of_100_sessions() {
    const SESSIONS: usize = 4000;
    let mut random = RandomSequence::new(1);
    for (name, quantile) in DISTRIBUTIONS {
        let truth = quantile(0.5);
        for n in SIZES {
            let share = coverage_share(SESSIONS, || {
                median_interval(&draw_samples(&mut random, n, quantile))
                    .unwrap()
                    .contains_value(truth)
            });
            assert_covers(share, SESSIONS, &format!("{name}, n = {n}"));
        }
    }
}

#[test]
fn the_interval_of_the_ratio_holds_it_in_93_to_98_of_100_sessions() {
    const SESSIONS: usize = 1000;
    const TRUTH: f64 = 1.7;
    let mut random = RandomSequence::new(2);
    for (name, quantile) in DISTRIBUTIONS {
        for n in SIZES.step_by(3) {
            let rank = mann_whitney::critical_rank(n, n).unwrap();
            let share = coverage_share(SESSIONS, || {
                let a = draw_samples(&mut random, n, quantile);
                let mut b = draw_samples(&mut random, n, quantile);
                b.iter_mut().for_each(|value| *value *= TRUTH);
                hodges_lehmann::of_rank(&a, &b, rank).interval.contains_value(TRUTH)
            });
            assert_covers(share, SESSIONS, &format!("{name}, n = {n}"));
        }
    }
}
