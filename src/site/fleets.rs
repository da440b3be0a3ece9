//! The pages of fleets: which nodes break a promise, what the others have in common, and which of
//! their runs get a page.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::run_pages::RunPages;
use super::view::{RunRow, show_difference};
use crate::error::Result;
use crate::judge::fleet::{
    CHANGED, ClassSummary, FleetFinding, FleetTally, NodeFact, NodeSummary, find_worst_run,
    fold_classes, fold_findings, fold_starts, group_nodes,
};
use crate::judge::fleet_rules::check_nodes;
use crate::judge::{Confidence, Severity};
use crate::model::Fleet;
use crate::probe::catalogue::ProbeCatalogue;
use crate::report::fleet::OTHER_NODE;
use crate::store::fleets::{FleetList, FleetStore};

/// How many nodes of a group are named.
const NAMED_NODES: usize = 5;

/// How many nodes on which a class is not what its name says get the page of their run.
const MAX_EXCEPTIONS: usize = 50;

/// The fleets of a project, newest first.
pub(super) struct FleetPages {
    fleets: Vec<SiteFleet>,
    /// What is wrong with the files of others.
    pub(super) left_out: Vec<String>,
}

/// The row of the run of a node, or what is wrong with its file; none of a node without a run.
type NodeRow = Option<Result<Arc<RunRow>, String>>;

/// A fleet and what its nodes show.
struct SiteFleet {
    fleet: Fleet,
    nodes: Vec<NodeSummary>,
    /// What the rules found about several nodes together.
    together: Vec<FleetFinding>,
    /// The place of each node by its name.
    places: BTreeMap<String, usize>,
    /// The runs that get a page.
    shown: BTreeSet<String>,
}

impl FleetPages {
    /// Reads the fleets of a project. A run is only loaded if its row is not known from the last
    /// build.
    ///
    /// # Errors
    ///
    /// The folder of the fleets cannot be read, or a run cannot be judged.
    pub(super) fn read_fleets(runs: &RunPages) -> Result<Self> {
        let list = FleetStore::open_project(runs.builder.project()).list_fleets()?;
        let left_out = list.list_warnings();
        let FleetList { fleets, .. } = list;
        let fleets = fleets.into_iter().map(|fleet| SiteFleet::read_nodes(fleet, runs));
        Ok(Self { fleets: fleets.collect::<Result<_>>()?, left_out })
    }

    /// The run of which most has to be said in the fleet that this run is of; of equal ones the
    /// first.
    pub(super) fn worst_run_beside(&self, run: &str) -> Option<&str> {
        find_worst_run(&self.fleet_of(run)?.nodes)
    }

    /// What the fleet shows that this run is of.
    pub(super) fn tally_beside(&self, run: &str) -> Option<FleetTally> {
        Some(FleetTally::of_nodes(&self.fleet_of(run)?.nodes))
    }

    fn fleet_of(&self, run: &str) -> Option<&SiteFleet> {
        self.fleets.iter().find(|fleet| fleet.find_node_of(run).is_some())
    }

    /// Gives pages to what the pages of runs are compared with: the run of the same node in the
    /// fleet before, and all of the node that the report, which is about `current`, is about.
    pub(super) fn show_earlier_runs(&mut self, current: &str) {
        let node = self.fleets.iter().find_map(|fleet| fleet.find_node_of(current));
        let node = node.map(|node| node.node.clone());
        let mut wanted: BTreeSet<String> = BTreeSet::new();
        for SiteFleet { nodes, shown, .. } in &mut self.fleets {
            let mut later = BTreeSet::new();
            for NodeSummary { node: name, run, .. } in nodes {
                let Some(run) = run else { continue };
                if shown.contains(run) {
                    later.insert(name.clone());
                }
                if wanted.remove(name) || node.as_ref() == Some(name) {
                    shown.insert(run.clone());
                }
            }
            wanted.extend(later);
        }
    }

    /// The runs of fleets that get no page: what they show the page of another run shows.
    pub(super) fn hidden_runs(&self) -> BTreeSet<String> {
        let mut hidden = BTreeSet::new();
        for fleet in &self.fleets {
            let runs = fleet.nodes.iter().filter_map(|node| node.run.as_ref());
            hidden.extend(runs.filter(|run| !fleet.shown.contains(*run)).cloned());
        }
        hidden
    }

