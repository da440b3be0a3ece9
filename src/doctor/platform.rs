//! The system around the engines.

use super::answer::Answer;
use super::machine::{Machine, exists, own_folders, read, variable, which};
use std::time::Duration;

/// What the image of the web app and one Kata release need together, roughly.
const ENOUGH: u64 = 2 * 1024 * 1024 * 1024;

/// How long a program may take to state its version.
const VERSION: Duration = Duration::from_secs(5);

/// The first release of gVisor that refuses to truncate files on read-only mounts.
const GVISOR_FIXED: u32 = 20_250_707;

/// Linux, WSL, or something else.
pub fn system(machine: &dyn Machine) -> Answer {
    let release = read(machine, "/proc/sys/kernel/osrelease").unwrap_or_default();
    let release = release.trim();
    let outcome = match machine.os() {
        "linux" if release.to_ascii_lowercase().contains("microsoft") => "wsl",
        "linux" => "linux",
        _ => "other",
    };
    Answer::new("system", outcome)
        .with("os", machine.os())
        .with("release", release)
        .evidence(format!("{} {release}", machine.os()))
}

/// The version of cgroups.
pub fn cgroup(machine: &dyn Machine) -> Answer {
    let below = |name: &str| exists(machine, &format!("/sys/fs/cgroup/{name}"));
    let (outcome, seen) = if below("cgroup.controllers") {
        ("v2", "cgroup.controllers")
    } else if below("unified") {
        ("hybrid", "unified")
    } else if below("memory") || below("pids") {
        ("v1", "a folder per controller")
    } else {
        ("unreadable", "nothing known")
    };
    Answer::new("cgroup", outcome).evidence(format!("/sys/fs/cgroup has {seen}"))
}

/// Free space where engines keep their images.
pub fn disk(machine: &dyn Machine) -> Answer {
    let folder = "/var/lib";
    let Some(free) = machine.free_space(folder) else {
        return Answer::new("disk", "unreadable");
    };
    let gib = free as f64 / f64::from(1 << 30);
    Answer::new("disk", if free >= ENOUGH { "enough" } else { "little" })
        .with("free", format!("{gib:.1}"))
        .with("folder", folder)
        .evidence(format!("{folder}: {free} bytes free"))
}

/// Proxies, by the names of their variables: the values can hold passwords.
pub fn proxy(machine: &dyn Machine) -> Answer {
    let known = ["http_proxy", "https_proxy", "all_proxy"];
    let is_proxy = |name: &str| known.contains(&name.to_ascii_lowercase().as_str());
    let variables = machine.variables();
    let mut names: Vec<&str> = variables
        .iter()
        .filter(|(name, value)| is_proxy(name) && !value.is_empty())
        .map(|(name, _)| name.as_str())
        .collect();
    names.sort_unstable();
    if names.is_empty() {
        return Answer::new("proxy", "none");
    }
    let exempt = variable(machine, "no_proxy").or_else(|| variable(machine, "NO_PROXY"));
    let is_bypassed = exempt.is_some_and(|list| {
        list.split(',').any(|host| matches!(host.trim(), "localhost" | "127.0.0.1" | "*"))
    });
    let names = names.join(", ");
    Answer::new("proxy", if is_bypassed { "bypassed" } else { "set" })
        .with("names", names.clone())
        .evidence(format!("set: {names}"))
}

/// The version of gVisor.
pub fn gvisor(machine: &dyn Machine) -> Answer {
    let Some(path) = which(machine, &own_folders(machine), "runsc") else {
        return Answer::new("gvisor", "absent");
    };
    let argv = [path, "--version".into()];
    let said = machine.run(&argv, VERSION).map(|finished| finished.text()).unwrap_or_default();
    let answer = |outcome| {
        let first = said.lines().next().unwrap_or_default();
        Answer::new("gvisor", outcome).evidence(format!("{}: {first}", argv.join(" ")))
    };
    match release_day(&said) {
        None => answer("unreadable"),
        Some(day) => answer(if day < GVISOR_FIXED { "old" } else { "current" })
            .with("release", day.to_string()),
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
        assert_eq!(system(&wsl).outcome, "wsl");
        assert_eq!(system(&Fake::new().os("macos")).outcome, "other");
        assert_eq!(system(&Fake::new()).outcome, "linux");
    }

    #[test]
    fn the_hierarchy_of_cgroups_tells_its_version() {
        let with = |path: &str| cgroup(&Fake::new().file(&format!("/sys/fs/cgroup/{path}"), ""));
        assert_eq!(with("cgroup.controllers").outcome, "v2");
        assert_eq!(with("unified/cgroup.procs").outcome, "hybrid");
        assert_eq!(with("memory/tasks").outcome, "v1");
        assert_eq!(cgroup(&Fake::new()).outcome, "unreadable");
    }

    #[test]
    fn the_values_of_proxies_are_not_told() {
        let fake = Fake::new().variable("HTTPS_PROXY", "http://user:secret@proxy:1");
        let answer = proxy(&fake);
        assert_eq!(answer.outcome, "set");
        assert!(!format!("{answer:?}").contains("secret"));
        assert_eq!(proxy(&fake.variable("no_proxy", "a, localhost")).outcome, "bypassed");
        assert_eq!(proxy(&Fake::new().variable("http_proxy", "")).outcome, "none");
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
        assert_eq!(gvisor(&fake("runsc version release-20250630.0")).outcome, "old");
        assert_eq!(gvisor(&fake("runsc version release-20250707.0")).outcome, "current");
        assert_eq!(gvisor(&fake("unexpected")).outcome, "unreadable");
        assert_eq!(gvisor(&Fake::new()).outcome, "absent");
    }

    #[test]
    fn little_space_is_told_in_time() {
        assert_eq!(disk(&Fake::new().free(3 << 30)).outcome, "enough");
        assert_eq!(disk(&Fake::new().free(1 << 30)).outcome, "little");
        assert_eq!(disk(&Fake::new()).outcome, "unreadable");
    }
}
