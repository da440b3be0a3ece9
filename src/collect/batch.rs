//! One boot: the script on standard input, its answers on standard output, and the host looking
//! at the container while it runs.

use std::time::Duration;

use super::{Session, Spec, from_command, host_side, is_scripted, join_thread};
use crate::engine::Mode;
use crate::engine::process::{Ended, Finished, Input, Running, start};
use crate::error::Result;
use crate::model::{Capture, Origin, Status, Stream};
use crate::probe::script::{self, Answer, Answers, Limits, Question, Unanswered};

/// What came of a target.
pub struct Outcome {
    /// The captures.
    pub captures: Vec<Capture>,
    /// The engine's words, if the target could not be started.
    pub failure: Option<String>,
}

/// Runs the script on the host.
pub fn on_host(session: &Session) -> Outcome {
    let argv = vec!["sh".to_string()];
    // On the host the files lie in the session's folder, which `clean` knows.
    let limits =
        Limits { places: vec![session.folder.path().display().to_string()], ..Limits::default() };
    let outcome = match Boot::start(session, "host", &argv, "") {
        Ok(boot) => boot.ask(&questions(session, true), &limits, Vec::new),
        Err(error) => Outcome { captures: Vec::new(), failure: Some(error.message) },
    };
    if let Some(words) = &outcome.failure {
        session.progress.trouble("host", words);
    }
    outcome
}

/// A container of a target whose shell waits for the script, with a witness process in it.
pub struct Container<'a> {
    spec: &'a Spec,
    name: String,
    witness: host_side::Witness,
    boot: Boot,
}

impl<'a> Container<'a> {
    /// Starts it, and waits until its shell answers.
    ///
    /// # Errors
    ///
    /// The engine's client cannot be started. A container that does not start is an outcome.
    pub fn start(session: &Session, spec: &'a Spec) -> Result<Self> {
        session.progress.step(&spec.name, "probes, in one boot");
        let name = session.container_name(&spec.name, "probes");
        let witness = host_side::Witness::new()?;
        let mut options = Vec::new();
        let mut prelude = witness.start_command();
        if session.kernel_log_witness {
            options.extend(host_side::kernel_log_options(session.engine));
            prelude.push_str(&witness.kernel_log_command());
        }
        let argv = session.argv(spec, &name, &["sh"], Mode::Interactive, &options);
        let boot = Boot::start(session, &spec.name, &argv, &prelude)?;
        Ok(Self { spec, name, witness, boot })
    }

    /// Gives it the time again that it had to wait for another.
    pub fn has_waited(&mut self, time: Duration) {
        self.boot.running.allow(time);
    }

    /// What the host sees of it, while its shell waits.
    pub fn observe(&self, session: &Session) -> Vec<Capture> {
        if !self.boot.has_started {
            return Vec::new();
        }
        host_side::observe(session, self.spec, &self.name)
    }

    /// Runs the script, which ends the container. While it runs, the host is searched for the
    /// witness, and then `meanwhile` does what is not timed.
    pub fn ask(
        self,
        session: &Session,
        meanwhile: impl FnOnce() -> Vec<Capture> + Send,
    ) -> Outcome {
        let Self { spec, witness, boot, .. } = self;
        let has_started = boot.has_started;
        // Looked for once while the container is sure to be there, and then beside the script.
        let found = if has_started { witness.find() } else { None };
        boot.ask(&questions(session, false), &Limits::default(), || {
            let mut captures = Vec::new();
            if has_started {
                captures.extend(host_side::look_for(session, spec, &witness, found));
            }
            captures.extend(meanwhile());
            captures
        })
    }
}

fn questions<'a>(session: &'a Session, on_host: bool) -> Vec<Question<'a>> {
    session
        .catalogue
        .iter()
        .filter(|probe| is_scripted(&probe.place, on_host) && !probe.command.is_empty())
        .map(|probe| Question { id: &probe.id, command: &probe.command })
        .collect()
}

/// One boot of a target: the engine's client with a shell on its standard input, or the host's
/// shell.
struct Boot {
    target: String,
    nonce: String,
    running: Running,
    has_started: bool,
}

