//! Watching what the site is made of.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::error::{Error, Result};
use crate::project::{CONFIG, Project};

/// How long nothing must change before a build begins: editors write in several steps.
const QUIET: Duration = Duration::from_millis(40);

/// The sources of a site, under watch.
pub struct Watch {
    watcher: RefCell<RecommendedWatcher>,
    changes: Receiver<notify::Result<notify::Event>>,
    root: PathBuf,
    /// The report that is checked, where there is one.
    checked: RefCell<Option<PathBuf>>,
    /// The folders that sources are in, whether they exist or not.
    wanted: RefCell<BTreeSet<PathBuf>>,
    /// Those of them that are under watch.
    watched: RefCell<BTreeSet<PathBuf>>,
}

impl Watch {
    /// Watches the sources of a project: chapters, templates, data and `book.toml`.
    ///
    /// # Errors
    ///
    /// The system cannot watch the folder.
    pub fn of(project: &Project) -> Result<Self> {
        let root = std::path::absolute(&project.root).unwrap_or_else(|_| project.root.clone());
        let failed = |error: notify::Error| {
            Error::environment(format!("cannot watch {}: {error}", project.root.display()))
        };
        let (sender, changes) = channel();
        let mut watcher = notify::recommended_watcher(sender).map_err(failed)?;
        // The folder itself, because files are replaced and folders appear.
        watcher.watch(&root, RecursiveMode::NonRecursive).map_err(failed)?;
        let (checked, wanted, watched) =
            (RefCell::default(), RefCell::default(), RefCell::default());
        let watcher = RefCell::new(watcher);
        let watch = Self { watcher, changes, root, checked, wanted, watched };
        watch.also(project);
        Ok(watch)
    }

    /// Watches the folders of a project that are not watched yet.
    pub fn also(&self, project: &Project) {
        let folders = [project.chapters(), project.templates(), project.data()];
        let (mut wanted, mut watched) = (self.wanted.borrow_mut(), self.watched.borrow_mut());
        wanted.clear();
        // It is seen where it lies in the project's own folder, which is where reports lie.
        let checked = project.config.checked_submission.as_ref();
        *self.checked.borrow_mut() = checked.map(|path| self.root.join(path));
        for folder in folders {
            let folder = std::path::absolute(&folder).unwrap_or(folder);
            wanted.insert(folder.clone());
            // One that was removed and made again is another folder.
            if !folder.is_dir() {
                watched.remove(&folder);
                continue;
            }
            let mut watcher = self.watcher.borrow_mut();
            if !watched.contains(&folder)
                && watcher.watch(&folder, RecursiveMode::Recursive).is_ok()
            {
                watched.insert(folder);
            }
        }
    }

    /// Waits until a source changed and then nothing more for a moment.
    ///
    /// # Errors
    ///
    /// The watch broke down.
    pub fn wait(&self) -> Result<()> {
        let broken = || Error::environment("the watch over the sources broke down");
        loop {
            let event = self.changes.recv().map_err(|_| broken())?;
            if event.is_ok_and(|event| self.concerns(&event)) {
                break;
            }
        }
        loop {
            match self.changes.recv_timeout(QUIET) {
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => return Err(broken()),
            }
        }
    }

    /// Whether something changed that a site is made of.
    fn concerns(&self, event: &notify::Event) -> bool {
        // To read a file is no change, and every build reads all of them.
        let is_change = !matches!(event.kind, EventKind::Access(_) | EventKind::Other);
        is_change && event.paths.iter().any(|path| self.is_source(path))
    }

    fn is_source(&self, path: &Path) -> bool {
        let is_hidden =
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let is_inside = self.wanted.borrow().iter().any(|folder| path.starts_with(folder));
        let is_checked = self.checked.borrow().as_deref() == Some(path);
        path == self.root.join(CONFIG) || is_checked || (is_inside && !is_hidden)
    }
}
