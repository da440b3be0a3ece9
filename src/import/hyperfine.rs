//! Reads a file of hyperfine into one capture: its bytes, and as what its times are read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::model::{Capture, Fact, FactSource, Facts, MAX_SAMPLES, SampleUnit, Samples, TIMES};
use crate::parse_error::{FileForm, plain_words};
use crate::probe::hyperfine::{CommandTiming, HyperfineJson, TimedThing};
use crate::sources;

/// The most bytes that are read: a million samples have fewer.
const MAX_BYTES: u64 = 64 << 20;

/// What to do about a file that is not hyperfine's.
const HELP: &str = "give the file that hyperfine --export-json wrote";

/// A file that was read and found usable.
pub(crate) struct HyperfineFile {
    pub capture: Capture,
    pub export: HyperfineJson,
}

/// Reads and checks a file, whose capture will be called `name`. `timed` says what its commands
/// are, where they do not show it.
/// Errors: it cannot be read, is not an export of hyperfine, has no results, a result without times
/// or with too many, or a time that no session has.
pub(crate) fn read_hyperfine(
    path: &Path,
    name: &str,
    timed: Option<TimedThing>,
) -> Result<HyperfineFile> {
    let bytes = sources::read_named_file(path, MAX_BYTES)
        .map_err(|error| Error::failed_io("read", path, &error).with_help(HELP))?;
    let text = crate::text::decode_bytes(&bytes);
    if text.trim().is_empty() {
        // A first command that fails leaves an empty file behind.
        return Err(Error::unusable_input(format!("{} is empty", path.display()))
            .with_help("hyperfine leaves an empty file if a command fails: see what it said"));
    }
    let export: HyperfineJson = serde_json::from_str(&text).map_err(|error| {
        let words = plain_words(&error.to_string(), FileForm::Json);
        Error::unusable_input(format!("{}: not an export of hyperfine: {words}", path.display()))
            .with_help(HELP)
    })?;
    check_export(path, &export)?;
    let slot = timed.unwrap_or_else(|| export.guess_timed_thing()).fact_id();
    Ok(HyperfineFile { capture: Capture::of_file(name, Some(&slot), &bytes), export })
}

/// What the captures of files are called: by the names of the files, or by their paths where two
/// files have one name.
pub(crate) fn capture_names(paths: &[PathBuf]) -> Result<Vec<String>> {
    let names = paths.iter().map(|path| {
        path.file_name().map_or("hyperfine.json".into(), |name| name.to_string_lossy())
    });
    let mut names: Vec<String> = names.map(|name| crate::text::make_visible(&name)).collect();
    if names.iter().collect::<BTreeSet<_>>().len() < names.len() {
        let paths = paths.iter().map(|path| path.to_string_lossy());
        names = paths.map(|path| crate::text::make_visible(&path)).collect();
    }
    match names.iter().enumerate().find(|(place, name)| names[..*place].contains(name)) {
        Some((_, twice)) => Err(Error::unusable_input(format!("{twice} is given twice"))),
        None => Ok(names),
    }
}

/// Refuses results of one name among all files, which cannot be told apart.
pub(crate) fn check_names(names: &[Vec<String>]) -> Result<()> {
    let mut seen = BTreeSet::new();
    match names.iter().flatten().find(|name| !seen.insert(*name)) {
        Some(name) => Err(Error::unusable_input(format!("two results are of the target `{name}`"))
            .with_help(
                "tell them apart with hyperfine's --command-name, one word for each command",
            )),
        None => Ok(()),
    }
}

/// The times in captures by the place of their command, whatever it is called.
pub(crate) fn read_times(captures: &[Capture]) -> Facts {
    let mut facts = Facts::new();
    let exports = crate::probe::hyperfine::list_exports(captures);
    for (number, (capture, export)) in captures.iter().zip(exports).enumerate() {
        for (place, timing) in export.results.into_iter().enumerate() {
            let source = FactSource::new(capture.id.as_str(), None);
            let samples = Samples { values: timing.times, unit: SampleUnit::Seconds, source };
            let by_place = facts.entry("times".into()).or_default();
            by_place.insert(format!("{number}.{place}"), Fact::Series(samples));
        }
    }
    facts
}

