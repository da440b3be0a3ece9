//! Packs: what a consumer of evidence with demands of its own adds to the core, such as a course.
//!
//! The core knows a pack by this trait and [`PackEdition`] alone, and [`crate::PACKS`] lists those that there are. A
//! project that names no edition of a pack in its `book.toml` sees nothing of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::about::AboutPage;
use super::assessment::Assessment;
use super::functions::LookupDefinition;
use crate::error::Result;
use crate::judge::{CheckedClaims, PackEdition, RuleCheck};
use crate::model::{Capture, Facts, Run, Target};
use crate::privacy::Redactor;

/// A consumer of evidence with demands of its own.
pub(crate) trait Pack: std::fmt::Debug + Sync {
    /// Its name, which is that of its folders in `data/` and `templates/` and of the form of
    /// evidence that it imports.
    fn pack_name(&self) -> &'static str;

    fn edition_names(&self) -> Vec<&'static str>;

    /// What an edition asks for, from the project's `data/` folder if it has a file of its own.
    fn load_edition(&self, edition: &str, data: Option<&Path>) -> Result<Arc<dyn PackEdition>>;

    /// Reads the captures of evidence that it imported into facts, and tells whose they are. Pure.
    fn read_captures(&self, captures: &[Capture]) -> (Facts, Vec<Target>);

    /// Its rules; their words are in its folder `rules/`.
    fn rule_checks(&self) -> &'static [RuleCheck];

    /// Where the words of its rules about hand-written reports are, in `data/`.
    fn report_rules_folder(&self) -> &'static str;

    /// The text of a hand-written report held against the evidence, by the words in the project's
    /// `data/` folder.
    fn check_report(
        &self,
        assessment: &Assessment,
        text: &str,
        data: &Path,
    ) -> Result<CheckedClaims>;

    /// A run from a folder of its evidence, or from a report in which that is pasted. Without a
    /// redactor nothing is replaced.
    /// Errors: it cannot be read, or nothing in it is evidence of the pack.
    fn import_evidence(
        &self,
        source: &Path,
        label: Option<String>,
        redactor: Option<&mut Redactor>,
        created: DateTime<Utc>,
    ) -> Result<Run>;

    /// The reports next to the evidence in a folder, which are none themselves: paths below it.
    fn reports_beside(&self, folder: &Path) -> Vec<String>;

    fn import_words(&self) -> CommandWords;

    /// A run as files of its evidence, by their path in the folder of that: in the form of the
    /// edition that is named, else of the run's. `target` is shown as the candidate.
    /// Errors: the run cannot be shown so, or what `data` says of the files cannot be used.
    fn export_evidence(
        &self,
        run: &Run,
        edition: Option<&str>,
        target: Option<&str>,
        data: &Path,
    ) -> Result<EvidenceFiles>;

    fn export_words(&self) -> CommandWords;

    /// Where its evidence lies as a rule, for examples.
    fn example_folder(&self) -> &'static str;

    /// The edition whose evidence lies in a folder, if some does.
    fn evident_edition(&self, folder: &Path) -> Option<&'static str>;

    /// The notes that a new project of an edition has.
    fn list_notes(&self, edition: &str) -> Result<Vec<BlankNote>>;

    /// What all its editions ask for, as pages of `isoproof explain`.
    fn list_requirements(&self, data: Option<&Path>) -> Result<PackRequirements>;

    /// The look-ups that its templates call.
    fn list_lookups(&self) -> &'static [LookupDefinition];
}

#[derive(Debug, Default)]
pub(crate) struct PackRequirements {
    pub heading: String,
    pub pages: Vec<AboutPage>,
}

/// Files by their path in the folder of the evidence.
pub(crate) type EvidenceFiles = BTreeMap<String, Vec<u8>>;

/// What the help of a command says about the evidence of a pack.
pub(crate) struct CommandWords {
    /// What it does, in a sentence.
    pub about: &'static str,
    pub example: &'static str,
    /// What one should know before; else empty.
    pub note: &'static str,
    /// What its arguments mean, by their ids.
    pub arguments: &'static [(&'static str, &'static str)],
}

#[derive(Debug, Serialize)]
pub(crate) struct BlankNote {
    /// The section of the document that it goes to, which is the name of its file.
    pub section: String,
    /// What it is about; none for the whole document.
    pub about: Option<String>,
    pub asks: Vec<String>,
}
