//! Run files: references, damage, tampering, privacy.

use std::process::Command;

use crate::support::{Project, customer, own_path};

/// The file of the customer's run.
fn file(project: &Project) -> String {
    format!("data/runs/{}", project.names("data/runs")[0])
}

#[test]
fn a_run_is_found_by_every_form_of_reference() {
    let project = Project::new();
    let folder = customer().display().to_string();
    let import = project.run(&["import", "lab12", &folder, "--label", "before"]).succeeds();
    let id = import.stdout.lines().last().unwrap().to_string();
    let path = file(&project);
    for reference in ["latest", "latest~0", "before", &id, &id[..18], &path] {
        let outcome = project.run(&["show", reference]).succeeds();
        assert!(outcome.stdout.contains(&id), "{reference}: {outcome:?}");
    }
    project.run(&["show", "latest~1"]).fails(2, &["latest~1", "has 1 run"]);
    project.run(&["show", "after"]).fails(2, &["no run has the label or id `after`", "(before)"]);
}

#[test]
fn of_runs_of_one_second_the_one_written_last_is_the_latest() {
    let project = Project::new();
    let mut ids = Vec::new();
    for release in ["6.12.47", "6.1.62"] {
        project.write("lab12/kata/kernel.txt", format!("{release}\n"));
        let mut import = project.command(&["import", "lab12", "lab12"]);
        let told = import.env("SOURCE_DATE_EPOCH", "1764000000").output().unwrap();
        assert!(told.status.success(), "{told:?}");
        ids.push(String::from_utf8(told.stdout).unwrap().lines().last().unwrap().to_string());
    }
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(9);
    for last in [&ids[1], &ids[0]] {
        let path = project.path(&format!("data/runs/{last}.json"));
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(later + std::time::Duration::from_secs(u64::from(last == &ids[0])))
            .unwrap();
        let outcome = project.run(&["show", "latest"]).succeeds();
        assert!(outcome.stdout.contains(last.as_str()), "{outcome:?}");
    }
}

fn run_git(project: &Project, arguments: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
    let output =
        Command::new("git").args(identity).args(arguments).current_dir(project.root()).output();
    assert!(output.unwrap().status.success(), "{arguments:?}");
}

#[test]
fn a_run_is_found_in_a_revision_of_git() {
    let project = Project::with_customer();
    run_git(&project, &["init", "-q"]);
    run_git(&project, &["add", "data"]);
    run_git(&project, &["commit", "-q", "-m", "a run"]);
    let path = file(&project);
    std::fs::remove_file(project.path(&path)).unwrap();
    project.run(&["facts", "git:HEAD"]).succeeds();
    project.run(&["facts", &format!("git:HEAD:{path}")]).succeeds();
    // A hook of another repository names that one.
    let hook = [
        ("GIT_DIR", "/nowhere/.git"),
        ("GIT_INDEX_FILE", "/nowhere/index"),
        ("GIT_COMMON_DIR", "/nowhere/.git"),
        ("GIT_PREFIX", "nowhere/"),
    ];
    let told = project.command(&["facts", "git:HEAD"]).envs(hook).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    project.run(&["facts", "git:nowhere"]).fails(2, &["git ls-tree"]);
    project.run(&["facts", "git:HEAD:none.json"]).fails(2, &["none.json"]);
    project.run(&["facts", "git:--output=x"]).fails(2, &["is wanted"]);
}

#[test]
fn the_latest_run_of_a_revision_is_the_one_that_is_the_latest_in_the_folder() {
    let project = Project::new();
    let mut ids = Vec::new();
    for epoch in ["1767225600", "1767312000", "1767398400"] {
        let folder = customer().display().to_string();
        let mut command = project.command(&["import", "lab12", &folder, "--label", epoch]);
        let told = command.env("SOURCE_DATE_EPOCH", epoch).output().unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        ids.push(told.lines().last().unwrap().to_string());
    }
    // A name that says no time, and a greater one than any that does; a folder as fleets have.
    let path = |name: &str| project.path(&format!("data/runs/{name}.json"));
    std::fs::rename(path(&ids[0]), path("kata-ctr")).unwrap();
    std::fs::create_dir(project.path("data/runs/20260103T000000Z-00000001")).unwrap();
    let below = format!("20260103T000000Z-00000001/{}", ids[2]);
    std::fs::rename(path(&ids[2]), path(&below)).unwrap();
    project.write("data/runs/notes.json", "{}");
    run_git(&project, &["init", "-q"]);
    for newest in [&ids[2], &ids[1]] {
        run_git(&project, &["add", "--all", "data"]);
        run_git(&project, &["commit", "-q", "-m", "runs"]);
        for reference in ["latest", "git:HEAD"] {
            let shown = project.run(&["show", reference]).succeeds().stdout;
            assert!(shown.starts_with(&format!("Run {newest}")), "{reference}: {shown}");
        }
        let _ = std::fs::remove_file(path(&below));
    }
}

