//! The record of a series of starts: text with a line for every start, which the parsers
//! `column_first_byte` and `column_wall` of the catalogue read.

use chrono::{DateTime, Utc};

use crate::collect::command_capture::show_seconds;
use crate::process::TimedCommand;

/// What the container prints, so that a start that did nothing is not taken for a fast one.
pub(super) const WORD: &str = "ready";

/// The columns of a line; `-` stands where there is no figure, and what a failed start complained
/// about follows.
const COLUMNS: &str = "columns outcome place round exit first_byte_s wall_s user_s system_s \
                       max_rss_kb started_ns container";

#[derive(Debug, Clone)]
pub(super) struct TimedStart {
    /// Its place in the order of the session, from 1.
    pub place: u32,
    /// The round, from 1; discarded rounds count.
    pub round: u32,
    pub arm: usize,
    pub container: String,
    /// How the engine's client fared; in words if it could not be started.
    pub timed: Result<TimedCommand, String>,
}

impl TimedStart {
    /// What went wrong, if something did: it ended with an error, or did not print the word.
    pub(super) fn failure_reason(&self) -> Option<String> {
        match &self.timed {
            Err(words) => Some(words.clone()),
            Ok(TimedCommand { output, .. }) => match output.stdout_text() {
                _ if !output.is_success() => Some(output.error_summary()),
                word if word != WORD => Some(format!("`{WORD}` was expected, not `{word}`")),
                _ => None,
            },
        }
    }

    fn record_line(&self) -> String {
        let failure = self.failure_reason();
        let outcome = if failure.is_some() { "failed" } else { "ok" };
        let figures = match &self.timed {
            Err(_) => "- - - - - - -".to_string(),
            Ok(timed) => figures_text(timed),
        };
        let mut line =
            format!("{outcome} {} {} {figures} {}", self.place, self.round, self.container);
        if let Some(words) = failure {
            line.push_str(": ");
            line.push_str(&crate::text::join_words(&words));
        }
        line.push('\n');
        line
    }
}

fn figures_text(timed: &TimedCommand) -> String {
    [
        timed.output.exit_status().map(|exit| exit.to_string()),
        timed.first_byte.map(show_seconds),
        Some(show_seconds(timed.output.duration)),
        timed.usage.map(|usage| show_seconds(usage.user)),
        timed.usage.map(|usage| show_seconds(usage.system)),
        timed.usage.map(|usage| (usage.max_rss / 1024).to_string()),
        Some(timed.started_ns().to_string()),
    ]
    .map(|figure| figure.unwrap_or_else(|| "-".into()))
    .join(" ")
}

/// When the first of these starts began; none if the client of none could be started.
pub(super) fn first_start_time<'a>(
    starts: impl IntoIterator<Item = &'a TimedStart>,
) -> Option<DateTime<Utc>> {
    starts.into_iter().find_map(|start| Some(start.timed.as_ref().ok()?.output.started))
}

/// The record of one arm: what was timed, under which conditions, and every start.
pub(super) fn startup_record<'a>(
    head: &str,
    starts: impl Iterator<Item = &'a TimedStart>,
) -> String {
    let lines: String = starts.map(TimedStart::record_line).collect();
    format!("{head}{COLUMNS}\n{lines}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::parse::parse_output;
    use crate::process::{CommandOutput, ExitReason};
    use std::time::Duration;

    pub(super) fn start(place: u32, first: u64, output: &str, exit: i32) -> TimedStart {
        let output = CommandOutput {
            argv: Vec::new(),
            started: chrono::DateTime::from_timestamp_nanos(1_795_533_040_490_832_424),
            duration: Duration::from_millis(first + 90),
            ended: ExitReason::Exit(Some(exit)),
            stdout: output.into(),
            stderr: b"no such\nruntime".to_vec(),
        };
        let first_byte = Some(Duration::from_millis(first));
        let timed = TimedCommand { output, first_byte, clock_shift_ns: 0, usage: None };
        TimedStart { place, round: 2, arm: 0, container: format!("c{place}"), timed: Ok(timed) }
    }

    #[test]
    fn a_failed_start_is_recorded_and_is_no_sample() {
        let mute =
            TimedStart { timed: Err("docker is not installed".into()), ..start(4, 0, "", 0) };
        let starts = [
            start(1, 400, "ready\n", 0),
            start(2, 10, "", 125),
            start(3, 20, "something else\n", 0),
            mute,
            start(5, 380, "ready\n", 0),
        ];
        let text = startup_record("command docker run\n", starts.iter());
        assert!(
            text.contains(
                "failed 2 2 125 0.010000 0.100000 - - - 1795533040490832424 c2: no such runtime\n"
            ),
            "{text}"
        );
        assert!(text.contains("failed 3 2 0 "), "{text}");
        let began = chrono::DateTime::from_timestamp_nanos(1_795_533_040_490_832_424);
        assert_eq!(first_start_time(starts[3..].iter()), Some(began));
        assert_eq!(first_start_time([&starts[3]]), None);
        assert!(text.contains("failed 4 2 - - - - - - - c4: docker is not installed\n"), "{text}");
        let read = |parser| parse_output(parser, &text).unwrap().unwrap();
        assert_eq!(read("column_first_byte"), serde_json::json!([0.4, 0.38]));
        assert_eq!(read("column_wall"), serde_json::json!([0.49, 0.47]));
    }
}
