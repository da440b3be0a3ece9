//! The pages: each is a template and what it sees.
//!
//! To add a page, give [`SiteBuilder::about_report`] a name, a title, a template and what the template
//! sees beyond the frame of every page; and call it from [`SiteBuilder::make_site`].

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;
use rayon::prelude::*;
use serde_json::{Value as Json, json};
use tera::{Context, Value};

use super::content_hash::ContentHash;
use super::feed;
use super::links::{self, PRINT, PagePlace, WrittenLink, resolve_link};
use super::page_writer::{PageWriter, TEXT, TITLE, TextPage, mark_place};
use super::search::{self, SearchIndex};
use super::view::{self, RunRow};
use crate::assets::TextFile;
use crate::error::{Error, Result};
use crate::judge::fleet::FleetTally;
use crate::judge::{RuleBook, RuleDoc};
use crate::model::{Capture, FactId};
use crate::phrases::{PagePhrases, fill_phrase};
use crate::probe::catalogue::Probe;
use crate::project::{CONFIG, NOTES, Project, SUMMARY};
use crate::report::about::AboutPage;
use crate::report::chapters::{ChapterTemplates, ProjectChapters, SummaryEntry};
use crate::report::charts::{Chart, ChartKind};
use crate::report::checked::{CheckedView, check_report};
use crate::report::fact_links::FactLinks;
use crate::report::file_links::list_evidence_files;
use crate::report::functions::{EVIDENCE, LookupSources, MissingWarnings, QuotedChapters};
use crate::report::lookups;
use crate::report::markdown::{JoinedNames, TextJoiner, list_links, page_link};
use crate::report::notes::unlink_files;
use crate::report::{
    Assessment, EvidenceLinks, FileLinks, Renderer, TemplateEngine, document, markdown,
};
use crate::sources::{self, MAX_TEXT_BYTES};
use crate::store::RunFile;
use crate::text;

/// What a [`SiteBuilder`] is made of.
pub(super) struct SiteParts {
    /// The project, for its title, language and place.
    pub project: Arc<Project>,
    /// The chapters.
    pub chapters: ProjectChapters,
    /// The author's own words by section.
    pub notes: BTreeMap<String, String>,
    /// The templates of the document by name.
    pub texts: BTreeMap<String, TextFile>,
    /// The templates of the pages by name, and the files next to them.
    pub pages: BTreeMap<String, TextFile>,
    /// The catalogue, the rules and all other data, for their texts to be compared.
    pub data: BTreeMap<String, TextFile>,
    /// The newest fleet, if there is one.
    pub fleet: Option<String>,
    /// The file of the run that the report is about.
    pub file: RunFile,
    /// That run.
    pub assessment: Assessment,
}

/// Makes pages. One for a build.
pub(super) struct SiteBuilder {
    project: Arc<Project>,
    /// The author's own words, without links to files that the site does not have.
    notes: Arc<BTreeMap<String, String>>,
    /// The same as the document has them.
    document_notes: Arc<BTreeMap<String, String>>,
    /// The templates of the document, and the chapters, in Markdown.
    texts: TemplateEngine,
    spoken: ChapterTemplates,
    /// The templates of the pages, in HTML.
    pages: TemplateEngine,
    /// The files of the site that are no templates: style sheet, script and icon.
    files: BTreeMap<String, TextFile>,
    /// What the document says is not captured.
    warnings: MissingWarnings,
    /// The file of the run that chapters, findings and document are about.
    pub file: RunFile,
    /// That run.
    pub assessment: Arc<Assessment>,
    /// The newest fleet, which every page leads to.
    fleet: Option<String>,
    /// What every page is made of.
    base: ContentHash,
    /// What every page about the report's run is made of.
    report: ContentHash,
    /// The path under which the site is served, with `/` at both ends.
    root: String,
    /// What templates see of the site, on a page about the report's run.
    site: Value,
    /// The links to all chapters, by the way from a page to the root.
    navigation: Mutex<BTreeMap<String, Arc<[Value]>>>,
    /// The chapters that were rendered, by their index.
    rendered: Mutex<BTreeMap<usize, Arc<markdown::RenderedText>>>,
}

/// What chapters are made with, and what they said is not captured.
struct ChapterRenderer {
    chapters: ChapterTemplates,
    pages: TemplateEngine,
    links: Arc<FactLinks>,
    warnings: MissingWarnings,
}

impl ChapterRenderer {
    fn take_warnings(&self) -> Vec<String> {
        let taken = self.warnings.lock().map(|mut lines| std::mem::take(&mut *lines));
        taken.unwrap_or_default().into_iter().collect()
    }
}

/// How many chapters the navigation lists; of more, only those around the page.
const LISTED: usize = 60;

/// How many chapters before and after its own a page lists, where there are many.
const AROUND: usize = 8;

/// How many lines about verdicts the picture for previews has room for.
const CARD_LINES: usize = 4;

/// How many runs a page of the list of runs has.
const RUNS_ON_A_PAGE: usize = 100;

impl SiteBuilder {
    /// A maker of these parts.
    ///
    /// # Errors
    ///
    /// A template or chapter cannot be parsed; the error names file, line and column.
    pub(super) fn new(parts: SiteParts) -> Result<Self> {
        let SiteParts { project, chapters, notes, texts, pages, data, fleet, file, assessment } =
            parts;
        let every = [&texts, &pages, &data];
        let names = every.iter().flat_map(|files| files.iter());
        let named = names.flat_map(|(name, file)| [name.as_str(), &*file.text]);
        let program = ContentHash::of_program();
        let base = program.and_parts(named).and_parts([format!("{:?}", project.config)]);
        let document_notes = Arc::new(notes);
        let notes = unlink_files(&document_notes, &|url| is_project_file(&project, url));
        let own = notes.iter().flat_map(|(name, text)| [name.as_str(), text.as_str()]);
        let edition = assessment.project_data.edition.as_ref();
        let edition = edition.map(|edition| edition.edition_name()).unwrap_or_default();
        let report = base
            .and_parts(own)
            .and_parts([edition, assessment.subject.as_deref().unwrap_or_default()])
            .and_parts([&*file.text])
            .and_parts(chapters.statement_texts())
            .and_parts(chapters.shared_texts());
        let (files, pages): (BTreeMap<_, _>, _) =
            pages.into_iter().partition(|(name, _)| is_plain_file(name));
        let (assessment, chapters, notes) =
            (Arc::new(assessment), Arc::new(chapters), Arc::new(notes));
        let warnings = MissingWarnings::default();
        let markdown = LookupSources {
            assessment: assessment.clone(),
            renderer: Renderer::Markdown(EvidenceLinks::None),
            chapters: None,
            notes: notes.clone(),
            is_document: false,
            warnings: Some(Arc::clone(&warnings)),
        };
        let renderer = Renderer::Html(EvidenceLinks::None);
        let html = LookupSources { renderer, ..markdown.clone() };
        Ok(Self {
            texts: TemplateEngine::new(&texts, &markdown)?,
            spoken: ChapterTemplates::new(&chapters, &markdown)?,
            pages: TemplateEngine::new(&pages, &html)?,
            root: project.config.site_root(),
            site: describe_site(&project, &assessment, fleet.as_deref(), Some(&assessment.run.id)),
            navigation: Mutex::default(),
            rendered: Mutex::default(),
            project,
            notes,
            document_notes,
            files,
            warnings,
            fleet,
            file,
            assessment,
            base,
            report,
        })
    }

