//! The chapters: mdBook's `SUMMARY.md` and the Markdown files it lists.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use tera::Context;

use super::functions::{LookupSources, QuotedChapters};
use super::lookups;
use super::markdown;
use super::templates::TemplateEngine;
use crate::assets::{self, AssetTree, TextFile};
use crate::error::{Error, Result};
use crate::project::SUMMARY;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SummaryEntry {
    pub title: String,
    /// The file, below the folder of the chapters, with `/` between the parts.
    pub path: String,
    /// How deep it stands in the list, from 0.
    pub level: usize,
}

impl SummaryEntry {
    /// Appends all of it, in a form that no other entry has.
    pub(crate) fn push_whole(&self, out: &mut String) {
        for part in [&*self.title, &self.path, &self.level.to_string()] {
            out.push_str(part);
            out.push('\0');
        }
    }

    pub(crate) fn page_path(&self) -> String {
        format!("{}.html", self.path.trim_end_matches(".md"))
    }
}

/// The chapters of a project: its own files over those that ship with isoproof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProjectChapters {
    pub entries: Vec<SummaryEntry>,
    files: BTreeMap<String, TextFile>,
    statements: BTreeMap<String, TextFile>,
}

impl ProjectChapters {
    /// Reads summary and chapters from `folder`, the statements that they make from `templates`,
    /// and both from what ships with isoproof.
    /// Errors: a file cannot be read, or the summary names a chapter that does not exist.
    pub(crate) fn load(folder: &Path, templates: &Path) -> Result<Self> {
        let mut files = assets::read_all(AssetTree::Chapters, Some(folder), "", ".md")?;
        files.retain(|name, _| !name.starts_with("notes/"));
        let summary = files.remove(SUMMARY).ok_or_else(|| {
            Error::unusable_input(format!("no {SUMMARY} in {}", folder.display()))
        })?;
        let entries = summary_entries(&summary.text);
        for entry in &entries {
            if !files.contains_key(&entry.path) {
                return Err(Error::unusable_input(format!(
                    "{}: chapter `{}` is listed, but there is no such file in {}",
                    summary.origin,
                    entry.path,
                    folder.display()
                )));
            }
        }
        // The document of an edition takes sections of shipped chapters that a project need not list.
        let shipped = assets::read_all(AssetTree::Chapters, None, "", ".md")?;
        let listed: BTreeSet<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
        files.retain(|name, _| listed.contains(name.as_str()) || shipped.contains_key(name));
        Ok(Self { entries, files, statements: load_statements(templates)? })
    }

    /// The text of a chapter's file, before any look-up.
    pub(crate) fn chapter_source(&self, name: &str) -> &str {
        self.files.get(name).map(|file| &*file.text).unwrap_or_default()
    }

    /// Whether one of the files is the chapter of this name, listed or not.
    pub(crate) fn has_chapter(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// The names of the files that chapters are made of, listed ones and others.
    pub(crate) fn chapter_names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The text of every statement that a chapter may make.
    pub(crate) fn statement_texts(&self) -> impl Iterator<Item = &str> {
        self.statements.values().map(|file| &*file.text)
    }

    /// The text of every chapter that a chapter may take from another one; empty if none does.
    pub(crate) fn shared_texts(&self) -> Vec<&str> {
        let texts = self.files.values().map(|file| &*file.text);
        if texts.clone().any(takes_from_others) { texts.collect() } else { Vec::new() }
    }
}

/// Whether a chapter's text may take from another chapter of the project. What ships with the
/// program changes only with it, and statements are told apart.
pub(crate) fn takes_from_others(text: &str) -> bool {
    // Sooner said of most texts than the others.
    text.contains('{')
        && (text.contains("{{<")
            || text.split("{%").skip(1).any(|rest| {
                let tag = rest.split("%}").next().unwrap_or_default();
                let name = tag.trim_start_matches('-').trim_start();
                let takes =
                    ["include", "extends", "component"].iter().any(|word| name.starts_with(word));
                takes
                    && ![lookups::SHIPPED, lookups::STATEMENTS].iter().any(|own| tag.contains(own))
            }))
}

/// Chapters in one form, each rendered when it is asked for.
pub(crate) struct ChapterTemplates {
    chapters: Arc<ProjectChapters>,
    engine: TemplateEngine,
}

impl ChapterTemplates {
    /// The chapters with the look-ups of `sources`.
    pub(crate) fn new(chapters: &Arc<ProjectChapters>, sources: &LookupSources) -> Result<Self> {
        let engine = make_engine(&chapters.files, &chapters.statements, sources)?;
        Ok(Self { chapters: chapters.clone(), engine })
    }

    pub(crate) fn project_chapters(&self) -> &ProjectChapters {
        &self.chapters
    }

    /// Puts other texts in the place of those of chapters. Templates are parsed again if there is
    /// or was one among them. After an error those of before are rendered, until this is called
    /// with the same chapters again.
    pub(crate) fn replace_texts(&mut self, texts: BTreeMap<String, TextFile>) -> Result<()> {
        let are_templates = texts
            .iter()
            .any(|(name, file)| self.engine.has_template(name) || lookups::is_template(&file.text));
        // Others have the chapters only while they render them, so this copies none.
        let chapters = Arc::make_mut(&mut self.chapters);
        chapters.files.extend(texts);
        if are_templates {
            self.engine =
                make_engine(&chapters.files, &chapters.statements, self.engine.lookup_sources())?;
        }
        Ok(())
    }

