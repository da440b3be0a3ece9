//! The store: `data/runs/`, one file a run.

pub mod file;
mod git;
pub mod integrity;
pub mod outline;
pub mod reference;
pub mod schema;
#[cfg(test)]
pub mod testing;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};

use crate::atomic;
use crate::error::{Error, Result};
use crate::model::{Edition, Run};
use crate::probe::catalogue::Catalogue;
use crate::project::Project;
use crate::sources;
use integrity::Integrity;
use reference::{FORMS, Reference};

/// The most bytes of a run file.
const MAX_RUN_BYTES: u64 = 256 << 20;

/// The runs of a project.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    catalogue: Arc<Catalogue>,
    /// What [`Store::list`] found; several references of a command are looked up in one list.
    listed: Arc<OnceLock<Vec<Entry>>>,
}

/// A run as it was loaded, and what does not fit together in it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The run; facts that do not follow from its captures are missing in it.
    pub run: Run,
    /// What does not fit.
    pub integrity: Integrity,
    /// Where it was found, for messages.
    pub origin: String,
}

/// The text of a run file, before anything is made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFile {
    /// The text.
    pub text: String,
    /// Where it was found.
    pub path: PathBuf,
}

impl RunFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// It cannot be read or is not UTF-8.
    pub fn read(path: &Path) -> Result<Self> {
        Ok(Self { text: read(path)?, path: path.to_path_buf() })
    }
}

/// What a list of runs shows, read without the captures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The id.
    pub id: String,
    /// The label, if there is one.
    pub label: Option<String>,
    /// When the run was recorded.
    pub created: DateTime<Utc>,
    /// The edition of the lab.
    pub edition: Edition,
    /// The file.
    pub path: PathBuf,
}

impl Store {
    /// The store of a project; its folder need not exist yet. Facts are read again by the
    /// project's catalogue.
    ///
    /// # Errors
    ///
    /// The catalogue cannot be used.
    pub fn of(project: &Project) -> Result<Self> {
        Ok(Self::with(project, Arc::new(Catalogue::load(Some(&project.data()))?)))
    }

    /// The store of a project whose catalogue is loaded.
    pub fn with(project: &Project, catalogue: Arc<Catalogue>) -> Self {
        Self { folder: project.runs(), catalogue, listed: Arc::default() }
    }

    /// Gives the run its id and writes it. If a run of the same content exists, nothing is
    /// written and that run's id is returned with `false`.
    ///
    /// # Errors
    ///
    /// The folder cannot be read or the file cannot be written.
    pub fn save(&self, run: &mut Run) -> Result<(PathBuf, bool)> {
        let hash = file::content_hash(run);
        if let Some(path) = self.files()?.into_iter().find(|path| stem(path).ends_with(&hash)) {
            run.id = stem(&path).to_string();
            return Ok((path, false));
        }
        run.id = file::id(run);
        let path = self.folder.join(format!("{}.json", run.id));
        atomic::write(&path, file::to_text(run).as_bytes())?;
        Ok((path, true))
    }

    /// All runs as they were when they were first asked for, newest first.
    ///
    /// # Errors
    ///
    /// A file cannot be read or is damaged.
    pub fn list(&self) -> Result<&[Entry]> {
        if let Some(entries) = self.listed.get() {
            return Ok(entries);
        }
        let entries = self.read_list()?;
        Ok(self.listed.get_or_init(|| entries))
    }

    fn read_list(&self) -> Result<Vec<Entry>> {
        let mut entries =
            outline::each(&self.files()?, read_entry).into_iter().collect::<Result<Vec<_>>>()?;
        entries.sort_by(|a, b| (b.created, &b.id).cmp(&(a.created, &a.id)));
        Ok(entries)
    }

    /// Loads the run that a reference names. `root` is the folder of the project, whose git
    /// repository `git:` references mean.
    ///
    /// # Errors
    ///
    /// The reference is malformed, names no run or several, or the file cannot be used.
    pub fn load(&self, reference: &str, root: &Path) -> Result<Loaded> {
        self.parse(&self.find(reference, root)?)
    }

    /// The file that a reference names, as it stands there.
    ///
    /// # Errors
    ///
    /// The reference is malformed, names no run or several, or the file cannot be read.
    pub fn find(&self, reference: &str, root: &Path) -> Result<RunFile> {
        match Reference::parse(reference)? {
            Reference::Path(path) => RunFile::read(Path::new(&path)),
            Reference::Git { revision, path } => {
                let (origin, text) = git::show(root, &self.folder, &revision, path.as_deref())?;
                Ok(RunFile { text, path: origin.into() })
            }
            Reference::Latest(back) => RunFile::read(&self.latest(reference, back)?),
            Reference::Name(name) => RunFile::read(&self.named(&name)?),
        }
    }

