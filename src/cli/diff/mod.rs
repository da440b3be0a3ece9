//! `isoproof diff`: what changed between two runs.

mod text;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::console::Console;
use super::fleet;
use super::styled::StyledText;
use crate::clock;
use crate::diff::{self, DiffSide};
use crate::error::{Error, Result};
use crate::privacy::Redactor;
use crate::project::{FailOn, Project};
use crate::report::{Assessment, ProjectData, comparison};
use crate::store::reference::split_fleet_reference;
use crate::store::{LoadedRun, RunFile, RunStore, integrity::IntegrityReport};
use crate::text::make_visible;

#[derive(Debug, Args)]
pub(super) struct DiffArguments {
    /// The run that is compared with, a directory of evidence, or a fleet
    #[arg(value_name = "A")]
    a: String,
    /// The run that is compared, a directory of evidence, or a fleet
    #[arg(value_name = "B")]
    b: String,
    /// The form of the output; of fleets text or json
    #[arg(long, value_enum, default_value = "text")]
    format: DiffFormat,
    /// What makes the exit code 1; by default what book.toml says, else never
    #[arg(long, value_enum, value_name = "KIND", value_delimiter = ',')]
    fail_on: Vec<FailOn>,
    /// Show also what changes from run to run without meaning: ids, times, addresses, counters
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DiffFormat {
    /// For a terminal
    Text,
    /// For a comment on a pull request
    Markdown,
    /// For programs
    Json,
    /// A page that stands alone
    Html,
}

pub(super) fn run_diff(
    project: &Project,
    arguments: &DiffArguments,
    console: &Console,
) -> Result<ExitCode> {
    let given = &arguments.fail_on;
    let fail_on = if given.is_empty() { &project.config.gate.fail_on } else { given };
    let fleets = (split_fleet_reference(&arguments.a), split_fleet_reference(&arguments.b));
    if fleets != (None, None) {
        if !matches!(arguments.format, DiffFormat::Text | DiffFormat::Json) {
            return Err(Error::unusable_input("fleets are compared as text or json")
                .with_help("give --format text or json"));
        }
        let is_json = arguments.format == DiffFormat::Json;
        return fleet::diff_fleets(project, fleets, is_json, fail_on, console);
    }
    let project_data = ProjectData::load_project(project)?;
    let store = RunStore::with_catalogue(project, Arc::clone(&project_data.catalogue));
    let (a, b) = (
        find_reference(project, &store, &arguments.a)?,
        find_reference(project, &store, &arguments.b)?,
    );
    let (a, b) = rayon::join(
        || assess_evidence(a, &store, &project_data, console),
        || assess_evidence(b, &store, &project_data, console),
    );
    let (a, b) = (a?, Arc::new(b?));
    if fail_on.iter().any(|kind| *kind != FailOn::Never) {
        store.refuse_damaged_newer(&arguments.a, &a.run)?;
        store.refuse_damaged_newer(&arguments.b, &b.run)?;
    }
    // Evidence that is only read has no id.
    if a.run.id == b.run.id && !a.run.id.is_empty() {
        console.print_warning(&format!("both are run {}: nothing can have changed", b.run.id));
    }
    if let (Some(of_a), Some(of_b)) = (a.run.find_node(), b.run.find_node())
        && of_a != of_b
    {
        let [of_a, of_b] = [of_a, of_b].map(make_visible);
        console.print_warning(&format!(
            "these are runs of two nodes, {of_a} and {of_b}\nisoproof diff fleet:latest~1 \
             fleet:latest compares each node with itself"
        ));
    }
    let gate = &project.config.gate;
    let sides = (diff_side(&a), diff_side(&b));
    let (catalogue, phrases) = (&project_data.catalogue, &project_data.phrases);
    let mut diff =
        diff::compare_runs(&store, sides.0, sides.1, catalogue, gate, phrases, arguments.all)?;
    // A run of before a runtime was there may have only one of a name that is near to its own.
    let before = a.judge_expectations().unwrap_or_default();
    diff.expectations = diff::expectation_changes(&before, &b.judge_expectations()?);
    console.warn_all(&store.store_warnings());
    let view = comparison::ComparisonView::new(&diff, &project_data);
    let templates = project.templates_dir();
    match arguments.format {
        DiffFormat::Json => console.print_json(&format!("{:#}", serde_json::json!(diff)))?,
        DiffFormat::Text => console.print_prose(&text::full_text(&view))?,
        DiffFormat::Markdown => {
            console.print_document(&comparison::comparison_markdown(&view, &b, &templates)?)?;
        }
        DiffFormat::Html => {
            console.print_document(&comparison::comparison_html(&view, &b, &templates)?)?
        }
    }
    let failures = diff::gate_failures(&diff, fail_on);
    if failures.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    console.print_note(&describe_failures(&failures));
    Ok(ExitCode::from(1))
}

/// The most differences that are named as what made a comparison fail.
const NAMED: usize = 6;

fn describe_failures(failures: &BTreeSet<String>) -> String {
    let mut named: Vec<String> = failures.iter().take(NAMED).cloned().collect();
    if failures.len() > NAMED {
        named.push(format!("{} more", failures.len() - NAMED));
    }
    format!("failed by {}", named.join(", "))
}

/// What changed since the run before, in a few lines; none if there is no run before.
pub(super) fn changes_since_last(
    project: &Project,
    assessment: &Assessment,
) -> Result<Option<StyledText>> {
    let (project_data, gate) = (&assessment.project_data, &project.config.gate);
    let store = RunStore::with_catalogue(project, Arc::clone(&project_data.catalogue));
    let Some(before) = store.load_before(&assessment.run)? else { return Ok(None) };
    let before = Assessment::new(before, project_data)?;
    let (a, b) = (diff_side(&before), diff_side(assessment));
    let (catalogue, phrases) = (&project_data.catalogue, &project_data.phrases);
    let mut diff = diff::compare_runs(&store, a, b, catalogue, gate, phrases, false)?;
    let met_before = before.judge_expectations().unwrap_or_default();
    diff.expectations = diff::expectation_changes(&met_before, &assessment.judge_expectations()?);
    Ok(Some(text::short_text(&comparison::ComparisonView::new(&diff, project_data))))
}

fn diff_side(assessment: &Assessment) -> DiffSide<'_> {
    DiffSide { run: &assessment.run, judgement: &assessment.judgement }
}

