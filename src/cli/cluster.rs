//! The options and the answers of commands that work in a cluster.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use clap::Args;

use super::collect::{CollectArguments, STOPPED, StepPrinter};
use super::console::{Console, count_words};
use super::styled::{StyledLine, StyledText, TextStyle};
use super::summary;
use crate::clock;
use crate::cluster::{
    self, ClusterAddress, ClusterClient, ClusterNode, ClusterOptions, ClusterSession, NodeChoice,
    PodResources, PodSettings, Toleration,
};
use crate::collect::{RuntimeArgument, SessionRecord, assemble_run};
use crate::engine::{EngineKind, interrupt};
use crate::error::{Error, Result};
use crate::judge::Verdict;
use crate::privacy::Redactor;
use crate::probe::catalogue::ProbeCatalogue;
use crate::project::Project;
use crate::report::{Assessment, ProjectData};
use crate::store::{RunStore, reference};

/// The rule by which a class is not what its name says.
const BROKEN: &str = "runtime-not-what-it-says";

/// How many nodes of a group are named.
const NAMED_NODES: usize = 5;

/// An engine of this machine, or a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EngineChoice {
    /// An engine of this machine.
    Machine(EngineKind),
    /// Kubernetes.
    Cluster,
}

impl std::str::FromStr for EngineChoice {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name == cluster::ENGINE {
            true => Ok(Self::Cluster),
            false => name.parse().map(Self::Machine).map_err(|words: String| {
                words.replace("ctr and builtin", "ctr, builtin and kubernetes")
            }),
        }
    }
}

impl EngineChoice {
    /// The engine of this machine, if it is one.
    pub(super) fn on_machine(self) -> Option<EngineKind> {
        match self {
            Self::Machine(kind) => Some(kind),
            Self::Cluster => None,
        }
    }
}

/// Which cluster.
#[derive(Debug, Clone, Args)]
#[group(skip)]
#[command(next_help_heading = "In a cluster, with --engine kubernetes")]
pub(super) struct AddressArguments {
    /// The context of the kubeconfig; by default the current one
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// The kubeconfig; by default the one that kubectl takes
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The namespace of the pods; by default that of the context
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    namespace: Option<String>,
}

impl AddressArguments {
    /// Which cluster that is.
    pub(super) fn address(&self) -> ClusterAddress {
        ClusterAddress {
            context: self.context.clone(),
            kubeconfig: self.kubeconfig.clone(),
            namespace: self.namespace.clone(),
        }
    }

    fn list_given(&self) -> Vec<&'static str> {
        let given = [
            ("--context", self.context.is_some()),
            ("--kubeconfig", self.kubeconfig.is_some()),
            ("--namespace", self.namespace.is_some()),
        ];
        given.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name).collect()
    }

    /// Refuses the options of a cluster where none is meant.
    ///
    /// # Errors
    ///
    /// One of them was given.
    pub(super) fn refuse_for_machine(&self) -> Result<()> {
        refuse_given(&self.list_given())
    }
}

fn refuse_given(given: &[&str]) -> Result<()> {
    match given.first() {
        None => Ok(()),
        Some(option) => Err(Error::unusable_input(format!("{option} is about a cluster"))
            .with_help("add --engine kubernetes, or leave it out")),
    }
}

