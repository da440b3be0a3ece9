//! The smoke run: start a container, read its boot id, compare it with the host's.

use std::time::Duration;

use super::answer::Answer;
use super::engines::offered;
use super::machine::{Machine, read};
use super::{Check, Options, Status, Wanted, speech};
use crate::engine::process::{Ended, Finished};
use crate::engine::wanted::short_name;
use crate::engine::{Container, Kind, Mode, OWNER_LABEL, SESSION_LABEL, run_argv};
use crate::error::Result;
use crate::knowledge::faults::Faults;
use crate::probe::parse::parse;

/// The file that names a boot of a kernel.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// How long one container may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Runtimes that start processes on the host's kernel and are not meant to do more.
const BASELINES: [&str; 4] = ["runc", "crun", "youki", "namespaces"];

/// One container that was started.
#[derive(Debug)]
pub struct Smoke {
    /// What is told.
    pub answer: Answer,
    /// Whether a sandbox was expected.
    is_candidate: bool,
}

/// A runtime to start.
struct Trial {
    name: String,
    handler: Option<String>,
    is_wanted: bool,
}

impl Trial {
    fn is_baseline(&self) -> bool {
        BASELINES.contains(&self.name.as_str())
    }
}

/// Starts every runtime that was asked for, or all that the engine offers, one after another.
pub fn all(
    machine: &dyn Machine,
    engine: Kind,
    options: &Options,
    faults: &Faults,
    progress: &dyn Fn(&str),
) -> Vec<Smoke> {
    if !options.smoke {
        return Vec::new();
    }
    let host = read(machine, BOOT_ID).and_then(|text| uuid(&text));
    let owner = crate::owner::mark();
    let session = format!("doctor.{owner}");
    let labels = [(SESSION_LABEL.to_string(), session.clone()), (OWNER_LABEL.to_string(), owner)];
    let mut smokes = Vec::new();
    for (index, trial) in trials(machine, engine, options).into_iter().enumerate() {
        progress(&format!("starting {} under {}", trial.name, engine.name()));
        let name = format!("isoproof-doctor-{}-{index}", std::process::id());
        let container = Container {
            name: &name,
            labels: &labels,
            image: &options.image,
            handler: trial.handler.as_deref(),
            command: &["cat", BOOT_ID],
            mode: Mode::Attached,
            options: &[],
        };
        let argv = run_argv(engine, &container);
        let outcome = machine.run(&argv, LIMIT);
        // A client that was killed leaves its container behind.
        if !matches!(&outcome, Ok(finished) if finished.is_success()) {
            machine.sweep(engine, &session);
        }
        let answer = judge(&trial, &outcome, host.as_deref(), faults)
            .about(trial.name.clone())
            .with("engine", engine.name())
            .with("limit", LIMIT.as_secs())
            .needed_if(trial.is_wanted)
            .evidence(argv.join(" "));
        let answer = with_output(answer, &outcome);
        smokes.push(Smoke { answer, is_candidate: !trial.is_baseline() });
    }
    smokes
}

fn trials(machine: &dyn Machine, engine: Kind, options: &Options) -> Vec<Trial> {
    if engine == Kind::Builtin {
        return vec![Trial { name: "namespaces".into(), handler: None, is_wanted: false }];
    }
    let wanted = |wanted: &Wanted| Trial {
        name: wanted.name.clone(),
        handler: Some(wanted.handler.clone()),
        is_wanted: true,
    };
    if !options.runtimes.is_empty() {
        return options.runtimes.iter().map(wanted).collect();
    }
    let offered = offered(machine, engine).into_iter().map(|handler| Trial {
        name: short_name(&handler),
        handler: Some(handler),
        is_wanted: false,
    });
    let (mut trials, sandboxes): (Vec<Trial>, Vec<Trial>) = offered.partition(Trial::is_baseline);
    trials.extend(sandboxes);
    trials
}

/// What a container shows. Only two boot ids that were both read can be compared.
fn judge(trial: &Trial, outcome: &Result<Finished>, host: Option<&str>, faults: &Faults) -> Answer {
    let found = |outcome| Answer::new("smoke", outcome);
    let finished = match outcome {
        Ok(finished) => finished,
        Err(error) => return not_started(&error.message, faults),
    };
    match finished.ended {
        Ended::Exit(Some(0)) => {}
        Ended::TimedOut => {
            let fault = faults.explain(&crate::text::decode(&finished.stderr));
            return found("timed-out").fault(fault.map(|fault| fault.id.as_str()));
        }
        Ended::Cancelled => return found("stopped"),
        Ended::Exit(_) => return not_started(&complaint(finished), faults),
    }
    let (Some(own), Some(host)) = (uuid(&finished.text()), host) else {
        return found("no-boot-id");
    };
    let is_same = own == host;
    let outcome = match (trial.is_baseline(), is_same) {
        (true, true) => "host-kernel-baseline",
        (true, false) => "own-kernel-baseline",
        (false, true) => "host-kernel",
        (false, false) => "own-kernel",
    };
    found(outcome).with("boot_id", own).with("name", trial.name.clone())
}

