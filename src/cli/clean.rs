//! `isoproof clean`: remove what killed processes left.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::cluster::AddressArguments;
use super::console::{Console, count_words};
use crate::cluster::{self, ClusterClient};
use crate::engine::{EngineKind, clean, interrupt};
use crate::error::{Error, Result};
use crate::owner;
use crate::project::Project;
use crate::{atomic, collect, publish, site};

/// How long pods that are deleted may take to go.
const REMOVAL: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(super) struct CleanArguments {
    /// Remove pods of a cluster instead: those whose session is over
    #[arg(long, value_name = "ENGINE", value_parser = [cluster::ENGINE])]
    engine: Option<String>,
    #[command(flatten)]
    address: AddressArguments,
}

/// Removes the pods of a namespace whose session is over. Fails if one of them stays.
fn clean_cluster(arguments: &CleanArguments, console: &Console) -> Result<ExitCode> {
    let cancel = interrupt::listen_for_signals()?;
    let client = ClusterClient::connect(&arguments.address.address(), &cancel)?;
    let swept = cluster::remove_orphan_pods(&client, REMOVAL)?;
    if swept.removed.is_empty() && swept.left.is_empty() {
        console.print_line(format!("nothing to remove in namespace {}", client.namespace()))?;
    }
    for name in &swept.removed {
        console.print_line(format!("removed pod {name}"))?;
    }
    if swept.in_use > 0 {
        let pods = count_words(swept.in_use, "pod");
        console.print_line(format!("left alone: {pods} of sessions that may run"))?;
    }
    let mut code = ExitCode::SUCCESS;
    for what in swept.left {
        let error = Error::failed_environment(format!("cannot remove {what}"))
            .with_help("look at its node with `kubectl describe`, and try again when it is back");
        code = super::report_failure(&error, console);
    }
    Ok(code)
}

/// Removes what killed processes left, under every engine, in the project and among the temporary
/// files. Says what, and fails if something of it cannot be removed.
pub(super) fn run_clean(
    project: &Project,
    arguments: &CleanArguments,
    console: &Console,
) -> Result<ExitCode> {
    if arguments.engine.is_some() {
        return clean_cluster(arguments, console);
    }
    arguments.address.refuse_for_machine()?;
    let mut results: Vec<Result<String>> = Vec::new();
    let mut noted = Vec::new();
    for &engine in EngineKind::ALL {
        let swept = clean::remove_orphans(engine, None);
        results.extend(swept.removed.into_iter().map(Ok));
        noted.extend(swept.noted);
        results.extend(swept.left.into_iter().map(|what| {
            Err(Error::failed_environment(format!("cannot remove {what}"))
                .with_help("look into the log of the engine, and try again when it answers"))
        }));
    }
    for prefix in [collect::SHARED_FOLDER, cluster::FOLDER] {
        results.extend(owner::remove_leftover_folders(prefix).into_iter().map(Ok));
    }
    results.extend(publish::remove_leftovers());
    results.extend(site::remove_leftovers(project));
    for folder in written_folders(project) {
        for path in atomic::remove_leftovers(&folder) {
            results.push(Ok(format!("half-written file {}", path.display())));
        }
    }
    noted.sort();
    noted.dedup();
    if results.is_empty() {
        console.print_line("nothing to remove")?;
    }
    let mut code = ExitCode::SUCCESS;
    for result in &results {
        match result {
            Ok(what) => console.print_line(format!("removed {what}"))?,
            Err(error) => code = super::report_failure(error, console),
        }
    }
    if let Some(first) = noted.first() {
        let count = noted.len();
        console.print_line(format!(
            "left alone: {count} empty control {}, as Kata leaves after every run, such as {first}",
            if count == 1 { "group" } else { "groups" }
        ))?;
    }
    Ok(code)
}

/// The folders of a project that a command writes files into.
fn written_folders(project: &Project) -> Vec<PathBuf> {
    let document = project.root.join(&project.config.document);
    let mut folders = vec![
        project.root.clone(),
        project.root.join(".github/workflows"),
        project.chapters_dir(),
        project.chapters_dir().join("notes"),
        project.data_dir(),
        project.runs_dir(),
        project.private_dir(),
        project.private_dir().join("sites"),
    ];
    folders.extend(document.parent().map(PathBuf::from));
    folders.sort();
    folders.dedup();
    folders
}
