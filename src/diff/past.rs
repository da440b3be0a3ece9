//! Earlier sessions: the figures of the runs before, of the same machine and the same setting.

use std::collections::BTreeMap;

use super::machine::{self, Machine};
use super::measurement;
use crate::error::Result;
use crate::model::{Evidence, Run};
use crate::probe::catalogue::Catalogue;
use crate::store::{Store, outline};

/// The figures of one session, by series and target.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// The id of its run.
    pub id: String,
    setting: Option<Setting>,
    figures: BTreeMap<(String, String), f64>,
}

/// What has to be alike so that figures of two sessions can be compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Setting {
    machine: Machine,
    engine: String,
    /// The handler of every target.
    handlers: BTreeMap<String, Option<String>>,
}

impl Setting {
    /// The setting of a run that was collected on a machine that can be known again.
    pub(super) fn of(run: &Run) -> Option<Self> {
        let Evidence::Collected { engine, .. } = &run.evidence else { return None };
        let handlers = run.targets.iter().map(|t| (t.name.clone(), t.handler.clone())).collect();
        Some(Self { machine: Machine::of(run)?, engine: engine.clone(), handlers })
    }

    /// Whether figures of `target` in one say something about its figures in the other.
    fn is_like(&self, other: &Self, target: &str) -> bool {
        self.machine.is_like(&other.machine)
            && self.engine == other.engine
            && self.handlers.get(target) == other.handlers.get(target)
    }

    /// Whether the two are of one machine.
    pub(super) fn same_machine(&self, other: &Self) -> bool {
        self.machine.is_like(&other.machine)
    }
}

impl Session {
    /// The figures of a run.
    pub fn of(run: &Run, catalogue: &Catalogue) -> Self {
        let mut figures = BTreeMap::new();
        for (id, by_target) in &run.facts {
            for (target, fact) in by_target {
                let figure = measurement::figure(catalogue.get(id), fact);
                if let Some(figure) = figure {
                    figures.insert((id.clone(), target.clone()), figure.median);
                }
            }
        }
        Self { id: run.id.clone(), setting: Setting::of(run), figures }
    }

    /// The figure of a series on a target, divided by that on `over` if one is named; none if
    /// the session was made in another setting than `like`.
    pub(super) fn figure(
        &self,
        like: &Setting,
        series: &str,
        target: &str,
        over: Option<&str>,
    ) -> Option<f64> {
        let setting = self.setting.as_ref()?;
        let of = |target: &str| {
            let is_like = setting.is_like(like, target);
            is_like.then(|| self.figures.get(&(series.to_string(), target.to_string()))).flatten()
        };
        let figure = *of(target)?;
        match over {
            None => Some(figure),
            Some(over) => Some(figure / of(over)?),
        }
    }
}

/// The sessions of a store that were made before `run`, newest first, at most `limit` of those
/// made on a machine like that of `like`. Captures are not read.
///
/// # Errors
///
/// A run file cannot be read or is damaged.
pub fn before(
    store: &Store,
    catalogue: &Catalogue,
    run: &Run,
    like: &Run,
    limit: usize,
) -> Result<Vec<Session>> {
    let Some(like) = Setting::of(like) else { return Ok(Vec::new()) };
    let wanted = |id: &str| machine::is_told_by(id) || measurement::is_series(catalogue.get(id));
    let mut sessions = Vec::new();
    for entry in store.list()? {
        if (entry.created, &entry.id) >= (run.created, &run.id) {
            continue;
        }
        if sessions.len() == limit {
            break;
        }
        let session = Session::of(&outline::outline(&entry.path, &wanted)?, catalogue);
        if session.setting.as_ref().is_some_and(|setting| setting.same_machine(&like)) {
            sessions.push(session);
        }
    }
    Ok(sessions)
}
