//! `isoproof export`: a run in the forms that others ask for.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::console::{Console, count};
use crate::error::Result;
use crate::export::lab12;
use crate::model::Edition;
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
    Lab12 {
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
    },
}

/// Exports, and lists what was written.
pub fn run(project: &Project, arguments: &Arguments, console: &Console) -> Result<ExitCode> {
    let Form::Lab12 { folder, run, edition, target } = &arguments.form;
    let run = Store::of(project)?.load(run, &project.root)?.run;
    let files = lab12::files(&run, edition.unwrap_or(run.edition), target.as_deref())?;
    lab12::write(folder, &files)?;
    console.note(&format!(
        "{} of run {} in {}",
        count(files.len(), "file"),
        run.id,
        folder.display()
    ));
    let list: String =
        files.keys().map(|name| format!("{}\n", folder.join(name).display())).collect();
    console.print(&list)?;
    Ok(ExitCode::SUCCESS)
}
