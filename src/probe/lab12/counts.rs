//! Counts: entries of `/proc`, of `/sys/module`, of `/dev`.

use super::label::Who;
use super::page::{Kind, Page, Part};
use super::read::{self, Found, Miss, Read};
use super::words;
use crate::model::Why;

/// The count that stands behind the label of `who`.
pub fn count(page: &Page, who: Who) -> Read<i64> {
    let mut parts = page.parts().to_vec();
    // `Kata processes: 2` cannot be entries, and then neither is the number beside it.
    let is_small =
        parts.iter().any(|part| is_loose(part) && in_part(part).is_ok_and(|n| n.value < FEWEST));
    let is_other = |part: &mut Part| is_of_pids(&part.label) || is_small && is_loose(part);
    let others: Vec<Part> = parts.extract_if(.., is_other).collect();
    if parts.iter().all(|part| part.who != Some(who))
        && let Some(other) = others.iter().find(|part| part.who == Some(who))
    {
        let words = format!("the label counts something else: “{}”", other.label.trim());
        return Err(Miss { line: Some(other.line), ..Miss::new(Why::NotStated, words) });
    }
    // Where the label tells of something else beside the wanted count, it gives way.
    let plain =
        |part: &Part| part.who == Some(who) && !is_foreign(&part.label) && in_part(part).is_ok();
    if parts.iter().any(plain) {
        parts.retain(|part| !is_foreign(&part.label));
    }
    read::in_parts(page, &parts, who, in_part)
}

/// Fewer entries than this no kernel shows, neither in `/proc` nor in `/sys/module`.
const FEWEST: i64 = 20;

/// Whether a label certainly speaks of processes or of loaded modules.
fn is_of_pids(label: &str) -> bool {
    let label = label.to_lowercase();
    words::words(&label).any(|word| matches!(word, "pid" | "pids" | "lsmod"))
        && !words::holds(&label, &["/proc", "/sys", "entries"])
}

/// Whether a label speaks of processes or of loaded modules, as some do who counted entries.
fn is_loose(part: &Part) -> bool {
    words::holds(&part.label, &["process", "loaded", "running", "процесс"])
}

/// Whether a label speaks of something that is counted otherwise.
fn is_foreign(label: &str) -> bool {
    words::holds(
        label,
        &[
            "process",
            "pid",
            "lsmod",
            "loaded",
            "running",
            "numeric",
            "memory",
            "cpu",
            "difference",
            "built",
            "port",
            "version",
            "ratio",
            "процесс",
            "разниц",
        ],
    )
}

/// Whether a typed command counts something else: processes, or loaded modules.
fn counts_otherwise(typed: &str) -> bool {
    let counts_modules = words::holds(typed, &["lsmod", "/proc/modules"]);
    let counts_processes = words::holds(typed, &["^[0-9]", "[0-9]*", "ps aux", "ps -e", "pgrep"]);
    counts_modules || counts_processes
}

fn in_part(part: &Part) -> Read<i64> {
    let typed = part.lines.iter().find(|line| matches!(line.kind, Kind::Command(_)));
    if let Some(line) = typed.filter(|line| counts_otherwise(&line.text)) {
        return Err(Miss::quoting(Why::NotStated, "the command counts something else:", line));
    }
    for (index, line) in part.lines.iter().enumerate() {
        match &line.kind {
            Kind::Log(log) if log.fatal => return Err(read::error(line)),
            Kind::Text => {}
            _ => continue,
        }
        let text = value_text(&line.text);
        let number = if line.inline { words::whole_number(text) } else { words::only_number(text) };
        if let Some(number) = number {
            let failed = part.lines[..index].iter().find(|line| line.is_error);
            if let Some(line) = failed.filter(|_| number <= 1) {
                // `ls … | wc -l` counts nothing, or the message.
                return Err(read::error(line));
            }
            if words::is_hypothetical(text) {
                return Err(Miss::quoting(Why::NarrativeText, "the number was not counted:", line));
            }
            let next = part.lines[index + 1..].iter().find(|line| line.kind == Kind::Text);
            let another = next.and_then(|line| words::only_number(&line.text));
            if !line.inline && another.is_some_and(|another| another != number) {
                let what = "several numbers stand under the label, the first is";
                return Err(Miss::quoting(Why::NotNumeric, what, line));
            }
            return Ok(Found::at(number, line));
        }
        // ls complains about processes that end while it reads; the count follows.
        let harmless = line.text.starts_with("ls: ");
        if !harmless {
            return Err(read::explain(&part.lines, Why::NotNumeric));
        }
    }
    Err(read::explain(&part.lines, Why::NotNumeric))
}

/// A value without a key such as `count:` or `/proc entries:` before it.
fn value_text(text: &str) -> &str {
    let Some((head, rest)) = text.split_once([':', '=']) else { return text };
    let keyed =
        words::holds(head, &["count", "entries", "total", "modules", "proc", "wc -l", "number"])
            && words::words(head).count() <= 5
            && !head.contains(|c: char| c.is_ascii_digit())
            && !is_foreign(head);
    if keyed { rest.trim() } else { text }
}
