//! Kata's shim, its configuration, and the guest that the configuration names.

use toml::{Table, Value};

use super::answer::CheckAnswer;
use super::machine::{
    Machine, find_containerd, find_program, own_folders, path_exists, path_on_machine,
    read_text_file, resolve_link,
};
use crate::engine::VERSION_LIMIT;
use crate::probe::parse::parse_output;
use crate::proc::DaemonSearch;
use crate::process::ExitReason;
use crate::version::VersionNumbers;

/// The shim's program.
const SHIM: &str = "containerd-shim-kata-v2";

/// Where Kata's own archives put the shims, off every search path.
const OFF_PATH: [&str; 2] = ["/opt/kata/bin", "/opt/kata/runtime-rs/bin"];

/// Where the Rust shim looks for its configuration, in order.
const RUST_CONFIGS: [&str; 3] = [
    "/etc/kata-containers/runtime-rs/configuration.toml",
    "/usr/share/defaults/kata-containers/runtime-rs/configuration.toml",
    "/opt/kata/share/defaults/kata-containers/runtime-rs/configuration.toml",
];

/// Where the Go shim looks, in order.
const GO_CONFIGS: [&str; 3] = [
    "/etc/kata-containers/configuration.toml",
    "/usr/share/defaults/kata-containers/configuration.toml",
    "/opt/kata/share/defaults/kata-containers/configuration.toml",
];

/// The first release without the defect of GHSA-2gv2-cffp-j227.
const ADVISORY_FIXED: [u64; 3] = [3, 31, 0];

#[derive(Debug, Default)]
struct KataShim {
    /// Whether it is Kata's own program.
    is_katas: bool,
    version: Option<String>,
    /// `rust` or `go`, if it says so.
    implementation: Option<String>,
}

pub(super) fn check_kata(machine: &dyn Machine) -> Vec<CheckAnswer> {
    let (answer, shim) = check_shim(machine);
    let (config, text) = check_configuration(machine, &shim);
    vec![answer, config, check_guest_files(machine, text.as_ref()), check_advisory(&shim)]
}

/// The shim that containerd would start.
fn check_shim(machine: &dyn Machine) -> (CheckAnswer, KataShim) {
    let containerds = find_containerd(machine);
    let is_hidden = containerds == DaemonSearch::Hidden;
    let own_folders = own_folders(machine);
    let (searched, whose) = match containerds {
        DaemonSearch::Folders(folders) => (folders, "the PATH of containerd"),
        DaemonSearch::Hidden => (own_folders.clone(), "our PATH; that of containerd is hidden"),
        DaemonSearch::Absent => (own_folders.clone(), "our PATH; containerd does not run"),
    };
    let on_path = find_program(machine, &searched, SHIM);
    let is_placed = on_path.is_some();
    let elsewhere = [own_folders, OFF_PATH.map(String::from).to_vec()];
    let Some(path) = on_path
        .or_else(|| elsewhere.iter().find_map(|folders| find_program(machine, folders, SHIM)))
    else {
        let answer = CheckAnswer::new("kata-shim", if is_hidden { "unseen" } else { "absent" });
        let looked = format!("looked for {SHIM} in {whose}; and in {}", OFF_PATH.join(", "));
        return (answer.with_evidence(looked), KataShim::default());
    };
    describe_shim(machine, &path, is_placed, whose)
}

fn describe_shim(
    machine: &dyn Machine,
    path: &str,
    is_placed: bool,
    whose: &str,
) -> (CheckAnswer, KataShim) {
    let target = resolve_link(machine, path);
    let (outcome, said) = identify_program(machine, path, &target);
    let outcome = if outcome == "kata" && !is_placed { "unplaced" } else { outcome };
    // Of a stranger under this name nothing is known.
    let shim = match outcome {
        "kata" | "unplaced" => KataShim {
            is_katas: true,
            version: parse_shim_field("shim_version", &said),
            implementation: parse_shim_field("shim_implementation", &said),
        },
        _ => KataShim::default(),
    };
    let answer = CheckAnswer::new("kata-shim", outcome)
        .with_value("path", path)
        .with_value("target", target.clone())
        .with_value("version", shim.version.clone())
        .with_value("implementation", shim.implementation.clone())
        .with_value("words", said.clone())
        .with_evidence(format!("looked in {whose}; {path} is {target}"));
    let answer = match said.lines().next() {
        Some(first) => answer.with_evidence(format!("{path} --version: {first}")),
        None => answer,
    };
    (answer, shim)
}

