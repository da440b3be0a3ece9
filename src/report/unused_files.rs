//! Files of a project that take the place of none that ships: mostly a typo in the name.

use std::path::{Path, PathBuf};

use crate::assets::{AssetTree, shipped_names};
use crate::project::Project;
use crate::sources::{MAX_TEXT_BYTES, SourceEntry, SourceKind, WalkLimits, read_text, walk_folder};
use crate::text::{closest_match, make_visible};

/// What lies in `data/` under names of a project's own: runs, fleets and probes.
const OWN_NAMES: &[&str] = &["runs", "fleets", "catalogue"];

/// A line about every file in `templates/`, and every TOML file in `data/`, that replaces no
/// shipped one and that no text of the project includes. What cannot be read is for those to tell
/// who need it.
pub(crate) fn warn_of_unused_files(project: &Project) -> Vec<String> {
    let (data, templates) = (project.data_dir(), project.templates_dir());
    let mut unused = find_unknown(&data, AssetTree::Data);
    unused.retain(|entry| entry.name.ends_with(".toml"));
    let mut warnings: Vec<String> =
        unused.iter().map(|entry| describe_file("data", entry, AssetTree::Data)).collect();
    let unused = find_unknown(&templates, AssetTree::Templates);
    if !unused.is_empty() {
        let texts = read_texts(&[templates, project.chapters_dir()]);
        let used = |entry: &SourceEntry| {
            texts.iter().any(|(path, text)| *path != entry.path && text.contains(&entry.name))
        };
        let unused = unused.iter().filter(|entry| !used(entry));
        warnings
            .extend(unused.map(|entry| describe_file("templates", entry, AssetTree::Templates)));
    }
    warnings
}

/// The files of a folder that have the name of none that ships.
fn find_unknown(folder: &Path, tree: AssetTree) -> Vec<SourceEntry> {
    let limits = WalkLimits { skipped: OWN_NAMES, ..WalkLimits::PROJECT };
    let mut entries = walk_folder(folder, limits).unwrap_or_default().entries;
    entries.retain(|entry| {
        entry.kind == SourceKind::File && shipped_names(tree).all(|name| name != entry.name)
    });
    entries
}

/// The texts in folders and below them that can be read.
fn read_texts(folders: &[PathBuf]) -> Vec<(PathBuf, String)> {
    let mut texts = Vec::new();
    for folder in folders {
        let entries = walk_folder(folder, WalkLimits::PROJECT).unwrap_or_default().entries;
        for entry in entries.into_iter().filter(|entry| entry.kind == SourceKind::File) {
            if let Ok(text) = read_text(&entry.path, MAX_TEXT_BYTES) {
                texts.push((entry.path, text));
            }
        }
    }
    texts
}

fn describe_file(root: &str, entry: &SourceEntry, tree: AssetTree) -> String {
    let (folder, _) = entry.name.rsplit_once('/').unwrap_or_default();
    let beside =
        shipped_names(tree).filter(|name| name.rsplit_once('/').unwrap_or_default().0 == folder);
    let near = closest_match(&entry.name, beside)
        .or_else(|| closest_match(&entry.name, shipped_names(tree)));
    let meant = match near {
        Some(near) => format!("did you mean {root}/{near}?"),
        None => "only a file with the name of a shipped one is read".into(),
    };
    format!("{root}/{} is used by nothing: {meant}", make_visible(&entry.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_replaces_nothing_and_is_included_by_nothing_is_told_with_what_was_meant() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("data/expectation.toml", ""),
            ("data/names.toml", ""),
            ("data/catalogue/mine.toml", ""),
            ("data/runs/old.toml", ""),
            ("data/measured.csv", ""),
            ("templates/site/stlye.css", "/* site/stlye.css */"),
            ("templates/site/404.html", "{% include \"partials/mine.html\" %}"),
            ("templates/partials/mine.html", ""),
            ("templates/statements/mine.md", ""),
            ("templates/zzz", ""),
            ("site/a.md", "{% include \"statements/mine.md\" %}"),
        ] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let project = Project::open_folder(folder.path()).unwrap();
        assert_eq!(
            warn_of_unused_files(&project),
            [
                "data/expectation.toml is used by nothing: did you mean data/expectations.toml?",
                "templates/site/stlye.css is used by nothing: did you mean \
                 templates/site/style.css?",
                "templates/zzz is used by nothing: only a file with the name of a shipped one is \
                 read",
            ]
        );
    }
}
