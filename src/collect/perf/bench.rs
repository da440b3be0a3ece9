//! A container with a shell that is given one command after the other.

use std::time::{Duration, Instant};

use super::record::{PerfSample, ReportedTimes};
use crate::collect::session::CollectSession;
use crate::engine::ContainerMode;
use crate::model::Target;
use crate::probe::script;
use crate::process::{CommandOutput, RunningCommand, start_command};
use crate::text::shorten_line;

/// How long a container for measuring may live.
const LIFE: Duration = Duration::from_secs(3600);

pub(super) struct BenchShell {
    running: RunningCommand,
    nonce: String,
    asked: u32,
    /// How much of the output has been looked at.
    seen: usize,
    /// Why it can no longer be used.
    trouble: Option<String>,
}

impl BenchShell {
    /// Starts it, and waits until the shell answers.
    pub(super) fn start_shell(session: &CollectSession, spec: &Target) -> Result<Self, String> {
        let name = session.container_name(&spec.name, "perf");
        let argv = session.container_argv(spec, &name, &["sh"], ContainerMode::Interactive, &[]);
        let nonce = script::make_nonce().map_err(|error| error.message)?;
        let running =
            start_command(&argv, b"", LIFE, session.cancel).map_err(|error| error.message)?;
        let mut bench = Self { running, nonce, asked: 0, seen: 0, trouble: None };
        bench.run_command(session, ":").map(|_| bench)
    }

    /// Runs a command, and returns what it said. One that fails or takes too long is an error, in
    /// words; after the latter the container can no longer be used.
    pub(super) fn run_command(
        &mut self,
        session: &CollectSession,
        command: &str,
    ) -> Result<String, String> {
        if let Some(words) = &self.trouble {
            return Err(words.clone());
        }
        self.asked += 1;
        let mark = format!("@{} {} ", self.nonce, self.asked);
        let line = format!("{{ {command}\n}} </dev/null 2>&1; printf '\\n{mark}%s .\\n' \"$?\"\n");
        self.running.write_stdin(line.as_bytes());
        let end = Instant::now() + session.options.timeout;
        loop {
            let output = self.running.stdout_so_far();
            let text = String::from_utf8_lossy(&output[self.seen.min(output.len())..]).into_owned();
            if let Some((said, rest)) = text.split_once(&mark)
                && let Some((status, _)) = rest.split_once(" .\n")
            {
                self.seen = output.len();
                let said = said.trim_matches('\n').to_string();
                return match status {
                    "0" => Ok(said),
                    status => Err(format!("exit status {status}: {}", shorten_line(&said, 200))),
                };
            }
            if let Some(words) = self.interruption_reason(session, end) {
                self.trouble = Some(words.clone());
                return Err(words);
            }
            self.running.wait_one_tick();
        }
    }

    /// Why there will be no answer, if there will be none.
    fn interruption_reason(&self, session: &CollectSession, end: Instant) -> Option<String> {
        if session.is_cancelled() {
            return Some("stopped by the user".into());
        }
        if !self.running.is_running() {
            return Some("its container ended".into());
        }
        let is_late = Instant::now() >= end;
        is_late.then(|| format!("no end after {} s", session.options.timeout.as_secs()))
    }

    /// Runs a timed command without iterations, and then with a number of them.
    pub(super) fn time_command(
        &mut self,
        session: &CollectSession,
        command: &str,
        iterations: u64,
        round: u32,
    ) -> PerfSample {
        let started = chrono::Utc::now();
        let empty = self.time_iterations(session, command, 0);
        let times = empty.and_then(|empty| {
            Ok((self.time_iterations(session, command, iterations)?, empty.real))
        });
        PerfSample { started, round, iterations, times, is_short: false }
    }

    fn time_iterations(
        &mut self,
        session: &CollectSession,
        command: &str,
        iterations: u64,
    ) -> Result<ReportedTimes, String> {
        let said = self.run_command(session, &format!("n={iterations}; {command}"))?;
        ReportedTimes::parse_times(&said)
            .ok_or_else(|| format!("no times in: {}", shorten_line(&said, 200)))
    }

    /// Ends the shell: at once if it hangs. It is told to, because the end of the input does not
    /// come through under every engine and shim.
    pub(super) fn finish_shell(mut self) -> CommandOutput {
        self.running.write_stdin(b"exit\n");
        let patience = if self.trouble.is_some() { 1 } else { 10 };
        self.running.finish_within(Duration::from_secs(patience))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::{CancelFlag, ExitReason};

    #[test]
    fn a_shell_that_never_sees_the_end_of_its_input_ends_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe").display().to_string();
        let script = format!(
            "mkfifo {pipe}; exec 3<&0; (cat <&3; sleep 30) >{pipe} & sh <{pipe}; status=$?; \
             kill $!; exit $status"
        );
        let argv = ["sh".to_string(), "-c".into(), script];
        let running = start_command(&argv, b"", LIFE, &CancelFlag::default()).unwrap();
        let shell = BenchShell { running, nonce: "n".into(), asked: 0, seen: 0, trouble: None };
        let finished = shell.finish_shell();
        assert_eq!(finished.ended, ExitReason::Exit(Some(0)), "{:?}", finished.duration);
    }
}
