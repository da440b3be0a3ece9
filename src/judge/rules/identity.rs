//! Rules about whose values the evidence holds, and whether a runtime is what it is said to be.

use std::collections::BTreeSet;

use super::{RuleContext, Violation, missing_for};
use crate::judge::{Conclusion, banner_release, find_disagreements, judge_target};
use crate::model::{MissingReason, Role};

/// Host values where the guest's should stand.
pub(super) fn host_values_in_guest_slot(context: &RuleContext) -> Vec<Violation> {
    let violation = |(fact, target): (String, String)| {
        Violation::about_target(&target)
            .with_parameter("fact", fact.as_str())
            .resting_on(context, &fact, &target)
    };
    let hosts = missing_for(context, &[MissingReason::HostValuesOnly]).into_iter();
    hosts
        .filter(|(_, target)| Some(target.as_str()) != context.host_name())
        .map(violation)
        .collect()
}

/// What a runtime of this name is taken for.
fn claimed_kind(handler: &str) -> Option<ClaimedKind> {
    let name = handler.rsplit('/').next().unwrap_or(handler);
    match name {
        _ if name.contains("kata") => Some(ClaimedKind::Machine),
        _ if name.contains("runsc") || name.contains("gvisor") => Some(ClaimedKind::Userspace),
        "runc" | "crun" | "youki" | "io.containerd.runc.v2" => Some(ClaimedKind::Shared),
        _ => None,
    }
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
        let handler = target.handler.as_deref().unwrap_or(&target.name);
        let Some(claim) = claimed_kind(handler).or_else(|| claimed_kind(&target.name)) else {
            continue;
        };
        let verdict = judge_target(context, target);
        if claim.is_refuted_by(verdict.conclusion) {
            let violation = Violation::about_target(&target.name)
                .with_parameter("handler", handler)
                .with_parameter("conclusion", verdict.conclusion.conclusion_id());
            violations.push(verdict.because.iter().fold(violation, |violation, fact| {
                violation.resting_on(context, fact, &target.name)
            }));
        }
    }
    violations
}

/// Two files that state the same thing differently.
pub(super) fn evidence_disagrees(context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for target in context.runtime_names() {
        for found in find_disagreements(context, target) {
            violations.push(
                Violation::about_target(target)
                    .with_parameter("fact", found.one)
                    .with_parameter("one", found.first)
                    .with_parameter("other", found.second)
                    .resting_on(context, found.one, target)
                    .resting_on(context, found.other, target),
            );
        }
    }
    violations
}

/// A guest kernel that neither the stated release nor its neighbours ship.
pub(super) fn guest_kernel_not_of_release(context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for target in context.runtime_names() {
        let Some(version) = context.fact_text("runtime.version", target) else { continue };
        let Some(release) = context.known.kata.find_release(version) else { continue };
        let Some(around) = context.known.kata.kernels_around(version) else { continue };
        let Some((fact, own)) = guest_release(context, target) else { continue };
        // Kata has kernels for confidential guests and for graphics cards besides.
        let (number, suffix) = own.split_at(own.find(['-', '+']).unwrap_or(own.len()));
        let is_special = ["nvidia", "confidential", "coco", "tdx", "snp", "sev"]
            .iter()
            .any(|word| suffix.contains(word));
        if !is_special && !around.contains(number) {
            violations.push(
                Violation::about_target(target)
                    .with_parameter("kernel", own)
                    .with_parameter("version", version)
                    .with_parameter(
                        "ships",
                        release
                            .shipped_kernels()
                            .collect::<BTreeSet<_>>()
                            .into_iter()
                            .collect::<Vec<_>>()
                            .join(" and "),
                    )
                    .resting_on(context, fact, target)
                    .resting_on(context, "runtime.version", target),
            );
        }
    }
    violations
}

/// The release of a target's kernel, and the fact that states it.
fn guest_release<'a>(context: &RuleContext<'a>, target: &str) -> Option<(&'static str, &'a str)> {
    context.fact_text("kernel.release", target).map(|release| ("kernel.release", release)).or_else(
        || {
            let banner = context.fact_text("kernel.banner", target)?;
            Some(("kernel.banner", banner_release(banner)?))
        },
    )
}

