//! Pages: a file as cleaned, classified lines, and its parts by the role that their label names.

use super::command::{self, after_prompt, role_of_command};
use super::label::{self, EvidenceRole, GuestPlace, LabelRole};
use super::log::{EngineLogMessage, parse_engine_log};
use super::table::{self, TableLine};
use super::vocabulary::page::UNITS;
use super::{records, slot, words};
use crate::model::{Capture, MAX_LINE, MissingReason, MissingValue};
use crate::text::{is_hidden, split_lines, strip_ansi};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PageLine {
    /// Its number in the file, counted from 1.
    pub number: u32,
    /// Its text without escapes, invisible characters and space at the ends.
    pub text: String,
    pub kind: LineKind,
    /// Whether it stands after a label on the same line.
    pub inline: bool,
    /// Whether a program wrote it to say that it failed: asked once, because every reader does.
    pub is_error: bool,
    /// What its table says that it is a value of; none outside of tables that say so.
    pub measure: Option<String>,
    /// What cells of one row have in common.
    pub row: u32,
    /// Whether it is a cell that belongs to no target, wherever it stands.
    is_apart: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LineKind {
    /// Nothing.
    Blank,
    /// A message of the engine: never a value.
    Log(EngineLogMessage),
    /// A title between marks.
    Title,
    /// A command as it was typed, with the role that it states.
    Command(LabelRole),
    /// What makes that nothing is read on its page, and why.
    NotRead(MissingValue),
    /// Anything else.
    Text,
}

#[derive(Debug, Clone)]
pub(super) struct EvidencePage<'a> {
    pub capture: &'a str,
    /// The one role that its place or name speaks of.
    pub who: Option<EvidenceRole>,
    /// Its lines; a table's cells are lines of their own. A line longer than [`MAX_LINE`], or one at
    /// which a document breaks off, is the only one here: what it says is not known, so neither is
    /// what the others are worth.
    pub lines: Vec<PageLine>,
    parts: Vec<LabelledPart>,
}

/// The lines that follow one label.
#[derive(Debug, Clone, Default)]
pub(super) struct LabelledPart {
    /// Whose they are; none before the first label and after one that names no single role.
    pub who: Option<EvidenceRole>,
    pub label: String,
    pub line: u32,
    /// The lines, beginning with what stands after the label on its line.
    pub lines: Vec<PageLine>,
    /// The first cell that was left out because it is a value of something else.
    pub other_measure: Option<PageLine>,
    /// Which runtime of its kind the label names: `clh` of `kata-clh`.
    pub variant: Option<&'static str>,
}

impl<'a> EvidencePage<'a> {
    /// Reads a capture; bytes that cannot be decoded give a page without lines.
    pub(super) fn new(capture: &'a Capture, who: Option<EvidenceRole>) -> Self {
        let bytes = capture.stdout.decoded_bytes().unwrap_or_default();
        let lines: Vec<(u32, String)> = (1..).zip(split_lines(&bytes)).collect();
        Self::of_lines(&capture.id, who, &lines)
    }

    /// A page of some lines of a capture, with their numbers there.
    pub(super) fn of_lines(
        capture: &'a str,
        who: Option<EvidenceRole>,
        lines: &[(u32, String)],
    ) -> Self {
        let mut page = Self { capture, who, lines: Vec::new(), parts: Vec::new() };
        let long = lines.iter().find(|(_, text)| text.len() > MAX_LINE);
        let refused = long.map(|(number, text)| {
            let bytes = text.len();
            let note = format!(
                "line {number} has {bytes} bytes, and no file with a line of more than {MAX_LINE} is read"
            );
            MissingValue::new(MissingReason::TooLong, note).at_line(*number)
        });
        match refused.map_or_else(|| records::flatten_document(lines), Err) {
            Err(miss) => {
                let line = PageLine::new(miss.line.unwrap_or(1), "", false);
                page.lines.push(PageLine { kind: LineKind::NotRead(miss), ..line });
            }
            Ok(Some(flat)) => {
                page.lines.extend(flat.into_iter().map(PageLine::from_table));
            }
            Ok(None) => page.add_lines(lines),
        }
        page.parts = page.split_by_labels();
        page
    }

