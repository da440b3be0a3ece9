//! HTTP latency: samples, and the summary that the lab's awk line prints.

use serde_json::{Map, Number, Value};

use super::label::EvidenceRole;
use super::page::{EvidencePage, LabelledPart, PageLine};
use super::read::{self, FoundValue, ReadResult};
use super::timing;
use super::words::{self, TimeUnit};
use crate::model::{MissingReason, MissingValue};

/// The samples in seconds: one a line, wherever they stand on the page.
pub(super) fn read_latency_samples(page: &EvidencePage) -> ReadResult<Vec<f64>> {
    let parts = not_katas(page);
    let mut first = None;
    let mut values = Vec::new();
    let in_millis = page.value_unit_is_millis();
    let mut rows: Vec<Vec<f64>> = Vec::new();
    // The figures of a summary in a table are no samples.
    let own = parts.iter().filter(|part| !timing::is_excluded_part(&part.label));
    let mut lines: Vec<&PageLine> = own.flat_map(|part| part.value_lines()).collect();
    // Next to the figures of a summary `Total:` is the time of all requests.
    if lines.iter().any(|line| line.text.starts_with("Slowest:")) {
        lines.retain(|line| !line.text.starts_with("Total:"));
    }
    // Echoes of ping are no requests.
    lines.retain(|line| !line.text.contains(" bytes from "));
    lines.retain(|line| {
        line.measure.as_deref().is_none_or(|measure| !words::has_word(measure, "start* boot*"))
    });
    let column = lines.iter().find_map(|line| find_total_column(&line.text));
    for line in lines {
        let times = match column {
            Some(column) => Vec::from_iter(time_in_column(&line.text, column)),
            None => on_line(&line.text, in_millis),
        };
        if !times.is_empty() {
            first = first.or(Some(line.number));
            values.extend(&times);
            rows.push(times);
        }
    }
    if let Some(line) = first.filter(|_| are_phases(&rows)) {
        let note = "each line holds several times that grow, as those of the phases of a request: \
                    which of them is that of the whole is not stated";
        return Err(MissingValue::new(MissingReason::NotStated, note).at_line(line));
    }
    match first {
        // What curl writes of a request that failed.
        Some(line) if values.iter().all(|value| *value == 0.0) => {
            Err(MissingValue::new(MissingReason::OutOfRange, "a request takes longer than 0 s")
                .at_line(line))
        }
        Some(line) => Ok(FoundValue { value: values, line }),
        None => Err(read::explain_unreadable_lines(
            parts.iter().flat_map(|part| &part.lines),
            MissingReason::NotNumeric,
        )),
    }
}

/// Which of the columns that a head names is curl's time of the whole request:
/// `time_connect,time_total`, `dns,connect,ttfb,total`.
fn find_total_column(head: &str) -> Option<(usize, char)> {
    let mark = [',', ';', '\t'].into_iter().find(|mark| head.contains(*mark))?;
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let mut names = head.split(mark).map(str::trim);
    let is_of_phases = words::has_word(head, "connect ttfb dns");
    let is_total = |name| name == "time_total" || name == "total" && is_of_phases;
    let at = names.clone().position(is_total)?;
    names.all(is_name).then_some((at, mark))
}

fn time_in_column(row: &str, (column, mark): (usize, char)) -> Option<f64> {
    let (value, rest) = words::leading_decimal(row.split(mark).nth(column)?.trim())?;
    rest.is_empty().then_some(value)
}

/// Whether every line holds as many times as the others, and none less than the one before it.
fn are_phases(rows: &[Vec<f64>]) -> bool {
    let count = rows.first().map_or(0, Vec::len);
    rows.len() > 1
        && (2..=8).contains(&count)
        && rows.iter().all(|row| row.len() == count && row.is_sorted())
        && rows.iter().any(|row| row.first() < row.last())
}

fn not_katas<'p>(page: &'p EvidencePage) -> Vec<&'p LabelledPart> {
    page.labelled_parts().iter().filter(|part| part.who != Some(EvidenceRole::Kata)).collect()
}