/// What a program of the shim's name really is, and what it says when asked for its version.
fn identify_program(machine: &dyn Machine, path: &str, target: &str) -> (&'static str, String) {
    let name = target.rsplit('/').next().unwrap_or(target);
    if !name.to_ascii_lowercase().contains("kata") {
        return ("alias", String::new());
    }
    if starts_with(machine, target, b"#!") {
        return ("wrapper", String::new());
    }
    let argv = [path.to_string(), "--version".into()];
    let finished = match machine.run_command(&argv, VERSION_LIMIT) {
        Ok(finished) if finished.ended == ExitReason::TimedOut => {
            return ("silent", finished.error_summary());
        }
        Ok(finished) => finished,
        Err(error) => return ("unusable", error.message),
    };
    let said = finished.stdout_text();
    let is_kata = parse_output("shim_version", &said).is_some_and(|reading| reading.is_ok());
    (if is_kata { "kata" } else { "stranger" }, said)
}

fn starts_with(machine: &dyn Machine, path: &str, magic: &[u8]) -> bool {
    use std::io::Read;
    let mut head = Vec::new();
    let file = std::fs::File::open(path_on_machine(machine, path));
    let read = file.and_then(|file| file.take(magic.len() as u64).read_to_end(&mut head));
    read.is_ok() && head == magic
}

fn parse_shim_field(parser: &str, said: &str) -> Option<String> {
    parse_output(parser, said)?.ok()?.as_str().map(String::from)
}

/// The configuration that the shim would read.
fn check_configuration(machine: &dyn Machine, shim: &KataShim) -> (CheckAnswer, Option<Table>) {
    let [rust, go] = [&RUST_CONFIGS[..], &GO_CONFIGS[..]]
        .map(|paths| paths.iter().copied().find(|path| path_exists(machine, path)));
    let (own, other) = match shim.implementation.as_deref() {
        Some("rust") => (rust, go),
        Some("go") => (go, rust),
        _ => (rust.or(go), None),
    };
    let looked = format!("looked for {}, {}", RUST_CONFIGS.join(", "), GO_CONFIGS.join(", "));
    let Some(path) = own else {
        let answer = match (other, shim.is_katas) {
            (Some(other), _) => {
                CheckAnswer::new("kata-config", "other-shim").with_value("path", other)
            }
            (None, true) => CheckAnswer::new("kata-config", "absent"),
            (None, false) => CheckAnswer::new("kata-config", "not-checked"),
        };
        return (answer.with_evidence(looked), None);
    };
    let table = read_text_file(machine, path).and_then(|text| text.parse::<Table>().ok());
    let outcome = if table.is_some() { "found" } else { "broken" };
    let answer = CheckAnswer::new("kata-config", outcome)
        .with_value("path", path)
        .with_value(
            "hypervisor",
            table.as_ref().and_then(chosen_hypervisor).map_or("", |(name, _)| name),
        )
        .with_evidence(format!("{path} is {}", resolve_link(machine, path)));
    (answer, table)
}

/// The hypervisor that a configuration chooses: the one that it names, or the only one.
fn chosen_hypervisor(config: &Table) -> Option<(&str, &Table)> {
    let all = config.get("hypervisor")?.as_table()?;
    let named = config.get("runtime").and_then(|runtime| runtime.get("hypervisor_name"));
    let (name, value) = match named.and_then(Value::as_str) {
        Some(name) => all.get_key_value(name)?,
        None if all.len() == 1 => all.iter().next()?,
        None => return None,
    };
    Some((name.as_str(), value.as_table()?))
}

