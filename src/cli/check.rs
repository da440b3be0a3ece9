//! `isoproof check`: verdicts and findings.

mod against;
mod junit;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::closed_lists::FOR_A_COURSE;
use super::console::{Console, count_words};
use super::expectations::{any_fails, describe_result, expectation_lines};
use super::fleet::{self, FleetForm};
use super::report::{CheckedReport, off_lines};
use super::styled::{StyledLine, StyledText, TextStyle, severity_style};

use super::file_uris::{planned_uri, report_uri, repository_uri};
use super::{sarif, summary};
use crate::error::{Error, Result};
use crate::judge::against::RunPair;
use crate::judge::{Conclusion, ExpectationResult, Severity, UndecidedReason, Verdict};
use crate::model::{FactId, Role, Run};
use crate::project::{CONFIG, Project};
use crate::report::{Assessment, ProjectData, comparison};
use crate::store::RunStore;
use crate::store::fleets::FleetStore;
use crate::store::reference::{LATEST, RunReference, split_fleet_reference};
use crate::text::{make_visible, wrap_words};

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// The run, or a fleet: fleet:latest
    #[arg(value_name = "RUN", default_value = "latest")]
    run: String,
    /// Also check this hand-written submission (Markdown) against the run
    #[arg(long, value_name = "FILE", help_heading = FOR_A_COURSE)]
    submission: Option<PathBuf>,
    /// The form of the output
    #[arg(long, value_enum, default_value = "text")]
    format: CheckFormat,
    /// Print one line for each runtime and nothing else: boundary, confidence, start-up
    #[arg(long, conflicts_with_all = ["format", "against", "submission"])]
    summary: bool,
    /// The folder that the evidence was imported from: SARIF points into it, not into the run file
    #[arg(long, value_name = "DIR")]
    evidence: Option<PathBuf>,
    /// The least severe finding, of the run or of the report, that makes the exit code 1
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "never")]
    fail_on: LeastFailing,
    /// Look for identifiers and samples that the run shares with others: runs, or folders of run
    /// files
    #[arg(long, value_name = "RUN", num_args = 1..)]
    against: Vec<String>,
}

/// The form of what `check` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// Markdown, for a comment on a pull request or the summary of a job.
    Markdown,
    /// SARIF 2.1.0, for code hosts.
    Sarif,
    /// JUnit XML, for CI systems.
    Junit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LeastFailing {
    Error,
    Warning,
    Never,
}

