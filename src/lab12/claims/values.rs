//! Values: counts, durations, versions, names and addresses, each held against the fact that the
//! words around it name.

use std::ops::Range;

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::evidence_index::{EvidenceIndex, FactRef};
use super::figures::KnownFigure;
use super::messages::{ClaimEntriesCalledProcesses, ClaimHealthNotDemanded, ClaimLatencyOfErrors};
use super::passages::PassageForm;
use super::quantity::{self, DigitSlip, StatedQuantity, StatedValue, ValueHedge};
use super::sentence::{ReportSentence, clause_start};
use super::target_resolver::{TargetMention, is_compared_with};
use super::words::{ClaimVocabulary, SubjectKind, ValueSubject};
use crate::judge::rules::latency::was_checked_early;
use crate::model::{FactId, Role, SampleUnit, fact_ids};

/// A duration that the report states about a target, for ratios that it draws from it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StatedFigure {
    /// The fact that is meant in doubt.
    pub fact: String,
    /// The target.
    pub target: String,
    /// In seconds.
    pub seconds: f64,
    /// Where it stands in a pasted block; none in prose and tables.
    pub pasted: Option<Range<usize>>,
}

/// What the values of a sentence say, and the durations that it states.
pub(super) fn check_values(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
) -> (Vec<ClaimRemark>, Vec<StatedFigure>) {
    let (mut results, mut stated) = (Vec::new(), Vec::new());
    let numbers = 0..all.len();
    let typed: Vec<StatedQuantity> = numbers
        .map(|number| ValuePlace { index, vocabulary, sentence, all, number }.in_unit_of_labels())
        .collect();
    for number in 0..typed.len() {
        let place = ValuePlace { index, vocabulary, sentence, all: &typed, number };
        results.extend(place.wrong_difference());
        results.extend(place.wrong_half_of_pair());
        let subjects = place.find_subjects();
        if subjects.is_empty() || place.is_set_apart() {
            continue;
        }
        let target = place.find_target(&subjects);
        if let (Some(target), Some(seconds), [subject]) =
            (&target, place.in_seconds(), &subjects[..])
            && place.stated_quantity().hedge == ValueHedge::Exact
            && sentence.is_plain
        {
            stated.push(StatedFigure {
                fact: subject.facts[0].clone(),
                target: target.clone(),
                seconds,
                pasted: None,
            });
        }
        results.extend(place.compare_with_facts(&subjects, target.as_deref()));
    }
    (results, stated)
}

/// A value with what stands around it.
#[derive(Clone, Copy)]
struct ValuePlace<'a> {
    index: &'a EvidenceIndex<'a>,
    vocabulary: &'a ClaimVocabulary,
    sentence: &'a ReportSentence<'a>,
    all: &'a [StatedQuantity],
    number: usize,
}

