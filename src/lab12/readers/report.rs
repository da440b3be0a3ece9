//! A report as evidence: the outputs that its author pasted under its headings, read as the files
//! of the lab that they would have filled. So is the transcript of a terminal, whose outputs stand
//! under the commands that were typed.

use std::collections::{BTreeMap, BTreeSet};

use super::label::{self, EvidenceRole, LabelRole, MAX_LABEL};
use super::page::{EvidencePage, LineKind, PageLine};
use super::vocabulary::report::{
    GENERAL, OTHER_WORK, OWN_MACHINES, PRODUCTS, START_HEADINGS, WORDS,
};
use super::{
    command, cpu, dmesg, health, interfaces, kernel, log, records, results, sentence, shim, slot,
    table, timing, words,
};
use crate::model::Capture;
use crate::text::{beginning, split_lines};

/// The place of a report; what it holds is read as the files of other places.
pub const REPORT_PATH: &str = "submissions/lab12.md";

type NumberedLines = Vec<(u32, String)>;

/// What was pasted in one place: a fenced block, a table, or lines with a label each.
#[derive(Debug, Default)]
struct PastedBlock {
    lines: NumberedLines,
    /// The words above it, the nearest first: its caption and its headings.
    above: Vec<(u32, String)>,
    /// Whose output it is by the command of a transcript.
    typed_for: Option<LabelRole>,
    /// Whether it was written by hand in a transcript, where only labels say whose a line is: what
    /// stands above speaks of the session.
    is_note: bool,
    /// The slot whose file would hold it, where what it is of is known.
    slot: Option<&'static str>,
    /// Whether the report times other work than starts, too.
    is_beside_other_times: bool,
    /// Whether it is of the author's own words: neither a fenced block nor a table.
    is_told: bool,
    /// Whether the line above its command says that others measured it, or nobody.
    is_announced: bool,
}

/// The pages of a report by the slots whose files they stand for.
pub(super) fn report_pages(capture: &Capture) -> BTreeMap<&'static str, EvidencePage<'_>> {
    let mut by_slot: BTreeMap<&'static str, NumberedLines> = BTreeMap::new();
    let mut blocks = match &capture.id {
        id if is_report(id) => list_blocks(capture),
        id if is_data(id) => blocks_of_data(&number_lines(capture)),
        _ => list_keyed_values(capture).unwrap_or_else(|| list_outputs(capture)),
    };
    blocks = blocks.into_iter().flat_map(PastedBlock::split_sequence).collect();
    blocks.retain(|block| !block.is_of_others());
    let has_other_times = blocks.iter().any(PastedBlock::times_other_work);
    let mut blocks: Vec<PastedBlock> =
        blocks.into_iter().flat_map(PastedBlock::split_by_commands).collect();
    blocks.iter_mut().for_each(|block| block.is_beside_other_times = has_other_times);
    let has_kind =
        |kind| blocks.iter().any(|block| block.is_captioned(&[kind]) && !block.is_with_pull());
    let has_two_kinds = has_kind("cold") && has_kind("warm");
    // What is told next to outputs repeats them, or sums them up.
    let (told, shown): (Vec<&PastedBlock>, Vec<&PastedBlock>) =
        blocks.iter().partition(|block| block.is_told);
    let claimed_by_outputs: Vec<&'static str> =
        shown.iter().flat_map(|block| block.claimed_slots(block.find_role())).collect();
    let machines: BTreeSet<&str> =
        shown.iter().filter_map(|block| block.machine_of_starts()).collect();
    for block in shown.iter().chain(&told) {
        let role = block.find_role();
        for path in block.claimed_slots(role) {
            let mut own = block.lines.clone();
            if block.is_told && claimed_by_outputs.contains(&path) {
                let shown = by_slot.get(path).map_or(&[][..], Vec::as_slice);
                own.retain(|line| role_in_line(line).is_some_and(|who| !has_line_of(shown, who)));
                if own.is_empty() || role.is_some() || path == SHIM {
                    continue;
                }
            }
            // Starts of two kinds are no series, and neither is one with a pull in it.
            let is_unclear = block.is_with_pull()
                || block.above.iter().any(|(_, words)| timing::discards_run(words))
                || has_two_kinds && block.is_captioned(&["cold", "warm"]);
            if is_unclear && path == STARTS {
                continue;
            }
            let lines = by_slot.entry(path).or_default();
            if path != SHIM {
                // What follows belongs to no part of the block before.
                lines.push((own[0].0, "== block ==".into()));
                // By the name of each, starts on several machines are no series.
                let machine = block.machine_of_starts();
                let machine = machine.filter(|_| path == STARTS && machines.len() > 1);
                lines.extend(machine.map(|name| (own[0].0, format!("{name}:"))));
                let label = role.map(|(who, number)| (number, block.label_of(who, number)));
                lines.extend(label);
            }
            lines.extend(own.into_iter().filter(|line| is_wanted(path, &line.1)));
        }
    }
    by_slot
        .into_iter()
        .filter_map(|(path, lines)| {
            let who = slot::by_path(path)?.who;
            Some((path, EvidencePage::of_lines(&capture.id, who, &lines)))
        })
        .collect()
}

/// The one role that a line is of, by its label or as a command.
fn role_in_line((_, text): &(u32, String)) -> Option<EvidenceRole> {
    let labelled = label::parse_label(text).map(|found| found.role);
    match labelled.or_else(|| command::role_of_command(text))? {
        LabelRole::One(who) => Some(who),
        LabelRole::Unclear => None,
    }
}

/// Whether any of the lines is of a role, or of roles that are not told apart.
fn has_line_of(lines: &[(u32, String)], who: EvidenceRole) -> bool {
    lines.iter().any(|line| {
        role_in_line(line) == Some(who) || line.1.starts_with('|') && names_target_in_row(&line.1)
    })
}

/// Whether a file is, by its name, one that a script writes.
pub(super) fn is_data(name: &str) -> bool {
    let name = name.to_lowercase();
    let ends = [".json", ".jsonl", ".ndjson", ".yaml", ".yml", ".csv", ".tsv"];
    ends.iter().any(|end| name.ends_with(end))
}

