//! Series as hyperfine's `--export-json`, `--export-markdown` and `--export-csv` write them, for the
//! scripts that read it.
//!
//! Processor time, memory and exit codes are not in it, because the run has none of a series.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::series::{ExportSeries, is_stable_name};
use crate::report::{EvidenceLinks, Renderer};
use crate::stats;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HyperfineExport {
    results: Vec<HyperfineTiming>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HyperfineTiming {
    command: String,
    mean: f64,
    /// None of a single sample.
    stddev: Option<f64>,
    median: f64,
    min: f64,
    max: f64,
    times: Vec<f64>,
    parameters: SeriesParameters,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeriesParameters {
    runtime: String,
    series: String,
}

/// The first line of the table of values.
const CSV_HEAD: &str =
    "command,mean,stddev,median,user,system,min,max,parameter_runtime,parameter_series";

/// How the lines begin that say why times are not compared.
const WITHHELD: &str = "Not compared, because ";

/// Whether a text is what [`hyperfine_json`], [`hyperfine_markdown`] or [`hyperfine_csv`] wrote of
/// some run, and not what hyperfine wrote itself.
pub(crate) fn is_own_hyperfine(text: &str, is_series: &dyn Fn(&str) -> bool) -> bool {
    if let Ok(HyperfineExport { results }) = serde_json::from_str(text) {
        let mut names = results.iter().map(|timing| timing.command.as_str());
        return !results.is_empty() && names.all(|name| is_stable_name(name, is_series));
    }
    let mut lines = text.lines();
    match lines.next() {
        Some(CSV_HEAD) => lines.all(|line| line.rsplit(',').next().is_some_and(is_series)),
        Some(head) if head.starts_with("| Command | Mean [") => lines.skip(1).all(|line| {
            if line.is_empty() || line.starts_with(WITHHELD) {
                return true;
            }
            let name = line.strip_prefix("| `").and_then(|rest| rest.split_once("` |"));
            name.is_some_and(|(name, _)| is_stable_name(name, is_series))
        }),
        _ => false,
    }
}

pub(crate) fn hyperfine_json(series: &[ExportSeries]) -> String {
    let results = series.iter().filter_map(series_timing).collect();
    let text = serde_json::to_string_pretty(&HyperfineExport { results }).unwrap_or_default();
    format!("{text}\n")
}

/// The table that hyperfine's `--export-markdown` writes. A time is relative to the fastest of its own
/// series: those of another measure something else. Where a report withholds a ratio, so does this,
/// and says below the table why.
pub(crate) fn hyperfine_markdown(series: &[ExportSeries]) -> String {
    let smallest = series.iter().filter_map(series_timing).map(|timing| timing.mean);
    let (unit, factor) = match smallest.fold(f64::INFINITY, f64::min) {
        1.0.. => ("s", 1.0),
        _ => ("ms", 1000.0),
    };
    let mut out = format!(
        "| Command | Mean [{unit}] | Min [{unit}] | Max [{unit}] | Relative |\n\
         |:---|---:|---:|---:|---:|\n"
    );
    let renderer = Renderer::Markdown(EvidenceLinks::None);
    let mut withheld: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in series {
        let same: Vec<_> = series.iter().filter(|other| other.id == one.id).collect();
        let timings = same.iter().filter_map(|series| Some((*series, series_timing(series)?)));
        let fastest = timings.min_by(|(_, a), (_, b)| a.mean.total_cmp(&b.mean));
        let (Some(timing), Some((first, fastest))) = (series_timing(one), fastest) else {
            continue;
        };
        let command = renderer.render_code(&timing.command, true);
        let relative = match ratio_obstacle(one, first) {
            None => relative_words(&timing, &fastest),
            Some(why) => {
                withheld.entry(why).or_default().push(command.clone());
                "-".into()
            }
        };
        let spread = timing.stddev.map(|stddev| format!(" ± {}", in_digits(stddev * factor)));
        out.push_str(&format!(
            "| {command} | {}{} | {} | {} | {relative} |\n",
            in_digits(timing.mean * factor),
            spread.unwrap_or_default(),
            in_digits(timing.min * factor),
            in_digits(timing.max * factor),
        ));
    }
    for (why, commands) in withheld {
        out.push_str(&format!("\n{WITHHELD}{why}: {}\n", commands.join(", ")));
    }
    out
}

fn ratio_obstacle(one: &ExportSeries, fastest: &ExportSeries) -> Option<String> {
    if one.target == fastest.target {
        return one.obstacle.clone();
    }
    let is_short = [one, fastest].iter().any(|it| it.samples.values.len() < stats::LEAST_COMPARED);
    let obstacle = one.obstacle.clone().or_else(|| fastest.obstacle.clone());
    obstacle.or_else(|| {
        is_short.then(|| format!("there are fewer than {} samples", stats::LEAST_COMPARED))
    })
}

/// One decimal as hyperfine has it, or two significant digits of what would be nothing then.
fn in_digits(value: f64) -> String {
    match value.abs() {
        small if small > 0.0 && small < 0.1 => stats::round_significant(value, 2).to_string(),
        _ => format!("{value:.1}"),
    }
}

/// How many times the fastest, with the deviation that follows from those of both.
fn relative_words(timing: &HyperfineTiming, fastest: &HyperfineTiming) -> String {
    if fastest.mean <= 0.0 {
        return "-".into();
    }
    let ratio = timing.mean / fastest.mean;
    match (timing.stddev, fastest.stddev) {
        (Some(own), Some(other)) if timing.command != fastest.command => {
            let spread = (own / timing.mean).hypot(other / fastest.mean);
            format!("{ratio:.2} ± {:.2}", ratio * spread)
        }
        _ => format!("{ratio:.2}"),
    }
}

/// The table that hyperfine's `--export-csv` writes; no series has processor times, so their columns
/// are empty.
pub(crate) fn hyperfine_csv(series: &[ExportSeries]) -> String {
    let mut out = format!("{CSV_HEAD}\n");
    for one in series {
        let Some(timing) = series_timing(one) else { continue };
        let stddev = timing.stddev.map(|stddev| stddev.to_string()).unwrap_or_default();
        let cells = [
            quote_cell(&timing.command),
            timing.mean.to_string(),
            stddev,
            timing.median.to_string(),
            String::new(),
            String::new(),
            timing.min.to_string(),
            timing.max.to_string(),
            quote_cell(one.target),
            quote_cell(one.id),
        ];
        out.push_str(&format!("{}\n", cells.join(",")));
    }
    out
}

/// A text as a cell of CSV (RFC 4180). A spreadsheet takes one that begins like a formula for one.
fn quote_cell(text: &str) -> String {
    let text =
        if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.into() };
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
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
        parameters: SeriesParameters {
            runtime: series.target.to_string(),
            series: series.id.to_string(),
        },
    })
}

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
        assert_eq!(
            crate::probe::hyperfine::target_names(std::slice::from_ref(&export)),
            [["kata", "runc"]]
        );
        assert_eq!(export.results[1].successful_times(), runc);
    }

    #[test]
    fn the_tables_are_those_of_hyperfine() {
        let (runc, kata) = ([0.4, 0.5, 0.4, 0.5, 0.45], [1.9, 2.1, 1.9, 2.1, 2.0]);
        let sketch =
            sketch().series("startup.wall", "runc", &runc).series("startup.wall", "kata", &kata);
        let mut series = series::select_series(&sketch.run, &[]).unwrap();
        assert_eq!(
            hyperfine_markdown(&series),
            "| Command | Mean [ms] | Min [ms] | Max [ms] | Relative |\n\
             |:---|---:|---:|---:|---:|\n\
             | `startup.wall kata` | 2000.0 ± 100.0 | 1900.0 | 2100.0 | 4.44 ± 0.54 |\n\
             | `startup.wall runc` | 450.0 ± 50.0 | 400.0 | 500.0 | 1.00 |\n"
        );
        let csv = hyperfine_csv(&series);
        assert!(csv.ends_with("0.45,,,0.4,0.5,runc,startup.wall\n"), "{csv}");
        // Where a report withholds the ratio, so does the table, and says why.
        series[0].obstacle = Some("the host is emulated in software".into());
        let table = hyperfine_markdown(&series);
        assert!(table.contains("| 2100.0 | - |"), "{table}");
        let why = "\nNot compared, because the host is emulated in software: `startup.wall kata`\n";
        assert!(table.ends_with(why), "{table}");
        assert!(is_own_hyperfine(&table, &|id| id == "startup.wall"));
        assert_eq!([1.25e-3, 0.04, 0.0, 12.34].map(in_digits), ["0.0013", "0.04", "0.0", "12.3"]);
        assert_eq!(quote_cell("=a,\"b\""), "\"'=a,\"\"b\"\"\"");
    }

    #[test]
    fn the_deviation_is_that_of_a_sample() {
        assert_eq!(standard_deviation(&[1.0, 3.0], 2.0), Some(2f64.sqrt()));
        assert_eq!(standard_deviation(&[1.0], 1.0), None);
    }
}
