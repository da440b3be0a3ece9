//! The store: `data/runs/`, one file a run.

#[cfg(test)]
mod edits;
pub mod file;
pub mod fleets;
mod git;
pub mod integrity;
pub mod outline;
mod packed;
pub mod reference;
pub mod schema;
#[cfg(test)]
pub(crate) mod testing;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

use chrono::{DateTime, Utc};

use crate::atomic;
use crate::clock;
use crate::error::{Error, Result};
use crate::model::Run;
use crate::probe::catalogue::ProbeCatalogue;
use crate::project::Project;
use crate::sources::{self, SourceKind, WalkLimits};
use integrity::IntegrityReport;
pub use packed::FleetBases;
use packed::{BaseCache, MAX_RUN_BYTES, read_text, unpack_file};
use reference::{FORMS, RunReference, file_stem};

/// Within how many bytes of a run file its id stands.
const ID_WITHIN: u64 = 1024;

/// Where the runs are, as paths in a project are written.
const RUNS_FOLDER: &str = "data/runs";

/// What is said of the file of a run that another file holds, between its path and its id.
pub(crate) const COPY_WORDS: &str = ": a copy of run ";

/// The runs of a project.
#[derive(Debug, Clone)]
pub struct RunStore {
    folder: PathBuf,
    catalogue: Arc<ProbeCatalogue>,
    /// What [`RunStore::list_runs`] found; several references of a command are looked up in one list.
    listed: Arc<OnceLock<Vec<RunEntry>>>,
    troubles: Arc<Mutex<StoreTroubles>>,
    /// What packed runs of fleets were read with.
    bases: Arc<BaseCache>,
}

/// What came to light about runs while others were looked for.
#[derive(Debug, Default)]
struct StoreTroubles {
    /// The files that cannot be used, with what is wrong.
    damaged: BTreeMap<PathBuf, Error>,
    /// The runs that were passed over because their time has not come, and why.
    future: BTreeSet<String>,
    /// The newest run, read whole to know that an older one is the latest but so many: a comparison
    /// mostly asks for it next.
    newest: Option<RunFile>,
}

/// A run as it was loaded, and what does not fit together in it.
#[derive(Debug, Clone)]
pub struct LoadedRun {
    /// The run; facts that do not follow from its captures are missing in it.
    pub run: Run,
    /// What does not fit.
    pub integrity: IntegrityReport,
    /// Where it was found, for messages.
    pub origin: String,
}

/// The text of a run file, before anything is made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFile {
    /// The text.
    pub text: String,
    /// Where it was found.
    pub path: PathBuf,
    /// What the text says, where it had to be read to know that it can be.
    run: Option<Box<Run>>,
}

impl RunFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// It cannot be read or is not UTF-8.
    pub fn read_file(path: &Path) -> Result<Self> {
        Self::read_with_bases(path, &BaseCache::default())
    }

    fn read_with_bases(path: &Path, bases: &BaseCache) -> Result<Self> {
        let text = unpack_file(path, bases)?;
        Ok(Self { text, path: path.to_path_buf(), run: None })
    }

    /// The same file with what it says, if it is intact.
    ///
    /// # Errors
    ///
    /// As for [`RunStore::parse_run`].
    pub fn refuse_damaged(self) -> Result<Self> {
        let run = Some(Box::new(file::from_text(&self.text, &self.path)?));
        Ok(Self { run, ..self })
    }
}

/// What a list of runs shows, read without the captures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEntry {
    /// The id.
    pub id: String,
    /// The label, if there is one.
    pub label: Option<String>,
    /// When the run was recorded.
    pub created: DateTime<Utc>,
    /// The form of the exercise that it was made for, if any.
    pub edition: Option<String>,
    /// The node of a cluster that it was collected on, if it was on one.
    pub node: Option<String>,
    /// The file.
    pub path: PathBuf,
    /// When the file was written, where that is known: of two runs that were recorded in one second
    /// the one that was written last is the later.
    pub written: Option<SystemTime>,
}

