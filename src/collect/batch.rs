//! One boot: the script on standard input, its answers on standard output, and the host looking
//! at the container while it runs.

use std::time::{Duration, Instant};

use super::command_capture::from_command;
use super::host_side;
use super::session::CollectSession;
use super::waiting::join_thread;
use super::work_part::WorkPart;
use crate::engine::ContainerMode;
use crate::error::Result;
use crate::model::{Capture, CaptureOrigin, CaptureStatus, CapturedStream, Target};
use crate::probe::catalogue::{ProbeCatalogue, ProbePlace};
use crate::probe::script::{self, BatchAnswer, BatchAnswers, BatchLimits, BatchQuestion};
use crate::process::{CancelFlag, CommandOutput, ExitReason, RunningCommand, start_command};

/// From this time on a boot is one of a guest that has the machine for itself.
const SLOW_BOOT: Duration = Duration::from_secs(2);

pub(super) struct TargetOutcome {
    pub captures: Vec<Capture>,
    /// The engine's words, if the target could not be started.
    pub failure: Option<String>,
}

pub(super) fn on_host(session: &CollectSession) -> TargetOutcome {
    let argv = vec!["sh".to_string()];
    // On the host the files lie in the session's folder, which `clean` knows.
    let limits = BatchLimits {
        places: vec![session.folder.folder_path().display().to_string()],
        ..BatchLimits::default()
    };
    let (limit, cancel) = (session.options.timeout, session.cancel);
    let outcome = match ShellBoot::boot_shell("host", &argv, "", limit, cancel) {
        Ok(boot) => boot.run_script(&batch_questions(session, true), &limits, Vec::new),
        Err(error) => TargetOutcome { captures: Vec::new(), failure: Some(error.message) },
    };
    if let Some(words) = &outcome.failure {
        session.progress.on_trouble("host", words);
    }
    outcome
}

/// A container of a target whose shell waits for the script, with a witness process in it.
pub(super) struct WaitingContainer<'a> {
    spec: &'a Target,
    name: String,
    witness: host_side::WitnessProcess,
    boot: ShellBoot,
    boot_time: Duration,
}

impl<'a> WaitingContainer<'a> {
    /// Starts it, and waits until its shell answers.
    /// Errors: the engine's client cannot be started. A container that does not start is an
    /// outcome.
    pub(super) fn start_container(session: &CollectSession, spec: &'a Target) -> Result<Self> {
        session.begin_step(WorkPart::Probes, &spec.name, "probes, in one boot");
        let name = session.container_name(&spec.name, "probes");
        let witness = host_side::WitnessProcess::with_random_argument()?;
        let mut options = Vec::new();
        let mut prelude = witness.start_command();
        if session.options.kernel_log_witness {
            options.extend(host_side::kernel_log_options(session.engine));
            prelude.push_str(&witness.kernel_log_command());
        }
        let argv =
            session.container_argv(spec, &name, &["sh"], ContainerMode::Interactive, &options);
        let begun = Instant::now();
        let (limit, cancel) = (session.options.timeout, session.cancel);
        let boot = ShellBoot::boot_shell(&spec.name, &argv, &prelude, limit, cancel)?;
        Ok(Self { spec, name, witness, boot, boot_time: begun.elapsed() })
    }

    /// Whether it booted so slowly that nothing else should boot next to it: two guests on a small
    /// machine make each other fail.
    pub(super) fn is_slow(&self) -> bool {
        self.boot_time > SLOW_BOOT
    }

    /// Gives it the time again that it had to wait for another.
    pub(super) fn has_waited(&mut self, time: Duration) {
        self.boot.running.extend_limit(time);
    }

    /// What the host sees of it, while its shell waits.
    pub(super) fn inspect_from_host(&self, session: &CollectSession) -> Vec<Capture> {
        if !self.boot.is_ready {
            return Vec::new();
        }
        host_side::capture_host_side(session, self.spec, &self.name)
    }

