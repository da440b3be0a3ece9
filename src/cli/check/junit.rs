//! Verdicts and findings as JUnit XML, the form in which CI systems list tests.
//!
//! A rule is a test: it fails on a finding of the level that `--fail-on` names (errors, unless it
//! says otherwise), is skipped where the project switched it off, and passes else, with what it
//! found as its output. A target is a test too: one that did not start was skipped, one whose
//! facts exclude each other failed. So is an expectation: one that is not decided was skipped, or
//! failed where it fails the build. The rules about reports are tests where a report was checked.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::cli::report;
use crate::error::{Error, Result};
use crate::judge::{
    Conclusion, EvidenceRef, ExpectationOutcome, ExpectationResult, Finding, RuleBook, Severity,
    SwitchedOff, Verdict,
};
use crate::lab12::claims::ClaimResult;
use crate::model::FactSource;
use crate::report::Assessment;
use crate::text::make_visible;

/// The report of one run, and of a hand-written report if one was checked.
///
/// # Errors
///
/// It cannot be written as XML.
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
    report.add_test_suite(verdicts);
    if !expectations.is_empty() {
        let mut suite = TestSuite::new("expectations");
        suite.add_test_cases(expectations.iter().map(expectation_case));
        report.add_test_suite(suite);
    }
    let judgement = &assessment.judgement;
    let said: Vec<RuleStatement> =
        judgement.findings.iter().map(RuleStatement::of_finding).collect();
    report.add_test_suite(rule_cases(
        "rules",
        &assessment.project_data.rules,
        &said,
        &judgement.switched_off,
        least,
    ));
    if let Some(report::CheckedReport { file, checked }) = checked {
        let annotations = checked.annotations.iter();
        let said: Vec<RuleStatement> =
            annotations.filter_map(|a| RuleStatement::of_annotation(file, a)).collect();
        let book = &assessment.project_data.report_rules;
        report.add_test_suite(rule_cases(
            "report-rules",
            book,
            &said,
            &checked.switched_off,
            least,
        ));
    }
    report.to_string().map(|text| text + "\n").map_err(|error| {
        Error::failed_environment(format!("cannot write the findings as JUnit XML: {error}"))
    })
}

fn target_case(assessment: &Assessment, verdict: &Verdict) -> TestCase {
    let title = &assessment.project_data.words[verdict.conclusion.conclusion_id()].title;
    let status = match verdict.conclusion {
        Conclusion::NotTested => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(make_visible(verdict.failure.as_ref().unwrap_or(title)));
            status
        }
        Conclusion::Contradictory => failed_case("contradictory", title.clone(), String::new()),
        _ => TestCaseStatus::success(),
    };
    let mut case = TestCase::new(make_visible(&verdict.target), status);
    case.set_classname("isoproof.verdicts");
    let why = match verdict.reason {
        Some(reason) => assessment.project_data.reasons[reason.reason_id()].clone(),
        None => {
            format!(
                "{} confidence, {}",
                verdict.confidence.confidence_name(),
                verdict.because.join(", ")
            )
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
            failed_case(outcome.outcome_id(), result.found.clone(), text.clone())
        }
        _ => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("not decided: {}", result.found));
            status
        }
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
        let line = format!("{}: {message}{}", severity.word(), evidence_places(&finding.evidence));
        Self { rule, severity: *severity, message, line }
    }

    /// None for a statement that is supported.
    fn of_annotation(file: &str, annotation: &'a ClaimResult) -> Option<Self> {
        let ClaimResult { rule, severity, message, line, column, quote, .. } = annotation;
        let (rule, severity) = (rule.as_ref()?, (*severity)?);
        let place = format!("{}:{line}:{column}", make_visible(file));
        let line = format!(
            "{place}: {}: “{quote}”: {message}{}",
            severity.word(),
            evidence_places(&annotation.evidence)
        );
        Some(Self { rule, severity, message, line })
    }
}

/// The places of evidence, in brackets.
fn evidence_places(evidence: &[EvidenceRef]) -> String {
    let places: Vec<String> =
        EvidenceRef::unique_places(evidence).into_iter().map(describe_place).collect();
    if places.is_empty() { String::new() } else { format!(" ({})", places.join(", ")) }
}

fn describe_place(source: &FactSource) -> String {
    make_visible(&source.to_string())
}

/// The rules of a book as tests.
fn rule_cases(
    name: &str,
    book: &RuleBook,
    said: &[RuleStatement],
    off: &[SwitchedOff],
    least: Severity,
) -> TestSuite {
    let mut suite = TestSuite::new(name);
    for doc in book.iter_rules() {
        let own: Vec<&RuleStatement> = said.iter().filter(|said| said.rule == doc.id).collect();
        let off = off.iter().find(|off| off.rule == doc.id);
        let mut case = TestCase::new(doc.id.as_str(), case_status(&own, off, least));
        case.set_classname(format!("isoproof.{name}"));
        if !own.is_empty() {
            case.set_system_out(statement_lines(&own));
        }
        suite.add_test_case(case);
    }
    suite
}

fn case_status(
    said: &[&RuleStatement],
    off: Option<&SwitchedOff>,
    least: Severity,
) -> TestCaseStatus {
    if let Some(off) = off {
        let mut status = TestCaseStatus::skipped();
        status.set_message(format!("switched off: {}", make_visible(&off.reason)));
        return status;
    }
    let severe: Vec<&RuleStatement> =
        said.iter().copied().filter(|said| said.severity >= least).collect();
    match severe.first() {
        None => TestCaseStatus::success(),
        Some(first) => {
            failed_case(first.severity.word(), first.message.into(), statement_lines(&severe))
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
