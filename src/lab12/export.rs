//! A run as the evidence files of the lab, each as the lab's own commands would have written it.
//!
//! Only what the run holds is written, and only under the name of what it was captured on: the
//! values of gVisor never stand where the lab wants Kata's. What was imported from such files
//! comes back byte for byte.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::edition::Edition;
use crate::assets;
use crate::error::{Error, Result};
use crate::knowledge::is_runtime;
use crate::model::{
    CaptureOrigin, CaptureStatus, Fact, FactId, Role, Run, Samples, Target, fact_ids,
};
use crate::report::pack::EvidenceFiles;

/// The lines of the kernel log that the lab asks for.
const LOG_LINES: usize = 5;

/// A file of an edition: below its title what is known of each of its parts, in a line after its label.
/// The label of a part, its form, the fact that it shows, and of whom.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportedFile {
    path: String,
    #[serde(default)]
    title: Option<String>,
    parts: Vec<(String, PartForm, String, Role)>,
}

/// How a part shows a fact; `data/lab12/exports.toml` says of what kind of fact each is.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PartForm {
    Text,
    Kernel,
    Count,
    Status,
    Devices,
    Output,
    Line,
    LogHead,
    Seconds,
    Numbered,
    RealTimes,
    Summary,
    DdLine,
}

struct LabExporter<'a> {
    run: &'a Run,
    /// The targets by the lab's name for them, where the run has such a target.
    host: Option<&'a str>,
    runc: Option<&'a str>,
    kata: Option<&'a str>,
}

/// The files of a run. `target` names the target to be shown as Kata, where a run has several.
/// Errors: `target` is no target of the run, or is not Kata; the run holds nothing that the lab's
/// files carry; or the project's own `lab12/exports.toml` in `data` cannot be used.
pub(crate) fn lab_files(
    run: &Run,
    edition: Edition,
    target: Option<&str>,
    data: Option<&Path>,
) -> Result<EvidenceFiles> {
    let kata = kata_target(run, target)?;
    let files = match run.is_imported() && run.edition.as_deref() == Some(edition.into_str()) {
        true => as_imported(run),
        false => LabExporter::of_run(run, kata).edition_files(edition, data)?,
    };
    if files.is_empty() {
        return Err(Error::unusable_input(format!(
            "run {} holds nothing that the lab's files of edition {edition} carry",
            run.id
        ))
        .with_help(
            "the lab asks for the host, runc and Kata; isoproof show RUN lists what there is",
        ));
    }
    Ok(files)
}

fn kata_target<'a>(run: &'a Run, wanted: Option<&str>) -> Result<Option<&'a str>> {
    let Some(wanted) = wanted else {
        let mut targets = run.targets.iter();
        return Ok(targets.find(|target| is_kata(run, target)).map(|t| t.name.as_str()));
    };
    match run.find_target(wanted) {
        Some(target) if is_kata(run, target) => Ok(Some(&target.name)),
        Some(_) => Err(Error::unusable_input(format!(
            "`{wanted}` is not Kata by its program, its handler or its name"
        ))
        .with_help("the lab's files would show its values as Kata's, which they are not")),
        None => {
            let names: Vec<&str> = run.targets.iter().map(|t| t.name.as_str()).collect();
            let (id, names) = (&run.id, names.join(", "));
            let words = format!("run {id} has no target `{wanted}`: it has {names}");
            Err(Error::unusable_input(words))
        }
    }
}

fn is_kata(run: &Run, target: &Target) -> bool {
    is_runtime(run, target, "kata")
}

/// The files that the run was imported from. One that was cut off is only its beginning.
fn as_imported(run: &Run) -> EvidenceFiles {
    let mut files = EvidenceFiles::new();
    for capture in run.captures.iter().filter(|capture| capture.status == CaptureStatus::Ok) {
        let CaptureOrigin::File { path, .. } = &capture.origin else { continue };
        let stays_inside = Path::new(path)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        if let (true, Ok(bytes)) = (stays_inside, capture.stdout.decoded_bytes()) {
            files.insert(path.clone(), bytes);
        }
    }
    files
}

