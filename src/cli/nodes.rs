//! `isoproof collect`: on this machine, or on nodes of a cluster, and what those showed.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use clap::Args;
use serde_json::Value;

use super::cluster::ClusterArguments;
use super::collect::{self, CollectArguments, STOPPED, StepPrinter};
use super::console::{Console, count_words};
use super::fleet::{NAMED_NODES, fleet_lines};
use super::fleet_record::FleetRecord;
use crate::clock;
use crate::cluster::{self, ClusterClient, ClusterNode, ClusterSession, PodClass};
use crate::collect::{SessionRecord, assemble_run};
use crate::engine::interrupt;
use crate::error::Result;
use crate::judge::Conclusion;
use crate::judge::fleet::NodeSummary;
use crate::privacy::Redactor;
use crate::probe::catalogue::ProbeCatalogue;
use crate::project::Project;
use crate::report::fleet::{assess_node, summarize_node};
use crate::report::{Assessment, ProjectData};
use crate::store::fleets::FleetStore;
use crate::store::{RunStore, reference};

/// Why nothing is known of a node of a session that died.
const LOST: &str = "the session died before a pod answered here, or its pods are gone";

#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct CollectCommand {
    #[command(flatten)]
    capture: CollectArguments,
    #[command(flatten)]
    cluster: ClusterArguments,
}

pub(super) fn run_collect(
    project: &Project,
    command: &CollectCommand,
    console: &Console,
) -> Result<ExitCode> {
    if command.capture.is_in_cluster() {
        return run_cluster_collect(project, &command.capture, &command.cluster, console);
    }
    command.cluster.refuse_for_machine()?;
    collect::run_collect(project, &command.capture, console)
}

