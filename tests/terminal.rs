//! What stands in run files, reports and arguments cannot act on a terminal or on the log of a
//! job.

use crate::support::{Outcome, Project, customer};

/// What a name of a run file may be: a line of its own that is a command to GitHub's runner, a
/// title of the window, a text that runs backwards, commands of other services.
const HOSTILE: &str = "a\n::error::pwned\u{1b}]0;pwned\u{7}\u{1b}[2J\u{202e}\u{200b}\u{9b}31m\u{2028}\
                       ##[group]##vso[task.complete]\r::warning::b";

/// A project with two runs whose label, targets, ids and captures are hostile.
fn hostile_project() -> Project {
    let project = Project::new();
    let folder = customer().display().to_string();
    project.run(&["import", "lab12", &folder, "--label", "before"]).succeeds();
    let name = project.names("data/runs")[0].clone();
    let text = project.read(&format!("data/runs/{name}"));
    let hostile = serde_json::json!(HOSTILE).to_string();
    let inner = &hostile[1..hostile.len() - 1];
    let text = text
        .replace("\"before\"", &hostile)
        .replace("\"kata\"", &hostile)
        .replace("\"kata/", &format!("\"{inner}/"))
        .replace(
            "\"lines\": [\n          \"",
            &format!("\"lines\": [\n          \"::error::{inner}"),
        );
    project.write(&format!("data/runs/{name}"), &text);
    let later = text.replace("runc", "::error::runc::").replace("2026", "2027");
    project.write("data/runs/20270101T000000Z-00000000.json", later);
    project
}

/// Nothing of both outputs acts on a terminal or a log.
#[track_caller]
fn assert_harmless(what: &str, outcome: &Outcome) {
    for line in outcome.stdout.split('\n').chain(outcome.stderr.split('\n')) {
        let hidden = line.chars().find(|c| *c != '\t' && isoproof::text::is_hidden(*c));
        assert_eq!(hidden, None, "{what}: {line:?}");
        let is_command = line.trim_start().strip_prefix("::").is_some_and(|l| l.contains("::"));
        assert!(!is_command, "{what}: {line:?}");
        assert!(!line.contains("##[") && !line.contains("##vso["), "{what}: {line:?}");
    }
}

#[test]
fn no_name_in_a_run_file_acts_on_a_terminal_or_a_log() {
    let project = hostile_project();
    project
        .write("report.md", format!("Kata runs 6.1.{HOSTILE}\n\nkata boots in 99 s{HOSTILE}.\n"));
    let id = format!("{HOSTILE}/kernel.txt");
    let commands: &[&[&str]] = &[
        &["list"],
        &["list", "--format", "json"],
        &["show", "latest"],
        &["show", "latest", &id],
        &["show", "latest~1", &id],
        &["facts"],
        &["facts", "--format", "json"],
        &["check", "--against", "latest~1"],
        &["check", "--format", "json"],
        &["check", "--format", "sarif"],
        &["check", "--format", "junit"],
        &["check", "--submission", "report.md"],
        &["check", "--submission", "report.md", "--format", "sarif"],
        &["check", "--submission", "report.md", "--format", "junit"],
        &["diff", "latest~1", "latest"],
        &["diff", "latest~1", "latest", "--all"],
        &["diff", "latest~1", "latest", "--format", "markdown"],
        &["diff", "latest~1", "latest", "--format", "json"],
        &["diff", "latest~1", "latest", "--format", "html"],
        &["export", "benchmark"],
        &["export", "hyperfine"],
        &["export", "lab12", "out"],
        &["-v", "build"],
    ];
    for command in commands {
        let outcome = project.run(command);
        assert_ne!(outcome.stdout.len() + outcome.stderr.len(), 0, "{command:?}");
        assert_harmless(&command.join(" "), &outcome);
    }
}

#[test]
fn no_argument_acts_on_a_terminal_or_a_log() {
    let project = Project::with_customer();
    let file = format!("{HOSTILE}.md");
    let commands: &[&[&str]] = &[
        &[HOSTILE],
        &["list", HOSTILE],
        &["list", "--format", HOSTILE],
        &[&format!("--{HOSTILE}")],
        &["facts", HOSTILE],
        &["show", "latest", HOSTILE],
        &["explain", HOSTILE],
        &["import", "lab12", HOSTILE],
        &["import", "lab12", ".", "--label", HOSTILE],
        &["--project", HOSTILE, "list"],
        &["check", "--submission", &file],
        &["check", "--against", HOSTILE],
        &["export", "hyperfine", "--series", HOSTILE],
        &["export", "lab12", "out", "--target", HOSTILE],
        &["collect", "--label", HOSTILE],
        &["collect", "--runtime", HOSTILE],
        &["doctor", "--image", HOSTILE],
        &["publish", "--branch", HOSTILE],
        &["serve", "--port", HOSTILE],
        &["build", "--edition", HOSTILE],
        &["init", &format!("book.toml/{HOSTILE}")],
    ];
    for command in commands {
        let outcome = project.run(command);
        assert_ne!(outcome.code, 0, "{command:?}");
        assert_ne!(outcome.stderr.len(), 0, "{command:?}");
        assert_harmless(&command.join(" "), &outcome);
    }
}

#[test]
fn the_names_of_files_act_on_nothing() {
    let project = Project::new();
    project.copy(&customer(), "evidence");
    project.write(&format!("evidence/{}", HOSTILE.replace('/', "")), "Linux 6.1\n");
    project.write("site/SUMMARY.md", format!("- [x]({HOSTILE}.md)\n"));
    assert_harmless("import", &project.run(&["import", "lab12", "evidence"]).succeeds());
    assert_harmless("show", &project.run(&["show", "latest"]).succeeds());
    assert_harmless("build", &project.run(&["build"]));
    project.write("book.toml", format!("[book]\ntitle = 1 # {HOSTILE}\n"));
    assert_harmless("list", &project.run(&["list"]).fails(2, &["book.toml"]));
}

#[test]
fn colours_are_the_only_escapes() {
    let project = hostile_project();
    for command in [&["check"][..], &["diff", "latest~1", "latest"], &["facts"]] {
        let outcome = project.run(&[&["--color", "always"], command].concat());
        let mut rest = outcome.stdout.as_str();
        while let Some((_, after)) = rest.split_once('\u{1b}') {
            let code = after.strip_prefix('[').and_then(|after| after.split_once('m'));
            let code = code.map(|(code, _)| code).filter(|code| code.parse::<u8>().is_ok());
            assert!(code.is_some(), "{command:?}: {:?}", &after[..after.len().min(40)]);
            rest = after;
        }
    }
}

#[test]
fn a_capture_is_shown_by_numbered_lines_and_written_as_it_is_on_demand() {
    let project = Project::new();
    project.copy(&customer(), "evidence");
    let bytes = b"Linux 6.1\n::error::x\x1b[2J\r\n";
    project.write("evidence/kata/kernel.txt", bytes);
    project.run(&["import", "lab12", "evidence"]).succeeds();
    let shown = project.run(&["show", "latest", "kata/kernel.txt"]).succeeds();
    assert_eq!(shown.stdout, "1 | Linux 6.1\n2 | ::error::x\\u{1b}[2J\n");
    let raw = project.run(&["show", "latest", "kata/kernel.txt", "--raw"]).succeeds();
    assert_eq!(raw.stdout.as_bytes(), bytes);
    project.run(&["show", "latest", "--raw"]).fails(2, &["<ID>"]);
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let project = Project::with_customer();
    for arguments in [&["show", "latest"][..], &["facts", "--format", "json"], &["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = project.command(arguments).stdout(writer).output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    }
}
