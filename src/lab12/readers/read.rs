//! What a reader gives: a value with its line, or the reason why there is none.

use serde_json::Value;

use super::label::{EvidenceRole, is_other_runtime};
use super::page::{EvidencePage, LabelledPart, LineKind, PageLine};
use super::words;
use crate::model::{Fact, FactSource, MissingReason, MissingValue, SampleUnit};
use crate::text::shorten_visible;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct FoundValue<T> {
    pub value: T,
    /// Its line, counted from 1.
    pub line: u32,
}

pub(super) type ReadResult<T> = Result<FoundValue<T>, MissingValue>;

impl MissingValue {
    /// A reason that a line shows; the note quotes it.
    pub(super) fn quoting_line(why: MissingReason, before: &str, line: &PageLine) -> Self {
        let text = match &line.kind {
            LineKind::Log(log) => &log.message,
            _ => &line.text,
        };
        Self::new(why, format!("{before} “{}”", shorten_stated(text))).at_line(line.number)
    }
}

impl<T> FoundValue<T> {
    pub(super) fn at_line(value: T, line: &PageLine) -> Self {
        Self { value, line: line.number }
    }

    /// The same place with another value.
    pub(super) fn map_value<U>(self, change: impl FnOnce(T) -> U) -> FoundValue<U> {
        FoundValue { value: change(self.value), line: self.line }
    }
}

/// The first value that `parse` finds in the text of a line.
pub(super) fn find_value<'a, T>(
    lines: impl IntoIterator<Item = &'a PageLine>,
    parse: impl Fn(&'a str) -> Option<T>,
) -> Option<FoundValue<T>> {
    lines.into_iter().find_map(|line| Some(FoundValue::at_line(parse(&line.text)?, line)))
}

pub(super) fn fact_from_read<T: Into<Value>>(page: &EvidencePage, read: ReadResult<T>) -> Fact {
    match read {
        Ok(found) => Fact::from_value(found.value, FactSource::new(page.capture, found.line)),
        Err(miss) => missing_on_page(page, miss),
    }
}

/// The fact for a reason found on a page.
pub(super) fn missing_on_page(page: &EvidencePage, miss: MissingValue) -> Fact {
    let reason = format!("{}: {}", page.capture, miss.reason);
    MissingValue { reason, ..miss }.into_fact(page.capture)
}

/// The first words of a text that may be long or hostile.
pub(super) fn shorten_stated(text: &str) -> String {
    shorten_visible(text, 160)
}

/// Why lines without a readable value have none; `why` is the reason where words or marks of
/// another type stand there.
pub(super) fn explain_unreadable_lines<'a>(
    lines: impl IntoIterator<Item = &'a PageLine>,
    why: MissingReason,
) -> MissingValue {
    let mut text: Option<&PageLine> = None;
    let mut log = None;
    for line in lines {
        match &line.kind {
            LineKind::Log(message) if message.failure => return failure_from_error_line(line),
            LineKind::NotRead(miss) => return miss.clone(),
            LineKind::Text if line.is_error => return failure_from_error_line(line),
            LineKind::Text if is_worded(&line.text) => {
                let narrative =
                    |line: &PageLine| why_not(&line.text, why) == MissingReason::NarrativeText;
                if text.is_none_or(|old| !narrative(old) && narrative(line)) {
                    text = Some(line);
                }
            }
            LineKind::Log(_) => log = log.or(Some(line)),
            _ => {}
        }
    }
    match (text, log) {
        (Some(line), _) => {
            let what = match line.text.trim().parse::<f64>() {
                Ok(_) => "a number stands there that is none of what is asked for:",
                Err(_) => "instead of a value stands",
            };
            MissingValue::quoting_line(why_not(&line.text, why), what, line)
        }
        (None, Some(line)) => MissingValue::quoting_line(
            MissingReason::Empty,
            "nothing but a message of the engine:",
            line,
        ),
        (None, None) => MissingValue::new(MissingReason::Empty, "there is no value"),
    }
}

/// What was found, unless no session can have measured one of the times in it, in seconds.
pub(super) fn refuse_impossible_times(
    found: FoundValue<Value>,
    times: &[&str],
) -> ReadResult<Value> {
    let mut times = times.iter().filter_map(|key| found.value[key].as_f64());
    match times.find_map(|time| SampleUnit::Seconds.refuse_value(time)) {
        Some(note) => Err(MissingValue::new(MissingReason::OutOfRange, note).at_line(found.line)),
        None => Ok(found),
    }
}