    /// Says what the fleet shows that the run of the report is of.
    pub(super) fn set_fleet(&mut self, tally: FleetTally) {
        self.report = self.report.and_parts([json!(tally).to_string()]);
        // Where pages are made a second time it shows the same.
        let _ = self.assessment.fleet.set(tally);
    }

    /// The project.
    pub(super) fn project(&self) -> &Project {
        &self.project
    }

    /// The chapters.
    pub(super) fn project_chapters(&self) -> &ProjectChapters {
        self.spoken.project_chapters()
    }

    /// The path under which the site is served, with `/` at both ends.
    pub(super) fn site_root(&self) -> &str {
        &self.root
    }

    /// What the document said is not captured.
    pub(super) fn missing_warnings(&self) -> BTreeSet<String> {
        self.warnings.lock().map(|lines| lines.clone()).unwrap_or_default()
    }

    /// The document as a file of its own, with links to where the evidence lies in files; none
    /// without an edition.
    ///
    /// # Errors
    ///
    /// It cannot be rendered; the error names file, line and column.
    pub(super) fn document_file(&self) -> Result<Option<String>> {
        if self.assessment.project_data.edition.is_none() {
            return Ok(None);
        }
        let path = path_below(&self.project.root, &self.file.path);
        let base = self.project.config.document_base();
        let (assessment, text) = (&self.assessment, &self.file.text);
        let places = FileLinks::find_places(assessment, &base, path.as_deref(), text);
        self.render_document(EvidenceLinks::Files(Arc::new(places)))
    }

    /// What is to be said where the document leads to evidence files that the project does not have.
    /// Where `book.toml` says what begins their addresses, they lie elsewhere.
    pub(super) fn absent_evidence(&self, document: &Path) -> Option<String> {
        if self.project.config.evidence_base.is_some() {
            return None;
        }
        let files: BTreeSet<String> = list_evidence_files(&self.assessment).into_values().collect();
        let mut absent = files.iter().filter(|path| !self.project.root.join(path).exists());
        let (first, count) = (absent.next()?, absent.count() + 1);
        Some(format!(
            "{} leads to {count} of {} evidence files where they are not, the first {first}\nput \
             them there, or say in {CONFIG} where they are: evidence-base",
            document.display(),
            files.len()
        ))
    }

    /// The document that the edition wants, in Markdown; none without an edition. With links to
    /// files it is the marked file.
    ///
    /// # Errors
    ///
    /// It cannot be rendered; the error names file, line and column.
    fn render_document(&self, links: EvidenceLinks) -> Result<Option<String>> {
        let Some(edition) = &self.assessment.project_data.edition else { return Ok(None) };
        let alone = matches!(links, EvidenceLinks::Files(_));
        let mut sources = self.lookup_sources(&self.assessment, Renderer::Markdown(links));
        sources.is_document = true;
        if alone {
            sources.notes = Arc::clone(&self.document_notes);
        }
        sources.chapters = Some(Arc::new(self.spoken.with_sources(&sources)));
        let engine = self.texts.with_sources(&sources);
        let name = edition.document_template();
        if !engine.has_template(&name) {
            return Err(Error::unusable_input(format!("there is no template {name}")));
        }
        let text = squeeze_empty_lines(&engine.render_template(&name, &Context::new())?);
        let notes = format!("{}/{}/", self.project.config.src.display(), NOTES);
        Ok(Some(if alone {
            document::mark_document(&text, &self.assessment.run.id, &notes)
        } else {
            text
        }))
    }

    /// All pages but that for paper and those about every run of the project.
    ///
    /// # Errors
    ///
    /// A page cannot be rendered or written.
    pub(super) fn make_site(
        &self,
        writer: &PageWriter,
        since: &Json,
        rows: &[Arc<RunRow>],
    ) -> Result<()> {
        writer.add_file(".nojekyll", b"")?;
        for (name, file) in &self.files {
            writer.add_file(name.trim_start_matches("site/"), file.text.as_bytes())?;
        }
        let (chapters, others) =
            rayon::join(|| self.all_chapters(writer, since), || self.other_pages(writer, rows));
        chapters.and(others)
    }

    fn other_pages(&self, writer: &PageWriter, rows: &[Arc<RunRow>]) -> Result<()> {
        self.targets_page(writer)?;
        self.document_page(writer)?;
        self.about_report(
            writer,
            "findings.html",
            &self.page_titles().findings,
            "site/findings.html",
            &json!({}),
        )?;
        self.rules_page(writer, rows)?;
        self.verdicts_page(writer)?;
        self.checked_page(writer)?;
        self.not_found_page(writer)
    }

    /// Makes a page about the run of the report. `sees` is what its template sees beyond the
    /// frame of every page.
    ///
    /// # Errors
    ///
    /// The page cannot be rendered or written.
    pub(super) fn about_report(
        &self,
        writer: &PageWriter,
        name: &str,
        title: &str,
        template: &str,
        sees: &Json,
    ) -> Result<()> {
        self.render_if_changed(writer, (name, title, template), &sees.to_string(), || {
            Ok(sees.clone())
        })
    }

    /// [`SiteBuilder::about_report`] of what is only made if the page has to be made again: that is,
    /// if `from`, from which it is made next to the report, is another text.
    fn render_if_changed(
        &self,
        writer: &PageWriter,
        (name, title, template): (&str, &str, &str),
        from: &str,
        sees: impl FnOnce() -> Result<Json>,
    ) -> Result<()> {
        let root = relative_root(name);
        let key = self.report.and_parts([
            &self.frame_ingredients(name, title, &root, None),
            template,
            from,
        ]);
        writer.add_page(name, key, || {
            let context = with_objects(self.frame_context(name, title, &root, None), &[&sees()?]);
            self.page_engine(&self.assessment, &root).render_template(template, &context)
        })
    }

