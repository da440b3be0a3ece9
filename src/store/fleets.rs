//! The fleets of a project: `data/fleets/`, one small file a session.
//!
//! While a session goes on, what each run brings is a line of `<id>.journal` next to its file, so a
//! thousand nodes are not written a thousand times. Whoever reads the fleet reads both; the file of
//! one that ended has everything, and there is no journal.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::file::SchemaVersionOnly;
use super::{file, list_run_files};
use crate::atomic;
use crate::clock;
use crate::error::{Error, NameFailedFile, Result};
use crate::model::{FLEET_VERSION, Fleet, FleetNode};
use crate::project::Project;
use crate::sources;

/// The most bytes of a fleet file: a hundred thousand nodes.
const MAX_FLEET_BYTES: u64 = 64 << 20;

/// Within how many bytes of the file of a fleet its time stands.
const CREATED_WITHIN: u64 = 1024;

/// A line of a journal: what is known of the node at a place now.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JournalEntry {
    place: usize,
    node: FleetNode,
}

/// How a fleet is named, for errors.
const FORMS: &str = "a fleet is named by `fleet:latest`, `fleet:latest~2`, or `fleet:` with its \
                     label or the beginning of its id";

/// The fleets of a project.
#[derive(Debug, Clone)]
pub struct FleetStore {
    folder: PathBuf,
}

/// The fleets that can be used, newest first, and what is wrong with the other files.
#[derive(Debug)]
pub struct FleetList {
    folder: PathBuf,
    /// The fleets.
    pub fleets: Vec<Fleet>,
    /// The files that cannot be used.
    pub damaged: Vec<DamagedFleet>,
}

/// The file of a fleet that cannot be used.
#[derive(Debug)]
pub struct DamagedFleet {
    /// What is wrong.
    pub error: Error,
    /// When the fleet was begun, as far as its file tells.
    created: Option<DateTime<Utc>>,
}

impl FleetStore {
    /// The fleets of a project; their folder need not exist yet.
    pub fn open_project(project: &Project) -> Self {
        Self { folder: project.data_dir().join("fleets") }
    }

    /// Where the file of a fleet is.
    pub fn fleet_path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }

    /// Writes a fleet in place of what was there of it.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn save_fleet(&self, fleet: &Fleet) -> Result<()> {
        let path = self.fleet_path(&fleet.id);
        atomic::write_atomically(&path, fleet_text(fleet).as_bytes())?;
        let journal = journal_path(&path);
        match std::fs::remove_file(&journal) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Error::failed_io("remove", &journal, &error))
            }
            _ => Ok(()),
        }
    }

    /// Writes what is known now of one node of a fleet that was written before.
    ///
    /// # Errors
    ///
    /// The journal cannot be written.
    pub fn append_node(&self, fleet: &Fleet, place: usize) -> Result<()> {
        let Some(node) = fleet.nodes.get(place).cloned() else { return Ok(()) };
        let entry = serde_json::to_string(&JournalEntry { place, node }).unwrap_or_default();
        atomic::append_line(&journal_path(&self.fleet_path(&fleet.id)), &entry)
    }

    /// All fleets.
    ///
    /// # Errors
    ///
    /// The folder cannot be read.
    pub fn list_fleets(&self) -> Result<FleetList> {
        let folder = self.folder.clone();
        let mut list = FleetList { folder, fleets: Vec::new(), damaged: Vec::new() };
        for path in list_run_files(&self.folder)? {
            match read_fleet(&path) {
                Ok(fleet) => list.fleets.push(fleet),
                Err(error) => {
                    let created = stated_time(&path);
                    list.damaged.push(DamagedFleet { error, created });
                }
            }
        }
        list.fleets.sort_by(|a, b| (b.created, &b.id).cmp(&(a.created, &a.id)));
        Ok(list)
    }
}

impl FleetList {
    /// The fleet of which a run of this id is one.
    pub fn find_fleet_of(&self, run: &str) -> Option<&Fleet> {
        let is_its = |fleet: &&Fleet| fleet.nodes.iter().any(|it| it.run.as_deref() == Some(run));
        self.fleets.iter().find(is_its)
    }

