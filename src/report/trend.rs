//! Trends: figures over the runs of a project, and the facts that changed on the way.
//!
//! It is made from the outlines of runs, so it shows facts as their files state them; the page
//! of a run, which a trend leads to, checks them against the captures.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::assessment::ProjectData;
use super::chart_scale::{ChartScale, TICKS};
use super::charts::style_class;
use super::number;
use crate::diff::condition::image_digest_kind;
use crate::diff::history::{self, SessionChange};
use crate::diff::machine::MachineProfile;
use crate::diff::value::value_text;
use crate::judge::timing::emulated_host;
use crate::model::{EvidenceKind, Fact, FactId, Role, Run, SampleUnit, fact_ids, is_timed};
use crate::phrases::fill_phrase;
use crate::probe::catalogue::ProbeCatalogue;
use crate::probe::parse::parse_output;
use crate::stats;

/// The series that are drawn, where a run has them.
const SERIES: &[FactId] = &[fact_ids::STARTUP_FIRST_BYTE, fact_ids::STARTUP_WALL];

/// The facts that say something of the engine that was used, whose changes are told where that is
/// known.
const TOLD_OF_ENGINES: &[FactId] = &[
    fact_ids::ENGINE_VERSION,
    fact_ids::IMAGE_DIGEST,
    fact_ids::RUNTIME_PROGRAM_VERSION,
    fact_ids::RUNTIME_VERSION,
];

fn is_told(id: FactId) -> bool {
    id == fact_ids::KERNEL_RELEASE || TOLD_OF_ENGINES.contains(&id)
}

const SESSIONS: usize = 60;
/// The most rows of the table next to it.
const ROWS: usize = 20;
const CHANGES: usize = 200;

/// The height of a chart above its axis, and the place of its top, in pixels.
const HEIGHT: f64 = 220.0;
const TOP: f64 = 12.0;
/// The places of the first and the last session, in percent.
const LEFT: f64 = 12.0;
const RIGHT: f64 = 97.0;

/// The facts that a trend is made of, those of its sessions among them.
pub fn needed_facts(catalogue: &ProbeCatalogue) -> HashSet<&str> {
    let mut needed = history::needed_facts(catalogue);
    let own = SERIES.iter().chain(TOLD_OF_ENGINES);
    needed.extend(
        own.chain(&[fact_ids::KERNEL_RELEASE, fact_ids::ENGINE_STORAGE]).map(|id| id.as_str()),
    );
    needed
}

/// What trends need of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunDigest {
    id: String,
    label: Option<String>,
    created: DateTime<Utc>,
    machine: Option<MachineProfile>,
    /// The node of a cluster that it was on, if it was on one.
    node: Option<String>,
    engine: Option<String>,
    /// Whether its host is emulated in software, so that nothing follows from its times.
    is_emulated: bool,
    handlers: BTreeMap<String, Option<String>>,
    /// By series, then by target.
    figures: BTreeMap<String, BTreeMap<String, TrendPoint>>,
    /// What its image's digest is a digest of.
    digest_kind: (Option<String>, Option<String>),
    /// By fact and target.
    told: BTreeMap<(String, String), String>,
    /// Whether it was stopped before it came to every runtime.
    is_stopped: bool,
    /// The figures that lie outside of what the sessions before predict.
    outside: Vec<SessionChange>,
    /// Whether nothing follows from its times.
    is_withheld: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct TrendPoint {
    median: f64,
    interval: Option<stats::Interval>,
    unit: SampleUnit,
}