    /// What in the chapters looks like a look-up and is printed as it stands.
    pub(super) fn misspelt_lookups(&self) -> Vec<String> {
        let chapters = self.project_chapters();
        let mut told = Vec::new();
        for entry in &chapters.entries {
            let file = self.project.chapters_dir().join(&entry.path);
            for (line, words) in lookups::find_misspelt(chapters.chapter_source(&entry.path)) {
                told.push(format!(
                    "{}:{line}: {words}; it is printed as it stands",
                    file.display()
                ));
            }
        }
        told
    }

    /// The links to a place that stand in the author's own words on the page of the document.
    fn find_links_in_notes(&self, page: &str, to: &PagePlace) -> Vec<WrittenLink> {
        let (root, folder) = (self.site_root(), self.project.chapters_dir().join(NOTES));
        let mut written = Vec::new();
        for (section, text) in self.notes.iter().filter(|_| page == DOCUMENT) {
            let mut found = list_links(text);
            found.retain(|(_, url)| resolve_link(page, &page_link(url), root).as_ref() == Some(to));
            let written_at = folder.join(format!("{section}.md")).display().to_string();
            let links = found.into_iter().map(|(_, url)| url);
            written.extend(links.map(|url| WrittenLink { written_at: written_at.clone(), url }));
        }
        written
    }

    /// The links of a chapter's page to a place, where they are written; none of other pages but
    /// the document's.
    pub(super) fn find_written_links(&self, page: &str, to: &PagePlace) -> Vec<WrittenLink> {
        let mut entries = self.project_chapters().entries.iter();
        let Some(entry) = entries.find(|entry| entry.page_path() == page) else {
            return self.find_links_in_notes(page, to);
        };
        let (root, file) = (self.site_root(), self.project.chapters_dir().join(&entry.path));
        let source = self.project_chapters().chapter_source(&entry.path);
        let mut found = list_links(source);
        found.retain(|(_, url)| resolve_link(page, &page_link(url), root).as_ref() == Some(to));
        let written = found.into_iter().map(|(line, url)| WrittenLink {
            written_at: format!("{}:{line}", file.display()),
            url,
        });
        written.collect()
    }

    fn all_chapters(&self, writer: &PageWriter, since: &Json) -> Result<()> {
        let entries = &self.project_chapters().entries;
        // The way into the site is the first chapter, whatever its name.
        if entries.is_empty() {
            let summary = self.project.chapters_dir().join(SUMMARY);
            let error = format!("{} lists no chapter", summary.display());
            return Err(Error::unusable_input(error));
        }
        self.chapter_pages(writer, &(0..entries.len()).collect::<Vec<_>>(), since)?;
        if entries.len() <= LISTED {
            return Ok(());
        }
        let title = &self.page_titles().chapters;
        let frame = self.frame_ingredients(ALL, title, "", None);
        let mut listed = String::new();
        entries.iter().for_each(|entry| entry.push_whole(&mut listed));
        let key = self.report.and_parts(["all", &frame, &listed]);
        writer.add_page(ALL, key, || {
            let mut context = self.frame_context(ALL, title, "", None);
            context.insert_value("entries", self.navigation_links("")[..].into());
            let engine = self.page_engine(&self.assessment, "");
            engine.render_template("site/chapters.html", &context)
        })
    }

    /// The pages of the chapters with these indices.
    fn chapter_pages(&self, writer: &PageWriter, indices: &[usize], since: &Json) -> Result<()> {
        let entries = &self.project_chapters().entries;
        let page =
            |&index: &usize| self.chapter_page(writer, &entries[index].page_path(), index, since);
        // The first error in the order of the book, whichever thread met one first.
        let made: Vec<Result<()>> = indices.par_iter().map(page).collect();
        made.into_iter().collect::<Result<()>>()?;
        if indices.first() == Some(&0) && !entries.iter().any(|entry| entry.page_path() == HOME) {
            self.chapter_page(writer, HOME, 0, since)?;
        }
        Ok(())
    }

    /// Makes the pages of these chapters again, and the document that sections of them may stand
    /// in.
    ///
    /// # Errors
    ///
    /// A page cannot be rendered or written.
    pub(super) fn changed_pages(
        &self,
        writer: &PageWriter,
        names: &BTreeSet<String>,
        since: &Json,
    ) -> Result<()> {
        let entries = self.project_chapters().entries.iter().enumerate();
        let changed = entries.filter(|(_, entry)| names.contains(&entry.path));
        let indices: Vec<usize> = changed.map(|(index, _)| index).collect();
        self.chapter_pages(writer, &indices, since)?;
        self.document_page(writer)
    }

    /// Puts other texts in the place of those of chapters.
    ///
    /// # Errors
    ///
    /// A chapter cannot be parsed; the error names file, line and column.
    pub(super) fn replace_chapters(&mut self, texts: BTreeMap<String, TextFile>) -> Result<()> {
        if let Ok(mut warnings) = self.warnings.lock() {
            warnings.clear();
        }
        let entries = self.project_chapters().entries.iter().enumerate();
        let changed = entries.filter(|(_, entry)| texts.contains_key(&entry.path));
        let indices: Vec<usize> = changed.map(|(index, _)| index).collect();
        for index in indices {
            self.lock_rendered().remove(&index);
        }
        self.spoken.replace_texts(texts)
    }

    fn chapter_page(
        &self,
        writer: &PageWriter,
        name: &str,
        index: usize,
        since: &Json,
    ) -> Result<()> {
        let entry = &self.project_chapters().entries[index];
        let root = relative_root(&entry.path);
        let source = self.project_chapters().chapter_source(&entry.path);
        let is_overview = index == 0;
        let template = if is_overview { "site/overview.html" } else { "site/chapter.html" };
        let framing = self.frame_ingredients(name, &entry.title, &root, Some(index));
        let mut key = self.report.and_parts([&framing, template, source]);
        if is_overview {
            key = key.and_parts([since.to_string()]);
        }
        let made = writer.add_text_page(name, key, || {
            let speaker = self.chapter_renderer(&root);
            let text = self.render_chapter(index, &speaker)?;
            let mut context = self.frame_context(name, &entry.title, &root, Some(index));
            insert_article(&mut context, &text);
            context.insert("pager", &self.pager_context(index, &root));
            if is_overview {
                context.insert("since", since);
                context.insert("ratio_chart", &self.ratio_chart(&speaker.pages)?);
            }
            let frame = speaker.pages.render_template(template, &context)?;
            Ok(TextPage { frame, text, warnings: speaker.take_warnings() })
        })?;
        // The page for paper has it too.
        self.lock_rendered().extend(made.map(|text| (index, Arc::new(text))));
        Ok(())
    }

