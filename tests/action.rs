//! The shell parts of `action.yml` and of the GitLab template, run as their hosts run them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Outcome, Project};

/// An expectation that the sample run meets or not.
fn expectation(runtime: &str, boundary: &str) -> String {
    format!(
        "[[preprocessor.isoproof.expect]]\nruntime = \"{runtime}\"\nboundary = \"{boundary}\"\n\
         reason = \"r\"\n"
    )
}

fn own_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A job: a clone of a repository with the sample runs, and the files that its host gives it.
struct Job {
    project: Project,
    host: tempfile::TempDir,
}

impl Job {
    fn new(config: &str) -> Self {
        let host = tempfile::tempdir().unwrap();
        let project = Project::with_sample_runs();
        project.write("book.toml", config);
        let origin = host.path().join("origin.git").display().to_string();
        let job = Self { project, host };
        job.shell("git init -q --bare -b main \"$1\"", &[&origin]).succeeds();
        let commit = "git init -q -b main . && git add -A && git -c user.name=t -c \
                      user.email=t@example.org commit -qm runs && git remote add origin \"$1\" && \
                      git push -q origin main";
        job.shell(commit, &[&origin]).succeeds();
        // What says what it was asked for, in place of GitHub's own program.
        let gh = "#!/bin/sh\necho \"$*\" >>\"$RUNNER_TEMP/asked\"\ncase $* in *PATCH*|*POST*) ;; \
                  *) cat \"$RUNNER_TEMP/comments\" 2>/dev/null || true ;; esac\n";
        let path = job.host.path().join("bin/gh");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, gh).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        job
    }

    fn shell(&self, script: &str, arguments: &[&str]) -> Outcome {
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", script, "job"]).args(arguments);
        self.run_step(command)
    }

    /// A step of the action, with its inputs.
    fn step(&self, name: &str, inputs: &[(&str, &str)]) -> Outcome {
        let mut command = Command::new("bash");
        command.arg(own_file(".ci/action")).arg(name).envs(inputs.iter().copied());
        self.run_step(command)
    }

    fn run_step(&self, mut command: Command) -> Outcome {
        let host = self.host.path();
        let program = Path::new(env!("CARGO_BIN_EXE_isoproof")).parent().unwrap();
        let path = std::env::var("PATH").unwrap();
        command
            .current_dir(self.project.root())
            .env("PATH", format!("{}:{}:{path}", host.join("bin").display(), program.display()))
            .env("RUNNER_TEMP", host)
            .env("GITHUB_OUTPUT", host.join("output"))
            .env("GITHUB_PATH", host.join("path"))
            .env("GITHUB_STEP_SUMMARY", host.join("summary"))
            .env("GITHUB_REPOSITORY", "me/it");
        Outcome::of(command.output().unwrap())
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.host.path().join(name)).unwrap_or_default()
    }
}

#[test]
fn the_steps_of_the_action_lead_from_a_run_to_summary_files_and_exit_status() {
    let job = Job::new(&expectation("kata", "own-kernel"));
    job.step("install", &[("BINARY", env!("CARGO_BIN_EXE_isoproof"))]).succeeds();
    assert!(job.read("path").ends_with("/isoproof/bin\n"));
    job.step("install", &[("BINARY", "/nowhere")]).fails(2, &["there is no program"]);
    job.step("collect", &[("COLLECT", "")]).succeeds();
    job.step("check", &[]).succeeds();
    job.step("compare", &[("BASELINE", "main")]).succeeds();
    let output = job.read("output");
    for line in ["status=0", "run=2026", "sarif=", "junit="] {
        assert!(output.contains(line), "{line}: {output}");
    }
    let summary = job.read("summary");
    assert!(summary.contains("### Isolation of container runtimes: as expected"), "{summary}");
    assert!(summary.contains("<!-- isoproof-diff -->"), "{summary}");
    assert!(job.read("isoproof/junit.xml").contains("<testsuite name=\"expectations\""));
    assert!(job.read("isoproof/isoproof.sarif").contains("\"2.1.0\""));
    job.step("verdict", &[("CHECK", "0"), ("COLLECTED", "0"), ("COMPARED", "0")]).succeeds();
}

