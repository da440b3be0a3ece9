//! The search index: small, and made of words that somebody would look for.
//!
//! It is a script that sets one variable, because that is the one form that a page opened from
//! disk can load. It is never larger than a twentieth of the site's HTML: titles come first, then
//! the words of the texts, those that few pages have before those that many have, and last the texts of which excerpts are
//! shown.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use serde::Serialize;

use super::cache::CachedPage;
use super::view::RunRow;
use crate::error::Result;
use crate::probe::catalogue::Probe;
use crate::report::Assessment;
use crate::text::{join_words, shorten_visible};

/// The name of the file in the site.
pub(super) const FILE: &str = "search-index.js";

/// The part of the site's HTML that the index may be as large as.
const SHARE: u64 = 20;

/// The longest title, in characters, and the longest message of a finding: its words are what it is
/// found by.
const TITLE: usize = 72;
const MESSAGE: usize = 240;

/// How much of the text of a page the index may have to show what stands around a word, in characters.
pub(super) const TEXT: usize = 16_000;

/// Things that are found by their titles: all of one kind.
#[derive(Debug, Default, Serialize)]
struct SearchGroup {
    /// What their addresses begin with.
    base: String,
    /// Title, words next to it, and the end of the address.
    items: Vec<[String; 3]>,
    /// What they are.
    kind: &'static str,
}

/// What the script of the site reads.
#[derive(Serialize)]
struct IndexFile<'a> {
    groups: Vec<SearchGroup>,
    pages: Vec<[String; 2]>,
    sections: Vec<[String; 2]>,
    texts: Vec<(&'a str, String)>,
    words: String,
}

/// The index of a site that is being built.
#[derive(Debug, Default)]
pub(super) struct SearchIndex<'a> {
    groups: Vec<SearchGroup>,
    /// The pages whose words are known, by title and address.
    pages: Vec<[String; 2]>,
    /// The words, and the pages that they stand on, by their index; sorted when they are written.
    words: HashMap<&'a str, Vec<usize>>,
    /// The pages whose texts are known, with the sizes of these.
    texts: Vec<(&'a str, usize)>,
    /// Headings: text, and address.
    sections: Vec<[String; 2]>,
    /// The ids of the rules that the site explains.
    rules: BTreeSet<String>,
}

impl<'a> SearchIndex<'a> {
    /// An index of a site that explains these rules.
    pub(super) fn with_rules(rules: BTreeSet<String>) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Takes up facts, findings, rules and captures of the run that the report is about.
    pub(super) fn add_assessment(&mut self, assessment: &Assessment) {
        let run = format!("runs/{}.html#", assessment.run.id);
        let facts = assessment.run.facts.keys().filter_map(|id| {
            let probe = assessment.project_data.catalogue.find_probe(id)?;
            Some(titled_item(&probe.title, id))
        });
        self.add_group("Fact", format!("{run}f-"), facts);
        let findings = assessment.judgement.findings.iter().enumerate();
        let findings = findings.map(|(index, finding)| {
            let message = shorten_entry(&finding.message, MESSAGE);
            [message, finding.severity.into_str().into(), (index + 1).to_string()]
        });
        let base = "findings.html#finding-".into();
        self.groups.push(SearchGroup { kind: "Finding", base, items: findings.collect() });
        let captures = assessment.run.captures.iter().map(|capture| {
            let anchor = assessment.capture_anchor(&capture.id).unwrap_or_default().to_string();
            let target = capture.target.as_deref().map(|target| assessment.reader_name(target));
            let page = assessment.capture_page(&capture.id);
            let end = format!("{}.html#{anchor}", page.trim_start_matches("runs/"));
            [capture.origin.describe_origin(), target.unwrap_or_default(), end]
        });
        self.add_group("Evidence", "runs/".into(), captures);
        let books = {
            let data = &assessment.project_data;
            [&data.rules, &data.fleet_rules, &data.report_rules]
        };
        let rules = books.into_iter().flat_map(|book| book.iter_rules());
        let rules = rules.filter(|rule| self.rules.contains(&rule.id));
        let rules: Vec<_> = rules.map(|rule| titled_item(&rule.title, &rule.id)).collect();
        self.add_group("Rule", "rules.html#".into(), rules.into_iter());
        let verdicts = assessment.project_data.words.values();
        let verdicts = verdicts.map(|doc| titled_item(&doc.title, &doc.id));
        self.add_group("Verdict", "verdicts.html#".into(), verdicts);
    }

