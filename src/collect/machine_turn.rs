//! One session at a time on a machine: two at once would measure each other, and neither would know.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use rustix::io::Errno;

use super::progress::CollectProgress;
use crate::error::{Error, Result};
use crate::process::CancelFlag;

/// The file that the session at work has locked, in the folder of temporary files.
pub(super) const TURN: &str = "isoproof.turn";

/// How often is looked whether the other session is done. To wait for a lock in the kernel would not
/// end when the user stops the program.
const TICK: Duration = Duration::from_millis(100);

/// The right of a session to capture, for as long as it is held. The lock goes with the process.
pub(super) struct MachineTurn(#[allow(dead_code, reason = "it is held, not read")] File);

/// Waits until no other session has locked the file, and says so if it has to. None where that cannot
/// be told, which is said too.
pub(super) fn wait_for_turn(
    path: &Path,
    cancel: &CancelFlag,
    progress: &dyn CollectProgress,
) -> Result<Option<MachineTurn>> {
    let file = match open_turn(path) {
        Ok(file) => file,
        Err(error) => {
            let words = format!(
                "cannot tell whether another isoproof captures on this machine at \
                                 the same time: {}: {error}",
                path.display()
            );
            progress.on_trouble("machine", &words);
            return Ok(None);
        }
    };
    let mut is_told = false;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => {}
            // A file system without locks tells nothing.
            _ => return Ok(Some(MachineTurn(file))),
        }
        if cancel.load(Ordering::Relaxed) {
            return Err(Error::failed_environment("another isoproof was capturing all the time"));
        }
        if !is_told {
            is_told = true;
            let words = "another isoproof captures on this machine, and the two would measure each \
                         other: waiting until it is done";
            progress.on_trouble("machine", words);
        }
        std::thread::sleep(TICK);
    }
}

/// Opens the file, which users share: whoever comes first makes it, and everybody may lock it. One
/// that is there is opened without `O_CREAT`, which the kernel refuses for a file of somebody else
/// in a folder like `/tmp` (`fs.protected_regular`).
fn open_turn(path: &Path) -> Result<File, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let all = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
    match open(path, flags, Mode::empty()) {
        Err(Errno::NOENT) => match open(path, flags | OFlags::CREATE | OFlags::EXCL, all) {
            Err(Errno::EXIST) => open(path, flags, Mode::empty()),
            made => made,
        },
        opened => opened,
    }
    .map(File::from)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;
    use crate::collect::estimate::SessionEstimate;

    struct Told(Sender<String>);

    impl CollectProgress for Told {
        fn on_step(&self, _: &str, _: &str, _: Option<f64>) {}

        fn on_estimate(&self, _: &SessionEstimate) {}

        fn on_trouble(&self, _: &str, what: &str) {
            self.0.send(what.into()).unwrap();
        }
    }

    #[test]
    fn the_second_of_two_sessions_waits_for_the_first_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("turn");
        let (sender, told) = channel();
        let (cancel, progress) = (CancelFlag::default(), Told(sender));
        let first = wait_for_turn(&path, &cancel, &progress).unwrap();
        assert!(first.is_some() && told.try_recv().is_err());
        std::thread::scope(|scope| {
            let wait = || wait_for_turn(&path, &cancel, &progress).map(|turn| turn.is_some());
            let second = scope.spawn(wait);
            assert!(told.recv().unwrap().contains("waiting until it is done"));
            assert!(!second.is_finished());
            drop(first);
            assert_eq!(second.join().unwrap(), Ok(true));
        });
    }

    #[test]
    fn who_waits_can_be_stopped_and_a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("turn");
        let (sender, _told) = channel();
        let (cancel, told) = (CancelFlag::default(), Told(sender));
        let _first = wait_for_turn(&path, &cancel, &told).unwrap();
        cancel.store(true, Ordering::Relaxed);
        assert!(wait_for_turn(&path, &cancel, &told).is_err());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert!(wait_for_turn(&link, &CancelFlag::default(), &told).unwrap().is_none());
        assert!(!folder.path().join("nowhere").exists());
    }
}