impl<'a> ValuePlace<'a> {
    fn stated_quantity(&self) -> &'a StatedQuantity {
        &self.all[self.number]
    }

    fn stated_text(&self) -> &'a str {
        &self.sentence.text[self.stated_quantity().range.clone()]
    }

    fn file_range(&self) -> Range<usize> {
        self.sentence.file_range(&self.stated_quantity().range)
    }

    /// The words since the value before.
    fn before(&self) -> &'a str {
        let from = self.number.checked_sub(1).map_or(0, |before| self.all[before].range.end);
        let text = &self.sentence.text[from..self.stated_quantity().range.start];
        &text[text.rfind([';', '|']).map_or(0, |at| at + 1)..]
    }

    /// The few words after the value, up to the next one or the end of the clause.
    fn after(&self) -> &'a str {
        let text = self.sentence.text;
        let start = self.stated_quantity().range.end;
        let until = self.all.get(self.number + 1).map_or(text.len(), |next| next.range.start);
        let window = &text[start..until];
        let window =
            &window[..window.find([',', ';', ')', '(', '|', '\n']).unwrap_or(window.len())];
        window.match_indices(' ').nth(7).map_or(window, |(at, _)| &window[..at])
    }

    /// The value in the unit that the row, the head of the column or the text above gives to a bare
    /// number.
    fn in_unit_of_labels(&self) -> StatedQuantity {
        let own = self.stated_quantity().clone();
        if let Some(typed) = self.in_unit_of_neighbour() {
            return typed;
        }
        let (StatedValue::Number(number, second), Some((row, column))) =
            (&own.value, self.sentence.cell_labels())
        else {
            return own;
        };
        let words = &self.vocabulary.words;
        let number = second.unwrap_or(*number);
        let in_unit = |label: &str| {
            let label = label.trim_end_matches([':', ' ', '\u{a0}']);
            let inside = label.rsplit(['(', '[', ',']).next()?.trim().trim_end_matches([')', ']']);
            let inside = inside.rsplit(" in ").next()?.rsplit(" en ").next()?;
            // A column `min` is the least and no minutes.
            let is_unit = !inside.eq_ignore_ascii_case("min");
            is_unit.then(|| quantity::number_with_unit(&own, number, inside, words)).flatten()
        };
        let is_fraction = self.stated_text().contains(['.', ',']);
        // `real` and `total` are columns of what `time` prints.
        let is_of_time = ["real", "total"].contains(&column.to_lowercase().trim());
        let above = || self.sentence.topics.first().and_then(|topic| in_unit(topic));
        let in_seconds = || quantity::number_with_unit(&own, number, "s", words);
        let labelled = in_unit(column)
            .or_else(|| in_unit(row))
            .or_else(|| in_seconds().filter(|_| is_of_time && is_fraction))
            .or_else(|| above().filter(|_| is_fraction))
            .or_else(|| self.heads_of_figure()?.split(" | ").find_map(in_unit))
            .or_else(|| self.sampled_subject().and_then(|_| in_seconds()));
        labelled.unwrap_or(own)
    }

    /// “Kata 6.3, runc 4.7 GB/s”: a bare number of one target in the unit of the next one's.
    fn in_unit_of_neighbour(&self) -> Option<StatedQuantity> {
        let (own, next) = (self.stated_quantity(), self.all.get(self.number + 1)?);
        let StatedValue::Number(number, None) = own.value else { return None };
        let between = &self.sentence.text[own.range.end..next.range.start];
        let resolver = &self.index.resolver;
        let is_next_to = between.split_whitespace().filter(|word| word.len() > 1).count() <= 2;
        let is_of_one = |text: &str| resolver.find_mentions(text).len() == 1;
        let has_unit = matches!(next.value, StatedValue::Rate(..) | StatedValue::Seconds(_));
        let is_pair = has_unit && is_next_to && is_of_one(between) && is_of_one(self.before());
        let next = &self.sentence.text[next.range.clone()];
        let unit = next.trim_start_matches(|c: char| c.is_ascii_digit() || ".,~ ".contains(c));
        (is_pair && self.stated_text().contains(['.', ',']))
            .then(|| quantity::number_with_unit(own, number, unit, &self.vocabulary.words))
            .flatten()
    }

    /// The heads of the table, where that of the column only says which figure it is: “Max”.
    fn heads_of_figure(&self) -> Option<&'a str> {
        let PassageForm::Cell { column, heads, .. } = &self.sentence.passage.form else {
            return None;
        };
        let is_short = column.split_whitespace().nth(2).is_none();
        let figures = &self.vocabulary.words.figures;
        let all = [&figures.mean, &figures.median, &figures.min, &figures.max];
        let is_figure = all.iter().filter(|words| words.is_match(column)).count() == 1;
        (is_short && is_figure).then_some(heads.as_str())
    }

    /// The duration that is stated.
    fn in_seconds(&self) -> Option<f64> {
        match self.stated_quantity().value {
            StatedValue::Seconds(seconds) => Some(seconds),
            _ => None,
        }
    }

    /// The number as it stands, without its unit.
    fn raw_number(&self) -> Option<f64> {
        let text = self.stated_text().trim_end_matches(|c: char| !c.is_ascii_digit());
        text.replace(',', ".").parse().ok()
    }

    /// The subject of a row or column that holds all samples of a captured series.
    fn sampled_subject(&self) -> Option<&'a ValueSubject> {
        let PassageForm::Cell { row, column, line, whole, .. } = &self.sentence.passage.form else {
            return None;
        };
        let resolver = &self.index.resolver;
        let (target, line) = match resolver.single_target(row) {
            Some(target) => (target, line),
            None => (resolver.single_target(column)?, whole),
        };
        // “max - min” names two.
        if self.figures_named().len() != 1 {
            return None;
        }
        let words = line.split(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ','));
        let numbers: Vec<f64> =
            words.filter_map(|word| word.replace(',', ".").parse().ok()).collect();
        let is_sampled = |id: &String| {
            let fact_ref = self.index.fact_on_target(id, &target);
            let samples = fact_ref.and_then(|one| one.fact.as_series());
            samples.is_some_and(|samples| {
                let is_listed =
                    |value: &f64| numbers.iter().any(|number| (number - value).abs() < 1e-9);
                (3..=MAX_LISTED).contains(&samples.values.len())
                    && samples.values.iter().all(is_listed)
            })
        };
        let subjects = &self.vocabulary.subjects.subject;
        let mut timed = subjects.iter().filter(|subject| subject.kind == SubjectKind::Seconds);
        timed.find(|subject| {
            let is_other = subject.unless.as_ref().is_some_and(|unless| unless.is_match(column));
            !is_other && subject.facts.iter().any(is_sampled)
        })
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
            (StatedValue::Seconds(_) | StatedValue::Range(Some(_)), SubjectKind::Seconds)
            | (StatedValue::Rate(..), SubjectKind::Rate)
            | (StatedValue::Bytes(..), SubjectKind::Size)
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
        match subject.facts[0].as_str() {
            "kernel.release" => !version.starts_with("3."),
            id => {
                version.starts_with(['1', '2', '3']) && !self.index.facts_everywhere(id).is_empty()
            }
        }
    }

    /// What the value is about: the subjects that the nearest words name, several where they
    /// leave a choice.
    fn find_subjects(&self) -> Vec<&'a ValueSubject> {
        let (before, after) = (self.before(), self.after());
        let labels = self.sentence.cell_labels();
        let (row, column) = labels.unwrap_or_default();
        let window = format!("{row} | {column} | {before} # {after}");
        let possible: Vec<&ValueSubject> = self
            .vocabulary
            .subjects
            .subject
            .iter()
            .filter(|subject| self.may_be_of(subject.kind) && self.may_be_version_of(subject))
            .filter(|subject| !subject.unless.as_ref().is_some_and(|words| words.is_match(&window)))
            .collect();
        if let Some(subject) = self.sampled_subject() {
            return vec![subject];
        }
        let has_noun = |subject: &ValueSubject| {
            subject.after.as_ref().is_some_and(|nouns| stand_right_after(nouns, after))
        };
        let any_noun = possible.iter().any(|subject| has_noun(subject));
        let among = |wanted: &dyn Fn(&ValueSubject) -> bool| -> Vec<&'a ValueSubject> {
            possible.iter().copied().filter(|subject| wanted(subject)).collect()
        };
        let alone = among(&|subject| {
            subject.alone.as_ref().is_some_and(|words| stand_right_after(words, after))
        });
        if !alone.is_empty() {
            return alone;
        }
        let near = among(&|subject| {
            let counts = matches!(subject.kind, SubjectKind::Count | SubjectKind::Samples);
            match counts {
                true if has_noun(subject) => {
                    subject.words.is_match(before) || subject.words.is_match(after)
                }
                true if subject.kind == SubjectKind::Samples => {
                    before.trim_end().trim_end_matches('=').trim_end().ends_with(" n")
                }
                true => !any_noun && is_labelled(subject, before) && is_bare(after),
                // A model's number says itself what it is of.
                false if subject.kind == SubjectKind::Processor => {
                    subject.words.is_match(self.sentence.text)
                        || self.stated_text().contains(|c: char| c.is_ascii_digit())
                }
                // Nothing else is measured in bytes a second.
                false if subject.kind == SubjectKind::Rate && self.sentence.is_plain => {
                    let resolver = &self.index.resolver;
                    let words = &self.vocabulary.words;
                    let number = self.number;
                    subject.words.is_match(before)
                        || resolver
                            .attribute_quantity(words, self.sentence, self.all, number)
                            .is_some()
                }
                false => {
                    subject.words.is_match(before)
                        || subject.kind == SubjectKind::Version && self.is_of_kernel(subject)
                        || subject.kind == SubjectKind::Address && subject.words.is_match(after)
                }
            }
        });
        match near.iter().find(|subject| subject.facts[0] == "kernel.release") {
            Some(kernel) => return vec![*kernel],
            None if !near.is_empty() => return near,
            None => {}
        }
        if let Some(continued) = self.continued_subjects(&possible) {
            return continued;
        }
        let slips =
            among(&|subject| subject.kind == SubjectKind::Version && self.is_slip_of(subject));
        if !slips.is_empty() {
            return slips;
        }
        // “`uname -r` echoes my host. Under Kata the same command gives 6.12.22”.
        if self.vocabulary.words.again.is_match(before) {
            let earlier = self.sentence.earlier_text();
            let asked = among(&|subject| {
                subject.kind == SubjectKind::Version && subject.words.is_match(earlier)
            });
            if asked.len() == 1 {
                return asked;
            }
        }
        if labels.is_some() {
            let named = among(&|subject| {
                let fits = has_noun(subject) || !any_noun;
                fits && (subject.words.is_match(row) || subject.words.is_match(column))
            });
            let kernel = named.iter().find(|subject| subject.facts[0] == "kernel.release");
            match kernel {
                Some(kernel) => return vec![*kernel],
                None if !named.is_empty() => return named,
                None => {}
            }
            let of_heads = among(&|subject| {
                let heads = self.heads_of_figure().unwrap_or_default();
                let is_other = subject.unless.as_ref().is_some_and(|words| words.is_match(heads));
                subject.words.is_match(heads) && !is_other
            });
            if of_heads.len() == 1 {
                return of_heads;
            }
        }
        let behind =
            among(&|subject| subject.kind == SubjectKind::Seconds && subject.words.is_match(after));
        if !behind.is_empty() {
            return behind;
        }
        self.subjects_above(&possible, any_noun)
    }

    /// Whether a version is called a kernel right after it, or is a captured release.
    fn is_of_kernel(&self, subject: &ValueSubject) -> bool {
        let after = self.after().trim_start_matches(['`', '*', ' ']).to_lowercase();
        let is_captured = |one: &FactRef| one.fact.as_str() == Some(self.stated_text());
        subject.facts[0] == "kernel.release"
            && (after.starts_with("kernel")
                || self.index.facts_everywhere("kernel.release").iter().any(is_captured))
    }

    /// “412 entries on the host, the guest 53”: the same again, of another target or as another
    /// figure.
    fn continued_subjects(&self, possible: &[&'a ValueSubject]) -> Option<Vec<&'a ValueSubject>> {
        let is_alike = |one: &StatedQuantity| {
            std::mem::discriminant(&one.value)
                == std::mem::discriminant(&self.stated_quantity().value)
        };
        let number = self.all[..self.number].iter().rposition(is_alike)?;
        let previous = Self { number, ..*self };
        let from = previous.stated_quantity().range.end;
        let between = &self.sentence.text[from..self.stated_quantity().range.start];
        let is_short = between.split_whitespace().filter(|word| word.len() > 1).count() <= 6;
        let named = !self.index.resolver.find_mentions(between).is_empty()
            || self.index.resolver.find_mentions(self.after()).len() == 1
            || !self.figures_named().is_empty();
        if !is_short || !named || self.sentence.cell_labels().is_some() {
            return None;
        }
        let subjects = previous.find_subjects();
        let [subject] = subjects[..] else { return None };
        let is_possible = possible.iter().any(|one| std::ptr::eq(*one, subject));
        let fits = is_bare(self.after())
            || subject.after.as_ref().is_some_and(|nouns| stand_right_after(nouns, self.after()))
            || !matches!(subject.kind, SubjectKind::Count | SubjectKind::Samples);
        (is_possible && fits).then_some(subjects)
    }

    /// “Kata prints 6.12.74”: what is a slip of the captured value of the target that is named needs
    /// no other word.
    fn is_slip_of(&self, subject: &ValueSubject) -> bool {
        let resolver = &self.index.resolver;
        let words = &self.vocabulary.words;
        let target = resolver.attribute_quantity(words, self.sentence, self.all, self.number);
        let known = target.and_then(|target| self.fact_of(&subject.facts[0], &target));
        known.is_some_and(|known| {
            let known = known.fact.as_str().unwrap_or_default();
            known
                .get(..self.stated_text().len())
                .is_some_and(|known| quantity::find_slip(self.stated_text(), known).is_some())
        })
    }

    /// The subject of the heading, the item or the sentence above a value that stands in few
    /// words of its own.
    fn subjects_above(
        &self,
        possible: &[&'a ValueSubject],
        any_noun: bool,
    ) -> Vec<&'a ValueSubject> {
        // “HTTP: the service answered with 200, on average in 4 ms”, “I timed each start three
        // times. The medians are 0.6 s and 2 s”.
        let before = &self.sentence.text[..self.stated_quantity().range.start];
        let earlier = self.sentence.earlier_text().rsplit(['\n', '.']);
        let earlier = earlier.filter(|text| self.names_measured(text)).take(1);
        let nearest =
            [before].into_iter().chain(earlier).chain(self.sentence.topics.first().copied());
        for start in nearest.filter(|_| !self.figures_named().is_empty()) {
            let is_timed = |subject: &&&ValueSubject| {
                let unless = subject.unless.as_ref();
                subject.kind == SubjectKind::Seconds
                    && subject.words.is_match(start)
                    && !unless.is_some_and(|unless| unless.is_match(start))
            };
            if let [one] = possible.iter().filter(is_timed).collect::<Vec<_>>()[..] {
                return vec![*one];
            }
        }
        let leads = |topic: &&str| topic.split_whitespace().nth(2).is_none();
        let is_short = self.sentence.text.len() <= 60
            || self.sentence.cell_labels().is_some()
            || self.sentence.topics.first().is_some_and(leads);
        let needs_noun = !is_short;
        for topic in self.sentence.topics.iter().take(6) {
            let named: Vec<&ValueSubject> = possible
                .iter()
                .copied()
                .filter(|subject| self.may_be_headed(subject, topic))
                .filter(|subject| subject.words.is_match(topic))
                .collect();
            if named.is_empty() {
                continue;
            }
            let excluded = |subject: &ValueSubject| {
                subject.unless.as_ref().is_some_and(|unless| unless.is_match(topic))
            };
            let fits = |subject: &ValueSubject| match subject.after.as_ref() {
                Some(nouns) if any_noun => stand_right_after(nouns, self.after()),
                // Much of what stands below a heading is counted, and not how often it was measured.
                Some(_) if subject.kind == SubjectKind::Samples => false,
                Some(_) => !needs_noun && is_bare(self.after()) && self.has_label(),
                None => {
                    let mentions = self.index.resolver.find_mentions(self.sentence.text);
                    let is_own = self.has_label()
                        || !mentions.is_empty()
                        || !self.figures_named().is_empty();
                    is_short && is_own || subject.kind == SubjectKind::Processor
                }
            };
            return match named[..] {
                [one] if fits(one) && !excluded(one) => vec![one],
                _ => Vec::new(),
            };
        }
        Vec::new()
    }

    /// Whether a text names something that is measured.
    fn names_measured(&self, text: &str) -> bool {
        let is_measured = |subject: &&ValueSubject| {
            matches!(subject.kind, SubjectKind::Seconds | SubjectKind::Rate)
        };
        let mut measured = self.vocabulary.subjects.subject.iter().filter(is_measured);
        measured.any(|subject| subject.words.is_match(text))
    }

    /// Whether a heading may name a subject for the values below it: a kernel only for cells and
    /// labelled values.
    fn may_be_headed(&self, subject: &ValueSubject, heading: &str) -> bool {
        match subject.kind {
            SubjectKind::Status => false,
            SubjectKind::Version => {
                let is_short = heading.split_whitespace().nth(4).is_none();
                let names_other = ["shim", "version"].iter().any(|word| heading.contains(word));
                let is_asked = self.answered_question() == Some(heading);
                let is_cell = self.sentence.cell_labels().is_some() && is_short;
                let is_labelled =
                    self.has_label() && (heading.trim_end().ends_with(':') || is_short);
                is_asked || (is_cell || is_labelled) && !names_other
            }
            _ => true,
        }
    }

    /// The question that the value answers: nothing of weight stands between the two.
    fn answered_question(&self) -> Option<&'a str> {
        let before = &self.sentence.text[..self.stated_quantity().from];
        let mut words = before.split(|c: char| !c.is_alphanumeric());
        let is_short = words.by_ref().filter(|word| word.len() > 1).nth(3).is_none();
        self.sentence.preceding_question().filter(|_| is_short)
    }

    /// Whether a mark or a cell says that the value is what the words before it name.
    fn has_label(&self) -> bool {
        if self.answered_question().is_some() {
            return true;
        }
        let before = self.before().trim_end_matches([' ', '*', '`', '"', '(', '\t']);
        before.ends_with([':', '=', '→']) || self.sentence.cell_labels().is_some()
    }

    /// Whether words around the value make it no value of one target.
    fn is_set_apart(&self) -> bool {
        let words = &self.vocabulary.words;
        let before = &self.sentence.text[..self.stated_quantity().from];
        // “slower by a factor of 3.9 (1.18 s)”
        let is_beside_ratio = self.number.checked_sub(1).is_some_and(|number| {
            let ratio = &self.all[number];
            let between = &self.sentence.text[ratio.range.end..self.stated_quantity().range.start];
            matches!(ratio.value, StatedValue::Times(_) | StatedValue::Percent(_))
                && between.trim_matches([' ', 'x', '×', '*', '+', '~', '≈']) == "("
        });
        words.denial.is_match(before)
            || is_beside_ratio
            || words.difference.is_match(&self.sentence.text[self.stated_quantity().range.end..])
            || words.difference_before.is_match(before)
            || self.sentence.cell_labels().is_some_and(|(row, column)| {
                [row, column].iter().any(|label| {
                    let label = label.to_lowercase();
                    ["diff", "delta", "Δ", "factor", "ratio", "overhead", "change"]
                        .iter()
                        .any(|word| label.contains(word))
                })
            })
    }

    /// “Kata takes 1.9 s longer to start”, “359 fewer entries”: a difference of the baseline or the
    /// host and the only candidate which none of their values gives.
    fn wrong_difference(&self) -> Option<ClaimRemark> {
        let (words, own) = (&self.vocabulary.words, self.stated_quantity());
        let (before, after) =
            (&self.sentence.text[..own.from], &self.sentence.text[own.range.end..]);
        let stated = match own.value {
            StatedValue::Seconds(stated) | StatedValue::Number(stated, None) => stated,
            _ => return None,
        };
        let labelled = self.sentence.labelled_text();
        let is_headed = self.sentence.cell_labels().is_some_and(|(row, column)| {
            let is_alone = self.sentence.text.split_whitespace().nth(1).is_none();
            is_alone && [row, column].iter().any(|label| words.differing.label.is_match(label))
        });
        let is_said =
            words.differing.after.is_match(after) || words.differing.before.is_match(before);
        let is_sure = self.sentence.is_plain_at(own.range.end)
            && !words.direction.unless.is_match(&labelled)
            && !words.denial.is_match(before)
            && self.figures_named().is_empty();
        let candidate = self.index.sole_candidate()?;
        let mut mentions = self.index.resolver.find_mentions(&labelled);
        // “Kata needs 2.4 times as long. The difference is 0.48 s.”
        let earlier = self.sentence.topics.first().filter(|_| {
            mentions.is_empty()
                && !self.sentence.earlier_text().trim().is_empty()
                && self.in_seconds().is_some()
        });
        if let Some(earlier) = earlier {
            mentions = self.index.resolver.find_mentions(earlier);
        }
        let is_of_both = mentions.iter().all(|one| one.target.is_some())
            && (is_headed || mentions.iter().any(|one| one.target.as_deref() == Some(candidate)));
        if !is_sure || !is_of_both || !is_said && !is_headed {
            return None;
        }
        // “359 fewer entries and 226 fewer modules”: each in its own clause.
        let ends = [" and ", " und ", " y ", " et "];
        let (mut before, mut after) = (self.before(), self.after());
        for end in ends {
            before = before.rsplit(end).next().unwrap_or_default();
            after = after.split(end).next().unwrap_or_default();
        }
        let before = &before[clause_start(before, before.len())..];
        let clause = &if is_headed { labelled.to_string() } else { format!("{before} {after}") };
        let text = words.differing.words.replace_all(clause, "");
        let is_named = |subject: &&ValueSubject| {
            let is_other = subject.unless.as_ref().is_some_and(|unless| unless.is_match(&text));
            let is_doubtful = subject.doubt.as_ref().is_some_and(|doubt| doubt.is_match(&text));
            let is_kind = match own.value {
                StatedValue::Seconds(_) => subject.kind == SubjectKind::Seconds,
                _ => subject.kind == SubjectKind::Count,
            };
            is_kind && !is_other && !is_doubtful && subject.words.is_match(&text)
        };
        let named = self.vocabulary.subjects.subject.iter().filter(is_named);
        let mut named: Vec<&ValueSubject> = named.collect();
        if let (Some(earlier), true) = (earlier, named.is_empty()) {
            let above = self.timed_subject_above();
            named = above.or_else(|| self.ratio_of_starts(earlier)).into_iter().collect();
        }
        let [subject] = named[..] else { return None };
        // Two numbers beside it that it is the difference of: they are looked at themselves.
        let around = match &self.sentence.passage.form {
            PassageForm::Cell { line, .. } => line.as_str(),
            _ => self.sentence.surrounding_text(),
        };
        let near = quantity::find_quantities(around, words);
        let numbers: Vec<f64> = near
            .iter()
            .filter_map(|one| match one.value {
                StatedValue::Seconds(number) | StatedValue::Number(number, None) => Some(number),
                _ => None,
            })
            .collect();
        let is_between =
            |one: &f64| numbers.iter().any(|other| (one - other - stated).abs() <= own.half * 2.2);
        if numbers.iter().any(is_between) {
            return None;
        }
        let mut shown = None;
        for id in &subject.facts {
            let Some(guest) = self.index.fact_on_target(id, candidate) else { continue };
            let outside =
                [Role::Baseline, Role::Host].map(|role| self.index.target_with_role(role));
            for target in outside.into_iter().flatten() {
                let Some(host) = self.index.fact_on_target(id, target) else { continue };
                let (low, high) = difference_of(self.index, &guest, &host)?;
                let is_outside = stated < low * 0.95 - own.half || stated > high * 1.05 + own.half;
                let is_refuted = match subject.kind {
                    SubjectKind::Count => own.clashes_with(stated, low),
                    _ => {
                        is_outside
                            && own.clashes_with(stated, low)
                            && own.clashes_with(stated, high)
                    }
                };
                if !is_refuted {
                    return None;
                }
                shown.get_or_insert((guest, host));
            }
        }
        let (guest, host) = shown?;
        let name =
            |one: &FactRef| format!("{} {}", self.index.reader_name(one.target), one.shown_value());
        let known = format!("{}, {}", name(&host), name(&guest));
        let text = self.stated_text();
        let remark =
            ClaimRemark::contradicted_by(self.index, self.file_range(), text, &guest, &known, None);
        Some(remark.resting_on_fact(host.id, host.target))
    }

    /// “Host 109, Kata 64”: one of the two is a captured count, so the other is of the same kind.
    fn wrong_half_of_pair(&self) -> Option<ClaimRemark> {
        let is_count = |one: &StatedQuantity| {
            matches!(one.value, StatedValue::Number(number, None) if number.fract() == 0.0)
                && one.hedge == ValueHedge::Exact
        };
        if self.all.len() != 2 || !self.all.iter().all(is_count) || !pair_of(self.all) {
            return None;
        }
        let other = Self { number: 1 - self.number, ..*self };
        let is_alone = [self, &other].iter().all(|one| {
            let words = self
                .vocabulary
                .words
                .denial
                .is_match(&self.sentence.text[..one.stated_quantity().from]);
            !words && is_bare(one.after()) && one.before().split_whitespace().count() <= 4
        });
        let words = &self.vocabulary.words;
        let resolver = &self.index.resolver;
        let owner = |number| resolver.attribute_quantity(words, self.sentence, self.all, number);
        let (own, theirs) = (owner(self.number)?, owner(other.number)?);
        let is_plain = self.sentence.is_plain_at(self.stated_quantity().range.end);
        if !is_alone || own == theirs || !is_plain || !self.find_subjects().is_empty() {
            return None;
        }
        let known = COUNTS.iter().filter_map(|id| {
            let right = self.index.fact_on_target(id, &theirs)?;
            let fact_ref = self.index.fact_on_target(id, &own)?;
            let is_exchanged = other.agrees(&fact_ref) && self.agrees(&right);
            let is_sure = right.item_count()? >= 20.0;
            (is_sure && (other.agrees(&right) || is_exchanged)).then_some(fact_ref)
        });
        let [fact_ref] = known.collect::<Vec<_>>()[..] else { return None };
        let mut all = COUNTS.iter().filter_map(|id| self.index.fact_on_target(id, &own));
        let StatedValue::Number(stated, _) = self.stated_quantity().value else { return None };
        let is_refuted = stated >= 10.0 && !all.any(|one| self.agrees(&one));
        is_refuted.then(|| {
            let found = fact_ref.shown_value();
            let (place, text) = (self.file_range(), self.stated_text());
            ClaimRemark::contradicted_by(self.index, place, text, &fact_ref, &found, None)
        })
    }

    /// The start, where a text states the ratio of the starts.
    fn ratio_of_starts(&self, text: &str) -> Option<&'a ValueSubject> {
        let stated = quantity::find_quantities(text, &self.vocabulary.words);
        let is_stated = stated.iter().any(|ratio| self.index.is_ratio_of_starts(ratio));
        let mut subjects = self.vocabulary.subjects.subject.iter();
        let start = subjects.find(|subject| subject.facts[0] == *fact_ids::STARTUP_WALL);
        start.filter(|_| is_stated)
    }

    /// What the nearest sentence or heading that names something timed is about.
    fn timed_subject_above(&self) -> Option<&'a ValueSubject> {
        let subjects = &self.vocabulary.subjects.subject;
        let timed = |text: &str| -> Vec<&'a ValueSubject> {
            let named = subjects.iter().filter(|one| one.kind == SubjectKind::Seconds);
            named.filter(|one| one.words.is_match(text)).collect()
        };
        let topics = self.sentence.topics.iter().map(|topic| timed(topic));
        match topics.into_iter().find(|named| !named.is_empty())?[..] {
            [one] => Some(one),
            _ => None,
        }
    }

    /// Whose value it is: what the words name, or the baseline where they name nothing and only
    /// the baseline has such a fact.
    fn find_target(&self, subjects: &[&ValueSubject]) -> Option<String> {
        let words = &self.vocabulary.words;
        let resolver = &self.index.resolver;
        let named = resolver.attribute_quantity(words, self.sentence, self.all, self.number);
        if named.is_none()
            && let [subject] = subjects
            && subject.facts[0].starts_with("runtime.")
            && let [only] = &self.index.facts_everywhere(&subject.facts[0])[..]
        {
            return Some(only.target.to_string());
        }
        let named =
            named.or_else(|| self.asked_target()).or_else(|| self.only_target_left(subjects));
        if named.is_some() || !subjects.iter().all(|subject| subject.baseline) {
            return named;
        }
        let baseline = self.index.target_with_role(Role::Baseline)?;
        let (row, column) = self.sentence.cell_labels().unwrap_or_default();
        let mut near = vec![self.sentence.text, row, column];
        near.extend(
            self.sentence.topics.iter().take(2).filter(|topic| words.label.is_match(topic)),
        );
        let others = near.iter().flat_map(|text| resolver.find_mentions(text)).any(|mention| {
            let host = self.index.target_with_role(Role::Host);
            mention.target.is_none()
                || !matches!(mention.target.as_deref(), name if name == Some(baseline) || name == host)
        });
        let elsewhere = subjects.iter().flat_map(|subject| &subject.facts).any(|id| {
            self.index.facts_everywhere(id).iter().any(|fact_ref| fact_ref.target != baseline)
        });
        (!others && !elsewhere).then(|| baseline.to_string())
    }

    /// The target that the answered question is about, unless the answer names another one by then.
    fn asked_target(&self) -> Option<String> {
        let question = self.answered_question()?;
        let resolver = &self.index.resolver;
        let end = self.stated_quantity().range.end;
        let rest = &self.sentence.text[end..];
        let clause = &self.sentence.text[..end + rest.find([';', '.', '(']).unwrap_or(rest.len())];
        let own = resolver.find_mentions(clause);
        let asked = resolver.find_mentions(question);
        let of_cells =
            self.sentence.cell_labels().map(|(_, column)| resolver.find_mentions(column));
        if of_cells.is_some_and(|of_cells| !of_cells.is_empty()) {
            return None;
        }
        if asked.len() > 1 && own.is_empty() && self.all.len() == asked.len() {
            return asked[self.number].target.clone();
        }
        let target = resolver.single_target(question)?;
        let mut owners = own.iter().filter(|one| !is_compared_with(clause, one));
        owners.all(|one| one.target.as_ref() == Some(&target)).then_some(target)
    }

    /// Whose value it is where the words leave one that has such a fact: in a column of the host
    /// and runc, for an address in a sentence about nobody, and in “267 against 72” beside the
    /// right value of the other.
    fn only_target_left(&self, subjects: &[&ValueSubject]) -> Option<String> {
        let [subject] = subjects else { return None };
        let resolver = &self.index.resolver;
        let mut known: Vec<FactRef> =
            subject.facts.iter().flat_map(|id| self.index.facts_everywhere(id)).collect();
        if let Some((row, column)) = self.sentence.cell_labels() {
            let mentions = [row, column].map(|label| resolver.find_mentions(label)).concat();
            let is_named = |one: &FactRef| {
                mentions.iter().any(|mention| mention.target.as_deref() == Some(one.target))
            };
            let candidates = |mention: &TargetMention| {
                let role = mention.target.as_deref().and_then(|name| self.index.role_of(name));
                role.is_none_or(|role| role == Role::Candidate)
            };
            if mentions.iter().any(candidates) {
                return None;
            }
            known.retain(is_named);
        } else {
            let pair = [0, 1].map(|number| Self { number, ..*self });
            let is_pair = subject.kind == SubjectKind::Count && pair_of(self.all);
            let is_own = subject.kind == SubjectKind::Address;
            let is_of_nobody = resolver.find_mentions(self.sentence.text).is_empty();
            if !is_of_nobody || !is_pair && !is_own || is_pair && known.len() != 2 {
                return None;
            }
            known.retain(|one| is_own || !pair[1 - self.number].agrees(one));
            // Neither is right: the larger is the larger one's.
            if is_pair && known.len() == 2 {
                let size = |number: usize| match self.all[number].value {
                    StatedValue::Number(number, _) => number,
                    _ => 0.0,
                };
                let is_larger = size(self.number) > size(1 - self.number);
                known.sort_by(|a, b| {
                    a.item_count().unwrap_or(0.0).total_cmp(&b.item_count().unwrap_or(0.0))
                });
                known.remove(usize::from(!is_larger));
            }
        }
        match known[..] {
            [one] => Some(one.target.to_string()),
            _ => None,
        }
    }

    fn compare_with_facts(
        &self,
        subjects: &[&ValueSubject],
        target: Option<&str>,
    ) -> Vec<ClaimRemark> {
        let (text, place) = (self.stated_text(), self.file_range());
        let ids = || subjects.iter().flat_map(|subject| &subject.facts);
        let everywhere: Vec<FactRef> =
            ids().flat_map(|id| self.index.facts_everywhere(id)).collect();
        let is_owned = target.is_some();
        let own: Vec<FactRef> = match target {
            Some(target) => ids().filter_map(|id| self.fact_of(id, target)).collect(),
            None => everywhere.clone(),
        };
        let agreeing: Vec<&FactRef> = own.iter().filter(|fact_ref| self.agrees(fact_ref)).collect();
        let is_name = !matches!(subjects[0].kind, SubjectKind::Count | SubjectKind::Seconds);
        if let [fact_ref, rest @ ..] = &agreeing[..] {
            if target.is_none() && !is_name && !rest.is_empty() {
                return Vec::new();
            }
            return vec![self.agreeing_remark(fact_ref)];
        }
        let [subject] = subjects else { return Vec::new() };
        let Some(target) = target
            .or_else(|| self.slip_target(subject, &everywhere))
            .or_else(|| self.index.sole_candidate().filter(|_| self.is_of_both(subject.kind)))
            .or_else(|| {
                let is_told = self.sentence.text.split_whitespace().nth(3).is_some();
                same_rights_everywhere(&everywhere).filter(|_| is_told)
            })
        else {
            return Vec::new();
        };
        let own: Vec<FactRef> =
            own.into_iter().filter(|one| one.target == target || is_owned).collect();
        if !self.sentence.is_plain_at(self.stated_quantity().range.end) {
            return Vec::new();
        }
        let Some(fact_ref) = own.first() else {
            return self.missing_remark(subject, target).into_iter().collect();
        };
        if subject
            .doubt
            .as_ref()
            .is_some_and(|doubt| doubt.is_match(&self.sentence.labelled_text()))
        {
            return Vec::new();
        }
        let swapped = subject.kind != SubjectKind::Mask
            && everywhere.iter().any(|fact_ref| self.agrees(fact_ref));
        let is_cell = self.sentence.cell_labels().is_some();
        // “The VM's own kernel is 6.1.0-40-amd64 and runc has it too”
        let outside = self.index.resolver.find_mentions(self.sentence.text).into_iter();
        let outside = outside.filter_map(|one| self.index.role_of(&one.target?));
        let is_of_candidate = self.index.role_of(target) == Some(Role::Candidate);
        let is_shared = subject.kind == SubjectKind::Version
            && is_of_candidate
            && !is_cell
            && outside.into_iter().any(|role| role != Role::Candidate);
        let is_excused = if swapped {
            is_shared && !self.is_exchanged(fact_ref)
                || !(is_cell
                    || self.has_label()
                    || is_name && self.is_linked()
                    || self.is_exchanged(fact_ref))
        } else {
            self.is_explained(subject.kind, fact_ref)
        };
        if is_excused || !own.iter().all(|fact_ref| self.clashes(fact_ref)) {
            return Vec::new();
        }
        let found = match (subject.kind, amount_of(fact_ref)) {
            (SubjectKind::Size, Some(size)) => {
                format!("{:.2} GB ({:.2} GiB)", size / 1e9, size / 1024_f64.powi(3))
            }
            (SubjectKind::Address, _) => known_addresses(fact_ref),
            (SubjectKind::Samples, _) => {
                format!("n = {}", known_number(fact_ref).unwrap_or_default())
            }
            // dd calls both units GB.
            (_, Some(rate)) => {
                format!("{:.1} GB/s ({:.1} GiB/s)", rate / 1e9, rate / 1024_f64.powi(3))
            }
            _ => self.named_figure(fact_ref).unwrap_or_else(|| fact_ref.shown_value()),
        };
        let is_count = subject.kind == SubjectKind::Count;
        let elsewhere = is_count.then(|| self.find_elsewhere(&subject.facts)).flatten();
        let shown = elsewhere.as_ref().map(|(id, target)| {
            format!("{} ({})", self.index.fact_title(id), self.index.reader_name(target))
        });
        let shown = shown.as_deref();
        let mut result =
            ClaimRemark::contradicted_by(self.index, place, text, fact_ref, &found, shown);
        if let Some((id, target)) = &elsewhere {
            result = result.resting_on_fact(id, target);
        }
        let misnamed = self.is_misnamed(fact_ref).then(|| self.misnamed_remark(fact_ref.target));
        [Some(result), misnamed].into_iter().flatten().collect()
    }

    /// Of a value without an owner the target whose value it is a slip of: one part of a name
    /// differs, or two digits of a count are exchanged.
    fn slip_target(&self, subject: &ValueSubject, all: &[FactRef<'a>]) -> Option<&'a str> {
        let stated = self.stated_text();
        let least = match subject.kind {
            SubjectKind::Count => {
                let mut slips = all.iter().filter(|one| {
                    quantity::find_slip(stated, &one.shown_value()) == Some(DigitSlip::Exchanged)
                });
                let slip = slips.next().filter(|_| stated.len() >= 3)?;
                return slips.next().is_none().then_some(slip.target);
            }
            SubjectKind::Version => 4,
            SubjectKind::Processor => 3,
            _ => return None,
        };
        let mut slips = all.iter().filter(|one| {
            let known = one.fact.as_str().unwrap_or_default();
            known.split(' ').any(|known| quantity::find_slip(stated, known).is_some())
        });
        if let (Some(slip), None) = (slips.next(), slips.next()) {
            return Some(slip.target);
        }
        let parts = |text: &str| -> Vec<String> {
            let text = hyphenate_model(text);
            let parts = text.split(|c: char| !c.is_alphanumeric());
            parts.filter(|part| !part.is_empty()).map(String::from).collect()
        };
        let stated = parts(self.stated_text());
        let is_slip = |known: &[String]| {
            stated.iter().zip(known).filter(|(one, other)| one != other).count() == 1
        };
        let slips = all.iter().find(|fact_ref| {
            let known = parts(fact_ref.fact.as_str().unwrap_or_default());
            stated.len() >= least && known.windows(stated.len()).any(is_slip)
        });
        slips.map(|fact_ref| fact_ref.target)
    }

    /// Whether a sentence that names no target speaks of all; “both” of times are two tries.
    fn is_of_both(&self, kind: SubjectKind) -> bool {
        let words = self.sentence.text.split(|c: char| !c.is_alphanumeric());
        let mut words = words.map(str::to_lowercase);
        self.sentence.cell_labels().is_none()
            && !matches!(kind, SubjectKind::Seconds | SubjectKind::Rate)
            && words.any(|word| ["both", "beide", "beiden"].contains(&word.as_str()))
            && self.index.resolver.find_mentions(self.sentence.text).is_empty()
    }

    /// Whether a verb links the value to what the words before it name: “the guest's CPU is a”.
    fn is_linked(&self) -> bool {
        let lower = self.before().to_lowercase();
        let mut words = lower.split_whitespace().rev();
        let article =
            |word: &&str| ["a", "an", "the", "my", "ein", "un", "amd", "intel"].contains(word);
        words
            .find(|word| !article(word))
            .is_some_and(|word| LINKS.contains(&word) && word != "of" || SHOWING.contains(&word))
    }

    /// Whether another value of the sentence is this target's, and this one the other's.
    fn is_exchanged(&self, fact_ref: &FactRef) -> bool {
        let mut others = (0..self.all.len()).map(|number| Self { number, ..*self });
        others.any(|other| {
            let owner = || other.find_target(&other.find_subjects());
            let theirs = || owner().and_then(|owner| self.fact_of(fact_ref.id, &owner));
            other.agrees(fact_ref) && theirs().is_some_and(|theirs| self.agrees(&theirs))
        })
    }

    /// A fact of a target; what depends on the kernel alone is the same on the host and under
    /// runc, whichever of them it was captured on.
    fn fact_of(&self, id: &str, target: &str) -> Option<FactRef<'a>> {
        const OF_KERNEL: &[&str] = &["kernel.release", "kernel.sys_module", "cpu.model"];
        self.index.fact_on_target(id, target).or_else(|| {
            let runc = self.index.resolver.named_target("runc");
            let host = self.index.target_with_role(Role::Host);
            let other = match target {
                target if Some(target) == runc => host,
                target if Some(target) == host => runc,
                _ => None,
            };
            let other = other.filter(|_| OF_KERNEL.contains(&id))?;
            self.index.fact_on_target(id, other)
        })
    }

    fn agreeing_remark(&self, fact_ref: &FactRef) -> ClaimRemark {
        if self.is_misnamed(fact_ref) {
            return self.misnamed_remark(fact_ref.target);
        }
        let known = fact_ref.fact.as_i64().filter(|_| fact_ref.id == "app.health_status");
        if let Some(status) = known.filter(|status| !(200..300).contains(status))
            && self.sentence.is_plain
            && !self.vocabulary.words.asked_again.is_match(self.sentence.surrounding_text())
        {
            let message = ClaimHealthNotDemanded { status: &format!("{status:03}") };
            return ClaimRemark::violates_rule(message, ClaimStatus::Supported, self.file_range())
                .resting_on_fact(fact_ref.id, fact_ref.target);
        }
        let result = ClaimRemark::supported_claim(self.file_range())
            .resting_on_fact(fact_ref.id, fact_ref.target);
        let shown = match &self.stated_quantity().value {
            StatedValue::Address(_) => Some(known_addresses(fact_ref)),
            _ => self.agreeing_figure(fact_ref),
        };
        ClaimRemark { shown, ..result }
    }

    /// The figure of a series that a duration agrees with, in words.
    fn agreeing_figure(&self, fact_ref: &FactRef) -> Option<String> {
        let seconds = self.in_seconds()?;
        let figures = self.index.known_figures(fact_ref);
        let wanted = self.figures_named();
        let figure = figures.all.iter().find(|figure| {
            is_wanted(figure, &wanted) && self.stated_quantity().agrees_with(seconds, figure.value)
        })?;
        let shown = crate::report::format_measured(figure.value, SampleUnit::Seconds);
        let single = fact_ref.fact.as_series().is_some_and(|samples| samples.values.len() == 1);
        Some(if single { shown } else { format!("{} {shown}", figure.name) })
    }

    /// The figure of a series that the words name, where they name one: “max 2.11 s of 5”.
    fn named_figure(&self, fact_ref: &FactRef) -> Option<String> {
        let samples = fact_ref.fact.as_series().filter(|samples| samples.values.len() > 1)?;
        let [name] = self.figures_named()[..] else { return None };
        let figures = self.index.known_figures(fact_ref);
        let figure = figures.all.iter().find(|figure| figure.name == name)?;
        let shown = crate::report::format_measured(figure.value, samples.unit);
        Some(format!("{name} {shown} of {}", samples.values.len()))
    }

    fn agrees(&self, fact_ref: &FactRef) -> bool {
        let quantity = self.stated_quantity();
        if self.in_seconds().is_some() {
            return self.agreeing_figure(fact_ref).is_some();
        }
        let text = fact_ref.fact.as_str().unwrap_or_default();
        match &quantity.value {
            StatedValue::Number(number, second) => known_number(fact_ref).is_some_and(|truth| {
                let readings = [Some(*number), *second];
                readings.into_iter().flatten().any(|stated| quantity.agrees_with(stated, truth))
            }),
            StatedValue::Rate(one, other) | StatedValue::Bytes(one, other) => amount_of(fact_ref)
                .is_some_and(|truth| {
                    let near =
                        |stated: f64| (stated - truth).abs() <= quantity.half.max(truth * 0.03);
                    near(*one) || near(*other)
                }),
            StatedValue::Range(Some((low, high))) => {
                let figures = self.index.known_figures(fact_ref);
                figures.all.iter().any(|one| (low * 0.97..=high * 1.03).contains(&one.value))
            }
            StatedValue::Mask(mask) => {
                text.trim_start_matches("0x").trim_start_matches('0')
                    == mask.trim_start_matches('0')
            }
            StatedValue::Version(version) => is_version_prefix(text, version),
            StatedValue::Commit(commit) => text.eq_ignore_ascii_case(commit),
            StatedValue::Processor(name) => {
                let vendor = VENDORS.iter().find(|vendor| vendor.0 == name);
                let name = vendor.map_or_else(|| hyphenate_model(name), |one| one.1.into());
                is_within(&hyphenate_model(text), &name)
            }
            StatedValue::Address(address) => {
                interface_addresses(fact_ref).any(|known| known.split('/').next() == Some(address))
            }
            _ => false,
        }
    }

    /// Whether a fact says for certain something else than the value.
    fn clashes(&self, fact_ref: &FactRef) -> bool {
        let quantity = self.stated_quantity();
        if let Some(seconds) = self.in_seconds() {
            return self.clashes_in_time(fact_ref, seconds);
        }
        let text = fact_ref.fact.as_str().unwrap_or_default();
        match &quantity.value {
            StatedValue::Number(number, second) => known_number(fact_ref).is_some_and(|truth| {
                let readings = [Some(*number), *second];
                readings.into_iter().flatten().all(|stated| quantity.clashes_with(stated, truth))
            }),
            StatedValue::Rate(one, other) | StatedValue::Bytes(one, other) => amount_of(fact_ref)
                .is_some_and(|truth| {
                    // The kernel keeps some of the memory.
                    let share = if fact_ref.id == MEMORY { 0.2 } else { 0.06 };
                    let far = |stated: f64| (stated - truth).abs() > truth * share;
                    quantity.hedge == ValueHedge::Exact && far(*one) && far(*other)
                }),
            StatedValue::Range(Some(_)) => {
                !self.index.known_figures(fact_ref).all.is_empty() && !self.agrees(fact_ref)
            }
            StatedValue::Version(version) => !text.is_empty() && !is_version_prefix(version, text),
            StatedValue::Address(address) => {
                // Public addresses are pseudonyms in the evidence.
                let private = ["10.", "192.168.", "172."];
                private.iter().any(|start| address.starts_with(start))
                    && !known_addresses(fact_ref).is_empty()
            }
            StatedValue::Mask(_) | StatedValue::Commit(_) | StatedValue::Processor(_) => {
                !text.is_empty()
            }
            _ => false,
        }
    }

    fn clashes_in_time(&self, fact_ref: &FactRef, seconds: f64) -> bool {
        let figures = self.index.known_figures(fact_ref);
        let quantity = self.stated_quantity();
        let wanted = self.figures_named();
        // A single time is copied and not computed: it differs by a slip or not at all.
        let single = fact_ref.fact.as_series().is_some_and(|samples| samples.values.len() == 1);
        let is_copied = single || wanted == ["min"] || wanted == ["max"];
        let margin = if is_copied || self.is_sample_misnamed(fact_ref) { 0.005 } else { 0.02 };
        let far = |figure: &&KnownFigure| {
            let distance = (seconds - figure.value).abs();
            quantity.clashes_with(seconds, figure.value)
                && distance > (margin * figure.value).max(2.0 * quantity.half)
        };
        let (low, high) = figures.all.iter().fold((f64::MAX, f64::MIN), |(low, high), figure| {
            (low.min(figure.value), high.max(figure.value))
        });
        let outside = seconds + quantity.half < low * (1.0 - margin)
            || seconds - quantity.half > high * (1.0 + margin);
        let is_named = !wanted.is_empty() || self.is_numbered_run();
        (outside || is_named)
            && !figures.all.is_empty()
            && figures
                .all
                .iter()
                .filter(|figure| is_wanted(figure, &wanted))
                .all(|figure| far(&figure))
    }

    /// Whether a sample of a series is called its median, or one figure by the name of another.
    fn is_sample_misnamed(&self, fact_ref: &FactRef) -> bool {
        let figures = self.index.known_figures(fact_ref);
        let is_known = |seconds: f64| {
            figures
                .all
                .iter()
                .any(|figure| self.stated_quantity().agrees_with(seconds, figure.value))
        };
        self.figures_named().len() == 1 && self.in_seconds().is_some_and(is_known)
    }

    /// Whether the row says which of several runs it is.
    fn is_numbered_run(&self) -> bool {
        self.sentence.cell_labels().is_some_and(|(row, _)| {
            let word = row.to_lowercase().replace(':', " ");
            let rest = word.trim_start_matches(|c: char| !c.is_ascii_digit());
            let name = word[..word.len() - rest.len()].replace(['#', '.'], " ");
            let names = ["run", "trial", "attempt", "sample", "start", "no", "n", "essai", "lauf"];
            name.split_whitespace().all(|word| names.contains(&word))
                && !rest.is_empty()
                && rest.trim_end_matches('.').parse::<u32>().is_ok()
        })
    }

    /// Whether something else in the evidence or in the report can be what is stated.
    fn is_explained(&self, kind: SubjectKind, fact_ref: &FactRef) -> bool {
        let text = self.stated_text();
        // The right value stands next to it: then the other is part of the story.
        let others = (0..self.all.len()).map(|number| Self { number, ..*self });
        let is_of_other = |one: &Self| {
            let target = one.find_target(&one.find_subjects());
            target.is_some_and(|target| target != fact_ref.target)
        };
        let form = |one: &Self| std::mem::discriminant(&one.stated_quantity().value);
        let is_right = |one: &Self| form(one) == form(self) && one.agrees(fact_ref);
        let mut right = others.filter(is_right).map(|one| !is_of_other(&one));
        match kind {
            SubjectKind::Count | SubjectKind::Samples => {
                right.any(|is_own| is_own) || self.is_between_captured(fact_ref.id)
            }
            SubjectKind::Mask => {
                let known = self.index.subject.run.facts.iter();
                let others = known.filter(|(id, _)| id.contains("cap_"));
                others
                    .filter_map(|(id, _)| self.index.fact_on_target(id, fact_ref.target))
                    .any(|other| other.id != fact_ref.id && self.agrees(&other))
            }
            SubjectKind::Seconds => {
                if self.is_sample_misnamed(fact_ref) {
                    return false;
                }
                let raw = self.raw_number().filter(|raw| raw.fract() != 0.0);
                let mut readings = [self.in_seconds(), raw].into_iter().flatten();
                readings.any(|number| self.index.is_number_captured(number))
            }
            // A whole number stands somewhere in any evidence.
            SubjectKind::Rate | SubjectKind::Size => self
                .raw_number()
                .filter(|raw| kind == SubjectKind::Size || raw.fract() != 0.0)
                .is_some_and(|raw| self.index.is_number_captured(raw)),
            SubjectKind::Status => {
                let status = fact_ref.fact.as_i64().unwrap_or_default();
                self.sentence.surrounding_text().contains(&format!("{status:03}"))
            }
            _ => {
                let own = fact_ref.fact.as_str().unwrap_or("\0");
                self.index.is_captured(text.trim_start_matches(['v', 'V']))
                    || self.sentence.surrounding_text().contains(own) && right.all(|is_own| is_own)
            }
        }
    }

    /// Whether a count is the difference of two that were captured: “that leaves 364 entries”.
    fn is_between_captured(&self, id: &str) -> bool {
        let StatedValue::Number(stated, _) = self.stated_quantity().value else { return false };
        let all = self.index.facts_everywhere(id);
        let counts: Vec<f64> = all.iter().filter_map(FactRef::item_count).collect();
        stated > 0.0 && counts.iter().any(|one| counts.contains(&(one - stated)))
    }

    /// A value about a target of which nothing was captured.
    fn missing_remark(&self, subject: &ValueSubject, target: &str) -> Option<ClaimRemark> {
        let id = &subject.facts[0];
        if matches!(self.stated_quantity().value, StatedValue::Range(_)) {
            return None;
        }
        let was_not_seen = self.index.was_not_seen(id, target);
        let text = self.stated_text();
        let is_figure = match subject.kind {
            // A list may stand in a file of which it is not clear whose it is.
            SubjectKind::Count => id != "dev.entries" || was_not_seen,
            SubjectKind::Seconds | SubjectKind::Rate | SubjectKind::Size => true,
            SubjectKind::Version => was_not_seen && id == "kernel.release",
            SubjectKind::Processor => VENDORS.iter().any(|vendor| vendor.0 == text),
            _ => false,
        };
        // A file that was not read may hold the samples of it.
        let half = self.stated_quantity().half;
        let is_rounded = self.in_seconds().filter(|_| self.stated_quantity().digits > 1);
        let is_rounded = is_rounded.is_some_and(|seconds| {
            let near = |scale: f64| {
                self.index.holds_between((seconds - half) * scale, (seconds + half) * scale)
            };
            near(1.0) || near(1000.0)
        });
        let is_captured = match self.stated_quantity().value {
            StatedValue::Bytes(one, other) => {
                self.index.holds_between(one * 0.9 / 1024.0, other * 1.1 / 1000.0)
            }
            _ => {
                self.index.is_captured(text)
                    || self.raw_number().is_some_and(|raw| self.index.is_number_captured(raw))
                    || is_rounded
            }
        };
        let is_known =
            self.index.missing_reason(id, target).is_some() || subject.kind == SubjectKind::Rate;
        let is_of_host = self.index.role_of(target) == Some(Role::Host);
        let expected = is_known && (!is_of_host || subject.kind == SubjectKind::Count);
        let lower = self.sentence.text.to_lowercase();
        let is_of_failure = ["error", "failed", "failure"].iter().any(|word| lower.contains(word));
        let failed = is_of_failure || self.vocabulary.words.not_run.is_match(self.sentence.text);
        let is_vague = match self.stated_quantity().hedge {
            ValueHedge::Exact => false,
            ValueHedge::Under => matches!(subject.kind, SubjectKind::Count | SubjectKind::Seconds),
            _ => subject.kind == SubjectKind::Count,
        };
        // A column `runc` often holds what was counted on the host.
        let is_of_other = subject
            .facts
            .iter()
            .any(|id| self.index.facts_everywhere(id).iter().any(|fact_ref| self.agrees(fact_ref)));
        (is_figure
            && expected
            && (was_not_seen || !is_captured)
            && !failed
            && !is_vague
            && !is_of_other)
            .then(|| ClaimRemark::without_evidence(self.index, self.file_range(), text, id, target))
    }

    /// Where else in the evidence a count occurs.
    fn find_elsewhere(&self, but: &[String]) -> Option<(String, String)> {
        let StatedValue::Number(stated, _) = self.stated_quantity().value else { return None };
        COUNTS.iter().filter(|id| !but.iter().any(|other| other == *id)).find_map(|id| {
            let all = self.index.facts_everywhere(id);
            let fact_ref =
                all.into_iter().find(|fact_ref| fact_ref.item_count() == Some(stated))?;
            (stated >= 20.0).then(|| (fact_ref.id.to_string(), fact_ref.target.to_string()))
        })
    }

    /// Whether entries of `/proc` are called processes.
    fn is_misnamed(&self, fact_ref: &FactRef) -> bool {
        let after = self.after().to_lowercase();
        fact_ref.id == "proc.entries"
            && matches!(self.stated_quantity().value, StatedValue::Number(..))
            && after.split_whitespace().take(3).any(|noun| noun.starts_with("process"))
            && !after.contains("entr")
    }

    fn misnamed_remark(&self, target: &str) -> ClaimRemark {
        const ENTRIES: FactId = fact_ids::PROC_ENTRIES;
        const PIDS: FactId = fact_ids::PROC_PIDS;
        let shown = |id: FactId| {
            self.index.fact_on_target(&id, target).map(|fact_ref| fact_ref.shown_value())
        };
        let pids = shown(PIDS);
        let message = ClaimEntriesCalledProcesses {
            found: &shown(ENTRIES).unwrap_or_default(),
            target: &self.index.reader_name(target),
            pids: pids.as_deref(),
        };
        let result = ClaimRemark::violates_rule(message, ClaimStatus::Misworded, self.file_range())
            .resting_on_fact(&ENTRIES, target);
        if pids.is_some() { result.resting_on_fact(&PIDS, target) } else { result }
    }

    /// “Fastest and slowest: 1.89 s and 1.94 s”: the figure whose name has the place among the names
    /// that the value has among the values.
    fn figure_in_order(&self) -> Option<&'static str> {
        let figures = &self.vocabulary.words.figures;
        let is_timed = |one: &StatedQuantity| matches!(one.value, StatedValue::Seconds(_));
        let first = self.all.iter().find(|one| is_timed(one))?.range.start;
        let (before, after) = self.sentence.text.split_at(first);
        let kinds = [
            ("mean", &figures.mean),
            ("median", &figures.median),
            ("min", &figures.min),
            ("max", &figures.max),
        ];
        let mut named: Vec<(usize, &'static str)> = Vec::new();
        for (name, pattern) in kinds {
            named.extend(pattern.find_iter(before).map(|found| (found.start(), name)));
            if pattern.is_match(after) {
                return None;
            }
        }
        named.sort_unstable();
        let place = self.all[..self.number].iter().filter(|one| is_timed(one)).count();
        let is_paired = named.len() > 1
            && self.all.iter().all(is_timed)
            && self.all.len() == named.len()
            && self.sentence.cell_labels().is_none();
        is_paired.then(|| named[place].1)
    }

    /// The names of figures that the words since the last value give, or the row and the column.
    fn figures_named(&self) -> Vec<&'static str> {
        let figures = &self.vocabulary.words.figures;
        let rest = &self.sentence.text[self.stated_quantity().range.end..];
        let inside = rest.trim_start().strip_prefix('(').and_then(|rest| rest.split(')').next());
        let named = |text: &str| {
            let kinds = [
                ("mean", &figures.mean),
                ("median", &figures.median),
                ("min", &figures.min),
                ("max", &figures.max),
            ];
            let found = kinds.into_iter().filter(|(_, pattern)| pattern.is_match(text));
            found.map(|kind| kind.0).collect::<Vec<_>>()
        };
        if let Some(name) = self.figure_in_order() {
            return vec![name];
        }
        // “2.0 s at best and 2.2 s at worst”
        let after = self.after().trim_start().to_lowercase();
        if after.starts_with("at ") && !named(&after).is_empty() {
            return named(&after);
        }
        let mut found = named(self.before());
        found.extend(named(inside.unwrap_or_default()));
        if found.is_empty() && after.starts_with("in the ") {
            found = named(&after);
        }
        if let (true, Some((row, column))) = (found.is_empty(), self.sentence.cell_labels()) {
            found = named(row);
            found.extend(named(column));
        }
        // “The medians are 0.57 s for runc and 1.8 s for Kata”
        if let (true, Some(number), None) =
            (found.is_empty(), self.number.checked_sub(1), self.sentence.cell_labels())
            && self.before().split_whitespace().count() <= 4
        {
            return Self { number, ..*self }.figures_named();
        }
        found
    }
}

