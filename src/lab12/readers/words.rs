//! The small vocabulary of all readers: numbers, durations, error wording, prose.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::vocabulary::words::{
    ABSENCE_WORDS, HYPOTHETICAL_WORDS, MADE_UP_DENIALS, MADE_UP_WORDS, PHRASES, STARTS,
};
use aho_corasick::{AhoCorasick, Anchored, Input, StartKind};
use regex::Regex;

pub(super) use crate::text::leading_digits;

/// The text without the marks that Markdown and shells put around a value.
pub(super) fn strip_value_marks(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '`' | '*' | '"' | '\'' | '|'))
}

/// The number at the start of `text` with a decimal point or comma, and what follows it:
/// `12`, `0,5`, `.5`, `,5`, `1.5e-03`.
pub(super) fn leading_decimal(text: &str) -> Option<(f64, &str)> {
    let (whole, rest) = match text.strip_prefix(['.', ',']) {
        Some(_) => ("0", text),
        None => leading_digits(text)?,
    };
    let fraction = rest.strip_prefix(['.', ',']).and_then(leading_digits);
    if whole.len() == text.len() - rest.len() || fraction.is_some() {
        let (fraction, rest) = fraction.unwrap_or(("0", rest));
        let (power, rest) = leading_exponent(rest).unwrap_or(("0", rest));
        return Some((format!("{whole}.{fraction}e{power}").parse().ok()?, rest));
    }
    None
}

/// The power of ten at the start of `text`, and what follows it.
fn leading_exponent(text: &str) -> Option<(&str, &str)> {
    let power = text.strip_prefix(['e', 'E'])?;
    let (number, rest) = leading_digits(power.strip_prefix(['-', '+']).unwrap_or(power))?;
    let clear = number.len() < 3 && !rest.starts_with(|c: char| c.is_ascii_digit());
    clear.then(|| (&power[..power.len() - rest.len()], rest))
}

/// The whole number that `text` begins with, if it is one: not the start of a version, a
/// decimal, a list of numbers or a word.
pub(super) fn whole_number(text: &str) -> Option<i64> {
    let text = strip_value_marks(text.trim_start_matches(['=', ' ']));
    let (digits, rest) = leading_digits(text)?;
    let rest = rest.trim_start_matches(['`', '*', '"', '\'']);
    let mut next = rest.chars();
    let ends = match next.next() {
        None => true,
        Some('.' | ',' | ';' | ':') => next.next().is_none_or(char::is_whitespace),
        Some(c) => c.is_whitespace() || matches!(c, '(' | '|' | '—' | '–' | '<'),
    };
    // `1 234` may be one number or two: it is not for us to say.
    let another =
        rest.trim_start_matches([' ', '\t', ',', ';']).starts_with(|c: char| c.is_ascii_digit());
    (ends && !another).then(|| digits.parse().ok()).flatten()
}

/// Whether `text` is a whole number and nothing else of weight.
pub(super) fn only_number(text: &str) -> Option<i64> {
    let number = whole_number(text)?;
    let rest = strip_value_marks(text).trim_start_matches(|c: char| c.is_ascii_digit());
    (split_words(rest).count() <= 2).then_some(number)
}

/// The duration at the start of `text` in seconds, and what follows it.
///
/// Understood are `0m1.234s`, `1m 2.5s`, `2sec 142ms 345µs`, `1:02.33`, and a number with a unit.
/// A number without a unit gives `false`.
pub(super) fn leading_duration(text: &str) -> Option<(f64, bool, &str)> {
    let text = text.trim_start_matches([' ', '\t', '`', '*', '"', '~', '≈']);
    if let Some((value, rest)) = leading_parted_decimal(text)
        && let Some((TimeUnit::Millis, rest)) = leading_time_unit(rest)
    {
        return Some((TimeUnit::Millis.to_seconds(value), true, rest));
    }
    let (first, rest) = leading_decimal(text)?;
    // bc prints `1. s` for a whole number.
    let whole = rest.strip_prefix('.').filter(|unit| {
        leading_time_unit(unit).is_some_and(|(_, end)| unit.starts_with(' ') && end.is_empty())
    });
    let rest = whole.unwrap_or(rest);
    if let Some(clock) = rest.strip_prefix(':')
        && let Some((second, rest)) = leading_decimal(clock)
    {
        return match rest.strip_prefix(':').and_then(leading_decimal) {
            // `12:00:01.100` is a time of day, not how long something took.
            Some(_) if first >= 1.0 => None,
            Some((third, rest)) => Some((second * 60.0 + third, true, rest)),
            None => Some((first * 60.0 + second, true, rest)),
        };
    }
    let Some((unit, rest)) = leading_time_unit(rest) else { return Some((first, false, rest)) };
    // `1,234 ms` is a thousand or a fraction: it is not for us to say.
    let number = &text[..text.len() - rest.len()];
    if unit == TimeUnit::Millis && has_three_digits_behind_comma(number) {
        return None;
    }
    let (more, rest) = smaller_parts(unit, rest);
    Some(match more {
        Some(nanos) => (whole_nanos(unit.to_nanos(first) + nanos), true, rest),
        None => (unit.to_seconds(first), true, rest),
    })
}

