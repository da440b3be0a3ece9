//! A preprocessor for mdBook: look-ups in the chapters of anybody's book.
//!
//! mdBook hands over its context and the book as JSON and takes the book back. Both are kept as
//! plain values, so that fields of versions to come survive.

mod book;
mod record;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;

use crate::assets::TextFile;
use crate::error::{Error, Result};
use crate::judge::fleet::{FleetTally, find_worst_run};
use crate::model::{Fleet, Run};
use crate::parse_error::{FileForm, plain_words};
use crate::project::{MDBOOK_SRC, Project};
use crate::report::fleet::FleetAssessment;
use crate::report::functions::{LookupSources, MissingWarnings};
use crate::report::{
    Assessment, EvidenceLinks, ProjectData, Renderer, chapters, find_candidate, lookups, notes,
};
use crate::store::RunStore;
use crate::store::fleets::FleetStore;
use crate::store::reference::LATEST;
use book::BookChapter;

/// The versions of mdBook whose form of the book is known, by their beginnings.
const KNOWN: [&str; 2] = ["0.4.", "0.5."];

/// What became of a book.
#[derive(Debug)]
pub struct ProcessedBook {
    /// The book, as mdBook wants it back.
    pub book: Json,
    /// What should be looked at.
    pub warnings: Vec<String>,
    /// What the texts say is not captured.
    pub missing: Vec<String>,
}

/// Expands the look-ups in a book.
///
/// # Errors
///
/// The input is not what mdBook writes, the project or its run cannot be used, or a chapter
/// cannot be rendered.
pub fn process_book(input: &str) -> Result<ProcessedBook> {
    let (context, mut book) = parse_input(input)?;
    let mut warnings: Vec<String> = version_warning(&context).into_iter().collect();
    let project = open_book_project(&context)?;
    let templates = chapter_templates(&mut book, &project);
    let mut missing = Vec::new();
    if !templates.is_empty() || project.config.run_pages {
        project.refuse_links_out()?;
        let builder = BookPreprocessor::new(&project)?;
        warnings.extend(builder.left_out.iter().cloned());
        builder.expand_chapters(&mut book, &templates)?;
        if project.config.run_pages && !book::append_chapters(&mut book, builder.added_chapters()?)
        {
            warnings.push("the book has no list of chapters: no page was added".into());
        }
        let lines = builder.warnings.lock();
        missing = lines.map(|lines| lines.iter().cloned().collect()).unwrap_or_default();
    }
    Ok(ProcessedBook { book, warnings, missing })
}

fn parse_input(input: &str) -> Result<(Json, Json)> {
    let what = match serde_json::from_str(input) {
        Ok(Json::Array(mut pair)) if pair.len() == 2 && pair.iter().all(Json::is_object) => {
            let book = pair.pop().unwrap_or_default();
            return Ok((pair.pop().unwrap_or_default(), book));
        }
        Ok(_) => "a list of two, context and book, is wanted".into(),
        Err(error) => plain_words(&error.to_string(), FileForm::Json),
    };
    Err(Error::unusable_input(format!(
        "standard input is not what mdBook gives its preprocessors: {what}"
    ))
    .with_help("mdbook build runs this command; `[preprocessor.isoproof]` in book.toml names it"))
}

fn version_warning(context: &Json) -> Option<String> {
    let version = context["mdbook_version"].as_str().unwrap_or("of unknown number");
    let is_known = KNOWN.iter().any(|known| version.starts_with(known));
    (!is_known).then(|| {
        format!(
            "mdBook {}: the form of the book is known of 0.4 and 0.5, and this one may differ",
            crate::text::make_visible(version)
        )
    })
}

/// The project that the book is. Where its chapters are is what mdBook says, whose default is
/// another than ours.
fn open_book_project(context: &Json) -> Result<Project> {
    let root = context["root"].as_str().unwrap_or(".");
    let mut project = Project::open_folder(Path::new(root))?;
    let src = context["config"]["book"]["src"].as_str().unwrap_or(MDBOOK_SRC);
    project.config.src = PathBuf::from(src);
    Ok(project)
}

/// The chapters that use look-ups, by path.
fn chapter_templates(book: &mut Json, project: &Project) -> BTreeMap<String, TextFile> {
    let mut templates = BTreeMap::new();
    book::visit_chapters(book, &mut |chapter: BookChapter| {
        if lookups::is_template(chapter.content) {
            let origin = project.chapters_dir().join(chapter.path).display().to_string();
            let file = TextFile::from_own_text(chapter.content.as_str(), origin);
            templates.insert(chapter.path.to_string(), file);
        }
    });
    templates
}

