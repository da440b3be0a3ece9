//! The places in which identifiers stand and the forms that tell what they are, as a table.

use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;

use super::span::{IdentifierKind, RecognitionMethod};

/// How far a pattern reaches from the line on which its word stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PatternReach {
    Line,
    /// It lies in that line and the next.
    TwoLines,
    /// It may reach over the whole text.
    Text,
}

/// A UUID (RFC 9562).
pub(super) const UUID: &str =
    r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}";

/// What stands for what in [`TABLE`]. A name is letters of any script, digits and `._-`.
const PARTS: &[(&str, &str)] = &[
    ("{user}", r"(?P<user>\w(?:[\w.-]*\w)?)"),
    ("{host}", r"(?P<host>\w(?:[\w.-]*\w)?)"),
    ("{domain}", r"(?P<domain>\w[\w-]*(?:\.\w[\w-]*)+)"),
    // The beginning of a line up to a prompt: environments, times, marks and brackets.
    (
        "{prompt}",
        r#"^(?:\([^()\n]{0,40}\) ?|\[?\d\d:\d\d(?::\d\d)?\]? ?|[^\w\s@"'<(]{1,4} ?|[(\[])*"#,
    ),
    // What the names of passwords, tokens and keys have in them.
    (
        "{secrecy}",
        r"(?:passw(?:or)?d|passwort|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|preshared[_-]?key|key[_-]data|credential|auth[_-]?key)",
    ),
    ("{uuid}", UUID),
];

/// Every pattern of `data/privacy/patterns.toml` with its reach and its words.
const TABLE: &[(PatternReach, &[&str], &str)] =
    include!(concat!(env!("OUT_DIR"), "/privacy_patterns.rs"));

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PatternGroup {
    One(IdentifierKind, RecognitionMethod),
    /// A host name with or without its domain.
    Host,
    /// Host names with blanks or commas between them.
    Hosts,
    /// What the id after it is of.
    Label,
    /// What may be a secret.
    Secret,
    /// What stands for a user in an address of the web.
    Login,
    /// What may be a person's address.
    Email,
    /// The twelve digits of a MAC.
    Mac,
}

/// A pattern that is compiled when a text has one of its words.
pub(super) struct IdentifierPattern {
    pub reach: PatternReach,
    text: &'static str,
    compiled: OnceLock<(Regex, Vec<(usize, PatternGroup)>)>,
}

impl IdentifierPattern {
    /// The expression, and its groups by number.
    pub(super) fn compiled_groups(&self) -> &(Regex, Vec<(usize, PatternGroup)>) {
        self.compiled.get_or_init(|| {
            let mut text = format!("(?mR){}", self.text);
            for (mark, part) in PARTS {
                text = text.replace(mark, part);
            }
            let regex = compile_pattern(&text);
            let names = regex.capture_names().enumerate();
            let groups = names.filter_map(|(index, name)| Some((index, read_group(name?)?)));
            let groups = groups.collect();
            (regex, groups)
        })
    }
}

fn read_group(name: &str) -> Option<PatternGroup> {
    let kind = match name {
        "user" => IdentifierKind::User,
        "person" => IdentifierKind::Person,
        "domain" => IdentifierKind::Domain,
        "serial" => IdentifierKind::Serial,
        "id" | "key" => IdentifierKind::MachineId,
        "token" => {
            return Some(PatternGroup::One(IdentifierKind::Secret, RecognitionMethod::Form));
        }
        "host" | "host2" => return Some(PatternGroup::Host),
        "hosts" => return Some(PatternGroup::Hosts),
        "label" => return Some(PatternGroup::Label),
        "secret" => return Some(PatternGroup::Secret),
        "login" => return Some(PatternGroup::Login),
        "email" => return Some(PatternGroup::Email),
        "mac" => return Some(PatternGroup::Mac),
        _ => return None,
    };
    Some(PatternGroup::One(kind, RecognitionMethod::Place))
}

pub(super) struct PatternSet {
    pub all: Vec<IdentifierPattern>,
    /// What finds the words, in any case of letters.
    pub words: AhoCorasick,
    /// By the number of the word: the numbers of its patterns.
    pub by_word: Vec<Vec<usize>>,
}

pub(super) static PATTERNS: LazyLock<PatternSet> = LazyLock::new(|| {
    let mut words: Vec<&str> = TABLE.iter().flat_map(|(_, words, _)| *words).copied().collect();
    words.sort_unstable();
    words.dedup();
    let by_word = words.iter().map(|word| {
        let patterns = TABLE.iter().enumerate();
        patterns.filter(|(_, row)| row.1.contains(word)).map(|(at, _)| at).collect()
    });
    PatternSet {
        all: TABLE
            .iter()
            .map(|(reach, _, text)| IdentifierPattern {
                reach: *reach,
                text,
                compiled: OnceLock::new(),
            })
            .collect(),
        by_word: by_word.collect(),
        words: AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(&words)
            .unwrap_or_else(|error| unreachable!("{error}")),
    }
});

/// An expression that a test holds to be sound.
pub(super) fn compile_pattern(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|error| unreachable!("{pattern}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles_and_every_group_is_known() {
        for pattern in &PATTERNS.all {
            let (regex, groups) = pattern.compiled_groups();
            let named = regex.capture_names().flatten().count();
            assert!(named > 0 && named == groups.len(), "{regex}");
        }
    }
}