fn number_lines(capture: &Capture) -> NumberedLines {
    let bytes = capture.stdout.decoded_bytes().unwrap_or_default();
    (1..).zip(split_lines(&bytes)).collect()
}

fn blocks_of_data(lines: &[(u32, String)]) -> Vec<PastedBlock> {
    match block_of_columns(lines) {
        Some(block) => vec![block],
        None => make_record_blocks(records::list_records(lines)),
    }
}

/// A table of a row for each measure and a column for each target, as a spreadsheet writes it:
/// `metric,host,runc,kata`.
fn block_of_columns(lines: &[(u32, String)]) -> Option<PastedBlock> {
    let (_, head) = lines.first()?;
    let mark = [",", ";", "\t"].into_iter().find(|mark| head.contains(mark))?;
    let targets = table::cells_between(head, mark);
    let is_of_targets = targets.len() > 2
        && targets[1..].iter().all(|cell| table::find_target_roles(cell).len() == 1);
    let rows = lines.iter().map(|(number, text)| {
        let cells = table::cells_between(text, mark).join(" | ").replace('\n', " ");
        (*number, format!("| {cells} |"))
    });
    is_of_targets.then(|| PastedBlock {
        lines: rows.collect(),
        is_note: true,
        ..PastedBlock::default()
    })
}

fn make_record_blocks(records: Vec<records::Record>) -> Vec<PastedBlock> {
    let blocks = records.into_iter().map(|record| PastedBlock {
        lines: match record.slot {
            // One a line, as curl writes them.
            "bench/curl-3012.txt" => {
                let samples = record.text.split(", ");
                let own = samples.map(|it| format!("{}: {it}", record.who.into_str()));
                own.map(|text| (record.line, text)).collect()
            }
            _ => vec![(record.line, format!("{}: {}", record.who.into_str(), record.text))],
        },
        slot: Some(record.slot),
        ..PastedBlock::default()
    });
    blocks.collect()
}

/// The values of a file that by its name is of one target, where it is lines of keys and values.
fn list_keyed_values(capture: &Capture) -> Option<Vec<PastedBlock>> {
    let who = slot::role_of_bare_name(&capture.id)?;
    let lines = number_lines(capture);
    let records = records::list_keyed_records(&lines, who);
    let count = lines.iter().filter(|line| !line.1.trim().is_empty()).count();
    let has_commands = lines.iter().any(|line| command::role_of_command(line.1.trim()).is_some());
    (records.len() > 2 && records.len() * 2 > count && !has_commands)
        .then(|| make_record_blocks(records))
}

fn is_report(name: &str) -> bool {
    name.to_lowercase().ends_with(".md")
}

/// The commands of a transcript, each with what it printed, and the lines that were written below
/// a heading, or without any, by hand.
fn list_outputs(capture: &Capture) -> Vec<PastedBlock> {
    // `pod-kata.log` holds what Kata's pod printed.
    let lines = number_lines(capture);
    // In one without a command that starts or enters a container, the name says where all of it
    // was typed.
    let is_of_one_shell = lines.iter().all(|line| {
        command::role_of_command(&line.1)
            .is_none_or(|role| role == LabelRole::One(EvidenceRole::Host))
    });
    let named = slot::role_of_bare_name(&capture.id).filter(|who| {
        lines.iter().filter(|line| !command::manages_engine(&line.1)).all(|line| {
            let stated = match command::role_of_command(&line.1) {
                Some(_) if is_of_one_shell => None,
                _ => role_in_line(line),
            };
            stated.is_none_or(|stated| stated == *who)
        })
    });
    // `docker info` tells of the machine of the engine.
    let is_info = ["Server Version: ", "Kernel Version: "]
        .iter()
        .all(|start| lines.iter().any(|line| line.1.trim().starts_with(start)));
    let first = match named.or(is_info.then_some(EvidenceRole::Host)) {
        Some(who) => PastedBlock {
            typed_for: Some(LabelRole::One(who)),
            above: vec![(1, who.into_str().into())],
            ..PastedBlock::default()
        },
        None => PastedBlock { is_note: true, ..PastedBlock::default() },
    };
    let mut blocks = vec![first];
    let mut is_announced = false;
    // Whose container the shell is in.
    let mut inside = None;
    let prompts: BTreeSet<&str> =
        lines.iter().filter_map(|(_, text)| command::named_prompt(text.trim())).collect();
    for (number, raw) in &lines {
        let (number, text) = (*number, raw.trim());
        if text.ends_with(':') {
            is_announced = tells_of_others(text);
        }
        if let Some(typed) = command::typed_in_container(text) {
            let block = PastedBlock::of_command(number, typed, typed);
            let typed_for = inside.or(Some(LabelRole::Unclear));
            inside = inside.filter(|_| typed != "exit");
            blocks.push(PastedBlock { typed_for, is_announced, ..block });
            continue;
        }
        // A shell whose prompt is known takes commands that are not.
        let behind_prompt = || {
            let (prompt, typed) = text.split_at(text.find("> ")? + 2);
            prompts.contains(prompt).then_some(typed)
        };
        if let Some(typed) = command::typed_in_transcript(text).or_else(behind_prompt) {
            let block = PastedBlock::of_command(number, typed, text);
            let mut block = PastedBlock { is_announced, ..block };
            inside = block.typed_for.filter(|_| command::opens_shell(typed));
            let is_unclear = block.typed_for == Some(LabelRole::Unclear);
            if let Some(who) = named.filter(|_| is_of_one_shell || is_unclear) {
                block.typed_for = Some(LabelRole::One(who));
            }
            blocks.push(block);
            if named.is_some() && is_unclear {
                // A page reads it as of a container of nobody's.
                continue;
            }
        } else if heading_depth(text).is_some() {
            // What follows a heading was written, not printed.
            is_announced = false;
            let words = text.trim_matches(['#', ' ']);
            blocks.push(PastedBlock {
                above: vec![(number, beginning(words, MAX_LABEL).to_string())],
                is_note: true,
                ..PastedBlock::default()
            });
            continue;
        }
        if let Some(block) = blocks.last_mut() {
            let time = timing::time_of_measured_command(block.nearest_caption(), text);
            let typed = command::command_in_heading(text).map(|typed| format!("$ {typed}"));
            block.lines.push((number, time.or(typed).unwrap_or_else(|| text.into())));
        }
    }
    blocks.retain(|block| !block.lines.is_empty());
    blocks
}

