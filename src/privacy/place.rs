//! Identifiers that the words around them, or their own form, point out.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::name::{identifies_somebody, is_public_domain};
use super::pattern::{IdentifierPattern, PATTERNS, PatternGroup, PatternReach, compile_pattern};
use super::secret::{find_private_keys, is_personal_address, is_secret};
use super::span::{IdentifierKind, RecognitionMethod};
use super::words::names::BUILDERS;
use crate::knowledge::KnowledgeBase;
use crate::knowledge::is_kata_build;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundIdentifier {
    pub range: Range<usize>,
    pub kind: IdentifierKind,
    pub recognition: RecognitionMethod,
}

/// The identifiers in a text that the words around them, or their own form, point out.
pub(super) fn find_identifiers(text: &str) -> Vec<FoundIdentifier> {
    let mut finder = PlaceFinder { text, found: Vec::new() };
    for (pattern, window) in find_windows(text) {
        finder.match_pattern(pattern, window);
    }
    finder.read_hosts_file();
    finder.read_banners();
    finder.found.extend(find_private_keys(text).into_iter().map(|range| FoundIdentifier {
        range,
        kind: IdentifierKind::Secret,
        recognition: RecognitionMethod::Place,
    }));
    finder.found
}

/// The patterns that may match, each with the part of the text where it may: lines with one of its
/// words. Most texts have few, and looking for all words at once takes a fraction of the time of
/// looking for the patterns.
fn find_windows(text: &str) -> Vec<(&'static IdentifierPattern, Range<usize>)> {
    let patterns = &*PATTERNS;
    let mut windows = Vec::new();
    // Up to where each pattern was looked for already.
    let mut done = vec![0; patterns.all.len()];
    let mut line = 0..find_line_end(text, 0);
    for word in patterns.words.find_overlapping_iter(text) {
        if word.start() >= line.end {
            let start = memchr::memrchr2(b'\n', b'\r', &text.as_bytes()[..word.start()]);
            let start = start.map_or(0, |end| end + 1);
            line = start..find_line_end(text, word.start());
        }
        for &number in &patterns.by_word[word.pattern().as_usize()] {
            let pattern = &patterns.all[number];
            if word.start() < done[number] {
                continue;
            }
            let window = match pattern.reach {
                PatternReach::Line => line.clone(),
                PatternReach::Text => 0..text.len(),
                PatternReach::TwoLines => {
                    let rest = &text[line.end..];
                    let length = ["\r\n", "\n", "\r"].iter().find(|end| rest.starts_with(**end));
                    let next = line.end + length.map_or(0, |end| end.len());
                    line.start..find_line_end(text, next)
                }
            };
            // The second line may be the first of two others.
            done[number] = if pattern.reach == PatternReach::Text { text.len() } else { line.end };
            windows.push((pattern, window));
        }
    }
    windows
}

fn find_line_end(text: &str, from: usize) -> usize {
    let rest = &text.as_bytes()[from..];
    memchr::memchr2(b'\n', b'\r', rest).map_or(text.len(), |length| from + length)
}

struct PlaceFinder<'a> {
    text: &'a str,
    found: Vec<FoundIdentifier>,
}

