//! The user's files: whatever happens, none is lost and none is half-written.

mod support;

use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use support::{Outcome, Project, customer};

/// Runs the program in a shell after these words, such as limits.
fn run_after(project: &Project, words: &str, arguments: &[&str]) -> Outcome {
    let program = project.command(arguments);
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{words}; exec \"$@\"")).arg("sh");
    shell.arg(program.get_program()).args(program.get_args()).current_dir(project.root());
    shell.envs(program.get_envs().filter_map(|(key, value)| Some((key, value?))));
    Outcome::of(shell.output().expect("a shell"))
}

/// Cleans up in the project and in its folder `tmp`, and with no engine.
fn clean(project: &Project) -> Outcome {
    std::fs::create_dir_all(project.path("tmp")).unwrap();
    let mut command = project.command(&["clean"]);
    command.env("TMPDIR", project.path("tmp")).env("PATH", project.path("tmp"));
    Outcome::of(command.output().expect("the program runs")).succeeds()
}

/// Ends the program with a signal at the first byte that it writes to a file.
const KILLED_BY_WRITING: &str = "ulimit -c 0; ulimit -f 0";

/// Lets every write to a file fail, as on a full disk.
const FULL_DISK: &str = "trap '' XFSZ; ulimit -f 0";

#[test]
fn a_key_is_whole_or_not_there_whatever_ends_the_first_import() {
    let evidence = customer().display().to_string();
    let import = ["import", "lab12", &evidence];
    for end in [KILLED_BY_WRITING, FULL_DISK] {
        let project = Project::new();
        let outcome = run_after(&project, end, &import);
        assert!(outcome.code != 0 && !project.path(".isoproof/pseudonyms.key").exists());
        project.run(&import).succeeds();
        let names = project.names(".isoproof");
        assert_eq!(names, ["pseudonyms.key"], "{end}: nothing half-written stays");
    }
    let project = Project::new();
    run_after(&project, FULL_DISK, &import).fails(3, &["cannot write", "pseudonyms.key"]);
}

#[test]
fn many_first_imports_at_once_succeed_and_have_one_key() {
    let project = Project::new();
    let evidence = customer().display().to_string();
    let children: Vec<_> = (0..6)
        .map(|number| {
            let label = format!("n{number}");
            let mut command =
                project.command(&["import", "lab12", &evidence, "--label", label.as_str()]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        Outcome::of(child.wait_with_output().unwrap()).succeeds();
    }
    let captures: Vec<String> = project
        .names("data/runs")
        .iter()
        .map(|name| {
            let run: serde_json::Value =
                serde_json::from_str(&project.read(&format!("data/runs/{name}"))).unwrap();
            assert_ne!(run["redaction"]["replaced"], serde_json::json!({}));
            run["captures"].to_string()
        })
        .collect();
    assert_eq!(captures.len(), 6);
    assert!(captures.iter().all(|other| *other == captures[0]), "one key, one pseudonym");
}

#[test]
fn clean_finds_half_written_files_and_leaves_those_of_the_user() {
    let project = Project::with_customer();
    for folder in ["", "data/runs/", "site/notes/", ".isoproof/", ".github/workflows/"] {
        project.write(&format!("{folder}.isoproof-1.1-a1b2c3"), "{");
    }
    project.write(".isoproof-notes", "mine");
    project.write("data/.isoproof-site", "mine");
    let outcome = clean(&project);
    assert_eq!(outcome.stdout.matches("removed half-written file").count(), 5, "{outcome:?}");
    assert_eq!(project.read(".isoproof-notes") + &project.read("data/.isoproof-site"), "minemine");
    assert_eq!(clean(&project).stdout, "nothing to remove\n");
}

#[test]
fn a_submission_that_is_a_link_stays_one() {
    let project = Project::with_customer();
    symlink("hand-in/lab12.md", project.path("submission.md")).unwrap();
    project.run(&["build"]).fails(2, &["submission.md is a link that leads to no file"]);
    assert!(!project.path("public").exists(), "nothing is written when one output is refused");
    project.write("hand-in/lab12.md", "# Mine\n");
    project.run(&["build"]).fails(2, &["was not made by isoproof"]);
    std::fs::remove_file(project.path("submission.md")).unwrap();
    project.run(&["build", "--submission", "hand-in/made.md"]).succeeds();
    symlink("hand-in/made.md", project.path("submission.md")).unwrap();
    project.write("site/notes/summary.md", "A word of mine.\n");
    project.run(&["build"]).succeeds();
    assert!(project.read("hand-in/made.md").contains("A word of mine."));
    assert!(project.path("submission.md").symlink_metadata().unwrap().is_symlink());
    assert_eq!(project.names("hand-in"), ["lab12.md", "made.md"]);
}

#[test]
fn what_is_no_file_is_neither_read_nor_replaced() {
    let project = Project::with_customer();
    let made = Command::new("mkfifo").arg(project.path("pipe")).status().expect("mkfifo");
    assert!(made.success());
    project.run(&["build", "--submission", "pipe"]).fails(2, &["pipe: it is not a regular file"]);
    project.run(&["build", "--submission", "/dev/null"]).fails(2, &["not a regular file"]);
    project.run(&["build", "--submission", "data"]).fails(2, &["data: it is not a regular file"]);
}
