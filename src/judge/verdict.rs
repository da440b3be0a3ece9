//! The verdict on a target's boundary: several independent facts vote, and the votes decide.
//!
//! What decides where it was captured is the boot id: equal to the host's, the kernel is the
//! host's. Without it (imported evidence has none) two independent strong facts carry a verdict
//! of medium confidence. A release alone carries none: `setarch` changes it on the same kernel,
//! and a guest may run the host's very build. CPU model and counts of `/proc` and `/sys/module`
//! entries never vote.

use serde::Serialize;

use super::Case;
use crate::model::{Target, Why};

/// What the facts prove about a target's boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// The target runs on the host's kernel.
    SharedKernel,
    /// It runs on a kernel of its own in a virtual machine.
    SeparateKernelVm,
    /// It runs on a kernel of its own that is a program on the host (gVisor).
    SeparateKernelUserspace,
    /// It runs on a kernel of its own of unknown kind.
    SeparateKernel,
    /// The facts do not decide.
    Inconclusive,
    /// The facts exclude each other.
    Contradictory,
    /// It did not start, so nothing was tested.
    NotTested,
}

impl Conclusion {
    /// All conclusions.
    pub const ALL: [Self; 7] = [
        Self::SharedKernel,
        Self::SeparateKernelVm,
        Self::SeparateKernelUserspace,
        Self::SeparateKernel,
        Self::Inconclusive,
        Self::Contradictory,
        Self::NotTested,
    ];

    /// The id of the conclusion in files and reports.
    pub fn id(self) -> &'static str {
        match self {
            Self::SharedKernel => "shared-kernel",
            Self::SeparateKernelVm => "separate-kernel-vm",
            Self::SeparateKernelUserspace => "separate-kernel-userspace",
            Self::SeparateKernel => "separate-kernel",
            Self::Inconclusive => "inconclusive",
            Self::Contradictory => "contradictory",
            Self::NotTested => "not-tested",
        }
    }

    /// Whether it says that the target has a kernel of its own.
    pub fn is_separate(self) -> bool {
        matches!(
            self,
            Self::SeparateKernelVm | Self::SeparateKernelUserspace | Self::SeparateKernel
        )
    }
}

/// How far a verdict can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// There is no conclusion to rely on.
    None,
    /// It rests on one decisive fact that nothing else supports.
    Low,
    /// It rests on two independent strong facts.
    Medium,
    /// It rests on decisive facts that others support.
    High,
}

impl Confidence {
    /// The word for it in files and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What the facts prove about one target, and which facts those are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The target.
    pub target: String,
    /// What is concluded.
    pub conclusion: Conclusion,
    /// How far it can be relied on.
    pub confidence: Confidence,
    /// The ids of the facts that it rests on.
    pub because: Vec<String>,
    /// The ids of the facts that speak against it.
    pub against: Vec<String>,
    /// The ids of the facts that would settle it or raise the confidence, and are missing.
    pub would_settle: Vec<String>,
    /// The words of the failure, where the target did not start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// What one fact says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// Decisive: the kernel is the host's.
    Shared,
    /// Strong: the kernel is not the host's.
    Separate,
    /// A mark of gVisor's kernel.
    Gvisor,
    /// A mark of a virtual machine.
    Vm,
}

#[derive(Debug, Clone, Copy)]
struct Vote {
    fact: &'static str,
    /// Facts of one source are not independent: a family has one voice.
    family: &'static str,
    says: Says,
}

/// The facts that decide best, in the order in which they should be captured.
const DECIDERS: &[&str] = &["kernel.boot_id", "host.witness_process", "kernel.banner"];

