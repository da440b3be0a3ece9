//! Comparisons of runs, by the program.

use crate::support::{Outcome, Project, customer, own_path};
use serde_json::Value;

/// A project with the customer's run, and the same with these words of it replaced.
fn with_two(from: &str, to: &str) -> Project {
    let project = Project::new();
    project.import(&customer());
    copy(&project, from, to);
    project
}

/// Imports the customer's evidence with words replaced.
fn copy(project: &Project, from: &str, to: &str) {
    let mut folders = vec![customer()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(customer()).unwrap().display().to_string();
            let text = std::fs::read_to_string(&path).unwrap().replace(from, to);
            project.write(&format!("lab12/{name}"), text);
        }
    }
    project.import(&project.path("lab12"));
}

fn json(project: &Project, arguments: &[&str]) -> Value {
    let all = [&["diff"], arguments, &["--format", "json"]].concat();
    serde_json::from_str(&project.run(&all).succeeds().stdout).unwrap()
}

#[test]
fn a_run_does_not_differ_from_itself_in_any_form_and_fails_no_gate() {
    let project = Project::with_customer();
    for kind in ["change", "regression", "verdict", "finding", "never"] {
        let outcome = project.run(&["diff", "latest", "latest", "--fail-on", kind]).succeeds();
        assert!(outcome.stdout.contains("No change."), "{outcome:?}");
    }
    let diff = json(&project, &["latest", "latest", "--all"]);
    for list in ["changes", "measurements", "conditions"] {
        assert_eq!(diff[list], serde_json::json!([]), "{list}");
    }
    assert_eq!(diff["findings"], serde_json::json!({"added": [], "removed": []}));
    let markdown = project.run(&["diff", "latest", "latest", "--format", "markdown"]).succeeds();
    assert!(markdown.stdout.contains("Nothing changed"), "{markdown:?}");
}

#[test]
fn a_stored_run_is_compared_with_an_evidence_directory_and_nothing_is_written() {
    let project = with_two("6.12.47", "6.16.7");
    let before = project.tree("data");
    let diff = json(&project, &["latest", &project.path("lab12").display().to_string()]);
    let other = json(&project, &[&customer().display().to_string(), "lab12"]);
    assert_eq!(project.tree("data"), before);
    assert!(other["changes"].as_array().unwrap().len() >= 4, "{other}");
    assert!(diff["changes"].as_array().unwrap().len() <= 5, "{diff}");
}

#[test]
fn a_gate_in_the_configuration_holds_until_an_option_says_otherwise() {
    let project = Project::new();
    let gate = "[preprocessor.isoproof.gate]\nfail-on = [\"change\"]\n";
    project.write("book.toml", gate);
    project.write("lab12/kata/kernel.txt", "6.12.47\n");
    project.write("other/lab12/kata/kernel.txt", "6.16.7\n");
    assert_eq!(project.run(&["diff", "lab12", "other/lab12"]).code, 1);
    assert_eq!(project.run(&["diff", "lab12", "other/lab12", "--fail-on", "never"]).code, 0);
    assert_eq!(project.run(&["diff", "lab12", "lab12"]).code, 0);
}

#[test]
fn hostile_evidence_comes_out_as_text_in_every_form() {
    let nasty = "Xeon <script>alert(1)</script> |`*[x](javascript:y) {{ 7 }} \u{202e}";
    let project = with_two("Intel(R) Xeon(R) Processor @ 1.60GHz", nasty);
    let before = customer().display().to_string();
    let form =
        |form: &str| project.run(&["diff", &before, "lab12", "--format", form]).succeeds().stdout;
    assert!(form("html").contains("&lt;script&gt;alert(1)"), "{}", form("html"));
    assert!(!form("html").contains("<script>"));
    assert!(form("markdown").contains("\\|"), "a pipe ends a cell");
    assert!(form("text").contains("alert(1)"));
    for text in [form("html"), form("markdown"), form("text")] {
        assert!(!text.contains('\u{202e}'), "{text}");
    }
}

