//! Child processes: starting one, waiting for it within a limit, and being able to stop it.
//!
//! Whoever waits is woken by `poll(2)` when there is output or when the process has ended, so that
//! a time is late by the waking of a thread and by no interval of polling. The times are those of
//! the host's monotonic clock. A process left behind that holds the output open delays nothing:
//! the end is that of the process itself.

use std::fs::File;
use std::io::{ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, waitid};
use wait4::Wait4;

use crate::error::{Error, Result};
use crate::model::STOPPED_BY_USER;

/// How often a running command is looked at where nothing wakes us.
const TICK: Duration = Duration::from_millis(5);

/// How long a wish to stop can go unnoticed.
const SLICE: Duration = Duration::from_millis(100);

/// How long a killed process is waited for.
const GRACE: Duration = Duration::from_secs(1);

/// The most that is kept of one output stream in a file.
const KEPT_IN_FILE: u64 = 4 * 1024 * 1024;

/// The most that is kept of one output stream of a command that is timed.
const KEPT_IN_TIMING: usize = 64 * 1024;

/// The most that a pipe holds: 16 pages, of 64 KiB on some machines.
const PIPE_SIZE: usize = 1024 * 1024;

/// How much of a pipe is read at once.
const READ: usize = 8 * 1024;

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
    /// The beginning of its output, as much as is kept.
    pub stdout: Vec<u8>,
    /// The beginning of its error output.
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
            ExitReason::Cancelled => STOPPED_BY_USER.into(),
            ExitReason::Exit(Some(status)) => format!("exit status {status}"),
            ExitReason::Exit(None) => "ended by a signal".into(),
        }
    }
}

/// A command that was timed.
#[derive(Debug, Clone)]
pub struct TimedCommand {
    /// When it was started, by the wall clock, how long it took to its end, and the first 64 KiB of
    /// each of its outputs.
    pub output: CommandOutput,
    /// From its start to its first byte of output; none if there was none.
    pub first_byte: Option<Duration>,
    /// How far the wall clock moved against the monotonic one meanwhile, in nanoseconds: times of
    /// events, which are those of the wall clock, are wrong by as much.
    pub clock_shift_ns: i64,
    /// What the process used, without what children used that it did not wait for; none if it
    /// could not be waited for, or was not timed.
    pub usage: Option<ResourceUsage>,
}

/// The resources that one process used, by `wait4(2)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceUsage {
    /// Processor time in user mode.
    pub user: Duration,
    /// Processor time in the kernel.
    pub system: Duration,
    /// The largest resident set in bytes. Linux counts from before the program was loaded, so it
    /// is at least what isoproof itself had.
    pub max_rss: u64,
}

impl TimedCommand {
    /// When it was started, in nanoseconds since 1970.
    pub fn started_ns(&self) -> i64 {
        self.output.started.timestamp_nanos_opt().unwrap_or(i64::MAX)
    }
}

/// Runs a command without input to its end, its time limit, or until the user wants to stop; in
/// the latter cases its whole process group is killed.
///
/// # Errors
///
/// The program cannot be started.
pub fn run_command(argv: &[String], limit: Duration, cancel: &CancelFlag) -> Result<CommandOutput> {
    let command = separate_command(argv)?;
    let sinks = OutputSink::open_file;
    RunningCommand::start_child(argv, command, None, sinks, Some(limit), cancel)
        .map(RunningCommand::wait_for_end)
        .map_err(|error| cannot_start(argv, &error))
}

/// Starts a command with these bytes on its standard input, which stays open until its end is
/// waited for.
///
/// # Errors
///
/// The program cannot be started.
pub fn start_command(
    argv: &[String],
    input: &[u8],
    limit: Duration,
    cancel: &CancelFlag,
) -> Result<RunningCommand> {
    let command = separate_command(argv)?;
    let sinks = OutputSink::open_file;
    RunningCommand::start_child(argv, command, Some(input), sinks, Some(limit), cancel)
        .map_err(|error| cannot_start(argv, &error))
}

