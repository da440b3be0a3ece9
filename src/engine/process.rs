//! Running a command with a time limit, and being able to stop it.
//!
//! Output goes to unlinked temporary files and not to pipes, so that a process left behind by
//! the command can neither block us nor grow our memory.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::unix::process::CommandExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::error::{Error, Result};

/// How often a running command is looked at.
const TICK: Duration = Duration::from_millis(5);

/// The most that is kept of one output stream.
const KEPT: u64 = 4 * 1024 * 1024;

/// Set when the user wants everything to stop.
pub type CancelFlag = Arc<AtomicBool>;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitReason {
    /// By itself, with this status; none if a signal ended it.
    Exit(Option<i32>),
    /// It was killed at its time limit.
    TimedOut,
    /// It was killed because the user wanted to stop.
    Cancelled,
}

/// A command that ended.
#[derive(Debug, Clone)]
pub struct CommandOutput {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// When it was started.
    pub started: DateTime<Utc>,
    /// How long it ran.
    pub duration: Duration,
    /// How it ended.
    pub ended: ExitReason,
    /// Its output, up to four MiB.
    pub stdout: Vec<u8>,
    /// Its error output, up to four MiB.
    pub stderr: Vec<u8>,
}

impl CommandOutput {
    /// Whether it ended by itself with status 0.
    pub fn is_success(&self) -> bool {
        self.ended == ExitReason::Exit(Some(0))
    }

    /// Its exit status, if it ended by itself.
    pub fn exit_status(&self) -> Option<i32> {
        match self.ended {
            ExitReason::Exit(status) => status,
            _ => None,
        }
    }

    /// Its output as text, without white space at the ends.
    pub fn stdout_text(&self) -> String {
        crate::text::decode_bytes(&self.stdout).trim().to_string()
    }

    /// What it complained about, in one line; how it ended if it said nothing.
    pub fn error_summary(&self) -> String {
        let lines = crate::text::split_lines(&self.stderr);
        let said: Vec<&str> =
            lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
        match self.ended {
            _ if !said.is_empty() => said.join(" "),
            ExitReason::TimedOut => format!("no end after {} s", self.duration.as_secs()),
            ExitReason::Cancelled => "stopped by the user".into(),
            ExitReason::Exit(Some(status)) => format!("exit status {status}"),
            ExitReason::Exit(None) => "ended by a signal".into(),
        }
    }
}

/// A command that is running.
pub struct RunningCommand {
    argv: Vec<String>,
    handle: duct::Handle,
    stdin: Option<std::io::PipeWriter>,
    out: File,
    err: File,
    started: DateTime<Utc>,
    clock: Instant,
    deadline: Instant,
    cancel: CancelFlag,
}

/// What a command gets on standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandInput<'a> {
    /// Nothing.
    None,
    /// These bytes, after which the input stays open until [`RunningCommand::close_stdin`].
    Open(&'a [u8]),
}

/// Starts a command in a process group of its own, so that Ctrl-C reaches us alone and the whole
/// group can be ended.
///
/// # Errors
///
/// The program cannot be started.
pub fn start_command(
    argv: &[String],
    input: CommandInput,
    limit: Duration,
    cancel: &CancelFlag,
) -> Result<RunningCommand> {
    if argv.is_empty() {
        return Err(Error::unusable_input("no command"));
    }
    spawn_command(argv, input, limit, cancel).map_err(|error| cannot_start(argv, &error))
}

fn spawn_command(
    argv: &[String],
    input: CommandInput,
    limit: Duration,
    cancel: &CancelFlag,
) -> std::io::Result<RunningCommand> {
    let out = tempfile::tempfile()?;
    let err = tempfile::tempfile()?;
    let mut command = duct::cmd(&argv[0], &argv[1..])
        .stdout_file(out.try_clone()?)
        .stderr_file(err.try_clone()?)
        .unchecked()
        .before_spawn(|command| {
            command.process_group(0);
            Ok(())
        });
    let mut stdin = None;
    match input {
        CommandInput::None => command = command.stdin_null(),
        CommandInput::Open(_) => {
            let (reader, writer) = std::io::pipe()?;
            command = command.stdin_file(reader);
            stdin = Some(writer);
        }
    }
    let (started, clock) = (Utc::now(), Instant::now());
    let handle = command.start()?;
    if let (CommandInput::Open(bytes), Some(writer)) = (input, &stdin) {
        spawn_stdin_writer(writer, bytes)?;
    }
    let deadline = clock + limit;
    let (argv, cancel) = (argv.to_vec(), cancel.clone());
    Ok(RunningCommand { argv, handle, stdin, out, err, started, clock, deadline, cancel })
}

/// Writes in the background: who reads slowly must not hold us up.
fn spawn_stdin_writer(writer: &std::io::PipeWriter, bytes: &[u8]) -> std::io::Result<()> {
    let mut writer = writer.try_clone()?;
    let bytes = bytes.to_vec();
    std::thread::spawn(move || {
        // A command that ended early does not read to the end: its exit status tells.
        let _ = writer.write_all(&bytes);
    });
    Ok(())
}

pub(super) fn cannot_start(argv: &[String], error: &std::io::Error) -> Error {
    let program = argv.first().map_or("", String::as_str);
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            Error::failed_environment(format!("{program} is not installed"))
        }
        _ => Error::failed_environment(format!("cannot run {program}: {error}")),
    }
}

impl RunningCommand {
    /// What it has written to standard output so far.
    pub fn stdout_so_far(&mut self) -> Vec<u8> {
        read_all(&mut self.out)
    }

