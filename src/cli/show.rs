//! `isoproof show`: a run, or one of its captures.

use std::process::ExitCode;

use clap::Args;

use super::console::Console;
use super::styled::{StyledLine, StyledText};
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
    /// Write the bytes of the output as they were captured, to a file or a pipe
    #[arg(long, requires = "capture")]
    raw: bool,
}

/// Prints the captures of a run, or the output of one.
pub fn run(project: &Project, arguments: &Arguments, console: &Console) -> Result<ExitCode> {
    let store = Store::of(project)?;
    let run = store.load(&arguments.run, &project.root)?.run;
    console.warn_all(&store.warnings());
    match &arguments.capture {
        None => console.print(&summary(&run))?,
        Some(id) if arguments.raw => print_raw(find(&run, id)?, console)?,
        Some(id) => console.print(&numbered(find(&run, id)?)?)?,
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

fn summary(run: &Run) -> StyledText {
    let row = |capture: &Capture| -> Vec<StyledLine> {
        let origin = match &capture.origin {
            Origin::File { slot: Some(slot), .. } if *slot == capture.id => "file".into(),
            Origin::File { slot: Some(slot), .. } => format!("file, read as {slot}"),
            Origin::File { slot: None, .. } => "file, kept and not read".into(),
            origin => origin.words(),
        };
        vec![capture.id.as_str().into(), capture.status.word().into(), origin.into()]
    };
    let label = run.label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
    let mut text = StyledText::default();
    text.push(format!("Run {}{label}, edition {}", run.id, run.edition));
    text.push_blank();
    text.push_columns(run.captures.iter().map(row).collect());
    text
}

/// The lines of a capture with their numbers, which facts and findings name.
fn numbered(capture: &Capture) -> Result<StyledText> {
    let lines = crate::text::lines(&capture.stdout.bytes().map_err(Error::input)?);
    let width = lines.len().to_string().len();
    let numbers = 1..;
    Ok(numbers.zip(lines).map(|(number, line)| format!("{number:>width$} | {line}")).collect())
}

/// The very bytes of a capture, which are not shown to a terminal: they could act on it.
fn print_raw(capture: &Capture, console: &Console) -> Result<()> {
    if console.is_terminal() {
        return Err(Error::input("--raw writes bytes that can act on a terminal")
            .help("send them to a file or another program, or leave out --raw"));
    }
    console.print_bytes(&capture.stdout.bytes().map_err(Error::input)?)
}
