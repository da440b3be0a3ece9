//! `isoproof check` in the forms for programs, and against other runs.

use std::process::Stdio;
use std::sync::LazyLock;

use crate::support::{Project, own_path};
use jsonschema::Validator;
use serde_json::{Value, json};

/// The schema of SARIF 2.1.0 by OASIS, as `tests/schemas/README.md` says.
static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    // A bracket in it is not escaped, which stricter readers of expressions refuse.
    let text = include_str!("schemas/sarif-2.1.0.json").replace("{2}]?$", r"{2}\\]?$");
    let schema = serde_json::from_str(&text).unwrap();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
});

/// What `check --format sarif` and these arguments print, which is SARIF.
fn sarif_of(project: &Project, arguments: &[&str]) -> Value {
    let outcome = project.run(&[&["check", "--format", "sarif"], arguments].concat()).succeeds();
    let log = serde_json::from_str(&outcome.stdout).unwrap();
    let wrong: Vec<String> = SCHEMA
        .iter_errors(&log)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    log
}

fn sarif(project: &Project) -> Value {
    sarif_of(project, &[])
}

const REPORT: &str = "# Report\n\nThe host has 332 entries in /proc, Kata 52.\n\n\
                      Runtime overhead: 5 %\n";

/// The customer's run and a report in a file whose name has to be encoded.
fn with_report() -> Project {
    let project = Project::with_customer();
    project.write("my report.md", REPORT);
    project
}

#[test]
fn a_fleet_is_sarif_too() {
    let log = sarif_of(&crate::support::fleet::project_with_fleets(), &["fleet:latest"]);
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(results.iter().any(|it| it["ruleId"] == "runtime-not-what-it-says"), "{log}");
}

