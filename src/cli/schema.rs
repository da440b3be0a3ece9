//! `isoproof schema`: the JSON Schema of a run file or a fleet file.

use std::process::ExitCode;

use clap::Args;

use super::console::Console;
use crate::error::Result;
use crate::store::schema;

#[derive(Debug, Args)]
pub(super) struct SchemaArguments {
    /// That of a fleet file, `data/fleets/ID.json`
    #[arg(long)]
    fleet: bool,
}

pub(super) fn run_schema(arguments: &SchemaArguments, console: &Console) -> Result<ExitCode> {
    let text = if arguments.fleet { schema::FLEET_SCHEMA } else { schema::RUN_SCHEMA };
    console.print_json(text)?;
    Ok(ExitCode::SUCCESS)
}
