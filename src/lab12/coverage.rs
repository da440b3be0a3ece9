//! How far each requirement of the lab is shown.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::edition::{EditionSpec, FactNeed, LabRequirement};
use crate::judge::fleet::BROKEN;
use crate::judge::timing::startup_clocks;
use crate::judge::workloads::Suitability;
use crate::judge::{Conclusion, Finding, Severity};
use crate::model::{Fact, FactId, Role};
use crate::report::Assessment;
use crate::report::assessment::FoundFact;
use crate::stats::ComparisonOutcome;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CoverageState {
    /// All it needs was captured, but for what the author has to add.
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
    /// It asks for an explanation, and some of what that rests on is missing.
    PartlyExplained,
    /// It asks for an explanation, and there is nothing to explain.
    NotExplained,
}

/// One row of the coverage table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RequirementCoverage {
    pub id: String,
    pub task: u32,
    /// A few words.
    pub title: String,
    /// What must be shown.
    pub asks: String,
    /// What of it no look-up shows and the author has not added in own words.
    pub author: Option<String>,
    /// How far it is shown.
    pub state: CoverageState,
    /// The titles of the rules of the findings against it.
    pub findings: Vec<String>,
    pub missing: Vec<String>,
    /// What readers call the runtime that is asked for, where another one was tested.
    pub unmet: Option<String>,
}

impl RequirementCoverage {
    /// Whether all that is asked for is there, even if it is weak.
    pub(crate) fn is_shown(&self) -> bool {
        use CoverageState::{Explained, OwnWords, Shown, Weak};
        self.author.is_none() && matches!(self.state, Shown | Weak | Explained | OwnWords)
    }
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

fn coverage_row(
    assessment: &Assessment,
    requirement: &LabRequirement,
    has_own_words: bool,
) -> RequirementCoverage {
    let mut missing = Vec::new();
    let mut findings = BTreeSet::new();
    let mut present = 0;
    let mut worst = None;
    let undecided = requirement.verdict.then(|| undecided_verdict(assessment)).flatten();
    let is_decided = undecided.is_none();
    missing.extend(undecided);
    if requirement.examples {
        missing.extend(missing_examples(assessment));
    }
    let candidate = assessment.role_target(Role::Candidate).filter(|_| requirement.verdict);
    let mut doubts: Vec<&Finding> =
        candidate.map(|name| false_names(assessment, name)).unwrap_or_default();
    for need in &requirement.needs {
        let mut id = FactId::from_text(&need.fact);
        let Ok(mut found) = assessment.find_fact(id, need.target.into_str()) else {
            continue;
        };
        let instead = need.instead.as_ref().map(|id| FactId::from_text(id));
        if let (Some(instead), Fact::Missing(_)) = (instead, found.fact.as_ref())
            && let Ok(other) = assessment.find_fact(instead, need.target.into_str())
            && other.fact.is_present()
        {
            (id, found) = (instead, other);
        }
        let unmet = unmet_need(assessment, need, &found);
        // Too few samples are some; what is not compared explains no cost.
        let is_some = found.fact.is_present() && !is_other_measurement(assessment, need);
        present += usize::from(unmet.is_none() || (is_some && !requirement.prose));
        if let Some(reason) = unmet {
            let target = found.target.unwrap_or(need.target.into_str());
            let (title, name) = (&found.probe.title, assessment.reader_name(target));
            missing.push(format!("{title}, {name}: {reason}"));
        }
        let Some(target) = found.target else { continue };
        doubts.extend(assessment.findings_about(id, target));
        doubts.extend(false_names(assessment, target));
        // What the text next to the figures says of them: they are a record and no result.
        let withheld = assessment.timing.withheld_reason();
        if let (Some(reason), true) = (withheld, found.fact.as_series().is_some()) {
            findings.insert(assessment.project_data.reasons[reason.into_str()].clone());
            worst = worst.max(Some(Severity::Warning));
        }
    }
    for finding in doubts {
        if finding.severity >= Severity::Warning {
            let rule = assessment.project_data.rules.find_rule(&finding.rule);
            findings.insert(rule.map_or_else(|| finding.rule.clone(), |rule| rule.title.clone()));
            worst = worst.max(Some(finding.severity));
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
        (1.., _, _) if requirement.prose && is_decided && !is_refuted => {
            CoverageState::PartlyExplained
        }
        _ if requirement.prose => CoverageState::NotExplained,
        (0, _, _) => CoverageState::NotCaptured,
        // A part of what does not show it is no part of what is asked for.
        _ if is_refuted => CoverageState::Refuted,
        (_, 1.., _) => CoverageState::Partly,
        (_, _, Some(_)) => CoverageState::Weak,
        _ => CoverageState::Shown,
    };
    RequirementCoverage {
        id: requirement.id.clone(),
        task: requirement.task,
        title: requirement.title.clone(),
        asks: requirement.asks.clone(),
        author: (!requirement.author.is_empty() && !has_own_words)
            .then(|| requirement.author.clone()),
        state,
        findings: findings.into_iter().collect(),
        missing,
        unmet: unmet.map(|runtime| assessment.reader_name(runtime)),
    }
}

/// The findings that a container under the name of a runtime did not run under it.
fn false_names<'a>(assessment: &'a Assessment, target: &str) -> Vec<&'a Finding> {
    let findings = assessment.judgement.findings.iter();
    findings.filter(|it| it.rule == BROKEN && it.target.as_deref() == Some(target)).collect()
}

