//! The escape task in a form that is safe: what becomes of a host's file that was shared with a
//! container.
//!
//! Only ever a file that isoproof made itself, in a folder of its own, which is the only one
//! shared; only ever appended to. What the container says it did and what the host finds
//! afterwards are kept apart, because a copy and a share differ exactly there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

use super::{Session, Spec, from_command, host_side};
use crate::engine::clean;
use crate::engine::process::{Ended, Finished, run};
use crate::engine::{Kind, Mode};
use crate::error::{Error, Result};
use crate::model::{Capture, Origin, Status, Stream};
use crate::probe::script::nonce;

/// The beginning of the names of our folders; the mark of their process follows.
const FOLDER: &str = "isoproof-share-";

/// Where the folder is in the container.
const INSIDE: &str = "/isoproof-share";

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The host's file has the container's line.
    HostModified,
    /// The container read its own line, and the host's file is as it was: a copy.
    HostUnmodifiedContainerSawWrite,
    /// The container was refused.
    WriteDenied,
    /// The container did not start: nothing was tested.
    ContainerNotStarted,
    /// The share was for reading only, and the host's file lost its content.
    HostTruncatedOnRo,
}

impl Outcome {
    /// The word in files and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::HostModified => "host_modified",
            Self::HostUnmodifiedContainerSawWrite => "host_unmodified_container_saw_write",
            Self::WriteDenied => "write_denied",
            Self::ContainerNotStarted => "container_not_started",
            Self::HostTruncatedOnRo => "host_truncated_on_ro",
        }
    }
}

/// The host's file afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Byte for byte as it was.
    Unchanged,
    /// As it was, and the container's line behind it.
    Appended,
    /// Its content is gone.
    Emptied,
}

impl State {
    /// The word in files and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Appended => "appended",
            Self::Emptied => "emptied",
        }
    }

    /// The state of a file that held `before`; none if it is none of these. A truncation with
    /// the line behind it has lost the content as well.
    fn of(before: &[u8], line: &[u8], after: &[u8]) -> Option<Self> {
        if after == before {
            return Some(Self::Unchanged);
        }
        match after.strip_prefix(before) {
            Some(rest) if rest == line => Some(Self::Appended),
            _ if after.is_empty() || after == line => Some(Self::Emptied),
            _ => None,
        }
    }
}

/// What the container said about itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Account {
    /// It ran.
    started: bool,
    /// Whether the shell's append succeeded; none if it did not come so far.
    wrote: Option<bool>,
    /// It read its own line back.
    saw: bool,
}

impl Account {
    fn read(stdout: &str, nonce: &str) -> Self {
        let has = |words: &str| stdout.lines().any(|line| line == format!("{words} {nonce}"));
        let wrote = match (has("written"), has("refused")) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        };
        Self { started: has("started"), wrote, saw: has("seen") }
    }
}

/// The outcome of one attempt; none where the observations fit none of the five, and then
/// nothing is claimed.
fn outcome(account: Account, state: Option<State>, is_read_only: bool) -> Option<Outcome> {
    match (state?, account) {
        (State::Emptied, _) => is_read_only.then_some(Outcome::HostTruncatedOnRo),
        (State::Appended, _) => Some(Outcome::HostModified),
        (State::Unchanged, Account { started: false, .. }) => Some(Outcome::ContainerNotStarted),
        (State::Unchanged, Account { wrote: Some(false), .. }) => Some(Outcome::WriteDenied),
        (State::Unchanged, Account { wrote: Some(true), saw: true, .. }) => {
            Some(Outcome::HostUnmodifiedContainerSawWrite)
        }
        (State::Unchanged, _) => None,
    }
}

/// A way to share the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Way {
    /// The end of the capture's id, and of the container's name.
    name: &'static str,
    is_read_only: bool,
    is_privileged: bool,
}

/// Without privileges first: what that shows needs no more.
const WAYS: [Way; 3] = [
    Way { name: "write", is_read_only: false, is_privileged: false },
    Way { name: "write_ro", is_read_only: true, is_privileged: false },
    Way { name: "write_privileged", is_read_only: false, is_privileged: true },
];

/// One attempt and what it left.
struct Attempt {
    way: Way,
    finished: Finished,
    account: Account,
    state: Option<State>,
}

