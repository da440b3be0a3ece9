//! Measurements with real engines and runtimes, as `tests/engines/provision.sh up` provides them.
//! What they show is not how long something takes, but that the record is whole.
//!
//! They run where `ISOPROOF_ENGINES` is set, as CI does; elsewhere each says why it is skipped.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Project, engines, nerdctl};
use serde_json::Value;

/// The runtimes of an engine that are measured, as options.
fn runtimes(engine: &str) -> [&'static str; 4] {
    match engine {
        "docker" | "podman" => ["--runtime", "runc", "--runtime", "runsc"],
        _ => ["--runtime", "runc", "--runtime", "runsc=io.containerd.runsc.v1"],
    }
}

fn collect(project: &Project, engine: &str, more: &[&str]) -> Value {
    let arguments = [&["collect", "--engine", engine][..], &runtimes(engine), more].concat();
    let said = project.run(&arguments).succeeds().stderr;
    // How long it takes is said before it is measured, and held against what it took.
    let is_measured = more.contains(&"--app") || !more.ends_with(&NOTHING);
    assert_eq!(said.contains(" in all; --quick "), is_measured, "{said}");
    assert_eq!(said.contains(" (expected: "), is_measured, "{said}");
    facts(project)
}

/// Leaves out all that is measured.
const NOTHING: [&str; 4] = ["--samples", "0", "--no-app", "--no-perf"];

fn facts(project: &Project) -> Value {
    let outcome = project.run(&["facts", "latest", "--format", "json"]).succeeds();
    serde_json::from_str(&outcome.stdout).unwrap()
}

fn show(project: &Project, capture: &str) -> String {
    project.run(&["show", "latest", capture, "--raw"]).succeeds().stdout
}

#[track_caller]
fn series(facts: &Value, id: &str, target: &str) -> Vec<f64> {
    let fact = &facts[id][target];
    assert_eq!(fact["unit"], "s", "{id} {target}: {fact}");
    assert!(fact["capture"].is_string(), "{id} {target}: {fact}");
    let values = fact["values"].as_array().unwrap();
    values.iter().map(|value| value.as_f64().unwrap()).collect()
}

/// The figure of each line of a record that begins with `outcome`.
fn column(record: &str, outcome: &str, name: &str) -> Vec<String> {
    let columns = record.lines().find_map(|line| line.strip_prefix("columns ")).unwrap();
    let place = columns.split(' ').position(|column| column == name).unwrap();
    let lines = record.lines().filter(|line| line.split(' ').next() == Some(outcome));
    lines.map(|line| line.split(' ').nth(place).unwrap().to_string()).collect()
}

#[test]
fn start_up_has_two_figures_a_control_and_phases_under_every_engine() {
    if !engines() {
        return;
    }
    for engine in ["docker", "podman", "nerdctl", "ctr"] {
        if engine == "nerdctl" && !nerdctl() {
            continue;
        }
        let project = Project::new();
        let facts = collect(&project, engine, &["--samples", "3", "--no-app", "--no-perf"]);
        for target in ["runc", "runsc"] {
            let (first, wall) = (
                series(&facts, "startup.first_byte", target),
                series(&facts, "startup.wall", target),
            );
            assert_eq!((first.len(), wall.len()), (3, 3), "{engine} {target}");
            assert!(first.iter().zip(&wall).all(|(first, wall)| first < wall), "{engine} {target}");
            assert_eq!(series(&facts, "startup.cold_cache", target).len(), 1, "{engine} {target}");
            phases_add_up(&facts, engine, target, &wall);
            the_usage_is_recorded(&show(&project, &format!("{target}/startup.samples")));
        }
        for control in ["startup.control.first_byte", "startup.control.wall"] {
            assert_eq!(series(&facts, control, "runc").len(), 3, "{engine} {control}");
            assert_eq!(facts[control]["runsc"], Value::Null, "{engine} {control}");
        }
        the_order_is_recorded(&project);
        project.run(&["build"]).succeeds();
    }
}

