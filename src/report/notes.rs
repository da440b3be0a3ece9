//! The author's own words: `notes/<section>.md` below the chapters, never overwritten.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::{excerpts, markdown};
use crate::assets::{self, AssetTree};
use crate::error::Result;
use crate::project::NOTES;

/// The notes by the name of their section, without raw HTML and forbidden links, each so that it
/// can stand in any text.
///
/// Notes are Markdown and no templates: braces in them are text.
pub(crate) fn load_notes(chapters: &Path) -> Result<BTreeMap<String, String>> {
    let folder = format!("{NOTES}/");
    let mut notes = BTreeMap::new();
    for (name, file) in assets::read_all(AssetTree::Chapters, Some(chapters), &folder, ".md")? {
        let section = name[folder.len()..].strip_suffix(".md").unwrap_or_default();
        let text = excerpts::print_note(&file.text, &format!("own-{section}"));
        if !section.contains('/') && !text.is_empty() {
            notes.insert(section.to_string(), text);
        }
    }
    Ok(notes)
}

/// The notes without their links to files and their pictures that `is_file` knows by the address:
/// what is linked stays. A document may lead to them, but a site does not have them.
pub(crate) fn unlink_files(
    notes: &BTreeMap<String, String>,
    is_file: &dyn Fn(&str) -> bool,
) -> BTreeMap<String, String> {
    let unlinked = notes.iter().map(|(section, text)| {
        let cuts = find_file_links(text, is_file);
        let text = match cuts.is_empty() {
            true => text.clone(),
            // What stands next to each other now may mean something else.
            false => excerpts::print_note(&cut_ranges(text, cuts), &format!("own-{section}")),
        };
        (section.clone(), text)
    });
    unlinked.collect()
}

struct OpenLink {
    is_file: bool,
    whole: Range<usize>,
    /// What is linked; none while nothing is.
    inner: Option<Range<usize>>,
}

/// What of a text is to be cut, so that of such links what is linked stays.
fn find_file_links(text: &str, is_file: &dyn Fn(&str) -> bool) -> Vec<Range<usize>> {
    let (mut open, mut cuts): (Vec<OpenLink>, Vec<Range<usize>>) = (Vec::new(), Vec::new());
    for (event, range) in Parser::new_ext(text, markdown::markdown_options()).into_offset_iter() {
        if matches!(event, Event::End(TagEnd::Link | TagEnd::Image)) {
            let Some(link) = open.pop().filter(|link| link.is_file) else { continue };
            match link.inner {
                Some(inner) => {
                    cuts.extend([link.whole.start..inner.start, inner.end..link.whole.end]);
                }
                None => cuts.push(link.whole),
            }
            continue;
        }
        if let Some(link) = open.last_mut() {
            let inner = link.inner.get_or_insert_with(|| range.clone());
            inner.end = inner.end.max(range.end);
        }
        if let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = event {
            open.push(OpenLink { is_file: is_file(&dest_url), whole: range, inner: None });
        }
    }
    cuts.sort_by_key(|cut| cut.start);
    cuts
}

fn cut_ranges(text: &str, cuts: Vec<Range<usize>>) -> String {
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for cut in cuts {
        out.push_str(text.get(at..cut.start).unwrap_or_default());
        at = cut.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unlink_note(text: &str) -> String {
        let notes = BTreeMap::from([("a".to_string(), excerpts::print_note(text, "own-a"))]);
        let is_file = |url: &str| url.starts_with("shots/");
        unlink_files(&notes, &is_file).remove("a").unwrap()
    }

    #[test]
    fn of_links_to_files_what_is_linked_stays_and_other_links_do_too() {
        for (text, wanted) in [
            ("see [the *log*](shots/a.txt#L2) and [b](b.md)", "see the *log* and [b](b.md)"),
            ("![a picture](shots/a.png)", "a picture"),
            ("[![small](shots/a.png)](shots/b.png) x", "small x"),
            ("[![small](shots/a.png)](https://a.example/) x", "[small](https://a.example/) x"),
            ("![](shots/a.png) x", "x"),
            ("[shots](shots.md)", "[shots](shots.md)"),
        ] {
            assert_eq!(unlink_note(text), wanted, "{text}");
        }
    }
}