/// Of a block that holds more than the shim's version only that is its file's.
fn is_wanted(path: &str, text: &str) -> bool {
    path != SHIM || shim::is_version_line(text)
}

/// Fenced blocks, tables and labelled lines, with what stands above each.
fn list_blocks(capture: &Capture) -> Vec<PastedBlock> {
    let bytes = capture.stdout.decoded_bytes().unwrap_or_default();
    let mut list = BlockList::default();
    let lines = split_lines(&bytes);
    for (index, raw) in lines.iter().enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let next = lines.get(index + 1).map_or("", |line| line.as_str());
        list.mark_indented_code(number, raw);
        if let Some(depth) = underlined_depth(raw, next).filter(|_| !list.is_fenced) {
            list.add_heading(depth, number, raw.trim());
            continue;
        }
        if list.headings.last().is_some_and(|last| last.1 + 1 == number) && is_underline(raw) {
            continue;
        }
        let last = list.open.as_ref().and_then(|block| block.lines.last());
        let is_in_table = last.is_some_and(|(_, text)| text.starts_with('|'));
        for text in plain_lines(raw, next, list.is_fenced, is_in_table) {
            list.add_line(number, &text, next);
        }
    }
    list.end_block(u32::MAX);
    let shown = list.blocks.iter().flat_map(|block| block.lines.windows(2));
    let shown = shown.filter(|pair| shim::shows_version_file(&pair[0].1));
    let shown = shown.filter(|pair| shim::is_version_line(&pair[1].1));
    let shown: Vec<_> =
        shown.map(|pair| version_block(pair[1].0, pair[1].1.as_str(), false)).collect();
    list.blocks.extend(shown);
    list.blocks.append(&mut list.versions);
    let (data, mut blocks): (Vec<PastedBlock>, Vec<PastedBlock>) =
        list.blocks.into_iter().partition(|block| {
            block
                .lines
                .first()
                .is_some_and(|(_, text)| text.starts_with('{') && !text.contains("\"msg\""))
        });
    blocks.extend(
        data.iter()
            .filter(|block| !block.is_of_others())
            .flat_map(|block| make_record_blocks(records::list_records(&block.lines))),
    );
    blocks.retain(|block| !block.lines.is_empty());
    blocks
}

/// The version of Kata that a line of a report states.
fn version_block(number: u32, version: &str, is_told: bool) -> PastedBlock {
    let lines = vec![(number, format!("Kata version: {version}"))];
    PastedBlock { lines, slot: Some(SHIM), is_told, ..PastedBlock::default() }
}

/// The blocks of a report that is being read.
#[derive(Debug, Default)]
struct BlockList {
    blocks: Vec<PastedBlock>,
    /// What sentences say of the version of Kata.
    versions: Vec<PastedBlock>,
    headings: Vec<(usize, u32, String)>,
    caption: Option<(u32, String)>,
    open: Option<PastedBlock>,
    is_fenced: bool,
    /// Whether what is fenced is code by its indentation.
    is_indented: bool,
    is_after_blank: bool,
    is_in_item: bool,
    is_comment: bool,
    /// The line at which the last block ended.
    ended_at: u32,
}

impl BlockList {
    fn end_block(&mut self, number: u32) {
        if let Some(block) = self.open.take() {
            self.blocks.push(block);
            self.ended_at = number;
        }
    }

    /// Begins and ends code that is marked by its indentation alone.
    fn mark_indented_code(&mut self, number: u32, raw: &str) {
        let text = raw.trim();
        let indent = raw.len() - raw.trim_start().len();
        let is_deep = raw.starts_with('\t') || indent >= if self.is_in_item { 6 } else { 4 };
        let is_other = is_item(text) || is_fence(text) || is_row(text);
        let is_code = match text.is_empty() {
            true => self.is_indented,
            false => is_deep && !is_other && (self.is_indented || self.is_after_blank),
        };
        if is_code != self.is_indented && (self.is_indented || !self.is_fenced) {
            self.end_block(number);
            self.is_fenced = is_code;
            self.is_indented = is_code;
            self.caption.take_if(|_| !is_code);
        }
        self.is_after_blank = text.is_empty();
        if indent == 0 && !text.is_empty() {
            self.is_in_item = is_item(text);
        }
    }

    fn add_heading(&mut self, depth: usize, number: u32, text: &str) {
        self.end_block(number - 1);
        self.headings.retain(|heading| heading.0 < depth);
        self.headings.push((depth, number, beginning(text, MAX_LABEL).into()));
        self.caption = None;
    }

    fn add_line(&mut self, number: u32, text: &str, next: &str) {
        self.is_comment |= !self.is_fenced && text.starts_with("<!--");
        if self.is_comment {
            // What only the source of a page shows is not said.
            self.is_comment = !text.contains("-->");
            return;
        }
        let is_fence = is_fence(text);
        if let Some(version) = shim::version_in_prose(text).filter(|_| !self.is_fenced) {
            self.versions.push(version_block(number, version, true));
        }
        let text = if self.is_fenced { text } else { quoted_statement(text) };
        if self.is_fenced && !is_fence || !self.is_fenced && is_loose_line(text, &self.open) {
            let above = words_above(&self.caption, &self.headings);
            let is_told = !self.is_fenced && !is_row(text);
            let block = self.open.get_or_insert_with(|| PastedBlock {
                above,
                is_told,
                ..PastedBlock::default()
            });
            block.lines.push((number, text.into()));
            return;
        }
        self.end_block(number - u32::from(!is_fence));
        if is_fence {
            self.is_fenced = !self.is_fenced;
            if !self.is_fenced {
                self.caption = None;
            }
        } else if let Some(depth) = heading_depth(text) {
            self.add_heading(depth, number, text.trim_matches(['#', ' ']));
        } else if !text.is_empty() {
            self.add_prose(number, text, is_caption_below(text, next));
        }
    }