/// The reason that an error message gives.
pub(super) fn failure_from_error_line(line: &PageLine) -> MissingValue {
    MissingValue::quoting_line(
        MissingReason::ErrorText,
        "instead of a value stands the error",
        line,
    )
}

/// Whether there is anything to read: dashes and dots alone are an empty cell.
fn is_worded(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// Prose is told from values of the wrong type by its words.
fn why_not(text: &str, why: MissingReason) -> MissingReason {
    let letters =
        words::split_words(text).filter(|word| word.chars().all(char::is_alphabetic)).count();
    if letters > 2 || words::is_hypothetical(text) || words::is_absence(text) {
        MissingReason::NarrativeText
    } else {
        why
    }
}

pub(super) fn no_part(
    page: &EvidencePage,
    parts: &[LabelledPart],
    who: EvidenceRole,
) -> MissingValue {
    if let [line] = &page.lines[..]
        && let LineKind::NotRead(miss) = &line.kind
    {
        return miss.clone();
    }
    let mut filled = parts.iter().filter(|part| !part.lines.is_empty());
    let has_runc = filled.clone().any(|part| part.who == Some(EvidenceRole::Runc));
    let has_host = filled.any(|part| part.who == Some(EvidenceRole::Host));
    let failure = page.lines.iter().find(|line| match &line.kind {
        LineKind::Log(log) => log.failure,
        LineKind::Text => line.is_error,
        _ => false,
    });
    let blank = !page.value_lines().any(|line| is_worded(&line.text));
    match who {
        _ if let (Some(line), false, false) = (failure, has_host, has_runc) => {
            failure_from_error_line(line)
        }
        _ if blank && failure.is_none() => {
            MissingValue::new(MissingReason::Empty, "the file holds no value")
        }
        EvidenceRole::Kata if let Some(line) = line_of_another_runtime(page) => {
            let words = "what stands there is of another runtime:";
            MissingValue::quoting_line(MissingReason::NoGuestSection, words, line)
        }
        EvidenceRole::Kata if has_runc => MissingValue::new(
            MissingReason::RuncContainerOnly,
            "the container it speaks of ran under runc",
        ),
        EvidenceRole::Kata => {
            MissingValue::new(MissingReason::NoGuestSection, "no label names the guest")
        }
        EvidenceRole::Host => {
            MissingValue::new(MissingReason::NoHostLine, "no label names the host")
        }
        _ => MissingValue::new(MissingReason::NotStated, "no label names a container under runc"),
    }
}

/// The first line that names a runtime that the lab does not ask for.
fn line_of_another_runtime<'a>(page: &'a EvidencePage) -> Option<&'a PageLine> {
    page.lines.iter().find(|line| words::split_words(&line.text).any(is_other_runtime))
}

/// Why a part has no value: where it was empty because its table states something else, that.
pub(super) fn explain_empty_part(part: &LabelledPart, miss: MissingValue) -> MissingValue {
    match (&part.other_measure, miss.why) {
        (Some(cell), MissingReason::Empty) => {
            let measure = cell.measure.as_deref().unwrap_or_default();
            let note = format!("the table states something else: “{}”", shorten_stated(measure));
            MissingValue::new(MissingReason::NotStated, note).at_line(cell.number)
        }
        _ => MissingValue { line: miss.line.or(Some(part.line)), ..miss },
    }
}

/// Reads the parts of `who` in turn: the first value, or else the first telling reason.
pub(super) fn in_parts<T>(
    page: &EvidencePage,
    parts: &[LabelledPart],
    who: EvidenceRole,
    mut reader: impl FnMut(&LabelledPart) -> ReadResult<T>,
) -> ReadResult<T> {
    let mut reason: Option<MissingValue> = None;
    for part in parts.iter().filter(|part| part.who == Some(who)) {
        // The unlabelled beginning of a page that speaks of one role anyway.
        if part.label.is_empty() && part.lines.is_empty() && parts.len() > 1 {
            continue;
        }
        match reader(part) {
            Ok(found) => return Ok(found),
            Err(miss) => {
                let miss = explain_empty_part(part, miss);
                if reason.as_ref().is_none_or(|old| old.why == MissingReason::Empty) {
                    reason = Some(miss);
                }
            }
        }
    }
    Err(reason.unwrap_or_else(|| no_part(page, parts, who)))
}
