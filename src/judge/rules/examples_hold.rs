//! Every rule is held to its examples.

use std::sync::{Arc, LazyLock};

use super::RuleExample;
use crate::judge::rules::RuleBook;
use crate::judge::rules::testing::{CATALOGUE, run_of, sketch};
use crate::judge::{PackEdition, RuleContext, SwitchedOff, judge_run};
use crate::report::pack::Pack;

/// All rules: those of the core and of packs.
static BOOK: LazyLock<RuleBook> = LazyLock::new(|| {
    crate::PACKS.iter().fold(RuleBook::load(None).unwrap(), |book: RuleBook, pack: &&dyn Pack| {
        book.with_pack(pack.pack_name(), pack.rule_checks(), None).unwrap()
    })
});

fn asked_edition(example: &RuleExample) -> Option<Arc<dyn PackEdition>> {
    let edition = example.edition.as_deref()?;
    Some(crate::find_pack(edition).unwrap().load_edition(edition, None).unwrap())
}

fn rule_messages(rule: &str, example: &RuleExample) -> Vec<String> {
    let sketch = run_of(example);
    let asks = asked_edition(example);
    let context = RuleContext { asks: asks.as_deref(), ..sketch.context() };
    let findings = judge_run(&context, &BOOK).unwrap().findings;
    findings.into_iter().filter(|finding| finding.rule == rule).map(|f| f.message).collect()
}

#[test]
fn every_rule_says_about_its_examples_what_they_state() {
    let mut wrong = Vec::new();
    for doc in BOOK.iter_rules() {
        for example in &doc.found {
            let said = rule_messages(&doc.id, example);
            if said != example.says || said.is_empty() {
                wrong.push(format!("{}: {}: {said:#?}", doc.id, example.what));
            }
        }
        for example in &doc.not_found {
            let said = rule_messages(&doc.id, example);
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
    for doc in BOOK.iter_rules() {
        assert!(!doc.found.is_empty(), "{} has no evidence in which it finds something", doc.id);
        assert!(!doc.not_found.is_empty(), "{} has no evidence in which it finds nothing", doc.id);
        for example in doc.found.iter().chain(&doc.not_found) {
            assert!(example.what.ends_with('.'), "{}: {}", doc.id, example.what);
        }
    }
}

#[test]
fn every_fact_in_an_example_is_in_the_catalogue() {
    for doc in BOOK.iter_rules() {
        for example in doc.found.iter().chain(&doc.not_found) {
            for id in example.facts.keys() {
                assert!(CATALOGUE.find_probe(id).is_some(), "{}: {id}", doc.id);
            }
        }
    }
}

#[test]
fn no_message_accuses_anybody() {
    for doc in BOOK.iter_rules() {
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
    let of_the_run = [
        "run-interrupted",
        "named-runtime-not-reached",
        "identifiers-not-replaced",
        "engines-mixed",
        "run-altered",
        "record-unverified",
    ];
    for doc in BOOK.iter_rules().filter(|doc| !of_the_run.contains(&doc.id.as_str())) {
        for example in &doc.found {
            let sketch = run_of(example);
            let asks = asked_edition(example);
            let context = RuleContext { asks: asks.as_deref(), ..sketch.context() };
            let findings = judge_run(&context, &BOOK).unwrap().findings;
            for finding in findings.iter().filter(|finding| finding.rule == doc.id) {
                assert!(!finding.evidence.is_empty(), "{}", doc.id);
            }
        }
    }
}

#[test]
fn a_rule_that_is_switched_off_finds_nothing_and_says_why() {
    let rule = "health-not-ok";
    let switch = |off: bool, reason: &str| {
        let switch = crate::project::RuleSwitch { off, reason: reason.into() };
        let switches = [(rule.to_string(), switch)].into();
        RuleBook::with_switches([RuleBook::load(None).unwrap()], &switches, "book.toml: [rules]")
            .map(|[book]| book)
    };
    let sketch = sketch().fact("app.health_status", "runc", 503);
    let judgement =
        judge_run(&sketch.context(), &switch(true, "no application here").unwrap()).unwrap();
    assert!(!judgement.findings.iter().any(|finding| finding.rule == rule));
    let off = SwitchedOff { rule: rule.into(), reason: "no application here".into(), findings: 1 };
    assert_eq!(judgement.switched_off, [off]);
    let on = judge_run(&sketch.context(), &switch(false, "").unwrap()).unwrap();
    assert!(on.switched_off.is_empty() && on.findings.iter().any(|finding| finding.rule == rule));
    let error = switch(true, " ").unwrap_err();
    assert!(error.message.contains("switched off without a reason"), "{error}");
}

#[test]
fn an_unknown_rule_is_an_error_with_the_one_that_was_meant() {
    let switch = crate::project::RuleSwitch { off: true, reason: "x".into() };
    let switches = [("health-not-okay".to_string(), switch)].into();
    let books =
        [RuleBook::load(None).unwrap(), RuleBook::of_folder(None, "lab12/claims/rules/").unwrap()];
    let error = RuleBook::with_switches(books, &switches, "book.toml").unwrap_err();
    assert_eq!(error.message, "book.toml: unknown rule `health-not-okay`");
    assert_eq!(error.help.as_deref(), Some("did you mean `health-not-ok`?"));
}