/// Runs a command as [`run_command`] does, and times it.
///
/// # Errors
///
/// The program cannot be started, or the kernel is older than 5.3 and cannot tell exactly when a
/// process ends.
pub fn time_command(argv: &[String], limit: Duration, cancel: &CancelFlag) -> Result<TimedCommand> {
    let (program, arguments) = split_argv(argv)?;
    let mut command = Command::new(program);
    command.args(arguments).process_group(0);
    let (command, sinks) = (ChildCommand::Timed(command), || OutputSink::open_pipe(KEPT_IN_TIMING));
    let mut running = RunningCommand::start_child(argv, command, None, sinks, Some(limit), cancel)
        .map_err(|error| cannot_start(argv, &error))?;
    if running.exit_fd.is_none() {
        running.kill_group();
        return Err(Error::failed_environment(format!("{} cannot be timed", argv[0]))
            .with_help("Linux 5.3 or newer is needed"));
    }
    Ok(running.wait_and_time())
}

/// Runs a command with these bytes on its standard input as the user would: it has no limit, may
/// ask on the terminal and gets Ctrl-C itself, because it stays in our process group. All of its
/// output is kept.
pub(crate) fn run_on_terminal(
    argv: &[String],
    mut expression: duct::Expression,
    folder: Option<&Path>,
    input: &[u8],
) -> Result<CommandOutput> {
    if let Some(folder) = folder {
        // The kernel says of neither that it is the one that is not there.
        if !folder.is_dir() {
            let (program, folder) = (argv.join(" "), folder.display());
            return Err(Error::failed_environment(format!(
                "cannot run {program}: {folder} is no folder"
            )));
        }
        expression = expression.dir(folder);
    }
    let (command, cancel) = (ChildCommand::Usual(expression), CancelFlag::default());
    let sinks = || OutputSink::open_pipe(usize::MAX);
    RunningCommand::start_child(argv, command, Some(input), sinks, None, &cancel)
        .map(RunningCommand::wait_for_end)
        .map_err(|error| cannot_start(argv, &error))
}

/// A command in a process group of its own, so that Ctrl-C reaches us alone and the whole group
/// can be ended.
fn separate_command(argv: &[String]) -> Result<ChildCommand> {
    let (program, arguments) = split_argv(argv)?;
    let expression = duct::cmd(program, arguments).before_spawn(|command| {
        command.process_group(0);
        Ok(())
    });
    Ok(ChildCommand::Usual(expression))
}

fn split_argv(argv: &[String]) -> Result<(&String, &[String])> {
    argv.split_first().ok_or_else(|| Error::unusable_input("no command"))
}

fn cannot_start(argv: &[String], error: &std::io::Error) -> Error {
    let program = argv.first().map_or("", String::as_str);
    match error.kind() {
        ErrorKind::NotFound => Error::failed_environment(format!("{program} is not installed")),
        _ => Error::failed_environment(format!("cannot run {program}: {error}")),
    }
}

enum ChildCommand {
    Usual(duct::Expression),
    /// One whose use of resources is wanted: `duct` keeps its child to itself, and `wait4(2)` has
    /// to be what waits for it.
    Timed(Command),
}

impl ChildCommand {
    fn spawn_child(
        self,
        stdin: Option<PipeReader>,
        stdout: OwnedFd,
        stderr: OwnedFd,
    ) -> std::io::Result<StartedChild> {
        match self {
            Self::Usual(expression) => {
                let expression = expression.stdout_file(stdout).stderr_file(stderr).unchecked();
                let expression = match stdin {
                    Some(reader) => expression.stdin_file(reader),
                    None => expression.stdin_null(),
                };
                expression.start().map(|handle| StartedChild::Usual(Box::new(handle)))
            }
            Self::Timed(mut command) => {
                command.stdin(stdin.map_or_else(Stdio::null, Stdio::from));
                command.stdout(stdout).stderr(stderr).spawn().map(StartedChild::Timed)
            }
        }
    }
}

enum StartedChild {
    Usual(Box<duct::Handle>),
    Timed(Child),
}

impl StartedChild {
    fn process_id(&self) -> Option<Pid> {
        match self {
            Self::Usual(handle) => {
                let id = handle.pids().first().copied()?;
                Pid::from_raw(i32::try_from(id).ok()?)
            }
            Self::Timed(child) => Some(Pid::from_child(child)),
        }
    }

    /// Waits for the end, which has come: the exit status, and what the process used if it is one
    /// of which that is wanted.
    fn reap_child(&mut self) -> (Option<i32>, Option<ResourceUsage>) {
        match self {
            Self::Usual(handle) => {
                (handle.wait().ok().and_then(|output| output.status.code()), None)
            }
            Self::Timed(child) => child.wait4().map_or((None, None), |waited| {
                let usage = ResourceUsage {
                    user: waited.rusage.utime,
                    system: waited.rusage.stime,
                    max_rss: waited.rusage.maxrss,
                };
                (ExitStatus::code(&waited.status), Some(usage))
            }),
        }
    }
}

