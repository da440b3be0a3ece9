//! Mounts that outlive who made them, network namespaces among them.

use std::fs;
use std::path::{Path, PathBuf};

use procfs::process::MountInfo;

use super::LIMIT;
use crate::proc::mount_table;
use crate::process::{CancelFlag, run_command};

/// Takes a mount away, though something may still be using it.
pub(super) fn detach_mount(point: &Path) -> bool {
    let argv = ["umount", "-l", &point.to_string_lossy()].map(String::from);
    run_command(&argv, LIMIT, &CancelFlag::default()).is_ok_and(|finished| finished.is_success())
}

/// Takes a mount away, and the file that it was on.
pub(super) fn remove_mount(point: &Path) -> bool {
    let is_gone = detach_mount(point);
    if is_gone {
        let _ = fs::remove_file(point);
    }
    is_gone
}

/// Whether a file has the name of a network namespace: `prefix` and a UUID.
fn is_namespace_name(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|uuid| {
        uuid.split('-').map(str::len).eq([8, 4, 4, 4, 12])
            && uuid.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
    })
}

/// Whether something mounted is a network namespace that is called `prefix` and a UUID.
fn is_namespace_mount(mount: &MountInfo, prefix: &str) -> bool {
    let point = &mount.mount_point;
    mount.root.starts_with("net:[")
        && point.parent().is_some_and(|folder| folder.ends_with("netns"))
        && point.file_name().is_some_and(|name| is_namespace_name(&name.to_string_lossy(), prefix))
}

/// The empty files in a folder that have the names of network namespaces. Such a namespace is
/// mounted on one after it was made: until then, or if its maker was killed before, it is a file.
pub(super) fn namespace_files(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| {
        is_namespace_name(&entry.file_name().to_string_lossy(), prefix)
            && entry.metadata().is_ok_and(|file| file.is_file() && file.len() == 0)
    });
    files.map(|entry| entry.path()).collect()
}

/// The network namespaces that are mounted under names of `prefix` and a UUID, each with its place.
pub(super) fn mounted_namespaces(prefix: &str) -> Vec<(String, PathBuf)> {
    let mounts = mount_table().into_iter().filter(|mount| is_namespace_mount(mount, prefix));
    mounts.map(|mount| (mount.root, mount.mount_point)).collect()
}

#[cfg(test)]
mod tests {
    use procfs::process::MountInfo;

    use super::{is_namespace_mount, namespace_files};

    #[test]
    fn a_network_namespace_is_known_by_its_kind_and_name() {
        let uuid = "5f7647e3-95fd-f4ca-d841-6b0631a5b815";
        for (what, place, expected) in [
            ("net:[4026532501]", &*format!("/run/netns/netns-{uuid}"), true),
            ("/x", &format!("/run/netns/netns-{uuid}"), false),
            ("net:[4026532501]", "/run/netns/mine", false),
            ("net:[4026532501]", "/run/netns/netns-5f7647e3", false),
            ("net:[4026532501]", &format!("/run/docker/netns-{uuid}"), false),
        ] {
            let line = format!("99 27 0:4 {what} {place} rw - nsfs nsfs rw");
            let mount = MountInfo::from_line(&line).unwrap();
            assert_eq!(is_namespace_mount(&mount, "netns-"), expected, "{what} {place}");
        }
    }

    #[test]
    fn only_an_empty_file_with_the_name_of_a_namespace_waits_for_its_mount() {
        let folder = tempfile::tempdir().unwrap();
        let uuid = "ab1690ab-23b9-12e2-b378-f6827dadcb8e";
        for (name, text) in [
            (format!("netns-{uuid}"), ""),
            (format!("cni-{uuid}"), ""),
            ("netns-mine".into(), ""),
            (format!("netns-{}", uuid.replace('b', "c")), "x"),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let waiting = folder.path().join(format!("netns-{uuid}"));
        assert_eq!(namespace_files(folder.path(), "netns-"), [waiting]);
        assert!(namespace_files(&folder.path().join("none"), "netns-").is_empty());
    }
}
