//! Reads the captures of a collected run into facts, by the parsers of the catalogue.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::catalogue::{Probe, ProbeCatalogue, ProbePlace};
use super::unanswered::{BootGap, boot_gaps};
use super::{parse, script};
use crate::model::{
    Capture, CaptureOrigin, CaptureStatus, CapturedStream, Fact, FactSource, Facts, MAX_LINE,
    MissingReason, MissingValue, Role, SampleUnit, Target, is_part_of,
};

/// The shortest time limit that a session can have been given, in milliseconds.
const SHORTEST_LIMIT_MS: f64 = 1000.0;

/// Reads captures into facts. Pure: the same captures and catalogue always give the same facts.
///
/// A capture is read by its own probe and by those whose catalogue entry says that they are read
/// from it, so that one command can answer several questions. A target that could not be started has its reason in place of every fact
/// that was to be read inside it.
///
/// `skipped` has the parts that were left out, by the beginning of their probes' ids: their facts
/// are missing for the reason given there.
pub fn read_captures(
    captures: &[Capture],
    targets: &[Target],
    skipped: &BTreeMap<String, String>,
    catalogue: &ProbeCatalogue,
) -> Facts {
    let mut facts = Facts::new();
    let readers = readers_by_capture(catalogue);
    let gaps = boot_gaps(captures);
    for capture in captures {
        let Some(target) = capture.target.as_deref() else { continue };
        let of_target = capture.id.strip_prefix(target).and_then(|id| id.strip_prefix('/'));
        let Some(id) = of_target else { continue };
        let Some(probes) = readers.get(id) else { continue };
        let output = DecodedOutput::from_capture(capture, &gaps);
        for probe in probes {
            let by_target = facts.entry(probe.id.clone()).or_default();
            match &probe.from {
                Some(record) if probe.id != id => {
                    // A capture of the probe's own, in a run of an earlier catalogue, says more.
                    let parser = record.parser.as_ref().unwrap_or(&probe.parser);
                    by_target
                        .entry(target.to_string())
                        .or_insert_with(|| output.read_fact(parser, record.field.as_deref()));
                }
                _ => {
                    by_target.insert(target.to_string(), output.read_fact(&probe.parser, None));
                }
            }
        }
    }
    for target in targets {
        let Some(failure) = &target.failure else { continue };
        let place =
            if target.role == Role::Host { ProbePlace::Host } else { ProbePlace::Container };
        for probe in catalogue.iter_probes().filter(|probe| probe.place.contains(&place)) {
            let by_target = facts.entry(probe.id.clone()).or_default();
            by_target
                .entry(target.name.clone())
                .or_insert_with(|| Fact::missing(MissingReason::Error, failure.clone()));
        }
    }
    leave_out(&mut facts, targets, skipped, catalogue);
    facts
}

/// The probes that are read from the capture of each id.
fn readers_by_capture(catalogue: &ProbeCatalogue) -> BTreeMap<&str, Vec<&Probe>> {
    let mut readers: BTreeMap<&str, Vec<&Probe>> = BTreeMap::new();
    for probe in catalogue.iter_probes() {
        readers.entry(&probe.id).or_default().push(probe);
        if let Some(record) = probe.from.as_ref().filter(|record| record.capture != probe.id) {
            readers.entry(&record.capture).or_default().push(probe);
        }
    }
    readers
}

/// Says of every probe of a part that was left out why it has no answer.
fn leave_out(
    facts: &mut Facts,
    targets: &[Target],
    skipped: &BTreeMap<String, String>,
    catalogue: &ProbeCatalogue,
) {
    if let Some(reason) = skipped.get(HOST_PART) {
        leave_out_host(facts, targets, reason, catalogue);
    }
    for probe in
        catalogue.iter_probes().filter(|probe| probe.place.contains(&ProbePlace::Measurement))
    {
        // The longest name is the closest.
        let part = skipped.iter().filter(|(part, _)| is_part_of(&probe.id, part));
        let Some((_, reason)) = part.max_by_key(|(part, _)| part.len()) else { continue };
        for target in targets.iter().filter(|target| target.role != Role::Host) {
            let by_target = facts.entry(probe.id.clone()).or_default();
            by_target
                .entry(target.name.clone())
                .or_insert_with(|| Fact::missing(MissingReason::NotAsked, reason.clone()));
        }
    }
}

