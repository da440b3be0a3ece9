//! Does every link of the finished site lead somewhere?
//!
//! Links to a place on the same page are checked when the page is read, links to other pages at
//! the end. The ids of a page are only kept while it is read: where a link names a place on
//! another page, that page is read once more. So what is kept grows with the number of different
//! links, not with the size of the site.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use hashbrown::HashMap;

use super::scan::PageScan;
use super::writer::StagedSite;
use crate::error::{Error, Result};
use crate::text::percent_decode;

/// A page and a place on it.
pub(super) type PagePlace = (String, String);

/// The links of a site, and what is wrong with its pages.
///
/// Most pages have most links in common, so a path is resolved once for the folder that it is seen
/// from, and a place is kept once, with the page that it is on.
#[derive(Debug, Default)]
pub(super) struct SiteLinks {
    targets: Vec<LinkTarget>,
    /// The index of each page among the targets.
    by_page: HashMap<String, usize>,
    /// The targets that paths lead to, by the folder that they are seen from; none out of the site.
    paths: HashMap<String, HashMap<String, Option<usize>>>,
    /// The pages that have links.
    sources: Vec<String>,
    problems: BTreeSet<String>,
}

/// A page that links lead to.
#[derive(Debug)]
struct LinkTarget {
    page: String,
    /// The places on it, each with the index of the first page that links to it.
    places: HashMap<String, usize>,
}

/// How many problems an error lists.
const LISTED: usize = 20;

impl SiteLinks {
    /// Takes up a page: its duplicate ids and its links to itself are checked at once. Returns
    /// the links that lead to other pages.
    pub(super) fn add_page(&mut self, name: &str, scan: &PageScan, root: &str) -> Vec<String> {
        for id in &scan.twice {
            self.problems.insert(format!("{name}: the id `{id}` stands twice"));
        }
        let mut elsewhere = Vec::new();
        for link in &scan.links {
            if !link.is_empty() && !link.starts_with(['#', '?']) {
                elsewhere.push(link.to_string());
                continue;
            }
            // Most links lead to a line on the same page.
            if link.strip_prefix('#').is_some_and(|place| scan.ids.contains(place)) {
                continue;
            }
            let place = resolve_link(name, link, root).map(|(_, place)| place);
            if let Some(place) = place.filter(|place| !place.is_empty())
                && !scan.ids.contains(place.as_str())
            {
                let problem = format!("{name}: a link leads to #{place}, which is not there");
                self.problems.insert(problem);
            }
        }
        elsewhere.sort_unstable();
        self.record_links(name, &elsewhere, root);
        elsewhere
    }

    /// Takes up the links of a page that lead elsewhere, in their order.
    pub(super) fn record_links(&mut self, name: &str, links: &[String], root: &str) {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let source = self.sources.len();
        self.sources.push(name.to_string());
        let mut before = ("", None);
        for link in links {
            let (path, place) = link.split_once('#').unwrap_or((link, ""));
            if path != before.0 {
                before = (path, self.find_target(folder, path, root));
            }
            let Some(target) = before.1 else { continue };
            let places = &mut self.targets[target].places;
            let place: Cow<str> = match place.contains('%') {
                true => percent_decode(place).into(),
                false => place.into(),
            };
            match places.get_mut(&*place) {
                Some(first) if name < self.sources[*first].as_str() => *first = source,
                Some(_) => {}
                None => {
                    places.insert(place.into_owned(), source);
                }
            }
        }
    }

    /// The index of the target that a path leads to, seen from a folder; none out of the site.
    fn find_target(&mut self, folder: &str, path: &str, root: &str) -> Option<usize> {
        let (folder, path) = seen_from_root(folder, path).unwrap_or((folder, path));
        if let Some(known) = self.paths.get(folder).and_then(|paths| paths.get(path)) {
            return *known;
        }
        let from = format!("{folder}/page");
        let resolved = resolve_link(from.trim_start_matches('/'), path, root);
        let target = resolved.map(|(page, _)| {
            *self.by_page.entry(page).or_insert_with_key(|page| {
                let (page, places) = (page.clone(), HashMap::new());
                self.targets.push(LinkTarget { page, places });
                self.targets.len() - 1
            })
        });
        self.paths.entry(folder.to_string()).or_default().insert(path.to_string(), target);
        target
    }

    /// The pages that links lead to.
    pub(super) fn linked_pages(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().map(|target| target.page.as_str())
    }

    /// The places on a page that links lead to.
    pub(super) fn places_on(&self, page: &str) -> impl Iterator<Item = &str> {
        let target = self.by_page.get(page).map(|&index| &self.targets[index]);
        target.into_iter().flat_map(|target| target.places.keys().map(String::as_str))
    }

