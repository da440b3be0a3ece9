//! What a parser says of a file that somebody wrote, in the words of the guide.
//!
//! serde speaks of the types of the program (`expected struct RuleSwitch`, `f64`), which whoever
//! wrote the file does not know.

use std::borrow::Cow;

use crate::error::Error;
use crate::text::{closest_match, excerpt_with_caret, line_at};

/// What one form of file calls its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileForm {
    /// Settings and data.
    Toml,
    /// Runs, fleets, what other programs wrote.
    Json,
}

/// What is wrong in a text of TOML, as an error with its place; for a key or a word that is not
/// known, the one that was meant.
pub(crate) fn describe_toml_error(origin: &str, text: &str, error: &toml::de::Error) -> Error {
    let words = plain_words(error.message(), FileForm::Toml);
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or_default();
    let line = line_at(text, start);
    let column = before.rsplit('\n').next().unwrap_or_default().len() + 1;
    let excerpt = excerpt_with_caret(text, line, column);
    let described = Error::unusable_input(format!("{origin}:{line}:{column}: {words}{excerpt}"));
    match suggest_word(error.message()) {
        Some(near) => described.with_help(format!("did you mean `{near}`?")),
        None => described,
    }
}

/// The known key or word that an unknown one was meant to be.
fn suggest_word(message: &str) -> Option<&str> {
    let mut quoted = message.strip_prefix("unknown ")?.split('`').skip(1).step_by(2);
    let wrong = quoted.next()?;
    closest_match(wrong, quoted)
}

/// What chrono says of a time that it cannot read.
const WRONG_TIMES: [&str; 6] = [
    "input contains invalid characters",
    "premature end of input",
    "trailing input",
    "input is out of range",
    "input is not enough for unique date and time",
    "no possible date and time matching input",
];

/// A message of serde without the types of the program.
pub(crate) fn plain_words(message: &str, form: FileForm) -> String {
    // `serde_json` adds the place to its messages.
    let has_place = form == FileForm::Json && message.ends_with(|c: char| c.is_ascii_digit());
    let at = message.rfind(" at line ").filter(|_| has_place);
    let (message, place) = message.split_at(at.unwrap_or(message.len()));
    format!("{}{place}", describe_message(message, form))
}

fn describe_message(message: &str, form: FileForm) -> String {
    if WRONG_TIMES.contains(&message) {
        return "expected a time with its zone, such as \"2026-01-31T12:00:00Z\"".into();
    }
    let key = match form {
        FileForm::Toml => "key",
        FileForm::Json => "field",
    };
    for (prefix, what) in [("unknown field ", key), ("unknown variant ", "word")] {
        if let Some((wrong, known)) = message.strip_prefix(prefix).and_then(split_known) {
            return format!("unknown {what} {wrong}{known}");
        }
    }
    for (prefix, words) in [("missing field ", "is missing"), ("duplicate field ", "stands twice")]
    {
        if let Some(name) = message.strip_prefix(prefix) {
            return format!("the {key} {name} {words}");
        }
    }
    if message == "duplicate key" {
        return "the key stands twice".into();
    }
    if message == "wanted string or table" {
        return format!("expected {}", expected_words("a string", form));
    }
    for no_json in ["expected value", "expected ident", "key must be a string"] {
        if message.starts_with(no_json) && form == FileForm::Json {
            return "this is no JSON".into();
        }
    }
    if message.starts_with("EOF while parsing ") {
        return "the file ends before it is whole".into();
    }
    if let Some((_, expected)) =
        message.strip_prefix("invalid length ").and_then(|rest| rest.split_once(", expected "))
    {
        return format!("expected {}, found a list", expected_words(expected, form));
    }
    let mismatch = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))
        .or_else(|| message.strip_prefix("invalid "))
        .and_then(|rest| rest.rsplit_once(", expected "));
    match mismatch {
        Some((found, expected)) => {
            format!(
                "expected {}, found {}",
                expected_words(expected, form),
                found_words(found, form)
            )
        }
        None => message.into(),
    }
}

/// An unknown name, and what serde lists after it as a list of ours.
fn split_known(rest: &str) -> Option<(&str, String)> {
    let (wrong, known) = rest.split_once("`, ")?;
    let wrong = &rest[..=wrong.len()];
    let Some(known) = known.strip_prefix("expected ") else { return Some((wrong, String::new())) };
    Some((wrong, format!(": known are {}", known.trim_start_matches("one of "))))
}

