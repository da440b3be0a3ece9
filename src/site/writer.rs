//! Putting a finished site in place of the old one, in one step.
//!
//! The new site is written to a folder beside the old one and the two are exchanged by one
//! system call, so that whoever looks, or kills the program, finds one whole site. Only folders
//! that carry isoproof's marker are ever deleted.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::error::{Error, Result};
use crate::owner;

/// The file that says that isoproof made a folder and may replace it.
pub const MARKER: &str = ".isoproof-site";

const MARKER_TEXT: &str =
    "isoproof made this folder and replaces it with every build. Keep nothing of your own here.\n";

/// A site that is being written: a folder beside the one that it will replace.
///
/// Files may be written from several threads. Dropping it before [`Staging::finish`] removes it
/// and leaves the old site as it was.
#[derive(Debug)]
pub struct Staging {
    folder: PathBuf,
    out: PathBuf,
    names: Mutex<BTreeSet<String>>,
}

impl Staging {
    /// Begins a site that will replace `out`.
    ///
    /// # Errors
    ///
    /// `out` exists, is not empty and was not made by isoproof; or nothing can be written there.
    pub fn begin(out: &Path) -> Result<Self> {
        check(out)?;
        let parent = parent(out);
        std::fs::create_dir_all(parent).map_err(|e| Error::io("make", parent, &e))?;
        sweep(out)?;
        let names = Mutex::default();
        Ok(Self { folder: beside(out)?, out: out.to_path_buf(), names })
    }

    /// Writes a file of the site; `name` has `/` between its parts.
    ///
    /// # Errors
    ///
    /// The file cannot be written, or there is one of this name already.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.claim(name)?;
        std::fs::write(&path, bytes).map_err(|e| Error::io("write", &path, &e))
    }

    /// Takes a file over from the old site without writing it again: it is the same file under
    /// another folder. False if the system cannot do that.
    ///
    /// # Errors
    ///
    /// There is a file of this name already, or its folder cannot be made.
    pub fn keep(&self, name: &str) -> Result<bool> {
        let path = self.claim(name)?;
        let kept = std::fs::hard_link(self.out.join(name), path).is_ok();
        if !kept {
            self.names().remove(name);
        }
        Ok(kept)
    }

    /// The path of a file of the old site.
    pub fn old(&self, name: &str) -> PathBuf {
        self.out.join(name)
    }

    /// The path of a file of the new site.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Whether there is a file of this name in the new site.
    pub fn has(&self, name: &str) -> bool {
        self.names().contains(name)
    }

    /// The number of its pages.
    pub fn pages(&self) -> usize {
        self.names().iter().filter(|name| name.ends_with(".html")).count()
    }

    /// Puts the new site in the place of the old one, in one step. The old one is to be removed.
    ///
    /// # Errors
    ///
    /// The folders cannot be exchanged: then the old site is as it was.
    pub fn finish(self) -> Result<Old> {
        exchange(&self.folder, &self.out)?;
        // What now lies there is the old site.
        Ok(Old(self))
    }

    fn claim(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        if !self.names().insert(name.to_string()) {
            return Err(Error::input(format!("two pages of the site have the name {name}")));
        }
        if let Some(parent) = path.parent().filter(|parent| !parent.is_dir()) {
            std::fs::create_dir_all(parent).map_err(|e| Error::io("make", parent, &e))?;
        }
        Ok(path)
    }

    fn names(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.names.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Nothing is left to remove after `finish`; and an error here hides no other one.
        let _ = remove(&self.folder);
    }
}

/// A site that another one replaced. Dropping it removes it as well, without a word if that
/// fails.
#[derive(Debug)]
#[must_use]
pub struct Old(Staging);

impl Old {
    /// Removes it.
    ///
    /// # Errors
    ///
    /// A file cannot be removed.
    pub fn remove(&self) -> Result<()> {
        remove(&self.0.folder)
    }
}

/// Refuses a folder that holds somebody else's files.
///
/// # Errors
///
/// `out` is a file, or a folder that is not empty and has no marker.
pub fn check(out: &Path) -> Result<()> {
    let mut entries = match std::fs::read_dir(out) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|e| Error::io("use", out, &e))?,
    };
    if out.join(MARKER).is_file() || entries.next().is_none() {
        return Ok(());
    }
    Err(Error::input(format!("{} was not made by isoproof and is not empty", out.display()))
        .help("nothing was changed: choose another folder with --out, or empty this one"))
}

fn parent(out: &Path) -> &Path {
    match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The beginning of the names of folders that are being written for `out`.
fn prefix(out: &Path) -> String {
    let name = out.file_name().map(|name| name.to_string_lossy().into_owned());
    format!(".{}.isoproof-", name.unwrap_or_else(|| "site".into()))
}

fn beside(out: &Path) -> Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let parent = parent(out);
    let folder = tempfile::Builder::new()
        .prefix(&format!("{}{}-", prefix(out), owner::mark()))
        .permissions(std::fs::Permissions::from_mode(0o777))
        .tempdir_in(parent)
        .map_err(|e| Error::io("write", parent, &e))?
        .keep();
    // First of all the marker, so that a build that is killed leaves nothing that stays.
    let marker = folder.join(MARKER);
    std::fs::write(&marker, MARKER_TEXT).map_err(|e| Error::io("write", &marker, &e))?;
    Ok(folder)
}

