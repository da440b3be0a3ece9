//! The site: from the runs of a project to a folder of pages, and the submission beside it.

mod view;
pub mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};
use tera::Context;

use crate::assets::{self, TextFile, Tree};
use crate::error::{Error, Result};
use crate::model::Edition;
use crate::project::Project;
use crate::report::chapters::{Chapters, Entry};
use crate::report::functions::{EVIDENCE, Sources};
use crate::report::{Engine, Links, Shelf, Subject, Voice, markdown, notes, submission};
use crate::store::Store;
use view::CaptureView;
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
    let data = project.data();
    let shelf = Shelf::load(Some(&data))?;
    let store = Store::new(project.runs());
    let edition = options.edition.or(project.config.edition);
    let loaded = store.load(&options.run, &project.root)?;
    let subject = Arc::new(Subject::new(loaded, edition, &shelf)?);
    let maker = Maker {
        project,
        chapters: Chapters::load(&project.chapters())?,
        notes: Arc::new(notes::load(&project.chapters())?),
        texts: templates(project, "submission/", ".md")?,
        pages: templates(project, "site/", ".html")?,
        warnings: Arc::default(),
        subject: subject.clone(),
    };
    let text = maker.submission(Links::None)?;
    let mut files = maker.site()?;
    for entry in store.list()? {
        if entry.id != subject.run.id {
            let path = entry.path.to_string_lossy();
            let other = Subject::new(store.load(&path, &project.root)?, edition, &shelf)?;
            maker.run_page(&Arc::new(other), &mut files)?;
        }
    }
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

fn templates(project: &Project, folder: &str, suffix: &str) -> Result<BTreeMap<String, TextFile>> {
    let own = project.templates();
    let mut files = assets::read_all(Tree::Templates, Some(&own), folder, suffix)?;
    files.extend(assets::read_all(Tree::Templates, Some(&own), "partials/", suffix)?);
    Ok(files)
}

/// Makes pages. One for a build.
struct Maker<'a> {
    project: &'a Project,
    chapters: Chapters,
    notes: Arc<BTreeMap<String, String>>,
    texts: BTreeMap<String, TextFile>,
    pages: BTreeMap<String, TextFile>,
    warnings: Arc<Mutex<BTreeSet<String>>>,
    subject: Arc<Subject>,
}

