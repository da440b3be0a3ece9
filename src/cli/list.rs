//! `isoproof list`: the runs and fleets of the project.

use std::collections::HashSet;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::console::{Console, OutputFormat, count_words};
use super::styled::{StyledLine, StyledText};
use crate::error::{Error, Result};
use crate::model::Fleet;
use crate::project::Project;
use crate::store::fleets::FleetStore;
use crate::store::{COPY_WORDS, RunEntry, RunStore};

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// The form of the output
    #[arg(long, value_enum, default_value = "text")]
    format: OutputFormat,
}

/// Prints the runs, newest first, then the files that cannot be used, then the fleets.
pub(super) fn run_list(
    project: &Project,
    arguments: &ListArguments,
    console: &Console,
) -> Result<ExitCode> {
    let store = RunStore::open_project(project)?;
    let entries = store.list_runs()?;
    let damaged = store.damaged_files();
    console.warn_all(&store.store_warnings());
    if entries.is_empty() && damaged.is_empty() {
        console.print_note(&format!("no runs in {}", project.runs_dir().display()));
    }
    let has_editions = project.config.edition.is_some();
    match arguments.format {
        OutputFormat::Json => {
            let mut list: Vec<_> = entries
                .iter()
                .map(|entry| {
                    let mut row = json!({
                        "id": entry.id, "label": entry.label, "created": entry.created,
                        "path": entry.path, "in_future": entry.is_future(),
                    });
                    if has_editions {
                        row["edition"] = json!(entry.edition);
                    }
                    row
                })
                .collect();
            list.extend(
                damaged.iter().map(
                    |(path, error)| json!({ "id": null, "path": path, "error": error.message }),
                ),
            );
            console.print_json(&format!("{:#}", json!(list)))?;
        }
        OutputFormat::Text => {
            // Those of a large fleet are its own affair: the fleet has a line.
            let runs = project.runs_dir();
            let listed = entries.iter().filter(|entry| entry.path.parent() == Some(&runs));
            let mut rows: Vec<Vec<StyledLine>> =
                listed.map(|entry| list_row(entry, has_editions)).collect();
            for (path, error) in &damaged {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                rows.push(vec![name.into(), describe_left_out(error).into()]);
            }
            let fleets = FleetStore::open_project(project).list_fleets()?;
            console.warn_all(&fleets.list_warnings());
            rows.extend(fleets.fleets.iter().map(|it| fleet_row(it, entries, has_editions)));
            let mut text = StyledText::default();
            text.push_columns(rows);
            console.print_prose(&text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Why a file is none of the runs, in a word; the warning has the whole reason.
fn describe_left_out(error: &Error) -> &'static str {
    if error.message.starts_with("cannot read ") {
        "unreadable"
    } else if error.message.contains(COPY_WORDS) {
        "a copy"
    } else {
        "damaged"
    }
}

fn fleet_row(fleet: &Fleet, entries: &[RunEntry], has_editions: bool) -> Vec<StyledLine> {
    let ids: HashSet<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    let named: Vec<&str> = fleet.nodes.iter().filter_map(|node| node.run.as_deref()).collect();
    let with_run = named.iter().filter(|id| ids.contains(**id)).count();
    let mut nodes = format!("{}, {with_run} with a run", count_words(fleet.nodes.len(), "node"));
    let lost = named.len() - with_run;
    if lost > 0 {
        nodes += &format!(", {lost} without its run file");
    }
    let mut row: Vec<StyledLine> = vec![
        format!("fleet:{}", fleet.id).into(),
        fleet.created.format("%Y-%m-%d %H:%M UTC").to_string().into(),
    ];
    row.extend(has_editions.then(|| "".into()));
    row.extend([fleet.label.as_deref().unwrap_or_default().into(), nodes.into()]);
    row
}

fn list_row(entry: &RunEntry, has_editions: bool) -> Vec<StyledLine> {
    let future = if entry.is_future() { "dated later than now" } else { "" };
    let mut row: Vec<StyledLine> = vec![
        entry.id.as_str().into(),
        entry.created.format("%Y-%m-%d %H:%M UTC").to_string().into(),
    ];
    row.extend(has_editions.then(|| entry.edition.as_deref().unwrap_or_default().into()));
    row.extend([entry.label.as_deref().unwrap_or_default().into(), future.into()]);
    row
}