#[test]
fn the_schema_of_sarif_refuses_what_is_not_sarif() {
    let mut log = sarif(&Project::with_customer());
    log["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(!SCHEMA.is_valid(&log));
    log["runs"][0]["results"][0]["level"] = "error".into();
    assert!(SCHEMA.is_valid(&log));
    log["runs"][0]["artifacts"][0]["location"]["uri"] = "my report.md".into();
    assert!(!SCHEMA.is_valid(&log));
}

#[test]
fn sarif_points_at_the_place_in_a_report_and_from_there_to_the_evidence() {
    let project = with_report();
    let log = sarif_of(&project, &["--submission", "my report.md"]);
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    let of = |rule: &str| results.iter().find(|result| result["ruleId"] == rule).unwrap();
    let wrong = of("claim-contradicts-evidence");
    let index = usize::try_from(wrong["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(rules[index]["id"], "claim-contradicts-evidence");
    let place = &wrong["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "my%20report.md");
    let region = json!({"startLine": 3, "startColumn": 14, "endLine": 3, "endColumn": 17});
    assert_eq!(place["region"], region);
    let evidence = &wrong["relatedLocations"][0]["logicalLocations"][0]["fullyQualifiedName"];
    assert_eq!(evidence, "isolation/proc.txt:2");
    assert_eq!(of("claim-overhead-unmeasured")["level"], "warning");
    // A statement that is supported is no result; without a report its rules are not listed.
    assert!(results.iter().all(|result| result["level"].is_string()));
    assert!(!sarif(&project).to_string().contains("claim-contradicts-evidence"));
}

#[test]
fn the_rules_about_reports_are_tests_in_junit_where_a_report_was_checked() {
    let project = with_report();
    let junit = |arguments: &[&str]| {
        project.run(&[&["check", "--format", "junit"], arguments].concat()).stdout
    };
    assert!(!junit(&[]).contains("claim-contradicts-evidence"));
    let text = junit(&["--submission", "my report.md"]);
    assert!(text.contains("<testsuite name=\"report-rules\""), "{text}");
    assert!(text.contains("my report.md:3:14: error: “332”"), "{text}");
    let failures = |text: &str| text.matches("<failure ").count();
    // The figure of a cost is a warning, and only errors fail unless more is asked for.
    assert_eq!(failures(&text), failures(&junit(&[])) + 1);
}

#[test]
fn a_rule_about_reports_is_switched_off_with_a_reason_that_every_form_prints() {
    let project = with_report();
    let off = "claim-contradicts-evidence = { off = true, reason = \"an <old> count\" }";
    let table = "[preprocessor.isoproof]\nchecked-submission = \"my report.md\"\n";
    let rules = "[preprocessor.isoproof.rules]\n";
    project.write("book.toml", format!("{table}{rules}{off}\n"));
    let check = |form: &str| {
        let arguments = ["check", "--submission", "my report.md", "--format", form];
        project.run(&arguments).succeeds().stdout
    };
    let text = check("text");
    let line = "off[claim-contradicts-evidence]: 1 finding not shown: an <old> count";
    assert!(text.contains(line) && !text.contains("the evidence says 322"), "{text}");
    let json: Value = serde_json::from_str(&check("json")).unwrap();
    assert_eq!(json["submission"]["switched_off"][0]["reason"], "an <old> count");
    assert_eq!(json["submission"]["counts"]["contradicted"], 0);
    let log = sarif_of(&project, &["--submission", "my report.md"]);
    let overrides = &log["runs"][0]["invocations"][0]["ruleConfigurationOverrides"];
    assert_eq!(overrides[0]["descriptor"]["id"], "claim-contradicts-evidence");
    let junit = check("junit");
    assert!(junit.contains("<skipped message=\"switched off: an &lt;old&gt; count\""), "{junit}");
    let explained = project.run(&["explain", "claim-contradicts-evidence"]).succeeds().stdout;
    assert!(explained.contains("This project switched it off: an <old> count"), "{explained}");
    project.run(&["build"]).succeeds();
    for page in ["public/checked.html", "public/rules.html"] {
        assert!(project.read(page).contains("an &lt;old&gt; count"), "{page}");
    }
    assert!(!project.read("public/checked.html").contains("<mark class=\"contradicted\">"));
    let wrong = off.replace("evidence =", "evidnce =");
    project.write("book.toml", format!("{rules}{wrong}\n"));
    project.run(&["check"]).fails(2, &["did you mean `claim-contradicts-evidence`?"]);
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

/// Expectations of the customer's run: one that passes, one that fails, and one of a cost that was
/// not measured.
#[test]
fn the_markdown_of_a_check_holds_that_of_the_report() {
    let project = Project::with_customer();
    project.write("mine.md", "# Report\n\nThe host kernel is 9.9.9 and Kata runs 9.9.8 `|`.\n");
    let check = ["check", "--submission", "mine.md", "--format"];
    let json = project.run(&[&check[..], &["json"]].concat()).succeeds().stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let annotations = json["submission"]["annotations"].as_array().unwrap();
    assert!(!annotations.is_empty());
    let markdown = project.run(&[&check[..], &["markdown"]].concat()).succeeds().stdout;
    assert!(markdown.contains("`mine.md` checked against this run: "), "{markdown}");
    for annotation in annotations {
        let place = format!("- Line {}, ", annotation["line"]);
        assert!(markdown.contains(&place), "{annotation}: {markdown}");
        let rule = annotation["rule"].as_str().unwrap_or_default();
        assert!(markdown.contains(rule), "{annotation}: {markdown}");
    }
    let alone = project.run(&["check", "--format", "markdown"]).succeeds().stdout;
    assert!(!alone.contains("checked against this run"), "{alone}");
}

const EXPECTATIONS: &str = "[[preprocessor.isoproof.expect]]\nruntime = \"kata\"\nboundary = \"own-kernel\"\nreason = \"r\"\n
[[preprocessor.isoproof.expect]]\nruntime = \"kata\"\nfact = \"kernel.release\"\nmatches = '^9'\nreason = \"a <fix>\"\n
[[preprocessor.isoproof.expect]]\nruntime = \"kata\"\ncost = \"startup\"\nat-most = 5\nreason = \"r\"\n";

#[test]
fn an_expectation_that_fails_is_red_in_every_form_and_on_the_pages() {
    let project = Project::with_customer();
    project.write("book.toml", EXPECTATIONS);
    let check = |form: &str| {
        let outcome = project.run(&["check", "--format", form]);
        assert_eq!(outcome.code, 1, "{form}");
        outcome.stdout
    };
    assert!(check("text").contains("Expectations: 1 passed, 1 failed, 1 not decided"));
    let json: Value = serde_json::from_str(&check("json")).unwrap();
    let outcomes = json["expectations"].as_array().unwrap().iter().map(|one| &one["outcome"]);
    assert_eq!(outcomes.collect::<Vec<_>>(), ["passed", "failed", "not-decided"]);
    let junit = check("junit");
    let suite = r#"<testsuite name="expectations" tests="3" disabled="1" errors="0" failures="1">"#;
    assert!(junit.contains(suite), "{junit}");
    let log: Value = serde_json::from_str(&check("sarif")).unwrap();
    assert!(SCHEMA.is_valid(&log));
    let results = log["runs"][0]["results"].as_array().unwrap();
    let of = results.iter().filter(|result| result["ruleId"] == "expectation");
    let of: Vec<&Value> = of.collect();
    assert_eq!(of.len(), 2);
    let place = &of[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "book.toml");
    assert_eq!(place["region"]["startLine"], 6);
    project.run(&["build"]).succeeds();
    for page in ["public/index.html", "public/findings.html"] {
        let page = project.read(page);
        assert!(page.contains("a &lt;fix&gt;") && page.contains("kernel.release is 6.12.47"));
    }
    project.run(&["check", "--summary"]).fails(1, &[]);
    let markdown = check("markdown");
    for line in [
        "### Isolation of container runtimes: 1 expectation not met, 1 not decided",
        "| **Kata** | Separate kernel, virtual machine | medium | not measured |",
        "| `kata: kernel.release matches ^9` | **failed** | `kernel.release is 6.12.47` | `a <fix>` |",
    ] {
        assert!(markdown.lines().any(|own| own == line), "{line}: {markdown}");
    }
}

#[test]
fn a_fingerprint_stays_when_only_a_figure_changes() {
    let fingerprints = |health: &str| -> Vec<String> {
        let project = Project::new();
        project.write("lab/runc/health.txt", health);
        project.import(&project.path("lab"));
        let log = sarif(&project);
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        let hash = |result: &Value| {
            result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap().to_string()
        };
        results.iter().map(hash).collect()
    };
    let of_503 = fingerprints("juice-runc: HTTP 503\n");
    assert!(of_503.len() > 1, "{of_503:?}");
    assert_eq!(of_503, fingerprints("juice-runc: HTTP 502\n"));
    assert_eq!(of_503.iter().collect::<std::collections::BTreeSet<_>>().len(), of_503.len());
}

#[test]
fn sarif_counts_paths_from_the_repository_and_points_into_the_evidence_where_it_is_known() {
    let repository = Project::with_customer();
    std::fs::create_dir(repository.path(".git")).unwrap();
    repository.write("sub/book.toml", EXPECTATIONS);
    let data = repository.path("sub/data");
    std::fs::rename(repository.path("data"), &data).unwrap();
    repository.write("sub/lab/runc/health.txt", "juice-runc: HTTP 503\n");
    let arguments = ["--project", "sub", "check", "--format", "sarif", "--evidence", "sub/lab"];
    let log: Value = serde_json::from_str(&repository.run(&arguments).stdout).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let place = |rule: &str| {
        let result = results.iter().find(|result| result["ruleId"] == rule).unwrap();
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap().to_string();
        (uri, place["region"]["startLine"].as_u64().unwrap())
    };
    assert_eq!(place("health-not-ok"), ("sub/lab/runc/health.txt".into(), 1));
    assert_eq!(place("expectation"), ("sub/book.toml".into(), 6));
    assert!(place("engine-log-in-evidence").0.starts_with("sub/data/runs/"));
}

#[test]
fn sarif_keeps_within_what_github_takes() {
    let log = sarif(&Project::with_customer());
    for rule in log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap() {
        for text in [&rule["shortDescription"], &rule["fullDescription"]] {
            assert!(text["text"].as_str().unwrap().chars().count() <= 1024, "{rule}");
        }
    }
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
    project.write(
        "book.toml",
        format!(
            "[preprocessor.isoproof]\nedition = \"f25\"\n[preprocessor.isoproof.rules]\n{rule}\n"
        ),
    );
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
        let text = std::fs::read_to_string(crate::support::customer().join(from)).unwrap();
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
        .fails(2, &["--against is part of"]);
    project.run(&["check", "--against", "copy"]).fails(2, &["no run file in this folder"]);
}

/// A project with a run, labelled `alone`, of which the session was stopped before it came to a
/// runtime.
fn project_with_host_alone() -> Project {
    let project = Project::with_sample_runs();
    let text = project.read("data/runs/20261124T200059Z-540f7ff3.json");
    let mut run: Value = serde_json::from_str(&text).unwrap();
    run["id"] = json!("20260101T000000Z-00000001");
    run["label"] = json!("alone");
    run["created"] = json!("2026-01-01T00:00:00Z");
    run["generator"]["name"] = json!("t");
    run.as_object_mut().unwrap().remove("digest");
    let is_host = |value: &Value| value.is_null() || value == "host";
    run["targets"].as_array_mut().unwrap().retain(|target| target["role"] == "host");
    run["captures"].as_array_mut().unwrap().retain(|capture| is_host(&capture["target"]));
    for facts in run["facts"].as_object_mut().unwrap().values_mut() {
        facts.as_object_mut().unwrap().retain(|target, _| target == "host");
    }
    project.write("data/runs/20260101T000000Z-00000001.json", run.to_string());
    project
}

#[test]
fn a_gate_that_tested_no_runtime_is_not_passed_and_its_report_can_be_built() {
    let project = project_with_host_alone();
    let words = "run 20260101T000000Z-00000001 tested no runtime, so it decides nothing";
    project.run(&["check", "alone", "--fail-on", "error"]).fails(2, &[words]);
    project.run(&["check", "alone", "--summary"]).fails(2, &[words]);
    project.run(&["check", "alone"]).succeeds();
    let xml = project.run(&["check", "alone", "--format", "junit"]).succeeds().stdout;
    assert!(xml.contains("this run tested no runtime"), "{xml}");
    project.run(&["build", "--run", "alone"]).succeeds();
    assert!(project.read("public/index.html").contains("This run tested no runtime."));
}

#[test]
fn a_reader_that_went_away_changes_no_exit_code() {
    let project = Project::with_customer();
    for (arguments, code) in [(&["check", "--fail-on", "error"][..], 1), (&["check"], 0)] {
        let mut command = project.command(arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(code), "{arguments:?}");
    }
}

#[test]
fn a_cost_that_was_not_measured_is_not_decided_for_the_baseline_either() {
    let project = Project::with_customer();
    let table = "[[preprocessor.isoproof.expect]]\nruntime = \"runc\"\ncost = \"startup\"\n\
                 at-most = 2.0\nreason = \"r\"\n";
    project.write("book.toml", table);
    let text = project.run(&["check"]).succeeds().stdout;
    assert!(text.contains("Expectations: 0 passed, 0 failed, 1 not decided"), "{text}");
}

#[test]
fn a_folder_of_evidence_is_for_the_form_that_points_into_it() {
    let project = Project::with_customer();
    project.run(&["check", "--evidence", "site"]).fails(2, &["form sarif alone"]);
    let sarif = ["check", "--format", "sarif", "--evidence", "nowhere"];
    project.run(&sarif).fails(2, &["nowhere is no folder"]);
}

/// A project with a run of whose facts many were edited: an error for each.
fn project_with_many_errors() -> Project {
    let project = Project::with_sample_runs();
    let name = "data/runs/20261127T025740Z-65496e1e.json";
    let mut run: Value = serde_json::from_str(&project.read(name)).unwrap();
    for facts in run["facts"].as_object_mut().unwrap().values_mut() {
        for fact in facts.as_object_mut().unwrap().values_mut() {
            match fact.get_mut("value") {
                Some(Value::String(text)) => text.push('x'),
                Some(Value::Number(number)) => *number = 123_456.into(),
                _ => {}
            }
        }
    }
    project.write(name, run.to_string());
    project
}

#[test]
fn the_markdown_of_a_check_with_many_findings_says_how_many_more_there_are() {
    let project = project_with_many_errors();
    let check = ["check", "20261127T025740Z-65496e1e", "--format"];
    let json = project.run(&[&check[..], &["json"]].concat()).succeeds().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    let findings = json["findings"].as_array().unwrap();
    let errors = findings.iter().filter(|it| it["severity"] == "error").count();
    assert!(errors > 21, "{errors}");
    let markdown = project.run(&[&check[..], &["markdown"]].concat()).succeeds().stdout;
    let more = format!("- {} more errors\n", errors - 20);
    assert!(markdown.contains(&more), "{markdown}");
    assert_eq!(markdown.matches("- error: ").count(), 20);
}

#[test]
fn what_xml_does_not_allow_is_in_no_file_that_others_parse() {
    let project = Project::with_customer();
    let config = "[book]\ntitle = \"a\\uFFFEb\\uFFFF\"\n[preprocessor.isoproof.rules]\n\
                  health-not-ok = { off = true, reason = \"c\\uFFFFd\" }\n";
    project.write("book.toml", config);
    let junit = project.run(&["check", "--format", "junit"]).succeeds().stdout;
    assert!(junit.contains("c\\u{ffff}d"), "{junit}");
    project.run(&["build"]).succeeds();
    let site = project.tree("public");
    for name in ["feed.xml", "card.svg", "index.html", "findings.html"] {
        let text = String::from_utf8_lossy(&site[name]);
        assert!(!text.contains(['\u{fffe}', '\u{ffff}']), "{name}: {text}");
    }
    assert!(String::from_utf8_lossy(&site["feed.xml"]).contains("a\\u{fffe}b"));
}

#[test]
fn a_gate_compares_with_every_run_of_a_folder_or_fails() {
    let project = Project::with_sample_runs();
    let name = "20261124T200059Z-540f7ff3";
    project.write(&format!("others/{name}.json"), project.read(&format!("data/runs/{name}.json")));
    project.write("others/20260101T000000Z-00000001.json", "{");
    let check = ["check", "customer", "--against", "others"];
    let outcome = project.run(&check).succeeds();
    assert!(outcome.stderr.contains("a run is left out"), "{outcome:?}");
    let gate = [&check[..], &["--fail-on", "warning"]].concat();
    project.run(&gate).fails(2, &["a run cannot be compared: others/20260101T000000Z-00000001"]);
    // One file is told once, whatever its folder is called.
    project.write("data/runs/20260101T000000Z-00000001.json", "{");
    let outcome = project.run(&["check", "--against", "data/runs"]).succeeds();
    assert_eq!(outcome.stderr.matches("a run is left out").count(), 1, "{outcome:?}");
}

#[test]
fn a_run_is_compared_with_the_runs_of_fleets_too() {
    let project = crate::support::fleet::project_with_fleets();
    let outcome = project.run(&["check", "--against", "data/runs"]).succeeds();
    assert!(outcome.stdout.contains("Against "), "{outcome:?}");
}

#[test]
fn a_folder_without_a_file_of_the_run_is_no_evidence_of_it() {
    let project = Project::with_customer();
    project.write("lab/other.txt", "x");
    let sarif = ["check", "--format", "sarif", "--evidence"];
    project.run(&[&sarif[..], &["lab"]].concat()).fails(2, &["lab holds no file of run 2026"]);
    let outside = tempfile::tempdir().unwrap();
    let outside = outside.path().display().to_string();
    project.run(&[&sarif[..], &[&outside]].concat()).fails(2, &["outside of the repository"]);
}

#[test]
fn a_gate_by_the_latest_run_decides_nothing_of_its_fleet() {
    let project = crate::support::fleet::project_with_fleets();
    let gate = ["check", "--fail-on", "error"];
    let outcome = project.run(&gate);
    assert!([1, 2].contains(&outcome.code), "{outcome:?}");
    let list: Value =
        serde_json::from_str(&project.run(&["list", "--format", "json"]).stdout).unwrap();
    let mut ids = list.as_array().unwrap().iter().filter_map(|entry| entry["id"].as_str());
    let passes = |id: &str| project.run(&[&gate[..], &[id]].concat()).code == 0;
    assert!(ids.any(passes), "a run that is named decides");
}

#[test]
fn a_report_of_which_nothing_could_be_compared_passes_no_gate() {
    let project = Project::with_customer();
    project.write("book.toml", "");
    project.write("other.md", "# A program\n\nIt prints a line.\n");
    let check = ["check", "--submission", "other.md", "--fail-on"];
    let outcome = project.run(&[&check[..3], &["--format", "json"]].concat()).succeeds();
    assert!(outcome.stdout.contains("other.md"), "{outcome:?}");
    // The run's own errors come first.
    project.run(&[&check[..], &["error"]].concat()).fails(1, &[]);
    let times = own_path("tests/cmd/hyperfine.in/times.json").display().to_string();
    project.run(&["import", "hyperfine", &times, "--label", "times"]).succeeds();
    let gate = ["check", "times", "--submission", "other.md", "--fail-on", "error"];
    project.run(&gate).fails(2, &["other.md: nothing in it could be compared with the run"]);
}

#[test]
fn a_check_of_the_latest_run_says_that_it_is_of_one_node_of_a_fleet() {
    let project = crate::support::fleet::project_with_fleets();
    let outcome = project.run(&["check"]);
    assert!(outcome.stderr.contains("warning: this is about "), "{outcome:?}");
    assert!(outcome.stderr.contains("isoproof check fleet:"), "{outcome:?}");
    let text = project.run(&["check", "fleet:latest"]).stderr;
    assert!(!text.contains("this is about"), "{text}");
}

#[test]
fn a_gate_is_not_passed_by_a_run_of_times_alone() {
    let project = Project::plain();
    let times = own_path("tests/cmd/hyperfine.in/times.json").display().to_string();
    project.run(&["import", "hyperfine", &times]).succeeds();
    project.run(&["check"]).succeeds();
    project.run(&["check", "--summary"]).succeeds();
    project
        .run(&["check", "--fail-on", "error"])
        .fails(2, &["holds nothing that tells a runtime's kernel, so it decides nothing"]);
}

#[test]
fn evidence_that_is_there_already_is_named_where_the_latest_run_is_another() {
    let project = Project::with_customer();
    let id = project.import(&crate::support::customer());
    let older =
        project.run(&["import", "lab12", &crate::support::customer().display().to_string()]);
    assert!(!older.stderr.contains("`latest` is another run"), "{older:?}");
    project.write("lab/runc/health.txt", "juice-runc: HTTP 200\n");
    let mut newer = project.command(&["import", "lab12", "lab"]);
    assert!(newer.env("SOURCE_DATE_EPOCH", "1767225700").output().unwrap().status.success());
    let again =
        project.run(&["import", "lab12", &crate::support::customer().display().to_string()]);
    let words = format!("isoproof check {id} is about this one");
    assert!(again.succeeds().stderr.contains(&words));
}
