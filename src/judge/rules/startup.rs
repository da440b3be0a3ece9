//! Rules about start-up times.

use super::{Case, Hit};
use crate::judge::timing::Timing;
use crate::model::Why;
use crate::stats::significant;

const STARTUP: &str = "startup.wall";

/// A file for start-up times that holds no figure.
pub fn without_figure(case: &Case) -> Vec<Hit> {
    let no_figure = |target: &&str| {
        case.missing(STARTUP, target).is_some_and(|missing| missing.why == Why::Empty)
    };
    let hit = |target| Hit::on(target).resting_on(case, STARTUP, target);
    case.runtimes().filter(no_figure).map(hit).collect()
}

/// The same runtime, measured twice in turns, and the two series differ by more than the margin.
pub fn control_arms_differ(case: &Case) -> Vec<Hit> {
    let timing = Timing::of(case.run, case.margin);
    let mut hits = Vec::new();
    for control in timing.controls().iter().filter(|control| control.differs()) {
        let comparison = &control.comparison;
        let (Some(ratio), Some(interval)) = (comparison.ratio, comparison.interval) else {
            continue;
        };
        hits.push(
            Hit::on(&control.target)
                .with("ratio", significant(ratio, 3))
                .with("low", significant(interval.low, 3))
                .with("high", significant(interval.high, 3))
                .with("margin", significant(case.margin * 100.0, 3))
                .resting_on(case, control.series, &control.target)
                .resting_on(case, control.repeat, &control.target),
        );
    }
    hits
}

/// One sample, of which nobody can say how much of it is chance.
pub fn single_sample(case: &Case) -> Vec<Hit> {
    let single = |target: &&str| {
        case.series(STARTUP, target).is_some_and(|samples| samples.values.len() == 1)
    };
    let hit = |target| Hit::on(target).resting_on(case, STARTUP, target);
    case.runtimes().filter(single).map(hit).collect()
}

#[cfg(test)]
mod tests {
    use crate::judge::rules::testing::sketch;
    use crate::model::Why;

    #[test]
    fn headings_without_figures_are_found() {
        let empty = sketch().missing("startup.wall", "kata", Why::Empty);
        assert_eq!(empty.hits("startup-without-figure").len(), 1);
        let absent = sketch().missing("startup.wall", "kata", Why::FileMissing);
        assert!(absent.hits("startup-without-figure").is_empty());
    }

    #[test]
    fn two_arms_of_one_runtime_that_differ_are_found() {
        let rule = "control-arms-differ";
        let around =
            |center: f64| -> Vec<f64> { (0..10).map(|i| center + 0.001 * f64::from(i)).collect() };
        let session = |second: f64| {
            sketch().series("startup.wall", "runc", &around(0.5)).series(
                "startup.control.wall",
                "runc",
                &around(second),
            )
        };
        assert!(session(0.501).hits(rule).is_empty());
        let messages = session(0.7).messages(rule);
        assert!(messages[0].contains("1.4"), "{messages:?}");
    }

    #[test]
    fn one_sample_is_found_and_five_are_not() {
        let rule = "startup-single-sample";
        assert_eq!(sketch().series("startup.wall", "kata", &[2.1]).hits(rule).len(), 1);
        assert!(sketch().series("startup.wall", "kata", &[2.1; 5]).hits(rule).is_empty());
    }
}
