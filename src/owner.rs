//! The mark of a process on what it makes, so that what a killed one left can be told from what
//! a running one still needs.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use rustix::io::{FdFlags, fcntl_setfd, retry_on_intr};

use crate::proc::ProcessTable;

/// How long others are waited for that hold a folder: they put their site in its place, or add to a
/// file in it.
const LOCK_LIMIT: Duration = Duration::from_secs(10);

/// The mark of this process: its id and when it started, because ids are used again.
pub(crate) fn process_mark() -> String {
    let pid = std::process::id();
    format!("{pid}.{}", start_time(pid).unwrap_or_default())
}

/// Whether the process with this mark still runs. A text that is no mark is no process's.
pub(crate) fn is_alive(mark: &str) -> bool {
    mark.split_once('.').is_some_and(|(pid, started)| {
        pid.parse().ok().and_then(start_time).is_some_and(|time| time.to_string() == started)
    })
}

fn start_time(pid: u32) -> Option<u64> {
    ProcessTable::of_this_machine().start_time(pid)
}

/// Locks a file or folder that this process made, for as long as it is open: a process in another
/// container, which sees other process ids, can tell by the lock that it is still needed. Where
/// the file system has no locks the mark has to do.
pub(crate) fn hold_lock(made: &File) {
    let _ = flock(made, FlockOperation::NonBlockingLockExclusive);
}

/// [`hold_lock`] that lasts until the processes that this one starts from now on have ended as well:
/// they go on when this one is killed, and need what is held.
pub(crate) fn hold_with_children(made: &File) {
    hold_lock(made);
    let _ = fcntl_setfd(made, FdFlags::empty());
}

/// Locks a folder for as long as the value lives. Where that cannot be done, or something else
/// holds the folder for long, it is done without.
pub(crate) fn lock_folder(folder: &Path) -> Option<File> {
    let file = File::open(folder).ok()?;
    let (locked, waiting) = mpsc::channel();
    // The kernel wakes who waits for a lock, for as long as it takes: another thread waits, and what
    // it gets too late it gives back.
    std::thread::spawn(move || {
        let _ = retry_on_intr(|| flock(&file, FlockOperation::LockExclusive));
        let _ = locked.send(file);
    });
    waiting.recv_timeout(LOCK_LIMIT).ok()
}

/// Whether a process that runs holds what lies at `path`.
fn is_held(path: &Path) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Ok(made) = open(path, flags, Mode::empty()) else { return false };
    flock(&made, FlockOperation::NonBlockingLockExclusive) == Err(rustix::io::Errno::WOULDBLOCK)
}

/// The beginning of the name of what this process makes; whatever follows must not be empty.
pub(crate) fn prefix_name(prefix: &str) -> String {
    format!("{prefix}{}-", process_mark())
}

/// Whether a name is one that [`prefix_name`] begins, in whatever process.
pub(crate) fn is_marked(name: &str, prefix: &str) -> bool {
    find_mark(name, prefix).is_some()
}

fn find_mark<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let (mark, rest) = name.strip_prefix(prefix)?.split_once('-')?;
    let (pid, started) = mark.split_once('.')?;
    let are_numbers = [pid, started]
        .iter()
        .all(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    (are_numbers && !rest.is_empty()).then_some(mark)
}

/// The files and folders of this user in `folder` whose names [`prefix_name`] began in processes
/// that are gone. Links are never among them.
pub(crate) fn find_leftovers(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    use std::os::unix::fs::MetadataExt;
    let user = rustix::process::geteuid().as_raw();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(mark) = name.to_str().and_then(|name| find_mark(name, prefix)) else { continue };
        // Of the entry itself, not of what a link leads to.
        let Ok(data) = entry.metadata() else { continue };
        let is_ours = (data.is_file() || data.is_dir()) && data.uid() == user;
        if is_ours && !is_alive(mark) && !is_held(&entry.path()) {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

/// Removes the temporary folders that [`prefix_name`] began in processes that are gone, and says which.
pub(crate) fn remove_leftover_folders(prefix: &str) -> Vec<String> {
    let mut left = find_leftovers(&std::env::temp_dir(), prefix);
    left.retain(|path| std::fs::remove_dir_all(path).is_ok());
    left.iter().map(|path| format!("temporary folder {}", path.display())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

    #[test]
    fn this_process_owns_what_it_marks_and_a_stranger_does_not() {
        assert!(is_alive(&process_mark()));
        assert!(!is_alive("1.1") && !is_alive("") && !is_alive("999999999.5"));
    }

    #[test]
    fn a_process_that_has_ended_owns_nothing_before_its_parent_asks_for_it() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let started = start_time(child.id()).unwrap();
        child.kill().unwrap();
        // Waits for the end and leaves the process for its parent to ask for.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(Pid::from_child(&child)), options).unwrap();
        assert!(!is_alive(&format!("{}.{started}", child.id())));
        assert!(Path::new(&format!("/proc/{}", child.id())).exists(), "it is still listed");
        child.wait().unwrap();
    }

    #[test]
    fn only_what_a_gone_process_marked_is_left_over() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        std::fs::write(place("x-1.1-file"), "").unwrap();
        std::fs::create_dir(place("x-1.1-folder")).unwrap();
        std::os::unix::fs::symlink(place("x-1.1-folder"), place("x-1.1-link")).unwrap();
        std::fs::write(place("x-1.1-held"), "").unwrap();
        let held = File::open(place("x-1.1-held")).unwrap();
        hold_lock(&held);
        std::fs::write(place(&format!("{}mine", prefix_name("x-"))), "").unwrap();
        for name in ["x-notes", "x-1.1-", "x-1.1", "x-1.-a", "x-a.1-b", "x-1-1-a", "x-.1-a"] {
            std::fs::write(place(name), "somebody else's").unwrap();
        }
        let names = [place("x-1.1-file"), place("x-1.1-folder")];
        assert_eq!(find_leftovers(folder.path(), "x-"), names);
        drop(held);
        assert_eq!(find_leftovers(folder.path(), "x-").len(), 3);
        assert!(find_leftovers(&place("nowhere"), "x-").is_empty());
    }
}
