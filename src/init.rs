//! A new project: what `isoproof init` writes.
//!
//! Nothing is ever overwritten. What can be found out is not asked: the address of the site
//! from the git remote, the edition of a pack from evidence that lies there.

use std::path::{Path, PathBuf};

use tera::{Context, Tera};

use crate::assets::{self, AssetTree, TextFile};
use crate::atomic;
use crate::error::{Error, Result};
use crate::project::{NOTES, Project, ProjectConfig, SUMMARY};
use crate::report::chapters;
use crate::report::lookups::SHIPPED;
use crate::sources;

/// The workflow that publishes the site.
const WORKFLOW: &str = ".github/workflows/pages.yml";

#[derive(Debug, Clone, Default)]
pub(crate) struct InitOptions {
    /// The edition of a pack; by default that of settings or evidence in the folder. Without
    /// one the project is about the runtimes alone.
    pub edition: Option<String>,
    /// Whether the text of the shipped chapters is written out, to be changed. Without it each
    /// chapter includes the shipped one, and improves with it.
    pub whole_chapters: bool,
    /// The version and, where it is known, the commit of the program, for the workflow.
    pub version: WorkflowVersion,
}

/// Which program the workflow installs.
#[derive(Debug, Clone, Default)]
pub(crate) struct WorkflowVersion {
    /// The number: `0.1.0`.
    pub number: String,
    /// The commit that it was built from, where it is known.
    pub commit: Option<String>,
    /// The address of its repository, where it is known.
    pub repository: Option<String>,
}

/// What became of each file, as paths below the folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct InitReport {
    pub written: Vec<PathBuf>,
    /// Those that were there already and were left as they are.
    pub kept: Vec<PathBuf>,
    /// Lines that an existing `.gitignore` lacks.
    pub unignored: Vec<String>,
    /// The edition that notes are for, where the settings that were there do not name it.
    pub unnamed_edition: Option<String>,
    /// The way from the top of the git repository to the folder, where it lies below and so its
    /// workflow is not where GitHub looks for it.
    pub below_repository: Option<String>,
}

/// Makes a project in `folder`, which need not exist.
/// Errors: the folder is a file, or something cannot be written.
pub(crate) fn create_project(folder: &Path, options: &InitOptions) -> Result<InitReport> {
    if folder.exists() && !folder.is_dir() {
        return Err(Error::unusable_input(format!("{} is not a folder", folder.display())));
    }
    let mut report = InitReport::default();
    let edition = options.edition.clone().or_else(|| evident_edition(folder));
    for (path, text) in project_files(folder, options, edition.as_deref())? {
        let place = folder.join(&path);
        match atomic::create_if_missing(&place, text.as_bytes(), atomic::SHARED)? {
            true => report.written.push(path),
            false => report.kept.push(path),
        }
    }
    report.unignored = missing_ignore_lines(folder)?;
    let settings = Project::open_folder(folder).ok().and_then(|project| project.config.edition);
    report.unnamed_edition = edition.filter(|edition| settings.as_ref() != Some(edition));
    if report.written.iter().any(|path| path == Path::new(WORKFLOW)) {
        report.below_repository = way_from_repository(folder);
    }
    Ok(report)
}

/// The files of a project, in the order in which they are told.
fn project_files(
    folder: &Path,
    options: &InitOptions,
    edition: Option<&str>,
) -> Result<Vec<(PathBuf, String)>> {
    let templates = assets::read_all(AssetTree::Templates, None, "init/", "")?;
    let mut context = Context::new();
    context.insert("edition", &edition);
    context.insert("site_url", &site_url(folder).map(|url| toml::Value::String(url).to_string()));
    context.insert("version", &options.version.number);
    context.insert("commit", &options.version.commit);
    context.insert("repository", &options.version.repository);
    let mut files = Vec::new();
    for (name, path) in [
        ("init/book.toml", "book.toml"),
        ("init/gitignore", ".gitignore"),
        ("init/pages.yml", WORKFLOW),
    ] {
        files.push((path.into(), render_init_template(&templates, name, &context)?));
    }
    let src = chapters_folder(folder);
    let listed = std::fs::read_to_string(folder.join(&src).join(SUMMARY));
    let listed = listed.map(|summary| chapters::summary_entries(&summary)).ok();
    for (name, file) in assets::read_all(AssetTree::Chapters, None, "", ".md")? {
        // A book that is there has chapters of its own.
        if let Some(entries) = &listed
            && name != SUMMARY
            && !entries.iter().any(|entry| entry.path == name)
        {
            continue;
        }
        let text = match name == SUMMARY || options.whole_chapters {
            true => file.text.into_owned(),
            false => {
                context.insert("chapter", &format!("{SHIPPED}{name}"));
                render_init_template(&templates, "init/chapter.md", &context)?
            }
        };
        files.push((src.join(name), text));
    }
    if let Some(edition) = edition {
        files.extend(note_files(edition, &src)?);
    }
    Ok(files)
}

