//! What works on this machine, what does not, and how to mend it.
//!
//! Cheap checks look at the machine without changing it; the smoke run starts one container per
//! runtime and compares boot ids. Only the smoke run proves anything: neither the processor's
//! flags nor /dev/kvm show that a virtual machine boots.

mod answer;
mod check;
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

pub(crate) use crate::engine::runtime_spec::RuntimeArgument;
use crate::error::Result;
use crate::knowledge::faults::KnownFaults;
use crate::knowledge::names_runtime;
use answer::CheckAnswer;
pub(crate) use check::{CheckStatus, DoctorOptions, MachineCheck};
pub(crate) use machine::{Machine, ThisMachine};
pub(crate) use smoke::LONGEST_TIMEOUT;
pub(crate) use words::DoctorWords;

/// Makes all checks, from the cheap ones to the smoke runs; the last, `overall`, sums them up.
/// `progress` is told what takes time.
/// Errors: the words of the checks have a defect, or no folder can be made among the temporary
/// files.
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
    // Where nothing is started to see for itself whether it works, what Kata needs must be there.
    let mut wanted = options.runtimes.iter();
    let needed = !options.smoke && wanted.any(|wanted| names_runtime(&wanted.name, "kata"));
    let mut answers: Vec<CheckAnswer> =
        answers.into_iter().map(|answer| answer.needed_if(needed)).collect();
    let engines = engines::check_engines(machine, options, progress);
    answers.extend(engines.answers);
    let smokes = match engines.chosen {
        Some(engine) if options.smoke && !engines.lacks_image => {
            smoke::run_smoke_tests(machine, engine, options, faults, progress)?
        }
        Some(engine) => {
            answers.extend(smoke::list_untried_runtimes(machine, engine, options));
            Vec::new()
        }
        None => Vec::new(),
    };
    let proof = smoke::SmokeProof::from_runs(&smokes, options, engines.lacks_image);
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
