//! What stands on a page: where it leads, what can be linked on it, and its words.
//!
//! A rendered text says so itself. What a template made of it is read, because a project may have
//! templates of its own.
//!
//! A tokenizer of all of HTML took a third of a build. Of a page that the program made, tags,
//! attributes, comments, references to characters and text that is no markup are enough; a test
//! holds what is read against such a tokenizer.

use std::borrow::Cow;

use hashbrown::HashSet;
use html_escape::decode_html_entities;
use memchr::memchr;

use crate::report::markdown::{KnownPlace, TextPart};

/// What stands on a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PageScan<'h> {
    /// The ids.
    pub ids: HashSet<Cow<'h, str>>,
    /// The ids that stand more than once.
    pub twice: HashSet<Cow<'h, str>>,
    /// Where links, style sheets, scripts and pictures lead, as it is written; but for links to
    /// the element with an id that stands last before them, which is there.
    pub links: HashSet<Cow<'h, str>>,
    /// The text of `main`, without navigation and evidence.
    pub text: String,
    /// Its headings of the second and third level that can be linked: id and text.
    pub headings: Vec<(String, String)>,
}

impl<'h> PageScan<'h> {
    /// Looks at what a template made; keeps no text.
    pub(super) fn scan_page(html: &'h str) -> Self {
        let mut scanner = PageScanner::new(false);
        scanner.read_piece(html);
        scanner.scan
    }
}

/// What was seen of the page so far.
#[derive(Default)]
pub(super) struct PageScanner<'h> {
    /// What is known of it.
    pub scan: PageScan<'h>,
    with_text: bool,
    in_main: bool,
    /// How many elements are open whose text is not that of the page.
    aside: u32,
    /// The heading that is open, where one is.
    heading: Option<(String, String)>,
    /// The id that was seen last, as it is written.
    last_id: &'h str,
}

impl<'h> PageScanner<'h> {
    /// Has seen nothing; keeps text only if `with_text`.
    pub(super) fn new(with_text: bool) -> Self {
        // A page has some fifty links of its frame.
        let scan = PageScan { links: HashSet::with_capacity(64), ..PageScan::default() };
        Self { scan, with_text, ..Self::default() }
    }

    /// Reads a piece that a template made, which ends in no tag.
    pub(super) fn read_piece(&mut self, html: &'h str) {
        // A page with evidence has an id on each line of it.
        self.scan.ids.reserve(html.len() / 256);
        let mut rest = html;
        while let Some(at) = memchr(b'<', rest.as_bytes()) {
            self.take_text(&rest[..at]);
            rest = self.take_markup(&rest[at + 1..]);
        }
        self.take_text(rest);
    }

    /// Takes up what is known of a part of a text that stands here.
    pub(super) fn take_part(&mut self, part: TextPart<'h>) {
        for place in part.list_places() {
            match place {
                KnownPlace::Id(id) => self.add_id(id),
                KnownPlace::Link(link) => drop(self.scan.links.insert(link)),
                KnownPlace::Drawn(html) => self.read_piece(html),
            }
        }
        if !self.is_wanted() {
            return;
        }
        self.scan.text.push_str(part.words);
        let sections = part.headings.iter().filter(|heading| matches!(heading.level, 2 | 3));
        let sections = sections.map(|heading| (heading.id.clone(), heading.text.clone()));
        self.scan.headings.extend(sections);
    }

    /// Takes up an id.
    pub(super) fn add_id(&mut self, id: Cow<'h, str>) {
        if let Some(id) = self.scan.ids.replace(id) {
            self.scan.twice.insert(id);
        }
    }

    /// Whether text that comes now is that of the page.
    fn is_wanted(&self) -> bool {
        self.with_text && self.in_main && self.aside == 0
    }

    fn take_text(&mut self, text: &str) {
        if text.is_empty() || !self.is_wanted() {
            return;
        }
        let text = decode_references(text);
        if let Some((_, heading)) = &mut self.heading {
            heading.push_str(&text);
        }
        for word in text.split_whitespace() {
            self.scan.text.push_str(word);
            self.scan.text.push(' ');
        }
    }

