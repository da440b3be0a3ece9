//! A site that was built with all that made it, and how changed chapters get into it.
//!
//! The pages of the chapters are made by the same code as in a build of everything, and their
//! links are checked against those of all others, which are kept. Any other change has everything
//! looked at again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::build_options::BuildOptions;
use super::cache::BuildCache;
use super::links::PRINT;
use super::output::OutputFolder;
use super::page_writer::{PageWriter, SitePages};
use super::project_pages::RunSummary;
use super::search;
use super::site_builder::SiteBuilder;
use super::writer::{SiteStamp, StagedSite};
use crate::assets::{self, AssetTree, TextFile};
use crate::error::{Error, Result};
use crate::project::{NOTES, SUMMARY};
use crate::report::chapters::takes_from_others;
use crate::report::{Assessment, document};
use crate::sources::{self, WalkLimits};

/// What changed among the sources of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SourceChanges {
    /// These files and folders, by absolute paths, and nothing else.
    Paths(BTreeSet<PathBuf>),
    /// Anything.
    Unknown,
}

/// The files of a site that are made after open pages were told of a change: no page shows them
/// by itself.
pub(crate) const LATE_FILES: [&str; 2] = [PRINT, search::FILE];

/// What was built.
#[derive(Debug)]
pub struct BuiltReport {
    /// The folder of the site.
    pub out: PathBuf,
    /// The number of its pages.
    pub pages: usize,
    /// The document that an edition wants, if the project has one and it was not edited.
    pub document: Option<PathBuf>,
    /// What the texts say is not captured.
    pub warnings: Vec<String>,
    /// What has to be said about runs: which were left out, and that this one has no times.
    pub notices: Vec<String>,
    /// The run that they are about.
    pub assessment: Arc<Assessment>,
    /// Why the next build has to make every page again, if it has to.
    pub cache_error: Option<Error>,
}

/// A site that was built, with all that is needed to put other chapters into it.
pub(super) struct KeptSite {
    /// What its pages are made with.
    pub builder: SiteBuilder,
    /// Its folder.
    pub out: OutputFolder,
    /// What tells it from a site that another build puts there.
    pub stamp: Option<SiteStamp>,
    /// Its files.
    pub files: BTreeSet<String>,
    /// The files among them that lie next to the chapters.
    pub copied: BTreeSet<String>,
    /// What is known of its pages.
    pub pages: SitePages,
    /// What is known of the runs.
    pub runs: RunSummary,
    /// The chapters that changed and are not in the site, because a build failed.
    pub unpublished: BTreeSet<String>,
}

impl KeptSite {
    /// Whether a change of a chapter is seen as one, and concerns its own page alone.
    pub(super) fn can_be_continued(&self) -> bool {
        let project = self.builder.project();
        let folders = [project.chapters_dir(), project.data_dir(), project.templates_dir()];
        self.stamp.is_some()
            && self.builder.project_chapters().shared_texts().is_empty()
            // What a link leads to is not watched.
            && !folders.iter().any(|folder| {
            let walk = sources::walk_folder(folder, WalkLimits::PROJECT);
            folder.is_symlink() || walk.is_ok_and(|walk| walk.entries.iter().any(|e| e.is_link))
        })
    }

    /// Whether no more than the pages of chapters has to be made for these changes.
    pub(super) fn takes_changes(&self, changes: &SourceChanges) -> bool {
        match changes {
            SourceChanges::Unknown => false,
            SourceChanges::Paths(paths) => {
                paths.iter().all(|path| self.chapter_at(path).is_some() || self.is_nothing(path))
            }
        }
    }

    /// The chapter whose file is at a path.
    fn chapter_at(&self, path: &Path) -> Option<String> {
        let name = self.name_among_chapters(path)?;
        let is_file = std::fs::symlink_metadata(path).is_ok_and(|data| data.is_file());
        (is_file && self.builder.project_chapters().has_chapter(&name)).then_some(name)
    }

