//! Every single edit of a run file is noticed, but for those that are free.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::testing::read_sample_run;
use super::{file, integrity};
use crate::model::{Capture, CapturedStream, EvidenceKind, Run};
use crate::probe::catalogue::ProbeCatalogue;

/// Words that may stand in each other's place in a run file.
const ALTERNATIVES: [&[&str]; 5] = [
    &["ok", "absent", "denied", "error", "timeout", "truncated", "stopped", "unreached"],
    &["host", "baseline", "candidate"],
    &["f25", "s26"],
    &["lab12", "hyperfine"],
    &["file missing", "empty", "not stated", "not asked", "absent", "denied", "error"],
];

/// A place in a run file: keys and indices.
type FieldPath = Vec<String>;

fn list_places(value: &Value, place: &mut FieldPath, places: &mut Vec<FieldPath>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                place.push(key.clone());
                list_places(value, place, places);
                place.pop();
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                place.push(index.to_string());
                list_places(value, place, places);
                place.pop();
            }
        }
        _ => places.push(place.clone()),
    }
}

/// Other values that could stand in the place of one.
fn list_edits(value: &Value) -> Vec<Value> {
    match value {
        Value::Bool(value) => vec![json!(!value)],
        Value::Number(number) => match number.as_i64() {
            Some(number) => vec![json!(number + 1), json!(0), json!(-1)],
            None => vec![json!(number.as_f64().unwrap_or_default() * 1.5)],
        },
        Value::String(text) => {
            let mut edits = vec![json!(format!("{text}x")), json!("")];
            if let Some(at) = text.rfind(|c: char| c.is_ascii_digit()) {
                let digit = if &text[at..=at] == "5" { "6" } else { "5" };
                edits.push(json!(format!("{}{digit}{}", &text[..at], &text[at + 1..])));
            }
            for words in ALTERNATIVES.iter().filter(|words| words.contains(&text.as_str())) {
                edits.extend(words.iter().map(|word| json!(word)));
            }
            edits
        }
        _ => Vec::new(),
    }
}

fn value_at<'v>(root: &'v mut Value, place: &[String]) -> &'v mut Value {
    place.iter().fold(root, |value, key| match value {
        Value::Array(items) => &mut items[key.parse::<usize>().unwrap()],
        value => &mut value[key.as_str()],
    })
}

/// Whether a run file is taken as it stands: it can be read, and nothing in it is doubted.
fn is_unnoticed(root: &Value, catalogue: &ProbeCatalogue) -> bool {
    let Ok(mut run) = file::from_text(&root.to_string(), Path::new("edited.json")) else {
        return false;
    };
    integrity::verify_run(&mut run, catalogue).is_intact()
}

/// The fields of which an edit, or whose removal, goes unnoticed.
fn list_unnoticed(run: &Run, catalogue: &ProbeCatalogue) -> BTreeSet<String> {
    let mut root = serde_json::to_value(run).unwrap();
    assert!(is_unnoticed(&root, catalogue), "it is intact as it is");
    let mut places = Vec::new();
    list_places(&root, &mut Vec::new(), &mut places);
    // Of many facts some: each is derived again in the same way.
    let is_looked_at = |id: &str| run.facts.len() < 50 || id.starts_with("kernel.b");
    places.retain(|place| place[0] != "facts" || is_looked_at(&place[1]));
    assert!(places.len() > 100, "{}", places.len());
    let mut unnoticed = BTreeSet::new();
    for place in places {
        let name = place.iter().map(|part| if part.parse::<u32>().is_ok() { "[]" } else { part });
        let name = name.collect::<Vec<&str>>().join(".");
        let old = value_at(&mut root, &place).clone();
        for edit in list_edits(&old).into_iter().filter(|edit| *edit != old) {
            *value_at(&mut root, &place) = edit;
            if is_unnoticed(&root, catalogue) {
                unnoticed.insert(name.clone());
            }
        }
        *value_at(&mut root, &place) = old;
        let (key, above) = place.split_last().unwrap();
        if let Value::Object(fields) = value_at(&mut root, above) {
            let removed = fields.remove(key).unwrap();
            if is_unnoticed(&root, catalogue) {
                unnoticed.insert(format!("no {name}"));
            }
            value_at(&mut root, above)[key.as_str()] = removed;
        }
    }
    unnoticed
}

