//! What fuzzing tries: for each target a function that takes any bytes and does not return where
//! the program breaks a promise.
//!
//! libFuzzer calls them from `fuzz_targets/`; the test `fuzz` of the program calls each with the
//! files of its corpus.

mod html;
pub mod mutation;
mod run;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use isoproof::diff::{DiffSide, RunDiff};
use isoproof::lab12::claims::ClaimChecker;
use isoproof::lab12::import::import_lab_folder;
use isoproof::lab12::readers::{REPORT_PATH, SLOTS, assign_slots, read_lab_captures};
use isoproof::mdbook;
use isoproof::model::{Capture, CaptureOrigin, CaptureStatus, CapturedStream, Fact, Facts};
use isoproof::privacy::Redactor;
use isoproof::probe::{hyperfine, parse, script};
use isoproof::project::ProjectConfig;
use isoproof::report::fact_links::FactLinks;
use isoproof::report::{Assessment, ProjectData, escape, excerpts, markdown};
use isoproof::store::integrity::{self, IntegrityReport};
use isoproof::store::reference::RunReference;
use isoproof::store::{LoadedRun, file};
use isoproof::text;

/// The name of a target and its function.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 10] = [
    ("book_toml", check_book_toml),
    ("claims", check_claims),
    ("diff", check_diff),
    ("framing", check_framing),
    ("lab12", check_lab12),
    ("markdown", check_markdown),
    ("parsers", check_parsers),
    ("preprocessor", check_preprocessor),
    ("redaction", check_redaction),
    ("run_file", check_run_file),
];

static SHELF: LazyLock<ProjectData> =
    LazyLock::new(|| ProjectData::load_data(None).expect("shipped data"));

static CLAIMS: LazyLock<ClaimChecker> =
    LazyLock::new(|| ClaimChecker::load(None).expect("shipped words"));

static CUSTOMER: LazyLock<Assessment> = LazyLock::new(|| {
    let evidence = repository().join("tests/import/customer");
    let run = import_lab_folder(&evidence, None, None, Default::default()).expect("evidence");
    let loaded =
        LoadedRun { run, integrity: IntegrityReport::default(), origin: "evidence".into() };
    Assessment::new(loaded, &SHELF).expect("a judged run")
});

/// The root of the repository, for this package and for the program's test.
fn repository() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_ours = package.join("fuzz_targets").is_dir();
    if is_ours { package.join("..") } else { package.to_path_buf() }
}

/// A `book.toml`: no setting leads out of the project, and whatever is no reference to a run is
/// an error.
pub fn check_book_toml(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(config) = ProjectConfig::parse(text, Path::new("book.toml")) {
        for path in [&config.src, &config.build_dir, &config.document] {
            let leaves = path.components().any(|part| part == std::path::Component::ParentDir);
            assert!(!path.is_absolute() && !leaves, "{path:?}");
        }
        assert!(config.margin.is_finite() && config.margin > 0.0);
        config.site_root();
        config.site_address();
    }
    let _ = RunReference::parse(text);
}

/// What mdBook hands over: the book comes back in its form, with every chapter.
pub fn check_preprocessor(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(mut input) = serde_json::from_str::<serde_json::Value>(text) else {
        assert!(mdbook::process_book(text).is_err(), "no JSON");
        return;
    };
    // Only this project is read.
    match input.get_mut(0).and_then(|context| context.as_object_mut()) {
        Some(context) => {
            let root = repository().join("examples/custom").display().to_string();
            context.insert("root".into(), root.into());
        }
        None => return,
    }
    let Ok(processed) = mdbook::process_book(&input.to_string()) else { return };
    let names = |book: &serde_json::Value| -> Vec<String> {
        book.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&processed.book), names(&input[1]));
}

/// A report written by hand: every annotation names a place in the text. One of too many values is
/// refused.
pub fn check_claims(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(checked) = CLAIMS.check_report(&CUSTOMER, text) else { return };
    for annotation in checked.annotations {
        assert!(text.get(annotation.range.clone()).is_some(), "{annotation:?}");
    }
}

