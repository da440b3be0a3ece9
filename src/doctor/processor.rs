//! What the processor says about virtualization. It is a hint and no more.

use super::answer::CheckAnswer;
use super::machine::{Machine, read_text_file};

/// The flags for virtualization, and the one that a hypervisor shows its guests.
pub(super) fn check_cpu_flags(machine: &dyn Machine) -> CheckAnswer {
    let Some(text) = read_text_file(machine, "/proc/cpuinfo") else {
        return CheckAnswer::new("processor", "unreadable");
    };
    let line = text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "flags").then_some(value)
    });
    let Some(line) = line else { return CheckAnswer::new("processor", "other-architecture") };
    let mut present = vec!["vmx", "svm", "hypervisor"];
    present.retain(|flag| line.split_whitespace().any(|word| word == *flag));
    let is_guest = present.contains(&"hypervisor");
    let outcome = match present.contains(&"vmx") || present.contains(&"svm") {
        true => "virtualization",
        false => "plain",
    };
    let shown = if present.is_empty() { "none".into() } else { present.join(", ") };
    CheckAnswer::new("processor", outcome)
        .with_value("flags", present.join(", "))
        .with_value("is_guest", is_guest)
        .with_evidence(format!("/proc/cpuinfo: of vmx, svm and hypervisor there is {shown}"))
}

/// Whether this machine's own guests could start virtual machines.
pub(super) fn check_nested_virtualization(machine: &dyn Machine) -> CheckAnswer {
    for module in ["kvm_intel", "kvm_amd"] {
        let path = format!("/sys/module/{module}/parameters/nested");
        if let Some(value) = read_text_file(machine, &path) {
            let is_on = matches!(value.trim(), "1" | "Y" | "y");
            return CheckAnswer::new("nested", if is_on { "on" } else { "off" })
                .with_value("module", module)
                .with_evidence(format!("{path}: {}", value.trim()));
        }
    }
    CheckAnswer::new("nested", "not-loaded")
}

#[cfg(test)]
mod tests {
    use super::super::testing::Fake;
    use super::*;

    fn with_flags(line: &str) -> CheckAnswer {
        check_cpu_flags(
            &Fake::new().file("/proc/cpuinfo", &format!("processor: 0\nvmx flags : a\n{line}\n")),
        )
    }

    #[test]
    fn flags_are_whole_words_of_the_line_of_flags() {
        assert_eq!(with_flags("flags\t\t: fpu vmx sse").outcome, "virtualization");
        assert_eq!(with_flags("flags\t\t: fpu svm_lock hypervisor").outcome, "plain");
        assert_eq!(with_flags("Features\t: fp asimd").outcome, "other-architecture");
        assert_eq!(check_cpu_flags(&Fake::new()).outcome, "unreadable");
    }

    #[test]
    fn the_nested_parameter_is_a_number_or_a_letter() {
        for (value, outcome) in [("Y\n", "on"), ("1\n", "on"), ("N\n", "off"), ("0\n", "off")] {
            let fake = Fake::new().file("/sys/module/kvm_amd/parameters/nested", value);
            assert_eq!(check_nested_virtualization(&fake).outcome, outcome);
        }
        assert_eq!(check_nested_virtualization(&Fake::new()).outcome, "not-loaded");
    }
}
