//! Putting a finished site in place of the old one, in one step.
//!
//! The new site is written to a folder next to the old one and the two are exchanged by one system
//! call, so that whoever looks, or kills the program, finds one whole site. Where the system
//! cannot exchange them (a mount point, a folder next to which nothing may be written) the files
//! are replaced one by one.
//!
//! What isoproof did not write is never removed: it is linked into the new site before the
//! exchange, and taken out of the old one only where the new one has the very same file. Nothing
//! is ever removed through a link.

use std::collections::BTreeSet;
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rustix::fs::{AtFlags, CWD, RenameFlags, StatxAttributes, StatxFlags, renameat_with, statx};
use rustix::io::Errno;

use super::manifest::{MARKER, SiteManifest};
use super::output::{OutputFolder, staging_prefix};
use crate::error::{Error, NameFailedFile, Result};
use crate::{atomic, owner};

/// How often two folders are exchanged while something else makes and removes one of them.
const ATTEMPTS: usize = 5;

/// A site that is being written: a folder next to the one that it will replace.
///
/// Files may be written from several threads. Dropping it before [`StagedSite::finish_staging`] removes it
/// and leaves the old site as it was.
#[derive(Debug)]
pub(super) struct StagedSite {
    folder: PathBuf,
    out: PathBuf,
    /// What the user calls `out`.
    named: PathBuf,
    /// Whether the folder lies in `out`.
    is_inside: bool,
    names: Mutex<BTreeSet<String>>,
    /// The files of the site in `out` that stay as long as none of their names is written.
    kept: BTreeSet<String>,
    /// The folders in it that were made.
    folders: Mutex<BTreeSet<String>>,
    /// Whether there is a site that it will replace.
    has_old: bool,
    /// Says that it is needed as long as this process runs.
    _held: File,
}

impl StagedSite {
    /// Begins a site that will replace what is in `out`, and removes what killed builds left.
    ///
    /// # Errors
    ///
    /// Nothing can be written there.
    pub(super) fn begin_staging(out: &OutputFolder) -> Result<Self> {
        let named = out.named_path().to_path_buf();
        let out = out.real_path().to_path_buf();
        let parent = parent_folder(&out);
        std::fs::create_dir_all(parent).or_failed_io("make", parent)?;
        for abandoned in find_leftovers(&out) {
            // Another user's, or one that holds somebody's files, is no reason not to build.
            let _ = remove_site(&abandoned, &out);
        }
        atomic::remove_leftovers(&out);
        Self::make_staging(out, named)
    }

    /// Begins to write files that will replace those of their names in a site of these files.
    ///
    /// # Errors
    ///
    /// Nothing can be written there.
    pub(super) fn continue_site(out: &OutputFolder, kept: BTreeSet<String>) -> Result<Self> {
        let (out, named) = (out.real_path().to_path_buf(), out.named_path().to_path_buf());
        let mut staging = Self::make_staging(out, named)?;
        staging.kept = kept;
        Ok(staging)
    }

    fn make_staging(out: PathBuf, named: PathBuf) -> Result<Self> {
        let parent = parent_folder(&out);
        let prefix = owner::prefix_name(&staging_prefix(&out));
        let (folder, is_inside) = match is_fixed(&out) {
            true => (make_folder(&out, &prefix), true),
            false => match make_folder(parent, &prefix) {
                Err(error) if is_refusal(&error) && out.is_dir() => {
                    (make_folder(&out, &prefix), true)
                }
                made => (made, false),
            },
        };
        let place = if is_inside { &out } else { parent };
        let (folder, held) = folder.or_failed_io("write", place)?;
        let (names, folders, has_old) = (Mutex::default(), Mutex::default(), out.is_dir());
        let kept = BTreeSet::new();
        Ok(Self { folder, out, named, is_inside, names, kept, folders, has_old, _held: held })
    }

    /// Writes a file of the site; `name` has `/` between its parts. Returns what the system says
    /// of it then.
    ///
    /// # Errors
    ///
    /// The file cannot be written, or there is one of this name already.
    pub(super) fn write_file(&self, name: &str, bytes: &[u8]) -> Result<Metadata> {
        let (path, mut file) = self.create_file(name)?;
        let written = file.write_all(bytes).and_then(|()| file.metadata());
        written.or_failed_io("write", &path)
    }

    /// Creates a file of the site, to be written piece by piece. Returns its path, too.
    ///
    /// # Errors
    ///
    /// As for [`StagedSite::write_file`].
    pub(super) fn create_file(&self, name: &str) -> Result<(PathBuf, File)> {
        let path = self.claim_name(name)?;
        match File::create(&path) {
            Ok(file) => Ok((path, file)),
            Err(error) => Err(Error::failed_io("write", &path, &error)),
        }
    }