#[test]
fn a_run_that_is_not_as_expected_fails_in_the_last_step_alone() {
    let job = Job::new(&expectation("runsc", "own-kernel"));
    job.step("check", &[]).succeeds();
    assert!(job.read("output").contains("status=1"));
    assert!(job.read("summary").contains("1 expectation not met"));
    let verdict = job.step("verdict", &[("CHECK", "1")]);
    assert_eq!(verdict.code, 1);
    assert!(verdict.stdout.contains("::error::the run does not show"), "{verdict:?}");
    // What is no verdict ends the step at once.
    job.project.write("book.toml", "[[preprocessor.isoproof.expect]]\n");
    assert_eq!(job.step("check", &[]).code, 2);
}

#[test]
fn a_boundary_that_is_gone_since_the_base_branch_fails_the_comparison() {
    let job = Job::new("");
    // A later run, by its own clock, in which nothing shows Kata's kernel any more.
    job.project.write("lab12/kata/kernel.txt", "6.12.47\n");
    let mut import = job.project.command(&["import", "lab12", "lab12"]);
    Outcome::of(import.env_remove("SOURCE_DATE_EPOCH").output().unwrap()).succeeds();
    job.step("check", &[]).succeeds();
    job.step("compare", &[("BASELINE", "main"), ("GATE", "regression")]).succeeds();
    assert!(job.read("output").contains("status=1"), "{}", job.read("isoproof/diff.md"));
}

#[test]
fn the_comment_is_made_once_and_renewed_then() {
    let job = Job::new("");
    job.step("check", &[]).succeeds();
    let inputs = [("PULL_REQUEST", "7"), ("GH_TOKEN", "t")];
    job.step("comment", &inputs).succeeds();
    assert!(job.read("asked").contains("--method POST repos/me/it/issues/7/comments"));
    std::fs::write(job.host.path().join("comments"), "42\n").unwrap();
    job.step("comment", &inputs).succeeds();
    assert!(job.read("asked").contains("--method PATCH repos/me/it/issues/comments/42"));
    assert!(job.read("isoproof/comment.md").starts_with("<!-- isoproof-check -->"));
}

#[test]
fn every_step_that_the_action_names_is_one_of_the_script() {
    let action = std::fs::read_to_string(own_file("action.yml")).unwrap();
    let script = std::fs::read_to_string(own_file(".ci/action")).unwrap();
    let mut steps = 0;
    for line in action.lines() {
        if let Some((_, step)) = line.split_once("/.ci/action\" ") {
            assert!(script.contains(&format!("\n{step}) ")), "{step}");
            steps += 1;
        }
    }
    assert_eq!(steps, 7);
}

#[test]
fn the_script_of_the_gitlab_template_fails_where_the_run_does() {
    let text = std::fs::read_to_string(own_file("gitlab/isoproof.gitlab-ci.yml")).unwrap();
    let lines = text.lines().skip_while(|line| line.trim() != "script:").skip(1);
    let mut script = String::new();
    for line in lines.take_while(|line| line.starts_with("    - ")) {
        script.push_str(line["    - ".len()..].trim_matches('\''));
        script.push('\n');
    }
    for (runtime, code) in [("kata", 0), ("runsc", 1)] {
        let job = Job::new(&expectation(runtime, "own-kernel"));
        let variables = "export ISOPROOF_COLLECT= ISOPROOF_GATE=regression \
                         CI_MERGE_REQUEST_DIFF_BASE_SHA=main\n";
        let outcome = job.shell(&format!("{variables}{script}"), &[]);
        assert_eq!(outcome.code, code, "{outcome:?}");
        assert!(outcome.stdout.contains("### Isolation of container runtimes"));
        assert!(job.project.read("isoproof-junit.xml").contains("expectations"));
        assert!(job.project.read("isoproof-diff.md").contains("isoproof-diff"));
    }
}
