//! The version that the Kata shim prints.

use super::label::{self, EvidenceRole, LabelRole};
use super::page::{EvidencePage, LineKind, PageLine};
use super::read::{self, FoundValue, ReadResult};
use super::vocabulary::shim::OTHERS;
use super::words;
use crate::model::{MissingReason, MissingValue};
use crate::probe::parse::{
    implementation_in_shim_line, is_commit, version_in_shim_line, version_in_word, word_after_key,
};

#[derive(Debug, Clone)]
pub(super) struct ShimStatement {
    pub version: ReadResult<String>,
    /// `rust` or `go`.
    pub implementation: ReadResult<String>,
    /// The commit it was built from.
    pub commit: ReadResult<String>,
    pub handler: Option<String>,
}

impl ShimStatement {
    fn without_version(version: MissingValue, other: MissingValue) -> Self {
        Self {
            version: Err(version),
            implementation: Err(other.clone()),
            commit: Err(other),
            handler: None,
        }
    }
}

/// The line of the version among those that containerd's own shims print, whatever name they are
/// called by: `Version:`, `Revision:` and `Go version:`, where Kata's has one line.
fn version_of_runcs_shim<'a>(lines: &[&'a PageLine]) -> Option<&'a PageLine> {
    let labelled = |label: &str| {
        let mut found = lines.iter().filter(|line| line.text.starts_with(label));
        found.next().copied()
    };
    labelled("Version:")
        .filter(|_| labelled("Revision:").is_some() && labelled("Go version:").is_some())
}

pub(super) fn read_shim_version(page: &EvidencePage) -> ShimStatement {
    let lines: Vec<&PageLine> = page.value_lines().filter(|line| !line.is_error).collect();
    if let Some(line) = version_of_runcs_shim(&lines) {
        let what = "containerd's shim for runc prints its version so:";
        let miss = MissingValue::quoting_line(MissingReason::NotTheShim, what, line);
        return ShimStatement::without_version(miss.clone(), miss);
    }
    // The name may stand above the fields, as a title or as the head of an indented list.
    let titled = page.lines.iter().any(|line| {
        names_shim(&line.text)
            && (line.kind == LineKind::Title
                || line.text.ends_with(':') && line.kind == LineKind::Text)
    });
    let at = lines.iter().position(|line| {
        (names_shim(&line.text) || titled && line.text.to_lowercase().starts_with("version"))
            && version_in_shim_line(&line.text).is_some()
    });
    match at.or_else(|| {
        let mut cells =
            (0..).zip(&lines).filter_map(|(at, line)| Some((at, version_in_cell(&line.text)?)));
        let (first, version) = cells.next()?;
        cells.all(|(_, other)| other == version).then_some(first)
    }) {
        Some(at) => statement_at(&lines, at),
        None => explain_no_version(page, &lines),
    }
}

/// The version of Kata in a row of a table, or after its name with a colon, and nothing else: `|
/// Kata Containers | 3.23.0 |`.
pub(super) fn version_in_cell(text: &str) -> Option<&str> {
    const NAMES: &str = "kata containers container version версия";
    let (name, version) = text.trim_matches(['|', '-', ' ']).rsplit_once(['|', ':'])?;
    let version = version.split(" (").next()?;
    let version =
        version_in_word(words::strip_value_marks(version)).filter(|v| is_kata_version(v))?;
    let is_name = words::has_word(name, "kata")
        && words::split_words(name).all(|word| words::has_word(word, NAMES));
    is_name.then_some(version)
}

/// Whether a version has the three parts of Kata's: a time or a ratio has two, `| kata | 2.15 |`.
fn is_kata_version(version: &str) -> bool {
    version.starts_with(['2', '3', '4']) && version.split('.').count() > 2
}

/// The version of Kata that a sentence says is installed, or that stands in a list of what the host
/// has: `Kata Containers 3.18.0 was installed`, `Host: Ubuntu 24.04, KVM available, Kata 3.21.0.`
pub(super) fn version_in_prose(text: &str) -> Option<&str> {
    let plain = text.trim_start_matches(['-', '*', ' ']);
    let is_list = label::parse_label(plain)
        .is_some_and(|l| l.role == LabelRole::One(EvidenceRole::Host) && !l.rest.is_empty());
    let clauses = plain.split([',', ';']).flat_map(|part| part.split(" and ")).map(str::trim);
    let mut found = clauses.filter_map(|clause| {
        let mut words = clause.split_whitespace().peekable();
        (words.next()?.to_lowercase() == "kata").then_some(())?;
        words.next_if(|word| words::has_word(word, "containers version"));
        let version = version_in_word(words.next()?.trim_matches(['*', '`', '.']))?;
        let behind: Vec<&str> = words.collect();
        let is_said = match &behind[..] {
            [] => is_list,
            ["is" | "was", "installed", ..] | ["installed", ..] => true,
            _ => false,
        };
        (is_said && is_kata_version(version)).then_some(version)
    });
    let version = found.next()?;
    // One that replaced another is not known to be the one that ran.
    let mut others = plain
        .split_whitespace()
        .filter_map(|word| version_in_word(word.trim_matches(['*', '`', '.', ','])))
        .filter(|other| other.starts_with('3') && is_kata_version(other) && *other != version);
    others.next().is_none().then_some(version)
}

