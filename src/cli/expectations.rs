//! What a project expects and what came of it, on a terminal.

use super::styled::{StyledLine, StyledText, TextStyle};
use crate::judge::{EvidenceRef, ExpectationOutcome, ExpectationResult};
use crate::project::CONFIG;

pub(super) fn any_fails(results: &[ExpectationResult]) -> bool {
    results.iter().any(|result| result.fails)
}

pub(super) fn describe_result(result: &ExpectationResult) -> String {
    format!("expected: {}; found: {}", result.expects, result.found)
}

/// A paragraph for each that did not pass, then how many did; nothing where nothing is expected.
pub(super) fn expectation_lines(results: &[ExpectationResult]) -> StyledText {
    let mut out = StyledText::default();
    if results.is_empty() {
        return out;
    }
    for result in results {
        if result.outcome == ExpectationOutcome::Passed {
            continue;
        }
        let style = if result.fails { TextStyle::Bad } else { TextStyle::Doubtful };
        let mark = StyledLine::begin_styled(style, outcome_words(result.outcome));
        out.push_line(mark.and_text(&format!(": {}", result.expects)));
        out.push_wrapped("  ", &format!("but {}", result.found), 74);
        for place in EvidenceRef::unique_places(&result.evidence) {
            out.push_line(format!("  at {place}"));
        }
        if let Some(decides) = &result.decides {
            out.push_wrapped("  ", &format!("would decide it: {decides}"), 74);
        }
        out.push_wrapped("  ", &format!("why ({CONFIG}:{}): {}", result.line, result.reason), 74);
        out.push_blank();
    }
    out.push_line(expectations_tally(results));
    out
}

pub(super) fn expectations_tally(results: &[ExpectationResult]) -> StyledLine {
    let mut line = StyledLine::from("Expectations: ");
    for (outcome, style) in [
        (ExpectationOutcome::Passed, TextStyle::Good),
        (ExpectationOutcome::Failed, TextStyle::Bad),
        (ExpectationOutcome::NotDecided, TextStyle::Doubtful),
    ] {
        let count = results.iter().filter(|result| result.outcome == outcome).count();
        let text = format!("{count} {}", outcome_words(outcome));
        line = if count > 0 { line.and_styled(style, &text) } else { line.and_text(&text) };
        if outcome != ExpectationOutcome::NotDecided {
            line = line.and_text(", ");
        }
    }
    line
}

fn outcome_words(outcome: ExpectationOutcome) -> &'static str {
    match outcome {
        ExpectationOutcome::Passed => "passed",
        ExpectationOutcome::Failed => "failed",
        ExpectationOutcome::NotDecided => "not decided",
    }
}