fn not_started(words: &str, faults: &Faults) -> Answer {
    let fault = faults.explain(words).map(|fault| fault.id.as_str());
    Answer::new("smoke", "not-started").with("words", speech::brief(words)).fault(fault)
}

/// What the engine said, without its hints on how to be used.
fn complaint(finished: &Finished) -> String {
    let lines = crate::text::lines(&finished.stderr);
    let is_said = |line: &&String| !line.trim().is_empty() && !line.starts_with("Run '");
    let said: Vec<&str> = lines.iter().filter(is_said).map(|line| line.trim()).collect();
    if said.is_empty() { finished.complaint() } else { said.join(" ") }
}

fn with_output(answer: Answer, outcome: &Result<Finished>) -> Answer {
    let Ok(finished) = outcome else { return answer };
    let seconds = finished.duration.as_secs_f64();
    let answer = answer.evidence(format!("ended after {seconds:.1} s: {}", end(finished)));
    let streams = [("output", &finished.stdout), ("error output", &finished.stderr)];
    streams.into_iter().fold(answer, |answer, (name, bytes)| {
        let text = crate::text::decode(bytes);
        let text = text.trim();
        if text.is_empty() { answer } else { answer.evidence(format!("{name}: {text}")) }
    })
}

fn end(finished: &Finished) -> String {
    match finished.ended {
        Ended::Exit(Some(status)) => format!("exit status {status}"),
        Ended::Exit(None) => "a signal".into(),
        Ended::TimedOut => "killed at its limit".into(),
        Ended::Cancelled => "stopped".into(),
    }
}

fn uuid(text: &str) -> Option<String> {
    parse("uuid", text)?.ok()?.as_str().map(String::from)
}

/// What all smoke runs together prove.
#[derive(Debug)]
pub struct Proof {
    /// Whether any container was started.
    was_tried: bool,
    /// Whether runtimes were asked for by name.
    was_asked: bool,
    /// The names of those that started.
    started: Vec<String>,
    /// Candidates with a kernel of their own.
    own_kernel: Vec<String>,
    /// Whether every candidate has one, and there is one.
    is_proved: bool,
}

impl Proof {
    /// Sums up.
    pub fn of(smokes: &[Smoke], options: &Options) -> Self {
        let has = |smoke: &Smoke, outcomes: &[&str]| outcomes.contains(&smoke.answer.outcome);
        let names = |outcomes: &[&str]| -> Vec<String> {
            let chosen = smokes.iter().filter(|smoke| has(smoke, outcomes));
            chosen.filter_map(|smoke| smoke.answer.about.clone()).collect()
        };
        let mut candidates = smokes.iter().filter(|smoke| smoke.is_candidate).peekable();
        Self {
            was_tried: !smokes.is_empty(),
            was_asked: !options.runtimes.is_empty(),
            started: names(&[
                "own-kernel",
                "host-kernel",
                "host-kernel-baseline",
                "own-kernel-baseline",
                "no-boot-id",
            ]),
            own_kernel: names(&["own-kernel"]),
            is_proved: candidates.peek().is_some()
                && candidates.all(|smoke| has(smoke, &["own-kernel"])),
        }
    }

