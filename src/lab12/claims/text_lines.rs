//! The lines of a report, by which its bytes are told as positions.

use std::ops::Range;

/// The lines of a text, to tell positions.
pub(super) struct TextLines<'a> {
    pub(super) text: &'a str,
    starts: Vec<usize>,
    /// How many characters begin before every [`STEP`]th byte: a text may be one line, with a
    /// position at each of its words.
    characters: Vec<usize>,
}

/// How many bytes are counted together.
const STEP: usize = 1000;

impl<'a> TextLines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let starts =
            [0].into_iter().chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut characters = vec![0];
        for bytes in text.as_bytes().chunks(STEP) {
            characters.push(characters[characters.len() - 1] + first_bytes(bytes));
        }
        Self { text, starts, characters }
    }

    /// A range without halves of characters: what stands in a code span of several lines may be a
    /// byte off.
    pub(super) fn whole_characters(&self, range: &Range<usize>) -> Range<usize> {
        let (mut start, mut end) = (range.start, range.end.min(self.text.len()));
        while !self.text.is_char_boundary(start) {
            start -= 1;
        }
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        start..end.max(start)
    }

    /// How many characters begin before a byte.
    fn characters_before(&self, offset: usize) -> usize {
        let counted = offset / STEP * STEP;
        self.characters[offset / STEP] + first_bytes(&self.text.as_bytes()[counted..offset])
    }

    /// Line and column of a byte, both counted from 1; the column in characters.
    pub(super) fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|&start| start <= offset).max(1);
        let start = self.starts[line - 1];
        (line, self.characters_before(offset) - self.characters_before(start) + 1)
    }
}

/// How many characters begin in some bytes of a text.
fn first_bytes(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let text = "é\nx é6\n";
        let lines = TextLines::new(text);
        assert_eq!(lines.line_and_column(0), (1, 1));
        assert_eq!(lines.line_and_column(text.find('6').unwrap()), (2, 4));
        let long = "é ".repeat(2000) + "6";
        assert_eq!(TextLines::new(&long).line_and_column(long.len() - 1), (1, 4001));
        assert_eq!(TextLines::new(&long).line_and_column(long.len()), (1, 4002));
    }
}