/// Two runs of fuzzed captures: they survive being written, a run does not differ from itself,
/// and what differs can be written as JSON.
pub fn check_diff(data: &[u8]) {
    let judged = |data: &[u8]| {
        let loaded = run::write_and_read(run::from_bytes(&SHELF, data), &SHELF);
        Assessment::new(loaded, &SHELF).expect("a judged run")
    };
    let (a, b) = (judged(data), judged(&data[data.len() / 2..]));
    let diff = |a: &Assessment, b: &Assessment| {
        let (a, b) = (
            DiffSide { run: &a.run, judgement: &a.judgement },
            DiffSide { run: &b.run, judgement: &b.judgement },
        );
        RunDiff::between_runs(
            a,
            b,
            &SHELF.catalogue,
            &[],
            &Default::default(),
            &SHELF.phrases,
            true,
        )
    };
    let same = diff(&a, &a);
    assert!(same.is_empty(), "a run differs from itself: {same:?}");
    let json = serde_json::to_string(&diff(&a, &b)).expect("JSON");
    serde_json::from_str::<serde_json::Value>(&json).expect("the same JSON");
    let claim = "The runtime kata runs kernel 6.12.47 and starts in 2.5 s, 5x slower than runc.";
    CLAIMS.check_report(&a, claim).expect("annotations");
}

/// What a batch of probes printed: every question is answered or has a reason, whatever stands in
/// the output, and a frame is not left by what is in it.
pub fn check_framing(data: &[u8]) {
    let ids = ["a", "b", "c"];
    let questions = ids.map(|id| script::BatchQuestion { id, command: "true" });
    let count = |output: &[u8]| {
        let answers = script::parse_script_output(output, "0011", &questions);
        assert_eq!(answers.answers.len() + answers.unanswered.len(), questions.len());
        answers
    };
    count(data);
    let mut framed = b"@0011 start 0 hex 1 .\n".to_vec();
    framed.extend_from_slice(data);
    framed.extend_from_slice(b"\n@0011 end 3 .\n");
    count(&framed);
    // Who does not know the nonce answers nothing.
    let is_known = data.windows(4).any(|window| window == b"0011");
    if !is_known {
        assert!(count(&framed).answers.is_empty());
    }
}

/// Evidence of the lab: reading says the same again, and every value names a line that exists.
///
/// The first byte chooses the file; 0xFF begins another one, whose first byte chooses it.
pub fn check_lab12(data: &[u8]) {
    let files = data.split(|&byte| byte == 0xff).enumerate();
    let mut captures: Vec<Capture> =
        files.filter_map(|(at, bytes)| capture_of_slot(at, bytes)).collect();
    assign_slots(&mut captures);
    check_lab_reading(&captures);
    // The same bytes as a report whose pasted outputs are the evidence.
    check_lab_reading(&[Capture::of_file("lab12.md", Some(REPORT_PATH), data)]);
}

fn check_lab_reading(captures: &[Capture]) {
    let reading = read_lab_captures(captures);
    assert_eq!(reading, read_lab_captures(captures));
    for fact in reading.facts.values().flat_map(|by_target| by_target.values()) {
        let Some(source) = fact.source() else {
            assert!(!fact.is_present());
            continue;
        };
        let capture = captures.iter().find(|capture| capture.id == source.capture);
        let bytes = capture.expect("the capture that a fact names").stdout.decoded_bytes();
        let lines = text::split_lines(&bytes.expect("its bytes")).len();
        if let (true, Some(line)) = (fact.is_present(), source.line) {
            assert!(line >= 1 && line as usize <= lines, "line {line} of {lines}");
        }
        if let Fact::Series(samples) = fact {
            assert!(!samples.values.is_empty());
            assert!(samples.values.iter().all(|value| value.is_finite()));
        }
    }
}

fn capture_of_slot(number: usize, bytes: &[u8]) -> Option<Capture> {
    let (choice, content) = bytes.split_first()?;
    let slot = SLOTS[usize::from(*choice) % SLOTS.len()];
    // A second file of the same name lies in another folder.
    let path = if number == 0 { slot.path.to_string() } else { format!("{number}/{}", slot.path) };
    Some(Capture {
        id: path.clone(),
        target: None,
        origin: CaptureOrigin::File { path, slot: None },
        status: CaptureStatus::Ok,
        exit: None,
        started: None,
        duration_ms: None,
        stdout: CapturedStream::new(content),
        stderr: None,
    })
}

