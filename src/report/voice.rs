//! How a look-up speaks: in Markdown or in HTML, with links to the evidence or without.

use super::escape;
use super::number;
use super::subject::{Found, Subject};
use crate::model::{Fact, Missing, Samples, Source, Unit};

/// Where links to the evidence lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Links {
    /// Nowhere: the text stands alone, with its evidence beside it.
    None,
    /// To the pages of the site, from a page whose way to the root is this (`""`, `"../"`).
    Site(String),
    /// To the chapter of the run in a book that mdBook makes, from a chapter whose way to the
    /// root is this; nowhere if the book has no such chapter. Braces that mdBook would take for
    /// its own are escaped.
    Book(Option<String>),
}

/// How a look-up speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Voice {
    /// Markdown.
    Markdown(Links),
    /// HTML.
    Html(Links),
}

impl Voice {
    fn links(&self) -> &Links {
        match self {
            Self::Markdown(links) | Self::Html(links) => links,
        }
    }

    /// Escapes one line of text.
    pub fn text(&self, text: &str) -> String {
        match self {
            Self::Markdown(_) => escape::markdown(text),
            Self::Html(_) => escape::html(text),
        }
    }

    /// One line of output of a machine.
    pub fn code(&self, text: &str, in_table: bool) -> String {
        match self {
            Self::Markdown(Links::Book(_)) if text.contains("{{") => escape::code_element(text),
            Self::Markdown(_) => escape::code(text, in_table),
            Self::Html(_) => format!("<code>{}</code>", escape::html(text)),
        }
    }

    /// Lines of output of a machine as a block of Markdown.
    pub fn lines(&self, lines: &[String]) -> String {
        match self.links() {
            Links::Book(_) if lines.iter().any(|line| line.contains("{{")) => {
                escape::pre_element(lines)
            }
            _ => escape::fenced("text", lines),
        }
    }

    fn emphasis(&self, text: &str) -> String {
        match self {
            Self::Markdown(_) => format!("*{}*", escape::markdown(text)),
            Self::Html(_) => format!("<em class=\"missing\">{}</em>", escape::html(text)),
        }
    }

    /// Marked-up text with a link to a place in the evidence, if this voice links.
    pub fn linked(&self, subject: &Subject, markup: &str, source: &Source) -> String {
        let Some(url) = self.url(subject, source) else { return markup.to_string() };
        let place = place(source);
        match (self, self.links()) {
            (Self::Markdown(_), Links::Site(_)) => {
                let title = escape::markdown(&excerpt(subject, source)).replace('"', "&quot;");
                format!("[{markup}]({url} \"{title}\")")
            }
            (Self::Markdown(_), _) => {
                let title = escape::markdown(&place).replace('"', "&quot;");
                format!("[{markup}]({url} \"{title}\")")
            }
            (Self::Html(_), _) => {
                let (start, end) = fact_link(&url, &excerpt(subject, source));
                format!("{start}{markup}{end}")
            }
        }
    }

    /// The link to a place in the evidence.
    pub fn url(&self, subject: &Subject, source: &Source) -> Option<String> {
        let (root, suffix) = match (self, self.links()) {
            (_, Links::None | Links::Book(None)) => return None,
            // In Markdown it names the chapter, and each renderer makes its own address of that.
            (Self::Markdown(_), Links::Book(Some(root))) => (root, "md"),
            (_, Links::Site(root) | Links::Book(Some(root))) => (root, "html"),
        };
        let anchor = subject.anchor(&source.capture)?;
        // An empty file has no first line, and an edited run file may name any.
        let line = source.line.filter(|_| subject.line(source).is_some());
        let line = line.map(|line| format!("-L{line}")).unwrap_or_default();
        Some(format!("{root}runs/{}.{suffix}#{anchor}{line}", subject.run.id))
    }

    /// A looked-up fact, printed; in a table's cell a series by its median.
    ///
    /// # Errors
    ///
    /// The fact is a series, which has no single value, or an object without the field.
    pub fn fact(
        &self,
        subject: &Subject,
        found: &Found,
        field: Option<&str>,
        in_table: bool,
    ) -> Result<String, String> {
        let id = &found.probe.id;
        match found.fact.as_ref() {
            Fact::Missing(missing) => Ok(self.missing(subject, missing)),
            Fact::Series(samples) if in_table => {
                let median = self.figure(subject, found, "median")?;
                Ok(format!("{median} (median of {})", samples.values.len()))
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
                Ok(self.linked(subject, &self.value(value, in_table), source))
            }
        }
    }

