//! The smoke run: start a container, read its boot id, compare it with the host's.

use super::answer::CheckAnswer;
use super::engines::offered_handlers;
use super::machine::{Machine, read_text_file};
use super::{CheckStatus, DoctorOptions, MachineCheck, engine_errors};
use crate::engine::clean::SessionFolder;
use crate::engine::facts::lacks_runtime;
use crate::engine::runtime_spec::short_name;
use crate::engine::{
    ContainerMode, ContainerSpec, EngineKind, OWNER_LABEL, SESSION_LABEL, run_argv,
};
use crate::error::Result;
use crate::knowledge::faults::KnownFaults;
use crate::knowledge::names_runtime;
use crate::probe::parse::parse_output;
use crate::probe::script::make_nonce;
use crate::proc::BOOT_ID;
use crate::process::{CommandOutput, ExitReason};
use crate::text::{closest_match, shell_line};

/// The most seconds that a container can be given.
pub(crate) const LONGEST_TIMEOUT: u64 = 3600;

/// Runtimes that start processes on the host's kernel and are not meant to do more.
const BASELINES: [&str; 4] = ["runc", "crun", "youki", "namespaces"];

/// One container that was started.
#[derive(Debug)]
pub(super) struct SmokeRun {
    pub answer: CheckAnswer,
    /// Whether a sandbox was expected.
    is_candidate: bool,
}

/// A runtime to start.
struct SmokeTrial {
    name: String,
    handler: Option<String>,
    is_wanted: bool,
}

impl SmokeTrial {
    fn is_baseline(&self) -> bool {
        BASELINES.contains(&self.name.as_str())
    }
}

/// Starts every runtime that was asked for, or all that the engine offers, one after another.
/// Errors: no folder can be made among the temporary files.
pub(super) fn run_smoke_tests(
    machine: &dyn Machine,
    engine: EngineKind,
    options: &DoctorOptions,
    faults: &KnownFaults,
    progress: &dyn Fn(&str),
) -> Result<Vec<SmokeRun>> {
    let host = read_text_file(machine, BOOT_ID).and_then(|text| parse_boot_id(&text));
    let mut smokes = Vec::new();
    for trial in plan_trials(machine, engine, options) {
        let handler = trial.handler.as_deref().unwrap_or_default();
        if let Some(answer) = not_offered(machine, engine, handler).filter(|_| trial.is_wanted) {
            let answer = answer.about_thing(trial.name.clone());
            smokes.push(SmokeRun { answer, is_candidate: !trial.is_baseline() });
            continue;
        }
        progress(&format!("starting {} under {}", trial.name, engine.into_str()));
        let session = make_nonce()?[..12].to_string();
        let folder = SessionFolder::create_folder(&session, engine)?;
        let name = format!("isoproof-{session}-doctor");
        let labels = [
            (SESSION_LABEL.to_string(), session.clone()),
            (OWNER_LABEL.to_string(), crate::owner::process_mark()),
        ];
        let shown = ContainerSpec {
            name: &name,
            labels: &labels,
            image: &options.image,
            handler: trial.handler.as_deref(),
            command: &["cat", BOOT_ID],
            mode: ContainerMode::Attached,
            options: &[],
        };
        let id_options = folder.id_options(&name);
        let container = ContainerSpec { options: &id_options, ..shown.clone() };
        let outcome = machine.run_command(&run_argv(engine, &container), options.timeout);
        // A client that failed or was killed leaves its container behind.
        let left = match &outcome {
            Ok(finished) if finished.is_success() => Vec::new(),
            Ok(finished) => {
                let was_killed =
                    matches!(finished.ended, ExitReason::TimedOut | ExitReason::Cancelled);
                machine.remove_session_containers(engine, &session, was_killed)
            }
            Err(_) => machine.remove_session_containers(engine, &session, false),
        };
        if left.is_empty() {
            folder.remove_folder();
        }
        let limit = options.timeout.as_secs();
        let answer = judge_trial(&trial, &outcome, host.as_deref(), faults)
            .about_thing(trial.name.clone())
            .with_value("engine", engine.into_str())
            .with_value("limit", limit)
            .with_value("longer", LONGEST_TIMEOUT.min(limit * 5))
            .with_value("left", left.join(", "))
            .needed_if(trial.is_wanted)
            // As a user can type it: the file for the id lies in a folder that is gone.
            .with_evidence(shell_line(run_argv(engine, &shown)));
        let answer = with_output(answer, &outcome);
        smokes.push(SmokeRun { answer, is_candidate: !trial.is_baseline() });
    }
    Ok(smokes)
}

