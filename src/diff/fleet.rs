//! What changed from one fleet to another, node by node.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::json;

use super::change::{Change, ChangeKind};
use super::gate::is_weaker;
use crate::judge::Severity;
use crate::judge::fleet::{ClassSummary, NodeSummary};
use crate::model::Role;
use crate::project::FailOn;

/// What changed from one fleet to another. A node is the same if it has the same name.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct FleetDiff {
    /// The id of the fleet that is compared with.
    pub a: String,
    /// The id of the fleet that is compared.
    pub b: String,
    /// How many nodes both have.
    pub common: usize,
    /// The nodes that the second has and the first has not.
    pub came: Vec<String>,
    /// The nodes that the first has and the second has not.
    pub went: Vec<String>,
    /// The names that two nodes of one fleet have, which are not compared.
    pub ambiguous: Vec<String>,
    /// The verdicts that changed, those that got weaker first.
    pub verdicts: Vec<VerdictShift>,
    pub facts: Vec<FactShift>,
    pub added: Vec<FindingShift>,
    pub removed: Vec<FindingShift>,
    /// The classes that the second was not asked for.
    pub classes_gone: Vec<String>,
    /// The classes that the first was not asked for.
    pub classes_added: Vec<String>,
    /// The expectations that a node met and meets no longer.
    pub expectations: Vec<ExpectationShift>,
}

/// A verdict that changed, on all nodes on which it changed like this.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct VerdictShift {
    pub class: String,
    /// What was concluded.
    pub a: ClassSummary,
    pub b: ClassSummary,
    /// Whether it got weaker, which fails the gate `regression`.
    pub regression: bool,
    pub nodes: Vec<String>,
}

/// A fact that changed, on all nodes on which it changed like this.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct FactShift {
    pub fact: String,
    pub target: String,
    pub a: String,
    pub b: String,
    pub nodes: Vec<String>,
}

/// A finding that came or went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct FindingShift {
    pub rule: String,
    pub severity: Severity,
    pub target: Option<String>,
    pub nodes: Vec<String>,
}

/// An expectation that is met no longer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ExpectationShift {
    pub expects: String,
    pub nodes: Vec<String>,
}

impl FleetDiff {
    /// Compares what two fleets show.
    pub(crate) fn between_fleets(a: &[NodeSummary], b: &[NodeSummary]) -> Self {
        let (mut before, mut after) = (index_by_name(a), index_by_name(b));
        // Which of two nodes of one name is which cannot be told.
        let twins: BTreeSet<&str> = find_twins(a).into_iter().chain(find_twins(b)).collect();
        before.retain(|name, _| !twins.contains(name));
        after.retain(|name, _| !twins.contains(name));
        let [went, came] = [(&before, &after), (&after, &before)].map(|(these, those)| {
            let lone = these.keys().filter(|name| !those.contains_key(**name));
            lone.map(ToString::to_string).collect::<Vec<_>>()
        });
        let mut diff = Self {
            ambiguous: twins.iter().map(ToString::to_string).collect(),
            went,
            came,
            classes_gone: lone_classes(a, b),
            classes_added: lone_classes(b, a),
            ..Self::default()
        };
        let (mut verdicts, mut facts) = (BTreeMap::new(), BTreeMap::new());
        let (mut added, mut removed) = (BTreeMap::new(), BTreeMap::new());
        for (name, new) in &after {
            let Some(old) = before.get(name) else { continue };
            diff.common += 1;
            add_verdicts(&mut verdicts, old, new);
            add_facts(&mut facts, old, new);
            add_findings(&mut added, old, new);
            // Of a node that was not tested nothing is known, so nothing is gone there.
            if new.run.is_some() {
                add_findings(&mut removed, new, old);
            }
        }
        diff.verdicts = verdicts.into_values().collect();
        diff.verdicts.sort_by_key(|shift| !shift.regression);
        diff.facts = facts.into_values().collect();
        diff.added = added.into_values().collect();
        diff.removed = removed.into_values().collect();
        for list in [&mut diff.added, &mut diff.removed] {
            list.sort_by_key(|shift| std::cmp::Reverse(shift.severity));
        }
        diff
    }