/// The part of a session that is what was to be seen on the host, and from it.
pub(crate) const HOST_PART: &str = "host";

/// Says of what was to be seen on the host, and from it, why it was not.
fn leave_out_host(facts: &mut Facts, targets: &[Target], reason: &str, catalogue: &ProbeCatalogue) {
    for probe in catalogue.iter_probes() {
        for target in targets {
            let place = match target.role {
                Role::Host => ProbePlace::Host,
                Role::Baseline | Role::Candidate => ProbePlace::HostSide,
            };
            if probe.place.contains(&place) {
                let by_target = facts.entry(probe.id.clone()).or_default();
                by_target.entry(target.name.clone()).or_insert_with(|| match &target.failure {
                    Some(failure) => Fact::missing(MissingReason::Error, failure.clone()),
                    None => Fact::missing(MissingReason::NotAsked, reason.to_string()),
                });
            }
        }
    }
}

/// What a capture holds, decoded once for all who read in it.
struct DecodedOutput<'a> {
    capture: &'a Capture,
    /// All of it, once somebody asks for that.
    text: OnceCell<String>,
    lines: Cow<'a, [String]>,
    errors: Cow<'a, [String]>,
    /// Why there is no answer, where the boot it was asked in is why.
    unanswered: Option<MissingValue>,
}

/// Parsers that read one line among many: the beginning of an output is enough if it has it.
const OF_ONE_LINE: [&str; 2] = ["dmesg_banner", "first_line"];

impl<'a> DecodedOutput<'a> {
    fn from_capture(capture: &'a Capture, gaps: &BTreeMap<&str, BootGap>) -> Self {
        let errors = capture.stderr.as_ref().map(CapturedStream::text_lines).unwrap_or_default();
        let unanswered = match &capture.origin {
            CaptureOrigin::Probe { within, .. } => {
                gaps.get(within.as_str()).and_then(|gap| gap.missing_reason(capture.status))
            }
            _ => None,
        };
        let (text, lines) = (OnceCell::new(), capture.stdout.text_lines());
        Self { capture, text, lines, errors, unanswered }
    }

    /// What the parser reads: in all of it, or after the label `field`.
    fn read_fact(&self, parser: &str, field: Option<&str>) -> Fact {
        let capture = self.capture;
        let source = FactSource::new(capture.id.as_str(), None);
        if let Some(missing) = &self.unanswered {
            return missing.clone().into_fact(&capture.id);
        }
        if let Some(label) = field {
            // A line that is there is an answer, whatever became of the others.
            if let Some(found) = labelled_lines(&self.lines, label) {
                // The last line of an output that was cut off may be half of it, or not the last.
                if self.is_cut_off() && found.last + 1 == self.lines.len() {
                    let line = u32::try_from(found.first + 1).ok();
                    let source = FactSource::new(capture.id.as_str(), line);
                    return Fact::missing_at(MissingReason::CutOff, self.cut_off_words(), source);
                }
                return parse_fact(parser, Some(found.first), &found.text, capture);
            }
            if let Some(missing) = self.complaint_about(label) {
                return missing.into_fact(&capture.id);
            }
        }
        let why = match (capture.status, field) {
            (CaptureStatus::Ok, None) => {
                let series = parse::series_prefix(parser).unwrap_or_default();
                let mut lines = self.lines.iter();
                let first = lines.position(|it| !it.trim().is_empty() && it.starts_with(series));
                let text = self.text.get_or_init(|| {
                    let bytes = capture.stdout.decoded_bytes().unwrap_or_default();
                    crate::text::decode_bytes(&bytes)
                });
                return parse_fact(parser, first, text, capture);
            }
            (CaptureStatus::Ok, Some(label)) => {
                let reason = format!("the output has no line `{label}:`");
                return Fact::missing_at(MissingReason::Absent, reason, source);
            }
            (CaptureStatus::Truncated, None) if OF_ONE_LINE.contains(&parser) => {
                let whole = self.lines.split_last().map(|(_, whole)| whole.join("\n"));
                match parse_fact(parser, Some(0), &whole.unwrap_or_default(), capture) {
                    Fact::Missing(_) => MissingReason::CutOff,
                    fact => return fact,
                }
            }
            (CaptureStatus::Truncated, _) => MissingReason::CutOff,
            (CaptureStatus::Timeout, _) if self.too_early_for_limit().is_some() => {
                MissingReason::Error
            }
            (status, _) => reason_of(status),
        };
        let reason =
            if why == MissingReason::CutOff { self.cut_off_words() } else { self.error_summary() };
        Fact::missing_at(why, reason, source)
    }