    /// Takes what follows a `<`; gives what comes after it.
    fn take_markup(&mut self, markup: &'h str) -> &'h str {
        match markup.as_bytes() {
            [b'!', ..] if markup.starts_with("!--") => text_after(&markup[1..], "-->"),
            [b'/', b'a'..=b'z' | b'A'..=b'Z', ..] => {
                let (name, attributes) = split_name(&markup[1..]);
                self.end_element(name);
                after_bare_tag(attributes).unwrap_or_else(|| read_attributes(attributes, |_, _| ()))
            }
            [b'!' | b'?' | b'/', ..] => text_after(markup, ">"),
            [b'a'..=b'z' | b'A'..=b'Z', ..] => {
                let (name, attributes) = split_name(markup);
                self.begin_element(name);
                let rest = after_bare_tag(attributes).unwrap_or_else(|| {
                    read_attributes(attributes, |name, value| self.take_attribute(name, value))
                });
                after_plain_text(name, rest)
            }
            _ => {
                self.take_text("<");
                markup
            }
        }
    }

    fn begin_element(&mut self, name: &str) {
        if !self.with_text {
            return;
        }
        self.in_main |= name.eq_ignore_ascii_case("main");
        self.aside += u32::from(is_aside(name));
        if self.is_wanted() && is_section_heading(name) {
            self.heading = Some(Default::default());
        }
    }

    fn end_element(&mut self, name: &str) {
        if !self.with_text {
            return;
        }
        if is_section_heading(name) {
            let heading = self.heading.take().filter(|(id, _)| !id.is_empty());
            self.scan.headings.extend(heading);
        }
        self.in_main &= !name.eq_ignore_ascii_case("main");
        self.aside = self.aside.saturating_sub(u32::from(is_aside(name)));
    }

    fn take_attribute(&mut self, name: &str, value: &'h str) {
        if name.eq_ignore_ascii_case("id") {
            self.last_id = value;
            let id = decode_references(value);
            if let Some((known, _)) = self.heading.as_mut().filter(|(id, _)| id.is_empty()) {
                *known = id.to_string();
            }
            self.add_id(id);
        } else if ["href", "src"].iter().any(|link| name.eq_ignore_ascii_case(link))
            && value.strip_prefix('#') != Some(self.last_id)
        {
            self.scan.links.insert(decode_references(value));
        }
    }
}

/// A text with what its references to characters mean; most have none.
fn decode_references(text: &str) -> Cow<'_, str> {
    match memchr(b'&', text.as_bytes()) {
        Some(_) => decode_html_entities(text),
        None => text.into(),
    }
}

/// Elements whose text is not searched.
fn is_aside(name: &str) -> bool {
    ["nav", "pre", "figure", "svg"].iter().any(|aside| name.eq_ignore_ascii_case(aside))
}

fn is_section_heading(name: &str) -> bool {
    ["h2", "h3"].iter().any(|heading| name.eq_ignore_ascii_case(heading))
}

/// What comes after the next `end`; nothing if there is none.
fn text_after<'h>(text: &'h str, end: &str) -> &'h str {
    text.find(end).map_or("", |at| &text[at + end.len()..])
}

/// The name of a tag, and what follows it.
fn split_name(tag: &str) -> (&str, &str) {
    tag.split_at(find_byte(tag.as_bytes(), 0, |byte| {
        byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>')
    }))
}

/// What comes after a tag that has no attributes.
fn after_bare_tag(attributes: &str) -> Option<&str> {
    // Not by `strip_prefix`, which has the library compare the one byte.
    (attributes.as_bytes().first() == Some(&b'>')).then(|| &attributes[1..])
}

