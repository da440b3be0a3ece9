//! Parsers of outputs that are one value.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

use super::{Reading, Unread, decimal, filled, glimpse, only_line};
use crate::model::Why;

/// The first line that is not empty; what follows is more about the same.
pub fn first_line(text: &str) -> Reading {
    filled(text).next().map(|line| line.trim().into()).ok_or_else(Unread::empty)
}

/// One line of text.
pub fn line(text: &str) -> Reading {
    only_line(text).map(Value::from)
}

/// Text of any number of lines, without blanks at its end.
pub fn text(text: &str) -> Reading {
    if text.trim().is_empty() {
        return Err(Unread::empty());
    }
    Ok(text.trim_end().into())
}

/// A whole number.
pub fn integer(text: &str) -> Reading {
    let line = only_line(text)?;
    line.parse::<i64>().map(Value::from).map_err(|_| not_numeric(line))
}

/// A decimal number; what it counts is the catalogue's unit.
pub fn number(text: &str) -> Reading {
    let line = only_line(text)?;
    decimal(line).map(Value::from).ok_or_else(|| not_numeric(line))
}

/// `yes` or `no`.
pub fn boolean(text: &str) -> Reading {
    match only_line(text)? {
        "yes" => Ok(true.into()),
        "no" => Ok(false.into()),
        other => Err(Unread::unlike("`yes` or `no`", other)),
    }
}

/// A UUID in its usual form, in lower case.
pub fn uuid(text: &str) -> Reading {
    let line = only_line(text)?.to_ascii_lowercase();
    let groups: Vec<&str> = line.split('-').collect();
    let is_uuid = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.concat().chars().all(|c| c.is_ascii_hexdigit());
    if is_uuid { Ok(line.into()) } else { Err(Unread::unlike("a UUID", &line)) }
}

/// The digest that `md5sum` or `sha256sum` prints before the file's name.
pub fn digest(text: &str) -> Reading {
    let line = only_line(text)?;
    let word = line.split_whitespace().next().unwrap_or_default();
    let is_digest = matches!(word.len(), 32 | 64) && word.chars().all(|c| c.is_ascii_hexdigit());
    if is_digest {
        Ok(word.to_ascii_lowercase().into())
    } else {
        Err(Unread::unlike("a digest", line))
    }
}

/// An RFC 3339 time, given back in UTC.
pub fn timestamp(text: &str) -> Reading {
    let line = only_line(text)?;
    let time = DateTime::parse_from_rfc3339(line).map_err(|_| Unread::unlike("a time", line))?;
    Ok(time.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::AutoSi, true).into())
}

fn not_numeric(line: &str) -> Unread {
    Unread::new(Why::NotNumeric, format!("a number was expected, not `{}`", glimpse(line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_loses_the_blanks_around_it() {
        assert_eq!(line("6.12.47\n").unwrap(), "6.12.47");
        assert_eq!(line("sh \n\n").unwrap(), "sh");
    }

    #[test]
    fn two_lines_are_not_a_line() {
        let unread = line("6.12.47\nwarning: x\n").unwrap_err();
        assert_eq!(unread.why, Why::Unreadable);
        assert_eq!(unread.reason, "a single line was expected, not `warning: x`");
    }

    #[test]
    fn text_keeps_its_inner_lines() {
        assert_eq!(text("a\n\n  b\n").unwrap(), "a\n\n  b");
    }

    #[test]
    fn an_integer_is_the_whole_line() {
        assert_eq!(integer("52\n").unwrap(), 52);
        assert_eq!(integer("      52\n").unwrap(), 52);
        for wrong in ["52 entries", "0x34", "5.2", "99999999999999999999", "−1"] {
            assert_eq!(integer(wrong).unwrap_err().why, Why::NotNumeric, "{wrong}");
        }
    }

    #[test]
    fn a_number_is_finite_and_decimal() {
        assert_eq!(number("4865.12\n").unwrap(), 4865.12);
        for wrong in ["inf", "NaN", "1,5", "1e999", "1.5 s"] {
            assert_eq!(number(wrong).unwrap_err().why, Why::NotNumeric, "{wrong}");
        }
    }

    #[test]
    fn only_yes_and_no_are_booleans() {
        assert_eq!(boolean("yes\n").unwrap(), true);
        assert_eq!(boolean("no\n").unwrap(), false);
        assert_eq!(boolean("1").unwrap_err().why, Why::Unreadable);
    }

    #[test]
    fn a_boot_id_is_a_uuid() {
        let id = "3f2b1c9e-0d4a-4b6f-9a57-1f0c2d3e4f50";
        assert_eq!(uuid(&format!("{id}\n")).unwrap(), id);
        assert_eq!(uuid(&id.to_uppercase()).unwrap(), id);
        for wrong in [&id[1..], "3f2b1c9e-0d4a-4b6f-9a57-1f0c2d3e4f5g", "cat: no such file"] {
            assert_eq!(uuid(wrong).unwrap_err().why, Why::Unreadable, "{wrong}");
        }
    }

    #[test]
    fn a_digest_loses_the_file_name() {
        let md5 = "d41d8cd98f00b204e9800998ecf8427e";
        assert_eq!(digest(&format!("{md5}  -\n")).unwrap(), md5);
        assert_eq!(digest("md5sum: not found").unwrap_err().why, Why::Unreadable);
    }

    #[test]
    fn a_time_is_given_in_utc() {
        assert_eq!(timestamp("2025-11-27T21:57:34+03:00\n").unwrap(), "2025-11-27T18:57:34Z");
        assert_eq!(timestamp("yesterday").unwrap_err().why, Why::Unreadable);
    }
}
