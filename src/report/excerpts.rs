//! Parts of texts that are printed into another text: notes, and sections of chapters.
//!
//! In its new place a part has to say what it said in its own, and nothing more. So raw HTML and
//! links that may not be followed are dropped, links by reference carry their address themselves,
//! and footnotes get labels that no other part has. This is done to the parsed text, because a
//! cut through its characters can leave a tag or a link that was none before; and what comes out
//! is parsed again before it is printed.

use std::collections::BTreeMap;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, LinkType, Parser, Tag, TagEnd};

use super::{escape, markdown};

/// How deep quotations and lists may stand in each other where they are written anew: each line is
/// then written with the marks of all that it stands in.
const MAX_NESTING: usize = 20;

/// Somebody's own words, to be printed into another text. `name` begins the labels of footnotes.
pub fn print_note(text: &str, name: &str) -> String {
    let source = MarkdownSource::parse_markdown(text);
    source.print_part(0..source.events.len(), 0, name)
}

/// The section of a text under the heading with this anchor, without the heading itself, with
/// the headings inside moved so that the highest is of level `top`; none if there is no such
/// heading. `name` begins the labels of footnotes.
pub fn extract_section(text: &str, anchor: &str, top: u8, name: &str) -> Option<String> {
    let source = MarkdownSource::parse_markdown(text);
    let headings = source.list_headings();
    let index = headings.iter().position(|heading| heading.id == anchor)?;
    let level = headings[index].level;
    let next = headings[index + 1..].iter().find(|heading| heading.level <= level);
    let end = next.map_or(source.events.len(), |next| next.events.start);
    let shift = i16::from(top) - i16::from(level) - 1;
    Some(source.print_part(headings[index].events.end..end, shift, name))
}

struct MarkdownSource<'a> {
    text: &'a str,
    events: Vec<(Event<'a>, Range<usize>)>,
    /// Where addresses are given for links by reference.
    addresses: Vec<Range<usize>>,
    /// The events of each footnote by its label; of two with one label, those of the first.
    footnotes: BTreeMap<String, Range<usize>>,
}

/// A heading that stands in no list and no quotation.
struct TopHeading {
    level: u8,
    id: String,
    events: Range<usize>,
}

impl<'a> MarkdownSource<'a> {
    fn parse_markdown(text: &'a str) -> Self {
        let parser = Parser::new_ext(text, markdown::markdown_options());
        let addresses = parser.reference_definitions().iter();
        let addresses = addresses.map(|(_, definition)| definition.span.clone()).collect();
        let events: Vec<_> = parser.into_offset_iter().collect();
        let mut footnotes = BTreeMap::new();
        let mut open = Vec::new();
        for (index, (event, _)) in events.iter().enumerate() {
            match event {
                Event::Start(Tag::FootnoteDefinition(label)) => open.push((label, index)),
                Event::End(TagEnd::FootnoteDefinition) => {
                    if let Some((label, start)) = open.pop() {
                        footnotes.entry(label.to_lowercase()).or_insert(start..index + 1);
                    }
                }
                _ => {}
            }
        }
        Self { text, events, addresses, footnotes }
    }

    fn list_headings(&self) -> Vec<TopHeading> {
        let mut headings = Vec::new();
        let mut depth = 0;
        let mut start = 0;
        let mut content = String::new();
        for (index, (event, _)) in self.events.iter().enumerate() {
            match event {
                Event::Start(Tag::Heading { .. }) if depth == 0 => {
                    start = index;
                    content.clear();
                }
                Event::End(TagEnd::Heading(level)) if depth == 1 => {
                    let (level, id) = (*level as u8, markdown::heading_slug(&content));
                    headings.push(TopHeading { level, id, events: start..index + 1 });
                }
                Event::Text(text) | Event::Code(text) => content.push_str(text),
                _ => {}
            }
            depth += match event {
                Event::Start(_) => 1,
                Event::End(_) => -1,
                _ => 0,
            };
        }
        headings
    }

