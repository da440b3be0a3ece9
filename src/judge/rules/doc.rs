//! The words of the rules: `data/rules/<id>.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tera::{Context, Tera};

use super::example::Example;
use crate::assets::{self, Tree};
use crate::error::{Error, Result};
use crate::knowledge::Severity;
use crate::project::Switch;

/// What a rule tells its reader.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleDoc {
    /// The id in kebab-case.
    pub id: String,
    /// How severe a finding is.
    pub severity: Severity,
    /// A few words.
    pub title: String,
    /// What it looks at.
    pub looks_at: String,
    /// Why it matters.
    pub why: String,
    /// An example of the defect.
    pub example: String,
    /// What to do about it.
    pub remedy: String,
    /// The sentence of a finding: a Tera template over the parameters of the rule.
    pub message: String,
    /// Evidence in which it finds something.
    #[serde(default)]
    pub found: Vec<Example>,
    /// Evidence in which it finds nothing.
    #[serde(default)]
    pub not_found: Vec<Example>,
}

/// The words of all rules.
#[derive(Debug)]
pub struct RuleBook {
    docs: BTreeMap<String, RuleDoc>,
    messages: Tera,
    off: BTreeMap<String, String>,
}

impl RuleBook {
    /// The shipped rules with a project's own words from `data` (its `data/` folder).
    ///
    /// # Errors
    ///
    /// A file is not valid TOML, has an unknown key or a broken message template; the error
    /// names the file.
    pub fn load(data: Option<&Path>) -> Result<Self> {
        Self::of_folder(data, "rules/")
    }

    /// The rules about hand-written reports; their code is in `claims`.
    ///
    /// # Errors
    ///
    /// As for [`RuleBook::load`].
    pub fn of_reports(data: Option<&Path>) -> Result<Self> {
        Self::of_folder(data, "claims/rules/")
    }

    fn of_folder(data: Option<&Path>, folder: &str) -> Result<Self> {
        let mut docs = BTreeMap::new();
        let mut messages = Tera::new();
        messages.autoescape_on(Vec::<&str>::new());
        for (name, file) in assets::read_all(Tree::Data, data, folder, ".toml")? {
            let doc: RuleDoc = toml::from_str(&file.text)
                .map_err(|error| Error::input(format!("{}: {error}", file.origin)))?;
            if name != format!("{folder}{}.toml", doc.id) {
                return Err(Error::input(format!(
                    "{}: the id `{}` is not the name of the file",
                    file.origin, doc.id
                )));
            }
            messages
                .add_raw_template(&doc.id, doc.message.trim())
                .map_err(|error| Error::input(format!("{}: in `message`: {error}", file.origin)))?;
            docs.insert(doc.id.clone(), doc);
        }
        Ok(Self { docs, messages, off: BTreeMap::new() })
    }

    /// These books with rules switched off as a project says; `place` is where it says so.
    ///
    /// # Errors
    ///
    /// A rule is in none of the books, or is switched off without a reason.
    pub fn with_switches<const N: usize>(
        mut books: [Self; N],
        switches: &BTreeMap<String, Switch>,
        place: &str,
    ) -> Result<[Self; N]> {
        for (id, switch) in switches {
            let Some(at) = books.iter().position(|book| book.docs.contains_key(id)) else {
                let known = books.iter().flat_map(|book| book.docs.keys().map(String::as_str));
                let help = match crate::text::nearest(id, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "`isoproof explain` lists the rules".into(),
                };
                return Err(Error::input(format!("{place}: unknown rule `{id}`")).help(help));
            };
            if !switch.off {
                continue;
            }
            if switch.reason.trim().is_empty() {
                return Err(Error::input(format!(
                    "{place}: rule `{id}` is switched off without a reason"
                ))
                .help(format!(
                    "say why, reports print it: {id} = {{ off = true, reason = \"...\" }}"
                )));
            }
            books[at].off.insert(id.clone(), switch.reason.trim().to_string());
        }
        Ok(books)
    }

    /// The rules that are switched off, with the reason.
    pub fn off(&self) -> &BTreeMap<String, String> {
        &self.off
    }

    /// The words of a rule.
    pub fn get(&self, id: &str) -> Option<&RuleDoc> {
        self.docs.get(id)
    }

    /// The words of all rules, by id.
    pub fn iter(&self) -> impl Iterator<Item = &RuleDoc> {
        self.docs.values()
    }

    /// The sentence of a finding.
    ///
    /// # Errors
    ///
    /// The message template needs a parameter that is not given.
    pub fn message(&self, doc: &RuleDoc, parameters: &Value) -> Result<String> {
        let context = Context::from_serialize(parameters);
        context
            .and_then(|context| self.messages.render(&doc.id, &context))
            .map(|text| crate::text::visible(&text))
            .map_err(|error| Error::input(format!("rule `{}`: in `message`: {error}", doc.id)))
    }
}
