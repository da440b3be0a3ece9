//! A report as passages: text that somebody wrote, each piece with its place in the file and the
//! headings and sentences that it stands under.

use std::collections::BTreeMap;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use crate::report::markdown;

/// What a passage is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PassageForm {
    /// A paragraph or an item of a list.
    Prose,
    /// A cell of a table, with the words of its row and of its column.
    Cell {
        /// What the first cell of the row says.
        row: String,
        /// What the head of the column says.
        column: String,
        /// The row as a whole.
        line: String,
        /// The heads of all columns but the first: “Max” next to “Mean start-up (s)”.
        heads: String,
        /// What the column says as a whole: “ | label = cell” for each row.
        whole: String,
    },
    /// A block of code: pasted output, as a rule.
    Block,
}

/// The most bytes of a text above or next to a passage that are looked at for what the passage is
/// about, and the most items of lists around it: what stands once must not be read again in full
/// at each of the passages below it.
const MAX_TOPIC: usize = 1000;
const MAX_ITEMS: usize = 8;

/// A piece of text with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportPassage {
    /// What it is.
    pub form: PassageForm,
    /// The text without its markup.
    pub text: String,
    /// What it stands under, nearest first: the text before a block, the items of a list above
    /// it, headings.
    pub topics: Vec<String>,
    /// Where in the text pieces begin, and where those stand in the file.
    pieces: Vec<(usize, usize)>,
    /// Where code stands in the text.
    pub code: Vec<Range<usize>>,
}

impl ReportPassage {
    /// The range of the file that a range of the text came from.
    pub(crate) fn file_range(&self, range: &Range<usize>) -> Range<usize> {
        let at = |offset: usize| {
            let after = self.pieces.partition_point(|piece| piece.0 <= offset);
            let piece = after.checked_sub(1).map(|index| self.pieces[index]);
            piece.map_or(0, |(begins, at)| at + (offset - begins))
        };
        // The end belongs to the piece of the last byte.
        let end = at(range.end.saturating_sub(1).max(range.start)) + 1;
        at(range.start)..end.max(at(range.start))
    }

    fn push_text(&mut self, text: &str, at: usize) {
        self.pieces.push((self.text.len(), at));
        self.text.push_str(text);
    }

    fn new(form: PassageForm) -> Self {
        Self { form, text: String::new(), topics: Vec::new(), pieces: Vec::new(), code: Vec::new() }
    }
}

/// Reads a report. What is quoted (`>`) or HTML is left out: it is not the author's statement.
pub(crate) fn read_passages(text: &str) -> Vec<ReportPassage> {
    let mut reader = PassageReader::default();
    for (event, range) in Parser::new_ext(text, markdown::markdown_options()).into_offset_iter() {
        reader.read_event(event, &range, text);
    }
    reader.end_passage(false);
    reader.out
}

#[derive(Default)]
struct PassageReader {
    out: Vec<ReportPassage>,
    current: Option<ReportPassage>,
    headings: Vec<(u8, String)>,
    heading: Option<u8>,
    /// The text of the items of lists around the current place.
    items: Vec<String>,
    /// The last paragraph: what a block below it is about.
    before: String,
    /// The paragraphs above the lists around the current place.
    leads: Vec<String>,
    quotes: u32,
    columns: Vec<String>,
    row: Vec<ReportPassage>,
    /// Where the cells of the current table begin.
    table: usize,
    in_head: bool,
    /// Whether an item of a list has just ended: the next one is not about it.
    after_item: bool,
}