/// The samples on one line, which holds nothing else; numbers without a unit are seconds, or
/// milliseconds where the head of the page says so.
fn on_line(text: &str, in_millis: bool) -> Vec<f64> {
    // `time_connect: 0.000310 time_total: 0.004900`, `code=200 time=0.0049s size=1987`
    for key in ["time_total", " time=", " total=", " time: ", " total: "] {
        // Next to a count `total=` is the time of all requests.
        let is_of_one = !key.starts_with(" total")
            || words::contains_any(text, &["connect", "ttfb", "dns", "code", "status"])
                && !words::has_word(text, "n count requests");
        let found = text.split_once(key).filter(|(before, _)| is_of_one && !before.is_empty());
        if let Some((_, behind)) = found {
            let time = behind.trim_start_matches(['=', ':', ' ']);
            return time_with_unit(time, in_millis);
        }
    }
    // `Request 1: 0.002345 (HTTP 200)`
    let text = text.split_once(" (HTTP ").map_or(text, |(time, _)| time);
    // `[7/50] 0.004512`
    let text = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((place, rest)) if place.split('/').all(is_number) => rest.trim_start(),
        _ => text,
    };
    let text = match text.split_once([':', '=']) {
        Some((key, value)) if is_sample_key(key) => value.trim(),
        _ => text,
    };
    // `1,0.004512` of a table with commas.
    let text = match text.split_once([',', ';']) {
        Some((number, time)) if is_number(number) && time.contains('.') => time,
        _ => text,
    };
    let tokens: Vec<&str> = text.split_whitespace().collect();
    let tokens = match &tokens[..] {
        // A request without a response took no time that counts.
        ["000", _] => return Vec::new(),
        // `%{http_code} %{time_total}`
        [status, time] if is_status(status) && time.contains(['.', ',']) => &tokens[1..],
        // The number of the request, and its time.
        [number, time] if is_number(number) && time.contains(['.', ',']) => &tokens[1..],
        tokens => tokens,
    };
    let times: Option<Vec<Vec<f64>>> = match tokens {
        [value, unit] if TimeUnit::from_name(unit).is_some() => {
            seconds_in_word(&format!("{value}{unit}"), in_millis).map(|t| vec![t])
        }
        tokens => tokens.iter().map(|token| seconds_in_word(token, in_millis)).collect(),
    };
    times.unwrap_or_default().into_iter().flatten().collect()
}

/// The time that a text begins with, whose unit may be a word of its own: `0.123 ms`.
fn time_with_unit(text: &str, in_millis: bool) -> Vec<f64> {
    let mut words = text.split_whitespace();
    let (Some(time), next) = (words.next(), words.next()) else { return Vec::new() };
    let unit = next.filter(|unit| TimeUnit::from_name(unit).is_some()).unwrap_or_default();
    seconds_in_word(&format!("{time}{unit}"), in_millis).unwrap_or_default()
}

fn is_number(token: &str) -> bool {
    (1..=4).contains(&token.len()) && token.chars().all(|c| c.is_ascii_digit())
}

fn is_status(token: &str) -> bool {
    token.len() == 3 && token.chars().all(|c| c.is_ascii_digit())
}

fn is_sample_key(key: &str) -> bool {
    let key = words::strip_value_marks(key).to_lowercase();
    let numbered = key.chars().all(|c| c.is_ascii_digit() || c == '#');
    let mut words = words::split_words(&key);
    let first = words.next().unwrap_or_default();
    numbered
        || matches!(key.as_str(), "time_total" | "total" | "time" | "latency")
        || matches!(first, "request" | "run" | "sample" | "req")
            && words.all(|word| word.parse::<u32>().is_ok())
}

/// The seconds in one word: a decimal number with or without a unit, or several as curl prints
/// them without line ends (always six decimals).
fn seconds_in_word(token: &str, in_millis: bool) -> Option<Vec<f64>> {
    let token = token.trim_end_matches([',', ';']);
    if let Some(glued) = split_glued_numbers(token) {
        return Some(glued);
    }
    let (value, unit, rest) = words::leading_duration(token)?;
    let decimal = token.contains(['.', ',']) || unit;
    let value = if in_millis && !unit { TimeUnit::Millis.to_seconds(value) } else { value };
    (decimal && rest.is_empty() && !token.contains(':')).then(|| vec![value])
}

fn split_glued_numbers(token: &str) -> Option<Vec<f64>> {
    let mut values = Vec::new();
    let mut rest = token;
    while !rest.is_empty() {
        let point = rest.find('.')?;
        let end = point + 7;
        let number = rest.get(..end)?;
        let digits = number.chars().all(|c| c.is_ascii_digit() || c == '.') && point > 0;
        values.push(digits.then(|| number.parse().ok()).flatten()?);
        rest = &rest[end..];
    }
    (values.len() > 1).then_some(values)
}

