//! Rules about whose values the evidence holds, and whether a runtime is what it is said to be.

use std::collections::BTreeSet;

use super::messages::{
    CpuImpossibleBesideHost, EvidenceDisagrees, GuestCountIsHosts, GuestKernelNotOfRelease,
    HostValuesInGuestSlot, KataReleaseUnknown, RuntimeNotWhatItSays, ShimCommitNotOfRelease,
    ShimCommitOfOtherRelease,
};
use super::{RuleContext, RuleMessage, Violation, find_in_targets, missing_for};
use crate::judge::{Conclusion, find_disagreements};
use crate::model::{FactId, MissingReason, Role, Target, fact_ids};
use crate::probe::kernel_name::banner_release;

pub(super) fn host_values_in_guest_slot(context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (id, target) in missing_for(context, MissingReason::HostValuesOnly) {
        if Some(target) != context.host_name() {
            let message = HostValuesInGuestSlot { target, fact: id.as_str() };
            violations.push(message.with_fact(context, id, target));
        }
    }
    violations
}

/// What a runtime of this name is taken for. A name that speaks of several kinds, or of what it is
/// not (`kata-node-runc`, `no-kata`), says nothing.
fn claimed_kind(handler: &str) -> Option<ClaimedKind> {
    let name = handler.rsplit('/').next().unwrap_or(handler).to_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let has_one_of = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let is_shared = matches!(&*name, "runc" | "crun" | "youki" | "io.containerd.runc.v2");
    let claims = [
        (name.contains("kata"), ClaimedKind::Machine),
        (is_gvisor_name(&name), ClaimedKind::Userspace),
        (has_one_of(&["runc", "crun", "youki"]), ClaimedKind::Shared),
    ];
    let mut claimed = claims.into_iter().filter(|(is_claimed, _)| *is_claimed);
    let (only, other) = (claimed.next()?.1, claimed.next());
    let is_clear = other.is_none() && !has_one_of(&["no", "non", "not", "without"]);
    (is_clear && (only != ClaimedKind::Shared || is_shared)).then_some(only)
}