enum OutputSink {
    /// Into an unlinked file: nothing has to read while the command runs, and what it leaves behind
    /// can go on writing.
    File(File),
    /// Into a pipe, which never blocks us: one can wait for its first byte. It is none once it has
    /// ended. What a process left behind writes into it after the end is not read.
    Pipe { reader: Option<PipeReader>, bytes: Vec<u8>, kept: usize },
}

impl OutputSink {
    fn open_file() -> std::io::Result<(Self, OwnedFd)> {
        let file = tempfile::tempfile()?;
        Ok((Self::File(file.try_clone()?), file.into()))
    }

    fn open_pipe(kept: usize) -> std::io::Result<(Self, OwnedFd)> {
        let (reader, writer) = std::io::pipe()?;
        rustix::io::ioctl_fionbio(&reader, true)?;
        Ok((Self::Pipe { reader: Some(reader), bytes: Vec::new(), kept }, writer.into()))
    }

    fn poll_source(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Pipe { reader, .. } => reader.as_ref().map(AsFd::as_fd),
            Self::File(_) => None,
        }
    }

    /// Reads what is in the pipe, once; returns how much it was. A pipe that has ended is closed.
    fn read_available(&mut self) -> usize {
        let Self::Pipe { reader: source, bytes, kept } = self else { return 0 };
        let Some(reader) = source else { return 0 };
        let mut buffer = [0; READ];
        match reader.read(&mut buffer) {
            Ok(0) => *source = None,
            Ok(count) => {
                let room = kept.saturating_sub(bytes.len()).min(count);
                bytes.extend_from_slice(&buffer[..room]);
                return count;
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => *source = None,
        }
        0
    }

    /// What has been written so far and is kept.
    fn kept_bytes(&self) -> Vec<u8> {
        match self {
            Self::Pipe { bytes, .. } => bytes.clone(),
            Self::File(file) => {
                let length = file.metadata().map_or(0, |data| data.len()).min(KEPT_IN_FILE);
                let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
                // The command's handle shares the position, which is left alone.
                let count = file.read_at(&mut bytes, 0).unwrap_or_default();
                bytes.truncate(count);
                bytes
            }
        }
    }
}

/// A command that is running.
pub struct RunningCommand {
    argv: Vec<String>,
    child: StartedChild,
    /// Wakes us at the end; older kernels have none.
    exit_fd: Option<OwnedFd>,
    stdin: Option<PipeWriter>,
    out: OutputSink,
    err: OutputSink,
    started: DateTime<Utc>,
    clock: Instant,
    deadline: Option<Instant>,
    cancel: CancelFlag,
    first_byte: Option<Duration>,
    end: Option<Duration>,
}

impl RunningCommand {
    /// Whatever can fail is done before there is a process to leave behind.
    fn start_child(
        argv: &[String],
        command: ChildCommand,
        input: Option<&[u8]>,
        open_sink: impl Fn() -> std::io::Result<(OutputSink, OwnedFd)>,
        limit: Option<Duration>,
        cancel: &CancelFlag,
    ) -> std::io::Result<Self> {
        let ((out, stdout), (err, stderr)) = (open_sink()?, open_sink()?);
        let (mut reader, mut stdin, mut first) = (None, None, None);
        if let Some(bytes) = input {
            let (source, writer) = std::io::pipe()?;
            reader = Some(source);
            first = Some((writer.try_clone()?, bytes.to_vec()));
            stdin = Some(writer);
        }
        let (started, clock) = (Utc::now(), Instant::now());
        let child = command.spawn_child(reader, stdout, stderr)?;
        if let Some((mut writer, bytes)) = first {
            // In the background: who reads slowly must not hold us up. A command that ended early
            // does not read to the end: its exit status tells.
            std::thread::spawn(move || writer.write_all(&bytes));
        }
        let exit_fd = child.process_id().and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        Ok(Self {
            argv: argv.to_vec(),
            child,
            exit_fd,
            stdin,
            out,
            err,
            started,
            clock,
            deadline: limit.map(|limit| clock + limit),
            cancel: cancel.clone(),
            first_byte: None,
            end: None,
        })
    }

