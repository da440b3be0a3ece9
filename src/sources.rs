//! Folders that others fill (chapters, notes, templates, data, runs, evidence) and the files in
//! them: one walk over all of them, and one way to open what lies there.
//!
//! What editors and systems leave next to files is no source, and nothing that lies in such a
//! folder can make a command wait for ever: named pipes, sockets and devices are never opened.

use std::ffi::OsStr;
use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::error::{Error, NameFailedFile, Result};

/// The most bytes of a text that somebody writes: a chapter, a note, a template, a table of data.
pub(crate) const MAX_TEXT_BYTES: u64 = 16 << 20;

/// What an entry of a folder is; of a link, what it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SourceKind {
    /// A regular file, or something of which that cannot be told: to read it says why.
    File,
    /// A folder that the walk did not go into.
    Folder,
    /// Something that is never opened, in words: `a named pipe`.
    Special(&'static str),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceEntry {
    pub path: PathBuf,
    /// Its path below the folder that was walked, with `/` between the parts; bytes that are not
    /// UTF-8 are replaced.
    pub name: String,
    pub kind: SourceKind,
    pub is_link: bool,
}

#[derive(Debug)]
pub(crate) struct UnreadableFolder {
    pub path: PathBuf,
    /// Its path below the folder that was walked, with `/` at its end.
    pub name: String,
    pub error: io::Error,
}

/// What was found in a folder and below it.
#[derive(Debug, Default)]
pub(crate) struct SourceWalk {
    /// The entries in the order of their names, those of a folder in its place.
    pub entries: Vec<SourceEntry>,
    /// The folders that were listed, that which was walked among them.
    pub folders: Vec<PathBuf>,
    pub unreadable: Vec<UnreadableFolder>,
}

/// How far a walk goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WalkLimits {
    /// How many folders lie above the deepest that is listed: 0 lists the folder itself alone.
    pub depth: usize,
    /// The most entries that are looked at.
    pub entries: usize,
    pub skipped: &'static [&'static str],
}

impl WalkLimits {
    /// For the sources of a project: deeper than anybody nests, and an end to what a machine made.
    pub(crate) const PROJECT: Self = Self { depth: 32, entries: usize::MAX, skipped: &[] };
    /// For one folder without those below it.
    pub(crate) const FLAT: Self = Self { depth: 0, ..Self::PROJECT };
}

/// Lists what lies in `root` and below it. `root` may be a link; links to folders below it are
/// not gone into, so a walk ends whatever they lead to.
/// Errors: `root` itself cannot be listed. A folder below it that cannot be is no error.
pub(crate) fn walk_folder(root: &Path, limits: WalkLimits) -> io::Result<SourceWalk> {
    let mut walk = SourceWalk::default();
    let mut budget = limits.entries;
    add_folder(root, "", &limits, &mut budget, &mut walk)?;
    Ok(walk)
}

fn add_folder(
    folder: &Path,
    below: &str,
    limits: &WalkLimits,
    budget: &mut usize,
    walk: &mut SourceWalk,
) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    walk.folders.push(folder.to_path_buf());
    entries.retain(|entry| is_source_name(&entry.file_name()));
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if *budget == 0 {
            break;
        }
        *budget -= 1;
        let path = entry.path();
        let file_name = entry.file_name().to_string_lossy().into_owned();
        let name = format!("{below}{file_name}");
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        let kind = kind_of(&entry);
        if kind != SourceKind::Folder || is_link || limits.depth == 0 {
            walk.entries.push(SourceEntry { path, name, kind, is_link });
        } else if !limits.skipped.contains(&file_name.as_str()) {
            let name = format!("{name}/");
            let limits = WalkLimits { depth: limits.depth - 1, ..*limits };
            match add_folder(&path, &name, &limits, budget, walk) {
                // As deep as no path can be written: nothing there can be a source.
                Err(error) if error.kind() == ErrorKind::InvalidFilename => {}
                Err(error) => walk.unreadable.push(UnreadableFolder { path, name, error }),
                Ok(()) => {}
            }
        }
    }
    Ok(())
}

