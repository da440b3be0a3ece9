//! Measurements: what two sessions measured, judged against the sessions before.
//!
//! The figure of a candidate divided by that of the baseline in the same session comes first:
//! both were measured in turn, so what slowed the whole machine down is in both. The samples of
//! two saved sessions are not tested against each other, because two sessions of the very same
//! thing differ more than the samples inside one.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::Serialize;

use super::figure::{
    MeasuredFigure, is_change_of_baseline, measured_figure, measured_with, predicted_outcome,
};
use super::gate;
use super::history::{PastSession, SessionSetting};
use super::target::{TargetPair, pair_targets};
use crate::judge::timing::{RunTiming, WithheldReason};
use crate::model::{Fact, FactId, Role, Run, is_timed};
use crate::phrases::{FigurePhrases, fill_phrase};
use crate::probe::catalogue::{Probe, ProbeCatalogue};
use crate::project::DiffGate;
use crate::stats::history::{FEWEST, SessionPrediction};
use crate::stats::{self, ComparisonOutcome, Interval};

/// What the two runs measured, and what follows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeasurementChange {
    /// The id of the fact.
    pub series: String,
    /// The target.
    pub target: String,
    /// The baseline that the target's figure was divided by, both of the same run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
    /// The first run's figure.
    pub a: Option<MeasuredFigure>,
    /// The second run's.
    pub b: Option<MeasuredFigure>,
    /// By what factor the second is greater.
    pub ratio: Option<f64>,
    /// The 95 % interval of the factor as far as the samples of these two sessions go.
    pub ci: Option<Interval>,
    /// What follows, from the sessions before.
    pub outcome: ComparisonOutcome,
    /// Why there is no other outcome, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many earlier sessions it was judged by.
    pub sessions: usize,
    /// How many are wanted.
    pub sessions_wanted: usize,
    /// Where the figure of an equal session lies, from the sessions before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Interval>,
    /// The smallest change that matters, as a share.
    pub margin: f64,
    /// Whether its outcome can fail the gate.
    pub gated: bool,
    /// Whether the first run measured it and the second should have, and did not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub lost: bool,
    /// What the series is called.
    pub title: String,
    /// Its unit; none of a ratio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

impl MeasurementChange {
    /// Whether it lies outside of what the sessions before predict.
    pub fn is_change(&self) -> bool {
        self.outcome.is_difference()
    }

    /// Whether it fails the gate.
    pub fn is_regression(&self) -> bool {
        self.lost || (self.gated && self.outcome == ComparisonOutcome::Slower)
    }
}

/// Everything that the two runs measured and that is not the very same samples: the ratios
/// first, and of each kind what is gated first.
///
/// `earlier` are the sessions before the later one of the two.
pub(super) fn measurement_changes(
    a: &Run,
    b: &Run,
    catalogue: &ProbeCatalogue,
    earlier: &[PastSession],
    gate: &DiffGate,
    phrases: &FigurePhrases,
) -> Vec<MeasurementChange> {
    let pairs = pair_targets(a, b);
    let ids: BTreeSet<&String> = a.facts.keys().chain(b.facts.keys()).collect();
    let gated = gate::gated_series(gate, b);
    let baseline = pairs.iter().find(|pair| pair.b.role == Role::Baseline);
    let items = ids.into_iter().flat_map(|id| pairs.iter().map(move |pair| (id, pair)));
    let items: Vec<(&String, &TargetPair)> = items.collect();
    let timings = [a, b].map(|run| RunTiming::of_run(run, gate.margin).withheld_reason());
    let withheld = timings.into_iter().flatten().min();
    let mut all: Vec<MeasurementChange> = items
        .into_par_iter()
        .filter_map(|(id, pair)| {
            let id = FactId::from_text(id);
            let probe = catalogue.find_probe(&id);
            let withheld = withheld.filter(|_| is_timed(&id));
            let item = SeriesPair { id, pair, probe, catalogue, a, b, withheld, phrases };
            let mut plain = item.compare_plain()?;
            plain.margin = gate.series_margin(&id);
            plain.gated = gated.as_deref() == Some(id.as_str());
            let over = baseline.filter(|_| pair.b.role == Role::Candidate);
            let over = over.and_then(|over| item.compare_relative(over, &plain));
            Some(over.into_iter().chain([plain]).collect::<Vec<_>>())
        })
        .flatten_iter()
        .collect();
    JudgedSessions::new(a, b, &pairs, earlier, catalogue, gate, phrases)
        .judge_measurements(&mut all);
    excuse_candidates(&mut all, &phrases.baseline_moved);
    all.sort_by(|x, y| sort_measurements_by(x).cmp(&sort_measurements_by(y)));
    all
}

