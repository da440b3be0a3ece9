//! A report as evidence: the outputs that its author pasted under its headings, read as the files
//! of the lab that they would have filled. So is the transcript of a terminal, whose outputs stand
//! under the commands that were typed.

use std::collections::BTreeMap;

use super::label::{self, EvidenceRole, LabelRole, MAX_LABEL};
use super::page::{EvidencePage, LineKind, PageLine};
use super::{command, dmesg, interfaces, kernel, log, results, shim, slot, timing, words};
use crate::model::Capture;
use crate::text::{beginning, split_lines};

/// The place of a report; what it holds is read as the files of other places.
pub const REPORT_PATH: &str = "submissions/lab12.md";

/// Lines with their numbers in the report.
type NumberedLines = Vec<(u32, String)>;

/// What was pasted in one place: a fenced block, a table, or lines with a label each.
#[derive(Debug, Default)]
struct PastedBlock {
    /// Its lines.
    lines: NumberedLines,
    /// The words above it, the nearest first: its caption and its headings.
    above: Vec<(u32, String)>,
    /// Whose output it is by the command of a transcript.
    typed_for: Option<EvidenceRole>,
    /// Whether it was written by hand in a transcript, where only labels say whose a line is: what
    /// stands above speaks of the session.
    is_note: bool,
}

