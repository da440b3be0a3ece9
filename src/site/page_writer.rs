//! Where finished pages go: into the new site, past the check of links, and into the memory of
//! what was made of what. Pages may come from several threads.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::io::{BufWriter, IntoInnerError, Write as _};
use std::path::{Component, Path};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cache::{BuildCache, CachedPage};
use super::content_hash::ContentHash;
use super::links::{LinkFinder, SiteLinks};
use super::scan::{PageScan, PageScanner};
use super::search;
use super::view::RunRow;
use super::writer::StagedSite;
use crate::error::{NameFailedFile, Result};
use crate::project::{NOTES, Project};
use crate::report::markdown::RenderedText;
use crate::sources;

/// A text of the report as a page.
#[derive(Debug, Default)]
pub(super) struct TextPage {
    /// What a template made, with the places of [`TITLE`] and [`TEXT`] in it.
    pub frame: String,
    /// The text.
    pub text: RenderedText,
    /// What it says is not captured.
    pub warnings: Vec<String>,
}

/// What stands between two of [`MARK`] in a page until the title of a text takes its place, and what
/// until all after it does, so that they are neither copied through a template nor read again.
pub(super) const TITLE: &str = "title";
pub(super) const TEXT: &str = "text";

/// Where a template prints a text, this letter is written out.
const MARK: char = '\u{fff0}';

/// Where a text goes, or its title.
pub(super) fn mark_place(what: &str) -> String {
    format!("{MARK}{what}{MARK}")
}

/// The most bytes of a file next to the chapters: GitHub takes no larger one.
const MAX_FILE_BYTES: u64 = 100 << 20;

/// What is known of the pages of a site.
#[derive(Debug, Default)]
pub(super) struct SitePages {
    /// What was made of what.
    pub made: BuildCache,
    /// Where the pages lead.
    pub links: SiteLinks,
}

/// Takes a text of a page and its ids.
pub(super) type TextTaker<'a> = dyn FnMut(&str, &[String]) -> Result<()> + 'a;

/// Takes the pages of one build.
#[derive(Debug)]
pub(super) struct PageWriter {
    staging: StagedSite,
    before: Mutex<BuildCache>,
    after: Mutex<BuildCache>,
    links: Mutex<SiteLinks>,
    /// The path under which the site is served.
    root: String,
}

impl PageWriter {
    /// A press for the site of `staging`, of which `pages` stay but for those that are added again.
    /// `before` is what made the site that it replaces.
    pub(super) fn new(
        staging: StagedSite,
        before: BuildCache,
        pages: SitePages,
        root: &str,
    ) -> Self {
        let (after, links) = (Mutex::new(pages.made), Mutex::new(pages.links));
        let before = Mutex::new(before);
        Self { staging, before, after, links, root: root.to_string() }
    }

    /// Puts a page into the site: the one of the site before if it was made of the same, else
    /// what `make` gives.
    ///
    /// # Errors
    ///
    /// Those of `make`, or the page cannot be written.
    pub(super) fn add_page(
        &self,
        name: &str,
        key: ContentHash,
        make: impl FnOnce() -> Result<String>,
    ) -> Result<()> {
        let make = || Ok(TextPage { frame: make()?, ..TextPage::default() });
        self.render_if_changed(name, key, false, make).map(|_| ())
    }

    /// [`PageWriter::add_page`] for a text of the report: a search finds its words, and what it says is
    /// not captured is known even if it is not made again. Returns the text, without its words, if
    /// it was made.
    ///
    /// # Errors
    ///
    /// As for [`PageWriter::add_page`].
    pub(super) fn add_text_page(
        &self,
        name: &str,
        key: ContentHash,
        make: impl FnOnce() -> Result<TextPage>,
    ) -> Result<Option<RenderedText>> {
        self.render_if_changed(name, key, true, make)
    }

    fn render_if_changed(
        &self,
        name: &str,
        key: ContentHash,
        is_searched: bool,
        make: impl FnOnce() -> Result<TextPage>,
    ) -> Result<Option<RenderedText>> {
        if self.keep_known_page(name, &key)? {
            return Ok(None);
        }
        let TextPage { frame, mut text, warnings } = make()?;
        let (html, mut scan) = fill_frame(&frame, &text, is_searched);
        let file = self.add_new_file(name, html.as_bytes())?;
        let made = self.record_page(name, key, &file, &scan);
        let words = is_searched.then(|| search::search_words(&scan.text));
        let size = is_searched.then(|| search::shorten_entry(&scan.text, search::TEXT).len());
        let headings = std::mem::take(&mut scan.headings);
        self.keep_page(name, CachedPage { words, text: size, headings, warnings, ..made });
        drop(scan);
        text.words = String::new();
        Ok(Some(text))
    }

