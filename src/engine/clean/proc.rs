//! What proc(5) tells of processes and mounts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::LIMIT;
use crate::engine::process::{CancelFlag, run_command};

/// The folders of what runs; other folders of `/proc` have none of the files of a process.
pub(super) fn process_folders() -> impl Iterator<Item = PathBuf> {
    fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path())
}

/// Whether a process runs that is called like this.
pub(super) fn is_running(program: &str) -> bool {
    let mut names =
        process_folders().filter_map(|folder| fs::read_to_string(folder.join("comm")).ok());
    // runc calls its stages `runc:[1:CHILD]` and `runc:[2:INIT]`.
    names.any(|name| name.trim().split(':').next() == Some(program))
}

/// The table of mounts, a line each.
pub(super) fn mount_table() -> String {
    fs::read_to_string("/proc/self/mountinfo").unwrap_or_default()
}

/// What is mounted and where, in a line of the table of mounts.
pub(super) fn parse_mount_line(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split(' ').skip(3);
    Some((words.next()?, words.next()?))
}

/// Takes a mount away, though something may still be using it.
pub(super) fn detach_mount(point: &str) -> bool {
    let argv = ["umount", "-l", point].map(String::from);
    run_command(&argv, LIMIT, &CancelFlag::default()).is_ok_and(|finished| finished.is_success())
}

/// Takes a mount away, and the file that it was on.
pub(super) fn remove_mount(point: &str) -> bool {
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

/// The namespace and the place of a mount in a line of the table of mounts, if it is a network
/// namespace that is called `prefix` and a UUID.
fn namespace_mount<'a>(line: &'a str, prefix: &str) -> Option<(&'a str, &'a str)> {
    let (namespace, place) = parse_mount_line(line)?;
    let (folder, name) = place.rsplit_once('/')?;
    let is_one = folder.ends_with("/netns") && namespace.starts_with("net:[");
    (is_one && is_namespace_name(name, prefix)).then_some((namespace, place))
}

/// The empty files in a folder that have the names of network namespaces. Such a namespace is
/// mounted on one after it was made: until then, or if its maker was killed before, it is a file.
pub(super) fn namespace_files(folder: &Path, prefix: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| {
        is_namespace_name(&entry.file_name().to_string_lossy(), prefix)
            && entry.metadata().is_ok_and(|file| file.is_file() && file.len() == 0)
    });
    files.map(|entry| entry.path().display().to_string()).collect()
}

/// The network namespaces that are mounted under names of `prefix` and a UUID, each with its place.
pub(super) fn mounted_namespaces(prefix: &str) -> Vec<(String, String)> {
    let table = mount_table();
    let mounts = table.lines().filter_map(|line| namespace_mount(line, prefix));
    mounts.map(|(namespace, point)| (namespace.to_string(), point.to_string())).collect()
}

/// The network namespaces that processes are in.
pub(super) fn used_network_namespaces() -> BTreeSet<String> {
    process_folders()
        .filter_map(|folder| fs::read_link(folder.join("ns/net")).ok())
        .map(|namespace| namespace.display().to_string())
        .collect()
}

/// The program and the arguments of a process, whose folder this is.
pub(super) fn read_arguments(folder: &Path) -> Vec<String> {
    let line = fs::read(folder.join("cmdline")).unwrap_or_default();
    let words =
        line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
    words.filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::{namespace_files, namespace_mount};

    #[test]
    fn a_network_namespace_is_known_by_its_kind_and_name() {
        let uuid = "5f7647e3-95fd-f4ca-d841-6b0631a5b815";
        let line = |what: &str, place: &str| format!("99 27 0:4 {what} {place} rw - nsfs nsfs rw");
        let place = format!("/run/netns/netns-{uuid}");
        let found = line("net:[4026532501]", &place);
        assert_eq!(namespace_mount(&found, "netns-"), Some(("net:[4026532501]", place.as_str())));
        for (what, place) in [
            ("/x", place.as_str()),
            ("net:[4026532501]", "/run/netns/mine"),
            ("net:[4026532501]", "/run/netns/netns-5f7647e3"),
            ("net:[4026532501]", &format!("/run/docker/netns-{uuid}")),
        ] {
            assert_eq!(namespace_mount(&line(what, place), "netns-"), None, "{what} {place}");
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
        let waiting = folder.path().join(format!("netns-{uuid}")).display().to_string();
        assert_eq!(namespace_files(folder.path(), "netns-"), [waiting]);
        assert!(namespace_files(&folder.path().join("none"), "netns-").is_empty());
    }
}
