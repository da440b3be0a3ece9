//! Parsers of what a runtime's shim says about itself.

use super::{Reading, Unread, filled};
use crate::model::Why;

/// The version of the Kata shim, without a leading `v`.
pub fn shim_version(text: &str) -> Reading {
    let line = shim_line(text)?;
    let stated = after(line, "version:").or_else(|| after(line, "version "));
    match stated.filter(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
        Some(version) => Ok(version.into()),
        None => Err(Unread::new(Why::NotStated, "the shim states no version")),
    }
}

/// The language of the Kata shim: `rust` or `go`.
pub fn shim_implementation(text: &str) -> Reading {
    let line = shim_line(text)?.to_ascii_lowercase();
    if line.contains("(rust)") {
        Ok("rust".into())
    } else if line.contains("(golang)") || line.contains("(go)") {
        Ok("go".into())
    } else {
        Err(Unread::new(Why::NotStated, "the shim does not state its implementation"))
    }
}

/// The commit that the Kata shim was built from; it may stand on a line of its own.
pub fn shim_commit(text: &str) -> Reading {
    shim_line(text)?;
    let commit = filled(text).find_map(|line| after(line, "commit:"));
    let commit = commit.ok_or_else(|| Unread::new(Why::NotStated, "no commit is stated"))?;
    if commit.is_empty() {
        return Err(Unread::new(Why::Empty, "nothing follows `commit:`"));
    }
    let hash = commit.split('-').next().unwrap_or(commit);
    if hash.len() >= 7 && hash.chars().all(|c| c.is_ascii_hexdigit()) {
        Ok(commit.into())
    } else {
        Err(Unread::unlike("a commit", commit))
    }
}

/// The line in which the shim names itself.
fn shim_line(text: &str) -> Result<&str, Unread> {
    let first = filled(text).next().ok_or_else(Unread::empty)?;
    filled(text)
        .find(|line| {
            line.contains("containerd-shim-kata-v2")
                || (line.contains("Kata Containers") && line.contains("shim"))
        })
        .ok_or_else(|| {
            let said = super::glimpse(first);
            Unread::new(Why::NotTheShim, format!("this is not the Kata shim: `{said}`"))
        })
}

/// The word after a label, without quotes, commas and a leading `v`; empty if nothing follows.
fn after<'a>(line: &'a str, label: &str) -> Option<&'a str> {
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
        assert_eq!(shim_commit(text).unwrap_err().why, Why::Empty);
    }

    #[test]
    fn a_bare_version_states_no_implementation() {
        let text = "containerd-shim-kata-v2 version 3.1.0\n";
        assert_eq!(shim_version(text).unwrap(), "3.1.0");
        assert_eq!(shim_implementation(text).unwrap_err().why, Why::NotStated);
        assert_eq!(shim_commit(text).unwrap_err().why, Why::NotStated);
    }

    #[test]
    fn another_program_is_not_the_shim() {
        let text = "kata-ctl 3.23.0\n";
        assert_eq!(shim_version(text).unwrap_err().why, Why::NotTheShim);
    }
}
