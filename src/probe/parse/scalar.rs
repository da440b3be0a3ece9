//! Parsers of outputs that are one value.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

use super::{MissingValue, ParseResult, filled_lines, first_words, only_line, parse_decimal};
use crate::model::MissingReason;

/// The first line that is not empty; what follows is more about the same.
pub(super) fn first_line(text: &str) -> ParseResult {
    Ok(filled_lines(text).next().unwrap_or_default().into())
}

pub(super) fn parse_line(text: &str) -> ParseResult {
    only_line(text).map(Value::from)
}

/// Text of any number of lines, without blanks at its end.
pub(super) fn parse_text(text: &str) -> ParseResult {
    Ok(text.trim_end().into())
}

pub(super) fn parse_integer(text: &str) -> ParseResult {
    let line = only_line(text)?;
    line.parse::<i64>().map(Value::from).map_err(|_| not_numeric(line))
}

/// A decimal number; what it counts is the catalogue's unit.
pub(super) fn parse_number(text: &str) -> ParseResult {
    let line = only_line(text)?;
    parse_decimal(line).map(Value::from).ok_or_else(|| not_numeric(line))
}

/// `yes` or `no`.
pub(super) fn parse_boolean(text: &str) -> ParseResult {
    match only_line(text)? {
        "yes" => Ok(true.into()),
        "no" => Ok(false.into()),
        other => Err(MissingValue::unexpected_output("`yes` or `no`", other)),
    }
}

/// A UUID in its usual form, in lower case.
pub(super) fn parse_uuid(text: &str) -> ParseResult {
    let line = only_line(text)?.to_ascii_lowercase();
    let groups: Vec<&str> = line.split('-').collect();
    let is_uuid = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.concat().chars().all(|c| c.is_ascii_hexdigit());
    if is_uuid { Ok(line.into()) } else { Err(MissingValue::unexpected_output("a UUID", &line)) }
}

/// The digest that `md5sum` or `sha256sum` prints before the file's name.
pub(super) fn parse_digest(text: &str) -> ParseResult {
    let line = only_line(text)?;
    let word = line.split_whitespace().next().unwrap_or_default();
    let is_digest = matches!(word.len(), 32 | 64) && word.chars().all(|c| c.is_ascii_hexdigit());
    if is_digest {
        Ok(word.to_ascii_lowercase().into())
    } else {
        Err(MissingValue::unexpected_output("a digest", line))
    }
}

/// The digest of an image, `sha256:` and 64 digits: alone, with or without its prefix, or in the
/// table that `ctr images ls` prints of one image.
pub(super) fn parse_image_digest(text: &str) -> ParseResult {
    let mut lines: Vec<&str> = filled_lines(text).collect();
    if lines.len() > 1 && lines[0].starts_with("REF ") {
        lines.remove(0);
    }
    let words = lines.iter().flat_map(|line| line.split_whitespace());
    let is_alone = words.clone().count() == 1;
    let digests: BTreeSet<String> = words
        .filter_map(|word| match word.strip_prefix("sha256:") {
            Some(digits) => Some(digits),
            None => is_alone.then_some(word),
        })
        .filter(|digits| digits.len() == 64 && digits.chars().all(|c| c.is_ascii_hexdigit()))
        .map(|digits| format!("sha256:{}", digits.to_ascii_lowercase()))
        .collect();
    match digests.first() {
        Some(digest) if digests.len() == 1 => Ok(digest.as_str().into()),
        _ => Err(MissingValue::unexpected_output("the digest of one image", text)),
    }
}

/// The version of control groups: podman says `v2` where others say `2`.
pub(super) fn parse_cgroup_version(text: &str) -> ParseResult {
    let line = only_line(text)?;
    match line.strip_prefix('v').unwrap_or(line) {
        version @ ("1" | "2") => Ok(version.into()),
        _ => Err(MissingValue::unexpected_output("a version of control groups", line)),
    }
}

/// An RFC 3339 time, given back in UTC.
pub(super) fn parse_timestamp(text: &str) -> ParseResult {
    let line = only_line(text)?;
    let time = DateTime::parse_from_rfc3339(line)
        .map_err(|_| MissingValue::unexpected_output("a time", line))?;
    Ok(time.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::AutoSi, true).into())
}