impl Maker<'_> {
    fn sources(&self, subject: &Arc<Subject>, voice: Voice) -> Sources {
        Sources {
            subject: subject.clone(),
            voice,
            chapters: Arc::default(),
            notes: self.notes.clone(),
            warnings: self.warnings.clone(),
        }
    }

    /// The submission in Markdown. Without links it is the marked file.
    fn submission(&self, links: Links) -> Result<String> {
        let alone = links == Links::None;
        let mut sources = self.sources(&self.subject, Voice::Markdown(links));
        sources.chapters = Arc::new(self.chapters.render(&sources)?);
        let engine = Engine::new(&self.texts, &sources)?;
        let name = format!("submission/{}.md", self.subject.edition.edition);
        if !engine.has(&name) {
            return Err(Error::input(format!("there is no template {name}")));
        }
        let text = squeeze(&engine.render(&name, &Context::new())?);
        let notes = format!("{}/{}/", self.project.config.src.display(), notes::FOLDER);
        Ok(if alone { submission::mark(&text, &self.subject.run.id, &notes) } else { text })
    }

    /// All pages but those of the other runs.
    fn site(&self) -> Result<Files> {
        let mut files = Files::new();
        files.insert(writer::MARKER.into(), b"isoproof\n".to_vec());
        files.insert(".nojekyll".into(), Vec::new());
        let own = self.project.templates();
        for (name, file) in assets::read_all(Tree::Templates, Some(&own), "site/", ".css")? {
            files.insert(name.trim_start_matches("site/").into(), file.text.into_bytes());
        }
        self.chapter_pages(&mut files)?;
        self.submission_page(&mut files)?;
        self.rule_pages(&mut files)?;
        self.run_page(&self.subject, &mut files)?;
        self.runs_page(&mut files)?;
        self.not_found_page(&mut files)?;
        Ok(files)
    }

    fn chapter_pages(&self, files: &mut Files) -> Result<()> {
        let sources = self.sources(&self.subject, Voice::Markdown(Links::Site(String::new())));
        let chapters = self.chapters.render(&sources)?;
        let engine = self.engine(&self.subject, "")?;
        for entry in &self.chapters.entries {
            let depth = entry.path.matches('/').count();
            let root = "../".repeat(depth);
            let page = entry.page();
            let text = chapters.get(&entry.path).map(String::as_str).unwrap_or_default();
            let mut context = self.context(&page, &entry.title, &root);
            let content = self.to_html(&engine, text, &root);
            context.insert("content", &content.html);
            context.insert("headings", &headings(&content));
            context.insert("pager", &self.pager(entry, &root));
            let is_first = self.chapters.entries.first() == Some(entry);
            let template = if is_first { "site/overview.html" } else { "site/chapter.html" };
            files.insert(page, engine.render(template, &context)?.into_bytes());
        }
        Ok(())
    }

    fn submission_page(&self, files: &mut Files) -> Result<()> {
        let text = self.submission(Links::Site(String::new()))?;
        let engine = self.engine(&self.subject, "")?;
        let mut context = self.context("submission.html", "Submission", "");
        let content = self.to_html(&engine, &text, "");
        context.insert("content", &content.html);
        context.insert("headings", &headings(&content));
        files.insert(
            "submission.html".into(),
            engine.render("site/submission.html", &context)?.into_bytes(),
        );
        Ok(())
    }

    fn rule_pages(&self, files: &mut Files) -> Result<()> {
        let engine = self.engine(&self.subject, "")?;
        let mut context = self.context("findings.html", "Findings", "");
        let docs: Vec<_> = self.subject.shelf.rules.iter().collect();
        context.insert("rules", &docs);
        files.insert("findings.html".into(), engine.render("site/findings.html", &context)?.into());
        let engine = self.engine(&self.subject, "../")?;
        for doc in docs {
            let page = format!("rules/{}.html", doc.id);
            let mut context = self.context(&page, &doc.title, "../");
            context.insert("rule", doc);
            files.insert(page, engine.render("site/rule.html", &context)?.into_bytes());
        }
        Ok(())
    }

    fn run_page(&self, subject: &Arc<Subject>, files: &mut Files) -> Result<()> {
        let engine = self.engine(subject, "../")?;
        let page = format!("runs/{}.html", subject.run.id);
        let mut context = self.context(&page, &format!("Run {}", subject.run.id), "../");
        let captures: Vec<CaptureView> = subject
            .run
            .captures
            .iter()
            .map(|capture| CaptureView::new(subject, capture, None))
            .collect();
        context.insert("captures", &captures);
        context.insert("rows", &view::fact_rows(subject));
        files.insert(page, engine.render("site/run.html", &context)?.into_bytes());
        Ok(())
    }

    fn runs_page(&self, files: &mut Files) -> Result<()> {
        let engine = self.engine(&self.subject, "../")?;
        let mut context = self.context("runs/index.html", "Runs", "../");
        let entries: Vec<Json> = Store::new(self.project.runs())
            .list()?
            .into_iter()
            .map(|entry| {
                json!({
                    "id": entry.id, "label": entry.label, "edition": entry.edition.name(),
                    "created": entry.created.format("%Y-%m-%d %H:%M UTC").to_string(),
                })
            })
            .collect();
        context.insert("runs", &entries);
        files.insert("runs/index.html".into(), engine.render("site/runs.html", &context)?.into());
        Ok(())
    }

    /// The page for what is not there: it is shown under any path, so its links begin at the
    /// root of the server.
    fn not_found_page(&self, files: &mut Files) -> Result<()> {
        let root = self.project.config.site_url.clone().unwrap_or_else(|| "/".into());
        let engine = self.engine(&self.subject, &root)?;
        let context = self.context("404.html", "Not found", &root);
        files.insert("404.html".into(), engine.render("site/404.html", &context)?.into_bytes());
        Ok(())
    }

    /// The engine of the page templates. What their tables show as missing is no warning: they
    /// show all there is, while chapters and submission ask for what they need.
    fn engine(&self, subject: &Arc<Subject>, root: &str) -> Result<Engine> {
        let voice = Voice::Html(Links::Site(root.to_string()));
        let sources = Sources { warnings: Arc::default(), ..self.sources(subject, voice) };
        Engine::new(&self.pages, &sources)
    }

    /// Markdown as HTML, with captures drawn by their template.
    fn to_html(&self, engine: &Engine, text: &str, root: &str) -> markdown::Rendered {
        let draw = |info: &str, content: &str| -> Option<String> {
            let anchor = info.strip_prefix(EVIDENCE)?.trim();
            let capture = self.subject.by_anchor(anchor)?;
            let limit = content.lines().count();
            let mut context = Context::new();
            context.insert("capture", &CaptureView::new(&self.subject, capture, Some(limit)));
            context.insert("root", root);
            context.insert("page", &format!("runs/{}.html", self.subject.run.id));
            engine.render("site/evidence.html", &context).ok()
        };
        markdown::to_html(text, &draw)
    }

    /// What every page template sees.
    fn context(&self, page: &str, title: &str, root: &str) -> Context {
        let config = &self.project.config;
        let chapter = |entry: &Entry| {
            let href = entry.page();
            json!({
                "title": entry.title, "href": format!("{root}{href}"), "level": entry.level,
                "active": href == page,
            })
        };
        let mut context = Context::new();
        context.insert("title", title);
        context.insert("root", root);
        context.insert("page", page);
        context.insert("chapters", &self.chapters.entries.iter().map(chapter).collect::<Vec<_>>());
        context.insert(
            "site",
            &json!({
                "title": config.title, "authors": config.authors, "language": config.language,
                "version": env!("CARGO_PKG_VERSION"), "run": self.subject.run.id,
            }),
        );
        context
    }

    /// The chapters before and after one.
    fn pager(&self, entry: &Entry, root: &str) -> Json {
        let entries = &self.chapters.entries;
        let index = entries.iter().position(|other| other == entry).unwrap_or_default();
        let link = |entry: Option<&Entry>| {
            entry.map(
                |entry| json!({"title": entry.title, "href": format!("{root}{}", entry.page())}),
            )
        };
        json!({
            "before": link(index.checked_sub(1).and_then(|index| entries.get(index))),
            "after": link(entries.get(index + 1)),
        })
    }
}

fn headings(rendered: &markdown::Rendered) -> Vec<Json> {
    rendered
        .headings
        .iter()
        .filter(|heading| heading.level == 2)
        .map(|heading| json!({"id": heading.id, "text": heading.text}))
        .collect()
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
