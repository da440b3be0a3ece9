//! `isoproof show`: a run, or one of its captures.

use std::process::ExitCode;

use clap::Args;

use super::console::Console;
use super::styled::{StyledLine, StyledText};
use crate::error::{Error, Result};
use crate::model::{Capture, CaptureOrigin, Run};
use crate::project::Project;
use crate::store::RunStore;
use crate::text::closest_match;

#[derive(Debug, Args)]
pub(super) struct ShowArguments {
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

pub(super) fn run_show(
    project: &Project,
    arguments: &ShowArguments,
    console: &Console,
) -> Result<ExitCode> {
    let store = RunStore::open_project(project)?;
    let run = store.load_run(&arguments.run, &project.root)?.run;
    console.warn_all(&store.store_warnings());
    let edition = run.edition.as_deref().filter(|_| project.config.edition.is_some());
    match &arguments.capture {
        None => console.print_prose(&captures_summary(&run, edition, console.is_terminal()))?,
        Some(id) if arguments.raw => print_raw(find_capture(&run, id)?, console)?,
        Some(id) => console.print_text(&number_lines(find_capture(&run, id)?)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn find_capture<'a>(run: &'a Run, id: &str) -> Result<&'a Capture> {
    run.find_capture(id).ok_or_else(|| {
        let ids = run.captures.iter().map(|capture| capture.id.as_str());
        let error = Error::unusable_input(format!("run {} has no capture `{id}`", run.id));
        match closest_match(id, ids) {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error.with_help(format!("isoproof show {} lists the captures", run.id)),
        }
    })
}

/// The captures of a run for an edition with what each is of; for a reader the first line of a long command.
fn captures_summary(run: &Run, edition: Option<&str>, is_for_reader: bool) -> StyledText {
    let mut rows: Vec<Vec<StyledLine>> = Vec::new();
    for capture in &run.captures {
        let origin = match &capture.origin {
            CaptureOrigin::File { slot: Some(slot), .. } if *slot == capture.id => "file".into(),
            CaptureOrigin::File { slot: Some(slot), .. } => format!("file, read as {slot}"),
            CaptureOrigin::File { slot: None, .. } => "file, kept and not read".into(),
            origin => origin.describe_origin(),
        };
        let origin = match origin.split_once('\n') {
            Some((first, _)) if is_for_reader => format!("{first} …"),
            _ => origin,
        };
        rows.push(vec![
            capture.id.as_str().into(),
            capture.status.into_str().into(),
            origin.into(),
        ]);
    }
    let label = run.label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
    let mut text = StyledText::default();
    let edition = edition.map(|edition| format!(", edition {edition}"));
    text.push_line(format!("Run {}{label}{}", run.id, edition.unwrap_or_default()));
    text.push_blank();
    text.push_columns(rows);
    text
}

/// The lines of a capture with their numbers, which facts and findings name.
fn number_lines(capture: &Capture) -> Result<StyledText> {
    let lines =
        crate::text::split_lines(&capture.stdout.decoded_bytes().map_err(Error::unusable_input)?);
    let width = lines.len().to_string().len();
    let numbers = 1..;
    Ok(numbers.zip(lines).map(|(number, line)| format!("{number:>width$} | {line}")).collect())
}

/// The very bytes of a capture, which are not shown to a terminal: they could act on it.
fn print_raw(capture: &Capture, console: &Console) -> Result<()> {
    if console.is_terminal() {
        return Err(Error::unusable_input("--raw writes bytes that can act on a terminal")
            .with_help("send them to a file or another program, or leave out --raw"));
    }
    console.print_bytes(&capture.stdout.decoded_bytes().map_err(Error::unusable_input)?)
}
