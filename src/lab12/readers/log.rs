//! Messages that engines write about themselves, in the forms that they have in files.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use memchr::memmem;

use super::vocabulary::log::{CHATTER, PHRASES};
use super::{label, words};
use crate::text::quoted_value;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct EngineLogMessage {
    /// Whether it tells of an error.
    pub failure: bool,
    pub fatal: bool,
    pub message: String,
    /// When it was written, as it stands.
    pub time: Option<String>,
}

/// The message in a line that an engine wrote about itself.
pub(super) fn parse_engine_log(text: &str) -> Option<EngineLogMessage> {
    if let Some(log) = parse_terminal_log(text) {
        return Some(log);
    }
    let log = parse_structured_log(text).or_else(|| parse_engine_chatter(text))?;
    let begins = ["time=", "level=", "msg=", "{"].iter().any(|start| text.starts_with(start));
    // A message after a label leaves the label its meaning.
    (begins || label::parse_label(text).is_none()).then_some(log)
}

/// logrus in a file: `time="…" level=warning msg="…"`, or the same as JSON.
fn parse_structured_log(text: &str) -> Option<EngineLogMessage> {
    memmem::find(text.as_bytes(), b"level")?;
    let level = find_log_field(text, "level")?.to_lowercase();
    let known = ["trace", "debug", "info", "warn", "warning", "error", "fatal", "panic"];
    if !known.contains(&level.as_str()) {
        return None;
    }
    let failure = matches!(level.as_str(), "error" | "fatal" | "panic");
    let fatal = matches!(level.as_str(), "fatal" | "panic");
    let message = find_log_field(text, "msg").unwrap_or_else(|| text.into());
    Some(EngineLogMessage { failure, fatal, message, time: find_log_field(text, "time") })
}

/// The value of `name` in either form of logrus.
fn find_log_field(text: &str, name: &str) -> Option<String> {
    let json = format!("\"{name}\":\"");
    if let Some(at) = text.find(&json) {
        return Some(quoted_value(&text[at + json.len() - 1..]));
    }
    let logfmt = format!("{name}=");
    let (at, _) = text
        .match_indices(&logfmt)
        .find(|&(at, _)| at == 0 || text[..at].ends_with([' ', ']', ':', '(', '\t']))?;
    Some(quoted_value(&text[at + logfmt.len()..]))
}

/// logrus on a terminal: `WARN[0000] …`.
fn parse_terminal_log(text: &str) -> Option<EngineLogMessage> {
    let at = ["TRAC[", "DEBU[", "INFO[", "WARN[", "ERRO[", "FATA[", "PANI["]
        .into_iter()
        .find(|level| text.starts_with(level))?;
    let (seconds, message) = text[at.len()..].split_once(']')?;
    seconds.chars().all(|c| c.is_ascii_digit()).then(|| EngineLogMessage {
        failure: matches!(at, "ERRO[" | "FATA[" | "PANI["),
        fatal: matches!(at, "FATA[" | "PANI["),
        message: message.trim().into(),
        time: None,
    })
}

/// How lines begin that engines write while they fetch an image, in lower case.
static CHATTER_STARTS: LazyLock<AhoCorasick> = LazyLock::new(|| words::find_starts(CHATTER));

/// What engines say while they fetch an image, and warnings in plain words.
fn parse_engine_chatter(text: &str) -> Option<EngineLogMessage> {
    let lower = words::lower_case(text);
    let is_chatter = words::starts_with_any(&CHATTER_STARTS, &lower)
        || words::contains_any(&lower, PHRASES)
        // The foot of a download; other clocks say `Elapsed:` too.
        || text.starts_with("elapsed: ") && text.contains("total:");
    is_chatter.then(|| EngineLogMessage { message: text.into(), ..EngineLogMessage::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_end_in_a_message_is_a_blank() {
        let log = parse_engine_log(r#"level=fatal msg="no kvm\nqemu: \"x\"""#).unwrap();
        assert_eq!(log.message, "no kvm qemu: \"x\"");
    }

    #[test]
    fn engine_messages_are_told_from_values() {
        let warning =
            parse_engine_log(r#"time="2026-01-02T03:04:05Z" level=warning msg="cannot \"x\"""#)
                .unwrap();
        assert_eq!(warning.message, r#"cannot "x""#);
        assert_eq!(warning.time.as_deref(), Some("2026-01-02T03:04:05Z"));
        assert!(!warning.failure);
        assert!(parse_engine_log("FATA[0000] failed to create shim task").unwrap().failure);
        assert!(parse_engine_log("WARN[0000] cannot set cgroup manager").is_some());
        assert!(parse_engine_log(r#"level=fatal msg="no""#).unwrap().failure);
        assert!(parse_engine_log("6.12.47").is_none());
    }
}