#[test]
fn an_export_replaces_an_earlier_export_and_nothing_else() {
    let project = Project::with_sample_runs();
    let config = project.read("book.toml");
    let (run, lab) = (file(&project), "| Command | Mean [s] |\n|:---|---:|\n| `sleep 1` | 1.0 |\n");
    let theirs = r#"{"results": [{"command": "sleep 1", "mean": 1.0, "stddev": 0.1, "median": 1.0,
        "user": 0.0, "system": 0.0, "min": 1.0, "max": 1.0, "times": [1.0], "exit_codes": [0]}]}"#;
    project.write("mine.md", lab);
    project.write("hyperfine.json", theirs);
    project.write("data.json", r#"[{"name": "a", "unit": "s", "value": 1, "extra": ""}]"#);
    project.write("man/isoproof.1", ".TH ISOPROOF 1 mine\n");
    let mine = ["book.toml", &run, "mine.md", "hyperfine.json", "data.json"];
    let before = project.tree(".");
    let forms = [
        &["export", "hyperfine", "--out"][..],
        &["export", "hyperfine", "--format", "markdown", "--out"],
        &["export", "hyperfine", "--format", "csv", "--out"],
        &["export", "benchmark", "--out"],
    ];
    for (index, form) in forms.iter().enumerate() {
        for path in mine {
            let words = [path, "did not write", "it was left alone"];
            project.run(&[form, &[path][..]].concat()).fails(2, &words);
        }
        let out = format!("out-{index}");
        project.run(&[form, &[&out, "customer"][..]].concat()).succeeds();
        let text = project.read(&out);
        // That of another run replaces it.
        project.run(&[form, &[&out, "four-runtimes"][..]].concat()).succeeds();
        assert_ne!(project.read(&out), text);
        project.run(&[form, &[&out, "customer"][..]].concat()).succeeds();
        assert_eq!(project.read(&out), text);
        let edited = format!("{text}mine\n");
        project.write(&out, &edited);
        project.run(&[form, &[out.as_str()][..]].concat()).fails(2, &["did not write"]);
        assert_eq!(project.read(&out), edited);
        project.write(&out, "");
        project.run(&[form, &[out.as_str()][..]].concat()).succeeds();
    }
    project.run(&["man", "man"]).fails(2, &["man/isoproof.1", "did not write"]);
    let after = project.tree(".");
    for (path, bytes) in before {
        assert!(after[&path] == bytes, "{path}");
    }
    assert_eq!(project.read("book.toml"), config);
    std::fs::remove_file(project.path("man/isoproof.1")).unwrap();
    for _ in 0..2 {
        project.run(&["man", "man"]).succeeds();
    }
    let printed = project.run(&["man"]).succeeds().stdout;
    assert_eq!(printed, project.read("man/isoproof.1"));
}