/// The phases of each sample follow one another from the client's start to its end. On podman and
/// containerd the client can be gone before the removal is reported.
#[track_caller]
fn phases_add_up(facts: &Value, engine: &str, target: &str, wall: &[f64]) {
    let mut names = vec!["client", "create", "start", "run", "removal"];
    match engine {
        "docker" => names.push("network"),
        _ => assert_eq!(facts["startup.phase.network"][target]["missing"], "not stated"),
    }
    let phases: Vec<Vec<f64>> =
        names.iter().map(|name| series(facts, &format!("startup.phase.{name}"), target)).collect();
    for (index, wall) in wall.iter().enumerate() {
        assert!(phases.iter().all(|phase| phase[index] >= 0.0), "{engine} {target}: {phases:?}");
        let sum: f64 = phases.iter().map(|phase| phase[index]).sum();
        assert!((sum - wall).abs() < 0.05 * wall, "{engine} {target}: {sum} of {wall}");
    }
}

/// The engine's client is a program of its own: it uses time and memory, whatever the children of
/// isoproof use together.
#[track_caller]
fn the_usage_is_recorded(record: &str) {
    let memory = column(record, "ok", "max_rss_kb");
    assert!(memory.iter().all(|kb| kb.parse::<u64>().unwrap() > 1000), "{record}");
    let user = column(record, "ok", "user_s");
    let system = column(record, "ok", "system_s");
    for (user, system) in user.iter().zip(&system) {
        let used: f64 = user.parse::<f64>().unwrap() + system.parse::<f64>().unwrap();
        assert!(used > 0.0, "{record}");
    }
}

/// Each round has each arm once, and the places of the session are all taken.
#[track_caller]
fn the_order_is_recorded(project: &Project) {
    let mut turns = Vec::new();
    for capture in ["runc/startup.samples", "runc/startup.control", "runsc/startup.samples"] {
        let record = show(project, capture);
        assert!(record.contains("warmup 1 of each discarded"), "{record}");
        assert!(record.contains(" echo ready\n"), "{record}");
        let places = column(&record, "ok", "place").into_iter();
        let rounds = column(&record, "ok", "round").into_iter();
        assert_eq!(rounds.clone().collect::<Vec<_>>(), ["2", "3", "4"], "{record}");
        turns.extend(places.map(|place| place.parse::<u32>().unwrap()));
    }
    turns.sort_unstable();
    assert_eq!(turns, (4..=12).collect::<Vec<_>>());
}

#[test]
fn a_start_that_fails_is_in_the_record_and_not_in_the_series() {
    if !engines() {
        return;
    }
    let project = Project::new();
    // Every third call of this docker that starts a measured container fails.
    let count = project.path("count");
    project.write(
        "bin/docker",
        format!(
            "#!/bin/sh\ncase \"$*\" in 'run '*-start[0-9]*)\n  echo x >>{0}\n  \
             if [ $(($(wc -l <{0}) % 3)) = 0 ]; then echo 'no such luck' >&2; exit 125; fi\nesac\n\
             exec /usr/bin/env PATH=\"$OLD_PATH\" docker \"$@\"\n",
            count.display()
        ),
    );
    let path = std::env::var("PATH").unwrap();
    let mode = Command::new("chmod").arg("+x").arg(project.path("bin/docker")).status();
    assert!(mode.unwrap().success());
    let arguments = ["collect", "--engine", "docker", "--runtime", "runc", "--samples", "6"];
    let output = project
        .command(&[&arguments[..], &["--warmup", "0", "--no-app", "--no-perf"]].concat())
        .env("OLD_PATH", &path)
        .env("PATH", format!("{}:{path}", project.path("bin").display()))
        .output();
    crate::support::Outcome::of(output.unwrap()).succeeds();
    let facts = facts(&project);
    let both =
        ["startup.samples", "startup.control"].map(|id| show(&project, &format!("runc/{id}")));
    let failed: usize = both.iter().map(|record| column(record, "failed", "place").len()).sum();
    assert_eq!(failed, 4, "{both:?}");
    assert!(both.iter().any(|record| record.contains(": no such luck\n")), "{both:?}");
    let kept = series(&facts, "startup.wall", "runc").len()
        + series(&facts, "startup.control.wall", "runc").len();
    assert_eq!(kept, 8);
}