    fn render_chapter(
        &self,
        index: usize,
        speaker: &ChapterRenderer,
    ) -> Result<markdown::RenderedText> {
        let path = &self.project_chapters().entries[index].path;
        let text = speaker.chapters.render_chapter(path)?.unwrap_or_default();
        self.to_html(&speaker.pages, &text, &speaker.links, &relative_root(path))
    }

    fn lock_rendered(&self) -> MutexGuard<'_, BTreeMap<usize, Arc<markdown::RenderedText>>> {
        self.rendered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chapters as their pages have them, and no longer kept after that unless `is_kept`.
    fn take_rendered(&self, is_kept: bool) -> Result<Vec<Arc<markdown::RenderedText>>> {
        let mut known = std::mem::take(&mut *self.lock_rendered());
        let entries = self.project_chapters().entries.iter().enumerate();
        let texts: Vec<_> = entries.map(|(index, entry)| (known.remove(&index), entry)).collect();
        let texts = texts.into_par_iter().enumerate().map(|(index, (text, entry))| match text {
            Some(text) => Ok(text),
            None => {
                let renderer = self.chapter_renderer(&relative_root(&entry.path));
                self.render_chapter(index, &renderer).map(Arc::new)
            }
        });
        let texts: Vec<Result<_>> = texts.collect();
        let texts: Vec<_> = texts.into_iter().collect::<Result<_>>()?;
        if is_kept {
            *self.lock_rendered() = texts.iter().cloned().enumerate().collect();
        }
        Ok(texts)
    }

    /// The drawing of what each runtime costs, if the run has ratios.
    fn ratio_chart(&self, engine: &TemplateEngine) -> Result<Option<String>> {
        let chart = Chart::draw_chart(&self.assessment, ChartKind::Ratios, FactId::from_text(""));
        chart
            .map(|chart| engine.render_template(&chart.template_name(), &chart.template_context(0)))
            .transpose()
    }

    /// The whole report on one page, for paper. What chapters link to and is on the page too is
    /// linked to there. With `is_urgent` the texts of chapters are kept for another such page, and
    /// this one is given up as soon as it says so: then it is false.
    ///
    /// # Errors
    ///
    /// The page cannot be rendered or written.
    pub(super) fn print_page(
        &self,
        writer: &PageWriter,
        since: &Json,
        is_urgent: Option<&dyn Fn() -> bool>,
    ) -> Result<bool> {
        let entries = &self.project_chapters().entries;
        let pages: Vec<String> = entries.iter().map(SummaryEntry::page_path).collect();
        let title = &self.project.config.title;
        let frame = self.frame_ingredients(PRINT, title, "", None);
        let key = self.report.and_parts(["print", &frame, &since.to_string()]);
        let key = key.and_parts(writer.page_keys(&pages));
        let engine = self.page_engine(&self.assessment, "");
        let make = || {
            let mut context = self.frame_context(PRINT, title, "", None);
            context.insert("content", &mark_place(TEXT));
            context.insert("since", since);
            context.insert("ratio_chart", &self.ratio_chart(&engine)?);
            engine.render_template("site/print.html", &context)
        };
        writer.add_long_page(PRINT, key, make, |add| {
            let texts = self.take_rendered(is_urgent.is_some())?;
            let mut joiner = TextJoiner::default();
            let names: Vec<JoinedNames> =
                texts.iter().map(|text| joiner.name_places(text)).collect();
            let places = printed_places(&pages, &texts, &names);
            self.draw_html(&engine, "", |draw| {
                let mut html = String::new();
                for ((page, names), text) in pages.iter().zip(&names).zip(&texts) {
                    if is_urgent.is_some_and(|is_urgent| is_urgent()) {
                        return Ok(false);
                    }
                    html.clear();
                    let link = |url: &str| printed_address(page, url, &self.root, &places);
                    text.push_joined(names, &link, draw, &mut html);
                    add(&html, &names.anchors)?;
                }
                Ok(true)
            })?
        })
    }

    /// What chapters at this distance from the root are made with.
    fn chapter_renderer(&self, root: &str) -> ChapterRenderer {
        let (warnings, links) = (MissingWarnings::default(), Arc::<FactLinks>::default());
        let renderer = Renderer::Markdown(EvidenceLinks::Chapter(root.into(), links.clone()));
        let sources = self.lookup_sources(&self.assessment, renderer);
        let sources = LookupSources { warnings: Some(warnings.clone()), ..sources };
        let (chapters, pages) =
            (self.spoken.with_sources(&sources), self.page_engine(&self.assessment, root));
        ChapterRenderer { chapters, pages, links, warnings }
    }

    fn document_page(&self, writer: &PageWriter) -> Result<()> {
        if self.assessment.project_data.edition.is_none() {
            return Ok(());
        }
        let name = DOCUMENT;
        let frame = self.frame_ingredients(name, &self.page_titles().document, "", None);
        let key = self.report.and_parts(["document", &frame]);
        // Its sections are those of chapters, so they are among what it is made of.
        let sources = self
            .project_chapters()
            .entries
            .iter()
            .map(|entry| self.project_chapters().chapter_source(&entry.path));
        writer.add_text_page(name, key.and_parts(sources), || {
            let links = Arc::<FactLinks>::default();
            let text = self
                .render_document(EvidenceLinks::Chapter(String::new(), links.clone()))?
                .unwrap_or_default();
            let engine = self.page_engine(&self.assessment, "");
            let mut context = self.frame_context(name, &self.page_titles().document, "", None);
            let text = self.to_html(&engine, &text, &links, "")?;
            insert_article(&mut context, &text);
            context.insert("file", &self.project.config.document);
            let frame = engine.render_template("site/submission.html", &context)?;
            Ok(TextPage { frame, text, warnings: Vec::new() })
        })?;
        Ok(())
    }

    /// All targets side by side.
    fn targets_page(&self, writer: &PageWriter) -> Result<()> {
        let groups: Vec<Json> = view::fact_areas(&self.assessment)
            .into_iter()
            .map(|(area, rows)| json!({ "area": area, "rows": rows }))
            .collect();
        let sees = json!({ "groups": groups });
        self.about_report(
            writer,
            "targets.html",
            &self.page_titles().targets,
            "site/targets.html",
            &sees,
        )
    }

