//! What the nodes of a fleet show, and which of them show the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rules::messages::{PodWasChanged, RuntimeNotWhatItSays};
use super::starts::{StartOutcome, StartShift, compare_starts};
use super::words::{ConclusionWords, ReasonWords};
use super::{Conclusion, Confidence, Finding, Judgement, RuleMessage, Severity, Verdict};
use crate::model::{FactId, Fleet, FleetCell, FleetNode, Role, RuleId, Run, fact_ids};

/// The rule by which a class is not what its name says.
pub(crate) const BROKEN: RuleId = RuntimeNotWhatItSays::RULE;

/// The rule by which the cluster stored another pod than was asked for.
pub(crate) const CHANGED: RuleId = PodWasChanged::RULE;

/// The facts by which nodes are told apart. None has a value of its own on every node.
const GROUPING_FACTS: &[FactId] = &[fact_ids::KERNEL_RELEASE, fact_ids::ENGINE_VERSION];

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct NodeSummary {
    pub node: String,
    pub pool: Option<String>,
    /// The id of its run; none if it has none that can be used.
    pub run: Option<String>,
    /// Why the run that the session recorded for it cannot be used, if it recorded one.
    pub lost_run: Option<String>,
    /// What is concluded of each class, in the order of the fleet.
    pub classes: Vec<ClassSummary>,
    /// The facts by which nodes are told apart.
    pub facts: Vec<NodeFact>,
    /// The boot id that its object states, where it has a run.
    pub boot_id: Option<String>,
    /// How long starts take under each class, where they were timed.
    pub starts: Vec<StartShift>,
    pub findings: Vec<Finding>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClassSummary {
    pub class: String,
    pub conclusion: Conclusion,
    pub confidence: Confidence,
    pub title: String,
    /// Why nothing is concluded, where nothing is.
    pub reason: Option<String>,
}

impl ClassSummary {
    fn of_verdict(verdict: &Verdict, words: &ConclusionWords, reasons: &ReasonWords) -> Self {
        let undecided = verdict.reason.map(|reason| reasons[reason.into_str()].clone());
        Self {
            class: verdict.target.clone(),
            conclusion: verdict.conclusion,
            confidence: verdict.confidence,
            title: words[verdict.conclusion.into_str()].title.clone(),
            reason: verdict.failure.clone().or(undecided),
        }
    }

    fn untested_class(class: &str, reason: &str, words: &ConclusionWords) -> Self {
        Self {
            class: class.into(),
            conclusion: Conclusion::NotTested,
            confidence: Confidence::None,
            title: words[Conclusion::NotTested.into_str()].title.clone(),
            reason: Some(reason.into()),
        }
    }

    /// Of a class that was tested and whose evidence is lost, nothing is known: not that it was not
    /// tested either.
    fn lost_class(class: &str, title: &str, reason: &str) -> Self {
        Self {
            class: class.into(),
            conclusion: Conclusion::Inconclusive,
            confidence: Confidence::None,
            title: title.into(),
            reason: Some(reason.into()),
        }
    }

    /// The same as a verdict that rests on nothing, for what is said of verdicts.
    pub(crate) fn as_verdict(&self) -> Verdict {
        Verdict::without_facts(&self.class, self.conclusion, self.confidence)
    }
}

/// A fact that tells nodes apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct NodeFact {
    pub fact: String,
    pub target: String,
    pub value: String,
}