/// Makes texts about one run.
struct BookPreprocessor {
    assessment: Arc<Assessment>,
    notes: Arc<BTreeMap<String, String>>,
    statements: BTreeMap<String, TextFile>,
    warnings: MissingWarnings,
    /// What has to be said about runs that were left out.
    left_out: Vec<String>,
    has_pages: bool,
}

impl BookPreprocessor {
    fn new(project: &Project) -> Result<Self> {
        let project_data = ProjectData::load_project(project)?;
        let store = RunStore::with_catalogue(project, Arc::clone(&project_data.catalogue));
        let mut loaded = store.load_run(&project.config.run, &project.root)?;
        let fleet = assess_fleet_of(&loaded.run, project, &store, &project_data)?;
        // Of the nodes of a fleet none is later than another.
        if project.config.run == LATEST
            && let Some(worst) = fleet.as_ref().and_then(|fleet| find_worst_run(&fleet.nodes))
        {
            loaded = store.load_run(worst, &project.root)?;
        }
        if let Some(target) = &project_data.target {
            find_candidate(&loaded.run, target)?;
        }
        let assessment = Assessment::new(loaded, &project_data)?;
        if let Some(fleet) = fleet {
            let _ = assessment.fleet.set(FleetTally::of_nodes(&fleet.nodes));
        }
        Ok(Self {
            assessment: Arc::new(assessment),
            notes: Arc::new(notes::load_notes(&project.chapters_dir())?),
            statements: chapters::load_statements(&project.templates_dir())?,
            warnings: Arc::default(),
            left_out: store.store_warnings(),
            has_pages: project.config.run_pages,
        })
    }

    fn template_sources(&self, renderer: Renderer) -> LookupSources {
        LookupSources {
            assessment: self.assessment.clone(),
            renderer,
            chapters: None,
            notes: self.notes.clone(),
            is_document: false,
            warnings: Some(self.warnings.clone()),
        }
    }

    /// Puts the expanded texts in the place of the templates.
    fn expand_chapters(
        &self,
        book: &mut Json,
        templates: &BTreeMap<String, TextFile>,
    ) -> Result<()> {
        // The way to the root is part of every link, so chapters of one depth go together.
        let mut by_depth: BTreeMap<usize, BTreeMap<String, TextFile>> = BTreeMap::new();
        for (path, file) in templates {
            let depth = path.matches('/').count();
            by_depth.entry(depth).or_default().insert(path.clone(), file.clone());
        }
        let mut texts = BTreeMap::new();
        for (depth, templates) in by_depth {
            let root = self.has_pages.then(|| "../".repeat(depth));
            let sources = self.template_sources(Renderer::Markdown(EvidenceLinks::Book(root)));
            texts.extend(chapters::render_all(&templates, &self.statements, &sources)?);
        }
        book::visit_chapters(book, &mut |chapter: BookChapter| {
            if let Some(text) = texts.get(chapter.path) {
                *chapter.content = record::adapt_links(text, chapter.path, self.has_pages);
            }
        });
        Ok(())
    }

    /// The chapters that are added: the run, and the findings with a page for every rule.
    fn added_chapters(&self) -> Result<Vec<Json>> {
        record::make_record_pages(&self.assessment, |root| {
            let renderer = Renderer::Html(EvidenceLinks::Book(Some(root.to_string())));
            // A table of all there is may have gaps without being a text that lacks something.
            LookupSources { warnings: None, ..self.template_sources(renderer) }
        })
    }
}

/// What the fleet shows that this run is of.
fn assess_fleet_of(
    run: &Run,
    project: &Project,
    store: &RunStore,
    project_data: &ProjectData,
) -> Result<Option<FleetAssessment>> {
    if run.find_node().is_none() {
        return Ok(None);
    }
    let fleets = FleetStore::open_project(project).list_fleets()?.fleets;
    let is_of = |fleet: &Fleet| fleet.nodes.iter().any(|node| node.run.as_ref() == Some(&run.id));
    let Some(fleet) = fleets.into_iter().find(is_of) else { return Ok(None) };
    FleetAssessment::assess_fleet(fleet, store, project_data).map(Some)
}

#[cfg(test)]
mod tests;