    /// The last line. It is good only if a container has shown what was asked for.
    pub fn overall(&self, checks: &[Check]) -> Answer {
        let failed: Vec<&str> = checks
            .iter()
            .filter(|check| check.status == Status::Fail)
            .map(|check| check.id.as_str())
            .collect();
        let answer = |outcome| {
            Answer::new("overall", outcome)
                .with("failed", failed.join(", "))
                .with("started", self.started.join(", "))
                .with("own_kernel", self.own_kernel.join(", "))
        };
        if !failed.is_empty() {
            answer("failed")
        } else if !self.was_tried {
            answer("unproved")
        } else if self.started.is_empty() {
            answer("not-started")
        } else if self.was_asked && self.is_proved {
            answer("proved")
        } else {
            answer("starts")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Fake, HOST, OTHER, options};
    use super::super::{Words, examine, has_failed};
    use super::*;

    fn run(fake: &Fake, options: &Options) -> Vec<Check> {
        let (words, faults) = (Words::load(None).unwrap(), Faults::load(None).unwrap());
        examine(fake, options, &words, &faults, &|_| {}).unwrap()
    }

    fn status(checks: &[Check], id: &str) -> Status {
        checks.iter().find(|check| check.id == id).map(|check| check.status).unwrap()
    }

    fn asking(runtime: &str) -> Options {
        Options { runtimes: vec![runtime.parse().unwrap()], ..options() }
    }

    fn docker(runtimes: &[&str]) -> Fake {
        Fake::new().engine_with(Kind::Docker, runtimes).file(BOOT_ID, HOST)
    }

    #[test]
    fn a_candidate_with_another_boot_id_is_the_only_proof() {
        let fake = docker(&["runc", "kata"]).says("--runtime kata", OTHER);
        let checks = run(&fake, &asking("kata"));
        assert_eq!(status(&checks, "smoke.kata"), Status::Ok);
        assert_eq!(status(&checks, "overall"), Status::Ok);
        assert!(!has_failed(&checks));
    }

    #[test]
    fn runc_under_katas_name_fails_when_it_was_asked_for() {
        let fake = docker(&["runc", "kata"]).says("--runtime kata", HOST);
        let checks = run(&fake, &asking("kata"));
        assert_eq!(status(&checks, "smoke.kata"), Status::Fail);
        assert_eq!(status(&checks, "overall"), Status::Fail);
    }

    #[test]
    fn it_is_the_name_asked_for_that_says_what_is_expected() {
        let fake = docker(&["runc"]).says("--runtime runc", HOST);
        assert_eq!(status(&run(&fake, &asking("runc")), "smoke.runc"), Status::Ok);
        assert_eq!(status(&run(&fake, &asking("kata=runc")), "smoke.kata"), Status::Fail);
    }

    #[test]
    fn a_runtime_that_is_only_offered_may_fail() {
        let fake = docker(&["runc", "kata"]).says("--runtime runc", HOST).complains(
            "--runtime kata",
            "docker: Error response from daemon: Unknown runtime specified kata.",
        );
        let checks = run(&fake, &options());
        assert_eq!(status(&checks, "smoke.kata"), Status::Warn);
        assert_eq!(status(&checks, "overall"), Status::Ok);
        let kata = checks.iter().find(|check| check.id == "smoke.kata").unwrap();
        assert!(kata.fix.as_ref().unwrap().contains("daemon.json"), "{kata:?}");
    }

    #[test]
    fn without_a_smoke_run_nothing_is_proved() {
        let fake = docker(&["runc"]).kvm(super::super::Kvm::Works(12));
        let checks = run(&fake, &Options { smoke: false, ..options() });
        assert_eq!(status(&checks, "kvm"), Status::Ok);
        assert_eq!(status(&checks, "overall"), Status::Unknown);
        assert!(!has_failed(&checks));
    }

    #[test]
    fn without_a_smoke_run_kata_needs_what_it_stands_on() {
        let checks = run(&docker(&["kata"]), &Options { smoke: false, ..asking("kata") });
        assert_eq!(status(&checks, "kvm"), Status::Fail);
        assert_eq!(status(&checks, "kata-shim"), Status::Fail);
    }

    #[test]
    fn output_that_is_no_boot_id_proves_nothing() {
        let fake = docker(&["kata"]).says("--runtime kata", "hello");
        let checks = run(&fake, &asking("kata"));
        assert_eq!(status(&checks, "smoke.kata"), Status::Fail);
    }

    #[test]
    fn a_host_without_a_boot_id_proves_nothing() {
        let fake = Fake::new().engine_with(Kind::Docker, &["kata"]).says("--runtime kata", OTHER);
        assert_eq!(status(&run(&fake, &asking("kata")), "overall"), Status::Fail);
    }

    #[test]
    fn every_container_carries_our_labels() {
        let fake = docker(&["runc"]).says("--runtime runc", HOST);
        let checks = run(&fake, &options());
        let smoke = checks.iter().find(|check| check.id == "smoke.runc").unwrap();
        let command = &smoke.evidence[0];
        assert!(command.contains("--label isoproof.session=doctor."), "{command}");
        assert!(command.contains("--label isoproof.owner="), "{command}");
    }

    #[test]
    fn after_a_failure_containers_are_removed() {
        let fake = docker(&["runc"]).complains("--runtime runc", "no");
        let checks = run(&fake, &options());
        assert_eq!(status(&checks, "overall"), Status::Fail);
        assert_eq!(fake.swept(), 1);
    }
}
