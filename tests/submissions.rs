//! Submissions as their readers see them, over what real evidence may look like.

use crate::support::Project;

/// What `head -1 /proc/version` prints in a guest of Kata 3.23.0.
const BANNER: &str = "Linux version 6.12.47 (@4bcec8f4443d) (gcc (Ubuntu 11.4.0) 11.4.0) #1 SMP Fri Nov 14 15:34:06 UTC 2025";
const FATAL: &str = "time=\"2026-01-02T03:04:05Z\" level=fatal msg=\"failed to create shim task: Could not access KVM kernel module: No such file or directory\"";

fn submission(files: &[(&str, &str)], edition: &str) -> String {
    let project = Project::new();
    for (name, content) in files {
        project.write(&format!("lab12/{name}"), content);
    }
    project.import(&project.path("lab12"));
    project.run(&["build", "--edition", edition]).succeeds();
    project.read("submission.md")
}

/// Sentences that must hold for every submission, whatever is missing.
fn is_sound(text: &str) {
    let outside_fences: String = text.split("```").step_by(2).collect::<Vec<_>>().join("(block)");
    for broken in ["{{", "{%", "None", "undefined", " \n", "\n ", "\n\n\n", " ,", " .", "..", "( "]
    {
        let place =
            outside_fences.find(broken).map(|at| outside_fences.get(at.saturating_sub(60)..at));
        assert!(place.is_none(), "`{broken}` after {place:?} in\n{text}");
    }
}

#[test]
fn the_customers() {
    let project = Project::with_customer();
    // The pseudonyms differ from machine to machine unless the key is given.
    project.write(".isoproof/pseudonyms.key", format!("{:064}\n", 7));
    std::fs::remove_dir_all(project.path("data/runs")).unwrap();
    project.import(&crate::support::customer());
    project.run(&["build"]).succeeds();
    let text = project.read("submission.md");
    is_sound(&text);
    insta::assert_snapshot!(text);
}

#[test]
fn kata_did_not_start() {
    let text = submission(
        &[
            (
                "setup/kata-built-version.txt",
                "Kata Containers containerd shim (Golang): id: \"io.containerd.kata.v2\", version: 3.2.0, commit: \n",
            ),
            ("kata/test1.txt", FATAL),
            ("kata/kernel.txt", FATAL),
            ("kata/cpu.txt", FATAL),
            ("runc/health.txt", "juice-runc: HTTP 200\n"),
            ("analysis/kernel-comparison.txt", "Host kernel (runc uses this): 6.8.0-49-generic\n"),
            ("isolation/proc.txt", "Host: 300\n"),
            ("isolation/modules.txt", "Host kernel modules: 250\n"),
            ("bench/curl-3012.txt", "0.004512\n0.003871\n0.004100\n0.003999\n0.004001\n0.004321\n"),
        ],
        "f25",
    );
    is_sound(&text);
    assert!(text.contains("**Kata did not start, so nothing was tested.**"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn everything_was_captured() {
    let text = submission(
        &[
            (
                "setup/kata-built-version.txt",
                "Kata Containers containerd shim (Rust): id: io.containerd.kata.v2, version: 3.23.0, commit: bfc9e446e1f4e7db2741dc953c034447d55ec9b2\n",
            ),
            (
                "kata/test1.txt",
                "Linux 521fcc5db8fe 6.12.47 #1 SMP Fri Nov 14 15:34:06 UTC 2025 x86_64 Linux\n",
            ),
            ("kata/kernel.txt", "6.12.47\n"),
            ("kata/cpu.txt", "model name\t: AMD Ryzen 7 5800H\n"),
            ("runc/health.txt", "juice-runc: HTTP 200\n"),
            (
                "analysis/kernel-comparison.txt",
                &format!(
                    "Host kernel (runc uses this): 6.8.0-49-generic\nKata guest kernel: {BANNER}\n"
                ),
            ),
            (
                "analysis/cpu-comparison.txt",
                "Host CPU:\nmodel name\t: AMD Ryzen 7 5800H\nKata VM CPU:\nmodel name\t: AMD Ryzen 7 5800H\n",
            ),
            (
                "isolation/dmesg.txt",
                &format!(
                    "Kata VM (separate kernel boot logs):\n[    0.000000] {BANNER}\n[    0.000000] Command line: systemd.unit=kata-containers.target agent.log_vport=1025\n"
                ),
            ),
            ("isolation/proc.txt", "Host: 300\nrunc container: 60\nKata VM: 52\n"),
            (
                "isolation/network.txt",
                "Kata VM network:\n1: lo: <LOOPBACK,UP>\n    inet 127.0.0.1/8 scope host lo\n2: eth0: <UP> mtu 1500\n    inet 10.4.0.9/24 scope global eth0\n",
            ),
            ("isolation/modules.txt", "Host kernel modules: 250\nKata guest kernel modules: 72\n"),
            (
                "bench/startup.txt",
                "runc:\nrun 1: 0.41s\nrun 2: 0.39s\nrun 3: 0.44s\nKata:\nrun 1: 2.1s\nrun 2: 1.9s\nrun 3: 2.3s\n",
            ),
            ("bench/curl-3012.txt", "0.004512\n0.003871\n0.004100\n0.003999\n0.004001\n0.004321\n"),
            ("bench/http-latency.txt", "avg=0.0041s min=0.0039s max=0.0045s n=6\n"),
        ],
        "f25",
    );
    is_sound(&text);
    assert!(text.contains("With 3 starts of Kata and 3 of runc nothing says how much"), "{text}");
    assert!(!text.contains("times as long"), "three samples state no ratio: {text}");
    assert!(text.contains("- [x] Task 3"), "{text}");
    assert!(text.contains("- [ ] Task 4"), "no cost is stated: {text}");
    assert!(text.contains("HTTP latency, runc: 6 of 50 samples"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn one_file_alone() {
    let text = submission(&[("kata/kernel.txt", "6.12.47\n")], "f25");
    is_sound(&text);
    assert!(text.contains("the evidence does not decide"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn the_newer_edition() {
    let text = submission(
        &[
            ("results/runc-kernel.txt", "6.8.0-49-generic\n"),
            ("results/kata-kernel.txt", "6.12.47\n"),
            (
                "results/startup-bench.txt",
                "== runc startup ==\n0.41\n0.39\n0.44\n0.40\n0.42\n== kata startup ==\n1.9\n2.0\n2.2\n1.8\n2.1\n",
            ),
            (
                "results/io-bench.txt",
                "== runc io ==\n536870912 bytes (512.0MB) copied, 0.61 seconds, 839.3MB/s\n== kata io ==\n536870912 bytes (512.0MB) copied, 1.92 seconds, 266.7MB/s\n",
            ),
        ],
        "s26",
    );
    is_sound(&text);
    insta::assert_snapshot!(text);
}
