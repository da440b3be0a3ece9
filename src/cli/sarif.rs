//! Findings as SARIF 2.1.0 (OASIS), the form in which code hosts show them.
//!
//! The file of a result is the run file, which is what lies in the repository, and its line is the
//! line of evidence inside it; where the folder of imported evidence is known, it is the file there
//! and its own line. The capture and its line stand in the message too, and are the logical
//! location. What is said about a hand-written report points into the report, a failed expectation
//! into `book.toml`, and both from there to the evidence.
//!
//! Code hosts tell results apart by `primaryLocationLineHash`, and refuse or drop what is too much:
//! <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::expectations::describe_result;
use super::file_uris::{planned_uri, repository_uri};
use crate::judge::{
    CheckedClaims, ClaimResult, EvidenceRef, ExpectationResult, Finding, RuleDoc, SwitchedOff,
};
use crate::model::FactSource;
use crate::project::{CONFIG, Project};
use crate::report::fleet::{ExpectationFold, FleetAssessment};
use crate::report::{Assessment, ProjectData};
use crate::store::fleets::{FleetStore, fleet_text};
use crate::text::uri_path;

/// The most results that code hosts keep.
const MAX_RESULTS: usize = 5000;

/// The most places of one result that code hosts show.
const MAX_PLACES: usize = 100;

/// The rule that every expectation is a result of.
const EXPECTATION: &str = "expectation";

pub(super) struct SarifFile<'a> {
    /// Its path relative to the repository, with `/` between the parts.
    pub uri: String,
    pub text: &'a str,
    /// The folder of the imported evidence, and its path relative to the repository.
    pub evidence: Option<(&'a Path, String)>,
    /// The path of `book.toml`, which says what is expected.
    pub config: String,
}

/// A hand-written report that was checked too.
pub(super) struct SarifReport<'a> {
    /// Its path, as that of [`SarifFile`].
    pub uri: String,
    pub checked: &'a CheckedClaims,
}

pub(super) fn sarif_log(
    assessment: &Assessment,
    expectations: &[ExpectationResult],
    file: &SarifFile,
    report: Option<&SarifReport>,
) -> String {
    let data = &assessment.project_data;
    let of_reports = report.iter().flat_map(|_| data.report_rules.iter_rules());
    let docs: Vec<&RuleDoc> = data.rules.iter_rules().chain(of_reports).collect();
    let mut rules: Vec<Value> = docs.iter().map(|doc| sarif_rule(doc)).collect();
    let mut results = Vec::new();
    if !expectations.is_empty() {
        rules.push(data.expectation_words.sarif_rule(EXPECTATION));
        for result in expectations.iter().filter(|result| !result.has_passed()) {
            results.push(expectation_result(result, rules.len() - 1, file));
        }
    }
    for finding in &assessment.judgement.findings {
        results.push(finding_result(finding, &docs, file));
    }
    if let Some(report) = report {
        for annotation in &report.checked.annotations {
            results.extend(claim_result(annotation, &docs, &report.uri, file));
        }
    }
    let off_in_report = report.iter().flat_map(|report| &report.checked.switched_off);
    let off = assessment.judgement.switched_off.iter().chain(off_in_report).map(switched_off);
    let log = SarifLog {
        id: &assessment.run.id,
        rules,
        overrides: off.collect(),
        uris: std::iter::once(&*file.uri).chain(report.map(|report| &*report.uri)).collect(),
        results,
    };
    log.print_log(json!({"verdicts": assessment.judgement.verdicts}))
}

struct SarifLog<'a> {
    id: &'a str,
    rules: Vec<Value>,
    overrides: Vec<Value>,
    uris: Vec<&'a str>,
    results: Vec<Value>,
}

impl SarifLog<'_> {
    /// The log with these properties and with no more results than its readers take.
    fn print_log(self, mut properties: Value) -> String {
        let Self { id, rules, overrides, uris, mut results } = self;
        properties["resultsLeftOut"] = results.len().saturating_sub(MAX_RESULTS).into();
        results.truncate(MAX_RESULTS);
        number_fingerprints(&mut results);
        let artifacts: Vec<Value> =
            uris.iter().map(|uri| json!({"location": {"uri": uri}})).collect();
        let mut invocation = json!({"executionSuccessful": true});
        if !overrides.is_empty() {
            invocation["ruleConfigurationOverrides"] = overrides.into();
        }
        let log = json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": {"driver": {
                    "name": "isoproof",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                }},
                "automationDetails": {"id": format!("isoproof/{id}")},
                "invocations": [invocation],
                "artifacts": artifacts,
                "columnKind": "unicodeCodePoints",
                "results": results,
                "properties": properties,
            }],
        });
        format!("{log:#}\n")
    }
}

