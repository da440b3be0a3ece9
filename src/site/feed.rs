//! What other programs read of the site: what the templates of feed, map and preview see.

use std::sync::Arc;

use chrono::SecondsFormat;
use data_encoding::HEXLOWER;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::view::RunRow;
use crate::project::ProjectConfig;

/// How many runs the feed has.
const LONGEST: usize = 50;

/// What the template of the feed sees: the newest runs, with names that stay the same wherever
/// the site is served.
pub(super) fn feed_context(config: &ProjectConfig, runs: &[Arc<RunRow>]) -> Json {
    let address = config.site_address().unwrap_or_default();
    json!({
        "id": hash_urn(&["site", address, &config.title]),
        "updated": runs.iter().map(|run| recorded_at(run)).max(),
        "base": address,
        "runs": runs.iter().take(LONGEST).map(|run| {
        let mut entry = json!(**run);
        entry["updated"] = recorded_at(run).into();
        entry["urn"] = hash_urn(&["run", &run.id]).into();
        entry
    }).collect::<Vec<_>>(),
    })
}

fn recorded_at(run: &RunRow) -> String {
    run.at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A UUID made of a hash of these words (RFC 9562, version 8).
fn hash_urn(words: &[&str]) -> String {
    let mut bytes = Sha256::digest(words.join("\0"));
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = HEXLOWER.encode(&bytes[..16]);
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    format!("urn:uuid:{}", parts.join("-"))
}

/// A text in at most `count` lines of at most `width` characters, broken between words.
pub(super) fn limited_lines(text: &str, width: usize, count: usize) -> Vec<String> {
    let mut lines: Vec<String> = crate::text::wrap_words(text, width)
        .into_iter()
        .map(|line| crate::text::shorten_text(&line, width).into_owned())
        .collect();
    if lines.len() > count {
        lines.truncate(count);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_uuid_and_stays_the_same() {
        let name = hash_urn(&["run", "a"]);
        assert_eq!(name, hash_urn(&["run", "a"]));
        assert_ne!(name, hash_urn(&["runa", ""]));
        let uuid = name.strip_prefix("urn:uuid:").unwrap();
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "8"));
    }

    #[test]
    fn a_title_is_broken_between_words_and_cut_where_it_is_too_long() {
        assert_eq!(limited_lines("one two three", 8, 2), ["one two", "three"]);
        assert_eq!(limited_lines("one two three four five", 8, 2), ["one two", "three…"]);
    }

    #[test]
    fn an_address_is_encoded_where_it_must_be() {}
}
