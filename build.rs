//! Tells the program which commit it was built from, where that can be told, puts what ships into it,
//! and makes types of the ids and parameters in `data/`: what is misspelt or missing in the code does
//! not compile.

#[path = "src/judge/rules/message_names.rs"]
mod message_names;

#[path = "src/git/variables.rs"]
mod git_variables;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use sha2::{Digest, Sha256};

fn main() {
    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    println!("cargo:rerun-if-changed=build.rs");
    tell_commit(&root);
    let data = Path::new(&root).join("data");
    let mut shipped = shipped_files("SHIPPED_DATA", &data, ".toml");
    for (variable, folder, suffix) in
        [("SHIPPED_TEMPLATES", "templates", ""), ("SHIPPED_CHAPTERS", "site", ".md")]
    {
        // New files count, too.
        println!("cargo:rerun-if-changed={folder}");
        shipped += &shipped_files(variable, &Path::new(&root).join(folder), suffix);
    }
    write_generated("shipped_files.rs", &shipped);
    write_generated("fact_ids.rs", &fact_constants(&data.join("catalogue")));
    write_generated("phrases.rs", &phrase_structs(&data.join("phrases.toml")));
    write_generated("lab12_reading.rs", &word_lists(&data.join("lab12/reading.toml")));
    write_generated("privacy_words.rs", &word_lists(&data.join("privacy/words.toml")));
    write_generated("privacy_patterns.rs", &pattern_table(&data.join("privacy/patterns.toml")));
    for folder in ["rules", "fleet/rules", "lab12/rules", "lab12/claims/rules"] {
        let name = format!("{}.rs", folder.replace('/', "_"));
        write_generated(&name, &message_structs(&data.join(folder)));
    }
}

/// Writes a file for `include!`.
fn write_generated(name: &str, text: &str) {
    let path = Path::new(&std::env::var("OUT_DIR").unwrap_or_default()).join(name);
    std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// The files of a folder and below it that ship, by their names, as the value of a static: their
/// texts or, where they are data, the same as JSON, which is read in a fraction of the time, and the
/// SHA-256 of the text.
fn shipped_files(variable: &str, root: &Path, suffix: &str) -> String {
    let mut files = BTreeMap::new();
    add_files(root, "", &mut files);
    files.retain(|name, _| name.ends_with(suffix) && !name.starts_with("notes/"));
    let mut out = format!("static {variable}: &[ShippedFile] = &[\n");
    for (name, path) in files {
        println!("cargo:rerun-if-changed={}", path.display());
        let mut text = format!("include_str!({:?})", path.display().to_string());
        let mut digest = None;
        if suffix == ".toml" {
            let toml = std::fs::read_to_string(&path).unwrap_or_default();
            let value = toml::from_str::<serde_json::Value>(&toml);
            let value = value.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            text = format!("{:?}", value.to_string());
            digest = Some(<[u8; 32]>::from(Sha256::digest(&toml)));
        }
        let _ = writeln!(
            out,
            "ShippedFile {{ name: {name:?}, text: {text}, toml_digest: {digest:?} }},"
        );
    }
    out + "];\n"
}

fn add_files(folder: &Path, below: &str, files: &mut BTreeMap<String, PathBuf>) {
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            add_files(&path, &format!("{below}{name}/"), files);
        } else if !name.starts_with('.') {
            files.insert(format!("{below}{name}"), path);
        }
    }
}

/// The files of a folder, parsed, by their paths in order.
fn read_folder<T: for<'a> Deserialize<'a>>(folder: &Path) -> BTreeMap<PathBuf, T> {
    println!("cargo:rerun-if-changed={}", folder.display());
    let entries = std::fs::read_dir(folder);
    let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files = BTreeMap::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|ending| ending == "toml") {
            let text = std::fs::read_to_string(&path).map_err(|error| error.to_string());
            let parsed = text.and_then(|text| toml::from_str(&text).map_err(|e| e.to_string()));
            let parsed = parsed.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            files.insert(path, parsed);
        }
    }
    files
}

#[derive(Deserialize)]
struct CatalogueFile {
    probe: Vec<ProbeEntry>,
}

#[derive(Deserialize)]
struct ProbeEntry {
    id: String,
    title: String,
}

/// A constant for each probe of the catalogue.
fn fact_constants(folder: &Path) -> String {
    let mut out = String::new();
    let files: BTreeMap<_, CatalogueFile> = read_folder(folder);
    for ProbeEntry { id, title } in files.into_values().flat_map(|file| file.probe) {
        let name = id.replace('.', "_").to_uppercase();
        let _ = writeln!(out, "/// {title}.\npub(crate) const {name}: FactId = FactId({id:?});");
    }
    out
}

#[derive(Deserialize)]
struct RuleFile {
    id: String,
    message: String,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
}

