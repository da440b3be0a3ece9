//! What the page templates see of a run.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::judge::fleet::NodeSummary;
use crate::judge::starts::StartShift;
use crate::judge::{Conclusion, Confidence, RuleExample, Severity};
use crate::model::{Capture, CaptureOrigin, EvidenceKind, SampleUnit};
use crate::report::Assessment;
use crate::report::assessment::RecordPage;
use crate::report::fleet::summarize_node;
use crate::report::markdown::RenderedText;
use crate::report::number::{format_difference, format_measured};

/// A capture as a page shows it.
#[derive(Debug, Serialize)]
pub(crate) struct CaptureView<'a> {
    id: &'a str,
    anchor: &'a str,
    target: Option<&'a str>,
    /// What readers call its target.
    target_name: Option<String>,
    /// The command that ran, or the path of the file.
    title: Cow<'a, str>,
    is_file: bool,
    is_command: bool,
    /// The command that the instructions for the file give.
    instruction: Option<&'a str>,
    status: &'static str,
    meaning: &'static str,
    /// Why the file could not be read.
    unread: Option<String>,
    /// Whether it was changed after it was written.
    is_changed: bool,
    exit: Option<i32>,
    /// How long it took.
    duration: Option<String>,
    started: Option<String>,
    digest: &'a str,
    /// In bytes.
    size: usize,
    /// How many lines of its output are shown, and how many follow that are folded away.
    shown: usize,
    folded: usize,
    /// How many of those a fact was read from.
    folded_sources: usize,
    /// How many lines of error output it has.
    errors: usize,
    /// How many lines are not shown.
    clipped: usize,
    /// How many facts were read from it.
    facts: usize,
}

/// A record of more lines than this is folded after the first [`SHOWN`].
const FOLD: usize = 40;

/// How many lines of a folded record are shown.
const SHOWN: usize = 16;

/// The views of these captures of a run, each of at most `limit` lines.
pub(crate) fn capture_views<'a>(
    assessment: &'a Assessment,
    captures: impl Iterator<Item = &'a Capture>,
    limit: Option<usize>,
) -> Vec<CaptureView<'a>> {
    captures.map(|capture| CaptureView::new(assessment, capture, limit)).collect()
}

impl<'a> CaptureView<'a> {
    fn new(assessment: &'a Assessment, capture: &'a Capture, limit: Option<usize>) -> Self {
        let (title, slot) = match &capture.origin {
            CaptureOrigin::File { path, slot } => (path.as_str().into(), slot.as_deref()),
            origin => (origin.describe_origin().into(), None),
        };
        let (facts, sources) = assessment.lines_read(&capture.id);
        let count = capture.stdout.text_lines().len();
        let (shown, folded) = match limit {
            None if count > FOLD => (SHOWN, count - SHOWN),
            limit => (limit.unwrap_or(count).min(count), 0),
        };
        Self {
            id: &capture.id,
            anchor: assessment.capture_anchor(&capture.id).unwrap_or_default(),
            target: capture.target.as_deref(),
            target_name: capture.target.as_deref().map(|target| assessment.reader_name(target)),
            title,
            is_file: matches!(capture.origin, CaptureOrigin::File { .. }),
            is_command: matches!(
                capture.origin,
                CaptureOrigin::Command { .. } | CaptureOrigin::Probe { .. }
            ),
            instruction: slot.and_then(|slot| assessment.instructed_command(slot)),
            status: capture.status.into_str(),
            meaning: capture.status.meaning(),
            unread: capture.unread_reason(),
            is_changed: assessment.integrity.altered.contains(&capture.id),
            exit: capture.exit,
            duration: capture
                .duration_ms
                .map(|ms| format_measured(ms / 1000.0, SampleUnit::Seconds)),
            started: capture.started.map(|at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string()),
            digest: &capture.stdout.digest,
            size: capture.stdout.count_bytes(),
            shown,
            folded,
            folded_sources: sources.range(shown + 1..shown + folded + 1).count(),
            errors: capture.stderr.as_ref().map_or(0, |stream| stream.text_lines().len()),
            clipped: count - shown - folded,
            facts,
        }
    }
}

