//! Rules about start-up times.

use super::{Case, Hit};
use crate::model::Why;

const STARTUP: &str = "startup.wall";

/// A file for start-up times that holds no figure.
pub fn without_figure(case: &Case) -> Vec<Hit> {
    let no_figure = |target: &&str| {
        case.missing(STARTUP, target).is_some_and(|missing| missing.why == Why::Empty)
    };
    let hit = |target| Hit::on(target).resting_on(case, STARTUP, target);
    case.runtimes().filter(no_figure).map(hit).collect()
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
    fn one_sample_is_found_and_five_are_not() {
        let rule = "startup-single-sample";
        assert_eq!(sketch().series("startup.wall", "kata", &[2.1]).hits(rule).len(), 1);
        assert!(sketch().series("startup.wall", "kata", &[2.1; 5]).hits(rule).is_empty());
    }
}