#[test]
fn nothing_is_decided_by_an_older_run_where_the_newest_is_damaged() {
    let project = Project::with_customer();
    let id = file(&project).trim_start_matches("data/runs/").trim_end_matches(".json").to_string();
    let cut_off = "{\n  \"schema_version\": 2,\n  \"id\": \"20260102T000000Z-00000001\",\n";
    for (name, text) in [("20260102T000000Z-00000001", ""), ("kata-ctr", cut_off)] {
        let bad = format!("data/runs/{name}.json");
        project.write(&bad, text);
        let words = ["the newest run is damaged", &bad[10..], &id];
        for arguments in [
            &["check", "--fail-on", "error"][..],
            &["check", "--summary"],
            &["diff", "latest", "latest", "--fail-on", "regression"],
            &["diff", "latest", &id, "--fail-on", "change"],
        ] {
            let arguments: Vec<_> = arguments.to_vec();
            let mut command = project.command(&arguments);
            // The run that is damaged is not one of the future.
            let told = command.env("SOURCE_DATE_EPOCH", "1767398400").output().unwrap();
            crate::support::Outcome::of(told).fails(2, &words);
        }
        for arguments in [
            &["check"][..],
            &["facts"],
            &["diff", "latest", "latest"],
            &["check", &id, "--summary"],
            &["diff", &id, &id, "--fail-on", "change"],
        ] {
            project.run(arguments).succeeds();
        }
        std::fs::remove_file(project.path(&bad)).unwrap();
    }
    // One that is older, or a copy, is in nobody's way.
    project.write("data/runs/20250102T000000Z-00000001.json", "");
    project.write("data/runs/copy.json", project.read(&file(&project)));
    project.run(&["check", "--summary"]).succeeds();
}

#[test]
fn expectations_that_several_add_at_once_are_added_once() {
    let project = Project::with_customer();
    let before = project.read("book.toml");
    let mut started = Vec::new();
    for _ in 0..4 {
        started.push(project.command(&["expect", "--write"]).spawn().unwrap());
    }
    for mut child in started {
        assert!(child.wait().unwrap().success());
    }
    let after = project.read("book.toml");
    let added = after.strip_prefix(&before).unwrap();
    let proposed = project.run(&["--project", ".", "expect"]).succeeds();
    assert_eq!(added.matches("findings = \"error\"").count(), 1, "{added}");
    assert!(proposed.stderr.contains("nothing to add"), "{proposed:?}");
    std::fs::remove_file(project.path("book.toml")).unwrap();
    project.run(&["expect"]).succeeds();
    project.run(&["expect", "--write"]).fails(2, &["book.toml is not there", "isoproof init"]);
    assert!(!project.path("book.toml").exists());
    project.write("book.toml", "[book]\r\ntitle = \"a\"\r\n");
    project.run(&["expect", "--write"]).succeeds();
    let text = project.read("book.toml");
    assert!(text.lines().count() > 4 && text.matches('\n').count() == text.matches("\r\n").count());
}

#[test]
fn a_damaged_file_is_reported_with_its_place_and_never_changed() {
    let project = Project::with_customer();
    let path = file(&project);
    let text = project.read(&path);
    let cases: [(&str, String, &[&str]); 6] = [
        ("cut off", text[..text.len() / 2].into(), &["the file ends before it is whole", ".json:"]),
        (
            "a wrong type",
            text.replacen("\"line\": 1\n", "\"line\": \"one\"\n", 1),
            &["field `facts", "expected "],
        ),
        (
            "an unknown field",
            text.replacen("\"captures\":", "\"captrues\":", 1),
            &["unknown field `captrues`"],
        ),
        (
            "a newer version",
            text.replacen("\"schema_version\": 2", "\"schema_version\": 99", 1),
            &["schema version 99", "newer isoproof"],
        ),
        (
            "a lost capture",
            text.replace("\"id\": \"kata/cpu.txt\"", "\"id\": \"kata/gpu.txt\""),
            &["field `facts.cpu.model.kata.capture`", "no capture `kata/cpu.txt`"],
        ),
        ("nothing", String::new(), &["the file ends before it is whole"]),
    ];
    for (what, damaged, words) in cases {
        assert!(damaged != text, "{what}: nothing was changed");
        project.write(&path, &damaged);
        for arguments in [&["facts", "latest"][..], &["build"]] {
            project.run(arguments).fails(2, words).fails(2, &[path.rsplit('/').next().unwrap()]);
        }
        assert!(project.read(&path) == damaged, "{what}: the file was changed");
    }
    // The last one is empty, and nobody is told that there are no runs.
    project.run(&["facts", "mine"]).fails(2, &["no run here can be read", "is damaged"]);
    let list = project.run(&["list"]).succeeds();
    assert!(!list.stderr.contains("no runs") && list.stdout.contains("damaged"), "{list:?}");
}

#[test]
fn no_evidence_files_are_made_of_a_run_that_was_changed() {
    let project = Project::with_customer();
    let path = file(&project);
    let text = project.read(&path);
    project.run(&["export", "lab12", "before"]).succeeds();
    project.write(&path, text.replace("Linux version 6", "Linux version 9"));
    let words = ["was changed after it was written", "isoproof check"];
    project.run(&["export", "lab12", "after"]).fails(2, &words);
    assert!(!project.path("after").exists());
}

