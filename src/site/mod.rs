//! The site: from the runs of a project to a folder of pages, and the submission beside it.
//!
//! Pages are made in parallel, each goes to disk as soon as it is made, and one whose
//! ingredients did not change is taken over from the site before. What is kept in memory of a
//! run is its row in the list. The finished site takes the place of the old one in one step.

mod cache;
mod content_hash;
mod feed;
mod fleets;
mod history;
mod kept_site;
mod links;
mod manifest;
mod output;
mod page_writer;
mod scan;
mod search;
mod site_builder;
pub(crate) mod view;
mod writer;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rayon::prelude::*;
use serde_json::{Value as Json, json};

use crate::assets::{self, AssetTree, TextFile};
use crate::error::{Error, Result};
use crate::project::Project;
use crate::report::chapters::ProjectChapters;
use crate::report::lookups;
use crate::report::{Assessment, ProjectData, find_candidate, notes, submission};
use crate::store::fleets::FleetStore;
use crate::store::{LoadedRun, RunFile, RunStore};
use cache::BuildCache;
use content_hash::ContentHash;
use fleets::FleetPages;
use history::RunHistory;
use kept_site::KeptSite;
pub(crate) use kept_site::{LATE_FILES, SiteMemory, SourceChanges};
pub(crate) use manifest::{MARKER, SiteManifest};
use output::OutputFolder;
use page_writer::{PageWriter, SitePages};
use site_builder::{SiteBuilder, SiteParts};
use view::RunRow;
use writer::{ReplacedSite, StagedSite};

/// The run that a report is about if nothing else is said.
const LATEST: &str = "latest";

/// What to build.
#[derive(Debug, Clone, Default)]
pub(crate) struct BuildOptions {
    /// The run that the report is about. [`LATEST`] of the runs of a fleet is the one of which
    /// most has to be said.
    pub run: String,
    /// The folder of the site; by default that of `book.toml`.
    pub out: Option<PathBuf>,
    /// The edition that the report answers; by default that of `book.toml`.
    pub edition: Option<String>,
    /// The file of the document that the edition wants; by default that of `book.toml`.
    pub document: Option<PathBuf>,
    /// The target that the document is about; by default that of `book.toml`, or the one that
    /// the edition asks for.
    pub target: Option<String>,
    /// Whether a fact that a text needs and that is not captured is a failure.
    pub strict: bool,
    /// Whether the folder is soon gone, so that nothing is to be remembered about it.
    pub is_temporary: bool,
}

impl BuildOptions {
    /// Finds the folder of the site.
    ///
    /// # Errors
    ///
    /// It is none that isoproof may put a site into; the error says why.
    pub(crate) fn find_output(&self, project: &Project) -> Result<OutputFolder> {
        let out = self.out.clone().unwrap_or_else(|| default_output(project));
        let sources = [
            project.root.clone(),
            project.chapters_dir(),
            project.data_dir(),
            project.templates_dir(),
            project.private_dir(),
        ];
        OutputFolder::find_folder(&out, &sources)
    }
}

fn default_output(project: &Project) -> PathBuf {
    project.root.join(&project.config.build_dir)
}

