//! The facts without a vote: which of them agree with a verdict, and which do not.
//!
//! They are properties of a kernel that a namespace does not change, and still none of them
//! decides: a module that was loaded in between, a time namespace or LXCFS changes them on one
//! kernel, and two kernels of one build have them in common. So a difference supports a separate
//! kernel, equality supports a shared one, a difference under a shared one is shown as speaking
//! against it, and equality never speaks against a separate one.

use super::{Conclusion, Confidence, Verdict};
use crate::judge::RuleContext;
use crate::judge::rules::is_doubtful_count;
use crate::model::{FactId, Role};
use crate::probe::catalogue::{EvidenceStrength, ValueComparison};

/// Adds the facts that agree and those that disagree to a verdict: those that the catalogue says
/// to compare, the strongest first. A weak one supports a separate kernel where it differs, and
/// says nothing else.
pub(super) fn add_corroboration(context: &RuleContext, target: &str, verdict: &mut Verdict) {
    let Some(host) = context.host_name() else { return };
    let compared = context
        .catalogue
        .iter_probes()
        .filter_map(|probe| Some((probe.strength, FactId::from_text(&probe.id), probe.compared?)));
    let mut compared: Vec<_> = compared.collect();
    compared.sort();
    for (strength, id, by) in compared {
        if is_doubtful_count(context, id, target) || is_doubtful_count(context, id, host) {
            continue;
        }
        let same = shows_the_same(context, id, by, host, target);
        match (verdict.conclusion, same) {
            (Conclusion::SharedKernel, Some(_)) if strength > EvidenceStrength::Medium => {}
            (Conclusion::SharedKernel, Some(true)) => {
                add_unless_listed(&mut verdict.agrees, id, &verdict.because);
            }
            (Conclusion::SharedKernel, Some(false)) if by == ValueComparison::Moving => {}
            (Conclusion::SharedKernel, Some(false)) => {
                add_unless_listed(&mut verdict.against, id, &verdict.because);
            }
            (conclusion, Some(false))
                if conclusion.is_separate()
                    && baseline_shows_host(context, id, by, host, target) =>
            {
                add_unless_listed(&mut verdict.agrees, id, &verdict.because);
            }
            _ => {}
        }
    }
    let is_shared = verdict.conclusion == Conclusion::SharedKernel;
    if is_shared && verdict.confidence == Confidence::Low && !verdict.agrees.is_empty() {
        verdict.confidence = Confidence::Medium;
    }
}

fn add_unless_listed(list: &mut Vec<String>, id: FactId, voted: &[String]) {
    if !voted.iter().any(|other| **other == *id) {
        list.push(id.to_string());
    }
}

/// Whether host and target show the same; none where one of them shows nothing.
fn shows_the_same(
    context: &RuleContext,
    id: FactId,
    by: ValueComparison,
    host: &str,
    target: &str,
) -> Option<bool> {
    let (one, other) = (context.fact_value(id, host)?, context.fact_value(id, target)?);
    Some(match by {
        ValueComparison::Value | ValueComparison::Moving => one == other,
        ValueComparison::Seconds => one.as_i64()?.abs_diff(other.as_i64()?) <= 2,
    })
}

/// What differs under the baseline as well is a namespace's doing. Where the baseline was not
/// asked there is nothing to go by, and the difference stands.
fn baseline_shows_host(
    context: &RuleContext,
    id: FactId,
    by: ValueComparison,
    host: &str,
    target: &str,
) -> bool {
    context
        .run
        .with_role(Role::Baseline)
        .filter(|baseline| baseline.name != target)
        .all(|baseline| shows_the_same(context, id, by, host, &baseline.name) != Some(false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::judge_target;
    use crate::judge::rules::testing::sketch;
    use crate::probe::catalogue::ProbeCatalogue;

    #[test]
    fn a_count_that_may_be_of_a_message_agrees_with_nothing() {
        let agrees = |hosts: i64, own: i64| {
            let sketch = sketch()
                .fact("kernel.release", "host", "6.8.0-49-generic")
                .fact("kernel.banner", "kata", "Linux version 6.12.47 (@4bcec8f4443d) #1 SMP x")
                .fact("kernel.sys_module", "host", hosts)
                .fact("kernel.sys_module", "kata", own);
            let context = sketch.context();
            judge_target(&context, context.run.find_target("kata").unwrap()).agrees
        };
        assert_eq!(agrees(332, 72), ["kernel.sys_module"]);
        for (hosts, own) in [(332, 0), (332, 1), (0, 72), (332, 12), (332, 260), (332, 332)] {
            assert_eq!(agrees(hosts, own), Vec::<String>::new(), "{hosts} {own}");
        }
    }

    #[test]
    fn a_probe_of_the_project_supports_a_verdict_as_its_entry_says() {
        let sketch = sketch()
            .fact("kernel.boot_id", "host", "a")
            .fact("kernel.boot_id", "kata", "a")
            .fact("own.build", "host", "x")
            .fact("own.build", "kata", "x");
        let agrees_by = |entry: &str| {
            let own = tempfile::tempdir().unwrap();
            std::fs::create_dir(own.path().join("catalogue")).unwrap();
            let text = "[[probe]]\nid = \"own.build\"\ntitle = \"x\"\nasks = \"x\"\nparser = \"line\"\n\
                        where = [\"host\"]\nproves = \"x\"\n";
            std::fs::write(own.path().join("catalogue/own.toml"), text.to_string() + entry)
                .unwrap();
            let catalogue = &ProbeCatalogue::load(Some(own.path())).unwrap();
            let context = RuleContext { catalogue, ..sketch.context() };
            let verdict = judge_target(&context, context.run.find_target("kata").unwrap());
            (verdict.agrees, verdict.confidence)
        };
        let medium = agrees_by("strength = \"medium\"\ncompared = \"value\"\n");
        assert_eq!(medium, (vec!["own.build".to_string()], Confidence::Medium));
        for entry in ["strength = \"weak\"\ncompared = \"value\"\n", "strength = \"medium\"\n"] {
            assert_eq!(agrees_by(entry), (Vec::new(), Confidence::Low), "{entry}");
        }
    }
}