/// What is counted.
const COUNTS: &[&str] =
    &["kernel.sys_module", "proc.entries", "proc.pids", "dev.entries", "kernel.modules_loaded"];

/// The most samples that a row of a table is looked through for.
const MAX_LISTED: usize = 20;

/// What processors call their vendor, and what their models do.
const VENDORS: &[(&str, &str)] = &[("GenuineIntel", "intel"), ("AuthenticAMD", "amd")];

/// A target where all have the same capabilities.
fn same_rights_everywhere<'a>(all: &[FactRef<'a>]) -> Option<&'a str> {
    let first = all.first().filter(|one| one.id.starts_with("priv."))?;
    let is_alike = all.len() > 1 && all.iter().all(|one| one.fact.as_str() == first.fact.as_str());
    is_alike.then_some(first.target)
}

/// The least and the most by which two facts can be said to differ.
fn difference_of(index: &EvidenceIndex, one: &FactRef, other: &FactRef) -> Option<(f64, f64)> {
    let bounds = |fact_ref: &FactRef| -> Option<(f64, f64)> {
        let all = &index.known_figures(fact_ref).all;
        let values = || all.iter().map(|figure| figure.value).chain(fact_ref.item_count());
        Some((values().reduce(f64::min)?, values().reduce(f64::max)?))
    };
    let ((a, b), (c, d)) = (bounds(one)?, bounds(other)?);
    let (low, high) = if b - c >= d - a { (a - d, b - c) } else { (c - b, d - a) };
    Some((low.max(0.0), high))
}

