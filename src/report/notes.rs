//! The author's own words: `notes/<section>.md` below the chapters, never overwritten.

use std::collections::BTreeMap;
use std::path::Path;

use crate::assets::{self, AssetTree};
use crate::error::Result;
use crate::project::NOTES;

/// The notes by the name of their section, without raw HTML and forbidden links, each so that it
/// can stand in any text.
///
/// Notes are Markdown and no templates: braces in them are text.
///
/// # Errors
///
/// A note cannot be read or is not UTF-8.
pub(crate) fn load_notes(chapters: &Path) -> Result<BTreeMap<String, String>> {
    let folder = format!("{NOTES}/");
    let mut notes = BTreeMap::new();
    for (name, file) in assets::read_all(AssetTree::Chapters, Some(chapters), &folder, ".md")? {
        let section = name[folder.len()..].strip_suffix(".md").unwrap_or_default();
        let text = super::excerpts::print_note(&file.text, &format!("own-{section}"));
        if !section.contains('/') && !text.is_empty() {
            notes.insert(section.to_string(), text);
        }
    }
    Ok(notes)
}
