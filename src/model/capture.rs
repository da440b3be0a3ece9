//! Captures: the raw record. Never edited after it is written.

use crate::text::shell_line;
use std::borrow::Cow;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The raw record of one command, or of one file that somebody else wrote.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// Unique in the run: `<target>/<probe id>`, or the path of an imported file.
    pub id: String,
    /// The target it was taken on; none for a file that speaks of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Where the bytes come from.
    pub origin: CaptureOrigin,
    /// How it ended.
    pub status: CaptureStatus,
    /// The exit status of the command, where one ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// When the command was started, by the host's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<DateTime<Utc>>,
    /// How long it took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// Its output, or the file's content.
    pub stdout: CapturedStream,
    /// Its error output, where a command ran; why a file could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stderr: Option<CapturedStream>,
}

impl Capture {
    /// A file that was read, by the path that it is known by; `slot` is what it is read as.
    pub fn of_file(path: &str, slot: Option<&str>, bytes: &[u8]) -> Self {
        Self {
            id: path.into(),
            target: None,
            origin: CaptureOrigin::File { path: path.into(), slot: slot.map(String::from) },
            status: CaptureStatus::Ok,
            exit: None,
            started: None,
            duration_ms: None,
            stdout: CapturedStream::new(bytes),
            stderr: None,
        }
    }

    /// A file that could not be read, or a folder, whose path ends in `/`.
    pub fn of_unread_file(path: &str, status: CaptureStatus, reason: &str) -> Self {
        Self::of_file(path, None, b"").failed_with(status, reason)
    }

    /// What was asked of a target and has an answer: its id is `<target>/<what>`.
    pub(crate) fn of_target(target: &str, what: &str, origin: CaptureOrigin, bytes: &[u8]) -> Self {
        let id = format!("{target}/{what}");
        Self { target: Some(target.into()), origin, ..Self::of_file(&id, None, bytes) }
    }

    /// The same without a good end, for a reason in words.
    pub(crate) fn failed_with(self, status: CaptureStatus, reason: &str) -> Self {
        let stderr = Some(CapturedStream::new(format!("{reason}\n").as_bytes()));
        Self { status, stderr, ..self }
    }

    /// The same record with the digests of its bytes in the place of the bytes.
    pub fn without_bytes(&self) -> Self {
        Self {
            id: self.id.clone(),
            target: self.target.clone(),
            origin: self.origin.clone(),
            status: self.status,
            exit: self.exit,
            started: self.started,
            duration_ms: self.duration_ms,
            stdout: self.stdout.without_bytes(),
            stderr: self.stderr.as_ref().map(CapturedStream::without_bytes),
        }
    }

    /// Why a file or folder could not be read when it was imported; none if it was read, and of
    /// what is no file.
    pub fn unread_reason(&self) -> Option<String> {
        let is_unread = matches!(self.status, CaptureStatus::Denied | CaptureStatus::Error);
        if !is_unread || !matches!(self.origin, CaptureOrigin::File { .. }) {
            return None;
        }
        let lines = self.stderr.as_ref().map(|stream| stream.text_lines().join(" "));
        Some(lines.filter(|words| !words.is_empty()).unwrap_or_else(|| "not read".into()))
    }
}

/// Where the bytes of a capture come from.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CaptureOrigin {
    /// A command that isoproof ran.
    Command {
        /// The program and its arguments as they were run; of a request to a cluster, those that
        /// make the same one.
        argv: Vec<String>,
    },
    /// A command that ran among others inside one boot of a target.
    Probe {
        /// The command, as the shell was given it.
        command: String,
        /// The id of the capture of the boot, which has the engine's own command line.
        within: String,
    },
    /// Something that isoproof read itself.
    Observed {
        /// What was read and how.
        how: String,
    },
    /// A file of an evidence directory.
    File {
        /// The path in the directory, with `/` between its parts.
        path: String,
        /// What the file was read as: the path that instructions for evidence files give
        /// (`bench/startup.txt`), in an export of hyperfine the fact that its times are
        /// (`startup.wall`); none if the file is kept but was not read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        slot: Option<String>,
    },
}

