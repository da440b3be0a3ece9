//! `isoproof collect`: on this machine, or on nodes of a cluster, and what those showed.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use clap::Args;

use super::cluster::ClusterArguments;
use super::collect::{self, CollectArguments, STOPPED, StepPrinter};
use super::console::{Console, count_words};
use super::fleet_record::FleetRecord;
use super::styled::{StyledLine, StyledText, TextStyle};
use super::summary;
use crate::clock;
use crate::cluster::{self, ClusterClient, ClusterNode, ClusterSession};
use crate::collect::{SessionRecord, assemble_run};
use crate::engine::interrupt;
use crate::error::Result;
use crate::judge::Verdict;
use crate::model::Target;
use crate::privacy::Redactor;
use crate::probe::catalogue::ProbeCatalogue;
use crate::project::Project;
use crate::report::{Assessment, ProjectData};
use crate::store::{RunStore, reference};

/// The rule by which a class is not what its name says.
const BROKEN: &str = "runtime-not-what-it-says";

/// The rule by which the cluster stored another pod than was asked for.
const CHANGED: &str = "pod-was-changed";

/// How many nodes of a group are named.
const NAMED_NODES: usize = 5;

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

/// What one node showed.
struct NodeResult {
    /// Its name in the cluster.
    node: String,
    /// The id of its run.
    run: String,
    /// What is concluded of each class.
    verdicts: Vec<NodeVerdict>,
    /// What is wrong with a class, in one sentence each.
    broken: Vec<String>,
    /// What the cluster changed in a pod, in one sentence each.
    changed: Vec<String>,
    /// Whether a class that the user named was not tested.
    has_gap: bool,
}

/// What is concluded of a class on a node.
struct NodeVerdict {
    verdict: Verdict,
    /// The conclusion, for readers.
    title: String,
    /// Why nothing is concluded.
    reason: Option<String>,
}

impl NodeResult {
    fn from_assessment(node: &str, assessment: &Assessment) -> Self {
        let data = &assessment.project_data;
        let verdict = |verdict: &Verdict| NodeVerdict {
            title: data.words[verdict.conclusion.conclusion_id()].title.clone(),
            reason: verdict
                .failure
                .clone()
                .or_else(|| verdict.reason.map(|reason| data.reasons[reason.reason_id()].clone())),
            verdict: verdict.clone(),
        };
        let messages = |rule: &str| {
            let findings = assessment.judgement.findings.iter();
            findings.filter(|it| it.rule == rule).map(|it| it.message.clone()).collect()
        };
        Self {
            node: node.into(),
            run: assessment.run.id.clone(),
            verdicts: assessment.judgement.verdicts.iter().map(verdict).collect(),
            broken: messages(BROKEN),
            changed: messages(CHANGED),
            has_gap: assessment.run.targets.iter().any(Target::is_named_and_failed),
        }
    }
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
    );
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
    let mut results: Vec<NodeResult> = Vec::new();
    let mut keep = |node: &ClusterNode, record: SessionRecord| -> Result<()> {
        let mut run = assemble_run(record, &catalogue, redactor.as_mut());
        let (path, _) = store.save_run(&mut run)?;
        fleet.add_run(&node.name, &run)?;
        let loaded = store.load_run(&path.to_string_lossy(), &project.root)?;
        let assessment = Assessment::new(loaded, &project_data)?;
        results.push(NodeResult::from_assessment(&node.name, &assessment));
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
    fleet.end(clock::recording_time()?)?;
    results.sort_by(|one, other| one.node.cmp(&other.node));
    console.print_text(&fleet_summary(&results, asked))?;
    if is_stopped {
        console.print_warning("stopped before it was complete: what was captured so far is kept");
        return Ok(ExitCode::from(STOPPED));
    }
    let is_tested = |it: &NodeVerdict| it.verdict.failure.is_none();
    let nothing = !results.iter().any(|result| result.verdicts.iter().any(is_tested));
    let has_gap = results.iter().any(|result| result.has_gap);
    Ok(ExitCode::from(u8::from(nothing || has_gap)))
}

