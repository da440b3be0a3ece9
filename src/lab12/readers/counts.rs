//! Counts: entries of `/proc`, of `/sys/module`, of `/dev`.

use std::borrow::Cow;

use super::label::EvidenceRole;
use super::page::{EvidencePage, LabelledPart, LineKind, PageLine};
use super::read::{self, FoundValue, ReadResult};
use super::table_measure::TableMeasure;
use super::vocabulary::counts::WORDS;
use super::words;
use crate::model::{MissingReason, MissingValue};

/// The count that stands after the label of `who`.
pub(super) fn labelled_count(
    page: &EvidencePage,
    measure: TableMeasure,
    who: EvidenceRole,
) -> ReadResult<i64> {
    let mut parts = page.parts_measuring(|head| measure.is_meant_by(head));
    leave_other_sections(&mut parts, measure);
    // `Kata processes: 2` cannot be entries, and then neither is the number next to it.
    let is_small =
        parts.iter().any(|part| is_loose(part) && in_part(part).is_ok_and(|n| n.value < FEWEST));
    refuse_other_counts(&mut parts);
    let others: Vec<LabelledPart> = parts
        .extract_if(.., |part| is_of_pids(&part.label) || is_small && is_loose(part))
        .collect();
    if parts.iter().all(|part| part.who != Some(who))
        && let Some(other) = others.iter().find(|part| part.who == Some(who))
    {
        let words = format!("the label counts something else: “{}”", other.label.trim());
        return Err(MissingValue::new(MissingReason::NotStated, words).at_line(other.line));
    }
    // Where the label tells of something else besides the wanted count, it gives way.
    if parts
        .iter()
        .any(|part| part.who == Some(who) && !is_foreign(&part.label) && in_part(part).is_ok())
    {
        parts.retain(|part| !is_foreign(&part.label));
    }
    read::in_parts(page, &parts, who, in_part)
}

/// Drops what stands below a heading, a label or a command that names the other of the two
/// directories whose entries are counted. The cells of a table have heads of their own.
fn leave_other_sections(parts: &mut Vec<LabelledPart>, measure: TableMeasure) {
    let mut section = None;
    parts.retain_mut(|part| {
        section = named_directory(&part.label).or(section);
        let is_other = section.is_some_and(|named| named != measure);
        part.lines.retain(|line| {
            if matches!(line.kind, LineKind::Command(_) | LineKind::Title) {
                section = named_directory(&line.text).or(section);
            }
            line.measure.is_some() || section.is_none_or(|named| named == measure)
        });
        !is_other || !part.lines.is_empty()
    });
}

/// The directory whose entries the words of a heading, a label or a command name.
fn named_directory(text: &str) -> Option<TableMeasure> {
    if words::contains_any(text, &["module", "lsmod"]) {
        return Some(TableMeasure::Modules);
    }
    words::contains_any(text, &["/proc", "proc entries"]).then_some(TableMeasure::Proc)
}

/// Puts a command that counts something else, and stands right before a label, into the label's
/// part: `$ lsmod | wc -l`, then `Host: 143`.
fn refuse_other_counts(parts: &mut [LabelledPart]) {
    for index in 1..parts.len() {
        let last = parts[index - 1].lines.iter().rfind(|line| line.kind != LineKind::Blank);
        if let Some(line) = last.filter(|line| line.is_command() && counts_otherwise(&line.text)) {
            let line = line.clone();
            parts[index].lines.push(line);
        }
    }
}

/// Fewer entries than this no kernel shows, neither in `/proc` nor in `/sys/module`.
const FEWEST: i64 = 20;

/// Whether a label certainly speaks of processes or of loaded modules.
fn is_of_pids(label: &str) -> bool {
    let label = label.to_lowercase();
    words::split_words(&label).any(|word| matches!(word, "pid" | "pids" | "lsmod"))
        && !words::contains_any(&label, &["/proc", "/sys", "entries"])
}

/// Whether a label speaks of processes or of loaded modules, as some do who counted entries.
fn is_loose(part: &LabelledPart) -> bool {
    words::contains_any(&part.label, &["process", "loaded", "running", "процесс"])
}

/// Whether a label speaks of something that is counted otherwise.
fn is_foreign(label: &str) -> bool {
    words::contains_any(label, WORDS)
}

/// Whether a typed command counts something else: processes, or loaded modules.
fn counts_otherwise(typed: &str) -> bool {
    let counts_modules = words::contains_any(typed, &["lsmod", "/proc/modules"]);
    let counts_processes =
        words::contains_any(typed, &["^[0-9]", "[0-9]*", "ps aux", "ps -e", "pgrep"]);
    counts_modules || counts_processes
}

