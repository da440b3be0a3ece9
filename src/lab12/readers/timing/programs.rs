//! What shells and programs for timing print of a start.

use super::names::is_excluded;
use crate::lab12::readers::page::PageLine;
use crate::lab12::readers::read::{FoundValue, ReadResult};
use crate::lab12::readers::vocabulary::timing_programs::NAMED;
use crate::lab12::readers::words::{self, TimeUnit};
use crate::model::{MissingReason, MissingValue};

/// Whether a program for timing wrote a line.
pub(in crate::lab12::readers) fn is_program_time(text: &str) -> bool {
    parse_program_time(text).is_some()
}

/// The ways in which shells and programs for timing write a time.
pub(super) const PROGRAM_FORMS: [fn(&str) -> Option<f64>; 6] = [
    parse_real_time,
    parse_zsh_time,
    parse_named_time,
    parse_tcsh_time,
    parse_clocks,
    parse_nushell_time,
];

/// The time that a shell or a program for timing wrote.
pub(super) fn parse_program_time(text: &str) -> Option<f64> {
    PROGRAM_FORMS.iter().find_map(|form| form(text))
}

/// bash, ksh and `time -p`: `real 0m1.234s`, `real 0.58`, `trial1: real=0.40s`.
fn parse_real_time(text: &str) -> Option<f64> {
    let lower = text.to_lowercase();
    let mut rest = lower.as_str();
    // `user 0.01s sys 0.02s real 0.58s`
    while let Some(clock) = ["user", "system", "sys"].iter().find_map(|key| rest.strip_prefix(key))
        && let Some((_, _, behind)) =
            words::leading_duration(clock.trim_start_matches([' ', '\t', ':', '=']))
    {
        rest = behind.trim_start_matches([' ', '\t', ',', ';']);
    }
    ["real", "réel"].iter().find_map(|word| time_after_word(rest, word))
}

fn time_after_word(lower: &str, word: &str) -> Option<f64> {
    let mut places = lower.match_indices(word).map(|(at, _)| at);
    let at = places.find(|&at| !lower[..at].ends_with(|c: char| c.is_alphanumeric()))?;
    let behind = &lower[at + word.len()..];
    let rest = behind.trim_start_matches([' ', '\t', ':', '=', '|', '`', '*']);
    let glued = behind.starts_with(|c: char| c.is_alphanumeric());
    let lead_is_label = lower[..at].trim_end().chars().all(|c| !matches!(c, '.' | ',' | ';'));
    let is_of_zsh = lower.ends_with(" total") && lower.contains("% cpu ");
    if glued || is_of_zsh || !lead_is_label || is_excluded(&lower[..at]) {
        return None;
    }
    Some(words::leading_duration(rest)?.0)
}

/// zsh: `sudo nerdctl run … 0.01s user 0.01s system 1% cpu 1.200 total`; the lines of the
/// other programs of the pipe are not the container's.
pub(super) fn parse_zsh_time(text: &str) -> Option<f64> {
    let (head, total) = text.strip_suffix(" total")?.rsplit_once("% cpu ")?;
    let command = head.split_whitespace().next()?;
    let of_pipe =
        matches!(command, "grep" | "tee" | "egrep" | "awk" | "tail" | "head" | "cat" | "sed");
    if of_pipe || !head.contains(" user ") {
        return None;
    }
    Some(words::leading_duration(total.trim())?.0)
}

/// `Executed in    4.03 secs`, `0.812345678 seconds time elapsed`.
fn parse_named_time(text: &str) -> Option<f64> {
    // Of perf the words stand after the time.
    let before = NAMED.iter().find_map(|before| text.split_once(before));
    let (_, rest) = before.or_else(|| Some(("", text.strip_suffix(" seconds time elapsed")?)))?;
    Some(words::leading_duration(rest.trim_start_matches([' ', '\t', ':']))?.0)
}

/// What nushell's `timeit` prints: `1sec 27ms 409µs 311ns`.
fn parse_nushell_time(text: &str) -> Option<f64> {
    let is_exact = ["ns", "µs"].iter().any(|unit| text.ends_with(unit)) && text.contains(' ');
    let (time, _, rest) = words::leading_duration(text).filter(|_| is_exact)?;
    rest.is_empty().then_some(time)
}

/// tcsh: `0.010u 0.020s 0:00.51 5.8%`.
fn parse_tcsh_time(text: &str) -> Option<f64> {
    let mut words = text.split_whitespace();
    let (user, system, elapsed) = (words.next()?, words.next()?, words.next()?);
    let is_tcsh =
        is_clock_of(user, 'u') && is_clock_of(system, 's') && words.next()?.ends_with('%');
    is_tcsh.then(|| words::leading_duration(elapsed))?.map(|(time, ..)| time)
}

/// Whether a word is a number right before this unit.
fn is_clock_of(word: &str, unit: char) -> bool {
    let number = word.strip_suffix(unit).and_then(words::leading_decimal);
    number.is_some_and(|(_, rest)| rest.is_empty())
}

