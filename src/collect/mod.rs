//! Collecting: plan, execute, run.
//!
//! All container probes of a target run in one boot, from one generated script, and the same
//! script runs on the host, under the baseline and under each candidate: what differs between
//! host and candidate but not between baseline and candidate is a namespace effect.

mod app;
mod batch;
mod escape;
mod host_side;
mod http;
mod latency;
mod perf;
pub mod plan;
mod startup;
mod version;

use std::collections::BTreeMap;
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::engine::process::{Cancel, Ended, Finished, run};
use crate::engine::{self, Container, Kind, Mode, OWNER_LABEL, SESSION_LABEL, clean, facts};
use crate::error::{Error, Result};
use crate::model::{
    Capture, Edition, Evidence, Generator, Origin, Redaction, Role, Run, SCHEMA_VERSION, Status,
    Stream, Target,
};
use crate::owner;
use crate::privacy::Redactor;
use crate::probe::catalogue::{Catalogue, Place};
use crate::probe::unanswered::boot_gaps;
use crate::probe::{collected, script};
pub use app::App;
pub use escape::sweep as sweep_folders;
pub use latency::Load;
pub use perf::Wish as Perf;
pub use plan::{Spec, Wanted};
pub use startup::Rounds;

/// What to collect.
#[derive(Debug, Clone)]
pub struct Options {
    /// The engine; by default the first that can be used.
    pub engine: Option<Kind>,
    /// The runtimes; by default the engine's own and every sandboxed one it has.
    pub runtimes: Vec<Wanted>,
    /// The name of the runtime that the others are compared with.
    pub baseline: Option<String>,
    /// The image of the containers.
    pub image: String,
    /// The form of the lab that the run is for.
    pub edition: Edition,
    /// A name for the run.
    pub label: Option<String>,
    /// How long one container may take.
    pub timeout: Duration,
    /// How many starts are measured.
    pub rounds: Rounds,
    /// How speed inside the containers is measured; none if it is left out.
    pub perf: Option<Perf>,
    /// Whether a container may write one line to the host's kernel log as a witness.
    pub kernel_log_witness: bool,
    /// The web application; none if it is left out.
    pub app: Option<App>,
    /// Whether a privileged container may be started, and a file of ours be shared with one.
    pub allow_privileged: bool,
}

/// Told what is being captured.
pub trait Progress: Sync {
    /// A step begins.
    fn step(&self, target: &str, what: &str);
    /// Something went wrong, and collecting goes on.
    fn trouble(&self, target: &str, what: &str);
}

/// What stays the same during a session.
pub(crate) struct Session<'a> {
    id: String,
    folder: clean::Folder,
    engine: Kind,
    image: &'a str,
    labels: Vec<(String, String)>,
    timeout: Duration,
    cancel: &'a Cancel,
    catalogue: &'a Catalogue,
    progress: &'a dyn Progress,
    kernel_log_witness: bool,
}

impl Session<'_> {
    fn is_cancelled(&self) -> bool {
        self.cancel.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// The name of a container of this session.
    fn container_name(&self, target: &str, part: &str) -> String {
        format!("isoproof-{}-{target}-{part}", self.id)
    }

    /// The options that every container of this session gets.
    fn options(&self, container: &str) -> Vec<String> {
        self.folder.id_options(container)
    }

    /// The command line that runs a container of this session's image under a target.
    fn argv(
        &self,
        spec: &Spec,
        name: &str,
        command: &[&str],
        mode: Mode,
        more: &[String],
    ) -> Vec<String> {
        let mut options = self.options(name);
        options.extend(more.iter().cloned());
        let container = Container {
            name,
            labels: &self.labels,
            image: self.image,
            handler: spec.handler.as_deref(),
            command,
            mode,
            options: &options,
        };
        engine::run_argv(self.engine, &container)
    }
}

