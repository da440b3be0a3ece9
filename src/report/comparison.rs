//! What readers see of a comparison: the view that text, Markdown and HTML are made from.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use tera::Context;

use super::functions::Sources;
use super::subject::{Shelf, Subject};
use super::{Engine, Links, Voice, number};
use crate::assets::{self, Tree};
use crate::diff::value::{Part, word};
use crate::diff::{Change, Diff, Figure, Kind, Lack, Measurement, is_weaker};
use crate::error::Result;
use crate::judge::Finding;
use crate::model::{Role, Source, Unit};
use crate::stats::Outcome;

/// A comparison in words.
#[derive(Debug, Serialize)]
pub struct ComparisonView {
    /// The run that is compared with.
    pub a: RunName,
    /// The run that is compared.
    pub b: RunName,
    /// Whether nothing changed that was looked at.
    pub is_empty: bool,
    /// What else differs.
    pub conditions: Vec<ConditionView>,
    /// Other verdicts.
    pub verdicts: Vec<VerdictView>,
    /// Targets that came, went or were renamed.
    pub targets: Vec<TargetView>,
    /// What was measured.
    pub measurements: Vec<MeasurementView>,
    /// What the numbers in [`MeasurementView::note`] stand for.
    pub notes: Vec<String>,
    /// Facts that changed in one way, with the targets that they changed on.
    pub facts: Vec<FactView>,
    /// Findings of the second run alone.
    pub added: Vec<Finding>,
    /// Findings of the first alone.
    pub removed: Vec<Finding>,
    /// How many changes of volatile facts were left out.
    pub volatile_left_out: usize,
}

/// How a run is called.
#[derive(Debug, Serialize)]
pub struct RunName {
    /// Its id.
    pub id: String,
    /// Its label.
    pub label: Option<String>,
    /// Its page.
    pub href: Option<String>,
}

/// Something that differs and may be the cause.
#[derive(Debug, Serialize)]
pub struct ConditionView {
    /// What it is.
    pub what: String,
    /// What the first run has.
    pub a: String,
    /// What the second has.
    pub b: String,
}

/// Another verdict.
#[derive(Debug, Serialize)]
pub struct VerdictView {
    /// What readers call the target.
    pub name: String,
    /// The words of the verdict before.
    pub a: String,
    /// The words of the new one.
    pub b: String,
    /// The id of the conclusion before.
    pub a_id: String,
    /// The id of the new one.
    pub b_id: String,
    /// Whether it says less of a boundary.
    pub is_weaker: bool,
}

/// A target that came, went or was renamed.
#[derive(Debug, Serialize)]
pub struct TargetView {
    /// What readers call it.
    pub name: String,
    /// `target_added`, `target_gone` or `target_renamed`.
    pub kind: &'static str,
    /// The name before, where it was renamed.
    pub was: Option<String>,
    /// The verdict on it in the run that has it.
    pub verdict: Option<String>,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct MeasurementView {
    /// The id of the fact.
    pub series: String,
    /// What the series is called.
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
    /// The id of what follows.
    pub outcome_id: &'static str,
    /// The number of the note, counted from 1.
    pub note: Option<usize>,
    /// Whether it can fail the gate.
    pub gated: bool,
}

/// A fact that changed in one way, and the targets that it changed on.
#[derive(Debug, Clone, Serialize)]
pub struct FactView {
    /// The id.
    pub id: String,
    /// What the fact is called.
    pub title: String,
    /// What it is worth as proof.
    pub strength: &'static str,
    /// What became of it.
    pub kind: &'static str,
    /// What readers call the targets.
    pub names: Vec<String>,
    /// What the first run has.
    pub a: String,
    /// Whether that is a value, and not the reason why there is none.
    pub a_is_value: bool,
    /// What the second has.
    pub b: String,
    /// Whether that is a value.
    pub b_is_value: bool,
    /// The parts that differ, where the value has parts.
    pub parts: Vec<PartView>,
    /// The lines that differ.
    pub lines: Vec<String>,
    /// Whether it changes from run to run without meaning.
    pub volatile: bool,
    /// Where the first run has it from, on the first of the targets.
    #[serde(skip)]
    pub a_source: Option<Source>,
    /// Where the second has it from.
    #[serde(skip)]
    pub b_source: Option<Source>,
    /// The place on the page of the first run.
    pub a_href: Option<String>,
    /// The place on the page of the second.
    pub b_href: Option<String>,
}

/// A part of a value that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartView {
    /// What it is called.
    pub key: String,
    /// What the first run has there; none if it lacks it or the key says it all.
    pub a: Option<String>,
    /// What the second has.
    pub b: Option<String>,
    /// `+` only in the second, `-` only in the first, `~` in both.
    pub sign: &'static str,
}