/// Judges one target of a run that is not the host.
pub fn judge_target(case: &Case, target: &Target) -> Verdict {
    let name = target.name.as_str();
    let votes = votes(case, name);
    let failure = target.failure.clone().or_else(|| failed_start(case, name, &votes));
    let mut verdict = Verdict {
        target: name.to_string(),
        conclusion: Conclusion::Inconclusive,
        confidence: Confidence::None,
        because: Vec::new(),
        against: Vec::new(),
        would_settle: DECIDERS
            .iter()
            .filter(|id| !case.run.fact(id, name).is_some_and(crate::model::Fact::is_present))
            .map(ToString::to_string)
            .collect(),
        failure,
    };
    if verdict.failure.is_some() {
        verdict.conclusion = Conclusion::NotTested;
        return verdict;
    }
    decide(&votes, &mut verdict);
    verdict
}

fn decide(votes: &[Vote], verdict: &mut Verdict) {
    let of = |wanted: &[Says]| -> Vec<String> {
        let chosen = votes.iter().filter(|vote| wanted.contains(&vote.says));
        let mut ids: Vec<String> = Vec::new();
        for vote in chosen {
            if !ids.iter().any(|id| id == vote.fact) {
                ids.push(vote.fact.to_string());
            }
        }
        ids
    };
    let families = |says: Says| -> usize {
        let chosen = votes.iter().filter(|vote| vote.says == says);
        chosen.map(|vote| vote.family).collect::<std::collections::BTreeSet<_>>().len()
    };
    let (shared, separate) = (families(Says::Shared), families(Says::Separate));
    if shared > 0 && separate > 0 {
        verdict.conclusion = Conclusion::Contradictory;
        verdict.because = of(&[Says::Shared]);
        verdict.against = of(&[Says::Separate]);
    } else if shared > 0 {
        verdict.conclusion = Conclusion::SharedKernel;
        verdict.confidence = if shared > 1 { Confidence::High } else { Confidence::Medium };
        verdict.because = of(&[Says::Shared]);
    } else if separate > 1 {
        let (gvisor, vm) = (families(Says::Gvisor), families(Says::Vm));
        let (conclusion, kind) = match (gvisor, vm) {
            (2.., _) => (Conclusion::SeparateKernelUserspace, Some(Says::Gvisor)),
            (0, 1..) => (Conclusion::SeparateKernelVm, Some(Says::Vm)),
            _ => (Conclusion::SeparateKernel, None),
        };
        let decided =
            |id: &str| votes.iter().any(|vote| vote.fact == id && vote.says == Says::Separate);
        let both = decided("kernel.boot_id") && decided("host.witness_process");
        verdict.conclusion = conclusion;
        verdict.confidence =
            if both && separate > 2 { Confidence::High } else { Confidence::Medium };
        verdict.because = match kind {
            Some(kind) => of(&[Says::Separate, kind]),
            None => of(&[Says::Separate]),
        };
    } else {
        verdict.because = of(&[Says::Separate]);
    }
}

/// The words of a failed start, where nothing that a running target would have told is there.
fn failed_start(case: &Case, target: &str, votes: &[Vote]) -> Option<String> {
    const TOLD: &[&str] = &["kernel.release", "kernel.banner", "kernel.uname", "kernel.boot_id"];
    let is_present =
        |id: &&str| case.run.fact(id, target).is_some_and(crate::model::Fact::is_present);
    if !votes.is_empty() || TOLD.iter().any(is_present) {
        return None;
    }
    TOLD.iter().filter_map(|id| case.missing(id, target)).find_map(|missing| {
        matches!(missing.why, Why::ErrorText | Why::FailedStart | Why::Error)
            .then(|| missing.reason.clone())
    })
}

fn votes(case: &Case, target: &str) -> Vec<Vote> {
    let mut votes = Vec::new();
    boot_id(case, target, &mut votes);
    witness(case, target, &mut votes);
    release(case, target, &mut votes);
    banner(case, target, &mut votes);
    boot_log(case, target, &mut votes);
    command_line(case, target, &mut votes);
    gvisor(case, target, &mut votes);
    machine(case, target, &mut votes);
    votes
}

