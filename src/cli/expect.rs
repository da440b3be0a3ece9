//! `isoproof expect`: what to expect of later runs, proposed from one.

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::Args;

use super::console::{Console, count_words};
use super::load_assessment;
use crate::atomic;
use crate::error::{Error, Result};
use crate::judge::Severity;
use crate::judge::expectations::propose;
use crate::model::EvidenceKind;
use crate::owner;
use crate::project::{CONFIG, Expectation, ExpectedSubject, Project, ProjectConfig};
use crate::report::Assessment;
use crate::sources::{self, MAX_TEXT_BYTES};

#[derive(Debug, Args)]
#[command(after_help = "Proposed are, for each runtime that was tested, its boundary with its \
                  confidence, or that it starts; the kernel series of a guest; and costs of at \
                  most one and a half times what was measured; and no error. What book.toml \
                  already expects something of is left out, and so is a runtime that is not what \
                  its name says.\n\nExample:\n  isoproof expect --write")]
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
    refuse_stopped_run(&assessment)?;
    warn_of_flaws(&assessment, &project.config.expectations, console);
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

/// What a session that was stopped shows is less than what later ones have to show.
fn refuse_stopped_run(assessment: &Assessment) -> Result<()> {
    let run = &assessment.run;
    match run.evidence {
        EvidenceKind::Collected { interrupted: true, .. } => {
            let words = format!("run {} was stopped before it was complete", run.id);
            Err(Error::unusable_input(words)
                .with_help("collect again and let the session end, or name another run"))
        }
        _ => Ok(()),
    }
}

/// Says which runtimes nothing is expected of, and which errors `check` fails on from now on.
fn warn_of_flaws(assessment: &Assessment, known: &[Expectation], console: &Console) {
    let judgement = &assessment.judgement;
    for verdict in &judgement.verdicts {
        if let Some(reason) = propose::left_out_reason(judgement, verdict) {
            let runtime = &verdict.target;
            console.print_warning(&format!("nothing is expected of {runtime}: {reason}"));
        }
    }
    let is_expected = known.iter().any(|expectation| {
        matches!(&expectation.subject, ExpectedSubject::Findings { of, .. } if of == "error")
    });
    let errors = judgement.findings.iter().filter(|it| it.severity == Severity::Error);
    let rules: BTreeSet<&str> = errors.map(|finding| finding.rule.as_str()).collect();
    if !is_expected && !rules.is_empty() {
        let rules = rules.into_iter().collect::<Vec<_>>().join(", ");
        console.print_warning(&format!("no error is expected, and this run has some: {rules}"));
    }
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
    let mut added = format!("{gap}{}", propose::format_entries(&entries));
    // A file of Windows stays one.
    if before.contains("\r\n") {
        added = added.replace('\n', "\r\n");
    }
    let after = format!("{before}{added}");
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