#[test]
fn an_import_names_the_report_that_it_did_not_read() {
    let project = Project::new();
    project.write("work/labs/lab12/kata/kernel.txt", "6.12.47\n");
    project.write("work/submissions/lab12.md", "# Kernels\n\nKata:\n```\n6.16.7\n```\n");
    project.write("work/README.md", "My labs.\n");
    let told = project.run(&["import", "lab12", "work"]).succeeds().stderr;
    assert!(told.contains("work/submissions/lab12.md is a report and no evidence"), "{told}");
    assert!(!told.contains("README"), "{told}");
    let alone = project.run(&["import", "lab12", "work/submissions/lab12.md"]).succeeds().stderr;
    assert!(!alone.contains("no evidence"), "{alone}");
}

/// Damages that happen to files: what is in the file, and words of the error.
const DAMAGES: [(&str, &str); 4] = [
    ("", "the file ends before it is whole"),
    ("{\n  \"schema_version\": 1,\n", "the file ends before it is whole"),
    ("<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> theirs\n", ".json:1:1: this is no JSON"),
    ("{\"schema_version\": 99}\n", "schema version 99"),
];

#[test]
fn one_damaged_file_fails_only_that_run() {
    let project = Project::new();
    let folder = customer().display().to_string();
    project.run(&["import", "lab12", &folder, "--label", "good"]).succeeds();
    let good = file(&project);
    let id = good.trim_start_matches("data/runs/").trim_end_matches(".json");
    // The newest by its name, so that everything that looks for the newest meets it.
    let bad = "data/runs/20260102T000000Z-00000001.json";
    let conflict_within =
        project.read(&good).replacen("  \"captures\": [\n", "  \"captures\": [\n<<<<<<< HEAD\n", 1);
    let conflict_within = conflict_within.replacen(id, "20260102T000000Z-00000001", 1);
    let conflict_within = conflict_within.replacen("2026-01-01T", "2026-01-02T", 1).replacen(
        "\"label\": \"good\"",
        "\"label\": \"bad\"",
        1,
    );
    let mut damages = Vec::from(DAMAGES);
    damages.push((&conflict_within, "this is no JSON"));
    for (text, words) in damages {
        project.write(bad, text);
        let list = project.run(&["list"]).succeeds();
        assert!(list.stdout.contains(id), "{list:?}");
        // A list reads the head of a file alone.
        if text != conflict_within {
            assert!(list.stdout.contains("20260102T000000Z-00000001.json  damaged"), "{list:?}");
            assert!(list.stderr.contains(words), "{list:?}");
        }
        let rarer: &[&[&str]] = &[
            &["facts"],
            &["diff", "latest", "latest"],
            &["check", "good"],
            &["export", "lab12", "out", "--run", "good"],
        ];
        let rarer = if text == conflict_within { rarer } else { &[] };
        for arguments in [&["show", "latest"][..], &["build"]].iter().chain(rarer) {
            if arguments.contains(&"good") {
                project.run(arguments).succeeds();
                continue;
            }
            let outcome = project.run(arguments).succeeds();
            let is_told = outcome.stderr.contains("warning: a run is left out: ")
                && outcome.stderr.contains(words);
            assert!(is_told, "{arguments:?} {outcome:?}");
        }
        for name in [id, &id[..20], "good"] {
            project.run(&["show", name]).succeeds();
        }
        assert!(project.path(&format!("public/runs/{id}.html")).exists());
        assert!(!project.path("public/runs/20260102T000000Z-00000001.html").exists());
        for name in ["20260102T000000Z-00000001", "20260102", bad] {
            project.run(&["show", name]).fails(2, &[words, "20260102T000000Z-00000001.json"]);
        }
        assert!(project.read(bad) == text, "the file was changed");
    }
    std::fs::remove_file(project.path(bad)).unwrap();
    std::fs::create_dir(project.path(bad)).unwrap();
    let list = project.run(&["list", "--format", "json"]).succeeds();
    assert!(list.stdout.contains("it is a folder, and a file is wanted"), "{list:?}");
    project.run(&["build"]).succeeds();
    project.run(&["show", "other"]).fails(2, &["no run has", "00000001.json is damaged"]);
}