#[test]
fn a_series_ends_when_its_time_is_used_up_and_says_so() {
    if !engines() {
        return;
    }
    let project = Project::new();
    let begun = Instant::now();
    let facts = collect(
        &project,
        "docker",
        &["--samples", "1000", "--warmup", "0", "--max-time", "6", "--no-app", "--no-perf"],
    );
    assert!(begun.elapsed() < Duration::from_secs(60));
    let n = series(&facts, "startup.first_byte", "runc").len();
    assert!((1..100).contains(&n), "{n}");
    let record = show(&project, "runc/startup.samples");
    assert!(record.contains("ended early: the time of --max-time was used up\n"), "{record}");
    assert!(record.contains(" of 1000\n"), "{record}");
}

#[test]
fn a_budget_is_spent_and_recorded_and_the_least_is_measured_with_any() {
    if !engines() {
        return;
    }
    for (budget, least) in [("20s", 7), ("1s", 6)] {
        let project = Project::new();
        let arguments = ["collect", "--engine", "docker", "--runtime", "runc", "--no-app"];
        let options = ["--no-perf", "--budget", budget];
        let said = project.run(&[&arguments[..], &options].concat()).succeeds().stderr;
        assert_eq!(said.contains("than the 1 s of --budget"), least == 6, "{said}");
        let n = series(&facts(&project), "startup.first_byte", "runc").len();
        assert!((least..100).contains(&n) && (least > 6 || n == 6), "{budget}: {n}");
        let record = show(&project, "runc/startup.samples");
        let asked = format!("budget {} for the session: 6 rounds, and", budget.replace('s', " s"));
        assert!(record.contains(&asked), "{record}");
        assert!(record.contains(&format!("rounds {n} of {n}\n")), "{record}");
    }
}

#[test]
fn without_samples_nothing_is_started_to_be_measured() {
    if !engines() {
        return;
    }
    let project = Project::new();
    let facts = collect(&project, "docker", &NOTHING);
    for id in ["startup.first_byte", "startup.wall", "startup.cold_cache", "startup.phase.run"] {
        assert_eq!(facts[id]["runc"]["missing"], "not asked", "{id}");
        assert_eq!(facts[id]["runc"]["reason"], "left out with --samples 0", "{id}");
    }
    assert_eq!(facts["perf.cpu_loop"]["runc"]["reason"], "left out with --no-perf");
}

/// The machine's image serves pages, too.
const APP: [&str; 4] = ["--app", "alpine:3.19", "--app-command", "httpd -f -p 3000 -h /www"];

#[test]
fn latency_has_its_parts_its_conditions_and_a_floor() {
    if !engines() {
        return;
    }
    for (engine, port) in [("docker", "3941"), ("podman", "3942"), ("nerdctl", "3943")] {
        if engine == "nerdctl" && !nerdctl() {
            continue;
        }
        let project = Project::new();
        let more =
            [&APP[..], &["--samples", "0", "--requests", "20", "--no-perf", "--host-port", port]];
        let facts = collect(&project, engine, &more.concat());
        for target in ["runc", "runsc"] {
            let parts = ["http.latency_connect", "http.latency_first_byte", "http.latency"];
            let [connect, first, total] = parts.map(|id| series(&facts, id, target));
            assert_eq!(
                (connect.len(), first.len(), total.len()),
                (20, 20, 20),
                "{engine} {target}"
            );
            for index in 0..20 {
                assert!(connect[index] < first[index] && first[index] <= total[index]);
            }
            assert_eq!(facts["http.statuses"][target]["value"], serde_json::json!({"200": 20}));
            let record = show(&project, &format!("{target}/http.new"));
            assert!(record.contains("connection a new one for each request"), "{record}");
            assert!(record.contains("model closed"), "{record}");
            // This server closes every connection, so there is nothing to be measured.
            let kept = &facts["http.latency_keepalive"][target];
            assert!(kept["reason"].to_string().contains("closes the connection"), "{kept}");
        }
        assert_eq!(series(&facts, "http.floor", "host").len(), 40, "{engine}");
        project.run(&["build"]).succeeds();
    }
}

