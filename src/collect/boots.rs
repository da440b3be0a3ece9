//! The probes: on the host, and in one boot of each target.

use std::thread::ScopedJoinHandle;
use std::time::Instant;

use super::batch::{self, TargetOutcome, WaitingContainer};
use super::command_capture::from_command;
use super::session::CollectSession;
use super::test_run::{answer_by_test_run, finish_test_run, test_run};
use super::version;
use super::waiting::join_thread;
use super::work_part::WorkPart;
use crate::engine::{self, EngineKind, facts};
use crate::error::{Error, Result};
use crate::model::{Capture, Role, Target};
use crate::probe::unanswered::boot_gaps;
use crate::process::run_command;

/// The probes: on the host first, alone, because containers change what it shows; then under each
/// target.
pub(super) fn run_probes(
    session: &CollectSession,
    specs: &[Target],
) -> Result<(Vec<Target>, Vec<Capture>)> {
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
    let options = session.options;
    let is_chosen_by_us = options.engine.is_none() && options.runtimes.is_empty();
    match is_chosen_by_us.then(|| failure_of_all(&targets)).flatten() {
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
    let name = engine.into_str();
    Error::failed_environment(format!("{name} starts no container here: {failure}"))
        .with_help(format!("`--engine {name}` records that; another engine may work"))
}

/// One boot of each target. While the script of one runs, the container of the next starts, unless
/// the one booted slowly; the host looks at it only when the one before is gone, because processes
/// that share memory would count as smaller.
fn boot_targets(session: &CollectSession, specs: &[Target]) -> Vec<TargetOutcome> {
    let mut outcomes = Vec::new();
    std::thread::scope(|scope| {
        let mut before: Option<ScopedJoinHandle<TargetOutcome>> = None;
        let mut is_slow = false;
        for spec in specs.iter().take_while(|_| !session.is_cancelled()) {
            if is_slow {
                outcomes.extend(before.take().map(join_thread));
            }
            let container = WaitingContainer::start_container(session, spec);
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

fn query_container(
    session: &CollectSession,
    spec: &Target,
    container: WaitingContainer,
    observed: Vec<Capture>,
) -> TargetOutcome {
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
            TargetOutcome { captures: outcome.captures, ..failed }
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
fn failed_outcome(session: &CollectSession, spec: &Target, words: String) -> TargetOutcome {
    session.progress.on_trouble(&spec.name, &words);
    TargetOutcome { captures: Vec::new(), failure: Some(words) }
}

/// What the engine says about itself, as captures of the host.
fn engine_answers(session: &CollectSession) -> Vec<Capture> {
    facts::version_queries(session.engine, &session.options.image)
        .into_iter()
        .filter_map(|(id, argv)| {
            let finished = run_command(&argv, engine::QUESTION, session.cancel).ok()?;
            Some(from_command("host", &id, &finished))
        })
        .collect()
}
