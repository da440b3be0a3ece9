//! Rules about the evidence files themselves.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};

use super::messages::{
    AddressTentative, CaptureAltered, CaptureTruncated, EngineLogInEvidence, ErrorInEvidence,
    EvidenceOfDifferentDays, FactWithoutCapture, FileNotRead, ProbesUnanswered, ProseInEvidence,
    RecordUnverified, RunAltered,
};
use super::{RuleContext, RuleMessage, Violation, first_lines, missing_for};
use crate::model::{CaptureStatus, FactId, MissingReason};
use crate::probe::unanswered::{boot_gaps, is_boot};
use crate::store::integrity::FactMismatch;

/// A capture whose digest is not that of its bytes.
pub(super) fn capture_altered(context: &RuleContext) -> Vec<Violation> {
    let altered = context.integrity.altered.iter();
    altered.map(|capture| CaptureAltered { capture }.with_line(capture, None)).collect()
}

/// A record that is not the one that was written, next to the bytes of captures and the facts.
pub(super) fn run_altered(context: &RuleContext) -> Vec<Violation> {
    if !context.integrity.is_record_changed {
        return Vec::new();
    }
    let part = if context.run.digest.is_some() { "digest" } else { "id" };
    vec![RunAltered { part }.make_violation()]
}

/// A record of which nothing tells whether it is the one that was written.
pub(super) fn record_unverified(context: &RuleContext) -> Vec<Violation> {
    match context.integrity.is_record_unverified {
        true => vec![RecordUnverified {}.make_violation()],
        false => Vec::new(),
    }
}

/// A stored fact that its captures do not give.
pub(super) fn fact_without_capture(context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for mismatch in &context.integrity.unfounded {
        let FactMismatch { fact, target, .. } = mismatch;
        let [stored, derived] = mismatch.describe_sides();
        let message = FactWithoutCapture { target, fact, stored: &stored, derived: &derived };
        violations.push(message.with_fact(context, FactId::from_text(fact), target));
    }
    violations
}

/// Messages of the engine among the output of the container.
pub(super) fn engine_log_in_evidence(context: &RuleContext) -> Vec<Violation> {
    first_lines(
        &context.run.captures,
        |line| {
            let line = line.trim_start();
            line.starts_with("time=\"") && line.contains(" level=")
                || ["WARN[", "FATA[", "ERRO[", "INFO["].iter().any(|mark| line.starts_with(mark))
        },
        |capture, line| EngineLogInEvidence { capture, line },
    )
}

/// An address that was read before duplicate address detection had ended.
pub(super) fn address_tentative(context: &RuleContext) -> Vec<Violation> {
    first_lines(
        &context.run.captures,
        |line| {
            let mut words = line.split_whitespace();
            line.trim_start().starts_with("inet6")
                && words.next() == Some("inet6")
                && words.any(|word| word == "tentative")
        },
        |capture, line| AddressTentative { capture, line },
    )
}

/// Captures of which only the beginning was kept.
pub(super) fn capture_truncated(context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for capture in &context.run.captures {
        if capture.status == CaptureStatus::Truncated && !is_boot(capture) {
            let id = capture.id.as_str();
            violations.push(CaptureTruncated { capture: id }.with_line(id, None));
        }
    }
    violations
}

/// Probes that were asked in a boot and have no answer: one violation for each boot.
pub(super) fn probes_unanswered(context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for gap in boot_gaps(&context.run.captures).values() {
        let message = ProbesUnanswered {
            target: gap.boot.target.as_deref().unwrap_or_default(),
            boot: &gap.boot.id,
            missing: gap.count_missing(),
            asked: gap.asked,
            reason: &gap.summarize_reasons(),
        };
        violations.push(message.with_line(&gap.boot.id, None));
    }
    violations
}

/// Files and folders of the evidence that could not be read when they were imported.
pub(super) fn file_not_read(context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for capture in &context.run.captures {
        if let Some(reason) = capture.unread_reason() {
            let id = capture.id.as_str();
            violations.push(FileNotRead { capture: id, reason: &reason }.with_line(id, None));
        }
    }
    violations
}

/// Error messages where values should stand: one violation for each file.
pub(super) fn error_in_evidence(context: &RuleContext) -> Vec<Violation> {
    in_place_of_values(context, MissingReason::ErrorText, |target, capture, reason| {
        ErrorInEvidence { target, capture, reason }
    })
}

/// Prose where values should stand: one violation for each file.
pub(super) fn prose_in_evidence(context: &RuleContext) -> Vec<Violation> {
    in_place_of_values(context, MissingReason::NarrativeText, |target, capture, reason| {
        ProseInEvidence { target, capture, reason }
    })
}

fn in_place_of_values<'a, M: RuleMessage>(
    context: &RuleContext<'a>,
    why: MissingReason,
    say: fn(&'a str, &'a str, &'a str) -> M,
) -> Vec<Violation> {
    let mut seen = BTreeSet::new();
    let mut violations = Vec::new();
    for (fact, target) in missing_for(context, why) {
        let Some(missing) = context.missing_fact(fact, target) else { continue };
        let Some(source) = &missing.source else { continue };
        if context.is_imported() && seen.insert(&source.capture) {
            let message = say(target, &source.capture, &missing.reason);
            violations.push(message.with_fact(context, fact, target));
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
        EvidenceOfDifferentDays {
            first: &first.0.date_naive().to_string(),
            last: &last.0.date_naive().to_string(),
        }
        .with_line(&first.1, Some(first.2))
        .with_line(&last.1, Some(last.2)),
    ]
}
