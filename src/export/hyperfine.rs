//! Series as hyperfine's `--export-json` writes them, for the scripts that read it.
//!
//! Processor time, memory and exit codes are not in it, because the run has none of a series.

use serde::Serialize;
use std::collections::BTreeMap;

use super::series::ExportSeries;
use crate::stats;

#[derive(Serialize)]
struct HyperfineExport {
    results: Vec<HyperfineTiming>,
}

#[derive(Serialize)]
struct HyperfineTiming {
    command: String,
    mean: f64,
    /// None of a single sample.
    stddev: Option<f64>,
    median: f64,
    min: f64,
    max: f64,
    times: Vec<f64>,
    parameters: BTreeMap<&'static str, String>,
}

/// The text of the file.
pub(crate) fn hyperfine_json(series: &[ExportSeries]) -> String {
    let results = series.iter().filter_map(series_timing).collect();
    let text = serde_json::to_string_pretty(&HyperfineExport { results }).unwrap_or_default();
    format!("{text}\n")
}

fn series_timing(series: &ExportSeries) -> Option<HyperfineTiming> {
    let values = &series.samples.values;
    let summary = stats::summarize_samples(values)?;
    Some(HyperfineTiming {
        command: series.stable_name(),
        mean: summary.mean,
        stddev: standard_deviation(values, summary.mean),
        median: summary.median,
        min: summary.min,
        max: summary.max,
        times: values.clone(),
        parameters: BTreeMap::from([
            ("runtime", series.target.to_string()),
            ("series", series.id.to_string()),
        ]),
    })
}

/// The standard deviation of a sample.
fn standard_deviation(values: &[f64], mean: f64) -> Option<f64> {
    #[allow(clippy::cast_precision_loss, reason = "no series has 2^52 samples")]
    let others = values.len().checked_sub(1).filter(|others| *others > 0)? as f64;
    Some((values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / others).sqrt())
}

#[cfg(test)]
mod tests {
    use super::super::series;
    use super::*;
    use crate::judge::rules::testing::sketch;
    use crate::probe::hyperfine::HyperfineJson;

    #[test]
    fn what_is_exported_is_read_again_as_the_same_series() {
        let (runc, kata) = ([0.41, 0.39, 0.44], [2.1, 1.9, 2.3]);
        let sketch =
            sketch().series("startup.wall", "runc", &runc).series("startup.wall", "kata", &kata);
        let text = hyperfine_json(&series::select_series(&sketch.run, &[]).unwrap());
        let export: HyperfineJson = serde_json::from_str(&text).unwrap();
        assert_eq!(export.target_names(), ["kata", "runc"]);
        assert_eq!(export.results[1].successful_times(), runc);
    }

    #[test]
    fn the_deviation_is_that_of_a_sample() {
        assert_eq!(standard_deviation(&[1.0, 3.0], 2.0), Some(2f64.sqrt()));
        assert_eq!(standard_deviation(&[1.0], 1.0), None);
    }
}
