//! Every variant of every statement, said about many made-up runs.
//!
//! A mark is put into each branch of each statement. The chapters that ship are then rendered
//! about runs whose facts are drawn from a table, and every mark has to appear in one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::chapters::{self, ChapterTemplates, ProjectChapters};
use super::functions::{LookupSources, QuotedChapters};
use super::{Assessment, EvidenceLinks, ProjectData, Renderer};
use crate::assets::{self, AssetTree};
use crate::judge::Conclusion;
use crate::judge::fleet::FleetTally;
use crate::judge::fleet::testing::kata_node;
use crate::judge::rules::testing::{Sketch, sketch};
use crate::model::{EvidenceKind, MissingReason, Role, Target};
use crate::store::LoadedRun;

/// What a mark begins and ends with.
const MARK: [char; 2] = ['\u{e000}', '\u{e001}'];

const RUNS: usize = 240;

/// Facts of a runtime, and the values that they are drawn from.
fn drawn_values() -> Vec<(&'static str, Vec<Value>)> {
    vec![
        ("kernel.release", vec![json!("6.1.0"), json!("6.12.47")]),
        (
            "kernel.banner",
            vec![json!("Linux version 6.1.0 (a@b)"), json!("Linux version 6.12.47 (c@d)")],
        ),
        ("kernel.boot_id", vec![json!("a"), json!("b")]),
        ("kernel.uname", vec![json!("Linux x 6.1.0"), json!("Linux x 6.12.47")]),
        ("kernel.dmesg_lines", vec![json!(0), json!(9)]),
        ("kernel.dmesg_banner", vec![json!("Linux version 6.12.47 (c@d)")]),
        ("kernel.cmdline", vec![json!("console=hvc0")]),
        ("kernel.sentry", vec![json!(true)]),
        ("kernel.sys_module", vec![json!(72), json!(300)]),
        ("host.witness_process", vec![json!(true), json!(false)]),
        ("host.vmm", vec![json!("qemu-system-x86_64")]),
        ("host.mem_pss", vec![json!(9000), json!(90_000)]),
        ("app.health_status", vec![json!(200), json!(200), json!(503), json!(0)]),
        ("proc.entries", vec![json!(52), json!(400)]),
        ("cpu.model", vec![json!("A"), json!("B"), json!("QEMU TCG CPU version 2.5+")]),
        ("cpu.model_compared", vec![json!("A")]),
        ("net.interfaces", vec![json!([{"name": "eth0", "addresses": ["10.0.0.2/24"]}])]),
        ("runtime.version", vec![json!("3.23.0")]),
        ("runtime.program", vec![json!("/usr/bin/x")]),
        ("runtime.program_version", vec![json!("x 1.0")]),
        ("runtime.implementation", vec![json!("rust"), json!("go"), json!("ada")]),
        ("runtime.commit", vec![json!("0123abcd")]),
        ("priv.cap_eff", vec![json!("00000000a80425fb"), json!("0000000000000000")]),
        ("priv.seccomp", vec![json!(0), json!(2)]),
        ("priv.lsm", vec![json!("unconfined")]),
        ("dev.entries", vec![json!(15)]),
        ("escape.host_file", vec![json!("changed")]),
        (
            "escape.host_write",
            [
                "host_modified",
                "host_unmodified_container_saw_write",
                "write_denied",
                "container_not_started",
                "host_truncated_on_ro",
            ]
            .map(Value::from)
            .to_vec(),
        ),
        ("escape.privileged_cap_eff", vec![json!("000001ffffffffff")]),
        ("http.statuses", vec![json!({"200": 10}), json!({"503": 10})]),
        ("http.latency_reported", vec![json!({"avg": 0.1, "min": 0.1, "max": 0.2})]),
        ("perf.io_size", vec![json!(64)]),
        ("perf.io_write_rate", vec![json!("8.8 GB/s")]),
        ("perf.io_backing", vec![json!("ext4")]),
        ("evidence.logged_at", vec![json!("2026-01-01T00:00:00Z")]),
    ]
}

