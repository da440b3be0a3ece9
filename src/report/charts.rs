//! Charts: where what stands in a drawing. How it is drawn is `templates/charts/*.svg`.
//!
//! Places across are percentages and places down are pixels, so that a chart fills its column
//! while its letters keep their size on a telephone. Colours are classes: the style sheet knows
//! the themes. Nothing here is a script, a style attribute or fetched from elsewhere.

use serde::Serialize;
use tera::Context;

use super::assessment::Assessment;
use super::chart_scale::{ChartScale, TICKS};
use super::costs::cost_figures;
use super::number;
use super::phases;
use crate::judge::Verdict;
use crate::judge::suitability::CostRatio;
use crate::judge::workloads::CostScale;
use crate::model::{Fact, FactId, Role, SampleUnit, Samples, fact_ids};
use crate::stats;

/// The info string of a fenced block that is a chart; its kind and the id of its fact follow.
pub(crate) const CHART: &str = "isoproof-chart";

/// The greatest place across, in percent: room for half of the last label.
const RIGHT: f64 = 96.0;
/// The place of zero, in percent.
const LEFT: f64 = 1.0;

/// How many lines of one chart the style sheet can draw so that no two look alike.
const LINE_STYLES: usize = 12;

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString, strum::VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum ChartKind {
    /// Every sample as a dot, with median and interval, a row for each target.
    Samples,
    /// The share of samples up to each value, a line for each target.
    Ecdf,
    /// The phases of a start, a bar for each target.
    Phases,
    /// What each runtime costs relative to the baseline, a panel for each measure.
    Ratios,
}

impl ChartKind {
    /// Whether it is about one fact, which is named with it.
    pub(crate) fn is_about_fact(self) -> bool {
        matches!(self, Self::Samples | Self::Ecdf)
    }
}

/// The fenced block that stands for a chart in Markdown.
pub(crate) fn chart_block(kind: ChartKind, id: &str) -> String {
    format!("```{}\n```", format!("{CHART} {kind} {id}").trim_end())
}

#[derive(Debug)]
pub(crate) struct Chart {
    kind: ChartKind,
    view: ChartView,
}

#[derive(Debug, Default, Serialize)]
struct ChartView {
    /// A prefix for the ids of the drawing, unique on its page.
    anchor: String,
    title: String,
    /// In pixels, with everything below the axis.
    height: u32,
    axis: u32,
    ticks: Vec<ChartTick>,
    rows: Vec<ChartRow>,
    legend: Vec<ChartLegendEntry>,
    /// Whether the axis is logarithmic.
    is_log: bool,
    /// One for each measure, where ratios are drawn.
    panels: Vec<ChartPanel>,
    /// The place of the ratio 1.
    one_x: f64,
}

#[derive(Debug, Serialize)]
struct ChartPanel {
    title: String,
    rows: Vec<ChartRow>,
}

#[derive(Debug, Serialize)]
struct ChartTick {
    x: f64,
    label: String,
}

/// A target. `median` and `interval` are its ratio and the interval of that where ratios are
/// drawn; an empty `median` says that there is none.
#[derive(Debug, Default, Clone, Serialize)]
struct ChartRow {
    name: String,
    /// The id of the conclusion about the target, where that chooses its colour.
    conclusion: &'static str,
    n: usize,
    /// Which of the ways to draw it, from 1.
    style: usize,
    y: u32,
    median: String,
    median_x: f64,
    interval: Option<String>,
    low_x: f64,
    high_x: f64,
    dots: Vec<ChartDot>,
    /// The outline of a line, in percent of the plot.
    path: String,
    bars: Vec<ChartBar>,
    outliers: usize,
}

#[derive(Debug, Clone, Serialize)]
struct ChartDot {
    x: f64,
    y: u32,
    value: String,
    is_outlier: bool,
}

#[derive(Debug, Clone, Serialize)]
struct ChartBar {
    number: usize,
    word: &'static str,
    part: &'static str,
    x: f64,
    width: f64,
    middle: f64,
    value: String,
}

