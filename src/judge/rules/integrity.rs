//! Rules about the evidence files themselves.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};

use super::{RuleContext, Violation, first_lines, missing_for};
use crate::model::{Capture, CaptureStatus, MissingReason};
use crate::probe::unanswered::{BootGap, boot_gaps, is_boot};
use crate::store::integrity::describe_fact;

/// A capture whose digest is not that of its bytes.
pub(super) fn capture_altered(context: &RuleContext) -> Vec<Violation> {
    let violation = |id: &String| {
        Violation::default().with_parameter("capture", id.as_str()).resting_on_line(id, None)
    };
    context.integrity.altered.iter().map(violation).collect()
}

/// A record that is not the one that was written, beside the bytes of captures and the facts.
pub(super) fn run_altered(context: &RuleContext) -> Vec<Violation> {
    let part = if context.run.digest.is_some() { "digest" } else { "id" };
    let violation = Violation::default().with_parameter("part", part);
    if context.integrity.is_record_changed { vec![violation] } else { Vec::new() }
}

/// A stored fact that its captures do not give.
pub(super) fn fact_without_capture(context: &RuleContext) -> Vec<Violation> {
    let violation = |entry: &crate::store::integrity::FactMismatch| {
        Violation::about_target(&entry.target)
            .with_parameter("fact", entry.fact.as_str())
            .with_parameter("stored", describe_fact(entry.stored.as_ref()))
            .with_parameter("derived", describe_fact(entry.derived.as_ref()))
            .resting_on(context, &entry.fact, &entry.target)
    };
    context.integrity.unfounded.iter().map(violation).collect()
}

/// Messages of the engine among the output of the container.
pub(super) fn engine_log_in_evidence(context: &RuleContext) -> Vec<Violation> {
    let is_log = |line: &str| {
        let line = line.trim_start();
        line.starts_with("time=\"") && line.contains(" level=")
            || ["WARN[", "FATA[", "ERRO[", "INFO["].iter().any(|mark| line.starts_with(mark))
    };
    first_lines(&context.run.captures, is_log)
}

/// An address that was read before duplicate address detection had ended.
pub(super) fn address_tentative(context: &RuleContext) -> Vec<Violation> {
    first_lines(&context.run.captures, |line| {
        let mut words = line.split_whitespace();
        words.next() == Some("inet6") && words.any(|word| word == "tentative")
    })
}

/// Captures of which only the beginning was kept.
pub(super) fn capture_truncated(context: &RuleContext) -> Vec<Violation> {
    let is_cut =
        |capture: &&Capture| capture.status == CaptureStatus::Truncated && !is_boot(capture);
    let violation = |capture: &Capture| {
        Violation::default()
            .with_parameter("capture", capture.id.as_str())
            .resting_on_line(&capture.id, None)
    };
    context.run.captures.iter().filter(is_cut).map(violation).collect()
}

/// Probes that were asked in a boot and have no answer: one hit for each boot.
pub(super) fn probes_unanswered(context: &RuleContext) -> Vec<Violation> {
    let gaps = boot_gaps(&context.run.captures);
    let violation = |gap: &BootGap| {
        Violation::about_target(gap.boot.target.as_deref().unwrap_or_default())
            .with_parameter("boot", gap.boot.id.as_str())
            .with_parameter("missing", gap.count_missing())
            .with_parameter("asked", gap.asked)
            .with_parameter("reason", gap.summarize_reasons())
            .resting_on_line(&gap.boot.id, None)
    };
    gaps.values().map(violation).collect()
}

/// Files and folders of the evidence that could not be read when they were imported.
pub(super) fn file_not_read(context: &RuleContext) -> Vec<Violation> {
    let violation = |capture: &Capture| {
        let reason = capture.unread_reason()?;
        let violation = Violation::default()
            .with_parameter("capture", capture.id.as_str())
            .with_parameter("reason", reason);
        Some(violation.resting_on_line(&capture.id, None))
    };
    context.run.captures.iter().filter_map(violation).collect()
}

/// Error messages where values should stand: one hit for each file.
pub(super) fn error_in_evidence(context: &RuleContext) -> Vec<Violation> {
    in_place_of_values(context, &[MissingReason::ErrorText])
}

/// Prose where values should stand: one hit for each file.
pub(super) fn prose_in_evidence(context: &RuleContext) -> Vec<Violation> {
    in_place_of_values(context, &[MissingReason::NarrativeText])
}

fn in_place_of_values(context: &RuleContext, why: &[MissingReason]) -> Vec<Violation> {
    let mut seen = BTreeSet::new();
    let mut violations = Vec::new();
    for (fact, target) in missing_for(context, why) {
        let Some(missing) = context.missing_fact(&fact, &target) else { continue };
        let Some(source) = &missing.source else { continue };
        if context.is_imported() && seen.insert(source.capture.clone()) {
            violations.push(
                Violation::about_target(&target)
                    .with_parameter("capture", source.capture.as_str())
                    .with_parameter("reason", missing.reason.as_str())
                    .resting_on(context, &fact, &target),
            );
        }
    }
    violations
}

/// Messages of an engine in files of one run that lie more than a day apart.
pub(super) fn evidence_of_different_days(context: &RuleContext) -> Vec<Violation> {
    let mut times: Vec<(DateTime<FixedOffset>, String, u32)> = Vec::new();
    for capture in context.run.captures.iter().filter(|_| context.is_imported()) {
        let lines = capture.stdout.text_lines();
        for (line, number) in lines.iter().zip(1..) {
            let stamp =
                line.trim_start().strip_prefix("time=\"").and_then(|rest| rest.split('"').next());
            if let Some(time) = stamp.and_then(|stamp| DateTime::parse_from_rfc3339(stamp).ok()) {
                times.push((time, capture.id.clone(), number));
            }
        }
    }
    let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) else {
        return Vec::new();
    };
    if (last.0 - first.0).num_hours() <= 24 {
        return Vec::new();
    }
    vec![
        Violation::default()
            .with_parameter("first", first.0.date_naive().to_string())
            .with_parameter("last", last.0.date_naive().to_string())
            .resting_on_line(&first.1, Some(first.2))
            .resting_on_line(&last.1, Some(last.2)),
    ]
}
