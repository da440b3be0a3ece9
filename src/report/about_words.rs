//! The words about probes and verdicts: `data/explain.toml` and `data/parsers.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::assets;
use crate::error::Result;

/// The words around what catalogue and verdicts say themselves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AboutWords {
    pub(super) headings: BTreeMap<String, String>,
    pub(super) sentences: BTreeMap<String, String>,
    pub(super) places: BTreeMap<String, String>,
    pub(super) missing: BTreeMap<String, String>,
    pub(super) volatile: BTreeMap<String, String>,
    pub(super) private: BTreeMap<String, String>,
    #[serde(skip)]
    pub(super) parsers: BTreeMap<String, ParserDoc>,
}

/// How a parser reads, with a text in which it finds a value and one in which it finds none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ParserDoc {
    pub(super) reads: String,
    pub(super) found: String,
    /// The value in JSON.
    pub(super) value: String,
    /// None where every text is an answer.
    pub(super) not_found: Option<String>,
    /// Why nothing is found in it.
    pub(super) reason: Option<String>,
}

impl AboutWords {
    /// The shipped words with a project's own from `data` (its `data/` folder).
    ///
    /// # Errors
    ///
    /// A file is not valid TOML, or lacks a part; the error names it.
    pub fn load_words(data: Option<&Path>) -> Result<Self> {
        let mut words: Self = assets::load_data(data, "explain.toml")?;
        words.parsers = assets::load_data(data, "parsers.toml")?;
        Ok(words)
    }

    pub(super) fn heading_words(&self, key: &str) -> String {
        self.headings.get(key).cloned().unwrap_or_default()
    }

    /// A sentence with places for values.
    pub(super) fn sentence_words(&self, key: &str) -> &str {
        self.sentences.get(key).map_or("", String::as_str)
    }
}