/// The clocks of GNU time, mksh and the BSDs: `0.82 real 0.02 user 0.01 sys`, `0.01user
/// 0.02system 0:01.23elapsed`, `elapsed=0.91 user=0.02 sys=0.03`.
fn parse_clocks(text: &str) -> Option<f64> {
    if let Some(("elapsed", rest)) = text.split_once('=') {
        return rest.contains(" user=").then(|| words::leading_decimal(rest))?.map(|time| time.0);
    }
    let (value, _, rest) = words::leading_duration(text)?;
    let clocks: Vec<&str> = rest.split_whitespace().step_by(2).collect();
    if matches!(clocks[..], ["real", "user", "sys" | "system"]) {
        return Some(value);
    }
    let elapsed = text.split_whitespace().find_map(|word| word.strip_suffix("elapsed"))?;
    let is_gnu = text.contains("user") && text.contains("system");
    is_gnu.then(|| words::leading_duration(elapsed))?.map(|(time, ..)| time)
}

/// The time that a command printed in a form that it was given, as the program for timing writes it:
/// `/usr/bin/time -f 'runc %e'`, `(Measure-Command { … }).TotalSeconds`.
pub(in crate::lab12::readers) fn time_of_measured_command(
    typed: &str,
    text: &str,
) -> Option<String> {
    if let Some((_, format)) = typed.split_once("time -f ") {
        let mark = format.chars().next().filter(|mark| matches!(mark, '\'' | '"'))?;
        let (before, after) = format[1..].split_once(mark)?.0.split_once("%e")?;
        let time = text.strip_prefix(before)?.strip_suffix(after)?;
        let (_, rest) = words::leading_decimal(time)?;
        return rest.is_empty().then(|| format!("real {time}"));
    }
    let (command, property) = typed.rsplit_once("}).")?;
    let is_measured = command.trim_start_matches(['$', '(']).contains("Measure-Command");
    let is_sum = matches!(property, "TotalSeconds" | "TotalMilliseconds");
    let (_, rest) = words::leading_decimal(text)?;
    (is_measured && is_sum && rest.is_empty()).then(|| format!("{property} : {text}"))
}

/// The parts of a time that PowerShell's `Measure-Command` lists, where its sum is not among
/// them: `Seconds : 2` and `Milliseconds : 142`.
pub(super) fn parse_measure_command(texts: &[&PageLine]) -> Option<FoundValue<Vec<f64>>> {
    const PARTS: [(&str, f64); 5] = [
        ("Days", 86_400_000.0),
        ("Hours", 3_600_000.0),
        ("Minutes", 60_000.0),
        ("Seconds", 1_000.0),
        ("Milliseconds", 1.0),
    ];
    let (mut times, mut millis, mut first) = (Vec::new(), None, None);
    let mut sums: Option<FoundValue<Vec<f64>>> = None;
    for line in texts {
        if line.text.starts_with("TotalSeconds") {
            return None;
        }
        let Some((key, value)) = line.text.split_once(':') else { continue };
        if key.trim() == "TotalMilliseconds" {
            let sum = TimeUnit::Millis.to_seconds(words::leading_decimal(value.trim())?.0);
            let empty = FoundValue::at_line(Vec::new(), line);
            sums.get_or_insert(empty).value.push(sum);
        }
        let Some((name, factor)) = PARTS.iter().find(|(name, _)| *name == key.trim()) else {
            continue;
        };
        let Ok(value) = value.trim().parse::<u32>() else { return None };
        millis = Some(millis.unwrap_or(0.0) + f64::from(value) * factor);
        if *name == "Milliseconds" {
            times.extend(millis.take().map(|sum| TimeUnit::Millis.to_seconds(sum)));
            first = first.or(Some(line.number));
        }
    }
    first.map(|line| FoundValue { value: times, line }).or(sums)
}

/// No container starts in no time: a clock that was not read, or digits that were lost.
pub(super) fn refuse_no_time(found: FoundValue<Vec<f64>>) -> ReadResult<Vec<f64>> {
    if found.value.contains(&0.0) {
        let note = "a start takes longer than 0 s".to_string();
        return Err(MissingValue::new(MissingReason::OutOfRange, note).at_line(found.line));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_is_read() {
        assert_eq!(parse_real_time("real\t0m1.234s"), Some(1.234));
        assert_eq!(parse_real_time("real 0m0,500s"), Some(0.5));
        assert_eq!(parse_real_time("real 0.58"), Some(0.58));
        assert_eq!(parse_real_time("trial1: real=0.40s"), Some(0.4));
        assert_eq!(parse_real_time("really 5s"), None);
        assert_eq!(
            parse_zsh_time("sudo nerdctl run x  0.01s user 0.01s system 1% cpu 1.200 total"),
            Some(1.2)
        );
        assert_eq!(parse_zsh_time("grep real  0.00s user 0.00s system 0% cpu 1.199 total"), None);
        assert_eq!(parse_named_time("Executed in  400.00 millis    fish"), Some(0.4));
        assert_eq!(parse_clocks("0.01user 0.02system 0:01.23elapsed 3%CPU (0avgtext"), Some(1.23));
        assert_eq!(
            parse_named_time("Elapsed (wall clock) time (h:mm:ss or m:ss): 0:02.50"),
            Some(2.5)
        );
    }
}
