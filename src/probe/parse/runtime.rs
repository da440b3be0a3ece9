//! Parsers of what a runtime's shim says about itself.

use serde_json::Value;

use super::{MissingValue, ParseResult, filled_lines};
use crate::model::MissingReason;
use crate::text::leading_digits;

/// The version of the Kata shim, without a leading `v`.
pub(super) fn shim_version(text: &str) -> ParseResult {
    version_in_shim_line(shim_line(text)?)
        .map(Value::from)
        .ok_or_else(|| MissingValue::new(MissingReason::NotStated, "the shim states no version"))
}

/// The language of the Kata shim: `rust` or `go`.
pub(super) fn shim_implementation(text: &str) -> ParseResult {
    implementation_in_shim_line(shim_line(text)?).map(Value::from).ok_or_else(|| {
        MissingValue::new(MissingReason::NotStated, "the shim does not state its implementation")
    })
}

/// The commit that the Kata shim was built from; it may stand on a line of its own.
pub(super) fn shim_commit(text: &str) -> ParseResult {
    shim_line(text)?;
    let line = filled_lines(text)
        .find(|line| line.contains("commit:"))
        .ok_or_else(|| MissingValue::new(MissingReason::NotStated, "no commit is stated"))?;
    match word_after_key(line, "commit:") {
        None => Err(MissingValue::new(MissingReason::Empty, "nothing follows `commit:`")),
        Some(commit) if is_commit(commit) => Ok(commit.into()),
        Some(other) => Err(MissingValue::unexpected_output("a commit", other)),
    }
}

fn shim_line(text: &str) -> Result<&str, MissingValue> {
    filled_lines(text)
        .find(|line| {
            line.contains("containerd-shim-kata-v2")
                || (line.contains("Kata Containers") && line.contains("shim"))
        })
        .ok_or_else(|| {
            let said = super::first_words(text);
            MissingValue::new(
                MissingReason::NotTheShim,
                format!("this is not the Kata shim: `{said}`"),
            )
        })
}

/// The version after its key, or after the shim's name, without a leading `v`.
pub(crate) fn version_in_shim_line(line: &str) -> Option<&str> {
    if let Some(version) =
        word_after_key(line, "version:").or_else(|| word_after_key(line, "version"))
    {
        return version_in_word(version);
    }
    let lower = line.to_ascii_lowercase();
    let rest = ["containerd-shim-kata-v2", "kata shim"]
        .iter()
        .find_map(|name| line.get(lower.find(name)? + name.len()..))?;
    version_in_word(rest.trim_start_matches([':', ' ', '=', 'v']).split_whitespace().next()?)
}

/// The language that the line in brackets names.
pub(crate) fn implementation_in_shim_line(line: &str) -> Option<&'static str> {
    let line = line.to_ascii_lowercase();
    let stated = [("(rust)", "rust"), ("(golang)", "go"), ("(go)", "go")];
    stated.into_iter().find(|(mark, _)| line.contains(mark)).map(|(_, language)| language)
}

/// The word after a key, which is in lower case, without quotes and commas; none if no word
/// follows.
pub(crate) fn word_after_key<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let lower = line.to_ascii_lowercase();
    let (at, _) = lower
        .match_indices(key)
        .find(|(at, _)| !lower[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '-'))?;
    let word = line.get(at + key.len()..)?.split_whitespace().next()?;
    let word = word.trim_matches(|c: char| matches!(c, '"' | '\'' | '`' | ',' | ';' | ')' | '*'));
    word.starts_with(|c: char| c.is_alphanumeric()).then_some(word)
}

/// The word without a leading `v`, if it looks like a version.
pub(crate) fn version_in_word(word: &str) -> Option<&str> {
    let word =
        word.trim_matches(|c: char| matches!(c, '"' | '\'' | '`' | ',' | ';' | '(' | ')' | '*'));
    let digits = word.strip_prefix(['v', 'V']).unwrap_or(word);
    let (_, rest) = leading_digits(digits)?;
    let (_, rest) = leading_digits(rest.strip_prefix('.')?)?;
    let is_end = rest.is_empty() || rest.starts_with(['.', '-', '+', '~']);
    let is_known = rest.chars().all(|c| c.is_ascii_alphanumeric() || ".-+~_".contains(c));
    (is_end && is_known).then_some(digits)
}

/// Whether a word is a commit, with or without the mark of changes after it.
pub(crate) fn is_commit(word: &str) -> bool {
    let hash = word.split('-').next().unwrap_or(word);
    (7..=64).contains(&hash.len()) && hash.chars().all(|c| c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUST: &str = "Kata Containers containerd shim (Rust): id: io.containerd.kata.v2, \
                        version: 3.23.0, commit: bfc9e446e1f4e7db2741dc953c034447d55ec9b2\n";

    #[test]
    fn the_rust_shim_states_all_three() {
        assert_eq!(shim_version(RUST).unwrap(), "3.23.0");
        assert_eq!(shim_implementation(RUST).unwrap(), "rust");
        assert_eq!(shim_commit(RUST).unwrap(), "bfc9e446e1f4e7db2741dc953c034447d55ec9b2");
    }

    #[test]
    fn the_go_shim_quotes_its_id() {
        let text = "Kata Containers containerd shim (Golang): id: \"io.containerd.kata.v2\", \
                    version: 3.2.0, commit: \n";
        assert_eq!(shim_version(text).unwrap(), "3.2.0");
        assert_eq!(shim_implementation(text).unwrap(), "go");
        assert_eq!(shim_commit(text).unwrap_err().why, MissingReason::Empty);
    }

    #[test]
    fn a_bare_version_states_no_implementation() {
        let text = "containerd-shim-kata-v2 version 3.1.0\n";
        assert_eq!(shim_version(text).unwrap(), "3.1.0");
        assert_eq!(shim_implementation(text).unwrap_err().why, MissingReason::NotStated);
        assert_eq!(shim_commit(text).unwrap_err().why, MissingReason::NotStated);
    }

    #[test]
    fn keys_may_be_capital_and_a_version_may_follow_the_name() {
        let text = "containerd-shim-kata-v2:\n  Version: \"v3.2.0\",\n";
        assert_eq!(version_in_shim_line("Kata shim, Version: \"v3.2.0\","), Some("3.2.0"));
        assert_eq!(version_in_shim_line("containerd-shim-kata-v2 3.1.0"), Some("3.1.0"));
        assert_eq!(shim_version(text).unwrap_err().why, MissingReason::NotStated);
        assert_eq!(version_in_shim_line("kata shim, version: unknown"), None);
    }

    #[test]
    fn another_program_is_not_the_shim() {
        let text = "kata-ctl 3.23.0\n";
        assert_eq!(shim_version(text).unwrap_err().why, MissingReason::NotTheShim);
    }
}
