//! Putting a finished site in place of the old one, in one step.
//!
//! The new site is written to a folder beside the old one and the two are exchanged by one
//! system call, so that whoever looks, or kills the program, finds one whole site. Only folders
//! that carry isoproof's marker are ever deleted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The file that says that isoproof made a folder and may replace it.
pub const MARKER: &str = ".isoproof-site";

const MARKER_TEXT: &str =
    "isoproof made this folder and replaces it with every build. Keep nothing of your own here.\n";

/// The files of a site by their path, with `/` between the parts.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Writes `files` as the folder `out`.
///
/// # Errors
///
/// `out` exists, is not empty and was not made by isoproof; or something cannot be written. In
/// either case the old site is as it was.
pub fn replace(out: &Path, files: &Files) -> Result<()> {
    check(out)?;
    let parent = parent(out);
    std::fs::create_dir_all(parent).map_err(|e| Error::io("make", parent, &e))?;
    sweep(out)?;
    let fresh = beside(out)?;
    let result = write_all(&fresh, files).and_then(|()| exchange(&fresh, out));
    // What now lies there is the old site, or what could not be finished.
    let swept = remove(&fresh);
    result.and(swept)
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
        .prefix(&prefix(out))
        .permissions(std::fs::Permissions::from_mode(0o777))
        .tempdir_in(parent)
        .map_err(|e| Error::io("write", parent, &e))?
        .keep();
    // First of all the marker, so that a build that is killed leaves nothing that stays.
    let marker = folder.join(MARKER);
    std::fs::write(&marker, MARKER_TEXT).map_err(|e| Error::io("write", &marker, &e))?;
    Ok(folder)
}

/// Removes what earlier builds that were killed left beside `out`.
fn sweep(out: &Path) -> Result<()> {
    let parent = parent(out);
    let prefix = prefix(out);
    let entries = std::fs::read_dir(parent).map_err(|e| Error::io("read", parent, &e))?;
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
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

fn write_all(folder: &Path, files: &Files) -> Result<()> {
    for (name, bytes) in files {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|e| Error::io("make", parent, &e))?;
        }
        std::fs::write(&path, bytes).map_err(|e| Error::io("write", &path, &e))?;
    }
    Ok(())
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

    fn files(text: &str) -> Files {
        Files::from([
            ("index.html".to_string(), text.as_bytes().to_vec()),
            (format!("runs/{text}.html"), Vec::new()),
        ])
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
        replace(&out, &files("one")).unwrap();
        replace(&out, &files("two")).unwrap();
        assert_eq!(names(folder.path()), ["public"]);
        assert_eq!(names(&out), [MARKER, "index.html", "runs"]);
        assert_eq!(names(&out.join("runs")), ["two.html"]);
    }

    #[test]
    fn a_folder_with_somebody_elses_files_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("public");
        std::fs::create_dir(&out).unwrap();
        std::fs::write(out.join("thesis.doc"), "x").unwrap();
        let error = replace(&out, &files("one")).unwrap_err();
        assert!(error.message.contains("was not made by isoproof"), "{error}");
        assert_eq!(names(&out), ["thesis.doc"]);
    }

    #[test]
    fn what_a_killed_build_left_is_removed_and_a_lookalike_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("public");
        let left = folder.path().join(".public.isoproof-abc");
        let lookalike = folder.path().join(".public.isoproof-mine");
        std::fs::create_dir_all(left.join("runs")).unwrap();
        std::fs::write(left.join(MARKER), "").unwrap();
        std::fs::create_dir(&lookalike).unwrap();
        std::fs::write(lookalike.join("thesis.doc"), "x").unwrap();
        replace(&out, &files("one")).unwrap();
        assert_eq!(names(folder.path()), [".public.isoproof-mine", "public"]);
    }

    #[test]
    fn a_site_that_cannot_be_written_leaves_the_old_one_whole() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("public");
        replace(&out, &files("one")).unwrap();
        let mut broken = files("two");
        broken.insert("index.html/x".into(), Vec::new());
        assert!(replace(&out, &broken).is_err());
        assert_eq!(names(folder.path()), ["public"]);
        assert_eq!(std::fs::read(out.join("index.html")).unwrap(), b"one");
    }
}