    /// The fleet of each run that is of a node.
    pub(super) fn fleets_of_runs(&self) -> BTreeMap<&str, &str> {
        let mut found = BTreeMap::new();
        for SiteFleet { fleet, nodes, .. } in &self.fleets {
            let runs = nodes.iter().filter_map(|node| node.run.as_deref());
            found.extend(runs.map(|run| (run, fleet.id.as_str())));
        }
        found
    }

    /// What the overview, the page for paper and the picture for previews see of the newest
    /// fleet, where the report is about `run`.
    pub(super) fn newest_fleet(&self, run: &str) -> Json {
        let Some(newest) = self.fleets.first() else { return Json::Null };
        let broken = newest.nodes.iter().filter(|node| node.is_broken()).count();
        let total = newest.nodes.len();
        let findings = fold_findings(&newest.nodes, &newest.together);
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
        json!({
            "id": newest.fleet.id, "label": newest.fleet.label, "total": total,
            "total_words": group_thousands(total), "broken_nodes": broken,
            "broken_words": group_thousands(broken), "broken": newest.broken_promises(),
            "errors": errors.count(),
            "unreached": newest.nodes.iter().filter(|node| node.run.is_none()).count(),
            "lost": newest.nodes.iter().filter(|node| node.lost_run.is_some()).count(),
            "has_run": newest.find_node_of(run).is_some(),
            "is_worst": self.worst_run_beside(run) == Some(run),
        })
    }

    /// Makes the page of every fleet.
    ///
    /// # Errors
    ///
    /// A page cannot be rendered or written.
    pub(super) fn make_pages(&self, runs: &RunPages) -> Result<()> {
        let catalogue = &runs.builder.assessment.project_data.catalogue;
        for fleet in &self.fleets {
            let others = self.fleets.iter().filter(|it| it.fleet.id != fleet.fleet.id);
            let others = others.map(|other| {
                let (id, label) = (&other.fleet.id, &other.fleet.label);
                json!({ "id": id, "label": label, "created": shown_time(&other.fleet) })
            });
            let mut sees = fleet.template_context(catalogue);
            sees["others"] = others.collect();
            let (id, sees) = (&fleet.fleet.id, json!({ "fleet": sees }));
            runs.builder.fleet_page(runs.writer, id, &sees)?;
        }
        Ok(())
    }
}

impl SiteFleet {
    fn read_nodes(fleet: Fleet, runs: &RunPages) -> Result<Self> {
        let project_data = &runs.builder.assessment.project_data;
        let (words, untold) = (&project_data.words, &project_data.phrases.session_ended);
        let mut nodes = Vec::new();
        let rows: Vec<Result<NodeRow>> = fleet
            .nodes
            .par_iter()
            .map(|node| {
                let Some(id) = &node.run else { return Ok(None) };
                Ok(Some(match runs.store.find_fleet_run(&fleet.id, id) {
                    Ok(file) => runs.node_row(&file)?,
                    Err(error) => Err(error.message),
                }))
            })
            .collect();
        for (node, row) in fleet.nodes.iter().zip(rows) {
            let (Some(id), Some(row)) = (&node.run, row?) else {
                nodes.push(NodeSummary::without_run(&fleet, node, None, untold, words));
                continue;
            };
            let what = match row {
                Ok(row) => {
                    if let Some(summary) = &row.node
                        && *id == row.id
                        && summary.node == node.name
                    {
                        nodes.push(summary.clone().with_fleet(&fleet, node, untold, words));
                        continue;
                    }
                    OTHER_NODE.into()
                }
                Err(what) => what,
            };
            let reason = runs.store.describe_lost_run(&fleet.id, id, &what);
            let lost = Some((project_data.phrases.lost_run.as_str(), reason));
            nodes.push(NodeSummary::without_run(&fleet, node, lost, untold, words));
        }
        let groups = group_nodes(&nodes);
        let firsts =
            groups.iter().filter_map(|group| group.nodes.iter().find_map(|node| node.run.clone()));
        let broken = nodes.iter().filter(|node| node.is_broken());
        let broken = broken.filter_map(|node| node.run.clone()).take(MAX_EXCEPTIONS);
        let shown = firsts.chain(broken).collect();
        let places = nodes.iter().enumerate().map(|(place, node)| (node.node.clone(), place));
        let places = places.collect();
        let rules = &runs.builder.assessment.project_data.fleet_rules;
        let together = check_nodes(&fleet, &nodes, rules)?;
        Ok(Self { fleet, nodes, together, places, shown })
    }