    /// The rules that found something in a run of the project or are switched off, and those about
    /// reports where one is checked.
    fn rules_page(&self, writer: &PageWriter, rows: &[Arc<RunRow>]) -> Result<()> {
        let project_data = &self.assessment.project_data;
        let about_evidence = project_data
            .rules
            .iter_rules()
            .filter(|doc| rows.iter().any(|row| row.rules.contains(&doc.id)))
            .map(|doc| rule_view(doc, &project_data.rules));
        let mut about_evidence: Vec<Json> = about_evidence.collect();
        let others = project_data.rules.iter_rules().count() - about_evidence.len();
        if rows.iter().any(|row| row.node.is_some()) {
            let book = &project_data.fleet_rules;
            about_evidence.extend(book.iter_rules().map(|doc| rule_view(doc, book)));
        }
        let mut about_reports: Vec<Json> = Vec::new();
        if self.project.config.checked_document.is_some() {
            let docs = project_data.listed_report_rules();
            about_reports.extend(docs.map(|doc| rule_view(doc, &project_data.report_rules)));
        }
        let sees =
            json!({ "rules": about_evidence, "report_rules": about_reports, "others": others });
        self.about_report(writer, RULES, &self.page_titles().rules, "site/rules.html", &sees)
    }

    /// What every verdict means.
    fn verdicts_page(&self, writer: &PageWriter) -> Result<()> {
        let project_data = &self.assessment.project_data;
        let verdicts = project_data.words.values();
        let verdicts: Vec<AboutPage> =
            verdicts.map(|doc| AboutPage::about_verdict(project_data, doc)).collect();
        let sees = json!({ "abouts": verdicts });
        self.page_of_no_run(
            writer,
            VERDICTS,
            &self.page_titles().verdicts,
            "site/about.html",
            &sees,
        )
    }

    /// The probes that pages made so far lead to.
    fn linked_probes(&self, writer: &PageWriter) -> Vec<&Probe> {
        let linked = writer.places_linked_on(PROBES);
        let probes = self.assessment.project_data.catalogue.iter_probes();
        probes.filter(|probe| linked.contains(&probe.id)).collect()
    }

    /// What the probes ask that other pages lead to, when those are made. The page is not about a
    /// run, so that it need not be made again for another one. Returns the probes.
    ///
    /// # Errors
    ///
    /// The page cannot be rendered or written.
    pub(super) fn probes_page(&self, writer: &PageWriter) -> Result<Vec<&Probe>> {
        let project_data = &self.assessment.project_data;
        let explained = self.linked_probes(writer);
        let areas = explained.chunk_by(|one, next| probe_area(one) == probe_area(next));
        let areas = areas.map(|probes| {
            let abouts = probes.iter().map(|probe| AboutPage::about_probe(project_data, probe));
            json!({ "area": probe_area(probes[0]), "abouts": abouts.collect::<Vec<_>>() })
        });
        let others = project_data.catalogue.iter_probes().count() - explained.len();
        let sees = json!({ "areas": areas.collect::<Vec<_>>(), "others": others });
        self.page_of_no_run(writer, PROBES, &self.page_titles().probes, "site/probes.html", &sees)?;
        Ok(explained)
    }

    /// The page of a fleet.
    ///
    /// # Errors
    ///
    /// The page cannot be rendered or written.
    pub(super) fn fleet_page(&self, writer: &PageWriter, id: &str, sees: &Json) -> Result<()> {
        let name = format!("fleets/{id}.html");
        let title = fill_phrase(&self.page_titles().fleet, &[("id", id)]);
        self.page_of_no_run(writer, &name, &title, "site/fleet.html", sees)
    }

    /// A page that is about no run.
    fn page_of_no_run(
        &self,
        writer: &PageWriter,
        name: &str,
        title: &str,
        template: &str,
        sees: &Json,
    ) -> Result<()> {
        let root = relative_root(name);
        let frame = self.frame_ingredients(name, title, &root, None);
        let key = self.base.and_parts([template, &frame, &sees.to_string()]);
        writer.add_page(name, key, || {
            let mut context = self.frame_context(name, title, &root, None);
            context.insert_value("site", self.site_value(None));
            self.page_engine(&self.assessment, &root)
                .render_template(template, &with_objects(context, &[sees]))
        })
    }

    /// The hand-written report that `book.toml` names.
    fn checked_page(&self, writer: &PageWriter) -> Result<()> {
        let Some(file) = &self.project.config.checked_document else { return Ok(()) };
        let help = "`checked-submission` in book.toml names the report to check";
        let text = sources::read_text(&self.project.root.join(file), MAX_TEXT_BYTES)
            .map_err(|error| error.with_help(help))?;
        let page = ("checked.html", &*self.page_titles().checked, "site/checked.html");
        self.render_if_changed(writer, page, &text, || {
            let renderer = Renderer::Html(EvidenceLinks::Site(String::new()));
            let (name, assessment) = (file.display().to_string(), &self.assessment);
            let checked = check_report(assessment, &text, &self.project.data_dir())?;
            let view = CheckedView::new(&name, &text, checked, assessment, &renderer);
            Ok(json!({ "checked": view }))
        })
    }

    /// What the page of a run and its row are made of.
    pub(super) fn run_key(&self, file: &RunFile) -> ContentHash {
        let edition = self.project.config.edition.as_deref();
        self.base.and_parts([edition.unwrap_or_default(), &file.text])
    }

    /// The page of a run, everything it holds, and its file next to it.
    ///
    /// # Errors
    ///
    /// The run cannot be read, or the page cannot be rendered or written.
    pub(super) fn run_page(
        &self,
        writer: &PageWriter,
        row: &RunRow,
        key: &ContentHash,
        file: &RunFile,
        assessment: impl Fn() -> Result<Arc<Assessment>>,
    ) -> Result<()> {
        let id = &row.id;
        let name = format!("runs/{id}.html");
        let title = fill_phrase(&self.page_titles().run, &[("id", id)]);
        let site = self.site_value(Some(id));
        let node = row.node.as_ref().map(|node| {
            let starts: Vec<_> = node.starts.iter().map(view::start_view).collect();
            json!({ "name": node.node, "fleet": row.fleet, "starts": starts })
        });
        let about = json!({
            "id": id, "comparisons": row.comparisons, "node": node, "record_pages": row.record_pages,
        });
        writer.add_file(&format!("runs/{id}.json"), file.text.as_bytes())?;
        let frame = self.frame_ingredients(&name, &title, "../", None);
        writer.add_page(&name, key.and_parts([frame, about.to_string()]), || {
            let assessment = assessment()?;
            let captures = assessment.run.captures.iter().filter(|_| row.record_pages.is_empty());
            let context = self.frame_context(&name, &title, "../", None);
            let mut context = with_objects(context, &[&about]);
            // So that the page need not be made again when another run becomes the newest.
            context.insert_value("site", site.clone());
            context.insert("captures", &view::capture_views(&assessment, captures, None));
            context.insert("is_record", &true);
            context.insert("rows", &view::fact_rows(&assessment));
            self.page_engine(&assessment, "../").render_template("site/run.html", &context)
        })?;
        for page in &row.record_pages {
            let name = format!("{}.html", page.place);
            let frame = self.frame_ingredients(&name, &title, "../../", None);
            let target = json!(page.target).to_string();
            writer.add_page(&name, key.and_parts([frame, target]), || {
                let assessment = assessment()?;
                let captures = assessment.run.captures.iter();
                let captures = captures.filter(|capture| capture.target == page.target);
                let mut context = self.frame_context(&name, &title, "../../", None);
                context.insert_value("site", site.clone());
                context.insert("target", &page.target);
                context.insert("captures", &view::capture_views(&assessment, captures, None));
                self.page_engine(&assessment, "../../")
                    .render_template("site/record.html", &context)
            })?;
        }
        Ok(())
    }