    /// What it has written to standard output so far.
    pub fn stdout_so_far(&self) -> Vec<u8> {
        self.out.kept_bytes()
    }

    /// Writes a few more bytes to its standard input. One that has gone away is no error: how it
    /// ended tells.
    pub fn write_stdin(&mut self, bytes: &[u8]) {
        if let Some(stdin) = &mut self.stdin {
            let _ = stdin.write_all(bytes);
        }
    }

    /// Moves its limit: it had to wait for something else.
    pub fn extend_limit(&mut self, time: Duration) {
        self.deadline = self.deadline.map(|deadline| deadline + time);
    }

    /// Whether it still runs and may go on.
    pub fn is_running(&self) -> bool {
        !self.has_ended() && self.stop_reason().is_none()
    }

    /// Waits one tick, or until the process has ended: a file does not tell that it has grown.
    pub fn wait_one_tick(&self) {
        self.wait_for_event(TICK);
    }

    /// Whether the process has ended, which is not waited for here: it keeps what it used.
    fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let id = self.child.process_id();
        id.is_none_or(|id| !matches!(waitid(WaitId::Pid(id), options), Ok(None)))
    }

    fn stop_reason(&self) -> Option<ExitReason> {
        if self.cancel.load(Ordering::Relaxed) {
            return Some(ExitReason::Cancelled);
        }
        self.deadline.is_some_and(|end| Instant::now() >= end).then_some(ExitReason::TimedOut)
    }

    /// Ends its input, waits until it ends, its limit is reached or the user wants to stop, and
    /// collects its output.
    pub fn wait_for_end(self) -> CommandOutput {
        self.wait_and_time().output
    }

    /// The same, for no longer than `limit` from now.
    pub fn finish_within(mut self, limit: Duration) -> CommandOutput {
        let end = Instant::now() + limit;
        self.deadline = Some(self.deadline.map_or(end, |deadline| deadline.min(end)));
        self.wait_for_end()
    }

    fn wait_and_time(mut self) -> TimedCommand {
        self.stdin = None;
        let stopped = self.wait_until_stopped();
        if stopped.is_some() {
            self.kill_group();
        }
        self.drain_pipes();
        let clock_shift_ns = clock_shift(self.started, self.clock);
        let duration = self.end.unwrap_or_else(|| self.clock.elapsed());
        // A process that is still not gone would be waited for without end.
        let (exit, usage) = match self.end {
            Some(_) => self.child.reap_child(),
            None => (None, None),
        };
        let output = CommandOutput {
            stdout: self.out.kept_bytes(),
            stderr: self.err.kept_bytes(),
            argv: self.argv,
            started: self.started,
            duration,
            ended: stopped.unwrap_or(ExitReason::Exit(exit)),
        };
        TimedCommand { output, first_byte: self.first_byte, clock_shift_ns, usage }
    }

    /// Waits for the end of the process, and notes when it came. Says why it gave up if it did.
    fn wait_until_stopped(&mut self) -> Option<ExitReason> {
        loop {
            self.note_events();
            if self.end.is_some() {
                return None;
            }
            if let Some(reason) = self.stop_reason() {
                return Some(reason);
            }
            self.wait_for_event(if self.exit_fd.is_some() { SLICE } else { TICK });
        }
    }

    /// Waits for one thing to happen, no longer than a slice of time. An interrupting signal is
    /// one, too.
    fn wait_for_event(&self, slice: Duration) {
        let left = self.deadline.map(|end| end.saturating_duration_since(Instant::now()));
        let limit = Timespec::try_from(left.unwrap_or(slice).min(slice)).ok();
        let exit = self.exit_fd.as_ref().map(AsFd::as_fd);
        let sources = [exit, self.out.poll_source(), self.err.poll_source()];
        let mut fds: Vec<PollFd> = sources
            .into_iter()
            .flatten()
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .collect();
        let _ = poll(&mut fds, limit.as_ref());
    }

    fn note_events(&mut self) {
        let has_ended = self.has_ended();
        let now = self.clock.elapsed();
        if has_ended {
            self.end = Some(now);
        }
        self.read_pipes(now);
    }

    fn read_pipes(&mut self, now: Duration) -> usize {
        let count = self.out.read_available();
        if count > 0 {
            self.first_byte.get_or_insert(now);
        }
        count + self.err.read_available()
    }

    /// Reads what is left in the pipes, and no more than fits into them: a process left behind
    /// may go on writing. Output that was not seen before the end came with it.
    fn drain_pipes(&mut self) {
        let end = self.end.unwrap_or_else(|| self.clock.elapsed());
        let mut left = 2 * PIPE_SIZE;
        loop {
            let count = self.read_pipes(end);
            left = left.saturating_sub(count);
            if count == 0 || left == 0 {
                return;
            }
        }
    }

    /// Kills the whole group, if it has one: a client may have children of its own.
    fn kill_group(&mut self) {
        if let Some(id) = self.child.process_id() {
            let _ = rustix::process::kill_process_group(id, Signal::KILL);
        }
        self.cancel = CancelFlag::default();
        self.deadline = Some(Instant::now() + GRACE);
        self.wait_until_stopped();
    }
}

