//! The version that the Kata shim prints.

use super::page::{EvidencePage, LineKind, PageLine};
use super::read::{self, FoundValue, ReadFailure, ReadResult};
use super::words;
use crate::model::MissingReason;

/// What the shim says about itself.
#[derive(Debug, Clone)]
pub(super) struct ShimStatement {
    /// Its version.
    pub version: ReadResult<String>,
    /// `rust` or `go`.
    pub implementation: ReadResult<String>,
    /// The commit it was built from.
    pub commit: ReadResult<String>,
    /// The runtime handler that it answers to.
    pub handler: Option<String>,
}

/// Reads the shim's version.
pub(super) fn read_shim_version(page: &EvidencePage) -> ShimStatement {
    let lines: Vec<&PageLine> =
        page.lines.iter().filter(|line| line.kind == LineKind::Text && !line.is_error).collect();
    // The name may stand above the fields, as a title or as the head of an indented list.
    let named = |line: &PageLine| {
        names_shim(&line.text)
            && (line.kind == LineKind::Title
                || line.text.ends_with(':') && line.kind == LineKind::Text)
    };
    let titled = page.lines.iter().any(named);
    let keyed = |line: &&PageLine| titled && line.text.to_lowercase().starts_with("version");
    let at = lines.iter().position(|line| {
        (names_shim(&line.text) || keyed(line)) && shim_version(&line.text).is_some()
    });
    match at {
        Some(at) => statement_at(&lines, at),
        None => explain_no_version(page, &lines),
    }
}

/// The shim's own line about itself among others: `Kata Containers containerd shim (Rust): id:
/// io.containerd.kata.v2, version: 3.23.0, commit: …`.
pub(super) fn read_shim_line(page: &EvidencePage) -> Option<ShimStatement> {
    let lines: Vec<&PageLine> =
        page.lines.iter().filter(|line| line.kind == LineKind::Text && !line.is_error).collect();
    let at = lines.iter().position(|line| {
        words::contains_any(&line.text, &["kata containers containerd shim"])
            && shim_version(&line.text).is_some()
    })?;
    Some(statement_at(&lines, at))
}

/// Whether a line states the version of Kata: with its name, or alone, as `/opt/kata/VERSION`
/// holds it.
pub(super) fn is_version_line(text: &str) -> bool {
    let plain = words::strip_value_marks(text.trim_start_matches(['-', '*', ' ']));
    let alone = word_version(plain).is_some_and(|version| version.starts_with(['3', '4']));
    alone || is_shim_version(text)
}

/// Whether a line states a version with Kata's name.
pub(super) fn is_shim_version(text: &str) -> bool {
    const OTHERS: &[&str] = &["kernel", "alpine", "nerdctl version", "containerd version", "linux"];
    let plain = words::strip_value_marks(text.trim_start_matches(['-', '*', ' ']));
    words::contains_any(plain, &["kata"])
        && !words::contains_any(plain, OTHERS)
        && shim_version(plain).is_some()
}

/// What the line at `at` says, and those around it.
fn statement_at(lines: &[&PageLine], at: usize) -> ShimStatement {
    let line = lines[at];
    let version = shim_version(&line.text)
        .ok_or_else(|| ReadFailure::new(MissingReason::NotStated, "no version"));
    ShimStatement {
        version: version.map(|version| FoundValue::at_line(version, line)),
        implementation: lines[..=at]
            .iter()
            .rev()
            .find_map(|line| shim_implementation(line).ok())
            .map_or_else(|| shim_implementation(line), Ok),
        commit: shim_commit(&lines[at..]),
        handler: word_after_key(&line.text, "id:").filter(|id| id.starts_with("io.containerd.")),
    }
}

/// Why there is no shim's version, or what a version alone tells.
fn explain_no_version(page: &EvidencePage, lines: &[&PageLine]) -> ShimStatement {
    let alone = match lines {
        [line] => word_version(words::strip_value_marks(&line.text))
            .map(|version| FoundValue::at_line(version, line)),
        _ => None,
    };
    let foreign = lines.iter().find(|line| {
        words::contains_any(&line.text, &["kata"])
            && line.text.split_whitespace().any(holds_version)
            || tells_version(&line.text)
    });
    let miss = match foreign {
        Some(line) => ReadFailure::quoting_line(
            MissingReason::NotTheShim,
            "the version is of another program:",
            line,
        ),
        None => read::explain_unreadable_lines(&page.lines, MissingReason::NotStated),
    };
    let other = match &alone {
        Some(found) => ReadFailure {
            why: MissingReason::NotStated,
            note: "a version stands alone".into(),
            line: Some(found.line),
        },
        None => miss.clone(),
    };
    ShimStatement {
        version: alone.ok_or(miss),
        implementation: Err(other.clone()),
        commit: Err(other),
        handler: None,
    }
}

