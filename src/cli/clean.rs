//! `isoproof clean`: remove what killed processes left.

use std::path::PathBuf;
use std::process::ExitCode;

use super::console::Console;
use crate::engine::{Kind, clean};
use crate::error::Result;
use crate::project::Project;
use crate::{atomic, collect};

/// Removes what killed processes left, under every engine, in the project and among the temporary
/// files, and says what.
pub fn run(project: &Project, console: &Console) -> Result<ExitCode> {
    let mut removed: Vec<String> =
        Kind::ALL.into_iter().flat_map(|engine| clean::sweep(engine, None)).collect();
    removed.extend(collect::sweep_folders());
    for folder in written_folders(project) {
        let files = atomic::remove_leftovers(&folder);
        removed.extend(files.iter().map(|path| format!("half-written file {}", path.display())));
    }
    for line in &removed {
        console.print_line(format!("removed {line}"))?;
    }
    if removed.is_empty() {
        console.print_line("nothing to remove")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The folders of a project that a command writes files into.
fn written_folders(project: &Project) -> Vec<PathBuf> {
    let submission = project.root.join(&project.config.submission);
    let mut folders = vec![
        project.root.clone(),
        project.root.join(".github/workflows"),
        project.chapters(),
        project.chapters().join("notes"),
        project.data(),
        project.runs(),
        project.private(),
        project.private().join("sites"),
    ];
    folders.extend(submission.parent().map(PathBuf::from));
    folders.sort();
    folders.dedup();
    folders
}
