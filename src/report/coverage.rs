//! How far each requirement of the lab is shown.

use std::collections::BTreeSet;

use serde::Serialize;

use super::assessment::Assessment;
use crate::judge::Severity;
use crate::model::Fact;
use crate::probe::edition::LabRequirement;

/// How far a requirement is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CoverageState {
    /// All it needs was captured.
    Shown,
    /// All it needs was captured, and a finding speaks against relying on it.
    Weak,
    /// All it needs was captured, and an error among the findings says that it does not show
    /// what is asked for.
    Refuted,
    /// Some of what it needs is missing.
    Partly,
    /// Nothing of what it needs was captured.
    NotCaptured,
    /// It asks for an explanation.
    Explained,
}

impl CoverageState {
    /// Whether what is asked for is there, even if it is weak.
    pub(crate) fn is_shown(self) -> bool {
        matches!(self, Self::Shown | Self::Weak | Self::Explained)
    }
}

/// One row of the coverage table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RequirementCoverage {
    /// The id of the requirement.
    pub id: String,
    /// The number of its task.
    pub task: u32,
    /// A few words.
    pub title: String,
    /// What must be shown.
    pub asks: String,
    /// How far it is shown.
    pub state: CoverageState,
    /// The rules of the findings against it.
    pub findings: Vec<String>,
    /// What is missing, and why.
    pub missing: Vec<String>,
}

/// The coverage of every requirement of the subject's edition.
pub(crate) fn requirement_coverage(assessment: &Assessment) -> Vec<RequirementCoverage> {
    assessment
        .edition
        .requirement
        .iter()
        .map(|requirement| coverage_row(assessment, requirement))
        .collect()
}

fn coverage_row(assessment: &Assessment, requirement: &LabRequirement) -> RequirementCoverage {
    let mut missing = Vec::new();
    let mut findings = BTreeSet::new();
    let mut present = 0;
    let mut worst = None;
    for need in &requirement.needs {
        let Ok(found) = assessment.find_fact(&need.fact, need.target.word()) else { continue };
        match found.fact.as_ref() {
            Fact::Missing(why) => missing.push(format!(
                "{} on {}: {}",
                need.fact,
                found.target.unwrap_or(need.target.word()),
                why.reason
            )),
            _ => present += 1,
        }
        let Some(target) = found.target else { continue };
        for finding in assessment.findings_about(&need.fact, target) {
            if finding.severity >= Severity::Warning {
                findings.insert(finding.rule.clone());
                worst = worst.max(Some(finding.severity));
            }
        }
    }
    let state = match (present, missing.len(), worst) {
        (0, 0, _) => CoverageState::Explained,
        (0, _, _) => CoverageState::NotCaptured,
        (_, 1.., _) => CoverageState::Partly,
        (_, _, Some(Severity::Error)) => CoverageState::Refuted,
        (_, _, Some(_)) => CoverageState::Weak,
        _ => CoverageState::Shown,
    };
    RequirementCoverage {
        id: requirement.id.clone(),
        task: requirement.task,
        title: requirement.title.clone(),
        asks: requirement.asks.clone(),
        state,
        findings: findings.into_iter().collect(),
        missing,
    }
}