    /// What has to be said about the files that cannot be used.
    pub fn list_warnings(&self) -> Vec<String> {
        let damaged = self.damaged.iter();
        damaged.map(|it| format!("a fleet is left out: {}", it.error.message)).collect()
    }

    /// Refuses a fleet that is the latest, or the latest but so many, only because the file of a
    /// newer one is damaged: what is decided by the newest fleet is not to be decided by an older
    /// one. A file that does not tell its time may be the newest.
    ///
    /// # Errors
    ///
    /// There is such a file.
    pub fn refuse_damaged_newer(&self, name: &str, found: &Fleet) -> Result<()> {
        if parse_latest(name)?.is_none() {
            return Ok(());
        }
        let is_newer = |it: &&DamagedFleet| it.created.is_none_or(|time| time >= found.created);
        match self.damaged.iter().find(is_newer) {
            None => Ok(()),
            Some(DamagedFleet { error, .. }) => {
                let words = format!("the newest fleet is damaged: {}", error.message);
                Err(Error::unusable_input(words).with_help(format!(
                    "restore its file or remove it; or name the fleet that is meant, such as \
                     fleet:{}",
                    found.id
                )))
            }
        }
    }

    /// The fleet that is named: `latest`, `latest~2`, a label, or the beginning of an id.
    ///
    /// # Errors
    ///
    /// There is no such fleet or there are several, or its file cannot be used.
    pub fn find_fleet(&self, name: &str) -> Result<&Fleet> {
        let fleets = &self.fleets;
        if let Some(back) = parse_latest(name)? {
            return self.find_latest(name, back);
        }
        for fleet in fleets {
            if fleet.id == name || fleet.label.as_deref() == Some(name) {
                return Ok(fleet);
            }
        }
        let found: Vec<&Fleet> =
            fleets.iter().filter(|fleet| !name.is_empty() && fleet.id.starts_with(name)).collect();
        match found[..] {
            [fleet] => Ok(fleet),
            [] => Err(self.no_such_fleet(name)),
            _ => {
                let ids: Vec<&str> = found.iter().map(|fleet| fleet.id.as_str()).collect();
                let words = format!("`{name}` is the beginning of several ids: {}", ids.join(", "));
                Err(Error::unusable_input(words).with_help("give more of the id"))
            }
        }
    }

    /// The fleet than which `back` others are newer. One that is dated later than now is only among
    /// them if all are.
    fn find_latest(&self, name: &str, back: usize) -> Result<&Fleet> {
        let (future, past): (Vec<&Fleet>, Vec<&Fleet>) =
            self.fleets.iter().partition(|fleet| clock::is_future(fleet.created));
        let fleets = if past.is_empty() { future } else { past };
        fleets.get(back).copied().ok_or_else(|| self.no_such_fleet(name))
    }

    fn no_such_fleet(&self, name: &str) -> Error {
        if let (true, Some(damaged)) = (self.fleets.is_empty(), self.damaged.first()) {
            return damaged.error.clone();
        }
        let name = crate::text::make_visible(name);
        let words = format!("no fleet `{name}` in {}", self.folder.display());
        let newest = self.fleets.iter().take(5).map(|fleet| fleet.id.as_str());
        let newest: Vec<&str> = newest.collect();
        Error::unusable_input(words).with_help(match newest.is_empty() {
            true => "isoproof collect --engine kubernetes makes one".into(),
            false => format!("{FORMS}; the newest here are {}", newest.join(", ")),
        })
    }
}

/// The text of the file of a fleet.
pub fn fleet_text(fleet: &Fleet) -> String {
    serde_json::to_string_pretty(fleet).unwrap_or_default() + "\n"
}

