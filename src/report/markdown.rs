//! The one place that decides what Markdown is here, and how it becomes HTML.
//!
//! Raw HTML is dropped and links are limited, because chapters and notes may hold pasted text.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use hashbrown::HashMap;
use pulldown_cmark::{Alignment, CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

use super::fact_links::FactLinks;
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
    /// How much of it is there without a number.
    slug: usize,
    /// The text.
    pub text: String,
}

impl RenderedHeading {
    /// The anchor that it would have alone.
    fn bare_anchor(&self) -> &str {
        &self.id[..self.slug]
    }
}

/// A rendered text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RenderedText {
    /// The HTML.
    pub html: String,
    /// Its headings in order.
    pub headings: Vec<RenderedHeading>,
    /// The words that stand in it but for code and what was drawn, with space between elements.
    pub words: String,
    /// Where the heading that opens it ends in the HTML and in the words; 0 if none does.
    opening: (usize, usize),
    /// What is another one where it stands on a page with others, in order.
    moved: Vec<MovedPlace>,
    /// How many footnotes it has.
    footnotes: usize,
}

/// What of a text has to be known where links are checked.
pub(crate) enum KnownPlace<'t> {
    /// An id.
    Id(Cow<'t, str>),
    /// Where a link or a picture leads.
    Link(Cow<'t, str>),
    /// The HTML of a block that a drawer made.
    Drawn(&'t str),
}

/// A part of a rendered text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextPart<'t> {
    /// Its HTML.
    pub html: &'t str,
    /// Its words.
    pub words: &'t str,
    /// Its headings.
    pub headings: &'t [RenderedHeading],
    text: &'t RenderedText,
    moved: &'t [MovedPlace],
}

impl RenderedText {
    /// The first heading, if it opens the text and is of the first level, and all after it.
    pub(crate) fn split_title(&self) -> [TextPart<'_>; 2] {
        let html = self.html.split_at(self.opening.0);
        let words = self.words.split_at(self.opening.1);
        let headings = self.headings.split_at(usize::from(self.opening.0 > 0));
        let first = self.moved.partition_point(|place| place.range.start < self.opening.0);
        let moved = self.moved.split_at(first);
        let part =
            |html, words, headings, moved| TextPart { html, words, headings, moved, text: self };
        [part(html.0, words.0, headings.0, moved.0), part(html.1, words.1, headings.1, moved.1)]
    }
}

impl<'t> TextPart<'t> {
    /// Its ids, its links and what others drew in it, in order.
    pub(crate) fn list_places(self) -> impl Iterator<Item = KnownPlace<'t>> {
        let text = self.text;
        self.moved.iter().filter_map(move |MovedPlace { range, kind }| match kind {
            MovedKind::Anchor(index) => Some(KnownPlace::Id((&*text.headings[*index].id).into())),
            MovedKind::Link(url) => Some(KnownPlace::Link(link_address(url))),
            MovedKind::Picture(url) => Some(KnownPlace::Link(picture_address(url).into())),
            MovedKind::Evidence(url) => Some(KnownPlace::Link(url.into())),
            MovedKind::Definition(number) => Some(KnownPlace::Id(format!("fn_{number}").into())),
            MovedKind::Reference(number) => Some(KnownPlace::Link(format!("#fn_{number}").into())),
            MovedKind::Block(..) => Some(KnownPlace::Drawn(&text.html[range.clone()])),
            MovedKind::Level(_) | MovedKind::Footnote(_) => None,
        })
    }
}

/// Markdown of our own data, such as the words of a rule, as HTML: a single paragraph comes
/// without its element, so that it can stand inside another one.
pub fn render_phrase(text: &str) -> String {
    let options = markdown_options() - Options::ENABLE_FOOTNOTES;
    let links = FactLinks::default();
    let mut events: Vec<Event> = Parser::new_ext(text.trim(), options).collect();
    let starts_paragraph = |event: &&Event| matches!(event, Event::Start(Tag::Paragraph));
    if events.iter().filter(starts_paragraph).count() == 1
        && events.first().as_ref().is_some_and(starts_paragraph)
        && events.last() == Some(&Event::End(TagEnd::Paragraph))
    {
        events.pop();
        events.remove(0);
    }
    // Many phrases stand on one page, so none has an id.
    let mut writer = HtmlWriter { has_ids: false, ..HtmlWriter::new(&links, &|_, _| None) };
    writer.write_events(events.into_iter());
    writer.text.html
}

