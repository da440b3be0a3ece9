//! Does every link of the finished site lead somewhere?
//!
//! Links to a place on the same page, and those that are known by then, are checked when the page
//! is made, the others at the end. The ids of a page are only kept while it is made: where a link
//! names a place on a page that was made before, that page is read once more. So what is kept grows
//! with the number of different links, not with the size of the site.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use super::cache::CachedPage;
use super::scan::PageScan;
use super::writer::StagedSite;
use crate::error::{Error, NameFailedFile, Result};
use crate::text::percent_decode;

/// A page and a place on it.
pub(super) type PagePlace = (String, String);

/// The links of a site, and what is wrong with its pages.
///
/// Most pages have most links in common, so a path is resolved once for the folder that it is seen
/// from, and a place is kept once, with the page that it is on. Pages may be taken up again, and
/// what was checked is not checked again.
#[derive(Debug, Default)]
pub(super) struct SiteLinks {
    targets: Vec<LinkTarget>,
    /// The index of each page among the targets.
    by_page: HashMap<String, usize>,
    /// The targets that paths lead to, by the folder that they are seen from; none out of the site.
    paths: HashMap<String, HashMap<String, Option<usize>>>,
    /// The links of all pages, each text once.
    texts: HashSet<Arc<str>>,
    /// What is wrong on each page by itself.
    problems: BTreeMap<String, BTreeSet<PageProblem>>,
}

/// What is wrong on a page by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum PageProblem {
    /// An id that stands twice.
    DuplicateId(String),
    /// A place that a link on it leads to and that is not there.
    MissingPlace(String),
}

/// Where a link stands in the files that a page is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WrittenLink {
    /// The file and the line: `site/index.md:9`.
    pub written_at: String,
    /// The link as it is written.
    pub url: String,
}

/// Finds the links of a page to a place where they are written, which is known of chapters.
pub(super) type LinkFinder<'a> = &'a dyn Fn(&str, &PagePlace) -> Vec<WrittenLink>;

/// A page that links lead to.
#[derive(Debug)]
struct LinkTarget {
    page: String,
    places: HashMap<String, LinkedPlace>,
    /// Whether all places are known to be there.
    is_checked: bool,
}

/// A place on a page that links lead to.
#[derive(Debug, Default)]
struct LinkedPlace {
    /// How many pages have such a link.
    pages: usize,
    /// Whether it was there when the page was made.
    is_there: bool,
}

/// The page of the whole report, for paper.
pub(super) const PRINT: &str = "print.html";

/// How many problems an error lists.
const LISTED: usize = 20;

impl SiteLinks {
    /// Takes up a page: its duplicate ids and its links to itself are checked at once. Returns
    /// the links that lead to other pages.
    pub(super) fn add_page(&mut self, name: &str, scan: &PageScan, root: &str) -> Vec<Arc<str>> {
        let mut problems = BTreeSet::new();
        for id in &scan.twice {
            problems.insert(PageProblem::DuplicateId(id.to_string()));
        }
        let mut elsewhere = Vec::new();
        let own_address = format!("{}{name}#", "../".repeat(name.matches('/').count()));
        for link in &scan.links {
            // Most links lead to a line on the same page, some by its name.
            let own_place = link.strip_prefix('#').or_else(|| link.strip_prefix(&*own_address));
            if own_place.is_some_and(|place| scan.ids.contains(place)) {
                continue;
            }
            if !link.is_empty() && !link.starts_with(['#', '?']) {
                elsewhere
                    .push(Arc::clone(self.texts.get_or_insert_with(&**link, |link| link.into())));
                continue;
            }
            let place = resolve_link(name, link, root).map(|(_, place)| place);
            if let Some(place) = place.filter(|place| !place.is_empty())
                && !scan.ids.contains(place.as_str())
            {
                problems.insert(PageProblem::MissingPlace(place));
            }
        }
        if !problems.is_empty() {
            self.problems.insert(name.to_string(), problems);
        }
        elsewhere.sort_unstable();
        elsewhere.shrink_to_fit();
        self.record_links(name, &elsewhere, root);
        // With those by which a page links to itself by its name.
        if let Some(&index) = self.by_page.get(name) {
            for (place, linked) in &mut self.targets[index].places {
                linked.is_there = scan.ids.contains(place.as_str());
            }
        }
        elsewhere
    }

    /// Takes up the links of a page that lead elsewhere, in their order.
    pub(super) fn record_links(&mut self, name: &str, links: &[Arc<str>], root: &str) {
        self.each_place(name, links, root, |target, place| match target.places.get_mut(place) {
            Some(linked) => linked.pages += 1,
            None => {
                let linked = LinkedPlace { pages: 1, is_there: false };
                target.places.insert(place.to_string(), linked);
                target.is_checked = false;
            }
        });
    }