impl PlaceFinder<'_> {
    fn match_pattern(&mut self, pattern: &IdentifierPattern, window: Range<usize>) {
        let (regex, groups) = pattern.compiled_groups();
        for captures in regex.captures_iter(&self.text[window.clone()]) {
            let groups: Vec<(Range<usize>, PatternGroup)> = groups
                .iter()
                .filter_map(|(index, group)| {
                    let range = captures.get(*index)?.range();
                    Some((window.start + range.start..window.start + range.end, *group))
                })
                .collect();
            self.read_groups(&groups);
        }
    }

    fn read_groups(&mut self, groups: &[(Range<usize>, PatternGroup)]) {
        // Host and guest are told apart by these, and they are drawn anew.
        const DRAWN_ANEW: &[&str] = &["boot", "session", "run", "request", "trace", "invocation"];
        for (range, group) in groups {
            let text = &self.text[range.clone()];
            let is_no_id = match group {
                PatternGroup::Label => {
                    let label = text.to_ascii_lowercase();
                    DRAWN_ANEW.iter().any(|word| label.contains(word))
                }
                PatternGroup::Host => is_no_host(text),
                _ => false,
            };
            if is_no_id {
                return;
            }
        }
        for (range, group) in groups {
            let (range, text) = (range.clone(), &self.text[range.clone()]);
            match *group {
                PatternGroup::One(kind, recognition) => {
                    self.add_identifier(range, kind, recognition)
                }
                PatternGroup::Host => self.add_host(range),
                PatternGroup::Hosts => self.add_hosts(range),
                PatternGroup::Secret if is_secret(text) => {
                    self.add_placed(range, IdentifierKind::Secret)
                }
                // A token may stand in the place of a user.
                PatternGroup::Login if text.len() > 20 => {
                    self.add_placed(range, IdentifierKind::Secret)
                }
                PatternGroup::Login => self.add_placed(range, IdentifierKind::User),
                PatternGroup::Email if is_personal_address(text) => {
                    self.add_identifier(range, IdentifierKind::Email, RecognitionMethod::Form);
                }
                PatternGroup::Mac => self.add_placed(range, IdentifierKind::Mac),
                PatternGroup::Label | PatternGroup::Secret | PatternGroup::Email => {}
            }
        }
    }

    fn add_identifier(
        &mut self,
        range: Range<usize>,
        kind: IdentifierKind,
        recognition: RecognitionMethod,
    ) {
        if !range.is_empty() && identifies_somebody(kind, &self.text[range.clone()]) {
            self.found.push(FoundIdentifier { range, kind, recognition });
        }
    }

    fn add_placed(&mut self, range: Range<usize>, kind: IdentifierKind) {
        self.add_identifier(range, kind, RecognitionMethod::Place);
    }

    /// The first label of a host name is the host's, the rest its domain: the host goes by the one
    /// alone, too, and others are in the same domain.
    fn add_host(&mut self, range: Range<usize>) {
        let name = &self.text[range.clone()];
        if is_public_domain(name) {
            return;
        }
        let Some((label, domain)) = name.split_once('.') else {
            return self.add_placed(range, IdentifierKind::Host);
        };
        let end = range.start + label.len();
        // `192.168.1.5` and `6.1.62` are no names of hosts.
        if !domain.contains(|c: char| c.is_alphabetic()) {
            return;
        }
        self.add_placed(range.start..end, IdentifierKind::Host);
        self.add_placed(end + 1..range.end, IdentifierKind::Domain);
    }

    fn add_hosts(&mut self, range: Range<usize>) {
        let mut at = range.start;
        let list = self.text[range].to_string();
        for part in list.split_inclusive(|c: char| c.is_whitespace() || c == ',') {
            let name = part.trim_end_matches(|c: char| c.is_whitespace() || c == ',');
            // `[name]:port` in known_hosts.
            let inner = name.strip_prefix('[').and_then(|rest| rest.split(']').next());
            let (start, name) = inner.map_or((at, name), |inner| (at + 1, inner));
            if name.chars().all(|c| c.is_alphanumeric() || "._-".contains(c)) {
                self.add_host(start..start + name.len());
            }
            at += part.len();
        }
    }

    /// Lines of `/etc/hosts`, where the text holds one: it has a line for `localhost`.
    fn read_hosts_file(&mut self) {
        static LOCALHOST: LazyLock<Regex> = LazyLock::new(|| {
            compile_pattern(r"(?mR)^[ \t]*(?:127\.0\.0\.1|::1)[ \t]+(?:[^#\n]*[ \t])?localhost\b")
        });
        static LINE: LazyLock<Regex> = LazyLock::new(|| {
            compile_pattern(
                r"(?mR)^[ \t]*(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:]+)[ \t]+(?P<hosts>\w[\w. \t-]*?)[ \t]*(?:#[^\n]*)?$",
            )
        });
        let text = self.text;
        if !text.contains("localhost") || !LOCALHOST.is_match(text) {
            return;
        }
        for captures in LINE.captures_iter(text) {
            let Some(hosts) = captures.name("hosts") else { continue };
            // Routes and neighbours begin with an address, too.
            const ROUTE: [&str; 5] = ["dev", "via", "proto", "scope", "lladdr"];
            if !hosts.as_str().split_whitespace().any(|word| ROUTE.contains(&word)) {
                self.add_hosts(hosts.range());
            }
        }
    }

    /// Who built a kernel, and where, unless it is a distribution's or Kata's build: that is a part
    /// of what the kernel is, and names no person.
    fn read_banners(&mut self) {
        static BANNER: LazyLock<Regex> = LazyLock::new(|| {
            compile_pattern(
                r"Linux version (?P<release>\S+) \((?P<user>\w[\w.-]*)@(?P<host>\w(?:[\w.-]*\w)?)\)",
            )
        });
        let text = self.text;
        if !text.contains("Linux version ") {
            return;
        }
        for captures in BANNER.captures_iter(text) {
            let [Some(release), Some(user), Some(host)] =
                ["release", "user", "host"].map(|name| captures.name(name))
            else {
                continue;
            };
            let builder = &text[user.start()..host.end()];
            if is_public_builder(release.as_str(), user.as_str()) || is_kata_build(builder) {
                continue;
            }
            self.add_placed(user.range(), IdentifierKind::User);
            self.add_host(host.range());
        }
    }
}

/// Whether what follows an `@` is no host, so that what stands before it is no user: `eth0@if5`,
/// `8K@0xe0001000`, `memory@40000000`, `alpine@sha256`.
fn is_no_host(text: &str) -> bool {
    let is_interface = text.strip_prefix("if").is_some_and(|number| number.parse::<u32>().is_ok());
    let number = text.strip_prefix("0x").or(Some(text).filter(|text| text.len() == 8));
    let number = number.unwrap_or_default();
    is_interface
        || !number.is_empty() && number.bytes().all(|c| c.is_ascii_hexdigit())
        || text.bytes().all(|c| c.is_ascii_digit())
        || ["sha256", "sha512"].contains(&text)
}

/// Whether a kernel of this release by this account was built by a distribution or a service.
fn is_public_builder(release: &str, user: &str) -> bool {
    static KNOWLEDGE: LazyLock<Option<KnowledgeBase>> =
        LazyLock::new(|| KnowledgeBase::load(None).ok());
    BUILDERS.contains(&user)
        || KNOWLEDGE.as_ref().is_some_and(|known| known.kernels.is_distribution(release))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found when every pattern looks at the whole text.
    fn find_without_windows(text: &str) -> Vec<FoundIdentifier> {
        let mut finder = PlaceFinder { text, found: Vec::new() };
        PATTERNS.all.iter().for_each(|pattern| finder.match_pattern(pattern, 0..text.len()));
        finder.found
    }

    #[test]
    fn the_words_of_a_pattern_stand_in_every_text_that_it_matches() {
        let cases = include_str!("cases.txt").replace(['«', '»'], "").replace('␤', "\r");
        for text in cases.split("\n---\n") {
            let found = find_identifiers(text);
            let all = find_without_windows(text);
            let missing: Vec<_> =
                all.iter().filter(|found_one| !found.contains(found_one)).collect();
            assert!(missing.is_empty(), "{missing:?} in {text}");
        }
    }
}
