//! Hand-written reports against the evidence of their authors: everything that is said about
//! them, as a whole.

use std::path::Path;
use std::sync::LazyLock;

use crate::support::Project;
use isoproof::lab12::claims::{ClaimChecker, ClaimResult, ClaimStatus};
use isoproof::lab12::import::import_lab_folder;
use isoproof::report::{Assessment, ProjectData};
use isoproof::store::LoadedRun;
use isoproof::store::integrity::IntegrityReport;

static CLAIMS: LazyLock<ClaimChecker> =
    LazyLock::new(|| ClaimChecker::load(None).expect("shipped words"));
static SHELF: LazyLock<ProjectData> =
    LazyLock::new(|| ProjectData::load_data(None).expect("shipped data"));

/// The run of an evidence directory below `tests/`.
fn subject(evidence: &str) -> Assessment {
    subject_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(evidence))
}

fn subject_of(folder: &Path) -> Assessment {
    let mut run =
        import_lab_folder(folder, None, None, chrono::DateTime::UNIX_EPOCH).expect("evidence");
    run.id = "20260101T000000Z-00000000".into();
    let loaded = LoadedRun { run, integrity: IntegrityReport::default(), origin: "a test".into() };
    Assessment::new(loaded, &SHELF).expect("a judged run")
}

fn check(subject: &Assessment, text: &str) -> Vec<ClaimResult> {
    CLAIMS.check_report(subject, text).expect("annotations").annotations
}

/// One annotation in a few lines.
fn shown(annotation: &ClaimResult) -> String {
    let rule = annotation.rule.as_ref().map(|rule| format!(" [{rule}]")).unwrap_or_default();
    let mut out = format!(
        "{}:{} {}{rule} “{}”\n    {}\n",
        annotation.line,
        annotation.column,
        annotation.status.into_str(),
        annotation.quote,
        annotation.message
    );
    for source in annotation.evidence.iter().filter_map(|place| place.source.as_ref()) {
        let line = source.line.map(|line| format!(":{line}")).unwrap_or_default();
        out.push_str(&format!("    at {}{line}\n", source.capture));
    }
    out
}

/// Everything that is said about a report below `tests/reports/`.
fn whole(evidence: &str, report: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports").join(report);
    let text = std::fs::read_to_string(path).expect("a report");
    check(&subject(evidence), &text).iter().map(shown).collect()
}

/// The rules that a text offends, with the words at the place.
fn offences(subject: &Assessment, text: &str) -> Vec<(String, String)> {
    let found = check(subject, text);
    found.into_iter().filter_map(|found| Some((found.rule?, found.quote))).collect()
}

#[test]
fn the_customers_report() {
    insta::assert_snapshot!(whole("import/customer", "customer.md"));
}

