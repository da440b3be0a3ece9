//! Axes of charts: from zero, or logarithmic where values span more than a power of ten.

/// How many marks an axis has at most.
pub(super) const TICKS: usize = 6;

#[derive(Debug, Clone, Copy)]
pub(super) enum ChartScale {
    /// From zero to a round number.
    Linear { end: f64, step: f64 },
    /// Between two powers of ten, which need not be whole.
    Log { low: f64, high: f64 },
}

/// Values that span more than this factor stand on a logarithmic axis.
const DECADE: f64 = 10.0;
/// The steps of an axis in a power of ten.
const STEPS: [f64; 3] = [1.0, 2.0, 5.0];

impl ChartScale {
    /// The axis that holds values of which these are the least and the greatest.
    pub(super) fn cover_values(least: f64, greatest: f64) -> Self {
        if least > 0.0 && greatest > least * DECADE {
            return Self::from_bounds(least, greatest);
        }
        let rough = greatest / 4.0;
        let power = DECADE.powf(rough.log10().floor());
        let step = STEPS.into_iter().chain([DECADE]).map(|digit| digit * power);
        let step = step.into_iter().find(|step| *step >= rough).unwrap_or(rough);
        Self::Linear { end: (greatest / step).ceil() * step, step }
    }

    /// A logarithmic axis with a little room at both ends.
    pub(super) fn from_bounds(least: f64, greatest: f64) -> Self {
        const ROOM: f64 = 0.04;
        let (low, high) = (least.log10(), greatest.log10());
        let room = ROOM * (high - low);
        Self::Log { low: low - room, high: high + room }
    }

    /// Whether equal steps are equal factors.
    pub(super) fn is_log(self) -> bool {
        matches!(self, Self::Log { .. })
    }

    /// Where a value stands: 0 at the beginning of the axis, 1 at its end.
    pub(super) fn axis_share(self, value: f64) -> f64 {
        match self {
            Self::Linear { end, .. } => value / end,
            Self::Log { low, high } => (value.log10() - low) / (high - low),
        }
    }

    /// The values that are marked, about `most` of them.
    pub(super) fn tick_values(self, most: usize) -> Vec<f64> {
        match self {
            Self::Linear { end, step } => {
                let all = (0u32..).map(|count| f64::from(count) * step);
                all.take_while(|value| *value <= end * 1.000_001).collect()
            }
            Self::Log { low, high } => log_ticks(low, high, most),
        }
    }
}

/// The finest of some divisions of a logarithmic axis that has no more than `most` marks: by 1, 2
/// and 5, by powers of ten, or by some powers of ten at a time.
fn log_ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    #[allow(clippy::cast_possible_truncation, reason = "exponents of numbers are small")]
    let (first, last) = (low.floor() as i32, high.ceil() as i32);
    let axis = low..=high;
    let fine = (first..=last).flat_map(|power| STEPS.map(|step| step * DECADE.powi(power)));
    let fine: Vec<f64> = fine.filter(|value| axis.contains(&value.log10())).collect();
    if fine.len() <= most {
        return fine;
    }
    for stride in 1.. {
        let powers = (first..=last).filter(|power| power % stride == 0);
        let mut coarse: Vec<f64> = powers.map(|power| DECADE.powi(power)).collect();
        coarse.retain(|value| axis.contains(&value.log10()));
        if coarse.len() <= most {
            return coarse;
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_ends_at_a_round_number_that_holds_all() {
        for (greatest, end) in [(1.52, 2.0), (0.43, 0.6), (12.0, 15.0), (0.00013, 0.00015)] {
            let scale = ChartScale::cover_values(greatest / 5.0, greatest);
            let ticks = scale.tick_values(6);
            assert!((ticks.last().unwrap() / end - 1.0).abs() < 1e-9, "{greatest}: {ticks:?}");
            assert!((2..=6).contains(&ticks.len()), "{greatest}");
        }
    }

    #[test]
    fn values_of_more_than_a_decade_stand_on_a_logarithmic_axis_with_few_marks() {
        let scale = ChartScale::cover_values(0.2, 3.0);
        assert!(scale.is_log());
        assert_eq!(scale.tick_values(6), [0.2, 0.5, 1.0, 2.0]);
        assert!(scale.axis_share(0.2) > 0.0 && scale.axis_share(3.0) < 1.0);
        let wide = ChartScale::from_bounds(0.05, 30_000.0);
        assert_eq!(wide.tick_values(6), [0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0]);
        assert_eq!(wide.tick_values(4), [1.0, 100.0, 10_000.0]);
    }
}
