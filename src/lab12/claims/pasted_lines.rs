//! Pasted lines: a line of a block that is a captured line but for one word, where the lines around
//! it are the captured ones.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::captured_lines::{CapturedLine, CapturedLines, LONE_WORDS, half_of, normalize_line};
use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::evidence_index::EvidenceIndex;
use super::messages::ClaimPastedLineDiffers;
use super::passages::ReportPassage;
use super::quantity::{DigitSlip, find_slip};
use super::sentence::line_ranges;
use crate::judge::EvidenceRef;
use crate::model::FactSource;
use crate::text::{beginning, make_visible};

/// What the lines of a block say that no reader looked at: `seen` are the places of which something
/// was said already.
pub(super) fn check_pasted_lines(
    index: &EvidenceIndex,
    block: &ReportPassage,
    seen: &[ClaimRemark],
) -> Vec<ClaimRemark> {
    let known = index.captured_lines();
    let ranges = line_ranges(&block.text);
    let lines: Vec<String> =
        ranges.iter().map(|range| normalize_line(&block.text[range.clone()])).collect();
    let places: Vec<&[usize]> = lines.iter().map(|line| known.places_of(line)).collect();
    let mut out = Vec::new();
    for (number, range) in ranges.iter().enumerate() {
        if !places[number].is_empty() || lines[number].is_empty() {
            continue;
        }
        let place = block.file_range(range);
        let is_seen = |one: &ClaimRemark| {
            let is_open = one.status == ClaimStatus::Unsupported;
            !is_open && one.place.start < place.end && place.start < one.place.end
        };
        if seen.iter().any(is_seen) {
            continue;
        }
        let edit = edit_among_neighbours(known, &places, number, &lines[number])
            .or_else(|| edit_of_lone_line(index, known, &lines[number]));
        if let Some((at, word)) = edit {
            out.push(differing_line(&known.lines[at], place, &lines[number], word));
        }
    }
    out
}

/// The captured line that a line was made from, and the number of the word that differs: lines
/// around it are those around the captured one.
fn edit_among_neighbours(
    known: &CapturedLines,
    places: &[&[usize]],
    number: usize,
    line: &str,
) -> Option<(usize, usize)> {
    const AROUND: [isize; 6] = [-3, -2, -1, 1, 2, 3];
    let is_there = |at: usize, distance: isize| {
        let other = number.checked_add_signed(distance).and_then(|other| places.get(other));
        let captured = known.neighbour_of(at, distance);
        captured.is_some_and(|captured| other.is_some_and(|other| other.contains(&captured)))
    };
    let beside = [-1, 1].into_iter().flat_map(|distance: isize| {
        let other = number.checked_add_signed(distance).and_then(|other| places.get(other));
        let anchors = other.into_iter().flat_map(|anchors| anchors.iter());
        anchors.filter_map(move |anchor| known.neighbour_of(*anchor, -distance))
    });
    let mut found: Vec<(usize, usize)> = Vec::new();
    for at in beside {
        let support = AROUND.iter().filter(|distance| is_there(at, **distance)).count();
        let is_single = !line.contains(' ');
        let is_between = is_there(at, -1) && is_there(at, 1);
        if support < 2 || is_single && (support < 4 || !is_between) {
            continue;
        }
        let Some(word) = only_difference(line, &known.lines[at].text) else { continue };
        let around = AROUND.iter().filter(|distance| is_there(at, **distance));
        let around = around.filter_map(|distance| known.neighbour_of(at, *distance));
        let measured = around.filter(|near| MEASURED.is_match(&known.lines[*near].text)).count();
        if is_edited_by_hand(line, &known.lines[at].text, word, measured) {
            found.push((at, word));
        }
    }
    let first = *found.first()?;
    let text = |at: usize| &known.lines[at].text;
    found.iter().all(|one| text(one.0) == text(first.0)).then_some(first)
}

/// The one captured line of several words that a line was made from by a slip.
fn edit_of_lone_line(
    index: &EvidenceIndex,
    known: &CapturedLines,
    line: &str,
) -> Option<(usize, usize)> {
    let words: Vec<&str> = line.split(' ').collect();
    if !LONE_WORDS.contains(&words.len()) {
        return None;
    }
    let halves = [true, false].map(|is_first| known.by_half.get(&half_of(&words, is_first)));
    let mut found = halves.into_iter().flatten().flatten().filter_map(|at| {
        let text = &known.lines[*at].text;
        let word = only_difference(line, text)?;
        let (stated, captured) = (words[word], text.split(' ').nth(word)?);
        let digits = captured.chars().filter(char::is_ascii_digit).count();
        // To the second the same time of another day.
        let is_dated = DATED.is_match(line) && digits > 0 && word > 1;
        let is_slip = is_dated || digits >= 4 && find_slip(stated, captured).is_some();
        let is_edited = is_slip && is_edited_by_hand(line, text, word, 0);
        (is_edited && (is_dated || !index.is_captured(stated))).then_some((*at, word))
    });
    let first = found.next()?;
    found.all(|one| known.lines[one.0].text == known.lines[first.0].text).then_some(first)
}

