//! What readers see of a comparison: the view that text, Markdown and HTML are made from.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use tera::Context;

use super::assessment::{Assessment, ProjectData};
use super::functions::LookupSources;
use super::{EvidenceLinks, Renderer, TemplateEngine, number};
use crate::assets::{self, AssetTree};
use crate::diff::value::{ValuePart, value_text};
use crate::diff::{
    Change, ChangeKind, MeasuredFigure, MeasurementChange, MissingSide, RunDiff, is_weaker,
};
use crate::error::Result;
use crate::judge::Finding;
use crate::model::{FactSource, MissingReason, Role, SampleUnit};
use crate::phrases::{ReportPhrases, fill_phrase};
use crate::stats::ComparisonOutcome;
use crate::text::shorten_text;

#[derive(Debug, Serialize)]
pub(crate) struct ComparisonView {
    pub a: RunName,
    pub b: RunName,
    /// Whether nothing changed that was looked at.
    pub is_empty: bool,
    pub conditions: Vec<ConditionView>,
    pub verdicts: Vec<VerdictChange>,
    /// Targets that came, went or were renamed.
    pub targets: Vec<TargetView>,
    pub measurements: Vec<MeasurementView>,
    /// What its figures are, where something was measured.
    pub figures: String,
    /// What the numbers in [`MeasurementView::note`] stand for.
    pub notes: Vec<String>,
    /// Facts that changed in one way, with the targets that they changed on.
    pub facts: Vec<FactView>,
    /// Expectations that are met no longer: what is expected, what came of it, what is shown.
    pub expectations: Vec<(String, &'static str, String)>,
    /// Findings of the second run alone.
    pub added: Vec<Finding>,
    /// Findings of the first alone.
    pub removed: Vec<Finding>,
    /// How many changes of volatile facts were left out.
    pub volatile_left_out: usize,
}

#[derive(Debug, Serialize)]
pub(crate) struct RunName {
    pub id: String,
    pub label: Option<String>,
    /// Its page.
    pub href: Option<String>,
}

/// Something that differs and may be the cause.
#[derive(Debug, Serialize)]
pub(crate) struct ConditionView {
    pub what: String,
    /// What the first run has.
    pub a: String,
    /// What the second has.
    pub b: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct VerdictChange {
    /// What readers call the target.
    pub name: String,
    /// The words of the verdict before.
    pub a: String,
    pub b: String,
    /// The id of the new conclusion.
    pub b_id: String,
    /// Whether it says less of a boundary.
    pub is_weaker: bool,
}

/// A target that came, went or was renamed.
#[derive(Debug, Serialize)]
pub(crate) struct TargetView {
    /// What readers call it; two may be called alike.
    pub name: String,
    /// Its name in the run.
    pub target: String,
    /// `target_added`, `target_gone` or `target_renamed`.
    pub kind: &'static str,
    /// The name before, where it was renamed.
    pub was: Option<String>,
    pub verdict: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct MeasurementView {
    pub series: String,
    pub title: String,
    /// What readers call the target.
    pub name: String,
    /// What readers call the baseline that it was divided by.
    pub over: Option<String>,
    /// The first run's figure.
    pub a: String,
    /// The second's.
    pub b: String,
    /// By how much the second differs: `+6 %`.
    pub change: String,
    /// What follows, in a word.
    pub outcome: &'static str,
    pub outcome_id: &'static str,
    /// The number of the note, counted from 1.
    pub note: Option<usize>,
    /// Whether it lies outside of what the sessions before predict.
    pub is_change: bool,
    /// Whether it can fail the gate.
    pub gated: bool,
    /// Whether the first run measured it and the second should have.
    pub lost: bool,
}

/// A fact that changed in one way, and the targets that it changed on.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FactView {
    pub id: String,
    pub title: String,
    /// What it is worth as proof.
    pub strength: &'static str,
    pub kind: &'static str,
    /// What readers call the targets.
    pub names: Vec<String>,
    /// What the first run has.
    pub a: String,
    /// Whether that is a value, and not the reason why there is none.
    pub a_is_value: bool,
    /// What the second has.
    pub b: String,
    pub b_is_value: bool,
    /// The parts that differ, where the value has parts.
    pub parts: Vec<PartView>,
    pub lines: Vec<String>,
    /// Whether it changes from run to run without meaning.
    pub volatile: bool,
    /// Where the first run has it from, on the first of the targets.
    #[serde(skip)]
    pub a_source: Option<FactSource>,
    /// Where the second has it from.
    #[serde(skip)]
    pub b_source: Option<FactSource>,
    /// The place on the page of the first run.
    pub a_href: Option<String>,
    /// The place on the page of the second.
    pub b_href: Option<String>,
}

/// A part of a value that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PartView {
    pub key: String,
    /// What the first run has there; none if it lacks it or the key says it all.
    pub a: Option<String>,
    /// What the second has.
    pub b: Option<String>,
    /// `+` only in the second, `-` only in the first, `~` in both.
    pub sign: &'static str,
}

impl ComparisonView {
    pub(crate) fn new(diff: &RunDiff, project_data: &ProjectData) -> Self {
        let words = ComparisonWords { project_data };
        let phrases = &project_data.phrases;
        let mut notes = Vec::new();
        let measurements: Vec<MeasurementView> =
            diff.measurements.iter().map(|m| words.measurement_view(m, &mut notes)).collect();
        let facts = diff.changes.iter().filter(|change| {
            matches!(
                change.kind,
                ChangeKind::Changed
                    | ChangeKind::Unavailable
                    | ChangeKind::Gone
                    | ChangeKind::Appeared
            )
        });
        let [a, b] = [(&diff.a, &diff.a_label), (&diff.b, &diff.b_label)].map(|(id, label)| {
            let id = if id.is_empty() { &phrases.evidence_files } else { id };
            RunName { id: id.clone(), label: label.clone(), href: None }
        });
        Self {
            a,
            b,
            is_empty: diff.is_empty(),
            conditions: diff
                .conditions
                .iter()
                .map(|condition| {
                    let [a, b] = [&condition.a, &condition.b]
                        .map(|text| text.as_ref().unwrap_or(&phrases.not_stated).clone());
                    ConditionView { what: condition.what.clone(), a, b }
                })
                .collect(),
            verdicts: diff.verdict_changes().map(|change| words.verdict_view(change)).collect(),
            targets: diff.changes.iter().filter_map(|change| words.target_view(change)).collect(),
            figures: figures_sentence(&diff.measurements, phrases),
            measurements,
            notes,
            facts: words.fact_views(facts),
            expectations: diff
                .expectations
                .iter()
                .map(|e| (e.expects.clone(), e.outcome.into_str(), e.found.clone()))
                .collect(),
            added: diff.findings.added.clone(),
            removed: diff.findings.removed.clone(),
            volatile_left_out: diff.volatile_left_out,
        }
    }
}

/// The most bytes of a comment on a pull request, with room for what is put around it.
const COMMENT: usize = 60_000;
/// The most characters of a value in a comment.
const VALUE: usize = 160;

/// The Markdown of a comment on a pull request: short, the details folded.
pub(crate) fn comparison_markdown(
    view: &ComparisonView,
    assessment: &Arc<Assessment>,
    templates: &Path,
) -> Result<String> {
    let engine = make_engine(
        assessment,
        Renderer::Markdown(EvidenceLinks::None),
        templates,
        "diff/",
        ".md",
    )?;
    let (gated, ungated): (Vec<_>, Vec<_>) =
        view.measurements.iter().partition(|m| m.gated || m.is_change);
    let notes: Vec<(usize, &String)> = (1..)
        .zip(&view.notes)
        .filter(|(number, _)| gated.iter().any(|m| m.note == Some(*number)))
        .collect();
    let facts: Vec<FactView> = view.facts.iter().map(|fact| fact.clip_values(VALUE)).collect();
    // As many facts as fit.
    let mut shown = facts.len();
    loop {
        let mut context = make_context(view);
        context.insert("gated", &gated);
        context.insert("ungated", &ungated);
        context.insert("gated_notes", &notes);
        context.insert("facts", &facts[..shown]);
        context.insert("facts_left_out", &(facts.len() - shown));
        let text = engine.render_template("diff/comment.md", &context)?;
        if text.len() <= COMMENT || shown == 0 {
            return Ok(text);
        }
        shown /= 2;
    }
}

/// What a run shows, for a comment on a pull request or the summary of a job: each runtime, what is
/// expected, what is wrong with the evidence and, if there is one, what is said about a `report`, as
/// JSON.
pub(crate) fn check_markdown(
    assessment: &Arc<Assessment>,
    report: Option<&Value>,
    templates: &Path,
) -> Result<String> {
    let renderer = Renderer::Markdown(EvidenceLinks::None);
    let engine = make_engine(assessment, renderer, templates, "check/", ".md")?;
    let mut context = Context::new();
    context.insert("report", &report);
    engine.render_template("check/summary.md", &context)
}

pub(crate) fn comparison_html(
    view: &ComparisonView,
    assessment: &Arc<Assessment>,
    templates: &Path,
) -> Result<String> {
    let engine =
        make_engine(assessment, Renderer::Html(EvidenceLinks::None), templates, "diff/", ".html")?;
    let mut context = make_context(view);
    let style = assets::read_all(AssetTree::Templates, Some(templates), "site/style.css", "")?;
    let style: String = style.into_values().map(|file| file.text).collect();
    context.insert("style", &style);
    engine.render_template("diff/page.html", &context)
}

/// What every template of a comparison sees.
pub(crate) fn template_context(view: &ComparisonView) -> Value {
    serde_json::json!({
        "d": view,
        "counts": view.change_counts(),
        "lost": view.lost_count(),
        "incomparable": view.incomparable_count(),
        "fact_count": view.fact_count(),
    })
}

fn make_context(view: &ComparisonView) -> Context {
    let mut context = Context::new();
    for (name, value) in template_context(view).as_object().into_iter().flatten() {
        context.insert(name.clone(), value);
    }
    context
}

fn make_engine(
    assessment: &Arc<Assessment>,
    renderer: Renderer,
    templates: &Path,
    folder: &str,
    suffix: &str,
) -> Result<TemplateEngine> {
    let mut files = assets::read_all(AssetTree::Templates, Some(templates), folder, suffix)?;
    if suffix == ".html" {
        for name in ["partials/comparison.html", "partials/icons.html"] {
            files.extend(assets::read_all(AssetTree::Templates, Some(templates), name, "")?);
        }
    }
    let sources = LookupSources {
        assessment: assessment.clone(),
        renderer,
        chapters: None,
        notes: Arc::default(),
        is_document: false,
        warnings: None,
    };
    TemplateEngine::new(&files, &sources)
}

impl ComparisonView {
    /// Lets the runs and their facts lead to the pages of the runs, from a page that reaches the
    /// root of the site by `root`.
    pub(crate) fn link_to_pages(&mut self, a: &Assessment, b: &Assessment, root: &str) {
        let renderer = Renderer::Html(EvidenceLinks::Site(root.into()));
        self.a.href = Some(format!("{root}runs/{}.html", a.run.id));
        self.b.href = Some(format!("{root}runs/{}.html", b.run.id));
        for fact in &mut self.facts {
            let (a_source, b_source) = (fact.a_source.as_ref(), fact.b_source.as_ref());
            fact.a_href = a_source.and_then(|source| renderer.source_url(a, source));
            fact.b_href = b_source.and_then(|source| renderer.source_url(b, source));
        }
    }

