//! Watching what the site is made of.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvError, RecvTimeoutError, channel};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::error::{Error, Result};
use crate::project::{CONFIG, Project};
use crate::site::SourceChanges;
use crate::sources::{self, SourceKind, WalkLimits};

/// How long nothing must change before a build begins: editors write in several steps.
const QUIET: Duration = Duration::from_millis(40);

pub(super) struct SourceWatch {
    watcher: RefCell<RecommendedWatcher>,
    changes: Receiver<notify::Result<notify::Event>>,
    /// What changed since the last build, as far as that was asked.
    pending: RefCell<SourceChanges>,
    root: PathBuf,
    checked: RefCell<Option<PathBuf>>,
    /// The folders that sources are in, whether they exist or not.
    wanted: RefCell<BTreeSet<PathBuf>>,
    /// What is under watch in them and below them.
    watched: RefCell<BTreeSet<PathBuf>>,
    /// The folder of the site, which somebody may remove.
    site: RefCell<PathBuf>,
}

impl SourceWatch {
    /// Watches the folder of a project.
    /// Errors: the system cannot watch the folder.
    pub(super) fn watch_project(project: &Project) -> Result<Self> {
        let root = std::path::absolute(&project.root).unwrap_or_else(|_| project.root.clone());
        let (sender, changes) = channel();
        // Files of it are replaced, and folders appear in it.
        let watcher = notify::recommended_watcher(sender).and_then(|mut watcher| {
            watcher.watch(&root, RecursiveMode::NonRecursive).map(|()| watcher)
        });
        let watcher = watcher.map_err(|error| {
            Error::failed_environment(format!("cannot watch {}: {error}", project.root.display()))
        })?;
        let (checked, wanted, watched) =
            (RefCell::default(), RefCell::default(), RefCell::default());
        let watcher = RefCell::new(watcher);
        let pending = RefCell::new(no_changes());
        let site = RefCell::default();
        Ok(Self { watcher, changes, pending, root, checked, wanted, watched, site })
    }

    /// Watches whether the folder of the site stays: the folder that it lies in is watched.
    pub(super) fn watch_site(&self, site: &Path) {
        let site = std::path::absolute(site).unwrap_or_else(|_| site.to_path_buf());
        if *self.site.borrow() == site {
            return;
        }
        // Where it cannot be watched the site is served all the same.
        if let Some(parent) = site.parent().filter(|parent| *parent != self.root) {
            let _ = self.watcher.borrow_mut().watch(parent, RecursiveMode::NonRecursive);
        }
        *self.site.borrow_mut() = site;
    }

    /// Watches the sources of a project (chapters, templates and data) as far as they are not
    /// watched yet. Returns what cannot be watched, in words.
    pub(super) fn add_paths(&self, project: &Project) -> Vec<String> {
        // It is seen where it lies in the project's own folder, which is where reports lie.
        let checked = project.config.checked_document.as_ref();
        *self.checked.borrow_mut() = checked.map(|path| self.root.join(path));
        let roots = [project.chapters_dir(), project.templates_dir(), project.data_dir()];
        let roots = roots.map(|root| std::path::absolute(&root).unwrap_or(root));
        *self.wanted.borrow_mut() = BTreeSet::from(roots.clone());
        let found: BTreeSet<PathBuf> = roots.iter().flat_map(|root| list_folders(root)).collect();
        let (mut watcher, mut watched) = (self.watcher.borrow_mut(), self.watched.borrow_mut());
        // One that was removed and made again is another folder.
        watched.retain(|folder| found.contains(folder));
        let mut failed = Vec::new();
        for folder in found {
            if watched.contains(&folder) {
                continue;
            }
            match watcher.watch(&folder, RecursiveMode::NonRecursive) {
                Err(error) => failed.push(format!("cannot watch {}: {error}", folder.display())),
                Ok(()) => {
                    watched.insert(folder);
                }
            }
        }
        failed
    }

    /// Waits until a source changed and then nothing more for a moment. Returns what changed.
    /// Errors: the watch broke down.
    pub(super) fn wait_for_change(&self) -> Result<SourceChanges> {
        self.collect_changes()
            .map_err(|_| Error::failed_environment("the watch over the sources broke down"))
    }

    /// At least one change, and what follows until nothing does for a moment.
    fn collect_changes(&self) -> std::result::Result<SourceChanges, RecvError> {
        let mut changes = self.pending.replace(no_changes());
        while changes == no_changes() {
            self.add_changes(self.changes.recv()?, &mut changes);
        }
        loop {
            match self.changes.recv_timeout(QUIET) {
                Ok(event) => self.add_changes(event, &mut changes),
                Err(RecvTimeoutError::Timeout) => return Ok(changes),
                Err(RecvTimeoutError::Disconnected) => return Err(RecvError),
            }
        }
    }

