//! The history of a project: what each run changed, and trends over all.
//!
//! What is kept of a run is its digest, read from the outline of its file; two runs are loaded
//! in full only where the page of their comparison has to be made again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rayon::prelude::*;
use serde_json::{Value as Json, json};

use super::RunPages;
use super::cache::ContentHash;
use super::view::RunRow;
use crate::clock;
use crate::diff::history::{self, PastSession};
use crate::diff::{DiffSide, RunDiff};
use crate::error::Result;
use crate::probe::catalogue::ProbeCatalogue;
use crate::report::Assessment;
use crate::report::comparison::{self, ComparisonView};
use crate::report::trend::{self, RunDigest, TrendView};
use crate::store::{RunEntry, RunFile, RunStore, outline};

/// How many facts the overview tells.
const FACTS: usize = 6;

/// The label of the run that every other is compared with.
const BASELINE: &str = "baseline";

/// What is known of a run before it is loaded.
struct KnownRun {
    path: PathBuf,
    id: String,
    label: Option<String>,
    at: DateTime<Utc>,
    session: PastSession,
    digest: RunDigest,
}

/// A comparison that gets a page.
struct ComparedPair {
    name: String,
    title: &'static str,
    /// The indices of the two runs, of which the page is about the second.
    a: usize,
    b: usize,
}

impl ComparedPair {
    /// Title and address of the page, seen from the page of a run.
    fn title_and_address(&self) -> (String, String) {
        (self.title.into(), self.name.trim_start_matches("runs/").into())
    }
}

/// The runs of a project in their order, and which of them are compared.
pub(super) struct RunHistory {
    /// Newest first.
    known: Vec<KnownRun>,
    pairs: Vec<ComparedPair>,
}

impl RunHistory {
    /// Reads the outline of every run that is not damaged.
    ///
    /// # Errors
    ///
    /// The runs cannot be listed.
    pub(super) fn read_history(store: &RunStore, catalogue: &ProbeCatalogue) -> Result<Self> {
        let wanted = |id: &str| trend::needs_fact(id) || history::needs_fact(catalogue, id);
        let read = |entry: &&RunEntry| {
            let run = match outline::read_outline(&entry.path, &wanted) {
                Ok(run) => run,
                Err(error) => {
                    store.add_damaged(&entry.path, error);
                    return None;
                }
            };
            let (session, digest) = (PastSession::of_run(&run, catalogue), RunDigest::of_run(&run));
            let (path, id, label, at) = (entry.path.clone(), run.id, run.label, run.created);
            Some(KnownRun { path, id, label, at, session, digest })
        };
        let mut known: Vec<KnownRun> =
            store.usable_entries()?.par_iter().filter_map(read).collect();
        known.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
        let pairs = compared_pairs(&known);
        Ok(Self { known, pairs })
    }

    /// The files of the runs, newest first.
    pub(super) fn run_paths(&self) -> impl Iterator<Item = &Path> {
        self.known.iter().map(|known| known.path.as_path())
    }

    /// Title and address of the comparisons of every run that has some, by its id.
    pub(super) fn comparison_links(&self) -> BTreeMap<&str, Vec<(String, String)>> {
        let mut comparisons: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for pair in &self.pairs {
            comparisons.entry(&self.known[pair.b].id).or_default().push(pair.title_and_address());
        }
        comparisons
    }

    /// Makes the pages of comparisons and of trends.
    ///
    /// # Errors
    ///
    /// A run cannot be read, or a page cannot be rendered or written.
    pub(super) fn make_pages(mut self, runs: &RunPages, rows: &[RunRow]) -> Result<()> {
        let keys = hashes_by_run(rows);
        let page = |pair: &ComparedPair| {
            let (key, b) = (self.comparison_hash(runs, &keys, pair), &self.known[pair.b]);
            let sees = || Ok(comparison::template_context(&self.compare_pair(runs, pair, "../")?));
            runs.builder.about_runs(runs.press, &pair.name, pair.title, &b.id, &key, sees)
        };
        let made: Vec<Result<()>> = self.pairs.par_iter().map(page).collect();
        made.into_iter().collect::<Result<()>>()?;
        let rows: BTreeMap<&str, &RunRow> = rows.iter().map(|row| (row.id.as_str(), row)).collect();
        for known in &mut self.known {
            let verdicts = rows.get(known.id.as_str()).map(|row| row.verdicts.as_slice());
            let verdicts = verdicts.unwrap_or_default().iter();
            known.digest.set_conclusions(verdicts.map(|v| (v.name.clone(), v.title.clone())));
        }
        // What a changed run states is no figure of it, and its outline does not tell.
        let is_intact = |known: &KnownRun| rows.get(known.id.as_str()).is_some_and(|r| r.is_intact);
        let count = self.known.len();
        self.known.retain(is_intact);
        let altered = count - self.known.len();
        let digests = self.known.into_iter().map(|known| known.digest).collect();
        let view = TrendView::new(digests, altered, &runs.builder.assessment.project_data);
        let sees: Json = json!({ "trend": view });
        runs.builder.about_report(
            runs.press,
            "runs/trends.html",
            "Trends",
            "site/trends.html",
            &sees,
        )
    }