    /// Whether the output may end in the middle of something.
    fn is_cut_off(&self) -> bool {
        matches!(
            self.capture.status,
            CaptureStatus::Truncated | CaptureStatus::Timeout | CaptureStatus::Stopped
        )
    }

    /// Why there is no answer in an output that was cut off.
    fn cut_off_words(&self) -> String {
        match self.capture.status {
            CaptureStatus::Truncated => "only the beginning of the output was kept".into(),
            CaptureStatus::Timeout => "the output ends where the time limit was reached".into(),
            status => status.meaning().into(),
        }
    }

    /// After how many milliseconds a command ended that is recorded as one that reached its time
    /// limit, where no limit is that short: older records take a session that the user stopped
    /// for a limit.
    fn too_early_for_limit(&self) -> Option<f64> {
        self.capture.duration_ms.filter(|ended| *ended < SHORTEST_LIMIT_MS)
    }

    /// What a command that read several files said about this one, and why there is no answer
    /// then.
    fn complaint_about(&self, file: &str) -> Option<MissingValue> {
        let mut lines = self.errors.iter();
        let line = lines.find(|line| line.split([' ', ':', '\'']).any(|word| word == file))?;
        let status = script::exit_status(Some(2), b"", line.as_bytes());
        Some(MissingValue::new(reason_of(status), line.trim()))
    }

    /// What the command said about its failure, in one line.
    fn error_summary(&self) -> String {
        let said = self.errors.iter().chain(self.lines.iter()).map(|line| line.trim());
        let said = said.filter(|line| !line.is_empty()).map(String::from).next();
        said.unwrap_or_else(|| match (self.capture.status, self.capture.exit) {
            (CaptureStatus::Timeout, _) => match self.too_early_for_limit() {
                Some(ended) => format!("it was stopped after {ended:.0} ms, before an answer"),
                None => "no answer in time".into(),
            },
            (_, Some(exit)) => format!("exit status {exit}, and nothing was printed"),
            (_, None) => "nothing was printed".into(),
        })
    }
}

/// Why there is no answer, by how the command ended; for one that answered: why not this.
fn reason_of(status: CaptureStatus) -> MissingReason {
    match status {
        CaptureStatus::Denied => MissingReason::Denied,
        CaptureStatus::Error => MissingReason::Error,
        CaptureStatus::Timeout => MissingReason::Timeout,
        CaptureStatus::Absent | CaptureStatus::Ok => MissingReason::Absent,
        CaptureStatus::Truncated | CaptureStatus::Stopped | CaptureStatus::Unreached => {
            MissingReason::CutOff
        }
        CaptureStatus::Damaged => MissingReason::Unreadable,
        CaptureStatus::Unasked => MissingReason::NotAsked,
    }
}

/// The fact in a text that begins in line `first` of the capture, counted from zero.
fn parse_fact(parser: &str, first: Option<usize>, text: &str, capture: &Capture) -> Fact {
    let line = first.and_then(|index| u32::try_from(index + 1).ok());
    let source = FactSource::new(capture.id.as_str(), line);
    if text.len() > MAX_LINE
        && let Some(long) = text.lines().find(|line| line.len() > MAX_LINE)
    {
        let bytes = long.len();
        let reason = format!("a line has {bytes} bytes, and none of more than {MAX_LINE} is read");
        return Fact::missing_at(MissingReason::TooLong, reason, source);
    }
    match parse::parse_output(parser, text) {
        Some(Ok(value)) => match (parse::series_prefix(parser), value.as_array()) {
            (Some(_), Some(values)) => {
                let values = values.iter().filter_map(serde_json::Value::as_f64).collect();
                Fact::series(values, SampleUnit::Seconds, source)
            }
            _ => Fact::from_value(value, source),
        },
        Some(Err(unread)) => Fact::missing_at(unread.why, unread.reason, source),
        None => {
            Fact::missing_at(MissingReason::Unreadable, format!("no parser `{parser}`"), source)
        }
    }
}

