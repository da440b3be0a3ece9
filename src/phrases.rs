//! The small words of reports around what was looked up or compared: `data/phrases.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::assets;
use crate::error::Result;
use crate::text;

/// The phrases; what stands in braces in one is a value that [`fill_phrase`] puts there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs, reason = "data/phrases.toml says what each is")]
pub struct ReportPhrases {
    pub not_captured: String,
    pub not_asked: String,
    pub not_included: String,
    pub not_reached: String,
    pub not_in_files: String,
    pub not_recorded: String,
    pub not_stated: String,
    pub median_of: String,
    pub no_sample: String,
    pub no_interval: String,
    pub loopback_floor: String,
    pub exit_status: String,
    pub instructed: String,
    pub one_more_line: String,
    pub more_lines: String,
    pub evidence_files: String,
    pub medians: String,
    pub divided_medians: String,
    pub reason: String,
    pub more_sessions: String,
    pub smallest_change: String,
    pub session_change: String,
    pub session_change_over: String,
    pub session_ended: String,
    pub node_without_run: String,
    pub no_label: String,
    /// What differs between two runs and is no fact of a container.
    pub conditions: ConditionPhrases,
    /// Why two figures cannot be compared.
    pub figures: FigurePhrases,
    /// The titles of pages that are no chapters.
    pub pages: PageTitles,
    /// What two runs share.
    pub shared: SharedPhrases,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs, reason = "data/phrases.toml says what each is")]
pub struct ConditionPhrases {
    pub evidence: String,
    pub imported: String,
    pub collected: String,
    pub interrupted: String,
    pub engine: String,
    pub image: String,
    pub node: String,
    pub written_by: String,
    pub pseudonyms: String,
    pub machine: String,
    pub role: String,
    pub handler: String,
    pub of_target: String,
    /// Facts of the host that decide much of what a run shows.
    pub host: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs, reason = "data/phrases.toml says what each is")]
pub struct FigurePhrases {
    pub first_run: String,
    pub second_run: String,
    pub not_measured: String,
    pub not_started: String,
    pub no_value: String,
    pub not_positive: String,
    pub other_unit: String,
    pub not_stated: String,
    pub measured_otherwise: String,
    pub unknown_machine: String,
    pub other_machine: String,
    pub other_engine: String,
    pub host_emulated: String,
    pub no_prediction: String,
    pub few_sessions: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs, reason = "data/phrases.toml says what each is")]
pub struct SharedPhrases {
    pub container_id: String,
    pub mac: String,
    pub boot_id: String,
    pub samples: String,
    pub kinds: String,
    pub equal: String,
    pub reordered: String,
    pub scaled: String,
    pub shifted: String,
    pub turned: String,
    pub series: String,
    pub two_series: String,
    pub made_mac: String,
    pub host_boot_id: String,
    pub addresses: String,
    /// Facts that are equal wherever the same build runs, and why.
    pub builds: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs, reason = "data/phrases.toml says what each is")]
pub struct PageTitles {
    pub chapters: String,
    pub checked: String,
    pub findings: String,
    pub fleet: String,
    pub not_found: String,
    pub probes: String,
    pub rules: String,
    pub run: String,
    pub runs: String,
    pub since_before: String,
    pub since_baseline: String,
    pub submission: String,
    pub targets: String,
    pub trends: String,
    pub verdicts: String,
}

impl ReportPhrases {
    /// The shipped phrases with a project's own from `data` (its `data/` folder).
    ///
    /// # Errors
    ///
    /// The file is not valid TOML, or has a phrase too many or too few; the error names it.
    pub(crate) fn load_phrases(data: Option<&Path>) -> Result<Self> {
        assets::load_data(data, "phrases.toml")
    }
}

/// A phrase with its values.
pub(crate) fn fill_phrase(phrase: &str, values: &[(&str, &str)]) -> String {
    text::fill_places(
        phrase,
        |piece| piece.into(),
        |name| {
            let value = values.iter().find(|(known, _)| *known == name);
            value.map(|(_, value)| (*value).to_string()).unwrap_or_default()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_looks_like_a_place_is_not_filled() {
        let values = [("median", "{count}"), ("count", "3")];
        assert_eq!(fill_phrase("{median} of {count}{other}!", &values), "{count} of 3!");
    }
}
