//! Comparing: two judged runs to what changed between them. The other forms are made from this.
//!
//! A difference is listed once. Facts are matched by id and by the name of their target; what
//! changes from run to run without meaning is marked and left out unless it is asked for.
//! Measurements are apart from facts, because two figures always differ: whether that means
//! anything is for `stats` to say.

mod change;
mod compare;
pub(crate) mod condition;
mod expectation;
mod fact;
mod figure;
mod finding;
pub(crate) mod fleet;
mod gate;
pub mod history;
pub(crate) mod machine;
mod measurement;
mod side;
mod target;
pub(crate) mod value;

pub use change::{Change, ChangeKind, MissingSide};
pub(crate) use compare::compare_runs;
pub use condition::RunCondition;
pub use expectation::{ExpectationChange, expectation_changes};
pub use figure::MeasuredFigure;
pub use finding::FindingChanges;
pub use gate::is_weaker;
pub use measurement::MeasurementChange;
pub use side::DiffSide;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::judge::Severity;
use crate::model::Role;
use crate::phrases::ReportPhrases;
use crate::probe::catalogue::ProbeCatalogue;
use crate::project::{DiffGate, FailOn};

/// What changed from one run to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunDiff {
    /// The id of the run that is compared with.
    pub a: String,
    /// The id of the run that is compared.
    pub b: String,
    /// The label of the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a_label: Option<String>,
    /// The label of the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b_label: Option<String>,
    /// What else differs between the two, so that a change is not blamed on the wrong cause.
    pub conditions: Vec<RunCondition>,
    /// What changed, the most important first.
    pub changes: Vec<Change>,
    /// What both measured, and what follows; nothing where the samples are the very same.
    pub measurements: Vec<MeasurementChange>,
    /// Findings of one run that the other has not.
    pub findings: FindingChanges,
    /// What the first run met of what the project expects, and the second does not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expectations: Vec<ExpectationChange>,
    /// How many changes of volatile facts were left out.
    pub volatile_left_out: usize,
}

impl RunDiff {
    /// Compares two runs. `all` keeps the facts that change from run to run without meaning;
    /// `earlier` are the sessions before the later of the two, for [`history::sessions_before`] to find.
    ///
    /// ```
    /// use isoproof::diff::{DiffSide, RunDiff};
    /// use isoproof::report::{Assessment, ProjectData};
    /// # use isoproof::{error::Result, project::Project, store::RunStore};
    /// # fn main() -> Result<()> {
    /// # let project = Project::open_folder(env!("CARGO_MANIFEST_DIR").as_ref())?;
    /// # let runs = RunStore::open_project(&project)?;
    /// let data = ProjectData::load_project(&project)?;
    /// let one = Assessment::new(runs.load_run("customer", &project.root)?, &data)?;
    /// let other = Assessment::new(runs.load_run("four-runtimes", &project.root)?, &data)?;
    /// let [a, b] = [&one, &other]
    ///     .map(|side| DiffSide { run: &side.run, judgement: &side.judgement });
    /// let gate = &project.config.gate;
    /// let diff = RunDiff::between_runs(a, b, &data.catalogue, &[], gate, &data.phrases, false);
    /// assert!(!diff.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn between_runs(
        a: DiffSide,
        b: DiffSide,
        catalogue: &ProbeCatalogue,
        earlier: &[history::PastSession],
        gate: &DiffGate,
        phrases: &ReportPhrases,
        all: bool,
    ) -> Self {
        let pairs = target::pair_targets(a.run, b.run);
        let mut changes = target::target_changes(a, b, &pairs);
        changes.extend(fact::fact_changes(a.run, b.run, &pairs, catalogue, &phrases.relations));
        for change in &mut changes {
            change.regression = gate::is_regression(change, a.run, b.run);
        }
        changes.sort_by(|x, y| x.sort_key().cmp(&y.sort_key()));
        let before = changes.len();
        changes.retain(|change| all || !change.volatile);
        Self {
            a: a.run.id.clone(),
            b: b.run.id.clone(),
            a_label: a.run.label.clone(),
            b_label: b.run.label.clone(),
            conditions: condition::differing_conditions(a.run, b.run, &pairs, &phrases.conditions),
            measurements: measurement::measurement_changes(
                a.run,
                b.run,
                catalogue,
                earlier,
                gate,
                &phrases.figures,
            ),
            volatile_left_out: before - changes.len(),
            changes,
            findings: FindingChanges::between_sides(a, b, &pairs),
            expectations: Vec::new(),
        }
    }

    /// Whether nothing changed that was looked at.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
            && !self.measurements.iter().any(|m| m.is_change() || m.lost)
            && self.findings.is_empty()
            && self.expectations.is_empty()
            && self.conditions.iter().all(|condition| condition.is_bookkeeping)
    }

    /// The changes of verdicts.
    pub fn verdict_changes(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.kind == ChangeKind::Verdict)
    }
}

/// What makes a comparison fail: the ids of the differences of these kinds, with their targets.
pub fn gate_failures(diff: &RunDiff, fail_on: &[FailOn]) -> BTreeSet<String> {
    let mut failures = BTreeSet::new();
    for kind in fail_on {
        let changes = diff.changes.iter().filter(|change| match kind {
            FailOn::Change => true,
            FailOn::Regression => change.regression,
            FailOn::Verdict => is_verdict_lost_or_changed(change),
            FailOn::Finding | FailOn::Never => false,
        });
        failures.extend(changes.map(|change| format!("{} of {}", change.fact, change.target)));
        let measurements = diff.measurements.iter().filter(|m| match kind {
            FailOn::Change => m.is_change() || m.lost,
            FailOn::Regression => m.is_regression(),
            FailOn::Verdict | FailOn::Finding | FailOn::Never => false,
        });
        failures.extend(measurements.map(|m| match &m.over {
            Some(over) => format!("{} of {} ÷ {over}", m.series, m.target),
            None => format!("{} of {}", m.series, m.target),
        }));
        if matches!(kind, FailOn::Change | FailOn::Regression) {
            failures.extend(diff.expectations.iter().map(|one| one.expects.clone()));
        }
        let conditions = diff.conditions.iter().filter(|condition| !condition.is_bookkeeping);
        let removed = diff.findings.removed.iter();
        let added = diff.findings.added.iter().filter(|finding| match kind {
            FailOn::Change => true,
            // A note is worth knowing, and no defect.
            FailOn::Finding => finding.severity > Severity::Note,
            FailOn::Regression | FailOn::Verdict | FailOn::Never => false,
        });
        failures.extend(added.map(|finding| finding.rule.clone()));
        if *kind == FailOn::Change {
            failures.extend(removed.map(|finding| finding.rule.clone()));
            failures.extend(conditions.map(|condition| condition.what.clone()));
        }
    }
    failures
}

/// Another verdict, or none any more because the runtime is gone.
fn is_verdict_lost_or_changed(change: &Change) -> bool {
    match change.kind {
        ChangeKind::TargetGone => change.role != Role::Host,
        kind => kind == ChangeKind::Verdict,
    }
}

#[cfg(test)]
mod tests;