impl Attempt {
    fn outcome(&self) -> Option<Outcome> {
        outcome(self.account, self.state, self.way.is_read_only)
    }

    /// What was observed, for a case that fits no outcome and for the record.
    fn words(&self) -> String {
        let state = self.state.map_or("changed in another way", State::word);
        let yes = |is: bool| if is { "yes" } else { "no" };
        let wrote = self.account.wrote.map_or("not said", |wrote| yes(wrote));
        format!(
            "{}: started {}, wrote {wrote}, saw its line {}, the host's file {state}",
            self.way.name,
            yes(self.account.started),
            yes(self.account.saw),
        )
    }
}

/// Why an engine cannot be asked, if it cannot.
pub fn obstacle(engine: Kind) -> Option<String> {
    (engine == Kind::Builtin)
        .then(|| "plain namespaces have no image to share a folder with".to_string())
}

/// Tries to write to a host's file under a target, in every way.
pub fn captures(session: &Session, spec: &Spec) -> Vec<Capture> {
    let mut attempts = Vec::new();
    for way in WAYS {
        if session.is_cancelled() {
            return Vec::new();
        }
        session.progress.step(&spec.name, &format!("share of a folder: {}", way.name));
        match attempt(session, spec, way) {
            Ok(attempt) => attempts.push(attempt),
            Err(error) => session.progress.trouble(&spec.name, &error.message),
        }
    }
    if session.is_cancelled() {
        return Vec::new();
    }
    let mut captures: Vec<Capture> = attempts
        .iter()
        .map(|attempt| {
            let id = format!("escape.{}", attempt.way.name);
            let capture = from_command(&spec.name, &id, &attempt.finished);
            match attempt.account.started {
                true => capture,
                // The engine's refusal is none of the container's.
                false => Capture { status: Status::Error, ..capture },
            }
        })
        .collect();
    captures.extend(conclusions(spec, &attempts));
    captures.extend(privileged(session, spec, &attempts));
    captures
}

/// Runs one attempt in a folder that is gone afterwards, whatever happens.
fn attempt(session: &Session, spec: &Spec, way: Way) -> Result<Attempt> {
    let folder = folder()?;
    let file = folder.path().join("file");
    let nonce = nonce()?;
    let before = format!("isoproof {nonce}\nA file to be appended to, and nothing else.\n");
    fs::write(&file, &before).map_err(|error| Error::io("write", &file, &error))?;
    let line = format!("container {nonce}\n");
    let script = script(session, way, &nonce, line.trim_end());
    let options = options(session.engine, spec.handler.as_deref(), folder.path(), way);
    let name = session.container_name(&spec.name, &way.name.replace('_', "-"));
    let argv = session.argv(spec, &name, &["sh", "-c", &script], Mode::Attached, &options);
    let finished = run(&argv, session.timeout, session.cancel)?;
    if !finished.is_success() {
        // One that still runs would write to a folder that is about to go.
        clean::remove_named(session.engine, &name);
    }
    let after = fs::read(&file).map_err(|error| Error::io("read", &file, &error))?;
    let account = Account::read(&crate::text::decode(&finished.stdout), &nonce);
    let state = State::of(before.as_bytes(), line.as_bytes(), &after);
    Ok(Attempt { way, finished, account, state })
}

/// A folder that only this user may enter. It is removed when the value goes.
fn folder() -> Result<TempDir> {
    let made = tempfile::Builder::new()
        .prefix(&crate::owner::prefix_name(FOLDER))
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir();
    made.map_err(|error| Error::io("make a folder in", &std::env::temp_dir(), &error))
}

/// The shell's words in the container: append, look, and for a privileged one count.
fn script(session: &Session, way: Way, nonce: &str, line: &str) -> String {
    let file = format!("{INSIDE}/file");
    let mut script = format!(
        "echo started {nonce}; if echo {line} >> {file}; then echo written {nonce}; else echo \
         refused {nonce}; fi; grep -q '^{line}$' {file} && echo seen {nonce}; "
    );
    if way.is_privileged {
        for id in PRIVILEGED {
            if let Some(probe) = session.catalogue.get(id) {
                script.push_str(&format!("v=$({}) && echo {id} $v; ", probe.command));
            }
        }
    }
    script.push_str("exit 0");
    script
}

