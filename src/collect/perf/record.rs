//! The record of a measure: a line for every sample, which the parsers `column_each` and
//! `column_real` of the catalogue read. A sample is two runs, one of them without any work: what
//! both take (the start of a shell, or of `dd`) is no part of a figure.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

const COLUMNS: &str = "columns outcome round iterations real_s user_s system_s empty_s";

/// What `time -p` said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ReportedTimes {
    /// Seconds that passed.
    pub real: f64,
    pub user: f64,
    pub system: f64,
}

impl ReportedTimes {
    /// Reads them, which stand among the output of the command.
    pub(super) fn parse_times(text: &str) -> Option<Self> {
        let [real, user, system] = ["real ", "user ", "sys "].map(|name| {
            let mut times = text.lines().filter_map(|line| line.trim().strip_prefix(name));
            let time: f64 = times.next()?.trim().parse().ok()?;
            (times.next().is_none() && time.is_finite() && time >= 0.0).then_some(time)
        });
        Some(Self { real: real?, user: user?, system: system? })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct PerfSample {
    pub started: DateTime<Utc>,
    pub round: u32,
    /// How many iterations it had, or the size of its file in MiB.
    pub iterations: u64,
    /// How long it took, and how long the same took without any work; if one failed, why.
    pub times: Result<(ReportedTimes, f64), String>,
    /// Whether it was too short for the clock and is no sample.
    pub is_short: bool,
}

impl PerfSample {
    /// The seconds of an iteration, or of a MiB of the file.
    pub(super) fn seconds_each(&self) -> Option<f64> {
        let (times, empty) = self.times.as_ref().ok()?;
        #[allow(clippy::cast_precision_loss, reason = "at most a billion")]
        let iterations = self.iterations.max(1) as f64;
        Some((times.real - empty) / iterations)
    }
}

/// The record of a measure; `budget` is a line of its head, or nothing.
pub(super) fn perf_record(
    turns: &[PerfSample],
    rounds: u32,
    budget: &str,
    ended: Option<&str>,
) -> String {
    let mut text = format!(
        "resolution 0.01 s, by the container's own clock\nrounds {} of {rounds}, the targets in \
         random order in each\nempty_s is the same command without iterations, just before\n{budget}",
        turns.iter().filter(|turn| !turn.is_short).count()
    );
    if let Some(reason) = ended {
        let _ = writeln!(text, "ended early: {reason}");
    }
    let _ = writeln!(text, "{COLUMNS}");
    for PerfSample { round, iterations, times, is_short, .. } in turns {
        let outcome = if *is_short { "short" } else { "ok" };
        let _ = match times {
            Ok((ReportedTimes { real, user, system }, empty)) => writeln!(
                text,
                "{outcome} {round} {iterations} {real:.2} {user:.2} {system:.2} {empty:.2}"
            ),
            Err(words) => writeln!(text, "failed {round} {iterations} - - - -: {words}"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MissingReason;
    use crate::probe::parse::parse_output;
    use serde_json::json;

    fn turn(round: u32, iterations: u64, real: f64) -> PerfSample {
        let times = Ok((ReportedTimes { real: real + 0.25, user: 0.1, system: 0.2 }, 0.25));
        let started = DateTime::UNIX_EPOCH;
        PerfSample { started, round, iterations, times, is_short: false }
    }

    #[test]
    fn times_are_found_among_other_output() {
        let said = "512+0 records in\n512+0 records out\nreal 0.58\nuser 0.00\nsys 0.31\n";
        assert_eq!(
            ReportedTimes::parse_times(said),
            Some(ReportedTimes { real: 0.58, user: 0.0, system: 0.31 })
        );
        for said in
            ["", "real 1\nuser 1\n", "real x\nuser 1\nsys 1", "real 1\nreal 1\nuser 1\nsys 1"]
        {
            assert_eq!(ReportedTimes::parse_times(said), None, "{said}");
        }
    }

    #[test]
    fn a_value_is_that_of_one_iteration() {
        let failed = PerfSample { times: Err("exit status 1".into()), ..turn(3, 2_000_000, 0.0) };
        let short = PerfSample { is_short: true, ..turn(1, 200_000, 0.05) };
        let turns = [short, turn(1, 2_000_000, 1.0), turn(2, 2_000_000, 1.1), failed];
        let text = perf_record(&turns, 6, "", Some("stopped by the user"));
        let read = |parser| parse_output(parser, &text).unwrap().unwrap();
        assert_eq!(read("column_each"), json!([5e-7, 5.5e-7]));
        assert_eq!(read("column_real"), json!([1.0, 1.1]));
        assert!(text.contains("rounds 3 of 6"), "{text}");
        assert!(text.contains("ended early: stopped by the user"), "{text}");
    }

    #[test]
    fn a_time_of_a_few_ticks_is_below_the_resolution_and_no_value() {
        for parser in ["column_each", "column_real"] {
            let text = perf_record(&[turn(1, 100, 0.1), turn(2, 100, 0.09)], 2, "", None);
            let unread = parse_output(parser, &text).unwrap().unwrap_err();
            assert_eq!(unread.why, MissingReason::Unreadable, "{parser}");
            assert!(unread.reason.contains("resolution"), "{}", unread.reason);
            let turns = [0.15, 0.12, 0.09].map(|seconds| turn(1, 100, seconds));
            let text = perf_record(&turns, 3, "", None);
            assert!(parse_output(parser, &text).unwrap().is_ok(), "{parser}: the median tells");
        }
    }
}