#[derive(Debug, Serialize)]
struct ChartLegendEntry {
    number: usize,
    word: &'static str,
    part: &'static str,
    y: u32,
}

/// The place of a value across the plot, in percent.
fn place_across(scale: &ChartScale, value: f64) -> f64 {
    round_percent(LEFT + (RIGHT - LEFT) * scale.axis_share(value))
}

fn axis_ticks(scale: &ChartScale, unit: SampleUnit) -> Vec<ChartTick> {
    let values = scale.tick_values(TICKS).into_iter();
    let ticks = values.map(|value| ChartTick {
        x: place_across(scale, value),
        label: number::format_tick(value, unit),
    });
    ticks.collect()
}

/// Hundredths of a percent are enough for any screen.
fn round_percent(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

impl Chart {
    /// The chart of a kind about a fact; none if the run has nothing to draw.
    pub(crate) fn draw_chart(assessment: &Assessment, kind: ChartKind, id: FactId) -> Option<Self> {
        let mut view = match kind {
            ChartKind::Samples => samples_view(&chart_series(assessment, id, None))?,
            ChartKind::Ecdf => ecdf_view(&chart_series(assessment, id, floor_of(id)))?,
            ChartKind::Phases => phase_bars_view(assessment)?,
            ChartKind::Ratios => ratios_view(assessment)?,
        };
        view.title = assessment
            .project_data
            .catalogue
            .find_probe(&id)
            .map(|probe| probe.title.clone())
            .unwrap_or_default();
        Some(Self { kind, view })
    }

    /// The chart that the info string of a fenced block names.
    pub(crate) fn from_info_string(assessment: &Assessment, info: &str) -> Option<Self> {
        let mut words = info.strip_prefix(CHART)?.split_whitespace();
        let kind = words.next()?.parse().ok()?;
        Self::draw_chart(assessment, kind, FactId::from_text(words.next().unwrap_or_default()))
    }

    pub(crate) fn template_name(&self) -> String {
        let suffix = if self.kind == ChartKind::Ratios { "html" } else { "svg" };
        format!("charts/{}.{suffix}", self.kind)
    }

    /// What its template sees; `number` is that of the chart on its page.
    pub(crate) fn template_context(mut self, number: usize) -> Context {
        self.view.anchor = format!("chart_{number}");
        let mut context = Context::new();
        context.insert("chart", &self.view);
        context
    }
}

/// The series on the host that is the least which a fact can be, if there is one.
fn floor_of(id: FactId) -> Option<FactId<'static>> {
    (id == fact_ids::HTTP_LATENCY).then_some(fact_ids::HTTP_FLOOR)
}

/// The series of every runtime, by name, with the one on the host that is their floor.
fn chart_series<'a>(
    assessment: &'a Assessment,
    id: FactId,
    floor: Option<FactId>,
) -> Vec<(String, &'a Samples)> {
    let mut list = Vec::new();
    for target in &assessment.run.targets {
        let (id, name) = match (target.role, floor) {
            (Role::Host, Some(floor)) => {
                (floor, assessment.project_data.phrases.loopback_floor.clone())
            }
            (Role::Host, None) => continue,
            _ => (id, assessment.reader_name(&target.name)),
        };
        let samples = assessment.run.find_fact(id, &target.name).and_then(Fact::as_series);
        list.extend(samples.map(|samples| (name, samples)));
    }
    list.retain(|(_, samples)| {
        samples.values.iter().all(|value| value.is_finite() && *value >= 0.0)
    });
    list
}

/// The scale of several series, if there is anything to draw: one sample alone is no picture.
fn shared_scale(list: &[(String, &Samples)]) -> Option<(ChartScale, SampleUnit)> {
    let unit = list.first()?.1.unit;
    let most = list.iter().map(|(_, samples)| samples.values.len()).max()?;
    let values = list.iter().flat_map(|(_, samples)| &samples.values).copied();
    let (least, greatest) = (values.clone().reduce(f64::min)?, values.reduce(f64::max)?);
    (most >= 2 && greatest > 0.0).then(|| (ChartScale::cover_values(least, greatest), unit))
}

