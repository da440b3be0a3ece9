//! Figures for readers: no more digits than they can use, and never another value.

use crate::model::SampleUnit;
use crate::stats::round_significant;

/// A measured figure with its unit: three significant digits; below one second in ms, below a
/// tenth of a millisecond in µs, below a tenth of a microsecond in ns.
pub fn format_measured(value: f64, unit: SampleUnit) -> String {
    let (scale, symbol) = display_scale(value, unit);
    format_scaled(value, scale, symbol)
}

/// Two figures of the same scale, that of the greater: `410 to 512 ms`.
pub(super) fn format_range(low: f64, high: f64, unit: SampleUnit) -> String {
    let (scale, symbol) = display_scale(high, unit);
    let low = format_scaled(low, scale, symbol);
    let low = low.trim_end_matches(symbol).trim_end();
    format!("{low} to {}", format_scaled(high, scale, symbol))
}

/// What a figure is divided by, and the symbol of its unit then.
fn display_scale(value: f64, unit: SampleUnit) -> (f64, &'static str) {
    match unit {
        SampleUnit::Seconds if value == 0.0 => (1.0, "s"),
        SampleUnit::Seconds if value.abs() < 1e-7 => (1e-9, "ns"),
        SampleUnit::Seconds if value.abs() < 1e-4 => (1e-6, "µs"),
        SampleUnit::Seconds if value.abs() < 1.0 => (1e-3, "ms"),
        SampleUnit::Seconds => (1.0, "s"),
        SampleUnit::Bytes if value.abs() >= 1_048_576.0 => (1_048_576.0, "MiB"),
        SampleUnit::Bytes => (1.0, "B"),
    }
}

fn format_scaled(value: f64, scale: f64, symbol: &str) -> String {
    // Whole bytes are exact.
    let digits = if symbol == "B" { 15 } else { 3 };
    format!("{} {symbol}", format_plain(round_significant(value / scale, digits)))
}

/// A difference with its sign: `+12 ms`.
pub(crate) fn format_difference(value: f64, unit: SampleUnit) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    format!("{sign}{}", format_measured(value.abs(), unit))
}

/// A difference of memory with its sign, to a tenth of a MiB: `+43.5 MiB`, and `±0 MiB` where that is
/// all that is left of it.
pub(crate) fn format_added_mib(mib: f64) -> String {
    let tenths = (round_significant(mib, 3) * 10.0).round() / 10.0;
    let sign = match tenths {
        0.0 => "±",
        less if less < 0.0 => "−",
        _ => "+",
    };
    format!("{sign}{} MiB", format_plain(tenths.abs()))
}

/// A ratio: three significant digits.
pub(crate) fn format_ratio(value: f64) -> String {
    format_plain(round_significant(value, 3))
}

/// A share as a percentage with two significant digits.
pub(super) fn format_percent(share: f64) -> String {
    match share * 100.0 {
        small if small > 0.0 && small < 0.01 => "less than 0.01 %".into(),
        percent if percent >= 100.0 => format!("{percent:.0} %"),
        percent => format!("{} %", format_plain(round_significant(percent, 2))),
    }
}

pub(super) fn format_tick(value: f64, unit: SampleUnit) -> String {
    if value == 0.0 { "0".into() } else { format_measured(value, unit) }
}

pub(super) fn format_plain(value: f64) -> String {
    format!("{value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_times_are_shown_in_milliseconds() {
        assert_eq!(format_measured(0.000_128_76, SampleUnit::Seconds), "0.129 ms");
        assert_eq!(format_measured(0.000_012_876, SampleUnit::Seconds), "12.9 µs");
        assert_eq!(format_measured(0.000_000_051_3, SampleUnit::Seconds), "51.3 ns");
        assert_eq!(format_measured(0.0, SampleUnit::Seconds), "0 s");
        assert_eq!(format_measured(0.4, SampleUnit::Seconds), "400 ms");
        assert_eq!(format_measured(6.589, SampleUnit::Seconds), "6.59 s");
        assert_eq!(format_measured(5.0 * 1_048_576.0, SampleUnit::Bytes), "5 MiB");
        assert_eq!(format_measured(123_456.0, SampleUnit::Bytes), "123456 B");
    }

    #[test]
    fn both_ends_of_a_range_have_one_unit() {
        assert_eq!(format_range(0.41, 0.512, SampleUnit::Seconds), "410 to 512 ms");
        assert_eq!(format_added_mib(0.0742), "+0.1 MiB");
        assert_eq!(format_added_mib(-304.42), "−304 MiB");
        assert_eq!(format_added_mib(-0.01), "±0 MiB");
        assert_eq!(format_difference(-0.0123, SampleUnit::Seconds), "−12.3 ms");
        assert_eq!(format_range(0.98, 1.25, SampleUnit::Seconds), "0.98 to 1.25 s");
    }

    #[test]
    fn shares_have_no_digits_too_many() {
        assert_eq!(format_percent(0.051_23), "5.1 %");
        assert_eq!(format_percent(0.000_001), "less than 0.01 %");
        assert_eq!(format_percent(1.234), "123 %");
    }
}