fn not_numeric(line: &str) -> MissingValue {
    MissingValue::new(
        MissingReason::NotNumeric,
        format!("a number was expected, not `{}`", first_words(line)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_loses_the_blanks_around_it() {
        assert_eq!(parse_line("6.12.47\n").unwrap(), "6.12.47");
        assert_eq!(parse_line("sh \n\n").unwrap(), "sh");
    }

    #[test]
    fn two_lines_are_not_a_line() {
        let unread = parse_line("6.12.47\nwarning: x\n").unwrap_err();
        assert_eq!(unread.why, MissingReason::Unreadable);
        assert_eq!(unread.reason, "a single line was expected, not `warning: x`");
    }

    #[test]
    fn text_keeps_its_inner_lines() {
        assert_eq!(parse_text("a\n\n  b\n").unwrap(), "a\n\n  b");
    }

    #[test]
    fn an_integer_is_the_whole_line() {
        assert_eq!(parse_integer("52\n").unwrap(), 52);
        assert_eq!(parse_integer("      52\n").unwrap(), 52);
        for wrong in ["52 entries", "0x34", "5.2", "99999999999999999999", "−1"] {
            assert_eq!(parse_integer(wrong).unwrap_err().why, MissingReason::NotNumeric, "{wrong}");
        }
    }

    #[test]
    fn a_number_is_finite_and_decimal() {
        assert_eq!(parse_number("4865.12\n").unwrap(), 4865.12);
        for wrong in ["inf", "NaN", "1,5", "1e999", "1.5 s"] {
            assert_eq!(parse_number(wrong).unwrap_err().why, MissingReason::NotNumeric, "{wrong}");
        }
    }

    #[test]
    fn only_yes_and_no_are_booleans() {
        assert_eq!(parse_boolean("yes\n").unwrap(), true);
        assert_eq!(parse_boolean("no\n").unwrap(), false);
        assert_eq!(parse_boolean("1").unwrap_err().why, MissingReason::Unreadable);
    }

    #[test]
    fn a_boot_id_is_a_uuid() {
        let id = "3f2b1c9e-0d4a-4b6f-9a57-1f0c2d3e4f50";
        assert_eq!(parse_uuid(&format!("{id}\n")).unwrap(), id);
        assert_eq!(parse_uuid(&id.to_uppercase()).unwrap(), id);
        for wrong in [&id[1..], "3f2b1c9e-0d4a-4b6f-9a57-1f0c2d3e4f5g", "cat: no such file"] {
            assert_eq!(parse_uuid(wrong).unwrap_err().why, MissingReason::Unreadable, "{wrong}");
        }
    }

    #[test]
    fn a_digest_loses_the_file_name() {
        let md5 = "d41d8cd98f00b204e9800998ecf8427e";
        assert_eq!(parse_digest(&format!("{md5}  -\n")).unwrap(), md5);
        assert_eq!(parse_digest("md5sum: not found").unwrap_err().why, MissingReason::Unreadable);
    }

    #[test]
    fn the_digest_of_an_image_has_one_form_under_every_engine() {
        let digits = "39daaeca4fc01d141d975d10146b16be3fb15caa7f780a61452d3d6a653571be";
        let table = format!(
            "REF                           TYPE        DIGEST   SIZE       PLATFORMS   LABELS \n\
             docker.io/library/alpine:3.19 application/vnd.oci.image.manifest.v1+json \
             sha256:{digits} 1008.2 KiB linux/amd64 -      \n"
        );
        for text in [format!("sha256:{digits}\n"), format!("{digits}\n"), table] {
            assert_eq!(parse_image_digest(&text).unwrap(), format!("sha256:{digits}"), "{text}");
        }
        let two = format!("sha256:{digits}\nsha256:{}\n", digits.replace('3', "4"));
        for text in ["REF TYPE DIGEST SIZE PLATFORMS LABELS\n", "latest\n", two.as_str()] {
            let unread = parse_image_digest(text).unwrap_err();
            assert_eq!(unread.why, MissingReason::Unreadable, "{text}");
        }
    }

    #[test]
    fn the_version_of_control_groups_has_one_spelling() {
        let read = ["1\n", "v1\n", "2\n", "v2\n"].map(|text| parse_cgroup_version(text).unwrap());
        assert_eq!(read, ["1", "1", "2", "2"]);
        assert!(parse_cgroup_version("vx\n").is_err());
    }

    #[test]
    fn a_time_is_given_in_utc() {
        assert_eq!(parse_timestamp("2025-11-27T21:57:34+03:00\n").unwrap(), "2025-11-27T18:57:34Z");
        assert_eq!(parse_timestamp("yesterday").unwrap_err().why, MissingReason::Unreadable);
    }
}