impl RunEntry {
    /// Whether it is dated later than now: the clock was ahead when it was recorded, or is
    /// behind.
    pub fn is_future(&self) -> bool {
        clock::is_future(self.created)
    }

    /// The id, with the label if there is one.
    fn entry_title(&self) -> String {
        match &self.label {
            Some(label) => format!("{} ({label})", self.id),
            None => self.id.clone(),
        }
    }
}

impl RunStore {
    /// The store of a project; its folder need not exist yet. Facts are read again by the
    /// project's catalogue.
    ///
    /// # Errors
    ///
    /// The catalogue cannot be used.
    pub fn open_project(project: &Project) -> Result<Self> {
        Ok(Self::with_catalogue(
            project,
            Arc::new(ProbeCatalogue::load(Some(&project.data_dir()))?),
        ))
    }

    /// The store of a project whose catalogue is loaded.
    pub fn with_catalogue(project: &Project, catalogue: Arc<ProbeCatalogue>) -> Self {
        let (listed, troubles, bases) = (Arc::default(), Arc::default(), Arc::default());
        Self { folder: project.runs_dir(), catalogue, listed, troubles, bases }
    }

    /// Refuses a folder of runs that nothing can be written into.
    ///
    /// # Errors
    ///
    /// It is no folder, its user may not write there, or the disk is full.
    pub fn refuse_unwritable(&self) -> Result<()> {
        atomic::check_writable(&self.folder)
    }

    /// Gives the run its id and writes it. If a run of the same content exists, nothing is
    /// written and that run's id is returned with `false`.
    ///
    /// # Errors
    ///
    /// The folder cannot be read, the file cannot be written, or it would be longer than a run
    /// file may be.
    pub fn save_run(&self, run: &mut Run) -> Result<(PathBuf, bool)> {
        let hash = file::content_hash(run);
        for path in self.run_files()?.into_iter().filter(|path| file_stem(path).ends_with(&hash)) {
            // A file that was damaged since does not hold this evidence, and one that is dated
            // later than now would be passed over.
            let there = read_text(&path).and_then(|text| file::from_text(&text, &path));
            if let Ok(there) = there
                && file::content_hash(&there) == hash
                && !clock::is_future(there.created)
            {
                run.id = there.id;
                return Ok((path, false));
            }
        }
        let text = seal_run(run)?;
        let path = self.folder.join(format!("{}.json", run.id));
        atomic::write_atomically(&path, text.as_bytes())?;
        Ok((path, true))
    }

    /// Gives the run of a node its id and writes it into the folder of its fleet, packed against
    /// `bases` where one of them says most of it. The same evidence makes no second file.
    ///
    /// # Errors
    ///
    /// The file cannot be written, it would be longer than a run file may be, or another run has
    /// its id.
    pub fn save_fleet_run(
        &self,
        run: &mut Run,
        fleet: &str,
        bases: &mut FleetBases,
    ) -> Result<PathBuf> {
        let text = seal_run(run)?;
        let path = self.folder.join(fleet).join(format!("{}.json", run.id));
        // It may be what others are packed against.
        if path.exists() {
            return match RunFile::read_with_bases(&path, &self.bases)?.text == text {
                true => Ok(path),
                false => Err(Error::unusable_input(format!("{}: another run", path.display()))),
            };
        }
        atomic::write_atomically(&path, bases.pack_run(&run.id, text).as_bytes())?;
        Ok(path)
    }

    /// The file of the run of a fleet that has this id.
    ///
    /// # Errors
    ///
    /// It is not there or cannot be read.
    pub fn find_fleet_run(&self, fleet: &str, id: &str) -> Result<RunFile> {
        let name = format!("{id}.json");
        let own = self.folder.join(fleet).join(&name);
        let common = self.folder.join(&name);
        let path = if !own.exists() && common.exists() { common } else { own };
        RunFile::read_with_bases(&path, &self.bases)
    }