/// Whether two values and no other stand in a sentence.
fn pair_of(all: &[StatedQuantity]) -> bool {
    let form = |number: usize| std::mem::discriminant(&all[number].value);
    all.len() == 2 && form(0) == form(1)
}

/// Whether words stand right after a value, with two others between at most.
pub(super) fn stand_right_after(words: &regex::Regex, after: &str) -> bool {
    words.find_iter(after).next().is_some_and(|found| {
        let between = &after[..found.start()];
        let letter = |c: char| c.is_alphanumeric() || c == '_';
        between.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count() <= 2
            && !between.contains([':', '.'])
            && !between.ends_with(letter)
            && !after[found.end()..].starts_with(letter)
    })
}

/// Whether the words before a value label it: “/proc entries on the host: ”.
fn is_labelled(subject: &ValueSubject, before: &str) -> bool {
    let Some(label) = subject.words.find_iter(before).last() else { return false };
    let between = before[label.start()..].trim_end_matches([' ', '*', '`']);
    let last = between.split_whitespace().last().unwrap_or_default().to_lowercase();
    between.contains([':', '=', '(', '→', '|']) || LINKS.contains(&last.as_str())
}

/// What stands between a label and its value.
const LINKS: &[&str] = &[
    "is", "are", "was", "were", "of", "shows", "gives", "returns", "prints", "has", "have", "had",
    "ist", "sind", "hat", "den",
];

