//! Removing containers that isoproof started: those of this session, and those that a killed
//! session left behind; with what their engines forget of them.

mod containerd;
mod folder;
mod mounts;
mod network;
mod podman;
mod result;
mod sandbox;
mod stale;
mod waiting;

pub(crate) use result::CleanupResult;
use std::time::{Duration, Instant};
use waiting::{LIMIT, wait_while};

use super::{EngineKind, OWNER_LABEL, QUESTION, SESSION_LABEL, query_engine};
use crate::error::{Error, Result};
use crate::owner;
use crate::process::{CancelFlag, ExitReason, run_command};
pub(crate) use folder::SessionFolder;

/// How long removing one container may take.
const REMOVAL: Duration = Duration::from_secs(20);

/// After how long no further attempt is made to remove containers.
const LONGEST_REMOVAL: Duration = Duration::from_secs(60);

/// How long the second attempt waits; every further one waits twice as long, up to
/// [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest time between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// How long a container that docker was asked for may take to appear.
const APPEARANCE: Duration = Duration::from_secs(1);

/// The label of every container that nerdctl made, with the name that the user gave it.
const NERDCTL_LABEL: &str = "nerdctl/name";

/// A container that isoproof started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrphanContainer {
    pub engine: EngineKind,
    pub id: String,
    pub session: String,
    /// Whether the process that started it is still there.
    pub is_owned: bool,
}

/// What an engine says; nothing if it cannot be used, because then it has no containers either.
/// Errors: it can be used and does not answer: what it has is not known.
fn query_if_usable(argv: &[&str]) -> Result<String> {
    let argv: Vec<String> = argv.iter().map(ToString::to_string).collect();
    match run_command(&argv, QUESTION, &CancelFlag::default()) {
        Ok(finished) if finished.is_success() => Ok(finished.stdout_text()),
        Ok(finished) if finished.ended == ExitReason::TimedOut => {
            Err(Error::failed_environment(finished.error_summary()))
        }
        _ => Ok(String::new()),
    }
}

/// The containers of isoproof under an engine, of a session and of all others.
fn list_orphans(
    engine: EngineKind,
    session: Option<&str>,
    cancel: &CancelFlag,
) -> Result<Vec<OrphanContainer>> {
    match engine {
        EngineKind::Builtin => Ok(Vec::new()),
        EngineKind::Ctr => list_ctr(cancel),
        _ => list_docker(engine, session, cancel),
    }
}

fn list_docker(
    engine: EngineKind,
    session: Option<&str>,
    cancel: &CancelFlag,
) -> Result<Vec<OrphanContainer>> {
    // An engine can answer about a container that is being started only when it has started: those
    // of the session are known without a question about each.
    let mut found = Vec::new();
    if let Some(session) = session {
        for id in list_labelled(engine, &format!("{SESSION_LABEL}={session}"))? {
            found.push(OrphanContainer { engine, id, session: session.into(), is_owned: true });
        }
    }
    let labels = [SESSION_LABEL, OWNER_LABEL, NERDCTL_LABEL];
    let format = labels.map(|label| format!("{{{{index .Config.Labels \"{label}\"}}}}")).join("\t");
    for id in list_labelled(engine, SESSION_LABEL)? {
        if found.iter().any(|orphan| orphan.id == id) {
            continue;
        }
        let argv = [engine.into_str(), "inspect", "--format", &format, &id];
        let Ok(answer) = query_engine(&argv, cancel) else { continue };
        let labels = answer.stdout_text();
        let labels: Vec<&str> = labels.trim_end_matches('\n').split('\t').collect();
        let [session, owner, nerdctl_name] = labels[..] else { continue };
        // What ctr started nerdctl lists and cannot remove.
        if engine != EngineKind::Nerdctl || !nerdctl_name.is_empty() {
            let (session, is_owned) = (session.to_string(), owner::is_alive(owner));
            found.push(OrphanContainer { engine, id, session, is_owned });
        }
    }
    Ok(found)
}

fn list_labelled(engine: EngineKind, label: &str) -> Result<Vec<String>> {
    let filter = format!("label={label}");
    let ids =
        query_if_usable(&[engine.into_str(), "ps", "-aq", "--no-trunc", "--filter", &filter])?;
    Ok(ids.lines().map(|id| id.trim().to_string()).filter(|id| !id.is_empty()).collect())
}