    /// A line of prose: the caption of what stands right above or below it, or a sentence that
    /// states values.
    fn add_prose(&mut self, number: u32, text: &str, is_below: bool) {
        let words = (number, beginning(text, MAX_LABEL).to_string());
        if self.ended_at + 1 == number
            && is_below
            && let Some(block) = self.blocks.last_mut()
        {
            block.above.insert(0, words);
            return;
        }
        if let Some((typed, printed)) = command_with_output(text) {
            let above = words_above(&self.caption, &self.headings);
            let lines = vec![(number, printed.into())];
            let mut block = PastedBlock { lines, above, ..PastedBlock::default() };
            // Without a container the heading says where it was typed.
            let is_placed =
                block.is_captioned(&["container", "inside", "pod"]) || block.find_role().is_some();
            if command::command_role(typed).is_some() || !is_placed {
                block.lines.insert(0, (number, format!("$ {typed}")));
            }
            self.blocks.push(block);
            return;
        }
        for stated in sentence::list_sentence_values(beginning(text, MAX_SENTENCE)) {
            let line = format!("{}: {}", stated.who.into_str(), stated.value);
            let lines = vec![(number, line)];
            let above = vec![words.clone()];
            let slot = Some(stated.slot);
            let is_told = true;
            self.blocks.push(PastedBlock { lines, above, slot, is_told, ..PastedBlock::default() });
        }
        self.caption = Some(words);
    }
}

/// A command and what it printed on one line of prose: "- `uname -a`: `Linux pine 6.8.0-60-generic …`".
fn command_with_output(text: &str) -> Option<(&str, &str)> {
    let (typed, printed) = text.trim_start_matches(['-', '*', ' ']).split_once("`:")?;
    let typed = typed.strip_prefix('`')?;
    let printed = printed.trim();
    let quoted = printed.strip_prefix('`').and_then(|printed| printed.strip_suffix('`'));
    let printed = quoted.or_else(|| printed.starts_with("Linux ").then_some(printed))?;
    command::role_of_command(&format!("$ {typed}")).map(|_| (typed, printed))
}

/// A line whose label is followed by a kernel between backticks, without what stands after those:
/// "Host: `Linux pine 6.8.0-60-generic …`, KVM available".
fn quoted_statement(text: &str) -> &str {
    let Some((before, quoted)) = text.split_once("`Linux ") else { return text };
    match quoted.find('`') {
        Some(end)
            if words::split_words(before).all(|word| words::has_word(word, "kernel uname a r")) =>
        {
            &text[before.len() + 1..before.len() + "`Linux ".len() + end]
        }
        Some(end)
            if label::parse_label(text).is_some() && before.trim_end().ends_with([':', '*']) =>
        {
            &text[..before.len() + "`Linux `".len() + end]
        }
        _ => text,
    }
}

/// The most bytes of a line of prose that are searched for values.
const MAX_SENTENCE: usize = 1024;

/// Whether a line right below a block is its caption: `*Figure 1: runc*`, `(host)`.
fn is_caption_below(text: &str, next: &str) -> bool {
    if next.trim().starts_with(['`', '~', '|']) || text.starts_with("**") {
        return false;
    }
    let is_emphasised = [('*', '*'), ('_', '_'), ('(', ')')]
        .iter()
        .any(|(open, close)| text.starts_with(*open) && text.ends_with(*close));
    is_emphasised || ["Figure", "Fig.", "Рис"].iter().any(|word| text.starts_with(word))
}

/// A line of a report without the marks of quotes, bullets and HTML, its tables in the form of
/// those with a frame.
fn plain_lines(raw: &str, next: &str, is_fenced: bool, is_in_table: bool) -> Vec<String> {
    let text = raw.trim();
    let text = match text.strip_prefix("> ") {
        Some(quoted) if is_fenced || quoted.trim_start().starts_with(['`', '~', '|']) => quoted,
        _ => text,
    };
    if is_fenced {
        return vec![text.into()];
    }
    if words::contains_any(text, &["<td", "<th>", "<th "]) {
        return text.split("</tr>").filter_map(row_of_html).collect();
    }
    // A pipe in a cell is written with a backslash before it.
    let text = text.replace("• ", "- ").replace("<p>", "").replace("</p>", "").replace("\\|", "¦");
    let text = text.replace('：', ": ").replace('（', " (").replace('）', ")").replace('、', ", ");
    let text = without_struck_out(&text);
    let is_bare_row = !text.starts_with('|')
        && text.contains(" | ")
        && (is_in_table
            || [next, &text].iter().any(|line| line.contains("--|") || line.contains("-- |")));
    vec![if is_bare_row { format!("| {text} |") } else { text.trim().into() }]
}

/// A text without what its author took back: `~~15~~ 14`.
fn without_struck_out(text: &str) -> String {
    let pieces: Vec<&str> = text.split("~~").collect();
    match pieces.len() % 2 {
        1 => pieces.into_iter().step_by(2).collect::<String>(),
        _ => text.into(),
    }
}

/// `| runc | 0.68 |` for `<tr><td>runc</td><td>0.68</td>`.
fn row_of_html(row: &str) -> Option<String> {
    let mut cells = String::new();
    for part in row.split("<t").skip(1) {
        let Some((name, rest)) = part.split_once('>') else { continue };
        if name.starts_with(['d', 'h']) && name != "head" {
            let mut text = rest.split('<').enumerate().map(|(index, piece)| match index {
                0 => piece,
                _ => piece.split_once('>').map_or("", |(_, behind)| behind),
            });
            cells.push_str(" | ");
            cells.extend(text.by_ref());
        }
    }
    (!cells.is_empty()).then(|| format!("{} |", cells.trim_start()))
}