/// What is asked of a privileged container.
const PRIVILEGED: [&str; 2] = ["escape.privileged_dev_entries", "escape.privileged_cap_eff"];

/// The engine's options for a way.
fn options(engine: Kind, handler: Option<&str>, folder: &Path, way: Way) -> Vec<String> {
    let folder = folder.display();
    let mode = if way.is_read_only { "ro" } else { "rw" };
    let mut options = match engine {
        Kind::Ctr => vec![
            "--mount".to_string(),
            format!("type=bind,src={folder},dst={INSIDE},options=rbind:{mode}"),
        ],
        _ => vec!["--volume".to_string(), format!("{folder}:{INSIDE}:{mode}")],
    };
    if !way.is_privileged {
        return options;
    }
    options.push("--privileged".into());
    // The host's devices cannot be passed to a machine, and would be the host's, not its own.
    let is_kata = handler.is_some_and(|handler| handler.contains("kata"));
    match engine {
        Kind::Nerdctl if is_kata => {
            options.extend(["--security-opt", "privileged-without-host-devices"].map(String::from));
        }
        Kind::Ctr if is_kata => options.push("--privileged-without-host-devices".into()),
        _ => {}
    }
    options
}

/// The outcomes and the state of the file, as facts.
fn conclusions(spec: &Spec, attempts: &[Attempt]) -> Vec<Capture> {
    let by = |name: &str| attempts.iter().find(|attempt| attempt.way.name == name);
    let mut captures = Vec::new();
    if let Some(write) = by("write") {
        // That a share for reading only loses its content is the graver news.
        let emptied =
            by("write_ro").filter(|attempt| attempt.outcome() == Some(Outcome::HostTruncatedOnRo));
        let attempt = emptied.unwrap_or(write);
        captures.push(conclusion(spec, "escape.host_write", attempt, Attempt::outcome_word));
        captures.push(conclusion(spec, "escape.host_file", attempt, |attempt| {
            attempt.state.map(State::word)
        }));
    }
    if let Some(write) = by("write_privileged") {
        let id = "escape.host_write_privileged";
        captures.push(conclusion(spec, id, write, Attempt::outcome_word));
    }
    let record: String = attempts.iter().map(|attempt| attempt.words() + "\n").collect();
    let how = "what the container said, and the host's file by its bytes before and after";
    captures.push(host_side::capture(spec, "escape.host_write.detail", how, &record));
    captures
}

impl Attempt {
    fn outcome_word(&self) -> Option<&'static str> {
        self.outcome().map(Outcome::word)
    }
}

fn conclusion(
    spec: &Spec,
    id: &str,
    attempt: &Attempt,
    read: impl Fn(&Attempt) -> Option<&'static str>,
) -> Capture {
    let how = format!(
        "the bytes of the host's file before and after {}/escape.{}, and what the container said",
        spec.name, attempt.way.name
    );
    match read(attempt) {
        Some(word) => host_side::capture(spec, id, &how, &format!("{word}\n")),
        None => {
            let status = match attempt.finished.ended {
                Ended::TimedOut => Status::Timeout,
                Ended::Cancelled => Status::Stopped,
                Ended::Exit(_) => Status::Error,
            };
            let words = format!("no known outcome: {}\n", attempt.words());
            let stderr = Some(Stream::new(words.as_bytes()));
            Capture { status, stderr, ..host_side::capture(spec, id, &how, "") }
        }
    }
}

/// What the privileged container said about its devices and capabilities.
fn privileged(session: &Session, spec: &Spec, attempts: &[Attempt]) -> Vec<Capture> {
    let Some(attempt) = attempts.iter().find(|attempt| attempt.way.is_privileged) else {
        return Vec::new();
    };
    let text = crate::text::decode(&attempt.finished.stdout);
    let answer = |id: &&str| {
        let probe = session.catalogue.get(id)?;
        let said =
            text.lines().find_map(|line| line.strip_prefix(id)?.strip_prefix(' ').map(str::trim));
        let capture = host_side::capture(spec, id, "", &said.map_or(String::new(), line));
        let origin = Origin::Probe {
            command: probe.command.clone(),
            within: format!("{}/escape.{}", spec.name, attempt.way.name),
        };
        if said.is_some() {
            return Some(Capture { origin, ..capture });
        }
        let words = match attempt.account.started {
            true => "the privileged container did not say".to_string(),
            false => attempt.finished.complaint(),
        };
        let stderr = Some(Stream::new(line(&words).as_bytes()));
        Some(Capture { origin, status: Status::Error, stderr, ..capture })
    };
    PRIVILEGED.iter().filter_map(answer).collect()
}

