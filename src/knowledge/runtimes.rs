//! Which runtime a target is, by the evidence about it.

use crate::model::{Run, Target, fact_ids};

/// Whether a name or a handler names a runtime (`kata`, `runc`): `io.containerd.kata.v2`,
/// `kata-qemu` and `/usr/bin/kata-runtime` name Kata, `katana` does not.
pub(crate) fn names_runtime(text: &str, runtime: &str) -> bool {
    text.to_ascii_lowercase().split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        word.strip_prefix(runtime)
            .is_some_and(|rest| rest == "containers" || rest.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// Whether a target is a runtime. What its program says of itself decides; where that was not
/// captured, the handler that the engine was asked for; and where no handler is known, its name.
pub(crate) fn is_runtime(run: &Run, target: &Target, runtime: &str) -> bool {
    let program = run.find_fact(fact_ids::RUNTIME_PROGRAM_VERSION, &target.name);
    let said = program.and_then(|fact| fact.as_str()).or(target.handler.as_deref());
    names_runtime(said.unwrap_or(&target.name), runtime)
}

/// The version in gVisor's sources, constant in old releases and new ones.
pub(crate) const GVISOR_VERSION: &str = "#1 SMP Sun Jan 10 15:06:54 PST 2016";

/// Whether the banner is that of a kernel built for Kata guests: by a builder without a name, as
/// its images are, or with the name of its kernel or of its monitor.
pub(crate) fn is_kata_build(banner: &str) -> bool {
    let banner = banner.to_lowercase();
    ["(@", "kata", "dragonball"].iter().any(|mark| banner.contains(mark))
}

/// Whether a line of a kernel's log names a monitor of virtual machines, in the tables of its
/// firmware: `ACPI: RSDP 0x00000000000E0000 000024 (v02 FIRECK)`, `DMI: Cloud Hypervisor …`.
pub(crate) fn names_monitor(line: &str) -> bool {
    const TABLES: [&str; 4] = ["FIRECK", "CLOUDH", "BOCHS", "CROSVM"];
    const MACHINES: [&str; 4] = ["QEMU", "Cloud Hypervisor", "ChromiumOS crosvm", "Firecracker"];
    let (names, rest) = match line.split_once(": ") {
        Some(("ACPI", rest)) => (TABLES, rest),
        Some(("DMI", rest)) => (MACHINES, rest),
        _ => return false,
    };
    names.iter().any(|name| rest.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::rules::testing::sketch;

    #[test]
    fn a_word_of_a_name_or_handler_names_a_runtime() {
        for named in
            ["kata", "io.containerd.kata.v2", "kata-qemu", "/opt/bin/kata-runtime", "Kata2"]
        {
            assert!(names_runtime(named, "kata"), "{named}");
        }
        for other in ["", "katana", "io.containerd.runsc.v1", "akata", "crun"] {
            assert!(!names_runtime(other, "kata") && !names_runtime(other, "runc"), "{other}");
        }
    }

    #[test]
    fn what_the_program_says_weighs_more_than_the_handler_and_that_more_than_the_name() {
        let is_kata = |name: &str, handler: Option<&str>, says: Option<&str>| {
            let mut run = match says {
                Some(says) => sketch().fact("runtime.program_version", "kata", says).run,
                None => sketch().run,
            };
            let target = run.targets.iter_mut().find(|target| target.name == "kata").unwrap();
            target.name = name.into();
            target.handler = handler.map(String::from);
            let target = target.clone();
            is_runtime(&run, &target, "kata")
        };
        let (shim, gvisor) = ("Kata Containers containerd shim (Golang)", "runsc version 1");
        assert!(is_kata("kata", None, None));
        assert!(is_kata("vm", Some("io.containerd.kata.v2"), None));
        assert!(is_kata("kata", Some("machine"), Some(shim)));
        assert!(!is_kata("kata", Some("runsc"), None));
        assert!(!is_kata("kata", Some("kata"), Some(gvisor)));
        assert!(!is_kata("vm", None, None));
    }
}
