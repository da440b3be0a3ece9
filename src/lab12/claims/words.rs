//! The words by which statements are recognised: `data/lab12/claims/*.toml`, compiled.

use std::path::Path;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer};

use crate::assets::{self, AssetTree};
use crate::error::{Error, Result};

/// A regular expression without regard to case.
#[derive(Debug, Clone)]
pub(crate) struct CaseInsensitivePattern(Regex);

impl std::ops::Deref for CaseInsensitivePattern {
    type Target = Regex;

    fn deref(&self) -> &Regex {
        &self.0
    }
}

impl<'de> Deserialize<'de> for CaseInsensitivePattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let built = RegexBuilder::new(&text).case_insensitive(true).multi_line(true).build();
        built.map(Self).map_err(serde::de::Error::custom)
    }
}

/// How sentences and the words around values are told apart.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SentenceWords {
    /// The beginning of a task of the lab.
    pub demand: CaseInsensitivePattern,
    /// What makes a sentence a guess.
    pub guess: CaseInsensitivePattern,
    /// What makes the value behind it a usual one.
    pub usual: CaseInsensitivePattern,
    /// What takes the value behind it back.
    pub denial: CaseInsensitivePattern,
    /// The value behind it is approximate.
    pub about: CaseInsensitivePattern,
    /// The true value is a little below the one behind it.
    pub almost: CaseInsensitivePattern,
    /// The true value is above the one behind it.
    pub over: CaseInsensitivePattern,
    /// The true value is below the one behind it.
    pub under: CaseInsensitivePattern,
    /// Behind a value: it is a difference.
    pub difference: CaseInsensitivePattern,
    /// Before a value: it is a difference.
    pub difference_before: CaseInsensitivePattern,
    /// The names of figures of a series.
    pub figures: FigureNames,
    /// Words for a ratio.
    pub factor: Vec<RatioWord>,
    /// What makes a ratio one of measurements.
    pub comparison: RatioWords,
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
pub(crate) struct StatusWords {
    /// Just before it.
    pub before: CaseInsensitivePattern,
    /// Just behind it.
    pub after: CaseInsensitivePattern,
    /// In the sentence or above it.
    pub topic: CaseInsensitivePattern,
    /// With these it may be another client's.
    pub elsewhere: CaseInsensitivePattern,
}

/// Where a version is that of a kernel or of the runtime.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VersionWords {
    /// A kernel is spoken of.
    pub kernel: CaseInsensitivePattern,
    /// Just before the version of the runtime.
    pub runtime: CaseInsensitivePattern,
}

/// Processors are spoken of.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProcessorWords {
    /// In the sentence or above it.
    pub topic: CaseInsensitivePattern,
}

/// Interfaces and their names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InterfaceWords {
    /// There are no others.
    pub only: CaseInsensitivePattern,
    /// A name.
    pub names: CaseInsensitivePattern,
}

/// The names of figures of a series.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each is the figure of its name")]
pub(crate) struct FigureNames {
    pub mean: CaseInsensitivePattern,
    pub median: CaseInsensitivePattern,
    pub min: CaseInsensitivePattern,
    pub max: CaseInsensitivePattern,
}

/// A word for a ratio.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RatioWord {
    /// The word.
    pub pattern: CaseInsensitivePattern,
    /// How many times as much it says.
    pub factor: f64,
}

/// What makes a ratio one of measurements.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RatioWords {
    /// Words of which at least one stands in the sentence.
    pub words: CaseInsensitivePattern,
    /// Words that say that the sentence compares something else than two runtimes.
    pub unless: CaseInsensitivePattern,
    /// What follows a percentage that is the confidence of an interval.
    pub interval: CaseInsensitivePattern,
}

/// What counts are about.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CountWords {
    /// The facts, the first being the one that is meant in doubt.
    pub facts: Vec<String>,
    /// Nouns behind the count.
    pub nouns: CaseInsensitivePattern,
    /// Nouns that need no further words.
    pub own: CaseInsensitivePattern,
    /// Words that label the count.
    pub words: CaseInsensitivePattern,
    /// Words with which it is about something else.
    #[serde(default)]
    pub unless: Option<CaseInsensitivePattern>,
    /// Words in the sentence or above it that a contradiction needs.
    #[serde(default)]
    pub strict: Option<CaseInsensitivePattern>,
}

/// What numbers of samples are about.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SampleCount {
    /// The series and its summary.
    pub facts: Vec<String>,
    /// Nouns behind the number.
    pub nouns: CaseInsensitivePattern,
    /// Words in the sentence or above it.
    pub words: CaseInsensitivePattern,
}

/// What durations are about.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DurationWords {
    /// The series and what else states such durations.
    pub facts: Vec<String>,
    /// Words before the duration.
    pub words: CaseInsensitivePattern,
    /// Words with which it is about something else.
    pub unless: CaseInsensitivePattern,
    /// Whether a sentence that names no target speaks of the baseline.
    #[serde(default)]
    pub baseline: bool,
}

