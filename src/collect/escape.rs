//! An escape in a form that is safe: what becomes of a host's file that was shared with a
//! container.
//!
//! Only ever a file that isoproof made itself, in a folder of its own, which is the only one
//! shared; only ever appended to. What the container says it did and what the host finds
//! afterwards are kept apart, because a copy and a share differ exactly there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

use super::command_capture::from_command;
use super::host_side;
use super::session::CollectSession;
use super::work_part::WorkPart;
use crate::engine::clean;
use crate::engine::{ContainerMode, EngineKind};
use crate::error::{NameFailedFile, Result};
use crate::knowledge::names_runtime;
use crate::model::{Capture, CaptureOrigin, CaptureStatus, FactId, Target, fact_ids};
use crate::probe::script::make_nonce;
use crate::process::{CommandOutput, ExitReason, run_command};

/// The beginning of the names of our folders; the mark of their process follows.
pub(crate) const FOLDER: &str = "isoproof-share-";

/// Where the folder is in the container.
const INSIDE: &str = "/isoproof-share";

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(super) enum WriteOutcome {
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

/// The host's file afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub(super) enum HostFileState {
    /// Byte for byte as it was.
    Unchanged,
    /// As it was, and the container's line after it.
    Appended,
    /// Its content is gone.
    Emptied,
}

impl HostFileState {
    /// The state of a file that held `before`; none if it is none of these. A truncation with
    /// the line after it has lost the content as well.
    fn from_contents(before: &[u8], line: &[u8], after: &[u8]) -> Option<Self> {
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
struct ContainerReport {
    started: bool,
    /// Whether the shell's append succeeded; none if it did not come so far.
    wrote: Option<bool>,
    /// It read its own line back.
    saw: bool,
}

impl ContainerReport {
    fn parse_report(stdout: &str, nonce: &str) -> Self {
        let [started, written, refused, saw] = ["started", "written", "refused", "seen"]
            .map(|words| stdout.lines().any(|line| line == format!("{words} {nonce}")));
        let wrote = if written == refused { None } else { Some(written) };
        Self { started, wrote, saw }
    }
}

/// The outcome of one attempt; none where the observations fit none of the five, and then
/// nothing is claimed.
fn decide_outcome(
    account: ContainerReport,
    state: Option<HostFileState>,
    is_read_only: bool,
) -> Option<WriteOutcome> {
    match (state?, account) {
        (HostFileState::Emptied, _) => is_read_only.then_some(WriteOutcome::HostTruncatedOnRo),
        (HostFileState::Appended, _) => Some(WriteOutcome::HostModified),
        (HostFileState::Unchanged, ContainerReport { started: false, .. }) => {
            Some(WriteOutcome::ContainerNotStarted)
        }
        (HostFileState::Unchanged, ContainerReport { wrote: Some(false), .. }) => {
            Some(WriteOutcome::WriteDenied)
        }
        (HostFileState::Unchanged, ContainerReport { wrote: Some(true), saw: true, .. }) => {
            Some(WriteOutcome::HostUnmodifiedContainerSawWrite)
        }
        (HostFileState::Unchanged, _) => None,
    }
}

/// A way to share the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SharingMode {
    /// The end of the capture's id, and of the container's name.
    name: &'static str,
    is_read_only: bool,
    is_privileged: bool,
}

/// Without privileges first: what that shows needs no more.
const WAYS: [SharingMode; 3] = [
    SharingMode { name: "write", is_read_only: false, is_privileged: false },
    SharingMode { name: "write_ro", is_read_only: true, is_privileged: false },
    SharingMode { name: "write_privileged", is_read_only: false, is_privileged: true },
];

struct EscapeAttempt {
    way: SharingMode,
    finished: CommandOutput,
    account: ContainerReport,
    state: Option<HostFileState>,
}

impl EscapeAttempt {
    fn write_outcome(&self) -> Option<WriteOutcome> {
        decide_outcome(self.account, self.state, self.way.is_read_only)
    }

