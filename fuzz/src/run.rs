//! Collected runs out of bytes.

use std::path::Path;

use isoproof::model::{
    Capture, CaptureOrigin, CaptureStatus, CapturedStream, EvidenceKind, Generator, Redaction,
    Role, Run, SCHEMA_VERSION, Target,
};
use isoproof::probe::collected;
use isoproof::report::ProjectData;
use isoproof::store::{LoadedRun, file, integrity};

/// A run. Each piece of the bytes, 0xFF apart, begins with probe, target and status.
pub fn from_bytes(shelf: &ProjectData, data: &[u8]) -> Run {
    let probes: Vec<&str> = shelf.catalogue.iter_probes().map(|probe| probe.id.as_str()).collect();
    let target = |name: &str, role| Target {
        name: name.into(),
        role,
        engine: Some("docker".into()),
        handler: None,
        named: false,
        failure: None,
    };
    let mut targets = vec![
        target("host", Role::Host),
        target("runc", Role::Baseline),
        target("kata", Role::Candidate),
    ];
    let mut captures: Vec<Capture> = Vec::new();
    let mut label = None;
    for piece in data.split(|byte| *byte == 0xff).take(60) {
        let [probe, choice, status, bytes @ ..] = piece else { continue };
        let text = || String::from_utf8_lossy(bytes).into_owned();
        match choice % 16 {
            15 => targets[2].failure = Some(text()),
            14 => label = Some(text()),
            13 => targets[2].handler = Some(text()),
            choice => {
                let target = targets[usize::from(choice) % 3].name.clone();
                let probe = probes[usize::from(*probe) % probes.len()];
                let id = format!("{target}/{probe}");
                if !captures.iter().any(|capture| capture.id == id) {
                    captures.push(capture(id, target, *status, bytes));
                }
            }
        }
    }
    let facts =
        collected::read_captures(&captures, &targets, &Default::default(), &shelf.catalogue);
    let seconds = 1_700_000_000 + data.len() as i64;
    let mut run = Run {
        schema_version: SCHEMA_VERSION,
        id: String::new(),
        digest: None,
        label,
        created: chrono::DateTime::from_timestamp(seconds, 0).expect("a time"),
        edition: ["f25", "s26"].get(data.len() % 3).map(|edition| (*edition).to_string()),
        generator: Generator::this_program(),
        evidence: EvidenceKind::Collected {
            engine: "docker".into(),
            image: "alpine:3.19".into(),
            session: "s".into(),
            node: None,
            interrupted: false,
            skipped: Default::default(),
        },
        redaction: Redaction { applied: true, ..Default::default() },
        targets,
        captures,
        facts,
    };
    run.id = file::compute_run_id(&run);
    run.digest = Some(file::record_digest(&run));
    run
}

fn capture(id: String, target: String, status: u8, bytes: &[u8]) -> Capture {
    const STATUSES: [CaptureStatus; 8] = [
        CaptureStatus::Ok,
        CaptureStatus::Ok,
        CaptureStatus::Absent,
        CaptureStatus::Denied,
        CaptureStatus::Error,
        CaptureStatus::Timeout,
        CaptureStatus::Truncated,
        CaptureStatus::Ok,
    ];
    let text = String::from_utf8_lossy(bytes);
    Capture {
        id,
        origin: CaptureOrigin::Probe {
            command: text.chars().take(80).collect(),
            within: format!("{target}/boot"),
        },
        target: Some(target),
        status: STATUSES[usize::from(status) % STATUSES.len()],
        exit: Some(i32::from(status)),
        started: None,
        duration_ms: Some(f64::from(status)),
        stdout: CapturedStream::new(bytes),
        stderr: Some(CapturedStream::new(if status > 128 { bytes } else { b"" })),
    }
}

/// The run as it is loaded after it was written: the same, and intact.
pub fn write_and_read(run: Run, shelf: &ProjectData) -> LoadedRun {
    let mut read = file::from_text(&file::to_text(&run), Path::new("x.json")).expect("a run file");
    assert_eq!(read, run, "another run was read than was written");
    let integrity = integrity::verify_run(&mut read, &shelf.catalogue);
    assert!(integrity.is_intact(), "not intact after it was written: {integrity:?}");
    LoadedRun { run: read, integrity, origin: "x".into() }
}
