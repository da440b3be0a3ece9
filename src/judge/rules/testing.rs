//! A run in a few words, for the tests of verdicts and rules.

use std::sync::{LazyLock, OnceLock};

use serde_json::Value;

use super::super::RuleContext;
use super::RuleExample;
use crate::judge::timing::RunTiming;
use crate::knowledge::KnowledgeBase;
use crate::model::*;
use crate::probe::catalogue::ProbeCatalogue;
use crate::project::MARGIN;
use crate::report::pack::Pack;
use crate::store::file;
use crate::store::integrity::{self, IntegrityReport};

/// A run that is being sketched: host, runc as baseline, kata as candidate.
#[derive(Debug)]
pub(crate) struct Sketch {
    pub run: Run,
    pub integrity: IntegrityReport,
    timing: OnceLock<RunTiming>,
}

/// The pack whose files the examples are.
static PACK: LazyLock<&dyn Pack> = LazyLock::new(|| crate::PACKS[0]);

static KNOWN: LazyLock<KnowledgeBase> = LazyLock::new(|| KnowledgeBase::load(None).unwrap());

pub(crate) static CATALOGUE: LazyLock<ProbeCatalogue> =
    LazyLock::new(|| ProbeCatalogue::load(None).unwrap());

pub(crate) fn sketch() -> Sketch {
    let target = |name: &str, role| Target {
        name: name.into(),
        role,
        engine: None,
        handler: None,
        named: false,
        failure: None,
    };
    let run = Run {
        schema_version: SCHEMA_VERSION,
        id: "20260101T000000Z-00000000".into(),
        digest: None,
        label: None,
        created: chrono::DateTime::UNIX_EPOCH,
        edition: Some("f25".into()),
        generator: Generator { name: "isoproof".into(), version: "0".into() },
        evidence: EvidenceKind::Imported { form: PACK.pack_name().into() },
        redaction: Redaction::default(),
        targets: vec![
            target("host", Role::Host),
            target("runc", Role::Baseline),
            target("kata", Role::Candidate),
        ],
        captures: Vec::new(),
        facts: Facts::new(),
    };
    Sketch::of(run)
}

pub(crate) fn capture(path: &str, text: &str) -> Capture {
    Capture::of_file(path, Some(path), text.as_bytes())
}

/// A probe in a container, or its boot, which took a minute.
fn probe(id: &str, status: CaptureStatus) -> Capture {
    let (target, what) = id.split_once('/').unwrap();
    let origin = match what {
        "boot" => CaptureOrigin::Command { argv: vec!["docker".into()] },
        _ => CaptureOrigin::Probe { command: "x".into(), within: format!("{target}/boot") },
    };
    Capture {
        target: Some(target.into()),
        origin,
        status,
        duration_ms: Some(60_000.0),
        ..capture(id, "")
    }
}

pub(crate) fn run_of(example: &RuleExample) -> Sketch {
    let mut sketch = sketch();
    let run = &mut sketch.run;
    run.redaction.applied = !example.unredacted;
    if example.collected {
        run.evidence = EvidenceKind::Collected {
            engine: "docker".into(),
            image: "alpine:3.19".into(),
            session: "0123456789ab".into(),
            node: None,
            interrupted: example.interrupted,
            skipped: Default::default(),
        };
    }
    for (path, text) in &example.files {
        run.captures.push(capture(path, text));
    }
    for (path, reason) in &example.unread {
        run.captures.push(Capture::of_unread_file(path, CaptureStatus::Denied, reason));
    }
    if !run.captures.is_empty() {
        (run.facts, run.targets) = PACK.read_captures(&run.captures);
    }
    for (id, text) in &example.truncated {
        run.captures.push(Capture { status: CaptureStatus::Truncated, ..capture(id, text) });
    }
    run.captures.extend(example.captures.iter().map(|(id, text)| capture(id, text)));
    for (id, status) in &example.probes {
        run.captures.push(probe(id, *status));
    }
    for target in &mut run.targets {
        target.handler = example.handlers.get(&target.name).cloned();
        target.engine = example.engines.get(&target.name).cloned();
        target.failure = example.failures.get(&target.name).cloned();
        target.named = example.named && target.role != Role::Host;
    }
    for (id, by_target) in &example.facts {
        for (target, value) in by_target {
            let source = run
                .find_fact(FactId::from_text(id), target)
                .and_then(|fact| fact.source().cloned());
            let source = source.unwrap_or_else(|| FactSource::new(format!("{target}/{id}"), 1));
            let fact = fact(value, source);
            run.facts.entry(id.clone()).or_default().insert(target.clone(), fact);
        }
    }
    run.digest = Some(file::record_digest(run));
    if let Some(label) = &example.renamed {
        (run.digest, run.label) = (None, Some(label.clone()));
    }
    for target in &mut run.targets {
        if let Some(failure) = example.changed_failures.get(&target.name) {
            target.failure = Some(failure.clone());
        }
    }
    for (path, text) in &example.changed {
        let capture = run.captures.iter_mut().find(|capture| capture.id == *path).unwrap();
        let digest = capture.stdout.digest.clone();
        capture.stdout = CapturedStream::new(text.as_bytes());
        capture.stdout.digest = digest;
    }
    if example.loaded {
        sketch.integrity = integrity::verify_run(run, &CATALOGUE);
    }
    sketch
}

fn fact(value: &Value, source: FactSource) -> Fact {
    if let Some(values) = value.as_array().and_then(|list: &Vec<Value>| -> Option<Vec<f64>> {
        (!list.is_empty()).then(|| list.iter().map(Value::as_f64).collect()).flatten()
    }) {
        return Fact::Series(Samples { values, unit: SampleUnit::Seconds, source });
    }
    match value.get("missing") {
        Some(why) => {
            Fact::missing(serde_json::from_value(why.clone()).unwrap(), "as the example says")
        }
        None => Fact::from_value(value.clone(), source),
    }
}

impl Sketch {
    pub(crate) fn of(run: Run) -> Self {
        Self { run, integrity: IntegrityReport::default(), timing: OnceLock::new() }
    }

    pub(crate) fn fact(self, id: &str, target: &str, value: impl Into<Value>) -> Self {
        let source = FactSource::new(format!("{target}/{id}"), 1);
        self.put(id, target, Fact::from_value(value, source))
    }

    pub(crate) fn series(self, id: &str, target: &str, values: &[f64]) -> Self {
        let source = FactSource::new(format!("{target}/{id}"), 1);
        let samples = Samples { values: values.to_vec(), unit: SampleUnit::Seconds, source };
        self.put(id, target, Fact::Series(samples))
    }

    pub(crate) fn missing(self, id: &str, target: &str, why: MissingReason) -> Self {
        self.put(id, target, Fact::missing(why, "as the test says"))
    }

    pub(crate) fn put(mut self, id: &str, target: &str, fact: Fact) -> Self {
        self.timing = OnceLock::new();
        self.run.facts.entry(id.into()).or_default().insert(target.into(), fact);
        self
    }

    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.run.captures.push(capture(path, text));
        self
    }

    pub(crate) fn context(&self) -> RuleContext<'_> {
        RuleContext {
            run: &self.run,
            integrity: &self.integrity,
            catalogue: &CATALOGUE,
            verdicts: &[],
            known: &KNOWN,
            asks: None,
            subject: None,
            timing: self.timing.get_or_init(|| RunTiming::of_run(&self.run, MARGIN)),
            margin: MARGIN,
        }
    }
}
