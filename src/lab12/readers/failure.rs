//! What tells that a container did not start: the engine's message, a status of exit, a note.

use super::page::{LineKind, PageLine};
use super::vocabulary::failure::{
    ALONE, DOUBTS, KEYS, MACHINE, NOTES, OTHERS, PHRASES, POD_STATES, STARTS, UNTRIED,
};
use super::{label, words};

pub(super) fn is_of_failed_start(line: &PageLine) -> bool {
    match &line.kind {
        LineKind::Log(log) => log.failure,
        LineKind::Text if is_of_another_runtime(&line.text) => false,
        LineKind::Text => {
            line.is_error || tells_failed_start(&line.text) || is_exit_status_cell(line)
        }
        _ => false,
    }
}

/// After how many whole seconds an engine gave up, as it stamps its message: `FATA[0060]`.
pub(super) fn seconds_of_message(line: &PageLine) -> Option<u64> {
    let (seconds, _) = line.text.strip_prefix("FATA[")?.split_once(']')?;
    seconds.parse().ok()
}

/// Whether a cell is the status of a program that failed: `1` below `exit_code`, `fail`.
fn is_exit_status_cell(line: &PageLine) -> bool {
    let head = line.measure.as_deref().unwrap_or_default();
    let value = line.text.rsplit(':').next().unwrap_or_default().trim().to_lowercase();
    let is_word = matches!(value.as_str(), "fail" | "failed" | "error" | "timeout");
    let is_status = has_exit_status(&plain_words(&format!("{head}: {value}")));
    !head.is_empty() && (is_word || is_status)
}

/// Whether a text is about a runtime that is neither of the two.
fn is_of_another_runtime(text: &str) -> bool {
    words::split_words(text).any(label::is_other_runtime)
        && !words::contains_any(text, &["kata", "runc", "firecracker"])
}

/// Whether somebody tells of a failure that was remedied before what was measured.
pub(super) fn tells_of_remedy(text: &str) -> bool {
    text.split([',', ';', '.']).any(|clause| {
        words::has_word(clause, "fixed worked solved resolved")
            && !words::has_word(clause, "not never nothing none didn doesn couldn")
    })
}

/// Whether a text notes that a start failed, or a status of exit that is not 0.
pub(super) fn tells_failed_start(text: &str) -> bool {
    let plain = plain_words(text);
    // A command that is told how it is used has not run.
    let is_usage = plain.starts_with("usage: ");
    is_usage
        || NOTES.iter().any(|note| plain.contains(note))
        || has_exit_status(&plain)
        || is_noted_error(text)
}

/// Whether the last brackets of a text hold nothing but the word for an error: `1.27 s (Fehler)`.
fn is_noted_error(text: &str) -> bool {
    let note = text.trim_end().strip_suffix(')').and_then(|head| head.rsplit_once('('));
    note.is_some_and(|(_, note)| ALONE.contains(&note.trim().to_lowercase().as_str()))
}

/// Whether a sentence of an author says that Kata did not start here, and not what would be, or what
/// was before it did.
pub(super) fn tells_untested(text: &str) -> bool {
    let lower = words::remove_denials(&text.to_lowercase().replace('\u{2019}', "'")).into_owned();
    PHRASES.iter().any(|phrase| lower.contains(phrase))
        && !words::has_word(&lower, DOUBTS)
        && !tells_of_remedy(&lower)
}

/// Whether a line in a place of Kata's tells that no container started under it.
pub(super) fn tells_no_start(line: &PageLine) -> bool {
    match &line.kind {
        LineKind::Log(log) => log.fatal || log.failure && words::contains_any(&log.message, STARTS),
        LineKind::Text if is_of_another_runtime(&line.text) || tells_of_remedy(&line.text) => false,
        LineKind::Text if line.is_error => {
            words::contains_any(&line.text, STARTS) || is_note_of_failure(&line.text)
        }
        LineKind::Text | LineKind::Title => {
            let plain = plain_words(&line.text);
            let is_of_tool = OTHERS.iter().any(|word| plain.contains(word));
            let was_untried = UNTRIED.iter().any(|phrase| plain.contains(phrase)) && !is_of_tool;
            was_untried || tells_failed_start(&line.text) || is_idle_pod(&line.text)
        }
        _ => false,
    }
}

/// Whether somebody notes that a start failed, and a program does not say what it failed to do:
/// `FAILED after 0.34 s`.
fn is_note_of_failure(text: &str) -> bool {
    let mut words = words::split_words(text);
    let begins = words.next().is_some_and(|word| word.eq_ignore_ascii_case("failed"));
    begins && words.next().is_none_or(|word| word != "to") && !text.contains(": ")
}

/// Whether a message is about a virtual machine, so that it is Kata's wherever it stands.
pub(super) fn is_of_machine(text: &str) -> bool {
    words::contains_any(text, MACHINE)
}

/// Whether a line of `kubectl get pods` is of a pod in which nothing runs.
fn is_idle_pod(text: &str) -> bool {
    let fields: Vec<&str> = text.split_whitespace().collect();
    matches!(fields[..], [_, ready, state, ..] if ready.starts_with("0/") && POD_STATES.contains(&state))
}

/// The text in lower case, without what says that nothing failed, its hyphens and brackets as
/// blanks.
fn plain_words(text: &str) -> String {
    let lower = words::remove_denials(&text.to_lowercase().replace('\u{2019}', "'")).into_owned();
    crate::text::join_words(&lower.replace(['-', '_', '(', ')', '[', ']', '\u{2019}'], " "))
}

/// Whether a status of exit other than 0 is stated: `exit code 125`, `rc=1`.
fn has_exit_status(plain: &str) -> bool {
    KEYS.iter().any(|key| {
        plain.match_indices(key).any(|(at, _)| {
            let behind = &plain[at + key.len()..];
            let value = behind.trim_start_matches([':', '=', ' ']);
            if plain[..at].ends_with(char::is_alphanumeric) || value.len() == behind.len() {
                return false;
            }
            words::leading_digits(value).is_some_and(|(status, rest)| {
                !rest.starts_with(|c: char| c.is_alphanumeric() || c == '.')
                    && status.bytes().any(|digit| digit != b'0')
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_start_is_told_by_notes_and_by_statuses() {
        for text in [
            "0.34s (failed-start)",
            "start failed, real 0m0.34s",
            "[FAILED] 0.3s",
            "run 0 failed",
            "failed: 0.34s",
            "failures: 2",
            "it hung without error",
            "Exit status: 1",
            "real 0m0.34s rc=1",
            "exit code 125",
            "1.27 s (error)",
            "1,27 s (Fehler)",
            "1,27 s (le démarrage a échoué)",
            "1,27 с (не стартовал, время до ошибки)",
            "1,27 s (no arrancó)",
            "1.27 s until the error",
            "^C",
        ] {
            assert!(tells_failed_start(text), "{text}");
        }
        for text in [
            "0.51s (no failures)",
            "2.1s (0 failed)",
            "ok: 3, failed: 0",
            "failed=0",
            "Failures: none",
            "timed out: 0 of 5",
            "errors.log is empty",
            "0.51 s (mean error)",
            "Restart=on-failure",
            "--restart on-failure:3",
            "it never failed",
            "Exit status: 0",
            "rc=0",
            "exit 0",
            "src=1",
            "6.18-rc1",
            "0.51s",
        ] {
            assert!(!tells_failed_start(text), "{text}");
        }
    }
}