/// How many are newer, if the newest are meant.
fn parse_latest(name: &str) -> Result<Option<usize>> {
    if name == "latest" {
        return Ok(Some(0));
    }
    let Some(count) = name.strip_prefix("latest~") else { return Ok(None) };
    let words = format!("fleet `{name}`: a number is wanted after `~`");
    let count = count.parse().map_err(|_| Error::unusable_input(words).with_help(FORMS))?;
    Ok(Some(count))
}

/// When a fleet whose file is damaged was begun, if its beginning still says so.
fn stated_time(path: &Path) -> Option<DateTime<Utc>> {
    let mut head = Vec::new();
    sources::open_file(path).ok()?.take(CREATED_WITHIN).read_to_end(&mut head).ok()?;
    let head = String::from_utf8_lossy(&head);
    let (_, rest) = head.split_once("\"created\": \"")?;
    rest.split('"').next()?.parse().ok()
}

fn journal_path(fleet: &Path) -> PathBuf {
    fleet.with_extension("journal")
}

/// Adds what a session that goes on, or died, wrote after its fleet.
fn read_journal(fleet: &mut Fleet, path: &Path) -> Result<()> {
    let path = journal_path(path);
    let bytes = match sources::read_file(&path, MAX_FLEET_BYTES) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        read => read.or_failed_io("read", &path)?,
    };
    let text = sources::decode_text(bytes, &path)?;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        // Who wrote it was killed meanwhile; the run lies in its file and is named by no fleet.
        let Some(line) = line.strip_suffix('\n') else { break };
        let place = format!("{}:{}", path.display(), index + 1);
        let entry: JournalEntry = serde_json::from_str(line)
            .map_err(|error| Error::unusable_input(format!("{place}: {error}")))?;
        let Some(node) = fleet.nodes.get_mut(entry.place) else {
            let words = format!("{place}: field `place`: the fleet has no such node");
            return Err(Error::unusable_input(words));
        };
        *node = entry.node;
    }
    Ok(())
}