impl CaptureOrigin {
    /// The command as a shell takes it, the path, or what was read, in one line.
    pub fn describe_origin(&self) -> String {
        match self {
            Self::Command { argv } => shell_line(argv),
            Self::Probe { command, .. } => command.clone(),
            Self::Observed { how } => how.clone(),
            Self::File { path, .. } => path.clone(),
        }
    }
}

/// How a capture ended. `absent` and `denied` are answers.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "lowercase")]
pub enum CaptureStatus {
    /// There is output.
    Ok,
    /// What was asked for does not exist there.
    Absent,
    /// It exists, and the target refused to tell; of a file, the importing user may not read it.
    Denied,
    /// The command failed, or the file could not be read.
    Error,
    /// The command did not end in time.
    Timeout,
    /// The output was longer than the limit; the beginning is kept.
    Truncated,
    /// The user stopped the session before the command ended.
    Stopped,
    /// A probe that was asked: the output of its boot ended before its answer.
    Unreached,
    /// A probe that was asked: its answer came damaged.
    Damaged,
    /// A probe that its boot left out: the answers before it had filled the output.
    Unasked,
}

impl_into_str!(CaptureStatus);

impl CaptureStatus {
    /// What the word means, for a reader.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "there is output",
            Self::Absent => "what was asked for does not exist there",
            Self::Denied => "the target refused to tell",
            Self::Error => "the command failed",
            Self::Timeout => "the command did not end in time",
            Self::Truncated => "only the beginning was kept",
            Self::Stopped => "the user stopped the session before it ended",
            Self::Unreached => "the output ended before its answer",
            Self::Damaged => "its answer came damaged",
            Self::Unasked => "left out, because the output was full",
        }
    }
}

/// Bytes with their digest.
///
/// Text is stored as its lines, so that a change of one line is a change of one line in
/// `git diff`; bytes that are not UTF-8 are stored as base64.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapturedStream {
    /// `sha256:` and the hexadecimal SHA-256 of the bytes.
    pub digest: String,
    /// The bytes as UTF-8, split at each line feed; joining with line feeds gives them back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<String>>,
    /// The bytes in base64 where they are not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    /// Whether the stored lines are those of the text, once somebody asked for them.
    #[serde(skip)]
    is_plain: OnceLock<bool>,
}

impl PartialEq for CapturedStream {
    fn eq(&self, other: &Self) -> bool {
        (&self.digest, &self.lines, &self.base64) == (&other.digest, &other.lines, &other.base64)
    }
}

impl Eq for CapturedStream {}

/// Whether the bytes of a line cannot be taken as they are: it holds the end of one, a zero or the
/// first byte of a byte order mark. Looking at every byte is quicker than stopping early.
fn has_special_bytes(line: &str) -> bool {
    line.bytes().fold(false, |found, byte| found | matches!(byte, b'\n' | b'\r' | 0 | 0xef))
}

