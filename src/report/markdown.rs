//! The one place that decides what Markdown is here, and how it becomes HTML.
//!
//! Raw HTML is dropped and links are limited, because chapters and notes may hold pasted text.

use std::collections::{BTreeMap, BTreeSet};

use pulldown_cmark::{Alignment, CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd};

use super::{escape, renderer};

/// The dialect: CommonMark with tables, footnotes, strikethrough and task lists, as in mdBook.
pub fn markdown_options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
}

/// A heading of a rendered text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedHeading {
    /// 1 to 6.
    pub level: u8,
    /// The anchor.
    pub id: String,
    /// The text.
    pub text: String,
}

/// A rendered text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RenderedText {
    /// The HTML.
    pub html: String,
    /// Its headings in order.
    pub headings: Vec<RenderedHeading>,
}

impl RenderedText {
    /// The first heading, if it opens the text and is of the first level, and all after it.
    pub fn split_title(&self) -> (&str, &str) {
        const CLOSE: &str = "</h1>\n";
        match self.html.find(CLOSE).filter(|_| self.html.starts_with("<h1")) {
            Some(at) => self.html.split_at(at + CLOSE.len()),
            None => ("", &self.html),
        }
    }
}

/// Markdown of our own data, such as the words of a rule, as HTML: a single paragraph comes
/// without its element, so that it can stand inside another one.
pub fn render_phrase(text: &str) -> String {
    let options = markdown_options() - Options::ENABLE_FOOTNOTES;
    // Many phrases stand on one page, so none has an id.
    let html = render_pass(
        text.trim(),
        options,
        EventPass { has_ids: false, ..EventPass::new(&|_, _| None) },
    );
    let html = html.html;
    let inside = html.strip_prefix("<p>").and_then(|rest| rest.strip_suffix("</p>\n"));
    match inside.filter(|inside| !inside.contains("<p>")) {
        Some(inside) => inside.to_string(),
        None => html,
    }
}

/// What makes HTML of a fenced block with an info string of ours: info string and content.
pub type BlockDrawer<'a> = &'a dyn Fn(&str, &str) -> Option<String>;

/// Renders Markdown to HTML.
pub fn to_html(text: &str, block: BlockDrawer) -> RenderedText {
    render_pass(text, markdown_options(), EventPass::new(block))
}

/// Renders several texts to one HTML, each read by itself. `link` gives the address that takes the
/// place of one in the text of this number.
pub(crate) fn texts_to_html(
    texts: &[String],
    link: &dyn Fn(usize, &str) -> Option<String>,
    block: BlockDrawer,
) -> RenderedText {
    let mut pass = EventPass::new(block);
    let mut html = String::with_capacity(texts.iter().map(String::len).sum::<usize>() * 3 / 2);
    for (number, text) in texts.iter().enumerate() {
        let own = Parser::new_ext(text, markdown_options());
        let events = own.map(|event| replace_address(event, |url| link(number, url)));
        pass.push_html(events.collect(), &mut html);
    }
    RenderedText { html, headings: pass.headings }
}

/// The anchors of the headings of each text: that which one has where its text stands alone, and
/// that which it has where these texts stand on one page.
pub(crate) fn heading_anchors(texts: &[String]) -> Vec<Vec<(String, String)>> {
    let mut page = AnchorNames::default();
    let mut of_text = |text: &String| {
        let mut own = AnchorNames::default();
        let mut anchors = Vec::new();
        let mut open: Option<String> = None;
        for event in Parser::new_ext(text, markdown_options()) {
            match (&mut open, event) {
                (_, Event::Start(Tag::Heading { .. })) => open = Some(String::new()),
                (Some(content), Event::Text(text) | Event::Code(text)) => content.push_str(&text),
                (Some(content), Event::End(TagEnd::Heading(_))) => {
                    let slug = heading_slug(content);
                    anchors.push((own.unique_anchor(slug.clone()), page.unique_anchor(slug)));
                    open = None;
                }
                _ => {}
            }
        }
        anchors
    };
    texts.iter().map(&mut of_text).collect()
}

fn replace_address<'e>(event: Event<'e>, other: impl Fn(&str) -> Option<String>) -> Event<'e> {
    match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = other(&dest_url).map_or(dest_url, CowStr::from);
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            let dest_url = other(&dest_url).map_or(dest_url, CowStr::from);
            Event::Start(Tag::Image { link_type, dest_url, title, id })
        }
        event => event,
    }
}