/// The number of the only word in which two lines differ.
fn only_difference(line: &str, captured: &str) -> Option<usize> {
    let (mut stated, mut known) = (line.split(' '), captured.split(' '));
    let mut differing = None;
    for number in 0.. {
        match (stated.next(), known.next()) {
            (None, None) => break,
            (Some(one), Some(other)) if one.eq_ignore_ascii_case(other) => {}
            (Some(_), Some(_)) if differing.is_none() => differing = Some(number),
            _ => return None,
        }
    }
    differing
}

/// What another run prints otherwise: times, dates, addresses, names of machines and containers.
static VOLATILE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?xi) : .* : | \d\d:\d\d | \d{4}-\d\d-\d\d
        | \d{1,3}(\.\d{1,3}){3} | (^|\w)@ | ^[a-z]+-[0-9a-f]{6,} | \dsec\b | ^\W*(up|down|unknown)\W*$ | ^[\W]*$ | \.\.\. | …",
    )
    .unwrap_or_else(|error| unreachable!("{error}"))
});

/// Lines of which one value differs from moment to moment.
static CHANGING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\bmhz\b|bogomips|\bmem(free|available)|\bcached\b|buffers|uptime|\bpids?\b|\brss\b|jiffies|\btook\b|load average|^(total|[dl-][rwx-]{9})")
        .unwrap_or_else(|error| unreachable!("{error}"))
});

/// A time to the second.
static DATED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r" \d\d:\d\d:\d\d ").unwrap_or_else(|error| unreachable!("{error}"))
});

/// A number with decimals: something measured.
static MEASURED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\d*\.\d{2,}").unwrap_or_else(|error| unreachable!("{error}")));

/// Whether a hand changed the word: another run would have changed more. `measured` of the lines
/// around it state what is measured anew each time, and are the captured ones.
fn is_edited_by_hand(line: &str, captured: &str, word: usize, measured: usize) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    let (Some(stated), Some(known)) = (words.get(word), captured.split(' ').nth(word)) else {
        return false;
    };
    let is_name = word == 1 && line.starts_with("Linux ");
    let is_title = is_name || line.starts_with(['=', '#', '-', '$']) || line.contains("==");
    let slip = find_slip(stated, known);
    let is_address = known.contains('.') && slip == Some(DigitSlip::Exchanged);
    let is_volatile = [*stated, known].iter().any(|text| VOLATILE.is_match(text)) && !is_address;
    let is_hex = known.len() >= 8 && known.chars().all(|c| c.is_ascii_hexdigit());
    if is_title || is_volatile || is_hex || CHANGING.is_match(captured) {
        return false;
    }
    let is_number = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    match (is_number(stated), is_number(known)) {
        (true, true) if MEASURED.is_match(known) => {
            let others = words.iter().enumerate().filter(|(number, _)| *number != word);
            let beside = others.filter(|(_, text)| MEASURED.is_match(text)).count();
            let digits = known.chars().filter(char::is_ascii_digit).count();
            beside + measured >= 2 || digits >= 4 && slip.is_some()
        }
        (true, true) => true,
        // A label is written as one likes, and a name of a list is its whole line.
        (false, false) => {
            words.len() == 1 || word > 0 && !known.ends_with(':') && !stated.ends_with(':')
        }
        _ => false,
    }
}

fn differing_line(
    captured: &CapturedLine,
    place: Range<usize>,
    line: &str,
    word: usize,
) -> ClaimRemark {
    let word_of = |text: &str| make_visible(text.split(' ').nth(word).unwrap_or_default());
    let message = ClaimPastedLineDiffers {
        stated: &word_of(line),
        found: &word_of(&captured.text),
        file: &make_visible(&captured.capture),
        line: captured.number,
        captured: &make_visible(beginning(&captured.text, 120)),
    };
    let mut remark = ClaimRemark::violates_rule(message, ClaimStatus::Contradicted, place);
    let source = FactSource { capture: captured.capture.clone(), line: Some(captured.number) };
    remark.places.push(EvidenceRef { fact: None, target: None, source: Some(source) });
    remark
}
