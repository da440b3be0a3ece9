//! The one place that prints: results to standard output, the rest to standard error.
//!
//! Nothing that stands in a run, a file or an argument can act on a terminal or on the log of a
//! job: control characters, bidirectional overrides and what shows nothing are written out, and
//! no line can be a command of the service that keeps the log.

#![allow(clippy::disallowed_methods, reason = "the other modules print by this one")]

use std::any::Any;
use std::io::{IsTerminal, Write};
use std::panic::Location;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anstream::AutoStream;
use anstream::stream::RawStream;
use clap::error::ContextValue;
use clap::{ColorChoice, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::styled::{StyledLine, StyledText, TextStyle};
use crate::error::{Error, ErrorKind, Result};
use crate::text::{defuse_log_commands, escape_hidden_json, make_visible};

/// The fewest columns that lines are broken for: in less, broken lines are harder to read.
const LEAST_WIDTH: usize = 40;

/// The two outputs and how to use them.
#[derive(Debug)]
pub(super) struct Console {
    colors: bool,
    error_colors: bool,
    quiet: bool,
    verbose: u8,
    /// The line that tells what is being done, where somebody watches. Whatever else is printed
    /// goes above it.
    progress_line: ProgressBar,
}

/// The form of what a command prints: for people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    Text,
    Json,
}

/// Whether what goes to a stream is coloured.
fn has_colors(color: ColorChoice, stream: &impl RawStream) -> bool {
    match color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => AutoStream::choice(stream) != anstream::ColorChoice::Never,
    }
}

impl Console {
    /// A console; colours where the terminal and the user's variables (`NO_COLOR`, `CLICOLOR_FORCE`)
    /// want them, unless asked for.
    pub(super) fn new(color: ColorChoice, quiet: bool, verbose: u8) -> Self {
        Self {
            colors: has_colors(color, &std::io::stdout()),
            error_colors: has_colors(color, &std::io::stderr()),
            quiet,
            verbose,
            progress_line: ProgressBar::hidden(),
        }
    }

    /// Prints results for people. A reader that has gone away (`| head`) is no failure, and
    /// changes no exit code.
    /// Errors: standard output cannot be written, for example because the disk is full.
    pub(super) fn print_text(&self, text: &StyledText) -> Result<()> {
        self.print_bytes(text.render_text(self.colors).as_bytes())
    }

    /// Prints results that are read and not copied: on a terminal in lines that fit it, elsewhere
    /// as they are.
    pub(super) fn print_prose(&self, text: &StyledText) -> Result<()> {
        match self.terminal_width() {
            Some(width) => self.print_text(&text.wrap_text(width)),
            None => self.print_text(text),
        }
    }

    /// How many columns the terminal has that results go to.
    fn terminal_width(&self) -> Option<usize> {
        if !self.is_terminal() {
            return None;
        }
        let stated = std::env::var("COLUMNS").ok().and_then(|width| width.trim().parse().ok());
        let width = stated.filter(|width| *width > 0).or_else(|| {
            let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
            Some(usize::from(size.ws_col))
        })?;
        (width > 0).then(|| width.max(LEAST_WIDTH))
    }

    pub(super) fn print_line(&self, line: impl Into<StyledLine>) -> Result<()> {
        self.print_text(&StyledText::from(line.into()))
    }

    /// Prints JSON. Characters that act on a terminal stand in it only inside of strings, where
    /// they are written as `\u001b`, which is the same JSON.
    pub(super) fn print_json(&self, json: &str) -> Result<()> {
        self.print_bytes(format!("{}\n", escape_hidden_json(json.trim_end())).as_bytes())
    }

    /// Prints Markdown, HTML or XML, whose makers escape for their own readers: its lines stay,
    /// and what acts on a terminal is written out.
    pub(super) fn print_document(&self, document: &str) -> Result<()> {
        let mut out = String::with_capacity(document.len());
        for line in document.lines() {
            out.push_str(&defuse_log_commands(&make_visible(line)));
            out.push('\n');
        }
        self.print_bytes(out.as_bytes())
    }