/// An example on the page of its rule.
#[derive(Debug, Serialize)]
pub(crate) struct ExampleView<'a> {
    what: &'a str,
    says: &'a [String],
    /// Path and text of each file, and what became of it.
    files: Vec<(&'a str, &'a str, &'a str)>,
    /// Fact, target and value in JSON.
    facts: Vec<(&'a str, &'a str, String)>,
    /// The capture of a probe, and how it ended.
    probes: Vec<(&'a str, String)>,
    /// The text of a report.
    report: &'a str,
}

impl<'a> ExampleView<'a> {
    /// The view of an example.
    pub(crate) fn new(example: &'a RuleExample) -> Self {
        let mut files = Vec::new();
        for (part, fate) in [
            (&example.files, ""),
            (&example.captures, ""),
            (&example.changed, "changed"),
            (&example.unread, "unread"),
            (&example.changed_failures, "failure added"),
        ] {
            files.extend(part.iter().map(|(path, text)| (path.as_str(), text.as_str(), fate)));
        }
        let facts = example.facts.iter().flat_map(|(id, by_target)| {
            by_target.iter().map(move |(target, value): (&'a String, &'a serde_json::Value)| {
                (id.as_str(), target.as_str(), value.to_string())
            })
        });
        let mut probes = Vec::new();
        for (id, status) in &example.probes {
            probes.push((id.as_str(), format!("{}, {}", status.into_str(), status.meaning())));
        }
        Self {
            what: &example.what,
            says: &example.says,
            files,
            facts: facts.collect(),
            probes,
            report: &example.report,
        }
    }
}

/// A row of the table of all facts.
#[derive(Debug, Serialize)]
pub(crate) struct FactRow<'a> {
    id: &'a str,
    title: &'a str,
    unit: &'a str,
    strength: &'static str,
    is_series: bool,
}

/// The rows of the table of all facts: every fact that the run holds something about.
pub(crate) fn fact_rows(assessment: &Assessment) -> Vec<FactRow<'_>> {
    let mut rows = Vec::new();
    for (id, by_target) in &assessment.run.facts {
        let Some(probe) = assessment.project_data.catalogue.find_probe(id) else { continue };
        rows.push(FactRow {
            id,
            title: &probe.title,
            unit: &probe.unit,
            strength: probe.strength.into(),
            is_series: by_target.values().any(|fact| fact.as_series().is_some()),
        });
    }
    rows
}

/// The rows of [`fact_rows`] by the first part of their ids, in order.
pub(crate) fn fact_areas(assessment: &Assessment) -> Vec<(&str, Vec<FactRow<'_>>)> {
    let mut areas: Vec<(&str, Vec<FactRow>)> = Vec::new();
    for row in fact_rows(assessment) {
        let area = row.id.split('.').next().unwrap_or_default();
        match areas.last_mut().filter(|(last, _)| *last == area) {
            Some((_, rows)) => rows.push(row),
            None => areas.push((area, vec![row])),
        }
    }
    areas
}

/// A row of the list of runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RunRow {
    /// The id.
    pub id: String,
    /// The label.
    pub label: Option<String>,
    /// When it was recorded.
    pub at: DateTime<Utc>,
    /// The same for readers.
    pub created: String,
    edition: Option<String>,
    /// Whether the chapters are about it.
    #[serde(default)]
    pub is_current: bool,
    /// The verdict on each runtime.
    pub verdicts: Vec<VerdictView>,
    /// Whether its session was stopped before its end.
    #[serde(default)]
    is_interrupted: bool,
    errors: usize,
    warnings: usize,
    notes: usize,
    /// The rules that found something, and those that are switched off.
    pub rules: BTreeSet<String>,
    /// Whether the run file is as it was written.
    pub is_intact: bool,
    /// The pages of its captures, where it has many.
    #[serde(default)]
    pub record_pages: Vec<RecordPage>,
    /// What it shows of its node, if it is of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeSummary>,
    /// The fleet that its node is of, if that fleet has a page.
    #[serde(default)]
    pub fleet: Option<String>,
    /// The comparisons of the run with others: their titles and pages.
    #[serde(default)]
    pub comparisons: Vec<(String, String)>,
}

