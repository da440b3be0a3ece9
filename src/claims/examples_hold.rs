//! Every rule about reports is held to its examples.

use std::sync::LazyLock;

use super::Claims;
use crate::judge::rules::testing::{CATALOGUE, run_of};
use crate::judge::{Example, RuleDoc};
use crate::report::{Shelf, Subject};
use crate::store::Loaded;

static CLAIMS: LazyLock<Claims> = LazyLock::new(|| Claims::load(None).unwrap());
static SHELF: LazyLock<Shelf> = LazyLock::new(|| Shelf::load(None).unwrap());

/// What a rule says about an example.
fn messages(rule: &str, example: &Example) -> Vec<String> {
    let sketch = run_of(example);
    let loaded =
        Loaded { run: sketch.run, integrity: sketch.integrity, origin: "an example".into() };
    let subject = Subject::new(loaded, None, &SHELF).unwrap();
    let found = CLAIMS.check(&subject, &example.report).unwrap().annotations;
    let own = found.into_iter().filter(|found| found.rule.as_deref() == Some(rule));
    own.map(|found| found.message).collect()
}

fn examples(doc: &RuleDoc) -> impl Iterator<Item = &Example> {
    doc.found.iter().chain(&doc.not_found)
}

#[test]
fn every_rule_says_about_its_examples_what_they_state() {
    let mut wrong = Vec::new();
    for doc in SHELF.report_rules.iter() {
        for example in examples(doc) {
            let said = messages(&doc.id, example);
            if said != example.says {
                wrong.push(format!("{}: {}: {said:#?}", doc.id, example.what));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_report_of_either_kind() {
    for doc in SHELF.report_rules.iter() {
        assert!(!doc.found.is_empty() && !doc.not_found.is_empty(), "{}", doc.id);
        assert!(doc.found.iter().all(|example| !example.says.is_empty()), "{}", doc.id);
        assert!(doc.not_found.iter().all(|example| example.says.is_empty()), "{}", doc.id);
        for example in examples(doc) {
            assert!(example.what.ends_with('.') && !example.report.is_empty(), "{}", doc.id);
            for id in example.facts.keys() {
                assert!(CATALOGUE.get(id).is_some(), "{}: {id}", doc.id);
            }
        }
    }
}
