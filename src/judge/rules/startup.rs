//! Rules about start-up times.

use std::collections::BTreeSet;

use super::messages::{
    ControlArmsDiffer, FailedRunsLeftOut, StartupBaselineSlow, StartupClocksMixed,
    StartupFasterThanBaseline, StartupImagePull, StartupOfFailedStart, StartupOneRuntimeOnly,
    StartupOrderUnknown, StartupSingleSample, StartupWarmUpIncluded, StartupWithSudo,
    StartupWithoutFigure,
};
use super::{RuleContext, RuleMessage, Violation, files_of, find_in_targets, first_lines};
use crate::judge::Conclusion;
use crate::judge::timing::emulated_host;
use crate::model::{FactId, MissingReason, Role, fact_ids};
use crate::probe::hyperfine::count_failed_by_target;
use crate::stats::{median, round_significant};
use crate::text::strip_ansi;

const STARTUP: FactId = fact_ids::STARTUP_WALL;

/// Above this a warm start under a runtime that shares the host's kernel is unusual: of 29 pairs
/// measured by hand, one baseline took longer.
const SLOW_BASELINE: f64 = 2.0;

/// A file for start-up times that holds no figure.
pub(super) fn without_figure(context: &RuleContext) -> Vec<Violation> {
    missing_because(context, MissingReason::Empty, |target| StartupWithoutFigure { target })
}

pub(super) fn failed_start_timed(context: &RuleContext) -> Vec<Violation> {
    missing_because(context, MissingReason::FailedStart, |target| StartupOfFailedStart { target })
}

fn missing_because<'a, M: RuleMessage>(
    context: &RuleContext<'a>,
    why: MissingReason,
    say: fn(&'a str) -> M,
) -> Vec<Violation> {
    find_in_targets(context, |target| {
        let missing = context.missing_fact(STARTUP, target)?;
        (missing.why == why).then(|| say(target).with_fact(context, STARTUP, target))
    })
}

/// Timed runs that failed, next to a figure of those that did not.
pub(super) fn failed_runs_left_out(context: &RuleContext) -> Vec<Violation> {
    let exports = if context.is_imported() { &context.run.captures[..] } else { &[] };
    let of_hyperfine = count_failed_by_target(exports);
    find_in_targets(context, |target| {
        let series = [STARTUP, fact_ids::COMMAND_WALL];
        let id = series.into_iter().find(|id| context.fact_series(*id, target).is_some())?;
        let (failed, all) = match context.is_imported() {
            true => *of_hyperfine.get(target)?,
            false => {
                let record = context.run.find_capture(&format!("{target}/startup.samples"))?;
                let lines = record.stdout.text_lines();
                let failed = lines.iter().filter(|line| line.starts_with("failed ")).count();
                (failed, failed + lines.iter().filter(|line| line.starts_with("ok ")).count())
            }
        };
        let (failed, all) = (failed as u64, all as u64);
        (failed > 0)
            .then(|| FailedRunsLeftOut { target, failed, all }.with_fact(context, id, target))
    })
}

/// The same runtime, measured twice in turns, and the two series differ by more than the margin.
pub(super) fn control_arms_differ(context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for control in context.timing.session_controls().iter().filter(|control| control.arms_differ())
    {
        let comparison = &control.comparison;
        let (Some(ratio), Some(interval)) = (comparison.ratio, comparison.interval) else {
            continue;
        };
        let series = [control.series, control.repeat];
        violations.push(
            ControlArmsDiffer {
                target: &control.target,
                ratio: round_significant(ratio, 3),
                low: round_significant(interval.low, 3),
                high: round_significant(interval.high, 3),
                margin: round_significant(context.margin * 100.0, 3),
            }
            .make_violation()
            .with_facts(context, series, &control.target),
        );
    }
    violations
}