/// A verdict in the list of runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct VerdictView {
    /// The name of the target.
    pub name: String,
    /// The id of the conclusion.
    pub conclusion: String,
    /// What is concluded, in words.
    pub title: String,
    /// How far it can be relied on.
    pub confidence: Confidence,
}

impl RunRow {
    /// The row of a run.
    pub(crate) fn new(assessment: &Assessment) -> Self {
        let run = &assessment.run;
        let findings = &assessment.judgement.findings;
        let [errors, warnings, notes] = [Severity::Error, Severity::Warning, Severity::Note]
            .map(|severity| findings.iter().filter(|f| f.severity == severity).count());
        let verdicts = assessment.judgement.verdicts.iter().map(|verdict| VerdictView {
            name: assessment.reader_name(&verdict.target),
            conclusion: verdict.conclusion.into_str().into(),
            title: assessment.project_data.words[verdict.conclusion.into_str()].title.clone(),
            confidence: verdict.confidence,
        });
        Self {
            id: run.id.clone(),
            label: run.label.clone(),
            at: run.created,
            created: run.created.format("%Y-%m-%d %H:%M UTC").to_string(),
            edition: run.edition.clone(),
            is_current: false,
            verdicts: verdicts.collect(),
            is_interrupted: matches!(
                run.evidence,
                EvidenceKind::Collected { interrupted: true, .. }
            ),
            errors,
            warnings,
            notes,
            rules: found_rules(assessment),
            is_intact: assessment.integrity.is_intact(),
            record_pages: assessment.record_pages().to_vec(),
            node: run.find_node().map(|node| summarize_node(node, assessment)),
            fleet: None,
            comparisons: Vec::new(),
        }
    }

    /// The verdicts without those of an interrupted session on runtimes of which it shows nothing.
    pub(crate) fn reached_verdicts(&self) -> impl Iterator<Item = &VerdictView> {
        let nothing = [Conclusion::NotTested, Conclusion::Inconclusive].map(<&str>::from);
        self.verdicts.iter().filter(move |verdict| {
            !self.is_interrupted || !nothing.contains(&verdict.conclusion.as_str())
        })
    }

    /// The runtimes of which an interrupted session shows nothing.
    pub(crate) fn unreached_runtimes(&self) -> Vec<String> {
        let mut names: Vec<String> = self.verdicts.iter().map(|v| v.name.clone()).collect();
        names.retain(|name| !self.reached_verdicts().any(|verdict| verdict.name == *name));
        names
    }

    /// What the list is sorted by, newest last.
    pub(crate) fn sort_key(&self) -> (DateTime<Utc>, &str) {
        (self.at, &self.id)
    }
}

fn found_rules(assessment: &Assessment) -> BTreeSet<String> {
    let found = assessment.judgement.findings.iter().map(|finding| &finding.rule);
    found.chain(assessment.judgement.switched_off.iter().map(|off| &off.rule)).cloned().collect()
}

/// A heading in the table of contents of a page.
#[derive(Debug, Serialize)]
pub(crate) struct HeadingView {
    id: String,
    text: String,
    level: u8,
}

/// The headings that a page's table of contents lists: those of the second and third level.
pub(crate) fn contents_headings(rendered: &RenderedText) -> Vec<HeadingView> {
    let mut views = Vec::new();
    for heading in rendered.headings.iter().filter(|heading| (2..=3).contains(&heading.level)) {
        let (id, text) = (heading.id.clone(), heading.text.clone());
        views.push(HeadingView { id, text, level: heading.level });
    }
    views
}

/// What the page of a node's run sees of how the starts of a class stand to the baseline's.
pub(super) fn start_view(shift: &StartShift) -> Json {
    let shown = shift.seconds.map(|(value, low, high)| [value, low, high].map(show_difference));
    json!({
        "class": shift.class, "baseline": shift.baseline, "outcome": shift.outcome,
        "samples": shift.samples, "baseline_samples": shift.baseline_samples,
        "difference": shown, "control": shift.control_seconds.map(show_difference),
    })
}