/// Collects in a cluster: a run for each node, kept as it comes. The ids are the last lines.
fn run_cluster_collect(
    project: &Project,
    arguments: &CollectArguments,
    cluster_arguments: &ClusterArguments,
    console: &Console,
) -> Result<ExitCode> {
    arguments.refuse_for_cluster()?;
    if let Some(label) = &arguments.label {
        reference::check_label(label)?;
    }
    let project = &project.with_edition(arguments.edition_name());
    let catalogue = ProbeCatalogue::load(Some(&project.data_dir()))?;
    let project_data = ProjectData::load_project(project)?;
    let mut redactor = match arguments.no_redact {
        true => None,
        false => Some(Redactor::of_project(&project.private_dir())?),
    };
    let store = RunStore::open_project(project)?;
    let fleets = FleetStore::open_project(project).list_fleets()?;
    let died = match cluster_arguments.resume.as_deref() {
        Some(name) => {
            let name = reference::split_fleet_reference(name).unwrap_or(name);
            console.warn_all(&fleets.list_warnings());
            Some(fleets.find_fleet(name)?.clone())
        }
        None => {
            let labelled = fleets.fleets.iter().find(|fleet| fleet.label == arguments.label);
            if let (Some(label), Some(other)) = (&arguments.label, labelled) {
                console.print_warning(&format!(
                    "fleet {} has the label `{label}` too: `fleet:{label}` names the newest of them",
                    other.id
                ));
            }
            None
        }
    };
    let mut options = cluster_arguments.options(
        cluster::usual_pods(arguments.image_name(), arguments.timeout)?,
        arguments.baseline.clone(),
        project.config.edition.clone(),
        arguments.label.clone(),
        arguments.allow_privileged,
    )?;
    options.starts = arguments.samples.unwrap_or(0);
    let cancel = interrupt::listen_for_signals()?;
    let client = ClusterClient::connect(&cluster_arguments.address(), &cancel)?;
    let mut left_out = BTreeSet::new();
    let (mut fleet, classes, work) = match died {
        None => {
            let baseline = options.baseline.as_deref();
            let classes = cluster::choose_classes(&client, &options.classes, baseline)?;
            let nodes = cluster::choose_nodes(&client, &options.nodes)?;
            let refused = cluster::find_refusals(&client, &options.pods, &classes, &nodes);
            for line in asked_lines(&classes, &nodes, &refused) {
                console.print_note(&line);
            }
            let now = clock::recording_time()?;
            let fleet = FleetRecord::begin_fleet(
                project,
                &options,
                &classes,
                &nodes,
                redactor.as_mut(),
                now,
            )?;
            left_out = list_left_out(&classes, &nodes);
            (fleet, classes, NodeWork::Probe(nodes))
        }
        Some(fleet) => {
            options.take_from_fleet(&fleet);
            let mut pods = cluster::find_session_pods(&client, &fleet.id)?;
            let classes = fleet.classes.iter().map(PodClass::of_fleet).collect();
            let names = pods.keys().map(String::as_str);
            let fleet = FleetRecord::reopen_fleet(project, fleet, redactor.as_ref(), names)?;
            pods.retain(|node, _| !fleet.has_run(node));
            (fleet, classes, NodeWork::Resume(pods))
        }
    };
    let mut shown: BTreeMap<String, NodeSummary> = BTreeMap::new();
    let mut keep = |node: &ClusterNode, record: SessionRecord| -> Result<()> {
        let mut run = assemble_run(record, &catalogue, redactor.as_mut());
        let path = fleet.keep_run(&store, &node.name, &mut run)?;
        let loaded = store.load_run(&path.to_string_lossy(), &project.root)?;
        let assessment = Assessment::new(loaded, &project_data)?;
        shown.insert(node.name.clone(), summarize_node(&node.name, &assessment));
        Ok(())
    };
    let steps = StepPrinter::new(project, console)?;
    let session = ClusterSession {
        client: &client,
        options: &options,
        classes,
        catalogue: &catalogue,
        cancel: &cancel,
        progress: &steps,
    };
    let silent = match work {
        NodeWork::Probe(nodes) => {
            cluster::collect_nodes(&session, nodes, clock::recording_time, &mut keep).map(|()| None)
        }
        NodeWork::Resume(pods) => {
            cluster::resume_nodes(&session, pods, clock::recording_time, &mut keep).map(Some)
        }
    };
    let is_stopped = cancel.load(Ordering::Relaxed);
    drop(steps);
    let silent = silent?.map(|words| hide_names(words, redactor.as_mut()));
    let names = fleet.places.clone();
    let places: BTreeMap<usize, &str> =
        names.iter().map(|(name, place)| (*place, name.as_str())).collect();
    let fleet = match silent {
        // What was not read yet is there to be read another time.
        Some(_) if is_stopped => fleet.fleet,
        Some(silent) => {
            fleet.add_reasons(&silent, LOST);
            fleet.end_fleet(clock::recording_time()?)?
        }
        None => fleet.end_fleet(clock::recording_time()?)?,
    };
    let mut nodes = Vec::new();
    for (name, place) in &names {
        let (node, words) = (&fleet.nodes[*place], &project_data.words);
        let untold = &project_data.phrases.session_ended;
        let summary = match shown.remove(name) {
            Some(summary) => summary.with_fleet(&fleet, node, untold, words),
            // Without a run, or with one from before the session died.
            None => assess_node(&fleet, node, &store, &project_data)?.0,
        };
        nodes.push(NodeSummary { node: name.clone(), ..summary });
    }
    let mut text = fleet_lines(&nodes);
    text.push_blank();
    for node in &nodes {
        let Some(run) = &node.run else { continue };
        text.push_line(match nodes.len() {
            1 => run.clone(),
            _ => format!("{run} {}", node.node),
        });
    }
    console.print_prose(&text)?;
    if is_stopped {
        console.print_warning("stopped before it was complete: what was captured so far is kept");
        return Ok(ExitCode::from(STOPPED));
    }
    let mut cells = nodes.iter().flat_map(|node| &node.classes);
    let nothing = cells.all(|cell| cell.conclusion == Conclusion::NotTested);
    let mut has_gap = false;
    for (place, node) in fleet.nodes.iter().enumerate() {
        let name = places.get(&place).copied().unwrap_or_default();
        for class in node.reasons.keys() {
            // A class that is not for a node is not missing there.
            has_gap |= fleet.classes.iter().any(|it| it.named && it.name == *class)
                && !left_out.contains(&(name.to_string(), class.clone()));
        }
    }
    Ok(ExitCode::from(u8::from(nothing || has_gap)))
}