/// The number of the class in the style sheet by which a line of this place is drawn.
pub(super) fn style_class(place: usize) -> usize {
    place % LINE_STYLES + 1
}

fn chart_row(name: &str, samples: &Samples, scale: &ChartScale, style: usize) -> ChartRow {
    let Some(summary) = stats::summarize_samples(&samples.values) else {
        return ChartRow::default();
    };
    let interval = summary.interval;
    ChartRow {
        name: name.to_string(),
        n: summary.n,
        style,
        median: number::format_measured(summary.median, samples.unit),
        median_x: place_across(scale, summary.median),
        interval: interval
            .map(|interval| number::format_range(interval.low, interval.high, samples.unit)),
        low_x: place_across(scale, interval.map_or(summary.median, |interval| interval.low)),
        high_x: place_across(scale, interval.map_or(summary.median, |interval| interval.high)),
        outliers: summary.outliers.len(),
        ..ChartRow::default()
    }
}

fn samples_view(list: &[(String, &Samples)]) -> Option<ChartView> {
    const HEIGHT: u32 = 76;
    /// Dots that would cover each other stand next to each other.
    const SCATTER: [u32; 5] = [0, 7, 3, 10, 5];
    let (scale, unit) = shared_scale(list)?;
    let mut rows = Vec::new();
    let mut y = 22;
    for (style, (name, samples)) in list.iter().enumerate() {
        let mut row = chart_row(name, samples, &scale, style_class(style));
        let outliers = stats::find_outliers(&samples.values);
        row.y = y;
        row.dots = samples
            .values
            .iter()
            .enumerate()
            .map(|(place, value)| ChartDot {
                x: place_across(&scale, *value),
                y: y + 14 + SCATTER[place % SCATTER.len()],
                value: number::format_measured(*value, samples.unit),
                is_outlier: outliers.contains(&place),
            })
            .collect();
        rows.push(row);
        y += HEIGHT;
    }
    Some(ChartView {
        height: y + 14,
        axis: y - 14,
        ticks: axis_ticks(&scale, unit),
        rows,
        is_log: scale.is_log(),
        ..ChartView::default()
    })
}

fn ecdf_view(list: &[(String, &Samples)]) -> Option<ChartView> {
    const PLOT: u32 = 220;
    let (scale, unit) = shared_scale(list)?;
    let mut rows = Vec::new();
    let mut y = PLOT + 62;
    for (style, (name, samples)) in list.iter().enumerate() {
        let mut row = chart_row(name, samples, &scale, style_class(style));
        row.y = y;
        row.path = ecdf_steps(&samples.values, &scale);
        rows.push(row);
        y += 24;
    }
    Some(ChartView {
        height: y - 8,
        axis: PLOT,
        ticks: axis_ticks(&scale, unit),
        rows,
        is_log: scale.is_log(),
        ..ChartView::default()
    })
}

/// The steps of the empirical distribution, in percent of the plot, from its lower left corner.
fn ecdf_steps(values: &[f64], scale: &ChartScale) -> String {
    let mut ascending = values.to_vec();
    ascending.sort_by(f64::total_cmp);
    let mut path = format!("M{LEFT} 100");
    for (count, value) in ascending.iter().enumerate() {
        #[allow(clippy::cast_precision_loss, reason = "no series has 2^52 samples")]
        let y = 100.0 - 100.0 * (count + 1) as f64 / ascending.len() as f64;
        path.push_str(&format!("H{}V{}", place_across(scale, *value), round_percent(y)));
    }
    path.push_str("H100");
    path
}

