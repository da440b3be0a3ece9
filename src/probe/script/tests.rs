//! The generated script against hostile commands in every shell of this machine, and the reading
//! of damaged output.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::probe::catalogue::{ProbeCatalogue, ProbePlace};

const NONCE: &str = "0123456789abcdef0123456789abcdef";

/// The shells of this machine out of those that containers have, each with its arguments.
fn shells() -> Vec<Vec<&'static str>> {
    let known: [&[&str]; 4] = [&["sh"], &["dash"], &["bash", "--posix"], &["busybox", "sh"]];
    let mut programs = BTreeSet::new();
    let there = |shell: &&[&str]| match which(shell[0]).canonicalize() {
        Ok(program) => programs.insert(program),
        Err(error) => {
            eprintln!("skipped: {}: {error}", shell[0]);
            false
        }
    };
    known.into_iter().filter(there).map(<[&str]>::to_vec).collect()
}

/// What the shell prints when the script comes on its standard input.
fn output_of(shell: &[&str], script: &str, path: Option<&Path>) -> Vec<u8> {
    let mut command = Command::new(which(shell[0]));
    command.args(&shell[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    child.wait_with_output().unwrap().stdout
}

fn which(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path).map(|folder| folder.join(program));
    places.find(|place| place.is_file()).unwrap_or_else(|| program.into())
}

/// A folder with only these programs, for use as PATH.
fn path_with(programs: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for program in programs {
        let _ = std::os::unix::fs::symlink(which(program), folder.path().join(program));
    }
    folder
}

fn questions<'a>(commands: &[&'a str]) -> Vec<BatchQuestion<'a>> {
    commands.iter().map(|command| BatchQuestion { id: command, command }).collect()
}

/// Short limits, without a place for files.
fn quick() -> BatchLimits {
    BatchLimits { seconds: 1, bytes: 1000, total: 48 * 1024, places: Vec::new() }
}

/// A folder for files whose name a careless script would split.
fn place() -> (tempfile::TempDir, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().display().to_string();
    (folder, vec!["/nonexistent".to_string(), name])
}

/// The answers of every shell to these commands, with files and with pipes.
fn ask(commands: &[&str], limits: &BatchLimits) -> Vec<BatchAnswers> {
    let questions = questions(commands);
    let answers = |shell: &Vec<&str>, with_files: bool| {
        let (folder, places) = place();
        let places = if with_files { places } else { Vec::new() };
        let script = generate_script(&questions, NONCE, &BatchLimits { places, ..limits.clone() });
        let output = output_of(shell, &script, None);
        let answers = parse_script_output(&output, NONCE, &questions);
        assert!(answers.started && answers.finished, "{shell:?}: {answers:?}");
        assert_eq!(folder.path().read_dir().unwrap().count(), 0, "{shell:?} left files");
        answers
    };
    let shells = shells();
    std::thread::scope(|scope| {
        let both = shells.iter().flat_map(|shell| [(shell, true), (shell, false)]);
        let each = both.map(|(shell, files)| scope.spawn(move || answers(shell, files)));
        let each: Vec<_> = each.collect();
        each.into_iter().map(|answers| answers.join().unwrap()).collect()
    })
}

/// What every shell answers to this command; a question asked after it is answered well.
fn ask_one(command: &str) -> Vec<BatchAnswer> {
    let all = ask(&[command, "echo after"], &quick());
    let first = |mut answers: BatchAnswers| {
        assert_eq!(answers.answers.len(), 2, "{answers:?}");
        let after = answers.answers.pop().unwrap();
        assert_eq!(
            (after.status, after.stdout.as_slice()),
            (CaptureStatus::Ok, b"after\n".as_slice())
        );
        answers.answers.pop().unwrap()
    };
    all.into_iter().map(first).collect()
}

#[test]
fn streams_exit_status_and_time_are_kept_apart() {
    for answer in ask_one("echo out; echo err >&2; exit 3") {
        assert_eq!(answer.exit, Some(3));
        assert_eq!(answer.stdout, b"out\n");
        assert_eq!(answer.stderr, b"err\n");
        assert!(answer.duration_ms.is_none_or(|ms| ms < 1000.0));
    }
}

#[test]
fn time_is_measured_where_the_shell_has_a_clock() {
    for answer in ask_one("sleep 0.2") {
        assert!(answer.duration_ms.is_none_or(|ms| (150.0..900.0).contains(&ms)), "{answer:?}");
    }
}