/// The guest's kernel and root file system, which the configuration names.
fn check_guest_files(machine: &dyn Machine, config: Option<&Table>) -> CheckAnswer {
    let Some((_, hypervisor)) = config.and_then(chosen_hypervisor) else {
        return CheckAnswer::new("kata-guest", "not-checked");
    };
    let [kernel, image, initrd] = ["kernel", "image", "initrd"]
        .map(|key| hypervisor.get(key).and_then(Value::as_str).filter(|path| !path.is_empty()));
    let root = image.or(initrd);
    let missing = [kernel, root].into_iter().flatten().find(|path| !path_exists(machine, path));
    let unnamed = match (kernel, root) {
        (None, _) => Some("a kernel"),
        (_, None) => Some("an image"),
        _ => None,
    };
    let (kernel, image) = (kernel.unwrap_or("none"), root.unwrap_or("none"));
    let outcome = if missing.or(unnamed).is_some() { "missing" } else { "found" };
    CheckAnswer::new("kata-guest", outcome)
        .with_value("kernel", kernel)
        .with_value("image", image)
        .with_value("missing", missing.or(unnamed).unwrap_or_default())
        .with_evidence(format!("kernel: {kernel}; image: {image}"))
}

/// GHSA-2gv2-cffp-j227.
fn check_advisory(shim: &KataShim) -> CheckAnswer {
    let Some(version) = &shim.version else {
        return CheckAnswer::new("kata-advisory", "not-checked");
    };
    let outcome = match parse_version_numbers(version) {
        None => "not-checked",
        Some(numbers) if numbers >= ADVISORY_FIXED => "fixed",
        Some(_) if shim.implementation.as_deref() == Some("go") => "not-affected",
        Some(_) => "affected",
    };
    CheckAnswer::new("kata-advisory", outcome).with_value("version", version.clone())
}

/// `3.31.0-rc1` is 3.31.0 for this purpose; a version of another form is none.
fn parse_version_numbers(version: &str) -> Option<[u64; 3]> {
    let VersionNumbers { numbers, suffix } = VersionNumbers::read_beginning(version)?;
    let is_known = suffix.is_empty() || suffix.starts_with(['-', '+']);
    numbers.try_into().ok().filter(|_| is_known)
}

#[cfg(test)]
mod tests {
    use super::super::DoctorWords;
    use super::super::testing::Fake;
    use super::*;
    use crate::knowledge::faults::KnownFaults;

    const RUST: &str = "Kata Containers containerd shim (Rust): id: io.containerd.kata.v2, \
                        version: 3.23.0, commit: 9bde32d";

    fn machine() -> Fake {
        Fake::new().variable("PATH", "/usr/bin")
    }

    fn installed(version: &str) -> Fake {
        machine()
            .file("/usr/bin/containerd-shim-kata-v2", "\x7fELF")
            .says("/usr/bin/containerd-shim-kata-v2 --version", version)
    }