/// A difference of times for readers.
pub(super) fn show_difference(seconds: f64) -> String {
    format_difference(seconds, SampleUnit::Seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::rules::testing::{Sketch, sketch};
    use crate::model::{CaptureStatus, CapturedStream, Fact, FactSource};
    use crate::report::{ProjectData, markdown};
    use crate::store::LoadedRun;

    fn assessment(sketch: Sketch) -> Assessment {
        let loaded =
            LoadedRun { run: sketch.run, integrity: sketch.integrity, origin: "a test".into() };
        Assessment::new(loaded, &ProjectData::load_data(None).unwrap()).unwrap()
    }

    fn with_release() -> Assessment {
        let fact = Fact::from_value("6.12.47", FactSource::new("kata/kernel.txt", 2));
        let sketch = sketch()
            .file("kata/kernel.txt", "Kata:\n6.12.47\n\u{1b}[31mred\u{1b}[0m\n")
            .put("kernel.release", "kata", fact)
            .missing("kernel.release", "runc", crate::model::MissingReason::NotStated);
        assessment(sketch)
    }

    fn view_capture(assessment: &Assessment, limit: Option<usize>) -> CaptureView<'_> {
        capture_views(assessment, assessment.run.captures[..1].iter(), limit).remove(0)
    }

    #[test]
    fn a_capture_marks_the_lines_that_facts_were_read_from() {
        let assessment = with_release();
        let view = view_capture(&assessment, None);
        assert_eq!(assessment.lines_read(view.id), (1, &BTreeSet::from([2])));
        assert_eq!(view.facts, 1);
        assert_eq!(view.anchor, "c-kata-kernel-txt");
    }

    #[test]
    fn a_clipped_capture_counts_what_is_left_out() {
        let assessment = with_release();
        assert_eq!(view_capture(&assessment, Some(1)).shown, 1);
        assert_eq!(view_capture(&assessment, Some(1)).clipped, 2);
        assert_eq!(view_capture(&assessment, Some(9)).clipped, 0);
    }

    #[test]
    fn a_long_record_is_folded_and_counts_what_was_read_from_the_fold() {
        let fact = Fact::from_value("6.12.47", FactSource::new("kata/kernel.txt", 30));
        let text = "line\n".repeat(50);
        let sketch = sketch().file("kata/kernel.txt", &text).put("kernel.release", "kata", fact);
        let assessment = assessment(sketch);
        let view = view_capture(&assessment, None);
        assert_eq!((view.shown, view.folded, view.folded_sources), (16, 34, 1));
    }

    #[test]
    fn a_command_shows_what_ran_and_how_it_ended() {
        let mut sketch = sketch().file("x", "out\n");
        let capture = &mut sketch.run.captures[0];
        capture.origin = CaptureOrigin::Command { argv: vec!["uname".into(), "-r".into()] };
        capture.status = CaptureStatus::Error;
        capture.exit = Some(1);
        capture.duration_ms = Some(1.208_000_000_000_000_2);
        capture.stderr = Some(CapturedStream::new(b"no\n"));
        let assessment = assessment(sketch);
        let view = view_capture(&assessment, None);
        assert_eq!((&*view.title, view.status, view.exit), ("uname -r", "error", Some(1)));
        assert_eq!((view.errors, view.duration.as_deref()), (1, Some("1.21 ms")));
    }

    #[test]
    fn every_fact_has_a_row_even_if_it_is_only_missing() {
        let assessment = assessment(sketch().missing(
            "kernel.boot_id",
            "kata",
            crate::model::MissingReason::NotStated,
        ));
        let rows = fact_rows(&assessment);
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].id, rows[0].strength), ("kernel.boot_id", "decisive"));
    }

    #[test]
    fn a_run_in_the_list_shows_a_verdict_for_each_runtime() {
        let row = RunRow::new(&with_release());
        let names: Vec<&str> = row.verdicts.iter().map(|verdict| verdict.name.as_str()).collect();
        assert_eq!(names, ["runc", "Kata"]);
    }

    #[test]
    fn the_contents_of_a_page_leave_out_its_title_and_small_headings() {
        let links = crate::report::fact_links::FactLinks::default();
        let rendered = markdown::to_html("# T\n\n## A\n\n### B\n\n#### C\n", &links, &|_, _| None);
        let texts: Vec<String> = contents_headings(&rendered).into_iter().map(|h| h.text).collect();
        assert_eq!(texts, ["A", "B"]);
    }
}
