//! Reads all that the pages of a project are made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::site_builder::{SiteBuilder, SiteParts};
use crate::assets::{self, AssetTree, TextFile};
use crate::error::Result;
use crate::project::Project;
use crate::report::chapters::ProjectChapters;
use crate::report::lookups;
use crate::report::{Assessment, ProjectData, find_candidate, notes};
use crate::store::RunStore;
use crate::store::fleets::FleetStore;

/// Reads all that pages are made of.
pub(super) fn make_builder(
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

/// The templates of the pages, the charts in them, and the files next to them.
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
        Some(edition) => {
            let document = edition.document_template();
            let mut files = load_templates(project, &document, ".md")?;
            // What the documents of its pack share.
            if let Some((pack, _)) = document.split_once('/') {
                files.extend(load_templates(project, &format!("{pack}/partials/"), ".md")?);
            }
            Ok(files)
        }
        None => Ok(BTreeMap::new()),
    }
}