    /// Forgets a page that was taken up with these links.
    pub(super) fn forget_page(&mut self, name: &str, links: &[Arc<str>], root: &str) {
        self.problems.remove(name);
        if let Some(&index) = self.by_page.get(name) {
            let target = &mut self.targets[index];
            target.is_checked = false;
            target.places.values_mut().for_each(|linked| linked.is_there = false);
        }
        self.each_place(name, links, root, |target, place| {
            if let Some(linked) = target.places.get_mut(place) {
                linked.pages -= 1;
                if linked.pages == 0 {
                    target.places.remove(place);
                }
            }
        });
    }

    /// Shows `take` each place that links of a page lead to, with the page that it is on.
    fn each_place(
        &mut self,
        name: &str,
        links: &[Arc<str>],
        root: &str,
        mut take: impl FnMut(&mut LinkTarget, &str),
    ) {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut before = ("", None);
        for link in links {
            let (path, place) = link.split_once('#').unwrap_or((link, ""));
            if path != before.0 {
                before = (path, self.find_target(folder, path, root));
            }
            let Some(target) = before.1 else { continue };
            let place: Cow<str> = match place.contains('%') {
                true => percent_decode(place).into(),
                false => place.into(),
            };
            take(&mut self.targets[target], &place);
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
                let (page, places, is_checked) = (page.clone(), HashMap::new(), false);
                self.targets.push(LinkTarget { page, places, is_checked });
                self.targets.len() - 1
            })
        });
        self.paths.entry(folder.to_string()).or_default().insert(path.to_string(), target);
        target
    }

    /// The pages that links lead to.
    pub(super) fn linked_pages(&self) -> impl Iterator<Item = &str> {
        let linked = self.targets.iter().filter(|target| !target.places.is_empty());
        linked.map(|target| target.page.as_str())
    }

    /// The places on a page that links lead to.
    pub(super) fn places_on(&self, page: &str) -> impl Iterator<Item = &str> {
        let target = self.by_page.get(page).map(|&index| &self.targets[index]);
        target.into_iter().flat_map(|target| target.places.keys().map(String::as_str))
    }

    /// Checks all links that were not checked yet against the files of the site. `pages` are those
    /// that were taken up.
    ///
    /// # Errors
    ///
    /// A link leads nowhere or an id stands twice; the error names the line of the chapter, or the
    /// page, and the target.
    pub(super) fn check_links(
        &mut self,
        staging: &StagedSite,
        pages: &BTreeMap<String, CachedPage>,
        root: &str,
        find_links: LinkFinder,
    ) -> Result<()> {
        let mut problems = BTreeSet::new();
        let mut of_pages = BTreeSet::new();
        let mut add_problem = |from: &str, to: &PagePlace, words: &str| {
            let written = find_links(from, to);
            if written.is_empty() {
                of_pages.insert(format!("{from}: a link leads to {words}"));
            }
            for WrittenLink { written_at, url } in written {
                problems.insert(format!("{written_at}: the link `{url}` leads to {words}"));
            }
        };
        let mut duplicates = BTreeSet::new();
        for (page, problems) in &self.problems {
            for problem in problems {
                match problem {
                    PageProblem::DuplicateId(id) => {
                        duplicates.insert(format!("{page}: the id `{id}` stands twice"));
                    }
                    PageProblem::MissingPlace(place) => {
                        let to = (page.clone(), place.clone());
                        add_problem(page, &to, &format!("#{place}, which is not there"));
                    }
                }
            }
        }
        let mut broken = Vec::new();
        for target in self.targets.iter_mut().filter(|target| !target.is_checked) {
            let missing = target.missing_places(staging)?;
            target.is_checked = missing.is_empty();
            broken.extend(missing.into_iter().map(|place| (target.page.clone(), place)));
        }
        for to in broken {
            let (page, place) = &to;
            let words = match staging.has_file(page) {
                false => format!("{page}, and there is no such page"),
                true => format!("{page}#{place}, which is not on that page"),
            };
            // Which pages it is on is only looked for now, since nearly always there is none.
            let from = pages.iter().filter(|(from, made)| {
                let mut links = made.links.iter();
                links.any(|link| resolve_link(from, link, root).as_ref() == Some(&to))
            });
            from.for_each(|(from, _)| add_problem(from, &to, &words));
        }
        let all: Vec<String> = problems.into_iter().chain(of_pages).chain(duplicates).collect();
        if all.is_empty() {
            return Ok(());
        }
        let count = all.len();
        let listed = all[..count.min(LISTED)].join("\n");
        let more = match count.saturating_sub(LISTED) {
            0 => String::new(),
            n => format!("\n… and {n} more"),
        };
        let what = if count == 1 { "1 link or id".into() } else { format!("{count} links or ids") };
        Err(Error::unusable_input(format!("{what} of the site would be broken:\n{listed}{more}"))
            .with_help(
                "nothing was written; if the project has a chapter or template of its own for that \
                 page, fix it: else it is an error of isoproof",
            ))
    }
}