fn sort_measurements_by(m: &MeasurementChange) -> (bool, bool, &str, &str) {
    (!m.gated, m.over.is_none(), &m.series, &m.target)
}

struct SeriesPair<'a> {
    id: FactId<'a>,
    pair: &'a TargetPair<'a>,
    probe: Option<&'a Probe>,
    catalogue: &'a ProbeCatalogue,
    a: &'a Run,
    b: &'a Run,
    /// Why nothing follows from it in one of the two runs.
    withheld: Option<WithheldReason>,
    phrases: &'a FigurePhrases,
}

impl SeriesPair<'_> {
    fn paired_facts<'r>(
        &self,
        pair: &TargetPair,
        a: &'r Run,
        b: &'r Run,
    ) -> (Option<&'r Fact>, Option<&'r Fact>) {
        (a.find_fact(self.id, &pair.a.name), b.find_fact(self.id, &pair.b.name))
    }

    /// Why nothing follows from its times, in words.
    fn withheld_phrase(&self) -> Option<String> {
        let phrase = match self.withheld? {
            WithheldReason::HostEmulated => &self.phrases.host_emulated,
            WithheldReason::ControlDiffers | WithheldReason::IncludesStart => {
                &self.phrases.control_differs
            }
        };
        Some(phrase.clone())
    }

    /// The two figures themselves; none if there is nothing to compare or the samples are the
    /// very same.
    fn compare_plain(&self) -> Option<MeasurementChange> {
        let (old, new) = self.paired_facts(self.pair, self.a, self.b);
        let [a, b] = [old, new].map(|fact| measured_figure(self.probe, fact?));
        let samples = old.zip(new).map(|(old, new)| (fact_samples(old), fact_samples(new)));
        let is_same = samples.as_ref().is_some_and(|(old, new)| old == new);
        if (a.is_none() && b.is_none()) || is_same {
            return None;
        }
        let shift = samples.and_then(|(old, new)| stats::estimate_ratio(&old, &new));
        let reason = self.not_comparable_reason(old, new);
        let withheld = self.withheld_phrase();
        let is_withheld = withheld.is_some();
        Some(MeasurementChange {
            series: self.id.to_string(),
            target: self.pair.b.name.clone(),
            over: None,
            a,
            b,
            ratio: figure_ratio(a, b).filter(|_| !is_withheld),
            ci: shift.map(|shift| shift.interval).filter(|_| !is_withheld),
            outcome: ComparisonOutcome::Inconclusive,
            reason: reason.or(withheld),
            sessions: 0,
            sessions_wanted: FEWEST,
            expected: None,
            margin: 0.0,
            gated: false,
            lost: a.is_some() && b.is_none() && gate::is_answer_lost(self.a, self.b, &self.id),
            title: self.probe.map_or_else(|| self.id.to_string(), |probe| probe.title.clone()),
            unit: new.or(old).and_then(|fact| measurement_unit(self.probe, fact)),
        })
    }

    /// Why the two facts cannot be compared as figures.
    fn not_comparable_reason(&self, old: Option<&Fact>, new: Option<&Fact>) -> Option<String> {
        let phrases = self.phrases;
        let sides =
            [(&*phrases.first_run, self.pair.a, old), (&*phrases.second_run, self.pair.b, new)];
        for (run, target, fact) in sides {
            let Some(fact) = fact else {
                let values = [("run", run), ("target", &*target.name)];
                let Some(failure) = &target.failure else {
                    return Some(fill_phrase(&phrases.not_measured, &values));
                };
                let values = [values[0], values[1], ("failure", failure)];
                return Some(fill_phrase(&phrases.not_started, &values));
            };
            if let Fact::Missing(missing) = fact {
                let (why, reason) = (&*missing.why.to_string(), &*missing.reason);
                let values = [("run", run), ("why", why), ("reason", reason)];
                return Some(fill_phrase(&phrases.no_value, &values));
            }
            if fact_samples(fact).iter().any(|&value| value <= 0.0 || !value.is_finite()) {
                return Some(fill_phrase(&phrases.not_positive, &[("run", run)]));
            }
        }
        if let (Some(Fact::Series(a)), Some(Fact::Series(b))) = (old, new)
            && a.unit != b.unit
        {
            return Some(phrases.other_unit.clone());
        }
        let what = self.probe?.measured_with.as_deref()?;
        let [a, b] = [(self.a, self.pair.a), (self.b, self.pair.b)]
            .map(|(run, target)| measured_with(run, self.probe, &target.name));
        (a != b).then(|| {
            let what = self.catalogue.find_probe(what).map_or(what, |probe| &*probe.title);
            let [a, b] = [&a, &b].map(|value| value.as_ref().unwrap_or(&phrases.not_stated));
            let values = [("what", what), ("a", &**a), ("b", &**b)];
            fill_phrase(&phrases.measured_otherwise, &values)
        })
    }

    /// The figures divided by those of the baseline in the same run.
    fn compare_relative(
        &self,
        over: &TargetPair,
        plain: &MeasurementChange,
    ) -> Option<MeasurementChange> {
        if self.withheld.is_some() {
            return None;
        }
        let (old, new) = self.paired_facts(over, self.a, self.b);
        let (own_old, own_new) = self.paired_facts(self.pair, self.a, self.b);
        let sides = [(self.a, old, own_old), (self.b, new, own_new)];
        let [a, b] = sides.map(|(run, base, own)| {
            let (base, own) = (base?, own?);
            // Sessions of few samples are still held against sessions; files have none.
            if run.is_imported() && (has_too_few(base) || has_too_few(own)) {
                return None;
            }
            let (below, above) =
                (measured_figure(self.probe, base)?, measured_figure(self.probe, own)?);
            let shift = stats::estimate_ratio(&fact_samples(base), &fact_samples(own));
            (below.median > 0.0).then(|| MeasuredFigure {
                n: below.n.min(above.n),
                median: above.median / below.median,
                interval: shift.map(|shift| shift.interval),
            })
        });
        (a.is_some() && b.is_some()).then(|| MeasurementChange {
            over: Some(over.b.name.clone()),
            a,
            b,
            ratio: figure_ratio(a, b),
            ci: None,
            unit: None,
            ..plain.clone()
        })
    }
}

