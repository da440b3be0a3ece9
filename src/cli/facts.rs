//! `isoproof facts`: what a run holds, for people and for programs.

use std::process::ExitCode;

use clap::Args;

use super::console::{Console, Format};
use super::styled::StyledText;
use crate::error::Result;
use crate::model::Fact;
use crate::project::Project;
use crate::store::{Loaded, Store, integrity::describe};

/// The arguments of `facts`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The run
    #[arg(value_name = "RUN", default_value = "latest")]
    run: String,
    /// The form of the output
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Prints the facts.
pub fn run(project: &Project, arguments: &Arguments, console: &Console) -> Result<ExitCode> {
    let store = Store::of(project)?;
    let loaded = store.load(&arguments.run, &project.root)?;
    console.warn_all(&store.warnings());
    if !loaded.integrity.is_intact() {
        console.warning(&format!(
            "{} was changed after it was written; isoproof check says where",
            loaded.origin
        ));
    }
    match arguments.format {
        Format::Json => {
            console.print_json(&format!("{:#}", serde_json::json!(loaded.run.facts)))?;
        }
        Format::Text => console.print(&text(&loaded))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn text(loaded: &Loaded) -> StyledText {
    let mut rows = Vec::new();
    for (id, by_target) in &loaded.run.facts {
        for (target, fact) in by_target {
            let shown = match fact {
                Fact::Missing(missing) => {
                    format!("not captured ({}: {})", missing.why.words(), missing.reason)
                }
                fact => describe(Some(fact)),
            };
            rows.push(vec![id.as_str().into(), target.as_str().into(), shown.into()]);
        }
    }
    let mut text = StyledText::default();
    text.push_columns(rows);
    text
}