#[test]
fn bytes_come_out_exactly() {
    let cases: [(&str, &[u8]); 5] = [
        (r"printf 'a\000b\000'", b"a\0b\0"),
        (r"printf '\377\200\r\n\n\n'", b"\xff\x80\r\n\n\n"),
        ("printf 'no line feed'", b"no line feed"),
        (r"printf '<0,1,2>|x .%%0a$(id)`id`*'", b"<0,1,2>|x .%0a$(id)`id`*"),
        (":", b""),
    ];
    for (command, bytes) in cases {
        for answer in ask_one(command) {
            assert_eq!((answer.exit, answer.stdout.as_slice()), (Some(0), bytes), "{command}");
        }
        for answer in ask_one(&format!("{{ {command}; }} >&2")) {
            assert_eq!((answer.exit, answer.stderr.as_slice()), (Some(0), bytes), "{command}");
        }
    }
}

#[test]
fn a_frame_that_a_command_prints_is_only_its_output() {
    let forged = format!("\n@{NONCE} 2 9 od 666f7267656400<0,1,2>| .\n@{NONCE} end 9 .\n");
    for answer in ask_one(&format!("printf '{}'", forged.replace('\n', r"\n"))) {
        assert_eq!(answer.stdout, forged.as_bytes());
    }
}

#[test]
fn nothing_that_a_command_does_to_its_shell_ends_the_batch() {
    for (command, exit) in [
        ("exit 7", Some(7)),
        ("set -eu; false; echo not reached", Some(1)),
        ("set -eu; : $nothing", None),
        ("if then fi (", None),
        ("echo \"open", None),
        ("exec true", Some(0)),
        ("exec sh -c 'exit 5'", Some(5)),
        ("exec 1>&- 2>&-", Some(0)),
        ("trap 'exit 4' EXIT", Some(4)),
        ("cd /; unset PATH; set -f; IFS=0; exit 6", Some(6)),
        ("ask() { :; }; now() { :; }; room=0 i=0 job=1; exit 8", Some(8)),
        ("sh -c 'kill -9 $$'", Some(137)),
        ("cat; echo '{ ('", Some(0)),
        ("return 9", Some(9)),
        ("break; continue", None),
    ] {
        for answer in ask_one(command) {
            if exit.is_some() {
                assert_eq!(answer.exit, exit, "{command}: {answer:?}");
            }
            assert_ne!(answer.status, CaptureStatus::Timeout, "{command}");
        }
    }
}

#[test]
fn killing_the_process_group_ends_only_the_command() {
    if Command::new("setsid").arg("true").output().is_err() {
        eprintln!("skipped: no setsid here");
        return;
    }
    for answer in ask_one("kill -9 0") {
        assert_eq!(answer.status, CaptureStatus::Error, "{answer:?}");
    }
}

#[test]
fn a_command_that_hangs_is_ended_and_what_it_printed_is_kept() {
    for command in ["echo begun; sleep 60", "echo begun; trap '' TERM HUP INT; sleep 61; sleep 62"]
    {
        let start = Instant::now();
        let answers = ask_one(command);
        assert!(start.elapsed() < Duration::from_secs(5 * answers.len() as u64));
        for answer in answers {
            assert_eq!(answer.status, CaptureStatus::Timeout, "{answer:?}");
            assert_eq!(answer.stdout, b"begun\n");
            assert_eq!(answer.stderr, b"");
        }
    }
}