    /// The node that this run is of.
    fn find_node_of(&self, run: &str) -> Option<&NodeSummary> {
        self.nodes.iter().find(|node| node.run.as_deref() == Some(run))
    }

    /// What the template of the page sees.
    fn template_context(&self, catalogue: &ProbeCatalogue) -> Json {
        let total = self.nodes.len();
        let classes: Vec<&str> = self.fleet.classes.iter().map(|it| it.name.as_str()).collect();
        let untested = self.nodes.iter().flat_map(|node| &node.classes);
        let untested = untested.filter(|cell| cell.confidence == Confidence::None).count();
        json!({
            "id": self.fleet.id,
            "label": self.fleet.label,
            "created": shown_time(&self.fleet),
            "ended": self.fleet.ended,
            "total": total,
            "total_words": group_thousands(total),
            "with_run": self.nodes.iter().filter(|node| node.run.is_some()).count(),
            "lost": self.nodes.iter().filter(|node| node.lost_run.is_some()).count(),
            "cells": total * classes.len(),
            "untested": untested,
            "classes": classes,
            "broken": self.broken_promises(),
            "mixed": self.mixed_classes(),
            "changed": self.changed_pods(),
            "groups": self.group_views(catalogue),
            "has_pools": self.nodes.iter().any(|node| node.pool.is_some()),
            "pools": self.pool_views(),
            "reasons": self.reason_views(),
            "skew": self.skew_views(catalogue),
            "starts": self.start_views(),
            "together": self.together_views(),
            "rows": self.node_rows(),
        })
    }

    /// The first of these nodes with the page of their run, and how many more there are.
    fn named_nodes(&self, names: &[&str]) -> (Vec<Json>, usize) {
        let mut shown = Vec::new();
        for name in names.iter().take(NAMED_NODES) {
            let run = self.places.get(*name).and_then(|place| self.nodes[*place].run.as_ref());
            shown.push(json!({ "name": name, "run": run, "page": self.has_page(run) }));
        }
        let more = names.len() - shown.len();
        (shown, more)
    }

    fn has_page(&self, run: Option<&String>) -> bool {
        run.is_some_and(|run| self.shown.contains(run))
    }

    /// Each class that is not what its name says, by what it is instead.
    fn broken_promises(&self) -> Vec<Json> {
        let mut broken: BTreeMap<(usize, &str), Vec<&str>> = BTreeMap::new();
        for node in &self.nodes {
            for (index, cell) in node.classes.iter().enumerate() {
                if node.find_broken_promise(&cell.class).is_some() {
                    let key = (index, cell.conclusion.into_str());
                    broken.entry(key).or_default().push(&node.node);
                }
            }
        }
        let mut views = Vec::new();
        for ((index, conclusion), names) in broken {
            let (nodes, more) = self.named_nodes(&names);
            views.push(json!({
                "class": self.fleet.classes.get(index).map(|class| &class.name),
                "conclusion": conclusion, "count": names.len(),
                "count_words": group_thousands(names.len()), "nodes": nodes, "more": more,
            }));
        }
        views
    }

    /// The classes that have a kernel of their own on some nodes and the node's on others.
    fn mixed_classes(&self) -> Vec<Json> {
        let mut mixed = Vec::new();
        for class in &self.fleet.classes {
            let outcomes = self.class_outcomes(&class.name, |_| true);
            let shown: Vec<&OutcomeView> = outcomes.iter().filter(|it| it.is_shown).collect();
            let separate = shown.iter().filter(|it| it.is_separate).count();
            if separate > 0 && separate < shown.len() {
                mixed.push(json!({ "class": class.name, "outcomes": shown }));
            }
        }
        mixed
    }