impl<'a> LabExporter<'a> {
    fn of_run(run: &'a Run, kata: Option<&'a str>) -> Self {
        let host = run.with_role(Role::Host).map(|target| target.name.as_str()).next();
        let runc = run.targets.iter().find(|target| is_runtime(run, target, "runc"));
        Self { run, host, runc: runc.map(|target| target.name.as_str()), kata }
    }

    /// The files of an edition, each of which says something.
    fn edition_files(&self, edition: Edition, data: Option<&Path>) -> Result<EvidenceFiles> {
        let mut of_editions: BTreeMap<Edition, Vec<ExportedFile>> =
            assets::load_data(data, "lab12/exports.toml")?;
        let mut files = EvidenceFiles::new();
        for ExportedFile { path, title, parts } in of_editions.remove(&edition).unwrap_or_default()
        {
            let mut text = String::new();
            for (label, form, fact, role) in parts {
                if let Some(part) = self.part_text(form, FactId::from_text(&fact), role) {
                    text += &format!("{label}{part}\n");
                }
            }
            if !text.is_empty() {
                let title = title.map(|title| format!("=== {title} ===\n")).unwrap_or_default();
                files.insert(path, (title + &text).into_bytes());
            }
        }
        Ok(files)
    }

    fn part_text(&self, form: PartForm, fact: FactId, role: Role) -> Option<String> {
        let who = match role {
            Role::Host => self.host?,
            Role::Baseline => self.runc?,
            Role::Candidate => self.kata?,
        };
        let found = self.run.find_fact(fact, who);
        let value = found.and_then(Fact::as_value);
        let text =
            |id: FactId| Some(self.run.find_fact(id, who)?.as_value()?.as_str()?.to_string());
        let samples = || found?.as_series();
        match form {
            PartForm::Text => text(fact),
            PartForm::Kernel => text(fact).or_else(|| text(fact_ids::KERNEL_RELEASE)),
            PartForm::Count => value.map(Value::to_string),
            // curl prints three digits; 000 where there was no answer.
            PartForm::Status => Some(format!("{:03}", value?.as_i64()?)),
            PartForm::Devices => match value.and_then(Value::as_array) {
                Some(names) => {
                    Some(names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"))
                }
                None => {
                    Some(self.run.find_fact(fact_ids::DEV_ENTRIES, who)?.as_value()?.to_string())
                }
            },
            PartForm::Output => self.fact_output(fact, who),
            PartForm::Line => {
                let number = found?.source()?.line.unwrap_or(1) as usize;
                self.fact_output(fact, who)?.lines().nth(number.checked_sub(1)?).map(String::from)
            }
            PartForm::LogHead => {
                // A collected run counts the lines with a command of its own.
                let log = self.fact_output(fact, who);
                let log = log.or_else(|| self.fact_output(fact_ids::KERNEL_DMESG_LINES, who))?;
                Some(log.lines().take(LOG_LINES).collect::<Vec<_>>().join("\n"))
            }
            PartForm::Seconds => join_samples(samples()?, |_, time| time.to_string()),
            PartForm::Numbered => {
                join_samples(samples()?, |number, time| format!("{number}: {time} s"))
            }
            PartForm::RealTimes => join_samples(samples()?, |_, time| format!("real\t0m{time}s")),
            PartForm::Summary => latency_summary(samples()?),
            PartForm::DdLine => match value {
                Some(io) => dd_summary_line(io),
                None => text(fact_ids::PERF_IO_WRITE_RATE),
            },
        }
    }

    fn fact_output(&self, id: FactId, who: &str) -> Option<String> {
        let fact = self.run.find_fact(id, who).filter(|fact| fact.is_present())?;
        let bytes = self.run.find_capture(&fact.source()?.capture)?.stdout.decoded_bytes().ok()?;
        let text = crate::text::decode_bytes(&bytes);
        let text = text.trim_end();
        (!text.is_empty()).then(|| text.to_string())
    }
}

/// A line for each sample, numbered from 1.
fn join_samples(samples: &Samples, line: fn(usize, &f64) -> String) -> Option<String> {
    let lines: Vec<String> = (1..).zip(&samples.values).map(|(at, time)| line(at, time)).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The lab's summary of the samples, to four decimals.
fn latency_summary(samples: &Samples) -> Option<String> {
    let range = crate::stats::summarize_samples(&samples.values)?;
    let (mean, min, max, n) = (range.mean, range.min, range.max, samples.values.len());
    Some(format!("avg={mean:.4}s min={min:.4}s max={max:.4}s n={n}"))
}

fn dd_summary_line(io: &Value) -> Option<String> {
    let (bytes, seconds) = (io.get("bytes")?.as_u64()?, io.get("seconds")?.as_f64()?);
    #[allow(clippy::cast_precision_loss, reason = "only for the rate, which has one decimal")]
    let mib = bytes as f64 / f64::from(1 << 20);
    let rate = mib / seconds;
    Some(format!("{bytes} bytes ({mib:.1}MB) copied, {seconds} seconds, {rate:.1}MB/s"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::export::evidence_files::write_evidence_files;
    use crate::judge::rules::testing::{Sketch, sketch};
    use crate::lab12::import;
    use crate::model::{CapturedStream, EvidenceKind, Facts};
    use crate::store::testing::read_sample_run;

    /// The facts that the files of an edition carry.
    const CARRIED: [(Edition, &str, &str); 25] = [
        (Edition::F25, "runtime.version", "kata"),
        (Edition::F25, "kernel.uname", "kata"),
        (Edition::F25, "kernel.release", "kata"),
        (Edition::F25, "kernel.release", "host"),
        (Edition::F25, "kernel.banner", "kata"),
        (Edition::F25, "cpu.model", "host"),
        (Edition::F25, "cpu.model", "kata"),
        (Edition::F25, "app.health_status", "runc"),
        (Edition::F25, "proc.entries", "host"),
        (Edition::F25, "proc.entries", "kata"),
        (Edition::F25, "kernel.sys_module", "host"),
        (Edition::F25, "kernel.sys_module", "kata"),
        (Edition::F25, "startup.wall", "runc"),
        (Edition::F25, "startup.wall", "kata"),
        (Edition::F25, "http.latency", "runc"),
        (Edition::S26, "kernel.release", "host"),
        (Edition::S26, "kernel.release", "runc"),
        (Edition::S26, "kernel.release", "kata"),
        (Edition::S26, "dev.entries", "kata"),
        (Edition::S26, "priv.cap_eff", "runc"),
        (Edition::S26, "priv.cap_eff", "kata"),
        (Edition::S26, "startup.wall", "runc"),
        (Edition::S26, "startup.wall", "kata"),
        (Edition::S26, "perf.io_write", "kata"),
        (Edition::S26, "perf.io_write_rate", "runc"),
    ];

    /// What is read from the exported files.
    fn imported(run: &Run, edition: Edition) -> Run {
        let folder = tempfile::tempdir().unwrap();
        let lab = folder.path().join("labs/lab12");
        write_evidence_files(&lab, &lab_files(run, edition, None, None).unwrap()).unwrap();
        import::import_lab_folder(&lab, None, None, chrono::DateTime::UNIX_EPOCH).unwrap()
    }

    fn known(facts: &Facts, id: &str, target: &str) -> Option<Value> {
        match facts.get(id)?.get(target)? {
            Fact::Value { value, .. } => Some(value.clone()),
            Fact::Series(samples) => Some(serde_json::json!(samples.values)),
            Fact::Missing(_) => None,
        }
    }

    #[track_caller]
    fn assert_carried(run: &Run) {
        for &edition in Edition::ALL {
            if lab_files(run, edition, None, None).is_err() {
                continue;
            }
            let back = imported(run, edition);
            for (_, id, target) in CARRIED.iter().filter(|(of, ..)| *of == edition) {
                let wanted = known(&run.facts, id, target);
                assert_eq!(known(&back.facts, id, target), wanted, "{edition}: {id} on {target}");
            }
        }
    }

    fn sample_runs() -> [Run; 2] {
        ["customer", "four-runtimes"].map(|label| read_sample_run(label).1)
    }

    #[test]
    fn what_was_imported_comes_back_with_every_fact_and_every_gap() {
        let mut count = 0;
        for run in sample_runs() {
            if run.is_imported() {
                let back = imported(&run, run.edition.as_deref().unwrap().parse().unwrap());
                assert_eq!((&back.facts, &back.captures), (&run.facts, &run.captures));
                count += 1;
            }
        }
        assert!(count > 0);
    }

    #[test]
    fn the_sample_runs_come_back_as_far_as_the_files_carry_them() {
        sample_runs().iter().for_each(assert_carried);
    }

    #[test]
    fn a_collected_virtual_machine_comes_back_where_it_is_kata() {
        for run in sample_runs() {
            if run.is_imported() || run.find_target("vm").is_none() {
                continue;
            }
            let text = serde_json::to_string(&run).unwrap();
            let text = text.replace("\"vm\"", "\"kata\"").replace("\"vm/", "\"kata/");
            let text = text.replace("vmrun version 1.0", "kata-runtime : 3.23.0");
            let run: Run = serde_json::from_str(&text).unwrap();
            assert_carried(&run);
            let back = imported(&run, Edition::F25);
            let interfaces = back
                .find_fact(FactId::from_text("net.interfaces"), "kata")
                .unwrap()
                .as_value()
                .unwrap();
            assert_eq!(interfaces[1]["name"], "eth0");
            assert_eq!(
                known(&back.facts, "kernel.dmesg_banner", "kata"),
                known(&run.facts, "kernel.dmesg_banner", "kata")
            );
        }
    }

    #[test]
    fn values_of_another_runtime_never_stand_where_katas_do() {
        for run in sample_runs() {
            if run.find_target("vm").is_none() {
                continue;
            }
            let files = lab_files(&run, Edition::F25, None, None).unwrap();
            assert!(!files.keys().any(|name| name.starts_with("kata/")), "{:?}", files.keys());
            let proc = String::from_utf8(files["isolation/proc.txt"].clone()).unwrap();
            assert!(proc.contains("Host: ") && !proc.contains("Kata"), "{proc}");
            let error = super::lab_files(&run, Edition::F25, Some("vm"), None).unwrap_err();
            assert!(error.message.contains("is not Kata"), "{error}");
        }
    }

    #[test]
    fn other_evidence_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("kata")).unwrap();
        std::fs::write(folder.path().join("kata/kernel.txt"), "mine").unwrap();
        let run = collected_sketch().fact("kernel.release", "kata", "6.12.47").run;
        let files = lab_files(&run, Edition::F25, None, None).unwrap();
        let error = write_evidence_files(folder.path(), &files).unwrap_err();
        assert!(error.message.contains("kata/kernel.txt"), "{error}");
        assert_eq!(std::fs::read(folder.path().join("kata/kernel.txt")).unwrap(), b"mine");
    }

    #[test]
    fn a_path_of_an_imported_file_cannot_leave_the_folder() {
        let run = sketch().file("../kata/kernel.txt", "6.12.47\n").file("a.txt", "a").run;
        let names: Vec<String> =
            lab_files(&run, Edition::F25, None, None).unwrap().into_keys().collect();
        assert_eq!(names, ["a.txt"]);
    }

    /// A sketch of a run that was collected.
    fn collected_sketch() -> Sketch {
        let mut sketch = sketch();
        sketch.run.evidence = EvidenceKind::Collected {
            engine: "nerdctl".into(),
            image: "alpine:3.19".into(),
            session: "s".into(),
            node: None,
            interrupted: false,
            skipped: BTreeMap::new(),
        };
        sketch
    }

    /// Adds the shim with the output that it was read from.
    fn with_shim(sketch: Sketch, version: &str) -> Sketch {
        let id = "host/runtime.version";
        let text = format!(
            "Kata Containers containerd shim (Golang): id: \"io.containerd.kata.v2\", version: \
             {version}, commit: bfc9e446e1f4e7db2741dc953c034447d55ec9b2\n"
        );
        let mut sketch = sketch.file(id, &text);
        sketch.run.captures[0].stdout = CapturedStream::new(text.as_bytes());
        let source = crate::model::FactSource::new(id, 1);
        sketch.put("runtime.version", "kata", Fact::from_value(version, source))
    }

    fn release(major: u32) -> impl Strategy<Value = String> {
        let suffix = prop::sample::select(vec!["", "-arch1-1", "-generic", "-25-amd64", "+"]);
        (0u32..20, 0u32..200, suffix)
            .prop_map(move |(minor, patch, suffix)| format!("{major}.{minor}.{patch}{suffix}"))
    }

    fn series() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec((1u32..50_000_000).prop_map(|us| f64::from(us) / 1e6), 1..60)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_run_comes_back_as_far_as_the_files_carry_it(
            (host, guest) in (release(5), release(6)),
            counts in prop::array::uniform4(1u32..5000),
            (status, bytes, seconds) in (100u32..600, 1u64..1 << 40, 1u32..90_000_000),
            masks in prop::array::uniform2(any::<u64>()),
            (runc, kata, latency) in (series(), series(), series()),
            cpus in prop::array::uniform2("(Intel|AMD) [A-Z][a-z]{2,8}\\([RT]M?\\) [A-Z][a-z0-9-]{1,9} CPU @ [1-5]\\.[0-9]{2}GHz"),
            asked in prop::collection::vec(any::<bool>(), 24),
        ) {
            let mut sketch = collected_sketch();
            let mut asked = asked.into_iter();
            let mut put = |sketch: Sketch, id: &str, target: &str, value: Value| {
                if asked.next() == Some(true) { sketch.fact(id, target, value) } else { sketch }
            };
            let banner = format!("Linux version {guest} (@4bcec8f4443d) (gcc 11.4.0) #1 SMP x");
            let uname = format!("Linux 521fcc5db8fe {guest} #1 SMP Fri Nov 14 15:34:06 UTC 2025 x86_64 Linux");
            let io = serde_json::json!({"bytes": bytes, "seconds": f64::from(seconds) / 1e6});
            for (id, target, value) in [
                ("kernel.release", "host", host.clone().into()),
                ("kernel.release", "runc", host.into()),
                ("kernel.release", "kata", guest.into()),
                ("kernel.banner", "kata", banner.into()),
                ("kernel.uname", "kata", uname.into()),
                ("cpu.model", "host", cpus[0].clone().into()),
                ("cpu.model", "kata", cpus[1].clone().into()),
                ("app.health_status", "runc", status.into()),
                ("proc.entries", "host", counts[0].into()),
                ("proc.entries", "kata", counts[1].into()),
                ("kernel.sys_module", "host", counts[2].into()),
                ("kernel.sys_module", "kata", counts[3].into()),
                ("dev.entries", "kata", counts[0].into()),
                ("priv.cap_eff", "runc", format!("{:016x}", masks[0]).into()),
                ("priv.cap_eff", "kata", format!("{:016x}", masks[1]).into()),
                ("perf.io_write", "kata", io),
                ("perf.io_write_rate", "runc", format!("{}.{} GB/s", counts[0], counts[1] % 10).into()),
            ] {
                sketch = put(sketch, id, target, value);
            }
            sketch = sketch.series("startup.wall", "runc", &runc).series("http.latency", "runc", &latency);
            if asked.next() == Some(true) {
                sketch = with_shim(sketch.series("startup.wall", "kata", &kata), "3.23.0");
            }
            // One release stands in several files; without its own, another tells it.
            if known(&sketch.run.facts, "kernel.release", "kata").is_none() {
                for id in ["kernel.uname", "kernel.banner"] {
                    sketch.run.facts.remove(id);
                }
            }
            assert_carried(&sketch.run);
        }
    }
}