impl RunDigest {
    /// The digest of a run or its outline.
    pub fn of_run(run: &Run) -> Self {
        let mut figures: BTreeMap<String, BTreeMap<String, TrendPoint>> = BTreeMap::new();
        let mut told = BTreeMap::new();
        for (id, by_target) in &run.facts {
            let id = FactId::from_text(id);
            for (target, fact) in by_target {
                match fact {
                    Fact::Series(samples) if SERIES.contains(&id) => {
                        let Some(summary) = stats::summarize_samples(&samples.values) else {
                            continue;
                        };
                        let point = TrendPoint {
                            median: summary.median,
                            interval: summary.interval,
                            unit: samples.unit,
                        };
                        figures.entry(id.to_string()).or_default().insert(target.clone(), point);
                    }
                    Fact::Value { value, .. } if is_told(id) => {
                        let is_host = run.find_target(target).is_some_and(|t| t.role == Role::Host);
                        let target = if is_host { "host".into() } else { target.clone() };
                        if let Some(text) = told_text(id, value) {
                            told.insert((id.to_string(), target), text);
                        }
                    }
                    _ => {}
                }
            }
        }
        let engine = match &run.evidence {
            EvidenceKind::Collected { engine, .. } => Some(engine.clone()),
            EvidenceKind::Imported { .. } => None,
        };
        let handlers = run.targets.iter().map(|t| (t.name.clone(), t.handler.clone())).collect();
        Self {
            id: run.id.clone(),
            label: run.label.clone(),
            created: run.created,
            machine: MachineProfile::of_run(run),
            node: run.find_node().map(String::from),
            engine,
            is_emulated: emulated_host(run).is_some(),
            handlers,
            figures,
            digest_kind: image_digest_kind(run),
            told,
            is_stopped: false,
            outside: Vec::new(),
            is_withheld: false,
        }
    }

    /// Takes up that nothing follows from its times, because its own control differs. Of an
    /// emulated host the chart says it itself.
    pub fn set_withheld(&mut self, is_withheld: bool) {
        self.is_withheld = is_withheld && !self.is_emulated;
    }

    /// Takes up the figures that lie outside of what the sessions before predict.
    pub fn set_outside(&mut self, outside: Vec<SessionChange>) {
        if !self.is_emulated {
            self.outside = outside;
        }
    }

    /// Whether it names its node, or enough of its machine to know it again.
    fn is_placed(&self) -> bool {
        self.node.is_some() || self.machine.is_some()
    }

    /// Whether the two were on one node, or on machines that are alike.
    fn is_of_place(&self, other: &Self) -> bool {
        match (&self.node, &other.node) {
            (None, None) => self.is_of_machine(other),
            (one, other) => one == other,
        }
    }

    fn is_of_machine(&self, other: &Self) -> bool {
        match (&self.machine, &other.machine) {
            (Some(one), Some(other)) => one.is_like(other),
            _ => false,
        }
    }

    fn find_figure(&self, series: &str, target: &str) -> Option<TrendPoint> {
        self.figures.get(series)?.get(target).copied()
    }

    /// What is said of a figure next to it: that it is a change, in words that follow it.
    fn change_words(&self, series: &str, target: &str, project_data: &ProjectData) -> String {
        let mut words = match self.is_withheld && is_timed(series) {
            true => project_data.phrases.session_withheld.clone(),
            false => String::new(),
        };
        for change in self.outside.iter().filter(|c| c.series == series && c.target == target) {
            let outcome = if change.is_slower { "slower" } else { "faster" };
            let over = change.over.as_ref().map(|over| reader_name(over, project_data));
            let phrase = match over {
                None => &project_data.phrases.session_change,
                Some(_) => &project_data.phrases.session_change_over,
            };
            let other = over.unwrap_or_default();
            words.push_str(&fill_phrase(phrase, &[("outcome", outcome), ("other", &other)]));
        }
        words
    }

    /// Takes up the verdicts: targets and what is concluded of them, in words; and whether the
    /// session was stopped before it came to others.
    pub fn set_conclusions(
        &mut self,
        verdicts: impl Iterator<Item = (String, String)>,
        is_stopped: bool,
    ) {
        self.told.extend(verdicts.map(|(target, words)| ((String::new(), target), words)));
        self.is_stopped = is_stopped;
    }
}

/// A fact in words. Files that an earlier isoproof wrote state an image's digest in the form in
/// which their engine did.
fn told_text(id: FactId, value: &serde_json::Value) -> Option<String> {
    let text = value_text(value);
    if id != fact_ids::IMAGE_DIGEST {
        return Some(text.replace('\n', " "));
    }
    let digest = parse_output("image_digest", &text)?.ok()?;
    Some(value_text(&digest))
}