/// What makes HTML of a fenced block with an info string of ours: info string and content.
pub type BlockDrawer<'a> = &'a dyn Fn(&str, &str) -> Option<String>;

/// Renders Markdown, with the links that look-ups have made in it, to HTML.
pub fn to_html(text: &str, links: &FactLinks, block: BlockDrawer) -> RenderedText {
    let mut writer = HtmlWriter::new(links, block);
    writer.text.html.reserve(text.len() * 3 / 2);
    writer.text.words.reserve(text.len());
    writer.write_events(Parser::new_ext(text, markdown_options()));
    // A site of many chapters keeps them until its page for paper is made.
    writer.text.html.shrink_to_fit();
    writer.text
}

/// A place in the HTML of a text that is another one where the text stands on a page with others.
#[derive(Debug, Clone, PartialEq, Eq)]
struct MovedPlace {
    /// Where it is, in bytes.
    range: Range<usize>,
    kind: MovedKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum MovedKind {
    /// The digit in the tag of a heading of this level.
    Level(u8),
    /// The id of the heading with this index.
    Anchor(usize),
    /// The address of a link, of a picture, or of a number's evidence, as the text gives it.
    Link(String),
    Picture(String),
    Evidence(String),
    /// The number of a footnote: in a link to it, in its id, and as it is shown.
    Reference(usize),
    Definition(usize),
    Footnote(usize),
    /// What was drawn of a fenced block: its info string and content.
    Block(String, String),
}

/// Puts texts, each rendered by itself, on one page: their headings stand a level lower, and no
/// two have the same anchor or number.
#[derive(Default)]
pub(crate) struct TextJoiner {
    anchors: AnchorNames,
    footnotes: usize,
}

/// The anchors that the headings of a text have on a page with others, and its first footnote.
pub(crate) struct JoinedNames {
    /// The anchors, in the order of the headings.
    pub anchors: Vec<String>,
    footnotes: usize,
}

impl TextJoiner {
    /// The names in the next text of the page.
    pub(crate) fn name_places(&mut self, text: &RenderedText) -> JoinedNames {
        let headings = text.headings.iter();
        let anchors = headings.map(|h| self.anchors.unique_anchor(h.bare_anchor())).collect();
        let footnotes = self.footnotes;
        self.footnotes += text.footnotes;
        JoinedNames { anchors, footnotes }
    }
}

impl RenderedText {
    /// Appends the HTML of this text to a page with others. `link` gives the address that takes the
    /// place of one in the text.
    pub(crate) fn push_joined(
        &self,
        names: &JoinedNames,
        link: &dyn Fn(&str) -> Option<String>,
        block: BlockDrawer,
        out: &mut String,
    ) {
        let mut written = 0;
        let address = |url: &str| link(url).unwrap_or_else(|| url.to_string());
        for MovedPlace { range, kind } in &self.moved {
            out.push_str(&self.html[written..range.start]);
            written = range.end;
            match kind {
                MovedKind::Level(level) => out.push(char::from(b'0' + (level + 1).min(6))),
                MovedKind::Anchor(index) => out.push_str(&names.anchors[*index]),
                MovedKind::Link(url) => push_href(&link_address(&address(url)), out),
                MovedKind::Picture(url) => push_href(picture_address(&address(url)), out),
                MovedKind::Evidence(url) => escape::push_html(&address(url), out),
                MovedKind::Reference(number)
                | MovedKind::Definition(number)
                | MovedKind::Footnote(number) => {
                    out.push_str(&(names.footnotes + number).to_string());
                }
                MovedKind::Block(info, content) => {
                    out.push_str(&block(info, content).unwrap_or_default());
                }
            }
        }
        out.push_str(&self.html[written..]);
    }
}

/// Where a link leads: nowhere if it may not be followed.
fn link_address(url: &str) -> Cow<'_, str> {
    match is_allowed_link(url) {
        true => page_link(url),
        false => "#".into(),
    }
}

/// Where a picture comes from: nothing is fetched from elsewhere by looking at a report.
fn picture_address(url: &str) -> &str {
    if is_allowed_link(url) && !has_scheme(url) { url } else { "data:," }
}