    /// The part of these events as it was written, if it can stand elsewhere like that; else
    /// written anew. Headings are moved down by `shift` levels.
    fn print_part(&self, part: Range<usize>, shift: i16, name: &str) -> String {
        let start = part.start.checked_sub(1).map_or(0, |before| self.events[before].1.end);
        let end = self.events.get(part.end).map_or(self.text.len(), |(_, range)| range.start);
        let read = |is_plain| {
            let mut rewriter = EventRewriter { is_plain, ..EventRewriter::new(name, shift) };
            rewriter.rewrite_with_footnotes(self, part.clone());
            let is_moved = rewriter.drops || rewriter.renames;
            (is_moved, rewriter.finish_events())
        };
        let (is_changed, events) = read(false);
        let has_addresses = self.addresses.iter().any(|at| start <= at.start && at.start < end);
        if !is_changed
            && !has_addresses
            && let Some(kept) = self.keep_written(&part, start..end, shift)
            && means_same(kept.trim(), &events, name)
        {
            return kept.trim().to_string();
        }
        // Where something was dropped, what is left of emphasis may have no form.
        if nesting_depth(&events) <= MAX_NESTING
            && let Some(written) =
                write_markdown(&events, name).or_else(|| write_markdown(&read(true).1, name))
        {
            return written;
        }
        // What cannot be written as Markdown is shown as it was typed.
        let lines: Vec<String> = self.text[start..end].trim().lines().map(String::from).collect();
        escape::fenced_block("text", &lines)
    }

    /// The characters of a part with its headings moved; none if one of them has no mark that
    /// says its level.
    fn keep_written(&self, part: &Range<usize>, place: Range<usize>, shift: i16) -> Option<String> {
        let mut out = String::new();
        let mut from = place.start;
        for (event, range) in self.events[part.clone()].iter().filter(|_| shift != 0) {
            let Event::Start(Tag::Heading { level, .. }) = event else { continue };
            let heading = &self.text[range.clone()];
            if !heading.starts_with('#') {
                return None;
            }
            out.push_str(&self.text[from..range.start]);
            out.push_str(&"#".repeat(shift_level(*level, shift) as usize));
            out.push_str(heading.trim_start_matches('#'));
            from = range.end;
        }
        out.push_str(&self.text[from..place.end]);
        Some(out)
    }
}

