//! Every rule about reports is held to its examples.

use std::sync::LazyLock;

use super::ClaimChecker;
use crate::judge::rules::testing::{CATALOGUE, run_of};
use crate::judge::{RuleDoc, RuleExample};
use crate::report::{Assessment, ProjectData};
use crate::store::LoadedRun;

static CLAIMS: LazyLock<ClaimChecker> = LazyLock::new(|| ClaimChecker::load(None).unwrap());
static SHELF: LazyLock<ProjectData> = LazyLock::new(|| ProjectData::load_data(None).unwrap());

/// What a rule says about an example.
fn rule_messages(rule: &str, example: &RuleExample) -> Vec<String> {
    let sketch = run_of(example);
    let loaded =
        LoadedRun { run: sketch.run, integrity: sketch.integrity, origin: "an example".into() };
    let subject = Assessment::new(loaded, &SHELF).unwrap();
    let found = CLAIMS.check_report(&subject, &example.report).unwrap().annotations;
    let own = found.into_iter().filter(|found| found.rule.as_deref() == Some(rule));
    own.map(|found| found.message).collect()
}

fn report_examples(doc: &RuleDoc) -> impl Iterator<Item = &RuleExample> {
    doc.found.iter().chain(&doc.not_found)
}

#[test]
fn every_rule_says_about_its_examples_what_they_state() {
    let mut wrong = Vec::new();
    for doc in SHELF.report_rules.iter_rules() {
        for example in report_examples(doc) {
            let said = rule_messages(&doc.id, example);
            if said != example.says {
                wrong.push(format!("{}: {}: {said:#?}", doc.id, example.what));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_report_of_either_kind() {
    for doc in SHELF.report_rules.iter_rules() {
        assert!(!doc.found.is_empty() && !doc.not_found.is_empty(), "{}", doc.id);
        assert!(doc.found.iter().all(|example| !example.says.is_empty()), "{}", doc.id);
        assert!(doc.not_found.iter().all(|example| example.says.is_empty()), "{}", doc.id);
        for example in report_examples(doc) {
            assert!(example.what.ends_with('.') && !example.report.is_empty(), "{}", doc.id);
            for id in example.facts.keys() {
                assert!(CATALOGUE.find_probe(id).is_some(), "{}: {id}", doc.id);
            }
        }
    }
}
