//! The course's pack: all that knows the lab of runc and Kata.
//!
//! The editions of the lab and what each asks for, how far a run shows it, the evidence directory
//! that it has its students fill (import, export, readers), and hand-written reports held against
//! evidence. The core knows it as a `report::pack::Pack` alone.

mod checked;
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

use crate::error::{Error, Result};
use crate::judge::{PackEdition, RuleCheck};
use crate::model::{Capture, Facts, Target};
use crate::report::functions::LookupDefinition;
use crate::report::pack::{BlankNote, HandReport, Pack, PackRequirements};
use crate::report::{Assessment, Renderer};
use checked::CheckedView;
use claims::ClaimChecker;
use edition::Edition;
pub(crate) use edition::NAME;

/// The pack.
pub(crate) struct Lab12;

impl Pack for Lab12 {
    fn pack_name(&self) -> &'static str {
        NAME
    }

    fn edition_names(&self) -> Vec<&'static str> {
        Edition::ALL.iter().copied().map(Edition::edition_name).collect()
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
        report: &HandReport,
        assessment: &Assessment,
        renderer: &Renderer,
    ) -> Result<Option<serde_json::Value>> {
        let claims = ClaimChecker::load(report.data)?.check_report(assessment, report.text)?;
        let view = CheckedView::new(report.name, report.text, claims, assessment, renderer);
        Ok(Some(serde_json::json!(view)))
    }

    fn evident_edition(&self, folder: &Path) -> Option<&'static str> {
        let lab = folder.join("labs").join(NAME);
        let edition = match (lab.join("results").is_dir(), lab.is_dir()) {
            (true, _) => Edition::S26,
            (false, true) => Edition::F25,
            (false, false) => return None,
        };
        Some(edition.edition_name())
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
