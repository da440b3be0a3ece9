//! The history of a project: what each run changed, and trends over all.
//!
//! What is kept of a run is its digest, read from the outline of its file; two runs are loaded
//! in full only where the page of their comparison has to be made again.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rayon::prelude::*;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::run_pages::{KeyedFile, RunPages};
use super::view::RunRow;
use crate::clock;
use crate::diff::history::{self, PastSession, SessionChange};
use crate::diff::{DiffSide, RunDiff, expectation_changes};
use crate::error::Result;
use crate::judge::ExpectationResult;
use crate::model::Run;
use crate::phrases::PagePhrases;
use crate::probe::catalogue::ProbeCatalogue;
use crate::project::DiffGate;
use crate::report::Assessment;
use crate::report::comparison::{self, ComparisonView};
use crate::report::trend::{self, OmittedRuns, RunDigest, TrendView};
use crate::store::{RunEntry, RunStore, outline};

/// How many comparable runs the overview shows the verdicts of.
const STRIP: usize = 12;

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

impl KnownRun {
    /// The run of an entry; none if it is damaged, which the store is told.
    fn read_entry(
        entry: &RunEntry,
        store: &RunStore,
        catalogue: &ProbeCatalogue,
        needed: &HashSet<&str>,
        margin: f64,
    ) -> Option<Self> {
        let run = outline::read_outline(&entry.path, &|id| needed.contains(id));
        let run = run.map_err(|error| store.add_damaged(&entry.path, error)).ok()?;
        let session = PastSession::of_run(&run, catalogue, margin);
        let digest = RunDigest::of_run(&run);
        let (path, id, label, at) = (entry.path.clone(), run.id, run.label, run.created);
        Some(Self { path, id, label, at, session, digest })
    }

    fn is_on_node_of(&self, other: &Self) -> bool {
        self.session.is_on_same_node(&other.session)
    }
}

/// A comparison that gets a page.
struct ComparedPair {
    name: String,
    /// Whether the other run is the one before, and not the baseline.
    is_before: bool,
    /// The indices of the two runs, of which the page is about the second.
    a: usize,
    b: usize,
}

impl ComparedPair {
    /// Title and address of the page, seen from the page of a run.
    fn title_and_address(&self, titles: &PagePhrases) -> (String, String) {
        (self.page_title(titles).into(), self.name.trim_start_matches("runs/").into())
    }

    fn page_title<'p>(&self, titles: &'p PagePhrases) -> &'p str {
        if self.is_before { &titles.since_before } else { &titles.since_baseline }
    }
}

/// The runs of a project in their order, and which of them are compared.
pub(super) struct RunHistory {
    /// Newest first.
    known: Vec<KnownRun>,
    pairs: Vec<ComparedPair>,
    /// How many other runs there are, those of nodes of fleets that have no page.
    of_fleets: usize,
}

impl RunHistory {
    /// Reads the outline of every run that is not damaged, and is none of those without a page.
    /// Controls are held against the margin.
    ///
    /// # Errors
    ///
    /// The runs cannot be listed.
    pub(super) fn read_history(
        store: &RunStore,
        catalogue: &ProbeCatalogue,
        hidden: &BTreeSet<String>,
        margin: f64,
    ) -> Result<Self> {
        let mut entries = store.usable_entries()?;
        entries.retain(|entry| !hidden.contains(&entry.id));
        let needed = trend::needed_facts(catalogue);
        let mut known: Vec<KnownRun> = entries
            .par_iter()
            .filter_map(|entry| KnownRun::read_entry(entry, store, catalogue, &needed, margin))
            .collect();
        known.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
        let pairs = compared_pairs(&known);
        Ok(Self { known, pairs, of_fleets: hidden.len() })
    }

    /// The files of the runs, newest first.
    pub(super) fn run_paths(&self) -> impl Iterator<Item = &Path> {
        self.known.iter().map(|known| known.path.as_path())
    }

    /// The comparisons that the run with this index is the later or newer one of.
    fn pairs_of(&self, index: usize) -> &[ComparedPair] {
        // They stand in the order of the runs.
        let first = self.pairs.partition_point(|pair| pair.b < index);
        let end = self.pairs.partition_point(|pair| pair.b <= index);
        &self.pairs[first..end]
    }

    /// Title and address of the comparisons of the run with this index.
    pub(super) fn comparison_links(
        &self,
        index: usize,
        titles: &PagePhrases,
    ) -> Vec<(String, String)> {
        self.pairs_of(index).iter().map(|pair| pair.title_and_address(titles)).collect()
    }

