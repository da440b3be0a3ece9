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
    /// Whether the name is also a word of the evidence, and so is replaced only where its place
    /// says that it is a name.
    in_places_only: bool,
}

impl Name {
    fn new(kind: &'static str, text: String) -> Self {
        let in_places_only = AMBIGUOUS.contains(&text.to_ascii_lowercase().as_str());
        Self { kind, text, in_places_only }
    }
}

/// Names of places that everybody has, and words of the evidence itself: replacing them would
/// hide nothing and change what the evidence says.
const COMMON: &[&str] = &[
    "absent",
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
    "denied",
    "disabled",
    "docker",
    "empty",
    "enabled",
    "false",
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
    "null",
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
    "true",
    "ubuntu",
    "unknown",
    "unset",
    "user",
    "users",
    "version",
    "vm",
    "windows",
    "wsl",
    "yes",
];

/// Words that readers of evidence go by and that may be somebody's name all the same: `Max`
/// stands beside `max=0.0005s`.
const AMBIGUOUS: &[&str] = &[
    "aarch64",
    "amd",
    "avg",
    "bench",
    "binutils",
    "bios",
    "code",
    "command",
    "commit",
    "core",
    "count",
    "cpu",
    "dev",
    "dynamic",
    "echo",
    "elapsed",
    "entries",
    "eth0",
    "ether",
    "executed",
    "gcc",
    "generic",
    "gnu",
    "golang",
    "guest",
    "health",
    "http",
    "inet",
    "inet6",
    "intel",
    "interfaces",
    "line",
    "link",
    "max",
    "mean",
    "median",
    "microvm",
    "min",
    "model",
    "modules",
    "name",
    "network",
    "port",
    "proc",
    "processor",
    "real",
    "release",
    "run",
    "rust",
    "samples",
    "scope",
    "seconds",
    "smp",
    "startup",
    "state",
    "status",
    "sys",
    "system",
    "test",
    "test1",
    "time",
    "total",
    "trial",
    "uname",
    "virtual",
    "warning",
    "x86",
    "x86_64",
    "xeon",
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
        (r"(?mi)(?:^|[^\w/])(?:static |transient )?hostname\s*[:=]\s*([A-Za-z0-9][A-Za-z0-9.-]*)", HOST),
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
    let mut names: Vec<Name> =
        found.into_iter().map(|(text, kind)| Name::new(kind, text)).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.text.len()));
    names
}

/// A name that is known beforehand, if it identifies somebody.
pub fn known(kind: &'static str, text: &str) -> Option<Name> {
    identifies(text).then(|| Name::new(kind, text.to_string()))
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
        let count = || redactor.count(name.kind);
        text = match name.in_places_only {
            true => replace_in_places(&text, &name.text, &pseudonym, count),
            false => replace_word(&text, &name.text, &pseudonym, count),
        };
    }
    text
}

/// Whether what follows `before` is a part of a kernel release: `oracle` in
/// `5.15.0-1027-oracle`.
fn in_release(before: &str) -> bool {
    let token = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let numbers = token.split(['.', '-']).take_while(|part| part.parse::<u32>().is_ok()).count();
    token.ends_with('-') && token.contains('.') && numbers > 1
}

fn replace_in_places(text: &str, word: &str, other: &str, mut count: impl FnMut()) -> String {
    let mut ranges: Vec<_> = PLACES
        .iter()
        .flat_map(|(place, _)| place.captures_iter(text))
        .flat_map(|captures| captures.iter().skip(1).flatten().collect::<Vec<_>>())
        .filter(|group| group.as_str() == word)
        .map(|group| group.range())
        .collect();
    ranges.sort_by_key(|range| range.start);
    ranges.dedup();
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for range in ranges {
        if range.start < end {
            continue;
        }
        out.push_str(&text[end..range.start]);
        out.push_str(other);
        end = range.end;
        count();
    }
    out.push_str(&text[end..]);
    out
}

fn replace_word(text: &str, word: &str, other: &str, mut count: impl FnMut()) -> String {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for (start, _) in text.match_indices(word) {
        let after = start + word.len();
        let whole =
            !text[..start].ends_with(part_of_word) && !text[after..].starts_with(part_of_word);
        if start >= end && whole && !in_release(&text[..start]) {
            out.push_str(&text[end..start]);
            out.push_str(other);
            end = after;
            count();
        }
    }
    out.push_str(&text[end..]);
    out
}
