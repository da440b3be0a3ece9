//! Text from elsewhere: bytes to lines, and lines to something that is safe to look at.
//!
//! Line numbers in facts and on pages are those of [`split_lines`], so this is the one place that
//! decides what a line is.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE};
use regex::Regex;
use unicode_width::UnicodeWidthStr;

/// The line of a text, from 1, that a byte of it stands in.
pub(crate) fn line_at(text: &str, byte: usize) -> usize {
    text.get(..byte).unwrap_or_default().matches('\n').count() + 1
}

/// The run of ASCII digits at the start of `text`, and what follows it.
pub(crate) fn leading_digits(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// Decodes bytes of unknown origin, losing as little as possible and never failing.
///
/// A byte order mark chooses UTF-16 or UTF-8 and is dropped; without one the bytes are read as
/// UTF-8. Undecodable bytes become U+FFFD. NULs, which are left behind by fragments of UTF-16
/// inside UTF-8, are dropped.
pub fn decode_bytes(bytes: &[u8]) -> String {
    let encoding = match bytes {
        [0xff, 0xfe, ..] => UTF_16LE,
        [0xfe, 0xff, ..] => UTF_16BE,
        _ => UTF_8,
    };
    let (text, _) = encoding.decode_with_bom_removal(bytes);
    if text.contains('\0') { text.replace('\0', "") } else { text.into_owned() }
}

/// Whether two texts have the same words in the same order: an unquoted `echo $(uname -a)` makes one
/// blank of several.
pub(crate) fn have_equal_words(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}

/// The words of a text in one line, with one space between them.
pub fn join_words(text: &str) -> String {
    let text = text.trim();
    let bytes = text.as_bytes();
    let is_printable = bytes.iter().fold(true, |all, byte| all & matches!(byte, b' '..=b'~'));
    let pairs = bytes.iter().zip(bytes.get(1..).unwrap_or_default());
    if is_printable
        && !pairs.fold(false, |any, (one, next)| any | ((*one == b' ') & (*next == b' ')))
    {
        return text.into();
    }
    let mut joined = String::with_capacity(text.len());
    if text.is_ascii() {
        // Of ASCII, bytes tell as much as characters, and sooner.
        let mut start = 0;
        for bytes in text.as_bytes().split(|byte| matches!(byte, b' ' | b'\t'..=b'\r')) {
            let end = start + bytes.len();
            if end > start {
                push_word(&mut joined, &text[start..end]);
            }
            start = end + 1;
        }
    } else {
        text.split_whitespace().for_each(|word| push_word(&mut joined, word));
    }
    joined
}

fn push_word(joined: &mut String, word: &str) {
    if !joined.is_empty() {
        joined.push(' ');
    }
    joined.push_str(word);
}

/// Words in lines of at most `width` characters; a longer word has a line of its own.
pub fn wrap_words(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.width() + word.width() < width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines
}

/// The lines of decoded bytes: ended by LF, CR LF, or a lone CR (progress bars).
///
/// A line end at the very end of the text begins no further line.
pub fn split_lines(bytes: &[u8]) -> Vec<String> {
    let mut text = decode_bytes(bytes);
    if text.contains('\r') {
        text = text.replace("\r\n", "\n").replace('\r', "\n");
    }
    let mut lines: Vec<String> = text.split('\n').map(String::from).collect();
    if lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Removes ANSI escape sequences (CSI, OSC and two-character ones, ECMA-48).
pub fn strip_ansi(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\x1b', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for sequence in find_ansi(text) {
        out.push_str(&text[end..sequence.start]);
        end = sequence.end;
    }
    out.push_str(&text[end..]);
    Cow::Owned(out)
}

/// The bytes of ANSI escape sequences, in order.
pub fn find_ansi(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        if c != '\u{1b}' {
            continue;
        }
        match chars.next().map(|(_, c)| c) {
            Some('[') => {
                // Parameters and intermediates, then one final byte.
                while chars.next_if(|(_, c)| ('\u{20}'..='\u{3f}').contains(c)).is_some() {}
                chars.next_if(|(_, c)| ('\u{40}'..='\u{7e}').contains(c));
            }
            Some(']') => {
                while let Some((_, c)) = chars.next() {
                    let is_end = c == '\u{7}'
                        || (c == '\u{1b}' && chars.next_if(|(_, c)| *c == '\\').is_some());
                    if is_end {
                        break;
                    }
                }
            }
            _ => {}
        }
        found.push(start..chars.peek().map_or(text.len(), |(at, _)| *at));
    }
    found
}

/// Makes one line of hostile text safe to look at: control characters, bidirectional overrides
/// and invisible format characters are shown as `\u{202e}`, tabs are kept.
pub fn make_visible(text: &str) -> String {
    escape_hidden(text, &['\t']).into_owned()
}