fn render_pass(text: &str, options: Options, mut pass: EventPass) -> RenderedText {
    let mut html = String::with_capacity(text.len() * 3 / 2);
    pass.push_html(Parser::new_ext(text, options).collect(), &mut html);
    RenderedText { html, headings: pass.headings }
}

/// Markup of our own on its way through the events, kept apart from raw HTML in the text.
fn own_markup(html: String) -> Event<'static> {
    Event::InlineMath(html.into())
}

struct EventPass<'a> {
    block: BlockDrawer<'a>,
    has_ids: bool,
    headings: Vec<RenderedHeading>,
    anchors: AnchorNames,
    footnotes: FootnoteNumbers,
}

impl<'a> EventPass<'a> {
    fn new(block: BlockDrawer<'a>) -> Self {
        let (anchors, footnotes) = Default::default();
        Self { block, has_ids: true, headings: Vec::new(), anchors, footnotes }
    }

    /// Renders the events of a text, after those before it.
    fn push_html(&mut self, events: Vec<Event>, html: &mut String) {
        let events = self.draw_blocks(events);
        let events = self.add_anchors(events);
        let events = self.footnotes.number_footnotes(events);
        let events = draw_tables(events);
        pulldown_cmark::html::push_html(html, events.into_iter().filter_map(sanitize_event));
    }

    /// Lets our own fenced blocks be drawn by their drawer.
    fn draw_blocks<'e>(&self, events: Vec<Event<'e>>) -> Vec<Event<'e>> {
        let mut out = Vec::with_capacity(events.len());
        let mut open: Option<(CowStr, String)> = None;
        for event in events {
            match (&mut open, event) {
                (None, Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info)))) => {
                    open = Some((info, String::new()));
                }
                (None, Event::Start(Tag::CodeBlock(CodeBlockKind::Indented))) => {
                    open = Some(("".into(), String::new()));
                }
                (Some((_, content)), Event::Text(text)) => content.push_str(&text),
                (Some((info, content)), Event::End(TagEnd::CodeBlock)) => {
                    let drawn = (self.block)(info, content).unwrap_or_else(|| {
                        format!("<pre><code>{}</code></pre>\n", escape::escape_html(content))
                    });
                    out.push(own_markup(drawn));
                    open = None;
                }
                (_, event) => out.push(event),
            }
        }
        out
    }

    /// Gives every heading an anchor.
    fn add_anchors<'e>(&mut self, events: Vec<Event<'e>>) -> Vec<Event<'e>> {
        let mut out = Vec::with_capacity(events.len());
        let mut open: Option<(usize, u8, String)> = None;
        for event in events {
            match (&mut open, &event) {
                (_, Event::Start(Tag::Heading { level, .. })) => {
                    open = Some((out.len(), *level as u8, String::new()));
                }
                (Some((_, _, content)), Event::Text(text) | Event::Code(text)) => {
                    content.push_str(text);
                }
                (Some((start, level, content)), Event::End(TagEnd::Heading(_))) => {
                    let id = self.anchors.unique_anchor(heading_slug(content));
                    out[*start] = own_markup(match self.has_ids {
                        true => format!("<h{level} id=\"{id}\">"),
                        false => format!("<h{level}>"),
                    });
                    out.push(own_markup(format!("</h{level}>\n")));
                    self.headings.push(RenderedHeading {
                        level: *level,
                        id,
                        text: content.clone(),
                    });
                    open = None;
                    continue;
                }
                _ => {}
            }
            out.push(event);
        }
        out
    }
}

/// The anchors of a page.
#[derive(Default)]
struct AnchorNames {
    /// The last number that was given to headings of a name.
    used: BTreeMap<String, u32>,
}

impl AnchorNames {
    fn unique_anchor(&mut self, slug: String) -> String {
        // As mdBook and GitHub number them.
        let mut number = self.used.get(&slug).map_or(0, |last| last + 1);
        let mut id = if number == 0 { slug.clone() } else { format!("{slug}-{number}") };
        // Another heading may be called what this one would be.
        while self.used.contains_key(&id) {
            number += 1;
            id = format!("{slug}-{number}");
        }
        self.used.insert(id.clone(), 0);
        self.used.insert(slug, number);
        id
    }
}

/// The footnotes of a page.
#[derive(Default)]
struct FootnoteNumbers {
    /// Their numbers by their labels.
    numbers: BTreeMap<String, usize>,
    defined: BTreeSet<usize>,
    count: usize,
}

