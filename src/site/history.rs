//! The history of a project: what each run changed, and trends over all.
//!
//! What is kept of a run is its digest, read from the outline of its file; two runs are loaded
//! in full only where the page of their comparison has to be made again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rayon::prelude::*;
use serde_json::{Value as Json, json};

use super::Runs;
use super::cache::Key;
use super::view::RunRow;
use crate::clock;
use crate::diff::past::{self, Session};
use crate::diff::{Diff, Side};
use crate::error::Result;
use crate::probe::catalogue::Catalogue;
use crate::report::Subject;
use crate::report::comparison::{self, ComparisonView};
use crate::report::trend::{self, Digest, TrendView};
use crate::store::{Entry, RunFile, Store, outline};

/// How many facts the overview tells.
const FACTS: usize = 6;

/// The label of the run that every other is compared with.
const BASELINE: &str = "baseline";

/// What is known of a run before it is loaded.
struct Known {
    path: PathBuf,
    id: String,
    label: Option<String>,
    at: DateTime<Utc>,
    session: Session,
    digest: Digest,
}

/// A comparison that gets a page.
struct Pair {
    name: String,
    title: &'static str,
    /// The indices of the two runs, of which the page is about the second.
    a: usize,
    b: usize,
}

impl Pair {
    /// Title and address of the page, seen from the page of a run.
    fn link(&self) -> (String, String) {
        (self.title.into(), self.name.trim_start_matches("runs/").into())
    }
}

/// The runs of a project in their order, and which of them are compared.
pub(super) struct History {
    /// Newest first.
    known: Vec<Known>,
    pairs: Vec<Pair>,
}

impl History {
    /// Reads the outline of every run that is not damaged.
    ///
    /// # Errors
    ///
    /// The runs cannot be listed.
    pub(super) fn of(store: &Store, catalogue: &Catalogue) -> Result<Self> {
        let wanted = |id: &str| trend::wants(id) || past::wants(catalogue, id);
        let read = |entry: &&Entry| {
            let run = match outline::outline(&entry.path, &wanted) {
                Ok(run) => run,
                Err(error) => {
                    store.add_damaged(&entry.path, error);
                    return None;
                }
            };
            let (session, digest) = (Session::of(&run, catalogue), Digest::of(&run));
            let (path, id, label, at) = (entry.path.clone(), run.id, run.label, run.created);
            Some(Known { path, id, label, at, session, digest })
        };
        let mut known: Vec<Known> = store.usable()?.par_iter().filter_map(read).collect();
        known.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
        let pairs = pairs(&known);
        Ok(Self { known, pairs })
    }

