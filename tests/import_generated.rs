//! Evidence directories made up at random from the ways in which people write, with what each of
//! them says known beforehand.

use std::collections::BTreeMap;

use isoproof::lab12::readers::LabReading;
use proptest::prelude::*;
use serde_json::{Value, json};

const LOG: &str = "time=\"2026-02-03T10:11:12+03:00\" level=warning msg=\"cannot set cgroup manager to \\\"systemd\\\" for runtime \\\"io.containerd.kata.v2\\\"\"\n";
const WARN: &str =
    "WARN[0000] cannot set cgroup manager to \"systemd\" for runtime \"io.containerd.kata.v2\"\n";
const KATA: &str = "sudo nerdctl run --rm --runtime io.containerd.kata.v2 alpine:3.19";
const RUNC: &str = "sudo nerdctl run --rm alpine:3.19";

/// A file and what it says.
#[derive(Debug, Clone)]
struct File {
    path: &'static str,
    text: String,
    says: Vec<(&'static str, &'static str, Value)>,
}

impl File {
    fn new(path: &'static str, text: String) -> Self {
        Self { path, text, says: Vec::new() }
    }

    fn says(mut self, id: &'static str, target: &'static str, value: Value) -> Self {
        self.says.push((id, target, value));
        self
    }
}

/// One of these texts.
fn one_of(texts: &[&'static str]) -> impl Strategy<Value = &'static str> + use<> {
    prop::sample::select(texts.to_vec())
}

fn noise() -> impl Strategy<Value = &'static str> {
    one_of(&["", "", "", LOG, WARN, "\n"])
}

fn prompt() -> impl Strategy<Value = &'static str> {
    one_of(&["$ ", "ann@pine:~/lab$ ", "# ", "root@vm-1:~# ", "❯ ", "+ ", "student@lab12 ~ % "])
}

/// Two counts in one of a dozen ways.
fn counts(
    path: &'static str,
    id: &'static str,
    dir: &'static str,
    names: &'static [(&'static str, &'static str)],
) -> impl Strategy<Value = File> {
    let names = prop::sample::select(names.to_vec());
    let title = one_of(&["", "=== Comparison ===\n", "## Results\n\n", "=== Count ===\n"]);
    (names, 60..900_i64, 2..90_i64, title, noise(), prompt(), 0..13).prop_map(
        move |((host, kata), a, b, title, noise, prompt, style)| {
            let inside = format!("{KATA} sh -c \"ls {dir} | wc -l\"");
            let text = match style {
                0 => format!("{title}{host}: {a}\n{kata}: {noise}{b}\n"),
                1 => format!("{title}{host}:\n{a}\n{kata}:\n{noise}{b}\n"),
                2 => format!("{prompt}ls {dir} | wc -l\n{a}\n{prompt}{inside}\n{noise}{b}\n"),
                3 => format!("{title}- **{host}**: {a}\n- **{kata}**: {b}\n"),
                4 => format!("| where | count |\n|---|---|\n| {host} | {a} |\n| {kata} | {b} |\n"),
                5 => format!("{title}{host}: {a} entries\n{kata}: {b} (fewer)\n"),
                6 => format!("{host} = {a}\n{kata} = {b}\n"),
                7 => format!("{title}{}:{a}\n{}:{b}\n", host.to_uppercase(), kata.to_lowercase()),
                8 => format!("--- Host ---\n{a}\n--- Kata ---\n{b}\n"),
                9 => format!("[Host]\n{prompt}ls {dir} | wc -l\n{a}\n\n[Kata]\n{prompt}{inside}\n{noise}{b}\n"),
                10 => format!("{title}{kata}: {b}\n{host}: {a}\n"),
                11 => format!("{title}{host}: {a}\nrunc container: 61\n{kata}: {b}\n"),
                _ => format!("{title}{host}: {a}\n{kata}: {LOG}{b}"),
            };
            let runc = if style == 11 { json!(61) } else { Value::Null };
            File::new(path, text)
                .says(id, "host", json!(a))
                .says(id, "kata", json!(b))
                .says(id, "runc", runc)
        },
    )
}

/// Milliseconds as seconds, as they are written with three decimals.
fn seconds_from_millis(millis: u32) -> Value {
    json!(format!("{}.{:03}", millis / 1000, millis % 1000).parse::<f64>().expect("a number"))
}

fn bash(millis: u32, point: char) -> String {
    let (minutes, rest) = (millis / 60_000, millis % 60_000);
    format!(
        "real\t{minutes}m{}{point}{:03}s\nuser\t0m0{point}011s\nsys\t0m0{point}015s\n",
        rest / 1000,
        rest % 1000
    )
}

