//! The version that the Kata shim prints.

use super::page::{Kind, Line, Page};
use super::read::{self, Found, Miss, Read};
use super::words;
use crate::model::Why;

/// What the shim says about itself.
#[derive(Debug, Clone)]
pub struct Shim {
    /// Its version.
    pub version: Read<String>,
    /// `rust` or `go`.
    pub implementation: Read<String>,
    /// The commit it was built from.
    pub commit: Read<String>,
    /// The runtime handler that it answers to.
    pub handler: Option<String>,
}

/// Reads the shim's version.
pub fn shim(page: &Page) -> Shim {
    let lines: Vec<&Line> =
        page.lines.iter().filter(|line| line.kind == Kind::Text && !line.is_error).collect();
    // The name may stand above the fields, as a title or as the head of an indented list.
    let named = |line: &Line| {
        names_shim(&line.text)
            && (line.kind == Kind::Title || line.text.ends_with(':') && line.kind == Kind::Text)
    };
    let titled = page.lines.iter().any(named);
    let keyed = |line: &&Line| titled && line.text.to_lowercase().starts_with("version");
    let at = lines
        .iter()
        .position(|line| (names_shim(&line.text) || keyed(line)) && version(&line.text).is_some());
    let Some(at) = at else { return without(page, &lines) };
    let line = lines[at];
    let version = version(&line.text).ok_or_else(|| Miss::new(Why::NotStated, "no version"));
    Shim {
        version: version.map(|version| Found::at(version, line)),
        implementation: lines[..=at]
            .iter()
            .rev()
            .find_map(|line| implementation(line).ok())
            .map_or_else(|| implementation(line), Ok),
        commit: commit(&lines[at..]),
        handler: field(&line.text, "id:").filter(|id| id.starts_with("io.containerd.")),
    }
}

/// Why there is no shim's version, or what a version alone tells.
fn without(page: &Page, lines: &[&Line]) -> Shim {
    let alone = match lines {
        [line] => word_version(words::bare(&line.text)).map(|version| Found::at(version, line)),
        _ => None,
    };
    let foreign = lines.iter().find(|line| {
        words::holds(&line.text, &["kata"]) && line.text.split_whitespace().any(holds_version)
            || tells_version(&line.text)
    });
    let miss = match foreign {
        Some(line) => Miss::quoting(Why::NotTheShim, "the version is of another program:", line),
        None => read::explain(&page.lines, Why::NotStated),
    };
    let other = match &alone {
        Some(found) => Miss {
            why: Why::NotStated,
            note: "a version stands alone".into(),
            line: Some(found.line),
        },
        None => miss.clone(),
    };
    Shim {
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
        && words::words(text).count() <= 8
        && field(text, "version").is_some_and(|v| word_version(&v).is_some())
}

fn names_shim(text: &str) -> bool {
    words::holds(
        text,
        &["containerd shim", "containerd-shim-kata", "kata shim", "io.containerd.kata"],
    )
}

/// The version behind its key, or behind the shim's name.
fn version(text: &str) -> Option<String> {
    if let Some(version) = field(text, "version:").or_else(|| field(text, "version")) {
        return word_version(&version);
    }
    let rest = ["containerd-shim-kata-v2", "kata shim"].iter().find_map(|name| {
        let at = text.to_lowercase().find(name)?;
        text.get(at + name.len()..)
    })?;
    word_version(rest.trim_start_matches([':', ' ', '=', 'v']).split_whitespace().next()?)
}

/// The word behind `key`.
fn field(text: &str, key: &str) -> Option<String> {
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
    let (_, rest) = words::digits(digits)?;
    let (_, rest) = words::digits(rest.strip_prefix('.')?)?;
    let clean = rest.is_empty() || rest.starts_with(['.', '-', '+', '~']);
    let known = rest.chars().all(|c| c.is_ascii_alphanumeric() || ".-+~_".contains(c));
    (clean && known).then(|| digits.to_string())
}

/// Whether a version stands somewhere in the word: `kata-static-3.23.0-amd64.tar.zst`.
fn holds_version(word: &str) -> bool {
    word.split(|c: char| !c.is_ascii_digit() && c != '.').any(|part| word_version(part).is_some())
}

fn implementation(line: &Line) -> Read<String> {
    let stated = [("(rust)", "rust"), ("(golang)", "go"), ("(go)", "go")]
        .into_iter()
        .find(|(mark, _)| words::holds(&line.text, &[mark]));
    match stated {
        Some((_, name)) => Ok(Found::at(name.to_string(), line)),
        None => Err(Miss::quoting(Why::NotStated, "the line names no implementation:", line)),
    }
}

/// The commit on the version's line or on the next.
fn commit(lines: &[&Line]) -> Read<String> {
    let Some(first) = lines.first() else { return Err(Miss::new(Why::NotStated, "no commit")) };
    for (index, line) in lines.iter().enumerate() {
        if let Some(commit) = field(&line.text, "commit:").or_else(|| field(&line.text, "commit")) {
            return Ok(Found::at(commit, line));
        }
        if words::holds(&line.text, &["commit"]) {
            let below = lines.get(index + 1).filter(|line| is_commit(&line.text));
            return match below {
                Some(line) => Ok(Found::at(words::bare(&line.text).to_string(), line)),
                None => Err(Miss::quoting(Why::Empty, "the commit is blank:", line)),
            };
        }
    }
    match lines.get(1).filter(|line| is_commit(&line.text)) {
        Some(line) => Ok(Found::at(words::bare(&line.text).to_string(), line)),
        None => Err(Miss::quoting(Why::NotStated, "no commit is named:", first)),
    }
}

fn is_commit(text: &str) -> bool {
    let text = words::bare(text).trim_end_matches("-dirty");
    (7..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_hexdigit())
}
