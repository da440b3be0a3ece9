//! Rules about whose values the evidence holds, and whether a runtime is what it is said to be.

use std::collections::BTreeSet;

use super::{Case, Hit, missing_for};
use crate::judge::{Conclusion, banner_release, judge_target};
use crate::model::{Role, Why};

/// Host values where the guest's should stand.
pub fn host_values_in_guest_slot(case: &Case) -> Vec<Hit> {
    let hit = |(fact, target): (String, String)| {
        Hit::on(&target).with("fact", fact.as_str()).resting_on(case, &fact, &target)
    };
    missing_for(case, &[Why::HostValuesOnly]).into_iter().map(hit).collect()
}

/// What a runtime of this name is taken for.
fn claim(handler: &str) -> Option<Claim> {
    let name = handler.rsplit('/').next().unwrap_or(handler);
    match name {
        _ if name.contains("kata") => Some(Claim::Machine),
        _ if name.contains("runsc") || name.contains("gvisor") => Some(Claim::Userspace),
        "runc" | "crun" | "youki" | "io.containerd.runc.v2" => Some(Claim::Shared),
        _ => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    Shared,
    Userspace,
    Machine,
}

impl Claim {
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
pub fn runtime_not_what_it_says(case: &Case) -> Vec<Hit> {
    let mut hits = Vec::new();
    for target in case.run.targets.iter().filter(|target| target.role != Role::Host) {
        let handler = target.handler.as_deref().unwrap_or(&target.name);
        let Some(claim) = claim(handler).or_else(|| claim(&target.name)) else { continue };
        let verdict = judge_target(case, target);
        if claim.is_refuted_by(verdict.conclusion) {
            let hit = Hit::on(&target.name)
                .with("handler", handler)
                .with("conclusion", verdict.conclusion.id());
            hits.push(
                verdict
                    .because
                    .iter()
                    .fold(hit, |hit, fact| hit.resting_on(case, fact, &target.name)),
            );
        }
    }
    hits
}

/// Two files that state the same thing differently.
pub fn evidence_disagrees(case: &Case) -> Vec<Hit> {
    let mut hits = Vec::new();
    for target in case.runtimes() {
        for (one, other) in [
            ("kernel.release", "kernel.release_compared"),
            ("kernel.release", "kernel.uname"),
            ("kernel.release", "kernel.dmesg_banner"),
            ("cpu.model", "cpu.model_compared"),
        ] {
            let (Some(first), Some(second)) =
                (stated(case, one, target), stated(case, other, target))
            else {
                continue;
            };
            if first != second {
                hits.push(
                    Hit::on(target)
                        .with("fact", one)
                        .with("one", first)
                        .with("other", second)
                        .resting_on(case, one, target)
                        .resting_on(case, other, target),
                );
            }
        }
    }
    hits
}

/// What a fact states that another states too: of a kernel's line its release.
fn stated<'a>(case: &Case<'a>, id: &str, target: &str) -> Option<&'a str> {
    let text = case.text(id, target)?;
    match id {
        "kernel.uname" => {
            let words: Vec<&str> = text.split_whitespace().collect();
            let build = words.iter().position(|word| word.starts_with('#'))?;
            words.get(build.checked_sub(1)?).copied()
        }
        "kernel.dmesg_banner" => banner_release(text),
        _ => Some(text),
    }
}

