//! The one error type: what went wrong, where, and what to do about it.

use std::fmt;

/// A result whose error a person can act on.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who has to act, which is also the exit code of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Wrong use or unusable input: exit code 2.
    Input,
    /// The environment failed (engine, disk, permissions): exit code 3.
    Environment,
}

/// An error with a cause in plain words and, where there is one, a remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Who has to act.
    pub kind: ErrorKind,
    /// What is wrong, naming the file, line or field.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Error {
    /// Wrong use or unusable input.
    pub fn unusable_input(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Input, message: message.into(), help: None }
    }

    /// The environment failed.
    pub fn failed_environment(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Environment, message: message.into(), help: None }
    }

    /// A failed operation on a file: `what` is a verb such as "read".
    pub fn failed_io(what: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        let words = error.to_string();
        // The path of a temporary file, which says nothing to whoever asked for the other.
        let words = words.split(" at path \"").next().unwrap_or_default();
        let message = format!("cannot {what} {}: {words}", path.display());
        match error.kind() {
            std::io::ErrorKind::NotFound
            | std::io::ErrorKind::NotADirectory
            | std::io::ErrorKind::IsADirectory
            | std::io::ErrorKind::InvalidInput => Self::unusable_input(message),
            _ => Self::failed_environment(message),
        }
    }

    /// The same error with a remedy.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Says of a failed operation on a file what was tried, and where.
pub(crate) trait NameFailedFile<T> {
    /// The same result with the error of [`Error::failed_io`].
    fn or_failed_io(self, what: &str, path: &std::path::Path) -> Result<T>;
}

impl<T> NameFailedFile<T> for std::io::Result<T> {
    fn or_failed_io(self, what: &str, path: &std::path::Path) -> Result<T> {
        self.map_err(|error| Error::failed_io(what, path, &error))
    }
}