impl PassageReader {
    fn read_event(&mut self, event: Event, range: &Range<usize>, source: &str) {
        match event {
            Event::Start(tag) => self.start_tag(&tag),
            Event::End(tag) => self.end_tag(tag),
            Event::Text(text) => self.read_text(&text, range, source),
            Event::Code(text) => {
                self.read_text(&text, range, source);
                if let Some(passage) = &mut self.current {
                    passage.code.push(passage.text.len() - text.len()..passage.text.len());
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                if let Some(passage) = &mut self.current {
                    passage.push_text("\n", range.start);
                }
            }
            _ => {}
        }
    }

    fn start_tag(&mut self, tag: &Tag) {
        match tag {
            Tag::BlockQuote(_) => self.quotes += 1,
            Tag::Heading { level, .. } => {
                self.end_passage(false);
                self.heading = Some(*level as u8);
                self.current = Some(ReportPassage::new(PassageForm::Prose));
            }
            Tag::List(_) => {
                self.end_passage(true);
                self.leads.push(as_topic(&self.before));
            }
            Tag::Item => {
                self.end_passage(true);
                if std::mem::take(&mut self.after_item) {
                    self.before = self.leads.last().cloned().unwrap_or_default();
                }
                self.items.push(String::new());
                self.current = Some(ReportPassage::new(PassageForm::Prose));
            }
            Tag::Paragraph => {
                self.after_item = false;
                self.end_passage(true);
                self.current = Some(ReportPassage::new(PassageForm::Prose));
            }
            Tag::CodeBlock(kind) => {
                self.end_passage(true);
                let mut block = ReportPassage::new(PassageForm::Block);
                // What a fence names (`markdown`, `mermaid`) is no output.
                if let CodeBlockKind::Fenced(info) = kind
                    && matches!(
                        info.split_whitespace().next(),
                        Some("mermaid" | "dot" | "markdown")
                    )
                {
                    self.quotes += 1;
                    block.form = PassageForm::Prose;
                }
                self.current = Some(block);
            }
            Tag::TableHead => {
                self.end_passage(true);
                self.columns.clear();
                self.table = self.out.len();
                self.in_head = true;
            }
            Tag::TableRow => self.row.clear(),
            Tag::TableCell => {
                let form = PassageForm::Cell {
                    row: String::new(),
                    column: String::new(),
                    line: String::new(),
                    heads: String::new(),
                    whole: String::new(),
                };
                self.current = Some(ReportPassage::new(form));
            }
            _ => {}
        }
    }

    fn end_tag(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::BlockQuote(_) => {
                self.end_passage(false);
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::Heading(_) => self.end_heading(),
            TagEnd::Item => {
                self.end_passage(true);
                self.items.pop();
                self.after_item = true;
            }
            TagEnd::List(_) => drop(self.leads.pop()),
            TagEnd::Paragraph | TagEnd::CodeBlock => {
                let was_skipped = tag == TagEnd::CodeBlock
                    && self.current.as_ref().is_some_and(|block| block.form == PassageForm::Prose);
                self.end_passage(true);
                self.quotes = self.quotes.saturating_sub(u32::from(was_skipped));
            }
            TagEnd::TableCell => self.end_cell(),
            TagEnd::TableHead => self.in_head = false,
            TagEnd::TableRow => self.end_row(),
            TagEnd::Table => self.end_table(),
            _ => {}
        }
    }

    fn read_text(&mut self, text: &str, range: &Range<usize>, source: &str) {
        let Some(passage) = &mut self.current else { return };
        // The text of a code span stands after its ticks; its line ends are blanks.
        let whole = source.get(range.clone()).unwrap_or_default();
        let ticks = whole.len() - whole.trim_start_matches('`').len();
        let within = whole.find(text).unwrap_or(ticks);
        passage.push_text(text, range.start + within);
    }

    fn end_heading(&mut self) {
        let Some(level) = self.heading.take() else { return };
        let text = self.current.take().map(|passage| passage.text).unwrap_or_default();
        self.headings.retain(|heading| heading.0 < level);
        self.headings.push((level, text));
        self.before.clear();
    }

    fn end_cell(&mut self) {
        let Some(cell) = self.current.take() else { return };
        if self.in_head {
            self.columns.push(cell.text);
        } else {
            self.row.push(cell);
        }
    }

    fn end_row(&mut self) {
        let cells = std::mem::take(&mut self.row);
        let line: Vec<&str> = cells.iter().map(|cell| cell.text.as_str()).collect();
        let line = as_topic(&line.join(" | "));
        let head = cells.first().map(|cell| as_topic(&cell.text)).unwrap_or_default();
        let heads = as_topic(&self.columns.get(1..).unwrap_or_default().join(" | "));
        for (index, mut cell) in cells.into_iter().enumerate() {
            // “CPU” below “Overhead” is the overhead of the CPU.
            let row = match (index, self.columns.first().map(|text| text.trim())) {
                (0, _) => String::new(),
                (_, Some(corner)) if !corner.is_empty() => as_topic(&format!("{corner}: {head}")),
                _ => head.clone(),
            };
            let column = self.columns.get(index).map(|text| as_topic(text)).unwrap_or_default();
            let (line, heads) = (line.clone(), heads.clone());
            cell.form = PassageForm::Cell { row, column, line, heads, whole: String::new() };
            cell.topics = self.current_topics();
            if self.quotes == 0 && !cell.text.trim().is_empty() {
                self.out.push(cell);
            }
        }
    }

    /// Gives each cell the text of its column.
    fn end_table(&mut self) {
        let cells = self.out.get_mut(self.table..).unwrap_or_default();
        let mut below: BTreeMap<String, String> = BTreeMap::new();
        for cell in cells.iter() {
            if let PassageForm::Cell { column, row, .. } = &cell.form {
                let text = below.entry(column.clone()).or_default();
                if text.len() < MAX_TOPIC {
                    text.push_str(" | ");
                    text.push_str(&as_topic(&format!("{row} = {}", cell.text)));
                }
            }
        }
        for cell in cells {
            if let PassageForm::Cell { column, whole, .. } = &mut cell.form {
                whole.clone_from(&below[column]);
            }
        }
    }

    /// Ends the current passage; `keep` if what follows may be about it.
    fn end_passage(&mut self, keep: bool) {
        let Some(mut passage) = self.current.take() else { return };
        if self.heading.is_some() || passage.text.trim().is_empty() {
            return;
        }
        passage.topics = self.current_topics();
        if passage.form == PassageForm::Prose {
            if let Some(item) = self.items.last_mut().filter(|item| item.is_empty()) {
                item.clone_from(&passage.text);
            }
            self.before = if keep { passage.text.clone() } else { String::new() };
        }
        if self.quotes == 0 {
            self.out.push(passage);
        }
    }

    fn current_topics(&self) -> Vec<String> {
        let mut topics: Vec<String> = Vec::new();
        let items = self.items.iter().rev().filter(|item| !item.is_empty());
        topics.extend(items.take(MAX_ITEMS).map(|item| as_topic(item)));
        let before = as_topic(&self.before);
        if !topics.contains(&before) && !before.is_empty() {
            topics.insert(0, before);
        }
        topics.extend(self.headings.iter().rev().map(|heading| as_topic(&heading.1)));
        topics
    }
}

/// The beginning of a text, as what something else is about.
fn as_topic(text: &str) -> String {
    crate::text::beginning(text.trim(), MAX_TOPIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<String> {
        read_passages(source).into_iter().map(|passage| passage.text).collect()
    }

    #[test]
    fn every_passage_knows_its_place() {
        let source = "# T\n\nHost has **332** `x`.\n\n- a\n  - Kata: 52\n\n```\none\ntwo 7\n```\n";
        for passage in read_passages(source) {
            for word in ["332", "52", "two 7"] {
                if let Some(at) = passage.text.find(word) {
                    assert_eq!(&source[passage.file_range(&(at..at + word.len()))], word);
                }
            }
        }
    }

    #[test]
    fn a_block_is_about_the_text_above_it() {
        let source = "## Task 2\n\n- Show health\nIt answers.\n\n```\njuice-runc: HTTP 503\n```\n";
        let block = read_passages(source).pop().unwrap();
        assert_eq!(block.form, PassageForm::Block);
        assert_eq!(block.topics, ["Show health\nIt answers.", "Task 2"]);
    }

    #[test]
    fn a_nested_item_is_about_the_items_around_it() {
        let source = "- Analyze:\n  - runc:\n    Shares.\n";
        let passages = read_passages(source);
        assert_eq!(passages[1].text, "runc:\nShares.");
        assert_eq!(passages[1].topics[0], "Analyze:");
    }

    #[test]
    fn every_item_is_about_the_text_above_its_list() {
        let passages = read_passages("The kernels:\n\n- runc: 6.8\n- Kata: 6.12\n\nafter");
        let topics: Vec<&[String]> = passages.iter().map(|one| &one.topics[..]).collect();
        assert_eq!(topics[2], ["The kernels:"]);
    }

    #[test]
    fn a_cell_knows_its_row_and_column() {
        let source = "| what | runc | Kata |\n|---|---|---|\n| start | 1 s | 2 s |\n";
        let cell = read_passages(source).pop().unwrap();
        assert_eq!(cell.text, "2 s");
        let (row, column) = ("what: start".into(), "Kata".into());
        let (line, heads) = ("start | 1 s | 2 s".into(), "runc | Kata".into());
        let whole = " | what: start = 2 s".into();
        assert_eq!(cell.form, PassageForm::Cell { row, column, line, heads, whole });
    }

    #[test]
    fn quotations_and_html_are_not_statements() {
        assert!(texts("> Host has 1 process.\n\n<!-- 332 -->\n").is_empty());
        assert_eq!(texts("```mermaid\na 332\n```\n\nafter"), ["after"]);
    }
}
