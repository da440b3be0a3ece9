//! The pages: each is a template and what it sees.
//!
//! To add a page, give [`Maker::about_report`] a name, a title, a template and what the template
//! sees beyond the frame of every page; and call it from [`Maker::site`].

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::{Value as Json, json};
use tera::Context;

use super::cache::Key;
use super::checked::{self, CheckedView};
use super::feed;
use super::history::Since;
use super::press::{Press, Text};
use super::search::{self, Index};
use super::view::{self, CaptureView, RunRow};
use crate::assets::TextFile;
use crate::claims::Claims;
use crate::error::{Error, Result};
use crate::judge::{Example, RuleDoc};
use crate::project::{NOTES, Project, SUMMARY};
use crate::report::about::About;
use crate::report::chapters::{Chapters, Entry, Texts};
use crate::report::charts::Chart;
use crate::report::functions::{EVIDENCE, Sources, Warnings};
use crate::report::{Engine, Lent, Links, Pool, Subject, Voice, markdown, submission};
use crate::store::RunFile;

/// What a [`Maker`] is made of.
pub struct Parts<'a> {
    /// The project, for its title, language and place.
    pub project: &'a Project,
    /// The chapters.
    pub chapters: Chapters,
    /// The author's own words by section.
    pub notes: BTreeMap<String, String>,
    /// The templates of the submission by name.
    pub texts: BTreeMap<String, TextFile>,
    /// The templates of the pages by name, and the files beside them.
    pub pages: BTreeMap<String, TextFile>,
    /// The catalogue, the rules and all other data, for their texts to be compared.
    pub data: BTreeMap<String, TextFile>,
    /// The file of the run that the report is about.
    pub file: RunFile,
    /// That run.
    pub subject: Subject,
}

/// Makes pages. One for a build.
pub struct Maker<'a> {
    project: &'a Project,
    chapters: Arc<Chapters>,
    notes: Arc<BTreeMap<String, String>>,
    /// The templates of the submission, and the chapters, in Markdown.
    texts: Engine,
    spoken: Texts,
    /// The templates of the pages, in HTML.
    pages: Pool,
    /// The files of the site that are no templates: style sheet, script and icon.
    files: BTreeMap<String, TextFile>,
    /// What the submission says is not captured.
    warnings: Warnings,
    /// The file of the run that chapters, findings and submission are about.
    pub file: RunFile,
    /// That run.
    pub subject: Arc<Subject>,
    /// What every page is made of.
    base: Key,
    /// What every page about the report's run is made of.
    report: Key,
    /// The path under which the site is served, with `/` at both ends.
    root: String,
}

/// What chapters are made with, and what they said is not captured.
struct Speaker<'a> {
    chapters: Texts,
    pages: Lent<'a>,
    warnings: Warnings,
}

impl Speaker<'_> {
    fn take_warnings(&self) -> Vec<String> {
        let taken = self.warnings.lock().map(|mut lines| std::mem::take(&mut *lines));
        taken.unwrap_or_default().into_iter().collect()
    }
}

/// How many chapters the navigation lists; of more, only those around the page.
const LISTED: usize = 60;

/// How many chapters before and after its own a page lists, where there are many.
const AROUND: usize = 8;

/// How many runs a page of the list of runs has.
const RUNS_ON_A_PAGE: usize = 100;

