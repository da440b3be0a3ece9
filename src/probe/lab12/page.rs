//! Pages: a file as cleaned, classified lines, and its parts by the role that their label names.

use super::label::{self, Role, Who};
use super::words;
use crate::model::Capture;
use crate::text::{is_hidden, lines, strip_ansi};

/// A cleaned line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number in the file, counted from 1.
    pub number: u32,
    /// Its text without escapes, invisible characters and space at the ends.
    pub text: String,
    /// What kind of line it is.
    pub kind: Kind,
    /// Whether it stands behind a label on the same line.
    pub inline: bool,
}

/// What kind of line it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Blank,
    /// A message of the engine: never a value.
    Log(Log),
    /// A title between marks.
    Title,
    /// A command as it was typed, with the role that it states.
    Command(Who),
    /// Anything else.
    Text,
}

/// A message of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Whether it tells of an error.
    pub failure: bool,
    /// Whether the engine gave up.
    pub fatal: bool,
    /// Its words.
    pub message: String,
    /// When it was written, as it stands.
    pub time: Option<String>,
}

/// A file as its cleaned lines.
#[derive(Debug, Clone)]
pub struct Page<'a> {
    /// The capture.
    pub capture: &'a str,
    /// The one role that its place or name speaks of.
    pub who: Option<Who>,
    /// Its lines; a table's cells are lines of their own.
    pub lines: Vec<Line>,
}

/// The lines that follow one label.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// Whose they are; none before the first label and after one that names no single role.
    pub who: Option<Who>,
    /// The label as it stands.
    pub label: String,
    /// The line of the label.
    pub line: u32,
    /// The lines, beginning with what stands behind the label on its line.
    pub lines: Vec<Line>,
}

impl<'a> Page<'a> {
    /// Reads a capture; bytes that cannot be decoded give a page without lines.
    pub fn new(capture: &'a Capture, who: Option<Who>) -> Self {
        let bytes = capture.stdout.bytes().unwrap_or_default();
        let mut page = Self { capture: &capture.id, who, lines: Vec::new() };
        let mut header: Vec<String> = Vec::new();
        for (index, raw) in lines(&bytes).into_iter().enumerate() {
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            for text in clean(&raw) {
                match cells(&text) {
                    Some(cells) => page.add_row(number, &mut header, cells),
                    None => {
                        header.clear();
                        page.lines.push(Line::new(number, &text, false));
                    }
                }
            }
        }
        page
    }

    /// Turns a row of a table into one labelled line for each of its values.
    fn add_row(&mut self, number: u32, header: &mut Vec<String>, cells: Vec<String>) {
        let is_rule = cells.iter().all(|cell| cell.chars().all(|c| matches!(c, '-' | ':' | ' ')));
        if is_rule {
            return;
        }
        if header.is_empty() {
            *header = cells.clone();
        }
        let [first, values @ ..] = &cells[..] else { return };
        for (index, value) in values.iter().enumerate() {
            let column = header.get(index + 1).map_or("", String::as_str);
            let column = if column == value { "" } else { column };
            let text = match label::role_of(column) {
                Some(Role::One(_)) => format!("{column} ({first}): {value}"),
                _ => format!("{first}: {value}"),
            };
            self.lines.push(Line::new(number, &text, false));
        }
    }

    /// The lines that could hold a value.
    pub fn texts(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.kind == Kind::Text)
    }

    /// The lines by the label above them. The place of a file that speaks of one role labels
    /// what has no label.
    pub fn parts(&self) -> Vec<Part> {
        let mut parts = vec![Part { who: self.who, line: 1, ..Part::default() }];
        let mut by_label = false;
        for line in &self.lines {
            let who = parts.last().and_then(|part| part.who);
            match &line.kind {
                // A page of one role may show what was typed inside the container.
                Kind::Command(Who::Host) if self.who.is_some() => push(&mut parts, line),
                Kind::Command(stated) if command_opens(*stated, who, by_label) => {
                    by_label = false;
                    parts.push(Part::of(Some(*stated), line));
                    push(&mut parts, line);
                }
                Kind::Title | Kind::Text => match split_labels(line) {
                    Some(labelled) => {
                        by_label = true;
                        parts.extend(labelled);
                    }
                    None if line.kind == Kind::Title && self.who.is_none() => {
                        by_label = false;
                        parts.push(Part::of(None, line));
                    }
                    None => push(&mut parts, line),
                },
                _ => push(&mut parts, line),
            }
        }
        parts
    }
}

