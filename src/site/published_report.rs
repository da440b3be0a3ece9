//! A report is published: its site is made, checked and put into its place.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::build_options::BuildOptions;
use super::cache::BuildCache;
use super::fleets::FleetPages;
use super::kept_site::{BuiltReport, KeptSite};
use super::page_writer::{PageWriter, SitePages};
use super::project_pages::make_pages;
use super::run_pages::RunPages;
use super::site_sources::make_builder;
use super::writer::{ReplacedSite, StagedSite};
use crate::error::Result;
use crate::project::Project;
use crate::report::ProjectData;
use crate::store::RunStore;
use crate::store::reference::LATEST;

/// A report whose site is in its place, while there is still something to do that nobody waits for.
#[must_use]
pub(crate) struct PublishedReport {
    /// What was built.
    pub report: BuiltReport,
    kept: KeptSite,
    work: LeftWork,
}

/// What is left to do when a site is in its place.
enum LeftWork {
    /// The old site is to be removed and, unless the folder is soon gone, what was made kept for
    /// the next build.
    OldSite { old: ReplacedSite, is_temporary: bool },
    /// [`LATE_FILES`] are to be made.
    LateFiles(StagedSite),
}

impl PublishedReport {
    pub(super) fn with_late_files(
        report: BuiltReport,
        kept: KeptSite,
        staging: StagedSite,
    ) -> Self {
        Self { report, kept, work: LeftWork::LateFiles(staging) }
    }

    /// Whether all files of the site are in their place.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.work, LeftWork::OldSite { .. })
    }

    /// Removes the old site and keeps for the next build what this one made, or makes what is
    /// still missing in the site. The last value is false if that was given up because something
    /// else `is_urgent`.
    ///
    /// # Errors
    ///
    /// A file of the old site cannot be removed, or one of the new site not be made.
    pub(super) fn finish_work(
        self,
        is_urgent: &dyn Fn() -> bool,
    ) -> Result<(BuiltReport, KeptSite, bool)> {
        let Self { mut report, mut kept, work } = self;
        let is_done = match work {
            LeftWork::OldSite { old, is_temporary } => {
                let KeptSite { builder, out, pages, .. } = &mut kept;
                let (removed, saved) = rayon::join(
                    || old.remove_site(),
                    || match is_temporary {
                        true => Ok(()),
                        false => pages.made.save_cache(builder.project(), out.real_path()),
                    },
                );
                removed?;
                // A project may lie where nothing can be written; the site need not.
                report.cache_error = saved.err();
                true
            }
            LeftWork::LateFiles(staging) => kept.make_late_files(staging, is_urgent)?,
        };
        Ok((report, kept, is_done))
    }
}

/// Builds the site and the document that an edition wants. Everything is made and checked before
/// anything is replaced. `before` is what made the old site, if that is known.
///
/// # Errors
///
/// A source lies outside of the project, there is no run, a template or chapter cannot be rendered,
/// a link leads nowhere, an output is somebody else's, or something cannot be written; and with
/// `strict` if a text needs a fact that is missing.
pub(super) fn publish_report(
    project: &Project,
    options: &BuildOptions,
    mut before: Option<BuildCache>,
) -> Result<PublishedReport> {
    let project = &Arc::new(project.with_edition(options.edition.as_deref()));
    project.refuse_missing_chapters()?;
    project.refuse_links_out()?;
    let out = options.find_output(project)?;
    let mut project_data = ProjectData::load_project(project)?;
    project_data.target = options.target.clone().or(project_data.target);
    let store = RunStore::with_catalogue(project, Arc::clone(&project_data.catalogue));
    let mut builder = make_builder(project, &store, &project_data, &options.run)?;
    let (writer, runs) = loop {
        let staging = StagedSite::begin_staging(&out)?;
        let before =
            before.take().unwrap_or_else(|| BuildCache::load_cache(project, out.real_path()));
        let writer = PageWriter::new(staging, before, SitePages::default(), builder.site_root());
        let runs = RunPages::with_writer(&store, &builder, &writer);
        let fleets = FleetPages::read_fleets(&runs)?;
        // Of the nodes of a fleet none is later than another.
        let worst = fleets.worst_run_beside(&builder.assessment.run.id);
        let worst = worst.filter(|_| options.run == LATEST);
        if let Some(run) = worst.filter(|run| *run != builder.assessment.run.id) {
            builder = make_builder(project, &store, &project_data, run)?;
        }
        if let Some(tally) = fleets.tally_beside(&builder.assessment.run.id) {
            builder.set_fleet(tally);
        }
        if let Some(runs) = make_pages(&store, &builder, &writer, fleets)? {
            break (writer, runs);
        }
    };
    let document = builder.document_file()?;
    let copied = writer.copy_linked_assets(project, &BTreeSet::new())?;
    writer.check_links(&|page, to| builder.find_written_links(page, to))?;
    let (staging, pages) = writer.into_parts();
    let (files, unpublished) = (staging.list_files(), BTreeSet::new());
    let mut kept = KeptSite { builder, out, stamp: None, files, copied, pages, runs, unpublished };
    staging.check_room()?;
    let report = kept.finish_report(options, document)?;
    let mut old = staging.finish_staging()?;
    kept.stamp = old.stamp.take();
    let is_temporary = options.is_temporary;
    Ok(PublishedReport { report, kept, work: LeftWork::OldSite { old, is_temporary } })
}