impl NodeSummary {
    /// What a judged run shows of its node. The pool is for the fleet to say.
    pub(crate) fn of_run(
        node: &str,
        run: &Run,
        judgement: &Judgement,
        words: &ConclusionWords,
        reasons: &ReasonWords,
    ) -> Self {
        let verdicts = judgement.verdicts.iter();
        let mut facts = Vec::new();
        for fact in GROUPING_FACTS {
            for target in &run.targets {
                let value = run.find_fact(*fact, &target.name).and_then(|fact| fact.as_str());
                // What starts the containers is the node's, not the container's.
                if let Some(value) =
                    value.filter(|_| *fact != fact_ids::ENGINE_VERSION || target.role == Role::Host)
                {
                    let (fact, target) = (fact.to_string(), target.name.clone());
                    facts.push(NodeFact { fact, target, value: value.into() });
                }
            }
        }
        Self {
            node: node.into(),
            pool: None,
            run: Some(run.id.clone()),
            lost_run: None,
            classes: verdicts.map(|it| ClassSummary::of_verdict(it, words, reasons)).collect(),
            facts,
            boot_id: stated_boot_id(run),
            starts: compare_starts(run),
            findings: judgement
                .findings
                .iter()
                .map(|finding| Finding { evidence: Vec::new(), ..finding.clone() })
                .collect(),
        }
    }

    /// What is known of a node without a run that can be used. `lost_run` has the title of what was
    /// tested there and why its run cannot be used; `untold` stands for a reason that the fleet does
    /// not state.
    pub(crate) fn without_run(
        fleet: &Fleet,
        node: &FleetNode,
        lost_run: Option<(&str, String)>,
        untold: &str,
        words: &ConclusionWords,
    ) -> Self {
        let mut classes = Vec::new();
        for class in &fleet.classes {
            classes.push(match (node.find_cell(&class.name), &lost_run) {
                (FleetCell::Untested(reason), _) => {
                    ClassSummary::untested_class(&class.name, reason, words)
                }
                (_, Some((title, reason))) => ClassSummary::lost_class(&class.name, title, reason),
                (_, None) => ClassSummary::untested_class(&class.name, untold, words),
            });
        }
        Self {
            node: node.name.clone(),
            pool: node.pool.clone(),
            lost_run: lost_run.map(|(_, reason)| reason),
            classes,
            ..Self::default()
        }
    }

    /// This summary with every class of the fleet, in its order; `untold` stands for a reason that
    /// the fleet does not state.
    #[must_use]
    pub(crate) fn with_fleet(
        mut self,
        fleet: &Fleet,
        node: &FleetNode,
        untold: &str,
        words: &ConclusionWords,
    ) -> Self {
        let known = std::mem::take(&mut self.classes);
        for class in &fleet.classes {
            let found = known.iter().find(|it| it.class == class.name).cloned();
            self.classes.push(found.unwrap_or_else(|| {
                let reason = node.reasons.get(&class.name).map_or(untold, String::as_str);
                ClassSummary::untested_class(&class.name, reason, words)
            }));
        }
        self.pool.clone_from(&node.pool);
        self
    }

    pub(crate) fn findings_of(&self, rule: RuleId) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.rule == rule)
    }

    /// The finding that this class is not what its name says here, if it is not.
    pub(crate) fn find_broken_promise(&self, class: &str) -> Option<&Finding> {
        self.findings_of(BROKEN).find(|finding| finding.target.as_deref() == Some(class))
    }

    /// Whether a class is not what its name says here.
    pub(crate) fn is_broken(&self) -> bool {
        self.findings_of(BROKEN).next().is_some()
    }

    /// How much has to be said of the node: classes that are not what their names say, errors,
    /// classes of which nothing is concluded, and warnings, compared in this order.
    pub(crate) fn exception_rank(&self) -> (usize, usize, usize, usize) {
        let [errors, warnings] = [Severity::Error, Severity::Warning]
            .map(|severity| self.findings.iter().filter(|it| it.severity == severity).count());
        let undecided = self.classes.iter().filter(|it| it.confidence == Confidence::None);
        (self.findings_of(BROKEN).count(), errors, undecided.count(), warnings)
    }

    fn group_key(&self) -> GroupKey {
        let classes = self.classes.iter();
        (
            !self.is_broken(),
            classes.map(|it| (it.conclusion.into_str(), it.confidence)).collect(),
            self.facts.clone(),
            self.findings_of(CHANGED).map(|finding| finding.message.clone()).collect(),
        )
    }
}