    /// Prints bytes as they are: our own words, or a capture for a program that asked for it.
    pub(super) fn print_bytes(&self, bytes: &[u8]) -> Result<()> {
        let written = self.progress_line.suspend(|| {
            let mut out = std::io::stdout().lock();
            out.write_all(bytes).and_then(|()| out.flush())
        });
        match written {
            // What a check decides does not depend on who reads it.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => {
                Err(Error::failed_environment(format!("cannot write the output: {error}")))
            }
            Ok(()) => Ok(()),
        }
    }

    pub(super) fn is_terminal(&self) -> bool {
        std::io::stdout().is_terminal()
    }

    /// Says what is being done, to somebody who watches.
    pub(super) fn print_progress(&self, text: &str) {
        if !self.quiet {
            self.print_diagnostic(TextStyle::Faint, "capturing", text);
        }
    }

    pub(super) fn print_note(&self, text: &str) {
        if !self.quiet {
            self.print_diagnostic(TextStyle::Faint, "note", text);
        }
    }

    pub(super) fn print_warning(&self, text: &str) {
        if !self.quiet {
            self.print_diagnostic(TextStyle::Doubtful, "warning", text);
        }
    }

    /// Says several things that should be looked at.
    pub(super) fn warn_all(&self, texts: &[String]) {
        for text in texts {
            self.print_warning(text);
        }
    }

    /// Says something for those who asked for more.
    pub(super) fn print_detail(&self, text: &str) {
        if self.verbose > 0 {
            self.print_diagnostic(TextStyle::Faint, "detail", text);
        }
    }

    /// Whether more was asked for.
    pub(super) fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    pub(super) fn print_error(&self, error: &Error) {
        self.print_diagnostic(TextStyle::Bad, "error", &error.message);
        if let Some(help) = &error.help {
            self.print_diagnostic(TextStyle::Good, "help", help);
        }
    }

    /// Says what is wrong with the command line, or prints the help or version that it asks for.
    pub(super) fn print_usage(&self, mut error: clap::Error) -> Result<()> {
        if !error.use_stderr() {
            let text = error.render();
            return match self.colors {
                true => self.print_bytes(text.ansi().to_string().as_bytes()),
                false => self.print_document(&text.to_string()),
            };
        }
        let arguments: Vec<_> = error
            .context()
            .filter_map(|(kind, value)| match value {
                ContextValue::String(text) => {
                    Some((kind, ContextValue::String(make_visible(text))))
                }
                ContextValue::Strings(all) => {
                    let all = all.iter().map(|text| make_visible(text)).collect();
                    Some((kind, ContextValue::Strings(all)))
                }
                _ => None,
            })
            .collect();
        for (kind, value) in arguments {
            error.insert(kind, value);
        }
        let text = error.render().to_string();
        // Without a command clap's error is the help alone.
        let text = match text.strip_prefix("error: ") {
            Some(text) => text.to_string(),
            None => format!("a command is wanted\n\n{text}"),
        };
        let mut lines = text.lines();
        let first = plain_number_words(lines.next().unwrap_or_default());
        self.print_diagnostic(TextStyle::Bad, "error", &first);
        self.write_error_lines(&lines.collect());
        Ok(())
    }

    /// Says that this program itself failed, in a thread that has panicked.
    pub(super) fn report_panic(&self, panic: &std::panic::PanicHookInfo) {
        self.print_error(&describe_panic(panic.payload(), panic.location()));
        let trace = std::backtrace::Backtrace::capture();
        if trace.status() == std::backtrace::BacktraceStatus::Captured {
            self.write_error_lines(&trace.to_string().lines().collect());
        }
    }

    fn print_diagnostic(&self, style: TextStyle, what: &str, text: &str) {
        self.write_error_lines(&style_message(style, what, text));
    }

    /// A failed write to standard error has nowhere to be reported.
    fn write_error_lines(&self, text: &StyledText) {
        let text = text.render_text(self.error_colors);
        let _ = self.progress_line.suspend(|| std::io::stderr().lock().write_all(text.as_bytes()));
    }
}

/// What is being done, told to somebody who waits: on a terminal in one line that is written anew,
/// elsewhere in a line for each kind of step. Dropping it takes the line away.
pub(super) struct StepReport<'a> {
    console: &'a Console,
    begun: Instant,
    /// The last step that was told, without its numbers.
    last: Mutex<String>,
}

impl<'a> StepReport<'a> {
    pub(super) fn new(console: &'a Console) -> Self {
        let is_one_line = !console.quiet && console.verbose == 0 && std::io::stderr().is_terminal();
        if is_one_line
            && let Ok(style) = ProgressStyle::with_template("capturing {wide_msg} {prefix}")
        {
            console.progress_line.set_style(style);
            console.progress_line.set_draw_target(ProgressDrawTarget::stderr());
        }
        Self { console, begun: Instant::now(), last: Mutex::default() }
    }

    /// Tells a step. `done` is the share of the work before it, from 0 to 1, where it is known.
    pub(super) fn tell_step(&self, text: &str, done: Option<f64>) {
        let elapsed = self.begun.elapsed();
        let line = &self.console.progress_line;
        if !line.is_hidden() {
            line.set_prefix(done.map(|done| describe_rest(done, elapsed)).unwrap_or_default());
            line.set_message(make_visible(text));
            line.tick();
            return;
        }
        let kind = text.replace(|c: char| c.is_ascii_digit(), "");
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if self.console.verbose > 0 || *last != kind {
            self.console.print_progress(&format!("{:5.1} s  {text}", elapsed.as_secs_f64()));
        }
        *last = kind;
    }
}

impl Drop for StepReport<'_> {
    fn drop(&mut self) {
        self.console.progress_line.finish_and_clear();
    }
}

