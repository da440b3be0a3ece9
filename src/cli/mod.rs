//! The command line: one file a command, each parses, calls, prints.
//!
//! Results go to standard output, everything else to standard error. Exit codes: 0 done; 1 done,
//! and something failed: an expectation, what `--fail-on` names, a runtime that was named and did
//! not start; 2 wrong use or unusable input; 3 the environment failed.

mod assessment;
mod build;
mod check;
mod clean;
mod closed_lists;
mod cluster;
mod collect;
mod completions;
mod console;
mod diff;
mod doctor;
mod examples;
mod expect;
mod expectations;
mod explain;
mod export;
mod facts;
mod file_uris;
mod fleet;
mod fleet_record;
mod import;
mod init;
mod list;
mod manifest;
mod mdbook;
mod nodes;
mod pack_command;
mod publish;
mod report;
mod run;
mod sarif;
mod schema;
mod serve;
mod show;
mod styled;
mod summary;

use assessment::load_assessment;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::error::Result;
use crate::project::Project;
use crate::report::warn_of_unused_files;
use console::{Console, report_failure};

/// The width of help, in columns, on a terminal that does not tell its own.
const UNKNOWN_WIDTH: usize = 80;

/// What the options that every command takes stand under.
const EVERYWHERE: &str = "Options of every command";

/// Tests whether a runtime gives containers their own kernel, and shows the evidence.
#[derive(Debug, Parser)]
#[command(
    name = "isoproof",
    bin_name = "isoproof",
    version = env!("ISOPROOF_VERSION"),
    max_term_width = 100,
    after_help = list_examples()
)]
struct CommandLine {
    /// The folder of the project; by default the nearest one up that has a book.toml
    #[arg(long, global = true, value_name = "DIR", help_heading = EVERYWHERE)]
    project: Option<PathBuf>,

    /// Say nothing but results and errors
    #[arg(short, long, global = true, help_heading = EVERYWHERE)]
    quiet: bool,

    /// Say more; twice for more still
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet", help_heading = EVERYWHERE)]
    verbose: u8,

    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = EVERYWHERE)]
    color: ColorChoice,

    #[command(subcommand)]
    command: CliCommand,
}

/// Examples of the most used commands, and how a run is named.
fn list_examples() -> String {
    let mut imports = String::new();
    for pack in crate::PACKS {
        let (name, folder) = (pack.pack_name(), pack.example_folder());
        let command = format!("isoproof import {name} {folder}");
        imports += &format!("  {command:<42}  make a run from evidence files\n");
    }
    format!(
        "Examples:\n  isoproof run                                the whole job\n  \
         isoproof collect --runtime runc --runtime kata=io.containerd.kata.v2\n{imports}  \
         isoproof facts latest --format json         what the latest run holds\n  \
         isoproof check latest --fail-on error       verdicts and findings\n  \
         isoproof diff latest~1 latest               what changed since the run before\n\n\
         A run is named by `latest`, `latest~2`, its label, the beginning of its id, the path of \
         its file, or `git:<revision>[:path]`."
    )
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Check the machine, collect evidence, build the report, print the verdicts
    Run(Box<run::RunArguments>),
    /// Capture evidence with a container engine, into a run
    Collect(Box<nodes::CollectCommand>),
    /// Make a run from evidence that somebody else collected
    Import(import::ImportArguments),
    /// Build the report
    Build(build::BuildArguments),
    /// Serve the site on this machine, and build it again whenever a source changes
    Serve(serve::ServeArguments),
    /// List the runs
    List(list::ListArguments),
    /// Show a run, or one of its captures
    Show(show::ShowArguments),
    /// Print the facts of a run
    Facts(facts::FactsArguments),
    /// Judge a run: verdicts and findings
    Check(check::CheckArguments),
    /// Propose what to expect of later runs, from a run
    Expect(expect::ExpectArguments),
    /// Say what changed between two runs
    Diff(diff::DiffArguments),
    /// Explain a rule, a verdict or a probe
    Explain(explain::ExplainArguments),
    /// Clean up after interrupted sessions: containers, addresses, temporary folders, half-written
    /// files and sites; or, with --engine kubernetes, pods in a cluster
    Clean(clean::CleanArguments),
    /// Say what works on this machine, what does not, and how to fix it
    Doctor(doctor::DoctorArguments),
    /// Make a new project: settings, chapters, notes, a workflow for GitHub Pages
    Init(init::InitArguments),
    /// Put the site on a branch of a remote, for GitHub Pages
    Publish(publish::PublishArguments),
    /// Write a run in the forms that others ask for
    Export(export::ExportArguments),
    /// Expand look-ups in a book that mdBook builds (mdBook runs this)
    Mdbook(mdbook::MdbookArguments),
    /// Print the namespace and the rights that `collect --engine kubernetes` needs, as YAML
    Manifest(manifest::ManifestArguments),
    /// Print the JSON Schema of a run file or a fleet file
    Schema(schema::SchemaArguments),
    /// Print what completes commands and options in a shell
    Completions(completions::CompletionsArguments),
    /// Print the manual page, or write one for every command
    Man(completions::ManArguments),
}

impl CliCommand {
    /// Whether a file in `data/` or `templates/` that replaces none of ours would change what the
    /// command says or decides, if it had the right name.
    fn uses_own_words(&self) -> bool {
        matches!(
            self,
            Self::Run(_)
                | Self::Build(_)
                | Self::Serve(_)
                | Self::Check(_)
                | Self::Diff(_)
                | Self::Publish(_)
        )
    }
}

