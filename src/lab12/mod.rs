//! The course's pack: all that knows the lab of runc and Kata.
//!
//! The editions of the lab and what each asks for, how far a run shows it, the evidence directory
//! that it has its students fill (import, export, readers), and hand-written reports held against
//! evidence. The core knows it as a `report::pack::Pack` alone.

pub mod claims;
mod coverage;
pub mod edition;
pub(crate) mod export;
pub mod import;
mod lookups;
pub mod readers;
mod requirement_pages;
mod rules;

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::error::{Error, Result};
use crate::judge::{CheckedClaims, PackEdition, RuleCheck};
use crate::model::{Capture, Facts, Run, Target};
use crate::privacy::Redactor;
use crate::report::Assessment;
use crate::report::functions::LookupDefinition;
use crate::report::pack::{BlankNote, CommandWords, EvidenceFiles, Pack, PackRequirements};
use claims::ClaimChecker;
use edition::Edition;
pub(crate) use edition::NAME;

#[derive(Debug)]
pub(crate) struct Lab12;

impl Pack for Lab12 {
    fn pack_name(&self) -> &'static str {
        NAME
    }

    fn edition_names(&self) -> Vec<&'static str> {
        Edition::ALL.iter().map(Into::into).collect()
    }

    fn load_edition(&self, edition: &str, data: Option<&Path>) -> Result<Arc<dyn PackEdition>> {
        let edition = edition.parse().map_err(|what: String| Error::unusable_input(what))?;
        Ok(Arc::new(edition::load_edition(edition, data)?))
    }

    fn read_captures(&self, captures: &[Capture]) -> (Facts, Vec<Target>) {
        let reading = readers::read_lab_captures(captures);
        (reading.facts, reading.targets)
    }

    fn rule_checks(&self) -> &'static [RuleCheck] {
        rules::CHECKS
    }

    fn report_rules_folder(&self) -> &'static str {
        claims::RULES_FOLDER
    }

    fn check_report(
        &self,
        assessment: &Assessment,
        text: &str,
        data: &Path,
    ) -> Result<CheckedClaims> {
        ClaimChecker::load(Some(data))?.check_report(assessment, text)
    }

    fn import_evidence(
        &self,
        source: &Path,
        label: Option<String>,
        redactor: Option<&mut Redactor>,
        created: DateTime<Utc>,
    ) -> Result<Run> {
        import::import_lab_folder(source, label, redactor, created)
    }

    fn reports_beside(&self, folder: &Path) -> Vec<String> {
        import::reports_beside(folder)
    }

    fn import_words(&self) -> CommandWords {
        CommandWords {
            about: "Read the evidence directory of the lab, of either edition, or a report alone",
            example: "isoproof import lab12 labs/lab12 --label mine  the lab's evidence files",
            note: "",
            arguments: &[(
                "folder",
                "The directory: labs/lab12, or a folder above it; or a report with pasted \
                 outputs, FILE.md",
            )],
        }
    }

    fn export_evidence(
        &self,
        run: &Run,
        edition: Option<&str>,
        target: Option<&str>,
        data: &Path,
    ) -> Result<EvidenceFiles> {
        let edition = edition.or(run.edition.as_deref()).and_then(|name| name.parse().ok());
        export::lab_files(run, edition.unwrap_or(Edition::F25), target, Some(data))
    }

    fn export_words(&self) -> CommandWords {
        CommandWords {
            about: "Write the evidence files of the lab, as its own commands would have written \
                    them",
            example: "isoproof export lab12 labs/lab12 --run mine",
            note: "Only what the run holds is written. No file of another content is overwritten.",
            arguments: &[
                ("folder", "The folder of the lab: labs/lab12"),
                ("edition", "The edition of the lab; by default that of the run, else f25"),
                ("target", "The target to show as Kata, where the run has several"),
            ],
        }
    }

    fn example_folder(&self) -> &'static str {
        "labs/lab12"
    }

    fn evident_edition(&self, folder: &Path) -> Option<&'static str> {
        let lab = folder.join("labs").join(NAME);
        let edition = match (lab.join("results").is_dir(), lab.is_dir()) {
            (true, _) => Edition::S26,
            (false, true) => Edition::F25,
            (false, false) => return None,
        };
        Some(edition.into_str())
    }

    fn list_notes(&self, edition: &str) -> Result<Vec<BlankNote>> {
        let edition = edition.parse().map_err(|what: String| Error::unusable_input(what))?;
        let spec = edition::load_edition(edition, None)?;
        let whole = BlankNote { section: "summary".into(), about: None, asks: Vec::new() };
        let notes = spec.task.iter().map(|task| BlankNote {
            section: format!("task-{}", task.number),
            about: Some(task.title.clone()),
            asks: spec.of_task(task.number).filter(|r| r.prose).map(|r| r.asks.clone()).collect(),
        });
        Ok(std::iter::once(whole).chain(notes).collect())
    }

    fn list_requirements(&self, data: Option<&Path>) -> Result<PackRequirements> {
        requirement_pages::list_requirements(data)
    }

    fn list_lookups(&self) -> &'static [LookupDefinition] {
        lookups::LOOKUPS
    }
}
