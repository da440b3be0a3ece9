//! `isoproof import`: a run from evidence that somebody else collected.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::console::{Console, count};
use crate::error::Result;
use crate::import;
use crate::privacy::Redactor;
use crate::project::Project;
use crate::store::{Store, reference};

/// The arguments of `import`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    form: Form,
}

#[derive(Debug, Subcommand)]
enum Form {
    /// Read the evidence directory of the lab, of either edition
    Lab12 {
        /// The directory: labs/lab12, or a folder above it
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// A name for the run
        #[arg(long)]
        label: Option<String>,
        /// Keep host names, user names, MAC and public addresses as they are
        #[arg(long)]
        no_redact: bool,
    },
}

/// Imports, and prints the id of the run as the last line.
pub fn run(project: &Project, arguments: &Arguments, console: &Console) -> Result<ExitCode> {
    let Form::Lab12 { folder, label, no_redact } = &arguments.form;
    if let Some(label) = label {
        reference::check_label(label)?;
    }
    let mut redactor = match no_redact {
        true => None,
        false => Some(Redactor::of_project(&project.private())?),
    };
    let mut run = import::lab12_run(folder, label.clone(), redactor.as_mut(), import::now()?)?;
    let (path, is_new) = Store::of(project)?.save(&mut run)?;
    if is_new {
        console.note(&format!(
            "{} read into {}",
            count(run.captures.len(), "file"),
            path.display()
        ));
    } else {
        console.note(&format!("the same evidence is already there as {}", path.display()));
    }
    if !run.redaction.replaced.is_empty() {
        let kinds: Vec<String> =
            run.redaction.replaced.iter().map(|(kind, n)| format!("{kind} {n}")).collect();
        console.note(&format!("replaced by pseudonyms: {}", kinds.join(", ")));
    }
    console.print(&format!("{}\n", run.id))?;
    Ok(ExitCode::SUCCESS)
}