    /// Makes the pages of the comparisons of the run with this index. The run before it is then
    /// in memory for its own page, which mostly comes next.
    ///
    /// # Errors
    ///
    /// A run cannot be read, or a page cannot be rendered or written.
    pub(super) fn make_comparisons(
        &self,
        runs: &RunPages,
        index: usize,
        b: &KeyedFile,
    ) -> Result<()> {
        for pair in self.pairs_of(index) {
            let a = runs.read_keyed(&self.known[pair.a].path)?;
            let earlier = self.earlier_sessions(runs, pair);
            let sessions = format!("{earlier:?}");
            let key = a.key.and_parts([b.key.as_ref(), sessions.as_bytes()]);
            let id = &self.known[index].id;
            let title = pair.page_title(runs.builder.page_titles());
            runs.builder.about_runs(runs.writer, &pair.name, title, id, &key, || {
                let (a, b) = (runs.assess_run(&a)?, runs.assess_run(b)?);
                Ok(comparison::template_context(&compare_runs(runs, &earlier, &a, &b, "../")))
            })?;
        }
        Ok(())
    }

    /// Makes the page of trends.
    ///
    /// # Errors
    ///
    /// The page cannot be rendered or written.
    pub(super) fn make_trends(mut self, runs: &RunPages, rows: &[Arc<RunRow>]) -> Result<()> {
        let rows: BTreeMap<&str, &RunRow> =
            rows.iter().map(|row| (row.id.as_str(), &**row)).collect();
        for known in &mut self.known {
            known.digest.set_withheld(known.session.is_withheld());
            let Some(row) = rows.get(known.id.as_str()) else { continue };
            let verdicts = row.reached_verdicts().map(|v| (v.name.clone(), v.title.clone()));
            known.digest.set_conclusions(verdicts, !row.unreached_runtimes().is_empty());
        }
        let gate = &runs.builder.project().config.gate;
        for place in 1..self.known.len() {
            let (newer, earlier) = self.known.split_at_mut(place);
            let (Some(known), Some(before)) = (newer.last_mut(), earlier.first()) else { continue };
            let sessions = earlier.iter().map(|known| &known.session);
            let outside = known.session.gated_changes(&before.session, sessions, gate);
            known.digest.set_outside(outside);
        }
        // What a changed run states is no figure of it, and its outline does not tell.
        let count = self.known.len();
        self.known.retain(|known| rows.get(known.id.as_str()).is_some_and(|r| r.is_intact));
        let omitted = OmittedRuns { altered: count - self.known.len(), of_fleets: self.of_fleets };
        let digests = self.known.into_iter().map(|known| known.digest).collect();
        let view = TrendView::new(digests, omitted, &runs.builder.assessment.project_data);
        let sees: Json = json!({ "trend": view });
        runs.builder.about_report(
            runs.writer,
            "runs/trends.html",
            &runs.builder.page_titles().trends,
            "site/trends.html",
            &sees,
        )
    }

    /// What the overview says of boundaries that changed since the comparable runs before `run`,
    /// that of the report: those of the same machine and way of capture whose files nobody changed;
    /// and of times that the sessions before do not predict, or that it did not measure.
    pub(super) fn summarize_changes(
        &self,
        assessment: &Assessment,
        gate: &DiffGate,
        rows: &[Arc<RunRow>],
    ) -> ChangeSummary {
        let run = &assessment.run;
        let rows: BTreeMap<&str, &RunRow> =
            rows.iter().map(|row| (row.id.as_str(), &**row)).collect();
        let place = self.known.iter().position(|known| known.id == run.id);
        let (Some(index), Some(row)) = (place, rows.get(run.id.as_str())) else {
            return ChangeSummary::without_others("foreign").with_times(run, None);
        };
        let like = &self.known[index].session;
        let earlier =
            self.known[index + 1..].iter().filter(|known| like.is_comparable(&known.session));
        let earlier: Vec<(&KnownRun, &RunRow)> = earlier
            .filter_map(|known| Some((known, *rows.get(known.id.as_str())?)))
            .filter(|(_, row)| row.is_intact)
            .collect();
        let times = match earlier.first() {
            Some((before, _)) => {
                let sessions = earlier.iter().map(|(known, _)| &known.session);
                let changes = like.gated_changes(&before.session, sessions, gate);
                changes.iter().map(|change| TimeChange::of_session(change, assessment)).collect()
            }
            None => Vec::new(),
        };
        let timed = earlier.iter().find(|(known, _)| known.session.has_times());
        let timed =
            timed.map(|(_, row)| TimedRun { id: row.id.clone(), created: row.created.clone() });
        let earlier: Vec<&RunRow> = earlier.iter().map(|(_, row)| *row).collect();
        let summary = match &earlier[..] {
            [] if run.find_node().is_some() => ChangeSummary::without_others("first-of-node"),
            [] if index + 1 == self.known.len() && self.of_fleets == 0 => {
                ChangeSummary::without_others("first")
            }
            [] => ChangeSummary::without_others("not-comparable"),
            earlier => ChangeSummary { times, ..ChangeSummary::new(row, earlier) },
        };
        summary.with_times(run, timed)
    }