/// Series of a runtime, and the time around which their samples lie.
const SERIES: [(&str, f64); 12] = [
    ("startup.first_byte", 0.5),
    ("startup.wall", 0.7),
    ("startup.control.first_byte", 0.5),
    ("startup.cold_cache", 0.9),
    ("startup.phase.client", 0.1),
    ("startup.phase.create", 0.2),
    ("startup.phase.start", 0.1),
    ("startup.phase.run", 0.1),
    ("http.latency", 0.002),
    ("http.latency_keepalive", 0.001),
    ("perf.cpu_loop", 0.3),
    ("perf.io_write", 0.3),
];

/// Numbers that look random and are the same in every test.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn is_one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// A series: too short, noisy, with an outlier, with a zero, or good.
    fn draw_samples(&mut self, center: f64) -> Vec<f64> {
        let factor = [1.0, 1.0, 1.0, 1.01, 1.3, 3.0, 0.4, 0.1][self.below(8)];
        let count = match self.below(60) {
            0 => 4000,
            1..=3 => 400,
            4..=8 => 1,
            9..=13 => 3,
            14..=20 => 80,
            _ => 12,
        };
        let spread = [0.001, 0.2][self.below(2)];
        let mut values = Vec::new();
        for _ in 0..count {
            #[allow(clippy::cast_precision_loss, reason = "the number is below 100")]
            let noise = self.below(100) as f64 / 100.0;
            values.push(center * factor * (1.0 + spread * noise));
        }
        if self.is_one_in(8) {
            values[0] = [0.0, center * 40.0][self.below(2)];
        }
        values
    }
}

fn drawn_run(draw: &mut Draw) -> Sketch {
    let mut sketch = sketch();
    if draw.is_one_in(8) {
        let kept =
            if draw.is_one_in(4) { &[Role::Host][..] } else { &[Role::Host, Role::Baseline] };
        sketch.run.targets.retain(|target| kept.contains(&target.role));
    } else if draw.is_one_in(2) {
        let kata = &sketch.run.targets[2];
        let more = Target { name: "runsc".into(), ..kata.clone() };
        sketch.run.targets.push(more);
    }
    if draw.is_one_in(3) {
        sketch.run.evidence = EvidenceKind::Collected {
            engine: ["docker", "kubernetes", "builtin"][draw.below(3)].into(),
            image: "alpine:3.19".into(),
            session: "0".into(),
            node: None,
            interrupted: false,
            skipped: BTreeMap::default(),
        };
    } else if draw.is_one_in(6) {
        sketch.run.evidence = EvidenceKind::Imported { form: "hyperfine".into() };
    }
    sketch.run.redaction.applied = draw.is_one_in(2);
    if draw.is_one_in(2) {
        sketch.run.redaction.replaced.insert("mac".into(), 2);
        sketch.run.redaction.replaced.insert("email".into(), 1);
    }
    let names: Vec<String> = sketch.run.targets.iter().map(|target| target.name.clone()).collect();
    // In some runs nearly nothing was captured, in others nearly all.
    let rarity = [2, 4, 12][draw.below(3)];
    for name in &names[1..] {
        if draw.is_one_in(10) {
            let target = sketch.run.targets.iter_mut().find(|target| target.name == *name);
            target.unwrap().failure = Some("no such file".into());
        }
        for (id, values) in drawn_values() {
            if draw.is_one_in(rarity) {
                if draw.is_one_in(2) {
                    sketch = sketch.missing(id, name, MissingReason::NotAsked);
                }
                continue;
            }
            let value = values[draw.below(values.len())].clone();
            sketch = sketch.file(&format!("{name}/{id}"), "a line\n").fact(id, name, value);
        }
        for (id, center) in SERIES {
            // Arms of a control and phases are rarer, so that what is said without them is said.
            let is_left_out =
                draw.is_one_in(rarity) || (id.matches('.').count() > 1 && draw.is_one_in(2));
            if !is_left_out {
                let samples = draw.draw_samples(center);
                sketch = sketch.file(&format!("{name}/{id}"), "0.5\n").series(id, name, &samples);
            }
        }
    }
    if draw.is_one_in(2) {
        let level = ["restricted", "baseline"][draw.below(2)];
        sketch = sketch.file("host/pod.security", "a line\n").fact("pod.security", "host", level);
    }
    for (id, value) in [("kernel.release", "6.1.0"), ("kernel.boot_id", "a"), ("cpu.model", "A")] {
        if !draw.is_one_in(rarity) {
            sketch = sketch.fact(id, "host", value);
        }
    }
    if draw.is_one_in(2) {
        sketch = sketch.fact("proc.entries", "host", 322).fact("kernel.sys_module", "host", 300);
        sketch = sketch.series("http.floor", "host", &[0.0001; 10]);
    }
    sketch
}

