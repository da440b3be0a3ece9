//! Processors: the model name.

use super::label::EvidenceRole;
use super::page::{EvidencePage, LabelledPart, PageLine};
use super::read::{self, FoundValue, ReadResult};
use super::table_measure::TableMeasure;
use super::vocabulary::cpu::{BEGINNINGS, NAMES, OTHER_LABELS, PROSE};
use super::words;
use crate::model::{MissingReason, MissingValue};
use crate::probe::parse::MODEL_LABELS;

pub(super) fn read_cpu_model(page: &EvidencePage, who: EvidenceRole) -> ReadResult<String> {
    let parts = page.parts_measuring(|head| TableMeasure::Cpu.is_meant_by(head));
    let read = read::in_parts(page, &parts, who, in_part);
    match read {
        Err(miss)
            if matches!(
                miss.why,
                MissingReason::Empty
                    | MissingReason::NoGuestSection
                    | MissingReason::RuncContainerOnly
            ) && page.who == Some(EvidenceRole::Kata) =>
        {
            let [host, runc] = [EvidenceRole::Host, EvidenceRole::Runc].map(|who| {
                parts.iter().find(|part| part.who == Some(who) && in_part(part).is_ok())
            });
            Err(match (host, runc) {
                (Some(part), _) => labelled_otherwise(MissingReason::HostValuesOnly, part),
                (_, Some(part)) => labelled_otherwise(MissingReason::RuncContainerOnly, part),
                _ => miss,
            })
        }
        read => read,
    }
}

fn labelled_otherwise(why: MissingReason, part: &LabelledPart) -> MissingValue {
    let note = format!("what stands there is labelled “{}”", read::shorten_stated(&part.label));
    MissingValue::new(why, note).at_line(part.line)
}

fn in_part(part: &LabelledPart) -> ReadResult<String> {
    let texts: Vec<&PageLine> = part.value_lines().filter(|line| !line.is_error).collect();
    let nameless = texts.iter().find(|line| has_no_model_name(&line.text));
    let named =
        texts.iter().copied().filter(|line| nameless.is_none() || !may_name_board(&line.text));
    if let Some(found) = read::find_value(named, stated_model) {
        return Ok(found);
    }
    // lscpu writes a dash where it knows no name.
    let mut lines = texts.iter();
    let dash = lines.find(|line| after_key(&line.text).is_some_and(|value| value.trim() == "-"));
    if let Some(line) = dash.or(nameless) {
        return Err(MissingValue::quoting_line(
            MissingReason::NoModelName,
            "the processor gives no model name, only",
            line,
        ));
    }
    if let Some(found) = texts.iter().find_map(|line| unlabelled_model(line)) {
        return Ok(found);
    }
    Err(read::explain_unreadable_lines(
        part.lines.iter().filter(|line| {
            after_key(&line.text).is_none_or(|value| value.contains(char::is_alphanumeric))
        }),
        MissingReason::NarrativeText,
    ))
}

/// The model after the label of `/proc/cpuinfo`, lscpu or sysctl.
fn stated_model(text: &str) -> Option<String> {
    let value = after_key(text)?;
    let value = crate::text::join_words(value);
    let value = words::strip_value_marks(&value);
    (value.chars().any(char::is_alphanumeric)
        && !words::is_hypothetical(value)
        && !value.chars().all(|c| c.is_ascii_digit() || c == '.'))
    .then(|| value.to_string())
}

/// Whether lscpu prints such a line, in whichever language.
pub(super) fn is_line_of_lscpu(text: &str) -> bool {
    let names_model =
        text.split_once(':').is_some_and(|(key, _)| key.contains(char::is_whitespace));
    names_model && stated_model(text).is_some()
}

/// Whether a line of `/proc/cpuinfo` is labelled as that which on ARM names the board.
fn may_name_board(text: &str) -> bool {
    text.split_once(':').is_some_and(|(key, _)| key.trim().eq_ignore_ascii_case("model"))
}

/// What stands after the key, or after the last where some files repeat it:
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
    let key = words::strip_value_marks(key).to_lowercase();
    let key = key.trim_start_matches(['-', '*', ' ']).trim();
    let key: String = crate::text::join_words(key);
    MODEL_LABELS.iter().chain(OTHER_LABELS).any(|label| *label == key).then_some(value)
}

/// Whether `/proc/cpuinfo` says so on an architecture whose processors state no model name: ARM,
/// s390x, RISC-V.
fn has_no_model_name(text: &str) -> bool {
    let plain = text.to_lowercase().replace(':', " :");
    let plain = crate::text::join_words(&plain).replace(" :", ":");
    BEGINNINGS.iter().any(|start| plain.starts_with(start))
}

pub(super) fn is_model_name(text: &str) -> bool {
    unlabelled_model(&PageLine::new(0, text, false)).is_some()
}

/// A line without a key that can only be the name of a processor.
fn unlabelled_model(line: &PageLine) -> Option<FoundValue<String>> {
    let text = words::strip_value_marks(super::label::strip_decoration(&line.text));
    let short = text.chars().count() <= 80 && words::split_words(text).count() <= 14;
    let named = words::contains_any(text, NAMES)
        && !words::contains_any(text, PROSE)
        && !words::is_hypothetical(text);
    let ends = text.ends_with(['.', '!', '?', ':']) || text.contains(": ");
    let text = crate::text::join_words(text);
    (short && named && !ends).then(|| FoundValue::at_line(text, line))
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
            assert_eq!(stated_model(text).as_deref(), value, "{text}");
        }
    }

    #[test]
    fn a_board_is_no_processor() {
        let lines = ["processor : 0", "CPU part\t: 0xd08", "Model\t\t: Raspberry Pi 4 Model B"];
        let lines = (1..).zip(lines).map(|(number, text)| PageLine::new(number, text, false));
        let part = LabelledPart { lines: lines.collect(), ..LabelledPart::default() };
        assert_eq!(in_part(&part).unwrap_err().why, MissingReason::NoModelName);
    }

    #[test]
    fn prose_about_processors_is_no_model() {
        let line = |text: &str| unlabelled_model(&PageLine::new(1, text, false)).is_some();
        assert!(line("Intel(R) Core(TM) i7-1165G7 @ 2.80GHz"));
        assert!(!line("The Intel CPU is passed through"));
    }
}
