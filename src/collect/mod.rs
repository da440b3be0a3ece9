//! Collecting: plan, execute, run.
//!
//! All container probes of a target run in one boot, from one generated script, and the same
//! script runs on the host, under the baseline and under each candidate: what differs between
//! host and candidate but not between baseline and candidate is a namespace effect.

mod app;
mod batch;
mod boots;
mod budget;
mod command_capture;
mod escape;
mod estimate;
mod host_side;
mod http;
mod latency;
mod machine_turn;
mod measuring;
mod options;
mod perf;
pub(crate) mod plan;
mod progress;
mod session;
mod session_record;
mod startup;
mod test_run;
mod version;
mod waiting;
mod work;
mod work_part;

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Instant;

use chrono::{DateTime, Utc};

use crate::engine::{self, OWNER_LABEL, SESSION_LABEL, clean};
use crate::error::{Error, Result};
use crate::model::{Capture, Run, STOPPED_BY_USER, Target, fact_ids};
use crate::owner;
use crate::privacy::Redactor;
use crate::probe::catalogue::ProbeCatalogue;
use crate::probe::script;
use crate::process::CancelFlag;
use app::usable_app;
pub(crate) use batch::{answer_captures, script_questions};
use boots::run_probes;
pub(crate) use budget::FEWEST;
pub(crate) use escape::FOLDER as SHARED_FOLDER;
pub(crate) use estimate::SessionEstimate;
use estimate::{MeasurePlan, seen_starts};
pub(crate) use host_side::{WitnessProcess, capture_of, witness_captures};
use measuring::{measure_in_turns, tell_estimate};
pub(crate) use options::{
    AppRequest, CollectOptions, DEFAULT_APP, MeasureCounts, PerfOptions, RequestLoad, RoundCounts,
    THOROUGH, USUAL,
};
pub(crate) use plan::{RuntimeArgument, order_runtimes};
pub(crate) use progress::CollectProgress;
use session::{CollectSession, SessionCleaner};
pub(crate) use session_record::{SessionRecord, assemble_run};
use waiting::join_thread;
use work::SessionWork;

/// Captures evidence into a run, which has no id yet.
///
/// Containers of earlier sessions that were killed are removed first, those of this one at the
/// end, whatever happens. A target that fails is recorded as failed and the others go on. If the
/// user stops it, what was captured so far is returned.
/// Errors: the engine cannot be used or, where nobody named it, starts no container; the image is
/// not there, or nothing at all could be captured.
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
    plan::warn_of_unknown_runtimes(kind, &specs, cancel, progress);
    let turn = std::env::temp_dir().join(machine_turn::TURN);
    let _turn = machine_turn::wait_for_turn(&turn, cancel, progress)?;
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
    owner::remove_leftover_folders(SHARED_FOLDER);
    let mut skipped = BTreeMap::new();
    let cleaner = SessionCleaner(&session);
    let (mut targets, captures) = execute_all(&session, &specs, &mut skipped)?;
    if captures.is_empty() {
        return Err(Error::failed_environment("nothing could be captured"));
    }
    add_unreached_targets(&mut targets, &specs);
    let record = SessionRecord {
        label: options.label.clone(),
        edition: options.edition.clone(),
        created,
        engine: kind.into_str().into(),
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
            skipped.insert(fact_ids::APP_HEALTH_PROXIED.to_string(), reason);
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

/// The probes first, then what is measured of the targets that started.
fn execute_all(
    session: &CollectSession,
    specs: &[Target],
    skipped: &mut BTreeMap<String, String>,
) -> Result<(Vec<Target>, Vec<Capture>)> {
    session.ensure_image(&session.options.image)?;
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

/// The targets of which there is a first start and no more, because the user stopped the session.
fn cold_only_targets(targets: &[Target], specs: &[Target], captures: &[Capture]) -> Vec<Target> {
    let mut cold_only = specs.to_vec();
    cold_only.retain(|spec| {
        !targets.iter().any(|target| target.name == spec.name)
            && captures.iter().any(|capture| capture.target.as_ref() == Some(&spec.name))
    });
    cold_only
}

/// The runtimes that a stopped session did not come to: what was asked for stays in the run.
fn add_unreached_targets(targets: &mut Vec<Target>, specs: &[Target]) {
    for spec in specs {
        if !targets.iter().any(|target| target.name == spec.name) {
            targets.push(Target { failure: Some(STOPPED_BY_USER.into()), ..spec.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::Duration;

    use super::*;
    use crate::engine::EngineKind;
    use crate::model::Role;

    /// The smallest session: probes on the host and in plain namespaces.
    fn builtin_options() -> CollectOptions {
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

    #[test]
    fn what_a_stopped_session_was_asked_for_and_did_not_come_to_stays_in_its_run() {
        let spec = |name: &str| Target::of_role(name, Role::Candidate, None);
        let mut targets = vec![Target::of_role("host", Role::Host, None), spec("runsc")];
        add_unreached_targets(&mut targets, &[spec("runsc"), spec("kata")]);
        let names = targets.iter().map(|it| (it.name.as_str(), it.is_stopped()));
        let expected = [("host", false), ("runsc", false), ("kata", true)];
        assert_eq!(names.collect::<Vec<_>>(), expected);
    }

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
        let options = builtin_options();
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
}
