//! Every way in which real evidence deviates from the lab's instructions.

#[path = "support/lab12.rs"]
mod support;

mod customer {
    use super::support::Facts;
    use isoproof::lab12::edition::Edition;
    use isoproof::lab12::import::read_files;
    use isoproof::lab12::readers::read_lab_captures;
    use isoproof::model::{Fact, MissingReason};
    use serde_json::json;
    use std::path::Path;

    fn customer() -> Facts {
        let captures = read_files(Path::new("tests/import/customer")).unwrap();
        assert_eq!(captures.len(), 14);
        Facts(read_lab_captures(&captures))
    }

    #[test]
    fn the_first_real_directory_is_read_completely() {
        let facts = customer();
        assert_eq!(facts.0.edition, Edition::F25);
        let names: Vec<&str> = facts.0.targets.iter().map(|target| target.name.as_str()).collect();
        assert_eq!(names, ["host", "runc", "kata"]);
        assert_eq!(facts.0.targets[2].handler.as_deref(), Some("io.containerd.kata.v2"));
        let banner = "Linux version 6.12.47 (@4bcec8f4443d) (gcc (Ubuntu 11.4.0-1ubuntu1~22.04.2) \
                      11.4.0, GNU ld (GNU Binutils for Ubuntu) 2.38) #1 SMP Fri Nov 14 15:34:06 \
                      UTC 2025";
        facts
            .text("runtime.version", "kata", "3.23.0")
            .text("runtime.implementation", "kata", "rust")
            .text("runtime.commit", "kata", "bfc9e446e1f4e7db2741dc953c034447d55ec9b2")
            .text("kernel.release", "kata", "6.12.47")
            .at("kernel.release", "kata", "kata/kernel.txt", 1)
            .text("kernel.release", "host", "6.16.5-arch1-1")
            .at("kernel.release", "host", "analysis/kernel-comparison.txt", 2)
            .missing("kernel.release", "runc", MissingReason::NotStated)
            .text("kernel.release_compared", "kata", "6.12.47")
            .text("kernel.banner", "kata", banner)
            .at("kernel.banner", "kata", "analysis/kernel-comparison.txt", 3)
            .text("kernel.dmesg_banner", "kata", banner)
            .text(
                "kernel.uname",
                "kata",
                "Linux 521fcc5db8fe 6.12.47 #1 SMP Fri Nov 14 15:34:06 UTC 2025 x86_64 Linux",
            )
            .number("kernel.dmesg_lines", "kata", 4)
            .at("kernel.dmesg_lines", "kata", "isolation/dmesg.txt", 4)
            .text("evidence.logged_at", "kata", "2025-11-27T21:57:34+03:00")
            .number("app.health_status", "runc", 503)
            .number("proc.entries", "host", 322)
            .number("proc.entries", "kata", 52)
            .at("proc.entries", "kata", "isolation/proc.txt", 3)
            .missing("proc.entries", "runc", MissingReason::NotStated)
            .number("kernel.sys_module", "host", 332)
            .number("kernel.sys_module", "kata", 72);
        let cmdline = facts.get("kernel.cmdline", "kata").as_str().unwrap();
        assert!(cmdline.starts_with("reboot=k panic=1") && cmdline.ends_with("8K@0xe0002000:5"));
    }

    #[test]
    fn its_processors_interfaces_and_measurements_are_read() {
        let facts = customer();
        facts
            .text("cpu.model", "host", "Intel(R) Core(TM) i5-8265U CPU @ 1.60GHz")
            .at("cpu.model", "host", "analysis/cpu-comparison.txt", 3)
            .text("cpu.model", "kata", "Intel(R) Xeon(R) Processor @ 1.60GHz")
            .at("cpu.model", "kata", "kata/cpu.txt", 1)
            .text("cpu.model_compared", "kata", "Intel(R) Xeon(R) Processor @ 1.60GHz")
            .json(
                "net.interfaces",
                "kata",
                json!([
                    {"name": "lo", "mac": "00:00:00:00:00:00", "ipv4": ["127.0.0.1/8"],
                     "ipv6": ["::1/128"]},
                    {"name": "eth0", "mac": "d2:e2:eb:78:ed:94", "ipv4": ["10.4.0.15/24"],
                     "ipv6": ["fe80::d0e2:ebff:fe78:ed94/64"]},
                ]),
            )
            .at("net.interfaces", "kata", "isolation/network.txt", 3)
            .missing("startup.wall", "runc", MissingReason::Empty)
            .missing("startup.wall", "kata", MissingReason::Empty)
            .at("startup.wall", "kata", "bench/startup.txt", 3)
            .json(
                "http.latency_reported",
                "runc",
                json!({"avg": 0.0001, "min": 0.0001, "max": 0.0005, "n": 50}),
            );
        let Fact::Series(samples) = facts.get("http.latency", "runc") else { panic!("no samples") };
        assert_eq!(samples.values.len(), 50);
        assert_eq!((samples.values[0], samples.values[49]), (0.000455, 0.000132));
    }
}

/// Two-label files of counts, kernels and processors: the canonical bodies around a change.
mod bodies {
    pub const KERNELS: &str = "=== Kernel Version Comparison ===\n\
        Host kernel (runc uses this): 6.8.0-49-generic\n\
        Kata guest kernel: Linux version 6.12.47 (@4bcec8f4443d) (gcc 11.4.0) #1 SMP Fri Nov 14\n";
}

mod encoding_and_noise {
    use super::bodies::KERNELS;
    use super::support::{Facts, captures, one, reading};
    use isoproof::lab12::readers::read_lab_captures;
    use isoproof::model::MissingReason;
    use serde_json::json;

    fn bytes(path: &str, bytes: &[u8]) -> Facts {
        Facts(read_lab_captures(&captures(&[(path, bytes)])))
    }

    #[test]
    fn a_byte_order_mark_is_stripped() {
        one("runc/health.txt", "\u{feff}juice-runc: HTTP 200\n")
            .number("app.health_status", "runc", 200)
            .at("app.health_status", "runc", "runc/health.txt", 1);
        one("isolation/proc.txt", "\u{feff}Host: 300\nKata VM: 52").number(
            "proc.entries",
            "host",
            300,
        );
    }

    #[test]
    fn carriage_returns_end_lines() {
        one("isolation/proc.txt", "=== x ===\r\nHost: 300\r\nKata VM: 52\r\n")
            .number("proc.entries", "host", 300)
            .number("proc.entries", "kata", 52)
            .at("proc.entries", "kata", "isolation/proc.txt", 3);
        one(
            "bench/startup.txt",
            "runc:\rpulling 10%\rpulling 90%\rreal 0m0.5s\rKata:\rreal 0m1.5s",
        )
        .series("startup.wall", "runc", &[0.5])
        .series("startup.wall", "kata", &[1.5])
        .at("startup.wall", "kata", "bench/startup.txt", 6);
    }

    #[test]
    fn utf_16_is_decoded_whole_or_in_fragments() {
        let text = "=== x ===\r\nHost: 300\r\nKata VM: 52\r\n";
        let whole: Vec<u8> =
            format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        bytes("isolation/proc.txt", &whole).number("proc.entries", "host", 300).at(
            "proc.entries",
            "kata",
            "isolation/proc.txt",
            3,
        );
        let mut mixed = b"=== x ===\nHost: 300\n".to_vec();
        mixed.extend("Kata VM: 52\r\n".encode_utf16().flat_map(u16::to_le_bytes));
        mixed.extend(b"W\0S\0L\0 \xff\xfe\n");
        bytes("isolation/proc.txt", &mixed)
            .number("proc.entries", "host", 300)
            .number("proc.entries", "kata", 52)
            .at("proc.entries", "kata", "isolation/proc.txt", 3);
    }

    #[test]
    fn the_last_line_counts_without_a_newline() {
        one("kata/kernel.txt", "6.1.2").text("kernel.release", "kata", "6.1.2");
    }

    #[test]
    fn a_decimal_comma_is_a_decimal_point() {
        one("bench/startup.txt", "runc:\nreal\t0m0,500s\nKata:\nreal\t0m1,25s\n")
            .series("startup.wall", "runc", &[0.5])
            .series("startup.wall", "kata", &[1.25]);
    }

    #[test]
    fn a_summary_of_zeros_from_a_comma_locale_stands_beside_the_samples() {
        reading(&[
            ("bench/curl-3012.txt", "0,001200\n0,001400\n"),
            ("bench/http-latency.txt", "avg=0,0000s min=0,0000s max=0,0000s n=2\n"),
        ])
        .series("http.latency", "runc", &[0.0012, 0.0014])
        .json(
            "http.latency_reported",
            "runc",
            json!({"avg": 0.0, "min": 0.0, "max": 0.0, "n": 2}),
        );
    }

    #[test]
    fn escapes_and_literal_tabs_are_stripped() {
        one("kata/cpu.txt", r"model name\t: Some CPU X").text("cpu.model", "kata", "Some CPU X");
        one("kata/kernel.txt", "\u{1b}[1;32m6.1.2\u{1b}[0m\n").text(
            "kernel.release",
            "kata",
            "6.1.2",
        );
        one("isolation/proc.txt", "\u{1b}[33mHost:\u{1b}[0m 3\nKata VM: 4\n").number(
            "proc.entries",
            "host",
            3,
        );
    }

    #[test]
    fn prose_in_any_script_may_surround_values() {
        one(
            "isolation/proc.txt",
            "Число записей в /proc — см. ниже\nHost: 300 — на хосте\nKata VM: 52 — меньше\n",
        )
        .number("proc.entries", "host", 300)
        .number("proc.entries", "kata", 52);
    }

    #[test]
    fn engine_messages_are_no_values_and_tell_the_time() {
        let log = "time=\"2026-01-02T03:04:05Z\" level=warning msg=\"cannot set \\\"x\\\"\"\n";
        one("isolation/proc.txt", &format!("Host: 300\nKata VM: {log}52\n"))
            .number("proc.entries", "kata", 52)
            .at("proc.entries", "kata", "isolation/proc.txt", 3)
            .text("evidence.logged_at", "kata", "2026-01-02T03:04:05Z");
        one("kata/kernel.txt", "WARN[0000] cannot set cgroup manager to \"systemd\"\n6.1.2\n")
            .text("kernel.release", "kata", "6.1.2")
            .at("kernel.release", "kata", "kata/kernel.txt", 2);
        one("bench/startup.txt", &format!("runc:\n{log}real 0m0.4s\nKata:\n{log}real 0m1.4s\n"))
            .series("startup.wall", "runc", &[0.4])
            .series("startup.wall", "kata", &[1.4]);
    }

    #[test]
    fn a_warning_with_a_time_stamp_is_no_kernel_line() {
        one(
            "isolation/dmesg.txt",
            "=== dmesg Access Test ===\nKata VM:\n[    0.000000] level=warning msg=\"x\"\n\
             [    0.000000] Linux version 6.1.2 (a@b) #1 SMP\n[    0.1000] x\n",
        )
        .number("kernel.dmesg_lines", "kata", 2)
        .at("kernel.dmesg_lines", "kata", "isolation/dmesg.txt", 4);
    }

    #[test]
    fn a_fatal_message_is_the_reason() {
        let fatal =
            "time=\"2026-01-02T03:04:05Z\" level=fatal msg=\"failed to create shim task: no vm\"\n";
        one("kata/kernel.txt", fatal)
            .missing("kernel.release", "kata", MissingReason::ErrorText)
            .because("kernel.release", "kata", "failed to create shim task: no vm")
            .at("kernel.release", "kata", "kata/kernel.txt", 1);
        one("isolation/proc.txt", &format!("Host: 300\nKata VM: {fatal}0\n"))
            .number("proc.entries", "host", 300)
            .missing("proc.entries", "kata", MissingReason::ErrorText);
        one("kata/cpu.txt", "FATA[0001] unknown runtime").missing(
            "cpu.model",
            "kata",
            MissingReason::ErrorText,
        );
        one("kata/test1.txt", fatal).missing("kernel.uname", "kata", MissingReason::ErrorText);
        one("isolation/dmesg.txt", &format!("Kata VM:\n{fatal}"))
            .missing("kernel.dmesg_lines", "kata", MissingReason::ErrorText)
            .missing("kernel.cmdline", "kata", MissingReason::ErrorText);
        one("isolation/network.txt", &format!("Kata VM network:\n{fatal}")).missing(
            "net.interfaces",
            "kata",
            MissingReason::ErrorText,
        );
    }

