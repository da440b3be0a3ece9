//! What a server keeps of the site that it built last, and how changed chapters get into it.
//!
//! The pages of the chapters are made by the same code as in a build of everything, and their
//! links are checked against those of all others, which are kept. Any other change has everything
//! looked at again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::cache::BuildCache;
use super::output::OutputFolder;
use super::page_writer::{PageWriter, SitePages};
use super::site_builder::{PRINT, SiteBuilder};
use super::writer::{SiteStamp, StagedSite};
use super::{BuildOptions, BuiltReport, PublishedReport, RunSummary, search};
use crate::assets::{self, AssetTree, TextFile};
use crate::error::Result;
use crate::project::{NOTES, Project, SUMMARY};
use crate::report::chapters::takes_from_others;
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

/// The site that a server built last; none at first.
#[derive(Default)]
pub(crate) struct SiteMemory(Option<KeptSite>);

impl SiteMemory {
    /// Whether no more than the pages of chapters has to be made for these changes.
    pub(crate) fn takes_changes(&self, changes: &SourceChanges) -> bool {
        self.0.as_ref().is_some_and(|kept| kept.takes_changes(changes))
    }

    /// Brings the site up to date, as [`super::publish_report`] does, after these changes.
    ///
    /// # Errors
    ///
    /// Those of [`super::publish_report`].
    pub(crate) fn publish_changes(
        &mut self,
        project: &Project,
        options: &BuildOptions,
        changes: &SourceChanges,
    ) -> Result<PublishedReport> {
        let Some(mut kept) = self.0.take() else {
            return super::publish_report(project, options, None);
        };
        if kept.takes_changes(changes) {
            match kept.publish_chapters(options, changes) {
                Ok(Some((report, staging))) => {
                    return Ok(PublishedReport::with_late_files(report, kept, staging));
                }
                Ok(None) => {}
                Err(error) => {
                    self.0 = Some(kept);
                    return Err(error);
                }
            }
        }
        super::publish_report(project, options, Some(kept.pages.made))
    }

