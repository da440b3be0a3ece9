//! Parsers of a record of samples: lines of figures below a line that names the columns.
//!
//! ```text
//! columns outcome place round exit first_byte_s wall_s …
//! ok 3 2 0 0.212345 0.301234 …
//! failed 4 2 125 - 0.021000 …
//! ```
//!
//! Only a line that begins with `ok` is a sample. What stands above the columns are the
//! conditions; a record may name its columns again.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde_json::Value;

use super::{MissingValue, ParseResult, filled_lines, parse_decimal};
use crate::model::{MAX_SAMPLES, MissingReason};
use crate::stats;

pub(super) const SAMPLE: &str = "ok ";

const COLUMNS: &str = "columns ";

/// The column with the time of the same run without any work. Older records have none.
const EMPTY_RUN: &str = "empty_s";

/// The shortest median, in seconds, of which a clock that ticks in hundredths tells the first digit.
const SHORTEST: f64 = 0.1;

/// What a line of something measured begins with that is no sample.
const OTHERS: [&str; 3] = ["failed ", "connected ", "short "];

/// The times of work, in seconds, by a clock that ticks in hundredths: those of runs, less those of
/// the same without any work where the record has them. The median is what is told of them, so one
/// that was shorter than the others does not make them unreadable.
pub(super) fn parse_real_times(text: &str) -> ParseResult {
    let mut times = read_numbers(text, "real_s")?;
    if column_index(text, EMPTY_RUN).is_ok() {
        for (time, empty) in times.iter_mut().zip(read_numbers(text, EMPTY_RUN)?) {
            *time = stats::round_significant(*time - empty, 6);
        }
    }
    let is_short = stats::median(&times).is_some_and(|median| median < SHORTEST);
    match is_short || times.iter().any(|time| *time <= 0.0) {
        true => Err(MissingValue::new(
            MissingReason::Unreadable,
            format!("below the resolution: less than {SHORTEST} s by a clock of 10 ms"),
        )),
        false => Ok(times.into()),
    }
}

/// The time of one iteration, in seconds: that of a run by the number of its iterations.
pub(super) fn parse_times_per_iteration(text: &str) -> ParseResult {
    let (times, counts) = (parse_real_times(text)?, read_column(text, "iterations")?);
    let pairs = times.as_array().into_iter().flatten().zip(counts.as_array().into_iter().flatten());
    let each = pairs.map(|(time, count)| {
        let each = time.as_f64()? / count.as_f64().filter(|count| *count >= 1.0)?;
        Some(stats::round_significant(each, 6))
    });
    let each: Option<Vec<f64>> = each.collect();
    each.map(Value::from)
        .ok_or_else(|| MissingValue::new(MissingReason::Unreadable, "a run without iterations"))
}

/// The times from `scheduled` to `first_line`, in seconds: two points of time by two clocks, so a
/// distance may be negative.
pub(super) fn parse_clock_distances(text: &str) -> ParseResult {
    let [from, to] = [column_index(text, "scheduled")?, column_index(text, "first_line")?];
    let mut distances = Vec::new();
    for line in filled_lines(text).filter(|line| line.starts_with(SAMPLE)) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [to, from] = [to, from].map(|place| {
            let word = words.get(place).copied().unwrap_or_default();
            DateTime::parse_from_rfc3339(word)
                .map_err(|_| MissingValue::unexpected_output("a point of time", word))
        });
        let Some(nanoseconds) = (to? - from?).num_nanoseconds() else {
            let words = "the two points are centuries apart";
            return Err(MissingValue::new(MissingReason::OutOfRange, words));
        };
        #[allow(clippy::cast_precision_loss, reason = "nanoseconds of hours are exact")]
        distances.push(nanoseconds as f64 / 1e9);
        if distances.len() > MAX_SAMPLES {
            let words = format!("more than {MAX_SAMPLES} samples");
            return Err(MissingValue::new(MissingReason::TooLong, words));
        }
    }
    if distances.is_empty() { Err(none_succeeded(text)) } else { Ok(distances.into()) }
}

