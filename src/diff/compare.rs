//! A comparison with what a project's store knows of the sessions before.

use super::{Diff, Side, past};
use crate::error::Result;
use crate::model::Run;
use crate::probe::catalogue::Catalogue;
use crate::project::Gate;
use crate::store::Store;

/// Compares two runs against the history in the store, which is read as far as it is needed.
///
/// # Errors
///
/// A run of the history cannot be read or is damaged.
pub fn compare(
    store: &Store,
    a: Side,
    b: Side,
    catalogue: &Catalogue,
    gate: &Gate,
    all: bool,
) -> Result<Diff> {
    let key = |run: &Run| (run.created, run.id.clone());
    let (old, new) = if key(a.run) <= key(b.run) { (a.run, b.run) } else { (b.run, a.run) };
    let earlier = past::before(store, catalogue, new, old, gate.sessions)?;
    Ok(Diff::of(a, b, catalogue, &earlier, gate, all))
}
