//! What the layout promises: the core does not know the course, no two files import each other, and
//! no file that ships is half of a merge.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::support::own_path;

/// Where the course is known: in its pack, in the commands that name it, and where packs are
/// listed. The names that are no persons' are words that people have as folders.
const KNOWERS: &[&str] = &[
    "lab12/",
    "cli/build.rs",
    "cli/check.rs",
    "cli/closed_lists.rs",
    "cli/explain.rs",
    "cli/import.rs",
    "cli/serve.rs",
    "lib.rs",
    "privacy/name.rs",
];

/// Where words of the core's are beside its code.
const CORE_FOLDERS: &[&str] = &[
    "data/catalogue",
    "data/knowledge",
    "data/rules",
    "data/verdicts",
    "data/fleet",
    "templates/site",
    "templates/partials",
    "templates/statements",
    "templates/check",
    "templates/diff",
    "templates/book",
];

/// Files of the core's own words beside those folders.
const CORE_FILES: [&str; 3] = ["data/phrases.toml", "data/explain.toml", "data/reasons.toml"];

/// What a pack's document has been called since the first version: a page, a template, a file, an
/// option, keys of book.toml and the word for readers.
const DOCUMENT_NAMES: &str = r#"submission\.(?:html|md)|--submission|checked-submission|isoproof.submission|"submission"|>submission<"#;

/// The file of a control group that is called like the fact that is read from it.
const CONTROLLERS: (&str, &str) = ("doctor/platform.rs", "cgroup.controllers");

fn source_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    files.into_iter().chain(folders.iter().flat_map(|folder| source_files(folder))).collect()
}

