//! `isoproof expect`: what to expect of later runs, proposed from one.

use std::process::ExitCode;

use clap::Args;

use super::console::{Console, count_words};
use super::load_assessment;
use crate::atomic;
use crate::error::{Error, Result};
use crate::judge::expectations::propose;
use crate::project::{CONFIG, Project, ProjectConfig};
use crate::sources::{self, MAX_TEXT_BYTES};

/// The arguments of `expect`.
#[derive(Debug, Args)]
#[command(after_help = "Proposed are, for each runtime that was tested, its boundary with its \
                  confidence, or that it starts; the kernel series of a guest; and costs of at \
                  most one and a half times what was measured. What book.toml already expects \
                  something of is left out.\n\nExample:\n  isoproof expect --write")]
pub(super) struct ExpectArguments {
    /// The run
    #[arg(value_name = "RUN", default_value = "latest")]
    run: String,
    /// Add the entries to book.toml; nothing that stands there is changed
    #[arg(long)]
    write: bool,
}

/// Prints the entries, or adds them to `book.toml`.
pub(super) fn run_expect(
    project: &Project,
    arguments: &ExpectArguments,
    console: &Console,
) -> Result<ExitCode> {
    let assessment = load_assessment(project, &arguments.run, console)?;
    let evidence = assessment.fit_evidence();
    let known = &project.config.expectations;
    let entries =
        propose::propose_expectations(&evidence, &assessment.project_data.workloads, known);
    if entries.is_empty() {
        console.print_note("there is nothing to add to the expectations of book.toml");
        return Ok(ExitCode::SUCCESS);
    }
    let block = propose::format_entries(&entries);
    if !arguments.write {
        console.print_document(&block)?;
        return Ok(ExitCode::SUCCESS);
    }
    add_to_config(project, &block)?;
    let count = count_words(entries.len(), "expectation");
    console.print_line(format!("{count} added to {CONFIG}"))?;
    Ok(ExitCode::SUCCESS)
}

/// Adds a block at the end of `book.toml`, if the file can still be read then.
fn add_to_config(project: &Project, block: &str) -> Result<()> {
    let path = project.root.join(CONFIG);
    let before = match project.has_config {
        true => sources::read_text(&path, MAX_TEXT_BYTES)?,
        false => String::new(),
    };
    let gap = match before.as_str() {
        "" => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    let after = format!("{before}{gap}{block}");
    ProjectConfig::parse(&after, &path).map_err(|error| {
        Error::unusable_input(format!(
            "the entries cannot stand at the end of {CONFIG}: {}",
            error.message
        ))
        .with_help("print them without --write, and put them where they fit")
    })?;
    atomic::write_atomically(&path, after.as_bytes())
}
