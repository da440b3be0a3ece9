//! Parsers of the record of starts: lines of figures below a line that names the columns.
//!
//! ```text
//! columns outcome place round exit first_byte_s wall_s …
//! ok 3 2 0 0.212345 0.301234 …
//! failed 4 2 125 - 0.021000 …
//! ```
//!
//! A failed start is no sample.

use super::{Reading, Unread, decimal, filled};
use crate::model::Why;

/// What a line of a sample begins with.
pub const SAMPLE: &str = "ok ";

const COLUMNS: &str = "columns ";

/// The times to the first byte of output, in seconds.
pub fn first_byte(text: &str) -> Reading {
    column(text, "first_byte_s")
}

/// The times to the end of the client, in seconds.
pub fn wall(text: &str) -> Reading {
    column(text, "wall_s")
}

fn column(text: &str, name: &str) -> Reading {
    if text.trim().is_empty() {
        return Err(Unread::empty());
    }
    let header = filled(text).find_map(|line| line.strip_prefix(COLUMNS));
    let place = header.and_then(|line| line.split_whitespace().position(|column| column == name));
    let Some(place) = place else {
        return Err(Unread::new(Why::NotStated, format!("no column is called `{name}`")));
    };
    let values: Vec<f64> = filled(text)
        .filter(|line| line.starts_with(SAMPLE))
        .map(|line| {
            let word = line.split_whitespace().nth(place).unwrap_or_default();
            decimal(word)
                .filter(|seconds| *seconds >= 0.0)
                .ok_or_else(|| Unread::unlike("seconds", word))
        })
        .collect::<Result<_, _>>()?;
    if values.is_empty() { Err(none_succeeded(text)) } else { Ok(values.into()) }
}

fn none_succeeded(text: &str) -> Unread {
    let failed: Vec<&str> = filled(text).filter(|line| line.starts_with("failed ")).collect();
    let words = failed.first().and_then(|line| line.split_once(": ")).map(|(_, words)| words);
    match words {
        None => Unread::new(Why::Empty, "no start was measured"),
        Some(words) => Unread::new(
            Why::Error,
            format!("none of {} starts succeeded: {}", failed.len(), super::glimpse(words)),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_their_names() {
        let text = "command x\ncolumns outcome wall_s place first_byte_s\nok 0.5 1 0.25\n";
        assert_eq!(first_byte(text).unwrap(), serde_json::json!([0.25]));
        assert_eq!(wall(text).unwrap(), serde_json::json!([0.5]));
        assert_eq!(wall("ok 0.5\n").unwrap_err().why, Why::NotStated);
        assert_eq!(wall("columns outcome wall_s\nok -\n").unwrap_err().why, Why::Unreadable);
    }

    #[test]
    fn where_no_start_succeeded_the_first_complaint_is_the_reason() {
        let text = "columns outcome wall_s\nfailed - c: no such runtime\nfailed - d: other\n";
        let unread = wall(text).unwrap_err();
        assert_eq!(unread.why, Why::Error);
        assert_eq!(unread.reason, "none of 2 starts succeeded: no such runtime");
        assert_eq!(wall("columns outcome wall_s\n").unwrap_err().why, Why::Empty);
    }
}