/// Equal to the host's: decisive. Different: strong. Voided where something was mounted over it.
fn boot_id(case: &Case, target: &str, votes: &mut Vec<Vote>) {
    const ID: &str = "kernel.boot_id";
    let Some(host) = case.host().and_then(|host| case.text(ID, host)) else { return };
    let Some(own) = case.text(ID, target) else { return };
    if case.number("kernel.boot_id.mounted", target).is_some_and(|count| count > 0) {
        return;
    }
    let says = if own == host { Says::Shared } else { Says::Separate };
    votes.push(Vote { fact: ID, family: "boot id", says });
}

/// Found on the host: decisive. Not found counts only where the baseline's was found.
fn witness(case: &Case, target: &str, votes: &mut Vec<Vote>) {
    const ID: &str = "host.witness_process";
    let found = |target: &str| case.run.fact(ID, target)?.as_value()?.as_bool();
    let control = case
        .run
        .with_role(crate::model::Role::Baseline)
        .any(|baseline| found(&baseline.name) == Some(true));
    let says = match found(target) {
        Some(true) => Says::Shared,
        Some(false) if control => Says::Separate,
        _ => return,
    };
    votes.push(Vote { fact: ID, family: "witness", says });
}

/// The host's release, from `uname` or from its banner.
fn host_release<'a>(case: &Case<'a>) -> Option<&'a str> {
    let host = case.host()?;
    case.text("kernel.release", host)
        .or_else(|| case.text("kernel.banner", host).and_then(banner_release))
}

/// The release that a banner states: `Linux version 6.12.47 (…`.
pub fn banner_release(banner: &str) -> Option<&str> {
    banner.strip_prefix("Linux version ")?.split_whitespace().next()
}

fn release(case: &Case, target: &str, votes: &mut Vec<Vote>) {
    const ID: &str = "kernel.release";
    if let (Some(host), Some(own)) = (host_release(case), case.text(ID, target))
        && host != own
    {
        votes.push(Vote { fact: ID, family: "release", says: Says::Separate });
    }
}

/// A different banner: strong. `/proc/version` is not changed by `setarch`.
fn banner(case: &Case, target: &str, votes: &mut Vec<Vote>) {
    const ID: &str = "kernel.banner";
    let Some(own) = case.text(ID, target) else { return };
    if differs_from_host(case, own) {
        votes.push(Vote { fact: ID, family: "banner", says: Says::Separate });
    }
}

/// Whether a banner is not the host's: against the host's banner, or else its release.
fn differs_from_host(case: &Case, banner: &str) -> bool {
    let host_banner = case.host().and_then(|host| case.text("kernel.banner", host));
    match (host_banner, host_release(case), banner_release(banner)) {
        (Some(host), _, _) => host != banner,
        (None, Some(host), Some(own)) => host != own,
        _ => false,
    }
}

/// A boot log that begins with another kernel's banner.
fn boot_log(case: &Case, target: &str, votes: &mut Vec<Vote>) {
    const ID: &str = "kernel.dmesg_banner";
    if case.text(ID, target).is_some_and(|banner| differs_from_host(case, banner)) {
        votes.push(Vote { fact: ID, family: "boot log", says: Says::Separate });
    }
}

/// The command line of a kernel that Kata's runtime booted: it names Kata's agent.
///
/// In a boot log it is of the same family as the log's banner.
fn command_line(case: &Case, target: &str, votes: &mut Vec<Vote>) {
    const ID: &str = "kernel.cmdline";
    let Some(line) = case.text(ID, target) else { return };
    let host = case.host().and_then(|host| case.text(ID, host));
    let is_kata = line
        .split_whitespace()
        .any(|word| word == "systemd.unit=kata-containers.target" || word.starts_with("agent."));
    if is_kata && host != Some(line) {
        votes.push(Vote { fact: ID, family: "boot log", says: Says::Separate });
        votes.push(Vote { fact: ID, family: "boot log", says: Says::Vm });
    }
}