/// The run of the node of which most has to be said; of equal ones the first.
pub(crate) fn find_worst_run(nodes: &[NodeSummary]) -> Option<&str> {
    let with_run = nodes.iter().filter(|node| node.run.is_some());
    with_run.min_by_key(|node| std::cmp::Reverse(node.exception_rank()))?.run.as_deref()
}

type GroupKey = (bool, Vec<(&'static str, Confidence)>, Vec<NodeFact>, Vec<String>);

fn stated_boot_id(run: &Run) -> Option<String> {
    let host = run.with_role(Role::Host).next()?;
    let id = run.find_fact(fact_ids::KERNEL_BOOT_ID, &host.name)?.as_str()?;
    Some(id.into())
}

/// What a rule found about several nodes of a fleet together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct FleetFinding {
    pub rule: String,
    pub severity: Severity,
    pub message: String,
    pub help: String,
    pub nodes: Vec<String>,
}

/// Nodes with equal verdicts and facts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NodeGroup<'a> {
    /// The nodes, in the order of the fleet.
    pub nodes: Vec<&'a NodeSummary>,
}

/// Groups nodes by their verdicts and the facts that tell nodes apart: first those on which a class
/// is not what its name says, then the larger ones.
pub(crate) fn group_nodes(nodes: &[NodeSummary]) -> Vec<NodeGroup<'_>> {
    let mut groups: BTreeMap<GroupKey, Vec<&NodeSummary>> = BTreeMap::new();
    for node in nodes {
        groups.entry(node.group_key()).or_default().push(node);
    }
    let mut groups: Vec<(bool, NodeGroup)> =
        groups.into_iter().map(|(key, nodes)| (key.0, NodeGroup { nodes })).collect();
    groups.sort_by_key(|(is_sound, group)| (*is_sound, std::cmp::Reverse(group.nodes.len())));
    groups.into_iter().map(|(_, group)| group).collect()
}

/// A finding of one rule about one class, on all nodes that have it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct FoldedFinding<'a> {
    pub rule: &'a str,
    pub severity: Severity,
    pub target: Option<&'a str>,
    /// What is wrong on the first of the nodes.
    pub message: &'a str,
    pub help: &'a str,
    pub nodes: Vec<&'a str>,
}

/// The findings of all nodes by rule and target, and those about nodes `together`, most severe
/// first, then those of most nodes.
pub(crate) fn fold_findings<'a>(
    nodes: &'a [NodeSummary],
    together: &'a [FleetFinding],
) -> Vec<FoldedFinding<'a>> {
    let mut folded: BTreeMap<(&str, Option<&str>), FoldedFinding> = BTreeMap::new();
    for node in nodes {
        for finding in &node.findings {
            let target = finding.target.as_deref();
            let entry = folded.entry((&finding.rule, target)).or_insert_with(|| FoldedFinding {
                rule: &finding.rule,
                severity: finding.severity,
                target,
                message: &finding.message,
                help: &finding.help,
                nodes: Vec::new(),
            });
            if entry.nodes.last() != Some(&node.node.as_str()) {
                entry.nodes.push(&node.node);
            }
        }
    }
    let mut folded: Vec<FoldedFinding> = folded.into_values().collect();
    folded.extend(together.iter().map(|finding| FoldedFinding {
        rule: &finding.rule,
        severity: finding.severity,
        target: None,
        message: &finding.message,
        help: &finding.help,
        nodes: finding.nodes.iter().map(String::as_str).collect(),
    }));
    folded.sort_by_key(|it| (std::cmp::Reverse(it.severity), std::cmp::Reverse(it.nodes.len())));
    folded
}

/// Nodes on which one class came to one conclusion, for one reason where there is one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ClassOutcome<'a> {
    pub outcome: &'a ClassSummary,
    pub nodes: Vec<&'a str>,
}

/// What each class came to on how many nodes, and why: by class in their order, the strongest
/// boundary first.
pub(crate) fn fold_classes(nodes: &[NodeSummary]) -> Vec<ClassOutcome<'_>> {
    fold_classes_by(nodes, |outcome| outcome.reason.as_deref())
}