    /// Why the run of a fleet that has this id cannot be used, of which `what` was said: on one line,
    /// and with paths as they are in the project. Reports publish it, and their readers have no
    /// use for the folders of the machine.
    pub(crate) fn describe_lost_run(&self, fleet: &str, id: &str, what: &str) -> String {
        let path = format!("{RUNS_FOLDER}/{fleet}/{id}.json");
        if !self.folder.join(fleet).join(format!("{id}.json")).exists()
            && !self.folder.join(format!("{id}.json")).exists()
        {
            return format!("there is no file {path}");
        }
        let what = what.lines().next().unwrap_or_default().trim_end_matches([':', '.']);
        let what = what.replace(&*self.folder.to_string_lossy(), RUNS_FOLDER);
        match what.contains(RUNS_FOLDER) {
            true => what,
            false => format!("{path}: {what}"),
        }
    }

    /// All runs as they were when they were first asked for, newest first. A file that cannot be
    /// used is none of them: it is among the [`RunStore::damaged_files`].
    ///
    /// # Errors
    ///
    /// The folder cannot be read.
    pub fn list_runs(&self) -> Result<&[RunEntry]> {
        if let Some(entries) = self.listed.get() {
            return Ok(entries);
        }
        let entries = self.read_list()?;
        Ok(self.listed.get_or_init(|| entries))
    }

    fn read_list(&self) -> Result<Vec<RunEntry>> {
        let paths = self.run_files()?;
        let mut entries: Vec<RunEntry> = Vec::new();
        for (path, entry) in paths.iter().zip(outline::map_parallel(&paths, read_entry)) {
            match entry {
                Ok(entry) => entries.push(entry),
                Err(error) => self.add_damaged(path, error),
            }
        }
        // Of two files of one id, that is the run which has its name.
        entries.sort_by_key(|entry| (entry.id.clone(), file_stem(&entry.path) != entry.id));
        for copy in take_copies(&mut entries) {
            let what = format!("{}{COPY_WORDS}{}", copy.path.display(), copy.id);
            let error = Error::unusable_input(what)
                .with_help("a project has every run once: remove the copy");
            self.add_damaged(&copy.path, error);
        }
        entries.sort_by(|a, b| (b.created, b.written, &b.id).cmp(&(a.created, a.written, &a.id)));
        Ok(entries)
    }

    /// The run files that were found to be damaged so far, with what is wrong, by path.
    pub fn damaged_files(&self) -> Vec<(PathBuf, Error)> {
        let damaged = &self.lock_troubles().damaged;
        damaged.iter().map(|(path, error)| (path.clone(), error.clone())).collect()
    }

    /// Takes a run file out of what this store finds, because it is damaged.
    pub fn add_damaged(&self, path: &Path, error: Error) {
        self.lock_troubles().damaged.insert(path.to_path_buf(), error);
    }

    /// What has to be said about the runs that were left out of what was found: the damaged, and
    /// those whose time has not come.
    pub fn store_warnings(&self) -> Vec<String> {
        let troubles = self.lock_troubles();
        let damaged = troubles.damaged.values().map(|error| {
            let help = error.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
            format!("a run is left out: {}{help}", error.message)
        });
        damaged.chain(troubles.future.iter().cloned()).collect()
    }

    fn lock_troubles(&self) -> MutexGuard<'_, StoreTroubles> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The runs that are not known to be damaged, newest first.
    ///
    /// # Errors
    ///
    /// As for [`RunStore::list_runs`].
    pub fn usable_entries(&self) -> Result<Vec<&RunEntry>> {
        let entries = self.list_runs()?;
        let troubles = self.lock_troubles();
        Ok(entries.iter().filter(|entry| !troubles.damaged.contains_key(&entry.path)).collect())
    }

