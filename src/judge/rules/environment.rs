//! Rules about the machine and the session that the evidence comes from.

use std::collections::BTreeSet;

use super::{RuleContext, Violation};
use crate::model::{EvidenceKind, Fact, MissingReason, Role};

/// A host that is itself a virtual machine.
pub(super) fn host_is_virtual(context: &RuleContext) -> Vec<Violation> {
    const RELEASE: &str = "kernel.release";
    const FLAG: &str = "cpu.hypervisor_flag";
    let Some(host) = context.host_name() else { return Vec::new() };
    let platforms = &context.known.platforms;
    let by_release =
        context.fact_text(RELEASE, host).and_then(|release| platforms.by_release(release));
    if let Some((id, name)) = by_release {
        return vec![
            Violation::about_target(host)
                .with_parameter("id", id)
                .with_parameter("name", name)
                .resting_on(context, RELEASE, host),
        ];
    }
    for fact in ["hw.dmi.product_name", "hw.dmi.sys_vendor"] {
        if let Some((id, name)) =
            context.fact_text(fact, host).and_then(|words| platforms.by_firmware(words))
        {
            return vec![
                Violation::about_target(host)
                    .with_parameter("id", id)
                    .with_parameter("name", name)
                    .resting_on(context, fact, host),
            ];
        }
    }
    match context.fact_flag(FLAG, host) {
        Some(true) => {
            vec![
                Violation::about_target(host)
                    .with_parameter("id", "")
                    .with_parameter("name", "")
                    .resting_on(context, FLAG, host),
            ]
        }
        _ => Vec::new(),
    }
}

/// From this load by processor on, a machine counts as busy.
const BUSY: f64 = 0.5;

/// A machine that had something else to do while times were measured.
pub(super) fn host_noisy(context: &RuleContext) -> Vec<Violation> {
    const LOAD: &str = "host.load";
    const COUNT: &str = "cpu.count";
    let Some(host) = context.host_name() else { return Vec::new() };
    let load = context.run.find_fact(LOAD, host).and_then(|fact| fact.as_value()?.as_f64());
    let count = context.fact_integer(COUNT, host).filter(|count| *count > 0);
    let is_series = |fact: &Fact| matches!(fact, Fact::Series(_));
    let is_timed =
        context.run.facts.values().flat_map(|by_target| by_target.values()).any(is_series);
    match (load, count) {
        #[allow(clippy::cast_precision_loss)] // The number of processors is small.
        (Some(load), Some(count)) if is_timed && load / count as f64 > BUSY => {
            let violation = Violation::about_target(host)
                .with_parameter("load", load)
                .with_parameter("count", count);
            vec![violation.resting_on(context, LOAD, host).resting_on(context, COUNT, host)]
        }
        _ => Vec::new(),
    }
}

/// A virtual machine whose monitor holds no handle of KVM: it is emulated.
pub(super) fn machine_without_kvm(context: &RuleContext) -> Vec<Violation> {
    let has_none = |target: &&str| {
        context.is_present("host.vmm", target)
            && context
                .missing_fact("host.vm_fds", target)
                .is_some_and(|missing| missing.why == MissingReason::Absent)
    };
    let violation = |target| {
        Violation::about_target(target).resting_on(context, "host.vmm", target).resting_on(
            context,
            "host.vm_fds",
            target,
        )
    };
    context.runtime_names().filter(has_none).map(violation).collect()
}

/// Targets that different engines started.
pub(super) fn engines_mixed(context: &RuleContext) -> Vec<Violation> {
    let engines: BTreeSet<&str> =
        context.run.targets.iter().filter_map(|target| target.engine.as_deref()).collect();
    if engines.len() < 2 {
        return Vec::new();
    }
    let names: Vec<&str> = engines.into_iter().collect();
    vec![Violation::default().with_parameter("engines", names.join(" and "))]
}

/// A collection that was stopped.
pub(super) fn run_interrupted(context: &RuleContext) -> Vec<Violation> {
    match context.run.evidence {
        EvidenceKind::Collected { interrupted: true, .. } => vec![Violation::default()],
        _ => Vec::new(),
    }
}

/// A runtime that the user named and that did not start.
pub(super) fn named_runtime_failed(context: &RuleContext) -> Vec<Violation> {
    failed_runtimes(context, true)
}

/// A runtime that was found on the machine and did not start.
pub(super) fn found_runtime_failed(context: &RuleContext) -> Vec<Violation> {
    failed_runtimes(context, false)
}

fn failed_runtimes(context: &RuleContext, are_named: bool) -> Vec<Violation> {
    let mut violations = Vec::new();
    // Nobody chose the runtimes of imported files, and what an edited record says of a start is
    // nothing that was recorded.
    if context.is_imported() || context.integrity.is_record_changed {
        return violations;
    }
    for target in context.run.targets.iter().filter(|target| target.role != Role::Host) {
        if let Some(failure) = target.failure.as_ref().filter(|_| target.named == are_named) {
            let boot = format!("{}/boot", target.name);
            let violation = Violation::about_target(&target.name)
                .with_parameter("failure", failure.trim_end_matches('.'));
            violations.push(match context.run.find_capture(&boot) {
                Some(_) => violation.resting_on_line(&boot, None),
                None => violation,
            });
        }
    }
    violations
}

/// Evidence in which identifiers were left as they are.
pub(super) fn identifiers_not_replaced(context: &RuleContext) -> Vec<Violation> {
    if context.run.redaction.applied { Vec::new() } else { vec![Violation::default()] }
}
