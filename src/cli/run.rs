//! `isoproof run`: the whole job with what the machine offers.

use std::path::Path;
use std::process::ExitCode;

use super::build::{self, Arguments};
use super::check;
use super::console::{Console, Ink, columns, count};
use super::diff;
use crate::error::Result;
use crate::project::Project;

/// Builds from the latest run and says what it shows and where the report is.
pub fn run(project: &Project, arguments: &Arguments, console: &Console) -> Result<ExitCode> {
    let built = build::build(project, arguments, console)?;
    let run = &built.subject.run;
    let label = run.label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
    let mut out = format!("{}{label}\n\n", console.paint(Ink::Strong, &format!("Run {}", run.id)));
    out.push_str(&check::verdict_lines(&built.subject, console));
    out.push_str(&format!("\n{}\n\n", check::tally(&built.subject, console)));
    if let Some(since) = diff::since(project, &built.subject, console)? {
        out.push_str(&format!("{since}\n"));
    }
    let pages = count(built.pages, "page");
    out.push_str(&columns(&[
        vec!["Submission".into(), shown(&built.submission, project)],
        vec!["Site".into(), format!("{} ({pages})", shown(&built.out.join("index.html"), project))],
    ]));
    console.print(&out)?;
    Ok(ExitCode::SUCCESS)
}

/// A path as the user would type it.
fn shown(path: &Path, project: &Project) -> String {
    let here = std::env::current_dir().unwrap_or_else(|_| project.root.clone());
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}
