//! Text for a terminal or a log. What stands in it is evidence, and evidence is hostile text.
//!
//! A [`StyledLine`] takes any text and stays one line: what would act on a terminal, a line break
//! among it, is written out as it is put in. Line breaks come from [`StyledText`], colours from
//! [`TextStyle`], and from nowhere else.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::judge::Severity;
use crate::text::{defuse_log_commands, make_visible, wrap_words};

/// What a piece of text is, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextStyle {
    Strong,
    /// Recedes.
    Faint,
    /// As it should be.
    Good,
    Doubtful,
    Bad,
}

impl TextStyle {
    fn terminal_style(self) -> Style {
        match self {
            Self::Strong => Style::new().bold(),
            Self::Faint => Style::new().dimmed(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Doubtful => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
        }
    }
}

/// One line, whatever is put into it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct StyledLine {
    /// Visible text without line breaks, each with its colour.
    spans: Vec<(Option<TextStyle>, String)>,
    /// Where the last of its columns begins, if it has some.
    last_column: usize,
}

impl StyledLine {
    pub(super) fn begin_styled(style: TextStyle, text: &str) -> Self {
        Self::default().and_styled(style, text)
    }

    #[must_use]
    pub(super) fn and_text(mut self, text: &str) -> Self {
        self.spans.push((None, make_visible(text)));
        self
    }

    #[must_use]
    pub(super) fn and_styled(mut self, style: TextStyle, text: &str) -> Self {
        self.spans.push((Some(style), make_visible(text)));
        self
    }

    #[must_use]
    pub(super) fn and_line(mut self, other: Self) -> Self {
        self.spans.extend(other.spans);
        self
    }

    /// How many columns of a terminal it takes.
    fn line_width(&self) -> usize {
        // What is hidden was written out, so each letter of ASCII takes one.
        let widths = self.spans.iter().map(|(_, text)| match text.is_ascii() {
            true => text.len(),
            false => text.width(),
        });
        widths.sum()
    }

    /// The line in lines of at most `width` columns, broken at spaces; a longer word stays whole.
    /// Further lines stand below its last column, or a little deeper than the first.
    fn wrap_line(&self, width: usize) -> Vec<Self> {
        if self.line_width() <= width {
            return vec![self.clone()];
        }
        let text: String = self.spans.iter().map(|(_, text)| text.as_str()).collect();
        let begin = text.len() - text.trim_start().len();
        // Narrower than this, a column of words is harder to read than one that goes on below.
        const NARROWEST: usize = 30;
        let hang =
            if self.last_column + NARROWEST.min(width / 2) <= width { self.last_column } else { 0 };
        let hang = " ".repeat(hang.max((begin + 2).min(width / 2)));
        let mut lines = vec![Self::default()];
        // What a line can end before, which a colour does not end.
        let mut word = Self::default();
        let mut has_words = false;
        for (style, span) in &self.spans {
            for piece in span.split_inclusive(' ') {
                word.spans.push((*style, piece.into()));
                if piece.ends_with(' ') {
                    has_words |=
                        push_word(&mut lines, std::mem::take(&mut word), width, &hang, has_words);
                }
            }
        }
        push_word(&mut lines, word, width, &hang, has_words);
        lines
    }

    fn render_line(&self, has_colors: bool) -> String {
        let mut out = String::new();
        for (style, text) in &self.spans {
            match style {
                Some(style) if has_colors => {
                    let style = style.terminal_style();
                    out.push_str(&format!("{style}{text}{style:#}"));
                }
                _ => out.push_str(text),
            }
        }
        defuse_log_commands(&out).into_owned()
    }
}

/// Adds a word with the space after it to the last of these lines, or to a new one if there is no
/// room. Returns whether it was more than space.
fn push_word(
    lines: &mut Vec<StyledLine>,
    word: StyledLine,
    width: usize,
    hang: &str,
    has_words: bool,
) -> bool {
    let text: String = word.spans.iter().map(|(_, text)| text.as_str()).collect();
    let Some(line) = lines.last_mut() else { return false };
    if has_words && line.line_width() + text.trim_end().width() > width && !text.trim().is_empty() {
        if let Some((_, end)) = line.spans.last_mut() {
            end.truncate(end.trim_end().len());
        }
        lines.push(StyledLine::from(hang).and_line(word));
    } else {
        line.spans.extend(word.spans);
    }
    !text.trim().is_empty()
}

impl From<&str> for StyledLine {
    fn from(text: &str) -> Self {
        Self::default().and_text(text)
    }
}

impl From<String> for StyledLine {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct StyledText {
    lines: Vec<StyledLine>,
}

impl StyledText {
    pub(super) fn push_line(&mut self, line: impl Into<StyledLine>) {
        self.lines.push(line.into());
    }

    pub(super) fn push_blank(&mut self) {
        self.lines.push(StyledLine::default());
    }

    pub(super) fn append_text(&mut self, other: Self) {
        self.lines.extend(other.lines);
    }

    /// Adds words in lines of at most `width` columns, `lead` before the first and as much
    /// space before the others.
    pub(super) fn push_wrapped(&mut self, lead: &str, text: &str, width: usize) {
        let indent = lead.width();
        for (index, line) in wrap_words(text, width.saturating_sub(indent)).iter().enumerate() {
            match index {
                0 => self.push_line(format!("{lead}{line}")),
                _ => self.push_line(format!("{:indent$}{line}", "")),
            }
        }
    }