/// How deep quotations and lists stand in each other at most.
fn nesting_depth(events: &[Event]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for event in events {
        match event {
            Event::Start(Tag::BlockQuote(_) | Tag::Item) => depth += 1,
            Event::End(TagEnd::BlockQuote(_) | TagEnd::Item) => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// The Markdown that says what these events say, wherever it is printed.
fn write_markdown(events: &[Event], name: &str) -> Option<String> {
    let mut written = String::new();
    pulldown_cmark_to_cmark::cmark(events.iter(), &mut written, markdown::markdown_options())
        .ok()?;
    let written = written.trim();
    means_same(written, events, name).then(|| written.to_string())
}

/// Whether a text says what these events say, wherever it is printed: between two paragraphs, it
/// changes neither and adds nothing.
fn means_same(text: &str, events: &[Event], name: &str) -> bool {
    let text = format!("before\n\n{text}\n\nafter\n");
    let source = MarkdownSource::parse_markdown(&text);
    let mut rewriter = EventRewriter::new(name, 0);
    rewriter.rewrite_with_footnotes(&source, 0..source.events.len());
    let paragraph = |text: &'static str| {
        [Event::Start(Tag::Paragraph), Event::Text(text.into()), Event::End(TagEnd::Paragraph)]
    };
    let wanted = paragraph("before").into_iter().chain(events.iter().cloned());
    let wanted = wanted.chain(paragraph("after"));
    !rewriter.drops && source.addresses.is_empty() && wanted.eq(rewriter.finish_events())
}

fn shift_level(level: HeadingLevel, shift: i16) -> HeadingLevel {
    let level = (level as i16 + shift).clamp(1, 6);
    HeadingLevel::try_from(usize::try_from(level).unwrap_or(1)).unwrap_or(HeadingLevel::H6)
}

/// Takes events over, without what may not be printed, in the one form in which they can be
/// compared.
#[derive(Default)]
struct EventRewriter<'a> {
    prefix: String,
    shift: i16,
    events: Vec<Event<'a>>,
    drops: bool,
    /// Whether something refers to another place of its text, and so was named anew.
    renames: bool,
    /// The labels of footnotes in the order in which they are met, and their numbers.
    labels: Vec<String>,
    numbers: BTreeMap<String, usize>,
    /// Whether each open link or picture is kept.
    links: Vec<bool>,
    is_in_code: bool,
    is_in_table: bool,
    /// Whether emphasis is left out.
    is_plain: bool,
}

impl<'a> EventRewriter<'a> {
    fn new(name: &str, shift: i16) -> Self {
        Self { prefix: label_prefix(name), shift, ..Self::default() }
    }

    /// Takes over a part of a text, and the footnotes that it refers to and that stand elsewhere.
    fn rewrite_with_footnotes(&mut self, source: &MarkdownSource<'a>, part: Range<usize>) {
        for (event, _) in &source.events[part.clone()] {
            self.take_event(event.clone());
        }
        let mut next = 0;
        while let Some(label) = self.labels.get(next) {
            let footnote = source.footnotes.get(label).filter(|at| !part.contains(&at.start));
            for (event, _) in footnote.into_iter().flat_map(|at| &source.events[at.clone()]) {
                self.take_event(event.clone());
            }
            next += 1;
        }
    }

    fn take_event(&mut self, event: Event<'a>) {
        match event {
            Event::InlineHtml(html) if markdown::is_line_break(&html) => {
                self.drops = true;
                // A cell has one line.
                match self.is_in_table {
                    true => self.push_text(" ".into()),
                    false => self.take_event(Event::HardBreak),
                }
            }
            Event::Html(_) | Event::InlineHtml(_) => self.drops = true,
            Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => self.drops = true,
            Event::Start(Tag::Link { link_type, dest_url, title, .. }) => {
                if self.open_link(link_type, &dest_url) {
                    let (link_type, id) = (inline_link_type(link_type), "".into());
                    self.push_event(Event::Start(Tag::Link { link_type, dest_url, title, id }));
                }
            }
            Event::Start(Tag::Image { link_type, dest_url, title, .. }) => {
                if self.open_link(link_type, &dest_url) {
                    let (link_type, id) = (inline_link_type(link_type), "".into());
                    self.push_event(Event::Start(Tag::Image { link_type, dest_url, title, id }));
                }
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                if self.links.pop().unwrap_or(true) {
                    self.push_event(event);
                }
            }
            Event::FootnoteReference(label) => {
                let label = self.rename_footnote(&label);
                self.push_event(Event::FootnoteReference(label.into()));
            }
            Event::Start(Tag::FootnoteDefinition(label)) => {
                let label = self.rename_footnote(&label);
                self.start_block(Tag::FootnoteDefinition(label.into()));
            }
            Event::Start(Tag::Heading { level, id, classes, attrs }) => {
                let level = shift_level(level, self.shift);
                self.start_block(Tag::Heading { level, id, classes, attrs });
            }
            Event::End(TagEnd::Heading(level)) => {
                self.end_block(TagEnd::Heading(shift_level(level, self.shift)));
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                self.is_in_code = true;
                let kind = match kind {
                    CodeBlockKind::Indented => CodeBlockKind::Fenced("".into()),
                    kind => kind,
                };
                self.start_block(Tag::CodeBlock(kind));
            }
            Event::End(TagEnd::CodeBlock) => {
                self.is_in_code = false;
                // The last line of one that is never closed has no end.
                let last = self.events.last();
                if matches!(last, Some(Event::Text(text)) if !text.ends_with('\n')) {
                    self.push_event(Event::Text("\n".into()));
                }
                self.push_event(event);
            }
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough) => {
                if !self.is_plain {
                    self.push_event(event);
                }
            }
            Event::End(end @ (TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough)) => {
                if !self.is_plain {
                    self.end_element(end);
                }
            }
            Event::Start(tag) => {
                self.is_in_table |= matches!(tag, Tag::Table(_));
                self.start_block(tag);
            }
            Event::End(end) => {
                self.is_in_table &= end != TagEnd::Table;
                self.end_block(end);
            }
            Event::Text(text) => self.push_text(text),
            Event::SoftBreak | Event::HardBreak => {
                self.trim_spaces();
                if !self.is_at_start_of_line() {
                    self.push_event(event);
                }
            }
            event => self.push_event(event),
        }
    }

    fn push_event(&mut self, event: Event<'a>) {
        self.events.push(event);
    }

    fn open_link(&mut self, link_type: LinkType, url: &str) -> bool {
        let is_kept = markdown::is_allowed_link(url);
        self.drops |= !is_kept;
        self.renames |= inline_link_type(link_type) != link_type;
        self.links.push(is_kept);
        is_kept
    }

    /// The label of a footnote that no other part has.
    fn rename_footnote(&mut self, label: &str) -> String {
        self.renames = true;
        let label = label.to_lowercase();
        let next = self.labels.len() + 1;
        let number = *self.numbers.entry(label).or_insert_with_key(|label| {
            self.labels.push(label.clone());
            next
        });
        format!("{}-{number}", self.prefix)
    }

    fn start_block(&mut self, tag: Tag<'a>) {
        self.trim_line();
        self.push_event(Event::Start(tag));
    }

    fn end_block(&mut self, end: TagEnd) {
        self.trim_line();
        self.end_element(end);
    }

    /// Ends an element; one of text that holds nothing is left out.
    fn end_element(&mut self, end: TagEnd) {
        let is_text = matches!(
            end,
            TagEnd::Paragraph | TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough
        );
        match self.events.last() {
            Some(Event::Start(start)) if is_text && start.to_end() == end => {
                self.events.pop();
            }
            _ => self.push_event(Event::End(end)),
        }
    }

    fn push_text(&mut self, text: CowStr<'a>) {
        let is_at_start = !self.is_in_code && self.is_at_start_of_line();
        let text = match text.trim_start_matches(SPACES) {
            rest if is_at_start && rest.len() < text.len() => rest.to_string().into(),
            _ => text,
        };
        if !text.is_empty() {
            self.push_event(Event::Text(text));
        }
    }

    /// Whether a line of text begins here.
    fn is_at_start_of_line(&self) -> bool {
        match self.events.last() {
            None | Some(Event::SoftBreak | Event::HardBreak | Event::Rule) => true,
            Some(Event::TaskListMarker(_)) => true,
            Some(Event::Start(tag)) => !is_inline(&tag.to_end()),
            Some(Event::End(end)) => !is_inline(end),
            _ => false,
        }
    }

    fn trim_spaces(&mut self) {
        while let Some(Event::Text(text)) = self.events.last_mut() {
            let kept = text.trim_end_matches(SPACES);
            if !kept.is_empty() {
                *text = kept.to_string().into();
                break;
            }
            self.events.pop();
        }
    }

    /// Removes spaces and line breaks at the end of a block of text.
    fn trim_line(&mut self) {
        self.trim_spaces();
        while matches!(self.events.last(), Some(Event::SoftBreak | Event::HardBreak)) {
            self.events.pop();
        }
    }

    fn finish_events(self) -> Vec<Event<'a>> {
        let mut events = Vec::with_capacity(self.events.len());
        let mut line = String::new();
        for event in self.events {
            match event {
                Event::Text(text) => line.push_str(&text),
                event => {
                    if !line.is_empty() {
                        events.push(Event::Text(std::mem::take(&mut line).into()));
                    }
                    events.push(event);
                }
            }
        }
        events
    }
}