fn push_href(url: &str, out: &mut String) {
    // Writing into a string does not fail.
    let _ = pulldown_cmark_escape::escape_href(out, url);
}

fn push_attribute(text: &str, out: &mut String) {
    let _ = pulldown_cmark_escape::escape_html(out, text);
}

/// Writes a parsed text as HTML: raw HTML is dropped, links are limited, and headings, footnotes,
/// tables and our own fenced blocks get their form.
struct HtmlWriter<'a> {
    links: &'a FactLinks,
    block: BlockDrawer<'a>,
    has_ids: bool,
    text: RenderedText,
    anchors: AnchorNames,
    footnotes: FootnoteNumbers,
    /// The heading that is open: where it begins in the HTML, and its text so far.
    heading: Option<(usize, String)>,
    table: TableState,
}

/// The table that is open.
#[derive(Default)]
struct TableState {
    alignments: Vec<Alignment>,
    /// The words of its headings.
    headings: Vec<String>,
    /// The attributes of a cell in each column.
    attributes: Vec<String>,
    /// How many cells of the row have begun.
    column: usize,
    in_head: bool,
    in_body: bool,
    /// Whether the cell that is open is a heading.
    is_heading: bool,
}

impl<'a> HtmlWriter<'a> {
    fn new(links: &'a FactLinks, block: BlockDrawer<'a>) -> Self {
        Self {
            links,
            block,
            has_ids: true,
            text: RenderedText::default(),
            anchors: AnchorNames::default(),
            footnotes: FootnoteNumbers::default(),
            heading: None,
            table: TableState::default(),
        }
    }

