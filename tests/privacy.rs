//! Pseudonyms in imports and runs: nothing that was planted is left in any spelling, and nothing
//! that is read becomes another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::Project;
use chrono::DateTime;
use isoproof::import;
use isoproof::model::{Capture, EvidenceKind, Facts, Run};
use isoproof::privacy::Redactor;
use isoproof::probe::catalogue::ProbeCatalogue;
use isoproof::probe::{collected, hyperfine};
use isoproof::report::{Assessment, ProjectData};
use isoproof::store::{LoadedRun, integrity::IntegrityReport};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

fn redactor() -> Redactor {
    Redactor::new([7; 32])
}

/// Imports a folder, with or without pseudonyms.
fn import(folder: &Path, redactor: Option<&mut Redactor>) -> Run {
    isoproof::lab12::import::import_lab_folder(folder, None, redactor, DateTime::UNIX_EPOCH)
        .expect("an import")
}

/// The folders of evidence among the tests.
fn fixtures() -> Vec<PathBuf> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let folders = |below: &str| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(tests.join(below)).expect("a folder");
        entries.map(|entry| entry.expect("an entry").path()).collect()
    };
    let projects = folders("cmd").into_iter().map(|project| project.join("labs/lab12"));
    let mut all = folders("import");
    all.extend(projects.filter(|folder| folder.is_dir()));
    all.sort();
    assert!(all.len() > 8, "{all:?}");
    all
}

/// Runs as they ship.
fn shipped() -> Vec<Run> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut runs = Vec::new();
    for folder in ["tests/runs", "examples/custom/data/runs"] {
        for entry in std::fs::read_dir(root.join(folder)).expect("a folder") {
            let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a run");
            runs.push(serde_json::from_str(&text).expect("a run"));
        }
    }
    runs
}

/// Facts, verdicts and findings of a run.
fn statements(run: &Run, shelf: &ProjectData) -> Value {
    let loaded =
        LoadedRun { run: run.clone(), integrity: IntegrityReport::default(), origin: "x".into() };
    let subject = Assessment::new(loaded, shelf).expect("a judgement");
    // Whether identifiers were replaced is a finding of its own.
    let findings = subject.judgement.findings.iter();
    let findings: Vec<_> =
        findings.filter(|finding| finding.rule != "identifiers-not-replaced").collect();
    json!({"facts": run.facts, "verdicts": subject.judgement.verdicts, "findings": findings})
}

/// The same with the identifiers in its texts replaced.
fn redact_value(value: &Value, redactor: &mut Redactor) -> Value {
    match value {
        Value::String(text) => json!(redactor.redact_words(text)),
        Value::Array(items) => items.iter().map(|item| redact_value(item, redactor)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter();
            fields.map(|(key, value)| (key.clone(), redact_value(value, redactor))).collect()
        }
        other => other.clone(),
    }
}

/// Where two values differ.
fn differences(path: &str, a: &Value, b: &Value, out: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            a.iter().for_each(|(key, a)| differences(&format!("{path}.{key}"), a, &b[key], out));
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let pairs = a.iter().zip(b).enumerate();
            pairs.for_each(|(at, (a, b))| differences(&format!("{path}[{at}]"), a, b, out));
        }
        _ if a != b => out.push(format!("{path}: {a} became {b}")),
        _ => {}
    }
}

/// The values that name products: no identifier may stand in them.
fn products(facts: &Facts) -> BTreeMap<String, Value> {
    const IDS: &[&str] = &[
        "cpu.model",
        "cpu.model_compared",
        "engine.version",
        "hw.clocksource",
        "hw.dmi.bios_vendor",
        "hw.dmi.product_name",
        "hw.dmi.sys_vendor",
        "image.digest",
        "kernel.banner",
        "kernel.boot_id",
        "kernel.dmesg_banner",
        "kernel.machine",
        "kernel.osrelease_file",
        "kernel.release",
        "kernel.release_compared",
        "kernel.version",
        "runtime.commit",
        "runtime.version",
        "dev.list",
        "engine.runtimes",
    ];
    let mut values = BTreeMap::new();
    for (id, by_target) in facts.iter().filter(|(id, _)| IDS.contains(&id.as_str())) {
        for (target, fact) in by_target {
            values.insert(format!("{id} on {target}"), json!(fact.as_value()));
        }
    }
    values
}