/// Whether a series is too short for a ratio, as it is on the page of its run.
fn has_too_few(fact: &Fact) -> bool {
    fact.as_series().is_some_and(|samples| samples.values.len() < stats::LEAST_COMPARED)
}

/// The samples of a fact; a single figure is one sample.
fn fact_samples(fact: &Fact) -> Vec<f64> {
    match fact {
        Fact::Series(samples) => samples.values.clone(),
        fact => fact.as_value().and_then(serde_json::Value::as_f64).into_iter().collect(),
    }
}

fn figure_ratio(a: Option<MeasuredFigure>, b: Option<MeasuredFigure>) -> Option<f64> {
    let ratio = b?.median / a?.median;
    ratio.is_finite().then_some(ratio)
}

fn measurement_unit(probe: Option<&Probe>, fact: &Fact) -> Option<String> {
    match fact {
        Fact::Series(samples) => Some(samples.unit.symbol().into()),
        _ => probe.map(|probe| probe.unit.clone()).filter(|unit| !unit.is_empty()),
    }
}

/// What the later run's figures are held against: the earlier sessions in the setting of the
/// earlier run, to which that one belongs.
struct JudgedSessions<'a> {
    older: PastSession,
    earlier: &'a [PastSession],
    /// The settings of the earlier and the later run; none where one has none.
    settings: Option<(SessionSetting, SessionSetting)>,
    pairs: &'a [TargetPair<'a>],
    /// Whether the second run is the later one.
    is_forward: bool,
    phrases: &'a FigurePhrases,
}

