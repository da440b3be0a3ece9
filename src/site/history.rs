//! The history of a project: what each run changed, and trends over all.
//!
//! What is kept of a run is its digest, read from the outline of its file; two runs are loaded
//! in full only where the page of their comparison has to be made again.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rayon::prelude::*;
use serde_json::{Value as Json, json};

use super::Runs;
use super::cache::Key;
use super::view::RunRow;
use crate::diff::past::{self, Session};
use crate::diff::{Diff, Side};
use crate::error::Result;
use crate::report::Subject;
use crate::report::comparison::{self, ComparisonView};
use crate::report::trend::{self, Digest, TrendView};
use crate::store::{RunFile, outline};

/// The label of the run that every other is compared with.
const BASELINE: &str = "baseline";

/// What is known of the runs before any of them is loaded.
struct Known {
    path: PathBuf,
    session: Session,
    digest: Digest,
}

/// A comparison that gets a page.
struct Pair {
    name: String,
    title: String,
    a: usize,
    b: usize,
}

/// Makes the pages, and notes in the rows, newest first, which comparisons a run has.
///
/// # Errors
///
/// A run cannot be read, or a page cannot be rendered or written.
pub(super) fn pages(runs: &Runs, rows: &mut [RunRow]) -> Result<()> {
    let known = known(runs, rows)?;
    let pairs = pairs(rows, &known);
    let made: Vec<Result<()>> =
        pairs.par_iter().map(|pair| page(runs, rows, &known, pair)).collect();
    made.into_iter().collect::<Result<()>>()?;
    for pair in pairs {
        let row = &mut rows[pair.b];
        row.comparisons.push((pair.title, pair.name.trim_start_matches("runs/").into()));
    }
    trends(runs, &known)
}

/// The outline of every run that is in the project, by id.
fn known(runs: &Runs, rows: &[RunRow]) -> Result<BTreeMap<String, Known>> {
    let catalogue = &runs.maker.subject.shelf.catalogue;
    let wanted = |id: &str| trend::wants(id) || past::wants(catalogue, id);
    let conclusions: BTreeMap<&str, BTreeMap<String, String>> = rows
        .iter()
        .map(|row| {
            let verdicts = row.verdicts.iter();
            (row.id.as_str(), verdicts.map(|v| (v.name.clone(), v.title.clone())).collect())
        })
        .collect();
    let none = BTreeMap::new();
    let files = runs.store.files()?;
    let read = |path: &PathBuf| -> Result<(String, Known)> {
        let run = outline::outline(path, &wanted)?;
        let digest = Digest::of(&run, conclusions.get(run.id.as_str()).unwrap_or(&none));
        let known = Known { path: path.clone(), session: Session::of(&run, catalogue), digest };
        Ok((run.id, known))
    };
    let all: Vec<Result<(String, Known)>> = files.par_iter().map(read).collect();
    all.into_iter().collect()
}

/// Every run with the one before it and with the baseline.
fn pairs(rows: &[RunRow], known: &BTreeMap<String, Known>) -> Vec<Pair> {
    let is_known = |row: &RunRow| known.contains_key(&row.id);
    let baseline =
        rows.iter().position(|row| row.label.as_deref() == Some(BASELINE) && is_known(row));
    let mut pairs = Vec::new();
    for (b, row) in rows.iter().enumerate().filter(|(_, row)| is_known(row)) {
        let before = (b + 1..rows.len()).find(|&a| is_known(&rows[a]));
        let pair = |a: usize, what: &str, title: &str| Pair {
            name: format!("runs/{}-{what}.html", row.id),
            title: title.into(),
            a,
            b,
        };
        pairs.extend(before.map(|a| pair(a, "before", "Changes since the run before")));
        pairs.extend(
            baseline
                .filter(|&a| a != b && Some(a) != before)
                .map(|a| pair(a, BASELINE, "Changes against the baseline")),
        );
    }
    pairs
}

fn page(runs: &Runs, rows: &[RunRow], known: &BTreeMap<String, Known>, pair: &Pair) -> Result<()> {
    let (a, b) = (&rows[pair.a], &rows[pair.b]);
    let gate = &runs.maker.project().config.gate;
    // The sessions before the later of the two, which is the one with the smaller index.
    let later = pair.a.min(pair.b);
    let like = &known[&rows[pair.a.max(pair.b)].id].session;
    let before = rows[later + 1..].iter().filter_map(|row| known.get(&row.id));
    let earlier = past::alike(before.map(|known| &known.session), like, gate.sessions);
    let key = |row: &RunRow| row.key.clone().unwrap_or_else(|| Key::of([&row.id]));
    let key = key(a).and([key(b).as_ref(), format!("{earlier:?}").as_bytes()]);
    runs.maker.about_runs(runs.press, &pair.name, &pair.title, &b.id, &key, || {
        let load = |row: &RunRow| runs.subject(&RunFile::read(&known[&row.id].path)?);
        let (a, b) = (load(a)?, load(b)?);
        let shelf = &runs.maker.subject.shelf;
        let diff = Diff::of(side(&a), side(&b), &shelf.catalogue, &earlier, gate, false);
        let mut view = ComparisonView::new(&diff, shelf);
        view.link(&a, &b);
        Ok(comparison::sees(&view))
    })
}

fn side(subject: &Subject) -> Side<'_> {
    Side { run: &subject.run, judgement: &subject.judgement }
}

fn trends(runs: &Runs, known: &BTreeMap<String, Known>) -> Result<()> {
    let digests = known.values().map(|known| known.digest.clone()).collect();
    let view = TrendView::new(digests, &runs.maker.subject.shelf);
    let sees: Json = json!({ "trend": view });
    runs.maker.about_report(runs.press, "runs/trends.html", "Trends", "site/trends.html", &sees)
}
