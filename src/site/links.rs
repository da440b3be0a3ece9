//! Does every link of the finished site lead somewhere?
//!
//! Links to a place on the same page are checked when the page is read, links to other pages at
//! the end. The ids of a page are only kept while it is read: where a link names a place on
//! another page, that page is read once more. So what is kept grows with the number of different
//! links, not with the size of the site.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
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
/// Most pages have most links in common, so a link is kept as it is written, once for the folder
/// that it is seen from, and resolved at the end.
#[derive(Debug, Default)]
pub(super) struct SiteLinks {
    /// The links seen from a folder, each with the first page that has it.
    links: HashMap<String, HashMap<String, String>>,
    problems: BTreeSet<String>,
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
        self.record_links(name, &elsewhere);
        elsewhere.sort_unstable();
        elsewhere
    }

    /// Takes up the links of a page that lead elsewhere.
    pub(super) fn record_links(&mut self, name: &str, links: &[String]) {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in links {
            let (folder, link) = seen_from_root(folder, link).unwrap_or((folder, link));
            if !self.links.contains_key(folder) {
                self.links.insert(folder.to_string(), HashMap::new());
            }
            let Some(known) = self.links.get_mut(folder) else { continue };
            match known.get_mut(link) {
                Some(first) if name < first.as_str() => *first = name.to_string(),
                Some(_) => {}
                None => {
                    known.insert(link.to_string(), name.to_string());
                }
            }
        }
    }

    /// Where links lead within the site, each place with the first page that has the link. Those
    /// seen from one folder come in the order of their text, so places on a page mostly follow
    /// each other; links that are written differently may lead to one place.
    pub(super) fn linked_places(&self, root: &str) -> impl Iterator<Item = (PagePlace, &str)> {
        self.links.iter().flat_map(move |(folder, links)| {
            let from = format!("{folder}/page").trim_start_matches('/').to_string();
            let mut links: Vec<(&String, &String)> = links.iter().collect();
            links.sort_unstable();
            links.into_iter().filter_map(move |(link, page)| {
                Some((resolve_link(&from, link, root)?, page.as_str()))
            })
        })
    }

    /// Checks all links against the pages of the new site.
    ///
    /// # Errors
    ///
    /// A link leads nowhere or an id stands twice; the error names page and target.
    pub(super) fn check_links(&self, staging: &StagedSite, root: &str) -> Result<()> {
        let mut broken: BTreeMap<PagePlace, &str> = BTreeMap::new();
        let mut read: Option<(String, HashSet<String>)> = None;
        for ((page, place), from) in self.linked_places(root) {
            let is_there = staging.has_file(&page);
            if is_there && !place.is_empty() && page.ends_with(".html") {
                if read.as_ref().is_none_or(|(name, _)| *name != page) {
                    read = Some((page.clone(), page_ids(&staging.new_path(&page))?));
                }
                if read.as_ref().is_some_and(|(_, ids)| ids.contains(&place)) {
                    continue;
                }
            } else if is_there {
                continue;
            }
            let first = broken.entry((page, place)).or_insert(from);
            *first = from.min(first);
        }
        let mut problems = self.problems.clone();
        for ((page, place), from) in &broken {
            problems.insert(match staging.has_file(page) {
                true => {
                    format!("{from}: a link leads to {page}#{place}, which is not on that page")
                }
                false => format!("{from}: a link leads to {page}, and there is no such page"),
            });
        }
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
        let message = links.check_links(&staging, "/").unwrap_err().message;
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
