//! Reads what hyperfine exported (`--export-json`) into series.
//!
//! Each result is a target. Its name is the parameter `runtime` (`--parameter-list runtime
//! runc,runsc`), the word after `--runtime` in the command, or the command itself if it is one
//! word, as `--command-name` makes it. Results that would have one name have that of their
//! `--command-name`, else the values of their other parameters in it. A run whose exit code is not 0
//! is no sample.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::{
    Capture, CaptureOrigin, Fact, FactId, FactSource, Facts, MissingReason, Role, SampleUnit,
    Target, fact_ids,
};

/// The name of this form of evidence in run files.
pub(crate) const FORM: &str = "hyperfine";

/// What was timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum TimedThing {
    /// Starts of containers.
    Startup,
    /// Other commands.
    Command,
}

impl TimedThing {
    /// The fact that the times are.
    pub fn fact_id(self) -> FactId<'static> {
        match self {
            Self::Startup => fact_ids::STARTUP_WALL,
            Self::Command => fact_ids::COMMAND_WALL,
        }
    }
}

/// A file of hyperfine. Other keys are left alone: it has no version, and new ones appear.
#[derive(Debug, Deserialize)]
pub struct HyperfineJson {
    /// One for each command.
    pub results: Vec<CommandTiming>,
}

/// What hyperfine says of one command.
#[derive(Debug, Deserialize)]
pub struct CommandTiming {
    /// The command, or the name that was given to it.
    pub command: String,
    /// The time of each run, in seconds.
    #[serde(default)]
    pub times: Vec<f64>,
    /// The exit code of each run; none of one that a signal ended.
    #[serde(default)]
    pub exit_codes: Vec<Option<i64>>,
    /// The parameters of a scan.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

impl CommandTiming {
    /// The times of the runs that succeeded.
    pub fn successful_times(&self) -> Vec<f64> {
        let codes = self.exit_codes.iter().copied().chain(std::iter::repeat(Some(0)));
        let times = self.times.iter().zip(codes).filter(|(_, code)| *code == Some(0));
        times.map(|(time, _)| *time).collect()
    }

    /// The name that the result gives itself, if it is fit for one.
    fn stated_name(&self) -> Option<&str> {
        let words: Vec<&str> = self.command.split_whitespace().collect();
        let option = words.iter().enumerate().find_map(|(place, word)| {
            word.strip_prefix("--runtime=")
                .or_else(|| (*word == "--runtime").then(|| words.get(place + 1).copied()).flatten())
        });
        let parameter = self.parameters.get("runtime").map(String::as_str);
        parameter.or(option).or(self.command_name()).filter(|name| is_name(name))
    }

    /// Whether it is a series of a run, as `isoproof export hyperfine` writes it.
    pub fn is_own_series(&self) -> bool {
        let [series, runtime] = ["series", "runtime"].map(|key| self.parameters.get(key));
        series.zip(runtime).is_some_and(|(id, of)| self.command == format!("{id} {of}"))
    }

    /// The command, if it is one word, as `--command-name` makes it.
    fn command_name(&self) -> Option<&str> {
        Some(self.command.as_str()).filter(|name| is_name(name))
    }

    /// A name that tells it from others of the same runtime.
    fn detailed_name(&self, name: &str) -> String {
        if let Some(given) = self.command_name() {
            return given.into();
        }
        let mut parts = vec![name];
        let others = self.parameters.iter().filter(|(key, _)| *key != "runtime");
        parts.extend(others.map(|(_, value)| value.as_str()).filter(|value| is_name(value)));
        let detailed = parts.join("-");
        if is_name(&detailed) { detailed } else { name.into() }
    }