#[test]
fn a_damaged_run_is_left_out_of_history_and_found_again_when_it_is_restored() {
    let project = Project::new();
    for (time, label) in [("1767225600", "one"), ("1767312000", "two"), ("1767398400", "three")] {
        let folder = customer().display().to_string();
        let arguments = ["import", "lab12", &folder, "--label", label];
        let mut command = project.command(&arguments);
        assert!(command.env("SOURCE_DATE_EPOCH", time).output().unwrap().status.success());
    }
    let names = project.names("data/runs");
    let path = format!("data/runs/{}", names[1]);
    let id = |index: usize| names[index].trim_end_matches(".json");
    project.run(&["build"]).succeeds();
    let whole = project.read(&path);
    // Intact at both ends, so that a list and an outline of it can be read.
    project.write(&path, whole.replacen("\"captures\": [", "\"captures\": [\n=======\n", 1));
    for _ in 0..2 {
        let build = project.run(&["build"]).succeeds();
        assert!(build.stderr.contains(&names[1]), "{build:?}");
        let page = project.read(&format!("public/runs/{}-before.html", id(2)));
        assert!(page.contains(id(0)) && !page.contains(id(1)), "compared with the one before");
        assert!(!project.path(&format!("public/runs/{}.html", id(1))).exists());
    }
    // The same evidence is recorded again, although a file with its hash is there.
    let folder = customer().display().to_string();
    let again = project.run(&["import", "lab12", &folder, "--label", "two"]).succeeds();
    assert!(again.stderr.contains("read into"), "{again:?}");
    project.write(&path, whole);
    let build = project.run(&["build"]).succeeds();
    assert!(!build.stderr.contains("left out"), "{build:?}");
    assert!(project.path(&format!("public/runs/{}.html", id(1))).exists());
}

#[test]
fn a_copy_of_a_run_file_is_no_second_run() {
    let project = Project::with_customer();
    let path = file(&project);
    project.write("data/runs/copy.json", project.read(&path));
    let list = project.run(&["list"]).succeeds();
    assert!(list.stderr.contains("copy.json: a copy of run 20260101T"), "{list:?}");
    project.run(&["build"]).succeeds();
    project.run(&["show", "20260101"]).succeeds();
}

#[test]
fn a_run_of_the_future_does_not_hide_what_is_recorded_now() {
    let project = Project::new();
    let record = |label: &str, epoch: &str| {
        let folder = customer().display().to_string();
        let mut command = project.command(&["import", "lab12", &folder, "--label", label]);
        assert!(command.env("SOURCE_DATE_EPOCH", epoch).output().unwrap().status.success());
    };
    // The year 2100: whatever the clock of this machine says, that is later.
    record("ahead", "4102444800");
    let outcome = project.run(&["show", "latest"]).succeeds();
    assert!(outcome.stdout.contains("(ahead)"), "there is no other: {outcome:?}");
    assert!(outcome.stderr.contains("is this machine's clock right?"), "{outcome:?}");
    record("now", "1767225600");
    for arguments in [&["show", "latest"][..], &["build"], &["facts"], &["check"]] {
        let outcome = project.run(arguments).succeeds();
        let words = "(ahead) is passed over, because it is dated later than now";
        assert!(outcome.stderr.contains(words), "{arguments:?}: {outcome:?}");
    }
    assert!(project.read("submission.md").contains("20260101T000000Z"));
    project.run(&["show", "latest~1"]).fails(2, &["has 1 run"]);
    let list = project.run(&["list"]).succeeds().stdout;
    assert!(list.contains("ahead  dated later than now"), "{list}");
    let named = project.run(&["show", "ahead"]).succeeds();
    assert!(named.stdout.contains("Run 2100"), "{named:?}");
    // The label of a run of the future is not taken from what is recorded now either, and the
    // same evidence is recorded, because the record that is there would be passed over.
    record("ahead", "1767225601");
    let named = project.run(&["show", "ahead"]).succeeds();
    assert!(named.stdout.contains("Run 20260101T000001Z"), "{named:?}");
    assert!(named.stderr.contains("is passed over"), "{named:?}");
}

