//! A text as its reader sees it, and where in its bytes each part of that stands.
//!
//! A prompt with colours has escape sequences inside names, and a log in JSON has `\n` before
//! them: neither belongs to the name.

use std::ops::Range;

use crate::text::find_ansi;

/// A text without escape sequences, with the way back to the original.
pub(super) struct ShownText {
    pub text: String,
    pieces: Vec<ShownPiece>,
}

/// A stretch of the shown text and the bytes that it stands for.
struct ShownPiece {
    shown: usize,
    original: Range<usize>,
    is_escape: bool,
}

impl ShownText {
    /// The shown form of a text; none if it is shown as it is.
    pub(super) fn strip_escapes(text: &str) -> Option<Self> {
        let escapes: Vec<(Range<usize>, String)> = match is_json(text) {
            true => find_json_escapes(text),
            false => find_terminal_escapes(text),
        };
        if escapes.is_empty() {
            return None;
        }
        let mut shown = Self { text: String::with_capacity(text.len()), pieces: Vec::new() };
        let mut end = 0;
        for (range, meaning) in escapes {
            shown.push_piece(end..range.start, &text[end..range.start], false);
            end = range.end;
            shown.push_piece(range, &meaning, true);
        }
        shown.push_piece(end..text.len(), &text[end..], false);
        Some(shown)
    }

    fn push_piece(&mut self, original: Range<usize>, meaning: &str, is_escape: bool) {
        if !meaning.is_empty() {
            self.pieces.push(ShownPiece { shown: self.text.len(), original, is_escape });
            self.text.push_str(meaning);
        }
    }

    /// The bytes in the original of a part of the shown text that is not empty.
    pub(super) fn original_range(&self, range: &Range<usize>) -> Range<usize> {
        let [first, last] = [range.start, range.end - 1]
            .map(|at| &self.pieces[self.pieces.partition_point(|p| p.shown <= at) - 1]);
        let start = match first.is_escape {
            true => first.original.start,
            false => first.original.start + (range.start - first.shown),
        };
        let end = match last.is_escape {
            true => last.original.end,
            false => last.original.start + (range.end - last.shown),
        };
        start..end
    }
}

/// The escape sequences of terminals. What stands in one for the terminal itself, a title or the
/// address of a link, is a line of its own: prompts write their user and host into it.
fn find_terminal_escapes(text: &str) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    for sequence in find_ansi(text) {
        let Some(command) = text[sequence.clone()].strip_prefix("\u{1b}]") else {
            found.push((sequence, String::new()));
            continue;
        };
        let end = ["\u{7}", "\u{1b}\\"].iter().find_map(|end| command.strip_suffix(*end));
        let content = end.unwrap_or(command).trim_start_matches(|c: char| c.is_ascii_digit());
        let content = content.trim_start_matches(';');
        let length_of_end = command.len() - end.unwrap_or(command).len();
        let end = sequence.end - length_of_end;
        found.push((sequence.start..end - content.len(), "\n".into()));
        found.push((end..sequence.end, "\n".into()));
    }
    found.retain(|(range, _)| !range.is_empty());
    found
}

/// Whether a text is JSON, or lines of it: a prompt may begin with `[`, too.
fn is_json(text: &str) -> bool {
    let text = text.trim_start();
    match text.get(1..).map(str::trim_start) {
        Some(rest) if text.starts_with('{') => rest.starts_with(['"', '}']),
        Some(rest) if text.starts_with('[') => rest.starts_with(['"', '{']),
        _ => false,
    }
}

/// The escapes of JSON strings (RFC 8259, section 7) with what they mean.
fn find_json_escapes(text: &str) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b'\\', &text.as_bytes()[at..]) {
        let start = at + offset;
        let (length, meaning) = read_json_escape(&text[start..]);
        at = start + length;
        if let Some(meaning) = meaning {
            found.push((start..at, meaning.to_string()));
        }
    }
    found
}

/// The length of the escape at the beginning of `text`, and its meaning if it has one.
fn read_json_escape(text: &str) -> (usize, Option<char>) {
    let meaning = match text.as_bytes().get(1) {
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(mark @ (b'"' | b'\\' | b'/')) => char::from(*mark),
        Some(b'u') => {
            let units = [text.get(..6), text.get(6..12)].map(|escape| {
                let digits = escape?.strip_prefix("\\u")?;
                let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                u16::from_str_radix(digits, 16).ok().filter(|_| is_hex)
            });
            let [Some(first), second] = units else { return (2, None) };
            let pair = std::iter::once(first).chain(second);
            return match char::decode_utf16(pair).next() {
                Some(Ok(c)) => (if c.len_utf16() == 2 { 12 } else { 6 }, Some(c)),
                _ => (6, None),
            };
        }
        _ => return (1, None),
    };
    (2, Some(meaning))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn original(text: &str, part: &str) -> String {
        let shown = ShownText::strip_escapes(text).unwrap();
        let start = shown.text.find(part).unwrap();
        text[shown.original_range(&(start..start + part.len()))].to_string()
    }

    #[test]
    fn colours_are_not_shown_and_stay_around_what_they_colour() {
        let text = "\u{1b}[01;32mmarta\u{1b}[00m@pine\u{1b}[0m:~$ ls";
        assert_eq!(ShownText::strip_escapes(text).unwrap().text, "marta@pine:~$ ls");
        assert_eq!(original(text, "marta"), "marta");
        assert_eq!(original(text, "marta@pine"), "marta\u{1b}[00m@pine");
    }

    #[test]
    fn escapes_of_json_are_read_and_a_prompt_is_no_json() {
        let text = r#"{"log": "a\nmarta \u043c\u0430 \ud83d\ude00 \"x\" \uzz C:\\Users"}"#;
        let shown = ShownText::strip_escapes(text).unwrap();
        assert_eq!(shown.text, "{\"log\": \"a\nmarta ма 😀 \"x\" \\uzz C:\\Users\"}");
        assert_eq!(original(text, "ма"), r"\u043c\u0430");
        assert_eq!(original(text, "😀"), r"\ud83d\ude00");
        assert!(ShownText::strip_escapes("[marta@pine lab]$ printf 'a\\nb'").is_none());
        assert!(ShownText::strip_escapes("[    0.000000] C:\\new").is_none());
    }

    proptest! {
        #[test]
        fn every_part_leads_back_into_the_text(text in "(\\{\"|)([a-zм\u{1b}\\[\\\\n\\\\u04d8;m]){0,30}") {
            if let Some(shown) = ShownText::strip_escapes(&text) {
                for (start, c) in shown.text.char_indices() {
                    let range = shown.original_range(&(start..start + c.len_utf8()));
                    prop_assert!(!range.is_empty() && text.get(range).is_some());
                }
            }
        }
    }
}
