//! The words of the verdicts: `data/verdicts/<id>.toml`, and `data/reasons.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::timing::WithheldReason;
use super::{Conclusion, RuleExample, UndecidedReason, Verdict};
use crate::assets::{self, AssetTree};
use crate::error::{Error, Result};
use crate::model::StartEnd;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConclusionDoc {
    pub id: String,
    /// A few words.
    pub title: String,
    /// The same where there is hardly room; empty where the title is short.
    #[serde(default)]
    pub short: String,
    /// Continues a sentence that begins with the name of the target.
    pub predicate: String,
    /// The same where it ended otherwise, by [`StartEnd::end_id`].
    #[serde(default)]
    pub predicates: BTreeMap<String, String>,
    pub means: String,
    /// What it must not be taken for.
    pub does_not_mean: String,
    pub decides: String,
    /// The ids of the facts that are looked at.
    pub facts: Vec<String>,
    /// What misleads.
    pub traps: String,
    /// Facts that give this verdict on the target `kata`.
    pub found: Vec<RuleExample>,
    /// Facts that give another one, whose title is what the example `says`.
    pub not_found: Vec<RuleExample>,
}

impl ConclusionDoc {
    /// What continues a sentence that begins with the name of a target of this verdict.
    pub(crate) fn predicate_of(&self, verdict: &Verdict) -> &str {
        let end = verdict.start_end().map(StartEnd::end_id);
        end.and_then(|end| self.predicates.get(end)).unwrap_or(&self.predicate)
    }
}

/// The words of all conclusions, by id: one for each of [`Conclusion::ALL`].
pub(crate) type ConclusionWords = BTreeMap<String, ConclusionDoc>;

/// The shipped words with a project's own from `data` (its `data/` folder).
pub(crate) fn load_conclusion_words(data: Option<&Path>) -> Result<ConclusionWords> {
    let mut words = ConclusionWords::new();
    for file in assets::read_all(AssetTree::Data, data, "verdicts/", ".toml")?.into_values() {
        let doc: ConclusionDoc = file.parse_toml()?;
        words.insert(doc.id.clone(), doc);
    }
    match Conclusion::ALL.iter().find(|conclusion| !words.contains_key(conclusion.into_str())) {
        Some(lacking) => {
            Err(Error::unusable_input(format!("no words for the verdict `{}`", lacking.into_str())))
        }
        None => Ok(words),
    }
}

/// The words of all reasons, by id: one for each of [`UndecidedReason::ALL`] and
/// [`WithheldReason::ALL`].
pub(crate) type ReasonWords = BTreeMap<String, String>;

/// The shipped words of the reasons with a project's own from `data` (its `data/` folder).
pub(crate) fn load_reasons(data: Option<&Path>) -> Result<ReasonWords> {
    let words: ReasonWords = assets::load_data(data, "reasons.toml")?;
    match reason_ids().find(|id| !words.contains_key(*id)) {
        Some(lacking) => Err(Error::unusable_input(format!("no words for the reason `{lacking}`"))),
        None => Ok(words),
    }
}

fn reason_ids() -> impl Iterator<Item = &'static str> {
    let withheld = WithheldReason::ALL.iter().map(WithheldReason::into_str);
    UndecidedReason::ALL.iter().map(UndecidedReason::into_str).chain(withheld)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::judge_target;
    use crate::judge::rules::testing::run_of;

    #[test]
    fn every_verdict_is_given_by_its_examples_and_not_by_the_others() {
        let words = load_conclusion_words(None).unwrap();
        let title = |example: &RuleExample| {
            let sketch = run_of(example);
            let context = sketch.context();
            let verdict = judge_target(&context, context.run.find_target("kata").unwrap());
            words[verdict.conclusion.into_str()].title.clone()
        };
        for doc in words.values() {
            assert!(!doc.found.is_empty() && !doc.not_found.is_empty(), "{}", doc.id);
            for example in &doc.found {
                assert_eq!(title(example), doc.title, "{}", example.what);
            }
            for example in &doc.not_found {
                assert_eq!([title(example)], example.says[..], "{}: {}", doc.id, example.what);
                assert_ne!(example.says[0], doc.title, "{}", doc.id);
            }
        }
    }

    #[test]
    fn every_reason_has_its_words_and_no_words_are_left_over() {
        assert_eq!(load_reasons(None).unwrap().len(), reason_ids().count());
    }

    #[test]
    fn every_conclusion_has_its_words_and_no_words_are_left_over() {
        assert_eq!(load_conclusion_words(None).unwrap().len(), Conclusion::ALL.len());
    }
}