    /// The same page, whose guest is that of a runtime, without the parts of others.
    pub(super) fn read_guest_as(mut self, place: GuestPlace) -> Self {
        let beside = self.variants_beside_plain();
        let is_file_of_variant = matches!(place, GuestPlace::Variant(name) if slot::variant_of_path(self.capture) == Some(name));
        self.parts.retain(|part| match place {
            _ if part.who.is_none() || is_file_of_variant => true,
            GuestPlace::Variant(name) if part.who == Some(EvidenceRole::Kata) => {
                part.variant == Some(name) && beside.contains(&(EvidenceRole::Kata, name))
            }
            _ => part
                .variant
                .is_none_or(|name| part.who.is_none_or(|who| !beside.contains(&(who, name)))),
        });
        self.who = self.who.and_then(|who| place.role_of(who));
        self.parts.retain_mut(|part| {
            let was_labelled = part.who.is_some();
            part.who = part.who.and_then(|who| place.role_of(who));
            part.who.is_some() || !was_labelled
        });
        self
    }

    /// The runtimes that labels name next to another of their kind, each with its kind.
    pub(super) fn variants_beside_plain(&self) -> Vec<(EvidenceRole, &'static str)> {
        let filled = self.parts.iter().filter(|part| part.value_lines().next().is_some());
        let mut plain = filled.filter(|part| part.variant.is_none());
        let plain: Vec<_> = plain.by_ref().filter_map(|part| part.who).collect();
        let named = self.parts.iter().filter_map(|part| Some((part.who?, part.variant?)));
        let mut beside: Vec<_> = named.filter(|(who, _)| plain.contains(who)).collect();
        beside.sort_unstable();
        beside.dedup();
        beside
    }

    fn add_lines(&mut self, raw_lines: &[(u32, String)]) {
        let mut clean: Vec<(u32, String)> = Vec::new();
        for (number, raw) in raw_lines {
            clean.extend(clean_line(raw).into_iter().map(|text| (*number, text)));
        }
        let mut rest = &clean[..];
        while let Some((number, text)) = rest.first() {
            let rows = table::rows_at_start(rest);
            self.lines.extend(table::read_table(&rows).into_iter().map(PageLine::from_table));
            if rows.is_empty() {
                self.lines.push(PageLine::new(*number, text, false));
            }
            rest = &rest[rows.len().max(1)..];
        }
    }

    pub(super) fn value_lines(&self) -> impl Iterator<Item = &PageLine> {
        self.lines.iter().filter(|line| line.kind == LineKind::Text)
    }

    /// Whether a head says that the numbers of the page are milliseconds: `=== Startup (ms) ===`,
    /// `runtime,ms`.
    pub(super) fn value_unit_is_millis(&self) -> bool {
        let heads = self.lines.iter().filter(|line| {
            matches!(line.kind, LineKind::Title | LineKind::Text)
                && !line.text.contains(|c: char| c.is_ascii_digit())
        });
        heads.into_iter().any(|line| line.text == "ms" || words::contains_any(&line.text, UNITS))
    }

    /// The lines by the label above them. The place of a file that speaks of one role labels
    /// what has no label.
    pub(super) fn labelled_parts(&self) -> &[LabelledPart] {
        &self.parts
    }

