//! Probes of a boot that have no answer: how many, and what became of the boot.

use std::collections::BTreeMap;

use crate::model::{
    Capture, CaptureOrigin, CaptureStatus, CapturedStream, MissingReason, MissingValue,
};

/// What is known about one boot of which answers did not come.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BootGap<'a> {
    pub boot: &'a Capture,
    /// How many probes there were in its script.
    pub asked: usize,
    /// Of how many the answer did not come before the output ended.
    pub unreached: usize,
    /// Of how many the answer is damaged.
    pub damaged: usize,
    /// How many it left out because its output was full.
    pub unasked: usize,
}

/// The boots of which answers did not come, by the id of their capture.
pub(crate) fn boot_gaps(captures: &[Capture]) -> BTreeMap<&str, BootGap<'_>> {
    let boots = captures.iter().filter(|capture| is_boot(capture));
    let mut gaps: BTreeMap<&str, BootGap> = boots
        .map(|boot| {
            (boot.id.as_str(), BootGap { boot, asked: 0, unreached: 0, damaged: 0, unasked: 0 })
        })
        .collect();
    for capture in captures {
        let CaptureOrigin::Probe { within, .. } = &capture.origin else { continue };
        let Some(gap) = gaps.get_mut(within.as_str()) else { continue };
        gap.asked += 1;
        match capture.status {
            CaptureStatus::Unreached => gap.unreached += 1,
            CaptureStatus::Damaged => gap.damaged += 1,
            CaptureStatus::Unasked => gap.unasked += 1,
            _ => {}
        }
    }
    gaps.retain(|_, gap| gap.count_missing() > 0 || is_unrecorded(gap.boot));
    gaps
}

/// Whether a capture is that of a boot, and not of a probe in it.
pub(crate) fn is_boot(capture: &Capture) -> bool {
    matches!(capture.origin, CaptureOrigin::Command { .. }) && capture.id.ends_with("/boot")
}

/// Whether it is a boot that ended early, of a version that did not record the probes without an
/// answer.
pub(crate) fn is_unrecorded(boot: &Capture) -> bool {
    is_boot(boot) && boot.status == CaptureStatus::Truncated
}

impl BootGap<'_> {
    pub(crate) fn count_missing(&self) -> usize {
        self.unreached + self.damaged + self.unasked
    }

    /// Why a probe with this status has no answer; none if it has one.
    pub(crate) fn missing_reason(&self, status: CaptureStatus) -> Option<MissingValue> {
        let id = &self.boot.id;
        match status {
            CaptureStatus::Unreached => {
                let came = self.asked - self.count_missing();
                let reason = format!(
                    "asked, but before its answer {}; {came} of {} answers came",
                    self.describe_end(),
                    self.asked
                );
                Some(MissingValue::new(MissingReason::CutOff, reason))
            }
            CaptureStatus::Damaged => {
                let reason = format!("asked, but its answer in the output of {id} is damaged");
                Some(MissingValue::new(MissingReason::Unreadable, reason))
            }
            CaptureStatus::Unasked => {
                let reason = format!("the answers before it had filled the output of {id}");
                Some(MissingValue::new(MissingReason::NotAsked, reason))
            }
            _ => None,
        }
    }

    /// Why some have no answer, each kind of reason once.
    pub(crate) fn summarize_reasons(&self) -> String {
        let mut parts = Vec::new();
        if self.unreached > 0 {
            parts.push(self.describe_end());
        }
        if self.damaged > 0 {
            parts.push(format!("{} damaged in the output of {}", self.damaged, self.boot.id));
        }
        if self.unasked > 0 {
            let id = &self.boot.id;
            parts.push(format!("{} left out because the output of {id} was full", self.unasked));
        }
        parts.join("; ")
    }

    /// How the boot ended, with the engine's words where there are any.
    fn describe_end(&self) -> String {
        let Capture { id, status, exit, duration_ms, stderr, .. } = self.boot;
        let how = match (status, exit) {
            (CaptureStatus::Timeout, _) => {
                let after = duration_ms.map(|ms| format!(" after {:.1} s", ms / 1000.0));
                format!("{id} reached its time limit{}", after.unwrap_or_default())
            }
            (CaptureStatus::Stopped, _) => return format!("{id} was stopped by the user"),
            (CaptureStatus::Ok, _) => return format!("{id} ended without it"),
            (_, Some(exit)) => format!("{id} ended with exit status {exit}"),
            (_, None) => format!("{id} was ended by a signal"),
        };
        let errors = stderr.as_ref().map(CapturedStream::text_lines).unwrap_or_default();
        match errors.iter().map(|line| line.trim()).find(|line| !line.is_empty()) {
            Some(words) => format!("{how} (it said: {words})"),
            None => how,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(id: &str, origin: CaptureOrigin, status: CaptureStatus) -> Capture {
        Capture {
            id: id.into(),
            target: Some("kata".into()),
            origin,
            status,
            exit: None,
            started: None,
            duration_ms: Some(60_012.0),
            stdout: CapturedStream::new(b""),
            stderr: None,
        }
    }

    fn boot(status: CaptureStatus) -> Capture {
        capture("kata/boot", CaptureOrigin::Command { argv: vec!["docker".into()] }, status)
    }

    fn probe(id: &str, status: CaptureStatus) -> Capture {
        let origin = CaptureOrigin::Probe { command: "x".into(), within: "kata/boot".into() };
        capture(id, origin, status)
    }

    fn reason_after_boot(boot: Capture, status: CaptureStatus) -> MissingValue {
        let captures = [boot, probe("kata/a", CaptureStatus::Absent), probe("kata/b", status)];
        boot_gaps(&captures)["kata/boot"].missing_reason(status).unwrap()
    }

    #[test]
    fn a_boot_that_answered_everything_has_no_gap() {
        let captures = [boot(CaptureStatus::Ok), probe("kata/a", CaptureStatus::Denied)];
        assert!(boot_gaps(&captures).is_empty());
    }

    #[test]
    fn the_reason_says_what_was_asked_and_how_the_boot_ended() {
        let words = "asked, but before its answer kata/boot reached its time limit after 60.0 s; \
                     1 of 2 answers came";
        assert_eq!(
            reason_after_boot(boot(CaptureStatus::Timeout), CaptureStatus::Unreached),
            MissingValue::new(MissingReason::CutOff, words)
        );
        let stderr = Some(CapturedStream::new(b"\nqemu: killed\nmore\n"));
        let died = Capture { exit: Some(137), stderr, ..boot(CaptureStatus::Error) };
        let words = "asked, but before its answer kata/boot ended with exit status 137 (it said: \
                     qemu: killed); 1 of 2 answers came";
        assert_eq!(
            reason_after_boot(died, CaptureStatus::Unreached),
            MissingValue::new(MissingReason::CutOff, words)
        );
        let words = "asked, but before its answer kata/boot was stopped by the user; 1 of 2 answers \
                     came";
        assert_eq!(
            reason_after_boot(boot(CaptureStatus::Stopped), CaptureStatus::Unreached),
            MissingValue::new(MissingReason::CutOff, words)
        );
    }

    #[test]
    fn a_damaged_answer_and_a_full_output_are_other_reasons() {
        assert_eq!(
            reason_after_boot(boot(CaptureStatus::Ok), CaptureStatus::Damaged).why,
            MissingReason::Unreadable
        );
        assert_eq!(
            reason_after_boot(boot(CaptureStatus::Ok), CaptureStatus::Unasked).why,
            MissingReason::NotAsked
        );
    }
}
