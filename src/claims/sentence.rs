//! Sentences: the pieces in which a report states something.

use std::ops::Range;

use super::read::{Form, Passage};
use super::words::Words;

/// How a sentence is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It states something.
    Statement,
    /// It is a task of the lab: what it names is asked for.
    Demand,
    /// It tells what is expected, usual, or said elsewhere; or it asks, or says that something is
    /// not known.
    Guess,
}

/// A sentence of a passage.
#[derive(Debug, Clone)]
pub struct Sentence<'a> {
    /// The passage.
    pub passage: &'a Passage,
    /// Where in the passage's text it stands.
    pub range: Range<usize>,
    /// Its words.
    pub text: &'a str,
    /// How it is meant.
    pub mood: Mood,
    /// What it is about if its own words do not say it, nearest first.
    pub topics: Vec<&'a str>,
}

impl<'a> Sentence<'a> {
    /// The range of the file that a range of the sentence came from.
    pub fn place(&self, range: &Range<usize>) -> Range<usize> {
        self.passage.place(&(self.range.start + range.start..self.range.start + range.end))
    }
}

/// The sentences of a passage that is not a block.
pub fn sentences<'a>(passage: &'a Passage, words: &Words) -> Vec<Sentence<'a>> {
    let mut out: Vec<Sentence<'a>> = Vec::new();
    for range in split(&passage.text) {
        let text = &passage.text[range.clone()];
        let mut topics: Vec<&str> = Vec::new();
        if let Form::Cell { row, column } = &passage.form {
            topics.extend([row.as_str(), column.as_str()]);
        }
        // What leads to the sentence: labels, tasks, and the sentence just before it.
        topics.extend(out.iter().rev().take(2).map(|sentence| sentence.text));
        topics.extend(passage.topics.iter().map(String::as_str));
        let mood = mood(text, words);
        out.push(Sentence { passage, range, text, mood, topics });
    }
    out
}

fn mood(text: &str, words: &Words) -> Mood {
    if text.trim_end().ends_with('?') || words.guess.is_match(text) {
        return Mood::Guess;
    }
    if words.demand.is_match(text.trim_start_matches(|c: char| !c.is_alphanumeric())) {
        return Mood::Demand;
    }
    Mood::Statement
}

/// Where sentences begin and end.
///
/// A line end ends one where the lines are not the parts of a wrapped paragraph: the line is
/// short or very long, or the next one begins anew.
fn split(text: &str) -> Vec<Range<usize>> {
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
            '.' => next.is_none_or(char::is_whitespace) && !is_abbreviation(&text[start..at]),
            '!' | '?' | ';' => next.is_none_or(char::is_whitespace),
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
    let wrapped = (55..=110).contains(&line.chars().count())
        && !line.ends_with([':', '.', '!', '?', ';'])
        && !next.starts_with(['-', '*', '•', '|']);
    !wrapped
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
        split(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn sentences_end_at_their_marks_and_not_inside_numbers() {
        assert_eq!(
            pieces("Kata runs 6.12.47. Host vs. guest: 1.5 s! Ok"),
            ["Kata runs 6.12.47.", "Host vs. guest: 1.5 s!", "Ok"]
        );
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
