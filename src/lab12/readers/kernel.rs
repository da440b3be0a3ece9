//! Kernels: releases, `uname -a` lines and `/proc/version` lines.

use super::label::EvidenceRole;
use super::page::{EvidencePage, LabelledPart};
use super::read::{self, FoundValue, ReadResult};
use super::table_measure::TableMeasure;
use super::words;
use crate::model::{MissingReason, MissingValue};
use crate::probe::kernel_name::{self, BANNER_START, banner_release};
use crate::version::VersionNumbers;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KernelStatement {
    /// The release: `6.12.47`.
    pub release: String,
    pub form: KernelStatementForm,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KernelStatementForm {
    Release,
    /// A line of `uname -a`.
    Uname,
    /// The line of `/proc/version`.
    Banner,
}

pub(super) fn parse_kernel_statement(text: &str) -> Option<KernelStatement> {
    let mut text = words::strip_value_marks(text).trim_start_matches(['>', ' ']);
    if let Some(at) = text.find(BANNER_START) {
        let lead = &text[..at];
        let plain_lead = lead.is_empty() || lead.trim_end().ends_with([':', '=', ']', '-', '>']);
        let text = text[at..].trim();
        let release = parse_kernel_release(banner_release(text)?)?;
        return plain_lead.then(|| KernelStatement {
            release,
            form: KernelStatementForm::Banner,
            text: text.into(),
        });
    }
    loop {
        if text.starts_with("Linux ") {
            let release = uname_release(text)?;
            return Some(KernelStatement {
                release,
                form: KernelStatementForm::Uname,
                text: text.into(),
            });
        }
        let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        if let Some(release) = parse_kernel_release(first).filter(|word| !is_version_of_kata(word))
        {
            let text = release.clone();
            return (!words::is_hypothetical(rest)).then_some(KernelStatement {
                release,
                form: KernelStatementForm::Release,
                text,
            });
        }
        text = words::strip_value_marks(behind_label(text)?).trim_start_matches(['>', ' ']);
    }
}

/// What a label of a kernel holds, in the languages of hostnamectl and of readers' tables.
const KERNEL_WORDS: &[&str] =
    &["kernel", "uname", "version", "release", "linux", "ядр", "noyau", "núcleo", "内核"];

/// What stands after a label that names no role: `uname -r: 6.1.2`, `Kernel version 6.1.2`.
fn behind_label(text: &str) -> Option<&str> {
    let (head, rest) = text.split_once([':', '=']).or_else(|| {
        let (head, rest) = text.rsplit_once(' ')?;
        let known = ["kernel", "version", "release", "ядро", "uname", "r"];
        words::split_words(head)
            .all(|word| known.contains(&word.to_lowercase().as_str()))
            .then_some((head, rest))
    })?;
    let names_kernel = words::contains_any(head, KERNEL_WORDS);
    let foreign = words::is_hypothetical(head)
        || words::contains_any(head, &["would", "should", "host"])
        || words::contains_any(
            head,
            &["kata containers", "shim", "runtime", "nerdctl", "containerd", "alpine", "image"],
        );
    let fits =
        names_kernel && !foreign && words::split_words(head).count() <= 5 && !head.contains('.');
    fits.then_some(rest)
}

/// The release in a `uname -a` line: the word before the build number, or else the first word
/// that looks like one (the host name may have been dropped).
fn uname_release(text: &str) -> Option<String> {
    let mut first_words = text.split_whitespace().skip(1).take(2);
    let before_build = kernel_name::uname_release(text).and_then(parse_kernel_release);
    before_build.or_else(|| first_words.find_map(parse_kernel_release))
}

/// The kernel release that a word is, if it looks like one: `6.12.47`, `5.15.0-1027-oracle`.
pub(super) fn parse_kernel_release(word: &str) -> Option<String> {
    let word = words::strip_value_marks(word)
        .trim_end_matches(['.', ',', ';', ')', '"', '`'])
        .trim_start_matches('(');
    let VersionNumbers { numbers, suffix } = VersionNumbers::read_beginning(word)?;
    let [major, minor, ..] = numbers[..] else { return None };
    // Linux 2.6 went to 3.0, 3.19 to 4.0; a Kata version such as 3.23.0 is no kernel.
    let existed = match major {
        2 => minor == 6,
        3 => minor < 20,
        _ => (4..=9).contains(&major) && minor < 100,
    };
    let ends = suffix.is_empty() || suffix.starts_with(['-', '+', '_', '~', '.']);
    let clean = suffix.chars().all(|c| c.is_ascii_alphanumeric() || "-+_~.".contains(c));
    let whole = (3..=4).contains(&numbers.len()) || numbers.len() == 2 && suffix.starts_with('-');
    (existed && ends && clean && whole).then(|| word.to_string())
}

/// Whether a number that stands alone is a version of Kata, `3.17.0`: kernels of that age carry the
/// name of a build, and no guest of Kata ever ran one.
fn is_version_of_kata(word: &str) -> bool {
    word.starts_with("3.") && word.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// Whether the release is of an engine's own machine, which no Kata guest runs on: WSL2, or the
/// virtual machine of a desktop engine.
pub(super) fn is_desktop_vm(release: &str) -> bool {
    words::contains_any(release, &["microsoft", "wsl2", "linuxkit"])
}

fn kernel_parts(page: &EvidencePage) -> Vec<LabelledPart> {
    page.parts_measuring(|head| TableMeasure::Kernel.is_meant_by(head))
}

/// The statement about the kernel of `who` on a page that compares kernels.
pub(super) fn compared_kernel(
    page: &EvidencePage,
    who: EvidenceRole,
) -> ReadResult<KernelStatement> {
    let parts = &kernel_parts(page);
    read::in_parts(page, parts, who, first_statement)
}

/// The first statement in a part that passes `wanted`.
fn first_statement(part: &LabelledPart) -> ReadResult<KernelStatement> {
    first_wanted_statement(part, |_| true)
}

fn first_wanted_statement(
    part: &LabelledPart,
    wanted: impl Fn(&KernelStatement) -> bool,
) -> ReadResult<KernelStatement> {
    if part.who == Some(EvidenceRole::Host)
        && let Some(read) = kernel_of_nodes(part)
    {
        return read;
    }
    let lines = part.value_lines().filter(|line| !line.is_error);
    read::find_value(lines, |text| parse_kernel_statement(text).filter(&wanted)).ok_or_else(|| {
        refuse_macos_uname(part).unwrap_or_else(|| {
            read::explain_unreadable_lines(&part.lines, MissingReason::NarrativeText)
        })
    })
}

pub(super) fn heads_nodes(text: &str) -> bool {
    text.starts_with("NAME ") && text.contains("KERNEL-VERSION")
}

/// The kernel in the list of nodes that `kubectl get nodes -o wide` prints, where all have one.
fn kernel_of_nodes(part: &LabelledPart) -> Option<ReadResult<KernelStatement>> {
    let mut lines = part.value_lines().skip_while(|line| !heads_nodes(&line.text));
    lines.next()?;
    let mut found: Option<FoundValue<String>> = None;
    for line in lines {
        let mut releases = line.text.split_whitespace().filter_map(parse_kernel_release);
        let (Some(release), None) = (releases.next(), releases.next()) else { break };
        match &found {
            Some(first) if first.value != release => {
                let words = "the nodes have several kernels, and which node it was is not stated:";
                return Some(Err(MissingValue::quoting_line(
                    MissingReason::NotStated,
                    words,
                    line,
                )));
            }
            Some(_) => {}
            None => found = Some(FoundValue::at_line(release, line)),
        }
    }
    let form = KernelStatementForm::Release;
    found.map(|found| {
        Ok(found.map_value(|release| KernelStatement { text: release.clone(), release, form }))
    })
}

/// A `uname -a` of macOS: the machine in front of the user, never a guest, and not what its
/// containers run on either.
fn refuse_macos_uname(part: &LabelledPart) -> Option<MissingValue> {
    let line = part.lines.iter().find(|line| line.text.starts_with("Darwin "))?;
    Some(match part.who {
        Some(EvidenceRole::Host) => MissingValue::quoting_line(
            MissingReason::NotStated,
            "that is macOS, whose containers run in a virtual machine of Linux:",
            line,
        ),
        _ => MissingValue::quoting_line(
            MissingReason::HostValuesOnly,
            "the kernel of the host stands there:",
            line,
        ),
    })
}

/// The statement of the wanted form on a page that speaks of one role.
pub(super) fn own_kernel(
    page: &EvidencePage,
    who: EvidenceRole,
    form: Option<KernelStatementForm>,
) -> ReadResult<KernelStatement> {
    let parts = &kernel_parts(page);
    let read = read::in_parts(page, parts, who, |part| {
        first_wanted_statement(part, |kernel| form.is_none_or(|form| kernel.form == form))
    });
    let Err(miss) = read else { return read };
    if let (Some(form), Some(other)) = (form, find_statement_of(parts, who)) {
        let wanted = if form == KernelStatementForm::Uname { "uname -a" } else { "/proc/version" };
        let note = format!(
            "“{}” is not the whole line of {wanted}",
            read::shorten_stated(&other.value.text)
        );
        return Err(MissingValue::new(MissingReason::NotStated, note).at_line(other.line));
    }
    if who == EvidenceRole::Kata && is_silent(&miss) {
        if let Some(host) = find_statement_of(parts, EvidenceRole::Host) {
            return Err(host_value(&host));
        }
        if let Some(runc) = find_statement_of(parts, EvidenceRole::Runc) {
            let note =
                format!("“{}” is labelled as runc's", read::shorten_stated(&runc.value.text));
            return Err(
                MissingValue::new(MissingReason::RuncContainerOnly, note).at_line(runc.line)
            );
        }
    }
    Err(miss)
}

fn find_statement_of(
    parts: &[LabelledPart],
    who: EvidenceRole,
) -> Option<FoundValue<KernelStatement>> {
    let mut own = parts.iter().filter(|part| part.who == Some(who));
    own.find_map(|part| first_statement(part).ok())
}

/// Whether the guest's part is not there rather than wrong, so that another role's may be named.
fn is_silent(miss: &MissingValue) -> bool {
    matches!(
        miss.why,
        MissingReason::Empty | MissingReason::NoGuestSection | MissingReason::RuncContainerOnly
    )
}

/// The reason for a statement that turned out to be about the host.
pub(super) fn host_value(kernel: &FoundValue<KernelStatement>) -> MissingValue {
    let note = format!("“{}” is the kernel of the host", read::shorten_stated(&kernel.value.text));
    MissingValue::new(MissingReason::HostValuesOnly, note).at_line(kernel.line)
}

pub(super) fn read_boot_id(page: &EvidencePage, who: EvidenceRole) -> ReadResult<String> {
    read::in_parts(page, page.labelled_parts(), who, |part| {
        let lines = part.value_lines().filter(|line| !line.is_error);
        read::find_value(lines, boot_id_in).ok_or_else(|| {
            read::explain_unreadable_lines(&part.lines, MissingReason::NarrativeText)
        })
    })
}

/// The boot id that is the only value of a line.
pub(super) fn boot_id_in(text: &str) -> Option<String> {
    let id = words::strip_value_marks(text.rsplit([':', '=', ' ', '|']).next()?);
    let mut parts = id.split('-');
    let is_id = [8, 4, 4, 4, 12].iter().all(|length| {
        parts.next().is_some_and(|part| {
            part.len() == *length && part.chars().all(|c| c.is_ascii_hexdigit())
        })
    });
    (is_id && parts.next().is_none()).then(|| id.to_lowercase())
}

/// The guest's `/proc/version` line on a page that compares kernels.
pub(super) fn guest_banner(page: &EvidencePage) -> ReadResult<KernelStatement> {
    let parts = &kernel_parts(page);
    let read = read::in_parts(page, parts, EvidenceRole::Kata, |part| {
        first_wanted_statement(part, |k| k.form == KernelStatementForm::Banner)
    });
    let (Err(_), Ok(other)) = (&read, compared_kernel(page, EvidenceRole::Kata)) else {
        return read;
    };
    let note =
        format!("“{}” is not the line of /proc/version", read::shorten_stated(&other.value.text));
    Err(MissingValue::new(MissingReason::NotStated, note).at_line(other.line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_look_like_releases() {
        for word in [
            "6.12.47",
            "5.15.0-1027-oracle",
            "6.6.87.2-microsoft-standard-WSL2",
            "6.16.5-arch1-1",
            "6.11.4-301.fc41.x86_64",
            "4.19.0-gvisor",
            "6.1.0+",
            "6.9-amd64",
            "3.10.0-1160.el7.x86_64",
        ] {
            assert_eq!(parse_kernel_release(word).as_deref(), Some(word));
        }
        for word in
            ["3.23.0", "52", "6.1", "10.0.0.5", "N/A", "1.60GHz", "v6.1.2", "6.1.2:3", "2025.11.27"]
        {
            assert_eq!(parse_kernel_release(word), None, "{word}");
        }
    }

    #[test]
    fn the_release_of_a_uname_is_before_the_build_number() {
        let release = |text| parse_kernel_statement(text).map(|kernel| kernel.release);
        assert_eq!(release("Linux 521fcc5db8fe 6.12.47 #1 SMP x").as_deref(), Some("6.12.47"));
        assert_eq!(release("Linux 6.12.47 #1 SMP").as_deref(), Some("6.12.47"));
        assert_eq!(release("Linux 5.4.3 6.12.47 #1 SMP").as_deref(), Some("6.12.47"));
        assert_eq!(release("uname -r: 6.1.62").as_deref(), Some("6.1.62"));
        assert_eq!(release("The kernel would be: 6.1.62"), None);
        assert_eq!(release("Kernel 6.8.0 is the host's"), None);
        assert_eq!(release("Kata Containers version: 4.1.0"), None);
        assert_eq!(release("3.17.0"), None);
        assert_eq!(release("3.10.0-1160.el7.x86_64").as_deref(), Some("3.10.0-1160.el7.x86_64"));
    }
}