impl Boot {
    /// Boots, and waits until the shell answers; then it waits for more input. The shell is given
    /// `prelude` before it says that it is there.
    fn start(session: &Session, target: &str, argv: &[String], prelude: &str) -> Result<Self> {
        let nonce = script::nonce()?;
        let first = format!("{prelude}echo {}\n", ready(&nonce));
        let input = Input::Open(first.as_bytes());
        let mut running = start(argv, input, session.timeout, session.cancel)?;
        let has_started = wait_for(&mut running, ready(&nonce).as_bytes());
        Ok(Self { target: target.into(), nonce, running, has_started })
    }

    /// Sends the script, which ends the boot, and does something else until it has ended.
    fn ask(
        mut self,
        questions: &[Question],
        limits: &Limits,
        meanwhile: impl FnOnce() -> Vec<Capture> + Send,
    ) -> Outcome {
        if self.has_started {
            self.running.say(script::generate(questions, &self.nonce, limits).as_bytes());
        }
        let (finished, others) = std::thread::scope(|scope| {
            let others = scope.spawn(meanwhile);
            (self.running.finish(), join_thread(others))
        });
        let mut answers = script::parse(&finished.stdout, &self.nonce, questions);
        remove(&mut answers.stray, format!("{}\n", ready(&self.nonce)).as_bytes());
        let failure = (!self.has_started).then(|| finished.complaint());
        let mut captures = vec![boot_capture(&self.target, &finished, &answers)];
        captures.extend(answers.answers.iter().filter_map(|answer| {
            let question = questions.iter().find(|question| question.id == answer.id)?;
            Some(probe_capture(&self.target, question, answer))
        }));
        if self.has_started {
            captures.extend(answers.unanswered.iter().filter_map(|(id, why)| {
                let question = questions.iter().find(|question| question.id == id)?;
                Some(unanswered_capture(&self.target, question, *why))
            }));
        }
        captures.extend(others);
        Outcome { captures, failure }
    }
}

/// What the shell says when it is there.
fn ready(nonce: &str) -> String {
    format!("ready {nonce}")
}

/// Waits until the output holds `mark`; false if the command ended or was stopped before.
fn wait_for(running: &mut Running, mark: &[u8]) -> bool {
    let has_mark = |running: &mut Running| {
        running.stdout_so_far().windows(mark.len()).any(|window| window == mark)
    };
    while running.is_running() {
        if has_mark(running) {
            return true;
        }
        running.tick();
    }
    has_mark(running)
}

fn remove(bytes: &mut Vec<u8>, part: &[u8]) {
    if let Some(at) = bytes.windows(part.len()).position(|window| window == part) {
        bytes.drain(at..at + part.len());
    }
}

/// The boot itself: the engine's command line, how it ended, and its own words, which are no
/// evidence about the container.
fn boot_capture(target: &str, finished: &Finished, answers: &Answers) -> Capture {
    let status = match finished.ended {
        _ if answers.started && answers.finished => Status::Ok,
        Ended::TimedOut => Status::Timeout,
        Ended::Cancelled => Status::Stopped,
        Ended::Exit(_) => Status::Error,
    };
    let stdout = Stream::new(&answers.stray);
    Capture { status, stdout, ..from_command(target, "boot", finished) }
}

fn probe_capture(target: &str, question: &Question, answer: &Answer) -> Capture {
    Capture {
        id: format!("{target}/{}", answer.id),
        target: Some(target.to_string()),
        origin: Origin::Probe {
            command: question.command.to_string(),
            within: format!("{target}/boot"),
        },
        status: answer.status,
        exit: answer.exit,
        started: None,
        duration_ms: answer.duration_ms,
        stdout: Stream::new(&answer.stdout),
        stderr: (!answer.stderr.is_empty()).then(|| Stream::new(&answer.stderr)),
    }
}

/// The record that a probe was asked, and that there is no answer.
fn unanswered_capture(target: &str, question: &Question, why: Unanswered) -> Capture {
    let nothing = Answer {
        id: question.id.to_string(),
        status: why.status(),
        exit: None,
        stdout: Vec::new(),
        stderr: Vec::new(),
        duration_ms: None,
    };
    probe_capture(target, question, &nothing)
}
