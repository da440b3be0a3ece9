//! The outline of a run: everything but its captures, read without reading them.
//!
//! A run file is written in a stable order, pretty-printed, the captures between the head and the
//! facts. So the head is read until the captures begin, and the facts from the end of the file;
//! what lies between, most of the file, is never read. A file in any other form is read whole by
//! the reader of whole files, which also words every error. The facts of an outline are those
//! that the file states: nothing of it is checked against captures, so a run that is shown in
//! full is loaded in full.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use memchr::memmem;
use rayon::prelude::*;
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{MAX_RUN_BYTES, file, read_text};
use crate::error::{Error, Result};
use crate::model::{Facts, Run};
use crate::sources;

/// The fields before the captures, in the order in which they are written.
const HEAD: &[&str] = &[
    "schema_version",
    "id",
    "digest",
    "label",
    "created",
    "edition",
    "generator",
    "evidence",
    "redaction",
    "targets",
];

/// The bytes at which the facts begin: a line feed never stands inside of a JSON string, and at
/// this indentation there is only the outermost object.
const FACTS: &[u8] = b"\n  \"facts\": {";

/// A run without its captures and with the facts whose id is wanted.
///
/// # Errors
///
/// The file cannot be read or is damaged, as far as it was looked at.
pub fn read_outline(path: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<Run> {
    match read_outline_in_place(path, wanted) {
        Ok(Some(run)) => Ok(run),
        Ok(None) => {
            let mut run = file::from_text(&read_text(path)?, path)?;
            run.captures = Vec::new();
            run.facts.retain(|id, _| wanted(id));
            Ok(run)
        }
        Err(error) => Err(Error::failed_io("read", path, &error)),
    }
}

/// A run without captures and facts.
///
/// # Errors
///
/// As for [`read_outline`].
pub fn read_head(path: &Path) -> Result<Run> {
    match read_head_in_place(path) {
        Ok(Some(run)) => Ok(run),
        Ok(None) => {
            let text = read_text(path)?;
            // That of a run that is packed has our form once it is unpacked.
            if let (Some(run), true) = (parse_head(text.as_bytes()), text.ends_with("\n}\n")) {
                return Ok(run);
            }
            let run = file::from_text(&text, path)?;
            Ok(Run { captures: Vec::new(), facts: Facts::new(), ..run })
        }
        Err(error) => Err(Error::failed_io("read", path, &error)),
    }
}

/// Does something with every path, on all processors; the results in the order of the paths.
pub fn map_parallel<T: Send>(paths: &[PathBuf], work: impl Fn(&Path) -> T + Sync) -> Vec<T> {
    // Waking another processor takes longer than reading one more.
    paths.par_iter().with_min_len(2).map(|path| work(path)).collect()
}

/// The outline of a run file in the usual form; none of one in another.
fn read_outline_in_place(
    path: &Path,
    wanted: &dyn Fn(&str) -> bool,
) -> std::io::Result<Option<Run>> {
    let Some(mut file) = open_run_file(path)? else { return Ok(None) };
    let Some(mut run) = head_of(&mut file)? else { return Ok(None) };
    let Some(facts) = facts_of(&mut file, wanted)? else { return Ok(None) };
    run.facts = facts;
    Ok(Some(run))
}

/// The head of a run file in the usual form; none of one in another.
fn read_head_in_place(path: &Path) -> std::io::Result<Option<Run>> {
    let Some(mut file) = open_run_file(path)? else { return Ok(None) };
    let run = head_of(&mut file)?;
    Ok(if is_whole(&mut file)? { run } else { None })
}

/// Opens a run file; none if it is longer than any, which is for the reader of whole files to say.
fn open_run_file(path: &Path) -> std::io::Result<Option<File>> {
    let file = sources::open_file(path)?;
    let is_long = file.metadata()?.len() > MAX_RUN_BYTES;
    Ok(if is_long { None } else { Some(file) })
}

/// The head of a file in our order; none if it is in another, or of another version.
fn head_of(file: &mut File) -> std::io::Result<Option<Run>> {
    file.seek(SeekFrom::Start(0))?;
    Ok(parse_head(BufReader::with_capacity(4096, &*file)))
}

fn parse_head(reader: impl Read) -> Option<Run> {
    let mut fields = serde_json::Map::new();
    let mut is_ours = false;
    {
        let mut json = serde_json::Deserializer::from_reader(reader);
        // The reading is broken off where the captures begin, which is an error to the parser.
        let _ = json.deserialize_map(HeadVisitor { fields: &mut fields, is_ours: &mut is_ours });
    }
    let version = fields.get("schema_version").and_then(serde_json::Value::as_u64);
    let version = version.and_then(|version| u32::try_from(version).ok());
    if !is_ours || !version.is_some_and(file::is_known_version) {
        return None;
    }
    fields.insert("captures".into(), serde_json::Value::Array(Vec::new()));
    fields.insert("facts".into(), serde_json::Value::Object(serde_json::Map::new()));
    let run: Option<Run> = serde_json::from_value(serde_json::Value::Object(fields)).ok();
    run.filter(|run| file::is_id(&run.id))
}

struct HeadVisitor<'a> {
    fields: &'a mut serde_json::Map<String, serde_json::Value>,
    is_ours: &'a mut bool,
}

