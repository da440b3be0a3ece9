//! Times as people write them by hand: with a key, with a remark, several on a line, bare.

use super::names::{
    has_duration, is_clock, is_excluded, is_run, is_time_key, is_time_of_day, whole_duration,
};
use crate::lab12::readers::label;
use crate::lab12::readers::vocabulary::timing_own_forms::{COMPARISONS, ENDS, SUMS};
use crate::lab12::readers::words::{self, TimeUnit};

/// Whether a text is one time with its unit or several samples, and nothing else.
pub(in crate::lab12::readers) fn states_times(text: &str) -> bool {
    let text = words::strip_value_marks(text);
    whole_duration(text).is_some() || !parse_time_list(text, None).is_empty()
}

/// Whether a text is a numbered sample: `1: .68 s`.
pub(in crate::lab12::readers) fn is_numbered_time(text: &str) -> bool {
    text.split_once(": ").is_some_and(|(key, time)| {
        key.trim_start_matches('#').parse::<u16>().is_ok() && whole_duration(time).is_some()
    })
}

/// Whether a text is a time below zero, as clocks that were set back give: `3: -3598.37 s`.
pub(super) fn is_negative_time(text: &str) -> bool {
    let time = text.split_once(": ").filter(|(key, _)| is_run(key)).map_or(text, |(_, time)| time);
    let below = time.trim_start().strip_prefix(['-', '−']);
    below.is_some_and(|time| !time.starts_with(' ') && whole_duration(time).is_some())
}

/// Several samples on one line: `0.41 0.42 0.40`, `0.41s, 0.42s`, in the unit that the words above
/// them name where they are bare.
pub(super) fn parse_time_list(text: &str, unit: Option<TimeUnit>) -> Vec<f64> {
    if let Some(times) = unit.and_then(|unit| parse_bare_list(text, unit)) {
        return times;
    }
    // `2sec 142ms` is one time.
    if words::leading_duration(text).is_some_and(|(_, unit, rest)| unit && rest.trim().is_empty()) {
        return Vec::new();
    }
    // After samples their mean may stand in brackets, and after brackets their unit.
    let text = match text.split_once(" (") {
        Some((times, note)) if note.ends_with(')') && is_excluded(note) => times,
        _ => text.split_once(" → ⌀").map_or(text, |(times, _)| times),
    };
    if let Some((list, unit)) = text.strip_prefix('[').and_then(|list| list.split_once(']'))
        && TimeUnit::from_name(unit.trim()).is_some()
    {
        let times: Option<Vec<f64>> =
            list.split(',').map(|time| whole_duration(&format!("{}{unit}", time.trim()))).collect();
        return times.unwrap_or_default();
    }
    let text = text.trim_matches(|c: char| matches!(c, '[' | ']' | '{' | '}') || c.is_whitespace());
    // `0,812 s; 0,798 s`, but `1 min, 2.14 s` is one time.
    for mark in ["; ", ", ", " / "].iter().filter(|_| !words::contains_any(text, &["min"])) {
        let times: Option<Vec<f64>> = text.split(*mark).map(whole_duration).collect();
        if let Some(times) = times.filter(|times| times.len() > 1) {
            return if are_clocks(&times) { Vec::new() } else { times };
        }
    }
    let times: Option<Vec<f64>> = text.split_whitespace().map(parse_listed_time).collect();
    times.filter(|times| times.len() > 1 && !are_clocks(times)).unwrap_or_default()
}

/// Several bare numbers in a unit: `[612, 598.5]`.
fn parse_bare_list(text: &str, unit: TimeUnit) -> Option<Vec<f64>> {
    let text = text.trim_matches(|c: char| matches!(c, '[' | ']' | ',') || c.is_whitespace());
    let mut list = Vec::new();
    for word in text.split_whitespace() {
        let (value, "") = words::leading_decimal(word.trim_end_matches([',', ';']))? else {
            return None;
        };
        list.push(unit.to_seconds(value));
    }
    (list.len() > 1).then_some(list)
}

