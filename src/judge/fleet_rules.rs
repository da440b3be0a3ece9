//! Rules about the nodes of a fleet together. Their words are `data/fleet/rules/<id>.toml`; in their
//! examples the names of nodes stand in the place of targets.

use std::collections::BTreeMap;

use super::fleet::{FleetFinding, NodeSummary};
use super::{Conclusion, Confidence, Finding, RuleBook, RuleMessage, Violation};
use crate::error::Result;
use crate::model::{Fleet, StartEnd, fact_ids};

mod messages {
    //! A type for the message of each rule in `data/fleet/rules/`.

    include!(concat!(env!("OUT_DIR"), "/fleet_rules.rs"));
}

type FleetViolation<'a> = (Violation, Vec<&'a str>);

type FleetCheck = for<'a> fn(&'a Fleet, &'a [NodeSummary]) -> Vec<FleetViolation<'a>>;

const CHECKS: &[FleetCheck] = &[
    run_file_lost,
    named_class_not_tested,
    found_class_not_tested,
    runtime_version_skew,
    nodes_share_a_boot_id,
];

/// What the rules find about the nodes of a fleet together, whose summaries are in its order.
pub(crate) fn check_nodes(
    fleet: &Fleet,
    nodes: &[NodeSummary],
    book: &RuleBook,
) -> Result<Vec<FleetFinding>> {
    let mut findings = Vec::new();
    for (violation, on) in CHECKS.iter().flat_map(|check| check(fleet, nodes)) {
        let Finding { rule, severity, message, help, .. } = book.word_violation(violation)?;
        if !book.switched_off_rules().contains_key(&rule) {
            let nodes = on.into_iter().map(String::from).collect();
            findings.push(FleetFinding { rule, severity, message, help, nodes });
        }
    }
    Ok(findings)
}

fn run_file_lost<'a>(_: &'a Fleet, nodes: &'a [NodeSummary]) -> Vec<FleetViolation<'a>> {
    let mut lost = Vec::new();
    let mut first = None;
    for node in nodes {
        if let Some(reason) = &node.lost_run {
            first.get_or_insert(reason);
            lost.push(node.node.as_str());
        }
    }
    let Some(reason) = first else { return Vec::new() };
    let message = messages::RunFileLost { count: lost.len(), reason };
    vec![(message.make_violation(), lost)]
}

/// A class that the user named and of which a node has no run that shows something.
fn named_class_not_tested<'a>(
    fleet: &'a Fleet,
    nodes: &'a [NodeSummary],
) -> Vec<FleetViolation<'a>> {
    untested_classes(fleet, nodes, true, |class, count, reason| {
        messages::NamedClassNotTested { class, count, reason }.make_violation()
    })
}

/// A class of the cluster that nobody named and of which a node has no run that shows something.
fn found_class_not_tested<'a>(
    fleet: &'a Fleet,
    nodes: &'a [NodeSummary],
) -> Vec<FleetViolation<'a>> {
    untested_classes(fleet, nodes, false, |class, count, reason| {
        messages::FoundClassNotTested { class, count, reason }.make_violation()
    })
}

/// Where and why classes were not tested. Of one that did not start the run of the node says so.
fn untested_classes<'a>(
    fleet: &'a Fleet,
    nodes: &'a [NodeSummary],
    are_named: bool,
    say: fn(&str, usize, &str) -> Violation,
) -> Vec<FleetViolation<'a>> {
    let mut violations = Vec::new();
    for class in fleet.classes.iter().filter(|class| class.named == are_named) {
        let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (asked, node) in fleet.nodes.iter().zip(nodes) {
            let is_told = node.run.is_some() && asked.is_in_run(&class.name);
            let own = node.classes.iter().find(|it| it.class == class.name);
            let Some(own) = own.filter(|it| it.conclusion == Conclusion::NotTested) else {
                continue;
            };
            let reason = own.reason.as_deref().unwrap_or_default();
            if !is_told && StartEnd::of_failure(reason) != StartEnd::OtherNode {
                by_reason.entry(reason).or_default().push(&node.node);
            }
        }
        let said = by_reason
            .into_iter()
            .map(|(reason, on)| (say(&class.name, on.len(), reason.trim_end_matches('.')), on));
        violations.extend(said);
    }
    violations
}

