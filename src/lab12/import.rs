//! Reads the lab's evidence directory into captures: the bytes as they are, and the slot that
//! each file's place and name claim.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::Path;

use chrono::{DateTime, Utc};

use super::NAME;
use crate::error::{Error, NameFailedFile, Result};
use crate::import::{empty_imported_run, redact_captures};
use crate::lab12::readers::{
    EvidenceSlot, FOLDERS, REPORT_PATH, assign_slots, compares_targets, has_outputs,
    is_of_plain_name, is_readable, read_lab_captures, show_different_outputs, slot_of,
};
use crate::model::{Capture, CaptureOrigin, CaptureStatus, Fact, FactSource, MissingReason, Run};
use crate::privacy::Redactor;
use crate::sources::{self, SourceEntry, SourceKind, UnreadableFolder, WalkLimits};
use crate::text::make_visible;

/// The most files that are kept.
const MAX_FILES: usize = 200;
/// The most folders that are named because they could not be read.
const MAX_UNREADABLE: usize = 20;
/// The most bytes of one file that are kept.
const MAX_BYTES: u64 = 1 << 20;
/// How far the folder of the lab is looked for.
const LIMITS: WalkLimits = WalkLimits {
    depth: 6,
    entries: 50_000,
    skipped: &["node_modules", "target", "venv", "__pycache__"],
};

/// A run from an evidence directory of the lab, or from a report alone, whose pasted outputs are
/// then the evidence. Without a redactor nothing is replaced.
///
/// # Errors
///
/// The directory or the report cannot be read, or nothing in it is evidence of the lab.
pub fn import_lab_folder(
    folder: &Path,
    label: Option<String>,
    redactor: Option<&mut Redactor>,
    created: DateTime<Utc>,
) -> Result<Run> {
    let mut captures = match folder.is_dir() {
        true => read_files(folder)?,
        false => vec![read_report(folder)?],
    };
    let redaction =
        redact_captures(&mut captures, redactor, |captures| read_lab_captures(captures).facts);
    sort_by_id(&mut captures);
    let reading = read_lab_captures(&captures);
    let mut facts = reading.facts.values().flat_map(|by_target| by_target.values());
    let has_failed = reading.targets.iter().any(|target| target.failure.is_some());
    if !has_failed && facts.all(|fact| is_nothing_there(fact, &captures)) {
        return Err(nothing_read(folder, &captures));
    }
    Ok(Run {
        edition: Some(reading.edition.into_str().into()),
        targets: reading.targets,
        facts: reading.facts,
        ..empty_imported_run(NAME, label, created, redaction, captures)
    })
}

/// Whether the evidence says nothing of a fact: neither a value, nor what stands in its place (the
/// words of a failure, the mean of a series).
fn is_nothing_there(fact: &Fact, captures: &[Capture]) -> bool {
    let Fact::Missing(missing) = fact else { return false };
    let is_shown = missing.source.as_ref().is_some_and(|source| has_number(source, captures));
    match missing.why {
        MissingReason::NotStated => !is_shown,
        MissingReason::NotAsked
        | MissingReason::FileMissing
        | MissingReason::FileUnreadable
        | MissingReason::Empty
        | MissingReason::NoGuestSection
        | MissingReason::NoHostLine => true,
        _ => false,
    }
}

/// Whether a number stands in the line that a source names.
fn has_number(source: &FactSource, captures: &[Capture]) -> bool {
    let capture = captures.iter().find(|capture| capture.id == source.capture);
    let (Some(capture), Some(line)) = (capture, source.line) else { return false };
    let lines = capture.stdout.text_lines();
    let line = lines.get((line as usize).saturating_sub(1));
    line.is_some_and(|line| line.contains(|c: char| c.is_ascii_digit()))
}

/// Whether nobody writes a report or a transcript of this name: pages and settings of programs,
/// which hold the words of outputs too.
fn is_of_program(name: &str) -> bool {
    const ENDS: [&str; 7] = ["html", "htm", "xml", "svg", "css", "js", "toml"];
    let end = name.rsplit_once('.').map(|(_, end)| end.to_lowercase());
    end.is_some_and(|end| ENDS.contains(&end.as_str()))
}