    /// Takes a file over from the old site without writing it again: it is the same file under
    /// another folder. False if there is no such file, `is_wanted` does not want it, or the system
    /// cannot do that.
    ///
    /// # Errors
    ///
    /// There is a file of this name already, or its folder cannot be made.
    pub(super) fn keep_old_file(
        &self,
        name: &str,
        is_wanted: impl FnOnce(&Path, &Metadata) -> bool,
    ) -> Result<bool> {
        if !self.has_old {
            return Ok(false);
        }
        let path = self.claim_name(name)?;
        if std::fs::hard_link(self.out.join(name), &path).is_ok() {
            // Looked at here, because another build may exchange the old site at any moment.
            let data = std::fs::symlink_metadata(&path).ok().filter(Metadata::is_file);
            if data.is_some_and(|data| is_wanted(&path, &data)) {
                return Ok(true);
            }
            std::fs::remove_file(&path).or_failed_io("remove", &path)?;
        }
        self.claimed_names().remove(name);
        Ok(false)
    }

    /// Where a file of the new site lies now.
    pub(super) fn current_path(&self, name: &str) -> PathBuf {
        let is_kept = self.kept.contains(name) && !self.claimed_names().contains(name);
        if is_kept { &self.out } else { &self.folder }.join(name)
    }

    /// Whether there is a file of this name in the new site.
    pub(super) fn has_file(&self, name: &str) -> bool {
        self.kept.contains(name) || self.claimed_names().contains(name)
    }

    /// The files of the new site.
    pub(super) fn list_files(&self) -> BTreeSet<String> {
        &self.kept | &self.claimed_names()
    }

    /// Refuses a site that cannot take the place of the old one.
    ///
    /// # Errors
    ///
    /// A file that isoproof did not write is in the way of one of the site.
    pub(super) fn check_room(&self) -> Result<()> {
        let old = SiteManifest::read_marker(&self.out)?.unwrap_or_default();
        self.refuse_occupied(&old, &self.claimed_names())
    }

    /// Puts what was written in the place of the old files, one by one. False if the site in the
    /// folder is not the one that `marker` tells, or is to have other files than before: then
    /// nothing is changed.
    ///
    /// # Errors
    ///
    /// A file that isoproof did not write is in the way, or something cannot be written.
    pub(super) fn replace_files(&self, marker: &SiteStamp) -> Result<bool> {
        let _lock =
            owner::lock_folder(if self.is_inside { &self.out } else { parent_folder(&self.out) });
        let names = std::mem::take(&mut *self.claimed_names());
        if SiteStamp::read_stamp(&self.out).as_ref() != Some(marker) || !names.is_subset(&self.kept)
        {
            return Ok(false);
        }
        for name in &names {
            let parents = Path::new(name).ancestors().skip(1);
            for part in parents.filter(|part| !part.as_os_str().is_empty()) {
                let data = std::fs::symlink_metadata(self.out.join(part))
                    .or_failed_io("write", &self.named)?;
                if !data.is_dir() {
                    return Err(self.in_the_way(part));
                }
            }
        }
        for name in &names {
            std::fs::rename(self.folder.join(name), self.out.join(name))
                .or_failed_io("write", &self.named)?;
        }
        Ok(true)
    }

    /// Puts the new site in the place of the old one, in one step where the system can do that.
    /// The old one is to be removed.
    ///
    /// # Errors
    ///
    /// A file that isoproof did not write is in the way of one of the site: then the old site is
    /// as it was. Or something cannot be written.
    pub(super) fn finish_staging(self) -> Result<ReplacedSite> {
        // One build after the other: each has to know whose files it carries over.
        let _lock =
            owner::lock_folder(if self.is_inside { &self.out } else { parent_folder(&self.out) });
        if self.is_inside || !self.exchange_sites()? {
            self.fill_in_place()?;
        }
        let stamp = SiteStamp::read_stamp(&self.out);
        // What now lies in the folder is the old site.
        Ok(ReplacedSite { staging: self, stamp })
    }

