//! Run files that say only in what they differ from another run of their fleet.
//!
//! A thousand nodes answer a hundred questions almost alike. The first run of each kind is a plain
//! run file; of the others every line that stands there too is a reference to it, so equal captures
//! are stored once. What comes out is the text of the run file, byte for byte, digests and all.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Formatter;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::file;
use crate::error::{Error, NameFailedFile, Result};
use crate::sources;

/// The most bytes of a run file.
pub(super) const MAX_RUN_BYTES: u64 = 256 << 20;

/// How a packed run begins.
const BEGINNING: &str = "{\n  \"same_as\": ";

/// A run of a fleet that is stored as what differs from another run of it.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackedRun {
    /// The id of the run whose lines are meant.
    same_as: String,
    /// The lines of the file, in their order.
    lines: Vec<PackedLines>,
}

/// A line of its own, or lines of the other run.
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(untagged))]
enum PackedLines {
    /// The first line, from 0, and how many: lines of the other run.
    Copied(usize, usize),
    /// A line of its own.
    Own(String),
}

/// By hand: an untagged enum copies what it reads, and makes an error for every line of its own.
impl<'de> Deserialize<'de> for PackedLines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(PackedLinesVisitor)
    }
}

struct PackedLinesVisitor;

impl<'de> Visitor<'de> for PackedLinesVisitor {
    type Value = PackedLines;

    fn expecting(&self, form: &mut Formatter) -> std::fmt::Result {
        form.write_str("a line, or the first line and how many")
    }

    fn visit_str<E: serde::de::Error>(self, line: &str) -> std::result::Result<PackedLines, E> {
        Ok(PackedLines::Own(line.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut list: A,
    ) -> std::result::Result<PackedLines, A::Error> {
        let mut numbers = [0; 2];
        for (place, number) in numbers.iter_mut().enumerate() {
            let next = list.next_element::<usize>()?;
            *number = next.ok_or_else(|| serde::de::Error::invalid_length(place, &self))?;
        }
        Ok(PackedLines::Copied(numbers[0], numbers[1]))
    }
}

/// What a text is packed against.
pub(super) struct BaseRun {
    id: String,
    text: String,
}

/// Runs of a fleet that others are packed against.
#[derive(Default)]
pub struct FleetBases(Vec<BaseRun>);

/// The most runs that one is compared with.
const MAX_BASES: usize = 8;

impl FleetBases {
    /// The text of the file of a run: packed, if another of its fleet says most of it.
    pub(super) fn pack_run(&mut self, id: &str, text: String) -> String {
        let packed = self.0.iter().map(|base| pack_text(&text, base));
        let shortest = packed.min_by_key(String::len);
        if let Some(packed) = shortest.filter(|packed| packed.len() * 2 < text.len()) {
            return packed;
        }
        if self.0.len() < MAX_BASES {
            self.0.push(BaseRun { id: id.into(), text: text.clone() });
        }
        text
    }
}

/// A text as what it has in common with another and what it has not.
fn pack_text(text: &str, base: &BaseRun) -> String {
    let theirs: Vec<&str> = base.text.split('\n').collect();
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, line) in theirs.iter().enumerate() {
        places.entry(line).or_default().push(place);
    }
    let mut pieces: Vec<String> = Vec::new();
    // Where the line that follows the last one stands there.
    let (mut next, mut copied): (usize, Option<(usize, usize)>) = (0, None);
    for line in text.split('\n') {
        let found = match theirs.get(next) {
            Some(there) if *there == line => Some(next),
            _ => places.get(line).map(|places| {
                let after = places.partition_point(|place| *place < next);
                places.get(after).copied().unwrap_or(places[places.len() - 1])
            }),
        };
        copied = match (copied, found) {
            (Some((first, count)), Some(place)) if first + count == place => {
                Some((first, count + 1))
            }
            (before, found) => {
                pieces.extend(before.map(|(first, count)| format!("[{first},{count}]")));
                if found.is_none() {
                    pieces.push(serde_json::to_string(line).unwrap_or_default());
                }
                found.map(|place| (place, 1))
            }
        };
        next = found.unwrap_or(next) + 1;
    }
    pieces.extend(copied.map(|(first, count)| format!("[{first},{count}]")));
    let (id, lines) = (&base.id, pieces.join(",\n    "));
    format!("{BEGINNING}\"{id}\",\n  \"lines\": [\n    {lines}\n  ]\n}}\n")
}

/// A run that others are stored as what differs from.
pub(super) struct UnpackBase {
    text: String,
    /// Where each line begins, and where one after the last would: lines that follow one another
    /// are copied at once.
    begins: Vec<usize>,
}

impl UnpackBase {
    pub(super) fn of_text(text: String) -> Self {
        let after_breaks = memchr::memchr_iter(b'\n', text.as_bytes()).map(|place| place + 1);
        let begins = std::iter::once(0).chain(after_breaks).chain([text.len() + 1]).collect();
        Self { text, begins }
    }
}

/// The bases that runs of a fleet were unpacked with: a thousand runs are read with one or two.
#[derive(Default)]
pub(super) struct BaseCache(Mutex<BTreeMap<PathBuf, Arc<UnpackBase>>>);

impl std::fmt::Debug for BaseCache {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("BaseCache").finish_non_exhaustive()
    }
}

