//! Rules about the machine and the session that the evidence comes from.

use std::collections::BTreeSet;

use super::{Case, Hit};
use crate::model::{Evidence, Fact, Why};

/// A host that is itself a virtual machine.
pub fn host_is_virtual(case: &Case) -> Vec<Hit> {
    const RELEASE: &str = "kernel.release";
    const FLAG: &str = "cpu.hypervisor_flag";
    let Some(host) = case.host() else { return Vec::new() };
    let platforms = &case.known.platforms;
    let by_release = case.text(RELEASE, host).and_then(|release| platforms.by_release(release));
    if let Some((id, name)) = by_release {
        return vec![
            Hit::on(host).with("id", id).with("name", name).resting_on(case, RELEASE, host),
        ];
    }
    for fact in ["hw.dmi.product_name", "hw.dmi.sys_vendor"] {
        if let Some((id, name)) =
            case.text(fact, host).and_then(|words| platforms.by_firmware(words))
        {
            return vec![
                Hit::on(host).with("id", id).with("name", name).resting_on(case, fact, host),
            ];
        }
    }
    match case.flag(FLAG, host) {
        Some(true) => {
            vec![Hit::on(host).with("id", "").with("name", "").resting_on(case, FLAG, host)]
        }
        _ => Vec::new(),
    }
}

/// From this load by processor on, a machine counts as busy.
const BUSY: f64 = 0.5;

/// A machine that had something else to do while times were measured.
pub fn host_noisy(case: &Case) -> Vec<Hit> {
    const LOAD: &str = "host.load";
    const COUNT: &str = "cpu.count";
    let Some(host) = case.host() else { return Vec::new() };
    let load = case.run.fact(LOAD, host).and_then(|fact| fact.as_value()?.as_f64());
    let count = case.number(COUNT, host).filter(|count| *count > 0);
    let is_series = |fact: &Fact| matches!(fact, Fact::Series(_));
    let is_timed = case.run.facts.values().flat_map(|by_target| by_target.values()).any(is_series);
    match (load, count) {
        #[allow(clippy::cast_precision_loss)] // The number of processors is small.
        (Some(load), Some(count)) if is_timed && load / count as f64 > BUSY => {
            let hit = Hit::on(host).with("load", load).with("count", count);
            vec![hit.resting_on(case, LOAD, host).resting_on(case, COUNT, host)]
        }
        _ => Vec::new(),
    }
}

/// A virtual machine whose monitor holds no handle of KVM: it is emulated.
pub fn machine_without_kvm(case: &Case) -> Vec<Hit> {
    let has_none = |target: &&str| {
        case.is_present("host.vmm", target)
            && case.missing("host.vm_fds", target).is_some_and(|missing| missing.why == Why::Absent)
    };
    let hit = |target| {
        Hit::on(target).resting_on(case, "host.vmm", target).resting_on(case, "host.vm_fds", target)
    };
    case.runtimes().filter(has_none).map(hit).collect()
}

/// Targets that different engines started.
pub fn engines_mixed(case: &Case) -> Vec<Hit> {
    let engines: BTreeSet<&str> =
        case.run.targets.iter().filter_map(|target| target.engine.as_deref()).collect();
    if engines.len() < 2 {
        return Vec::new();
    }
    let names: Vec<&str> = engines.into_iter().collect();
    vec![Hit::default().with("engines", names.join(" and "))]
}

/// A collection that was stopped.
pub fn run_interrupted(case: &Case) -> Vec<Hit> {
    match case.run.evidence {
        Evidence::Collected { interrupted: true, .. } => vec![Hit::default()],
        _ => Vec::new(),
    }
}

/// Evidence in which identifiers were left as they are.
pub fn identifiers_not_replaced(case: &Case) -> Vec<Hit> {
    if case.run.redaction.applied { Vec::new() } else { vec![Hit::default()] }
}
