//! Trends: figures over the runs of a project, and the facts that changed on the way.
//!
//! It is made from the outlines of runs, so it shows facts as their files state them; the page
//! of a run, which a trend leads to, checks them against the captures.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::assessment::ProjectData;
use super::chart_scale::{ChartScale, TICKS};
use super::number;
use crate::diff::condition::image_digest_kind;
use crate::diff::history::SessionChange;
use crate::diff::machine::{MachineProfile, is_told_by};
use crate::diff::value::value_text;
use crate::model::{Fact, Role, Run, SampleUnit, fact_ids};
use crate::phrases::fill_phrase;
use crate::probe::parse::parse_output;
use crate::stats;

/// The series that are drawn, where a run has them.
const SERIES: &[&str] = &["startup.first_byte", "startup.wall"];

/// The facts whose changes are told.
const TOLD: &[&str] = &[
    "engine.version",
    "image.digest",
    "kernel.release",
    "runtime.program_version",
    "runtime.version",
];

/// The most sessions of a chart.
const SESSIONS: usize = 60;
/// The most rows of the table beside it.
const ROWS: usize = 20;
/// The most changes that are told.
const CHANGES: usize = 200;

/// The height of a chart above its axis, and the place of its top, in pixels.
const HEIGHT: f64 = 220.0;
const TOP: f64 = 12.0;
/// The places of the first and the last session, in percent.
const LEFT: f64 = 12.0;
const RIGHT: f64 = 97.0;

/// Whether a trend needs a fact.
pub fn needs_fact(id: &str) -> bool {
    SERIES.contains(&id) || TOLD.contains(&id) || id == &*fact_ids::ENGINE_STORAGE || is_told_by(id)
}

/// What trends need of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunDigest {
    id: String,
    label: Option<String>,
    created: DateTime<Utc>,
    machine: Option<MachineProfile>,
    /// By series, then by target.
    figures: BTreeMap<String, BTreeMap<String, TrendPoint>>,
    /// What its image's digest is a digest of.
    digest_kind: (Option<String>, Option<String>),
    /// By fact and target.
    told: BTreeMap<(String, String), String>,
    /// The figures that lie outside of what the sessions before predict.
    outside: Vec<SessionChange>,
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
            for (target, fact) in by_target {
                match fact {
                    Fact::Series(samples) if SERIES.contains(&id.as_str()) => {
                        let Some(summary) = stats::summarize_samples(&samples.values) else {
                            continue;
                        };
                        let point = TrendPoint {
                            median: summary.median,
                            interval: summary.interval,
                            unit: samples.unit,
                        };
                        figures.entry(id.clone()).or_default().insert(target.clone(), point);
                    }
                    Fact::Value { value, .. } if TOLD.contains(&id.as_str()) => {
                        let is_host = run.find_target(target).is_some_and(|t| t.role == Role::Host);
                        let target = if is_host { "host".into() } else { target.clone() };
                        if let Some(text) = told_text(id, value) {
                            told.insert((id.clone(), target), text);
                        }
                    }
                    _ => {}
                }
            }
        }
        Self {
            id: run.id.clone(),
            label: run.label.clone(),
            created: run.created,
            machine: MachineProfile::of_run(run),
            figures,
            digest_kind: image_digest_kind(run),
            told,
            outside: Vec::new(),
        }
    }

    /// Takes up the figures that lie outside of what the sessions before predict.
    pub fn set_outside(&mut self, outside: Vec<SessionChange>) {
        self.outside = outside;
    }

    fn find_figure(&self, series: &str, target: &str) -> Option<TrendPoint> {
        self.figures.get(series)?.get(target).copied()
    }

    /// What is said of a figure beside it: that it is a change, in words that follow it.
    fn change_words(&self, series: &str, target: &str, project_data: &ProjectData) -> String {
        let mut words = String::new();
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

    /// Takes up the verdicts: targets and what is concluded of them, in words.
    pub fn set_conclusions(&mut self, verdicts: impl Iterator<Item = (String, String)>) {
        self.told.extend(verdicts.map(|(target, words)| ((String::new(), target), words)));
    }
}

