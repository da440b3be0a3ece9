//! Where finished pages go: into the new site, past the check of links, and into the memory of
//! what was made of what. Pages may come from several threads.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::path::{Component, Path};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::cache::{Cache, Key, Made};
use super::links::Links;
use super::scan::Scan;
use super::search;
use super::view::RunRow;
use super::writer::Staging;
use crate::error::{Error, Result};
use crate::project::{NOTES, Project};
use crate::sources;

/// A text of the report as a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The page.
    pub html: String,
    /// What it says is not captured.
    pub warnings: Vec<String>,
}

/// The most bytes of a file beside the chapters: GitHub takes no larger one.
const MAX_FILE_BYTES: u64 = 100 << 20;

/// Takes the pages of one build.
#[derive(Debug)]
pub struct Press {
    staging: Staging,
    before: Cache,
    after: Mutex<Cache>,
    links: Mutex<Links>,
    /// The path under which the site is served.
    root: String,
}

impl Press {
    /// A press for a site that replaces that of `staging`; `before` is what made that one.
    pub fn new(staging: Staging, before: Cache, root: &str) -> Self {
        let root = root.to_string();
        Self { staging, before, after: Mutex::default(), links: Mutex::default(), root }
    }

    /// Puts a page into the site: the one of the site before if it was made of the same, else
    /// what `make` gives.
    ///
    /// # Errors
    ///
    /// Those of `make`, or the page cannot be written.
    pub fn page(&self, name: &str, key: Key, make: impl FnOnce() -> Result<String>) -> Result<()> {
        self.make(name, key, false, || Ok(Text { html: make()?, warnings: Vec::new() }))
    }

    /// [`Press::page`] for a text of the report: a search finds its words, and what it says is
    /// not captured is known even if it is not made again.
    ///
    /// # Errors
    ///
    /// As for [`Press::page`].
    pub fn text(&self, name: &str, key: Key, make: impl FnOnce() -> Result<Text>) -> Result<()> {
        self.make(name, key, true, make)
    }

    fn make(
        &self,
        name: &str,
        key: Key,
        is_searched: bool,
        make: impl FnOnce() -> Result<Text>,
    ) -> Result<()> {
        // The file of a page has to be the one that was written.
        let known = self.before.pages.get(name).filter(|made| made.key == key);
        if let Some(made) = known
            && self.staging.keep(name, |_, file| stamp(file) == made.stamp)?
        {
            let targets = Links::targets(name, &made.links, &self.root);
            lock(&self.links).lead(name, targets);
            lock(&self.after).pages.insert(name.to_string(), made.clone());
            return Ok(());
        }
        let Text { html, warnings } = make()?;
        let scan = Scan::of(&html, is_searched);
        self.put(name, html.as_bytes())?;
        let links = lock(&self.links).page(name, &scan, &self.root);
        let words = is_searched.then(|| search::words(&scan.text));
        let stamp = std::fs::metadata(self.staging.path(name)).map(|file| stamp(&file));
        let made = Made {
            key,
            stamp: stamp.unwrap_or_default(),
            links,
            words,
            headings: scan.headings,
            warnings,
        };
        lock(&self.after).pages.insert(name.to_string(), made);
        Ok(())
    }

    /// Puts a file into the site that is no page; one that is already there is not written again.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let is_same = |path: &Path, file: &Metadata| {
            file.len() == bytes.len() as u64 && std::fs::read(path).is_ok_and(|old| old == bytes)
        };
        if self.staging.keep(name, is_same)? {
            return Ok(());
        }
        self.staging.write(name, bytes)
    }

    /// The row of a run as the last build made it.
    pub fn row(&self, key: &Key) -> Option<RunRow> {
        self.before.rows.get(key).cloned()
    }

    /// Keeps the row of a run for the next build.
    pub fn keep_row(&self, key: Key, row: RunRow) {
        lock(&self.after).rows.insert(key, row);
    }

    /// What the texts say is not captured.
    pub fn warnings(&self) -> BTreeSet<String> {
        lock(&self.after).pages.values().flat_map(|made| made.warnings.iter().cloned()).collect()
    }

    /// What is known of a page that is in the site.
    pub fn made(&self, name: &str) -> Option<Made> {
        lock(&self.after).pages.get(name).cloned()
    }

    /// The names of all pages so far.
    pub fn pages(&self) -> Vec<String> {
        lock(&self.after).pages.keys().cloned().collect()
    }

    /// The size of all pages so far, in bytes.
    pub fn size(&self) -> u64 {
        let size =
            |name: &String| std::fs::metadata(self.staging.path(name)).map(|file| file.len());
        self.pages().iter().filter_map(|name| size(name).ok()).sum()
    }

    /// Copies what lies beside the chapters and a page links to: pictures, mostly.
    ///
    /// # Errors
    ///
    /// A file does not lie in the project, or cannot be read or written.
    pub fn beside(&self, project: &Project) -> Result<()> {
        let folder = project.chapters();
        let links = lock(&self.links);
        for name in links.pages().into_iter().filter(|name| !self.staging.has(name)) {
            let path = folder.join(name);
            if is_publishable(name) && path.is_file() {
                project.refuse_outside(&path)?;
                let bytes = sources::read_file(&path, MAX_FILE_BYTES)
                    .map_err(|error| Error::io("read", &path, &error))?;
                self.put(name, &bytes)?;
            }
        }
        Ok(())
    }

    /// Checks the links of the whole site. What comes out is ready to take its place.
    ///
    /// # Errors
    ///
    /// A link leads nowhere, or an id stands twice.
    pub fn finish(self) -> Result<(Staging, Cache)> {
        let links = self.links.into_inner().unwrap_or_else(PoisonError::into_inner);
        links.check(&self.staging)?;
        Ok((self.staging, self.after.into_inner().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// What changes when a file is changed.
fn stamp(file: &Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    format!("{} {} {}.{}", file.ino(), file.len(), file.mtime(), file.mtime_nsec())
}

/// Whether a file beside the chapters may be published: no hidden one, no note, no chapter.
fn is_publishable(name: &str) -> bool {
    let path = Path::new(name);
    let is_plain = |part: Component| match part {
        Component::Normal(part) => !part.to_string_lossy().starts_with('.'),
        _ => false,
    };
    path.components().all(is_plain) && !path.starts_with(NOTES) && !name.ends_with(".md")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
