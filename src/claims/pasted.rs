//! Pasted output: blocks that show what the evidence files hold, read by the readers of those
//! files.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use super::durations::Stated;
use super::ground::{Ground, Held};
use super::read::Passage;
use super::remark::{Remark, Standing};
use super::words::{Pasted, Vocabulary};
use crate::model::{Capture, Fact};
use crate::probe::lab12;

/// A part of a block that is one piece of output.
struct Piece {
    /// Where it stands in the passage's text.
    range: Range<usize>,
    /// The place in the lab's instructions that it would be the file of.
    slot: String,
}

/// What a block says, and the start-up figures in it.
pub fn check(
    ground: &Ground,
    vocabulary: &Vocabulary,
    block: &Passage,
) -> (Vec<Remark>, Vec<Stated>) {
    let (mut remarks, mut stated) = (Vec::new(), Vec::new());
    for piece in pieces(&vocabulary.subjects.pasted, block) {
        let text = &block.text[piece.range.clone()];
        let capture = Capture::of_file(&piece.slot, Some(&piece.slot), text.as_bytes());
        let reading = lab12::read(std::slice::from_ref(&capture));
        for (id, by_target) in &reading.facts {
            for (target, fact) in by_target.iter().filter(|(_, fact)| fact.is_present()) {
                if ground.subject.run.target(target).is_none() || IGNORED.contains(&id.as_str()) {
                    continue;
                }
                if id == "startup.wall"
                    && let Fact::Series(samples) = fact
                    && let [seconds] = samples.values[..]
                {
                    let digits = format!("{seconds}").chars().filter(char::is_ascii_digit).count();
                    stated.push(Stated { subject: 0, target: target.clone(), seconds, digits });
                }
                let line = fact.source().and_then(|source| source.line).unwrap_or(1);
                let range = line_range(text, line);
                let place =
                    block.place(&(piece.range.start + range.start..piece.range.start + range.end));
                remarks.extend(compare(ground, id, target, fact, place, &text[range]));
            }
        }
    }
    (merged(remarks), stated)
}

/// Read from the same lines as others, or without meaning beside them.
const IGNORED: &[&str] = &[
    "kernel.dmesg_lines",
    "kernel.release_compared",
    "cpu.model_compared",
    "evidence.logged_at",
    "http.latency",
];

/// The pieces of output in a block: a title or a command begins one.
fn pieces(kinds: &[Pasted], block: &Passage) -> Vec<Piece> {
    let mut starts: Vec<(usize, Option<&Pasted>)> = Vec::new();
    let mut at = 0;
    for line in block.text.split_inclusive('\n') {
        let text = line.trim();
        let is_head = text.starts_with("==")
            || text.starts_with("--- ")
            || text.starts_with(['$', '>'])
            || text.starts_with("# ");
        if is_head {
            let titled =
                |kind: &&Pasted| kind.title.as_ref().is_some_and(|title| title.is_match(text));
            let kind = kinds.iter().find(titled);
            // `=== Kata ===` goes on with the piece that it stands in.
            let names_role = text.to_lowercase().contains("runc")
                || text.to_lowercase().contains("kata")
                || text.to_lowercase().contains("host");
            if kind.is_some() || !names_role || starts.is_empty() {
                starts.push((at, kind));
            }
        }
        at += line.len();
    }
    if starts.first().is_none_or(|start| start.0 > 0) {
        starts.insert(0, (0, None));
    }
    let ends: Vec<usize> =
        starts.iter().skip(1).map(|start| start.0).chain([block.text.len()]).collect();
    let mut out = Vec::new();
    for ((start, kind), end) in starts.into_iter().zip(ends) {
        let text = &block.text[start..end];
        let holds = |kind: &&Pasted| kind.holds.as_ref().is_some_and(|holds| holds.is_match(text));
        if let Some(kind) = kind.or_else(|| kinds.iter().find(holds)) {
            out.push(Piece { range: start..end, slot: kind.slot.clone() });
        }
    }
    out
}