fn push(parts: &mut [Part], line: &Line) {
    if let Some(part) = parts.last_mut() {
        part.lines.push(line.clone());
    }
}

/// Whether a typed command begins a part: it never contradicts a label unless it names another
/// runtime.
fn command_opens(stated: Who, who: Option<Who>, by_label: bool) -> bool {
    match (stated, who) {
        (_, Some(who)) if who == stated => false,
        (_, None) => true,
        (Who::Kata, _) => true,
        (Who::Runc, Some(Who::Host)) => true,
        _ => !by_label,
    }
}

impl Part {
    fn of(who: Option<Who>, line: &Line) -> Self {
        Self { who, label: line.text.clone(), line: line.number, lines: Vec::new() }
    }
}

/// The parts that the labels on one line begin.
fn split_labels(line: &Line) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut text = line.text.as_str();
    while let Some(found) = label::label(text) {
        let who = match found.role {
            Role::One(who) => Some(who),
            Role::Unclear => None,
        };
        let mut part =
            Part { who, label: found.words.into(), line: line.number, lines: Vec::new() };
        let value = Line::new(line.number, found.rest, true);
        let simple = value.kind == Kind::Text && !words::is_error(&value.text);
        let next = if simple { label::next_label(found.rest) } else { None };
        let end = next.unwrap_or(found.rest.len());
        let value = found.rest[..end].trim().trim_end_matches([',', ';', '|', '/']).trim_end();
        if !value.is_empty() {
            part.lines.push(Line::new(line.number, value, true));
        }
        parts.push(part);
        match next {
            Some(_) => text = &found.rest[end..],
            None => break,
        }
    }
    (!parts.is_empty()).then_some(parts)
}

impl Line {
    /// A line of this text, classified.
    pub fn new(number: u32, text: &str, inline: bool) -> Self {
        let text = text.trim();
        let kind = kind(text);
        Self { number, text: text.into(), kind, inline }
    }
}

fn kind(text: &str) -> Kind {
    let is_rule = text.chars().all(|c| matches!(c, '-' | '=' | '_' | '*' | '~' | '`' | '—' | '+'));
    if text.is_empty() || (is_rule && text.chars().count() > 2) || text.starts_with("```") {
        return Kind::Blank;
    }
    if let Some(log) = log(text) {
        return Kind::Log(log);
    }
    if let Some(who) = command(text) {
        return Kind::Command(who);
    }
    let framed = |mark: &str| text.starts_with(mark) && text.ends_with(mark) && text.len() > 4;
    let heading = text.starts_with('#') && text.trim_start_matches('#').starts_with(' ');
    if framed("==") || framed("--") || framed("**") || framed("##") || heading {
        return Kind::Title;
    }
    Kind::Text
}

/// One raw line as the texts it holds, without what only a terminal would show.
fn clean(raw: &str) -> Vec<String> {
    let text: String = strip_ansi(raw)
        .replace("\\t", "\t")
        .chars()
        .filter(|&c| c == '\t' || !is_hidden(c))
        .map(|c| match c {
            '\u{a0}' | '\u{202f}' | '\u{3000}' => ' ',
            '：' => ':',
            c => c,
        })
        .collect();
    if text.contains("msg=") || !text.contains("\\n") {
        return vec![without_prompt(&text)];
    }
    text.split("\\n").map(without_prompt).collect()
}

/// A line without the question for a password before it.
fn without_prompt(text: &str) -> String {
    let text = text.trim();
    for prompt in ["[sudo] password for ", "[sudo] пароль для ", "[sudo: "] {
        if let Some((_, rest)) = text.strip_prefix(prompt).and_then(|rest| rest.split_once(':')) {
            return rest.trim_start_matches([']', ' ', '*']).replace("Password:", "").trim().into();
        }
    }
    text.into()
}