impl FootnoteNumbers {
    /// Draws footnotes ourselves: their numbers are their ids, so that no label of the author's can
    /// be the id of something else. Of two with one label, references lead to the first.
    fn number_footnotes<'e>(&mut self, events: Vec<Event<'e>>) -> Vec<Event<'e>> {
        let Self { numbers, defined, count } = self;
        let mut next = || {
            *count += 1;
            *count
        };
        let mut out = Vec::with_capacity(events.len());
        for event in events {
            out.push(match event {
            Event::FootnoteReference(label) => {
                let number = *numbers.entry(label.to_lowercase()).or_insert_with(&mut next);
                own_markup(format!(
                    "<sup class=\"footnote-reference\"><a href=\"#fn_{number}\">{number}</a></sup>"
                ))
            }
            Event::Start(Tag::FootnoteDefinition(label)) => {
                let first = *numbers.entry(label.to_lowercase()).or_insert_with(&mut next);
                let number = if defined.insert(first) { first } else { next() };
                own_markup(format!(
                    "<div class=\"footnote-definition\" id=\"fn_{number}\">\
                     <sup class=\"footnote-definition-label\">{number}</sup>\n"
                ))
            }
            Event::End(TagEnd::FootnoteDefinition) => own_markup("</div>\n".into()),
            event => event,
        });
        }
        out
    }
}

/// Draws tables ourselves: a box to scroll in, a scope for each heading, the heading in each cell for
/// windows without room for columns, and classes in place of the style attributes that a strict
/// content security policy forbids.
fn draw_tables(events: Vec<Event>) -> Vec<Event> {
    let mut alignments: Vec<Alignment> = Vec::new();
    let mut headings: Vec<String> = Vec::new();
    let mut column = 0;
    let mut in_head = false;
    let mut in_body = false;
    let mut is_heading = false;
    let mut out = Vec::with_capacity(events.len());
    let mut events = events.into_iter().peekable();
    while let Some(event) = events.next() {
        let html = match event {
            Event::Start(Tag::Table(columns)) => {
                headings = vec![String::new(); columns.len()];
                alignments = columns;
                in_body = false;
                // The box can be scrolled, so the keyboard must reach it.
                "<div class=\"table\" tabindex=\"0\"><table>".into()
            }
            Event::End(TagEnd::Table) => {
                let close = if in_body { "</tbody>" } else { "" };
                format!("{close}</table></div>\n")
            }
            Event::Start(Tag::TableHead) => {
                in_head = true;
                column = 0;
                "<thead><tr>".into()
            }
            Event::End(TagEnd::TableHead) => {
                in_head = false;
                "</tr></thead>".into()
            }
            Event::Start(Tag::TableRow) => {
                column = 0;
                let open = if in_body { "" } else { "<tbody>" };
                in_body = true;
                format!("{open}<tr>")
            }
            Event::End(TagEnd::TableRow) => "</tr>\n".into(),
            Event::Start(Tag::TableCell) => {
                let class = match alignments.get(column) {
                    Some(Alignment::Right) => " class=\"right\"",
                    Some(Alignment::Center) => " class=\"center\"",
                    _ => "",
                };
                // An empty cell is a heading of nothing.
                let is_empty = matches!(events.peek(), Some(Event::End(TagEnd::TableCell)));
                is_heading = !is_empty && (in_head || column == 0);
                column += 1;
                let heading = headings.get(column - 1).map(String::as_str);
                let heading = heading_attribute(heading.unwrap_or_default());
                match (is_heading, in_head) {
                    (true, true) => format!("<th scope=\"col\"{class}>"),
                    (true, false) => format!("<th scope=\"row\"{class}{heading}>"),
                    (false, _) => format!("<td{class}{heading}>"),
                }
            }
            Event::End(TagEnd::TableCell) => {
                (if is_heading { "</th>" } else { "</td>" }).to_string()
            }
            event => {
                if let (true, Event::Text(text) | Event::Code(text)) = (in_head, &event) {
                    headings[column - 1].push_str(text);
                }
                out.push(event);
                continue;
            }
        };
        out.push(own_markup(html));
    }
    out
}

/// What a cell says of the heading of its column.
fn heading_attribute(heading: &str) -> String {
    match heading.trim() {
        "" => String::new(),
        heading => format!(" data-head=\"{}\"", escape::escape_html(heading)),
    }
}