/// The notes that a project of an edition has, each with what is to be told in it.
fn note_files(edition: &str, src: &Path) -> Result<Vec<(PathBuf, String)>> {
    let pack = crate::find_pack(edition).map_err(Error::unusable_input)?;
    let name = format!("{}/note.md", pack.pack_name());
    let templates = assets::read_all(AssetTree::Templates, None, &name, "")?;
    let mut files = Vec::new();
    for note in pack.list_notes(edition)? {
        let path = src.join(NOTES).join(format!("{}.md", note.section));
        let mut context = Context::new();
        context.insert("note", &note);
        files.push((path, render_init_template(&templates, &name, &context)?));
    }
    Ok(files)
}

fn render_init_template(
    templates: &std::collections::BTreeMap<String, TextFile>,
    name: &str,
    context: &Context,
) -> Result<String> {
    let file = templates
        .get(name)
        .ok_or_else(|| Error::unusable_input(format!("there is no template {name}")))?;
    let text = Tera::one_off(&file.text, context, false)
        .map_err(|error| Error::unusable_input(format!("{}: {error}", file.origin)))?;
    Ok(format!("{}\n", text.trim()))
}

/// The folder of the chapters: that of the settings, if there are any.
fn chapters_folder(folder: &Path) -> PathBuf {
    Project::open_folder(folder)
        .map_or_else(|_| ProjectConfig::default().src, |project| project.config.src)
}

/// The edition that the folder's settings name, or whose evidence lies there.
fn evident_edition(folder: &Path) -> Option<String> {
    let settings = Project::open_folder(folder).ok();
    settings.and_then(|project| project.config.edition).or_else(|| {
        crate::PACKS.iter().find_map(|pack| pack.evident_edition(folder)).map(String::from)
    })
}

/// The path under which GitHub Pages serves the repository that the folder belongs to.
fn site_url(folder: &Path) -> Option<String> {
    let arguments = ["config", "--get", "remote.origin.url"];
    let output = crate::git::run_git(Some(folder), &arguments, &[], &[]).ok()?;
    pages_path(output.stdout_text().trim())
}

/// The way from the top of the git repository to the folder, `report/`; none where it is the top,
/// or in no repository.
fn way_from_repository(folder: &Path) -> Option<String> {
    let output =
        crate::git::run_git(Some(folder), &["rev-parse", "--show-prefix"], &[], &[]).ok()?;
    let prefix = output.stdout_text().trim().to_string();
    (!prefix.is_empty()).then_some(prefix)
}

/// The path of a GitHub repository's site: `/name/`, or `/` for the site of a user.
fn pages_path(remote: &str) -> Option<String> {
    let (_, rest) = remote.split_once("github.com")?;
    let mut parts = rest.trim_start_matches(['/', ':']).trim_end_matches('/').split('/');
    let (owner, name) = (parts.next()?, parts.next()?.trim_end_matches(".git"));
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if name.is_empty() || !is_plain {
        return None;
    }
    let is_users = name.eq_ignore_ascii_case(&format!("{owner}.github.io"));
    Some(if is_users { "/".into() } else { format!("/{name}/") })
}