/// The number at the start of `text` whose thousands are parted by one mark and whose fraction by the
/// other, and what follows it: `1,234.5`, `1.234,5`.
fn leading_parted_decimal(text: &str) -> Option<(f64, &str)> {
    let (whole, rest) = leading_digits(text)?;
    let (parts, point) = if rest.starts_with(',') { (',', '.') } else { ('.', ',') };
    let (group, rest) = leading_digits(rest.strip_prefix(parts)?)?;
    let (fraction, rest) = leading_digits(rest.strip_prefix(point)?)?;
    let is_parted = whole.len() < 4 && !whole.starts_with('0') && group.len() == 3;
    let value = format!("{whole}{group}.{fraction}").parse().ok()?;
    is_parted.then_some((value, rest))
}

/// Nanoseconds in seconds, without the error of a sum of binary fractions. Less than one is no time
/// that somebody measured, and stays what it is: it is not 0.
fn whole_nanos(nanos: f64) -> f64 {
    move_decimal_point(if nanos < 1.0 { nanos } else { nanos.round() }, -9)
}

/// Whether a comma in a number parts thousands or a fraction, which nobody can tell.
pub(super) fn has_three_digits_behind_comma(number: &str) -> bool {
    let digits = number.split_once(',').map_or("", |(_, behind)| behind);
    digits.bytes().take_while(u8::is_ascii_digit).count() == 3
}

