//! `isoproof list`: the runs of the project.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::console::{Console, Format};
use super::styled::StyledText;
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
    if entries.is_empty() {
        console.note(&format!("no runs in {}", project.runs().display()));
    }
    match arguments.format {
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
            console.print_json(&format!("{:#}", json!(list)))?;
        }
        Format::Text => {
            let row = |entry: &crate::store::Entry| {
                vec![
                    entry.id.as_str().into(),
                    entry.created.format("%Y-%m-%d %H:%M UTC").to_string().into(),
                    entry.edition.to_string().into(),
                    entry.label.as_deref().unwrap_or_default().into(),
                ]
            };
            let mut text = StyledText::default();
            text.push_columns(entries.iter().map(row).collect());
            console.print(&text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
