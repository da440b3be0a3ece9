//! Removing containers that isoproof started: those of this session, and those that a killed
//! session left behind; with what their engines forget of them.

mod containerd;
mod folder;
mod network;
mod proc;
mod stale;

use std::time::{Duration, Instant};

use super::process::{CancelFlag, run_command};
use super::{EngineKind, OWNER_LABEL, SESSION_LABEL, query_engine};
use crate::owner;
pub(crate) use folder::SessionFolder;

/// How long one question to another program may take.
const LIMIT: Duration = Duration::from_secs(5);

/// How long removing one container may take.
const REMOVAL: Duration = Duration::from_secs(20);

/// After how long no further attempt is made to remove containers.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the second attempt waits; every further one waits twice as long, up to
/// [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest time between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// The label of every container that nerdctl made, with the name that the user gave it.
const NERDCTL_LABEL: &str = "nerdctl/name";

/// A container that isoproof started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrphanContainer {
    /// The engine.
    pub engine: EngineKind,
    /// Its id.
    pub id: String,
    /// The session that started it.
    pub session: String,
    /// Whether the process that started it is still there.
    pub is_owned: bool,
}

/// What cleaning did, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CleanupResult {
    /// What was removed.
    pub removed: Vec<String>,
    /// The containers that could not be removed.
    pub left: Vec<String>,
}

/// The containers of isoproof under an engine, of a session and of all others; none if the engine
/// does not answer.
fn list_orphans(
    engine: EngineKind,
    session: Option<&str>,
    cancel: &CancelFlag,
) -> Vec<OrphanContainer> {
    match engine {
        EngineKind::Builtin => Vec::new(),
        EngineKind::Ctr => list_ctr(cancel),
        _ => list_docker(engine, session, cancel),
    }
}

fn list_docker(
    engine: EngineKind,
    session: Option<&str>,
    cancel: &CancelFlag,
) -> Vec<OrphanContainer> {
    let program = engine.name();
    let labelled = |label: &str| -> Vec<String> {
        let filter = format!("label={label}");
        let answer =
            query_engine(&[program, "ps", "-aq", "--no-trunc", "--filter", &filter], cancel);
        let ids = answer.map(|finished| finished.stdout_text()).unwrap_or_default();
        ids.lines().map(|id| id.trim().to_string()).filter(|id| !id.is_empty()).collect()
    };
    // An engine can answer about a container that is being started only when it has started: those
    // of the session are known without a question about each.
    let mut found = Vec::new();
    if let Some(session) = session {
        for id in labelled(&format!("{SESSION_LABEL}={session}")) {
            found.push(OrphanContainer { engine, id, session: session.into(), is_owned: true });
        }
    }
    let labels = [SESSION_LABEL, OWNER_LABEL, NERDCTL_LABEL];
    let format = labels.map(|label| format!("{{{{index .Config.Labels \"{label}\"}}}}")).join("\t");
    let inspect = |id: &str| {
        let answer = query_engine(&[program, "inspect", "--format", &format, id], cancel).ok()?;
        let labels = answer.stdout_text();
        let labels: Vec<&str> = labels.trim_end_matches('\n').split('\t').collect();
        let [session, owner, nerdctl_name] = labels[..] else { return None };
        if engine == EngineKind::Nerdctl && nerdctl_name.is_empty() {
            return None; // ctr started it: nerdctl lists it and cannot remove it.
        }
        Some(OrphanContainer {
            engine,
            id: id.to_string(),
            session: session.to_string(),
            is_owned: owner::is_alive(owner),
        })
    };
    for id in labelled(SESSION_LABEL) {
        if !found.iter().any(|leftover| leftover.id == id) {
            found.extend(inspect(&id));
        }
    }
    found
}

fn list_ctr(cancel: &CancelFlag) -> Vec<OrphanContainer> {
    let filter = format!("labels.\"{SESSION_LABEL}\"");
    let Ok(ids) = query_engine(&["ctr", "containers", "ls", "-q", &filter], cancel) else {
        return Vec::new();
    };
    let leftover = |id: &str| {
        let info = query_engine(&["ctr", "containers", "info", id], cancel).ok()?;
        let info: serde_json::Value = serde_json::from_slice(&info.stdout).ok()?;
        let label = |name: &str| info["Labels"][name].as_str().unwrap_or_default().to_string();
        // nerdctl keeps its containers in the same place and has its own way to remove them.
        if !label(NERDCTL_LABEL).is_empty() {
            return None;
        }
        Some(OrphanContainer {
            engine: EngineKind::Ctr,
            id: id.to_string(),
            session: label(SESSION_LABEL),
            is_owned: owner::is_alive(&label(OWNER_LABEL)),
        })
    };
    ids.stdout_text()
        .lines()
        .map(str::trim)
        .filter(|id| !id.is_empty())
        .filter_map(leftover)
        .collect()
}