/// The runtimes that were asked for, where none is started.
pub(super) fn list_untried_runtimes(
    machine: &dyn Machine,
    engine: EngineKind,
    options: &DoctorOptions,
) -> Vec<CheckAnswer> {
    let outcome = if options.smoke { "no-image" } else { "not-tried" };
    let answers = options.runtimes.iter().map(|wanted| {
        let untried = CheckAnswer::new("smoke", outcome).with_value("image", options.image.clone());
        let answer = not_offered(machine, engine, &wanted.handler).unwrap_or(untried);
        answer.about_thing(wanted.name.clone())
    });
    answers.collect()
}

/// That the engine has no such runtime, with what it has and the one that was meant.
fn not_offered(machine: &dyn Machine, engine: EngineKind, handler: &str) -> Option<CheckAnswer> {
    let names = offered_handlers(machine, engine).ok()?;
    if !lacks_runtime(engine, handler, &names) {
        return None;
    }
    let near = closest_match(handler, names.iter().map(String::as_str));
    let is_kata = near.is_none() && names_runtime(handler, "kata");
    let answer = CheckAnswer::new("smoke", "not-offered")
        .with_value("engine", engine.into_str())
        .with_value("handler", handler)
        .with_value("near", near)
        .with_value("names", names.join(", "));
    Some(answer.explained_by_fault(is_kata.then_some("docker-unknown-kata")))
}

fn plan_trials(
    machine: &dyn Machine,
    engine: EngineKind,
    options: &DoctorOptions,
) -> Vec<SmokeTrial> {
    if engine == EngineKind::Builtin {
        return vec![SmokeTrial { name: "namespaces".into(), handler: None, is_wanted: false }];
    }
    if !options.runtimes.is_empty() {
        let wanted = options.runtimes.iter().map(|wanted| SmokeTrial {
            name: wanted.name.clone(),
            handler: Some(wanted.handler.clone()),
            is_wanted: true,
        });
        return wanted.collect();
    }
    // An engine that does not tell has no trials; its own check says so.
    let offered = offered_handlers(machine, engine).into_iter().flatten().map(|handler| {
        SmokeTrial { name: short_name(&handler), handler: Some(handler), is_wanted: false }
    });
    let (mut trials, sandboxes): (Vec<SmokeTrial>, Vec<SmokeTrial>) =
        offered.partition(SmokeTrial::is_baseline);
    trials.extend(sandboxes);
    trials
}

/// What a container shows. Only two boot ids that were both read can be compared.
fn judge_trial(
    trial: &SmokeTrial,
    outcome: &Result<CommandOutput>,
    host: Option<&str>,
    faults: &KnownFaults,
) -> CheckAnswer {
    let finished = match outcome {
        Ok(finished) => finished,
        Err(error) => return not_started(&error.message, faults),
    };
    match finished.ended {
        ExitReason::Exit(Some(0)) => {}
        ExitReason::TimedOut => {
            let fault = faults.explain_error(&crate::text::decode_bytes(&finished.stderr));
            return CheckAnswer::new("smoke", "slow")
                .explained_by_fault(fault.map(|fault| fault.id.as_str()));
        }
        ExitReason::Cancelled => return CheckAnswer::new("smoke", "stopped"),
        ExitReason::Exit(_) => return not_started(&engine_error_summary(finished), faults),
    }
    let (Some(own), Some(host)) = (parse_boot_id(&finished.stdout_text()), host) else {
        return CheckAnswer::new("smoke", "no-boot-id");
    };
    let is_same = own == host;
    let outcome = match (trial.is_baseline(), is_same) {
        (true, true) => "host-kernel-baseline",
        (true, false) => "own-kernel-baseline",
        (false, true) => "host-kernel",
        (false, false) => "own-kernel",
    };
    CheckAnswer::new("smoke", outcome)
        .with_value("boot_id", own)
        .with_value("name", trial.name.clone())
}

fn not_started(words: &str, faults: &KnownFaults) -> CheckAnswer {
    let fault = faults.explain_error(words).map(|fault| fault.id.as_str());
    CheckAnswer::new("smoke", "not-started")
        .with_value("words", engine_errors::shorten_engine_message(words))
        .explained_by_fault(fault)
}

/// What the engine said, without its hints on how to be used.
fn engine_error_summary(finished: &CommandOutput) -> String {
    let lines = crate::text::split_lines(&finished.stderr);
    let mut said: Vec<&str> = Vec::new();
    for line in &lines {
        if !line.trim().is_empty() && !line.starts_with("Run '") {
            said.push(line.trim());
        }
    }
    if said.is_empty() { finished.error_summary() } else { said.join(" ") }
}