const SPACES: [char; 2] = [' ', '\t'];

/// A name in characters of which no label of a footnote makes anything else.
fn label_prefix(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c {
            'a'..='z' | '0'..='9' | '-' => out.push(c),
            c => out.push_str(&format!("_{:x}_", u32::from(c))),
        }
    }
    out
}

/// The form of a link that carries its address itself.
fn inline_link_type(link_type: LinkType) -> LinkType {
    match link_type {
        LinkType::Autolink | LinkType::Email => link_type,
        _ => LinkType::Inline,
    }
}

fn is_inline(end: &TagEnd) -> bool {
    matches!(
        end,
        TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_can_stand_elsewhere_is_printed_as_it_was_written() {
        for text in [
            "My *words*,  and `<b>`.\n\n* a\n* b [c](d.md)\n\n| a | b |\n| --- | :-: |\n| 1 | 2 |",
            "# A\n\nB\n==\n\n```rust\n<b>\n```\n\n1) one\n\n   two",
            "",
        ] {
            assert_eq!(print_note(text, "n"), text);
        }
    }

    #[test]
    fn a_note_loses_html_and_forbidden_links_and_keeps_the_rest() {
        let text = "My *words* <img src=x onerror=y> and `<b>`.\n\n<script>\nx\n</script>\n\n[a](javascript:b) [c](d.md)\n";
        assert_eq!(print_note(text, "n"), "My *words*  and `<b>`.\n\na [c](d.md)");
        assert_eq!(
            print_note("<!-- not shown\n\nat all -->\n\nA<br>b **c <b></b>** d", "n"),
            "A  \nb c  d"
        );
        assert_eq!(print_note("| a |\n| - |\n| 52<br>332 |", "n"), "|a|\n|-|\n|52 332|");
    }

    #[test]
    fn cutting_html_out_makes_no_tag_and_no_link() {
        let text = "a <<b>script>alert(1)<</b>/script> b <<i>img src=x onerror=alert(1)> c [x](<<b>javascript:alert(1)>) d\n\n\
                    [r]: javascript:alert(1)\n[click][r] and [click] and <javascript:alert(1)> ![i][r]\n";
        assert_eq!(
            print_note(text, "n"),
            "a \\<script>alert(1)\\</script> b \\<img src=x onerror=alert(1)> c \\[x\\](\\<javascript:alert(1)>) d\n\n\
             click and \\[click\\] and javascript:alert(1) i"
        );
    }

    #[test]
    fn links_by_reference_carry_their_address() {
        let text = "[a], [b][a] and ![c][a]; [d]\n\n[a]: x.md \"title\"\n";
        let printed = "[a](x.md \"title\"), [b](x.md \"title\") and ![c](x.md \"title\"); \\[d\\]";
        assert_eq!(print_note(text, "n"), printed);
        // An address that nothing refers to would be one for the text around it.
        assert_eq!(print_note("b\n\n[a]: x.md", "n"), "b");
    }

    #[test]
    fn footnotes_of_two_notes_have_labels_of_their_own() {
        let text = "One.[^1] Two.[^x]\n\n[^x]: second\n\n[^1]: first\n";
        assert_eq!(
            print_note(text, "own-task-1"),
            "One.[^own-task-1-1] Two.[^own-task-1-2]\n\n[^own-task-1-2]: second\n\n[^own-task-1-1]: first"
        );
        assert_eq!(print_note("a[^1]\n\n[^1]: b", "A b"), "a[^_41__20_b-1]\n\n[^_41__20_b-1]: b");
    }

    #[test]
    fn a_fence_that_is_left_open_takes_in_nothing_of_the_text_around() {
        assert_eq!(print_note("a\n\n```\nb", "n"), "a\n\n````\nb\n````");
        assert_eq!(print_note("a\n\n<!--\nb", "n"), "a");
    }

    #[test]
    fn a_section_comes_without_its_heading_and_with_its_own_moved() {
        let text = "# T\n\nintro\n\n## Escape\n\nx\n\n### Under runc\n\ny\n\n## Next\n\nz\n";
        let moved = "x\n\n#### Under runc\n\ny";
        assert_eq!(extract_section(text, "escape", 4, "n").unwrap(), moved);
        assert_eq!(extract_section(text, "none", 4, "n"), None);
        let text = "## Escape\n\nx\n\nUnder runc\n---\n\ny\n";
        assert_eq!(extract_section(text, "escape", 2, "n").unwrap(), "x");
        let text = "Escape\n===\n\nx\n\nUnder runc\n---\n\ny\n";
        assert_eq!(extract_section(text, "escape", 4, "n").unwrap(), moved);
    }

    #[test]
    fn what_is_nested_deeply_is_shown_as_it_was_typed() {
        for mark in ["> ", ">", "- ", "1. > "] {
            let text = format!("a <b>tag</b>\n\n{}text\n", mark.repeat(5000));
            let printed = print_note(&text, "n");
            assert!(printed.len() < 2 * text.len(), "{mark}: {}", printed.len());
            assert!(printed.contains("text"));
        }
    }

    #[test]
    fn a_section_has_the_footnotes_and_addresses_that_stand_elsewhere_in_its_chapter() {
        let text = "# T\n\n[a]: x.md\n\n## A\n\nb[^1] [a]\n\n> ## C\n\nd\n\n## E\n\n[^1]: f[^2]\n\n[^2]: g\n";
        assert_eq!(
            extract_section(text, "a", 3, "n").unwrap(),
            "b[^n-1] [a](x.md)\n\n > \n > ## C\n\nd\n\n[^n-1]: f[^n-2]\n\n[^n-2]: g"
        );
    }

    /// Text of pieces that mean something, alone or together.
    fn nasty() -> impl Strategy<Value = String> {
        let pieces = prop::sample::select(vec![
            "a",
            "é",
            "b c",
            "\n",
            "\n\n",
            " ",
            "    ",
            "\t",
            "\r",
            "*",
            "**",
            "_",
            "`",
            "``",
            "```\n",
            "~~~\n",
            "~~",
            "[",
            "]",
            "(",
            ")",
            "](x)",
            "![",
            "[r]",
            "[r][]",
            "[x][r]",
            "\n\n[r]: ",
            "\n[r]: javascript:a\n",
            "\n[^1]: ",
            "[^1]",
            "[^r]",
            "<",
            "<b>",
            "</b>",
            "<br>",
            ">",
            "> ",
            "- ",
            "1. ",
            "# ",
            "---\n",
            "|",
            "\n| - | - |\n",
            "\\",
            "&lt;",
            "&#60;",
            "&",
            "&colon;",
            "&Tab;",
            "&#10;",
            "&#x6a;",
            "!",
            "<!-- ",
            "-->",
            "<a@b.c>",
            "<http://x>",
            "\n<div>\n",
            "<img src=x onerror=y>",
            "<script>",
            "</script>",
            "<![CDATA[",
            "]]>",
            "<?x",
            "?>",
            "<!A",
            "- [x] ",
            "=",
            "{",
            "$",
            "^",
            "\"",
            "'",
            "javascript:",
            "JaVaScRiPt:",
            "java\tscript:",
            "\u{1}javascript:",
            "vbscript:x",
            "data:text/html,x",
            "file:///x",
            "//x.y",
            "/\\x.y",
            "http://x",
            "mailto:a@b",
            ":",
            "//",
            "\u{202e}",
            "\u{a0}",
        ]);
        prop::collection::vec(pieces, 0..16).prop_map(|pieces| pieces.concat())
    }

    /// Checks what has to be true of a text into which others are printed.
    fn check(text: &str) -> Result<(), TestCaseError> {
        let parser = Parser::new_ext(text, markdown::markdown_options());
        prop_assert_eq!(parser.reference_definitions().iter().count(), 0, "{}", text);
        for event in parser {
            match event {
                Event::Html(html) | Event::InlineHtml(html) => {
                    prop_assert!(false, "{html:?} in {text:?}");
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    let url: String = dest_url.chars().filter(|c| *c > ' ').collect();
                    let url = url.to_lowercase().replace('\\', "/");
                    let first = url.split(['/', '?', '#']).next().unwrap_or_default();
                    let scheme = first.split_once(':').map(|(scheme, _)| scheme);
                    let is_known =
                        scheme.is_none_or(|it| ["http", "https", "mailto"].contains(&it));
                    prop_assert!(is_known && !url.starts_with("//"), "{dest_url:?} in {text:?}");
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Blocks of Markdown that are no text of the author's.
    fn frame(note: &str) -> String {
        format!(
            "# T\n\nbefore [r] [^1]\n\n{note}\n\n```text\n<script>x</script>\n```\n\nafter [r] [^r] \\<b>\n"
        )
    }

    fn events(text: &str) -> Vec<Event<'_>> {
        Parser::new_ext(text, markdown::markdown_options()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn a_printed_note_holds_no_html_and_no_foreign_scheme(text in nasty()) {
            let printed = frame(&print_note(&text, "own-a"));
            check(&printed)?;
            // Nor does it change the text around it.
            let (printed, alone) = (events(&printed), events("# T\n\nbefore [r] [^1]\n"));
            prop_assert_eq!(&printed[..alone.len()], &alone[..]);
            let end = frame("");
            let end = &events(&end)[alone.len()..];
            prop_assert_eq!(&printed[printed.len() - end.len()..], end);
        }

        #[test]
        fn a_printed_section_holds_no_html_and_no_foreign_scheme(before in nasty(), text in nasty(), after in nasty()) {
            let text = format!("{before}\n\n# Zz\n\n{text}\n\n# Next\n\n{after}");
            if let Some(section) = extract_section(&text, "zz", 3, "n") {
                check(&frame(&section))?;
            }
        }
    }
}
