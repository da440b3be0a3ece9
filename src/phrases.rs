//! The small words of reports around what was looked up or compared: `data/phrases.toml`.

use std::path::Path;

use crate::assets;
use crate::error::Result;
use crate::text;

// `ReportPhrases` and what it is made of: a field for each phrase. What stands in braces in one is a
// value that [`fill_phrase`] puts there.
include!(concat!(env!("OUT_DIR"), "/phrases.rs"));

impl ReportPhrases {
    /// The shipped phrases with a project's own from `data` (its `data/` folder).
    pub(crate) fn load_phrases(data: Option<&Path>) -> Result<Self> {
        assets::load_data(data, "phrases.toml")
    }
}

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