/// What is collected in a cluster.
#[derive(Debug, Clone, Args)]
#[group(skip)]
#[command(next_help_heading = "In a cluster, with --engine kubernetes")]
pub(super) struct ClusterArguments {
    #[command(flatten)]
    address: AddressArguments,
    /// A RuntimeClass to probe, any number of times; `default` is a pod that asks for none; by
    /// default that and every class of the cluster
    #[arg(long = "runtime-class", value_name = "NAME[=CLASS]")]
    classes: Vec<RuntimeArgument>,
    /// The nodes: so many that differ, `all`, those of a label selector, or node/NAME; by default 1
    #[arg(long, value_name = "N|all|SELECTOR|node/NAME")]
    nodes: Option<NodeChoice>,
    /// A taint that the pods tolerate, any number of times: KEY[=VALUE][:EFFECT], or `all`
    #[arg(long = "tolerate", value_name = "TAINT")]
    tolerations: Vec<Toleration>,
    /// How many nodes are probed at a time; by default 10
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=200))]
    parallel: Option<u16>,
    /// When a node asks a registry for the image: IfNotPresent (by default), Never or Always
    #[arg(long, value_name = "WHEN", value_parser = ["IfNotPresent", "Never", "Always"])]
    pull: Option<String>,
    /// A secret of the namespace to ask the registry with, any number of times
    #[arg(long = "pull-secret", value_name = "NAME", value_parser = parse_name)]
    pull_secrets: Vec<String>,
    /// The PriorityClass of the pods
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    priority_class: Option<String>,
    /// The room that each pod asks for; by default cpu=50m,memory=64Mi
    #[arg(long, value_name = "cpu=N,memory=N", value_parser = parse_amounts)]
    pod_requests: Option<Amounts>,
    /// What each pod may use; by default cpu=1,memory=256Mi
    #[arg(long, value_name = "cpu=N,memory=N", value_parser = parse_amounts)]
    pod_limits: Option<Amounts>,
}

/// Processor and memory.
#[derive(Debug, Clone)]
struct Amounts(String, String);

fn parse_amounts(text: &str) -> Result<Amounts, String> {
    let parts: BTreeMap<&str, &str> =
        text.split(',').filter_map(|part| part.split_once('=')).collect();
    match (parts.len(), parts.get("cpu"), parts.get("memory")) {
        (2, Some(cpu), Some(memory)) if text.matches(',').count() == 1 => {
            Ok(Amounts(cpu.to_string(), memory.to_string()))
        }
        _ => Err("both are wanted, as in cpu=50m,memory=64Mi".into()),
    }
}

/// The name of an object, which becomes a part of a path.
fn parse_name(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(fits);
    match is_plain {
        true => Ok(text.into()),
        false => Err("a name has lower-case letters, digits, `-` and `.`".into()),
    }
}

impl ClusterArguments {
    /// Refuses the options of a cluster where none is meant.
    ///
    /// # Errors
    ///
    /// One of them was given.
    pub(super) fn refuse_for_machine(&self) -> Result<()> {
        let given = [
            ("--runtime-class", !self.classes.is_empty()),
            ("--nodes", self.nodes.is_some()),
            ("--tolerate", !self.tolerations.is_empty()),
            ("--parallel", self.parallel.is_some()),
            ("--pull", self.pull.is_some()),
            ("--pull-secret", !self.pull_secrets.is_empty()),
            ("--priority-class", self.priority_class.is_some()),
            ("--pod-requests", self.pod_requests.is_some()),
            ("--pod-limits", self.pod_limits.is_some()),
        ];
        let mut names = self.address.list_given();
        names.extend(given.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name));
        refuse_given(&names)
    }

    fn resources(&self, usual: PodResources) -> PodResources {
        let pair = |given: &Option<Amounts>| given.clone().map(|amounts| (amounts.0, amounts.1));
        PodResources {
            requests: pair(&self.pod_requests).unwrap_or(usual.requests),
            limits: pair(&self.pod_limits).unwrap_or(usual.limits),
        }
    }

    fn options(&self, arguments: &CollectArguments, project: &Project) -> Result<ClusterOptions> {
        let usual = cluster::usual_pods(arguments.image.clone(), arguments.timeout)?;
        Ok(ClusterOptions {
            nodes: self.nodes.clone().unwrap_or(NodeChoice::Count(1)),
            classes: self.classes.clone(),
            baseline: arguments.baseline.clone(),
            parallel: self.parallel.unwrap_or(10).into(),
            pods: PodSettings {
                pull: self.pull.clone().unwrap_or(usual.pull),
                pull_secrets: self.pull_secrets.clone(),
                priority_class: self.priority_class.clone(),
                resources: self.resources(usual.resources),
                tolerations: self.tolerations.clone(),
                session: usual.session,
                owner: usual.owner,
                image: usual.image,
                seconds: usual.seconds,
            },
            edition: project.config.edition.clone(),
            label: arguments.label.clone(),
        })
    }
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
            reason: verdict.failure.clone().or_else(|| {
                verdict.reason.map(|reason| data.reasons[reason.reason_id()].clone())
            }),
            verdict: verdict.clone(),
        };
        let findings = assessment.judgement.findings.iter();
        Self {
            node: node.into(),
            run: assessment.run.id.clone(),
            verdicts: assessment.judgement.verdicts.iter().map(verdict).collect(),
            broken: findings
                .filter(|finding| finding.rule == BROKEN)
                .map(|finding| finding.message.clone())
                .collect(),
            has_gap: assessment.run.targets.iter().any(crate::model::Target::is_named_and_failed),
        }
    }
}

