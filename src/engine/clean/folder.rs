//! The folder of a session: who made it, and the ids of its containers, so that what an engine
//! forgets (addresses, chains, snapshots) can be found after the container is gone.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::sandbox;
use crate::engine::EngineKind;
use crate::error::{NameFailedFile, Result};
use crate::owner;

const PREFIX: &str = "isoproof-session-";

/// The file with the network namespaces that were there before the session, a line each.
const NAMESPACES: &str = "namespaces";

/// The folder of a session among the temporary files, readable by its user alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionFolder {
    path: PathBuf,
    pub session: String,
    pub engine: EngineKind,
    /// Whether the process that made it still runs.
    pub is_owned: bool,
}

impl SessionFolder {
    /// Makes the folder of a session of this process. Its name says all, so that there is no
    /// moment at which it is no session's.
    pub(crate) fn create_folder(session: &str, engine: EngineKind) -> Result<Self> {
        let name = format!("{PREFIX}{session}-{}-{}", engine.into_str(), owner::process_mark());
        let path = std::env::temp_dir().join(name);
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        made.or_failed_io("make", &path)?;
        let namespaces = sandbox::list_namespaces().into_iter().collect::<Vec<_>>().join("\n");
        let file = path.join(NAMESPACES);
        fs::write(&file, namespaces).or_failed_io("write", &file)?;
        Ok(Self { path, session: session.into(), engine, is_owned: true })
    }

    pub(crate) fn list_folders() -> Vec<Self> {
        let Ok(entries) = fs::read_dir(std::env::temp_dir()) else { return Vec::new() };
        entries.flatten().filter_map(|entry| Self::open_own_folder(&entry.path())).collect()
    }

    /// Only a real folder of ours: another user's could name containers that are not isoproof's.
    fn open_own_folder(path: &Path) -> Option<Self> {
        let mut words = path.file_name()?.to_str()?.strip_prefix(PREFIX)?.split('-');
        let (session, engine, mark) = (words.next()?.to_string(), words.next()?, words.next()?);
        let meta = fs::symlink_metadata(path).ok()?;
        let is_ours = meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw();
        if !is_ours || session.len() < 12 || !session.chars().all(|c| c.is_ascii_hexdigit()) {
            return None;
        }
        let (engine, is_owned) = (engine.parse().ok()?, owner::is_alive(mark));
        Some(Self { path: path.into(), session, engine, is_owned })
    }

    /// Where it is.
    pub(crate) fn folder_path(&self) -> &Path {
        &self.path
    }

    /// The file that the engine writes the id of a container to.
    pub(crate) fn id_file(&self, container: &str) -> PathBuf {
        self.path.join(format!("{container}.id"))
    }

    /// The options by which an engine writes down the id of a container, so that what it forgets
    /// of it can be removed. `ctr` takes our name as id.
    pub(crate) fn id_options(&self, container: &str) -> Vec<String> {
        match self.engine {
            EngineKind::Builtin | EngineKind::Ctr => Vec::new(),
            _ => vec!["--cidfile".into(), self.id_file(container).display().to_string()],
        }
    }

    pub(crate) fn container_ids(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.path) else { return Vec::new() };
        entries
            .flatten()
            .filter_map(|entry| fs::read_to_string(entry.path()).ok())
            .map(|text| text.trim().to_string())
            .filter(|id| id.len() >= 12 && id.chars().all(|c| c.is_ascii_hexdigit()))
            .collect()
    }

    /// The names of the containers that docker was asked for by a client that was killed before it had
    /// their ids: it makes the file before it asks.
    pub(super) fn requested_containers(&self) -> Vec<String> {
        let files = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let empty = files.filter(|file| file.metadata().is_ok_and(|meta| meta.len() == 0));
        empty
            .filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".id")?.to_string()))
            .collect()
    }

    /// The network namespaces that were there before the session; none if that is not known.
    pub(super) fn earlier_namespaces(&self) -> Option<BTreeSet<String>> {
        let text = fs::read_to_string(self.path.join(NAMESPACES)).ok()?;
        Some(text.lines().map(String::from).collect())
    }

    pub(crate) fn remove_folder(&self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
