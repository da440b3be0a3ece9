//! Fresh evidence, pasted in the ways in which people paste terminals: what a careful human reads
//! in it, and where he reads nothing.

#[path = "support/lab12.rs"]
mod support;

use serde_json::{Value, json};

/// A question, its target, and what a careful human reads; null where that is nothing.
type Truth<'a> = (&'a str, &'a str, Value);

/// Everything in which the reading of a file differs from what a human reads in it.
fn differences(path: &str, cases: &[(&str, &[Truth])]) -> Vec<String> {
    let mut out = Vec::new();
    for (text, truths) in cases {
        let reading = support::one(path, text);
        for (id, target, wanted) in *truths {
            let fact = reading.get(id, target);
            let read = match (fact.as_series(), fact.as_value()) {
                (Some(samples), _) => json!(samples.values),
                (None, Some(value)) => value.clone(),
                (None, None) => Value::Null,
            };
            // Of the interfaces names and addresses are compared.
            let read = match (*id, read.as_array()) {
                ("net.interfaces", Some(items)) => {
                    items.iter().map(|item| json!([item["name"], item["ipv4"]])).collect()
                }
                _ => read,
            };
            if read != *wanted {
                out.push(format!(
                    "{path}: {text:?}: {id} on {target}: wanted {wanted}, read {fact:?}"
                ));
            }
        }
    }
    out
}