/// The summary: `avg=0.0001s min=0.0001s max=0.0005s n=50`, in seconds; what it does not state
/// is `null`.
pub(super) fn read_reported_latency(page: &EvidencePage) -> ReadResult<Value> {
    let parts = not_katas(page);
    let lines: Vec<&PageLine> = parts.iter().flat_map(|part| part.value_lines()).collect();
    let found = read::find_value(lines.iter().copied(), on_one_line);
    let found = read_apache_bench(&lines)
        .or_else(|| read_wrk(&lines))
        .or(found)
        .or_else(|| over_lines(&lines))
        .or_else(|| over_cells(&lines));
    if let Some(found) = found {
        // awk adds up `0,0051` of another locale as 0.
        if ["avg", "min", "max"].iter().all(|key| found.value[key].as_f64() == Some(0.0)) {
            let note = "a response takes longer than 0 s".to_string();
            return Err(MissingValue::new(MissingReason::OutOfRange, note).at_line(found.line));
        }
        return read::refuse_impossible_times(found, &["avg", "min", "max"]);
    }
    let nan = lines.iter().find(|line| words::contains_any(&line.text, &["avg=", "average"]));
    if let Some(line) = nan.filter(|line| !line.is_error) {
        return Err(MissingValue::quoting_line(
            MissingReason::NotNumeric,
            "the summary has no numbers:",
            line,
        ));
    }
    if read_latency_samples(page).is_err() {
        return Err(read::explain_unreadable_lines(
            parts.iter().flat_map(|part| &part.lines),
            MissingReason::NotNumeric,
        ));
    }
    Err(MissingValue::new(MissingReason::NotStated, "there are samples, but no summary of them"))
}

/// The summary of ab: `Time per request: 2.840 [ms] (mean)`, and the row `Total:` of its table.
fn read_apache_bench(lines: &[&PageLine]) -> Option<FoundValue<Value>> {
    let (mean, line) = find_text_after(lines, "Time per request:")?;
    let mean: f64 = mean.strip_suffix("[ms] (mean)")?.trim().parse().ok()?;
    let row = find_text_after(lines, "Total:").map_or("", |(row, _)| row);
    let row: Vec<Option<f64>> = row.split_whitespace().map(|cell| cell.parse().ok()).collect();
    let (min, max) = if let [min, _, _, _, max] = row[..] { (min, max) } else { (None, None) };
    let count = find_text_after(lines, "Complete requests:");
    let [mean, min, max] =
        [Some(mean), min, max].map(|value| value.map(|it| TimeUnit::Millis.to_seconds(it)));
    let values = [mean, min, max, count.and_then(|(count, _)| count.parse().ok())];
    Some(FoundValue::at_line(summary_object(&values)?, line))
}

/// What the first line that begins with `key` says after it.
fn find_text_after<'l>(lines: &[&'l PageLine], key: &str) -> Option<(&'l str, &'l PageLine)> {
    lines.iter().find_map(|line| Some((line.text.strip_prefix(key)?.trim(), *line)))
}

/// The summary of wrk: `Latency 2.31ms 0.88ms 14.02ms 89.12%` below `Avg Stdev Max`.
fn read_wrk(lines: &[&PageLine]) -> Option<FoundValue<Value>> {
    let head = lines.iter().position(|line| line.text.starts_with("Thread Stats"))?;
    let line = lines.get(head + 1).filter(|line| line.text.starts_with("Latency"))?;
    let times = line.text.split_whitespace().skip(1).map(words::leading_duration);
    let times: Vec<f64> = times.map_while(|time| time.filter(|t| t.1).map(|t| t.0)).collect();
    let [mean, _, max] = times[..] else { return None };
    Some(FoundValue::at_line(summary_object(&[Some(mean), None, Some(max), None])?, line))
}

const KEYS: [(&str, &[&str]); 4] = [
    ("avg", &["avg", "average", "mean", "среднее"]),
    ("min", &["min", "minimum", "мин", "fastest"]),
    ("max", &["max", "maximum", "макс", "slowest"]),
    ("n", &["n", "count", "samples", "requests", "num"]),
];

fn on_one_line(text: &str) -> Option<Value> {
    let values: Vec<Option<f64>> =
        KEYS.iter().map(|(name, names)| number_after_key(text, names, *name == "n")).collect();
    (values[0].is_some() && (values[1].is_some() || values[3].is_some()))
        .then(|| summary_object(&values))
        .flatten()
}

/// The same with a line for each number.
fn over_lines(lines: &[&PageLine]) -> Option<FoundValue<Value>> {
    let values = KEYS.iter().map(|(name, names)| {
        lines.iter().find_map(|line| {
            Some((number_after_key(&line.text, names, *name == "n")?, line.number))
        })
    });
    let values: Vec<Option<(f64, u32)>> = values.collect();
    let line = values[0]?.1;
    values[1].or(values[2])?;
    let values: Vec<Option<f64>> = values.into_iter().map(|value| Some(value?.0)).collect();
    Some(FoundValue { value: summary_object(&values)?, line })
}