/// What a target does that shows a name.
const SHOWING: &[&str] = &[
    "got", "get", "gets", "gave", "see", "sees", "saw", "prints", "printed", "reports", "reported",
    "showing", "showed", "show", "runs", "running", "uses", "zeigt", "meldet", "läuft", "muestra",
    "affiche",
];

/// Whether no noun follows a value: it is the whole of what its label announces.
fn is_bare(after: &str) -> bool {
    let first = after.split_whitespace().next().unwrap_or_default().to_lowercase();
    let goes_on = [
        "vs", "vs.", "versus", "and", "on", "in", "for", "under", "against", "while", "but", "auf",
        "im", "und", "gegen", "y", "et", "contra", "contre",
    ];
    !first.starts_with(char::is_alphabetic) || goes_on.contains(&first.as_str())
}

fn is_wanted(figure: &KnownFigure, wanted: &[&str]) -> bool {
    wanted.is_empty()
        || wanted.contains(&figure.name)
        || figure.name == "sample" && wanted.len() > 1
        || figure.name == "median" && wanted == ["mean"]
}

/// The number of a count, of the items of a list, of samples, or a status.
fn known_number(fact_ref: &FactRef) -> Option<f64> {
    #[allow(clippy::cast_precision_loss, reason = "no series has 2^52 samples")]
    let samples = fact_ref.fact.as_series().map(|samples| samples.values.len() as f64);
    let stated = || fact_ref.fact.as_value()?.get("n")?.as_f64();
    samples.or_else(stated).or_else(|| fact_ref.item_count())
}