/// Whether an entry belongs to a project of isoproof, as its runs, chapters, templates and pages do,
/// next to whose `book.toml` a student's files may lie.
fn is_of_project(entry: &SourceEntry, all: &[SourceEntry]) -> bool {
    const OWN: [&str; 5] = ["data", "site", "templates", "public", "book"];
    all.iter().filter_map(|other| other.name.strip_suffix("book.toml")).any(|root| {
        let below = entry.name.strip_prefix(root).and_then(|rest| rest.split_once('/'));
        below.is_some_and(|(folder, _)| OWN.contains(&folder))
    })
}

/// The report or the transcript at an entry, where it holds outputs of the lab's commands.
fn capture_outputs(entry: &SourceEntry) -> Option<Capture> {
    if is_of_program(&entry.name) {
        return None;
    }
    let mut capture = capture_file(entry, &entry.name)?;
    if let CaptureOrigin::File { slot, .. } = &mut capture.origin {
        *slot = Some(REPORT_PATH.into());
    }
    // A document of JSON is of the lab where it compares targets.
    let is_wanted = match entry.name.to_lowercase().ends_with(".json") {
        true => compares_targets(&capture),
        false => has_outputs(&capture),
    };
    is_wanted.then_some(capture)
}

/// The reports next to the lab's folder in `folder`, which are no evidence of their own: paths
/// below `folder`. None where a report alone is imported, or nothing can be read.
pub fn reports_beside(folder: &Path) -> Vec<String> {
    let Ok(walk) = sources::walk_folder(folder, LIMITS) else { return Vec::new() };
    let Some(root) = lab_root(folder, &walk.entries) else { return Vec::new() };
    let outside = walk.entries.iter().filter(|entry| {
        !entry.name.starts_with(&root) && entry.name.to_lowercase().ends_with(".md")
    });
    outside.filter(|entry| capture_outputs(entry).is_some()).map(|it| it.name.clone()).collect()
}

fn read_report(path: &Path) -> Result<Capture> {
    let is_report = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("md"));
    if !is_report {
        let what = if path.exists() { "is no folder and no report" } else { "is not there" };
        return Err(Error::unusable_input(format!("{} {what}", path.display())).with_help(
            "give the folder that holds the evidence of the lab, such as labs/lab12, or a report \
             in Markdown, FILE.md",
        ));
    }
    let file = sources::open_file(path).or_failed_io("read", path)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).or_failed_io("read", path)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Error::unusable_input(format!(
            "{}: a report of more than {MAX_BYTES} bytes is not read",
            path.display()
        )));
    }
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let capture = Capture::of_file(&name, Some(REPORT_PATH), &bytes);
    if has_outputs(&capture) { Ok(capture) } else { Err(no_outputs(path)) }
}

fn nothing_read(path: &Path, captures: &[Capture]) -> Error {
    match captures {
        _ if !path.is_dir() => return no_outputs(path),
        [only] if slot_of(&only.id).is_none() => return no_outputs(&path.join(&only.id)),
        _ => {}
    }
    let files = captures.iter().map(|capture| match capture.unread_reason() {
        Some(reason) => format!("{} ({reason})", capture.id),
        None => capture.id.clone(),
    });
    let files = files.collect::<Vec<_>>();
    let message = format!(
        "{}: not one value of the lab can be read in this folder; {}",
        path.display(),
        list_seen(&files.iter().map(String::as_str).collect::<Vec<_>>())
    );
    Error::unusable_input(message).with_help(expected_files())
}

/// The error of a report in which nothing is pasted that can be read.
fn no_outputs(path: &Path) -> Error {
    Error::unusable_input(format!(
        "{}: no output of the lab's commands is pasted in this report",
        path.display()
    ))
    .with_help(
        "looked in fenced blocks and tables for kernels (uname -a), listings of /dev, CapEff, \
         start-up times and dd's last line; each needs a heading, a line above it, a label or \
         a command that says whether it is of the host, of runc or of Kata",
    )
}

