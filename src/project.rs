//! A project: the folder with `book.toml`, and what that file says.
//!
//! The file is mdBook's: its tables `[book]`, `[build]` and `[output.html]` are read for what
//! both programs need, and ours is `[preprocessor.isoproof]`.

mod expect;
mod gate;
mod links_outside;
mod misplaced;
mod setting_place;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use self::setting_place::SettingPlaces;
use crate::error::{Error, Result};
use crate::parse_error::describe_toml_error;
use crate::sources::{self, MAX_TEXT_BYTES};
use crate::text::line_at;
pub use expect::{Expectation, ExpectedBoundary, ExpectedSubject, FactTest, LeastConfidence};
pub use gate::{DiffGate, FailOn, MARGIN};

/// The name of the configuration file.
pub const CONFIG: &str = "book.toml";

/// The file that lists the chapters, in their folder.
pub const SUMMARY: &str = "SUMMARY.md";

/// The folder of the author's own words, in that of the chapters.
pub const NOTES: &str = "notes";

/// The folder of the chapters of a book that does not name it, to mdBook.
pub const MDBOOK_SRC: &str = "src";

/// The folder that everything of a report lives in, and its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// The folder.
    pub root: PathBuf,
    /// Whether it has a `book.toml`; without one the defaults hold.
    pub has_config: bool,
    /// The settings.
    pub config: ProjectConfig,
}

/// The settings of a project, with every default filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectConfig {
    /// The title of the site.
    pub title: String,
    /// Who wrote the report.
    pub authors: Vec<String>,
    /// The language of the text, as in HTML's `lang`.
    pub language: String,
    /// The folder of the chapters.
    pub src: PathBuf,
    /// The line of `book.toml` that names that folder, from 1; none where it names none.
    pub src_line: Option<usize>,
    /// The folder that the site is built into.
    pub build_dir: PathBuf,
    /// Where the site is served: a path (`/repo/`) for the page that answers 404, or a full
    /// address (`https://example.org/repo/`), which also gives a map of the site and absolute
    /// links for other programs.
    pub site_url: Option<String>,
    /// The edition of a pack whose demands the report answers; without one it answers none.
    pub edition: Option<String>,
    /// The file that the document of an edition is written to.
    pub document: PathBuf,
    /// What begins the addresses of evidence in the document: an address that ends in `/`; by
    /// default the way from the document to the project's folder.
    pub evidence_base: Option<String>,
    /// A hand-written report that the site shows checked against the evidence.
    pub checked_document: Option<PathBuf>,
    /// The run that a report is about, where no other is asked for.
    pub run: String,
    /// The target that the document is about; by default the one that the edition asks for.
    pub target: Option<String>,
    /// Whether the book that mdBook makes gets chapters of the run and its findings.
    pub run_pages: bool,
    /// The margin within which a difference of times does not matter: 0.05 is 5 %.
    pub margin: f64,
    /// The rules that are switched off, by id.
    pub rules: BTreeMap<String, RuleSwitch>,
    /// When a comparison of two runs fails.
    pub gate: DiffGate,
    /// What is expected of a run, in the order of the file.
    pub expectations: Vec<Expectation>,
}

/// How a rule is treated.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "{ off = true, reason = \"...\" }")]
pub struct RuleSwitch {
    /// Whether the rule is switched off.
    pub off: bool,
    /// Why; reports print it.
    #[serde(default)]
    pub reason: String,
}

