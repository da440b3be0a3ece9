//! The kernel log of the guest.

use super::kernel;
use super::label::EvidenceRole;
use super::page::{EvidencePage, LabelledPart, LineKind, PageLine};
use super::read::{self, FoundValue, ReadResult};
use super::vocabulary::dmesg::{CMDLINE, DEVICES};
use super::words;
use crate::model::{MissingReason, MissingValue};
use crate::probe::kernel_log::kernel_log_message;
use crate::probe::kernel_name::BANNER_START;

/// What the guest's kernel log tells.
#[derive(Debug, Clone)]
pub(super) struct BootLog {
    /// The `Linux version …` text.
    pub banner: Option<FoundValue<String>>,
    /// The command line.
    pub cmdline: Option<FoundValue<String>>,
    /// The line that tells what runs the kernel: how gVisor's made-up log begins, or what the tables
    /// of a monitor's firmware name.
    pub mark: Option<FoundValue<String>>,
    /// How many kernel lines there are, at the line of the first.
    pub lines: FoundValue<i64>,
    /// What shows that the log is of the host, if something does.
    pub host_mark: Option<MissingValue>,
}

impl BootLog {
    /// Whether the log is of a guest that Kata booted.
    pub(super) fn is_kata(&self) -> bool {
        self.names_agent()
            || self
                .banner
                .as_ref()
                .is_some_and(|found| crate::knowledge::is_kata_build(&found.value))
    }

    /// Whether the kernel was started for Kata's agent.
    fn names_agent(&self) -> bool {
        let cmdline = self.cmdline.as_ref();
        cmdline.is_some_and(|found| words::contains_any(&found.value, &["kata", "agent."]))
    }

    pub(super) fn release_in_log(&self) -> Option<String> {
        kernel::parse_kernel_statement(&self.banner.as_ref()?.value).map(|kernel| kernel.release)
    }
}

pub(super) fn boot_log(page: &EvidencePage) -> ReadResult<BootLog> {
    let parts = page.labelled_parts();
    let labelled = [EvidenceRole::Kata, EvidenceRole::Host, EvidenceRole::Runc].map(Some);
    if parts.iter().all(|part| !labelled.contains(&part.who)) {
        // Nothing is labelled: the slot asks for the guest's log.
        let all = LabelledPart {
            who: Some(EvidenceRole::Kata),
            line: 1,
            lines: page.lines.clone(),
            ..LabelledPart::default()
        };
        return in_part(&all);
    }
    let read = read::in_parts(page, parts, EvidenceRole::Kata, in_part);
    match read {
        Err(miss) if miss.why == MissingReason::NoGuestSection => {
            Err(host_only(parts).unwrap_or(miss))
        }
        read => read,
    }
}

/// The guest's command line, as `/proc/cmdline` holds it.
pub(super) fn read_command_line(page: &EvidencePage) -> ReadResult<String> {
    read::in_parts(page, page.labelled_parts(), EvidenceRole::Kata, |part| {
        let lines = part.value_lines().filter(|line| !line.is_error);
        let found = read::find_value(lines, |text| {
            let text = words::strip_value_marks(text);
            is_command_line(text).then(|| text.to_string())
        });
        match found {
            Some(found) if words::contains_any(&found.value, CMDLINE) => {
                Err(refuse_host_log(found.line, &found.value))
            }
            found => found.ok_or_else(|| {
                read::explain_unreadable_lines(&part.lines, MissingReason::NarrativeText)
            }),
        }
    })
}

/// Whether a text can only be a kernel's command line: settings, one of which says what it starts from.
pub(super) fn is_command_line(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.clone().filter(|word| word.contains('=')).count() > 2
        && words.any(|word| {
            ["root=", "systemd.unit=", "init=", "BOOT_IMAGE="]
                .iter()
                .any(|key| word.starts_with(key))
        })
}

/// The reason if a host's log is all there is.
fn host_only(parts: &[LabelledPart]) -> Option<MissingValue> {
    let mut hosts = parts.iter().filter(|part| part.who == Some(EvidenceRole::Host));
    let part = hosts.find(|part| in_part(part).is_ok())?;
    let note = format!("the log is labelled “{}”", read::shorten_stated(&part.label));
    Some(MissingValue::new(MissingReason::HostValuesOnly, note).at_line(part.line))
}