/// The range of a line, counted from 1, without space at its ends.
fn line_range(text: &str, wanted: u32) -> Range<usize> {
    let mut at = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        if number == wanted {
            let lead = line.len() - line.trim_start().len();
            let end = line.trim_end().len();
            return at + lead.min(end)..at + end;
        }
        at += line.len();
    }
    0..text.trim_end().len()
}

fn compare(
    ground: &Ground,
    id: &str,
    target: &str,
    fact: &Fact,
    place: Range<usize>,
    line: &str,
) -> Option<Remark> {
    let Some(held) = ground.held(id, target) else {
        // Measured otherwise in a collected run, or not a question of this run.
        let known = ground.missing(id, target).is_some();
        let stated = match fact {
            Fact::Value { value: Value::Number(number), .. } => number.to_string(),
            Fact::Series(_) => Held { id: "", target, fact }.shown(),
            _ => line.split_whitespace().collect::<Vec<_>>().join(" "),
        };
        return known.then(|| Remark::without(ground, place, &stated, id, target));
    };
    if same(id, fact, &held) {
        return Some(Remark::supported(place).on(held.id, held.target));
    }
    let shown = Held { id: held.id, target: held.target, fact }.shown();
    match id {
        // Every run has its own: it is another one's.
        "startup.wall" | "http.latency_reported" | "net.interfaces" | "kernel.uname" => Some(
            Remark::offends("claim-without-evidence", Standing::Unsupported, place)
                .with("another", true)
                .with("title", ground.title(id))
                .with("target", ground.name(target))
                .with("found", held.shown())
                .on(held.id, held.target),
        ),
        "kernel.cmdline" | "kernel.dmesg_banner" => None,
        _ => Some(Remark::contradicted(ground, place, &shown, &held.shown(), held.id, held.target)),
    }
}

fn same(id: &str, fact: &Fact, held: &Held) -> bool {
    match (id, fact, held.fact) {
        (_, Fact::Series(a), Fact::Series(b)) => {
            a.values.len() == b.values.len()
                && a.values.iter().zip(&b.values).all(|(a, b)| (a - b).abs() < 1e-9)
        }
        ("kernel.uname", Fact::Value { value: a, .. }, Fact::Value { value: b, .. }) => {
            // Another container has another name: release and build are compared.
            let kernel = |value: &Value| {
                let text = value.as_str().unwrap_or_default();
                let from = text.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
                let parts: Vec<String> =
                    text[from..].split_whitespace().map(String::from).collect();
                let at = parts.iter().position(|part| {
                    part.contains('.') && part.starts_with(|c: char| c.is_ascii_digit())
                });
                parts[at.unwrap_or(0)..].join(" ")
            };
            kernel(a) == kernel(b)
        }
        ("http.latency_reported", Fact::Value { value: a, .. }, Fact::Value { value: b, .. }) => {
            ["avg", "min", "max", "n"].iter().all(|key| {
                let of = |value: &Value| value.get(key).and_then(Value::as_f64);
                match (of(a), of(b)) {
                    (Some(a), Some(b)) => (a - b).abs() <= 1e-9,
                    (None, _) => true,
                    (Some(_), None) => false,
                }
            })
        }
        ("net.interfaces", Fact::Value { value: a, .. }, Fact::Value { value: b, .. }) => {
            // MACs, and what is made from them, are pseudonyms in the evidence.
            let of = |value: &Value| -> Vec<(String, String)> {
                let items = value.as_array().into_iter().flatten();
                items.map(|item| (item["name"].to_string(), item["ipv4"].to_string())).collect()
            };
            of(a) == of(b)
        }
        (_, Fact::Value { value: a, .. }, Fact::Value { value: b, .. }) => a == b,
        _ => false,
    }
}

/// One remark for each line and standing.
fn merged(remarks: Vec<Remark>) -> Vec<Remark> {
    let mut out: Vec<Remark> = Vec::new();
    let mut supported: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for remark in remarks {
        if remark.standing == Standing::Supported {
            let place = (remark.place.start, remark.place.end);
            let known = *supported.entry(place).or_insert(out.len());
            if let Some(twin) = out.get_mut(known) {
                twin.facts.extend(remark.facts);
                continue;
            }
        }
        out.push(remark);
    }
    out
}