/// Whether a runtime or a file is called after gVisor or its runtime.
fn is_gvisor_name(name: &str) -> bool {
    name.contains("runsc") || name.contains("gvisor")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClaimedKind {
    Shared,
    Userspace,
    Machine,
}

impl ClaimedKind {
    /// Whether a conclusion is another than the name says. One that decides nothing accuses
    /// nobody.
    fn is_refuted_by(self, conclusion: Conclusion) -> bool {
        match conclusion {
            Conclusion::SharedKernel => self != Self::Shared,
            Conclusion::SeparateKernelUserspace => self != Self::Userspace,
            Conclusion::SeparateKernelVm => self != Self::Machine,
            Conclusion::SeparateKernel => self == Self::Shared,
            Conclusion::Inconclusive | Conclusion::Contradictory | Conclusion::NotTested => false,
        }
    }
}

/// A target whose name or handler says one thing and whose facts show another.
pub(super) fn runtime_not_what_it_says(context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for target in context.run.targets.iter().filter(|target| target.role != Role::Host) {
        let is_unnamed =
            context.is_imported() && context.is_gvisor(&target.name) && !files_name_gvisor(context);
        let handler = target.handler.as_deref().unwrap_or(&target.name);
        // The files of the guest's place are called Kata's.
        let handler = if is_unnamed { "kata" } else { handler };
        let Some(verdict) = context.target_verdict(&target.name) else { continue };
        let is_refuted = |name: &str| {
            claimed_kind(name).is_some_and(|claim| claim.is_refuted_by(verdict.conclusion))
        };
        let by_name = !is_refuted(handler);
        let is_named =
            verdict.conclusion == Conclusion::SeparateKernelUserspace && files_name_gvisor(context);
        if (!by_name || is_refuted(&target.name)) && !is_named {
            let conclusion = verdict.conclusion.into_str();
            let target = target.name.as_str();
            let handler = if is_unnamed { "" } else { handler };
            let message = RuntimeNotWhatItSays { target, handler, conclusion, by_name };
            let because = verdict.because.iter().map(|fact| FactId::from_text(fact));
            violations.push(message.make_violation().with_facts(context, because, target));
        }
    }
    violations
}

/// Whether somebody's files say themselves that gVisor ran: in a name or a line that no kernel prints.
fn files_name_gvisor(context: &RuleContext) -> bool {
    let mut files = context.run.captures.iter().filter(|_| context.is_imported());
    files.any(|file| {
        is_gvisor_name(&file.id.to_lowercase())
            || file.stdout.text_lines().iter().any(|line| {
                let line =
                    line.to_lowercase().replace("starting gvisor", "").replace("-gvisor", "");
                is_gvisor_name(&line)
            })
    })
}

/// Two files that state the same thing differently.
pub(super) fn evidence_disagrees(context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for target in context.runtime_names() {
        for found in find_disagreements(context, target) {
            violations.push(
                EvidenceDisagrees {
                    target,
                    fact: found.one.as_str(),
                    one: found.first,
                    other: found.second,
                }
                .make_violation()
                .with_facts(context, [found.one, found.other], target),
            );
        }
    }
    violations
}

/// A guest kernel that neither the stated release nor its neighbours ship.
pub(super) fn guest_kernel_not_of_release(context: &RuleContext) -> Vec<Violation> {
    find_in_targets(context, |target| {
        let version = context.fact_text(fact_ids::RUNTIME_VERSION, target)?;
        let release = context.known.kata.find_release(version)?;
        let around = context.known.kata.kernels_around(version)?;
        let (fact, own) = guest_release(context, target)?;
        // Kata has kernels for confidential guests and for graphics cards besides.
        let (number, suffix) = own.split_at(own.find(['-', '+']).unwrap_or(own.len()));
        let special = ["nvidia", "confidential", "coco", "tdx", "snp", "sev"];
        if special.iter().any(|word| suffix.contains(word)) || around.contains(number) {
            return None;
        }
        let ships: BTreeSet<&str> = release.shipped_kernels().collect();
        let ships = ships.into_iter().collect::<Vec<_>>().join(" and ");
        let message = GuestKernelNotOfRelease { target, kernel: own, version, ships: &ships };
        let facts = [fact, fact_ids::RUNTIME_VERSION];
        Some(message.make_violation().with_facts(context, facts, target))
    })
}

/// The release of a target's kernel, and the fact that states it.
fn guest_release<'a>(
    context: &RuleContext<'a>,
    target: &str,
) -> Option<(FactId<'static>, &'a str)> {
    const RELEASE: FactId = fact_ids::KERNEL_RELEASE;
    const BANNER: FactId = fact_ids::KERNEL_BANNER;
    if let Some(release) = context.fact_text(RELEASE, target) {
        return Some((RELEASE, release));
    }
    Some((BANNER, banner_release(context.fact_text(BANNER, target)?)?))
}

/// A version that no release of Kata has, though it is older than the newest one known.
pub(super) fn kata_release_unknown(context: &RuleContext) -> Vec<Violation> {
    const ID: FactId = fact_ids::RUNTIME_VERSION;
    find_in_targets(context, |target| {
        let version = context.fact_text(ID, target).filter(|_| context.is_kata(target))?;
        let is_unknown = context.known.kata.is_no_release(version);
        is_unknown.then(|| KataReleaseUnknown { target, version }.with_fact(context, ID, target))
    })
}

/// A processor in the guest that the host's cannot be: of another maker or architecture. Where the
/// host's was not captured, a container under the baseline answers with it.
pub(super) fn cpu_impossible_beside_host(context: &RuleContext) -> Vec<Violation> {
    const ID: FactId = fact_ids::CPU_MODEL;
    if !context.is_imported() {
        return Vec::new();
    }
    let mut violations = Vec::new();
    for target in context.runtime_names() {
        if let Some(host) = context.host_name()
            && let [Some(own), Some(hosts)] = [target, host]
                .map(|name| context.known.platforms.vendor_of(context.fact_text(ID, name)?))
            && own != hosts
        {
            violations.push(
                CpuImpossibleBesideHost { target, own, hosts }
                    .with_fact(context, ID, target)
                    .with_fact(context, ID, host),
            );
        }
    }
    for candidate in context.run.with_role(Role::Candidate) {
        let target = candidate.name.as_str();
        let hosts = hosts_architectures(context);
        let Some(&(host, (theirs, hosts_own))) = hosts.first() else { continue };
        let Some((id, own)) = stated_architecture(context, target) else { continue };
        if violations.is_empty() && other_architecture(context, target).is_some() {
            violations.push(
                CpuImpossibleBesideHost { target, own, hosts: hosts_own }
                    .with_fact(context, id, target)
                    .with_fact(context, theirs, &host.name),
            );
        }
    }
    violations
}

