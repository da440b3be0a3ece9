//! The script: all probes of a target in one container, and the reading of its output.
//!
//! [`generate_script`] makes one POSIX-sh script to be given to `sh` on standard input. It prints one
//! line a probe, which begins with `@`, a nonce and the number of the question, and ends with a
//! full stop of its own:
//!
//! ```text
//! @<nonce> start <uid> <coding> <clock> .
//! @<nonce> answers <coding> <number>/<limit>/<size>/<size>/<exit>/<begun>/<ended> … |<bytes> .
//! @<nonce> <number> <limit> <coding> <stdout>|<stderr><<exit>,<begun>,<ended>> .
//! @<nonce> <number> timeout .      its command was ended at the time limit
//! @<nonce> <number> lost .         its shell was ended by the command
//! @<nonce> <number> cut .          it was not asked: the batch was full
//! @<nonce> end <count> .
//! ```
//!
//! Where the container has a place for files, each command writes into two files, and some dozens
//! of answers are handed over in one frame: the sizes of both streams of each, then all bytes.
//! That takes one process more than the command itself, and in gVisor starting one takes ten
//! milliseconds. Without such a place the streams go through pipes, and each answer has a frame of
//! its own.
//!
//! Both streams are encoded (hexadecimal, base64 or `%` escapes, whatever the container has), so
//! that no byte which a command prints can look like a frame, not even a correct frame. A line
//! with anything else in it, such as a message of the engine, is not a frame.
//!
//! The script's own processes (with files a shell and a `sleep`, with pipes two encoders and four
//! shells more) are in every count of processes or of entries in `/proc`. Commands get `LC_ALL=C`
//! and an empty standard input. A command that kills its process group or `$$` ends the batch
//! where the shell is not protected from it: gVisor lets the first process be killed, Linux does
//! not.

mod parse;
mod simple;
mod status;

use std::fmt::Write as _;

use data_encoding::HEXLOWER;

use crate::error::{Error, Result};
use crate::model::CaptureStatus;

pub use parse::parse_script_output;
pub use status::exit_status;

const TEMPLATE: &str = include_str!("batch.sh");

/// What a line costs besides the streams in it, in bytes.
const FRAME: usize = 96;

/// What a batch may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchLimits {
    /// The time for one probe, in seconds; it may take up to one second more.
    pub seconds: u32,
    /// What is kept of one stream of one probe, in bytes.
    pub bytes: usize,
    /// What the script may print, in bytes.
    pub total: usize,
    /// The folders in which it may make one of its own for files; the first that can be written
    /// to is taken.
    pub places: Vec<String>,
}

impl Default for BatchLimits {
    /// Under the 64 KiB at which the standard output of one engine can block.
    fn default() -> Self {
        let places = ["/dev/shm", "/tmp", "/run", "/var/tmp", "."].map(String::from).to_vec();
        Self { seconds: 5, bytes: 8 * 1024, total: 48 * 1024, places }
    }
}

/// One probe of the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchQuestion<'a> {
    /// Its id in the catalogue.
    pub id: &'a str,
    /// The POSIX-sh command.
    pub command: &'a str,
}

/// What came of one probe.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchAnswer {
    /// The id of the question.
    pub id: String,
    /// How it ended.
    pub status: CaptureStatus,
    /// The exit status, 128 and more after a signal; none if it is not known.
    pub exit: Option<i32>,
    /// Its output, at most up to the limit.
    pub stdout: Vec<u8>,
    /// Its error output, at most up to the limit.
    pub stderr: Vec<u8>,
    /// How long it took by the container's own clock, in milliseconds; it cannot be compared
    /// between targets.
    pub duration_ms: Option<f64>,
}

/// What came of a batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BatchAnswers {
    /// In the order of the questions; those in `unanswered` are not here.
    pub answers: Vec<BatchAnswer>,
    /// The ids of the questions without an answer, in order, and why: *unasked* if the batch had
    /// printed all that it may, *unreached* if the output ended before it, *damaged* if its line is,
    /// or there are two that differ.
    pub unanswered: Vec<(String, CaptureStatus)>,
    /// Whether the script began to run.
    pub started: bool,
    /// Whether the script came to its end.
    pub finished: bool,
    /// The user id that it ran as.
    pub uid: Option<u32>,
    /// What the streams were encoded with; `shell` loses NUL bytes.
    pub coding: Option<String>,
    /// The bytes that belong to no frame, without empty lines: never evidence.
    pub stray: Vec<u8>,
}

/// How the line begins with which a script ends.
pub fn end_mark(nonce: &str) -> String {
    format!("@{nonce} end ")
}

/// 128 random bits in hexadecimal, for one batch.
///
/// # Errors
///
/// The system has no source of randomness.
pub fn make_nonce() -> Result<String> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits)
        .map_err(|error| Error::failed_environment(format!("random bits: {error}")))?;
    Ok(HEXLOWER.encode(&bits))
}

/// The script that asks `questions` in this order.
pub fn generate_script(questions: &[BatchQuestion], nonce: &str, limits: &BatchLimits) -> String {
    let mut lines = String::new();
    for question in questions {
        let how = if simple::is_simple(question.command) { " exec" } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "    ask {}{how}", quote_shell_word(question.command));
    }
    let left = limits.total.saturating_sub(FRAME * (questions.len() + 2));
    // The questions come last: a command may hold anything.
    TEMPLATE
        .replace("{{nonce}}", nonce)
        .replace("{{left}}", &left.to_string())
        .replace("{{bytes}}", &limits.bytes.to_string())
        .replace("{{blocks}}", &(limits.bytes / 512 + 1).to_string())
        .replace(
            "{{places}}",
            &limits
                .places
                .iter()
                .map(|place| quote_shell_word(place))
                .collect::<Vec<_>>()
                .join(" "),
        )
        .replace("{{seconds}}", &limits.seconds.to_string())
        .replace("{{step}}", &(limits.total / 60 + 1).to_string())
        .replace("{{cr}}", "\r")
        .replace("{{questions}}", lines.trim_end_matches('\n'))
}

pub(crate) fn quote_shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