/// Collects in a cluster: a run for each node, kept as it comes. The ids are the last lines.
pub(super) fn run_cluster_collect(
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
    let options = cluster_arguments.options(arguments, project)?;
    let cancel = interrupt::listen_for_signals()?;
    let client = ClusterClient::connect(&cluster_arguments.address.address(), &cancel)?;
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
    let mut results: Vec<NodeResult> = Vec::new();
    let mut keep = |node: &ClusterNode, record: SessionRecord| -> Result<()> {
        let mut run = assemble_run(record, &catalogue, redactor.as_mut());
        let (path, _) = store.save_run(&mut run)?;
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
    let broken: Vec<&NodeResult> = results.iter().filter(|it| !it.broken.is_empty()).collect();
    if !broken.is_empty() {
        let words = format!(
            "On {} of {} a class is not what its name says:",
            broken.len(),
            count_words(asked, "node")
        );
        text.push_line(StyledLine::begin_styled(TextStyle::Bad, &words));
        for result in &broken {
            for message in &result.broken {
                text.push_line(format!("  {}: {message}", result.node));
            }
        }
        text.push_blank();
    }
    let mut groups: BTreeMap<(usize, String, String), Vec<(&NodeResult, &NodeVerdict)>> =
        BTreeMap::new();
    for result in results {
        for (index, it) in result.verdicts.iter().enumerate() {
            let words = format!(
                "{:?} {:?} {}",
                it.verdict.boundary_rank(),
                it.verdict.conclusion,
                it.reason.as_deref().unwrap_or_default()
            );
            let key = (index, it.verdict.target.clone(), words);
            groups.entry(key).or_default().push((result, it));
        }
    }
    let head = ["Class", "Boundary", "Confidence", "Nodes"];
    let mut rows =
        vec![head.map(|word| StyledLine::begin_styled(TextStyle::Faint, word)).to_vec()];
    let mut reasons: Vec<String> = Vec::new();
    for members in groups.values() {
        let Some((_, first)) = members.first() else { continue };
        let names: Vec<&str> = members.iter().map(|(result, _)| result.node.as_str()).collect();
        rows.push(vec![
            first.verdict.target.as_str().into(),
            StyledLine::begin_styled(summary::boundary_style(&first.verdict), &first.title),
            first.verdict.confidence.confidence_name().into(),
            list_nodes(&names).into(),
        ]);
        if let Some(reason) = &first.reason {
            let target = &first.verdict.target;
            reasons.push(format!("  {target} on {}: {reason}", list_nodes(&names)));
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

    #[test]
    fn amounts_are_both_given() {
        assert!(parse_amounts("cpu=1,memory=1Gi").is_ok());
        for wrong in ["cpu=1", "cpu=1,cpu=2", "cpu=1,memory=1,x=2", "1,2", ""] {
            assert!(parse_amounts(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_is_no_path() {
        assert!(parse_name("kube-system").is_ok());
        for wrong in ["", "../x", "a/b", "-a", "A"] {
            assert!(parse_name(wrong).is_err(), "{wrong}");
        }
    }
}