#[test]
fn requests_at_a_rate_are_due_at_even_distances() {
    if !engines() {
        return;
    }
    let project = Project::new();
    let options =
        ["--samples", "0", "--requests", "15", "--rate", "20", "--host-port", "3944", "--no-perf"];
    collect(&project, "docker", &[&APP[..], &options].concat());
    let record = show(&project, "runc/http.new");
    assert!(record.contains("model open: 20 requests a second are due"), "{record}");
    let due: Vec<f64> =
        column(&record, "ok", "due_s").iter().map(|due| due.parse().unwrap()).collect();
    assert_eq!(due.len(), 15, "{record}");
    assert!(due.windows(2).all(|pair| (pair[1] - pair[0] - 0.05).abs() < 1e-5), "{due:?}");
    let number = |name| column(&record, "ok", name).iter().map(|n| n.parse().unwrap()).collect();
    let (begun, total): (Vec<f64>, Vec<f64>) = (number("begun_s"), number("total_s"));
    for index in 0..15 {
        assert!(begun[index] >= due[index] && total[index] >= begun[index] - due[index]);
    }
}

#[test]
fn speed_inside_is_measured_in_turns_with_its_resolution() {
    if !engines() {
        return;
    }
    for engine in ["docker", "podman", "nerdctl", "ctr"] {
        if engine == "nerdctl" && !nerdctl() {
            continue;
        }
        let project = Project::new();
        let more = ["--samples", "0", "--no-app", "--io-size", "256", "--max-time", "1"];
        let facts = collect(&project, engine, &more);
        let run = project.read(&format!("data/runs/{}", project.names("data/runs")[0]));
        let run: serde_json::Value = serde_json::from_str(&run).unwrap();
        for target in ["runc", "runsc"] {
            // The measures begin one after the other.
            let times = ["perf.cpu_loop", "perf.io_write", "perf.io_read"].map(|id| {
                let id = format!("{target}/{id}");
                let mut captures = run["captures"].as_array().unwrap().iter();
                captures.find(|capture| capture["id"] == id.as_str()).unwrap()["started"].clone()
            });
            assert!(times.is_sorted_by_key(ToString::to_string), "{times:?}");
            assert!(times[0] != times[1] && times[1] != times[2], "{times:?}");
            for id in ["perf.cpu_loop", "perf.syscall", "perf.fork_exec", "perf.file_create"] {
                let values = series(&facts, id, target);
                assert!(!values.is_empty(), "{engine} {target} {id}");
                let record = show(&project, &format!("{target}/{id}"));
                assert!(record.contains("resolution 0.01 s"), "{record}");
                let number = |name| -> Vec<f64> {
                    let column = column(&record, "ok", name);
                    column.iter().map(|word| word.parse().unwrap()).collect()
                };
                let (times, counts) = (number("real_s"), number("iterations"));
                let rows = values.iter().zip(times).zip(counts).zip(number("empty_s"));
                for (((value, time), count), empty) in rows {
                    assert!(time >= 0.1 && count >= 1.0, "{record}");
                    // What the command takes without an iteration is not part of one.
                    assert!((value * count / (time - empty) - 1.0).abs() < 1e-4, "{record}");
                }
            }
            // gVisor may keep the file in memory: that can be too fast for the clock.
            for id in ["perf.io_write", "perf.io_read"] {
                let reason = facts[id][target]["reason"].as_str().unwrap_or_default();
                let is_told = reason.is_empty() && !series(&facts, id, target).is_empty();
                assert!(is_told || reason.contains("resolution"), "{engine} {target}: {reason}");
                let record = show(&project, &format!("{target}/{id}"));
                assert_eq!(column(&record, "ok", "iterations"), ["256"], "{record}");
            }
            assert_eq!(facts["perf.io_size"][target]["value"], 256, "{engine} {target}");
            let backing = facts["perf.io_backing"][target]["value"].as_str().unwrap();
            assert!(backing.contains(" on the host, below /"), "{backing}");
            for inside in ["mem.total_kb", "mem.available_kb"] {
                assert!(facts[inside][target]["value"].as_u64().unwrap() > 1000, "{inside}");
            }
            assert!(facts["host.mem_pss"][target]["value"].as_u64().unwrap() > 100, "{engine}");
        }
        // A loop of gVisor has fewer iterations in its second: each target has its own number.
        let first = |target, name| {
            let record = show(&project, &format!("{target}/perf.fork_exec"));
            column(&record, "ok", name)[0].parse::<f64>().unwrap()
        };
        assert!(first("runsc", "iterations") < first("runc", "iterations"), "{engine}");
        project.run(&["build"]).succeeds();
    }
}

