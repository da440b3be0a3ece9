//! The runs that tests read. They are those that ship in `data/runs/`, which a command may change.

use std::path::{Path, PathBuf};

use super::file::from_text;
use super::read_text;
use crate::model::Run;

/// The run of `tests/runs/` with this label, and its file.
pub(crate) fn read_sample_run(label: &str) -> (PathBuf, Run) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runs");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), from_text(&read_text(&path).unwrap(), &path).unwrap()))
        .find(|(_, run)| run.label.as_deref() == Some(label))
        .unwrap()
}
