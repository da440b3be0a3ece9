//! Every rule is held to its examples.

use std::sync::LazyLock;

use super::Example;
use crate::judge::rules::testing::{Sketch, capture, sketch};
use crate::judge::rules::{CHECKS, RuleBook};
use crate::judge::{Case, SwitchedOff, judge};
use crate::model::*;
use crate::probe::catalogue::Catalogue;
use crate::probe::{edition, lab12};
use crate::store::integrity;
use serde_json::Value;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::load(None).unwrap());
static BOOK: LazyLock<RuleBook> = LazyLock::new(|| RuleBook::load(None).unwrap());

/// The run that an example describes.
fn run_of(example: &Example) -> Sketch {
    let mut sketch = sketch();
    let run = &mut sketch.run;
    run.redaction.applied = !example.unredacted;
    if example.collected {
        run.evidence = Evidence::Collected {
            engine: "docker".into(),
            image: "alpine:3.19".into(),
            session: "0123456789ab".into(),
            interrupted: example.interrupted,
            skipped: Default::default(),
        };
    }
    for (path, text) in &example.files {
        run.captures.push(capture(path, text));
    }
    if !example.files.is_empty() {
        lab12::assign(&mut run.captures);
        run.facts = lab12::read(&run.captures).facts;
    }
    for (id, text) in &example.truncated {
        run.captures.push(Capture { status: Status::Truncated, ..capture(id, text) });
    }
    for target in &mut run.targets {
        target.handler = example.handlers.get(&target.name).cloned();
        target.engine = example.engines.get(&target.name).cloned();
    }
    for (id, by_target) in &example.facts {
        for (target, value) in by_target {
            let source = run.fact(id, target).and_then(|fact| fact.source().cloned());
            let source = source.unwrap_or_else(|| Source::new(format!("{target}/{id}"), 1));
            let fact = fact(value, source);
            run.facts.entry(id.clone()).or_default().insert(target.clone(), fact);
        }
    }
    for (path, text) in &example.changed {
        let capture = run.captures.iter_mut().find(|capture| capture.id == *path).unwrap();
        let digest = capture.stdout.digest.clone();
        capture.stdout = Stream::new(text.as_bytes());
        capture.stdout.digest = digest;
    }
    if example.loaded {
        sketch.integrity = integrity::distrust(run, &CATALOGUE);
    }
    sketch
}

fn fact(value: &Value, source: Source) -> Fact {
    let numbers = |list: &Vec<Value>| -> Option<Vec<f64>> {
        (!list.is_empty()).then(|| list.iter().map(Value::as_f64).collect()).flatten()
    };
    if let Some(values) = value.as_array().and_then(numbers) {
        return Fact::Series(Samples { values, unit: Unit::Seconds, source });
    }
    match value.get("missing") {
        Some(why) => {
            Fact::missing(serde_json::from_value(why.clone()).unwrap(), "as the example says")
        }
        None => Fact::value(value.clone(), source),
    }
}

/// What a rule says about an example.
fn messages(rule: &str, example: &Example) -> Vec<String> {
    let sketch = run_of(example);
    let asks = example.edition.map(|edition| edition::load(edition, None).unwrap());
    let case = Case { asks: asks.as_ref(), ..sketch.case() };
    let findings = BOOK.check(&case).unwrap();
    findings.into_iter().filter(|finding| finding.rule == rule).map(|f| f.message).collect()
}

#[test]
fn every_rule_says_about_its_examples_what_they_state() {
    let mut wrong = Vec::new();
    for doc in BOOK.iter() {
        for example in &doc.found {
            let said = messages(&doc.id, example);
            if said != example.says || said.is_empty() {
                wrong.push(format!("{}: {}: {said:#?}", doc.id, example.what));
            }
        }
        for example in &doc.not_found {
            let said = messages(&doc.id, example);
            if !said.is_empty() || !example.says.is_empty() {
                wrong.push(format!(
                    "{}: {}: nothing was to be found: {said:#?}",
                    doc.id, example.what
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_an_example_of_either_kind_in_a_sentence() {
    for doc in BOOK.iter() {
        assert!(!doc.found.is_empty(), "{} has no evidence in which it finds something", doc.id);
        assert!(!doc.not_found.is_empty(), "{} has no evidence in which it finds nothing", doc.id);
        for example in doc.found.iter().chain(&doc.not_found) {
            assert!(example.what.ends_with('.'), "{}: {}", doc.id, example.what);
        }
    }
}

#[test]
fn every_fact_in_an_example_is_in_the_catalogue() {
    for doc in BOOK.iter() {
        for example in doc.found.iter().chain(&doc.not_found) {
            for id in example.facts.keys() {
                assert!(CATALOGUE.get(id).is_some(), "{}: {id}", doc.id);
            }
        }
    }
}

#[test]
fn no_message_accuses_anybody() {
    for doc in BOOK.iter() {
        let says = doc.found.iter().flat_map(|example| &example.says);
        for text in says.chain([&doc.title, &doc.why, &doc.remedy]) {
            let text = text.to_lowercase();
            for word in
                ["cheat", "fake", "forge", "fraud", "dishonest", "invent", "fabricat", "plagiar"]
            {
                assert!(!text.contains(word), "{}: {text}", doc.id);
            }
        }
    }
}

#[test]
fn every_finding_rests_on_a_place_or_on_the_run_itself() {
    let of_the_run = ["run-interrupted", "identifiers-not-replaced", "engines-mixed"];
    for check in CHECKS.iter().filter(|check| !of_the_run.contains(&check.id)) {
        for example in &BOOK.get(check.id).unwrap().found {
            let sketch = run_of(example);
            let asks = example.edition.map(|edition| edition::load(edition, None).unwrap());
            let case = Case { asks: asks.as_ref(), ..sketch.case() };
            for hit in (check.run)(&case) {
                assert!(!hit.evidence.is_empty(), "{}", check.id);
            }
        }
    }
}

#[test]
fn a_rule_that_is_switched_off_finds_nothing_and_says_why() {
    let rule = "health-not-ok";
    let switch = |off: bool, reason: &str| {
        let switch = crate::project::Switch { off, reason: reason.into() };
        RuleBook::load(None)
            .unwrap()
            .with_switches(&[(rule.to_string(), switch)].into(), "book.toml: [rules]")
    };
    let sketch = sketch().fact("app.health_status", "runc", 503);
    let judgement = judge(&sketch.case(), &switch(true, "no application here").unwrap()).unwrap();
    assert!(!judgement.findings.iter().any(|finding| finding.rule == rule));
    let off = SwitchedOff { rule: rule.into(), reason: "no application here".into(), findings: 1 };
    assert_eq!(judgement.switched_off, [off]);
    let on = judge(&sketch.case(), &switch(false, "").unwrap()).unwrap();
    assert!(on.switched_off.is_empty() && on.findings.iter().any(|finding| finding.rule == rule));
    let error = switch(true, " ").unwrap_err();
    assert!(error.message.contains("switched off without a reason"), "{error}");
}

#[test]
fn an_unknown_rule_is_an_error_with_the_one_that_was_meant() {
    let switch = crate::project::Switch { off: true, reason: "x".into() };
    let switches = [("health-not-okay".to_string(), switch)].into();
    let error = RuleBook::load(None).unwrap().with_switches(&switches, "book.toml").unwrap_err();
    assert_eq!(error.message, "book.toml: unknown rule `health-not-okay`");
    assert_eq!(error.help.as_deref(), Some("did you mean `health-not-ok`?"));
}