    /// Does what is left to do of a report, and keeps its site. False if that was given up because
    /// `is_urgent` said that something else is to be done first: the next report does it.
    ///
    /// # Errors
    ///
    /// A file of the old site cannot be removed, or one of the new site not be made.
    pub(crate) fn finish_report(
        &mut self,
        published: PublishedReport,
        is_urgent: &dyn Fn() -> bool,
    ) -> Result<bool> {
        let is_new = published.is_whole();
        let (_, kept, is_done) = published.finish_work(is_urgent)?;
        // That is the same for all texts that chapters have later.
        self.0 = Some(kept).filter(|kept| !is_new || kept.can_be_continued());
        Ok(is_done)
    }
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
    /// The files among them that lie beside the chapters.
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
    fn can_be_continued(&self) -> bool {
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

    fn takes_changes(&self, changes: &SourceChanges) -> bool {
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
    fn publish_chapters(
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
            writer.check_links()?;
            Ok(copied)
        })?;
        if copied != self.copied {
            return Ok(None);
        }
        let report = super::finish_report(self, options, document)?;
        if !staging.replace_files(stamp)? {
            return Ok(None);
        }
        self.unpublished.clear();
        Ok(Some((report, staging)))
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
            writer.check_links().map(|()| true)
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::site::writer::FolderTree;
    use crate::store::testing::read_sample_run;

    /// A project whose site is kept, and each change of it.
    struct EditedProject {
        folder: tempfile::TempDir,
        memory: SiteMemory,
        touched: BTreeSet<PathBuf>,
        is_hurried: bool,
    }

    impl EditedProject {
        fn with_chapters() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let (memory, touched) = (SiteMemory::default(), BTreeSet::new());
            let mut project = Self { folder, memory, touched, is_hurried: false };
            project.add_run("customer");
            project.write_source("book.toml", "[preprocessor.isoproof]\nedition = \"s26\"\n");
            project.write_source(
                "site/SUMMARY.md",
                "- [One](one.md)\n- [Two](b/two.md)\n- [C](c.md)\n",
            );
            project.write_source("site/one.md", "# One\n\n## Same\n\n[two](b/two.md#same)\n");
            project.write_source("site/b/two.md", "# Two\n\n## Same\n\nText[^1].\n\n[^1]: Note.\n");
            project.write_source(
                "site/c.md",
                "# C\n\n{{ fact(id=\"proc.entries\", target=\"kata\") }}\n",
            );
            project
        }

        fn site_path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn write_source(&mut self, name: &str, text: &str) {
            let path = self.site_path(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            self.touched.insert(path);
        }

        fn remove_source(&mut self, name: &str) {
            std::fs::remove_file(self.site_path(name)).unwrap();
            self.touched.insert(self.site_path(name));
        }

        fn add_run(&mut self, label: &str) {
            let (file, _) = read_sample_run(label);
            let name = format!("data/runs/{}", file.file_name().unwrap().to_str().unwrap());
            self.write_source(&name, &std::fs::read_to_string(file).unwrap());
        }

        /// Brings the site up to date as a server does. Says whether chapters alone were made.
        fn update_site(&mut self) -> Result<bool> {
            let changes = SourceChanges::Paths(std::mem::take(&mut self.touched));
            let project = Project::open_folder(self.folder.path()).unwrap();
            let options = BuildOptions { run: "latest".into(), ..BuildOptions::default() };
            let mut published = self.memory.publish_changes(&project, &options, &changes)?;
            let is_whole = published.is_whole();
            // Another change comes while the page for paper is made, now and then.
            let is_urgent = Cell::new(self.is_hurried);
            while !self.memory.finish_report(published, &|| is_urgent.take())? {
                published = self.memory.publish_changes(&project, &options, &changes)?;
            }
            Ok(!is_whole)
        }

        /// The files of the site, and the submission, after an update; they are those of a build
        /// of everything.
        fn check_site(&self) {
            let project = Project::open_folder(self.folder.path()).unwrap();
            let other = tempfile::tempdir().unwrap();
            let options = BuildOptions {
                run: "latest".into(),
                out: Some(other.path().join("site")),
                document: Some(other.path().join("submission.md")),
                is_temporary: true,
                ..BuildOptions::default()
            };
            super::super::build_report(&project, &options).unwrap();
            let fresh = read_site_files(&other.path().join("site"));
            let served = read_site_files(&self.site_path("public"));
            assert_eq!(fresh.keys().collect::<Vec<_>>(), served.keys().collect::<Vec<_>>());
            for (name, bytes) in fresh {
                assert!(served[&name] == bytes, "{} differs", name.display());
            }
            let document = |path: PathBuf| std::fs::read_to_string(path).unwrap();
            let fresh = document(other.path().join("submission.md"));
            assert_eq!(document(self.site_path("submission.md")), fresh);
        }
    }

    fn read_site_files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = FolderTree::read_tree(folder).unwrap().files.into_iter();
        files.map(|name| (name.clone(), std::fs::read(folder.join(name)).unwrap())).collect()
    }

