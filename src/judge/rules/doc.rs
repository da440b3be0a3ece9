//! The words of the rules: `data/rules/<id>.toml`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tera::Tera;

use super::RuleCheck;
use super::example::RuleExample;
use super::message_names::looked_up_names;
use crate::assets::{self, AssetTree, TextFile};
use crate::error::{Error, Result};
use crate::judge::template::fill_template;
use crate::knowledge::Severity;
use crate::project::RuleSwitch;
use crate::text::suggest_or;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleDoc {
    /// The id in kebab-case.
    pub id: String,
    pub severity: Severity,
    /// A few words.
    pub title: String,
    pub looks_at: String,
    pub why: String,
    pub example: String,
    pub remedy: String,
    /// The sentence of a finding: a Tera template over the parameters of the rule.
    pub message: String,
    /// The parameters that its code gives to the message, and their types.
    #[serde(default, skip_serializing)]
    pub parameters: BTreeMap<String, String>,
    /// The facts that a finding speaks against, where that is not the first that it rests on; `*`
    /// is all of these.
    #[serde(default, skip_serializing)]
    pub doubts: Option<Vec<String>>,
    #[serde(default)]
    pub found: Vec<RuleExample>,
    #[serde(default)]
    pub not_found: Vec<RuleExample>,
}

/// The words of all rules. Those that ship are read when they are asked for: few rules have
/// something to say about a run, and their examples are long.
#[derive(Debug, Clone, Default)]
pub struct RuleBook {
    docs: BTreeMap<String, RuleEntry>,
    pack_checks: &'static [RuleCheck],
    off: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
struct RuleEntry {
    file: TextFile,
    doc: OnceLock<Option<RuleDoc>>,
}

impl RuleEntry {
    /// The words of the file `name` of the rule `id`. A project's own are read at once, to find
    /// their errors; what ships has none.
    fn new(name: &str, id: &str, file: TextFile) -> Result<Self> {
        let doc = OnceLock::new();
        if !file.is_shipped {
            let Ok(shipped) = assets::load_data(None, name) else {
                return Err(unknown_rule_error(name, id, &file));
            };
            let _ = doc.set(Some(read_own_file(id, &file, &shipped)?));
        }
        Ok(Self { file, doc })
    }

    fn rule_words(&self) -> Option<&RuleDoc> {
        self.doc.get_or_init(|| self.file.parse_toml().ok()).as_ref()
    }
}

/// What to say of a project's file whose name is that of no rule.
fn unknown_rule_error(name: &str, id: &str, file: &TextFile) -> Error {
    let folder = name.strip_suffix(&format!("{id}.toml")).unwrap_or_default();
    let known = assets::shipped_names(AssetTree::Data)
        .filter_map(|name| name.strip_prefix(folder)?.strip_suffix(".toml"));
    file.name_error(format!("there is no rule `{id}`")).with_help(suggest_or(
        id,
        known,
        "a project can say a rule in its own words; `isoproof explain` lists them",
    ))
}

/// Reads a project's file in place of the shipped words and looks for what can be wrong in it.
fn read_own_file(id: &str, file: &TextFile, shipped: &RuleDoc) -> Result<RuleDoc> {
    let mut doc: RuleDoc = file.parse_toml()?;
    doc.doubts = shipped.doubts.clone();
    if doc.id != id {
        let what = format!("the id `{}` is not the name of the file", doc.id);
        return Err(file.name_error(what));
    }
    let parsed = Tera::new().add_raw_template(id, doc.message.trim());
    parsed.map_err(|error| file.name_error(format!("in `message`: {error}")))?;
    let mut names = looked_up_names(&doc.message).into_iter();
    if let Some(name) = names.find(|name| !shipped.parameters.contains_key(*name)) {
        let known: Vec<&str> = shipped.parameters.keys().map(String::as_str).collect();
        return Err(file
            .name_error(format!("in `message`: the rule has no parameter `{name}`"))
            .with_help(format!("its parameters are: {}", known.join(", "))));
    }
    Ok(doc)
}

impl RuleBook {
    /// The shipped rules with a project's own words from `data` (its `data/` folder).
    ///
    /// # Errors
    ///
    /// A file is not valid TOML, has an unknown key or a broken message template, names a parameter
    /// or is of a rule that does not exist; the error names the file.
    pub fn load(data: Option<&Path>) -> Result<Self> {
        Self::of_folder(data, "rules/")
    }

    pub(crate) fn of_fleets(data: Option<&Path>) -> Result<Self> {
        Self::of_folder(data, "fleet/rules/")
    }