/// How often each status stands in a record, failures among them; 0 is no response.
pub(super) fn count_statuses(text: &str) -> ParseResult {
    let place = column_index(text, "status")?;
    let mut tally: BTreeMap<String, u64> = BTreeMap::new();
    for line in filled_lines(text).filter(|line| is_measured(line)) {
        let word = line.split_whitespace().nth(place).unwrap_or_default();
        let status = match word {
            "-" => "0",
            word if word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit()) => word,
            word => return Err(MissingValue::unexpected_output("a status", word)),
        };
        *tally.entry(status.into()).or_default() += 1;
    }
    if tally.is_empty() {
        return Err(MissingValue::new(MissingReason::Empty, "nothing was measured"));
    }
    Ok(serde_json::json!(tally))
}

fn is_measured(line: &str) -> bool {
    line.starts_with(SAMPLE) || OTHERS.iter().any(|other| line.starts_with(other))
}

fn column_index(text: &str, name: &str) -> Result<usize, MissingValue> {
    let header = filled_lines(text).find_map(|line| line.strip_prefix(COLUMNS));
    header.and_then(|line| line.split_whitespace().position(|column| column == name)).ok_or_else(
        || MissingValue::new(MissingReason::NotStated, format!("no column is called `{name}`")),
    )
}

/// The numbers of a column, those of times in seconds.
pub(super) fn read_column(text: &str, name: &str) -> ParseResult {
    read_numbers(text, name).map(Value::from)
}

fn read_numbers(text: &str, name: &str) -> Result<Vec<f64>, MissingValue> {
    let place = column_index(text, name)?;
    let values: Vec<f64> = filled_lines(text)
        .filter(|line| line.starts_with(SAMPLE))
        .map(|line| {
            let word = line.split_whitespace().nth(place).unwrap_or_default();
            parse_decimal(word)
                .filter(|seconds| *seconds >= 0.0)
                .ok_or_else(|| MissingValue::unexpected_output("seconds", word))
        })
        .collect::<Result<_, _>>()?;
    if values.is_empty() { Err(none_succeeded(text)) } else { Ok(values) }
}

fn none_succeeded(text: &str) -> MissingValue {
    let failed: Vec<&str> = filled_lines(text).filter(|line| line.starts_with(OTHERS[0])).collect();
    let words = failed.first().and_then(|line| line.split_once(": ")).map(|(_, words)| words);
    match words {
        None => MissingValue::new(MissingReason::Empty, "nothing was measured"),
        Some(words) => MissingValue::new(
            MissingReason::Error,
            format!("none of {} succeeded: {}", failed.len(), super::first_words(words)),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_their_names() {
        let text = "command x\ncolumns outcome wall_s place first_byte_s\nok 0.5 1 0.25\n";
        assert_eq!(read_column(text, "first_byte_s").unwrap(), serde_json::json!([0.25]));
        assert_eq!(read_column(text, "wall_s").unwrap(), serde_json::json!([0.5]));
        assert_eq!(read_column("ok 0.5\n", "wall_s").unwrap_err().why, MissingReason::NotStated);
        assert_eq!(
            read_column("columns outcome wall_s\nok -\n", "wall_s").unwrap_err().why,
            MissingReason::Unreadable
        );
    }

    #[test]
    fn where_nothing_succeeded_the_first_complaint_is_the_reason() {
        let text = "columns outcome wall_s\nfailed - c: no such runtime\nfailed - d: other\n";
        let unread = read_column(text, "wall_s").unwrap_err();
        assert_eq!(unread.why, MissingReason::Error);
        assert_eq!(unread.reason, "none of 2 succeeded: no such runtime");
        assert_eq!(
            read_column("columns outcome wall_s\n", "wall_s").unwrap_err().why,
            MissingReason::Empty
        );
    }

    #[test]
    fn statuses_are_counted_whatever_came_of_the_request() {
        let text = "columns outcome status\nok 200\nconnected 200\nfailed 503\nfailed -: x\n";
        // The words after a failure's last figure follow a colon.
        assert_eq!(count_statuses(text).unwrap_err().why, MissingReason::Unreadable);
        let text = text.replace("-: x", "- -: x");
        assert_eq!(count_statuses(&text).unwrap(), serde_json::json!({"0": 1, "200": 2, "503": 1}));
        assert_eq!(
            count_statuses("columns outcome status\n").unwrap_err().why,
            MissingReason::Empty
        );
    }
}