    #[test]
    fn after_every_edit_the_site_is_that_of_a_build_of_everything() {
        type Edit = fn(&mut EditedProject);
        let edits: [(&str, bool, Edit); 19] = [
            ("the first build", false, |_| ()),
            ("a text", true, |p| {
                p.write_source("site/b/two.md", "# Two\n\nOther words\n\n## Same\n")
            }),
            ("a heading and a link to it at once", true, |p| {
                p.write_source(
                    "site/b/two.md",
                    "# Two\n\n## Other\n\n## Same\n\n[x](../one.md#new)\n",
                );
                p.write_source(
                    "site/one.md",
                    "# One\n\n## New\n\n[two](b/two.md#other) {{ 1 + 1 }}\n",
                );
            }),
            ("a look-up where none was", true, |p| {
                let text = "# One\n\n## New\n\n{{ fact(id=\"cpu.count\", target=\"kata\") }}\n";
                p.write_source("site/one.md", text);
            }),
            ("a look-up of what is missing", true, |p| {
                p.write_source(
                    "site/c.md",
                    "# C\n\n{{ fact(id=\"perf.syscall\", target=\"runc\") }}\n",
                );
            }),
            ("no look-up any more", true, |p| p.write_source("site/c.md", "# C\n\nPlain.\n")),
            ("what an editor wrote first and removed", true, |p| {
                p.write_source("site/c.md.new", "x");
                p.remove_source("site/c.md.new");
                p.write_source("site/c.md", "# C\n\nAgain, with `code`.\n");
            }),
            ("a picture", false, |p| {
                p.write_source("site/b/x.svg", "<svg/>");
                p.write_source("site/b/two.md", "# Two\n\n## Other\n\n## Same\n\n![x](x.svg)\n");
            }),
            ("a link to a picture more", true, |p| {
                p.write_source("site/c.md", "# C\n\n![x](b/x.svg)\n")
            }),
            ("one link to a picture less", true, |p| {
                p.write_source("site/c.md", "# C\n\nNo more.\n")
            }),
            ("a picture that no link leads to", false, |p| {
                p.write_source("site/b/two.md", "# Two\n\n## Same\n\nNo picture.\n");
            }),
            ("a chapter more", false, |p| {
                p.write_source(
                    "site/SUMMARY.md",
                    "- [One](one.md)\n- [Two](b/two.md)\n- [D](d.md)\n",
                );
                p.write_source("site/d.md", "# D\n");
            }),
            ("a chapter with another name", false, |p| {
                p.write_source(
                    "site/SUMMARY.md",
                    "- [One](one.md)\n- [Two](b/two.md)\n- [E](e.md)\n",
                );
                p.write_source("site/e.md", "# E\n");
                p.remove_source("site/d.md");
            }),
            ("a chapter less", false, |p| {
                p.write_source("site/SUMMARY.md", "- [One](one.md)\n- [Two](b/two.md)\n");
                p.remove_source("site/e.md");
            }),
            ("a template", false, |p| {
                p.write_source("templates/site/style.css", "main { color: red }\n")
            }),
            ("a note", false, |p| p.write_source("site/notes/method.md", "My own words.\n")),
            ("another title", false, |p| {
                p.write_source(
                    "book.toml",
                    "[book]\ntitle = \"Other\"\n[preprocessor.isoproof]\nedition = \"s26\"\n",
                )
            }),
            ("a chapter that takes from another", false, |p| {
                p.write_source("site/b/two.md", "# Two\n\n## Same\n\n{% include \"one.md\" %}\n");
            }),
            ("another run", false, |p| p.add_run("four-runtimes")),
        ];
        let mut project = EditedProject::with_chapters();
        for (what, is_patched, edit) in edits {
            edit(&mut project);
            project.is_hurried = !project.is_hurried;
            let done = project.update_site().unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(done, is_patched, "{what}");
            project.check_site();
        }
    }

    #[test]
    fn what_a_failed_build_left_out_is_made_when_another_chapter_makes_it_right() {
        let mut project = EditedProject::with_chapters();
        project.update_site().unwrap();
        let before = read_site_files(&project.site_path("public"));
        let failures = [
            ("site/one.md", "# One\n\n[two](b/two.md#nowhere)\n", "b/two.html#nowhere"),
            ("site/c.md", "# C\n\n{{ fact(\n", "c.md:3"),
            ("site/c.md", "# C\n\n{{ fact(id=\"no.such\", target=\"kata\") }}\n", "no.such"),
            ("site/c.md", "# C\n\nFine.\n", "b/two.html#nowhere"),
        ];
        for (name, text, problem) in failures {
            project.write_source(name, text);
            let error = project.update_site().unwrap_err();
            assert!(error.message.contains(problem), "{problem} in {error}");
            assert!(read_site_files(&project.site_path("public")) == before, "{problem}");
        }
        project.write_source("site/b/two.md", "# Two\n\n## Nowhere\n");
        assert!(project.update_site().unwrap());
        project.check_site();
    }

    #[test]
    fn a_site_that_another_build_made_and_files_of_the_user_stay() {
        let mut project = EditedProject::with_chapters();
        project.update_site().unwrap();
        std::fs::write(project.site_path("public/CNAME"), "mine").unwrap();
        project.write_source("site/c.md", "# C\n\nOne.\n");
        assert!(project.update_site().unwrap());
        assert_eq!(std::fs::read(project.site_path("public/CNAME")).unwrap(), b"mine");
        let opened = Project::open_folder(project.folder.path()).unwrap();
        let options = BuildOptions { run: "latest".into(), ..BuildOptions::default() };
        super::super::build_report(&opened, &options).unwrap();
        project.write_source("site/c.md", "# C\n\nTwo.\n");
        assert!(!project.update_site().unwrap(), "the site is not the one that is kept");
        std::fs::remove_file(project.site_path("public/CNAME")).unwrap();
        project.check_site();
    }
}
