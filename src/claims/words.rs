//! The words by which statements are recognised: `data/claims/*.toml`, compiled.

use std::path::Path;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer};

use crate::assets::{self, Tree};
use crate::error::{Error, Result};

/// A regular expression without regard to case.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl std::ops::Deref for Pattern {
    type Target = Regex;

    fn deref(&self) -> &Regex {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let built = RegexBuilder::new(&text).case_insensitive(true).multi_line(true).build();
        built.map(Self).map_err(serde::de::Error::custom)
    }
}

/// How sentences and the words around values are told apart.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// The beginning of a task of the lab.
    pub demand: Pattern,
    /// What makes a sentence a guess.
    pub guess: Pattern,
    /// What makes the value behind it a usual one.
    pub usual: Pattern,
    /// What takes the value behind it back.
    pub denial: Pattern,
    /// The value behind it is approximate.
    pub about: Pattern,
    /// The true value is a little below the one behind it.
    pub almost: Pattern,
    /// The true value is above the one behind it.
    pub over: Pattern,
    /// The true value is below the one behind it.
    pub under: Pattern,
    /// Behind a value: it is a difference.
    pub difference: Pattern,
    /// Before a value: it is a difference.
    pub difference_before: Pattern,
    /// The names of figures of a series.
    pub figures: Figures,
    /// Words for a ratio.
    pub factor: Vec<Factor>,
    /// What makes a ratio one of measurements.
    pub comparison: Comparison,
    /// Where a status of HTTP stands.
    pub status: StatusWords,
    /// Where a version is that of a kernel or of the runtime.
    pub version: VersionWords,
    /// Processors are spoken of.
    pub processor: ProcessorWords,
    /// Interfaces and their names.
    pub interface: InterfaceWords,
}

/// Where a status of HTTP stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusWords {
    /// Just before it.
    pub before: Pattern,
    /// Just behind it.
    pub after: Pattern,
    /// In the sentence or above it.
    pub topic: Pattern,
    /// With these it may be another client's.
    pub elsewhere: Pattern,
}

/// Where a version is that of a kernel or of the runtime.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionWords {
    /// A kernel is spoken of.
    pub kernel: Pattern,
    /// Just before the version of the runtime.
    pub runtime: Pattern,
}

/// Processors are spoken of.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessorWords {
    /// In the sentence or above it.
    pub topic: Pattern,
}

/// Interfaces and their names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterfaceWords {
    /// There are no others.
    pub only: Pattern,
    /// A name.
    pub names: Pattern,
}

/// The names of figures of a series.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each is the figure of its name")]
pub struct Figures {
    pub mean: Pattern,
    pub median: Pattern,
    pub min: Pattern,
    pub max: Pattern,
}

/// A word for a ratio.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Factor {
    /// The word.
    pub pattern: Pattern,
    /// How many times as much it says.
    pub factor: f64,
}

/// What makes a ratio one of measurements.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// Words of which at least one stands in the sentence.
    pub words: Pattern,
}

/// What counts are about.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// The facts, the first being the one that is meant in doubt.
    pub facts: Vec<String>,
    /// Nouns behind the count.
    pub nouns: Pattern,
    /// Nouns that need no further words.
    pub own: Pattern,
    /// Words that label the count.
    pub words: Pattern,
    /// Words with which it is about something else.
    #[serde(default)]
    pub unless: Option<Pattern>,
    /// Words in the sentence or above it that a contradiction needs.
    #[serde(default)]
    pub strict: Option<Pattern>,
}

/// What numbers of samples are about.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleCount {
    /// The series and its summary.
    pub facts: Vec<String>,
    /// Nouns behind the number.
    pub nouns: Pattern,
    /// Words in the sentence or above it.
    pub words: Pattern,
}

/// What durations are about.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Duration {
    /// The series and what else states such durations.
    pub facts: Vec<String>,
    /// What it is called.
    pub name: String,
    /// Words before the duration.
    pub words: Pattern,
    /// Words with which it is about something else.
    pub unless: Pattern,
    /// Whether a sentence that names no target speaks of the baseline.
    #[serde(default)]
    pub baseline: bool,
}

