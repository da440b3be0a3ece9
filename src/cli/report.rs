//! `isoproof check --submission`: what a hand-written report states, held against a run.

use std::path::Path;

use serde_json::{Value, json};

use super::console::count_words;
use super::styled::{StyledLine, StyledText, TextStyle};
use crate::error::{Error, NameFailedFile, Result};
use crate::judge::{CheckedClaims, ClaimResult, ClaimStatus, EvidenceRef, SwitchedOff};
use crate::project::Project;
use crate::report::Assessment;
use crate::report::checked::check_report;
use crate::sources::{self, MAX_TEXT_BYTES};

#[derive(Debug)]
pub(super) struct CheckedReport {
    pub file: String,
    pub checked: CheckedClaims,
}

impl CheckedReport {
    /// Reads a report and holds it against a run.
    /// Errors: the file cannot be read or is not text, or the words of the rules cannot be used.
    pub(super) fn check_file(
        project: &Project,
        path: &Path,
        assessment: &Assessment,
    ) -> Result<Self> {
        let bytes = sources::read_named_file(path, MAX_TEXT_BYTES).or_failed_io("read", path)?;
        let text = String::from_utf8(bytes).map_err(|_| {
            Error::unusable_input(format!("{}: the report is not UTF-8 text", path.display()))
                .with_help("give the Markdown file of the report")
        })?;
        let checked = check_report(assessment, &text, &project.data_dir())?;
        Ok(Self { file: path.display().to_string(), checked })
    }

    /// Whether nothing in it is certain to be about the evidence.
    pub(super) fn says_nothing(&self) -> bool {
        self.checked.annotations.is_empty() && self.checked.switched_off.is_empty()
    }

    pub(super) fn to_json(&self) -> Value {
        let counts =
            ClaimStatus::ALL.map(|standing| (standing.into_str(), self.count_status(standing)));
        json!({
            "file": self.file,
            "annotations": self.checked.annotations,
            "switched_off": self.checked.switched_off,
            "counts": counts.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        })
    }

    /// For people: what is wrong with its remedy, then what is supported.
    pub(super) fn to_text(&self) -> StyledText {
        let mut out = StyledText::default();
        out.push_line(StyledLine::begin_styled(
            TextStyle::Strong,
            &format!("Report {}", self.file),
        ));
        for annotation in &self.checked.annotations {
            out.push_blank();
            self.push_annotation(annotation, &mut out);
        }
        if self.checked.annotations.is_empty() {
            out.push_blank();
            out.push_line("Nothing in it is certain to be about this evidence.");
        }
        out.append_text(off_lines(&self.checked.switched_off));
        out.push_blank();
        out.push_line(StyledLine::begin_styled(TextStyle::Strong, &self.status_tally()));
        out
    }

    fn push_annotation(&self, annotation: &ClaimResult, out: &mut StyledText) {
        let place = format!("{}:{}:{}: ", self.file, annotation.line, annotation.column);
        let rule = match (&annotation.rule, annotation.severity) {
            (Some(rule), Some(severity)) => format!(" {}[{rule}]", severity.into_str()),
            _ => String::new(),
        };
        let quote = crate::text::shorten_text(&annotation.quote, 72);
        out.push_line(
            StyledLine::from(place)
                .and_styled(annotation_style(annotation), annotation.status.into_str())
                .and_text(&format!("{rule}: “{quote}”")),
        );
        out.push_wrapped("  ", &annotation.message, 78);
        for place in EvidenceRef::unique_places(&annotation.evidence) {
            out.push_line(format!("  at {place}"));
        }
        if let Some(help) = &annotation.help {
            out.push_wrapped("    ", help, 76);
        }
    }

    /// How many places there are of each standing.
    fn status_tally(&self) -> String {
        let words = ClaimStatus::ALL
            .map(|standing| format!("{} {}", self.count_status(standing), standing.into_str()));
        let statements = count_words(self.checked.annotations.len(), "annotation");
        format!("{statements}: {}", words.join(", "))
    }

    fn count_status(&self, standing: ClaimStatus) -> usize {
        let of_it = self.checked.annotations.iter();
        of_it.filter(|annotation| annotation.status == standing).count()
    }
}

fn annotation_style(annotation: &ClaimResult) -> TextStyle {
    match (annotation.status, annotation.rule.is_some()) {
        (ClaimStatus::Contradicted, _) => TextStyle::Bad,
        (ClaimStatus::Unsupported | ClaimStatus::Misworded, _) | (_, true) => TextStyle::Doubtful,
        (ClaimStatus::Supported, false) => TextStyle::Good,
    }
}

/// A paragraph for each rule that is switched off, with the reason.
pub(super) fn off_lines(rules: &[SwitchedOff]) -> StyledText {
    let mut out = StyledText::default();
    for off in rules {
        let mark = StyledLine::begin_styled(TextStyle::Faint, "off");
        let n = count_words(off.findings, "finding");
        out.push_blank();
        out.push_line(mark.and_text(&format!("[{}]: {n} not shown: {}", off.rule, off.reason)));
    }
    out
}
