//! The page of a checked report: its text as it stands in the file, with what is said about its
//! places below each line.

use std::path::Path;

use serde::Serialize;

use super::{Assessment, Renderer, describe_place};
use crate::error::Result;
use crate::judge::{CheckedClaims, ClaimResult, ClaimStatus, EvidenceRef, SwitchedOff};

/// What the packs say about a hand-written report, by their rules in the project's `data/` folder.
pub(crate) fn check_report(
    assessment: &Assessment,
    text: &str,
    data: &Path,
) -> Result<CheckedClaims> {
    let mut all = CheckedClaims::default();
    for pack in crate::PACKS {
        let said = pack.check_report(assessment, text, data)?;
        all.annotations.extend(said.annotations);
        all.switched_off.extend(said.switched_off);
    }
    Ok(all)
}

/// A checked report as its template sees it.
#[derive(Debug, Serialize)]
pub(crate) struct CheckedView {
    /// The file, from the project's folder.
    file: String,
    lines: Vec<CheckedLine>,
    /// How many annotations there are of each standing.
    counts: Vec<CountView>,
    switched_off: Vec<SwitchedOff>,
}

#[derive(Debug, Serialize)]
struct CountView {
    standing: &'static str,
    count: usize,
}

#[derive(Debug, Serialize)]
struct CheckedLine {
    number: usize,
    pieces: Vec<PieceView>,
    remarks: Vec<RemarkView>,
}

/// A piece of a line: marked, or as it stands.
#[derive(Debug, Serialize, PartialEq, Eq)]
struct PieceView {
    text: String,
    standing: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct RemarkView {
    standing: &'static str,
    rule: Option<String>,
    severity: Option<&'static str>,
    quote: String,
    message: String,
    help: Option<String>,
    /// Places in the evidence, as HTML.
    places: Vec<String>,
}

impl CheckedView {
    /// A report of this text, from the file of this name.
    pub(crate) fn new(
        file: &str,
        text: &str,
        checked: CheckedClaims,
        assessment: &Assessment,
        renderer: &Renderer,
    ) -> Self {
        let annotations = checked.annotations;
        let mut start = 0;
        let mut lines = Vec::new();
        for (number, line) in (1..).zip(text.split_inclusive('\n')) {
            let range = start..start + line.trim_end_matches(['\n', '\r']).len();
            start += line.len();
            lines.push(CheckedLine {
                number,
                pieces: split_line(text, &range, &annotations),
                remarks: annotations
                    .iter()
                    .filter(|annotation| annotation.line == number)
                    .map(|annotation| RemarkView::new(annotation, assessment, renderer))
                    .collect(),
            });
        }
        let counts = ClaimStatus::ALL.map(|standing| CountView {
            standing: standing.into_str(),
            count: annotations.iter().filter(|annotation| annotation.status == standing).count(),
        });
        Self { file: file.into(), lines, counts: counts.into(), switched_off: checked.switched_off }
    }
}

impl RemarkView {
    fn new(annotation: &ClaimResult, assessment: &Assessment, renderer: &Renderer) -> Self {
        let sources = EvidenceRef::unique_places(&annotation.evidence);
        Self {
            standing: annotation.status.into_str(),
            rule: annotation.rule.clone(),
            severity: annotation.severity.map(Into::into),
            quote: annotation.quote.clone(),
            message: annotation.message.clone(),
            help: annotation.help.clone(),
            places: sources
                .iter()
                .map(|source| {
                    renderer.link_to_source(
                        assessment,
                        &renderer.escape_text(&describe_place(source)),
                        source,
                    )
                })
                .collect(),
        }
    }
}

/// A line in pieces: where places overlap, the gravest standing marks them.
fn split_line(
    text: &str,
    line: &std::ops::Range<usize>,
    annotations: &[ClaimResult],
) -> Vec<PieceView> {
    let mut cuts = vec![line.start, line.end];
    for annotation in annotations {
        cuts.extend(
            [annotation.range.start, annotation.range.end]
                .into_iter()
                .filter(|at| line.contains(at)),
        );
    }
    cuts.sort_unstable();
    cuts.dedup();
    let mut out: Vec<PieceView> = Vec::new();
    for pair in cuts.windows(2) {
        let over =
            annotations.iter().filter(|a| a.range.start <= pair[0] && a.range.end >= pair[1]);
        let standing = over
            .map(|a| a.status)
            .min_by_key(|standing| ClaimStatus::ALL.iter().position(|s| s == standing));
        let piece = text.get(pair[0]..pair[1]).unwrap_or_default().to_string();
        out.push(PieceView { text: piece, standing: standing.map(Into::into) });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotation(range: std::ops::Range<usize>, standing: ClaimStatus) -> ClaimResult {
        ClaimResult {
            line: 1,
            column: 1,
            end_line: 1,
            end_column: 1,
            range,
            status: standing,
            rule: None,
            severity: None,
            quote: String::new(),
            message: String::new(),
            help: None,
            evidence: Vec::new(),
        }
    }

    #[test]
    fn a_line_is_cut_where_places_begin_and_end() {
        let text = "host has 332 entries\nnext\n";
        let marks = [
            annotation(9..12, ClaimStatus::Supported),
            annotation(9..12, ClaimStatus::Contradicted),
            annotation(13..25, ClaimStatus::Unsupported),
        ];
        let cut = |range| -> Vec<(String, Option<&str>)> {
            split_line(text, &range, &marks)
                .into_iter()
                .map(|piece| (piece.text, piece.standing))
                .collect()
        };
        assert_eq!(
            cut(0..20),
            [
                ("host has ".into(), None),
                ("332".into(), Some("contradicted")),
                (" ".into(), None),
                ("entries".into(), Some("unsupported"))
            ]
        );
        assert_eq!(cut(21..25), [("next".into(), Some("unsupported"))]);
    }
}
