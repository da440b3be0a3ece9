//! Names: what tells somebody apart, and where a name that is known stands in a text.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::check::ReplacedName;
use super::kept::KeptWords;
use super::key::PseudonymKey;
use super::span::{IdentifierKind, IdentifierSpan, RecognitionMethod};
use super::words::names::{AMBIGUOUS, COMMON, PUBLIC_DOMAINS};

/// The longest name in bytes: that of a host (RFC 1035).
const MAX_NAME: usize = 255;

pub(super) fn is_public_domain(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    PUBLIC_DOMAINS.iter().any(|domain| {
        host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// Whether a text is somebody's name, or an id, and not a common word, a number, a container id or
/// a pseudonym.
pub(super) fn identifies_somebody(kind: IdentifierKind, text: &str) -> bool {
    let has_letter = text.contains(|c: char| c.is_alphabetic());
    let has_digit = text.contains(|c: char| c.is_ascii_digit());
    match kind {
        IdentifierKind::User => {
            // Ids of users are short, those of students are not.
            let is_uid = !has_letter && text.chars().count() < 6;
            !is_uid && !is_common_word(text) && !is_pseudonym(text)
        }
        IdentifierKind::Host => {
            has_letter
                && text.chars().count() > 1
                && !is_container_id(text)
                && !is_common_word(text)
                && !is_pseudonym(text)
        }
        // `local`, `lan` and `internal` are everybody's.
        IdentifierKind::Domain => {
            text.contains('.') && has_letter && !is_public_domain(text) && !is_pseudonym(text)
        }
        IdentifierKind::Serial => {
            let is_address = text.contains(':');
            let is_driver = !has_letter && text.contains('/');
            has_digit && (has_letter || text.len() >= 6) && !is_address && !is_driver
        }
        IdentifierKind::MachineId => {
            has_digit
                && text.len() >= 8
                && !text.chars().all(|c| matches!(c, '0' | '-'))
                && !is_container_id(text)
        }
        _ => !is_common_word(text) && !is_pseudonym(text),
    }
}

fn is_common_word(text: &str) -> bool {
    COMMON.contains(&text.to_lowercase().as_str())
}

fn is_container_id(text: &str) -> bool {
    matches!(text.len(), 12 | 64)
        && text.bytes().all(|digit| digit.is_ascii_hexdigit())
        && text.bytes().any(|digit| digit.is_ascii_alphabetic())
}

/// Whether a name is one of ours: evidence that was exported is imported again.
fn is_pseudonym(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(kind, hash)| {
        ["user", "host", "domain", "person", "boot-argument"].contains(&kind)
            && hash.len() == 6
            && hash.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

/// Names that are replaced wherever they stand as words.
#[derive(Debug, Clone, Default)]
pub(super) struct NameSet {
    /// By the name in lower case: the name as it was found, and what it names.
    names: BTreeMap<String, (String, IdentifierKind)>,
}

impl NameSet {
    /// Adds a name, if it tells somebody apart and is no word of the evidence.
    pub(super) fn add_name(&mut self, kind: IdentifierKind, text: &str) {
        let lower = text.to_lowercase();
        // A short password may be any word.
        let shortest = if kind == IdentifierKind::Secret { 6 } else { 3 };
        let is_short = text.chars().count() < shortest || text.len() > MAX_NAME;
        let is_number = !text.contains(|c: char| c.is_alphabetic());
        // MACs are recognised by their form wherever they stand.
        if kind != IdentifierKind::Mac
            && identifies_somebody(kind, text)
            && !is_short
            && !(is_number && kind != IdentifierKind::MachineId)
            && !AMBIGUOUS.contains(&lower.as_str())
        {
            self.names.entry(lower).or_insert_with(|| (text.to_string(), kind));
        }
    }

    pub(super) fn without_names(&self, left_out: &BTreeSet<ReplacedName>) -> Self {
        let mut names = self.names.clone();
        names.retain(|lower, _| !left_out.contains(&ReplacedName::Everywhere(lower.clone())));
        Self { names }
    }

    pub(super) fn lower_case(&self) -> impl Iterator<Item = &String> {
        self.names.keys()
    }

    pub(super) fn compile_matcher(&self) -> NameMatcher {
        let mut patterns = Vec::new();
        let mut names = Vec::new();
        for (text, kind) in self.names.values() {
            for spelling in list_spellings(*kind, text) {
                patterns.push(spelling);
                names.push((text.clone(), *kind));
            }
        }
        // Names inside others are found, too; the automaton of the kind that is made without a
        // table of all states takes memory in proportion to the names.
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&patterns)
            .ok()
            .filter(|_| !patterns.is_empty());
        NameMatcher { automaton, names }
    }
}

/// The ways in which a name is written, but for the case of ASCII letters.
fn list_spellings(kind: IdentifierKind, text: &str) -> BTreeSet<String> {
    let mut spellings = BTreeSet::from([text.to_string()]);
    if kind == IdentifierKind::MachineId {
        spellings.insert(text.replace('-', ""));
        spellings.insert(text.replace('-', "\\x2d"));
    }
    if !text.is_ascii() {
        let mut chars = text.chars();
        let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
        let cased = [text.to_lowercase(), text.to_uppercase(), first + chars.as_str()];
        for text in cased.iter().map(String::as_str).chain([text]) {
            let encoded = text.bytes().map(|byte| match byte.is_ascii() {
                true => char::from(byte).to_string(),
                false => format!("%{byte:02X}"),
            });
            spellings.insert(encoded.collect());
            let escaped = text.encode_utf16().map(|unit| match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
                _ => format!("\\u{unit:04x}"),
            });
            spellings.insert(escaped.collect());
        }
        spellings.extend(cased);
    }
    spellings
}

pub(super) struct NameMatcher {
    automaton: Option<AhoCorasick>,
    names: Vec<(String, IdentifierKind)>,
}

impl NameMatcher {
    /// The names that stand in a text as words, but for the words of `kept`.
    pub(super) fn find_names(
        &self,
        text: &str,
        kept: &KeptWords,
        key: &PseudonymKey,
    ) -> Vec<IdentifierSpan> {
        let Some(automaton) = &self.automaton else { return Vec::new() };
        let mut spans = Vec::new();
        for found in automaton.find_overlapping_iter(text) {
            let range = found.range();
            let is_word = is_boundary(text, range.start) && is_boundary(text, range.end);
            let (name, kind) = &self.names[found.pattern().as_usize()];
            if is_word && !is_in_release(&text[..range.start]) && !kept.holds_range(text, &range) {
                let pseudonym = match kind {
                    IdentifierKind::MachineId => key.replace_digits(*kind, &text[range.clone()]),
                    _ => key.pseudonym_for(*kind, name),
                };
                let recognition = RecognitionMethod::Name;
                spans.push(IdentifierSpan { range, kind: *kind, recognition, pseudonym });
            }
        }
        spans
    }
}

/// Whether a word may begin or end here: there is no letter or digit on both sides.
fn is_boundary(text: &str, at: usize) -> bool {
    !(text.is_char_boundary(at)
        && text[..at].ends_with(char::is_alphanumeric)
        && text[at..].starts_with(char::is_alphanumeric))
}

/// Whether what follows `before` is a part of a kernel release: `oracle` in
/// `5.15.0-1027-oracle`.
fn is_in_release(before: &str) -> bool {
    if !before.ends_with('-') {
        return false;
    }
    let last = before.chars().rev().take(64);
    let token: Vec<char> = last
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '~'))
        .collect();
    let token: String = token.into_iter().rev().collect();
    let numbers = token.split(['.', '-']).take_while(|part| part.parse::<u32>().is_ok()).count();
    token.contains('.') && numbers > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_words_and_words_of_evidence_are_in_lower_case_and_in_one_list() {
        let all: BTreeSet<&str> = COMMON.iter().chain(AMBIGUOUS).copied().collect();
        assert_eq!(all.len(), COMMON.len() + AMBIGUOUS.len());
        assert!(all.iter().all(|word| *word == word.to_lowercase()));
    }

    #[test]
    fn a_name_is_found_as_a_word_in_any_case_and_in_no_longer_word() {
        let mut names = NameSet::default();
        names.add_name(IdentifierKind::User, "marta");
        names.add_name(IdentifierKind::Host, "marta-pc");
        let key = PseudonymKey([7; 32]);
        let find = |text: &str| -> Vec<String> {
            let spans = names.compile_matcher().find_names(text, &KeptWords::default(), &key);
            spans.into_iter().map(|span| text[span.range].to_string()).collect()
        };
        assert_eq!(find("MARTA, Marta's backup_marta.tgz"), ["MARTA", "Marta", "marta"]);
        assert_eq!(find("martaz smarta marta2"), Vec::<String>::new());
        assert_eq!(find("marta-pcs"), ["marta"]);
        assert_eq!(find("marta-pc"), ["marta", "marta-pc"]);
        assert_eq!(find("6.8.0-45-marta"), Vec::<String>::new());
    }

    #[test]
    fn pseudonyms_are_not_replaced_again() {
        assert!(!identifies_somebody(IdentifierKind::User, "user-0a1b2c"));
        assert!(identifies_somebody(IdentifierKind::User, "user-ann"));
    }
}