    /// [`PageWriter::add_page`] of a page that is not kept whole: `make` makes its frame, and
    /// `write_texts` gives one text after the other, with its ids, to be written at the place of
    /// [`TEXT`]. Where those lead is known of other pages. False if it gave up.
    ///
    /// # Errors
    ///
    /// As for [`PageWriter::add_page`].
    pub(super) fn add_long_page(
        &self,
        name: &str,
        key: ContentHash,
        make: impl FnOnce() -> Result<String>,
        mut write_texts: impl FnMut(&mut TextTaker) -> Result<bool>,
    ) -> Result<bool> {
        if self.keep_known_page(name, &key)? {
            return Ok(true);
        }
        let frame = make()?;
        let (path, file) = self.staging.create_file(name)?;
        let (mut out, mut scanner) = (BufWriter::new(file), PageScanner::new(false));
        for (index, piece) in frame.split(&mark_place(TEXT)).enumerate() {
            let is_whole = index == 0
                || write_texts(&mut |html, ids| {
                    ids.iter().for_each(|id| scanner.add_id(id.clone().into()));
                    out.write_all(html.as_bytes()).or_failed_io("write", &path)
                })?;
            if !is_whole {
                return Ok(false);
            }
            scanner.read_piece(piece);
            out.write_all(piece.as_bytes()).or_failed_io("write", &path)?;
        }
        let file = out.into_inner().map_err(IntoInnerError::into_error);
        let file = file.and_then(|file| file.metadata()).or_failed_io("write", &path)?;
        let made = self.record_page(name, key, &file, &scanner.scan);
        self.keep_page(name, made);
        Ok(true)
    }

    /// Takes a page over from the site before, if it was made of the same and its file is the one
    /// that was written. False if not.
    fn keep_known_page(&self, name: &str, key: &ContentHash) -> Result<bool> {
        let here = lock_mutex(&self.after).pages.get(name).cloned();
        let is_here = here.is_some();
        let known = here.or_else(|| lock_mutex(&self.before).pages.remove(name));
        let Some(made) = known.filter(|made| made.key == *key) else { return Ok(false) };
        let is_kept = self.staging.keep_old_file(name, |_, file| file_stamp(file) == made.stamp)?;
        if is_kept && !is_here {
            lock_mutex(&self.links).record_links(name, &made.links, &self.root);
            self.keep_page(name, made);
        }
        Ok(is_kept)
    }

    fn keep_page(&self, name: &str, made: CachedPage) {
        lock_mutex(&self.after).pages.insert(name.to_string(), made);
    }

    /// Forgets a page that the site may still have a file of.
    pub(super) fn forget_page(&self, name: &str) {
        let old = lock_mutex(&self.after).pages.remove(name);
        if let Some(old) = old {
            lock_mutex(&self.links).forget_page(name, &old.links, &self.root);
        }
    }

    /// Takes up the links of a new page, in the place of those that it had. Returns what is known
    /// of it.
    fn record_page(
        &self,
        name: &str,
        key: ContentHash,
        file: &Metadata,
        scan: &PageScan,
    ) -> CachedPage {
        self.forget_page(name);
        let links = lock_mutex(&self.links).add_page(name, scan, &self.root);
        let (stamp, size) = (file_stamp(file), file.len());
        CachedPage { key, stamp, size, links, ..CachedPage::default() }
    }