/// What a reference names.
enum ReferencedEvidence {
    File(RunFile),
    /// A run made in memory from a directory of evidence.
    Made(Box<LoadedRun>),
}

impl ReferencedEvidence {
    fn load_evidence(self, store: &RunStore) -> Result<LoadedRun> {
        match self {
            Self::File(mut file) => store.load_file(&mut file),
            Self::Made(loaded) => Ok(*loaded),
        }
    }
}

fn find_reference(
    project: &Project,
    store: &RunStore,
    reference: &str,
) -> Result<ReferencedEvidence> {
    let folder = Path::new(reference);
    let is_path = reference.contains('/') || reference == "." || reference == "..";
    if !(folder.is_dir() && is_path) {
        match store.find_run_file(reference, &project.root) {
            Err(_) if folder.is_dir() => {}
            found => return Ok(ReferencedEvidence::File(found?)),
        }
    }
    Ok(ReferencedEvidence::Made(Box::new(read_directory(project, folder)?)))
}

fn assess_evidence(
    found: ReferencedEvidence,
    store: &RunStore,
    project_data: &ProjectData,
    console: &Console,
) -> Result<Assessment> {
    let loaded = found.load_evidence(store)?;
    if !loaded.integrity.is_intact() {
        console.print_warning(&format!(
            "{} was changed after it was written; isoproof check says where",
            loaded.origin
        ));
    }
    Assessment::new(loaded, project_data)
}

/// Nothing is written: a name has the same pseudonym in both, with the project's key if there is
/// one.
fn read_directory(project: &Project, folder: &Path) -> Result<LoadedRun> {
    let mut redactor = Redactor::of_reader(&project.private_dir())?;
    let created = clock::recording_time()?;
    let read = crate::PACKS
        .iter()
        .map(|pack| pack.import_evidence(folder, None, Some(&mut redactor), created));
    let no_form = || Err(Error::unusable_input(format!("{} is a folder", folder.display())));
    let mut run = read.reduce(Result::or).unwrap_or_else(no_form)?;
    run.id = crate::store::file::compute_run_id(&run);
    Ok(LoadedRun {
        run,
        integrity: IntegrityReport::default(),
        origin: folder.display().to_string(),
    })
}
