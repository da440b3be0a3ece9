//! Sentences: the pieces in which a report states something.

use std::borrow::Cow;
use std::ops::Range;

use super::passages::{PassageForm, ReportPassage};
use super::words::SentenceWords;
use crate::text::{beginning, end_of_text};

/// The most bytes of a sentence. A longer one is taken in pieces, each at least as sure of what it
/// is about as a sentence of its own: everything in it is looked at, and what it takes grows with
/// its length.
const MAX_SENTENCE: usize = 2000;

/// The most numbers of a sentence that is taken in one piece.
const MAX_NUMBERS: usize = 32;

/// How far around a sentence its passage is looked at.
const AROUND: usize = 4000;

/// A sentence of a passage.
#[derive(Debug, Clone)]
pub(crate) struct ReportSentence<'a> {
    /// The passage.
    pub passage: &'a ReportPassage,
    /// Where in the passage's text it stands.
    pub range: Range<usize>,
    /// Its words.
    pub text: &'a str,
    /// Whether it states something for certain: it neither asks nor expects, quotes or advises.
    pub is_plain: bool,
    /// Whether it states something, be it only expected.
    pub is_statement: bool,
    /// Where a verb makes what stands around it uncertain in one that were plain otherwise.
    modal: Option<usize>,
    /// Whether it asks, or is a task of the lab.
    pub asks: bool,
    /// What it is about if its own words do not say it, nearest first.
    pub topics: Vec<&'a str>,
}

impl<'a> ReportSentence<'a> {
    /// The range of the file that a range of the sentence came from.
    pub(crate) fn file_range(&self, range: &Range<usize>) -> Range<usize> {
        self.passage.file_range(&(self.range.start + range.start..self.range.start + range.end))
    }

    /// Whether what stands before a place is stated for certain: “it is 52, which may be few”.
    pub(crate) fn is_plain_at(&self, end: usize) -> bool {
        let is_apart =
            |at: usize| at > end && self.text[end..at].contains([',', ':', '(', '–', '—']);
        self.is_plain || self.modal.is_some_and(is_apart)
    }

    /// Whether what stands at a place is somebody else's words: between quotation marks.
    pub(crate) fn is_quoted_at(&self, at: usize) -> bool {
        let before = &self.text[..at];
        let is_open = |open, close| before.rfind(open) > before.rfind(close);
        is_open('“', '”')
            || is_open('«', '»')
            || before.matches('"').count() % 2 == 1 && self.text[at..].contains('"')
    }

    /// The words of the sentence; those of a cell with its row's and column's before them.
    pub(crate) fn labelled_text(&self) -> Cow<'a, str> {
        match &self.passage.form {
            PassageForm::Cell { row, column, .. } => {
                format!("{row} {column}: {}", self.text).into()
            }
            _ => self.text.into(),
        }
    }

    /// The row's and the column's words, if it is a cell.
    pub(crate) fn cell_labels(&self) -> Option<(&'a str, &'a str)> {
        match &self.passage.form {
            PassageForm::Cell { row, column, .. } => Some((row, column)),
            _ => None,
        }
    }

    /// What stands before the sentence in its passage.
    pub(crate) fn earlier_text(&self) -> &'a str {
        end_of_text(&self.passage.text[..self.range.start], AROUND)
    }

    /// The sentence with what stands before and after it in its passage.
    pub(crate) fn surrounding_text(&self) -> &'a str {
        let text = self.passage.text.as_str();
        let end = self.range.end + beginning(&text[self.range.end..], AROUND).len();
        &text[self.range.start - self.earlier_text().len()..end]
    }
}