    /// What was observed, for a case that fits no outcome and for the record.
    fn describe_observations(&self) -> String {
        let state = self.state.map_or("changed in another way", |state| state.into_str());
        let ContainerReport { started, wrote, saw } = self.account;
        let [started, wrote, saw] = [Some(started), wrote, Some(saw)].map(|said| match said {
            Some(true) => "yes",
            Some(false) => "no",
            None => "not said",
        });
        format!(
            "{}: started {started}, wrote {wrote}, saw its line {saw}, the host's file {state}",
            self.way.name,
        )
    }
}

/// Why an engine cannot be asked, if it cannot.
pub(super) fn escape_unsupported_reason(engine: EngineKind) -> Option<String> {
    (engine == EngineKind::Builtin)
        .then(|| "plain namespaces have no image to share a folder with".to_string())
}

/// Tries to write to a host's file under a target, in every way.
pub(super) fn capture_escape_attempts(session: &CollectSession, spec: &Target) -> Vec<Capture> {
    let mut attempts = Vec::new();
    for way in WAYS {
        if session.is_cancelled() {
            return Vec::new();
        }
        session.begin_step(
            WorkPart::Escape,
            &spec.name,
            &format!("share of a folder: {}", way.name),
        );
        match run_attempt(session, spec, way) {
            Ok(attempt) => attempts.push(attempt),
            Err(error) => session.progress.on_trouble(&spec.name, &error.message),
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
                false => Capture { status: CaptureStatus::Error, ..capture },
            }
        })
        .collect();
    captures.extend(outcome_captures(spec, &attempts));
    captures.extend(privileged_captures(session, spec, &attempts));
    captures
}

/// Runs one attempt in a folder that is gone afterwards, whatever happens.
fn run_attempt(session: &CollectSession, spec: &Target, way: SharingMode) -> Result<EscapeAttempt> {
    let folder = make_private_folder()?;
    let file = folder.path().join("file");
    let nonce = make_nonce()?;
    let before = format!("isoproof {nonce}\nA file to be appended to, and nothing else.\n");
    fs::write(&file, &before).or_failed_io("write", &file)?;
    let line = format!("container {nonce}\n");
    let script = escape_script(session, way, &nonce, line.trim_end());
    let options = mount_options(session.engine, spec.handler.as_deref(), folder.path(), way);
    let name = session.container_name(&spec.name, &way.name.replace('_', "-"));
    let argv = session.container_argv(
        spec,
        &name,
        &["sh", "-c", &script],
        ContainerMode::Attached,
        &options,
    );
    let finished = run_command(&argv, session.options.timeout, session.cancel)?;
    if !finished.is_success() {
        // One that still runs would write to a folder that is about to go.
        clean::remove_named(session.engine, &name);
    }
    let after = fs::read(&file).or_failed_io("read", &file)?;
    let account =
        ContainerReport::parse_report(&crate::text::decode_bytes(&finished.stdout), &nonce);
    let state = HostFileState::from_contents(before.as_bytes(), line.as_bytes(), &after);
    Ok(EscapeAttempt { way, finished, account, state })
}

/// A folder that only this user may enter. It is removed when the value goes.
fn make_private_folder() -> Result<TempDir> {
    let made = tempfile::Builder::new()
        .prefix(&crate::owner::prefix_name(FOLDER))
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir();
    made.or_failed_io("make a folder in", &std::env::temp_dir())
}

/// The shell's words in the container: append, look, and for a privileged one count.
fn escape_script(session: &CollectSession, way: SharingMode, nonce: &str, line: &str) -> String {
    let file = format!("{INSIDE}/file");
    let mut script = format!(
        "echo started {nonce}; if echo {line} >> {file}; then echo written {nonce}; else echo \
         refused {nonce}; fi; grep -q '^{line}$' {file} && echo seen {nonce}; "
    );
    if way.is_privileged {
        for id in PRIVILEGED {
            if let Some(probe) = session.catalogue.find_probe(&id) {
                script.push_str(&format!("v=$({}) && echo {id} $v; ", probe.command));
            }
        }
    }
    script.push_str("exit 0");
    script
}

/// What is asked of a privileged container.
const PRIVILEGED: [FactId; 2] =
    [fact_ids::ESCAPE_PRIVILEGED_DEV_ENTRIES, fact_ids::ESCAPE_PRIVILEGED_CAP_EFF];

