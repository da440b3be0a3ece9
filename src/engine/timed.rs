//! Timing a command: when its first byte of output came, and when it ended.
//!
//! The command writes into pipes, and `poll(2)` wakes us when there is output or when the process
//! has ended, so that a time is late by the waking of a thread and by no interval of polling. A
//! process left behind that holds a pipe open holds nobody up: the end is that of the process
//! itself. The times are those of the host's monotonic clock.

use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use wait4::Wait4;

use super::process::{CancelFlag, CommandOutput, ExitReason, cannot_start, kill_process_group_of};
use crate::error::{Error, Result};

/// The most that is kept of one output stream.
const KEPT: usize = 64 * 1024;

/// How much is read at once.
const READ: usize = 8 * 1024;

/// How long a wish to stop can go unnoticed.
const SLICE: Duration = Duration::from_millis(100);

/// How long a killed process is waited for.
const GRACE: Duration = Duration::from_secs(1);

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
    /// could not be waited for.
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
/// The program cannot be started, or the kernel is older than 5.3 and cannot tell exactly when a
/// process ends.
pub fn time_command(argv: &[String], limit: Duration, cancel: &CancelFlag) -> Result<TimedCommand> {
    let (program, arguments) =
        argv.split_first().ok_or_else(|| Error::unusable_input("no command"))?;
    let mut command = Command::new(program);
    command.args(arguments).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (started, clock) = (Utc::now(), Instant::now());
    let mut child = command.spawn().map_err(|error| cannot_start(argv, &error))?;
    let mut watch = match PipeWatch::new(&mut child, clock) {
        Ok(watch) => watch,
        Err(error) => {
            kill_process_group_of(child.id());
            let _ = child.wait();
            return Err(Error::failed_environment(format!("{program} cannot be timed: {error}"))
                .with_help("Linux 5.3 or newer is needed"));
        }
    };
    let stopped = watch.until_end(clock + limit, cancel);
    if stopped.is_some() {
        kill_process_group_of(child.id());
        watch.until_end(Instant::now() + GRACE, &CancelFlag::default());
    }
    watch.drain_pipes();
    let shift = clock_shift(started, clock);
    let duration = watch.end.unwrap_or_else(|| clock.elapsed());
    // A process that is still not gone would be waited for without end.
    let waited = watch.end.and_then(|_| child.wait4().ok());
    let exit = waited.as_ref().and_then(|waited: &wait4::ResUse| ExitStatus::code(&waited.status));
    Ok(TimedCommand {
        output: CommandOutput {
            argv: argv.to_vec(),
            started,
            duration,
            ended: stopped.unwrap_or(ExitReason::Exit(exit)),
            stdout: watch.out.bytes,
            stderr: watch.err.bytes,
        },
        first_byte: watch.first_byte,
        clock_shift_ns: shift,
        usage: waited.map(|waited| ResourceUsage {
            user: waited.rusage.utime,
            system: waited.rusage.stime,
            max_rss: waited.rusage.maxrss,
        }),
    })
}

/// How far the wall clock moved against the monotonic one since both were read.
fn clock_shift(started: DateTime<Utc>, clock: Instant) -> i64 {
    let elapsed = i64::try_from(clock.elapsed().as_nanos()).unwrap_or(i64::MAX);
    let wall = (Utc::now() - started).num_nanoseconds().unwrap_or(i64::MAX);
    wall.saturating_sub(elapsed)
}

/// What is waited for.
struct PipeWatch {
    clock: Instant,
    process: OwnedFd,
    out: OutputPipe,
    err: OutputPipe,
    first_byte: Option<Duration>,
    end: Option<Duration>,
}

impl PipeWatch {
    fn new(child: &mut Child, clock: Instant) -> std::io::Result<Self> {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let process = pidfd_open(pid.ok_or(ErrorKind::NotFound)?, PidfdFlags::empty())?;
        let out = child.stdout.take().ok_or(ErrorKind::NotFound)?;
        let err = child.stderr.take().ok_or(ErrorKind::NotFound)?;
        let (out, err) = (OutputPipe::new(out.into())?, OutputPipe::new(err.into())?);
        Ok(Self { clock, process, out, err, first_byte: None, end: None })
    }

    /// Waits for the end of the process, and notes when it came. Says why it gave up if it did.
    fn until_end(&mut self, deadline: Instant, cancel: &CancelFlag) -> Option<ExitReason> {
        while self.end.is_none() {
            if cancel.load(Ordering::Relaxed) {
                return Some(ExitReason::Cancelled);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Some(ExitReason::TimedOut);
            }
            self.wait_for_event(left.min(SLICE));
        }
        None
    }

