//! Reads the lab's evidence directory into captures: the bytes as they are, and the slot that
//! each file's place and name claim.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;

use crate::error::{Error, Result};
use crate::model::{Capture, Status};
use crate::probe::lab12::{FOLDERS, assign, slot_of};

/// The most files that are kept.
const MAX_FILES: usize = 200;
/// The most bytes of one file that are kept.
const MAX_BYTES: u64 = 1 << 20;
/// How deep the folder of the lab is looked for.
const MAX_DEPTH: usize = 6;
/// The most directory entries that are looked at.
const MAX_ENTRIES: usize = 50_000;

/// Reads the evidence in `dir`, which is the lab's folder or a folder above it.
///
/// Captures are sorted by id, the path below the lab's folder. Symbolic links are not followed;
/// a file longer than 1 MiB is kept as its beginning.
///
/// # Errors
///
/// `dir` cannot be read, or nothing in it has a name or place that the lab's instructions give.
pub fn read_files(dir: &Path) -> Result<Vec<Capture>> {
    let mut paths = Vec::new();
    let mut budget = MAX_ENTRIES;
    walk(dir, "", 0, &mut budget, &mut paths)?;
    let root = lab_root(dir, &paths).ok_or_else(|| nothing_found(dir))?;
    let mut found: Vec<&Found> =
        paths.iter().filter(|found| found.path.starts_with(&root)).collect();
    // Where there are too many, those with a slot come first.
    found.sort_by_key(|found| (slot_of(&found.path).is_none(), found.path.clone()));
    let mut captures = Vec::new();
    for file in found {
        if captures.len() == MAX_FILES {
            break;
        }
        captures.extend(capture(file, &file.path[root.len()..])?);
    }
    captures.sort_by(|a, b| a.id.cmp(&b.id));
    make_unique(&mut captures);
    assign(&mut captures);
    Ok(captures)
}

/// A regular file: where it is, and its path below the directory with `/` between the parts.
struct Found {
    place: std::path::PathBuf,
    path: String,
}

fn walk(
    dir: &Path,
    below: &str,
    depth: usize,
    budget: &mut usize,
    out: &mut Vec<Found>,
) -> Result<()> {
    const SKIPPED: &[&str] = &[".git", "node_modules", "target", ".venv", "venv", "__pycache__"];
    let entries = match fs::read_dir(dir) {
        Err(error) if depth == 0 => return Err(Error::io("read", dir, &error)),
        // A folder that cannot be opened holds no evidence for us.
        Err(_) => return Ok(()),
        Ok(entries) => entries,
    };
    let mut entries: Vec<fs::DirEntry> = entries.filter_map(std::result::Result::ok).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if *budget == 0 {
            return Ok(());
        }
        *budget -= 1;
        let Ok(kind) = entry.file_type() else { continue };
        let name = entry.file_name().to_string_lossy().into_owned();
        if kind.is_dir() && depth < MAX_DEPTH && !SKIPPED.contains(&name.as_str()) {
            walk(&entry.path(), &format!("{below}{name}/"), depth + 1, budget, out)?;
        } else if kind.is_file() {
            out.push(Found { place: entry.path(), path: format!("{below}{name}") });
        }
    }
    Ok(())
}

/// The lab's folder, with `/` at its end or empty: `dir` itself or the outermost folder if it has
/// the lab's name, otherwise the one whose places are most often filled.
fn lab_root(dir: &Path, files: &[Found]) -> Option<String> {
    let named = dir.file_name().is_some_and(|name| is_lab(&name.to_string_lossy()));
    let mut roots: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    for Found { path, .. } in files {
        let Some(slot) = slot_of(path) else { continue };
        let root = if named { String::new() } else { root_of(path) };
        roots.entry(root).or_default().insert(slot.path);
    }
    let weight = |root: &str| root.split('/').any(is_lab);
    let best = roots
        .into_iter()
        .max_by_key(|(root, slots)| (weight(root), slots.len(), std::cmp::Reverse(root.clone())))?;
    Some(best.0)
}

/// The folder that a file with a slot would have as its lab's.
fn root_of(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    let folders = &parts[..parts.len() - 1];
    let known =
        folders.last().is_some_and(|name| FOLDERS.contains(&name.trim().to_lowercase().as_str()));
    let depth = match folders.iter().position(|name| is_lab(name)) {
        Some(at) => at + 1,
        None => folders.len() - usize::from(known),
    };
    folders[..depth].iter().map(|name| format!("{name}/")).collect()
}

fn is_lab(name: &str) -> bool {
    let plain: String = name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    plain == "lab12"
}

fn nothing_found(dir: &Path) -> Error {
    let message = format!("{}: no evidence of the lab in this folder or below it", dir.display());
    Error::input(message).help(
        "looked for files such as setup/kata-built-version.txt, kata/kernel.txt, runc/health.txt, \
         analysis/kernel-comparison.txt, isolation/proc.txt and bench/startup.txt, or \
         results/kata-kernel.txt and results/startup.txt of the newer edition; name the folder \
         that holds them (labs/lab12) or one above it",
    )
}

/// The capture of a file; none if it holds nothing that could be read.
fn capture(file: &Found, path: &str) -> Result<Option<Capture>> {
    let has_slot = slot_of(path).is_some();
    if !has_slot && has_binary_name(path) {
        return Ok(None);
    }
    let open = fs::File::open(&file.place).map_err(|e| Error::io("read", &file.place, &e))?;
    let mut bytes = Vec::new();
    open.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| Error::io("read", &file.place, &e))?;
    if !has_slot && (bytes.is_empty() || is_binary(&bytes)) {
        return Ok(None);
    }
    let limit = usize::try_from(MAX_BYTES).unwrap_or(usize::MAX);
    let status = if bytes.len() > limit { Status::Truncated } else { Status::Ok };
    bytes.truncate(limit);
    Ok(Some(Capture { status, ..Capture::of_file(path, None, &bytes) }))
}

fn has_binary_name(path: &str) -> bool {
    const EXTENSIONS: &[&str] = &[
        ".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf", ".zip", ".gz", ".xz", ".zst", ".tar",
        ".tgz", ".so", ".img", ".iso", ".deb", ".rpm", ".mp4", ".ico", ".docx", ".pyc",
    ];
    let lower = path.to_lowercase();
    EXTENSIONS.iter().any(|extension| lower.ends_with(extension))
}

/// Whether bytes without a known place are not text: NULs without a mark of UTF-16.
fn is_binary(bytes: &[u8]) -> bool {
    let marked = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    !marked && bytes.iter().take(8192).any(|&byte| byte == 0)
}

/// Names that differ only in bytes that are not UTF-8 look the same: they are numbered.
fn make_unique(captures: &mut [Capture]) {
    let mut seen = BTreeSet::new();
    for capture in captures {
        let path = capture.id.clone();
        let mut number = 2;
        while !seen.insert(capture.id.clone()) {
            capture.id = format!("{path}~{number}");
            number += 1;
        }
    }
}
