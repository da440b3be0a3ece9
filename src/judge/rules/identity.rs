//! Rules about whose values the evidence holds.

use super::{Case, Hit, missing_for};
use crate::judge::{Conclusion, judge_target};
use crate::model::{Role, Why};

/// Host values where the guest's should stand.
pub fn host_values_in_guest_slot(case: &Case) -> Vec<Hit> {
    let hit = |(fact, target): (String, String)| {
        Hit::on(&target).with("fact", fact.as_str()).resting_on(case, &fact, &target)
    };
    missing_for(case, &[Why::HostValuesOnly]).into_iter().map(hit).collect()
}

/// A target that is called Kata, or is asked for by a handler of Kata's, and whose facts show
/// something else. A verdict that decides nothing accuses nobody.
pub fn runtime_not_what_it_says(case: &Case) -> Vec<Hit> {
    let mut hits = Vec::new();
    for target in case.run.targets.iter().filter(|target| target.role != Role::Host) {
        let handler = target.handler.as_deref().unwrap_or(&target.name);
        let claims_machine = [handler, &target.name].iter().any(|name| name.contains("kata"));
        let verdict = judge_target(case, target);
        let is_other = matches!(
            verdict.conclusion,
            Conclusion::SharedKernel | Conclusion::SeparateKernelUserspace
        );
        if claims_machine && is_other {
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
    const PAIRS: &[(&str, &str)] =
        &[("kernel.release", "kernel.release_compared"), ("cpu.model", "cpu.model_compared")];
    let mut hits = Vec::new();
    for &(fact, compared) in PAIRS {
        for target in case.runtimes() {
            let (Some(one), Some(other)) = (case.text(fact, target), case.text(compared, target))
            else {
                continue;
            };
            if one != other {
                hits.push(
                    Hit::on(target)
                        .with("fact", fact)
                        .with("one", one)
                        .with("other", other)
                        .resting_on(case, fact, target)
                        .resting_on(case, compared, target),
                );
            }
        }
    }
    hits
}

#[cfg(test)]
mod tests {
    use crate::judge::rules::testing::sketch;
    use crate::model::Why;

    #[test]
    fn host_values_in_the_kata_slot_are_found() {
        let rule = "host-values-in-guest-slot";
        let held = sketch().missing("kernel.uname", "kata", Why::HostValuesOnly);
        assert_eq!(held.hits(rule).len(), 1);
        assert!(sketch().missing("kernel.uname", "kata", Why::Empty).hits(rule).is_empty());
    }

    #[test]
    fn a_kata_on_the_hosts_kernel_is_found_out() {
        let rule = "runtime-not-what-it-says";
        let boot = |id: &str| {
            sketch().fact("kernel.boot_id", "host", "a").fact("kernel.boot_id", "kata", id)
        };
        assert_eq!(boot("a").hits(rule).len(), 1);
        assert!(boot("b").hits(rule).is_empty());
    }

    #[test]
    fn files_that_disagree_are_found_and_files_that_agree_are_not() {
        let rule = "evidence-disagrees";
        let base = || sketch().fact("kernel.release", "kata", "6.12.47");
        assert!(base().fact("kernel.release_compared", "kata", "6.12.47").hits(rule).is_empty());
        let other = base().fact("kernel.release_compared", "kata", "6.1.62");
        assert_eq!(other.hits(rule).len(), 1);
    }
}