/// Text with what is hidden in it shown as `\u{202e}`, but for characters that may stay.
pub fn escape_hidden<'a>(text: &'a str, kept: &[char]) -> Cow<'a, str> {
    // Most of what machines print is ASCII, of which bytes tell as much as characters.
    // To look at all of them takes less time than to stop at the first that is something else.
    let is_printable = text.bytes().fold(true, |all, byte| all & matches!(byte, b' '..=b'~'));
    let is_plain = || {
        text.bytes().all(|byte| match byte {
            b' '..=b'~' => true,
            byte => byte.is_ascii() && kept.contains(&char::from(byte)),
        })
    };
    if is_printable || is_plain() || !text.contains(|c| is_hidden(c) && !kept.contains(&c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        // After a symbol these choose between two pictures of it; anywhere else nobody sees them.
        let is_emoji_form = matches!(c, '\u{fe0e}' | '\u{fe0f}')
            && !before.is_ascii()
            && !before.is_alphanumeric()
            && !is_hidden(before);
        if is_hidden(c) && !kept.contains(&c) && !is_emoji_form {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
        before = c;
    }
    Cow::Owned(out)
}

/// JSON with what is hidden in its strings, and what a log could take for a command, as
/// `\u202e`: the same JSON.
pub fn escape_hidden_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut units = [0; 2];
    let mut before = ' ';
    for c in json.chars() {
        if c != '\n' && is_hidden(c) || (before, c) == ('#', '#') {
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
        before = c;
    }
    out
}

/// A line that is no command to the service that keeps the log of a job: GitHub obeys `::error::`
/// at the beginning of a line and `##[group]` anywhere in it, Azure `##vso[…]`, TeamCity
/// `##teamcity[…]`. One character of each is written out.
pub fn defuse_log_commands(line: &str) -> Cow<'_, str> {
    #[allow(clippy::expect_used, reason = "a constant expression, compiled by a test")]
    static COMMAND: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"##([A-Za-z]*\[)").expect("a valid expression"));
    let line = COMMAND.replace_all(line, r"#\u{23}$1");
    let words = line.trim_start();
    match words.strip_prefix("::") {
        Some(rest) if rest.contains("::") => {
            let indent = &line[..line.len() - words.len()];
            Cow::Owned(format!("{indent}\\u{{3a}}:{rest}"))
        }
        _ => line,
    }
}

/// A text with values in the places that braces name: `{name}`. `piece` makes of what stands
/// between them what is printed.
pub(crate) fn fill_places(
    text: &str,
    piece: impl Fn(&str) -> String,
    value: impl Fn(&str) -> String,
) -> String {
    let mut pieces = text.split('{');
    let mut out = piece(pieces.next().unwrap_or_default());
    for part in pieces {
        let (name, rest) = part.split_once('}').unwrap_or(("", part));
        out.push_str(&value(name));
        out.push_str(&piece(rest));
    }
    out
}

/// A text of at most `longest` characters as it is, of a longer one the beginning and `…`.
pub(crate) fn shorten_text(text: &str, longest: usize) -> Cow<'_, str> {
    // It has no more characters than bytes.
    let cut = (text.len() > longest).then(|| text.char_indices().nth(longest)).flatten();
    match cut {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// The beginning of a text that may be long or hostile, with what is hidden written out.
pub(crate) fn shorten_visible(text: &str, longest: usize) -> String {
    make_visible(&shorten_text(text, longest))
}

pub(crate) fn shorten_line(text: &str, longest: usize) -> String {
    shorten_text(&join_words(text), longest).into_owned()
}

/// A text of at most `head` and `tail` characters as it is, of a longer one its two ends.
pub(crate) fn shorten_middle(text: &str, head: usize, tail: usize) -> String {
    let count = text.chars().count();
    if count <= head + tail {
        return text.into();
    }
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - tail).collect();
    format!("{start} … {end}")
}

