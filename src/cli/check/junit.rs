//! Verdicts and findings as JUnit XML, the form in which CI systems list tests.
//!
//! A rule is a test: it fails on a finding of the level that `--fail-on` names (errors, unless it
//! says otherwise), is skipped where the project switched it off, and passes else, with what it
//! found as its output. A target is a test too: one that did not start was skipped, one whose
//! facts exclude each other failed. So is an expectation: one that is not decided was skipped, or
//! failed where it fails the build. The rules about reports are tests where a report was checked.
//! Of a fleet each class on each node is a test, which fails where the class is not what its name
//! says; a rule has what it found on all nodes.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::cli::report;
use crate::error::{Error, Result};
use crate::judge::fleet::{BROKEN, ClassSummary, FoldedFinding, NodeSummary};
use crate::judge::{
    ClaimResult, Conclusion, Confidence, EvidenceRef, ExpectationOutcome, ExpectationResult,
    Finding, RuleBook, Severity, Verdict,
};
use crate::model::FactSource;
use crate::report::fleet::{ExpectationFold, FleetAssessment};
use crate::report::{Assessment, ProjectData};
use crate::text::make_visible;

/// The report of one run, and of a hand-written report if one was checked.
pub(super) fn junit_report(
    assessment: &Assessment,
    expectations: &[ExpectationResult],
    checked: Option<&report::CheckedReport>,
    least: Severity,
) -> Result<String> {
    let mut report = Report::new(format!("isoproof {}", assessment.run.id));
    let mut verdicts = TestSuite::new("verdicts");
    for verdict in &assessment.judgement.verdicts {
        verdicts.add_test_case(target_case(assessment, verdict));
    }
    if assessment.judgement.verdicts.is_empty() {
        let words = "this run tested no runtime".into();
        let status = failed_case("nothing-tested", words, String::new());
        let mut case = TestCase::new("a runtime", status);
        case.set_classname("isoproof.verdicts");
        verdicts.add_test_case(case);
    }
    report.add_test_suite(verdicts);
    if !expectations.is_empty() {
        let mut suite = TestSuite::new("expectations");
        suite.add_test_cases(expectations.iter().map(expectation_case));
        report.add_test_suite(suite);
    }
    let judgement = &assessment.judgement;
    let said: Vec<RuleStatement> =
        judgement.findings.iter().map(RuleStatement::of_finding).collect();
    report.add_test_suite(rule_cases("rules", &assessment.project_data.rules, &said, least));
    if let Some(report::CheckedReport { file, checked }) = checked {
        let annotations = checked.annotations.iter();
        let said: Vec<RuleStatement> =
            annotations.filter_map(|a| RuleStatement::of_annotation(file, a)).collect();
        let book = &assessment.project_data.report_rules;
        report.add_test_suite(rule_cases("report-rules", book, &said, least));
    }
    write_xml(&report)
}

pub(super) fn fleet_report(
    assessment: &FleetAssessment,
    project_data: &ProjectData,
    least: Severity,
) -> Result<String> {
    let mut report = Report::new(format!("isoproof fleet {}", assessment.fleet.id));
    let mut verdicts = TestSuite::new("verdicts");
    for node in &assessment.nodes {
        verdicts.add_test_cases(node.classes.iter().map(|class| class_case(node, class)));
    }
    report.add_test_suite(verdicts);
    let expectations = assessment.fold_expectations();
    if !expectations.is_empty() {
        let mut suite = TestSuite::new("expectations");
        suite.add_test_cases(expectations.iter().map(fold_case));
        report.add_test_suite(suite);
    }
    let findings = assessment.fold_findings();
    let said: Vec<RuleStatement> = findings.iter().map(RuleStatement::of_fold).collect();
    report.add_test_suite(rule_cases("rules", &project_data.rules, &said, least));
    report.add_test_suite(rule_cases("fleet-rules", &project_data.fleet_rules, &said, least));
    write_xml(&report)
}

fn write_xml(report: &Report) -> Result<String> {
    report.to_string().map(|text| text + "\n").map_err(|error| {
        Error::failed_environment(format!("cannot write the findings as JUnit XML: {error}"))
    })
}

fn class_case(node: &NodeSummary, class: &ClassSummary) -> TestCase {
    let status = match node.find_broken_promise(&class.class) {
        Some(finding) => failed_case(&BROKEN, finding.message.clone(), String::new()),
        None if node.lost_run.is_some() && class.confidence == Confidence::None => {
            skipped_case(make_visible(class.reason.as_ref().unwrap_or(&class.title)))
        }
        None => {
            let reason = class.reason.as_ref().unwrap_or(&class.title);
            conclusion_status(class.conclusion, &class.title, reason)
        }
    };
    let name = format!("{} on {}", class.class, node.node);
    let mut case = TestCase::new(make_visible(&name), status);
    case.set_classname("isoproof.verdicts");
    let run = node.run.as_ref().map(|run| format!(", run {run}")).unwrap_or_default();
    let sure = match class.confidence {
        Confidence::None => String::new(),
        sure => format!(": {} confidence", sure.into_str()),
    };
    case.set_system_out(format!("{}{sure}{run}", class.title));
    case
}

fn fold_case(fold: &ExpectationFold) -> TestCase {
    let places = [("failed", &fold.failed), ("not decided", &fold.undecided)];
    let lines = places.into_iter().flat_map(|(what, nodes)| {
        nodes.iter().map(move |(node, found)| make_visible(&format!("{what} on {node}: {found}")))
    });
    let text = lines.chain([format!("why: {}", make_visible(fold.reason))]);
    let text = text.collect::<Vec<_>>().join("\n");
    let first = text.lines().next().unwrap_or_default().to_string();
    let status = match (fold.has_passed(), fold.fails_build()) {
        (true, _) => TestCaseStatus::success(),
        (false, true) => failed_case("failed", first, text.clone()),
        (false, false) => skipped_case(first),
    };
    let mut case = TestCase::new(make_visible(fold.expects), status);
    case.set_classname("isoproof.expectations");
    case.set_system_out(text);
    case
}