/// Reads the attributes of a tag: name, and value as it is written. Gives what comes after the tag.
fn read_attributes<'h>(tag: &'h str, mut take: impl FnMut(&'h str, &'h str)) -> &'h str {
    let bytes = tag.as_bytes();
    let mut at = 0;
    loop {
        at = find_byte(bytes, at, |byte| !(byte.is_ascii_whitespace() || byte == b'/'));
        match bytes.get(at) {
            None => return "",
            Some(b'>') => return &tag[at + 1..],
            Some(_) => {}
        }
        // A `=` in front belongs to the name.
        let begin = at;
        at = find_byte(bytes, at + 1, |byte| {
            byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'=')
        });
        let name = &tag[begin..at];
        let sign = find_byte(bytes, at, |byte| !byte.is_ascii_whitespace());
        if bytes.get(sign) != Some(&b'=') {
            take(name, "");
            continue;
        }
        let begin = find_byte(bytes, sign + 1, |byte| !byte.is_ascii_whitespace());
        match bytes.get(begin) {
            Some(&quote @ (b'"' | b'\'')) => {
                let rest = &tag[begin + 1..];
                // The page ends in it, and so does the tag.
                let Some(end) = memchr(quote, rest.as_bytes()) else { return "" };
                take(name, &rest[..end]);
                at = begin + end + 2;
            }
            _ => {
                at = find_byte(bytes, begin, |byte| byte.is_ascii_whitespace() || byte == b'>');
                take(name, &tag[begin..at]);
            }
        }
    }
}

/// The place of the first byte from one on that is meant, or the end.
#[inline(always)]
fn find_byte(bytes: &[u8], from: usize, is_meant: impl Fn(u8) -> bool) -> usize {
    let mut at = from;
    while at < bytes.len() && !is_meant(bytes[at]) {
        at += 1;
    }
    at
}

