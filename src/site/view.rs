//! What the page templates see of a run.

use serde::Serialize;

use crate::model::{Capture, Origin};
use crate::report::Subject;

/// A capture as a page shows it.
#[derive(Debug, Serialize)]
pub struct CaptureView {
    id: String,
    anchor: String,
    target: Option<String>,
    /// The command that ran, or the path of the file.
    title: String,
    is_file: bool,
    /// The command that the lab's instructions give for the file.
    instruction: Option<String>,
    status: &'static str,
    exit: Option<i32>,
    duration_ms: Option<f64>,
    digest: String,
    lines: Vec<LineView>,
    errors: Vec<LineView>,
    /// How many lines are not shown.
    clipped: usize,
    /// The facts that were read from it.
    facts: Vec<FactView>,
}

#[derive(Debug, Serialize)]
struct LineView {
    number: usize,
    text: String,
}

#[derive(Debug, Serialize)]
struct FactView {
    id: String,
    target: String,
    line: Option<u32>,
}

impl CaptureView {
    /// The view of a capture, of at most `limit` lines.
    pub fn new(subject: &Subject, capture: &Capture, limit: Option<usize>) -> Self {
        let (title, slot) = match &capture.origin {
            Origin::Command { argv } => (argv.join(" "), None),
            Origin::File { path, slot } => (path.clone(), slot.as_deref()),
        };
        let mut lines = lines(&capture.stdout);
        let clipped = limit.map_or(0, |limit| lines.len().saturating_sub(limit));
        lines.truncate(lines.len() - clipped);
        Self {
            id: capture.id.clone(),
            anchor: subject.anchor(&capture.id).unwrap_or_default().to_string(),
            target: capture.target.clone(),
            title,
            is_file: matches!(capture.origin, Origin::File { .. }),
            instruction: slot.and_then(|slot| subject.lab_command(slot)).map(String::from),
            status: capture.status.word(),
            exit: capture.exit,
            duration_ms: capture.duration_ms,
            digest: capture.stdout.digest.clone(),
            lines,
            errors: capture.stderr.as_ref().map(self::lines).unwrap_or_default(),
            clipped,
            facts: facts(subject, &capture.id),
        }
    }
}

fn lines(stream: &crate::model::Stream) -> Vec<LineView> {
    crate::text::lines(&stream.bytes().unwrap_or_default())
        .iter()
        .enumerate()
        .map(|(index, line)| LineView { number: index + 1, text: crate::text::strip_ansi(line) })
        .collect()
}

fn facts(subject: &Subject, capture: &str) -> Vec<FactView> {
    let mut facts = Vec::new();
    for (id, by_target) in &subject.run.facts {
        for (target, fact) in by_target {
            let Some(source) = fact.source().filter(|source| source.capture == capture) else {
                continue;
            };
            if fact.is_present() {
                let (id, target) = (id.clone(), target.clone());
                facts.push(FactView { id, target, line: source.line });
            }
        }
    }
    facts
}

/// A row of the table of all facts.
#[derive(Debug, Serialize)]
pub struct FactRow {
    id: String,
    title: String,
    unit: String,
    strength: &'static str,
    is_series: bool,
}

/// The rows of the table of all facts: every fact that the run holds something about.
pub fn fact_rows(subject: &Subject) -> Vec<FactRow> {
    let row =
        |(id, by_target): (&String, &std::collections::BTreeMap<String, crate::model::Fact>)| {
            let probe = subject.shelf.catalogue.get(id)?;
            Some(FactRow {
                id: id.clone(),
                title: probe.title.clone(),
                unit: probe.unit.clone(),
                strength: probe.strength.word(),
                is_series: by_target.values().any(|fact| fact.as_series().is_some()),
            })
        };
    subject.run.facts.iter().filter_map(row).collect()
}
