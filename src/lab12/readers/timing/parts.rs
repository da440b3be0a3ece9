//! The times in the parts of a page, and why a part has none.

use super::names::{
    has_duration, is_excluded_part, is_of_pull, is_processor_time, is_run, is_summary,
};
use super::own_forms::{
    is_negative_time, names_other_time, own_form, parse_bare_time, parse_time_list,
};
use super::programs::{PROGRAM_FORMS, parse_measure_command, parse_program_time};
use super::whole_time::leave_whole_times;
use crate::lab12::readers::page::{LabelledPart, LineKind, PageLine};
use crate::lab12::readers::read::{self, FoundValue, ReadResult};
use crate::lab12::readers::words::{self, TimeUnit};
use crate::model::{MissingReason, MissingValue};

/// The times in one part, in the first of the forms that any of its lines has.
pub(super) fn read_part_times(part: &LabelledPart) -> ReadResult<Vec<f64>> {
    let mut texts: Vec<&PageLine> = part.value_lines().collect();
    // After a time on the label's line, `Total: 2.6s` is something else.
    if texts.first().is_some_and(|line| line.inline && own_form(&line.text).is_some()) {
        texts.retain(|line| line.inline || !names_other_time(&line.text));
    }
    let heads = part.lines.iter().filter_map(|line| line.measure.as_deref());
    let mut words_of_heads = heads.chain([part.label.as_str()]).flat_map(words::split_words);
    let unit = words_of_heads
        .find_map(|word| TimeUnit::from_name(word).filter(|unit| *unit < TimeUnit::Seconds));
    if let Some(found) = parse_measure_command(&texts) {
        return Ok(found);
    }
    if let Some(line) = texts.iter().find(|line| is_negative_time(&line.text)) {
        let words = "a start does not take less than 0 s:";
        return Err(MissingValue::quoting_line(MissingReason::OutOfRange, words, line));
    }
    let own = texts.iter().find_map(|line| own_form(&line.text));
    let is_by_program = texts.iter().any(|line| parse_program_time(&line.text).is_some());
    if own.is_some() && !is_by_program {
        leave_whole_times(&mut texts)?;
    }
    let by_program =
        PROGRAM_FORMS.iter().find_map(|form| read_lines(&texts, |text| Vec::from_iter(form(text))));
    let times = by_program
        .or_else(|| read_lines(&texts, |text| parse_time_list(text, unit)))
        .or_else(|| read_lines(&texts, |text| Vec::from_iter(own_form(text))))
        .or_else(|| read_lines(&texts, |text| Vec::from_iter(parse_bare_time(text, unit))));
    match times {
        Some(times) => Ok(times),
        None if texts.iter().any(|line| is_summary(&line.text)) => {
            let mut sums = texts.iter().filter(|line| is_summary(&line.text));
            let of_processor = sums.all(|line| is_processor_time(&line.text));
            Err(if of_processor { only_processor_time() } else { only_summary() })
        }
        None => {
            let is_bare = |text: &str| {
                words::only_number(text).is_some() || text.trim().parse::<f64>().is_ok()
            };
            if let Some(line) = texts.iter().find(|line| is_bare(&line.text)) {
                let before = "a number without a unit could be seconds or milliseconds:";
                return Err(MissingValue::quoting_line(MissingReason::NotNumeric, before, line));
            }
            let telling = part.lines.iter().filter(|line| !is_output(line));
            Err(read::explain_unreadable_lines(telling, MissingReason::NotNumeric))
        }
    }
}

/// The times on all lines in one form, at the first line that has any.
fn read_lines(
    texts: &[&PageLine],
    form: impl Fn(&str) -> Vec<f64>,
) -> Option<FoundValue<Vec<f64>>> {
    let mut read = texts.iter().map(|line| (form(&line.text), line.number));
    let (value, line) = read.find(|(times, _)| !times.is_empty())?;
    let value = value.into_iter().chain(read.flat_map(|(times, _)| times)).collect();
    Some(FoundValue { value, line })
}

/// Several parts of one role (`runc run 1:`, `runc run 2:`) form one series.
pub(super) fn read_series(own: &[&LabelledPart]) -> ReadResult<Vec<f64>> {
    let mut times: Option<FoundValue<Vec<f64>>> = None;
    let mut reason: Option<MissingValue> = None;
    let has_sums = own.iter().any(|part| is_excluded_part(&part.label));
    let has_runs = own.iter().any(|part| part.lines.iter().any(is_of_numbered_run));
    for part in own.iter().filter(|part| !has_runs || !part.lines.iter().any(is_of_total)) {
        let is_other = part.lines.is_empty() && part.other_measure.is_some();
        if is_excluded_part(&part.label) || is_other && has_sums {
            continue;
        }
        match read_part_times(part) {
            Ok(found) => match &mut times {
                Some(series) => series.value.extend(found.value),
                None => times = Some(found),
            },
            Err(miss) => {
                let miss = read::explain_empty_part(part, miss);
                if reason.as_ref().is_none_or(|old| old.why == MissingReason::Empty) {
                    reason = Some(miss);
                }
            }
        }
    }
    match (times, reason) {
        (Some(found), _) => Ok(found),
        (None, Some(miss)) if miss.why == MissingReason::Empty && states_summary(own) => {
            Err(only_summary().at_line(own[0].line))
        }
        (None, Some(miss)) => Err(miss),
        (None, None) => Err(own.iter().fold(only_summary(), |miss, part| miss.at_line(part.line))),
    }
}

/// Whether a cell stands in the row of a numbered run.
pub(super) fn is_of_numbered_run(line: &PageLine) -> bool {
    let Some(name) = line.measure.as_deref() else { return false };
    name.is_empty() || is_run(name) && name.contains(|c: char| c.is_ascii_digit())
}

/// Whether a cell stands in a row that adds others up.
fn is_of_total(line: &PageLine) -> bool {
    let name = line.measure.as_deref().unwrap_or_default().to_lowercase();
    matches!(name.as_str(), "total" | "totals" | "gesamt" | "итого")
}

/// Whether one of the parts holds the figure of a summary, and not that of a pull.
fn states_summary(own: &[&LabelledPart]) -> bool {
    own.iter().any(|part| {
        is_excluded_part(&part.label)
            && !is_of_pull(&part.label)
            && part.value_lines().any(|line| line.text.contains(|c: char| c.is_ascii_digit()))
    })
}

pub(super) fn states_duration(part: &LabelledPart) -> bool {
    part.value_lines().any(|line| has_duration(&line.text))
}

fn only_processor_time() -> MissingValue {
    let note = "only the processor's time is stated, not how long the start took";
    MissingValue::new(MissingReason::NotStated, note)
}

pub(super) fn only_summary() -> MissingValue {
    MissingValue::new(MissingReason::NotStated, "only a summary is stated, no sample")
}

/// Whether the line is what the timed container printed: a word on a line of its own, as the
/// lab's `echo` gives.
fn is_output(line: &PageLine) -> bool {
    line.kind == LineKind::Text
        && !line.inline
        && !words::is_absence(&line.text)
        && line.text.chars().all(char::is_alphabetic)
}