    /// How many facts of how many targets changed.
    pub(crate) fn fact_count(&self) -> usize {
        self.facts.iter().map(|fact| fact.names.len()).sum()
    }

    /// How many figures the first run has and the second should have, and has not.
    pub(crate) fn lost_count(&self) -> usize {
        self.measurements.iter().filter(|m| m.lost).count()
    }

    /// How many figures cannot be compared, and are not lost.
    pub(crate) fn incomparable_count(&self) -> usize {
        let open = self.measurements.iter().filter(|m| m.outcome_id == "not-comparable");
        open.filter(|m| !m.lost).count()
    }

    /// How much changed, in words: `1 verdict`, `12 facts`.
    pub(crate) fn change_counts(&self) -> Vec<String> {
        let measurements = self.measurements.iter().filter(|m| m.is_change).count();
        [
            (self.verdicts.len(), "verdict"),
            (self.targets.len(), "runtime"),
            (self.expectations.len(), "expectation"),
            (self.fact_count(), "fact"),
            (measurements, "measurement"),
            (self.added.len() + self.removed.len(), "finding"),
        ]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, one)| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") })
        .collect()
    }
}

impl FactView {
    /// With values that are not longer than a table can bear.
    fn clip_values(&self, width: usize) -> Self {
        let mut clipped = self.clone();
        (clipped.a, clipped.b) = clip_around_difference(&self.a, &self.b, width);
        if clipped.parts.len() > 12 {
            let more = clipped.parts.len() - 12;
            clipped.parts.truncate(12);
            let key = format!("… {more} more");
            clipped.parts.push(PartView { key, a: None, b: None, sign: "~" });
        }
        for part in &mut clipped.parts {
            for text in [&mut part.key].into_iter().chain(&mut part.a).chain(&mut part.b) {
                *text = shorten_text(text, VALUE).into_owned();
            }
        }
        clipped
    }
}