fn runtime_version(node: &NodeSummary) -> Option<&str> {
    let version = node.facts.iter().find(|fact| fact.fact == *fact_ids::ENGINE_VERSION)?;
    Some(&version.value)
}

/// Classes that were tested on nodes with several versions of the container runtime. The nodes are
/// those without the commonest version.
fn runtime_version_skew<'a>(_: &'a Fleet, nodes: &'a [NodeSummary]) -> Vec<FleetViolation<'a>> {
    let mut by_class: BTreeMap<(usize, &str), BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
    for node in nodes {
        let Some(version) = runtime_version(node) else { continue };
        for (place, class) in node.classes.iter().enumerate() {
            if class.confidence > Confidence::None {
                let versions = by_class.entry((place, &class.class)).or_default();
                versions.entry(version).or_default().push(&node.node);
            }
        }
    }
    // Classes that were tested on the same nodes are one finding.
    let mut by_versions: BTreeMap<BTreeMap<&str, Vec<&str>>, Vec<&str>> = BTreeMap::new();
    for ((_, class), versions) in by_class.into_iter().filter(|(_, versions)| versions.len() > 1) {
        by_versions.entry(versions).or_default().push(class);
    }
    let mut violations = Vec::new();
    for (versions, classes) in by_versions {
        let mut versions: Vec<(&str, Vec<&str>)> = versions.into_iter().collect();
        versions.sort_by_key(|(_, nodes)| std::cmp::Reverse(nodes.len()));
        let tally = versions.iter().map(|(version, nodes)| {
            let plural = if nodes.len() == 1 { "" } else { "s" };
            format!("{version} on {} node{plural}", nodes.len())
        });
        let tally = tally.collect::<Vec<_>>().join(", ");
        let classes = classes.join(", ");
        let message = messages::RuntimeVersionSkew { classes: &classes, versions: &tally };
        let others = versions.into_iter().skip(1).flat_map(|(_, nodes)| nodes).collect();
        violations.push((message.make_violation(), others));
    }
    violations
}

