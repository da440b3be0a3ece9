//! Look-ups in what the times of a run say: comparisons, the control, phases, charts.
//!
//! What is a figure is printed with a link to its samples, like every other look-up.

use tera::{Kwargs, TeraResult, Value};

use super::sources::{LookupSources, lookup_error, safe_value, value_map};
use crate::judge::timing::{self, MeasureComparison, RunTiming, WithheldReason};
use crate::model::{Fact, FactId, SampleUnit, Samples, fact_ids};
use crate::phrases::fill_phrase;
use crate::report::charts::{self, Chart, ChartKind};
use crate::report::number;
use crate::report::phases::{self, PhaseOwner, PhaseSplit};
use crate::report::renderer::{EvidenceLinks, Renderer};
use crate::stats::{self, Comparison, ComparisonObstacle, ComparisonOutcome};
use crate::text::suggest_or_list;

/// The percentiles that a table shows where there are enough samples.
const PERCENTILES: [(&str, f64); 4] =
    [("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999)];

impl LookupSources {
    fn find_series(&self, id: FactId, target: &str) -> TeraResult<Option<(&str, &Samples)>> {
        let Some(name) = self.assessment.resolve_target(target).map_err(lookup_error)? else {
            return Ok(None);
        };
        let fact = self.assessment.run.find_fact(id, name);
        Ok(fact.and_then(Fact::as_series).map(|samples| (name, samples)))
    }

    /// A figure with a link to the samples that it was computed from.
    fn linked_figure(&self, words: &str, samples: &Samples) -> Value {
        self.link_words(words, &samples.source)
    }

    fn require_probe(&self, id: FactId) -> TeraResult<()> {
        match self.assessment.project_data.catalogue.find_probe(&id) {
            Some(_) => Ok(()),
            None => Err(lookup_error(format!("unknown fact `{id}`: it is not in the catalogue"))),
        }
    }

    fn comparison_value(
        &self,
        comparison: &Comparison,
        with: &Samples,
        of: &Samples,
    ) -> Vec<(&'static str, Value)> {
        let interval = comparison.interval;
        let ratios = [comparison.ratio, interval.map(|it| it.low), interval.map(|it| it.high)];
        let [ratio, low, high] = ratios.map(|value| {
            let words = value.map(number::format_ratio);
            words.map_or_else(Value::none, |words| self.linked_figure(&words, of))
        });
        let medians = [with, of].map(|samples| stats::median(&samples.values));
        let added = match medians {
            [Some(with), Some(own)] => number::format_measured((own - with).abs(), of.unit).into(),
            _ => Value::none(),
        };
        let [median_with, median] = [with, of].map(|samples| {
            let median = stats::median(&samples.values);
            let words = median.map(|value| number::format_measured(value, samples.unit));
            words.map_or_else(Value::none, |words| self.linked_figure(&words, samples))
        });
        vec![
            ("outcome", comparison.outcome.into_str().into()),
            ("obstacle", obstacle_words(comparison.obstacle).into()),
            ("ratio", ratio),
            ("low", low),
            ("high", high),
            ("margin", number::format_percent(comparison.margin).into()),
            ("added", added),
            ("median", median),
            ("median_with", median_with),
            ("n", of.values.len().into()),
            ("n_with", with.values.len().into()),
        ]
    }

    fn measure_value(&self, measure: &MeasureComparison) -> TeraResult<Value> {
        let id = FactId::from_text(&measure.id);
        let baseline = self.find_series(id, "baseline")?;
        let own = self.find_series(id, &measure.target)?;
        let (Some((_, with)), Some((_, of))) = (baseline, own) else {
            return Ok(missing_comparison(self));
        };
        let title = self
            .assessment
            .project_data
            .catalogue
            .find_probe(&measure.id)
            .map(|probe| probe.title.as_str());
        let withheld = self.ratio_obstacle(id, &measure.target)?;
        let mut entries = self.comparison_value(&measure.comparison, with, of);
        entries.extend([
            ("id", measure.id.as_str().into()),
            ("target", measure.target.as_str().into()),
            ("title", safe_value(&self.renderer.escape_text(title.unwrap_or(&measure.id)))),
            (
                "name",
                safe_value(
                    &self.renderer.escape_text(&self.assessment.reader_name(&measure.target)),
                ),
            ),
            ("is_withheld", withheld.is_some().into()),
            ("withheld", withheld.unwrap_or_default().into()),
            ("in_turns", RunTiming::is_interleaved(&self.assessment.run, id).into()),
        ]);
        Ok(value_map(entries))
    }

    /// Why nothing follows from how a target stands to the baseline, as a clause.
    fn ratio_obstacle(&self, id: FactId, target: &str) -> TeraResult<Option<String>> {
        let baseline = self.assessment.resolve_target("baseline").map_err(lookup_error)?;
        let targets: Vec<&str> = [Some(target), baseline].into_iter().flatten().collect();
        Ok(self.assessment.figure_obstacle(id, &targets))
    }

    /// Why nothing is concluded from times, as a clause; empty if something is.
    fn withheld_clause(&self, reason: Option<WithheldReason>) -> &str {
        let reasons = &self.assessment.project_data.reasons;
        reason.map_or("", |reason| &reasons[reason.into_str()])
    }
}

fn obstacle_words(obstacle: Option<ComparisonObstacle>) -> &'static str {
    match obstacle {
        None => "",
        Some(ComparisonObstacle::TooFew) => "too-few",
        Some(ComparisonObstacle::NotPositive) => "not-positive",
    }
}

/// A comparison that cannot be, because one of the two was not captured.
fn missing_comparison(sources: &LookupSources) -> Value {
    let withheld = sources.assessment.timing.withheld_reason();
    value_map([
        ("outcome", ComparisonOutcome::NotComparable.into_str().into()),
        ("obstacle", "missing".into()),
        ("is_withheld", withheld.is_some().into()),
        ("withheld", sources.withheld_clause(withheld).into()),
    ])
}

/// `compared(id=, target=)`: the series of a candidate relative to the baseline's: `outcome`
/// (slower, faster, equivalent, inconclusive, not-comparable), `obstacle` (missing, too-few,
/// not-positive, or empty), `is_withheld` and `withheld` with the reason, `in_turns`, and the figures in words.
pub(super) fn look_up_compared(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let id = FactId::from_text(kwargs.must_get("id")?);
    sources.require_probe(id)?;
    let wanted: &str = kwargs.must_get("target")?;
    let Some(target) = sources.assessment.resolve_target(wanted).map_err(lookup_error)? else {
        return Ok(missing_comparison(sources));
    };
    let measures = sources.assessment.timing.compared_measures(&sources.assessment.run);
    match measures.iter().find(|measure| measure.id == id && measure.target == target) {
        Some(measure) => sources.measure_value(measure),
        None => Ok(missing_comparison(sources)),
    }
}

/// `startup_clock()`: the clock whose figure stands for a start everywhere: its `id`, whether it
/// ends at the first output (`is_first_output`), and in `all` the ids of those that were timed.
pub(crate) fn look_up_startup_clock(sources: &LookupSources, _: &Kwargs) -> TeraResult<Value> {
    let clocks = timing::startup_clocks(&sources.assessment.run);
    let head = clocks.first().copied().unwrap_or(match sources.assessment.run.is_imported() {
        true => fact_ids::STARTUP_WALL,
        false => fact_ids::STARTUP_FIRST_BYTE,
    });
    let all: Vec<Value> = clocks.iter().map(|clock| clock.as_str().into()).collect();
    Ok(value_map([
        ("id", head.as_str().into()),
        ("is_first_output", (head == fact_ids::STARTUP_FIRST_BYTE).into()),
        ("all", all.into()),
    ]))
}

/// `measures()`: every comparison of the run, as `compared` tells it, with `title` and `name`.
pub(super) fn look_up_measures(sources: &LookupSources, _: &Kwargs) -> TeraResult<Value> {
    let measures = sources.assessment.timing.compared_measures(&sources.assessment.run);
    let list: TeraResult<Vec<Value>> =
        measures.iter().map(|measure| sources.measure_value(measure)).collect();
    Ok(list?.into())
}

/// `control()`: the second arm of the baseline relative to the first: `state` (none, differs,
/// agrees, unclear, too-few) and the figures of the comparison. Of several, one that differs.
pub(super) fn look_up_control(sources: &LookupSources, _: &Kwargs) -> TeraResult<Value> {
    let timing = &sources.assessment.timing;
    let controls = timing.session_controls();
    let Some(control) = controls.iter().find(|one| one.arms_differ()).or(controls.first()) else {
        return Ok(value_map([("state", "none".into())]));
    };
    let with = sources.find_series(control.series, &control.target)?;
    let of = sources.find_series(control.repeat, &control.target)?;
    let (Some((_, with)), Some((_, of))) = (with, of) else {
        return Ok(value_map([("state", "none".into())]));
    };
    let state = match control.comparison.outcome {
        ComparisonOutcome::Slower | ComparisonOutcome::Faster => "differs",
        ComparisonOutcome::Equivalent => "agrees",
        ComparisonOutcome::Inconclusive => "unclear",
        ComparisonOutcome::NotComparable => "too-few",
    };
    let mut entries = sources.comparison_value(&control.comparison, with, of);
    let name = sources.assessment.reader_name(&control.target);
    let noise = timing.session_noise().map(number::format_percent);
    entries.extend([
        ("state", state.into()),
        ("name", safe_value(&sources.renderer.escape_text(&name))),
        ("noise", noise.map_or_else(Value::none, Into::into)),
        ("effective", number::format_percent(timing.effective_margin()).into()),
        ("widens", (timing.effective_margin() > sources.assessment.project_data.margin).into()),
    ]);
    Ok(value_map(entries))
}

/// `interval(id=, target=)`: the 95 % interval of the median in words, or that there is none.
pub(super) fn look_up_interval(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let found = sources.find_argument_fact(kwargs)?;
    let samples = match found.fact.as_ref() {
        Fact::Missing(missing) => {
            return Ok(safe_value(&sources.renderer.render_missing(&sources.assessment, missing)));
        }
        Fact::Value { .. } => {
            return Err(lookup_error(format!("`{}` is no series", found.probe.id)));
        }
        Fact::Series(samples) => samples,
    };
    let words = match stats::median_interval(&samples.values) {
        Some(interval) => number::format_range(interval.low, interval.high, samples.unit),
        None => fill_phrase(
            &sources.assessment.project_data.phrases.no_interval,
            &[("least", &stats::LEAST.to_string())],
        ),
    };
    Ok(sources.linked_figure(&words, samples))
}

/// `outliers(id=, target=)`: the samples that lie far from the others, with their `place` in the
/// series (from 1) and their `value`.
pub(super) fn look_up_outliers(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let id = FactId::from_text(kwargs.must_get("id")?);
    let target: &str = kwargs.must_get("target")?;
    sources.require_probe(id)?;
    let Some((_, samples)) = sources.find_series(id, target)? else {
        return Ok(Vec::<Value>::new().into());
    };
    let list: Vec<Value> = stats::find_outliers(&samples.values)
        .into_iter()
        .map(|place| {
            let value = number::format_measured(samples.values[place], samples.unit);
            value_map([
                ("place", (place + 1).into()),
                ("value", sources.linked_figure(&value, samples)),
            ])
        })
        .collect();
    Ok(list.into())
}

/// `percentiles(id=, target=)`: those that the series has samples enough for, with `name`,
/// `value`, `low` and `high`.
pub(super) fn look_up_percentiles(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let id = FactId::from_text(kwargs.must_get("id")?);
    let target: &str = kwargs.must_get("target")?;
    sources.require_probe(id)?;
    let Some((_, samples)) = sources.find_series(id, target)? else {
        return Ok(Vec::<Value>::new().into());
    };
    let mut list: Vec<Value> = Vec::new();
    for (name, q) in PERCENTILES {
        let value = stats::percentile(&samples.values, q);
        let interval = stats::percentile_interval(&samples.values, q);
        if let (Ok(value), Ok(interval)) = (value, interval) {
            let [value, low, high] = [value, interval.low, interval.high].map(|value| {
                sources.linked_figure(&number::format_measured(value, samples.unit), samples)
            });
            let name = name.into();
            list.push(value_map([("name", name), ("value", value), ("low", low), ("high", high)]));
        }
    }
    Ok(list.into())
}

/// `phases()`: for each target whose starts were divided, its `target`, `name`, the sum of the
/// medians in `total`, in `runtime` and `runtime_share` the part of making and starting,
/// and the `list` of phases, each with what it takes `more` (or less) than under the baseline.
pub(super) fn look_up_phases(sources: &LookupSources, _: &Kwargs) -> TeraResult<Value> {
    let splits = phases::all_splits(&sources.assessment);
    let baseline = sources.assessment.resolve_target("baseline").map_err(lookup_error)?;
    let reference = splits.iter().find(|split| Some(split.target) == baseline);
    let list: Vec<Value> =
        splits.iter().map(|split| split_value(sources, split, reference)).collect();
    Ok(list.into())
}

fn split_value(
    sources: &LookupSources,
    split: &PhaseSplit,
    reference: Option<&PhaseSplit>,
) -> Value {
    /// The part of a start below which a difference of one phase is not told.
    const TOLD_SHARE: f64 = 0.01;
    let mut list = Vec::new();
    for phase in &split.phases {
        let other = reference.and_then(|split| split.phases.iter().find(|p| p.word == phase.word));
        let other = other.filter(|other| {
            (phase.median - other.median).abs() >= split.total_seconds() * TOLD_SHARE
        });
        let more = other.map(|other| {
            number::format_difference(phase.median - other.median, SampleUnit::Seconds)
        });
        let median = number::format_measured(phase.median, phase.samples.unit);
        list.push(value_map([
            ("word", phase.word.into()),
            ("part", phase.part.into_str().into()),
            ("median", sources.linked_figure(&median, phase.samples)),
            ("more", more.map_or_else(Value::none, Into::into)),
        ]));
    }
    let runtime: Vec<Value> = split
        .phases
        .iter()
        .filter(|p| p.part == PhaseOwner::Runtime)
        .map(|p| p.word.into())
        .collect();
    let seconds = split.owner_seconds(PhaseOwner::Runtime);
    value_map([
        ("target", split.target.into()),
        (
            "name",
            safe_value(
                &sources.renderer.escape_text(&sources.assessment.reader_name(split.target)),
            ),
        ),
        ("total", number::format_measured(split.total_seconds(), SampleUnit::Seconds).into()),
        ("runtime", number::format_measured(seconds, SampleUnit::Seconds).into()),
        ("runtime_share", number::format_percent(seconds / split.total_seconds()).into()),
        ("runtime_phases", runtime.into()),
        ("list", list.into()),
    ])
}

/// `share_of(id=, target=, seconds=)`: by how much of a job of so many seconds the candidate's
/// median exceeds the baseline's.
pub(super) fn share_of(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let id = FactId::from_text(kwargs.must_get("id")?);
    let target: &str = kwargs.must_get("target")?;
    let job: f64 = kwargs.must_get("seconds")?;
    if !(job.is_finite() && job > 0.0) {
        return Err(lookup_error(format!("seconds={job}: a job of more than 0 seconds is wanted")));
    }
    sources.require_probe(id)?;
    let with = sources.find_series(id, "baseline")?;
    let own = sources.find_series(id, target)?;
    let medians = [with, own].map(|series| stats::median(&series?.1.values));
    Ok(match medians {
        [Some(with), Some(own)] => match (own - with).abs() / job {
            10.0.. => "more than 1000 %".into(),
            share => number::format_percent(share).into(),
        },
        _ => Value::none(),
    })
}

/// `chart(kind=, id=)`: a drawing of every target's series (`samples`, `ecdf`), of the phases of
/// a start (`phases`) or of the ratios to the baseline (`ratios`). Only the site draws:
/// elsewhere the table next to it stands alone.
pub(super) fn look_up_chart(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let word: &str = kwargs.must_get("kind")?;
    let kind = word.parse::<ChartKind>().map_err(|_| {
        lookup_error(format!(
            "unknown chart `{word}`: {}",
            suggest_or_list(word, <ChartKind as strum::VariantNames>::VARIANTS)
        ))
    })?;
    let id = FactId::from_text(kwargs.get("id")?.unwrap_or_default());
    if kind.is_about_fact() {
        sources.require_probe(id)?;
    }
    let is_site = matches!(&sources.renderer, Renderer::Markdown(EvidenceLinks::Chapter(..)));
    match is_site.then(|| Chart::draw_chart(&sources.assessment, kind, id)).flatten() {
        Some(_) => Ok(safe_value(&charts::chart_block(kind, &id))),
        None => Ok(safe_value("")),
    }
}

#[cfg(test)]
mod tests {
    use crate::judge::rules::testing::{Sketch, sketch};
    use crate::report::functions::tests::html_of;

    const FIRST: &str = "startup.first_byte";

    /// So many times around a centre, one per mille apart.
    fn around(center: f64, n: u32) -> Vec<f64> {
        (0..n).map(|i| center * (1.0 + 0.001 * f64::from(i))).collect()
    }

    fn session(candidate: f64, n: u32) -> Sketch {
        sketch().series(FIRST, "runc", &around(0.5, n)).series(FIRST, "kata", &around(candidate, n))
    }

    const OUTCOME: &str =
        r#"{% set d = compared(id="startup.first_byte", target="candidate") %}{{ d.outcome }}"#;

    #[test]
    fn what_a_finding_doubts_is_withheld_with_its_title() {
        const WALL: &str = "startup.wall";
        let whole = |candidate| {
            let sketch = sketch().series(WALL, "runc", &around(0.5, 10));
            sketch.series(WALL, "kata", &around(candidate, 10))
        };
        let template = format!("{OUTCOME} {{{{ d.is_withheld }}}}: {{{{ d.withheld }}}}");
        let template = template.replace(FIRST, WALL);
        assert_eq!(html_of(whole(1.5), &template), "slower false: ");
        assert_eq!(
            html_of(whole(0.1), &template),
            "faster true: a finding doubts it (Start-up times by which Kata starts faster than the baseline)"
        );
    }

    #[test]
    fn the_outcome_and_its_figures_are_told() {
        let template = format!("{OUTCOME} {{{{ d.ratio }}}} {{{{ d.added }}}} {{{{ d.n }}}}");
        assert_eq!(html_of(session(1.5, 10), &template), "slower 3 1 s 10");
        assert_eq!(html_of(session(0.501, 10), OUTCOME), "equivalent");
    }

    #[test]
    fn three_samples_have_no_ratio_and_no_interval() {
        let template = format!(
            "{OUTCOME} {{{{ d.obstacle }}}} {{% if d.ratio %}}{{{{ d.ratio }}}}{{% else %}}none{{% endif %}}, \
             {{{{ interval(id=\"startup.first_byte\", target=\"runc\") }}}}"
        );
        assert_eq!(
            html_of(session(1.5, 3), &template),
            "not-comparable too-few none, none below 6 samples"
        );
    }

    #[test]
    fn a_control_that_differs_withholds_every_comparison() {
        let control = |second: f64| {
            session(1.5, 10).series("startup.control.first_byte", "runc", &around(second, 10))
        };
        let template =
            format!("{{% set k = control() %}}{OUTCOME} {{{{ d.is_withheld }}}} {{{{ k.state }}}}");
        assert_eq!(html_of(control(0.7), &template), "slower true differs");
        assert_eq!(html_of(control(0.501), &template), "slower false agrees");
        assert_eq!(html_of(session(1.5, 10), &template), "slower false none");
    }

    #[test]
    fn an_outlier_is_named_by_its_place_and_stays_in_the_figures() {
        let mut values = around(0.5, 10);
        values[3] = 5.0;
        let template = r#"{% for o in outliers(id="startup.first_byte", target="kata") %}{{ o.place }}: {{ o.value }}{% endfor %}, {{ stat(id="startup.first_byte", target="kata", of="median") }}"#;
        let disturbed = sketch().series(FIRST, "kata", &values);
        assert_eq!(html_of(disturbed, template), "4: 5 s, 503 ms");
    }

    #[test]
    fn only_percentiles_with_an_interval_are_listed() {
        let template = r#"{% for p in percentiles(id="http.latency", target="runc") %}{{ p.name }} {% endfor %}"#;
        let of = |n| html_of(sketch().series("http.latency", "runc", &around(0.001, n)), template);
        assert_eq!(of(35), "");
        assert_eq!(of(50), "p90 ");
        assert_eq!(of(72), "p90 p95 ");
        assert_eq!(of(368), "p90 p95 p99 ");
    }

    #[test]
    fn the_runtimes_part_of_a_start_depends_on_what_the_engine_tells() {
        let template =
            "{% for s in phases() %}{{ s.name }} {{ s.runtime }} of {{ s.total }}; {% endfor %}";
        let phases = |with_network: bool| {
            let mut sketch = sketch();
            let words = ["client", "create", "network", "start", "run", "removal"];
            for word in words.into_iter().filter(|word| with_network || *word != "network") {
                sketch = sketch.series(&format!("startup.phase.{word}"), "runc", &[0.1; 6]);
            }
            sketch
        };
        assert_eq!(html_of(phases(true), template), "runc 100 ms of 600 ms; ");
        assert_eq!(html_of(phases(false), template), "runc 200 ms of 500 ms; ");
        assert_eq!(html_of(sketch(), template), "");
    }
}
