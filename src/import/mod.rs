//! Imports: evidence that somebody else collected, as captures.

pub(crate) mod hyperfine;

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::error::{Error, Result};
use crate::model::{Capture, EvidenceKind, Facts, Generator, Redaction, Run, SCHEMA_VERSION};
use crate::privacy::Redactor;
use crate::probe::hyperfine::TimedThing;

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
        ..empty_imported_run(crate::probe::hyperfine::FORM, label, created, redaction, captures)
    })
}

/// Replaces identifiers in captures, if there is a redactor; `read` makes facts of them.
pub(crate) fn redact_captures(
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
pub(crate) fn empty_imported_run(
    form: &str,
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
        edition: None,
        generator: Generator::this_program(),
        evidence: EvidenceKind::Imported { form: form.into() },
        redaction,
        targets: Vec::new(),
        captures,
        facts: Facts::new(),
    }
}