/// Two texts cut to a width, both from the same place on, so that what differs is seen.
pub(crate) fn clip_around_difference(a: &str, b: &str, width: usize) -> (String, String) {
    const BEFORE: usize = 16;
    let common = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
    let longest = a.chars().count().max(b.chars().count());
    let from = if longest <= width || common <= width / 2 { 0 } else { common - BEFORE };
    let cut = [a, b].map(|text| {
        let out = if from > 0 { "…".to_string() } else { String::new() };
        let room = width - out.chars().count();
        let rest: String = text.chars().skip(from).collect();
        let is_whole = rest.chars().count() <= room;
        out + &shorten_text(&rest, if is_whole { room } else { room - 1 })
    });
    cut.into()
}

struct ComparisonWords<'a> {
    project_data: &'a ProjectData,
}

impl ComparisonWords<'_> {
    /// What readers call a target.
    fn reader_name(&self, target: &str) -> String {
        self.project_data.names.get(target).cloned().unwrap_or_else(|| target.to_string())
    }

    /// The words of a verdict: `shared-kernel`, or with the confidence after a comma.
    fn conclusion_title(&self, id: &str) -> String {
        let (id, rest) = id.split_once(',').map_or((id, ""), |(id, rest)| (id, rest));
        let title = self.project_data.words.get(id).map_or(id, |doc| doc.title.as_str());
        if rest.is_empty() { title.into() } else { format!("{title},{rest}") }
    }

    fn verdict_view(&self, change: &Change) -> VerdictChange {
        let [a, b] = [&change.a, &change.b].map(|value| value.as_str().unwrap_or_default());
        VerdictChange {
            name: self.reader_name(&change.target),
            a: self.conclusion_title(a),
            b: self.conclusion_title(b),
            b_id: b.split(',').next().unwrap_or_default().to_string(),
            is_weaker: is_weaker(change),
        }
    }

    fn target_view(&self, change: &Change) -> Option<TargetView> {
        let (own, was) = match change.kind {
            ChangeKind::TargetAdded => (&change.b, None),
            ChangeKind::TargetGone => (&change.a, None),
            ChangeKind::TargetRenamed => (&change.b, change.a.as_str()),
            _ => return None,
        };
        let verdict = own.get("verdict").and_then(Value::as_str);
        Some(TargetView {
            name: self.reader_name(&change.target),
            target: change.target.clone(),
            kind: change.kind.into_str(),
            was: was.map(|name| self.reader_name(name)),
            verdict: verdict.map(|id| self.conclusion_title(id)),
        })
    }

    fn measurement_view(&self, m: &MeasurementChange, notes: &mut Vec<String>) -> MeasurementView {
        let note = outcome_note(m, &self.project_data.phrases).map(|note| {
            match notes.iter().position(|other| *other == note) {
                Some(index) => index + 1,
                None => {
                    notes.push(note);
                    notes.len()
                }
            }
        });
        MeasurementView {
            series: m.series.clone(),
            title: m.title.clone(),
            name: self.reader_name(&m.target),
            over: m.over.as_ref().map(|over| self.reader_name(over)),
            a: figure_text(m.a, m.unit.as_deref(), m.over.is_some()),
            b: figure_text(m.b, m.unit.as_deref(), m.over.is_some()),
            change: match m.outcome {
                ComparisonOutcome::NotComparable => String::new(),
                _ => m.ratio.map(percent_change).unwrap_or_default(),
            },
            outcome: outcome_word(m),
            outcome_id: m.outcome.into_str(),
            note,
            is_change: m.is_change(),
            gated: m.gated,
            lost: m.lost,
        }
    }

    /// The facts, those that changed in the same way on several targets together.
    fn fact_views<'c>(&self, changes: impl Iterator<Item = &'c Change>) -> Vec<FactView> {
        let mut views: Vec<FactView> = Vec::new();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for change in changes {
            let view = self.fact_view(change);
            let key = format!(
                "{} {} {:?} {:?} {:?} {:?}",
                view.id, view.kind, view.a, view.b, view.parts, view.lines
            );
            match places.get(&key) {
                Some(&index) => views[index].names.extend(view.names),
                None => {
                    places.insert(key, views.len());
                    views.push(view);
                }
            }
        }
        views
    }

    fn fact_view(&self, change: &Change) -> FactView {
        FactView {
            id: change.fact.clone(),
            title: change.title.clone(),
            strength: change.strength.into(),
            kind: change.kind.into_str(),
            // `data/names.toml` has the host with its article, for sentences.
            names: vec![match change.role {
                Role::Host => change.target.clone(),
                _ => self.reader_name(&change.target),
            }],
            a: value_or_reason(
                &change.a,
                change.a_lacks.as_ref(),
                &self.project_data.phrases.not_asked,
            ),
            a_is_value: !change.a.is_null(),
            b: value_or_reason(
                &change.b,
                change.b_lacks.as_ref(),
                &self.project_data.phrases.not_asked,
            ),
            b_is_value: !change.b.is_null(),
            parts: change.parts.iter().map(part_view).collect(),
            lines: change.lines.clone(),
            volatile: change.volatile,
            a_source: change.a_source.clone(),
            b_source: change.b_source.clone(),
            a_href: None,
            b_href: None,
        }
    }
}

