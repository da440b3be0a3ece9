//! What stands around a time: the words by which it is a sample, a summary, or the time of
//! something else.

use crate::lab12::readers::table_measure::TableMeasure;
use crate::lab12::readers::vocabulary::timing_names::{KEYS, LEFT_OUT, NO_SAMPLE, OTHERS, STARTS};
use crate::lab12::readers::words::{self, TimeUnit, has_word};

/// Whether the head of a column names the runs in it: `Run`, `№`, `Lauf`.
pub(in crate::lab12::readers) fn names_runs(head: &str) -> bool {
    let head = words::strip_value_marks(head);
    matches!(head, "#" | "№" | "n" | "Nr.") || !head.is_empty() && is_run(head)
}

pub(super) fn is_run(key: &str) -> bool {
    let lower = key.to_lowercase();
    let mut words = words::split_words(&lower);
    let first = words.next().unwrap_or_default();
    STARTS.iter().any(|start| first.starts_with(start))
        || key.trim_start_matches('#').chars().all(|c| c.is_ascii_digit())
}

/// Whether a key says that a start-up time follows.
pub(super) fn is_time_key(key: &str) -> bool {
    let short = words::split_words(key).count() <= 6 && !key.contains(['.', '"', ';']);
    let unit_alone = TimeUnit::from_name(key.trim()).is_some();
    short && (is_run(key) || unit_alone || words::contains_any(key, KEYS))
}

/// Whether a column counts runs.
pub(super) fn is_number_of_run(name: &str) -> bool {
    const NAMES: &str = "run n no nr iteration trial try round attempt lauf versuch essai intento";
    words::has_word(name, NAMES) && words::split_words(name).count() == 1
}

pub(super) fn is_of_pull(name: &str) -> bool {
    words::contains_any(name, &["pull", "download"])
}

pub(super) fn is_processor_time(text: &str) -> bool {
    let key = words::split_words(text).next().unwrap_or_default().to_lowercase();
    matches!(key.as_str(), "user" | "sys" | "system")
}

/// Whether the part under this label holds no samples. What stands in brackets may say that
/// warm-up or pull is not among them.
pub(in crate::lab12::readers) fn is_excluded_part(label: &str) -> bool {
    let (outside, inside) = words::without_brackets(label);
    let left_out = words::contains_any(&inside, LEFT_OUT);
    let named = words::contains_any(&inside, &["warm", "pull", "прогрев"]);
    is_excluded(&outside) || is_excluded(&inside) && !(left_out && named)
}

/// Whether a line holds no sample: a summary, a warm-up, or another clock.
pub(super) fn is_excluded(text: &str) -> bool {
    if words::contains_any(text, &["warm-up", "warm up"]) {
        return true;
    }
    words::split_words(text).any(|word| NO_SAMPLE.contains(&word.to_lowercase().as_str()))
        || is_of_stop(text)
}

/// Whether a text speaks of a container's end and not of its start.
fn is_of_stop(text: &str) -> bool {
    has_word(text, "stop stopping teardown shutdown cleanup removal")
        && !has_word(text, "start startup starting run boot")
}

/// Whether a line sums samples up that are not there.
pub(super) fn is_summary(text: &str) -> bool {
    let is_mean = is_excluded(text) || text.contains("+-") || text.contains('±');
    is_mean && !words::is_hypothetical(text) && has_duration(text)
}

/// Whether a duration with its unit stands somewhere in the text.
pub(super) fn has_duration(text: &str) -> bool {
    let digits = text.char_indices().filter(|(_, c)| c.is_ascii_digit());
    digits
        .filter(|(at, _)| {
            let before = text[..*at].strip_suffix('.').unwrap_or(&text[..*at]);
            !before.ends_with(|c: char| c.is_alphanumeric())
        })
        .any(|(at, _)| words::leading_duration(&text[at..]).is_some_and(|(_, unit, _)| unit))
}

/// The duration with its unit that a text is and nothing else.
pub(super) fn whole_duration(text: &str) -> Option<f64> {
    let (value, has_unit, rest) = words::leading_duration(text)?;
    (has_unit && rest.trim().is_empty()).then_some(value)
}

/// Whether a word is minutes and seconds, or hours before them: `1:02.14`, `0:01:02`.
pub(super) fn is_clock(word: &str) -> bool {
    let fields: Vec<&str> = word.split(':').collect();
    let mut parts = fields[1..].iter().map(|field| words::leading_digits(field));
    (fields.len() == 3 || fields.len() == 2 && word.contains(['.', ',']))
        && parts.all(|digits| digits.is_some_and(|(digits, _)| digits.len() == 2))
        && word.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '.' | ','))
}

/// Whether a word is a time of day: a clock of hours, minutes and seconds that is past one o'clock.
pub(super) fn is_time_of_day(word: &str) -> bool {
    let hours = word.split(':').next().unwrap_or_default();
    is_clock(word) && word.split(':').count() == 3 && hours.parse().is_ok_and(|h: u32| h > 0)
}

/// Whether a table's value under a head of these words can be a start-up time, or sums some up.
pub(in crate::lab12::readers) fn is_start_measure(head: &str) -> bool {
    let is_run = is_run(head) && !head.trim().is_empty();
    (is_excluded(head) || is_run || TableMeasure::Start.is_meant_by(head))
        && !words::contains_any(head, OTHERS)
}