fn line(text: &str) -> String {
    format!("{text}\n")
}

/// Removes the folders of sessions that were killed.
pub fn sweep() -> Vec<String> {
    let mut left = crate::owner::find_leftovers(&std::env::temp_dir(), FOLDER);
    left.retain(|path| fs::remove_dir_all(path).is_ok());
    left.iter().map(|path| format!("temporary folder {}", path.display())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(started: bool, wrote: Option<bool>, saw: bool) -> Account {
        Account { started, wrote, saw }
    }

    #[test]
    fn each_of_the_five_outcomes_is_told_from_the_others() {
        let sure = account(true, Some(true), true);
        let refused = account(true, Some(false), false);
        for (account, state, is_read_only, word) in [
            (sure, State::Appended, false, "host_modified"),
            (sure, State::Unchanged, false, "host_unmodified_container_saw_write"),
            (refused, State::Unchanged, true, "write_denied"),
            (Account::default(), State::Unchanged, false, "container_not_started"),
            (refused, State::Emptied, true, "host_truncated_on_ro"),
        ] {
            assert_eq!(outcome(account, Some(state), is_read_only).unwrap().word(), word);
        }
    }

    #[test]
    fn what_fits_no_outcome_is_none() {
        let sure = account(true, Some(true), true);
        assert_eq!(outcome(sure, None, false), None);
        assert_eq!(outcome(sure, Some(State::Emptied), false), None);
        // Cut off before it wrote, or blind to its own line: neither is a refusal.
        assert_eq!(outcome(account(true, None, false), Some(State::Unchanged), false), None);
        assert_eq!(outcome(account(true, Some(true), false), Some(State::Unchanged), false), None);
    }

    #[test]
    fn the_state_of_the_file_is_told_by_its_bytes() {
        for (after, state) in [
            ("a\n", Some(State::Unchanged)),
            ("a\nx\n", Some(State::Appended)),
            ("", Some(State::Emptied)),
            ("x\n", Some(State::Emptied)),
            ("a\nx\nx\n", None),
            ("b\n", None),
        ] {
            assert_eq!(State::of(b"a\n", b"x\n", after.as_bytes()), state, "{after:?}");
        }
    }

    #[test]
    fn a_container_is_believed_only_with_the_nonce() {
        let text = "started 1\nwritten 1\nseen 1\n";
        assert_eq!(Account::read(text, "1"), account(true, Some(true), true));
        assert_eq!(Account::read(text, "2"), Account::default());
    }

    #[test]
    fn only_the_folder_is_shared_and_kata_gets_no_devices_of_the_host() {
        let words =
            |engine, handler, way| options(engine, Some(handler), Path::new("/t/x"), way).join(" ");
        let [write, read_only, privileged] = WAYS;
        assert_eq!(words(Kind::Docker, "runc", write), "--volume /t/x:/isoproof-share:rw");
        assert_eq!(
            words(Kind::Ctr, "runc", read_only),
            "--mount type=bind,src=/t/x,dst=/isoproof-share,options=rbind:ro"
        );
        assert!(words(Kind::Docker, "runsc", privileged).ends_with(":rw --privileged"));
        let kata = "io.containerd.kata.v2";
        assert!(
            words(Kind::Nerdctl, kata, privileged)
                .ends_with("--privileged --security-opt privileged-without-host-devices")
        );
        assert!(
            words(Kind::Ctr, kata, privileged)
                .ends_with("--privileged --privileged-without-host-devices")
        );
    }

    #[test]
    fn our_folder_is_ours_alone_and_goes_with_its_value() {
        let folder = folder().unwrap();
        let path = folder.path().to_path_buf();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        drop(folder);
        assert!(!path.exists());
    }
}