/// A value, or why there is none.
fn value_or_reason(value: &Value, lacks: Option<&MissingSide>, not_asked: &str) -> String {
    match (value, lacks) {
        (Value::Null, Some(lack)) => match lack.missing {
            // The message of a shell says no more than the word.
            why @ (MissingReason::Absent | MissingReason::Denied) => why.to_string(),
            missing => format!("{missing}: {}", lack.reason),
        },
        (Value::Null, None) => not_asked.into(),
        (value, _) => plain_value(value),
    }
}

/// A value in one line, as a reader writes it.
fn plain_value(value: &Value) -> String {
    match value {
        Value::Bool(yes) => (if *yes { "yes" } else { "no" }).into(),
        Value::Array(items) if items.is_empty() => "none".into(),
        Value::Array(items) => items.iter().map(plain_value).collect::<Vec<_>>().join(", "),
        Value::Object(fields) if fields.is_empty() => "none".into(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| format!("{name} {}", plain_value(value)))
            .collect::<Vec<_>>()
            .join(", "),
        Value::Null => "none".into(),
        value => value_text(value).lines().collect::<Vec<_>>().join(" "),
    }
}

fn part_view(part: &ValuePart) -> PartView {
    // The element of a list is its own key.
    let [a, b] = [&part.a, &part.b].map(|value| {
        let value = value.as_ref().filter(|value| value_text(value) != part.key)?;
        Some(plain_value(value))
    });
    let sign = match (&part.a, &part.b) {
        (None, _) => "+",
        (_, None) => "-",
        _ => "~",
    };
    PartView { key: part.key.clone(), a, b, sign }
}