fn read_fleet(path: &Path) -> Result<Fleet> {
    let bytes = sources::read_named_file(path, MAX_FLEET_BYTES).or_failed_io("read", path)?;
    let text = sources::decode_text(bytes, path)?;
    if let Ok(SchemaVersionOnly { schema_version }) = serde_json::from_str(&text)
        && schema_version != FLEET_VERSION
    {
        let words = format!(
            "{}: schema version {schema_version}, but this isoproof knows version {FLEET_VERSION}",
            path.display()
        );
        return Err(Error::unusable_input(words).with_help("use a newer isoproof"));
    }
    let mut fleet: Fleet = file::read_json(&text, path)?;
    read_journal(&mut fleet, path)?;
    if !file::is_id(&fleet.id) {
        let words = format!("{}: field `id`: letters, digits and `-` are wanted", path.display());
        return Err(Error::unusable_input(words));
    }
    Ok(fleet)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::model::FleetNode;
    use crate::model::testing::kata_fleet;

    fn fleet_of_age(id: &str, age: i64, label: Option<&str>) -> Fleet {
        let mut fleet = kata_fleet(id);
        fleet.created -= TimeDelta::days(age);
        fleet.label = label.map(String::from);
        fleet.nodes.push(FleetNode::not_reached("host-1", Some("pool-a")));
        fleet
    }

    fn store_fleets(fleets: &[Fleet]) -> (tempfile::TempDir, FleetStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = FleetStore { folder: folder.path().join("fleets") };
        fleets.iter().for_each(|fleet| store.save_fleet(fleet).unwrap());
        (folder, store)
    }

    #[test]
    fn a_fleet_is_found_by_age_label_and_id() {
        let all = [fleet_of_age("aa11", 2, Some("before")), fleet_of_age("aa22", 1, None)];
        let (_folder, store) = store_fleets(&all);
        let list = store.list_fleets().unwrap();
        for (name, id) in
            [("latest", "aa22"), ("latest~1", "aa11"), ("before", "aa11"), ("aa2", "aa22")]
        {
            assert_eq!(list.find_fleet(name).unwrap().id, id, "{name}");
        }
        assert_eq!(*list.find_fleet("before").unwrap(), all[0]);
        for (name, words) in [
            ("aa", "several ids: aa22, aa11"),
            ("bb", "no fleet `bb`"),
            ("", "no fleet"),
            ("latest~2", "no fleet `latest~2`"),
            ("latest~x", "a number"),
        ] {
            let error = list.find_fleet(name).unwrap_err();
            assert!(error.message.contains(words), "{name}: {error}");
        }
    }

    #[test]
    fn what_each_node_brings_is_written_once_and_nothing_is_lost() {
        let mut fleet = fleet_of_age("aa11", 0, None);
        fleet.nodes.push(FleetNode::not_reached("host-2", None));
        let (_folder, store) = store_fleets(&[fleet.clone()]);
        let path = store.fleet_path("aa11");
        let begun = std::fs::read(&path).unwrap();
        fleet.nodes[0].run = Some("r1".into());
        store.append_node(&fleet, 0).unwrap();
        let once = std::fs::metadata(journal_path(&path)).unwrap().len();
        fleet.nodes[1].run = Some("r2".into());
        store.append_node(&fleet, 1).unwrap();
        // The second costs what the first did, not what both do.
        assert!(std::fs::metadata(journal_path(&path)).unwrap().len() < once * 5 / 2);
        assert_eq!(std::fs::read(&path).unwrap(), begun);
        let kept = || store.list_fleets().unwrap().find_fleet("aa11").cloned();
        assert_eq!(kept().unwrap(), fleet);
        // Killed in the middle of a line: what was written before is there.
        let journal = std::fs::read_to_string(journal_path(&path)).unwrap();
        std::fs::write(journal_path(&path), &journal[..journal.len() - 3]).unwrap();
        assert_eq!(kept().unwrap().nodes[0], fleet.nodes[0]);
        assert_eq!(kept().unwrap().nodes[1].run, None);
        std::fs::write(journal_path(&path), journal.replace(r#""place":1"#, r#""place":7"#))
            .unwrap();
        let words = store.list_fleets().unwrap().damaged[0].error.message.clone();
        assert!(words.contains("aa11.journal:2: field `place`"), "{words}");
        // At its end all is in the file.
        store.save_fleet(&fleet).unwrap();
        assert!(!journal_path(&path).exists());
        assert_eq!(kept().unwrap(), fleet);
    }

    #[test]
    fn a_damaged_fleet_is_named_and_the_others_are_found() {
        let (_folder, store) = store_fleets(&[fleet_of_age("aa11", 0, None)]);
        let path = store.fleet_path("bb22");
        for (text, words) in
            [("{", "bb22.json:1:"), (r#"{"schema_version": "x"}"#, "schema_version")]
        {
            std::fs::write(&path, text).unwrap();
            let list = store.list_fleets().unwrap();
            assert_eq!((list.fleets.len(), list.damaged.len()), (1, 1));
            assert!(list.damaged[0].error.message.contains(words), "{:?}", list.damaged[0]);
            assert!(list.list_warnings()[0].starts_with("a fleet is left out: "));
        }
        let refuse = |name: &str| {
            let list = store.list_fleets().unwrap();
            list.refuse_damaged_newer(name, list.find_fleet(name).unwrap())
        };
        let older = fleet_text(&fleet_of_age("bb22", 3, None)).replace("nodes", "noses");
        std::fs::write(&path, older).unwrap();
        refuse("latest").unwrap();
        let text = fleet_text(&fleet_of_age("bb22", -1, None)).replace("nodes", "noses");
        for text in [text.as_str(), "{"] {
            std::fs::write(&path, text).unwrap();
            let words = refuse("latest").unwrap_err().message;
            assert!(words.starts_with("the newest fleet is damaged: "), "{words}");
            refuse("aa11").unwrap();
        }
        let newer = Fleet { schema_version: 2, ..fleet_of_age("bb22", 0, None) };
        store.save_fleet(&newer).unwrap();
        assert!(store.list_fleets().unwrap().damaged[0].error.message.contains("schema version 2"));
    }
}