/// Removes a container. Whether it worked is what a new [`list_orphans`] says.
fn remove_orphan(leftover: &OrphanContainer, cancel: &CancelFlag) {
    let id = leftover.id.as_str();
    let argv: &[&str] = match leftover.engine {
        EngineKind::Builtin => return,
        EngineKind::Ctr => return containerd::delete_container("default", id),
        EngineKind::Podman => &["podman", "rm", "-f", "-t", "0", id],
        engine => &[engine.name(), "rm", "-f", id],
    };
    let argv: Vec<String> = argv.iter().map(ToString::to_string).collect();
    let _ = run_command(&argv, REMOVAL, cancel);
}

/// Removes a container of this session by its name.
pub(crate) fn remove_named(engine: EngineKind, name: &str) {
    let id = name.to_string();
    let mine = OrphanContainer { engine, id, session: String::new(), is_owned: true };
    remove_orphan(&mine, &CancelFlag::default());
}

/// Removes the containers of a session under an engine, and those of sessions whose process is
/// gone, and what the engine forgot of them. The folder of a session stays while a container of
/// it does.
pub(crate) fn remove_orphans(engine: EngineKind, session: Option<&str>) -> CleanupResult {
    let words =
        |leftover: &OrphanContainer| format!("container {} of {}", leftover.id, engine.name());
    let (gone, left) = remove_containers(engine, session);
    let mut removed: Vec<String> = gone.iter().map(words).collect();
    for folder in SessionFolder::list_folders() {
        let is_due = session == Some(folder.session.as_str()) || !folder.is_owned;
        let is_needed = left.iter().any(|leftover| leftover.session == folder.session);
        if folder.engine == engine && is_due && !is_needed {
            removed.extend(remove_engine_state(&folder));
            folder.remove_folder();
            if session.is_none() {
                removed.push(format!("temporary folder of session {}", folder.session));
            }
        }
    }
    if matches!(engine, EngineKind::Ctr | EngineKind::Nerdctl) {
        removed.extend(network::remove_unreachable_chains());
    }
    if session.is_none() && engine != EngineKind::Builtin {
        removed.extend(stale::remove_stale_state(engine));
    }
    CleanupResult { removed, left: left.iter().map(words).collect() }
}

/// Removes containers until there are none: an engine may say that it removed one and not have
/// done it (nerdctl with gVisor), or remove one only when it has started. Returns those that are
/// gone, and those that are still there.
fn remove_containers(
    engine: EngineKind,
    session: Option<&str>,
) -> (Vec<OrphanContainer>, Vec<OrphanContainer>) {
    // Cleaning goes on when the user wants to stop: that is what they want.
    let never = CancelFlag::default();
    let is_due = |leftover: &OrphanContainer| {
        session == Some(leftover.session.as_str()) || !leftover.is_owned
    };
    let end = Instant::now() + PATIENCE;
    let mut pause = FIRST_PAUSE;
    let mut tried: Vec<OrphanContainer> = Vec::new();
    loop {
        let mut left = list_orphans(engine, session, &never);
        left.retain(is_due);
        if left.is_empty() || Instant::now() >= end {
            tried.retain(|leftover| !left.contains(leftover));
            return (tried, left);
        }
        if left.iter().any(|leftover| tried.contains(leftover)) {
            std::thread::sleep(pause);
            pause = LONGEST_PAUSE.min(pause * 2);
        }
        for leftover in left {
            remove_orphan(&leftover, &never);
            if tried.contains(&leftover) && leftover.engine == EngineKind::Nerdctl {
                // It refuses one of which it knows too little, because it was killed while it
                // made it.
                containerd::delete_container("default", &leftover.id);
            }
            if !tried.contains(&leftover) {
                tried.push(leftover);
            }
        }
    }
}

/// What an engine keeps of the containers of a session after they are gone.
fn remove_engine_state(folder: &SessionFolder) -> Vec<String> {
    let ids = folder.container_ids();
    let prefix = format!("isoproof-{}-", folder.session);
    let is_mine = |id: &str| id.starts_with(&prefix) || ids.iter().any(|own| own == id);
    let mut removed = match folder.engine {
        EngineKind::Docker if !ids.is_empty() => {
            containerd::remove_containerd_state("moby", &is_mine)
        }
        EngineKind::Ctr | EngineKind::Nerdctl => {
            containerd::remove_containerd_state("default", &is_mine)
        }
        _ => Vec::new(),
    };
    if matches!(folder.engine, EngineKind::Ctr | EngineKind::Nerdctl | EngineKind::Podman) {
        network::wait_for_teardown(&is_mine);
        removed.extend(network::free_network_state(&is_mine));
    }
    removed
}