fn figure_text(figure: Option<MeasuredFigure>, unit: Option<&str>, is_ratio: bool) -> String {
    figure.map_or_else(|| "none".into(), |figure| median_text(figure.median, unit, is_ratio))
}

fn median_text(median: f64, unit: Option<&str>, is_ratio: bool) -> String {
    let plain = || number::format_plain(crate::stats::round_significant(median, 4));
    match unit {
        _ if is_ratio && median < 1.0 => format!("{median:.3}×"),
        _ if is_ratio => format!("{median:.2}×"),
        Some("s") => number::format_measured(median, SampleUnit::Seconds),
        Some("B") => number::format_measured(median, SampleUnit::Bytes),
        Some("kB") => number::format_measured(median * 1024.0, SampleUnit::Bytes),
        Some(unit) => format!("{} {unit}", plain()),
        None => plain(),
    }
}

/// A factor as a change: `+6 %`; from three on as a factor.
pub(crate) fn percent_change(ratio: f64) -> String {
    if ratio >= 3.0 {
        return format!("×{ratio:.1}");
    }
    let percent = (ratio - 1.0) * 100.0;
    if percent.abs() < 0.5 { "±0 %".into() } else { format!("{percent:+.0} %") }
}

/// The word for an outcome: memory is not slower, and which side of a ratio moved it does not say.
fn outcome_word(m: &MeasurementChange) -> &'static str {
    let is_time = m.unit.as_deref().is_none_or(|unit| unit == "s");
    match m.outcome {
        ComparisonOutcome::Slower if m.over.is_some() => "higher",
        ComparisonOutcome::Faster if m.over.is_some() => "lower",
        ComparisonOutcome::Slower if !is_time => "more",
        ComparisonOutcome::Faster if !is_time => "less",
        ComparisonOutcome::NotComparable => "not comparable",
        outcome => outcome.into_str(),
    }
}

