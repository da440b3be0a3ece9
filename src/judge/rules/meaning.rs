//! Rules about what a number means and what it does not.

use super::{Case, Hit};
use crate::model::Role;

/// The hit for a fact that at least one target has.
fn where_present(case: &Case, fact: &str) -> Vec<Hit> {
    let has =
        |target: &&String| case.run.fact(fact, target).is_some_and(crate::model::Fact::is_present);
    let targets: Vec<&String> =
        case.run.targets.iter().map(|target| &target.name).filter(has).collect();
    if targets.is_empty() {
        return Vec::new();
    }
    let hit = targets.iter().fold(Hit::default(), |hit, target| hit.resting_on(case, fact, target));
    vec![hit]
}

/// Entries in `/proc` are not processes.
pub fn proc_entries(case: &Case) -> Vec<Hit> {
    where_present(case, "proc.entries")
}

/// Entries in `/sys/module` are not loaded modules.
pub fn sys_module(case: &Case) -> Vec<Hit> {
    where_present(case, "kernel.sys_module")
}

/// The CPU model is chosen by the hypervisor.
pub fn cpu_model(case: &Case) -> Vec<Hit> {
    const ID: &str = "cpu.model";
    let Some(host) = case.host().filter(|host| case.text(ID, host).is_some()) else {
        return Vec::new();
    };
    let hit = |target| {
        let equal = case.text(ID, target) == case.text(ID, host);
        let model = case.text(ID, target).unwrap_or_default();
        let maker = case.known.platforms.maker_of_processor(model).filter(|_| !equal);
        Hit::on(target)
            .with("equal", equal)
            .with("maker", maker.unwrap_or_default())
            .resting_on(case, ID, host)
            .resting_on(case, ID, target)
    };
    let candidates = case.run.with_role(Role::Candidate).map(|target| target.name.as_str());
    candidates.filter(|target| case.text(ID, target).is_some()).map(hit).collect()
}

/// Counts that an error message gives: `ls … | wc -l` counts its line.
pub fn count_of_error_text(case: &Case) -> Vec<Hit> {
    // gVisor, whose /proc has the fewest names, shows more than twenty.
    const FEWEST: i64 = 10;
    const ID: &str = "proc.entries";
    let mut hits = Vec::new();
    for target in case.run.targets.iter().map(|target| target.name.as_str()) {
        if let Some(n) = case.number(ID, target).filter(|&n| n < FEWEST) {
            hits.push(Hit::on(target).with("n", n).resting_on(case, ID, target));
        }
    }
    hits
}

/// Counts that no Kata guest shows.
pub fn guest_count_implausible(case: &Case) -> Vec<Hit> {
    let mut hits = Vec::new();
    for id in ["proc.entries", "kernel.sys_module"] {
        let Some(range) = case.known.guests.count(id) else { continue };
        let hosts = case.host().and_then(|host| case.number(id, host));
        for target in case.runtimes().filter(|target| case.is_called_kata(target)) {
            let own = case.number(id, target).filter(|&n| n > range.implausible_above);
            let is_equal = id == "kernel.sys_module" && own == hosts;
            let Some(n) = own.filter(|_| case.is_imported() && !is_equal) else { continue };
            hits.push(
                Hit::on(target)
                    .with("n", n)
                    .with("place", if id == "proc.entries" { "/proc" } else { "/sys/module" })
                    .with("from", range.from)
                    .with("to", range.to)
                    .resting_on(case, id, target),
            );
        }
    }
    hits
}

/// Seccomp that is off in a kernel of its own, beside a baseline where it is on.
pub fn seccomp_across_kernels(case: &Case) -> Vec<Hit> {
    const ID: &str = "priv.seccomp";
    let Some(baseline) = case
        .run
        .with_role(Role::Baseline)
        .find(|baseline| case.number(ID, &baseline.name) == Some(2))
    else {
        return Vec::new();
    };
    let is_off = |target: &&str| {
        case.number(ID, target) == Some(0)
            && case.verdict(target).is_some_and(|verdict| verdict.conclusion.is_separate())
    };
    let hit = |target| {
        Hit::on(target)
            .with("baseline", baseline.name.as_str())
            .resting_on(case, ID, target)
            .resting_on(case, ID, &baseline.name)
    };
    case.runtimes().filter(is_off).map(hit).collect()
}
