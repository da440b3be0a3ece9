//! /dev/kvm: whether it can be used, which is more than being there.

use super::answer::Answer;
use super::machine::{Machine, exists};

/// What /dev/kvm answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kvm {
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
    Unproved,
}

/// Opens /dev/kvm, asks for its version and makes a virtual machine without memory or
/// processors, which goes away with its handle.
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
pub fn ask() -> Kvm {
    use std::io::{Error, ErrorKind};
    let failed = |error: kvm_ioctls::Error| {
        let error = Error::from_raw_os_error(error.errno());
        match error.kind() {
            ErrorKind::NotFound => Kvm::Absent,
            ErrorKind::PermissionDenied => Kvm::Denied,
            ErrorKind::ResourceBusy => Kvm::Busy(error.to_string()),
            _ => Kvm::Broken(error.to_string()),
        }
    };
    let device = match kvm_ioctls::Kvm::new() {
        Ok(device) => device,
        Err(error) => return failed(error),
    };
    match device.create_vm() {
        Ok(_) => Kvm::Works(device.get_api_version()),
        Err(error) => failed(error),
    }
}

/// Whether /dev/kvm is there.
#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
)))]
pub fn ask() -> Kvm {
    if std::path::Path::new("/dev/kvm").exists() { Kvm::Unproved } else { Kvm::Absent }
}

/// The check.
pub fn device(machine: &dyn Machine) -> Answer {
    let device = "/dev/kvm";
    let found = |outcome| Answer::new("kvm", outcome);
    match machine.kvm() {
        Kvm::Works(api) => found("works")
            .with("api", api)
            .evidence(format!("{device}: KVM_GET_API_VERSION {api}, KVM_CREATE_VM succeeded")),
        Kvm::Absent if exists(machine, "/dev/mshv") => {
            found("other-hypervisor").evidence("/dev/mshv is there")
        }
        Kvm::Absent => found("absent").evidence(format!("{device}: no such file")),
        Kvm::Denied => found("denied").evidence(format!("{device}: permission denied")),
        Kvm::Busy(words) => found("busy").evidence(format!("{device}: KVM_CREATE_VM: {words}")),
        Kvm::Broken(words) => {
            found("broken").with("words", words.clone()).evidence(format!("{device}: {words}"))
        }
        Kvm::Unproved => found("unproved").evidence(format!("{device} is there")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Fake;
    use super::*;

    #[test]
    fn being_there_is_not_being_usable() {
        let outcome = |kvm| device(&Fake::new().kvm(kvm)).outcome;
        assert_eq!(outcome(Kvm::Works(12)), "works");
        assert_eq!(outcome(Kvm::Denied), "denied");
        assert_eq!(outcome(Kvm::Busy("busy".into())), "busy");
        assert_eq!(outcome(Kvm::Absent), "absent");
    }

    #[test]
    fn hyper_v_has_a_device_of_its_own() {
        let fake = Fake::new().kvm(Kvm::Absent).file("/dev/mshv", "");
        assert_eq!(device(&fake).outcome, "other-hypervisor");
    }
}
