//! `isoproof expect`: what to expect of later runs, proposed from one.

use std::process::ExitCode;

use clap::Args;

use super::console::{Console, count_words};
use super::load_assessment;
use crate::atomic;
use crate::error::{Error, Result};
use crate::judge::expectations::propose;
use crate::owner;
use crate::project::{CONFIG, Expectation, Project, ProjectConfig};
use crate::report::Assessment;
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
    if arguments.write {
        return add_to_config(project, &assessment, console);
    }
    let entries = propose_missing(&assessment, &project.config.expectations);
    match entries.is_empty() {
        true => console.print_note(NOTHING),
        false => console.print_document(&propose::format_entries(&entries))?,
    }
    Ok(ExitCode::SUCCESS)
}

const NOTHING: &str = "there is nothing to add to the expectations of book.toml";

fn propose_missing(assessment: &Assessment, known: &[Expectation]) -> Vec<propose::ProposedEntry> {
    let workloads = &assessment.project_data.workloads;
    propose::propose_expectations(&assessment.fit_evidence(), workloads, known)
}

/// Adds what is missing at the end of `book.toml`, if the file can still be read then. What it says
/// is read while nobody else adds to it.
fn add_to_config(
    project: &Project,
    assessment: &Assessment,
    console: &Console,
) -> Result<ExitCode> {
    let path = project.root.join(CONFIG);
    if !project.has_config {
        return Err(Error::unusable_input(format!("{} is not there", path.display()))
            .with_help("isoproof init makes a project; without --write the entries are printed"));
    }
    let _lock = owner::lock_folder(&project.root);
    let before = sources::read_text(&path, MAX_TEXT_BYTES)?;
    let known = ProjectConfig::parse(&before, &path)?.expectations;
    let entries = propose_missing(assessment, &known);
    if entries.is_empty() {
        console.print_note(NOTHING);
        return Ok(ExitCode::SUCCESS);
    }
    let gap = match before.as_str() {
        "" => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    let after = format!("{before}{gap}{}", propose::format_entries(&entries));
    ProjectConfig::parse(&after, &path).map_err(|error| {
        Error::unusable_input(format!(
            "the entries cannot stand at the end of {CONFIG}: {}",
            error.message
        ))
        .with_help("print them without --write, and put them where they fit")
    })?;
    atomic::write_atomically(&path, after.as_bytes())?;
    let count = count_words(entries.len(), "expectation");
    console.print_line(format!("{count} added to {CONFIG}"))?;
    Ok(ExitCode::SUCCESS)
}