impl<'a> Maker<'a> {
    /// A maker of these parts.
    ///
    /// # Errors
    ///
    /// A template or chapter cannot be parsed; the error names file, line and column.
    pub fn new(parts: Parts<'a>) -> Result<Self> {
        let Parts { project, chapters, notes, texts, pages, data, file, subject } = parts;
        let every = [&texts, &pages, &data];
        let names = every.iter().flat_map(|files| files.iter());
        let named = names.flat_map(|(name, file)| [name.as_str(), file.text.as_str()]);
        let program = Key::of_program();
        let base = program.and(named).and([format!("{:?}", project.config)]);
        let own = notes.iter().flat_map(|(name, text)| [name.as_str(), text.as_str()]);
        let edition = subject.edition.edition.name();
        let report = base.and(own).and([edition, file.text.as_str()]).and(chapters.shared());
        let (files, pages): (BTreeMap<_, _>, _) =
            pages.into_iter().partition(|(name, _)| is_plain_file(name));
        let (subject, chapters, notes) = (Arc::new(subject), Arc::new(chapters), Arc::new(notes));
        let warnings = Warnings::default();
        let sources = |voice| Sources {
            subject: subject.clone(),
            voice,
            chapters: Arc::default(),
            notes: notes.clone(),
            warnings: Arc::clone(&warnings),
        };
        let markdown = sources(Voice::Markdown(Links::None));
        let html = sources(Voice::Html(Links::None));
        Ok(Self {
            texts: Engine::new(&texts, &markdown)?,
            spoken: Texts::new(&chapters, &markdown)?,
            pages: Pool::new(Engine::new(&pages, &html)?),
            root: project.config.site_root(),
            project,
            chapters,
            notes,
            files,
            warnings,
            file,
            subject,
            base,
            report,
        })
    }

    /// The project.
    pub fn project(&self) -> &Project {
        self.project
    }

    /// The path under which the site is served, with `/` at both ends.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// What the submission said is not captured.
    pub fn warnings(&self) -> BTreeSet<String> {
        self.warnings.lock().map(|lines| lines.clone()).unwrap_or_default()
    }

    /// The submission in Markdown. Without links it is the marked file.
    ///
    /// # Errors
    ///
    /// It cannot be rendered; the error names file, line and column.
    pub fn submission(&self, links: Links) -> Result<String> {
        let alone = links == Links::None;
        let mut sources = self.sources(&self.subject, Voice::Markdown(links));
        sources.chapters = Arc::new(self.spoken.about(&sources));
        let engine = self.texts.about(&sources);
        let name = format!("submission/{}.md", self.subject.edition.edition);
        if !engine.has(&name) {
            return Err(Error::input(format!("there is no template {name}")));
        }
        let text = squeeze(&engine.render(&name, &Context::new())?);
        let notes = format!("{}/{}/", self.project.config.src.display(), NOTES);
        Ok(if alone { submission::mark(&text, &self.subject.run.id, &notes) } else { text })
    }

    /// All pages but those about every run of the project.
    ///
    /// # Errors
    ///
    /// A page cannot be rendered or written.
    pub(super) fn site(&self, press: &Press, since: &Since) -> Result<()> {
        press.put(".nojekyll", b"")?;
        for (name, file) in &self.files {
            press.put(name.trim_start_matches("site/"), file.text.as_bytes())?;
        }
        let (chapters, others) =
            rayon::join(|| self.chapter_pages(press, since), || self.other_pages(press));
        chapters.and(others)
    }

    fn other_pages(&self, press: &Press) -> Result<()> {
        self.targets_page(press)?;
        self.submission_page(press)?;
        self.rule_pages(press)?;
        self.about_pages(press)?;
        self.checked_page(press)?;
        self.not_found_page(press)
    }

    /// Makes a page about the run of the report. `sees` is what its template sees beyond the
    /// frame of every page.
    ///
    /// # Errors
    ///
    /// The page cannot be rendered or written.
    pub fn about_report(
        &self,
        press: &Press,
        name: &str,
        title: &str,
        template: &str,
        sees: &Json,
    ) -> Result<()> {
        self.made_of(press, (name, title, template), &sees.to_string(), || Ok(sees.clone()))
    }