    /// Adds lines of cells in columns that are as wide as their widest cell.
    pub(super) fn push_columns(&mut self, rows: Vec<Vec<StyledLine>>) {
        let count = rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut widths = vec![0; count];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.line_width().max(*width);
            }
        }
        for row in rows {
            let mut line = StyledLine::default();
            let mut gap = 0;
            for (cell, width) in row.into_iter().zip(&widths) {
                let used = cell.line_width();
                if used > 0 {
                    line = line.and_text(&" ".repeat(gap));
                    line.last_column = line.line_width();
                    line = line.and_line(cell);
                    gap = 0;
                }
                gap += width - used + 2;
            }
            self.push_line(line);
        }
    }

    /// The text in lines of at most `width` columns, where a line has a space to be broken at.
    #[must_use]
    pub(super) fn wrap_text(&self, width: usize) -> Self {
        self.lines.iter().flat_map(|line| line.wrap_line(width)).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn into_lines(self) -> Vec<StyledLine> {
        self.lines
    }

    pub(super) fn render_text(&self, has_colors: bool) -> String {
        self.lines.iter().map(|line| line.render_line(has_colors) + "\n").collect()
    }
}

impl<L: Into<StyledLine>> FromIterator<L> for StyledText {
    fn from_iter<I: IntoIterator<Item = L>>(lines: I) -> Self {
        Self { lines: lines.into_iter().map(Into::into).collect() }
    }
}

impl From<StyledLine> for StyledText {
    fn from(line: StyledLine) -> Self {
        Self { lines: vec![line] }
    }
}

pub(super) fn severity_style(severity: Severity) -> TextStyle {
    match severity {
        Severity::Error => TextStyle::Bad,
        Severity::Warning => TextStyle::Doubtful,
        Severity::Note => TextStyle::Faint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::is_hidden;
    use proptest::prelude::*;

    /// Text that is rich in what terminals and logs react to.
    fn nasty() -> impl Strategy<Value = String> {
        let pieces = prop::sample::select(vec![
            "\n",
            "\r",
            "\u{1b}[2J",
            "\u{1b}]0;x\u{7}",
            "\u{9b}31m",
            "\u{85}",
            "\u{2028}",
            "\u{202e}",
            "\u{200b}",
            "::",
            "::error::",
            " ",
            "#",
            "##[group]",
            "##vso[",
            "a",
        ]);
        prop_oneof![
            prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat()),
            any::<String>(),
        ]
    }

    proptest! {
        #[test]
        fn whatever_stands_in_a_line_it_is_one_visible_line_and_no_command(
            first in nasty(), second in nasty()
        ) {
            let line = StyledLine::from(first.as_str()).and_styled(TextStyle::Bad, &second);
            let printed = StyledText::from(line).render_text(false);
            prop_assert_eq!(printed.lines().count(), 1);
            let line = &printed[..printed.len() - 1];
            let may_stay = ['\t', '\u{fe0e}', '\u{fe0f}'];
            let hidden = line.chars().find(|c| is_hidden(*c) && !may_stay.contains(c));
            prop_assert_eq!(hidden, None);
            let start = line.trim_start();
            prop_assert!(!(start.starts_with("::") && start[2..].contains("::")), "{line:?}");
            prop_assert!(!line.contains("##[") && !line.contains("##vso["), "{line:?}");
        }

        #[test]
        fn the_only_escapes_are_those_of_a_colour(text in nasty()) {
            let printed = StyledText::from(StyledLine::begin_styled(TextStyle::Good, &text)).render_text(true);
            let inner = printed.strip_prefix("\u{1b}[32m").unwrap();
            let inner = inner.strip_suffix("\u{1b}[0m\n").unwrap();
            let escapes = inner.matches('\u{1b}').count();
            prop_assert_eq!(escapes, 0);
        }
    }

    #[test]
    fn columns_are_as_wide_as_what_is_shown() {
        let mut text = StyledText::default();
        text.push_columns(vec![
            vec![StyledLine::begin_styled(TextStyle::Good, "a"), "b".into()],
            vec!["c\n".into(), "d".into()],
        ]);
        assert_eq!(text.render_text(false), "a       b\nc\\u{a}  d\n");
        assert!(text.render_text(true).starts_with("\u{1b}[32ma\u{1b}[0m       b\n"));
    }

    #[test]
    fn columns_stand_below_each_other_where_characters_are_wide() {
        let mut text = StyledText::default();
        text.push_columns(vec![
            vec!["核".into(), "6.1".into()],
            vec!["node".into(), "6.12".into()],
        ]);
        assert_eq!(text.render_text(false), "核    6.1\nnode  6.12\n");
    }

    #[test]
    fn a_line_that_is_too_long_goes_on_below_its_last_column() {
        let mut text = StyledText::default();
        text.push_columns(vec![vec!["id".into(), "one two three four".into()]]);
        text.push_line(StyledLine::begin_styled(TextStyle::Bad, "error").and_text("[a-rule]: why"));
        text.push_line("  aaaaaaaaaaaaaaaaaaaa b");
        text.push_line("");
        assert_eq!(
            text.wrap_text(14).render_text(false),
            "id  one two\n    three four\nerror[a-rule]:\n  why\n  aaaaaaaaaaaaaaaaaaaa\n    b\n\n"
        );
        assert_eq!(text.wrap_text(80), text);
    }

    #[test]
    fn words_are_as_deep_as_the_first_of_them() {
        let mut text = StyledText::default();
        text.push_wrapped("  [1] ", "one two three", 14);
        assert_eq!(text.render_text(false), "  [1] one two\n      three\n");
    }
}
