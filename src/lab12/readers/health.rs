//! The status of one HTTP request.

use super::label::EvidenceRole;
use super::page::{EvidencePage, LabelledPart, LineKind, PageLine};
use super::read::{self, FoundValue, ReadResult};
use super::vocabulary::health::{DOUBTS, KEYS};
use super::words;
use crate::model::MissingReason;

/// The HTTP status; 0 where there was no response. Of several attempts the last counts.
pub(super) fn read_http_status(page: &EvidencePage) -> ReadResult<i64> {
    let parts = page.labelled_parts();
    let lines: Vec<&PageLine> = parts
        .iter()
        .filter(|part| part.who != Some(EvidenceRole::Kata))
        .flat_map(|part| &part.lines)
        .filter(|line| match line.kind {
            LineKind::Text | LineKind::Title => true,
            // `curl localhost:3012 -> 200`
            LineKind::Command(_) => line.text.contains("->") || line.text.contains('→'),
            _ => false,
        })
        .collect();
    let last =
        |reader: fn(&str) -> Option<i64>| read::find_value(lines.iter().rev().copied(), reader);
    last(after_http)
        .or_else(|| last(after_key))
        .or_else(|| last(after_word))
        .or_else(|| last(status_alone))
        .or_else(|| parts.iter().rev().find_map(labelled_status))
        .ok_or_else(|| {
            read::explain_unreadable_lines(
                parts.iter().flat_map(|part| &part.lines),
                MissingReason::NotNumeric,
            )
        })
}

/// `juice-runc http_code=200 time_total=0.0045`, where the role made a label of the key.
fn labelled_status(part: &LabelledPart) -> Option<FoundValue<i64>> {
    let line = part.lines.first().filter(|line| line.inline && line.kind == LineKind::Text)?;
    let keyed = words::contains_any(&part.label, &["http", "status", "code"]);
    let asked = part.who != Some(EvidenceRole::Kata);
    let line = Some(line).filter(|_| keyed && asked);
    read::find_value(line, |text| leading_status_code(words::strip_value_marks(text)))
}

/// `HTTP 200`, `HTTP/1.1 200 OK`, `HTTP code: 200`.
fn after_http(text: &str) -> Option<i64> {
    let lower = text.to_lowercase();
    lower.match_indices("http").find_map(|(at, _)| {
        let rest = &lower[at + 4..];
        let rest = match rest.strip_prefix('/') {
            Some(version) => version.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.'),
            None => rest,
        };
        let rest = rest.trim_start_matches([' ', '_', '-', '\t']);
        let rest = ["response code", "status code", "status", "code", "response"]
            .iter()
            .find_map(|word| rest.strip_prefix(word))
            .unwrap_or(rest);
        leading_status_code(rest.trim_start_matches([' ', ':', '=', '\t', '*', '`', '"']))
    })
}

/// Whether a line is a status of HTTP with its name, and says no more: `juice-runc: HTTP 200`.
pub(super) fn is_status_line(text: &str) -> bool {
    let most = if words::contains_any(text, &["juice", "health"]) { 10 } else { 5 };
    after_http(text).is_some()
        && words::split_words(text).count() <= most
        && !words::contains_any(text, DOUBTS)
}

/// `Status: 200`, `juice-runc: 200`.
fn after_key(text: &str) -> Option<i64> {
    let arrow = text.rsplit_once("->").or_else(|| text.rsplit_once('→'));
    let (key, value) = arrow.or_else(|| text.rsplit_once([':', '=']))?;
    let known = words::contains_any(key, KEYS);
    (known && words::split_words(key).count() <= 7)
        .then(|| leading_status_code(words::strip_value_marks(value)))
        .flatten()
}

/// `returned status 200`, in a sentence.
fn after_word(text: &str) -> Option<i64> {
    let lower = text.to_lowercase();
    ["status code ", "status ", "returned ", "returns ", "answered ", "responded with "]
        .iter()
        .find_map(|word| {
            leading_status_code(words::strip_value_marks(&lower[lower.find(word)? + word.len()..]))
        })
}

fn status_alone(text: &str) -> Option<i64> {
    let value = leading_status_code(words::strip_value_marks(text))?;
    let rest = words::strip_value_marks(text).trim_start_matches(|c: char| c.is_ascii_digit());
    (words::split_words(rest).count() <= 2).then_some(value)
}

/// A status code at the start of a text: three digits, or zeros where curl had no answer.
fn leading_status_code(text: &str) -> Option<i64> {
    let (digits, rest) = words::leading_digits(text)?;
    let ends = !rest.starts_with(['.', ':', '/']);
    if digits.len() >= 3 && digits.bytes().all(|b| b == b'0') && digits.len() % 3 == 0 {
        return Some(0);
    }
    let value: i64 = digits.parse().ok()?;
    (ends && digits.len() == 3 && (100..600).contains(&value)).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_told_from_ports() {
        assert_eq!(after_http("juice-runc: HTTP 503"), Some(503));
        assert_eq!(after_http("juice on port 3013: HTTP 200"), Some(200));
        assert_eq!(after_http("HTTP/1.1 200 OK"), Some(200));
        assert_eq!(after_http("HTTP 000"), Some(0));
        assert_eq!(after_http("HTTP 000000"), Some(0));
        assert_eq!(after_http("http://localhost:3012"), None);
        assert_eq!(after_key("juice-runc: 200"), Some(200));
        assert_eq!(status_alone("3012"), None);
        assert_eq!(status_alone("200"), Some(200));
    }
}
