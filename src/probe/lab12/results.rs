//! What only the newer edition asks for: dd's last line and a capability mask.

use serde_json::{Value, json};

use super::label::Who;
use super::page::{Kind, Page, Part};
use super::read::{self, Found, Read};
use super::words;
use crate::model::Why;

/// What dd says about the write of `who`: `{"bytes", "seconds"}`, of the last such line.
pub fn io_write(page: &Page, who: Who) -> Read<Value> {
    let parts = page.parts();
    let found = read::in_parts(page, parts, who, |part| {
        let texts = part.lines.iter().rev().filter(|line| line.kind == Kind::Text);
        texts
            .clone()
            .find_map(|line| Some(Found::at(dd(&line.text)?, line)))
            .ok_or_else(|| read::explain(&part.lines, Why::NotNumeric))
    })?;
    read::possible(found, &["seconds"])
}

/// `536870912 bytes (537 MB, 512 MiB) copied, 1.23456 s, 435 MB/s`
fn dd(text: &str) -> Option<Value> {
    let at = text.find(" bytes")?;
    let bytes: u64 = text[..at].rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
    let (_, rest) = text.split_once("copied, ").or_else(|| text.split_once("transferred in "))?;
    let (seconds, stated, _) = words::duration(rest)?;
    stated.then(|| json!({"bytes": bytes, "seconds": seconds}))
}

/// The effective capabilities of `who` as the hexadecimal digits that stand there.
pub fn cap_eff(page: &Page, who: Who) -> Read<String> {
    let parts = page.parts();
    read::in_parts(page, parts, who, mask_in)
}

fn mask_in(part: &Part) -> Read<String> {
    let texts = || part.lines.iter().filter(|line| line.kind == Kind::Text);
    let keyed = texts().find_map(|line| {
        let at = line.text.find("CapEff")?;
        Some(Found::at(mask(line.text[at + 6..].trim_start_matches([':', ' ', '\t', '=']))?, line))
    });
    keyed
        .or_else(|| texts().find_map(|line| Some(Found::at(mask(&line.text)?, line))))
        .ok_or_else(|| read::explain(&part.lines, Why::NotNumeric))
}

fn mask(text: &str) -> Option<String> {
    let word = words::bare(text).split_whitespace().next()?;
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
        let gnu = dd("536870912 bytes (537 MB, 512 MiB) copied, 1.25 s, 429 MB/s").unwrap();
        let busybox = dd("536870912 bytes (512.0MB) copied, 1.250000 seconds, 409.6MB/s").unwrap();
        assert_eq!(gnu, busybox);
        assert_eq!(dd("512+0 records out"), None);
    }

    #[test]
    fn a_mask_has_sixteen_digits() {
        assert_eq!(mask("00000000a80425fb").as_deref(), Some("00000000a80425fb"));
        assert_eq!(mask("521fcc5db8fe"), None);
    }
}
