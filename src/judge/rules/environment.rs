//! Rules about the machine and the session that the evidence comes from.

use std::collections::BTreeSet;

use super::messages::{
    EnginesMixed, FoundRuntimeFailed, HostIsEmulated, HostIsVirtual, HostNoisy,
    IdentifiersNotReplaced, MachineWithoutKvm, NamedRuntimeFailed, NamedRuntimeNotReached,
    NamespaceIsHosts, PodWasChanged, RunInterrupted,
};
use super::{RuleContext, RuleMessage, Violation, find_in_targets};
use crate::judge::Conclusion;
use crate::judge::timing::emulated_host;
use crate::model::{EvidenceKind, Fact, FactId, MissingReason, Role, StartEnd, fact_ids};

/// A host whose processor is emulated in software.
pub(super) fn host_is_emulated(context: &RuleContext) -> Vec<Violation> {
    let Some(target) = emulated_host(context.run) else { return Vec::new() };
    let model = context.fact_text(fact_ids::CPU_MODEL, target).unwrap_or_default();
    vec![HostIsEmulated { target, model }.with_fact(context, fact_ids::CPU_MODEL, target)]
}

/// Namespaces that every engine makes anew unless somebody asks for the host's.
const OWN_NAMESPACES: [&str; 5] = ["pid", "net", "mnt", "uts", "ipc"];

/// A target on the host's kernel in a namespace of the host. Another kernel gives its first
/// namespaces the same numbers.
pub(super) fn namespace_is_hosts(context: &RuleContext) -> Vec<Violation> {
    const ID: FactId = fact_ids::NS_INODES;
    let Some(host) = context.host_name() else { return Vec::new() };
    let Some(hosts) = context.fact_value(ID, host) else { return Vec::new() };
    find_in_targets(context, |target| {
        let verdict = context.target_verdict(target)?;
        let own = context.fact_value(ID, target)?;
        let mut kinds = OWN_NAMESPACES.to_vec();
        kinds.retain(|kind| own[kind].is_number() && own[kind] == hosts[kind]);
        let is_shared = verdict.conclusion == Conclusion::SharedKernel && !kinds.is_empty();
        let namespaces = &kinds.join(", ");
        let message = NamespaceIsHosts { target, namespaces, process: kinds.contains(&"pid") };
        is_shared.then(|| message.with_fact(context, ID, target).with_fact(context, ID, host))
    })
}

/// A host that is itself a virtual machine, and not emulated: that is said already.
pub(super) fn host_is_virtual(context: &RuleContext) -> Vec<Violation> {
    if emulated_host(context.run).is_some() {
        return Vec::new();
    }
    const RELEASE: FactId = fact_ids::KERNEL_RELEASE;
    const FLAG: FactId = fact_ids::CPU_HYPERVISOR_FLAG;
    let Some(host) = context.host_name() else { return Vec::new() };
    let platforms = &context.known.platforms;
    let by_release =
        context.fact_text(RELEASE, host).and_then(|release| platforms.by_release(release));
    let mut found = by_release.map(|platform| (platform, RELEASE));
    for fact in [fact_ids::HW_DMI_PRODUCT_NAME, fact_ids::HW_DMI_SYS_VENDOR] {
        if found.is_none()
            && let Some(words) = context.fact_text(fact, host)
        {
            found = platforms.by_firmware(words).map(|platform| (platform, fact));
        }
    }
    if context.fact_flag(FLAG, host) == Some(true) {
        found = found.or(Some((("", ""), FLAG)));
    }
    let Some(((id, name), fact)) = found else { return Vec::new() };
    vec![HostIsVirtual { target: host, id, name }.with_fact(context, fact, host)]
}

/// From this load by processor on, a machine counts as busy.
const BUSY: f64 = 0.5;

/// A machine that had something else to do while times were measured.
pub(super) fn host_noisy(context: &RuleContext) -> Vec<Violation> {
    const LOAD: FactId = fact_ids::HOST_LOAD;
    const COUNT: FactId = fact_ids::CPU_COUNT;
    let Some(host) = context.host_name() else { return Vec::new() };
    let load = context.fact_value(LOAD, host).and_then(|load| load.as_f64());
    let count = context.fact_integer(COUNT, host).filter(|count| *count > 0);
    let mut timed = context.run.facts.iter().flat_map(|(id, facts)| {
        let series = facts.iter().filter(|(_, fact)| matches!(fact, Fact::Series(_)));
        series.map(move |(target, _)| (id, target))
    });
    let (Some(load), Some(count), Some((series, timed))) = (load, count, timed.next()) else {
        return Vec::new();
    };
    #[allow(clippy::cast_precision_loss)] // The number of processors is small.
    let is_busy = load / count as f64 > BUSY;
    if !is_busy {
        return Vec::new();
    }
    let violation = HostNoisy { target: host, load, count }.make_violation();
    let violation = violation.with_facts(context, [LOAD, COUNT], host);
    vec![violation.with_facts(context, [FactId::from_text(series)], timed)]
}