    /// [`Maker::about_report`] of what is only made if the page has to be made again: that is,
    /// if `from`, from which it is made beside the report, is another text.
    fn made_of(
        &self,
        press: &Press,
        (name, title, template): (&str, &str, &str),
        from: &str,
        sees: impl FnOnce() -> Result<Json>,
    ) -> Result<()> {
        let root = up(name);
        let key = self.report.and([&self.framing(name, title, &root, None), template, from]);
        press.page(name, key, || {
            let frame = self.frame(name, title, &root, None);
            self.engine(&self.subject, &root).render(template, &context(&[&frame, &sees()?]))
        })
    }

    fn chapter_pages(&self, press: &Press, since: &Since) -> Result<()> {
        let entries: Vec<(usize, &Entry)> = self.chapters.entries.iter().enumerate().collect();
        // Some chunks for each thread, because texts differ in length; few, because each has
        // look-ups of its own, so that it is known which page lacks what.
        let size = entries.len().div_ceil(4 * rayon::current_num_threads()).max(1);
        let chunk = |chunk: &[(usize, &Entry)]| -> Result<()> {
            let mut speakers: BTreeMap<String, Speaker> = BTreeMap::new();
            for (index, entry) in chunk {
                let root = up(&entry.path);
                let speaker = speakers.entry(root).or_insert_with_key(|root| self.speaker(root));
                self.chapter_page(press, &entry.page(), (*index, entry), speaker, since)?;
            }
            Ok(())
        };
        // The first error in the order of the book, whichever thread met one first.
        let made: Vec<Result<()>> = entries.par_chunks(size).map(chunk).collect();
        made.into_iter().collect::<Result<()>>()?;
        let entries = &self.chapters.entries;
        if !entries.iter().any(|entry| entry.page() == HOME) {
            // The way into the site is the first chapter, whatever its name.
            let first = entries.first().ok_or_else(|| {
                let summary = self.project.chapters().join(SUMMARY);
                Error::input(format!("{} lists no chapter", summary.display()))
            })?;
            let speaker = self.speaker(&up(&first.path));
            self.chapter_page(press, HOME, (0, first), &speaker, since)?;
        }
        if entries.len() > LISTED {
            let all: Vec<Json> = entries.iter().map(|entry| link(entry, "", false)).collect();
            let sees = json!({ "entries": all });
            self.about_report(press, ALL, "All chapters", "site/chapters.html", &sees)?;
        }
        Ok(())
    }

    fn chapter_page(
        &self,
        press: &Press,
        name: &str,
        (index, entry): (usize, &Entry),
        speaker: &Speaker,
        since: &Since,
    ) -> Result<()> {
        let root = up(&entry.path);
        let source = self.chapters.source(&entry.path);
        let is_overview = index == 0;
        let template = if is_overview { "site/overview.html" } else { "site/chapter.html" };
        let framing = self.framing(name, &entry.title, &root, Some(index));
        let mut key = self.report.and([&framing, template, source]);
        if is_overview {
            key = key.and([&since.key]);
        }
        press.text(name, key, || {
            let text = speaker.chapters.get(&entry.path)?.unwrap_or_default();
            let article = self.article(&speaker.pages, &text, &root)?;
            let frame = self.frame(name, &entry.title, &root, Some(index));
            let pager = json!({ "pager": self.pager(index, &root) });
            let mut context = context(&[&frame, &pager, &article]);
            if is_overview {
                context.insert("since", &(since.sees)(&root)?);
            }
            let html = speaker.pages.render(template, &context)?;
            Ok(Text { html, warnings: speaker.take_warnings() })
        })
    }

