//! What fails when a boundary goes, with real engines: expectations, exit codes and the gate.
//!
//! The runtimes are scripts of the test, so that it can change what a name stands for.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::{Outcome, Project, engines};

/// What the provision has installed.
const ENGINES: &str = "/var/lib/isoproof-engines";

/// A project with a runtime `sandbox` that is what the test makes of it.
struct Machine {
    project: Project,
    handler: PathBuf,
}

impl Machine {
    /// One whose `sandbox` is this program, with what it expects proposed from a first run.
    fn with_sandbox(program: &str) -> Self {
        let project = Project::new();
        project.write("book.toml", "");
        let machine = Self { handler: project.path("runtimes/sandbox"), project };
        machine.bind_sandbox(program);
        let first = machine.run_quick(true);
        assert_eq!(first.code, 0, "{first:?}");
        machine.project.run(&["expect", "--write"]).succeeds();
        machine
    }

    /// Binds the name to another program.
    fn bind_sandbox(&self, program: &str) {
        self.project.write("runtimes/sandbox", format!("#!/bin/sh\nexec {program} \"$@\"\n"));
        std::fs::set_permissions(&self.handler, PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// `run --quick` under runc, and under sandbox if it is named.
    fn run_quick(&self, names_sandbox: bool) -> Outcome {
        let sandbox = format!("sandbox={}", self.handler.display());
        let mut arguments =
            vec!["run", "--quick", "--engine", "podman", "--timeout", "60", "--runtime", "runc"];
        if names_sandbox {
            arguments.extend(["--runtime", &sandbox]);
        }
        // By its own clock: the next run is a later one.
        let mut command = self.project.command(&arguments);
        Outcome::of(command.env_remove("SOURCE_DATE_EPOCH").output().unwrap())
    }

    /// Whether the last two runs fail the gate.
    fn fails_gate(&self) -> bool {
        let gate = ["diff", "latest~1", "latest", "--fail-on", "regression"];
        self.project.run(&gate).code == 1
    }
}

#[test]
fn a_sandbox_whose_name_is_bound_to_runc_is_red() {
    if !engines() {
        return;
    }
    let machine = Machine::with_sandbox(&format!("{ENGINES}/bin/runsc"));
    machine.bind_sandbox("runc");
    let run = machine.run_quick(true);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("failed: sandbox containers have their own kernel"), "{run:?}");
    assert!(machine.fails_gate());
    machine.project.run(&["check"]).fails(1, &[]);
}

#[test]
fn a_runtime_that_was_removed_is_red_whether_it_is_named_or_not() {
    if !engines() {
        return;
    }
    let machine = Machine::with_sandbox(&format!("{ENGINES}/bin/runsc"));
    std::fs::remove_file(&machine.handler).unwrap();
    let named = machine.run_quick(true);
    assert_eq!(named.code, 1, "{named:?}");
    assert!(named.stdout.contains("but sandbox did not start"), "{named:?}");
    assert!(machine.fails_gate());
    let check = machine.project.run(&["check"]);
    assert!(
        check.stdout.contains("error[named-runtime-failed]: sandbox was asked for"),
        "{check:?}"
    );
    let unnamed = machine.run_quick(false);
    assert_eq!(unnamed.code, 1, "{unnamed:?}");
    assert!(unnamed.stdout.contains("but this run has no sandbox"), "{unnamed:?}");
    assert!(machine.fails_gate());
}

#[test]
fn without_expectations_a_named_runtime_that_does_not_start_is_red() {
    if !engines() {
        return;
    }
    let project = Project::new();
    let quick = ["--quick", "--engine", "docker", "--runtime", "runc", "--runtime", "kata=nope"];
    for command in ["collect", "run"] {
        let outcome = project.run(&[&[command], &quick[..]].concat());
        assert_eq!(outcome.code, 1, "{outcome:?}");
    }
    assert_eq!(project.names("data/runs").len(), 2, "they are written all the same");
}

/// Nobody asked for podman: what is there without it is captured, in one run.
#[test]
fn an_engine_that_nobody_named_and_that_starts_nothing_leaves_the_baseline_of_plain_namespaces() {
    if !engines() {
        return;
    }
    let project = Project::new();
    project.write(
        "containers.conf",
        "[engine]\nruntime = \"crun\"\nevents_logger = \"file\"\n[engine.runtimes]\n\
         crun = [\"/bin/false\"]\nrunc = [\"/bin/false\"]\nrunsc = [\"/bin/false\"]\n",
    );
    let run = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        let away = "unix:///nonexistent";
        command.env("CONTAINERD_ADDRESS", "/nonexistent").env("DOCKER_HOST", away);
        command.env("CONTAINERS_CONF", project.path("containers.conf"));
        Outcome::of(command.output().unwrap())
    };
    run(&["collect", "--quick"]).fails(3, &["podman starts no container here"]);
    let whole = run(&["run", "--quick"]);
    assert_eq!(whole.code, 0, "{whole:?}");
    assert!(whole.stderr.contains("using plain namespaces"), "{whole:?}");
    assert!(whole.stdout.contains("namespaces"), "{whole:?}");
    assert_eq!(project.names("data/runs").len(), 1);
}

#[test]
fn a_machine_that_no_longer_boots_is_red() {
    if !engines() {
        return;
    }
    let vm = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(Path::new(ENGINES).join("vm")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), vm.path().join(entry.file_name())).unwrap();
    }
    let machine = Machine::with_sandbox(&vm.path().join("vmrun").display().to_string());
    std::fs::write(vm.path().join("vmlinuz"), "no kernel").unwrap();
    let run = machine.run_quick(true);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("but sandbox did not start"), "{run:?}");
    assert!(machine.fails_gate());
}

#[test]
fn an_unchanged_machine_stays_green() {
    if !engines() {
        return;
    }
    let machine = Machine::with_sandbox(&format!("{ENGINES}/bin/runsc"));
    for _ in 0..3 {
        let run = machine.run_quick(true);
        assert_eq!(run.code, 0, "{run:?}");
        assert!(!machine.fails_gate());
    }
}

#[test]
fn the_second_of_two_collections_waits_and_says_so() {
    if !engines() {
        return;
    }
    let machine = Machine::with_sandbox(&format!("{ENGINES}/bin/runsc"));
    let outcomes = std::thread::scope(|scope| {
        let both = [0, 1].map(|_| scope.spawn(|| machine.run_quick(true)));
        both.map(|one| one.join().unwrap())
    });
    assert!(outcomes.iter().all(|outcome| outcome.code == 0), "{outcomes:?}");
    let waited = |outcome: &&Outcome| outcome.stderr.contains("waiting until it is done");
    assert_eq!(outcomes.iter().filter(waited).count(), 1, "{outcomes:?}");
}