/// The cells of a row of a table.
fn cells(text: &str) -> Option<Vec<String>> {
    let inner = text.strip_prefix('|')?.strip_suffix('|')?;
    let cells: Vec<String> = inner.split('|').map(|cell| words::bare(cell).to_string()).collect();
    (cells.len() > 1).then_some(cells)
}

/// The message in a line that an engine wrote about itself.
pub fn log(text: &str) -> Option<Log> {
    let begins = ["time=", "level=", "msg=", "{"].iter().any(|start| text.starts_with(start));
    if !begins && label::label(text).is_some() {
        // A message behind a label leaves the label its meaning.
        return None;
    }
    structured(text).or_else(|| terminal(text)).or_else(|| chatter(text))
}

/// logrus in a file: `time="…" level=warning msg="…"`, or the same as JSON.
fn structured(text: &str) -> Option<Log> {
    let field = |name: &str| -> Option<String> {
        let logfmt = format!("{name}=");
        let json = format!("\"{name}\":\"");
        let rest = match text.find(&json) {
            Some(at) => &text[at + json.len() - 1..],
            None => {
                let starts =
                    |at: usize| at == 0 || text[..at].ends_with([' ', ']', ':', '(', '\t']);
                let at = text.match_indices(&logfmt).map(|(at, _)| at).find(|&at| starts(at))?;
                &text[at + logfmt.len()..]
            }
        };
        Some(quoted(rest))
    };
    let level = field("level")?.to_lowercase();
    let known = ["trace", "debug", "info", "warn", "warning", "error", "fatal", "panic"];
    if !known.contains(&level.as_str()) {
        return None;
    }
    let failure = matches!(level.as_str(), "error" | "fatal" | "panic");
    let fatal = matches!(level.as_str(), "fatal" | "panic");
    let message = field("msg").unwrap_or_else(|| text.into());
    Some(Log { failure, fatal, message, time: field("time") })
}

/// The value at the start of `text`: in quotes with `\"` inside, or up to a space.
fn quoted(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"') else {
        return text.split_whitespace().next().unwrap_or_default().into();
    };
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            '"' => break,
            c => out.push(c),
        }
    }
    out
}

/// logrus on a terminal: `WARN[0000] …`.
fn terminal(text: &str) -> Option<Log> {
    let at = ["TRAC[", "DEBU[", "INFO[", "WARN[", "ERRO[", "FATA[", "PANI["]
        .into_iter()
        .find(|level| text.starts_with(level))?;
    let (seconds, message) = text[at.len()..].split_once(']')?;
    seconds.chars().all(|c| c.is_ascii_digit()).then(|| Log {
        failure: matches!(at, "ERRO[" | "FATA[" | "PANI["),
        fatal: matches!(at, "FATA[" | "PANI["),
        message: message.trim().into(),
        time: None,
    })
}

/// What engines say while they fetch an image, and warnings in plain words.
fn chatter(text: &str) -> Option<Log> {
    const STARTS: &[&str] = &[
        "warning:",
        "unable to find image",
        "digest: sha256:",
        "status: downloaded",
        "status: image is up",
        "using default tag",
        "manifest-sha256:",
        "config-sha256:",
        "layer-sha256:",
        "index-sha256:",
        "elapsed: ",
        "trying to pull",
        "getting image source",
        "copying blob",
        "copying config",
        "writing manifest",
        "storing signatures",
        "emulate docker cli",
    ];
    const PHRASES: &[&str] = &[
        ": pulling from",
        ": pull complete",
        "pulling fs layer",
        ": download complete",
        "already exists",
        "|++++",
    ];
    let is_chatter = STARTS.iter().any(|start| text.to_lowercase().starts_with(start))
        || words::holds(text, PHRASES);
    is_chatter.then(|| Log { failure: false, fatal: false, message: text.into(), time: None })
}

