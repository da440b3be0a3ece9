//! What the threads of the server share.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Error;

#[derive(Debug)]
pub(super) struct ServerState {
    pub(super) live: Mutex<LiveSite>,
    pub(super) changed: Condvar,
    /// Every page that waits for a change holds it.
    pub(super) waiting: Arc<()>,
}

#[derive(Debug, Clone)]
pub(super) struct LiveSite {
    pub(super) out: PathBuf,
    pub(super) build: u64,
    /// The number of the build that made what is served.
    pub(super) site: u64,
    /// What went wrong in the last build.
    pub(super) error: Option<String>,
    /// Whether files of the site are still being made that no page shows by itself.
    pub(super) is_unfinished: bool,
}

impl ServerState {
    /// Nothing was built yet in the folder of the site.
    pub(super) fn new(out: PathBuf) -> Self {
        let live = LiveSite { out, build: 0, site: 0, error: None, is_unfinished: false };
        Self { live: Mutex::new(live), changed: Condvar::new(), waiting: Arc::default() }
    }

    pub(super) fn lock_live(&self) -> MutexGuard<'_, LiveSite> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn current_site(&self) -> LiveSite {
        self.lock_live().clone()
    }

    /// Waits until a build other than `seen` has ended, for at most `time`.
    pub(super) fn wait_for_build(&self, seen: u64, time: Duration) -> LiveSite {
        let waited =
            self.changed.wait_timeout_while(self.lock_live(), time, |live| live.build == seen);
        waited.unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Waits until all files of the site are in their place, for at most `time`.
    pub(super) fn wait_for_late_files(&self, time: Duration) {
        drop(self.changed.wait_timeout_while(self.lock_live(), time, |live| live.is_unfinished));
    }

    pub(super) fn record_build(&self, out: &Path, is_whole: bool) {
        let mut live = self.lock_live();
        let (out, build) = (out.to_path_buf(), live.build + 1);
        *live = LiveSite { out, build, site: build, error: None, is_unfinished: !is_whole };
        self.changed.notify_all();
    }

    pub(super) fn record_late_files(&self) {
        self.lock_live().is_unfinished = false;
        self.changed.notify_all();
    }

    pub(super) fn record_failure(&self, error: &Error) {
        let mut live = self.lock_live();
        live.build += 1;
        let help = error.help.as_ref().map(|help| format!("\n\n{help}")).unwrap_or_default();
        live.error = Some(format!("{}{help}", error.message));
        live.is_unfinished = false;
        self.changed.notify_all();
    }
}
