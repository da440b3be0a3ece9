//! Medians in the form `customSmallerIsBetter` of github-action-benchmark.

use serde::{Deserialize, Serialize};

use super::series::{ExportSeries, is_stable_name};
use crate::stats;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BenchmarkEntry {
    name: String,
    unit: String,
    value: f64,
    /// The 95 % interval of the median.
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    extra: String,
}

pub(crate) fn benchmark_json(series: &[ExportSeries], run: &str) -> String {
    let entries: Vec<BenchmarkEntry> =
        series.iter().filter_map(|series| benchmark_entry(series, run)).collect();
    let text = serde_json::to_string_pretty(&entries).unwrap_or_default();
    format!("{text}\n")
}

/// Whether a text is what [`benchmark_json`] wrote of some run.
pub(crate) fn is_own_benchmark(text: &str, is_series: &dyn Fn(&str) -> bool) -> bool {
    serde_json::from_str(text).is_ok_and(|entries: Vec<BenchmarkEntry>| {
        !entries.is_empty()
            && entries.iter().all(|entry| {
                is_stable_name(&entry.name, is_series) && entry.extra.starts_with("median of ")
            })
    })
}

fn benchmark_entry(series: &ExportSeries, run: &str) -> Option<BenchmarkEntry> {
    let summary = stats::summarize_samples(&series.samples.values)?;
    let ends = summary.interval.map(|at| [at.low, at.high]);
    let ends = ends.map(|ends| ends.map(|end| stats::round_significant(end, 4)));
    Some(BenchmarkEntry {
        name: series.stable_name(),
        unit: series.samples.unit.symbol().into(),
        value: summary.median,
        range: ends.map(|[low, high]| format!("{low} to {high}")),
        extra: match &series.obstacle {
            None => format!("median of {}, run {run}", summary.n),
            Some(why) => format!("median of {}, run {run}; no result: {why}", summary.n),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::series;
    use super::*;
    use crate::judge::rules::testing::sketch;

    #[test]
    fn each_series_is_its_median_with_the_interval_where_there_is_one() {
        let sketch = sketch().series("startup.wall", "runc", &[0.4, 0.5, 0.6]).series(
            "startup.wall",
            "kata",
            &[1.0, 1.1, 1.2, 1.3, 1.4, 1.5],
        );
        let text = benchmark_json(&series::select_series(&sketch.run, &[]).unwrap(), "r1");
        let entries: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(entries[0]["name"], "startup.wall kata");
        assert_eq!(entries[0]["range"], "1 to 1.5");
        assert_eq!(entries[1]["value"], 0.5);
        assert_eq!(entries[1]["unit"], "s");
        assert_eq!(entries[1]["range"], serde_json::Value::Null);
        assert_eq!(entries[1]["extra"], "median of 3, run r1");
    }
}
