//! Collecting: plan, execute, run.
//!
//! All container probes of a target run in one boot, from one generated script, and the same
//! script runs on the host, under the baseline and under each candidate: what differs between
//! host and candidate but not between baseline and candidate is a namespace effect.

mod app;
mod batch;
mod budget;
mod escape;
mod estimate;
mod host_side;
mod http;
mod latency;
mod machine_turn;
mod perf;
pub(crate) mod plan;
mod startup;
mod version;
mod work;
mod work_part;

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use estimate::{MeasurePlan, seen_starts};
use work::SessionWork;
use work_part::WorkPart;

use crate::engine::{
    self, ContainerMode, ContainerSpec, EngineKind, OWNER_LABEL, SESSION_LABEL, clean, facts,
};
use crate::error::{Error, Result};
use crate::model::{
    Capture, CaptureOrigin, CaptureStatus, CapturedStream, EvidenceKind, Generator, Redaction,
    Role, Run, SCHEMA_VERSION, Target,
};
use crate::owner;
use crate::privacy::Redactor;
use crate::probe::catalogue::{ProbeCatalogue, ProbePlace};
use crate::probe::unanswered::boot_gaps;
use crate::probe::{collected, script};
use crate::process::{CancelFlag, CommandOutput, ExitReason, run_command};
pub(crate) use app::AppRequest;
pub(crate) use batch::{answer_captures, script_questions};
pub(crate) use budget::FEWEST;
pub(crate) use escape::remove_orphan_folders as sweep_folders;
pub(crate) use estimate::SessionEstimate;
pub(crate) use host_side::{WitnessProcess, capture_of, witness_captures};
pub(crate) use latency::RequestLoad;
pub(crate) use perf::PerfOptions as Perf;
pub(crate) use plan::{RuntimeArgument, order_runtimes};
pub(crate) use startup::RoundCounts;

/// The probe that a test run answers.
const TEST_RUN: &str = "kernel.uname";

/// How often measures are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MeasureCounts {
    /// Starts of each target.
    pub samples: u32,
    /// Turns of what takes time inside of a target.
    pub speed_rounds: u32,
    /// Requests to the application in a series.
    pub requests: u32,
}

/// Where nothing else is asked for: the fewest turns whose median has an interval.
pub(crate) const USUAL: MeasureCounts =
    MeasureCounts { samples: 10, speed_rounds: 6, requests: 50 };

/// With `--thorough`.
pub(crate) const THOROUGH: MeasureCounts =
    MeasureCounts { samples: 30, speed_rounds: 12, requests: 200 };

/// What to collect.
#[derive(Debug, Clone)]
pub(crate) struct CollectOptions {
    /// The engine; by default the first that can be used.
    pub engine: Option<EngineKind>,
    /// The runtimes; by default the engine's own and every sandboxed one it has.
    pub runtimes: Vec<RuntimeArgument>,
    /// The name of the runtime that the others are compared with.
    pub baseline: Option<String>,
    /// The image of the containers.
    pub image: String,
    /// The edition of a pack that the run is for, if any.
    pub edition: Option<String>,
    /// A name for the run.
    pub label: Option<String>,
    /// How long one container may take.
    pub timeout: Duration,
    /// How many starts are measured.
    pub rounds: RoundCounts,
    /// How speed inside the containers is measured; none if it is left out.
    pub perf: Option<Perf>,
    /// Whether a container may write one line to the host's kernel log as a witness.
    pub kernel_log_witness: bool,
    /// The web application; none if it is left out.
    pub app: Option<AppRequest>,
    /// Whether a privileged container may be started, and a file of ours be shared with one.
    pub allow_privileged: bool,
    /// Whether only what verdicts rest on is captured.
    pub is_quick: bool,
    /// How long the session may take; what is left after the planned rounds goes to where intervals
    /// are widest. None for the planned rounds alone.
    pub budget: Option<Duration>,
}

impl CollectOptions {
    /// Whether the user left engine and runtimes to us.
    fn is_engine_chosen_by_us(&self) -> bool {
        self.engine.is_none() && self.runtimes.is_empty()
    }
}

