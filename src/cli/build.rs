//! `isoproof build`: the site, and the document of an edition.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::closed_lists::{FOR_A_COURSE, edition_parser};
use super::console::{Console, count_words};
use crate::error::{Error, Result};
use crate::project::Project;
use crate::site::{self, BuiltReport};

#[derive(Debug, Args)]
pub(super) struct BuildArguments {
    /// The run that the report is about; by default that of book.toml, else the latest
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// Make the submission of this edition too; by default of that of book.toml
    #[arg(long, value_parser = edition_parser(), help_heading = FOR_A_COURSE)]
    edition: Option<String>,
    #[command(flatten)]
    output: ReportOutput,
}

/// Where the report goes, and what it must not lack.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct ReportOutput {
    /// The folder of the site; by default that of book.toml, else public
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The file of the submission; by default that of book.toml, else submission.md
    #[arg(long, value_name = "FILE", help_heading = FOR_A_COURSE)]
    submission: Option<PathBuf>,
    /// The runtime that the report compares with the baseline; by default that of book.toml, else
    /// the first, or for an edition the one that it asks for, else that with the strongest boundary
    #[arg(long, value_name = "NAME")]
    pub target: Option<String>,
    /// Fail if a text needs a fact that is not captured
    #[arg(long)]
    strict: bool,
}

impl ReportOutput {
    pub(super) fn first_option(&self) -> Option<&'static str> {
        let given = [
            ("--out", self.out.is_some()),
            ("--submission", self.submission.is_some()),
            ("--target", self.target.is_some()),
            ("--strict", self.strict),
        ];
        given.into_iter().find_map(|(option, is_given)| is_given.then_some(option))
    }
}

/// Builds, and prints the paths of submission and site.
pub(super) fn run_build(
    project: &Project,
    arguments: &BuildArguments,
    console: &Console,
) -> Result<ExitCode> {
    let run = arguments.run.as_deref().unwrap_or(&project.config.run);
    let edition = arguments.edition.as_deref();
    let built = build_and_warn(project, run, edition, &arguments.output, console)?;
    if let Some(document) = &built.document {
        console.print_line(document.display().to_string())?;
    }
    console.print_line(built.out.join("index.html").display().to_string())?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn build_options(
    project: &Project,
    run: &str,
    edition: Option<&str>,
    output: &ReportOutput,
) -> Result<site::BuildOptions> {
    if output.submission.is_some() && edition.is_none() && project.config.edition.is_none() {
        return Err(Error::unusable_input("a submission answers an edition of the lab")
            .with_help("name one: --edition f25, or edition = \"f25\" in book.toml"));
    }
    Ok(site::BuildOptions {
        run: run.to_string(),
        out: output.out.clone(),
        edition: edition.map(String::from),
        document: output.submission.clone(),
        target: output.target.clone(),
        strict: output.strict,
        is_temporary: false,
    })
}

pub(super) fn build_and_warn(
    project: &Project,
    run: &str,
    edition: Option<&str>,
    output: &ReportOutput,
    console: &Console,
) -> Result<BuiltReport> {
    let options = build_options(project, run, edition, output)?;
    let built = site::build_report(project, &options)?;
    console.warn_all(&built.notices);
    tell_missing(&built.warnings, console);
    if let Some(error) = &built.cache_error {
        console.print_detail(&format!("the next build has to make every page again: {error}"));
    }
    Ok(built)
}

/// Says what the texts lack: how much of it, and what to those who asked for more.
pub(super) fn tell_missing(warnings: &[String], console: &Console) {
    if !warnings.is_empty() {
        let what = count_words(warnings.len(), "fact");
        let more = if console.is_verbose() { "" } else { "; -v lists them" };
        console.print_warning(&format!("{what} shown as not captured{more}"));
    }
    for warning in warnings {
        console.print_detail(warning);
    }
}
