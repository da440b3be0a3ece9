//! The book as mdBook's JSON: walking its chapters and adding to them.

use serde_json::{Value as Json, json};

/// The lists of a book: `items` in mdBook 0.5, `sections` before.
const LISTS: [&str; 2] = ["items", "sections"];

pub(super) struct BookChapter<'a> {
    /// Its path below the folder of the chapters.
    pub path: &'a str,
    pub content: &'a mut String,
}

/// Calls `visit` with every chapter that has a file, whatever else the book holds.
pub(super) fn visit_chapters(book: &mut Json, visit: &mut dyn FnMut(BookChapter)) {
    for list in LISTS {
        visit_items(book.get_mut(list), visit);
    }
}

fn visit_items(list: Option<&mut Json>, visit: &mut dyn FnMut(BookChapter)) {
    for item in list.and_then(Json::as_array_mut).into_iter().flatten() {
        let Some(chapter) = item.get_mut("Chapter").and_then(Json::as_object_mut) else { continue };
        // A chapter without a path is a draft.
        let path = chapter.get("path").and_then(Json::as_str).map(String::from);
        if let (Some(path), Some(Json::String(content))) = (path, chapter.get_mut("content")) {
            visit(BookChapter { path: &path, content });
        }
        visit_items(chapter.get_mut("sub_items"), visit);
    }
}

/// Adds chapters at the end of the book; false if it has no list that they could go to.
pub(super) fn append_chapters(book: &mut Json, chapters: Vec<Json>) -> bool {
    let list = LISTS.iter().find(|list| book.get(**list).is_some_and(Json::is_array));
    let list = list.and_then(|list| book.get_mut(*list)).and_then(Json::as_array_mut);
    list.map(|list| list.extend(chapters)).is_some()
}

/// A chapter without a number, as mdBook would have read it.
pub(super) fn make_chapter(
    name: &str,
    path: &str,
    content: String,
    parents: &[&str],
    sub: Vec<Json>,
) -> Json {
    json!({"Chapter": {
        "name": name, "content": content, "number": null, "sub_items": sub, "path": path,
        "source_path": null, "parent_names": parents,
    }})
}