impl BaseCache {
    /// The base in this file, by `read` where it was not read yet. As many are kept as a fleet
    /// has.
    ///
    /// # Errors
    ///
    /// As for `read`.
    pub(super) fn get_or_read(
        &self,
        path: &Path,
        read: impl FnOnce(&Path) -> Result<String>,
    ) -> Result<Arc<UnpackBase>> {
        if let Some(base) = self.lock_bases().get(path) {
            return Ok(base.clone());
        }
        let base = Arc::new(UnpackBase::of_text(read(path)?));
        let mut kept = self.lock_bases();
        if kept.len() >= MAX_BASES {
            kept.clear();
        }
        kept.insert(path.to_path_buf(), base.clone());
        Ok(base)
    }

    fn lock_bases(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Arc<UnpackBase>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn describe_damaged_pack(path: &Path, what: &str) -> Error {
    Error::unusable_input(format!("{}: {what}", path.display())).with_help(
        "this is no run file, or it was changed or cut off: restore it, or collect again",
    )
}

/// The text of a run file of which `text` may say only in what it differs from another; `path` is
/// named in errors, and `read_base` reads the file of a run by its id.
///
/// # Errors
///
/// It does not, or the other run cannot be read; that one may not be packed itself.
pub(super) fn unpack_text(
    text: String,
    path: &Path,
    read_base: impl FnOnce(&str) -> Result<Arc<UnpackBase>>,
) -> Result<String> {
    if !text.starts_with(BEGINNING) {
        return Ok(text);
    }
    let packed: PackedRun = file::read_json(&text, path)?;
    if !file::is_id(&packed.same_as) {
        return Err(describe_damaged_pack(path, "field `same_as`: the id of a run is wanted"));
    }
    let base = read_base(&packed.same_as).map_err(|error| {
        let what = format!("it is stored as what differs from another run: {}", error.message);
        describe_damaged_pack(path, &what)
    })?;
    let UnpackBase { text: base, begins } = &*base;
    if base.starts_with(BEGINNING) {
        return Err(describe_damaged_pack(
            path,
            "field `same_as`: that run is stored as what differs too",
        ));
    }
    let mut unpacked = String::new();
    for (index, piece) in packed.lines.iter().enumerate() {
        let added = match piece {
            PackedLines::Own(line) => line,
            PackedLines::Copied(first, count) => {
                let last = first.checked_add(*count).and_then(|last| begins.get(last));
                let range = begins.get(*first).zip(last).filter(|_| *count > 0);
                let range = range.map(|(begin, end)| *begin..*end - 1);
                range.and_then(|range| base.get(range)).ok_or_else(|| {
                    describe_damaged_pack(path, "field `lines`: the other run has no such lines")
                })?
            }
        };
        if (unpacked.len() + added.len()) as u64 > MAX_RUN_BYTES {
            return Err(describe_damaged_pack(path, "it would be longer than a run file may be"));
        }
        if index > 0 {
            unpacked.push('\n');
        }
        unpacked.push_str(added);
    }
    Ok(unpacked)
}

pub(super) fn read_text(path: &Path) -> Result<String> {
    unpack_file(path, &BaseCache::default())
}

/// The text of a run file, unpacked.
pub(super) fn unpack_file(path: &Path, bases: &BaseCache) -> Result<String> {
    unpack_text(read_plain_text(path)?, path, |id| {
        bases.get_or_read(&path.with_file_name(format!("{id}.json")), read_plain_text)
    })
}

fn read_plain_text(path: &Path) -> Result<String> {
    let bytes = sources::read_named_file(path, MAX_RUN_BYTES).or_failed_io("read", path)?;
    sources::decode_text(bytes, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn make_base(text: &str) -> BaseRun {
        BaseRun { id: "r1".into(), text: text.into() }
    }

    fn unpack_against(text: &str, base: &str) -> Result<String> {
        unpack_text(text.into(), Path::new("x.json"), |_| {
            Ok(Arc::new(UnpackBase::of_text(base.into())))
        })
    }

    #[test]
    fn what_another_run_says_too_is_stored_once() {
        let (_, run) = super::super::testing::read_sample_run("four-runtimes");
        let text = file::to_text(&run);
        let mut bases = FleetBases::default();
        assert_eq!(bases.pack_run("r1", text.clone()), text, "the first is a plain file");
        let other = text
            .replacen("four-runtimes", "other", 1)
            .replace("\"duration_ms\": 1", "\"duration_ms\": 2");
        let packed = bases.pack_run("r2", other.clone());
        assert!(packed.len() * 20 < text.len(), "{} of {}", packed.len(), text.len());
        assert_eq!(unpack_against(&packed, &text).unwrap(), other);
        let unlike = "{}\n".repeat(500);
        assert_eq!(bases.pack_run("r3", unlike.clone()), unlike, "nothing in common");
    }

    #[test]
    fn a_packed_run_that_was_changed_is_an_error_and_never_another_run() {
        let lines = |lines: &str| format!("{BEGINNING}\"r1\",\n  \"lines\": [{lines}]\n}}\n");
        let at_id = |id: &str| format!("{BEGINNING}\"{id}\",\n  \"lines\": []\n}}\n");
        for (text, words) in [
            (lines("[0,9]"), "no such lines"),
            (lines("[0,0]"), "no such lines"),
            (lines("[18446744073709551615,2]"), "no such lines"),
            (lines("[0]"), "how many"),
            (lines("[0,1,2]"), "x.json:3:"),
            (lines("7"), "how many"),
            (at_id("../r1"), "same_as"),
            (lines("[0,1]").replace("lines", "line"), "line"),
        ] {
            let error = unpack_against(&text, "a\nb").unwrap_err().message;
            assert!(error.contains("x.json") && error.contains(words), "{error}");
        }
        let chained = unpack_against(&lines("[0,1]"), &lines("[0,1]")).unwrap_err();
        assert!(chained.message.contains("differs too"), "{chained}");
        // However often it repeats a long run, it does not fill the memory.
        let long = "x".repeat(1 << 20);
        let bomb = unpack_against(&lines(&vec!["[0,1]"; 300].join(",")), &long).unwrap_err();
        assert!(bomb.message.contains("longer than"), "{bomb}");
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked_to_the_same(
            ours in "[ab\"\\\\\n]{0,60}", theirs in "[ab\n]{0,60}",
        ) {
            let packed = pack_text(&ours, &make_base(&theirs));
            prop_assert_eq!(unpack_against(&packed, &theirs).unwrap(), ours);
        }
    }
}