fn check(path: &str, cases: &[(&str, &[Truth])]) {
    let differences = differences(path, cases);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn start_up_times() {
    check(
        "bench/startup.txt",
        &[
            (
                "Benchmark 1: runc\n  Time (mean ± σ):     612.3 ms ±  20.1 ms    [User: 10.0 ms, System: 12.0 ms]\n  Range (min … max):   590.1 ms … 650.2 ms    10 runs\n\nBenchmark 2: kata\n  Time (mean ± σ):      2.100 s ±  0.050 s\n  Range (min … max):    2.0 s …  2.2 s    10 runs\n",
                &[("startup.wall", "runc", json!(null)), ("startup.wall", "kata", json!(null))],
            ),
            (
                "runc: 0m0.612s\nKata: 0m2.1s\n",
                &[("startup.wall", "runc", json!([0.612])), ("startup.wall", "kata", json!([2.1]))],
            ),
            (
                "runc took 0.612 s, Kata took 2.1 s\n",
                &[("startup.wall", "runc", json!([0.612])), ("startup.wall", "kata", json!([2.1]))],
            ),
            (
                "real 0m0.612s (runc)\nreal 0m2.100s (Kata)\n",
                &[("startup.wall", "runc", json!([0.612])), ("startup.wall", "kata", json!([2.1]))],
            ),
            (
                "runc: avg of 3 runs: 0.61s\nKata: avg of 3 runs: 2.1s\n",
                &[("startup.wall", "runc", json!(null)), ("startup.wall", "kata", json!(null))],
            ),
            (
                "runc_ms=612 kata_ms=2100\n",
                &[("startup.wall", "runc", json!([0.612])), ("startup.wall", "kata", json!([2.1]))],
            ),
            (
                "runc 0.612\nKata 2.100\n",
                &[("startup.wall", "runc", json!([0.612])), ("startup.wall", "kata", json!([2.1]))],
            ),
            (
                "{\"runc\": 0.612, \"kata\": 2.1}\n",
                &[("startup.wall", "runc", json!([0.612])), ("startup.wall", "kata", json!([2.1]))],
            ),
            (
                "runc:\n        0.61 real         0.01 user         0.02 sys\nKata:\n        2.10 real         0.01 user         0.02 sys\n",
                &[("startup.wall", "runc", json!([0.61])), ("startup.wall", "kata", json!([2.1]))],
            ),
            (
                "runc:\nreal 0m0.61s\nKata:\ncontext deadline exceeded\nreal 1m1.2s\n",
                &[("startup.wall", "runc", json!([0.61])), ("startup.wall", "kata", json!(null))],
            ),
            (
                "runc:\nreal 0m0.61s\nKata:\nError: timed out waiting for the sandbox\nreal 2m0.0s\n",
                &[("startup.wall", "runc", json!([0.61])), ("startup.wall", "kata", json!(null))],
            ),
            (
                "runc:\nreal\t0m0.61s\n\nKata:\nreal\t0m2.10s\n\nDifference: 1.49s\n",
                &[("startup.wall", "runc", json!([0.61])), ("startup.wall", "kata", json!([2.1]))],
            ),
            (
                "=== Startup Time Comparison ===\nrunc:\nKata:\n\nManual measurement (time):\nrunc:\nreal 0m0.6s\nKata:\nreal 0m2.0s\n",
                &[("startup.wall", "runc", json!([0.6])), ("startup.wall", "kata", json!([2.0]))],
            ),
            (
                "runc:\nreal 0m0.612s\nuser 0m0.01s\nsys 0m0.01s\nKata: not measured (no KVM)\n",
                &[("startup.wall", "runc", json!([0.612])), ("startup.wall", "kata", json!(null))],
            ),
            (
                "runc   0.61s  0.58s  0.63s\nkata   2.10s  2.05s  2.20s\n",
                &[
                    ("startup.wall", "runc", json!([0.61, 0.58, 0.63])),
                    ("startup.wall", "kata", json!([2.1, 2.05, 2.2])),
                ],
            ),
            (
                "# runc\n1) 0.61\n2) 0.58\n# kata\n1) 2.10\n2) 2.05\n",
                &[
                    ("startup.wall", "runc", json!([0.61, 0.58])),
                    ("startup.wall", "kata", json!([2.1, 2.05])),
                ],
            ),
            (
                "runc: 612ms\nkata: 2.1s\n",
                &[("startup.wall", "runc", json!([0.612])), ("startup.wall", "kata", json!([2.1]))],
            ),
            (
                "runc,0.612\nkata,2.100\n",
                &[("startup.wall", "runc", json!([0.612])), ("startup.wall", "kata", json!([2.1]))],
            ),
            (
                "time nerdctl run --rm alpine echo ok\nok\n\nreal\t0m0.612s\nuser\t0m0.01s\nsys\t0m0.01s\n\ntime nerdctl run --rm --runtime io.containerd.kata.v2 alpine echo ok\nok\n\nreal\t0m2.100s\nuser\t0m0.01s\nsys\t0m0.01s\n",
                &[("startup.wall", "runc", json!([0.612])), ("startup.wall", "kata", json!([2.1]))],
            ),
            (
                "runc (first run pulls the image):\nreal\t0m9.412s\nrunc:\nreal\t0m0.612s\nKata (image already pulled):\nreal\t0m2.100s\n",
                &[("startup.wall", "runc", json!([0.612])), ("startup.wall", "kata", json!([2.1]))],
            ),
            (
                "runc (after pull):\nreal\t0m0.612s\nKata (no pull):\nreal\t0m2.100s\n",
                &[("startup.wall", "runc", json!([0.612])), ("startup.wall", "kata", json!([2.1]))],
            ),
            (
                "Days              : 0\nHours             : 0\nTotalSeconds      : 0.612\n",
                &[("startup.wall", "runc", json!(null)), ("startup.wall", "kata", json!(null))],
            ),
        ],
    );
}

#[test]
fn entries_of_proc() {
    check(
        "isolation/proc.txt",
        &[
            (
                "Host: 412\nKata VM: \n",
                &[("proc.entries", "host", json!(412)), ("proc.entries", "kata", json!(null))],
            ),
            (
                "Host: 412\nKata VM: 412\n",
                &[("proc.entries", "host", json!(412)), ("proc.entries", "kata", json!(412))],
            ),
            (
                "$ ls /proc | grep -E '^[0-9]+$' | wc -l\n350\n$ sudo nerdctl run --rm --runtime io.containerd.kata.v2 alpine:3.19 sh -c \"ls /proc | grep -E '^[0-9]+$' | wc -l\"\n4\n",
                &[("proc.entries", "host", json!(null)), ("proc.entries", "kata", json!(null))],
            ),
            (
                "Host: 412 Einträge\nGast: 53 Einträge\n",
                &[("proc.entries", "host", json!(412)), ("proc.entries", "kata", json!(53))],
            ),
            (
                "Host: 412\nKata VM: 53\nrunc container: 61\n",
                &[
                    ("proc.entries", "host", json!(412)),
                    ("proc.entries", "kata", json!(53)),
                    ("proc.entries", "runc", json!(61)),
                ],
            ),
            (
                "412\n53\n",
                &[("proc.entries", "host", json!(null)), ("proc.entries", "kata", json!(null))],
            ),
            (
                "Host:412,Kata VM:53\n",
                &[("proc.entries", "host", json!(412)), ("proc.entries", "kata", json!(53))],
            ),
            (
                "host_proc=412\nkata_proc=53\n",
                &[("proc.entries", "host", json!(412)), ("proc.entries", "kata", json!(53))],
            ),
            (
                "Host (WSL2): 88\nKata: N/A - no nested virtualization\n",
                &[("proc.entries", "host", json!(88)), ("proc.entries", "kata", json!(null))],
            ),
            (
                "Number of /proc entries on host: 412\nNumber of /proc entries in Kata VM: 53\n",
                &[("proc.entries", "host", json!(412)), ("proc.entries", "kata", json!(53))],
            ),
            (
                "/proc entries (host): 412\n/proc entries (kata): 53\n",
                &[("proc.entries", "host", json!(412)), ("proc.entries", "kata", json!(53))],
            ),
            (
                "Host: 1,204\nKata VM: 53\n",
                &[("proc.entries", "host", json!(null)), ("proc.entries", "kata", json!(53))],
            ),
            (
                "Host PIDs: 212\nKata PIDs: 1\n",
                &[("proc.entries", "host", json!(null)), ("proc.entries", "kata", json!(null))],
            ),
            (
                "Host processes: 212\nKata VM processes: 2\n",
                &[("proc.entries", "host", json!(null)), ("proc.entries", "kata", json!(null))],
            ),
            (
                "Host processes: 322\nKata VM processes: 52\n",
                &[("proc.entries", "host", json!(322)), ("proc.entries", "kata", json!(52))],
            ),
            (
                "Host PIDs: 212\nHost entries: 322\nKata PIDs: 1\nKata entries: 52\n",
                &[("proc.entries", "host", json!(322)), ("proc.entries", "kata", json!(52))],
            ),
            (
                "Hôte : 290\nVM Kata : 53\n",
                &[("proc.entries", "host", json!(290)), ("proc.entries", "kata", json!(53))],
            ),
            (
                "Host: ls: cannot access '/proc': No such file\nKata VM: 53\n",
                &[("proc.entries", "host", json!(null)), ("proc.entries", "kata", json!(53))],
            ),
        ],
    );
}

#[test]
fn entries_of_sys_module() {
    check(
        "isolation/modules.txt",
        &[
            (
                "$ lsmod | wc -l\n181\n$ sudo nerdctl run --rm --runtime io.containerd.kata.v2 alpine:3.19 sh -c 'lsmod | wc -l'\n3\n",
                &[
                    ("kernel.sys_module", "host", json!(null)),
                    ("kernel.sys_module", "kata", json!(null)),
                ],
            ),
            (
                "Host kernel modules: 298 (lsmod: 180)\nKata guest kernel modules: 72 (lsmod: 0)\n",
                &[
                    ("kernel.sys_module", "host", json!(298)),
                    ("kernel.sys_module", "kata", json!(72)),
                ],
            ),
            (
                "Host kernel modules: 298\nKata guest kernel modules: ls: /sys/module: No such file or directory\n0\n",
                &[
                    ("kernel.sys_module", "host", json!(298)),
                    ("kernel.sys_module", "kata", json!(null)),
                ],
            ),
            (
                "HOST /sys/module count: 298\nKATA /sys/module count: 72\n",
                &[
                    ("kernel.sys_module", "host", json!(298)),
                    ("kernel.sys_module", "kata", json!(72)),
                ],
            ),
            (
                "Loaded host modules (lsmod): 180\nLoaded guest modules (lsmod): 0\n",
                &[
                    ("kernel.sys_module", "host", json!(null)),
                    ("kernel.sys_module", "kata", json!(null)),
                ],
            ),
            (
                "Host modules: 298 vs Guest modules: 72\n",
                &[
                    ("kernel.sys_module", "host", json!(298)),
                    ("kernel.sys_module", "kata", json!(72)),
                ],
            ),
        ],
    );
}

#[test]
fn health() {
    check(
        "runc/health.txt",
        &[
            (
                "juice-runc: HTTP 000\njuice-runc: HTTP 200\n",
                &[("app.health_status", "runc", json!(200))],
            ),
            (
                "HTTP/1.1 200 OK\nAccess-Control-Allow-Origin: *\nX-Content-Type-Options: nosniff\nContent-Length: 75002\n",
                &[("app.health_status", "runc", json!(200))],
            ),
            (
                "<!DOCTYPE html><html><head><title>OWASP Juice Shop</title></head></html>\n",
                &[("app.health_status", "runc", json!(null))],
            ),
            (
                "curl: (7) Failed to connect to localhost port 3012 after 0 ms: Connection refused\n",
                &[("app.health_status", "runc", json!(null))],
            ),
            (
                "curl: (56) Recv failure: Connection reset by peer\njuice-runc: HTTP 000\n",
                &[("app.health_status", "runc", json!(0))],
            ),
            (
                "juice-runc: HTTP 200 (after 3 retries, first got 000)\n",
                &[("app.health_status", "runc", json!(200))],
            ),
            (
                "{\"status\":\"ok\",\"http_code\":200}\n",
                &[("app.health_status", "runc", json!(200))],
            ),
            (
                "Health check on http://localhost:3012 returned status 200\n",
                &[("app.health_status", "runc", json!(200))],
            ),
            ("juice-runc: HTTP 200%\n", &[("app.health_status", "runc", json!(200))]),
            ("juice-runc: HTTP\n", &[("app.health_status", "runc", json!(null))]),
        ],
    );
}

#[test]
fn latency_samples() {
    check(
        "bench/curl-3012.txt",
        &[
            (
                "200 0.004512\n200 0.003100\n",
                &[("http.latency", "runc", json!([0.004512, 0.0031]))],
            ),
            ("1,0.004512\n2,0.003100\n", &[("http.latency", "runc", json!([0.004512, 0.0031]))]),
            (
                "time_total\n0.004512\n0.003100\n",
                &[("http.latency", "runc", json!([0.004512, 0.0031]))],
            ),
            (
                "Request 1: 0.004512s\nRequest 2: 0.003100s\n",
                &[("http.latency", "runc", json!([0.004512, 0.0031]))],
            ),
            (
                "[1/3] 0.004512\n[2/3] 0.003100\n[3/3] 0.002\n",
                &[("http.latency", "runc", json!([0.004512, 0.0031, 0.002]))],
            ),
            (
                "1 0.004512\n2 0.003100\n3 0.002\n",
                &[("http.latency", "runc", json!([0.004512, 0.0031, 0.002]))],
            ),
            (
                "0.004512\ncurl: (7) Failed to connect\n0.003100\n",
                &[("http.latency", "runc", json!([0.004512, 0.0031]))],
            ),
        ],
    );
}

#[test]
fn latency_summaries() {
    check(
        "bench/http-latency.txt",
        &[
            (
                "avg: 4.5 ms\nmin: 2.1 ms\nmax: 6.8 ms\nn: 50\n",
                &[(
                    "http.latency_reported",
                    "runc",
                    json!({"avg": 0.0045, "min": 0.0021, "max": 0.0068, "n": 50}),
                )],
            ),
            ("avg=s min=s max=s n=\n", &[("http.latency_reported", "runc", json!(null))]),
            ("avg=-nans min=s max=s n=0\n", &[("http.latency_reported", "runc", json!(null))]),
            (
                "| avg | min | max | n |\n|---|---|---|---|\n| 0.0045s | 0.0021s | 0.0068s | 50 |\n",
                &[(
                    "http.latency_reported",
                    "runc",
                    json!({"avg": 0.0045, "min": 0.0021, "max": 0.0068, "n": 50}),
                )],
            ),
            (
                "Average: 0.0045s\nMin: 0.0021s\nMax: 0.0068s\nSamples: 50\n",
                &[(
                    "http.latency_reported",
                    "runc",
                    json!({"avg": 0.0045, "min": 0.0021, "max": 0.0068, "n": 50}),
                )],
            ),
        ],
    );
}

#[test]
fn processors_of_the_guest() {
    check(
        "kata/cpu.txt",
        &[
            ("CPU implementer : 0x41\n", &[("cpu.model", "kata", json!(null))]),
            (
                "model name\t: Intel(R) Xeon(R) Processor @ 1.60GHz\nflags\t\t: fpu vme\n",
                &[("cpu.model", "kata", json!("Intel(R) Xeon(R) Processor @ 1.60GHz"))],
            ),
            (
                "grep: /proc/cpuinfo: No such file or directory\n",
                &[("cpu.model", "kata", json!(null))],
            ),
        ],
    );
}

#[test]
fn processors_compared() {
    check(
        "analysis/cpu-comparison.txt",
        &[
            (
                "Host CPU:\nModel name: Neoverse-N1\nKata VM CPU:\n",
                &[("cpu.model", "host", json!("Neoverse-N1"))],
            ),
            (
                "Host CPU: Kata VM CPU: model name : Xeon X\n",
                &[("cpu.model", "host", json!(null)), ("cpu.model", "kata", json!("Xeon X"))],
            ),
        ],
    );
}

#[test]
fn kernels_compared() {
    check(
        "analysis/kernel-comparison.txt",
        &[
            (
                "Host kernel (runc uses this): 6.8.0-49-generic\nKata guest kernel: Linux 3ced72b81fee 6.12.47 #1 SMP Fri Nov 14 15:34:06 UTC 2025 x86_64 Linux\n",
                &[
                    ("kernel.release", "host", json!("6.8.0-49-generic")),
                    ("kernel.release", "kata", json!("6.12.47")),
                    ("kernel.banner", "kata", json!(null)),
                ],
            ),
            (
                "# uname -r (host)\n6.8.0-49-generic\n\n# cat /proc/version (kata)\nLinux version 6.12.47 (@4bcec8f4443d) #1 SMP\n",
                &[
                    ("kernel.release", "host", json!("6.8.0-49-generic")),
                    (
                        "kernel.banner",
                        "kata",
                        json!("Linux version 6.12.47 (@4bcec8f4443d) #1 SMP"),
                    ),
                ],
            ),
            (
                "Noyau de l'hôte (runc) : 6.1.0-28-amd64\nNoyau invité Kata : 6.12.47\n",
                &[
                    ("kernel.release", "host", json!("6.1.0-28-amd64")),
                    ("kernel.release", "runc", json!(null)),
                    ("kernel.release", "kata", json!("6.12.47")),
                ],
            ),
            (
                "Host kernel: 6.8.0-49-generic (Ubuntu 24.04.1 LTS)\nKata: 6.12.47\n",
                &[
                    ("kernel.release", "host", json!("6.8.0-49-generic")),
                    ("kernel.release", "kata", json!("6.12.47")),
                ],
            ),
            (
                "Host kernel (runc uses this): \n6.8.0-49-generic\nKata guest kernel: \nLinux version 6.12.47 (@4bcec8f4443d) (gcc (Ubuntu 11.4.0-1ubuntu1~22.04.2) 11.4.0, GNU ld (GNU Binutils for Ubuntu) 2.38) #1 SMP Fri Nov 14 15:34:06 UTC 2025\n",
                &[
                    ("kernel.release", "host", json!("6.8.0-49-generic")),
                    (
                        "kernel.banner",
                        "kata",
                        json!(
                            "Linux version 6.12.47 (@4bcec8f4443d) (gcc (Ubuntu 11.4.0-1ubuntu1~22.04.2) 11.4.0, GNU ld (GNU Binutils for Ubuntu) 2.38) #1 SMP Fri Nov 14 15:34:06 UTC 2025"
                        ),
                    ),
                ],
            ),
            (
                "runc kernel: 6.8.0-49-generic\nkata kernel: 6.12.47\nhost kernel: 6.8.0-49-generic\n",
                &[
                    ("kernel.release", "host", json!("6.8.0-49-generic")),
                    ("kernel.release", "kata", json!("6.12.47")),
                    ("kernel.release", "runc", json!("6.8.0-49-generic")),
                ],
            ),
            (
                "Host kernel (runc uses this): 6.8.0-49-generic\nKata guest kernel: Linux version 6.8.0-49-generic (buildd@lcy02-amd64-103) (x86_64-linux-gnu-gcc-13) #49-Ubuntu SMP\n",
                &[
                    ("kernel.release", "host", json!("6.8.0-49-generic")),
                    ("kernel.release", "kata", json!(null)),
                    ("kernel.banner", "kata", json!(null)),
                ],
            ),
        ],
    );
}

#[test]
fn versions_of_the_shim() {
    check(
        "setup/kata-built-version.txt",
        &[
            (
                "kata-runtime  : 3.23.0\n   commit   : abc\n   OCI specs: 1.2.0\n",
                &[("runtime.version", "kata", json!(null))],
            ),
            (
                "containerd-shim-kata-v2: command not found\n",
                &[("runtime.version", "kata", json!(null))],
            ),
            (
                "Kata Containers containerd shim (Rust): id: io.containerd.kata.v2, version: 3.23.0,\ncommit: bfc9e446e1f4e7db2741dc953c034447d55ec9b2\n",
                &[
                    ("runtime.version", "kata", json!("3.23.0")),
                    ("runtime.commit", "kata", json!("bfc9e446e1f4e7db2741dc953c034447d55ec9b2")),
                ],
            ),
            ("kata-tools 3.23.0\n", &[("runtime.version", "kata", json!(null))]),
        ],
    );
}

#[test]
fn boot_logs() {
    check(
        "isolation/dmesg.txt",
        &[
            (
                "=== dmesg Access Test ===\nKata VM (separate kernel boot logs):\ndmesg: read kernel buffer failed: Operation not permitted\n",
                &[("kernel.dmesg_lines", "kata", json!(null))],
            ),
            (
                "Kata VM:\n[Fri Nov 28 10:00:00 2025] Linux version 6.12.47 (@4bcec8f4443d) (gcc (Ubuntu 11.4.0-1ubuntu1~22.04.2) 11.4.0, GNU ld (GNU Binutils for Ubuntu) 2.38) #1 SMP Fri Nov 14 15:34:06 UTC 2025\n[Fri Nov 28 10:00:00 2025] Command line: agent.log=debug\n",
                &[("kernel.dmesg_lines", "kata", json!(2))],
            ),
            (
                "Host:\n[    0.000000] Linux version 6.8.0-49-generic (buildd@x) #49\n[    0.000000] Command line: BOOT_IMAGE=/boot/vmlinuz-6.8.0 root=UUID=1\nKata VM:\n[    0.000000] Linux version 6.12.47 (@4bcec8f4443d) (gcc (Ubuntu 11.4.0-1ubuntu1~22.04.2) 11.4.0, GNU ld (GNU Binutils for Ubuntu) 2.38) #1 SMP Fri Nov 14 15:34:06 UTC 2025\n",
                &[("kernel.dmesg_lines", "kata", json!(1))],
            ),
        ],
    );
}

#[test]
fn interfaces() {
    check(
        "isolation/network.txt",
        &[
            (
                "Host network:\n1: lo: <LOOPBACK,UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n2: wlp2s0: <UP> mtu 1500\n    inet 192.168.1.5/24 scope global wlp2s0\nKata VM network:\n1: lo: <LOOPBACK,UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n2: eth0: <UP> mtu 1500\n    inet 10.4.0.5/24 scope global eth0\n",
                &[(
                    "net.interfaces",
                    "kata",
                    json!([["lo", ["127.0.0.1/8"]], ["eth0", ["10.4.0.5/24"]]]),
                )],
            ),
            (
                "1: lo: <LOOPBACK,UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n2: wlp2s0: <UP> mtu 1500\n    inet 192.168.1.5/24 scope global wlp2s0\n3: docker0: <UP> mtu 1500\n    inet 172.17.0.1/16 scope global docker0\n",
                &[("net.interfaces", "kata", json!(null))],
            ),
        ],
    );
}

#[test]
fn releases_of_the_guest() {
    check(
        "kata/kernel.txt",
        &[
            ("Linux 6.12.47\n", &[("kernel.release", "kata", json!("6.12.47"))]),
            ("6.12.47 #1 SMP\n", &[("kernel.release", "kata", json!("6.12.47"))]),
            ("uname -r: 6.12.47\n", &[("kernel.release", "kata", json!("6.12.47"))]),
            ("Kata not available; docs say 6.12.47\n", &[("kernel.release", "kata", json!(null))]),
        ],
    );
}

#[test]
fn the_test_run() {
    check(
        "kata/test1.txt",
        &[(
            "Linux 6.12.47 #1 SMP Fri Nov 14 15:34:06 UTC 2025 x86_64 Linux\n",
            &[(
                "kernel.uname",
                "kata",
                json!("Linux 6.12.47 #1 SMP Fri Nov 14 15:34:06 UTC 2025 x86_64 Linux"),
            )],
        )],
    );
}
