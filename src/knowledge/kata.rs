//! The releases of Kata Containers: `data/knowledge/kata-releases.toml`.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::version::VersionNumbers;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KataRelease {
    /// Its version: `3.23.0`.
    pub version: String,
    /// The day of the release: `2025-11-17`.
    pub date: chrono::NaiveDate,
    /// The commit that it was made from, in full.
    pub commit: String,
    pub kernel: String,
    /// The guest kernel for Dragonball, where it ships another.
    pub dragonball: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleaseTable {
    source: String,
    release: Vec<KataRelease>,
}

/// All known releases, oldest first.
#[derive(Debug, Clone)]
pub struct KataReleases {
    pub source: String,
    releases: Vec<KataRelease>,
}

impl KataReleases {
    pub(super) fn from_table(table: ReleaseTable) -> Result<Self> {
        let releases = table.release;
        for pair in releases.windows(2) {
            if pair[0].version_numbers() >= pair[1].version_numbers() {
                let versions = format!("{} and {}", pair[0].version, pair[1].version);
                return Err(Error::unusable_input(format!(
                    "the releases {versions} are not in order"
                )));
            }
        }
        Ok(Self { source: table.source, releases })
    }

    /// The release of this version; none if the table does not know it.
    pub fn find_release(&self, version: &str) -> Option<&KataRelease> {
        self.releases.iter().find(|release| release.version == version)
    }

    /// The release that was made from this commit, given in full or by its first seven digits or
    /// more.
    pub fn by_commit(&self, commit: &str) -> Option<&KataRelease> {
        let mut releases = self.releases.iter().filter(|_| commit.len() >= 7);
        releases.find(|release| release.commit.starts_with(commit))
    }

    /// The guest kernels of a release and of the one before and after it: an installation may
    /// take its shim and its guest from neighbours. None if the table ends at the release, since
    /// the one after it may ship what nobody here knows.
    pub fn kernels_around(&self, version: &str) -> Option<BTreeSet<&str>> {
        let index = self.releases.iter().position(|release| release.version == version)?;
        let after = self.releases.get(index + 1)?;
        let around = self.releases[index.saturating_sub(1)..=index].iter().chain([after]);
        Some(around.flat_map(KataRelease::shipped_kernels).collect())
    }

    /// Whether a version is none of a release of Kata: below the first, or between those of the
    /// table and not among them. What is newer than the table may be one, and so may a version with
    /// more than its three numbers.
    pub fn is_no_release(&self, version: &str) -> bool {
        let Some(VersionNumbers { numbers, suffix: "" }) = VersionNumbers::read_beginning(version)
        else {
            return false;
        };
        let newest = self.releases.last().and_then(KataRelease::version_numbers);
        let is_of_table = numbers[0] >= 3 && Some(&numbers) < newest.as_ref();
        let is_unknown = is_of_table && self.find_release(version).is_none();
        numbers.len() == 3 && (numbers[0] == 0 || is_unknown)
    }

    pub fn is_shipped_kernel(&self, kernel: &str) -> bool {
        self.releases.iter().any(|release| release.shipped_kernels().any(|own| own == kernel))
    }
}

impl KataRelease {
    pub fn shipped_kernels(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.kernel.as_str()).chain(self.dragonball.as_deref())
    }

    fn version_numbers(&self) -> Option<Vec<u64>> {
        VersionNumbers::read_beginning(&self.version).map(|version| version.numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::{KnowledgeBase, LazyTable};

    fn load_shipped_releases() -> LazyTable<KataReleases> {
        KnowledgeBase::load(None).unwrap().kata
    }

    #[test]
    fn a_release_is_known_by_its_version_and_by_its_commit() {
        let releases = load_shipped_releases();
        let release = releases.find_release("3.22.0").unwrap();
        assert!(release.commit.starts_with("a164693e1"));
        assert_eq!(releases.by_commit("a164693e1").unwrap().version, "3.22.0");
        assert_eq!(releases.by_commit("a16"), None);
        assert_eq!(releases.find_release("9.0.0"), None);
    }

    #[test]
    fn a_version_that_never_was_is_told_from_one_that_is_not_known_yet() {
        let releases = load_shipped_releases();
        for version in ["0.8.0", "3.1.99", "3.23.1"] {
            assert!(releases.is_no_release(version), "{version}");
        }
        for version in ["3.23.0", "3.2.0-rc0", "2.5.2", "1.13.0", "99.0.0", "3.23"] {
            assert!(!releases.is_no_release(version), "{version}");
        }
    }

    #[test]
    fn the_kernels_around_a_release_are_those_of_its_neighbours_too() {
        let releases = load_shipped_releases();
        let around = releases.kernels_around("3.24.0").unwrap();
        assert!(around.contains("6.12.47") && around.contains("6.18.5"), "{around:?}");
        assert!(!around.contains("6.18.12"));
    }

    #[test]
    fn the_newest_release_has_no_neighbours_to_compare_with() {
        let releases = load_shipped_releases();
        let newest = releases.releases.last().unwrap().version.clone();
        assert_eq!(releases.kernels_around(&newest), None);
    }

    #[test]
    fn every_commit_is_whole_and_stands_once() {
        let releases = load_shipped_releases();
        let commits: BTreeSet<&str> =
            releases.releases.iter().map(|release| release.commit.as_str()).collect();
        assert_eq!(commits.len(), releases.releases.len());
        assert!(commits.iter().all(|commit| commit.len() == 40));
    }

    #[test]
    fn releases_out_of_order_are_refused() {
        let release = |version: &str| {
            format!(
                "[[release]]\nversion = \"{version}\"\ndate = \"2025-01-01\"\ncommit = \"a\"\nkernel = \"6.1.1\"\n"
            )
        };
        let text = format!("source = \"x\"\n{}{}", release("3.10.0"), release("3.9.0"));
        assert!(
            KataReleases::from_table(toml::from_str(&text).unwrap())
                .unwrap_err()
                .message
                .contains("not in order")
        );
    }
}