fn list_ctr(cancel: &CancelFlag) -> Result<Vec<OrphanContainer>> {
    let filter = format!("labels.\"{SESSION_LABEL}\"");
    let ids = query_if_usable(&["ctr", "containers", "ls", "-q", &filter])?;
    let mut found = Vec::new();
    for id in ids.lines().map(str::trim).filter(|id| !id.is_empty()) {
        let Ok(info) = query_engine(&["ctr", "containers", "info", id], cancel) else { continue };
        let Ok(info) = serde_json::from_slice::<serde_json::Value>(&info.stdout) else { continue };
        let [session, owner, nerdctl_name] = [SESSION_LABEL, OWNER_LABEL, NERDCTL_LABEL]
            .map(|name| info["Labels"][name].as_str().unwrap_or_default());
        // nerdctl keeps its containers in the same place and has its own way to remove them.
        if nerdctl_name.is_empty() || query_engine(&["nerdctl", "--version"], cancel).is_err() {
            found.push(OrphanContainer {
                engine: EngineKind::Ctr,
                id: id.to_string(),
                session: session.to_string(),
                is_owned: owner::is_alive(owner),
            });
        }
    }
    Ok(found)
}

/// Removes a container. Whether it worked is what a new [`list_orphans`] says.
fn remove_orphan(orphan: &OrphanContainer, cancel: &CancelFlag) {
    let id = orphan.id.as_str();
    let argv: &[&str] = match orphan.engine {
        EngineKind::Builtin => return,
        EngineKind::Ctr => return containerd::delete_container("default", id),
        EngineKind::Podman => &["podman", "rm", "-f", "-t", "0", id],
        engine => &[engine.into_str(), "rm", "-f", id],
    };
    let argv: Vec<String> = argv.iter().map(ToString::to_string).collect();
    let _ = run_command(&argv, REMOVAL, cancel);
}

pub(crate) fn remove_named(engine: EngineKind, name: &str) {
    let id = name.to_string();
    let mine = OrphanContainer { engine, id, session: String::new(), is_owned: true };
    remove_orphan(&mine, &CancelFlag::default());
}

/// Removes the containers of a session under an engine, and those of sessions whose process is
/// gone, and what the engine forgot of them. The folder of a session stays while something of it
/// does.
pub(crate) fn remove_orphans(engine: EngineKind, session: Option<&str>) -> CleanupResult {
    if let Some(session) = session {
        wait_for_requested(engine, session);
    }
    let (gone, left) = match remove_containers(engine, session) {
        Ok(containers) => containers,
        Err(error) => {
            let words = format!("what {} may have of it: {}", engine.into_str(), error.message);
            return CleanupResult { left: vec![words], ..CleanupResult::default() };
        }
    };
    let mut result = CleanupResult::default();
    for (containers, said) in [(&gone, &mut result.removed), (&left, &mut result.left)] {
        for container in containers {
            said.push(format!("container {} of {}", container.id, engine.into_str()));
        }
    }
    for folder in SessionFolder::list_folders() {
        let is_due = session == Some(folder.session.as_str()) || !folder.is_owned;
        let is_needed = left.iter().any(|orphan| orphan.session == folder.session);
        if folder.engine == engine && is_due && !is_needed {
            let before = result.left.len();
            remove_engine_state(&folder, &mut result);
            if result.left.len() > before {
                continue;
            }
            folder.remove_folder();
            if session.is_none() {
                result.removed.push(format!("temporary folder of session {}", folder.session));
            }
        }
    }
    if matches!(engine, EngineKind::Ctr | EngineKind::Nerdctl) {
        result.removed.extend(network::remove_unreachable_chains());
    }
    if engine != EngineKind::Builtin {
        result.removed.extend(stale::remove_start_state());
        if session.is_none() {
            stale::remove_stale_state(engine, &mut result);
        }
    }
    result
}

