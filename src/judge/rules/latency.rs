//! Rules about the latency of the web application.

use serde_json::Value;

use super::messages::{
    FigureOfFewDigits, LatencyBelowApplication, LatencyConstantSlow, LatencyMeanWithOutlier,
    LatencyOnErrorStatus, LatencyOneRuntimeOnly, LatencySummaryContradicts, LatencyWarmUpIncluded,
    LatencyWithErrorResponses,
};
use super::startup::first_stands_out;
use super::{RuleContext, RuleMessage, Violation, find_in_targets};
use crate::model::application::is_success_status;
use crate::model::{FactId, Samples, fact_ids};
use crate::stats::{round_significant, summarize_samples};

const HEALTH: FactId = fact_ids::APP_HEALTH_STATUS;
const LATENCY: FactId = fact_ids::HTTP_LATENCY;
const SUMMARY: FactId = fact_ids::HTTP_LATENCY_REPORTED;
const STATUSES: FactId = fact_ids::HTTP_STATUSES;

/// What a summary of latency states besides the number of samples.
const SUMMARY_FIGURES: [&str; 3] = ["avg", "min", "max"];

/// Below this median no HTTP application was seen to answer: in 51 hand-written reports with a
/// status of 200 all medians were at least 0.98 ms, those of refused and proxied requests
/// between 0.13 and 0.33 ms.
const FASTEST_APPLICATION: f64 = 0.0005;

/// From this median on an application answered: a refused connection takes a third of it.
const SURELY_APPLICATION: f64 = 0.0009;

/// Whether a health check that failed may only have come before the application was up, because the
/// samples, in seconds, are those of an application. No response and a server's error are answers of
/// one that is not up; a closed port and a proxy answer in less time than the fastest application.
pub(crate) fn was_checked_early(status: i64, samples: &[f64]) -> bool {
    let is_of_start = status == 0 || status >= 500;
    is_of_start && crate::stats::median(samples).is_some_and(|m| m >= SURELY_APPLICATION)
}

/// Latency of a service whose health check failed.
pub(super) fn latency_on_error_status(context: &RuleContext) -> Vec<Violation> {
    find_in_targets(context, |target| {
        let status =
            context.fact_integer(HEALTH, target).filter(|&status| !is_success_status(status))?;
        let samples = context.fact_series(LATENCY, target)?;
        if was_checked_early(status, &samples.values) {
            return None;
        }
        Some(
            LatencyOnErrorStatus { target, n: samples.values.len(), status }
                .with_fact(context, LATENCY, target)
                .with_fact(context, HEALTH, target),
        )
    })
}

/// Latency that is too short for an application that answers over HTTP. Where the status of every
/// response was recorded there is nothing to suspect: a trivial server is as fast as that.
pub(super) fn latency_below_application(context: &RuleContext) -> Vec<Violation> {
    find_in_targets(context, |target| {
        if context.is_present(STATUSES, target) {
            return None;
        }
        let samples = context.fact_series(LATENCY, target)?;
        let median = crate::stats::median(&samples.values)?;
        // `0.00` is what 4 ms are rounded to.
        let rounding = 0.5 * unit_of_last_decimal(context, LATENCY, target, &samples.values)?;
        (median + rounding < FASTEST_APPLICATION).then(|| {
            LatencyBelowApplication {
                target,
                median_ms: round_significant(median * 1000.0, 3),
                limit_ms: FASTEST_APPLICATION * 1000.0,
            }
            .with_fact(context, LATENCY, target)
        })
    })
}

/// Figures with so few digits that rounding alone may be a tenth of them or more: a mean of
/// `0.0001 s` with four decimals, samples of whole seconds.
pub(super) fn figure_of_few_digits(context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for target in context.runtime_names().filter(|_| context.is_imported()) {
        for id in [fact_ids::STARTUP_WALL, LATENCY] {
            let Some(samples) = context.fact_series(id, target) else { continue };
            // One number may end in zeros that it does not keep.
            if samples.values.len() > 2 {
                violations.extend(few_digits(context, id, target, &samples.values));
            }
        }
        let figures: Vec<f64> = SUMMARY_FIGURES
            .iter()
            .filter_map(|name| context.fact_number(SUMMARY, target, name))
            .collect();
        if figures.len() == SUMMARY_FIGURES.len() {
            violations.extend(few_digits(context, SUMMARY, target, &figures));
        }
    }
    violations
}

