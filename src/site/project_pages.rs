//! All pages of a project, and what its runs show.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::{Value as Json, json};

use super::fleets::FleetPages;
use super::history::RunHistory;
use super::page_writer::PageWriter;
use super::run_pages::RunPages;
use super::site_builder::SiteBuilder;
use super::view::RunRow;
use crate::error::Result;
use crate::store::RunStore;

/// What is known of the runs of a project when their pages are made.
pub(super) struct RunSummary {
    /// What changed since the runs before, for the first page.
    pub(super) since: Json,
    /// The rows of the list of runs.
    pub(super) rows: Vec<Arc<RunRow>>,
    /// What has to be said about runs.
    pub(super) notices: Vec<String>,
}

/// Makes all pages, and says what the runs show; gives up with `None` if a run turns out to be
/// damaged that others were to lead to. The outline of a file does not tell all damages, and the
/// store knows them afterwards.
pub(super) fn make_pages(
    store: &RunStore,
    builder: &SiteBuilder,
    writer: &PageWriter,
    mut fleets: FleetPages,
) -> Result<Option<RunSummary>> {
    let runs = RunPages::with_writer(store, builder, writer);
    let current = &builder.assessment.run.id;
    fleets.show_earlier_runs(current);
    let (hidden, margin) = (fleets.hidden_runs(), builder.project().config.gate.margin);
    let catalogue = &builder.assessment.project_data.catalogue;
    let history = RunHistory::read_history(store, catalogue, &hidden, margin)?;
    let Some(rows) = make_run_pages(&runs, &history, &fleets.fleets_of_runs())? else {
        return Ok(None);
    };
    let gate = &builder.project().config.gate;
    let changes = history.summarize_changes(&builder.assessment, gate, &rows);
    let mut since = json!(changes);
    since["node"] = json!(builder.assessment.run.find_node());
    since["fleet"] = fleets.newest_fleet(current);
    builder.make_site(writer, &since, &rows)?;
    builder.print_page(writer, &since, None)?;
    fleets.make_pages(&runs)?;
    history.make_trends(&runs, &rows)?;
    builder.runs_pages(writer, &rows, hidden.len())?;
    let probes = builder.probes_page(writer)?;
    builder.search_index(writer, &rows, &probes)?;
    builder.machine_files(writer, &rows, &since)?;
    let notices = store.store_warnings().into_iter().chain(fleets.left_out);
    let notices = notices.chain(changes.untimed_notice()).collect();
    Ok(Some(RunSummary { since, rows, notices }))
}

/// Makes the page of every run of the history and its comparisons, few runs in memory for each
/// thread; gives their rows, or none if a run turned out to be damaged.
fn make_run_pages(
    runs: &RunPages,
    history: &RunHistory,
    fleets: &BTreeMap<&str, &str>,
) -> Result<Option<Vec<Arc<RunRow>>>> {
    let damaged = runs.store.damaged_files().len();
    let paths: Vec<(usize, &Path)> = history.run_paths().enumerate().collect();
    let rows = paths.into_par_iter().filter_map(|(index, path)| {
        let file = runs.read_intact(path);
        let file = file.map_err(|error| runs.store.add_damaged(path, error)).ok()?;
        // The comparisons first: what they lead to on its page is then looked for as it is made.
        let compared = history.make_comparisons(runs, index, &file);
        let links = history.comparison_links(index, runs.builder.page_titles());
        Some(compared.and_then(|()| runs.make_run_page(&file, links, fleets)))
    });
    let rows: Vec<Result<Arc<RunRow>>> = rows.collect();
    // Before any error: that of a comparison with a damaged run is none.
    if runs.store.damaged_files().len() > damaged {
        return Ok(None);
    }
    let mut rows = rows.into_iter().collect::<Result<Vec<_>>>()?;
    let current = &runs.builder.assessment.run.id;
    if !rows.iter().any(|row| row.id == *current) {
        // A run that is named by its path need not be one of the project's.
        let file = runs.keyed_file(runs.builder.file.clone());
        rows.push(runs.make_run_page(&file, Vec::new(), fleets)?);
    }
    for row in rows.iter_mut().filter(|row| row.id == *current) {
        Arc::make_mut(row).is_current = true;
    }
    rows.sort_by(|a, b| b.sort_key().cmp(&a.sort_key()));
    Ok(Some(rows))
}