/// Told what is being captured.
pub(crate) trait CollectProgress: Sync {
    /// A step begins. `done` is the share of the session before it, from 0 to 1, where it is known.
    fn on_step(&self, target: &str, what: &str, done: Option<f64>);
    /// How long the session takes is known now.
    fn on_estimate(&self, estimate: &SessionEstimate);
    /// Something went wrong, and collecting goes on.
    fn on_trouble(&self, target: &str, what: &str);
}

/// What stays the same during a session.
pub(crate) struct CollectSession<'a> {
    id: String,
    folder: clean::SessionFolder,
    engine: EngineKind,
    options: &'a CollectOptions,
    labels: Vec<(String, String)>,
    cancel: &'a CancelFlag,
    catalogue: &'a ProbeCatalogue,
    progress: &'a dyn CollectProgress,
    begun: Instant,
    plan: MeasurePlan,
    work: SessionWork,
    /// What docker's configuration names its runtimes, once it was asked.
    docker_runtimes: OnceLock<serde_json::Value>,
}

impl CollectSession<'_> {
    /// Tells who waits that a step begins; once the session is stopped, none does.
    fn begin_step(&self, part: WorkPart, target: &str, what: &str) {
        if self.is_cancelled() {
            return;
        }
        let planned = self.work.begin_step(part);
        let mut done = planned;
        if let Some(budget) = self.options.budget {
            let spent = self.begun.elapsed().as_secs_f64() / budget.as_secs_f64();
            done = if spent < 1.0 { spent } else { planned };
        }
        self.progress.on_step(target, what, Some(done));
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// The name of a container of this session.
    fn container_name(&self, target: &str, part: &str) -> String {
        format!("isoproof-{}-{target}-{part}", self.id)
    }

    /// The options that every container of this session gets.
    fn container_options(&self, container: &str) -> Vec<String> {
        self.folder.id_options(container)
    }

    /// The command line that runs a container of this session's image under a target.
    fn container_argv(
        &self,
        spec: &Target,
        name: &str,
        command: &[&str],
        mode: ContainerMode,
        more: &[String],
    ) -> Vec<String> {
        let mut options = self.container_options(name);
        options.extend(more.iter().cloned());
        let container = ContainerSpec {
            name,
            labels: &self.labels,
            image: &self.options.image,
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
/// The engine cannot be used or, where nobody named it, starts no container; the image is not there,
/// or nothing at all could be captured.
pub(crate) fn collect_run(
    options: &CollectOptions,
    catalogue: &ProbeCatalogue,
    redactor: Option<&mut Redactor>,
    created: DateTime<Utc>,
    cancel: &CancelFlag,
    progress: &dyn CollectProgress,
) -> Result<Run> {
    let kind = match options.engine {
        Some(kind) => engine::check_engine(kind, cancel).map(|()| kind)?,
        None => engine::detect_engine(cancel)?,
    };
    let specs = plan::plan_targets(kind, &options.runtimes, options.baseline.as_deref(), cancel)?;
    let _turn = machine_turn::wait_for_turn(cancel, progress)?;
    let begun = Instant::now();
    let plan = MeasurePlan::of_options(options, kind, catalogue);
    let id = script::make_nonce()?[..12].to_string();
    for removed in clean::remove_orphans(kind, None).removed {
        progress.on_step("before", &format!("removed {removed}"), None);
    }
    let session = CollectSession {
        folder: clean::SessionFolder::create_folder(&id, kind)?,
        labels: vec![
            (SESSION_LABEL.to_string(), id.clone()),
            (OWNER_LABEL.to_string(), owner::process_mark()),
        ],
        id,
        engine: kind,
        options,
        cancel,
        catalogue,
        progress,
        begun,
        plan,
        work: SessionWork::plan_session(plan, specs.len()),
        docker_runtimes: OnceLock::new(),
    };
    escape::remove_orphan_folders();
    let mut skipped = BTreeMap::new();
    let cleaner = SessionCleaner(&session);
    let (targets, captures) = execute_all(&session, &specs, &mut skipped)?;
    if captures.is_empty() {
        return Err(Error::failed_environment("nothing could be captured"));
    }
    let record = SessionRecord {
        label: options.label.clone(),
        edition: options.edition.clone(),
        created,
        engine: kind.name().into(),
        image: options.image.clone(),
        session: session.id.clone(),
        node: None,
        interrupted: session.is_cancelled(),
        skipped,
        targets,
        captures,
    };
    // Cleaning is mostly waiting for the engine, and the run needs nothing of it.
    Ok(std::thread::scope(|scope| {
        let cleaning = scope.spawn(move || drop(cleaner));
        let run = assemble_run(record, catalogue, redactor);
        join_thread(cleaning);
        run
    }))
}

/// The application, if it can be started; why not, if it cannot.
///
/// # Errors
///
/// Its port is in use: that is said before anything is started.
fn usable_app<'a>(
    session: &CollectSession<'a>,
    skipped: &mut BTreeMap<String, String>,
) -> Result<Option<&'a AppRequest>> {
    let reason = match &session.options.app {
        None => "the application was left out with --no-app".to_string(),
        Some(app) => match missing_image(session, app)
            .or_else(|| app::app_unsupported_reason(session.engine))
        {
            None => {
                app::check_port(app.host_port)?;
                return Ok(Some(app));
            }
            Some(reason) => {
                session.progress.on_trouble("application", &reason);
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
fn missing_image(session: &CollectSession, app: &AppRequest) -> Option<String> {
    match facts::has_image(session.engine, app.image_name(), session.cancel) {
        Ok(true) => return None,
        Ok(false) => {}
        Err(error) => return Some(error.message),
    }
    if app.image.is_none() {
        return Some(format!("image not present: {}", app.image_name()));
    }
    ensure_image(session, app.image_name()).err().map(|error| error.message)
}

/// The application and the shared folder, under every target that started.
fn run_app_and_share_tests(
    session: &CollectSession,
    specs: &[Target],
    app: Option<&AppRequest>,
    skipped: &mut BTreeMap<String, String>,
) -> Vec<Capture> {
    let mut captures = Vec::new();
    let mut floor = latency::LoopbackBaseline::default();
    if let Some(app) = app {
        if app::proxy_variables().is_none() {
            let reason = "no proxy variable is set in the environment".to_string();
            skipped.insert("app.health_proxied".into(), reason);
        }
        for spec in specs.iter().take_while(|_| !session.is_cancelled()) {
            captures.extend(app::capture_app(session, spec, app, &mut floor));
        }
        captures.extend(floor.capture_loopback());
    }
    let left_out = (!session.options.allow_privileged)
        .then(|| "only with --allow-privileged".to_string())
        .or_else(|| escape::escape_unsupported_reason(session.engine));
    match left_out {
        Some(reason) => {
            skipped.insert("escape".into(), reason);
        }
        None => {
            for spec in specs.iter().take_while(|_| !session.is_cancelled()) {
                captures.extend(escape::capture_escape_attempts(session, spec));
            }
        }
    }
    if session.is_cancelled() {
        for part in ["startup", "perf", "app", "http", "escape"] {
            let reason = "the session was stopped before it came to this";
            skipped.entry(part.into()).or_insert_with(|| reason.into());
        }
    }
    captures
}

/// Removes what a session started when the session ends, by a panic too.
struct SessionCleaner<'a>(&'a CollectSession<'a>);

impl Drop for SessionCleaner<'_> {
    fn drop(&mut self) {
        if self.0.is_cancelled() {
            self.0.progress.on_step("after", "removing what was started", None);
            // A container that a killed client asked for may appear a moment later.
            std::thread::sleep(Duration::from_millis(150));
        }
        for left in clean::remove_orphans(self.0.engine, Some(&self.0.id)).left {
            let words = format!("{left} could not be removed: `isoproof clean` tries again");
            self.0.progress.on_trouble("after", &words);
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
    session: &CollectSession,
    specs: &[Target],
    skipped: &mut BTreeMap<String, String>,
) -> Result<(Vec<Target>, Vec<Capture>)> {
    ensure_image(session, &session.options.image)?;
    let prepared = session.begun.elapsed();
    if session.options.is_quick {
        for part in ["startup", "perf", "app", "http", "escape"] {
            skipped.insert(part.into(), "left out with --quick".into());
        }
        return run_probes(session, specs);
    }
    let app = usable_app(session, skipped)?;
    let effort = perf::plan_measures(session, session.options.perf, skipped)?;
    let (cold, first_starts) = startup::capture_cold_starts(session, specs, session.options.rounds);
    let before = Instant::now();
    let (mut targets, mut captures) = run_probes(session, specs)?;
    let quick = prepared + before.elapsed();
    let (all, mut specs) = (specs, specs.to_vec());
    specs.retain(|spec| {
        targets.iter().any(|target| target.name == spec.name && target.failure.is_none())
    });
    let starts = seen_starts(&specs, &captures, &first_starts);
    let plan = session.plan.limit_to(app.is_some(), effort);
    tell_estimate(session, plan, &starts, quick);
    captures.extend(cold);
    targets.extend(cold_only_targets(&targets, all, &captures));
    let end = budget::measuring_end(session, plan.seconds_after_measures(&starts));
    captures.extend(measure_in_turns(session, &specs, effort, end, skipped));
    captures.extend(run_app_and_share_tests(session, &specs, app, skipped));
    Ok((targets, captures))
}

/// Start-up, and what takes time inside of the targets. What is left of a budget then goes to where
/// intervals are widest; starts come last, when the other containers are gone.
fn measure_in_turns(
    session: &CollectSession,
    specs: &[Target],
    effort: Option<perf::PerfPlan>,
    end: Option<Instant>,
    skipped: &mut BTreeMap<String, String>,
) -> Vec<Capture> {
    let mut starts = startup::measure_startup(session, specs, session.options.rounds, skipped);
    let mut speed = effort.map(|plan| perf::SpeedSeries::measure_rounds(session, specs, plan));
    let state = starts.as_ref().map(startup::StartupSeries::measure_state);
    if let (Some(speed), Some(end)) = (&mut speed, end) {
        spend_on_speed(speed, state, end);
    }
    let of_speed = speed.map(|speed| speed.finish_series(skipped)).unwrap_or_default();
    // Nothing else could still use the time.
    if let (Some(starts), Some(end)) = (&mut starts, end) {
        starts.measure_until(end);
    }
    let of_starts = starts.map(|starts| starts.finish_series(skipped)).unwrap_or_default();
    of_starts.into_iter().chain(of_speed).collect()
}

/// Measures more of what takes time inside of the targets, as far as its intervals are wider than
/// those of the starts, for which time is left. Planned anew when the plan is done: rounds may take
/// less time than before. Only the widths after the first rounds count.
fn spend_on_speed(
    speed: &mut perf::SpeedSeries,
    of_starts: Option<budget::MeasureState>,
    end: Instant,
) {
    const PLANS: usize = 4;
    let mut states = speed.measure_states();
    let measures = states.len();
    states.extend(of_starts);
    let mut got = vec![0; states.len()];
    for _ in 0..PLANS {
        got.truncate(measures);
        got.resize(states.len(), 0);
        let left = end.saturating_duration_since(Instant::now());
        let more = budget::spend_time(&states, &got, left.as_secs_f64());
        let for_starts = more.get(measures).copied().unwrap_or_default();
        let seconds = of_starts.map_or(0.0, |starts| starts.round_seconds);
        let kept = Duration::from_secs_f64(seconds * f64::from(for_starts));
        speed.measure_more(&more[..measures], end.checked_sub(kept).unwrap_or(end));
        for (state, now) in states.iter_mut().zip(speed.measure_states()) {
            state.round_seconds = now.round_seconds;
        }
        for (index, more) in more[..measures].iter().enumerate() {
            got[index] += more;
        }
    }
}

/// Tells how long the session takes, from what was seen of it.
fn tell_estimate(session: &CollectSession, plan: MeasurePlan, starts: &[f64], quick: Duration) {
    let spent = session.begun.elapsed();
    session.work.learn_pace(plan, starts, spent);
    let estimate = SessionEstimate::of_plan(plan, starts, session.begun, spent, quick);
    let Some(mut estimate) = estimate.filter(|_| !session.is_cancelled()) else { return };
    if let Some(budget) = session.options.budget {
        if estimate.whole > budget {
            let words = format!(
                "the least that every measure needs takes longer than the {} s of --budget",
                budget.as_secs()
            );
            session.progress.on_trouble("budget", &words);
        }
        estimate.whole = estimate.whole.max(budget);
    }
    session.progress.on_estimate(&estimate);
}

/// The image is there before anything is started: a pull is never part of a measurement.
fn ensure_image(session: &CollectSession, image: &str) -> Result<()> {
    if facts::has_image(session.engine, image, session.cancel)? {
        return Ok(());
    }
    session.progress.on_step("image", "pulling", None);
    let name = session.engine.name().to_string();
    let argv = match session.engine {
        EngineKind::Ctr => vec![name, "images".into(), "pull".into(), engine::full_name(image)],
        _ => vec![name, "pull".into(), image.into()],
    };
    let pulled = run_command(&argv, Duration::from_secs(300), session.cancel)?;
    if pulled.is_success() {
        return Ok(());
    }
    Err(Error::failed_environment(format!(
        "the image {image} is not there and cannot be pulled: {}",
        pulled.error_summary()
    ))
    .with_help("load it first, or name one that is there with --image"))
}

/// The probes: on the host first, alone, because containers change what it shows; then under each
/// target.
fn run_probes(session: &CollectSession, specs: &[Target]) -> Result<(Vec<Target>, Vec<Capture>)> {
    session.begin_step(WorkPart::Probes, "host", "probes");
    let host = std::thread::scope(|scope| {
        let answers = scope.spawn(|| engine_answers(session));
        let mut outcome = batch::on_host(session);
        tell_gaps(session, "host", &outcome.captures);
        outcome.captures.extend(join_thread(answers));
        outcome
    });
    let mut targets = vec![Target::of_role("host", Role::Host, host.failure)];
    let mut captures = host.captures;
    for (spec, outcome) in specs.iter().zip(boot_targets(session, specs)) {
        captures.extend(outcome.captures);
        targets.push(Target { failure: outcome.failure, ..spec.clone() });
    }
    match session.options.is_engine_chosen_by_us().then(|| failure_of_all(&targets)).flatten() {
        Some(failure) => Err(engine_that_starts_nothing(session.engine, failure)),
        None => Ok((targets, captures)),
    }
}

/// What the engine said of its first runtime, if none started.
fn failure_of_all(targets: &[Target]) -> Option<&str> {
    let runtimes = targets.iter().filter(|target| target.role != Role::Host);
    let failures: Option<Vec<&str>> = runtimes.map(|target| target.failure.as_deref()).collect();
    failures?.first().copied()
}

/// An engine that answers, and starts no container: a run of it would show nothing.
fn engine_that_starts_nothing(engine: EngineKind, failure: &str) -> Error {
    let name = engine.name();
    Error::failed_environment(format!("{name} starts no container here: {failure}"))
        .with_help(format!("`--engine {name}` records that; another engine may work"))
}

/// One boot of each target. While the script of one runs, the container of the next starts, unless
/// the one booted slowly; the host looks at it only when the one before is gone, because processes
/// that share memory would count as smaller.
fn boot_targets(session: &CollectSession, specs: &[Target]) -> Vec<batch::TargetOutcome> {
    let mut outcomes = Vec::new();
    std::thread::scope(|scope| {
        let mut before: Option<ScopedJoinHandle<batch::TargetOutcome>> = None;
        let mut is_slow = false;
        for spec in specs.iter().take_while(|_| !session.is_cancelled()) {
            if is_slow {
                outcomes.extend(before.take().map(join_thread));
            }
            let container = batch::WaitingContainer::start_container(session, spec);
            let since = Instant::now();
            outcomes.extend(before.take().map(join_thread));
            match container {
                Ok(mut container) => {
                    container.has_waited(since.elapsed());
                    is_slow = container.is_slow();
                    let observed = container.inspect_from_host(session);
                    before = Some(
                        scope.spawn(move || query_container(session, spec, container, observed)),
                    );
                }
                Err(error) => outcomes.push(failed_outcome(session, spec, error.message)),
            }
        }
        outcomes.extend(before.map(join_thread));
    });
    outcomes
}

/// What a container answers, and what is done beside that.
fn query_container(
    session: &CollectSession,
    spec: &Target,
    container: batch::WaitingContainer,
    observed: Vec<Capture>,
) -> batch::TargetOutcome {
    let is_slow = container.is_slow();
    let mut first_try = None;
    let mut outcome = container.probe_container(session, || {
        let versions = version::capture_versions(session, spec);
        if !is_slow {
            first_try = test_run(session, spec);
        }
        versions
    });
    tell_gaps(session, &spec.name, &outcome.captures);
    if outcome.failure.is_none() {
        let test_run = finish_test_run(session, spec, first_try);
        outcome.captures = answer_by_test_run(outcome.captures, test_run);
    }
    outcome.captures.extend(observed);
    match outcome.failure.take() {
        None => outcome,
        Some(words) => {
            let failed = failed_outcome(session, spec, words);
            batch::TargetOutcome { captures: outcome.captures, ..failed }
        }
    }
}

/// Says that probes have no answer; who stopped the session knows.
fn tell_gaps(session: &CollectSession, target: &str, captures: &[Capture]) {
    for gap in boot_gaps(captures).values().filter(|_| !session.is_cancelled()) {
        let (missing, asked) = (gap.count_missing(), gap.asked);
        let words =
            format!("{missing} of {asked} probes have no answer: {}", gap.summarize_reasons());
        session.progress.on_trouble(target, &words);
    }
}

/// A target that did not start, with the engine's words.
fn failed_outcome(session: &CollectSession, spec: &Target, words: String) -> batch::TargetOutcome {
    session.progress.on_trouble(&spec.name, &words);
    batch::TargetOutcome { captures: Vec::new(), failure: Some(words) }
}

/// The targets of which there is a first start and no more, because the user stopped the session.
fn cold_only_targets(targets: &[Target], specs: &[Target], captures: &[Capture]) -> Vec<Target> {
    let mut cold_only = specs.to_vec();
    cold_only.retain(|spec| {
        !targets.iter().any(|target| target.name == spec.name)
            && captures.iter().any(|capture| capture.target.as_ref() == Some(&spec.name))
    });
    cold_only
}

/// What the engine says about itself, as captures of the host.
fn engine_answers(session: &CollectSession) -> Vec<Capture> {
    facts::version_queries(session.engine, &session.options.image)
        .into_iter()
        .filter_map(|(id, argv)| {
            let finished = run_command(&argv, engine::QUESTION, session.cancel).ok()?;
            Some(from_command("host", id, &finished))
        })
        .collect()
}

/// The test run: `uname -a` in a container of its own. None where no edition asks for one: the boot
/// of the probes answers the same.
fn test_run(session: &CollectSession, spec: &Target) -> Option<Capture> {
    let options = session.options;
    let is_wanted = options.edition.is_some() && !options.is_quick;
    if !is_wanted || session.engine == EngineKind::Builtin || session.is_cancelled() {
        return None;
    }
    session.begin_step(WorkPart::Probes, &spec.name, "test run");
    let name = session.container_name(&spec.name, "test");
    let argv = session.container_argv(spec, &name, &["uname", "-a"], ContainerMode::Attached, &[]);
    let finished = run_command(&argv, session.options.timeout, session.cancel).ok()?;
    if !finished.is_success() && !session.is_cancelled() {
        clean::remove_named(session.engine, &name);
    }
    Some(from_command(&spec.name, TEST_RUN, &finished))
}

/// The test run that is kept: one that failed beside another container, or that had to wait for it,
/// is made now, alone. Says what happened.
fn finish_test_run(
    session: &CollectSession,
    spec: &Target,
    first_try: Option<Capture>,
) -> Option<Capture> {
    if let Some(first) = first_try {
        if first.status == CaptureStatus::Ok || session.is_cancelled() {
            return Some(first);
        }
        let what = "failed beside another container, and is made once more";
        report_failed_test_run(session, spec, &first, what);
    }
    let alone = test_run(session, spec);
    if let Some(capture) = &alone
        && capture.status != CaptureStatus::Ok
        && !session.is_cancelled()
    {
        report_failed_test_run(session, spec, capture, "failed");
    }
    alone
}

/// A duration as the records of measurements have it, to the microsecond.
fn show_seconds(duration: Duration) -> String {
    format!("{:.6}", duration.as_secs_f64())
}

fn report_failed_test_run(session: &CollectSession, spec: &Target, failed: &Capture, what: &str) {
    let words = failed.stderr.as_ref().map(|stream| stream.text_lines().join(" "));
    let words = words.map(|words| crate::text::join_words(&words)).filter(|it| !it.is_empty());
    let words = words.unwrap_or_else(|| failed.status.meaning().into());
    session.progress.on_trouble(&spec.name, &format!("the test run {what}: {words}"));
}

/// The captures of a target with its test run, whose answer takes the place of that of the boot. One
/// that failed has none, and stays beside it as the record of what happened.
fn answer_by_test_run(mut captures: Vec<Capture>, test_run: Option<Capture>) -> Vec<Capture> {
    let Some(mut test_run) = test_run else { return captures };
    if test_run.status == CaptureStatus::Ok {
        captures.retain(|capture| capture.id != test_run.id);
    } else if captures.iter().any(|capture| capture.id == test_run.id) {
        test_run.id = format!("{}.test_run", test_run.id);
    }
    captures.push(test_run);
    captures
}

/// A capture of a command that isoproof ran.
fn from_command(target: &str, id: &str, finished: &CommandOutput) -> Capture {
    let stderr = crate::text::decode_bytes(&finished.stderr);
    let status = match finished.ended {
        ExitReason::TimedOut => CaptureStatus::Timeout,
        ExitReason::Cancelled => CaptureStatus::Stopped,
        ExitReason::Exit(Some(0)) => CaptureStatus::Ok,
        ExitReason::Exit(exit) => {
            match script::exit_status(exit, &finished.stdout, stderr.as_bytes()) {
                // A container that ended with an error answered nothing.
                CaptureStatus::Ok => CaptureStatus::Error,
                status => status,
            }
        }
    };
    let origin = CaptureOrigin::Command { argv: finished.argv.clone() };
    Capture {
        status,
        exit: finished.exit_status(),
        started: Some(finished.started),
        duration_ms: Some(as_milliseconds(finished.duration)),
        stderr: (!finished.stderr.is_empty()).then(|| CapturedStream::new(&finished.stderr)),
        ..Capture::of_target(target, id, origin, &finished.stdout)
    }
}

/// A duration in milliseconds, to the microsecond.
fn as_milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// What a session recorded, before anything of it is replaced by pseudonyms.
pub(crate) struct SessionRecord {
    /// The name given by the user.
    pub label: Option<String>,
    /// The edition of a pack that the run is for.
    pub edition: Option<String>,
    /// When it is recorded.
    pub created: DateTime<Utc>,
    /// The engine.
    pub engine: String,
    /// The image of the containers.
    pub image: String,
    /// The id of the session.
    pub session: String,
    /// The node of a cluster.
    pub node: Option<String>,
    /// Whether the user stopped it.
    pub interrupted: bool,
    /// What was left out, with the reasons.
    pub skipped: BTreeMap<String, String>,
    /// What was probed.
    pub targets: Vec<Target>,
    /// The record.
    pub captures: Vec<Capture>,
}

/// The run of a record: identifiers are replaced, and the captures are read into facts.
pub(crate) fn assemble_run(
    mut record: SessionRecord,
    catalogue: &ProbeCatalogue,
    redactor: Option<&mut Redactor>,
) -> Run {
    let redaction = match redactor {
        Some(redactor) => {
            redactor.know_this_machine();
            if let Some(node) = &record.node {
                redactor.know_host(node);
            }
            let SessionRecord { targets, captures, skipped, image, node, .. } = &mut record;
            redactor.redact_captures(captures, |captures| {
                collected::read_captures(captures, targets, skipped, catalogue)
            });
            let words = targets.iter_mut().flat_map(|it| [&mut it.failure, &mut it.handler]);
            let words = words.flatten().chain(skipped.values_mut());
            for words in words.chain([image]).chain(node) {
                *words = redactor.redact_words(words);
            }
            redactor.redaction_counts()
        }
        None => Redaction { applied: false, replaced: BTreeMap::new() },
    };
    let SessionRecord { targets, captures, skipped, .. } = record;
    let facts = collected::read_captures(&captures, &targets, &skipped, catalogue);
    Run {
        schema_version: SCHEMA_VERSION,
        id: String::new(),
        digest: None,
        label: record.label,
        created: record.created,
        edition: record.edition,
        generator: Generator::this_program(),
        evidence: EvidenceKind::Collected {
            engine: record.engine,
            image: record.image,
            session: record.session,
            node: record.node,
            interrupted: record.interrupted,
            skipped,
        },
        redaction,
        targets,
        captures,
        facts,
    }
}

/// Whether a probe belongs into the script.
fn is_scripted(place: &[ProbePlace], on_host: bool) -> bool {
    place.contains(if on_host { &ProbePlace::Host } else { &ProbePlace::Container })
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
mod testing {
    use super::*;

    /// The smallest session: probes on the host and in plain namespaces.
    pub(super) fn builtin_options() -> CollectOptions {
        CollectOptions {
            engine: Some(EngineKind::Builtin),
            runtimes: Vec::new(),
            baseline: None,
            image: "alpine:3.19".into(),
            edition: None,
            label: None,
            timeout: Duration::from_secs(30),
            rounds: RoundCounts { warmup: 0, samples: 0, max_time: None },
            perf: None,
            kernel_log_witness: false,
            app: None,
            allow_privileged: false,
            is_quick: false,
            budget: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// A progress that fails when it is told of the first container.
    struct BrokenProgress;

    impl CollectProgress for BrokenProgress {
        fn on_step(&self, target: &str, _: &str, _: Option<f64>) {
            assert_ne!(target, "namespaces", "a bug");
        }

        fn on_estimate(&self, _: &SessionEstimate) {}

        fn on_trouble(&self, _: &str, _: &str) {}
    }

    #[test]
    fn a_session_that_ends_by_a_panic_leaves_nothing_behind() {
        let options = testing::builtin_options();
        let catalogue = ProbeCatalogue::load(None).unwrap();
        let (now, cancel) = (DateTime::UNIX_EPOCH, CancelFlag::default());
        let session = || collect_run(&options, &catalogue, None, now, &cancel, &BrokenProgress);
        let panic = catch_unwind(AssertUnwindSafe(session)).unwrap_err();
        assert!(panic.downcast_ref::<String>().unwrap().contains("a bug"));
        let is_ours = |folder: &clean::SessionFolder| {
            folder.is_owned
                && folder.folder_path().to_string_lossy().ends_with(&owner::process_mark())
        };
        assert_eq!(clean::SessionFolder::list_folders().into_iter().find(is_ours), None);
    }

    #[test]
    fn the_boot_of_the_probes_answers_where_the_test_run_did_not() {
        let capture = |status, text: &str| {
            let origin = CaptureOrigin::Command { argv: Vec::new() };
            Capture { status, ..Capture::of_target("kata", TEST_RUN, origin, text.as_bytes()) }
        };
        let boot = || vec![capture(CaptureStatus::Ok, "Linux of the boot\n")];
        let told = |test_run| -> Vec<(String, String)> {
            let told = answer_by_test_run(boot(), test_run).into_iter();
            told.map(|it| (it.id, it.stdout.text_lines().join(""))).collect()
        };
        let own = |text: &str| ("kata/kernel.uname".to_string(), text.to_string());
        let ok = capture(CaptureStatus::Ok, "Linux of the test run\n");
        assert_eq!(told(Some(ok)), [own("Linux of the test run")]);
        assert_eq!(told(None), [own("Linux of the boot")]);
        let failed = ("kata/kernel.uname.test_run".to_string(), String::new());
        for status in [CaptureStatus::Error, CaptureStatus::Timeout] {
            let expected = [own("Linux of the boot"), failed.clone()];
            assert_eq!(told(Some(capture(status, ""))), expected);
        }
    }

    #[test]
    #[should_panic(expected = "in a thread")]
    fn a_panic_of_a_thread_goes_on_where_it_is_joined() {
        std::thread::scope(|scope| join_thread(scope.spawn(|| panic!("in a thread"))));
    }
}