    #[test]
    fn narrative_is_no_value_and_is_ignored_after_one() {
        one("kata/kernel.txt", "Kata kernel: N/A, no KVM here\n").missing(
            "kernel.release",
            "kata",
            MissingReason::NarrativeText,
        );
        one("kata/kernel.txt", "6.1.2 (this is the guest)\nIt differs from 6.8.0 on the host.\n")
            .text("kernel.release", "kata", "6.1.2");
        one("isolation/proc.txt", "Host: 300\nKata VM: not available on this machine\n").missing(
            "proc.entries",
            "kata",
            MissingReason::NarrativeText,
        );
        one("isolation/modules.txt", "Host kernel modules: 300\nKata guest kernel modules: many\n")
            .missing("kernel.sys_module", "kata", MissingReason::NotNumeric);
    }

    #[test]
    fn headers_are_optional_and_labels_loose() {
        one(
            "analysis/kernel-comparison.txt",
            "host kernel (runc uses this):6.8.0\nKATA GUEST KERNEL:6.1.2",
        )
        .text("kernel.release", "host", "6.8.0")
        .text("kernel.release_compared", "kata", "6.1.2");
        one("bench/startup.txt", "## runc:\nreal 0m0.5s\n- Kata -\nreal 0m1.5s\n")
            .series("startup.wall", "runc", &[0.5])
            .series("startup.wall", "kata", &[1.5]);
        one(
            "isolation/proc.txt",
            "$ echo \"=== /proc Entries Count ===\"\n$ ls /proc | wc -l\nhost:   300\n\
             sudo nerdctl run --rm --runtime io.containerd.kata.v2 alpine:3.19 sh -c \"ls /proc | wc -l\"\n\
             kata vm:52\n",
        )
        .number("proc.entries", "host", 300)
        .number("proc.entries", "kata", 52);
        one("analysis/kernel-comparison.txt", KERNELS).text(
            "kernel.release",
            "host",
            "6.8.0-49-generic",
        );
    }
}

mod names_and_places {
    use super::support::{captures, one, reading};
    use isoproof::lab12::edition::Edition;
    use isoproof::lab12::import::read_files;
    use isoproof::lab12::readers::slot_of;
    use isoproof::model::{CaptureOrigin, CaptureStatus};
    use std::fs;
    use tempfile::TempDir;

    fn slot(path: &str) -> Option<&'static str> {
        slot_of(path).map(|slot| slot.path)
    }

    #[test]
    fn other_names_find_their_slot() {
        for (found, canonical) in [
            (" bench/curl-3012.txt", "bench/curl-3012.txt"),
            ("bench/ curl-3012.txt", "bench/curl-3012.txt"),
            ("bench/\u{200e}curl-3012.txt", "bench/curl-3012.txt"),
            ("bench/\u{feff}startup.txt", "bench/startup.txt"),
            ("bench/curl-3013.txt", "bench/curl-3012.txt"),
            ("kata-built-version.txt", "setup/kata-built-version.txt"),
            ("setup/kata-shim-version.txt", "setup/kata-built-version.txt"),
            ("kata/tests.txt", "kata/test1.txt"),
            ("bench/runc-startup.txt", "bench/runc-startup.txt"),
            ("isolation/host-proc-count.txt", "isolation/host-proc-count.txt"),
            ("isolation/host-modules-count.txt", "isolation/host-modules-count.txt"),
            ("results/runc-kernel.txt", "results/runc-kernel.txt"),
            ("results/kata-kernel.txt", "results/kata-kernel.txt"),
            ("results/startup.txt", "results/startup.txt"),
            ("results/io.txt", "results/io.txt"),
        ] {
            assert_eq!(slot(found), Some(canonical), "{found}");
        }
        for path in ["README.md", "kata", "bench/notes.txt", "setup/build-kata.sh", "a/b/c.png"] {
            assert_eq!(slot(path), None, "{path}");
        }
    }

    #[test]
    fn the_path_that_was_used_is_recorded() {
        one("bench/ curl-3013.txt", "0.0012\n").series("http.latency", "runc", &[0.0012]).at(
            "http.latency",
            "runc",
            "bench/ curl-3013.txt",
            1,
        );
        one("kata/tests.txt", "Linux 1a2b 6.1.2 #1 SMP x\n").at(
            "kernel.uname",
            "kata",
            "kata/tests.txt",
            1,
        );
        reading(&[
            ("isolation/host-proc-count.txt", "300\n"),
            ("isolation/host-modules-count.txt", "120\n"),
        ])
        .number("proc.entries", "host", 300)
        .at("proc.entries", "host", "isolation/host-proc-count.txt", 1)
        .number("kernel.sys_module", "host", 120);
        reading(&[("bench/runc-startup.txt", "real 0m0.4s\n")])
            .series("startup.wall", "runc", &[0.4])
            .at("startup.wall", "runc", "bench/runc-startup.txt", 1);
    }

    #[test]
    fn of_two_files_for_one_slot_a_readable_one_wins_and_none_is_lost() {
        let slots = |files: &[(&str, &[u8])]| {
            captures(files)
                .into_iter()
                .map(|capture| match capture.origin {
                    CaptureOrigin::File { path, slot } => (path, slot.is_some()),
                    other => unreachable!("{other:?}"),
                })
                .collect::<Vec<_>>()
        };
        let good: &[u8] = b"0.001\n";
        let both = slots(&[("bench/curl-3012.txt", good), ("bench/curl-3013.txt", good)]);
        assert_eq!(
            both,
            [("bench/curl-3012.txt".into(), true), ("bench/curl-3013.txt".into(), false)]
        );
        let other = slots(&[("bench/curl-3012.txt", b""), ("bench/curl-3013.txt", good)]);
        assert_eq!(
            other,
            [("bench/curl-3012.txt".into(), false), ("bench/curl-3013.txt".into(), true)]
        );
        let none = slots(&[("bench/curl-3013.txt", b"x"), ("bench/curl-3012.txt", b"")]);
        assert_eq!(
            none,
            [("bench/curl-3013.txt".into(), false), ("bench/curl-3012.txt".into(), true)]
        );
    }

    fn tree(files: &[(&str, &[u8])]) -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        dir
    }

    fn ids(dir: &TempDir) -> Vec<String> {
        read_files(dir.path()).unwrap().into_iter().map(|capture| capture.id).collect()
    }

    #[test]
    fn the_lab_is_found_from_above() {
        let dir = tree(&[
            ("labs/lab12/kata/kernel.txt", b"6.1.2\n"),
            ("labs/lab12/analysis/x.md", b"hello\n"),
            ("labs/lab11/setup/kernel.txt", b"x\n"),
            ("labs/submission12.md", b"# x\n"),
            ("src/main.rs", b"fn main() {}\n"),
        ]);
        assert_eq!(ids(&dir), ["analysis/x.md", "kata/kernel.txt"]);
        let labs = read_files(&dir.path().join("labs")).unwrap();
        assert_eq!(labs[1].id, "kata/kernel.txt");
        let lab = read_files(&dir.path().join("labs/lab12")).unwrap();
        assert_eq!(lab[1].id, "kata/kernel.txt");
        assert_eq!(lab[1].target.as_deref(), Some("kata"));
    }

    #[test]
    fn a_folder_without_evidence_is_unusable_input() {
        let dir = tree(&[("README.md", b"hello\n")]);
        let error = read_files(dir.path()).unwrap_err();
        assert_eq!(error.kind, isoproof::error::ErrorKind::Input);
        assert!(error.help.unwrap().contains("kata/kernel.txt"));
        let error = read_files(&dir.path().join("nowhere")).unwrap_err();
        assert_eq!(error.kind, isoproof::error::ErrorKind::Input);
    }

    #[test]
    fn empty_files_and_binaries_without_a_slot_are_nothing() {
        let dir = tree(&[
            ("setup/containerd-shim-kata-v2", b""),
            ("setup/kata", b"\x7fELF\0\0\0"),
            ("kata/kernel.txt", b""),
            ("notes.txt", b""),
            ("shot.png", b"png"),
        ]);
        let ids = ids(&dir);
        assert!(ids.contains(&"kata/kernel.txt".to_string()));
        assert!(!ids.contains(&"notes.txt".to_string()) && !ids.contains(&"shot.png".to_string()));
    }

    #[test]
    fn a_long_file_is_kept_as_its_beginning() {
        let mut long = b"6.1.2\n".to_vec();
        long.resize(3 << 20, b'x');
        let dir = tree(&[("kata/kernel.txt", &long)]);
        let captures = read_files(dir.path()).unwrap();
        assert_eq!(captures[0].status, CaptureStatus::Truncated);
        assert_eq!(captures[0].stdout.decoded_bytes().unwrap().len(), 1 << 20);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        let dir = tree(&[("kata/kernel.txt", b"6.1.2\n")]);
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("kata/cpu.txt")).unwrap();
        std::os::unix::fs::symlink("/", dir.path().join("all")).unwrap();
        // A link in the place of a file that the lab asks for is named, and not read.
        assert_eq!(ids(&dir), ["kata/cpu.txt", "kata/kernel.txt"]);
        let link = read_files(dir.path()).unwrap().remove(0);
        assert!(link.stdout.decoded_bytes().unwrap().is_empty());
        assert_ne!(link.status, CaptureStatus::Ok);
    }

    #[test]
    fn the_newer_edition_is_known_by_its_places() {
        let facts = reading(&[
            ("results/runc-kernel.txt", "6.8.0-49-generic\n"),
            ("results/kata-kernel.txt", "6.12.47\n"),
            (
                "results/startup.txt",
                "== runc startup ==\n0.41\n0.42\n0.40\n0.43\n0.44\n== kata startup ==\n1.4\n1.5\n1.6\n1.7\n1.8\n",
            ),
            (
                "results/io.txt",
                "== runc io ==\n536870912 bytes (537 MB, 512 MiB) copied, 1.25 s, 429 MB/s\n\
                 == kata io ==\n536870912 bytes (512.0MB) copied, 2.500000 seconds, 204.8MB/s\n",
            ),
        ]);
        assert_eq!(facts.0.edition, Edition::S26);
        facts
            .text("kernel.release", "runc", "6.8.0-49-generic")
            .text("kernel.release", "kata", "6.12.47")
            .series("startup.wall", "runc", &[0.41, 0.42, 0.4, 0.43, 0.44])
            .series("startup.wall", "kata", &[1.4, 1.5, 1.6, 1.7, 1.8])
            .json(
                "perf.io_write",
                "runc",
                serde_json::json!({"bytes": 536_870_912, "seconds": 1.25}),
            )
            .json(
                "perf.io_write",
                "kata",
                serde_json::json!({"bytes": 536_870_912, "seconds": 2.5}),
            );
    }
}

mod slots_holding_something_else {
    use super::support::{one, reading};
    use isoproof::model::MissingReason;

    #[test]
    fn a_third_role_is_a_target_of_its_own() {
        one("isolation/proc.txt", "Host: 300\nrunc container: 60\nKata VM: 52\n")
            .number("proc.entries", "host", 300)
            .number("proc.entries", "runc", 60)
            .number("proc.entries", "kata", 52);
        one("isolation/proc.txt", "Host: 300\nrunc container: 60\n")
            .number("proc.entries", "runc", 60)
            .missing("proc.entries", "kata", MissingReason::RuncContainerOnly);
        one("isolation/modules.txt", "Host kernel modules: 300\n").missing(
            "kernel.sys_module",
            "kata",
            MissingReason::NoGuestSection,
        );
        one("isolation/modules.txt", "Kata guest kernel modules: 72\n").missing(
            "kernel.sys_module",
            "host",
            MissingReason::NoHostLine,
        );
    }

