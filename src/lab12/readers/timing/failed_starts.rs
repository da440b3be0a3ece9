//! Starts that failed among others, and the times that are theirs.

use super::names::is_run;
use super::own_forms::own_form;
use super::parts::{is_of_numbered_run, read_part_times, read_series};
use super::programs::parse_program_time;
use crate::lab12::readers::failure;
use crate::lab12::readers::label::EvidenceRole;
use crate::lab12::readers::page::{EvidencePage, LabelledPart, LineKind, PageLine};
use crate::lab12::readers::read::FoundValue;
use crate::lab12::readers::words;

/// The times of the starts that did not fail, where it is told which those are.
pub(super) fn without_failed_starts(own: &[&LabelledPart]) -> Option<FoundValue<Vec<f64>>> {
    without_failed_parts(own)
        .or_else(|| without_failed_runs(own))
        .or_else(|| without_failed_cells(own))
}

/// The times of the parts in which no start failed, where each failure is told before the time in
/// its own part: an attempt, and below another label the next.
fn without_failed_parts(own: &[&LabelledPart]) -> Option<FoundValue<Vec<f64>>> {
    let attempts: Vec<LabelledPart> = own.iter().copied().flat_map(split_attempts).collect();
    let (failed, good): (Vec<&LabelledPart>, Vec<&LabelledPart>) =
        attempts.iter().partition(|part| find_failure(part).is_some());
    let has_times = good.iter().any(|part| find_program_time(part).is_some());
    let are_told = !failed.is_empty() && failed.iter().all(|part| tells_failure_first(part));
    (has_times && are_told).then(|| read_series(&good).ok())?
}

/// A part by the attempts that titles in it head.
fn split_attempts(part: &LabelledPart) -> Vec<LabelledPart> {
    let attempts = part.lines.split(|line| line.kind == LineKind::Title);
    attempts.map(|lines| LabelledPart { lines: lines.to_vec(), ..part.clone() }).collect()
}

/// The times in the cells of a column in which others say that their run failed: `| 3 | failed |`.
fn without_failed_cells(own: &[&LabelledPart]) -> Option<FoundValue<Vec<f64>>> {
    let lines = own.iter().flat_map(|part| &part.lines);
    let failed: Vec<&PageLine> = lines.filter(|line| failure::is_of_failed_start(line)).collect();
    let are_cells = failed
        .iter()
        .all(|line| is_of_numbered_run(line) && !line.text.contains(|c: char| c.is_ascii_digit()));
    (are_cells && !failed.is_empty()).then(|| read_series(own).ok())?
}

/// The times of a table in the rows of which no cell is the status of a start that failed, where no
/// failure is told otherwise: `kata,2,0.288,1` below `runtime,run,seconds,exit_code`.
pub(super) fn without_failed_rows(
    page: &EvidencePage,
    own: &[&LabelledPart],
    who: EvidenceRole,
) -> Option<FoundValue<Vec<f64>>> {
    let parts = page.labelled_parts();
    let lines = parts.iter().filter(|part| part.who == Some(who)).flat_map(|part| &part.lines);
    let failed: Vec<&PageLine> = lines.filter(|line| failure::is_of_failed_start(line)).collect();
    let mut good: Vec<LabelledPart> = own.iter().copied().cloned().collect();
    for part in &mut good {
        part.lines.retain(|line| !failed.iter().any(|other| other.row == line.row));
    }
    let good: Vec<&LabelledPart> = good.iter().collect();
    let are_cells = failed.iter().all(|line| line.measure.is_some());
    let is_told = are_cells && !failed.is_empty();
    is_told.then(|| read_series(&good).ok())?
}

/// Whether a part tells of a failure and then of its time, and of no remedy.
fn tells_failure_first(part: &LabelledPart) -> bool {
    find_program_time(part).is_some_and(|at| find_failure(part) < Some(at))
        && !part.lines.iter().any(|line| failure::tells_of_remedy(&line.text))
}

fn find_failure(part: &LabelledPart) -> Option<usize> {
    part.lines.iter().position(failure::is_of_failed_start)
}

fn find_program_time(part: &LabelledPart) -> Option<usize> {
    part.lines.iter().position(|line| parse_program_time(&line.text).is_some())
}