const MEMORY: &str = "mem.total_kb";

/// Bytes of memory, or bytes in a second of what dd printed.
pub(super) fn amount_of(fact_ref: &FactRef) -> Option<f64> {
    let value = fact_ref.fact.as_value()?;
    if fact_ref.id == MEMORY {
        return Some(value.as_f64()? * 1024.0);
    }
    let rate = value.get("bytes")?.as_f64()? / value.get("seconds")?.as_f64()?;
    rate.is_finite().then_some(rate)
}

fn hyphenate_model(text: &str) -> String {
    text.to_lowercase().replace("(r)", "").replace("(tm)", "").replace(' ', "-")
}

pub(super) fn interface_addresses<'a>(fact_ref: &FactRef<'a>) -> impl Iterator<Item = &'a str> {
    let items = fact_ref.fact.as_value().and_then(|value| value.as_array());
    let of = |item: &'a serde_json::Value| {
        item.get("ipv4").and_then(|list| list.as_array()).into_iter().flatten()
    };
    items.into_iter().flatten().flat_map(of).filter_map(|address| address.as_str())
}

/// The addresses of interfaces, but for those that every machine has.
fn known_addresses(fact_ref: &FactRef) -> String {
    let known = interface_addresses(fact_ref).filter(|known| !known.starts_with("127."));
    known.collect::<Vec<_>>().join(", ")
}

