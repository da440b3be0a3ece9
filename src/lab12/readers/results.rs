//! What only the newer edition asks for: listings of `/dev`, dd's last line, a capability mask.

use serde_json::{Value, json};

use super::label::EvidenceRole;
use super::page::{EvidencePage, LabelledPart, PageLine};
use super::read::{self, FoundValue, ReadResult};
use super::table_measure::TableMeasure;
use super::vocabulary::results::{COPIED, PROSE, RATE_WORDS};
use super::{counts, failure, kernel, words};
use crate::model::{MissingReason, MissingValue};
use crate::probe::capability::parse_mask;

/// What dd says about the write of `who`: `{"bytes", "seconds"}`, of the last such line.
pub(super) fn io_write(page: &EvidencePage, who: EvidenceRole) -> ReadResult<Value> {
    let parts = page.labelled_parts();
    let found = read::in_parts(page, parts, who, |part| {
        if let Some(line) = part.lines.iter().find(|line| failure::tells_no_start(line)) {
            let words = "the container that was to write did not start:";
            return Err(MissingValue::quoting_line(MissingReason::FailedStart, words, line));
        }
        let rate = part.value_lines().find(|line| line.text.contains("B/s"));
        read::find_value(writing_lines(part).into_iter().rev(), parse_dd_output).ok_or_else(|| {
            rate.map_or_else(
                || {
                    // The other rows of a table state other things.
                    let own = part.lines.iter().filter(|line| line.measure.is_none());
                    read::explain_unreadable_lines(own, MissingReason::NotNumeric)
                },
                |line| MissingValue::quoting_line(MissingReason::NotStated, ONLY_RATE, line),
            )
        })
    })?;
    if found.value["bytes"] == 0 {
        let words = "dd wrote nothing";
        return Err(MissingValue::new(MissingReason::OutOfRange, words).at_line(found.line));
    }
    read::refuse_impossible_times(found, &["seconds"])
}

/// The throughput of `who`'s write as it stands there, `8.8 GB/s`, where neither amount nor time do:
/// the one that is stated.
pub(super) fn io_write_rate(page: &EvidencePage, who: EvidenceRole) -> Option<FoundValue<String>> {
    let own = page.labelled_parts().iter().filter(|part| part.who == Some(who));
    let mut found: Option<FoundValue<String>> = None;
    for part in own {
        let is_failed = part.lines.iter().any(failure::tells_no_start);
        if is_failed || part.value_lines().any(|line| parse_dd_output(&line.text).is_some()) {
            return None;
        }
        for line in writing_lines(part) {
            let head = line.measure.as_deref().unwrap_or_default();
            let is_of_write =
                words::split_words(head).all(|word| words::has_word(word, RATE_WORDS));
            let Some(rate) = parse_write_rate(&line.text, head).filter(|_| is_of_write) else {
                continue;
            };
            match &found {
                Some(other) if other.value != rate => return None,
                Some(_) => {}
                None => found = Some(FoundValue::at_line(rate, line)),
            }
        }
    }
    found
}

/// A number with a unit of throughput, which the head of its column may name, after nothing but
/// words for a write: `8.8 GB/s`, `Throughput: 409.6MB/s`.
pub(super) fn parse_write_rate(text: &str, head: &str) -> Option<String> {
    const UNITS: &str = "B/s kB/s KB/s MB/s GB/s TB/s KiB/s MiB/s GiB/s кБ/с КБ/с МБ/с ГБ/с";
    let (key, value) = text.rsplit_once([':', '=']).unwrap_or(("", text));
    if !words::split_words(key).all(|word| words::has_word(word, RATE_WORDS)) {
        return None;
    }
    let value = words::strip_value_marks(value);
    let (_, rest) = words::leading_decimal(value)?;
    let number = &value[..value.len() - rest.len()];
    let stated = if rest.trim().is_empty() { head } else { rest };
    let mut words = stated.split([' ', '(', ')', ',', '[', ']']);
    let unit = words.find(|word| UNITS.split_whitespace().any(|unit| unit == *word))?;
    if !rest.trim().is_empty() && rest.trim() != unit {
        return None;
    }
    // `1,234 MB/s` is a thousand or a fraction: it is not for us to say.
    (!words::has_three_digits_behind_comma(number))
        .then(|| format!("{} {unit}", number.replace(',', ".")))
}

const ONLY_RATE: &str = "only a rate is stated, not how much was written and how long it took:";

