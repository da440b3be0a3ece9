//! Real engines and runtimes, as `tests/engines/provision.sh up` provides them.
//!
//! They run where `ISOPROOF_ENGINES` is set, as CI does; elsewhere each says why it is skipped.

mod support;

use std::process::Command;

use serde_json::Value;
use support::{Project, engines, nerdctl};

/// Collects, and returns the verdicts by target.
fn verdicts(project: &Project, arguments: &[&str]) -> Value {
    let mut all = vec!["collect", "--samples", "0", "--no-perf", "--no-app"];
    all.extend(arguments);
    project.run(&all).succeeds();
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
fn a_target_that_fails_is_recorded_and_the_others_go_on() {
    if !engines() {
        return;
    }
    let project = Project::new();
    let found =
        verdicts(&project, &["--engine", "docker", "--runtime", "runc", "--runtime", "kata=nope"]);
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
    support::Outcome::of(output).succeeds();
    let check = project.run(&["check", "latest", "--format", "json"]).succeeds();
    let json: Value = serde_json::from_str(&check.stdout).unwrap();
    assert_eq!(json["verdicts"][0]["target"], "namespaces");
    assert_eq!(json["verdicts"][0]["conclusion"], "shared-kernel");
}