/// Reads the evidence in `dir`, which is the lab's folder or a folder above it.
///
/// Captures are sorted by id, the path below the lab's folder. Symbolic links are not followed;
/// a file longer than 1 MiB is kept as its beginning. What cannot be read is a capture without
/// bytes, whose error output says why; the path of a folder ends in `/`.
///
/// # Errors
///
/// `dir` cannot be read, or nothing in it has a name or place that the lab's instructions give.
pub fn read_files(dir: &Path) -> Result<Vec<Capture>> {
    let walk = sources::walk_folder(dir, LIMITS).or_failed_io("read", dir)?;
    let Some(root) = lab_root(dir, &walk.entries) else {
        let own = walk.entries.iter().filter(|entry| !is_of_project(entry, &walk.entries));
        let captures = own.filter_map(capture_outputs);
        let (reports, transcripts): (Vec<Capture>, _) =
            captures.partition(|capture| capture.id.to_lowercase().ends_with(".md"));
        // A report next to what the terminal showed is what its author made of that.
        return match (transcripts.len(), reports.len()) {
            (1, _) => Ok(transcripts),
            (0, 1) => Ok(reports),
            (2.., _) if show_different_outputs(&transcripts) => Ok(transcripts),
            _ => Err(nothing_found(dir, &walk.entries, &walk.unreadable)),
        };
    };
    let others = other_roots(dir, &walk.entries, &root);
    if !others.is_empty() {
        return Err(several_folders(dir, [root].into_iter().chain(others)));
    }
    let mut found: Vec<&SourceEntry> =
        walk.entries.iter().filter(|entry| entry.name.starts_with(&root)).collect();
    // Where there are too many, those with a slot come first.
    found.sort_by_key(|entry| (slot_of(&entry.name).is_none(), &entry.name));
    let mut captures = Vec::new();
    let unreadable = walk.unreadable.iter().filter(|folder| folder.name.starts_with(&root));
    for folder in unreadable.take(MAX_UNREADABLE) {
        captures.push(unread_capture(&folder.name[root.len()..], &folder.error));
    }
    for entry in found {
        if captures.len() >= MAX_FILES {
            break;
        }
        captures.extend(capture_file(entry, &entry.name[root.len()..]));
    }
    sort_by_id(&mut captures);
    let rivals = rival_folders(&captures);
    if !rivals.is_empty() {
        let below = rivals.into_iter().map(|folder| format!("{root}{folder}"));
        return Err(several_folders(dir, below));
    }
    assign_slots(&mut captures);
    Ok(captures)
}

/// The error of evidence of which it is not known whose or which attempt's is meant.
fn several_folders(dir: &Path, folders: impl IntoIterator<Item = String>) -> Error {
    let names = folders.into_iter().map(|it| match it.trim_end_matches('/') {
        "" => ".".to_string(),
        name => name.to_string(),
    });
    Error::unusable_input(format!(
        "{}: there is evidence of the lab in several folders: {}",
        dir.display(),
        make_visible(&names.collect::<Vec<_>>().join(", "))
    ))
    .with_help("name the one that is meant")
}

/// Sorts captures by id, and makes the ids different. Names that differ only in bytes that are not
/// UTF-8, or in what a pseudonym stands for, look the same: they are numbered.
pub fn sort_by_id(captures: &mut [Capture]) {
    captures.sort_by(|a, b| a.id.cmp(&b.id));
    make_unique(captures);
}

/// The lab's folder, with `/` at its end or empty: `dir` itself or the outermost folder if it has
/// the lab's name, otherwise the one whose places are most often filled.
fn lab_root(dir: &Path, entries: &[SourceEntry]) -> Option<String> {
    let best = filled_places(dir, entries).into_iter().max_by_key(|(root, slots)| {
        (root.split('/').any(is_lab), slots.len(), std::cmp::Reverse(root.clone()))
    })?;
    Some(best.0)
}

/// The folders that may be the lab's, each with its places that are filled.
fn filled_places(dir: &Path, entries: &[SourceEntry]) -> BTreeMap<String, BTreeSet<&'static str>> {
    let named = dir.file_name().is_some_and(|name| is_lab(&name.to_string_lossy()));
    let mut roots: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    for SourceEntry { name, .. } in entries {
        let Some(slot) = slot_of(name) else { continue };
        let root = if named { String::new() } else { root_of(name) };
        roots.entry(root).or_default().insert(slot.path);
    }
    roots
}