/// A type for the message of each rule, with its parameters as fields.
fn message_structs(folder: &Path) -> String {
    let mut out = String::new();
    for (path, RuleFile { id, message, parameters }) in read_folder::<RuleFile>(folder) {
        for name in message_names::looked_up_names(&message) {
            let is_known = parameters.contains_key(name);
            assert!(is_known, "{}: the message has no parameter `{name}`", path.display());
        }
        let mut fields = String::new();
        for (name, kind) in &parameters {
            let (kind, is_optional) =
                kind.strip_suffix('?').map_or((kind.as_str(), false), |kind| (kind, true));
            let field = match kind {
                "str" => "&'a str",
                "json" => "serde_json::Value",
                number => number,
            };
            let field = if is_optional { format!("Option<{field}>") } else { field.to_string() };
            let _ = write!(fields, "pub {name}: {field}, ");
        }
        let (given, anonymous) = if fields.contains("'a") { ("<'a>", "<'_>") } else { ("", "") };
        let name = camel_case(&id);
        let _ = writeln!(
            out,
            "/// The message of the rule `{id}`.\n#[derive(Debug, serde::Serialize)]\n\
             pub(crate) struct {name}{given} {{ {fields}}}\n\
             impl crate::judge::RuleMessage for {name}{anonymous} {{ \
             const RULE: crate::model::RuleId<'static> = crate::model::RuleId::from_text({id:?}); }}"
        );
    }
    out
}

/// The lists of words of a file, in a module for each of its tables.
fn word_lists(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let tables = toml::from_str::<BTreeMap<String, BTreeMap<String, serde_json::Value>>>(&text);
    let tables = tables.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut out = String::new();
    for (table, lists) in tables {
        let _ = writeln!(out, "pub(super) mod {table} {{");
        for (name, words) in lists {
            let (kind, prefix) = if words.is_array() { ("&[&str]", "&") } else { ("&str", "") };
            let name = name.to_uppercase();
            let _ = writeln!(out, "pub(crate) const {name}: {kind} = {prefix}{words};");
        }
        out += "}\n";
    }
    out
}

#[derive(Deserialize)]
struct PatternFile {
    pattern: Vec<PatternEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PatternEntry {
    reach: Option<String>,
    words: Vec<String>,
    form: String,
}

/// The patterns of a file as the value of a table.
fn pattern_table(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let file = toml::from_str::<PatternFile>(&text);
    let file = file.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut out = "&[\n".to_string();
    for PatternEntry { reach, words, form } in file.pattern {
        let reach = camel_case(reach.as_deref().unwrap_or("line"));
        let _ = writeln!(out, "(PatternReach::{reach}, &{words:?}, {form:?}),");
    }
    out + "]"
}

/// A type for the phrases of a file, and one for those of each of its tables, in which a further
/// table is a map.
fn phrase_structs(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let file = toml::from_str::<toml::Table>(&text);
    let file = file.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut out = String::new();
    let mut own_fields = String::new();
    for (key, value) in &file {
        let name = camel_case(key.trim_end_matches('s')) + "Phrases";
        let kind = if value.is_table() { &name } else { "String" };
        own_fields += &phrase_field(key, kind, value);
        if let Some(table) = value.as_table() {
            let mut fields = String::new();
            for (key, value) in table {
                let map = "std::collections::BTreeMap<String, String>";
                fields += &phrase_field(key, if value.is_table() { map } else { "String" }, value);
            }
            out += &phrase_struct(&name, &fields);
        }
    }
    out + &phrase_struct("ReportPhrases", &own_fields)
}

fn phrase_struct(name: &str, fields: &str) -> String {
    format!(
        "/// Phrases of `data/phrases.toml`.\n\
         #[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]\n\
         #[serde(deny_unknown_fields, rename_all = \"kebab-case\")]\n\
         pub struct {name} {{\n{fields}}}\n"
    )
}

fn phrase_field(key: &str, kind: &str, value: &toml::Value) -> String {
    let doc = value.as_str().unwrap_or("A table of them.");
    format!("#[doc = {doc:?}]\npub {}: {kind},\n", key.replace('-', "_"))
}

/// `health-not-ok` as `HealthNotOk`.
fn camel_case(id: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    id.split('-').map(capital).collect()
}

fn tell_commit(root: &str) {
    // Without git, or outside of a repository, the commit is empty.
    let commit = git(root, &["rev-parse", "HEAD"]).filter(|_| is_own(root));
    let commit = commit.unwrap_or_default();
    println!("cargo:rustc-env=ISOPROOF_COMMIT={commit}");
    let long = match commit.get(..12) {
        Some(short) => format!("{} (commit {short})", env!("CARGO_PKG_VERSION")),
        None => env!("CARGO_PKG_VERSION").to_string(),
    };
    println!("cargo:rustc-env=ISOPROOF_VERSION={long}");
    // The commit changes with HEAD and with the branch that it names.
    for file in ["HEAD", "logs/HEAD"] {
        if let Some(path) = git(root, &["rev-parse", "--git-path", file]) {
            let path = Path::new(root).join(path);
            if path.exists() {
                println!("cargo:rerun-if-changed={}", path.display());
            }
        }
    }
}

/// Whether the repository is the program's own and not one that it was unpacked into.
fn is_own(root: &str) -> bool {
    git(root, &["ls-files", "--error-unmatch", "build.rs"]).is_some()
}

fn git(root: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    // A hook that builds the program may be another repository's.
    for variable in git_variables::HOOK_VARIABLES {
        command.env_remove(variable);
    }
    let output = command.arg("-C").arg(root).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_string())
}