fn skipped_case(message: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(message);
    status
}

/// The status of a target of which this is concluded.
fn conclusion_status(conclusion: Conclusion, title: &str, reason: &str) -> TestCaseStatus {
    match conclusion {
        Conclusion::NotTested => skipped_case(make_visible(reason)),
        Conclusion::Contradictory => failed_case("contradictory", title.into(), String::new()),
        _ => TestCaseStatus::success(),
    }
}

fn target_case(assessment: &Assessment, verdict: &Verdict) -> TestCase {
    let title = &assessment.project_data.words[verdict.conclusion.into_str()].title;
    let reason = verdict.failure.as_ref().unwrap_or(title);
    let status = conclusion_status(verdict.conclusion, title, reason);
    let mut case = TestCase::new(make_visible(&verdict.target), status);
    case.set_classname("isoproof.verdicts");
    let why = match (verdict.reason, &verdict.failure, verdict.confidence) {
        (Some(reason), ..) => assessment.project_data.reasons[reason.into_str()].clone(),
        (None, Some(failure), _) => make_visible(failure),
        (None, None, Confidence::None) => title.clone(),
        (None, None, sure) => {
            format!("{} confidence, {}", sure.into_str(), verdict.because.join(", "))
        }
    };
    case.set_system_out(format!("{title}: {why}"));
    case
}

fn expectation_case(result: &ExpectationResult) -> TestCase {
    let decides = result.decides.as_ref().map(|words| format!("\nwould decide it: {words}"));
    let decides = decides.unwrap_or_default();
    let places = evidence_places(&result.evidence);
    let text = make_visible(&format!("{}{places}", result.found));
    let text = format!("{text}{decides}\nwhy: {}", make_visible(&result.reason));
    let status = match result.outcome {
        ExpectationOutcome::Passed => TestCaseStatus::success(),
        outcome if result.fails => {
            failed_case(outcome.into_str(), result.found.clone(), text.clone())
        }
        _ => skipped_case(format!("not decided: {}", result.found)),
    };
    let mut case = TestCase::new(make_visible(&result.expects), status);
    case.set_classname("isoproof.expectations");
    case.set_system_out(text);
    case
}

/// What a rule says about a place.
struct RuleStatement<'a> {
    rule: &'a str,
    severity: Severity,
    message: &'a str,
    /// All of it on one line, with its places.
    line: String,
}

impl<'a> RuleStatement<'a> {
    fn of_finding(finding: &'a Finding) -> Self {
        let Finding { rule, severity, message, .. } = finding;
        let line =
            format!("{}: {message}{}", severity.into_str(), evidence_places(&finding.evidence));
        Self { rule, severity: *severity, message, line }
    }

    fn of_fold(finding: &'a FoldedFinding) -> Self {
        let FoldedFinding { rule, severity, message, nodes, .. } = finding;
        let line =
            format!("{}: {message} ({})", severity.into_str(), make_visible(&nodes.join(", ")));
        Self { rule, severity: *severity, message, line }
    }

    /// None for a statement that is supported.
    fn of_annotation(file: &str, annotation: &'a ClaimResult) -> Option<Self> {
        let ClaimResult { rule, severity, message, line, column, quote, .. } = annotation;
        let (rule, severity) = (rule.as_ref()?, (*severity)?);
        let place = format!("{}:{line}:{column}", make_visible(file));
        let line = format!(
            "{place}: {}: “{quote}”: {message}{}",
            severity.into_str(),
            evidence_places(&annotation.evidence)
        );
        Some(Self { rule, severity, message, line })
    }
}

fn evidence_places(evidence: &[EvidenceRef]) -> String {
    let places: Vec<String> =
        EvidenceRef::unique_places(evidence).into_iter().map(describe_place).collect();
    if places.is_empty() { String::new() } else { format!(" ({})", places.join(", ")) }
}

fn describe_place(source: &FactSource) -> String {
    make_visible(&source.to_string())
}

fn rule_cases(name: &str, book: &RuleBook, said: &[RuleStatement], least: Severity) -> TestSuite {
    let mut suite = TestSuite::new(name);
    for doc in book.iter_rules() {
        let own: Vec<&RuleStatement> = said.iter().filter(|said| said.rule == doc.id).collect();
        let off = book.switched_off_rules().get(&doc.id);
        let mut case = TestCase::new(doc.id.as_str(), case_status(&own, off, least));
        case.set_classname(format!("isoproof.{name}"));
        if !own.is_empty() {
            case.set_system_out(statement_lines(&own));
        }
        suite.add_test_case(case);
    }
    suite
}

fn case_status(said: &[&RuleStatement], off: Option<&String>, least: Severity) -> TestCaseStatus {
    if let Some(reason) = off {
        return skipped_case(format!("switched off: {}", make_visible(reason)));
    }
    let severe: Vec<&RuleStatement> =
        said.iter().copied().filter(|said| said.severity >= least).collect();
    match severe.first() {
        None => TestCaseStatus::success(),
        Some(first) => {
            failed_case(first.severity.into_str(), first.message.into(), statement_lines(&severe))
        }
    }
}

fn failed_case(kind: &str, message: String, text: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(kind).set_message(message).set_description(text);
    status
}

fn statement_lines(said: &[&RuleStatement]) -> String {
    said.iter().map(|said| said.line.as_str()).collect::<Vec<_>>().join("\n")
}
