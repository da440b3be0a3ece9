//! What the last build made of what, so that a page whose ingredients are the same is not made
//! again.
//!
//! A key is a hash of everything that a page is made of, the program included. The file of a
//! page is only trusted if it is the one that was written, by inode, size and time: whoever edits
//! a page by hand gets it made again.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hashbrown::HashSet;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::content_hash::ContentHash;
use super::manifest::SiteManifest;
use super::output;
use super::view::RunRow;
use crate::atomic;
use crate::error::{NameFailedFile, Result};
use crate::project::Project;

/// What a page was made of, and what came out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CachedPage {
    /// What it was made of.
    pub key: ContentHash,
    /// What its file looked like when it was written: inode, size and time.
    pub stamp: String,
    /// The size of that file in bytes.
    #[serde(default)]
    pub size: u64,
    /// The links that lead to other pages.
    #[serde(serialize_with = "serialize_links", deserialize_with = "deserialize_links")]
    pub links: Vec<Arc<str>>,
    /// The words that a search finds it by, if it is one that is searched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// The size of the beginning of its text, of which a search shows what stands around a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<usize>,
    /// Its headings that a search finds: anchor and text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headings: Vec<(String, String)>,
    /// What the page says is not captured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

fn serialize_links<S: Serializer>(links: &[Arc<str>], out: S) -> Result<S::Ok, S::Error> {
    out.collect_seq(links.iter().map(|link| &**link))
}

thread_local! {
    /// The links of the cache that is being read: most pages have most of them in common.
    static READ_LINKS: RefCell<HashSet<Arc<str>>> = RefCell::default();
}

fn deserialize_links<'de, D: Deserializer<'de>>(json: D) -> Result<Vec<Arc<str>>, D::Error> {
    let texts = Vec::<String>::deserialize(json)?;
    let mut links = Vec::with_capacity(texts.len());
    READ_LINKS.with_borrow_mut(|known| {
        for text in &texts {
            links.push(Arc::clone(known.get_or_insert_with(&**text, |text| text.into())));
        }
    });
    Ok(links)
}

fn serialize_rows<S: Serializer>(
    rows: &BTreeMap<ContentHash, Arc<RunRow>>,
    out: S,
) -> Result<S::Ok, S::Error> {
    out.collect_map(rows.iter().map(|(key, row)| (key, &**row)))
}

fn deserialize_rows<'de, D: Deserializer<'de>>(
    json: D,
) -> Result<BTreeMap<ContentHash, Arc<RunRow>>, D::Error> {
    let rows = BTreeMap::<ContentHash, RunRow>::deserialize(json)?;
    Ok(rows.into_iter().map(|(key, row)| (key, Arc::new(row))).collect())
}

/// What a build made.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct BuildCache {
    /// The folder of the site.
    #[serde(default)]
    out: String,
    /// The pages by name.
    pub pages: BTreeMap<String, CachedPage>,
    /// The rows of runs by the key of their files. The list of runs has the same, not others like
    /// them: of 10,000 runs they are much of what is in memory.
    #[serde(serialize_with = "serialize_rows", deserialize_with = "deserialize_rows")]
    pub rows: BTreeMap<ContentHash, Arc<RunRow>>,
}

impl BuildCache {
    /// What the last build into `out` made; nothing if that is not known.
    pub(super) fn load_cache(project: &Project, out: &Path) -> Self {
        let text = std::fs::read(cache_path(project, out)).unwrap_or_default();
        let cache = serde_json::from_slice(&text).unwrap_or_default();
        READ_LINKS.take();
        cache
    }

    /// What the texts say is not captured.
    pub(super) fn missing_warnings(&self) -> impl Iterator<Item = String> {
        self.pages.values().flat_map(|made| made.warnings.iter().cloned())
    }

    /// Keeps it for the next build.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(super) fn save_cache(&mut self, project: &Project, out: &Path) -> Result<()> {
        self.out = out.to_string_lossy().into_owned();
        let path = cache_path(project, out);
        // A checkout that knows nothing of this folder is not to list what is in it.
        let ignore = path.with_file_name(".gitignore");
        if !ignore.exists() {
            atomic::write_atomically(&ignore, b"*\n")?;
        }
        // After a crash it may be empty: then everything is made again.
        atomic::replace_by_writer(&path, |file| Ok(serde_json::to_writer(file, self)?))
    }
}

fn cache_folder(project: &Project) -> PathBuf {
    project.private_dir().join("sites")
}

fn cache_path(project: &Project, out: &Path) -> PathBuf {
    let name = ContentHash::from_parts([out.as_os_str().as_encoded_bytes()]).0;
    cache_folder(project).join(format!("{name}.json"))
}

/// The files of the caches, and the folder of the site that each is about, if it says so. None if
/// a link leads to them: nothing is removed through one.
fn cache_files(project: &Project) -> Vec<(PathBuf, Option<PathBuf>)> {
    #[derive(Deserialize)]
    struct CachedSite {
        out: PathBuf,
    }
    let folder = cache_folder(project);
    if project.private_dir().is_symlink() || folder.is_symlink() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && path.file_name().and_then(|name| name.to_str()).is_some_and(is_cache) {
            let text = std::fs::read(&path).unwrap_or_default();
            let site = serde_json::from_slice(&text).ok().map(|CachedSite { out }| out);
            found.push((path, site));
        }
    }
    found
}

/// Whether a name is that of a cache: a key, whose digits are those of 16 bytes.
fn is_cache(name: &str) -> bool {
    let key = name.strip_suffix(".json").unwrap_or_default();
    key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The folders of the sites that something is remembered of, if no link leads to them by now.
pub(super) fn remembered_outputs(project: &Project) -> BTreeSet<PathBuf> {
    let outputs = cache_files(project).into_iter().filter_map(|(_, out)| out);
    outputs.filter(|out| output::find_real(out) == *out).collect()
}

/// Removes the caches of sites that are gone. Each result is a file that was removed.
pub(super) fn remove_orphans(project: &Project) -> Vec<Result<PathBuf>> {
    let mut removed = Vec::new();
    for (path, out) in cache_files(project) {
        let manifest = out.and_then(|out| SiteManifest::read_marker(&out).ok()?);
        if manifest.is_none() {
            removed.push(std::fs::remove_file(&path).or_failed_io("remove", &path).map(|()| path));
        }
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_cut_differently_are_another_key() {
        assert_eq!(ContentHash::from_parts(["a", "bc"]), ContentHash::from_parts(["a", "bc"]));
        assert_ne!(ContentHash::from_parts(["a", "bc"]), ContentHash::from_parts(["ab", "c"]));
        assert_ne!(ContentHash::from_parts(["a"]), ContentHash::from_parts(["a", ""]));
    }
}