    fn outcomes(machine: &Fake) -> Vec<&'static str> {
        check_kata(machine).iter().map(|answer| answer.outcome).collect()
    }

    #[test]
    fn a_shim_that_is_runcs_under_another_name_is_said_so() {
        let fake = machine()
            .file("/usr/bin/containerd-shim-runc-v2", "\x7fELF")
            .link("/usr/bin/containerd-shim-kata-v2", "/usr/bin/containerd-shim-runc-v2");
        assert_eq!(outcomes(&fake), ["alias", "not-checked", "not-checked", "not-checked"]);
    }

    #[test]
    fn a_script_under_the_shims_name_is_a_wrapper() {
        let fake = machine().file("/usr/bin/containerd-shim-kata-v2", "#!/bin/sh\nexec x\n");
        assert_eq!(outcomes(&fake)[0], "wrapper");
    }

    #[test]
    fn a_program_that_does_not_call_itself_kata_is_a_stranger() {
        assert_eq!(outcomes(&installed("containerd-shim-runc-v2:\n Version: 1.6"))[0], "stranger");
    }

    #[test]
    fn a_shim_that_answers_late_or_cannot_be_run_is_not_called_a_stranger() {
        let shim = machine().file("/usr/bin/containerd-shim-kata-v2", "\x7fELF");
        assert_eq!(outcomes(&shim)[0], "unusable");
        let (answer, _) = check_shim(&shim.hangs("--version"));
        assert_eq!(answer.outcome, "silent");
        assert_eq!(answer.values["words"], "no end after 30 s");
    }

    #[test]
    fn a_shim_that_containerd_does_not_look_for_is_unplaced() {
        let fake = installed(RUST)
            .file("/proc/7/comm", "containerd\n")
            .file("/proc/7/environ", "PATH=/sbin\0");
        assert_eq!(outcomes(&fake)[0], "unplaced");
    }

    #[test]
    fn a_shim_is_not_called_absent_where_nobody_could_look() {
        let fake = machine().file("/proc/7/comm", "containerd\n");
        assert_eq!(outcomes(&fake)[0], "unseen");
        assert_eq!(outcomes(&machine())[0], "absent");
    }

    #[test]
    fn the_rust_shim_does_not_read_the_go_shims_configuration() {
        let fake = installed(RUST).file(GO_CONFIGS[1], "[hypervisor.qemu]\n");
        assert_eq!(outcomes(&fake), ["kata", "other-shim", "not-checked", "affected"]);
    }

    #[test]
    fn the_configuration_names_a_guest_that_must_be_there() {
        let config = "[hypervisor.dragonball]\nkernel = \"/k\"\nimage = \"/i\"\n\
                      [hypervisor.qemu]\nkernel = \"/q\"\n\
                      [runtime]\nhypervisor_name = \"dragonball\"\n";
        let fake = installed(RUST).file(RUST_CONFIGS[2], config).file("/k", "");
        assert_eq!(outcomes(&fake)[1..3], ["found", "missing"]);
        let fake = fake.file("/i", "");
        assert_eq!(outcomes(&fake)[1..3], ["found", "found"]);
    }

    #[test]
    fn a_configuration_that_is_not_toml_is_broken() {
        let fake = installed(RUST).file(RUST_CONFIGS[0], "[hypervisor");
        assert_eq!(outcomes(&fake)[1..3], ["broken", "not-checked"]);
    }

    #[test]
    fn what_was_found_is_told_in_words() {
        let (words, faults) =
            (DoctorWords::load_shipped().unwrap(), KnownFaults::load(None).unwrap());
        let told = |version: &str| -> Vec<String> {
            let config = "[hypervisor.qemu]\nkernel = \"/k\"\nimage = \"/i\"\n";
            let fake = installed(version).file(RUST_CONFIGS[0], config).file("/k", "");
            let say = |answer: &CheckAnswer| words.word_answer(answer, &faults).unwrap().observed;
            check_kata(&fake).iter().map(say).collect()
        };
        assert_eq!(
            told(RUST),
            [
                "3.23.0 (rust), /usr/bin/containerd-shim-kata-v2",
                "/etc/kata-containers/runtime-rs/configuration.toml: qemu",
                "missing: /i",
                "3.23.0 is older than the fix of GHSA-2gv2-cffp-j227",
            ]
        );
        let unstated = told("Kata Containers containerd shim: version: 3.31.0");
        assert_eq!(unstated[0], "3.31.0, /usr/bin/containerd-shim-kata-v2");
    }

    #[test]
    fn the_advisory_is_about_the_rust_runtime_before_3_31() {
        let outcome = |version: &str, implementation: Option<&str>| {
            let shim = KataShim {
                is_katas: true,
                version: Some(version.into()),
                implementation: implementation.map(String::from),
            };
            check_advisory(&shim).outcome
        };
        assert_eq!(outcome("3.23.0", Some("rust")), "affected");
        assert_eq!(outcome("3.23.0", None), "affected");
        assert_eq!(outcome("3.23.0", Some("go")), "not-affected");
        assert_eq!(outcome("3.31.0", Some("rust")), "fixed");
        assert_eq!(outcome("4.1.0", None), "fixed");
        assert_eq!(outcome("3.x", None), "not-checked");
    }
}
