//! `isoproof completions` and `isoproof man`: what shells and `man` want to know.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use super::console::Console;
use super::styled::StyledText;
use crate::atomic;
use crate::error::{Error, Result};

#[derive(Debug, Args)]
pub(super) struct CompletionsArguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArguments {
    /// Write a page for every command into this folder; else the main page goes to the output
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(super) fn print_completions(
    mut command: Command,
    arguments: &CompletionsArguments,
    console: &Console,
) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "isoproof", &mut script);
    console.print_bytes(&script)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the main page, or writes all pages.
pub(super) fn print_manual(
    command: Command,
    arguments: &ManArguments,
    console: &Console,
) -> Result<ExitCode> {
    // How many values an option has is only known once it is built.
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let Some(folder) = &arguments.folder else {
        console.print_bytes(&render_page(&command)?)?;
        return Ok(ExitCode::SUCCESS);
    };
    let mut written = StyledText::default();
    write_pages(&command, folder, &mut written)?;
    console.print_text(&written)?;
    Ok(ExitCode::SUCCESS)
}

/// A page for the command and each below it: `isoproof.1`, `isoproof-import-hyperfine.1`.
fn write_pages(command: &Command, folder: &Path, written: &mut StyledText) -> Result<()> {
    let path = folder.join(Man::new(command.clone()).get_filename());
    let page = render_page(command)?;
    let title = format!(".TH {} 1 ", path.file_stem().unwrap_or_default().display());
    atomic::replace_own_file(&path, &page, |there| {
        there.starts_with(".ie ") && there.lines().any(|line| line.starts_with(&title))
    })?;
    written.push_line(path.display().to_string());
    command.get_subcommands().try_for_each(|below| write_pages(below, folder, written))
}

/// The synopsis of a command, with the value of every option.
fn render_usage(command: &Command) -> String {
    let mut words = vec![command.get_bin_name().unwrap_or(command.get_name()).to_string()];
    let arguments = command.get_arguments().filter(|argument| !argument.is_hide_set());
    let (positionals, options): (Vec<&Arg>, Vec<&Arg>) =
        arguments.partition(|argument| argument.is_positional());
    words.extend(options.iter().map(|option| format!("[{option}]")));
    words.extend(positionals.iter().map(ToString::to_string));
    if command.has_subcommands() {
        words.push("<COMMAND>".into());
    }
    words.join(" ")
}

fn render_page(command: &Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    let usage = render_usage(command);
    Man::new(command.clone().override_usage(usage))
        .render(&mut page)
        .map_err(|error| Error::failed_environment(format!("cannot make the page: {error}")))?;
    Ok(page)
}
