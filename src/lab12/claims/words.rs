//! The words by which statements are recognised: `data/lab12/claims/*.toml`, compiled.

use std::path::Path;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer};

use crate::assets;
use crate::error::Result;

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
    /// What makes a sentence one that states nothing for certain.
    pub unsure: CaseInsensitivePattern,
    /// Of these words and of `modal`, those that a cost nobody measured comes with.
    pub foretold: CaseInsensitivePattern,
    /// Verbs that make what stands around them uncertain.
    pub modal: CaseInsensitivePattern,
    /// Before a value: it is taken back.
    pub denial: CaseInsensitivePattern,
    /// The value after it is approximate.
    pub about: CaseInsensitivePattern,
    /// The true value is a little below the one after it.
    pub almost: CaseInsensitivePattern,
    /// The true value is above the one after it.
    pub over: CaseInsensitivePattern,
    /// The true value is below the one after it.
    pub under: CaseInsensitivePattern,
    /// Vendors of processors.
    pub vendor: CaseInsensitivePattern,
    /// Before a size: it is what a command was given.
    pub argument: CaseInsensitivePattern,
    /// Before `over`: nothing is.
    pub none: CaseInsensitivePattern,
    /// After a value: it is a difference.
    pub difference: CaseInsensitivePattern,
    /// Before a value: it is a difference.
    pub difference_before: CaseInsensitivePattern,
    /// Where the words about one value end.
    pub contrast: CaseInsensitivePattern,
    /// A heading or label that says whose values stand below it.
    pub label: CaseInsensitivePattern,
    /// A target did not run.
    pub not_run: CaseInsensitivePattern,
    /// The report says itself that its latencies are those of errors.
    pub of_errors: CaseInsensitivePattern,
    /// What is said of a pasted line that is right but for the name of the container.
    pub of_other_container: String,
    /// The names of figures of a series.
    pub figures: FigureNames,
    /// Words for a ratio.
    pub factor: Vec<RatioWord>,
    /// What makes a ratio one of measurements.
    pub comparison: RatioWords,
    /// Interfaces and their names.
    pub interface: InterfaceWords,
}

/// Interfaces and their names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InterfaceWords {
    /// There are no others.
    pub only: CaseInsensitivePattern,
    /// A name.
    pub names: CaseInsensitivePattern,
    /// They are listed.
    pub list: CaseInsensitivePattern,
    /// Before several names: whoever is named has them.
    pub shows: CaseInsensitivePattern,
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

/// The type of the values that a subject has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "each is the type of its name")]
pub(crate) enum SubjectKind {
    Count,
    Samples,
    Seconds,
    Rate,
    Size,
    Mask,
    Version,
    Commit,
    Processor,
    Address,
    Status,
}

/// What a value can be about.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ValueSubject {
    /// The type of its values.
    pub kind: SubjectKind,
    /// The facts, the first being the one that is meant in doubt.
    pub facts: Vec<String>,
    /// Words that label the value, or stand in its sentence, row, column or heading.
    pub words: CaseInsensitivePattern,
    /// Words right after the value that go with `words`.
    #[serde(default)]
    pub after: Option<CaseInsensitivePattern>,
    /// Words right after the value that need no others.
    #[serde(default)]
    pub alone: Option<CaseInsensitivePattern>,
    /// Words around the value with which it is about something else.
    #[serde(default)]
    pub unless: Option<CaseInsensitivePattern>,
    /// Words in the sentence with which the value may be another one than the captured.
    #[serde(default)]
    pub doubt: Option<CaseInsensitivePattern>,
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
    pub subject: Vec<ValueSubject>,
    pub area: Vec<CostArea>,
    pub pasted: Vec<PastedKind>,
}

/// A wording that no evidence carries.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnsupportedWording {
    /// The rule.
    pub rule: WordingRule,
    /// The wording.
    pub pattern: CaseInsensitivePattern,
    /// What the sentence must hold besides.
    #[serde(default)]
    pub needs: Option<CaseInsensitivePattern>,
    /// What it must not hold before the end of the wording.
    #[serde(default)]
    pub unless: Option<CaseInsensitivePattern>,
    /// What it must not hold anywhere.
    #[serde(default)]
    pub never: Option<CaseInsensitivePattern>,
}

/// The rules that a wording can offend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum WordingRule {
    #[serde(rename = "claim-absolute-security")]
    AbsoluteSecurity,
    #[serde(rename = "claim-wrong-concept")]
    WrongConcept,
    #[serde(rename = "claim-sys-module-called-loaded")]
    LoadedModules,
}

/// What is said of the host and was not captured there.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UncapturedWording {
    /// The wording.
    pub pattern: CaseInsensitivePattern,
    /// The fact that it is about.
    pub fact: String,
    /// Other facts that could carry it.
    pub other: Vec<String>,
}

/// What is said to differ between the host and the guest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DifferingWording {
    /// The wording.
    pub pattern: CaseInsensitivePattern,
    /// What turns it into its opposite, or into something else.
    pub unless: CaseInsensitivePattern,
    /// The fact that would differ.
    pub fact: String,
}

/// What is said to be small or large.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CostJudgement {
    /// The judging words.
    pub pattern: CaseInsensitivePattern,
    /// The nouns of a cost.
    pub noun: CaseInsensitivePattern,
    /// What makes it advice, or about something else.
    pub unless: CaseInsensitivePattern,
}

/// A figure of a cost.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CostFigure {
    /// Words of a cost.
    pub cost: CaseInsensitivePattern,
    /// What makes it a figure of something else.
    pub unless: CaseInsensitivePattern,
}

/// The wordings of `data/lab12/claims/wording.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WordingTable {
    /// Those that are found as they stand.
    pub wording: Vec<UnsupportedWording>,
    /// Those about the host that need a capture.
    pub uncaptured: Vec<UncapturedWording>,
    /// Those by which host and guest differ.
    pub differing: Vec<DifferingWording>,
    /// Those about costs.
    pub judgement: CostJudgement,
    /// Figures of costs.
    pub figure: CostFigure,
    /// Those about a target's boundary.
    pub boundary: BoundaryWords,
    /// Those about an attempt to escape.
    pub escape: EscapeWords,
}

/// What is said about an attempt to escape.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EscapeWords {
    /// It was stopped.
    pub held: CaseInsensitivePattern,
    /// The passage speaks of the attempt.
    pub about: CaseInsensitivePattern,
    /// What makes it something else.
    pub unless: CaseInsensitivePattern,
    /// In the file of the attempt: what was written to the host's file.
    pub written: CaseInsensitivePattern,
}

/// What is said about a target's boundary.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BoundaryWords {
    /// It has a kernel of its own.
    pub separate: CaseInsensitivePattern,
    /// It shares the host's.
    pub shared: CaseInsensitivePattern,
    /// The clause says that this runtime has it.
    pub owned: CaseInsensitivePattern,
    /// The sentence speaks of what was seen.
    pub observed: CaseInsensitivePattern,
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
            words: assets::load_data(data, "lab12/claims/words.toml")?,
            subjects: assets::load_data(data, "lab12/claims/subjects.toml")?,
            wordings: assets::load_data(data, "lab12/claims/wording.toml")?,
        })
    }
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
            let slot = crate::lab12::readers::slot_of(&pasted.slot);
            assert_eq!(slot.map(|slot| slot.path), Some(pasted.slot.as_str()));
        }
        for id in subjects.subject.iter().flat_map(|subject| &subject.facts) {
            assert!(catalogue.find_probe(id).is_some(), "{id}");
        }
    }
}
