//! Rules about start-up times.

use std::collections::BTreeSet;

use super::{Case, Hit, files_of, first_lines};
use crate::judge::Conclusion;
use crate::model::{Role, Why};
use crate::stats::{median, significant};
use crate::text::strip_ansi;

const STARTUP: &str = "startup.wall";

/// Above this a warm start under a runtime that shares the host's kernel is unusual: of 29 pairs
/// measured for the lab, one baseline took longer.
const SLOW_BASELINE: f64 = 2.0;

/// A file for start-up times that holds no figure.
pub fn without_figure(case: &Case) -> Vec<Hit> {
    missing_because(case, &[Why::Empty])
}

/// A figure of a start that failed.
pub fn failed_start_timed(case: &Case) -> Vec<Hit> {
    missing_because(case, &[Why::FailedStart])
}

fn missing_because(case: &Case, why: &[Why]) -> Vec<Hit> {
    let is_meant = |target: &&str| {
        case.missing(STARTUP, target).is_some_and(|missing| why.contains(&missing.why))
    };
    let hit = |target| Hit::on(target).resting_on(case, STARTUP, target);
    case.runtimes().filter(is_meant).map(hit).collect()
}

/// The same runtime, measured twice in turns, and the two series differ by more than the margin.
pub fn control_arms_differ(case: &Case) -> Vec<Hit> {
    let mut hits = Vec::new();
    for control in case.timing.controls().iter().filter(|control| control.differs()) {
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

/// Start-up measured under one runtime, and nothing at all stated for the other. A file without a
/// figure and a start that failed have rules of their own.
pub fn one_runtime_only(case: &Case) -> Vec<Hit> {
    let measured: Vec<&str> =
        case.runtimes().filter(|target| case.series(STARTUP, target).is_some()).collect();
    let [only] = measured[..] else { return Vec::new() };
    let is_silent = |target: &&str| {
        case.missing(STARTUP, target).is_some_and(|missing| {
            matches!(missing.why, Why::FileMissing | Why::NotStated | Why::NoGuestSection)
        })
    };
    let hit = |target| {
        Hit::on(target)
            .with("other", only)
            .resting_on(case, STARTUP, target)
            .resting_on(case, STARTUP, only)
    };
    case.runtimes().filter(is_silent).map(hit).collect()
}

/// A runtime that boots a virtual machine, and starts faster than one that does not.
pub fn faster_than_baseline(case: &Case) -> Vec<Hit> {
    let Some((baseline, hers)) = baseline_median(case) else { return Vec::new() };
    let mut hits = Vec::new();
    for target in case.runtimes().filter(|target| *target != baseline) {
        let Some(own) = case.series(STARTUP, target).and_then(|s| median(&s.values)) else {
            continue;
        };
        let boots_machine = case.is_called_kata(target)
            && case.verdict(target).is_some_and(|v| v.conclusion != Conclusion::SharedKernel);
        if boots_machine && own < hers * 0.9 {
            hits.push(
                Hit::on(target)
                    .with("own", significant(own, 3))
                    .with("baseline", baseline)
                    .with("baselines", significant(hers, 3))
                    .resting_on(case, STARTUP, target)
                    .resting_on(case, STARTUP, baseline),
            );
        }
    }
    hits
}

fn baseline_median<'a>(case: &Case<'a>) -> Option<(&'a str, f64)> {
    case.run.with_role(Role::Baseline).find_map(|baseline| {
        let samples = case.series(STARTUP, &baseline.name)?;
        Some((baseline.name.as_str(), median(&samples.values)?))
    })
}

/// A baseline that takes unusually long, so that every ratio to it is too small.
pub fn baseline_slow(case: &Case) -> Vec<Hit> {
    match baseline_median(case) {
        Some((baseline, seconds)) if seconds > SLOW_BASELINE => vec![
            Hit::on(baseline)
                .with("seconds", significant(seconds, 3))
                .with("limit", significant(SLOW_BASELINE, 1).to_string())
                .resting_on(case, STARTUP, baseline),
        ],
        _ => Vec::new(),
    }
}

/// A first sample that stands out: a cold start among warm ones. What isoproof measured itself
/// had its warm-ups taken out.
pub fn warm_up_included(case: &Case) -> Vec<Hit> {
    if !case.is_imported() {
        return Vec::new();
    }
    let mut hits = Vec::new();
    for target in case.runtimes() {
        let Some(samples) = case.series(STARTUP, target) else { continue };
        let Some((first, rest)) = first_stands_out(&samples.values, 4) else { continue };
        hits.push(
            Hit::on(target)
                .with("first", significant(first, 3))
                .with("median", significant(rest, 3))
                .resting_on(case, STARTUP, target),
        );
    }
    hits
}

/// The first sample and the median of the others, if it is the greatest and more than twice that
/// median, of a series of at least `least` samples.
pub fn first_stands_out(values: &[f64], least: usize) -> Option<(f64, f64)> {
    let (&first, rest) = values.split_first().filter(|_| values.len() >= least)?;
    let typical = median(rest)?;
    (rest.iter().all(|&other| other <= first) && first > 2.0 * typical).then_some((first, typical))
}

/// Series that were imported, of two runtimes: nothing shows that they took turns.
pub fn order_unknown(case: &Case) -> Vec<Hit> {
    if !case.is_imported() {
        return Vec::new();
    }
    let repeated: Vec<&str> = case
        .runtimes()
        .filter(|target| case.series(STARTUP, target).is_some_and(|s| s.values.len() > 1))
        .collect();
    if repeated.len() < 2 {
        return Vec::new();
    }
    let hit = Hit::default().with("targets", repeated.join(" and "));
    vec![repeated.iter().fold(hit, |hit, target| hit.resting_on(case, STARTUP, target))]
}

/// Words of an engine that fetches an image.
const PULLING: &[&str] = &[
    "Unable to find image",
    "Pulling from ",
    "Pull complete",
    "Downloaded newer image",
    ": resolving ",
    ": downloading ",
    "unpacking linux/",
];

/// Messages of an image pull among the timings.
pub fn image_pull(case: &Case) -> Vec<Hit> {
    in_startup_files(case, |line| PULLING.iter().any(|words| line.contains(words)))
}

/// `sudo` inside the timed command, as zsh shows it.
pub fn with_sudo(case: &Case) -> Vec<Hit> {
    in_startup_files(case, |line| {
        let line = line.trim_start();
        line.starts_with("sudo ") && line.contains("% cpu ") && line.ends_with(" total")
    })
}

/// One hit for each file that start-up times were read from, at its first line of the kind.
fn in_startup_files(case: &Case, is_meant: impl Fn(&str) -> bool) -> Vec<Hit> {
    first_lines(files_of(case, STARTUP), |line| is_meant(&strip_ansi(line)))
}

/// Times of different programs in one file.
pub fn clocks_mixed(case: &Case) -> Vec<Hit> {
    let mut hits = Vec::new();
    for capture in files_of(case, STARTUP) {
        let lines = capture.stdout.text_lines();
        let clocks: BTreeSet<&str> =
            lines.iter().filter_map(|line| clock(&strip_ansi(line))).collect();
        if clocks.len() > 1 {
            let names: Vec<&str> = clocks.into_iter().collect();
            hits.push(
                Hit::default()
                    .with("capture", capture.id.as_str())
                    .with("clocks", names.join(" and "))
                    .resting_on_line(&capture.id, None),
            );
        }
    }
    hits
}

/// Which program printed a line with an elapsed time.
fn clock(line: &str) -> Option<&'static str> {
    let line = line.trim();
    let rest = line.strip_prefix("real").map(str::trim_start);
    match rest {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) && rest.contains('m') => {
            Some("bash")
        }
        Some(rest) if rest.replace(',', ".").parse::<f64>().is_ok() => Some("`time -p`"),
        _ if line.starts_with("Executed in") => Some("fish"),
        _ if line.contains("% cpu ") && line.ends_with(" total") => Some("zsh"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_told_by_the_form_of_its_line() {
        assert_eq!(clock("real\t0m1.234s"), Some("bash"));
        assert_eq!(clock("real 0,58"), Some("`time -p`"));
        assert_eq!(clock("Executed in    4.03 secs      fish           external"), Some("fish"));
        assert_eq!(
            clock("sudo nerdctl run … 0.01s user 0.01s system 1% cpu 1.200 total"),
            Some("zsh")
        );
        assert_eq!(clock("real world"), None);
        assert_eq!(clock("runc: 0.4s total"), None);
    }

    #[test]
    fn a_first_sample_stands_out_if_it_is_the_greatest_and_twice_the_rest() {
        assert_eq!(first_stands_out(&[4.0, 1.0, 1.1, 0.9], 4), Some((4.0, 1.0)));
        assert_eq!(first_stands_out(&[1.9, 1.0, 1.1, 0.9], 4), None);
        assert_eq!(first_stands_out(&[4.0, 1.0, 5.0, 0.9], 4), None);
        assert_eq!(first_stands_out(&[4.0, 1.0, 1.1], 4), None);
    }
}
