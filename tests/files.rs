//! The user's files: whatever happens, none is lost and none is half-written.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use crate::support::{Outcome, Project, customer};

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

/// The site of a project as it is rebuilt when a note changes.
fn rebuild(project: &Project, note: &str) -> Outcome {
    project.write("site/notes/summary.md", format!("{note}\n"));
    project.run(&["build"])
}

#[test]
fn an_output_that_is_a_link_is_followed_to_a_site_and_stays_a_link() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    std::fs::create_dir(project.path("www")).unwrap();
    std::fs::rename(project.path("public"), project.path("www/lab")).unwrap();
    symlink("www/lab", project.path("lab")).unwrap();
    symlink("lab", project.path("public")).unwrap();
    for note in ["One.", "Two."] {
        let outcome = rebuild(&project, note).succeeds();
        assert!(outcome.stdout.contains("public/index.html"), "{outcome:?}");
        assert!(project.read("www/lab/submission.html").contains(note));
        assert!(project.path("public").symlink_metadata().unwrap().is_symlink());
        assert_eq!(project.names("www"), ["lab"]);
    }
    assert!(project.names(".").iter().all(|name| !name.contains(".isoproof-")));
}

#[test]
fn an_output_that_is_no_folder_of_ours_is_refused_and_nothing_changes() {
    let project = Project::with_customer();
    project.write("home/thesis.doc", "years");
    project.write("file", "mine");
    for (target, name) in [
        ("home", "to-home"),
        ("file", "to-file"),
        ("nowhere", "to-nowhere"),
        (".", "to-project"),
        ("..", "to-parent"),
        ("/", "to-root"),
    ] {
        symlink(target, project.path(name)).unwrap();
    }
    let before = project.names(".");
    for (out, words) in [
        ("home", "home was not made by isoproof"),
        ("to-home", "to-home was not made by isoproof"),
        ("to-home/", "to-home was not made by isoproof"),
        ("file", "it is not a folder"),
        ("to-file", "it is not a folder"),
        ("file/below", "cannot use file/below"),
        ("to-nowhere", "it is a link that leads to no folder"),
        ("to-nowhere/", "it is a link that leads to no folder"),
        (".", "which the site is made of"),
        ("to-project", "which the site is made of"),
        ("to-parent", "which the site is made of"),
        ("to-root", "which the site is made of"),
        ("site", "which the site is made of"),
        ("data", "which the site is made of"),
        (".isoproof", "which the site is made of"),
    ] {
        project.run(&["build", "--out", out]).fails(2, &[words, "nothing was changed"]);
    }
    assert_eq!(project.names("."), before);
    assert_eq!(project.names("home"), ["thesis.doc"]);
    // A folder that is ours by its marker, and holds the project.
    project.write(".isoproof-site", "{\"note\": \"\", \"files\": [\"book.toml\"]}");
    project.run(&["build", "--out", "."]).fails(2, &["which the site is made of"]);
    assert!(project.path("book.toml").exists());
}

#[test]
fn a_clone_of_the_published_branch_is_refused() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    let init = Command::new("git").args(["init", "-q"]).arg(project.path("public")).status();
    assert!(init.unwrap().success());
    let before = project.tree("public");
    project.run(&["build"]).fails(2, &["it is a git repository", "isoproof publish"]);
    assert!(project.tree("public") == before);
}

#[test]
fn a_planted_link_leads_to_no_other_site() {
    let project = Project::with_customer();
    project.run(&["build", "--out", "other"]).succeeds();
    let before = project.tree("other");
    symlink("other", project.path(".public.isoproof-1.1-x")).unwrap();
    rebuild(&project, "One.").succeeds();
    clean(&project);
    assert!(project.tree("other") == before);
    assert!(project.path("public/index.html").exists());
}

#[test]
fn files_of_the_user_in_the_site_stay_and_never_take_the_place_of_a_page() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    project.write("public/CNAME", "lab.example.org\n");
    project.write("public/.nojekyll", "");
    project.write("public/mine/a/b.pdf", "x");
    let submission = ["build", "--submission", "public/report.md"];
    project.run(&submission).succeeds();
    for note in ["One.", "Two."] {
        rebuild(&project, note).succeeds();
        for name in ["CNAME", ".nojekyll", "mine/a/b.pdf", "report.md"] {
            assert!(project.path("public").join(name).exists(), "{name}");
        }
    }
    let runs = project.names("data/runs");
    assert!(project.tree("public").keys().any(|name| name.starts_with("runs/")));
    std::fs::remove_file(project.path("site/notes/summary.md")).unwrap();
    project.write("site/SUMMARY.md", "- [Start](start.md)\n");
    project.write("site/start.md", "# Start\n");
    project.write("templates/lab12/f25.md", "# Short\n");
    project.run(&["build"]).succeeds();
    assert!(!project.path("public/isolation.html").exists(), "a page that is no longer made");
    project.write("public/isolation.html", "mine\n");
    std::fs::remove_file(project.path("site/SUMMARY.md")).unwrap();
    std::fs::remove_file(project.path("site/start.md")).unwrap();
    let words = ["public/isolation.html was not written by isoproof", "move it away"];
    let submission = project.read("submission.md");
    rebuild(&project, "Three.").fails(2, &words);
    assert_eq!(project.read("submission.md"), submission, "nothing was changed");
    assert_eq!(project.read("public/isolation.html"), "mine\n");
    assert_eq!(project.names("data/runs"), runs);
}

