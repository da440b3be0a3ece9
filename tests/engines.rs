//! Real engines and runtimes, as `tests/engines/provision.sh up` provides them.
//!
//! They run where `ISOPROOF_ENGINES` is set, as CI does; elsewhere each says why it is skipped.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::{Outcome, Project, engines, nerdctl};
use isoproof::model::CaptureStatus;
use isoproof::probe::script::{self, BatchAnswers, BatchLimits, BatchQuestion};
use serde_json::Value;

/// Collects, and returns the verdicts by target.
fn verdicts(project: &Project, arguments: &[&str]) -> Value {
    collect(project, arguments).succeeds();
    latest_verdicts(project)
}

fn collect(project: &Project, arguments: &[&str]) -> Outcome {
    project.run(&[&["collect", "--samples", "0", "--no-perf", "--no-app"], arguments].concat())
}

/// The verdicts of the latest run by target.
fn latest_verdicts(project: &Project) -> Value {
    let check = project.run(&["check", "latest", "--format", "json"]).succeeds();
    let json: Value = serde_json::from_str(&check.stdout).unwrap();
    let list = json["verdicts"].as_array().unwrap();
    let by_target = list.iter().map(|verdict| {
        let target = verdict["target"].as_str().unwrap().to_string();
        (target, verdict["conclusion"].clone())
    });
    Value::Object(by_target.collect())
}