/// The same in the cells of a row, whose heads are the keys.
fn over_cells(lines: &[&PageLine]) -> Option<FoundValue<Value>> {
    lines.chunk_by(|line, next| line.number == next.number).find_map(|row| {
        let cells = row.iter().filter_map(|line| {
            let value = line.text.rsplit(": ").next()?;
            Some(format!("{}={value}", line.measure.as_deref()?))
        });
        let text = cells.collect::<Vec<_>>().join(" ");
        Some(FoundValue::at_line(on_one_line(&text)?, row[0]))
    })
}

fn summary_object(values: &[Option<f64>]) -> Option<Value> {
    let mut object = Map::new();
    for ((name, _), value) in KEYS.iter().zip(values) {
        let number = match value {
            #[expect(clippy::cast_possible_truncation, reason = "a whole number of requests")]
            Some(count) if *name == "n" => Value::from(*count as i64),
            Some(value) => Value::Number(Number::from_f64(*value)?),
            None => Value::Null,
        };
        object.insert((*name).to_string(), number);
    }
    Some(Value::Object(object))
}

/// The number after one of `names` and `=`, `:` or space.
fn number_after_key(text: &str, names: &[&str], whole: bool) -> Option<f64> {
    let lower = text.to_lowercase();
    for name in names {
        for (at, _) in lower.match_indices(name) {
            let rest = &lower[at + name.len()..];
            let around = [lower[..at].chars().next_back(), rest.chars().next()];
            if around.into_iter().flatten().any(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let assigned = rest
                .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '`' | '|'));
            let assigned =
                assigned.trim_start_matches("latency").trim_start_matches("time").trim_start();
            let unitless = assigned.strip_prefix("(ms)");
            let assigned = unitless.unwrap_or(assigned);
            let value = assigned.trim_start_matches(['=', ':', ' ', '\t', '*', '`']);
            if assigned.len() == value.len() && whole {
                continue;
            }
            if let Some((value, unit, _)) = words::leading_duration(before_next_key(value)) {
                if whole {
                    return (!unit && value.fract() == 0.0).then_some(value);
                }
                let in_millis = !unit && (unitless.is_some() || ends_in_millis(&lower));
                return Some(if in_millis { TimeUnit::Millis.to_seconds(value) } else { value });
            }
        }
    }
    None
}

/// Whether a unit after the last number is that of all: `avg=3.1 min=2.5 max=8.1 (ms) n=50`.
fn ends_in_millis(lower: &str) -> bool {
    lower.contains("(ms)") && !lower.contains("(s)")
        || lower.ends_with("in ms")
        || lower.starts_with("latency (ms)")
}

/// A text up to the next word that is the key of a figure: in `0.003 min 0.002` it is not minutes.
fn before_next_key(text: &str) -> &str {
    let next = text.split_whitespace().find(|word| {
        let bare = word.trim_end_matches(|c: char| !c.is_alphabetic());
        let assigned = word.split(['=', ':']).next().unwrap_or_default();
        KEYS.iter().any(|(_, names)| names.contains(&bare) || names.contains(&assigned))
    });
    next.map_or(text, |word| &text[..word.as_ptr() as usize - text.as_ptr() as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_curl_is_one_sample() {
        assert_eq!(on_line("0.000455", false), [0.000455]);
        assert_eq!(on_line("0,0012", false), [0.0012]);
        assert_eq!(on_line("1.2 ms", false), [0.0012]);
        assert_eq!(on_line("200 0.0012", false), [0.0012]);
        assert_eq!(on_line("7: 0.0012", false), [0.0012]);
        assert_eq!(on_line("0.0004550.000137", false), [0.000455, 0.000137]);
        assert!(
            on_line("100  1987  100  1987    0     0   970k      0 --:--:-- --:--:--", false)
                .is_empty()
        );
        assert!(on_line("avg=0.0001s min=0.0001s", false).is_empty());
        assert!(on_line("50", false).is_empty());
    }

    #[test]
    fn the_summary_is_read_by_its_keys() {
        let value = |text: &str| on_one_line(text).map(|value| value.to_string());
        let wanted = r#"{"avg":0.0001,"max":0.0005,"min":0.0001,"n":50}"#;
        assert_eq!(value("avg=0.0001s min=0.0001s max=0.0005s n=50").as_deref(), Some(wanted));
        assert_eq!(
            value("port=3013  avg=0,0001s  min=0,0001s  max=0,0005s  n=50").as_deref(),
            Some(wanted)
        );
        assert_eq!(value("n=50 avg=0.0001 min=0.0001 max=0.0005").as_deref(), Some(wanted));
        assert_eq!(value("avg 0.0001 min 0.0001 max 0.0005 n=50").as_deref(), Some(wanted));
        assert_eq!(value("avg=-nans min=s max=s n=0"), None);
    }
}
