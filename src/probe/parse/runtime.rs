//! Parsers of what a runtime's shim says about itself.

use super::{ParseFailure, ParseResult, filled_lines};
use crate::model::MissingReason;

/// The version of the Kata shim, without a leading `v`.
pub(super) fn shim_version(text: &str) -> ParseResult {
    let line = shim_line(text)?;
    let stated = word_after_label(line, "version:").or_else(|| word_after_label(line, "version "));
    match stated.filter(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
        Some(version) => Ok(version.into()),
        None => Err(ParseFailure::new(MissingReason::NotStated, "the shim states no version")),
    }
}

/// The language of the Kata shim: `rust` or `go`.
pub(super) fn shim_implementation(text: &str) -> ParseResult {
    let line = shim_line(text)?.to_ascii_lowercase();
    if line.contains("(rust)") {
        Ok("rust".into())
    } else if line.contains("(golang)") || line.contains("(go)") {
        Ok("go".into())
    } else {
        Err(ParseFailure::new(
            MissingReason::NotStated,
            "the shim does not state its implementation",
        ))
    }
}

/// The commit that the Kata shim was built from; it may stand on a line of its own.
pub(super) fn shim_commit(text: &str) -> ParseResult {
    shim_line(text)?;
    let commit = filled_lines(text).find_map(|line| word_after_label(line, "commit:"));
    let commit =
        commit.ok_or_else(|| ParseFailure::new(MissingReason::NotStated, "no commit is stated"))?;
    if commit.is_empty() {
        return Err(ParseFailure::new(MissingReason::Empty, "nothing follows `commit:`"));
    }
    let hash = commit.split('-').next().unwrap_or(commit);
    if hash.len() >= 7 && hash.chars().all(|c| c.is_ascii_hexdigit()) {
        Ok(commit.into())
    } else {
        Err(ParseFailure::unexpected_output("a commit", commit))
    }
}

/// The line in which the shim names itself.
fn shim_line(text: &str) -> Result<&str, ParseFailure> {
    let first = filled_lines(text).next().ok_or_else(ParseFailure::empty_output)?;
    filled_lines(text)
        .find(|line| {
            line.contains("containerd-shim-kata-v2")
                || (line.contains("Kata Containers") && line.contains("shim"))
        })
        .ok_or_else(|| {
            let said = super::first_words(first);
            ParseFailure::new(
                MissingReason::NotTheShim,
                format!("this is not the Kata shim: `{said}`"),
            )
        })
}

/// The word after a label, without quotes, commas and a leading `v`; empty if nothing follows.
fn word_after_label<'a>(line: &'a str, label: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(label)?;
    let word = rest.trim_start().split([' ', ',', '\t']).next().unwrap_or_default();
    let word = word.trim_matches('"');
    Some(word.strip_prefix('v').unwrap_or(word))
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
    fn another_program_is_not_the_shim() {
        let text = "kata-ctl 3.23.0\n";
        assert_eq!(shim_version(text).unwrap_err().why, MissingReason::NotTheShim);
    }
}
