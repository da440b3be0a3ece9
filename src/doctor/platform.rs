//! The system around the engines.

use super::answer::CheckAnswer;
use super::machine::{
    Machine, environment_variable, find_program, own_folders, path_exists, read_text_file,
};
use crate::engine::VERSION_LIMIT;
use crate::process::ExitReason;
use crate::text::shell_line;

/// What the image of the web app and one Kata release need together, roughly.
const ENOUGH: u64 = 2 * 1024 * 1024 * 1024;

/// The first release of gVisor that refuses to truncate files on read-only mounts.
const GVISOR_FIXED: u32 = 20_250_707;

/// Linux, WSL, or something else.
pub(super) fn check_system(machine: &dyn Machine) -> CheckAnswer {
    let release = read_text_file(machine, "/proc/sys/kernel/osrelease").unwrap_or_default();
    let release = release.trim();
    let outcome = match machine.operating_system() {
        "linux" if release.to_ascii_lowercase().contains("microsoft") => "wsl",
        "linux" => "linux",
        _ => "other",
    };
    CheckAnswer::new("system", outcome)
        .with_value("os", machine.operating_system())
        .with_value("release", release)
        .with_evidence(format!("{} {release}", machine.operating_system()))
}

pub(super) fn check_cgroup(machine: &dyn Machine) -> CheckAnswer {
    let marks = [
        ("cgroup.controllers", "v2", "cgroup.controllers"),
        ("unified", "hybrid", "unified"),
        ("memory", "v1", "a folder per controller"),
        ("pids", "v1", "a folder per controller"),
    ];
    let (_, outcome, seen) = marks
        .into_iter()
        .find(|(name, ..)| path_exists(machine, &format!("/sys/fs/cgroup/{name}")))
        .unwrap_or(("", "unreadable", "nothing known"));
    CheckAnswer::new("cgroup", outcome).with_evidence(format!("/sys/fs/cgroup has {seen}"))
}

/// Free space where engines keep their images.
pub(super) fn check_disk(machine: &dyn Machine) -> CheckAnswer {
    let folder = "/var/lib";
    let Some(free) = machine.free_space(folder) else {
        return CheckAnswer::new("disk", "unreadable");
    };
    let gib = free as f64 / f64::from(1 << 30);
    CheckAnswer::new("disk", if free >= ENOUGH { "enough" } else { "little" })
        .with_value("free", format!("{gib:.1}"))
        .with_value("folder", folder)
        .with_evidence(format!("{folder}: {free} bytes free"))
}

/// Proxies, by the names of their variables: the values can hold passwords.
pub(super) fn check_proxy(machine: &dyn Machine) -> CheckAnswer {
    let known = ["http_proxy", "https_proxy", "all_proxy"];
    let variables = machine.environment_variables();
    let mut names: Vec<&str> = Vec::new();
    for (name, value) in &variables {
        if known.contains(&name.to_ascii_lowercase().as_str()) && !value.is_empty() {
            names.push(name);
        }
    }
    names.sort_unstable();
    if names.is_empty() {
        return CheckAnswer::new("proxy", "none");
    }
    let exempt = environment_variable(machine, "no_proxy")
        .or_else(|| environment_variable(machine, "NO_PROXY"));
    let is_bypassed = exempt.is_some_and(|list| {
        list.split(',').any(|host| matches!(host.trim(), "localhost" | "127.0.0.1" | "*"))
    });
    let names = names.join(", ");
    CheckAnswer::new("proxy", if is_bypassed { "bypassed" } else { "set" })
        .with_value("names", names.clone())
        .with_evidence(format!("set: {names}"))
}

pub(super) fn check_gvisor(machine: &dyn Machine) -> CheckAnswer {
    let Some(path) = find_program(machine, &own_folders(machine), "runsc") else {
        return CheckAnswer::new("gvisor", "absent");
    };
    let argv = [path, "--version".into()];
    let answered = machine.run_command(&argv, VERSION_LIMIT);
    let (failure, said) = match &answered {
        Ok(finished) if finished.is_success() => (None, finished.stdout_text()),
        Ok(finished) if finished.ended == ExitReason::TimedOut => {
            (Some("silent"), finished.error_summary())
        }
        Ok(finished) => (Some("unusable"), finished.error_summary()),
        Err(error) => (Some("unusable"), error.message.clone()),
    };
    let day = if failure.is_none() { release_day(&said) } else { None };
    let outcome = match (failure, day) {
        (Some(outcome), _) => outcome,
        (None, None) => "unreadable",
        (None, Some(day)) if day < GVISOR_FIXED => "old",
        (None, Some(_)) => "current",
    };
    let first = said.lines().next().unwrap_or_default();
    let answer = CheckAnswer::new("gvisor", outcome)
        .with_value("words", first)
        .with_evidence(format!("{}: {first}", shell_line(argv)));
    match day {
        Some(day) => answer.with_value("release", day.to_string()),
        None => answer,
    }
}

