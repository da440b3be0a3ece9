//! Findings as SARIF 2.1.0 (OASIS), the form in which code hosts show them.
//!
//! The file of a result is the run file, which is what lies in the repository; its line is the
//! line of evidence inside it. The capture, and its own line, is the logical location. What is
//! said about a hand-written report points into the report, and from there to the evidence.

use serde_json::{Value, json};

use crate::judge::{EvidenceRef, Finding, RuleDoc, Severity, SwitchedOff};
use crate::lab12::claims::{CheckedClaims, ClaimResult};
use crate::model::FactSource;
use crate::report::Assessment;

/// The file that results point into.
pub(super) struct SarifFile<'a> {
    /// Its path relative to the project, with `/` between the parts.
    pub uri: String,
    /// Its text.
    pub text: &'a str,
}

/// A hand-written report that was checked too.
pub(super) struct SarifReport<'a> {
    /// Its path, as that of [`SarifFile`].
    pub uri: String,
    /// What is said about it.
    pub checked: &'a CheckedClaims,
}

/// The log of one run, pretty-printed.
pub(super) fn sarif_log(
    assessment: &Assessment,
    file: &SarifFile,
    report: Option<&SarifReport>,
) -> String {
    let of_reports = report.iter().flat_map(|_| assessment.project_data.report_rules.iter_rules());
    let rules: Vec<&RuleDoc> =
        assessment.project_data.rules.iter_rules().chain(of_reports).collect();
    let findings =
        assessment.judgement.findings.iter().map(|finding| finding_result(finding, &rules, file));
    let annotations = report.iter().flat_map(|report| {
        let all = report.checked.annotations.iter();
        all.filter_map(|annotation| claim_result(annotation, &rules, &report.uri, file))
    });
    let off_in_report = report.iter().flat_map(|report| &report.checked.switched_off);
    let off = assessment.judgement.switched_off.iter().chain(off_in_report).map(switched_off);
    let uris = [file.uri.as_str()].into_iter().chain(report.map(|report| report.uri.as_str()));
    let artifacts: Vec<Value> = uris.map(|uri| json!({"location": {"uri": uri}})).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "isoproof",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|doc| sarif_rule(doc)).collect::<Vec<_>>(),
            }},
            "automationDetails": {"id": format!("isoproof/{}", assessment.run.id)},
            "invocations": [{
                "executionSuccessful": true,
                "ruleConfigurationOverrides": off.collect::<Vec<_>>(),
            }],
            "artifacts": artifacts,
            "columnKind": "unicodeCodePoints",
            "results": findings.chain(annotations).collect::<Vec<_>>(),
            "properties": {"verdicts": assessment.judgement.verdicts},
        }],
    });
    format!("{log:#}\n")
}

fn switched_off(off: &SwitchedOff) -> Value {
    json!({
        "descriptor": {"id": off.rule},
        "configuration": {"enabled": false},
        "properties": {"reason": off.reason},
    })
}

fn sarif_rule(doc: &RuleDoc) -> Value {
    let (why, remedy) = (doc.why.trim(), doc.remedy.trim());
    json!({
        "id": doc.id,
        "shortDescription": {"text": doc.title},
        "fullDescription": {"text": doc.looks_at.trim()},
        "help": {
            "text": format!("{why}\n\n{remedy}"),
            "markdown": format!("{why}\n\n**Example.** {}\n\n**What to do.** {remedy}", doc.example.trim()),
        },
        "defaultConfiguration": {"level": sarif_level(doc.severity)},
    })
}

/// SARIF has the same three levels.
fn sarif_level(severity: Severity) -> &'static str {
    severity.word()
}

