//! `isoproof list`: the runs of the project.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::console::{Console, Format};
use super::styled::{StyledLine, StyledText};
use crate::error::Result;
use crate::project::Project;
use crate::store::{Entry, Store};

/// The arguments of `list`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The form of the output
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Prints the runs, newest first, then the files that cannot be used.
pub fn run(project: &Project, arguments: &Arguments, console: &Console) -> Result<ExitCode> {
    let store = Store::of(project)?;
    let entries = store.list()?;
    let damaged = store.damaged();
    console.warn_all(&store.warnings());
    if entries.is_empty() {
        console.note(&format!("no runs in {}", project.runs().display()));
    }
    match arguments.format {
        Format::Json => {
            let mut list: Vec<_> = entries
                .iter()
                .map(|entry| {
                    json!({
                        "id": entry.id, "label": entry.label, "edition": entry.edition,
                        "created": entry.created, "path": entry.path,
                        "in_future": entry.is_future(),
                    })
                })
                .collect();
            list.extend(
                damaged.iter().map(
                    |(path, error)| json!({ "id": null, "path": path, "error": error.message }),
                ),
            );
            console.print_json(&format!("{:#}", json!(list)))?;
        }
        Format::Text => {
            let mut rows: Vec<Vec<StyledLine>> = entries.iter().map(row).collect();
            for (path, _) in &damaged {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                rows.push(vec![name.into(), "damaged".into()]);
            }
            let mut text = StyledText::default();
            text.push_columns(rows);
            console.print(&text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn row(entry: &Entry) -> Vec<StyledLine> {
    let future = if entry.is_future() { "dated later than now" } else { "" };
    vec![
        entry.id.as_str().into(),
        entry.created.format("%Y-%m-%d %H:%M UTC").to_string().into(),
        entry.edition.to_string().into(),
        entry.label.as_deref().unwrap_or_default().into(),
        future.into(),
    ]
}