    /// A page about two runs, of which `id` is the one that it is mostly about. `key` is that of
    /// all that `sees` is made of.
    ///
    /// # Errors
    ///
    /// Those of `sees`, or the page cannot be rendered or written.
    pub(super) fn about_runs(
        &self,
        writer: &PageWriter,
        name: &str,
        title: &str,
        id: &str,
        key: &ContentHash,
        sees: impl FnOnce() -> Result<Json>,
    ) -> Result<()> {
        let root = relative_root(name);
        let frame = self.frame_ingredients(name, title, &root, None);
        writer.add_page(name, key.and_parts([frame.as_str(), id]), || {
            let context = with_objects(self.frame_context(name, title, &root, None), &[&sees()?]);
            // As on the page of a run.
            let mut context = context;
            context.insert_value("site", self.site_value(Some(id)));
            self.page_engine(&self.assessment, &root).render_template("site/compare.html", &context)
        })
    }

    /// The list of runs, newest first, on as many pages as it needs; this many others are `of_fleets`.
    ///
    /// # Errors
    ///
    /// A page cannot be rendered or written.
    pub(super) fn runs_pages(
        &self,
        writer: &PageWriter,
        runs: &[Arc<RunRow>],
        of_fleets: usize,
    ) -> Result<()> {
        let title = &self.page_titles().runs;
        let pages: Vec<&[Arc<RunRow>]> = runs.chunks(RUNS_ON_A_PAGE).collect();
        for (index, rows) in pages.iter().enumerate() {
            let rows: Vec<&RunRow> = rows.iter().map(|row| &**row).collect();
            let older = Some(index + 1).filter(|next| *next < pages.len());
            let [newer, older] = [index.checked_sub(1), older].map(|index| {
                index.map(|index| {
                    json!({"title": title, "href": format!("../{}", runs_page_name(index))})
                })
            });
            let sees = json!({
                "runs": rows, "number": index + 1, "count": pages.len(), "total": runs.len(),
                "of_fleets": of_fleets, "of_project": runs.len() + of_fleets,
                "newer": newer, "older": older,
            });
            self.about_report(writer, &runs_page_name(index), title, "site/runs.html", &sees)?;
        }
        Ok(())
    }

