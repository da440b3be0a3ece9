//! `isoproof facts`: what a run holds, for people and for programs.

use std::process::ExitCode;

use clap::Args;

use super::console::{Console, OutputFormat};
use super::styled::StyledText;
use crate::error::Result;
use crate::model::Fact;
use crate::project::Project;
use crate::store::{LoadedRun, RunStore, integrity::describe_fact};

#[derive(Debug, Args)]
pub(super) struct FactsArguments {
    /// The run
    #[arg(value_name = "RUN", default_value = "latest")]
    run: String,
    /// The form of the output
    #[arg(long, value_enum, default_value = "text")]
    format: OutputFormat,
}

pub(super) fn run_facts(
    project: &Project,
    arguments: &FactsArguments,
    console: &Console,
) -> Result<ExitCode> {
    let store = RunStore::open_project(project)?;
    let loaded = store.load_run(&arguments.run, &project.root)?;
    console.warn_all(&store.store_warnings());
    if !loaded.integrity.is_intact() {
        console.print_warning(&format!(
            "{} was changed after it was written; isoproof check says where",
            loaded.origin
        ));
    }
    match arguments.format {
        OutputFormat::Json => {
            console.print_json(&format!("{:#}", serde_json::json!(loaded.run.facts)))?;
        }
        OutputFormat::Text => console.print_prose(&facts_text(&loaded))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn facts_text(loaded: &LoadedRun) -> StyledText {
    let mut rows = Vec::new();
    for (id, by_target) in &loaded.run.facts {
        for (target, fact) in by_target {
            let shown = match fact {
                Fact::Missing(missing) => {
                    format!("not captured ({})", missing.reason_words())
                }
                fact => describe_fact(Some(fact)),
            };
            rows.push(vec![id.as_str().into(), target.as_str().into(), shown.into()]);
        }
    }
    let mut text = StyledText::default();
    text.push_columns(rows);
    text
}