/// Whether a program says its version and nothing more: `runc version 1.2.3`.
fn tells_version(text: &str) -> bool {
    let named = !text.to_lowercase().starts_with("version");
    named
        && words::split_words(text).count() <= 8
        && word_after_key(text, "version").is_some_and(|v| word_version(&v).is_some())
}

fn names_shim(text: &str) -> bool {
    words::contains_any(
        text,
        &["containerd shim", "containerd-shim-kata", "kata shim", "io.containerd.kata"],
    )
}

/// The version behind its key, or behind the shim's name.
fn shim_version(text: &str) -> Option<String> {
    if let Some(version) =
        word_after_key(text, "version:").or_else(|| word_after_key(text, "version"))
    {
        return word_version(&version);
    }
    let rest = ["containerd-shim-kata-v2", "kata shim"].iter().find_map(|name| {
        let at = text.to_lowercase().find(name)?;
        text.get(at + name.len()..)
    })?;
    word_version(rest.trim_start_matches([':', ' ', '=', 'v']).split_whitespace().next()?)
}

/// The word behind `key`.
fn word_after_key(text: &str, key: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let starts =
        |at: usize| at == 0 || !lower[..at].ends_with(|c: char| c.is_alphanumeric() || c == '-');
    let at = lower.match_indices(key).map(|(at, _)| at).find(|&at| starts(at))?;
    let word = text.get(at + key.len()..)?.split_whitespace().next()?;
    let word = word.trim_matches(|c: char| matches!(c, '"' | '\'' | '`' | ',' | ';' | ')' | '*'));
    word.starts_with(|c: char| c.is_alphanumeric()).then(|| word.to_string())
}

/// The word, if it looks like a version.
fn word_version(word: &str) -> Option<String> {
    let word =
        word.trim_matches(|c: char| matches!(c, '"' | '\'' | '`' | ',' | ';' | '(' | ')' | '*'));
    let digits = word.strip_prefix(['v', 'V']).unwrap_or(word);
    let (_, rest) = words::leading_digits(digits)?;
    let (_, rest) = words::leading_digits(rest.strip_prefix('.')?)?;
    let clean = rest.is_empty() || rest.starts_with(['.', '-', '+', '~']);
    let known = rest.chars().all(|c| c.is_ascii_alphanumeric() || ".-+~_".contains(c));
    (clean && known).then(|| digits.to_string())
}

/// Whether a version stands somewhere in the word: `kata-static-3.23.0-amd64.tar.zst`.
fn holds_version(word: &str) -> bool {
    word.split(|c: char| !c.is_ascii_digit() && c != '.').any(|part| word_version(part).is_some())
}

fn shim_implementation(line: &PageLine) -> ReadResult<String> {
    let stated = [("(rust)", "rust"), ("(golang)", "go"), ("(go)", "go")]
        .into_iter()
        .find(|(mark, _)| words::contains_any(&line.text, &[mark]));
    match stated {
        Some((_, name)) => Ok(FoundValue::at_line(name.to_string(), line)),
        None => Err(ReadFailure::quoting_line(
            MissingReason::NotStated,
            "the line names no implementation:",
            line,
        )),
    }
}

/// The commit on the version's line or on the next.
fn shim_commit(lines: &[&PageLine]) -> ReadResult<String> {
    let Some(first) = lines.first() else {
        return Err(ReadFailure::new(MissingReason::NotStated, "no commit"));
    };
    for (index, line) in lines.iter().enumerate() {
        if let Some(commit) =
            word_after_key(&line.text, "commit:").or_else(|| word_after_key(&line.text, "commit"))
        {
            return Ok(FoundValue::at_line(commit, line));
        }
        if words::contains_any(&line.text, &["commit"]) {
            let below = lines.get(index + 1).filter(|line| is_commit(&line.text));
            return match below {
                Some(line) => {
                    Ok(FoundValue::at_line(words::strip_value_marks(&line.text).to_string(), line))
                }
                None => Err(ReadFailure::quoting_line(
                    MissingReason::Empty,
                    "the commit is blank:",
                    line,
                )),
            };
        }
    }
    match lines.get(1).filter(|line| is_commit(&line.text)) {
        Some(line) => {
            Ok(FoundValue::at_line(words::strip_value_marks(&line.text).to_string(), line))
        }
        None => {
            Err(ReadFailure::quoting_line(MissingReason::NotStated, "no commit is named:", first))
        }
    }
}

fn is_commit(text: &str) -> bool {
    let text = words::strip_value_marks(text).trim_end_matches("-dirty");
    (7..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_hexdigit())
}