/// Whether a command shows the file that holds the version of an installed Kata.
pub(super) fn shows_version_file(text: &str) -> bool {
    text.contains("cat ") && text.trim_end().ends_with("kata/VERSION")
}

/// The shim's own line about itself among others: `Kata Containers containerd shim (Rust): id:
/// io.containerd.kata.v2, version: 3.23.0, commit: …`.
pub(super) fn read_shim_line(page: &EvidencePage) -> Option<ShimStatement> {
    let lines: Vec<&PageLine> = page.value_lines().filter(|line| !line.is_error).collect();
    let at = lines.iter().position(|line| {
        words::contains_any(&line.text, &["kata containers containerd shim"])
            && version_in_shim_line(&line.text).is_some()
    })?;
    Some(statement_at(&lines, at))
}

/// Whether a line states the version of Kata: with its name, or alone, as `/opt/kata/VERSION`
/// holds it.
pub(super) fn is_version_line(text: &str) -> bool {
    let plain = words::strip_value_marks(text.trim_start_matches(['-', '*', ' ']));
    let alone = version_in_word(plain).is_some_and(|version| version.starts_with(['3', '4']));
    alone || is_shim_version(text) || version_in_cell(text).is_some()
}

/// Whether the shim wrote a line about itself.
pub(super) fn is_own_line(text: &str) -> bool {
    text.contains("Kata Containers containerd shim (")
}

/// Whether a line states a version with Kata's name.
pub(super) fn is_shim_version(text: &str) -> bool {
    let plain = words::strip_value_marks(text.trim_start_matches(['-', '*', ' ']));
    words::contains_any(plain, &["kata"])
        && !words::contains_any(plain, OTHERS)
        && version_in_shim_line(plain).is_some()
}

/// What the line at `at` says, and those around it.
fn statement_at(lines: &[&PageLine], at: usize) -> ShimStatement {
    let line = lines[at];
    let version = version_in_shim_line(&line.text)
        .or_else(|| version_in_cell(&line.text))
        .ok_or_else(|| MissingValue::new(MissingReason::NotStated, "no version"));
    ShimStatement {
        version: version.map(|version| FoundValue::at_line(version.to_string(), line)),
        implementation: lines[..=at]
            .iter()
            .rev()
            .find_map(|line| shim_implementation(line).ok())
            .map_or_else(|| shim_implementation(line), Ok),
        commit: shim_commit(&lines[at..]),
        handler: word_after_key(&line.text, "id:")
            .filter(|id| id.starts_with("io.containerd."))
            .map(str::to_string),
    }
}