#[test]
fn a_full_disk_leaves_the_old_site_whole_and_nothing_else() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    project.write("public/CNAME", "lab.example.org\n");
    project.write("site/notes/summary.md", "Another.\n");
    let (before, names) = (project.tree("public"), project.names("."));
    let build = ["build", "--submission", "public/CNAME.md"];
    run_after(&project, FULL_DISK, &build).fails(3, &["cannot write"]);
    assert!(project.tree("public") == before);
    assert_eq!(project.names("."), names);
    run_after(&project, KILLED_BY_WRITING, &build);
    assert!(project.tree("public") == before);
    let outcome = clean(&project);
    assert!(outcome.stdout.contains("removed unfinished site "), "{outcome:?}");
    assert!(project.names(".").iter().all(|name| !name.contains(".isoproof-")));
}

#[test]
fn builds_at_once_into_one_folder_leave_one_whole_site() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    project.write("public/CNAME", "lab.example.org\n");
    let whole = project.tree("public");
    for _ in 0..2 {
        let children: Vec<_> = (0..4)
            .map(|_| {
                let mut command = project.command(&["build"]);
                command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for child in children {
            Outcome::of(child.wait_with_output().unwrap()).succeeds();
        }
        assert!(project.tree("public") == whole);
    }
    assert!(project.names(".").iter().all(|name| !name.contains(".isoproof-")));
}

#[test]
fn clean_finds_sites_that_were_not_finished_and_caches_of_sites_that_are_gone() {
    let project = Project::with_customer();
    project.run(&["build", "--out", "a/b"]).succeeds();
    project.run(&["build", "--out", "gone"]).succeeds();
    project.run(&["build"]).succeeds();
    std::fs::remove_dir_all(project.path("gone")).unwrap();
    project.write(&format!(".isoproof/sites/{:032}.json", 1), "{");
    project.write(".isoproof/sites/mine.json", "{");
    for left in ["a/.b.isoproof-1.1-x", "public/.public.isoproof-1.1-x"] {
        project.write(&format!("{left}/.isoproof-site"), "");
        project.write(&format!("{left}/runs/x.html"), "x");
    }
    let whole = project.tree("a/b");
    let outcome = clean(&project);
    assert_eq!(outcome.stdout.matches("removed unfinished site").count(), 2, "{outcome:?}");
    assert_eq!(outcome.stdout.matches("removed cache").count(), 2, "{outcome:?}");
    assert_eq!(clean(&project).stdout, "nothing to remove\n");
    assert_eq!(project.names("a"), ["b"]);
    assert!(project.tree("a/b") == whole);
    // What is known of the sites that are there is still known.
    assert_eq!(project.names(".isoproof/sites").len(), 4, "two, .gitignore and mine.json");
    std::fs::rename(project.path(".isoproof/sites"), project.path("elsewhere")).unwrap();
    project.write(&format!("elsewhere/{:032}.json", 1), "{");
    symlink("../elsewhere", project.path(".isoproof/sites")).unwrap();
    assert_eq!(clean(&project).stdout, "nothing to remove\n", "through a link");
}

#[test]
fn a_cache_that_cannot_be_written_is_no_reason_to_fail() {
    let project = Project::with_customer();
    project.write(".isoproof/sites", "a file in the way");
    let outcome = project.run(&["build", "-v"]).succeeds();
    assert!(outcome.stderr.contains("make every page again: cannot write"), "{outcome:?}");
    project.run(&["build"]).succeeds();
}

/// Runs a script in a mount namespace of its own, with the program as `$isoproof`; none where that
/// is not possible.
fn run_with_own_mounts(project: &Project, script: &str) -> Option<Outcome> {
    let try_mount = "mount -t tmpfs none /mnt";
    let is_possible = |options: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(options).args(["sh", "-c", try_mount]);
        command.output().is_ok_and(|output| output.status.success())
    };
    let options: [&[&str]; 2] = [&["-m"], &["-rm"]];
    let Some(options) = options.into_iter().find(|options| is_possible(options)) else {
        eprintln!("skipped: no mount namespace can be made here");
        return None;
    };
    let program = project.command(&[]);
    let mut command = Command::new("unshare");
    command.args(options).args(["sh", "-ec", script]).current_dir(project.root());
    command.envs(program.get_envs().filter_map(|(key, value)| Some((key, value?))));
    command.env("isoproof", program.get_program());
    Some(Outcome::of(command.output().expect("unshare")))
}

