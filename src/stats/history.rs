//! One session against those before it.
//!
//! Two saved sessions of the very same command differ with p < 0.05 far too often, because
//! sessions differ more than the samples inside one. So the figure of a session is judged against
//! the figures of earlier sessions: by a prediction interval for one more of them, on logarithms,
//! because times grow by factors. With mean M and standard deviation S of the logarithms of K
//! earlier figures it is M ± t(K-1) · S · √(1 + 1/K) (Hahn and Meeker, *Statistical Intervals*,
//! section 4.7).

use statrs::distribution::{ContinuousCDF, StudentsT};

/// The fewest earlier sessions that say anything about one more.
pub(crate) const FEWEST: usize = 3;

/// How often equal sessions may fall outside of the interval, on both sides together and over
/// all figures that are judged at once.
pub(crate) const ALARMS: f64 = 0.05;

/// What earlier sessions say about one more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SessionPrediction {
    pub sessions: usize,
    /// Their geometric mean, in the unit of the figures.
    pub center: f64,
    /// Where the figure of an equal session lies, but for the rare false alarm.
    pub low: f64,
    /// The upper end of the same.
    pub high: f64,
}

/// What a prediction says about a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PredictionPlace {
    /// Below the interval.
    Below,
    Inside,
    Above,
}

impl SessionPrediction {
    /// The prediction from the figures of earlier sessions; `judged` is the number of figures
    /// that are judged at once, which share [`ALARMS`] (Bonferroni).
    ///
    /// None with fewer than [`FEWEST`] sessions, if a figure is not a positive number, or if
    /// they are too far apart to tell anything.
    pub(crate) fn from(figures: &[f64], judged: usize) -> Option<Self> {
        let count = figures.len();
        if count < FEWEST || figures.iter().any(|&f| !(f.is_finite() && f > 0.0)) {
            return None;
        }
        #[allow(clippy::cast_precision_loss, reason = "nobody has 2^52 sessions")]
        let (k, m) = (count as f64, judged.max(1) as f64);
        let logs: Vec<f64> = figures.iter().map(|figure| figure.ln()).collect();
        let mean = logs.iter().sum::<f64>() / k;
        let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (k - 1.0);
        let spread = variance.sqrt() * (1.0 + 1.0 / k).sqrt();
        let student = StudentsT::new(0.0, 1.0, k - 1.0).ok()?;
        let alarm = student.inverse_cdf(1.0 - ALARMS / (2.0 * m));
        let prediction = Self {
            sessions: count,
            center: mean.exp(),
            low: (mean - alarm * spread).exp(),
            high: (mean + alarm * spread).exp(),
        };
        // Figures that are too far apart predict nothing.
        (prediction.high.is_finite() && prediction.low > 0.0).then_some(prediction)
    }

    pub(crate) fn locate_figure(&self, figure: f64) -> PredictionPlace {
        if figure < self.low {
            PredictionPlace::Below
        } else if figure > self.high {
            PredictionPlace::Above
        } else {
            PredictionPlace::Inside
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::RandomSequence;

    /// A number of the normal distribution (Box and Muller).
    fn normal(random: &mut RandomSequence) -> f64 {
        let mut uniform = || {
            #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
            let value = (random.next_bits() >> 11) as f64 / (1u64 << 53) as f64;
            value.max(f64::MIN_POSITIVE)
        };
        (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos()
    }

    /// The median start-up time of a session whose spread is 16 %.
    fn session(random: &mut RandomSequence) -> f64 {
        0.28 * (0.16 * normal(random)).exp()
    }

    /// In how many of `trials` the figure of an equal session lies above the interval of
    /// `sessions` earlier ones.
    fn false_alarm_share(sessions: usize, trials: usize) -> f64 {
        let mut random = RandomSequence::new(sessions as u64);
        let mut above = 0;
        for _ in 0..trials {
            let earlier: Vec<f64> = (0..sessions).map(|_| session(&mut random)).collect();
            let prediction = SessionPrediction::from(&earlier, 1).unwrap();
            let figure = session(&mut random);
            above += usize::from(prediction.locate_figure(figure) == PredictionPlace::Above);
        }
        #[allow(clippy::cast_precision_loss, reason = "few trials")]
        let share = above as f64 / trials as f64;
        share
    }

    #[test]
    fn equal_sessions_rarely_raise_an_alarm() {
        for sessions in FEWEST..=10 {
            let share = false_alarm_share(sessions, 4000);
            assert!(share <= 0.05, "{sessions} sessions: {share}");
        }
    }

    #[test]
    fn the_interval_is_that_of_the_formula() {
        // Logarithms 0, 1, 2: mean 1, deviation 1, t(2) at 97.5 % is 4.3027.
        let figures = [1.0, 1.0_f64.exp(), 2.0_f64.exp()];
        let prediction = SessionPrediction::from(&figures, 1).unwrap();
        let half = 4.302_652_73 * (4.0_f64 / 3.0).sqrt();
        assert!((prediction.high.ln() - (1.0 + half)).abs() < 1e-5, "{prediction:?}");
        assert!((prediction.low.ln() - (1.0 - half)).abs() < 1e-5, "{prediction:?}");
        assert!((prediction.center - 1.0_f64.exp()).abs() < 1e-9);
    }

    #[test]
    fn more_figures_at_once_make_the_interval_wider() {
        let figures = [1.0, 1.1, 1.2, 1.05];
        let one = SessionPrediction::from(&figures, 1).unwrap();
        let four = SessionPrediction::from(&figures, 4).unwrap();
        assert!(four.high > one.high && four.low < one.low);
    }

    #[test]
    fn too_few_sessions_and_figures_that_are_no_times_predict_nothing() {
        assert_eq!(SessionPrediction::from(&[1.0, 1.0], 1), None);
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(SessionPrediction::from(&[1.0, 1.0, wrong], 1), None);
        }
        assert_eq!(
            SessionPrediction::from(&[1e-300, 1e300, 1e-300], 1),
            None,
            "they are too far apart"
        );
    }

    #[test]
    fn equal_figures_predict_the_same_again() {
        let prediction = SessionPrediction::from(&[2.0; 4], 1).unwrap();
        assert_eq!(prediction.locate_figure(2.0), PredictionPlace::Inside);
        assert_eq!(prediction.locate_figure(2.1), PredictionPlace::Above);
        assert_eq!(prediction.locate_figure(1.9), PredictionPlace::Below);
    }
}