fn phase_bars_view(assessment: &Assessment) -> Option<ChartView> {
    let splits = phases::all_splits(assessment);
    let greatest = splits.iter().map(phases::PhaseSplit::total_seconds).reduce(f64::max)?;
    let scale = ChartScale::cover_values(0.0, greatest);
    let mut legend: Vec<ChartLegendEntry> = Vec::new();
    let mut rows = Vec::new();
    let mut y = 20;
    for split in &splits {
        let mut at = 0.0;
        let mut bars = Vec::new();
        for phase in &split.phases {
            let known = legend.iter().find(|entry| entry.word == phase.word);
            let number = known.map_or(legend.len() + 1, |entry| entry.number);
            if known.is_none() {
                legend.push(ChartLegendEntry {
                    number,
                    word: phase.word,
                    part: phase.part.into_str(),
                    y: 0,
                });
            }
            let (x, end) = (place_across(&scale, at), place_across(&scale, at + phase.median));
            bars.push(ChartBar {
                number,
                word: phase.word,
                part: phase.part.into_str(),
                x,
                width: round_percent(end - x),
                middle: round_percent(f64::midpoint(x, end)),
                value: number::format_measured(phase.median, phase.samples.unit),
            });
            at += phase.median;
        }
        let median = number::format_measured(at, SampleUnit::Seconds);
        rows.push(ChartRow {
            name: assessment.reader_name(split.target),
            y,
            median,
            bars,
            ..ChartRow::default()
        });
        y += 66;
    }
    let axis = y - 12;
    y += 42;
    for entry in &mut legend {
        entry.y = y;
        y += 24;
    }
    Some(ChartView {
        height: y - 8,
        axis,
        ticks: axis_ticks(&scale, SampleUnit::Seconds),
        rows,
        legend,
        ..ChartView::default()
    })
}

/// The height of a line in a panel of ratios, and the place of the first.
const RATIO_ROW: u32 = 14;
const RATIO_TOP: u32 = 8;

/// The ratios of one measure, in the order of the runtimes.
struct MeasureRatios<'a> {
    title: &'a str,
    ratios: Vec<Option<RatioPoint>>,
}

/// A ratio to the baseline, with its interval where it has one.
#[derive(Clone, Copy)]
struct RatioPoint {
    ratio: f64,
    interval: Option<stats::Interval>,
}

/// The ratios of every measure that has one, for these runtimes.
fn measured_ratios<'a>(
    assessment: &'a Assessment,
    runtimes: &[&Verdict],
) -> Vec<MeasureRatios<'a>> {
    let mut measured = Vec::new();
    for measure in &assessment.project_data.workloads.measures {
        let mut ratios = Vec::new();
        if measure.scale != CostScale::Ratio {
            continue;
        }
        for runtime in runtimes {
            let figures = cost_figures(assessment, measure, &runtime.target).ok();
            ratios.push(match figures.map(|figures| (figures.ratio, figures.missing)) {
                Some((CostRatio::Ratio { ratio, interval }, None)) if ratio > 0.0 => {
                    let interval = interval.filter(|interval| interval.low > 0.0);
                    Some(RatioPoint { ratio, interval })
                }
                _ => None,
            });
        }
        if ratios.iter().any(Option::is_some) {
            measured.push(MeasureRatios { title: &measure.head, ratios });
        }
    }
    measured
}

fn ratio_scale(measured: &[MeasureRatios]) -> ChartScale {
    // Where all is nearly alike, noise must not fill the picture.
    let (mut least, mut greatest) = (0.5_f64, 2.0_f64);
    for point in measured.iter().flat_map(|measure| &measure.ratios).flatten() {
        let interval =
            point.interval.unwrap_or(stats::Interval { low: point.ratio, high: point.ratio });
        (least, greatest) = (least.min(interval.low), greatest.max(interval.high));
    }
    ChartScale::from_bounds(least, greatest)
}

