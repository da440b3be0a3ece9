//! What text that nobody would write takes: one endless line, the longest lines that are read, and
//! as many lines as fit, made of what each reader looks for. Every reader is given half as much
//! first: the time may double and not more.
//!
//! `cargo bench --bench bounds` prints for each reader its slowest text; with a word behind `--`,
//! for those whose names hold it. It fails where one takes more than two seconds or grows threefold,
//! and where two series of 50,000 samples are not compared within a second and 100 MB.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use isoproof::lab12::import::import_lab_folder;
use isoproof::lab12::readers::SLOTS;
use isoproof::model::MAX_LINE;
use isoproof::privacy::Redactor;
use isoproof::probe::parse;
use wait4::Wait4;

/// The words, labels and marks that readers look for.
const UNITS: &[&str] = &[
    "kata 1 1 1 ",
    "1",
    " ",
    "(",
    "Host: 1 Kata: 2 kata kernel host kernel: ",
    "kata=1 runc=2 ",
    "kernel: ",
    "CPU: model name : ",
    "Linux version 6.1.2 ",
    "2: eth0: <UP> inet 192.0.2.1/24 ",
    "inet6 fe80::1/64 ",
    "ether d2:e2:eb:78:ed:94 ",
    "91.108.4.7,",
    "ann@pine:~$ ",
    "/home/ann ",
    "Linux pine 6.1 ",
    "time=\"x\" level=info msg=\"",
    "| kata ",
    "{\"kata\":",
    "0.123456 ",
    "avg=1 min=1 ",
    "HTTP 200 ",
    "real 0m1.2s ",
    "version: 1.2.3 ",
    "[    0.000000] ",
    "00000000a80425fb ",
    "ok 0.5 200 ",
    "start 1 0 9 ",
];