    /// The files of the runs, newest first.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.known.iter().map(|known| known.path.as_path())
    }

    /// Title and address of the comparisons of every run that has some, by its id.
    pub(super) fn comparisons(&self) -> BTreeMap<&str, Vec<(String, String)>> {
        let mut comparisons: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for pair in &self.pairs {
            comparisons.entry(&self.known[pair.b].id).or_default().push(pair.link());
        }
        comparisons
    }

    /// Makes the pages of comparisons and of trends.
    ///
    /// # Errors
    ///
    /// A run cannot be read, or a page cannot be rendered or written.
    pub(super) fn pages(mut self, runs: &Runs, rows: &[RunRow]) -> Result<()> {
        let keys = keys(rows);
        let page = |pair: &Pair| {
            let (key, b) = (self.key(runs, &keys, pair), &self.known[pair.b]);
            let sees = || Ok(comparison::sees(&self.compared(runs, pair, "../")?));
            runs.maker.about_runs(runs.press, &pair.name, pair.title, &b.id, &key, sees)
        };
        let made: Vec<Result<()>> = self.pairs.par_iter().map(page).collect();
        made.into_iter().collect::<Result<()>>()?;
        let rows: BTreeMap<&str, &RunRow> = rows.iter().map(|row| (row.id.as_str(), row)).collect();
        for known in &mut self.known {
            let verdicts = rows.get(known.id.as_str()).map(|row| row.verdicts.as_slice());
            let verdicts = verdicts.unwrap_or_default().iter();
            known.digest.conclude(verdicts.map(|v| (v.name.clone(), v.title.clone())));
        }
        // What a changed run states is no figure of it, and its outline does not tell.
        let is_intact = |known: &Known| rows.get(known.id.as_str()).is_some_and(|r| r.is_intact);
        let count = self.known.len();
        self.known.retain(is_intact);
        let altered = count - self.known.len();
        let digests = self.known.into_iter().map(|known| known.digest).collect();
        let view = TrendView::new(digests, altered, &runs.maker.subject.shelf);
        let sees: Json = json!({ "trend": view });
        runs.maker.about_report(runs.press, "runs/trends.html", "Trends", "site/trends.html", &sees)
    }

    /// What the overview says of the run before that of the report.
    pub(super) fn since<'a>(&'a self, runs: &'a Runs, rows: &[RunRow]) -> Since<'a> {
        let current = &runs.maker.subject.run.id;
        let is_ours = self.known.iter().any(|known| known.id == *current);
        let pair = self
            .pairs
            .iter()
            .find(|pair| self.known[pair.b].id == *current && pair.title == BEFORE.title);
        let key = match pair {
            Some(pair) => self.key(runs, &keys(rows), pair),
            None => Key::of([if is_ours { "the first" } else { "no run of the project" }]),
        };
        let sees = move |root: &str| -> Result<Json> {
            let Some(pair) = pair else { return Ok(json!({ "is_first": is_ours })) };
            let view = self.compared(runs, pair, root)?;
            let mut sees = comparison::sees(&view);
            sees["brief"] = view.brief(FACTS);
            sees["href"] = format!("{root}{}", pair.name).into();
            Ok(sees)
        };
        Since { key, sees: Box::new(sees) }
    }

    /// What a comparison is made of.
    fn key(&self, runs: &Runs, keys: &BTreeMap<&str, &Key>, pair: &Pair) -> Key {
        let of = |index: usize| {
            let id = self.known[index].id.as_str();
            keys.get(id).map_or_else(|| Key::of([id]), |&key| key.clone())
        };
        let earlier = format!("{:?}", self.earlier(runs, pair));
        of(pair.a).and([of(pair.b).as_ref(), earlier.as_bytes()])
    }

    /// The sessions that figures of the two runs are judged by: those before the later of them,
    /// which is the one with the smaller index.
    fn earlier(&self, runs: &Runs, pair: &Pair) -> Vec<Session> {
        let like = &self.known[pair.a.max(pair.b)].session;
        let before = self.known[pair.a.min(pair.b) + 1..].iter().map(|known| &known.session);
        past::alike(before, like, runs.maker.project().config.gate.sessions)
    }

    /// Loads the two runs and compares them, for a page at this distance from the root.
    fn compared(&self, runs: &Runs, pair: &Pair, root: &str) -> Result<ComparisonView> {
        let load = |index: usize| runs.subject(&RunFile::read(&self.known[index].path)?);
        let (a, b) = (load(pair.a)?, load(pair.b)?);
        let (shelf, gate) = (&runs.maker.subject.shelf, &runs.maker.project().config.gate);
        let earlier = self.earlier(runs, pair);
        let diff = Diff::of(side(&a), side(&b), &shelf.catalogue, &earlier, gate, false);
        let mut view = ComparisonView::new(&diff, shelf);
        view.link(&a, &b, root);
        Ok(view)
    }
}

/// What the overview says of the run before, made only if that page has to be made again.
pub(super) struct Since<'a> {
    /// That of all that it is made of.
    pub key: Key,
    /// The comparison as the template of a page sees it that is this far from the root, with the
    /// address of its own page as `href`; or only `is_first`.
    pub sees: Sees<'a>,
}

/// What a template sees on a page that is this far from the root.
type Sees<'a> = Box<dyn Fn(&str) -> Result<Json> + Send + Sync + 'a>;

fn keys(rows: &[RunRow]) -> BTreeMap<&str, &Key> {
    rows.iter().filter_map(|row| Some((row.id.as_str(), row.key.as_ref()?))).collect()
}

/// The end of the name of a page of a comparison, and its title.
struct What {
    end: &'static str,
    title: &'static str,
}

const BEFORE: What = What { end: "before", title: "Changes since the run before" };
const AGAINST: What = What { end: "baseline", title: "Changes against the baseline" };

/// Every run with the one before it and with the baseline.
fn pairs(known: &[Known]) -> Vec<Pair> {
    let is_baseline = |run: &Known| run.label.as_deref() == Some(BASELINE);
    // As a reference by label: one that is dated later than now only where there is no other.
    let baseline = known
        .iter()
        .position(|run| is_baseline(run) && !clock::is_future(run.at))
        .or_else(|| known.iter().position(is_baseline));
    let mut pairs = Vec::new();
    for (b, run) in known.iter().enumerate() {
        let before = Some(b + 1).filter(|&a| a < known.len());
        let pair = |a: usize, what: &What| {
            let name = format!("runs/{}-{}.html", run.id, what.end);
            Pair { name, title: what.title, a, b }
        };
        pairs.extend(before.map(|a| pair(a, &BEFORE)));
        let baseline = baseline.filter(|&a| a != b && Some(a) != before);
        pairs.extend(baseline.map(|a| pair(a, &AGAINST)));
    }
    pairs
}

fn side(subject: &Subject) -> Side<'_> {
    Side { run: &subject.run, judgement: &subject.judgement }
}
