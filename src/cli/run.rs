//! `isoproof run`: the whole job with what the machine offers: check the machine, collect, build,
//! say what it shows.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use super::console::{Console, count_words};
use super::expectations::{any_fails, expectation_lines};
use super::styled::{StyledLine, StyledText, TextStyle};
use super::{build, check, collect, diff, doctor, summary};
use crate::engine::EngineKind;
use crate::error::{self, Error, Result};
use crate::judge::ExpectationResult;
use crate::project::{CONFIG, Project};
use crate::report::Assessment;
use crate::site::BuiltReport;
use crate::store::reference::LATEST;

#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct RunArguments {
    #[command(flatten)]
    capture: collect::CollectArguments,
    #[command(flatten)]
    output: build::ReportOutput,
}

/// Does it all, and says what the run shows and where the report is.
pub(super) fn run_everything(
    project: &Project,
    arguments: &RunArguments,
    console: &Console,
) -> Result<ExitCode> {
    if arguments.capture.is_in_cluster() {
        return Err(Error::unusable_input("`run` is about this machine").with_help(
            "collect with `isoproof collect --engine kubernetes`, then `isoproof build`",
        ));
    }
    if let Some(target) = &arguments.output.target {
        arguments.capture.check_target(target)?;
    }
    if arguments.capture.quick {
        if let Some(option) = arguments.output.first_option() {
            let words = format!("{option} is about the report, and --quick makes none");
            return Err(Error::unusable_input(words).with_help("leave one of the two out"));
        }
    } else {
        // A session takes long, and its report would not be made.
        project.refuse_missing_chapters()?;
        let edition = arguments.capture.edition_name();
        build::build_options(project, LATEST, edition, &arguments.output)?
            .refuse_taken_places(project)?;
        if project.config.run != LATEST {
            console.print_note(&format!(
                "{CONFIG} says run = \"{}\": this report is about the new run, and the next \
                 isoproof build makes that of {} again",
                project.config.run, project.config.run
            ));
        }
    }
    let needs_engine = !arguments.capture.asks_for_nothing();
    doctor::print_problems(&arguments.capture.doctor_options(), needs_engine, console)?;
    let Some(captured) = capture_if_possible(project, &arguments.capture, console)? else {
        return Ok(ExitCode::from(collect::STOPPED));
    };
    if arguments.capture.quick {
        let expectations = captured.assessment.judge_expectations()?;
        console.print_prose(&quick_summary(&captured.assessment, &expectations)?)?;
        return Ok(captured.exit_code(any_fails(&expectations)));
    }
    let run = &captured.assessment.run;
    let built = build::build_and_warn(
        project,
        &run.id,
        arguments.capture.edition_name(),
        &arguments.output,
        console,
    );
    let built = match built {
        Ok(built) => built,
        Err(error) => {
            // What was captured is there, and what it shows need not wait for its report.
            let expectations = captured.assessment.judge_expectations()?;
            console.print_prose(&quick_summary(&captured.assessment, &expectations)?)?;
            return Err(error);
        }
    };
    let since = diff::changes_since_last(project, &captured.assessment)?;
    let expectations = built.assessment.judge_expectations()?;
    console.print_prose(&run_summary(&built, &expectations, since, project)?)?;
    Ok(captured.exit_code(any_fails(&expectations)))
}

/// Captures with the engine that is there. Where one is there and cannot be used (no image, no
/// permission), and nobody asked for it, plain namespaces still give a baseline.
fn capture_if_possible(
    project: &Project,
    arguments: &collect::CollectArguments,
    console: &Console,
) -> Result<Option<collect::CapturedRun>> {
    match collect::capture_run(project, arguments, console) {
        Err(error)
            if error.kind == error::ErrorKind::Environment && arguments.asks_for_nothing() =>
        {
            console.print_note(doctor::NO_ENGINE);
            let help = error.help.map(|help| format!("; {help}")).unwrap_or_default();
            console.print_detail(&format!("{}{help}", error.message));
            collect::capture_run(project, &arguments.with_engine(EngineKind::Builtin), console)
        }
        captured => captured,
    }
}

/// The verdicts, what is wrong with the evidence, and what was expected.
fn quick_summary(
    assessment: &Assessment,
    expectations: &[ExpectationResult],
) -> Result<StyledText> {
    let mut out = check::verdict_lines(assessment);
    out.push_blank();
    out.push_line(check::findings_tally(assessment));
    if !expectations.is_empty() {
        out.push_blank();
        out.append_text(expectation_lines(expectations));
    }
    out.push_blank();
    out.append_text(summary::runtime_table(assessment)?);
    Ok(out)
}

fn run_summary(
    built: &BuiltReport,
    expectations: &[ExpectationResult],
    since: Option<StyledText>,
    project: &Project,
) -> Result<StyledText> {
    let run = &built.assessment.run;
    let label = run.label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
    let mut out = StyledText::default();
    out.push_line(
        StyledLine::begin_styled(TextStyle::Strong, &format!("Run {}", run.id)).and_text(&label),
    );
    out.push_blank();
    out.append_text(check::verdict_lines(&built.assessment));
    out.push_blank();
    out.push_line(check::findings_tally(&built.assessment));
    out.push_blank();
    if !expectations.is_empty() {
        out.append_text(expectation_lines(expectations));
        out.push_blank();
    }
    if let Some(since) = since {
        out.append_text(since);
        out.push_blank();
    }
    let site = shown_path(&built.out.join("index.html"), project);
    let document = built.document.iter();
    let mut places: Vec<Vec<StyledLine>> =
        document.map(|path| vec!["Submission".into(), shown_path(path, project).into()]).collect();
    places
        .push(vec!["Site".into(), format!("{site} ({})", count_words(built.pages, "page")).into()]);
    out.push_columns(places);
    out.push_blank();
    out.append_text(summary::runtime_table(&built.assessment)?);
    Ok(out)
}

fn shown_path(path: &Path, project: &Project) -> String {
    let here = std::env::current_dir().unwrap_or_else(|_| project.root.clone());
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}