    /// A figure of a series, printed.
    ///
    /// # Errors
    ///
    /// The fact is no series, or the figure is unknown.
    pub fn figure(&self, subject: &Subject, found: &Found, of: &str) -> Result<String, String> {
        let samples = match found.fact.as_ref() {
            Fact::Missing(missing) => return Ok(self.missing(subject, missing)),
            Fact::Value { .. } => {
                return Err(format!("`{}` is no series: use fact(…)", found.probe.id));
            }
            Fact::Series(samples) => samples,
        };
        let figure = Figure::of(samples, of)?.map(Figure::words);
        let figure = figure.unwrap_or_else(|| "no sample".into());
        Ok(self.linked(subject, &self.text(&figure), &samples.source))
    }

    /// *not captured*, with the reason.
    pub fn missing(&self, subject: &Subject, missing: &Missing) -> String {
        let mark = self.emphasis("not captured");
        let mark = match &missing.source {
            Some(source) => self.linked(subject, &mark, source),
            None => mark,
        };
        let reason = self.text(&format!("({}: {})", missing.why.words(), missing.reason));
        format!("{mark} {reason}")
    }

    fn value(&self, value: &serde_json::Value, in_table: bool) -> String {
        use serde_json::Value;
        match value {
            Value::String(text) => self.code(text, in_table),
            Value::Bool(yes) => (if *yes { "yes" } else { "no" }).into(),
            Value::Number(number) => number.to_string(),
            Value::Null => "none".into(),
            Value::Array(items) if items.is_empty() => "none".into(),
            Value::Array(items) => {
                let items: Vec<String> =
                    items.iter().map(|item| self.value(item, in_table)).collect();
                items.join(", ")
            }
            Value::Object(fields) => self.object(fields, in_table),
        }
    }

    /// An interface by name and addresses; any other object by its fields.
    fn object(
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
            let mut out = self.code(name, in_table);
            for address in addresses {
                out.push(' ');
                out.push_str(&self.code(address, in_table));
            }
            return out;
        }
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{} {}", self.text(name), self.value(value, in_table)))
            .collect();
        fields.join(", ")
    }
}

/// A figure of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// The number: a count, or in the unit of the series.
    pub value: f64,
    /// The unit; none for a count.
    unit: Option<Unit>,
}

impl Figure {
    /// The figure of this name; none of an empty series.
    ///
    /// # Errors
    ///
    /// There is no figure of this name.
    pub fn of(samples: &Samples, name: &str) -> Result<Option<Self>, String> {
        let summary = crate::stats::summary(&samples.values);
        let value = match name {
            #[allow(clippy::cast_precision_loss, reason = "no series has 2^52 samples")]
            "n" => return Ok(Some(Self { value: samples.values.len() as f64, unit: None })),
            "median" => summary.map(|summary| summary.median),
            "min" => summary.map(|summary| summary.min),
            "max" => summary.map(|summary| summary.max),
            "mean" => summary.map(|summary| summary.mean),
            other => {
                return Err(format!(
                    "unknown figure `{other}`: known are n, median, mean, min, max"
                ));
            }
        };
        Ok(value.map(|value| Self { value, unit: Some(samples.unit) }))
    }

    fn words(self) -> String {
        match self.unit {
            Some(unit) => number::measured(self.value, unit),
            None => number::plain(self.value),
        }
    }
}

/// A place in words: `isolation/proc.txt, line 2`.
pub fn place(source: &Source) -> String {
    match source.line {
        Some(line) => format!("{}, line {line}", source.capture),
        None => source.capture.clone(),
    }
}

/// What stands between the place and the line in the words beside a number.
pub const LINE: &str = " › ";

/// The place, and the beginning of the line that stands there.
fn excerpt(subject: &Subject, source: &Source) -> String {
    const LONGEST: usize = 160;
    let place = place(source);
    let Some(line) = subject.line(source) else { return place };
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{place}{LINE}{}…", &line[..end]),
        None => format!("{place}{LINE}{line}"),
    }
}

/// The start and the end of a link from a number to its evidence, which shows `excerpt` when it
/// is pointed at or has the focus.
pub fn fact_link(url: &str, excerpt: &str) -> (String, &'static str) {
    let (place, line) = excerpt.split_once(LINE).unwrap_or((excerpt, ""));
    let start = format!(
        "<a class=\"fact\" href=\"{}\" data-place=\"{}\" data-evidence=\"{}\">",
        escape::html(url),
        escape::html(place),
        escape::html(line)
    );
    (start, "</a>")
}