/// What the page of trends shows.
#[derive(Debug, Serialize)]
pub struct TrendView {
    charts: Vec<TrendChart>,
    changes: Vec<ChangeView>,
    /// How many older changes are not told.
    left_out: usize,
    runs: usize,
    /// How many of them have times of starts.
    timed: usize,
    /// How many of them were compared with one before of the same place and engine.
    compared: usize,
    /// How many of them were stopped before they came to every runtime.
    stopped: usize,
    omitted: OmittedRuns,
    /// How many of those looked at do not say enough of their machine to be compared.
    unplaced: usize,
}

/// How many runs a page does not look at.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct OmittedRuns {
    /// Those whose files were changed after they were written.
    pub altered: usize,
    /// Those of nodes of fleets, of which the pages of the fleets tell.
    pub of_fleets: usize,
}

#[derive(Debug, Serialize)]
struct TrendChart {
    anchor: String,
    title: String,
    /// The engine, whose client is part of every figure; none of imported runs.
    engine: Option<String>,
    machine: String,
    height: f64,
    axis: f64,
    ticks: Vec<TrendTick>,
    /// Whether the axis of values is logarithmic.
    is_log: bool,
    first: String,
    last: String,
    has_intervals: bool,
    /// How many of the sessions that are drawn were on an emulated host.
    emulated: usize,
    lines: Vec<TrendLine>,
    rows: Vec<RowView>,
    /// How many sessions there are, and how many of them are drawn.
    sessions: usize,
    drawn: usize,
    /// How many others measured the same on machines of other kinds, and on machines that are not
    /// known.
    elsewhere: usize,
    unplaced: usize,
}

#[derive(Debug, Serialize)]
struct TrendTick {
    y: f64,
    label: String,
}

#[derive(Debug, Serialize)]
struct TrendLine {
    name: String,
    /// Which of the six ways to draw it, from 1.
    style: usize,
    dots: Vec<TrendDot>,
    segments: Vec<TrendSegment>,
}

#[derive(Debug, Serialize)]
struct TrendDot {
    x: f64,
    y: f64,
    has_interval: bool,
    low: f64,
    high: f64,
    text: String,
}

#[derive(Debug, Serialize)]
struct TrendSegment {
    x1: f64,
    y1: f64,
    x2: f64,
    y2: f64,
}

#[derive(Debug, Serialize)]
struct RowView {
    id: String,
    label: Option<String>,
    created: String,
    /// For each line of the chart; none where the run has no such figure.
    cells: Vec<Option<CellView>>,
}

#[derive(Debug, PartialEq, Serialize)]
struct CellView {
    median: String,
    /// Its 95 % interval, where the samples have one.
    interval: Option<String>,
    /// That it is a change, in words; empty if it is none.
    change: String,
}

#[derive(Debug, Serialize)]
struct ChangeView {
    id: String,
    /// The node of a cluster that both runs are of, if they are of one.
    node: Option<String>,
    created: String,
    /// The engine of both runs; none of what is the host's, or where it is not known.
    engine: Option<String>,
    target: String,
    what: String,
    is_verdict: bool,
    a: String,
    b: String,
}

impl TrendView {
    /// The trends of these runs, in any order, besides which others were left out.
    pub fn new(mut runs: Vec<RunDigest>, omitted: OmittedRuns, project_data: &ProjectData) -> Self {
        runs.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        let (mut changes, compared) = trend_changes(&runs, project_data);
        changes.reverse();
        let left_out = changes.len().saturating_sub(CHANGES);
        changes.truncate(CHANGES);
        let unplaced = runs.iter().filter(|run| !run.is_placed()).count();
        let stopped = runs.iter().filter(|run| run.is_stopped).count();
        let charts = trend_charts(&runs, project_data);
        let timed = runs.iter().filter(|run| !run.figures.is_empty()).count();
        let runs = runs.len();
        Self { charts, changes, left_out, runs, timed, compared, stopped, omitted, unplaced }
    }
}

fn run_date(run: &RunDigest) -> String {
    run.created.format("%Y-%m-%d %H:%M UTC").to_string()
}

fn reader_name(target: &str, project_data: &ProjectData) -> String {
    match target {
        "host" => "host".into(),
        target => project_data.names.get(target).cloned().unwrap_or_else(|| target.into()),
    }
}