    /// What the overview says of the run before that of the report.
    pub(super) fn change_summary<'a>(
        &'a self,
        runs: &'a RunPages,
        rows: &[RunRow],
    ) -> ChangeSummary<'a> {
        let current = &runs.builder.assessment.run.id;
        let is_ours = self.known.iter().any(|known| known.id == *current);
        let pair = self
            .pairs
            .iter()
            .find(|pair| self.known[pair.b].id == *current && pair.title == BEFORE.title);
        let key = match pair {
            Some(pair) => self.comparison_hash(runs, &hashes_by_run(rows), pair),
            None => ContentHash::from_parts([if is_ours {
                "the first"
            } else {
                "no run of the project"
            }]),
        };
        let sees = move |root: &str| -> Result<Json> {
            let Some(pair) = pair else { return Ok(json!({ "is_first": is_ours })) };
            let view = self.compare_pair(runs, pair, root)?;
            let mut sees = comparison::template_context(&view);
            sees["brief"] = view.brief_counts(FACTS);
            sees["href"] = format!("{root}{}", pair.name).into();
            Ok(sees)
        };
        ChangeSummary { key, sees: Box::new(sees) }
    }

    /// What a comparison is made of.
    fn comparison_hash(
        &self,
        runs: &RunPages,
        keys: &BTreeMap<&str, &ContentHash>,
        pair: &ComparedPair,
    ) -> ContentHash {
        let of = |index: usize| {
            let id = self.known[index].id.as_str();
            keys.get(id).map_or_else(|| ContentHash::from_parts([id]), |&key| key.clone())
        };
        let earlier = format!("{:?}", self.earlier_sessions(runs, pair));
        of(pair.a).and_parts([of(pair.b).as_ref(), earlier.as_bytes()])
    }

    /// The sessions that figures of the two runs are judged by: those before the later of them,
    /// which is the one with the smaller index.
    fn earlier_sessions(&self, runs: &RunPages, pair: &ComparedPair) -> Vec<PastSession> {
        let like = &self.known[pair.a.max(pair.b)].session;
        let before = self.known[pair.a.min(pair.b) + 1..].iter().map(|known| &known.session);
        history::comparable_sessions(before, like, runs.builder.project().config.gate.sessions)
    }

    /// Loads the two runs and compares them, for a page at this distance from the root.
    fn compare_pair(
        &self,
        runs: &RunPages,
        pair: &ComparedPair,
        root: &str,
    ) -> Result<ComparisonView> {
        let load = |index: usize| runs.assess_run(&RunFile::read_file(&self.known[index].path)?);
        let (a, b) = (load(pair.a)?, load(pair.b)?);
        let (project_data, gate) =
            (&runs.builder.assessment.project_data, &runs.builder.project().config.gate);
        let earlier = self.earlier_sessions(runs, pair);
        let diff = RunDiff::between_runs(
            diff_side(&a),
            diff_side(&b),
            &project_data.catalogue,
            &earlier,
            gate,
            false,
        );
        let mut view = ComparisonView::new(&diff, project_data);
        view.link_to_pages(&a, &b, root);
        Ok(view)
    }
}

/// What the overview says of the run before, made only if that page has to be made again.
pub(super) struct ChangeSummary<'a> {
    /// That of all that it is made of.
    pub key: ContentHash,
    /// The comparison as the template of a page sees it that is this far from the root, with the
    /// address of its own page as `href`; or only `is_first`.
    pub sees: PageContext<'a>,
}

/// What a template sees on a page that is this far from the root.
type PageContext<'a> = Box<dyn Fn(&str) -> Result<Json> + Send + Sync + 'a>;

fn hashes_by_run(rows: &[RunRow]) -> BTreeMap<&str, &ContentHash> {
    rows.iter().filter_map(|row| Some((row.id.as_str(), row.key.as_ref()?))).collect()
}

/// The end of the name of a page of a comparison, and its title.
struct PairName {
    end: &'static str,
    title: &'static str,
}

const BEFORE: PairName = PairName { end: "before", title: "Changes since the run before" };
const AGAINST: PairName = PairName { end: "baseline", title: "Changes against the baseline" };

/// Every run with the one before it and with the baseline.
fn compared_pairs(known: &[KnownRun]) -> Vec<ComparedPair> {
    let is_baseline = |run: &KnownRun| run.label.as_deref() == Some(BASELINE);
    // As a reference by label: one that is dated later than now only where there is no other.
    let baseline = known
        .iter()
        .position(|run| is_baseline(run) && !clock::is_future(run.at))
        .or_else(|| known.iter().position(is_baseline));
    let mut pairs = Vec::new();
    for (b, run) in known.iter().enumerate() {
        let before = Some(b + 1).filter(|&a| a < known.len());
        let pair = |a: usize, what: &PairName| {
            let name = format!("runs/{}-{}.html", run.id, what.end);
            ComparedPair { name, title: what.title, a, b }
        };
        pairs.extend(before.map(|a| pair(a, &BEFORE)));
        let baseline = baseline.filter(|&a| a != b && Some(a) != before);
        pairs.extend(baseline.map(|a| pair(a, &AGAINST)));
    }
    pairs
}

fn diff_side(assessment: &Assessment) -> DiffSide<'_> {
    DiffSide { run: &assessment.run, judgement: &assessment.judgement }
}