    /// The same chapters with other look-ups.
    #[must_use]
    pub(crate) fn with_sources(&self, sources: &LookupSources) -> Self {
        Self { chapters: self.chapters.clone(), engine: self.engine.with_sources(sources) }
    }
}

impl QuotedChapters for ChapterTemplates {
    fn render_chapter(&self, name: &str) -> Result<Option<Cow<'_, str>>> {
        if self.engine.has_template(name) {
            return Ok(Some(self.engine.render_template(name, &Context::new())?.into()));
        }
        Ok(self.chapters.files.get(name).map(|file| Cow::Borrowed(&*file.text)))
    }

    fn chapter_names(&self) -> Vec<&str> {
        self.chapters.chapter_names().collect()
    }
}

impl fmt::Debug for ChapterTemplates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.chapter_names()).finish()
    }
}

/// The statements that chapters make, by name: what is said depending on an outcome, in files of
/// their own. A project's own file replaces the one that ships.
pub(crate) fn load_statements(templates: &Path) -> Result<BTreeMap<String, TextFile>> {
    assets::read_all(AssetTree::Templates, Some(templates), lookups::STATEMENTS, ".md")
}

/// Texts with every look-up expanded, by name. Those that use none stay as they are; the
/// chapters that ship with isoproof can be included.
pub(crate) fn render_all(
    texts: &BTreeMap<String, TextFile>,
    statements: &BTreeMap<String, TextFile>,
    sources: &LookupSources,
) -> Result<BTreeMap<String, String>> {
    let engine = make_engine(texts, statements, sources)?;
    let mut rendered = BTreeMap::new();
    for (name, file) in texts {
        let text = match engine.has_template(name) {
            true => engine.render_template(name, &Context::new())?,
            false => file.text.clone().into_owned(),
        };
        rendered.insert(name.clone(), text);
    }
    Ok(rendered)
}

/// The templates among these texts, and what they can include: the chapters that ship, and
/// statements.
fn make_engine(
    texts: &BTreeMap<String, TextFile>,
    statements: &BTreeMap<String, TextFile>,
    sources: &LookupSources,
) -> Result<TemplateEngine> {
    let mut templates = statements.clone();
    for (name, file) in assets::read_all(AssetTree::Chapters, None, "", ".md")? {
        templates.insert(format!("{}{name}", lookups::SHIPPED), file);
    }
    for (name, file) in texts.iter().filter(|(_, file)| lookups::is_template(&file.text)) {
        let text = lookups::shield_braces(&file.text);
        templates.insert(name.clone(), TextFile::from_own_text(text, file.origin.as_str()));
    }
    TemplateEngine::new(&templates, sources)
}

/// The links of the summary, in order, with their depth in its list.
pub(crate) fn summary_entries(summary: &str) -> Vec<SummaryEntry> {
    let mut entries = Vec::new();
    let mut depth: usize = 0;
    let mut open: Option<(String, String)> = None;
    for event in Parser::new_ext(summary, markdown::markdown_options()) {
        match (&mut open, event) {
            (_, Event::Start(Tag::List(_))) => depth += 1,
            (_, Event::End(TagEnd::List(_))) => depth -= 1,
            (None, Event::Start(Tag::Link { dest_url, .. })) => {
                open = Some((dest_url.to_string(), String::new()));
            }
            (Some((_, title)), Event::Text(text) | Event::Code(text)) => title.push_str(&text),
            (Some(_), Event::End(TagEnd::Link)) => {
                // A link without a target is mdBook's mark of a draft.
                if let Some((path, title)) = open.take().filter(|(path, _)| !path.is_empty()) {
                    let path = path.trim_start_matches("./").to_string();
                    entries.push(SummaryEntry { title, path, level: depth.saturating_sub(1) });
                }
            }
            _ => {}
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_gives_titles_paths_and_depths() {
        let summary =
            "# Summary\n\n[Start](index.md)\n\n- [A](a.md)\n  - [B `c`](./x/b.md)\n- [Draft]()\n";
        let entry = |title: &str, path: &str, level| SummaryEntry {
            title: title.into(),
            path: path.into(),
            level,
        };
        assert_eq!(
            summary_entries(summary),
            [entry("Start", "index.md", 0), entry("A", "a.md", 0), entry("B c", "x/b.md", 1)]
        );
    }

    #[test]
    fn only_chapters_that_take_from_others_share_their_texts() {
        let chapters = |text: &str| {
            let file = |text: &str| TextFile::from_own_text(text, "t");
            let files = [("a.md", file(text)), ("b.md", file("B"))];
            let files = files.into_iter().map(|(name, file)| (name.to_string(), file)).collect();
            ProjectChapters { entries: Vec::new(), files, statements: BTreeMap::new() }
        };
        assert!(chapters("They include {% if x %}this{% endif %}").shared_texts().is_empty());
        assert!(chapters("{% include \"statements/control.md\" %}").shared_texts().is_empty());
        assert_eq!(chapters("{%- include \"b.md\" %}").shared_texts().len(), 2);
    }

    #[test]
    fn a_shipped_chapter_need_not_be_listed_and_an_own_draft_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(SUMMARY), "- [A](index.md)\n").unwrap();
        std::fs::write(folder.path().join("draft.md"), "{{ fact(").unwrap();
        let chapters = ProjectChapters::load(folder.path(), folder.path()).unwrap();
        assert_eq!(chapters.entries.len(), 1);
        assert!(!chapters.chapter_source("isolation.md").is_empty());
        assert!(chapters.chapter_source("draft.md").is_empty());
    }

    #[test]
    fn a_listed_chapter_that_does_not_exist_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(SUMMARY), "- [A](nowhere.md)\n").unwrap();
        let error = ProjectChapters::load(folder.path(), folder.path()).unwrap_err();
        assert!(error.message.contains("`nowhere.md`"), "{error}");
    }
}