/// The sentences of a passage that is not a block.
pub(crate) fn split_sentences<'a>(
    passage: &'a ReportPassage,
    words: &SentenceWords,
) -> Vec<ReportSentence<'a>> {
    let mut out: Vec<ReportSentence<'a>> = Vec::new();
    let ranges = match passage.form {
        PassageForm::Block => line_ranges(&passage.text),
        _ => sentence_ranges(&passage.text),
    };
    for whole in ranges {
        let text = &passage.text[whole.clone()];
        let start = text.trim_start_matches(|c: char| !c.is_alphanumeric());
        let asks = text.trim_end().ends_with('?') || words.demand.is_match(start);
        let may_state = !asks && !leads_unsurely(passage, words);
        let text =
            &words.sure.replace_all(text, |found: &regex::Captures| " ".repeat(found[0].len()));
        let is_sure = may_state && !words.unsure.is_match(text);
        let is_statement =
            may_state && !words.unsure.is_match(&words.foretold.replace_all(text, ""));
        let modal = words.modal.find(text).map(|found| found.start());
        let (is_plain, length) = (is_sure && modal.is_none(), text.len());
        for range in cut_pieces(&passage.text, whole) {
            let text = &passage.text[range.clone()];
            // What leads to the sentence: labels, tasks, and the sentence just before it.
            let before = out.iter().rev().take(2).map(|sentence| sentence.text);
            let topics = before.chain(passage.topics.iter().map(String::as_str)).collect();
            let modal = modal.filter(|_| is_sure && range.len() == length);
            out.push(ReportSentence {
                passage,
                range,
                text,
                is_plain,
                is_statement,
                modal,
                asks,
                topics,
            });
        }
    }
    out
}

/// Whether the row, the column, or the label or heading above makes what stands there no statement
/// of the author's: “Expected”, “Typical values from the documentation:”.
pub(super) fn leads_unsurely(passage: &ReportPassage, words: &SentenceWords) -> bool {
    let labels = match &passage.form {
        PassageForm::Cell { row, column, .. } => vec![row, column],
        _ => Vec::new(),
    };
    let above = passage.topics.first().filter(|topic| {
        topic.trim_end().ends_with(':') || topic.split_whitespace().nth(8).is_none()
    });
    labels.into_iter().chain(above).any(|label| {
        let label = words.sure.replace_all(label, "");
        words.unsure.is_match(&label) || words.modal.is_match(&label)
    })
}

/// The lines of a block, each without space at its ends.
pub(super) fn line_ranges(text: &str) -> Vec<Range<usize>> {
    let mut at = 0;
    let mut out = Vec::new();
    for line in text.split_inclusive('\n') {
        let lead = line.len() - line.trim_start().len();
        if !line.trim().is_empty() {
            out.push(at + lead..at + line.trim_end().len());
        }
        at += line.len();
    }
    out
}

/// A sentence in pieces of bounded length, cut at blanks where it has some.
fn cut_pieces(text: &str, sentence: Range<usize>) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut rest = sentence;
    loop {
        let piece = beginning(&text[rest.clone()], MAX_SENTENCE);
        let piece = &piece[..end_of_numbers(piece)];
        if piece.len() == rest.len() {
            out.push(rest);
            return out;
        }
        let end = piece.rfind(char::is_whitespace).filter(|&at| at > 0).unwrap_or(piece.len());
        out.push(rest.start..rest.start + end);
        rest.start += end;
    }
}

/// Where the number after the most that a piece has begins, or the end.
fn end_of_numbers(text: &str) -> usize {
    let is_digit = |at: usize| text.as_bytes()[at].is_ascii_digit();
    let mut starts = (0..text.len()).filter(|&at| is_digit(at) && (at == 0 || !is_digit(at - 1)));
    starts.nth(MAX_NUMBERS).unwrap_or(text.len())
}

