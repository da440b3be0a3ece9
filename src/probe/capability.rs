//! Linux capabilities: from the mask that the kernel prints to names.

/// The names by bit number, from `include/uapi/linux/capability.h` (Linux 5.9 and later).
const NAMES: &str = "CAP_CHOWN|CAP_DAC_OVERRIDE|CAP_DAC_READ_SEARCH|CAP_FOWNER|CAP_FSETID|CAP_KILL|CAP_SETGID|\
    CAP_SETUID|CAP_SETPCAP|CAP_LINUX_IMMUTABLE|CAP_NET_BIND_SERVICE|CAP_NET_BROADCAST|\
    CAP_NET_ADMIN|CAP_NET_RAW|CAP_IPC_LOCK|CAP_IPC_OWNER|CAP_SYS_MODULE|CAP_SYS_RAWIO|\
    CAP_SYS_CHROOT|CAP_SYS_PTRACE|CAP_SYS_PACCT|CAP_SYS_ADMIN|CAP_SYS_BOOT|CAP_SYS_NICE|\
    CAP_SYS_RESOURCE|CAP_SYS_TIME|CAP_SYS_TTY_CONFIG|CAP_MKNOD|CAP_LEASE|CAP_AUDIT_WRITE|\
    CAP_AUDIT_CONTROL|CAP_SETFCAP|CAP_MAC_OVERRIDE|CAP_MAC_ADMIN|CAP_SYSLOG|CAP_WAKE_ALARM|\
    CAP_BLOCK_SUSPEND|CAP_AUDIT_READ|CAP_PERFMON|CAP_BPF|CAP_CHECKPOINT_RESTORE";

/// The mask written in one to sixteen hexadecimal digits; none if it is not.
pub(crate) fn parse_mask(hex: &str) -> Option<u64> {
    let digits = !hex.is_empty() && hex.chars().all(|c| c.is_ascii_hexdigit());
    if digits { u64::from_str_radix(hex, 16).ok() } else { None }
}

/// The capabilities that a mask grants, by bit number.
///
/// A bit that has no name yet is given as `CAP_41` and so on: a newer kernel's capability is
/// shown, not dropped.
pub(crate) fn capability_names(mask: u64) -> Vec<String> {
    (0..u64::BITS)
        .filter(|bit| mask >> bit & 1 == 1)
        .map(|bit| {
            let name = NAMES.split('|').nth(bit as usize);
            name.map_or_else(|| format!("CAP_{bit}"), String::from)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_of_container_engines_is_fourteen_capabilities() {
        let names = capability_names(parse_mask("00000000a80425fb").unwrap());
        assert_eq!(names.len(), 14);
        assert!(names.contains(&"CAP_NET_RAW".to_owned()));
        assert!(!names.contains(&"CAP_SYS_ADMIN".to_owned()));
    }

    #[test]
    fn bits_have_the_numbers_of_the_header() {
        for (bit, name) in [(13, "CAP_NET_RAW"), (16, "CAP_SYS_MODULE"), (21, "CAP_SYS_ADMIN")] {
            assert_eq!(capability_names(1 << bit), [name]);
        }
        assert_eq!(capability_names(1 << 40), ["CAP_CHECKPOINT_RESTORE"]);
    }

    #[test]
    fn a_bit_without_a_name_is_not_dropped() {
        assert_eq!(capability_names(1 << 41 | 1), ["CAP_CHOWN", "CAP_41"]);
    }

    #[test]
    fn a_mask_is_hexadecimal_digits_and_nothing_else() {
        assert_eq!(parse_mask("1f"), Some(0x1f));
        for wrong in ["", "+1", "0x1f", "1ffffffffffffffff"] {
            assert_eq!(parse_mask(wrong), None, "{wrong}");
        }
    }
}