/// The pages of a report by the slots whose files they stand for.
pub(super) fn report_pages(capture: &Capture) -> BTreeMap<&'static str, EvidencePage<'_>> {
    let mut by_slot: BTreeMap<&'static str, NumberedLines> = BTreeMap::new();
    let blocks = if is_report(&capture.id) { list_blocks } else { list_outputs };
    let mut blocks = blocks(capture);
    blocks.retain(|block| !block.is_of_others());
    let has_kind =
        |kind| blocks.iter().any(|block| block.is_captioned(&[kind]) && !block.is_with_pull());
    let has_two_kinds = has_kind("cold") && has_kind("warm");
    for block in &blocks {
        let role = block.find_role();
        for path in block.claimed_slots(role) {
            // Starts of two kinds are no series, and neither is one with a pull in it.
            let is_unclear =
                block.is_with_pull() || has_two_kinds && block.is_captioned(&["cold", "warm"]);
            if is_unclear && path == STARTS {
                continue;
            }
            let lines = by_slot.entry(path).or_default();
            if path != SHIM {
                // What follows belongs to no part of the block before.
                lines.push((block.lines[0].0, "== block ==".into()));
                let label = role.map(|(who, number)| (number, format!("{}:", who.target_name())));
                lines.extend(label);
            }
            lines.extend(block.lines.iter().filter(|line| is_wanted(path, &line.1)).cloned());
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

fn is_report(name: &str) -> bool {
    name.to_lowercase().ends_with(".md")
}

/// The commands of a transcript, each with what it printed, and the lines that were written below
/// a heading, or without any, by hand.
fn list_outputs(capture: &Capture) -> Vec<PastedBlock> {
    let bytes = capture.stdout.decoded_bytes().unwrap_or_default();
    let mut blocks: Vec<PastedBlock> =
        vec![PastedBlock { is_note: true, ..PastedBlock::default() }];
    for (number, raw) in (1..).zip(split_lines(&bytes)) {
        let text = raw.trim();
        let above = |words: &str| vec![(number, beginning(words, MAX_LABEL).to_string())];
        if let Some(typed) = command::typed_in_transcript(text) {
            blocks.push(PastedBlock {
                lines: Vec::new(),
                above: above(typed),
                typed_for: command::role_of_command(text),
                is_note: false,
            });
        } else if heading_depth(text).is_some() {
            // What follows a heading was written, not printed.
            let words = text.trim_matches(['#', ' ']);
            blocks.push(PastedBlock {
                above: above(words),
                is_note: true,
                ..PastedBlock::default()
            });
            continue;
        }
        if let Some(block) = blocks.last_mut() {
            block.lines.push((number, text.into()));
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
    let mut blocks = Vec::new();
    let mut headings: Vec<(usize, u32, String)> = Vec::new();
    let mut caption: Option<(u32, String)> = None;
    let mut open: Option<PastedBlock> = None;
    let mut is_fenced = false;
    let mut is_comment = false;
    for (number, raw) in (1..).zip(split_lines(&bytes)) {
        let text = raw.trim();
        is_comment |= !is_fenced && text.starts_with("<!--");
        if is_comment {
            // What only the source of a page shows is not said.
            is_comment = !text.contains("-->");
            continue;
        }
        let is_fence = text.starts_with("```") || text.starts_with("~~~");
        let belongs = is_fenced && !is_fence || !is_fenced && is_loose_line(text);
        if belongs {
            let block = open.get_or_insert_with(|| PastedBlock {
                above: words_above(&caption, &headings),
                ..PastedBlock::default()
            });
            block.lines.push((number, text.trim_start_matches("> ").into()));
            continue;
        }
        blocks.extend(open.take());
        if is_fence {
            is_fenced = !is_fenced;
            if !is_fenced {
                caption = None;
            }
        } else if let Some(depth) = heading_depth(text) {
            headings.retain(|heading| heading.0 < depth);
            let words = beginning(text.trim_matches(['#', ' ']), MAX_LABEL);
            headings.push((depth, number, words.into()));
            caption = None;
        } else if !text.is_empty() {
            caption = Some((number, beginning(text, MAX_LABEL).into()));
        }
    }
    blocks.extend(open);
    blocks.retain(|block| !block.lines.is_empty());
    blocks
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

/// Whether a line outside of a fence is a row of a table, or a label with a kernel or a version.
fn is_loose_line(text: &str) -> bool {
    if text.starts_with('|') {
        return true;
    }
    let is_item = text.starts_with(['-', '*']);
    let value = label::parse_label(text).map(|found| found.rest);
    let states_kernel = value.is_some_and(|value| kernel::parse_kernel_statement(value).is_some());
    is_item && (states_kernel || shim::is_version_line(text))
}

const SHIM: &str = "setup/kata-built-version.txt";
const STARTS: &str = "results/startup-bench.txt";

impl PastedBlock {
    fn nearest_caption(&self) -> &str {
        self.above.first().map_or("", |(_, words)| words)
    }

    fn is_captioned(&self, words: &[&str]) -> bool {
        words::contains_any(self.nearest_caption(), words)
    }

    fn is_with_pull(&self) -> bool {
        self.is_captioned(&["pull"]) && timing::is_excluded_part(self.nearest_caption())
    }

    /// Whether its caption says that others measured it, or nobody.
    fn is_of_others(&self) -> bool {
        const WORDS: &[&str] = &[
            "handout expects",
            "lab expects",
            "expected value",
            "expected result",
            "expected time",
            "should look like",
            "should print",
            "typical value",
            "typical output",
            "typical result",
            "typical time",
            "literature",
            "from the doc",
            "example value",
            "example from",
            "placeholder",
        ];
        self.typed_for.is_none()
            && !self.is_note
            && (words::is_expected_output(self.nearest_caption()) || self.is_captioned(WORDS))
    }

    /// Whose output it is by the words above it, with their line; none where a command or a label
    /// in it says so itself, or nothing does.
    fn find_role(&self) -> Option<(EvidenceRole, u32)> {
        if let (Some(who), Some((number, _))) = (self.typed_for, self.above.first()) {
            return Some((who, *number));
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
            match command::command_role(words).map(LabelRole::One).or(label::role_of(words)) {
                Some(LabelRole::One(who)) => return Some((who, *number)),
                Some(LabelRole::Unclear) => return None,
                None => {}
            }
        }
        None
    }

    /// The slots whose files hold such lines.
    fn claimed_slots(&self, role: Option<(EvidenceRole, u32)>) -> Vec<&'static str> {
        let role = role.map(|(who, _)| who);
        let has = |is_such: fn(&str) -> bool| self.lines.iter().any(|(_, text)| is_such(text));
        let names = |words: &[&str]| {
            // What a command printed does not say what it was asked for.
            let lines: &[_] = if self.typed_for.is_some() { &[] } else { &self.lines };
            let texts = self.above.iter().chain(lines).map(|(_, text)| text.to_lowercase());
            texts.into_iter().any(|text| words.iter().any(|word| text.contains(word)))
        };
        let mut slots = Vec::new();
        if has(states_kernel) {
            slots.push(match role {
                Some(EvidenceRole::Host) => "results/host-kernel.txt",
                Some(EvidenceRole::Runc) => "results/runc-kernel.txt",
                Some(EvidenceRole::Kata) => "results/kata-kernel.txt",
                None => "results/kernels.txt",
            });
        }
        let has_failed = has(words::is_error) || has(|text| log::parse_engine_log(text).is_some());
        if has_failed && names(&["escape", "privileged", "bonus"]) {
            slots.push("results/kata-escape-attempt.txt");
        } else if has_failed && slots.is_empty() {
            slots.push(match role {
                Some(EvidenceRole::Runc) => "results/runc-kernel.txt",
                Some(EvidenceRole::Kata) => "results/kata-kernel.txt",
                _ => "results/kernels.txt",
            });
        }
        let is_of_version = names(&["version"]) && !names(&["kernel", "uname"]);
        if has(shim::is_shim_version)
            || has(shim::is_version_line) && is_of_version && names(&["kata"])
        {
            slots.push(SHIM);
        }
        if has(|text| text.contains("CapEff")) {
            slots.push("results/caps.txt");
        }
        if has(|text| text.split_whitespace().any(|word| word == "null")) {
            slots.push("results/devices.txt");
        }
        if has(|text| results::parse_dd_output(text).is_some()) {
            slots.push("results/io-bench.txt");
        }
        if has(dmesg::is_kernel_line) {
            slots.push("isolation/dmesg.txt");
        }
        if has(interfaces::is_address_line) {
            slots.push("isolation/network.txt");
        }
        if has(|text| text.to_lowercase().contains("model name"))
            || self.is_note && has(|text| text.to_lowercase().contains(" cpu: "))
        {
            slots.push("analysis/cpu-comparison.txt");
        }
        let counts_processes =
            names(&["/proc"]) && (names(&["entries"]) || self.is_note) || names(&["ls /proc | wc"]);
        if counts_processes && !names(&["model name"]) {
            slots.push("isolation/proc.txt");
        }
        if names(&["modules", "ls /sys/module | wc"]) && !names(&["lsmod"]) {
            slots.push("isolation/modules.txt");
        }
        if names(&["http 200", "http_code", "health"]) && names(&["juice"]) {
            slots.push("runc/health.txt");
        }
        if names(&["avg="]) {
            slots.push("bench/http-latency.txt");
        }
        let is_timed = self.above.iter().any(|(_, text)| text.starts_with("time "))
            && has(|text| command::command_role(text).is_some());
        let is_timed = is_timed || self.is_note && has(|text| text.starts_with("real"));
        let is_of_start = is_timed || names(&["startup", "start-up", "start up", "startup-bench"]);
        if is_of_start && !has(|text| results::parse_dd_output(text).is_some()) {
            slots.push(STARTS);
        }
        slots
    }
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

/// Whether a row of a table names a target before its values.
fn names_target_in_row(text: &str) -> bool {
    text.starts_with('|')
        && text
            .split('|')
            .skip(1)
            .take(2)
            .any(|cell| !super::table::find_target_roles(cell).is_empty())
}

/// Whether a line, behind its label, or a cell of a table states a kernel.
fn states_kernel(text: &str) -> bool {
    let behind = label::parse_label(text).map_or(text, |found| found.rest);
    let is_row = text.starts_with('|');
    kernel::parse_kernel_statement(behind).is_some()
        || is_row
            && text.split('|').any(|cell| kernel::parse_kernel_statement(cell.trim()).is_some())
}

/// Whether anything in a report could be read as a value.
pub fn has_outputs(capture: &Capture) -> bool {
    report_pages(capture)
        .values()
        .any(|page| page.lines.iter().any(|line: &PageLine| matches!(line.kind, LineKind::Text)))
}
