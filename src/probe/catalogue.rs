//! The catalogue: every question that isoproof knows, as data.
//!
//! It ships in `data/catalogue/*.toml`; a project's own `data/catalogue/` adds entries and
//! overrides entries of the same id.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::parse;
use crate::assets::{self, Tree};
use crate::error::{Error, Result};

/// One question with a stable dotted id.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// Stable, dotted, lower case: `kernel.release`.
    pub id: String,
    /// A few words for tables: `Kernel release`.
    pub title: String,
    /// The question in one sentence.
    pub asks: String,
    /// Where it is asked.
    #[serde(rename = "where")]
    pub place: Vec<Place>,
    /// The POSIX-sh command that answers it; empty where no single command does.
    #[serde(default)]
    pub command: String,
    /// The name of the parser in [`parse`] that reads the command's output.
    pub parser: String,
    /// What the number counts, in words: `entries`, `processes`, `kB`.
    #[serde(default)]
    pub unit: String,
    /// What an answer is worth as proof of a separate kernel.
    pub strength: Strength,
    /// What the answer proves and what it does not, in one or two sentences.
    pub proves: String,
    /// The lab requirements that it serves.
    #[serde(default)]
    pub lab: Vec<String>,
    /// Whether it changes from run to run without meaning (addresses, times, ids).
    #[serde(default)]
    pub volatile: bool,
    /// Whether the value identifies a person or machine and must be redacted or left out.
    #[serde(default)]
    pub sensitive: bool,
}

/// Where a probe is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// On the host, with the same script as in the containers.
    Host,
    /// In the container.
    Container,
    /// On the host, about the container while it runs.
    HostSide,
    /// By a measurement of its own (start-up, HTTP, I/O).
    Measurement,
    /// Only in evidence that somebody else collected.
    Import,
}

/// What an answer is worth as proof of a separate kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// It decides by itself.
    Decisive,
    /// It needs one more.
    Strong,
    /// It supports.
    Medium,
    /// It gives context.
    Weak,
    /// It proves nothing about kernel separation.
    None,
}

impl Strength {
    /// The word for it in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Decisive => "decisive",
            Self::Strong => "strong",
            Self::Medium => "medium",
            Self::Weak => "weak",
            Self::None => "none",
        }
    }
}

/// All probes by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    probes: BTreeMap<String, Probe>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogueFile {
    #[serde(default)]
    probe: Vec<Probe>,
}

impl Catalogue {
    /// The shipped catalogue with a project's own entries from `data` (its `data/` folder).
    ///
    /// # Errors
    ///
    /// A file is not valid TOML, has an unknown key, names an unknown parser, uses a bad id, or
    /// states an id twice; the error names file, line and id.
    pub fn load(data: Option<&Path>) -> Result<Self> {
        let mut catalogue = Self::default();
        for file in assets::read_all(Tree::Data, data, "catalogue/", ".toml")?.into_values() {
            catalogue.add(&file.text, &file.origin)?;
        }
        Ok(catalogue)
    }

    /// Adds the entries of one file; an entry overrides one of the same id from another file.
    fn add(&mut self, text: &str, origin: &str) -> Result<()> {
        let file: CatalogueFile = toml::from_str(text).map_err(|error| {
            Error::input(format!("{origin}: {error}"))
                .help("see the entries in data/catalogue/ for the keys of a probe")
        })?;
        let mut here: BTreeMap<String, Probe> = BTreeMap::new();
        for probe in file.probe {
            check(&probe).map_err(|what| Error::input(format!("{origin}: {what}")))?;
            let id = probe.id.clone();
            if here.insert(id.clone(), probe).is_some() {
                return Err(Error::input(format!("{origin}: probe `{id}` is stated twice")));
            }
        }
        self.probes.extend(here);
        Ok(())
    }

    /// The probe of this id.
    pub fn get(&self, id: &str) -> Option<&Probe> {
        self.probes.get(id)
    }

    /// All probes, sorted by id.
    pub fn iter(&self) -> impl Iterator<Item = &Probe> {
        self.probes.values()
    }
}

/// What serde cannot check.
fn check(probe: &Probe) -> Result<(), String> {
    let id = &probe.id;
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    if !id.contains('.') || !id.split('.').all(part) {
        return Err(format!(
            "probe id `{id}` is not of the form `group.name` (lower-case letters, digits, `_`)"
        ));
    }
    if !parse::NAMES.contains(&probe.parser.as_str()) {
        let known = parse::NAMES.join(", ");
        return Err(format!("probe `{id}`: unknown parser `{}`; known are {known}", probe.parser));
    }
    if probe.place.is_empty() {
        return Err(format!("probe `{id}`: `where` is empty"));
    }
    Ok(())
}
