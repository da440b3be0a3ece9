//! `isoproof export`: a run in the forms that others ask for.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::console::{Console, count};
use crate::atomic;
use crate::error::Result;
use crate::export::{benchmark, hyperfine, lab12, series};
use crate::judge::timing::Timing;
use crate::model::{Edition, Run};
use crate::project::Project;
use crate::store::Store;

/// The arguments of `export`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    form: Form,
}

#[derive(Debug, Subcommand)]
enum Form {
    /// Write the evidence files of the lab, as its own commands would have written them
    #[command(after_help = "Only what the run holds is written. No file of another content is \
                            overwritten.\n\nExample:\n  isoproof export lab12 labs/lab12 --run \
                            mine")]
    Lab12(Lab),
    /// Write series of times as hyperfine does, for the scripts that read its JSON
    Hyperfine(Times),
    /// Write medians for github-action-benchmark (its tool customSmallerIsBetter)
    Benchmark(Times),
}

/// Which run goes where, and as what.
#[derive(Debug, Args)]
struct Lab {
    /// The folder of the lab: labs/lab12
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The run
    #[arg(long, value_name = "RUN", default_value = "latest")]
    run: String,
    /// The edition of the lab: f25 or s26; by default that of the run
    #[arg(long)]
    edition: Option<Edition>,
    /// The target to show as Kata, where the run has several
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
}

/// Which series go where.
#[derive(Debug, Args)]
struct Times {
    /// The run
    #[arg(value_name = "RUN", default_value = "latest")]
    run: String,
    /// The file; by default standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A series, such as startup.wall; by default every series of times
    #[arg(long, value_name = "ID")]
    series: Vec<String>,
}

/// Exports.
pub fn run(project: &Project, arguments: &Arguments, console: &Console) -> Result<ExitCode> {
    match &arguments.form {
        Form::Lab12(lab) => files(project, lab, console),
        Form::Hyperfine(times) => export(project, times, console, |all, _| hyperfine::text(all)),
        Form::Benchmark(times) => export(project, times, console, benchmark::text),
    }
}

/// Writes the files of the lab, and lists them.
fn files(project: &Project, arguments: &Lab, console: &Console) -> Result<ExitCode> {
    let Lab { folder, run, edition, target } = arguments;
    let run = load(project, run, console)?;
    let files = lab12::files(&run, edition.unwrap_or(run.edition), target.as_deref())?;
    lab12::write(folder, &files)?;
    console.note(&format!(
        "{} of run {} in {}",
        count(files.len(), "file"),
        run.id,
        folder.display()
    ));
    let paths = files.keys().map(|name| folder.join(name).display().to_string());
    console.print(&paths.collect())?;
    Ok(ExitCode::SUCCESS)
}

fn load(project: &Project, reference: &str, console: &Console) -> Result<Run> {
    let store = Store::of(project)?;
    let loaded = store.load(reference, &project.root)?;
    console.warn_all(&store.warnings());
    Ok(loaded.run)
}

fn export(
    project: &Project,
    times: &Times,
    console: &Console,
    text: impl Fn(&[series::Series], &str) -> String,
) -> Result<ExitCode> {
    let run = load(project, &times.run, console)?;
    let all = series::of(&run, &times.series)?;
    if Timing::of(&run, project.config.margin).is_withheld() {
        console.note(
            "the session failed its own control, so these times prove nothing: see isoproof check",
        );
    }
    let text = text(&all, &run.id);
    match &times.out {
        None => console.print_json(&text)?,
        Some(path) => {
            atomic::write(path, text.as_bytes())?;
            console.note(&format!("{} in {}", count(all.len(), "result"), path.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}
