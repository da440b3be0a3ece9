//! A fleet with what its runs show.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use serde_json::{Value as Json, json};
use tera::Context;

use super::{Assessment, ProjectData, templates};
use crate::assets::{self, AssetTree};
use crate::diff::fleet::ExpectationShift;
use crate::error::{Error, Result};
use crate::judge::fleet::{
    BROKEN, CHANGED, FleetFinding, FoldedFinding, NodeSummary, fold_classes, fold_findings,
    tally_classes,
};
use crate::judge::fleet_rules::check_nodes;
use crate::judge::{ExpectationOutcome, ExpectationResult, Severity};
use crate::model::{EvidenceKind, Fleet, FleetNode, RuleId, Run};
use crate::store::{LoadedRun, RunStore};

#[derive(Debug)]
pub(crate) struct FleetAssessment {
    /// What was asked for and what came of it.
    pub fleet: Fleet,
    pub nodes: Vec<NodeSummary>,
    /// What the rules found about several nodes together.
    pub together: Vec<FleetFinding>,
    /// What came of each expectation on each node that has a run.
    pub expectations: Vec<NodeExpectations>,
    /// What an expectation finds on a node that has no run: what is not shown is not relied on.
    no_run: String,
}

/// What came of what the project expects, on a node.
#[derive(Debug)]
pub(crate) struct NodeExpectations {
    pub node: String,
    /// The outcomes, in the order of `book.toml`.
    pub results: Vec<ExpectationResult>,
}

impl FleetAssessment {
    /// All findings, each on all its nodes, most severe first.
    pub(crate) fn fold_findings(&self) -> Vec<FoldedFinding<'_>> {
        fold_findings(&self.nodes, &self.together)
    }

    /// Loads and judges the runs of a fleet, of which each thread has one in memory at a time.
    pub(crate) fn assess_fleet(
        fleet: Fleet,
        store: &RunStore,
        project_data: &ProjectData,
    ) -> Result<Self> {
        let nodes = fleet.nodes.par_iter();
        let assessed: Vec<Result<_>> =
            nodes.map(|node| assess_node(&fleet, node, store, project_data)).collect();
        let (mut nodes, mut expectations) = (Vec::new(), Vec::new());
        for assessed in assessed {
            let (summary, results) = assessed?;
            if let (false, node) = (results.is_empty(), summary.node.clone()) {
                expectations.push(NodeExpectations { node, results });
            }
            nodes.push(summary);
        }
        let together = check_nodes(&fleet, &nodes, &project_data.fleet_rules)?;
        let no_run = project_data.phrases.node_without_run.clone();
        Ok(Self { fleet, nodes, together, expectations, no_run })
    }
}

/// What is known of one node of a fleet, and what came of what is expected of it.
pub(crate) fn assess_node(
    fleet: &Fleet,
    node: &FleetNode,
    store: &RunStore,
    project_data: &ProjectData,
) -> Result<(NodeSummary, Vec<ExpectationResult>)> {
    let (words, untold) = (&project_data.words, &project_data.phrases.session_ended);
    let Some(id) = &node.run else {
        return Ok((NodeSummary::without_run(fleet, node, None, untold, words), Vec::new()));
    };
    let loaded = match load_node_run(fleet, node, id, store) {
        Ok(loaded) => loaded,
        Err(reason) => {
            let lost = Some((project_data.phrases.lost_run.as_str(), reason));
            let summary = NodeSummary::without_run(fleet, node, lost, untold, words);
            return Ok((summary, Vec::new()));
        }
    };
    let assessment = Assessment::new(loaded, project_data)?;
    let summary = summarize_node(&node.name, &assessment).with_fleet(fleet, node, untold, words);
    Ok((summary, assessment.judge_expectations()?))
}

pub(crate) fn summarize_node(node: &str, assessment: &Assessment) -> NodeSummary {
    let Assessment { run, judgement, project_data, .. } = assessment;
    NodeSummary::of_run(node, run, judgement, &project_data.words, &project_data.reasons)
}

fn load_node_run(
    fleet: &Fleet,
    node: &FleetNode,
    id: &str,
    store: &RunStore,
) -> Result<LoadedRun, String> {
    let file = store.find_fleet_run(&fleet.id, id);
    let loaded = file.and_then(|file| store.parse_run(&file));
    let loaded = loaded.map_err(|error| store.describe_lost_run(&fleet.id, id, &error.message))?;
    match is_run_of(&loaded.run, fleet, node) {
        true => Ok(loaded),
        false => Err(store.describe_lost_run(&fleet.id, id, OTHER_NODE)),
    }
}