/// The start-up times of both runtimes as the shells and people write them.
fn startup() -> impl Strategy<Value = File> {
    let labels = prop::sample::select(vec![
        ("runc:", "Kata:"),
        ("=== runc ===", "=== Kata ==="),
        ("runc", "kata"),
        ("## runc:", "## Kata:"),
        ("runc startup:", "Kata startup:"),
        ("--- runc ---", "--- kata ---"),
    ]);
    let times = (200..1200_u32, 1200..7000_u32);
    (labels, times, noise(), prompt(), one_of(&[".", ","]), 0..12).prop_map(
        |((runc, kata), (a, b), noise, prompt, point, style)| {
            let point = point.chars().next().unwrap_or('.');
            let plain = |millis: u32| format!("{}{point}{:03}", millis / 1000, millis % 1000);
            let dotted = |millis: u32| format!("{}.{:03}", millis / 1000, millis % 1000);
            let one = |text: String| (text, json!([seconds_from_millis(a)]), json!([seconds_from_millis(b)]));
            let (text, of_runc, of_kata) = match style {
                0 => one(format!("=== Startup Time Comparison ===\n{runc}\n{}{kata}\n{noise}{}", bash(a, point), bash(b, point))),
                1 => one(format!("{runc}\nreal {}\nuser 0.01\nsys 0.01\n{kata}\nreal {}\nuser 0.01\nsys 0.02\n", plain(a), plain(b))),
                2 => one(format!("{runc}\n{RUNC} echo test  0.01s user 0.02s system 3% cpu {} total\n{kata}\n{KATA} echo test  0.01s user 0.02s system 1% cpu {} total\ngrep real  0.00s user 0.00s system 0% cpu 9.999 total\n", dotted(a), dotted(b))),
                3 => one(format!("{runc}\ntest\n\n___\nExecuted in  {a}.00 millis    fish           external\n   usr time   59.13 millis\n{kata}\ntest\n\n___\nExecuted in    {} secs      fish           external\n   usr time    2.86 millis\n", dotted(b))),
                4 => one(format!("runc: {}s\nKata: {}s\n", plain(a), plain(b))),
                5 => one(format!("runc startup time: {a} ms\nKata startup time: {b} ms\n")),
                6 => one(format!("{prompt}time {RUNC} echo test\ntest\n\n{}\n{prompt}time {KATA} echo test\n{noise}test\n\n{}", bash(a, point), bash(b, point))),
                7 => one(format!("| Runtime | Time |\n|---|---|\n| runc | {}s |\n| Kata | {}s |\n", dotted(a), dotted(b))),
                8 => one(format!("runc took {} s, Kata took {} s\n", dotted(a), dotted(b))),
                9 => {
                    let text = format!("runc:\nrun 1: {}s\nrun 2: {}s\nKata:\nrun 1: {}s\nrun 2: {}s\naverage: 9.9s\n", plain(a), plain(a + 1), plain(b), plain(b + 1));
                    (text, json!([seconds_from_millis(a), seconds_from_millis(a + 1)]), json!([seconds_from_millis(b), seconds_from_millis(b + 1)]))
                }
                10 => (format!("=== Startup Time Comparison ===\n{runc}\n{kata}\n"), Value::Null, Value::Null),
                _ => {
                    let text = format!("{runc}\n{}{kata}\nFATA[0001] failed to create shim task: no such device\n{}", bash(a, point), bash(b, point));
                    (text, json!([seconds_from_millis(a)]), Value::Null)
                }
            };
            File::new("bench/startup.txt", text)
                .says("startup.wall", "runc", of_runc)
                .says("startup.wall", "kata", of_kata)
        },
    )
}

const HOSTS: &[&str] = &[
    "6.8.0-49-generic",
    "6.12.10-arch1-1",
    "5.15.167.4-microsoft-standard-WSL2",
    "6.1.0-28-amd64",
    "6.17.9-200.fc42.x86_64",
    "6.14.0-1017-azure",
    "5.14.0-503.el9.x86_64",
    "6.12.63+deb13-amd64",
    "6.18.2-zen2-1-zen",
    "6.8.12-5-pve",
];

/// Host kernel against guest kernel, and the guest's release by itself.
fn kernels() -> impl Strategy<Value = Vec<File>> {
    let guest = one_of(&["6.12.47", "6.18.5", "6.18.15", "6.1.62", "5.19.2"]);
    (one_of(HOSTS), guest, noise(), prompt(), 0..7, 0..4).prop_map(
        |(host, guest, noise, prompt, style, own)| {
            let banner = format!(
                "Linux version {guest} (@4bcec8f4443d) (gcc (Ubuntu 11.4.0-1ubuntu1~22.04.2) 11.4.0, \
                 GNU ld (GNU Binutils for Ubuntu) 2.38) #1 SMP Fri Nov 14 15:34:06 UTC 2025"
            );
            let mut has_banner = true;
            let text = match style {
                0 => format!("=== Kernel Version Comparison ===\nHost kernel (runc uses this): {host}\nKata guest kernel: {noise}{banner}\n"),
                1 => format!("Host kernel: {host}\nKata guest kernel:\n{noise}{banner}\n"),
                2 => format!("{prompt}uname -r\n{host}\n{prompt}{KATA} cat /proc/version\n{banner}\n"),
                3 => {
                    has_banner = false;
                    format!("Host kernel (runc uses this):{host}\nKata guest kernel: {guest}\n")
                }
                4 => {
                    has_banner = false;
                    format!("| Runtime | Kernel |\n|---|---|\n| Host (runc) | {host} |\n| Kata | {guest} |\n")
                }
                5 => format!("## Host\n{host}\n## Kata\n{banner}\n"),
                _ => format!("Host kernel (runc uses this): {host}\nKata guest kernel: {banner}\n\nThey differ: Kata boots {guest} while the host stays on {host}.\n"),
            };
            let alone = match own {
                0 => format!("{guest}\n"),
                1 => format!("{LOG}{guest}\n"),
                2 => format!("{prompt}{KATA} uname -r\n{guest}"),
                _ => format!("Kata kernel: {guest}\n"),
            };
            let banner = if has_banner { json!(banner) } else { Value::Null };
            vec![
                File::new("analysis/kernel-comparison.txt", text)
                    .says("kernel.release", "host", json!(host))
                    .says("kernel.banner", "kata", banner),
                File::new("kata/kernel.txt", alone).says("kernel.release", "kata", json!(guest)),
            ]
        },
    )
}