/// The violation if half a unit of the last decimal is a twentieth of the median or more.
fn few_digits(
    context: &RuleContext,
    id: FactId,
    target: &str,
    values: &[f64],
) -> Option<Violation> {
    let decimals = stated_decimals(context, id, target, values)?;
    let unit = unit_of_last_decimal(context, id, target, values)?;
    // Of `0.00` all may be rounding.
    let share = (0.5 * unit / crate::stats::median(values)?).min(1.0);
    (share >= 0.05 && decimals <= 6).then(|| {
        FigureOfFewDigits {
            target,
            fact: &id,
            decimals,
            percent: round_significant(share * 100.0, 2),
        }
        .with_fact(context, id, target)
    })
}

/// The most decimals with which a fact is stated.
fn stated_decimals(
    context: &RuleContext,
    id: FactId,
    target: &str,
    values: &[f64],
) -> Option<usize> {
    let decimals = values.iter().map(|value| count_decimals(*value)).max()?;
    Some(decimals.max(written_decimals(context, id, target).unwrap_or_default()))
}

/// One in the last decimal with which a fact is stated.
fn unit_of_last_decimal(
    context: &RuleContext,
    id: FactId,
    target: &str,
    values: &[f64],
) -> Option<f64> {
    let decimals = stated_decimals(context, id, target, values)?;
    Some(10_f64.powi(-i32::try_from(decimals).ok()?))
}

/// The most decimals of seconds in the line that a figure was read from: a number does not keep the
/// zeros that it ends in.
fn written_decimals(context: &RuleContext, id: FactId, target: &str) -> Option<usize> {
    let source = context.run.find_fact(id, target)?.source()?;
    let lines = context.run.find_capture(&source.capture)?.stdout.text_lines();
    let line = lines.get(usize::try_from(source.line?).ok()?.checked_sub(1)?)?;
    let numbers = line.split(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ','));
    let decimals = numbers.filter_map(|number| Some(number.rsplit_once(['.', ','])?.1.len())).max();
    let of_unit = if line.contains("ms") { 3 } else { 0 };
    Some(decimals.unwrap_or_default() + of_unit)
}

/// The decimals of a number as it is written in short, without an exponent.
fn count_decimals(value: f64) -> usize {
    let text = format!("{value}");
    text.split_once('.').map_or(0, |(_, decimals)| decimals.len())
}

/// A summary that its own samples do not give.
///
/// A summary was rounded to its last decimal, or cut off there as `bc` does, and what it was computed
/// from has more: less than one unit of that place is no contradiction.
pub(super) fn latency_summary_contradicts(context: &RuleContext) -> Vec<Violation> {
    find_in_targets(context, |target| {
        let own = summarize_samples(&context.fact_series(LATENCY, target)?.values)?;
        let counted = context.fact_field(SUMMARY, target, "n").and_then(Value::as_u64);
        let (figure, stated, computed) = match counted.filter(|n| *n != own.n as u64) {
            Some(counted) => ("n", counted.into(), own.n.into()),
            None => {
                let mut figures =
                    [("avg", own.mean), ("min", own.min), ("max", own.max)].into_iter();
                figures.find_map(|(name, value)| {
                    let stated = context.fact_number(SUMMARY, target, name)?;
                    let differs = (stated - value).abs() >= last_decimal_unit(context, target);
                    differs.then(|| (name, stated.into(), round_significant(value, 4).into()))
                })?
            }
        };
        let message = LatencySummaryContradicts { target, figure, stated, computed };
        Some(message.make_violation().with_facts(context, [SUMMARY, LATENCY], target))
    })
}

/// One unit of the last decimal that any figure of a summary has, four decimals at most: summaries
/// are asked for with four, and a time in milliseconds has as few digits as were written.
fn last_decimal_unit(context: &RuleContext, target: &str) -> f64 {
    let figures =
        SUMMARY_FIGURES.iter().filter_map(|name| context.fact_number(SUMMARY, target, name));
    let decimals = figures.map(count_decimals).max().unwrap_or_default();
    10_f64.powi(-i32::try_from(decimals.min(4)).unwrap_or_default())
}

