//! What was built.

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::Error;
use crate::report::Assessment;

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