    /// Exchanges the new site and the old one. False if the system cannot do that here.
    fn exchange_sites(&self) -> Result<bool> {
        for _ in 0..ATTEMPTS {
            let flags = match std::fs::symlink_metadata(&self.out) {
                Ok(data) if data.is_dir() => {
                    if !self.carry_over()? {
                        return Ok(false);
                    }
                    self.write_marker(&self.folder, &self.claimed_names())?;
                    if !take_mode(&self.folder, &data) {
                        return Ok(false);
                    }
                    RenameFlags::EXCHANGE
                }
                Ok(_) => return Err(self.in_the_way(Path::new(""))),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    self.write_marker(&self.folder, &self.claimed_names())?;
                    RenameFlags::NOREPLACE
                }
                Err(error) => return Err(Error::failed_io("replace", &self.named, &error)),
            };
            match renameat_with(CWD, &self.folder, CWD, &self.out, flags) {
                Ok(()) => return Ok(true),
                // Something else made or removed it in between.
                Err(Errno::EXIST | Errno::NOENT) => {}
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::BUSY | Errno::XDEV) => {
                    return Ok(false);
                }
                Err(error) if is_refusal(&error.into()) => return Ok(false),
                Err(error) => return Err(Error::failed_io("replace", &self.named, &error.into())),
            }
        }
        Ok(false)
    }

    /// Links what isoproof did not write into the new site. False if the system cannot do that:
    /// then those files have to stay where they are.
    fn carry_over(&self) -> Result<bool> {
        let names = self.claimed_names().clone();
        let old = SiteManifest::read_marker(&self.out)?.unwrap_or_default();
        let (tree, our_folders) = (
            FolderTree::read_tree(&self.out).or_failed_io("use", &self.named)?,
            old.list_folders(&names),
        );
        for name in tree.folders.iter().filter(|name| !our_folders.contains(*name)) {
            let (from, to) = (self.out.join(name), self.folder.join(name));
            match std::fs::create_dir(&to) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::AlreadyExists && to.is_dir() => {}
                Err(error) if is_occupied(&error) => return Err(self.in_the_way(name)),
                Err(_) => return Ok(false),
            }
            match std::fs::symlink_metadata(&from) {
                Ok(data) if !take_mode(&to, &data) => return Ok(false),
                _ => {}
            }
        }
        for name in tree.files.iter().filter(|name| !old.lists_file(name, &names)) {
            let (from, to) = (self.out.join(name), self.folder.join(name));
            let parent = to.parent().unwrap_or(&self.folder);
            let linked =
                std::fs::create_dir_all(parent).and_then(|()| std::fs::hard_link(&from, &to));
            match linked {
                Ok(()) => {}
                Err(error) if is_occupied(&error) && is_equal(&from, &to) => {}
                Err(error) if is_occupied(&error) => return Err(self.in_the_way(name)),
                // It is gone by now.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(_) => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Replaces the files of the old site one by one. Killed in the middle, it leaves pages of
    /// both, and the next build puts that right.
    fn fill_in_place(&self) -> Result<()> {
        match std::fs::create_dir(&self.out) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(Error::failed_io("write", &self.named, &error));
            }
            _ => {}
        }
        let names = self.claimed_names().clone();
        let old = SiteManifest::read_marker(&self.out)?.unwrap_or_default();
        let mut tree = FolderTree::read_tree(&self.out).or_failed_io("write", &self.named)?;
        tree.files.retain(|name| name != Path::new(MARKER) && old.lists_file(name, &names));
        self.refuse_occupied(&old, &names)?;
        // From here on the files of both are ours, until the last one is in its place.
        let all = tree.files.iter().filter_map(|name| name.to_str()).map(String::from);
        self.write_marker(&self.out, &all.chain(names.iter().cloned()).collect())?;
        for name in &tree.files {
            if name.to_str().is_some_and(|name| !names.contains(name)) {
                std::fs::remove_file(self.out.join(name)).or_failed_io("write", &self.named)?;
            }
        }
        for name in
            tree.folders.iter().rev().filter(|name| old.list_folders(&names).contains(*name))
        {
            // One that is not empty is still needed.
            let _ = std::fs::remove_dir(self.out.join(name));
        }
        for name in &names {
            let path = self.out.join(name);
            std::fs::create_dir_all(path.parent().unwrap_or(&self.out))
                .or_failed_io("write", &self.named)?;
            std::fs::rename(self.folder.join(name), path).or_failed_io("write", &self.named)?;
        }
        self.write_marker(&self.out, &names)
    }

    /// Refuses to put a file where the user has another one, or a link.
    fn refuse_occupied(&self, old: &SiteManifest, names: &BTreeSet<String>) -> Result<()> {
        let our_folders = old.list_folders(names);
        for name in names {
            for part in Path::new(name).ancestors().filter(|part| !part.as_os_str().is_empty()) {
                let Ok(data) = std::fs::symlink_metadata(self.out.join(part)) else { continue };
                let is_free = match (data.is_dir(), part == Path::new(name)) {
                    (true, true) => our_folders.contains(part),
                    (true, false) => true,
                    (false, is_file) => {
                        old.lists_file(part, names)
                            || is_file && is_equal(&self.out.join(part), &self.folder.join(part))
                    }
                };
                if !is_free {
                    return Err(self.in_the_way(part));
                }
            }
        }
        Ok(())
    }

    fn in_the_way(&self, name: &Path) -> Error {
        Error::unusable_input(format!(
            "{} was not written by isoproof, and is where the site has to go",
            self.named.join(name).display()
        ))
        .with_help("nothing was changed: move it away, or choose another folder with --out")
    }

    fn write_marker(&self, folder: &Path, files: &BTreeSet<String>) -> Result<()> {
        atomic::replace_without_sync(&folder.join(MARKER), SiteManifest::to_text(files).as_bytes())
    }

    fn claim_name(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        if !self.claimed_names().insert(name.to_string()) {
            return Err(Error::unusable_input(format!(
                "two pages of the site have the name {name}"
            )));
        }
        if let Some((folder, _)) = name.rsplit_once('/') {
            let mut made = self.folders.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if !made.contains(folder) {
                let parent = self.folder.join(folder);
                std::fs::create_dir_all(&parent).or_failed_io("make", &parent)?;
                made.insert(folder.to_string());
            }
        }
        Ok(path)
    }

    fn claimed_names(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.names.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for StagedSite {
    fn drop(&mut self) {
        // Nothing is left to remove after `finish`; and an error here hides no other one.
        let _ = remove_site(&self.folder, &self.out);
    }
}

/// What tells a site in a folder from any that a later build puts there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SiteStamp(u64, i64, i64);

impl SiteStamp {
    /// That of the site which is there now; none if there is none.
    pub(super) fn read_stamp(out: &Path) -> Option<Self> {
        let data = std::fs::symlink_metadata(out.join(MARKER)).ok()?;
        Some(Self(data.ino(), data.mtime(), data.mtime_nsec()))
    }
}

/// A site that another one replaced. Dropping it removes it as well, without a word if that
/// fails.
#[derive(Debug)]
#[must_use]
pub(super) struct ReplacedSite {
    staging: StagedSite,
    /// What tells the new site.
    pub stamp: Option<SiteStamp>,
}

impl ReplacedSite {
    /// Removes it.
    ///
    /// # Errors
    ///
    /// A file cannot be removed, or is somebody else's.
    pub(super) fn remove_site(&self) -> Result<()> {
        remove_site(&self.staging.folder, &self.staging.out)
    }
}

/// Removes what killed builds into `out` left, and nothing that a running one still writes. Each
/// result is a file or folder that was removed.
pub(super) fn remove_leftovers(out: &Path) -> Vec<Result<PathBuf>> {
    let folders = find_leftovers(out).into_iter();
    let folders = folders.map(|folder| remove_site(&folder, out).map(|()| folder));
    folders.chain(atomic::remove_leftovers(out).into_iter().map(Ok)).collect()
}

fn find_leftovers(out: &Path) -> Vec<PathBuf> {
    let prefix = staging_prefix(out);
    let folders = [parent_folder(out), out].into_iter();
    folders.flat_map(|folder| owner::find_leftovers(folder, &prefix)).collect()
}

fn parent_folder(out: &Path) -> &Path {
    out.parent().unwrap_or(out)
}

/// Whether another folder cannot take the place of this one: something is mounted on it, or this
/// process is in it.
fn is_fixed(out: &Path) -> bool {
    let is_here = std::env::current_dir().is_ok_and(|here| here.starts_with(out));
    let data = statx(CWD, out, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty());
    let is_mounted = match data {
        Ok(data) => data.stx_attributes.contains(StatxAttributes::MOUNT_ROOT),
        // A system that cannot tell: at least another file system is seen.
        Err(_) => {
            let devices = [out, parent_folder(out)]
                .map(|path| std::fs::symlink_metadata(path).map(|data| data.dev()).ok());
            out.exists() && devices[0] != devices[1]
        }
    };
    is_here || is_mounted
}

/// Whether the system does not let this user write there.
fn is_refusal(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
}

/// Whether something is in the way.
fn is_occupied(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::AlreadyExists | ErrorKind::NotADirectory | ErrorKind::IsADirectory
    )
}

