//! How far each requirement of the lab is shown.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::edition::{EditionSpec, LabRequirement};
use crate::judge::{Conclusion, Severity};
use crate::model::{Fact, Role};
use crate::report::Assessment;

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
    /// Another runtime was tested than the one that is asked for, or none.
    OtherRuntime,
    /// It asks for an explanation, and what that rests on was captured.
    Explained,
    /// It asks for an explanation, and the author's own words for its task stand in the report.
    OwnWords,
    /// It asks for an explanation, and there is nothing to explain.
    NotExplained,
}

impl CoverageState {
    /// Whether what is asked for is there, even if it is weak.
    pub(crate) fn is_shown(self) -> bool {
        matches!(self, Self::Shown | Self::Weak | Self::Explained | Self::OwnWords)
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
    /// What readers call the runtime that is asked for, where another one was tested.
    pub unmet: Option<String>,
}

/// The coverage of every requirement of an edition. `notes` are the author's own words
/// by section.
pub(crate) fn requirement_coverage(
    assessment: &Assessment,
    spec: &EditionSpec,
    notes: &BTreeMap<String, String>,
) -> Vec<RequirementCoverage> {
    let mut rows = Vec::new();
    for requirement in &spec.requirement {
        let has_own_words = notes.contains_key(&format!("task-{}", requirement.task));
        rows.push(coverage_row(assessment, requirement, has_own_words));
    }
    rows
}

/// The finding that a container under the name of a runtime did not run under it.
const NOT_WHAT_IT_SAYS: &str = "runtime-not-what-it-says";

fn coverage_row(
    assessment: &Assessment,
    requirement: &LabRequirement,
    has_own_words: bool,
) -> RequirementCoverage {
    let mut missing = Vec::new();
    let mut findings = BTreeSet::new();
    let mut present = 0;
    let mut worst = None;
    if requirement.verdict {
        match undecided_verdict(assessment) {
            Some(reason) => missing.push(reason),
            None => present += 1,
        }
    }
    for need in &requirement.needs {
        let mut id = &need.fact;
        let Ok(mut found) = assessment.find_fact(id, need.target.word()) else { continue };
        if let (Some(instead), Fact::Missing(_)) = (&need.instead, found.fact.as_ref())
            && let Ok(other) = assessment.find_fact(instead, need.target.word())
            && other.fact.is_present()
        {
            (id, found) = (instead, other);
        }
        match found.fact.as_ref() {
            Fact::Missing(why) => missing.push(format!(
                "{} on {}: {}",
                id,
                found.target.unwrap_or(need.target.word()),
                why.reason_words()
            )),
            _ => present += 1,
        }
        let Some(target) = found.target else { continue };
        let alias = assessment.judgement.findings.iter().filter(|finding| {
            finding.rule == NOT_WHAT_IT_SAYS && finding.target.as_deref() == Some(target)
        });
        for finding in assessment.findings_about(id, target).chain(alias) {
            if finding.severity >= Severity::Warning {
                findings.insert(finding.rule.clone());
                worst = worst.max(Some(finding.severity));
            }
        }
    }
    let mut roles = requirement.needs.iter().map(|need| need.target);
    let unmet = match requirement.verdict {
        true => assessment.unmet_runtime(Role::Candidate),
        false => roles.find_map(|role| assessment.unmet_runtime(role)),
    };
    let is_refuted = worst == Some(Severity::Error);
    let state = match (present, missing.len(), worst) {
        _ if requirement.prose && has_own_words => CoverageState::OwnWords,
        _ if unmet.is_some() => CoverageState::OtherRuntime,
        (_, 0, None) if requirement.prose => CoverageState::Explained,
        (_, 0, _) if requirement.prose && !is_refuted => CoverageState::Weak,
        _ if requirement.prose => CoverageState::NotExplained,
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
        unmet: unmet.map(|runtime| assessment.reader_name(runtime)),
    }
}

/// Why the verdict on the candidate does not say which kernel it has; none if it does.
fn undecided_verdict(assessment: &Assessment) -> Option<String> {
    let Some(target) = assessment.role_target(Role::Candidate) else {
        return Some("the run has no candidate".into());
    };
    let conclusion = assessment.judgement.find_verdict(target)?.conclusion;
    let is_decided = conclusion.is_separate() || conclusion == Conclusion::SharedKernel;
    let title = &assessment.project_data.words[conclusion.conclusion_id()].title;
    let name = assessment.reader_name(target);
    (!is_decided).then(|| format!("verdict on {name}: {}", title.to_lowercase()))
}
