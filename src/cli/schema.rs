//! `isoproof schema`: the JSON Schema of a run file.

use std::process::ExitCode;

use super::console::Console;
use crate::error::Result;

/// Prints the schema.
pub(super) fn run_schema(console: &Console) -> Result<ExitCode> {
    console.print_json(&crate::store::schema::schema_json())?;
    Ok(ExitCode::SUCCESS)
}