fn words_above(
    caption: &Option<(u32, String)>,
    headings: &[(usize, u32, String)],
) -> Vec<(u32, String)> {
    let headings = headings.iter().rev().map(|(_, number, text)| (*number, text.clone()));
    caption.iter().cloned().chain(headings).collect()
}

fn heading_depth(text: &str) -> Option<usize> {
    let depth = text.chars().take_while(|c| *c == '#').count();
    ((1..=6).contains(&depth) && text[depth..].starts_with(' ')).then_some(depth)
}

/// The depth of the heading that a line is by the rule under it.
fn underlined_depth(raw: &str, next: &str) -> Option<usize> {
    let text = raw.trim();
    let is_plain = !text.is_empty() && !is_row(text) && !is_item(text) && !is_fence(text);
    let is_heading = is_plain && is_underline(next) && words::split_words(text).count() <= 12;
    is_heading.then(|| if next.starts_with('=') { 1 } else { 2 })
}

fn is_underline(raw: &str) -> bool {
    let rule = raw.trim_end();
    rule.len() > 2 && ['=', '-'].iter().any(|mark| rule.chars().all(|c| c == *mark))
}

fn is_fence(text: &str) -> bool {
    ["```", "~~~", "<pre", "</pre", "</code></pre"].iter().any(|mark| text.starts_with(mark))
}

fn is_item(text: &str) -> bool {
    let number = words::leading_digits(text).map(|(_, rest)| rest);
    text.starts_with(['-', '*', '+']) && text[1..].starts_with(' ')
        || number.is_some_and(|rest| rest.starts_with(". ") || rest.starts_with(") "))
}

fn is_row(text: &str) -> bool {
    text.starts_with('|') || table::is_drawn_rule(text)
}

/// Whether a line outside of a fence is a row of a table, or a label with a value that commands
/// print, or a time in a list of times.
fn is_loose_line(text: &str, open: &Option<PastedBlock>) -> bool {
    let is_summary = words::contains_any(text, &["avg="]) && words::contains_any(text, &["min="]);
    if is_row(text) || is_summary || shim::is_own_line(text) || health::is_status_line(text) {
        return true;
    }
    let is_item = text.starts_with(['-', '*']);
    let plain = label::strip_decoration(text);
    let Some(found) = label::parse_label(text) else {
        let is_listed = open.is_some() || is_item;
        let is_uname = text.starts_with("Linux ") && text.contains(" #");
        return shim::version_in_cell(text).is_some()
            || is_uname && kernel::parse_kernel_statement(text).is_some()
            || is_item && (shim::is_version_line(text) || timing::states_times(plain))
            || is_listed && timing::is_numbered_time(plain);
    };
    let is_short = words::split_words(found.rest).count() <= 12;
    let states_kernel = kernel::parse_kernel_statement(found.rest).is_some();
    let is_line = ["`Linux ", "Linux version "].iter().any(|start| found.rest.starts_with(start));
    states_kernel && (is_item || is_short || is_line)
        || shim::version_in_cell(text).is_some()
        || is_item && shim::is_version_line(text)
        || matches!(found.role, LabelRole::One(_))
            && (timing::states_times(found.rest)
                || text.contains("CapEff") && results::parse_capability_mask(found.rest).is_some()
                || results::parse_write_rate(found.rest, "").is_some()
                || words::only_number(found.rest).is_some())
}

const SHIM: &str = "setup/kata-built-version.txt";
const STARTS: &str = "results/startup-bench.txt";

impl PastedBlock {
    /// What a typed command will print.
    fn of_command(number: u32, typed: &str, text: &str) -> Self {
        let above = vec![(number, beginning(typed, MAX_LABEL).to_string())];
        let typed_for = command::role_of_command(text);
        Self { above, typed_for, ..Self::default() }
    }

    /// Each of the commands that one shell ran with the line that it printed, where there are as many
    /// lines as commands: `sh -c 'uname -r; ls /proc | wc -l'`.
    fn split_sequence(self) -> Vec<Self> {
        let mut typed = (0..).zip(&self.lines).filter_map(|(at, line): (usize, _)| {
            Some((at, command::typed_in_transcript(&line.1)?))
        });
        let (Some((at, text)), None) = (typed.next(), typed.next()) else { return vec![self] };
        let commands = command::list_sequence(text);
        let printed = self.lines[at + 1..].iter().filter(|line| !line.1.is_empty());
        let printed: Vec<_> = printed.cloned().collect();
        if at > 0 || commands.len() < 2 || commands.len() != printed.len() {
            return vec![self];
        }
        // Of one command in one container the name of the file or a heading may say which.
        let is_of_one = commands.iter().all(|(whole, _)| *whole == commands[0].0);
        let blocks = commands.iter().zip(printed).map(|((whole, command), line)| {
            let mut above = self.above.clone();
            above.insert(0, (line.0, (*command).to_string()));
            let own = command::role_of_command(&format!("$ {whole}"));
            let typed_for = self.typed_for.filter(|_| is_of_one).or(own);
            let typed_for = typed_for.filter(|role| *role != LabelRole::Unclear);
            Self { above, lines: vec![line], typed_for, ..Self::default() }
        });
        blocks.collect()
    }

    /// Each command of a session with what it printed, where containers of several targets were
    /// started in it.
    fn split_by_commands(self) -> Vec<Self> {
        let roles =
            self.lines.iter().filter(|line| command::typed_in_transcript(&line.1).is_some());
        let roles: BTreeSet<_> = roles.filter_map(|line| command::command_role(&line.1)).collect();
        if roles.len() < 2 || self.typed_for.is_some() || self.is_note {
            return vec![self];
        }
        let mut blocks: Vec<Self> = Vec::new();
        let above = self.above;
        for (number, text) in self.lines {
            match command::typed_in_transcript(&text) {
                Some(typed) => blocks.push(Self::of_command(number, typed, &text)),
                None if blocks.is_empty() => {
                    let lines = vec![(number, text)];
                    blocks.push(Self { lines, above: above.clone(), ..Self::default() });
                }
                None => {
                    if let Some(block) = blocks.last_mut() {
                        block.lines.push((number, text));
                    }
                }
            }
        }
        blocks.retain(|block| !block.lines.is_empty());
        blocks
    }

