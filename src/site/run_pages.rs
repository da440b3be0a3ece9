//! The runs of a project as their pages are made: each is read and judged only if that is needed.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::content_hash::ContentHash;
use super::page_writer::PageWriter;
use super::site_builder::SiteBuilder;
use super::view::RunRow;
use crate::error::Result;
use crate::report::Assessment;
use crate::store::{LoadedRun, RunFile, RunStore};

/// The pages of all runs of a project.
pub(super) struct RunPages<'a> {
    pub(super) store: &'a RunStore,
    pub(super) builder: &'a SiteBuilder,
    pub(super) writer: &'a PageWriter,
    /// The files that were read last: a run is compared with the one before it, which is then
    /// compared with the one before that.
    recent: Mutex<VecDeque<Arc<KeyedFile>>>,
}

/// A run file, the key of what is made of it, and its run once that was judged.
pub(super) struct KeyedFile {
    pub(super) file: RunFile,
    pub(super) key: ContentHash,
    assessment: OnceLock<Result<Arc<Assessment>>>,
}

/// How many run files each thread has in memory at once.
const RECENT: usize = 3;

impl<'a> RunPages<'a> {
    pub(super) fn with_writer(
        store: &'a RunStore,
        builder: &'a SiteBuilder,
        writer: &'a PageWriter,
    ) -> Self {
        Self { store, builder, writer, recent: Mutex::default() }
    }

    pub(super) fn keyed_file(&self, file: RunFile) -> KeyedFile {
        KeyedFile { key: self.builder.run_key(&file), file, assessment: OnceLock::new() }
    }

    pub(super) fn read_keyed(&self, path: &Path) -> Result<Arc<KeyedFile>> {
        let known = {
            let mut recent = self.lock_recent();
            let place = recent.iter().position(|known| known.file.path == path);
            // What is asked for again stays: a baseline is compared with every run.
            place.and_then(|place| recent.remove(place))
        };
        let file = match known {
            Some(file) => file,
            None => Arc::new(self.keyed_file(RunFile::read_file(path)?)),
        };
        let mut recent = self.lock_recent();
        recent.push_front(Arc::clone(&file));
        recent.truncate(RECENT * rayon::current_num_threads());
        Ok(file)
    }

    fn lock_recent(&self) -> MutexGuard<'_, VecDeque<Arc<KeyedFile>>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a run file, and all of it unless its row was made of the same text before.
    pub(super) fn read_intact(&self, path: &Path) -> Result<Arc<KeyedFile>> {
        let file = self.read_keyed(path)?;
        if self.writer.cached_run_row(&file.key).is_none() && file.assessment.get().is_none() {
            let loaded = self.store.parse_run(&file.file)?;
            let _ = file.assessment.set(self.judge_loaded(loaded));
        }
        Ok(file)
    }

    /// The row of the run of a node; what is wrong with its file, if it cannot be used.
    pub(super) fn node_row(&self, file: &RunFile) -> Result<Result<Arc<RunRow>, String>> {
        let key = self.builder.run_key(file);
        let row = match self.writer.cached_run_row(&key) {
            Some(row) => row,
            None => match self.store.parse_run(file) {
                Err(error) => return Ok(Err(error.message)),
                Ok(loaded) => Arc::new(RunRow::new(&*self.judge_loaded(loaded)?)),
            },
        };
        self.writer.keep_row(key, Arc::clone(&row));
        Ok(Ok(row))
    }

    /// Makes the page of a run, which leads to these comparisons and to the fleet of its node.
    pub(super) fn make_run_page(
        &self,
        file: &KeyedFile,
        comparisons: Vec<(String, String)>,
        fleets: &BTreeMap<&str, &str>,
    ) -> Result<Arc<RunRow>> {
        // A run is only read and judged if its row or its page has to be made.
        let mut row = match self.writer.cached_run_row(&file.key) {
            Some(row) => row,
            None => Arc::new(RunRow::new(&*self.assess_run(file)?)),
        };
        let fleet = fleets.get(row.id.as_str()).map(ToString::to_string);
        if (&row.comparisons, &row.fleet) != (&comparisons, &fleet) {
            let row = Arc::make_mut(&mut row);
            (row.comparisons, row.fleet) = (comparisons, fleet);
        }
        self.builder
            .run_page(self.writer, &row, &file.key, &file.file, || self.assess_run(file))?;
        self.writer.keep_row(file.key.clone(), Arc::clone(&row));
        Ok(row)
    }

    pub(super) fn assess_run(&self, file: &KeyedFile) -> Result<Arc<Assessment>> {
        if file.file.text == self.builder.file.text {
            return Ok(self.builder.assessment.clone());
        }
        if let Some(judged) = file.assessment.get() {
            return judged.clone();
        }
        let judged = self.judge_loaded(self.store.parse_run(&file.file)?);
        let _ = file.assessment.set(judged.clone());
        judged
    }

    fn judge_loaded(&self, loaded: LoadedRun) -> Result<Arc<Assessment>> {
        Assessment::new(loaded, &self.builder.assessment.project_data).map(Arc::new)
    }
}
