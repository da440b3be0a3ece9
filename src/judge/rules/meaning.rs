//! Rules about what a number means and what it does not.

use super::{RuleContext, Violation};
use crate::model::Role;

/// The hit for a fact that at least one target has.
fn where_present(case: &RuleContext, fact: &str) -> Vec<Violation> {
    let has = |target: &&String| {
        case.run.find_fact(fact, target).is_some_and(crate::model::Fact::is_present)
    };
    let targets: Vec<&String> =
        case.run.targets.iter().map(|target| &target.name).filter(has).collect();
    if targets.is_empty() {
        return Vec::new();
    }
    let hit =
        targets.iter().fold(Violation::default(), |hit, target| hit.resting_on(case, fact, target));
    vec![hit]
}

/// Entries in `/proc` are not processes.
pub fn proc_entries(case: &RuleContext) -> Vec<Violation> {
    where_present(case, "proc.entries")
}

/// Entries in `/sys/module` are not loaded modules.
pub fn sys_module(case: &RuleContext) -> Vec<Violation> {
    where_present(case, "kernel.sys_module")
}

/// The CPU model is chosen by the hypervisor.
pub fn cpu_model(case: &RuleContext) -> Vec<Violation> {
    const ID: &str = "cpu.model";
    let Some(host) = case.host_name().filter(|host| case.fact_text(ID, host).is_some()) else {
        return Vec::new();
    };
    let hit = |target| {
        let equal = case.fact_text(ID, target) == case.fact_text(ID, host);
        let model = case.fact_text(ID, target).unwrap_or_default();
        let maker = case.known.platforms.maker_of_processor(model).filter(|_| !equal);
        Violation::about_target(target)
            .with_parameter("equal", equal)
            .with_parameter("maker", maker.unwrap_or_default())
            .resting_on(case, ID, host)
            .resting_on(case, ID, target)
    };
    let candidates = case.run.with_role(Role::Candidate).map(|target| target.name.as_str());
    candidates.filter(|target| case.fact_text(ID, target).is_some()).map(hit).collect()
}

/// Counts that an error message gives: `ls … | wc -l` counts its line.
pub fn count_of_error_text(case: &RuleContext) -> Vec<Violation> {
    // gVisor, whose /proc has the fewest names, shows more than twenty.
    const FEWEST: i64 = 10;
    const ID: &str = "proc.entries";
    let mut hits = Vec::new();
    for target in case.run.targets.iter().map(|target| target.name.as_str()) {
        if let Some(n) = case.fact_integer(ID, target).filter(|&n| n < FEWEST) {
            hits.push(
                Violation::about_target(target).with_parameter("n", n).resting_on(case, ID, target),
            );
        }
    }
    hits
}

/// Counts that no Kata guest shows.
pub fn guest_count_implausible(case: &RuleContext) -> Vec<Violation> {
    let mut hits = Vec::new();
    for id in ["proc.entries", "kernel.sys_module"] {
        let Some(range) = case.known.guests.count_range(id) else { continue };
        let hosts = case.host_name().and_then(|host| case.fact_integer(id, host));
        for target in case.runtime_names().filter(|target| case.is_called_kata(target)) {
            let own = case.fact_integer(id, target).filter(|&n| n > range.implausible_above);
            let is_equal = id == "kernel.sys_module" && own == hosts;
            let Some(n) = own.filter(|_| case.is_imported() && !is_equal) else { continue };
            hits.push(
                Violation::about_target(target)
                    .with_parameter("n", n)
                    .with_parameter(
                        "place",
                        if id == "proc.entries" { "/proc" } else { "/sys/module" },
                    )
                    .with_parameter("from", range.from)
                    .with_parameter("to", range.to)
                    .resting_on(case, id, target),
            );
        }
    }
    hits
}

/// Seccomp that is off in a kernel of its own, beside a baseline where it is on.
pub fn seccomp_across_kernels(case: &RuleContext) -> Vec<Violation> {
    const ID: &str = "priv.seccomp";
    let Some(baseline) = case
        .run
        .with_role(Role::Baseline)
        .find(|baseline| case.fact_integer(ID, &baseline.name) == Some(2))
    else {
        return Vec::new();
    };
    let is_off = |target: &&str| {
        case.fact_integer(ID, target) == Some(0)
            && case.target_verdict(target).is_some_and(|verdict| verdict.conclusion.is_separate())
    };
    let hit = |target| {
        Violation::about_target(target)
            .with_parameter("baseline", baseline.name.as_str())
            .resting_on(case, ID, target)
            .resting_on(case, ID, &baseline.name)
    };
    case.runtime_names().filter(is_off).map(hit).collect()
}
