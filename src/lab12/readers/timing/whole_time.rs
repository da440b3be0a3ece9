//! Of several differently named times of one start, the one that is of the whole.

use super::names::{is_excluded, is_excluded_part, is_number_of_run, is_of_pull, is_run};
use super::own_forms::own_form;
use crate::lab12::readers::label;
use crate::lab12::readers::page::{LabelledPart, PageLine};
use crate::lab12::readers::read;
use crate::lab12::readers::words;
use crate::model::{MissingReason, MissingValue};

/// Of lines that name different times of one start, `create`, `start` and `total`, leaves the one
/// that is of the whole.
pub(super) fn leave_whole_times(texts: &mut Vec<&PageLine>) -> Result<(), MissingValue> {
    let mut named: Vec<(&str, &PageLine)> = Vec::new();
    for line in texts.iter().filter(|line| line.measure.is_none()) {
        let text = label::strip_decoration(&line.text);
        let Some((key, value)) = text.split_once([':', '=']) else { continue };
        let is_timed = words::leading_duration(value.trim()).is_some_and(|(_, unit, _)| unit)
            || own_form(text).is_some();
        let is_name = is_timed && !key.contains(|c: char| c.is_ascii_digit());
        if is_name && (!is_excluded(key) || is_of_pull(key)) {
            named.push((key, line));
        }
    }
    let has_runs = texts.iter().any(|line| {
        let key = line.text.split_once([':', '=']).map_or("", |(key, _)| key.trim());
        let is_numbered = is_run(key) && key.contains(|c: char| c.is_ascii_digit());
        is_numbered && own_form(&line.text).is_some()
    });
    if let ([(name, total)], true) = (&named[..], has_runs)
        && words::contains_any(name, &["total"])
    {
        let number = total.number;
        texts.retain(|line| line.number != number);
        return Ok(());
    }
    let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
    let is_repeated = names.iter().enumerate().any(|(at, name)| names[..at].contains(name));
    if names.len() < 2 || is_repeated {
        return Ok(());
    }
    let whole = find_whole_time(&names).map(|whole| named[whole].1.number);
    let whole = whole.ok_or_else(|| several_times(&names, named[0].1.number))?;
    texts.retain(|line| {
        line.number == whole || named.iter().all(|(_, other)| other.number != line.number)
    });
    Ok(())
}

/// Of the columns of a table that name different times of one start leaves the one that is of the
/// whole; columns of runs are all samples.
pub(super) fn choose_columns(own: Vec<&LabelledPart>) -> Result<Vec<&LabelledPart>, MissingValue> {
    let mut chosen: Vec<&LabelledPart> = Vec::new();
    for row in own.chunk_by(|part, next| row_of_part(part) == row_of_part(next)) {
        let named: Vec<(&str, &LabelledPart)> = row
            .iter()
            .filter_map(|part| Some((part.lines.first()?.measure.as_deref()?, *part)))
            .filter(|(name, part)| {
                let is_sample = !is_excluded_part(&part.label) || is_of_pull(name);
                is_sample
                    && !is_number_of_run(name)
                    && !name.is_empty()
                    && !name.contains(|c: char| c.is_ascii_digit())
            })
            .collect();
        let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
        if names.len() < 2 {
            chosen.extend(row);
            continue;
        }
        let whole = find_whole_time(&names);
        chosen.push(named[whole.ok_or_else(|| several_times(&names, row[0].line))?].1);
    }
    Ok(chosen)
}

fn row_of_part(part: &LabelledPart) -> u32 {
    part.lines.first().map_or(part.line, |line| line.row)
}

/// Which of the differently named times of one start is that of the whole; a total with the time
/// of a pull in it is not.
fn find_whole_time(names: &[&str]) -> Option<usize> {
    let has_pull = names.iter().any(|name| is_of_pull(name));
    let total = find_named(names, &["total", "whole", "all"]).filter(|_| !has_pull);
    if let Some(whole) = find_named(names, &["real", "wall", "elapsed"]).or(total) {
        return whole;
    }
    if find_named(names, &["create", "creating", "creation"]).is_some() {
        return None;
    }
    find_named(names, &["start", "boot", "run"]).flatten()
}

/// Whether any name has one of these words, and which, if only one has.
fn find_named(names: &[&str], words: &[&str]) -> Option<Option<usize>> {
    let mut found = (0..names.len()).filter(|&at| words::contains_any(names[at], words));
    found.next().map(|at| found.next().is_none().then_some(at))
}

/// Why several names of times are no series.
pub(super) fn several_times(names: &[&str], line: u32) -> MissingValue {
    let names = read::shorten_stated(&names.join("; "));
    let note =
        format!("several times of a start are named, and which one is meant is not: {names}");
    MissingValue::new(MissingReason::NotStated, note).at_line(line)
}
