//! Rules about whose values the evidence holds.

use super::{Case, Hit, missing_for};
use crate::model::Why;

/// Host values where the guest's should stand.
pub fn host_values_in_guest_slot(case: &Case) -> Vec<Hit> {
    let hit = |(fact, target): (String, String)| {
        Hit::on(&target).with("fact", fact.as_str()).resting_on(case, &fact, &target)
    };
    missing_for(case, &[Why::HostValuesOnly]).into_iter().map(hit).collect()
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
    fn files_that_disagree_are_found_and_files_that_agree_are_not() {
        let rule = "evidence-disagrees";
        let base = || sketch().fact("kernel.release", "kata", "6.12.47");
        assert!(base().fact("kernel.release_compared", "kata", "6.12.47").hits(rule).is_empty());
        let other = base().fact("kernel.release_compared", "kata", "6.1.62");
        assert_eq!(other.hits(rule).len(), 1);
    }
}