fn kind_of(entry: &fs::DirEntry) -> SourceKind {
    let kind = match entry.file_type() {
        Ok(kind) if kind.is_symlink() => fs::metadata(entry.path()).map(|data| data.file_type()),
        kind => kind,
    };
    match kind {
        Ok(kind) if kind.is_dir() => SourceKind::Folder,
        Ok(kind) => special_words(kind).map_or(SourceKind::File, SourceKind::Special),
        Err(_) => SourceKind::File,
    }
}

/// What something is that is neither file nor folder.
fn special_words(kind: FileType) -> Option<&'static str> {
    if kind.is_fifo() {
        Some("a named pipe")
    } else if kind.is_socket() {
        Some("a socket")
    } else if kind.is_block_device() || kind.is_char_device() {
        Some("a device")
    } else {
        None
    }
}

/// Whether a name may be that of a source: it is not hidden, and not one that editors give to
/// locks, backups and tests of the folder (`.#x`, `x~`, `#x#`, `~$x`, `4913`).
pub(crate) fn is_source_name(name: &OsStr) -> bool {
    let name = name.as_bytes();
    let is_editors = name.starts_with(b"~$")
        || name.ends_with(b"~")
        || (name.starts_with(b"#") && name.ends_with(b"#"))
        || name == b"4913";
    !name.starts_with(b".") && !is_editors
}

/// Opens a regular file, and nothing else: not even for a moment, because to open a pipe or a
/// device may wait for ever or do something. A link is followed.
pub(crate) fn open_file(path: &Path) -> io::Result<File> {
    refuse_special(fs::metadata(path)?.file_type())?;
    // Something else may have taken its place meanwhile: then this does not wait for it.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    refuse_special(file.metadata()?.file_type())?;
    Ok(file)
}

fn refuse_special(kind: FileType) -> io::Result<()> {
    if kind.is_file() {
        return Ok(());
    }
    let what = if kind.is_dir() { "a folder" } else { special_words(kind).unwrap_or("no file") };
    Err(io::Error::new(ErrorKind::InvalidInput, format!("it is {what}, and a file is wanted")))
}

/// The bytes of a regular file of at most `limit` bytes.
/// Errors: those of [`open_file`], it cannot be read, or it is longer.
pub(crate) fn read_file(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_at_most(open_file(path)?, limit)
}

fn read_at_most(file: File, limit: u64) -> io::Result<Vec<u8>> {
    // Not more than that: texts are kept.
    let size = file.metadata().map_or(0, |data| data.len().min(limit));
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let what = format!("it is longer than {} MiB", limit >> 20);
        return Err(io::Error::new(ErrorKind::InvalidInput, what));
    }
    Ok(bytes)
}

/// [`read_file`] for a file that the user names, which may also be what the shell hands over:
/// `/dev/stdin`, or the `/dev/fd/63` of `<(command)`.
pub(crate) fn read_named_file(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let is_handed_over = path == Path::new("/dev/stdin")
        || path.starts_with("/dev/fd")
        || path.starts_with("/proc/self/fd");
    read_at_most(if is_handed_over { File::open(path)? } else { open_file(path)? }, limit)
}

/// The text of a regular file of at most `limit` bytes.
/// Errors: those of [`read_file`], or it is not UTF-8: the error names file and line.
pub(crate) fn read_text(path: &Path, limit: u64) -> Result<String> {
    let bytes = read_file(path, limit).or_failed_io("read", path)?;
    decode_text(bytes, path)
}

pub(crate) fn decode_text(bytes: Vec<u8>, path: &Path) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        Error::unusable_input(format!("{}:{line}: the file is not UTF-8", path.display()))
    })
}

