//! The series of a run that leave it: those in seconds.

use crate::error::{Error, Result};
use crate::model::{Fact, Run, SampleUnit, Samples};

#[derive(Debug, Clone)]
pub(crate) struct ExportSeries<'a> {
    pub id: &'a str,
    pub target: &'a str,
    pub samples: &'a Samples,
    /// Why nothing follows from it, as a clause, if nothing does.
    pub obstacle: Option<String>,
}

impl ExportSeries<'_> {
    /// A name that is the same in every run, so that its history goes on.
    pub(crate) fn stable_name(&self) -> String {
        format!("{} {}", self.id, self.target)
    }
}

/// Whether a text is the stable name of a series that `is_series` knows by its id.
pub(crate) fn is_stable_name(text: &str, is_series: &dyn Fn(&str) -> bool) -> bool {
    text.split_once(' ').is_some_and(|(id, target)| is_series(id) && !target.contains(' '))
}

/// The series of these facts, or all, by id and target.
/// Errors: the run has no series, or none of a fact that is asked for.
pub(crate) fn select_series<'a>(run: &'a Run, wanted: &[String]) -> Result<Vec<ExportSeries<'a>>> {
    let mut all = Vec::new();
    for (id, by_target) in &run.facts {
        for (target, fact) in by_target {
            let samples = fact.as_series().filter(|samples| samples.unit == SampleUnit::Seconds);
            all.extend(samples.map(|samples| ExportSeries { id, target, samples, obstacle: None }));
        }
    }
    if all.is_empty() {
        return Err(Error::unusable_input(format!("run {} has no series of times", run.id))
            .with_help(
                "isoproof collect measures some, and isoproof import hyperfine reads them",
            ));
    }
    for id in wanted {
        if !all.iter().any(|series| series.id == id) {
            return Err(unknown_series_error(run, id, &all));
        }
    }
    all.retain(|series| wanted.is_empty() || wanted.iter().any(|id| id == series.id));
    Ok(all)
}

fn unknown_series_error(run: &Run, id: &str, all: &[ExportSeries]) -> Error {
    let mut ids: Vec<&str> = all.iter().map(|series| series.id).collect();
    ids.dedup();
    let missing = run
        .facts
        .get(id)
        .is_some_and(|by_target| by_target.values().all(|fact| matches!(fact, Fact::Missing(_))));
    let what = if missing { "was not captured in" } else { "is no series of times in" };
    Error::unusable_input(format!("`{}` {what} run {}", crate::text::make_visible(id), run.id))
        .with_help(format!("it has {}", ids.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::rules::testing::sketch;

    #[test]
    fn series_are_chosen_by_their_ids() {
        let sketch = sketch()
            .series("startup.wall", "runc", &[1.0])
            .series("http.latency", "runc", &[1.0])
            .fact("app.health_status", "runc", 200);
        let names = |wanted: &[&str]| -> Vec<String> {
            let wanted: Vec<String> = wanted.iter().map(|id| (*id).to_string()).collect();
            select_series(&sketch.run, &wanted)
                .unwrap()
                .iter()
                .map(ExportSeries::stable_name)
                .collect()
        };
        assert_eq!(names(&[]), ["http.latency runc", "startup.wall runc"]);
        assert_eq!(names(&["startup.wall"]), ["startup.wall runc"]);
        let error = select_series(&sketch.run, &["startup.wal".into()]).unwrap_err();
        assert!(error.help.unwrap().contains("http.latency, startup.wall"));
    }

    #[test]
    fn a_run_without_series_says_so() {
        let error = select_series(&sketch().run, &[]).unwrap_err();
        assert!(error.message.contains("has no series of times"), "{error}");
    }
}