impl ComparisonView {
    /// The view of a comparison.
    pub fn new(diff: &Diff, shelf: &Shelf) -> Self {
        let words = Words { shelf };
        let mut notes = Vec::new();
        let measurements =
            diff.measurements.iter().map(|m| words.measurement(m, &mut notes)).collect();
        let is_fact = |change: &&Change| {
            matches!(change.kind, Kind::Changed | Kind::Unavailable | Kind::Gone | Kind::Appeared)
        };
        let name = |id: &str, label: &Option<String>| RunName {
            id: if id.is_empty() { "evidence files".into() } else { id.into() },
            label: label.clone(),
            href: None,
        };
        Self {
            a: name(&diff.a, &diff.a_label),
            b: name(&diff.b, &diff.b_label),
            is_empty: diff.is_empty(),
            conditions: diff
                .conditions
                .iter()
                .map(|condition| {
                    let text =
                        |text: &Option<String>| text.clone().unwrap_or_else(|| "not stated".into());
                    ConditionView {
                        what: condition.what.clone(),
                        a: text(&condition.a),
                        b: text(&condition.b),
                    }
                })
                .collect(),
            verdicts: diff.verdicts().map(|change| words.verdict(change)).collect(),
            targets: diff.changes.iter().filter_map(|change| words.target(change)).collect(),
            measurements,
            notes,
            facts: words.facts(diff.changes.iter().filter(is_fact)),
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
/// The most characters of a value where there is little room.
const BRIEF: usize = 60;

/// The Markdown of a comment on a pull request: short, the details folded.
///
/// # Errors
///
/// A template cannot be read or rendered.
pub fn markdown(view: &ComparisonView, subject: &Arc<Subject>, templates: &Path) -> Result<String> {
    let engine = engine(subject, Voice::Markdown(Links::None), templates, ".md")?;
    let (gated, ungated): (Vec<_>, Vec<_>) = view.measurements.iter().partition(|m| m.gated);
    let notes: Vec<&String> = (1..)
        .zip(&view.notes)
        .filter(|(number, _)| gated.iter().any(|m| m.note == Some(*number)))
        .map(|(_, note)| note)
        .collect();
    let facts: Vec<FactView> = view.facts.iter().map(|fact| fact.clipped(VALUE)).collect();
    // As many facts as fit.
    let mut shown = facts.len();
    loop {
        let mut context = context(view);
        context.insert("gated", &gated);
        context.insert("ungated", &ungated);
        context.insert("gated_notes", &notes);
        context.insert("facts", &facts[..shown]);
        context.insert("facts_left_out", &(facts.len() - shown));
        let text = engine.render("diff/comment.md", &context)?;
        if text.len() <= COMMENT || shown == 0 {
            return Ok(text);
        }
        shown /= 2;
    }
}

/// A page that stands alone.
///
/// # Errors
///
/// A template cannot be read or rendered.
pub fn html(view: &ComparisonView, subject: &Arc<Subject>, templates: &Path) -> Result<String> {
    let engine = engine(subject, Voice::Html(Links::None), templates, ".html")?;
    let mut context = context(view);
    let style = assets::read_all(Tree::Templates, Some(templates), "site/style.css", "")?;
    let style: String = style.into_values().map(|file| file.text).collect();
    context.insert("style", &style);
    engine.render("diff/page.html", &context)
}

/// What every template of a comparison sees.
pub fn sees(view: &ComparisonView) -> Value {
    serde_json::json!({
        "d": view,
        "has_ratios": view.measurements.iter().any(|m| m.over.is_some()),
        "counts": view.counts(),
        "fact_count": view.fact_count(),
    })
}

fn context(view: &ComparisonView) -> Context {
    let mut context = Context::new();
    for (name, value) in sees(view).as_object().into_iter().flatten() {
        context.insert(name.clone(), value);
    }
    context
}

fn engine(subject: &Arc<Subject>, voice: Voice, templates: &Path, suffix: &str) -> Result<Engine> {
    let mut files = assets::read_all(Tree::Templates, Some(templates), "diff/", suffix)?;
    if suffix == ".html" {
        for name in ["partials/comparison.html", "partials/icons.html"] {
            files.extend(assets::read_all(Tree::Templates, Some(templates), name, "")?);
        }
    }
    let sources = Sources {
        subject: subject.clone(),
        voice,
        chapters: Arc::default(),
        notes: Arc::default(),
        warnings: Arc::default(),
    };
    Engine::new(&files, &sources)
}

impl ComparisonView {
    /// Lets the runs and their facts lead to the pages of the runs, from a page that reaches the
    /// root of the site by `root`.
    pub fn link(&mut self, a: &Subject, b: &Subject, root: &str) {
        let voice = Voice::Html(Links::Site(root.into()));
        let page = |subject: &Subject| Some(format!("{root}runs/{}.html", subject.run.id));
        (self.a.href, self.b.href) = (page(a), page(b));
        for fact in &mut self.facts {
            let url = |subject, source: &Option<Source>| voice.url(subject, source.as_ref()?);
            fact.a_href = url(a, &fact.a_source);
            fact.b_href = url(b, &fact.b_source);
        }
    }

    /// What is told of the facts where there is little room: how many changed in which way, and
    /// the first `most` of those that have a value in both runs.
    pub fn brief(&self, most: usize) -> Value {
        let count = |kind: &str| -> usize {
            self.facts.iter().filter(|f| f.kind == kind).map(|f| f.names.len()).sum()
        };
        let changed: Vec<&FactView> =
            self.facts.iter().filter(|f| f.a_is_value && f.b_is_value).collect();
        let facts: Vec<FactView> =
            changed.iter().take(most).map(|fact| fact.clipped(BRIEF)).collect();
        serde_json::json!({
            "facts": facts,
            "more": changed.len().saturating_sub(most),
            "changed": count(Kind::Changed.word()),
            "unavailable": count(Kind::Unavailable.word()),
            "gone": count(Kind::Gone.word()),
            "appeared": count(Kind::Appeared.word()),
        })
    }

    /// How many facts of how many targets changed.
    pub fn fact_count(&self) -> usize {
        self.facts.iter().map(|fact| fact.names.len()).sum()
    }

    /// How much changed, in words: `1 verdict`, `12 facts`.
    pub fn counts(&self) -> Vec<String> {
        let told = |id: &str| self.measurements.iter().filter(|m| m.outcome_id == id).count();
        [
            (self.verdicts.len(), "verdict"),
            (self.targets.len(), "runtime"),
            (self.fact_count(), "fact"),
            (told("slower") + told("faster"), "measurement"),
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
    fn clipped(&self, width: usize) -> Self {
        let mut clipped = self.clone();
        (clipped.a, clipped.b) = focused(&self.a, &self.b, width);
        if clipped.parts.len() > 12 {
            let more = clipped.parts.len() - 12;
            clipped.parts.truncate(12);
            let key = format!("… {more} more");
            clipped.parts.push(PartView { key, a: None, b: None, sign: "~" });
        }
        for part in &mut clipped.parts {
            clip(&mut part.key);
            part.a.iter_mut().chain(&mut part.b).for_each(clip);
        }
        clipped
    }
}

/// Two texts cut to a width, both from the same place on, so that what differs is seen.
pub fn focused(a: &str, b: &str, width: usize) -> (String, String) {
    const BEFORE: usize = 16;
    let common = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
    let longest = a.chars().count().max(b.chars().count());
    let from = if longest <= width || common <= width / 2 { 0 } else { common - BEFORE };
    let cut = |text: &str| {
        let mut out = if from > 0 { "…".to_string() } else { String::new() };
        let room = width - out.chars().count();
        let rest: Vec<char> = text.chars().skip(from).collect();
        if rest.len() <= room {
            out.extend(rest);
        } else {
            out.extend(&rest[..room - 1]);
            out.push('…');
        }
        out
    };
    (cut(a), cut(b))
}

fn clip(text: &mut String) {
    *text = focused(text, "", VALUE).0;
}

struct Words<'a> {
    shelf: &'a Shelf,
}

impl Words<'_> {
    /// What readers call a target.
    fn name(&self, target: &str) -> String {
        self.shelf.names.get(target).cloned().unwrap_or_else(|| target.to_string())
    }

    /// The words of a verdict: `shared-kernel`, or with the confidence behind a comma.
    fn conclusion(&self, id: &str) -> String {
        let (id, rest) = id.split_once(',').map_or((id, ""), |(id, rest)| (id, rest));
        let title = self.shelf.words.get(id).map_or(id, |doc| doc.title.as_str());
        if rest.is_empty() { title.into() } else { format!("{title},{rest}") }
    }

    fn verdict(&self, change: &Change) -> VerdictView {
        let id = |value: &Value| {
            let text = value.as_str().unwrap_or_default();
            text.split(',').next().unwrap_or_default().to_string()
        };
        VerdictView {
            name: self.name(&change.target),
            a: self.conclusion(change.a.as_str().unwrap_or_default()),
            b: self.conclusion(change.b.as_str().unwrap_or_default()),
            a_id: id(&change.a),
            b_id: id(&change.b),
            is_weaker: is_weaker(change),
        }
    }

    fn target(&self, change: &Change) -> Option<TargetView> {
        let (own, was) = match change.kind {
            Kind::TargetAdded => (&change.b, None),
            Kind::TargetGone => (&change.a, None),
            Kind::TargetRenamed => (&change.b, change.a.as_str()),
            _ => return None,
        };
        let verdict = own.get("verdict").and_then(Value::as_str);
        Some(TargetView {
            name: self.name(&change.target),
            kind: change.kind.word(),
            was: was.map(|name| self.name(name)),
            verdict: verdict.map(|id| self.conclusion(id)),
        })
    }

    fn measurement(&self, m: &Measurement, notes: &mut Vec<String>) -> MeasurementView {
        let note = note(m).map(|note| match notes.iter().position(|other| *other == note) {
            Some(index) => index + 1,
            None => {
                notes.push(note);
                notes.len()
            }
        });
        MeasurementView {
            series: m.series.clone(),
            title: m.title.clone(),
            name: self.name(&m.target),
            over: m.over.as_ref().map(|over| self.name(over)),
            a: figure(m.a, m.unit.as_deref(), m.over.is_some()),
            b: figure(m.b, m.unit.as_deref(), m.over.is_some()),
            change: m.ratio.map(percent).unwrap_or_default(),
            outcome: outcome_word(m),
            outcome_id: m.outcome.word(),
            note,
            gated: m.gated,
        }
    }

    /// The facts, those that changed in the same way on several targets together.
    fn facts<'c>(&self, changes: impl Iterator<Item = &'c Change>) -> Vec<FactView> {
        let mut views: Vec<FactView> = Vec::new();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for change in changes {
            let view = self.fact(change);
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

    fn fact(&self, change: &Change) -> FactView {
        FactView {
            id: change.fact.clone(),
            title: change.title.clone(),
            strength: change.strength.word(),
            kind: change.kind.word(),
            // `data/names.toml` has the host with its article, for sentences.
            names: vec![match change.role {
                Role::Host => change.target.clone(),
                _ => self.name(&change.target),
            }],
            a: shown(&change.a, change.a_lacks.as_ref()),
            a_is_value: !change.a.is_null(),
            b: shown(&change.b, change.b_lacks.as_ref()),
            b_is_value: !change.b.is_null(),
            parts: change.parts.iter().map(part).collect(),
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
fn shown(value: &Value, lacks: Option<&Lack>) -> String {
    match (value, lacks) {
        (Value::Null, Some(lack)) => match lack.missing {
            // The message of a shell says no more than the word.
            "absent" | "denied" => lack.missing.into(),
            missing => format!("{missing}: {}", lack.reason),
        },
        (Value::Null, None) => "not asked".into(),
        (value, _) => plain(value),
    }
}

/// A value in one line, as a reader writes it.
fn plain(value: &Value) -> String {
    match value {
        Value::Bool(yes) => (if *yes { "yes" } else { "no" }).into(),
        Value::Array(items) if items.is_empty() => "none".into(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(fields) if fields.is_empty() => "none".into(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| format!("{name} {}", plain(value)))
            .collect::<Vec<_>>()
            .join(", "),
        Value::Null => "none".into(),
        value => word(value).lines().collect::<Vec<_>>().join(" "),
    }
}

fn part(part: &Part) -> PartView {
    // The element of a list is its own key.
    let said = |value: &Value| (word(value) != part.key).then(|| plain(value));
    let sign = match (&part.a, &part.b) {
        (None, _) => "+",
        (_, None) => "-",
        _ => "~",
    };
    PartView {
        key: part.key.clone(),
        a: part.a.as_ref().and_then(said),
        b: part.b.as_ref().and_then(said),
        sign,
    }
}

fn figure(figure: Option<Figure>, unit: Option<&str>, is_ratio: bool) -> String {
    let Some(figure) = figure else { return "none".into() };
    match unit {
        _ if is_ratio => format!("{:.2}×", figure.median),
        Some("s") => number::measured(figure.median, Unit::Seconds),
        Some("B") => number::measured(figure.median, Unit::Bytes),
        Some("kB") => number::measured(figure.median * 1024.0, Unit::Bytes),
        Some(unit) => {
            format!("{} {unit}", number::plain(crate::stats::significant(figure.median, 4)))
        }
        None => number::plain(crate::stats::significant(figure.median, 4)),
    }
}

/// A factor as a change: `+6 %`; from three on as a factor.
pub fn percent(ratio: f64) -> String {
    if ratio >= 3.0 {
        return format!("×{ratio:.1}");
    }
    let percent = (ratio - 1.0) * 100.0;
    if percent.abs() < 0.5 { "±0 %".into() } else { format!("{percent:+.0} %") }
}

/// The word for an outcome: memory is not slower.
fn outcome_word(m: &Measurement) -> &'static str {
    let is_time = m.unit.as_deref().is_none_or(|unit| unit == "s");
    match m.outcome {
        Outcome::Slower if !is_time => "more",
        Outcome::Faster if !is_time => "less",
        Outcome::NotComparable => "not comparable",
        outcome => outcome.word(),
    }
}

/// What an outcome rests on, or why there is none.
fn note(m: &Measurement) -> Option<String> {
    if let Some(reason) = &m.reason {
        return Some(match m.outcome {
            Outcome::Inconclusive if m.sessions > 0 => format!(
                "{reason}: {} more wanted. Sessions differ more than samples, so two runs alone \
                 decide nothing.",
                m.sessions_wanted - m.sessions
            ),
            _ => format!("{reason}."),
        });
    }
    let visible = m.smallest_visible?;
    let sessions = m.sessions;
    Some(format!(
        "Against {sessions} earlier sessions of this machine. The smallest change that would be \
         found: {}.",
        // Rounded up, so that a change of that size is found.
        percent(1.0 + ((visible - 1.0) * 100.0).ceil() / 100.0)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_factor_reads_as_a_change() {
        assert_eq!(percent(1.064), "+6 %");
        assert_eq!(percent(0.5), "-50 %");
        assert_eq!(percent(1.001), "±0 %");
        assert_eq!(percent(4.25), "×4.2");
    }

    #[test]
    fn values_read_as_a_reader_writes_them() {
        assert_eq!(shown(&json!(true), None), "yes");
        assert_eq!(shown(&json!([]), None), "none");
        assert_eq!(shown(&json!({"ext4": 3, "proc": 1}), None), "ext4 3, proc 1");
        let lack = |missing| Lack { missing, reason: "cat: nope".into() };
        assert_eq!(shown(&Value::Null, Some(&lack("denied"))), "denied");
        assert_eq!(shown(&Value::Null, Some(&lack("error"))), "error: cat: nope");
        assert_eq!(shown(&Value::Null, None), "not asked");
    }

    #[test]
    fn long_texts_are_cut_where_they_still_differ() {
        let (a, b) = (format!("{}one", "x".repeat(90)), format!("{}two", "x".repeat(90)));
        let (a, b) = focused(&a, &b, 40);
        assert_eq!(a, format!("…{}one", "x".repeat(16)));
        assert_eq!(b, format!("…{}two", "x".repeat(16)));
        assert_eq!(focused("short", "shore", 40), ("short".into(), "shore".into()));
        let (a, _) = focused(&format!("b{}", "x".repeat(90)), "a", 40);
        assert_eq!(a.chars().count(), 40);
    }

    #[test]
    fn an_element_of_a_list_is_said_once() {
        let view = part(&Part { key: "fuse".into(), a: None, b: Some(json!("fuse")) });
        assert_eq!((view.sign, view.a, view.b), ("+", None, None));
        let view = part(&Part { key: "ext4".into(), a: Some(json!(1)), b: Some(json!(3)) });
        assert_eq!((view.sign, view.a.as_deref(), view.b.as_deref()), ("~", Some("1"), Some("3")));
    }
}
