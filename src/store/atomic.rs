//! Writing a file so that it is either the old one or the new one, whatever happens.

use std::io::Write;
use std::path::Path;

use crate::error::{Error, Result};

/// The beginning of the names of files that are being written.
pub const TEMPORARY: &str = ".isoproof-";

/// Replaces `path` by a file with `bytes`: a temporary file in the same folder, written, synced
/// and renamed. Creates the folder if it does not exist.
///
/// # Errors
///
/// The folder or the file cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    put(path, bytes, true)
}

/// [`write()`] without waiting for the disk: for what can be made again. Whoever reads finds the
/// old file or the new one, but after a crash of the machine the new one may be empty.
///
/// # Errors
///
/// As for [`write()`].
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    put(path, bytes, false)
}

fn put(path: &Path, bytes: &[u8], lasting: bool) -> Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let attempt = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new()
            .prefix(&format!("{TEMPORARY}{}-", crate::owner::mark()))
            .permissions(default_permissions())
            .tempfile_in(folder)?;
        file.write_all(bytes)?;
        if lasting {
            file.as_file().sync_all()?;
        }
        file.persist(path).map_err(|error| error.error)?;
        // The rename itself lasts only when the folder is on disk too.
        if lasting { std::fs::File::open(folder)?.sync_all() } else { Ok(()) }
    };
    attempt().map_err(|error| Error::io("write", path, &error))
}

/// Readable by all as far as the umask allows: the files are made to be committed.
fn default_permissions() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    std::fs::Permissions::from_mode(0o666)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.json");
        write(&path, b"1").unwrap();
        write(&path, b"2").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"2");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_in_the_way_is_an_error_that_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(folder.path(), b"1").unwrap_err();
        assert!(error.message.contains(&folder.path().display().to_string()));
    }
}