/// Where sentences begin and end.
///
/// A line end ends one where the lines are not the parts of a wrapped paragraph: the line is
/// short, or very long and ended, or the next one begins anew.
fn sentence_ranges(text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut push = |start: usize, end: usize| {
        let piece = &text[start..end];
        let lead = piece.len() - piece.trim_start().len();
        if !piece.trim().is_empty() {
            out.push(start + lead..start + piece.trim_end().len());
        }
    };
    for (at, c) in text.char_indices() {
        let next = text[at + c.len_utf8()..].chars().next();
        let ends = match c {
            '\n' => ends_line(text, at),
            '.' => {
                next.is_none_or(char::is_whitespace)
                    && !is_abbreviation(&text[start..at])
                    && !is_german_date(&text[start..at], &text[at + 1..])
            }
            '!' | '?' | ';' => next.is_none_or(char::is_whitespace),
            // “(Some lines are left out.) The guest”
            ')' => {
                text[start..at].ends_with(['.', '!', '?'])
                    && next.is_some_and(char::is_whitespace)
                    && text[start..at].contains('(')
                    && !is_abbreviation(text[start..at].trim_end_matches('.'))
            }
            _ => false,
        };
        if ends {
            push(start, at + c.len_utf8());
            start = at + c.len_utf8();
        }
    }
    push(start, text.len());
    out
}

fn ends_line(text: &str, at: usize) -> bool {
    let line = text[..at].rsplit('\n').next().unwrap_or_default().trim();
    let next = text[at + 1..].trim_start();
    let length = line.chars().count();
    let is_wrapped = (55..=110).contains(&length)
        && !line.ends_with([':', '.', '!', '?', ';'])
        && !next.starts_with(['-', '*', '•', '|']);
    // No sentence begins like this after a long line.
    let goes_on = length > 110
        && next.starts_with(|c: char| c == '(' || c.is_lowercase())
        && line.ends_with(|c: char| c.is_alphanumeric() || c == ',');
    !is_wrapped && !goes_on
}

/// Whether a full stop is that of a day: `14. Oktober`.
fn is_german_date(before: &str, behind: &str) -> bool {
    const MONTHS: &[&str] = &[
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ];
    let day = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let month = behind.trim_start().split(|c: char| !c.is_alphabetic()).next();
    day.len() <= 2
        && day.parse::<u8>().is_ok()
        && month.is_some_and(|month| MONTHS.contains(&month))
}

fn is_abbreviation(before: &str) -> bool {
    let word = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    matches!(
        word.to_lowercase().as_str(),
        "e.g"
            | "i.e"
            | "vs"
            | "approx"
            | "ca"
            | "etc"
            | "resp"
            | "z.b"
            | "d.h"
            | "no"
            | "min"
            | "max"
            | "avg"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<&str> {
        sentence_ranges(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn sentences_end_at_their_marks_and_not_inside_numbers() {
        assert_eq!(
            pieces("Gebaut am 14. Oktober 2025. Es sind 14. Der Gast"),
            ["Gebaut am 14. Oktober 2025.", "Es sind 14.", "Der Gast"]
        );
        assert_eq!(
            pieces("Kata runs 6.12.47. Host vs. guest: 1.5 s! (Cut.) It (i.e.) is ok"),
            ["Kata runs 6.12.47.", "Host vs. guest: 1.5 s!", "(Cut.)", "It (i.e.) is ok"]
        );
    }

    #[test]
    fn a_long_sentence_is_looked_at_in_pieces_that_are_all_as_sure() {
        let text = format!("Perhaps {} 52", "ä1 ".repeat(3000));
        let words = crate::lab12::claims::words::ClaimVocabulary::load(None).unwrap().words;
        let passage = crate::lab12::claims::passages::read_passages(&text).pop().unwrap();
        let all = split_sentences(&passage, &words);
        assert!(all.len() > 3000 / (MAX_NUMBERS + 1));
        assert!(all.iter().all(|one| one.text.len() <= MAX_SENTENCE && !one.is_plain));
        assert_eq!(all.iter().map(|one| one.text).collect::<String>(), text);
    }

    #[test]
    fn a_short_line_is_a_sentence_and_a_wrapped_one_is_not() {
        assert_eq!(
            pieces("Compare visibility\nWhile host has 332"),
            ["Compare visibility", "While host has 332"]
        );
        let wrapped = "The host of this machine shows a great many things to every one\nand 7 more";
        assert_eq!(pieces(wrapped).len(), 1);
    }
}