/// The share of the work that is done, and the time for the rest at the speed so far: ` 40 %,
/// about 25 s left`. No time before there is a speed.
fn describe_rest(done: f64, elapsed: Duration) -> String {
    let percent = format!("{:3.0} %", 100.0 * done);
    if done < 0.05 {
        return percent;
    }
    let rest = elapsed.as_secs_f64() * (1.0 - done) / done;
    match rest {
        90.0.. => format!("{percent}, about {:.0} min left", rest / 60.0),
        20.0.. => format!("{percent}, about {:.0} s left", (rest / 5.0).round() * 5.0),
        _ => format!("{percent}, some seconds left"),
    }
}

/// The error that a panic is to who reads it.
fn describe_panic(payload: &dyn Any, place: Option<&Location>) -> Error {
    let words = payload.downcast_ref::<&str>().copied();
    let words = words.or(payload.downcast_ref::<String>().map(String::as_str));
    let place = place.map(|place| format!(" at {place}")).unwrap_or_default();
    let words = words.unwrap_or("no message");
    Error::failed_environment(format!("isoproof itself failed{place}: {words}"))
        .with_help("please report this, with the command and what it read")
}

/// The lines of a message. A further line stands deeper than the first, so that nothing that is
/// quoted in a message can look like another message.
fn style_message(style: TextStyle, what: &str, text: &str) -> StyledText {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let first = StyledLine::begin_styled(style, &format!("{what}:")).and_text(&format!(" {first}"));
    let mut message = StyledText::from(first);
    for line in lines {
        message.push_line(format!("  {line}"));
    }
    message
}

/// `1 run`, `2 runs`.
pub(super) fn count_words(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

pub(super) fn report_failure(error: &Error, console: &Console) -> ExitCode {
    console.print_error(error);
    ExitCode::from(match error.kind {
        ErrorKind::Input => 2,
        ErrorKind::Environment => 3,
    })
}

/// What clap and Rust say of a value that is no number, or none of those that are possible, in plain
/// words.
fn plain_number_words(error: &str) -> String {
    const NO_NUMBER: [&str; 3] = [
        "invalid digit found in string",
        "cannot parse integer from empty string",
        "number too large to fit in target type",
    ];
    let Some((head, reason)) = error.rsplit_once(": ") else { return error.into() };
    if NO_NUMBER.contains(&reason) {
        return format!("{head}: a whole number is wanted");
    }
    let range = reason.split_once(" is not in ").map(|(_, range)| range);
    match range.and_then(|range| range.split_once("..")) {
        Some((least, most)) => {
            let (least, most) = (least.trim(), most.trim_start_matches('='));
            let least = if least.is_empty() { "0" } else { least };
            match most.len() {
                // The greatest that the program can hold is no limit that anybody would reach.
                0 | 19.. => format!("{head}: a whole number of {least} or more is wanted"),
                _ => format!("{head}: a whole number from {least} to {most} is wanted"),
            }
        }
        None => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_estimated_from_the_speed_so_far() {
        let rest = |done, seconds| describe_rest(done, Duration::from_secs(seconds));
        assert_eq!(rest(0.0, 9), "  0 %");
        assert_eq!(rest(0.25, 20), " 25 %, about 60 s left");
        assert_eq!(rest(0.1, 60), " 10 %, about 9 min left");
        assert_eq!(rest(0.9, 60), " 90 %, some seconds left");
    }

    #[test]
    fn a_panic_is_an_error_with_its_place_whose_words_act_on_nothing() {
        let words = "not a boundary in `\u{1b}[2J`\n::error::x".to_string();
        let error = describe_panic(&words, Some(Location::caller()));
        assert!(error.message.starts_with("isoproof itself failed at src/cli/console.rs:"));
        let printed = style_message(TextStyle::Bad, "error", &error.message).render_text(false);
        assert!(printed.ends_with("in `\\u{1b}[2J`\n  \\u{3a}:error::x\n"), "{printed}");
        let error = describe_panic(&"x", None);
        assert_eq!(error.message, "isoproof itself failed: x");
    }

    #[test]
    fn what_is_quoted_in_a_message_is_no_message_of_its_own() {
        let printed = style_message(TextStyle::Faint, "note", "a\nerror: b").render_text(false);
        assert_eq!(printed, "note: a\n  error: b\n");
    }

    #[test]
    fn a_wrong_number_is_told_in_plain_words() {
        for (error, words) in [
            ("'x' for '--port <PORT>': invalid digit found in string", "a whole number is wanted"),
            ("'9' for '--a': 9 is not in 0..=8", "a whole number from 0 to 8 is wanted"),
            ("'9' for '--a': 9 is not in ..=8", "a whole number from 0 to 8 is wanted"),
            ("'0' for '--a': 0 is not in 1..", "a whole number of 1 or more is wanted"),
            (
                "'0' for '--a': 0 is not in 1..18446744073709551615",
                "a whole number of 1 or more is wanted",
            ),
        ] {
            let said = plain_number_words(error);
            assert_eq!(said.rsplit_once(": ").unwrap().1, words, "{said}");
        }
        assert_eq!(plain_number_words("unexpected argument"), "unexpected argument");
        assert_eq!(plain_number_words("a: is empty"), "a: is empty");
    }
}