    #[test]
    fn the_hosts_value_in_the_guests_place_is_no_guest_value() {
        reading(&[
            ("kata/kernel.txt", "6.8.0-49-generic\n"),
            ("kata/test1.txt", "Linux pine 6.8.0-49-generic #49-Ubuntu SMP x86_64 GNU/Linux\n"),
            (
                "analysis/kernel-comparison.txt",
                "Host kernel (runc uses this): 6.8.0-49-generic\nKata guest kernel: 6.8.0-49-generic\n",
            ),
        ])
        .text("kernel.release", "host", "6.8.0-49-generic")
        .missing("kernel.release", "kata", MissingReason::HostValuesOnly)
        .missing("kernel.uname", "kata", MissingReason::HostValuesOnly);
        one("kata/kernel.txt", "Host kernel: 6.8.0\n").missing(
            "kernel.release",
            "kata",
            MissingReason::HostValuesOnly,
        );
        one("kata/kernel.txt", "6.6.87.2-microsoft-standard-WSL2\n").missing(
            "kernel.release",
            "kata",
            MissingReason::HostValuesOnly,
        );
    }

    #[test]
    fn a_hosts_interface_list_without_a_label_is_not_the_guests() {
        let host = "1: lo: <LOOPBACK,UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n\
                    2: enp3s0: <BROADCAST> mtu 1500\n    link/ether aa:bb:cc:dd:ee:ff brd ff:ff:ff:ff:ff:ff\n\
                    3: docker0: <BROADCAST> mtu 1500\n";
        one("isolation/network.txt", host).missing(
            "net.interfaces",
            "kata",
            MissingReason::HostValuesOnly,
        );
        one("isolation/network.txt", &format!("Kata VM network:\n{host}")).missing(
            "net.interfaces",
            "kata",
            MissingReason::HostValuesOnly,
        );
        one("isolation/network.txt", &format!("Host network:\n{host}")).missing(
            "net.interfaces",
            "kata",
            MissingReason::HostValuesOnly,
        );
    }

    #[test]
    fn a_hosts_log_is_not_the_guests() {
        let host = "[    0.000000] Linux version 6.8.0-49-generic (b@x) #49\n\
                    [    0.000000] Command line: BOOT_IMAGE=/boot/vmlinuz-6.8.0-49-generic root=UUID=x ro quiet\n";
        for head in ["", "=== dmesg ===\n", "Kata VM:\n", "Host:\n"] {
            one("isolation/dmesg.txt", &format!("{head}{host}"))
                .missing("kernel.dmesg_lines", "kata", MissingReason::HostValuesOnly)
                .missing("kernel.dmesg_banner", "kata", MissingReason::HostValuesOnly)
                .missing("kernel.cmdline", "kata", MissingReason::HostValuesOnly);
        }
    }

    #[test]
    fn a_host_block_before_the_guests_is_left_alone() {
        let log = "Host:\n[    0.000000] Linux version 6.8.0-49-generic (b@x) #49\n[    0.1000] b\n\
                   Kata VM (separate kernel boot logs):\n\
                   [    0.000000] Linux version 6.12.47 (@4bcec8f4443d) #1 SMP\n\
                   [    0.000000] Command line: reboot=k agent.log_vport=1025\n[    0.000100] BIOS\n";
        one("isolation/dmesg.txt", log)
            .number("kernel.dmesg_lines", "kata", 3)
            .at("kernel.dmesg_banner", "kata", "isolation/dmesg.txt", 5)
            .text("kernel.cmdline", "kata", "reboot=k agent.log_vport=1025");
        let net = "Host network:\n1: lo: <LOOPBACK>\n2: wlan0: <BROADCAST>\nKata VM network:\n\
                   1: lo: <LOOPBACK>\n    inet 127.0.0.1/8\n2: eth0: <BROADCAST>\n    inet 10.4.0.2/24\n";
        one("isolation/network.txt", net)
            .at("net.interfaces", "kata", "isolation/network.txt", 5)
            .json(
                "net.interfaces",
                "kata",
                serde_json::json!([
                    {"name": "lo", "mac": null, "ipv4": ["127.0.0.1/8"], "ipv6": []},
                    {"name": "eth0", "mac": null, "ipv4": ["10.4.0.2/24"], "ipv6": []},
                ]),
            );
    }

    #[test]
    fn of_two_labels_on_a_line_the_last_has_the_value() {
        one(
            "analysis/cpu-comparison.txt",
            "Host CPU model: Kata VM CPU model: model name : X 9000\n",
        )
        .text("cpu.model_compared", "kata", "X 9000")
        .missing("cpu.model", "host", MissingReason::Empty);
        one("isolation/proc.txt", "Host: Kata VM: 52\n")
            .missing("proc.entries", "host", MissingReason::Empty)
            .number("proc.entries", "kata", 52);
        one("isolation/proc.txt", "Host: 322, Kata VM: 52\n")
            .number("proc.entries", "host", 322)
            .number("proc.entries", "kata", 52);
    }

    #[test]
    fn files_that_disagree_are_both_kept() {
        reading(&[
            ("kata/kernel.txt", "6.1.62\n"),
            ("analysis/kernel-comparison.txt", super::bodies::KERNELS),
            ("kata/cpu.txt", "model name : Xeon A\n"),
            (
                "analysis/cpu-comparison.txt",
                "Host CPU:\nmodel name : Core B\nKata VM CPU:\nmodel name : Xeon C\n",
            ),
        ])
        .text("kernel.release", "kata", "6.1.62")
        .text("kernel.release_compared", "kata", "6.12.47")
        .text("cpu.model", "kata", "Xeon A")
        .text("cpu.model_compared", "kata", "Xeon C");
    }

    #[test]
    fn the_time_of_a_failed_start_is_no_start_up_time() {
        one(
            "bench/startup.txt",
            "runc:\nreal 0m0.5s\nKata:\ntime=\"2026-01-02T03:04:05Z\" level=fatal msg=\"failed to create shim task\"\n\
             real 0m0.06s\n",
        )
        .series("startup.wall", "runc", &[0.5])
        .missing("startup.wall", "kata", MissingReason::FailedStart)
        .because("startup.wall", "kata", "failed to create shim task");
        one("bench/startup.txt", "runc:\nreal 0m0.5s\nKata: 0.06s (failed to start)\n").missing(
            "startup.wall",
            "kata",
            MissingReason::FailedStart,
        );
    }

    #[test]
    fn a_value_may_stand_on_the_label_line() {
        one("bench/startup.txt", "runc: real 0m0.5s\nKata: real 0m1.5s\n")
            .series("startup.wall", "runc", &[0.5])
            .series("startup.wall", "kata", &[1.5])
            .at("startup.wall", "kata", "bench/startup.txt", 2);
    }

    #[test]
    fn a_uname_where_a_release_is_wanted_gives_the_release() {
        one("kata/kernel.txt", "Linux 521fcc5db8fe 6.12.47 #1 SMP Fri Nov 14 x86_64 Linux\n").text(
            "kernel.release",
            "kata",
            "6.12.47",
        );
        one("kata/kernel.txt", "Linux 6.12.47 #1 SMP Fri Nov 14 x86_64\n").text(
            "kernel.release",
            "kata",
            "6.12.47",
        );
        one(
            "analysis/kernel-comparison.txt",
            "Host kernel (runc uses this): Linux pine 6.8.0-49-generic #49 SMP\nKata guest kernel: 6.1.2\n",
        )
        .text("kernel.release", "host", "6.8.0-49-generic");
    }

    #[test]
    fn a_bare_release_is_no_version_line() {
        one("analysis/kernel-comparison.txt", "Host kernel: 6.8.0\nKata guest kernel: 6.1.2\n")
            .text("kernel.release_compared", "kata", "6.1.2")
            .text("kernel.release", "kata", "6.1.2")
            .at("kernel.release", "kata", "analysis/kernel-comparison.txt", 2)
            .missing("kernel.banner", "kata", MissingReason::NotStated);
    }

    #[test]
    fn an_error_in_the_release_file_is_not_papered_over() {
        reading(&[
            ("kata/kernel.txt", "FATA[0000] failed to create shim task\n"),
            ("kata/test1.txt", "Linux 1a 6.1.2 #1 SMP x\n"),
        ])
        .missing("kernel.release", "kata", MissingReason::ErrorText);
        reading(&[("kata/kernel.txt", ""), ("kata/test1.txt", "Linux 1a 6.1.2 #1 SMP x\n")])
            .text("kernel.release", "kata", "6.1.2")
            .at("kernel.release", "kata", "kata/test1.txt", 1);
    }
}

mod start_up_times {
    use super::support::{Facts, one};
    use isoproof::model::MissingReason;

    fn runc(body: &str) -> Facts {
        one(
            "bench/startup.txt",
            &format!("=== Startup Time Comparison ===\nrunc:\n{body}\nKata:\n"),
        )
    }

    #[test]
    fn bash_prints_minutes_and_seconds() {
        runc("real\t0m1.234s\nuser\t0m0.010s\nsys\t0m0.020s")
            .series("startup.wall", "runc", &[1.234])
            .at("startup.wall", "runc", "bench/startup.txt", 3)
            .missing("startup.wall", "kata", MissingReason::Empty);
        runc("real    1m2.500s").series("startup.wall", "runc", &[62.5]);
    }

    #[test]
    fn time_p_prints_seconds() {
        runc("real 0.58\nuser 0.01\nsys 0.02").series("startup.wall", "runc", &[0.58]);
    }

    #[test]
    fn zsh_prints_up_to_three_lines() {
        let lines = "sudo nerdctl run --rm alpine:3.19 echo test  0.01s user 0.01s system 1% cpu 1.200 total\n\
                     grep real  0.00s user 0.00s system 0% cpu 1.199 total\n\
                     tee -a labs/lab12/bench/startup.txt  0.00s user 0.00s system 0% cpu 1.198 total";
        runc(lines).series("startup.wall", "runc", &[1.2]);
        let kata = "sudo nerdctl run --rm --runtime io.containerd.kata.v2 alpine:3.19 true  0.01s user 0.02s system 0% cpu 3.5 total\n";
        one("bench/startup.txt", &format!("{}\n{kata}", lines.lines().next().unwrap()))
            .series("startup.wall", "runc", &[1.2])
            .series("startup.wall", "kata", &[3.5]);
    }

    #[test]
    fn fish_names_its_unit() {
        runc("\n________________________________________________________\nExecuted in    4.03 secs      fish           external\n   usr time   59.13 millis    0.99 millis   58.14 millis\n   sys time   53.84 millis    4.64 millis   49.19 millis")
            .series("startup.wall", "runc", &[4.03]);
        runc("Executed in  400.00 millis    fish   external").series(
            "startup.wall",
            "runc",
            &[0.4],
        );
    }

    #[test]
    fn peoples_own_forms_are_lists_of_samples() {
        runc("trial1: real=0.40s\ntrial2: real=0.50s").series("startup.wall", "runc", &[0.4, 0.5]);
        runc("run 1: 0.2s\nrun 2: 0.3s\naverage: 0.25s").series(
            "startup.wall",
            "runc",
            &[0.2, 0.3],
        );
        one("bench/startup.txt", "runc: 0.4s total\nkata: 1.4s total\n")
            .series("startup.wall", "runc", &[0.4])
            .series("startup.wall", "kata", &[1.4]);
        one("bench/startup.txt", "runc startup=400ms\nkata startup=1400ms\n")
            .series("startup.wall", "runc", &[0.4])
            .series("startup.wall", "kata", &[1.4]);
        runc("ms=800").series("startup.wall", "runc", &[0.8]);
    }

    #[test]
    fn the_newer_edition_lists_bare_seconds_after_a_warm_up() {
        one(
            "results/startup.txt",
            "== runc startup ==\nwarm-up: 0.9\n0.41\n0.42\n== kata startup ==\n1.4\n1.5",
        )
        .series("startup.wall", "runc", &[0.41, 0.42])
        .series("startup.wall", "kata", &[1.4, 1.5]);
    }

    #[test]
    fn headers_without_figures_are_empty() {
        one("bench/startup.txt", "=== Startup Time Comparison ===\nrunc:\nKata:\n")
            .missing("startup.wall", "runc", MissingReason::Empty)
            .at("startup.wall", "runc", "bench/startup.txt", 2)
            .missing("startup.wall", "kata", MissingReason::Empty);
        one("bench/startup.txt", "").missing("startup.wall", "kata", MissingReason::Empty);
    }

