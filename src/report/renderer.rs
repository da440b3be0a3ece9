//! How a look-up speaks: in Markdown or in HTML, with links to the evidence or without.

use std::ops::Range;
use std::sync::Arc;

use super::assessment::{Assessment, FoundFact, SourcePlace};
use super::escape;
use super::fact_links::FactLinks;
use super::file_links::FileLinks;
use super::number;
use crate::model::{Fact, FactSource, MissingFact, SampleUnit, Samples};
use crate::phrases::fill_phrase;
use crate::text::{shorten_line, suggest_or_list};

/// Where links to the evidence lead.
#[derive(Debug, Clone)]
pub enum EvidenceLinks {
    /// Nowhere: the text stands alone, with its evidence next to it.
    None,
    /// To the pages of the site, from a page whose way to the root is this (`""`, `"../"`).
    Site(String),
    /// The same from a text that becomes part of such a page: what its links show is kept apart.
    Chapter(String, Arc<FactLinks>),
    /// To the chapter of the run in a book that mdBook makes, from a chapter whose way to the
    /// root is this; nowhere if the book has no such chapter. Braces that mdBook would take for
    /// its own are escaped.
    Book(Option<String>),
    /// To the files that the evidence lies in, from a document that is read without the site.
    Files(Arc<FileLinks>),
}

/// How a look-up speaks.
#[derive(Debug, Clone)]
pub enum Renderer {
    /// Markdown.
    Markdown(EvidenceLinks),
    /// HTML.
    Html(EvidenceLinks),
}

impl Renderer {
    fn evidence_links(&self) -> &EvidenceLinks {
        match self {
            Self::Markdown(links) | Self::Html(links) => links,
        }
    }

    /// Escapes one line of text.
    pub fn escape_text(&self, text: &str) -> String {
        match self {
            Self::Markdown(_) => escape::escape_markdown(text),
            Self::Html(_) => escape::escape_html(text),
        }
    }

    /// One line of output of a machine.
    pub fn render_code(&self, text: &str, in_table: bool) -> String {
        match self {
            Self::Markdown(EvidenceLinks::Book(_)) if text.contains("{{") => {
                escape::code_element(text)
            }
            Self::Markdown(_) => escape::code_span(text, in_table),
            Self::Html(_) => ["<code>", &escape::escape_html(text), "</code>"].concat(),
        }
    }

    /// Lines of output of a machine as a block of Markdown.
    pub fn render_lines(&self, lines: &[String]) -> String {
        match self.evidence_links() {
            EvidenceLinks::Book(_) if lines.iter().any(|line| line.contains("{{")) => {
                escape::pre_element(lines)
            }
            _ => escape::fenced_block("text", lines),
        }
    }

    fn mark_missing(&self, text: &str) -> String {
        match self {
            Self::Markdown(_) => format!("*{}*", escape::escape_markdown(text)),
            Self::Html(_) => format!("<em class=\"missing\">{}</em>", escape::escape_html(text)),
        }
    }

    /// Marked-up text with a link to a place in the evidence, if this form links.
    pub fn link_to_source(
        &self,
        assessment: &Assessment,
        markup: &str,
        source: &FactSource,
    ) -> String {
        let place = assessment.locate_source(source);
        let Some(url) = self.place_url(assessment, source, place) else {
            return markup.to_string();
        };
        let line = place.and_then(|place| place.line);
        let line = line.filter(|_| assessment.is_as_written(&source.capture));
        match (self, self.evidence_links()) {
            (Self::Markdown(_), EvidenceLinks::Chapter(_, links)) => {
                let line = line.map(|line| shorten_line(line, 160)).unwrap_or_default();
                links.hold_link(markup, url, describe_place(source), line)
            }
            (Self::Markdown(_), EvidenceLinks::Files(_)) => format!("[{markup}]({url})"),
            (Self::Markdown(_), _) => {
                let title = escape::escape_markdown(&describe_place(source)).replace('"', "&quot;");
                format!("[{markup}]({url} \"{title}\")")
            }
            (Self::Html(_), _) => {
                let line = line.map(|line| shorten_line(line, 160)).unwrap_or_default();
                let mut link = String::with_capacity(128 + url.len() + line.len() + markup.len());
                push_fact_link(&url, &describe_place(source), &line, &mut link);
                link + markup + "</a>"
            }
        }
    }

