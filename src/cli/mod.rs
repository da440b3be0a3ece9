//! The command line: one file a command, each parses, calls, prints.
//!
//! Results go to standard output, everything else to standard error. Exit codes: 0 done; 1 done,
//! and what `--fail-on` named was found; 2 wrong use or unusable input; 3 the environment failed.

mod build;
mod check;
mod clean;
mod collect;
mod completions;
mod console;
mod diff;
mod doctor;
mod examples;
mod explain;
mod export;
mod facts;
mod import;
mod init;
mod list;
mod mdbook;
mod publish;
mod report;
mod run;
mod schema;
mod serve;
mod show;
mod styled;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::error::{Kind, Result};
use crate::project::Project;
use console::Console;

/// The width of help, in columns, on a terminal that does not tell its own.
const UNKNOWN_WIDTH: usize = 80;

/// What the options that every command takes stand under.
const EVERYWHERE: &str = "Options of every command";

/// Proves how a container runtime isolates, from captured evidence.
#[derive(Debug, Parser)]
#[command(
    name = "isoproof",
    bin_name = "isoproof",
    version = env!("ISOPROOF_VERSION"),
    max_term_width = 100,
    after_help = "Examples:\n  isoproof run                                the whole job\n  \
                  isoproof collect --runtime runc --runtime kata=io.containerd.kata.v2\n  \
                  isoproof import lab12 labs/lab12            make a run from evidence files\n  \
                  isoproof facts latest --format json         what the latest run holds\n  \
                  isoproof check latest --fail-on error       verdicts and findings\n  \
                  isoproof diff latest~1 latest               what changed since the run before\n\n\
                  A run is named by `latest`, `latest~2`, its label, the beginning of its id, the \
                  path of its file, or `git:<revision>[:path]`."
)]
struct Cli {
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
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole job: look at the machine, capture evidence, build submission and site, and say
    /// what they show
    Run(run::Arguments),
    /// Capture evidence with a container engine, into a run
    Collect(collect::Arguments),
    /// Make a run from evidence that somebody else collected
    Import(import::Arguments),
    /// Build the submission and the site
    Build(build::Arguments),
    /// Serve the site on this machine, and build it again whenever a source changes
    Serve(serve::Arguments),
    /// List the runs
    List(list::Arguments),
    /// Show a run, or one of its captures
    Show(show::Arguments),
    /// Print the facts of a run
    Facts(facts::Arguments),
    /// Judge a run: verdicts and findings
    Check(check::Arguments),
    /// Say what changed between two runs
    Diff(diff::Arguments),
    /// Explain a rule, a verdict, a probe or a requirement of the lab
    Explain(explain::Arguments),
    /// Clean up after interrupted sessions: containers, addresses, temporary folders, half-written
    /// files and sites
    Clean,
    /// Say what works on this machine, what does not, and how to mend it
    Doctor(doctor::Arguments),
    /// Make a new project: settings, chapters, notes, a workflow for GitHub Pages
    Init(init::Arguments),
    /// Put the site on a branch of a remote, for GitHub Pages
    Publish(publish::Arguments),
    /// Write a run in the forms that others ask for
    Export(export::Arguments),
    /// Expand look-ups in a book that mdBook builds (mdBook runs this)
    Mdbook(mdbook::Arguments),
    /// Print the JSON Schema of a run file
    Schema,
    /// Print what completes commands and options in a shell
    Completions(completions::Completions),
    /// Print the manual page, or write one for every command
    Man(completions::Manual),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let console = Console::new(ColorChoice::Auto, false, 0);
    std::panic::set_hook(Box::new(move |panic| console.panic(panic)));
    let parsed = command().try_get_matches().and_then(|found| Cli::from_arg_matches(&found));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            let console = Console::new(ColorChoice::Auto, false, 0);
            let code = ExitCode::from(if error.use_stderr() { 2 } else { 0 });
            return console
                .print_usage(error)
                .map_or_else(|error| fail(&error, &console), |()| code);
        }
    };
    let console = Console::new(cli.color, cli.quiet, cli.verbose);
    dispatch(&cli, &console).unwrap_or_else(|error| fail(&error, &console))
}

