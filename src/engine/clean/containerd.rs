//! What containerd keeps when its clients are killed: containers whose task does not answer,
//! shims, snapshots, mounts.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{LIMIT, mounts};
use crate::proc::{ProcessTable, mount_points_below};
use crate::process::{CancelFlag, run_command};

/// What `ctr` prints, if it ends well.
pub(super) fn run_ctr(namespace: &str, arguments: &[&str]) -> Option<String> {
    let argv: Vec<String> =
        ["ctr", "-n", namespace].iter().chain(arguments).map(ToString::to_string).collect();
    let finished = run_command(&argv, LIMIT, &CancelFlag::default()).ok()?;
    finished.is_success().then(|| finished.stdout_text())
}

/// Removes a container: by its task, and if that does not answer, by its processes.
pub(super) fn delete_container(namespace: &str, id: &str) {
    if task_pid(namespace, id).is_some() {
        let _ = run_ctr(namespace, &["tasks", "kill", "-s", "SIGKILL", id]);
        if !remove_task(namespace, id) {
            kill_processes(namespace, id);
            remove_task(namespace, id);
        }
    }
    let _ = run_ctr(namespace, &["containers", "rm", id]);
}

/// A task needs a moment to end after it was killed. One whose shim does not answer costs [`LIMIT`]
/// for each attempt.
fn remove_task(namespace: &str, id: &str) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < LIMIT {
        std::thread::sleep(Duration::from_millis(50));
        let _ = run_ctr(namespace, &["tasks", "rm", "-f", id]);
        if task_pid(namespace, id).is_none() {
            return true;
        }
    }
    false
}

/// Whether a container is between the request to start it and its start. One that containerd says
/// nothing about may be.
pub(super) fn is_starting(namespace: &str, id: &str) -> bool {
    task_pid(namespace, id).is_none_or(|pid| pid == 0)
}

/// The process of a task; 0 for one that was created and not started.
fn task_pid(namespace: &str, id: &str) -> Option<i32> {
    let list = run_ctr(namespace, &["tasks", "ls"])?;
    list.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some(id)).then(|| words.next()?.parse().ok())?
    })
}

/// The task's process, then its shim, known by its arguments.
fn kill_processes(namespace: &str, id: &str) {
    let pids =
        task_pid(namespace, id).into_iter().filter(|pid| *pid > 0).chain(shim_pids(namespace, id));
    for pid in pids.filter_map(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL);
    }
    std::thread::sleep(Duration::from_millis(200));
}

fn shim_pids(namespace: &str, id: &str) -> Vec<i32> {
    let processes = ProcessTable::of_this_machine();
    let ids = processes.process_ids().into_iter();
    ids.filter(|pid| is_shim_of(&processes.process_arguments(*pid), namespace, id))
        .filter_map(|pid| pid.try_into().ok())
        .collect()
}

fn is_shim_of(words: &[String], namespace: &str, id: &str) -> bool {
    words.first().is_some_and(|program| program.contains("containerd-shim"))
        && [["-namespace", namespace], ["-id", id]]
            .iter()
            .all(|option| words.windows(2).any(|pair| pair == option))
}

/// Removes what containerd has of containers that are gone: tasks, shims, snapshots and mounts.
/// Returns what was removed, in words.
pub(super) fn remove_containerd_state(
    namespace: &str,
    is_mine: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let mut removed = Vec::new();
    for (kind, list) in
        [("containers", ["containers", "ls", "-q"]), ("tasks", ["tasks", "ls", "-q"])]
    {
        for id in run_ctr(namespace, &list).unwrap_or_default().lines().filter(|id| is_mine(id)) {
            delete_container(namespace, id);
            removed.push(format!("{} {id} of containerd", kind.trim_end_matches('s')));
        }
    }
    removed.extend(unmount_roots(namespace, is_mine));
    for line in run_ctr(namespace, &["snapshots", "ls"]).unwrap_or_default().lines() {
        let Some(key) = line.split_whitespace().next().filter(|key| is_mine(key)) else { continue };
        if run_ctr(namespace, &["snapshots", "rm", key]).is_some() {
            removed.push(format!("snapshot {key}"));
        }
    }
    removed
}

/// Root file systems that are still mounted below containerd's folder of a container.
fn unmount_roots(namespace: &str, is_mine: &dyn Fn(&str) -> bool) -> Vec<String> {
    let base = format!("/run/containerd/io.containerd.runtime.v2.task/{namespace}");
    let mut removed = Vec::new();
    for point in mount_points_below(Path::new(&base)) {
        let below = point.strip_prefix(&base).unwrap_or(&point);
        let id = below.iter().next().unwrap_or_default().to_string_lossy();
        if is_mine(&id) && mounts::detach_mount(&point) {
            removed.push(format!("mount {}", point.display()));
        }
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shim_is_known_by_its_namespace_and_id_and_not_by_parts_of_them() {
        let words = ["/usr/bin/containerd-shim-runc-v2", "-namespace", "default", "-id", "ab12"]
            .map(String::from);
        assert!(is_shim_of(&words, "default", "ab12"));
        assert!(!is_shim_of(&words, "default", "ab"));
        assert!(!is_shim_of(&words, "moby", "ab12"));
        let other = ["sh", "-namespace", "default", "-id", "ab12"].map(String::from);
        assert!(!is_shim_of(&other, "default", "ab12"));
    }
}