fn with_output(answer: CheckAnswer, outcome: &Result<CommandOutput>) -> CheckAnswer {
    let Ok(finished) = outcome else { return answer };
    let seconds = finished.duration.as_secs_f64();
    let answer =
        answer.with_evidence(format!("ended after {seconds:.1} s: {}", describe_end(finished)));
    let streams = [("output", &finished.stdout), ("error output", &finished.stderr)];
    streams.into_iter().fold(answer, |answer, (name, bytes)| {
        let text = crate::text::decode_bytes(bytes);
        let text = text.trim();
        if text.is_empty() { answer } else { answer.with_evidence(format!("{name}: {text}")) }
    })
}

fn describe_end(finished: &CommandOutput) -> String {
    match finished.ended {
        ExitReason::Exit(Some(status)) => format!("exit status {status}"),
        ExitReason::Exit(None) => "a signal".into(),
        ExitReason::TimedOut => "killed at its limit".into(),
        ExitReason::Cancelled => "stopped".into(),
    }
}

fn parse_boot_id(text: &str) -> Option<String> {
    parse_output("uuid", text)?.ok()?.as_str().map(String::from)
}

/// What all smoke runs together prove.
#[derive(Debug)]
pub(super) struct SmokeProof {
    /// Whether any container was started.
    was_tried: bool,
    /// Whether none was, because the image is not there.
    lacks_image: bool,
    /// Whether runtimes were asked for by name.
    was_asked: bool,
    started: Vec<String>,
    /// The names of those that did not answer in time.
    slow: Vec<String>,
    own_kernel: Vec<String>,
    /// Whether every candidate has one, and there is one.
    is_proved: bool,
}

fn list_names_with_outcome(smokes: &[SmokeRun], outcomes: &[&str]) -> Vec<String> {
    let chosen = smokes.iter().filter(|smoke| outcomes.contains(&smoke.answer.outcome));
    chosen.filter_map(|smoke| smoke.answer.about.clone()).collect()
}

impl SmokeProof {
    pub(super) fn from_runs(
        smokes: &[SmokeRun],
        options: &DoctorOptions,
        lacks_image: bool,
    ) -> Self {
        let mut candidates = smokes.iter().filter(|smoke| smoke.is_candidate).peekable();
        Self {
            was_tried: !smokes.is_empty(),
            lacks_image: lacks_image && options.smoke,
            was_asked: !options.runtimes.is_empty(),
            started: list_names_with_outcome(
                smokes,
                &[
                    "own-kernel",
                    "host-kernel",
                    "host-kernel-baseline",
                    "own-kernel-baseline",
                    "no-boot-id",
                ],
            ),
            slow: list_names_with_outcome(smokes, &["slow"]),
            own_kernel: list_names_with_outcome(smokes, &["own-kernel"]),
            is_proved: candidates.peek().is_some()
                && candidates.all(|smoke| smoke.answer.outcome == "own-kernel"),
        }
    }

    /// The last line. It is good only if a container has shown what was asked for.
    pub(super) fn overall_answer(&self, checks: &[MachineCheck]) -> CheckAnswer {
        let failed: Vec<&str> = checks
            .iter()
            .filter(|check| check.status == CheckStatus::Fail)
            .map(|check| check.title.as_str())
            .collect();
        let outcome = if !failed.is_empty() {
            "failed"
        } else if self.lacks_image {
            "no-image"
        } else if !self.was_tried {
            "unproved"
        } else if !self.slow.is_empty() && (self.was_asked || self.started.is_empty()) {
            "slow"
        } else if self.started.is_empty() {
            "not-started"
        } else if self.was_asked && self.is_proved {
            "proved"
        } else {
            "starts"
        };
        CheckAnswer::new("overall", outcome)
            .with_value("failed", failed.join(", "))
            .with_value("started", self.started.join(", "))
            .with_value("own_kernel", self.own_kernel.join(", "))
            .with_value("slow", self.slow.join(", "))
            .needed_if(self.was_asked)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Fake, HOST, OTHER, options};
    use super::super::{DoctorWords, examine_machine, has_failed};
    use super::*;

    fn run(fake: &Fake, options: &DoctorOptions) -> Vec<MachineCheck> {
        let (words, faults) =
            (DoctorWords::load_shipped().unwrap(), KnownFaults::load(None).unwrap());
        examine_machine(fake, options, &words, &faults, &|_| {}).unwrap()
    }

    fn status(checks: &[MachineCheck], id: &str) -> CheckStatus {
        checks.iter().find(|check| check.id == id).map(|check| check.status).unwrap()
    }

    fn asking(runtime: &str) -> DoctorOptions {
        DoctorOptions { runtimes: vec![runtime.parse().unwrap()], ..options() }
    }

