//! What works on this machine, what does not, and how to mend it.
//!
//! Cheap checks look at the machine without changing it; the smoke run starts one container per
//! runtime and compares boot ids. Only the smoke run proves anything: neither the processor's
//! flags nor /dev/kvm show that a virtual machine boots.

mod answer;
mod engine_errors;
mod engines;
mod kata;
mod kvm;
mod kvm_device;
mod machine;
mod network;
mod platform;
mod processor;
mod smoke;
#[cfg(test)]
mod testing;
mod words;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::engine::EngineKind;
pub(crate) use crate::engine::runtime_spec::RuntimeArgument;
use crate::error::Result;
use crate::knowledge::faults::KnownFaults;
use crate::knowledge::names_runtime;
use answer::CheckAnswer;
pub(crate) use machine::{Machine, ThisMachine};
pub(crate) use smoke::LONGEST_TIMEOUT;
pub(crate) use words::DoctorWords;

/// How a check went.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub(crate) enum CheckStatus {
    /// As it should be.
    Ok,
    /// Something may not work.
    Warn,
    /// What was asked for cannot be done.
    Fail,
    /// There was nothing to check, or nobody asked for it.
    Skip,
    /// It could not be found out.
    Unknown,
}

impl CheckStatus {
    /// The word for it, as in JSON.
    pub(crate) fn status_name(self) -> &'static str {
        self.into()
    }
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct MachineCheck {
    /// The id: that of the check, and after a dot what of several it is about.
    pub id: String,
    /// How it went.
    pub status: CheckStatus,
    /// A few words.
    pub title: String,
    /// What was found.
    pub observed: String,
    /// What would be as it should.
    pub expected: String,
    /// What lies behind it, where it is not as it should be.
    pub cause: Option<String>,
    /// What to do about it.
    pub fix: Option<String>,
    /// What was looked at, or run, and what it said.
    pub evidence: Vec<String>,
}

/// What the user wants to do with this machine.
#[derive(Debug, Clone)]
pub(crate) struct DoctorOptions {
    /// The engine; by default the first that answers.
    pub engine: Option<EngineKind>,
    /// The runtimes; by default all that the engine offers.
    pub runtimes: Vec<RuntimeArgument>,
    /// The image of the smoke run.
    pub image: String,
    /// The image of the web app.
    pub app: String,
    /// Whether to start containers.
    pub smoke: bool,
    /// How long one container may take.
    pub timeout: Duration,
}

impl DoctorOptions {
    /// Whether Kata was asked for and nothing will be started to see for itself whether it works:
    /// what Kata needs must then be there.
    fn needs_kata(&self) -> bool {
        !self.smoke && self.runtimes.iter().any(|wanted| names_runtime(&wanted.name, "kata"))
    }
}

/// Makes all checks, from the cheap ones to the smoke runs; the last, `overall`, sums them up.
/// `progress` is told what takes time.
///
/// # Errors
///
/// The words of the checks have a defect, or no folder can be made among the temporary files.
pub(crate) fn examine_machine(
    machine: &dyn Machine,
    options: &DoctorOptions,
    words: &DoctorWords,
    faults: &KnownFaults,
    progress: &dyn Fn(&str),
) -> Result<Vec<MachineCheck>> {
    let mut answers = vec![
        platform::check_system(machine),
        processor::check_cpu_flags(machine),
        processor::check_nested_virtualization(machine),
        kvm::check_kvm_device(machine),
        network::check_device(machine, "vhost-vsock", "/dev/vhost-vsock"),
        network::check_device(machine, "vhost-net", "/dev/vhost-net"),
        platform::check_cgroup(machine),
        platform::check_disk(machine),
        platform::check_proxy(machine),
        network::check_cni_plugins(machine),
        platform::check_gvisor(machine),
    ];
    answers.extend(kata::check_kata(machine));
    let needed = options.needs_kata();
    let mut answers: Vec<CheckAnswer> =
        answers.into_iter().map(|answer| answer.needed_if(needed)).collect();
    let engines = engines::check_engines(machine, options, progress);
    answers.extend(engines.answers);
    let smokes = match engines.chosen {
        Some(engine) => smoke::run_smoke_tests(machine, engine, options, faults, progress)?,
        None => Vec::new(),
    };
    let proof = smoke::SmokeProof::from_runs(&smokes, options);
    answers.extend(smokes.into_iter().map(|smoke| smoke.answer));
    let mut checks = answers
        .iter()
        .map(|answer| words.word_answer(answer, faults))
        .collect::<Result<Vec<MachineCheck>>>()?;
    let overall = proof.overall_answer(&checks);
    checks.push(words.word_answer(&overall, faults)?);
    Ok(checks)
}

/// Whether anything that was asked for cannot be done.
pub(crate) fn has_failed(checks: &[MachineCheck]) -> bool {
    checks.iter().any(|check| check.status == CheckStatus::Fail)
}