    /// The same without the cells of tables that are values of something else.
    pub(super) fn parts_measuring(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<LabelledPart> {
        let mut parts = self.parts.clone();
        for part in &mut parts {
            let (own, others) = std::mem::take(&mut part.lines)
                .into_iter()
                .partition(|line| line.measure.as_deref().is_none_or(&is_wanted));
            part.lines = own;
            part.other_measure = Vec::into_iter(others).next();
        }
        parts
    }

    /// Whether the title in line `at` only counts an attempt of what is labelled above it: no label
    /// follows.
    fn heads_attempt(&self, at: usize) -> bool {
        let mut below = self.lines[at + 1..].iter().filter(|line| line.kind != LineKind::Blank);
        label::heads_attempt(&self.lines[at].text)
            && below.next().is_some_and(|line| label::parse_label(&line.text).is_none())
    }

    fn split_by_labels(&self) -> Vec<LabelledPart> {
        let mut parts = vec![LabelledPart { who: self.who, line: 1, ..LabelledPart::default() }];
        let mut by_label = false;
        for (at, line) in self.lines.iter().enumerate() {
            let who = parts.last().and_then(|part| part.who);
            match &line.kind {
                _ if line.is_apart => {
                    parts.push(LabelledPart::starting_part(None, line));
                    push_line(&mut parts, line);
                }
                // A page of one role may show what was typed inside the container.
                LineKind::Command(LabelRole::One(EvidenceRole::Host)) if self.who.is_some() => {
                    push_line(&mut parts, line)
                }
                LineKind::Command(LabelRole::Unclear) if self.who.is_none() => {
                    by_label = false;
                    parts.push(LabelledPart::starting_part(None, line));
                    push_line(&mut parts, line);
                }
                LineKind::Command(LabelRole::One(stated))
                    if command_opens(*stated, who, by_label) =>
                {
                    by_label = false;
                    parts.push(LabelledPart::starting_part(Some(*stated), line));
                    push_line(&mut parts, line);
                }
                LineKind::Title if let Some(who) = role_of_title(&line.text) => {
                    by_label = true;
                    parts.push(LabelledPart::starting_part(Some(who), line));
                }
                LineKind::Title | LineKind::Text => match split_labels(line) {
                    Some(labelled) => {
                        by_label = true;
                        parts.extend(labelled);
                    }
                    None if line.kind == LineKind::Title
                        && self.who.is_none()
                        && !self.heads_attempt(at) =>
                    {
                        by_label = false;
                        parts.push(LabelledPart::starting_part(None, line));
                    }
                    None => push_line(&mut parts, line),
                },
                _ => push_line(&mut parts, line),
            }
        }
        // What a title names holds for the labels below it.
        for index in 0..parts.len() {
            let above = index.checked_sub(1).map(|at| &parts[at]);
            let above = above.filter(|it| it.who == parts[index].who && it.lines.is_empty());
            let above = above.and_then(|part| part.variant);
            parts[index].variant = label::variant_of_name(&parts[index].label).or(above);
        }
        parts
    }
}

/// The role of a title that is a command: `== ctr run --runtime io.containerd.kata-clh.v2 ==`.
fn role_of_title(title: &str) -> Option<EvidenceRole> {
    let typed = label::strip_decoration(title);
    let (outside, inside) = words::without_brackets(typed);
    let named = label::list_roles(&inside);
    let asked = command::command_role(&outside).filter(|_| outside.contains("--runtime"));
    match named[..] {
        [who] if command::is_engine_run(&outside) => Some(who),
        [] => asked,
        _ => None,
    }
}

fn push_line(parts: &mut [LabelledPart], line: &PageLine) {
    if let Some(part) = parts.last_mut() {
        part.lines.push(line.clone());
    }
}

/// Whether a typed command begins a part: it never contradicts a label unless it names another
/// runtime.
fn command_opens(stated: EvidenceRole, who: Option<EvidenceRole>, by_label: bool) -> bool {
    match (stated, who) {
        (_, Some(who)) if who == stated => false,
        (_, None) => true,
        (EvidenceRole::Runc, Some(EvidenceRole::Host)) => true,
        (EvidenceRole::Host | EvidenceRole::Runc, _) => !by_label,
        _ => true,
    }
}

impl LabelledPart {
    pub(super) fn value_lines(&self) -> impl DoubleEndedIterator<Item = &PageLine> {
        self.lines.iter().filter(|line| line.kind == LineKind::Text)
    }