    #[test]
    fn output_of_the_command_is_ignored() {
        runc("test\nreal 0m0.5s").series("startup.wall", "runc", &[0.5]);
        runc("real 0m0.5s\ntest").series("startup.wall", "runc", &[0.5]);
    }
}

mod other_values {
    use super::support::{one, reading};
    use isoproof::model::MissingReason;
    use serde_json::json;

    const COMMIT: &str = "bfc9e446e1f4e7db2741dc953c034447d55ec9b2";
    const SHIM: &str = "setup/kata-built-version.txt";

    #[test]
    fn the_shims_version_line_has_several_forms() {
        one(SHIM, &format!("Kata Containers containerd shim (Rust): id: io.containerd.kata.v2, version: 3.23.0, commit: {COMMIT}\n"))
            .text("runtime.version", "kata", "3.23.0")
            .text("runtime.implementation", "kata", "rust")
            .text("runtime.commit", "kata", COMMIT);
        one(SHIM, &format!("Kata Containers containerd shim (Golang): id: \"io.containerd.kata.v2\", version: 3.2.0, commit: {COMMIT}-dirty\n"))
            .text("runtime.implementation", "kata", "go")
            .text("runtime.commit", "kata", &format!("{COMMIT}-dirty"));
        one(SHIM, &format!("Kata Containers containerd shim (Golang): id: \"io.containerd.kata.v2\", version: 3.2.0, commit:\n{COMMIT}\n"))
            .text("runtime.commit", "kata", COMMIT)
            .at("runtime.commit", "kata", SHIM, 2);
        one(SHIM, "Kata Containers containerd shim (Golang): id: \"io.containerd.kata.v2\", version: 3.2.0, commit: \n")
            .text("runtime.version", "kata", "3.2.0")
            .missing("runtime.commit", "kata", MissingReason::Empty);
        one(SHIM, "containerd-shim-kata-v2 version 3.1.0\n")
            .text("runtime.version", "kata", "3.1.0")
            .missing("runtime.implementation", "kata", MissingReason::NotStated)
            .missing("runtime.commit", "kata", MissingReason::NotStated);
        for tool in [
            "kata-ctl 3.2.0\n",
            "kata-runtime  : 3.2.0\n   commit   : abc\n",
            "Kata tools version 3.2.0\n",
        ] {
            one(SHIM, tool).missing("runtime.version", "kata", MissingReason::NotTheShim);
        }
        one(SHIM, "sudo: containerd-shim-kata-v2: command not found\n").missing(
            "runtime.version",
            "kata",
            MissingReason::ErrorText,
        );
    }

    #[test]
    fn health_has_several_forms() {
        for (text, status) in [
            ("juice-runc: HTTP 200\n", 200),
            ("200\n", 200),
            ("200", 200),
            ("juice-runc on port 3013: HTTP 200\n", 200),
            (
                "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0\nHTTP/1.1 200 OK\nContent-Length: 404\n",
                200,
            ),
            ("juice-runc: HTTP 000\n", 0),
            ("000", 0),
        ] {
            one("runc/health.txt", text).number("app.health_status", "runc", status);
        }
        one("runc/health.txt", "curl: (7) Failed to connect to localhost port 3012\n").missing(
            "app.health_status",
            "runc",
            MissingReason::ErrorText,
        );
        one("runc/health.txt", "").missing("app.health_status", "runc", MissingReason::Empty);
    }

    #[test]
    fn processors_have_several_forms() {
        one("kata/cpu.txt", "model name\t: Intel(R) Xeon(R) Processor\n").text(
            "cpu.model",
            "kata",
            "Intel(R) Xeon(R) Processor",
        );
        one("kata/cpu.txt", "Model name:                           AMD EPYC 7B13\n").text(
            "cpu.model",
            "kata",
            "AMD EPYC 7B13",
        );
        one("analysis/cpu-comparison.txt", "Host CPU:\nIntel(R) Core(TM) i7-1165G7 @ 2.80GHz\nKata VM CPU:\nIntel Xeon Processor\n")
            .text("cpu.model", "host", "Intel(R) Core(TM) i7-1165G7 @ 2.80GHz")
            .text("cpu.model_compared", "kata", "Intel Xeon Processor")
            .text("cpu.model", "kata", "Intel Xeon Processor");
        one(
            "kata/cpu.txt",
            "processor\t: 0\nBogoMIPS\t: 48.00\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n",
        )
        .missing("cpu.model", "kata", MissingReason::NoModelName);
    }

    #[test]
    fn interfaces_have_several_forms() {
        let eth0 = json!([{"name": "eth0", "mac": "02:42:ac:11:00:02", "ipv4": ["172.17.0.2/16"], "ipv6": []}]);
        for text in [
            "2: eth0@if3: <BROADCAST,UP> mtu 1500 qdisc noqueue\n    link/ether 02:42:ac:11:00:02 brd ff:ff:ff:ff:ff:ff\n    inet 172.17.0.2/16 brd 172.17.255.255 scope global eth0\n",
            "eth0      Link encap:Ethernet  HWaddr 02:42:ac:11:00:02\n          inet addr:172.17.0.2  Bcast:172.17.255.255  Mask:255.255.0.0\n",
            "eth0: flags=4163<UP,BROADCAST>  mtu 1500\n        inet 172.17.0.2  netmask 255.255.0.0  broadcast 172.17.255.255\n        ether 02:42:ac:11:00:02  txqueuelen 0  (Ethernet)\n",
        ] {
            one("isolation/network.txt", &format!("Kata VM network:\n{text}")).json(
                "net.interfaces",
                "kata",
                eth0.clone(),
            );
        }
        one("isolation/network.txt", "Kata VM network:\nlo   UNKNOWN  127.0.0.1/8 ::1/128\neth0@if5 UP 10.4.0.9/24 fe80::1/64\n")
            .json("net.interfaces", "kata", json!([
                {"name": "lo", "mac": null, "ipv4": ["127.0.0.1/8"], "ipv6": ["::1/128"]},
                {"name": "eth0", "mac": null, "ipv4": ["10.4.0.9/24"], "ipv6": ["fe80::1/64"]},
            ]));
        one("isolation/network.txt", "Kata VM network:\n1: lo: <LOOPBACK,UP> mtu 65536\n    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n")
            .json("net.interfaces", "kata", json!([{"name": "lo", "mac": "00:00:00:00:00:00", "ipv4": [], "ipv6": []}]));
        one("isolation/network.txt", "Kata VM network:\n").missing(
            "net.interfaces",
            "kata",
            MissingReason::Empty,
        );
    }

    #[test]
    fn kernel_lines_are_counted_and_warnings_eat_some() {
        one(
            "isolation/dmesg.txt",
            "=== dmesg Access Test ===\nKata VM (separate kernel boot logs):\nWARN[0000] x\n[    0.000000] a\n[    0.000000] b\n",
        )
        .number("kernel.dmesg_lines", "kata", 2)
        .missing("kernel.dmesg_banner", "kata", MissingReason::NotStated);
    }

    #[test]
    fn the_latency_summary_has_several_forms() {
        let wanted = json!({"avg": 0.001_234_5, "min": 0.001, "max": 0.01, "n": 50});
        for line in [
            "avg=0.0012345s min=0.001s max=0.010000s n=50",
            "port=3013 avg=0.0012345s  min=0.001s  max=0.010s  n=50",
            "avg=0,0012345s min=0,001s max=0,01s n=50",
        ] {
            one(
                "bench/http-latency.txt",
                &format!("=== HTTP ===\nResults for port 3012 (juice-runc):\n{line}\n"),
            )
            .json("http.latency_reported", "runc", wanted.clone())
            .at("http.latency_reported", "runc", "bench/http-latency.txt", 3);
        }
        one("bench/http-latency.txt", "0.0010\n0.0020\navg=0.0015s min=0.0010s max=0.0020s n=2\n")
            .series("http.latency", "runc", &[0.001, 0.002])
            .json(
                "http.latency_reported",
                "runc",
                json!({"avg": 0.0015, "min": 0.001, "max": 0.002, "n": 2}),
            );
    }

    #[test]
    fn samples_are_one_value_a_line_of_any_precision_and_number() {
        reading(&[
            ("bench/curl-3012.txt", "0.001\n0.0012\n0.001234\n"),
            ("bench/http-latency.txt", "avg=0.9s min=0.1s max=0.9s n=50\n"),
        ])
        .series("http.latency", "runc", &[0.001, 0.0012, 0.001234])
        .json(
            "http.latency_reported",
            "runc",
            json!({"avg": 0.9, "min": 0.1, "max": 0.9, "n": 50}),
        );
        one("bench/curl-3012.txt", "curl: (7) Failed to connect\n").missing(
            "http.latency",
            "runc",
            MissingReason::ErrorText,
        );
    }
}

mod platforms {
    use super::support::{one, reading};
    use isoproof::model::MissingReason;

    #[test]
    fn wsl_is_a_host_like_others() {
        reading(&[
            ("kata/kernel.txt", "6.12.47\n"),
            ("analysis/kernel-comparison.txt", "Host kernel (runc uses this): 6.6.87.2-microsoft-standard-WSL2\nKata guest kernel: Linux version 6.12.47 (@4b) #1\n"),
        ])
        .text("kernel.release", "host", "6.6.87.2-microsoft-standard-WSL2")
        .text("kernel.release", "kata", "6.12.47");
    }

    #[test]
    fn a_desktop_engines_kernel_is_no_guest_of_kata() {
        reading(&[
            ("kata/kernel.txt", "6.10.14-linuxkit\n"),
            ("analysis/kernel-comparison.txt", "Host kernel (runc uses this): Darwin mac 24.1.0 Darwin Kernel Version 24.1.0\nKata guest kernel: 6.10.14-linuxkit\n"),
        ])
        .missing("kernel.release", "kata", MissingReason::HostValuesOnly);
    }

    #[test]
    fn ctr_prints_the_same_values() {
        one("kata/test1.txt", "$ sudo ctr run --rm --runtime io.containerd.kata.v2 docker.io/library/alpine:3.19 t uname -a\nLinux localhost 6.18.15 #1 SMP x aarch64 Linux\n")
            .text("kernel.uname", "kata", "Linux localhost 6.18.15 #1 SMP x aarch64 Linux")
            .text("kernel.release", "kata", "6.18.15");
    }

    #[test]
    fn the_counts_of_a_guest_repeat_across_honest_reports() {
        one("isolation/modules.txt", "Host kernel modules: 76\nKata guest kernel modules: 76\n")
            .number("kernel.sys_module", "host", 76)
            .number("kernel.sys_module", "kata", 76);
    }
}

/// Directories that nobody has seen yet, but that people would write.
mod further {
    use super::support::{Facts, captures, one, reading};
    use isoproof::lab12::readers::read_lab_captures;
    use isoproof::model::MissingReason;
    use serde_json::json;

    const PROC: &str = "isolation/proc.txt";
    const START: &str = "bench/startup.txt";
    const KERNELS: &str = "analysis/kernel-comparison.txt";

    #[test]
    fn tables_name_roles_by_row_or_by_column() {
        one(
            PROC,
            "# /proc\n\n| Environment | Entries |\n|---|---|\n| Host | 322 |\n| Kata VM | 52 |\n",
        )
        .number("proc.entries", "host", 322)
        .number("proc.entries", "kata", 52)
        .at("proc.entries", "kata", PROC, 6);
        one(PROC, "| Metric | Host | Kata VM |\n| --- | --- | --- |\n| entries | 322 | 52 |\n")
            .number("proc.entries", "host", 322)
            .number("proc.entries", "kata", 52);
        one(START, "| Runtime | Time |\n|--|--|\n| runc | 0.45 s |\n| Kata | 1.9 s |\n")
            .series("startup.wall", "runc", &[0.45])
            .series("startup.wall", "kata", &[1.9]);
    }