    fn nearest_caption(&self) -> &str {
        self.above.first().map_or("", |(_, words)| words)
    }

    fn is_captioned(&self, words: &[&str]) -> bool {
        words::contains_any(self.nearest_caption(), words)
    }

    fn is_with_pull(&self) -> bool {
        self.is_captioned(&["pull"]) && timing::is_excluded_part(self.nearest_caption())
    }

    /// The one of several machines that its caption names, where starts stand in it.
    fn machine_of_starts(&self) -> Option<&'static str> {
        let named = OWN_MACHINES.iter().find(|name| self.is_captioned(&[name]))?;
        self.claimed_slots(self.find_role()).contains(&STARTS).then_some(named)
    }

    /// Whether its caption says that others measured it, or nobody.
    fn is_of_others(&self) -> bool {
        self.is_announced
            || self.typed_for.is_none() && !self.is_note && tells_of_others(self.nearest_caption())
    }

    /// Whose output it is by the words above it, with their line; none where a command or a label
    /// in it says so itself, or nothing does.
    fn find_role(&self) -> Option<(EvidenceRole, u32)> {
        if let (Some(role), Some((number, _))) = (self.typed_for, self.above.first()) {
            return match role {
                LabelRole::One(who) => Some((who, *number)),
                LabelRole::Unclear => None,
            };
        }
        let says_itself = self.lines.iter().any(|(_, text)| {
            command::command_role(text).is_some()
                || command::role_of_shown_file(text).is_some()
                || label::parse_label(text).is_some()
                || names_target_in_row(text)
        });
        if says_itself || self.is_note {
            return None;
        }
        for (at, (number, words)) in self.above.iter().enumerate() {
            if is_of_product(words, at > 0) {
                continue;
            }
            if names_own_machine(words) {
                let is_host = !words::contains_any(words, &["container", "pod", "guest"]);
                return is_host.then_some((EvidenceRole::Host, *number));
            }
            match command::command_role(words).map(LabelRole::One).or(label::role_of(words)) {
                Some(LabelRole::One(who)) => return Some((who, *number)),
                Some(LabelRole::Unclear) => return None,
                None => {}
            }
        }
        None
    }

    /// The label for what words above it, in this line, name.
    fn label_of(&self, who: EvidenceRole, number: u32) -> String {
        let mut words = self.above.iter().filter(|(at, _)| *at == number);
        match words.find_map(|(_, words)| label::variant_of_name(words)) {
            Some(variant) => format!("{}-{variant}:", who.into_str()),
            None => format!("{}:", who.into_str()),
        }
    }

    /// Whether all that is said above it is that times of the lab follow.
    fn is_of_performance(&self) -> bool {
        let mut above = self.above.iter();
        let at = above.position(|(_, text)| words::contains_any(text, &["performance", "bench"]));
        let Some(at) = at else { return false };
        let mut nearer = self.above[..=at].iter().flat_map(|(_, text)| words::split_words(text));
        !self.is_beside_other_times
            && nearer.all(|word| {
                words::has_word(word, GENERAL) || word.chars().all(|c| c.is_ascii_digit())
            })
    }

    /// Whether it is nothing but times of runc and of a guest: nothing else is timed under both.
    fn compares_times(&self) -> bool {
        let mut roles = Vec::new();
        let mut lines = self.lines.iter().map(|line| (line, line.1.split_whitespace().next()));
        let are_times = lines.all(|(line, first)| {
            let role = role_in_line(line);
            roles.extend(role);
            role.is_some() || matches!(first, None | Some("real" | "user" | "sys"))
        });
        roles.sort_unstable();
        roles.dedup();
        let mut above = self.above.iter().flat_map(|(_, text)| words::split_words(text));
        let names_nothing = above.all(|word| {
            words::has_word(word, GENERAL)
                || words::has_word(word, "lab submission report")
                || word.chars().all(|c| c.is_ascii_digit())
        });
        are_times && roles.len() == 2 && names_nothing && !self.is_beside_other_times
    }

    /// Whether something else than a start is timed in it.
    fn times_other_work(&self) -> bool {
        self.lines.iter().any(|(_, text)| timing::is_program_time(text))
            && self.lines.iter().any(|(_, text)| words::contains_any(text, OTHER_WORK))
    }

    fn runs_in_kata(&self) -> bool {
        self.has_line_that(|text| command::command_role(text) == Some(EvidenceRole::Kata))
    }

    /// Whether a start is timed in it, and not what somebody does in a container.
    fn times_start(&self) -> bool {
        let mut typed = self.above.iter().take(1).chain(&self.lines).map(|(_, text)| text.as_str());
        let is_timed = typed.any(|text| {
            command::command_role(text).is_some()
                && text.split([' ', '(']).any(|word| {
                    matches!(word, "time" | "/usr/bin/time" | "timeit" | "Measure-Command")
                })
                && !words::contains_any(text, OTHER_WORK)
        });
        let is_captioned = self.is_captioned(&["time"]) && self.find_role().is_some();
        (is_timed || is_captioned || self.is_of_performance())
            && self.lines.iter().any(|(_, text)| timing::is_program_time(text))
    }

    /// Whether a table that names targets has a row or a column of one of these words.
    fn has_table_of_measure(&self, measure: &str) -> bool {
        let rows = self.lines.iter().map(|(_, text)| text).filter(|text| text.starts_with('|'));
        let (mut is_measured, mut names_targets) = (false, false);
        for (at, row) in rows.enumerate() {
            let mut cells = row.split('|').skip(1);
            names_targets |= cells.clone().any(table::names_any_target);
            is_measured |= match at {
                0 => cells.any(|cell| names_only(cell, measure)),
                _ => cells.next().is_some_and(|cell| names_only(cell, measure)),
            };
        }
        is_measured && names_targets
    }

    fn has_line_that(&self, is_such: fn(&str) -> bool) -> bool {
        self.lines.iter().any(|(_, text)| is_such(text))
    }

    /// Whether the lines, or those above, hold one of `words`. What a command printed does not say
    /// what it was asked for.
    fn mentions_one_of(&self, words: &[&str]) -> bool {
        let lines: &[_] = if self.typed_for.is_some() { &[] } else { &self.lines };
        let mut texts = self.above.iter().chain(lines).map(|(_, text)| text.to_lowercase());
        texts.any(|text| words.iter().any(|word| text.contains(word)))
    }

    /// Whether a command counts what is in a folder: `ls /proc 2>/dev/null | wc -l`.
    fn counts_files_of(&self, folder: &str) -> bool {
        let lines: &[_] = if self.typed_for.is_some() { &[] } else { &self.lines };
        let mut texts = self.above.iter().chain(lines).map(|(_, text)| text.as_str());
        texts.any(|text| {
            let mut pipes = text.match_indices("ls ").filter_map(|(at, _)| {
                let listed = text[at + 3..].trim_start_matches(['-', '1', 'a', 'A', ' ']);
                listed.strip_prefix(folder)?.trim_start_matches('/').split_once('|')
            });
            pipes.any(|(rest, counted)| {
                let rest = rest.trim_end_matches('\\').trim();
                (rest.is_empty() || rest == "2>/dev/null") && counted.trim_start().starts_with("wc")
            })
        })
    }

    /// The slots whose files hold such lines.
    fn claimed_slots(&self, role: Option<(EvidenceRole, u32)>) -> Vec<&'static str> {
        if let Some(slot) = self.slot {
            return vec![slot];
        }
        let role = role.map(|(who, _)| who);
        let mut slots = Vec::new();
        let kernel_slot = match role {
            Some(EvidenceRole::Host) => "results/host-kernel.txt",
            Some(EvidenceRole::Runc) => "results/runc-kernel.txt",
            Some(_) => "results/kata-kernel.txt",
            None => "results/kernels.txt",
        };
        let has_failed = self.has_line_that(words::is_error)
            || self.has_line_that(|text| log::parse_engine_log(text).is_some());
        if self.has_line_that(states_kernel) || self.has_line_that(kernel::heads_nodes) {
            slots.push(kernel_slot);
        }
        if has_failed && self.mentions_one_of(&["escape", "privileged", "bonus"]) {
            slots.push("results/kata-escape-attempt.txt");
        } else if has_failed && slots.is_empty() {
            let is_hosts = role == Some(EvidenceRole::Host);
            slots.push(if is_hosts { "results/kernels.txt" } else { kernel_slot });
        }
        let is_of_version =
            self.mentions_one_of(&["version"]) && !self.mentions_one_of(&["kernel", "uname"]);
        if self.has_line_that(shim::is_shim_version)
            || self.has_line_that(|text| shim::version_in_cell(text).is_some())
            || self.has_line_that(shim::is_version_line)
                && is_of_version
                && self.mentions_one_of(&["kata"])
        {
            slots.push(SHIM);
        }
        if self.has_line_that(|text| text.contains("CapEff")) {
            slots.push("results/caps.txt");
        }
        if self.has_line_that(|text| text.split_whitespace().any(|word| word == "null"))
            || self.has_table_of_measure("devices dev")
            || self.mentions_one_of(&["/dev entries", "entries in /dev"])
            || self.counts_files_of("/dev")
        {
            slots.push("results/devices.txt");
        }
        if self.has_line_that(|text| results::parse_dd_output(text).is_some())
            || self.has_line_that(|text| text.contains("B/s"))
                && !self.mentions_one_of(&["network", "iperf", "memory", "sysbench"])
                && (self.mentions_one_of(&["i/o"])
                    || self.above.iter().chain(&self.lines).any(|(_, text)| {
                        words::has_word(text, "throughput dd io disk write* durchsatz")
                    }))
        {
            slots.push("results/io-bench.txt");
        }
        if self.has_line_that(dmesg::is_kernel_line) {
            slots.push("isolation/dmesg.txt");
        }
        if self.has_line_that(|text| kernel::boot_id_in(text).is_some())
            && self.mentions_one_of(&["boot_id", "boot id", "boot-id"])
        {
            slots.push("analysis/boot-ids.txt");
        }
        if self.has_line_that(dmesg::is_command_line)
            && role.map_or_else(|| self.runs_in_kata(), |who| who == EvidenceRole::Kata)
        {
            slots.push("kata/cmdline.txt");
        }
        if self.has_line_that(interfaces::is_address_line)
            || self.mentions_one_of(&["ip -br", "/sys/class/net"])
        {
            slots.push("isolation/network.txt");
        }
        if self.has_line_that(|text| text.to_lowercase().contains("model name"))
            || self.has_line_that(cpu::is_line_of_lscpu)
            || self.has_table_of_measure("cpu processor cpus")
            || self.is_note
                && self.has_line_that(|text| {
                    text.to_lowercase().contains(" cpu: ")
                        || label::parse_label(text)
                            .is_some_and(|found| cpu::is_model_name(found.rest))
                })
        {
            slots.push("analysis/cpu-comparison.txt");
        }
        let counts_processes = self.mentions_one_of(&["/proc"])
            && (self.mentions_one_of(&["entries"]) || self.is_note)
            || self.counts_files_of("/proc");
        if counts_processes && !self.mentions_one_of(&["model name"])
            || self.has_table_of_measure("proc")
        {
            slots.push("isolation/proc.txt");
        }
        let counts_modules = self.mentions_one_of(&["modules", "модули ядра"])
            || self.counts_files_of("/sys/module")
            || self.has_table_of_measure("module*");
        if counts_modules && !self.mentions_one_of(&["lsmod"]) {
            slots.push("isolation/modules.txt");
        }
        if (self.has_line_that(health::is_status_line)
            || self.mentions_one_of(&["http_code", "health"]))
            && self.mentions_one_of(&["juice"])
        {
            slots.push("runc/health.txt");
        }
        let is_of_latency = self.mentions_one_of(&["latency", "curl", "juice"])
            && self.mentions_one_of(&["avg", "average"]);
        if self.mentions_one_of(&["avg="]) || is_of_latency && !self.is_captioned(&["startup"]) {
            slots.push("bench/http-latency.txt");
        }
        if self.mentions_one_of(&["curl-3012", "time_total"]) {
            slots.push("bench/curl-3012.txt");
        }
        let is_of_start = self.mentions_one_of(START_HEADINGS)
            || (self.is_note || self.compares_times())
                && self.has_line_that(|text| text.starts_with("real"))
            || self.times_start()
            || self.has_line_that(timing::is_numbered_time)
            || self.lines.iter().any(|(_, text)| heads_runs(text));
        if is_of_start && !self.has_line_that(|text| results::parse_dd_output(text).is_some()) {
            slots.push(STARTS);
        }
        slots
    }
}