/// Whether `version` is `known`, or its beginning up to a dot or dash.
fn is_version_prefix(known: &str, version: &str) -> bool {
    known
        .strip_prefix(version)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '+', '_']))
}

/// Whether `part` stands in `text` with no letter or digit beside it.
fn is_within(text: &str, part: &str) -> bool {
    text.match_indices(part).any(|(at, _)| {
        let letter = |c: char| c.is_alphanumeric();
        !text[..at].ends_with(letter) && !text[at + part.len()..].starts_with(letter)
    })
}

/// The conclusion of a sentence from the latency of a service that was not well.
pub(super) fn latency_of_errors(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    let baseline = index.target_with_role(Role::Baseline)?;
    let status = index.fact_on_target("app.health_status", baseline)?.fact.as_i64()?;
    let fact_ref = index
        .fact_on_target("http.latency", baseline)
        .or_else(|| index.fact_on_target("http.latency_reported", baseline))?;
    let is_known = vocabulary.words.of_errors.is_match(sentence.surrounding_text());
    // A check that came too early says nothing about the responses that were timed.
    let mean = fact_ref.fact.as_value().and_then(|value| value.get("avg")?.as_f64());
    let timed = fact_ref.fact.as_series().map(|samples| &samples.values[..]);
    let was_early = was_checked_early(status, timed.unwrap_or(mean.as_slice()));
    if (200..300).contains(&status) || was_early || !sentence.is_plain || is_known {
        return None;
    }
    let whole = sentence.file_range(&(0..sentence.text.len()));
    let message = ClaimLatencyOfErrors { status };
    Some(
        ClaimRemark::violates_rule(message, ClaimStatus::Unsupported, whole)
            .resting_on_fact(fact_ref.id, fact_ref.target)
            .resting_on_fact("app.health_status", baseline),
    )
}