/// Requests that were answered with another status than success, by the protocol of the
/// measurement.
pub(super) fn with_error_responses(context: &RuleContext) -> Vec<Violation> {
    find_in_targets(context, |target| {
        let tally = context.fact_value(STATUSES, target).and_then(Value::as_object)?;
        let (mut good, mut bad) = (0, 0);
        for (status, count) in tally {
            let sum =
                if status.parse().is_ok_and(is_success_status) { &mut good } else { &mut bad };
            *sum += count.as_u64().unwrap_or(0);
        }
        (bad > 0).then(|| {
            LatencyWithErrorResponses { target, bad, n: good + bad }
                .with_fact(context, STATUSES, target)
                .with_fact(context, LATENCY, target)
        })
    })
}

/// A series that is slow throughout, by the same amount.
pub(super) fn constant_slow(context: &RuleContext) -> Vec<Violation> {
    find_in_targets(context, |target| {
        let samples = context.fact_series(LATENCY, target)?;
        let own = summarize_samples(&samples.values).filter(|own| own.n >= 5)?;
        (own.min > 0.5 && own.max - own.min < 0.2 * own.min).then(|| {
            LatencyConstantSlow {
                target,
                n: own.n,
                min: round_significant(own.min, 3),
                max: round_significant(own.max, 3),
            }
            .with_fact(context, LATENCY, target)
        })
    })
}

/// The latency series under a target, unless it is that of an application that is not well: then
/// its shape says nothing.
fn series_of_application<'a>(context: &RuleContext<'a>, target: &str) -> Option<&'a Samples> {
    let is_unwell =
        context.fact_integer(HEALTH, target).is_some_and(|status| !is_success_status(status));
    context.fact_series(LATENCY, target).filter(|_| !is_unwell)
}

/// A first request that stands out, in a series that somebody else measured.
pub(super) fn warm_up_included(context: &RuleContext) -> Vec<Violation> {
    if !context.is_imported() {
        return Vec::new();
    }
    find_in_targets(context, |target| {
        let samples = series_of_application(context, target)?;
        let (first, typical) = first_stands_out(&samples.values, 5)?;
        Some(
            LatencyWarmUpIncluded {
                target,
                first_ms: round_significant(first * 1000.0, 3),
                median_ms: round_significant(typical * 1000.0, 3),
            }
            .with_fact(context, LATENCY, target),
        )
    })
}

/// An average that a few outliers pull away from what is typical.
pub(super) fn mean_with_outlier(context: &RuleContext) -> Vec<Violation> {
    find_in_targets(context, |target| {
        let samples = series_of_application(context, target)?;
        let states_mean =
            context.fact_field(SUMMARY, target, "avg").is_some_and(|avg| avg.is_number());
        let own = summarize_samples(&samples.values).filter(|own| own.n >= 5 && states_mean)?;
        let far = samples.values.iter().filter(|&&value| value > 5.0 * own.median).count();
        (far > 0 && own.mean > 1.1 * own.median).then(|| {
            LatencyMeanWithOutlier {
                target,
                mean_ms: round_significant(own.mean * 1000.0, 3),
                median_ms: round_significant(own.median * 1000.0, 3),
                far,
            }
            .with_fact(context, SUMMARY, target)
            .with_fact(context, LATENCY, target)
        })
    })
}

/// Latency under one runtime alone compares nothing.
pub(super) fn one_runtime_only(context: &RuleContext) -> Vec<Violation> {
    let (measured, silent): (Vec<&str>, Vec<&str>) =
        context.runtime_names().partition(|target| context.fact_series(LATENCY, target).is_some());
    match (&measured[..], &silent[..]) {
        ([only], [_, ..]) => {
            vec![
                LatencyOneRuntimeOnly { target: only, others: &silent.join(", ") }
                    .with_fact(context, LATENCY, only),
            ]
        }
        _ => Vec::new(),
    }
}
