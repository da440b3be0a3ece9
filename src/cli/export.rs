//! `isoproof export`: a run in the forms that others ask for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};

use super::closed_lists::edition_parser;
use super::console::{Console, count_words};
use super::fleet::load_fleet;
use super::load_assessment;
use super::pack_command::{PackArguments, PackCommand};
use crate::atomic;
use crate::error::{Error, Result};
use crate::export::evidence_files::write_evidence_files;
use crate::export::{benchmark, hyperfine, prometheus, series};
use crate::judge::Severity;
use crate::judge::rules::Finding;
use crate::model::{FactId, Run};
use crate::project::Project;
use crate::report::ProjectData;
use crate::report::pack::{CommandWords, Pack};
use crate::store::RunStore;
use crate::store::reference::split_fleet_reference;

#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    #[command(subcommand)]
    form: ExportForm,
}

#[derive(Debug, Subcommand)]
enum ExportForm {
    #[command(flatten)]
    Pack(PackCommand<PackExportArguments>),
    /// Write series of times as hyperfine does, for the scripts that read its files
    Hyperfine {
        #[command(flatten)]
        times: TimesExportArguments,
        /// Which of hyperfine's files
        #[arg(long, value_enum, default_value = "json")]
        format: HyperfineForm,
    },
    /// Write medians for github-action-benchmark (its tool customSmallerIsBetter)
    Benchmark(TimesExportArguments),
    /// Write what a fleet shows in the text format of Prometheus: a gauge for each node and class
    #[command(
        after_help = "isoproof_own_kernel is 1 where a kernel of its own was shown, 0 where \
                            the class shares the node's, and -1 where neither was shown: alert on \
                            anything but 1.\n\nExample:\n  isoproof export prometheus --out \
                            /var/lib/node_exporter/isoproof.prom"
    )]
    Prometheus {
        /// The fleet
        #[arg(value_name = "FLEET", default_value = "fleet:latest")]
        fleet: String,
        /// The file, which is replaced if it is an earlier export; standard output by default and for `-`
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// A file that hyperfine writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum HyperfineForm {
    /// That of --export-json
    Json,
    /// That of --export-markdown
    Markdown,
    /// That of --export-csv
    Csv,
}

/// Which run goes where, and as what.
#[derive(Debug, Args)]
struct PackExportArguments {
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The run
    #[arg(long, value_name = "RUN", default_value = "latest")]
    run: String,
    #[arg(long, value_parser = edition_parser())]
    edition: Option<String>,
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
}

impl PackArguments for PackExportArguments {
    fn command_words(pack: &dyn Pack) -> CommandWords {
        pack.export_words()
    }
}

/// Which series go where.
#[derive(Debug, Args)]
struct TimesExportArguments {
    /// The run
    #[arg(value_name = "RUN", default_value = "latest")]
    run: String,
    /// The file, which is replaced if it is an earlier export; standard output by default and for `-`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A series, such as startup.wall; by default every series of times
    #[arg(long, value_name = "ID")]
    series: Vec<String>,
}

pub(super) fn run_export(
    project: &Project,
    arguments: &ExportArguments,
    console: &Console,
) -> Result<ExitCode> {
    match &arguments.form {
        ExportForm::Pack(form) => export_evidence(project, form, console),
        ExportForm::Hyperfine { times, format } => {
            let text = match format {
                HyperfineForm::Json => hyperfine::hyperfine_json,
                HyperfineForm::Markdown => hyperfine::hyperfine_markdown,
                HyperfineForm::Csv => hyperfine::hyperfine_csv,
            };
            let is_json = *format == HyperfineForm::Json;
            let is_ours = hyperfine::is_own_hyperfine;
            export_series(project, times, console, is_json, |all, _| text(all), is_ours)
        }
        ExportForm::Benchmark(times) => {
            let is_ours = benchmark::is_own_benchmark;
            export_series(project, times, console, true, benchmark::benchmark_json, is_ours)
        }
        ExportForm::Prometheus { fleet, out } => {
            export_gauges(project, fleet, out.as_deref(), console)
        }
    }
}

/// The file that is written; none where it is standard output, by default or as `-`.
fn named_file(out: Option<&Path>) -> Option<&Path> {
    out.filter(|path| *path != Path::new("-"))
}

