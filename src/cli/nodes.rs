//! `isoproof collect`: on this machine, or on nodes of a cluster, and what those showed.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use clap::Args;

use super::cluster::ClusterArguments;
use super::collect::{self, CollectArguments, STOPPED, StepPrinter};
use super::console::{Console, count_words};
use super::fleet::fleet_lines;
use super::fleet_record::FleetRecord;
use crate::clock;
use crate::cluster::{self, ClusterClient, ClusterNode, ClusterSession};
use crate::collect::{SessionRecord, assemble_run};
use crate::engine::interrupt;
use crate::error::Result;
use crate::judge::Conclusion;
use crate::judge::fleet::{ClassSummary, NodeSummary};
use crate::privacy::Redactor;
use crate::probe::catalogue::ProbeCatalogue;
use crate::project::Project;
use crate::report::fleet::summarize_node;
use crate::report::{Assessment, ProjectData};
use crate::store::{RunStore, reference};

/// The arguments of `collect`.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct CollectCommand {
    #[command(flatten)]
    capture: CollectArguments,
    #[command(flatten)]
    cluster: ClusterArguments,
}

/// Collects where it was asked to.
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
    let options = cluster_arguments.options(
        cluster::usual_pods(arguments.image.clone(), arguments.timeout)?,
        arguments.baseline.clone(),
        project.config.edition.clone(),
        arguments.label.clone(),
        arguments.allow_privileged,
    )?;
    let cancel = interrupt::listen_for_signals()?;
    let client = ClusterClient::connect(&cluster_arguments.address(), &cancel)?;
    let classes = cluster::choose_classes(&client, &options.classes, options.baseline.as_deref())?;
    let nodes = cluster::choose_nodes(&client, &options.nodes)?;
    let asked = nodes.len();
    console.print_note(&format!(
        "{} under {} each",
        count_words(asked, "node"),
        match classes.len() {
            1 => "1 class".to_string(),
            many => format!("{many} classes"),
        }
    ));
    let created = clock::recording_time()?;
    let mut fleet =
        FleetRecord::begin(project, &options, &classes, &nodes, redactor.as_mut(), created)?;
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
    let kept = cluster::collect_nodes(&session, nodes, clock::recording_time, &mut keep);
    let is_stopped = cancel.load(Ordering::Relaxed);
    drop(steps);
    kept?;
    let names = fleet.list_names();
    let fleet = fleet.end(clock::recording_time()?)?;
    let mut nodes = Vec::new();
    for (name, place) in names {
        let (node, words) = (&fleet.nodes[place], &project_data.words);
        let summary = match shown.remove(&name) {
            Some(summary) => summary.with_fleet(&fleet, node, words),
            None => NodeSummary::without_run(&fleet, node, None, words),
        };
        nodes.push(NodeSummary { node: name, ..summary });
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
    console.print_text(&text)?;
    if is_stopped {
        console.print_warning("stopped before it was complete: what was captured so far is kept");
        return Ok(ExitCode::from(STOPPED));
    }
    let is_tested = |cell: &ClassSummary| cell.conclusion != Conclusion::NotTested;
    let nothing = !nodes.iter().any(|node| node.classes.iter().any(is_tested));
    let is_named = |name: &str| fleet.classes.iter().any(|it| it.named && it.name == name);
    let has_gap = fleet.nodes.iter().any(|node| node.reasons.keys().any(|name| is_named(name)));
    Ok(ExitCode::from(u8::from(nothing || has_gap)))
}
