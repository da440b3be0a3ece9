//! Writing a file so that it is either the old one or the new one, whatever happens.
//!
//! Every file of the user's that isoproof makes goes through here.

use std::fs::Permissions;
use std::io::{BufWriter, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use tempfile::NamedTempFile;

use crate::error::{Error, NameFailedFile, Result};
use crate::owner;

/// The beginning of the names of files that are being written.
const TEMPORARY: &str = ".isoproof-";

/// The mode of a file that is made to be committed: readable by all as far as the umask allows.
pub(crate) const SHARED: u32 = 0o666;

/// The mode of a file that its user alone may read.
pub(crate) const PRIVATE: u32 = 0o600;

/// Replaces `path` by a file with `bytes`: a temporary file in the same folder, written, synced
/// and renamed. Creates the folder if it does not exist. A file that is there keeps its mode; a
/// link stays, and the file that it leads to is replaced. What a killed process left of writing
/// in the same folder is removed.
/// Errors: the folder or the file cannot be written, or `path` is a link that leads nowhere, a
/// folder, a pipe or a device.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let (file, mode) = find_target(path)?;
    let folder = parent_folder(&file);
    replace_durably(&file, mode, bytes).or_failed_io("write", path)?;
    remove_leftovers(folder);
    Ok(())
}

/// [`write_atomically()`], unless the file that is there is neither empty nor one that we made, which
/// `is_ours` tells from its text.
pub(crate) fn replace_own_file(
    path: &Path,
    bytes: &[u8],
    is_ours: impl Fn(&str) -> bool,
) -> Result<()> {
    if let Some(there) = read_target(path)?
        && !there.is_empty()
        && there != bytes
        && !std::str::from_utf8(&there).is_ok_and(is_ours)
    {
        let words = format!("{} holds something that isoproof did not write here", path.display());
        return Err(Error::unusable_input(words)
            .with_help("it was left alone: name another place, or move it away"));
    }
    write_atomically(path, bytes)
}

fn replace_durably(file: &Path, mode: Option<u32>, bytes: &[u8]) -> std::io::Result<()> {
    let folder = parent_folder(file);
    let mut made = prepare_temporary(folder, bytes, mode.unwrap_or(SHARED))?;
    if let Some(mode) = mode {
        made.as_file_mut().set_permissions(Permissions::from_mode(mode))?;
    }
    made.as_file().sync_all()?;
    made.persist(file).map_err(|error| error.error)?;
    // The rename itself lasts only when the folder is on disk too.
    std::fs::File::open(folder)?.sync_all()
}

/// The content of the file that [`write_atomically()`] would replace; none if there is no file.
pub(crate) fn read_target(path: &Path) -> Result<Option<Vec<u8>>> {
    let (file, mode) = find_target(path)?;
    if mode.is_none() {
        return Ok(None);
    }
    std::fs::read(&file).map(Some).or_failed_io("read", path)
}

/// Whether a file can be made in a folder, or in the nearest one above where it is not there yet:
/// one is made, and is gone again.
pub(crate) fn check_writable(folder: &Path) -> Result<()> {
    let is_there = |it: &&Path| it.as_os_str().is_empty() || it.symlink_metadata().is_ok();
    let there = folder.ancestors().find(is_there).unwrap_or(folder);
    let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
    prepare_temporary(there, b"\n", PRIVATE).map(drop).or_failed_io("write", folder)
}

/// Adds a line to the end of `path`, which is made if it is not there, and waits for the disk. Whoever
/// is killed meanwhile leaves all lines before it, and of this one nothing or a beginning.
pub(crate) fn append_line(path: &Path, line: &str) -> Result<()> {
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)
        .and_then(|mut file| {
            file.write_all(format!("{line}\n").as_bytes())?;
            file.sync_data()
        })
        .or_failed_io("write", path)
}

/// Replaces `path` without waiting for the disk: for what can be made again. Whoever reads finds
/// the old file or the new one, but after a crash of the machine the new one may be empty. A link
/// is replaced, never followed.
pub(crate) fn replace_without_sync(path: &Path, bytes: &[u8]) -> Result<()> {
    replace_by_writer(path, |file| file.write_all(bytes))
}

