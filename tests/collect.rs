//! `collect` with a program in place of `unshare`, which needs no privileges.

use std::os::unix::fs::PermissionsExt;

use crate::support::{Outcome, Project};
use serde_json::Value;

/// A project with a program of its own that the builtin engine starts its container by.
fn project(unshare: &str) -> Project {
    let project = Project::new();
    project.write("bin/unshare", format!("#!/bin/sh\n[ \"$1\" = --version ] && exit\n{unshare}"));
    let program = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(project.path("bin/unshare"), program).unwrap();
    project
}

fn collect(project: &Project, more: &[&str]) -> Outcome {
    let path = std::env::var("PATH").unwrap();
    let fixed = ["collect", "--engine", "builtin", "--no-app", "--no-perf", "--samples", "0"];
    let mut command = project.command(&[&fixed[..], more].concat());
    command.env("PATH", format!("{}:{path}", project.path("bin").display()));
    Outcome::of(command.output().unwrap())
}

fn facts(project: &Project) -> Value {
    let outcome = project.run(&["facts", "--format", "json"]).succeeds();
    assert_eq!(outcome.stderr, "", "the run file is intact");
    serde_json::from_str(&outcome.stdout).unwrap()
}

/// What is said about the last probe and in the finding.
fn assert_told(project: &Project, words: &str) {
    let facts = facts(project);
    let last = &facts["sysctl.write.hostname"]["namespaces"];
    assert_eq!(last["missing"], "cut off", "{last}");
    let reason = last["reason"].as_str().unwrap();
    assert!(reason.starts_with("asked, but before its answer namespaces/boot "), "{reason}");
    assert!(reason.contains(words), "{reason}");
    let check = project.run(&["check", "--format", "json"]).succeeds().stdout;
    let check: Value = serde_json::from_str(&check).unwrap();
    let findings = check["findings"].as_array().unwrap();
    let is_it = |finding: &&Value| {
        finding["rule"] == "probes-unanswered" && finding["target"] == "namespaces"
    };
    let of_it = findings.iter().filter(is_it);
    let messages: Vec<&str> = of_it.map(|finding| finding["message"].as_str().unwrap()).collect();
    let [message] = messages[..] else { panic!("{messages:?}") };
    assert!(message.contains(words), "{message}");
    project.run(&["build"]).succeeds();
    let pages = project.tree("public/runs").into_iter().filter(|(name, _)| name.ends_with(".html"));
    let pages: String =
        pages.map(|(_, page)| String::from_utf8_lossy(&page).into_owned()).collect();
    assert!(pages.contains("unreached: the output ended before its answer"));
}

#[test]
fn probes_whose_container_died_say_so() {
    let project = project(
        "while [ \"$1\" != sh ]; do shift; done\n\"$@\" | dd bs=1 count=9000 2>/dev/null\necho 'guest: lost' >&2\nexit 137\n",
    );
    let outcome = collect(&project, &[]).succeeds();
    assert!(outcome.stderr.contains("probes have no answer: namespaces/boot ended"), "{outcome:?}");
    assert_told(&project, "ended with exit status 137 (it said: guest: lost)");
}

#[test]
fn probes_whose_container_reached_its_time_limit_say_so() {
    let project = project(
        "while [ \"$1\" != sh ]; do shift; done\n\"$@\" | dd bs=1 count=9000 2>/dev/null\nsleep 60\n",
    );
    collect(&project, &["--timeout", "8"]).succeeds();
    assert_told(&project, "reached its time limit after ");
}

