//! The author's own words: `notes/<section>.md` below the chapters, never overwritten.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Error, Result};
use crate::project::NOTES;

/// The notes by the name of their section, without raw HTML and forbidden links, each so that it
/// can stand in any text.
///
/// Notes are Markdown and no templates: braces in them are text.
///
/// # Errors
///
/// A note cannot be read or is not UTF-8.
pub fn load(chapters: &Path) -> Result<BTreeMap<String, String>> {
    let folder = chapters.join(NOTES);
    let mut notes = BTreeMap::new();
    let entries = match std::fs::read_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(notes),
        entries => entries.map_err(|e| Error::io("read", &folder, &e))?,
    };
    for entry in entries {
        let path = entry.map_err(|e| Error::io("read", &folder, &e))?.path();
        let Some(section) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        if path.extension().is_some_and(|extension| extension == "md") {
            let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, &e))?;
            let text = super::excerpts::note(&text, &format!("own-{section}"));
            if !text.is_empty() {
                notes.insert(section.to_string(), text);
            }
        }
    }
    Ok(notes)
}
