//! The evidence files of a pack, made from a run.

use std::path::Path;

use crate::atomic::{self, SHARED};
use crate::error::{Error, Result};
use crate::report::pack::EvidenceFiles;

/// Writes the files below `folder`, or none of them if one is there with another content.
/// Errors: a file of another content exists, or something cannot be written.
pub(crate) fn write_evidence_files(folder: &Path, files: &EvidenceFiles) -> Result<()> {
    let mut other = Vec::new();
    for (name, bytes) in files {
        let there = atomic::read_target(&folder.join(name))?;
        if there.is_some_and(|there| there != *bytes) {
            other.push(name.as_str());
        }
    }
    if !other.is_empty() {
        let list = other.join(", ");
        return Err(Error::unusable_input(format!(
            "{} holds other evidence: {list}",
            folder.display()
        ))
        .with_help("nothing was written: name another folder, or move these files away"));
    }
    // What is there by now is not overwritten.
    files.iter().try_for_each(|(name, bytes)| {
        atomic::create_if_missing(&folder.join(name), bytes, SHARED).map(drop)
    })
}