    /// The sessions that figures of the two runs are judged by: those before the later of them,
    /// which is the one with the smaller index.
    fn earlier_sessions(&self, runs: &RunPages, pair: &ComparedPair) -> Vec<PastSession> {
        let like = &self.known[pair.a.max(pair.b)].session;
        let before = self.known[pair.a.min(pair.b) + 1..].iter().map(|known| &known.session);
        history::comparable_sessions(before, like, runs.builder.project().config.gate.sessions)
    }
}

/// Compares two runs, for a page at this distance from the root.
fn compare_runs(
    runs: &RunPages,
    earlier: &[PastSession],
    a: &Assessment,
    b: &Assessment,
    root: &str,
) -> ComparisonView {
    let (project_data, gate) =
        (&runs.builder.assessment.project_data, &runs.builder.project().config.gate);
    let (catalogue, phrases) = (&project_data.catalogue, &project_data.phrases);
    let (a_side, b_side) = (diff_side(a), diff_side(b));
    let mut diff = RunDiff::between_runs(a_side, b_side, catalogue, earlier, gate, phrases, false);
    diff.expectations = expectation_changes(&past_expectations(a), &past_expectations(b));
    let mut view = ComparisonView::new(&diff, project_data);
    view.link_to_pages(a, b, root);
    view
}

/// What the overview says of boundaries over the comparable runs.
#[derive(Debug, Serialize)]
pub(super) struct ChangeSummary {
    /// `same` or `changed`; without a comparable run before `first`, `first-of-node`,
    /// `not-comparable`, or `foreign`
    /// where the run of the report is not one of the project.
    state: &'static str,
    /// How many runs in a row, that of the report among them, say the same of every runtime.
    same_runs: usize,
    /// What differs from the comparable run before.
    changes: Vec<BoundaryChange>,
    /// Where the same is concluded with less confidence than in that run.
    weaker: Vec<BoundaryChange>,
    /// What starts slower or faster than the sessions before predict.
    times: Vec<TimeChange>,
    /// The runtimes of that run that this one did not test.
    gone: Vec<String>,
    /// The runtimes of which the session of the report shows nothing, because it was interrupted.
    unreached: Vec<String>,
    /// The id of that run.
    before: Option<String>,
    /// The newest comparable runs, that of the report last.
    strip: Vec<RunRow>,
    /// Set where the run of the report measured no times.
    untimed: Option<UntimedRun>,
}

/// A run that measured no times.
#[derive(Debug, Serialize)]
struct UntimedRun {
    id: String,
    /// Why.
    reason: String,
    /// The newest comparable run before it that measured some.
    timed: Option<TimedRun>,
}

/// A run that measured times.
#[derive(Debug, Serialize)]
struct TimedRun {
    id: String,
    created: String,
}

/// Another conclusion about a runtime, or the same with another confidence.
#[derive(Debug, PartialEq, Serialize)]
struct BoundaryChange {
    name: String,
    /// What was concluded before, in words, and what is now.
    was: String,
    is_now: String,
}

/// A time that lies outside of what the sessions before predict.
#[derive(Debug, PartialEq, Serialize)]
struct TimeChange {
    /// What was measured.
    what: String,
    /// What readers call the runtime, and the one that its figure is divided by.
    name: String,
    over: Option<String>,
    is_slower: bool,
}

impl TimeChange {
    fn of_session(change: &SessionChange, assessment: &Assessment) -> Self {
        let probe = assessment.project_data.catalogue.find_probe(&change.series);
        Self {
            what: probe.map_or_else(|| change.series.clone(), |probe| probe.title.clone()),
            name: assessment.reader_name(&change.target),
            over: change.over.as_ref().map(|over| assessment.reader_name(over)),
            is_slower: change.is_slower,
        }
    }
}

impl ChangeSummary {
    fn without_others(state: &'static str) -> Self {
        Self {
            state,
            same_runs: 1,
            changes: Vec::new(),
            weaker: Vec::new(),
            times: Vec::new(),
            gone: Vec::new(),
            unreached: Vec::new(),
            before: None,
            strip: Vec::new(),
            untimed: None,
        }
    }

    fn with_times(mut self, run: &Run, timed: Option<TimedRun>) -> Self {
        self.untimed = run.untimed_reason().map(|reason| UntimedRun {
            id: run.id.clone(),
            reason: reason.into(),
            timed,
        });
        self
    }