struct Labelled {
    /// The place of the first, counted from zero.
    first: usize,
    last: usize,
    /// What they hold, a line each.
    text: String,
}

/// The lines of this label; none if there is none.
fn labelled_lines(lines: &[impl AsRef<str>], label: &str) -> Option<Labelled> {
    let mut found = lines.iter().enumerate().filter_map(|(at, line)| {
        Some((at, line.as_ref().strip_prefix(label)?.strip_prefix(':')?.trim()))
    });
    let (first, text) = found.next()?;
    let (mut last, mut text) = (first, text.to_string());
    for (at, more) in found {
        last = at;
        text.push('\n');
        text.push_str(more);
    }
    Some(Labelled { first, last, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(id: &str, status: CaptureStatus, stdout: &str, stderr: &str) -> Capture {
        Capture {
            id: format!("runc/{id}"),
            target: Some("runc".into()),
            origin: CaptureOrigin::Probe { command: "x".into(), within: "runc/boot".into() },
            status,
            exit: Some(i32::from(status != CaptureStatus::Ok)),
            started: None,
            duration_ms: None,
            stdout: CapturedStream::new(stdout.as_bytes()),
            stderr: Some(CapturedStream::new(stderr.as_bytes())),
        }
    }

    fn read_one(id: &str, capture: Capture) -> Fact {
        let catalogue = ProbeCatalogue::load(None).unwrap();
        read_captures(&[capture], &[], &BTreeMap::new(), &catalogue)[id]["runc"].clone()
    }

    #[test]
    fn an_answer_is_parsed_and_points_to_its_line() {
        let fact =
            read_one("kernel.release", capture("kernel.release", CaptureStatus::Ok, "6.8.0\n", ""));
        assert_eq!(fact, Fact::from_value("6.8.0", FactSource::new("runc/kernel.release", 1)));
    }

    #[test]
    fn one_output_answers_several_questions_by_its_labels() {
        let catalogue = ProbeCatalogue::load(None).unwrap();
        let status = capture(
            "priv.status",
            CaptureStatus::Ok,
            "CapPrm:\t00000000a80425fb\nNoNewPrivs:\t0\nSeccomp:\t2\n",
            "",
        );
        let facts = read_captures(&[status], &[], &BTreeMap::new(), &catalogue);
        let of = |id: &str| facts[id]["runc"].clone();
        let at = |line: Option<u32>| FactSource::new("runc/priv.status", line);
        assert_eq!(of("priv.cap_prm"), Fact::from_value("00000000a80425fb", at(Some(1))));
        assert_eq!(of("priv.seccomp"), Fact::from_value(2, at(Some(3))));
        let reason = "the output has no line `Seccomp_filters:`";
        assert_eq!(
            of("priv.seccomp_filters"),
            Fact::missing_at(MissingReason::Absent, reason, at(None))
        );
        // A run of an earlier catalogue has a capture of its own for each.
        let own = read_one("priv.seccomp", capture("priv.seccomp", CaptureStatus::Ok, "2\n", ""));
        assert_eq!(own.as_i64(), Some(2));
    }

    #[test]
    fn one_command_on_several_files_answers_for_each_by_itself() {
        let catalogue = ProbeCatalogue::load(None).unwrap();
        let files = capture(
            "kernel.files",
            CaptureStatus::Denied,
            "/proc/self/cgroup:12:cpu,cpuacct:/x\n/proc/self/cgroup:3:job:/x\n",
            "grep: /sys/hypervisor/type: No such file or directory\n\
             grep: /sys/class/dmi/id/sys_vendor: Permission denied\n",
        );
        let facts = read_captures(&[files], &[], &BTreeMap::new(), &catalogue);
        let of = |id: &str| facts[id]["runc"].clone();
        let at = |line: Option<u32>| FactSource::new("runc/kernel.files", line);
        let paths = serde_json::json!(["12:cpu,cpuacct:/x", "3:job:/x"]);
        assert_eq!(of("cgroup.self"), Fact::from_value(paths, at(Some(1))));
        let names = serde_json::json!(["cpu", "cpuacct", "job"]);
        assert_eq!(of("cgroup.controllers"), Fact::from_value(names, at(Some(1))));
        let absent = "grep: /sys/hypervisor/type: No such file or directory";
        assert_eq!(
            of("hw.hypervisor_type"),
            Fact::missing_at(MissingReason::Absent, absent, at(None))
        );
        let denied = "grep: /sys/class/dmi/id/sys_vendor: Permission denied";
        assert_eq!(
            of("hw.dmi.sys_vendor"),
            Fact::missing_at(MissingReason::Denied, denied, at(None))
        );
    }

    #[test]
    fn absent_and_denied_are_answers_with_their_words() {
        let denied = capture(
            "kernel.dmesg",
            CaptureStatus::Denied,
            "",
            "dmesg: klogctl: Operation not permitted\n",
        );
        let Fact::Missing(missing) = read_one("kernel.dmesg", denied) else { panic!("a value") };
        assert_eq!(missing.why, MissingReason::Denied);
        assert_eq!(missing.reason, "dmesg: klogctl: Operation not permitted");
    }

    #[test]
    fn output_of_another_kind_is_unreadable_and_never_a_guess() {
        let fact =
            read_one("proc.entries", capture("proc.entries", CaptureStatus::Ok, "many\n", ""));
        assert!(!fact.is_present());
    }

    #[test]
    fn a_part_that_was_left_out_says_why_and_only_where_there_is_no_answer() {
        let catalogue = ProbeCatalogue::load(None).unwrap();
        let target = |name: &str, role| Target {
            name: name.into(),
            role,
            engine: None,
            handler: None,
            named: false,
            failure: None,
        };
        let targets = [target("host", Role::Host), target("runc", Role::Baseline)];
        let skipped = BTreeMap::from([
            ("app".to_string(), "left out".to_string()),
            ("app.health_proxied".to_string(), "no proxy".to_string()),
        ]);
        let status = capture("app.health_status", CaptureStatus::Ok, "200\n", "");
        let facts = read_captures(&[status], &targets, &skipped, &catalogue);
        assert_eq!(facts["app.health_status"]["runc"].as_i64(), Some(200));
        let Fact::Missing(missing) = &facts["app.health_proxied"]["runc"] else {
            panic!("a value")
        };
        assert_eq!((missing.why, missing.reason.as_str()), (MissingReason::NotAsked, "no proxy"));
        assert!(!facts["app.health_proxied"].contains_key("host"));
        assert!(!facts.contains_key("escape.host_write"));
    }

    #[test]
    fn a_probe_without_an_answer_says_how_its_boot_ended() {
        let catalogue = ProbeCatalogue::load(None).unwrap();
        let boot = Capture {
            origin: CaptureOrigin::Command { argv: vec!["docker".into()] },
            duration_ms: Some(60_000.0),
            ..capture("boot", CaptureStatus::Timeout, "", "")
        };
        let captures = [
            boot,
            capture("kernel.machine", CaptureStatus::Ok, "x86_64\n", ""),
            capture("kernel.files", CaptureStatus::Unreached, "", ""),
            capture("kernel.release", CaptureStatus::Damaged, "", ""),
            capture("kernel.version", CaptureStatus::Unasked, "", ""),
        ];
        let facts = read_captures(&captures, &[], &BTreeMap::new(), &catalogue);
        let missing = |id: &str| match &facts[id]["runc"] {
            Fact::Missing(missing) => (missing.why, missing.reason.clone()),
            fact => panic!("{id}: {fact:?}"),
        };
        let reason = "asked, but before its answer runc/boot reached its time limit after 60.0 s; \
                      1 of 4 answers came";
        assert_eq!(missing("kernel.files"), (MissingReason::CutOff, reason.to_string()));
        // A fact that is read from another's output shares its fate.
        assert_eq!(missing("proc.pid1_comm"), (MissingReason::CutOff, reason.to_string()));
        assert_eq!(missing("kernel.release").0, MissingReason::Unreadable);
        assert_eq!(missing("kernel.version").0, MissingReason::NotAsked);
    }

    #[test]
    fn what_was_cut_off_is_no_answer_that_there_is_nothing() {
        let catalogue = ProbeCatalogue::load(None).unwrap();
        let text = "CapPrm:\t00000000a80425fb\nNoNewPrivs:\t1";
        let cut = capture("priv.status", CaptureStatus::Truncated, text, "");
        let facts = read_captures(&[cut], &[], &BTreeMap::new(), &catalogue);
        assert!(facts["priv.cap_prm"]["runc"].is_present());
        for id in ["priv.no_new_privs", "priv.seccomp", "priv.status"] {
            let Fact::Missing(missing) = &facts[id]["runc"] else { panic!("{id}: a value") };
            assert_eq!(missing.why, MissingReason::CutOff, "{id}");
        }
        let list = capture("hw.pci", CaptureStatus::Truncated, "8086:1237\n8086:70", "");
        assert!(!read_one("hw.pci", list).is_present());
        let log = "[    0.000000] Linux version 6.1.62 (a@b) #1 SMP\n[    0.1";
        let log = capture("kernel.dmesg", CaptureStatus::Truncated, log, "");
        assert!(read_one("kernel.dmesg_banner", log).is_present());
    }

    #[test]
    fn a_host_whose_shell_did_not_start_says_so_everywhere() {
        let catalogue = ProbeCatalogue::load(None).unwrap();
        let host = Target::of_role("host", Role::Host, Some("sh is not installed".into()));
        let facts = read_captures(&[], &[host], &BTreeMap::new(), &catalogue);
        let Fact::Missing(missing) = &facts["kernel.release"]["host"] else { panic!("a value") };
        assert_eq!(
            (missing.why, missing.reason.as_str()),
            (MissingReason::Error, "sh is not installed")
        );
        assert!(!facts.contains_key("priv.mount"), "not asked on a host");
    }

    #[test]
    fn what_could_not_be_seen_from_the_host_is_missing_for_the_nearer_reason() {
        let catalogue = ProbeCatalogue::load(None).unwrap();
        let target = |name: &str, failure: Option<&str>| {
            Target::of_role(name, Role::Candidate, failure.map(String::from))
        };
        let targets = [target("kata", None), target("missing", Some("no such handler"))];
        let skipped = BTreeMap::from([(HOST_PART.to_string(), "a pod sees none".to_string())]);
        let facts = read_captures(&[], &targets, &skipped, &catalogue);
        let reason = |target: &str| match &facts["host.witness_process"][target] {
            Fact::Missing(missing) => missing.reason.clone(),
            fact => panic!("{fact:?}"),
        };
        assert_eq!(reason("kata"), "a pod sees none");
        assert_eq!(reason("missing"), "no such handler");
    }

    #[test]
    fn a_target_that_did_not_start_has_its_reason_everywhere() {
        let catalogue = ProbeCatalogue::load(None).unwrap();
        let target = Target {
            name: "kata".into(),
            role: Role::Candidate,
            engine: None,
            handler: None,
            named: false,
            failure: Some("no /dev/kvm".into()),
        };
        let facts = read_captures(&[], &[target], &BTreeMap::new(), &catalogue);
        let Fact::Missing(missing) = &facts["kernel.boot_id"]["kata"] else { panic!("a value") };
        assert_eq!((missing.why, missing.reason.as_str()), (MissingReason::Error, "no /dev/kvm"));
    }

    #[test]
    fn an_output_with_a_line_beyond_the_bound_is_missing_for_that_reason() {
        let line = |length: usize| format!("{}\n", "6".repeat(length));
        let answer = |length| {
            read_one(
                "kernel.release",
                capture("kernel.release", CaptureStatus::Ok, &line(length), ""),
            )
        };
        assert!(answer(MAX_LINE).is_present());
        let Fact::Missing(missing) = answer(MAX_LINE + 1) else { panic!("it is read") };
        assert_eq!(missing.why, MissingReason::TooLong);
        assert!(missing.reason.contains("65537 bytes"), "{}", missing.reason);
    }
}