    /// Checks all links against the pages of the new site.
    ///
    /// # Errors
    ///
    /// A link leads nowhere or an id stands twice; the error names page and target.
    pub(super) fn check_links(mut self, staging: &StagedSite) -> Result<()> {
        for LinkTarget { page, places } in &self.targets {
            let is_there = staging.has_file(page);
            let has_places = places.keys().any(|place| !place.is_empty());
            let is_read = is_there && has_places && page.ends_with(".html");
            if is_there && !is_read {
                continue;
            }
            let ids = if is_read { page_ids(&staging.new_path(page))? } else { HashSet::new() };
            for (place, &source) in places {
                let from = &self.sources[source];
                if !is_there {
                    self.problems.insert(format!(
                        "{from}: a link leads to {page}, and there is no such page"
                    ));
                } else if !place.is_empty() && !ids.contains(place) {
                    self.problems.insert(format!(
                        "{from}: a link leads to {page}#{place}, which is not on that page"
                    ));
                }
            }
        }
        let problems = self.problems;
        if problems.is_empty() {
            return Ok(());
        }
        let count = problems.len();
        let listed: Vec<&str> = problems.iter().map(String::as_str).take(LISTED).collect();
        let more = match count.saturating_sub(LISTED) {
            0 => String::new(),
            n => format!("\n… and {n} more"),
        };
        let what = if count == 1 { "1 link or id".into() } else { format!("{count} links or ids") };
        Err(Error::unusable_input(format!(
            "{what} of the site would be broken:\n{}{more}",
            listed.join("\n")
        ))
        .with_help("nothing was written; fix the chapter or template that the page is made of"))
    }
}

/// The folder and the link that lead to the same place as a link seen from a folder, where it
/// climbs to the root of the site: such links are the same for all folders.
fn seen_from_root<'a>(folder: &str, link: &'a str) -> Option<(&'static str, &'a str)> {
    let depth = if folder.is_empty() { 0 } else { folder.matches('/').count() + 1 };
    let mut rest = link;
    for _ in 0..depth {
        rest = rest.strip_prefix("../")?;
    }
    let is_path = rest.starts_with(|c: char| !matches!(c, '#' | '?' | '/'));
    // What a colon stands in would be read as a scheme.
    (is_path && !rest.contains(':')).then_some(("", rest))
}

fn page_ids(path: &Path) -> Result<HashSet<String>> {
    let html = std::fs::read_to_string(path).map_err(|e| Error::failed_io("read", path, &e))?;
    Ok(PageScan::scan_page(&html, false).ids.into_iter().map(Cow::into_owned).collect())
}

/// The page and the place on it that a link of the page `from` leads to; none if it leads out of
/// the site. `root` is the path under which the site is served.
pub(super) fn resolve_link(from: &str, link: &str, root: &str) -> Option<(String, String)> {
    let (path, place) = link.split_once('#').unwrap_or((link, ""));
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let is_foreign =
        path.starts_with("//") || path.split('/').next().is_some_and(|first| first.contains(':'));
    if is_foreign {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    let path = match path.strip_prefix(root) {
        Some(below) => below,
        None if path.starts_with('/') => return None,
        None if path.is_empty() => return Some((from.to_string(), percent_decode(place))),
        None => {
            parts.extend(from.split('/'));
            parts.pop();
            path
        }
    };
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let mut page = percent_decode(&parts.join("/"));
    if path.is_empty() || path.ends_with('/') || path.ends_with("..") {
        page = format!("{page}/index.html").trim_start_matches('/').to_string();
    }
    Some((page, percent_decode(place)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::output::OutputFolder;

    #[test]
    fn a_link_is_resolved_as_a_browser_does_it() {
        let resolve = |from: &str, link: &str| {
            resolve_link(from, link, "/repo/").map(|(page, place)| format!("{page}#{place}"))
        };
        let some = |text: &str| Some(text.to_string());
        assert_eq!(resolve("a/b.html", "../c.html#x"), some("c.html#x"));
        assert_eq!(resolve("a/b.html", "c.html?q=1#%C3%BC"), some("a/c.html#ü"));
        assert_eq!(resolve("a/b.html", "#x"), some("a/b.html#x"));
        assert_eq!(resolve("a/b.html", "./"), some("a/index.html#"));
        assert_eq!(resolve("404.html", "/repo/a.html"), some("a.html#"));
        assert_eq!(resolve("404.html", "/repo/"), some("index.html#"));
        for foreign in ["https://a.b/", "mailto:a@b", "//a.b/c", "/other/", "data:,"] {
            assert_eq!(resolve("a.html", foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_broken_link_and_an_id_that_stands_twice_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let out = OutputFolder::find_folder(&folder.path().join("public"), &[]).unwrap();
        let staging = StagedSite::begin_staging(&out).unwrap();
        let pages = [
            ("a.html", "<p id=x>1</p><p id=x>2</p><a href=b.html#y>ok</a><a href=#no>no</a>"),
            ("b.html", "<p id=y>1</p><a href=a.html#z>no</a><a href=c.html>no</a>"),
        ];
        let mut links = SiteLinks::default();
        for (name, html) in pages {
            staging.write_file(name, html.as_bytes()).unwrap();
            links.add_page(name, &PageScan::scan_page(html, false), "/");
        }
        let message = links.check_links(&staging).unwrap_err().message;
        for problem in [
            "4 links or ids",
            "a.html: the id `x` stands twice",
            "a.html: a link leads to #no",
            "b.html: a link leads to a.html#z",
            "b.html: a link leads to c.html, and there is no such page",
        ] {
            assert!(message.contains(problem), "{problem} in {message}");
        }
    }
}