/// First the nodes on which a class is not what its name says, then what each class is on how many
/// nodes, then the run of each node.
fn fleet_summary(results: &[NodeResult], asked: usize) -> StyledText {
    let mut text = StyledText::default();
    let mut push_messages = |what: &str, style, of: fn(&NodeResult) -> &Vec<String>| {
        let nodes: Vec<&NodeResult> = results.iter().filter(|it| !of(it).is_empty()).collect();
        if nodes.is_empty() {
            return;
        }
        let words = format!("On {} of {} {what}:", nodes.len(), count_words(asked, "node"));
        text.push_line(StyledLine::begin_styled(style, &words));
        for node in nodes {
            for message in of(node) {
                text.push_line(format!("  {}: {message}", node.node));
            }
        }
        text.push_blank();
    };
    push_messages("a class is not what its name says", TextStyle::Bad, |it| &it.broken);
    push_messages("the cluster changed a pod", TextStyle::Doubtful, |it| &it.changed);
    // By class in their order, then by what is concluded of it and why.
    let mut groups: BTreeMap<(usize, String), Vec<(&str, &NodeVerdict)>> = BTreeMap::new();
    for result in results {
        for (index, it) in result.verdicts.iter().enumerate() {
            let words = format!(
                "{:?} {} {}",
                it.verdict.boundary_rank(),
                it.title,
                it.reason.as_deref().unwrap_or_default()
            );
            groups.entry((index, words)).or_default().push((&result.node, it));
        }
    }
    let head = ["Class", "Boundary", "Confidence", "Nodes"];
    let mut rows = vec![head.map(|word| StyledLine::begin_styled(TextStyle::Faint, word)).to_vec()];
    let mut reasons: Vec<String> = Vec::new();
    for members in groups.values() {
        let Some((_, first)) = members.first() else { continue };
        let names: Vec<&str> = members.iter().map(|(node, _)| *node).collect();
        rows.push(vec![
            first.verdict.target.as_str().into(),
            StyledLine::begin_styled(summary::boundary_style(&first.verdict), &first.title),
            first.verdict.confidence.confidence_name().into(),
            list_nodes(&names).into(),
        ]);
        if let Some(reason) = &first.reason {
            let target = &first.verdict.target;
            let count = match names.len() - names.len().min(NAMED_NODES) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let named = names[..names.len().min(NAMED_NODES)].join(", ");
            reasons.push(format!("  {target} on {named}{count}: {reason}"));
        }
    }
    text.push_columns(rows);
    if !reasons.is_empty() {
        text.push_blank();
        text.push_line("Why nothing is concluded:");
        reasons.into_iter().for_each(|line| text.push_line(line));
    }
    if results.len() < asked {
        text.push_blank();
        let missing = asked - results.len();
        text.push_line(format!("not reached: {}", count_words(missing, "node")));
    }
    text.push_blank();
    for result in results {
        text.push_line(match results.len() {
            1 => result.run.clone(),
            _ => format!("{} {}", result.run, result.node),
        });
    }
    text
}

/// How many nodes, and the names of the first.
fn list_nodes(names: &[&str]) -> String {
    let shown = names[..names.len().min(NAMED_NODES)].join(", ");
    match names.len() {
        1 => shown,
        count if count <= NAMED_NODES => format!("{count}: {shown}"),
        count => format!("{count}: {shown}, ..."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{Conclusion, Confidence};

    fn result(node: &str, conclusion: Conclusion, broken: &[&str]) -> NodeResult {
        NodeResult {
            node: node.into(),
            run: format!("run-of-{node}"),
            verdicts: vec![NodeVerdict {
                verdict: Verdict::without_facts("kata", conclusion, Confidence::Low),
                title: format!("{conclusion:?}"),
                reason: None,
            }],
            broken: broken.iter().map(ToString::to_string).collect(),
            changed: Vec::new(),
            has_gap: false,
        }
    }

    #[test]
    fn the_node_that_breaks_the_promise_comes_first() {
        let results = [
            result("a", Conclusion::SeparateKernelVm, &[]),
            result("b", Conclusion::SeparateKernelVm, &[]),
            result("c", Conclusion::SharedKernel, &["kata shows the host's kernel."]),
        ];
        assert_eq!(
            fleet_summary(&results, 4).render_text(false),
            "On 1 of 4 nodes a class is not what its name says:\n\
             \x20 c: kata shows the host's kernel.\n\n\
             Class  Boundary          Confidence  Nodes\n\
             kata   SeparateKernelVm  low         2: a, b\n\
             kata   SharedKernel      low         c\n\n\
             not reached: 1 node\n\n\
             run-of-a a\nrun-of-b b\nrun-of-c c\n"
        );
    }
}