/// How far the wall clock moved against the monotonic one since both were read.
fn clock_shift(started: DateTime<Utc>, clock: Instant) -> i64 {
    let elapsed = i64::try_from(clock.elapsed().as_nanos()).unwrap_or(i64::MAX);
    let wall = (Utc::now() - started).num_nanoseconds().unwrap_or(i64::MAX);
    wall.saturating_sub(elapsed)
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    fn shell_argv(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(String::from).to_vec()
    }

    fn unset_cancel_flag() -> CancelFlag {
        CancelFlag::default()
    }

    #[test]
    fn output_error_output_and_status_are_kept_apart() {
        let finished = run_command(
            &shell_argv("echo a; echo b >&2; exit 3"),
            Duration::from_secs(10),
            &unset_cancel_flag(),
        )
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
        let finished = run_command(
            &shell_argv("sleep 100 & sleep 100"),
            Duration::from_millis(200),
            &unset_cancel_flag(),
        )
        .unwrap();
        assert_eq!(finished.ended, ExitReason::TimedOut);
        assert!(finished.duration < Duration::from_secs(5));
    }

    #[test]
    fn a_child_that_keeps_the_output_open_holds_nobody_up() {
        let finished = run_command(
            &shell_argv("sleep 3 & echo done"),
            Duration::from_secs(10),
            &unset_cancel_flag(),
        )
        .unwrap();
        assert_eq!(finished.stdout_text(), "done");
        assert!(finished.duration < Duration::from_secs(2), "{:?}", finished.duration);
    }

    #[test]
    fn what_may_ask_on_the_terminal_stays_in_our_group_and_nothing_of_it_is_cut() {
        let argv = shell_argv("read -r a b c d group rest </proc/self/stat; echo $group; cat");
        let command = duct::cmd(&argv[0], &argv[1..]);
        let input = vec![b'x'; 6 * 1024 * 1024];
        let finished = run_on_terminal(&argv, command, None, &input).unwrap();
        let own = rustix::process::getpgrp().as_raw_nonzero();
        let text = finished.stdout_text();
        assert!(text.starts_with(&format!("{own}\n")), "{}", &text[..20]);
        assert_eq!(text.len(), format!("{own}\n").len() + input.len());
    }

    #[test]
    fn a_folder_that_is_not_there_is_no_program_that_is_not_installed() {
        let folder = Some(Path::new("/no/such/folder"));
        let error = run_on_terminal(&["sh".into()], duct::cmd!("sh"), folder, b"").unwrap_err();
        assert_eq!(error.message, "cannot run sh: /no/such/folder is no folder");
    }

    #[test]
    fn input_stays_open_until_it_is_closed() {
        let never = unset_cancel_flag();
        let script = b"echo first\nread -r line || echo closed\n";
        let running =
            start_command(&["sh".into()], script, Duration::from_secs(10), &never).unwrap();
        while !running.stdout_so_far().ends_with(b"first\n") {
            assert!(running.is_running());
            running.wait_one_tick();
        }
        assert_eq!(running.wait_for_end().stdout_text(), "first\nclosed");
    }

    #[test]
    fn a_user_who_wants_to_stop_is_heard() {
        let cancel = unset_cancel_flag();
        cancel.store(true, Ordering::Relaxed);
        let finished =
            run_command(&shell_argv("sleep 100"), Duration::from_secs(100), &cancel).unwrap();
        assert_eq!(finished.ended, ExitReason::Cancelled);
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let error =
            run_command(&["no-such-engine".into()], Duration::from_secs(1), &unset_cancel_flag())
                .unwrap_err();
        assert_eq!(error.message, "no-such-engine is not installed");
    }

    fn run_timed(script: &str, limit: Duration, cancel: &CancelFlag) -> TimedCommand {
        time_command(&["sh", "-c", script].map(String::from), limit, cancel).unwrap()
    }

    fn time_script(script: &str) -> TimedCommand {
        run_timed(script, Duration::from_secs(10), &CancelFlag::default())
    }

    #[test]
    fn the_first_byte_comes_before_the_end() {
        // It sleeps longer than is asserted: a busy machine may read the first byte late.
        let timed = time_script("sleep 0.1; echo a; sleep 2; echo b; echo c >&2; exit 3");
        let first = timed.first_byte.unwrap();
        assert!(first >= Duration::from_millis(100), "{timed:?}");
        assert!(timed.output.duration >= first + Duration::from_millis(200), "{timed:?}");
        assert_eq!(
            (timed.output.stdout_text().as_str(), timed.output.error_summary().as_str()),
            ("a\nb", "c")
        );
        assert_eq!(timed.output.ended, ExitReason::Exit(Some(3)));
    }

    #[test]
    fn a_command_without_output_has_no_first_byte() {
        let timed = time_script("true");
        assert_eq!((timed.first_byte, timed.output.is_success()), (None, true));
        assert!(timed.output.error_summary().contains("exit status 0"));
    }

    #[test]
    fn a_child_that_holds_the_pipe_open_holds_nobody_up() {
        let timed = time_script("sleep 5 & echo done");
        assert_eq!(timed.output.stdout_text(), "done");
        assert!(timed.output.duration < Duration::from_secs(3), "{timed:?}");
    }

    #[test]
    fn a_child_that_writes_without_end_holds_nobody_up() {
        let timed = time_script("(timeout 3 yes) & sleep 0.1");
        assert!(timed.output.duration < Duration::from_secs(2), "{:?}", timed.output.duration);
    }

    #[test]
    fn a_command_that_closes_its_output_is_waited_for() {
        let timed = time_script("exec >&- 2>&-; sleep 0.2");
        assert!(timed.output.duration >= Duration::from_millis(200), "{timed:?}");
    }

    #[test]
    fn more_output_than_a_pipe_holds_is_read_and_its_beginning_kept() {
        let timed = time_script("head -c 1000000 /dev/zero; echo end >&2");
        assert_eq!((timed.output.stdout.len(), timed.output.is_success()), (KEPT_IN_TIMING, true));
        assert_eq!(timed.output.stderr, b"end\n");
    }

    #[test]
    fn a_command_past_its_limit_is_killed_with_its_children() {
        let timed =
            run_timed("sleep 77 & sleep 77", Duration::from_millis(200), &CancelFlag::default());
        assert_eq!(timed.output.ended, ExitReason::TimedOut);
        assert!(timed.output.duration < Duration::from_secs(2), "{timed:?}");
        assert!(timed.usage.is_some());
    }

    #[test]
    fn a_wish_to_stop_is_heard_while_a_command_runs() {
        let cancel = CancelFlag::default();
        let later = cancel.clone();
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("started");
        mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let script = format!("echo >{}; exec sleep 77", fifo.display());
        std::thread::spawn(move || {
            // It is read once the command has written to it.
            std::fs::read(fifo).unwrap();
            later.store(true, Ordering::Relaxed);
        });
        let timed = run_timed(&script, Duration::from_secs(77), &cancel);
        assert_eq!(timed.output.ended, ExitReason::Cancelled);
        assert!(timed.output.duration < Duration::from_secs(2), "{timed:?}");
    }

    #[test]
    fn the_usage_is_that_of_the_one_process() {
        // What a child used counts once it was waited for.
        let busy =
            time_script("i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done").usage.unwrap();
        let idle = time_script("sleep 0.1").usage.unwrap();
        assert!(busy.user > idle.user, "{busy:?} {idle:?}");
        assert!(busy.max_rss > 100_000, "{busy:?}");
    }

    #[test]
    fn a_timed_program_that_does_not_exist_is_named() {
        let error =
            time_command(&["no-such".into()], Duration::from_secs(1), &CancelFlag::default());
        assert_eq!(error.unwrap_err().message, "no-such is not installed");
    }
}