    #[test]
    fn prompts_with_users_and_machines_are_commands() {
        one(
            "kata/test1.txt",
            "ann@pine:~/labs$ sudo nerdctl run --rm --runtime io.containerd.kata.v2 alpine:3.19 uname -a\n\
             [sudo] password for ann: \nLinux 0a1b2c 6.12.47 #1 SMP Fri Nov 14 15:34:06 UTC 2025 x86_64 Linux\n",
        )
        .text("kernel.uname", "kata", "Linux 0a1b2c 6.12.47 #1 SMP Fri Nov 14 15:34:06 UTC 2025 x86_64 Linux")
        .at("kernel.uname", "kata", "kata/test1.txt", 3);
        one(
            PROC,
            "[ann@pine lab12]$ ls /proc | wc -l\n322\n\
             [ann@pine lab12]$ sudo nerdctl run --rm --runtime io.containerd.kata.v2 alpine sh -c 'ls /proc | wc -l'\n52\n",
        )
        .number("proc.entries", "host", 322)
        .number("proc.entries", "kata", 52);
    }

    #[test]
    fn russian_labels_and_prose_are_understood() {
        one(PROC, "Количество записей в /proc\nХост: 410\nГость (Kata): 53\n")
            .number("proc.entries", "host", 410)
            .number("proc.entries", "kata", 53);
        one("kata/kernel.txt", "Не удалось запустить Kata, так как нет вложенной виртуализации\n")
            .missing("kernel.release", "kata", MissingReason::NarrativeText);
        one(KERNELS, "Ядро хоста: 6.8.0-49-generic\nЯдро Kata: 6.12.47\n")
            .text("kernel.release", "host", "6.8.0-49-generic")
            .text("kernel.release_compared", "kata", "6.12.47");
    }

    #[test]
    fn a_progress_meter_of_curl_is_no_sample() {
        let meter = "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n\
                     \x20                                Dload  Upload   Total   Spent    Left  Speed\n\
                     \r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0\
                     \r100 75002  100 75002    0     0  24.1M      0 --:--:-- --:--:-- --:--:-- 24.1M\n";
        one("bench/curl-3012.txt", &format!("{meter}0.002956\n{meter}0.002123\n")).series(
            "http.latency",
            "runc",
            &[0.002956, 0.002123],
        );
        one("runc/health.txt", &format!("{meter}juice-runc: HTTP 200\n")).number(
            "app.health_status",
            "runc",
            200,
        );
        one("runc/health.txt", meter).missing(
            "app.health_status",
            "runc",
            MissingReason::NarrativeText,
        );
    }

    #[test]
    fn several_runs_of_time_make_a_series() {
        one(
            START,
            "runc:\ntest\n\nreal\t0m0.512s\nuser\t0m0.010s\nsys\t0m0.008s\ntest\n\nreal\t0m0.498s\nuser\t0m0.011s\nsys\t0m0.009s\n\
             Kata:\n\nreal\t0m2.512s\nuser\t0m0.010s\nsys\t0m0.008s\n",
        )
        .series("startup.wall", "runc", &[0.512, 0.498])
        .series("startup.wall", "kata", &[2.512]);
        one(
            START,
            "runc run 1:\nreal 0m0.5s\nrunc run 2:\nreal 0m0.6s\nkata run 1:\nreal 0m1.5s\n",
        )
        .series("startup.wall", "runc", &[0.5, 0.6])
        .series("startup.wall", "kata", &[1.5]);
    }

    #[test]
    fn an_image_pull_beside_a_time_is_not_the_time() {
        one(
            START,
            "runc:\ndocker.io/library/alpine:3.19: resolved       |++++++++++++++++++++++++++++++++++++++|\n\
             elapsed: 3.1 s                                                                    total:  3.4 Mi (1.1 MiB/s)\n\
             test\nreal\t0m4.512s\nKata:\nelapsed: 2.0 s   total: 3.4 Mi (1.1 MiB/s)\n",
        )
        .series("startup.wall", "runc", &[4.512])
        .missing("startup.wall", "kata", MissingReason::Empty);
    }

    #[test]
    fn conclusions_below_the_figures_change_nothing() {
        one(
            START,
            "runc: real 0m0.5s\nKata: real 0m1.5s\n\nConclusion: Kata is 3x slower than runc, about 1.0s of overhead.\n\
             Analysis:\n- Kata needs 1-2 seconds to boot a VM\n- runc: <1s, Kata: 3-5s would be typical\n",
        )
        .series("startup.wall", "runc", &[0.5])
        .series("startup.wall", "kata", &[1.5]);
        one(PROC, "Host: 322\nKata VM: 52\n\nThe host has 322 entries because it sees 270 more processes.\nDifference host - kata: 270\n")
            .number("proc.entries", "host", 322)
            .number("proc.entries", "kata", 52);
    }

    #[test]
    fn expected_figures_are_not_measured_ones() {
        one(START, "runc: <1s (expected)\nKata: 3-5s (expected, Kata was not run)\n")
            .missing("startup.wall", "runc", MissingReason::NarrativeText)
            .missing("startup.wall", "kata", MissingReason::NarrativeText);
        one("kata/kernel.txt", "6.1.62 (expected, no KVM on this machine)\n").missing(
            "kernel.release",
            "kata",
            MissingReason::NarrativeText,
        );
        one(PROC, "Host: 322\nKata VM: ~50 (expected)\n").missing(
            "proc.entries",
            "kata",
            MissingReason::NarrativeText,
        );
    }

    #[test]
    fn ranges_are_no_samples() {
        one(START, "runc: 0.3-0.5s\nKata: 3-5s\n")
            .missing("startup.wall", "runc", MissingReason::NotNumeric)
            .missing("startup.wall", "kata", MissingReason::NotNumeric);
    }

    #[test]
    fn an_error_of_docker_without_kata_is_the_reason_everywhere() {
        let error = "docker: Error response from daemon: unknown or invalid runtime name: io.containerd.kata.v2.\n\
                     See 'docker run --help'.\n";
        reading(&[
            ("kata/test1.txt", error),
            ("kata/kernel.txt", error),
            ("kata/cpu.txt", error),
            (
                "isolation/dmesg.txt",
                &format!(
                    "=== dmesg Access Test ===\nKata VM (separate kernel boot logs):\n{error}"
                ),
            ),
            (
                "isolation/network.txt",
                &format!("=== Network Interfaces ===\nKata VM network:\n{error}"),
            ),
            (PROC, &format!("Host: 322\nKata VM: {error}")),
            (START, &format!("runc:\nreal 0m0.5s\nKata:\n{error}real 0m0.1s\n")),
            (KERNELS, &format!("Host kernel (runc uses this): 6.8.0\nKata guest kernel: {error}")),
            (
                "analysis/cpu-comparison.txt",
                &format!("Host CPU:\nmodel name : A\nKata VM CPU:\n{error}"),
            ),
        ])
        .missing("kernel.uname", "kata", MissingReason::ErrorText)
        .missing("kernel.release", "kata", MissingReason::ErrorText)
        .missing("cpu.model", "kata", MissingReason::ErrorText)
        .missing("kernel.dmesg_lines", "kata", MissingReason::ErrorText)
        .missing("net.interfaces", "kata", MissingReason::ErrorText)
        .missing("proc.entries", "kata", MissingReason::ErrorText)
        .missing("startup.wall", "kata", MissingReason::FailedStart)
        .missing("kernel.banner", "kata", MissingReason::ErrorText)
        .missing("cpu.model_compared", "kata", MissingReason::ErrorText)
        .number("proc.entries", "host", 322)
        .text("kernel.release", "host", "6.8.0")
        .text("cpu.model", "host", "A");
    }

    #[test]
    fn a_failed_try_before_a_good_one_does_not_hide_it() {
        one("kata/kernel.txt", "FATA[0000] failed to create shim task: x\n6.12.47\n").text(
            "kernel.release",
            "kata",
            "6.12.47",
        );
        one(PROC, "Host: 322\nKata VM: FATA[0000] no\nKata VM: 52\n").number(
            "proc.entries",
            "kata",
            52,
        );
    }

    #[test]
    fn a_denied_log_is_an_error() {
        one(
            "isolation/dmesg.txt",
            "=== dmesg ===\nKata VM:\ndmesg: klogctl: Operation not permitted\n",
        )
        .missing("kernel.dmesg_lines", "kata", MissingReason::ErrorText);
        one("isolation/dmesg.txt", "runc:\ndmesg: klogctl: Operation not permitted\nKata:\n[    0.000000] Linux version 6.12.47 (@a) #1\n")
            .number("kernel.dmesg_lines", "kata", 1);
    }

    #[test]
    fn markdown_around_values_is_seen_through() {
        one(PROC, "# Results\n\n- **Host:** `322`\n- **Kata VM:** `52`\n")
            .number("proc.entries", "host", 322)
            .number("proc.entries", "kata", 52);
        one("kata/kernel.txt", "```\n6.12.47\n```\n").text("kernel.release", "kata", "6.12.47");
        one(KERNELS, "**Host kernel (runc uses this):** 6.8.0-49-generic\n**Kata guest kernel:** Linux version 6.12.47 (@4b) #1 SMP\n")
            .text("kernel.release", "host", "6.8.0-49-generic")
            .text("kernel.banner", "kata", "Linux version 6.12.47 (@4b) #1 SMP");
    }

    #[test]
    fn units_after_counts_are_ignored() {
        one(PROC, "Host: 322 entries\nKata VM: 52 entries (only the guest's)\n")
            .number("proc.entries", "host", 322)
            .number("proc.entries", "kata", 52);
        one(
            "isolation/modules.txt",
            "Host kernel modules:\n332 modules\nKata guest kernel modules:\n72\n",
        )
        .number("kernel.sys_module", "host", 332)
        .number("kernel.sys_module", "kata", 72);
    }

    #[test]
    fn a_listing_where_a_count_is_wanted_is_no_count() {
        one(PROC, "Host:\n1\n10\n101\nacpi\nbuddyinfo\nKata VM:\n1\n7\nbuddyinfo\n")
            .missing("proc.entries", "host", MissingReason::NotNumeric)
            .missing("proc.entries", "kata", MissingReason::NotNumeric);
    }

    #[test]
    fn equal_processors_are_a_value() {
        reading(&[
            ("kata/cpu.txt", "model name\t: AMD EPYC 7B13\n"),
            ("analysis/cpu-comparison.txt", "=== CPU Model Comparison ===\nHost CPU:\nmodel name\t: AMD EPYC 7B13\nKata VM CPU:\nmodel name\t: AMD EPYC 7B13\n"),
        ])
        .text("cpu.model", "host", "AMD EPYC 7B13")
        .text("cpu.model", "kata", "AMD EPYC 7B13");
    }

    #[test]
    fn an_arm_machine_has_no_model_name_in_either_place() {
        reading(&[
            ("kata/cpu.txt", "CPU implementer\t: 0x41\n"),
            ("analysis/cpu-comparison.txt", "Host CPU:\nCPU implementer : 0x41\nCPU part : 0xd0c\nKata VM CPU:\nCPU implementer : 0x41\n"),
        ])
        .missing("cpu.model", "host", MissingReason::NoModelName)
        .missing("cpu.model", "kata", MissingReason::NoModelName)
        .missing("cpu.model_compared", "kata", MissingReason::NoModelName);
        one(
            "analysis/cpu-comparison.txt",
            "Host CPU: Apple M2 Pro\nKata VM CPU:\nN/A (no model name on ARM)\n",
        )
        .text("cpu.model", "host", "Apple M2 Pro");
    }

    #[test]
    fn a_mac_is_the_host_of_an_engines_machine() {
        reading(&[
            ("kata/test1.txt", "Darwin mac.local 24.1.0 Darwin Kernel Version 24.1.0: x RELEASE_ARM64_T6000 arm64\n"),
            ("isolation/network.txt", "lo0: flags=8049<UP,LOOPBACK> mtu 16384\n\tinet 127.0.0.1 netmask 0xff000000\nen0: flags=8863<UP> mtu 1500\n\tether aa:bb:cc:dd:ee:ff\n"),
        ])
        .missing("kernel.uname", "kata", MissingReason::HostValuesOnly)
        .missing("net.interfaces", "kata", MissingReason::HostValuesOnly);
    }