impl<'de> Visitor<'de> for HeadVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("a run")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let mut order = HEAD.iter();
        while let Some(name) = map.next_key::<String>()? {
            if name == "captures" {
                map.next_value_seed(BeginOfList { is_list: self.is_ours })?;
                return Ok(());
            }
            if !order.any(|field| *field == name) {
                return Ok(());
            }
            let value = map.next_value()?;
            self.fields.insert(name, value);
        }
        Ok(())
    }
}

/// Tells that a value is a list, and breaks the reading off there.
struct BeginOfList<'a> {
    is_list: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for BeginOfList<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for BeginOfList<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("captures")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        *self.is_list = true;
        Err(A::Error::custom("enough"))
    }
}

/// Whether the last line of a file closes what its first line opened: it was not cut off.
fn is_whole(file: &mut File) -> std::io::Result<bool> {
    Ok(read_tail(file, 8)?.trim_ascii_end().ends_with(b"\n}"))
}

/// The last bytes of a file, at most `count`.
fn read_tail(file: &mut File, count: u64) -> std::io::Result<Vec<u8>> {
    let size = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(size.saturating_sub(count)))?;
    let mut bytes = Vec::new();
    file.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The facts at the end of a file; none if they are not where we write them.
fn facts_of(file: &mut File, wanted: &dyn Fn(&str) -> bool) -> std::io::Result<Option<Facts>> {
    let size = file.seek(SeekFrom::End(0))?;
    let mut count = 1 << 18;
    let (bytes, begin) = loop {
        let bytes = read_tail(file, count)?;
        match memmem::find(&bytes, FACTS) {
            Some(begin) => break (bytes, begin + FACTS.len() - 1),
            None if count >= size => return Ok(None),
            None => count *= 4,
        }
    };
    // What follows the facts closes the run, or the file is not in our form.
    let Some(text) = bytes[begin..].trim_ascii_end().strip_suffix(b"}") else { return Ok(None) };
    let mut json = serde_json::Deserializer::from_slice(text);
    let facts = SelectedFacts { wanted }.deserialize(&mut json);
    Ok(facts.and_then(|facts| json.end().map(|()| facts)).ok())
}

/// Reads the facts whose id is wanted and passes over the others.
struct SelectedFacts<'a> {
    wanted: &'a dyn Fn(&str) -> bool,
}

impl<'de> DeserializeSeed<'de> for SelectedFacts<'_> {
    type Value = Facts;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Facts, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for SelectedFacts<'_> {
    type Value = Facts;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("facts")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Facts, M::Error> {
        let mut facts = Facts::new();
        while let Some(id) = map.next_key::<String>()? {
            if (self.wanted)(&id) {
                facts.insert(id, map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_sample_run;
    use super::*;

    /// What an outline has to be of a run.
    fn without_captures(run: &Run, wanted: &dyn Fn(&str) -> bool) -> Run {
        let mut run = Run { captures: Vec::new(), ..run.clone() };
        run.facts.retain(|id, _| wanted(id));
        run
    }

    fn facts_alone(path: &Path) -> Option<Facts> {
        facts_of(&mut File::open(path).unwrap(), &|_| true).unwrap()
    }

    #[test]
    fn an_outline_is_the_run_without_its_captures() {
        for label in ["customer", "four-runtimes"] {
            let (path, run) = read_sample_run(label);
            let wanted = |id: &str| id.starts_with("kernel.");
            assert_eq!(read_outline(&path, &|_| true).unwrap(), without_captures(&run, &|_| true));
            assert_eq!(read_outline(&path, &wanted).unwrap(), without_captures(&run, &wanted));
            assert_eq!(read_head(&path).unwrap(), without_captures(&run, &|_| false));
            assert_eq!(facts_alone(&path), Some(run.facts), "read from the end of the file");
        }
    }

    #[test]
    fn a_file_in_another_form_gives_the_same_outline() {
        let (_, run) = read_sample_run("customer");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        let sorted: serde_json::Value = serde_json::to_value(&run).unwrap();
        for text in [serde_json::to_string(&run).unwrap(), format!("{sorted:#}\n\n")] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read_outline(&path, &|_| true).unwrap(), without_captures(&run, &|_| true));
            assert_eq!(read_head(&path).unwrap().id, run.id);
        }
    }

    #[test]
    fn a_file_that_was_cut_off_anywhere_is_an_error() {
        let (path, _) = read_sample_run("customer");
        let text = read_text(&path).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        for part in 0..20 {
            std::fs::write(&path, &text[..text.len() * part / 20]).unwrap();
            let error = read_head(&path).unwrap_err();
            assert!(error.message.contains("x.json:"), "{error}");
            assert!(read_outline(&path, &|_| true).is_err());
        }
    }

    #[test]
    fn work_is_done_once_for_each_path_and_keeps_their_order() {
        let paths: Vec<PathBuf> = (0..100).map(|n| PathBuf::from(n.to_string())).collect();
        let seen = map_parallel(&paths, |path| path.to_path_buf());
        assert_eq!(seen, paths);
        assert!(map_parallel(&[], |path| path.to_path_buf()).is_empty());
    }
}
