//! Parsers: small named functions from the text of a capture to a value.
//!
//! A parser reads the standard output of a probe that ended well. It never guesses: text that
//! is not what the probe asks for gives an [`MissingValue`] with the reason, not a value.

mod kernel;
mod list;
mod measure;
mod network;
mod output;
mod phases;
mod record;
mod runtime;
mod scalar;

pub(crate) use kernel::MODEL_LABELS;
pub(crate) use network::{ListedInterface, is_ipv4, is_ipv6, is_mac, list_interfaces};
pub use output::ParseResult;
use output::{filled_lines, first_words, only_line, parse_decimal};
pub(crate) use runtime::{
    implementation_in_shim_line, is_commit, version_in_shim_line, version_in_word, word_after_key,
};

use crate::model::MissingValue;

/// What reads a text that holds more than blanks.
type ParserEntry = fn(&str) -> ParseResult;

const PARSERS: [(&str, ParserEntry); 42] = [
    ("boolean", scalar::parse_boolean),
    ("capability_mask", kernel::capability_mask),
    ("cgroup_version", scalar::parse_cgroup_version),
    ("clock_distances", record::parse_clock_distances),
    ("column_connect", |text| record::read_column(text, "connect_s")),
    ("column_each", record::parse_times_per_iteration),
    ("column_first_byte", |text| record::read_column(text, "first_byte_s")),
    ("column_real", record::parse_real_times),
    ("column_statuses", record::count_statuses),
    ("column_total", |text| record::read_column(text, "total_s")),
    ("column_wall", |text| record::read_column(text, "wall_s")),
    ("controllers", list::parse_controllers),
    ("cpu_model", kernel::cpu_model),
    ("digest", scalar::parse_digest),
    ("dmesg", kernel::parse_kernel_log),
    ("dmesg_banner", kernel::dmesg_banner),
    ("first_line", scalar::first_line),
    ("id_map", kernel::id_map),
    ("image_digest", scalar::parse_image_digest),
    ("integer", scalar::parse_integer),
    ("interfaces", network::parse_interfaces),
    ("latency_summary", measure::latency_summary),
    ("line", scalar::parse_line),
    ("lines", list::parse_lines),
    ("map", list::parse_word_map),
    ("mount", kernel::parse_visible_mount),
    ("namespaces", kernel::parse_namespaces),
    ("number", scalar::parse_number),
    ("phase_client", |text| phases::read_phase(text, |it| Some(it.client))),
    ("phase_create", |text| phases::read_phase(text, |it| Some(it.create))),
    ("phase_network", |text| phases::read_phase(text, |it| it.network)),
    ("phase_removal", |text| phases::read_phase(text, |it| Some(it.removal))),
    ("phase_run", |text| phases::read_phase(text, |it| Some(it.run))),
    ("phase_start", |text| phases::read_phase(text, |it| Some(it.start))),
    ("samples", measure::parse_samples),
    ("shim_commit", runtime::shim_commit),
    ("shim_implementation", runtime::shim_implementation),
    ("shim_version", runtime::shim_version),
    ("tally", list::parse_tally),
    ("text", scalar::parse_text),
    ("timestamp", scalar::parse_timestamp),
    ("uuid", scalar::parse_uuid),
];

/// The names that a catalogue entry may use, sorted.
pub const NAMES: &[&str] = &parser_names();

const fn parser_names() -> [&'static str; PARSERS.len()] {
    let mut names = [""; PARSERS.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = PARSERS[i].0;
        i += 1;
    }
    names
}

/// Reads `text`, the decoded output of a probe that ended well, with the parser of this name.
///
/// None if there is no parser of this name. Numbers are JSON numbers, masks and digests are
/// strings of lower-case hexadecimal digits.
pub fn parse_output(name: &str, text: &str) -> Option<ParseResult> {
    let (_, parser) = PARSERS.iter().find(|(known, _)| *known == name)?;
    // Only a list may hold nothing.
    let is_answer = ["lines", "interfaces"].contains(&name) || !text.trim().is_empty();
    Some(if is_answer { parser(text) } else { Err(MissingValue::empty_output()) })
}

/// What a sample's line begins with, for a parser that reads a series; none for another.
pub fn series_prefix(name: &str) -> Option<&'static str> {
    match name {
        "samples" => Some(""),
        "column_statuses" => None,
        _ if name.starts_with("column_") => Some(record::SAMPLE),
        _ if name.starts_with("phase_") => Some(phases::START),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MissingReason;
    use proptest::prelude::*;

    /// Text made of the words that parsers look for, so that it gets further into them than
    /// arbitrary text does.
    fn likely() -> impl Strategy<Value = String> {
        let word = prop::sample::select(vec![
            "1: eth0@if3:",
            "link/ether",
            "inet",
            "inet6",
            "addr:",
            "HWaddr",
            "eth0",
            "\\",
            "/",
            "::",
            "[    0.000000]",
            "[",
            "]",
            "Linux version",
            "pid:[4026531836]",
            "pid",
            " - ",
            "overlay",
            "4294967295",
            "-1",
            "0",
            "00000000a80425fb",
            "real",
            "0m",
            "1.5s",
            "avg=",
            "min=",
            "n=50",
            "columns outcome wall_s first_byte_s status real_s iterations",
            "ok ",
            "failed ",
            "start 1 0 9",
            "{\"Type\":\"container\",\"Action\":\"create\",\"timeNano\":1}",
            "2026-11-24 15:10:43.2 +0000 UTC x /tasks/start",
            "version:",
            "commit:",
            "shim (Rust)",
            "containerd-shim-kata-v2",
            "model name",
            ":",
            "é",
            "\t",
            "\n",
            " ",
        ]);
        prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn no_parser_panics_on_arbitrary_text(text: String) {
            for name in NAMES {
                prop_assert!(parse_output(name, &text).is_some());
            }
        }

        #[test]
        fn no_parser_panics_on_text_that_looks_right(text in likely()) {
            for name in NAMES {
                if let Some(Err(unread)) = parse_output(name, &text) {
                    prop_assert!(!unread.reason.is_empty());
                }
            }
        }

        #[test]
        fn a_reason_is_one_short_line(text: String) {
            for name in NAMES {
                if let Some(Err(unread)) = parse_output(name, &text) {
                    prop_assert!(unread.reason.lines().count() == 1);
                    prop_assert!(unread.reason.chars().count() < 200);
                }
            }
        }
    }

    #[test]
    fn the_names_are_sorted_and_unique() {
        assert!(NAMES.windows(2).all(|pair| pair[0] < pair[1]), "{NAMES:?}");
    }

    #[test]
    fn only_lists_may_be_empty() {
        for name in NAMES {
            let reading = parse_output(name, " \n\n").unwrap();
            match *name {
                "lines" | "interfaces" => assert_eq!(reading.unwrap(), serde_json::json!([])),
                _ => assert_eq!(reading.unwrap_err().why, MissingReason::Empty, "{name}"),
            }
        }
    }

    #[test]
    fn an_unknown_name_gives_nothing() {
        assert_eq!(parse_output("guess", "1"), None);
    }
}