    /// That the run of the report measured no times where an earlier one did, for the terminal.
    pub(super) fn untimed_notice(&self) -> Option<String> {
        let UntimedRun { id, reason, timed } = self.untimed.as_ref()?;
        let timed = &timed.as_ref()?.id;
        Some(format!(
            "run {id} has no times ({reason}); run {timed} has times: isoproof build --run {timed}"
        ))
    }

    /// The summary of a run and the comparable ones before it, newest first.
    fn new(row: &RunRow, earlier: &[&RunRow]) -> Self {
        let same = earlier.iter().take_while(|before| boundary_changes(before, row).is_empty());
        let same_runs = 1 + same.count();
        let before = earlier.first().copied().unwrap_or(row);
        let changes = boundary_changes(before, row);
        let mut strip: Vec<RunRow> =
            earlier.iter().take(STRIP - 1).rev().map(|row| (*row).clone()).collect();
        strip.push(row.clone());
        Self {
            state: if changes.is_empty() { "same" } else { "changed" },
            same_runs,
            changes,
            weaker: weaker_verdicts(before, row),
            times: Vec::new(),
            gone: gone_runtimes(before, row),
            unreached: row.unreached_runtimes(),
            before: earlier.first().map(|row| row.id.clone()),
            strip,
            untimed: None,
        }
    }
}

/// The runtimes of both runs of which another thing is concluded.
fn boundary_changes(before: &RunRow, now: &RunRow) -> Vec<BoundaryChange> {
    let mut changes = Vec::new();
    for verdict in now.reached_verdicts() {
        let was = before.reached_verdicts().find(|was| was.name == verdict.name);
        let Some(was) = was.filter(|was| was.conclusion != verdict.conclusion) else { continue };
        changes.push(BoundaryChange {
            name: verdict.name.clone(),
            was: was.title.clone(),
            is_now: verdict.title.clone(),
        });
    }
    changes
}

/// The runtimes of which the same is concluded with less confidence.
fn weaker_verdicts(before: &RunRow, now: &RunRow) -> Vec<BoundaryChange> {
    let mut weaker = Vec::new();
    for verdict in &now.verdicts {
        let was = before.verdicts.iter().find(|was| {
            was.name == verdict.name
                && was.conclusion == verdict.conclusion
                && was.confidence > verdict.confidence
        });
        weaker.extend(was.map(|was| BoundaryChange {
            name: verdict.name.clone(),
            was: was.confidence.into_str().into(),
            is_now: verdict.confidence.into_str().into(),
        }));
    }
    weaker
}

/// The runtimes of a run that the later one did not test.
fn gone_runtimes(before: &RunRow, now: &RunRow) -> Vec<String> {
    let mut names: Vec<String> = before.verdicts.iter().map(|was| was.name.clone()).collect();
    names.retain(|name| !now.verdicts.iter().any(|verdict| verdict.name == *name));
    names
}

/// Every run with the one before it and with the baseline: of a node none but its own.
fn compared_pairs(known: &[KnownRun]) -> Vec<ComparedPair> {
    let baselines: Vec<usize> =
        (0..known.len()).filter(|&a| known[a].label.as_deref() == Some(BASELINE)).collect();
    let mut pairs = Vec::new();
    for (b, run) in known.iter().enumerate() {
        // The newest that can be compared with it, else the newest.
        let next = (b + 1..known.len()).find(|&a| run.is_on_node_of(&known[a]));
        let before =
            (b + 1..known.len()).find(|&a| run.session.is_comparable(&known[a].session)).or(next);
        // As a reference by label: one that is dated later than now only where there is no other.
        let mut own = baselines.iter().copied().filter(|&a| run.is_on_node_of(&known[a]));
        let baseline = own.clone().find(|&a| !clock::is_future(known[a].at)).or_else(|| own.next());
        let baseline = baseline.filter(|&a| a != b && Some(a) != before);
        for (a, is_before) in [(before, true), (baseline, false)] {
            let Some(a) = a else { continue };
            let end = if is_before { "before" } else { "baseline" };
            let name = format!("runs/{}-{end}.html", run.id);
            pairs.push(ComparedPair { name, is_before, a, b });
        }
    }
    pairs
}

/// What a run of the history shows of what is expected now; nothing where it has no runtime of a name
/// that is expected, which is for the run of the report to say.
fn past_expectations(assessment: &Assessment) -> Vec<ExpectationResult> {
    assessment.judge_expectations().unwrap_or_default()
}

fn diff_side(assessment: &Assessment) -> DiffSide<'_> {
    DiffSide { run: &assessment.run, judgement: &assessment.judgement }
}
