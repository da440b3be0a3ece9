//! Earlier sessions: the figures of the runs before, of the same machine and the same setting.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::figure::{
    is_change_of_baseline, is_measured, measured_median, measured_with, predicted_outcome,
};
use super::machine::{self, MachineProfile};
use crate::error::Result;
use crate::judge::timing::RunTiming;
use crate::model::{EvidenceKind, FactId, Role, Run, is_timed};
use crate::probe::catalogue::ProbeCatalogue;
use crate::project::DiffGate;
use crate::stats::ComparisonOutcome;
use crate::stats::history::SessionPrediction;
use crate::store::{RunStore, outline};

/// The figures of one session, by series and target.
#[derive(Debug, Clone, PartialEq)]
pub struct PastSession {
    /// The id of its run.
    pub id: String,
    /// The node of a cluster that it was on, if it was on one.
    node: Option<String>,
    setting: Option<SessionSetting>,
    /// Whether its own control says that nothing follows from its times.
    is_withheld: bool,
    figures: BTreeMap<(String, String), SessionFigure>,
    /// The target that figures are divided by.
    baseline: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
struct SessionFigure {
    median: f64,
    /// The value that another session must have, too.
    measured_with: Option<String>,
}

/// A gated figure of a session that lies outside of what the sessions before predict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionChange {
    /// The id of the series.
    pub series: String,
    /// The target.
    pub target: String,
    /// The baseline that the figure was divided by.
    pub over: Option<String>,
    /// Whether it is slower, or faster.
    pub is_slower: bool,
}

/// What has to be alike so that figures of two sessions can be compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SessionSetting {
    machine: MachineProfile,
    node: Option<String>,
    engine: String,
    /// The handler of every target.
    handlers: BTreeMap<String, Option<String>>,
}

impl SessionSetting {
    /// The setting of a run that was collected on a machine that can be known again.
    pub(super) fn of_run(run: &Run) -> Option<Self> {
        let EvidenceKind::Collected { engine, .. } = &run.evidence else { return None };
        let handlers = run.targets.iter().map(|t| (t.name.clone(), t.handler.clone())).collect();
        let (machine, node) = (MachineProfile::of_run(run)?, run.find_node().map(String::from));
        Some(Self { machine, node, engine: engine.clone(), handlers })
    }

    /// Whether figures of `target` in one say something about its figures in the other.
    fn is_like(&self, other: &Self, target: &str) -> bool {
        self.same_machine(other)
            && self.same_engine(other)
            && self.handlers.get(target) == other.handlers.get(target)
    }

    /// Whether the two went through the same engine, whose client is part of each figure.
    pub(super) fn same_engine(&self, other: &Self) -> bool {
        self.engine == other.engine
    }

    /// Whether the two are of one machine, or of one node.
    pub(super) fn same_machine(&self, other: &Self) -> bool {
        self.machine.is_like(&other.machine) && self.node == other.node
    }
}

impl PastSession {
    /// The figures of a run; `margin` is the one that its controls are held against.
    pub fn of_run(run: &Run, catalogue: &ProbeCatalogue, margin: f64) -> Self {
        let mut figures = BTreeMap::new();
        for (id, by_target) in &run.facts {
            for (target, fact) in by_target {
                let probe = catalogue.find_probe(id);
                if let Some(median) = measured_median(probe, fact) {
                    let measured_with = measured_with(run, probe, target);
                    let figure = SessionFigure { median, measured_with };
                    figures.insert((id.clone(), target.clone()), figure);
                }
            }
        }
        let baseline = run.with_role(Role::Baseline).next().map(|target| target.name.clone());
        let (node, setting) = (run.find_node().map(String::from), SessionSetting::of_run(run));
        let is_withheld = RunTiming::of_run(run, margin).is_withheld();
        Self { id: run.id.clone(), node, setting, is_withheld, figures, baseline }
    }

