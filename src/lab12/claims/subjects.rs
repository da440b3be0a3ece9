//! What a value is about and whose it is: the one reading that its own words, its row and column, or
//! the label above it leave.

use super::evidence_index::FactRef;
use super::passages::PassageForm;
use super::quantity::StatedValue;
use super::target_resolver::TargetMention;
use super::value_place::{ValuePlace, is_link};
use super::words::{SubjectKind, ValueSubject};
use crate::model::{Role, fact_ids};

impl<'a> ValuePlace<'a> {
    /// The one subject that the nearest words name.
    pub(super) fn find_subject(&self) -> Option<&'a ValueSubject> {
        let possible = self.possible_subjects();
        let any_noun = possible.iter().any(|subject| self.has_noun(subject));
        let after = self.text_after_value();
        let behind = |subject: &ValueSubject| {
            subject.kind == SubjectKind::Seconds && subject.words.is_match(after)
        };
        let named = [
            only_subject(&possible, |subject| self.is_named_before(subject, any_noun)),
            only_subject(&possible, |subject| self.is_named_by_cell(subject, any_noun)),
            only_subject(&possible, behind),
        ];
        let named = named.into_iter().flatten().next();
        // What was captured as another count is one of this only by a noun of its own.
        let nouns = possible.iter().filter(|subject| self.has_noun(subject)).count();
        let is_free = |subject: &ValueSubject| {
            subject.kind != SubjectKind::Count
                || self.has_noun(subject) && nouns == 1
                || self.find_elsewhere(subject).is_none()
        };
        let is_told =
            |subject: &ValueSubject| is_free(subject) && self.is_told_by_neighbours(subject);
        let named = named.unwrap_or_else(|| self.subject_above_table(&possible));
        named
            .or_else(|| only_subject(&possible, is_told)?)
            .or_else(|| self.subject_of_sentence_before(&possible))
    }

    /// “50 requests, the fastest 4.7 ms. The average is 8.4 ms”: the durations that the sentence before
    /// is of, where this one says no more than which figure of them follows.
    fn subject_of_sentence_before(
        &self,
        possible: &[&'a ValueSubject],
    ) -> Option<&'a ValueSubject> {
        const LONGEST: usize = 8;
        let text = self.sentence.text;
        let is_bare = self.sentence.cell_labels().is_none()
            && text.split_whitespace().count() <= LONGEST
            && !self.figures_named().is_empty();
        let before = self.sentence.earlier_text().trim_end().trim_end_matches('.');
        let before = before.rsplit(". ").next().unwrap_or_default();
        let is_named = |subject: &ValueSubject| {
            subject.kind == SubjectKind::Seconds
                && subject.words.is_match(before)
                && !subject.unless.as_ref().is_some_and(|unless| unless.is_match(before))
        };
        only_subject(possible, is_named).flatten().filter(|_| is_bare)
    }

    /// The subjects of the kind of the value which no word around it excludes.
    fn possible_subjects(&self) -> Vec<&'a ValueSubject> {
        let (row, column) = self.sentence.cell_labels().unwrap_or_default();
        let window = format!(
            "{row} | {column} | {} # {}",
            self.text_before_value(),
            self.text_after_value()
        );
        let subjects = self.vocabulary.subjects.subject.iter();
        subjects
            .filter(|subject| self.may_be_of(subject.kind) && self.may_be_version_of(subject))
            .filter(|subject| !subject.unless.as_ref().is_some_and(|words| words.is_match(&window)))
            .collect()
    }

    fn may_be_of(&self, kind: SubjectKind) -> bool {
        match (&self.stated_quantity().value, kind) {
            (StatedValue::Number(number, _), SubjectKind::Count | SubjectKind::Samples) => {
                number.fract() == 0.0
            }
            (StatedValue::Number(number, _), SubjectKind::Status) => {
                let is_status = *number == 0.0 || (100.0..600.0).contains(number);
                is_status && self.stated_text().len() == 3
            }
            (StatedValue::Seconds(_), SubjectKind::Seconds)
            | (StatedValue::Rate(..), SubjectKind::Rate)
            | (StatedValue::Mask(_), SubjectKind::Mask)
            | (StatedValue::Version(_), SubjectKind::Version)
            | (StatedValue::Commit(_), SubjectKind::Commit)
            | (StatedValue::Processor(_), SubjectKind::Processor)
            | (StatedValue::Address(_), SubjectKind::Address) => true,
            _ => false,
        }
    }

    /// Whether a version can be the subject's: no kernel of today is a 3.23.0, no Kata a 6.12, and
    /// a runtime of which no version was captured is not what is stated.
    fn may_be_version_of(&self, subject: &ValueSubject) -> bool {
        let StatedValue::Version(version) = &self.stated_quantity().value else { return true };
        match subject.first_fact() {
            fact_ids::KERNEL_RELEASE => !version.starts_with("3."),
            id => {
                version.starts_with(['1', '2', '3']) && !self.index.facts_everywhere(id).is_empty()
            }
        }
    }

    fn has_noun(&self, subject: &ValueSubject) -> bool {
        subject
            .after
            .as_ref()
            .is_some_and(|nouns| stand_right_after(nouns, self.text_after_value()))
    }

    fn is_named_before(&self, subject: &ValueSubject, any_noun: bool) -> bool {
        let (before, after) = (self.text_before_value(), self.text_after_value());
        match subject.kind {
            SubjectKind::Count | SubjectKind::Samples if self.has_noun(subject) => {
                subject.words.is_match(before) || subject.words.is_match(after)
            }
            SubjectKind::Samples => {
                let label = before.trim_matches(['=', ':', '*', ' ']);
                let above = self.sentence.topics.iter().take(2);
                let labelled = self.sentence.labelled_text();
                (label == "n" || label.ends_with(" n") || subject.names_all_samples(label))
                    && (subject.words.is_match(&labelled)
                        || above.into_iter().any(|topic| subject.words.is_match(topic)))
            }
            SubjectKind::Count => {
                let label = subject.words.find_iter(before).last();
                let is_linked = label.is_some_and(|label| {
                    let between = &before[label.end()..];
                    is_link(between) || between.contains([':', '=', '(', '→', '|'])
                });
                !any_noun && is_linked && self.is_bare()
            }
            // A model's number says itself what it is of.
            SubjectKind::Processor => {
                subject.words.is_match(self.sentence.text)
                    || self.stated_text().contains(|c: char| c.is_ascii_digit())
            }
            // Nothing else is measured in bytes a second.
            SubjectKind::Rate if self.sentence.is_plain_at(self.stated_quantity().range.end) => {
                subject.words.is_match(before) || self.named_owner().is_some()
            }
            SubjectKind::Version if self.is_of_kernel(subject) => true,
            SubjectKind::Address => subject.words.is_match(before) || subject.words.is_match(after),
            _ => subject.words.is_match(before),
        }
    }

    /// Whether a version is called a kernel right after it, or is the captured release of any target
    /// or a slip of its owner's.
    fn is_of_kernel(&self, subject: &ValueSubject) -> bool {
        let after = self.text_after_value().trim_start_matches(['`', '*', ' ']).to_lowercase();
        let after = ["guest ", "host ", "linux "]
            .iter()
            .find_map(|own| after.strip_prefix(own))
            .unwrap_or(&after);
        let is_captured = |one: &FactRef| one.fact.as_str() == Some(self.stated_text());
        let is_slip = || {
            let mut all = self.index.facts_everywhere(fact_ids::KERNEL_RELEASE).into_iter();
            let owner = self.named_owner();
            // Another first number is another program's: “CNI plugins 1.8.0”.
            let series = |version: &str| version.split('.').next().map(String::from);
            all.any(|one| {
                owner.as_deref().is_none_or(|owner| owner == one.target)
                    && one.fact.as_str().and_then(series) == series(self.stated_text())
                    && self.is_miscopied(&one)
            })
        };
        subject.first_fact() == fact_ids::KERNEL_RELEASE
            && (after.starts_with("kernel")
                || self.index.facts_everywhere(fact_ids::KERNEL_RELEASE).iter().any(is_captured)
                || is_slip())
    }

    fn is_named_by_cell(&self, subject: &ValueSubject, any_noun: bool) -> bool {
        let Some((row, column)) = self.sentence.cell_labels() else { return false };
        // “HTTP health” and “failed requests” are not how many were measured.
        let is_counted = subject.kind != SubjectKind::Samples
            || subject.names_all_samples(row)
            || subject.names_all_samples(column)
                && !self.index.resolver.find_mentions(row).is_empty();
        let fits = self.has_noun(subject) || !any_noun && is_counted;
        fits && (subject.words.is_match(row) || subject.words.is_match(column))
    }

    /// What the durations or rates of a table are of, by the heads of its columns (“Max” next to “Mean
    /// start-up (s)”) or the nearest text above it that names one.
    fn subject_above_table(&self, possible: &[&'a ValueSubject]) -> Option<&'a ValueSubject> {
        let PassageForm::Cell { heads, .. } = &self.sentence.passage.form else { return None };
        let heads = Some(&**heads).filter(|_| !self.figures_named().is_empty());
        let is_named = |subject: &ValueSubject, topic: &str| {
            let is_measured = match subject.kind {
                // What `dd` took is stated next to what it copied.
                SubjectKind::Seconds => !subject.first_fact().starts_with("perf."),
                kind => kind == SubjectKind::Rate,
            };
            let is_excluded = subject.unless.as_ref().is_some_and(|unless| unless.is_match(topic));
            is_measured && !is_excluded && subject.words.is_match(topic)
        };
        let mut above = heads.into_iter().chain(self.sentence.topics.iter().copied().take(6));
        above
            .find_map(|topic| only_subject(possible, |subject| is_named(subject, topic)))
            .unwrap_or_else(|| self.subject_of_caption(possible))
    }

    /// What a table counts, by the few words right above it, where its cells say no more than whose
    /// each number is: `Modules:` above `| Host | 264 |`.
    fn subject_of_caption(&self, possible: &[&'a ValueSubject]) -> Option<&'a ValueSubject> {
        const LONGEST: usize = 6;
        let caption = self.sentence.topics.first()?;
        let (row, column) = self.sentence.cell_labels()?;
        let (of_targets, others): (Vec<&str>, Vec<&str>) = [row, column]
            .into_iter()
            .partition(|label| !self.index.resolver.find_mentions(label).is_empty());
        let counts = &self.vocabulary.words.counting;
        let is_bare = of_targets.len() == 1 && others.iter().all(|label| counts.is_match(label));
        let is_short = caption.split_whitespace().count() <= LONGEST;
        let is_named = |subject: &ValueSubject| {
            subject.kind == SubjectKind::Count
                && subject.words.is_match(caption)
                && !subject.unless.as_ref().is_some_and(|unless| unless.is_match(caption))
        };
        only_subject(possible, is_named)
            .flatten()
            .filter(|_| is_bare && is_short && self.is_whole_cell())
    }

    /// Whether another value of the sentence is what was captured of its target or as its figure,
    /// or the two are exchanged: then this one is of the same subject.
    pub(super) fn is_told_by_neighbours(&self, subject: &ValueSubject) -> bool {
        let form = |place: &Self| std::mem::discriminant(&place.stated_quantity().value);
        let baseline = self.index.target_with_role(Role::Baseline).filter(|_| subject.baseline);
        let owner_of = |place: &Self| place.named_owner().or_else(|| baseline.map(String::from));
        let is_measured = !matches!(
            subject.kind,
            SubjectKind::Samples | SubjectKind::Status | SubjectKind::Processor
        );
        let is_free =
            subject.kind != SubjectKind::Count || self.is_bare() || self.has_noun(subject);
        let Some(owner) = owner_of(self).filter(|_| is_measured && is_free) else { return false };
        let others = (0..self.all.len()).filter(|number| *number != self.number);
        let mut others = others.map(|number| Self { number, ..*self });
        others.any(|other| {
            let is_alike = form(&other) == form(self)
                && other.stated_quantity().digits != 1
                && !other.is_excluded();
            let Some(theirs) = owner_of(&other).filter(|_| is_alike) else { return false };
            let is_another = theirs != owner || other.figures_named() != self.figures_named();
            is_another
                && subject.fact_ids().any(|id| {
                    let agrees = |place: &Self, target: &str| {
                        let fact = self.fact_of(id, target);
                        fact.is_some_and(|fact| place.agrees_with_fact(&fact))
                    };
                    agrees(&other, &theirs)
                        || theirs != owner && agrees(&other, &owner) && agrees(self, &theirs)
                })
        })
    }

    /// Whose value it is, by the words around it alone.
    pub(super) fn named_owner(&self) -> Option<String> {
        let words = &self.vocabulary.words;
        self.index.resolver.attribute_quantity(words, self.sentence, self.all, self.number)
    }

    /// Whose value it is: what the words name, or the baseline where they name nothing and only
    /// the baseline has such a fact.
    pub(super) fn find_target(&self, subject: &ValueSubject) -> Option<String> {
        let named = self.named_owner().or_else(|| self.target_of_shared_column(subject));
        if named.is_some() {
            return named;
        }
        let resolver = &self.index.resolver;
        let baseline = self.index.target_with_role(Role::Baseline)?;
        let words = &self.vocabulary.words;
        let (row, column) = self.sentence.cell_labels().unwrap_or_default();
        let mut near = vec![self.sentence.text, row, column];
        near.extend(
            self.sentence.topics.iter().take(2).filter(|topic| words.label.is_match(topic)),
        );
        let host = self.index.target_with_role(Role::Host);
        let is_other = |mention: TargetMention| {
            let target = mention.target.as_deref();
            target.is_none() || target != Some(baseline) && target != host
        };
        let others = near.iter().flat_map(|text| resolver.find_mentions(text)).any(is_other);
        let is_elsewhere = |one: &FactRef| one.target != baseline;
        let elsewhere =
            subject.fact_ids().any(|id| self.index.facts_everywhere(id).iter().any(is_elsewhere));
        (subject.baseline && !others && !elsewhere).then(|| baseline.to_string())
    }

    /// In a row or column of the host and runc: the one of which it was captured.
    fn target_of_shared_column(&self, subject: &ValueSubject) -> Option<String> {
        let (row, column) = self.sentence.cell_labels()?;
        let mentions = [row, column].map(|label| self.index.resolver.find_mentions(label)).concat();
        let named: Option<Vec<String>> = mentions.into_iter().map(|one| one.target).collect();
        let named = named?;
        let is_candidate = |one: &String| self.index.role_of(one) == Some(Role::Candidate);
        let known = subject.fact_ids().flat_map(|id| self.index.facts_everywhere(id));
        let mut known = known.filter(|one| named.iter().any(|name| name == one.target));
        let only = known.next().filter(|_| known.next().is_none())?;
        (!named.iter().any(is_candidate)).then(|| only.target.to_string())
    }
}

/// The one of some subjects, and nothing certain where there are several: `None` where there is none.
fn only_subject<'a>(
    possible: &[&'a ValueSubject],
    is_wanted: impl Fn(&ValueSubject) -> bool,
) -> Option<Option<&'a ValueSubject>> {
    let named: Vec<&ValueSubject> =
        possible.iter().copied().filter(|subject| is_wanted(subject)).collect();
    let kernel =
        named.iter().find(|subject| subject.first_fact() == fact_ids::KERNEL_RELEASE).copied();
    match named[..] {
        [] => None,
        [one] => Some(Some(one)),
        // “Kata's kernel” names both.
        _ => Some(kernel),
    }
}

/// Whether words stand right after a value, with two others between at most.
fn stand_right_after(words: &regex::Regex, after: &str) -> bool {
    words.find_iter(after).next().is_some_and(|found| {
        let between = &after[..found.start()];
        let letter = |c: char| c.is_alphanumeric() || c == '_';
        between.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count() <= 2
            && !between.contains([':', '.'])
            && !between.ends_with(letter)
            && !after[found.end()..].starts_with(letter)
    })
}
