//! What a server keeps of the site that it built last.

use super::build_options::BuildOptions;
use super::kept_site::{KeptSite, SourceChanges};
use super::published_report::{PublishedReport, publish_report};
use crate::error::Result;
use crate::project::Project;

/// The site that a server built last; none at first.
#[derive(Default)]
pub(crate) struct SiteMemory(Option<KeptSite>);

impl SiteMemory {
    /// Whether no more than the pages of chapters has to be made for these changes.
    pub(crate) fn takes_changes(&self, changes: &SourceChanges) -> bool {
        self.0.as_ref().is_some_and(|kept| kept.takes_changes(changes))
    }

    /// Brings the site up to date, as [`publish_report`] does, after these changes.
    ///
    /// # Errors
    ///
    /// Those of [`publish_report`].
    pub(crate) fn publish_changes(
        &mut self,
        project: &Project,
        options: &BuildOptions,
        changes: &SourceChanges,
    ) -> Result<PublishedReport> {
        let Some(mut kept) = self.0.take() else {
            return publish_report(project, options, None);
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
        publish_report(project, options, Some(kept.pages.made))
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::{Path, PathBuf};

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

        /// The files of the site, and the document, after an update; they are those of a build
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
            crate::site::build_report(&project, &options).unwrap();
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
        crate::site::build_report(&opened, &options).unwrap();
        project.write_source("site/c.md", "# C\n\nTwo.\n");
        assert!(!project.update_site().unwrap(), "the site is not the one that is kept");
        std::fs::remove_file(project.site_path("public/CNAME")).unwrap();
        project.check_site();
    }
}
