//! `isoproof serve`: the site while it is being written.

use std::process::ExitCode;

use clap::Args;

use super::closed_lists::{FOR_A_COURSE, edition_parser};
use super::console::{Console, count_words};
use crate::error::Result;
use crate::project::Project;
use crate::report::find_candidate;
use crate::serve::{self, ServeEvent};
use crate::site;
use crate::store::RunStore;

#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// The port on 127.0.0.1; another one if it is in use, any with 0
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// Open the site in a browser
    #[arg(long)]
    open: bool,
    /// The run that the report is about; by default that of book.toml, else the latest
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// The folder of the site; by default that of book.toml, else public
    #[arg(long, value_name = "DIR")]
    out: Option<std::path::PathBuf>,
    /// Make the submission of this edition too; by default of that of book.toml
    #[arg(long, value_parser = edition_parser(), help_heading = FOR_A_COURSE)]
    edition: Option<String>,
    /// The runtime that the report compares with the baseline; by default the one that build takes
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
}

/// Builds and serves until it is stopped. The address is the one line of standard output.
pub(super) fn run_serve(
    project: &Project,
    arguments: &ServeArguments,
    console: &Console,
) -> Result<ExitCode> {
    let options = site::BuildOptions {
        run: arguments.run.clone().unwrap_or_else(|| project.config.run.clone()),
        out: arguments.out.clone(),
        edition: arguments.edition.clone(),
        target: arguments.target.clone(),
        ..site::BuildOptions::default()
    };
    // What was asked for by name is there at once, or never will be.
    if arguments.run.is_some() || arguments.target.is_some() {
        let loaded = RunStore::open_project(project)?.load_run(&options.run, &project.root)?;
        if let Some(target) = &options.target {
            find_candidate(&loaded.run, target)?;
        }
    }
    serve::serve_project(&project.root, arguments.port, &options, &|event| {
        print_serve_event(event, arguments.open, console);
    })?;
    Ok(ExitCode::SUCCESS)
}

fn print_serve_event(event: ServeEvent, opens: bool, console: &Console) {
    match event {
        ServeEvent::Serving(address) => {
            // Whoever reads it through a pipe may have gone; the site is served all the same.
            let _ = console.print_line(address);
            console.print_note("Ctrl-C ends it");
            if opens && open_browser(address).is_err() {
                console.print_warning("no program to open an address with: xdg-open is not there");
            }
        }
        ServeEvent::PortTaken(port) => {
            console.print_note(&format!("port {port} is in use: taking another"))
        }
        ServeEvent::Built(built, time) => {
            console.warn_all(&built.notices);
            let pages = count_words(built.pages, "page");
            console.print_note(&format!("built {pages} in {} ms", time.as_millis()));
        }
        ServeEvent::NotWatched(what) => {
            console.print_warning(&format!("{what}: what changes there is not noticed"));
        }
        ServeEvent::Failed(error, is_served) => {
            console.print_error(error);
            console.print_note(match is_served {
                true => "what was served before still is; waiting for a change",
                false => "nothing can be served yet; waiting for a change",
            });
        }
    }
}

fn open_browser(address: &str) -> std::io::Result<()> {
    let mut command = std::process::Command::new("xdg-open");
    let null = std::process::Stdio::null;
    command.arg(address).stdin(null()).stdout(null()).stderr(null()).spawn().map(drop)
}