/// The log of a fleet: a result for each finding on all its nodes, whose places are the lines of the
/// nodes in the fleet file.
pub(super) fn fleet_sarif_log(
    project: &Project,
    assessment: &FleetAssessment,
    data: &ProjectData,
    expectations: &[ExpectationFold],
) -> String {
    let path = FleetStore::open_project(project).fleet_path(&assessment.fleet.id);
    // While a session goes on, its file does not say yet what the fleet does.
    let text = std::fs::read_to_string(&path).unwrap_or_else(|_| fleet_text(&assessment.fleet));
    let uri = repository_uri(project, &path).unwrap_or_else(|| planned_uri(project, &path));
    let config = planned_uri(project, &project.root.join(CONFIG));
    let docs: Vec<&RuleDoc> =
        data.rules.iter_rules().chain(data.fleet_rules.iter_rules()).collect();
    let mut rules: Vec<Value> = docs.iter().map(|doc| sarif_rule(doc)).collect();
    let mut results = Vec::new();
    let lines = lines_of_nodes(&text);
    if !expectations.is_empty() {
        rules.push(data.expectation_words.sarif_rule(EXPECTATION));
        for fold in expectations.iter().filter(|fold| !fold.has_passed()) {
            let nodes: Vec<&str> =
                fold.failed.iter().chain(&fold.undecided).map(|(node, _)| *node).collect();
            results.push(json!({
                "ruleId": EXPECTATION,
                "ruleIndex": rules.len() - 1,
                "level": if fold.fails_build() { "error" } else { "note" },
                "message": {"text": format!("expected: {}; not shown on {}", fold.expects, on_nodes(&nodes))},
                "locations": [{"physicalLocation": physical_location(&config, fold.line)}],
                "relatedLocations": list_node_places(&nodes, &lines, &uri),
                "partialFingerprints": partial_fingerprint(&[EXPECTATION, fold.expects]),
            }));
        }
    }
    for finding in assessment.fold_findings() {
        let mut locations = list_node_places(&finding.nodes, &lines, &uri);
        let related = locations.split_off(locations.len().min(1));
        let target = finding.target.unwrap_or_default();
        results.push(json!({
            "ruleId": finding.rule,
            "ruleIndex": rule_index(&docs, finding.rule),
            "level": finding.severity.into_str(),
            "message": {"text": format!("{} On {}.", finding.message, on_nodes(&finding.nodes))},
            "locations": locations,
            "relatedLocations": related,
            "partialFingerprints": partial_fingerprint(&[finding.rule, target]),
            "properties": {"nodes": finding.nodes},
        }));
    }
    let log = SarifLog {
        id: &assessment.fleet.id,
        rules,
        overrides: Vec::new(),
        uris: vec![&uri],
        results,
    };
    log.print_log(json!({}))
}

fn on_nodes(nodes: &[&str]) -> String {
    const SHOWN: usize = 5;
    let count = crate::cli::console::count_words(nodes.len(), "node");
    let more = if nodes.len() > SHOWN { ", ..." } else { "" };
    let names = nodes.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    format!("{count}: {names}{more}")
}

fn list_node_places(nodes: &[&str], lines: &BTreeMap<String, usize>, uri: &str) -> Vec<Value> {
    let mut places = Vec::new();
    for node in nodes.iter().take(MAX_PLACES) {
        let line = lines.get(*node).copied().unwrap_or(1);
        places.push(json!({"physicalLocation": physical_location(uri, line)}));
    }
    places
}

/// The lines of a fleet file on which the names of its nodes stand.
fn lines_of_nodes(text: &str) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    let after = text.lines().zip(1..).skip_while(|(line, _)| !line.starts_with("  \"nodes\": ["));
    for (line, number) in after {
        let name = line.strip_prefix("      \"name\": ").map(|rest| rest.trim_end_matches(','));
        if let Some(name) = name.and_then(|name| serde_json::from_str::<String>(name).ok()) {
            lines.entry(name).or_insert(number);
        }
    }
    lines
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
        "defaultConfiguration": {"level": doc.severity.into_str()},
    })
}

fn finding_result(finding: &Finding, rules: &[&RuleDoc], file: &SarifFile) -> Value {
    let places = finding.capture_places();
    let mut locations: Vec<Value> =
        places.iter().take(MAX_PLACES).map(|place| place_location(place, file)).collect();
    if locations.is_empty() {
        locations.push(json!({"physicalLocation": physical_location(&file.uri, 1)}));
    }
    let target = finding.target.as_deref().unwrap_or("");
    let mut identity = vec![finding.rule.as_str(), target];
    identity.extend(finding.evidence.iter().filter_map(|place| place.fact.as_deref()));
    identity.extend(places.iter().map(|place| place.capture.as_str()));
    json!({
        "ruleId": finding.rule,
        "ruleIndex": rule_index(rules, &finding.rule),
        "level": finding.severity.into_str(),
        "message": {"text": with_places(&finding.message, &places)},
        "locations": locations[..1],
        "relatedLocations": locations[1..],
        "partialFingerprints": partial_fingerprint(&identity),
    })
}