impl CapturedStream {
    /// A stream of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        let (lines, base64) = match std::str::from_utf8(bytes) {
            Ok(text) => (Some(text.split('\n').map(String::from).collect()), None),
            Err(_) => (None, Some(BASE64.encode(bytes))),
        };
        Self { digest: sha256_digest(bytes), lines, base64, is_plain: OnceLock::new() }
    }

    /// The bytes.
    ///
    /// # Errors
    ///
    /// What is wrong with the stored form, if it cannot be decoded.
    pub fn decoded_bytes(&self) -> Result<Vec<u8>, String> {
        match (&self.lines, &self.base64) {
            (Some(lines), None) => Ok(lines.join("\n").into_bytes()),
            (None, Some(text)) => {
                BASE64.decode(text.as_bytes()).map_err(|error| format!("base64: {error}"))
            }
            _ => Err("exactly one of `lines` and `base64` is wanted".into()),
        }
    }

    /// Refuses a stored form that cannot be decoded.
    pub(crate) fn verify_form(&self) -> Result<(), String> {
        match (&self.lines, &self.base64) {
            (Some(_), None) => Ok(()),
            _ => self.decoded_bytes().map(|_| ()),
        }
    }

    /// How many bytes it has; none of what cannot be decoded.
    pub(crate) fn count_bytes(&self) -> usize {
        match (&self.lines, &self.base64) {
            (Some(lines), None) => {
                lines.iter().map(|line| line.len() + 1).sum::<usize>().saturating_sub(1)
            }
            _ => self.decoded_bytes().map_or(0, |bytes| bytes.len()),
        }
    }

    /// The lines as [`crate::text::split_lines`] reads them in the bytes; none of bytes that cannot be
    /// decoded. Of plain text they are those that are stored.
    pub fn text_lines(&self) -> Cow<'_, [String]> {
        let is_plain = self.is_plain.get_or_init(|| match (&self.lines, &self.base64) {
            (Some(lines), None) => !lines.iter().any(|line| has_special_bytes(line)),
            _ => false,
        });
        match is_plain {
            true => Cow::Borrowed(self.stored_lines()),
            false => {
                Cow::Owned(crate::text::split_lines(&self.decoded_bytes().unwrap_or_default()))
            }
        }
    }

    /// The lines that are stored, without the empty one after a line feed at the end.
    pub(crate) fn stored_lines(&self) -> &[String] {
        let lines = self.lines.as_deref().unwrap_or_default();
        let ends_in_feed = lines.last().is_some_and(String::is_empty);
        &lines[..lines.len() - usize::from(ends_in_feed)]
    }

    fn without_bytes(&self) -> Self {
        let (digest, is_plain) = (self.digest.clone(), OnceLock::new());
        Self { digest, lines: None, base64: None, is_plain }
    }

    /// Whether the digest belongs to the bytes.
    pub fn is_intact(&self) -> bool {
        let (Some(lines), None) = (&self.lines, &self.base64) else {
            return self.decoded_bytes().is_ok_and(|bytes| sha256_digest(&bytes) == self.digest);
        };
        let mut hash = Sha256::new();
        for (index, line) in lines.iter().enumerate() {
            hash.update(if index == 0 { "" } else { "\n" });
            hash.update(line);
        }
        digest_text(&hash.finalize()) == self.digest
    }
}

/// `sha256:` and the hexadecimal SHA-256 of `bytes`.
fn sha256_digest(bytes: &[u8]) -> String {
    digest_text(&Sha256::digest(bytes))
}

fn digest_text(digest: &[u8]) -> String {
    format!("sha256:{}", HEXLOWER.encode(digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lines_are_those_of_the_bytes(
            text in "([a-z\u{e9}\u{feff}\0]{0,3}(\n|\r\n|\r|\n\n)?){0,6}",
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            for bytes in [text.as_bytes(), &bytes] {
                let stream = CapturedStream::new(bytes);
                prop_assert_eq!(stream.text_lines().to_vec(), crate::text::split_lines(bytes));
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_survive_storing(bytes: Vec<u8>) {
            let stream = CapturedStream::new(&bytes);
            let json = serde_json::to_string(&stream).unwrap();
            let back: CapturedStream = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(back.count_bytes(), bytes.len());
            prop_assert_eq!(back.decoded_bytes().unwrap(), bytes);
            prop_assert!(back.is_intact());
        }
    }

    #[test]
    fn the_digest_is_what_sha256sum_prints() {
        assert_eq!(
            CapturedStream::new(b"6.12.47\n").digest,
            "sha256:51acd888c9c405384e7cd78d21d1756666b2614a7caaf9b519847f2bc1862a4b"
        );
    }

    #[test]
    fn a_changed_line_breaks_the_digest() {
        let json = serde_json::to_string(&CapturedStream::new(b"Host: 322\n")).unwrap();
        let stream: CapturedStream = serde_json::from_str(&json.replace("322", "332")).unwrap();
        assert!(!stream.is_intact());
    }
}