/// A name, and what makes a text of a size from a piece.
type TextShape = (&'static str, fn(&str, usize) -> String);

/// How the units are put together.
const SHAPES: [TextShape; 3] = [
    ("one line", |unit, bytes| unit.repeat(bytes / unit.len())),
    ("longest lines", |unit, bytes| {
        let line = unit.repeat(MAX_LINE / unit.len()) + "\n";
        line.repeat(bytes / MAX_LINE)
    }),
    ("many lines", |unit, bytes| {
        // Each is a little different, so that nothing is found by being equal.
        let line = |number: usize| format!("{unit}{number}\n");
        (0..).map(line).take(bytes / (unit.len() + 6)).collect()
    }),
];

/// The size of the larger text: as much of a file as is kept.
const BYTES: usize = 1 << 20;

/// Times below this are too short for a ratio.
const SHORT: Duration = Duration::from_millis(40);

/// The processor time that work takes on this thread, which other programs hardly change.
fn timed(work: impl FnOnce()) -> Duration {
    let spent = || {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
        let nanoseconds = text.split(' ').next().and_then(|word| word.parse().ok());
        Duration::from_nanos(nanoseconds.expect("a number of nanoseconds"))
    };
    let begun = spent();
    work();
    spent() - begun
}

/// The slowest text of a reader.
struct Slowest {
    unit: &'static str,
    time: Duration,
    ratio: f64,
}

/// Reads texts of each unit, of half the size and of the whole; the slowest, and the one whose
/// time grows most if it grows too much.
fn slowest(shape: fn(&str, usize) -> String, mut read: impl FnMut(&str)) -> Slowest {
    let mut worst = Slowest { unit: "", time: Duration::ZERO, ratio: 0.0 };
    for unit in UNITS {
        let (half, whole) = (shape(unit, BYTES / 2), shape(unit, BYTES));
        let (short, long) = (timed(|| read(&half)), timed(|| read(&whole)));
        let ratio = long.as_secs_f64() / short.as_secs_f64();
        if long > worst.time {
            worst = Slowest { unit, time: long, ratio };
        }
    }
    worst
}

fn print_row(reader: &str, shape: &str, slowest: &Slowest) -> bool {
    let Slowest { unit, time, ratio } = slowest;
    let is_slow = *time > Duration::from_secs(2) || *time > SHORT && *ratio > 3.0;
    let mark = if is_slow { "  TOO SLOW" } else { "" };
    println!("| `{reader}` | {shape} | {:.0} ms | {ratio:.1} | `{unit}` |{mark}", millis(*time));
    is_slow
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Imports a file for every place of the lab's instructions, and one with pseudonyms.
fn imports(folder: &Path, wanted: &str) -> bool {
    let mut failed = false;
    for slot in SLOTS.iter().filter(|slot| slot.path.contains(wanted)) {
        failed |= import(folder, slot.path, slot.path, || None);
    }
    if "pseudonyms".contains(wanted) {
        let redactor = || Some(Redactor::new([7; 32]));
        failed |= import(folder, "isolation/dmesg.txt", "pseudonyms", redactor);
    }
    failed
}

fn import(
    folder: &Path,
    file: &str,
    reader: &str,
    redactor: impl Fn() -> Option<Redactor>,
) -> bool {
    let path = folder.join(file);
    std::fs::create_dir_all(path.parent().unwrap_or(folder)).expect("a temporary folder");
    let mut failed = false;
    for (shape, make) in SHAPES {
        let worst = slowest(make, |text| {
            std::fs::write(&path, text).expect("a temporary file");
            let created = chrono::DateTime::UNIX_EPOCH;
            let run = import_lab_folder(folder, None, redactor().as_mut(), created);
            assert!(run.is_ok());
        });
        failed |= print_row(reader, shape, &worst);
    }
    std::fs::remove_file(&path).expect("a temporary file");
    failed
}

/// Reads outputs of probes by every parser of the catalogue.
fn parsers(wanted: &str) -> bool {
    let mut failed = false;
    for name in parse::NAMES.iter().filter(|name| name.contains(wanted)) {
        for (shape, make) in SHAPES {
            let worst = slowest(make, |text| assert!(parse::parse_output(name, text).is_some()));
            failed |= print_row(name, shape, &worst);
        }
    }
    failed
}

/// Lets the program compare two series of 50,000 samples.
fn comparison(folder: &Path) -> bool {
    let times = |factor: f64| -> Vec<f64> {
        (0..50_000_u32)
            .map(|i| factor * (1.0 + f64::from(i.wrapping_mul(2_654_435_761) >> 8) / 1e8))
            .collect()
    };
    let result = |runtime: &str, factor| {
        let command = format!("docker run --runtime {runtime} x");
        serde_json::json!({"command": command, "times": times(factor)})
    };
    let export = serde_json::json!({"results": [result("runc", 0.5), result("kata", 0.6)]});
    std::fs::write(folder.join("book.toml"), "[book]\n").expect("a temporary file");
    std::fs::write(folder.join("times.json"), export.to_string()).expect("a temporary file");
    let program = |arguments: &[&str]| {
        let begun = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_isoproof"))
            .args(arguments)
            .current_dir(folder)
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("the program starts");
        let ended = child.wait4().expect("the program ends");
        assert!(ended.status.success(), "{arguments:?}");
        (begun.elapsed(), ended.rusage.maxrss >> 20)
    };
    let (import, import_memory) = program(&["import", "hyperfine", "times.json"]);
    let (check, check_memory) = program(&["check", "latest", "--format", "json"]);
    println!("| `import hyperfine` | {:.0} ms | {import_memory} MB |", millis(import));
    println!("| `check` | {:.0} ms | {check_memory} MB |", millis(check));
    import.max(check) > Duration::from_secs(1) || import_memory.max(check_memory) > 100
}

fn main() -> ExitCode {
    // Cargo itself gives `--bench`.
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let wanted = wanted.unwrap_or_default();
    let folder = tempfile::tempdir().expect("a temporary folder");
    println!("| read | text | time | twice as much | of |");
    let mut failed = parsers(&wanted);
    failed |= imports(folder.path(), &wanted);
    println!("\n| 50,000 with 50,000 samples | time | memory |");
    failed |= comparison(folder.path());
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