/// An expectation that did not pass: in `book.toml`, where whoever reads it can change it.
fn expectation_result(result: &ExpectationResult, rule: usize, file: &SarifFile) -> Value {
    let places = EvidenceRef::unique_places(&result.evidence);
    let related = places.iter().take(MAX_PLACES).map(|place| place_location(place, file));
    let message = describe_result(result);
    json!({
        "ruleId": EXPECTATION,
        "ruleIndex": rule,
        "level": if result.fails { "error" } else { "note" },
        "message": {"text": with_places(&message, &places)},
        "locations": [{"physicalLocation": physical_location(&file.config, result.line)}],
        "relatedLocations": related.collect::<Vec<_>>(),
        "partialFingerprints": partial_fingerprint(&[EXPECTATION, &result.expects]),
        "properties": result,
    })
}

/// A message with the places that a reader knows: files or commands, and their lines.
fn with_places(message: &str, places: &[&FactSource]) -> String {
    const SHOWN: usize = 5;
    if places.is_empty() {
        return message.into();
    }
    let mut shown: Vec<String> = places.iter().take(SHOWN).map(ToString::to_string).collect();
    if places.len() > SHOWN {
        shown.push(format!("{} more", places.len() - SHOWN));
    }
    format!("{message} ({})", shown.join(", "))
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
    let related = places.iter().take(MAX_PLACES).map(|place| place_location(place, file));
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
        "level": severity.into_str(),
        "message": {"text": annotation.message},
        "locations": [{"physicalLocation": place}],
        "relatedLocations": related.collect::<Vec<_>>(),
        "partialFingerprints": partial_fingerprint(&[rule, &without_figures(&annotation.quote)]),
        "properties": {"standing": annotation.status},
    }))
}

fn rule_index(rules: &[&RuleDoc], id: &str) -> Option<usize> {
    rules.iter().position(|doc| doc.id == id)
}

/// What tells a result from others wherever it stands, and whatever its figures are.
fn partial_fingerprint(words: &[&str]) -> Value {
    let digest = crate::model::CapturedStream::new(words.join("\n").as_bytes()).digest;
    json!({FINGERPRINT: digest.trim_start_matches("sha256:")[..16]})
}

/// The only fingerprint that GitHub looks at.
const FINGERPRINT: &str = "primaryLocationLineHash";

/// Numbers results of one fingerprint, in the form in which GitHub's own tool does.
fn number_fingerprints(results: &mut [Value]) {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for result in results {
        let fingerprint = &mut result["partialFingerprints"][FINGERPRINT];
        let hash = fingerprint.as_str().unwrap_or_default().to_string();
        let count = seen.entry(hash.clone()).or_default();
        *count += 1;
        *fingerprint = json!(format!("{hash}:{count}"));
    }
}

fn without_figures(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '.' | ',' if out.ends_with('0') => {}
            c if c.is_ascii_digit() && out.ends_with('0') => {}
            c if c.is_ascii_digit() => out.push('0'),
            c => out.push(c),
        }
    }
    out
}

fn place_location(place: &FactSource, file: &SarifFile) -> Value {
    let in_evidence =
        file.evidence.as_ref().filter(|(folder, _)| is_file_of(folder, &place.capture));
    let physical = match in_evidence {
        Some((_, uri)) => {
            let line = place.line.map_or(1, |line| line as usize);
            physical_location(&format!("{uri}/{}", uri_path(&place.capture)), line)
        }
        None => physical_location(&file.uri, line_in(file.text, place)),
    };
    json!({
        "physicalLocation": physical,
        "logicalLocations": [{"fullyQualifiedName": place.to_string(), "kind": "resource"}],
    })
}

/// Whether a capture is a file of the folder that the evidence was imported from.
pub(super) fn is_file_of(folder: &Path, capture: &str) -> bool {
    let is_inside =
        Path::new(capture).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    is_inside && folder.join(capture).is_file()
}

fn physical_location(uri: &str, line: usize) -> Value {
    json!({"artifactLocation": {"uri": uri}, "region": {"startLine": line}})
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
    fn results_that_differ_in_figures_alone_have_one_fingerprint_and_a_number_each() {
        let quoted = |text: &str| partial_fingerprint(&["rule", &without_figures(text)]);
        assert_eq!(quoted("takes 2.5 s"), quoted("takes 13.07 s"));
        assert_ne!(quoted("takes 2.5 s"), quoted("takes 2.5 ms"));
        let result = || json!({"partialFingerprints": quoted("takes 2 s")});
        let mut results = [result(), result()];
        number_fingerprints(&mut results);
        let hash = |result: &Value| result["partialFingerprints"][FINGERPRINT].to_string();
        assert!(hash(&results[0]).ends_with(":1\"") && hash(&results[1]).ends_with(":2\""));
    }

    #[test]
    fn a_place_in_a_capture_is_a_line_of_the_run_file() {
        assert_eq!(line_in(RUN, &FactSource::new("a", 2)), 8);
        assert_eq!(line_in(RUN, &FactSource::new("a", None)), 4);
        assert_eq!(line_in(RUN, &FactSource::new("b", 3)), 13);
        assert_eq!(line_in(RUN, &FactSource::new("c", 1)), 1);
    }
}
