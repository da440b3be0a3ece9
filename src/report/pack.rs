//! Packs: what a consumer of evidence with demands of its own adds to the core, such as a course.
//!
//! The core knows a pack by this trait and [`PackEdition`] alone, and [`crate::PACKS`] lists those that there are. A
//! project that names no edition of a pack in its `book.toml` sees nothing of it.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::about::AboutPage;
use super::assessment::Assessment;
use super::functions::LookupDefinition;
use super::renderer::Renderer;
use crate::error::Result;
use crate::judge::{PackEdition, RuleCheck};
use crate::model::{Capture, Facts, Target};

/// A consumer of evidence with demands of its own.
pub(crate) trait Pack: Sync {
    /// Its name, which is that of its folders in `data/` and `templates/` and of the form of
    /// evidence that it imports.
    fn pack_name(&self) -> &'static str;

    /// The names of its editions, oldest first.
    fn edition_names(&self) -> Vec<&'static str>;

    /// What an edition asks for, from the project's `data/` folder if it has a file of its own.
    ///
    /// # Errors
    ///
    /// There is no such edition, or its file cannot be used.
    fn load_edition(&self, edition: &str, data: Option<&Path>) -> Result<Arc<dyn PackEdition>>;

    /// Reads the captures of evidence that it imported into facts, and tells whose they are. Pure.
    fn read_captures(&self, captures: &[Capture]) -> (Facts, Vec<Target>);

    /// Its rules; their words are in its folder `rules/`.
    fn rule_checks(&self) -> &'static [RuleCheck];

    /// Where the words of its rules about hand-written reports are, in `data/`.
    fn report_rules_folder(&self) -> &'static str;

    /// A hand-written report held against the evidence, for the page that shows it.
    ///
    /// # Errors
    ///
    /// The words by which statements are recognised cannot be used, or the report is too long.
    fn check_report(
        &self,
        report: &HandReport,
        assessment: &Assessment,
        renderer: &Renderer,
    ) -> Result<Option<serde_json::Value>>;

    /// The edition whose evidence lies in a folder, if some does.
    fn evident_edition(&self, folder: &Path) -> Option<&'static str>;

    /// The notes that a new project of an edition has.
    ///
    /// # Errors
    ///
    /// As for [`Pack::load_edition`].
    fn list_notes(&self, edition: &str) -> Result<Vec<BlankNote>>;

    /// What all its editions ask for, as pages of `isoproof explain`.
    ///
    /// # Errors
    ///
    /// As for [`Pack::load_edition`].
    fn list_requirements(&self, data: Option<&Path>) -> Result<PackRequirements>;

    /// The look-ups that its templates call.
    fn list_lookups(&self) -> &'static [LookupDefinition];
}

/// What the editions of a pack ask for.
#[derive(Debug, Default)]
pub(crate) struct PackRequirements {
    /// What they are together.
    pub heading: String,
    /// Each of them.
    pub pages: Vec<AboutPage>,
}

/// A report that somebody wrote by hand.
pub(crate) struct HandReport<'a> {
    /// Its file, from the project's folder.
    pub name: &'a str,
    /// What it says.
    pub text: &'a str,
    /// The project's `data/` folder.
    pub data: Option<&'a Path>,
}

/// A note that is there to be written in.
#[derive(Debug, Serialize)]
pub(crate) struct BlankNote {
    /// The section of the document that it goes to, which is the name of its file.
    pub section: String,
    /// What it is about; none for the whole document.
    pub about: Option<String>,
    /// What is to be told in it.
    pub asks: Vec<String>,
}
