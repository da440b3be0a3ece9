//! Templates: the engine that renders them, and errors that name the place in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use tera::{Context, ErrorKind, Tera};

use super::escape;
use super::functions::{self, LookupSources};
use crate::assets::TextFile;
use crate::error::{Error, Result};

/// Renders templates in one voice.
pub struct TemplateEngine {
    tera: Arc<Tera>,
    origins: Arc<BTreeMap<String, String>>,
    sources: Arc<LookupSources>,
}

impl TemplateEngine {
    /// An engine for these templates, by name, with the look-ups of `sources`.
    ///
    /// # Errors
    ///
    /// A template cannot be parsed; the error names file, line and column.
    pub fn new(templates: &BTreeMap<String, TextFile>, sources: &LookupSources) -> Result<Self> {
        let origins = templates.iter().map(|(name, file)| (name.clone(), file.origin.clone()));
        let origins = Arc::new(origins.collect());
        let mut tera = Tera::new();
        // What is printed is escaped unless a function escaped it; the suffix decides nothing.
        tera.autoescape_on([".html", ".md", ".svg", ".xml"]);
        functions::register_lookups(&mut tera);
        // Names first, so that an error can be told by its origin; then all at once, because
        // templates extend and include each other.
        let all = templates.iter().map(|(name, file)| (name.as_str(), &*file.text));
        tera.add_raw_templates(all).map_err(|error| explain_tera_error(&error, &origins))?;
        Ok(Self { tera: Arc::new(tera), origins, sources: Arc::new(sources.clone()) })
    }

    /// The same templates with other look-ups: nothing is parsed or copied.
    #[must_use]
    pub fn with_sources(&self, sources: &LookupSources) -> Self {
        Self {
            tera: Arc::clone(&self.tera),
            origins: Arc::clone(&self.origins),
            sources: Arc::new(sources.clone()),
        }
    }

    /// The look-ups.
    pub(crate) fn lookup_sources(&self) -> &LookupSources {
        &self.sources
    }

    /// Renders a template.
    ///
    /// # Errors
    ///
    /// A look-up or the template fails; the error names file, line and column.
    pub fn render_template(&self, name: &str, context: &Context) -> Result<String> {
        functions::render_with(&self.sources, || self.tera.render(name, context))
            .map_err(|error| explain_tera_error(&error, &self.origins))
    }

    /// Whether there is a template of this name.
    pub fn has_template(&self, name: &str) -> bool {
        self.origins.contains_key(name)
    }
}

/// Renders a template of Markdown that looks nothing up.
///
/// # Errors
///
/// The template cannot be parsed or fails; the error names file, line and column.
pub(crate) fn render_markdown(name: &str, file: &TextFile, context: &Context) -> Result<String> {
    let origins = BTreeMap::from([(name.to_string(), file.origin.clone())]);
    let mut tera = Tera::new();
    tera.autoescape_on([".md"]);
    tera.set_escape_fn(escape::write_markdown);
    tera.register_filter("code", |text: String, _: tera::Kwargs, _: &tera::State| {
        tera::Value::safe_string(&escape::code_span(&text, true))
    });
    tera.add_raw_template(name, &file.text)
        .and_then(|()| tera.render(name, context))
        .map_err(|error| explain_tera_error(&error, &origins))
}

/// Tera's error as ours: place, message and the line it stands in.
fn explain_tera_error(error: &tera::Error, origins: &BTreeMap<String, String>) -> Error {
    match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
            let span = report.span();
            let name = report.filename();
            let origin = origins.get(name).map_or(name, String::as_str);
            let (line, column) = (span.start_line, span.start_col + 1);
            let full = error.to_string();
            // Tera's own report begins with the message and goes on with the excerpt.
            let excerpt: String = full.lines().skip(1).map(|line| format!("\n{line}")).collect();
            Error::unusable_input(format!(
                "{origin}:{line}:{column}: {}{excerpt}",
                report.message()
            ))
        }
        _ => {
            let mut message = error.to_string();
            let mut cause = std::error::Error::source(error);
            while let Some(error) = cause {
                message.push_str(&format!(": {error}"));
                cause = error.source();
            }
            Error::unusable_input(format!("templates: {message}"))
        }
    }
}
