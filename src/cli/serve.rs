//! `isoproof serve`: the site while it is being written.

use std::process::ExitCode;

use clap::Args;

use super::console::{Console, count};
use crate::error::Result;
use crate::model::Edition;
use crate::project::Project;
use crate::serve::{self, Event};
use crate::site;

/// The arguments of `serve`.
#[derive(Debug, Args)]
pub struct Arguments {
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
    /// The edition of the lab that the submission answers: f25 or s26
    #[arg(long)]
    edition: Option<Edition>,
}

/// Builds and serves until it is stopped. The address is the one line of standard output.
pub fn run(project: &Project, arguments: &Arguments, console: &Console) -> Result<ExitCode> {
    let options = site::Options {
        run: arguments.run.clone().unwrap_or_else(|| project.config.run.clone()),
        out: arguments.out.clone(),
        edition: arguments.edition,
        ..site::Options::default()
    };
    let tell = |event: Event| match event {
        Event::Serving(address) => {
            // Whoever reads it through a pipe may have gone; the site is served all the same.
            let _ = console.print_line(address);
            console.note("Ctrl-C ends it");
            if arguments.open && open(address).is_err() {
                console.warning("no program to open an address with: xdg-open is not there");
            }
        }
        Event::PortTaken(port) => console.note(&format!("port {port} is in use: taking another")),
        Event::Built(built, time) => {
            console.warn_all(&built.left_out);
            let pages = count(built.pages, "page");
            console.note(&format!("built {pages} in {} ms", time.as_millis()));
        }
        Event::NotWatched(what) => {
            console.warning(&format!("{what}: what changes there is not noticed"));
        }
        Event::Failed(error) => {
            console.error(error);
            console.note("what was served before still is; waiting for a change");
        }
    };
    serve::serve(&project.root, arguments.port, &options, &tell)?;
    Ok(ExitCode::SUCCESS)
}

fn open(address: &str) -> std::io::Result<()> {
    let mut command = std::process::Command::new("xdg-open");
    let null = std::process::Stdio::null;
    command.arg(address).stdin(null()).stdout(null()).stderr(null()).spawn().map(drop)
}