    /// The link to a place in the evidence.
    pub fn source_url(&self, assessment: &Assessment, source: &FactSource) -> Option<String> {
        self.place_url(assessment, source, assessment.locate_source(source))
    }

    /// [`Renderer::source_url`] of a place that was looked for.
    fn place_url(
        &self,
        assessment: &Assessment,
        source: &FactSource,
        place: Option<SourcePlace>,
    ) -> Option<String> {
        // An empty file has no first line, and an edited run file may name any.
        let line = source.line.filter(|_| place.is_some_and(|place| place.line.is_some()));
        let (root, suffix) = match (self, self.evidence_links()) {
            (_, EvidenceLinks::Files(files)) => return files.source_url(&source.capture, line),
            (_, EvidenceLinks::None | EvidenceLinks::Book(None)) => return None,
            // In Markdown it names the chapter, and each renderer makes its own address of that.
            (Self::Markdown(_), EvidenceLinks::Book(Some(root))) => (root, "md"),
            (
                _,
                EvidenceLinks::Site(root)
                | EvidenceLinks::Chapter(root, _)
                | EvidenceLinks::Book(Some(root)),
            ) => (root, "html"),
        };
        let SourcePlace { page, anchor, .. } = place?;
        let mut url = match self.evidence_links() {
            EvidenceLinks::Site(_) | EvidenceLinks::Chapter(..) => {
                [root, page, ".", suffix, "#", anchor].concat()
            }
            _ => [root, "runs/", &assessment.run.id, ".", suffix, "#", anchor].concat(),
        };
        if let Some(line) = line {
            url.push_str("-L");
            url.push_str(&line.to_string());
        }
        Some(url)
    }

    /// A looked-up fact, printed; in a table's cell a series by its median.
    ///
    /// # Errors
    ///
    /// The fact is a series, which has no single value, or an object without the field.
    pub fn render_fact(
        &self,
        assessment: &Assessment,
        found: &FoundFact,
        field: Option<&str>,
        in_table: bool,
    ) -> Result<String, String> {
        let id = &found.probe.id;
        match found.fact.as_ref() {
            Fact::Missing(missing) => Ok(self.render_missing(assessment, missing)),
            Fact::Series(samples) if in_table => {
                let median = self.render_figure(assessment, found, "median")?;
                let count = samples.values.len().to_string();
                let words = &assessment.project_data.phrases.median_of;
                Ok(fill_phrase(words, &[("median", &median), ("count", &count)]))
            }
            Fact::Series(_) => {
                Err(format!("`{id}` is a series: use stat(id=\"{id}\", of=\"median\", …)"))
            }
            Fact::Value { value, source } => {
                let value = match field {
                    None => value,
                    Some(field) => {
                        value.get(field).ok_or_else(|| format!("`{id}` has no field `{field}`"))?
                    }
                };
                Ok(self.link_to_source(assessment, &self.render_value(value, in_table), source))
            }
        }
    }

    /// A figure of a series, printed.
    ///
    /// # Errors
    ///
    /// The fact is no series, or the figure is unknown.
    pub fn render_figure(
        &self,
        assessment: &Assessment,
        found: &FoundFact,
        of: &str,
    ) -> Result<String, String> {
        let samples = match found.fact.as_ref() {
            Fact::Missing(missing) => return Ok(self.render_missing(assessment, missing)),
            Fact::Value { .. } => {
                return Err(format!("`{}` is no series: use fact(…)", found.probe.id));
            }
            Fact::Series(samples) => samples,
        };
        let figure = SeriesFigure::from_samples(samples, of)?.map(SeriesFigure::format_figure);
        let figure = figure.unwrap_or_else(|| assessment.project_data.phrases.no_sample.clone());
        Ok(self.link_to_source(assessment, &self.escape_text(&figure), &samples.source))
    }