/// The nanoseconds of the parts that follow a part of a duration, each of a smaller unit than the
/// one before it, and what follows them: `142ms 345µs` behind `2sec`.
fn smaller_parts(mut unit: TimeUnit, mut rest: &str) -> (Option<f64>, &str) {
    let mut nanos = None;
    while let Some((value, behind)) = leading_decimal(rest.trim_start())
        && let Some((smaller, behind)) = leading_time_unit(behind).filter(|next| next.0 < unit)
    {
        nanos = Some(nanos.unwrap_or(0.0) + smaller.to_nanos(value));
        (unit, rest) = (smaller, behind);
    }
    (nanos, rest)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TimeUnit {
    Nanos,
    Micros,
    Millis,
    Seconds,
    Minutes,
    Hours,
}

impl TimeUnit {
    pub(super) fn to_seconds(self, value: f64) -> f64 {
        match self {
            Self::Hours => value * 3600.0,
            Self::Minutes => value * 60.0,
            Self::Seconds => value,
            Self::Millis => move_decimal_point(value, -3),
            Self::Micros => move_decimal_point(value, -6),
            Self::Nanos => move_decimal_point(value, -9),
        }
    }

    fn to_nanos(self, value: f64) -> f64 {
        let factor = match self {
            Self::Hours => 3.6e12,
            Self::Minutes => 6e10,
            Self::Seconds => 1e9,
            Self::Millis => 1e6,
            Self::Micros => 1e3,
            Self::Nanos => 1.0,
        };
        value * factor
    }

    pub(super) fn from_name(word: &str) -> Option<Self> {
        Some(match &*lower_case(word) {
            "h" | "hr" | "hrs" | "hour" | "hours" | "stunden" | "heures" | "ч" => Self::Hours,
            "m" | "min" | "mins" | "minute" | "minutes" | "minuten" | "minutos" | "мин" => {
                Self::Minutes
            }
            "s" | "sec" | "secs" | "second" | "seconds" | "sek" | "sekunde" | "sekunden"
            | "seconde" | "secondes" | "seg" | "segundo" | "segundos" | "secondi" | "с" | "сек"
            | "секунд" | "секунды" | "секунда" | "秒" => Self::Seconds,
            "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" | "millisek"
            | "millisekunden" | "milliseconde" | "millisecondes" | "milisegundos" | "мс"
            | "毫秒" => Self::Millis,
            "us" | "µs" | "μs" | "usec" | "micros" | "microsecond" | "microseconds"
            | "mikrosek" | "mikrosekunden" | "microsecondes" | "microsegundos" | "мкс" => {
                Self::Micros
            }
            "ns" | "nsec" | "nanos" | "nanosecond" | "nanoseconds" | "nanosekunden"
            | "nanosecondes" => Self::Nanos,
            _ => return None,
        })
    }
}

/// `value` with its decimal point moved: 2.1 ms are 0.0021 s and not the nearest that a division
/// of binary fractions gives.
fn move_decimal_point(value: f64, places: i32) -> f64 {
    format!("{value}e{places}").parse().unwrap_or(value * 10_f64.powi(places))
}

/// The unit of time at the start of `text`, and what follows it.
pub(super) fn leading_time_unit(text: &str) -> Option<(TimeUnit, &str)> {
    let text = text.trim_start();
    // `0m1.5s` has its digits right after the unit.
    let end = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    // `avg=0.003 min=0.002`: that is the next key, not minutes.
    let is_key = rest.starts_with(['=', ':', '_']);
    TimeUnit::from_name(word).filter(|_| !is_key).map(|factor| (factor, rest))
}

/// The words of `text`: runs of letters and digits.
pub(super) fn split_words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// Whether `text` holds one of `needles`, which are in lower case.
pub(super) fn contains_any(text: &str, needles: &[&str]) -> bool {
    let text = lower_case(text);
    // Most have a byte that is nowhere in the text, and are not looked for.
    let mut there = [false; 256];
    for byte in text.bytes() {
        there[usize::from(byte)] = true;
    }
    needles.iter().any(|needle| {
        needle.bytes().all(|byte| there[usize::from(byte)])
            && contains_word(text.as_bytes(), needle.as_bytes())
    })
}

/// Whether one of the words of `text` stands in a list of words, or begins as one with a star.
pub(super) fn has_word(text: &str, list: &str) -> bool {
    split_words(text).any(|word| {
        let word = lower_case(word);
        list.split_whitespace().any(|listed| match listed.strip_suffix('*') {
            Some(start) => word.starts_with(start),
            None => *word == *listed,
        })
    })
}

/// Whether a text holds a word. Most texts are short lines: to prepare a search of them takes longer
/// than to look at each place where the word could begin.
fn contains_word(text: &[u8], word: &[u8]) -> bool {
    let first = word.first().copied().unwrap_or_default();
    memchr::memchr_iter(first, text).any(|at| text[at..].starts_with(word))
}

/// A text in lower case; most of what is looked at is so already.
pub(super) fn lower_case(text: &str) -> Cow<'_, str> {
    match text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.to_lowercase()),
    }
}

/// Whether a program wrote `text` to say that it failed.
pub(super) fn is_error(text: &str) -> bool {
    let lower = lower_case(text.trim_start_matches(['-', '*', '>', ' ', '(', '[', '❌']));
    let lower = remove_denials(&lower);
    // No program begins so: somebody tells in his own words of what failed.
    if lower.starts_with("n/a") {
        return false;
    }
    starts_with_any(&ERROR_STARTS, &lower) || ERROR_PHRASES.is_match(&*lower)
}

/// A text in lower case without what says that nothing failed: `failed: 0`, `error: none`, `no
/// errors`, `errors.log is empty`, and the setting `on-failure`.
pub(super) fn remove_denials(lower: &str) -> Cow<'_, str> {
    if FAILURES.is_match(lower) { DENIALS.replace_all(lower, "") } else { Cow::Borrowed(lower) }
}

/// How the words begin that every one of [`DENIALS`] has: few texts have any.
#[allow(clippy::expect_used, reason = "constant words, used by a test")]
static FAILURES: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let words = "fail|error|crash|abort|timed out|hung|échec";
    let words = words.split('|').chain(["fehlgeschlagen"]);
    // To look for where a word may begin takes longer than to read a line.
    AhoCorasick::builder().prefilter(false).build(words).expect("few words")
});