/// Waits for the containers that docker makes for a client of the session that was killed.
fn wait_for_requested(engine: EngineKind, session: &str) {
    let folders = SessionFolder::list_folders().into_iter();
    let mut own = folders.filter(|folder| folder.engine == engine && folder.session == session);
    let names = own.next().map(|folder| folder.requested_containers()).unwrap_or_default();
    wait_while(APPEARANCE, || {
        names.iter().any(|name| {
            let filter = format!("name=^/{name}$");
            let listed = query_if_usable(&[engine.into_str(), "ps", "-aq", "--filter", &filter]);
            listed.is_ok_and(|ids| ids.is_empty())
        })
    });
}

/// Removes containers until there are none: an engine may say that it removed one and not have
/// done it (nerdctl with gVisor), or remove one only when it has started. Returns those that are
/// gone, and those that are still there.
fn remove_containers(
    engine: EngineKind,
    session: Option<&str>,
) -> Result<(Vec<OrphanContainer>, Vec<OrphanContainer>)> {
    // Cleaning goes on when the user wants to stop: that is what they want.
    let never = CancelFlag::default();
    let end = Instant::now() + LONGEST_REMOVAL;
    let mut pause = FIRST_PAUSE;
    let mut tried: Vec<OrphanContainer> = Vec::new();
    loop {
        let mut left = list_orphans(engine, session, &never)?;
        left.retain(|orphan| session == Some(orphan.session.as_str()) || !orphan.is_owned);
        if left.is_empty() || Instant::now() >= end {
            tried.retain(|orphan| !left.contains(orphan));
            return Ok((tried, left));
        }
        if left.iter().any(|orphan| tried.contains(orphan)) {
            std::thread::sleep(pause);
            pause = LONGEST_PAUSE.min(pause * 2);
        }
        for orphan in left {
            stop_boot(&orphan);
            remove_orphan(&orphan, &never);
            if tried.contains(&orphan) && orphan.engine == EngineKind::Nerdctl {
                // It refuses one of which it knows too little, because it was killed while it
                // made it.
                containerd::delete_container("default", &orphan.id);
            }
            if !tried.contains(&orphan) {
                tried.push(orphan);
            }
        }
    }
}

/// Ends the start of a container whose virtual machine has not booted: no engine can.
fn stop_boot(orphan: &OrphanContainer) {
    let Some(namespace) = containerd_namespace(orphan.engine) else { return };
    let prefix = format!("isoproof-{}-", orphan.session);
    sandbox::stop_boot(
        &|id| id == orphan.id || (!orphan.session.is_empty() && id.starts_with(&prefix)),
        || containerd::is_starting(namespace, &orphan.id),
    );
}

/// The namespace of containerd that an engine keeps its containers in, if it uses containerd.
fn containerd_namespace(engine: EngineKind) -> Option<&'static str> {
    match engine {
        EngineKind::Docker => Some("moby"),
        EngineKind::Ctr | EngineKind::Nerdctl => Some("default"),
        EngineKind::Podman | EngineKind::Builtin => None,
    }
}

/// What an engine keeps of the containers of a session after they are gone.
fn remove_engine_state(folder: &SessionFolder, result: &mut CleanupResult) {
    let ids = folder.container_ids();
    let prefix = format!("isoproof-{}-", folder.session);
    let is_mine = |id: &str| id.starts_with(&prefix) || ids.iter().any(|own| own == id);
    if let Some(namespace) = containerd_namespace(folder.engine)
        && (folder.engine != EngineKind::Docker || !ids.is_empty())
    {
        result.removed.extend(containerd::remove_containerd_state(namespace, &is_mine));
    }
    if folder.engine != EngineKind::Builtin {
        let sandboxes = sandbox::remove_sandboxes(&is_mine, folder.earlier_namespaces().as_ref());
        result.removed.extend(sandboxes.removed);
        result.left.extend(sandboxes.left);
        result.noted.extend(sandbox::list_empty_cgroups(&is_mine));
    }
    if folder.engine == EngineKind::Podman {
        podman::end_forgotten_starts(&is_mine, result);
        result.removed.extend(podman::remove_unused_namespaces());
    }
    if matches!(folder.engine, EngineKind::Ctr | EngineKind::Nerdctl | EngineKind::Podman) {
        network::wait_for_teardown(&is_mine);
        result.removed.extend(network::free_network_state(&is_mine));
    }
}