#[test]
fn values_that_differ_far_from_their_beginning_show_where() {
    let project = with_two(
        "1ubuntu1~22.04.2) 11.4.0, GNU ld (GNU Binutils for Ubuntu) 2.38",
        "1ubuntu1~22.04.2) 11.4.0, GNU ld (GNU Binutils for Ubuntu) 2.99",
    );
    let before = customer().display().to_string();
    let text = project.run(&["diff", &before, "lab12"]).succeeds().stdout;
    assert!(text.contains("2.38") && text.contains("2.99"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn a_value_of_one_line_is_shown_and_not_the_file_that_it_stands_in() {
    let project = with_two("reboot=k", "reboot=x");
    let text = project.run(&["diff", "latest~1", "latest"]).succeeds().stdout;
    let cmdline = text.split("kernel.cmdline").nth(1).unwrap_or_else(|| panic!("{text}"));
    let change: Vec<&str> = cmdline.lines().skip(1).take(2).map(str::trim).collect();
    // Both were imported within a second, so either may be the later one.
    let side = |sign: &str, value: &str| {
        change
            .iter()
            .any(|line| line.strip_prefix(sign).is_some_and(|line| line.trim().starts_with(value)))
    };
    let changed = |from: &str, to: &str| side("-", from) && side("+", to);
    let (k, x) = ("reboot=k panic=1", "reboot=x panic=1");
    assert!(changed(k, x) || changed(x, k), "{change:?}");
}

#[test]
fn a_comment_stays_under_the_limit_of_a_pull_request() {
    let project = Project::with_sample_runs();
    let arguments = ["diff", "customer", "four-runtimes", "--all", "--format", "markdown"];
    let comment = project.run(&arguments).succeeds().stdout;
    assert!(comment.starts_with("<!-- isoproof-diff -->\n"));
    assert!(comment.len() < 64 * 1024, "{}", comment.len());
}

#[test]
fn a_run_says_what_changed_since_the_one_before() {
    let project = Project::with_customer();
    let run = |project: &Project| {
        let arguments = ["run", "--engine", "builtin", "--samples", "2", "--no-perf"];
        let mut command = project.command(&arguments);
        // A day after the import, so that it is the later of the two.
        command.env("SOURCE_DATE_EPOCH", "1767312000");
        Outcome::of(command.output().expect("the program runs")).succeeds()
    };
    let outcome = run(&project);
    assert!(outcome.stdout.contains("Since run "), "{outcome:?}");
    let alone = run(&Project::new());
    assert!(!alone.stdout.contains("Since run "), "{alone:?}");
}

/// What the overview says about changes, as text.
fn changes_on_overview(project: &Project) -> String {
    let overview = project.read("public/index.html");
    let changes = overview.split("glance_changes\">What changed").nth(1).unwrap();
    changes.split("</section>").next().unwrap().to_string()
}

#[test]
fn the_overview_compares_no_run_of_which_nobody_knows_the_machine() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    assert!(changes_on_overview(&project).contains("first run of the project"));

    project.copy(&customer(), "lab12");
    project.write("lab12/kata/kernel.txt", "6.12.99\n");
    let evidence = project.path("lab12").display().to_string();
    let mut import = project.command(&["import", "lab12", &evidence]);
    // A day after the first, so that it is the later of the two.
    import.env("SOURCE_DATE_EPOCH", "1767312000");
    let import = Outcome::of(import.output().expect("the program runs")).succeeds();
    let id = import.stdout.lines().last().unwrap().to_string();
    project.run(&["build"]).succeeds();
    let changes = changes_on_overview(&project);
    assert!(changes.contains("No earlier run was collected on the same machine"), "{changes}");
    // They can still be compared: the page of the run leads there.
    let page = project.read(&format!("public/runs/{id}.html"));
    assert!(page.contains(&format!("href=\"{id}-before.html\"")));
    let before = project.read(&format!("public/runs/{id}-before.html"));
    assert!(before.contains("6.12.47") && before.contains("6.12.99"), "{before}");

    // The page is made again when the report is about the first run.
    project.run(&["build", "--run", "latest~1"]).succeeds();
    assert!(changes_on_overview(&project).contains("first run of the project"));
}

/// The run of four runtimes as if it was made on that day of December by another program, so that it
/// may be changed.
fn add_run(project: &Project, day: u32, change: impl Fn(&mut Value)) {
    let file = own_path("tests/runs/20261124T200059Z-540f7ff3.json");
    let mut run: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    run.as_object_mut().unwrap().remove("digest");
    run["generator"]["name"] = "another program".into();
    let id = format!("202512{day:02}T200059Z-00000000");
    run["created"] = format!("2025-12-{day:02}T20:00:59Z").into();
    run["id"] = id.as_str().into();
    change(&mut run);
    project.write(&format!("data/runs/{id}.json"), serde_json::to_vec(&run).unwrap());
}

#[test]
fn the_overview_says_over_how_many_runs_no_boundary_changed_and_alarms_where_one_did() {
    let project = Project::new();
    for day in 1..=3 {
        add_run(&project, day, |_| {});
    }
    project.run(&["build"]).succeeds();
    let changes = changes_on_overview(&project);
    assert!(changes.contains("No boundary changed in 3 runs"), "{changes}");
    assert_eq!(changes.matches("<li><a href=\"runs/").count(), 3, "{changes}");
    assert!(!changes.contains("alarm"), "{changes}");

    // Through another engine: that run says nothing about these.
    add_run(&project, 4, |run| {
        run["evidence"]["collected"]["engine"] = "podman".into();
    });
    project.run(&["build"]).succeeds();
    let changes = changes_on_overview(&project);
    assert!(changes.contains("No earlier run was collected on the same machine"), "{changes}");

    // Without its facts nothing is shown of gVisor.
    add_run(&project, 5, |run| {
        for by_target in run["facts"].as_object_mut().unwrap().values_mut() {
            by_target.as_object_mut().unwrap().remove("runsc");
        }
    });
    project.run(&["build"]).succeeds();
    let changes = changes_on_overview(&project);
    assert!(changes.contains("class=\"alarm\""), "{changes}");
    assert!(
        changes.contains("<strong>gVisor</strong>: Separate kernel in user space"),
        "{changes}"
    );
    assert!(!changes.contains("<strong>vm</strong>"), "{changes}");
}
