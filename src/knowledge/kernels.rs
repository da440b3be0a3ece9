//! Whose build a kernel is: `data/knowledge/kernels.toml`.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::version::VersionNumbers;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KernelTable {
    source: String,
    distribution: Vec<String>,
    #[serde(default)]
    released: BTreeMap<String, NaiveDate>,
}

#[derive(Debug, Clone)]
pub struct KernelPatterns {
    pub source: String,
    distribution: Regex,
    released: BTreeMap<String, NaiveDate>,
}

fn compile_distribution(pattern: &str) -> Result<Regex> {
    RegexBuilder::new(&format!("^(?:{pattern})$"))
        .unicode(false)
        .build()
        .map_err(|error| Error::unusable_input(format!("in `distribution`: {error}")))
}

impl KernelPatterns {
    pub(super) fn from_table(table: KernelTable) -> Result<Self> {
        // One expression of all takes a fraction of the time of building each. Releases are ASCII:
        // classes of all of Unicode would take long, too.
        let distribution = compile_distribution(&table.distribution.join("|"));
        if distribution.is_err() {
            // The error of the pattern alone says more.
            for pattern in &table.distribution {
                compile_distribution(pattern)?;
            }
        }
        let distribution = distribution?;
        Ok(Self { source: table.source, distribution, released: table.released })
    }

    /// The day of the first release of the series that a release belongs to, where it is known:
    /// of `6.12.47` that of 6.12.
    pub fn series_released(&self, release: &str) -> Option<(&str, NaiveDate)> {
        let version = VersionNumbers::read_beginning(release)?;
        let series = format!("{}.{}", version.numbers[0], version.numbers.get(1)?);
        self.released.get_key_value(&series).map(|(series, date)| (series.as_str(), *date))
    }

    /// Whether a release is that of a distribution's build.
    pub fn is_distribution(&self, release: &str) -> bool {
        self.distribution.is_match(release.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use crate::knowledge::KnowledgeBase;

    #[test]
    fn builds_of_distributions_are_known_and_plain_ones_are_not() {
        let kernels = KnowledgeBase::load(None).unwrap().kernels;
        for release in [
            "6.8.0-45-generic",
            "5.15.0-1027-oracle",
            "6.8.0-1021-aws",
            "6.1.0-25-amd64",
            "6.12.48+deb13-amd64",
            "6.1.0-47-cloud-amd64",
            "6.11.4-301.fc41.x86_64",
            "5.14.0-503.el9.x86_64",
            "6.16.5-arch1-1",
            "6.12.9-1-lts",
            "6.9.3-zen1-1-zen",
            "6.6.87.2-microsoft-standard-WSL2",
            "6.10.14-linuxkit",
            "6.8.12-4-pve",
            "6.4.0-150600.23.25-default",
            "6.12.25-amd64",
        ] {
            assert!(kernels.is_distribution(release), "{release}");
        }
        for release in
            ["6.12.47", "5.19.2", "6.1.62", "6.18.5", "4.4.0", "4.19.0-gvisor", "6.1.62-122"]
        {
            assert!(!kernels.is_distribution(release), "{release}");
        }
    }
}