    /// Takes up the probes that the site explains.
    pub(super) fn add_probes(&mut self, probes: &[&Probe]) {
        let items = probes.iter().map(|probe| titled_item(&probe.title, &probe.id));
        self.add_group("Probe", "probes.html#".into(), items);
    }

    /// Takes up the runs of the project.
    pub(super) fn add_runs(&mut self, rows: &[Arc<RunRow>], no_label: &str) {
        let items = rows.iter().map(|row| {
            let label = row.label.as_deref().unwrap_or(no_label);
            [label.into(), row.id.clone(), format!("{}.html", row.id)]
        });
        self.add_group("Run", "runs/".into(), items);
    }

    fn add_group(
        &mut self,
        kind: &'static str,
        base: String,
        items: impl Iterator<Item = [String; 3]>,
    ) {
        let items =
            items.map(|[title, beside, end]| [shorten_entry(&title, TITLE), beside, end]).collect();
        self.groups.push(SearchGroup { kind, base, items });
    }

    /// Takes up a chapter.
    pub(super) fn add_chapter(&mut self, title: &str, page: &'a str, made: &'a CachedPage) {
        let index = self.pages.len();
        self.pages.push([shorten_entry(title, TITLE), page.to_string()]);
        for word in made.words.as_deref().unwrap_or_default().split_ascii_whitespace() {
            self.words.entry(word).or_default().push(index);
        }
        self.texts.extend(made.text.map(|size| (page, size)));
        for (id, text) in &made.headings {
            self.sections.push([shorten_entry(text, TITLE), format!("{page}#{id}")]);
        }
    }

    /// The script. `html` is the size of the site's pages in bytes; `read` gives the beginning of
    /// the text of one, for which most have no room in a large site.
    ///
    /// # Errors
    ///
    /// Those of `read`.
    pub(super) fn into_script(
        mut self,
        html: u64,
        read: impl Fn(&str) -> Result<String>,
    ) -> Result<String> {
        let limit = usize::try_from(html / SHARE).unwrap_or(usize::MAX);
        let mut left = limit.saturating_sub(200);
        let mut take_room = |size| {
            let rest = left.checked_sub(size);
            left = rest.unwrap_or(left);
            rest.is_some()
        };
        self.pages.retain(|page| take_room(index_share(page)));
        for group in &mut self.groups {
            group.items.retain(|item| take_room(index_share(item)));
        }
        self.sections.retain(|section| take_room(index_share(section)));
        let mut words: Vec<(&str, String)> =
            self.words.iter().map(|(word, pages)| (*word, encode_steps(pages))).collect();
        words.sort_by_key(|(word, steps)| (steps.len(), *word));
        words.retain(|(word, steps)| take_room(word.len() + steps.len() + 2));
        words.sort();
        let words: Vec<String> =
            words.into_iter().map(|(word, steps)| format!("{word} {steps}")).collect();
        self.texts.retain(|(page, size)| take_room(index_share(&[page]) + size + 4));
        let texts = self.texts.into_iter().map(|(page, _)| Ok((page, read(page)?)));
        let texts = texts.collect::<Result<_>>()?;
        let Self { groups, pages, sections, .. } = self;
        let file = IndexFile { groups, pages, sections, texts, words: words.join(";") };
        // Nothing in it could end a script, wherever somebody puts it.
        let json = serde_json::to_string(&file).unwrap_or_default().replace('<', "\\u003c");
        Ok(format!("window.isoproofIndex={json};\n"))
    }
}

/// What one can search for by its title, at a place called like its id.
fn titled_item(title: &str, id: &str) -> [String; 3] {
    [title.into(), id.into(), id.into()]
}

/// How much of the index a list of strings takes.
fn index_share<T: AsRef<str>>(strings: &[T]) -> usize {
    strings.iter().map(|text| text.as_ref().len() + 4).sum::<usize>() + 3
}

/// The indices of pages as steps from one to the next, to the base of 36.
fn encode_steps(pages: &[usize]) -> String {
    let mut before = 0;
    let mut out = String::new();
    for &page in pages {
        if !out.is_empty() {
            out.push(' ');
        }
        base_36(page - before, &mut out);
        before = page;
    }
    out
}

fn base_36(number: usize, out: &mut String) {
    if number >= 36 {
        base_36(number / 36, out);
    }
    #[allow(clippy::cast_possible_truncation, reason = "a remainder of 36 is small")]
    out.extend(char::from_digit((number % 36) as u32, 36));
}

