//! Rules about what a number means and what it does not.

use super::{RuleContext, Violation};
use crate::model::Role;

/// The hit for a fact that at least one target has.
fn where_present(context: &RuleContext, fact: &str) -> Vec<Violation> {
    let has = |target: &&String| {
        context.run.find_fact(fact, target).is_some_and(crate::model::Fact::is_present)
    };
    let targets: Vec<&String> =
        context.run.targets.iter().map(|target| &target.name).filter(has).collect();
    if targets.is_empty() {
        return Vec::new();
    }
    let violation = targets.iter().fold(Violation::default(), |violation, target| {
        violation.resting_on(context, fact, target)
    });
    vec![violation]
}

/// Entries in `/proc` are not processes.
pub(super) fn proc_entries(context: &RuleContext) -> Vec<Violation> {
    where_present(context, "proc.entries")
}

/// Entries in `/sys/module` are not loaded modules.
pub(super) fn sys_module(context: &RuleContext) -> Vec<Violation> {
    where_present(context, "kernel.sys_module")
}

/// The CPU model is chosen by the hypervisor.
pub(super) fn cpu_model(context: &RuleContext) -> Vec<Violation> {
    const ID: &str = "cpu.model";
    let Some(host) = context.host_name().filter(|host| context.fact_text(ID, host).is_some())
    else {
        return Vec::new();
    };
    let violation = |target| {
        let equal = context.fact_text(ID, target) == context.fact_text(ID, host);
        let model = context.fact_text(ID, target).unwrap_or_default();
        let maker = context.known.platforms.maker_of_processor(model).filter(|_| !equal);
        Violation::about_target(target)
            .with_parameter("equal", equal)
            .with_parameter("maker", maker.unwrap_or_default())
            .resting_on(context, ID, host)
            .resting_on(context, ID, target)
    };
    let candidates = context.run.with_role(Role::Candidate).map(|target| target.name.as_str());
    candidates.filter(|target| context.fact_text(ID, target).is_some()).map(violation).collect()
}

/// Counts that an error message gives: `ls … | wc -l` counts its line.
pub(super) fn count_of_error_text(context: &RuleContext) -> Vec<Violation> {
    // gVisor, whose /proc has the fewest names, shows more than twenty.
    const FEWEST: i64 = 10;
    let mut violations = Vec::new();
    for (id, place) in [("proc.entries", "/proc"), ("kernel.sys_module", "/sys/module")] {
        // A sandbox may hide /sys/module, which a probe then says.
        if id != "proc.entries" && !context.is_imported() {
            continue;
        }
        for target in context.run.targets.iter().map(|target| target.name.as_str()) {
            if let Some(n) = context.fact_integer(id, target).filter(|&n| n < FEWEST) {
                violations.push(
                    Violation::about_target(target)
                        .with_parameter("n", n)
                        .with_parameter("place", place)
                        .resting_on(context, id, target),
                );
            }
        }
    }
    violations
}

/// Counts that no Kata guest shows.
pub(super) fn guest_count_implausible(context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for id in ["proc.entries", "kernel.sys_module"] {
        let Some(range) = context.known.guests.count_range(id) else { continue };
        let hosts = context.host_name().and_then(|host| context.fact_integer(id, host));
        for target in context.runtime_names().filter(|target| context.is_kata(target)) {
            let is_outside =
                |n: &i64| *n > range.implausible_above || (10..range.implausible_below).contains(n);
            let own = context.fact_integer(id, target).filter(is_outside);
            let is_equal = id == "kernel.sys_module" && own == hosts;
            let Some(n) = own.filter(|_| context.is_imported() && !is_equal) else { continue };
            violations.push(
                Violation::about_target(target)
                    .with_parameter("n", n)
                    .with_parameter("is_more", n > range.to)
                    .with_parameter(
                        "place",
                        if id == "proc.entries" { "/proc" } else { "/sys/module" },
                    )
                    .with_parameter("from", range.from)
                    .with_parameter("to", range.to)
                    .resting_on(context, id, target),
            );
        }
    }
    violations
}

/// Seccomp that is off in a kernel of its own, beside a baseline where it is on.
pub(super) fn seccomp_across_kernels(context: &RuleContext) -> Vec<Violation> {
    const ID: &str = "priv.seccomp";
    let Some(baseline) = context
        .run
        .with_role(Role::Baseline)
        .find(|baseline| context.fact_integer(ID, &baseline.name) == Some(2))
    else {
        return Vec::new();
    };
    let is_off = |target: &&str| {
        context.fact_integer(ID, target) == Some(0)
            && context
                .target_verdict(target)
                .is_some_and(|verdict| verdict.conclusion.is_separate())
    };
    let violation = |target| {
        Violation::about_target(target)
            .with_parameter("baseline", baseline.name.as_str())
            .resting_on(context, ID, target)
            .resting_on(context, ID, &baseline.name)
    };
    context.runtime_names().filter(is_off).map(violation).collect()
}