    /// Loads the run that a reference names. `root` is the folder of the project, whose git
    /// repository `git:` references mean.
    ///
    /// ```
    /// use isoproof::model::FactId;
    /// # use isoproof::{error::Result, project::Project, store::RunStore};
    /// # fn main() -> Result<()> {
    /// # let project = Project::open_folder(env!("CARGO_MANIFEST_DIR").as_ref())?;
    /// let runs = RunStore::open_project(&project)?;
    /// let run = runs.load_run("four-runtimes", &project.root)?.run;
    /// let release = run.find_fact(FactId::from_text("kernel.release"), "runc");
    /// assert!(release.is_some_and(|fact| fact.is_present()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The reference is malformed, names no run or several, or the file cannot be used.
    pub fn load_run(&self, reference: &str, root: &Path) -> Result<LoadedRun> {
        self.load_file(&mut self.find_run_file(reference, root)?)
    }

    /// The file that a reference names, as it stands there.
    ///
    /// # Errors
    ///
    /// The reference is malformed, names no run or several, or the file cannot be read.
    pub fn find_run_file(&self, reference: &str, root: &Path) -> Result<RunFile> {
        match RunReference::parse(reference)? {
            RunReference::Path(path) => RunFile::read_file(Path::new(&path)),
            RunReference::Git { revision, path } => {
                let file =
                    git::read_run_at_revision(root, &self.folder, &revision, path.as_deref())?;
                if let Some(path) = &file.passed_over {
                    self.add_passed_over(&format!("{path} of `{revision}`"));
                }
                Ok(RunFile { text: file.text, path: file.origin.into(), run: None })
            }
            RunReference::Latest(back) => self.find_latest(reference, back),
            RunReference::Name(name) => RunFile::read_file(&self.find_named(&name)?),
        }
    }

    /// Loads the run that was recorded before this one, of the same node if it is of one, and is
    /// not damaged.
    ///
    /// # Errors
    ///
    /// As for [`RunStore::list_runs`].
    pub fn load_before(&self, run: &Run) -> Result<Option<LoadedRun>> {
        let entries = self.usable_entries()?;
        let own = entries.iter().position(|entry| entry.id == run.id);
        let older = match own {
            Some(own) => &entries[own + 1..],
            None => &entries[..],
        };
        for entry in older {
            if entry.created > run.created || entry.node.as_deref() != run.find_node() {
                continue;
            }
            match RunFile::read_file(&entry.path).and_then(|file| self.parse_run(&file)) {
                Ok(loaded) => return Ok(Some(loaded)),
                Err(error) => self.add_damaged(&entry.path, error),
            }
        }
        Ok(None)
    }

    /// The run of a file.
    ///
    /// # Errors
    ///
    /// The file is damaged, or of a version that is not known.
    pub fn parse_run(&self, file: &RunFile) -> Result<LoadedRun> {
        let run = file.run.as_deref().cloned();
        self.verify_parsed(run, &file.text, &file.path)
    }

    /// [`RunStore::parse_run`] of a file of which only the text is needed afterwards: nothing is
    /// copied.
    ///
    /// # Errors
    ///
    /// As for [`RunStore::parse_run`].
    pub fn load_file(&self, file: &mut RunFile) -> Result<LoadedRun> {
        let run = file.run.take();
        self.verify_parsed(run.map(|run| *run), &file.text, &file.path)
    }

    /// The run of a file that was not parsed before, or was.
    fn verify_parsed(&self, run: Option<Run>, text: &str, path: &Path) -> Result<LoadedRun> {
        let mut run = run.map_or_else(|| file::from_text(text, path), Ok)?;
        let integrity = integrity::verify_run(&mut run, &self.catalogue);
        Ok(LoadedRun { run, integrity, origin: path.display().to_string() })
    }

