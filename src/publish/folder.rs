//! The built site as a list of files, within what GitHub Pages takes.

use std::path::{Path, PathBuf};

use crate::error::{Error, NameFailedFile, Result};

/// The most bytes that a site of GitHub Pages may have.
const LIMIT: u64 = 1_000_000_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SiteFile {
    /// Its path in the site, with `/` between the parts.
    pub name: String,
    pub place: PathBuf,
}

/// The files below a folder, sorted by name.
/// Errors: the folder cannot be read, holds a link or something else that is no file, or is larger
/// than GitHub Pages takes.
pub(super) fn read_site_folder(root: &Path) -> Result<Vec<SiteFile>> {
    let mut entries = Vec::new();
    let size = collect_site_files(root, "", &mut entries)?;
    refuse_large(size)?;
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

fn collect_site_files(folder: &Path, below: &str, entries: &mut Vec<SiteFile>) -> Result<u64> {
    let mut size = 0;
    for entry in std::fs::read_dir(folder).or_failed_io("read", folder)? {
        let entry = entry.or_failed_io("read", folder)?;
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        let data = entry.metadata().or_failed_io("read", folder)?;
        if data.is_dir() {
            size += collect_site_files(&entry.path(), &format!("{name}/"), entries)?;
        } else if data.is_file() {
            size += data.len();
            entries.push(SiteFile { name, place: entry.path() });
        } else {
            return Err(Error::unusable_input(format!(
                "{name} of the site is neither file nor folder"
            ))
            .with_help("GitHub Pages takes no links: put a copy in its place"));
        }
    }
    Ok(size)
}

fn refuse_large(size: u64) -> Result<()> {
    if size <= LIMIT {
        return Ok(());
    }
    Err(Error::unusable_input(format!(
        "the site has {} MB, and GitHub Pages takes 1000",
        size / 1_000_000
    ))
    .with_help("move older runs out of data/runs: each has a page with all its captures"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_and_a_link_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("runs")).unwrap();
        std::fs::write(folder.path().join("runs/a.html"), "a").unwrap();
        std::fs::write(folder.path().join("index.html"), "i").unwrap();
        let names: Vec<String> =
            read_site_folder(folder.path()).unwrap().into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["index.html", "runs/a.html"]);
        std::os::unix::fs::symlink("index.html", folder.path().join("link.html")).unwrap();
        assert!(read_site_folder(folder.path()).unwrap_err().message.contains("link.html"));
    }

    #[test]
    fn a_site_that_pages_would_not_take_is_refused() {
        assert!(refuse_large(LIMIT).is_ok());
        let error = refuse_large(2_500_000_000).unwrap_err();
        assert!(error.message.contains("2500 MB"), "{error}");
    }
}
