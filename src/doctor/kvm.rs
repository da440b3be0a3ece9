//! /dev/kvm: whether it can be used, which is more than being there.

use super::answer::CheckAnswer;
use super::kvm_device::KvmAnswer;
use super::machine::{Machine, path_exists};

pub(super) fn check_kvm_device(machine: &dyn Machine) -> CheckAnswer {
    let device = "/dev/kvm";
    let answer = machine.query_kvm();
    let (outcome, evidence) = match &answer {
        KvmAnswer::Works(api) => {
            ("works", format!("{device}: KVM_GET_API_VERSION {api}, KVM_CREATE_VM succeeded"))
        }
        KvmAnswer::Absent if path_exists(machine, "/dev/mshv") => {
            ("other-hypervisor", "/dev/mshv is there".into())
        }
        KvmAnswer::Absent => ("absent", format!("{device}: no such file")),
        KvmAnswer::Denied => ("denied", format!("{device}: permission denied")),
        KvmAnswer::Busy(words) => ("busy", format!("{device}: KVM_CREATE_VM: {words}")),
        KvmAnswer::Broken(words) => ("broken", format!("{device}: {words}")),
        KvmAnswer::Unproved => ("unproved", format!("{device} is there")),
    };
    let found = CheckAnswer::new("kvm", outcome).with_evidence(evidence);
    match answer {
        KvmAnswer::Works(api) => found.with_value("api", api),
        KvmAnswer::Broken(words) => found.with_value("words", words),
        _ => found,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Fake;
    use super::*;

    #[test]
    fn being_there_is_not_being_usable() {
        let outcome = |kvm| check_kvm_device(&Fake::new().kvm(kvm)).outcome;
        assert_eq!(outcome(KvmAnswer::Works(12)), "works");
        assert_eq!(outcome(KvmAnswer::Denied), "denied");
        assert_eq!(outcome(KvmAnswer::Busy("busy".into())), "busy");
        assert_eq!(outcome(KvmAnswer::Absent), "absent");
    }

    #[test]
    fn hyper_v_has_a_device_of_its_own() {
        let fake = Fake::new().kvm(KvmAnswer::Absent).file("/dev/mshv", "");
        assert_eq!(check_kvm_device(&fake).outcome, "other-hypervisor");
    }
}
