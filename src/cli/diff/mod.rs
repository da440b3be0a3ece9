//! `isoproof diff`: what changed between two runs.

mod text;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::console::Console;
use super::styled::StyledText;
use crate::clock;
use crate::diff::{self, Side};
use crate::error::Result;
use crate::import;
use crate::privacy::Redactor;
use crate::project::{self, Project};
use crate::report::{Shelf, Subject, comparison};
use crate::store::{Loaded, RunFile, Store, integrity::Integrity};

/// The arguments of `diff`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The run that is compared with, or an evidence directory of the lab
    #[arg(value_name = "A")]
    a: String,
    /// The run that is compared, or an evidence directory of the lab
    #[arg(value_name = "B")]
    b: String,
    /// The form of the output
    #[arg(long, value_enum, default_value = "text")]
    format: Form,
    /// What makes the exit code 1; by default what book.toml says, else never
    #[arg(long, value_enum, value_name = "KIND", value_delimiter = ',')]
    fail_on: Vec<FailOn>,
    /// Show also what changes from run to run without meaning: ids, times, addresses, counters
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For a terminal
    Text,
    /// For a comment on a pull request
    Markdown,
    /// For programs
    Json,
    /// A page that stands alone
    Html,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Anything that changed
    Change,
    /// A weaker verdict, or a measurement that is slower than the sessions before
    Regression,
    /// Another verdict
    Verdict,
    /// A finding that was not there before
    Finding,
    /// Nothing
    Never,
}

impl From<FailOn> for project::FailOn {
    fn from(kind: FailOn) -> Self {
        match kind {
            FailOn::Change => Self::Change,
            FailOn::Regression => Self::Regression,
            FailOn::Verdict => Self::Verdict,
            FailOn::Finding => Self::Finding,
            FailOn::Never => Self::Never,
        }
    }
}

/// Prints what changed.
pub fn run(project: &Project, arguments: &Arguments, console: &Console) -> Result<ExitCode> {
    let shelf = Shelf::load(Some(&project.data()))?;
    let store = Store::with(project, Arc::clone(&shelf.catalogue));
    let (a, b) = (find(project, &store, &arguments.a)?, find(project, &store, &arguments.b)?);
    let judge = |found: Found| -> Result<Subject> {
        let loaded = found.load(&store)?;
        if !loaded.integrity.is_intact() {
            console.warning(&format!(
                "{} was changed after it was written; isoproof check says where",
                loaded.origin
            ));
        }
        Subject::new(loaded, project.config.edition, &shelf)
    };
    let (a, b) = rayon::join(|| judge(a), || judge(b));
    let (a, b) = (a?, Arc::new(b?));
    let gate = &project.config.gate;
    let sides = (side(&a), side(&b));
    let diff = diff::compare(&store, sides.0, sides.1, &shelf.catalogue, gate, arguments.all)?;
    console.warn_all(&store.warnings());
    let view = || comparison::ComparisonView::new(&diff, &shelf);
    let templates = project.templates();
    match arguments.format {
        Form::Json => console.print_json(&format!("{:#}", serde_json::json!(diff)))?,
        Form::Text => console.print(&text::full(&view()))?,
        Form::Markdown => {
            console.print_document(&comparison::markdown(&view(), &b, &templates)?)?;
        }
        Form::Html => console.print_document(&comparison::html(&view(), &b, &templates)?)?,
    }
    let given: Vec<project::FailOn> = arguments.fail_on.iter().map(|kind| (*kind).into()).collect();
    let fail_on = if given.is_empty() { &gate.fail_on } else { &given };
    Ok(if diff::fails(&diff, fail_on) { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// What changed since the run before, in a few lines; none if there is no run before.
///
/// # Errors
///
/// The run before, or one of the history, cannot be used.
pub fn since(project: &Project, subject: &Subject) -> Result<Option<StyledText>> {
    let (shelf, gate) = (&subject.shelf, &project.config.gate);
    let store = Store::with(project, Arc::clone(&shelf.catalogue));
    let Some(before) = store.load_before(&subject.run)? else { return Ok(None) };
    let before = Subject::new(before, project.config.edition, shelf)?;
    let (a, b) = (side(&before), side(subject));
    let diff = diff::compare(&store, a, b, &shelf.catalogue, gate, false)?;
    Ok(Some(text::short(&comparison::ComparisonView::new(&diff, shelf))))
}

fn side(subject: &Subject) -> Side<'_> {
    Side { run: &subject.run, judgement: &subject.judgement }
}

/// What a reference names.
enum Found {
    /// A run file.
    File(RunFile),
    /// A run made in memory from a directory of evidence.
    Made(Box<Loaded>),
}

impl Found {
    fn load(self, store: &Store) -> Result<Loaded> {
        match self {
            Self::File(file) => store.parse(&file),
            Self::Made(loaded) => Ok(*loaded),
        }
    }
}

fn find(project: &Project, store: &Store, reference: &str) -> Result<Found> {
    let folder = Path::new(reference);
    let is_path = reference.contains('/') || reference == "." || reference == "..";
    let made = || Ok(Found::Made(Box::new(directory(project, folder)?)));
    if folder.is_dir() && is_path {
        return made();
    }
    match store.find(reference, &project.root) {
        Err(_) if folder.is_dir() => made(),
        found => Ok(Found::File(found?)),
    }
}

/// Nothing is written but, on its first use, the key of the pseudonyms, which makes the same
/// name the same in both.
fn directory(project: &Project, folder: &Path) -> Result<Loaded> {
    let mut redactor = Redactor::of_project(&project.private())?;
    let mut run = import::lab12_run(folder, None, Some(&mut redactor), clock::now()?)?;
    run.id = crate::store::file::id(&run);
    Ok(Loaded { run, integrity: Integrity::default(), origin: folder.display().to_string() })
}