/// A text that is not too long, on one line and with nothing hidden in it.
pub(super) fn shorten_entry(text: &str, longest: usize) -> String {
    shorten_visible(&join_words(text), longest)
}

/// A longer word is a digest, an address or a path, which nobody types.
const LONGEST: usize = 24;

/// The words of a text that a search may find it by: lower case, each once, with a space between
/// them. Hexadecimal ids, long tokens and long numbers are left out: they are most of
/// the words of terminal output, and each stands in one place only.
pub(super) fn search_words(text: &str) -> String {
    let text = text.to_lowercase();
    let (mut seen, mut pairs) = (HashSet::with_capacity(text.len() / 16), HashSet::new());
    let mut words = String::with_capacity(text.len() / 2);
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        if word.is_empty() || !seen.insert(word) {
            continue;
        }
        if !word.is_ascii() && word.contains(is_unspaced) {
            for pair in letter_pairs(word).into_iter().filter(|&pair| pairs.insert(pair)) {
                push_word(pair, &mut words);
            }
        } else if is_searched(word) {
            push_word(word, &mut words);
        }
    }
    words.shrink_to_fit();
    words
}

fn push_word(word: &str, words: &mut String) {
    if !words.is_empty() {
        words.push(' ');
    }
    words.push_str(word);
}

/// Whether a letter is of a script that puts no spaces between words. `site.js` has the same list.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

/// Every two letters that stand next to each other: what a word inside of a sentence is found by.
fn letter_pairs(text: &str) -> Vec<&str> {
    let starts: Vec<usize> =
        text.char_indices().map(|(start, _)| start).chain([text.len()]).collect();
    starts.windows(3).map(|ends| &text[ends[0]..ends[2]]).collect()
}

fn is_searched(word: &str) -> bool {
    let length = word.chars().count();
    let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
    let is_hex = word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
    (2..=LONGEST).contains(&length)
        && !(is_number && length > 6)
        && !(is_hex && has_digit && !is_number && length >= 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(words: &str) -> CachedPage {
        CachedPage {
            words: Some(words.into()),
            text: Some(words.len()),
            headings: vec![("boot-log".into(), "Boot log".into())],
            ..CachedPage::default()
        }
    }

    fn index_script(html: u64) -> String {
        let pages: Vec<String> = (0..40).map(|page| format!("page-{page}.html")).collect();
        let texts = ["common", "common odd"];
        let made = texts.map(made);
        let mut index = SearchIndex::default();
        for (number, page) in pages.iter().enumerate() {
            index.add_chapter(&format!("Page {number}"), page, &made[number % 2]);
        }
        let place = |page: &str| pages.iter().position(|known| known == page).unwrap();
        index.into_script(html, |page| Ok(texts[place(page) % 2].into())).unwrap()
    }

    #[test]
    fn words_lead_to_the_pages_they_stand_on() {
        let script = index_script(1_000_000);
        assert!(script.starts_with("window.isoproofIndex={"), "{script}");
        assert!(script.contains("odd 1 2 2 2"), "{script}");
        assert!(script.contains(r#"["Boot log","page-3.html#boot-log"]"#), "{script}");
    }

    #[test]
    fn the_index_is_at_most_a_twentieth_of_the_html_and_leaves_out_the_commonest_words_first() {
        let whole = index_script(1_000_000).len() as u64;
        for html in [whole * 20 - 1_000, whole * 10, 20_000, 100] {
            let script = index_script(html);
            assert!(script.len() as u64 <= (html / 20).max(250), "{} of {html}", script.len());
        }
        let mut smaller = (0..4_000).map(|less| index_script((whole + 500 - less) * 20));
        let cut = smaller.find(|script| !script.contains("common 0")).unwrap();
        assert!(cut.contains("odd 1"), "{cut}");
    }

    #[test]
    fn ids_and_long_tokens_are_no_words_to_search_for() {
        assert_eq!(
            search_words(
                "The Kernel's cceea3a6 build 6.12.47, sha256:4bcec8f4443d \
                   averyveryveryverylongtokenindeed 1732382020 HTTP 503 ümläut facade"
            ),
            "the kernel build 12 47 sha256 http 503 ümläut facade"
        );
    }

    #[test]
    fn a_sentence_without_spaces_is_known_by_its_pairs_of_letters() {
        assert_eq!(search_words("内核隔离 x, カタ Kata"), "内核 核隔 隔离 カタ kata");
    }
}