/// A new folder, held, with an empty marker: all that is in it is ours.
fn make_folder(parent: &Path, prefix: &str) -> std::io::Result<(PathBuf, File)> {
    let folder = tempfile::Builder::new()
        .prefix(prefix)
        .permissions(std::fs::Permissions::from_mode(0o777))
        .tempdir_in(parent)?;
    let held = File::open(folder.path())?;
    owner::hold_lock(&held);
    // One step, so that a build that is killed leaves nothing that stays.
    File::create_new(folder.path().join(MARKER))?;
    Ok((folder.keep(), held))
}

/// Gives a folder the mode of another one. False if it has another owner.
fn take_mode(folder: &Path, of: &Metadata) -> bool {
    let is_same_owner = std::fs::symlink_metadata(folder)
        .is_ok_and(|data| (data.uid(), data.gid()) == (of.uid(), of.gid()));
    is_same_owner && std::fs::set_permissions(folder, of.permissions()).is_ok()
}

/// Whether two paths are the same file, or two files with the same bytes.
fn is_equal(a: &Path, b: &Path) -> bool {
    let (Ok(data_a), Ok(data_b)) = (std::fs::symlink_metadata(a), std::fs::symlink_metadata(b))
    else {
        return false;
    };
    if (data_a.dev(), data_a.ino()) == (data_b.dev(), data_b.ino()) {
        return true;
    }
    // Only of files: to read a pipe may take for ever.
    data_a.is_file()
        && data_b.is_file()
        && data_a.len() == data_b.len()
        && std::fs::read(a).is_ok_and(|bytes| std::fs::read(b).is_ok_and(|other| bytes == other))
}