/// Captures evidence into a run, which has no id yet.
///
/// Containers of earlier sessions that were killed are removed first, those of this one at the
/// end, whatever happens. A target that fails is recorded as failed and the others go on. If the
/// user stops it, what was captured so far is returned.
///
/// # Errors
///
/// The engine cannot be used, the image is not there, or nothing at all could be captured.
pub fn collect(
    options: &Options,
    catalogue: &Catalogue,
    redactor: Option<&mut Redactor>,
    created: DateTime<Utc>,
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<Run> {
    let kind = match options.engine {
        Some(kind) => engine::check(kind, cancel).map(|()| kind)?,
        None => engine::detect(cancel)?,
    };
    let specs = plan::targets(kind, &options.runtimes, options.baseline.as_deref(), cancel)?;
    let id = script::nonce()?[..12].to_string();
    for removed in clean::sweep(kind, None).removed {
        progress.step("before", &format!("removed {removed}"));
    }
    let session = Session {
        folder: clean::Folder::create(&id, kind)?,
        id,
        engine: kind,
        image: &options.image,
        labels: Vec::new(),
        timeout: options.timeout,
        cancel,
        catalogue,
        progress,
        kernel_log_witness: options.kernel_log_witness,
    };
    let labels = vec![
        (SESSION_LABEL.to_string(), session.id.clone()),
        (OWNER_LABEL.to_string(), owner::mark()),
    ];
    let session = Session { labels, ..session };
    escape::sweep();
    let mut skipped = BTreeMap::new();
    let (targets, captures) = execute_cleanly(&session, &specs, options, &mut skipped)?;
    if captures.is_empty() {
        return Err(Error::environment("nothing could be captured"));
    }
    Ok(assemble(options, &session, targets, captures, skipped, redactor, created))
}

/// The application, if it can be started; why not, if it cannot.
///
/// # Errors
///
/// Its port is in use: that is said before anything is started.
fn usable_app<'a>(
    session: &Session,
    options: &'a Options,
    skipped: &mut BTreeMap<String, String>,
) -> Result<Option<&'a App>> {
    let reason = match &options.app {
        None => "the application was left out with --no-app".to_string(),
        Some(app) => match missing_image(session, app).or_else(|| app::obstacle(session.engine)) {
            None => {
                app::check_port(app.host_port)?;
                return Ok(Some(app));
            }
            Some(reason) => {
                session.progress.trouble("application", &reason);
                reason
            }
        },
    };
    for part in ["app", "http"] {
        skipped.insert(part.into(), reason.clone());
    }
    Ok(None)
}

/// Why the application's image cannot be had. One that nobody named is not pulled.
fn missing_image(session: &Session, app: &App) -> Option<String> {
    if facts::has_image(session.engine, app.image(), session.cancel) {
        return None;
    }
    if app.image.is_none() {
        return Some(format!("image not present: {}", app.image()));
    }
    ensure_image(session, app.image()).err().map(|error| error.message)
}

/// The application and the shared folder, under every target that started.
fn more(
    session: &Session,
    specs: &[Spec],
    options: &Options,
    app: Option<&App>,
    skipped: &mut BTreeMap<String, String>,
) -> Vec<Capture> {
    let mut captures = Vec::new();
    let mut floor = latency::Floor::default();
    if let Some(app) = app {
        if app::proxy_variables().is_none() {
            let reason = "no proxy variable is set in the environment".to_string();
            skipped.insert("app.health_proxied".into(), reason);
        }
        for spec in specs.iter().take_while(|_| !session.is_cancelled()) {
            captures.extend(app::captures(session, spec, app, &mut floor));
        }
        captures.extend(floor.capture());
    }
    let left_out = (!options.allow_privileged)
        .then(|| "only with --allow-privileged".to_string())
        .or_else(|| escape::obstacle(session.engine));
    match left_out {
        Some(reason) => {
            skipped.insert("escape".into(), reason);
        }
        None => {
            for spec in specs.iter().take_while(|_| !session.is_cancelled()) {
                captures.extend(escape::captures(session, spec));
            }
        }
    }
    if session.is_cancelled() {
        for part in ["startup", "perf", "app", "http", "escape"] {
            let reason = || "the session was stopped before it came to this".to_string();
            skipped.entry(part.into()).or_insert_with(reason);
        }
    }
    captures
}

/// Executes, and leaves nothing behind, whatever happens.
fn execute_cleanly(
    session: &Session,
    specs: &[Spec],
    options: &Options,
    skipped: &mut BTreeMap<String, String>,
) -> Result<(Vec<Target>, Vec<Capture>)> {
    let _cleaner = SessionCleaner(session);
    execute_all(session, specs, options, skipped)
}

