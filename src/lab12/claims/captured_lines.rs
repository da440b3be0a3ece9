//! The lines of all captures, found by their words.

use std::collections::HashMap;

use crate::model::Run;
use crate::text::join_words;

/// The lines of all captures that are not blank, with their places.
#[derive(Debug, Default)]
pub(super) struct CapturedLines {
    pub lines: Vec<CapturedLine>,
    by_text: HashMap<String, Vec<usize>>,
    /// By their number of words and the first or the second half of them: a line in which one word
    /// differs shares one of the halves.
    pub by_half: HashMap<(usize, bool, String), Vec<usize>>,
}

/// A line with its place.
#[derive(Debug)]
pub(super) struct CapturedLine {
    pub capture: String,
    pub number: u32,
    pub text: String,
}

/// The most places of one line that are looked at, and the most and least words of a line that is
/// recognised without the lines around it.
const MAX_PLACES: usize = 8;
pub(super) const LONE_WORDS: std::ops::RangeInclusive<usize> = 5..=40;

/// The most bytes of a line that is compared.
const MAX_COMPARED: usize = 400;

impl CapturedLines {
    /// The lines of a run.
    pub(super) fn collect_lines(run: &Run) -> Self {
        let mut known = Self::default();
        for capture in &run.captures {
            for (number, line) in (1..).zip(capture.stdout.text_lines().iter()) {
                let text = normalize_line(line);
                if text.is_empty() {
                    continue;
                }
                let at = known.lines.len();
                let words: Vec<&str> = text.split(' ').collect();
                if LONE_WORDS.contains(&words.len()) {
                    for key in [true, false].map(|is_first| half_of(&words, is_first)) {
                        let places = known.by_half.entry(key).or_default();
                        places.push(at);
                        places.truncate(MAX_PLACES);
                    }
                }
                let places = known.by_text.entry(text.to_lowercase()).or_default();
                places.push(at);
                places.truncate(MAX_PLACES);
                known.lines.push(CapturedLine { capture: capture.id.clone(), number, text });
            }
        }
        known
    }

    pub(super) fn places_of(&self, text: &str) -> &[usize] {
        self.by_text.get(&text.to_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// The line that stands some lines after another in the same capture.
    pub(super) fn neighbour_of(&self, at: usize, distance: isize) -> Option<usize> {
        let other = at.checked_add_signed(distance)?;
        let is_same = self.lines.get(other)?.capture == self.lines.get(at)?.capture;
        is_same.then_some(other)
    }
}

pub(super) fn normalize_line(line: &str) -> String {
    let line = join_words(line);
    if line.len() > MAX_COMPARED { String::new() } else { line }
}

pub(super) fn half_of(words: &[&str], is_first: bool) -> (usize, bool, String) {
    let middle = words.len() / 2;
    let half = if is_first { &words[..middle] } else { &words[middle..] };
    (words.len(), is_first, half.join(" ").to_lowercase())
}
