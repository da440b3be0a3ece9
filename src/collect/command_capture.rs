//! Captures of commands that isoproof ran, and how times are written.

use std::time::Duration;

use crate::model::{Capture, CaptureOrigin, CaptureStatus, CapturedStream};
use crate::probe::script;
use crate::process::{CommandOutput, ExitReason};

/// A capture of a command that isoproof ran.
pub(super) fn from_command(target: &str, id: &str, finished: &CommandOutput) -> Capture {
    let stderr = crate::text::decode_bytes(&finished.stderr);
    let status = match finished.ended {
        ExitReason::TimedOut => CaptureStatus::Timeout,
        ExitReason::Cancelled => CaptureStatus::Stopped,
        ExitReason::Exit(Some(0)) => CaptureStatus::Ok,
        ExitReason::Exit(exit) => {
            match script::exit_status(exit, &finished.stdout, stderr.as_bytes()) {
                // A container that ended with an error answered nothing.
                CaptureStatus::Ok => CaptureStatus::Error,
                status => status,
            }
        }
    };
    let origin = CaptureOrigin::Command { argv: finished.argv.clone() };
    Capture {
        status,
        exit: finished.exit_status(),
        started: Some(finished.started),
        // To the microsecond.
        duration_ms: Some((finished.duration.as_secs_f64() * 1e6).round() / 1e3),
        stderr: (!finished.stderr.is_empty()).then(|| CapturedStream::new(&finished.stderr)),
        ..Capture::of_target(target, id, origin, &finished.stdout)
    }
}

/// A duration as the records of measurements have it, to the microsecond.
pub(super) fn show_seconds(duration: Duration) -> String {
    format!("{:.6}", duration.as_secs_f64())
}
