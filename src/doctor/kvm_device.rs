//! Asking /dev/kvm whether it works.

/// What /dev/kvm answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KvmAnswer {
    /// It states this version of its interface and makes an empty virtual machine.
    Works(i32),
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
    let made = kvm_ioctls::Kvm::new()
        .and_then(|device| device.create_vm().map(|_| device.get_api_version()));
    let error = match made {
        Ok(api) => return KvmAnswer::Works(api),
        Err(error) => Error::from_raw_os_error(error.errno()),
    };
    match error.kind() {
        ErrorKind::NotFound => KvmAnswer::Absent,
        ErrorKind::PermissionDenied => KvmAnswer::Denied,
        ErrorKind::ResourceBusy => KvmAnswer::Busy(error.to_string()),
        _ => KvmAnswer::Broken(error.to_string()),
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