impl<'a> JudgedSessions<'a> {
    fn new(
        a: &Run,
        b: &Run,
        pairs: &'a [TargetPair<'a>],
        earlier: &'a [PastSession],
        catalogue: &ProbeCatalogue,
        gate: &DiffGate,
        phrases: &'a FigurePhrases,
    ) -> Self {
        let is_forward = (a.created, &a.id) <= (b.created, &b.id);
        let (older, newer) = if is_forward { (a, b) } else { (b, a) };
        let settings = SessionSetting::of_run(older).zip(SessionSetting::of_run(newer));
        let older = PastSession::of_run(older, catalogue, gate.margin);
        Self { older, earlier, settings, pairs, is_forward, phrases }
    }

    fn judge_measurements(&self, all: &mut [MeasurementChange]) {
        let judged = [true, false]
            .map(|gated| all.iter().filter(|m| m.gated == gated && m.reason.is_none()).count());
        for m in all {
            if m.reason.is_some() {
                m.outcome = ComparisonOutcome::NotComparable;
                continue;
            }
            let Some((older, newer)) = &self.settings else {
                m.reason = Some(self.phrases.unknown_machine.clone());
                continue;
            };
            let other = (!older.same_machine(newer)).then_some(&self.phrases.other_machine);
            let other =
                other.or_else(|| (!older.same_engine(newer)).then_some(&self.phrases.other_engine));
            if let Some(reason) = other {
                m.outcome = ComparisonOutcome::NotComparable;
                m.reason = Some(reason.clone());
                continue;
            }
            self.judge_measurement(m, judged[usize::from(!m.gated)]);
        }
    }

    fn judge_measurement(&self, m: &mut MeasurementChange, judged: usize) {
        let target = self.earlier_name(&m.target);
        let over = m.over.as_deref().map(|over| self.earlier_name(over));
        let figures = self.older.figures_with_earlier(self.earlier, &m.series, target, over);
        m.sessions = figures.len();
        let figure = if self.is_forward { m.b } else { m.a };
        let (Some(prediction), Some(figure)) = (SessionPrediction::from(&figures, judged), figure)
        else {
            let (count, wanted) = (figures.len().to_string(), FEWEST.to_string());
            let values = [("count", &*count), ("wanted", &*wanted)];
            m.reason = Some(match figures.len() {
                FEWEST.. => self.phrases.no_prediction.clone(),
                _ => fill_phrase(&self.phrases.few_sessions, &values),
            });
            return;
        };
        m.outcome = predicted_outcome(&prediction, figure.median, m.margin, self.is_forward);
        m.expected = Some(Interval { low: prediction.low, high: prediction.high });
    }

    /// The name that a target of the second run has in the earlier one.
    fn earlier_name<'n>(&'n self, name: &'n str) -> &'n str {
        let pair = self.pairs.iter().find(|pair| self.is_forward && pair.b.name == name);
        pair.map_or(name, |pair| &pair.a.name)
    }
}

/// Takes back what is said of ratios that moved with the baseline alone.
fn excuse_candidates(all: &mut [MeasurementChange], baseline_moved: &str) {
    let mut own_changes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for m in all.iter().filter(|m| m.over.is_none() && m.is_change()) {
        own_changes.entry(m.series.clone()).or_default().insert(m.target.clone());
    }
    for m in all.iter_mut().filter(|m| m.is_change()) {
        let own = own_changes.get(&m.series);
        if own.is_some_and(|own| is_change_of_baseline(own, &m.target, m.over.as_deref())) {
            m.reason = Some(baseline_moved.into());
            m.outcome = ComparisonOutcome::Inconclusive;
        }
    }
}
