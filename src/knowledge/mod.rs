//! What is known beforehand, as data: the faults that engines and shims report, the releases of
//! Kata, and what tells one platform or kernel from another. Each table names its source.

pub(crate) mod faults;
mod guests;
mod kata;
mod kernels;
mod platforms;
mod runtimes;

use std::path::Path;
use std::sync::LazyLock;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::assets::{self, TextFile};
use crate::error::Result;
pub(crate) use guests::{CountRange, GuestConstants};
pub(crate) use kata::KataReleases;
pub(crate) use kernels::KernelPatterns;
pub(crate) use platforms::PlatformKnowledge;
pub(crate) use runtimes::{
    GVISOR_VERSION, is_kata_build, is_runtime, names_monitor, names_runtime,
};

/// How much something matters: a fault to the container, a defect to the evidence.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(const_into_str, serialize_all = "lowercase")]
pub enum Severity {
    /// No harm; worth knowing.
    Note,
    /// Not all of it works; the evidence is weaker than it looks.
    Warning,
    /// Nothing works; a claim that rests on it cannot be upheld.
    Error,
}

/// A table that is read when it is first asked for if it ships, and at once if it is a project's
/// own.
pub(crate) type LazyTable<K> = LazyLock<K, Box<dyn FnOnce() -> K + Send>>;

/// The tables that judging needs.
#[derive(Debug)]
pub struct KnowledgeBase {
    pub kata: LazyTable<KataReleases>,
    /// Machines that are themselves virtual, and names of processors that monitors make up.
    pub platforms: LazyTable<PlatformKnowledge>,
    /// What every Kata guest shows alike.
    pub guests: GuestConstants,
    /// Whose build a kernel is.
    pub kernels: LazyTable<KernelPatterns>,
}

impl KnowledgeBase {
    /// The shipped tables, or a project's own from `data` (its `data/` folder).
    ///
    /// # Errors
    ///
    /// A table is not valid TOML, has an unknown key or a broken pattern; the error names the
    /// file.
    pub fn load(data: Option<&Path>) -> Result<Self> {
        Ok(Self {
            kata: prepare_table(data, "knowledge/kata-releases.toml", KataReleases::from_table)?,
            platforms: prepare_table(
                data,
                "knowledge/platforms.toml",
                PlatformKnowledge::from_table,
            )?,
            guests: assets::load_data(data, "knowledge/guests.toml")?,
            kernels: prepare_table(data, "knowledge/kernels.toml", KernelPatterns::from_table)?,
        })
    }
}

/// Makes a table of what a data file holds; errors name the file.
fn parse_table<T: DeserializeOwned, K>(file: &TextFile, make: fn(T) -> Result<K>) -> Result<K> {
    make(file.parse_toml()?).map_err(|error| file.name_error(error.message))
}

/// [`parse_table`] of a data file whose errors have to show only if it is a project's own.
fn prepare_table<T: DeserializeOwned + 'static, K: Send + 'static>(
    data: Option<&Path>,
    name: &str,
    make: fn(T) -> Result<K>,
) -> Result<LazyTable<K>> {
    let file = assets::read_data(data, name)?;
    if file.is_shipped {
        return Ok(LazyLock::new(Box::new(move || {
            parse_table(&file, make).unwrap_or_else(|error| unreachable!("{error}"))
        })));
    }
    let table = parse_table(&file, make)?;
    Ok(LazyLock::new(Box::new(move || table)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_that_ships_can_be_used() {
        let known = KnowledgeBase::load(None).unwrap();
        assert!(!known.kata.is_no_release("3.0.0"));
        assert!(known.platforms.by_release("6.10.14-linuxkit").is_some());
        assert!(known.kernels.is_distribution("6.8.0-45-generic"));
        faults::KnownFaults::load(None).unwrap();
    }

    #[test]
    fn a_projects_own_table_takes_the_place_of_ours_and_errors_name_it() {
        let own = tempfile::tempdir().unwrap();
        std::fs::create_dir(own.path().join("knowledge")).unwrap();
        let path = own.path().join("knowledge/kernels.toml");
        std::fs::write(&path, "source = \"x\"\ndistribution = ['(']\n").unwrap();
        let error = KnowledgeBase::load(Some(own.path())).unwrap_err().message;
        assert!(error.contains("knowledge/kernels.toml"), "{error}");
    }
}