    fn starting_part(who: Option<EvidenceRole>, line: &PageLine) -> Self {
        // The names in a prompt label nothing.
        let label = match line.kind {
            LineKind::Command(_) => after_prompt(&line.text).1,
            _ => &line.text,
        };
        Self { who, label: label.into(), line: line.number, ..Self::default() }
    }
}

/// The parts that the labels on one line begin.
fn split_labels(line: &PageLine) -> Option<Vec<LabelledPart>> {
    let mut parts = Vec::new();
    let mut text = line.text.as_str();
    while let Some(found) = label::parse_label(text) {
        let who = match found.role {
            LabelRole::One(who) => Some(who),
            LabelRole::Unclear => None,
        };
        let label = found.words.into();
        let mut part = LabelledPart { who, label, line: line.number, ..LabelledPart::default() };
        // A message is not cut at the labels in it. Whether the line is one is looked at once, and
        // then only what stands before the next label: lines are as long as somebody makes them.
        let next = label::next_label(found.rest).filter(|&end| {
            is_plain(if parts.is_empty() { found.rest } else { &found.rest[..end] })
        });
        let end = next.unwrap_or(found.rest.len());
        let value = found.rest[..end].trim().trim_end_matches([',', ';', '|', '/']).trim_end();
        if !value.is_empty() {
            let measure = line.measure.clone();
            let row = line.row;
            part.lines.push(PageLine { measure, row, ..PageLine::new(line.number, value, true) });
        }
        // `Host / runc: 322` is both's.
        if part.who.is_none()
            && !part.lines.is_empty()
            && let [first, second] = table::find_target_roles(&part.label)[..]
        {
            part.label = first.into_str().into();
            parts.push(LabelledPart { who: Some(first), ..part.clone() });
            part.label = second.into_str().into();
            part.who = Some(second);
        }
        parts.push(part);
        match next {
            Some(_) => text = &found.rest[end..],
            None => break,
        }
    }
    (!parts.is_empty()).then_some(parts)
}

/// Whether a text could be a value: it is no message, command or title.
fn is_plain(text: &str) -> bool {
    let text = text.trim();
    classify_line(text) == LineKind::Text && !words::is_error(text)
}

impl PageLine {
    /// A line of this text, classified.
    pub(super) fn new(number: u32, text: &str, inline: bool) -> Self {
        let text = text.trim();
        let kind = classify_line(text);
        let is_error = words::is_error(text);
        let text = text.into();
        let row = number;
        Self { number, text, kind, inline, is_error, measure: None, row, is_apart: false }
    }

    pub(super) fn is_command(&self) -> bool {
        matches!(self.kind, LineKind::Command(_))
    }

    fn from_table(line: TableLine) -> Self {
        let TableLine { number, text, measure, is_apart, row } = line;
        Self { measure, row, is_apart, ..Self::new(number, &text, false) }
    }
}

fn classify_line(text: &str) -> LineKind {
    let is_rule = text.chars().all(|c| matches!(c, '-' | '=' | '_' | '*' | '~' | '`' | '—' | '+'));
    if text.is_empty() || (is_rule && text.chars().count() > 2) || text.starts_with("```") {
        return LineKind::Blank;
    }
    if let Some(log) = parse_engine_log(text) {
        return LineKind::Log(log);
    }
    // `nerdctl run exited with non-zero status` was not typed.
    if let Some(role) = role_of_command(text).filter(|_| !text.contains(" exited with ")) {
        return LineKind::Command(role);
    }
    let is_framed = ["==", "--", "**", "##"]
        .iter()
        .any(|mark| text.len() > 4 && text.starts_with(mark) && text.ends_with(mark));
    let heading = text.starts_with('#') && text.trim_start_matches('#').starts_with(' ');
    if is_framed || heading {
        return LineKind::Title;
    }
    LineKind::Text
}

/// One raw line as the texts it holds, without what only a terminal would show.
fn clean_line(raw: &str) -> Vec<String> {
    if raw.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t') && byte != b'\\') {
        return vec![without_prompt(raw)];
    }
    let text: String = strip_ansi(raw)
        .replace("\\t", "\t")
        .chars()
        .filter(|&c| c == '\t' || !is_hidden(c))
        .map(|c| match c {
            '\u{a0}' | '\u{202f}' | '\u{3000}' => ' ',
            '：' => ':',
            '（' => '(',
            '）' => ')',
            c => c,
        })
        .collect();
    if text.contains("msg=") || !text.contains("\\n") {
        return vec![without_prompt(&text)];
    }
    text.split("\\n").map(without_prompt).collect()
}

/// A line without the question for a password before it.
fn without_prompt(text: &str) -> String {
    let text = text.trim();
    for prompt in ["[sudo] password for ", "[sudo] пароль для ", "[sudo: "] {
        if let Some((_, rest)) = text.strip_prefix(prompt).and_then(|rest| rest.split_once(':')) {
            return rest.trim_start_matches([']', ' ', '*']).replace("Password:", "").trim().into();
        }
    }
    text.into()
}
