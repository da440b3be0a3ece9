//! What programs leave that were killed in the middle of a step. Nothing in it names a session,
//! so it is removed only when no process of the program runs that could still need it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::containerd::{LIMIT, ctr};
use crate::engine::Kind;
use crate::engine::process::{Cancel, run};

/// Removes it, and returns what was removed, in words.
pub fn sweep(engine: Kind) -> Vec<String> {
    let mut removed = Vec::new();
    for runtime in ["crun", "runc"] {
        if !is_running(runtime) {
            removed.extend(own_mounts(runtime));
            removed.extend(own_files(runtime));
        }
    }
    if engine == Kind::Nerdctl && !is_running("nerdctl") {
        removed.extend(first_views());
    }
    removed
}

fn is_running(program: &str) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut names =
        processes.filter_map(|entry| fs::read_to_string(entry.path().join("comm")).ok());
    // runc calls its stages `runc:[1:CHILD]` and `runc:[2:INIT]`.
    names.any(|name| name.trim().split(':').next() == Some(program))
}

/// A runtime mounts its own program for a moment on a file in `/tmp` that is called by its name and
/// six random characters, to start from what a container cannot write to.
fn own_mounts(runtime: &str) -> Vec<String> {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mut removed = Vec::new();
    for point in table.lines().filter_map(|line| own_mount(line, runtime)) {
        let argv = ["umount", "-l", point].map(String::from);
        if run(&argv, LIMIT, &Cancel::default()).is_ok_and(|finished| finished.is_success()) {
            let _ = fs::remove_file(point);
            removed.push(format!("mount {point}"));
        }
    }
    removed
}

/// The place of such a mount in a line of the table of mounts (proc(5)): what is mounted stands
/// fourth, where fifth.
fn own_mount<'a>(line: &'a str, runtime: &str) -> Option<&'a str> {
    let mut words = line.split(' ').skip(3);
    let (what, place) = (words.next()?, words.next()?);
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
    for line in ctr("default", &["snapshots", "ls"]).unwrap_or_default().lines() {
        let Some(key) = line.split_whitespace().next() else { continue };
        let rest = key.strip_prefix(&prefix).unwrap_or_default();
        if rest.is_empty() || !rest.chars().all(|c| c.is_ascii_digit()) {
            continue;
        }
        let _ = run(&["umount", "-l", key].map(String::from), LIMIT, &Cancel::default());
        if ctr("default", &["snapshots", "rm", key]).is_some() {
            // Only an empty folder: what is in another is not ours.
            let _ = fs::remove_dir(Path::new(key));
            removed.push(format!("snapshot {key}"));
        }
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::own_mount;

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
}