    /// The gated figures that changed since the session `before`, as a comparison of the two runs
    /// says; `sessions` are those before this one, that among them, newest first.
    pub fn gated_changes<'s>(
        &self,
        before: &Self,
        sessions: impl Iterator<Item = &'s Self>,
        gate: &DiffGate,
    ) -> Vec<SessionChange> {
        let (Some(like), Some(own)) = (&before.setting, &self.setting) else { return Vec::new() };
        let mut series = gate.series.iter();
        let series = series.find(|id| self.figures.keys().any(|(series, _)| series == *id));
        let is_withheld = self.is_withheld || before.is_withheld;
        let Some(series) = series.filter(|series| {
            like.same_machine(own) && like.same_engine(own) && !(is_withheld && is_timed(series))
        }) else {
            return Vec::new();
        };
        let mut in_both: BTreeMap<&str, f64> = BTreeMap::new();
        for ((_, target), new) in self.figures.iter().filter(|((id, _), _)| id == series) {
            let old = before.find_figure(series, target);
            let old = old.filter(|old| old.measured_with == new.measured_with);
            if old.is_some_and(|old| old.median > 0.0) && new.median > 0.0 {
                in_both.insert(target, new.median);
            }
        }
        let baseline = self.baseline.as_deref().filter(|baseline| in_both.contains_key(baseline));
        let mut judged: Vec<(&str, Option<&str>)> = Vec::new();
        for target in in_both.keys() {
            judged.push((*target, None));
            let over = baseline.filter(|baseline| baseline != target);
            judged.extend(over.map(|over| (*target, Some(over))));
        }
        let earlier = comparable_sessions(sessions, before, gate.sessions);
        let mut changes = Vec::new();
        for (target, over) in &judged {
            let figures = before.figures_with_earlier(&earlier, series, target, *over);
            let Some(prediction) = SessionPrediction::from(&figures, judged.len()) else {
                continue;
            };
            let figure = in_both[target] / over.map_or(1.0, |over| in_both[over]);
            let outcome = predicted_outcome(&prediction, figure, gate.series_margin(series), true);
            if outcome.is_difference() {
                changes.push(SessionChange {
                    series: series.clone(),
                    target: (*target).into(),
                    over: over.map(String::from),
                    is_slower: outcome == ComparisonOutcome::Slower,
                });
            }
        }
        let own: BTreeSet<String> =
            changes.iter().filter(|c| c.over.is_none()).map(|c| c.target.clone()).collect();
        changes.retain(|c| !is_change_of_baseline(&own, &c.target, c.over.as_deref()));
        changes
    }

    /// Whether nothing follows from its times: its own control differs, or its host is emulated.
    pub fn is_withheld(&self) -> bool {
        self.is_withheld
    }

    /// Whether it measured a start, a request or the speed inside a container.
    pub fn has_times(&self) -> bool {
        self.figures.keys().any(|(id, _)| is_timed(id))
    }

    /// Whether the two were collected on the same node of a cluster, or both on none.
    pub fn is_on_same_node(&self, other: &Self) -> bool {
        self.node == other.node
    }

    /// Whether the two were collected on like machines, through the same engine, or on the same
    /// node of a cluster.
    pub fn is_comparable(&self, other: &Self) -> bool {
        if self.node.is_some() || other.node.is_some() {
            return self.is_on_same_node(other);
        }
        match (&self.setting, &other.setting) {
            (Some(one), Some(other)) => one.same_machine(other) && one.same_engine(other),
            _ => false,
        }
    }

    /// The figure of a series on a target, divided by that on `over` if one is named; none if
    /// the session was made in another setting than `like`, or with a file of another size.
    pub(super) fn session_figure(
        &self,
        like: &Self,
        series: &str,
        target: &str,
        over: Option<&str>,
    ) -> Option<f64> {
        if self.is_withheld && is_timed(series) {
            return None;
        }
        let (setting, wanted) = (self.setting.as_ref()?, like.setting.as_ref()?);
        let [figure, below] = [Some(target), over].map(|target| {
            let target = target.filter(|target| setting.is_like(wanted, target))?;
            let figure = self.find_figure(series, target)?;
            let measured_with = like.find_figure(series, target).map(|it| &it.measured_with);
            (measured_with == Some(&figure.measured_with)).then_some(figure.median)
        });
        match over {
            None => figure,
            Some(_) => Some(figure? / below.filter(|below| *below > 0.0)?),
        }
    }

    /// The figures of a series on a target here and in the `earlier` sessions of this setting.
    pub(super) fn figures_with_earlier(
        &self,
        earlier: &[Self],
        series: &str,
        target: &str,
        over: Option<&str>,
    ) -> Vec<f64> {
        let others = earlier.iter().filter(|session| session.id != self.id);
        std::iter::once(self)
            .chain(others)
            .filter_map(|session| session.session_figure(self, series, target, over))
            .collect()
    }

    fn find_figure(&self, series: &str, target: &str) -> Option<&SessionFigure> {
        self.figures.get(&(series.to_string(), target.to_string()))
    }
}

/// The facts that a session is made of.
pub fn needed_facts(catalogue: &ProbeCatalogue) -> HashSet<&str> {
    let mut needed: HashSet<&str> = machine::telling_facts().map(FactId::as_str).collect();
    for probe in catalogue.iter_probes() {
        needed.extend(is_measured(Some(probe)).then_some(probe.id.as_str()));
        needed.extend(probe.measured_with.as_deref());
    }
    needed
}

/// The first `limit` of some sessions that were made on a machine like that of `like`, through the
/// same engine.
pub fn comparable_sessions<'s>(
    sessions: impl Iterator<Item = &'s PastSession>,
    like: &PastSession,
    limit: usize,
) -> Vec<PastSession> {
    let Some(like) = &like.setting else { return Vec::new() };
    sessions
        .filter(|session| {
            let setting = session.setting.as_ref();
            setting.is_some_and(|setting| setting.same_machine(like) && setting.same_engine(like))
        })
        .take(limit)
        .cloned()
        .collect()
}

/// How many outlines are read at once.
const AT_ONCE: usize = 32;

/// The sessions of a store that were made before `run`, newest first, of those comparable
/// to `like` as many as the gate looks at. Captures are not read, damaged files are left out.
///
/// # Errors
///
/// The runs cannot be listed.
pub fn sessions_before(
    store: &RunStore,
    catalogue: &ProbeCatalogue,
    run: &Run,
    like: &Run,
    gate: &DiffGate,
) -> Result<Vec<PastSession>> {
    let limit = gate.sessions;
    let like = PastSession::of_run(like, catalogue, gate.margin);
    let mut sessions = Vec::new();
    if like.setting.is_none() {
        return Ok(sessions);
    }
    let paths: Vec<_> = store
        .usable_entries()?
        .into_iter()
        .filter(|entry| (entry.created, &entry.id) < (run.created, &run.id))
        .map(|entry| entry.path.clone())
        .collect();
    let needed = needed_facts(catalogue);
    for paths in paths.chunks(AT_ONCE) {
        let mut read = Vec::new();
        let outlines = outline::map_parallel(paths, |path| {
            outline::read_outline(path, &|id| needed.contains(id))
        });
        for (path, outline) in paths.iter().zip(outlines) {
            match outline {
                Ok(run) => read.push(PastSession::of_run(&run, catalogue, gate.margin)),
                Err(error) => store.add_damaged(path, error),
            }
        }
        sessions.extend(comparable_sessions(read.iter(), &like, limit - sessions.len()));
        if sessions.len() == limit {
            break;
        }
    }
    Ok(sessions)
}
