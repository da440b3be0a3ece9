//! One boot: the script on standard input, its answers on standard output, and the host looking
//! at the container while it runs.

use super::{Session, Spec, from_command, host_side, is_scripted};
use crate::engine::Mode;
use crate::engine::process::{Finished, Input, Running, start};
use crate::error::Result;
use crate::model::{Capture, Origin, Status, Stream};
use crate::probe::script::{self, Answer, Answers, Limits, Question};

/// What came of a target.
pub struct Outcome {
    /// The captures.
    pub captures: Vec<Capture>,
    /// The engine's words, if the target could not be started.
    pub failure: Option<String>,
}

/// Runs the script on the host.
pub fn on_host(session: &Session) -> Vec<Capture> {
    let argv = vec!["sh".to_string()];
    let questions = questions(session, true);
    // On the host the files lie in the session's folder, which `clean` knows.
    let limits =
        Limits { places: vec![session.folder.path().display().to_string()], ..Limits::default() };
    let boot = Boot { argv, target: "host", questions, limits, prelude: String::new() };
    match boot.run(session, |_| Vec::new(), Vec::new) {
        Ok(outcome) => outcome.captures,
        Err(error) => {
            session.progress.trouble("host", &error.message);
            Vec::new()
        }
    }
}

/// Runs the script in a container of a target, with a witness process in it. While the script
/// runs, after the host has looked at the container, `meanwhile` does what is not timed.
pub fn in_container(
    session: &Session,
    spec: &Spec,
    meanwhile: impl FnOnce() -> Vec<Capture> + Send,
) -> Outcome {
    session.progress.step(&spec.name, "probes, in one boot");
    let name = session.container_name(&spec.name, "probes");
    let witness = match host_side::Witness::new() {
        Ok(witness) => witness,
        Err(error) => return Outcome { captures: Vec::new(), failure: Some(error.message) },
    };
    let mut options = Vec::new();
    if session.kernel_log_witness {
        options.extend(host_side::kernel_log_options(session.engine));
    }
    let argv = session.argv(spec, &name, &["sh"], Mode::Interactive, &options);
    let questions = questions(session, false);
    let mut prelude = witness.start_command();
    if session.kernel_log_witness {
        prelude.push_str(&witness.kernel_log_command());
    }
    let look = |running: &Running| host_side::observe(session, spec, &name, &witness, running);
    let boot = Boot { argv, target: &spec.name, questions, limits: Limits::default(), prelude };
    match boot.run(session, look, meanwhile) {
        Ok(outcome) => outcome,
        Err(error) => Outcome { captures: Vec::new(), failure: Some(error.message) },
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

/// One boot of a target.
struct Boot<'a> {
    /// The engine's client with a shell on its standard input, or the host's shell.
    argv: Vec<String>,
    target: &'a str,
    questions: Vec<Question<'a>>,
    limits: Limits,
    /// What the shell is given before it says that it is there.
    prelude: String,
}

impl Boot<'_> {
    /// Boots; lets the host look as soon as the shell answers, while it waits for more input; then
    /// sends the script, which ends the boot, and does something else until it has ended.
    fn run(
        &self,
        session: &Session,
        look: impl FnOnce(&Running) -> Vec<Capture>,
        meanwhile: impl FnOnce() -> Vec<Capture> + Send,
    ) -> Result<Outcome> {
        let nonce = script::nonce()?;
        let ready = format!("ready {nonce}");
        let first = format!("{}echo {ready}\n", self.prelude);
        let input = Input::Open(first.as_bytes());
        let mut running = start(&self.argv, input, session.timeout, session.cancel)?;
        let mut observed = Vec::new();
        let has_started = wait_for(&mut running, ready.as_bytes());
        if has_started {
            observed = look(&running);
            running.say(script::generate(&self.questions, &nonce, &self.limits).as_bytes());
        }
        let (finished, others) = std::thread::scope(|scope| {
            let others = scope.spawn(meanwhile);
            // A thread that panicked has nothing to hand over.
            (running.finish(), others.join().unwrap_or_default())
        });
        let mut answers = script::parse(&finished.stdout, &nonce, &self.questions);
        remove(&mut answers.stray, format!("{ready}\n").as_bytes());
        let failure = (!has_started).then(|| finished.complaint());
        let mut captures = vec![boot_capture(self.target, &finished, &answers)];
        captures.extend(answers.answers.iter().filter_map(|answer| {
            let question = self.questions.iter().find(|question| question.id == answer.id)?;
            Some(probe_capture(self.target, question, answer))
        }));
        captures.extend(observed);
        captures.extend(others);
        Ok(Outcome { captures, failure })
    }
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
    let status = match (answers.started, answers.finished) {
        (true, true) => Status::Ok,
        (true, false) => Status::Truncated,
        (false, _) => Status::Error,
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