/// The programs whose names begin a typed command.
const PROGRAMS: &[&str] = &[
    "sudo",
    "nerdctl",
    "docker",
    "podman",
    "ctr",
    "uname",
    "cat",
    "grep",
    "egrep",
    "ls",
    "ip",
    "ifconfig",
    "dmesg",
    "time",
    "curl",
    "echo",
    "lscpu",
    "lsmod",
    "awk",
    "head",
    "containerd-shim-kata-v2",
    "kata-runtime",
    "/usr/bin/time",
    "command",
    "hostnamectl",
    "sh",
    "bash",
];

/// The role that a command line states, if `text` is one.
fn command(text: &str) -> Option<Who> {
    let (prompted, typed) = after_prompt(text);
    let mut tokens = typed.split_whitespace();
    let program = tokens.next()?;
    let second = tokens.next();
    let is_program = PROGRAMS.contains(&program);
    let measured = typed.ends_with(" total") && typed.contains("% cpu");
    let of_kata = program.starts_with("kata-") || program.starts_with("containerd-shim");
    if of_kata && !second.is_some_and(|word| word.starts_with('-')) {
        return None;
    }
    let time_label =
        program == "time" && !second.is_some_and(|word| PROGRAMS.contains(&word) || word == "-p");
    if !is_program || measured || (!prompted && (second.is_none() || time_label)) {
        return None;
    }
    // Prose may begin with such a word: "ip addr shows only lo".
    let prose = words::holds(typed, &[" shows", " is ", " was ", " not ", " returns", " version "]);
    if prose && !prompted {
        return None;
    }
    Some(command_role(typed).unwrap_or(Who::Host))
}

/// The runtime that a command line asks for, if it starts a container.
pub fn command_role(typed: &str) -> Option<Who> {
    let mut words = typed.split(|c: char| c.is_whitespace() || matches!(c, '(' | '`'));
    let engine = words.any(|word| matches!(word, "nerdctl" | "docker" | "podman" | "ctr"));
    let starts = typed.contains(" run ") || typed.contains(" exec ");
    match (engine && starts, typed.contains("kata")) {
        (true, true) => Some(Who::Kata),
        (true, false) if typed.contains("runsc") => None,
        (true, false) => Some(Who::Runc),
        _ => None,
    }
}

/// What was typed behind a shell's prompt, and whether there is one.
fn after_prompt(text: &str) -> (bool, &str) {
    for prompt in ["$ ", "# ", "> ", "% ", "+ ", "❯ ", "➜ ", "λ "] {
        if let Some(rest) = text.strip_prefix(prompt) {
            return (true, rest.trim_start());
        }
    }
    let has_user = text
        .split_whitespace()
        .next()
        .is_some_and(|word| word.contains('@') || word.starts_with('['));
    if has_user {
        for prompt in ["$ ", "# ", "% ", "> "] {
            if let Some((_, rest)) = text.split_once(prompt) {
                return (true, rest.trim_start());
            }
        }
    }
    (false, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engine_messages_are_told_from_values() {
        let warning =
            log(r#"time="2026-01-02T03:04:05Z" level=warning msg="cannot \"x\"""#).unwrap();
        assert_eq!(warning.message, r#"cannot "x""#);
        assert_eq!(warning.time.as_deref(), Some("2026-01-02T03:04:05Z"));
        assert!(!warning.failure);
        assert!(log("FATA[0000] failed to create shim task").unwrap().failure);
        assert!(log("WARN[0000] cannot set cgroup manager").is_some());
        assert!(log(r#"level=fatal msg="no""#).unwrap().failure);
        assert!(log("6.12.47").is_none());
    }

    #[test]
    fn commands_state_their_role() {
        assert_eq!(command("$ uname -r"), Some(Who::Host));
        assert_eq!(command("$ sudo nerdctl run --rm alpine true"), Some(Who::Runc));
        let kata = "ann@pine:~$ sudo nerdctl run --runtime io.containerd.kata.v2 alpine true";
        assert_eq!(command(kata), Some(Who::Kata));
        assert_eq!(command("time taken: 0.4s"), None);
        assert_eq!(command("docker: Error response from daemon: x"), None);
        assert_eq!(
            command("sudo nerdctl run alpine  0.01s user 0.01s system 1% cpu 1.200 total"),
            None
        );
    }
}