/// The day of a release of gVisor: `release-20240729.0`, or Debian's `0.0~20240729.0`.
fn release_day(text: &str) -> Option<u32> {
    let line = text.lines().find(|line| line.starts_with("runsc version"))?;
    let numbers = line.split(|c: char| !c.is_ascii_digit());
    numbers.filter(|digits| digits.len() == 8).find_map(|digits| digits.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::super::testing::Fake;
    use super::*;

    #[test]
    fn windows_and_macs_are_told() {
        let wsl =
            Fake::new().file("/proc/sys/kernel/osrelease", "5.15.153.1-microsoft-standard-WSL2\n");
        assert_eq!(check_system(&wsl).outcome, "wsl");
        assert_eq!(check_system(&Fake::new().os("macos")).outcome, "other");
        assert_eq!(check_system(&Fake::new()).outcome, "linux");
    }

    #[test]
    fn the_hierarchy_of_cgroups_tells_its_version() {
        let with =
            |path: &str| check_cgroup(&Fake::new().file(&format!("/sys/fs/cgroup/{path}"), ""));
        assert_eq!(with("cgroup.controllers").outcome, "v2");
        assert_eq!(with("unified/cgroup.procs").outcome, "hybrid");
        assert_eq!(with("memory/tasks").outcome, "v1");
        assert_eq!(check_cgroup(&Fake::new()).outcome, "unreadable");
    }

    #[test]
    fn the_values_of_proxies_are_not_told() {
        let fake = Fake::new().variable("HTTPS_PROXY", "http://user:secret@proxy:1");
        let answer = check_proxy(&fake);
        assert_eq!(answer.outcome, "set");
        assert!(!format!("{answer:?}").contains("secret"));
        assert_eq!(check_proxy(&fake.variable("no_proxy", "a, localhost")).outcome, "bypassed");
        assert_eq!(check_proxy(&Fake::new().variable("http_proxy", "")).outcome, "none");
    }

    #[test]
    fn a_runsc_that_answers_late_is_not_one_without_a_release() {
        let runsc = || Fake::new().variable("PATH", "/usr/bin").file("/usr/bin/runsc", "");
        assert_eq!(check_gvisor(&runsc().hangs("--version")).outcome, "silent");
        assert_eq!(check_gvisor(&runsc().complains("--version", "no")).outcome, "unusable");
        assert_eq!(check_gvisor(&runsc().says("--version", "x")).outcome, "unreadable");
    }

    #[test]
    fn gvisors_releases_are_days() {
        assert_eq!(release_day("runsc version release-20250707.0\nspec: 1.1"), Some(20_250_707));
        assert_eq!(release_day("runsc version 0.0~20240729.0"), Some(20_240_729));
        assert_eq!(release_day("runsc version VERSION_MISSING"), None);
        let fake = |version: &str| {
            Fake::new()
                .variable("PATH", "/usr/bin")
                .file("/usr/bin/runsc", "\x7fELF")
                .says("/usr/bin/runsc --version", version)
        };
        assert_eq!(check_gvisor(&fake("runsc version release-20250630.0")).outcome, "old");
        assert_eq!(check_gvisor(&fake("runsc version release-20250707.0")).outcome, "current");
        assert_eq!(check_gvisor(&fake("unexpected")).outcome, "unreadable");
        assert_eq!(check_gvisor(&Fake::new()).outcome, "absent");
    }

    #[test]
    fn little_space_is_told_in_time() {
        assert_eq!(check_disk(&Fake::new().free(3 << 30)).outcome, "enough");
        assert_eq!(check_disk(&Fake::new().free(1 << 30)).outcome, "little");
        assert_eq!(check_disk(&Fake::new()).outcome, "unreadable");
    }
}
