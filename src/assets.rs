//! The files that ship inside the program, and a project's own files that override them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::ErrorKind;
use std::path::Path;

use rayon::prelude::*;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::error::{Error, NameFailedFile, Result};
use crate::parse_error::describe_toml_error;
use crate::sources::{self, SourceKind, WalkLimits};

struct ShippedFile {
    /// Its path in its tree.
    name: &'static str,
    /// Its text; of data, what it holds as JSON.
    text: &'static str,
    /// Of data, the SHA-256 of its text.
    toml_digest: Option<[u8; 32]>,
}

impl ShippedFile {
    /// Whether a project's file has, word for word, the text of this one.
    fn is_same(&self, text: &str) -> bool {
        match self.toml_digest {
            Some(digest) => Sha256::digest(text).as_slice() == digest,
            None => self.text == text,
        }
    }
}

include!(concat!(env!("OUT_DIR"), "/shipped_files.rs"));

/// One of the trees of files that a project can override.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AssetTree {
    /// `data/`: the catalogue, the rules.
    Data,
    /// `templates/`: the words and the shape of what is rendered.
    Templates,
    /// The book's `src`, by default `site/`: the chapters.
    Chapters,
}

impl AssetTree {
    fn shipped_files(self) -> &'static [ShippedFile] {
        match self {
            Self::Data => SHIPPED_DATA,
            Self::Templates => SHIPPED_TEMPLATES,
            Self::Chapters => SHIPPED_CHAPTERS,
        }
    }
}

/// A text file and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// Its content; of data as they ship, the same as JSON.
    pub text: Cow<'static, str>,
    /// The path to name in errors: the file on disk, or the name inside the program.
    pub origin: String,
    /// Whether it is, word for word, what ships with isoproof: known to be sound by its tests.
    pub is_shipped: bool,
    is_json: bool,
}

impl TextFile {
    /// A text that does not ship with isoproof.
    pub fn from_own_text(text: impl Into<String>, origin: impl Into<String>) -> Self {
        let text = Cow::Owned(text.into());
        Self { text, origin: origin.into(), is_shipped: false, is_json: false }
    }

    fn from_shipped(file: &ShippedFile) -> Self {
        let origin = format!("{} (shipped with isoproof)", file.name);
        let is_json = file.toml_digest.is_some();
        Self { text: file.text.into(), origin, is_shipped: true, is_json }
    }

    pub(crate) fn name_error(&self, what: impl Display) -> Error {
        Error::unusable_input(format!("{}: {what}", self.origin))
    }

    pub(crate) fn parse_toml<T: DeserializeOwned>(&self) -> Result<T> {
        match self.is_json {
            true => serde_json::from_str(&self.text).map_err(|error| self.name_error(error)),
            false => toml::from_str(&self.text)
                .map_err(|error| describe_toml_error(&self.origin, &self.text, &error)),
        }
    }
}

pub(crate) fn shipped_names(tree: AssetTree) -> impl Iterator<Item = &'static str> {
    tree.shipped_files().iter().map(|file| file.name)
}

/// Reads every file below `folder` of `tree` that ends in `suffix`, by its path in the tree; or
/// the one file that `folder` names.
///
/// Files of the project in `own` (the tree's place on disk) override shipped files of the same
/// name and add to them.
pub(crate) fn read_all(
    tree: AssetTree,
    own: Option<&Path>,
    folder: &str,
    suffix: &str,
) -> Result<BTreeMap<String, TextFile>> {
    let is_file = !folder.is_empty() && !folder.ends_with('/');
    let shipped = tree.shipped_files().iter();
    let shipped = shipped.filter(|file| is_asset_name(file.name, folder, suffix));
    let mut files: BTreeMap<String, TextFile> =
        shipped.map(|file| (file.name.into(), TextFile::from_shipped(file))).collect();
    if let Some(own) = own {
        // `data/` holds the runs too, which may be many: only what is asked for is looked at.
        let names = match is_file {
            true => own_file(own, folder).into_iter().collect(),
            false => own_files(own, folder)?,
        };
        let names = names.into_par_iter().filter(|name| is_asset_name(name, folder, suffix));
        let read: Vec<Result<(String, TextFile)>> =
            names.map(|name| Ok((name.clone(), read_own_asset(tree, own, &name)?))).collect();
        files.extend(read.into_iter().collect::<Result<Vec<_>>>()?);
    }
    Ok(files)
}

/// The data file of this name: the project's own in `data`, or the shipped one.
pub(crate) fn read_data(data: Option<&Path>, name: &str) -> Result<TextFile> {
    let file = read_all(AssetTree::Data, data, name, "")?.remove(name);
    file.ok_or_else(|| Error::unusable_input(format!("there is no data/{name}")))
}

