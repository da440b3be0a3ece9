//! A comparison with what a project's store knows of the sessions before.

use super::{DiffSide, RunDiff, history};
use crate::error::Result;
use crate::phrases::ReportPhrases;
use crate::probe::catalogue::ProbeCatalogue;
use crate::project::DiffGate;
use crate::store::RunStore;

/// Compares two runs against the history in the store, which is read as far as it is needed.
pub(crate) fn compare_runs(
    store: &RunStore,
    a: DiffSide,
    b: DiffSide,
    catalogue: &ProbeCatalogue,
    gate: &DiffGate,
    phrases: &ReportPhrases,
    all: bool,
) -> Result<RunDiff> {
    let (old, new) = match (a.run.created, &a.run.id) <= (b.run.created, &b.run.id) {
        true => (a.run, b.run),
        false => (b.run, a.run),
    };
    let earlier = history::sessions_before(store, catalogue, new, old, gate)?;
    Ok(RunDiff::between_runs(a, b, catalogue, &earlier, gate, phrases, all))
}