/// The fact that states another architecture for a target than host and baseline have. A host of
/// another architecture than the baseline is another machine.
pub(in crate::judge) fn other_architecture(
    context: &RuleContext,
    target: &str,
) -> Option<FactId<'static>> {
    let hosts = hosts_architectures(context);
    let (id, own) = stated_architecture(context, target)?;
    let is_other = hosts.iter().all(|(_, (_, stated))| *stated != own);
    (is_other && !hosts.is_empty()).then_some(id)
}

/// Host and baselines with the architecture that each states, and the fact that does.
fn hosts_architectures<'a>(
    context: &RuleContext<'a>,
) -> Vec<(&'a Target, (FactId<'static>, &'static str))> {
    let beside = [Role::Host, Role::Baseline].into_iter();
    let hosts = beside.flat_map(|role| context.run.with_role(role));
    hosts.filter_map(|host| Some((host, stated_architecture(context, &host.name)?))).collect()
}

/// The architecture of a target, by its kernel's line or by the maker of its processor, and the fact
/// that states it.
fn stated_architecture(
    context: &RuleContext,
    target: &str,
) -> Option<(FactId<'static>, &'static str)> {
    const NAMES: [(&str, &str); 4] =
        [("x86_64", "x86-64"), ("aarch64", "ARM64"), ("riscv64", "RISC-V"), ("s390x", "s390x")];
    const LINE: FactId = fact_ids::KERNEL_UNAME;
    let line = context.fact_text(LINE, target).unwrap_or_default();
    let named = NAMES.iter().find(|(name, _)| line.split_whitespace().any(|word| word == *name));
    if let Some((_, name)) = named {
        return Some((LINE, name));
    }
    let maker = context.known.platforms.vendor_of(context.fact_text(fact_ids::CPU_MODEL, target)?);
    matches!(maker?, "Intel" | "AMD").then_some((fact_ids::CPU_MODEL, "x86-64"))
}

/// A commit that is not the one that the stated release was made from, nor that of another.
pub(super) fn shim_commit_not_of_release(context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for found in strange_commits(context) {
        if found.belongs_to.is_none() {
            let StrangeCommit { target, version, .. } = found;
            let (commit, release_commit) = shorten_commits(&found.commit, found.released);
            let message = ShimCommitNotOfRelease { target, commit, version, release_commit };
            let violation = message.make_violation();
            violations.push(violation.with_facts(context, COMMIT_AND_VERSION, target));
        }
    }
    violations
}

pub(super) fn shim_commit_of_other_release(context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for found in strange_commits(context) {
        let StrangeCommit { target, version, .. } = found;
        let Some(other) = found.belongs_to else { continue };
        let (commit, release_commit) = shorten_commits(&found.commit, found.released);
        let message = ShimCommitOfOtherRelease { target, commit, version, release_commit, other };
        violations.push(message.make_violation().with_facts(context, COMMIT_AND_VERSION, target));
    }
    violations
}

const COMMIT_AND_VERSION: [FactId; 2] = [fact_ids::RUNTIME_COMMIT, fact_ids::RUNTIME_VERSION];

/// A commit that is not the one of the release that the same shim states.
struct StrangeCommit<'a> {
    target: &'a str,
    version: &'a str,
    commit: String,
    released: &'a str,
    belongs_to: Option<&'a str>,
}