    #[test]
    fn a_log_of_wsl_is_not_the_guests() {
        one(
            "isolation/dmesg.txt",
            "Kata VM:\n[    0.000000] Linux version 6.6.87.2-microsoft-standard-WSL2 (root@x) #1\n\
             [    0.000000] Command line: initrd=\\initrd.img WSL_ROOT_INIT=1 panic=-1\n",
        )
        .missing("kernel.dmesg_lines", "kata", MissingReason::HostValuesOnly)
        .missing("kernel.cmdline", "kata", MissingReason::HostValuesOnly);
    }

    #[test]
    fn a_guest_log_of_qemu_is_the_guests() {
        one(
            "isolation/dmesg.txt",
            "=== dmesg Access Test ===\nKata VM (separate kernel boot logs):\n\
             [    0.000000] Linux version 6.12.22 (@4bcec8f4443d) #1 SMP\n\
             [    0.000000] Command line: tsc=reliable no_timer_check root=/dev/pmem0p1 systemd.unit=kata-containers.target\n\
             [    0.000000] x86/fpu: x87 FPU will use FXSAVE\n[    0.000000] BIOS-provided physical RAM map:\n\
             [    0.000000] BIOS-e820: [mem 0x0-0x1] usable\n",
        )
        .number("kernel.dmesg_lines", "kata", 5);
    }

    #[test]
    fn an_unlabelled_guest_log_is_the_guests_unless_it_shows_the_host() {
        one(
            "isolation/dmesg.txt",
            "[    0.000000] Linux version 6.12.47 (@a) #1\n[    0.000000] x\n",
        )
        .number("kernel.dmesg_lines", "kata", 2);
        reading(&[
            ("isolation/dmesg.txt", "[    0.000000] Linux version 6.8.0-49-generic (b@c) #1\n"),
            (KERNELS, "Host kernel (runc uses this): 6.8.0-49-generic\nKata guest kernel: Linux version 6.12.47 (@a) #1\n"),
        ])
        .missing("kernel.dmesg_lines", "kata", MissingReason::HostValuesOnly)
        .text("kernel.release_compared", "kata", "6.12.47");
    }

    #[test]
    fn a_release_equal_to_the_hosts_stays_where_the_guest_proves_itself() {
        reading(&[
            ("kata/kernel.txt", "6.12.47\n"),
            (KERNELS, "Host kernel (runc uses this): 6.12.47\nKata guest kernel: Linux version 6.12.47 (@4bcec8f4443d) #1\n"),
            ("isolation/dmesg.txt", "Kata VM:\n[    0.000000] Linux version 6.12.47 (@4bcec8f4443d) #1\n[    0.000000] Command line: agent.log_vport=1025\n"),
        ])
        .text("kernel.release", "kata", "6.12.47");
    }

    #[test]
    fn gnu_time_and_powershell_are_read() {
        one(START, "runc:\n0.02user 0.03system 0:00.55elapsed 10%CPU (0avgtext+0avgdata 40000maxresident)k\n0inputs+0outputs (0major+5000minor)pagefaults 0swaps\nKata:\n\tElapsed (wall clock) time (h:mm:ss or m:ss): 0:02.31\n")
            .series("startup.wall", "runc", &[0.55])
            .series("startup.wall", "kata", &[2.31]);
        one(START, "runc:\nSeconds           : 1\nMilliseconds      : 500\nTotalSeconds      : 1.5001234\nTotalMilliseconds : 1500.1234\nKata:\nTotalSeconds : 4,25\n")
            .series("startup.wall", "runc", &[1.500_123_4])
            .series("startup.wall", "kata", &[4.25]);
    }

    #[test]
    fn a_failing_command_inside_gnu_time_is_a_failed_start() {
        one(START, "runc:\n0.4s\nKata:\nCommand exited with non-zero status 1\n0.02user 0.03system 0:00.05elapsed 90%CPU\n")
            .missing("startup.wall", "kata", MissingReason::FailedStart);
    }

    #[test]
    fn whole_numbers_without_a_unit_are_not_guessed() {
        one(START, "runc: 412\nKata: 1890\n")
            .missing("startup.wall", "runc", MissingReason::NotNumeric)
            .missing("startup.wall", "kata", MissingReason::NotNumeric);
        one(START, "runc (ms): 412\nKata (ms): 1890\n")
            .series("startup.wall", "runc", &[0.412])
            .series("startup.wall", "kata", &[1.89]);
    }

    #[test]
    fn headers_with_commands_give_roles() {
        one(
            START,
            "$ time sudo nerdctl run --rm alpine:3.19 echo test\ntest\n\nreal\t0m0.8s\nuser\t0m0.0s\nsys\t0m0.0s\n\
             $ time sudo nerdctl run --rm --runtime io.containerd.kata.v2 alpine:3.19 echo test\ntest\n\nreal\t0m2.8s\n",
        )
        .series("startup.wall", "runc", &[0.8])
        .series("startup.wall", "kata", &[2.8]);
    }

    #[test]
    fn a_latency_summary_over_lines_or_in_milliseconds_is_read() {
        one("bench/http-latency.txt", "Average: 1.2 ms\nMin: 1.0 ms\nMax: 3.5 ms\nRequests: 50\n")
            .json(
                "http.latency_reported",
                "runc",
                json!({"avg": 0.0012, "min": 0.001, "max": 0.0035, "n": 50}),
            );
        one("bench/http-latency.txt", "Results for port 3012 (juice-runc):\nawk: cmd. line:1: fatal: division by zero attempted\n")
            .missing("http.latency_reported", "runc", MissingReason::ErrorText);
        one(
            "bench/http-latency.txt",
            "Results for port 3012 (juice-runc):\navg=-nans min=s max=s n=0\n",
        )
        .missing("http.latency_reported", "runc", MissingReason::NotNumeric);
        one(
            "bench/http-latency.txt",
            "=== HTTP Latency Test (juice-runc) ===\nResults for port 3012 (juice-runc):\n",
        )
        .missing("http.latency_reported", "runc", MissingReason::Empty);
    }

    #[test]
    fn the_latency_of_kata_is_not_runcs() {
        one(
            "bench/http-latency.txt",
            "juice-kata: avg=0.0090s min=0.0080s max=0.0100s n=50\njuice-runc: avg=0.0020s min=0.0010s max=0.0030s n=50\n",
        )
        .json("http.latency_reported", "runc", json!({"avg": 0.002, "min": 0.001, "max": 0.003, "n": 50}));
    }

    #[test]
    fn health_after_retries_is_the_last_and_katas_is_not_runcs() {
        one(
            "runc/health.txt",
            "juice-runc: HTTP 000\njuice-runc: HTTP 000\njuice-runc: HTTP 200\n",
        )
        .number("app.health_status", "runc", 200)
        .at("app.health_status", "runc", "runc/health.txt", 3);
        one("runc/health.txt", "juice-runc: HTTP 200\njuice-kata: HTTP 000\n").number(
            "app.health_status",
            "runc",
            200,
        );
        one("runc/health.txt", "juice-runc is healthy\n").missing(
            "app.health_status",
            "runc",
            MissingReason::NarrativeText,
        );
        one("runc/health.txt", "juice-runc: HTTP \n").missing(
            "app.health_status",
            "runc",
            MissingReason::NotNumeric,
        );
    }

    #[test]
    fn an_unexpanded_command_is_no_value() {
        one(
            KERNELS,
            "Host kernel (runc uses this): $(uname -r)\nKata guest kernel: $(sudo nerdctl run x)\n",
        )
        .missing("kernel.release", "host", MissingReason::NarrativeText)
        .missing("kernel.banner", "kata", MissingReason::NarrativeText);
    }

    #[test]
    fn versions_of_other_programs_are_no_kernels_and_no_shims() {
        one("kata/kernel.txt", "Kata Containers version: 3.23.0\nnerdctl version 2.1.6\n").missing(
            "kernel.release",
            "kata",
            MissingReason::NarrativeText,
        );
        one("setup/kata-built-version.txt", "nerdctl version 2.1.6\nKata Containers containerd shim (Rust): id: io.containerd.kata.v2, version: 3.23.0, commit: 0123456789012345678901234567890123456789\n")
            .text("runtime.version", "kata", "3.23.0")
            .at("runtime.version", "kata", "setup/kata-built-version.txt", 2);
        one(
            "setup/kata-built-version.txt",
            "kata-static-3.23.0-amd64.tar.zst installed to /opt/kata\n",
        )
        .missing("runtime.version", "kata", MissingReason::NotTheShim);
        one("setup/kata-built-version.txt", "$ containerd-shim-kata-v2 --version\nKata Containers containerd shim: id: \"io.containerd.kata.v2\", version: 3.2.0-rc0, commit: 0fcc5db8\n")
            .text("runtime.version", "kata", "3.2.0-rc0")
            .text("runtime.commit", "kata", "0fcc5db8")
            .missing("runtime.implementation", "kata", MissingReason::NotStated);
    }

    #[test]
    fn container_networks_keep_their_role() {
        one(
            "isolation/network.txt",
            "runc container network:\n1: lo: <LOOPBACK>\n3: eth0@if9: <BROADCAST>\n    inet 10.4.0.7/24\n",
        )
        .missing("net.interfaces", "kata", MissingReason::RuncContainerOnly);
        one(
            "isolation/network.txt",
            "=== Network Interfaces ===\nKata VM network:\n1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever\n1: lo    inet6 ::1/128 scope host \\       valid_lft forever\n2: eth0    inet 10.4.0.9/24 brd 10.4.0.255 scope global eth0\\       valid_lft forever\n",
        )
        .json("net.interfaces", "kata", json!([
            {"name": "lo", "mac": null, "ipv4": ["127.0.0.1/8"], "ipv6": ["::1/128"]},
            {"name": "eth0", "mac": null, "ipv4": ["10.4.0.9/24"], "ipv6": []},
        ]));
        one(
            "isolation/network.txt",
            "Kata VM network:\nKata shows only lo and eth0 (172.17.0.2)\n",
        )
        .missing("net.interfaces", "kata", MissingReason::NarrativeText);
    }

    #[test]
    fn files_of_the_newer_edition_may_hold_counts_and_masks() {
        reading(&[
            (
                "results/runc-kernel.txt",
                "=== runc ===\nLinux 0a 6.8.0-49-generic #49 SMP x86_64 Linux\n",
            ),
            (
                "results/kata-kernel.txt",
                "time=\"2026-03-01T10:00:00Z\" level=fatal msg=\"no such runtime\"\n",
            ),
            ("results/runc-devices.txt", "15\n"),
            (
                "results/caps.txt",
                "runc:\nCapEff:\t00000000a80425fb\nkata:\nCapEff:\t00000000a80425fb\n",
            ),
        ])
        .text("kernel.release", "runc", "6.8.0-49-generic")
        .missing("kernel.release", "kata", MissingReason::ErrorText)
        .number("dev.entries", "runc", 15)
        .missing("dev.entries", "kata", MissingReason::FileMissing)
        .text("priv.cap_eff", "kata", "00000000a80425fb")
        .missing("perf.io_write", "runc", MissingReason::FileMissing);
    }

    #[test]
    fn a_mask_may_stand_beside_the_kernel() {
        one("results/kata-kernel.txt", "6.12.47\n17\nCapEff:\t00000000a80425fb\n")
            .text("kernel.release", "kata", "6.12.47")
            .text("priv.cap_eff", "kata", "00000000a80425fb")
            .missing("priv.cap_eff", "runc", MissingReason::FileMissing);
    }

    #[test]
    fn an_absent_directory_of_kata_misses_files_by_name() {
        one("runc/health.txt", "juice-runc: HTTP 200\n")
            .missing("kernel.release", "kata", MissingReason::FileMissing)
            .because("kernel.release", "kata", "kata/kernel.txt")
            .missing("kernel.uname", "kata", MissingReason::FileMissing)
            .missing("kernel.banner", "kata", MissingReason::FileMissing)
            .missing("cpu.model", "host", MissingReason::FileMissing)
            .missing("proc.entries", "kata", MissingReason::FileMissing)
            .missing("kernel.sys_module", "runc", MissingReason::FileMissing)
            .missing("net.interfaces", "kata", MissingReason::FileMissing)
            .missing("startup.wall", "kata", MissingReason::FileMissing)
            .missing("http.latency", "runc", MissingReason::FileMissing)
            .missing("http.latency_reported", "runc", MissingReason::FileMissing)
            .missing("kernel.dmesg_lines", "kata", MissingReason::FileMissing)
            .missing("runtime.version", "kata", MissingReason::FileMissing)
            .missing("kernel.boot_id", "kata", MissingReason::NotStated);
    }