    /// Whether nothing changed.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { went, came, classes_gone, classes_added, .. } = self;
        [went, came, classes_gone, classes_added].iter().all(|list| list.is_empty())
            && self.verdicts.is_empty()
            && self.facts.is_empty()
            && self.added.is_empty()
            && self.removed.is_empty()
            && self.expectations.is_empty()
    }

    /// Whether a difference of one of these kinds is there.
    pub(crate) fn fails_gate(&self, fail_on: &[FailOn]) -> bool {
        fail_on.iter().any(|kind| match kind {
            FailOn::Change => !self.is_empty(),
            FailOn::Regression => {
                self.verdicts.iter().any(|shift| shift.regression)
                    || !self.classes_gone.is_empty()
                    || !self.expectations.is_empty()
            }
            FailOn::Verdict => !self.verdicts.is_empty() || !self.classes_gone.is_empty(),
            FailOn::Finding => self.added.iter().any(|shift| shift.severity > Severity::Note),
            FailOn::Never => false,
        })
    }
}

fn index_by_name(nodes: &[NodeSummary]) -> BTreeMap<&str, &NodeSummary> {
    nodes.iter().map(|node| (node.node.as_str(), node)).collect()
}

fn find_twins(nodes: &[NodeSummary]) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    nodes.iter().map(|node| node.node.as_str()).filter(|name| !seen.insert(*name)).collect()
}

fn lone_classes(these: &[NodeSummary], those: &[NodeSummary]) -> Vec<String> {
    // Every node of a fleet has all classes of the fleet.
    let [these, those] =
        [these, those].map(|nodes| nodes.first().map(|node| &node.classes[..]).unwrap_or_default());
    let mut lone: Vec<String> = these.iter().map(|it| it.class.clone()).collect();
    lone.retain(|class| !those.iter().any(|it| it.class == *class));
    lone
}

/// The class, what was concluded, what is, and why nothing is: nodes with one reason are told of
/// together.
type VerdictKey = (String, String, String, Option<String>);

fn add_verdicts(
    shifts: &mut BTreeMap<VerdictKey, VerdictShift>,
    old: &NodeSummary,
    new: &NodeSummary,
) {
    for b in &new.classes {
        let Some(a) = old.classes.iter().find(|it| it.class == b.class) else { continue };
        if (a.conclusion, a.confidence) == (b.conclusion, b.confidence) {
            continue;
        }
        let [before, after] =
            [a, b].map(|it| format!("{} {}", it.conclusion.into_str(), it.confidence.into_str()));
        let key = (b.class.clone(), before, after, b.reason.clone());
        let shift = shifts.entry(key).or_insert_with(|| VerdictShift {
            class: b.class.clone(),
            a: a.clone(),
            b: b.clone(),
            regression: got_weaker(a, b) || new.lost_run.is_some(),
            nodes: Vec::new(),
        });
        shift.nodes.push(new.node.clone());
    }
}

/// Whether a verdict got weaker, as between two runs.
fn got_weaker(a: &ClassSummary, b: &ClassSummary) -> bool {
    a.conclusion != b.conclusion
        && is_weaker(&Change {
            a: json!(a.conclusion.into_str()),
            b: json!(b.conclusion.into_str()),
            ..Change::about_target(ChangeKind::Verdict, "verdict", &b.class, Role::Candidate)
        })
}

fn add_facts(
    shifts: &mut BTreeMap<(String, String, String, String), FactShift>,
    old: &NodeSummary,
    new: &NodeSummary,
) {
    for b in &new.facts {
        let mut facts = old.facts.iter();
        let same = facts.find(|it| it.fact == b.fact && it.target == b.target);
        let Some(a) = same.filter(|a| a.value != b.value) else { continue };
        let key = (b.fact.clone(), b.target.clone(), a.value.clone(), b.value.clone());
        let shift = shifts.entry(key).or_insert_with(|| FactShift {
            fact: b.fact.clone(),
            target: b.target.clone(),
            a: a.value.clone(),
            b: b.value.clone(),
            nodes: Vec::new(),
        });
        shift.nodes.push(new.node.clone());
    }
}

