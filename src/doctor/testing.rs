//! A machine that does not exist, for the tests of the checks.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use super::DoctorOptions;
use super::kvm_device::KvmAnswer;
use super::machine::{Machine, path_on_machine};
use crate::engine::EngineKind;
use crate::error::{Error, Result};
use crate::process::{CommandOutput, ExitReason};

/// The boot id of the machine.
pub(super) const HOST: &str = "18eae015-f6ba-454a-a1b7-f85bf66cb5d6\n";

/// The boot id of another kernel.
pub(super) const OTHER: &str = "4a6f197b-8806-4e1e-86d1-6e031655954f\n";

/// Nothing special is asked for.
pub(super) fn options() -> DoctorOptions {
    DoctorOptions {
        engine: None,
        runtimes: Vec::new(),
        image: "alpine:3.19".into(),
        app: "app:1".into(),
        smoke: true,
        timeout: Duration::from_secs(60),
    }
}

pub(super) struct Fake {
    root: tempfile::TempDir,
    os: &'static str,
    variables: Vec<(String, String)>,
    kvm: KvmAnswer,
    free: Option<u64>,
    engines: Vec<(EngineKind, Option<Vec<String>>)>,
    has_images: bool,
    /// What a command says whose line has this part, and its exit status.
    answers: Vec<(String, String, i32)>,
    /// Part of the line of a command that does not end in time.
    hanging: Option<String>,
    /// What cannot be removed.
    left: Vec<String>,
    sweeps: Cell<usize>,
}

impl Fake {
    pub(super) fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
            os: "linux",
            variables: Vec::new(),
            kvm: KvmAnswer::Absent,
            free: None,
            engines: Vec::new(),
            has_images: true,
            answers: Vec::new(),
            hanging: None,
            left: Vec::new(),
            sweeps: Cell::new(0),
        }
    }

    pub(super) fn file(self, path: &str, text: &str) -> Self {
        let path = path_on_machine(&self, path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub(super) fn link(self, path: &str, target: &str) -> Self {
        let path = path_on_machine(&self, path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
        self
    }

    pub(super) fn os(mut self, os: &'static str) -> Self {
        self.os = os;
        self
    }

    pub(super) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    pub(super) fn kvm(mut self, kvm: KvmAnswer) -> Self {
        self.kvm = kvm;
        self
    }

    pub(super) fn free(mut self, bytes: u64) -> Self {
        self.free = Some(bytes);
        self
    }

    pub(super) fn without_images(mut self) -> Self {
        self.has_images = false;
        self
    }

    fn install(self, kind: EngineKind) -> Self {
        self.variable("PATH", "/usr/bin").file(&format!("/usr/bin/{}", kind.into_str()), "")
    }

    pub(super) fn engine_with(self, kind: EngineKind, runtimes: &[&str]) -> Self {
        let mut fake = self.install(kind);
        fake.engines.push((kind, Some(runtimes.iter().map(ToString::to_string).collect())));
        fake
    }

    pub(super) fn refusing(self, kind: EngineKind) -> Self {
        let mut fake = self.install(kind);
        fake.engines.push((kind, None));
        fake
    }

    pub(super) fn says(mut self, part: &str, output: &str) -> Self {
        self.answers.push((part.into(), output.into(), 0));
        self
    }

    pub(super) fn complains(mut self, part: &str, output: &str) -> Self {
        self.answers.push((part.into(), output.into(), 125));
        self
    }

    pub(super) fn hangs(mut self, part: &str) -> Self {
        self.hanging = Some(part.into());
        self
    }

    pub(super) fn cannot_remove(mut self, what: &str) -> Self {
        self.left.push(what.into());
        self
    }

    fn answer_unless_hanging(&self, question: &str) -> Result<()> {
        match self.hanging.as_deref() == Some(question) {
            true => Err(Error::failed_environment("no end after 20 s")),
            false => Ok(()),
        }
    }

    /// How many times containers were removed.
    pub(super) fn swept(&self) -> usize {
        self.sweeps.get()
    }
}

impl Machine for Fake {
    fn root_dir(&self) -> &Path {
        self.root.path()
    }

    fn operating_system(&self) -> &str {
        self.os
    }

    fn environment_variables(&self) -> Vec<(String, String)> {
        self.variables.clone()
    }

    fn query_kvm(&self) -> KvmAnswer {
        self.kvm.clone()
    }

    fn free_space(&self, _: &str) -> Option<u64> {
        self.free
    }

    fn check_engine_answers(&self, kind: EngineKind) -> Result<()> {
        match self.engines.iter().find(|(known, _)| *known == kind) {
            Some((_, Some(_))) => Ok(()),
            _ => {
                Err(Error::failed_environment("permission denied")
                    .with_help("run isoproof with sudo"))
            }
        }
    }

    fn engine_runtimes(&self, kind: EngineKind) -> Result<Vec<String>> {
        self.answer_unless_hanging("runtimes")?;
        let known = self.engines.iter().find(|(known, _)| *known == kind);
        Ok(known.and_then(|(_, names)| names.clone()).unwrap_or_default())
    }

    fn has_image(&self, _: EngineKind, _: &str) -> Result<bool> {
        self.answer_unless_hanging("image")?;
        Ok(self.has_images)
    }

    fn run_command(&self, argv: &[String], limit: Duration) -> Result<CommandOutput> {
        let line = argv.join(" ");
        if self.hanging.as_ref().is_some_and(|part| line.contains(part)) {
            return Ok(CommandOutput {
                argv: argv.to_vec(),
                started: chrono::DateTime::UNIX_EPOCH,
                duration: limit,
                ended: ExitReason::TimedOut,
                stdout: Vec::new(),
                stderr: Vec::new(),
            });
        }
        let answer = self.answers.iter().find(|(part, _, _)| line.contains(part.as_str()));
        let (_, said, status) = answer
            .ok_or_else(|| Error::failed_environment(format!("nothing answers to `{line}`")))?;
        let (stdout, stderr) = if *status == 0 { (said.as_str(), "") } else { ("", said.as_str()) };
        Ok(CommandOutput {
            argv: argv.to_vec(),
            started: chrono::DateTime::UNIX_EPOCH,
            duration: Duration::from_secs(1),
            ended: ExitReason::Exit(Some(*status)),
            stdout: stdout.into(),
            stderr: stderr.into(),
        })
    }

    fn remove_session_containers(&self, _: EngineKind, _: &str, _: bool) -> Vec<String> {
        self.sweeps.set(self.sweeps.get() + 1);
        self.left.clone()
    }
}