    /// What chapters at this distance from the root are made with.
    fn speaker(&self, root: &str) -> Speaker<'_> {
        let warnings: Warnings = Arc::default();
        let voice = Voice::Markdown(Links::Site(root.into()));
        let sources = self.sources(&self.subject, voice);
        let sources = Sources { warnings: warnings.clone(), ..sources };
        let (chapters, pages) = (self.spoken.about(&sources), self.engine(&self.subject, root));
        Speaker { chapters, pages, warnings }
    }

    fn submission_page(&self, press: &Press) -> Result<()> {
        let name = "submission.html";
        let frame = self.frame(name, "Submission", "", None);
        let key = self.report.and(["submission", &frame.to_string()]);
        // Its sections are those of chapters, so they are among what it is made of.
        let sources = self.chapters.entries.iter().map(|entry| self.chapters.source(&entry.path));
        press.page(name, key.and(sources), || {
            let text = self.submission(Links::Site(String::new()))?;
            let engine = self.engine(&self.subject, "");
            let article = self.article(&engine, &text, "")?;
            let file = json!({ "file": self.project.config.submission });
            engine.render("site/submission.html", &context(&[&frame, &article, &file]))
        })
    }

    /// All targets side by side.
    fn targets_page(&self, press: &Press) -> Result<()> {
        let groups: Vec<Json> = view::areas(&self.subject)
            .into_iter()
            .map(|(area, rows)| json!({ "area": area, "rows": rows }))
            .collect();
        let sees = json!({ "groups": groups });
        self.about_report(press, "targets.html", "Side by side", "site/targets.html", &sees)
    }

    fn rule_pages(&self, press: &Press) -> Result<()> {
        let docs: Vec<_> = self.subject.shelf.rules.iter().collect();
        let books = [&self.subject.shelf.rules, &self.subject.shelf.report_rules];
        let about_reports: Vec<_> = books[1].iter().collect();
        let sees = json!({ "rules": docs, "report_rules": about_reports });
        self.about_report(press, "findings.html", "Findings", "site/findings.html", &sees)?;
        for (book, of_reports) in books.into_iter().zip([false, true]) {
            let page = |doc: &&RuleDoc| {
                let views = |list: &[Example]| -> Vec<Json> {
                    list.iter().map(|example| json!(view::ExampleView::new(example))).collect()
                };
                let page = format!("rules/{}.html", doc.id);
                let (found, not_found) = (views(&doc.found), views(&doc.not_found));
                let sees = json!({
                    "rule": doc, "of_reports": of_reports, "found": found,
                    "not_found": not_found, "off": book.off().get(&doc.id),
                });
                self.about_report(press, &page, &doc.title, "site/rule.html", &sees)
            };
            let docs: Vec<&RuleDoc> = book.iter().collect();
            let made: Vec<Result<()>> = docs.par_iter().map(page).collect();
            made.into_iter().collect::<Result<()>>()?;
        }
        Ok(())
    }

    /// What every probe asks and every verdict means. They are not about a run, so that they need
    /// not be made again for another one.
    fn about_pages(&self, press: &Press) -> Result<()> {
        let shelf = &self.subject.shelf;
        let probes: Vec<About> =
            shelf.catalogue.iter().map(|probe| About::probe(shelf, probe)).collect();
        let verdicts: Vec<About> =
            shelf.words.values().map(|doc| About::verdict(shelf, doc)).collect();
        let page = |name: &str, title: &str, template: &str, sees: &Json| {
            let mut frame = self.frame(name, title, "../", None);
            frame["site"]["run"] = Json::Null;
            let key = self.base.and([template, &frame.to_string(), &sees.to_string()]);
            press.page(name, key, || {
                let engine = self.engine(&self.subject, "../");
                engine.render(template, &context(&[&frame, sees]))
            })
        };
        let row = |about: &About| json!({ "id": about.id, "title": about.title });
        let rows = |list: &[About]| -> Vec<Json> { list.iter().map(row).collect() };
        let sees = json!({ "probes": rows(&probes), "verdicts": rows(&verdicts) });
        page("probes/index.html", "Probes", "site/probes.html", &sees)?;
        let folders = probes.iter().map(|about| ("probes", about));
        let all: Vec<_> = folders.chain(verdicts.iter().map(|doc| ("verdicts", doc))).collect();
        all.par_iter().try_for_each(|(folder, about)| {
            let name = format!("{folder}/{}.html", about.id);
            page(&name, &about.title, "site/about.html", &json!({ "about": about }))
        })
    }

    /// The hand-written report that `book.toml` names.
    fn checked_page(&self, press: &Press) -> Result<()> {
        let Some(text) = checked::read(self.project)? else { return Ok(()) };
        let page = ("checked.html", "Checked report", "site/checked.html");
        self.made_of(press, page, &text, || {
            // To compile the words takes longer than to make a page.
            let claims = Claims::load(Some(&self.project.data()))?;
            let voice = Voice::Html(Links::Site(String::new()));
            let view = CheckedView::of(self.project, &text, &claims, &self.subject, &voice)?;
            Ok(json!({ "checked": view }))
        })
    }

    /// What the page of a run and its row are made of.
    pub fn run_key(&self, file: &RunFile) -> Key {
        let edition = self.project.config.edition.map(|edition| edition.name());
        self.base.and([edition.unwrap_or_default(), &file.text])
    }

    /// The page of a run, everything it holds, and its file beside it.
    ///
    /// # Errors
    ///
    /// The run cannot be read, or the page cannot be rendered or written.
    pub fn run_page(
        &self,
        press: &Press,
        row: &RunRow,
        key: &Key,
        file: &RunFile,
        subject: impl FnOnce() -> Result<Arc<Subject>>,
    ) -> Result<()> {
        let id = &row.id;
        let name = format!("runs/{id}.html");
        let mut frame = self.frame(&name, &format!("Run {id}"), "../", None);
        // So that the page need not be made again when another run becomes the newest.
        frame["site"]["run"] = id.as_str().into();
        frame["comparisons"] = json!(row.comparisons);
        press.put(&format!("runs/{id}.json"), file.text.as_bytes())?;
        press.page(&name, key.and([frame.to_string()]), || {
            let subject = subject()?;
            let captures = subject.run.captures.iter();
            let captures = captures.map(|capture| CaptureView::new(&subject, capture, None));
            let mut context = context(&[&frame]);
            context.insert("captures", &captures.collect::<Vec<_>>());
            context.insert("is_record", &true);
            context.insert("rows", &view::fact_rows(&subject));
            self.engine(&subject, "../").render("site/run.html", &context)
        })
    }

    /// A page about two runs, of which `id` is the one that it is mostly about. `key` is that of
    /// all that `sees` is made of.
    ///
    /// # Errors
    ///
    /// Those of `sees`, or the page cannot be rendered or written.
    pub fn about_runs(
        &self,
        press: &Press,
        name: &str,
        title: &str,
        id: &str,
        key: &Key,
        sees: impl FnOnce() -> Result<Json>,
    ) -> Result<()> {
        let root = up(name);
        let mut frame = self.frame(name, title, &root, None);
        // As on the page of a run.
        frame["site"]["run"] = id.into();
        press.page(name, key.and([frame.to_string()]), || {
            let context = context(&[&frame, &sees()?]);
            self.engine(&self.subject, &root).render("site/compare.html", &context)
        })
    }

    /// The list of all runs, newest first, on as many pages as it needs.
    ///
    /// # Errors
    ///
    /// A page cannot be rendered or written.
    pub fn runs_pages(&self, press: &Press, runs: &[RunRow]) -> Result<()> {
        let name = |index: usize| match index {
            0 => "runs/index.html".to_string(),
            index => format!("runs/page-{}.html", index + 1),
        };
        let pages: Vec<&[RunRow]> = runs.chunks(RUNS_ON_A_PAGE).collect();
        for (index, rows) in pages.iter().enumerate() {
            let link =
                |index: usize| json!({"title": "Runs", "href": format!("../{}", name(index))});
            let newer = index.checked_sub(1).map(link);
            let older = (index + 1 < pages.len()).then(|| link(index + 1));
            let sees = json!({
                "runs": rows, "number": index + 1, "count": pages.len(), "total": runs.len(),
                "newer": newer, "older": older,
            });
            self.about_report(press, &name(index), "Runs", "site/runs.html", &sees)?;
        }
        Ok(())
    }

    /// The search index, when all pages are made.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn search_index(&self, press: &Press, runs: &[RunRow]) -> Result<()> {
        let mut index = Index::default();
        for entry in &self.chapters.entries {
            let page = entry.page();
            if let Some(made) = press.made(&page) {
                index.chapter(&entry.title, &page, &made);
            }
        }
        index.subject(&self.subject);
        index.runs(runs);
        press.put(search::FILE, index.script(press.size()).as_bytes())
    }

    /// What other programs read: the feed of runs, the picture for previews and, where the
    /// address of the site is known, the map of its pages.
    ///
    /// # Errors
    ///
    /// A template cannot be rendered, or a file cannot be written.
    pub fn machine_files(&self, press: &Press, runs: &[RunRow]) -> Result<()> {
        let frame = self.frame(HOME, &self.project.config.title, "", None);
        let engine = self.engine(&self.subject, "");
        let file = |name: &str, sees: &Json| -> Result<()> {
            let text = engine.render(&format!("site/{name}"), &context(&[&frame, sees]))?;
            press.put(name, text.as_bytes())
        };
        file("feed.xml", &feed::sees(&self.project.config, runs))?;
        file("card.svg", &self.card())?;
        if self.project.config.site_address().is_some() {
            let pages = press.pages().into_iter();
            let names: Vec<String> = pages
                .filter(|name| name != "404.html")
                .map(|name| crate::text::uri_path(&name))
                .collect();
            file("sitemap.xml", &json!({ "names": names }))?;
        }
        Ok(())
    }

    /// What the picture for previews shows: the title in lines that fit, and the verdicts.
    fn card(&self) -> Json {
        let verdicts = self.subject.judgement.verdicts.iter().take(3).map(|verdict| {
            json!({
                "name": self.subject.name(&verdict.target),
                "title": self.subject.shelf.words[verdict.conclusion.id()].title,
                "conclusion": verdict.conclusion.id(),
                "is_separate": verdict.conclusion.is_separate(),
            })
        });
        let lines = feed::lines(&self.project.config.title, 34, 2);
        json!({ "lines": lines, "verdicts": verdicts.collect::<Vec<_>>() })
    }

    /// The page for what is not there: it is shown under any path, so its links begin at the
    /// root of the server.
    fn not_found_page(&self, press: &Press) -> Result<()> {
        let frame = self.frame("404.html", "Not found", &self.root, None);
        press.page("404.html", self.report.and(["404", &frame.to_string()]), || {
            self.engine(&self.subject, &self.root).render("site/404.html", &context(&[&frame]))
        })
    }

    fn sources(&self, subject: &Arc<Subject>, voice: Voice) -> Sources {
        Sources {
            subject: subject.clone(),
            voice,
            chapters: Arc::default(),
            notes: self.notes.clone(),
            warnings: self.warnings.clone(),
        }
    }

    /// The engine of the page templates. What their tables show as missing is no warning: they
    /// show all there is, while chapters and submission ask for what they need.
    fn engine(&self, subject: &Arc<Subject>, root: &str) -> Lent<'_> {
        let voice = Voice::Html(Links::Site(root.to_string()));
        self.pages.about(&Sources { warnings: Arc::default(), ..self.sources(subject, voice) })
    }

    /// What the page of a text sees of it: its heading apart, so that the page can stand
    /// something between heading and text.
    fn article(&self, engine: &Engine, text: &str, root: &str) -> Result<Json> {
        let content = self.to_html(engine, text, root)?;
        let (heading, rest) = content.apart();
        Ok(json!({ "heading": heading, "content": rest, "headings": view::headings(&content) }))
    }

    /// Markdown as HTML, with captures drawn by their template.
    fn to_html(&self, engine: &Engine, text: &str, root: &str) -> Result<markdown::Rendered> {
        let failed = RefCell::new(None);
        let charts = Cell::new(0);
        let draw = |info: &str, content: &str| -> Option<String> {
            if let Some(chart) = Chart::named(&self.subject, info) {
                charts.set(charts.get() + 1);
                let drawn = engine.render(&chart.template(), &chart.context(charts.get()));
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

    /// What every page template sees. `chapter` is the index of the chapter that the page is.
    fn frame(&self, page: &str, title: &str, root: &str, chapter: Option<usize>) -> Json {
        let config = &self.project.config;
        json!({
            "title": title,
            "root": root,
            "page": page,
            "chapters": self.navigation(root, chapter),
            "all_chapters": (self.chapters.entries.len() > LISTED)
                .then(|| json!({"href": format!("{root}{ALL}"), "count": self.chapters.entries.len()})),
            "site": {
                "title": config.title, "authors": config.authors, "language": config.language,
                "version": env!("CARGO_PKG_VERSION"), "run": self.subject.run.id,
                "address": config.site_address(), "checked": config.checked_submission.is_some(),
            },
        })
    }

    /// What the frame of a page of the report and its pager are made of, besides what all pages
    /// of the report share. To hash this takes less time than to make the frame.
    fn framing(&self, page: &str, title: &str, root: &str, chapter: Option<usize>) -> String {
        let entries = &self.chapters.entries;
        let mut parts = [page, title, root, &entries.len().to_string()].join("\0");
        for index in self.listed(chapter) {
            let Entry { title, path, level } = &entries[index];
            let place = format!("\0{title}\0{path}\0{level} {}", chapter == Some(index));
            parts.push_str(&place);
        }
        parts
    }

    fn navigation(&self, root: &str, chapter: Option<usize>) -> Vec<Json> {
        let link = |index| link(&self.chapters.entries[index], root, chapter == Some(index));
        self.listed(chapter).map(link).collect()
    }

    /// The chapters that a page lists: all, or the first and those around its own.
    fn listed(&self, chapter: Option<usize>) -> impl Iterator<Item = usize> {
        let here = chapter.unwrap_or(0);
        let (from, to) = match self.chapters.entries.len() {
            0..=LISTED => (0, self.chapters.entries.len()),
            count => (here.saturating_sub(AROUND), (here + AROUND + 1).min(count)),
        };
        let first = (from > 0).then_some(0);
        first.into_iter().chain(from..to)
    }

    /// The chapters before and after one.
    fn pager(&self, index: usize, root: &str) -> Json {
        let entries = &self.chapters.entries;
        let link = |entry: Option<&Entry>| entry.map(|entry| link(entry, root, false));
        json!({
            "before": link(index.checked_sub(1).and_then(|index| entries.get(index))),
            "after": link(entries.get(index + 1)),
        })
    }
}

/// The page that a reader comes to first.
const HOME: &str = "index.html";

/// The page that lists all chapters, where there are many.
const ALL: &str = "chapters.html";

/// Whether a file among the page templates goes into the site as it is.
fn is_plain_file(name: &str) -> bool {
    let ends = [".css", ".js", "icon.svg"];
    name.starts_with("site/") && ends.iter().any(|end| name.ends_with(end))
}

/// The way from a page to the root of the site.
fn up(name: &str) -> String {
    "../".repeat(name.matches('/').count())
}

fn link(entry: &Entry, root: &str, is_active: bool) -> Json {
    json!({
        "title": entry.title, "href": format!("{root}{}", entry.page()), "level": entry.level,
        "active": is_active,
    })
}

/// A template's context of these objects.
fn context(objects: &[&Json]) -> Context {
    let mut context = Context::new();
    for (name, value) in objects.iter().filter_map(|object| object.as_object()).flatten() {
        context.insert(name.clone(), value);
    }
    context
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