/// The cluster's words about nodes, by their names, as a file may have them.
fn hide_names(
    mut words: BTreeMap<String, String>,
    redactor: Option<&mut Redactor>,
) -> BTreeMap<String, String> {
    if let Some(redactor) = redactor {
        words.keys().for_each(|node| redactor.know_host(node));
        words.values_mut().for_each(|words| *words = redactor.redact_words(words));
    }
    words
}

/// The nodes that classes are not for, by the names of both.
fn list_left_out(classes: &[PodClass], nodes: &[ClusterNode]) -> BTreeSet<(String, String)> {
    let mut left_out = BTreeSet::new();
    for node in nodes {
        let of_node = classes.iter().filter(|class| class.refuse_node(node).is_some());
        left_out.extend(of_node.map(|class| (node.name.clone(), class.name.clone())));
    }
    left_out
}

enum NodeWork {
    Probe(Vec<ClusterNode>),
    /// Reads what these pods answered, by the names of their nodes.
    Resume(BTreeMap<String, Vec<Value>>),
}

fn join_first_names(names: &[&str]) -> String {
    match names.len().saturating_sub(NAMED_NODES) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..NAMED_NODES].join(", ")),
    }
}

/// What is asked for, in a few lines however many nodes there are: which of them cannot be probed,
/// and which classes a dry run `refused`, with the words.
fn asked_lines(
    classes: &[PodClass],
    nodes: &[ClusterNode],
    refused: &BTreeMap<String, String>,
) -> Vec<String> {
    let node_names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    let class_names: Vec<&str> = classes.iter().map(|class| class.name.as_str()).collect();
    let mut lines = vec![format!(
        "asked for: {} ({}) under {} ({})",
        count_words(nodes.len(), "node"),
        join_first_names(&node_names),
        if classes.len() == 1 { "1 class".into() } else { format!("{} classes", classes.len()) },
        class_names.join(", "),
    )];
    let mut obstacles: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for node in nodes {
        if let Some(words) = &node.obstacle {
            obstacles.entry(words).or_default().push(&node.name);
        }
    }
    for (words, on) in obstacles {
        lines.push(format!("cannot be probed: {}: {words}", join_first_names(&on)));
    }
    lines
        .extend(refused.iter().map(|(class, words)| format!("a dry run refuses {class}: {words}")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_cluster_says_of_a_lost_node_does_not_name_it_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut redactor = Redactor::of_project(folder.path()).unwrap();
        let said = |name: &str| format!("nodes \"{name}\" not found");
        let words = BTreeMap::from([("pool-a-worker-3".to_string(), said("pool-a-worker-3"))]);
        let shown = said(&redactor.host_pseudonym("pool-a-worker-3"));
        let hidden = hide_names(words.clone(), Some(&mut redactor));
        assert_eq!(hidden["pool-a-worker-3"], shown);
        assert!(!shown.contains("worker"), "{shown}");
        assert_eq!(hide_names(words.clone(), None), words);
    }

    #[test]
    fn what_is_asked_for_is_short_for_many_nodes() {
        let node = |number: usize| ClusterNode {
            name: format!("node-{number}"),
            boot_id: String::new(),
            kernel: String::new(),
            runtime: String::new(),
            labels: BTreeMap::new(),
            pool: None,
            obstacle: number.is_multiple_of(2).then(|| "the node is not ready: gone".into()),
        };
        let class = |name: &str| PodClass {
            name: name.into(),
            role: crate::model::Role::Candidate,
            class: None,
            named: true,
            selector: BTreeMap::new(),
        };
        let nodes: Vec<ClusterNode> = (1..=1000).map(node).collect();
        let refused = BTreeMap::from([("kata".to_string(), "not found".to_string())]);
        assert_eq!(
            asked_lines(&[class("runc"), class("kata")], &nodes, &refused),
            [
                "asked for: 1000 nodes (node-1, node-2, node-3, node-4, node-5 and 995 more) under \
                 2 classes (runc, kata)",
                "cannot be probed: node-2, node-4, node-6, node-8, node-10 and 495 more: the node \
                 is not ready: gone",
                "a dry run refuses kata: not found",
            ]
        );
    }
}