/// Why something could not be read, in words without numbers: `permission denied`.
pub(crate) fn reason_words(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, FileType as NodeType, Mode, mkdirat, mknodat, openat};
    use std::os::unix::fs::symlink;

    fn make_pipe(path: &Path) {
        mknodat(CWD, path, NodeType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    }

    fn list(root: &Path, limits: WalkLimits) -> Vec<(String, SourceKind)> {
        let walk = walk_folder(root, limits).unwrap();
        walk.entries.into_iter().map(|entry| (entry.name, entry.kind)).collect()
    }

    #[test]
    fn what_editors_and_systems_leave_is_no_source() {
        for name in
            [".#a.md", "._a.md", ".a.md.swp", "a.md~", "#a.md#", "~$a.md", "4913", ".git", "."]
        {
            assert!(!is_source_name(OsStr::new(name)), "{name}");
        }
        for name in ["a.md", "a#", "#a", "4913.txt", "a~b", "a.b.md"] {
            assert!(is_source_name(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn a_walk_finds_files_in_order_and_names_what_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("b/c")).unwrap();
        fs::create_dir(root.join(".hidden")).unwrap();
        for name in ["a.md", "b/x.md", "b/c/y.md", "z.md", ".hidden/n.md", "z.md~"] {
            fs::write(root.join(name), "x").unwrap();
        }
        make_pipe(&root.join("pipe.md"));
        let _socket = std::os::unix::net::UnixListener::bind(root.join("socket.md")).unwrap();
        symlink("/dev/zero", root.join("zero.md")).unwrap();
        symlink("a.md", root.join("linked.md")).unwrap();
        symlink("nowhere", root.join("lost.md")).unwrap();
        symlink("..", root.join("b/up")).unwrap();
        symlink("loop.md", root.join("loop.md")).unwrap();
        let (file, folder, special) = (SourceKind::File, SourceKind::Folder, SourceKind::Special);
        let expected = [
            ("a.md", file),
            ("b/c/y.md", file),
            ("b/up", folder),
            ("b/x.md", file),
            ("linked.md", file),
            ("loop.md", file),
            ("lost.md", file),
            ("pipe.md", special("a named pipe")),
            ("socket.md", special("a socket")),
            ("z.md", file),
            ("zero.md", special("a device")),
        ];
        let expected = expected.map(|(name, kind)| (name.to_string(), kind));
        assert_eq!(list(root, WalkLimits::PROJECT), expected);
        let flat: Vec<_> = list(root, WalkLimits::FLAT).into_iter().map(|entry| entry.0).collect();
        assert_eq!(flat[..2], ["a.md", "b"]);
        let few = WalkLimits { entries: 2, ..WalkLimits::PROJECT };
        assert_eq!(list(root, few).len(), 1, "a.md and the folder b");
    }

    #[test]
    fn a_name_that_is_not_utf_8_and_folders_deeper_than_any_path_are_walked() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(OsStr::from_bytes(b"a\xff.md")), "x").unwrap();
        let mut deep = File::open(folder.path()).unwrap();
        let name = "d".repeat(200);
        for _ in 0..40 {
            mkdirat(&deep, &name, Mode::RWXU).unwrap();
            deep = File::from(openat(&deep, &name, OFlags::RDONLY, Mode::empty()).unwrap());
        }
        let limits = WalkLimits { depth: 1000, ..WalkLimits::PROJECT };
        for limits in [WalkLimits::PROJECT, limits] {
            let walk = walk_folder(folder.path(), limits).unwrap();
            assert!(walk.unreadable.is_empty(), "{walk:?}");
            assert_eq!(walk.entries[0].name, "a\u{fffd}.md");
        }
    }

    #[test]
    fn nothing_but_a_regular_file_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        make_pipe(&path);
        let refused = |path: &Path| open_file(path).unwrap_err().to_string();
        assert_eq!(refused(&path), "it is a named pipe, and a file is wanted");
        assert_eq!(refused(Path::new("/dev/zero")), "it is a device, and a file is wanted");
        assert_eq!(refused(folder.path()), "it is a folder, and a file is wanted");
        assert_eq!(open_file(&folder.path().join("x")).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn a_file_is_read_up_to_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sparse");
        fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let error = read_file(&path, 1 << 20).unwrap_err();
        assert_eq!(error.to_string(), "it is longer than 1 MiB");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read_file(&path, 5).unwrap(), b"12345");
        fs::write(&path, b"a\nb\nc\xff").unwrap();
        let error = read_text(&path, 10).unwrap_err().message;
        assert!(error.ends_with("sparse:3: the file is not UTF-8"), "{error}");
    }

    #[test]
    fn a_reason_is_words_alone() {
        let error = io::Error::from_raw_os_error(13);
        assert_eq!(reason_words(&error), "permission denied");
    }
}
