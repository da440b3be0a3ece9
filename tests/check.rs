//! `isoproof check` in the forms for programs, and against other runs.

mod support;

use serde_json::Value;
use support::Project;

fn sarif(project: &Project) -> Value {
    let outcome = project.run(&["check", "--format", "sarif"]).succeeds();
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[test]
fn sarif_points_at_the_line_of_evidence_in_the_run_file() {
    let project = Project::with_customer();
    let log = sarif(&project);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert!(results.len() > 10, "{}", results.len());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
    }
    let health = results.iter().find(|result| result["ruleId"] == "health-not-ok").unwrap();
    let place = &health["locations"][0]["physicalLocation"];
    let file = project.read(place["artifactLocation"]["uri"].as_str().unwrap());
    let line = usize::try_from(place["region"]["startLine"].as_u64().unwrap()).unwrap();
    assert!(file.lines().nth(line - 1).unwrap().contains("juice-runc: HTTP 503"), "{line}");
}

#[test]
fn every_rule_in_sarif_brings_its_help() {
    let log = sarif(&Project::with_customer());
    for rule in log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap() {
        for text in [&rule["shortDescription"], &rule["fullDescription"], &rule["help"]] {
            assert!(text["text"].as_str().is_some_and(|text| text.len() > 10), "{rule}");
        }
    }
}

#[test]
fn junit_fails_the_rules_of_the_level_that_was_asked_for() {
    let project = Project::with_customer();
    let failed = |arguments: &[&str]| {
        let outcome = project.run(&[&["check", "--format", "junit"], arguments].concat());
        outcome.stdout.matches("<failure ").count()
    };
    assert_eq!(failed(&[]), 3);
    assert_eq!(failed(&["--fail-on", "error"]), 3);
    assert!(failed(&["--fail-on", "warning"]) > 3);
}

#[test]
fn a_rule_that_is_switched_off_is_a_skipped_test_and_an_override() {
    let project = Project::with_customer();
    let rule = "health-not-ok = { off = true, reason = \"no <app> here\" }";
    project.write("book.toml", format!("[preprocessor.isoproof.rules]\n{rule}\n"));
    let junit = project.run(&["check", "--format", "junit"]).succeeds().stdout;
    assert!(junit.contains("<skipped message=\"switched off: no &lt;app&gt; here\""), "{junit}");
    let overrides = &sarif(&project)["runs"][0]["invocations"][0]["ruleConfigurationOverrides"];
    assert_eq!(overrides[0]["descriptor"]["id"], "health-not-ok");
    project.run(&["build"]).succeeds();
    for page in ["submission.md", "public/findings.html"] {
        assert!(project.read(page).contains("app&gt; here"), "{page}");
    }
}

#[test]
fn a_second_import_of_the_same_files_shares_what_sessions_do_not() {
    let project = Project::with_customer();
    let copy = project.path("copy");
    let files =
        [("kata/test1.txt", "kata/test1.txt"), ("bench/curl-3012.txt", "bench/curl-3012.txt")];
    for (from, to) in files {
        let text = std::fs::read_to_string(support::customer().join(from)).unwrap();
        // The same samples from the last to the first.
        let lines: Vec<&str> = text.lines().rev().collect();
        project.write(&format!("copy/{to}"), lines.join("\n"));
    }
    project.import(&copy);
    let check = project.run(&["check", "latest", "--against", "data/runs", "--fail-on", "warning"]);
    assert_eq!(check.code, 1);
    for words in ["same container id and samples as run", "in another order", "Pseudonyms"] {
        assert!(check.stdout.contains(words), "{check:?}");
    }
    let json = project.run(&["check", "latest", "--against", "data/runs", "--format", "json"]);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["against"][0]["shared"][0]["kind"], "container-id");
    project
        .run(&["check", "--against", "data/runs", "--format", "sarif"])
        .fails(2, &["--against is not part of"]);
    project.run(&["check", "--against", "copy"]).fails(2, &["no run file in this folder"]);
}