    /// Whether a source changed already that [`SourceWatch::wait_for_change`] would wait for.
    pub(super) fn has_changes(&self) -> bool {
        let mut pending = self.pending.borrow_mut();
        while let Ok(event) = self.changes.try_recv() {
            self.add_changes(event, &mut pending);
        }
        *pending != no_changes()
    }

    /// Takes up what changed of that which a site is made of.
    fn add_changes(&self, event: notify::Result<notify::Event>, changes: &mut SourceChanges) {
        let Ok(event) = event else { return *changes = SourceChanges::Unknown };
        if event.need_rescan() {
            // There were more events than the system keeps.
            *changes = SourceChanges::Unknown;
        }
        // To read a file is no change, and every build reads all of them.
        let is_change = !matches!(event.kind, EventKind::Access(_) | EventKind::Other);
        // A site that is exchanged with a newer one is gone for no moment that could be seen here.
        let site = self.site.borrow();
        if is_change && event.paths.contains(&site) && !site.exists() {
            *changes = SourceChanges::Unknown;
        }
        if let SourceChanges::Paths(paths) = changes
            && is_change
        {
            paths.extend(event.paths.into_iter().filter(|path| self.is_source(path)));
        }
    }

    fn is_source(&self, path: &Path) -> bool {
        let wanted = self.wanted.borrow();
        let mut below = wanted.iter().filter_map(|folder| path.strip_prefix(folder).ok());
        path == self.root.join(CONFIG)
            || self.checked.borrow().as_deref() == Some(path)
            || below.any(|below| below.iter().all(sources::is_source_name))
    }
}

fn no_changes() -> SourceChanges {
    SourceChanges::Paths(BTreeSet::new())
}

/// The folders in which sources are read: those of the walk, and links to folders at its top,
/// such as `data/runs`. Nothing else leads out of the project, whatever a link leads to.
fn list_folders(root: &Path) -> Vec<PathBuf> {
    let Ok(walk) = sources::walk_folder(root, WalkLimits::PROJECT) else { return Vec::new() };
    let linked = walk.entries.into_iter().filter(|entry| {
        entry.is_link && entry.kind == SourceKind::Folder && !entry.name.contains('/')
    });
    walk.folders.into_iter().chain(linked.map(|entry| entry.path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn no_more_is_watched_than_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        for name in ["site/notes", "site/.git/objects", "data/rules", "elsewhere/deep"] {
            std::fs::create_dir_all(place(name)).unwrap();
        }
        symlink("/", place("site/everything")).unwrap();
        symlink("../elsewhere", place("data/runs")).unwrap();
        symlink("../..", place("data/rules/up")).unwrap();
        let project = Project::open_folder(folder.path()).unwrap();
        let watch = SourceWatch::watch_project(&project).unwrap();
        assert!(watch.add_paths(&project).is_empty());
        let names = |watch: &SourceWatch| -> Vec<String> {
            let watched = watch.watched.borrow();
            let below = watched.iter().map(|path| path.strip_prefix(folder.path()).unwrap());
            below.map(|path| path.display().to_string()).collect()
        };
        let expected = ["data", "data/rules", "data/runs", "site", "site/everything", "site/notes"];
        assert_eq!(names(&watch), expected);
        std::fs::remove_dir(place("site/notes")).unwrap();
        std::fs::create_dir_all(place("templates/site")).unwrap();
        watch.add_paths(&project);
        let expected = [
            "data",
            "data/rules",
            "data/runs",
            "site",
            "site/everything",
            "templates",
            "templates/site",
        ];
        assert_eq!(names(&watch), expected);
    }

    #[test]
    fn a_site_that_is_removed_is_a_change_wherever_it_lies() {
        for outside in [false, true] {
            let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let site = if outside { elsewhere.path() } else { folder.path() }.join("public");
            std::fs::create_dir(&site).unwrap();
            let project = Project::open_folder(folder.path()).unwrap();
            let watch = SourceWatch::watch_project(&project).unwrap();
            watch.watch_site(&site);
            std::fs::write(site.join("index.html"), "").unwrap();
            std::fs::remove_dir_all(&site).unwrap();
            assert_eq!(watch.wait_for_change().unwrap(), SourceChanges::Unknown);
        }
    }

    #[test]
    fn what_editors_leave_is_no_change_of_a_source() {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::open_folder(folder.path()).unwrap();
        let watch = SourceWatch::watch_project(&project).unwrap();
        watch.add_paths(&project);
        let is_source = |name: &str| watch.is_source(&folder.path().join(name));
        for name in ["site/a.md", "data/runs/a.json", "templates/site/x.html", "book.toml"] {
            assert!(is_source(name), "{name}");
        }
        for name in [
            "site/.#a.md",
            "site/a.md~",
            "site/#a.md#",
            "site/4913",
            "site/.git/a.md",
            "data/runs/.isoproof-1.2-x",
            "public/index.html",
            "submission.md",
        ] {
            assert!(!is_source(name), "{name}");
        }
    }
}