/// [`replace_without_sync`] with what `write` writes, which need not be in memory as a whole.
/// Errors: those of `write`, or the folder or the file cannot be written.
pub(crate) fn replace_by_writer(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<()> {
    let written = create_temporary(parent_folder(path), SHARED).and_then(|mut made| {
        let mut out = BufWriter::new(made.as_file_mut());
        write(&mut out)?;
        out.flush()?;
        drop(out);
        made.persist(path).map(drop).map_err(|error| error.error)
    });
    written.or_failed_io("write", path)
}

/// Makes a file that must not exist yet, with this mode as far as the umask allows. False if
/// there is something at `path`, which stays: of several processes that make the same file at
/// once one wins, and the others find its file whole. Leftovers go as in [`write_atomically()`].
pub(crate) fn create_if_missing(path: &Path, bytes: &[u8], mode: u32) -> Result<bool> {
    let folder = parent_folder(path);
    let made = prepare_temporary(folder, bytes, mode).and_then(|made| {
        made.as_file().sync_all()?;
        match made.persist_noclobber(path) {
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => return Ok(false),
            persisted => persisted.map_err(|error| error.error)?,
        };
        std::fs::File::open(folder)?.sync_all()?;
        Ok(true)
    });
    let is_made = made.or_failed_io("write", path)?;
    remove_leftovers(folder);
    Ok(is_made)
}

/// Removes what killed processes left of writing in a folder. Returns what was removed.
pub(crate) fn remove_leftovers(folder: &Path) -> Vec<PathBuf> {
    let mut removed = owner::find_leftovers(folder, TEMPORARY);
    removed.retain(|path| std::fs::remove_file(path).is_ok());
    removed
}

/// Whether a name is that of a file that is being written.
pub(crate) fn is_temporary(name: &str) -> bool {
    owner::is_marked(name, TEMPORARY)
}

/// The file that is to be replaced and its mode, if there is one. A link that was put there is
/// followed to the file it leads to.
fn find_target(path: &Path) -> Result<(PathBuf, Option<u32>)> {
    let is_link = std::fs::symlink_metadata(path).is_ok_and(|data| data.is_symlink());
    let data = match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound && is_link => {
            return Err(Error::unusable_input(format!(
                "{} is a link that leads to no file",
                path.display()
            ))
            .with_help("remove the link, or make the file that it leads to"));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((path.into(), None)),
        data => data.or_failed_io("write", path)?,
    };
    if !data.is_file() {
        return Err(Error::unusable_input(format!(
            "cannot write {}: it is not a regular file",
            path.display()
        ))
        .with_help("name a file that isoproof may replace"));
    }
    let mode = Some(data.permissions().mode() & 0o7777);
    if !is_link {
        return Ok((path.into(), mode));
    }
    let file = std::fs::canonicalize(path).or_failed_io("write", path)?;
    Ok((file, mode))
}

/// A file with these bytes that has no name of its own yet.
fn prepare_temporary(folder: &Path, bytes: &[u8], mode: u32) -> std::io::Result<NamedTempFile> {
    let mut made = create_temporary(folder, mode)?;
    made.write_all(bytes)?;
    Ok(made)
}

fn create_temporary(folder: &Path, mode: u32) -> std::io::Result<NamedTempFile> {
    std::fs::create_dir_all(folder)?;
    let made = tempfile::Builder::new()
        .prefix(&owner::prefix_name(TEMPORARY))
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder)?;
    owner::hold_lock(made.as_file());
    Ok(made)
}

fn parent_folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn whether_a_folder_can_be_written_is_found_out_without_a_trace() {
        let folder = tempfile::tempdir().unwrap();
        check_writable(&folder.path().join("data/runs")).unwrap();
        assert!(names(folder.path()).is_empty());
        std::fs::write(folder.path().join("data"), "").unwrap();
        let error = check_writable(&folder.path().join("data/runs")).unwrap_err();
        assert!(error.message.contains("data/runs"), "{error}");
        assert_eq!(names(folder.path()), ["data"]);
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.json");
        write_atomically(&path, b"1").unwrap();
        write_atomically(&path, b"2").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"2");
        assert_eq!(names(path.parent().unwrap()), ["b.json"]);
    }

    #[test]
    fn a_folder_in_the_way_is_an_error_that_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_atomically(folder.path(), b"1").unwrap_err();
        assert!(error.message.contains(&folder.path().display().to_string()));
    }

    #[test]
    fn a_file_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("private.md");
        write_atomically(&path, b"1").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        write_atomically(&path, b"2").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o640);
    }

    #[test]
    fn a_link_stays_and_its_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("there/file"), folder.path().join("link"));
        symlink("there/file", &link).unwrap();
        let error = write_atomically(&link, b"1").unwrap_err();
        assert!(error.message.contains("leads to no file"), "{error}");
        write_atomically(&file, b"1").unwrap();
        write_atomically(&link, b"2").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"2");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(names(file.parent().unwrap()), ["file"]);
    }

    #[test]
    fn a_cache_never_goes_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "mine").unwrap();
        symlink("file", &link).unwrap();
        replace_without_sync(&link, b"1").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"mine");
        assert_eq!(std::fs::read(&link).unwrap(), b"1");
    }

    #[test]
    fn a_pipe_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (_read, pipe) = std::io::pipe().unwrap();
        let link = folder.path().join("link");
        let fd = std::os::fd::AsRawFd::as_raw_fd(&pipe);
        symlink(format!("/proc/self/fd/{fd}"), &link).unwrap();
        let error = write_atomically(&link, b"1").unwrap_err();
        assert!(error.message.contains("not a regular file"), "{error}");
    }

    #[test]
    fn a_file_of_somebody_else_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let replace = |bytes: &str| {
            replace_own_file(&path, bytes.as_bytes(), |text| text.starts_with("ours"))
        };
        replace("ours 1").unwrap();
        replace("ours 2").unwrap();
        for there in ["mine", "\u{feff}ours"] {
            std::fs::write(&path, there).unwrap();
            let error = replace("ours 3").unwrap_err();
            assert!(error.message.contains("did not write"), "{error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), there);
        }
        std::fs::write(&path, b"ours \xff").unwrap();
        assert!(replace("ours 3").is_err());
        std::fs::write(&path, "").unwrap();
        replace("ours 3").unwrap();
    }

    #[test]
    fn what_is_there_is_not_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/key");
        assert!(create_if_missing(&path, b"1", PRIVATE).unwrap());
        assert!(!create_if_missing(&path, b"2", PRIVATE).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"1");
        assert_eq!(names(path.parent().unwrap()), ["key"]);
        // Not even where a link leads.
        let link = folder.path().join("link");
        symlink("nowhere", &link).unwrap();
        assert!(!create_if_missing(&link, b"1", PRIVATE).unwrap());
        assert_eq!(names(folder.path()), ["a", "link"]);
    }

    #[test]
    fn what_a_killed_process_left_goes_with_the_next_write() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".isoproof-1.1-b", ".isoproof-site", ".isoproof-notes-of-mine"] {
            std::fs::write(folder.path().join(name), "{").unwrap();
        }
        write_atomically(&folder.path().join("run.json"), b"{}").unwrap();
        assert_eq!(names(folder.path()), [".isoproof-notes-of-mine", ".isoproof-site", "run.json"]);
    }
}