    /// The search index, when all pages are made, `probes` among them.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(super) fn search_index(
        &self,
        writer: &PageWriter,
        runs: &[Arc<RunRow>],
        probes: &[&Probe],
    ) -> Result<()> {
        let mut rules: BTreeSet<String> = runs.iter().flat_map(|row| &row.rules).cloned().collect();
        if self.project.config.checked_document.is_some() {
            let docs = self.assessment.project_data.listed_report_rules();
            rules.extend(docs.map(|doc| doc.id.clone()));
        }
        let finished = writer.finished_pages();
        let size: u64 = finished.pages.values().map(|made| made.size).sum();
        let chapters = self.project_chapters().entries.iter();
        let mut texts: Vec<(&str, String)> =
            chapters.map(|entry| (entry.title.as_str(), entry.page_path())).collect();
        texts.push((&self.page_titles().document, DOCUMENT.into()));
        let mut index = SearchIndex::with_rules(rules);
        for (title, page) in &texts {
            if let Some(made) = finished.pages.get(page) {
                index.add_chapter(title, page, made);
            }
        }
        index.add_assessment(&self.assessment);
        index.add_probes(probes);
        index.add_runs(runs, &self.assessment.project_data.phrases.no_label);
        let script = index.into_script(size, |page| writer.read_excerpt(page))?;
        writer.add_file(search::FILE, script.as_bytes())
    }

    /// What other programs read: the feed of runs, the picture for previews and, where the
    /// address of the site is known, the map of its pages.
    ///
    /// # Errors
    ///
    /// A template cannot be rendered, or a file cannot be written.
    pub(super) fn machine_files(
        &self,
        writer: &PageWriter,
        runs: &[Arc<RunRow>],
        since: &Json,
    ) -> Result<()> {
        let feed = feed::feed_context(&self.project.config, runs);
        let mut files = vec![("feed.xml", feed), ("card.svg", self.preview_card(since))];
        if self.project.config.site_address().is_some() {
            let pages = writer.page_names().into_iter();
            let names: Vec<String> = pages
                .filter(|name| name != "404.html")
                .map(|name| crate::text::uri_path(&name))
                .collect();
            files.push(("sitemap.xml", json!({ "names": names })));
        }
        let frame = self.frame_context(HOME, &self.project.config.title, "", None);
        let engine = self.page_engine(&self.assessment, "");
        for (name, sees) in &files {
            let context = with_objects(frame.clone(), &[sees]);
            let text = engine.render_template(&format!("site/{name}"), &context)?;
            writer.add_file(name, text.as_bytes())?;
        }
        Ok(())
    }

    /// What the picture for previews shows: the title in lines that fit, the node, what is wrong in
    /// the fleet, and the verdicts, the strongest boundary first.
    fn preview_card(&self, since: &Json) -> Json {
        let ranked = self.assessment.judgement.strongest_first();
        // A line says how many more there are.
        let shown = if ranked.len() > CARD_LINES { CARD_LINES - 1 } else { ranked.len() };
        let verdicts = ranked[..shown].iter().map(|verdict| {
            json!({
                "name": self.assessment.reader_name(&verdict.target),
                "title": self.assessment.project_data.words[verdict.conclusion.into_str()].title,
                "conclusion": verdict.conclusion.into_str(),
                "is_separate": verdict.conclusion.is_separate(),
            })
        });
        let lines = feed::limited_lines(&self.project.config.title, 34, 2);
        let node = since["node"].as_str().map(|node| feed::limited_lines(node, 56, 1));
        json!({
            "lines": lines, "verdicts": verdicts.collect::<Vec<_>>(), "more": ranked.len() - shown,
            "node": node, "fleet": since["fleet"],
        })
    }

    /// The page for what is not there: it is shown under any path, so its links begin at the
    /// root of the server.
    fn not_found_page(&self, writer: &PageWriter) -> Result<()> {
        let (name, title) = ("404.html", &self.page_titles().not_found);
        let frame = self.frame_ingredients(name, title, &self.root, None);
        writer.add_page(name, self.report.and_parts(["404", &frame]), || {
            let context = self.frame_context(name, title, &self.root, None);
            self.page_engine(&self.assessment, &self.root)
                .render_template("site/404.html", &context)
        })
    }

    fn lookup_sources(&self, assessment: &Arc<Assessment>, renderer: Renderer) -> LookupSources {
        LookupSources {
            assessment: assessment.clone(),
            renderer,
            chapters: None,
            notes: self.notes.clone(),
            is_document: false,
            warnings: Some(self.warnings.clone()),
        }
    }

    /// The engine of the page templates. What their tables show as missing is no warning: they
    /// show all there is, while chapters and document ask for what they need.
    fn page_engine(&self, assessment: &Arc<Assessment>, root: &str) -> TemplateEngine {
        let renderer = Renderer::Html(EvidenceLinks::Site(root.to_string()));
        self.pages.with_sources(&LookupSources {
            warnings: None,
            ..self.lookup_sources(assessment, renderer)
        })
    }

    /// Markdown as HTML, with captures drawn by their template.
    fn to_html(
        &self,
        engine: &TemplateEngine,
        text: &str,
        links: &FactLinks,
        root: &str,
    ) -> Result<markdown::RenderedText> {
        self.draw_html(engine, root, |draw| markdown::to_html(text, links, draw))
    }

    /// What `render` makes with a drawer of captures and charts.
    fn draw_html<T>(
        &self,
        engine: &TemplateEngine,
        root: &str,
        render: impl FnOnce(markdown::BlockDrawer) -> T,
    ) -> Result<T> {
        let failed = RefCell::new(None);
        let charts = Cell::new(0);
        let rendered = render(&|info, content| {
            if let Some(chart) = Chart::from_info_string(&self.assessment, info) {
                charts.set(charts.get() + 1);
                let drawn = engine
                    .render_template(&chart.template_name(), &chart.template_context(charts.get()));
                let drawn = drawn.map_err(|error| failed.replace(Some(error))).ok()?;
                return Some(format!("<figure class=\"chart\">\n{drawn}</figure>\n"));
            }
            let anchor = info.strip_prefix(EVIDENCE)?.trim();
            let capture = self.assessment.by_anchor(anchor)?;
            let drawn = self.draw_capture(engine, root, capture, content.lines().count());
            drawn.map_err(|error| failed.replace(Some(error))).ok()
        });
        match failed.into_inner() {
            Some(error) => Err(error),
            None => Ok(rendered),
        }
    }

    /// The first lines of a capture in the text of a chapter, `limit` at most.
    fn draw_capture(
        &self,
        engine: &TemplateEngine,
        root: &str,
        capture: &Capture,
        limit: usize,
    ) -> Result<String> {
        let views = view::capture_views(&self.assessment, [capture].into_iter(), Some(limit));
        let mut context = Context::new();
        context.insert("capture", &views.first());
        context.insert("root", root);
        context.insert("page", &format!("{}.html", self.assessment.capture_page(&capture.id)));
        context.insert("is_record", &false);
        engine.render_template("site/evidence.html", &context)
    }

    /// What every page template sees. `chapter` is the index of the chapter that the page is.
    fn frame_context(
        &self,
        page: &str,
        title: &str,
        root: &str,
        chapter: Option<usize>,
    ) -> Context {
        let mut context = Context::new();
        let count = self.project_chapters().entries.len();
        let all = (count > LISTED).then(|| json!({"href": format!("{root}{ALL}"), "count": count}));
        context.insert_value("title", title.into());
        context.insert_value("root", root.into());
        context.insert_value("page", page.into());
        context.insert_value("chapters", self.navigation_value(root, chapter));
        context.insert("all_chapters", &all);
        context.insert_value("site", self.site.clone());
        context
    }

    /// The titles of pages that are no chapters.
    pub(super) fn page_titles(&self) -> &PagePhrases {
        &self.assessment.project_data.phrases.pages
    }

    /// What templates see of the site, on a page about this run.
    fn site_value(&self, run: Option<&str>) -> Value {
        match run == Some(&self.assessment.run.id) {
            true => self.site.clone(),
            false => describe_site(&self.project, &self.assessment, self.fleet.as_deref(), run),
        }
    }

    /// What the frame of a page of the report and its pager are made of, besides what all pages
    /// of the report share. To hash this takes less time than to make the frame.
    fn frame_ingredients(
        &self,
        page: &str,
        title: &str,
        root: &str,
        chapter: Option<usize>,
    ) -> String {
        let entries = &self.project_chapters().entries;
        let fleet = self.fleet.as_deref().unwrap_or_default();
        let mut parts = [page, title, root, fleet, &entries.len().to_string()].join("\0");
        for index in self.listed_chapters(chapter) {
            parts.push_str(if chapter == Some(index) { "\0here\0" } else { "\0\0" });
            entries[index].push_whole(&mut parts);
        }
        parts
    }

    fn navigation_value(&self, root: &str, chapter: Option<usize>) -> Value {
        let links = self.navigation_links(root);
        let mut listed = Vec::new();
        for index in self.listed_chapters(chapter) {
            listed.push(match chapter == Some(index) {
                true => {
                    let link = navigation_link(&self.project_chapters().entries[index], root, true);
                    Value::from_serializable(&link)
                }
                false => links[index].clone(),
            });
        }
        listed.as_slice().into()
    }

    /// The links to all chapters from a page whose way to the root is this.
    fn navigation_links(&self, root: &str) -> Arc<[Value]> {
        let mut known = self.navigation.lock().unwrap_or_else(PoisonError::into_inner);
        let links = known.entry(root.to_string()).or_insert_with(|| {
            let links = self.project_chapters().entries.iter();
            let links = links.map(|entry| navigation_link(entry, root, false));
            links.map(|link| Value::from_serializable(&link)).collect()
        });
        Arc::clone(links)
    }

    /// The chapters that a page lists: all, or the first and those around its own.
    fn listed_chapters(&self, chapter: Option<usize>) -> impl Iterator<Item = usize> {
        let here = chapter.unwrap_or(0);
        let (from, to) = match self.project_chapters().entries.len() {
            0..=LISTED => (0, self.project_chapters().entries.len()),
            count => (here.saturating_sub(AROUND), (here + AROUND + 1).min(count)),
        };
        let first = (from > 0).then_some(0);
        first.into_iter().chain(from..to)
    }

    /// The chapters before and after one.
    fn pager_context(&self, index: usize, root: &str) -> Json {
        let entries = &self.project_chapters().entries;
        let link =
            |entry: Option<&SummaryEntry>| entry.map(|entry| navigation_link(entry, root, false));
        json!({
            "before": link(index.checked_sub(1).and_then(|index| entries.get(index))),
            "after": link(entries.get(index + 1)),
        })
    }
}