/// A run with something in every field that a collected run can have, and few captures.
fn small_collected_run(catalogue: &ProbeCatalogue) -> Run {
    let (_, mut run) = read_sample_run("four-runtimes");
    let is_kept = |id: &str| {
        ["/boot", "/kernel.release", "/kernel.boot_id", "/priv.status"]
            .iter()
            .any(|end| id.ends_with(end))
    };
    run.targets.retain(|target| ["host", "runc", "vm"].contains(&target.name.as_str()));
    let names: Vec<String> = run.targets.iter().map(|target| target.name.clone()).collect();
    let is_of = |capture: &Capture| capture.target.as_ref().is_none_or(|on| names.contains(on));
    run.captures.retain(|capture| is_kept(&capture.id) && is_of(capture));
    for capture in &mut run.captures {
        let bytes = capture.stdout.decoded_bytes().unwrap();
        capture.stdout = CapturedStream::new(&bytes[..bytes.len().min(200)]);
    }
    let EvidenceKind::Collected { interrupted, skipped, .. } = &mut run.evidence else { panic!() };
    *interrupted = true;
    skipped.insert("escape".into(), "not asked for".into());
    run.targets.last_mut().unwrap().failure = Some("no such runtime".into());
    run.facts = integrity::derive_facts(&run, catalogue);
    run
}

/// The run as it is written today.
fn seal_run(mut run: Run) -> Run {
    run.id = file::compute_run_id(&run);
    run.digest = Some(file::record_digest(&run));
    run
}

#[test]
fn every_edit_of_a_run_file_is_noticed_but_that_of_its_label() {
    let catalogue = ProbeCatalogue::load(None).unwrap();
    for run in [read_sample_run("customer").1, small_collected_run(&catalogue)] {
        let unnoticed = list_unnoticed(&seal_run(run), &catalogue);
        // Without its digest a file is one of those that were written before there was one.
        assert_eq!(Vec::from_iter(unnoticed), ["label", "no digest", "no label"]);
    }
}

#[test]
fn in_a_file_without_a_digest_the_id_tells() {
    let catalogue = ProbeCatalogue::load(None).unwrap();
    let (_, run) = read_sample_run("customer");
    let mut run = Run { digest: None, label: None, ..run };
    run.id = file::compute_run_id(&run);
    let unnoticed = list_unnoticed(&run, &catalogue);
    // The ids that other programs give mean nothing to us.
    assert_eq!(Vec::from_iter(unnoticed), ["generator.name"]);
    // A label that was given or changed is no change of what was recorded.
    let labelled = |label: Option<&str>| Run { label: label.map(str::to_string), ..run.clone() };
    let mut written = labelled(Some("given"));
    written.id = file::compute_run_id(&written);
    let renamed = Run { label: Some("renamed".into()), ..written };
    for mut free in [labelled(Some("given")), renamed] {
        let is_renamed = free.label.as_deref() == Some("renamed");
        let report = integrity::verify_run(&mut free, &catalogue);
        assert!(report.is_intact());
        assert_eq!(report.is_record_unverified, is_renamed);
    }
}

#[test]
fn a_file_that_nobody_changed_is_read_anew_where_it_was_once_read_otherwise() {
    let catalogue = ProbeCatalogue::load(None).unwrap();
    let (_, run) = read_sample_run("customer");
    let (read, targets) = integrity::derive_facts_and_targets(&run, &catalogue);
    // An older isoproof missed this fact, and made id and digest of what it had.
    let mut older = run.clone();
    older.facts.remove("proc.entries");
    older.targets.last_mut().unwrap().failure = Some("taken for one that did not start".into());
    let sealed = seal_run(older.clone());
    // The oldest files have no digest.
    for mut written in [Run { digest: None, ..sealed.clone() }, sealed] {
        assert!(integrity::verify_run(&mut written, &catalogue).is_intact());
        assert_eq!((written.facts, Some(written.targets)), (read.clone(), targets.clone()));
    }
    // The same facts in a file whose id is of others were changed by somebody.
    let mut edited = Run { id: run.id, ..older };
    edited.digest = Some(file::record_digest(&edited));
    let report = integrity::verify_run(&mut edited, &catalogue);
    assert!(report.unfounded.iter().all(|fact| fact.fact == "proc.entries"), "{report:?}");
    assert!(!report.is_intact());
}
