//! Templates: the engine that renders them, and errors that name the place in them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use tera::{Context, ErrorKind, Tera};

use super::escape;
use super::functions::{self, LookupSources};
use crate::assets::TextFile;
use crate::error::{Error, Result};
use crate::parse_error::{FileForm, expected_words};
use crate::text::suggest_or;

/// Renders templates in one form.
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
                plain_report(report.message())
            ))
        }
        ErrorKind::MissingParent { current, parent } => {
            let help = suggest_template(parent, origins);
            let origin = origins.get(current).unwrap_or(current);
            Error::unusable_input(format!("{origin}: it extends `{parent}`, which does not exist"))
                .with_help(help)
        }
        _ => {
            let mut message = error.to_string();
            let mut cause = std::error::Error::source(error);
            while let Some(error) = cause {
                message.push_str(&format!(": {error}"));
                cause = error.source();
            }
            explain_reports(&message, origins)
                .unwrap_or_else(|| Error::unusable_input(format!("templates: {message}")))
        }
    }
}

/// A message of Tera without the types of Rust.
fn plain_report(message: &str) -> Cow<'_, str> {
    let mismatch = message
        .strip_prefix("Invalid type for the value, expected `")
        .and_then(|rest| rest.strip_suffix('`')?.split_once("` but got `"));
    if let Some((value, kind)) =
        message.strip_prefix("Value `").and_then(|rest| rest.split_once("` is out of range for `"))
    {
        let expected = expected_words(kind.trim_end_matches('`'), FileForm::Toml);
        return format!("expected {expected}, found {value}").into();
    }
    match mismatch {
        Some((expected, found)) => {
            let [expected, found] =
                [expected, found].map(|kind| expected_words(kind, FileForm::Toml));
            format!("expected {expected}, found {found}").into()
        }
        None => message.into(),
    }
}

/// What Tera says of names that it does not know, which is a text of one report for each: the same
/// with the files that they stand in, and with the name that the first was meant to be.
fn explain_reports(text: &str, origins: &BTreeMap<String, String>) -> Option<Error> {
    let mut told = Vec::new();
    let mut help = None;
    for report in text.strip_prefix("error: ")?.split("\n\nerror: ") {
        let (words, rest) = report.split_once('\n')?;
        let place = rest.lines().next()?.trim_start().strip_prefix("--> ")?;
        let (before, column) = place.rsplit_once(':')?;
        let (name, line) = before.rsplit_once(':')?;
        let origin = origins.get(name).map_or(name, String::as_str);
        let words = words.replacen("Unknown", "unknown", 1);
        help = help.or_else(|| suggest_name(&words, origins));
        told.push(format!("{origin}:{line}:{column}: {words}\n{rest}"));
    }
    let error = Error::unusable_input(told.join("\n\n"));
    Some(match help {
        Some(help) => error.with_help(help),
        None => error,
    })
}

/// What to do about a name of which Tera says ``unknown filter `x` ``.
fn suggest_name(words: &str, origins: &BTreeMap<String, String>) -> Option<String> {
    let (kind, rest) = words.strip_prefix("unknown ")?.split_once(" `")?;
    let name = rest.strip_suffix('`')?;
    match kind {
        "function" => Some(suggest_or(
            name,
            functions::lookup_names(),
            "the guide lists the look-ups: docs/guide/site/write.md",
        )),
        "filter" => Some(suggest_or(
            name,
            FILTERS.split(' '),
            "the guide of Tera lists the filters: https://keats.github.io/tera/",
        )),
        "template" => Some(suggest_template(name, origins)),
        _ => None,
    }
}

fn suggest_template(name: &str, origins: &BTreeMap<String, String>) -> String {
    let known = origins.keys().map(String::as_str);
    suggest_or(name, known, "name it by its path below the folder of its kind")
}

/// The filters of Tera that texts are likely to use, and ours: Tera does not tell them.
const FILTERS: &str = "abs capitalize code default escape first float get int join last length \
    lower nth pluralize prose replace reverse round safe sort split str title trim truncate unique \
    upper";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_that_are_suggested_exist() {
        let mut tera = Tera::new();
        functions::register_lookups(&mut tera);
        for name in FILTERS.split(' ') {
            tera.add_raw_template("t.md", &format!("{{{{ x | {name} }}}}")).unwrap();
        }
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_told_without_types_of_rust() {
        let message = "Invalid type for the value, expected `&str` but got `i64`";
        assert_eq!(plain_report(message), "expected a text in quotes, found a whole number");
        let message = "Value `-5` is out of range for `usize`";
        assert_eq!(plain_report(message), "expected a whole number of 0 or more, found -5");
        assert_eq!(plain_report("Variable `x` is not defined."), "Variable `x` is not defined.");
    }

    #[test]
    fn an_unknown_name_has_its_file_and_what_was_meant() {
        let origins = ["a.md", "b.md"].map(|name| (name.to_string(), format!("/site/{name}")));
        let origins = BTreeMap::from(origins);
        for (text, place, meant) in [
            ("\n{{ fcat(id=1) }}", "/site/a.md:2:4: unknown function `fcat`\n", "`fact`"),
            ("{{ x | uper }}", "/site/a.md:1:8: unknown filter `uper`\n", "`upper`"),
            ("{% include \"bb.md\" %}", "/site/a.md:1:12: unknown template `bb.md`\n", "`b.md`"),
            ("{% extends \"bb.md\" %}", "/site/a.md: it extends `bb.md`", "`b.md`"),
        ] {
            let mut tera = Tera::new();
            functions::register_lookups(&mut tera);
            let error = tera.add_raw_templates([("a.md", text), ("b.md", "")]).unwrap_err();
            let error = explain_tera_error(&error, &origins);
            assert!(error.message.starts_with(place), "{error}");
            assert_eq!(error.help, Some(format!("did you mean {meant}?")));
        }
    }
}
