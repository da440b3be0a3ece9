//! The site: from the runs of a project to a folder of pages, and the document of an edition next to it.
//!
//! Pages are made in parallel, each goes to disk as soon as it is made, and one whose
//! ingredients did not change is taken over from the site before. What is kept in memory of a
//! run is its row in the list. The finished site takes the place of the old one in one step.

mod build_options;
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
mod project_pages;
mod published_report;
mod run_pages;
mod scan;
mod search;
mod site_builder;
mod site_memory;
mod site_sources;
pub(crate) mod view;
mod writer;

use crate::error::Result;
use crate::project::Project;
pub use build_options::BuildOptions;
use build_options::default_output;
pub use kept_site::BuiltReport;
pub(crate) use kept_site::{LATE_FILES, SourceChanges};
pub(crate) use manifest::{MARKER, SiteManifest};
use published_report::publish_report;
pub(crate) use site_memory::SiteMemory;

/// Builds the site of a project, and the document of an edition where one is asked for.
///
/// ```
/// use isoproof::project::Project;
/// use isoproof::site::{BuildOptions, build_report};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::create_dir_all(folder.path().join("data/runs"))?;
/// # let run = "data/runs/20261124T200059Z-540f7ff3.json";
/// # std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/data/runs/20261124T200059Z-540f7ff3.json"),
/// #     folder.path().join(run))?;
/// let project = Project::open_folder(folder.path())?;
/// let built = build_report(&project, &BuildOptions { run: "latest".into(), ..Default::default() })?;
/// assert!(built.out.join("index.html").exists() && built.document.is_none());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The run or a template cannot be used, or a file cannot be written or removed.
pub fn build_report(project: &Project, options: &BuildOptions) -> Result<BuiltReport> {
    publish_report(project, options, None)?.finish_work(&|| false).map(|(report, ..)| report)
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