impl LinkTarget {
    /// The places that links lead to and that are not there: all, if there is no such page.
    fn missing_places(&self, staging: &StagedSite) -> Result<Vec<String>> {
        if !staging.has_file(&self.page) {
            return Ok(self.places.keys().cloned().collect());
        }
        let unknown = self.places.iter().filter(|(place, linked)| {
            !place.is_empty() && !linked.is_there && self.page.ends_with(".html")
        });
        let mut places: Vec<&String> = unknown.map(|(place, _)| place).collect();
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let path = staging.current_path(&self.page);
        let html = std::fs::read_to_string(&path).or_failed_io("read", &path)?;
        let ids = PageScan::scan_page(&html).ids;
        places.retain(|place| !ids.contains(place.as_str()));
        Ok(places.into_iter().cloned().collect())
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
            ("d/e.html", "<p id=y>1</p><a href=../d/e.html#y>ok</a><a href=../d/e.html#n>no</a>"),
        ];
        let (mut links, mut made) = (SiteLinks::default(), BTreeMap::new());
        for (name, html) in pages {
            staging.write_file(name, html.as_bytes()).unwrap();
            let elsewhere = links.add_page(name, &PageScan::scan_page(html), "/");
            made.insert(name.to_string(), CachedPage { links: elsewhere, ..CachedPage::default() });
        }
        let message =
            links.check_links(&staging, &made, "/", &|_, _| Vec::new()).unwrap_err().message;
        for problem in [
            "5 links or ids",
            "a.html: the id `x` stands twice",
            "a.html: a link leads to #no",
            "b.html: a link leads to a.html#z",
            "b.html: a link leads to c.html, and there is no such page",
            "d/e.html: a link leads to d/e.html#n",
        ] {
            assert!(message.contains(problem), "{problem} in {message}");
        }
        assert_eq!(made["d/e.html"].links, ["../d/e.html#n".into()], "what is there is not kept");
    }

    #[test]
    fn an_id_is_a_place_in_a_tag_alone_and_whichever_page_is_made_first() {
        let folder = tempfile::tempdir().unwrap();
        let out = OutputFolder::find_folder(&folder.path().join("public"), &[]).unwrap();
        let check_pages = |pages: [(&str, &str); 2]| {
            let staging = StagedSite::begin_staging(&out).unwrap();
            let (mut links, mut made) = (SiteLinks::default(), BTreeMap::new());
            for (name, html) in pages {
                staging.write_file(name, html.as_bytes()).unwrap();
                let elsewhere = links.add_page(name, &PageScan::scan_page(html), "/");
                made.insert(
                    name.to_string(),
                    CachedPage { links: elsewhere, ..CachedPage::default() },
                );
            }
            links.check_links(&staging, &made, "/", &|_, _| Vec::new()).is_ok()
        };
        let link = ("a.html", "<a href=b.html#y>y</a>");
        for (html, is_there) in [
            ("<p id=\"y\">1</p>", true),
            ("<p class=x id='y'>1</p>", true),
            ("<p> id=\"y\"</p>", false),
            ("<p id=\"yy\">1</p>", false),
        ] {
            let page = ("b.html", html);
            assert_eq!(check_pages([link, page]), is_there, "{html}");
            assert_eq!(check_pages([page, link]), is_there, "{html}");
        }
    }

    #[test]
    fn a_page_that_is_taken_up_again_is_checked_again_and_so_are_links_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let out = OutputFolder::find_folder(&folder.path().join("public"), &[]).unwrap();
        let staging = StagedSite::begin_staging(&out).unwrap();
        let (mut links, mut made) = (SiteLinks::default(), BTreeMap::<String, CachedPage>::new());
        let mut check_with = |name: &str, html: &str| {
            if let Some(old) = made.remove(name) {
                links.forget_page(name, &old.links, "/");
            } else {
                staging.write_file(name, b"").unwrap();
            }
            std::fs::write(staging.current_path(name), html).unwrap();
            let elsewhere = links.add_page(name, &PageScan::scan_page(html), "/");
            made.insert(name.to_string(), CachedPage { links: elsewhere, ..CachedPage::default() });
            links
                .check_links(&staging, &made, "/", &|_, _| Vec::new())
                .map_err(|error| error.message)
        };
        check_with("b.html", "<p id=y>1</p>").unwrap();
        check_with("a.html", "<a href=b.html#y>ok</a>").unwrap();
        let message = check_with("b.html", "<p id=z>1</p>").unwrap_err();
        assert!(message.contains("a.html: a link leads to b.html#y"), "{message}");
        // What is still wrong is said again though another page changed.
        assert!(check_with("c.html", "").unwrap_err().contains("b.html#y"));
        check_with("a.html", "<a href=b.html#z>ok</a><a href=c.html>ok</a>").unwrap();
        assert!(check_with("c.html", "<p id=x></p><p id=x></p>").unwrap_err().contains("twice"));
        check_with("c.html", "<p id=x></p>").unwrap();
    }
}