    #[test]
    fn a_page_of_html_is_no_status_and_no_sample() {
        let html = "<!DOCTYPE html>\n<html><head><title>OWASP Juice Shop</title>\n<meta content=\"width=device-width, initial-scale=1.0\">\n";
        one("runc/health.txt", html).missing(
            "app.health_status",
            "runc",
            MissingReason::NarrativeText,
        );
        one("bench/curl-3012.txt", html).missing(
            "http.latency",
            "runc",
            MissingReason::NarrativeText,
        );
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(24))]

        #[test]
        fn no_bytes_in_any_slot_make_reading_fail(bytes: Vec<u8>, text in "[ -~\n\t:=|\\[\\]0-9a-zа-я]{0,200}") {
            for slot in isoproof::lab12::readers::SLOTS {
                let labelled = format!("Host: {text}\nKata VM: {text}\nrunc:\n{text}\n[    0.0000] {text}\n1: {text}");
                for bytes in [&bytes[..], text.as_bytes(), labelled.as_bytes()] {
                    let captures = captures(&[(slot.path, bytes)]);
                    let first = read_lab_captures(&captures);
                    proptest::prop_assert_eq!(&first, &read_lab_captures(&captures));
                    let _: Facts = Facts(first);
                }
            }
        }
    }
}

/// A second round of what people would write.
mod further_still {
    use super::support::{one, reading};
    use isoproof::lab12::import::read_files;
    use isoproof::model::MissingReason;
    use std::fs;

    const PROC: &str = "isolation/proc.txt";
    const START: &str = "bench/startup.txt";
    const KERNELS: &str = "analysis/kernel-comparison.txt";

    #[test]
    fn as_expected_is_a_measurement() {
        one(
            KERNELS,
            "Host kernel: 6.8.0-49-generic\nKata guest kernel: 6.12.47 (differs, as expected)\n",
        )
        .text("kernel.release_compared", "kata", "6.12.47");
    }

    #[test]
    fn a_label_without_a_colon_may_precede_a_number() {
        one(PROC, "Host 322\nKata VM 52\n").number("proc.entries", "host", 322).number(
            "proc.entries",
            "kata",
            52,
        );
        one(PROC, "Host - 322\nKata VM - 52\n").number("proc.entries", "host", 322).number(
            "proc.entries",
            "kata",
            52,
        );
        one(PROC, "host=322 kata=52\n").number("proc.entries", "host", 322).number(
            "proc.entries",
            "kata",
            52,
        );
    }

    #[test]
    fn processes_beside_entries_give_way() {
        one(PROC, "Host processes: 89\nHost /proc entries: 322\nKata processes: 3\nKata /proc entries: 52\n")
            .number("proc.entries", "host", 322)
            .number("proc.entries", "kata", 52);
        one(PROC, "Host processes: 322\nKata VM processes: 52\n").number(
            "proc.entries",
            "host",
            322,
        );
    }

    #[test]
    fn samples_may_stand_on_one_line() {
        one(START, "runc: 0.41 0.42 0.40\nkata: 1.41s, 1.42s, 1.40s\n")
            .series("startup.wall", "runc", &[0.41, 0.42, 0.4])
            .series("startup.wall", "kata", &[1.41, 1.42, 1.4]);
        one(START, "runc: 0.45s, kata: 1.9s\n").series("startup.wall", "runc", &[0.45]).series(
            "startup.wall",
            "kata",
            &[1.9],
        );
        one(START, "Kata: 1.9 s (vs 0.45 s for runc)\nrunc: 0.45 s\n")
            .series("startup.wall", "kata", &[1.9])
            .series("startup.wall", "runc", &[0.45]);
    }

    #[test]
    fn cold_and_warm_starts_are_starts() {
        one(START, "runc (cold): 4.0s\nrunc (warm): 0.5s\nKata (cold): 6.0s\n")
            .series("startup.wall", "runc", &[4.0, 0.5])
            .series("startup.wall", "kata", &[6.0]);
    }

    #[test]
    fn an_average_is_no_sample() {
        one(START, "runc average: 0.45s\nKata: mean 1.9s\n")
            .missing("startup.wall", "runc", MissingReason::NotStated)
            .missing("startup.wall", "kata", MissingReason::NotStated);
        one(START, "runc:\n  Time (mean ± σ):     412.3 ms ±  12.1 ms    [User: 20.1 ms, System: 15.2 ms]\n  Range (min … max):   400.0 ms … 430.0 ms    10 runs\nKata:\n")
            .missing("startup.wall", "runc", MissingReason::NotStated);
    }

    #[test]
    fn an_error_that_is_not_fatal_may_precede_a_count() {
        one(PROC, "Host: 322\nKata VM: time=\"2026-01-02T03:04:05Z\" level=error msg=\"x\"\n52\n")
            .number("proc.entries", "kata", 52);
        one(PROC, "Host:\nls: /proc/4711: No such file or directory\n322\nKata VM: 52\n").number(
            "proc.entries",
            "host",
            322,
        );
    }

    #[test]
    fn a_log_with_dates_is_a_log() {
        one("isolation/dmesg.txt", "Kata VM:\n[Thu Nov 27 21:57:34 2025] Linux version 6.12.47 (@a) #1\n[Thu Nov 27 21:57:34 2025] x\n")
            .number("kernel.dmesg_lines", "kata", 2)
            .text("kernel.dmesg_banner", "kata", "Linux version 6.12.47 (@a) #1");
    }

    #[test]
    fn labels_on_lines_of_their_own_are_labels() {
        one(KERNELS, "=== Kernel Version Comparison ===\nHost kernel (runc uses this):\n6.8.0-49-generic\nKata guest kernel:\nWARN[0000] x\nLinux version 6.12.47 (@a) #1 SMP\n")
            .text("kernel.release", "host", "6.8.0-49-generic")
            .at("kernel.release", "host", KERNELS, 3)
            .text("kernel.banner", "kata", "Linux version 6.12.47 (@a) #1 SMP")
            .at("kernel.banner", "kata", KERNELS, 6);
    }

    #[test]
    fn both_kernels_on_one_line_are_told_apart() {
        one(KERNELS, "Host kernel: 6.8.0-49-generic, Kata guest kernel: 6.12.47\n")
            .text("kernel.release", "host", "6.8.0-49-generic")
            .text("kernel.release_compared", "kata", "6.12.47");
    }

    #[test]
    fn the_version_lines_of_both_kernels_may_stand_side_by_side() {
        one(KERNELS, "Host kernel (runc uses this): Linux version 6.8.0-49-generic (buildd@lcy02) #49\nKata guest kernel: Linux version 6.8.0-49-generic (buildd@lcy02) #49\n")
            .text("kernel.release", "host", "6.8.0-49-generic")
            .missing("kernel.banner", "kata", MissingReason::HostValuesOnly)
            .missing("kernel.release", "kata", MissingReason::HostValuesOnly);
    }

    #[test]
    fn processors_of_all_makers_are_read_bare() {
        for model in [
            "13th Gen Intel(R) Core(TM) i7-13700H",
            "AMD Ryzen 7 5800H with Radeon Graphics",
            "QEMU Virtual CPU version 2.5+",
            "Neoverse-N1",
            "Apple M2 Pro",
        ] {
            one(
                "analysis/cpu-comparison.txt",
                &format!("Host CPU: {model}\nKata VM CPU: {model}\n"),
            )
            .text("cpu.model", "host", model)
            .text("cpu.model_compared", "kata", model);
        }
    }

    #[test]
    fn curls_verbose_output_and_arrows_state_the_status() {
        one("runc/health.txt", "*   Trying 127.0.0.1:3012...\n> GET / HTTP/1.1\n> Host: localhost:3012\n< HTTP/1.1 200 OK\n< X-Frame: 1\n")
            .number("app.health_status", "runc", 200);
        one("runc/health.txt", "curl http://localhost:3012 -> 200\n").number(
            "app.health_status",
            "runc",
            200,
        );
        one("runc/health.txt", "juice-runc on port 3012\n").missing(
            "app.health_status",
            "runc",
            MissingReason::NarrativeText,
        );
        one("runc/health.txt", "juice-runc Up 2 minutes 0.0.0.0:3012->3000/tcp\n").missing(
            "app.health_status",
            "runc",
            MissingReason::NarrativeText,
        );
    }

    #[test]
    fn evidence_in_two_depths_belongs_to_one_lab() {
        let dir = tempfile::tempdir().unwrap();
        let lab = dir.path().join("labs/lab12");
        fs::create_dir_all(lab.join("evidence/kata")).unwrap();
        fs::create_dir_all(lab.join("kata")).unwrap();
        fs::write(lab.join("kata-built-version.txt"), "containerd-shim-kata-v2 version 3.1.0\n")
            .unwrap();
        fs::write(lab.join("evidence/kata/kernel.txt"), "6.1.2\n").unwrap();
        fs::write(lab.join("kata/kernel.txt"), "6.1.3\n").unwrap();
        for root in [dir.path(), lab.as_path()] {
            let captures = read_files(root).unwrap();
            let ids: Vec<&str> = captures.iter().map(|capture| capture.id.as_str()).collect();
            assert_eq!(
                ids,
                ["evidence/kata/kernel.txt", "kata-built-version.txt", "kata/kernel.txt"]
            );
            let reading = isoproof::lab12::readers::read_lab_captures(&captures);
            assert_eq!(reading.facts["kernel.release"]["kata"].as_str(), Some("6.1.3"));
        }
    }

    #[test]
    fn wsl_labels_mean_the_host() {
        reading(&[(
            KERNELS,
            "WSL2 kernel: 6.6.87.2-microsoft-standard-WSL2\nKata guest kernel: 6.12.47\n",
        )])
        .text("kernel.release", "host", "6.6.87.2-microsoft-standard-WSL2");
    }
}

/// A third round: shells inside containers, and files for the wrong role.
mod shells_inside {
    use super::support::one;
    use isoproof::model::MissingReason;

    #[test]
    fn a_command_typed_in_the_container_is_the_containers() {
        one("kata/kernel.txt", "/ # uname -r\n6.12.47\n/ # exit\n").text(
            "kernel.release",
            "kata",
            "6.12.47",
        );
        one("kata/cpu.txt", "/ # grep 'model name' /proc/cpuinfo | head -1\nmodel name\t: X CPU\n")
            .text("cpu.model", "kata", "X CPU");
    }

    #[test]
    fn a_container_started_without_kata_is_not_kata() {
        one("kata/test1.txt", "$ docker run --rm alpine:3.19 uname -a\nLinux 1a 6.8.0-49-generic #1 SMP x86_64 Linux\n")
            .missing("kernel.uname", "kata", MissingReason::RuncContainerOnly);
        one("kata/kernel.txt", "$ docker run --rm alpine:3.19 uname -r\n6.8.0-49-generic\n")
            .missing("kernel.release", "kata", MissingReason::RuncContainerOnly);
    }

    #[test]
    fn runcs_own_kernel_is_runcs() {
        one("runc/kernel.txt", "6.8.0-49-generic\n").text(
            "kernel.release",
            "runc",
            "6.8.0-49-generic",
        );
        one("analysis/kernel-comparison.txt", "Host kernel: 6.8.0-49-generic\nrunc container kernel: 6.8.0-49-generic\nKata guest kernel: 6.12.47\n")
            .text("kernel.release", "runc", "6.8.0-49-generic")
            .text("kernel.release", "host", "6.8.0-49-generic")
            .text("kernel.release_compared", "kata", "6.12.47");
    }

    #[test]
    fn a_question_for_a_password_may_stand_before_the_value() {
        one("kata/kernel.txt", "[sudo] password for ann: 6.12.47\n").text(
            "kernel.release",
            "kata",
            "6.12.47",
        );
        one("kata/kernel.txt", "sudo: a terminal is required to read the password\n").missing(
            "kernel.release",
            "kata",
            MissingReason::ErrorText,
        );
    }

