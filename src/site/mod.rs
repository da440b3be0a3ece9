//! The site: from the runs of a project to a folder of pages, and the submission beside it.

mod pages;
pub(crate) mod view;
pub mod writer;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::assets::{self, TextFile, Tree};
use crate::error::{Error, Result};
use crate::model::Edition;
use crate::project::Project;
use crate::report::chapters::Chapters;
use crate::report::{Links, Shelf, Subject, notes, submission};
use crate::store::Store;
use pages::Maker;
use view::RunRow;
use writer::Files;

/// What to build.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The run that the chapters and the submission are about.
    pub run: String,
    /// The folder of the site; by default that of `book.toml`.
    pub out: Option<PathBuf>,
    /// The edition of the submission; by default that of `book.toml`, or of the run.
    pub edition: Option<Edition>,
    /// The file of the submission; by default that of `book.toml`.
    pub submission: Option<PathBuf>,
    /// Whether a fact that a text needs and that is not captured is a failure.
    pub strict: bool,
}

/// What was built.
#[derive(Debug)]
pub struct Built {
    /// The folder of the site.
    pub out: PathBuf,
    /// The number of its pages.
    pub pages: usize,
    /// The submission.
    pub submission: PathBuf,
    /// What the texts say is not captured.
    pub warnings: Vec<String>,
    /// The run that they are about.
    pub subject: Arc<Subject>,
}

/// Builds site and submission. Everything is rendered before anything is written.
///
/// # Errors
///
/// There is no run, a template or chapter cannot be rendered, an output is somebody else's, or
/// something cannot be written; and with `strict` if a text needs a fact that is missing.
pub fn build(project: &Project, options: &Options) -> Result<Built> {
    let shelf = Shelf::of(project)?;
    let store = Store::of(project)?;
    let edition = options.edition.or(project.config.edition);
    let loaded = store.load(&options.run, &project.root)?;
    let subject = Arc::new(Subject::new(loaded, edition, &shelf)?);
    let maker = Maker {
        project,
        chapters: Chapters::load(&project.chapters())?,
        notes: Arc::new(notes::load(&project.chapters())?),
        texts: templates(project, "submission/", ".md")?,
        pages: page_templates(project)?,
        warnings: Arc::default(),
        subject: subject.clone(),
    };
    let text = maker.submission(Links::None)?;
    let mut files = maker.site()?;
    run_pages(&maker, &store, edition, &mut files)?;
    let warnings: Vec<String> =
        maker.warnings.lock().map(|lines| lines.iter().cloned().collect()).unwrap_or_default();
    if options.strict && !warnings.is_empty() {
        return Err(Error::input(format!(
            "{} facts that the texts need are not captured:\n  {}",
            warnings.len(),
            warnings.join("\n  ")
        ))
        .help("nothing was written; build without --strict to have them marked in the report"));
    }
    let path = |own: &Option<PathBuf>, default: &PathBuf| match own {
        Some(path) => path.clone(),
        None => project.root.join(default),
    };
    let out = path(&options.out, &project.config.build_dir);
    let target = path(&options.submission, &project.config.submission);
    writer::check(&out)?;
    submission::write(&target, &text)?;
    writer::replace(&out, &files)?;
    let pages = files.keys().filter(|name| name.ends_with(".html")).count();
    Ok(Built { out, pages, submission: target, warnings, subject })
}

/// A page for every run, and the list of them.
fn run_pages(
    maker: &Maker,
    store: &Store,
    edition: Option<Edition>,
    files: &mut Files,
) -> Result<()> {
    let current = &maker.subject;
    let mut rows = Vec::new();
    for entry in store.list()? {
        let subject = if entry.id == current.run.id {
            current.clone()
        } else {
            let path = entry.path.to_string_lossy();
            let loaded = store.load(&path, &maker.project.root)?;
            Arc::new(Subject::new(loaded, edition, &current.shelf)?)
        };
        maker.run_page(&subject, files)?;
        rows.push(RunRow::new(&subject, entry.id == current.run.id));
    }
    if !rows.iter().any(|row| row.is_current) {
        // A run that is named by its path need not be one of the project's.
        maker.run_page(current, files)?;
        rows.push(RunRow::new(current, true));
    }
    maker.runs_page(&rows, files)
}

fn templates(project: &Project, folder: &str, suffix: &str) -> Result<BTreeMap<String, TextFile>> {
    let own = project.templates();
    let mut files = assets::read_all(Tree::Templates, Some(&own), folder, suffix)?;
    files.extend(assets::read_all(Tree::Templates, Some(&own), "partials/", suffix)?);
    Ok(files)
}

/// The templates of the pages, and of the charts in them.
fn page_templates(project: &Project) -> Result<BTreeMap<String, TextFile>> {
    let mut files = templates(project, "site/", ".html")?;
    files.extend(templates(project, "charts/", ".svg")?);
    Ok(files)
}

/// No more than one empty line in a row outside fenced blocks, and none at the ends of lines:
/// conditionals in templates leave them behind.
fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut fence: Option<String> = None;
    let mut empty = 0;
    for line in text.lines() {
        let ticks: String = line.chars().take_while(|&c| c == '`').collect();
        match &fence {
            Some(open) if ticks.len() >= open.len() && line.trim_end() == ticks => fence = None,
            Some(_) => {
                out.push_str(line);
                out.push('\n');
                continue;
            }
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => {}
        }
        let line = line.trim_end();
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}