/// What each class came to on how many nodes, for whatever reasons, in the same order.
pub(crate) fn tally_classes(nodes: &[NodeSummary]) -> Vec<ClassOutcome<'_>> {
    fold_classes_by(nodes, |_| None)
}

fn fold_classes_by(
    nodes: &[NodeSummary],
    reason_of: impl Fn(&ClassSummary) -> Option<&str>,
) -> Vec<ClassOutcome<'_>> {
    let mut folded: BTreeMap<_, ClassOutcome> = BTreeMap::new();
    for node in nodes {
        for (index, outcome) in node.classes.iter().enumerate() {
            let rank = outcome.as_verdict().boundary_rank();
            let key = (index, rank, &outcome.title, reason_of(outcome));
            let entry =
                folded.entry(key).or_insert_with(|| ClassOutcome { outcome, nodes: Vec::new() });
            entry.nodes.push(&node.node);
        }
    }
    folded.into_values().collect()
}

/// What the nodes of a fleet show together, for what a report says of one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FleetTally {
    /// How many nodes it has.
    pub total: usize,
    /// Each class with what is concluded of it, its title, and on how many nodes.
    pub outcomes: Vec<(String, Conclusion, String, usize)>,
}

impl FleetTally {
    pub(crate) fn of_nodes(nodes: &[NodeSummary]) -> Self {
        let mut outcomes = Vec::new();
        for ClassOutcome { outcome, nodes } in tally_classes(nodes) {
            let ClassSummary { class, conclusion, title, .. } = outcome;
            outcomes.push((class.clone(), *conclusion, title.clone(), nodes.len()));
        }
        Self { total: nodes.len(), outcomes }
    }
}

/// Nodes on which the starts of one class stand to the baseline's in the same way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StartFold<'a> {
    pub first: &'a StartShift,
    pub nodes: Vec<&'a str>,
    /// The least and the greatest of their differences, in seconds; none where nothing is concluded.
    pub range: Option<(f64, f64)>,
}