/// One sample, of which nobody can say how much of it is chance.
pub(super) fn single_sample(context: &RuleContext) -> Vec<Violation> {
    find_in_targets(context, |target| {
        let is_alone = context.fact_series(STARTUP, target)?.values.len() == 1;
        is_alone.then(|| StartupSingleSample { target }.with_fact(context, STARTUP, target))
    })
}

/// Start-up measured under one runtime, and nothing at all stated for the other. A file without a
/// figure and a start that failed have rules of their own.
pub(super) fn one_runtime_only(context: &RuleContext) -> Vec<Violation> {
    let measured: Vec<&str> = context
        .runtime_names()
        .filter(|target| context.fact_series(STARTUP, target).is_some())
        .collect();
    let [only] = measured[..] else { return Vec::new() };
    let mut violations = Vec::new();
    for target in context.runtime_names() {
        // Where a line is named, something stands there that is no sample: a summary, several clocks.
        if let Some(missing) = context.missing_fact(STARTUP, target)
            && matches!(
                missing.why,
                MissingReason::FileMissing
                    | MissingReason::NotStated
                    | MissingReason::NoGuestSection
            )
            && missing.source.as_ref().is_none_or(|source| source.line.is_none())
        {
            let violation = StartupOneRuntimeOnly { target, other: only }.make_violation();
            violations.push(violation.with_targets(context, STARTUP, [target, only]));
        }
    }
    violations
}

/// A runtime that boots a virtual machine, and starts faster than one that does not.
pub(super) fn faster_than_baseline(context: &RuleContext) -> Vec<Violation> {
    let Some((baseline, hers)) = baseline_median(context) else { return Vec::new() };
    find_in_targets(context, |target| {
        let own = context.fact_series(STARTUP, target).and_then(|s| median(&s.values))?;
        let boots_machine = context.is_kata(target)
            && context
                .target_verdict(target)
                .is_some_and(|v| v.conclusion != Conclusion::SharedKernel);
        (boots_machine && own < hers * 0.9).then(|| {
            StartupFasterThanBaseline {
                target,
                own: round_significant(own, 3),
                baseline,
                baselines: round_significant(hers, 3),
            }
            .with_fact(context, STARTUP, target)
            .with_fact(context, STARTUP, baseline)
        })
    })
}

fn baseline_median<'a>(context: &RuleContext<'a>) -> Option<(&'a str, f64)> {
    context.run.with_role(Role::Baseline).find_map(|baseline| {
        let samples = context.fact_series(STARTUP, &baseline.name)?;
        Some((baseline.name.as_str(), median(&samples.values)?))
    })
}

/// A baseline that takes unusually long, so that every ratio to it is too small.
pub(super) fn baseline_slow(context: &RuleContext) -> Vec<Violation> {
    let is_emulated = emulated_host(context.run).is_some();
    match baseline_median(context) {
        // On an emulated host all is slow, which is said by a rule of its own.
        Some((baseline, seconds)) if seconds > SLOW_BASELINE && !is_emulated => vec![
            StartupBaselineSlow {
                target: baseline,
                seconds: round_significant(seconds, 3),
                limit: &round_significant(SLOW_BASELINE, 1).to_string(),
            }
            .with_fact(context, STARTUP, baseline),
        ],
        _ => Vec::new(),
    }
}

/// A first sample that stands out: a cold start among warm ones. What isoproof measured itself
/// had its warm-ups taken out.
pub(super) fn warm_up_included(context: &RuleContext) -> Vec<Violation> {
    if !context.is_imported() {
        return Vec::new();
    }
    find_in_targets(context, |target| {
        let samples = context.fact_series(STARTUP, target)?;
        let (first, rest) = first_stands_out(&samples.values, 4)?;
        Some(
            StartupWarmUpIncluded {
                target,
                first: round_significant(first, 3),
                median: round_significant(rest, 3),
            }
            .with_fact(context, STARTUP, target),
        )
    })
}

