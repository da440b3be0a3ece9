//! A link check of a folder of pages.

use std::collections::{BTreeMap, BTreeSet};

/// The files of a site by path.
pub type Pages = BTreeMap<String, Vec<u8>>;

/// The links inside the pages that lead nowhere, served at the root of a server.
pub fn broken(pages: &Pages) -> Vec<String> {
    broken_under(pages, "/")
}

/// The links inside the pages that lead nowhere, served under `base` (`/repo/`).
pub fn broken_under(pages: &Pages, base: &str) -> Vec<String> {
    let mut anchors: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for (name, bytes) in pages.iter().filter(|(name, _)| name.ends_with(".html")) {
        let html = text(bytes);
        let ids = attributes(&html, "id").chain(attributes(&html, "name")).map(String::from);
        anchors.insert(name, ids.collect());
    }
    let mut broken = Vec::new();
    for (name, bytes) in pages.iter().filter(|(name, _)| name.ends_with(".html")) {
        let html = text(bytes);
        let own_base = html.contains("<base ").then_some("");
        let folder = own_base.unwrap_or(name.rsplit_once('/').map_or("", |(folder, _)| folder));
        for link in attributes(&html, "href").chain(attributes(&html, "src")) {
            if link.contains(':') || link.starts_with("//") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => Some(name.clone()),
                path if path.starts_with('/') => path.strip_prefix(base).map(String::from),
                path => resolve(folder, path),
            };
            let target = target.map(|target| match target.as_str() {
                "" => "index.html".to_string(),
                folder if folder.ends_with('/') => format!("{folder}index.html"),
                _ => target,
            });
            let fits = target.as_ref().is_some_and(|target| {
                let has_anchor =
                    || anchors.get(target.as_str()).is_some_and(|ids| ids.contains(anchor));
                pages.contains_key(target) && (anchor.is_empty() || has_anchor())
            });
            if !fits {
                broken.push(format!("{name}: {link}"));
            }
        }
    }
    broken
}

fn attributes<'a>(html: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let mark = format!(" {name}=\"");
    let starts: Vec<usize> = html.match_indices(&mark).map(|(at, _)| at + mark.len()).collect();
    starts.into_iter().filter_map(|at| html[at..].split('"').next())
}

fn resolve(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
