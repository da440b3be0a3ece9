//! What the look-ups look things up in, and how they answer.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};
use tera::{Kwargs, TeraResult, Value};

use crate::error::Result;
use crate::model::{Fact, FactId, FactSource, Target};
use crate::report::assessment::{Assessment, FoundFact};
use crate::report::renderer::Renderer;

/// What a text said to be not captured: fact, target and reason.
pub(crate) type MissingWarnings = Arc<Mutex<std::collections::BTreeSet<String>>>;

/// Chapters of which a text can quote sections.
pub trait QuotedChapters: std::fmt::Debug + Send + Sync {
    /// A chapter as Markdown with every look-up expanded; none if there is no such chapter.
    /// Errors: it cannot be rendered; the error names file, line and column.
    fn render_chapter(&self, name: &str) -> Result<Option<Cow<'_, str>>>;

    fn chapter_names(&self) -> Vec<&str>;
}

/// What the functions look things up in.
#[derive(Debug, Clone)]
pub struct LookupSources {
    pub assessment: Arc<Assessment>,
    /// How they speak.
    pub renderer: Renderer,
    pub chapters: Option<Arc<dyn QuotedChapters>>,
    /// The author's own words by section.
    pub notes: Arc<BTreeMap<String, String>>,
    /// Whether the text is the document of an edition, which speaks of one candidate; others
    /// speak of all.
    pub is_document: bool,
    /// Where missing facts are counted, if somebody wants to know.
    pub warnings: Option<MissingWarnings>,
}

/// A look-up: its name, its arguments and its code.
pub(crate) type LookupDefinition =
    (&'static str, &'static [&'static str], fn(&LookupSources, &Kwargs) -> TeraResult<Value>);

impl LookupSources {
    /// Words with a link to where they stand in the evidence.
    pub(super) fn link_words(&self, words: &str, source: &FactSource) -> Value {
        let markup = self.renderer.escape_text(words);
        safe_value(&self.renderer.link_to_source(&self.assessment, &markup, source))
    }

    pub(super) fn find_argument_fact(&self, kwargs: &Kwargs) -> TeraResult<FoundFact<'_>> {
        let id = FactId::from_text(kwargs.must_get("id")?);
        let target: &str = kwargs.must_get("target")?;
        self.assessment.find_fact(id, target).map_err(lookup_error)
    }

    pub(super) fn count_missing(&self, found: &FoundFact) {
        if let (Fact::Missing(missing), Some(warnings)) = (found.fact.as_ref(), &self.warnings) {
            let target = found.target.unwrap_or("no target");
            let line = format!(
                "{} on {target}: not captured ({})",
                found.probe.id,
                missing.reason_words()
            );
            if let Ok(mut warnings) = warnings.lock() {
                warnings.insert(crate::text::make_visible(&line));
            }
        }
    }

    pub(super) fn print_fact(&self, kwargs: &Kwargs, in_table: bool) -> TeraResult<Value> {
        let found = self.find_argument_fact(kwargs)?;
        Ok(safe_value(&self.print_found(&found, kwargs.get("field")?, in_table)?))
    }

    pub(super) fn print_found(
        &self,
        found: &FoundFact,
        field: Option<&str>,
        in_table: bool,
    ) -> TeraResult<String> {
        self.count_missing(found);
        let printed = self.renderer.render_fact(&self.assessment, found, field, in_table);
        printed.map_err(lookup_error)
    }

    /// The name of the target that an argument means, or an error if there is none.
    pub(super) fn target_argument<'a>(&'a self, kwargs: &Kwargs) -> TeraResult<&'a str> {
        let wanted: &str = kwargs.must_get("target")?;
        let target = self.assessment.resolve_target(wanted).map_err(lookup_error)?;
        target.ok_or_else(|| {
            lookup_error(format!(
                "the run has no {wanted}: ask has_target(role=\"{wanted}\") first"
            ))
        })
    }
}

pub(super) fn lookup_error(message: String) -> tera::Error {
    tera::Error::message(message)
}

pub(super) fn safe_value(markup: &str) -> Value {
    Value::safe_string(markup)
}

pub(super) fn value_map(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    entries.into_iter().map(|(key, value)| (key.into(), value)).collect::<tera::Map>().into()
}

pub(super) fn from_json(value: &Json) -> TeraResult<Value> {
    Value::try_from_serializable(value)
}

pub(super) fn describe_target(sources: &LookupSources, target: &Target) -> Json {
    json!({
        "name": target.name,
        "title": sources.assessment.reader_name(&target.name),
        "role": target.role.into_str(),
        "handler": target.handler,
        "engine": target.engine,
    })
}