/// Markdown of somebody else: its HTML holds nothing that runs or leads elsewhere, neither does
/// what is printed of it elsewhere, what is escaped is text, and what is fenced stays in its fence.
pub fn check_markdown(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let links = FactLinks::default();
    let rendered = markdown::to_html(text, &links, &|_, _| None);
    html::assert_harmless(&rendered.html);
    html::assert_no_raw_html(&excerpts::print_note(text, "a note"));
    for heading in rendered.headings.iter().take(3) {
        if let Some(section) = excerpts::extract_section(text, &heading.id, 3, "a section") {
            html::assert_no_raw_html(&section);
        }
    }
    let render = |text: &str| markdown::to_html(text, &links, &|_, _| None).html;
    let escaped = escape::escape_markdown(text);
    let shown = render(&escaped);
    html::assert_harmless(&shown);
    assert!(!shown.contains("<a ") && !shown.contains("<img"), "{escaped:?} is a link: {shown}");
    let fenced = escape::fenced_block("text", &text::split_lines(text.as_bytes()));
    let shown = render(&format!("{fenced}\n\nafter"));
    assert!(shown.ends_with("<p>after</p>\n"), "left its fence: {shown}");
}

/// The output of a probe: every parser reads a value or gives a reason in one line, and lines are
/// made visible.
pub fn check_parsers(data: &[u8]) {
    let output = text::decode_bytes(data);
    for name in parse::NAMES {
        match parse::parse_output(name, &output).expect("a parser of this name") {
            Ok(value) => {
                let json = value.to_string();
                let again: serde_json::Value = serde_json::from_str(&json).expect("JSON");
                assert_eq!(again, value, "{name}");
            }
            Err(unread) => {
                assert_eq!(unread.reason.lines().count(), 1, "{name}: {:?}", unread.reason);
            }
        }
    }
    for line in text::split_lines(data) {
        let shown = text::make_visible(&text::strip_ansi(&line));
        assert!(!shown.chars().any(|c| c != '\t' && text::is_hidden(c)), "{shown:?}");
    }
    let _ =
        hyperfine::read_hyperfine_facts(&[Capture::of_file("x.json", Some("startup.wall"), data)]);
}

/// Identifiers in fuzzed surroundings: none is left.
///
/// The first six bytes are a MAC; 0xFF is between what stands before the identifiers and after.
pub fn check_redaction(data: &[u8]) {
    let Some((mac, rest)) = data.split_first_chunk::<6>() else { return };
    let mut parts = rest.split(|&byte| byte == 0xff).map(text::decode_bytes);
    let mut part = || parts.next().unwrap_or_default();
    let (before, after) = (part(), part());
    // No surroundings make an identifier longer.
    let clean = |text: String| -> String {
        text.chars().filter(|c| !c.is_ascii_hexdigit() && !":-.".contains(*c)).collect()
    };
    let (before, after) = (clean(before), clean(after));
    let mut mac = *mac;
    mac[0] &= 0xfe;
    mac[5] |= 1;
    let mac = mac.map(|byte| format!("{byte:02x}")).join(":");
    let (user, host) = ("zqmartaz", "zqthinkpadz");
    let planted = format!(
        "{before}\n{user}@{host}:~$ ls\n{before} link/ether {mac} brd x\n /home/{user}/x {after} \
         {user} {host}\n{after}\nLinux {host} 6.8.0\n"
    );
    let mut captures = [
        Capture::of_file("a.txt", None, planted.as_bytes()),
        Capture::of_file("b.txt", None, after.as_bytes()),
    ];
    Redactor::new([3; 32]).redact_captures(&mut captures, |_| Facts::new());
    let bytes = captures.iter().flat_map(|capture| capture.stdout.decoded_bytes().expect("bytes"));
    let text = text::decode_bytes(&bytes.collect::<Vec<u8>>());
    assert!(!text.contains(&mac), "{mac} is left: {text}");
    for name in [user, host] {
        let is_left = text.match_indices(name).any(|(at, _)| {
            let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let rest = &text[at + name.len()..];
            !is_letter(text[..at].chars().next_back()) && !is_letter(rest.chars().next())
        });
        assert!(!is_left, "{name} is left: {text}");
    }
}

/// A run file: an error names the file; what is read survives being written, and can be judged.
pub fn check_run_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let path = Path::new("x.json");
    let mut run = match file::from_text(text, path) {
        Err(error) => {
            assert!(error.message.starts_with("x.json"), "{}", error.message);
            return;
        }
        Ok(run) => run,
    };
    let again = file::from_text(&file::to_text(&run), path).expect("what was written can be read");
    assert_eq!(again, run);
    let integrity = integrity::verify_run(&mut run, &SHELF.catalogue);
    let loaded = LoadedRun { run, integrity, origin: "x".into() };
    let _ = Assessment::new(loaded, &SHELF);
}
