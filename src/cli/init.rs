//! `isoproof init`: a new project.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::console::{Console, count};
use crate::error::Result;
use crate::init::{self, Options, Version};
use crate::model::Edition;

/// The arguments of `init`.
#[derive(Debug, Args)]
#[command(after_help = "What exists is left as it is and listed; the exit code is then 1.\n\n\
                        Examples:\n  isoproof init report && cd report && isoproof run\n  \
                        isoproof init --chapters       the whole text of the chapters, to change it")]
pub struct Arguments {
    /// The folder; it need not exist
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// The edition of the lab: f25 or s26; by default that of settings or evidence in the folder
    #[arg(long)]
    edition: Option<Edition>,
    /// Write out the text of the chapters, to change it; else they include the shipped text
    #[arg(long)]
    chapters: bool,
}

/// Writes the files and lists them.
pub fn run(project: Option<&Path>, arguments: &Arguments, console: &Console) -> Result<ExitCode> {
    let folder = match project {
        Some(project) => project.join(&arguments.folder),
        None => arguments.folder.clone(),
    };
    let options = Options {
        edition: arguments.edition,
        whole_chapters: arguments.chapters,
        version: version(),
    };
    let report = init::create(&folder, &options)?;
    let place = |path: &PathBuf| match folder == Path::new(".") {
        true => path.display().to_string(),
        false => folder.join(path).display().to_string(),
    };
    console.print(&report.written.iter().map(place).collect())?;
    for path in &report.kept {
        console.warning(&format!("{} exists: left as it is", place(path)));
    }
    if !report.unignored.is_empty() {
        let lines = report.unignored.join(" ");
        console.warning(&format!("the .gitignore that exists lacks: {lines}"));
    }
    let next = match folder == Path::new(".") {
        true => "isoproof run".into(),
        false => format!("cd {} && isoproof run", folder.display()),
    };
    console.note(&format!("{} written; next: {next}", count(report.written.len(), "file")));
    Ok(ExitCode::from(u8::from(!report.kept.is_empty())))
}

fn version() -> Version {
    let known = |text: &str| (!text.is_empty()).then(|| text.to_string());
    Version {
        number: env!("CARGO_PKG_VERSION").into(),
        commit: known(env!("ISOPROOF_COMMIT")),
        repository: known(env!("CARGO_PKG_REPOSITORY")),
    }
}