#[test]
fn a_label_never_stands_for_another_form_of_reference() {
    let project = Project::with_customer();
    let path = file(&project);
    let id = path.trim_start_matches("data/runs/").trim_end_matches(".json").to_string();
    let german = "tests/import/german";
    let german = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(german);
    let german = german.display().to_string();
    for (label, words) in
        [(id.as_str(), "looks like the id"), (&id[..9], "looks like the id"), ("latest", "newest")]
    {
        project.run(&["import", "lab12", &german, "--label", label]).fails(2, &[words]);
    }
    // Written by hand, or by an older version.
    project.run(&["import", "lab12", &german, "--label", "german"]).succeeds();
    let names = project.names("data/runs");
    let other = names.iter().find(|name| !path.ends_with(name.as_str())).unwrap();
    let text = project.read(&format!("data/runs/{other}"));
    let text = text.replacen("\"label\": \"german\"", &format!("\"label\": \"{id}\""), 1);
    project.write(&format!("data/runs/{other}"), text);
    let shown = project.run(&["show", &id]).succeeds();
    assert!(shown.stdout.starts_with(&format!("Run {id},")), "{shown:?}");
}

#[test]
fn a_line_and_column_lead_to_the_damage() {
    let project = Project::with_customer();
    let path = file(&project);
    let text = project.read(&path);
    let broken = text.replacen("\"status\": \"ok\"", "\"status\": \"fine\"", 1);
    let line = 1 + broken.lines().position(|line| line.contains("\"fine\"")).unwrap();
    project.write(&path, &broken);
    project.run(&["facts"]).fails(2, &[&format!(".json:{line}:"), "captures[0].status", "`fine`"]);
}

#[test]
fn an_edited_fact_is_not_shown_as_a_value() {
    let project = Project::with_customer();
    let path = file(&project);
    let text = project.read(&path);
    let edited = text.replacen("\"value\": 322", "\"value\": 300", 1);
    assert!(edited != text);
    project.write(&path, &edited);
    let facts = project.run(&["facts", "latest", "--format", "json"]).succeeds();
    assert!(facts.stderr.contains("was changed after it was written"), "{facts:?}");
    let json: serde_json::Value = serde_json::from_str(&facts.stdout).unwrap();
    assert_eq!(json["proc.entries"]["host"]["missing"], "altered");
    let check = project.run(&["check", "--fail-on", "error"]);
    assert_eq!(check.code, 1);
    assert!(
        check.stdout.contains("states 300 for proc.entries on host, but its captures give 322")
    );
    project.run(&["build"]).succeeds();
    assert!(!project.read("submission.md").contains("| the host | 300 |"));
    assert!(project.read(&path) == edited, "reported, not repaired");
}

#[test]
fn a_line_that_is_not_there_is_no_broken_link() {
    let project = Project::new();
    project.write("lab12/kata/kernel.txt", "");
    project.write("lab12/isolation/proc.txt", "Host: 300\nKata VM: 52\n");
    project.import(&project.path("lab12"));
    project.run(&["build"]).succeeds();
    let path = file(&project);
    let edited = project.read(&path).replacen("\"line\": 2", "\"line\": 99999", 1);
    project.write(&path, edited);
    project.run(&["build"]).succeeds();
}

#[test]
fn an_edited_capture_is_found_by_its_digest() {
    let project = Project::with_customer();
    let path = file(&project);
    let edited = project.read(&path).replacen("\"Host: 322\"", "\"Host: 300\"", 1);
    project.write(&path, &edited);
    let check = project.run(&["check"]).succeeds();
    assert!(check.stdout.contains("error[capture-altered]"), "{check:?}");
    project.run(&["build"]).succeeds();
    let submission = project.read("submission.md");
    assert!(
        submission.contains("(the capture isolation/proc.txt was changed after it was written)"),
        "{submission}"
    );
    assert!(!submission.contains("Host: 300"), "{submission}");
    let print = project.read("public/print.html");
    assert!(!print.contains("Host: 300"), "{print}");
    let page = format!("public/runs/{}", project.names("public/runs")[0]);
    assert!(project.read(&page).contains("changed after it was written: its digest"));
}

