//! Imports: evidence that somebody else collected, as captures.

pub mod lab12;

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::error::{Error, Result};
use crate::model::{Evidence, Generator, ImportForm, Redaction, Run, SCHEMA_VERSION};
use crate::privacy::Redactor;

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
        return Err(Error::input(format!("{} is not a folder", folder.display()))
            .help("give the folder that holds the evidence of the lab, such as labs/lab12"));
    }
    let mut captures = lab12::read_files(folder)?;
    let redaction = match redactor {
        Some(redactor) => {
            redactor.redact(&mut captures);
            redactor.report()
        }
        None => Redaction::default(),
    };
    let reading = crate::probe::lab12::read(&captures);
    Ok(Run {
        schema_version: SCHEMA_VERSION,
        id: String::new(),
        label,
        created,
        edition: reading.edition,
        generator: Generator::this(),
        evidence: Evidence::Imported { form: ImportForm::Lab12 },
        redaction,
        targets: reading.targets,
        captures,
        facts: reading.facts,
    })
}

/// The time, in whole seconds; that of `SOURCE_DATE_EPOCH` where it is set, so that what is made
/// can be made again.
///
/// # Errors
///
/// `SOURCE_DATE_EPOCH` is not a number of seconds.
pub fn now() -> Result<DateTime<Utc>> {
    let seconds = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text.trim().parse().map_err(|_| {
            Error::input(format!("SOURCE_DATE_EPOCH is `{text}`: a number of seconds is wanted"))
        })?,
        Err(_) => Utc::now().timestamp(),
    };
    DateTime::from_timestamp(seconds, 0)
        .ok_or_else(|| Error::input("SOURCE_DATE_EPOCH is not a time"))
}