/// The lines of a part without what dd says of reading, by the word before it or above it: `read:`.
fn writing_lines(part: &LabelledPart) -> Vec<&PageLine> {
    let mut is_of_read = names_reading(&part.label).unwrap_or(false);
    let mut lines = Vec::new();
    for line in part.value_lines() {
        let key = line.text.split_once(':').map_or(line.text.as_str(), |(key, _)| key);
        match (parse_dd_output(&line.text).is_some(), names_reading(key)) {
            (true, Some(true)) => {}
            (true, None) if is_of_read => {}
            (_, named) => {
                is_of_read = named.unwrap_or(is_of_read);
                lines.push(line);
            }
        }
    }
    lines
}

/// Whether words name reading, or writing; none if they name neither or both.
fn names_reading(key: &str) -> Option<bool> {
    match (words::has_word(key, "read*"), words::has_word(key, "writ*")) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    }
}

/// `536870912 bytes (537 MB, 512 MiB) copied, 1.23456 s, 435 MB/s`, in the languages of dd.
pub(super) fn parse_dd_output(text: &str) -> Option<Value> {
    const BYTES: [&str; 4] = [" bytes", " Bytes", " octets", " байт"];
    if let Some(written) = parse_fio_output(text) {
        return Some(written);
    }
    let at = BYTES.iter().find_map(|word| text.find(word))?;
    let bytes: u64 = text[..at].rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
    // In Russian the verb may stand first.
    let behind_verb = text.split_once("скопировано ").map_or("", |(_, rest)| rest);
    let behind_bytes = behind_verb.split_once("), ");
    let (_, rest) = COPIED.iter().find_map(|word| text.split_once(word)).or(behind_bytes)?;
    let (seconds, stated, _) = words::leading_duration(rest)?;
    stated.then(|| json!({"bytes": bytes, "seconds": seconds}))
}

/// What fio says of writing: `write: IOPS=1299, BW=1299MiB/s (1362MB/s)(100MiB/77msec)`, or below
/// it `WRITE: bw=1299MiB/s (1362MB/s), …, io=100MiB (105MB), run=77-77msec`.
fn parse_fio_output(text: &str) -> Option<Value> {
    let (key, rest) = text.split_once(':')?;
    let (amount, time) = if key == "write" && rest.contains("BW=") {
        rest.rsplit_once('(')?.1.split_once(')')?.0.split_once('/')?
    } else if key == "WRITE" {
        let (amount, rest) = rest.split_once("io=")?.1.split_once(' ')?;
        let (first, last) = rest.split_once("run=")?.1.split_once('-')?;
        if !last.starts_with(first) {
            return None;
        }
        (amount, last)
    } else {
        return None;
    };
    let (seconds, true, _) = words::leading_duration(time)? else { return None };
    Some(json!({"bytes": bytes_of_amount(amount)?, "seconds": seconds}))
}

/// The bytes of `100MiB`, as fio writes what it wrote.
fn bytes_of_amount(amount: &str) -> Option<u64> {
    const UNITS: [(&str, u32); 4] = [("B", 0), ("KiB", 1), ("MiB", 2), ("GiB", 3)];
    let (digits, unit) = words::leading_digits(amount)?;
    let power = UNITS.iter().find(|(name, _)| *name == unit)?.1;
    digits.parse::<u64>().ok()?.checked_mul(1024_u64.pow(power))
}

/// The number of entries of `/dev` under `who`: the lines of a listing, or a count of them.
pub(super) fn device_entries(page: &EvidencePage, who: EvidenceRole) -> ReadResult<i64> {
    read::in_parts(page, page.labelled_parts(), who, entries_listed)
        .or_else(|miss| counts::labelled_count(page, TableMeasure::Devices, who).map_err(|_| miss))
}

fn entries_listed(part: &LabelledPart) -> ReadResult<i64> {
    let names: Vec<&str> = part.value_lines().flat_map(|line| device_names(&line.text)).collect();
    let is_of_dev = names.iter().any(|name| matches!(*name, "null" | "zero"));
    match part.value_lines().next().filter(|_| is_of_dev) {
        // A line that is no name makes the number of names uncertain.
        Some(_) if part.value_lines().any(|line| !belongs_to_listing(&line.text, names.len())) => {
            let others =
                part.lines.iter().filter(|line| !belongs_to_listing(&line.text, names.len()));
            Err(read::explain_unreadable_lines(others, MissingReason::NotNumeric))
        }
        Some(first) => {
            let count = i64::try_from(names.len()).unwrap_or(i64::MAX);
            Ok(FoundValue::at_line(count, first))
        }
        None if let Some(first) = part.value_lines().next()
            && names.len() > 1
            && part.value_lines().all(|line| is_listing_line(&line.text)) =>
        {
            let note = "the listing has neither null nor zero, so it is not all of /dev";
            Err(MissingValue::new(MissingReason::NotStated, note).at_line(first.number))
        }
        None => Err(read::explain_unreadable_lines(&part.lines, MissingReason::NotNumeric)),
    }
}