/// Why there is no shim's version, or what a version alone tells.
fn explain_no_version(page: &EvidencePage, lines: &[&PageLine]) -> ShimStatement {
    let mut cells = lines.iter().filter(|line| version_in_cell(&line.text).is_some());
    if let (Some(first), Some(_)) = (cells.next(), cells.next()) {
        let what = "other lines state another version of Kata than";
        let miss = MissingValue::quoting_line(MissingReason::NotStated, what, first);
        return ShimStatement::without_version(miss.clone(), miss);
    }
    let alone = match lines {
        [line] => version_in_word(words::strip_value_marks(&line.text))
            .map(|version| FoundValue::at_line(version.to_string(), line)),
        _ => None,
    };
    let foreign = lines.iter().find(|line| {
        words::contains_any(&line.text, &["kata"])
            && line.text.split_whitespace().any(holds_version)
            || tells_version(&line.text)
    });
    let miss = match foreign {
        Some(line) => MissingValue::quoting_line(
            MissingReason::NotTheShim,
            "the version is of another program:",
            line,
        ),
        None => read::explain_unreadable_lines(&page.lines, MissingReason::NotStated),
    };
    let other = match &alone {
        Some(found) => MissingValue::new(MissingReason::NotStated, "a version stands alone")
            .at_line(found.line),
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
        && word_after_key(text, "version").is_some_and(|v| version_in_word(v).is_some())
}

fn names_shim(text: &str) -> bool {
    words::contains_any(
        text,
        &["containerd shim", "containerd-shim-kata", "kata shim", "io.containerd.kata"],
    )
}

/// Whether a version stands somewhere in the word: `kata-static-3.23.0-amd64.tar.zst`.
fn holds_version(word: &str) -> bool {
    let mut numbers = word.split(|c: char| !c.is_ascii_digit() && c != '.');
    numbers.any(|part| version_in_word(part).is_some())
}

fn shim_implementation(line: &PageLine) -> ReadResult<String> {
    match implementation_in_shim_line(&line.text) {
        Some(name) => Ok(FoundValue::at_line(name.to_string(), line)),
        None => Err(MissingValue::quoting_line(
            MissingReason::NotStated,
            "the line names no implementation:",
            line,
        )),
    }
}

/// The commit on the version's line or on the next.
fn shim_commit(lines: &[&PageLine]) -> ReadResult<String> {
    let Some(at) = lines.iter().position(|line| words::contains_any(&line.text, &["commit"]))
    else {
        return commit_alone(lines.get(1)).ok_or_else(|| match lines.first() {
            Some(line) => {
                MissingValue::quoting_line(MissingReason::NotStated, "no commit is named:", line)
            }
            None => MissingValue::new(MissingReason::NotStated, "no commit"),
        });
    };
    let line = lines[at];
    let word =
        word_after_key(&line.text, "commit:").or_else(|| word_after_key(&line.text, "commit"));
    match word {
        Some(word) if is_commit(word) => Ok(FoundValue::at_line(word.to_string(), line)),
        Some(_) => Err(MissingValue::quoting_line(
            MissingReason::NotStated,
            "what follows is no commit:",
            line,
        )),
        None => commit_alone(lines.get(at + 1)).ok_or_else(|| {
            MissingValue::quoting_line(MissingReason::Empty, "the commit is blank:", line)
        }),
    }
}

fn commit_alone(line: Option<&&PageLine>) -> Option<FoundValue<String>> {
    let line = line?;
    let word = words::strip_value_marks(&line.text);
    is_commit(word).then(|| FoundValue::at_line(word.to_string(), line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_states_the_version_that_is_installed_and_no_other() {
        for (text, version) in [
            ("Kata Containers **3.18.0** was installed from the archive.", Some("3.18.0")),
            ("The host has KVM and Kata 3.20.0 is installed, but does not start:", Some("3.20.0")),
            (
                "Host: `Linux pine 6.14.0-36-generic`, KVM, containerd 2.1.4, Kata 3.21.0.",
                Some("3.21.0"),
            ),
            ("Kata 3.23.0 would start in 2.1 s", None),
            ("If Kata 3.23.0 is installed, the handler is kata", None),
            ("Kata 3.23.0 is not installed", None),
            ("Kata 3.18.0 was installed, then replaced with 3.23.0", None),
            ("CVE-2024-1 was fixed in runc 1.1.12, Kata 3.2.0", None),
            ("Kata 2.15 is installed", None),
        ] {
            assert_eq!(version_in_prose(text), version, "{text}");
        }
    }

    #[test]
    fn a_time_in_a_table_is_no_version() {
        assert_eq!(version_in_cell("| kata | 2.15 |"), None);
        assert_eq!(version_in_cell("| Kata Containers | 3.23.0 |"), Some("3.23.0"));
        assert_eq!(version_in_cell("Kata-Version: 3.19.1"), Some("3.19.1"));
        assert_eq!(
            version_in_cell("Версия Kata: `3.20.0` (из `/opt/kata/VERSION`)"),
            Some("3.20.0")
        );
        let lines = [(1, "Kata version: 3.20.0".into()), (2, "| Kata | 3.21.0 |".into())];
        let page = EvidencePage::of_lines("lab12.md", None, &lines);
        let miss = read_shim_version(&page).version.unwrap_err();
        assert_eq!(miss.why, MissingReason::NotStated);
    }

    #[test]
    fn a_word_after_the_label_is_no_commit_unless_it_looks_like_one() {
        let commit = |text| shim_commit(&[&PageLine::new(1, text, false)]);
        let named = commit("kata shim, version: 3.2.0, commit: bfc9e446e1f4-dirty").unwrap();
        assert_eq!(named.value, "bfc9e446e1f4-dirty");
        for (text, why) in [
            ("kata shim, version: 3.2.0, commit: unknown", MissingReason::NotStated),
            ("kata shim, version: 3.2.0, commit: ", MissingReason::Empty),
            ("kata shim, version: 3.2.0", MissingReason::NotStated),
        ] {
            assert_eq!(commit(text).unwrap_err().why, why, "{text}");
        }
    }
}
