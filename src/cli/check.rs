//! `isoproof check`: verdicts and findings.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::console::{Console, Format, Ink, columns, count};
use super::report::Report;
use crate::error::Result;
use crate::judge::{Conclusion, Severity, Verdict};
use crate::project::Project;
use crate::report::{Shelf, Subject};
use crate::store::Store;

/// The arguments of `check`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The run
    #[arg(value_name = "RUN", default_value = "latest")]
    run: String,
    /// Hold this hand-written report (Markdown) against the run too
    #[arg(long, value_name = "FILE")]
    submission: Option<PathBuf>,
    /// The form of the output
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The least severe finding, of the run or of the report, that makes the exit code 1
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "never")]
    fail_on: FailOn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Never,
}

/// Prints verdicts and findings.
pub fn run(project: &Project, arguments: &Arguments, console: &Console) -> Result<ExitCode> {
    let shelf = Shelf::of(project)?;
    let loaded = Store::of(project)?.load(&arguments.run, &project.root)?;
    let subject = Subject::new(loaded, project.config.edition, &shelf)?;
    let report = arguments.submission.as_deref();
    let report = report.map(|path| Report::check(project, path, &subject)).transpose()?;
    console.print(&match arguments.format {
        Format::Json => json_text(&subject, report.as_ref()),
        Format::Text => text(&subject, report.as_ref(), console),
    })?;
    let least = match arguments.fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
        FailOn::Never => return Ok(ExitCode::SUCCESS),
    };
    let of_run = subject.judgement.findings.iter().map(|finding| finding.severity);
    let of_report = report.iter().flat_map(|report| &report.annotations);
    let mut severities = of_run.chain(of_report.filter_map(|annotation| annotation.severity));
    let found = severities.any(|severity| severity >= least);
    Ok(if found { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn json_text(subject: &Subject, report: Option<&Report>) -> String {
    let mut value = json!({
        "run": subject.run.id,
        "verdicts": subject.judgement.verdicts,
        "findings": subject.judgement.findings,
        "timing": timing(subject),
    });
    if let Some(report) = report {
        value["submission"] = report.json();
    }
    format!("{value:#}\n")
}

/// What the times say: whether they may be believed, and every comparison with the baseline.
fn timing(subject: &Subject) -> serde_json::Value {
    let timing = &subject.timing;
    json!({
        "withheld": timing.is_withheld(),
        "margin": timing.margin(),
        "controls": timing.controls(),
        "measures": timing.measures(&subject.run),
    })
}

fn text(subject: &Subject, report: Option<&Report>, console: &Console) -> String {
    let heading = console.paint(Ink::Strong, &format!("Run {}", subject.run.id));
    let mut out = format!("{heading}\n\n");
    let lines = verdict_lines(subject, console);
    for (line, verdict) in lines.lines().zip(&subject.judgement.verdicts) {
        out.push_str(&format!("{line}\n{}", verdict_details(subject, verdict)));
    }
    for finding in &subject.judgement.findings {
        let mark = console.paint(ink(finding.severity), finding.severity.word());
        out.push_str(&format!("\n{mark}[{}]: {}\n", finding.rule, finding.message));
        for place in finding.evidence.iter().filter_map(|place| place.source.as_ref()) {
            out.push_str(&format!("  at {}\n", place_text(place)));
        }
        for line in wrap(&finding.help.replace('\n', " "), 72) {
            out.push_str(&format!("  {line}\n"));
        }
    }
    out.push_str(&format!("\n{}\n", tally(subject, console)));
    if let Some(report) = report {
        out.push_str(&format!("\n{}", report.text(console)));
    }
    out
}

/// A place in the evidence.
pub fn place_text(source: &crate::model::Source) -> String {
    let line = source.line.map(|line| format!(":{line}")).unwrap_or_default();
    crate::text::visible(&format!("{}{line}", source.capture))
}

/// One line for each target: what is concluded and how sure it is.
pub fn verdict_lines(subject: &Subject, console: &Console) -> String {
    let verdicts = subject.judgement.verdicts.iter();
    columns(&verdicts.map(|verdict| verdict_row(subject, verdict, console)).collect::<Vec<_>>())
}

fn verdict_row(subject: &Subject, verdict: &Verdict, console: &Console) -> Vec<String> {
    let title = &subject.shelf.words[verdict.conclusion.id()].title;
    let ink = match verdict.conclusion {
        Conclusion::Contradictory | Conclusion::NotTested => Ink::Bad,
        Conclusion::Inconclusive => Ink::Doubtful,
        _ => Ink::Good,
    };
    let reason = verdict.reason.map(|reason| subject.shelf.reasons[reason.id()].as_str());
    let because = match (&verdict.failure, reason) {
        (Some(words), _) => crate::text::visible(words),
        (None, Some(reason)) => reason.to_string(),
        (None, None) => {
            format!("{} confidence: {}", verdict.confidence.word(), verdict.because.join(", "))
        }
    };
    vec![format!("  {}", verdict.target), console.paint(ink, title), because]
}

/// The facts on either side of a verdict, those left out, and those that would settle it.
fn verdict_details(subject: &Subject, verdict: &Verdict) -> String {
    let mut out = String::new();
    let mut say = |what: &str, facts: &[String]| {
        if !facts.is_empty() {
            for (index, line) in
                wrap(&format!("{what}: {}", facts.join(", ")), 72).iter().enumerate()
            {
                let indent = if index == 0 { 4 } else { 6 };
                out.push_str(&format!("{:indent$}{line}\n", ""));
            }
        }
    };
    if verdict.reason.is_some() {
        say("for a separate kernel or a shared one", &verdict.because);
    }
    say("agrees", &verdict.agrees);
    say("against", &verdict.against);
    let ignored: Vec<String> = verdict
        .ignored
        .iter()
        .map(|ignored| format!("{} ({})", ignored.fact, subject.shelf.reasons[ignored.reason.id()]))
        .collect();
    say("not counted", &ignored);
    say("would settle it", &verdict.would_settle);
    out
}

/// How many findings of each severity there are.
pub fn tally(subject: &Subject, console: &Console) -> String {
    let of = |severity: Severity| {
        let n = subject.judgement.findings.iter().filter(|f| f.severity == severity).count();
        let text = count(n, severity.word());
        if n > 0 { console.paint(ink(severity), &text) } else { text }
    };
    format!("Findings: {}, {}, {}", of(Severity::Error), of(Severity::Warning), of(Severity::Note))
}

fn ink(severity: Severity) -> Ink {
    match severity {
        Severity::Error => Ink::Bad,
        Severity::Warning => Ink::Doubtful,
        Severity::Note => Ink::Faint,
    }
}

/// Words in lines of at most `width` characters.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines
}