/// The findings that `new` has and `old` has not.
fn add_findings(
    shifts: &mut BTreeMap<(String, Option<String>), FindingShift>,
    old: &NodeSummary,
    new: &NodeSummary,
) {
    for finding in &new.findings {
        if old.findings.iter().any(|it| it.rule == finding.rule && it.target == finding.target) {
            continue;
        }
        let key = (finding.rule.clone(), finding.target.clone());
        let shift = shifts.entry(key).or_insert_with(|| FindingShift {
            rule: finding.rule.clone(),
            severity: finding.severity,
            target: finding.target.clone(),
            nodes: Vec::new(),
        });
        if shift.nodes.last() != Some(&new.node) {
            shift.nodes.push(new.node.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Conclusion;
    use crate::judge::fleet::testing::kata_node;

    #[test]
    fn a_weaker_verdict_is_a_regression_and_a_node_that_is_gone_is_none() {
        let vm = |name: &str| kata_node(name, Conclusion::SeparateKernelVm, "6.1");
        let before = [vm("a"), vm("b"), vm("c")];
        let after = [vm("a"), vm("b"), vm("d")];
        let diff = FleetDiff::between_fleets(&before, &after);
        assert_eq!(
            (diff.common, &diff.went[..], &diff.came[..]),
            (2, &["c".into()][..], &["d".into()][..])
        );
        assert!(diff.fails_gate(&[FailOn::Change]));
        assert!(!diff.fails_gate(&[FailOn::Regression, FailOn::Verdict, FailOn::Finding]));

        let after = [vm("a"), kata_node("b", Conclusion::SharedKernel, "6.1")];
        let diff = FleetDiff::between_fleets(&before, &after);
        assert_eq!(diff.verdicts.len(), 1);
        assert_eq!(diff.verdicts[0].nodes, ["b"]);
        assert!(diff.fails_gate(&[FailOn::Regression]) && diff.fails_gate(&[FailOn::Finding]));
        // The other way round it got stronger.
        let diff = FleetDiff::between_fleets(&after, &before);
        assert!(!diff.fails_gate(&[FailOn::Regression]) && diff.fails_gate(&[FailOn::Verdict]));
    }

    #[test]
    fn of_two_nodes_with_one_name_neither_is_compared() {
        let vm = |name: &str| kata_node(name, Conclusion::SeparateKernelVm, "6.1");
        let shared = kata_node("a", Conclusion::SharedKernel, "6.1");
        let diff = FleetDiff::between_fleets(&[vm("a"), vm("b")], &[vm("a"), shared, vm("b")]);
        assert_eq!((diff.common, &diff.ambiguous[..]), (1, &["a".into()][..]));
        assert!(diff.verdicts.is_empty());
    }

    #[test]
    fn a_node_that_is_no_longer_reached_is_a_regression() {
        let before = [kata_node("a", Conclusion::SharedKernel, "6.1")];
        let after = [kata_node("a", Conclusion::NotTested, "6.1")];
        assert!(FleetDiff::between_fleets(&before, &after).fails_gate(&[FailOn::Regression]));
        assert!(FleetDiff::between_fleets(&before, &before).is_empty());
    }

    #[test]
    fn nodes_of_which_nothing_is_known_for_different_reasons_are_told_apart() {
        let before = ["a", "b", "c"].map(|name| kata_node(name, Conclusion::SharedKernel, "6.1"));
        let mut after = ["a", "b", "c"].map(|name| kata_node(name, Conclusion::NotTested, "6.1"));
        after[1].classes[0].reason = Some("the session recorded no run".into());
        let diff = FleetDiff::between_fleets(&before, &after);
        let shown = diff.verdicts.iter().map(|it| (it.nodes.join(" "), it.b.reason.as_deref()));
        let expected = [("a c", "no runtime"), ("b", "the session recorded no run")];
        assert_eq!(
            shown.collect::<Vec<_>>(),
            expected.map(|(nodes, reason)| (nodes.to_string(), Some(reason)))
        );
        // A run that is lost shows no longer what it showed.
        after[1].classes[0].conclusion = Conclusion::Inconclusive;
        after[1].lost_run = Some("there is no file data/runs/x/y.json".into());
        let diff = FleetDiff::between_fleets(&before[1..2], &after[1..2]);
        assert!(diff.fails_gate(&[FailOn::Regression]));
    }

    #[test]
    fn equal_changes_of_facts_are_one_change() {
        let vm = |name: &str, kernel: &str| kata_node(name, Conclusion::SeparateKernelVm, kernel);
        let before = [vm("a", "6.1"), vm("b", "6.1"), vm("c", "6.8")];
        let after = [vm("a", "6.8"), vm("b", "6.8"), vm("c", "6.8")];
        let diff = FleetDiff::between_fleets(&before, &after);
        assert_eq!(diff.facts.len(), 1);
        assert_eq!(diff.facts[0].nodes, ["a", "b"]);
        assert!(!diff.fails_gate(&[FailOn::Regression]));
    }
}