/// Of which use the recommendations have no example: one that the candidate fits, and one that it
/// does not.
fn missing_examples(assessment: &Assessment) -> Vec<String> {
    let Some(target) = assessment.role_target(Role::Candidate) else { return Vec::new() };
    let fits = assessment.fit_evidence().judge_workloads(&assessment.project_data.workloads);
    let runtimes = fits.iter().flat_map(|fit| &fit.runtimes).filter(|fit| fit.target == target);
    let found: Vec<Suitability> = runtimes.map(|fit| fit.suitability).collect();
    let name = assessment.reader_name(target);
    let mut missing = Vec::new();
    for (suitability, words) in [(Suitability::Fit, "is"), (Suitability::Unfit, "is not")] {
        if !found.contains(&suitability) {
            missing.push(format!("an example of work that {name} {words} worth its cost for"));
        }
    }
    missing
}

/// Whether what was found is another measurement than the one that is asked for.
fn is_other_measurement(assessment: &Assessment, need: &FactNeed) -> bool {
    need.as_in_files && !assessment.run.is_imported()
}

/// Why what was found is less than what is asked for; none if it is as much.
fn unmet_need(assessment: &Assessment, need: &FactNeed, found: &FoundFact) -> Option<String> {
    if is_other_measurement(assessment, need) && found.fact.is_present() {
        return Some("measured otherwise than is asked for".into());
    }
    match found.fact.as_ref() {
        Fact::Missing(missing) => return Some(missing.reason_words().into()),
        Fact::Series(series) if series.values.len() < need.samples => {
            return Some(format!("{} of {} samples", series.values.len(), need.samples));
        }
        _ => {}
    }
    if !need.compared {
        return None;
    }
    let run = &assessment.run;
    let is_of_startup = need.fact.starts_with("startup.");
    let clock = startup_clocks(run).first().copied().filter(|_| is_of_startup);
    let id = clock.unwrap_or(FactId::from_text(&need.fact));
    let mut measures = assessment.timing.compared_measures(run).iter();
    match measures.find(|measure| measure.id == id && found.target == Some(&measure.target)) {
        None => Some("nothing to compare it with".into()),
        Some(measure) => {
            let baseline = assessment.role_target(Role::Baseline);
            let targets: Vec<&str> = baseline.into_iter().chain([&*measure.target]).collect();
            let is_comparable = measure.comparison.outcome != ComparisonOutcome::NotComparable;
            assessment
                .figure_obstacle(id, &targets)
                .or_else(|| (!is_comparable).then(|| "too few to compare".into()))
        }
    }
}

/// Why the verdict on the candidate does not say which kernel it has; none if it does.
fn undecided_verdict(assessment: &Assessment) -> Option<String> {
    let Some(target) = assessment.role_target(Role::Candidate) else {
        return Some("the run has no candidate".into());
    };
    let conclusion = assessment.judgement.find_verdict(target)?.conclusion;
    let is_decided = conclusion.is_separate() || conclusion == Conclusion::SharedKernel;
    let title = &assessment.project_data.words[conclusion.into_str()].title;
    let name = assessment.reader_name(target);
    (!is_decided).then(|| format!("verdict on {name}: {}", title.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::super::edition::{Edition, load_edition};
    use super::*;
    use crate::judge::rules::testing::{Sketch, sketch};
    use crate::model::EvidenceKind;
    use crate::report::ProjectData;
    use crate::store::LoadedRun;

    fn state_of(sketch: Sketch, id: &str) -> CoverageState {
        let data = ProjectData::load_data(None).unwrap().with_edition("s26", None).unwrap();
        let loaded =
            LoadedRun { run: sketch.run, integrity: sketch.integrity, origin: "a test".into() };
        let assessment = Assessment::new(loaded, &data).unwrap();
        let spec = load_edition(Edition::S26, None).unwrap();
        let rows = requirement_coverage(&assessment, &spec, &BTreeMap::new());
        rows.into_iter().find(|row| row.id == id).unwrap().state
    }

    #[test]
    fn a_write_to_disk_is_not_the_copy_that_the_lab_asks_for() {
        let written = || {
            let sketch = sketch().series("perf.io_write", "runc", &[0.3; 6]);
            sketch.series("perf.io_write", "kata", &[0.5; 6])
        };
        assert_ne!(state_of(written(), "s26.2.io"), CoverageState::NotCaptured);
        let mut collected = written();
        collected.run.evidence = EvidenceKind::Collected {
            engine: "docker".into(),
            image: String::new(),
            session: "0".into(),
            node: None,
            interrupted: false,
            skipped: BTreeMap::new(),
        };
        assert_eq!(state_of(collected, "s26.2.io"), CoverageState::NotCaptured);
    }
}