/// Drops raw HTML, unlinks what may not be linked, and lets our own markup through.
fn sanitize_event(event: Event) -> Option<Event> {
    match event {
        // Without a break, the words or numbers before and after it would be one.
        Event::InlineHtml(html) if is_line_break(&html) => Some(Event::HardBreak),
        Event::Html(_) | Event::InlineHtml(_) => None,
        Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => None,
        // The dialect has no math: these are `own`.
        Event::InlineMath(html) => Some(Event::InlineHtml(html)),
        // A number: `Renderer` made the link, and its title is the evidence.
        Event::Start(Tag::Link { dest_url, title, .. }) if is_evidence(&dest_url, &title) => {
            Some(Event::InlineHtml(renderer::fact_link(&dest_url, &title).0.into()))
        }
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = match is_allowed_link(&dest_url) {
                true => page_link(&dest_url).into(),
                false => "#".into(),
            };
            Some(Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            // Nothing is fetched from elsewhere by looking at a report.
            let is_local = is_allowed_link(&dest_url) && !has_scheme(&dest_url);
            let dest_url = if is_local { dest_url } else { "data:,".into() };
            Some(Event::Start(Tag::Image { link_type, dest_url, title, id }))
        }
        // A box that cannot be ticked is a mark, not a form's field.
        Event::TaskListMarker(is_done) => {
            let (mark, word) = if is_done { ('☑', "done") } else { ('☐', "open") };
            let html =
                format!("<span class=\"task\" role=\"img\" aria-label=\"{word}\">{mark}</span> ");
            Some(Event::InlineHtml(html.into()))
        }
        event => Some(event),
    }
}

/// Whether raw HTML does no more than end a line.
pub fn is_line_break(html: &str) -> bool {
    let name = html.trim_start_matches('<').trim_end_matches('>').trim_end_matches('/');
    name.trim_end().eq_ignore_ascii_case("br")
}

/// Whether a link leads from a number to a place in a capture.
fn is_evidence(url: &str, title: &str) -> bool {
    let path = url.trim_start_matches("../");
    !title.is_empty() && path.starts_with("runs/") && path.contains(".html#c-")
}

/// Whether a link may be followed: http, https, mailto, or a place in the site itself.
pub fn is_allowed_link(url: &str) -> bool {
    let url = as_browsers_read(url);
    if url.starts_with("//") {
        return false;
    }
    !has_scheme(&url) || ["http://", "https://", "mailto:"].iter().any(|it| url.starts_with(it))
}

/// Whether a link begins with a scheme.
fn has_scheme(url: &str) -> bool {
    let url = as_browsers_read(url);
    url.find([':', '/', '?', '#']).is_some_and(|index| url.as_bytes()[index] == b':')
}

/// An address in small letters as browsers read it, to whom spaces and what comes before them in
/// ASCII are nothing and a backslash is a slash.
fn as_browsers_read(url: &str) -> String {
    let read = |c: char| if c == '\\' { '/' } else { c.to_ascii_lowercase() };
    url.chars().filter(|c| *c > ' ').map(read).collect()
}

/// Links between chapters name the source files; pages end in `.html`.
pub(crate) fn page_link(url: &str) -> String {
    if has_scheme(url) {
        return url.to_string();
    }
    let (path, fragment) = match url.find('#') {
        Some(index) => url.split_at(index),
        None => (url, ""),
    };
    match path.strip_suffix(".md") {
        Some(stem) => format!("{stem}.html{fragment}"),
        None => url.to_string(),
    }
}