/// Removes what earlier builds that were killed left beside `out`, and nothing that a living one
/// still writes.
fn sweep(out: &Path) -> Result<()> {
    let parent = parent(out);
    let prefix = prefix(out);
    let entries = std::fs::read_dir(parent).map_err(|e| Error::io("read", parent, &e))?;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(rest) = name.strip_prefix(&prefix) else { continue };
        let is_wanted = rest.split_once('-').is_some_and(|(mark, _)| owner::is_alive(mark));
        if !is_wanted {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// Removes a folder that carries the marker, the marker last. A folder without one is left
/// alone, unless it is empty: then it was made by a build that was killed before the marker.
fn remove(folder: &Path) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    let io = |error| Error::io("remove", folder, &error);
    if !folder.join(MARKER).is_file() {
        let mut entries = std::fs::read_dir(folder).map_err(io)?;
        return if entries.next().is_none() {
            std::fs::remove_dir(folder).map_err(io)
        } else {
            Ok(())
        };
    }
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        if entry.file_name() == MARKER {
            continue;
        }
        let is_folder = entry.file_type().map_err(io)?.is_dir();
        let removed = if is_folder {
            std::fs::remove_dir_all(entry.path())
        } else {
            std::fs::remove_file(entry.path())
        };
        removed.map_err(io)?;
    }
    std::fs::remove_file(folder.join(MARKER)).map_err(io)?;
    std::fs::remove_dir(folder).map_err(io)
}

/// Exchanges the two folders in one step; where the system cannot, in two.
fn exchange(fresh: &Path, out: &Path) -> Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    let io = |error| Error::io("replace", out, &error);
    if !out.exists() {
        return std::fs::rename(fresh, out).map_err(io);
    }
    match renameat_with(CWD, fresh, CWD, out, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {
            let aside = beside(out)?;
            let old = aside.join("old");
            std::fs::rename(out, &old).map_err(io)?;
            std::fs::rename(fresh, out).map_err(io)?;
            remove(&aside)
        }
        Err(error) => Err(io(error.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a site of a page and a run of this name.
    fn replace(out: &Path, text: &str) -> Result<()> {
        let staging = Staging::begin(out)?;
        staging.write("index.html", text.as_bytes())?;
        staging.write(&format!("runs/{text}.html"), b"")?;
        staging.finish()?.remove()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_site_replaces_the_one_before_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("public");
        replace(&out, "one").unwrap();
        replace(&out, "two").unwrap();
        assert_eq!(names(folder.path()), ["public"]);
        assert_eq!(names(&out), [MARKER, "index.html", "runs"]);
        assert_eq!(names(&out.join("runs")), ["two.html"]);
    }

    #[test]
    fn a_kept_file_is_the_same_file_and_outlives_the_old_site() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("public");
        replace(&out, "one").unwrap();
        let before = std::fs::metadata(out.join("index.html")).unwrap().ino();
        let staging = Staging::begin(&out).unwrap();
        assert!(staging.keep("index.html").unwrap());
        assert!(!staging.keep("nowhere.html").unwrap());
        staging.finish().unwrap().remove().unwrap();
        let after = std::fs::metadata(out.join("index.html")).unwrap();
        assert_eq!((after.ino(), after.nlink()), (before, 1));
        assert_eq!(names(&out), [MARKER, "index.html"]);
    }

    #[test]
    fn a_folder_with_somebody_elses_files_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("public");
        std::fs::create_dir(&out).unwrap();
        std::fs::write(out.join("thesis.doc"), "x").unwrap();
        let error = replace(&out, "one").unwrap_err();
        assert!(error.message.contains("was not made by isoproof"), "{error}");
        assert_eq!(names(&out), ["thesis.doc"]);
    }

    #[test]
    fn what_a_killed_build_left_is_removed_and_a_lookalike_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("public");
        let left = folder.path().join(".public.isoproof-1.1-abc");
        let lookalike = folder.path().join(".public.isoproof-mine");
        std::fs::create_dir_all(left.join("runs")).unwrap();
        std::fs::write(left.join(MARKER), "").unwrap();
        std::fs::create_dir(&lookalike).unwrap();
        std::fs::write(lookalike.join("thesis.doc"), "x").unwrap();
        replace(&out, "one").unwrap();
        assert_eq!(names(folder.path()), [".public.isoproof-mine", "public"]);
    }

    #[test]
    fn two_builds_at_once_do_not_disturb_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("public");
        let first = Staging::begin(&out).unwrap();
        first.write("index.html", b"first").unwrap();
        replace(&out, "second").unwrap();
        first.finish().unwrap().remove().unwrap();
        assert_eq!(std::fs::read(out.join("index.html")).unwrap(), b"first");
        assert_eq!(names(folder.path()), ["public"]);
    }

    #[test]
    fn a_site_that_cannot_be_written_leaves_the_old_one_whole() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("public");
        replace(&out, "one").unwrap();
        let staging = Staging::begin(&out).unwrap();
        staging.write("index.html", b"two").unwrap();
        assert!(staging.write("index.html/x", b"").is_err());
        assert!(staging.write("index.html", b"").is_err(), "a page twice");
        drop(staging);
        assert_eq!(names(folder.path()), ["public"]);
        assert_eq!(std::fs::read(out.join("index.html")).unwrap(), b"one");
    }
}