/// The first sample and the median of the others, if it is the greatest and more than twice that
/// median, of a series of at least `least` samples.
pub(super) fn first_stands_out(values: &[f64], least: usize) -> Option<(f64, f64)> {
    let (&first, rest) = values.split_first().filter(|_| values.len() >= least)?;
    let typical = median(rest)?;
    (rest.iter().all(|&other| other <= first) && first > 2.0 * typical).then_some((first, typical))
}

/// Series that were imported, of two runtimes: nothing shows that they took turns.
pub(super) fn order_unknown(context: &RuleContext) -> Vec<Violation> {
    if !context.is_imported() {
        return Vec::new();
    }
    let repeated: Vec<&str> = context
        .runtime_names()
        .filter(|target| context.fact_series(STARTUP, target).is_some_and(|s| s.values.len() > 1))
        .collect();
    if repeated.len() < 2 {
        return Vec::new();
    }
    let violation = StartupOrderUnknown { targets: &repeated.join(" and ") }.make_violation();
    vec![violation.with_targets(context, STARTUP, repeated)]
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

pub(super) fn image_pull(context: &RuleContext) -> Vec<Violation> {
    in_startup_files(context, tells_of_pull, |capture, line| StartupImagePull { capture, line })
}

fn tells_of_pull(line: &str) -> bool {
    PULLING.iter().any(|words| line.contains(words))
}

/// `sudo` inside the timed command, as zsh shows it.
pub(super) fn with_sudo(context: &RuleContext) -> Vec<Violation> {
    in_startup_files(context, is_time_of_sudo, |capture, line| StartupWithSudo { capture, line })
}

fn is_time_of_sudo(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("sudo ") && line.contains("% cpu ") && line.ends_with(" total")
}

/// What is said of each file that start-up times were read from, at its first line of the kind.
fn in_startup_files<'a, M: RuleMessage>(
    context: &RuleContext<'a>,
    is_meant: impl Fn(&str) -> bool,
    say: fn(&'a str, u32) -> M,
) -> Vec<Violation> {
    first_lines(files_of(context, STARTUP), |line| is_meant(&strip_ansi(line)), say)
}

/// Times of different programs in one file.
pub(super) fn clocks_mixed(context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for capture in files_of(context, STARTUP) {
        let lines = capture.stdout.text_lines();
        let clocks: BTreeSet<&str> =
            lines.iter().filter_map(|line| printing_program(&strip_ansi(line))).collect();
        if clocks.len() > 1 {
            let names: Vec<&str> = clocks.into_iter().collect();
            violations.push(
                StartupClocksMixed { capture: &capture.id, clocks: &names.join(" and ") }
                    .with_line(&capture.id, None),
            );
        }
    }
    violations
}

fn printing_program(line: &str) -> Option<&'static str> {
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
        assert_eq!(printing_program("real\t0m1.234s"), Some("bash"));
        assert_eq!(printing_program("real 0,58"), Some("`time -p`"));
        assert_eq!(
            printing_program("Executed in    4.03 secs      fish           external"),
            Some("fish")
        );
        assert_eq!(
            printing_program("sudo nerdctl run … 0.01s user 0.01s system 1% cpu 1.200 total"),
            Some("zsh")
        );
        assert_eq!(printing_program("real world"), None);
        assert_eq!(printing_program("runc: 0.4s total"), None);
    }

    #[test]
    fn a_first_sample_stands_out_if_it_is_the_greatest_and_twice_the_rest() {
        assert_eq!(first_stands_out(&[4.0, 1.0, 1.1, 0.9], 4), Some((4.0, 1.0)));
        assert_eq!(first_stands_out(&[1.9, 1.0, 1.1, 0.9], 4), None);
        assert_eq!(first_stands_out(&[4.0, 1.0, 5.0, 0.9], 4), None);
        assert_eq!(first_stands_out(&[4.0, 1.0, 1.1], 4), None);
    }
}