/// Says what failed, and with which exit code.
fn fail(error: &crate::error::Error, console: &Console) -> ExitCode {
    console.error(error);
    ExitCode::from(match error.kind {
        Kind::Input => 2,
        Kind::Environment => 3,
    })
}

/// The whole command line.
pub fn command() -> clap::Command {
    let command = examples::with_examples(Cli::command());
    match std::env::var("COLUMNS").map(|width| width.trim().parse()) {
        // That says that the width is not known, and clap would take it for one.
        Ok(Ok(0)) => command.term_width(UNKNOWN_WIDTH),
        _ => command,
    }
}

fn dispatch(cli: &Cli, console: &Console) -> Result<ExitCode> {
    match &cli.command {
        Command::Schema => return schema::run(console),
        Command::Doctor(arguments) => return doctor::run(arguments, console),
        Command::Init(arguments) => return init::run(cli.project.as_deref(), arguments, console),
        Command::Mdbook(arguments) => return mdbook::run(arguments, console),
        Command::Completions(arguments) => {
            return completions::completions(command(), arguments, console);
        }
        Command::Man(arguments) => return completions::man(command(), arguments, console),
        _ => {}
    }
    let project = project(cli, console)?;
    match &cli.command {
        Command::Run(arguments) => run::run(&project, arguments, console),
        Command::Import(arguments) => import::run(&project, arguments, console),
        Command::Build(arguments) => build::run(&project, arguments, console),
        Command::Serve(arguments) => serve::run(&project, arguments, console),
        Command::List(arguments) => list::run(&project, arguments, console),
        Command::Show(arguments) => show::run(&project, arguments, console),
        Command::Facts(arguments) => facts::run(&project, arguments, console),
        Command::Check(arguments) => check::run(&project, arguments, console),
        Command::Diff(arguments) => diff::run(&project, arguments, console),
        Command::Explain(arguments) => explain::run(&project, arguments, console),
        Command::Collect(arguments) => collect::run(&project, arguments, console),
        Command::Export(arguments) => export::run(&project, arguments, console),
        Command::Publish(arguments) => publish::run(&project, arguments, console),
        Command::Clean => clean::run(&project, console),
        Command::Schema
        | Command::Doctor(_)
        | Command::Init(_)
        | Command::Mdbook(_)
        | Command::Completions(_)
        | Command::Man(_) => Ok(ExitCode::SUCCESS),
    }
}

fn project(cli: &Cli, console: &Console) -> Result<Project> {
    if let Some(folder) = &cli.project {
        return Project::at(folder);
    }
    let here = std::env::current_dir().map_err(|error| {
        crate::error::Error::environment(format!("cannot tell the current folder: {error}"))
    })?;
    let project = Project::find(&here)?;
    if !project.has_config {
        console.note("no book.toml here or in a folder above: using this folder and the defaults");
    }
    Ok(project)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        for below in command().get_subcommands() {
            let help = below.clone().render_help().to_string();
            let mentioned = below.get_name() == "mdbook" || help.contains("Example");
            let inner = below.get_subcommands().next().is_some();
            assert!(mentioned || inner, "{}: src/cli/examples.rs", below.get_name());
        }
    }

    #[test]
    fn every_example_can_be_parsed() {
        for below in command().get_subcommands() {
            let help = below.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in help.lines().filter_map(|line| line.strip_prefix("  isoproof ")) {
                let words: Vec<&str> = line
                    .split("  ")
                    .next()
                    .into_iter()
                    .flat_map(str::split_whitespace)
                    .take_while(|word| !["|", ">", "&&"].contains(word))
                    .collect();
                let parsed = command().try_get_matches_from([&["isoproof"], &words[..]].concat());
                assert!(parsed.is_ok(), "{line}: {parsed:?}");
            }
        }
    }
}
