//! What works on this machine, what does not, and how to mend it.
//!
//! Cheap checks look at the machine without changing it; the smoke run starts one container per
//! runtime and compares boot ids. Only the smoke run proves anything: neither the processor's
//! flags nor /dev/kvm show that a virtual machine boots.

mod answer;
mod engines;
mod kata;
mod kvm;
mod machine;
mod network;
mod platform;
mod processor;
mod smoke;
mod speech;
#[cfg(test)]
mod testing;
mod words;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::engine::Kind;
pub use crate::engine::wanted::Wanted;
use crate::error::Result;
use crate::knowledge::faults::Faults;
use answer::Answer;
pub use kvm::Kvm;
pub use machine::{Machine, ThisMachine};
pub use smoke::LONGEST_TIMEOUT;
pub use words::Words;

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
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

impl Status {
    /// The word for it, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::Unknown => "unknown",
        }
    }
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The id: that of the check, and after a dot what of several it is about.
    pub id: String,
    /// How it went.
    pub status: Status,
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
pub struct Options {
    /// The engine; by default the first that answers.
    pub engine: Option<Kind>,
    /// The runtimes; by default all that the engine offers.
    pub runtimes: Vec<Wanted>,
    /// The image of the smoke run.
    pub image: String,
    /// The image of the web app.
    pub app: String,
    /// Whether to start containers.
    pub smoke: bool,
    /// How long one container may take.
    pub timeout: Duration,
}

impl Options {
    /// Whether Kata was asked for and nothing will be started to see for itself whether it works:
    /// what Kata needs must then be there.
    fn needs_kata(&self) -> bool {
        let is_kata = |wanted: &Wanted| wanted.name.contains("kata");
        !self.smoke && self.runtimes.iter().any(is_kata)
    }
}

/// Makes all checks, from the cheap ones to the smoke runs; the last, `overall`, sums them up.
/// `progress` is told what takes time.
///
/// # Errors
///
/// The words of the checks have a defect, or no folder can be made among the temporary files.
pub fn examine(
    machine: &dyn Machine,
    options: &Options,
    words: &Words,
    faults: &Faults,
    progress: &dyn Fn(&str),
) -> Result<Vec<Check>> {
    let mut answers = vec![
        platform::system(machine),
        processor::flags(machine),
        processor::nested(machine),
        kvm::device(machine),
        network::vhost_vsock(machine),
        network::vhost_net(machine),
        platform::cgroup(machine),
        platform::disk(machine),
        platform::proxy(machine),
        network::cni(machine),
        platform::gvisor(machine),
    ];
    answers.extend(kata::all(machine));
    let needed = options.needs_kata();
    let mut answers: Vec<Answer> =
        answers.into_iter().map(|answer| answer.needed_if(needed)).collect();
    let engines = engines::all(machine, options, progress);
    answers.extend(engines.answers);
    let smokes = match engines.chosen {
        Some(engine) => smoke::all(machine, engine, options, faults, progress)?,
        None => Vec::new(),
    };
    let proof = smoke::Proof::of(&smokes, options);
    answers.extend(smokes.into_iter().map(|smoke| smoke.answer));
    let mut checks =
        answers.iter().map(|answer| words.check(answer, faults)).collect::<Result<Vec<Check>>>()?;
    let overall = proof.overall(&checks);
    checks.push(words.check(&overall, faults)?);
    Ok(checks)
}

/// Whether anything that was asked for cannot be done.
pub fn has_failed(checks: &[Check]) -> bool {
    checks.iter().any(|check| check.status == Status::Fail)
}