    fn docker(runtimes: &[&str]) -> Fake {
        Fake::new().engine_with(EngineKind::Docker, runtimes).file(BOOT_ID, HOST)
    }

    #[test]
    fn a_candidate_with_another_boot_id_is_the_only_proof() {
        let fake = docker(&["runc", "kata"]).says("--runtime kata", OTHER);
        let checks = run(&fake, &asking("kata"));
        assert_eq!(status(&checks, "smoke.kata"), CheckStatus::Ok);
        assert_eq!(status(&checks, "overall"), CheckStatus::Ok);
        assert!(!has_failed(&checks));
    }

    #[test]
    fn runc_under_katas_name_fails_when_it_was_asked_for() {
        let fake = docker(&["runc", "kata"]).says("--runtime kata", HOST);
        let checks = run(&fake, &asking("kata"));
        assert_eq!(status(&checks, "smoke.kata"), CheckStatus::Fail);
        assert_eq!(status(&checks, "overall"), CheckStatus::Fail);
    }

    #[test]
    fn it_is_the_name_asked_for_that_says_what_is_expected() {
        let fake = docker(&["runc"]).says("--runtime runc", HOST);
        assert_eq!(status(&run(&fake, &asking("runc")), "smoke.runc"), CheckStatus::Ok);
        assert_eq!(status(&run(&fake, &asking("kata=runc")), "smoke.kata"), CheckStatus::Fail);
    }

    #[test]
    fn a_runtime_that_is_only_offered_may_fail() {
        let fake = docker(&["runc", "kata"]).says("--runtime runc", HOST).complains(
            "--runtime kata",
            "docker: Error response from daemon: Unknown runtime specified kata.",
        );
        let checks = run(&fake, &options());
        assert_eq!(status(&checks, "smoke.kata"), CheckStatus::Warn);
        assert_eq!(status(&checks, "overall"), CheckStatus::Ok);
        let kata = checks.iter().find(|check| check.id == "smoke.kata").unwrap();
        assert!(kata.fix.as_ref().unwrap().contains("daemon.json"), "{kata:?}");
    }

    #[test]
    fn without_a_smoke_run_nothing_is_proved() {
        let fake = docker(&["runc"]).kvm(super::super::kvm_device::KvmAnswer::Works(12));
        let checks = run(&fake, &DoctorOptions { smoke: false, ..options() });
        assert_eq!(status(&checks, "kvm"), CheckStatus::Ok);
        assert_eq!(status(&checks, "overall"), CheckStatus::Unknown);
        assert!(!has_failed(&checks));
    }

    #[test]
    fn without_a_smoke_run_kata_needs_what_it_stands_on() {
        let checks = run(&docker(&["kata"]), &DoctorOptions { smoke: false, ..asking("kata") });
        assert_eq!(status(&checks, "kvm"), CheckStatus::Fail);
        assert_eq!(status(&checks, "kata-shim"), CheckStatus::Fail);
    }

    #[test]
    fn without_a_smoke_run_every_runtime_that_was_asked_for_has_a_row() {
        let ask = |runtime: &str| {
            let checks = run(
                &docker(&["runc", "runsc"]),
                &DoctorOptions { smoke: false, ..asking(runtime) },
            );
            let row = checks.iter().find(|check| check.id.starts_with("smoke.")).unwrap();
            (row.status, row.observed.clone())
        };
        let untried = "not tried: no container was started";
        assert_eq!(ask("runsc"), (CheckStatus::Unknown, untried.into()));
        assert_eq!(ask("vm=io.containerd.kata.v2"), (CheckStatus::Unknown, untried.into()));
        let unknown = "docker has no runtime `rnusc`: it has runc, runsc";
        assert_eq!(ask("rnusc"), (CheckStatus::Fail, unknown.into()));
    }

    #[test]
    fn a_runtime_that_docker_does_not_have_is_not_started_and_the_one_that_was_meant_is_named() {
        let ask = |runtime: &str| {
            let checks = run(&docker(&["runc", "runsc"]), &asking(runtime));
            let of = |id: &str| checks.iter().find(|check| check.id == id).unwrap().clone();
            let row = checks.iter().find(|check| check.id.starts_with("smoke.")).unwrap();
            (row.observed.clone(), row.fix.clone().unwrap(), of("overall").observed)
        };
        let (observed, fix, overall) = ask("rnusc");
        assert_eq!(observed, "docker has no runtime `rnusc`: it has runc, runsc");
        assert!(fix.starts_with("Did you mean `runsc`?") && !fix.contains("kata"), "{fix}");
        assert_eq!(overall, "does not work here: Start rnusc");
        assert!(ask("kata").1.contains("containerd-shim-kata-v2"));
        assert!(ask("mine").1.starts_with("Name one that docker has"));
    }

