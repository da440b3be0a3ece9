//! Removing containers that isoproof started: those of this session, and those that a killed
//! session left behind.

use std::time::Duration;

use super::process::{Cancel, run};
use super::{Kind, OWNER_LABEL, SESSION_LABEL, ask};

/// How long removing one container may take.
const REMOVAL: Duration = Duration::from_secs(20);

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

/// The mark of this process on its containers: its id and when it started, because ids are used
/// again.
pub fn owner() -> String {
    let pid = std::process::id();
    format!("{pid}.{}", start_time(pid).unwrap_or_default())
}

/// When a process started, in clock ticks since boot: field 22 of its `stat` (proc(5)).
fn start_time(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is a name in parentheses that may hold anything.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// Whether the process of a mark is still there.
pub fn is_alive(owner: &str) -> bool {
    owner.split_once('.').is_some_and(|(pid, started)| {
        pid.parse().ok().and_then(start_time).is_some_and(|time| time.to_string() == started)
    })
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
            is_owned: is_alive(owner),
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
            is_owned: is_alive(&label(OWNER_LABEL)),
        })
    };
    ids.text().lines().map(str::trim).filter(|id| !id.is_empty()).filter_map(leftover).collect()
}

/// Removes a container. Whether it worked is what a new [`list`] says.
pub fn remove(leftover: &Leftover, cancel: &Cancel) {
    let id = leftover.id.as_str();
    let steps: Vec<Vec<&str>> = match leftover.engine {
        Kind::Builtin => Vec::new(),
        Kind::Podman => vec![vec!["podman", "rm", "-f", "-t", "0", id]],
        Kind::Ctr => vec![
            vec!["ctr", "task", "kill", "-s", "9", id],
            vec!["ctr", "task", "rm", "-f", id],
            vec!["ctr", "containers", "rm", id],
        ],
        engine => vec![vec![engine.name(), "rm", "-f", id]],
    };
    for step in steps {
        let argv: Vec<String> = step.iter().map(ToString::to_string).collect();
        let _ = run(&argv, REMOVAL, cancel);
    }
}

/// Removes a container of this session by its name.
pub fn remove_named(engine: Kind, name: &str) {
    let id = name.to_string();
    let mine = Leftover { engine, id, session: String::new(), is_owned: true };
    remove(&mine, &Cancel::default());
}

/// Removes the containers of a session under an engine, and those of sessions whose process is
/// gone. Returns how many there were.
pub fn sweep(engine: Kind, session: Option<&str>) -> usize {
    // Cleaning goes on when the user wants to stop: that is what they want.
    let never = Cancel::default();
    let mine =
        |leftover: &Leftover| session == Some(leftover.session.as_str()) || !leftover.is_owned;
    let leftovers: Vec<Leftover> = list(engine, &never).into_iter().filter(mine).collect();
    for leftover in &leftovers {
        remove(leftover, &never);
    }
    leftovers.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_owns_what_it_marks_and_a_stranger_does_not() {
        assert!(is_alive(&owner()));
        assert!(!is_alive("1.1") && !is_alive("") && !is_alive("999999999.5"));
    }
}