/// What kernels were started with: no identifier stands in what ships.
fn command_lines(facts: &Facts) -> Vec<Option<&str>> {
    let lines = facts.get("kernel.cmdline").into_iter().flat_map(BTreeMap::values);
    lines.map(isoproof::model::Fact::as_str).collect()
}

#[test]
fn pseudonyms_change_no_fact_verdict_or_finding_of_the_fixtures() {
    let shelf = ProjectData::load_data(None).expect("what ships");
    let mut errors = Vec::new();
    for folder in fixtures() {
        let before = import(&folder, None);
        let mut redactor = redactor();
        let after = import(&folder, Some(&mut redactor));
        assert_eq!(products(&before.facts), products(&after.facts), "{}", folder.display());
        assert_eq!(command_lines(&before.facts), command_lines(&after.facts));
        let wanted = redact_value(&statements(&before, &shelf), &mut redactor);
        let name = folder.display().to_string();
        differences(&name, &wanted, &statements(&after, &shelf), &mut errors);
    }
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

#[test]
fn pseudonyms_change_no_fact_verdict_or_finding_of_the_runs_that_ship() {
    let shelf = ProjectData::load_data(None).expect("what ships");
    let catalogue = ProbeCatalogue::load(None).expect("what ships");
    let mut errors = Vec::new();
    for run in shipped() {
        let read = |captures: &[Capture]| match &run.evidence {
            EvidenceKind::Collected { skipped, .. } => {
                collected::read_captures(captures, &run.targets, skipped, &catalogue)
            }
            EvidenceKind::Imported { .. } => {
                isoproof::lab12::readers::read_lab_captures(captures).facts
            }
        };
        let before = Run { facts: read(&run.captures), ..run.clone() };
        let mut redactor = redactor();
        let mut captures = run.captures.clone();
        redactor.redact_captures(&mut captures, read);
        let after = Run { facts: read(&captures), captures, ..run.clone() };
        assert_eq!(products(&before.facts), products(&after.facts), "{}", run.id);
        assert_eq!(command_lines(&before.facts), command_lines(&after.facts));
        let wanted = redact_value(&statements(&before, &shelf), &mut redactor);
        differences(&run.id, &wanted, &statements(&after, &shelf), &mut errors);
    }
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

/// A runner that makes the same cases up in each run of the test.
fn same_each_time(config: Config) -> TestRunner {
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Writes files into a new folder.
fn folder_of(files: &[(String, String)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join("lab12").join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    folder
}

/// The files of a folder of evidence.
fn files_of(folder: &Path) -> Vec<(String, String)> {
    let captures = isoproof::lab12::import::read_files(folder).expect("evidence").into_iter();
    let text = |capture: &Capture| String::from_utf8(capture.stdout.decoded_bytes().ok()?).ok();
    captures.filter_map(|capture| Some((capture.id.clone(), text(&capture)?))).collect()
}

#[test]
fn somebody_who_is_called_like_a_word_of_the_evidence_changes_nothing_that_is_read() {
    let mut words: Vec<(PathBuf, String)> = Vec::new();
    for folder in fixtures() {
        let texts: Vec<String> = files_of(&folder).into_iter().map(|(_, text)| text).collect();
        let mut own: Vec<String> = texts
            .join("\n")
            .split(|c: char| !(c.is_alphanumeric() || "._-".contains(c)))
            .map(|word| word.trim_matches(['.', '_', '-']).to_string())
            .filter(|word| word.starts_with(char::is_alphabetic))
            .collect();
        own.sort();
        own.dedup();
        words.extend(own.into_iter().map(|word| (folder.clone(), word)));
    }
    let pairs = (prop::sample::select(words.clone()), prop::sample::select(words));
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
    let called = same_each_time(config).run(&pairs, |((folder, user), (_, host))| {
        let mut files = files_of(&folder);
        files.push(("setup/session.txt".into(), format!("{user}@{host}:~/lab12$ ls\n")));
        let folder = folder_of(&files);
        let before = import(folder.path(), None);
        let after = import(folder.path(), Some(&mut redactor()));
        prop_assert_eq!(products(&before.facts), products(&after.facts));
        let numbers = |facts: &Facts| {
            let mut value = json!(facts);
            keep_numbers(&mut value);
            value
        };
        let mut errors = Vec::new();
        differences("", &numbers(&before.facts), &numbers(&after.facts), &mut errors);
        prop_assert!(errors.is_empty(), "{}", errors.join("\n"));
        let session = after.find_capture("setup/session.txt").expect("the session");
        let line = &session.stdout.text_lines()[0];
        // Common words tell nobody apart.
        prop_assert!(line.ends_with(":~/lab12$ ls"), "{}", line);
        Ok(())
    });
    called.expect("the same facts");
}

/// Leaves only the presence of texts, in which names may stand.
fn keep_numbers(value: &mut Value) {
    match value {
        Value::String(text) => *text = String::new(),
        Value::Array(items) => items.iter_mut().for_each(keep_numbers),
        Value::Object(fields) => fields.values_mut().for_each(keep_numbers),
        _ => {}
    }
}

/// What is planted in a test.
#[derive(Debug, Clone)]
struct Planted {
    user: String,
    host: String,
    domain: String,
    ip: String,
    mac: [u8; 6],
    uuid: String,
    token: String,
    password: String,
}

fn planted() -> impl Strategy<Value = Planted> {
    let user = prop_oneof![
        "q[a-z]{4,9}",
        "q[a-z]{3,5}[._-]z[a-z]{2,5}",
        "щ[а-я]{4,8}",
        "q[a-z]{2,4}[éüßłñ][a-z]{1,3}",
    ];
    let host = prop_oneof!["q[a-z]{3,8}[0-9]{1,2}", "q[a-z]{3,6}-z[a-z]{2,6}"];
    let mac = any::<[u8; 6]>().prop_map(|[a, b, c, d, e, f]| [a & 0xfe | 4, b | 0xa0, c, d, e, f]);
    let uuid = "[0-9a-f]{7}7-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
    let token = "ghp_[0-9a-zA-Z]{36}";
    (
        user,
        host,
        "q[a-z]{3,7}\\.[a-z]{4,7}\\.(org|ru|local)",
        20u8..90,
        any::<[u8; 3]>(),
        mac,
        uuid,
        token,
        "Q[a-z]{5}[0-9]{3}",
    )
        .prop_map(|(user, host, domain, first, rest, mac, uuid, token, password)| {
            let ip = format!("{first}.{}.{}.{}", rest[0], rest[1], rest[2]);
            Planted { user, host, domain, ip, mac, uuid, token, password }
        })
}

impl Planted {
    fn mac(&self, separator: &str) -> String {
        let octets: Vec<String> = self.mac.iter().map(|octet| format!("{octet:02x}")).collect();
        octets.join(separator)
    }

    /// Lines in which what is planted stands in a place that says what it is.
    fn places(&self) -> Vec<String> {
        let Self { user, host, domain, ip, uuid, token, password, .. } = self;
        vec![
            format!("{user}@{host}:~/lab$ ls"),
            format!("(venv) [{user}@{host} lab12]$ ls"),
            format!("/home/{user}/lab12"),
            format!(" Name: {host}.{domain}"),
            format!("{{\"Hostname\": \"{host}.{domain}\"}}"),
            format!("Nov 27 21:57:34 {host} containerd[8]: hi {user}"),
            format!("127.0.1.1 {host}.{domain} {host}"),
            format!("note: Linux {host} 6.8.0-45-generic #45-Ubuntu SMP"),
            format!("scp x {user}@{host}.{domain}:lab/"),
            format!("uid=1000({user}) gid=1000({user})"),
            format!("author: {user}@{domain}"),
            format!("{ip} is the address, {ip}:443 and ::ffff:{ip}"),
            format!("https://{user}:{password}@{host}.{domain}/x"),
            format!("password={password}"),
            format!("Authorization: Bearer {token}"),
            format!("{token}"),
            format!("link/ether {} brd ff:ff:ff:ff:ff:ff", self.mac(":")),
            format!("IN=eth0 MAC={}:02:42:ac:11:00:02:08:00 SRC=10.0.0.5", self.mac(":")),
            format!("enx{}: flags; {}", self.mac(""), self.mac("-")),
            format!("root=UUID={uuid} ro"),
            format!("machine-id: {}", uuid.replace('-', "")),
            format!("system-uuid: {}", uuid.to_uppercase()),
        ]
    }

    /// Lines in which it stands without a word about it.
    fn bare(&self) -> Vec<String> {
        let Self { user, host, domain, .. } = self;
        vec![
            format!("hi {user}, {}!", user.to_uppercase()),
            format!("backup_{user}.tgz on {}", host.to_uppercase()),
            format!("see {host}: and x.{domain}"),
        ]
    }

    /// What may not be left, in lower case.
    fn forbidden(&self) -> Vec<String> {
        let Self { user, host, domain, ip, uuid, token, password, .. } = self;
        let dashed = ip.replace('.', "-");
        let plain = [user, host, domain, ip, &dashed, uuid, token, password];
        let mut all: Vec<String> = plain.iter().map(|text| text.to_lowercase()).collect();
        all.extend(["", ":", "-"].map(|separator| self.mac(separator)));
        all.push(uuid.replace('-', ""));
        all
    }
}

#[test]
fn what_is_planted_is_not_in_the_run_in_any_spelling() {
    let strategy = (planted(), prop::collection::vec(any::<prop::sample::Index>(), 4..12));
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
    let planting = same_each_time(config).run(&strategy, |(planted, picks)| {
        // The places that introduce the names always stand somewhere.
        let places = planted.places();
        let mut lines: Vec<String> = picks.iter().map(|pick| pick.get(&places).clone()).collect();
        lines.extend(planted.bare());
        let introduction = [&places[0], &places[3], &places[6], &places[19]];
        let introduction = introduction.map(String::as_str).join("\n");
        let session = format!("setup/{}-session.txt", planted.user);
        let files = [
            ("kata/kernel.txt".to_string(), "6.12.47\n".to_string()),
            (
                "isolation/proc.txt".into(),
                format!("Host: 322\nKata VM: 52\n{}\n", lines.join("\n")),
            ),
            ("notes.txt".into(), introduction),
            (session, lines.join("\r\n")),
        ];
        let folder = folder_of(&files);
        let run = import(folder.path(), Some(&mut redactor()));
        prop_assert_eq!(run.facts["kernel.release"]["kata"].as_str(), Some("6.12.47"));
        prop_assert_eq!(run.facts["proc.entries"]["host"].as_i64(), Some(322));
        let text = serde_json::to_string(&run).expect("JSON").to_lowercase();
        for forbidden in planted.forbidden() {
            let place = text.find(&forbidden);
            prop_assert!(place.is_none(), "{} in {}", forbidden, text);
        }
        let replaced: u32 = run.redaction.replaced.values().sum();
        prop_assert!(replaced > 10, "{:?}", run.redaction);
        Ok(())
    });
    planting.expect("nothing that was planted");
}

#[test]
fn the_targets_of_hyperfine_keep_their_times_when_they_are_named_after_somebody() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("marta.json");
    let text = json!({"results": [
        {"command": "/home/marta/bin/start", "times": [0.5, 0.6], "exit_codes": [0, 0]},
        {"command": "marta", "times": [0.7, 0.8], "exit_codes": [0, 0]},
    ]});
    std::fs::write(&file, text.to_string()).expect("a file");
    let options = import::HyperfineRole {
        timed: Some(hyperfine::TimedThing::Startup),
        baseline: Some("marta"),
    };
    let mut redactor = redactor();
    let run = import::hyperfine_run(
        std::slice::from_ref(&file),
        options,
        None,
        Some(&mut redactor),
        DateTime::UNIX_EPOCH,
    )
    .expect("an import");
    let text = serde_json::to_string(&run).expect("JSON");
    assert!(!text.contains("marta"), "{text}");
    let names: Vec<&str> = run.targets.iter().map(|target| target.name.as_str()).collect();
    let times = &run.facts["startup.wall"];
    assert_eq!(names.len(), 2);
    assert_eq!(times[names[0]].as_series().expect("times").values, [0.7, 0.8]);
    assert_eq!(times[names[1]].as_series().expect("times").values, [0.5, 0.6]);
}

#[test]
fn the_machine_that_imports_is_not_named() {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let project = Project::new();
    project.write("lab12/kata/kernel.txt", "6.12.47\n");
    let text = format!("on {host}, by qmarta, Qmarta and QLEE in qlee/x\n");
    project.write("lab12/setup/notes-of-qmarta.txt", text);
    let mut command = project.command(&["import", "lab12", "lab12"]);
    let output = command.env("USER", "qmarta").env("HOME", "/home/qlee").output().expect("a run");
    assert!(output.status.success(), "{output:?}");
    let run = project.read(&format!("data/runs/{}", project.names("data/runs")[0]));
    assert!(
        !run.to_lowercase().contains("qmarta") && !run.to_lowercase().contains("qlee"),
        "{run}"
    );
    // A machine may have a name that tells nobody apart, such as localhost.
    let mut redactor = Redactor::new([0; 32]);
    redactor.know_names_of_this_machine();
    if redactor.redact_words(&format!("on {host},")) != format!("on {host},") {
        assert!(!run.contains(&format!("on {host},")), "{run}");
    }
}

#[test]
fn a_long_line_takes_time_in_proportion_to_its_length() {
    let lines = [
        "1.2.3.4,",
        "a@b ",
        "-----BEGIN PRIVATE KEY-----",
        "marta@pine:~$",
        "ssh ",
        "password=",
        "aa:bb:cc:dd:ee:ff,",
        "https://a:b",
        "\"Name\":\"a\",",
        "\\n{\"",
        "\u{1b}[0m/home/ab",
        "aaaa",
        "host-name: ",
    ];
    let time = |text: &str| {
        let start = std::time::Instant::now();
        let mut captures = [Capture::of_file("a.txt", None, text.as_bytes())];
        redactor().redact_captures(&mut captures, |_| Facts::new());
        start.elapsed().as_secs_f64()
    };
    time("a@b.example /home/marta/x");
    for line in lines {
        let once = time(&line.repeat(8000 / line.len()));
        let eight = time(&line.repeat(64_000 / line.len()));
        // Sixty-four times as long were quadratic; a busy machine may be slow at any time.
        assert!(eight < once * 24.0 + 0.5, "`{line}`: {once:.3} s, then {eight:.3} s");
    }
}

proptest! {
    #![proptest_config(Config { cases: 96, failure_persistence: None, ..Config::default() })]

    #[test]
    fn names_are_found_whatever_stands_around_them(before: String, after: String, mac: [u8; 6]) {
        // What is put around may itself be a part of an address.
        let clean = |text: String| text.replace(|c: char| c.is_ascii_hexdigit() || c == ':', "");
        let (before, after) = (clean(before), clean(after));
        let mac = mac.map(|octet| format!("{octet:02x}")).join(":");
        let mac = format!("04{}7", &mac[2..mac.len() - 1]);
        let text = format!(
            "{before}\nqmarta@qpine:~$ ls\n{before} link/ether {mac} brd x\n /home/qmarta/x {after} \
             QMARTA qpine\n{after}\nLinux qpine 6.8.0\n"
        );
        let mut captures = [
            Capture::of_file("a.txt", None, text.as_bytes()),
            Capture::of_file("b.txt", None, format!("{after}\n(qmarta) {before}").as_bytes()),
        ];
        let mut once = redactor();
        once.redact_captures(&mut captures, |_| Facts::new());
        let json = serde_json::to_string(&captures).expect("JSON").to_lowercase();
        for planted in ["qmarta", "qpine", &mac] {
            prop_assert!(!json.contains(planted), "{} in {}", planted, json);
        }
        let mut twice = redactor();
        twice.redact_captures(&mut captures, |_| Facts::new());
        let names = |redactor: &Redactor| {
            let report = redactor.redaction_counts();
            ["user", "host"].map(|kind| report.replaced.get(kind).copied().unwrap_or(0))
        };
        prop_assert!(names(&once)[0] >= 4 && names(&once)[1] >= 3, "{:?}", once.redaction_counts());
        prop_assert_eq!(names(&twice), [0, 0], "{:?}", twice.redaction_counts());
    }
}