    /// Runs the script, which ends the container. While it runs, the host is searched for the
    /// witness, and then `meanwhile` does what is not timed.
    pub(super) fn probe_container(
        self,
        session: &CollectSession,
        meanwhile: impl FnOnce() -> Vec<Capture> + Send,
    ) -> TargetOutcome {
        let Self { spec, witness, boot, .. } = self;
        let is_ready = boot.is_ready;
        // Looked for once while the container is sure to be there, and then next to the script.
        let found = if is_ready { witness.find_on_host() } else { None };
        boot.run_script(&batch_questions(session, false), &BatchLimits::default(), || {
            let mut captures = Vec::new();
            if is_ready {
                captures.extend(host_side::look_for(session, spec, &witness, found));
            }
            captures.extend(meanwhile());
            captures
        })
    }
}

fn batch_questions<'a>(session: &'a CollectSession, on_host: bool) -> Vec<BatchQuestion<'a>> {
    script_questions(session.catalogue, on_host)
}

/// What a script asks, on the host or in a container.
pub(crate) fn script_questions(
    catalogue: &ProbeCatalogue,
    on_host: bool,
) -> Vec<BatchQuestion<'_>> {
    let place = if on_host { ProbePlace::Host } else { ProbePlace::Container };
    catalogue
        .iter_probes()
        .filter(|probe| probe.place.contains(&place) && !probe.command.is_empty())
        .map(|probe| BatchQuestion { id: &probe.id, command: &probe.command })
        .collect()
}

/// One boot of a target: the engine's client with a shell on its standard input, or the host's
/// shell.
struct ShellBoot {
    target: String,
    nonce: String,
    running: RunningCommand,
    /// Whether the shell answered: what it says from then on are no words of the engine's.
    has_started: bool,
    /// Whether it has done what it was given first, and waits.
    is_ready: bool,
}

impl ShellBoot {
    /// Boots, and waits until the shell, which answers first of all, has done what `prelude` says;
    /// then it waits for more input.
    fn boot_shell(
        target: &str,
        argv: &[String],
        prelude: &str,
        limit: Duration,
        cancel: &CancelFlag,
    ) -> Result<Self> {
        let nonce = script::make_nonce()?;
        let (first, ready) = (started_line(&nonce), ready_line(&nonce));
        let script = format!("echo {first}\n{prelude}echo {ready}\n");
        let mut running = start_command(argv, script.as_bytes(), limit, cancel)?;
        let is_ready = wait_for(&mut running, ready.as_bytes());
        let has_started = is_ready || holds_bytes(&running.stdout_so_far(), first.as_bytes());
        Ok(Self { target: target.into(), nonce, running, has_started, is_ready })
    }

    /// Sends the script, which ends the boot, and does something else until it has ended.
    fn run_script(
        mut self,
        questions: &[BatchQuestion],
        limits: &BatchLimits,
        meanwhile: impl FnOnce() -> Vec<Capture> + Send,
    ) -> TargetOutcome {
        if self.is_ready {
            self.running
                .write_stdin(script::generate_script(questions, &self.nonce, limits).as_bytes());
        }
        let (finished, others) = std::thread::scope(|scope| {
            let others = scope.spawn(meanwhile);
            (self.running.wait_for_end(), join_thread(others))
        });
        let mut answers = script::parse_script_output(&finished.stdout, &self.nonce, questions);
        for line in [started_line(&self.nonce), ready_line(&self.nonce)] {
            remove_bytes(&mut answers.stray, format!("{line}\n").as_bytes());
        }
        let is_failed = !self.has_started && finished.ended != ExitReason::Cancelled;
        let failure = is_failed.then(|| finished.error_summary());
        let mut captures = vec![boot_capture(&self.target, &finished, &answers)];
        captures.extend(answer_captures(&self.target, questions, &answers, self.has_started));
        captures.extend(others);
        TargetOutcome { captures, failure }
    }
}

fn started_line(nonce: &str) -> String {
    format!("started {nonce}")
}

/// What the shell says when it waits for the script.
fn ready_line(nonce: &str) -> String {
    format!("ready {nonce}")
}

/// Waits until the output holds `mark`; false if the command ended or was stopped before.
fn wait_for(running: &mut RunningCommand, mark: &[u8]) -> bool {
    loop {
        // Asked first, so that what was printed before an end is seen.
        let is_running = running.is_running();
        if holds_bytes(&running.stdout_so_far(), mark) {
            return true;
        }
        if !is_running {
            return false;
        }
        running.wait_one_tick();
    }
}