/// Whether a line belongs to a listing of so many names, which may be counted below it, or is what
/// `uname` printed in the same container before it.
fn belongs_to_listing(text: &str, names: usize) -> bool {
    is_listing_line(text)
        || text.parse() == Ok(names)
        || kernel::parse_kernel_statement(text).is_some()
}

/// Whether a line belongs to a listing: a name, the sum of `ls -l`, or the folder or its parent.
fn is_listing_line(text: &str) -> bool {
    let is_head = text.strip_prefix("total ").is_some_and(|n| n.parse::<u64>().is_ok())
        || matches!(text, "/dev" | "/dev:" | "/dev/" | "/dev/:");
    let is_folder = text.split_whitespace().last().is_some_and(|name| matches!(name, "." | ".."));
    is_head || is_folder || !device_names(text).is_empty()
}

/// The names on a line of a listing: one, or several in columns as `ls` prints them on a terminal.
fn device_names(text: &str) -> Vec<&str> {
    if let Some(name) = device_name(text) {
        return vec![name];
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let names: Option<Vec<&str>> = words.iter().map(|word| device_name(word)).collect();
    names.filter(|names| !names.iter().any(|name| PROSE.contains(name))).unwrap_or_default()
}

/// The name on a line of `ls` or `ls -l`: `null`, `crw-rw-rw- 1 root root 1, 3 Jan 1 00:00 null`.
pub(super) fn device_name(text: &str) -> Option<&str> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_long = words.len() > 7
        && words[0].len() >= 10
        && words[0].starts_with(['c', 'b', 'd', 'l', '-', 'p', 's'])
        && words[0][1..].starts_with(['r', '-']);
    let arrow = words.iter().position(|word| *word == "->").unwrap_or(words.len());
    let name = match words[..] {
        [name] => name,
        _ if is_long => words.get(arrow.checked_sub(1)?)?,
        _ => return None,
    };
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+@:#".contains(c))
        && name.starts_with(|c: char| c.is_ascii_alphabetic());
    is_name.then_some(name)
}

/// The effective capabilities of `who` as the hexadecimal digits that stand there.
pub(super) fn cap_eff(page: &EvidencePage, who: EvidenceRole) -> ReadResult<String> {
    // A row of a table is of the set that it names.
    let is_of_others = |head: &str| OTHER_SETS.iter().any(|other| head.contains(other));
    let parts = page.parts_measuring(|head| !is_of_others(head));
    read::in_parts(page, &parts, who, mask_in)
}

/// The keys of the other sets of capabilities in `/proc/PID/status`.
const OTHER_SETS: [&str; 4] = ["CapInh", "CapPrm", "CapBnd", "CapAmb"];

/// The mask of `who` behind its key in `/proc/PID/status`, as the digits that stand there.
pub(super) fn keyed_mask(page: &EvidencePage, who: EvidenceRole, key: &str) -> ReadResult<String> {
    read::in_parts(page, page.labelled_parts(), who, |part| {
        mask_behind(part, key)
            .ok_or_else(|| read::explain_unreadable_lines(&part.lines, MissingReason::NotNumeric))
    })
}

fn mask_behind(part: &LabelledPart, key: &str) -> Option<FoundValue<String>> {
    read::find_value(part.value_lines(), |text| {
        let (_, rest) = text.split_once(key)?;
        parse_capability_mask(rest.trim_start_matches([':', ' ', '\t', '=']))
    })
}

fn mask_in(part: &LabelledPart) -> ReadResult<String> {
    mask_behind(part, "CapEff")
        .or_else(|| read::find_value(part.value_lines(), parse_capability_mask))
        .ok_or_else(|| read::explain_unreadable_lines(&part.lines, MissingReason::NotNumeric))
}

pub(super) fn parse_capability_mask(text: &str) -> Option<String> {
    let word = words::strip_value_marks(text).split_whitespace().next()?;
    let digits = word.strip_prefix("0x").unwrap_or(word);
    // A container's id is of other lengths.
    (digits.len() == 16 && parse_mask(digits).is_some()).then(|| digits.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_of_dd_is_read() {
        let gnu =
            parse_dd_output("536870912 bytes (537 MB, 512 MiB) copied, 1.25 s, 429 MB/s").unwrap();
        let busybox =
            parse_dd_output("536870912 bytes (512.0MB) copied, 1.250000 seconds, 409.6MB/s")
                .unwrap();
        assert_eq!(gnu, busybox);
        assert_eq!(parse_dd_output("512+0 records out"), None);
    }

    #[test]
    fn a_mask_has_sixteen_digits() {
        assert_eq!(parse_capability_mask("00000000a80425fb").as_deref(), Some("00000000a80425fb"));
        assert_eq!(parse_capability_mask("521fcc5db8fe"), None);
    }
}
