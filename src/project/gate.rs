//! `[preprocessor.isoproof.gate]`: when a comparison of two runs fails.

use crate::model::fact_ids;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, IntoDeserializer, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::setting_place::SettingPlaces;
use crate::error::{Error, Result};

/// The margin within which a difference of times does not matter, unless `book.toml` says
/// otherwise: 5 %.
pub const MARGIN: f64 = 0.05;

/// A kind of difference that fails a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum FailOn {
    /// Anything that changed.
    Change,
    /// A weaker verdict, a runtime or an answer that is gone, an expectation no longer met, or a
    /// start that is slower than the sessions before predict.
    Regression,
    /// Another verdict.
    Verdict,
    /// An error or a warning that was not there before.
    Finding,
    /// Nothing.
    Never,
}

/// When a comparison fails, and how much slower is slower.
#[derive(Debug, Clone, PartialEq)]
pub struct DiffGate {
    /// What fails where `--fail-on` is not given.
    pub fail_on: Vec<FailOn>,
    /// The smallest change of a measurement that matters, as a share.
    pub margin: f64,
    /// The same for single series by their id.
    pub margins: BTreeMap<String, f64>,
    /// The series whose change can fail, the first that was measured; the others are shown.
    pub series: Vec<String>,
    /// The most earlier sessions that are looked at.
    pub sessions: usize,
}

impl Default for DiffGate {
    fn default() -> Self {
        Self {
            fail_on: vec![FailOn::Never],
            margin: MARGIN,
            margins: BTreeMap::new(),
            series: vec![
                fact_ids::STARTUP_FIRST_BYTE.to_string(),
                fact_ids::STARTUP_WALL.to_string(),
            ],
            sessions: 20,
        }
    }
}

impl DiffGate {
    /// The margin of a series.
    pub fn series_margin(&self, series: &str) -> f64 {
        self.margins.get(series).copied().unwrap_or(self.margin)
    }
}

/// The table as it stands in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub(super) struct GateTable {
    #[serde(deserialize_with = "read_kinds")]
    fail_on: Option<Vec<FailOn>>,
    margin: Option<f64>,
    margins: BTreeMap<String, f64>,
    series: Option<Vec<String>>,
    sessions: Option<usize>,
}

/// Reads one word or a list of them. By hand: of a misspelt word an untagged enum would say only
/// that it is none.
fn read_kinds<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Vec<FailOn>>, D::Error> {
    value.deserialize_any(KindsVisitor).map(Some)
}

struct KindsVisitor;

impl<'de> Visitor<'de> for KindsVisitor {
    type Value = Vec<FailOn>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(
            "one of `change`, `regression`, `verdict`, `finding` and `never`, or a list of them",
        )
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<Self::Value, E> {
        Ok(vec![FailOn::deserialize(word.into_deserializer())?])
    }

    fn visit_seq<S: SeqAccess<'de>>(self, list: S) -> Result<Self::Value, S::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list))
    }
}

impl GateTable {
    /// The gate with every default filled in; `margin` is that of the whole report.
    pub(super) fn into_gate(self, places: SettingPlaces, margin: f64) -> Result<DiffGate> {
        let default = DiffGate::default();
        self.check_margins(places)?;
        Ok(DiffGate {
            fail_on: self.fail_on.unwrap_or(default.fail_on),
            margin: self.margin.unwrap_or(margin),
            margins: self.margins,
            series: self.series.unwrap_or(default.series),
            sessions: self.sessions.unwrap_or(default.sessions),
        })
    }

    /// Refuses a margin that is no share.
    fn check_margins(&self, places: SettingPlaces) -> Result<()> {
        let own = self.margin.iter().map(|margin| (vec!["margin"], *margin));
        let of_facts =
            self.margins.iter().map(|(id, margin)| (vec!["margins", id.as_str()], *margin));
        let wrong = own.chain(of_facts).find(|(_, margin)| !(0.0..10.0).contains(margin));
        match wrong {
            Some((keys, margin)) => Err(Error::unusable_input(format!(
                "{}: the margin `{}` of preprocessor.isoproof.gate is {margin}",
                places.find_place(&[&["preprocessor", "isoproof", "gate"], &keys[..]].concat()),
                keys[keys.len() - 1]
            ))
            .with_help("a margin is a share: 0.1 is 10 %")),
            None => Ok(()),
        }
    }
}