fn export_gauges(
    project: &Project,
    reference: &str,
    out: Option<&Path>,
    console: &Console,
) -> Result<ExitCode> {
    let name = split_fleet_reference(reference).ok_or_else(|| {
        Error::unusable_input(format!("`{reference}` is no fleet"))
            .with_help("name one: isoproof export prometheus fleet:latest")
    })?;
    let project_data = ProjectData::load_project(project)?;
    let store = RunStore::with_catalogue(project, Arc::clone(&project_data.catalogue));
    let assessment = load_fleet(project, name, &store, &project_data, false, console)?;
    let text = prometheus::prometheus_text(&assessment.fleet, &assessment.nodes);
    match named_file(out) {
        None => console.print_document(&text)?,
        Some(path) => {
            atomic::replace_own_file(path, text.as_bytes(), prometheus::is_own_prometheus)?;
            let nodes = count_words(assessment.nodes.len(), "node");
            console.print_note(&format!("the gauges of {nodes} in {}", path.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the evidence files of a pack, and lists them.
fn export_evidence(
    project: &Project,
    form: &PackCommand<PackExportArguments>,
    console: &Console,
) -> Result<ExitCode> {
    let PackExportArguments { folder, run, edition, target } = &form.arguments;
    let run = load_intact_run(project, run, console)?;
    let files = form.pack.export_evidence(
        &run,
        edition.as_deref(),
        target.as_deref(),
        &project.data_dir(),
    )?;
    write_evidence_files(folder, &files)?;
    console.print_note(&format!(
        "{} of run {} in {}",
        count_words(files.len(), "file"),
        run.id,
        folder.display()
    ));
    let paths = files.keys().map(|name| folder.join(name).display().to_string());
    console.print_text(&paths.collect())?;
    Ok(ExitCode::SUCCESS)
}

/// A run for files that pass for the output of commands: what was changed in it would, too.
fn load_intact_run(project: &Project, reference: &str, console: &Console) -> Result<Run> {
    let store = RunStore::open_project(project)?;
    let loaded = store.load_run(reference, &project.root)?;
    console.warn_all(&store.store_warnings());
    if loaded.integrity.is_intact() {
        return Ok(loaded.run);
    }
    Err(Error::unusable_input(format!(
        "{}: the run was changed after it was written, so no evidence files are made from it",
        loaded.origin
    ))
    .with_help("restore it, or collect again; `isoproof check` says what was changed"))
}

/// The findings because of which a series is not what its name says.
fn series_defects<'a>(
    all: &[series::ExportSeries],
    findings: &'a [Finding],
) -> impl Iterator<Item = &'a Finding> {
    findings.iter().filter(|finding| {
        finding.severity == Severity::Error
            && all.iter().any(|one| finding.rests_on(FactId::from_text(one.id), Some(one.target)))
    })
}

fn export_series(
    project: &Project,
    times: &TimesExportArguments,
    console: &Console,
    is_json: bool,
    text: impl Fn(&[series::ExportSeries], &str) -> String,
    is_ours: impl Fn(&str, &dyn Fn(&str) -> bool) -> bool,
) -> Result<ExitCode> {
    let assessment = load_assessment(project, &times.run, console)?;
    let mut all = series::select_series(&assessment.run, &times.series)?;
    for one in &mut all {
        one.obstacle = assessment.figure_obstacle(FactId::from_text(one.id), &[one.target]);
    }
    let mut doubted: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for one in all.iter().filter(|_| !assessment.timing.is_withheld()) {
        if let Some(why) = &one.obstacle {
            doubted.entry(why).or_default().push(one.stable_name());
        }
    }
    for (why, names) in doubted {
        console.print_note(&format!("nothing follows from {}: {why}", names.join(", ")));
    }
    if let Some(reason) = assessment.timing.withheld_reason() {
        let clause = &assessment.project_data.reasons[reason.into_str()];
        console.print_note(&format!("{clause}, so these times prove nothing: see isoproof check"));
    }
    for finding in series_defects(&all, &assessment.judgement.findings) {
        console.print_warning(&finding.message);
    }
    let text = text(&all, &assessment.run.id);
    match named_file(times.out.as_deref()) {
        None if is_json => console.print_json(&text)?,
        None => console.print_document(&text)?,
        Some(path) => {
            let catalogue = &assessment.project_data.catalogue;
            let is_series = |id: &str| catalogue.find_probe(id).is_some();
            atomic::replace_own_file(path, text.as_bytes(), |there| is_ours(there, &is_series))?;
            console.print_note(&format!(
                "{} in {}",
                count_words(all.len(), "result"),
                path.display()
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}