/// What the data file of this name holds, as TOML.
pub(crate) fn load_data<T: DeserializeOwned>(data: Option<&Path>, name: &str) -> Result<T> {
    read_data(data, name)?.parse_toml()
}

fn own_file(own: &Path, name: &str) -> Option<String> {
    let path = own.join(name);
    let is_none = match path.metadata() {
        Ok(data) => !data.is_file(),
        // What is there and cannot be looked at is not passed over: to read it says why.
        Err(_) => path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound),
    };
    (!is_none).then(|| name.to_string())
}

fn is_asset_name(name: &str, folder: &str, suffix: &str) -> bool {
    match folder.is_empty() || folder.ends_with('/') {
        true => name.starts_with(folder) && name.ends_with(suffix),
        false => name == folder,
    }
}

fn read_own_asset(tree: AssetTree, own: &Path, name: &str) -> Result<TextFile> {
    let path = own.join(name);
    let mut text = sources::read_text(&path, sources::MAX_TEXT_BYTES)?;
    // Editors of Windows put a mark before the first line, which is no part of it.
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    let origin = path.display().to_string();
    let shipped = tree.shipped_files().iter().find(|file| file.name == name);
    Ok(match shipped.filter(|shipped| shipped.is_same(&text)) {
        Some(shipped) => TextFile { origin, ..TextFile::from_shipped(shipped) },
        None => TextFile::from_own_text(text, origin),
    })
}

/// The names of the files in `folder` and below it.
fn own_files(own: &Path, folder: &str) -> Result<Vec<String>> {
    let root = own.join(folder);
    let walk = match sources::walk_folder(&root, WalkLimits::PROJECT) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        walk => walk.or_failed_io("read", &root)?,
    };
    if let Some(unreadable) = walk.unreadable.first() {
        return Err(Error::failed_io("read", &unreadable.path, &unreadable.error));
    }
    let mut files = walk.entries;
    // A name that is no text cannot be asked for by anybody.
    files.retain(|entry| entry.kind == SourceKind::File && entry.path.to_str().is_some());
    Ok(files.into_iter().map(|entry| format!("{folder}{}", entry.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn data_that_ships_is_the_same_in_both_forms() {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
        for file in SHIPPED_DATA {
            let text = std::fs::read_to_string(data.join(file.name)).unwrap();
            assert!(file.is_same(&text) && !file.is_same(&format!("{text}#")), "{}", file.name);
            let toml: serde_json::Value = toml::from_str(&text).unwrap();
            let json: serde_json::Value = serde_json::from_str(file.text).unwrap();
            assert_eq!(toml, json, "{}", file.name);
            assert!(!file.text.contains("datetime"), "a date of TOML in {}", file.name);
        }
    }

    fn names(own: &Path, folder: &str) -> Vec<String> {
        let files = read_all(AssetTree::Data, Some(own), folder, ".toml").unwrap();
        files.into_iter().filter(|(_, file)| !file.is_shipped).map(|(name, _)| name).collect()
    }

    #[test]
    fn what_is_no_source_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path();
        std::fs::create_dir_all(own.join("rules/more")).unwrap();
        std::fs::create_dir(own.join("rules/folder.toml")).unwrap();
        std::fs::write(own.join("rules/a.toml"), "x").unwrap();
        std::fs::write(own.join("rules/more/b.toml"), "x").unwrap();
        std::fs::write(own.join("rules/._a.toml"), b"\0\xff").unwrap();
        std::fs::write(own.join("rules/a.toml~"), b"\xff").unwrap();
        symlink("user@machine.1234:1764280654", own.join("rules/.#a.toml")).unwrap();
        symlink("/dev/zero", own.join("rules/zero.toml")).unwrap();
        symlink("/dev/zero", own.join("names.toml")).unwrap();
        assert_eq!(names(own, "rules/"), ["rules/a.toml", "rules/more/b.toml"]);
        assert!(names(own, "names.toml").is_empty());
        assert!(names(own, "nowhere/").is_empty());
    }

    #[test]
    fn a_link_that_leads_nowhere_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("rules")).unwrap();
        symlink("nowhere", folder.path().join("rules/a.toml")).unwrap();
        for asked in ["rules/", "rules/a.toml"] {
            let error = read_all(AssetTree::Data, Some(folder.path()), asked, ".toml").unwrap_err();
            assert!(error.message.contains("rules/a.toml: No such file"), "{error}");
        }
    }
}