    #[test]
    fn without_the_image_nothing_is_started_and_nothing_fails_unless_it_was_asked_for() {
        let fake = || docker(&["runc"]).without_images();
        let checks = run(&fake(), &options());
        assert_eq!(status(&checks, "image"), CheckStatus::Warn);
        assert_eq!(status(&checks, "overall"), CheckStatus::Unknown);
        assert!(!has_failed(&checks));
        let checks = run(&fake(), &asking("runc"));
        let row = checks.iter().find(|check| check.id == "smoke.runc").unwrap();
        assert_eq!(row.observed, "not tried: the image alpine:3.19 is not there");
        // What was asked for is not shown, and that is what the exit status says.
        assert_eq!(
            (row.status, status(&checks, "overall")),
            (CheckStatus::Unknown, CheckStatus::Fail)
        );
        assert_eq!(status(&run(&fake(), &asking("rnusc")), "smoke.rnusc"), CheckStatus::Fail);
    }

    #[test]
    fn output_that_is_no_boot_id_proves_nothing() {
        let fake = docker(&["kata"]).says("--runtime kata", "hello");
        let checks = run(&fake, &asking("kata"));
        assert_eq!(status(&checks, "smoke.kata"), CheckStatus::Fail);
    }

    #[test]
    fn a_host_without_a_boot_id_proves_nothing() {
        let fake =
            Fake::new().engine_with(EngineKind::Docker, &["kata"]).says("--runtime kata", OTHER);
        assert_eq!(status(&run(&fake, &asking("kata")), "overall"), CheckStatus::Fail);
    }

    #[test]
    fn every_container_carries_our_labels() {
        let fake = docker(&["runc"]).says("--runtime runc", HOST);
        let checks = run(&fake, &options());
        let smoke = checks.iter().find(|check| check.id == "smoke.runc").unwrap();
        let command = &smoke.evidence[0];
        assert!(command.contains("--label isoproof.session="), "{command}");
        assert!(command.contains("--label isoproof.owner="), "{command}");
    }

    #[test]
    fn what_does_not_answer_in_time_is_slow_and_not_broken() {
        let fake = docker(&["runc", "kata"]).says("--runtime runc", HOST).hangs("--runtime kata");
        let ask = |fake: &Fake, options: &DoctorOptions| {
            let checks = run(fake, options);
            let of = |id: &str| checks.iter().find(|check| check.id == id).unwrap().clone();
            (of("smoke.kata"), of("overall"), has_failed(&checks))
        };
        let (kata, overall, has_failed) = ask(&fake, &options());
        assert_eq!((kata.status, overall.status), (CheckStatus::Unknown, CheckStatus::Ok));
        assert!(!has_failed);
        assert_eq!(fake.swept(), 1);
        let patient =
            DoctorOptions { timeout: std::time::Duration::from_secs(90), ..asking("kata") };
        let (kata, overall, has_failed) = ask(&fake, &patient);
        assert_eq!(kata.observed, "slow: did not answer within 90 s");
        assert!(kata.fix.unwrap().contains("--timeout 450"));
        // What was asked for is not shown, and that is what the exit status says.
        assert_eq!((kata.status, overall.status), (CheckStatus::Unknown, CheckStatus::Fail));
        assert!(overall.observed.contains("kata") && has_failed);
    }

    #[test]
    fn what_cannot_be_removed_is_named() {
        let fake = docker(&["kata"]).hangs("--runtime kata").cannot_remove("container 1 of docker");
        let checks = run(&fake, &asking("kata"));
        let kata = checks.iter().find(|check| check.id == "smoke.kata").unwrap();
        assert!(kata.observed.ends_with("container 1 of docker is still there"), "{kata:?}");
        assert!(kata.fix.as_ref().unwrap().contains("isoproof clean"), "{kata:?}");
        // The folder of the session stays for `clean`.
        let own = crate::owner::process_mark();
        let mut kept = SessionFolder::list_folders();
        kept.retain(|folder| folder.folder_path().to_string_lossy().ends_with(&own));
        assert!(!kept.is_empty());
        kept.iter().for_each(SessionFolder::remove_folder);
    }

    #[test]
    fn after_a_failure_containers_are_removed() {
        let fake = docker(&["runc"]).complains("--runtime runc", "no");
        let checks = run(&fake, &options());
        assert_eq!(status(&checks, "overall"), CheckStatus::Fail);
        assert_eq!(fake.swept(), 1);
    }
}