#[test]
fn a_file_that_does_not_fit_is_refused_before_anything_is_started() {
    if !engines() {
        return;
    }
    for engine in ["docker", "podman", "nerdctl", "ctr"] {
        if engine == "nerdctl" && !nerdctl() {
            continue;
        }
        let project = Project::new();
        let arguments = ["collect", "--engine", engine, "--no-app", "--io-size", "1048576"];
        let begun = Instant::now();
        project.run(&arguments).fails(3, &["1048576 MiB does not fit", "--io-size", "--no-perf"]);
        assert!(begun.elapsed() < Duration::from_secs(10), "{engine}");
        assert!(!project.path("data/runs").exists(), "{engine}");
    }
}

/// Whether a process of this session listens to events.
fn listeners() -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains("docker\0events\0--filter")).count()
}

#[track_caller]
fn interrupted(signal: &str) -> Project {
    let project = Project::new();
    let arguments = [
        "collect",
        "--engine",
        "docker",
        "--runtime",
        "runc",
        "--samples",
        "1000",
        "--no-app",
        "--no-perf",
    ];
    let mut child = project
        .command(&arguments)
        .arg("--verbose")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = std::io::BufReader::new(child.stderr.take().unwrap());
    let in_round_4 = std::io::BufRead::lines(said)
        .map_while(Result::ok)
        .any(|line| line.contains("start-up: round 4 of"));
    assert!(in_round_4);
    assert_eq!(listeners(), 2, "the guard and its listener");
    let sent = Instant::now();
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
    child.wait().unwrap();
    assert!(sent.elapsed() < Duration::from_secs(2), "{signal}: {:?}", sent.elapsed());
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(listeners(), 0, "{signal}");
    project
}

#[test]
fn speed_that_was_measured_before_an_interruption_is_kept() {
    if !engines() {
        return;
    }
    let project = Project::new();
    let arguments = ["collect", "--engine", "docker", "--runtime", "runc", "--samples", "0"];
    let mut command = project.command(&arguments);
    command.args(["--no-app", "--io-size", "64", "--verbose"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let said = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut lines = std::io::BufRead::lines(said).map_while(Result::ok);
    assert!(lines.any(|line| line.contains("speed inside: round 3 of")));
    let sent = Instant::now();
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-s", "INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(sent.elapsed() < Duration::from_secs(2), "{:?}", sent.elapsed());
    assert!(series(&facts(&project), "perf.cpu_loop", "runc").len() >= 2);
    let record = show(&project, "runc/perf.cpu_loop");
    assert!(record.contains("ended early: stopped by the user"), "{record}");
}

#[test]
fn what_was_measured_before_an_interruption_is_kept() {
    if !engines() {
        return;
    }
    let project = interrupted("INT");
    let facts = facts(&project);
    assert!(series(&facts, "startup.first_byte", "runc").len() >= 2);
    let record = show(&project, "runc/startup.samples");
    assert!(record.contains("ended early: stopped by the user\n"), "{record}");
    assert_eq!(column(&record, "failed", "place"), Vec::<String>::new(), "{record}");
}

#[test]
fn no_listener_outlives_a_session_that_was_killed() {
    if !engines() {
        return;
    }
    interrupted("KILL").run(&["clean"]).succeeds();
}