/// The statements that ship with a mark in every branch, and what each mark stands for.
fn mark_statements() -> (BTreeMap<String, String>, Vec<String>) {
    let mut marked = BTreeMap::new();
    let mut marks = Vec::new();
    for (name, file) in chapters::load_statements(Path::new("/nonexistent")).unwrap() {
        let mut text = String::new();
        let mut rest = &*file.text;
        while let Some((before, after)) = rest.split_once("{%") {
            let (tag, tail) = after.split_once("%}").unwrap();
            text.push_str(&format!("{before}{{%{tag}%}}"));
            let tag = tag.trim_matches('-').trim();
            let word = tag.split_whitespace().next().unwrap();
            if ["if", "elif", "else", "for"].contains(&word) {
                let line = 1 + file.text[..file.text.len() - tail.len()].matches('\n').count();
                text.push_str(&format!("{}{}{}", MARK[0], marks.len(), MARK[1]));
                marks.push(format!("{name}:{line}: {tag}"));
            }
            rest = tail;
        }
        marked.insert(name, text + rest);
    }
    (marked, marks)
}

/// Renders chapters about one run after the other.
struct ChapterReader {
    chapters: ChapterTemplates,
    /// Of a project without a pack, and of one that answers an edition.
    data: [ProjectData; 2],
}

