//! What programs leave that were killed in the middle of a step. Nothing in it names a session,
//! so it is removed only when no process of the program runs that could still need it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::containerd::run_ctr;
use super::{CleanupResult, SessionFolder, podman, proc, sandbox};
use crate::engine::EngineKind;

/// Removes what a runtime makes for a moment of its start, and returns what was removed, in words.
pub(super) fn remove_start_state() -> Vec<String> {
    let idle = ["crun", "runc"].into_iter().filter(|runtime| !proc::is_running(runtime));
    idle.flat_map(|runtime| [own_mounts(runtime), own_files(runtime)].concat()).collect()
}

/// Removes what else there is, and tells what was removed, in words.
pub(super) fn remove_stale_state(engine: EngineKind, result: &mut CleanupResult) {
    if engine == EngineKind::Nerdctl && !proc::is_running("nerdctl") {
        result.removed.extend(first_views());
    }
    let folders = SessionFolder::list_folders().into_iter().filter(|folder| folder.is_owned);
    let running: BTreeSet<String> = folders.map(|folder| folder.session).collect();
    let is_mine = |id: &str| is_of_ended_session(id, &running);
    if engine == EngineKind::Podman && !proc::is_running("podman") {
        podman::end_forgotten_starts(&is_mine, result);
        result.removed.extend(podman::remove_unused_namespaces());
    }
    if engine == EngineKind::Ctr {
        // Its ids are our names, so that a sandbox of a session that is forgotten is known. A session
        // with other temporary files is not forgotten: its processes run.
        let is_abandoned = |id: &str| is_mine(id) && !sandbox::has_processes(id);
        let sandboxes = sandbox::remove_sandboxes(&is_abandoned, None);
        result.removed.extend(sandboxes.removed);
        result.left.extend(sandboxes.left);
        result.noted.extend(sandbox::list_empty_cgroups(&is_mine));
    }
}

/// Whether a container is called as one of isoproof's whose session is none of those that run.
fn is_of_ended_session(id: &str, running: &BTreeSet<String>) -> bool {
    let session = id.strip_prefix("isoproof-").and_then(|rest| rest.split('-').next());
    session.is_some_and(|session| session.len() >= 12 && !running.contains(session))
}

/// A runtime mounts its own program for a moment on a file in `/tmp` that is called by its name and
/// six random characters, to start from what a container cannot write to.
fn own_mounts(runtime: &str) -> Vec<String> {
    let mut removed = Vec::new();
    for point in proc::mount_table().lines().filter_map(|line| own_mount(line, runtime)) {
        if proc::remove_mount(point) {
            removed.push(format!("mount {point}"));
        }
    }
    removed
}

/// The place of such a mount in a line of the table of mounts.
fn own_mount<'a>(line: &'a str, runtime: &str) -> Option<&'a str> {
    let (what, place) = proc::parse_mount_line(line)?;
    let is_one = is_temporary(place.strip_prefix("/tmp/")?, runtime);
    (is_one && what.rsplit('/').next() == Some(runtime)).then_some(place)
}

/// Whether a file is called as `mkstemp` calls one of the runtime's.
fn is_temporary(file: &str, runtime: &str) -> bool {
    let random = file.strip_prefix(runtime).and_then(|rest| rest.strip_prefix('.'));
    random.is_some_and(|random| {
        random.len() == 6 && random.chars().all(|c| c.is_ascii_alphanumeric())
    })
}

/// The files of this user that were made for such a mount and hold nothing.
fn own_files(runtime: &str) -> Vec<String> {
    let entries = fs::read_dir("/tmp").into_iter().flatten().flatten();
    let user = rustix::process::geteuid().as_raw();
    let mut removed = Vec::new();
    for entry in entries.filter(|e| is_temporary(&e.file_name().to_string_lossy(), runtime)) {
        let is_empty = |meta: fs::Metadata| meta.is_file() && meta.len() == 0 && meta.uid() == user;
        if entry.metadata().is_ok_and(is_empty) && fs::remove_file(entry.path()).is_ok() {
            removed.push(format!("temporary file {}", entry.path().display()));
        }
    }
    removed
}

/// nerdctl looks at an image's volumes through a view that is called like a temporary folder.
fn first_views() -> Vec<String> {
    let prefix = std::env::temp_dir().join("initialC").display().to_string();
    let mut removed = Vec::new();
    for line in run_ctr("default", &["snapshots", "ls"]).unwrap_or_default().lines() {
        let Some(key) = line.split_whitespace().next() else { continue };
        let rest = key.strip_prefix(&prefix).unwrap_or_default();
        if rest.is_empty() || !rest.chars().all(|c| c.is_ascii_digit()) {
            continue;
        }
        proc::detach_mount(key);
        if run_ctr("default", &["snapshots", "rm", key]).is_some() {
            // Only an empty folder: what is in another is not ours.
            let _ = fs::remove_dir(Path::new(key));
            removed.push(format!("snapshot {key}"));
        }
    }
    removed
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{is_of_ended_session, own_mount};

    #[test]
    fn a_runtime_mounted_on_its_own_temporary_file_is_known_and_nothing_else() {
        let line = |what: &str, place: &str| {
            format!("60 27 254:0 {what} {place} rw,relatime - ext4 /dev/vda rw")
        };
        let stale = line("/usr/bin/crun", "/tmp/crun.tkLTuO");
        assert_eq!(own_mount(&stale, "crun"), Some("/tmp/crun.tkLTuO"));
        assert_eq!(own_mount(&stale, "runc"), None);
        for (what, place) in [
            ("/usr/bin/bash", "/tmp/crun.tkLTuO"),
            ("/usr/bin/crun", "/tmp/crun.mine"),
            ("/usr/bin/crun", "/home/crun.tkLTuO"),
            ("/", "/tmp"),
        ] {
            assert_eq!(own_mount(&line(what, place), "crun"), None, "{what} {place}");
        }
    }
    #[test]
    fn a_container_is_of_an_ended_session_by_its_name() {
        assert!(is_of_ended_session("isoproof-00000000feed-runc-probe", &BTreeSet::new()));
        for id in ["isoproof-mine", "isoproof-", "web", "ab12ab12ab12"] {
            assert!(!is_of_ended_session(id, &BTreeSet::new()), "{id}");
        }
    }
}
