//! `isoproof run`: the whole job with what the machine offers: look at the machine, capture, build,
//! say what it shows.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use super::console::{Console, count};
use super::styled::{Style, StyledLine, StyledText};
use super::{build, check, collect, diff, doctor};
use crate::engine::Kind;
use crate::error::{self, Result};
use crate::project::Project;
use crate::site::Built;

/// The arguments of `run`.
#[derive(Debug, Args)]
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    capture: collect::Arguments,
    #[command(flatten)]
    output: build::Output,
}

/// Does it all, and says what the run shows and where the report is.
pub fn run(project: &Project, arguments: &Arguments, console: &Console) -> Result<ExitCode> {
    doctor::brief(&arguments.capture.wanted(), console)?;
    let Some(captured) = capture(project, &arguments.capture, console)? else {
        return Ok(ExitCode::from(collect::STOPPED));
    };
    let run = &captured.subject.run;
    let built = build::build(project, &run.id, Some(run.edition), &arguments.output, console)?;
    let since = diff::since(project, &captured.subject)?;
    console.print(&summary(&built, since, project))?;
    Ok(captured.exit())
}

/// Captures with the engine that is there. Where one is there and cannot be used (no image, no
/// permission), and nobody asked for it, plain namespaces still give a baseline.
fn capture(
    project: &Project,
    arguments: &collect::Arguments,
    console: &Console,
) -> Result<Option<collect::Captured>> {
    match collect::capture(project, arguments, console) {
        Err(error) if error.kind == error::Kind::Environment && arguments.asks_for_nothing() => {
            console.warning(&format!("{}; plain namespaces are used instead", error.message));
            if let Some(help) = &error.help {
                console.note(help);
            }
            collect::capture(project, &arguments.with_engine(Kind::Builtin), console)
        }
        captured => captured,
    }
}

fn summary(built: &Built, since: Option<StyledText>, project: &Project) -> StyledText {
    let run = &built.subject.run;
    let label = run.label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
    let mut out = StyledText::default();
    out.push(StyledLine::styled(Style::Strong, &format!("Run {}", run.id)).and(&label));
    out.push_blank();
    out.append(check::verdict_lines(&built.subject));
    out.push_blank();
    out.push(check::tally(&built.subject));
    out.push_blank();
    if let Some(since) = since {
        out.append(since);
        out.push_blank();
    }
    let site = shown(&built.out.join("index.html"), project);
    out.push_columns(vec![
        vec!["Submission".into(), shown(&built.submission, project).into()],
        vec!["Site".into(), format!("{site} ({})", count(built.pages, "page")).into()],
    ]);
    out
}

/// A path as the user would type it.
fn shown(path: &Path, project: &Project) -> String {
    let here = std::env::current_dir().unwrap_or_else(|_| project.root.clone());
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}
