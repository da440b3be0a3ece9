//! Reads the captures of a collected run into facts, by the parsers of the catalogue.

use std::collections::BTreeMap;

use super::catalogue::{Catalogue, Place, Probe};
use super::parse;
use crate::model::{
    Capture, Fact, Facts, Role, Samples, Source, Status, Stream, Target, Unit, Why,
};

/// Reads captures into facts. Pure: the same captures and catalogue always give the same facts.
///
/// A capture is read by every probe that asks the same command, so that one command can answer
/// several questions. A target that could not be started has its reason in place of every fact
/// that was to be read inside it.
///
/// `skipped` has the parts that were left out, by the beginning of their probes' ids: their facts
/// are missing for the reason given there.
pub fn read(
    captures: &[Capture],
    targets: &[Target],
    skipped: &BTreeMap<String, String>,
    catalogue: &Catalogue,
) -> Facts {
    let mut facts = Facts::new();
    for capture in captures {
        let Some((target, id)) = asked(capture) else { continue };
        let asked = catalogue.get(id);
        for probe in catalogue.iter() {
            let Some(parser) = reader(probe, id, asked) else { continue };
            let fact = fact(parser, capture);
            facts.entry(probe.id.clone()).or_default().insert(target.to_string(), fact);
        }
    }
    for target in targets {
        let Some(failure) = &target.failure else { continue };
        for probe in catalogue.iter().filter(|probe| probe.place.contains(&Place::Container)) {
            let by_target = facts.entry(probe.id.clone()).or_default();
            by_target
                .entry(target.name.clone())
                .or_insert_with(|| Fact::missing(Why::Error, failure.clone()));
        }
    }
    leave_out(&mut facts, targets, skipped, catalogue);
    facts
}

/// Says of every probe of a part that was left out why it has no answer.
fn leave_out(
    facts: &mut Facts,
    targets: &[Target],
    skipped: &BTreeMap<String, String>,
    catalogue: &Catalogue,
) {
    let is_of = |id: &str, part: &str| {
        id.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    for probe in catalogue.iter().filter(|probe| probe.place.contains(&Place::Measurement)) {
        // The longest name is the closest.
        let part = skipped.iter().filter(|(part, _)| is_of(&probe.id, part));
        let Some((_, reason)) = part.max_by_key(|(part, _)| part.len()) else { continue };
        for target in targets.iter().filter(|target| target.role != Role::Host) {
            let by_target = facts.entry(probe.id.clone()).or_default();
            by_target
                .entry(target.name.clone())
                .or_insert_with(|| Fact::missing(Why::NotAsked, reason.clone()));
        }
    }
}

/// The target of a capture, and what it was taken for: its id is `<target>/<what>`.
fn asked(capture: &Capture) -> Option<(&str, &str)> {
    let target = capture.target.as_deref()?;
    Some((target, capture.id.strip_prefix(target)?.strip_prefix('/')?))
}

/// The parser by which a probe is read from what was captured as `id`, for the probe `asked` if
/// there is one of that id; none if it holds no answer to it.
fn reader<'a>(probe: &'a Probe, id: &str, asked: Option<&Probe>) -> Option<&'a str> {
    if let Some(record) = probe.from.as_ref().filter(|record| record.capture == id) {
        return Some(&record.parser);
    }
    let asked = asked?;
    let is_same_command =
        !asked.command.is_empty() && asked.command == probe.command && asked.place == probe.place;
    (asked.id == probe.id || is_same_command).then_some(&probe.parser)
}

fn fact(parser: &str, capture: &Capture) -> Fact {
    let source = |line| Source::new(capture.id.as_str(), line);
    let why = match capture.status {
        Status::Ok | Status::Truncated => return parsed(parser, capture),
        Status::Absent => Why::Absent,
        Status::Denied => Why::Denied,
        Status::Error => Why::Error,
        Status::Timeout => Why::Timeout,
    };
    Fact::missing_at(why, complaint(capture), source(None))
}

fn parsed(parser: &str, capture: &Capture) -> Fact {
    let bytes = capture.stdout.bytes().unwrap_or_default();
    let text = crate::text::decode(&bytes);
    let series = parse::series(parser);
    let begins =
        |line: &str| !line.trim().is_empty() && line.starts_with(series.unwrap_or_default());
    let first = crate::text::lines(&bytes).iter().position(|line| begins(line));
    let line = first.and_then(|index| u32::try_from(index + 1).ok());
    let source = Source::new(capture.id.as_str(), line);
    match parse::parse(parser, &text) {
        Some(Ok(value)) => match (series, value.as_array()) {
            (Some(_), Some(values)) => Fact::Series(Samples {
                values: values.iter().filter_map(serde_json::Value::as_f64).collect(),
                unit: Unit::Seconds,
                source,
            }),
            _ => Fact::value(value, source),
        },
        Some(Err(unread)) => Fact::missing_at(unread.why, unread.reason, source),
        None => Fact::missing_at(Why::Unreadable, format!("no parser `{parser}`"), source),
    }
}