impl ChapterReader {
    /// The chapters that ship, with these statements in place of those that ship.
    fn new(statements: &BTreeMap<String, String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in statements {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let data = ProjectData::load_data(None).unwrap();
        let data = [data.clone(), data.with_edition("s26", None).unwrap()];
        let chapters = Arc::new(ProjectChapters::load(folder.path(), folder.path()).unwrap());
        let sources = lookup_sources(sketch(), &data[0]);
        Self { chapters: ChapterTemplates::new(&chapters, &sources).unwrap(), data }
    }

    /// All chapters about one of many runs, every second of them in a project with a pack.
    fn read_all(&self, number: usize, sketch: Sketch) -> String {
        let data = &self.data[number % self.data.len()];
        let sources = lookup_sources(sketch, data);
        if number.is_multiple_of(3) {
            let mut nodes =
                [Conclusion::SharedKernel, Conclusion::NotTested, Conclusion::SeparateKernel]
                    .map(|conclusion| kata_node("a", conclusion, "6.1"));
            nodes[0].classes[0].conclusion = Conclusion::SeparateKernelVm;
            let _ = sources.assessment.fleet.set(FleetTally::of_nodes(&nodes));
        }
        let chapters = self.chapters.with_sources(&sources);
        let mut text = String::new();
        for name in chapters.chapter_names() {
            text.push_str(&chapters.render_chapter(name).unwrap().unwrap_or_default());
            text.push('\n');
        }
        text
    }
}

fn lookup_sources(sketch: Sketch, data: &ProjectData) -> LookupSources {
    let loaded =
        LoadedRun { run: sketch.run, integrity: sketch.integrity, origin: "a test".into() };
    LookupSources {
        assessment: Arc::new(Assessment::new(loaded, data).unwrap()),
        renderer: Renderer::Markdown(EvidenceLinks::None),
        chapters: None,
        notes: Arc::default(),
        is_document: false,
        warnings: None,
    }
}

/// What is seldom drawn: requests that took equally long and succeeded, and a start that the user
/// stopped.
fn chosen_runs() -> [Sketch; 2] {
    let mut equal = sketch();
    for name in ["runc", "kata"] {
        let samples: Vec<f64> = (0..40).map(|i| 0.02 + f64::from(i) * 1e-6).collect();
        equal = equal.file(&format!("{name}/http.latency"), "0.02\n");
        equal = equal.series("http.latency", name, &samples);
        let capture = format!("{name}/app.health_status");
        equal = equal.file(&capture, "200\n").fact("app.health_status", name, 200);
    }
    let mut stopped = sketch();
    stopped.run.targets[2].failure = Some("stopped by the user".into());
    [equal, stopped]
}

fn known_runs() -> Vec<Sketch> {
    let mut runs = Vec::new();
    for entry in
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runs")).unwrap()
    {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        runs.push(Sketch::of(serde_json::from_str(&text).unwrap()));
    }
    runs
}

#[test]
fn every_variant_of_every_statement_is_said_about_some_run() {
    let (statements, marks) = mark_statements();
    let reader = ChapterReader::new(&statements);
    let mut unseen: BTreeSet<usize> = (0..marks.len()).collect();
    let mut draw = Draw(0x9e37_79b9_7f4a_7c15);
    let drawn = (0..RUNS).map(|_| drawn_run(&mut draw));
    for (number, run) in known_runs().into_iter().chain(chosen_runs()).chain(drawn).enumerate() {
        let text = reader.read_all(number, run);
        for rest in text.split(MARK[0]).skip(1) {
            unseen.remove(&rest.split(MARK[1]).next().unwrap().parse().unwrap());
        }
        if unseen.is_empty() {
            return;
        }
    }
    let unseen: Vec<&str> = unseen.into_iter().map(|mark| marks[mark].as_str()).collect();
    panic!("never said:\n{}", unseen.join("\n"));
}

/// What is wrong with the form of a text, outside of fenced blocks.
fn malformed_line(text: &str) -> Option<&str> {
    let mut is_fenced = false;
    for line in text.lines() {
        is_fenced ^= line.starts_with("```");
        let is_bad = ["  ", " .", " ,", "()", "****", "..", "{{", "{%", ": .", ", ."]
            .iter()
            .any(|wrong| line.trim_start().contains(wrong));
        if !is_fenced
            && is_bad
            && !line.contains("…")
            && !line.starts_with('|')
            && !line.starts_with('>')
        {
            return Some(line);
        }
    }
    None
}

#[test]
fn what_chapters_say_about_any_run_is_whole_sentences() {
    let reader = ChapterReader::new(&BTreeMap::new());
    let mut draw = Draw(0x2545_f491_4f6c_dd1d);
    let drawn = (0..RUNS / 4).map(|_| drawn_run(&mut draw));
    for (number, run) in known_runs().into_iter().chain(drawn).enumerate() {
        assert_eq!(malformed_line(&reader.read_all(number, run)), None);
    }
}

#[test]
fn equal_sets_of_capabilities_mean_the_same_where_one_kernel_checks_both() {
    let reader = ChapterReader::new(&BTreeMap::new());
    for (number, (boot, words)) in [
        (
            "a",
            "are equal, and by the verdicts of this run it is the host's kernel that checks both",
        ),
        ("b", "are equal, and yet they do not mean the same"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut run = sketch().fact("host.vmm", "kata", "qemu-system-x86_64");
        for (target, boot) in [("host", "a"), ("runc", "a"), ("kata", boot)] {
            run = run.fact("kernel.boot_id", target, boot);
            run = run.fact("host.witness_process", target, boot == "a");
            run = run.fact("priv.cap_eff", target, "00000000a80425fb");
        }
        let text = reader.read_all(number, run);
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn rights_that_a_pod_asked_for_are_not_said_to_be_those_of_its_class() {
    let reader = ChapterReader::new(&BTreeMap::new());
    let mut run = sketch().fact("priv.cap_eff", "runc", "0000000000000000");
    run = run.fact("priv.seccomp", "runc", 2).fact("pod.security", "host", "restricted");
    run.run.evidence = EvidenceKind::Collected {
        engine: "kubernetes".into(),
        image: "alpine:3.19".into(),
        session: "0".into(),
        node: None,
        interrupted: false,
        skipped: BTreeMap::default(),
    };
    let text = reader.read_all(0, run);
    for words in [
        "These are the rights of isoproof's own pods",
        "of Pod Security: user 65534 without capabilities",
        "through kubectl: it started a pod of each class",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn outlines_of_chapters_are_short() {
    for (name, file) in assets::read_all(AssetTree::Chapters, None, "", ".md").unwrap() {
        let lines = file.text.lines().count();
        assert!(
            lines <= 64,
            "{name} has {lines} lines: move what it says into templates/statements/"
        );
    }
}
