//! The files that ship inside the program, and a project's own files that override them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use rust_embed::RustEmbed;

use crate::error::{Error, Result};

#[derive(RustEmbed)]
#[folder = "data/"]
#[include = "*.toml"]
struct Data;

#[derive(RustEmbed)]
#[folder = "templates/"]
struct Templates;

#[derive(RustEmbed)]
#[folder = "site/"]
#[include = "*.md"]
#[exclude = "notes/*"]
struct Chapters;

/// One of the trees of files that a project can override.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tree {
    /// `data/`: the catalogue, the editions, the rules.
    Data,
    /// `templates/`: the words and the shape of what is rendered.
    Templates,
    /// The book's `src`, by default `site/`: the chapters.
    Chapters,
}

impl Tree {
    fn names(self) -> Vec<Cow<'static, str>> {
        match self {
            Self::Data => Data::iter().collect(),
            Self::Templates => Templates::iter().collect(),
            Self::Chapters => Chapters::iter().collect(),
        }
    }

    fn embedded(self, name: &str) -> Option<Cow<'static, [u8]>> {
        match self {
            Self::Data => Data::get(name),
            Self::Templates => Templates::get(name),
            Self::Chapters => Chapters::get(name),
        }
        .map(|file| file.data)
    }
}

/// A text file and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// Its content.
    pub text: String,
    /// The path to name in errors: the file on disk, or the name inside the program.
    pub origin: String,
    /// Whether it is, word for word, what ships with isoproof: known to be sound by its tests.
    pub is_shipped: bool,
}

impl TextFile {
    /// A text that does not ship with isoproof.
    pub fn own(text: impl Into<String>, origin: impl Into<String>) -> Self {
        Self { text: text.into(), origin: origin.into(), is_shipped: false }
    }
}

/// Reads every file below `folder` of `tree` that ends in `suffix`, by its path in the tree; or
/// the one file that `folder` names.
///
/// Files of the project in `own` (the tree's place on disk) override shipped files of the same
/// name and add to them.
///
/// # Errors
///
/// A project's file cannot be read or is not UTF-8.
pub fn read_all(
    tree: Tree,
    own: Option<&Path>,
    folder: &str,
    suffix: &str,
) -> Result<BTreeMap<String, TextFile>> {
    let is_file = !folder.is_empty() && !folder.ends_with('/');
    let wanted = |name: &str| {
        let is_below = name.starts_with(folder) && name.ends_with(suffix);
        if is_file { name == folder } else { is_below }
    };
    let mut files = BTreeMap::new();
    for name in tree.names().into_iter().filter(|name| wanted(name)) {
        let bytes = tree.embedded(&name).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let origin = format!("{name} (shipped with isoproof)");
        files.insert(name.into_owned(), TextFile { text, origin, is_shipped: true });
    }
    if let Some(own) = own {
        // `data/` holds the runs too, which may be many: only what is asked for is looked at.
        let mut names = Vec::new();
        if is_file {
            names.extend(own.join(folder).exists().then(|| folder.to_string()));
        } else {
            walk(own, Path::new(folder), &mut names)?;
            names.retain(|name| wanted(name));
        }
        let read = |name: String| -> Result<(String, TextFile)> {
            let path = own.join(&name);
            let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, &e))?;
            let is_shipped = files.get(&name).is_some_and(|shipped| shipped.text == text);
            Ok((name, TextFile { text, origin: path.display().to_string(), is_shipped }))
        };
        let read: Vec<Result<(String, TextFile)>> = names.into_par_iter().map(read).collect();
        files.extend(read.into_iter().collect::<Result<Vec<_>>>()?);
    }
    Ok(files)
}

/// The paths of the files below `root`, relative, with `/` between parts, sorted.
fn walk(root: &Path, below: &Path, names: &mut Vec<String>) -> Result<()> {
    let folder = root.join(below);
    let entries = match std::fs::read_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|e| Error::io("read", &folder, &e))?,
    };
    for entry in entries {
        let entry = entry.map_err(|e| Error::io("read", &folder, &e))?;
        let path = below.join(entry.file_name());
        let kind = entry.file_type().map_err(|e| Error::io("read", &entry.path(), &e))?;
        if kind.is_dir() {
            walk(root, &path, names)?;
        } else if let Some(name) = path.to_str() {
            names.push(name.replace('\\', "/"));
        }
    }
    names.sort();
    Ok(())
}