/// What is in a folder and in the folders below it, by paths from there. Links are not followed.
#[derive(Debug, Default)]
pub(super) struct FolderTree {
    /// What is no folder.
    pub files: Vec<PathBuf>,
    /// The folders, each before those in it.
    folders: Vec<PathBuf>,
}

impl FolderTree {
    pub(super) fn read_tree(root: &Path) -> std::io::Result<Self> {
        let mut tree = Self::default();
        let mut open = vec![PathBuf::new()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(root.join(&folder))? {
                let entry = entry?;
                let name = folder.join(entry.file_name());
                if entry.file_type()?.is_dir() {
                    tree.folders.push(name.clone());
                    open.push(name);
                } else {
                    tree.files.push(name);
                }
            }
        }
        Ok(tree)
    }
}

/// Removes a site that was replaced by the one in `out`, or was never finished. What isoproof did
/// not write goes only if `out` has the same file, and is moved there if it has none; the marker
/// goes last. A folder without a marker is left alone, unless it is empty: then it was made by a
/// build that was killed before the marker.
fn remove_site(folder: &Path, out: &Path) -> Result<()> {
    if !std::fs::symlink_metadata(folder).is_ok_and(|data| data.is_dir()) {
        return Ok(());
    }
    let marker = folder.join(MARKER);
    let is_unfinished =
        std::fs::symlink_metadata(&marker).is_ok_and(|data| data.is_file() && data.len() == 0);
    let manifest = SiteManifest::read_marker(folder)?;
    if manifest.is_none() && !is_unfinished {
        let _ = std::fs::remove_dir(folder);
        return Ok(());
    }
    let manifest = manifest.unwrap_or_default();
    let current = match SiteManifest::read_marker(out) {
        Ok(Some(SiteManifest::Listed(files))) => files,
        _ => BTreeSet::new(),
    };
    let tree = FolderTree::read_tree(folder).or_failed_io("remove", folder)?;
    let mut foreign = Vec::new();
    for name in tree.files.iter().filter(|name| *name != Path::new(MARKER)) {
        let path = folder.join(name);
        let is_removable = is_unfinished
            || manifest.lists_file(name, &current)
            || is_equal(&path, &out.join(name));
        let done = match is_removable {
            true => std::fs::remove_file(&path),
            false => move_back(&path, out, name),
        };
        match done {
            Err(error) if is_occupied(&error) => foreign.push(out.join(name)),
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::failed_io("remove", folder, &error));
            }
            _ => {}
        }
    }
    if let Some(name) = foreign.first() {
        return Err(Error::failed_environment(format!(
            "cannot remove {}: isoproof did not write all that is in it, and there is another {}",
            folder.display(),
            name.display()
        ))
        .with_help("move what you want to keep out of the folder, and remove it"));
    }
    for name in tree.folders.iter().rev() {
        match std::fs::remove_dir(folder.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::failed_io("remove", folder, &error));
            }
            _ => {}
        }
    }
    std::fs::remove_file(marker)
        .and_then(|()| std::fs::remove_dir(folder))
        .or_failed_io("remove", folder)
}

