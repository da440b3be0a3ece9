//! What a reader gives: a value with its line, or the reason why there is none.

use serde_json::Value;

use super::label::Who;
use super::page::{Kind, Line, Page, Part};
use super::words;
use crate::model::{Fact, MAX_LINE, Source, Unit, Why};
use crate::text::visible;

/// A value and the line where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Found<T> {
    /// The value.
    pub value: T,
    /// Its line, counted from 1.
    pub line: u32,
}

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// The kind of reason.
    pub why: Why,
    /// What stands there instead, in words.
    pub note: String,
    /// The line that shows it, where one does.
    pub line: Option<u32>,
}

/// The result of a reader.
pub type Read<T> = Result<Found<T>, Miss>;

impl Miss {
    /// A reason that no single line shows.
    pub fn new(why: Why, note: impl Into<String>) -> Self {
        Self { why, note: note.into(), line: None }
    }

    /// A reason that a line shows; the note quotes it.
    pub fn quoting(why: Why, before: &str, line: &Line) -> Self {
        let text = match &line.kind {
            Kind::Log(log) => &log.message,
            _ => &line.text,
        };
        Self { why, note: format!("{before} “{}”", shortened(text)), line: Some(line.number) }
    }
}

impl<T> Found<T> {
    /// A value at a line.
    pub fn at(value: T, line: &Line) -> Self {
        Self { value, line: line.number }
    }

    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Found<U> {
        Found { value: change(self.value), line: self.line }
    }
}

/// The fact for what was read on a page.
pub fn fact<T: Into<Value>>(page: &Page, read: Read<T>) -> Fact {
    match read {
        Ok(found) => Fact::value(found.value, Source::new(page.capture, found.line)),
        Err(miss) => missing(page, miss),
    }
}

/// The fact for a reason found on a page.
pub fn missing(page: &Page, miss: Miss) -> Fact {
    let reason = format!("{}: {}", page.capture, miss.note);
    Fact::missing_at(miss.why, reason, Source::new(page.capture, miss.line))
}

/// The first words of a text that may be long or hostile.
pub fn shortened(text: &str) -> String {
    const LIMIT: usize = 160;
    let mut out: String = text.chars().take(LIMIT).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    visible(&out)
}

/// Why lines without a readable value have none; `why` is the reason where words or marks of
/// another type stand there.
pub fn explain<'a>(lines: impl IntoIterator<Item = &'a Line>, why: Why) -> Miss {
    let mut text: Option<&Line> = None;
    let mut log = None;
    for line in lines {
        match &line.kind {
            Kind::Log(message) if message.failure => return error(line),
            Kind::TooLong(bytes) => return too_long(line, *bytes),
            Kind::Text if line.is_error => return error(line),
            Kind::Text if is_worded(&line.text) => {
                let narrative = |line: &Line| why_not(&line.text, why) == Why::NarrativeText;
                if text.is_none_or(|old| !narrative(old) && narrative(line)) {
                    text = Some(line);
                }
            }
            Kind::Log(_) => log = log.or(Some(line)),
            _ => {}
        }
    }
    match (text, log) {
        (Some(line), _) => {
            Miss::quoting(why_not(&line.text, why), "instead of a value stands", line)
        }
        (None, Some(line)) => {
            Miss::quoting(Why::Empty, "nothing but a message of the engine:", line)
        }
        (None, None) => Miss::new(Why::Empty, "there is no value"),
    }
}

/// The reason that a line gives which is longer than what is read.
fn too_long(line: &Line, bytes: usize) -> Miss {
    let note = format!(
        "line {} has {bytes} bytes, and no file with a line of more than {MAX_LINE} is read",
        line.number
    );
    Miss { why: Why::TooLong, note, line: Some(line.number) }
}

/// What was found, unless no session can have measured one of the times in it, in seconds.
pub fn possible(found: Found<Value>, times: &[&str]) -> Read<Value> {
    let mut times = times.iter().filter_map(|key| found.value[key].as_f64());
    match times.find_map(|time| Unit::Seconds.refuse(time)) {
        Some(note) => Err(Miss { why: Why::OutOfRange, note, line: Some(found.line) }),
        None => Ok(found),
    }
}

/// The reason that an error message gives.
pub fn error(line: &Line) -> Miss {
    Miss::quoting(Why::ErrorText, "instead of a value stands the error", line)
}

/// Whether there is anything to read: dashes and dots alone are an empty cell.
fn is_worded(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// Prose is told from values of the wrong type by its words.
fn why_not(text: &str, why: Why) -> Why {
    let letters = words::words(text).filter(|word| word.chars().all(char::is_alphabetic)).count();
    if letters > 2 || words::is_hypothetical(text) || words::is_absence(text) {
        Why::NarrativeText
    } else {
        why
    }
}

/// The reason why a page has no part of `who`.
pub fn no_part(page: &Page, parts: &[Part], who: Who) -> Miss {
    if let [line] = &page.lines[..]
        && let Kind::TooLong(bytes) = line.kind
    {
        return too_long(line, bytes);
    }
    let has = |who: Who| parts.iter().any(|part| part.who == Some(who) && !part.lines.is_empty());
    let failure = page.lines.iter().find(|line| match &line.kind {
        Kind::Log(log) => log.failure,
        Kind::Text => line.is_error,
        _ => false,
    });
    let blank = !page.texts().any(|line| is_worded(&line.text));
    match who {
        _ if let (Some(line), false, false) = (failure, has(Who::Host), has(Who::Runc)) => {
            error(line)
        }
        _ if blank && failure.is_none() => Miss::new(Why::Empty, "the file holds no value"),
        Who::Kata if has(Who::Runc) => {
            Miss::new(Why::RuncContainerOnly, "the container it speaks of ran under runc")
        }
        Who::Kata => Miss::new(Why::NoGuestSection, "no label names the guest"),
        Who::Host => Miss::new(Why::NoHostLine, "no label names the host"),
        Who::Runc => Miss::new(Why::NotStated, "no label names a container under runc"),
    }
}

/// Reads the parts of `who` in turn: the first value, or else the first telling reason.
pub fn in_parts<T>(
    page: &Page,
    parts: &[Part],
    who: Who,
    mut reader: impl FnMut(&Part) -> Read<T>,
) -> Read<T> {
    let mut reason: Option<Miss> = None;
    for part in parts.iter().filter(|part| part.who == Some(who)) {
        // The unlabelled beginning of a page that speaks of one role anyway.
        if part.label.is_empty() && part.lines.is_empty() && parts.len() > 1 {
            continue;
        }
        match reader(part) {
            Ok(found) => return Ok(found),
            Err(mut miss) => {
                miss.line = miss.line.or(Some(part.line));
                if reason.as_ref().is_none_or(|old| old.why == Why::Empty) {
                    reason = Some(miss);
                }
            }
        }
    }
    Err(reason.unwrap_or_else(|| no_part(page, parts, who)))
}
