//! The time at which something is recorded, and what lies after it.

use chrono::{DateTime, Datelike, Utc};

use crate::error::{Error, Result};

/// The time, in whole seconds; that of `SOURCE_DATE_EPOCH` where it is set, so that what is made
/// can be made again.
/// Errors: `SOURCE_DATE_EPOCH` is not a number of seconds.
pub(crate) fn recording_time() -> Result<DateTime<Utc>> {
    match stated_time()? {
        Some(time) => Ok(time),
        None => Ok(DateTime::from_timestamp(Utc::now().timestamp(), 0).unwrap_or_default()),
    }
}

/// Whether a time has not come yet, by the clock of this machine and by `SOURCE_DATE_EPOCH`: what
/// was recorded at a stated time lies in the future of none that states the same.
pub(crate) fn is_future(time: DateTime<Utc>) -> bool {
    time > Utc::now() && stated_time().is_ok_and(|stated| stated.is_none_or(|stated| time > stated))
}

fn stated_time() -> Result<Option<DateTime<Utc>>> {
    let Ok(text) = std::env::var("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let seconds = text.trim().parse().map_err(|_| {
        Error::unusable_input(format!(
            "SOURCE_DATE_EPOCH is `{text}`: a number of seconds is wanted"
        ))
    })?;
    // What is recorded later has no id that sorts by time; mostly it is a number of milliseconds.
    match DateTime::from_timestamp(seconds, 0).filter(|time| (1970..=9999).contains(&time.year())) {
        Some(time) => Ok(Some(time)),
        None => Err(Error::unusable_input(format!(
            "SOURCE_DATE_EPOCH is `{text}`, which is no second of the years 1970 to 9999"
        ))
        .with_help("it counts seconds, not milliseconds: `date +%s` prints them")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn what_has_not_come_yet_is_in_the_future() {
        assert!(is_future(Utc::now() + TimeDelta::days(1)));
        assert!(!is_future(Utc::now()));
    }
}
