//! Parsers of what the kernel itself prints.

use serde_json::{Value, json};

use super::list::by_name;
use super::{MissingValue, ParseResult, filled_lines, first_words, only_line};
use crate::model::MissingReason;
use crate::probe::capability;
use crate::probe::kernel_log::kernel_log_message;
use crate::probe::kernel_name::BANNER_START;

/// A capability mask as `/proc/<pid>/status` prints it, in sixteen digits; the line's label
/// (`CapEff:`) may stand before it. [`capability::capability_names`] says what it grants.
pub(super) fn capability_mask(text: &str) -> ParseResult {
    let line = only_line(text)?;
    let word = line.rsplit(|c: char| c == ':' || c.is_whitespace()).next().unwrap_or_default();
    match capability::parse_mask(word) {
        Some(mask) => Ok(format!("{mask:016x}").into()),
        None => Err(MissingValue::unexpected_output("a capability mask", line)),
    }
}

/// What the model name of a processor is labelled in `/proc/cpuinfo`: on x86, MIPS and POWER. ARM,
/// s390x and RISC-V have none.
pub(crate) const MODEL_LABELS: [&str; 3] = ["model name", "cpu model", "cpu"];

/// The model name of `/proc/cpuinfo`; a part number is not one.
pub(super) fn cpu_model(text: &str) -> ParseResult {
    let line = only_line(text)?;
    let (label, value) =
        line.split_once(':').ok_or_else(|| MissingValue::unexpected_output("a label", line))?;
    if !MODEL_LABELS.contains(&label.trim().to_ascii_lowercase().as_str()) {
        let reason = format!("the processor gives no model name, only `{}`", first_words(line));
        return Err(MissingValue::new(MissingReason::NoModelName, reason));
    }
    match value.trim() {
        "" => Err(MissingValue::empty_output()),
        model => Ok(model.into()),
    }
}

/// The lines of the kernel's log, each with its time; other lines are left out, and a text
/// without a single one is refused.
pub(super) fn parse_kernel_log(text: &str) -> ParseResult {
    let lines: Vec<&str> =
        filled_lines(text).filter(|line| kernel_log_message(line).is_some()).collect();
    match lines[..] {
        [] => Err(MissingValue::unexpected_output("a line of the kernel's log", text)),
        _ => Ok(lines.into()),
    }
}

/// The `Linux version …` text of the boot log.
pub(super) fn dmesg_banner(text: &str) -> ParseResult {
    let banner = filled_lines(text)
        .map(|line| kernel_log_message(line).unwrap_or(line))
        .find(|message| message.starts_with(BANNER_START));
    banner.map(Value::from).ok_or_else(|| {
        let words = "no line of the log begins with `Linux version`";
        MissingValue::new(MissingReason::NotStated, words)
    })
}

/// Lines of `name kind:[inode]`: inode numbers by the namespace's name.
pub(super) fn parse_namespaces(text: &str) -> ParseResult {
    by_name(text, "`name kind:[inode]`", |line| {
        let (name, link) = line.split_once(char::is_whitespace)?;
        let (_, inode) = link.trim().strip_suffix(']')?.split_once(":[")?;
        Some((name, inode.parse::<u64>().ok()?.into()))
    })
}

/// The lines of `/proc/<pid>/uid_map`: which ids inside are which ids outside, and how many.
pub(super) fn id_map(text: &str) -> ParseResult {
    let triples: Vec<Value> = filled_lines(text)
        .map(|line| {
            let ids: Option<Vec<u64>> = line.split_whitespace().map(|id| id.parse().ok()).collect();
            match ids.as_deref() {
                Some([inside, outside, count]) => {
                    Ok(json!({"inside": inside, "outside": outside, "count": count}))
                }
                _ => Err(MissingValue::unexpected_output("a line of three numbers", line)),
            }
        })
        .collect::<Result<_, _>>()?;
    Ok(triples.into())
}

/// The last of some lines of `/proc/<pid>/mountinfo`, the one that is seen: its file system
/// type, source and options in their order, which the crate for this machine's own does not keep.
pub(super) fn parse_visible_mount(text: &str) -> ParseResult {
    let line = filled_lines(text).last().unwrap_or_default();
    parse_mountinfo_line(line)
        .ok_or_else(|| MissingValue::unexpected_output("a line of mountinfo", line))
}

