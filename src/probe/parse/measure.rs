//! Parsers of measurements.

use serde_json::json;

use super::{MissingValue, ParseResult, filled_lines, first_words, parse_decimal};
use crate::model::{MissingReason, SampleUnit};

/// One number a line, in the order in which they were measured.
pub(super) fn parse_samples(text: &str) -> ParseResult {
    let values: Vec<f64> = filled_lines(text)
        .map(|line| {
            parse_decimal(line).ok_or_else(|| {
                let reason = format!("a number was expected, not `{}`", first_words(line));
                MissingValue::new(MissingReason::NotNumeric, reason)
            })
        })
        .collect::<Result<_, _>>()?;
    Ok(values.into())
}

/// `avg=0.0001s min=0.0001s max=0.0005s n=50`, in seconds.
pub(super) fn latency_summary(text: &str) -> ParseResult {
    let (avg, min) = (parse_stated_seconds(text, "avg")?, parse_stated_seconds(text, "min")?);
    let max = parse_stated_seconds(text, "max")?;
    let word = find_stated_word(text, "n")?;
    let n: u64 =
        word.parse().map_err(|_| MissingValue::unexpected_output("a count after `n=`", word))?;
    Ok(json!({"avg": avg, "min": min, "max": max, "n": n}))
}

fn parse_stated_seconds(text: &str, label: &str) -> Result<f64, MissingValue> {
    let word = find_stated_word(text, label)?;
    let time = parse_decimal(word.strip_suffix('s').unwrap_or(word)).ok_or_else(|| {
        MissingValue::unexpected_output(&format!("seconds after `{label}=`"), word)
    })?;
    match SampleUnit::Seconds.refuse_value(time) {
        Some(reason) => Err(MissingValue::new(MissingReason::OutOfRange, reason)),
        None => Ok(time),
    }
}

/// What stands after `label=`.
fn find_stated_word<'a>(text: &'a str, label: &str) -> Result<&'a str, MissingValue> {
    let mut words = text.split_whitespace();
    words.find_map(|word| word.strip_prefix(label)?.strip_prefix('=')).ok_or_else(|| {
        MissingValue::new(MissingReason::NotStated, format!("`{label}=` is not stated"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_keep_their_order() {
        assert_eq!(parse_samples("0.000455\n0.000137\n").unwrap(), json!([0.000455, 0.000137]));
        assert_eq!(parse_samples("0.1\nreal\n").unwrap_err().why, MissingReason::NotNumeric);
    }

    #[test]
    fn a_summary_is_read_by_its_labels() {
        let text = "avg=0.0001s min=0.0001s max=0.0005s n=50\n";
        assert_eq!(
            latency_summary(text).unwrap(),
            json!({"avg": 0.0001, "min": 0.0001, "max": 0.0005, "n": 50})
        );
        assert_eq!(
            latency_summary("avg=0.1s min=0.1s n=3").unwrap_err().why,
            MissingReason::NotStated
        );
        assert_eq!(
            latency_summary("avg=x min=1 max=1 n=1").unwrap_err().why,
            MissingReason::Unreadable
        );
        let text = "avg=0.1s min=0.1s max=1e300s n=3";
        assert_eq!(latency_summary(text).unwrap_err().why, MissingReason::OutOfRange);
    }
}
