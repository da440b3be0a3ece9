//! Reads a file of hyperfine into one capture: its bytes, and as what its times are read.

use std::collections::BTreeSet;
use std::path::Path;

use crate::error::{Error, Result};
use crate::model::{Capture, Fact, FactSource, Facts, MAX_SAMPLES, SampleUnit, Samples, TIMES};
use crate::probe::hyperfine::{HyperfineJson, TimedThing};
use crate::sources;

/// The most bytes that are read: a million samples have fewer.
const MAX_BYTES: u64 = 64 << 20;

/// What to do about a file that is not hyperfine's.
const HELP: &str = "give the file that hyperfine --export-json wrote";

/// A file that was read and found usable.
pub(crate) struct HyperfineFile {
    /// Its bytes.
    pub capture: Capture,
    /// What it says.
    pub export: HyperfineJson,
}

/// Reads and checks a file. `timed` says what its commands are, where they do not show it.
///
/// # Errors
///
/// It cannot be read, is not an export of hyperfine, has no results, a result without times or
/// with too many, a time that no session has, or two results of one name.
pub(crate) fn read_hyperfine(path: &Path, timed: Option<TimedThing>) -> Result<HyperfineFile> {
    let bytes = sources::read_named_file(path, MAX_BYTES)
        .map_err(|error| Error::failed_io("read", path, &error).with_help(HELP))?;
    let text = crate::text::decode_bytes(&bytes);
    if text.trim().is_empty() {
        // A first command that fails leaves an empty file behind.
        return Err(Error::unusable_input(format!("{} is empty", path.display()))
            .with_help("hyperfine leaves an empty file if a command fails: see what it said"));
    }
    let export: HyperfineJson = serde_json::from_str(&text).map_err(|error| {
        Error::unusable_input(format!("{}: not an export of hyperfine: {error}", path.display()))
            .with_help(HELP)
    })?;
    check_export(path, &export)?;
    let slot = timed.unwrap_or_else(|| export.guess_timed_thing()).fact_id();
    let name =
        path.file_name().map_or_else(|| "hyperfine.json".into(), |name| name.to_string_lossy());
    let name = crate::text::make_visible(&name);
    Ok(HyperfineFile { capture: Capture::of_file(&name, Some(slot), &bytes), export })
}

/// The times in captures by the place of their command, whatever it is called.
pub(crate) fn read_times(captures: &[Capture]) -> Facts {
    let mut facts = Facts::new();
    for (capture, export) in captures.iter().zip(crate::probe::hyperfine::list_exports(captures)) {
        for (place, timing) in export.results.into_iter().enumerate() {
            let source = FactSource::new(capture.id.as_str(), None);
            let samples = Samples { values: timing.times, unit: SampleUnit::Seconds, source };
            facts
                .entry("times".into())
                .or_default()
                .insert(place.to_string(), Fact::Series(samples));
        }
    }
    facts
}

fn check_export(path: &Path, export: &HyperfineJson) -> Result<()> {
    let wrong = |what: String| Error::unusable_input(format!("{}: {what}", path.display()));
    if export.results.is_empty() {
        return Err(wrong("`results` is empty".into()).with_help(HELP));
    }
    let mut seen = BTreeSet::new();
    for (place, (timing, name)) in export.results.iter().zip(export.target_names()).enumerate() {
        let result = format!("results[{place}] (`{}`)", crate::text::make_visible(&timing.command));
        if timing.times.is_empty() {
            return Err(wrong(format!("{result} has no `times`")).with_help(HELP));
        }
        if timing.times.len() > MAX_SAMPLES {
            let count = timing.times.len();
            return Err(wrong(format!(
                "{result} has {count} `times`, and {MAX_SAMPLES} at most are read"
            ))
            .with_help("give hyperfine fewer --runs"));
        }
        if let Some(time) = timing.times.iter().find(|time| !TIMES.contains(*time)) {
            let (least, most) = (TIMES.start(), TIMES.end());
            return Err(wrong(format!(
                "{result} has a time of {time:e} s: what can be measured is {least:e} to {most:e} s"
            )));
        }
        if !timing.exit_codes.is_empty() && timing.exit_codes.len() != timing.times.len() {
            return Err(wrong(format!(
                "{result} has {} `times` and {} `exit_codes`",
                timing.times.len(),
                timing.exit_codes.len()
            )));
        }
        if !seen.insert(name.clone()) {
            return Err(wrong(format!("two results are of the target `{name}`")).with_help(
                "tell them apart with hyperfine's --command-name, one for each command",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        std::fs::write(&path, text).unwrap();
        read_hyperfine(&path, None).err().unwrap().message
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_place() {
        assert!(refused("").contains("is empty"));
        assert!(refused("{\n\"result\": []}").contains("missing field `results` at line 2"));
        assert!(refused("not json").contains("not an export of hyperfine"));
        assert!(refused(r#"{"results": []}"#).contains("`results` is empty"));
        assert!(
            refused(r#"{"results": [{"command": "a b"}]}"#).contains("results[0] (`a b`) has no")
        );
        let many = format!("[{}1]", "1,".repeat(MAX_SAMPLES));
        let many = format!(r#"{{"results": [{{"command": "a", "times": {many}}}]}}"#);
        assert!(refused(&many).contains("has 100001 `times`, and 100000 at most are read"));
        let zero = r#"{"results": [{"command": "a", "times": [0.0]}]}"#;
        assert!(refused(zero).contains("has a time of 0"));
        let codes = r#"{"results": [{"command": "a", "times": [1, 2], "exit_codes": [0]}]}"#;
        assert!(refused(codes).contains("2 `times` and 1 `exit_codes`"));
        let twice =
            r#"{"results": [{"command": "a", "times": [1]}, {"command": "a", "times": [1]}]}"#;
        assert!(refused(twice).contains("two results are of the target `a`"));
    }
}