/// Moves a file to its place in `out`, where none may be yet.
fn move_back(path: &Path, out: &Path, name: &Path) -> std::io::Result<()> {
    let to = out.join(name);
    let parent = to.parent().unwrap_or(out);
    std::fs::create_dir_all(parent)?;
    if std::fs::canonicalize(parent)? != parent {
        // A link leads there, and to another place.
        return Err(ErrorKind::AlreadyExists.into());
    }
    // By a hard link, because that never replaces anything.
    std::fs::hard_link(path, to)?;
    std::fs::remove_file(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn begin(out: &Path) -> Result<StagedSite> {
        StagedSite::begin_staging(&OutputFolder::find_folder(out, &[])?)
    }

    /// Writes a site of a page and a run of this name.
    fn replace(out: &Path, text: &str) -> Result<()> {
        write(begin(out)?, text)
    }

    fn write(staging: StagedSite, text: &str) -> Result<()> {
        staging.write_file("index.html", text.as_bytes())?;
        staging.write_file(&format!("runs/{text}.html"), b"")?;
        staging.finish_staging()?.remove_site()
    }

    /// A site that has to be filled in place, as on a mount point.
    fn begin_inside(out: &Path) -> StagedSite {
        let beside = begin(out).unwrap();
        let (out, named) = (beside.out.clone(), beside.named.clone());
        let prefix = owner::prefix_name(&staging_prefix(&out));
        let (folder, held) = make_folder(&out, &prefix).unwrap();
        let (names, folders) = Default::default();
        let (is_inside, has_old, kept) = (true, true, BTreeSet::new());
        StagedSite { folder, out, named, is_inside, names, kept, folders, has_old, _held: held }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Every path below a folder, with its content or where it leads.
    fn content(folder: &Path) -> Vec<(PathBuf, String)> {
        let tree = FolderTree::read_tree(folder).unwrap();
        let read = |path: &Path| match std::fs::read_link(path) {
            Ok(target) => format!("-> {}", target.display()),
            Err(_) => String::from_utf8(std::fs::read(path).unwrap()).unwrap(),
        };
        let files = tree.files.iter().map(|name| (name.clone(), read(&folder.join(name))));
        let folders = tree.folders.iter().map(|name| (name.clone(), String::new()));
        let mut all: Vec<_> = files.chain(folders).collect();
        all.sort();
        all
    }

    #[test]
    fn a_site_replaces_the_one_before_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("public");
        replace(&out, "one").unwrap();
        replace(&out, "two").unwrap();
        assert_eq!(names(folder.path()), ["public"]);
        assert_eq!(names(&out), [MARKER, "index.html", "runs"]);
        assert_eq!(names(&out.join("runs")), ["two.html"]);
    }

    #[test]
    fn a_kept_file_is_the_same_file_and_outlives_the_old_site() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("public");
        for begin in [|out: &Path| begin(out).unwrap(), begin_inside] {
            replace(&out, "one").unwrap();
            let before = std::fs::metadata(out.join("index.html")).unwrap().ino();
            let staging = begin(&out);
            assert!(!staging.keep_old_file("index.html", |_, _| false).unwrap());
            assert!(staging.keep_old_file("index.html", |_, _| true).unwrap());
            assert!(!staging.keep_old_file("nowhere.html", |_, _| true).unwrap());
            staging.finish_staging().unwrap().remove_site().unwrap();
            let after = std::fs::metadata(out.join("index.html")).unwrap();
            assert_eq!((after.ino(), after.nlink()), (before, 1));
            assert_eq!(names(&out), [MARKER, "index.html"]);
        }
    }

    /// Files of the user in a site, and a folder elsewhere that one of them leads to.
    fn add_own_files(folder: &Path, out: &Path) {
        std::fs::create_dir_all(out.join(".well-known/empty")).unwrap();
        std::fs::create_dir(folder.join("elsewhere")).unwrap();
        for (name, text) in [
            ("public/CNAME", "lab.example.org"),
            ("public/.nojekyll", ""),
            ("public/.well-known/security.txt", "me"),
            ("public/runs/mine.txt", "beside a run"),
            ("elsewhere/thesis.doc", "years"),
        ] {
            std::fs::write(folder.join(name), text).unwrap();
        }
        symlink("../elsewhere", out.join("link")).unwrap();
        symlink("nowhere", out.join("dangling")).unwrap();
    }

    #[test]
    fn what_isoproof_did_not_write_stays() {
        for begin in [|out: &Path| begin(out).unwrap(), begin_inside] {
            let folder = tempfile::tempdir().unwrap();
            let out = folder.path().join("public");
            replace(&out, "one").unwrap();
            std::fs::set_permissions(&out, std::fs::Permissions::from_mode(0o750)).unwrap();
            add_own_files(folder.path(), &out);
            let inode = |name: &str| std::fs::symlink_metadata(out.join(name)).unwrap().ino();
            let before = inode("CNAME");
            let mut expected = content(folder.path());
            write(begin(&out), "two").unwrap();
            let place = |name: &str| PathBuf::from("public").join(name);
            for (name, text) in &mut expected {
                if *name == place("index.html") {
                    *text = "two".into();
                } else if *name == place("runs/one.html") {
                    *name = place("runs/two.html");
                } else if *name == place(MARKER) {
                    *text = text.replace("one.html", "two.html");
                }
            }
            expected.sort();
            assert_eq!(content(folder.path()), expected);
            assert_eq!(inode("CNAME"), before);
            let mode = std::fs::metadata(&out).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o750);
        }
    }

    #[test]
    fn a_file_of_the_user_where_the_site_has_to_go_is_refused_and_nothing_changes() {
        type Own = fn(&Path);
        let cases: [(&str, Own); 5] = [
            ("runs/two.html", |out| std::fs::write(out.join("runs/two.html"), "mine").unwrap()),
            ("runs/two.html", |out| symlink("../x", out.join("runs/two.html")).unwrap()),
            ("runs/two.html", |out| std::fs::create_dir(out.join("runs/two.html")).unwrap()),
            ("runs", |out| {
                std::fs::remove_dir_all(out.join("runs")).unwrap();
                symlink("..", out.join("runs")).unwrap();
            }),
            ("runs", |out| {
                std::fs::remove_dir_all(out.join("runs")).unwrap();
                std::fs::write(out.join("runs"), "mine").unwrap();
            }),
        ];
        for (name, add) in cases {
            for begin in [|out: &Path| begin(out).unwrap(), begin_inside] {
                let folder = tempfile::tempdir().unwrap();
                let out = folder.path().join("public");
                replace(&out, "one").unwrap();
                add(&out);
                let before = content(folder.path());
                let error = write(begin(&out), "two").unwrap_err();
                assert!(error.message.contains(&format!("public/{name} was not")), "{error}");
                assert_eq!(content(folder.path()), before);
            }
        }
    }

    #[test]
    fn a_build_that_was_killed_while_it_filled_a_folder_is_put_right_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("public");
        replace(&out, "one").unwrap();
        std::fs::write(out.join("CNAME"), "x").unwrap();
        // Its first file is in its place, the others are not, and those of before are still there.
        let files = ["index.html", "runs/one.html", "runs/two.html"].map(String::from);
        std::fs::write(out.join(MARKER), SiteManifest::to_text(&files.into())).unwrap();
        std::fs::write(out.join("index.html"), "two").unwrap();
        let left = out.join(".public.isoproof-1.1-abc");
        std::fs::create_dir_all(left.join("runs")).unwrap();
        std::fs::write(left.join(MARKER), "").unwrap();
        std::fs::write(left.join("runs/two.html"), "").unwrap();
        std::fs::write(out.join(".isoproof-1.1-abc"), "{").unwrap();
        write(begin_inside(&out), "three").unwrap();
        assert_eq!(names(&out), [MARKER, "CNAME", "index.html", "runs"]);
        assert_eq!(names(&out.join("runs")), ["three.html"]);
        assert_eq!(std::fs::read(out.join("index.html")).unwrap(), b"three");
    }

    #[test]
    fn a_file_of_the_user_that_the_site_has_too_is_no_obstacle() {
        for begin in [|out: &Path| begin(out).unwrap(), begin_inside] {
            let folder = tempfile::tempdir().unwrap();
            let out = folder.path().join("public");
            replace(&out, "one").unwrap();
            std::fs::write(out.join("runs/two.html"), "").unwrap();
            write(begin(&out), "two").unwrap();
            replace(&out, "three").unwrap();
            assert_eq!(names(&out.join("runs")), ["three.html"]);
        }
    }

    #[test]
    fn of_a_site_without_a_list_what_is_no_longer_made_stays() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("public");
        replace(&out, "one").unwrap();
        let text = "isoproof made this folder and replaces it with every build. Keep nothing.\n";
        std::fs::write(out.join(MARKER), text).unwrap();
        std::fs::write(out.join("CNAME"), "lab.example.org").unwrap();
        replace(&out, "two").unwrap();
        assert_eq!(names(&out), [MARKER, "CNAME", "index.html", "runs"]);
        assert_eq!(names(&out.join("runs")), ["one.html", "two.html"]);
        assert_eq!(std::fs::read(out.join("index.html")).unwrap(), b"two");
        assert_eq!(names(folder.path()), ["public"]);
    }

    #[test]
    fn what_a_killed_build_left_is_removed_and_a_lookalike_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("public");
        let left = folder.path().join(".public.isoproof-1.1-abc");
        let before_marker = folder.path().join(".public.isoproof-1.2-abc");
        let lookalikes = [".public.isoproof-mine", ".public.isoproof-1.1-mine"];
        std::fs::create_dir_all(left.join("runs")).unwrap();
        std::fs::write(left.join("runs/x.html"), "").unwrap();
        std::fs::write(left.join(MARKER), "").unwrap();
        std::fs::create_dir(before_marker).unwrap();
        for name in lookalikes {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            std::fs::write(folder.path().join(name).join("thesis.doc"), "x").unwrap();
        }
        replace(&out, "one").unwrap();
        let [b, a] = lookalikes;
        assert_eq!(names(folder.path()), [a, b, "public"]);
        assert_eq!(names(&folder.path().join(a)), ["thesis.doc"]);
    }

    #[test]
    fn nothing_is_removed_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (out, other) = (folder.path().join("public"), folder.path().join("other"));
        replace(&other, "other").unwrap();
        symlink("other", folder.path().join(".public.isoproof-1.1-abc")).unwrap();
        let left = folder.path().join(".public.isoproof-1.2-abc");
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join(MARKER), "").unwrap();
        symlink("../other", left.join("runs")).unwrap();
        let before = content(&other);
        replace(&out, "one").unwrap();
        assert_eq!(content(&other), before);
        assert_eq!(names(folder.path()), [".public.isoproof-1.1-abc", "other", "public"]);
    }

    #[test]
    fn files_of_the_user_in_what_a_killed_build_left_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("public");
        replace(&out, "one").unwrap();
        // Killed after the exchange: what was there before lies next to it.
        let left = folder.path().join(".public.isoproof-1.1-abc");
        replace(&left, "zero").unwrap();
        std::fs::create_dir(left.join("mine")).unwrap();
        std::fs::write(left.join("mine/late.txt"), "late").unwrap();
        std::fs::write(left.join("CNAME"), "x").unwrap();
        std::fs::hard_link(left.join("CNAME"), out.join("CNAME")).unwrap();
        replace(&out, "two").unwrap();
        assert_eq!(names(folder.path()), ["public"]);
        assert_eq!(names(&out), [MARKER, "CNAME", "index.html", "mine", "runs"]);
        assert_eq!(std::fs::read(out.join("mine/late.txt")).unwrap(), b"late");
    }

    #[test]
    fn two_files_of_the_user_of_one_name_both_stay_and_clean_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("public");
        let left = folder.path().join(".public.isoproof-1.1-abc");
        replace(&out, "one").unwrap();
        std::fs::write(out.join("CNAME"), "new").unwrap();
        replace(&left, "zero").unwrap();
        std::fs::write(left.join("CNAME"), "old").unwrap();
        replace(&out, "two").unwrap();
        assert_eq!(std::fs::read(out.join("CNAME")).unwrap(), b"new");
        assert_eq!(std::fs::read(left.join("CNAME")).unwrap(), b"old");
        let results = remove_leftovers(&out);
        assert!(matches!(&results[..], [Err(error)] if error.message.contains("CNAME")));
    }

    #[test]
    fn what_another_build_still_writes_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("public");
        // As of a process in another container, whose id means nothing here.
        let (running, held) = make_folder(folder.path(), ".public.isoproof-1.1-").unwrap();
        replace(&out, "one").unwrap();
        assert!(running.exists());
        drop(held);
        assert_eq!(remove_leftovers(&out).len(), 1);
        assert!(!running.exists());
    }

    #[test]
    fn builds_at_once_do_not_disturb_each_other() {
        for begin in [|out: &Path| begin(out).unwrap(), begin_inside] {
            let folder = tempfile::tempdir().unwrap();
            let out = folder.path().join("public");
            std::fs::create_dir(&out).unwrap();
            let first = begin(&out);
            write(begin(&out), "second").unwrap();
            std::fs::write(out.join("CNAME"), "x").unwrap();
            write(first, "first").unwrap();
            assert_eq!(std::fs::read(out.join("index.html")).unwrap(), b"first");
            assert_eq!(names(&out), [MARKER, "CNAME", "index.html", "runs"]);
            assert_eq!(names(&out.join("runs")), ["first.html"]);
            assert_eq!(names(folder.path()), ["public"]);
        }
    }

    #[test]
    fn many_builds_at_once_leave_one_whole_site() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("public");
        std::thread::scope(|scope| {
            for number in 0..8 {
                let out = &out;
                scope.spawn(move || {
                    for round in 0..10 {
                        replace(out, &format!("{number}-{round}")).unwrap();
                    }
                });
            }
        });
        let text = std::fs::read_to_string(out.join("index.html")).unwrap();
        assert_eq!(names(&out.join("runs")), [format!("{text}.html")]);
        assert_eq!(names(folder.path()), ["public"]);
    }

    #[test]
    fn a_site_that_cannot_be_written_leaves_the_old_one_whole() {
        for begin in [|out: &Path| begin(out).unwrap(), begin_inside] {
            let folder = tempfile::tempdir().unwrap();
            let out = folder.path().join("public");
            replace(&out, "one").unwrap();
            let before = content(folder.path());
            let staging = begin(&out);
            staging.write_file("index.html", b"two").unwrap();
            assert!(staging.write_file("index.html/x", b"").is_err());
            assert!(staging.write_file("index.html", b"").is_err(), "a page twice");
            drop(staging);
            assert_eq!(content(folder.path()), before);
        }
    }
}
