//! Imports: evidence that somebody else collected, as captures.

pub(crate) mod hyperfine;

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::error::{Error, Result};
use crate::model::{Capture, EvidenceKind, Facts, Generator, Redaction, Run, SCHEMA_VERSION};
use crate::privacy::Redactor;
use crate::probe::hyperfine::{TimedThing, make_targets, target_names};

/// What a file of hyperfine is read as.
#[derive(Debug, Clone, Copy, Default)]
pub struct HyperfineRole<'a> {
    /// What was timed, where the commands do not show it.
    pub timed: Option<TimedThing>,
    /// The name of the result that the others are compared with; by default the first.
    pub baseline: Option<&'a str>,
}

/// A run from files that hyperfine exported. Without a redactor nothing is replaced.
///
/// # Errors
///
/// A file cannot be used or is given twice, two results have one name, or none has that of the
/// baseline.
pub fn hyperfine_run(
    paths: &[PathBuf],
    options: HyperfineRole,
    label: Option<String>,
    redactor: Option<&mut Redactor>,
    created: DateTime<Utc>,
) -> Result<Run> {
    let (mut captures, mut exports) = (Vec::new(), Vec::new());
    for (path, name) in paths.iter().zip(hyperfine::capture_names(paths)?) {
        let file = hyperfine::read_hyperfine(path, &name, options.timed)?;
        captures.push(file.capture);
        exports.push(file.export);
    }
    let names = target_names(&exports);
    hyperfine::check_names(&names)?;
    let names = names.concat();
    // A target may be named after a person, and its place stays.
    let baseline = match options.baseline {
        None => None,
        Some(wanted) => Some(names.iter().position(|name| name == wanted).ok_or_else(|| {
            Error::unusable_input(format!("no result is named `{wanted}`"))
                .with_help(format!("there are {}", names.join(", ")))
        })?),
    };
    let redaction = redact_captures(&mut captures, redactor, hyperfine::read_times);
    let exports: Vec<_> = crate::probe::hyperfine::list_exports(&captures).collect();
    let names = target_names(&exports).concat();
    let baseline = baseline.and_then(|place| names.get(place)).map(String::as_str);
    Ok(Run {
        targets: make_targets(&names, baseline),
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
