//! The pages: each is a template and what it sees.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};
use tera::Context;

use super::squeeze;
use super::view::{self, CaptureView, RunRow};
use super::writer::{self, Files};
use crate::assets::{self, TextFile, Tree};
use crate::error::{Error, Result};
use crate::project::Project;
use crate::report::chapters::{Chapters, Entry};
use crate::report::charts::Chart;
use crate::report::functions::{EVIDENCE, Sources};
use crate::report::{Engine, Links, Subject, Voice, markdown, notes, submission};

/// Makes pages. One for a build.
pub struct Maker<'a> {
    /// The project, for its title, language and place.
    pub project: &'a Project,
    /// The chapters.
    pub chapters: Chapters,
    /// The author's own words by section.
    pub notes: Arc<BTreeMap<String, String>>,
    /// The templates of the submission by name.
    pub texts: BTreeMap<String, TextFile>,
    /// The templates of the pages by name.
    pub pages: BTreeMap<String, TextFile>,
    /// What the texts say is not captured.
    pub warnings: Arc<Mutex<BTreeSet<String>>>,
    /// The run that chapters, findings and submission are about.
    pub subject: Arc<Subject>,
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
    pub fn submission(&self, links: Links) -> Result<String> {
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

    /// All pages but those about every run of the project.
    pub fn site(&self) -> Result<Files> {
        let mut files = Files::new();
        files.insert(writer::MARKER.into(), b"isoproof\n".to_vec());
        files.insert(".nojekyll".into(), Vec::new());
        let own = self.project.templates();
        for kind in [".css", ".svg"] {
            for (name, file) in assets::read_all(Tree::Templates, Some(&own), "site/", kind)? {
                files.insert(name.trim_start_matches("site/").into(), file.text.into_bytes());
            }
        }
        self.chapter_pages(&mut files)?;
        self.submission_page(&mut files)?;
        self.rule_pages(&mut files)?;
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
            self.article(&engine, text, &root, &mut context)?;
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
        self.article(&engine, &text, "", &mut context)?;
        context.insert("file", &self.project.config.submission);
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

    /// The page of a run: everything it holds.
    pub fn run_page(&self, subject: &Arc<Subject>, files: &mut Files) -> Result<()> {
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
        context.insert("is_record", &true);
        context.insert("rows", &view::fact_rows(subject));
        files.insert(page, engine.render("site/run.html", &context)?.into_bytes());
        Ok(())
    }

    /// The list of all runs.
    pub fn runs_page(&self, runs: &[RunRow], files: &mut Files) -> Result<()> {
        let engine = self.engine(&self.subject, "../")?;
        let mut context = self.context("runs/index.html", "Runs", "../");
        context.insert("runs", runs);
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

    /// Puts a text into the context of its page: its heading apart, so that the page can stand
    /// something between heading and text.
    fn article(
        &self,
        engine: &Engine,
        text: &str,
        root: &str,
        context: &mut Context,
    ) -> Result<()> {
        let content = self.to_html(engine, text, root)?;
        let (heading, rest) = content.apart();
        context.insert("heading", heading);
        context.insert("content", rest);
        context.insert("headings", &view::headings(&content));
        Ok(())
    }

    /// Markdown as HTML, with captures drawn by their template.
    fn to_html(&self, engine: &Engine, text: &str, root: &str) -> Result<markdown::Rendered> {
        let failed = RefCell::new(None);
        let draw = |info: &str, content: &str| -> Option<String> {
            if let Some(chart) = Chart::named(&self.subject, info) {
                let drawn = engine.render(&chart.template(), &chart.context());
                let drawn = drawn.map_err(|error| failed.replace(Some(error))).ok()?;
                return Some(format!("<figure class=\"chart\">\n{drawn}</figure>\n"));
            }
            let anchor = info.strip_prefix(EVIDENCE)?.trim();
            let capture = self.subject.by_anchor(anchor)?;
            let limit = content.lines().count();
            let mut context = Context::new();
            context.insert("capture", &CaptureView::new(&self.subject, capture, Some(limit)));
            context.insert("root", root);
            context.insert("page", &format!("runs/{}.html", self.subject.run.id));
            context.insert("is_record", &false);
            let drawn = engine.render("site/evidence.html", &context);
            drawn.map_err(|error| failed.replace(Some(error))).ok()
        };
        let rendered = markdown::to_html(text, &draw);
        match failed.into_inner() {
            Some(error) => Err(error),
            None => Ok(rendered),
        }
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