/// The beginning of `text`, of at most `length` bytes.
pub fn beginning(text: &str, length: usize) -> &str {
    let mut end = length.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The end of `text`, of at most `length` bytes.
pub(crate) fn end_of_text(text: &str, length: usize) -> &str {
    let mut start = text.len().saturating_sub(length);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

/// Undoes the percent-encoding of an address.
pub fn percent_decode(text: &str) -> String {
    if !text.contains('%') {
        return text.into();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = digits.filter(|_| *first == b'%').and_then(|d| u8::from_str_radix(d, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether a character changes how its neighbours are shown, or shows nothing itself: control
/// characters, ends of lines and paragraphs, and what Unicode calls default-ignorable.
pub fn is_hidden(c: char) -> bool {
    if matches!(c, ' '..='~') {
        return false;
    }
    c.is_control()
        || matches!(c,
            '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}'
            | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' | '\u{fdd0}'..='\u{fdef}')
        // These are no characters, and XML 1.0 allows neither U+FFFE nor U+FFFF.
        || u32::from(c) & 0xfffe == 0xfffe
}

/// A line of a text with a mark under a column, both counted from 1, for the end of a message;
/// nothing if there is no such line. Of a long line the part around the column is shown.
pub fn excerpt_with_caret(text: &str, line: usize, column: usize) -> String {
    const WIDTH: usize = 70;
    let Some(source) = text.lines().nth(line.saturating_sub(1)) else { return String::new() };
    // Columns of errors count bytes; one that falls inside a letter means the letter.
    let mut at = column.saturating_sub(1).min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    let before: Vec<char> = make_visible(&source[..at]).chars().collect();
    let before: String = before[before.len().saturating_sub(WIDTH / 2)..].iter().collect();
    let before = before.trim_start();
    let width = before.chars().count();
    let after: String = make_visible(&source[at..]).chars().take(WIDTH - width).collect();
    let margin = " ".repeat(line.to_string().len());
    format!("\n{margin} |\n{line} | {before}{after}\n{margin} | {}^", " ".repeat(width))
}

/// The known word that is at most a third of its letters away from `wanted`; two neighbours that
/// changed places count once.
pub fn closest_match<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let length = wanted.chars().count();
    let limit = length / 3;
    known
        // No other word can be near, and of a text that is no word the distance takes long.
        .filter(|other| other.chars().count().abs_diff(length) <= limit)
        .map(|other| (strsim::osa_distance(wanted, other), other))
        .min()
        .filter(|(distance, _)| *distance <= limit)
        .map(|(_, other)| other)
}

/// What to do about a word that is not known: the one that was meant, or else what is said here.
pub(crate) fn suggest_or<'a>(
    wanted: &str,
    known: impl Iterator<Item = &'a str>,
    otherwise: &str,
) -> String {
    closest_match(wanted, known)
        .map_or_else(|| otherwise.into(), |near| format!("did you mean `{near}`?"))
}

/// [`suggest_or`] with all that are known.
pub(crate) fn suggest_or_list(wanted: &str, known: &[&str]) -> String {
    suggest_or(wanted, known.iter().copied(), &format!("known are {}", known.join(", ")))
}

/// A path as it stands in an address: what has a meaning there, or no place, as `%XX`.
pub fn uri_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(byte.into());
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// A command as a shell takes it: what a shell would change stands in quotes.
pub fn shell_line<S: AsRef<str>>(argv: impl IntoIterator<Item = S>) -> String {
    let mut words = Vec::new();
    for word in argv {
        let word = word.as_ref();
        let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c));
        words.push(match is_plain && !word.is_empty() {
            true => word.to_string(),
            false => shell_words::quote(word).into_owned(),
        });
    }
    words.join(" ")
}

/// A title as it stands within a sentence: with a small first letter, unless its first word is a name
/// or an abbreviation, which has other capitals.
pub(crate) fn lower_initial(title: &str) -> String {
    let mut letters = title.chars();
    let Some(first) = letters.next() else { return String::new() };
    let is_name = letters.clone().take_while(|c| c.is_alphanumeric()).any(char::is_uppercase);
    if is_name { title.to_string() } else { first.to_lowercase().chain(letters).collect() }
}

/// The value at the start of `text`, as logrus writes it: in quotes with `\"` and `\n` inside, or up to a space.
pub(crate) fn quoted_value(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"') else {
        return text.split_whitespace().next().unwrap_or_default().into();
    };
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 't') => out.push(' '),
                next => out.extend(next),
            },
            '"' => break,
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_title_within_a_sentence_keeps_names_and_abbreviations() {
        let titles = [
            ("Kernel banner", "kernel banner"),
            ("gVisor's own file in /proc", "gVisor's own file in /proc"),
            ("CPU model", "CPU model"),
            ("Level of Pod Security", "level of Pod Security"),
            ("É", "é"),
            ("", ""),
        ];
        for (title, shown) in titles {
            assert_eq!(lower_initial(title), shown);
        }
    }

    #[test]
    fn a_command_is_shown_as_a_shell_takes_it() {
        let argv = ["run", "--pull=never", "sh", "-c", "a 'b' $c", "{{json .}}", ""];
        let line = shell_line(argv);
        assert_eq!(line, r#"run --pull=never sh -c 'a '\''b'\'' $c' '{{json .}}' ''"#);
        assert_eq!(shell_words::split(&line).unwrap(), argv);
    }

    #[test]
    fn a_path_in_an_address_has_no_blanks_and_no_letters_beyond_ascii() {
        assert_eq!(uri_path("a b/ü.html"), "a%20b/%C3%BC.html");
    }

    #[test]
    fn a_misspelt_word_is_recognised_and_a_strange_one_is_not() {
        let known = || ["kernel.release", "cpu.model"].into_iter();
        assert_eq!(closest_match("kernel.relase", known()), Some("kernel.release"));
        assert_eq!(closest_match("zzz", known()), None);
        assert_eq!(closest_match(&"kernel.release".repeat(50_000), known()), None);
        assert_eq!(closest_match("mien", ["mine"].into_iter()), Some("mine"));
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_text() {
        assert_eq!(decode_bytes(b"\xef\xbb\xbfjuice-runc: HTTP 200"), "juice-runc: HTTP 200");
    }

    #[test]
    fn utf_16_is_read_by_its_mark() {
        let le: Vec<u8> = "\u{feff}Host: 1\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = "\u{feff}Host: 1\r\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(split_lines(&le), ["Host: 1"]);
        assert_eq!(split_lines(&be), ["Host: 1"]);
    }

    #[test]
    fn utf_16_fragments_inside_utf_8_lose_their_nuls() {
        assert_eq!(decode_bytes(b"W\0S\0L\0 ok"), "WSL ok");
    }

    #[test]
    fn every_line_end_ends_a_line() {
        assert_eq!(split_lines(b"a\r\nb\rc\nd"), ["a", "b", "c", "d"]);
        assert_eq!(split_lines(b"a\n\n"), ["a", ""]);
        assert!(split_lines(b"").is_empty());
    }

    #[test]
    fn ansi_sequences_go_and_their_text_stays() {
        assert_eq!(strip_ansi("\u{1b}[1;31mHost\u{1b}[0m: \u{1b}]0;t\u{7}3"), "Host: 3");
    }

    #[test]
    fn bidirectional_controls_are_shown() {
        assert_eq!(make_visible("a\u{202e}b\tc\u{7}"), "a\\u{202e}b\tc\\u{7}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_panic(bytes: Vec<u8>) {
            for line in split_lines(&bytes) {
                let shown = make_visible(&strip_ansi(&line));
                let may_stay = ['\t', '\u{fe0e}', '\u{fe0f}'];
                let hidden = shown.chars().find(|c| is_hidden(*c) && !may_stay.contains(c));
                prop_assert_eq!(hidden, None);
            }
        }

        #[test]
        fn json_that_hides_nothing_is_the_same_json(text: String, key: String) {
            let value = serde_json::json!({ (format!("##[{key}")): format!("{text}\u{e0041}\u{9b}") });
            let shown = escape_hidden_json(&format!("{value:#}"));
            prop_assert!(!shown.chars().any(|c| c != '\n' && is_hidden(c)));
            prop_assert!(!shown.contains("##"));
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
        }
    }

    #[test]
    fn what_unicode_calls_ignorable_or_no_character_is_hidden() {
        let hidden = r"^[\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]$";
        let hidden = Regex::new(hidden).unwrap();
        for c in '\0'..=char::MAX {
            let wanted = hidden.is_match(&c.to_string())
                || c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}');
            assert_eq!(is_hidden(c), wanted, "{c:?}");
        }
    }

    #[test]
    fn the_form_of_an_emoji_may_be_chosen_and_that_of_a_letter_may_not() {
        assert_eq!(make_visible("\u{26a0}\u{fe0f} runc\u{fe0f}"), "\u{26a0}\u{fe0f} runc\\u{fe0f}");
    }

    #[test]
    fn no_line_is_a_command_to_the_keeper_of_a_log() {
        for (line, shown) in [
            ("::error::x", r"\u{3a}:error::x"),
            ("  ::error file=a::x", r"  \u{3a}:error file=a::x"),
            ("a ##[group]b", r"a #\u{23}[group]b"),
            ("###vso[task.x]##[", r"##\u{23}vso[task.x]#\u{23}["),
            ("::selection { }", "::selection { }"),
            ("## [a](b) a::b::c", "## [a](b) a::b::c"),
        ] {
            assert_eq!(defuse_log_commands(line), shown);
        }
    }

    #[test]
    fn an_excerpt_marks_the_column() {
        let text = "one\n  {\"a\": x}\n";
        assert_eq!(excerpt_with_caret(text, 2, 9), "\n  |\n2 | {\"a\": x}\n  |       ^");
        assert_eq!(excerpt_with_caret(text, 9, 1), "");
    }

    proptest! {
        #[test]
        fn an_excerpt_is_of_any_text_and_narrow(text: String, line in 0usize..4, column in 0usize..300) {
            for line in excerpt_with_caret(&text, line, column).lines() {
                prop_assert!(line.chars().count() <= 80);
            }
        }
    }
}