/// The lines that the folder's `.gitignore` lacks.
fn missing_ignore_lines(folder: &Path) -> Result<Vec<String>> {
    let path = folder.join(".gitignore");
    let there = sources::read_text(&path, sources::MAX_TEXT_BYTES)?;
    let there: Vec<&str> = there.lines().map(|line| line.trim().trim_matches('/')).collect();
    let wanted = assets::read_all(AssetTree::Templates, None, "init/gitignore", "")?;
    let lines = wanted.values().flat_map(|file| file.text.lines());
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let lines = lines.filter(|line| !there.contains(&line.trim().trim_matches('/')));
    Ok(lines.map(String::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> InitOptions {
        let version = WorkflowVersion { number: "0.1.0".into(), commit: None, repository: None };
        InitOptions { version, ..InitOptions::default() }
    }

    #[test]
    fn a_new_project_has_settings_that_can_be_read_and_every_chapter() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("new/project");
        let report = create_project(&root, &options()).unwrap();
        assert!(report.kept.is_empty() && report.unignored.is_empty(), "{report:?}");
        let text = std::fs::read_to_string(root.join("book.toml")).unwrap();
        ProjectConfig::parse(&text, Path::new("book.toml")).unwrap();
        let chapters = crate::report::chapters::ProjectChapters::load(
            &root.join("site"),
            &root.join("templates"),
        )
        .unwrap();
        for entry in &chapters.entries {
            assert!(root.join("site").join(&entry.path).is_file(), "{}", entry.path);
        }
        assert!(!root.join("site/notes").exists());
    }

    #[test]
    fn a_project_of_the_lab_has_a_note_for_every_task() {
        let folder = tempfile::tempdir().unwrap();
        let options = InitOptions { edition: Some("f25".into()), ..options() };
        create_project(folder.path(), &options).unwrap();
        assert!(folder.path().join("site/notes/task-4.md").is_file());
        let text = std::fs::read_to_string(folder.path().join("book.toml")).unwrap();
        let config = ProjectConfig::parse(&text, Path::new("book.toml")).unwrap();
        assert_eq!(config.edition.as_deref(), Some("f25"));
    }

    #[test]
    fn a_note_that_nobody_wrote_in_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let options = InitOptions { edition: Some("f25".into()), ..options() };
        create_project(folder.path(), &options).unwrap();
        let notes = crate::report::notes::load_notes(&folder.path().join("site")).unwrap();
        assert!(notes.is_empty(), "{notes:?}");
    }

    #[test]
    fn what_is_there_is_kept_and_the_rest_is_written() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("site")).unwrap();
        std::fs::write(folder.path().join("site/index.md"), "mine").unwrap();
        std::fs::write(folder.path().join(".gitignore"), "public\n").unwrap();
        let report = create_project(folder.path(), &options()).unwrap();
        assert_eq!(report.kept, [Path::new(".gitignore"), Path::new("site/index.md")]);
        assert!(report.unignored.contains(&"/.isoproof".to_string()), "{report:?}");
        assert!(!report.unignored.contains(&"/public".to_string()), "{report:?}");
        assert_eq!(std::fs::read(folder.path().join("site/index.md")).unwrap(), b"mine");
        let again = create_project(folder.path(), &options()).unwrap();
        assert!(again.written.is_empty(), "{again:?}");
    }

    #[test]
    fn a_book_that_is_there_keeps_its_chapters_and_gets_notes() {
        let folder = tempfile::tempdir().unwrap();
        let src = folder.path().join("src");
        std::fs::create_dir(&src).unwrap();
        std::fs::write(folder.path().join("book.toml"), "[book]\ntitle = \"Mine\"\n").unwrap();
        std::fs::write(src.join("SUMMARY.md"), "- [Mine](mine.md)\n- [Method](method.md)\n")
            .unwrap();
        let options = InitOptions { edition: Some("f25".into()), ..options() };
        let report = create_project(folder.path(), &options).unwrap();
        assert!(!folder.path().join("site").exists(), "{report:?}");
        assert!(src.join("notes/summary.md").is_file() && src.join("method.md").is_file());
        assert!(!src.join("isolation.md").exists());
    }

    #[test]
    fn settings_that_are_there_and_name_another_edition_are_told() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(create_project(folder.path(), &options()).unwrap().unnamed_edition, None);
        let wanted = InitOptions { edition: Some("f25".into()), ..options() };
        let report = create_project(folder.path(), &wanted).unwrap();
        assert_eq!(report.unnamed_edition.as_deref(), Some("f25"));
        let fresh = tempfile::tempdir().unwrap();
        assert_eq!(create_project(fresh.path(), &wanted).unwrap().unnamed_edition, None);
        assert_eq!(create_project(fresh.path(), &wanted).unwrap().unnamed_edition, None);
    }

    #[test]
    fn a_workflow_below_the_top_of_a_repository_is_told() {
        let folder = tempfile::tempdir().unwrap();
        crate::git::run_git(Some(folder.path()), &["init", "-q"], &[], &[]).unwrap();
        let below = |name: &str| {
            create_project(&folder.path().join(name), &options()).unwrap().below_repository
        };
        assert_eq!(below("docs/report").as_deref(), Some("docs/report/"));
        assert_eq!(below(""), None);
    }

    #[test]
    fn a_link_to_nowhere_is_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("book.toml");
        std::os::unix::fs::symlink("elsewhere/book.toml", &place).unwrap();
        let report = create_project(folder.path(), &options()).unwrap();
        assert_eq!(report.kept, [Path::new("book.toml")]);
    }

    #[test]
    fn evidence_that_lies_there_tells_the_edition() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("labs/lab12/results")).unwrap();
        create_project(folder.path(), &options()).unwrap();
        let text = std::fs::read_to_string(folder.path().join("book.toml")).unwrap();
        let config = ProjectConfig::parse(&text, Path::new("book.toml")).unwrap();
        assert_eq!(config.edition.as_deref(), Some("s26"));
        assert!(!folder.path().join("site/notes/task-4.md").exists());
        // Without the evidence the settings tell it.
        std::fs::remove_dir_all(folder.path().join("labs")).unwrap();
        let again = create_project(folder.path(), &options()).unwrap();
        assert!(again.written.is_empty(), "{again:?}");
    }

    #[test]
    fn the_address_of_the_site_follows_from_the_remote() {
        let path = |remote| pages_path(remote);
        assert_eq!(path("git@github.com:ada/lab.git").as_deref(), Some("/lab/"));
        assert_eq!(path("https://github.com/ada/lab/").as_deref(), Some("/lab/"));
        assert_eq!(path("https://github.com/Ada/ada.github.io").as_deref(), Some("/"));
        assert_eq!(path("https://example.org/ada/lab"), None);
        assert_eq!(path("git@github.com:ada"), None);
    }
}
