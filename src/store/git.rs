//! Runs in other revisions of the project's repository.

use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDateTime;

use super::packed;
use crate::clock;
use crate::error::{Error, Result};
use crate::git::run_git;
use crate::sources;

/// A run file in a revision.
pub(super) struct CommittedFile {
    /// Its name for messages.
    pub origin: String,
    /// Its text.
    pub text: String,
    /// The newest file that was passed over for it, because it is dated later than now.
    pub passed_over: Option<String>,
}

/// Reads a run file in `revision`. Without `path` it is the newest run below `runs`, and one that
/// is dated later than now only if all are.
pub(super) fn read_run_at_revision(
    root: &Path,
    runs: &Path,
    revision: &str,
    path: Option<&str>,
) -> Result<CommittedFile> {
    let (path, passed_over) = match path {
        // As git reads `<rev>:<path>`: from the top of the repository.
        Some(path) => (path.to_string(), None),
        None => newest_run_path(root, runs, revision)?,
    };
    let text = read_git(root, &["show", &format!("{revision}:{path}")])?;
    let text = packed::unpack_text(text, Path::new(&path), |id| {
        let base = Path::new(&path).with_file_name(format!("{id}.json"));
        let text = read_git(root, &["show", &format!("{revision}:{}", base.display())])?;
        Ok(Arc::new(packed::UnpackBase::of_text(text)))
    })?;
    Ok(CommittedFile { origin: format!("git:{revision}:{path}"), text, passed_over })
}

/// The path, from the top of the repository, of the run with the greatest id, and so the latest;
/// and what was passed over for it.
fn newest_run_path(root: &Path, runs: &Path, revision: &str) -> Result<(String, Option<String>)> {
    let runs = runs.strip_prefix(root).unwrap_or(runs);
    let folder = format!("{}/", runs.display());
    let list =
        read_git(root, &["ls-tree", "-z", "--name-only", "--full-name", revision, "--", &folder])?;
    let paths = list.split('\0').filter(|path| is_run_file(path));
    let (future, past): (Vec<&str>, Vec<&str>) = paths.partition(|path| is_future(path));
    let (future, past) = (future.into_iter().max(), past.into_iter().max());
    let passed_over = future.filter(|_| past.is_some()).map(String::from);
    match past.or(future) {
        Some(path) => Ok((path.to_string(), passed_over)),
        None => {
            Err(Error::unusable_input(format!("git revision `{revision}` has no run in {folder}")))
        }
    }
}

fn is_run_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.ends_with(".json") && sources::is_source_name(name.as_ref())
}

/// Whether the time in the name of a run file is later than now.
fn is_future(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let time = name.split('-').next().unwrap_or_default();
    let time = NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%SZ");
    time.is_ok_and(|time| clock::is_future(time.and_utc()))
}

fn read_git(root: &Path, arguments: &[&str]) -> Result<String> {
    let output = run_git(Some(root), arguments, &[], &[])?;
    let what = if output.code != Some(0) {
        let words = crate::text::split_lines(output.stderr.as_bytes()).join(" ");
        crate::text::make_visible(&words)
    } else if let Ok(text) = String::from_utf8(output.stdout) {
        return Ok(text);
    } else {
        "the file is not UTF-8".into()
    };
    Err(Error::unusable_input(format!("git {}: {what}", arguments[0])))
}
