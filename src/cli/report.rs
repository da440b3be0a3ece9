//! `isoproof check --submission`: what a hand-written report states, held against a run.

use std::path::Path;

use serde_json::{Value, json};

use super::console::count;
use super::styled::{Style, StyledLine, StyledText};
use crate::claims::{Annotation, Checked, Claims, Standing};
use crate::error::{Error, Result};
use crate::judge::EvidenceRef;
use crate::project::Project;
use crate::report::Subject;
use crate::sources::{self, MAX_TEXT_BYTES};

/// A checked report.
#[derive(Debug)]
pub struct Report {
    /// The file as it was named.
    pub file: String,
    /// What is said about it.
    pub checked: Checked,
}

impl Report {
    /// Reads a report and holds it against a run.
    ///
    /// # Errors
    ///
    /// The file cannot be read or is not text, or the words of the rules cannot be used.
    pub fn check(project: &Project, path: &Path, subject: &Subject) -> Result<Self> {
        let bytes = sources::read_named_file(path, MAX_TEXT_BYTES)
            .map_err(|error| Error::io("read", path, &error))?;
        let text = String::from_utf8(bytes).map_err(|_| {
            Error::input(format!("{}: the report is not UTF-8 text", path.display()))
                .help("give the Markdown file of the report")
        })?;
        let checked = Claims::load(Some(&project.data()))?.check(subject, &text)?;
        Ok(Self { file: path.display().to_string(), checked })
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let counts = Standing::ALL.map(|standing| (standing.word(), self.count(standing)));
        json!({
            "file": self.file,
            "annotations": self.checked.annotations,
            "switched_off": self.checked.switched_off,
            "counts": counts.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        })
    }

    /// For people: what is wrong with its remedy, then what is supported.
    pub fn text(&self) -> StyledText {
        let mut out = StyledText::default();
        out.push(StyledLine::styled(Style::Strong, &format!("Report {}", self.file)));
        for annotation in &self.checked.annotations {
            out.push_blank();
            self.push_annotation(annotation, &mut out);
        }
        if self.checked.annotations.is_empty() {
            out.push_blank();
            out.push("Nothing in it is certain to be about this evidence.");
        }
        out.append(super::check::off_lines(&self.checked.switched_off));
        out.push_blank();
        out.push(StyledLine::styled(Style::Strong, &self.tally()));
        out
    }

    fn push_annotation(&self, annotation: &Annotation, out: &mut StyledText) {
        let place = format!("{}:{}:{}: ", self.file, annotation.line, annotation.column);
        let rule = match (&annotation.rule, annotation.severity) {
            (Some(rule), Some(severity)) => format!(" {}[{rule}]", severity.word()),
            _ => String::new(),
        };
        out.push(
            StyledLine::from(place)
                .and_styled(style(annotation), annotation.standing.word())
                .and(&format!("{rule}: {}", shortened(&annotation.quote))),
        );
        out.push_wrapped("  ", &annotation.message, 78);
        for place in EvidenceRef::places(&annotation.evidence) {
            out.push(format!("  at {}", super::check::place_text(place)));
        }
        if let Some(help) = &annotation.help {
            out.push_wrapped("    ", help, 76);
        }
    }

    /// How many places there are of each standing.
    fn tally(&self) -> String {
        let words =
            Standing::ALL.map(|standing| format!("{} {}", self.count(standing), standing.word()));
        let statements = count(self.checked.annotations.len(), "annotation");
        format!("{statements}: {}", words.join(", "))
    }

    fn count(&self, standing: Standing) -> usize {
        let of_it = self.checked.annotations.iter();
        of_it.filter(|annotation| annotation.standing == standing).count()
    }
}

fn style(annotation: &Annotation) -> Style {
    match (annotation.standing, annotation.rule.is_some()) {
        (Standing::Contradicted, _) => Style::Bad,
        (Standing::Unsupported | Standing::Misworded, _) | (_, true) => Style::Doubtful,
        (Standing::Supported, false) => Style::Good,
    }
}

/// A quotation that fits on a line.
fn shortened(quote: &str) -> String {
    const LIMIT: usize = 72;
    if quote.chars().count() <= LIMIT {
        return format!("“{quote}”");
    }
    let short: String = quote.chars().take(LIMIT).collect();
    format!("“{}…”", short.trim_end())
}