/// Marks of gVisor's kernel; two of different sources are wanted, because its release changes.
fn gvisor(case: &Case, target: &str, votes: &mut Vec<Vote>) {
    // Constant in gVisor's sources, in old releases and new ones.
    const VERSION: &str = "#1 SMP Sun Jan 10 15:06:54 PST 2016";
    let contains =
        |id: &str, mark: &str| case.text(id, target).is_some_and(|text| text.contains(mark));
    let ends =
        |id: &str, mark: &str| case.text(id, target).is_some_and(|text| text.ends_with(mark));
    let marks: [(&str, &str, bool); 6] = [
        ("kernel.version", "release", contains("kernel.version", VERSION)),
        ("kernel.banner", "release", contains("kernel.banner", VERSION)),
        ("kernel.cmdline", "command line", contains("kernel.cmdline", "-gvisor")),
        ("kernel.dmesg", "boot log", contains("kernel.dmesg", "Starting gVisor")),
        ("kernel.sentry", "sentry", case.number("kernel.sentry", target) == Some(1)),
        // The engine calls this process the container's own.
        ("host.pid_exe", "process", ends("host.pid_exe", "/runsc")),
    ];
    for (fact, family, found) in marks {
        if found {
            votes.push(Vote { fact, family, says: Says::Gvisor });
        }
    }
}