/// A guest kernel that neither the stated release nor its neighbours ship.
pub fn guest_kernel_not_of_release(case: &Case) -> Vec<Hit> {
    let mut hits = Vec::new();
    for target in case.runtimes() {
        let Some(version) = case.text("runtime.version", target) else { continue };
        let Some(release) = case.known.kata.get(version) else { continue };
        let Some(around) = case.known.kata.kernels_around(version) else { continue };
        let Some((fact, own)) = guest_release(case, target) else { continue };
        // Kata has kernels for confidential guests and for graphics cards besides.
        let (number, suffix) = own.split_at(own.find(['-', '+']).unwrap_or(own.len()));
        let is_special = ["nvidia", "confidential", "coco", "tdx", "snp", "sev"]
            .iter()
            .any(|word| suffix.contains(word));
        if !is_special && !around.contains(number) {
            hits.push(
                Hit::on(target)
                    .with("kernel", own)
                    .with("version", version)
                    .with(
                        "ships",
                        release
                            .kernels()
                            .collect::<BTreeSet<_>>()
                            .into_iter()
                            .collect::<Vec<_>>()
                            .join(" and "),
                    )
                    .resting_on(case, fact, target)
                    .resting_on(case, "runtime.version", target),
            );
        }
    }
    hits
}

/// The release of a target's kernel, and the fact that states it.
fn guest_release<'a>(case: &Case<'a>, target: &str) -> Option<(&'static str, &'a str)> {
    case.text("kernel.release", target).map(|release| ("kernel.release", release)).or_else(|| {
        let banner = case.text("kernel.banner", target)?;
        Some(("kernel.banner", banner_release(banner)?))
    })
}

/// A commit that is not the one that the stated release was made from.
pub fn shim_commit_not_of_release(case: &Case) -> Vec<Hit> {
    commits(case, |own, other| own != other && other.is_none())
}

/// A commit that another release was made from.
pub fn shim_commit_of_other_release(case: &Case) -> Vec<Hit> {
    commits(case, |own, other| other.is_some_and(|other| other != own.unwrap_or_default()))
}

/// Targets whose shim states a known release and a commit, where `is_meant` holds for the version
/// stated and the version that the commit belongs to.
fn commits(case: &Case, is_meant: fn(Option<&str>, Option<&str>) -> bool) -> Vec<Hit> {
    let mut hits = Vec::new();
    for target in case.runtimes() {
        let Some(version) = case.text("runtime.version", target) else { continue };
        let Some(release) = case.known.kata.get(version) else { continue };
        let Some(stated) = case.text("runtime.commit", target) else { continue };
        let commit = stated.split('-').next().unwrap_or(stated).to_lowercase();
        if commit.len() < 7 || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            continue;
        }
        let belongs = case.known.kata.by_commit(&commit).map(|release| release.version.as_str());
        if is_meant(Some(version), belongs) {
            hits.push(
                Hit::on(target)
                    .with("commit", short(&commit))
                    .with("version", version)
                    .with("release_commit", short(&release.commit))
                    .with("other", belongs.unwrap_or_default())
                    .resting_on(case, "runtime.commit", target)
                    .resting_on(case, "runtime.version", target),
            );
        }
    }
    hits
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

/// A count of the host's kernel in the guest's place: two kernels rarely agree in it.
pub fn guest_count_is_hosts(case: &Case) -> Vec<Hit> {
    const ID: &str = "kernel.sys_module";
    let Some(host) = case.host() else { return Vec::new() };
    let Some(hosts) = case.number(ID, host) else { return Vec::new() };
    let plausible = case.known.guests.sys_module;
    let is_meant = |target: &&str| {
        case.is_imported()
            && case.is_called_kata(target)
            && case.number(ID, target) == Some(hosts)
            && !(plausible.from..=plausible.to).contains(&hosts)
            && case.verdict(target).is_none_or(|v| v.conclusion != Conclusion::SharedKernel)
    };
    let hit = |target| {
        Hit::on(target)
            .with("n", hosts)
            .with("from", plausible.from)
            .with("to", plausible.to)
            .resting_on(case, ID, target)
            .resting_on(case, ID, host)
    };
    case.runtimes().filter(is_meant).map(hit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_refuted_only_by_what_excludes_it() {
        let refuted =
            |name: &str, conclusion| claim(name).is_some_and(|c| c.is_refuted_by(conclusion));
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
        assert_eq!(claim("vm"), None);
    }
}
