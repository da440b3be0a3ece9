//! The run that a command is about, with what is said about it.

use std::sync::Arc;

use super::console::Console;
use crate::error::Result;
use crate::project::Project;
use crate::report::{Assessment, ProjectData};
use crate::store::RunStore;

/// A run with what is said about it, and warnings about the others of its store.
pub(super) fn load_assessment(
    project: &Project,
    reference: &str,
    console: &Console,
) -> Result<Assessment> {
    let project_data = ProjectData::load_project(project)?;
    let store = RunStore::with_catalogue(project, Arc::clone(&project_data.catalogue));
    let assessment = Assessment::new(store.load_run(reference, &project.root)?, &project_data)?;
    console.warn_all(&store.store_warnings());
    Ok(assessment)
}
