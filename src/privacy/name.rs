//! User and host names in text: found where their place says what they are, then replaced
//! wherever they stand as a word.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use data_encoding::HEXLOWER;
use regex::Regex;

use super::Redactor;

/// A name to replace and what it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    kind: &'static str,
    text: String,
}

/// Names of places that everybody has, and words of the evidence itself: replacing them would
/// hide nothing and change what the evidence says.
const COMMON: &[&str] = &[
    "alpine",
    "arch",
    "archlinux",
    "builder",
    "buildhost",
    "cloud",
    "container",
    "containerd",
    "containers",
    "debian",
    "docker",
    "fedora",
    "gvisor",
    "home",
    "host",
    "juice",
    "juice-shop",
    "kali",
    "kata",
    "kernel",
    "lab",
    "lab12",
    "labs",
    "linux",
    "linuxbrew",
    "linuxkit",
    "local",
    "localhost",
    "none",
    "nerdctl",
    "node",
    "podman",
    "root",
    "runc",
    "runner",
    "runsc",
    "server",
    "shared",
    "shim",
    "student",
    "sudo",
    "ubuntu",
    "user",
    "users",
    "version",
    "vm",
    "windows",
    "wsl",
];

/// Where a name stands, with the kind of each group.
static PLACES: LazyLock<Vec<(Regex, &[&str])>> = LazyLock::new(|| {
    const USER: &[&str] = &["user"];
    const HOST: &[&str] = &["host"];
    const PROMPT: &[&str] = &["user", "host"];
    [
        (r"(?:/home/|/Users/|\\Users\\)([A-Za-z0-9][A-Za-z0-9._-]*)", USER),
        (r"(?m)^\[sudo\] password for ([A-Za-z0-9][A-Za-z0-9._-]*):", USER),
        (
            r"(?m)^\[?([A-Za-z0-9][A-Za-z0-9._-]*)@([A-Za-z0-9][A-Za-z0-9.-]*)[: ][^\n]*?[$#%>]",
            PROMPT,
        ),
        (r"(?m)^\s*(?:[Uu]name:?\s+)?Linux ([A-Za-z0-9][A-Za-z0-9.-]*) \d+\.\d+", HOST),
        (r"(?mi)\b(?:static |transient )?hostname\s*[:=]\s*([A-Za-z0-9][A-Za-z0-9.-]*)", HOST),
        (r"(?mi)\bserial(?: number)?\s*[:=]\s*([A-Za-z0-9][A-Za-z0-9._/-]{3,})", &["serial"]),
    ]
    .into_iter()
    .filter_map(|(pattern, kinds)| Some((Regex::new(pattern).ok()?, kinds)))
    .collect()
});

/// The names in the texts, longest first, so that one inside another does not break it.
pub fn find(texts: &[String]) -> Vec<Name> {
    let mut found = BTreeMap::new();
    for text in texts {
        for (place, kinds) in PLACES.iter() {
            for captures in place.captures_iter(text) {
                for (kind, group) in kinds.iter().zip(captures.iter().skip(1).flatten()) {
                    if identifies(group.as_str()) {
                        found.entry(group.as_str().to_string()).or_insert(*kind);
                    }
                }
            }
        }
    }
    let mut names: Vec<Name> = found.into_iter().map(|(text, kind)| Name { kind, text }).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.text.len()));
    names
}

/// A name that is known beforehand, if it identifies somebody.
pub fn known(kind: &'static str, text: &str) -> Option<Name> {
    identifies(text).then(|| Name { kind, text: text.to_string() })
}

/// Whether a name tells somebody apart: not a common word, not a number, not a container id.
fn identifies(name: &str) -> bool {
    let is_hex = name.chars().all(|c| c.is_ascii_hexdigit());
    let is_container_id = is_hex && matches!(name.len(), 12 | 64);
    name.len() >= 3
        && !is_container_id
        && name.chars().any(|c| c.is_ascii_alphabetic())
        && !COMMON.contains(&name.to_ascii_lowercase().as_str())
}

/// Replaces the names where they stand as words.
pub fn replace(text: &str, names: &[Name], redactor: &mut Redactor) -> String {
    let mut text = text.to_string();
    for name in names {
        let hash: [u8; 3] = redactor.hash(name.kind, &name.text);
        let pseudonym = format!("{}-{}", name.kind, HEXLOWER.encode(&hash));
        text = replace_word(&text, &name.text, &pseudonym, || redactor.count(name.kind));
    }
    text
}

fn replace_word(text: &str, word: &str, other: &str, mut count: impl FnMut()) -> String {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for (start, _) in text.match_indices(word) {
        let after = start + word.len();
        let whole =
            !text[..start].ends_with(part_of_word) && !text[after..].starts_with(part_of_word);
        if start >= end && whole {
            out.push_str(&text[end..start]);
            out.push_str(other);
            end = after;
            count();
        }
    }
    out.push_str(&text[end..]);
    out
}