/// The other folders next to the lab's that are somebody's evidence as well: none of them lies in
/// the other, they are named alike, and half as many places are filled at least. A few files with
/// a known name are no evidence of somebody.
fn other_roots(dir: &Path, entries: &[SourceEntry], root: &str) -> Vec<String> {
    const FEWEST: usize = 3;
    let roots = filled_places(dir, entries);
    let filled = roots.get(root).map_or(0, BTreeSet::len);
    let has_name = |root: &str| root.split('/').any(is_lab);
    let others = roots.iter().filter(|(other, slots)| {
        !other.starts_with(root)
            && !root.starts_with(other.as_str())
            && has_name(other) == has_name(root)
            && slots.len() >= FEWEST.max(filled.div_ceil(2))
    });
    others.map(|(other, _)| other.clone()).collect()
}

/// The folders in the lab's, whose own places are empty, that give values of the same files: of
/// several people, or of several attempts. What is called after a runtime is of that.
fn rival_folders(captures: &[Capture]) -> Vec<String> {
    const FEWEST: usize = 3;
    let mut folders: BTreeMap<String, Vec<(&Capture, EvidenceSlot)>> = BTreeMap::new();
    for capture in captures.iter().filter(|capture| is_of_plain_name(&capture.id)) {
        let Some(slot) = slot_of(&capture.id) else { continue };
        folders.entry(folder_above_known(&capture.id)).or_default().push((capture, slot));
    }
    folders.retain(|_, files| files.len() >= FEWEST);
    if folders.len() < 2 || folders.contains_key("") {
        return Vec::new();
    }
    let read = folders.into_iter().map(|(folder, files)| {
        let files = files.into_iter().filter(|(capture, slot)| is_readable(capture, *slot));
        (folder, files.map(|(_, slot)| slot.path).collect::<BTreeSet<_>>())
    });
    let read: Vec<(String, BTreeSet<&str>)> = read.collect();
    // `results-1` and `results-2` are attempts of one person, of which the first is read that worked.
    let without_numbers =
        |folder: &str| folder.replace(|c: char| c.is_ascii_digit() || c == '-', "");
    let rivals = read.iter().filter(|(folder, slots)| {
        let mut others =
            read.iter().filter(|(other, _)| without_numbers(other) != without_numbers(folder));
        others.any(|(_, theirs)| !slots.is_disjoint(theirs))
    });
    rivals.map(|(folder, _)| folder.clone()).collect()
}

/// The folder that a file with a slot would have as its lab's.
fn root_of(path: &str) -> String {
    let folders: Vec<&str> = path.split('/').collect();
    match folders[..folders.len() - 1].iter().position(|name| is_lab(name)) {
        Some(at) => folders[..=at].iter().map(|name| format!("{name}/")).collect(),
        None => folder_above_known(path),
    }
}

/// The folder of a file, or the one above it if it is one of those that the instructions name.
fn folder_above_known(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    let folders = &parts[..parts.len() - 1];
    let known =
        folders.last().is_some_and(|name| FOLDERS.contains(&name.trim().to_lowercase().as_str()));
    let folders = &folders[..folders.len() - usize::from(known)];
    folders.iter().map(|name| format!("{name}/")).collect()
}

fn is_lab(name: &str) -> bool {
    let plain: String = name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    plain == "lab12"
}