/// Whether a caption says of what stands below it that others measured it, or nobody. A paragraph
/// speaks of more than of that.
fn tells_of_others(caption: &str) -> bool {
    words::split_words(caption).count() <= 20
        && (words::is_expected_output(caption) || words::contains_any(caption, WORDS))
}

/// Whether a cell names one of these words, and says no more about it: `CPU model`, `Devices in /dev`.
fn names_only(cell: &str, measure: &str) -> bool {
    const PLAIN: &str = "model name seen in dev entries number of count the sys модель записей в \
                         ядра modèle de entrées dans modell einträge modelo nombre entradas en \
                         型号 条目数 条目 ls wc l";
    words::has_word(cell, measure)
        && words::split_words(cell).all(|word| {
            words::has_word(word, measure)
                || words::has_word(word, PLAIN)
                || EvidenceRole::of_word(word).is_some()
        })
}

/// Whether words above a block name Kata as what the lab is about or what was installed, and not as
/// the target whose output follows: `Lab 12 — Kata Containers`, `Task 1: Install Kata`.
fn is_of_product(above: &str, is_further: bool) -> bool {
    const WORDS: &[&str] = &["install", "setup", "set up", "configur"];
    let names_lab = words::split_words(above).any(|word| {
        let word = word.to_lowercase();
        word.strip_prefix("lab").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()))
    });
    names_lab
        || words::contains_any(above, WORDS)
        || is_further && words::contains_any(above, &["kata containers"])
}