/// A chart for each series and engine, that of the engine that was used last first.
fn trend_charts(runs: &[RunDigest], project_data: &ProjectData) -> Vec<TrendChart> {
    let mut charts = Vec::new();
    for series in SERIES {
        let mut by_engine: Vec<Vec<&RunDigest>> = Vec::new();
        for run in runs.iter().rev().filter(|run| run.figures.contains_key(&**series)) {
            match by_engine.iter_mut().find(|sessions| sessions[0].engine == run.engine) {
                Some(sessions) => sessions.push(run),
                None => by_engine.push(vec![run]),
            }
        }
        for mut measured in by_engine {
            measured.reverse();
            charts.extend(trend_chart(&measured, series, project_data));
        }
    }
    charts
}

/// The sessions of one engine that were measured on machines like that of the newest of them.
fn trend_chart(
    measured: &[&RunDigest],
    series: &str,
    project_data: &ProjectData,
) -> Option<TrendChart> {
    let newest = measured.iter().rev().find(|run| run.machine.is_some())?;
    let unplaced = measured.iter().filter(|run| run.machine.is_none()).count();
    let mut all = measured.to_vec();
    all.retain(|run| run.is_of_machine(newest));
    let shown = &all[all.len().saturating_sub(SESSIONS)..];
    let mut targets: Vec<&String> = Vec::new();
    for target in shown.iter().flat_map(|run| run.figures[series].keys()) {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    let points: Vec<TrendPoint> =
        shown.iter().flat_map(|run| run.figures[series].values().copied()).collect();
    let unit = points.first()?.unit;
    let scale = trend_scale(&points)?;
    let mut lines = Vec::new();
    for (index, target) in targets.iter().enumerate() {
        let name = reader_name(target, project_data);
        lines.push(draw_line(name, style_class(index), shown, (series, target), &scale));
    }
    let rows = shown.iter().rev().take(ROWS).map(|run| RowView {
        id: run.id.clone(),
        label: run.label.clone(),
        created: run_date(run),
        cells: targets
            .iter()
            .map(|target| {
                let point = run.find_figure(series, target)?;
                Some(CellView {
                    median: number::format_measured(point.median, point.unit),
                    interval: interval_words(point),
                    change: run.change_words(series, target, project_data),
                })
            })
            .collect(),
    });
    let ticks = scale.tick_values(TICKS).into_iter().map(|value| TrendTick {
        y: place_figure(&scale, value),
        label: number::format_tick(value, unit),
    });
    let (first, last) = date_range(shown.first()?.created, shown.last()?.created);
    Some(TrendChart {
        anchor: super::markdown::heading_slug(&format!(
            "trend {series} {}",
            newest.engine.as_deref().unwrap_or_default()
        )),
        title: project_data
            .catalogue
            .find_probe(series)
            .map_or_else(|| series.into(), |p| p.title.clone()),
        engine: newest.engine.clone(),
        machine: newest.machine.as_ref()?.describe_machine(),
        height: TOP + HEIGHT + 34.0,
        axis: TOP + HEIGHT,
        ticks: ticks.collect(),
        is_log: scale.is_log(),
        first,
        last,
        has_intervals: points.iter().any(|point| point.interval.is_some()),
        emulated: shown.iter().filter(|run| run.is_emulated).count(),
        lines,
        rows: rows.collect(),
        sessions: all.len(),
        drawn: shown.len(),
        elsewhere: measured.len() - unplaced - all.len(),
        unplaced,
    })
}

/// The line of a target. It joins sessions that follow each other, unless one does not have the
/// figure or was started in another way; what hands made is nothing that can be known to be alike.
fn draw_line(
    name: String,
    style: usize,
    shown: &[&RunDigest],
    (series, target): (&str, &str),
    scale: &ChartScale,
) -> TrendLine {
    let (mut dots, mut segments) = (Vec::<TrendDot>::new(), Vec::new());
    let mut before: Option<&RunDigest> = None;
    for (index, run) in shown.iter().enumerate() {
        let point = run.find_figure(series, target);
        if let Some(point) = point {
            let (x, y) = (place_session(index, shown.len()), place_figure(scale, point.median));
            let is_alike = before.is_some_and(|before| {
                run.engine.is_some() && run.handlers.get(target) == before.handlers.get(target)
            });
            if let Some(last) = dots.last().filter(|_| is_alike) {
                segments.push(TrendSegment { x1: last.x, y1: last.y, x2: x, y2: y });
            }
            let interval = point.interval;
            dots.push(TrendDot {
                x,
                y,
                has_interval: interval.is_some(),
                low: interval.map_or(0.0, |interval| place_figure(scale, interval.low)),
                high: interval.map_or(0.0, |interval| place_figure(scale, interval.high)),
                text: dot_words(run, point),
            });
        }
        before = point.map(|_| *run);
    }
    TrendLine { name, style, dots, segments }
}

fn dot_words(run: &RunDigest, point: TrendPoint) -> String {
    let median = number::format_measured(point.median, point.unit);
    let interval = interval_words(point).map(|words| format!(" {words}")).unwrap_or_default();
    format!("{}: {median}{interval}", run_date(run))
}

fn interval_words(point: TrendPoint) -> Option<String> {
    let interval = point.interval?;
    let [low, high] =
        [interval.low, interval.high].map(|end| number::format_measured(end, point.unit));
    Some(format!("({low} to {high})"))
}

fn trend_scale(points: &[TrendPoint]) -> Option<ChartScale> {
    let mut least = f64::INFINITY;
    let mut greatest: f64 = 0.0;
    for point in points {
        let interval =
            point.interval.unwrap_or(stats::Interval { low: point.median, high: point.median });
        (least, greatest) = (least.min(interval.low), greatest.max(interval.high));
    }
    (greatest.is_finite() && greatest > 0.0).then(|| ChartScale::cover_values(least, greatest))
}

/// When the first and the last session were: their dates, and of one day the times.
fn date_range(first: DateTime<Utc>, last: DateTime<Utc>) -> (String, String) {
    let forms = match first.date_naive() == last.date_naive() {
        true => ["%Y-%m-%d %H:%M UTC", "%H:%M UTC"],
        false => ["%Y-%m-%d", "%Y-%m-%d"],
    };
    (first.format(forms[0]).to_string(), last.format(forms[1]).to_string())
}

/// The place of a session in a chart of `count`, in percent.
#[allow(clippy::cast_precision_loss, reason = "few sessions are drawn")]
fn place_session(index: usize, count: usize) -> f64 {
    round_tenths(match count {
        1 => f64::midpoint(LEFT, RIGHT),
        _ => LEFT + (RIGHT - LEFT) * index as f64 / (count - 1) as f64,
    })
}

/// The place of a figure in a chart, in pixels from the top.
fn place_figure(scale: &ChartScale, value: f64) -> f64 {
    round_tenths(TOP + HEIGHT * (1.0 - scale.axis_share(value)))
}

fn round_tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// Every fact that is told and that differs from what the run before said of the same node, or of
/// a like machine, and through the same engine unless it is the host's kernel; oldest first. And how
/// many runs were compared with one before of the same engine.
fn trend_changes(runs: &[RunDigest], project_data: &ProjectData) -> (Vec<ChangeView>, usize) {
    let mut places: Vec<&RunDigest> = Vec::new();
    let mut known: BTreeMap<_, &String> = BTreeMap::new();
    let (mut out, mut compared) = (Vec::new(), 0);
    for run in runs.iter().filter(|run| run.is_placed()) {
        let found = places.iter().position(|other| other.is_of_place(run));
        let place = found.unwrap_or_else(|| {
            places.push(run);
            places.len() - 1
        });
        let mut is_compared = false;
        for (subject, value) in &run.told {
            let (fact, target) = subject;
            let is_host_kernel = target == "host" && *fact == fact_ids::KERNEL_RELEASE;
            let engine = run.engine.as_ref().filter(|_| !is_host_kernel);
            if engine.is_none() && TOLD_OF_ENGINES.contains(&FactId::from_text(fact)) {
                continue;
            }
            // Digests of two kinds differ although the image does not.
            let kind = (*fact == fact_ids::IMAGE_DIGEST).then_some(&run.digest_kind);
            let before = known.insert((place, subject, engine, kind), value);
            is_compared |= before.is_some() && !is_host_kernel;
            if let Some(before) = before.filter(|before| *before != value) {
                out.push(ChangeView {
                    id: run.id.clone(),
                    node: run.node.clone(),
                    created: run_date(run),
                    engine: engine.cloned(),
                    target: reader_name(target, project_data),
                    is_verdict: fact.is_empty(),
                    what: match project_data.catalogue.find_probe(fact) {
                        Some(probe) => probe.title.clone(),
                        None => "Verdict".into(),
                    },
                    a: before.clone(),
                    b: value.clone(),
                });
            }
        }
        compared += usize::from(is_compared);
    }
    (out, compared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::rules::testing::{Sketch, sketch};

    fn project_data() -> ProjectData {
        ProjectData::load_data(None).unwrap()
    }

    fn collected_with(engine: &str, node: Option<&str>) -> EvidenceKind {
        EvidenceKind::Collected {
            engine: engine.into(),
            image: "alpine".into(),
            session: "0".into(),
            node: node.map(String::from),
            interrupted: false,
            skipped: BTreeMap::new(),
        }
    }

    /// The run of a day on a machine, with a kernel in kata and a start-up series.
    fn run(day: u32, model: &str, release: &str, seconds: f64) -> RunDigest {
        let Sketch { mut run, .. } = sketch()
            .fact("cpu.model", "host", model)
            .fact("cpu.count", "host", 4)
            .fact("kernel.release", "kata", release)
            .series("startup.wall", "kata", &[seconds; 6]);
        run.evidence = collected_with("nerdctl", None);
        run.id = format!("2026010{day}T000000Z-00000000");
        run.created = format!("2026-01-0{day}T00:00:00Z").parse().unwrap();
        let mut digest = RunDigest::of_run(&run);
        digest.set_conclusions(std::iter::once(("kata".into(), format!("as {release}"))), false);
        digest
    }

    #[test]
    fn a_change_is_told_once_and_not_between_machines() {
        let runs = vec![
            run(1, "EPYC", "6.1", 1.0),
            run(2, "Xeon", "5.9", 1.0),
            run(3, "EPYC", "6.1", 1.0),
            run(4, "EPYC", "6.2", 1.0),
            run(5, "EPYC", "6.2", 1.0),
        ];
        let view = TrendView::new(runs, OmittedRuns::default(), &project_data());
        let told: Vec<(&str, &str, &str, &str)> = view
            .changes
            .iter()
            .map(|c| (c.id.as_str(), c.what.as_str(), c.a.as_str(), c.b.as_str()))
            .collect();
        let id = "20260104T000000Z-00000000";
        assert_eq!(
            told,
            [(id, "Kernel release", "6.1", "6.2"), (id, "Verdict", "as 6.1", "as 6.2")]
        );
    }

    #[test]
    fn an_image_changed_only_where_one_kind_of_digest_did() {
        let [one, other] = ["39", "75"].map(|end| format!("{}{end}", "0".repeat(62)));
        let stated = [
            ("docker", format!("sha256:{one}")),
            ("ctr", format!("REF TYPE DIGEST\nalpine manifest sha256:{other} 1008.2 KiB")),
            ("podman", one.clone()),
            ("docker", format!("sha256:{one}")),
            ("ctr", format!("sha256:{other}")),
            ("podman", format!("sha256:{other}")),
        ];
        let mut runs = Vec::new();
        for (day, (engine, digest)) in (1..).zip(stated) {
            let facts = sketch().fact("cpu.model", "host", "EPYC").fact("cpu.count", "host", 4);
            let mut run = facts.fact("image.digest", "host", digest).run;
            run.created = format!("2026-01-0{day}T00:00:00Z").parse().unwrap();
            run.evidence = collected_with(engine, None);
            runs.push(RunDigest::of_run(&run));
        }
        let view = TrendView::new(runs, OmittedRuns::default(), &project_data());
        let told: Vec<(&str, &str)> =
            view.changes.iter().map(|change| (change.a.as_str(), change.b.as_str())).collect();
        let [one, other] = [one, other].map(|digits| format!("sha256:{digits}"));
        assert_eq!(told, [(one.as_str(), other.as_str())]);
    }

    #[test]
    fn runs_that_do_not_tell_their_machine_are_counted_and_not_compared() {
        let mut runs: Vec<RunDigest> =
            (1..=5).map(|day| run(day, "EPYC", &format!("6.{day}"), 1.0)).collect();
        runs[0] = run(1, "Xeon", "5.9", 1.0);
        for unknown in &mut runs[1..3] {
            unknown.machine = None;
        }
        let view = TrendView::new(runs, OmittedRuns::default(), &project_data());
        let chart = &view.charts[0];
        assert_eq!((chart.sessions, chart.elsewhere, chart.unplaced), (2, 1, 2));
        assert_eq!((view.runs, view.unplaced), (5, 2));
        assert!(
            view.changes
                .iter()
                .all(|c| (c.a.ends_with("6.4"), c.b.ends_with("6.5")) == (true, true))
        );
    }

    #[test]
    fn a_chart_has_the_sessions_of_one_machine_in_order() {
        let runs = vec![
            run(3, "EPYC", "6.1", 2.0),
            run(1, "EPYC", "6.1", 1.0),
            run(2, "Xeon", "6.1", 9.0),
        ];
        let view = TrendView::new(runs, OmittedRuns::default(), &project_data());
        let chart = &view.charts[0];
        assert_eq!((chart.sessions, chart.drawn), (2, 2));
        let dots = &chart.lines[0].dots;
        assert!(dots[0].x < dots[1].x && dots[0].y > dots[1].y, "later to the right, slower up");
        let cell = chart.rows[0].cells[0].as_ref().unwrap();
        assert_eq!((&*cell.median, cell.interval.as_deref()), ("2 s", Some("(2 s to 2 s)")));
        assert_eq!(chart.lines[0].segments.len(), 1);
    }

    /// The places of the dots and of the ends of the segments of a line.
    fn places_of(line: &TrendLine) -> (Vec<f64>, Vec<(f64, f64)>) {
        let dots = line.dots.iter().map(|dot| dot.x).collect();
        (dots, line.segments.iter().map(|segment| (segment.x1, segment.x2)).collect())
    }

    #[test]
    fn sessions_of_one_engine_are_drawn_together_and_no_others() {
        let mut runs: Vec<RunDigest> =
            (1..=5).map(|day| run(day, "EPYC", "6.1", f64::from(day))).collect();
        for (run, engine) in runs.iter_mut().zip(["ctr", "docker", "ctr", "docker", "docker"]) {
            run.engine = Some(engine.into());
        }
        let view = TrendView::new(runs, OmittedRuns::default(), &project_data());
        let charts = view.charts.iter();
        let charts: Vec<(Option<&str>, usize)> =
            charts.map(|chart| (chart.engine.as_deref(), chart.sessions)).collect();
        assert_eq!(charts, [(Some("docker"), 3), (Some("ctr"), 2)]);
        assert_eq!(places_of(&view.charts[1].lines[0]).1, [(LEFT, RIGHT)]);
        assert!(view.charts[0].anchor != view.charts[1].anchor);
    }

    #[test]
    fn a_line_has_a_gap_where_a_session_has_no_figure_or_another_handler() {
        let mut runs: Vec<RunDigest> = (1..=5).map(|day| run(day, "EPYC", "6.1", 1.0)).collect();
        let other = runs[1].figures["startup.wall"]["kata"];
        runs[1].figures.insert("startup.wall".into(), BTreeMap::from([("runc".into(), other)]));
        runs[4].handlers.insert("kata".into(), Some("kata-fc".into()));
        let view = TrendView::new(runs, OmittedRuns::default(), &project_data());
        let lines = &view.charts[0].lines;
        let kata = lines.iter().find(|line| line.name == "Kata").unwrap();
        let (dots, segments) = places_of(kata);
        assert_eq!((dots.len(), segments), (4, vec![(dots[1], dots[2])]));
    }

    #[test]
    fn times_of_an_emulated_host_are_drawn_and_nothing_is_said_of_them() {
        let change = SessionChange {
            series: "startup.wall".into(),
            target: "kata".into(),
            over: None,
            is_slower: true,
        };
        let told = |model: &str| {
            let mut digest = run(1, model, "6.1", 1.0);
            digest.set_outside(vec![change.clone()]);
            let view = TrendView::new(vec![digest], OmittedRuns::default(), &project_data());
            let chart = &view.charts[0];
            (chart.emulated, chart.rows[0].cells[0].as_ref().unwrap().change.clone())
        };
        assert_eq!(told("EPYC"), (0, "; slower".into()));
        assert_eq!(told("QEMU TCG CPU version 2.5+"), (1, String::new()));
        let mut withheld = run(1, "EPYC", "6.1", 1.0);
        withheld.set_withheld(true);
        let view = TrendView::new(vec![withheld], OmittedRuns::default(), &project_data());
        let cell = view.charts[0].rows[0].cells[0].as_ref().unwrap();
        assert_eq!(cell.change, "; its own control differs, so this is no result");
    }

    #[test]
    fn versions_are_compared_between_runs_of_one_engine_and_the_hosts_kernel_between_all() {
        let session = |day: u32, engine: &str, version: &str, kernel: &str| {
            let facts = sketch().fact("cpu.model", "host", "EPYC").fact("cpu.count", "host", 4);
            let facts = facts.fact("engine.version", "host", version);
            let mut run = facts.fact("kernel.release", "host", kernel).run;
            run.created = format!("2026-01-0{day}T00:00:00Z").parse().unwrap();
            run.evidence = collected_with(engine, None);
            RunDigest::of_run(&run)
        };
        let runs = vec![
            session(1, "podman", "5.4.2", "6.1"),
            session(2, "docker", "26.1.5", "6.2"),
            session(3, "podman", "5.4.3", "6.2"),
        ];
        let view = TrendView::new(runs, OmittedRuns::default(), &project_data());
        let told: Vec<_> = view
            .changes
            .iter()
            .map(|c| (c.engine.as_deref(), c.a.as_str(), c.b.as_str()))
            .collect();
        assert_eq!(told, [(Some("podman"), "5.4.2", "5.4.3"), (None, "6.1", "6.2")]);
        assert_eq!((view.runs, view.compared), (3, 1));
    }

    #[test]
    fn a_node_is_compared_with_itself_alone_and_need_not_name_its_processors() {
        let on_node = |day: u32, node: &str, kernel: &str| {
            let mut run = sketch().fact("kernel.release", "runc", kernel).run;
            run.created = format!("2026-01-0{day}T00:00:00Z").parse().unwrap();
            run.evidence = collected_with("kubernetes", Some(node));
            RunDigest::of_run(&run)
        };
        let runs =
            |nodes: [&str; 2]| vec![on_node(1, nodes[0], "6.1"), on_node(2, nodes[1], "6.2")];
        let view = TrendView::new(runs(["a", "a"]), OmittedRuns::default(), &project_data());
        assert_eq!((view.changes.len(), view.compared, view.unplaced), (1, 1, 0));
        let view = TrendView::new(runs(["a", "b"]), OmittedRuns::default(), &project_data());
        assert_eq!((view.changes.len(), view.compared, view.unplaced), (0, 0, 0));
    }

    #[test]
    fn runs_that_measured_nothing_have_no_chart() {
        let digest = RunDigest::of_run(&sketch().run);
        let view = TrendView::new(vec![digest], OmittedRuns::default(), &project_data());
        assert!(view.charts.is_empty() && view.changes.is_empty());
    }

    #[test]
    fn a_range_of_sessions_tells_each_date_once() {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        let (morning, evening) = (at("2026-11-24T08:05:00Z"), at("2026-11-24T20:00:00Z"));
        let later = at("2026-11-25T08:00:00Z");
        let words = |(first, last): (String, String)| format!("{first} … {last}");
        assert_eq!(words(date_range(morning, evening)), "2026-11-24 08:05 UTC … 20:00 UTC");
        assert_eq!(words(date_range(morning, later)), "2026-11-24 … 2026-11-25");
    }
}
