//! How a command ended: an answer, the answer that there is none, or a failure.

use crate::model::CaptureStatus;

/// The words of the C library and of the tools for a thing that does not exist.
const ABSENT: &[&str] = &[
    "o such file",
    "o such device",
    "o such process",
    "not found",
    "does not exist",
    "nonexistent directory",
];

/// The words for a thing that the caller may not have.
const DENIED: &[&str] = &["ermission denied", "not permitted"];

/// What the exit status and the error output of a command that ended by itself say.
///
/// A command that is not installed is an error, not the absence of what it was to look for, also
/// where it was lost in a pipeline that ended well. `denied` goes before `absent`, because what
/// was refused to one part of a command may well exist.
pub fn exit_status(exit: Option<i32>, stdout: &[u8], stderr: &[u8]) -> CaptureStatus {
    let errors = String::from_utf8_lossy(stderr);
    match exit {
        None | Some(126 | 127) => CaptureStatus::Error,
        _ if errors.lines().any(is_missing_command) => CaptureStatus::Error,
        Some(0) => CaptureStatus::Ok,
        Some(code) if code > 128 => CaptureStatus::Error,
        _ if DENIED.iter().any(|word| errors.contains(word)) => CaptureStatus::Denied,
        _ if ABSENT.iter().any(|word| errors.contains(word)) => CaptureStatus::Absent,
        Some(1) if stdout.is_empty() && stderr.is_empty() => CaptureStatus::Absent,
        Some(_) => CaptureStatus::Error,
    }
}

/// Whether the line is a shell's message about a command that is not installed:
/// `sh: awk: not found`, `sh: 1: awk: not found`, `bash: line 1: awk: command not found`.
fn is_missing_command(line: &str) -> bool {
    let line = line.trim_end();
    if line.ends_with(": command not found") {
        return true;
    }
    let shell = line.split_once(": ").map_or("", |(first, _)| first);
    let shell = shell.rsplit('/').next().unwrap_or_default();
    matches!(shell, "sh" | "ash" | "dash" | "busybox") && line.ends_with(": not found")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(exit: i32, stdout: &str, stderr: &str) -> CaptureStatus {
        exit_status(Some(exit), stdout.as_bytes(), stderr.as_bytes())
    }

    #[test]
    fn output_of_a_command_that_ended_well_is_an_answer() {
        assert_eq!(of(0, "6.12.47\n", ""), CaptureStatus::Ok);
        assert_eq!(of(0, "", ""), CaptureStatus::Ok);
        assert_eq!(of(0, "some\n", "cat: /x: Permission denied\n"), CaptureStatus::Ok);
    }

    #[test]
    fn what_does_not_exist_is_absent() {
        for stderr in [
            "cat: can't open '/proc/x': No such file or directory\n",
            "cat: /proc/x: No such file or directory\n",
            "sh: can't open /proc/modules: no such file or directory\n",
            "sh: 1: cannot open /proc/modules: No such file\n",
            "ip: can't find device 'eth0'\nip: SIOCGIFFLAGS: No such device\n",
            "Device \"eth0\" does not exist.\n",
        ] {
            assert_eq!(of(1, "", stderr), CaptureStatus::Absent, "{stderr}");
            assert_eq!(of(2, "", stderr), CaptureStatus::Absent, "{stderr}");
        }
    }

    #[test]
    fn nothing_found_is_absent() {
        assert_eq!(of(1, "", ""), CaptureStatus::Absent);
        assert_eq!(of(2, "", ""), CaptureStatus::Error);
        assert_eq!(of(1, "half an answer\n", ""), CaptureStatus::Error);
    }

    #[test]
    fn what_was_refused_is_denied() {
        for stderr in [
            "dmesg: klogctl: Operation not permitted\n",
            "dmesg: read kernel buffer failed: Operation not permitted\n",
            "cat: can't open '/proc/kcore': Permission denied\n",
            "sh: can't create /proc/x: permission denied\n",
        ] {
            assert_eq!(of(1, "", stderr), CaptureStatus::Denied, "{stderr}");
        }
        let both = "cat: /a: No such file or directory\ncat: /b: Permission denied\n";
        assert_eq!(of(1, "", both), CaptureStatus::Denied);
    }

    #[test]
    fn a_command_that_is_not_installed_is_an_error() {
        for stderr in [
            "sh: awk: not found\n",
            "/bin/sh: awk: not found\n",
            "sh: 1: awk: not found\n",
            "sh: eval: line 320: awk: not found\n",
            "dash: 12: awk: not found\n",
            "bash: line 1: awk: command not found\n",
        ] {
            assert_eq!(of(127, "", stderr), CaptureStatus::Error, "{stderr}");
            assert_eq!(of(1, "", stderr), CaptureStatus::Error, "{stderr}");
            assert_eq!(of(0, "", stderr), CaptureStatus::Error, "lost in a pipeline: {stderr}");
        }
    }

    #[test]
    fn what_was_killed_or_has_no_known_end_is_an_error() {
        assert_eq!(of(137, "", ""), CaptureStatus::Error);
        assert_eq!(of(126, "", "sh: /x: Permission denied\n"), CaptureStatus::Error);
        assert_eq!(exit_status(None, b"something", b""), CaptureStatus::Error);
    }
}