    /// Puts a file into the site that is no page; one that is already there is not written again.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(super) fn add_file(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.add_new_file(name, bytes).map(|_| ())
    }

    /// [`PageWriter::add_file`], and what the system says of the file.
    fn add_new_file(&self, name: &str, bytes: &[u8]) -> Result<Metadata> {
        let mut kept = None;
        if self.staging.keep_old_file(name, |path: &Path, file: &Metadata| {
            let is_same = file.len() == bytes.len() as u64
                && std::fs::read(path).is_ok_and(|old| old == bytes);
            kept = is_same.then(|| file.clone());
            is_same
        })? && let Some(file) = kept
        {
            return Ok(file);
        }
        self.staging.write_file(name, bytes)
    }

    /// The row of a run as the last build made it.
    pub(super) fn cached_run_row(&self, key: &ContentHash) -> Option<Arc<RunRow>> {
        lock_mutex(&self.before).rows.get(key).cloned()
    }

    /// Keeps the row of a run for the next build.
    pub(super) fn keep_row(&self, key: ContentHash, row: Arc<RunRow>) {
        lock_mutex(&self.after).rows.insert(key, row);
    }

    /// What is known of the pages that are in the site; none can be added meanwhile.
    pub(super) fn finished_pages(&self) -> MutexGuard<'_, BuildCache> {
        lock_mutex(&self.after)
    }

    /// The beginning of the text of a page that is in the site.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub(super) fn read_excerpt(&self, name: &str) -> Result<String> {
        let path = self.staging.current_path(name);
        let html = std::fs::read_to_string(&path).or_failed_io("read", &path)?;
        let mut scanner = PageScanner::new(true);
        scanner.read_piece(&html);
        Ok(search::shorten_entry(&scanner.scan.text, search::TEXT))
    }

    /// What pages that were made are made of.
    pub(super) fn page_keys(&self, names: &[String]) -> Vec<ContentHash> {
        let after = lock_mutex(&self.after);
        names.iter().filter_map(|name| Some(after.pages.get(name)?.key.clone())).collect()
    }

    /// The names of all pages so far.
    pub(super) fn page_names(&self) -> Vec<String> {
        lock_mutex(&self.after).pages.keys().cloned().collect()
    }

    /// The places on a page that links of all pages so far lead to.
    pub(super) fn places_linked_on(&self, name: &str) -> BTreeSet<String> {
        lock_mutex(&self.links).places_on(name).map(String::from).collect()
    }

    /// Copies what lies next to the chapters and a page links to: pictures, mostly. Returns the
    /// names of the files, with those among the files that were `copied` before.
    ///
    /// # Errors
    ///
    /// A file does not lie in the project, or cannot be read or written.
    pub(super) fn copy_linked_assets(
        &self,
        project: &Project,
        copied: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>> {
        let folder = project.chapters_dir();
        let mut names = BTreeSet::new();
        for name in lock_mutex(&self.links).linked_pages() {
            let is_candidate = !self.staging.has_file(name) || copied.contains(name);
            if is_candidate && is_publishable(name) && folder.join(name).is_file() {
                names.insert(name.to_string());
            }
        }
        for name in names.iter().filter(|name| !copied.contains(*name)) {
            let path = folder.join(name);
            project.refuse_outside(&path)?;
            let bytes = sources::read_file(&path, MAX_FILE_BYTES).or_failed_io("read", &path)?;
            self.add_file(name, &bytes)?;
        }
        Ok(names)
    }

    /// Checks the links of the whole site.
    ///
    /// # Errors
    ///
    /// A link leads nowhere, or an id stands twice.
    pub(super) fn check_links(&self, find_links: LinkFinder) -> Result<()> {
        let after = lock_mutex(&self.after);
        lock_mutex(&self.links).check_links(&self.staging, &after.pages, &self.root, find_links)
    }

    /// The files of the site, and what is known of its pages.
    pub(super) fn into_parts(self) -> (StagedSite, SitePages) {
        let made = self.after.into_inner().unwrap_or_else(PoisonError::into_inner);
        let links = self.links.into_inner().unwrap_or_else(PoisonError::into_inner);
        (self.staging, SitePages { made, links })
    }
}

/// A page with its text in its place, and what stands on it.
fn fill_frame<'h>(
    frame: &'h str,
    text: &'h RenderedText,
    is_searched: bool,
) -> (String, PageScan<'h>) {
    let mut html = String::with_capacity(frame.len() + text.html.len());
    let mut scanner = PageScanner::new(is_searched);
    let [title, rest] = text.split_title();
    for (index, piece) in frame.split(MARK).enumerate() {
        match piece {
            TITLE | TEXT if index % 2 == 1 => {
                let part = if piece == TITLE { title } else { rest };
                html.push_str(part.html);
                scanner.take_part(part);
            }
            piece => {
                html.push_str(piece);
                scanner.read_piece(piece);
            }
        }
    }
    (html, scanner.scan)
}

/// What changes when a file is changed.
fn file_stamp(file: &Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    format!("{} {} {}.{}", file.ino(), file.len(), file.mtime(), file.mtime_nsec())
}

/// Whether a file next to the chapters may be published: no hidden one, no note, no chapter.
fn is_publishable(name: &str) -> bool {
    let path = Path::new(name);
    path.components().all(|part| match part {
        Component::Normal(part) => !part.to_string_lossy().starts_with('.'),
        _ => false,
    }) && !path.starts_with(NOTES)
        && !name.ends_with(".md")
}

fn lock_mutex<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