/// What the figures are: nothing where there are none.
fn figures_sentence(measurements: &[MeasurementChange], phrases: &ReportPhrases) -> String {
    let sentences = [
        (!measurements.is_empty(), &*phrases.medians),
        (measurements.iter().any(|m| m.over.is_some()), &*phrases.divided_medians),
        (measurements.iter().any(|m| m.expected.is_some()), &*phrases.widened),
    ];
    let told = sentences.into_iter().filter(|(is_so, _)| *is_so).map(|(_, words)| words);
    told.collect::<Vec<_>>().join(" ")
}

/// From ends that are so many times apart on, a prediction is told as none.
const PREDICTS_NOTHING: f64 = 1000.0;

/// What an outcome rests on, or why there is none.
fn outcome_note(m: &MeasurementChange, phrases: &ReportPhrases) -> Option<String> {
    if let Some(reason) = &m.reason {
        let (phrase, wanted) = match m.outcome {
            ComparisonOutcome::Inconclusive if (1..m.sessions_wanted).contains(&m.sessions) => {
                (&phrases.more_sessions, m.sessions_wanted - m.sessions)
            }
            _ => (&phrases.reason, 0),
        };
        return Some(fill_phrase(phrase, &[("reason", reason), ("count", &wanted.to_string())]));
    }
    let expected = m.expected?;
    if expected.high / expected.low > PREDICTS_NOTHING {
        let values = [("count", &*m.sessions.to_string())];
        return Some(fill_phrase(&phrases.unpredicted, &values));
    }
    let [low, high] = [expected.low, expected.high].map(|end| match m.over {
        Some(_) => format!("{}×", number::format_plain(crate::stats::round_significant(end, 3))),
        None => median_text(end, m.unit.as_deref(), false),
    });
    let values = [("count", &*m.sessions.to_string()), ("low", &low), ("high", &high)];
    Some(fill_phrase(&phrases.predicted, &values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_factor_reads_as_a_change() {
        assert_eq!(percent_change(1.064), "+6 %");
        assert_eq!(percent_change(0.5), "-50 %");
        assert_eq!(percent_change(1.001), "±0 %");
        assert_eq!(percent_change(4.25), "×4.2");
    }

    #[test]
    fn values_read_as_a_reader_writes_them() {
        assert_eq!(value_or_reason(&json!(true), None, "not asked"), "yes");
        assert_eq!(value_or_reason(&json!([]), None, "not asked"), "none");
        assert_eq!(
            value_or_reason(&json!({"ext4": 3, "proc": 1}), None, "not asked"),
            "ext4 3, proc 1"
        );
        let lack = |missing| MissingSide { missing, reason: "cat: nope".into() };
        assert_eq!(
            value_or_reason(&Value::Null, Some(&lack(MissingReason::Denied)), "not asked"),
            "denied"
        );
        assert_eq!(
            value_or_reason(&Value::Null, Some(&lack(MissingReason::Error)), "not asked"),
            "error: cat: nope"
        );
        assert_eq!(value_or_reason(&Value::Null, None, "not asked"), "not asked");
    }

    #[test]
    fn long_texts_are_cut_where_they_still_differ() {
        let (a, b) = (format!("{}one", "x".repeat(90)), format!("{}two", "x".repeat(90)));
        let (a, b) = clip_around_difference(&a, &b, 40);
        assert_eq!(a, format!("…{}one", "x".repeat(16)));
        assert_eq!(b, format!("…{}two", "x".repeat(16)));
        assert_eq!(clip_around_difference("short", "shore", 40), ("short".into(), "shore".into()));
        let (a, _) = clip_around_difference(&format!("b{}", "x".repeat(90)), "a", 40);
        assert_eq!(a.chars().count(), 40);
    }

    #[test]
    fn an_element_of_a_list_is_said_once() {
        let view = part_view(&ValuePart { key: "fuse".into(), a: None, b: Some(json!("fuse")) });
        assert_eq!((view.sign, view.a, view.b), ("+", None, None));
        let view =
            part_view(&ValuePart { key: "ext4".into(), a: Some(json!(1)), b: Some(json!(3)) });
        assert_eq!((view.sign, view.a.as_deref(), view.b.as_deref()), ("~", Some("1"), Some("3")));
    }
}
