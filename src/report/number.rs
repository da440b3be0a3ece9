//! Figures for readers: no more digits than they can use, and never another value.

use crate::model::Unit;
use crate::stats::significant;

/// A measured figure with its unit: three significant digits; below one second in ms.
pub fn measured(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds if value.abs() < 1.0 => format!("{} ms", plain(significant(value * 1e3, 3))),
        Unit::Seconds => format!("{} s", plain(significant(value, 3))),
        Unit::Bytes if value.abs() >= 1_048_576.0 => {
            format!("{} MiB", plain(significant(value / 1_048_576.0, 3)))
        }
        Unit::Bytes => format!("{} B", plain(value)),
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
        assert_eq!(measured(0.4, Unit::Seconds), "400 ms");
        assert_eq!(measured(6.589, Unit::Seconds), "6.59 s");
        assert_eq!(measured(5.0 * 1_048_576.0, Unit::Bytes), "5 MiB");
    }
}
