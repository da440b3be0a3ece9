//! Verdicts and findings as JUnit XML, the form in which CI systems list tests.
//!
//! A rule is a test: it fails on a finding of the level that `--fail-on` names (errors, unless it
//! says otherwise), is skipped where the project switched it off, and passes else, with what it
//! found as its output. A target is a test too: one that did not start was skipped, one whose
//! facts exclude each other failed.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::error::{Error, Result};
use crate::judge::{Conclusion, Finding, Severity, Verdict};
use crate::report::Subject;

/// The report of one run.
///
/// # Errors
///
/// It cannot be written as XML.
pub fn report(subject: &Subject, least: Severity) -> Result<String> {
    let mut report = Report::new(format!("isoproof {}", subject.run.id));
    let mut verdicts = TestSuite::new("verdicts");
    for verdict in &subject.judgement.verdicts {
        verdicts.add_test_case(target(subject, verdict));
    }
    let mut rules = TestSuite::new("rules");
    for doc in subject.shelf.rules.iter() {
        let own = subject.judgement.findings.iter().filter(|finding| finding.rule == doc.id);
        let mut case = TestCase::new(doc.id.as_str(), status(subject, &doc.id, own.clone(), least));
        case.set_classname("isoproof.rules");
        let said: Vec<String> = own.map(line).collect();
        if !said.is_empty() {
            case.set_system_out(said.join("\n"));
        }
        rules.add_test_case(case);
    }
    report.add_test_suites([verdicts, rules]);
    report.to_string().map(|text| text + "\n").map_err(|error| {
        Error::environment(format!("cannot write the findings as JUnit XML: {error}"))
    })
}

fn target(subject: &Subject, verdict: &Verdict) -> TestCase {
    let title = &subject.shelf.words[verdict.conclusion.id()].title;
    let status = match verdict.conclusion {
        Conclusion::NotTested => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(verdict.failure.clone().unwrap_or_else(|| title.clone()));
            status
        }
        Conclusion::Contradictory => failure("contradictory", title.clone(), String::new()),
        _ => TestCaseStatus::success(),
    };
    let mut case = TestCase::new(verdict.target.as_str(), status);
    case.set_classname("isoproof.verdicts");
    let why = match verdict.reason {
        Some(reason) => subject.shelf.reasons[reason.id()].clone(),
        None => {
            format!("{} confidence, {}", verdict.confidence.word(), verdict.because.join(", "))
        }
    };
    case.set_system_out(format!("{title}: {why}"));
    case
}

fn status<'a>(
    subject: &Subject,
    rule: &str,
    findings: impl Iterator<Item = &'a Finding>,
    least: Severity,
) -> TestCaseStatus {
    if let Some(off) = subject.judgement.switched_off.iter().find(|off| off.rule == rule) {
        let mut status = TestCaseStatus::skipped();
        status.set_message(format!("switched off: {}", off.reason));
        return status;
    }
    let severe: Vec<&Finding> = findings.filter(|finding| finding.severity >= least).collect();
    match severe.first() {
        None => TestCaseStatus::success(),
        Some(first) => {
            let all: Vec<String> = severe.iter().map(|finding| line(finding)).collect();
            failure(first.severity.word(), first.message.clone(), all.join("\n"))
        }
    }
}

fn failure(kind: &str, message: String, text: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(kind).set_message(message).set_description(text);
    status
}

/// A finding with its places.
fn line(finding: &Finding) -> String {
    let places: Vec<String> = finding.places().into_iter().map(super::place_text).collect();
    let at = if places.is_empty() { String::new() } else { format!(" ({})", places.join(", ")) };
    format!("{}: {}{at}", finding.severity.word(), finding.message)
}
