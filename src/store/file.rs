//! The run file: from a [`Run`] to its text and back, with errors that name the place.

use std::fmt::Write as _;
use std::path::Path;

use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::model::{Capture, EvidenceKind, Facts, Generator, Run, SCHEMA_VERSION};
use crate::parse_error::{FileForm, plain_words};
use crate::probe::hyperfine;

/// The text of a run file: pretty-printed in a stable order, with a line feed at the end.
pub fn to_text(run: &Run) -> String {
    let mut text = serde_json::to_string_pretty(run).unwrap_or_default();
    text.push('\n');
    text
}

/// A short hash of what a run holds, apart from its id and the time when it was recorded.
pub fn content_hash(run: &Run) -> String {
    let mut run = run.clone();
    run.id = String::new();
    run.digest = None;
    run.created = chrono::DateTime::UNIX_EPOCH;
    HEXLOWER.encode(&Sha256::digest(to_text(&run)))[..8].to_string()
}

/// The id of a run: when it was recorded, and its [`content_hash`].
pub fn compute_run_id(run: &Run) -> String {
    format!("{}-{}", run.created.format("%Y%m%dT%H%M%SZ"), content_hash(run))
}

/// The digest of a run's record, as [`Run::digest`] holds it. It does not depend on how the file
/// is laid out.
pub fn record_digest(run: &Run) -> String {
    // Every field is named, so that a new one is not left out by accident.
    let record = Run {
        schema_version: run.schema_version,
        id: run.id.clone(),
        digest: None,
        label: None,
        created: run.created,
        edition: run.edition.clone(),
        generator: run.generator.clone(),
        evidence: run.evidence.clone(),
        redaction: run.redaction.clone(),
        targets: run.targets.clone(),
        captures: run.captures.iter().map(Capture::without_bytes).collect(),
        facts: Facts::new(),
    };
    let text = serde_json::to_string(&record).unwrap_or_default();
    format!("sha256:{}", HEXLOWER.encode(&Sha256::digest(text)))
}

/// Whether the record of a run is the one that was written, as far as its file can tell.
///
/// A file without a digest has its id, which every isoproof made of time and content. The label is
/// part of that content and may be changed, so where there is one, an id that does not belong to
/// the content tells nothing. Nor do the ids that other programs give.
pub fn is_record_intact(run: &Run) -> bool {
    match &run.digest {
        Some(digest) => *digest == record_digest(run),
        None => run.label.is_some() || is_id_credible(run),
    }
}

/// Whether nothing tells if the record of a run is the one that was written: its file has a label
/// and no digest, and its id does not belong to its content.
pub fn is_record_unverified(run: &Run) -> bool {
    run.digest.is_none() && run.label.is_some() && !is_id_credible(run)
}

/// Whether the id of a run is that of its content, or one that another program gave.
fn is_id_credible(run: &Run) -> bool {
    run.generator.name != Generator::this_program().name || is_whole_content_intact(run)
}

/// Whether the id is that of the content, facts included, which shows that the file is the one
/// that isoproof wrote. Where it is not, the file need not be another: the label is part of the
/// content, so only one that was given to a run without a label passes.
pub fn is_whole_content_intact(run: &Run) -> bool {
    compute_run_id(run) == run.id
        || (run.label.is_some() && compute_run_id(&Run { label: None, ..run.clone() }) == run.id)
}

#[derive(Deserialize)]
pub(super) struct SchemaVersionOnly {
    pub schema_version: u32,
}

/// Reads the text of a run file; `path` is named in errors.
///
/// # Errors
///
/// The text is not JSON, does not follow the schema, or is of a newer version: the error names
/// file, line, column and field.
pub fn from_text(text: &str, path: &Path) -> Result<Run> {
    let run = match serde_json::from_str::<Run>(text) {
        Ok(run) if is_known_version(run.schema_version) => run,
        _ => with_places(text, path)?,
    };
    check_references(&run)
        .map_err(|what| Error::unusable_input(format!("{}: {what}", path.display())))?;
    Ok(run)
}

/// Whether files of this version of the format can be read.
pub(super) fn is_known_version(version: u32) -> bool {
    (1..=SCHEMA_VERSION).contains(&version)
}

