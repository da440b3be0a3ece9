//! `isoproof list`: the runs of the project.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::console::{Console, Format, columns};
use crate::error::Result;
use crate::project::Project;
use crate::store::Store;

/// The arguments of `list`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The form of the output
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Prints the runs, newest first.
pub fn run(project: &Project, arguments: &Arguments, console: &Console) -> Result<ExitCode> {
    let store = Store::of(project)?;
    let entries = store.list()?;
    let text = match arguments.format {
        Format::Json => {
            let list: Vec<_> = entries
                .iter()
                .map(|entry| {
                    json!({
                        "id": entry.id, "label": entry.label, "edition": entry.edition,
                        "created": entry.created, "path": entry.path,
                    })
                })
                .collect();
            format!("{:#}\n", json!(list))
        }
        Format::Text => {
            let row = |entry: &crate::store::Entry| {
                vec![
                    entry.id.clone(),
                    entry.created.format("%Y-%m-%d %H:%M UTC").to_string(),
                    entry.edition.to_string(),
                    entry.label.clone().unwrap_or_default(),
                ]
            };
            columns(&entries.iter().map(row).collect::<Vec<_>>())
        }
    };
    if entries.is_empty() {
        console.note(&format!("no runs in {}", project.runs().display()));
    }
    console.print(&text)?;
    Ok(ExitCode::SUCCESS)
}