/// What a cost can be of.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CostArea {
    /// What it is called.
    pub name: String,
    /// Words that name it.
    pub words: CaseInsensitivePattern,
    /// Facts of which one under both runtimes makes it measured; one that ends in a dot stands
    /// for all that begin so.
    pub facts: Vec<String>,
}

/// A kind of pasted output.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PastedKind {
    /// The place in the lab's instructions that it would be the file of.
    pub slot: String,
    /// A title or command above it.
    #[serde(default)]
    pub title: Option<CaseInsensitivePattern>,
    /// What it holds.
    #[serde(default)]
    pub holds: Option<CaseInsensitivePattern>,
}

/// What statements can be about.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each is the list of its type")]
pub(crate) struct SubjectWords {
    pub count: Vec<CountWords>,
    pub samples: Vec<SampleCount>,
    pub duration: Vec<DurationWords>,
    pub area: Vec<CostArea>,
    pub pasted: Vec<PastedKind>,
}

/// A wording that no evidence carries.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnsupportedWording {
    /// The rule.
    pub rule: String,
    /// The wording.
    pub pattern: CaseInsensitivePattern,
    /// What the sentence must hold besides.
    #[serde(default)]
    pub needs: Option<CaseInsensitivePattern>,
    /// What it must not hold.
    #[serde(default)]
    pub unless: Option<CaseInsensitivePattern>,
    /// The fact without which the wording is left alone.
    #[serde(default)]
    pub about: Option<String>,
}

/// What is said to be small or large.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CostJudgement {
    /// The judging words.
    pub pattern: CaseInsensitivePattern,
    /// The nouns of a cost.
    pub noun: CaseInsensitivePattern,
    /// What makes it advice.
    pub unless: CaseInsensitivePattern,
}

/// The wordings of `data/lab12/claims/wording.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WordingTable {
    /// Those that are found as they stand.
    pub wording: Vec<UnsupportedWording>,
    /// Those about costs.
    pub judgement: CostJudgement,
    /// Those about a target's boundary.
    pub boundary: BoundaryWords,
}

/// What is said about a target's boundary.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BoundaryWords {
    /// It has a kernel of its own.
    pub separate: CaseInsensitivePattern,
    /// It shares the host's.
    pub shared: CaseInsensitivePattern,
    /// What turns it into its opposite, or into something else.
    pub unless: CaseInsensitivePattern,
}

/// Everything by which statements are recognised.
#[derive(Debug, Clone)]
pub(crate) struct ClaimVocabulary {
    /// How sentences and values are told apart.
    pub words: SentenceWords,
    /// What they can be about.
    pub subjects: SubjectWords,
    /// Wordings that no evidence carries.
    pub wordings: WordingTable,
}

impl ClaimVocabulary {
    /// The shipped words, or those of a project in `data` (its `data/` folder).
    ///
    /// # Errors
    ///
    /// A file is not valid TOML, has an unknown key, or holds a broken expression.
    pub(crate) fn load(data: Option<&Path>) -> Result<Self> {
        Ok(Self {
            words: read_word_file(data, "lab12/claims/words.toml")?,
            subjects: read_word_file(data, "lab12/claims/subjects.toml")?,
            wordings: read_word_file(data, "lab12/claims/wording.toml")?,
        })
    }
}

fn read_word_file<T: serde::de::DeserializeOwned>(data: Option<&Path>, name: &str) -> Result<T> {
    let files = assets::read_all(AssetTree::Data, data, name, "")?;
    let file =
        files.get(name).ok_or_else(|| Error::unusable_input(format!("there is no data/{name}")))?;
    toml::from_str(&file.text)
        .map_err(|error| Error::unusable_input(format!("{}: {error}", file.origin)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_words_compile() {
        let vocabulary = ClaimVocabulary::load(None).unwrap();
        assert!(vocabulary.words.demand.is_match("Show the health check"));
        assert!(!vocabulary.words.demand.is_match("It shows the health check"));
    }

    #[test]
    fn every_slot_and_fact_that_the_words_name_exists() {
        let subjects = ClaimVocabulary::load(None).unwrap().subjects;
        let catalogue = crate::probe::catalogue::ProbeCatalogue::load(None).unwrap();
        for pasted in &subjects.pasted {
            assert!(crate::lab12::readers::SLOTS.iter().any(|slot| slot.path == pasted.slot));
        }
        let counted = subjects.count.iter().flat_map(|count| &count.facts);
        let timed = subjects.duration.iter().flat_map(|duration| &duration.facts);
        for id in counted.chain(timed) {
            assert!(catalogue.find_probe(id).is_some(), "{id}");
        }
    }
}
