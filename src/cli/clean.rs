//! `isoproof clean`: remove what killed processes left.

use std::path::PathBuf;
use std::process::ExitCode;

use super::console::Console;
use crate::engine::{EngineKind, clean};
use crate::error::{Error, Result};
use crate::project::Project;
use crate::{atomic, collect, publish, site};

/// Removes what killed processes left, under every engine, in the project and among the temporary
/// files. Says what, and fails if something of it cannot be removed.
pub(super) fn run_clean(project: &Project, console: &Console) -> Result<ExitCode> {
    let mut results: Vec<Result<String>> = Vec::new();
    let mut noted = Vec::new();
    for engine in EngineKind::ALL {
        let swept = clean::remove_orphans(engine, None);
        results.extend(swept.removed.into_iter().map(Ok));
        noted.extend(swept.noted);
        results.extend(swept.left.into_iter().map(|what| {
            Err(Error::failed_environment(format!("cannot remove {what}"))
                .with_help("look into the log of the engine, and try again when it answers"))
        }));
    }
    results.extend(collect::sweep_folders().into_iter().map(Ok));
    results.extend(publish::remove_leftovers());
    results.extend(site::remove_leftovers(project));
    for folder in written_folders(project) {
        for path in atomic::remove_leftovers(&folder) {
            results.push(Ok(format!("half-written file {}", path.display())));
        }
    }
    noted.sort();
    noted.dedup();
    if results.is_empty() {
        console.print_line("nothing to remove")?;
    }
    let mut code = ExitCode::SUCCESS;
    for result in &results {
        match result {
            Ok(what) => console.print_line(format!("removed {what}"))?,
            Err(error) => code = super::report_failure(error, console),
        }
    }
    if let Some(first) = noted.first() {
        let count = noted.len();
        console.print_line(format!(
            "left alone: {count} empty control {}, as Kata leaves after every run, such as {first}",
            if count == 1 { "group" } else { "groups" }
        ))?;
    }
    Ok(code)
}

/// The folders of a project that a command writes files into.
fn written_folders(project: &Project) -> Vec<PathBuf> {
    let submission = project.root.join(&project.config.submission);
    let mut folders = vec![
        project.root.clone(),
        project.root.join(".github/workflows"),
        project.chapters_dir(),
        project.chapters_dir().join("notes"),
        project.data_dir(),
        project.runs_dir(),
        project.private_dir(),
        project.private_dir().join("sites"),
    ];
    folders.extend(submission.parent().map(PathBuf::from));
    folders.sort();
    folders.dedup();
    folders
}
