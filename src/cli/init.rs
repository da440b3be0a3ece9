//! `isoproof init`: a new project.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::closed_lists::{FOR_A_COURSE, edition_parser};
use super::console::{Console, count_words};
use crate::error::Result;
use crate::init::{self, InitOptions, WorkflowVersion};
use crate::project::CONFIG;

#[derive(Debug, Args)]
#[command(after_help = "What exists is left as it is and listed; the exit code is then 1.\n\n\
                        Examples:\n  isoproof init report && cd report && isoproof run\n  \
                        isoproof init --chapters       the whole text of the chapters, to change it")]
pub(super) struct InitArguments {
    /// The folder; it need not exist
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Make a project for this edition; by default for that of settings or evidence in the folder
    #[arg(long, value_parser = edition_parser(), help_heading = FOR_A_COURSE)]
    edition: Option<String>,
    /// Write out the text of the chapters, to change it; else they include the shipped text
    #[arg(long)]
    chapters: bool,
}

pub(super) fn run_init(
    project: Option<&Path>,
    arguments: &InitArguments,
    console: &Console,
) -> Result<ExitCode> {
    let folder = match project {
        Some(project) if arguments.folder == Path::new(".") => project.to_path_buf(),
        Some(project) => project.join(&arguments.folder),
        None => arguments.folder.clone(),
    };
    let options = InitOptions {
        edition: arguments.edition.clone(),
        whole_chapters: arguments.chapters,
        version: workflow_version(),
    };
    let report = init::create_project(&folder, &options)?;
    let place = if folder == Path::new(".") { Path::new("") } else { folder.as_path() };
    let written = report.written.iter().map(|path| place.join(path).display().to_string());
    console.print_text(&written.collect())?;
    for path in &report.kept {
        let path = place.join(path);
        console.print_warning(&format!("{} exists: left as it is", path.display()));
    }
    if !report.unignored.is_empty() {
        let lines = report.unignored.join(" ");
        console.print_warning(&format!("the .gitignore that exists lacks: {lines}"));
    }
    if let Some(edition) = &report.unnamed_edition {
        console.print_warning(&format!(
            "the {CONFIG} that exists does not name edition {edition}, so no report answers it\n\
             write edition = \"{edition}\" below [preprocessor.isoproof]"
        ));
    }
    if let Some(way) = &report.below_repository {
        console.print_warning(&format!(
            "GitHub looks for workflows at the top of a repository alone, and this folder is \
             {way} in one\nmove its .github there, and let its steps work in \
             {way}"
        ));
    }
    let next = match folder == Path::new(".") {
        true => "isoproof run".into(),
        false => {
            let place = folder.to_string_lossy();
            format!("cd {} && isoproof run", shell_words::quote(&place))
        }
    };
    console.print_note(&format!(
        "{} written; next: {next}",
        count_words(report.written.len(), "file")
    ));
    Ok(ExitCode::from(u8::from(!report.kept.is_empty())))
}

fn workflow_version() -> WorkflowVersion {
    let [commit, repository] = [env!("ISOPROOF_COMMIT"), env!("CARGO_PKG_REPOSITORY")]
        .map(|text| (!text.is_empty()).then(|| text.to_string()));
    WorkflowVersion { number: env!("CARGO_PKG_VERSION").into(), commit, repository }
}