/// What corroborates a virtual machine from the host's side, while the container ran.
fn machine(case: &Case, target: &str, votes: &mut Vec<Vote>) {
    if case.text("host.vmm", target).is_some() {
        votes.push(Vote { fact: "host.vmm", family: "monitor", says: Says::Vm });
    }
    let files = case.run.fact("host.vm_fds", target).and_then(crate::model::Fact::as_value);
    let has_machine = files.and_then(serde_json::Value::as_array).is_some_and(|files| {
        files.iter().filter_map(serde_json::Value::as_str).any(|file| file.contains("kvm-vm"))
    });
    if has_machine {
        votes.push(Vote { fact: "host.vm_fds", family: "monitor", says: Says::Vm });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::rules::testing::{Sketch, sketch};
    use crate::model::Fact;
    use serde_json::json;

    const HOST_BANNER: &str = "Linux version 6.8.0-49-generic (buildd@lcy02) #49-Ubuntu SMP";
    const GUEST_BANNER: &str = "Linux version 6.12.47 (@4bcec8f4443d) #1 SMP Fri Nov 14";
    const KATA_CMDLINE: &str =
        "reboot=k panic=1 systemd.unit=kata-containers.target agent.log_vport=1025";

    fn verdict(sketch: &Sketch) -> Verdict {
        let case = sketch.case();
        judge_target(&case, case.run.target("kata").unwrap())
    }

    #[test]
    fn an_equal_boot_id_is_a_shared_kernel() {
        let sketch = sketch()
            .fact("kernel.boot_id", "host", "a")
            .fact("kernel.boot_id", "kata", "a")
            .fact("kernel.release", "host", "6.8.0")
            .fact("kernel.release", "kata", "6.8.0");
        let verdict = verdict(&sketch);
        assert_eq!(verdict.conclusion, Conclusion::SharedKernel);
        assert_eq!(verdict.because, ["kernel.boot_id"]);
    }

    #[test]
    fn an_equal_boot_id_under_another_banner_is_a_contradiction() {
        let sketch = sketch()
            .fact("kernel.boot_id", "host", "a")
            .fact("kernel.boot_id", "kata", "a")
            .fact("kernel.banner", "host", HOST_BANNER)
            .fact("kernel.banner", "kata", GUEST_BANNER);
        assert_eq!(verdict(&sketch).conclusion, Conclusion::Contradictory);
    }

    #[test]
    fn a_boot_id_that_was_mounted_over_has_no_vote() {
        let sketch = sketch()
            .fact("kernel.boot_id", "host", "a")
            .fact("kernel.boot_id", "kata", "b")
            .fact("kernel.boot_id.mounted", "kata", 1)
            .fact("kernel.banner", "host", HOST_BANNER)
            .fact("kernel.banner", "kata", GUEST_BANNER);
        assert_eq!(verdict(&sketch).conclusion, Conclusion::Inconclusive);
    }

    #[test]
    fn banner_and_boot_log_carry_a_verdict_of_medium_confidence() {
        let sketch = sketch()
            .fact("kernel.release", "host", "6.8.0-49-generic")
            .fact("kernel.banner", "kata", GUEST_BANNER)
            .fact("kernel.cmdline", "kata", KATA_CMDLINE);
        let verdict = verdict(&sketch);
        assert_eq!(verdict.conclusion, Conclusion::SeparateKernelVm);
        assert_eq!(verdict.confidence, Confidence::Medium);
        assert_eq!(verdict.because, ["kernel.banner", "kernel.cmdline"]);
        assert!(verdict.would_settle.contains(&"kernel.boot_id".to_string()));
    }

    #[test]
    fn a_different_release_alone_decides_nothing() {
        let sketch = sketch().fact("kernel.release", "host", "6.8.0-49-generic").fact(
            "kernel.release",
            "kata",
            "6.12.47",
        );
        let verdict = verdict(&sketch);
        assert_eq!(verdict.conclusion, Conclusion::Inconclusive);
        assert_eq!(verdict.because, ["kernel.release"]);
    }

    #[test]
    fn an_equal_release_alone_decides_nothing() {
        let sketch = sketch().fact("kernel.release", "host", "5.15.0-1027-oracle").fact(
            "kernel.release",
            "kata",
            "5.15.0-1027-oracle",
        );
        assert_eq!(verdict(&sketch).conclusion, Conclusion::Inconclusive);
    }

    #[test]
    fn cpu_models_and_counts_never_vote() {
        let sketch = sketch()
            .fact("cpu.model", "host", "i5")
            .fact("cpu.model", "kata", "Xeon")
            .fact("proc.entries", "host", 322)
            .fact("proc.entries", "kata", 52)
            .fact("kernel.sys_module", "host", 332)
            .fact("kernel.sys_module", "kata", 72);
        let verdict = verdict(&sketch);
        assert_eq!(verdict.conclusion, Conclusion::Inconclusive);
        assert!(verdict.because.is_empty());
    }

    #[test]
    fn two_marks_of_gvisor_are_a_kernel_in_user_space() {
        let sketch = sketch()
            .fact("kernel.boot_id", "host", "a")
            .fact("kernel.boot_id", "kata", "b")
            .fact("kernel.release", "host", "6.8.0")
            .fact("kernel.release", "kata", "4.4.0")
            .fact("kernel.version", "kata", "#1 SMP Sun Jan 10 15:06:54 PST 2016")
            .fact("kernel.sentry", "kata", 1);
        assert_eq!(verdict(&sketch).conclusion, Conclusion::SeparateKernelUserspace);
    }

    #[test]
    fn a_witness_that_is_not_found_counts_only_with_its_control() {
        let base = || {
            sketch().fact("kernel.boot_id", "host", "a").fact("kernel.boot_id", "kata", "b").fact(
                "host.witness_process",
                "kata",
                false,
            )
        };
        assert_eq!(verdict(&base()).conclusion, Conclusion::Inconclusive);
        let controlled = base().fact("host.witness_process", "runc", true);
        assert_eq!(verdict(&controlled).conclusion, Conclusion::SeparateKernel);
    }

    #[test]
    fn a_target_that_did_not_start_was_not_tested() {
        let failed = Fact::missing(Why::ErrorText, "failed to create shim task");
        let sketch =
            sketch().fact("kernel.release", "host", "6.8.0").put("kernel.release", "kata", failed);
        let verdict = verdict(&sketch);
        assert_eq!(verdict.conclusion, Conclusion::NotTested);
        assert_eq!(verdict.failure.as_deref(), Some("failed to create shim task"));
    }

    #[test]
    fn the_id_of_a_conclusion_is_that_of_its_json() {
        for conclusion in Conclusion::ALL {
            assert_eq!(serde_json::to_value(conclusion).unwrap(), json!(conclusion.id()));
        }
    }
}