impl Default for ProjectConfig {
    fn default() -> Self {
        Self {
            title: "Container isolation report".into(),
            authors: Vec::new(),
            language: "en".into(),
            src: "site".into(),
            src_line: None,
            build_dir: "public".into(),
            site_url: None,
            edition: None,
            document: "submission.md".into(),
            evidence_base: None,
            checked_document: None,
            run: "latest".into(),
            target: None,
            run_pages: false,
            margin: MARGIN,
            rules: BTreeMap::new(),
            gate: DiffGate::default(),
            expectations: Vec::new(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct BookToml {
    book: BookTable,
    build: BuildTable,
    output: OutputTables,
    preprocessor: PreprocessorTables,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct BookTable {
    title: Option<String>,
    authors: Vec<String>,
    language: Option<String>,
    src: Option<Spanned<PathBuf>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct BuildTable {
    build_dir: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OutputTables {
    html: HtmlTable,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct HtmlTable {
    site_url: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PreprocessorTables {
    isoproof: OwnTable,
}

/// Our table: strict, because a misspelt key would be a setting silently lost. The first keys
/// are those that mdBook itself reads from any preprocessor's table.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
#[allow(dead_code, reason = "mdBook's own keys are accepted and left to mdBook")]
struct OwnTable {
    command: Option<String>,
    renderers: Option<Vec<String>>,
    before: Option<Vec<String>>,
    after: Option<Vec<String>>,
    optional: Option<bool>,
    edition: Option<EditionKey>,
    #[serde(rename = "submission")]
    document: Option<PathBuf>,
    evidence_base: Option<String>,
    #[serde(rename = "checked-submission")]
    checked_document: Option<PathBuf>,
    out: Option<PathBuf>,
    run: Option<String>,
    target: Option<String>,
    run_pages: Option<bool>,
    margin: Option<f64>,
    rules: BTreeMap<String, RuleSwitch>,
    gate: gate::GateTable,
    expect: Vec<Spanned<expect::ExpectTable>>,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct EditionKey(String);

impl TryFrom<String> for EditionKey {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        crate::find_pack(&name)?;
        Ok(Self(name))
    }
}

impl ProjectConfig {
    /// Reads the text of the `book.toml` at `path`.
    ///
    /// # Errors
    ///
    /// The text is not TOML, a value has the wrong type, or our table has an unknown key: the
    /// error shows the place and lists the known keys. Or it does not say where the chapters are,
    /// and two folders hold some.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let toml: BookToml = toml::from_str(text)
            .map_err(|error| describe_toml_error(&path.display().to_string(), text, &error))?;
        misplaced::refuse_misplaced_tables(text, path)?;
        let places = SettingPlaces { text, path };
        let own = toml.preprocessor.isoproof;
        let default = Self::default();
        let config = Self {
            title: toml.book.title.unwrap_or(default.title),
            authors: toml.book.authors,
            language: toml.book.language.unwrap_or(default.language),
            src_line: toml.book.src.as_ref().map(|src| line_at(text, src.span().start)),
            src: match toml.book.src {
                Some(src) => src.into_inner(),
                None => find_chapters(path, default.src)?,
            },
            // mdBook empties its folder before it writes, so ours can be another.
            build_dir: own.out.or(toml.build.build_dir).unwrap_or(default.build_dir),
            site_url: toml.output.html.site_url,
            edition: own.edition.map(|edition| edition.0),
            document: own.document.unwrap_or(default.document),
            evidence_base: own.evidence_base,
            checked_document: own.checked_document,
            run: own.run.unwrap_or(default.run),
            target: own.target,
            run_pages: own.run_pages.unwrap_or(default.run_pages),
            margin: own.margin.unwrap_or(default.margin),
            rules: own.rules,
            gate: own.gate.into_gate(places, own.margin.unwrap_or(default.margin))?,
            expectations: expect::read_expectations(own.expect, text, path)?,
        };
        config.check_values(places)?;
        Ok(config)
    }

    /// Refuses paths that leave the project, a `site-url` that is no path, and a margin that is
    /// no share.
    fn check_values(&self, places: SettingPlaces) -> Result<()> {
        if !(self.margin > 0.0 && self.margin <= 1.0) {
            return Err(Error::unusable_input(format!(
                "{}: `preprocessor.isoproof.margin` is {}",
                places.find_place(&["preprocessor", "isoproof", "margin"]),
                self.margin
            ))
            .with_help("give a share above 0 and up to 1: with 0.05, times within 5 % are equal"));
        }
        let own = places.find_line(&["preprocessor", "isoproof", "out"]);
        let out = own.map_or("build.build-dir", |_| "preprocessor.isoproof.out");
        let keys = [
            ("book.src", &self.src),
            (out, &self.build_dir),
            ("preprocessor.isoproof.submission", &self.document),
        ];
        let checked = self.checked_document.iter();
        let checked = checked.map(|path| ("preprocessor.isoproof.checked-submission", path));
        let run = Path::new(&self.run).to_path_buf();
        let is_path = !self.run.starts_with("git:")
            && (self.run.contains('/') || self.run.ends_with(".json"));
        let checked = checked.chain(is_path.then_some(("preprocessor.isoproof.run", &run)));
        for (key, path) in keys.into_iter().chain(checked) {
            let mut parts = path.components();
            let is_inside =
                parts.clone().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
                    && parts.any(|part| matches!(part, Component::Normal(_)));
            if !is_inside {
                return Err(Error::unusable_input(format!(
                    "{}: `{key}` is `{}`, which is not a path inside the project",
                    places.find_place(&key.split('.').collect::<Vec<_>>()),
                    path.display()
                ))
                .with_help("give a relative path without `..`"));
            }
        }
        if let Some(base) = &self.evidence_base
            && (!base.ends_with('/')
                || base.contains(|c: char| c.is_whitespace() || "()<>[]\"`\\".contains(c)))
        {
            return Err(Error::unusable_input(format!(
                "{}: `preprocessor.isoproof.evidence-base` is `{base}`",
                places.find_place(&["preprocessor", "isoproof", "evidence-base"])
            ))
            .with_help(
                "give an address that ends in `/`, such as \
                 \"https://github.com/me/repository/blob/main/\", or a relative path, such as \"../\"",
            ));
        }
        match &self.site_url {
            Some(url)
                if !(url.ends_with('/') && (url.starts_with('/') || host_end(url).is_some())) =>
            {
                Err(Error::unusable_input(format!(
                    "{}: `output.html.site-url` is `{url}`",
                    places.find_place(&["output", "html", "site-url"])
                ))
                .with_help(
                    "give the address of the site, such as \"https://example.org/repository/\", \
                         or its path, such as \"/repository/\"",
                ))
            }
            _ => Ok(()),
        }
    }

    /// What begins the addresses of evidence in the document.
    pub(crate) fn document_base(&self) -> String {
        let depth = self.document.components().filter(|part| *part != Component::CurDir).count();
        self.evidence_base.clone().unwrap_or_else(|| "../".repeat(depth.saturating_sub(1)))
    }

    /// The path under which the site is served, with `/` at both ends.
    pub fn site_root(&self) -> String {
        match &self.site_url {
            None => "/".into(),
            Some(url) => host_end(url).map_or(url.as_str(), |end| &url[end..]).into(),
        }
    }

    /// The full address of the site, if it is known.
    pub fn site_address(&self) -> Option<&str> {
        self.site_url.as_deref().filter(|url| host_end(url).is_some())
    }
}

/// The folder of the chapters where `book.toml` names none. To mdBook it is `src`, which in a
/// Rust repository is its code: so only if it holds the chapters of a book.
fn find_chapters(file: &Path, own: PathBuf) -> Result<PathBuf> {
    let root = file.parent().unwrap_or(Path::new(""));
    let is_book = root.join(MDBOOK_SRC).join(SUMMARY).is_file();
    let is_own = [SUMMARY, NOTES].iter().any(|name| root.join(&own).join(name).exists());
    match (is_book, is_own) {
        (false, _) => Ok(own),
        (true, false) => Ok(MDBOOK_SRC.into()),
        (true, true) => {
            let own = own.display();
            Err(Error::unusable_input(format!(
                "{}: `{MDBOOK_SRC}` and `{own}` both hold chapters, and `book.src` does not say which are meant",
                file.display()
            ))
            .with_help(format!("write src = \"{MDBOOK_SRC}\" or src = \"{own}\" below [book]")))
        }
    }
}

/// Where the host ends in an address of http or https; none if it is no such address.
fn host_end(url: &str) -> Option<usize> {
    let start = ["https://", "http://"].into_iter().find(|scheme| url.starts_with(scheme))?.len();
    let end = url[start..].find('/')?;
    let is_plain = !url.contains(|c: char| c.is_whitespace() || "\"<>#?".contains(c));
    (end > 0 && is_plain).then_some(start + end)
}

impl Project {
    /// This project with another edition than its `book.toml` names, if one is given.
    pub(crate) fn with_edition(&self, edition: Option<&str>) -> Self {
        let mut project = self.clone();
        if let Some(edition) = edition {
            project.config.edition = Some(edition.into());
        }
        project
    }

    /// The project in `folder`, whether it has a `book.toml` or not.
    ///
    /// # Errors
    ///
    /// The folder does not exist, or its `book.toml` cannot be used.
    pub fn open_folder(folder: &Path) -> Result<Self> {
        if !folder.is_dir() {
            return Err(Error::unusable_input(format!("{} is not a folder", folder.display())));
        }
        let path = folder.join(CONFIG);
        let (has_config, config) = match path.symlink_metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => (false, ProjectConfig::default()),
            _ => {
                let text = sources::read_text(&path, MAX_TEXT_BYTES)?;
                (true, ProjectConfig::parse(&text, &path)?)
            }
        };
        Ok(Self { root: folder.to_path_buf(), has_config, config })
    }

    /// The project of the nearest folder up from `start` that has a `book.toml`; `start` itself
    /// with the defaults if there is none.
    ///
    /// # Errors
    ///
    /// As for [`Project::open_folder`].
    pub fn find_above(start: &Path) -> Result<Self> {
        let nearest = start.ancestors().find(|folder| folder.join(CONFIG).is_file());
        Self::open_folder(nearest.unwrap_or(start))
    }

    /// The folder of the project's own data.
    pub fn data_dir(&self) -> PathBuf {
        self.root.join("data")
    }

    /// The folder of the runs.
    pub fn runs_dir(&self) -> PathBuf {
        self.data_dir().join("runs")
    }

    /// The folder of the project's own templates.
    pub fn templates_dir(&self) -> PathBuf {
        self.root.join("templates")
    }

    /// The folder of the chapters.
    pub fn chapters_dir(&self) -> PathBuf {
        self.root.join(&self.config.src)
    }

    /// Refuses to go on without the folder of chapters that `book.toml` names: a report of the
    /// shipped chapters alone would be another than the one that is meant.
    ///
    /// # Errors
    ///
    /// There is no such folder; the error names the line.
    pub fn refuse_missing_chapters(&self) -> Result<()> {
        let (Some(line), folder) = (self.config.src_line, self.chapters_dir()) else {
            return Ok(());
        };
        if folder.is_dir() {
            return Ok(());
        }
        let what = if folder.exists() { "is no folder" } else { "is not there" };
        let (config, src) = (self.root.join(CONFIG), self.config.src.display());
        Err(Error::unusable_input(format!(
            "{}:{line}: `book.src` is `{src}`, which {what}: it names the folder of the chapters",
            config.display()
        ))
        .with_help(format!(
            "make {} with the file {SUMMARY}, or name the folder that has the chapters",
            folder.display()
        )))
    }

    /// The folder of what belongs to this checkout alone and is never committed.
    pub fn private_dir(&self) -> PathBuf {
        self.root.join(".isoproof")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ProjectConfig> {
        ProjectConfig::parse(text, Path::new("book.toml"))
    }

    #[test]
    fn an_empty_file_means_the_defaults() {
        assert_eq!(parse("").unwrap(), ProjectConfig::default());
    }

    #[test]
    fn without_src_the_chapters_of_a_book_are_where_mdbook_has_them() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        };
        let src = |text: &str| {
            ProjectConfig::parse(text, &folder.path().join(CONFIG)).map(|config| config.src)
        };
        write("src/main.rs");
        assert_eq!(src("[book]\n").unwrap(), Path::new("site"));
        write("src/SUMMARY.md");
        assert_eq!(src("[book]\n").unwrap(), Path::new("src"));
        write("site/index.html");
        assert_eq!(src("[book]\n").unwrap(), Path::new("src"));
        write("site/notes/summary.md");
        let error = src("[book]\n").unwrap_err();
        assert!(error.message.contains("`src` and `site` both hold chapters"), "{error}");
        assert_eq!(src("[book]\nsrc = \"site\"\n").unwrap(), Path::new("site"));
    }

    #[test]
    fn mdbooks_keys_and_ours_are_read() {
        let config = parse(
            "[book]\ntitle = \"T\"\nauthors = [\"A\"]\nsrc = \"chapters\"\n\
             [build]\nbuild-dir = \"out\"\ncreate-missing = false\n\
             [output.html]\nsite-url = \"/r/\"\nsmart-punctuation = false\n\
             [preprocessor.isoproof]\nedition = \"s26\"\nsubmission = \"submissions/lab12.md\"\n\
             run-pages = true\n",
        )
        .unwrap();
        assert_eq!(config.title, "T");
        assert_eq!(config.src, Path::new("chapters"));
        assert_eq!(config.build_dir, Path::new("out"));
        assert_eq!(config.site_url.as_deref(), Some("/r/"));
        assert_eq!(config.edition, Some("s26".into()));
        assert!(config.run_pages);
    }

    #[test]
    fn the_site_and_mdbooks_book_can_have_folders_of_their_own() {
        let config =
            parse("[build]\nbuild-dir = \"book\"\n[preprocessor.isoproof]\nout = \"public\"\n");
        assert_eq!(config.unwrap().build_dir, Path::new("public"));
    }

    #[test]
    fn an_unknown_key_in_our_table_is_an_error_with_its_place_and_the_known_ones() {
        let error = parse("[preprocessor.isoproof]\neditoin = \"f25\"\n").unwrap_err().message;
        assert!(error.starts_with("book.toml:2:1: "), "{error}");
        assert!(error.contains("unknown key `editoin`"), "{error}");
        assert!(error.contains("`edition`") && error.contains("`submission`"), "{error}");
    }

    #[test]
    fn rules_are_switched_off_with_a_reason() {
        let config = parse(
            "[preprocessor.isoproof.rules]\n\
             cpu-model-weak-evidence = { off = true, reason = \"we know\" }\n",
        )
        .unwrap();
        let switch = &config.rules["cpu-model-weak-evidence"];
        assert!(switch.off);
        assert_eq!(switch.reason, "we know");
        let error =
            parse("[preprocessor.isoproof.rules]\na = { of = true }\n").unwrap_err().message;
        assert!(error.contains("unknown key `of`"), "{error}");
    }

    #[test]
    fn a_gate_is_read_and_its_defaults_hold_for_what_it_leaves_out() {
        let gate = parse(
            "[preprocessor.isoproof.gate]\nfail-on = [\"verdict\", \"finding\"]\n\
             margins = { \"startup.wall\" = 0.25 }\n",
        )
        .unwrap()
        .gate;
        assert_eq!(gate.fail_on, [FailOn::Verdict, FailOn::Finding]);
        assert_eq!(
            (gate.series_margin("startup.wall"), gate.series_margin("http.latency")),
            (0.25, MARGIN)
        );
    }

    #[test]
    fn a_gate_with_an_unknown_key_word_or_margin_is_an_error() {
        for (line, words) in [
            ("fail_on = \"verdict\"", "unknown key `fail_on`"),
            ("fail-on = \"verdicts\"", "known are `change`, `regression`"),
            ("margin = -0.1", "the margin `margin`"),
            ("margins = { a = 50 }", "the margin `a`"),
        ] {
            let error = parse(&format!("[preprocessor.isoproof.gate]\n{line}\n")).unwrap_err();
            assert!(error.message.contains(words), "{error}");
        }
    }

    #[test]
    fn an_unknown_edition_names_the_known_ones() {
        let error = parse("[preprocessor.isoproof]\nedition = \"f24\"\n").unwrap_err().message;
        assert!(error.contains("known are f25 and s26"), "{error}");
    }

    #[test]
    fn a_path_that_leaves_the_project_is_refused() {
        for text in [
            "[build]\nbuild-dir = \"../x\"",
            "[build]\nbuild-dir = \"/x\"",
            "[build]\nbuild-dir = \".\"",
            "[preprocessor.isoproof]\nsubmission = \"../../x.md\"",
            "[preprocessor.isoproof]\nchecked-submission = \"/x.md\"",
            "[preprocessor.isoproof]\nrun = \"../x/data/runs/a.json\"",
            "[preprocessor.isoproof]\nrun = \"/x.json\"",
            "[book]\nsrc = \"../x\"",
        ] {
            let error = parse(text).unwrap_err().message;
            assert!(error.contains("not a path inside"), "{text}");
            assert!(error.starts_with("book.toml:2: "), "{error}");
        }
    }

    #[test]
    fn a_book_toml_that_is_no_file_is_an_error_and_not_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!Project::open_folder(folder.path()).unwrap().has_config);
        for (target, words) in [("/dev/zero", "it is a device"), ("nowhere", "No such file")] {
            let path = folder.path().join(CONFIG);
            std::os::unix::fs::symlink(target, &path).unwrap();
            let error = Project::open_folder(folder.path()).unwrap_err();
            assert!(error.message.contains(words), "{error}");
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn a_margin_is_a_share() {
        let margin = |text: &str| parse(&format!("[preprocessor.isoproof]\nmargin = {text}\n"));
        assert_eq!(margin("0.1").unwrap().margin, 0.1);
        for wrong in ["0.0", "-0.05", "5.0", "nan"] {
            assert!(margin(wrong).unwrap_err().message.contains("isoproof.margin"), "{wrong}");
        }
    }

    #[test]
    fn a_site_url_is_a_path_or_an_address() {
        let parse = |url: &str| parse(&format!("[output.html]\nsite-url = \"{url}\""));
        for wrong in ["repo", "https://a.b/c", "https:///c/", "https://a.b/c?d/", "ftp://a.b/"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        let path = parse("/repo/").unwrap();
        assert_eq!((path.site_root().as_str(), path.site_address()), ("/repo/", None));
        let address = parse("https://a.b/repo/").unwrap();
        assert_eq!(address.site_root(), "/repo/");
        assert_eq!(address.site_address(), Some("https://a.b/repo/"));
    }
}
