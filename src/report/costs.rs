//! What a runtime costs in one measure: its figure, the ratio to the baseline, and why there is none.

use super::assessment::Assessment;
use super::number;
use crate::judge::suitability::CostRatio;
use crate::judge::workloads::{CostMeasure, CostScale};
use crate::model::{Fact, FactId, FactSource, SampleUnit, Samples};
use crate::stats;

/// Bytes in a `kB` of `/proc`.
const PROC_KB: f64 = 1024.0;

#[derive(Debug)]
pub(crate) struct CostFigures<'a> {
    pub fact: FactId<'a>,
    pub source: Option<FactSource>,
    pub samples: Option<Samples>,
    /// The median of the series, or the single value, for readers.
    pub value: Option<String>,
    pub missing: Option<String>,
    pub ratio: CostRatio,
    /// How many MiB more than the baseline's, where limits are stated so and the two are compared.
    pub added_mib: Option<f64>,
}

/// The figures of a measure under a target. One that an error among the findings rests on is not
/// shown: its message stands in its place.
pub(crate) fn cost_figures<'a>(
    assessment: &'a Assessment,
    measure: &'a CostMeasure,
    target: &str,
) -> Result<CostFigures<'a>, String> {
    let evidence = assessment.fit_evidence();
    let fact = evidence.compared_fact(measure);
    let found = assessment.find_fact(fact, target)?.fact;
    let ratio = evidence.cost_ratio(fact, target);
    let is_added = measure.scale == CostScale::AddedMib && matches!(ratio, CostRatio::Ratio { .. });
    let mut figures = CostFigures {
        fact,
        source: found.source().cloned(),
        samples: found.as_series().cloned(),
        value: None,
        missing: None,
        added_mib: if is_added { evidence.added_mib(fact, target) } else { None },
        ratio,
    };
    if let Some(finding) = assessment.judgement.find_error(fact, &[target]) {
        figures.missing = Some(finding.message.clone());
        return Ok(figures);
    }
    match found.as_ref() {
        Fact::Series(samples) => {
            let median = stats::median(&samples.values);
            figures.value = median.map(|median| number::format_measured(median, samples.unit));
        }
        Fact::Value { value, .. } => {
            let unit = assessment.project_data.catalogue.find_probe(&fact);
            let unit = unit.map(|probe| probe.unit.as_str()).unwrap_or_default();
            figures.value = value.as_f64().map(|value| format_in_unit(value, unit));
        }
        Fact::Missing(missing) => figures.missing = Some(missing.reason_words().into_owned()),
    }
    Ok(figures)
}

/// A value of a fact in the unit of its probe.
fn format_in_unit(value: f64, unit: &str) -> String {
    match unit {
        "s" => number::format_measured(value, SampleUnit::Seconds),
        "B" => number::format_measured(value, SampleUnit::Bytes),
        "kB" => number::format_measured(value * PROC_KB, SampleUnit::Bytes),
        unit => format!("{} {unit}", number::format_plain(value)),
    }
}
