//! Rules about what a number means and what it does not.

use super::messages::{
    CountOfErrorText, CpuModelWeakEvidence, GuestCountImplausible, ProcEntriesNotProcesses,
    SeccompAcrossKernels, SysModuleNotLoadedModules,
};
use super::{RuleContext, RuleMessage, Violation, find_in_targets};
use crate::knowledge::CountRange;
use crate::model::{FactId, MissingReason, Role, fact_ids};

/// What is said of a fact that at least one target has.
fn where_present(context: &RuleContext, fact: FactId, message: impl RuleMessage) -> Vec<Violation> {
    let mut targets: Vec<&str> = context.run.targets.iter().map(|it| it.name.as_str()).collect();
    targets.retain(|target| context.is_present(fact, target));
    if targets.is_empty() {
        return Vec::new();
    }
    vec![message.make_violation().with_targets(context, fact, targets)]
}

/// Whether more than one target has a fact, and whether their values differ.
fn compare_targets(context: &RuleContext, fact: FactId) -> (bool, bool) {
    let targets = context.run.targets.iter();
    let values: Vec<_> =
        targets.filter_map(|target| context.fact_value(fact, &target.name)).collect();
    (values.len() > 1, values.windows(2).any(|pair| pair[0] != pair[1]))
}

/// Entries in `/proc` are not processes.
pub(super) fn proc_entries(context: &RuleContext) -> Vec<Violation> {
    const ID: FactId = fact_ids::PROC_ENTRIES;
    let (several, differ) = compare_targets(context, ID);
    where_present(context, ID, ProcEntriesNotProcesses { several, differ })
}

/// Entries in `/sys/module` are not loaded modules.
pub(super) fn sys_module(context: &RuleContext) -> Vec<Violation> {
    const ID: FactId = fact_ids::KERNEL_SYS_MODULE;
    let (several, _) = compare_targets(context, ID);
    where_present(context, ID, SysModuleNotLoadedModules { several })
}

/// The CPU model is chosen by the hypervisor.
pub(super) fn cpu_model(context: &RuleContext) -> Vec<Violation> {
    const ID: FactId = fact_ids::CPU_MODEL;
    let Some(host) = context.host_name() else { return Vec::new() };
    let Some(hosts) = context.fact_text(ID, host) else { return Vec::new() };
    let mut violations = Vec::new();
    for candidate in context.run.with_role(Role::Candidate) {
        let target = candidate.name.as_str();
        let Some(model) = context.fact_text(ID, target) else { continue };
        let equal = model == hosts;
        let maker = context.known.platforms.maker_of_processor(model).filter(|_| !equal);
        let message = CpuModelWeakEvidence { target, equal, maker: maker.unwrap_or_default() };
        violations.push(message.with_fact(context, ID, host).with_fact(context, ID, target));
    }
    violations
}

/// Where the entries are that a fact counts.
fn counted_place(id: FactId) -> &'static str {
    if id == fact_ids::PROC_ENTRIES { "/proc" } else { "/sys/module" }
}

pub(in crate::judge) const COUNTS: [FactId; 2] =
    [fact_ids::PROC_ENTRIES, fact_ids::KERNEL_SYS_MODULE];

/// Counts that an error message gives: `ls … | wc -l` counts its line.
pub(super) fn count_of_error_text(context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for id in COUNTS {
        for target in context.run.targets.iter().map(|target| target.name.as_str()) {
            if let Some(n) = count_of_message(context, id, target) {
                violations.push(
                    CountOfErrorText { target, n, place: counted_place(id) }
                        .with_fact(context, id, target),
                );
            }
        }
    }
    violations
}

fn count_of_message(context: &RuleContext, id: FactId, target: &str) -> Option<i64> {
    // gVisor, whose /proc has the fewest names, shows more than twenty.
    const FEWEST: i64 = 10;
    // A sandbox may hide /sys/module, which a probe then says; gVisor's is empty.
    let is_hidden =
        id == fact_ids::KERNEL_SYS_MODULE && (!context.is_imported() || context.is_gvisor(target));
    // A count of nothing is no value, and that of a target that did not start is no error.
    let has_failed = context.run.find_target(target).is_some_and(|target| target.failure.is_some());
    let counted_nothing = context
        .missing_fact(id, target)
        .is_some_and(|missing| missing.why == MissingReason::OutOfRange);
    if counted_nothing && context.is_imported() && !has_failed {
        return Some(0);
    }
    context.fact_integer(id, target).filter(|&n| COUNTS.contains(&id) && n < FEWEST && !is_hidden)
}

/// Counts that no Kata guest shows.
pub(super) fn guest_count_implausible(context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for id in COUNTS {
        for target in context.runtime_names() {
            let Some((n, range)) = count_of_no_guest(context, id, target) else { continue };
            if id == fact_ids::KERNEL_SYS_MODULE && is_hosts_count(context, id, target) {
                continue;
            }
            violations.push(
                GuestCountImplausible {
                    target,
                    n,
                    is_more: n > range.to,
                    place: counted_place(id),
                    from: range.from,
                    to: range.to,
                }
                .with_fact(context, id, target),
            );
        }
    }
    violations
}

/// A count under Kata that no guest of Kata shows, with the range of those that do.
fn count_of_no_guest(context: &RuleContext, id: FactId, target: &str) -> Option<(i64, CountRange)> {
    let range = context.known.guests.count_range(id)?;
    let n = context.fact_integer(id, target)?;
    let is_outside = n > range.implausible_above || n < range.implausible_below;
    let is_guests = context.is_imported() && context.is_kata(target);
    (is_outside && is_guests && count_of_message(context, id, target).is_none())
        .then_some((n, range))
}

/// Whether a count says nothing about a target's kernel: it may be that of an error message, or of
/// something else than a guest.
pub(in crate::judge) fn is_doubtful_count(context: &RuleContext, id: FactId, target: &str) -> bool {
    count_of_message(context, id, target).is_some()
        || count_of_no_guest(context, id, target).is_some()
}

/// Whether a count under Kata is the host's, which is larger than any guest shows.
pub(in crate::judge) fn is_hosts_count(context: &RuleContext, id: FactId, target: &str) -> bool {
    let hosts = context.host_name().and_then(|host| context.fact_integer(id, host));
    count_of_no_guest(context, id, target)
        .is_some_and(|(n, range)| n > range.to && hosts == Some(n))
}

/// Seccomp that is off in a kernel of its own, next to a baseline where it is on.
pub(super) fn seccomp_across_kernels(context: &RuleContext) -> Vec<Violation> {
    const ID: FactId = fact_ids::PRIV_SECCOMP;
    let Some(baseline) = context
        .run
        .with_role(Role::Baseline)
        .find(|baseline| context.fact_integer(ID, &baseline.name) == Some(2))
    else {
        return Vec::new();
    };
    let baseline = baseline.name.as_str();
    find_in_targets(context, |target| {
        let is_off = context.fact_integer(ID, target) == Some(0) && context.is_separate(target);
        let message = SeccompAcrossKernels { target, baseline };
        is_off.then(|| message.with_fact(context, ID, target).with_fact(context, ID, baseline))
    })
}
