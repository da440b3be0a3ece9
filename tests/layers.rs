//! What the layout promises: the core does not know the course, no two files import each other, and
//! no file that ships is half of a merge.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::support::own_path;

/// Where the course is known: in its pack, where commands name it, and where packs are listed. The
/// names that are no persons' are words that people have as folders.
const KNOWERS: &[&str] = &["lab12/", "cli/", "lib.rs", "privacy/name.rs"];

fn source_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    files.into_iter().chain(folders.iter().flat_map(|folder| source_files(folder))).collect()
}

/// The files of `src/` by their path below it, without their tests.
fn program_texts() -> BTreeMap<String, String> {
    let src = own_path("src");
    let files = source_files(&src).into_iter().map(|path| {
        let text = std::fs::read_to_string(&path).unwrap();
        let program = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_string();
        (path.strip_prefix(&src).unwrap().display().to_string(), program)
    });
    let is_test =
        |name: &str| ["test", "examples_hold", "edits.rs"].iter().any(|it| name.contains(it));
    files.filter(|(name, _)| name.ends_with(".rs") && !is_test(name)).collect()
}

#[test]
fn the_core_does_not_know_the_course() {
    let words = ["lab12", "f25", "s26", "the lab ", "the lab'", "the lab.", "requirement"];
    let mut met = Vec::new();
    for (name, text) in program_texts() {
        if KNOWERS.iter().any(|knower| name.starts_with(knower)) {
            continue;
        }
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.to_lowercase();
            met.extend(
                words
                    .iter()
                    .filter(|word| line.contains(**word))
                    .map(|word| format!("src/{name}:{number}: `{word}` in {}", line.trim())),
            );
        }
    }
    assert!(met.is_empty(), "{}", met.join("\n"));
}

/// Merges that were committed before they were made: a template with such marks is published.
#[test]
fn what_ships_holds_no_marks_of_a_merge() {
    let marks = ["<<<<<<< ", ">>>>>>> "];
    for folder in ["templates", "site", "docs", "data/catalogue", "data/lab12", "data/rules"] {
        for path in source_files(&own_path(folder)) {
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let is_mark = |line: &&str| marks.iter().any(|mark| line.starts_with(mark));
            assert_eq!(text.lines().find(is_mark), None, "{}", path.display());
        }
    }
}

/// The paths that a text begins with: of `a::{b, c::d}` they are `a::b` and `a::c::d`.
fn expand_paths(text: &str) -> Vec<String> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
    let (head, rest) = text.split_at(end.unwrap_or(text.len()));
    let Some(group) = rest.strip_prefix('{').filter(|_| head.is_empty() || head.ends_with("::"))
    else {
        return vec![head.to_string()];
    };
    let (mut paths, mut depth, mut start) = (Vec::new(), 1, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && c == ',') {
            let part = expand_paths(group[start..at].trim());
            paths.extend(part.iter().map(|path| format!("{head}{path}")));
            start = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    paths
}

#[test]
fn groups_of_imports_are_expanded() {
    let paths = expand_paths("a::{b, c::{d, e::f},\n    g};");
    assert_eq!(paths, ["a::b", "a::c::d", "a::c::e::f", "a::g"]);
}

/// The files that a file names by `crate::` or `super::`, in an import or elsewhere.
fn imports(name: &str, text: &str, files: &BTreeSet<String>) -> BTreeSet<String> {
    let mut here: Vec<&str> = name.trim_end_matches(".rs").split('/').collect();
    if here.last() == Some(&"mod") {
        here.pop();
    }
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = lines.collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == ':' || c == '_') {
                continue;
            }
            let mut rest = &code[at..];
            let mut base = here.clone();
            while let Some(after) = rest.strip_prefix("super::") {
                base.pop();
                rest = after;
            }
            if let Some(after) = rest.strip_prefix("crate::") {
                base.clear();
                rest = after;
            }
            for path in expand_paths(rest) {
                let mut place = base.clone();
                for word in path.split("::") {
                    place.push(word);
                    let file = place.join("/");
                    for file in [format!("{file}.rs"), format!("{file}/mod.rs")] {
                        found.extend(files.get(&file).cloned());
                    }
                }
            }
        }
    }
    found.remove(name);
    found
}

#[test]
fn no_two_files_import_each_other() {
    let texts = program_texts();
    let files: BTreeSet<String> = texts.keys().cloned().collect();
    let graph: BTreeMap<&str, BTreeSet<String>> =
        texts.iter().map(|(name, text)| (name.as_str(), imports(name, text, &files))).collect();
    let is_root = |name: &str| name.ends_with("mod.rs") || !name.contains('/');
    let mut circles = Vec::new();
    for (name, used) in &graph {
        for other in used.iter().filter(|other| other.as_str() > *name && !is_root(other)) {
            if !is_root(name) && graph[other.as_str()].contains(*name) {
                circles.push(format!("{name} and {other}"));
            }
        }
    }
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}
