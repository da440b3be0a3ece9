//! When an application is well, and what a session keeps of one that is not: how its container ended,
//! and what it said. Neither is a fact; a rule tells the reader of both.

use super::capture::Capture;

/// The capture of the state of the application's container.
pub(crate) const STATE: &str = "app.state";

/// The capture of what the application said.
pub(crate) const LOG: &str = "app.log";

/// Whether an HTTP status is one of success.
pub(crate) fn is_success_status(status: i64) -> bool {
    (200..300).contains(&status)
}

/// The exit status that a state names, where the container no longer runs.
pub(crate) fn parse_ended(state: &str) -> Option<i32> {
    state.trim().strip_prefix("running=false exit=")?.parse().ok()
}

/// The exit status of the application, from the capture of its state; none if it still ran.
pub(crate) fn exit_status_of(state: &Capture) -> Option<i32> {
    parse_ended(&state.stdout.text_lines().join("\n"))
}

/// The last line that an application said: of its error output, or else of its output. At most 120
/// characters of it.
pub(crate) fn last_log_line(log: &Capture) -> Option<String> {
    let streams = log.stderr.iter().chain([&log.stdout]);
    let mut lines = streams.flat_map(|stream| stream.text_lines().into_owned().into_iter().rev());
    let last = lines.find(|line| !line.trim().is_empty())?;
    Some(crate::text::shorten_text(last.trim(), 120).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CapturedStream;

    #[test]
    fn only_a_container_that_no_longer_runs_has_an_exit_status() {
        assert_eq!(parse_ended("running=false exit=3\n"), Some(3));
        for other in ["running=true exit=0", "", "false", "running=false exit=x"] {
            assert_eq!(parse_ended(other), None, "{other}");
        }
    }

    #[test]
    fn the_last_words_are_those_of_the_error_output() {
        let mut log = Capture::of_file("app.log", None, b"starting\nlistening\n");
        assert_eq!(last_log_line(&log).as_deref(), Some("listening"));
        log.stderr = Some(CapturedStream::new(b"no module\n\n"));
        assert_eq!(last_log_line(&log).as_deref(), Some("no module"));
        log.stderr = Some(CapturedStream::new("x".repeat(500).as_bytes()));
        assert_eq!(last_log_line(&log).map(|line| line.chars().count()), Some(121));
    }
}