#[test]
fn a_record_that_was_edited_gives_no_fact_and_no_verdict() {
    let project = Project::with_customer();
    let path = file(&project);
    let text = project.read(&path);
    let role = "\"name\": \"runc\",\n      \"role\": \"baseline\"";
    let failure = "\"handler\": \"io.containerd.kata.v2\"";
    for (old, new) in [
        (role, role.replace("baseline", "candidate")),
        (failure, format!("{failure},\n      \"failure\": \"no such runtime\"")),
        ("\"status\": \"ok\"", "\"status\": \"truncated\"".into()),
    ] {
        let edited = text.replacen(old, &new, 1);
        assert!(edited != text, "{old}");
        project.write(&path, edited);
        let check = project.run(&["check", "--fail-on", "error"]);
        assert_eq!(check.code, 1);
        assert!(check.stdout.contains("error[run-altered]"), "{check:?}");
        for words in ["Separate kernel", "Shared kernel", "Not tested", "no such runtime"] {
            assert!(!check.stdout.contains(words), "{words}: {check:?}");
        }
        let facts = project.run(&["facts"]).succeeds();
        assert!(facts.stderr.contains("was changed after it was written"), "{facts:?}");
        assert!(facts.stdout.lines().all(|line| line.contains("not captured (")), "{facts:?}");
        project.run(&["build"]).succeeds();
        assert!(!project.read("submission.md").contains("no such runtime"));
        assert!(project.read("public/runs/trends.html").contains("1 more is left out"));
    }
    let relabelled = text.replacen("\"created\"", "\"label\": \"mine\",\n  \"created\"", 1);
    project.write(&path, relabelled);
    assert!(!project.run(&["check", "mine"]).succeeds().stdout.contains("run-altered"));
}

#[test]
fn series_that_are_not_what_their_names_say_do_not_leave_without_a_word() {
    let project = Project::new();
    project.write("labs/lab12/bench/curl-3012.txt", "0.000137\n0.000132\n0.000130\n");
    project.write("labs/lab12/runc/health.txt", "juice-runc: HTTP 503\n");
    project.import(&project.path("labs/lab12"));
    let words = "are not the latency of the application: its health check answered 503";
    for form in ["hyperfine", "benchmark"] {
        let export = project.run(&["export", form]).succeeds();
        assert!(export.stderr.contains(words) && !export.stdout.contains(words), "{export:?}");
    }
    project.write("labs/lab12/runc/health.txt", "juice-runc: HTTP 200\n");
    project.import(&project.path("labs/lab12"));
    assert!(!project.run(&["export", "hyperfine"]).succeeds().stderr.contains("health check"));
}

#[test]
fn identifiers_are_replaced_before_anything_is_written() {
    let project = Project::new();
    project.write("lab12/kata/test1.txt", "Linux marta-thinkpad 6.12.47 #1 SMP x86_64 Linux\n");
    project.write("lab12/kata/kernel.txt", "marta@marta-thinkpad:~$ uname -r\n6.12.47\n");
    project.write(
        "lab12/isolation/network.txt",
        "Kata VM network:\n2: eth0: <UP> mtu 1500\n    link/ether d2:e2:eb:78:ed:94 brd ff:ff:ff:ff:ff:ff\n    inet 93.184.216.34/24 scope global eth0\n    inet6 fe80::d0e2:ebff:fe78:ed94/64 scope link\n",
    );
    project.import(&project.path("lab12"));
    let written = project.read(&file(&project));
    for secret in ["marta", "thinkpad", "d2:e2:eb", "ebff:fe78", "93.184.216.34"] {
        assert!(!written.contains(secret), "{secret}");
    }
    assert!(written.contains("\"mac\": 2") && written.contains("6.12.47"), "{written}");
    let mode = |name: &str| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(project.path(name)).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode(".isoproof/pseudonyms.key"), 0o600);
}

#[test]
fn identifiers_are_kept_when_that_is_asked_for() {
    let project = Project::new();
    let folder = customer().display().to_string();
    project.run(&["import", "lab12", &folder, "--no-redact"]).succeeds();
    assert!(project.read(&file(&project)).contains("d2:e2:eb:78:ed:94"));
}

#[test]
fn the_last_line_of_an_import_is_the_runs_id_and_no_error_is_on_standard_output() {
    let project = Project::new();
    let id = project.import(&customer());
    assert_eq!(project.names("data/runs"), [format!("{id}.json")]);
    let outcome = project.run(&["import", "lab12", "nowhere"]).fails(2, &["nowhere"]);
    assert_eq!(outcome.stdout, "");
}

