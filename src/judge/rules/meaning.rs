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
        Hit::on(target).with("equal", equal).resting_on(case, ID, host).resting_on(case, ID, target)
    };
    case.runtimes().filter(|target| case.text(ID, target).is_some()).map(hit).collect()
}

/// Host and candidate are compared, and nothing says how the baseline differs from the host.
pub fn no_baseline_arm(case: &Case) -> Vec<Hit> {
    // Those that a namespace changes under a shared kernel too.
    const COMPARED: &[&str] = &["proc.entries", "net.interfaces", "dev.entries"];
    let has = |fact: &str, role: Role| {
        case.run
            .with_role(role)
            .any(|t| case.run.fact(fact, &t.name).is_some_and(crate::model::Fact::is_present))
    };
    let lacking: Vec<&str> = COMPARED
        .iter()
        .copied()
        .filter(|fact| {
            has(fact, Role::Host) && has(fact, Role::Candidate) && !has(fact, Role::Baseline)
        })
        .collect();
    if lacking.is_empty() {
        return Vec::new();
    }
    let Some(baseline) = case.run.with_role(Role::Baseline).next() else { return Vec::new() };
    let hit = Hit::on(&baseline.name).with("facts", lacking.join(", "));
    vec![lacking.iter().fold(hit, |hit, fact| hit.resting_on(case, fact, &baseline.name))]
}

#[cfg(test)]
mod tests {
    use crate::judge::rules::testing::sketch;

    #[test]
    fn counts_are_explained_once_where_they_are_shown() {
        for (rule, fact) in [
            ("proc-entries-not-processes", "proc.entries"),
            ("sys-module-not-loaded-modules", "kernel.sys_module"),
        ] {
            assert!(sketch().hits(rule).is_empty());
            let both = sketch().fact(fact, "host", 322).fact(fact, "kata", 52);
            assert_eq!(both.hits(rule).len(), 1);
        }
    }

    #[test]
    fn a_cpu_model_is_weak_whether_equal_or_not() {
        let rule = "cpu-model-weak-evidence";
        assert!(sketch().fact("cpu.model", "kata", "Xeon").hits(rule).is_empty());
        for model in ["i5", "Xeon"] {
            let both = sketch().fact("cpu.model", "host", "i5").fact("cpu.model", "kata", model);
            assert_eq!(both.messages(rule).len(), 1);
        }
    }

    #[test]
    fn a_comparison_without_the_baseline_is_found() {
        let rule = "no-baseline-arm";
        let two = || sketch().fact("proc.entries", "host", 322).fact("proc.entries", "kata", 52);
        assert_eq!(two().hits(rule).len(), 1);
        assert!(two().fact("proc.entries", "runc", 60).hits(rule).is_empty());
    }
}