fn in_part(part: &LabelledPart) -> ReadResult<BootLog> {
    let mut kernel_lines: Vec<(&PageLine, &str)> =
        part.lines.iter().filter_map(|line| Some((line, kernel_message(line)?))).collect();
    if kernel_lines.is_empty() {
        // `dmesg -t` leaves the time stamps out; the first line is the kernel's banner.
        let texts = part.value_lines().filter(|line| !line.is_error);
        let log = texts.skip_while(|line| !line.text.starts_with(BANNER_START));
        kernel_lines = log.map(|line| (line, line.text.as_str())).collect();
    }
    if kernel_lines.len() == 1 && kernel_message(kernel_lines[0].0).is_none() {
        kernel_lines.clear();
    }
    let Some((first, _)) = kernel_lines.first() else {
        return Err(read::explain_unreadable_lines(&part.lines, MissingReason::NarrativeText));
    };
    let banner = find_message(&kernel_lines, |message| message.starts_with(BANNER_START));
    // Only x86 has an early `Command line:`; all have `Kernel command line:`.
    let cmdline = kernel_lines.iter().find_map(|(line, message)| {
        let key = "command line:";
        let at = message.to_ascii_lowercase().find(key)?;
        Some(FoundValue::at_line(message[at + key.len()..].trim().to_string(), line))
    });
    let mark = find_message(&kernel_lines, |message| {
        message.starts_with("Starting gVisor") || crate::knowledge::names_monitor(message)
    });
    let count = i64::try_from(kernel_lines.len()).unwrap_or(i64::MAX);
    let lines = FoundValue::at_line(count, first);
    let mut log = BootLog { banner, cmdline, mark, lines, host_mark: None };
    log.host_mark = host_mark(&log, &kernel_lines);
    Ok(FoundValue::at_line(log, first))
}

/// The first message that `is_wanted`.
fn find_message(
    lines: &[(&PageLine, &str)],
    is_wanted: fn(&str) -> bool,
) -> Option<FoundValue<String>> {
    let (line, message) = lines.iter().find(|(_, message)| is_wanted(message))?;
    Some(FoundValue::at_line(message.trim().to_string(), line))
}

/// The message of a kernel line, be it as `dmesg` prints it or as a line of the guest's console
/// in the log of Kata's runtime.
fn kernel_message(line: &PageLine) -> Option<&str> {
    let text = match &line.kind {
        LineKind::Log(log) if log.message.contains("vm console:") => log.message.as_str(),
        _ => line.text.as_str(),
    };
    let console = match text.split_once("vmconsole=\"") {
        Some((_, rest)) => Some(rest.trim_end_matches('"')),
        None => text.split_once("vm console:").map(|(_, rest)| rest.trim_matches(['"', ' '])),
    };
    match console {
        Some(console) => boot_log_message(console),
        None => boot_log_message(text).filter(|_| line.kind == LineKind::Text),
    }
}

/// Whether a text is a line of a kernel's log.
pub(super) fn is_kernel_line(text: &str) -> bool {
    boot_log_message(text).is_some()
}

/// The message of a kernel line, unless it is an engine's warning that somebody gave a time stamp.
fn boot_log_message(text: &str) -> Option<&str> {
    let message = kernel_log_message(text)?;
    let is_engines = super::log::parse_engine_log(message).is_some()
        || words::contains_any(message, &["level=", "warn[", "fata["]);
    (!is_engines).then_some(message)
}

/// What shows that the log is of the host, if something does.
fn host_mark(log: &BootLog, lines: &[(&PageLine, &str)]) -> Option<MissingValue> {
    if log.names_agent() {
        return None;
    }
    if let Some(found) =
        log.cmdline.as_ref().filter(|found| words::contains_any(&found.value, CMDLINE))
    {
        return Some(refuse_host_log(found.line, &found.value));
    }
    if log.is_kata() {
        return None;
    }
    if let (Some(found), Some(release)) = (&log.banner, log.release_in_log())
        && kernel::is_desktop_vm(&release)
    {
        return Some(refuse_host_log(found.line, &found.value));
    }
    let marked = lines.iter().find(|(_, message)| words::contains_any(message, DEVICES))?;
    Some(refuse_host_log(marked.0.number, marked.1))
}

fn refuse_host_log(line: u32, mark: &str) -> MissingValue {
    let note = format!("the log is of the host: {}", read::shorten_stated(mark));
    MissingValue::new(MissingReason::HostValuesOnly, note).at_line(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_with_a_time_is_no_line_of_the_kernel() {
        assert_eq!(boot_log_message("[    0.000000] x"), Some("x"));
        assert_eq!(boot_log_message("[    0.000000] level=warning msg=x"), None);
    }
}