static DENIALS: LazyLock<Regex> = LazyLock::new(|| {
    let failure = r"(?:fail\w*|errors?|crash\w*|abort\w*|timed out|hung|échecs?|fehlgeschlagen)";
    let none = r"(?:0(?: of \d+)?|none|no|nil|null|nothing|keine)";
    let forms = [
        format!(r"\b(?:no|zero|without|none|never|not|didn't)[ -](?:any )?{failure}\b"),
        format!(r"(?:^|[,;:(|=] *|\b(?:and|with|passed|ok) )0 {failure}\b"),
        format!(r"\b{failure}(?: requests)?(?: *[:=|] *| ){none} *(?:$|[,;)|])"),
        format!(r"\b{failure}[\w.]* (?:\w+ )?(?:is |was )?empty\b"),
        r"\bon[ -]failure\b".to_string(),
    ];
    Regex::new(&forms.join("|")).unwrap_or_else(|error| unreachable!("{error}"))
});

static ERROR_STARTS: LazyLock<AhoCorasick> = LazyLock::new(|| find_starts(STARTS));

/// Finds any of these at the beginning of a text, for [`starts_with_any`].
#[allow(clippy::expect_used, reason = "constant words, used by a test")]
pub(super) fn find_starts(starts: &[&str]) -> AhoCorasick {
    AhoCorasick::builder().start_kind(StartKind::Anchored).build(starts).expect("few words")
}

/// Whether a text begins with one of the words of [`find_starts`].
pub(super) fn starts_with_any(starts: &AhoCorasick, text: &str) -> bool {
    starts.is_match(Input::new(text).anchored(Anchored::Yes))
}

/// Finds any of [`PHRASES`] in one pass: every line of every file is searched for them.
#[allow(clippy::expect_used, reason = "constant words, used by a test")]
static ERROR_PHRASES: LazyLock<AhoCorasick> =
    LazyLock::new(|| AhoCorasick::new(PHRASES).expect("few words"));

/// Whether the value next to these words was not measured: an expectation, an example.
pub(super) fn is_hypothetical(text: &str) -> bool {
    // "differs from the host, as expected" says that it was measured.
    contains_any(&text.to_lowercase().replace("as expected", ""), HYPOTHETICAL_WORDS)
}

/// Whether a text admits that what stands there was not captured: no sound evidence says so.
pub(super) fn is_made_up(text: &str) -> bool {
    if !contains_any(text, MADE_UP_WORDS) {
        return false;
    }
    let lower = text.to_lowercase();
    let mut places = MADE_UP_WORDS.iter().flat_map(|word| lower.match_indices(word));
    places.any(|(at, _)| !MADE_UP_DENIALS.iter().any(|denial| lower[..at].ends_with(denial)))
}

/// Whether a text announces what somebody expects, and not what a command printed.
pub(super) fn is_expected_output(text: &str) -> bool {
    contains_any(text, &["expected output", "example output", "sample output"])
        || contains_any(text, &["from the ", "aus der ", "из "])
            && has_word(text, "docs documentation handout manual dokumentation документации")
}

/// Whether words say that there is no value.
pub(super) fn is_absence(text: &str) -> bool {
    contains_any(text, ABSENCE_WORDS)
}

/// What stands outside and what stands inside round brackets.
pub(super) fn without_brackets(text: &str) -> (String, String) {
    let (mut outside, mut inside, mut depth) = (String::new(), String::new(), 0_u32);
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => inside.push(c),
            _ => outside.push(c),
        }
        if matches!(c, '(' | ')') {
            outside.push(' ');
            inside.push(' ');
        }
    }
    (outside, inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_a_whole_number_and_nothing_that_starts_like_one() {
        for (text, number) in [
            ("322", Some(322)),
            ("**322** entries", Some(322)),
            ("52 (vs. the host)", Some(52)),
            ("52.", Some(52)),
            ("6.8.0", None),
            ("1 234", None),
            ("1,234", None),
            ("3rd", None),
            ("~300", None),
            ("", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(whole_number(text), number, "{text}");
        }
    }

    #[test]
    fn durations_carry_their_unit() {
        for (text, seconds, stated) in [
            ("0m1.234s", 1.234, true),
            ("1m2,5s", 62.5, true),
            ("4.03 secs", 4.03, true),
            ("400.00 millis", 0.4, true),
            ("400ms", 0.4, true),
            ("0:01.23elapsed", 1.23, true),
            ("0.58", 0.58, false),
            ("1.5 мин", 90.0, true),
            ("2sec 142ms 345µs 12ns", 2.142345012, true),
            ("1min 3sec", 63.0, true),
            ("2,14 Sek.", 2.14, true),
            ("0.003 min=0.002", 0.003, false),
        ] {
            let (value, unit, _) = leading_duration(text).unwrap();
            assert!((value - seconds).abs() < 1e-9 && unit == stated, "{text}: {value}");
        }
    }
}
