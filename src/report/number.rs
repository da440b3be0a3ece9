//! Figures for readers: no more digits than they can use, and never another value.

use crate::model::Unit;
use crate::stats::significant;

/// A measured figure with its unit: three significant digits; below one second in ms, below a
/// tenth of a millisecond in µs, below a tenth of a microsecond in ns.
pub fn measured(value: f64, unit: Unit) -> String {
    let (scale, symbol) = scale(value, unit);
    scaled(value, scale, symbol)
}

/// Two figures of the same scale, that of the greater: `410 to 512 ms`.
pub fn range(low: f64, high: f64, unit: Unit) -> String {
    let (scale, symbol) = scale(high, unit);
    let low = scaled(low, scale, symbol);
    let low = low.trim_end_matches(symbol).trim_end();
    format!("{low} to {}", scaled(high, scale, symbol))
}

/// What a figure is divided by, and the symbol of its unit then.
fn scale(value: f64, unit: Unit) -> (f64, &'static str) {
    match unit {
        Unit::Seconds if value == 0.0 => (1.0, "s"),
        Unit::Seconds if value.abs() < 1e-7 => (1e-9, "ns"),
        Unit::Seconds if value.abs() < 1e-4 => (1e-6, "µs"),
        Unit::Seconds if value.abs() < 1.0 => (1e-3, "ms"),
        Unit::Seconds => (1.0, "s"),
        Unit::Bytes if value.abs() >= 1_048_576.0 => (1_048_576.0, "MiB"),
        Unit::Bytes => (1.0, "B"),
    }
}

fn scaled(value: f64, scale: f64, symbol: &str) -> String {
    // Whole bytes are exact.
    let digits = if symbol == "B" { 15 } else { 3 };
    format!("{} {symbol}", plain(significant(value / scale, digits)))
}

/// A difference with its sign: `+12 ms`.
pub fn change(value: f64, unit: Unit) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    format!("{sign}{}", measured(value.abs(), unit))
}

/// A ratio: three significant digits.
pub fn ratio(value: f64) -> String {
    plain(significant(value, 3))
}

/// A share as a percentage with two significant digits.
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        small if small > 0.0 && small < 0.01 => "less than 0.01 %".into(),
        percent => format!("{} %", plain(significant(percent, 2))),
    }
}

/// A number in full.
pub fn plain(value: f64) -> String {
    format!("{value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_times_are_shown_in_milliseconds() {
        assert_eq!(measured(0.000_128_76, Unit::Seconds), "0.129 ms");
        assert_eq!(measured(0.000_012_876, Unit::Seconds), "12.9 µs");
        assert_eq!(measured(0.000_000_051_3, Unit::Seconds), "51.3 ns");
        assert_eq!(measured(0.0, Unit::Seconds), "0 s");
        assert_eq!(measured(0.4, Unit::Seconds), "400 ms");
        assert_eq!(measured(6.589, Unit::Seconds), "6.59 s");
        assert_eq!(measured(5.0 * 1_048_576.0, Unit::Bytes), "5 MiB");
        assert_eq!(measured(123_456.0, Unit::Bytes), "123456 B");
    }

    #[test]
    fn both_ends_of_a_range_have_one_unit() {
        assert_eq!(range(0.41, 0.512, Unit::Seconds), "410 to 512 ms");
        assert_eq!(change(-0.0123, Unit::Seconds), "−12.3 ms");
        assert_eq!(range(0.98, 1.25, Unit::Seconds), "0.98 to 1.25 s");
    }

    #[test]
    fn shares_have_no_digits_too_many() {
        assert_eq!(percent(0.051_23), "5.1 %");
        assert_eq!(percent(0.000_001), "less than 0.01 %");
        assert_eq!(percent(1.234), "120 %");
    }
}