    fn write_events<'e>(&mut self, events: impl Iterator<Item = Event<'e>>) {
        let mut events = events.peekable();
        while let Some(event) = events.next() {
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    let info = match kind {
                        CodeBlockKind::Fenced(info) => info,
                        CodeBlockKind::Indented => "".into(),
                    };
                    self.write_code_block(&info, &mut events);
                }
                Event::Start(Tag::Image { dest_url, title, .. }) => {
                    self.write_picture(&dest_url, &title, &mut events);
                }
                Event::Start(Tag::Link { dest_url, .. })
                    if FactLinks::stands_for_link(&dest_url) =>
                {
                    self.write_fact(&dest_url, &mut events);
                }
                Event::Start(Tag::TableCell) => {
                    // An empty cell is a heading of nothing.
                    let is_empty = matches!(events.peek(), Some(Event::End(TagEnd::TableCell)));
                    self.start_cell(is_empty);
                }
                Event::Start(tag) => self.start_element(tag),
                Event::End(end) => self.end_element(end),
                Event::Text(text) => {
                    self.note_words(&text);
                    self.push_words(&text);
                    let _ = pulldown_cmark_escape::escape_html_body_text(
                        &mut self.text.html,
                        text.as_ref(),
                    );
                }
                Event::Code(text) => {
                    self.note_words(&text);
                    self.push_html("<code>");
                    self.push_words(&text);
                    let _ = pulldown_cmark_escape::escape_html_body_text(
                        &mut self.text.html,
                        text.as_ref(),
                    );
                    self.push_html("</code>");
                }
                Event::SoftBreak => self.push_html("\n"),
                Event::HardBreak => self.push_html("<br />\n"),
                // Without a break, the words or numbers before and after it would be one.
                Event::InlineHtml(html) if is_line_break(&html) => self.push_html("<br />\n"),
                Event::Rule => self.push_on_own_line("<hr />\n"),
                Event::FootnoteReference(label) => {
                    let number = self.footnotes.number_reference(&label);
                    self.push_html("<sup class=\"footnote-reference\"><a href=\"#fn_");
                    self.push_footnote(MovedKind::Reference(number), number);
                    self.push_html("\">");
                    self.show_footnote(number);
                    self.push_html("</a></sup>");
                }
                // A box that cannot be ticked is a mark, not a form's field.
                Event::TaskListMarker(is_done) => {
                    let (mark, state) = if is_done { ("☑", "done") } else { ("☐", "open") };
                    self.push_html("<span class=\"task\" role=\"img\" aria-label=\"");
                    self.push_words(mark);
                    self.push_html(&[state, "\">", mark, "</span> "].concat());
                }
                // The dialect has no math.
                Event::Html(_) | Event::InlineHtml(_) => {}
                Event::InlineMath(_) | Event::DisplayMath(_) => {}
            }
        }
        self.text.footnotes = self.footnotes.count;
    }

    /// Appends a tag, or space: before and after it there are other words.
    fn push_html(&mut self, html: &str) {
        self.separate_words();
        self.text.html.push_str(html);
    }

    fn separate_words(&mut self) {
        if !self.has_space() {
            self.text.words.push(' ');
        }
    }

    /// Whether the words end with a space, or there are none.
    fn has_space(&self) -> bool {
        matches!(self.text.words.as_bytes().last(), None | Some(b' '))
    }

    fn push_words(&mut self, text: &str) {
        let is_start = self.has_space();
        self.text.words.push_str(if is_start { text.trim_start() } else { text });
    }

    fn push_on_own_line(&mut self, html: &str) {
        if !self.text.html.is_empty() && !self.text.html.ends_with('\n') {
            self.push_html("\n");
        }
        self.push_html(html);
    }

    /// Appends what is another one where the text stands with others.
    fn push_moved(&mut self, kind: MovedKind, write: impl FnOnce(&mut String)) {
        let start = self.text.html.len();
        write(&mut self.text.html);
        self.text.moved.push(MovedPlace { range: start..self.text.html.len(), kind });
    }

    fn push_footnote(&mut self, kind: MovedKind, number: usize) {
        self.push_moved(kind, |html| html.push_str(&number.to_string()));
    }

    fn show_footnote(&mut self, number: usize) {
        self.push_footnote(MovedKind::Footnote(number), number);
        self.push_words(&number.to_string());
    }

    /// Takes up words of a heading, or of the head of a table.
    fn note_words(&mut self, text: &str) {
        if let Some((_, heading)) = &mut self.heading {
            heading.push_str(text);
        }
        if self.table.in_head {
            self.table.headings[self.table.column - 1].push_str(text);
        }
    }

    /// Lets our own fenced blocks be drawn by their drawer.
    fn write_code_block<'e>(&mut self, info: &str, events: &mut impl Iterator<Item = Event<'e>>) {
        let mut content = String::new();
        for event in events {
            match event {
                Event::Text(text) => content.push_str(&text),
                Event::End(TagEnd::CodeBlock) => break,
                _ => {}
            }
        }
        match (self.block)(info, &content) {
            Some(drawn) => {
                let kind = MovedKind::Block(info.to_string(), content);
                self.push_moved(kind, |html| html.push_str(&drawn));
            }
            None => {
                self.push_html("<pre><code>");
                escape::push_html(&content, &mut self.text.html);
                self.push_html("</code></pre>\n");
            }
        }
    }

    /// A picture; the text in it describes it.
    fn write_picture<'e>(
        &mut self,
        url: &str,
        title: &str,
        events: &mut impl Iterator<Item = Event<'e>>,
    ) {
        self.push_html("<img src=\"");
        self.push_moved(MovedKind::Picture(url.to_string()), |html| {
            push_href(picture_address(url), html);
        });
        self.push_html("\" alt=\"");
        let mut depth = 0;
        for event in events {
            match event {
                Event::Start(_) => depth += 1,
                Event::End(_) if depth == 0 => break,
                Event::End(_) => depth -= 1,
                Event::Text(text) | Event::Code(text) => {
                    self.note_words(&text);
                    push_attribute(&text, &mut self.text.html);
                }
                Event::SoftBreak | Event::HardBreak => self.push_html(" "),
                Event::InlineHtml(html) if is_line_break(&html) => self.push_html(" "),
                Event::FootnoteReference(label) => {
                    let number = self.footnotes.number_reference(&label);
                    self.push_html("[");
                    self.push_footnote(MovedKind::Footnote(number), number);
                    self.push_html("]");
                }
                _ => {}
            }
        }
        self.push_title(title);
        self.push_html("\" />");
    }

    /// A number that was looked up, with its evidence; only the text of a link that is none.
    fn write_fact<'e>(&mut self, url: &str, events: &mut impl Iterator<Item = Event<'e>>) {
        let mut depth = 0;
        let is_inside = |event: &Event| {
            match event {
                Event::Start(_) => depth += 1,
                Event::End(_) => depth -= 1,
                _ => {}
            }
            depth >= 0
        };
        let text: Vec<Event> = events.take_while(is_inside).collect();
        let link = self.links.find_link(url, &text);
        if let Some(link) = &link {
            self.separate_words();
            let html = &mut self.text.html;
            let range = renderer::push_fact_link(&link.url, &link.place, &link.line, html);
            let kind = MovedKind::Evidence(link.url.clone());
            self.text.moved.push(MovedPlace { range, kind });
        }
        self.write_events(text.into_iter());
        if link.is_some() {
            self.push_html("</a>");
        }
    }

    fn push_title(&mut self, title: &str) {
        if !title.is_empty() {
            self.push_html("\" title=\"");
            push_attribute(title, &mut self.text.html);
        }
    }

    fn start_element(&mut self, tag: Tag) {
        match tag {
            Tag::Paragraph => self.push_on_own_line("<p>"),
            // Its tag follows when its words are known.
            Tag::Heading { .. } => self.heading = Some((self.text.html.len(), String::new())),
            Tag::BlockQuote(_) => self.push_on_own_line("<blockquote>\n"),
            Tag::List(None) => self.push_on_own_line("<ul>\n"),
            Tag::List(Some(1)) => self.push_on_own_line("<ol>\n"),
            Tag::List(Some(first)) => self.push_on_own_line(&format!("<ol start=\"{first}\">\n")),
            Tag::Item => self.push_on_own_line("<li>"),
            Tag::Emphasis => self.push_html("<em>"),
            Tag::Strong => self.push_html("<strong>"),
            Tag::Strikethrough => self.push_html("<del>"),
            Tag::Link { link_type, dest_url, title, .. } => {
                self.start_link(link_type, &dest_url, &title);
            }
            Tag::FootnoteDefinition(label) => {
                let number = self.footnotes.number_definition(&label);
                self.push_html("<div class=\"footnote-definition\" id=\"fn_");
                self.push_footnote(MovedKind::Definition(number), number);
                self.push_html("\"><sup class=\"footnote-definition-label\">");
                self.show_footnote(number);
                self.push_html("</sup>\n");
            }
            Tag::Table(alignments) => {
                let headings = vec![String::new(); alignments.len()];
                self.table = TableState { alignments, headings, ..TableState::default() };
                // The box can be scrolled, so the keyboard must reach it.
                self.push_html("<div class=\"table\" tabindex=\"0\"><table>");
            }
            Tag::TableHead => {
                self.table.in_head = true;
                self.table.column = 0;
                self.table.attributes = self.table.alignments.iter().map(column_class).collect();
                self.push_html("<thead><tr>");
            }
            Tag::TableRow => {
                self.table.column = 0;
                let is_first = !std::mem::replace(&mut self.table.in_body, true);
                self.push_html(if is_first { "<tbody><tr>" } else { "<tr>" });
            }
            _ => {}
        }
    }

    fn start_link(&mut self, link_type: LinkType, url: &str, title: &str) {
        self.push_html("<a href=\"");
        if link_type == LinkType::Email {
            self.push_html("mailto:");
            push_href(url, &mut self.text.html);
        } else {
            self.push_moved(MovedKind::Link(url.to_string()), |html| {
                push_href(&link_address(url), html);
            });
        }
        self.push_title(title);
        self.push_html("\">");
    }

    /// A scope for each heading, the heading in each cell for windows without room for columns, and
    /// classes in place of the style attributes that a strict content security policy forbids.
    fn start_cell(&mut self, is_empty: bool) {
        let table = &mut self.table;
        table.is_heading = !is_empty && (table.in_head || table.column == 0);
        table.column += 1;
        let html = &mut self.text.html;
        html.push_str(match (table.is_heading, table.in_head) {
            (true, true) => "<th scope=\"col\"",
            (true, false) => "<th scope=\"row\"",
            (false, _) => "<td",
        });
        html.push_str(table.attributes.get(table.column - 1).map_or("", String::as_str));
        html.push('>');
    }

    fn end_element(&mut self, end: TagEnd) {
        match end {
            TagEnd::Paragraph => self.push_html("</p>\n"),
            TagEnd::Heading(level) => self.end_heading(level as u8),
            TagEnd::BlockQuote(_) => self.push_html("</blockquote>\n"),
            TagEnd::List(true) => self.push_html("</ol>\n"),
            TagEnd::List(false) => self.push_html("</ul>\n"),
            TagEnd::Item => self.push_html("</li>\n"),
            TagEnd::Emphasis => self.push_html("</em>"),
            TagEnd::Strong => self.push_html("</strong>"),
            TagEnd::Strikethrough => self.push_html("</del>"),
            TagEnd::Link => self.push_html("</a>"),
            TagEnd::FootnoteDefinition => self.push_html("</div>\n"),
            TagEnd::Table => {
                let in_body = self.table.in_body;
                self.push_html(if in_body {
                    "</tbody></table></div>\n"
                } else {
                    "</table></div>\n"
                });
            }
            TagEnd::TableHead => {
                self.table.in_head = false;
                for (column, heading) in self.table.headings.iter().enumerate() {
                    self.table.attributes[column].push_str(&heading_attribute(heading));
                }
                self.push_html("</tr></thead>");
            }
            TagEnd::TableRow => self.push_html("</tr>\n"),
            TagEnd::TableCell => {
                let is_heading = self.table.is_heading;
                self.push_html(if is_heading { "</th>" } else { "</td>" });
            }
            _ => {}
        }
    }

    /// Ends a heading, and gives it its anchor.
    fn end_heading(&mut self, level: u8) {
        let Some((start, text)) = self.heading.take() else { return };
        let slug = heading_slug(&text);
        let id = self.anchors.unique_anchor(&slug);
        let slug = slug.len();
        let open = match self.has_ids {
            true => format!("<h{level} id=\"{id}\">"),
            false => format!("<h{level}>"),
        };
        self.text.html.insert_str(start, &open);
        let first = self.text.moved.partition_point(|place| place.range.start < start);
        for place in &mut self.text.moved[first..] {
            place.range = place.range.start + open.len()..place.range.end + open.len();
        }
        let digit = MovedPlace { range: start + 2..start + 3, kind: MovedKind::Level(level) };
        let ids = start + 8..start + 8 + id.len();
        let anchor = MovedKind::Anchor(self.text.headings.len());
        let anchor = self.has_ids.then_some(MovedPlace { range: ids, kind: anchor });
        self.text.moved.splice(first..first, std::iter::once(digit).chain(anchor));
        self.push_html("</h");
        self.push_moved(MovedKind::Level(level), |html| html.push(char::from(b'0' + level)));
        self.push_html(">\n");
        if level == 1 && start == 0 {
            self.text.opening = (self.text.html.len(), self.text.words.len());
        }
        self.text.headings.push(RenderedHeading { level, id, slug, text });
    }
}