/// What the command said about its failure, in one line.
fn complaint(capture: &Capture) -> String {
    let first = |stream: &Stream| {
        let lines = crate::text::lines(&stream.bytes().unwrap_or_default());
        lines.iter().map(|line| line.trim().to_string()).find(|line| !line.is_empty())
    };
    let said = capture.stderr.as_ref().and_then(first).or_else(|| first(&capture.stdout));
    said.unwrap_or_else(|| match (capture.status, capture.exit) {
        (Status::Timeout, _) => "no answer in time".into(),
        (_, Some(exit)) => format!("exit status {exit}, and nothing was printed"),
        (_, None) => "nothing was printed".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Origin;

    fn capture(id: &str, status: Status, stdout: &str, stderr: &str) -> Capture {
        Capture {
            id: format!("runc/{id}"),
            target: Some("runc".into()),
            origin: Origin::Probe { command: "x".into(), within: "runc/boot".into() },
            status,
            exit: Some(i32::from(status != Status::Ok)),
            started: None,
            duration_ms: None,
            stdout: Stream::new(stdout.as_bytes()),
            stderr: Some(Stream::new(stderr.as_bytes())),
        }
    }

    fn read_one(id: &str, capture: Capture) -> Fact {
        let catalogue = Catalogue::load(None).unwrap();
        read(&[capture], &[], &BTreeMap::new(), &catalogue)[id]["runc"].clone()
    }

    #[test]
    fn an_answer_is_parsed_and_points_to_its_line() {
        let fact = read_one("kernel.release", capture("kernel.release", Status::Ok, "6.8.0\n", ""));
        assert_eq!(fact, Fact::value("6.8.0", Source::new("runc/kernel.release", 1)));
    }

    #[test]
    fn absent_and_denied_are_answers_with_their_words() {
        let denied = capture(
            "kernel.dmesg",
            Status::Denied,
            "",
            "dmesg: klogctl: Operation not permitted\n",
        );
        let Fact::Missing(missing) = read_one("kernel.dmesg", denied) else { panic!("a value") };
        assert_eq!(missing.why, Why::Denied);
        assert_eq!(missing.reason, "dmesg: klogctl: Operation not permitted");
    }

    #[test]
    fn output_of_another_kind_is_unreadable_and_never_a_guess() {
        let fact = read_one("proc.entries", capture("proc.entries", Status::Ok, "many\n", ""));
        assert!(!fact.is_present());
    }

    #[test]
    fn a_part_that_was_left_out_says_why_and_only_where_there_is_no_answer() {
        let catalogue = Catalogue::load(None).unwrap();
        let target = |name: &str, role| Target {
            name: name.into(),
            role,
            engine: None,
            handler: None,
            failure: None,
        };
        let targets = [target("host", Role::Host), target("runc", Role::Baseline)];
        let skipped = BTreeMap::from([
            ("app".to_string(), "left out".to_string()),
            ("app.health_proxied".to_string(), "no proxy".to_string()),
        ]);
        let status = capture("app.health_status", Status::Ok, "200\n", "");
        let facts = read(&[status], &targets, &skipped, &catalogue);
        assert_eq!(facts["app.health_status"]["runc"].as_i64(), Some(200));
        let Fact::Missing(missing) = &facts["app.health_proxied"]["runc"] else {
            panic!("a value")
        };
        assert_eq!((missing.why, missing.reason.as_str()), (Why::NotAsked, "no proxy"));
        assert!(!facts["app.health_proxied"].contains_key("host"));
        assert!(!facts.contains_key("escape.host_write"));
    }

    #[test]
    fn a_target_that_did_not_start_has_its_reason_everywhere() {
        let catalogue = Catalogue::load(None).unwrap();
        let target = Target {
            name: "kata".into(),
            role: Role::Candidate,
            engine: None,
            handler: None,
            failure: Some("no /dev/kvm".into()),
        };
        let facts = read(&[], &[target], &BTreeMap::new(), &catalogue);
        let Fact::Missing(missing) = &facts["kernel.boot_id"]["kata"] else { panic!("a value") };
        assert_eq!((missing.why, missing.reason.as_str()), (Why::Error, "no /dev/kvm"));
    }
}