/// Removes what a session started when the session ends, by a panic too.
struct SessionCleaner<'a>(&'a Session<'a>);

impl Drop for SessionCleaner<'_> {
    fn drop(&mut self) {
        if self.0.is_cancelled() {
            // A container that a killed client asked for may appear a moment later.
            std::thread::sleep(Duration::from_millis(150));
        }
        for left in clean::sweep(self.0.engine, Some(&self.0.id)).left {
            let words = format!("{left} could not be removed: `isoproof clean` tries again");
            self.0.progress.trouble("after", &words);
        }
    }
}

/// Waits for a thread. Its panic goes on here: what it had to hand over is lost, and a run
/// without it would say that it was never asked for.
fn join_thread<T>(handle: ScopedJoinHandle<'_, T>) -> T {
    handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The probes first, then what is measured of the targets that started.
fn execute_all(
    session: &Session,
    specs: &[Spec],
    options: &Options,
    skipped: &mut BTreeMap<String, String>,
) -> Result<(Vec<Target>, Vec<Capture>)> {
    ensure_image(session, session.image)?;
    let app = usable_app(session, options, skipped)?;
    let effort = perf::usable(session, options.perf, skipped)?;
    let cold = startup::cold(session, specs, options.rounds);
    let (mut targets, mut captures) = execute(session, specs);
    let started = |spec: &&Spec| {
        targets.iter().any(|target| target.name == spec.name && target.failure.is_none())
    };
    let (all, specs): (_, Vec<Spec>) = (specs, specs.iter().filter(started).cloned().collect());
    captures.extend(cold);
    targets.extend(unasked(session, &targets, all, &captures));
    captures.extend(startup::captures(session, &specs, options.rounds, skipped));
    if let Some(effort) = effort {
        captures.extend(perf::captures(session, &specs, effort, skipped));
    }
    captures.extend(more(session, &specs, options, app, skipped));
    Ok((targets, captures))
}

/// The image is there before anything is started: a pull is never part of a measurement.
fn ensure_image(session: &Session, image: &str) -> Result<()> {
    if facts::has_image(session.engine, image, session.cancel) {
        return Ok(());
    }
    session.progress.step("image", "pulling");
    let name = session.engine.name().to_string();
    let argv = match session.engine {
        Kind::Ctr => vec![name, "images".into(), "pull".into(), engine::full_name(image)],
        _ => vec![name, "pull".into(), image.into()],
    };
    let pulled = run(&argv, Duration::from_secs(300), session.cancel)?;
    if pulled.is_success() {
        return Ok(());
    }
    Err(Error::environment(format!(
        "the image {image} is not there and cannot be pulled: {}",
        pulled.complaint()
    ))
    .help("load it first, or name one that is there with --image"))
}

/// The probes: on the host first, alone, because containers change what it shows; then under each
/// target.
fn execute(session: &Session, specs: &[Spec]) -> (Vec<Target>, Vec<Capture>) {
    session.progress.step("host", "probes");
    let host = std::thread::scope(|scope| {
        let answers = scope.spawn(|| engine_answers(session));
        let mut outcome = batch::on_host(session);
        tell_gaps(session, "host", &outcome.captures);
        outcome.captures.extend(join_thread(answers));
        outcome
    });
    let mut targets = vec![target("host", Role::Host, None, None, host.failure)];
    let mut captures = host.captures;
    for (spec, outcome) in specs.iter().zip(boots(session, specs)) {
        captures.extend(outcome.captures);
        let handler = spec.handler.as_deref();
        let engine = Some(session.engine.name());
        targets.push(target(&spec.name, spec.role, engine, handler, outcome.failure));
    }
    (targets, captures)
}

/// One boot of each target. While the script of one runs, the container of the next starts; the
/// host looks at it only when the one before is gone, because processes that share memory would
/// count as smaller.
fn boots(session: &Session, specs: &[Spec]) -> Vec<batch::Outcome> {
    let mut outcomes = Vec::new();
    std::thread::scope(|scope| {
        let mut before: Option<ScopedJoinHandle<batch::Outcome>> = None;
        for spec in specs.iter().take_while(|_| !session.is_cancelled()) {
            let container = batch::Container::start(session, spec);
            let since = Instant::now();
            outcomes.extend(before.take().map(join_thread));
            match container {
                Ok(mut container) => {
                    container.has_waited(since.elapsed());
                    let observed = container.observe(session);
                    before = Some(scope.spawn(move || ask(session, spec, container, observed)));
                }
                Err(error) => outcomes.push(failed(session, spec, error.message)),
            }
        }
        outcomes.extend(before.map(join_thread));
    });
    outcomes
}

/// What a container answers, and what is done beside that.
fn ask(
    session: &Session,
    spec: &Spec,
    container: batch::Container,
    observed: Vec<Capture>,
) -> batch::Outcome {
    let mut outcome = container.ask(session, || beside(session, spec));
    tell_gaps(session, &spec.name, &outcome.captures);
    outcome.captures.extend(observed);
    match outcome.failure.take() {
        None => outcome,
        Some(words) => {
            let failed = failed(session, spec, words);
            batch::Outcome { captures: outcome.captures, ..failed }
        }
    }
}

/// Says that probes have no answer; who stopped the session knows.
fn tell_gaps(session: &Session, target: &str, captures: &[Capture]) {
    for gap in boot_gaps(captures).values().filter(|_| !session.is_cancelled()) {
        let (missing, asked) = (gap.missing(), gap.asked);
        let words = format!("{missing} of {asked} probes have no answer: {}", gap.summary());
        session.progress.trouble(target, &words);
    }
}

/// A target that did not start, with the engine's words.
fn failed(session: &Session, spec: &Spec, words: String) -> batch::Outcome {
    session.progress.trouble(&spec.name, &words);
    batch::Outcome { captures: Vec::new(), failure: Some(words) }
}

/// The targets of which there is a first start and no more, because the user stopped the session.
fn unasked(
    session: &Session,
    targets: &[Target],
    specs: &[Spec],
    captures: &[Capture],
) -> Vec<Target> {
    let is_known = |spec: &Spec| targets.iter().any(|target| target.name == spec.name);
    let is_captured =
        |spec: &Spec| captures.iter().any(|capture| capture.target.as_ref() == Some(&spec.name));
    let engine = Some(session.engine.name());
    specs
        .iter()
        .filter(|spec| !is_known(spec) && is_captured(spec))
        .map(|spec| target(&spec.name, spec.role, engine, spec.handler.as_deref(), None))
        .collect()
}

fn target(
    name: &str,
    role: Role,
    engine: Option<&str>,
    handler: Option<&str>,
    failure: Option<String>,
) -> Target {
    Target {
        name: name.into(),
        role,
        engine: engine.map(String::from),
        handler: handler.map(String::from),
        failure,
    }
}

/// What the engine says about itself, as captures of the host.
fn engine_answers(session: &Session) -> Vec<Capture> {
    facts::questions(session.engine, session.image)
        .into_iter()
        .filter_map(|(id, argv)| {
            let finished = run(&argv, engine::QUESTION, session.cancel).ok()?;
            Some(from_command("host", id, &finished))
        })
        .collect()
}

/// What is asked of a target beside its probes: which program the runtime is, and the lab's test
/// run.
fn beside(session: &Session, spec: &Spec) -> Vec<Capture> {
    let mut captures = version::captures(session, spec);
    if !session.is_cancelled() && session.engine != Kind::Builtin {
        captures.extend(test_run(session, spec));
    }
    captures
}

/// The run that the lab asks for: `uname -a` in a container of its own.
fn test_run(session: &Session, spec: &Spec) -> Option<Capture> {
    session.progress.step(&spec.name, "test run");
    let name = session.container_name(&spec.name, "test");
    let argv = session.argv(spec, &name, &["uname", "-a"], Mode::Attached, &[]);
    let finished = run(&argv, session.timeout, session.cancel).ok()?;
    Some(from_command(&spec.name, "kernel.uname", &finished))
}

/// A capture of a command that isoproof ran.
fn from_command(target: &str, id: &str, finished: &Finished) -> Capture {
    let stderr = crate::text::decode(&finished.stderr);
    let status = match finished.ended {
        Ended::TimedOut => Status::Timeout,
        Ended::Cancelled => Status::Stopped,
        Ended::Exit(Some(0)) => Status::Ok,
        Ended::Exit(exit) => match script::status(exit, &finished.stdout, stderr.as_bytes()) {
            // A container that ended with an error answered nothing.
            Status::Ok => Status::Error,
            status => status,
        },
    };
    Capture {
        id: format!("{target}/{id}"),
        target: Some(target.to_string()),
        origin: Origin::Command { argv: finished.argv.clone() },
        status,
        exit: finished.exit(),
        started: Some(finished.started),
        duration_ms: Some(milliseconds(finished.duration)),
        stdout: Stream::new(&finished.stdout),
        stderr: (!finished.stderr.is_empty()).then(|| Stream::new(&finished.stderr)),
    }
}

/// A duration in milliseconds, to the microsecond.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

fn assemble(
    options: &Options,
    session: &Session,
    mut targets: Vec<Target>,
    mut captures: Vec<Capture>,
    mut skipped: BTreeMap<String, String>,
    redactor: Option<&mut Redactor>,
    created: DateTime<Utc>,
) -> Run {
    let mut image = session.image.to_string();
    let redaction = match redactor {
        Some(redactor) => {
            redactor.know_this_machine();
            redactor.redact(&mut captures, |captures| {
                collected::read(captures, &targets, &skipped, session.catalogue)
            });
            let words = targets.iter_mut().flat_map(|it| [&mut it.failure, &mut it.handler]);
            let words = words.flatten().chain(skipped.values_mut());
            for words in words.chain(std::iter::once(&mut image)) {
                *words = redactor.redact_words(words);
            }
            redactor.report()
        }
        None => Redaction { applied: false, replaced: BTreeMap::new() },
    };
    let facts = collected::read(&captures, &targets, &skipped, session.catalogue);
    Run {
        schema_version: SCHEMA_VERSION,
        id: String::new(),
        digest: None,
        label: options.label.clone(),
        created,
        edition: options.edition,
        generator: Generator::this(),
        evidence: Evidence::Collected {
            engine: session.engine.name().into(),
            image,
            session: session.id.clone(),
            interrupted: session.is_cancelled(),
            skipped,
        },
        redaction,
        targets,
        captures,
        facts,
    }
}

/// Whether a probe belongs into the script.
fn is_scripted(place: &[Place], on_host: bool) -> bool {
    place.contains(if on_host { &Place::Host } else { &Place::Container })
}

/// Waits until `done` or the limit, a tick at a time.
fn wait_until(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    while !done() {
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// A progress that fails when it is told of the first container.
    struct BrokenProgress;

    impl Progress for BrokenProgress {
        fn step(&self, target: &str, _: &str) {
            assert_ne!(target, "namespaces", "a bug");
        }

        fn trouble(&self, _: &str, _: &str) {}
    }

    #[test]
    fn a_session_that_ends_by_a_panic_leaves_nothing_behind() {
        let options = Options {
            engine: Some(Kind::Builtin),
            runtimes: Vec::new(),
            baseline: None,
            image: "alpine:3.19".into(),
            edition: Edition::F25,
            label: None,
            timeout: Duration::from_secs(30),
            rounds: Rounds { warmup: 0, samples: 0, max_time: None },
            perf: None,
            kernel_log_witness: false,
            app: None,
            allow_privileged: false,
        };
        let catalogue = Catalogue::load(None).unwrap();
        let (now, cancel) = (DateTime::UNIX_EPOCH, Cancel::default());
        let session = || collect(&options, &catalogue, None, now, &cancel, &BrokenProgress);
        let panic = catch_unwind(AssertUnwindSafe(session)).unwrap_err();
        assert!(panic.downcast_ref::<String>().unwrap().contains("a bug"));
        let is_ours = |folder: &clean::Folder| {
            folder.is_owned && folder.path().to_string_lossy().ends_with(&owner::mark())
        };
        assert_eq!(clean::Folder::all().into_iter().find(is_ours), None);
    }

    #[test]
    #[should_panic(expected = "in a thread")]
    fn a_panic_of_a_thread_goes_on_where_it_is_joined() {
        std::thread::scope(|scope| join_thread(scope.spawn(|| panic!("in a thread"))));
    }
}
