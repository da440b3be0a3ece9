//! What isoproof wrote into a folder: the marker in it lists its files. All others are the user's,
//! and no build removes them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, NameFailedFile, Result};
use crate::parse_error::{FileForm, plain_words};

/// The file that says that isoproof made a folder, and which files in it.
pub(crate) const MARKER: &str = ".isoproof-site";

const NOTE: &str = "isoproof made this folder. Every build replaces the files that are listed \
                    here; files of your own stay.";

/// How the marker of a version began that did not list its files.
const UNLISTED: &str = "isoproof made this folder and replaces it with every build.";

/// The files of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SiteManifest {
    /// These files, with `/` between the parts of a name.
    Listed(BTreeSet<String>),
    /// Those of an older version, which did not list them.
    Unlisted,
}

#[derive(Serialize, Deserialize)]
struct MarkerFile {
    note: String,
    files: BTreeSet<String>,
}

impl SiteManifest {
    /// The manifest of a folder; none if isoproof did not make it.
    ///
    /// # Errors
    ///
    /// The marker cannot be read or is damaged.
    pub(crate) fn read_marker(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(MARKER);
        if !std::fs::symlink_metadata(&path).is_ok_and(|data| data.is_file()) {
            return Ok(None);
        }
        let bytes = std::fs::read(&path).or_failed_io("read", &path)?;
        Self::parse_marker(&bytes, &path.display().to_string())
    }

    /// Reads a marker; none if it is empty. `place` is named in errors.
    ///
    /// # Errors
    ///
    /// The marker is damaged.
    pub(crate) fn parse_marker(bytes: &[u8], place: &str) -> Result<Option<Self>> {
        if bytes.starts_with(UNLISTED.as_bytes()) {
            return Ok(Some(Self::Unlisted));
        }
        if bytes.trim_ascii().is_empty() {
            return Ok(None);
        }
        match serde_json::from_slice::<MarkerFile>(bytes) {
            Ok(marker) => Ok(Some(Self::Listed(marker.files))),
            Err(error) => Err(Error::unusable_input(format!(
                "{place}: the list of the files that isoproof made is damaged: {}",
                plain_words(&error.to_string(), FileForm::Json)
            ))
            .with_help("nothing was changed: move what is yours out of the folder and remove it")),
        }
    }

    /// The text of a marker.
    pub(crate) fn to_text(files: &BTreeSet<String>) -> String {
        let marker = MarkerFile { note: NOTE.into(), files: files.clone() };
        let mut text = serde_json::to_string_pretty(&marker).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Whether isoproof wrote a file. Of a site without a list it wrote what it still writes.
    pub(crate) fn lists_file(&self, name: &Path, current: &BTreeSet<String>) -> bool {
        let files = match self {
            Self::Listed(files) => files,
            Self::Unlisted => current,
        };
        name == Path::new(MARKER) || name.to_str().is_some_and(|name| files.contains(name))
    }

    /// The folders of the files that isoproof wrote.
    pub(crate) fn list_folders(&self, current: &BTreeSet<String>) -> BTreeSet<PathBuf> {
        let files = match self {
            Self::Listed(files) => files,
            Self::Unlisted => current,
        };
        let folders = files.iter().flat_map(|name| Path::new(name).ancestors().skip(1));
        folders.map(PathBuf::from).collect()
    }
}

impl Default for SiteManifest {
    /// That of a folder in which isoproof wrote nothing.
    fn default() -> Self {
        Self::Listed(BTreeSet::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_comes_back_whatever_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["a b.html", "runs/\"x\".html", "line\nfeed"].map(String::from);
        let files = BTreeSet::from(names);
        std::fs::write(folder.path().join(MARKER), SiteManifest::to_text(&files)).unwrap();
        let manifest = SiteManifest::read_marker(folder.path()).unwrap().unwrap();
        assert_eq!(manifest, SiteManifest::Listed(files.clone()));
        assert!(manifest.lists_file(Path::new("runs/\"x\".html"), &BTreeSet::new()));
        assert!(!manifest.lists_file(Path::new("CNAME"), &files));
        assert!(manifest.list_folders(&files).contains(Path::new("runs")));
    }

    #[test]
    fn a_marker_of_somebody_else_is_none_and_a_damaged_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let marker = folder.path().join(MARKER);
        assert_eq!(SiteManifest::read_marker(folder.path()).unwrap(), None);
        std::fs::write(&marker, "").unwrap();
        assert_eq!(SiteManifest::read_marker(folder.path()).unwrap(), None);
        std::fs::write(&marker, "<<<<<<< HEAD\n{").unwrap();
        let error = SiteManifest::read_marker(folder.path()).unwrap_err();
        assert!(error.message.contains(".isoproof-site: the list"), "{error}");
        assert!(
            error.message.ends_with("is damaged: this is no JSON at line 1 column 1"),
            "{error}"
        );
        std::fs::write(&marker, format!("{UNLISTED} Keep nothing.\n")).unwrap();
        assert_eq!(SiteManifest::read_marker(folder.path()).unwrap(), Some(SiteManifest::Unlisted));
        std::fs::remove_file(&marker).unwrap();
        std::os::unix::fs::symlink("elsewhere", &marker).unwrap();
        assert_eq!(SiteManifest::read_marker(folder.path()).unwrap(), None);
    }
}
