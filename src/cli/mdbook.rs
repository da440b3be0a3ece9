//! `isoproof mdbook`: the preprocessor that mdBook runs.

use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::console::{Console, count_words};
use crate::error::{Error, Result};
use crate::mdbook;

#[derive(Debug, Args)]
#[command(after_help = "In the book.toml of any book:\n\n  [preprocessor.isoproof]\n  \
                        command = \"isoproof mdbook\"\n  run = \"latest\"       # the run that \
                        look-ups ask\n  run-pages = true     # add chapters of the run and its \
                        findings")]
pub(super) struct MdbookArguments {
    #[command(subcommand)]
    question: Option<MdbookQuestion>,
}

#[derive(Debug, Subcommand)]
enum MdbookQuestion {
    /// Say by the exit code whether chapters for a renderer can be made
    Supports {
        /// The name of the renderer, such as html
        renderer: String,
    },
}

/// Answers mdBook: the book on standard input comes back on standard output.
pub(super) fn run_mdbook(arguments: &MdbookArguments, console: &Console) -> Result<ExitCode> {
    if let Some(MdbookQuestion::Supports { renderer }) = &arguments.question {
        // What is made is Markdown, which every renderer reads.
        return Ok(ExitCode::from(u8::from(renderer.is_empty())));
    }
    let mut stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Err(Error::unusable_input("mdBook runs this command and gives it the book").with_help(
            "write `[preprocessor.isoproof]` and `command = \"isoproof mdbook\"` into book.toml, \
             then run mdbook build",
        ));
    }
    let mut input = String::new();
    stdin
        .read_to_string(&mut input)
        .map_err(|error| Error::unusable_input(format!("cannot read standard input: {error}")))?;
    let processed = mdbook::process_book(&input)?;
    console.warn_all(&processed.warnings);
    if !processed.missing.is_empty() {
        let what = count_words(processed.missing.len(), "fact");
        console.print_warning(&format!("{what} shown as not captured"));
    }
    console.print_json(&processed.book.to_string())?;
    Ok(ExitCode::SUCCESS)
}