    /// The run that was recorded before this one.
    ///
    /// # Errors
    ///
    /// As for [`Store::list`].
    pub fn before(&self, run: &Run) -> Result<Option<Entry>> {
        let is_before = |entry: &Entry| (entry.created, &entry.id) < (run.created, &run.id);
        Ok(self.list()?.iter().find(|entry| is_before(entry)).cloned())
    }

    /// The run of a file.
    ///
    /// # Errors
    ///
    /// The file is damaged, or of a version that is not known.
    pub fn parse(&self, file: &RunFile) -> Result<Loaded> {
        let mut run = file::from_text(&file.text, &file.path)?;
        let integrity = integrity::distrust(&mut run, &self.catalogue);
        Ok(Loaded { run, integrity, origin: file.path.display().to_string() })
    }

    fn latest(&self, reference: &str, back: usize) -> Result<PathBuf> {
        let entries = self.list()?;
        let count = entries.len();
        entries.get(back).map(|entry| entry.path.clone()).ok_or_else(|| {
            let have = match count {
                0 => "no run".to_string(),
                1 => "1 run".to_string(),
                n => format!("{n} runs"),
            };
            Error::input(format!("no run `{reference}`: {} has {have}", self.folder.display()))
                .help("isoproof import lab12 DIR makes one from an evidence directory")
        })
    }

    fn named(&self, name: &str) -> Result<PathBuf> {
        let entries = self.list()?;
        if let Some(entry) = entries.iter().find(|entry| entry.label.as_deref() == Some(name)) {
            return Ok(entry.path.clone());
        }
        let matches: Vec<&Entry> =
            entries.iter().filter(|entry| entry.id.starts_with(name)).collect();
        match matches[..] {
            [entry] => Ok(entry.path.clone()),
            [] => Err(Error::input(format!(
                "no run has the label or id `{}`",
                crate::text::visible(name)
            ))
            .help(match meant(name, entries) {
                Some(near) => format!("did you mean `{near}`?"),
                None => known(entries),
            })),
            _ => {
                let ids: Vec<&str> = matches.iter().map(|entry| entry.id.as_str()).collect();
                Err(Error::input(format!(
                    "`{name}` is the beginning of {} ids: {}",
                    ids.len(),
                    ids.join(", ")
                ))
                .help("give more of the id"))
            }
        }
    }

    /// The run files, sorted by name and so by time.
    ///
    /// # Errors
    ///
    /// The folder cannot be read.
    pub fn files(&self) -> Result<Vec<PathBuf>> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|e| Error::io("read", &self.folder, &e))?,
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(|e| Error::io("read", &self.folder, &e))?.path();
            let is_run = path.extension().is_some_and(|extension| extension == "json");
            if is_run && !stem(&path).starts_with('.') {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }
}

/// The label, id or form of a reference that a name was probably meant to be.
fn meant<'a>(name: &str, entries: &'a [Entry]) -> Option<&'a str> {
    let labels = entries.iter().filter_map(|entry| entry.label.as_deref());
    let ids = entries.iter().map(|entry| entry.id.as_str());
    crate::text::nearest(name, labels.chain(ids).chain(["latest"]))
}

/// What to say where a name matches nothing.
fn known(entries: &[Entry]) -> String {
    if entries.is_empty() {
        return "there are no runs yet; isoproof import lab12 DIR makes one".into();
    }
    let shown: Vec<String> = entries
        .iter()
        .take(5)
        .map(|entry| match &entry.label {
            Some(label) => format!("{} ({label})", entry.id),
            None => entry.id.clone(),
        })
        .collect();
    format!("{FORMS}; the newest here are {}", shown.join(", "))
}

fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
}

fn read(path: &Path) -> Result<String> {
    let bytes = sources::read_named_file(path, MAX_RUN_BYTES)
        .map_err(|error| Error::io("read", path, &error))?;
    sources::decode_text(bytes, path)
}

fn read_entry(path: &Path) -> Result<Entry> {
    let run = outline::head(path)?;
    Ok(Entry {
        id: run.id,
        label: run.label,
        created: run.created,
        edition: run.edition,
        path: path.to_path_buf(),
    })
}