/// What is wrong with the file of a run that another node or session made.
pub(crate) const OTHER_NODE: &str = "it is the run of another node or session";

pub(crate) fn is_run_of(run: &Run, fleet: &Fleet, node: &FleetNode) -> bool {
    let EvidenceKind::Collected { session, node: name, .. } = &run.evidence else { return false };
    *session == fleet.id && name.as_deref() == Some(&node.name)
}

/// What came of one expectation on all nodes.
#[derive(Debug)]
pub(crate) struct ExpectationFold<'a> {
    pub expects: &'a str,
    pub reason: &'a str,
    /// The line of `book.toml` in which it begins, from 1.
    pub line: usize,
    /// The nodes that show something else, with what they show.
    pub failed: Vec<(&'a str, &'a str)>,
    /// The nodes that do not show which, with what they show.
    pub undecided: Vec<(&'a str, &'a str)>,
    is_failing: bool,
}

impl ExpectationFold<'_> {
    /// Whether every node shows what is expected.
    pub(crate) fn has_passed(&self) -> bool {
        self.failed.is_empty() && self.undecided.is_empty()
    }

    pub(crate) fn fails_build(&self) -> bool {
        self.is_failing
    }

    pub(crate) fn to_json(&self) -> serde_json::Value {
        let [failed, undecided] = [&self.failed, &self.undecided].map(|list| {
            let nodes = list.iter().map(|(node, found)| json!({ "node": node, "found": found }));
            nodes.collect::<Vec<_>>()
        });
        json!({
            "expects": self.expects, "reason": self.reason, "line": self.line,
            "failed": failed, "not_decided": undecided,
            "fails": self.is_failing,
        })
    }
}

impl FleetAssessment {
    /// What came of each expectation on all nodes, those without a run among them. Where no node
    /// has a run nothing is known of any.
    pub(crate) fn fold_expectations(&self) -> Vec<ExpectationFold<'_>> {
        let Some(first) = self.expectations.first() else { return Vec::new() };
        let unreached = self.nodes.iter().filter(|node| node.run.is_none());
        let unreached: Vec<(&str, &str)> =
            unreached.map(|node| (node.node.as_str(), self.no_run.as_str())).collect();
        let mut folds: Vec<ExpectationFold> = Vec::new();
        for (index, expected) in first.results.iter().enumerate() {
            let is_about_boundary = matches!(expected.kind, "start" | "boundary");
            let mut fold = ExpectationFold {
                expects: &expected.expects,
                reason: &expected.reason,
                line: expected.line,
                failed: Vec::new(),
                undecided: unreached.clone(),
                is_failing: is_about_boundary && !unreached.is_empty(),
            };
            for node in &self.expectations {
                let Some(result) = node.results.get(index) else { continue };
                let found = (node.node.as_str(), result.found.as_str());
                match result.outcome {
                    ExpectationOutcome::Passed => {}
                    ExpectationOutcome::Failed => fold.failed.push(found),
                    ExpectationOutcome::NotDecided => fold.undecided.push(found),
                }
                fold.is_failing |= result.fails;
            }
            folds.push(fold);
        }
        folds
    }

    /// The expectations that nodes met in `before` and do not meet here.
    pub(crate) fn lost_expectations(&self, before: &Self) -> Vec<ExpectationShift> {
        let old: BTreeMap<&str, &NodeExpectations> =
            before.expectations.iter().map(|it| (it.node.as_str(), it)).collect();
        let mut lost: BTreeMap<(usize, String), ExpectationShift> = BTreeMap::new();
        for node in &self.expectations {
            let Some(old) = old.get(node.node.as_str()) else { continue };
            for (old, new) in old.results.iter().zip(&node.results) {
                if old.has_passed() && new.fails {
                    let expects = new.expects.clone();
                    let key = (new.line, expects.clone());
                    let shift = lost
                        .entry(key)
                        .or_insert_with(|| ExpectationShift { expects, nodes: Vec::new() });
                    shift.nodes.push(node.node.clone());
                }
            }
        }
        lost.into_values().collect()
    }
}

/// How many nodes are named, how many reasons and how many findings stand in a summary.
const NAMED_NODES: usize = 5;
const MOST_REASONS: usize = 50;
const MOST_FINDINGS: usize = 20;

const SUMMARY: &str = "check/fleet.md";

/// The first of these nodes, how many there are, and how many are not named.
fn name_nodes(names: &[&str]) -> Json {
    let shown = &names[..names.len().min(NAMED_NODES)];
    json!({ "count": names.len(), "nodes": shown, "more": names.len() - shown.len() })
}

