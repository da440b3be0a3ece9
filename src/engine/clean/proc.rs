//! What proc(5) tells of processes and mounts.

use std::fs;
use std::path::PathBuf;

use super::LIMIT;
use crate::engine::process::{CancelFlag, run_command};

/// The folders of what runs; other folders of `/proc` have none of the files of a process.
pub(super) fn process_folders() -> impl Iterator<Item = PathBuf> {
    fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path())
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
