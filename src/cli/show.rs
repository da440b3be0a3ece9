//! `isoproof show`: a run, or one of its captures.

use std::process::ExitCode;

use clap::Args;

use super::console::{Console, columns};
use crate::error::{Error, Result};
use crate::model::{Capture, Origin, Run};
use crate::project::Project;
use crate::store::Store;
use crate::text::nearest;

/// The arguments of `show`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The run
    #[arg(value_name = "RUN")]
    run: String,
    /// The id of a capture whose output is wanted
    #[arg(value_name = "ID")]
    capture: Option<String>,
}

/// Prints the captures of a run, or the output of one.
pub fn run(project: &Project, arguments: &Arguments, console: &Console) -> Result<ExitCode> {
    let run = Store::of(project)?.load(&arguments.run, &project.root)?.run;
    match &arguments.capture {
        None => console.print(&summary(&run))?,
        Some(id) => output(find(&run, id)?, console)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn find<'a>(run: &'a Run, id: &str) -> Result<&'a Capture> {
    run.capture(id).ok_or_else(|| {
        let ids = run.captures.iter().map(|capture| capture.id.as_str());
        let error = Error::input(format!("run {} has no capture `{id}`", run.id));
        match nearest(id, ids) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help(format!("isoproof show {} lists the captures", run.id)),
        }
    })
}

fn summary(run: &Run) -> String {
    let row = |capture: &Capture| {
        let origin = match &capture.origin {
            Origin::File { slot: Some(slot), .. } if *slot == capture.id => "file".into(),
            Origin::File { slot: Some(slot), .. } => format!("file, read as {slot}"),
            Origin::File { slot: None, .. } => "file, kept and not read".into(),
            origin => origin.words(),
        };
        [capture.id.clone(), capture.status.word().to_string(), origin]
            .iter()
            .map(|cell| crate::text::visible(cell))
            .collect()
    };
    let label = run.label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
    let rows: Vec<Vec<String>> = run.captures.iter().map(row).collect();
    format!("Run {}{label}, edition {}\n\n{}", run.id, run.edition, columns(&rows))
}

/// The very bytes for a pipe; on a terminal what is in them must not be able to act.
fn output(capture: &Capture, console: &Console) -> Result<()> {
    let bytes = capture.stdout.bytes().map_err(Error::input)?;
    if !console.is_terminal() {
        return console.bytes(&bytes);
    }
    let lines = crate::text::lines(&bytes);
    let text: String =
        lines.iter().map(|line| format!("{}\n", crate::text::visible(line))).collect();
    console.print(&text)
}