    /// Whether the command is an engine's that runs a container.
    fn is_start(&self) -> bool {
        let mut words = self.command.split_whitespace();
        words.any(|word| {
            let program = word.rsplit('/').next().unwrap_or(word);
            ["docker", "podman", "nerdctl", "ctr"].contains(&program)
        }) && words.any(|word| word == "run")
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

impl HyperfineJson {
    /// What was timed, by the commands: starts if all of them are.
    pub fn guess_timed_thing(&self) -> TimedThing {
        match self.results.iter().all(CommandTiming::is_start) {
            true => TimedThing::Startup,
            false => TimedThing::Command,
        }
    }
}

/// The names of the targets of all files, in the order of the files and their results.
pub fn target_names(exports: &[HyperfineJson]) -> Vec<Vec<String>> {
    let timings = exports.iter().flat_map(|export| &export.results);
    let mut names: Vec<String> = Vec::new();
    for (timing, number) in timings.clone().zip(1..) {
        names.push(match timing.stated_name() {
            Some("host") | None => format!("command-{number}"),
            Some(name) => name.to_string(),
        });
    }
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for name in &names {
        *uses.entry(name.clone()).or_default() += 1;
    }
    for (name, timing) in names.iter_mut().zip(timings) {
        if uses[name.as_str()] > 1 {
            *name = timing.detailed_name(name);
        }
    }
    let mut rest = names.into_iter();
    exports.iter().map(|export| rest.by_ref().take(export.results.len()).collect()).collect()
}

/// The targets of these names; the one of the name `baseline` is the baseline, or else the first.
pub fn make_targets(names: &[String], baseline: Option<&str>) -> Vec<Target> {
    let baseline = baseline.or(names.first().map(String::as_str));
    let mut targets: Vec<Target> = Vec::new();
    for name in names {
        if targets.iter().any(|target| target.name == *name) {
            continue;
        }
        let is_baseline = baseline == Some(name.as_str());
        let role = if is_baseline { Role::Baseline } else { Role::Candidate };
        targets.push(Target::of_role(name, role, None));
    }
    targets.sort_by_key(|target| target.role != Role::Baseline);
    targets
}

/// How many runs in the captures failed, and so are no samples, and how many there were, by
/// target.
pub fn count_failed_by_target(captures: &[Capture]) -> BTreeMap<String, (usize, usize)> {
    let exports: Vec<HyperfineJson> = list_exports(captures).collect();
    let names = target_names(&exports).into_iter().flatten();
    let timings = exports.iter().flat_map(|export| &export.results);
    let counted = names.zip(timings).map(|(name, timing)| {
        let all = timing.times.len();
        (name, (all - timing.successful_times().len(), all))
    });
    counted.collect()
}

/// What the captures say that are files of hyperfine.
pub fn list_exports(captures: &[Capture]) -> impl Iterator<Item = HyperfineJson> {
    captures.iter().filter_map(|capture| parse_capture(capture).map(|(export, _)| export))
}

fn parse_capture(capture: &Capture) -> Option<(HyperfineJson, String)> {
    let lines = capture.stdout.text_lines();
    let first = lines.iter().map(|line| line.trim_start()).find(|line| !line.is_empty());
    first.filter(|line| line.starts_with('{'))?;
    let text = crate::text::decode_bytes(&capture.stdout.decoded_bytes().ok()?);
    Some((serde_json::from_str(&text).ok()?, text))
}

/// Reads captures into facts. Pure: the same captures always give the same facts.
pub fn read_hyperfine_facts(captures: &[Capture]) -> Facts {
    let mut facts = Facts::new();
    let parsed: Vec<_> = captures
        .iter()
        .filter_map(|capture| Some((capture, parse_capture(capture)?)))
        .map(|(capture, (export, text))| ((capture, lines_of_times(&text)), export))
        .collect();
    let (places, exports): (Vec<_>, Vec<_>) = parsed.into_iter().unzip();
    for (((capture, lines), export), names) in
        places.iter().zip(&exports).zip(target_names(&exports))
    {
        let CaptureOrigin::File { slot: Some(fact), .. } = &capture.origin else { continue };
        for (place, (timing, name)) in export.results.iter().zip(names).enumerate() {
            let line = lines.get(place).filter(|_| lines.len() == export.results.len());
            let source = FactSource::new(capture.id.as_str(), line.copied());
            facts.entry(fact.clone()).or_default().insert(name, timing_fact(timing, source));
        }
    }
    facts
}

fn timing_fact(timing: &CommandTiming, source: FactSource) -> Fact {
    let values = timing.successful_times();
    if values.is_empty() {
        return Fact::missing_at(
            MissingReason::FailedStart,
            "no run of the command succeeded",
            source,
        );
    }
    Fact::series(values, SampleUnit::Seconds, source)
}

/// The line of the first time of each list of times. In a string of JSON the quotes of a key would
/// stand after backslashes.
fn lines_of_times(text: &str) -> Vec<u32> {
    const KEY: &str = "\"times\"";
    let (mut lines, mut line, mut seen) = (Vec::new(), 1, 0);
    for (at, _) in text.match_indices(KEY).filter(|(at, _)| !text[..*at].ends_with('\\')) {
        let list = text[at + KEY.len()..].trim_start().strip_prefix(':').map(str::trim_start);
        let Some(values) = list.and_then(|list| list.strip_prefix('[')) else { continue };
        let first = text.len() - values.trim_start().len();
        line += u32::try_from(text[seen..first].matches('\n').count()).unwrap_or(u32::MAX);
        seen = first;
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn export(text: &str) -> HyperfineJson {
        serde_json::from_str(text).unwrap()
    }

    fn named(command: &str) -> Vec<String> {
        let result = serde_json::json!({"results": [{"command": command, "times": [1.0]}]});
        target_names(&[export(&result.to_string())]).remove(0)
    }

    #[test]
    fn a_target_is_named_by_its_runtime() {
        assert_eq!(named("docker run --rm --runtime runsc alpine true"), ["runsc"]);
        assert_eq!(
            named("docker run --runtime=io.containerd.kata.v2 a b"),
            ["io.containerd.kata.v2"]
        );
        assert_eq!(named("runc"), ["runc"]);
        assert_eq!(named("sleep 0.05"), ["command-1"]);
        assert_eq!(named("<script>"), ["command-1"]);
        assert_eq!(named("host"), ["command-1"], "a host was not looked at");
        let scan =
            r#"{"results": [{"command": "x y", "times": [1], "parameters": {"runtime": "crun"}}]}"#;
        assert_eq!(target_names(&[export(scan)]), [["crun"]]);
    }

    #[test]
    fn results_of_one_runtime_are_told_apart_by_their_names_or_parameters() {
        let timing = |command: &str, runtime: &str, image: &str| {
            serde_json::json!({
                "command": command, "times": [1.0],
                "parameters": {"runtime": runtime, "image": image},
            })
        };
        let matrix = |timings: &[serde_json::Value]| {
            export(&serde_json::json!({ "results": timings }).to_string())
        };
        let scan = matrix(&[
            timing("docker run a", "runc", "alpine"),
            timing("docker run b", "runc", "debian"),
            timing("docker run c", "runsc", "debian"),
        ]);
        assert_eq!(target_names(&[scan]), [["runc-alpine", "runc-debian", "runsc"]]);
        let given = matrix(&[timing("first", "runc", "a"), timing("second", "runc", "a")]);
        assert_eq!(target_names(&[given]), [["first", "second"]]);
        let files = [matrix(&[timing("x y", "runc", "a")]), matrix(&[timing("x y", "crun", "a")])];
        assert_eq!(target_names(&files), [["runc"], ["crun"]]);
    }

    #[test]
    fn what_was_timed_are_starts_only_if_every_command_is_one() {
        let of = |commands: &[&str]| {
            let results: Vec<_> = commands
                .iter()
                .map(|c| serde_json::json!({"command": c, "times": [1.0]}))
                .collect();
            export(&serde_json::json!({ "results": results }).to_string()).guess_timed_thing()
        };
        assert_eq!(of(&["docker run a", "/usr/bin/ctr -n x run b c"]), TimedThing::Startup);
        assert_eq!(of(&["docker run a", "sleep 1"]), TimedThing::Command);
        assert_eq!(of(&["docker ps"]), TimedThing::Command);
        assert_eq!(of(&["runc"]), TimedThing::Command);
    }

    #[test]
    fn failed_runs_are_no_samples_and_the_line_of_the_first_is_known() {
        let text = "{\n \"results\": [\n  {\n   \"command\": \"a\",\n   \"times\": [\n    0.5,\n    9.0,\n    0.7\n   ],\n   \"exit_codes\": [0, 1, 0]\n  }\n ]\n}\n";
        let capture = Capture::of_file("bench.json", Some("command.wall"), text.as_bytes());
        assert_eq!(count_failed_by_target(std::slice::from_ref(&capture))["a"], (1, 3));
        let facts = read_hyperfine_facts(&[capture]);
        let samples = facts["command.wall"]["a"].as_series().unwrap();
        assert_eq!(samples.values, [0.5, 0.7]);
        assert_eq!(samples.source, FactSource::new("bench.json", 6));
    }

    #[test]
    fn every_result_has_the_line_of_its_own_times_however_the_file_is_laid_out() {
        let compact = r#"{"results":[
{"command":"a \"times\": [","times":[0.5,0.6],"parameters":{"times":"3"}}, {"command":"b","times":
 [0.7]},
{"command":"c", "times" : [ 0.8 ]}]}"#;
        assert_eq!(lines_of_times(compact), [2, 3, 4]);
        let capture = Capture::of_file("h.json", Some("command.wall"), compact.as_bytes());
        let facts = read_hyperfine_facts(&[capture]);
        let lines = |name: &str| facts["command.wall"][name].source().unwrap().line;
        assert_eq!(["command-1", "b", "c"].map(lines), [2, 3, 4].map(Some));
        let lacking = r#"{"results": [{"command": "a"}, {"command": "b", "times": [1.0]}]}"#;
        let capture = Capture::of_file("h.json", Some("command.wall"), lacking.as_bytes());
        let facts = read_hyperfine_facts(&[capture]);
        assert_eq!(facts["command.wall"]["b"].source().unwrap().line, None);
    }

    #[test]
    fn the_baseline_is_the_first_or_the_one_that_is_named() {
        let two = ["a".to_string(), "b".to_string()];
        let names = |baseline| -> Vec<String> {
            make_targets(&two, baseline).into_iter().map(|target| target.name).collect()
        };
        assert_eq!(names(None), ["a", "b"]);
        assert_eq!(names(Some("b")), ["b", "a"]);
    }
}