/// A kind of value in words, whatever a parser or Rust calls it.
pub(crate) fn expected_words(expected: &str, form: FileForm) -> Cow<'_, str> {
    let table = match form {
        FileForm::Toml => "a table",
        FileForm::Json => "an object",
    };
    match expected {
        "f32" | "f64" => "a number".into(),
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number of 0 or more".into(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".into(),
        "a boolean" | "bool" => "true or false".into(),
        "a string" | "str" | "path string" | "a borrowed string" | "&str" | "String" | "string" => {
            "a text in quotes".into()
        }
        "a sequence" => "a list in [ ]".into(),
        "a map" => table.into(),
        other if other.starts_with("struct ") => table.into(),
        other if other.starts_with("enum ") => "a word in quotes".into(),
        other => other.into(),
    }
}

fn found_words(found: &str, form: FileForm) -> String {
    match (found, form) {
        ("map", FileForm::Toml) => return "a table".into(),
        ("map", FileForm::Json) => return "an object".into(),
        ("sequence", _) => return "a list".into(),
        _ => {}
    }
    for (kind, words) in [
        ("string ", "the text "),
        ("integer ", "the number "),
        ("floating point ", "the number "),
        ("boolean ", ""),
    ] {
        if let Some(value) = found.strip_prefix(kind) {
            return format!("{words}{}", value.trim_matches('`'));
        }
    }
    found.into()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[test]
    fn what_serde_says_becomes_what_the_guide_says() {
        for (message, words) in [
            (
                "invalid type: string \"off\", expected f64",
                "expected a number, found the text \"off\"",
            ),
            (
                "invalid type: integer `3`, expected a string",
                "expected a text in quotes, found the number 3",
            ),
            (
                "invalid value: integer `-1`, expected usize",
                "expected a whole number of 0 or more, found the number -1",
            ),
            ("invalid type: map, expected a sequence", "expected a list in [ ], found a table"),
            (
                "invalid type: string \"a, expected b\", expected struct Rule",
                "expected a table, found the text \"a, expected b\"",
            ),
            ("invalid type: boolean `true`, expected a map", "expected a table, found true"),
            ("unknown field `a`, expected one of `b`, `c`", "unknown key `a`: known are `b`, `c`"),
            ("unknown field `a`, expected `b` or `c`", "unknown key `a`: known are `b` or `c`"),
            ("unknown field `a`, there are no fields", "unknown key `a`"),
            (
                "unknown variant `a`, expected one of `b`, `c`",
                "unknown word `a`: known are `b`, `c`",
            ),
            ("missing field `off`", "the key `off` is missing"),
            ("wanted string or table", "expected a text in quotes"),
            ("key with no value, expected `=`", "key with no value, expected `=`"),
        ] {
            assert_eq!(plain_words(message, FileForm::Toml), words);
        }
        for (message, words) in [
            ("invalid type: null, expected struct Run", "expected an object, found null"),
            ("missing field `id`", "the field `id` is missing"),
            (
                "invalid length 0, expected struct Run with 3 elements",
                "expected an object, found a list",
            ),
            ("EOF while parsing an object", "the file ends before it is whole"),
            ("expected value at line 1 column 1", "this is no JSON at line 1 column 1"),
            (
                "invalid type: string \"x at line 2\", expected f64 at line 3 column 4",
                "expected a number, found the text \"x at line 2\" at line 3 column 4",
            ),
            (
                "premature end of input at line 5 column 2",
                "expected a time with its zone, such as \"2026-01-31T12:00:00Z\" at line 5 column 2",
            ),
        ] {
            assert_eq!(plain_words(message, FileForm::Json), words);
        }
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Named {
        #[allow(dead_code, reason = "only read")]
        margin: f64,
    }

    #[test]
    fn an_error_has_its_place_and_what_was_meant() {
        let text = "# ä\nmargn = 1\n";
        let error = toml::from_str::<Named>(text).unwrap_err();
        let error = describe_toml_error("a.toml", text, &error);
        assert_eq!(
            error.message,
            "a.toml:2:1: unknown key `margn`: known are `margin`\n  |\n2 | margn = 1\n  | ^"
        );
        assert_eq!(error.help.as_deref(), Some("did you mean `margin`?"));
    }
}