fn join_objects(mut one: Json, other: Json) -> Json {
    if let (Json::Object(one), Json::Object(other)) = (&mut one, other) {
        one.extend(other);
    }
    one
}

impl FleetAssessment {
    /// What a fleet shows, for a comment on a pull request or the summary of a job.
    pub(crate) fn render_summary(&self, templates_folder: &Path) -> Result<String> {
        let files = assets::read_all(AssetTree::Templates, Some(templates_folder), SUMMARY, "")?;
        let context = Context::from_serialize(&self.summary_view())
            .map_err(|error| Error::unusable_input(format!("{SUMMARY}: {error}")))?;
        files.get(SUMMARY).map_or_else(
            || Ok(String::new()),
            |file| templates::render_markdown(SUMMARY, file, &context),
        )
    }

    fn summary_view(&self) -> Json {
        let classes: Vec<Json> = tally_classes(&self.nodes)
            .iter()
            .map(|line| {
                let outcome = line.outcome;
                let (class, title) = (&outcome.class, &outcome.title);
                let sure = outcome.confidence.into_str();
                let words = json!({ "class": class, "title": title, "confidence": sure });
                join_objects(words, name_nodes(&line.nodes))
            })
            .collect();
        let mut reasons: Vec<Json> = Vec::new();
        for line in fold_classes(&self.nodes) {
            if let Some(reason) = &line.outcome.reason {
                let (class, count) = (&line.outcome.class, line.nodes.len());
                reasons.push(json!({ "class": class, "reason": reason, "count": count }));
            }
        }
        let findings = self.fold_findings();
        let [errors, warnings] = [Severity::Error, Severity::Warning]
            .map(|severity| findings.iter().filter(|it| it.severity == severity).count());
        let counted: Vec<&FoldedFinding> =
            findings.iter().filter(|it| it.severity > Severity::Note).collect();
        let shown = counted.iter().take(MOST_FINDINGS).map(|finding| {
            json!({ "severity": finding.severity, "message": finding.message,
                    "rule": finding.rule, "count": finding.nodes.len() })
        });
        let expected: Vec<Json> =
            self.fold_expectations().iter().map(ExpectationFold::summary_view).collect();
        let unmet = expected.iter().filter(|it| it["fails"] == true).count();
        json!({
            "id": self.fleet.id,
            "ended": self.fleet.ended,
            "total": self.nodes.len(),
            "with_run": self.nodes.iter().filter(|node| node.run.is_some()).count(),
            "broken_nodes": self.nodes.iter().filter(|node| node.is_broken()).count(),
            "broken": self.messages_of(BROKEN),
            "changed": self.messages_of(CHANGED),
            "untested": reasons.len(),
            "classes": classes,
            "reasons_left_out": reasons.len().saturating_sub(MOST_REASONS),
            "reasons": reasons.into_iter().take(MOST_REASONS).collect::<Vec<_>>(),
            "findings_left_out": counted.len().saturating_sub(MOST_FINDINGS),
            "findings": shown.collect::<Vec<_>>(),
            "errors": errors,
            "warnings": warnings,
            "failed": unmet,
            "expected": expected,
        })
    }

    /// What a rule found, each message with all its nodes, those of most nodes first.
    fn messages_of(&self, rule: RuleId) -> Vec<Json> {
        let mut messages: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for node in &self.nodes {
            for finding in node.findings_of(rule) {
                messages.entry(&finding.message).or_default().push(&node.node);
            }
        }
        let mut messages: Vec<(&str, Vec<&str>)> = messages.into_iter().collect();
        messages.sort_by_key(|(_, nodes)| std::cmp::Reverse(nodes.len()));
        messages.truncate(MOST_FINDINGS);
        let views = messages.into_iter().map(|(message, nodes)| {
            join_objects(json!({ "message": message }), name_nodes(&nodes))
        });
        views.collect()
    }
}

impl ExpectationFold<'_> {
    fn summary_view(&self) -> Json {
        let (outcome, nodes) = match (self.failed.is_empty(), self.undecided.is_empty()) {
            (false, _) => ("failed", &self.failed),
            (true, false) => ("not decided", &self.undecided),
            (true, true) => ("passed", &self.undecided),
        };
        let names: Vec<&str> = nodes.iter().map(|(node, _)| *node).collect();
        let words = json!({
            "expects": self.expects, "reason": self.reason, "outcome": outcome,
            "fails": self.is_failing, "found": nodes.first().map(|(_, found)| found),
        });
        join_objects(words, name_nodes(&names))
    }
}
