//! Runs in other revisions of the project's repository.

use std::path::Path;

use crate::error::{Error, Result};

/// The text of a run file in `revision`, and a name for messages. Without `path` it is the
/// newest run below `runs`.
pub fn show(
    root: &Path,
    runs: &Path,
    revision: &str,
    path: Option<&str>,
) -> Result<(String, String)> {
    let path = match path {
        // As git reads `<rev>:<path>`: from the top of the repository.
        Some(path) => path.to_string(),
        None => newest(root, runs, revision)?,
    };
    let text = git(root, &["show", &format!("{revision}:{path}")])?;
    Ok((format!("git:{revision}:{path}"), text))
}

/// The path, from the top of the repository, of the run with the greatest id, and so the latest.
fn newest(root: &Path, runs: &Path, revision: &str) -> Result<String> {
    let runs = runs.strip_prefix(root).unwrap_or(runs);
    let folder = format!("{}/", runs.display());
    let list = git(root, &["ls-tree", "--name-only", "--full-name", revision, "--", &folder])?;
    list.lines()
        .filter(|line| line.ends_with(".json"))
        .max()
        .map(String::from)
        .ok_or_else(|| Error::input(format!("git revision `{revision}` has no run in {folder}")))
}

fn git(root: &Path, arguments: &[&str]) -> Result<String> {
    let output = duct::cmd("git", arguments)
        .dir(root)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin_null()
        .stdout_capture()
        .stderr_capture()
        .unchecked()
        .run()
        .map_err(|error| Error::environment(format!("cannot run git: {error}")))?;
    if !output.status.success() {
        let words = crate::text::lines(&output.stderr).join(" ");
        return Err(Error::input(format!(
            "git {}: {}",
            arguments[0],
            crate::text::visible(&words)
        )));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| Error::input(format!("git {}: the file is not UTF-8", arguments[0])))
}