/// What the page of a text sees of it: where it goes, its heading apart, so that the page can
/// stand something between heading and text.
fn insert_article(context: &mut Context, content: &markdown::RenderedText) {
    let has_title = !content.split_title()[0].html.is_empty();
    context.insert("heading", &has_title.then(|| mark_place(TITLE)));
    context.insert("content", &mark_place(TEXT));
    context.insert("headings", &view::contents_headings(content));
}

/// What templates see of a site, on a page about this run.
fn describe_site(
    project: &Project,
    assessment: &Assessment,
    fleet: Option<&str>,
    run: Option<&str>,
) -> Value {
    let config = &project.config;
    let of_report = run.filter(|run| *run == assessment.run.id);
    Value::from_serializable(&json!({
        "title": config.title, "authors": config.authors, "language": config.language,
        "version": env!("CARGO_PKG_VERSION"), "run": run,
        "address": config.site_address(), "checked": config.checked_document.is_some(),
        "document": assessment.project_data.edition.is_some(),
        "fleet": fleet, "node": of_report.and_then(|_| assessment.run.find_node()),
    }))
}

/// The anchors that places have on the page for paper, by page and id.
type PrintedPlaces<'a> = HashMap<(&'a str, &'a str), &'a str>;

/// The anchors that the places of these pages have where their texts stand on one page together.
/// The page itself is the place of its first heading.
fn printed_places<'a>(
    pages: &'a [String],
    texts: &'a [Arc<markdown::RenderedText>],
    names: &'a [JoinedNames],
) -> PrintedPlaces<'a> {
    let mut places = HashMap::new();
    for ((page, text), names) in pages.iter().zip(texts).zip(names) {
        for (heading, anchor) in text.headings.iter().zip(&names.anchors) {
            places.entry((&**page, "")).or_insert(&**anchor);
            places.insert((page, &heading.id), anchor);
        }
    }
    places
}

/// The address on the page for paper of what a text of `page` links to; none where it leads out
/// of the site.
fn printed_address(page: &str, url: &str, root: &str, places: &PrintedPlaces) -> Option<String> {
    let (page, place) = links::resolve_link(page, &markdown::page_link(url), root)?;
    if let Some(anchor) = places.get(&(&*page, &*place)) {
        return Some(format!("#{anchor}"));
    }
    let place = if place.is_empty() { place } else { format!("#{}", text::uri_path(&place)) };
    Some(format!("{}{place}", text::uri_path(&page)))
}

/// The page that a reader comes to first.
const HOME: &str = "index.html";

/// Whether a link of a note leads to a file of the project, seen from where the document lies, and to
/// no chapter.
fn is_project_file(project: &Project, url: &str) -> bool {
    let path = url.split(['#', '?']).next().unwrap_or_default();
    let path = text::percent_decode(path);
    let document = project.root.join(&project.config.document);
    let is_relative = !path.is_empty() && !path.starts_with('/');
    is_relative
        && !project.chapters_dir().join(&path).exists()
        && document.parent().unwrap_or(&project.root).join(&path).exists()
}

/// The page of the document that answers an edition.
const DOCUMENT: &str = "submission.html";

/// The page about rules.
const RULES: &str = "rules.html";

/// The page of the probes.
const PROBES: &str = "probes.html";

/// The page about verdicts.
const VERDICTS: &str = "verdicts.html";

/// The page of the list of runs with this index.
fn runs_page_name(index: usize) -> String {
    match index {
        0 => "runs/index.html".into(),
        index => format!("runs/page-{}.html", index + 1),
    }
}

/// What the page about rules sees of one.
fn rule_view(doc: &RuleDoc, book: &RuleBook) -> Json {
    let [found, not_found] = [&doc.found, &doc.not_found]
        .map(|list| list.iter().map(view::ExampleView::new).collect::<Vec<_>>());
    json!({
        "doc": doc, "found": found, "not_found": not_found,
        "off": book.switched_off_rules().get(&doc.id),
    })
}

/// The area of a probe: what its id begins with.
fn probe_area(probe: &Probe) -> &str {
    probe.id.split('.').next().unwrap_or_default()
}

/// The page that lists all chapters, where there are many.
const ALL: &str = "chapters.html";

/// Whether a file among the page templates goes into the site as it is.
fn is_plain_file(name: &str) -> bool {
    let ends = [".css", ".js", "icon.svg"];
    name.starts_with("site/") && ends.iter().any(|end| name.ends_with(end))
}

/// The path of a file from a folder that it lies in, with `/` between its parts.
fn path_below(folder: &Path, file: &Path) -> Option<String> {
    let (folder, file) = (folder.canonicalize().ok()?, file.canonicalize().ok()?);
    let parts = file.strip_prefix(folder).ok()?.iter();
    let parts: Option<Vec<&str>> = parts.map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

/// The way from a page to the root of the site.
fn relative_root(name: &str) -> String {
    "../".repeat(name.matches('/').count())
}

fn navigation_link(entry: &SummaryEntry, root: &str, is_active: bool) -> Json {
    json!({
        "title": entry.title, "href": format!("{root}{}", entry.page_path()), "level": entry.level,
        "active": is_active,
    })
}

/// A template's context, and what these objects have.
fn with_objects(mut context: Context, objects: &[&Json]) -> Context {
    for (name, value) in objects.iter().filter_map(|object| object.as_object()).flatten() {
        context.insert(name.clone(), value);
    }
    context
}

/// No more than one empty line in a row outside fenced blocks, and none at the ends of lines:
/// conditionals in templates leave them behind.
fn squeeze_empty_lines(text: &str) -> String {
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
