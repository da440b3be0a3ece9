//! What programs leave that were killed in the middle of a step. Nothing in it names a session,
//! so it is removed only when no process of the program runs that could still need it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use procfs::process::MountInfo;

use super::containerd::run_ctr;
use super::{CleanupResult, SessionFolder, mounts, podman, sandbox};
use crate::engine::EngineKind;
use crate::proc::{ProcessTable, mount_table};

/// Removes what a runtime makes for a moment of its start, and returns what was removed, in words.
pub(super) fn remove_start_state() -> Vec<String> {
    let processes = ProcessTable::of_this_machine();
    let idle = ["crun", "runc"].into_iter().filter(|runtime| !processes.runs_program(runtime));
    idle.flat_map(|runtime| [own_mounts(runtime), own_files(runtime)].concat()).collect()
}

/// Removes what else there is, and tells what was removed, in words.
pub(super) fn remove_stale_state(engine: EngineKind, result: &mut CleanupResult) {
    let processes = ProcessTable::of_this_machine();
    if engine == EngineKind::Nerdctl && !processes.runs_program("nerdctl") {
        result.removed.extend(first_views());
    }
    let folders = SessionFolder::list_folders().into_iter().filter(|folder| folder.is_owned);
    let running: BTreeSet<String> = folders.map(|folder| folder.session).collect();
    let is_mine = |id: &str| is_of_ended_session(id, &running);
    if engine == EngineKind::Podman && !processes.runs_program("podman") {
        podman::end_forgotten_starts(&is_mine, result);
        result.removed.extend(podman::remove_unused_namespaces());
    }
    if matches!(engine, EngineKind::Ctr | EngineKind::Nerdctl) {
        let is_idle = ["ctr", "nerdctl"].iter().all(|client| !processes.runs_program(client));
        result.removed.extend(client_views(&std::env::temp_dir(), is_idle));
    }
    if engine == EngineKind::Ctr {
        // Its ids are our names, so that a sandbox of a session that is forgotten is known. A session
        // with other temporary files is not forgotten: its processes run.
        let sandboxes =
            sandbox::remove_sandboxes(&|id| is_mine(id) && !sandbox::has_processes(id), None);
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
    for mount in mount_table().iter().filter(|mount| is_own_mount(mount, runtime)) {
        if mounts::remove_mount(&mount.mount_point) {
            removed.push(format!("mount {}", mount.mount_point.display()));
        }
    }
    removed
}

/// Whether something mounted is such a program.
fn is_own_mount(mount: &MountInfo, runtime: &str) -> bool {
    let file = mount.mount_point.strip_prefix("/tmp").ok().and_then(Path::to_str);
    mount.root.rsplit('/').next() == Some(runtime)
        && file.is_some_and(|file| is_temporary(file, runtime))
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
        if let Ok(meta) = entry.metadata()
            && meta.is_file()
            && meta.len() == 0
            && meta.uid() == user
            && fs::remove_file(entry.path()).is_ok()
        {
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
        mounts::detach_mount(Path::new(key));
        if run_ctr("default", &["snapshots", "rm", key]).is_some() {
            // Only an empty folder: what is in another is not ours.
            let _ = fs::remove_dir(Path::new(key));
            removed.push(format!("snapshot {key}"));
        }
    }
    removed
}

/// A client of containerd mounts a container's files for a moment on a temporary folder, to read
/// its list of users. None of a container that is gone is needed; an empty folder is needed only
/// while a client runs.
fn client_views(folder: &Path, is_idle: bool) -> Vec<String> {
    let mut removed = Vec::new();
    for mount in mount_table().iter().filter(|mount| is_view_of_nothing(mount, folder)) {
        if mounts::detach_mount(&mount.mount_point) {
            let _ = fs::remove_dir(&mount.mount_point);
            removed.push(format!("mount {}", mount.mount_point.display()));
        }
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()).filter(|path| is_idle && is_view(path, folder)) {
        // What holds anything, or is mounted on, stays.
        if fs::remove_dir(&path).is_ok() {
            removed.push(format!("temporary folder {}", path.display()));
        }
    }
    removed
}

/// Whether a folder is called as containerd's clients call one for such a mount.
fn is_view(path: &Path, folder: &Path) -> bool {
    let name = path.strip_prefix(folder).ok().and_then(Path::to_str);
    let random = name.and_then(|name| name.strip_prefix("containerd-mount"));
    random.is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()))
}

/// Whether something mounted is such a view, and the files that it shows were removed.
fn is_view_of_nothing(mount: &MountInfo, folder: &Path) -> bool {
    let upper = mount.super_options.get("upperdir").and_then(Option::as_deref);
    is_view(&mount.mount_point, folder) && upper.is_some_and(|upper| !Path::new(upper).exists())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use procfs::process::MountInfo;

    use super::{client_views, is_of_ended_session, is_own_mount, is_view_of_nothing};

    #[test]
    fn a_runtime_mounted_on_its_own_temporary_file_is_known_and_nothing_else() {
        for (what, place, expected) in [
            ("/usr/bin/crun", "/tmp/crun.tkLTuO", true),
            ("/usr/bin/runc", "/tmp/crun.tkLTuO", false),
            ("/usr/bin/bash", "/tmp/crun.tkLTuO", false),
            ("/usr/bin/crun", "/tmp/crun.mine", false),
            ("/usr/bin/crun", "/home/crun.tkLTuO", false),
            ("/", "/tmp", false),
        ] {
            let line = format!("60 27 254:0 {what} {place} rw,relatime - ext4 /dev/vda rw");
            let mount = MountInfo::from_line(&line).unwrap();
            assert_eq!(is_own_mount(&mount, "crun"), expected, "{what} {place}");
        }
    }

    #[test]
    fn a_view_of_a_container_is_stale_when_the_files_of_the_container_are_gone() {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().display();
        for (place, upper, expected) in [
            ("/tmp/containerd-mount2120676294", "/no/snapshots/964/fs".to_string(), true),
            ("/tmp/containerd-mount2120676294", kept.to_string(), false),
            ("/tmp/containerd-mountmine", "/no/snapshots/964/fs".to_string(), false),
            ("/tmp/mine/containerd-mount1", "/no/snapshots/964/fs".to_string(), false),
        ] {
            let line = format!(
                "60 27 0:44 / {place} ro,relatime - overlay overlay rw,lowerdir=/a,upperdir={upper}"
            );
            let mount = MountInfo::from_line(&line).unwrap();
            assert_eq!(is_view_of_nothing(&mount, "/tmp".as_ref()), expected, "{place} {upper}");
        }
    }

    #[test]
    fn an_empty_folder_for_a_view_goes_when_no_client_runs() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["containerd-mount1", "containerd-mount2/etc", "containerd-mountmine"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        assert!(client_views(folder.path(), false).is_empty());
        let empty = folder.path().join("containerd-mount1");
        assert_eq!(
            client_views(folder.path(), true),
            [format!("temporary folder {}", empty.display())]
        );
        assert!(folder.path().join("containerd-mount2/etc").exists() && !empty.exists());
    }

    #[test]
    fn a_container_is_of_an_ended_session_by_its_name() {
        assert!(is_of_ended_session("isoproof-00000000feed-runc-probe", &BTreeSet::new()));
        for id in ["isoproof-mine", "isoproof-", "web", "ab12ab12ab12"] {
            assert!(!is_of_ended_session(id, &BTreeSet::new()), "{id}");
        }
    }
}