fn strange_commits<'a>(context: &RuleContext<'a>) -> Vec<StrangeCommit<'a>> {
    let mut strange = Vec::new();
    for target in context.runtime_names() {
        let Some(version) = context.fact_text(fact_ids::RUNTIME_VERSION, target) else { continue };
        let Some(release) = context.known.kata.find_release(version) else { continue };
        let Some(stated) = context.fact_text(fact_ids::RUNTIME_COMMIT, target) else { continue };
        let commit = stated.split('-').next().unwrap_or(stated).to_lowercase();
        // A word in the place of a commit is none; of a commit's length it is a damaged one.
        let is_commit = commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        if commit.len() < 7 || !is_commit && commit.len() < 30 {
            continue;
        }
        let owner = context.known.kata.by_commit(&commit);
        let belongs_to = owner.map(|release| release.version.as_str());
        if belongs_to != Some(version) {
            let released = release.commit.as_str();
            strange.push(StrangeCommit { target, version, commit, released, belongs_to });
        }
    }
    strange
}

/// Two commits, shortened to twelve digits, or to as many as tell them apart.
fn shorten_commits<'a>(one: &'a str, other: &'a str) -> (&'a str, &'a str) {
    let common = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let length = 12.max(common + 1);
    (one.get(..length).unwrap_or(one), other.get(..length).unwrap_or(other))
}

/// A count of the host's kernel in the guest's place: two kernels rarely agree in it.
pub(super) fn guest_count_is_hosts(context: &RuleContext) -> Vec<Violation> {
    const ID: FactId = fact_ids::KERNEL_SYS_MODULE;
    let Some(host) = context.host_name() else { return Vec::new() };
    let Some(hosts) = context.fact_integer(ID, host) else { return Vec::new() };
    let plausible = context.known.guests.sys_module;
    if !context.is_imported() || (plausible.from..=plausible.to).contains(&hosts) {
        return Vec::new();
    }
    find_in_targets(context, |target| {
        let is_shared = context
            .target_verdict(target)
            .is_some_and(|verdict| verdict.conclusion == Conclusion::SharedKernel);
        let is_hosts = context.fact_integer(ID, target) == Some(hosts);
        (context.is_kata(target) && is_hosts && !is_shared).then(|| {
            let message =
                GuestCountIsHosts { target, n: hosts, from: plausible.from, to: plausible.to };
            message.with_fact(context, ID, target).with_fact(context, ID, host)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortened_commits_differ() {
        let (one, other) = shorten_commits("650ada7bcc8e00000", "650ada7bcc8e47e44b5584");
        assert_eq!((one, other), ("650ada7bcc8e0", "650ada7bcc8e4"));
        assert_eq!(shorten_commits("650ada7bcc8e47", "650ada7bcc8e4").1, "650ada7bcc8e4");
        let apart = shorten_commits("bfc9e446e1f4e7db", "650ada7bcc8e47e44b5584");
        assert_eq!(apart, ("bfc9e446e1f4", "650ada7bcc8e"));
    }

    #[test]
    fn a_name_is_refuted_only_by_what_excludes_it() {
        let refuted = |name: &str, conclusion| {
            claimed_kind(name).is_some_and(|c| c.is_refuted_by(conclusion))
        };
        assert!(refuted("io.containerd.kata.v2", Conclusion::SharedKernel));
        assert!(refuted("io.containerd.kata-qemu.v2", Conclusion::SeparateKernelUserspace));
        assert!(!refuted("io.containerd.kata.v2", Conclusion::SeparateKernel));
        assert!(refuted("runsc", Conclusion::SharedKernel));
        assert!(refuted("/usr/bin/runc", Conclusion::SeparateKernelUserspace));
        for conclusion in
            [Conclusion::Inconclusive, Conclusion::NotTested, Conclusion::Contradictory]
        {
            assert!(!refuted("kata", conclusion));
        }
        for unclear in
            ["vm", "kata-node-runc", "no-kata", "runsc-or-kata", "my-runc", "without-gvisor"]
        {
            assert_eq!(claimed_kind(unclear), None, "{unclear}");
        }
        assert!(refuted("Kata", Conclusion::SharedKernel));
    }
}