pub(super) fn run_check(
    project: &Project,
    arguments: &CheckArguments,
    console: &Console,
) -> Result<ExitCode> {
    let is_compared = !arguments.against.is_empty();
    if let Some(name) = split_fleet_reference(&arguments.run) {
        return check_fleet(project, name, arguments, console);
    }
    if is_compared && !matches!(arguments.format, CheckFormat::Text | CheckFormat::Json) {
        return Err(Error::unusable_input("--against is part of the forms text and json alone")
            .with_help("ask for it with --format text or json"));
    }
    if let Some(folder) = &arguments.evidence {
        check_evidence_folder(folder, arguments.format)?;
    }
    let project_data = ProjectData::load_project(project)?;
    let store = RunStore::with_catalogue(project, Arc::clone(&project_data.catalogue));
    let mut file = store.find_run_file(&arguments.run, &project.root)?;
    let assessment = Arc::new(Assessment::new(store.load_file(&mut file)?, &project_data)?);
    let expectations = assessment.judge_expectations()?;
    let decides = arguments.summary || arguments.fail_on != LeastFailing::Never;
    if decides || !expectations.is_empty() {
        store.refuse_damaged_newer(&arguments.run, &assessment.run)?;
    }
    let (run, phrases) = (&assessment.run, &assessment.project_data.phrases.shared);
    let gates = arguments.fail_on != LeastFailing::Never;
    let pairs =
        against::compare_with_others(project, &store, run, &arguments.against, gates, phrases)?;
    console.warn_all(&store.store_warnings());
    let pinned = &project.config.run;
    if arguments.run == LATEST && pinned != LATEST {
        console.print_note(&format!(
            "{CONFIG} says run = \"{pinned}\": isoproof check {pinned} is about the run that \
             build and publish take"
        ));
    }
    let of_fleet = describe_fleet(project, run)?;
    // Whoever names a run means it; the latest is that of any node.
    let is_latest = matches!(RunReference::parse(&arguments.run), Ok(RunReference::Latest(_)));
    let is_any_node = of_fleet.is_some() && is_latest;
    match &of_fleet {
        Some(words) if is_any_node => console.print_warning(words),
        Some(words) => console.print_note(words),
        None => {}
    }
    let report = arguments.submission.as_deref();
    let report =
        report.map(|path| CheckedReport::check_file(project, path, &assessment)).transpose()?;
    let least = match arguments.fail_on {
        LeastFailing::Error | LeastFailing::Never => Severity::Error,
        LeastFailing::Warning => Severity::Warning,
    };
    match arguments.format {
        CheckFormat::Json => {
            let pairs = is_compared.then_some(&pairs);
            let json = json_text(&assessment, &expectations, report.as_ref(), pairs);
            console.print_json(&json)?;
        }
        CheckFormat::Text if arguments.summary => {
            console.print_text(&summary::runtime_lines(&assessment)?)?;
        }
        CheckFormat::Text => {
            let mut text = check_text(&assessment, &expectations, report.as_ref());
            if is_compared {
                text.append_text(against::shared_text(&pairs, phrases));
            }
            text.push_blank();
            text.append_text(summary::runtime_table(&assessment)?);
            console.print_prose(&text)?;
        }
        CheckFormat::Markdown => {
            let report = report.as_ref().map(CheckedReport::to_json);
            let templates = project.templates_dir();
            let markdown = comparison::check_markdown(&assessment, report.as_ref(), &templates)?;
            console.print_document(&markdown)?;
        }
        CheckFormat::Sarif => {
            // A run that lies elsewhere, or in the history, is named by where it would be.
            let planned = project.runs_dir().join(format!("{}.json", run.id));
            let uri = repository_uri(project, &file.path);
            let uri = uri.unwrap_or_else(|| planned_uri(project, &planned));
            let report = report.as_ref().map(|report| sarif::SarifReport {
                uri: report_uri(project, &report.file),
                checked: &report.checked,
            });
            let evidence = arguments.evidence.as_deref();
            let evidence =
                evidence.map(|folder| find_evidence(project, folder, run)).transpose()?;
            let config = planned_uri(project, &project.root.join(CONFIG));
            let file = sarif::SarifFile { uri, text: &file.text, evidence, config };
            let log = sarif::sarif_log(&assessment, &expectations, &file, report.as_ref());
            console.print_json(&log)?;
        }
        CheckFormat::Junit => {
            let report = junit::junit_report(&assessment, &expectations, report.as_ref(), least)?;
            console.print_document(&report)?;
        }
    }
    // An expectation says by itself what fails.
    if any_fails(&expectations) {
        // The lines on the runtimes say nothing of what was expected of them.
        if arguments.summary {
            for failed in expectations.iter().filter(|result| result.fails) {
                console.print_warning(&describe_result(failed));
            }
        }
        return Ok(ExitCode::from(1));
    }
    let of_run = assessment.judgement.findings.iter().map(|finding| finding.severity);
    let of_report = report.iter().flat_map(|report| &report.checked.annotations);
    let mut severities = of_run.chain(of_report.filter_map(|annotation| annotation.severity));
    let is_found = severities.any(|severity| severity >= least);
    // What is shared with another run is as severe as a warning.
    let is_shared = least == Severity::Warning && pairs.iter().any(|pair| !pair.shared.is_empty());
    if gates && (is_found || is_shared) {
        return Ok(ExitCode::from(1));
    }
    if decides && assessment.judgement.has_tested_nothing() {
        let words = format!("run {} tested no runtime, so it decides nothing", assessment.run.id);
        return Err(Error::unusable_input(words)
            .with_help("collect again and let the session end, or name another run"));
    }
    if (gates || !expectations.is_empty()) && is_any_node {
        let words =
            format!("run {} is that of one node, so it decides nothing about its fleet", run.id);
        return Err(Error::unusable_input(words)
            .with_help("name the fleet, fleet:latest, or a run by its id"));
    }
    if let Some(report) = report.as_ref().filter(|report| gates && report.says_nothing()) {
        let words = format!("{}: nothing in it could be compared with the run", report.file);
        return Err(Error::unusable_input(words)
            .with_help("is it the report? without --fail-on this is no error"));
    }
    let is_held = report.is_some() || is_compared;
    let is_met = expectations.iter().any(ExpectationResult::has_passed);
    if gates && !is_held && !is_met && tells_no_kernel(&assessment) {
        let words = format!(
            "run {} holds nothing that tells a runtime's kernel, so it decides nothing",
            assessment.run.id
        );
        return Err(Error::unusable_input(words).with_help(
            "name a run of which a verdict can be reached; of times, book.toml can expect a cost",
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// That a run is one of several of a fleet: what it shows is true of one node.
fn describe_fleet(project: &Project, run: &Run) -> Result<Option<String>> {
    let Some(node) = run.find_node() else { return Ok(None) };
    let list = FleetStore::open_project(project).list_fleets()?;
    let fleet = list.find_fleet_of(&run.id).filter(|fleet| fleet.nodes.len() > 1);
    Ok(fleet.map(|fleet| {
        format!(
            "this is about {} alone, one of {} of a fleet: isoproof check fleet:{} is about all",
            make_visible(node),
            count_words(fleet.nodes.len(), "node"),
            fleet.id
        )
    }))
}

/// Refuses a folder of evidence that is none, or that the form has no use for.
fn check_evidence_folder(folder: &Path, format: CheckFormat) -> Result<()> {
    if format != CheckFormat::Sarif {
        return Err(Error::unusable_input("--evidence is part of the form sarif alone")
            .with_help("ask for it with --format sarif"));
    }
    if !folder.is_dir() {
        let words = format!("--evidence: {} is no folder", folder.display());
        return Err(Error::unusable_input(words)
            .with_help("give the folder that the run was imported from"));
    }
    Ok(())
}

/// The folder that a run was imported from, with its path relative to the repository.
fn find_evidence<'a>(project: &Project, folder: &'a Path, run: &Run) -> Result<(&'a Path, String)> {
    let refuse = |what: String| {
        Err(Error::unusable_input(format!("--evidence: {} {what}", folder.display()))
            .with_help("give the folder that the run was imported from"))
    };
    let Some(uri) = repository_uri(project, folder) else {
        return refuse("lies outside of the repository, from where SARIF counts its paths".into());
    };
    if !run.captures.iter().any(|capture| sarif::is_file_of(folder, &capture.id)) {
        return refuse(format!("holds no file of run {}", run.id));
    }
    Ok((folder, uri))
}

/// Whether nothing was captured that could tell the kernel of any runtime, as in a run of times
/// alone.
fn tells_no_kernel(assessment: &Assessment) -> bool {
    let mut verdicts = assessment.judgement.verdicts.iter();
    verdicts.all(|verdict| {
        verdict.conclusion == Conclusion::NotTested
            || verdict.reason == Some(UndecidedReason::NothingDecides)
    })
}

/// Prints what a fleet shows, in the forms that a fleet has.
fn check_fleet(
    project: &Project,
    name: &str,
    arguments: &CheckArguments,
    console: &Console,
) -> Result<ExitCode> {
    let form = match arguments.format {
        CheckFormat::Text if arguments.summary => FleetForm::Summary,
        CheckFormat::Text => FleetForm::Text,
        CheckFormat::Json => FleetForm::Json,
        CheckFormat::Junit => FleetForm::Document(junit::fleet_report),
        CheckFormat::Sarif => FleetForm::Sarif,
        CheckFormat::Markdown => FleetForm::Markdown,
    };
    let of_runs = [
        ("--against", !arguments.against.is_empty()),
        ("--submission", arguments.submission.is_some()),
        ("--evidence", arguments.evidence.is_some()),
    ];
    if let Some(what) = of_runs.into_iter().find_map(|(what, is_given)| is_given.then_some(what)) {
        return Err(Error::unusable_input(format!("{what} is about a run, not about a fleet"))
            .with_help("`isoproof check --format json fleet:latest` names the run of each node"));
    }
    let wanted = fleet::FleetCheck {
        form,
        least: match arguments.fail_on {
            LeastFailing::Error => Some(Severity::Error),
            LeastFailing::Warning => Some(Severity::Warning),
            LeastFailing::Never => None,
        },
    };
    fleet::check_fleet(project, name, &wanted, console)
}

fn json_text(
    assessment: &Assessment,
    expectations: &[ExpectationResult],
    report: Option<&CheckedReport>,
    pairs: Option<&Vec<RunPair>>,
) -> String {
    let mut value = json!({
        "run": assessment.run.id,
        "verdicts": assessment.judgement.verdicts,
        "findings": assessment.judgement.findings,
        "switched_off": assessment.judgement.switched_off,
        "expectations": expectations,
        "timing": timing_json(assessment),
    });
    if let Some(report) = report {
        value["submission"] = report.to_json();
    }
    if let Some(pairs) = pairs {
        value["against"] = json!(pairs);
    }
    format!("{value:#}\n")
}

/// What the times say: whether they may be believed, and every comparison with the baseline.
fn timing_json(assessment: &Assessment) -> serde_json::Value {
    let timing = &assessment.timing;
    let baseline = assessment.role_target(Role::Baseline);
    let mut measures = Vec::new();
    for measure in timing.compared_measures(&assessment.run) {
        let targets: Vec<&str> = baseline.into_iter().chain([&*measure.target]).collect();
        let mut value = json!(measure);
        if measure.withheld.is_none() {
            value["doubted"] =
                json!(assessment.figure_obstacle(FactId::from_text(&measure.id), &targets));
        }
        measures.push(value);
    }
    json!({
        "withheld": timing.is_withheld(),
        "margin": timing.effective_margin(),
        "controls": timing.session_controls(),
        "measures": measures,
    })
}

fn check_text(
    assessment: &Assessment,
    expectations: &[ExpectationResult],
    report: Option<&CheckedReport>,
) -> StyledText {
    let mut out = StyledText::default();
    out.push_line(StyledLine::begin_styled(
        TextStyle::Strong,
        &format!("Run {}", assessment.run.id),
    ));
    out.push_blank();
    for (lines, verdict) in
        all_verdict_lines(assessment).into_iter().zip(&assessment.judgement.verdicts)
    {
        out.append_text(lines);
        push_verdict_details(assessment, verdict, &mut out);
    }
    for finding in &assessment.judgement.findings {
        let mark =
            StyledLine::begin_styled(severity_style(finding.severity), finding.severity.into_str());
        out.push_blank();
        out.push_line(mark.and_text(&format!("[{}]: {}", finding.rule, finding.message)));
        for place in finding.capture_places() {
            out.push_line(format!("  at {place}"));
        }
        out.push_wrapped("  ", &finding.help, 74);
    }
    out.append_text(off_lines(&assessment.judgement.switched_off));
    out.push_blank();
    out.push_line(findings_tally(assessment));
    if !expectations.is_empty() {
        out.push_blank();
        out.append_text(expectation_lines(expectations));
    }
    if let Some(report) = report {
        out.push_blank();
        out.append_text(report.to_text());
    }
    out
}

/// What is concluded for each target, how sure it is, and why.
pub(super) fn verdict_lines(assessment: &Assessment) -> StyledText {
    let mut out = StyledText::default();
    all_verdict_lines(assessment).into_iter().for_each(|lines| out.append_text(lines));
    out
}

/// The lines of each verdict: the conclusion, then what it rests on.
fn all_verdict_lines(assessment: &Assessment) -> Vec<StyledText> {
    let verdicts = &assessment.judgement.verdicts;
    let mut heads = StyledText::default();
    heads.push_columns(verdicts.iter().map(|verdict| verdict_row(assessment, verdict)).collect());
    let mut blocks = Vec::new();
    for (head, verdict) in heads.into_lines().into_iter().zip(verdicts) {
        let mut lines = StyledText::from(head);
        let words = undecided_reason(assessment, verdict)
            .unwrap_or_else(|| format!("decided by: {}", verdict.because.join(", ")));
        push_indented(&words, &mut lines);
        blocks.push(lines);
    }
    blocks
}

fn verdict_row(assessment: &Assessment, verdict: &Verdict) -> Vec<StyledLine> {
    let title = &assessment.project_data.words[verdict.conclusion.into_str()].title;
    let sure = match undecided_reason(assessment, verdict) {
        Some(_) => String::new(),
        None => format!("{} confidence", verdict.confidence.into_str()),
    };
    vec![
        format!("  {}", verdict.target).into(),
        StyledLine::begin_styled(summary::boundary_style(verdict), title),
        sure.into(),
    ]
}

fn undecided_reason(assessment: &Assessment, verdict: &Verdict) -> Option<String> {
    let reason =
        verdict.reason.map(|reason| assessment.project_data.reasons[reason.into_str()].clone());
    verdict.failure.clone().or(reason)
}

/// Words below a verdict, in lines that fit a terminal.
fn push_indented(words: &str, out: &mut StyledText) {
    let indents = std::iter::once(4).chain(std::iter::repeat(6));
    for (line, indent) in wrap_words(words, 72).iter().zip(indents) {
        out.push_line(format!("{:indent$}{line}", ""));
    }
}

/// The facts on either side of a verdict, those left out, and those that would settle it.
fn push_verdict_details(assessment: &Assessment, verdict: &Verdict, out: &mut StyledText) {
    let ignored: Vec<String> = verdict
        .ignored
        .iter()
        .map(|ignored| {
            format!(
                "{} ({})",
                ignored.fact,
                assessment.project_data.reasons[ignored.reason.into_str()]
            )
        })
        .collect();
    let undecided = if verdict.reason.is_some() { &verdict.because[..] } else { &[] };
    for (what, facts) in [
        ("for a separate kernel or a shared one", undecided),
        ("fits", &verdict.agrees),
        ("against", &verdict.against),
        ("not counted", &ignored),
        ("would settle it", &verdict.would_settle),
    ] {
        if !facts.is_empty() {
            push_indented(&format!("{what}: {}", facts.join(", ")), out);
        }
    }
}

pub(super) fn findings_tally(assessment: &Assessment) -> StyledLine {
    let mut line = StyledLine::from("Findings: ");
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let n = assessment.judgement.findings.iter().filter(|f| f.severity == severity).count();
        let text = count_words(n, severity.into_str());
        if severity != Severity::Error {
            line = line.and_text(", ");
        }
        line = match n {
            0 => line.and_text(&text),
            _ => line.and_styled(severity_style(severity), &text),
        };
    }
    let off = match assessment.judgement.switched_off.len() {
        0 => String::new(),
        n => format!("; {} switched off", count_words(n, "rule")),
    };
    line.and_text(&off)
}
