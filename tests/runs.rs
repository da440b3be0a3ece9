//! Run files: references, damage, tampering, privacy.

mod support;

use std::process::Command;

use support::{Project, customer};

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
fn a_run_is_found_in_a_revision_of_git() {
    let project = Project::with_customer();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
        let output =
            Command::new("git").args(identity).args(arguments).current_dir(project.root()).output();
        assert!(output.unwrap().status.success(), "{arguments:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "data"]);
    git(&["commit", "-q", "-m", "a run"]);
    let path = file(&project);
    std::fs::remove_file(project.path(&path)).unwrap();
    project.run(&["facts", "git:HEAD"]).succeeds();
    project.run(&["facts", &format!("git:HEAD:{path}")]).succeeds();
    project.run(&["facts", "git:nowhere"]).fails(2, &["git ls-tree"]);
    project.run(&["facts", "git:HEAD:none.json"]).fails(2, &["none.json"]);
    project.run(&["facts", "git:--output=x"]).fails(2, &["is wanted"]);
}

#[test]
fn a_damaged_file_is_reported_with_its_place_and_never_changed() {
    let project = Project::with_customer();
    let path = file(&project);
    let text = project.read(&path);
    let cases: [(&str, String, &[&str]); 6] = [
        ("cut off", text[..text.len() / 2].into(), &["EOF", ".json:"]),
        (
            "a wrong type",
            text.replacen("\"line\": 1\n", "\"line\": \"one\"\n", 1),
            &["field `facts", "invalid type"],
        ),
        (
            "an unknown field",
            text.replacen("\"captures\":", "\"captrues\":", 1),
            &["unknown field `captrues`"],
        ),
        (
            "a newer version",
            text.replacen("\"schema_version\": 1", "\"schema_version\": 99", 1),
            &["schema version 99", "newer isoproof"],
        ),
        (
            "a lost capture",
            text.replace("\"id\": \"kata/cpu.txt\"", "\"id\": \"kata/gpu.txt\""),
            &["field `facts.cpu.model.kata.capture`", "no capture `kata/cpu.txt`"],
        ),
        ("nothing", String::new(), &["EOF"]),
    ];
    for (what, damaged, words) in cases {
        assert!(damaged != text, "{what}: nothing was changed");
        project.write(&path, &damaged);
        for arguments in [&["facts", "latest"][..], &["list"], &["build"]] {
            // A list needs the head of the file alone.
            if arguments == ["list"] && !["cut off", "nothing"].contains(&what) {
                continue;
            }
            project.run(arguments).fails(2, words).fails(2, &[path.rsplit('/').next().unwrap()]);
        }
        assert!(project.read(&path) == damaged, "{what}: the file was changed");
    }
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
fn an_edited_capture_is_found_by_its_digest() {
    let project = Project::with_customer();
    let path = file(&project);
    let edited = project.read(&path).replacen("\"Host: 322\"", "\"Host: 300\"", 1);
    project.write(&path, &edited);
    let check = project.run(&["check"]).succeeds();
    assert!(check.stdout.contains("error[capture-altered]"), "{check:?}");
    project.run(&["build"]).succeeds();
    let submission = project.read("submission.md");
    assert!(submission.contains("| the host | *not captured* (altered:"), "{submission}");
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