#[test]
fn the_sample_runs_are_intact_and_follow_the_schema() {
    let project = Project::with_sample_runs();
    for run in ["customer", "four-runtimes"] {
        let check = project.run(&["check", run]).succeeds();
        assert!(!check.stdout.contains("capture-altered"), "{check:?}");
        assert!(!check.stdout.contains("fact-without-capture"), "{check:?}");
    }
}

#[test]
fn a_folder_of_a_project_is_no_report_of_the_lab() {
    let project = Project::with_sample_runs();
    project.write("site/isolation.md", "# a\n\n| a | b |\n|-|-|\n| runc | kata |\n");
    project.write("page.html", "<p>The runtime kata works, runc too.</p>");
    project.write(
        "some.json",
        std::fs::read(own_path("tests/runs/20261124T200059Z-540f7ff3.json")).unwrap(),
    );
    let before = project.names("data/runs");
    project.run(&["import", "lab12", "."]).fails(2, &["no evidence of the lab"]);
    assert_eq!(project.names("data/runs"), before);
    project.write("me/report.md", "# Kata\n\n```\n$ nerdctl run --runtime io.containerd.kata.v2 alpine uname -r\n6.12.47\n```\n");
    let outcome = project.run(&["import", "lab12", "."]).succeeds();
    assert!(outcome.stderr.contains("me/report.md read into"), "{outcome:?}");
}

#[test]
fn evidence_without_one_value_is_refused_and_that_of_a_failure_is_not() {
    let project = Project::new();
    project.write("n.md", "# Notes\n\n| a | b |\n|-|-|\n| runc | kata |\n");
    for evidence in ["n.md", "."] {
        project.run(&["import", "lab12", evidence]).fails(2, &["no output of the lab's commands"]);
    }
    project.write("lab12/kata/kernel.txt", "");
    project.write("lab12/bench/startup.txt", "runc:\nKata:\n");
    let refused = project.run(&["import", "lab12", "lab12"]);
    refused.fails(2, &["not one value", "bench/startup.txt, kata/kernel.txt", "looked for"]);
    assert!(!project.path("data/runs").exists());
    let fatal = "FATA[0000] failed to create shim task: Could not access KVM kernel module\n";
    project.write("lab12/kata/kernel.txt", fatal);
    project.run(&["import", "lab12", "lab12"]).succeeds();
    project.write("lab12/kata/kernel.txt", "");
    project.write("lab12/setup/kata-built-version.txt", "kata-runtime  : 3.2.0\n");
    project.run(&["import", "lab12", "lab12"]).succeeds();
    let run = "sudo nerdctl run --rm --runtime io.containerd.kata.v2 alpine:3.19 uname -a";
    let report = format!("## Kata\n\n```bash\n{run}\n```\n\n```text\n{fatal}```\n");
    project.write("failed.md", report);
    project.run(&["import", "lab12", "failed.md"]).succeeds();
    project.write("host.md", "# Host\n\n```\n$ uname -r\n6.8.0-49-generic\n```\n");
    project.run(&["import", "lab12", "host.md"]).succeeds();
}

#[test]
fn the_evidence_of_two_people_is_not_one_persons() {
    let project = Project::new();
    for (evidence, person) in [("customer", "alice"), ("honest", "bob")] {
        project.copy(&own_path("tests/import").join(evidence), &format!("two/{person}"));
    }
    project.run(&["import", "lab12", "two"]).fails(2, &["in several folders: ", "alice", "bob"]);
    std::fs::rename(project.path("two"), project.path("lab12")).expect("nothing else is there");
    project.run(&["import", "lab12", "lab12"]).fails(2, &["in several folders: alice, bob"]);
    std::fs::rename(project.path("lab12"), project.path("two")).expect("nothing else is there");
    project.run(&["import", "lab12", "two/bob"]).succeeds();
}

#[test]
fn a_run_is_not_compared_with_itself_alone() {
    let project = Project::with_customer();
    project.run(&["check", "--against", "latest"]).fails(2, &["nothing to compare run"]);
    project.run(&["check", "--against", "data/runs"]).fails(2, &["nothing to compare run"]);
}