/// Why nothing was found: what was looked at, and what was looked for.
fn nothing_found(dir: &Path, entries: &[SourceEntry], unreadable: &[UnreadableFolder]) -> Error {
    if let Some(folder) = unreadable.first() {
        return Error::failed_io("read", &folder.path, &folder.error).with_help(
            "what is in it is not known, and there is no evidence of the lab beside it",
        );
    }
    let files: Vec<&str> = entries
        .iter()
        .filter(|entry| matches!(entry.kind, SourceKind::File))
        .map(|entry| entry.name.as_str())
        .collect();
    let is_linked = |entry: &&SourceEntry| entry.is_link && entry.kind == SourceKind::Folder;
    let linked = entries.iter().find(is_linked);
    let linked = linked.map_or_else(String::new, |it| format!("; {} is {LINK}", it.name));
    let message = format!(
        "{}: no evidence of the lab in this folder or below it; {}{}",
        dir.display(),
        list_seen(&files),
        make_visible(&linked)
    );
    let report = files.iter().find(|name| name.to_lowercase().ends_with(".md"));
    let also = match report {
        Some(name) => format!(
            "; a report alone can be imported, too: isoproof import lab12 {}",
            make_visible(&dir.join(name).display().to_string())
        ),
        None => String::new(),
    };
    Error::unusable_input(message).with_help(format!("{}{also}", expected_files()))
}

fn list_seen(files: &[&str]) -> String {
    const NAMED: usize = 8;
    make_visible(&match files.len() {
        0 => "there is no file".to_string(),
        count if count > NAMED => {
            format!("it has {} and {} more files", files[..NAMED].join(", "), count - NAMED)
        }
        _ => format!("it has {}", files.join(", ")),
    })
}

/// What was looked for in a folder.
fn expected_files() -> &'static str {
    "looked for files such as setup/kata-built-version.txt, kata/kernel.txt, runc/health.txt, \
     analysis/kernel-comparison.txt, isolation/proc.txt and bench/startup.txt, or \
     results/kata-kernel.txt and results/startup-bench.txt of the newer edition; name the folder \
     that holds them (labs/lab12) or one above it"
}

/// What a symbolic link is, for reasons.
const LINK: &str = "a symbolic link, which is not followed";

fn is_folder_of_lab(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default().to_lowercase();
    FOLDERS.contains(&name.as_str())
}

/// The capture of an entry; none if it holds nothing that belongs to the evidence.
fn capture_file(entry: &SourceEntry, path: &str) -> Option<Capture> {
    let has_slot = slot_of(path).is_some();
    let refused = match entry.kind {
        // It may lead anywhere, to other people's files too.
        SourceKind::Folder if entry.is_link && is_folder_of_lab(path) => {
            let error = io::Error::other(format!("it is {LINK}"));
            return Some(unread_capture(&format!("{path}/"), &error));
        }
        _ if entry.is_link => Some(LINK),
        SourceKind::Folder => return None,
        SourceKind::Special(what) => Some(what),
        SourceKind::File => None,
    };
    if let Some(what) = refused {
        return has_slot.then(|| unread_capture(path, &io::Error::other(format!("it is {what}"))));
    }
    if !has_slot && has_binary_name(path) {
        return None;
    }
    let mut bytes = Vec::new();
    let read = sources::open_file(&entry.path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    match read {
        // It went away since it was found.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => return Some(unread_capture(path, &error)),
        Ok(_) if !has_slot && (bytes.is_empty() || is_binary(&bytes)) => return None,
        Ok(_) => {}
    }
    let limit = usize::try_from(MAX_BYTES).unwrap_or(usize::MAX);
    let status = if bytes.len() > limit { CaptureStatus::Truncated } else { CaptureStatus::Ok };
    bytes.truncate(limit);
    Some(Capture { status, ..Capture::of_file(path, None, &bytes) })
}

/// The capture of what could not be read.
fn unread_capture(path: &str, error: &io::Error) -> Capture {
    let status = match error.kind() {
        io::ErrorKind::PermissionDenied => CaptureStatus::Denied,
        _ => CaptureStatus::Error,
    };
    Capture::of_unread_file(path, status, &sources::reason_words(error))
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

fn make_unique(captures: &mut [Capture]) {
    let mut seen = BTreeSet::new();
    for capture in captures {
        let first = capture.id.clone();
        let mut number = 2;
        while !seen.insert(capture.id.clone()) {
            capture.id = format!("{first}~{number}");
            number += 1;
        }
        // An export writes each file under its path.
        if let CaptureOrigin::File { path, .. } = &mut capture.origin {
            path.clone_from(&capture.id);
        }
    }
}