/// A virtual machine whose monitor holds no handle of KVM: it is emulated.
pub(super) fn machine_without_kvm(context: &RuleContext) -> Vec<Violation> {
    const MONITOR: FactId = fact_ids::HOST_VMM;
    const HANDLES: FactId = fact_ids::HOST_VM_FDS;
    find_in_targets(context, |target| {
        let has_none = context
            .missing_fact(HANDLES, target)
            .is_some_and(|missing| missing.why == MissingReason::Absent);
        (has_none && context.is_present(MONITOR, target)).then(|| {
            let violation = MachineWithoutKvm { target }.make_violation();
            violation.with_facts(context, [MONITOR, HANDLES], target)
        })
    })
}

pub(super) fn engines_mixed(context: &RuleContext) -> Vec<Violation> {
    let engines: BTreeSet<&str> =
        context.run.targets.iter().filter_map(|target| target.engine.as_deref()).collect();
    if engines.len() < 2 {
        return Vec::new();
    }
    let names: Vec<&str> = engines.into_iter().collect();
    vec![EnginesMixed { engines: &names.join(" and ") }.make_violation()]
}

/// A collection that was stopped.
pub(super) fn run_interrupted(context: &RuleContext) -> Vec<Violation> {
    match context.run.evidence {
        EvidenceKind::Collected { interrupted: true, .. } => {
            vec![RunInterrupted {}.make_violation()]
        }
        _ => Vec::new(),
    }
}

/// A runtime that the user named and of whose boundary a stopped session shows nothing.
pub(super) fn named_runtime_not_reached(context: &RuleContext) -> Vec<Violation> {
    let is_interrupted =
        matches!(context.run.evidence, EvidenceKind::Collected { interrupted: true, .. });
    let mut violations = Vec::new();
    for target in context.run.targets.iter().filter(|target| is_interrupted && target.named) {
        let is_shown = context.target_verdict(&target.name).is_none_or(|it| {
            !matches!(it.conclusion, Conclusion::NotTested | Conclusion::Inconclusive)
        });
        if !is_shown && target.start_failure().is_none() {
            violations.push(NamedRuntimeNotReached { target: &target.name }.make_violation());
        }
    }
    violations
}

pub(super) fn named_runtime_failed(context: &RuleContext) -> Vec<Violation> {
    failed_runtimes(context, true, |target, failure| NamedRuntimeFailed { target, failure })
}

pub(super) fn found_runtime_failed(context: &RuleContext) -> Vec<Violation> {
    failed_runtimes(context, false, |target, failure| FoundRuntimeFailed { target, failure })
}

fn failed_runtimes<'a, M: RuleMessage>(
    context: &RuleContext<'a>,
    are_named: bool,
    say: fn(&'a str, &'a str) -> M,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    // Nobody chose the runtimes of imported files, and what an edited record says of a start is
    // nothing that was recorded.
    if context.is_imported() || context.integrity.is_record_changed {
        return violations;
    }
    for target in context.run.targets.iter().filter(|target| target.role != Role::Host) {
        // That a class of a cluster is for other nodes is no failure of it.
        if let Some(failure) = target.start_failure()
            && target.named == are_named
            && StartEnd::of_failure(failure) == StartEnd::Failed
        {
            let boot = format!("{}/boot", target.name);
            let message = say(&target.name, failure.trim_end_matches('.'));
            violations.push(match context.run.find_capture(&boot) {
                Some(_) => message.with_line(&boot, None),
                None => message.make_violation(),
            });
        }
    }
    violations
}

/// A pod that a webhook or a policy of the cluster changed on its way in.
pub(super) fn pod_was_changed(context: &RuleContext) -> Vec<Violation> {
    const CHANGES: FactId = fact_ids::POD_CHANGES;
    find_in_targets(context, |target| {
        let changes = context.fact_words(CHANGES, target).join("; ");
        (!changes.is_empty()).then(|| {
            let message = PodWasChanged { target, changes: &changes };
            message.with_fact(context, CHANGES, target)
        })
    })
}

pub(super) fn identifiers_not_replaced(context: &RuleContext) -> Vec<Violation> {
    if context.run.redaction.applied {
        Vec::new()
    } else {
        vec![IdentifiersNotReplaced {}.make_violation()]
    }
}
