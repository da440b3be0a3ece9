//! The status of one HTTP request.

use super::label::Who;
use super::page::{Kind, Line, Page, Part};
use super::read::{self, Found, Read};
use super::words;
use crate::model::Why;

/// The HTTP status; 0 where there was no response. Of several attempts the last counts.
pub fn status(page: &Page) -> Read<i64> {
    let parts = page.parts();
    let lines: Vec<&Line> = parts
        .iter()
        .filter(|part| part.who != Some(Who::Kata))
        .flat_map(|part| &part.lines)
        .filter(|line| match line.kind {
            Kind::Text | Kind::Title => true,
            // `curl localhost:3012 -> 200`
            Kind::Command(_) => line.text.contains("->") || line.text.contains('→'),
            _ => false,
        })
        .collect();
    let last = |reader: fn(&str) -> Option<i64>| {
        lines.iter().rev().find_map(|line| Some(Found::at(reader(&line.text)?, line)))
    };
    last(after_http)
        .or_else(|| last(after_key))
        .or_else(|| last(after_word))
        .or_else(|| last(alone))
        .or_else(|| parts.iter().rev().find_map(labelled))
        .ok_or_else(|| read::explain(parts.iter().flat_map(|part| &part.lines), Why::NotNumeric))
}

/// `juice-runc http_code=200 time_total=0.0045`, where the role made a label of the key.
fn labelled(part: &Part) -> Option<Found<i64>> {
    let line = part.lines.first().filter(|line| line.inline && line.kind == Kind::Text)?;
    let keyed = words::holds(&part.label, &["http", "status", "code"]);
    let asked = part.who != Some(Who::Kata);
    (keyed && asked).then(|| Some(Found::at(code(words::bare(&line.text))?, line))).flatten()
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
        code(rest.trim_start_matches([' ', ':', '=', '\t', '*', '`', '"']))
    })
}

/// The words before a status.
const KEYS: &[&str] =
    &["status", "code", "health", "juice", "response", "curl", "http", "статус", "код", "ответ"];

/// `Status: 200`, `juice-runc: 200`.
fn after_key(text: &str) -> Option<i64> {
    let arrow = text.rsplit_once("->").or_else(|| text.rsplit_once('→'));
    let (key, value) = arrow.or_else(|| text.rsplit_once([':', '=']))?;
    let known = words::holds(key, KEYS);
    (known && words::words(key).count() <= 7).then(|| code(words::bare(value))).flatten()
}

/// `returned status 200`, in a sentence.
fn after_word(text: &str) -> Option<i64> {
    let lower = text.to_lowercase();
    ["status code ", "status ", "returned ", "returns ", "answered ", "responded with "]
        .iter()
        .find_map(|word| code(words::bare(&lower[lower.find(word)? + word.len()..])))
}

fn alone(text: &str) -> Option<i64> {
    let value = code(words::bare(text))?;
    let rest = words::bare(text).trim_start_matches(|c: char| c.is_ascii_digit());
    (words::words(rest).count() <= 2).then_some(value)
}

/// A status code at the start of a text: three digits, or zeros where curl had no answer.
fn code(text: &str) -> Option<i64> {
    let (digits, rest) = words::digits(text)?;
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
        assert_eq!(alone("3012"), None);
        assert_eq!(alone("200"), Some(200));
    }
}
