//! Pasted output: blocks that show what the evidence files hold, read by the readers of those
//! files, and compared as people paste.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use super::captured_lines::normalize_line;
use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::evidence_index::{EvidenceIndex, FactRef};
use super::figures::StatedFigure;
use super::messages::ClaimWithoutEvidence;
use super::passages::ReportPassage;
use super::quantity::find_slip;
use super::words::{ClaimVocabulary, PastedKind, SentenceWords};
use crate::lab12::readers;
use crate::model::{Capture, Fact, FactId, fact_ids};

/// A part of a block that is one piece of output.
pub(super) struct OutputPiece {
    /// Where it stands in the passage's text.
    pub range: Range<usize>,
    /// The place in the lab's instructions that it would be the file of.
    slot: String,
}

/// What the pieces of a block say, and the start-up figures in them.
pub(super) fn check_pasted_block(
    index: &EvidenceIndex,
    words: &SentenceWords,
    block: &ReportPassage,
    pieces: &[OutputPiece],
) -> (Vec<ClaimRemark>, Vec<StatedFigure>) {
    let (mut results, mut stated) = (Vec::new(), Vec::new());
    for piece in pieces {
        let text = &block.text[piece.range.clone()];
        let capture = Capture::of_file(&piece.slot, Some(&piece.slot), text.as_bytes());
        let reading = readers::read_lab_captures(std::slice::from_ref(&capture));
        for (id, by_target) in &reading.facts {
            let id = FactId::from_text(id);
            for (target, fact) in by_target.iter().filter(|(_, fact)| fact.is_present()) {
                if index.subject.run.find_target(target).is_none() || IGNORED.contains(&id) {
                    continue;
                }
                let line = fact.source().and_then(|source| source.line).unwrap_or(1);
                let range = line_range(text, line);
                let place = block
                    .file_range(&(piece.range.start + range.start..piece.range.start + range.end));
                if let (fact_ids::STARTUP_WALL, Fact::Series(samples)) = (id, fact)
                    && let [seconds] = samples.values[..]
                {
                    stated.push(StatedFigure {
                        fact: id.to_string(),
                        target: target.clone(),
                        seconds,
                        pasted: Some(place.clone()),
                    });
                }
                let line = &text[range.clone()];
                let found = compare_output(index, words, id, target, fact, place, line);
                results.extend(
                    found.filter(|one| one.rule.is_none() || !is_copied(index, text, &range)),
                );
            }
        }
    }
    let above = block.topics.first();
    if above.is_some_and(|above| words.not_in_files.is_match(above)) {
        results.retain(|one| one.status != ClaimStatus::Unsupported);
    }
    (merge_remarks(results), stated)
}

/// Whether a line stands in a capture as it stands here, below the same line: then it is what was
/// captured, though of something that is not read from there.
fn is_copied(index: &EvidenceIndex, text: &str, line: &Range<usize>) -> bool {
    let above = text[..line.start].lines().rev().find(|line| !line.trim().is_empty());
    let Some(above) = above.map(normalize_line) else { return false };
    let known = index.captured_lines();
    let places = known.places_of(&normalize_line(&text[line.clone()]));
    places.iter().any(|&at| {
        let before = known.neighbour_of(at, -1);
        before.is_some_and(|before| known.lines[before].text.eq_ignore_ascii_case(&above))
    })
}

/// Read from the same lines as others, or without meaning next to them.
const IGNORED: &[FactId] = &[
    fact_ids::KERNEL_DMESG_LINES,
    fact_ids::KERNEL_RELEASE_COMPARED,
    fact_ids::CPU_MODEL_COMPARED,
    fact_ids::EVIDENCE_LOGGED_AT,
    fact_ids::HTTP_LATENCY,
];