/// The numbered samples of a series in which another number is that of the start that failed:
/// `2: 1.97 s`, `3: FAILED`, `4: 2.05 s`.
fn without_failed_runs(own: &[&LabelledPart]) -> Option<FoundValue<Vec<f64>>> {
    let [part] = own.iter().filter(|part| !part.lines.is_empty()).collect::<Vec<_>>()[..] else {
        return None;
    };
    let mut failed = Vec::new();
    let mut good = Vec::new();
    let mut awaits_number = false;
    let mut gave_up_after = None;
    let mut last_time = None;
    let mut of_failed = Vec::new();
    for line in part.lines.iter().filter(|line| line.kind != LineKind::Blank) {
        let (key, value) = line.text.split_once(':').unwrap_or_default();
        let key = key.trim_start_matches('#');
        // `3: FEHLER`: a note in the place of a time, in whatever language.
        let is_note = !value.contains(|c: char| c.is_ascii_digit());
        let number = key.trim_start_matches(|c: char| c.is_alphabetic() || c == ' ');
        let number = if is_run(key) { number } else { key };
        match (number.parse::<u16>().ok(), failure::is_of_failed_start(line) || is_note) {
            (Some(number), true) => failed.push(number),
            // The next time is the one after which the message says that the engine gave up.
            (Some(number), false)
                if gave_up_after.is_some()
                    && whole_seconds(line) == gave_up_after
                    && last_time != gave_up_after =>
            {
                failed.push(number);
                of_failed.push(line.number);
            }
            (Some(number), false) if !awaits_number && states_time(line) => {
                good.push(number);
            }
            (None, true) if failure::is_of_failed_start(line) => {
                awaits_number = true;
                gave_up_after = failure::seconds_of_message(line);
                continue;
            }
            _ => return None,
        }
        awaits_number = false;
        gave_up_after = None;
        last_time = whole_seconds(line);
    }
    let is_apart = !awaits_number && failed.iter().all(|number| !good.contains(number));
    let mut counted = LabelledPart::clone(part);
    counted.lines.retain(|line| {
        let is_good = !failure::is_of_failed_start(line) && !of_failed.contains(&line.number);
        is_good && states_time(line)
    });
    (is_apart && !failed.is_empty() && !good.is_empty()).then(|| read_part_times(&counted).ok())?
}

fn states_time(line: &PageLine) -> bool {
    own_form(&line.text).or_else(|| parse_program_time(&line.text)).is_some()
}

fn whole_seconds(line: &PageLine) -> Option<u64> {
    own_form(&line.text).map(|time| time as u64)
}

/// Whether more starts of `who` were timed than failed: then one worked, though it is not told
/// which.
pub(in crate::lab12::readers) fn has_good_start(page: &EvidencePage, who: EvidenceRole) -> bool {
    let parts = page.labelled_parts();
    let own: Vec<&LabelledPart> = parts.iter().filter(|part| part.who == Some(who)).collect();
    if without_failed_starts(&own).is_some() {
        return true;
    }
    let lines = own.iter().flat_map(|part| &part.lines);
    let labels = own.iter().filter(|part| failure::tells_failed_start(&part.label)).count();
    let failed = labels + lines.filter(|line| failure::is_of_failed_start(line)).count();
    failed > 0 && read_series(&own).is_ok_and(|found| found.value.len() > failed)
}

/// The line that tells of a failed start of `who`. One in a part of its own name counts, and one
/// that no label assigns, if the next label is that of `who`. A message about Kata is Kata's
/// wherever it stands.
pub(super) fn failed_start_line(parts: &[LabelledPart], who: EvidenceRole) -> Option<&PageLine> {
    let mut next = None;
    let mut owners: Vec<Option<EvidenceRole>> = Vec::new();
    for part in parts.iter().rev() {
        next = part.who.or(next);
        owners.push(next);
    }
    for (part, owner) in parts.iter().zip(owners.into_iter().rev()) {
        let in_label = part.who == Some(who) && failure::tells_failed_start(&part.label);
        if let Some(line) = part.lines.first().filter(|_| in_label) {
            return Some(line);
        }
        for line in part.lines.iter().filter(|line| failure::is_of_failed_start(line)) {
            let names_kata = words::contains_any(&line.text, &["kata"]);
            let about = if names_kata { Some(EvidenceRole::Kata) } else { owner };
            if about == Some(who) {
                return Some(line);
            }
        }
    }
    None
}
