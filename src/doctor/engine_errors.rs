//! The words of engines, brief enough for the line of a check.

use crate::text::{quoted_value, shorten_middle};

/// The most that is told: the beginning says what failed, the end why.
const HEAD: usize = 60;
const TAIL: usize = 100;

/// The heart of what an engine said: the message of its log's last line, shortened in the middle.
pub(super) fn shorten_engine_message(text: &str) -> String {
    let text = crate::text::strip_ansi(text);
    shorten_middle(&log_message(&crate::text::join_words(&text)), HEAD, TAIL)
}

/// `time="..." level=fatal msg="it failed"` is `it failed`.
fn log_message(line: &str) -> String {
    match line.rsplit_once(" msg=") {
        Some((_, value)) => quoted_value(value),
        None => line.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_a_log_is_told_without_its_frame() {
        let text = r#"time="x" level=warning msg="a"
time="x" level=fatal msg="failed: exec: \"kata\": not found""#;
        assert_eq!(shorten_engine_message(text), "failed: exec: \"kata\": not found");
        assert_eq!(shorten_engine_message("docker: no  such\nimage"), "docker: no such image");
    }

    #[test]
    fn long_words_are_shortened_in_the_middle() {
        let brief = shorten_engine_message(&format!("begin {} end", "x".repeat(500)));
        assert!(brief.starts_with("begin ") && brief.ends_with(" end") && brief.contains(" … "));
    }
}
