//! The words by which statements are recognised: `data/lab12/claims/*.toml`, compiled. What each
//! is for is said there.

use crate::model::FactId;
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

/// Structures of a table of words: its patterns, then its other fields.
macro_rules! word_tables {
    ($($(#[$doc:meta])+ $name:ident {
        $($pattern:ident),* ; $($(#[$attribute:meta])* $field:ident: $kind:ty),* $(,)?
    })+) => {$(
        $(#[$doc])+
        #[derive(Debug, Clone, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(missing_docs, reason = "the file of the table says what each is for")]
        pub(crate) struct $name {
            $(pub $pattern: CaseInsensitivePattern,)*
            $($(#[$attribute])* pub $field: $kind,)*
        }
    )+};
}

/// A pattern that a table may leave out.
type OptionalPattern = Option<CaseInsensitivePattern>;

word_tables! {
    /// How sentences and the words around values are told apart.
    SentenceWords {
        demand, unsure, foretold, modal, denial, about, almost, over, under, argument, none,
        difference, difference_before, apart, contrast, label, not_run, started, did_not_start, failure, asked_again, of_errors, concluding, blocked_escape, not_attempted, not_in_files, one_each, answering, numeral, counted, sure, table_label, counting, in_use;
        of_other_container: String,
        figures: FigureNames,
        limit: LimitWords,
        factor: Vec<RatioWord>,
        comparison: RatioWords,
        interface: InterfaceWords,
        device: DeviceWords,
        order: OrderWords,
    }
    /// Before a time that so many samples are above or below.
    LimitWords { above, below, unless; }
    /// Interfaces and their names.
    InterfaceWords { others, names; }
    /// What says that a device is under one runtime only.
    DeviceWords { lacks, only_under; }
    /// Words that order two targets.
    OrderWords { unless, by_date, article; word: Vec<OrderWord> }
    /// A comparative or superlative.
    OrderWord {
        pattern;
        of: OrderedBy,
        more: bool,
    }
    /// The names of figures of a series.
    FigureNames { mean, median, min, max; }
    /// A word for a ratio.
    RatioWord { pattern; factor: f64 }
    /// What makes a ratio one of measurements.
    RatioWords { words, time, took, unless, interval, before, after, adds, count_after, counts, share, absent, more, less, drop, rate, computed, reason; }
    /// What a value can be about.
    ValueSubject {
        words;
        kind: SubjectKind,
        facts: Vec<String>,
        after: OptionalPattern,
        unless: OptionalPattern,
        doubt: OptionalPattern,
        #[serde(default)]
        baseline: bool,
    }
    /// What a cost can be of.
    CostArea { words; name: String, facts: Vec<String> }
    /// A kind of pasted output.
    PastedKind { ; slot: String, title: OptionalPattern, holds: OptionalPattern }
    /// What statements can be about.
    SubjectWords { ; subject: Vec<ValueSubject>, area: Vec<CostArea>, pasted: Vec<PastedKind> }
    /// A wording that no evidence carries.
    UnsupportedWording {
        pattern;
        rule: WordingRule,
        needs: OptionalPattern,
        unless: OptionalPattern,
        never: OptionalPattern,
    }
    /// What is said of the host and was not captured there.
    UncapturedWording { pattern; fact: String, other: Vec<String> }
    /// What is said to be small or large.
    CostJudgement { pattern, noun, unless; }
    /// A figure of a cost.
    CostFigure { cost, unless; }
    /// The wordings of `data/lab12/claims/wording.toml`.
    WordingTable {
        ;
        wording: Vec<UnsupportedWording>,
        uncaptured: Vec<UncapturedWording>,
        judgement: CostJudgement,
        figure: CostFigure,
        runs: RunWords,
    }
    /// How often something is said to have been run.
    RunWords { several, each, mean, about, unless; }
}

/// The number that the group of an expression names which matched: `n3`, or the digits of `number`.
pub(super) fn spelled_group(pattern: &Regex, found: &regex::Captures) -> Option<f64> {
    if let Some(digits) = found.name("number") {
        return digits.as_str().parse().ok();
    }
    let mut names = pattern.capture_names().flatten().filter(|name| found.name(name).is_some());
    names.find_map(|name| name.strip_prefix('n')?.parse().ok())
}

impl FigureNames {
    /// The names of the figures, with the words for each.
    pub(super) fn named_patterns(&self) -> [(&'static str, &CaseInsensitivePattern); 4] {
        [("mean", &self.mean), ("median", &self.median), ("min", &self.min), ("max", &self.max)]
    }
}

/// By what targets are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "each is what its name says")]
pub(crate) enum OrderedBy {
    Time,
    Count,
    Release,
}

impl OrderedBy {
    /// The types of the values by which targets are ordered.
    pub(super) fn subject_kinds(self) -> &'static [SubjectKind] {
        match self {
            Self::Time => &[SubjectKind::Seconds, SubjectKind::Rate],
            Self::Count => &[SubjectKind::Count],
            Self::Release => &[SubjectKind::Version],
        }
    }
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
    Mask,
    Version,
    Commit,
    Processor,
    Address,
    Status,
}

/// The rules that a wording can offend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(clippy::enum_variant_names, reason = "they are called like the rules")]
pub(crate) enum WordingRule {
    ClaimAbsoluteSecurity,
    ClaimWrongConcept,
    ClaimSysModuleCalledLoaded,
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

impl ValueSubject {
    /// Whether a label is a number of samples and nothing else: “Requests”, “number of samples”.
    pub(super) fn names_all_samples(&self, label: &str) -> bool {
        let label = label.rsplit(':').next().unwrap_or_default().trim().to_lowercase();
        let noun = label.trim_start_matches("number of ");
        let found = self.after.as_ref().and_then(|nouns| nouns.find(noun));
        noun.ends_with('s') && found.is_some_and(|found| found.len() == noun.len())
    }
}

impl ValueSubject {
    /// The facts that it can be.
    pub(super) fn fact_ids(&self) -> impl Iterator<Item = FactId<'_>> {
        self.facts.iter().map(|id| FactId::from_text(id))
    }

    /// The first of them.
    pub(super) fn first_fact(&self) -> FactId<'_> {
        FactId::from_text(&self.facts[0])
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
