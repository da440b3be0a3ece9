//! Hand-written reports against the evidence of their authors: everything that is said about
//! them, as a whole.

mod support;

use std::path::Path;
use std::sync::LazyLock;

use isoproof::lab12::claims::{ClaimChecker, ClaimResult};
use isoproof::lab12::import::import_lab_folder;
use isoproof::report::{Assessment, ProjectData};
use isoproof::store::LoadedRun;
use isoproof::store::integrity::IntegrityReport;
use support::Project;

static CLAIMS: LazyLock<ClaimChecker> =
    LazyLock::new(|| ClaimChecker::load(None).expect("shipped words"));
static SHELF: LazyLock<ProjectData> =
    LazyLock::new(|| ProjectData::load_data(None).expect("shipped data"));

/// The run of an evidence directory below `tests/`.
fn subject(evidence: &str) -> Assessment {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(evidence);
    let mut run =
        import_lab_folder(&folder, None, None, chrono::DateTime::UNIX_EPOCH).expect("evidence");
    run.id = "20260101T000000Z-00000000".into();
    let loaded = LoadedRun { run, integrity: IntegrityReport::default(), origin: evidence.into() };
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
        annotation.status.status_name(),
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
                "## /proc\n\n- Host: 332\n- Kata: 52 entries\n",
                "| | Host | Kata |\n|-|-|-|\n| /proc entries | 332 | 52 |\n",
                "Kata guest kernel: 6.12.48.",
                "The health check returned HTTP 200.",
                "The guest's eth0 has the address 10.4.0.16.",
                "Kata's CPU is a Ryzen.",
                "Kata version 3.22.0 is installed.",
                "Kata shows only lo and eth1.",
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
                "Step 300: count the entries in /proc on the host.",
            ],
        ),
        (
            "claim-without-evidence",
            &[
                "runc started in 4.03 s.",
                "Kata: start-up took 6.59 seconds.",
                "Kata is 5x slower to start than runc.",
            ],
            &[
                "A start usually takes 2 s under Kata.",
                "Start-up of Kata was not measured; others report 2 s.",
            ],
        ),
        (
            "claim-overhead-unmeasured",
            &[
                "Runtime overhead: negligible",
                "The memory overhead of Kata is minimal.",
                "| | |\n|-|-|\n| CPU overhead | low |\n",
            ],
            &[
                "The runtime overhead was not measured.",
                "Use runc when minimal overhead matters.",
                "According to the documentation the overhead is small.",
                "The attack surface is small.",
            ],
        ),
        (
            "claim-absolute-security",
            &[
                "With Kata it is impossible to escape to the host.",
                "Kata containers are completely isolated from the host.",
            ],
            &[
                "Kata gives (almost) complete isolation.",
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
            "claim-same-number-twice",
            &["The host has 332 entries in /proc. The host has 332 modules."],
            &["The host has 332 modules.", "The host has 322 entries in /proc and 332 modules."],
        ),
        (
            "claim-ratio-wording",
            &[
                "runc: start-up took 4.03 s.\n\nKata: start-up took 6.59 s.\n\nrunc started almost twice as fast as Kata.",
                "The host has ten times as many modules as Kata.",
            ],
            &[
                "runc: start-up took 4.03 s.\n\nKata: start-up took 6.59 s.\n\nKata took 1.6x as long to start as runc.",
                "runc: start-up took 4.03 s.\n\nKata: start-up took 6.59 s.\n\nKata took 64 % longer to start.",
                "I repeated the start twice.",
            ],
        ),
        (
            "claim-excess-digits",
            &[
                "runc: start-up took 4.03 s.\n\nKata: start-up took 6.59 s.\n\nKata starts 1.6352x slower.",
            ],
            &[
                "runc: start-up took 4.03 s.\n\nKata: start-up took 6.59 s.\n\nKata starts 1.64x slower.",
            ],
        ),
        (
            "claim-latency-of-errors",
            &["An average latency of 0.1 ms shows that containers cost little."],
            &["Network latency is usually 10 ms.", "The latency was not measured."],
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
    let tested: Vec<&str> = cases.iter().map(|case| case.0).collect();
    // This one needs a run whose verdict is known: see below.
    let elsewhere = ["claim-verdict-differs"];
    for doc in SHELF.report_rules.iter_rules() {
        assert!(
            tested.contains(&doc.id.as_str()) || elsewhere.contains(&doc.id.as_str()),
            "{} has no example",
            doc.id
        );
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
    let wrong: Vec<String> = found
        .iter()
        .filter(|found| found.status == isoproof::lab12::claims::ClaimStatus::Contradicted)
        .map(shown)
        .collect();
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