    /// Writes a few more bytes to its standard input. One that has gone away is no error: how it
    /// ended tells.
    pub fn write_stdin(&mut self, bytes: &[u8]) {
        if let Some(stdin) = &mut self.stdin {
            let _ = stdin.write_all(bytes);
        }
    }

    /// Ends its standard input.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Moves its limit: it had to wait for something else.
    pub fn extend_limit(&mut self, time: Duration) {
        self.deadline += time;
    }

    /// Whether it still runs and may go on.
    pub fn is_running(&self) -> bool {
        matches!(self.handle.try_wait(), Ok(None)) && self.stop_reason().is_none()
    }

    /// Waits one tick.
    pub fn wait_one_tick(&self) {
        std::thread::sleep(TICK);
    }

    fn stop_reason(&self) -> Option<ExitReason> {
        if self.cancel.load(Ordering::Relaxed) {
            return Some(ExitReason::Cancelled);
        }
        (Instant::now() >= self.deadline).then_some(ExitReason::TimedOut)
    }

    /// Ends its input, waits until it ends, its limit is reached or the user wants to stop, and
    /// collects its output.
    pub fn wait_for_end(mut self) -> CommandOutput {
        self.close_stdin();
        let ended = loop {
            match self.handle.try_wait() {
                Ok(Some(output)) => break ExitReason::Exit(output.status.code()),
                Ok(None) => {}
                Err(_) => break ExitReason::Exit(None),
            }
            if let Some(reason) = self.stop_reason() {
                self.kill_group();
                break reason;
            }
            self.wait_one_tick();
        };
        let duration = self.clock.elapsed();
        CommandOutput {
            stdout: read_all(&mut self.out),
            stderr: read_all(&mut self.err),
            argv: self.argv,
            started: self.started,
            duration,
            ended,
        }
    }

    /// The same, for no longer than `limit` from now.
    pub fn finish_within(mut self, limit: Duration) -> CommandOutput {
        self.deadline = self.deadline.min(Instant::now() + limit);
        self.wait_for_end()
    }

    fn kill_group(&self) {
        self.handle.pids().into_iter().for_each(kill_process_group_of);
        let _ = self.handle.kill();
        let _ = self.handle.wait_timeout(Duration::from_secs(1));
    }
}

/// Kills the whole group of a process: a client may have children of its own.
pub(super) fn kill_process_group_of(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
}

/// Reads a file from its beginning, at most [`KEPT`] bytes.
fn read_all(file: &mut File) -> Vec<u8> {
    // The command writes through its own handle, which shares the position: read through the
    // descriptor's path to leave that alone.
    use std::os::fd::AsRawFd;
    let mut bytes = Vec::new();
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    match File::open(path) {
        Ok(own) => {
            let _ = own.take(KEPT).read_to_end(&mut bytes);
        }
        Err(_) => {
            let _ = file.rewind();
            let _ = file.take(KEPT).read_to_end(&mut bytes);
        }
    }
    bytes
}

/// Runs a command to its end without input.
///
/// # Errors
///
/// The program cannot be started.
pub fn run_command(argv: &[String], limit: Duration, cancel: &CancelFlag) -> Result<CommandOutput> {
    Ok(start_command(argv, CommandInput::None, limit, cancel)?.wait_for_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(String::from).to_vec()
    }

    fn never() -> CancelFlag {
        CancelFlag::default()
    }

    #[test]
    fn output_error_output_and_status_are_kept_apart() {
        let finished =
            run_command(&argv("echo a; echo b >&2; exit 3"), Duration::from_secs(10), &never())
                .unwrap();
        assert_eq!(
            (finished.stdout.as_slice(), finished.stderr.as_slice()),
            (&b"a\n"[..], &b"b\n"[..])
        );
        assert_eq!(finished.ended, ExitReason::Exit(Some(3)));
        assert_eq!(finished.error_summary(), "b");
    }

    #[test]
    fn a_command_that_hangs_is_killed_with_its_children() {
        let finished =
            run_command(&argv("sleep 100 & sleep 100"), Duration::from_millis(200), &never())
                .unwrap();
        assert_eq!(finished.ended, ExitReason::TimedOut);
        assert!(finished.duration < Duration::from_secs(5));
    }

    #[test]
    fn a_child_that_keeps_the_output_open_holds_nobody_up() {
        let finished =
            run_command(&argv("sleep 3 & echo done"), Duration::from_secs(10), &never()).unwrap();
        assert_eq!(finished.stdout_text(), "done");
        assert!(finished.duration < Duration::from_secs(2), "{:?}", finished.duration);
    }

    #[test]
    fn input_stays_open_until_it_is_closed() {
        let never = never();
        let script = b"echo first\nread -r line || echo closed\n";
        let mut running = start_command(
            &["sh".into()],
            CommandInput::Open(script),
            Duration::from_secs(10),
            &never,
        )
        .unwrap();
        while !running.stdout_so_far().ends_with(b"first\n") {
            assert!(running.is_running());
            running.wait_one_tick();
        }
        assert_eq!(running.wait_for_end().stdout_text(), "first\nclosed");
    }

    #[test]
    fn a_user_who_wants_to_stop_is_heard() {
        let cancel = never();
        cancel.store(true, Ordering::Relaxed);
        let finished = run_command(&argv("sleep 100"), Duration::from_secs(100), &cancel).unwrap();
        assert_eq!(finished.ended, ExitReason::Cancelled);
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let error =
            run_command(&["no-such-engine".into()], Duration::from_secs(1), &never()).unwrap_err();
        assert_eq!(error.message, "no-such-engine is not installed");
    }
}