/// A project with an engine that answers all questions and starts nothing, as podman does without
/// `nft`.
fn collect_with_a_podman_that_starts_nothing(more: &[&str]) -> (Project, Outcome) {
    let project = Project::new();
    let podman = "#!/bin/sh\ncase $1 in\nrun) echo 'Error: netavark: nft is not installed' >&2; \
                  exit 126 ;;\ninfo | image) echo x ;;\nesac\n";
    for (name, text) in [("podman", podman), ("runc", "#!/bin/sh\n"), ("crun", "#!/bin/sh\n")] {
        project.write(&format!("bin/{name}"), text);
        let program = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(project.path(&format!("bin/{name}")), program).unwrap();
    }
    let fixed = ["collect", "--engine", "podman", "--no-app", "--no-perf", "--samples", "0"];
    let mut command = project.command(&[&fixed[..], more].concat());
    command.env("PATH", format!("{}:/usr/bin:/bin", project.path("bin").display()));
    let outcome = Outcome::of(command.output().unwrap());
    (project, outcome)
}

#[test]
fn a_session_in_which_nothing_started_fails_though_nobody_named_a_runtime() {
    let (_, outcome) = collect_with_a_podman_that_starts_nothing(&[]);
    assert_eq!(outcome.code, 1, "{}\n{}", outcome.stdout, outcome.stderr);
    assert!(outcome.stderr.contains("nft is not installed"), "{}", outcome.stderr);
}

#[test]
fn what_another_runtime_failed_at_is_not_said_of_kata() {
    let named = ["--runtime", "runc", "--runtime", "crun"];
    let (project, outcome) = collect_with_a_podman_that_starts_nothing(&named);
    assert_eq!(outcome.code, 1, "{}\n{}", outcome.stdout, outcome.stderr);
    let told = project.run(&["check"]).stdout;
    let line =
        "f25.1.run (A run under Kata) is not shown: kata is none of the runtimes of this run";
    assert!(told.contains(line), "{told}");
    let after = &told[told.find(line).unwrap()..];
    assert!(!after.lines().nth(1).unwrap().contains("crun"), "{after}");
}

/// Runs `run` or `collect` where the container leaves a trace of having been started.
fn run_traced(project: &Project, command: &str) -> Outcome {
    let path = std::env::var("PATH").unwrap();
    let mut command = project.command(&[command, "--engine", "builtin"]);
    command.env("PATH", format!("{}:{path}", project.path("bin").display()));
    let outcome = Outcome::of(command.output().unwrap());
    assert!(!project.path("started").exists(), "{outcome:?}");
    outcome
}

#[test]
fn runs_that_cannot_be_written_are_refused_before_anything_is_captured() {
    let project = project("touch started\n");
    project.write("data/runs", "");
    run_traced(&project, "collect").fails(3, &["cannot write", "data/runs"]);
    run_traced(&project, "run").fails(3, &["cannot write", "data/runs"]);
}

#[test]
fn a_report_that_cannot_be_written_is_refused_before_anything_is_captured() {
    let project = project("touch started\n");
    project.write("submission.md", "# My own\n");
    run_traced(&project, "run").fails(2, &["submission.md was not made by isoproof"]);
    std::fs::remove_file(project.path("submission.md")).unwrap();
    project.write("public/index.html", "mine");
    run_traced(&project, "run").fails(2, &["was not made by isoproof and is not empty"]);
}

#[test]
fn a_run_says_that_its_report_is_not_about_the_run_of_the_settings() {
    let project = project("touch started\n");
    project.write("book.toml", "[preprocessor.isoproof]\nrun = \"before\"\n");
    project.write("data/runs", "");
    run_traced(&project, "run").fails(3, &["book.toml says run = \"before\"", "of before again"]);
}

#[test]
fn what_was_captured_is_told_where_its_report_cannot_be_made() {
    let project = project("exec sh\n");
    project.write("site/SUMMARY.md", "- [A](a.md)\n");
    project.write("site/a.md", "# A\n\n{{ fcat(id=\"kernel.release\", target=\"host\") }}\n");
    let path = std::env::var("PATH").unwrap();
    let mut command = project.command(&["run", "--engine", "builtin", "--no-perf"]);
    command.env("PATH", format!("{}:{path}", project.path("bin").display()));
    let outcome = Outcome::of(command.output().unwrap()).fails(2, &["fcat"]);
    assert!(outcome.stdout.contains("Findings: "), "{outcome:?}");
    assert!(!outcome.stderr.contains("publish ports"), "{outcome:?}");
}