fn nodes_share_a_boot_id<'a>(_: &'a Fleet, nodes: &'a [NodeSummary]) -> Vec<FleetViolation<'a>> {
    let mut by_id: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for node in nodes {
        if let Some(id) = &node.boot_id {
            by_id.entry(id).or_default().push(&node.node);
        }
    }
    let mut violations = Vec::new();
    for (id, nodes) in by_id {
        if nodes.len() > 1 {
            let message = messages::NodesShareABootId { count: nodes.len(), id };
            violations.push((message.make_violation(), nodes));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::RuleExample;
    use crate::judge::fleet::NodeFact;
    use crate::judge::fleet::testing::kata_node;
    use crate::model::testing::kata_fleet;
    use crate::model::{FleetNode, NOT_FOR_NODE};

    /// What was asked for: Kata on these nodes, each of which has a run if its summary has one.
    fn fleet_of(nodes: &[NodeSummary], named: bool) -> Fleet {
        let mut fleet = kata_fleet("aa11");
        fleet.classes[0].named = named;
        for node in nodes {
            let asked = FleetNode::not_reached(&node.node, None);
            fleet.nodes.push(FleetNode { run: node.run.clone(), ..asked });
        }
        fleet
    }

    /// The nodes of an example, on each of which a class was tested unless its run is missing for
    /// the reason of a failure.
    fn nodes_of(example: &RuleExample) -> Vec<NodeSummary> {
        let mut nodes: BTreeMap<&str, NodeSummary> = BTreeMap::new();
        for (fact, by_node) in &example.facts {
            for (name, value) in by_node {
                let new = || kata_node(name, Conclusion::SeparateKernelVm, "6.1");
                let node = nodes.entry(name).or_insert_with(new);
                let value = value.as_str().unwrap().to_string();
                match *fact == *fact_ids::KERNEL_BOOT_ID {
                    true => node.boot_id = Some(value),
                    false => node.facts.push(NodeFact {
                        fact: fact.clone(),
                        target: "host".into(),
                        value,
                    }),
                }
            }
        }
        for (name, reason) in &example.failures {
            let mut node = kata_node(name, Conclusion::NotTested, "6.1");
            (node.run, node.classes[0].reason) = (None, Some(reason.clone()));
            if reason.contains("data/runs/") {
                node.lost_run = Some(reason.clone());
                node.classes[0].conclusion = Conclusion::Inconclusive;
            }
            nodes.insert(name, node);
        }
        nodes.into_values().collect()
    }

    #[test]
    fn every_rule_about_fleets_says_about_its_examples_what_they_state() {
        let book = RuleBook::of_fleets(None).unwrap();
        assert_eq!(book.rule_ids().count(), CHECKS.len());
        for doc in book.iter_rules() {
            assert!(!doc.found.is_empty() && !doc.not_found.is_empty(), "{}", doc.id);
            for example in doc.found.iter().chain(&doc.not_found) {
                let nodes = nodes_of(example);
                let found = check_nodes(&fleet_of(&nodes, example.named), &nodes, &book).unwrap();
                let said = found.into_iter().filter(|it| it.rule == doc.id).map(|it| it.message);
                assert_eq!(said.collect::<Vec<_>>(), example.says, "{}: {}", doc.id, example.what);
            }
        }
    }

    #[test]
    fn a_node_on_which_a_class_was_not_tested_is_in_no_skew_of_it() {
        let book = RuleBook::of_fleets(None).unwrap();
        let node = |name: &str, version: &str, confidence: Confidence| {
            let mut node = kata_node(name, Conclusion::SeparateKernelVm, "6.1");
            node.classes[0].confidence = confidence;
            node.facts.push(NodeFact {
                fact: fact_ids::ENGINE_VERSION.to_string(),
                target: "host".into(),
                value: version.into(),
            });
            node
        };
        let [old, new, untested] = [
            node("a", "containerd://1", Confidence::Medium),
            node("b", "containerd://2", Confidence::Medium),
            node("c", "containerd://2", Confidence::None),
        ];
        let check = |nodes: &[NodeSummary]| check_nodes(&fleet_of(nodes, true), nodes, &book);
        assert_eq!(check(&[old.clone(), untested]).unwrap(), []);
        let found = check(&[old.clone(), old, new]).unwrap();
        assert_eq!((found.len(), &found[0].nodes[..]), (1, &["b".to_string()][..]));
    }

    #[test]
    fn of_a_class_that_did_not_start_its_run_says_so_and_one_for_other_nodes_is_not_missing() {
        let book = RuleBook::of_fleets(None).unwrap();
        let mut node = kata_node("a", Conclusion::NotTested, "6.1");
        let find = |node: &NodeSummary, reason: Option<&str>| {
            let mut fleet = fleet_of(std::slice::from_ref(node), true);
            let reason = reason.map(|reason| ("kata".to_string(), reason.to_string()));
            fleet.nodes[0].reasons.extend(reason);
            check_nodes(&fleet, std::slice::from_ref(node), &book).unwrap().len()
        };
        assert_eq!(find(&node, Some("no runtime")), 0);
        assert_eq!(find(&node, Some("the session was stopped before")), 1);
        node.run = None;
        assert_eq!(find(&node, Some("no runtime")), 1);
        node.classes[0].reason = Some(format!("{NOT_FOR_NODE}pool=sandbox"));
        assert_eq!(find(&node, None), 0);
    }
}