/// The pieces of output in a block: a title or a command begins one.
pub(super) fn output_pieces(
    vocabulary: &ClaimVocabulary,
    block: &ReportPassage,
) -> Vec<OutputPiece> {
    let kinds = &vocabulary.subjects.pasted;
    let mut starts: Vec<(usize, Option<&PastedKind>)> = Vec::new();
    let mut at = 0;
    for line in block.text.split_inclusive('\n') {
        let text = line.trim();
        if is_head(text) {
            let titled =
                |kind: &&PastedKind| kind.title.as_ref().is_some_and(|title| title.is_match(text));
            let kind = kinds.iter().find(titled);
            // `=== Kata ===` goes on with the piece that it stands in.
            let lower = text.to_lowercase();
            let names_role = ["runc", "kata", "host"].iter().any(|name| lower.contains(name));
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
        let kind = kind.or_else(|| kinds.iter().find(holds)).map(|kind| kind.slot.clone());
        if let Some(slot) = kind {
            out.push(OutputPiece { range: start..end, slot });
        }
    }
    out
}

/// Whether a line of a block is a title or a command: `=== x ===`, `$ x`, `me@box:~$ x`,
/// `[me@box lab]$ x`.
fn is_head(text: &str) -> bool {
    let prompt = text.split(['$', '#']).next().unwrap_or_default();
    text.starts_with("==")
        || text.starts_with("--- ")
        || text.starts_with(['$', '>'])
        || text.starts_with("# ")
        || ["sudo ", "nerdctl ", "docker ", "podman "].iter().any(|word| text.starts_with(word))
        || text.len() > prompt.len()
            && prompt.contains('@')
            && (!prompt.contains(' ') || prompt.starts_with('[') && prompt.ends_with(']'))
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

/// How pasted output stands to a captured fact.
#[derive(Debug, PartialEq, Eq)]
enum OutputMatch {
    /// It says the same.
    Same,
    /// It says the same of another container.
    SameElsewhere,
    /// It is of another run: what differs from run to run differs.
    Another,
    /// It cannot be of this evidence.
    Differs,
    /// Neither is certain.
    Open,
}

fn compare_output(
    index: &EvidenceIndex,
    words: &SentenceWords,
    id: FactId,
    target: &str,
    fact: &Fact,
    place: Range<usize>,
    line: &str,
) -> Option<ClaimRemark> {
    let stated = match fact {
        Fact::Value { value: Value::Number(number), .. } => number.to_string(),
        Fact::Series(_) => FactRef { id, target, fact }.shown_value(),
        _ => crate::text::join_words(line),
    };
    let numbers = fact.as_series().map(|samples| &samples.values[..]).unwrap_or_default();
    let is_elsewhere = numbers.iter().any(|number| index.is_number_captured(*number));
    let Some(fact_ref) = index.fact_on_target(id, target) else {
        // Measured otherwise in a collected run, or not a question of this run.
        let is_figure = fact.as_series().is_some() || fact.as_i64().is_some();
        let known = is_figure && !is_elsewhere && index.missing_reason(id, target).is_some();
        return known.then(|| ClaimRemark::without_evidence(index, place, &stated, id, target));
    };
    let supported =
        || ClaimRemark::supported_claim(place.clone()).with_fact(fact_ref.id, fact_ref.target);
    match match_output(id, fact, &fact_ref) {
        OutputMatch::Same => Some(supported()),
        OutputMatch::SameElsewhere => {
            Some(ClaimRemark { note: Some(words.of_other_container.clone()), ..supported() })
        }
        OutputMatch::Another if !is_elsewhere => {
            let message = ClaimWithoutEvidence {
                another: true,
                stated: None,
                title: &index.fact_title(id),
                target: &index.reader_name(target),
                found: Some(&fact_ref.shown_value()),
                reason: None,
            };
            let result = ClaimRemark::violates_rule(message, ClaimStatus::Unsupported, place);
            Some(result.with_fact(fact_ref.id, fact_ref.target))
        }
        OutputMatch::Differs => {
            let shown = FactRef { id: fact_ref.id, target: fact_ref.target, fact }.shown_value();
            let found = fact_ref.shown_value();
            Some(ClaimRemark::contradicted_by(index, place, &shown, &fact_ref, &found, None))
        }
        OutputMatch::Another | OutputMatch::Open => None,
    }
}

fn match_output(id: FactId, fact: &Fact, fact_ref: &FactRef) -> OutputMatch {
    use OutputMatch::{Another, Differs, Open, Same, SameElsewhere};
    if let (Fact::Series(stated), Fact::Series(known)) = (fact, fact_ref.fact) {
        let is_known = |value: &f64| known.values.iter().any(|one| (one - value).abs() < 1e-9);
        let is_edited = |(one, other): (&f64, &f64)| is_slip_of_number(*one, *other);
        let is_slip = stated.values.len() == known.values.len()
            && stated.values.iter().zip(&known.values).any(is_edited);
        return match stated.values.iter().all(is_known) {
            true => Same,
            false if is_slip => Differs,
            false => Another,
        };
    }
    let (Some(stated), Some(known)) = (fact.as_value(), fact_ref.fact.as_value()) else {
        return Open;
    };
    if stated == known || is_cut_from(stated, known) {
        return Same;
    }
    match id {
        fact_ids::KERNEL_UNAME => {
            let (stated, known) = (kernel_words(stated), kernel_words(known));
            match stated.first() {
                Some(_) if stated == known => SameElsewhere,
                // Another build is of another second.
                Some(_) if is_one_word_off(&stated, &known) && has_same_time(&stated, &known) => {
                    Differs
                }
                // The same release of another build.
                Some(release) if known.first() == Some(release) && stated.len() == known.len() => {
                    Another
                }
                // The same build of another release.
                Some(_) if is_one_word_off(&stated, &known) => Differs,
                _ => Open,
            }
        }
        fact_ids::KERNEL_BANNER
        | fact_ids::KERNEL_DMESG_BANNER
        | fact_ids::KERNEL_CMDLINE
        | fact_ids::CPU_MODEL => {
            let known = join_lines(known);
            let stated = take_pseudonyms(&join_lines(stated), &known);
            let cut = stated.trim_end_matches(['.', '…', ' ']);
            let is_part = known.starts_with(cut) || stated.starts_with(&known);
            let release = |text: &str| text.split(' ').nth(2).unwrap_or_default().to_string();
            let is_banner = id == fact_ids::KERNEL_BANNER || id == fact_ids::KERNEL_DMESG_BANNER;
            match is_part {
                true => Same,
                // A cut or wrapped banner still names its release.
                false if is_banner && release(&stated) != release(&known) => Differs,
                false if id == fact_ids::CPU_MODEL => Differs,
                false => {
                    let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
                    match is_one_word_off(&words(cut), &words(&known)) {
                        true => Differs,
                        false => Open,
                    }
                }
            }
        }
        fact_ids::HTTP_LATENCY_REPORTED => {
            let close = |key: &str| {
                let of = |value: &Value| value.get(key).and_then(Value::as_f64);
                match (of(stated), of(known)) {
                    (Some(a), Some(b)) => (a - b).abs() <= 1e-9,
                    (stated, _) => stated.is_none(),
                }
            };
            // No run gives all others again.
            match ["avg", "min", "max", "n"].iter().filter(|key| close(key)).count() {
                4 => Same,
                3 => Differs,
                _ => Another,
            }
        }
        fact_ids::NET_INTERFACES => {
            // MACs, and what is made from them, are pseudonyms in the evidence; a block may be cut.
            let items = |value: &Value| -> Vec<(String, String)> {
                let items = value.as_array().into_iter().flatten();
                items.map(|item| (item["name"].to_string(), item["ipv4"].to_string())).collect()
            };
            let known = items(known);
            if items(stated).iter().all(|item| known.contains(item)) { Same } else { Another }
        }
        fact_ids::PERF_IO_WRITE
        | fact_ids::RUNTIME_IMPLEMENTATION
        | fact_ids::EVIDENCE_LOGGED_AT => Open,
        _ => Differs,
    }
}

/// Whether a time of at least four digits is another with one of them changed: no run prints that.
fn is_slip_of_number(stated: f64, known: f64) -> bool {
    let (stated, known) = (format!("{stated:.3}"), format!("{known:.3}"));
    find_slip(&stated, &known).is_some()
        && !stated.starts_with("0.")
        && stated.chars().next_back() == known.chars().next_back()
}

/// Whether a text is the beginning of another, with a mark that it was cut: `f47c20e8[...]`.
fn is_cut_from(stated: &Value, known: &Value) -> bool {
    let (Some(stated), Some(known)) = (stated.as_str(), known.as_str()) else { return false };
    let kept = stated.trim_end_matches(['.', '…', '[', ']', ' ']);
    let mark = &stated[kept.len()..];
    (mark.contains("...") || mark.contains('…')) && kept.len() >= 4 && known.starts_with(kept)
}

/// Whether one word of at least four is another: no run prints that, a hand writes it.
fn is_one_word_off(stated: &[String], known: &[String]) -> bool {
    let differing = stated.iter().zip(known).filter(|(one, other)| one != other).count();
    stated.len() >= 4 && stated.len() <= known.len() && differing == 1
}

/// A stated line with the pseudonyms that the evidence has in these places: the names that they stand
/// for are not known, and are not compared.
fn take_pseudonyms(stated: &str, known: &str) -> String {
    let mut places = known.split(' ');
    let words = stated.split(' ').map(|word| match places.next() {
        Some(place) if crate::privacy::holds_pseudonym(place) => place,
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Whether two lines have the same time to the second.
fn has_same_time(stated: &[String], known: &[String]) -> bool {
    let mut times = known.iter().filter(|word| word.len() == 8 && word.matches(':').count() == 2);
    times.any(|time| stated.contains(time))
}

/// Release, build and machine of a line of `uname -a`: another container has another name.
fn kernel_words(line: &Value) -> Vec<String> {
    let words = line.as_str().unwrap_or_default().split_whitespace();
    words
        .skip_while(|word| !word.contains('.') || !word.starts_with(|c: char| c.is_ascii_digit()))
        // The same kernel by the `uname` of GNU and of BusyBox.
        .map(|word| word.replace("GNU/Linux", "Linux"))
        .collect()
}

/// The words of a text in one line.
fn join_lines(text: &Value) -> String {
    crate::text::join_words(text.as_str().unwrap_or_default())
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
                twin.shown = result.shown.or(twin.shown.take());
                twin.note = result.note.or(twin.note.take());
                continue;
            }
        }
        out.push(result);
    }
    out
}