/// The ratios to the baseline of every measure that has one, the same line for a runtime in each.
fn ratios_view(assessment: &Assessment) -> Option<ChartView> {
    let baseline = assessment.run.with_role(Role::Baseline).next()?;
    let mut runtimes = assessment.judgement.strongest_first();
    runtimes.retain(|verdict| verdict.target != baseline.name);
    let measured = measured_ratios(assessment, &runtimes);
    if measured.is_empty() {
        return None;
    }
    let scale = ratio_scale(&measured);
    let mut rows = Vec::new();
    let mut y = RATIO_TOP;
    for verdict in runtimes {
        rows.push(ChartRow {
            name: assessment.reader_name(&verdict.target),
            conclusion: verdict.conclusion.into_str(),
            y,
            ..ChartRow::default()
        });
        y += RATIO_ROW;
    }
    let mut panels = Vec::new();
    for MeasureRatios { title, ratios } in measured {
        let rows =
            rows.iter().zip(ratios).map(|(row, point)| ratio_row(row.clone(), point, &scale));
        panels.push(ChartPanel { title: title.to_string(), rows: rows.collect() });
    }
    let mut ticks = Vec::new();
    for value in scale.tick_values(4) {
        ticks
            .push(ChartTick { x: place_across(&scale, value), label: number::format_ratio(value) });
    }
    Some(ChartView {
        panels,
        height: y + 12,
        axis: y - 5,
        ticks,
        rows,
        is_log: true,
        one_x: place_across(&scale, 1.0),
        ..ChartView::default()
    })
}