/// What every kind of finding is found by, and what must not be taken for it; about the
/// customer's evidence: 322 and 52 entries, 332 and 72 modules, 503, no start-up times.
#[test]
fn every_rule_finds_its_defect_and_leaves_what_is_right_alone() {
    let subject = subject("import/customer");
    let cases: &[(&str, &[&str], &[&str])] = &[
        (
            "claim-contradicts-evidence",
            &[
                "The host has 332 entries in /proc.",
                "| | Host | Kata |\n|-|-|-|\n| /proc entries | 332 | 52 |\n",
                "Kata guest kernel: 6.12.48.",
                "The health check returned HTTP 200.",
                "The guest's eth0 has the address 10.4.0.16.",
                "Kata's CPU is a Ryzen.",
                "Kata version 3.22.0 is installed.",
                "Kata shows only lo and eth1.",
                "- /proc: host 322, kata 25",
                "```\nHost /proc entries: 317\n```",
                "## CPU\n\n- Host: Intel i5-8250U\n",
                "Kata: eth0 10.4.0.51/24",
                "| | Release |\n|-|-|\n| Kata kernel | 6.1.62 |\n",
                "Host kernel modules: 72; Kata guest kernel modules: 332.",
                "- shim 3.22.0",
            ],
            &[
                "The host has about 320 entries in /proc, Kata 52.",
                "The host has 322 entries in /proc and Kata sees 52 of its own.",
                "We expected 400 entries in /proc on the host.",
                "Does the host have 332 entries in /proc?",
                "The host does not have 332 entries in /proc.",
                "Kata saves 270 entries in /proc compared to the host.",
                "Show the health check (HTTP 200 from port 3012).",
                "In the browser it returns HTTP 200.",
                "Other people report kernel 6.18.1 under gVisor.",
                "The kernel is 6.12.",
                "For a web app with 100 ms of response time, 2 s at start-up do not matter.",
                "The p95 of the latency was 9 ms.",
                "Kata is on the network 10.4.0.0/24 with the gateway 10.4.0.1.",
                "Kata 3.20.0 did not work, 3.23.0 did.",
                "In an earlier run the host had 402 entries in /proc.",
                "The latency is fine; for comparison: pinging 8.8.8.8 takes 12 ms.",
                "juice-shop (runc) sent an HTTP 503 response.",
                "332 modules on the host against 72 in the guest VM",
                "Step 300: count the entries in /proc on the host.",
            ],
        ),
        (
            "claim-without-evidence",
            &[
                "runc started in 4.03 s.",
                "Kata: start-up took 6.59 seconds.",
                "The host has dozens of VPNs and bridges.",
            ],
            &[
                "A start usually takes 2 s under Kata.",
                "Start-up of Kata was not measured; others report 2 s.",
            ],
        ),
        (
            "claim-overhead-unmeasured",
            &[
                "Kata is 5x slower to start than runc.",
                "CPU overhead 5-10 %, memory ~130 MB per VM",
                "Kata adds 3 % CPU overhead.",
                "- **CPU overhead:** minimal (<5%)",
                "Kata has 2-5x higher network latency.",
                "| Overhead | runc | Kata |\n|-|-|-|\n| CPU | 0 % | 3-8 % |\n",
                "Disk I/O through virtio-fs is 20-40 % slower.",
                "The memory of Kata costs around 180 Mo by container.",
                "For CPU work Kata loses roughly 5 to 8 percent.",
                "Kata kostet im Betrieb rund 10 % Rechenleistung.",
            ],
            &[
                "Kata's documentation speaks of 100-200 MB of memory per VM.",
                "In theory a VM adds 1-2 s.",
                "My laptop has 16 GB of memory.",
                "Typical values from the literature:\n\n- memory overhead of Kata: 130 MB\n",
                "The guest has 76 % fewer modules.",
                "Over 90 % of the escapes in 2023 used kernel bugs.",
                "Use runc where a start has to take less than 100 ms.",
            ],
        ),
        (
            "claim-cost-without-figure",
            &[
                "Runtime overhead: negligible",
                "The memory overhead of Kata is minimal.",
                "| | runc | Kata |\n|-|-|-|\n| CPU overhead | low | low |\n",
            ],
            &[
                "The runtime overhead was not measured.",
                "Use runc when minimal overhead matters.",
                "According to the documentation the overhead is small.",
                "The attack surface is small.",
                "| Workload | Runtime | Why |\n|-|-|-|\n| CI jobs | runc | low startup overhead |\n",
                "Kata gives high isolation.",
            ],
        ),
        (
            "claim-single-start",
            &[
                "```\n=== Startup Time Comparison ===\nrunc:\nreal 0m4.030s\nKata:\nreal 0m6.590s\n```",
            ],
            &["```\n=== Startup Time Comparison ===\nrunc:\nreal 0m4.030s\n```"],
        ),
        (
            "claim-pasted-line-differs",
            &["```\n=== dmesg Access Test ===\nKata VM (separate kernel boot log):\n```\n\n\
                 ```\n=== /proc Entries Count ===\nHost: 322\nKata VM: 52\n```\n\n\
                 ```\n    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n    inet 127.0.0.1/8 scope link lo\n       valid_lft forever preferred_lft forever\n```"],
            &["```\n=== /proc Entries Count ===\nHost: 322\nKata VM: 52\n```"],
        ),
        (
            "claim-absolute-security",
            &[
                "With Kata it is impossible to escape to the host.",
                "Kata containers are completely isolated from the host.",
                "Kata gives (almost) complete isolation.",
            ],
            &[
                "Kata does not guarantee isolation.",
                "An attacker cannot easily escape the VM.",
                "It is impossible to read the file without root.",
            ],
        ),
        (
            "claim-wrong-concept",
            &[
                "Containers share host kernel, address space.",
                "runc containers share the host's address space.",
            ],
            &[
                "Containers do not share an address space.",
                "Each process has its own address space.",
            ],
        ),
        (
            "claim-entries-called-processes",
            &["The host has 322 processes in /proc.", "Kata sees only 52 processes in /proc."],
            &["Kata shows 52 entries in /proc.", "Kata sees only its own processes in /proc."],
        ),
        (
            "claim-sys-module-called-loaded",
            &[
                "The guest has 72 loaded kernel modules.",
                "Only 72 modules are loaded in the guest.",
            ],
            &[
                "Kernel modules: 332 on the host.",
                "These are entries in /sys/module, not loaded modules.",
            ],
        ),
        (
            "claim-ratio-wording",
            &[
                "runc: start-up took 4.03 s.\n\nKata: start-up took 6.59 s.\n\nrunc started almost twice as fast as Kata.",
            ],
            &[
                "runc: start-up took 4.03 s.\n\nKata: start-up took 6.59 s.\n\nKata took 1.6x as long to start as runc.",
                "runc: start-up took 4.03 s.\n\nKata: start-up took 6.59 s.\n\nKata took 64 % longer to start.",
                "I repeated the start twice.",
            ],
        ),
        (
            "claim-latency-of-errors",
            &["An average latency of 0.1 ms shows that containers cost little."],
            &[
                "Network latency is usually 10 ms.",
                "The latency was not measured.",
                "The latency of 0.1 ms is that of the proxy's answers and says nothing.",
            ],
        ),
        (
            "claim-health-not-demanded",
            &["curl always returns 503."],
            &["The page loads in the browser."],
        ),
    ];
    let mut wrong: Vec<String> = Vec::new();
    for (rule, found, left) in cases {
        for text in *found {
            let offences = offences(&subject, text);
            if !offences.iter().any(|offence| offence.0 == *rule) {
                wrong.push(format!("{rule} not found in {text:?}: {offences:?}"));
            }
        }
        for text in *left {
            let offences = offences(&subject, text);
            if offences.iter().any(|offence| offence.0 == *rule) {
                wrong.push(format!("{rule} found in {text:?}: {offences:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The customer's Kata started; for what is said of one that did not, see `kinds/stopped.txt`.
    let elsewhere = ["claim-escape-not-tested"];
    let tested: Vec<&str> = cases.iter().map(|case| case.0).chain(elsewhere).collect();
    for doc in SHELF.report_rules.iter_rules() {
        assert!(tested.contains(&doc.id.as_str()), "{} has no example", doc.id);
    }
}

#[test]
fn every_rule_about_reports_says_why_it_matters_and_what_to_do() {
    for doc in SHELF.report_rules.iter_rules() {
        for text in [&doc.title, &doc.looks_at, &doc.why, &doc.example, &doc.remedy] {
            assert!(text.trim().len() > 10, "{}", doc.id);
        }
    }
}

#[test]
fn an_honest_report() {
    insta::assert_snapshot!(whole("import/honest", "honest.md"));
}

#[test]
fn a_report_of_tables() {
    insta::assert_snapshot!(whole("import/tables", "tables.md"));
}

#[test]
fn a_report_with_decimal_commas() {
    insta::assert_snapshot!(whole("import/german", "german.md"));
}

#[test]
fn a_report_that_promises_much() {
    insta::assert_snapshot!(whole("import/bold", "bold.md"));
}

#[test]
fn a_report_where_kata_did_not_start() {
    insta::assert_snapshot!(whole("import/wsl", "wsl.md"));
}

#[test]
fn a_report_for_the_newer_edition() {
    insta::assert_snapshot!(whole("import/newer", "newer.md"));
}

/// What isoproof writes itself quotes the evidence: none of it may be contradicted.
#[test]
fn our_own_submission_is_not_contradicted() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    let found = check(&subject("import/customer"), &project.read("submission.md"));
    assert!(found.len() > 30, "{} annotations", found.len());
    let wrong: Vec<String> =
        found.iter().filter(|found| found.status == ClaimStatus::Contradicted).map(shown).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_careful_report_full_of_other_numbers() {
    insta::assert_snapshot!(whole("import/honest", "careful.md"));
}

#[test]
fn a_report_of_single_remarks() {
    insta::assert_snapshot!(whole("import/honest", "chatty.md"));
}

/// The contradictions in a text.
fn contradictions(subject: &Assessment, text: &str) -> Vec<String> {
    let found = check(subject, text).into_iter();
    let wrong = found.filter(|found| found.status == ClaimStatus::Contradicted);
    wrong.map(|found| found.quote).collect()
}

/// About the honest evidence: 412 and 53 entries, 298 and 72 modules, five starts around 0.61 s
/// and 2.04 s, 50 requests of 4.34 ms.
#[test]
fn what_people_write_is_contradicted_only_where_it_is_certain() {
    let subject = subject("import/honest");
    let wrong: &[(&str, &[&str])] = &[
        ("- runc start: 0.61 s\n- Kata start: 3.04 s\n", &["3.04 s"]),
        ("| Runtime | Avg startup (s) |\n|-|-|\n| runc | 0.254 |\n| Kata | 2.04 |\n", &["0.254"]),
        (
            "| Runtime | real | user | sys |\n|-|-|-|-|\n| Kata | 3.5s | 0.02s | 0.03s |\n",
            &["3.5s"],
        ),
        ("| | Start (s) |\n|-|-|\n| runc | 2.04 |\n| Kata | 0.61 |\n", &["2.04", "0.61"]),
        ("Latency: avg 4.3 ms, max 62 ms.", &["62 ms"]),
        ("curl measured 4.3 ms on average, with n=100 requests.", &["100"]),
        ("- **Host:** AMD Ryzen 7 5800X\n- **Kata VM:** AMD Ryzen 7 5800H\n", &["Ryzen 7 5800X"]),
        ("## CPU\n\n- **Host:** AMD Ryzen 7 5800X\n", &["Ryzen 7 5800X"]),
        ("My machine runs kernel 6.8.0-45-generic.", &["6.8.0-45-generic"]),
        ("The guest has 298 modules, the host has 72.", &["298", "72"]),
        ("Network: lo and eth0 (10.4.0.9/24)", &["10.4.0.9"]),
        (
            "```\nsudo nerdctl run --rm --runtime io.containerd.kata.v2 alpine:3.19 uname -a\n\
             Linux 7c19be40d2f3 6.12.74 #1 SMP Fri Nov 14 15:34:06 UTC 2025 x86_64 Linux\n```\n",
            &["Linux 7c19be40d2f3 6.12.74 #1 SMP Fri Nov 14 15:34:06 UTC 2025 x86_64 Linux"],
        ),
        (
            "```\n[    0.000000] Command line: tsc=reliable no_timer_check \
             rcupdate.rcu_expedited=1 root=/dev/sda1 systemd.unit=kata-containers.target\n```\n",
            &["[ 0.000000] Command line: tsc=reliable no_timer_check \
               rcupdate.rcu_expedited=1 root=/dev/sda1 systemd.unit=kata-containers.target"],
        ),
        // Exchanged, with a third value, in German.
        ("- /proc: host 53, Kata 412; modules: 298 and 72", &["53", "412"]),
        (
            "Der Wirt hat den Kern 6.12.47, der Gast den Kern 6.8.0-49-generic.",
            &["6.12.47", "6.8.0-49-generic"],
        ),
        // Digits exchanged or added.
        ("Module: 298 auf dem Wirt, 720 im Gast.", &["720"]),
        ("The kernels are here:\n\n- runc: 6.8.0-49-generic\n- Kata: 6.12.74\n", &["6.12.74"]),
        ("| | total |\n|-|-|\n| runc | 0.610 |\n| kata | 2.403 |\n", &["2.403"]),
        (
            "Three of the 50 requests took longer than 4 ms.",
            &["Three of the 50 requests took longer than 4 ms"],
        ),
        (
            "Kata is more than five times slower to start, and I'd expect more.",
            &["more than five times"],
        ),
    ];
    let found = wrong.iter().map(|(text, quotes)| (*text, *quotes, contradictions(&subject, text)));
    let missed: Vec<_> = found.filter(|(_, quotes, found)| found != quotes).collect();
    assert!(missed.is_empty(), "{missed:#?}");
    let right = [
        "Startup: Kata +1.5s.",
        "The overhead is 1.43 s, or 234 %.",
        "After the start the app returned 503 for 10 seconds, then 200.",
        "A host with 412 entries in /proc exposes process names of other users.",
        "The host has 412 processes and kernel entries in /proc.",
        "| Aspect | runc | Kata |\n|-|-|-|\n| Kernel modules | 250+ | ~70 |\n",
        "The VM boot takes 1.2 s, the container another 0.8 s.",
        "The first 10 requests were slower than the remaining 40.",
        "On port 3013 nothing answers (HTTP 000).",
        "On my old machine runc started in 1.4 s.",
        "It starts more slowly than runc: 2.04 s.",
        "The two runtimes (runc and Kata) start in: 0.61 s and 2.04 s.",
        "About 95% of the requests took less than 6 ms.",
        "The guest cannot access the host kernel directly.",
        "Kata's start-up is usually 1-2 s and its memory 50-150 MB.",
        "| | runc | Kata (expected) |\n|-|-|-|\n| start | 0.61 s | ~5 s |\n",
        "2.04 s include 0.5 s of nerdctl itself.",
        "Der allererste Start mit Kata brauchte 14,2 s (Image-Download), den haben wir weggelassen.",
        "The VM has its lo and eth0, the host docker0 and eth0 next to others.",
        "All 50 requests returned 200.",
        "CVE-2022-0492 affected kernels before 5.17.",
        "With --privileged CapEff is 000001ffffffffff under runc.",
        "- Modules: 298 against 72",
        "Modules: 72, of which 12 belong to virtio.",
        "| | Host / runc | Kata |\n|-|-|-|\n| /proc | 412 | 53 |\n| start | 0.610 s | 2.04 s |\n",
        "| | samples (s) | max - min |\n|-|-|-|\n\
         | runc | 0.610 0.584 0.642 0.597 0.633 | 0.058 |\n",
        "In both attempts the start took 0.61 s.",
        "Start-up: the median of the first three runs is 2.080 s under Kata.",
        "| | samples (s) | median | σ | n |\n|-|-|-|-|-|\n\
         | runc | 0.610 0.584 0.642 0.597 0.633 | 0.610 | 0.024 | 5 |\n",
        "Both CPUs are an AuthenticAMD.",
        "The website says: \"only 5 % CPU overhead\".",
        "| | mine | what Intel says |\n|-|-|-|\n| memory overhead per VM | none measured | 5 MB |\n",
        "Kata unterscheidet sich: Der Gast hat 226 Module weniger.",
        "Kata started in about 2 s; the kernels differ.",
        "The tutor had Kata 3.21.0 on his machine, and 80 modules in the guest.",
        "Er hat Kata 3.21.0, der Dozent; auf seinem Gerät zeigte der Gast 80 Module.",
        "That is 23 % less (9.1 ms against 11.9 ms for 100 MB), from /dev/zero to /dev/null.",
        "runc 610 ms, kata 2.04 s => kata is 3.3x slower.",
        "No request took over 9 ms, and 0.61 s is what I expected of runc.",
        "Typical values:\n\n- Kata start: 1.1 s\n- runc start: 0.1 s\n",
        "The CPU model does not differ; the number of CPUs differs.",
        "I expected Kata to start in 5 s.",
        "30 of the 50 requests took longer than 4 ms, the first two requests longer than 5 ms.",
        "The first two requests took longer than 3 ms.",
        "Both sides show the same CPU model.",
        "## Startup\n\nKata is 3.3 times slower. Spread of kata is 0.18 s, of runc 0.06 s.",
        "## Estado\n\nEstado de la aplicación: HTTP 200.\n\n| Dato | Anfitrión | Kata |\n|-|-|-|\n\
         | Módulos | 298 | 72 |\n",
    ];
    for text in right {
        let found = check(&subject, text);
        let wrong: Vec<String> = found
            .iter()
            .filter(|found| {
                found.rule.as_ref().is_some_and(|rule| rule != "claim-cost-without-figure")
            })
            .map(shown)
            .collect();
        assert!(wrong.is_empty(), "{text}: {}", wrong.join("\n"));
    }
}

/// Files of `kinds/`: evidence (`@ path`), then statements, each below what is said about it: what is
/// contradicted (`> a | b`, or `>` for nothing), that something (`!`) or nothing (`=`) is remarked on.
#[test]
fn every_kind_of_statement_is_held_against_the_evidence() {
    let mut wrong = Vec::new();
    for (name, bytes) in crate::support::tree(&crate::support::own_path("tests/reports/kinds")) {
        let text = String::from_utf8(bytes).expect("text");
        let (evidence, statements) = text.split_once("%%\n").expect("evidence and statements");
        let project = Project::new();
        for file in evidence.split("@ ").skip(1) {
            let (path, content) = file.split_once('\n').expect("a path and its content");
            project.write(&format!("lab12/{path}"), content);
        }
        let subject = subject_of(&project.path("lab12"));
        for block in statements.split("\n%%\n") {
            let (head, text) = block.split_once('\n').expect("a head and a statement");
            let found = check(&subject, text);
            let quoted = |is_wanted: fn(&ClaimResult) -> bool| -> Vec<&str> {
                let found = found.iter().filter(|one| is_wanted(one));
                found.map(|one| one.quote.as_str()).collect()
            };
            let remarks = quoted(|one| one.status != ClaimStatus::Supported);
            let is_right = match head.split_at(1) {
                ("!", _) => !remarks.is_empty(),
                ("=", _) => remarks.is_empty(),
                (_, quotes) => {
                    let wanted: Vec<&str> = quotes
                        .split('|')
                        .map(str::trim)
                        .filter(|quote| !quote.is_empty())
                        .collect();
                    quoted(|one| one.status == ClaimStatus::Contradicted) == wanted
                }
            };
            if !is_right {
                wrong.push(format!("{}: {head}\n{text}\n  found {remarks:?}", name.as_str()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The runs of three and four runtimes: what names no target is nobody's.
#[test]
fn a_sentence_that_names_no_target_is_not_about_the_first_of_several() {
    let project = Project::new();
    let file = crate::support::own_path("tests/kata/three-runtimes.json");
    project.write("data/runs/three.json", std::fs::read(file).expect("a run"));
    project.write(
        "report.md",
        "The start-up is 2x slower. A sandbox takes 14 times as long to start.\n\n\
         The guest has 30 entries in /proc. The candidate's kernel is 5.10.0.\n\n\
         gVisor starts 3x slower than runc. Kata has 4 vCPUs.\n",
    );
    let arguments =
        ["check", "data/runs/three.json", "--submission", "report.md", "--format", "json"];
    let checked = project.run(&arguments).succeeds().stdout;
    let checked: serde_json::Value = serde_json::from_str(&checked).expect("JSON");
    let annotations = checked["submission"]["annotations"].as_array().expect("annotations");
    let wrong = annotations.iter().filter(|one| one["standing"] == "contradicted");
    let quotes: Vec<&str> = wrong.filter_map(|one| one["quote"].as_str()).collect();
    assert_eq!(quotes, ["3x", "4"]);
}

#[test]
fn a_report_that_says_that_kata_did_not_run_is_not_told_what_it_lacks() {
    let subject = subject("import/wsl");
    let text = "Kata did not start (no KVM).\n\n\
                | | runc | Kata |\n|-|-|-|\n| Start | 0.883 s | not started |\n\
                | CPU overhead | negligible | low |\n| Memory overhead | low | ~130 MB |\n\n\
                The time until the error was 2.1 s. Memory overhead is higher in a VM.\n";
    assert_eq!(offences(&subject, text), []);
    let invented = "Kata took 1.884 s to start. The Kata VM has 52 entries in /proc.";
    let found = offences(&subject, invented);
    assert!(found.iter().all(|found| found.0 == "claim-contradicts-evidence"), "{found:?}");
    assert_eq!(found.len(), 2, "{found:?}");
    let refuted = "Kata started twice as fast as runc.";
    let quotes: Vec<String> = offences(&subject, refuted).into_iter().map(|one| one.1).collect();
    assert_eq!(quotes, ["twice"]);
}

/// Masks and rates of dd; the forms are those of two public reports.
#[test]
fn masks_and_rates_are_held_against_the_newer_editions_files() {
    let project = Project::new();
    let mask = |mask: &str| format!("CapPrm:\t{mask}\nCapEff:\t{mask}\n");
    for target in ["runc", "kata"] {
        project.write(&format!("lab12/results/{target}-caps.txt"), mask("00000000a80425fb"));
        let cpu = "Linux 4f7f0a6c1b2d 6.12.47 #1 SMP x86_64 Linux\nvendor_id\t: GenuineIntel\n";
        project.write(&format!("lab12/results/{target}-kernel.txt"), cpu);
        project.write(&format!("lab12/results/{target}-devs.txt"), "core\nfd\nnull\npts\ntty\n");
    }
    project.write(
        "lab12/results/io.txt",
        "== runc io ==\n104857600 bytes (100.0MB) copied, 0.003716 seconds, 26.3GB/s\n\
         == kata io ==\n104857600 bytes (100.0MB) copied, 0.004736 seconds, 20.6GB/s\n",
    );
    project.import(&project.path("lab12"));
    project.write(
        "report.md",
        "| Runtime | CapEff |\n|-|-|\n| runc | 00000000a80425fb |\n| kata | 0000000000000000 |\n\n\
         | Runtime | Throughput |\n|-|-|\n| runc | 26.3 GB/s |\n| kata | 1.3 GB/s |\n",
    );
    let arguments = ["check", "--submission", "report.md", "--format", "json"];
    let checked = project.run(&arguments).succeeds().stdout;
    let checked: serde_json::Value = serde_json::from_str(&checked).expect("JSON");
    let annotations = checked["submission"]["annotations"].as_array().expect("annotations");
    let said = |standing: &str| -> Vec<&str> {
        let of = annotations.iter().filter(|one| one["standing"] == standing);
        of.filter_map(|one| one["quote"].as_str()).collect()
    };
    assert_eq!(said("contradicted"), ["0000000000000000", "1.3 GB/s"]);
    assert_eq!(said("supported"), ["00000000a80425fb", "26.3 GB/s"]);
}
