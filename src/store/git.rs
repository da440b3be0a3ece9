//! Runs in other revisions of the project's repository.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::reference::{file_stem, time_of_id};
use super::{file, packed};
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

/// The path, from the top of the repository, of the run that was recorded last, of several of one
/// second the one of the greatest id; and what was passed over for it.
fn newest_run_path(root: &Path, runs: &Path, revision: &str) -> Result<(String, Option<String>)> {
    let runs = runs.strip_prefix(root).unwrap_or(runs);
    let folder = format!("{}/", runs.display());
    let list = read_git(
        root,
        &["ls-tree", "-r", "-z", "--name-only", "--full-name", revision, "--", &folder],
    )?;
    let mut found = Vec::new();
    for path in list.split('\0').filter(|path| is_run_file(path, &folder)) {
        // One that cannot be read is no run, as in the folder.
        if let Some((created, id)) = read_time_and_id(root, revision, path)? {
            found.push((created, id, path));
        }
    }
    let (future, past): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(created, ..)| clock::is_future(*created));
    let (future, past) = (future.into_iter().max(), past.into_iter().max());
    let passed_over = future.as_ref().filter(|_| past.is_some());
    let passed_over = passed_over.map(|(_, _, path)| (*path).to_string());
    match past.or(future) {
        Some((_, _, path)) => Ok((path.to_string(), passed_over)),
        None => {
            Err(Error::unusable_input(format!("git revision `{revision}` has no run in {folder}")))
        }
    }
}

/// When the run of a file was recorded, and its id: both are the name of a file of ours, and are read
/// from one of another name. None if that is no run.
fn read_time_and_id(
    root: &Path,
    revision: &str,
    path: &str,
) -> Result<Option<(DateTime<Utc>, String)>> {
    let stem = file_stem(Path::new(path));
    if let Some(created) = time_of_id(stem) {
        return Ok(Some((created, stem.into())));
    }
    let text = read_git(root, &["show", &format!("{revision}:{path}")])?;
    let run = file::from_text(&text, Path::new(path)).ok();
    Ok(run.map(|run| (run.created, run.id)))
}

/// Whether a path in git is that of a run, in the folder of the runs or of one of its fleets.
fn is_run_file(path: &str, runs: &str) -> bool {
    let Some((_, below)) = path.rsplit_once(runs) else { return false };
    let mut parts = below.rsplit('/');
    let name = parts.next().unwrap_or_default();
    name.ends_with(".json")
        && sources::is_source_name(name.as_ref())
        && parts.next().is_none_or(file::is_id)
        && parts.next().is_none()
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
    let error = Error::unusable_input(format!("git {}: {what}", arguments[0]));
    match what.contains("object name") {
        true => Err(error.with_help(
            "git:<revision> is a commit, branch or tag that is in this repository; a shallow \
             clone lacks older ones",
        )),
        false => Err(error),
    }
}