    /// The run than which `back` others are newer. One that is dated later than now is only among
    /// them if all are: a clock that was ahead would hide everything that is recorded now.
    fn find_latest(&self, reference: &str, back: usize) -> Result<RunFile> {
        let (future, past): (Vec<&RunEntry>, Vec<&RunEntry>) =
            self.usable_entries()?.into_iter().partition(|entry| entry.is_future());
        let mut found = 0;
        for entry in if past.is_empty() { &future } else { &past } {
            // That the head is intact says nothing of what follows it.
            let known = self.lock_troubles().newest.take_if(|file| file.path == entry.path);
            let file = known.map_or_else(
                || RunFile::read_file(&entry.path).and_then(RunFile::refuse_damaged),
                Ok,
            );
            match file {
                Err(error) => self.add_damaged(&entry.path, error),
                Ok(file) if found == back => {
                    let passed_over = if past.is_empty() { &[] } else { &future[..] };
                    self.add_future(entry, passed_over);
                    return Ok(file);
                }
                Ok(file) => {
                    self.lock_troubles().newest.get_or_insert(file);
                    found += 1;
                }
            }
        }
        if let (0, Some((_, error))) = (found, self.damaged_files().pop()) {
            return Err(error);
        }
        let (have, help) = match found {
            0 => {
                let help = "isoproof collect makes one; isoproof import makes one of evidence that is \
                            there";
                ("no run".to_string(), help.to_string())
            }
            1 => ("1 run".to_string(), "`latest` is the only one".to_string()),
            n => (format!("{n} runs"), format!("the oldest is `latest~{}`", n - 1)),
        };
        Err(Error::unusable_input(format!(
            "no run `{reference}`: {} has {have}",
            self.folder.display()
        ))
        .with_help(help))
    }

    /// Refuses a run that is the latest, or the latest but so many, only because the file of a newer
    /// one is damaged: what is decided by the newest run is not to be decided by an older one. The
    /// name of the file, or the id in it, says when that was recorded.
    ///
    /// # Errors
    ///
    /// There is such a file.
    pub fn refuse_damaged_newer(&self, reference: &str, found: &Run) -> Result<()> {
        if !matches!(RunReference::parse(reference), Ok(RunReference::Latest(_))) {
            return Ok(());
        }
        for (path, error) in self.damaged_files() {
            let stated = stated_id(&path);
            let time = reference::time_of_id(&stated).filter(|time| !clock::is_future(*time));
            if stated != found.id && time.is_some_and(|time| time >= found.created) {
                let words = format!("the newest run is damaged: {}", error.message);
                return Err(Error::unusable_input(words).with_help(format!(
                    "restore its file or remove it; or name the run that is meant, such as {}",
                    found.id
                )));
            }
        }
        Ok(())
    }

    /// Remembers to say that a run that was found, or those passed over for it, are dated later
    /// than now.
    fn add_future(&self, found: &RunEntry, passed_over: &[&RunEntry]) {
        if found.is_future() {
            let title = found.entry_title();
            let words =
                format!("run {title} is dated later than now: is this machine's clock right?");
            self.lock_troubles().future.insert(words);
        }
        if let [newest, rest @ ..] = passed_over {
            let more = match rest.len() {
                0 => String::new(),
                count => format!(" and {count} more"),
            };
            self.add_passed_over(&format!("run {}{more}", newest.entry_title()));
        }
    }

    /// What has to be said about a label that another run than `own` has too: it names only the
    /// newest of them.
    ///
    /// # Errors
    ///
    /// As for [`RunStore::list_runs`].
    pub fn label_warning(&self, label: &str, own: Option<&str>) -> Result<Option<String>> {
        let entries = self.usable_entries()?;
        let mut others = entries.iter().filter(|entry| Some(entry.id.as_str()) != own);
        let other = others.find(|entry| entry.label.as_deref() == Some(label));
        Ok(other.map(|other| {
            format!(
                "run {} has the label `{label}` too: `{label}` names the newest of them, others \
                 are named by their ids",
                other.id
            )
        }))
    }

    fn add_passed_over(&self, what: &str) {
        self.lock_troubles().future.insert(format!(
            "{what} is passed over, because it is dated later than now\nname it by its id if you \
             mean it; if the clock was ahead when it was recorded, remove its file and record it \
             again"
        ));
    }