    /// Whether there is no file at a path, and there was none that the site is made of: an editor
    /// wrote a file under another name first.
    fn is_nothing(&self, path: &Path) -> bool {
        let Some(name) = self.name_among_chapters(path) else { return false };
        let chapters = self.builder.project_chapters().chapter_names();
        let mut known = self.copied.iter().map(String::as_str).chain(chapters);
        path.symlink_metadata().is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound)
            && name != SUMMARY
            && !Path::new(&name).starts_with(NOTES)
            && !known.any(|known| Path::new(known).starts_with(&name))
    }

    fn name_among_chapters(&self, path: &Path) -> Option<String> {
        let folder = std::path::absolute(self.builder.project().chapters_dir()).ok()?;
        let name = path.strip_prefix(folder).ok()?.to_str()?;
        (!name.is_empty()).then(|| name.to_string())
    }

    /// Makes the pages of the chapters that changed and puts them into the site; none if that
    /// does not do. The files of [`LATE_FILES`] are still to be made.
    pub(super) fn publish_chapters(
        &mut self,
        options: &BuildOptions,
        changes: &SourceChanges,
    ) -> Result<Option<(BuiltReport, StagedSite)>> {
        let Some(stamp) = self.stamp.take() else { return Ok(None) };
        let published = self.replace_chapters(options, changes, &stamp);
        self.stamp = Some(stamp);
        published
    }

    fn replace_chapters(
        &mut self,
        options: &BuildOptions,
        changes: &SourceChanges,
        stamp: &SiteStamp,
    ) -> Result<Option<(BuiltReport, StagedSite)>> {
        if let SourceChanges::Paths(paths) = changes {
            let changed: Vec<String> =
                paths.iter().filter_map(|path| self.chapter_at(path)).collect();
            self.unpublished.extend(changed);
        }
        let texts = self.read_unpublished()?;
        if texts.values().any(|file| takes_from_others(&file.text)) {
            return Ok(None);
        }
        self.builder.replace_chapters(texts)?;
        let document = self.builder.document_file()?;
        let staging = StagedSite::continue_site(&self.out, self.files.clone())?;
        let (copied, staging) = self.with_writer(staging, |kept, writer| {
            // It is made later; what it alone would lead to is nothing that has to be there.
            writer.forget_page(PRINT);
            kept.builder.changed_pages(writer, &kept.unpublished, &kept.runs.since)?;
            kept.builder.probes_page(writer)?;
            let copied = writer.copy_linked_assets(kept.builder.project(), &kept.copied)?;
            writer.check_links(&|page, to| kept.builder.find_written_links(page, to))?;
            Ok(copied)
        })?;
        if copied != self.copied {
            return Ok(None);
        }
        let report = self.finish_report(options, document)?;
        if !staging.replace_files(stamp)? {
            return Ok(None);
        }
        self.unpublished.clear();
        Ok(Some((report, staging)))
    }

    /// What is said of a site that is about to be in its place; its document is written next to it.
    pub(super) fn finish_report(
        &self,
        options: &BuildOptions,
        document: Option<String>,
    ) -> Result<BuiltReport> {
        let KeptSite { builder, out, files, pages, runs, .. } = self;
        let warnings: BTreeSet<String> =
            builder.missing_warnings().into_iter().chain(pages.made.missing_warnings()).collect();
        let warnings: Vec<String> = warnings.into_iter().collect();
        if options.strict {
            refuse_missing(&warnings)?;
        }
        let mut notices = runs.notices.clone();
        notices.extend(builder.misspelt_lookups());
        let mut written = None;
        if let Some(text) = document {
            let path = options.document_path(builder.project());
            notices.extend(builder.absent_evidence(&path));
            match document::write_document(&path, &text)? {
                None => written = Some(path),
                Some(notice) => notices.push(notice),
            }
        }
        Ok(BuiltReport {
            out: out.named_path().to_path_buf(),
            pages: files.iter().filter(|name| name.ends_with(".html")).count(),
            document: written,
            warnings,
            notices,
            assessment: Arc::clone(&builder.assessment),
            cache_error: None,
        })
    }

    fn read_unpublished(&self) -> Result<BTreeMap<String, TextFile>> {
        let folder = self.builder.project().chapters_dir();
        let mut texts = BTreeMap::new();
        for name in &self.unpublished {
            self.builder.project().refuse_outside(&folder.join(name))?;
            texts.extend(assets::read_all(AssetTree::Chapters, Some(&folder), name, ".md")?);
        }
        Ok(texts)
    }

    /// Makes what no page shows by itself, and puts it into the site. False if it was given up
    /// because something else `is_urgent`.
    ///
    /// # Errors
    ///
    /// A file cannot be made or written, or a link in it leads nowhere.
    pub(super) fn make_late_files(
        &mut self,
        staging: StagedSite,
        is_urgent: &dyn Fn() -> bool,
    ) -> Result<bool> {
        let (is_done, staging) = self.with_writer(staging, |kept, writer| {
            if !kept.builder.print_page(writer, &kept.runs.since, Some(is_urgent))? || is_urgent() {
                return Ok(false);
            }
            let probes = kept.builder.probes_page(writer)?;
            kept.builder.search_index(writer, &kept.runs.rows, &probes)?;
            writer.check_links(&|page, to| kept.builder.find_written_links(page, to)).map(|()| true)
        })?;
        if let Some(stamp) = self.stamp.as_ref().filter(|_| is_done) {
            // Where another build was faster, its files stay.
            staging.replace_files(stamp)?;
        }
        Ok(is_done)
    }

    /// What is done with a writer into this site, and the files that were written.
    fn with_writer<T>(
        &mut self,
        staging: StagedSite,
        work: impl FnOnce(&Self, &PageWriter) -> Result<T>,
    ) -> Result<(T, StagedSite)> {
        let (before, pages) = (BuildCache::default(), std::mem::take(&mut self.pages));
        let writer = PageWriter::new(staging, before, pages, self.builder.site_root());
        let done = work(self, &writer);
        let (staging, pages) = writer.into_parts();
        self.pages = pages;
        Ok((done?, staging))
    }
}

fn refuse_missing(warnings: &[String]) -> Result<()> {
    if warnings.is_empty() {
        return Ok(());
    }
    Err(Error::unusable_input(format!(
        "{} facts that the texts need are not captured:\n{}",
        warnings.len(),
        warnings.join("\n")
    ))
    .with_help("nothing was written; build without --strict to have them marked in the report"))
}
