//! Where words go: results to standard output, the rest to standard error.

use std::io::{IsTerminal, Write};

use clap::{ColorChoice, ValueEnum};

use crate::error::{Error, Result};
use crate::text::visible;

/// The two outputs and how to use them.
#[derive(Debug)]
pub struct Console {
    colors: bool,
    error_colors: bool,
    quiet: bool,
    verbose: u8,
}

/// The form of what a command prints: for people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

/// What a piece of text is, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Stands out.
    Strong,
    /// Recedes.
    Faint,
    /// As it should be.
    Good,
    /// To be looked at.
    Doubtful,
    /// Wrong.
    Bad,
}

impl Ink {
    fn code(self) -> &'static str {
        match self {
            Self::Strong => "1",
            Self::Faint => "2",
            Self::Good => "32",
            Self::Doubtful => "33",
            Self::Bad => "31",
        }
    }
}

impl Console {
    /// A console; colours only on a terminal and without `NO_COLOR`, unless asked for.
    pub fn new(color: ColorChoice, quiet: bool, verbose: u8) -> Self {
        let wanted = |is_terminal: bool| match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                is_terminal && !refused && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
            }
        };
        Self {
            colors: wanted(std::io::stdout().is_terminal()),
            error_colors: wanted(std::io::stderr().is_terminal()),
            quiet,
            verbose,
        }
    }

    /// Text for standard output in a colour.
    pub fn paint(&self, ink: Ink, text: &str) -> String {
        paint(self.colors, ink, text)
    }

    /// Prints results. A reader that has gone away (`| head`) is no failure.
    ///
    /// # Errors
    ///
    /// Standard output cannot be written, for example because the disk is full.
    pub fn print(&self, text: &str) -> Result<()> {
        self.bytes(text.as_bytes())
    }

    /// Prints results as bytes.
    ///
    /// # Errors
    ///
    /// As for [`Console::print`].
    pub fn bytes(&self, bytes: &[u8]) -> Result<()> {
        let mut out = std::io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
            Err(error) => Err(Error::environment(format!("cannot write the output: {error}"))),
            Ok(()) => Ok(()),
        }
    }

    /// Whether results go to a terminal.
    pub fn is_terminal(&self) -> bool {
        std::io::stdout().is_terminal()
    }

    /// Says what is being done, to somebody who watches.
    pub fn progress(&self, text: &str) {
        if !self.quiet && (self.verbose > 0 || std::io::stderr().is_terminal()) {
            self.say(Ink::Faint, "capturing", text);
        }
    }

    /// Says something in passing.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.say(Ink::Faint, "note", text);
        }
    }

    /// Says something that should be looked at.
    pub fn warning(&self, text: &str) {
        if !self.quiet {
            self.say(Ink::Doubtful, "warning", text);
        }
    }

    /// Says something for those who asked for more.
    pub fn detail(&self, text: &str) {
        if self.verbose > 0 {
            self.say(Ink::Faint, "detail", text);
        }
    }

    /// Whether more was asked for.
    pub fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// Says what failed and what to do.
    pub fn error(&self, error: &Error) {
        self.say(Ink::Bad, "error", &error.message);
        if let Some(help) = &error.help {
            self.say(Ink::Good, "help", help);
        }
    }

    /// A failed write to standard error has nowhere to be reported.
    fn say(&self, ink: Ink, what: &str, text: &str) {
        let mark = paint(self.error_colors, ink, &format!("{what}:"));
        let text = text.lines().map(visible).collect::<Vec<_>>().join("\n");
        let _ = writeln!(std::io::stderr().lock(), "{mark} {text}");
    }
}

fn paint(colors: bool, ink: Ink, text: &str) -> String {
    if colors { format!("\u{1b}[{}m{text}\u{1b}[0m", ink.code()) } else { text.to_string() }
}

/// Lines of cells in columns that are as wide as their widest cell.
pub fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or(0)).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let pad = width - cell.chars().count();
            line.push_str(cell);
            line.push_str(&" ".repeat(pad + 2));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// `1 run`, `2 runs`.
pub fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}