#[test]
fn an_output_that_is_a_mount_point_is_filled_in_place() {
    for mount in ["mount -t tmpfs none public", "mount --bind volume public"] {
        let project = Project::with_customer();
        project.write("site/notes/summary.md", "One.\n");
        project.run(&["build", "--out", "expected"]).succeeds();
        std::fs::create_dir(project.path("volume")).unwrap();
        std::fs::create_dir(project.path("public")).unwrap();
        let script = format!(
            "{mount}; mkdir public/lost+found
             echo Zero. > site/notes/summary.md; \"$isoproof\" -q build
             echo lab.example.org > public/CNAME; mkdir public/mine; echo x > public/runs/mine
             echo old > public/submission.html
             echo One. > site/notes/summary.md
             for time in 0.2 0.5 0.8 1.1 1.4; do
               timeout -s KILL $time \"$isoproof\" -q build || true; test -e public/CNAME
             done
             \"$isoproof\" -q build; \"$isoproof\" -q build; cp -a public copy"
        );
        let Some(outcome) = run_with_own_mounts(&project, &script) else { return };
        outcome.succeeds();
        assert_eq!(project.read("copy/CNAME"), "lab.example.org\n");
        assert_eq!(project.read("copy/runs/mine"), "x\n");
        assert!(project.path("copy/mine").is_dir() && project.path("copy/lost+found").is_dir());
        let mut copy = project.tree("copy");
        copy.retain(|name, _| name != "CNAME" && name != "runs/mine");
        let expected = project.tree("expected");
        let names: BTreeSet<&String> = copy.keys().chain(expected.keys()).collect();
        let differing = names.into_iter().filter(|name| copy.get(*name) != expected.get(*name));
        assert_eq!(differing.collect::<Vec<_>>(), [""; 0], "{mount}");
    }
}

#[test]
fn a_mount_point_that_is_full_keeps_its_site_and_one_in_the_site_is_left_alone() {
    let project = Project::with_customer();
    project.run(&["build", "--out", "expected"]).succeeds();
    let size: usize = project.tree("expected").values().map(|bytes| bytes.len() + 8192).sum();
    std::fs::create_dir(project.path("public")).unwrap();
    let script = format!(
        "mount -t tmpfs -o size={size} none public; \"$isoproof\" -q build
         echo Another. > site/notes/summary.md; head -c {size} /dev/zero > public/mine || true
         code=0; \"$isoproof\" -q build || code=$?; rm public/mine; cp -a public copy
         test $code = 3; umount public; \"$isoproof\" -q build
         mkdir public/data; mount -t tmpfs none public/data; echo x > public/data/mine
         echo Third. > site/notes/summary.md; \"$isoproof\" -q build; cat public/data/mine
         umount public/data; ls -A public/data; grep -o Third. public/submission.html"
    );
    project.write("site/notes/summary.md", "One.\n");
    project.run(&["build", "--out", "expected"]).succeeds();
    let Some(outcome) = run_with_own_mounts(&project, &script) else { return };
    assert!(outcome.succeeds().stdout.ends_with("index.html\nx\nThird.\n"));
    assert!(project.tree("copy") == project.tree("expected"));
}

#[test]
fn a_project_that_cannot_be_written_to_is_built_elsewhere() {
    let project = Project::with_customer();
    let elsewhere = tempfile::tempdir().unwrap();
    let out = elsewhere.path().display();
    let script = format!(
        "mount --bind . .; mount -o remount,ro,bind .; cd \"$PWD\"
         touch x 2> /dev/null && exit 9
         \"$isoproof\" build --out {out}/site --submission {out}/s.md"
    );
    let Some(outcome) = run_with_own_mounts(&project, &script) else { return };
    outcome.succeeds();
    assert!(elsewhere.path().join("site/index.html").exists());
    assert!(elsewhere.path().join("s.md").exists());
    assert_eq!(project.names(".isoproof"), ["pseudonyms.key"]);
}

#[test]
fn an_output_next_to_which_nothing_may_be_written_is_filled_in_place() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    std::fs::create_dir(project.path("www")).unwrap();
    std::fs::rename(project.path("public"), project.path("www/lab")).unwrap();
    let script = "chmod -R a+rwX . && chmod 555 www && chmod a+x . && \
                  echo Another. > site/notes/summary.md && chmod a+r site/notes/summary.md";
    project.write("site/notes/summary.md", "");
    let made = Command::new("sh").args(["-c", script]).current_dir(project.root()).status();
    assert!(made.unwrap().success());
    let program = project.command(&["build", "--out", "www/lab", "--submission", "s.md"]);
    let is_root = rustix::process::geteuid().is_root();
    let user = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    let mut command = match is_root {
        true => Command::new("setpriv"),
        false => Command::new("env"),
    };
    if is_root {
        command.args(user);
        let mut version = Command::new("setpriv");
        version.args(user).arg(program.get_program()).arg("--version");
        let folder = std::fs::metadata(project.root()).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&folder.permissions());
        if !version.output().is_ok_and(|o| o.status.success()) || mode & 0o005 != 0o005 {
            eprintln!("skipped: no other user can run the program here");
            return;
        }
    }
    command.arg(program.get_program()).args(program.get_args()).current_dir(project.root());
    Outcome::of(command.output().unwrap()).succeeds();
    assert!(project.read("www/lab/submission.html").contains("Another."));
    assert_eq!(project.names("www"), ["lab"]);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(project.path("www"), mode).unwrap();
}