/// The line of a runtime in one panel.
fn ratio_row(mut row: ChartRow, point: Option<RatioPoint>, scale: &ChartScale) -> ChartRow {
    let Some(RatioPoint { ratio, interval }) = point else { return row };
    row.median = number::format_ratio(ratio);
    row.median_x = place_across(scale, ratio);
    if let Some(interval) = interval {
        let words = [interval.low, interval.high].map(number::format_ratio);
        row.interval = Some(words.join(" to "));
        (row.low_x, row.high_x) =
            (place_across(scale, interval.low), place_across(scale, interval.high));
    }
    row
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::assets::{self, AssetTree};
    use crate::judge::rules::testing::sketch;
    use crate::report::functions::LookupSources;
    use crate::report::{EvidenceLinks, ProjectData, Renderer, TemplateEngine};
    use crate::store::LoadedRun;

    #[test]
    fn the_style_sheet_draws_as_many_lines_as_there_are_styles() {
        const SHEET: &str = include_str!("../../templates/site/style.css");
        for place in 1..LINE_STYLES {
            let class = style_class(place);
            for name in [format!(".series-{class}"), format!(".dot-{class}")] {
                let mut parts = SHEET.split(&name).skip(1);
                assert!(parts.any(|rest| rest.starts_with([' ', ','])), "{name}");
            }
        }
    }

    #[test]
    fn steps_rise_to_the_top() {
        let scale = ChartScale::cover_values(1.0, 2.0);
        assert_eq!(ecdf_steps(&[2.0, 1.0], &scale), "M1 100H48.5V50H96V0H100");
    }

    fn assessment() -> Assessment {
        let sketch = sketch()
            .series("startup.wall", "runc", &[0.5, 0.51, 0.52, 0.5, 0.49, 5.0])
            .series("startup.wall", "kata", &[1.5, 1.6, 1.4, 1.5])
            .series("startup.phase.start", "kata", &[1.2, 1.3])
            .series("http.latency", "runc", &[2e-3, 3e-3])
            .series("http.floor", "host", &[1e-4, 2e-4])
            .series("startup.phase.client", "kata", &[0.1, 0.1])
            .series("perf.syscall", "runc", &[1e-6; 8])
            .series("perf.syscall", "kata", &[9e-6, 1e-5, 1.1e-5, 1e-5, 9e-6, 1e-5, 1.1e-5, 1e-5]);
        let loaded =
            LoadedRun { run: sketch.run, integrity: sketch.integrity, origin: "a test".into() };
        Assessment::new(loaded, &ProjectData::load_data(None).unwrap()).unwrap()
    }

    /// The drawing of a chart, by the templates that ship.
    fn drawn(assessment: Assessment, info: &str) -> String {
        let chart = Chart::from_info_string(&assessment, info).unwrap();
        let templates = assets::read_all(AssetTree::Templates, None, "charts/", "").unwrap();
        let sources = LookupSources {
            assessment: Arc::new(assessment),
            renderer: Renderer::Html(EvidenceLinks::None),
            chapters: None,
            notes: Arc::default(),
            is_document: false,
            warnings: None,
        };
        let engine = TemplateEngine::new(&templates, &sources).unwrap();
        engine.render_template(&chart.template_name(), &chart.template_context(1)).unwrap()
    }

    #[test]
    fn every_sample_is_a_dot_and_an_outlier_is_a_ring() {
        let svg = drawn(assessment(), "isoproof-chart samples startup.wall");
        assert_eq!(svg.matches("<circle").count(), 10, "{svg}");
        assert_eq!(svg.matches("dot outlier").count(), 1, "{svg}");
        assert!(svg.contains("median 505 ms, interval 0.49 to 5 s, 1 far"), "{svg}");
    }

    #[test]
    fn the_floor_of_requests_is_drawn_beside_requests_alone() {
        let draws_floor = |id: &str| {
            drawn(assessment(), &format!("isoproof-chart ecdf {id}")).contains("loopback floor")
        };
        assert!(draws_floor("http.latency"));
        assert!(!draws_floor("startup.wall"));
    }

    #[test]
    fn every_chart_has_title_and_description_and_neither_script_nor_style() {
        for chart in ["samples startup.wall", "ecdf startup.wall", "phases", "ratios"] {
            let svg = drawn(assessment(), &format!("isoproof-chart {chart}"));
            assert!(svg.contains(r#"role="img" aria-labelledby="chart_1-"#), "{svg}");
            assert!(svg.contains("<title id=") && svg.contains("<desc id="), "{svg}");
            for forbidden in ["<script", "style=", "<style", "href", "url(", "NaN"] {
                assert!(!svg.contains(forbidden), "{chart}: {forbidden} in {svg}");
            }
        }
    }

    #[test]
    fn ratios_have_a_panel_for_each_measure_that_was_compared_and_say_them_in_words() {
        let drawing = drawn(assessment(), "isoproof-chart ratios");
        assert_eq!(drawing.matches("<svg").count(), 1, "{drawing}");
        assert!(drawing.contains("Kata: 10 × runc, interval 9 to 11"), "{drawing}");
        assert!(drawing.contains("separate-kernel") || drawing.contains("inconclusive"));
    }

    #[test]
    fn names_of_targets_are_text_in_a_drawing() {
        let mut assessment = assessment();
        assessment.run.targets[2].name = "<script>".into();
        for by_target in assessment.run.facts.values_mut() {
            let fact = by_target.remove("kata");
            by_target.extend(fact.map(|fact| ("<script>".to_string(), fact)));
        }
        let svg = drawn(assessment, "isoproof-chart samples startup.wall");
        assert!(svg.contains("&lt;script&gt;") && !svg.contains("<script"), "{svg}");
    }

    #[test]
    fn nothing_is_drawn_of_a_series_that_is_not_there_or_of_one_sample() {
        let assessment = assessment();
        assert!(
            Chart::from_info_string(&assessment, "isoproof-chart samples http.latency_kept")
                .is_none()
        );
        assert!(Chart::from_info_string(&assessment, "isoproof-chart pie startup.wall").is_none());
        assert!(Chart::from_info_string(&assessment, "text").is_none());
    }

    #[test]
    fn the_block_of_a_chart_names_it() {
        assert_eq!(
            chart_block(ChartKind::Samples, "startup.wall"),
            "```isoproof-chart samples startup.wall\n```"
        );
        assert_eq!(chart_block(ChartKind::Phases, ""), "```isoproof-chart phases\n```");
    }
}