/// Whether words above a block tell of the virtual machine in which the author works, which is
/// Kata's host: `MacBook Air M1, Colima VM with Ubuntu`.
fn names_own_machine(above: &str) -> bool {
    words::has_word(above, "vm machine")
        && words::has_word(above, PRODUCTS)
        && !words::contains_any(above, &["kata", "runc"])
}

/// Whether a row of a table heads the runs of several targets: `| Run | runc (s) | kata (s) |`.
fn heads_runs(text: &str) -> bool {
    let mut cells = text.split('|').skip(1);
    let numbered = text.split('|').filter(|cell| {
        timing::names_runs(cell) && cell.len() > 2 && cell.contains(|c: char| c.is_ascii_digit())
    });
    if text.starts_with('|') && numbered.count() > 1 {
        return true;
    }
    let is_of_runs = cells.next().is_some_and(timing::names_runs);
    let is_of_others = words::contains_any(text, &["latency", "request", "/s)", "mem", "cpu"]);
    text.starts_with('|') && is_of_runs && !is_of_others && cells.any(table::names_any_target)
}

/// Whether a row of a table names a target before its values.
fn names_target_in_row(text: &str) -> bool {
    text.starts_with('|') && text.split('|').skip(1).take(2).any(table::names_any_target)
}

/// Whether a line, after its label, or a cell of a table states a kernel.
fn states_kernel(text: &str) -> bool {
    let behind = label::parse_label(text).map_or(text, |found| found.rest);
    let is_row = text.starts_with('|');
    kernel::parse_kernel_statement(behind).is_some()
        || is_row
            && text.split('|').any(|cell| kernel::parse_kernel_statement(cell.trim()).is_some())
}

/// Whether each transcript shows of targets what no other shows of them: `exec-kata.txt` and
/// `exec-runc.txt`, or kernels in one and starts in another. A kernel may be shown again.
pub fn show_different_outputs(transcripts: &[Capture]) -> bool {
    let mut seen = BTreeSet::new();
    let mut kernels: BTreeMap<EvidenceRole, String> = BTreeMap::new();
    transcripts.iter().all(|transcript| {
        let mut own = BTreeSet::new();
        let mut is_any = false;
        for (path, page) in report_pages(transcript) {
            let content = slot::by_path(path).map(|slot| slot.content as u8);
            let parts = page.labelled_parts().iter();
            let shown = parts.filter(|part| part.value_lines().next().is_some());
            for (part, who) in shown.filter_map(|part| Some((part, part.who?))) {
                is_any = true;
                if !path.contains("kernel") {
                    own.insert((content, who));
                    continue;
                }
                let mut stated =
                    part.value_lines().filter_map(|it| kernel::parse_kernel_statement(&it.text));
                let Some(kernel) = stated.next() else { continue };
                if *kernels.entry(who).or_insert(kernel.release.clone()) != kernel.release {
                    return false;
                }
            }
        }
        is_any && own.into_iter().all(|output| seen.insert(output))
    })
}

/// Whether values of several targets, and of the host, stand in a document that a script wrote.
pub fn compares_targets(capture: &Capture) -> bool {
    let lines = number_lines(capture);
    // A run of isoproof's own is read as one.
    let is_run = ["\"captures\":", "\"facts\":"]
        .iter()
        .all(|key| lines.iter().any(|line| line.1.contains(key)));
    if is_run {
        return false;
    }
    let records = records::list_records(&lines);
    let targets: BTreeSet<EvidenceRole> = records.iter().map(|record| record.who).collect();
    targets.len() > 1 && records.iter().any(|record| record.slot == "results/kernels.txt")
}

/// Whether anything in a report could be read as a value.
pub fn has_outputs(capture: &Capture) -> bool {
    report_pages(capture)
        .values()
        .any(|page| page.lines.iter().any(|line: &PageLine| matches!(line.kind, LineKind::Text)))
}