    /// These rules and those of a pack, whose words are in `rules/` of its folder.
    pub(crate) fn with_pack(
        mut self,
        pack: &str,
        checks: &'static [RuleCheck],
        data: Option<&Path>,
    ) -> Result<Self> {
        self.pack_checks = checks;
        Ok(self.with_words(Self::of_folder(data, &format!("{pack}/rules/"))?))
    }

    pub(crate) fn with_words(mut self, others: Self) -> Self {
        self.docs.extend(others.docs);
        self
    }

    pub(super) fn pack_checks(&self) -> &'static [RuleCheck] {
        self.pack_checks
    }

    /// The rules whose words are in a folder of `data/`.
    ///
    /// # Errors
    ///
    /// As for [`RuleBook::load`].
    pub fn of_folder(data: Option<&Path>, folder: &str) -> Result<Self> {
        let mut docs = BTreeMap::new();
        for (name, file) in assets::read_all(AssetTree::Data, data, folder, ".toml")? {
            let id = name[folder.len()..].trim_end_matches(".toml").to_string();
            let entry = RuleEntry::new(&name, &id, file)?;
            docs.insert(id, entry);
        }
        Ok(Self { docs, ..Self::default() })
    }

    /// These books with rules switched off as a project says; `place` is where it says so.
    ///
    /// # Errors
    ///
    /// A rule is in none of the books, or is switched off without a reason.
    pub fn with_switches<const N: usize>(
        mut books: [Self; N],
        switches: &BTreeMap<String, RuleSwitch>,
        place: &str,
    ) -> Result<[Self; N]> {
        for (id, switch) in switches {
            let Some(at) = books.iter().position(|book| book.docs.contains_key(id)) else {
                let known = books.iter().flat_map(|book| book.docs.keys().map(String::as_str));
                let help = suggest_or(id, known, "`isoproof explain` lists the rules");
                return Err(
                    Error::unusable_input(format!("{place}: unknown rule `{id}`")).with_help(help)
                );
            };
            if !switch.off {
                continue;
            }
            if switch.reason.trim().is_empty() {
                return Err(Error::unusable_input(format!(
                    "{place}: rule `{id}` is switched off without a reason"
                ))
                .with_help(format!(
                    "say why, reports print it: {id} = {{ off = true, reason = \"...\" }}"
                )));
            }
            books[at].off.insert(id.clone(), switch.reason.trim().to_string());
        }
        Ok(books)
    }

    pub fn switched_off_rules(&self) -> &BTreeMap<String, String> {
        &self.off
    }

    pub fn find_rule(&self, id: &str) -> Option<&RuleDoc> {
        self.docs.get(id)?.rule_words()
    }

    pub fn rule_ids(&self) -> impl Iterator<Item = &str> {
        self.docs.keys().map(String::as_str)
    }

    pub fn iter_rules(&self) -> impl Iterator<Item = &RuleDoc> {
        self.docs.values().filter_map(RuleEntry::rule_words)
    }

    /// The sentence of a finding.
    ///
    /// # Errors
    ///
    /// The message template needs a parameter that is not given.
    pub fn render_message(&self, doc: &RuleDoc, parameters: &Value) -> Result<String> {
        fill_template(&doc.message, parameters).map_err(|error| {
            Error::unusable_input(format!("rule `{}`: in `message`: {error}", doc.id))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error of a project that says a rule in these words.
    fn refuse_words(id: &str, message: &str) -> Error {
        let own = tempfile::tempdir().unwrap();
        std::fs::create_dir(own.path().join("rules")).unwrap();
        let words =
            ["title", "looks_at", "why", "example", "remedy"].map(|key| format!("{key} = \"x\"\n"));
        let text = format!("id = {id:?}\nseverity = \"note\"\nmessage = {message:?}\n");
        std::fs::write(own.path().join(format!("rules/{id}.toml")), text + &words.concat())
            .unwrap();
        RuleBook::load(Some(own.path())).unwrap_err()
    }

    #[test]
    fn words_of_a_project_name_rules_and_parameters_that_there_are() {
        let error = refuse_words("health-not-ok", "{{ target }}: {{ staus }}");
        assert!(
            error.message.ends_with("in `message`: the rule has no parameter `staus`"),
            "{error}"
        );
        assert_eq!(error.help.as_deref(), Some("its parameters are: status, target"));
        let error = refuse_words("health-not-okay", "x");
        assert!(error.message.ends_with("there is no rule `health-not-okay`"), "{error}");
    }
}