/// How the starts of each class stand to the baseline's on how many nodes.
pub(crate) fn fold_starts(nodes: &[NodeSummary]) -> Vec<StartFold<'_>> {
    let mut folded: BTreeMap<(usize, StartOutcome), StartFold> = BTreeMap::new();
    for node in nodes {
        for shift in &node.starts {
            let place = node.classes.iter().position(|class| class.class == shift.class);
            let key = (place.unwrap_or(usize::MAX), shift.outcome);
            let fold = folded.entry(key).or_insert_with(|| StartFold {
                first: shift,
                nodes: Vec::new(),
                range: None,
            });
            fold.nodes.push(&node.node);
            if let Some((seconds, ..)) = shift.seconds {
                let (least, greatest) = fold.range.unwrap_or((seconds, seconds));
                fold.range = Some((least.min(seconds), greatest.max(seconds)));
            }
        }
    }
    folded.into_values().collect()
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A node that shows this of the class `kata`.
    pub(crate) fn kata_node(name: &str, conclusion: Conclusion, kernel: &str) -> NodeSummary {
        let is_shared = conclusion == Conclusion::SharedKernel;
        let broken = Finding {
            rule: BROKEN.to_string(),
            severity: Severity::Error,
            target: Some("kata".into()),
            message: "kata shows the host's kernel.".into(),
            help: "look".into(),
            evidence: Vec::new(),
        };
        NodeSummary {
            node: name.into(),
            pool: None,
            run: Some(format!("run-of-{name}")),
            lost_run: None,
            classes: vec![ClassSummary {
                class: "kata".into(),
                conclusion,
                confidence: Confidence::Medium,
                title: format!("{conclusion:?}"),
                reason: (conclusion == Conclusion::NotTested).then(|| "no runtime".into()),
            }],
            facts: vec![NodeFact {
                fact: "kernel.release".into(),
                target: "host".into(),
                value: kernel.into(),
            }],
            boot_id: None,
            starts: Vec::new(),
            findings: is_shared.then_some(broken).into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::kata_node;
    use super::*;

    fn node_names<'a>(nodes: &[&'a NodeSummary]) -> Vec<&'a str> {
        nodes.iter().map(|node| node.node.as_str()).collect()
    }

    #[test]
    fn nodes_with_equal_verdicts_and_kernels_are_one_group_and_broken_ones_come_first() {
        let nodes = [
            kata_node("a", Conclusion::SeparateKernelVm, "6.1"),
            kata_node("b", Conclusion::SeparateKernelVm, "6.8"),
            kata_node("c", Conclusion::SharedKernel, "6.1"),
            kata_node("d", Conclusion::SeparateKernelVm, "6.1"),
        ];
        let groups: Vec<Vec<&str>> =
            group_nodes(&nodes).iter().map(|group| node_names(&group.nodes)).collect();
        assert_eq!(groups, [vec!["c"], vec!["a", "d"], vec!["b"]]);
    }

    #[test]
    fn a_node_that_breaks_a_promise_ranks_before_one_of_which_less_is_known() {
        let rank = |conclusion, confidence| {
            let mut node = kata_node("a", conclusion, "6.1");
            node.classes[0].confidence = confidence;
            node.exception_rank()
        };
        let sound = rank(Conclusion::SeparateKernelVm, Confidence::Medium);
        let untested = rank(Conclusion::NotTested, Confidence::None);
        let broken = rank(Conclusion::SharedKernel, Confidence::Medium);
        assert_eq!([sound, untested, broken], [(0, 0, 0, 0), (0, 0, 1, 0), (1, 1, 0, 0)]);
        assert!(sound < untested && untested < broken);
    }

    #[test]
    fn starts_are_folded_by_class_and_outcome_with_the_range_of_their_differences() {
        let node = |name: &str, outcome: StartOutcome, seconds: f64| {
            let mut node = kata_node(name, Conclusion::SeparateKernelVm, "6.1");
            node.starts.push(StartShift {
                class: "kata".into(),
                baseline: "runc".into(),
                samples: 10,
                baseline_samples: 10,
                outcome,
                seconds: (outcome == StartOutcome::Longer).then_some((seconds, 0.0, 1.0)),
                control_seconds: None,
            });
            node
        };
        let nodes = [
            node("a", StartOutcome::Longer, 0.5),
            node("b", StartOutcome::TooFew, 0.0),
            node("c", StartOutcome::Longer, 0.25),
        ];
        let folds = fold_starts(&nodes);
        assert_eq!((&folds[0].nodes[..], folds[0].range), (&["a", "c"][..], Some((0.25, 0.5))));
        assert_eq!((&folds[1].nodes[..], folds[1].range), (&["b"][..], None));
    }

    #[test]
    fn findings_are_folded_by_rule_and_target() {
        let nodes = [
            kata_node("a", Conclusion::SharedKernel, "6.1"),
            kata_node("b", Conclusion::SeparateKernelVm, "6.1"),
            kata_node("c", Conclusion::SharedKernel, "6.1"),
        ];
        let folded = fold_findings(&nodes, &[]);
        assert_eq!(folded.len(), 1);
        assert_eq!(folded[0].nodes, ["a", "c"]);
    }

    #[test]
    fn a_class_has_a_line_for_each_conclusion_and_each_reason() {
        let mut other = kata_node("d", Conclusion::NotTested, "6.1");
        other.classes[0].reason = Some("a taint".into());
        let nodes = [
            kata_node("a", Conclusion::NotTested, "6.1"),
            kata_node("b", Conclusion::SeparateKernelVm, "6.1"),
            kata_node("c", Conclusion::NotTested, "6.1"),
            other,
        ];
        let lines: Vec<Vec<&str>> =
            fold_classes(&nodes).into_iter().map(|line| line.nodes).collect();
        assert_eq!(lines, [vec!["b"], vec!["d"], vec!["a", "c"]]);
        let tally = FleetTally::of_nodes(&nodes);
        let counts: Vec<usize> = tally.outcomes.iter().map(|it| it.3).collect();
        assert_eq!((tally.total, &counts[..]), (4, &[1, 3][..]));
    }
}