/// The anchor of a heading: its letters and digits in lower case, joined by `-`.
pub fn heading_slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if c != '\'' && c != '’' && !out.ends_with('-') && !out.is_empty() {
            out.push('-');
        }
    }
    let out = out.trim_end_matches('-').to_string();
    if out.is_empty() { "section".into() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> String {
        to_html(text, &|_, _| None).html
    }

    #[test]
    fn raw_html_is_dropped() {
        let out = html("a <b onclick=x>b</b>\n\n<script>alert(1)</script>\n\n<img src=x>");
        assert_eq!(out, "<p>a b</p>\n");
    }

    #[test]
    fn links_are_limited() {
        for url in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java&#10;script:alert(1)",
            "vbscript:x",
            "data:text/html,x",
            "//evil.example",
            "file:///etc/passwd",
            "/\\\\evil.example",
            "<\u{1}javascript:x>",
            "<java\tscript:x>",
            "</\t/evil.example>",
            "javascript&colon;x",
        ] {
            let out = html(&format!("[x]({url}) ![y]({url})"));
            assert!(out.contains("href=\"#\""), "{url}: {out}");
            assert!(out.contains("src=\"data:,\""), "{url}: {out}");
        }
        for url in ["https://a.example/b", "mailto:a@b.example", "x/y.html", "#z"] {
            assert!(html(&format!("[x](<{url}>)")).contains(&format!("href=\"{url}\"")), "{url}");
        }
    }

    #[test]
    fn a_line_break_of_html_keeps_numbers_apart() {
        let out = html("a<br>b\n\n| a |\n| --- |\n| 52<BR />332 |\n");
        assert!(out.contains("<p>a<br />\nb</p>"), "{out}");
        assert!(out.contains(">52<br />\n332</th>"), "{out}");
    }

    #[test]
    fn every_footnote_has_a_number_of_its_own_as_its_id() {
        let out = html(
            "One[^main], two[^B] and two[^b].\n\n[^b]: second\n[^main]: first\n\n[^b]: third\n",
        );
        assert!(
            out.contains("One<sup class=\"footnote-reference\"><a href=\"#fn_1\">1</a>"),
            "{out}"
        );
        assert_eq!(out.matches("href=\"#fn_2\">2<").count(), 2, "{out}");
        for (number, words) in [(1, "first"), (2, "second"), (3, "third")] {
            let definition = format!(
                "id=\"fn_{number}\"><sup class=\"footnote-definition-label\">{number}</sup>\n<p>{words}</p>"
            );
            assert!(out.contains(&definition), "{definition} in {out}");
        }
    }

    #[test]
    fn chapter_links_become_page_links() {
        assert!(html("[x](isolation.md#escape)").contains("href=\"isolation.html#escape\""));
    }

    #[test]
    fn tables_have_scopes_and_no_styles() {
        let out = html("| a | b |\n| --- | ---: |\n| 1 | 2 |\n");
        assert_eq!(
            out,
            "<div class=\"table\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">a</th>\
             <th scope=\"col\" class=\"right\">b</th></tr></thead><tbody><tr>\
             <th scope=\"row\" data-head=\"a\">1</th><td class=\"right\" data-head=\"b\">2</td></tr>\n</tbody></table></div>\n"
        );
        let out = html("| a | `\"b\"` c |\n| --- | --- |\n| 1 | 2 |\n");
        assert!(out.contains("<td data-head=\"&quot;b&quot; c\">2</td>"), "{out}");
    }

    #[test]
    fn a_task_is_a_mark_with_a_word_and_no_field_of_a_form() {
        let out = html("- [x] a\n- [ ] b\n");
        assert!(out.contains("role=\"img\" aria-label=\"done\">☑</span> a"), "{out}");
        assert!(out.contains("aria-label=\"open\">☐</span> b"), "{out}");
        assert!(!out.contains("<input"), "{out}");
    }

    #[test]
    fn an_empty_corner_of_a_table_is_no_heading() {
        let out = html("| | b |\n| --- | --- |\n| 1 | 2 |\n");
        assert!(out.contains("<tr><td></td><th scope=\"col\">b</th></tr>"), "{out}");
    }

    #[test]
    fn headings_have_anchors_that_differ() {
        let rendered = to_html(
            "# A `b` c\n\n## What's so?\n\n## What's so?\n\n## Whats so 2\n\n## What's so?\n",
            &|_, _| None,
        );
        let ids: Vec<&str> = rendered.headings.iter().map(|h| h.id.as_str()).collect();
        assert_eq!(ids, ["a-b-c", "whats-so", "whats-so-1", "whats-so-2", "whats-so-3"]);
        assert!(rendered.html.starts_with("<h1 id=\"a-b-c\">A <code>b</code> c</h1>"));
    }

    #[test]
    fn the_heading_that_opens_a_text_comes_apart() {
        let rendered = to_html("# T `x`\n\nintro\n", &|_, _| None);
        assert_eq!(
            rendered.split_title(),
            ("<h1 id=\"t-x\">T <code>x</code></h1>\n", "<p>intro</p>\n")
        );
        assert_eq!(to_html("intro\n\n# T\n", &|_, _| None).split_title().0, "");
    }

    #[test]
    fn a_phrase_is_one_paragraph_without_its_element() {
        assert_eq!(render_phrase("Use `2> x` <b>now</b>.\n"), "Use <code>2&gt; x</code> now.");
        assert_eq!(render_phrase("# A"), "<h1>A</h1>\n");
        assert_eq!(render_phrase("One.\n\nTwo."), "<p>One.</p>\n<p>Two.</p>\n");
    }
}
