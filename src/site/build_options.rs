//! What to build.

use std::path::PathBuf;

use super::output::OutputFolder;
use crate::error::Result;
use crate::project::Project;
use crate::report::document;

/// What to build.
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    /// The run that the report is about. `latest` of the runs of a fleet is the one of which
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

    /// The file of the document.
    pub(super) fn document_path(&self, project: &Project) -> PathBuf {
        self.document.clone().unwrap_or_else(|| project.root.join(&project.config.document))
    }

    /// Refuses places that a report cannot go to: whoever captures first for an hour has to be told
    /// before.
    ///
    /// # Errors
    ///
    /// The site cannot go to its folder, or where the document would be is somebody's own file.
    pub(crate) fn refuse_taken_places(&self, project: &Project) -> Result<()> {
        self.find_output(project)?;
        match self.edition.is_some() || project.config.edition.is_some() {
            true => document::refuse_foreign(&self.document_path(project)),
            false => Ok(()),
        }
    }
}

pub(super) fn default_output(project: &Project) -> PathBuf {
    project.root.join(&project.config.build_dir)
}
