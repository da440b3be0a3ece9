//! `isoproof check`: verdicts and findings.

mod against;
mod junit;
mod sarif;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::console::{Console, count};
use super::report::Report;
use super::styled::{Style, StyledLine, StyledText};
use crate::error::{Error, Result};
use crate::judge::against::Pair;
use crate::judge::{Conclusion, Severity, SwitchedOff, Verdict};
use crate::project::Project;
use crate::report::{Shelf, Subject};
use crate::store::Store;
use crate::text::{uri_path, wrap};

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
    format: Form,
    /// The least severe finding, of the run or of the report, that makes the exit code 1
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "never")]
    fail_on: FailOn,
    /// Look for identifiers and samples that the run shares with others: runs, or folders of run
    /// files
    #[arg(long, value_name = "RUN", num_args = 1..)]
    against: Vec<String>,
}

/// The form of what `check` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// SARIF 2.1.0, for code hosts.
    Sarif,
    /// JUnit XML, for CI systems.
    Junit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Never,
}

/// Prints verdicts and findings.
pub fn run(project: &Project, arguments: &Arguments, console: &Console) -> Result<ExitCode> {
    let is_compared = !arguments.against.is_empty();
    if is_compared && matches!(arguments.format, Form::Sarif | Form::Junit) {
        return Err(Error::input("--against is not part of the SARIF and JUnit forms")
            .help("ask for it with --format text or json"));
    }
    let shelf = Shelf::of(project)?;
    let store = Store::with(project, Arc::clone(&shelf.catalogue));
    let file = store.find(&arguments.run, &project.root)?;
    let subject = Subject::new(store.parse(&file)?, project.config.edition, &shelf)?;
    let pairs = against::pairs(project, &store, &subject.run, &arguments.against)?;
    console.warn_all(&store.warnings());
    let report = arguments.submission.as_deref();
    let report = report.map(|path| Report::check(project, path, &subject)).transpose()?;
    let least = match arguments.fail_on {
        FailOn::Error | FailOn::Never => Severity::Error,
        FailOn::Warning => Severity::Warning,
    };
    match arguments.format {
        Form::Json => {
            let pairs = is_compared.then_some(&pairs);
            console.print_json(&json_text(&subject, report.as_ref(), pairs))?;
        }
        Form::Text => {
            let mut text = text(&subject, report.as_ref());
            if is_compared {
                text.append(against::text(&pairs));
            }
            console.print(&text)?;
        }
        Form::Sarif => {
            // A run that lies elsewhere, or in the history, is named by where it would be.
            let default = || format!("data/runs/{}.json", subject.run.id);
            let uri = uri(project, &file.path).unwrap_or_else(default);
            let report = report.as_ref().map(|report| sarif::Reported {
                uri: report_uri(project, &report.file),
                checked: &report.checked,
            });
            let file = sarif::File { uri, text: &file.text };
            console.print_json(&sarif::log(&subject, &file, report.as_ref()))?;
        }
        Form::Junit => console.print_document(&junit::report(&subject, report.as_ref(), least)?)?,
    }
    if arguments.fail_on == FailOn::Never {
        return Ok(ExitCode::SUCCESS);
    }
    let of_run = subject.judgement.findings.iter().map(|finding| finding.severity);
    let of_report = report.iter().flat_map(|report| &report.checked.annotations);
    let mut severities = of_run.chain(of_report.filter_map(|annotation| annotation.severity));
    let is_found = severities.any(|severity| severity >= least);
    // What is shared with another run is as severe as a warning.
    let is_shared = least == Severity::Warning && pairs.iter().any(|pair| !pair.shared.is_empty());
    Ok(if is_found || is_shared { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// A file as code hosts know it: relative to the project; none if it is not inside.
fn uri(project: &Project, path: &Path) -> Option<String> {
    let (path, root) = (path.canonicalize().ok()?, project.root.canonicalize().ok()?);
    let inside = path.strip_prefix(root).ok()?;
    let parts: Vec<_> =
        inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    Some(uri_path(&parts.join("/")))
}

/// The report as code hosts know it; one that lies outside of the project as it was named.
fn report_uri(project: &Project, file: &str) -> String {
    uri(project, Path::new(file)).unwrap_or_else(|| {
        let scheme = if file.starts_with('/') { "file://" } else { "" };
        format!("{scheme}{}", uri_path(file))
    })
}

fn json_text(subject: &Subject, report: Option<&Report>, pairs: Option<&Vec<Pair>>) -> String {
    let mut value = json!({
        "run": subject.run.id,
        "verdicts": subject.judgement.verdicts,
        "findings": subject.judgement.findings,
        "switched_off": subject.judgement.switched_off,
        "timing": timing(subject),
    });
    if let Some(report) = report {
        value["submission"] = report.json();
    }
    if let Some(pairs) = pairs {
        value["against"] = json!(pairs);
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

fn text(subject: &Subject, report: Option<&Report>) -> StyledText {
    let mut out = StyledText::default();
    out.push(StyledLine::styled(Style::Strong, &format!("Run {}", subject.run.id)));
    out.push_blank();
    for (lines, verdict) in verdicts(subject).into_iter().zip(&subject.judgement.verdicts) {
        out.append(lines);
        push_verdict_details(subject, verdict, &mut out);
    }
    for finding in &subject.judgement.findings {
        let mark = StyledLine::styled(style(finding.severity), finding.severity.word());
        out.push_blank();
        out.push(mark.and(&format!("[{}]: {}", finding.rule, finding.message)));
        for place in finding.places() {
            out.push(format!("  at {}", place_text(place)));
        }
        out.push_wrapped("  ", &finding.help, 74);
    }
    out.append(off_lines(&subject.judgement.switched_off));
    out.push_blank();
    out.push(tally(subject));
    if let Some(report) = report {
        out.push_blank();
        out.append(report.text());
    }
    out
}

/// A paragraph for each rule that is switched off, with the reason.
pub fn off_lines(rules: &[SwitchedOff]) -> StyledText {
    let mut out = StyledText::default();
    for off in rules {
        let mark = StyledLine::styled(Style::Faint, "off");
        let n = count(off.findings, "finding");
        out.push_blank();
        out.push(mark.and(&format!("[{}]: {n} not shown: {}", off.rule, off.reason)));
    }
    out
}

/// A place in the evidence.
pub fn place_text(source: &crate::model::Source) -> String {
    let line = source.line.map(|line| format!(":{line}")).unwrap_or_default();
    format!("{}{line}", source.capture)
}

/// What is concluded for each target, how sure it is, and why.
pub fn verdict_lines(subject: &Subject) -> StyledText {
    let mut out = StyledText::default();
    verdicts(subject).into_iter().for_each(|lines| out.append(lines));
    out
}

/// The lines of each verdict: the conclusion, then what it rests on.
fn verdicts(subject: &Subject) -> Vec<StyledText> {
    let verdicts = &subject.judgement.verdicts;
    let mut heads = StyledText::default();
    heads.push_columns(verdicts.iter().map(|verdict| verdict_row(subject, verdict)).collect());
    let block = |(head, verdict): (StyledLine, &Verdict)| {
        let mut lines = StyledText::from(head);
        let decided = || format!("decided by: {}", verdict.because.join(", "));
        push_indented(&why(subject, verdict).unwrap_or_else(decided), &mut lines);
        lines
    };
    heads.into_lines().into_iter().zip(verdicts).map(block).collect()
}

fn verdict_row(subject: &Subject, verdict: &Verdict) -> Vec<StyledLine> {
    let title = &subject.shelf.words[verdict.conclusion.id()].title;
    let style = match verdict.conclusion {
        Conclusion::Contradictory | Conclusion::NotTested => Style::Bad,
        Conclusion::Inconclusive => Style::Doubtful,
        _ => Style::Good,
    };
    let sure = match why(subject, verdict) {
        Some(_) => String::new(),
        None => format!("{} confidence", verdict.confidence.word()),
    };
    vec![format!("  {}", verdict.target).into(), StyledLine::styled(style, title), sure.into()]
}

/// Why nothing is concluded.
fn why(subject: &Subject, verdict: &Verdict) -> Option<String> {
    let reason = verdict.reason.map(|reason| subject.shelf.reasons[reason.id()].clone());
    verdict.failure.clone().or(reason)
}

/// Words below a verdict, in lines that fit a terminal.
fn push_indented(words: &str, out: &mut StyledText) {
    let indents = std::iter::once(4).chain(std::iter::repeat(6));
    for (line, indent) in wrap(words, 72).iter().zip(indents) {
        out.push(format!("{:indent$}{line}", ""));
    }
}

/// The facts on either side of a verdict, those left out, and those that would settle it.
fn push_verdict_details(subject: &Subject, verdict: &Verdict, out: &mut StyledText) {
    let mut say = |what: &str, facts: &[String]| {
        if !facts.is_empty() {
            push_indented(&format!("{what}: {}", facts.join(", ")), out);
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
}

/// How many findings of each severity there are.
pub fn tally(subject: &Subject) -> StyledLine {
    let of = |severity: Severity| {
        let n = subject.judgement.findings.iter().filter(|f| f.severity == severity).count();
        let text = count(n, severity.word());
        if n > 0 { StyledLine::styled(style(severity), &text) } else { text.into() }
    };
    let off = match subject.judgement.switched_off.len() {
        0 => String::new(),
        n => format!("; {} switched off", count(n, "rule")),
    };
    StyledLine::from("Findings: ")
        .and_line(of(Severity::Error))
        .and(", ")
        .and_line(of(Severity::Warning))
        .and(", ")
        .and_line(of(Severity::Note))
        .and(&off)
}

fn style(severity: Severity) -> Style {
    match severity {
        Severity::Error => Style::Bad,
        Severity::Warning => Style::Doubtful,
        Severity::Note => Style::Faint,
    }
}