/// The engine's options for a way.
fn mount_options(
    engine: EngineKind,
    handler: Option<&str>,
    folder: &Path,
    way: SharingMode,
) -> Vec<String> {
    let folder = folder.display();
    let mode = if way.is_read_only { "ro" } else { "rw" };
    let mut options = match engine {
        EngineKind::Ctr => vec![
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
    let is_kata = handler.is_some_and(|handler| names_runtime(handler, "kata"));
    match engine {
        EngineKind::Nerdctl if is_kata => {
            options.extend(["--security-opt", "privileged-without-host-devices"].map(String::from));
        }
        EngineKind::Ctr if is_kata => options.push("--privileged-without-host-devices".into()),
        _ => {}
    }
    options
}

/// The outcomes and the state of the file, as facts.
fn outcome_captures(spec: &Target, attempts: &[EscapeAttempt]) -> Vec<Capture> {
    let [write, write_ro, write_privileged] = ["write", "write_ro", "write_privileged"]
        .map(|name| attempts.iter().find(|attempt| attempt.way.name == name));
    let mut captures = Vec::new();
    if let Some(write) = write {
        // That a share for reading only loses its content is the graver news.
        let emptied = write_ro
            .filter(|attempt| attempt.write_outcome() == Some(WriteOutcome::HostTruncatedOnRo));
        let attempt = emptied.unwrap_or(write);
        captures.push(outcome_capture(
            spec,
            &fact_ids::ESCAPE_HOST_WRITE,
            attempt,
            EscapeAttempt::outcome_word,
        ));
        captures.push(outcome_capture(spec, &fact_ids::ESCAPE_HOST_FILE, attempt, |attempt| {
            attempt.state.map(|state| state.into_str())
        }));
    }
    if let Some(write) = write_privileged {
        let id = fact_ids::ESCAPE_HOST_WRITE_PRIVILEGED;
        captures.push(outcome_capture(spec, &id, write, EscapeAttempt::outcome_word));
    }
    let record: String =
        attempts.iter().map(|attempt| attempt.describe_observations() + "\n").collect();
    let how = "what the container said, and the host's file by its bytes before and after";
    let started = attempts.first().map(|attempt| attempt.finished.started);
    let id = "escape.host_write.detail";
    captures.push(host_side::capture_since(started, &spec.name, id, how, &record));
    captures
}

impl EscapeAttempt {
    fn outcome_word(&self) -> Option<&'static str> {
        self.write_outcome().map(|outcome| outcome.into_str())
    }
}

fn outcome_capture(
    spec: &Target,
    id: &str,
    attempt: &EscapeAttempt,
    read: impl Fn(&EscapeAttempt) -> Option<&'static str>,
) -> Capture {
    let how = format!(
        "the bytes of the host's file before and after {}/escape.{}, and what the container said",
        spec.name, attempt.way.name
    );
    let started = Some(attempt.finished.started);
    match read(attempt) {
        Some(word) => host_side::capture_since(started, &spec.name, id, &how, &format!("{word}\n")),
        None => {
            let status = match attempt.finished.ended {
                ExitReason::TimedOut => CaptureStatus::Timeout,
                ExitReason::Cancelled => CaptureStatus::Stopped,
                ExitReason::Exit(_) => CaptureStatus::Error,
            };
            let words = format!("no known outcome: {}", attempt.describe_observations());
            host_side::capture_since(started, &spec.name, id, &how, "").failed_with(status, &words)
        }
    }
}

/// What the privileged container said about its devices and capabilities.
fn privileged_captures(
    session: &CollectSession,
    spec: &Target,
    attempts: &[EscapeAttempt],
) -> Vec<Capture> {
    let Some(attempt) = attempts.iter().find(|attempt| attempt.way.is_privileged) else {
        return Vec::new();
    };
    let text = crate::text::decode_bytes(&attempt.finished.stdout);
    let mut captures = Vec::new();
    for id in PRIVILEGED {
        let Some(probe) = session.catalogue.find_probe(&id) else { continue };
        let said =
            text.lines().find_map(|line| line.strip_prefix(&*id)?.strip_prefix(' ').map(str::trim));
        let text = said.map_or(String::new(), |said| format!("{said}\n"));
        let started = Some(attempt.finished.started);
        let capture = host_side::capture_since(started, &spec.name, &id, "", &text);
        let origin = CaptureOrigin::Probe {
            command: probe.command.clone(),
            within: format!("{}/escape.{}", spec.name, attempt.way.name),
        };
        let capture = Capture { origin, ..capture };
        let words = match attempt.account.started {
            true => "the privileged container did not say".to_string(),
            false => attempt.finished.error_summary(),
        };
        captures.push(match said {
            Some(_) => capture,
            None => capture.failed_with(CaptureStatus::Error, &words),
        });
    }
    captures
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(started: bool, wrote: Option<bool>, saw: bool) -> ContainerReport {
        ContainerReport { started, wrote, saw }
    }

    #[test]
    fn each_of_the_five_outcomes_is_told_from_the_others() {
        let sure = account(true, Some(true), true);
        let refused = account(true, Some(false), false);
        for (account, state, is_read_only, word) in [
            (sure, HostFileState::Appended, false, "host_modified"),
            (sure, HostFileState::Unchanged, false, "host_unmodified_container_saw_write"),
            (refused, HostFileState::Unchanged, true, "write_denied"),
            (ContainerReport::default(), HostFileState::Unchanged, false, "container_not_started"),
            (refused, HostFileState::Emptied, true, "host_truncated_on_ro"),
        ] {
            assert_eq!(
                decide_outcome(account, Some(state), is_read_only).unwrap().into_str(),
                word
            );
        }
    }

    #[test]
    fn what_fits_no_outcome_is_none() {
        let sure = account(true, Some(true), true);
        assert_eq!(decide_outcome(sure, None, false), None);
        assert_eq!(decide_outcome(sure, Some(HostFileState::Emptied), false), None);
        // Cut off before it wrote, or blind to its own line: neither is a refusal.
        assert_eq!(
            decide_outcome(account(true, None, false), Some(HostFileState::Unchanged), false),
            None
        );
        assert_eq!(
            decide_outcome(account(true, Some(true), false), Some(HostFileState::Unchanged), false),
            None
        );
    }

    #[test]
    fn the_state_of_the_file_is_told_by_its_bytes() {
        for (after, state) in [
            ("a\n", Some(HostFileState::Unchanged)),
            ("a\nx\n", Some(HostFileState::Appended)),
            ("", Some(HostFileState::Emptied)),
            ("x\n", Some(HostFileState::Emptied)),
            ("a\nx\nx\n", None),
            ("b\n", None),
        ] {
            assert_eq!(
                HostFileState::from_contents(b"a\n", b"x\n", after.as_bytes()),
                state,
                "{after:?}"
            );
        }
    }

    #[test]
    fn a_container_is_believed_only_with_the_nonce() {
        let text = "started 1\nwritten 1\nseen 1\n";
        assert_eq!(ContainerReport::parse_report(text, "1"), account(true, Some(true), true));
        assert_eq!(ContainerReport::parse_report(text, "2"), ContainerReport::default());
    }

    #[test]
    fn only_the_folder_is_shared_and_kata_gets_no_devices_of_the_host() {
        let words = |engine, handler, way| {
            mount_options(engine, Some(handler), Path::new("/t/x"), way).join(" ")
        };
        let [write, read_only, privileged] = WAYS;
        assert_eq!(words(EngineKind::Docker, "runc", write), "--volume /t/x:/isoproof-share:rw");
        assert_eq!(
            words(EngineKind::Ctr, "runc", read_only),
            "--mount type=bind,src=/t/x,dst=/isoproof-share,options=rbind:ro"
        );
        assert!(words(EngineKind::Docker, "runsc", privileged).ends_with(":rw --privileged"));
        let kata = "io.containerd.kata.v2";
        assert!(
            words(EngineKind::Nerdctl, kata, privileged)
                .ends_with("--privileged --security-opt privileged-without-host-devices")
        );
        assert!(
            words(EngineKind::Ctr, kata, privileged)
                .ends_with("--privileged --privileged-without-host-devices")
        );
    }

    #[test]
    fn our_folder_is_ours_alone_and_goes_with_its_value() {
        let folder = make_private_folder().unwrap();
        let path = folder.path().to_path_buf();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        drop(folder);
        assert!(!path.exists());
    }
}