/// The part from the command on that counts entries, where several were typed.
fn after_counting_command(part: &LabelledPart) -> Cow<'_, LabelledPart> {
    let at = part.lines.iter().position(|line| {
        line.is_command() && line.text.contains("wc") && line.text.contains("ls /")
    });
    let Some(at) = at.filter(|at| *at > 0) else { return Cow::Borrowed(part) };
    let end = part.lines[at + 1..].iter().position(PageLine::is_command);
    let end = end.map_or(part.lines.len(), |end| at + 1 + end);
    Cow::Owned(LabelledPart { lines: part.lines[at..end].to_vec(), ..part.clone() })
}

fn in_part(part: &LabelledPart) -> ReadResult<i64> {
    let part = &after_counting_command(part);
    let typed = part.lines.iter().find(|line| line.is_command());
    if let Some(line) = typed.filter(|line| counts_otherwise(&line.text)) {
        return Err(MissingValue::quoting_line(
            MissingReason::NotStated,
            "the command counts something else:",
            line,
        ));
    }
    if let Some(listed) = count_of_listing(part) {
        return listed;
    }
    for (index, line) in part.lines.iter().enumerate() {
        match &line.kind {
            LineKind::Log(log) if log.fatal => return Err(read::failure_from_error_line(line)),
            LineKind::Text => {}
            _ => continue,
        }
        let text = value_text(&line.text);
        let number = if line.inline { words::whole_number(text) } else { words::only_number(text) };
        if let Some(number) = number {
            let failed = part.lines[..index].iter().find(|line| line.is_error);
            if let Some(line) = failed.filter(|_| number <= 1) {
                // `ls … | wc -l` counts nothing, or the message.
                return Err(read::failure_from_error_line(line));
            }
            if words::is_hypothetical(text) {
                return Err(MissingValue::quoting_line(
                    MissingReason::NarrativeText,
                    "the number was not counted:",
                    line,
                ));
            }
            let next = part.lines[index + 1..].iter().find(|line| line.kind == LineKind::Text);
            let another = next.and_then(|line| words::only_number(&line.text));
            if !line.inline && another.is_some_and(|another| another != number) {
                let what = "several numbers stand under the label, the first is";
                return Err(MissingValue::quoting_line(MissingReason::NotNumeric, what, line));
            }
            if number == 0 {
                let note = "wc counts 0 where ls printed nothing: no kernel shows so few";
                return Err(MissingValue::new(MissingReason::OutOfRange, note).at_line(line.number));
            }
            return Ok(FoundValue::at_line(number, line));
        }
        // ls complains about processes that end while it reads; the count follows.
        let harmless = line.text.starts_with("ls: ");
        if !harmless {
            return Err(read::explain_unreadable_lines(&part.lines, MissingReason::NotNumeric));
        }
    }
    Err(read::explain_unreadable_lines(&part.lines, MissingReason::NotNumeric))
}

/// The number of names where a listing stands instead of a count. Its first name can be a number: that
/// of `/sys/module` is `8250` on most machines.
fn count_of_listing(part: &LabelledPart) -> Option<ReadResult<i64>> {
    /// As many names are no labels of anything.
    const FEWEST_NAMES: usize = 3;
    let lines = part.lines.iter().filter(|line| line.kind == LineKind::Text).collect::<Vec<_>>();
    let (names, others): (Vec<&PageLine>, Vec<&PageLine>) =
        lines.iter().partition(|line| is_listed_name(line));
    let first = *names.first()?;
    let in_letters =
        names.iter().filter(|line| line.text.starts_with(|c: char| c.is_ascii_lowercase()));
    if in_letters.count() < FEWEST_NAMES {
        return None;
    }
    let is_cut = part.lines.iter().any(|line| {
        line.is_command() && words::has_word(&line.text, "head tail grep sed awk more less")
    });
    let listed = i64::try_from(lines.len()).unwrap_or(i64::MAX);
    let is_whole = !is_cut && others.is_empty() && listed >= FEWEST;
    // `ls /proc; ls /proc | wc -l`
    let counted = lines.last().and_then(|line| words::only_number(&line.text));
    let listed = listed - i64::from(counted == Some(listed - 1));
    Some(match is_whole {
        true => Ok(FoundValue::at_line(listed, first)),
        false => Err(MissingValue::quoting_line(
            MissingReason::NotNumeric,
            "a part of a listing stands instead of a count:",
            first,
        )),
    })
}

/// Whether a line may be a name of a listing. `...` is none: it stands for those that were left out.
fn is_listed_name(line: &PageLine) -> bool {
    let is_of_names = line.text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.@".contains(c));
    let is_named = line.text.contains(|c: char| c.is_ascii_alphanumeric());
    is_of_names && is_named && !line.inline && !line.is_error
}

/// A value without a key such as `count:` or `/proc entries:` before it.
fn value_text(text: &str) -> &str {
    let Some((head, rest)) = text.split_once([':', '=']) else { return text };
    let keyed = words::contains_any(
        head,
        &["count", "entries", "total", "modules", "proc", "wc -l", "number"],
    ) && words::split_words(head).count() <= 5
        && !head.contains(|c: char| c.is_ascii_digit())
        && !is_foreign(head);
    if keyed { rest.trim() } else { text }
}
