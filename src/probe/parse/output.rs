//! The lines and numbers of an output, and what to say where they are not what was asked for.

use serde_json::Value;

use crate::model::{MissingReason, MissingValue};

impl MissingValue {
    /// The output holds nothing.
    pub(super) fn empty_output() -> Self {
        Self::new(MissingReason::Empty, "the output is empty")
    }

    /// The output is not what the probe asks for.
    pub(super) fn unexpected_output(wanted: &str, text: &str) -> Self {
        Self::new(
            MissingReason::Unreadable,
            format!("{wanted} was expected, not `{}`", first_words(text)),
        )
    }
}

/// What reading a text gives.
pub type ParseResult = Result<Value, MissingValue>;

pub(super) fn first_words(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    crate::text::shorten_text(line, 60).replace(char::is_control, "")
}

/// The lines that hold more than blanks, trimmed at both ends.
pub(super) fn filled_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

pub(super) fn only_line(text: &str) -> Result<&str, MissingValue> {
    let mut lines = filled_lines(text);
    match (lines.next(), lines.next()) {
        (_, Some(second)) => Err(MissingValue::unexpected_output("a single line", second)),
        (line, None) => Ok(line.unwrap_or_default()),
    }
}

/// A finite decimal number, without the names that Rust also reads as numbers (`inf`, `nan`).
pub(super) fn parse_decimal(text: &str) -> Option<f64> {
    let plain =
        text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E'));
    text.parse().ok().filter(|number: &f64| plain && number.is_finite())
}
