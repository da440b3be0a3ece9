//! What the layout promises: the core does not know the course, no two files import each other, and
//! no file that ships is half of a merge.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::support::own_path;

/// Where the course is known: in its pack, where commands name it, and where packs are listed. The
/// names that are no persons' are words that people have as folders.
const KNOWERS: &[&str] = &["lab12/", "cli/", "lib.rs", "privacy/name.rs"];

/// The files that lead a folder and still share declarations with the files that they use.
const OPEN: &[&str] = &["collect/mod.rs", "site/mod.rs"];

fn source_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    files.into_iter().chain(folders.iter().flat_map(|folder| source_files(folder))).collect()
}

/// The files of `src/` by their path below it, without their tests.
fn program_texts() -> BTreeMap<String, String> {
    let src = own_path("src");
    let tests = Regex::new(r"(?m)^#\[cfg\(test\)\]\n(?:pub(?:\([^)]*\))? )?mod tests").unwrap();
    let files = source_files(&src).into_iter().map(|path| {
        let text = std::fs::read_to_string(&path).unwrap();
        let program = tests.split(&text).next().unwrap_or_default().to_string();
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

/// The files of the program, and what they name of each other.
struct ProgramFiles {
    /// The code of each, without comments.
    texts: BTreeMap<String, String>,
    /// The paths that each imports.
    imports: BTreeMap<String, Vec<String>>,
    /// The declaration of a child.
    declared: Regex,
    /// The first word of a path, and what before it tells that it is not used here.
    path_start: Regex,
}

impl ProgramFiles {
    fn from_texts(texts: BTreeMap<String, String>) -> Self {
        let imports = Regex::new(r"(?m)^(?:pub(?:\([^)]*\))? )?use ([^;]+;)").unwrap();
        let comments = Regex::new(r"(?m)^\s*//.*$").unwrap();
        let declared = Regex::new(r"(?m)^\s*(?:pub(?:\([^)]*\))? )?mod (\w+);").unwrap();
        let path_start = r"(?m)(^pub(?:\([^)]*\))? use |\(in |^|[^\w:])(\w+)::";
        let path_start = Regex::new(path_start).unwrap();
        let mut files = Self { texts, imports: BTreeMap::new(), declared, path_start };
        for (name, text) in &mut files.texts {
            *text = comments.replace_all(text, "").into_owned();
            let paths = imports.captures_iter(text).flat_map(|found| expand_paths(&found[1]));
            files.imports.insert(name.clone(), paths.collect());
        }
        files
    }

    /// The file of a module, by its words from the root.
    fn file_of_module(&self, module: &[String]) -> Option<&str> {
        let place = module.join("/");
        let names = [format!("{place}.rs"), format!("{place}/mod.rs")];
        names.iter().find_map(|name| Some(self.texts.get_key_value(name)?.0.as_str()))
    }

    /// The file that declares what a file names by a path. What a parent only hands on from
    /// another of its children is declared by that.
    fn declaring_file(&self, name: &str, path: &str) -> Option<&str> {
        let mut place = module_of(name);
        let mut words = path.split("::").peekable();
        match words.next()? {
            "crate" => place.clear(),
            "super" => place.truncate(place.len().saturating_sub(1)),
            child => place.push(child.into()),
        }
        while words.next_if_eq(&"super").is_some() {
            place.pop();
        }
        let mut file = self.file_of_module(&place);
        let mut item = words.next();
        while let Some(word) = item {
            place.push(word.into());
            let Some(inner) = self.file_of_module(&place) else { break };
            (file, item) = (Some(inner), words.next());
        }
        let (file, item) = (file?, item.unwrap_or_default());
        let is_parent = module_of(name).starts_with(&module_of(file));
        let from = self.imports[file].iter().find(|path| path.rsplit("::").next() == Some(item));
        match from.filter(|_| is_parent) {
            Some(from) => self.declaring_file(file, from),
            None => Some(file),
        }
    }

    /// The files that declare what a file uses. Handing on what a child declares is no use of it.
    fn files_used_by(&self, name: &str) -> BTreeSet<&str> {
        let code = &self.texts[name];
        let children = self.declared.captures_iter(code);
        let children: BTreeSet<&str> =
            children.map(|found| found.get(1).unwrap().as_str()).collect();
        let begins = self.path_start.captures_iter(code).filter(|found| {
            let is_used = !found[1].starts_with("pub") && &found[1] != "(in ";
            is_used && (matches!(&found[2], "crate" | "super") || children.contains(&found[2]))
        });
        let begins = begins.map(|found| found.get(2).unwrap().start());
        let paths = begins.flat_map(|at| expand_paths(&code[at..]));
        let files = paths.filter_map(|path| self.declaring_file(name, &path));
        files.filter(|file| *file != name).collect()
    }
}

/// The words of a file's own module: of `report/functions.rs` they are `report` and `functions`.
fn module_of(name: &str) -> Vec<String> {
    let path = name.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').filter(|word| !matches!(*word, "lib" | "main")).map(String::from).collect()
}

#[test]
fn no_two_files_import_each_other() {
    let files = ProgramFiles::from_texts(program_texts());
    let graph: BTreeMap<&str, BTreeSet<&str>> =
        files.texts.keys().map(|name| (name.as_str(), files.files_used_by(name))).collect();
    let mut circles = Vec::new();
    for (name, used) in &graph {
        let back = used.iter().filter(|other| *other > name && graph[*other].contains(name));
        circles.extend(back.map(|other| format!("{name} and {other}")));
    }
    circles.retain(|circle| !OPEN.iter().any(|leader| circle.contains(leader)));
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}