fn parse_mountinfo_line(line: &str) -> Option<Value> {
    let (place, system) = line.split_once(" - ")?;
    let mut place = place.split_whitespace().skip(4);
    let (point, own) = (place.next()?, place.next()?);
    let mut system = system.split_whitespace();
    let (kind, source) = (system.next()?, system.next()?);
    let mut options: Vec<&str> = own.split(',').collect();
    if let Some(of_system) = system.next() {
        options.extend(of_system.split(','));
    }
    Some(json!({"point": point, "type": kind, "source": source, "options": options}))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BANNER: &str =
        "Linux version 6.12.47 (@4bcec8f4443d) (gcc (Ubuntu 11.4.0) 11.4.0) #1 SMP";

    #[test]
    fn a_mask_is_written_in_sixteen_digits() {
        for text in ["00000000a80425fb\n", "CapEff:\t00000000a80425fb\n", "A80425FB"] {
            assert_eq!(capability_mask(text).unwrap(), "00000000a80425fb");
        }
        assert_eq!(capability_mask("denied").unwrap_err().why, MissingReason::Unreadable);
    }

    #[test]
    fn the_model_follows_its_label() {
        let text = "model name\t: Intel(R) Core(TM) i5-8265U CPU @ 1.60GHz\n";
        assert_eq!(cpu_model(text).unwrap(), "Intel(R) Core(TM) i5-8265U CPU @ 1.60GHz");
        assert_eq!(cpu_model("model name\t: unknown\n").unwrap(), "unknown");
        assert_eq!(
            cpu_model("cpu\t\t: POWER9, altivec supported\n").unwrap(),
            "POWER9, altivec supported"
        );
    }

    #[test]
    fn an_arm_part_number_is_not_a_model_name() {
        for text in ["CPU part\t: 0xd0c\n", "Model\t\t: Board 4 B\n", "vendor_id : IBM/S390\n"] {
            assert_eq!(cpu_model(text).unwrap_err().why, MissingReason::NoModelName);
        }
        assert_eq!(cpu_model("model name\t:\n").unwrap_err().why, MissingReason::Empty);
    }

    #[test]
    fn the_log_is_its_timed_lines() {
        let text = format!("level=warning msg=\"x\"\n[    0.000000] {BANNER}\n[ warning ] y\n");
        assert_eq!(parse_kernel_log(&text).unwrap(), json!([format!("[    0.000000] {BANNER}")]));
        assert_eq!(
            parse_kernel_log("dmesg: not permitted\n").unwrap_err().why,
            MissingReason::Unreadable
        );
    }

    #[test]
    fn the_log_of_gvisor_is_a_log_without_a_banner() {
        let text = "[    0.000000] Starting gVisor...\n[    0.354495] Daemonizing children...\n";
        assert_eq!(parse_kernel_log(text).unwrap().as_array().unwrap().len(), 2);
        assert_eq!(dmesg_banner(text).unwrap_err().why, MissingReason::NotStated);
    }

    #[test]
    fn the_banner_loses_its_time() {
        let text = format!("[    0.000000] {BANNER}\n[    0.000000] Command line: quiet\n");
        assert_eq!(dmesg_banner(&text).unwrap(), BANNER);
        assert_eq!(
            dmesg_banner("[    0.1] not a Linux version 6\n").unwrap_err().why,
            MissingReason::NotStated
        );
    }

    #[test]
    fn a_log_with_callers_has_its_banner() {
        let text = format!("[    0.000000][    T0] {BANNER}\n");
        assert_eq!(dmesg_banner(&text).unwrap(), BANNER);
    }

    #[test]
    fn namespaces_are_inode_numbers_by_name() {
        let text = "pid pid:[4026531836]\ntime time:[4026531834]\n";
        assert_eq!(
            parse_namespaces(text).unwrap(),
            json!({"pid": 4026531836_u64, "time": 4026531834_u64})
        );
        assert_eq!(parse_namespaces("pid pid:[1]\n").unwrap(), json!({"pid": 1}));
        assert_eq!(parse_namespaces("pid\n").unwrap_err().why, MissingReason::Unreadable);
    }

    #[test]
    fn an_id_map_is_triples() {
        let text = "         0       1000          1\n         1     100000      65536\n";
        assert_eq!(
            id_map(text).unwrap(),
            json!([
                {"inside": 0, "outside": 1000, "count": 1},
                {"inside": 1, "outside": 100000, "count": 65536},
            ])
        );
        assert_eq!(id_map("0 0\n").unwrap_err().why, MissingReason::Unreadable);
    }

    #[test]
    fn the_last_mount_on_a_place_is_the_one_seen() {
        let text = "1 1 0:2 / / rw - rootfs rootfs rw\n\
                    27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard\n";
        assert_eq!(
            parse_visible_mount(text).unwrap(),
            json!({"point": "/", "type": "ext4", "source": "/dev/vda",
                   "options": ["rw", "relatime", "rw", "discard"]})
        );
    }

    #[test]
    fn a_mount_may_lack_a_source_worth_the_name() {
        let text = "25 20 0:14 / / rw - overlay none rw\n";
        assert_eq!(parse_visible_mount(text).unwrap()["source"], "none");
        assert_eq!(
            parse_visible_mount("overlay / overlay\n").unwrap_err().why,
            MissingReason::Unreadable
        );
    }
}