/// The status of the application.
fn health() -> impl Strategy<Value = File> {
    let status = prop::sample::select(vec![0, 200, 200, 404, 503]);
    (status, prompt(), 0..6).prop_map(|(status, prompt, style)| {
        let text = match style {
            0 => format!("juice-runc: HTTP {status:03}\n"),
            1 => format!("{status:03}"),
            2 => format!("juice-runc on port 3012: HTTP {status:03}\n"),
            3 => format!("{prompt}curl -s -o /dev/null -w \"juice-runc: HTTP %{{http_code}}\\n\" http://localhost:3012\njuice-runc: HTTP {status:03}\n"),
            4 => format!("{}\njuice-runc: HTTP {status:03}\n", "a3f0c2b1d4e5f607".repeat(4)),
            _ => format!("Health check: {status:03}\n"),
        };
        File::new("runc/health.txt", text).says("app.health_status", "runc", json!(status))
    })
}

/// Latency samples, and their summary.
fn latency() -> impl Strategy<Value = File> {
    (prop::collection::vec(900..20_000_u32, 1..60), 0..4).prop_map(|(micros, style)| {
        let line = |(at, micros): (usize, &u32)| match style {
            0 => format!("0.{micros:06}\n"),
            1 => format!("0,{micros:06}\n"),
            2 => format!("{}: 0.{micros:06}s\n", at + 1),
            _ => format!("200 0.{micros:06}\n"),
        };
        let text: String = micros.iter().enumerate().map(line).collect();
        let values: Vec<f64> = micros
            .iter()
            .map(|micros| format!("0.{micros:06}").parse().expect("a number"))
            .collect();
        File::new("bench/curl-3012.txt", text).says("http.latency", "runc", json!(values))
    })
}

/// A directory: some of the files, and how its bytes were written.
fn directory() -> impl Strategy<Value = (Vec<File>, bool, bool, bool)> {
    const PROC: &[(&str, &str)] = &[
        ("Host", "Kata VM"),
        ("Host /proc entries", "Kata VM /proc entries"),
        ("Host machine", "Kata guest"),
    ];
    const MODULES: &[(&str, &str)] = &[
        ("Host kernel modules", "Kata guest kernel modules"),
        ("Host", "Kata VM"),
        ("Host /sys/module", "Kata /sys/module"),
    ];
    let files = (
        counts("isolation/proc.txt", "proc.entries", "/proc", PROC),
        counts("isolation/modules.txt", "kernel.sys_module", "/sys/module", MODULES),
        startup(),
        kernels(),
        health(),
        latency(),
    );
    let files = files.prop_map(|(a, b, c, mut d, e, f)| {
        d.extend([a, b, c, e, f]);
        d
    });
    (files, prop::bool::weighted(0.2), prop::bool::weighted(0.1), any::<bool>())
}

fn read(files: &[File], carriage: bool, mark: bool, end: bool) -> LabReading {
    let bytes = |file: &File| {
        let mut text = file.text.clone();
        if !end {
            text = text.trim_end_matches('\n').into();
        }
        if carriage {
            text = text.replace('\n', "\r\n");
        }
        if mark { format!("\u{feff}{text}") } else { text }
    };
    let texts: BTreeMap<&str, String> = files.iter().map(|file| (file.path, bytes(file))).collect();
    let list: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (*path, text.as_str())).collect();
    crate::support::lab12::reading(&list).0
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_directory_written_in_any_of_these_ways_is_read_as_it_says((files, carriage, mark, end) in directory()) {
        let reading = read(&files, carriage, mark, end);
        for file in &files {
            for (id, target, wanted) in &file.says {
                let fact = &reading.facts[*id][*target];
                let found = match (fact.as_series(), fact.as_value()) {
                    (Some(samples), _) => json!(samples.values),
                    (None, Some(value)) => value.clone(),
                    (None, None) => Value::Null,
                };
                prop_assert_eq!(&found, wanted, "{} on {} in {}:\n{}", id, target, file.path, file.text);
            }
        }
    }
}