/// The files of `src/` by their path below it, without their tests.
fn program_texts() -> BTreeMap<String, String> {
    let src = own_path("src");
    let mut texts = BTreeMap::new();
    for path in source_files(&src) {
        let name = path.strip_prefix(&src).unwrap().display().to_string();
        if name.ends_with(".rs") {
            texts.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
    leave_tests_out(texts)
}

/// Texts without their modules of tests and without the files that are such modules.
fn leave_tests_out(mut texts: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let tests = r"(?m)^#\[cfg\(test\)\]\n(?:#\[.*\]\n)*(?:pub(?:\([^)]*\))? )?mod (\w+)";
    let inline = Regex::new(&format!(r"{tests} \{{(?:.*\n)*?\}}")).unwrap();
    let declared = Regex::new(&format!("{tests};")).unwrap();
    let mut test_files = BTreeSet::new();
    for (name, text) in &texts {
        for found in declared.captures_iter(text) {
            let module = [module_of(name), vec![found[1].to_string()]].concat().join("/");
            test_files.extend([format!("{module}.rs"), format!("{module}/")]);
        }
    }
    texts.retain(|name, _| !test_files.iter().any(|file| name.starts_with(file)));
    for text in texts.values_mut() {
        *text = inline.replace_all(text, "").into_owned();
    }
    texts
}

#[test]
fn a_file_is_one_of_tests_by_its_declaration_and_not_by_its_name() {
    let text =
        "#[cfg(test)]\nmod tests;\nmod latest;\n#[cfg(test)]\nmod own {\n    fn a() {\n    }\n}\n";
    let file = |name: &str| (name.to_string(), text.to_string());
    let texts = ["a/mod.rs", "a/tests.rs", "a/tests/b.rs", "a/latest.rs"].map(file);
    let texts = leave_tests_out(texts.into());
    assert_eq!(texts.keys().collect::<Vec<_>>(), ["a/latest.rs", "a/mod.rs"]);
    assert_eq!(texts["a/mod.rs"], "#[cfg(test)]\nmod tests;\nmod latest;\n\n");
}

#[test]
fn the_core_does_not_know_the_course() {
    let words = r"lab12|\b(?:f25|s26|lab|requirements?|students|teachers?|submissions?)\b";
    let (words, names) = (Regex::new(words).unwrap(), Regex::new(DOCUMENT_NAMES).unwrap());
    let mut texts = program_texts();
    texts.retain(|name, _| !KNOWERS.iter().any(|knower| name.starts_with(knower)));
    let files = CORE_FOLDERS.iter().flat_map(|folder| source_files(&own_path(folder)));
    for path in files.chain(CORE_FILES.map(own_path)) {
        let name = path.strip_prefix(own_path("")).unwrap().display().to_string();
        texts.extend(std::fs::read_to_string(&path).ok().map(|text| (name, text)));
    }
    let mut met = Vec::new();
    for (name, text) in &texts {
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.to_lowercase();
            let line = names.replace_all(&line, "");
            let found = words.find_iter(&line).map(|found| found.as_str());
            met.extend(found.map(|word| format!("{name}:{number}: `{word}` in {}", line.trim())));
        }
    }
    assert!(met.is_empty(), "{}", met.join("\n"));
}

/// Folders of people are called by words that may be a pack's name.
#[test]
fn a_pack_is_named_by_itself_and_in_the_list_alone() {
    let mut texts = program_texts();
    texts.retain(|name, text| {
        let may_name =
            name.starts_with("lab12/") || ["lib.rs", "privacy/name.rs"].contains(&&**name);
        !may_name && text.contains("lab12")
    });
    assert_eq!(texts.keys().collect::<Vec<_>>(), Vec::<&String>::new());
}

/// The build makes constants of the ids of facts and rules, so that one that does not exist does
/// not compile.
#[test]
fn no_text_of_the_program_is_the_id_of_a_fact_or_a_rule() {
    let stated = Regex::new(r#"(?m)^id = "(.+)"$"#).unwrap();
    let mut ids = BTreeSet::new();
    for folder in ["catalogue", "rules", "fleet/rules", "lab12/rules", "lab12/claims/rules"] {
        for path in source_files(&own_path("data").join(folder)) {
            let text = std::fs::read_to_string(&path).unwrap();
            ids.extend(stated.captures_iter(&text).map(|found| found[1].to_string()));
        }
    }
    assert!(ids.contains("kernel.release") && ids.contains("health-not-ok"));
    let literals = Regex::new(r#""([a-z0-9_.-]+)""#).unwrap();
    let mut met = Vec::new();
    for (name, text) in program_texts() {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for found in code.flat_map(|line| literals.captures_iter(line)) {
            if ids.contains(&found[1]) && (&*name, &found[1]) != CONTROLLERS {
                met.push(format!("{name}: {}", &found[0]));
            }
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

/// The paths that a text begins with, and the names that they get in it: of `a::{b, c::d as e}`
/// they are `a::b` as `b` and `a::c::d` as `e`.
fn expand_paths(text: &str) -> Vec<(String, String)> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
    let (head, rest) = text.split_at(end.unwrap_or(text.len()));
    let Some(group) = rest.strip_prefix('{').filter(|_| head.is_empty() || head.ends_with("::"))
    else {
        let mut words = rest.split_whitespace();
        let other_name = words.next().filter(|word| *word == "as").and_then(|_| words.next());
        let own_name = head.rsplit("::").next().unwrap_or_default();
        let name = other_name.unwrap_or(own_name).trim_end_matches([';', ',', '}']);
        return vec![(head.to_string(), name.to_string())];
    };
    let (mut paths, mut depth, mut start) = (Vec::new(), 1, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && c == ',') {
            for (path, name) in expand_paths(group[start..at].trim()) {
                let path = format!("{head}{path}");
                let whole = path.strip_suffix("::self").unwrap_or(&path);
                let own_name = whole.rsplit("::").next().unwrap_or_default();
                let name = if name == "self" { own_name.to_string() } else { name };
                paths.push((whole.to_string(), name));
            }
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
    let paths = expand_paths("a::{b, c::{self, d, e::f},\n    g as h};");
    let told: Vec<String> = paths.iter().map(|(path, name)| format!("{path} {name}")).collect();
    assert_eq!(told, ["a::b b", "a::c c", "a::c::d d", "a::c::e::f f", "a::g h"]);
}

/// The files of the program, and what they name of each other.
struct ProgramFiles {
    /// The code of each, without comments.
    texts: BTreeMap<String, String>,
    /// The paths that each imports, with the names that they get there.
    imports: BTreeMap<String, Vec<(String, String)>>,
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
        let place = if module.is_empty() { "lib".into() } else { module.join("/") };
        let names = [format!("{place}.rs"), format!("{place}/mod.rs")];
        names.iter().find_map(|name| Some(self.texts.get_key_value(name)?.0.as_str()))
    }

    /// The file that declares what a file names by a path. What a file only hands on from another
    /// is declared by that.
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
        match self.imports[file].iter().find(|(_, name)| name == item) {
            Some((from, _)) => self.declaring_file(file, from),
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
        let files = paths.filter_map(|(path, _)| self.declaring_file(name, &path));
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
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

/// The rooms of `src/`, in the order of the table in ARCHITECTURE.md, from the top.
fn listed_rooms() -> Vec<String> {
    let text = std::fs::read_to_string(own_path("ARCHITECTURE.md")).unwrap();
    let table = text.lines().skip_while(|line| !line.starts_with("| room |")).skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    let names = rows.flat_map(|row| row.split('|').nth(1).unwrap().split(','));
    names.map(|name| name.trim().trim_matches('`').to_string()).collect()
}

#[test]
fn no_room_uses_one_above_it_and_all_are_listed() {
    let rooms = listed_rooms();
    let files = ProgramFiles::from_texts(program_texts());
    let room_of = |file: &str| {
        let room = module_of(file).into_iter().next()?;
        Some(rooms.iter().position(|listed| *listed == room).ok_or(room))
    };
    let mut met = Vec::new();
    for name in files.texts.keys() {
        let Some(room) = room_of(name) else { continue };
        let Ok(room) = room else {
            met.push(format!("{name}: its room is not listed"));
            continue;
        };
        for used in files.files_used_by(name) {
            if let Some(Ok(other)) = room_of(used)
                && other < room
            {
                met.push(format!("{name} uses {used}"));
            }
        }
    }
    assert!(met.is_empty(), "{}", met.join("\n"));
}