/// One word of a list of times: with its unit, or so small a number with decimals that it can only
/// be seconds.
fn parse_listed_time(word: &str) -> Option<f64> {
    let word = word.trim_end_matches([',', ';']);
    let (value, unit, rest) = words::leading_duration(word)?;
    let is_plausible = unit || word.contains(['.', ',']) && value < 100.0;
    (is_plausible && rest.is_empty()).then_some(value)
}

/// Whether three times on a line can only be the clocks of one start, as `%e %U %S` of GNU time
/// prints them: what the processor needed is a small part of the time that went by.
fn are_clocks(times: &[f64]) -> bool {
    matches!(times, [elapsed, user, system] if user.max(*system) * 4.0 < *elapsed)
}

/// People's own forms: `run 1: 0.2s`, `startup=400ms`, `ms=800`, `0.4s total`.
pub(super) fn own_form(text: &str) -> Option<f64> {
    // `1 min 2.14 s`: that is no minimum.
    if let Some((time, true, "")) = words::leading_duration(text) {
        return Some(time);
    }
    // `> 2 s` is a bound.
    let bound = text.strip_prefix('>').and_then(words::leading_duration);
    if bound.is_some_and(|(_, has_unit, _)| has_unit) {
        return None;
    }
    let text = without_status(without_comparison(label::strip_decoration(text)));
    if let Some(time) = parse_result(text).or_else(|| parse_numbered_time(text)) {
        return Some(time);
    }
    if text.split_whitespace().any(is_time_of_day)
        || is_excluded(text)
        || words::is_hypothetical(text)
        || words::contains_any(text, &["http", "mib/s", "mb/s"])
    {
        return None;
    }
    if let Some(time) = parse_lone_clock(text) {
        return Some(time);
    }
    let (key, value) = match text.rsplit_once(['=', ':']) {
        Some((key, value)) if !key.ends_with(|c: char| c.is_ascii_digit()) || is_run(key) => {
            (key.trim(), value)
        }
        // A clock has colons of its own: `Elapsed: 0:02.34`.
        _ => match text.split_once(':') {
            Some((key, clock)) if words::leading_duration(clock).is_some() => (key.trim(), clock),
            _ => ("", text),
        },
    };
    if !key.is_empty() && !is_time_key(key) {
        return None;
    }
    let (number, stated, rest) = words::leading_duration(value)?;
    // A sentence after a value is ignored, a calculation is not a value.
    let rest = rest.trim_start();
    let is_number = rest.starts_with(|c: char| c.is_ascii_digit());
    let next = rest.strip_prefix([',', ';']).and_then(|next| words::leading_duration(next));
    if next.is_some_and(|(_, has_unit, _)| has_unit) {
        return None;
    }
    if is_number || rest.starts_with(['/', '*', '+', '-', '±', '%', 'x', '×', '–', '~', '#']) {
        return None;
    }
    if stated {
        return Some(number);
    }
    let unit = words::split_words(key)
        .find_map(|word| TimeUnit::from_name(word).filter(|_| word.len() > 1));
    match unit {
        Some(factor) => Some(factor.to_seconds(match thousands_of(value.trim()) {
            Some(thousands) if factor == TimeUnit::Millis => thousands,
            _ => number,
        })),
        None if !key.is_empty() => parse_bare_time(value, None),
        None => None,
    }
}

/// The time after the number of a run, whose unit may look like a minimum: `2: 1 min 2.31 s`.
fn parse_numbered_time(text: &str) -> Option<f64> {
    let (key, time) = text.split_once(": ")?;
    is_run(key).then(|| whole_duration(time))?
}

/// A clock with nothing before it but the words for a time, `1:02.14` and `elapsed 0:01:02`, as
/// `%E` of GNU time prints.
fn parse_lone_clock(text: &str) -> Option<f64> {
    let clock = text.split_whitespace().find(|word| is_clock(word))?;
    let (key, _) = text.split_once(clock)?;
    let key = key.trim_end_matches([' ', '\t', ':', '=']);
    (key.is_empty() || is_time_key(key)).then_some(words::leading_duration(clock)?.0)
}