/// What comes after the text of an element in which nothing is markup but its own end.
fn after_plain_text<'h>(name: &str, rest: &'h str) -> &'h str {
    const PLAIN: [&str; 7] = ["title", "textarea", "script", "style", "xmp", "iframe", "noframes"];
    if !PLAIN.iter().any(|plain| name.eq_ignore_ascii_case(plain)) {
        return rest;
    }
    let mut from = 0;
    while let Some(at) = rest[from..].find("</") {
        let tag = &rest[from + at + 2..];
        if split_name(tag).0.eq_ignore_ascii_case(name) {
            return &rest[from + at..];
        }
        from += at + 2;
    }
    ""
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::convert::Infallible;

    use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
    use html5gum::{Span, Tokenizer};
    use proptest::prelude::*;

    use super::*;
    use crate::report::fact_links::FactLinks;
    use crate::report::markdown::{self, RenderedText};
    use crate::site::links::resolve_link;
    use crate::text::join_words;

    fn sort_texts<'a>(set: &'a HashSet<Cow<str>>) -> Vec<&'a str> {
        let mut list: Vec<&str> = set.iter().map(|text| &**text).collect();
        list.sort_unstable();
        list
    }

    #[test]
    fn ids_links_and_text_are_found_and_markup_in_text_is_not_taken_for_some() {
        let mut scanner = PageScanner::new(true);
        scanner.read_piece(
            "<title><a href=\"no\"></title><nav>skip</nav><main id=\"m\">A &lt;b&gt; \
             <h2 id=h>A <i>b</i></h2><a id='x' href=y.html>z</a><pre><i id=x>not</i></pre>\
             <script>if (1</3) x</script><!-- <a href=no> --><img src=\"p.png\"></main>end",
        );
        let scan = scanner.scan;
        assert_eq!(sort_texts(&scan.ids), ["h", "m", "x"]);
        assert_eq!(scan.headings, [("h".to_string(), "A b".to_string())]);
        assert_eq!(sort_texts(&scan.twice), ["x"]);
        assert_eq!(sort_texts(&scan.links), ["p.png", "y.html"]);
        assert_eq!(scan.text.split_whitespace().collect::<Vec<_>>(), ["A", "<b>", "A", "b", "z"]);
    }

    fn render_chapter_text(text: &str) -> RenderedText {
        let draw = |info: &str, content: &str| {
            let figure =
                format!("<figure id=\"d{}\"><a href=\"d.html#x\">no</a></figure>\n", content.len());
            (info == "draw").then_some(figure)
        };
        markdown::to_html(text, &FactLinks::default(), &draw)
    }

    proptest! {
        #[test]
        fn a_rendered_text_says_of_itself_what_its_html_shows(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "word", " ", "\n", "\n\n", "- ", "> ", "*", "**", "~~", "`", "\\", "é", "  \n", "***\n", "&amp;", "<",
                "\n\n# A\n\n", "\n\n## A *b*\n\n", "\n\n### [c](d.md#e) `f`\n\n", "\n\n#### A\n\n", "<b>", "<br>",
                "[a](b.md \"t\")", "[x](<a b>)", "[é](ü.md#ö?&)", "![a *b*](d.png)", "<a@b.md>", "<https://a.b/?c&d>",
                "[r]", "\n\n[r]: z.md#a 'q'\n\n", "[no](javascript:x)", "[^n]", "\n\n[^n]: Note [m](n.md).\n\n", "[#](#a)",
                "\n\n```draw\nx\n```\n\n", "\n\n```\n<a href=no>\n```\n\n", "\n\n| a | [b](c.md) |\n| --- | --- |\n| 1 | `2` |\n\n",
                "\n- [x] task\n", "\t",
            ]), 0..30)
        ) {
            let source = pieces.concat();
            let text = render_chapter_text(&source);
            let (mut read, mut known) = (PageScanner::new(true), PageScanner::new(true));
            for (scanner, html) in [(&mut read, &*text.html), (&mut known, "")] {
                scanner.read_piece("<main>");
                scanner.read_piece(html);
            }
            text.split_title().into_iter().for_each(|part| known.take_part(part));
            let (read, known) = (read.scan, known.scan);
            prop_assert_eq!(sort_texts(&known.ids), sort_texts(&read.ids), "{}", source);
            prop_assert_eq!(sort_texts(&known.twice), sort_texts(&read.twice), "{}", source);
            prop_assert_eq!(join_words(&known.text), join_words(&read.text), "{}", source);
            let ids = |scan: &PageScan| scan.headings.iter().map(|h| h.0.clone()).collect::<Vec<_>>();
            prop_assert_eq!(ids(&known), ids(&read), "{}", source);
            let places = |scan: &PageScan| -> BTreeSet<_> {
                let place = |link: &Cow<str>| resolve_link("a/page.html", link, "/");
                let elsewhere = scan.links.iter().filter_map(place);
                elsewhere.filter(|(page, place)| page != "a/page.html" || !place.is_empty() && !scan.ids.contains(&**place)).collect()
            };
            prop_assert_eq!(places(&known), places(&read), "{}", source);
        }
    }

    /// The attributes of ids and links as a tokenizer of all of HTML reads them.
    fn attributes_by_standard(html: &str) -> (Vec<String>, Vec<String>) {
        let (mut ids, mut links) = (Vec::new(), Vec::new());
        let mut attribute = Vec::new();
        let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| {
            match event {
                CallbackEvent::AttributeName { name } => attribute = name.to_vec(),
                CallbackEvent::AttributeValue { value } => {
                    let value = String::from_utf8_lossy(value).into_owned();
                    match &attribute[..] {
                        b"id" => ids.push(value),
                        b"href" | b"src" => links.push(value),
                        _ => {}
                    }
                }
                _ => {}
            }
            None::<Infallible>
        });
        emitter.naively_switch_states(true);
        let _ = Tokenizer::new_with_emitter(html, emitter).next();
        for list in [&mut ids, &mut links] {
            list.sort_unstable();
            list.dedup();
        }
        (ids, links)
    }

    proptest! {
        #[test]
        fn ids_and_links_are_those_that_a_tokenizer_finds(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "<a href=\"b.html#c\">", "<A HREF='x y'>", "<p id=q>", "<p id = \"&lt;&#39;&eacute;\" class=''>",
                "<img src=p/q.png/>", "<br/>", "</a>", "</p class=no>", "</>", "</3 id=no>", "<3", "<", "text &amp; > x",
                "<!-- <p id=no> -->", "<!-->", "<!doctype html>", "<?x id=no?>", "<title>", "</title>",
                "<script>", "</script>", "<style>", "</STYLE >", "<p =id=no>", "<p a='>' id=z>", "<p/id=s>", "é", "\n",
            ]), 0..40)
        ) {
            // The end of a page in the middle of a tag is no page of ours.
            let html = format!("{}<b>", pieces.concat());
            let scan = PageScan::scan_page(&html);
            let (ids, links) = attributes_by_standard(&html);
            prop_assert_eq!(sort_texts(&scan.ids), ids, "{}", html);
            prop_assert_eq!(sort_texts(&scan.links), links, "{}", html);
        }
    }
}
