//! Dates as reports and captures write them.

use std::sync::LazyLock;

use chrono::{Datelike, NaiveDate};
use regex::{Captures, Regex};

use crate::judge::rules::kernel_build_date;

/// A day, or as much of it as is stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StatedDate {
    year: Option<i32>,
    month: u32,
    day: Option<u32>,
}

const MONTH: &str = r"(?:jan|ene|feb|fév|fev|mar|mär|apr|avr|abr|mai|may|jun|juin|jul|juil|aug|aoû|ago|sep|okt|oct|nov|dec|dez|déc|dic)\p{L}*";

/// Days as four languages write them.
pub(super) static DATES: LazyLock<Regex> = LazyLock::new(|| {
    let expression = format!(
        r"(?xi)
        \b(?P<iso_year>(?:19|20)\d\d)-(?P<iso_month>\d\d)-(?P<iso_day>\d\d)\b
        | \b(?P<dot_day>\d{{1,2}})\.\s?(?P<dot_month>\d{{1,2}})\.\s?(?P<dot_year>20\d\d)\b
        | \b(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|º)?\.?\s+(?:of\s+|de\s+)?(?P<month>{MONTH})\b(?:\.?,?\s+(?:de\s+|del\s+)?(?P<year>20\d\d)\b)?
        | \b(?P<us_month>{MONTH})\.?\s+(?P<us_day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:(?:,|\s+\d\d:\d\d:\d\d(?:\s+[A-Z]{{2,5}})?)?\s+(?P<us_year>20\d\d)\b)?
        | \b(?P<only_month>{MONTH})\.?\s+(?:of\s+|de\s+|del\s+)?(?P<only_year>20\d\d)\b
        "
    );
    Regex::new(&expression).unwrap_or_else(|error| unreachable!("{error}"))
});

/// The number of a month by its first letters, in four languages.
pub(super) fn month_number(name: &str) -> Option<u32> {
    const STARTS: [&[&str]; 12] = [
        &["jan", "ene"],
        &["feb", "fév", "fev"],
        &["mar", "mär"],
        &["apr", "avr", "abr"],
        &["may", "mai"],
        &["jun", "juin"],
        &["jul", "juil"],
        &["aug", "aoû", "ago"],
        &["sep"],
        &["oct", "okt"],
        &["nov"],
        &["dec", "dez", "déc", "dic"],
    ];
    let name = name.to_lowercase();
    let month = STARTS.iter().position(|starts| starts.iter().any(|start| name.starts_with(start)));
    u32::try_from(month? + 1).ok()
}

/// The day that was found.
pub(super) fn read_date(found: &Captures) -> Option<StatedDate> {
    let number = |name: &str| found.name(name).and_then(|part| part.as_str().parse::<u32>().ok());
    let any = |names: [&str; 4]| names.into_iter().find_map(number);
    let named = ["month", "us_month", "only_month"];
    let named = named.into_iter().find_map(|name| month_number(found.name(name)?.as_str()));
    let month = named.or_else(|| number("iso_month")).or_else(|| number("dot_month"))?;
    let year = any(["iso_year", "dot_year", "year", "us_year"]).or_else(|| number("only_year"));
    let day = any(["iso_day", "dot_day", "day", "us_day"]);
    let year = year.and_then(|year| i32::try_from(year).ok());
    ((1..=12).contains(&month) && day.is_none_or(|day| (1..=31).contains(&day)))
        .then_some(StatedDate { year, month, day })
}

impl StatedDate {
    /// Whether all that is stated is that of a day.
    pub(super) fn is_of(self, date: NaiveDate) -> bool {
        self.month == date.month()
            && self.day.is_none_or(|day| day == date.day())
            && self.year.is_none_or(|year| year == date.year())
    }

    /// Whether one may be the other, the one of which less is stated.
    pub(super) fn may_be(self, other: Self) -> bool {
        self.month == other.month
            && (self.day.is_none() || other.day.is_none() || self.day == other.day)
            && (self.year.is_none() || other.year.is_none() || self.year == other.year)
    }
}

/// The days that a line states, that of a kernel's build among them.
pub(super) fn find_dates(line: &str) -> Vec<StatedDate> {
    let found = DATES.captures_iter(crate::text::beginning(line, 1000));
    let mut dates: Vec<StatedDate> = found.filter_map(|found| read_date(&found)).collect();
    dates.extend(kernel_build_date(line).map(|date| StatedDate {
        year: Some(date.year()),
        month: date.month(),
        day: Some(date.day()),
    }));
    dates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_date_parts(text: &str) -> Vec<(Option<i32>, u32, Option<u32>)> {
        let found = DATES.captures_iter(text).filter_map(|found| read_date(&found));
        found.map(|date| (date.year, date.month, date.day)).collect()
    }

    #[test]
    fn dates_are_read_as_four_languages_write_them() {
        for text in [
            "14 November 2025",
            "14th of November 2025",
            "November 14, 2025",
            "Nov 14 15:34:06 UTC 2025",
            "am 14. November 2025",
            "14.11.2025",
            "2025-11-14",
            "le 14 novembre 2025",
            "el 14 de noviembre de 2025",
        ] {
            assert_eq!(read_date_parts(text), [(Some(2025), 11, Some(14))], "{text}");
        }
        assert_eq!(read_date_parts("in September 2025"), [(Some(2025), 9, None)]);
        assert_eq!(read_date_parts("14 November"), [(None, 11, Some(14))]);
        assert!(
            read_date_parts("6.12.47 and 4 cores, 32nd or 40 July")
                .iter()
                .all(|date| date.2.is_none())
        );
    }
}