/// A fact in words. Files that an earlier isoproof wrote state an image's digest in the form in
/// which their engine did.
fn told_text(id: &str, value: &serde_json::Value) -> Option<String> {
    let text = value_text(value);
    if id != &*fact_ids::IMAGE_DIGEST {
        return Some(text.replace('\n', " "));
    }
    let digest = parse_output("image_digest", &text)?.ok()?;
    Some(value_text(&digest))
}

/// What the page of trends shows.
#[derive(Debug, Serialize)]
pub struct TrendView {
    /// One for each series.
    charts: Vec<ChartView>,
    /// What changed, newest first.
    changes: Vec<ChangeView>,
    /// How many older changes are not told.
    left_out: usize,
    /// How many runs were looked at.
    runs: usize,
    /// How many were not, because their files were changed after they were written.
    altered: usize,
    /// How many of those looked at do not say enough of their machine to be compared.
    unplaced: usize,
}

#[derive(Debug, Serialize)]
struct ChartView {
    anchor: String,
    title: String,
    /// What the sessions were measured on.
    machine: String,
    height: f64,
    axis: f64,
    ticks: Vec<TrendTick>,
    /// Whether the axis of values is logarithmic.
    is_log: bool,
    first: String,
    last: String,
    lines: Vec<LineView>,
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
struct LineView {
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
    created: String,
    target: String,
    what: String,
    is_verdict: bool,
    a: String,
    b: String,
}

impl TrendView {
    /// The trends of these runs, in any order; `altered` others were left out because their files
    /// were changed.
    pub fn new(mut runs: Vec<RunDigest>, altered: usize, project_data: &ProjectData) -> Self {
        runs.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        let charts =
            SERIES.iter().filter_map(|series| trend_chart(&runs, series, project_data)).collect();
        let mut changes = trend_changes(&runs, project_data);
        changes.reverse();
        let left_out = changes.len().saturating_sub(CHANGES);
        changes.truncate(CHANGES);
        let unplaced = runs.iter().filter(|run| run.machine.is_none()).count();
        Self { charts, changes, left_out, runs: runs.len(), altered, unplaced }
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

/// The sessions that were measured on machines like that of the newest of them.
fn trend_chart(runs: &[RunDigest], series: &str, project_data: &ProjectData) -> Option<ChartView> {
    let measured: Vec<&RunDigest> =
        runs.iter().filter(|run| run.figures.contains_key(series)).collect();
    let machine = measured.iter().rev().find_map(|run| run.machine.as_ref())?;
    let unplaced = measured.iter().filter(|run| run.machine.is_none()).count();
    let mut all = measured.clone();
    all.retain(|run| run.machine.as_ref().is_some_and(|other| other.is_like(machine)));
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
        let mut dots = Vec::new();
        for (index, run) in shown.iter().enumerate() {
            if let Some(point) = run.find_figure(series, target) {
                let interval = point.interval;
                dots.push(TrendDot {
                    x: place_session(index, shown.len()),
                    y: place_figure(&scale, point.median),
                    has_interval: interval.is_some(),
                    low: interval.map_or(0.0, |interval| place_figure(&scale, interval.low)),
                    high: interval.map_or(0.0, |interval| place_figure(&scale, interval.high)),
                    text: dot_words(run, point),
                });
            }
        }
        let segments = dots
            .windows(2)
            .map(|pair| TrendSegment { x1: pair[0].x, y1: pair[0].y, x2: pair[1].x, y2: pair[1].y })
            .collect();
        let name = reader_name(target, project_data);
        lines.push(LineView { name, style: index % 6 + 1, dots, segments });
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
    let (first, last) = date_axis(shown.first()?.created, shown.last()?.created);
    Some(ChartView {
        anchor: super::markdown::heading_slug(&format!("trend {series}")),
        title: project_data
            .catalogue
            .find_probe(series)
            .map_or_else(|| series.into(), |p| p.title.clone()),
        machine: machine.describe_machine(),
        height: TOP + HEIGHT + 34.0,
        axis: TOP + HEIGHT,
        ticks: ticks.collect(),
        is_log: scale.is_log(),
        first,
        last,
        lines,
        rows: rows.collect(),
        sessions: all.len(),
        drawn: shown.len(),
        elsewhere: measured.len() - unplaced - all.len(),
        unplaced,
    })
}

/// What a dot says when it is pointed at.
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

/// The axis that holds these points with their intervals.
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

/// What stands at both ends of an axis of sessions: their dates, and of one day the times.
fn date_axis(first: DateTime<Utc>, last: DateTime<Utc>) -> (String, String) {
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

/// Every fact that is told and that differs from what the run before on a like machine stated,
/// oldest first. A run that does not tell its machine is compared with none.
fn trend_changes(runs: &[RunDigest], project_data: &ProjectData) -> Vec<ChangeView> {
    let mut machines: Vec<&MachineProfile> = Vec::new();
    let mut known: BTreeMap<_, &String> = BTreeMap::new();
    let mut out = Vec::new();
    for run in runs {
        let Some(machine) = &run.machine else { continue };
        let found = machines.iter().position(|other| other.is_like(machine));
        let machine = found.unwrap_or_else(|| {
            machines.push(machine);
            machines.len() - 1
        });
        for (place, value) in &run.told {
            // Digests of two kinds differ although the image does not.
            let kind = (place.0 == *fact_ids::IMAGE_DIGEST).then_some(&run.digest_kind);
            let before = known.insert((machine, place, kind), value);
            if let Some(before) = before.filter(|before| *before != value) {
                let (fact, target) = place;
                out.push(ChangeView {
                    id: run.id.clone(),
                    created: run_date(run),
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
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::rules::testing::{Sketch, sketch};

    fn project_data() -> ProjectData {
        ProjectData::load_data(None).unwrap()
    }

    /// The run of a day on a machine, with a kernel in kata and a start-up series.
    fn run(day: u32, model: &str, release: &str, seconds: f64) -> RunDigest {
        let Sketch { mut run, .. } = sketch()
            .fact("cpu.model", "host", model)
            .fact("cpu.count", "host", 4)
            .fact("kernel.release", "kata", release)
            .series("startup.wall", "kata", &[seconds; 6]);
        run.id = format!("2026010{day}T000000Z-00000000");
        run.created = format!("2026-01-0{day}T00:00:00Z").parse().unwrap();
        let mut digest = RunDigest::of_run(&run);
        digest.set_conclusions(std::iter::once(("kata".into(), format!("as {release}"))));
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
        let view = TrendView::new(runs, 0, &project_data());
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
            run.evidence = crate::model::EvidenceKind::Collected {
                engine: engine.into(),
                image: "alpine".into(),
                session: "0".into(),
                node: None,
                interrupted: false,
                skipped: BTreeMap::new(),
            };
            runs.push(RunDigest::of_run(&run));
        }
        let view = TrendView::new(runs, 0, &project_data());
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
        let view = TrendView::new(runs, 0, &project_data());
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
        let view = TrendView::new(runs, 0, &project_data());
        let chart = &view.charts[0];
        assert_eq!((chart.sessions, chart.drawn), (2, 2));
        let dots = &chart.lines[0].dots;
        assert!(dots[0].x < dots[1].x && dots[0].y > dots[1].y, "later to the right, slower up");
        let cell = chart.rows[0].cells[0].as_ref().unwrap();
        assert_eq!((&*cell.median, cell.interval.as_deref()), ("2 s", Some("(2 s to 2 s)")));
        assert_eq!(chart.lines[0].segments.len(), 1);
    }

    #[test]
    fn runs_that_measured_nothing_have_no_chart() {
        let digest = RunDigest::of_run(&sketch().run);
        let view = TrendView::new(vec![digest], 0, &project_data());
        assert!(view.charts.is_empty() && view.changes.is_empty());
    }

    #[test]
    fn an_axis_of_sessions_tells_each_date_once() {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        let (morning, evening) = (at("2026-11-24T08:05:00Z"), at("2026-11-24T20:00:00Z"));
        let later = at("2026-11-25T08:00:00Z");
        let words = |(first, last): (String, String)| format!("{first} … {last}");
        assert_eq!(words(date_axis(morning, evening)), "2026-11-24 08:05 UTC … 20:00 UTC");
        assert_eq!(words(date_axis(morning, later)), "2026-11-24 … 2026-11-25");
    }
}