    /// Waits for one thing to happen. An interrupting signal is one, too.
    fn wait_for_event(&mut self, limit: Duration) {
        let mut ready = [PollFlags::empty(); 3];
        let sources: [Option<BorrowedFd>; 3] =
            [Some(self.process.as_fd()), self.out.poll_source(), self.err.poll_source()];
        let mut fds: Vec<PollFd> = sources
            .iter()
            .flatten()
            .map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN))
            .collect();
        let limit = Timespec::try_from(limit).ok();
        let Ok(_) = poll(&mut fds, limit.as_ref()) else { return };
        let now = self.clock.elapsed();
        let events = fds.iter().map(PollFd::revents);
        let open = sources.iter().enumerate().filter(|(_, source)| source.is_some());
        for ((index, _), event) in open.zip(events) {
            ready[index] = event;
        }
        drop(fds);
        if !ready[1].is_empty() && self.out.read_available() > 0 {
            self.first_byte.get_or_insert(now);
        }
        if !ready[2].is_empty() {
            self.err.read_available();
        }
        if !ready[0].is_empty() {
            self.end = Some(now);
        }
    }

    /// Reads what is left in the pipes, and no more than fits into them: a process left behind
    /// may go on writing. Output that was not seen before the end came with it.
    fn drain_pipes(&mut self) {
        for _ in 0..=KEPT / READ {
            if self.out.read_available() > 0 {
                let end = self.end.unwrap_or_else(|| self.clock.elapsed());
                self.first_byte.get_or_insert(end);
            }
            self.err.read_available();
        }
    }
}

/// The reading end of a pipe, which never blocks.
struct OutputPipe {
    file: Option<std::fs::File>,
    bytes: Vec<u8>,
}

impl OutputPipe {
    fn new(end: OwnedFd) -> std::io::Result<Self> {
        rustix::io::ioctl_fionbio(&end, true)?;
        Ok(Self { file: Some(end.into()), bytes: Vec::new() })
    }

    fn poll_source(&self) -> Option<BorrowedFd<'_>> {
        self.file.as_ref().map(AsFd::as_fd)
    }

    /// Reads what is there, once; returns how much it was. A pipe that has ended is closed.
    fn read_available(&mut self) -> usize {
        let mut buffer = [0; READ];
        let Some(file) = &mut self.file else { return 0 };
        match file.read(&mut buffer) {
            Ok(0) => self.file = None,
            Ok(count) => {
                let room = KEPT.saturating_sub(self.bytes.len()).min(count);
                self.bytes.extend_from_slice(&buffer[..room]);
                return count;
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => self.file = None,
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, limit: Duration, cancel: &CancelFlag) -> TimedCommand {
        time_command(&["sh", "-c", script].map(String::from), limit, cancel).unwrap()
    }

    fn timed(script: &str) -> TimedCommand {
        run(script, Duration::from_secs(10), &CancelFlag::default())
    }

    #[test]
    fn the_first_byte_comes_before_the_end() {
        // It sleeps longer than is asserted: a busy machine may read the first byte late.
        let timed = timed("sleep 0.1; echo a; sleep 2; echo b; echo c >&2; exit 3");
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
        let timed = timed("true");
        assert_eq!((timed.first_byte, timed.output.is_success()), (None, true));
        assert!(timed.output.error_summary().contains("exit status 0"));
    }

    #[test]
    fn a_child_that_holds_the_pipe_open_holds_nobody_up() {
        let timed = timed("sleep 5 & echo done");
        assert_eq!(timed.output.stdout_text(), "done");
        assert!(timed.output.duration < Duration::from_secs(3), "{timed:?}");
    }

    #[test]
    fn a_child_that_writes_without_end_holds_nobody_up() {
        let timed = timed("(timeout 3 yes) & sleep 0.1");
        assert!(timed.output.duration < Duration::from_secs(2), "{:?}", timed.output.duration);
    }

    #[test]
    fn a_command_that_closes_its_output_is_waited_for() {
        let timed = timed("exec >&- 2>&-; sleep 0.2");
        assert!(timed.output.duration >= Duration::from_millis(200), "{timed:?}");
    }

    #[test]
    fn more_output_than_a_pipe_holds_is_read_and_its_beginning_kept() {
        let timed = timed("head -c 1000000 /dev/zero; echo end >&2");
        assert_eq!((timed.output.stdout.len(), timed.output.is_success()), (KEPT, true));
        assert_eq!(timed.output.stderr, b"end\n");
    }

    #[test]
    fn a_command_past_its_limit_is_killed_with_its_children() {
        let timed = run("sleep 77 & sleep 77", Duration::from_millis(200), &CancelFlag::default());
        assert_eq!(timed.output.ended, ExitReason::TimedOut);
        assert!(timed.output.duration < Duration::from_secs(2), "{timed:?}");
        assert!(timed.usage.is_some());
    }

    #[test]
    fn a_wish_to_stop_is_heard_while_a_command_runs() {
        let cancel = CancelFlag::default();
        let later = cancel.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(150));
            later.store(true, Ordering::Relaxed);
        });
        let timed = run("sleep 77", Duration::from_secs(77), &cancel);
        assert_eq!(timed.output.ended, ExitReason::Cancelled);
        assert!(timed.output.duration < Duration::from_secs(2), "{timed:?}");
    }

    #[test]
    fn the_usage_is_that_of_the_one_process() {
        // What a child used counts once it was waited for.
        let busy = timed("i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done").usage.unwrap();
        let idle = timed("sleep 0.1").usage.unwrap();
        assert!(busy.user > idle.user, "{busy:?} {idle:?}");
        assert!(busy.max_rss > 100_000, "{busy:?}");
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let error =
            time_command(&["no-such".into()], Duration::from_secs(1), &CancelFlag::default());
        assert_eq!(error.unwrap_err().message, "no-such is not installed");
    }
}