    /// *not captured*, with the reason.
    pub fn render_missing(&self, assessment: &Assessment, missing: &MissingFact) -> String {
        let mark = self.mark_missing(&assessment.project_data.phrases.not_captured);
        let mark = match &missing.source {
            Some(source) => self.link_to_source(assessment, &mark, source),
            None => mark,
        };
        mark + " " + &self.escape_text(&format!("({})", missing.reason_words()))
    }

    fn render_value(&self, value: &serde_json::Value, in_table: bool) -> String {
        use serde_json::Value;
        match value {
            Value::String(text) => self.render_code(text, in_table),
            Value::Bool(yes) => (if *yes { "yes" } else { "no" }).into(),
            Value::Number(number) => number.to_string(),
            Value::Null => "none".into(),
            Value::Array(items) if items.is_empty() => "none".into(),
            Value::Array(items) => {
                let items: Vec<String> =
                    items.iter().map(|item| self.render_value(item, in_table)).collect();
                items.join(", ")
            }
            Value::Object(fields) => self.render_object(fields, in_table),
        }
    }

    /// An interface by name and addresses; any other object by its fields.
    fn render_object(
        &self,
        fields: &serde_json::Map<String, serde_json::Value>,
        in_table: bool,
    ) -> String {
        use serde_json::Value;
        if let Some(Value::String(name)) = fields.get("name") {
            let addresses = ["ipv4", "ipv6"]
                .iter()
                .filter_map(|family| fields.get(*family)?.as_array())
                .flatten()
                .filter_map(Value::as_str);
            let mut out = self.render_code(name, in_table);
            for address in addresses {
                out.push(' ');
                out.push_str(&self.render_code(address, in_table));
            }
            return out;
        }
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| {
                format!("{} {}", self.escape_text(name), self.render_value(value, in_table))
            })
            .collect();
        fields.join(", ")
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SeriesFigure {
    /// The number: a count, or in the unit of the series.
    pub value: f64,
    /// The unit; none for a count.
    unit: Option<SampleUnit>,
}

impl SeriesFigure {
    /// The figure of this name; none of an empty series.
    pub(super) fn from_samples(samples: &Samples, name: &str) -> Result<Option<Self>, String> {
        #[allow(clippy::cast_precision_loss, reason = "no series has 2^52 samples")]
        if name == "n" {
            return Ok(Some(Self { value: samples.values.len() as f64, unit: None }));
        }
        let summary = crate::stats::summarize_samples(&samples.values);
        let value = match name {
            "median" => summary.map(|summary| summary.median),
            "min" => summary.map(|summary| summary.min),
            "max" => summary.map(|summary| summary.max),
            "mean" => summary.map(|summary| summary.mean),
            other => {
                let known = ["n", "median", "mean", "min", "max"];
                return Err(format!(
                    "unknown figure `{other}`: {}",
                    suggest_or_list(other, &known)
                ));
            }
        };
        Ok(value.map(|value| Self { value, unit: Some(samples.unit) }))
    }

    fn format_figure(self) -> String {
        match self.unit {
            Some(unit) => number::format_measured(self.value, unit),
            None => number::format_plain(self.value),
        }
    }
}

/// A place in words: `isolation/proc.txt, line 2`.
pub fn describe_place(source: &FactSource) -> String {
    match source.line {
        Some(line) => [&source.capture, ", line ", &line.to_string()].concat(),
        None => source.capture.clone(),
    }
}

/// Appends the start of a link from a number to its evidence, which shows the place and the line
/// that stands there when it is pointed at or has the focus. Returns where its address is.
pub(super) fn push_fact_link(url: &str, place: &str, line: &str, out: &mut String) -> Range<usize> {
    out.push_str("<a class=\"fact\" href=\"");
    let start = out.len();
    escape::push_html(url, out);
    let address = start..out.len();
    out.push_str("\" data-place=\"");
    escape::push_html(place, out);
    out.push_str("\" data-evidence=\"");
    escape::push_html(line, out);
    out.push_str("\">");
    address
}