/// A time without what compares it in brackets after it: `2.14s (2.6x slower)`.
fn without_comparison(text: &str) -> &str {
    match text.split_once(" (").filter(|(_, note)| note.ends_with(')')) {
        Some((time, note))
            if whole_duration(time).is_some()
                && (words::contains_any(note, COMPARISONS) || is_factor(note))
                && !words::contains_any(note, SUMS) =>
        {
            time
        }
        _ => text,
    }
}

/// A time without the status of a program that succeeded after it: `2.21 s exit=0`.
fn without_status(text: &str) -> &str {
    let bare = text.trim_end_matches(')');
    let head = ENDS.iter().find_map(|end| bare.strip_suffix(end));
    let time = head.map(|head| head.trim_end_matches([' ', ',', ';', '(', '→', '-']));
    time.filter(|time| has_duration(time)).unwrap_or(text)
}

/// The time at which a line arrives that names more than it: the sum of phases, `0.20s + 0.48s =
/// 0.68s`, or what lies between two times of day, `start 12:00:01.1 end 12:00:01.9 -> 0.8s`.
fn parse_result(text: &str) -> Option<f64> {
    let (sum, result) = text.rsplit_once("= ").unwrap_or_default();
    if sum.contains(" + ") {
        return whole_duration(result.trim());
    }
    let (clocks, result) = text.rsplit_once("->").or_else(|| text.rsplit_once('→'))?;
    let mut words =
        clocks.split_whitespace().filter(|word| word.contains(|c: char| c.is_ascii_digit()));
    (clocks.contains(':') && words.all(is_time_of_day)).then(|| whole_duration(result.trim()))?
}

/// `≈3.4×)`
fn is_factor(note: &str) -> bool {
    let factor = note.trim_matches(|c: char| matches!(c, ')' | '~' | '≈' | ' '));
    words::leading_decimal(factor).is_some_and(|(_, rest)| matches!(rest, "x" | "×"))
}

/// `2,310` milliseconds: the comma parts thousands, for no container starts within a few.
fn thousands_of(text: &str) -> Option<f64> {
    let (whole, rest) = words::leading_digits(text)?;
    let (behind, rest) = words::leading_digits(rest.strip_prefix(',')?)?;
    let is_parted = behind.len() == 3 && !whole.starts_with('0') && rest.trim().is_empty();
    is_parted.then(|| format!("{whole}{behind}").parse().ok()).flatten()
}

/// Whether a line gives its time a name of its own that is no number of a run.
pub(super) fn names_other_time(text: &str) -> bool {
    let key = text.split_once([':', '=']).map_or("", |(key, _)| key.trim());
    !key.is_empty() && !is_run(key) && is_time_key(key)
}

/// A number alone on its line. Seconds if it has decimals, as `%e` of GNU time prints; a whole
/// number could as well be milliseconds.
pub(super) fn parse_bare_time(text: &str, unit: Option<TimeUnit>) -> Option<f64> {
    let text = words::strip_value_marks(text);
    // `1) 0.61`
    let text = match words::leading_digits(text) {
        Some((_, rest)) => rest.strip_prefix(") ").unwrap_or(text).trim_start(),
        None => text,
    };
    let (value, rest) = words::leading_decimal(text)?;
    if !rest.trim().is_empty() {
        return None;
    }
    if let Some(unit) = unit {
        return Some(unit.to_seconds(thousands_of(text.trim()).unwrap_or(value)));
    }
    (text.contains(['.', ',']) && value < 100.0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peoples_own_forms_are_read_and_summaries_are_not() {
        assert_eq!(own_form("run 1: 0.2s"), Some(0.2));
        assert_eq!(own_form("startup=400ms"), Some(0.4));
        assert_eq!(own_form("ms=800"), Some(0.8));
        assert_eq!(own_form("0.4s total"), Some(0.4));
        assert_eq!(own_form("avg: 0.4s"), None);
        assert_eq!(own_form("Kata is 2.5s slower"), None);
        assert_eq!(own_form("user 0m0.01s"), None);
    }
}