#[test]
fn children_that_outlive_their_command_are_ended_and_hold_nothing_up() {
    for (command, child) in [
        ("echo begun; sleep 60.3 &", "sleep\x0060.3\0"),
        ("echo begun; (sleep 60.4 &) ; (sleep 60.4 & sleep 60.4 &)", "sleep\x0060.4\0"),
    ] {
        for answer in ask_one(command) {
            // Through pipes they run into the time limit: nothing else says that they are there.
            assert!(
                matches!(answer.status, CaptureStatus::Ok | CaptureStatus::Timeout),
                "{answer:?}"
            );
            assert_eq!(answer.stdout, b"begun\n");
            assert_eq!(answer.exit, Some(0));
        }
        let deadline = Instant::now() + Duration::from_secs(5);
        while is_running(child) {
            assert!(Instant::now() < deadline, "{child:?} was left behind");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn is_running(arguments: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut lines = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.any(|line| line == arguments.as_bytes())
}

#[test]
fn long_output_is_cut_quickly() {
    for command in ["head -c 100000000 /dev/zero", "head -c 100000000 /dev/zero >&2", "yes"] {
        let start = Instant::now();
        let answers = ask_one(command);
        assert!(start.elapsed() < Duration::from_secs(2 * answers.len() as u64));
        for answer in answers {
            assert_eq!(answer.status, CaptureStatus::Truncated, "{command}");
            assert_eq!(answer.stdout.len().max(answer.stderr.len()), 1000);
        }
    }
}

#[test]
fn output_at_the_limit_is_whole_and_one_byte_more_is_not() {
    for (command, status) in
        [("printf %01000d 7", CaptureStatus::Ok), ("printf %01001d 7", CaptureStatus::Truncated)]
    {
        for answer in ask_one(command) {
            assert_eq!((answer.status, answer.stdout.len()), (status, 1000));
        }
    }
}

#[test]
fn the_batch_stays_under_its_total_and_says_what_it_cut() {
    let commands = ["printf %0900d 7", "yes", "yes >&2"].repeat(20);
    let questions = questions(&commands);
    let (_folder, places) = place();
    let both = [Vec::new(), places];
    for (shell, places) in shells().iter().flat_map(|shell| both.iter().map(move |p| (shell, p))) {
        let limits = BatchLimits { total: 16 * 1024, places: places.clone(), ..quick() };
        let script = generate_script(&questions, NONCE, &limits);
        let output = output_of(shell, &script, None);
        assert!(output.len() <= limits.total, "{shell:?}: {}", output.len());
        assert!(output.len() > limits.total / 2, "{shell:?}: {}", output.len());
        let answers = parse_script_output(&output, NONCE, &questions);
        assert!(answers.finished);
        let cut =
            answers.unanswered.iter().filter(|(_, why)| *why == CaptureStatus::Unasked).count();
        assert!(cut > 0);
        assert_eq!(answers.answers.len() + cut, commands.len());
    }
}

#[test]
fn every_coding_gives_the_same_bytes() {
    let tools = [("od", "od"), ("xxd", "xxd"), ("hexdump", "hexdump"), ("base64", "base64")];
    let commands = [r"printf 'a\n\n%%<|> \r\t\377 b'", "echo err >&2; exit 2", "printf %01001d 7"];
    let questions = questions(&commands);
    let (_folder, places) = place();
    let both = [Vec::new(), places];
    for (coding, tool) in tools.into_iter().chain([("shell", "id")]) {
        if !which(tool).is_absolute() {
            eprintln!("skipped: no {tool} here");
            continue;
        }
        let path = path_with(&["head", "sleep", "id", "wc", "mkdir", "rm", "cat", tool]);
        let shells = shells().into_iter().filter(|shell| shell[0] != "busybox");
        for (shell, places) in shells.flat_map(|shell| both.clone().map(|p| (shell.clone(), p))) {
            let script = generate_script(&questions, NONCE, &BatchLimits { places, ..quick() });
            let output = output_of(&shell, &script, Some(path.path()));
            let all = parse_script_output(&output, NONCE, &questions);
            assert_eq!(all.coding.as_deref(), Some(coding), "{shell:?}");
            assert_eq!(all.answers.len(), 3, "{shell:?} {coding}: {all:?}");
            assert_eq!(all.answers[0].stdout, b"a\n\n%<|> \r\t\xff b", "{shell:?} {coding}");
            assert_eq!(all.answers[1].stderr, b"err\n", "{shell:?} {coding}");
            assert_eq!(all.answers[1].exit, Some(2), "{shell:?} {coding}");
            assert_eq!(all.answers[2].status, CaptureStatus::Truncated, "{shell:?} {coding}");
        }
    }
}

#[test]
fn without_setsid_the_commands_are_as_well_isolated() {
    let commands =
        ["exit 7", "echo 'open", "exec sleep 60", "echo begun; sleep 61 &", "echo after"];
    let questions = questions(&commands);
    let script = generate_script(&questions, NONCE, &quick());
    let path = path_with(&["od", "sleep", "id", "ls"]);
    use CaptureStatus::{Error, Ok, Timeout};
    for shell in shells().into_iter().filter(|shell| shell[0] != "busybox") {
        let all =
            parse_script_output(&output_of(&shell, &script, Some(path.path())), NONCE, &questions);
        let statuses: Vec<CaptureStatus> = all.answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [Error, Error, Timeout, Timeout, Ok], "{shell:?}: {all:?}");
    }
    // With files nothing waits for children that outlive their command.
    let path = path_with(&["od", "sleep", "id", "ls", "wc", "head", "mkdir", "rm"]);
    let (_folder, places) = place();
    let script = generate_script(&questions, NONCE, &BatchLimits { places, ..quick() });
    for shell in shells().into_iter().filter(|shell| shell[0] != "busybox") {
        let all =
            parse_script_output(&output_of(&shell, &script, Some(path.path())), NONCE, &questions);
        let statuses: Vec<CaptureStatus> = all.answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [Error, Error, Timeout, Ok, Ok], "{shell:?}: {all:?}");
    }
}

#[test]
fn the_whole_catalogue_is_answered_on_this_machine() {
    let catalogue = ProbeCatalogue::load(None).unwrap();
    let host = catalogue.iter_probes().filter(|probe| probe.place.contains(&ProbePlace::Host));
    let questions: Vec<BatchQuestion> =
        host.map(|probe| BatchQuestion { id: &probe.id, command: &probe.command }).collect();
    let (_folder, places) = place();
    let both = [Vec::new(), places];
    for (shell, places) in shells().iter().flat_map(|shell| both.iter().map(move |p| (shell, p))) {
        let limits = BatchLimits { places: places.clone(), ..BatchLimits::default() };
        let script = generate_script(&questions, NONCE, &limits);
        let output = output_of(shell, &script, None);
        let answers = parse_script_output(&output, NONCE, &questions);
        assert_eq!(answers.answers.len(), questions.len(), "{shell:?}: {:?}", answers.unanswered);
        assert!(output.len() < limits.total);
        assert_eq!(answers.stray, b"", "{shell:?}");
        let release = answers.answers.iter().find(|answer| answer.id == "kernel.release").unwrap();
        assert_eq!(release.stdout, Command::new("uname").arg("-r").output().unwrap().stdout);
    }
}

const WHOLE: &str = "\n@N start 0 od uptime .\n\n@N 1 9 od 610a<0,1.00,1.25>| .\n\n@N end 1 .\n";

/// The answers of one question to a text in which `@N ` stands for the marker.
fn read(text: &str) -> BatchAnswers {
    let text = text.replace("@N ", &format!("@{NONCE} "));
    parse_script_output(text.as_bytes(), NONCE, &questions(&["q"]))
}

#[test]
fn a_whole_output_is_read() {
    let all = read(WHOLE);
    assert!(all.started && all.finished);
    assert_eq!((all.uid, all.coding.as_deref()), (Some(0), Some("od")));
    assert_eq!(all.answers[0].stdout, b"a\n");
    assert_eq!(all.answers[0].duration_ms, Some(250.0));
    assert_eq!(all.stray, b"");
}

#[test]
fn a_terminals_line_ends_and_other_lines_do_no_harm() {
    let expected = read(WHOLE);
    assert_eq!(read(&WHOLE.replace('\n', "\r\n")).answers, expected.answers);
    let noisy = WHOLE.replace("\n\n", "\ntime=\"…\" level=warning msg=\"x\"\n");
    assert_eq!(read(&noisy).answers, expected.answers);
    assert_eq!(read(&noisy).stray.iter().filter(|byte| **byte == b'\n').count(), 2);
    let before = read(&format!("motd without end{}", &WHOLE[1..]));
    assert_eq!(before.answers, expected.answers);
    assert_eq!(before.stray, b"motd without end\n");
}

#[test]
fn an_output_that_ends_early_has_no_more_than_came() {
    let whole = read(WHOLE).answers;
    for end in 0..WHOLE.len() {
        let all = read(&WHOLE[..end]);
        assert!(all.answers.is_empty() || all.answers == whole, "{end}: {all:?}");
        assert!(!all.finished || end >= WHOLE.len() - 1, "{end}");
        assert_eq!(all.answers.len() + all.unanswered.len(), 1);
    }
}

#[test]
fn a_damaged_line_is_no_answer() {
    for line in [
        "@N 1 9 od 610a<0,1.00,1.25>|6 .",
        "@N 1 9 od 61level=warning0a<0,1.00,1.25>| .",
        "@N 1 9 od 610a<0,1.00,1.25> .",
        "@N 1 9 od 610a<x,1.00,1.25>| .",
        "@N 1 9 rot13 610a<0,1.00,1.25>| .",
        "@N 1 9 od 610a<0,1.00,1.25>|",
    ] {
        let all = read(&format!("@N start 0 od none .\n{line}\n@N end 1 .\n"));
        assert_eq!(all.answers, [], "{line}");
        assert_eq!(all.unanswered, [("q".into(), CaptureStatus::Damaged)], "{line}");
        assert!(!all.stray.is_empty());
    }
}

#[test]
fn answers_that_come_together_are_told_apart_by_their_sizes() {
    let text =
        "@N start 0 od none .\n@N answers od 1/9/2/1/3/1.00/1.50 2/1/0/2/0// |610a62 6364 .\n";
    let text = text.replace("62 63", "6263").replace("@N ", &format!("@{NONCE} "));
    let all = parse_script_output(text.as_bytes(), NONCE, &questions(&["q", "r"]));
    let seen: Vec<_> = all
        .answers
        .iter()
        .map(|a| (a.exit, a.status, a.duration_ms, a.stdout.as_slice(), a.stderr.as_slice()))
        .collect();
    assert_eq!(
        seen,
        [
            (Some(3), CaptureStatus::Error, Some(500.0), &b"a\n"[..], &b"b"[..]),
            (Some(0), CaptureStatus::Truncated, None, &b""[..], &b"c"[..]),
        ]
    );
}

#[test]
fn answers_whose_sizes_and_bytes_differ_are_none() {
    for frame in [
        "1/9/2/0/0// 2/9/1/0/0// |6162",
        "1/9/1/0/0// 2/9/1/0/0// |616263",
        "1/9/1/0/0 2/9/1/0/0// |6162",
    ] {
        let text = format!("@{NONCE} answers od {frame} .\n");
        let all = parse_script_output(text.as_bytes(), NONCE, &questions(&["q", "r"]));
        assert_eq!(all.answers, [], "{frame}");
        let damaged = |id: &str| (id.to_string(), CaptureStatus::Damaged);
        assert_eq!(all.unanswered, [damaged("q"), damaged("r")], "{frame}");
    }
}

#[test]
fn two_answers_that_differ_are_none() {
    let other = WHOLE.replace("610a", "620a");
    assert_eq!(read(&format!("{WHOLE}{WHOLE}")).answers.len(), 1);
    assert_eq!(read(&format!("{WHOLE}{other}")).unanswered, [("q".into(), CaptureStatus::Damaged)]);
}

#[test]
fn marks_say_how_a_command_ended() {
    let all = read("@N 1 9 od 61<137,1,2>| .\n@N 1 timeout .\n");
    assert_eq!(
        (all.answers[0].status, all.answers[0].stdout.as_slice()),
        (CaptureStatus::Timeout, &b"a"[..])
    );
    assert_eq!(read("@N 1 timeout .\n").answers[0].status, CaptureStatus::Timeout);
    assert_eq!(read("@N 1 lost .\n").answers[0].status, CaptureStatus::Error);
    assert_eq!(read("@N 1 cut .\n").unanswered[0].1, CaptureStatus::Unasked);
    assert_eq!(read("").unanswered[0].1, CaptureStatus::Unreached);
}

#[test]
fn a_clock_that_was_set_back_tells_no_duration() {
    for times in ["2.00,1.00", ",", "nan,nan", "1,inf", "x,y", "1"] {
        let all = read(&format!("@N 1 9 od 61<0,{times}>| .\n"));
        assert_eq!(all.answers[0].duration_ms, None, "{times}");
    }
}

#[test]
fn a_nonce_is_32_hexadecimal_digits_and_never_the_same() {
    let (one, two) = (make_nonce().unwrap(), make_nonce().unwrap());
    assert!(one.len() == 32 && one.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_ne!(one, two);
}

proptest! {
    #[test]
    fn any_bytes_can_be_read(bytes: Vec<u8>) {
        let all = parse_script_output(&bytes, NONCE, &questions(&["q"]));
        prop_assert_eq!(all.answers.len() + all.unanswered.len(), 1);
    }

    #[test]
    fn any_text_that_looks_like_frames_can_be_read(
        text in "(@N |[0-9 ]|start|end|timeout|cut|od|shell|base64|[0-9a-f%<>|,]| \\.|\n|\r){0,60}"
    ) {
        let all = read(&text);
        prop_assert_eq!(all.answers.len() + all.unanswered.len(), 1);
    }
}