fn finding_result(finding: &Finding, rules: &[&RuleDoc], file: &SarifFile) -> Value {
    let places = finding.capture_places();
    let locations: Vec<Value> = match places.is_empty() {
        true => vec![json!({"physicalLocation": physical_location(file, 1)})],
        false => places.iter().map(|place| place_location(place, file)).collect(),
    };
    let target = finding.target.as_deref().unwrap_or("");
    json!({
        "ruleId": finding.rule,
        "ruleIndex": rule_index(rules, &finding.rule),
        "level": sarif_level(finding.severity),
        "message": {"text": finding.message},
        "locations": locations[..1],
        "relatedLocations": locations[1..],
        "partialFingerprints": partial_fingerprint(&[&finding.rule, target, &finding.message]),
    })
}

/// What offends a rule about reports; none for a statement that is supported.
fn claim_result(
    annotation: &ClaimResult,
    rules: &[&RuleDoc],
    uri: &str,
    file: &SarifFile,
) -> Option<Value> {
    let (rule, severity) = (annotation.rule.as_ref()?, annotation.severity?);
    let places = EvidenceRef::unique_places(&annotation.evidence);
    let place = json!({
        "artifactLocation": {"uri": uri},
        "region": {
            "startLine": annotation.line,
            "startColumn": annotation.column,
            "endLine": annotation.end_line,
            "endColumn": annotation.end_column,
        },
    });
    Some(json!({
        "ruleId": rule,
        "ruleIndex": rule_index(rules, rule),
        "level": sarif_level(severity),
        "message": {"text": annotation.message},
        "locations": [{"physicalLocation": place}],
        "relatedLocations": places.iter().map(|place| place_location(place, file)).collect::<Vec<_>>(),
        "partialFingerprints": partial_fingerprint(&[rule, &annotation.quote, &annotation.message]),
        "properties": {"standing": annotation.status},
    }))
}

fn rule_index(rules: &[&RuleDoc], id: &str) -> Option<usize> {
    rules.iter().position(|doc| doc.id == id)
}

/// What tells a result from others, wherever it stands.
fn partial_fingerprint(words: &[&str]) -> Value {
    json!({"finding/v1": crate::model::CapturedStream::new(words.join(" ").as_bytes()).digest})
}

fn place_location(place: &FactSource, file: &SarifFile) -> Value {
    json!({
        "physicalLocation": physical_location(file, line_in(file.text, place)),
        "logicalLocations": [{"fullyQualifiedName": super::place_text(place), "kind": "resource"}],
    })
}

fn physical_location(file: &SarifFile, line: usize) -> Value {
    json!({"artifactLocation": {"uri": file.uri}, "region": {"startLine": line}})
}

/// The line of a run file in which a line of a capture stands; that of the capture's id where the
/// place names no line, and 1 where the file does not hold it.
fn line_in(text: &str, place: &FactSource) -> usize {
    let id = format!("\"id\": {},", json!(place.capture));
    let mut lines = text.lines().zip(1..).skip_while(|(line, _)| line.trim() != id);
    let Some((_, at)) = lines.next() else { return 1 };
    let Some(wanted) = place.line else { return at };
    let within = lines.take_while(|(line, _)| !line.trim().starts_with("\"id\": "));
    let first = within
        .skip_while(|(line, _)| !line.trim().starts_with("\"lines\": ["))
        .nth(wanted as usize);
    first.map_or(at, |(_, number)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "{\n  \"captures\": [\n    {\n      \"id\": \"a\",\n      \"stdout\": {\n        \"lines\": [\n          \"one\",\n          \"two\"\n        ]\n      }\n    },\n    {\n      \"id\": \"b\",\n";

    #[test]
    fn a_place_in_a_capture_is_a_line_of_the_run_file() {
        assert_eq!(line_in(RUN, &FactSource::new("a", 2)), 8);
        assert_eq!(line_in(RUN, &FactSource::new("a", None)), 4);
        assert_eq!(line_in(RUN, &FactSource::new("b", 3)), 13);
        assert_eq!(line_in(RUN, &FactSource::new("c", 1)), 1);
    }
}
