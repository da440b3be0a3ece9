//! Evidence in the ways in which people write it, and what a careful human reads in it: the tables
//! of `tests/import_tables/`, one a kind of deviation.
//!
//! A line of `says` is `FACT TARGET = JSON` or `FACT TARGET missing REASON`, of which `any` is each;
//! the words that the reason must hold may follow a `~`, and ` @ FILE:LINE` may end it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use isoproof::lab12::import::{import_lab_folder, read_files};
use isoproof::lab12::readers::{REPORT_PATH, read_lab_captures};
use isoproof::model::{Capture, Fact};
use isoproof::report::{Assessment, ProjectData};
use isoproof::store::LoadedRun;
use isoproof::store::integrity::IntegrityReport;
use serde::Deserialize;
use serde_json::{Value, json};

static DATA: LazyLock<ProjectData> =
    LazyLock::new(|| ProjectData::load_data(None).expect("shipped data"));

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseTable {
    case: Vec<EvidenceCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EvidenceCase {
    /// What is special about it.
    name: String,
    /// The files by their paths.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// The folder of them in `tests/import/`, in place of files.
    folder: Option<String>,
    /// A report alone, in place of files.
    report: Option<String>,
    /// What the facts are.
    #[serde(default)]
    says: Vec<String>,
    /// The verdict on Kata, or on gVisor in its place, and its confidence: `separate-kernel low`.
    verdict: Option<String>,
    /// Words of the reason for the verdict.
    because: Option<String>,
    /// Rules that find something.
    #[serde(default)]
    finds: Vec<String>,
    /// Rules that find nothing.
    #[serde(default)]
    passes: Vec<String>,
}

fn table_paths() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import_tables");
    let entries = std::fs::read_dir(folder).expect("tables");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a table").path()).collect();
    paths.sort();
    paths
}

/// What differs between a fact and a line of `says`; none if nothing does.
fn refute_statement(fact: Option<&Fact>, line: &str) -> Option<String> {
    let (statement, place) = match line.rsplit_once(" @ ") {
        Some((head, place))
            if place.rsplit_once(':').is_some_and(|p| p.1.parse::<u32>().is_ok()) =>
        {
            (head, Some(place))
        }
        _ => (line, None),
    };
    let rest = statement.splitn(3, ' ').nth(2).expect("FACT TARGET and a statement");
    let is_right = match (rest.strip_prefix("= "), rest.strip_prefix("missing "), fact) {
        (Some(value), _, Some(fact)) => {
            let wanted: Value = serde_json::from_str(value).expect(line);
            match fact.as_series() {
                Some(series) => {
                    let wanted: Option<Vec<f64>> =
                        wanted.as_array().map(|v| v.iter().filter_map(Value::as_f64).collect());
                    wanted.as_ref() == Some(&series.values)
                }
                None => fact.as_value() == Some(&wanted),
            }
        }
        (None, Some(reason), Some(Fact::Missing(missing))) => {
            let (why, words) = reason.split_once(" ~ ").unwrap_or((reason, ""));
            (why == "any" || missing.why.to_string() == why) && missing.reason.contains(words)
        }
        (None, Some("fact"), None) => true,
        _ => false,
    };
    let source = fact.and_then(Fact::source);
    let stands = source.map(|s| format!("{}:{}", s.capture, s.line.unwrap_or_default()));
    let is_there = place.is_none_or(|place| stands.as_deref() == Some(place));
    (!is_right || !is_there).then(|| format!("wanted `{line}`, read {fact:?}"))
}

fn list_differences(case: &EvidenceCase) -> Vec<String> {
    let captures = match (&case.report, &case.folder) {
        (Some(text), _) => vec![Capture::of_file("lab12.md", Some(REPORT_PATH), text.as_bytes())],
        (None, Some(folder)) => {
            read_files(&Path::new("tests/import").join(folder)).expect("a folder of files")
        }
        (None, None) => {
            let files = case.files.iter().map(|(path, text)| (path.as_str(), text.as_bytes()));
            crate::support::lab12::captures(&files.collect::<Vec<_>>())
        }
    };
    let reading = read_lab_captures(&captures);
    let mut out: Vec<String> = Vec::new();
    for line in &case.says {
        let mut words = line.split(' ');
        let (id, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let fact = reading.facts.get(id).and_then(|by_target| by_target.get(target));
        out.extend(refute_statement(fact, line));
    }
    if case.verdict.is_some() || !case.finds.is_empty() || !case.passes.is_empty() {
        out.extend(list_judgement_differences(case));
    }
    out
}

fn list_judgement_differences(case: &EvidenceCase) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let report = case.report.as_ref().map(|text| ("lab12.md", text));
    let files = case.files.iter().map(|(path, text)| (path.as_str(), text));
    for (path, text) in files.chain(report) {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    let subject = match case.report {
        Some(_) => folder.path().join("lab12.md"),
        None => folder.path().to_path_buf(),
    };
    let run =
        import_lab_folder(&subject, None, None, chrono::DateTime::UNIX_EPOCH).expect("evidence");
    let loaded =
        LoadedRun { run, integrity: IntegrityReport::default(), origin: case.name.clone() };
    let assessment = Assessment::new(loaded, &DATA).expect("a judged run");
    let verdict = assessment.judgement.find_verdict("kata");
    let verdict = verdict.or(assessment.judgement.find_verdict("gvisor")).expect("a verdict");
    let read = json!(verdict);
    let stated = format!("{} {}", verdict.conclusion.into_str(), verdict.confidence.into_str());
    let mut out = Vec::new();
    if case.verdict.as_ref().is_some_and(|wanted| *wanted != stated) {
        out.push(format!("wanted {:?}, judged {read}", case.verdict));
    }
    let reason = format!("{} {}", read["reason"], read["failure"]);
    if case.because.as_ref().is_some_and(|words| !reason.contains(words.as_str())) {
        out.push(format!("wanted because {:?}, judged {read}", case.because));
    }
    let findings = &assessment.judgement.findings;
    for rule in &case.finds {
        if !findings.iter().any(|finding| finding.rule == *rule) {
            out.push(format!("{rule} finds nothing"));
        }
    }
    for rule in &case.passes {
        let found = findings.iter().filter(|finding| finding.rule == *rule);
        out.extend(found.map(|finding| format!("{rule} finds: {}", finding.message)));
    }
    out
}

#[test]
fn every_case_says_what_a_human_reads() {
    let mut differences = Vec::new();
    for path in table_paths() {
        let text = std::fs::read_to_string(&path).expect("a table");
        let table: CaseTable =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for case in &table.case {
            for difference in list_differences(case) {
                differences.push(format!("{}: {difference}", case.name));
            }
        }
    }
    assert!(
        differences.is_empty(),
        "{}\n{} differences",
        differences.join("\n"),
        differences.len()
    );
}