fn describe_wrong_export(path: &Path, what: &str) -> Error {
    Error::unusable_input(format!("{}: {what}", path.display()))
}

fn check_export(path: &Path, export: &HyperfineJson) -> Result<()> {
    if export.results.is_empty() {
        return Err(describe_wrong_export(path, "`results` is empty").with_help(HELP));
    }
    if export.results.iter().all(CommandTiming::is_own_series) {
        return Err(describe_wrong_export(path, "`isoproof export` wrote it of a run").with_help(
            "give that run's file to the command that reads these times: it holds what they rest on",
        ));
    }
    for (place, timing) in export.results.iter().enumerate() {
        let result = format!("results[{place}] (`{}`)", crate::text::make_visible(&timing.command));
        if timing.times.is_empty() {
            return Err(
                describe_wrong_export(path, &format!("{result} has no `times`")).with_help(HELP)
            );
        }
        if timing.times.len() > MAX_SAMPLES {
            let count = timing.times.len();
            let what = format!("{result} has {count} `times`, and {MAX_SAMPLES} at most are read");
            return Err(describe_wrong_export(path, &what).with_help("give hyperfine fewer --runs"));
        }
        if let Some(time) = timing.times.iter().find(|time| !is_possible(**time)) {
            let (least, most) = (TIMES.start(), TIMES.end());
            let what = format!(
                "{result} has a time of {time:e} s: what can be measured is {least:e} to {most:e} s"
            );
            return Err(describe_wrong_export(path, &what));
        }
        if !timing.exit_codes.is_empty() && timing.exit_codes.len() != timing.times.len() {
            let what = format!(
                "{result} has {} `times` and {} `exit_codes`",
                timing.times.len(),
                timing.exit_codes.len()
            );
            return Err(describe_wrong_export(path, &what));
        }
    }
    Ok(())
}

/// Whether a session can have such a time. One of 0 is a clock that did not tick: it has no ratio,
/// which is said where one is wanted.
fn is_possible(time: f64) -> bool {
    time == 0.0 || TIMES.contains(&time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        std::fs::write(&path, text).unwrap();
        read_hyperfine(&path, "x.json", None).err().unwrap().message
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_place() {
        assert!(refused("").contains("is empty"));
        assert!(refused("{\n\"result\": []}").contains("the field `results` is missing at line 2"));
        assert!(refused("not json").contains("not an export of hyperfine"));
        assert!(refused(r#"{"results": []}"#).contains("`results` is empty"));
        let own = r#"{"results": [{"command": "startup.wall runc", "times": [1.0],
                      "parameters": {"runtime": "runc", "series": "startup.wall"}}]}"#;
        assert!(refused(own).contains("`isoproof export` wrote it"));
        let word = r#"{"results": [{"command": "a", "times": [1, "x"]}]}"#;
        assert!(refused(word).contains("expected a number, found the text \"x\" at line 1"));
        assert!(
            refused(r#"{"results": [{"command": "a b"}]}"#).contains("results[0] (`a b`) has no")
        );
        let many = format!("[{}1]", "1,".repeat(MAX_SAMPLES));
        let many = format!(r#"{{"results": [{{"command": "a", "times": {many}}}]}}"#);
        assert!(refused(&many).contains("has 100001 `times`, and 100000 at most are read"));
        let negative = r#"{"results": [{"command": "a", "times": [-1.0]}]}"#;
        assert!(refused(negative).contains("has a time of -1"));
        let codes = r#"{"results": [{"command": "a", "times": [1, 2], "exit_codes": [0]}]}"#;
        assert!(refused(codes).contains("2 `times` and 1 `exit_codes`"));
        let twice = [vec!["a".to_string()], vec!["a".to_string()]];
        assert!(check_names(&twice).unwrap_err().message.contains("two results are of"));
    }

    #[test]
    fn captures_are_called_by_their_files_and_by_paths_where_two_have_one_name() {
        let names = |paths: [&str; 2]| capture_names(&paths.map(PathBuf::from));
        assert_eq!(names(["a/x.json", "b/y.json"]).unwrap(), ["x.json", "y.json"]);
        assert_eq!(names(["a/x.json", "b/x.json"]).unwrap(), ["a/x.json", "b/x.json"]);
        assert!(names(["a/x.json", "a/x.json"]).is_err());
    }
}
