//! A value of a sentence or cell, with the words around it.

use std::ops::Range;

use super::evidence_index::EvidenceIndex;
use super::passages::PassageForm;
use super::quantity::{self, StatedQuantity, StatedValue};
use super::sentence::ReportSentence;
use super::target_resolver::listed_target;
use super::words::{ClaimVocabulary, SubjectKind, ValueSubject};

/// A value with what stands around it.
#[derive(Clone, Copy)]
pub(super) struct ValuePlace<'a> {
    /// The evidence.
    pub index: &'a EvidenceIndex<'a>,
    /// The words by which it is read.
    pub vocabulary: &'a ClaimVocabulary,
    /// Where it stands.
    pub sentence: &'a ReportSentence<'a>,
    /// All values of the sentence.
    pub all: &'a [StatedQuantity],
    /// Its place among them.
    pub number: usize,
}

impl<'a> ValuePlace<'a> {
    /// The value.
    pub(super) fn stated_quantity(&self) -> &'a StatedQuantity {
        &self.all[self.number]
    }

    /// The value as it is written.
    pub(super) fn stated_text(&self) -> &'a str {
        &self.sentence.text[self.stated_quantity().range.clone()]
    }

    /// Where it stands in the file.
    pub(super) fn file_range(&self) -> Range<usize> {
        self.sentence.file_range(&self.stated_quantity().range)
    }

    /// The words since the value before.
    pub(super) fn text_before_value(&self) -> &'a str {
        let from = self.number.checked_sub(1).map_or(0, |before| self.all[before].range.end);
        let text = &self.sentence.text[from..self.stated_quantity().range.start];
        &text[text.rfind([';', '|']).map_or(0, |at| at + 1)..]
    }

    /// The few words after the value, up to the next one or the end of the clause.
    pub(super) fn text_after_value(&self) -> &'a str {
        let text = self.sentence.text;
        let start = self.stated_quantity().range.end;
        let until = self.all.get(self.number + 1).map_or(text.len(), |next| next.range.start);
        let window = &text[start..until];
        let window =
            &window[..window.find([',', ';', ')', '(', '|', '\n']).unwrap_or(window.len())];
        window.match_indices(' ').nth(7).map_or(window, |(at, _)| &window[..at])
    }

    /// The duration that is stated.
    pub(super) fn in_seconds(&self) -> Option<f64> {
        match self.stated_quantity().value {
            StatedValue::Seconds(seconds) => Some(seconds),
            _ => None,
        }
    }

    /// The number as it stands, without its unit.
    pub(super) fn raw_number(&self) -> Option<f64> {
        let text = self.stated_text().trim_end_matches(|c: char| !c.is_ascii_digit());
        text.replace(',', ".").parse().ok()
    }

    /// The value in the unit that the row, the head of the column or the text above gives to a bare
    /// number.
    pub(super) fn in_unit_of_labels(&self) -> StatedQuantity {
        let own = self.stated_quantity().clone();
        let PassageForm::Cell { row, column, heads, .. } = &self.sentence.passage.form else {
            return own;
        };
        let StatedValue::Number(number, second) = own.value else { return own };
        // The number of requests in a column of milliseconds.
        let mut subjects = self.vocabulary.subjects.subject.iter();
        if subjects.any(|one| one.kind == SubjectKind::Samples && one.names_all_samples(row)) {
            return own;
        }
        let words = &self.vocabulary.words;
        let number = second.unwrap_or(number);
        let in_unit = |label: &str| {
            let label = label.trim_end_matches([':', ' ', '\u{a0}']);
            let inside = label.rsplit(['(', '[', ',']).next()?.trim().trim_end_matches([')', ']']);
            let inside = inside.rsplit(" in ").next()?.rsplit(" en ").next()?;
            let inside = inside.strip_prefix("in ").unwrap_or(inside);
            // A column `min` is the least and no minutes.
            let is_unit = !inside.eq_ignore_ascii_case("min");
            is_unit.then(|| quantity::number_with_unit(&own, number, inside, words)).flatten()
        };
        let is_fraction = self.stated_text().contains(['.', ',']);
        // `real` and `total` are columns of what `time` prints.
        let is_of_time = ["real", "total"].contains(&column.to_lowercase().trim());
        let in_seconds = || quantity::number_with_unit(&own, number, "s", words);
        let above = || self.sentence.topics.first().and_then(|topic| in_unit(topic));
        // “Max” next to “Mean start-up (s)”
        let of_neighbour = || heads.split(" | ").find_map(in_unit);
        let is_figure = self.names_of_figures(column).len() == 1;
        let labelled = in_unit(column)
            .or_else(|| in_unit(row))
            .or_else(|| in_seconds().filter(|_| is_of_time && is_fraction))
            .or_else(|| above().filter(|_| is_fraction))
            .or_else(|| of_neighbour().filter(|_| is_fraction && is_figure));
        labelled.unwrap_or(own)
    }

    /// The figures of a series that a text names.
    fn names_of_figures(&self, text: &str) -> Vec<&'static str> {
        let figures = &self.vocabulary.words.figures;
        let kinds = [
            ("mean", &figures.mean),
            ("median", &figures.median),
            ("min", &figures.min),
            ("max", &figures.max),
        ];
        kinds.into_iter().filter(|(_, words)| words.is_match(text)).map(|kind| kind.0).collect()
    }

    /// The figures of a series that the words since the last value name, or the row and the column.
    pub(super) fn figures_named(&self) -> Vec<&'static str> {
        if let Some(words) = self.words_behind_list() {
            let mut found = self.names_of_figures(words);
            if found.is_empty() {
                found.extend(self.names_of_figures(self.text_before_value()));
            }
            return found;
        }
        let behind = self.figures_named_behind();
        if !behind.is_empty() {
            return behind;
        }
        // “2.0 s at best and 2.2 s at worst”
        let after = self.text_after_value().trim_start();
        let words: usize = after.split_inclusive(' ').take(2).map(str::len).sum();
        let behind = self.names_of_figures(&after[..words]);
        if !behind.is_empty() && (after.starts_with("at ") || after.starts_with("on ")) {
            return behind;
        }
        let mut found = self.names_of_figures(self.text_before_value());
        let rest = &self.sentence.text[self.stated_quantity().range.end..];
        let inside = rest.trim_start().strip_prefix('(').and_then(|rest| rest.split(')').next());
        found.extend(self.names_of_figures(inside.unwrap_or_default()));
        if let (true, Some((row, column))) = (found.is_empty(), self.sentence.cell_labels()) {
            found = self.names_of_figures(row);
            found.extend(self.names_of_figures(column));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The figure whose name stands right after the value, where no name stands before the first
    /// value: “8.4 ms average, 5.9 ms minimum”.
    fn figures_named_behind(&self) -> Vec<&'static str> {
        let own = std::mem::discriminant(&self.stated_quantity().value);
        let first = self.all.iter().find(|one| std::mem::discriminant(&one.value) == own);
        let first = first.map_or(0, |first| first.range.start);
        let next = self.text_after_value().split_whitespace().next().unwrap_or_default();
        // `avg=4.0ms min=2.7ms`: the name is the label of what follows.
        let is_label = next.ends_with(['=', ':']);
        match self.names_of_figures(&self.sentence.text[..first])[..] {
            [] if !is_label => self.names_of_figures(next),
            _ => Vec::new(),
        }
    }

    /// Whether whose it is stands between it and the value before or after it: “gVisor 9.3 GB/s and
    /// Kata 3.1”, “17.9 GB/s for gVisor”.
    pub(super) fn is_named_beside(&self) -> bool {
        let named = |text| !self.index.resolver.find_mentions(text).is_empty();
        named(self.text_before_value())
            || self.named_owner().is_some() && named(self.text_after_value())
    }

    /// Whether it is one of a list of values with the list of their targets after it.
    pub(super) fn is_listed(&self) -> bool {
        self.words_behind_list().is_some()
    }

    /// The words between that list and that of the targets: “are the best ones of”.
    fn words_behind_list(&self) -> Option<&'a str> {
        let (text, resolver) = (self.sentence.text, &self.index.resolver);
        let listed = listed_target(text, &resolver.find_mentions(text), self.all, self.number)?;
        Some(listed.1)
    }

    /// Whether a mark or a cell says that the value is what the words before it name.
    pub(super) fn has_label(&self) -> bool {
        let before = self.text_before_value().trim_end_matches([' ', '*', '`', '"', '(', '\t']);
        before.ends_with([':', '=', '→']) || self.is_whole_cell()
    }

    /// Whether the value is all that its cell holds, but for a word or two.
    pub(super) fn is_whole_cell(&self) -> bool {
        let others = self.sentence.text.split_whitespace().filter(|word| {
            word.len() > 1 && !self.stated_text().contains(word.trim_matches(['`', '*', '(', ')']))
        });
        // A model has a name of several words.
        let most =
            if matches!(self.stated_quantity().value, StatedValue::Processor(_)) { 6 } else { 2 };
        self.sentence.cell_labels().is_some() && self.all.len() <= 2 && others.count() <= most
    }

    /// Whether the columns next to the value's have the same of the same target: of two guests.
    pub(super) fn is_column_of_several(&self, subject: &ValueSubject) -> bool {
        let PassageForm::Cell { column, heads, .. } = &self.sentence.passage.form else {
            return false;
        };
        let resolver = &self.index.resolver;
        let own = (resolver.single_target(column), subject.words.is_match(column));
        let same = heads.split(" | ").filter(|head| {
            (resolver.single_target(head), subject.words.is_match(head)) == own
                && self.names_of_figures(head) == self.names_of_figures(column)
        });
        own.0.is_some() && same.count() > 1
    }

    /// Whether no noun follows the value: it is the whole of what its label announces.
    pub(super) fn is_bare(&self) -> bool {
        const GOES_ON: &[&str] = &[
            "vs", "vs.", "versus", "and", "on", "in", "for", "under", "against", "while", "but",
            "auf", "im", "und", "gegen", "y", "et", "contra", "contre",
        ];
        let first =
            self.text_after_value().split_whitespace().next().unwrap_or_default().to_lowercase();
        !first.starts_with(char::is_alphabetic) || GOES_ON.contains(&first.as_str())
    }

    /// Whether words around the value make it no value of one target.
    pub(super) fn is_excluded(&self) -> bool {
        let words = &self.vocabulary.words;
        let before = &self.sentence.text[..self.stated_quantity().from];
        // “slower by a factor of 3.9 (1.18 s)”
        let is_beside_ratio = self.number.checked_sub(1).is_some_and(|number| {
            let ratio = &self.all[number];
            let between = &self.sentence.text[ratio.range.end..self.stated_quantity().range.start];
            matches!(ratio.value, StatedValue::Times(_) | StatedValue::Percent(_))
                && between.contains('(')
                && !between.contains(char::is_alphabetic)
        });
        words.denial.is_match(before)
            || is_beside_ratio
            || words.difference.is_match(&self.sentence.text[self.stated_quantity().range.end..])
            || words.difference_before.is_match(before)
            || self.sentence.cell_labels().is_some_and(|(row, column)| {
                [row, column].iter().any(|label| words.apart.is_match(label))
            })
    }
}

/// Whether between a label and its value stand only marks and words that link the two.
pub(super) fn is_link(between: &str) -> bool {
    const LINKS: &[&str] = &[
        "is", "are", "was", "were", "of", "at", "a", "an", "the", "shows", "gives", "returns",
        "prints", "has", "have", "had", "about", "only", "time", "one", "run", "start", "request",
        "took", "under", "in", "on", "with", "for", "ist", "war", "von", "sind", "hat", "den",
        "bei", "es", "fue", "de", "est", "était", "takes", "take", "took", "came", "comes", "come",
        "to", "out", "as", "braucht", "dauert", "tarda", "prend",
    ];
    let mut words = between.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.all(|word| LINKS.contains(&word.to_lowercase().as_str())) && !between.contains([',', '.'])
}
