//! Removing containers that isoproof started: those of this session, and those that a killed
//! session left behind; with what their engines forget of them.

mod containerd;
mod folder;
mod network;
mod proc;
mod stale;

use std::time::Duration;

use super::process::{Cancel, run};
use super::{Kind, OWNER_LABEL, SESSION_LABEL, ask};
use crate::owner;
pub use folder::Folder;

/// How long removing one container may take.
const REMOVAL: Duration = Duration::from_secs(20);

/// How often containers are looked for and removed.
const ATTEMPTS: usize = 4;

/// A container that isoproof started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// The engine.
    pub engine: Kind,
    /// Its id.
    pub id: String,
    /// The session that started it.
    pub session: String,
    /// Whether the process that started it is still there.
    pub is_owned: bool,
}

/// All containers of isoproof under an engine; none if the engine does not answer.
pub fn list(engine: Kind, cancel: &Cancel) -> Vec<Leftover> {
    match engine {
        Kind::Builtin => Vec::new(),
        Kind::Ctr => list_ctr(cancel),
        _ => list_docker(engine, cancel),
    }
}

fn list_docker(engine: Kind, cancel: &Cancel) -> Vec<Leftover> {
    let program = engine.name();
    let filter = format!("label={SESSION_LABEL}");
    let Ok(ids) = ask(&[program, "ps", "-aq", "--no-trunc", "--filter", &filter], cancel) else {
        return Vec::new();
    };
    let leftover = |id: &str| {
        let format = format!(
            "{{{{index .Config.Labels \"{SESSION_LABEL}\"}}}} {{{{index .Config.Labels \"{OWNER_LABEL}\"}}}}"
        );
        let labels = ask(&[program, "inspect", "--format", &format, id], cancel).ok()?.text();
        let (session, owner) = labels.split_once(' ').unwrap_or((&labels, ""));
        Some(Leftover {
            engine,
            id: id.to_string(),
            session: session.to_string(),
            is_owned: owner::is_alive(owner),
        })
    };
    ids.text().lines().map(str::trim).filter(|id| !id.is_empty()).filter_map(leftover).collect()
}

fn list_ctr(cancel: &Cancel) -> Vec<Leftover> {
    let filter = format!("labels.\"{SESSION_LABEL}\"");
    let Ok(ids) = ask(&["ctr", "containers", "ls", "-q", &filter], cancel) else {
        return Vec::new();
    };
    let leftover = |id: &str| {
        let info = ask(&["ctr", "containers", "info", id], cancel).ok()?;
        let info: serde_json::Value = serde_json::from_slice(&info.stdout).ok()?;
        let label = |name: &str| info["Labels"][name].as_str().unwrap_or_default().to_string();
        // nerdctl keeps its containers in the same place and has its own way to remove them.
        if !label("nerdctl/name").is_empty() {
            return None;
        }
        Some(Leftover {
            engine: Kind::Ctr,
            id: id.to_string(),
            session: label(SESSION_LABEL),
            is_owned: owner::is_alive(&label(OWNER_LABEL)),
        })
    };
    ids.text().lines().map(str::trim).filter(|id| !id.is_empty()).filter_map(leftover).collect()
}

/// Removes a container. Whether it worked is what a new [`list`] says.
pub fn remove(leftover: &Leftover, cancel: &Cancel) {
    let id = leftover.id.as_str();
    let argv: &[&str] = match leftover.engine {
        Kind::Builtin => return,
        Kind::Ctr => return containerd::forget("default", id),
        Kind::Podman => &["podman", "rm", "-f", "-t", "0", id],
        engine => &[engine.name(), "rm", "-f", id],
    };
    let argv: Vec<String> = argv.iter().map(ToString::to_string).collect();
    let _ = run(&argv, REMOVAL, cancel);
}

/// Removes a container of this session by its name.
pub fn remove_named(engine: Kind, name: &str) {
    let id = name.to_string();
    let mine = Leftover { engine, id, session: String::new(), is_owned: true };
    remove(&mine, &Cancel::default());
}

/// Removes the containers of a session under an engine, and those of sessions whose process is
/// gone, and what the engine forgot of them. Returns what was removed, in words.
pub fn sweep(engine: Kind, session: Option<&str>) -> Vec<String> {
    let mut removed = containers(engine, session);
    for folder in Folder::all() {
        let is_due = session == Some(folder.session.as_str()) || !folder.is_owned;
        if folder.engine == engine && is_due {
            removed.extend(traces(&folder));
            folder.remove();
            if session.is_none() {
                removed.push(format!("temporary folder of session {}", folder.session));
            }
        }
    }
    if matches!(engine, Kind::Ctr | Kind::Nerdctl) {
        removed.extend(network::unreachable());
    }
    if session.is_none() && engine != Kind::Builtin {
        removed.extend(stale::sweep(engine));
    }
    removed
}

/// Removes containers until there are none: an engine may say that it removed one and not have
/// done it (nerdctl with gVisor), or show one only later that its killed client asked for.
fn containers(engine: Kind, session: Option<&str>) -> Vec<String> {
    // Cleaning goes on when the user wants to stop: that is what they want.
    let never = Cancel::default();
    let is_due =
        |leftover: &Leftover| session == Some(leftover.session.as_str()) || !leftover.is_owned;
    let mut removed = Vec::new();
    for _ in 0..ATTEMPTS {
        let leftovers: Vec<Leftover> =
            list(engine, &never).into_iter().filter(|leftover| is_due(leftover)).collect();
        if leftovers.is_empty() {
            break;
        }
        for leftover in &leftovers {
            remove(leftover, &never);
            let words = format!("container {} of {}", leftover.id, engine.name());
            if !removed.contains(&words) {
                removed.push(words);
            }
        }
    }
    removed
}

/// What an engine keeps of the containers of a session after they are gone.
fn traces(folder: &Folder) -> Vec<String> {
    let ids = folder.ids();
    let prefix = format!("isoproof-{}-", folder.session);
    let is_mine = |id: &str| id.starts_with(&prefix) || ids.iter().any(|own| own == id);
    let mut removed = match folder.engine {
        Kind::Docker if !ids.is_empty() => containerd::sweep("moby", &is_mine),
        Kind::Ctr | Kind::Nerdctl => containerd::sweep("default", &is_mine),
        _ => Vec::new(),
    };
    if matches!(folder.engine, Kind::Ctr | Kind::Nerdctl | Kind::Podman) {
        network::settle(&is_mine);
        removed.extend(network::free(&is_mine));
    }
    removed
}