/// Reads with an eye on where it is, which takes twice as long: to say what is wrong.
fn with_places(text: &str, path: &Path) -> Result<Run> {
    let version: SchemaVersionOnly =
        serde_json::from_str(text).map_err(|error| damaged_file_error(path, &error, "", text))?;
    match version.schema_version {
        known if is_known_version(known) => {}
        newer if newer > SCHEMA_VERSION => {
            return Err(Error::unusable_input(format!(
                "{}: schema version {newer}, but this isoproof knows versions up to \
                 {SCHEMA_VERSION}",
                path.display()
            ))
            .with_help("use a newer isoproof"));
        }
        other => {
            return Err(Error::unusable_input(format!(
                "{}: field `schema_version`: there is no version {other}",
                path.display()
            )));
        }
    }
    read_json(text, path)
}

/// Reads the JSON of a file; `path` is named in errors.
///
/// # Errors
///
/// The text is not JSON, or is not of this form: the error names file, line, column and field.
pub(super) fn read_json<T: DeserializeOwned>(text: &str, path: &Path) -> Result<T> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        damaged_file_error(path, error.inner(), &error.path().to_string(), text)
    })?;
    json.end().map_err(|error| damaged_file_error(path, &error, "", text))?;
    Ok(value)
}

/// An error with the place in the file and the line that stands there.
fn damaged_file_error(path: &Path, error: &serde_json::Error, field: &str, text: &str) -> Error {
    let (line, column) = (error.line(), error.column());
    let full = error.to_string();
    let what = full.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&full);
    let mut message = format!("{}:{line}:{column}: ", path.display());
    if !field.is_empty() && field != "." {
        let _ = write!(message, "field `{field}`: ");
    }
    message.push_str(&plain_words(what, FileForm::Json));
    message.push_str(&crate::text::excerpt_with_caret(text, line, column));
    Error::unusable_input(message).with_help(
        "this is no run file, or it was changed or cut off: restore it, or collect again",
    )
}

/// Whether a text may be the id of a run, which names files and pages.
pub fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// The forms of imported evidence that can be read.
fn known_forms() -> impl Iterator<Item = &'static str> {
    std::iter::once(hyperfine::FORM).chain(crate::PACKS.iter().map(|pack| pack.pack_name()))
}

/// What the types cannot say: ids are unique and references lead somewhere.
fn check_references(run: &Run) -> Result<(), String> {
    if !is_id(&run.id) {
        return Err("field `id`: letters, digits and `-` are wanted".into());
    }
    if run.schema_version == 1 && run.edition.is_none() {
        return Err("field `edition`: version 1 of the format always names one".into());
    }
    if let EvidenceKind::Imported { form } = &run.evidence
        && !known_forms().any(|known| known == form)
    {
        let known: Vec<&str> = known_forms().collect();
        return Err(format!(
            "field `evidence.imported.form`: unknown form `{form}`: known are {}",
            known.join(" and ")
        ));
    }
    for (index, target) in run.targets.iter().enumerate() {
        if run.targets[..index].iter().any(|other| other.name == target.name) {
            return Err(format!("field `targets[{index}].name`: `{}` stands twice", target.name));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    for (index, capture) in run.captures.iter().enumerate() {
        if !seen.insert(capture.id.as_str()) {
            return Err(format!("field `captures[{index}].id`: `{}` stands twice", capture.id));
        }
        if let Some(target) =
            capture.target.as_deref().filter(|name| run.find_target(name).is_none())
        {
            return Err(format!("field `captures[{index}].target`: no target `{target}`"));
        }
        for (name, stream) in
            [("stdout", Some(&capture.stdout)), ("stderr", capture.stderr.as_ref())]
        {
            if let Some(Err(what)) = stream.map(crate::model::CapturedStream::verify_form) {
                return Err(format!("field `captures[{index}].{name}`: {what}"));
            }
        }
    }
    for (id, by_target) in &run.facts {
        for (target, fact) in by_target {
            if run.find_target(target).is_none() {
                return Err(format!("field `facts.{id}`: no target `{target}`"));
            }
            if let Some(source) = fact.source().filter(|s| !seen.contains(s.capture.as_str())) {
                return Err(format!(
                    "field `facts.{id}.{target}.capture`: no capture `{}`",
                    source.capture
                ));
            }
        }
    }
    Ok(())
}
