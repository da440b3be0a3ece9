//! Imports: evidence that somebody else collected, as captures.

pub(crate) mod hyperfine;
pub mod lab12;

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::error::{Error, Result};
use crate::model::{
    Capture, Edition, EvidenceKind, Facts, Generator, ImportForm, Redaction, Run, SCHEMA_VERSION,
};
use crate::privacy::Redactor;
use crate::probe::hyperfine::TimedThing;

/// A run from an evidence directory of the lab. Without a redactor nothing is replaced.
///
/// # Errors
///
/// The directory cannot be read, or nothing in it is evidence of the lab.
pub fn lab12_run(
    folder: &Path,
    label: Option<String>,
    redactor: Option<&mut Redactor>,
    created: DateTime<Utc>,
) -> Result<Run> {
    if !folder.is_dir() {
        return Err(Error::unusable_input(format!("{} is not a folder", folder.display()))
            .with_help("give the folder that holds the evidence of the lab, such as labs/lab12"));
    }
    let mut captures = lab12::read_files(folder)?;
    let redaction = redact_captures(&mut captures, redactor, |captures| {
        crate::probe::lab12::read_lab_captures(captures).facts
    });
    lab12::sort_by_id(&mut captures);
    let reading = crate::probe::lab12::read_lab_captures(&captures);
    Ok(Run {
        edition: reading.edition,
        targets: reading.targets,
        facts: reading.facts,
        ..empty_imported_run(ImportForm::Lab12, label, created, redaction, captures)
    })
}

/// What a file of hyperfine is read as.
#[derive(Debug, Clone, Copy, Default)]
pub struct HyperfineRole<'a> {
    /// What was timed, where the commands do not show it.
    pub timed: Option<TimedThing>,
    /// The name of the result that the others are compared with; by default the first.
    pub baseline: Option<&'a str>,
}

/// A run from a file that hyperfine exported. Without a redactor nothing is replaced.
///
/// # Errors
///
/// The file cannot be used, or has no result of the name of the baseline.
pub fn hyperfine_run(
    path: &Path,
    options: HyperfineRole,
    label: Option<String>,
    redactor: Option<&mut Redactor>,
    created: DateTime<Utc>,
) -> Result<Run> {
    let hyperfine::HyperfineFile { capture, export } =
        hyperfine::read_hyperfine(path, options.timed)?;
    let names = export.target_names();
    if let Some(baseline) = options.baseline.filter(|name| !names.iter().any(|own| own == name)) {
        return Err(Error::unusable_input(format!(
            "{}: no result is named `{baseline}`",
            path.display()
        ))
        .with_help(format!("it has {}", names.join(", "))));
    }
    let mut captures = vec![capture];
    let redaction = redact_captures(&mut captures, redactor, hyperfine::read_times);
    // A target may be named after a person.
    let baseline = options.baseline.and_then(|name| names.iter().position(|own| own == name));
    let export = crate::probe::hyperfine::list_exports(&captures).next().unwrap_or(export);
    let baseline = baseline.and_then(|place| export.target_names().into_iter().nth(place));
    Ok(Run {
        targets: export.make_targets(baseline.as_deref()),
        facts: crate::probe::hyperfine::read_hyperfine_facts(&captures),
        ..empty_imported_run(ImportForm::Hyperfine, label, created, redaction, captures)
    })
}

fn redact_captures(
    captures: &mut [Capture],
    redactor: Option<&mut Redactor>,
    read: impl Fn(&[Capture]) -> Facts,
) -> Redaction {
    match redactor {
        Some(redactor) => {
            redactor.redact_captures(captures, read);
            redactor.redaction_counts()
        }
        None => Redaction::default(),
    }
}

/// An imported run of which nothing was read yet.
fn empty_imported_run(
    form: ImportForm,
    label: Option<String>,
    created: DateTime<Utc>,
    redaction: Redaction,
    captures: Vec<Capture>,
) -> Run {
    Run {
        schema_version: SCHEMA_VERSION,
        id: String::new(),
        digest: None,
        label,
        created,
        edition: Edition::F25,
        generator: Generator::this_program(),
        evidence: EvidenceKind::Imported { form },
        redaction,
        targets: Vec::new(),
        captures,
        facts: Facts::new(),
    }
}
