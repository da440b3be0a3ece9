//! What only the newer edition asks for: dd's last line and a capability mask.

use serde_json::{Value, json};

use super::label::EvidenceRole;
use super::page::{EvidencePage, LabelledPart, LineKind};
use super::read::{self, FoundValue, ReadResult};
use super::words;
use crate::model::MissingReason;

/// What dd says about the write of `who`: `{"bytes", "seconds"}`, of the last such line.
pub(super) fn io_write(page: &EvidencePage, who: EvidenceRole) -> ReadResult<Value> {
    let parts = page.labelled_parts();
    let found = read::in_parts(page, parts, who, |part| {
        let texts = part.lines.iter().rev().filter(|line| line.kind == LineKind::Text);
        texts
            .clone()
            .find_map(|line| Some(FoundValue::at_line(parse_dd_output(&line.text)?, line)))
            .ok_or_else(|| read::explain_unreadable_lines(&part.lines, MissingReason::NotNumeric))
    })?;
    read::refuse_impossible_times(found, &["seconds"])
}

/// `536870912 bytes (537 MB, 512 MiB) copied, 1.23456 s, 435 MB/s`
fn parse_dd_output(text: &str) -> Option<Value> {
    let at = text.find(" bytes")?;
    let bytes: u64 = text[..at].rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
    let (_, rest) = text.split_once("copied, ").or_else(|| text.split_once("transferred in "))?;
    let (seconds, stated, _) = words::leading_duration(rest)?;
    stated.then(|| json!({"bytes": bytes, "seconds": seconds}))
}

/// The effective capabilities of `who` as the hexadecimal digits that stand there.
pub(super) fn cap_eff(page: &EvidencePage, who: EvidenceRole) -> ReadResult<String> {
    let parts = page.labelled_parts();
    read::in_parts(page, parts, who, mask_in)
}

fn mask_in(part: &LabelledPart) -> ReadResult<String> {
    let texts = || part.lines.iter().filter(|line| line.kind == LineKind::Text);
    let keyed = texts().find_map(|line| {
        let at = line.text.find("CapEff")?;
        Some(FoundValue::at_line(
            parse_capability_mask(line.text[at + 6..].trim_start_matches([':', ' ', '\t', '=']))?,
            line,
        ))
    });
    keyed
        .or_else(|| {
            texts().find_map(|line| {
                Some(FoundValue::at_line(parse_capability_mask(&line.text)?, line))
            })
        })
        .ok_or_else(|| read::explain_unreadable_lines(&part.lines, MissingReason::NotNumeric))
}

fn parse_capability_mask(text: &str) -> Option<String> {
    let word = words::strip_value_marks(text).split_whitespace().next()?;
    let digits = word.strip_prefix("0x").unwrap_or(word);
    // A container's id is of other lengths.
    (digits.len() == 16 && digits.chars().all(|c| c.is_ascii_hexdigit()))
        .then(|| digits.to_string())
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