/// Runs the program.
pub fn run_program() -> ExitCode {
    let console = Console::new(ColorChoice::Auto, false, 0);
    std::panic::set_hook(Box::new(move |panic| console.report_panic(panic)));
    let parsed = build_command_line()
        .try_get_matches()
        .and_then(|found| CommandLine::from_arg_matches(&found));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            let console = Console::new(ColorChoice::Auto, false, 0);
            let code = ExitCode::from(if error.use_stderr() { 2 } else { 0 });
            return console
                .print_usage(error)
                .map_or_else(|error| report_failure(&error, &console), |()| code);
        }
    };
    let console = Console::new(cli.color, cli.quiet, cli.verbose);
    dispatch_command(&cli, &console).unwrap_or_else(|error| report_failure(&error, &console))
}

/// The whole command line.
pub fn build_command_line() -> clap::Command {
    let command = examples::with_examples(CommandLine::command());
    match std::env::var("COLUMNS").map(|width| width.trim().parse()) {
        // That says that the width is not known, and clap would take it for one.
        Ok(Ok(0)) => command.term_width(UNKNOWN_WIDTH),
        _ => command,
    }
}

fn dispatch_command(cli: &CommandLine, console: &Console) -> Result<ExitCode> {
    match &cli.command {
        CliCommand::Schema(arguments) => return schema::run_schema(arguments, console),
        CliCommand::Manifest(arguments) => return manifest::print_manifest(arguments, console),
        CliCommand::Doctor(arguments) => return doctor::run_doctor(arguments, console),
        CliCommand::Init(arguments) => {
            return init::run_init(cli.project.as_deref(), arguments, console);
        }
        CliCommand::Mdbook(arguments) => return mdbook::run_mdbook(arguments, console),
        CliCommand::Completions(arguments) => {
            return completions::print_completions(build_command_line(), arguments, console);
        }
        CliCommand::Man(arguments) => {
            return completions::print_manual(build_command_line(), arguments, console);
        }
        _ => {}
    }
    let project = open_project(cli, console)?;
    if cli.command.uses_own_words() {
        console.warn_all(&warn_of_unused_files(&project));
    }
    match &cli.command {
        CliCommand::Run(arguments) => run::run_everything(&project, arguments, console),
        CliCommand::Import(arguments) => import::run_import(&project, arguments, console),
        CliCommand::Build(arguments) => build::run_build(&project, arguments, console),
        CliCommand::Serve(arguments) => serve::run_serve(&project, arguments, console),
        CliCommand::List(arguments) => list::run_list(&project, arguments, console),
        CliCommand::Show(arguments) => show::run_show(&project, arguments, console),
        CliCommand::Facts(arguments) => facts::run_facts(&project, arguments, console),
        CliCommand::Check(arguments) => check::run_check(&project, arguments, console),
        CliCommand::Expect(arguments) => expect::run_expect(&project, arguments, console),
        CliCommand::Diff(arguments) => diff::run_diff(&project, arguments, console),
        CliCommand::Explain(arguments) => explain::run_explain(&project, arguments, console),
        CliCommand::Collect(arguments) => nodes::run_collect(&project, arguments, console),
        CliCommand::Export(arguments) => export::run_export(&project, arguments, console),
        CliCommand::Publish(arguments) => publish::run_publish(&project, arguments, console),
        CliCommand::Clean(arguments) => clean::run_clean(&project, arguments, console),
        CliCommand::Schema(_)
        | CliCommand::Manifest(_)
        | CliCommand::Doctor(_)
        | CliCommand::Init(_)
        | CliCommand::Mdbook(_)
        | CliCommand::Completions(_)
        | CliCommand::Man(_) => Ok(ExitCode::SUCCESS),
    }
}

fn open_project(cli: &CommandLine, console: &Console) -> Result<Project> {
    if let Some(folder) = &cli.project {
        let project = Project::open_folder(folder)?;
        if !project.has_config {
            console
                .print_note(&format!("no book.toml in {}: using the defaults", folder.display()));
        }
        return Ok(project);
    }
    let here = std::env::current_dir().map_err(|error| {
        crate::error::Error::failed_environment(format!("cannot tell the current folder: {error}"))
    })?;
    let project = Project::find_above(&here)?;
    if !project.has_config {
        console.print_note(
            "no book.toml here or in a folder above: using this folder and the defaults",
        );
    }
    Ok(project)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        build_command_line().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        for below in build_command_line().get_subcommands() {
            let help = below.clone().render_help().to_string();
            let mentioned = below.get_name() == "mdbook" || help.contains("Example");
            let inner = below.get_subcommands().next().is_some();
            assert!(mentioned || inner, "{}: src/cli/examples.rs", below.get_name());
        }
    }

    #[test]
    fn every_example_can_be_parsed() {
        for below in build_command_line().get_subcommands() {
            let help = below.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in help.lines().filter_map(|line| line.strip_prefix("  isoproof ")) {
                let words: Vec<&str> = line
                    .split("  ")
                    .next()
                    .into_iter()
                    .flat_map(str::split_whitespace)
                    .take_while(|word| !["|", ">", "&&"].contains(word))
                    .collect();
                let parsed =
                    build_command_line().try_get_matches_from([&["isoproof"], &words[..]].concat());
                assert!(parsed.is_ok(), "{line}: {parsed:?}");
            }
        }
    }
}