fn facts(project: &Project) -> Value {
    let outcome = project.run(&["facts", "latest", "--format", "json"]).succeeds();
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[test]
fn docker_shows_shared_kernels_gvisor_and_a_machine_for_what_they_are() {
    if !engines() {
        return;
    }
    let project = Project::new();
    let runtimes =
        ["--runtime", "runc", "--runtime", "crun", "--runtime", "runsc", "--runtime", "vm"];
    let found = verdicts(&project, &[&["--engine", "docker"], &runtimes[..]].concat());
    assert_eq!(
        found,
        serde_json::json!({
            "runc": "shared-kernel", "crun": "shared-kernel",
            "runsc": "separate-kernel-userspace", "vm": "separate-kernel-vm",
        })
    );
    let facts = facts(&project);
    assert_eq!(facts["host.witness_process"]["runc"]["value"], true);
    assert_eq!(facts["host.witness_process"]["vm"]["value"], false);
    assert_eq!(facts["kernel.boot_id"]["runc"]["value"], facts["kernel.boot_id"]["host"]["value"]);
    project.run(&["build"]).succeeds();
}

#[test]
fn a_test_run_is_made_in_a_container_of_its_own_where_an_edition_asks_for_it() {
    if !engines() {
        return;
    }
    for (project, expected) in [(Project::plain(), 0), (Project::new(), 1)] {
        collect(&project, &["--engine", "docker", "--runtime", "runc"]).succeeds();
        let files = project.tree("data/runs");
        let run: Value = serde_json::from_slice(files.values().next().unwrap()).unwrap();
        let captures = run["captures"].as_array().unwrap();
        let answers = captures.iter().filter(|capture| capture["id"] == "runc/kernel.uname");
        let answers: Vec<&Value> = answers.collect();
        assert_eq!(answers.len(), 1);
        let argv = answers[0]["origin"]["command"]["argv"].as_array();
        let last = argv.and_then(|argv| argv.last()?.as_str());
        assert_eq!(usize::from(last == Some("-a")), expected, "{:?}", answers[0]);
    }
}

#[test]
fn a_kata_that_is_runc_is_found_out_under_docker_nerdctl_and_ctr() {
    if !engines() {
        return;
    }
    for (engine, handler) in [
        ("docker", "kata-fake"),
        ("nerdctl", "io.containerd.kata.v2"),
        ("ctr", "io.containerd.kata.v2"),
    ] {
        if engine == "nerdctl" && !nerdctl() {
            continue;
        }
        let project = Project::new();
        let kata = format!("kata={handler}");
        let found =
            verdicts(&project, &["--engine", engine, "--runtime", "runc", "--runtime", &kata]);
        assert_eq!(found["kata"], "shared-kernel", "{engine}");
        let check = project.run(&["check", "--fail-on", "error"]);
        assert_eq!(check.code, 1, "{engine}");
        assert!(check.stdout.contains("error[runtime-not-what-it-says]"), "{engine}: {check:?}");
    }
}

#[test]
fn a_machine_behind_a_shim_is_a_separate_kernel_under_nerdctl_and_ctr() {
    if !engines() {
        return;
    }
    for engine in ["nerdctl", "ctr"] {
        if engine == "nerdctl" && !nerdctl() {
            continue;
        }
        let project = Project::new();
        let runtimes = [
            "--runtime",
            "runc",
            "--runtime",
            "runsc=io.containerd.runsc.v1",
            "--runtime",
            "kata=io.containerd.katavm.v2",
        ];
        let found = verdicts(&project, &[&["--engine", engine], &runtimes[..]].concat());
        assert_eq!(found["runc"], "shared-kernel", "{engine}");
        assert_eq!(found["runsc"], "separate-kernel-userspace", "{engine}");
        assert_eq!(found["kata"], "separate-kernel-vm", "{engine}");
    }
}

#[test]
fn podman_shows_runc_and_gvisor_for_what_they_are() {
    if !engines() {
        return;
    }
    let project = Project::new();
    let found =
        verdicts(&project, &["--engine", "podman", "--runtime", "runc", "--runtime", "runsc"]);
    assert_eq!(found["runc"], "shared-kernel");
    assert_eq!(found["runsc"], "separate-kernel-userspace");
}

#[test]
fn a_podman_that_gives_every_container_the_hosts_processes_is_found_out() {
    if !engines() {
        return;
    }
    let project = Project::new();
    let conf = std::fs::read_to_string(std::env::var("CONTAINERS_CONF").unwrap()).unwrap();
    let conf = conf.replacen("[containers]", "[containers]\npidns = \"host\"", 1);
    project.write("containers.conf", &conf);
    let quick = ["collect", "--quick", "--no-app", "--engine", "podman", "--runtime", "runc"];
    let mut command = project.command(&quick);
    let told = command.env("CONTAINERS_CONF", project.path("containers.conf")).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let check = project.run(&["check"]).succeeds().stdout;
    assert!(check.contains("warning[namespace-is-hosts]: runc is in"), "{check}");
    assert!(check.contains("nothing keeps the two apart: pid."), "{check}");
}

#[test]
fn a_target_that_fails_is_recorded_and_the_others_go_on() {
    if !engines() {
        return;
    }
    let project = Project::new();
    let arguments = ["--engine", "docker", "--runtime", "runc", "--runtime", "kata=nope"];
    collect(&project, &arguments).fails(1, &["nope"]);
    let found = latest_verdicts(&project);
    assert_eq!(found["runc"], "shared-kernel");
    assert_eq!(found["kata"], "not-tested");
    let reason = facts(&project)["kernel.boot_id"]["kata"]["reason"].to_string();
    assert!(reason.contains("nope"), "{reason}");
}

#[test]
fn an_image_that_is_nowhere_is_an_error_of_the_environment() {
    if !engines() {
        return;
    }
    let project = Project::new();
    let arguments = ["collect", "--engine", "docker", "--image", "localhost:1/none:1"];
    project.run(&arguments).fails(3, &["localhost:1/none:1", "--image"]);
    assert!(!project.path("data/runs").exists());
}

#[test]
fn without_an_engine_plain_namespaces_are_a_baseline() {
    if !engines() {
        return;
    }
    let project = Project::new();
    let found = verdicts(&project, &["--engine", "builtin"]);
    assert_eq!(found, serde_json::json!({"namespaces": "shared-kernel"}));
}

#[test]
fn an_unprivileged_user_without_an_engine_gets_plain_namespaces() {
    if !engines() {
        return;
    }
    let project = Project::new();
    let program = project.path("isoproof");
    std::fs::copy(env!("CARGO_BIN_EXE_isoproof"), &program).unwrap();
    let owned = Command::new("chown").args(["-R", "65534:65534"]).arg(project.root()).status();
    assert!(owned.unwrap().success());
    let output = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(&program)
        .args(["collect", "--engine", "builtin"])
        .current_dir(project.root())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", project.root())
        .env("TMPDIR", project.root())
        .output()
        .unwrap();
    crate::support::Outcome::of(output).succeeds();
    let check = project.run(&["check", "latest", "--format", "json"]).succeeds();
    let json: Value = serde_json::from_str(&check.stdout).unwrap();
    assert_eq!(json["verdicts"][0]["target"], "namespaces");
    assert_eq!(json["verdicts"][0]["conclusion"], "shared-kernel");
}

/// What hostile probes answer in a container: a hang, 100 MB, bytes, and a forged frame.
#[test]
fn the_script_holds_in_plain_busybox_as_anyone_on_a_read_only_root() {
    if !engines() {
        return;
    }
    let nonce = script::make_nonce().unwrap();
    let forged = format!("printf '@{nonce} 1 9 od 66<0,1,2>| .\\n'");
    let commands = [
        "uname -r",
        "echo begun; sleep 60",
        "head -c 100000000 /dev/zero",
        "printf 'a\\000\\377'",
        &forged,
        "cat /nonexistent",
        "id -u",
    ];
    let questions: Vec<BatchQuestion> =
        commands.iter().map(|command| BatchQuestion { id: command, command }).collect();
    let limits = BatchLimits { seconds: 1, ..BatchLimits::default() };
    let text = script::generate_script(&questions, &nonce, &limits);
    for runtime in ["runc", "runsc"] {
        for options in [
            &[][..],
            &["--user", "65534:65534"],
            &["--read-only"],
            // No place at all for files: neither the root nor /dev/shm.
            &["--read-only", "--ipc", "none", "--user", "65534:65534"],
        ] {
            let all = answers(runtime, options, &text, &nonce, &questions);
            assert!(all.started && all.finished, "{runtime} {options:?}: {all:?}");
            assert_eq!(all.answers.len(), commands.len(), "{runtime} {options:?}: {all:?}");
            let at = |index: usize| (all.answers[index].status, &*all.answers[index].stdout);
            assert_eq!(at(0).0, CaptureStatus::Ok, "{runtime} {options:?}");
            assert_eq!(at(1), (CaptureStatus::Timeout, &b"begun\n"[..]), "{runtime} {options:?}");
            assert_eq!((at(2).0, at(2).1.len()), (CaptureStatus::Truncated, limits.bytes));
            assert_eq!(at(3).1, b"a\0\xff", "{runtime} {options:?}");
            assert!(at(4).1.starts_with(b"@") && at(4).1.ends_with(b"| .\n"), "{runtime}");
            assert_eq!(at(5).0, CaptureStatus::Absent, "{runtime} {options:?}");
            let user = if options.contains(&"--user") { "65534\n" } else { "0\n" };
            assert_eq!(at(6).1, user.as_bytes(), "{runtime} {options:?}");
        }
    }
}

fn answers(
    runtime: &str,
    options: &[&str],
    text: &str,
    nonce: &str,
    questions: &[BatchQuestion],
) -> BatchAnswers {
    let mut child = Command::new("docker")
        .args(["run", "--rm", "-i", "--runtime", runtime])
        .args(options)
        .args(["alpine:3.19", "sh"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    script::parse_script_output(&child.wait_with_output().unwrap().stdout, nonce, questions)
}