/// What was built.
#[derive(Debug)]
pub(crate) struct BuiltReport {
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
    fn with_late_files(report: BuiltReport, kept: KeptSite, staging: StagedSite) -> Self {
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
    fn finish_work(self, is_urgent: &dyn Fn() -> bool) -> Result<(BuiltReport, KeptSite, bool)> {
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

/// [`publish_report`], and what is left to do after it.
///
/// # Errors
///
/// Those of [`publish_report`], or a file of the old site cannot be removed.
pub(crate) fn build_report(project: &Project, options: &BuildOptions) -> Result<BuiltReport> {
    publish_report(project, options, None)?.finish_work(&|| false).map(|(report, ..)| report)
}

/// Builds the site and the document that an edition wants. Everything is made and checked before
/// anything is replaced. `before` is what made the old site, if that is known.
///
/// # Errors
///
/// A source lies outside of the project, there is no run, a template or chapter cannot be rendered,
/// a link leads nowhere, an output is somebody else's, or something cannot be written; and with
/// `strict` if a text needs a fact that is missing.
fn publish_report(
    project: &Project,
    options: &BuildOptions,
    mut before: Option<BuildCache>,
) -> Result<PublishedReport> {
    let project = &Arc::new(project.with_edition(options.edition.as_deref()));
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
        if let Some(runs) = make_pages(&store, &builder, &writer, fleets)? {
            break (writer, runs);
        }
    };
    let document = builder.document_file()?;
    let copied = writer.copy_linked_assets(project, &BTreeSet::new())?;
    writer.check_links()?;
    let (staging, pages) = writer.into_parts();
    let (files, unpublished) = (staging.list_files(), BTreeSet::new());
    let mut kept = KeptSite { builder, out, stamp: None, files, copied, pages, runs, unpublished };
    staging.check_room()?;
    let report = finish_report(&kept, options, document)?;
    let mut old = staging.finish_staging()?;
    kept.stamp = old.stamp.take();
    let is_temporary = options.is_temporary;
    Ok(PublishedReport { report, kept, work: LeftWork::OldSite { old, is_temporary } })
}

/// What is said of a site that is about to be in its place, beside which its document is written.
fn finish_report(
    kept: &KeptSite,
    options: &BuildOptions,
    document: Option<String>,
) -> Result<BuiltReport> {
    let KeptSite { builder, out, files, pages, runs, .. } = kept;
    let warnings: BTreeSet<String> =
        builder.missing_warnings().into_iter().chain(pages.made.missing_warnings()).collect();
    let warnings: Vec<String> = warnings.into_iter().collect();
    if options.strict {
        refuse_missing(&warnings)?;
    }
    let own_path = builder.project().root.join(&builder.project().config.submission);
    let mut notices = runs.notices.clone();
    let mut written = None;
    if let Some(text) = document {
        let path = options.document.clone().unwrap_or(own_path);
        match submission::write_submission(&path, &text)? {
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

/// Removes what killed builds of a project left, and what is remembered of sites that are gone.
/// Each result says what was removed.
pub(crate) fn remove_leftovers(project: &Project) -> Vec<Result<String>> {
    let mut outputs = cache::remembered_outputs(project);
    outputs.insert(output::find_real(&default_output(project)));
    let sites = outputs.iter().flat_map(|out| writer::remove_leftovers(out));
    let sites = sites.map(|left| left.map(|path| format!("unfinished site {}", path.display())));
    let caches = cache::remove_orphans(project).into_iter();
    sites.chain(caches.map(|left| left.map(|path| format!("cache {}", path.display())))).collect()
}

/// What is known of the runs of a project when their pages are made.
struct RunSummary {
    /// What changed since the runs before, for the first page.
    since: Json,
    /// The rows of the list of runs.
    rows: Vec<Arc<RunRow>>,
    /// What has to be said about runs.
    notices: Vec<String>,
}

/// Makes all pages, and says what the runs show; gives up with `None` if a run turns out to be
/// damaged that others were to lead to. The outline of a file does not tell all damages, and the
/// store knows them afterwards.
fn make_pages(
    store: &RunStore,
    builder: &SiteBuilder,
    writer: &PageWriter,
    mut fleets: FleetPages,
) -> Result<Option<RunSummary>> {
    let runs = RunPages::with_writer(store, builder, writer);
    let current = &builder.assessment.run.id;
    fleets.show_earlier_runs(current);
    let hidden = fleets.hidden_runs();
    let catalogue = &builder.assessment.project_data.catalogue;
    let history = RunHistory::read_history(store, catalogue, &hidden)?;
    let Some(rows) = runs.make_run_pages(&history, &fleets.fleets_of_runs())? else {
        return Ok(None);
    };
    let changes = history.summarize_changes(&builder.assessment.run, &rows);
    let mut since = json!(changes);
    since["node"] = json!(builder.assessment.run.find_node());
    since["fleet"] = fleets.newest_fleet(current);
    builder.make_site(writer, &since, &rows)?;
    builder.print_page(writer, &since, None)?;
    fleets.make_pages(&runs)?;
    history.make_trends(&runs, &rows)?;
    builder.runs_pages(writer, &rows, hidden.len())?;
    let probes = builder.probes_page(writer)?;
    builder.search_index(writer, &rows, &probes)?;
    builder.machine_files(writer, &rows, &since)?;
    let notices = store.store_warnings().into_iter().chain(fleets.left_out);
    let notices = notices.chain(changes.untimed_notice()).collect();
    Ok(Some(RunSummary { since, rows, notices }))
}

/// Reads all that pages are made of.
fn make_builder(
    project: &Arc<Project>,
    store: &RunStore,
    project_data: &ProjectData,
    run: &str,
) -> Result<SiteBuilder> {
    let mut file = store.find_run_file(run, &project.root)?;
    let loaded = store.load_file(&mut file)?;
    if let Some(target) = &project_data.target {
        find_candidate(&loaded.run, target)?;
    }
    let assessment = Assessment::new(loaded, project_data)?;
    assessment.judge_expectations()?;
    let fleets = FleetStore::open_project(project).list_fleets()?.fleets;
    SiteBuilder::new(SiteParts {
        project: Arc::clone(project),
        fleet: fleets.into_iter().next().map(|fleet| fleet.id),
        chapters: ProjectChapters::load(&project.chapters_dir(), &project.templates_dir())?,
        notes: notes::load_notes(&project.chapters_dir())?,
        texts: document_templates(project, &assessment)?,
        pages: page_templates(project)?,
        data: assets::read_all(AssetTree::Data, Some(&project.data_dir()), "", ".toml")?,
        file,
        assessment,
    })
}

fn load_templates(
    project: &Project,
    folder: &str,
    suffix: &str,
) -> Result<BTreeMap<String, TextFile>> {
    let own = project.templates_dir();
    let mut files = assets::read_all(AssetTree::Templates, Some(&own), folder, suffix)?;
    for shared in ["partials/", lookups::STATEMENTS] {
        files.extend(assets::read_all(AssetTree::Templates, Some(&own), shared, suffix)?);
    }
    Ok(files)
}

/// The templates of the pages, the charts in them, and the files beside them.
fn page_templates(project: &Project) -> Result<BTreeMap<String, TextFile>> {
    let mut files = load_templates(project, "site/", "")?;
    files.extend(load_templates(project, "charts/", "")?);
    Ok(files)
}

/// The template of the document that the edition wants, and what it includes.
fn document_templates(
    project: &Project,
    assessment: &Assessment,
) -> Result<BTreeMap<String, TextFile>> {
    match &assessment.project_data.edition {
        Some(edition) => load_templates(project, &edition.document_template(), ".md"),
        None => Ok(BTreeMap::new()),
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

/// The pages of all runs of a project.
struct RunPages<'a> {
    store: &'a RunStore,
    builder: &'a SiteBuilder,
    press: &'a PageWriter,
    /// The files that were read last: a run is compared with the one before it, which is then
    /// compared with the one before that.
    recent: Mutex<VecDeque<Arc<KeyedFile>>>,
}

/// A run file, the key of what is made of it, and its run once that was judged.
struct KeyedFile {
    file: RunFile,
    key: ContentHash,
    assessment: OnceLock<Result<Arc<Assessment>>>,
}

/// How many run files each thread has in memory at once.
const RECENT: usize = 3;

impl<'a> RunPages<'a> {
    fn with_writer(store: &'a RunStore, builder: &'a SiteBuilder, press: &'a PageWriter) -> Self {
        Self { store, builder, press, recent: Mutex::default() }
    }

    /// Makes the page of every run of the history and its comparisons, few runs in memory for each
    /// thread; gives their rows, or none if a run turned out to be damaged.
    fn make_run_pages(
        &self,
        history: &RunHistory,
        fleets: &BTreeMap<&str, &str>,
    ) -> Result<Option<Vec<Arc<RunRow>>>> {
        let damaged = self.store.damaged_files().len();
        let paths: Vec<(usize, &Path)> = history.run_paths().enumerate().collect();
        let rows = paths.into_par_iter().filter_map(|(index, path)| {
            let file = self.read_intact(path);
            let file = file.map_err(|error| self.store.add_damaged(path, error)).ok()?;
            // The comparisons first: what they lead to on its page is then looked for as it is made.
            let compared = history.make_comparisons(self, index, &file);
            let links = history.comparison_links(index, self.builder.page_titles());
            Some(compared.and_then(|()| self.make_run_page(&file, links, fleets)))
        });
        let rows: Vec<Result<Arc<RunRow>>> = rows.collect();
        // Before any error: that of a comparison with a damaged run is none.
        if self.store.damaged_files().len() > damaged {
            return Ok(None);
        }
        let mut rows = rows.into_iter().collect::<Result<Vec<_>>>()?;
        let current = &self.builder.assessment.run.id;
        if !rows.iter().any(|row| row.id == *current) {
            // A run that is named by its path need not be one of the project's.
            let file = self.keyed_file(self.builder.file.clone());
            rows.push(self.make_run_page(&file, Vec::new(), fleets)?);
        }
        for row in rows.iter_mut().filter(|row| row.id == *current) {
            Arc::make_mut(row).is_current = true;
        }
        rows.sort_by(|a, b| b.sort_key().cmp(&a.sort_key()));
        Ok(Some(rows))
    }

    fn keyed_file(&self, file: RunFile) -> KeyedFile {
        KeyedFile { key: self.builder.run_key(&file), file, assessment: OnceLock::new() }
    }

    fn read_keyed(&self, path: &Path) -> Result<Arc<KeyedFile>> {
        let known = {
            let mut recent = self.lock_recent();
            let place = recent.iter().position(|known| known.file.path == path);
            // What is asked for again stays: a baseline is compared with every run.
            place.and_then(|place| recent.remove(place))
        };
        let file = match known {
            Some(file) => file,
            None => Arc::new(self.keyed_file(RunFile::read_file(path)?)),
        };
        let mut recent = self.lock_recent();
        recent.push_front(Arc::clone(&file));
        recent.truncate(RECENT * rayon::current_num_threads());
        Ok(file)
    }

    fn lock_recent(&self) -> MutexGuard<'_, VecDeque<Arc<KeyedFile>>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a run file, and all of it unless its row was made of the same text before.
    fn read_intact(&self, path: &Path) -> Result<Arc<KeyedFile>> {
        let file = self.read_keyed(path)?;
        if self.press.cached_run_row(&file.key).is_none() && file.assessment.get().is_none() {
            let loaded = self.store.parse_run(&file.file)?;
            let _ = file.assessment.set(self.judge_loaded(loaded));
        }
        Ok(file)
    }

    /// The row of the run of a node; what is wrong with its file, if it cannot be used.
    fn node_row(&self, file: &RunFile) -> Result<Result<Arc<RunRow>, String>> {
        let key = self.builder.run_key(file);
        let row = match self.press.cached_run_row(&key) {
            Some(row) => row,
            None => match self.store.parse_run(file) {
                Err(error) => return Ok(Err(error.message)),
                Ok(loaded) => Arc::new(RunRow::new(&*self.judge_loaded(loaded)?)),
            },
        };
        self.press.keep_row(key, Arc::clone(&row));
        Ok(Ok(row))
    }

    /// Makes the page of a run, which leads to these comparisons and to the fleet of its node.
    fn make_run_page(
        &self,
        file: &KeyedFile,
        comparisons: Vec<(String, String)>,
        fleets: &BTreeMap<&str, &str>,
    ) -> Result<Arc<RunRow>> {
        // A run is only read and judged if its row or its page has to be made.
        let mut row = match self.press.cached_run_row(&file.key) {
            Some(row) => row,
            None => Arc::new(RunRow::new(&*self.assess_run(file)?)),
        };
        let fleet = fleets.get(row.id.as_str()).map(ToString::to_string);
        if (&row.comparisons, &row.fleet) != (&comparisons, &fleet) {
            let row = Arc::make_mut(&mut row);
            (row.comparisons, row.fleet) = (comparisons, fleet);
        }
        self.builder.run_page(self.press, &row, &file.key, &file.file, || self.assess_run(file))?;
        self.press.keep_row(file.key.clone(), Arc::clone(&row));
        Ok(row)
    }

    fn assess_run(&self, file: &KeyedFile) -> Result<Arc<Assessment>> {
        if file.file.text == self.builder.file.text {
            return Ok(self.builder.assessment.clone());
        }
        if let Some(judged) = file.assessment.get() {
            return judged.clone();
        }
        let judged = self.judge_loaded(self.store.parse_run(&file.file)?);
        let _ = file.assessment.set(judged.clone());
        judged
    }

    fn judge_loaded(&self, loaded: LoadedRun) -> Result<Arc<Assessment>> {
        Assessment::new(loaded, &self.builder.assessment.project_data).map(Arc::new)
    }
}
