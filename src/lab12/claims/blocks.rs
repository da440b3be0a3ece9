//! Pasted output: blocks that show what the evidence files hold, read by the readers of those
//! files.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::durations::StatedFigure;
use super::evidence_index::{EvidenceIndex, FactRef};
use super::passages::ReportPassage;
use super::words::{ClaimVocabulary, PastedKind};
use crate::lab12::readers;
use crate::model::{Capture, Fact};

/// A part of a block that is one piece of output.
struct OutputPiece {
    /// Where it stands in the passage's text.
    range: Range<usize>,
    /// The place in the lab's instructions that it would be the file of.
    slot: String,
}

/// What a block says, and the start-up figures in it.
pub(super) fn check_pasted_block(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    block: &ReportPassage,
) -> (Vec<ClaimRemark>, Vec<StatedFigure>) {
    let (mut results, mut stated) = (Vec::new(), Vec::new());
    for piece in output_pieces(&vocabulary.subjects.pasted, block) {
        let text = &block.text[piece.range.clone()];
        let capture = Capture::of_file(&piece.slot, Some(&piece.slot), text.as_bytes());
        let reading = readers::read_lab_captures(std::slice::from_ref(&capture));
        for (id, by_target) in &reading.facts {
            for (target, fact) in by_target.iter().filter(|(_, fact)| fact.is_present()) {
                if index.subject.run.find_target(target).is_none() || IGNORED.contains(&id.as_str())
                {
                    continue;
                }
                if id == "startup.wall"
                    && let Fact::Series(samples) = fact
                    && let [seconds] = samples.values[..]
                {
                    let digits = format!("{seconds}").chars().filter(char::is_ascii_digit).count();
                    stated.push(StatedFigure {
                        subject: 0,
                        target: target.clone(),
                        seconds,
                        digits,
                    });
                }
                let line = fact.source().and_then(|source| source.line).unwrap_or(1);
                let range = line_range(text, line);
                let place = block
                    .file_range(&(piece.range.start + range.start..piece.range.start + range.end));
                results.extend(compare_output(index, id, target, fact, place, &text[range]));
            }
        }
    }
    (merge_remarks(results), stated)
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
fn output_pieces(kinds: &[PastedKind], block: &ReportPassage) -> Vec<OutputPiece> {
    let mut starts: Vec<(usize, Option<&PastedKind>)> = Vec::new();
    let mut at = 0;
    for line in block.text.split_inclusive('\n') {
        let text = line.trim();
        let is_head = text.starts_with("==")
            || text.starts_with("--- ")
            || text.starts_with(['$', '>'])
            || text.starts_with("# ");
        if is_head {
            let titled =
                |kind: &&PastedKind| kind.title.as_ref().is_some_and(|title| title.is_match(text));
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
        let holds =
            |kind: &&PastedKind| kind.holds.as_ref().is_some_and(|holds| holds.is_match(text));
        if let Some(kind) = kind.or_else(|| kinds.iter().find(holds)) {
            out.push(OutputPiece { range: start..end, slot: kind.slot.clone() });
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

fn compare_output(
    index: &EvidenceIndex,
    id: &str,
    target: &str,
    fact: &Fact,
    place: Range<usize>,
    line: &str,
) -> Option<ClaimRemark> {
    let Some(fact_ref) = index.fact_on_target(id, target) else {
        // Measured otherwise in a collected run, or not a question of this run.
        let known = index.missing_reason(id, target).is_some();
        let stated = match fact {
            Fact::Value { value: Value::Number(number), .. } => number.to_string(),
            Fact::Series(_) => FactRef { id: "", target, fact }.shown_value(),
            _ => line.split_whitespace().collect::<Vec<_>>().join(" "),
        };
        return known.then(|| ClaimRemark::without_evidence(index, place, &stated, id, target));
    };
    if says_the_same(id, fact, &fact_ref) {
        return Some(
            ClaimRemark::supported_claim(place).resting_on_fact(fact_ref.id, fact_ref.target),
        );
    }
    let shown = FactRef { id: fact_ref.id, target: fact_ref.target, fact }.shown_value();
    match id {
        // Every run has its own: it is another one's.
        "startup.wall" | "http.latency_reported" | "net.interfaces" | "kernel.uname" => Some(
            ClaimRemark::violates_rule("claim-without-evidence", ClaimStatus::Unsupported, place)
                .with_parameter("another", true)
                .with_parameter("title", index.fact_title(id))
                .with_parameter("target", index.reader_name(target))
                .with_parameter("found", fact_ref.shown_value())
                .resting_on_fact(fact_ref.id, fact_ref.target),
        ),
        "kernel.cmdline" | "kernel.dmesg_banner" => None,
        _ => Some(ClaimRemark::contradicted_by(index, place, &shown, &fact_ref)),
    }
}

fn says_the_same(id: &str, fact: &Fact, fact_ref: &FactRef) -> bool {
    match (id, fact, fact_ref.fact) {
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
fn merge_remarks(results: Vec<ClaimRemark>) -> Vec<ClaimRemark> {
    let mut out: Vec<ClaimRemark> = Vec::new();
    let mut supported: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for result in results {
        if result.status == ClaimStatus::Supported {
            let place = (result.place.start, result.place.end);
            let known = *supported.entry(place).or_insert(out.len());
            if let Some(twin) = out.get_mut(known) {
                twin.facts.extend(result.facts);
                continue;
            }
        }
        out.push(result);
    }
    out
}
