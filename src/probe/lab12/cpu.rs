//! Processors: the model name.

use super::label::Who;
use super::page::{Kind, Line, Page, Part};
use super::read::{self, Found, Miss, Read};
use super::words;
use crate::model::Why;

/// The model name that the parts of `who` state.
pub fn model(page: &Page, who: Who) -> Read<String> {
    let parts = page.parts();
    let read = read::in_parts(page, parts, who, in_part);
    match read {
        Err(miss)
            if matches!(miss.why, Why::Empty | Why::NoGuestSection | Why::RuncContainerOnly)
                && page.who == Some(Who::Kata) =>
        {
            let other =
                |who: Who| parts.iter().find(|part| part.who == Some(who) && in_part(part).is_ok());
            Err(match (other(Who::Host), other(Who::Runc)) {
                (Some(part), _) => labelled_otherwise(Why::HostValuesOnly, part),
                (_, Some(part)) => labelled_otherwise(Why::RuncContainerOnly, part),
                _ => miss,
            })
        }
        read => read,
    }
}

fn labelled_otherwise(why: Why, part: &Part) -> Miss {
    let note = format!("what stands there is labelled “{}”", read::shortened(&part.label));
    Miss { why, note, line: Some(part.line) }
}

fn in_part(part: &Part) -> Read<String> {
    let texts = || part.lines.iter().filter(|line| line.kind == Kind::Text && !line.is_error);
    if let Some(found) = texts().find_map(|line| Some(Found::at(stated(&line.text)?, line))) {
        return Ok(found);
    }
    if let Some(line) = texts().find(|line| is_arm(&line.text)) {
        return Err(Miss::quoting(
            Why::NoModelName,
            "the processor gives no model name, only",
            line,
        ));
    }
    if let Some(found) = texts().find_map(unlabelled) {
        return Ok(found);
    }
    Err(read::explain(
        part.lines.iter().filter(|line| stated_empty(line).is_none()),
        Why::NarrativeText,
    ))
}

/// The model behind the label of `/proc/cpuinfo`, lscpu or sysctl.
fn stated(text: &str) -> Option<String> {
    let value = after_key(text)?;
    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
    let value = words::bare(&value);
    (value.chars().any(char::is_alphanumeric)
        && !words::is_hypothetical(value)
        && !is_numeric(value))
    .then(|| value.to_string())
}

fn stated_empty(line: &Line) -> Option<()> {
    after_key(&line.text).filter(|value| !value.chars().any(char::is_alphanumeric)).map(|_| ())
}

/// What stands behind the key, or behind the last where some files repeat it:
/// `CPU: model name : X`.
fn after_key(text: &str) -> Option<&str> {
    let mut value = after_one_key(text)?;
    while let Some(next) = after_one_key(value.trim()) {
        value = next;
    }
    Some(value)
}

fn after_one_key(text: &str) -> Option<&str> {
    let (key, value) = text.split_once([':', '='])?;
    let key = words::bare(key).to_lowercase();
    let key = key.trim_start_matches(['-', '*', ' ']).trim();
    let key: String = key.split_whitespace().collect::<Vec<_>>().join(" ");
    let known = [
        "model name",
        "cpu model",
        "cpu model name",
        "machdep.cpu.brand_string",
        "cpu",
        "model",
        "cpu info",
    ];
    known.contains(&key.as_str()).then_some(value)
}

fn is_numeric(value: &str) -> bool {
    value.chars().all(|c| c.is_ascii_digit() || c == '.')
}

fn is_arm(text: &str) -> bool {
    let lower = text.to_lowercase();
    ["cpu implementer", "cpu part", "cpu architecture", "cpu variant", "bogomips"]
        .iter()
        .any(|key| lower.starts_with(key))
}

/// What names of processors hold.
const NAMES: &[&str] = &[
    "intel",
    "amd ",
    "xeon",
    "epyc",
    "ryzen",
    "core(tm)",
    "cortex",
    "neoverse",
    "apple m",
    "qemu virtual",
    "ampere",
    "graviton",
    "snapdragon",
    "celeron",
    "pentium",
    "kunpeng",
    "virtual cpu",
    "common kvm processor",
];

/// What sentences about processors hold.
const PROSE: &[&str] = &[
    " is ",
    " are ",
    " was ",
    " shows",
    " show ",
    " because",
    " not ",
    " while ",
    " but ",
    " see",
    " which",
    " same",
    " has ",
    " the ",
    " and ",
    " это",
    "identical",
    " on both",
];

/// A line without a key that can only be the name of a processor.
fn unlabelled(line: &Line) -> Option<Found<String>> {
    let text = words::bare(super::label::undecorated(&line.text));
    let short = text.chars().count() <= 80 && words::words(text).count() <= 14;
    let named =
        words::holds(text, NAMES) && !words::holds(text, PROSE) && !words::is_hypothetical(text);
    let ends = text.ends_with(['.', '!', '?', ':']) || text.contains(": ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (short && named && !ends).then(|| Found::at(text, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_cpuinfos_or_lscpus() {
        for (text, value) in [
            ("model name\t: AMD EPYC", Some("AMD EPYC")),
            ("Model name:              Neoverse-N1", Some("Neoverse-N1")),
            ("model name :", None),
            ("model\t\t: 142", None),
            ("CPU part : 0xd0c", None),
        ] {
            assert_eq!(stated(text).as_deref(), value, "{text}");
        }
    }

    #[test]
    fn prose_about_processors_is_no_model() {
        let line = |text: &str| unlabelled(&Line::new(1, text, false)).is_some();
        assert!(line("Intel(R) Core(TM) i7-1165G7 @ 2.80GHz"));
        assert!(!line("The Intel CPU is passed through"));
    }
}