/// The class of the cells of a column, as an attribute.
fn column_class(alignment: &Alignment) -> String {
    match alignment {
        Alignment::Right => " class=\"right\"".into(),
        Alignment::Center => " class=\"center\"".into(),
        _ => String::new(),
    }
}

/// The anchors of a page.
#[derive(Default)]
struct AnchorNames {
    /// The last number that was given to headings of a name.
    used: HashMap<String, u32>,
}

impl AnchorNames {
    fn unique_anchor(&mut self, slug: &str) -> String {
        // As mdBook and GitHub number them.
        let mut number = self.used.get(slug).map_or(0, |last| last + 1);
        let mut id = if number == 0 { slug.to_string() } else { format!("{slug}-{number}") };
        // Another heading may be called what this one would be.
        while self.used.contains_key(&id) {
            number += 1;
            id = format!("{slug}-{number}");
        }
        self.used.insert(id.clone(), 0);
        if number > 0 {
            self.used.insert(slug.to_string(), number);
        }
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

/// Their numbers are their ids, so that no label of the author's can be the id of something else.
/// Of two with one label, references lead to the first.
impl FootnoteNumbers {
    fn number_reference(&mut self, label: &str) -> usize {
        *self.numbers.entry(label.to_lowercase()).or_insert_with(|| {
            self.count += 1;
            self.count
        })
    }

    fn number_definition(&mut self, label: &str) -> usize {
        let first = self.number_reference(label);
        if self.defined.insert(first) {
            return first;
        }
        self.count += 1;
        self.count
    }
}

/// What a cell says of the heading of its column.
fn heading_attribute(heading: &str) -> String {
    match heading.trim() {
        "" => String::new(),
        heading => format!(" data-head=\"{}\"", escape::escape_html(heading)),
    }
}

/// Whether raw HTML does no more than end a line.
pub fn is_line_break(html: &str) -> bool {
    let name = html.trim_start_matches('<').trim_end_matches('>').trim_end_matches('/');
    name.trim_end().eq_ignore_ascii_case("br")
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
    let mut bytes = url.bytes();
    bytes.find(|byte| matches!(byte, b':' | b'/' | b'\\' | b'?' | b'#')) == Some(b':')
}

/// An address in small letters as browsers read it, to whom spaces and what comes before them in
/// ASCII are nothing and a backslash is a slash.
fn as_browsers_read(url: &str) -> String {
    let shown = url.chars().filter(|c| *c > ' ');
    shown.map(|c| if c == '\\' { '/' } else { c.to_ascii_lowercase() }).collect()
}

/// The links and pictures of a text with the line, from 1, in which each begins.
pub(crate) fn list_links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    let (mut line, mut counted) = (1, 0);
    for (event, range) in Parser::new_ext(text, markdown_options()).into_offset_iter() {
        if let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = event {
            line += text.get(counted..range.start).unwrap_or_default().matches('\n').count();
            counted = counted.max(range.start);
            links.push((line, dest_url.into_string()));
        }
    }
    links
}

/// Links between chapters name the source files; pages end in `.html`.
pub(crate) fn page_link(url: &str) -> Cow<'_, str> {
    if has_scheme(url) {
        return url.into();
    }
    let (path, fragment) = match url.find('#') {
        Some(index) => url.split_at(index),
        None => (url, ""),
    };
    match path.strip_suffix(".md") {
        Some(stem) => format!("{stem}.html{fragment}").into(),
        None => url.into(),
    }
}

