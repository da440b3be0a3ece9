//! Look-ups for the table of the overview: what the run shows in a sentence, and what each
//! runtime costs.

use tera::{Kwargs, TeraResult, Value};

use super::sources::{LookupSources, lookup_error, safe_value, value_map};
use crate::judge::suitability::{CostRatio, CostReason, FitReason};
use crate::judge::workloads::FitReasonKind;
use crate::judge::workloads::{CostMeasure, ShownFigure};
use crate::judge::{Conclusion, Confidence, Verdict};
use crate::model::Samples;
use crate::report::costs::{CostFigures, cost_figures};
use crate::report::number;
use crate::stats;
use crate::text::suggest_or_list;

/// What can be said about several runtimes at once.
fn answer_kind(verdict: &Verdict) -> &'static str {
    match verdict.conclusion {
        Conclusion::SeparateKernelVm
        | Conclusion::SeparateKernelUserspace
        | Conclusion::SeparateKernel => "own-kernel",
        Conclusion::SharedKernel => "shared-kernel",
        Conclusion::Inconclusive | Conclusion::Contradictory => "not-shown",
        Conclusion::NotTested => "not-tested",
    }
}

/// `answers()`: groups of runtimes of which the same can be said, the strongest boundary first: the
/// `kind` (`own-kernel`, `shared-kernel`, `not-shown`, `not-tested`), the `confidence`, the
/// `predicate` that says it and the `names`.
pub(super) fn look_up_answers(sources: &LookupSources, _: &Kwargs) -> TeraResult<Value> {
    let assessment = &sources.assessment;
    let mut groups: Vec<(&'static str, Confidence, &str, Vec<Value>)> = Vec::new();
    for verdict in assessment.judgement.strongest_first() {
        let (kind, confidence) = (answer_kind(verdict), verdict.confidence);
        let name = sources.renderer.escape_text(&assessment.reader_name(&verdict.target));
        let words = &assessment.project_data.words[verdict.conclusion.into_str()];
        let predicate = words.predicate_of(verdict);
        // Of those that were not tested the predicate says how each ended.
        let is_same = |it: &&mut (&str, Confidence, &str, Vec<Value>)| {
            (it.0, it.1) == (kind, confidence) && (kind != "not-tested" || it.2 == predicate)
        };
        match groups.iter_mut().find(is_same) {
            Some((.., names)) => names.push(safe_value(&name)),
            None => groups.push((kind, confidence, predicate, vec![safe_value(&name)])),
        }
    }
    let groups = groups.into_iter().map(|(kind, confidence, predicate, names)| {
        value_map([
            ("kind", kind.into()),
            ("confidence", confidence.into_str().into()),
            ("predicate", predicate.into()),
            ("names", names.into()),
        ])
    });
    Ok(groups.collect::<Vec<_>>().into())
}

/// `costs(captured=)`: what a boundary can cost, each with `id`, `title`, the `head` of its column
/// and what that shows: `shows_median`, `shows_p99`, `shows_ratio`, `shows_added`. With `captured` only those of
/// which some runtime has a value, or none has.
pub(super) fn look_up_costs(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let assessment = &sources.assessment;
    let wanted: Option<bool> = kwargs.get("captured")?;
    let mut costs = Vec::new();
    for measure in &assessment.project_data.workloads.measures {
        let mut is_captured = false;
        for verdict in assessment.judgement.strongest_first() {
            let figures = cost_figures(assessment, measure, &verdict.target);
            is_captured |= figures.map_err(lookup_error)?.value.is_some();
        }
        if wanted.is_some_and(|wanted| wanted != is_captured) {
            continue;
        }
        costs.push(value_map([
            ("id", measure.id.as_str().into()),
            ("title", measure.title.as_str().into()),
            ("head", measure.head.as_str().into()),
            ("shows_median", measure.shows.contains(&ShownFigure::Median).into()),
            ("shows_p99", measure.shows.contains(&ShownFigure::P99).into()),
            ("shows_ratio", measure.shows.contains(&ShownFigure::Ratio).into()),
            ("shows_added", measure.shows.contains(&ShownFigure::Added).into()),
        ]));
    }
    Ok(costs.into())
}

/// `cost(measure=, target=)`: what a runtime costs. `value` is the median or the single value, or
/// none and `missing` says why; `p99` is the percentile, or none where `n` samples are too few;
/// `ratio`, `low` and `high` are relative to the baseline, `added` of memory is what it takes more, or
/// they are none and `ratio_missing` says why.
pub(super) fn look_up_cost(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let id: &str = kwargs.must_get("measure")?;
    let target = sources.target_argument(kwargs)?;
    let table = &sources.assessment.project_data.workloads;
    let measure = table.find_measure(id).ok_or_else(|| {
        let known: Vec<&str> = table.measures.iter().map(|measure| measure.id.as_str()).collect();
        lookup_error(format!("unknown measure `{id}`: {}", suggest_or_list(id, &known)))
    })?;
    let figures = cost_figures(&sources.assessment, measure, target).map_err(lookup_error)?;
    let none = Value::none;
    let samples = figures.samples.as_ref().filter(|_| figures.value.is_some());
    let (ratio, interval) = match &figures.ratio {
        CostRatio::Ratio { ratio, interval } => (Some(*ratio), *interval),
        CostRatio::Reference | CostRatio::Unknown { .. } => (None, None),
    };
    let ratios = [ratio, interval.map(|it| it.low), interval.map(|it| it.high)]
        .map(|value| value.map(number::format_ratio));
    let [ratio, low, high] = ratios;
    let p99 = samples.and_then(last_percent);
    let added = figures.added_mib.map(number::format_added_mib);
    let [value, p99, ratio, low, high, added] =
        [figures.value.clone(), p99, ratio, low, high, added].map(|words| {
            match (words, &figures.source) {
                (None, _) => Value::none(),
                (Some(words), Some(source)) => sources.link_words(&words, source),
                (Some(words), None) => safe_value(&sources.renderer.escape_text(&words)),
            }
        });
    Ok(value_map([
        ("value", value),
        ("missing", figures.missing.as_deref().map_or_else(none, Into::into)),
        ("p99", p99),
        ("n", samples.map_or_else(none, |samples| samples.values.len().into())),
        ("ratio", ratio),
        ("low", low),
        ("high", high),
        ("added", added),
        ("ratio_missing", sources.ratio_missing(measure, &figures, target)),
        ("is_baseline", (figures.ratio == CostRatio::Reference).into()),
    ]))
}

impl LookupSources {
    /// Why there is no ratio, in the words of a reason.
    fn ratio_missing(&self, measure: &CostMeasure, figures: &CostFigures, target: &str) -> Value {
        let CostRatio::Unknown { kind, rule } = &figures.ratio else { return Value::none() };
        if let (FitReasonKind::NotMeasured, Some(why)) = (kind, &figures.missing) {
            return why.as_str().into();
        }
        let cost = CostReason {
            measure: measure.title.clone(),
            fact: figures.fact.to_string(),
            limit: 1.0,
            ratio: None,
            interval: None,
            rule: rule.clone(),
        };
        safe_value(&self.fill_reason(&FitReason { kind: *kind, cost: Some(cost) }, target))
    }
}

/// The 99th percentile, where the series has samples enough for one with an interval.
fn last_percent(samples: &Samples) -> Option<String> {
    stats::percentile_interval(&samples.values, 0.99).ok()?;
    let value = stats::percentile(&samples.values, 0.99).ok()?;
    Some(number::format_measured(value, samples.unit))
}

#[cfg(test)]
mod tests {
    use crate::judge::rules::testing::sketch;
    use crate::model::MissingReason;
    use crate::report::functions::tests::html_of;

    #[test]
    fn a_runtime_that_the_user_stopped_is_not_said_to_have_failed() {
        let template = r#"{% for a in answers() %}{{ a.predicate }}. {% endfor %}{% set v = verdict(target="kata") %}{{ v.predicate }}"#;
        let said = |failure: &str| {
            let mut sketch = sketch().fact("kernel.boot_id", "host", "a");
            let mut targets = sketch.run.targets.iter_mut();
            targets.find(|it| it.name == "kata").unwrap().failure = Some(failure.into());
            html_of(sketch, template)
        };
        let failed = said("no /dev/kvm");
        assert_eq!(failed.matches("did not start, so nothing was tested").count(), 2, "{failed}");
        for failure in ["stopped by the user", "the class is only for nodes with the label a=b"] {
            assert!(!said(failure).contains("did not start"), "{}", said(failure));
        }
    }

    #[test]
    fn a_cost_without_a_value_has_the_reason_of_the_fact_that_was_asked_for() {
        let sketch = sketch().missing("startup.wall", "runc", MissingReason::Empty);
        let template = r#"{% set k = cost(measure="startup", target="runc") %}{{ k.missing }}"#;
        assert_eq!(html_of(sketch, template), "The start-up file holds no figure for runc.");
    }
}
