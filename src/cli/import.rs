//! `isoproof import`: a run from evidence that somebody else collected.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::console::{Console, count_words};
use super::pack_command::{PackArguments, PackCommand};
use crate::clock;
use crate::error::Result;
use crate::import::{self, HyperfineRole};
use crate::privacy::Redactor;
use crate::probe::hyperfine::TimedThing;
use crate::project::Project;
use crate::report::pack::{CommandWords, Pack};
use crate::store::{RunStore, reference};

#[derive(Debug, Args)]
#[command(after_help = list_examples())]
pub(super) struct ImportArguments {
    #[command(subcommand)]
    form: ImportForms,
}

#[derive(Debug, Subcommand)]
enum ImportForms {
    #[command(flatten)]
    Pack(PackCommand<PackImportArguments>),
    /// Read the times in files that hyperfine --export-json wrote
    #[command(after_help = "A result is named by its parameter `runtime`, by --runtime in its \
                            command, or by hyperfine's --command-name; results of one runtime by \
                            their --command-name or their other parameters too.\n\nExample:\n  hyperfine -N \
                            -L runtime runc,runsc --export-json times.json 'docker run --rm \
                            --runtime {runtime} alpine true'\n  isoproof import hyperfine times.json")]
    Hyperfine {
        /// The files
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// What was timed; by default starts of containers if every command is one
        #[arg(long, value_enum, value_name = "WHAT")]
        timed: Option<TimedThing>,
        /// The result that the others are compared with; by default the first
        #[arg(long, value_name = "NAME")]
        baseline: Option<String>,
        #[command(flatten)]
        common: CommonImportArguments,
    },
}

#[derive(Debug, Args)]
struct PackImportArguments {
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    common: CommonImportArguments,
}

impl PackArguments for PackImportArguments {
    fn command_words(pack: &dyn Pack) -> CommandWords {
        pack.import_words()
    }
}

#[derive(Debug, Args)]
struct CommonImportArguments {
    /// A name for the run
    #[arg(long)]
    label: Option<String>,
    /// Keep names, addresses, ids and secrets as they are
    #[arg(long)]
    no_redact: bool,
}

fn list_examples() -> String {
    let examples = crate::PACKS.iter().map(|pack| pack.import_words().example);
    format!("Examples:\n  {}", examples.collect::<Vec<_>>().join("\n  "))
}

/// Imports, and prints the id of the run as the last line.
pub(super) fn run_import(
    project: &Project,
    arguments: &ImportArguments,
    console: &Console,
) -> Result<ExitCode> {
    let (ImportForms::Pack(PackCommand { arguments: PackImportArguments { common, .. }, .. })
    | ImportForms::Hyperfine { common, .. }) = &arguments.form;
    if let Some(label) = &common.label {
        reference::check_label(label)?;
    }
    let mut redactor = match common.no_redact {
        true => None,
        false => Some(Redactor::of_project(&project.private_dir())?),
    };
    let (label, created) = (common.label.clone(), clock::recording_time()?);
    let mut run = match &arguments.form {
        ImportForms::Pack(PackCommand { pack, arguments }) => {
            pack.import_evidence(&arguments.folder, label, redactor.as_mut(), created)?
        }
        ImportForms::Hyperfine { files, timed, baseline, .. } => {
            let options = HyperfineRole { timed: *timed, baseline: baseline.as_deref() };
            import::hyperfine_run(files, options, label, redactor.as_mut(), created)?
        }
    };
    let store = RunStore::open_project(project)?;
    let (path, is_new) = store.save_run(&mut run)?;
    if let Some(label) = &run.label
        && let Some(warning) = store.label_warning(label, Some(&run.id))?
    {
        console.print_warning(&warning);
    }
    if is_new {
        let read = run.captures.iter().filter(|capture| capture.unread_reason().is_none());
        let what = match &read.collect::<Vec<_>>()[..] {
            [only] => only.id.clone(),
            read => count_words(read.len(), "file"),
        };
        console.print_note(&format!("{what} read into {}", path.display()));
    } else {
        console.print_note(&format!("the same evidence is already there as {}", path.display()));
        if let Some(newest) = store.usable_entries()?.first().filter(|newest| newest.id != run.id) {
            console.print_warning(&format!(
                "`latest` is another run, {}: isoproof check {} is about this one",
                newest.id, run.id
            ));
        }
    }
    for capture in &run.captures {
        if let Some(reason) = capture.unread_reason() {
            console.print_warning(&format!("{} could not be read: {reason}", capture.id));
        }
    }
    let failed = match &arguments.form {
        ImportForms::Hyperfine { .. } => {
            let counts = crate::probe::hyperfine::count_failed_by_target(&run.captures);
            counts.values().map(|(failed, _)| failed).sum()
        }
        ImportForms::Pack(_) => 0,
    };
    if failed > 0 {
        console
            .print_note(&format!("{} ended with an error: no samples", count_words(failed, "run")));
    }
    if let ImportForms::Pack(PackCommand { pack, arguments }) = &arguments.form {
        for report in pack.reports_beside(&arguments.folder) {
            let report = arguments.folder.join(report);
            console.print_note(&format!(
                "{} is a report and no evidence, so it was not read: isoproof check --submission \
                 holds it against this run",
                report.display()
            ));
        }
    }
    if let (Some(edition), None) = (&run.edition, &project.config.edition) {
        console.print_note(&format!(
            "the files follow edition {edition} of the lab: isoproof build --edition {edition} makes its submission"
        ));
    }
    if !run.redaction.replaced.is_empty() {
        let kinds: Vec<String> =
            run.redaction.replaced.iter().map(|(kind, n)| format!("{kind} {n}")).collect();
        console.print_note(&format!(
            "replaced by pseudonyms, in so many places: {}",
            kinds.join(", ")
        ));
    }
    console.print_line(run.id.as_str())?;
    Ok(ExitCode::SUCCESS)
}