/// The anchor of a heading: its letters and digits in lower case, joined by `-`.
pub fn heading_slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if c.is_alphanumeric() {
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

    fn render_alone(text: &str) -> RenderedText {
        to_html(text, &FactLinks::default(), &|_, _| None)
    }

    fn html(text: &str) -> String {
        render_alone(text).html
    }

    #[test]
    fn only_what_was_looked_up_looks_like_it() {
        let links = FactLinks::default();
        let url = "runs/a/1-host.html#c-host-kernel-release-L1";
        let hold = |markup: &str| links.hold_link(markup, url.into(), "k › l".into(), "6.1".into());
        let number = hold("`6.1`");
        let piped = hold("`a\\|b` c");
        let render = |text: &str| to_html(text, &links, &|_, _| None).html;
        let start =
            format!("<a class=\"fact\" href=\"{url}\" data-place=\"k › l\" data-evidence=\"6.1\">");
        assert_eq!(render(&number), format!("<p>{start}<code>6.1</code></a></p>\n"));
        let table = render(&format!("| {number} |\n| --- |\n| {piped} |\n"));
        assert!(table.contains(&format!("{start}<code>a|b</code> c</a>")), "{table}");
        assert!(table.contains("data-head=\"6.1\""), "{table}");
        let picture = render(&format!("![a {number}](p.png)"));
        assert!(picture.contains("alt=\"a 6.1\""), "{picture}");
        for text in [
            format!("[mine]({url} \"my own words › yes\")"),
            "[mine](#isoproof-fact-0)".into(),
            "[6.1](#isoproof-fact-2)".into(),
            "[<https://a.example/>](#isoproof-fact-0)".into(),
            number.replace("6.1", "6.2"),
            "[mine](x \"y\\\" class=\\\"fact\\\" data-place=\\\"z\")".into(),
            "<a class=\"fact\" data-evidence=\"yes\">999</a>".into(),
        ] {
            let html = render(&text);
            for attribute in [" class=\"", " data-place=\"", " data-evidence=\""] {
                assert!(!html.contains(attribute), "{text}: {html}");
            }
        }
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
    fn texts_on_one_page_have_their_own_anchors_numbers_levels_and_addresses() {
        let text =
            "# A [x](b.md)\n\n## A x\n\nOne[^n]. ![p](p.png)\n\n```draw me\nt\n```\n\n[^n]: Two.\n";
        let draw = |root: &'static str| {
            move |info: &str, content: &str| {
                info.starts_with("draw").then(|| format!("<i>{root} {info} {content}</i>\n"))
            }
        };
        let rendered = to_html(text, &FactLinks::default(), &draw("alone"));
        let mut joiner = TextJoiner::default();
        let names = [joiner.name_places(&rendered), joiner.name_places(&rendered)];
        assert_eq!(names[1].anchors, ["a-x-2", "a-x-3"]);
        let mut page = String::new();
        let link = |url: &str| (url == "b.md").then(|| "#b".to_string());
        for names in &names {
            rendered.push_joined(names, &link, &draw("joined"), &mut page);
        }
        let one = "<h2 id=\"a-x\">A <a href=\"#b\">x</a></h2>\n<h3 id=\"a-x-1\">A x</h3>\n\
                   <p>One<sup class=\"footnote-reference\"><a href=\"#fn_1\">1</a></sup>. \
                   <img src=\"p.png\" alt=\"p\" /></p>\n<i>joined draw me t\n</i>\n\
                   <div class=\"footnote-definition\" id=\"fn_1\">\
                   <sup class=\"footnote-definition-label\">1</sup>\n<p>Two.</p>\n</div>\n";
        let two = one.replace("a-x-1", "a-x-3").replace("\"a-x\"", "\"a-x-2\"");
        let two = two.replace("fn_1", "fn_2").replace(">1</", ">2</");
        assert_eq!(page, format!("{one}{two}"));
    }

    proptest::proptest! {
        #[test]
        fn what_has_no_form_of_our_own_is_written_as_the_parser_writes_it(
            pieces in proptest::collection::vec(proptest::sample::select(vec![
                "word", " ", "\n", "\n\n", "- ", "7. ", "1. ", "> ", "  ", "*", "**", "~~", "`", "``",
                "[a](b.html \"t\")", "![a *b* `c`](d.png)", "<a@b.c>", "&amp;", "<", "\"", "'", "é",
                "\\", "  \n", "***\n", "[x](<a b>)", "!", "[r]", "\n\n[r]: z.html 'q'\n\n",
            ]), 0..30)
        ) {
            let text = pieces.concat();
            let has_own_form = |event: &Event| matches!(
                event,
                Event::Start(Tag::Heading { .. } | Tag::CodeBlock(_) | Tag::HtmlBlock)
                    | Event::InlineHtml(_) | Event::TaskListMarker(_)
            );
            proptest::prop_assume!(!Parser::new_ext(&text, markdown_options()).any(|e| has_own_form(&e)));
            let mut wanted = String::new();
            pulldown_cmark::html::push_html(&mut wanted, Parser::new_ext(&text, markdown_options()));
            proptest::prop_assert_eq!(html(&text), wanted, "{}", text);
        }
    }

    #[test]
    fn chapter_links_become_page_links() {
        assert!(html("[x](isolation.md#escape)").contains("href=\"isolation.html#escape\""));
        assert!(html("<me@example.md>").contains("href=\"mailto:me@example.md\""));
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
        let rendered = render_alone(
            "# A `b` c\n\n## What's so?\n\n## What's so?\n\n## Whats so 2\n\n## What's so?\n",
        );
        let ids: Vec<&str> = rendered.headings.iter().map(|h| h.id.as_str()).collect();
        assert_eq!(ids, ["a-b-c", "whats-so", "whats-so-1", "whats-so-2", "whats-so-3"]);
        assert!(rendered.html.starts_with("<h1 id=\"a-b-c\">A <code>b</code> c</h1>"));
    }

    #[test]
    fn the_heading_that_opens_a_text_comes_apart() {
        let text = render_alone("# T `x`\n\nintro\n");
        assert_eq!(
            text.split_title().map(|part| (part.html, part.words)),
            [("<h1 id=\"t-x\">T <code>x</code></h1>\n", "T x "), ("<p>intro</p>\n", "intro ")]
        );
        assert_eq!(render_alone("intro\n\n# T\n").split_title()[0].html, "");
    }

    #[test]
    fn a_phrase_is_one_paragraph_without_its_element() {
        assert_eq!(render_phrase("Use `2> x` <b>now</b>.\n"), "Use <code>2&gt; x</code> now.");
        assert_eq!(render_phrase("# A"), "<h1>A</h1>\n");
        assert_eq!(render_phrase("One.\n\nTwo."), "<p>One.</p>\n<p>Two.</p>\n");
    }
}
