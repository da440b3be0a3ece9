//! `isoproof publish`: the site on a branch of a remote.

use std::process::ExitCode;

use clap::Args;

use super::build;
use super::console::{Console, count_words};
use crate::error::Result;
use crate::project::Project;
use crate::publish::{self, BranchChanges, PublishOptions};
use crate::site;

#[derive(Debug, Args)]
#[command(after_help = "The work tree and the index are not touched. Files of the branch that \
                        isoproof did not put there stay; a change that somebody made in the \
                        others is undone only with --replace.\n\nExamples:\n  isoproof publish --dry-run\n  \
                        isoproof publish --remote git@github.com:you/report.git\n\nThen choose the \
                        branch in the settings of the repository, under Pages.")]
pub(super) struct PublishArguments {
    /// The remote: its name in git, its address or its path; by default origin
    #[arg(long, value_name = "REMOTE")]
    remote: Option<String>,
    /// The branch
    #[arg(long, default_value = "gh-pages")]
    branch: String,
    /// The run that the report is about; by default that of book.toml, else the latest
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// The runtime that the report compares with the baseline; by default the one that build takes
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// Do everything but push, and say what would change
    #[arg(long)]
    dry_run: bool,
    /// Publish although the run has findings of severity error
    #[arg(long)]
    force: bool,
    /// Publish although the site shows identifiers of persons or machines
    #[arg(long)]
    with_identifiers: bool,
    /// Undo what somebody changed in files of the site. A branch that holds something else is
    /// replaced, and only CNAME and .nojekyll stay
    #[arg(long)]
    replace: bool,
}

pub(super) fn run_publish(
    project: &Project,
    arguments: &PublishArguments,
    console: &Console,
) -> Result<ExitCode> {
    let options = PublishOptions {
        remote: arguments.remote.clone(),
        branch: arguments.branch.trim_start_matches("refs/heads/").into(),
        dry_run: arguments.dry_run,
        force: arguments.force,
        with_identifiers: arguments.with_identifiers,
        replace: arguments.replace,
    };
    let run = arguments.run.clone().unwrap_or_else(|| project.config.run.clone());
    let target = arguments.target.clone();
    let wanted = site::BuildOptions { run, target, ..site::BuildOptions::default() };
    let published =
        publish::publish_site(project, &wanted, &options, &mut |text| console.print_detail(text))?;
    console.warn_all(&published.notices);
    build::tell_missing(&published.warnings, console);
    let place = format!("{} of {}", options.branch, published.remote);
    let Some(commit) = &published.commit else {
        console.print_note(&format!("{place} already holds the report on run {}", published.run));
        return Ok(ExitCode::SUCCESS);
    };
    let what = describe_changes(&published.changes);
    if options.dry_run || options.replace {
        let would = if options.dry_run { "would be removed" } else { "removed" };
        for name in &published.changes.removed {
            console.print_note(&format!("{name}: {would} from {}", options.branch));
        }
    }
    let did = if options.dry_run { "would publish" } else { "published" };
    console.print_note(&format!("{did} the report on run {} to {place}: {what}", published.run));
    console.print_line(commit.as_str())?;
    Ok(ExitCode::SUCCESS)
}

fn describe_changes(changes: &BranchChanges) -> String {
    format!(
        "{} added, {} changed, {} removed",
        count_words(changes.added, "file"),
        changes.changed,
        changes.removed.len()
    )
}
