//! /dev/kvm: whether it can be used, which is more than being there.

use super::answer::CheckAnswer;
use super::machine::{Machine, path_exists};

/// What /dev/kvm answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KvmAnswer {
    /// It states this version of its interface and makes an empty virtual machine.
    Works(i32),
    /// It is not there.
    Absent,
    /// The user may not open it.
    Denied,
    /// Something else holds the processor's virtualization.
    Busy(String),
    /// It is there, and does not do its work.
    Broken(String),
    /// It is there, and this program cannot ask it on this architecture.
    #[cfg_attr(
        all(
            target_os = "linux",
            any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
        ),
        allow(dead_code, reason = "made on other architectures only")
    )]
    Unproved,
}

/// Opens /dev/kvm, asks for its version and makes a virtual machine without memory or
/// processors, which goes away with its handle.
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
pub(super) fn probe_kvm() -> KvmAnswer {
    use std::io::{Error, ErrorKind};
    let failed = |error: kvm_ioctls::Error| {
        let error = Error::from_raw_os_error(error.errno());
        match error.kind() {
            ErrorKind::NotFound => KvmAnswer::Absent,
            ErrorKind::PermissionDenied => KvmAnswer::Denied,
            ErrorKind::ResourceBusy => KvmAnswer::Busy(error.to_string()),
            _ => KvmAnswer::Broken(error.to_string()),
        }
    };
    let device = match kvm_ioctls::Kvm::new() {
        Ok(device) => device,
        Err(error) => return failed(error),
    };
    match device.create_vm() {
        Ok(_) => KvmAnswer::Works(device.get_api_version()),
        Err(error) => failed(error),
    }
}

/// Whether /dev/kvm is there.
#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
)))]
pub(super) fn probe_kvm() -> KvmAnswer {
    if std::path::Path::new("/dev/kvm").exists() { KvmAnswer::Unproved } else { KvmAnswer::Absent }
}

/// The check.
pub(super) fn check_kvm_device(machine: &dyn Machine) -> CheckAnswer {
    let device = "/dev/kvm";
    let found = |outcome| CheckAnswer::new("kvm", outcome);
    match machine.query_kvm() {
        KvmAnswer::Works(api) => found("works")
            .with_value("api", api)
            .with_evidence(format!("{device}: KVM_GET_API_VERSION {api}, KVM_CREATE_VM succeeded")),
        KvmAnswer::Absent if path_exists(machine, "/dev/mshv") => {
            found("other-hypervisor").with_evidence("/dev/mshv is there")
        }
        KvmAnswer::Absent => found("absent").with_evidence(format!("{device}: no such file")),
        KvmAnswer::Denied => found("denied").with_evidence(format!("{device}: permission denied")),
        KvmAnswer::Busy(words) => {
            found("busy").with_evidence(format!("{device}: KVM_CREATE_VM: {words}"))
        }
        KvmAnswer::Broken(words) => found("broken")
            .with_value("words", words.clone())
            .with_evidence(format!("{device}: {words}")),
        KvmAnswer::Unproved => found("unproved").with_evidence(format!("{device} is there")),
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
