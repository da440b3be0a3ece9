//! Folders that others fill: what lies in them besides sources, and what cannot be read.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{Outcome, Project};
use rustix::fs::{CWD, FileType, Mode, mknodat};

/// Runs the program, which must not wait for anything.
fn run_soon(project: &Project, arguments: &[&str]) -> Outcome {
    let mut command = project.command(arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > Duration::from_secs(120) {
            child.kill().unwrap();
            panic!("{arguments:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Outcome::of(child.wait_with_output().unwrap())
}

/// Puts into a folder what editors and systems leave there for files whose names end so, and what
/// must never be opened. Nothing of it is a source.
fn litter(project: &Project, folder: &str, end: &str) {
    let place = |name: &str| project.path(&format!("{folder}/{name}"));
    project.write(&format!("{folder}/._a{end}"), b"\0\x05\x16\x07\xff");
    project.write(&format!("{folder}/.a{end}.swp"), b"b0VIM\xff");
    project.write(&format!("{folder}/a{end}~"), b"{{ broken(\xff");
    project.write(&format!("{folder}/#a{end}#"), b"{{ broken(\xff");
    project.write(&format!("{folder}/4913"), "");
    project.write(&format!("{folder}/.git/a{end}"), b"\xff");
    symlink("user@machine.1234:1764280654", place(&format!(".#a{end}"))).unwrap();
    // Among what is published a link that leads out of the project is refused, and not hung on.
    if folder.starts_with("lab12") {
        symlink("/dev/zero", place(&format!("zero{end}"))).unwrap();
    }
    symlink("..", place("up")).unwrap();
    make_pipe(&place(&format!("pipe{end}")));
}

fn make_pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

#[test]
fn what_editors_and_systems_leave_among_sources_breaks_and_hangs_nothing() {
    let project = Project::new();
    project.write("lab12/kata/kernel.txt", "6.12.47\n");
    project.write("site/notes/summary.md", "A note of mine.\n");
    project.write("templates/site/own.css", "");
    project.write("data/rules/more/.keep", "");
    project.write("data/runs/.keep", "");
    for (folder, end) in [
        ("site", ".md"),
        ("site/notes", ".md"),
        ("templates/site", ""),
        ("templates/lab12", ".md"),
        ("data/catalogue", ".toml"),
        ("data/rules", ".toml"),
        ("lab12", ".txt"),
        ("lab12/kata", ".txt"),
    ] {
        litter(&project, folder, end);
    }
    project.write("data/runs/._a.json", b"\0\xff");
    project.write("data/runs/a.json~", "{");
    symlink("user@machine.1234:1764280654", project.path("data/runs/.#a.json")).unwrap();
    make_pipe(&project.path("data/runs/pipe"));
    let import = run_soon(&project, &["import", "lab12", "lab12"]).succeeds();
    assert!(import.stderr.contains("kata/kernel.txt read into"), "{import:?}");
    for zero in ["lab12/zero.txt", "lab12/kata/zero.txt"] {
        std::fs::remove_file(project.path(zero)).unwrap();
    }
    let build = run_soon(&project, &["build"]).succeeds();
    assert!(!build.stderr.contains("left out"), "{build:?}");
    assert!(project.read("submission.md").contains("A note of mine."));
    for arguments in [&["list"][..], &["facts"], &["check"], &["explain", "kernel.release"]] {
        run_soon(&project, arguments).succeeds();
    }
    symlink("/dev/zero", project.path("site/zero.md")).unwrap();
    let refused = run_soon(&project, &["build"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("site/zero.md leads to /dev/zero"), "{refused:?}");
}

#[test]
fn a_pipe_in_the_place_of_a_file_is_named_and_not_waited_for() {
    let project = Project::with_customer();
    make_pipe(&project.path("data/runs/pipe.json"));
    let build = run_soon(&project, &["build"]).succeeds();
    assert!(build.stderr.contains("pipe.json: it is a named pipe"), "{build:?}");
    run_soon(&project, &["show", "data/runs/pipe.json"]).fails(2, &["it is a named pipe"]);
    make_pipe(&project.path("times.json"));
    run_soon(&project, &["import", "hyperfine", "times.json"]).fails(2, &["a named pipe"]);
    run_soon(&project, &["check", "--submission", "times.json"]).fails(2, &["a named pipe"]);
    std::fs::remove_file(project.path("book.toml")).unwrap();
    make_pipe(&project.path("book.toml"));
    let root = project.root().display().to_string();
    run_soon(&project, &["--project", &root, "list"]).fails(2, &["book.toml: it is a named pipe"]);
}

#[test]
fn what_the_shell_hands_over_is_read_though_it_is_a_pipe() {
    let project = Project::with_customer();
    let path = format!("data/runs/{}", project.names("data/runs")[0]);
    let mut child = project
        .command(&["show", "/dev/stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, project.read(&path).as_bytes()).unwrap();
    drop(stdin);
    Outcome::of(child.wait_with_output().unwrap()).succeeds();
}

#[test]
fn evidence_that_is_no_file_is_missing_for_that_reason() {
    let project = Project::new();
    project.write("lab12/kata/kernel.txt", "6.12.47\n");
    project.write("elsewhere", "Host: 300\nKata VM: 52\n");
    std::fs::create_dir(project.path("lab12/isolation")).unwrap();
    symlink("../../elsewhere", project.path("lab12/isolation/proc.txt")).unwrap();
    make_pipe(&project.path("lab12/isolation/modules.txt"));
    let import = run_soon(&project, &["import", "lab12", "lab12"]).succeeds();
    for words in [
        "isolation/proc.txt could not be read: it is a symbolic link, which is not followed",
        "isolation/modules.txt could not be read: it is a named pipe",
    ] {
        assert!(import.stderr.contains(words), "{import:?}");
    }
    let facts = project.run(&["facts"]).succeeds().stdout;
    assert!(facts.contains("not captured (isolation/proc.txt: it is a symbolic link"), "{facts}");
    assert!(facts.contains("not captured (isolation/modules.txt: it is a named"), "{facts}");
}

/// Runs the program in a project as somebody who is not root, who owns all of it but `secret`;
/// none where that cannot be done.
fn run_as_user(project: &Project, secret: &str, arguments: &[&str]) -> Option<Outcome> {
    let mode = |path: &Path, mode: u32| {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    };
    let mut command = project.command(arguments);
    if rustix::process::geteuid().is_root() {
        const NOBODY: u32 = 65534;
        command.uid(NOBODY).gid(NOBODY);
        mode(project.root(), 0o777);
    }
    mode(&project.path(secret), 0o000);
    let output = command.output();
    mode(&project.path(secret), 0o755);
    match output {
        Ok(output) => Some(Outcome::of(output)),
        Err(error) => {
            eprintln!("skipped: the program cannot be run as another user: {error}");
            None
        }
    }
}

#[test]
fn one_unreadable_file_or_folder_never_ends_an_import() {
    for (secret, fact, reason) in [
        ("lab12/setup/notes.key", "kernel.release", "6.12.47"),
        ("lab12/isolation/proc.txt", "proc.entries", "isolation/proc.txt: permission denied)"),
        ("lab12/isolation", "proc.entries", "isolation/: permission denied)"),
        ("lab12/isolation", "kernel.dmesg_banner", "isolation/: permission denied)"),
        ("lab12/kata/kernel.txt", "kernel.release", "kata/kernel.txt: permission denied)"),
    ] {
        let project = Project::new();
        project.write("lab12/kata/kernel.txt", "6.12.47\n");
        project.write("lab12/isolation/proc.txt", "Host: 300\nKata VM: 52\n");
        project.write("lab12/setup/notes.key", "x\n");
        let Some(import) = run_as_user(&project, secret, &["import", "lab12", "lab12"]) else {
            return;
        };
        let import = import.succeeds();
        assert!(import.stderr.contains("could not be read: permission denied"), "{import:?}");
        let facts = project.run(&["facts"]).succeeds().stdout;
        let is_said = |line: &str| line.starts_with(fact) && line.contains(reason);
        assert!(facts.lines().any(is_said), "{secret}: {facts}");
        let check = project.run(&["check"]).succeeds().stdout;
        assert!(check.contains("warning[file-not-read]"), "{check}");
        assert!(!check.contains("altered") && !check.contains("without-capture"), "{check}");
        project.run(&["build"]).succeeds();
        let id = project.names("data/runs")[0].replace(".json", ".html");
        let page = project.read(&format!("public/runs/{id}"));
        assert!(page.contains("not read: permission denied"), "{page}");
        assert!(!page.contains("the target refused") && !page.contains("It is empty"), "{page}");
        project.run(&["export", "lab12", "out"]).succeeds();
        assert!(!project.path(&secret.replace("lab12", "out")).exists(), "nothing made up");
    }
}

#[test]
fn evidence_of_which_nothing_can_be_read_is_an_error_that_says_so() {
    let project = Project::new();
    project.write("labs/lab12/kata/kernel.txt", "6.12.47\n");
    let arguments = ["import", "lab12", "labs"];
    if let Some(import) = run_as_user(&project, "labs/lab12", &arguments) {
        import.fails(3, &["labs/lab12", "Permission denied", "is not known"]);
    }
}
