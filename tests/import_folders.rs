//! What no table of `import_tables/` can hold: folders, links, names of files and bytes that are no text.

mod encoding_and_noise {

    use crate::support::lab12::{Facts, captures};

    use isoproof::lab12::readers::read_lab_captures;

    fn bytes(path: &str, bytes: &[u8]) -> Facts {
        Facts(read_lab_captures(&captures(&[(path, bytes)])))
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
}

mod names_and_places {
    use crate::support::lab12::{Facts, captures, one, reading};
    use isoproof::lab12::edition::Edition;
    use isoproof::lab12::import::read_files;
    use isoproof::lab12::readers::{read_lab_captures, slot_of};
    use isoproof::model::{CaptureOrigin, CaptureStatus, MissingReason};
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
            ("results/startup.txt", "results/startup-bench.txt"),
            ("results/io.txt", "results/io-bench.txt"),
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
    fn transcripts_of_different_targets_are_read_together() {
        let kata = b"$ kubectl exec test-kata -- uname -r\n6.1.62\n\
                     $ kubectl exec test-kata -- sh -c 'ls /proc | wc -l'\n53\n";
        let runc = b"$ kubectl exec test-runc -- uname -r\n6.8.0-49-generic\n\
                     $ kubectl exec test-runc -- sh -c 'ls /proc | wc -l'\n74\n";
        let dir = tree(&[("lab12/k8s/exec-kata.txt", kata), ("lab12/k8s/exec-runc.txt", runc)]);
        Facts(read_lab_captures(&read_files(dir.path()).unwrap()))
            .text("kernel.release", "kata", "6.1.62")
            .text("kernel.release", "runc", "6.8.0-49-generic")
            .number("proc.entries", "kata", 53)
            .number("proc.entries", "runc", 74);
        // Two of one target may be of two machines.
        let dir = tree(&[("lab12/k8s/first.txt", kata), ("lab12/k8s/second.txt", kata)]);
        assert!(read_files(dir.path()).is_err());
    }

    #[test]
    fn transcripts_of_different_outputs_are_read_together() {
        let kernels = "Хост: 6.12.60-un-def-alt1\nКонтейнер runc: 6.12.60-un-def-alt1\n\
                       Контейнер Kata: 6.12.47\n";
        let starts = "Запуск runc, с:\n 1) 0,58\n 2) 0,56\nсреднее 0,57\n\n\
                      Запуск Kata, с:\n 1) 1,66\n 2) 1,61\nсреднее 1,63\n";
        let processors = "Хост: Intel(R) Core(TM) i5-9400F CPU @ 2.90GHz\n\
                          Контейнер Kata: Intel(R) Core(TM) i5-9400F CPU @ 2.90GHz\n";
        let disk = "runc: скопировано 104857600 байт (105 MB, 100 MiB), 0,0091 s, 11,5 GB/s\n\
                    kata: скопировано 104857600 байт (105 MB, 100 MiB), 0,0104 s, 10,1 GB/s\n";
        let dir = tree(&[
            ("lab12/results/ядра.txt", kernels.as_bytes()),
            ("lab12/results/запуск.txt", starts.as_bytes()),
            ("lab12/results/процессор.txt", processors.as_bytes()),
            ("lab12/results/диск.txt", disk.as_bytes()),
        ]);
        let written = serde_json::json!({"bytes": 104_857_600, "seconds": 0.0104});
        Facts(read_lab_captures(&read_files(dir.path()).unwrap()))
            .text("kernel.release", "kata", "6.12.47")
            .text("kernel.release", "host", "6.12.60-un-def-alt1")
            .text("cpu.model", "host", "Intel(R) Core(TM) i5-9400F CPU @ 2.90GHz")
            .json("perf.io_write", "kata", written)
            .series("startup.wall", "runc", &[0.58, 0.56]);
    }

    #[test]
    fn the_output_of_a_pod_is_of_the_runtime_in_the_name_of_its_file() {
        let kata = b"Linux pod-kata 6.12.47 #1 SMP Fri Nov 14 15:34:06 UTC 2025 x86_64 Linux\n\
                     /dev:\nfull\nnull\nzero\n";
        let runc = b"Linux pod-runc 6.8.0-90-generic #91-Ubuntu SMP x86_64 Linux\n\
                     /dev:\ncore\nfull\nnull\nzero\n";
        let node = b"{\"metadata\": {\"labels\": {\"katacontainers.io/kata-runtime\": \"true\"}}}";
        let dir = tree(&[
            ("lab12/results/pod-kata.log", kata),
            ("lab12/results/pod-runc.log", runc),
            ("lab12/results/node.json", node),
        ]);
        Facts(read_lab_captures(&read_files(dir.path()).unwrap()))
            .text("kernel.release", "kata", "6.12.47")
            .text("kernel.release", "runc", "6.8.0-90-generic")
            .number("dev.entries", "kata", 3)
            .number("dev.entries", "runc", 4);
    }

    #[test]
    fn lines_of_a_file_that_is_kept_in_part_are_not_counted() {
        let log = "[    0.000000] NX (Execute Disable) protection: active\n".repeat(20_000);
        let dir = tree(&[("lab12/isolation/dmesg.txt", log.as_bytes())]);
        let captures = read_files(&dir.path().join("lab12")).unwrap();
        Facts(read_lab_captures(&captures))
            .missing("kernel.dmesg_lines", "kata", MissingReason::CutOff)
            .because("kernel.dmesg_lines", "kata", "only its start is kept");
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
                "results/startup-bench.txt",
                "== runc startup ==\n0.41\n0.42\n0.40\n0.43\n0.44\n== kata startup ==\n1.4\n1.5\n1.6\n1.7\n1.8\n",
            ),
            (
                "results/io-bench.txt",
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
    use crate::support::lab12::one;
    use isoproof::model::MissingReason;

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
}

mod other_values {
    use crate::support::lab12::one;
    use isoproof::model::MissingReason;
    use serde_json::json;

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
}
/// Directories that nobody has seen yet, but that people would write.
mod further {
    use crate::support::lab12::{Facts, captures, one, reading};
    use isoproof::lab12::readers::read_lab_captures;
    use isoproof::model::MissingReason;
    use serde_json::json;

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

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(24))]

        #[test]
        fn no_bytes_in_any_slot_make_reading_fail(bytes: Vec<u8>, text in "[ -~\n\t:=|\\[\\]0-9a-zа-я]{0,200}") {
            for slot in crate::support::lab12::one_slot_for_each_reader() {
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
    use crate::support::lab12::one;
    use isoproof::lab12::import::read_files;
    use isoproof::model::MissingReason;
    use std::fs;

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
}
mod strangers {
    use crate::support::lab12::one;
    use isoproof::model::MissingReason;

    #[test]
    fn the_versions_of_other_programs_are_not_the_shims() {
        let text = "qemu-system-x86_64: version 8.2.2\ncontainerd v2.0.0\nrunc version 1.2.3\n";
        let facts = one("setup/kata-built-version.txt", text);
        facts.missing("runtime.version", "kata", MissingReason::NotTheShim);
    }
}