    /// The run of this id or label, or else the only one whose id begins like this.
    fn find_named(&self, name: &str) -> Result<PathBuf> {
        let (entries, damaged) = (self.usable_entries()?, self.damaged_files());
        if let Some(entry) = entries.iter().find(|entry| entry.id == name) {
            return Ok(entry.path.clone());
        }
        if let Some((_, error)) = damaged.iter().find(|(path, _)| file_stem(path) == name) {
            return Err(error.clone());
        }
        let labelled = entries.iter().filter(|entry| entry.label.as_deref() == Some(name));
        let (future, past): (Vec<&RunEntry>, Vec<&RunEntry>) =
            labelled.partition(|entry| entry.is_future());
        if let Some(entry) = past.first().or(future.first()) {
            self.add_future(entry, if past.is_empty() { &[] } else { &future });
            return Ok(entry.path.clone());
        }
        self.find_by_prefix(name, &entries, &damaged)
    }

    fn find_by_prefix(
        &self,
        name: &str,
        entries: &[&RunEntry],
        damaged: &[(PathBuf, Error)],
    ) -> Result<PathBuf> {
        let mut found: Vec<(&str, Result<&Path, &Error>)> = Vec::new();
        for entry in entries {
            found.push((&entry.id, Ok(&entry.path)));
        }
        for (path, error) in damaged {
            // A copy of a run is not in the way of that run.
            if !entries.iter().any(|entry| file_stem(path).starts_with(&entry.id)) {
                found.push((file_stem(path), Err(error)));
            }
        }
        found.retain(|(id, _)| id.starts_with(name));
        match found[..] {
            [(_, Ok(path))] => Ok(path.to_path_buf()),
            [(_, Err(error))] => Err(error.clone()),
            [] => Err(no_such_run(name, entries, damaged)),
            _ => {
                let ids: Vec<&str> = found.iter().map(|(id, _)| *id).collect();
                let (count, ids) = (ids.len(), ids.join(", "));
                Err(Error::unusable_input(format!(
                    "`{name}` is the beginning of {count} ids: {ids}"
                ))
                .with_help("give more of the id"))
            }
        }
    }

    /// The run files, those of fleets among them, sorted by name and so by time.
    ///
    /// # Errors
    ///
    /// The folder cannot be read.
    pub fn run_files(&self) -> Result<Vec<PathBuf>> {
        list_stored_runs(&self.folder)
    }
}

/// The run files in a folder and in those of fleets below it, sorted by name and so by time.
///
/// # Errors
///
/// A folder cannot be read.
pub fn list_stored_runs(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = list_run_files(folder)?;
    for folder in list_folders(folder)? {
        files.extend(list_run_files(&folder)?);
    }
    files.sort_by(|a, b| a.file_name().cmp(&b.file_name()));
    Ok(files)
}

/// The run files in a folder, sorted by name; none if there is no such folder. That one of them
/// is no file is for its reader to say.
///
/// # Errors
///
/// The folder cannot be read.
pub fn list_run_files(folder: &Path) -> Result<Vec<PathBuf>> {
    match sources::walk_folder(folder, WalkLimits::FLAT) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::failed_io("read", folder, &error)),
        Ok(walk) => {
            let paths = walk.entries.into_iter().map(|entry| entry.path);
            Ok(paths.filter(|path| path.extension().is_some_and(|end| end == "json")).collect())
        }
    }
}

/// The folders in a folder, which are those of fleets.
fn list_folders(folder: &Path) -> Result<Vec<PathBuf>> {
    match sources::walk_folder(folder, WalkLimits::FLAT) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::failed_io("read", folder, &error)),
        Ok(walk) => {
            let folders = walk.entries.into_iter().filter(|entry| {
                entry.kind == SourceKind::Folder && !entry.is_link && file::is_id(&entry.name)
            });
            Ok(folders.map(|entry| entry.path).collect())
        }
    }
}