fn holds_bytes(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn remove_bytes(bytes: &mut Vec<u8>, part: &[u8]) {
    if let Some(at) = bytes.windows(part.len()).position(|window| window == part) {
        bytes.drain(at..at + part.len());
    }
}

/// The boot itself: the engine's command line, how it ended, and its own words, which are no
/// evidence about the container.
fn boot_capture(target: &str, finished: &CommandOutput, answers: &BatchAnswers) -> Capture {
    let status = match finished.ended {
        _ if answers.started && answers.finished => CaptureStatus::Ok,
        ExitReason::TimedOut => CaptureStatus::Timeout,
        ExitReason::Cancelled => CaptureStatus::Stopped,
        ExitReason::Exit(_) => CaptureStatus::Error,
    };
    let stdout = CapturedStream::new(&answers.stray);
    Capture { status, stdout, ..from_command(target, "boot", finished) }
}

/// The captures of a script's answers. That others were asked and did not answer is recorded where
/// the target `has_started`.
pub(crate) fn answer_captures(
    target: &str,
    questions: &[BatchQuestion],
    answers: &BatchAnswers,
    has_started: bool,
) -> Vec<Capture> {
    let mut captures = Vec::new();
    for answer in &answers.answers {
        if let Some(question) = questions.iter().find(|question| question.id == answer.id) {
            captures.push(probe_capture(target, question, answer));
        }
    }
    for (id, status) in answers.unanswered.iter().filter(|_| has_started) {
        if let Some(question) = questions.iter().find(|question| question.id == *id) {
            captures.push(unanswered_capture(target, question, *status));
        }
    }
    captures
}

fn probe_capture(target: &str, question: &BatchQuestion, answer: &BatchAnswer) -> Capture {
    let command = question.command.to_string();
    let origin = CaptureOrigin::Probe { command, within: format!("{target}/boot") };
    Capture {
        status: answer.status,
        exit: answer.exit,
        duration_ms: answer.duration_ms,
        stderr: (!answer.stderr.is_empty()).then(|| CapturedStream::new(&answer.stderr)),
        ..Capture::of_target(target, &answer.id, origin, &answer.stdout)
    }
}

/// The record that a probe was asked, and that there is no answer.
fn unanswered_capture(target: &str, question: &BatchQuestion, status: CaptureStatus) -> Capture {
    let nothing = BatchAnswer {
        id: question.id.to_string(),
        status,
        exit: None,
        stdout: Vec::new(),
        stderr: Vec::new(),
        duration_ms: None,
    };
    probe_capture(target, question, &nothing)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of a shell in a container that the engine starts with this command line.
    fn outcome_of(engine: &str, prelude: &str) -> TargetOutcome {
        let argv = ["sh", "-c", engine].map(String::from);
        let (limit, cancel) = (Duration::from_secs(10), CancelFlag::default());
        let boot = ShellBoot::boot_shell("runc", &argv, prelude, limit, &cancel).unwrap();
        let question = BatchQuestion { id: "kernel.uname", command: "uname -a" };
        boot.run_script(&[question], &BatchLimits::default(), Vec::new)
    }

    #[test]
    fn a_shell_that_ends_before_it_is_ready_is_that_of_a_container_that_started() {
        let outcome = outcome_of("exec sh", "echo 'cannot fork' >&2; exit 2\n");
        assert_eq!(outcome.failure, None);
        let [boot, asked] = &outcome.captures[..] else { panic!("{:?}", outcome.captures) };
        assert_eq!((boot.status, boot.exit), (CaptureStatus::Error, Some(2)));
        assert_eq!(boot.stdout.text_lines().len(), 0, "{boot:?}");
        assert_eq!(asked.status, CaptureStatus::Unreached);
    }

    #[test]
    fn a_client_that_starts_no_shell_is_a_failure_in_its_own_words() {
        let outcome = outcome_of("echo 'no such runtime' >&2; exit 125", "");
        assert_eq!(outcome.failure.as_deref(), Some("no such runtime"));
    }
}