    fn changed_pods(&self) -> Vec<Json> {
        let folded = fold_findings(&self.nodes, &[]);
        let changed = folded.iter().filter(|finding| *finding.rule == *CHANGED);
        let mut views = Vec::new();
        for finding in changed {
            let (nodes, more) = self.named_nodes(&finding.nodes);
            let count = finding.nodes.len();
            views.push(json!({
                "message": finding.message, "count": count, "count_words": group_thousands(count),
                "nodes": nodes, "more": more,
            }));
        }
        views
    }

    fn group_views(&self, catalogue: &ProbeCatalogue) -> Vec<Json> {
        let mut views = Vec::new();
        for group in group_nodes(&self.nodes) {
            let count = group.nodes.len();
            // The one with a page stands first.
            let mut members = group.nodes.clone();
            members.sort_by_key(|node| !self.has_page(node.run.as_ref()));
            let names: Vec<&str> = members.iter().map(|node| node.node.as_str()).collect();
            let (nodes, more) = self.named_nodes(&names);
            let first = group.nodes.first();
            let facts = first.map(|node| &node.facts[..]).unwrap_or_default();
            views.push(json!({
                "count": count, "count_words": group_thousands(count), "nodes": nodes,
                "more": more, "classes": first.map(|node| class_views(&node.classes)),
                "facts": fold_facts(facts, catalogue),
                "is_lost": first.is_some_and(|node| node.lost_run.is_some()),
            }));
        }
        views
    }

    /// What a class is on the nodes that are meant, by conclusion.
    fn class_outcomes(
        &self,
        class: &str,
        is_meant: impl Fn(&NodeSummary) -> bool,
    ) -> Vec<OutcomeView> {
        let mut outcomes: BTreeMap<_, OutcomeView> = BTreeMap::new();
        for node in self.nodes.iter().filter(|node| is_meant(node)) {
            let Some(cell) = node.classes.iter().find(|cell| cell.class == class) else { continue };
            let verdict = cell.as_verdict();
            let key = (verdict.boundary_rank().0, cell.conclusion.into_str(), &cell.title);
            let view = outcomes.entry(key).or_insert_with(|| OutcomeView {
                conclusion: cell.conclusion.into_str(),
                title: cell.title.clone(),
                is_separate: cell.conclusion.is_separate(),
                is_shown: false,
                count: 0,
                count_words: String::new(),
            });
            view.is_shown |= cell.confidence > Confidence::None;
            view.count += 1;
            view.count_words = group_thousands(view.count);
        }
        outcomes.into_values().collect()
    }

    fn pool_views(&self) -> Vec<Json> {
        let pools: BTreeSet<Option<&str>> =
            self.nodes.iter().map(|node| node.pool.as_deref()).collect();
        let mut views = Vec::new();
        for pool in &pools {
            let is_meant = |node: &NodeSummary| node.pool.as_deref() == *pool;
            let count = self.nodes.iter().filter(|node| is_meant(node)).count();
            let classes = self.fleet.classes.iter().map(|class| {
                let outcomes = self.class_outcomes(&class.name, is_meant);
                json!({ "class": class.name, "outcomes": outcomes })
            });
            views.push(json!({
                "name": pool, "count_words": group_thousands(count),
                "classes": classes.collect::<Vec<_>>(),
            }));
        }
        views
    }

    fn reason_views(&self) -> Vec<Json> {
        let mut views = Vec::new();
        for line in fold_classes(&self.nodes) {
            let Some(reason) = &line.outcome.reason else { continue };
            let (nodes, more) = self.named_nodes(&line.nodes);
            views.push(json!({
                "class": line.outcome.class, "reason": reason, "nodes": nodes, "more": more,
                "count_words": group_thousands(line.nodes.len()),
            }));
        }
        views
    }

    /// What the rules found about several nodes together.
    fn together_views(&self) -> Vec<Json> {
        let mut views = Vec::new();
        for finding in &self.together {
            let names: Vec<&str> = finding.nodes.iter().map(String::as_str).collect();
            let (nodes, more) = self.named_nodes(&names);
            views.push(json!({
                "rule": finding.rule, "severity": finding.severity, "message": finding.message,
                "help": finding.help.trim(), "nodes": nodes, "more": more,
            }));
        }
        views
    }