/// Gives a run its id and its digest, and makes the text of its file.
fn seal_run(run: &mut Run) -> Result<String> {
    run.id = file::compute_run_id(run);
    run.digest = Some(file::record_digest(run));
    let text = file::to_text(run);
    if text.len() as u64 > MAX_RUN_BYTES {
        let size = text.len() >> 20;
        return Err(Error::unusable_input(format!("the run would have {size} MiB of evidence"))
            .with_help(format!("a run file has at most {} MiB", MAX_RUN_BYTES >> 20)));
    }
    Ok(text)
}

/// What to say where a name matches nothing.
fn no_such_run(name: &str, entries: &[&RunEntry], damaged: &[(PathBuf, Error)]) -> Error {
    let labels = entries.iter().filter_map(|entry| entry.label.as_deref());
    let ids = entries.iter().map(|entry| entry.id.as_str());
    let near = crate::text::closest_match(name, labels.chain(ids).chain(["latest"]));
    let mut help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None if entries.is_empty() => match damaged {
            [] => "there are no runs yet; isoproof collect makes one".into(),
            _ => "no run here can be read".into(),
        },
        None => {
            let newest: Vec<String> =
                entries.iter().take(5).map(|entry| entry.entry_title()).collect();
            format!("{FORMS}; the newest here are {}", newest.join(", "))
        }
    };
    for (path, _) in damaged {
        help.push_str(&format!("\n{} is damaged, so its label is not known", path.display()));
    }
    if Path::new(name).exists() {
        help = format!("the file of that name is ./{name}\n{help}");
    }
    let name = crate::text::make_visible(name);
    Error::unusable_input(format!("no run has the label or id `{name}`")).with_help(help)
}

/// Takes out of entries that are sorted by id those that have the id of the one before.
fn take_copies(entries: &mut Vec<RunEntry>) -> Vec<RunEntry> {
    let mut copies = Vec::new();
    entries.dedup_by(|entry, kept| {
        let is_copy = entry.id == kept.id;
        if is_copy {
            copies.push(entry.clone());
        }
        is_copy
    });
    copies
}

/// The id that a damaged file states: its name, or else what stands at its beginning.
fn stated_id(path: &Path) -> String {
    let stem = file_stem(path);
    if reference::time_of_id(stem).is_some() {
        return stem.into();
    }
    let mut head = Vec::new();
    let opened = sources::open_file(path);
    let _ = opened.and_then(|file| file.take(ID_WITHIN).read_to_end(&mut head));
    let head = String::from_utf8_lossy(&head);
    let id = head.split_once("\"id\": \"").and_then(|(_, rest)| rest.split('"').next());
    id.unwrap_or_default().into()
}

fn read_entry(path: &Path) -> Result<RunEntry> {
    let run = outline::read_head(path)?;
    Ok(RunEntry {
        node: run.find_node().map(String::from),
        id: run.id,
        label: run.label,
        created: run.created,
        edition: run.edition,
        path: path.to_path_buf(),
        written: path.metadata().and_then(|file| file.modified()).ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_lost_run_the_file_is_named_as_it_is_in_the_project_and_on_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let config = "[book]\ntitle = \"x\"\n[preprocessor.isoproof]\n";
        std::fs::write(folder.path().join("book.toml"), config).unwrap();
        let project = Project::open_folder(folder.path()).unwrap();
        let store = RunStore::open_project(&project).unwrap();
        let say = || {
            let error = store.find_fleet_run("aa11", "r1").and_then(|file| store.parse_run(&file));
            store.describe_lost_run("aa11", "r1", &error.unwrap_err().message)
        };
        assert_eq!(say(), "there is no file data/runs/aa11/r1.json");
        let path = project.runs_dir().join("aa11/r1.json");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "{\n<<<<<<< HEAD\n").unwrap();
        let words = say();
        assert!(words.starts_with("data/runs/aa11/r1.json:2:1: "), "{words}");
        assert!(!words.contains('\n') && !words.contains("HEAD"), "{words}");
    }
}
