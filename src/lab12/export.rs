//! A run as the evidence files of the lab, each as the lab's own commands would have written it.
//!
//! Only what the run holds is written, and only under the name of what it was captured on: the
//! values of gVisor never stand where the lab wants Kata's. What was imported from such files
//! comes back byte for byte.

use std::path::Path;

use serde_json::Value;

use super::edition::Edition;
use crate::error::{Error, Result};
use crate::knowledge::is_runtime;
use crate::model::{CaptureOrigin, CaptureStatus, Fact, Run, Samples, Target};
use crate::report::pack::EvidenceFiles;

/// The lines of the kernel log that the lab asks for.
const LOG_LINES: usize = 5;

/// What the files are made from.
struct LabExporter<'a> {
    run: &'a Run,
    /// The targets by the lab's name for them, where the run has such a target.
    host: Option<&'a str>,
    runc: Option<&'a str>,
    kata: Option<&'a str>,
}

/// The files of a run. `target` names the target to be shown as Kata, where a run has several.
///
/// # Errors
///
/// `target` is no target of the run, or is not Kata; or the run holds nothing that the lab's
/// files carry.
pub(crate) fn lab_files(
    run: &Run,
    edition: Edition,
    target: Option<&str>,
) -> Result<EvidenceFiles> {
    let kata = kata_target(run, target)?;
    let files = match run.is_imported() && run.edition.as_deref() == Some(edition.into_str()) {
        true => as_imported(run),
        false => LabExporter::of(run, kata).edition_files(edition),
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

/// The target that is Kata.
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

/// A title above what is known of the parts, each after its label.
fn put_title_above(title: &str, parts: &[(&str, Option<String>)]) -> Option<String> {
    let mut lines = String::new();
    for (label, text) in parts {
        if let Some(text) = text {
            lines += &format!("{label}{text}\n");
        }
    }
    (!lines.is_empty()).then(|| format!("=== {title} ===\n{lines}"))
}

fn join_text_per_runtime(what: &str, [runc, kata]: [Option<String>; 2]) -> Option<String> {
    let mut text = String::new();
    for (who, own) in [("runc", runc), ("kata", kata)] {
        if let Some(own) = own {
            text += &format!("=== {who}{what} ===\n{own}\n");
        }
    }
    (!text.is_empty()).then_some(text)
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
    fn of(run: &'a Run, kata: Option<&'a str>) -> Self {
        use crate::model::Role;
        let host = run.with_role(Role::Host).map(|target| target.name.as_str()).next();
        let runc = run.targets.iter().find(|target| is_runtime(run, target, "runc"));
        Self { run, host, runc: runc.map(|target| target.name.as_str()), kata }
    }

    fn edition_files(&self, edition: Edition) -> EvidenceFiles {
        let texts = match edition {
            Edition::F25 => self.f25_files(),
            Edition::S26 => self.s26_files(),
        };
        texts
            .into_iter()
            .filter_map(|(path, text)| Some((path.to_string(), text?.into_bytes())))
            .collect()
    }

    /// The files of the edition of autumn 2025.
    fn f25_files(&self) -> Vec<(&'static str, Option<String>)> {
        let (host, runc, kata) = (self.host, self.runc, self.kata);
        vec![
            ("setup/kata-built-version.txt", self.fact_line("runtime.version", kata)),
            ("kata/test1.txt", self.fact_text("kernel.uname", kata).map(end_with_newline)),
            ("kata/kernel.txt", self.fact_text("kernel.release", kata).map(end_with_newline)),
            ("kata/cpu.txt", self.cpu_text(kata).map(end_with_newline)),
            ("runc/health.txt", self.health_text().map(end_with_newline)),
            (
                "analysis/kernel-comparison.txt",
                put_title_above(
                    "Kernel Version Comparison",
                    &[
                        ("Host kernel (runc uses this): ", self.fact_text("kernel.release", host)),
                        ("Kata guest kernel: ", self.fact_text("kernel.banner", kata)),
                    ],
                ),
            ),
            (
                "analysis/cpu-comparison.txt",
                put_title_above(
                    "CPU Model Comparison",
                    &[
                        ("Host CPU:\n", self.cpu_text(host)),
                        ("Kata VM CPU:\n", self.cpu_text(kata)),
                    ],
                ),
            ),
            (
                "isolation/dmesg.txt",
                put_title_above(
                    "dmesg Access Test",
                    &[("Kata VM (separate kernel boot logs):\n", self.kernel_log_head(kata))],
                ),
            ),
            (
                "isolation/proc.txt",
                put_title_above(
                    "/proc Entries Count",
                    &[
                        ("Host: ", self.find_count_text("proc.entries", host)),
                        ("Kata VM: ", self.find_count_text("proc.entries", kata)),
                    ],
                ),
            ),
            (
                "isolation/network.txt",
                put_title_above(
                    "Network Interfaces",
                    &[("Kata VM network:\n", self.fact_output("net.interfaces", kata))],
                ),
            ),
            (
                "isolation/modules.txt",
                put_title_above(
                    "Kernel Modules Count",
                    &[
                        ("Host kernel modules: ", self.find_count_text("kernel.sys_module", host)),
                        (
                            "Kata guest kernel modules: ",
                            self.find_count_text("kernel.sys_module", kata),
                        ),
                    ],
                ),
            ),
            (
                "bench/startup.txt",
                put_title_above(
                    "Startup Time Comparison",
                    &[("runc:\n", self.time_outputs(runc)), ("Kata:\n", self.time_outputs(kata))],
                ),
            ),
            (
                "bench/curl-3012.txt",
                self.fact_series("http.latency", runc).map(seconds_per_line).map(end_with_newline),
            ),
            ("bench/http-latency.txt", self.fact_series("http.latency", runc).map(latency_summary)),
        ]
    }

    /// The files of the edition of spring 2026.
    fn s26_files(&self) -> Vec<(&'static str, Option<String>)> {
        let (host, runc, kata) = (self.host, self.runc, self.kata);
        let times = [runc, kata].map(|who| self.numbered_times(who));
        let writes = [runc, kata].map(|who| self.dd_summary_line(who));
        vec![
            ("results/host-kernel.txt", self.find_kernel_line(host)),
            ("results/runc-kernel.txt", self.find_kernel_line(runc)),
            ("results/kata-kernel.txt", self.find_kernel_line(kata)),
            ("results/runc-devs.txt", self.device_names(runc)),
            ("results/kata-devs.txt", self.device_names(kata)),
            ("results/runc-caps.txt", self.format_capabilities(runc)),
            ("results/kata-caps.txt", self.format_capabilities(kata)),
            ("results/startup-bench.txt", join_text_per_runtime("", times)),
            ("results/io-bench.txt", join_text_per_runtime(" I/O", writes)),
        ]
    }

    fn find_count_text(&self, id: &str, who: Option<&str>) -> Option<String> {
        self.fact_value(id, who).map(Value::to_string)
    }

    fn find_kernel_line(&self, who: Option<&str>) -> Option<String> {
        let line = self.fact_text("kernel.uname", who);
        line.or_else(|| self.fact_text("kernel.release", who)).map(end_with_newline)
    }

    fn format_capabilities(&self, who: Option<&str>) -> Option<String> {
        self.fact_text("priv.cap_eff", who).map(|mask| format!("CapEff:\t{mask}\n"))
    }

    /// The names in `/dev`, one a line; where they were not captured their number.
    fn device_names(&self, who: Option<&str>) -> Option<String> {
        let names = self.fact_value("dev.list", who).and_then(Value::as_array);
        let list = names
            .map(|names| names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"));
        let text = list.or_else(|| Some(self.fact_value("dev.entries", who)?.to_string()));
        text.map(end_with_newline)
    }

    /// `1: 0.68 s`, a line for each start.
    fn numbered_times(&self, who: Option<&str>) -> Option<String> {
        let samples = self.fact_series("startup.wall", who)?;
        let lines = (1..).zip(&samples.values).map(|(number, time)| format!("{number}: {time} s"));
        Some(lines.collect::<Vec<_>>().join("\n")).filter(|text| !text.is_empty())
    }

    fn find_fact(&self, id: &str, who: Option<&str>) -> Option<&'a Fact> {
        self.run.find_fact(id, who?)
    }

    fn fact_value(&self, id: &str, who: Option<&str>) -> Option<&'a Value> {
        self.find_fact(id, who)?.as_value()
    }

    fn fact_text(&self, id: &str, who: Option<&str>) -> Option<String> {
        self.fact_value(id, who)?.as_str().map(String::from)
    }

    fn fact_series(&self, id: &str, who: Option<&str>) -> Option<&'a Samples> {
        self.find_fact(id, who)?.as_series()
    }

    /// The output that a fact was read from.
    fn fact_output(&self, id: &str, who: Option<&str>) -> Option<String> {
        let fact = self.find_fact(id, who).filter(|fact| fact.is_present())?;
        let bytes = self.run.find_capture(&fact.source()?.capture)?.stdout.decoded_bytes().ok()?;
        let text = crate::text::decode_bytes(&bytes);
        let text = text.trim_end();
        (!text.is_empty()).then(|| text.to_string())
    }

    /// The line of the output that a fact was read from.
    fn fact_line(&self, id: &str, who: Option<&str>) -> Option<String> {
        let output = self.fact_output(id, who)?;
        let number = self.find_fact(id, who)?.source()?.line.unwrap_or(1) as usize;
        output.lines().nth(number.checked_sub(1)?).map(|text| end_with_newline(text.to_string()))
    }

    fn cpu_text(&self, who: Option<&str>) -> Option<String> {
        Some(format!("model name\t: {}", self.fact_text("cpu.model", who)?))
    }

    fn health_text(&self) -> Option<String> {
        let status = self.fact_value("app.health_status", self.runc)?.as_i64()?;
        // curl prints three digits; 000 where there was no answer.
        Some(format!("juice-runc: HTTP {status:03}"))
    }

    /// The first lines of the kernel's log.
    fn kernel_log_head(&self, who: Option<&str>) -> Option<String> {
        // A collected run counts the lines with a command of its own.
        let log = self.fact_output("kernel.dmesg", who);
        let lines = log.or_else(|| self.fact_output("kernel.dmesg_lines", who))?;
        Some(lines.lines().take(LOG_LINES).collect::<Vec<_>>().join("\n"))
    }

    /// What `time` prints, once for each start.
    fn time_outputs(&self, who: Option<&str>) -> Option<String> {
        let samples = self.fact_series("startup.wall", who)?;
        let lines: Vec<String> = samples.values.iter().map(|s| format!("real\t0m{s}s")).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// The last line of dd, or the throughput that is all that is known of it.
    fn dd_summary_line(&self, who: Option<&str>) -> Option<String> {
        let Some(io) = self.fact_value("perf.io_write", who) else {
            return self.fact_text("perf.io_write_rate", who);
        };
        let (bytes, seconds) = (io.get("bytes")?.as_u64()?, io.get("seconds")?.as_f64()?);
        #[allow(clippy::cast_precision_loss, reason = "only for the rate, which has one decimal")]
        let mib = bytes as f64 / f64::from(1 << 20);
        Some(format!(
            "{bytes} bytes ({mib:.1}MB) copied, {seconds} seconds, {:.1}MB/s",
            mib / seconds
        ))
    }
}

fn end_with_newline(text: String) -> String {
    format!("{text}\n")
}

/// One value a line.
fn seconds_per_line(samples: &Samples) -> String {
    samples.values.iter().map(f64::to_string).collect::<Vec<_>>().join("\n")
}

/// The lab's summary of the samples, to four decimals.
fn latency_summary(samples: &Samples) -> String {
    let range = crate::stats::summarize_samples(&samples.values);
    let figures = range.map(|range| {
        format!(
            "avg={:.4}s min={:.4}s max={:.4}s n={}\n",
            range.mean,
            range.min,
            range.max,
            samples.values.len()
        )
    });
    format!(
        "=== HTTP Latency Test (juice-runc) ===\nResults for port 3012 (juice-runc):\n{}",
        figures.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
        write_evidence_files(&lab, &lab_files(run, edition, None).unwrap()).unwrap();
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
            if lab_files(run, edition, None).is_err() {
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
            let interfaces = back.find_fact("net.interfaces", "kata").unwrap().as_value().unwrap();
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
            let files = lab_files(&run, Edition::F25, None).unwrap();
            assert!(!files.keys().any(|name| name.starts_with("kata/")), "{:?}", files.keys());
            let proc = String::from_utf8(files["isolation/proc.txt"].clone()).unwrap();
            assert!(proc.contains("Host: ") && !proc.contains("Kata"), "{proc}");
            let error = super::lab_files(&run, Edition::F25, Some("vm")).unwrap_err();
            assert!(error.message.contains("is not Kata"), "{error}");
        }
    }

    #[test]
    fn other_evidence_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("kata")).unwrap();
        std::fs::write(folder.path().join("kata/kernel.txt"), "mine").unwrap();
        let run = collected_sketch().fact("kernel.release", "kata", "6.12.47").run;
        let files = lab_files(&run, Edition::F25, None).unwrap();
        let error = write_evidence_files(folder.path(), &files).unwrap_err();
        assert!(error.message.contains("kata/kernel.txt"), "{error}");
        assert_eq!(std::fs::read(folder.path().join("kata/kernel.txt")).unwrap(), b"mine");
    }

    #[test]
    fn a_path_of_an_imported_file_cannot_leave_the_folder() {
        let run = sketch().file("../kata/kernel.txt", "6.12.47\n").file("a.txt", "a").run;
        let names: Vec<String> = lab_files(&run, Edition::F25, None).unwrap().into_keys().collect();
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