    /// How the starts of each class stand to the baseline's on their nodes.
    fn start_views(&self) -> Vec<Json> {
        let mut views = Vec::new();
        for fold in fold_starts(&self.nodes) {
            let (nodes, more) = self.named_nodes(&fold.nodes);
            let range = fold.range.map(|(low, high)| [low, high].map(show_difference));
            views.push(json!({
                "class": fold.first.class, "baseline": fold.first.baseline,
                "outcome": fold.first.outcome, "range": range, "nodes": nodes, "more": more,
                "count": fold.nodes.len(), "count_words": group_thousands(fold.nodes.len()),
            }));
        }
        views
    }

    /// The facts that are not the same on every node.
    fn skew_views(&self, catalogue: &ProbeCatalogue) -> Vec<Json> {
        let mut values: BTreeMap<(&str, &str), BTreeMap<&str, usize>> = BTreeMap::new();
        for fact in self.nodes.iter().flat_map(|node| &node.facts) {
            let of_fact = values.entry((&fact.fact, &fact.target)).or_default();
            *of_fact.entry(&fact.value).or_default() += 1;
        }
        let mut views = Vec::new();
        for ((fact, target), values) in values.into_iter().filter(|(_, values)| values.len() > 1) {
            let mut values: Vec<(&str, usize)> = values.into_iter().collect();
            values.sort_by_key(|(_, count)| Reverse(*count));
            let values = values.into_iter().map(|(value, count)| {
                json!({ "value": value, "count": count, "count_words": group_thousands(count) })
            });
            let title = fact_title(catalogue, fact);
            views.push(
                json!({ "title": title, "target": target, "values": values.collect::<Vec<_>>() }),
            );
        }
        views
    }

    fn node_rows(&self) -> Vec<Json> {
        let mut views = Vec::new();
        for node in &self.nodes {
            let classes: Vec<&str> = node.classes.iter().map(|cell| cell.title.as_str()).collect();
            views.push(json!({
                "name": node.node, "pool": node.pool, "run": node.run, "classes": classes,
                "is_lost": node.lost_run.is_some(),
                "page": self.has_page(node.run.as_ref()),
            }));
        }
        views
    }
}

/// What a class is on some nodes.
#[derive(Debug, Serialize)]
struct OutcomeView {
    conclusion: &'static str,
    title: String,
    is_separate: bool,
    /// Whether something is concluded.
    is_shown: bool,
    count: usize,
    count_words: String,
}

fn class_views(classes: &[ClassSummary]) -> Vec<Json> {
    let mut views = Vec::new();
    for cell in classes {
        views.push(json!({
            "class": cell.class, "conclusion": cell.conclusion, "title": cell.title,
            "confidence": cell.confidence.into_str(),
        }));
    }
    views
}

/// Facts with equal values once, with all their targets.
fn fold_facts(facts: &[NodeFact], catalogue: &ProbeCatalogue) -> Vec<Json> {
    let mut folded: Vec<(&NodeFact, Vec<&str>)> = Vec::new();
    for fact in facts {
        let same =
            folded.iter_mut().find(|(it, _)| (&it.fact, &it.value) == (&fact.fact, &fact.value));
        match same {
            Some((_, targets)) => targets.push(&fact.target),
            None => folded.push((fact, vec![&fact.target])),
        }
    }
    let mut views = Vec::new();
    for (fact, targets) in folded {
        let title = fact_title(catalogue, &fact.fact);
        views.push(json!({ "title": title, "targets": targets, "value": fact.value }));
    }
    views
}

fn fact_title<'a>(catalogue: &'a ProbeCatalogue, id: &'a str) -> &'a str {
    catalogue.find_probe(id).map_or(id, |probe| &probe.title)
}

fn shown_time(fleet: &Fleet) -> String {
    fleet.created.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// A count for readers: `1,000`.
fn group_thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_told_apart() {
        let all = [0, 7, 999, 1000, 12_345, 1_234_567].map(group_thousands);
        assert_eq!(all, ["0", "7", "999", "1,000", "12,345", "1,234,567"]);
    }
}