/// A version that no release of Kata has, though it is older than the newest one known.
pub(super) fn kata_release_unknown(context: &RuleContext) -> Vec<Violation> {
    const ID: &str = "runtime.version";
    let is_meant = |target: &&str| {
        context.is_kata(target)
            && context.fact_text(ID, target).is_some_and(|v| context.known.kata.is_no_release(v))
    };
    let violation = |target| {
        let version = context.fact_text(ID, target).unwrap_or_default();
        Violation::about_target(target)
            .with_parameter("version", version)
            .resting_on(context, ID, target)
    };
    context.runtime_names().filter(is_meant).map(violation).collect()
}

/// A processor in the guest that the host's cannot be: of another maker or architecture.
pub(super) fn cpu_impossible_beside_host(context: &RuleContext) -> Vec<Violation> {
    const ID: &str = "cpu.model";
    let Some(host) = context.host_name() else { return Vec::new() };
    let makers = &context.known.platforms;
    let Some(hosts) = context.fact_text(ID, host).and_then(|model| makers.vendor_of(model)) else {
        return Vec::new();
    };
    let mut violations = Vec::new();
    for target in context.runtime_names().filter(|_| context.is_imported()) {
        let own = context.fact_text(ID, target).and_then(|model| makers.vendor_of(model));
        let Some(own) = own.filter(|own| *own != hosts) else { continue };
        violations.push(
            Violation::about_target(target)
                .with_parameter("own", own)
                .with_parameter("hosts", hosts)
                .resting_on(context, ID, target)
                .resting_on(context, ID, host),
        );
    }
    violations
}

/// A commit that is not the one that the stated release was made from.
pub(super) fn shim_commit_not_of_release(context: &RuleContext) -> Vec<Violation> {
    commits_that_match(context, |own, other| own != other && other.is_none())
}

/// A commit that another release was made from.
pub(super) fn shim_commit_of_other_release(context: &RuleContext) -> Vec<Violation> {
    commits_that_match(context, |own, other| {
        other.is_some_and(|other| other != own.unwrap_or_default())
    })
}

/// Targets whose shim states a known release and a commit, where `is_meant` holds for the version
/// stated and the version that the commit belongs to.
fn commits_that_match(
    context: &RuleContext,
    is_meant: fn(Option<&str>, Option<&str>) -> bool,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    for target in context.runtime_names() {
        let Some(version) = context.fact_text("runtime.version", target) else { continue };
        let Some(release) = context.known.kata.find_release(version) else { continue };
        let Some(stated) = context.fact_text("runtime.commit", target) else { continue };
        let commit = stated.split('-').next().unwrap_or(stated).to_lowercase();
        // A word in the place of a commit is none; of a commit's length it is a damaged one.
        let is_commit = commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        if commit.len() < 7 || !is_commit && commit.len() < 30 {
            continue;
        }
        let belongs = context.known.kata.by_commit(&commit).map(|release| release.version.as_str());
        if is_meant(Some(version), belongs) {
            violations.push(
                Violation::about_target(target)
                    .with_parameter("commit", short_commit(&commit))
                    .with_parameter("version", version)
                    .with_parameter("release_commit", short_commit(&release.commit))
                    .with_parameter("other", belongs.unwrap_or_default())
                    .resting_on(context, "runtime.commit", target)
                    .resting_on(context, "runtime.version", target),
            );
        }
    }
    violations
}

fn short_commit(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

/// A count of the host's kernel in the guest's place: two kernels rarely agree in it.
pub(super) fn guest_count_is_hosts(context: &RuleContext) -> Vec<Violation> {
    const ID: &str = "kernel.sys_module";
    let Some(host) = context.host_name() else { return Vec::new() };
    let Some(hosts) = context.fact_integer(ID, host) else { return Vec::new() };
    let plausible = context.known.guests.sys_module;
    let is_meant = |target: &&str| {
        context.is_imported()
            && context.is_kata(target)
            && context.fact_integer(ID, target) == Some(hosts)
            && !(plausible.from..=plausible.to).contains(&hosts)
            && context
                .target_verdict(target)
                .is_none_or(|v| v.conclusion != Conclusion::SharedKernel)
    };
    let violation = |target| {
        Violation::about_target(target)
            .with_parameter("n", hosts)
            .with_parameter("from", plausible.from)
            .with_parameter("to", plausible.to)
            .resting_on(context, ID, target)
            .resting_on(context, ID, host)
    };
    context.runtime_names().filter(is_meant).map(violation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(claimed_kind("vm"), None);
    }
}