    #[test]
    fn a_table_of_everything_is_read_by_its_cells() {
        let table =
            "| | Host (runc) | Kata |\n|---|---|---|\n| Kernel | 6.8.0-49-generic | 6.12.47 |\n";
        one("analysis/kernel-comparison.txt", table)
            .text("kernel.release", "host", "6.8.0-49-generic")
            .text("kernel.release_compared", "kata", "6.12.47");
    }
}

/// Habits of people whose files the readers had not been made for.
mod strangers {
    use super::support::{one, reading};
    use isoproof::model::MissingReason;
    use serde_json::json;

    const STARTUP: &str = "bench/startup.txt";

    #[test]
    fn the_times_of_a_third_runtime_belong_to_none_of_the_two() {
        for third in ["gvisor:", "runsc:", "crun:", "## Firecracker"] {
            let text =
                format!("runc:\nreal 0m0.612s\n{third}\nreal 0m0.9s\nKata:\nreal 0m2.345s\n");
            let facts = one(STARTUP, &text);
            facts.series("startup.wall", "runc", &[0.612]).series("startup.wall", "kata", &[2.345]);
        }
        let facts = one("isolation/proc.txt", "Host: 322\ngVisor: 23\nKata VM: 52\n");
        facts.number("proc.entries", "host", 322).number("proc.entries", "kata", 52);
    }

    #[test]
    fn an_engine_with_its_runtime_in_brackets_is_a_label_and_no_command() {
        let text = "docker (runc):\nreal 0m0.612s\ndocker (kata):\nreal 0m2.345s\n";
        let facts = one(STARTUP, text);
        facts.series("startup.wall", "runc", &[0.612]).series("startup.wall", "kata", &[2.345]);
    }

    #[test]
    fn a_title_that_says_the_warm_up_was_discarded_heads_the_samples() {
        let text = "== runc startup (warmup discarded) ==\n0.71\n0.69\n\
                    == kata startup (5 runs, after warm-up) ==\n2.01\n2.04\n";
        let facts = one("results/startup.txt", text);
        facts.series("startup.wall", "runc", &[0.71, 0.69]);
        facts.series("startup.wall", "kata", &[2.01, 2.04]);
        let text = "== runc warm-up (discarded) ==\n1.52\n== runc startup ==\n0.71\n0.69\n";
        one("results/startup.txt", text).series("startup.wall", "runc", &[0.71, 0.69]);
    }

    #[test]
    fn what_the_container_printed_is_no_time() {
        let facts = one(STARTUP, "runc:\ntest\nKata:\ntest\n");
        facts.missing("startup.wall", "runc", MissingReason::Empty);
        facts.missing("startup.wall", "kata", MissingReason::Empty);
    }

    #[test]
    fn a_sentence_that_begins_with_not_available_is_a_narrative() {
        let text = "runc:\nreal 0m0.5s\nKata:\nN/A (Kata failed to start without KVM)\n";
        one(STARTUP, text).missing("startup.wall", "kata", MissingReason::NarrativeText);
    }

    #[test]
    fn the_summary_of_hyperfine_is_no_sample() {
        let text = "Benchmark 1: runc\n  Time (mean ± σ):     567.1 ms ±  10.2 ms\n\
                    Benchmark 2: kata\n  Time (mean ± σ):      1.987 s ±  0.102 s\n";
        let facts = one(STARTUP, text);
        facts.missing("startup.wall", "runc", MissingReason::NotStated);
        facts.missing("startup.wall", "kata", MissingReason::NotStated);
    }

    #[test]
    fn a_number_may_begin_with_its_point() {
        let facts = one("results/startup.txt", "== runc startup ==\n.71\n.69\n");
        facts.series("startup.wall", "runc", &[0.71, 0.69]);
        let facts = one("bench/http-latency.txt", "avg=.0034s min=.0012s max=.006s n=50\n");
        let wanted = json!({"avg": 0.0034, "min": 0.0012, "max": 0.006, "n": 50});
        facts.json("http.latency_reported", "runc", wanted);
    }

    #[test]
    fn an_exponent_is_part_of_its_number() {
        let facts = reading(&[
            ("bench/http-latency.txt", "avg=3.4e-3s min=1.2e-03s max=6E-3s n=50\n"),
            ("bench/curl-3012.txt", "1.5e-03\n1.6e-03\n"),
        ]);
        let wanted = json!({"avg": 0.0034, "min": 0.0012, "max": 0.006, "n": 50});
        facts.json("http.latency_reported", "runc", wanted);
        facts.series("http.latency", "runc", &[0.0015, 0.0016]);
    }

    #[test]
    fn names_of_shell_variables_are_labels_whatever_follows() {
        let banner =
            "Linux version 6.12.47 (@4bcec8f4443d) (gcc) #1 SMP Fri Nov 14 15:34:06 UTC 2025";
        let text = format!("host_kernel=6.8.0-45-generic\nkata_kernel={banner}\n");
        let facts = one("analysis/kernel-comparison.txt", &text);
        facts.text("kernel.release", "host", "6.8.0-45-generic");
        facts.text("kernel.banner", "kata", banner);
    }

    #[test]
    fn a_status_is_read_from_curls_own_variable_and_from_other_languages() {
        for text in [
            "juice-runc  3012  http_code=200 time_total=0.004512\n",
            "Код ответа: 200\n",
            "Статус: 200\n",
        ] {
            one("runc/health.txt", text).number("app.health_status", "runc", 200);
        }
    }

    #[test]
    fn a_titled_list_states_the_version_of_the_shim() {
        let text =
            "# Kata shim\nversion: 3.23.0\ncommit: bfc9e446e1f4e7db2741dc953c034447d55ec9b2\n";
        let facts = one("setup/kata-built-version.txt", text);
        facts.text("runtime.version", "kata", "3.23.0");
        facts.text("runtime.commit", "kata", "bfc9e446e1f4e7db2741dc953c034447d55ec9b2");
        facts.missing("runtime.implementation", "kata", MissingReason::NotStated);
    }

    #[test]
    fn the_versions_of_other_programs_are_not_the_shims() {
        let text = "qemu-system-x86_64: version 8.2.2\ncontainerd v2.0.0\nrunc version 1.2.3\n";
        let facts = one("setup/kata-built-version.txt", text);
        facts.missing("runtime.version", "kata", MissingReason::NotTheShim);
    }

    #[test]
    fn the_clocks_of_bsd_and_of_people_are_read() {
        let text = "runc:\n        0.61 real         0.01 user         0.02 sys\n\
                    Kata:\n        2.34 real         0.01 user         0.02 sys\n";
        let facts = one(STARTUP, text);
        facts.series("startup.wall", "runc", &[0.61]).series("startup.wall", "kata", &[2.34]);
        let text = "runc:\nelapsed: 3.2 s   total:  3.3 Mi (1.0 MiB/s)\nElapsed: 0:00.61\n\
                    Kata:\nElapsed: 0:02.34\n";
        let facts = one(STARTUP, text);
        facts.series("startup.wall", "runc", &[0.61]).series("startup.wall", "kata", &[2.34]);
    }

    #[test]
    fn the_remains_of_a_message_of_wsl_make_no_host_section() {
        let uname = "Linux 521fcc5db8fe 6.12.47 #1 SMP Fri Nov 14 15:34:06 UTC 2025 x86_64 Linux";
        let facts = one("kata/test1.txt", &format!("W\0S\0L\0\n{uname}\n"));
        facts.text("kernel.uname", "kata", uname);
    }

    #[test]
    fn a_message_of_dd_is_an_error() {
        let text = "== runc io ==\n536870912 bytes (512.0MB) copied, 0.5 seconds, 1.0GB/s\n\
                    == kata io ==\ndd: can't open '/f'\n";
        one("results/io.txt", text).missing("perf.io_write", "kata", MissingReason::ErrorText);
    }
}

/// What an examination with fresh evidence showed.
mod second_examination {
    use super::support::one;
    use isoproof::model::MissingReason;
    use serde_json::json;

    #[test]
    fn a_start_that_ran_out_of_time_failed() {
        one(
            "bench/startup.txt",
            "runc:\nreal 0m0.61s\nKata:\ncontext deadline exceeded\nreal 1m1.2s\n",
        )
        .series("startup.wall", "runc", &[0.61])
        .missing("startup.wall", "kata", MissingReason::FailedStart);
    }

    #[test]
    fn a_command_that_counts_something_else_gives_no_count() {
        one("isolation/modules.txt", "$ lsmod | wc -l\n181\n")
            .missing("kernel.sys_module", "host", MissingReason::NotStated)
            .because("kernel.sys_module", "host", "lsmod");
        one("isolation/proc.txt", "$ ls /proc | grep -E '^[0-9]+$' | wc -l\n350\n").missing(
            "proc.entries",
            "host",
            MissingReason::NotStated,
        );
        one("isolation/proc.txt", "$ ls /proc | wc -l\n350\n").number("proc.entries", "host", 350);
    }

    #[test]
    fn a_count_of_an_error_message_is_no_count() {
        let text = "Host: 298\nKata VM: ls: /sys/module: No such file or directory\n0\n";
        one("isolation/modules.txt", text).number("kernel.sys_module", "host", 298).missing(
            "kernel.sys_module",
            "kata",
            MissingReason::ErrorText,
        );
    }

    #[test]
    fn a_name_beside_a_time_says_whose_it_is() {
        for text in [
            "runc took 0.612 s, Kata took 2.1 s\n",
            "real 0m0.612s (runc)\nreal 0m2.100s (Kata)\n",
            "runc 0.612\nKata 2.100\n",
            "runc,0.612\nkata,2.100\n",
            "{\"runc\": 0.612, \"kata\": 2.1}\n",
        ] {
            one("bench/startup.txt", text).series("startup.wall", "runc", &[0.612]).series(
                "startup.wall",
                "kata",
                &[2.1],
            );
        }
        // A difference is nobody's time.
        one("bench/startup.txt", "Kata 1.5 s slower\n").missing(
            "startup.wall",
            "kata",
            MissingReason::NotStated,
        );
    }

    #[test]
    fn numbers_of_a_list_and_of_requests_are_no_values() {
        one("bench/startup.txt", "# runc\n1) 0.61\n2) 0.58\n# kata\n1) 2.10\n")
            .series("startup.wall", "runc", &[0.61, 0.58])
            .series("startup.wall", "kata", &[2.1]);
        for text in ["1,0.004512\n2,0.003100\n", "1 0.004512\n2 0.003100\n"] {
            one("bench/curl-3012.txt", text).series("http.latency", "runc", &[0.004512, 0.0031]);
        }
    }

    #[test]
    fn milliseconds_become_the_seconds_that_are_written_so() {
        one("bench/http-latency.txt", "avg: 4.5 ms\nmin: 2.1 ms\nmax: 6.8 ms\nn: 50\n").json(
            "http.latency_reported",
            "runc",
            json!({"avg": 0.0045, "min": 0.0021, "max": 0.0068, "n": 50}),
        );
    }

    #[test]
    fn a_status_in_a_sentence_is_read() {
        one("runc/health.txt", "Health check on http://localhost:3012 returned status 200\n")
            .number("app.health_status", "runc", 200);
    }

    #[test]
    fn the_guest_has_a_german_name_and_labels_may_shout() {
        one("isolation/proc.txt", "Host: 412 Einträge\nGast: 53 Einträge\n").number(
            "proc.entries",
            "kata",
            53,
        );
        one("isolation/proc.txt", "HOST /PROC ENTRIES:399\n").number("proc.entries", "host", 399);
    }

    #[test]
    fn a_command_with_a_colon_labels_what_it_printed() {
        one("kata/kernel.txt", "uname -r: 6.12.47\n").text("kernel.release", "kata", "6.12.47");
    }

    #[test]
    fn the_shim_may_speak_over_several_lines() {
        let text = "Kata Containers containerd shim (Rust):\n  id: io.containerd.kata.v2\n  \
                    version: 3.23.0\n  commit: bfc9e446e1f4e7db2741dc953c034447d55ec9b2\n";
        one("setup/kata-built-version.txt", text)
            .text("runtime.version", "kata", "3.23.0")
            .text("runtime.implementation", "kata", "rust")
            .text("runtime.commit", "kata", "bfc9e446e1f4e7db2741dc953c034447d55ec9b2");
    }
}