/// What a cost can be of.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// What it is called.
    pub name: String,
    /// Words that name it.
    pub words: Pattern,
    /// Facts of which one under both runtimes makes it measured; one that ends in a dot stands
    /// for all that begin so.
    pub facts: Vec<String>,
}

/// A kind of pasted output.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pasted {
    /// The place in the lab's instructions that it would be the file of.
    pub slot: String,
    /// A title or command above it.
    #[serde(default)]
    pub title: Option<Pattern>,
    /// What it holds.
    #[serde(default)]
    pub holds: Option<Pattern>,
}

/// What statements can be about.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each is the list of its type")]
pub struct Subjects {
    pub count: Vec<Count>,
    pub samples: Vec<SampleCount>,
    pub duration: Vec<Duration>,
    pub area: Vec<Area>,
    pub pasted: Vec<Pasted>,
}

/// A wording that no evidence carries.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wording {
    /// The rule.
    pub rule: String,
    /// The wording.
    pub pattern: Pattern,
    /// What the sentence must hold besides.
    #[serde(default)]
    pub needs: Option<Pattern>,
    /// What it must not hold.
    #[serde(default)]
    pub unless: Option<Pattern>,
    /// The fact without which the wording is left alone.
    #[serde(default)]
    pub about: Option<String>,
}

/// What is said to be small or large.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judging {
    /// The judging words.
    pub pattern: Pattern,
    /// The nouns of a cost.
    pub noun: Pattern,
    /// What makes it advice.
    pub unless: Pattern,
}

/// The wordings of `data/claims/wording.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wordings {
    /// Those that are found as they stand.
    pub wording: Vec<Wording>,
    /// Those about costs.
    pub judgement: Judging,
    /// Those about a target's boundary.
    pub boundary: Boundary,
}

/// What is said about a target's boundary.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boundary {
    /// It has a kernel of its own.
    pub separate: Pattern,
    /// It shares the host's.
    pub shared: Pattern,
    /// What turns it into its opposite, or into something else.
    pub unless: Pattern,
}

/// Everything by which statements are recognised.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    /// How sentences and values are told apart.
    pub words: Words,
    /// What they can be about.
    pub subjects: Subjects,
    /// Wordings that no evidence carries.
    pub wordings: Wordings,
}

impl Vocabulary {
    /// The shipped words, or those of a project in `data` (its `data/` folder).
    ///
    /// # Errors
    ///
    /// A file is not valid TOML, has an unknown key, or holds a broken expression.
    pub fn load(data: Option<&Path>) -> Result<Self> {
        Ok(Self {
            words: file(data, "claims/words.toml")?,
            subjects: file(data, "claims/subjects.toml")?,
            wordings: file(data, "claims/wording.toml")?,
        })
    }
}

fn file<T: serde::de::DeserializeOwned>(data: Option<&Path>, name: &str) -> Result<T> {
    let files = assets::read_all(Tree::Data, data, name, "")?;
    let file = files.get(name).ok_or_else(|| Error::input(format!("there is no data/{name}")))?;
    toml::from_str(&file.text).map_err(|error| Error::input(format!("{}: {error}", file.origin)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_words_compile() {
        let vocabulary = Vocabulary::load(None).unwrap();
        assert!(vocabulary.words.demand.is_match("Show the health check"));
        assert!(!vocabulary.words.demand.is_match("It shows the health check"));
    }

    #[test]
    fn every_slot_and_fact_that_the_words_name_exists() {
        let subjects = Vocabulary::load(None).unwrap().subjects;
        let catalogue = crate::probe::catalogue::Catalogue::load(None).unwrap();
        for pasted in &subjects.pasted {
            assert!(crate::probe::lab12::SLOTS.iter().any(|slot| slot.path == pasted.slot));
        }
        let counted = subjects.count.iter().flat_map(|count| &count.facts);
        let timed = subjects.duration.iter().flat_map(|duration| &duration.facts);
        for id in counted.chain(timed) {
            assert!(catalogue.get(id).is_some(), "{id}");
        }
    }
}
