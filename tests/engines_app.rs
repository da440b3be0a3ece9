//! The web application and the shared folder under real engines and runtimes, as
//! `tests/engines/provision.sh up` provides them.
//!
//! They run where `ISOPROOF_ENGINES` is set, as CI does; elsewhere each says why it is skipped.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Outcome, Project};
use serde_json::Value;

/// The machine's image serves pages, too.
const APP: [&str; 4] = ["--app", "alpine:3.19", "--app-command", "httpd -f -p 3000 -h /www"];

/// Whether the engines are there; says so if not.
fn engines() -> bool {
    let wanted = std::env::var_os("ISOPROOF_ENGINES").is_some();
    if !wanted {
        eprintln!("skipped: run tests/engines/provision.sh up and set ISOPROOF_ENGINES=1");
    }
    wanted
}

fn collect<'a>(engine: &'a str, port: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut all =
        vec!["collect", "--engine", engine, "--samples", "0", "--no-perf", "--host-port", port];
    all.extend(more);
    all
}

fn facts(project: &Project) -> Value {
    let outcome = project.run(&["facts", "latest", "--format", "json"]).succeeds();
    serde_json::from_str(&outcome.stdout).unwrap()
}

/// The containers of the sessions of one project: other tests have theirs at the same time.
fn leftovers(project: &Project) -> Vec<String> {
    let sessions = project.tree("data/runs").into_values().filter_map(|bytes| {
        let run: Value = serde_json::from_slice(&bytes).ok()?;
        Some(run["evidence"]["collected"]["session"].as_str()?.to_string())
    });
    let mut left = Vec::new();
    for session in sessions {
        for engine in ["docker", "podman", "nerdctl"] {
            let filter = format!("label=isoproof.session={session}");
            let list = Command::new(engine).args(["ps", "-aq", "--filter", &filter]).output();
            let text = list.map(|output| output.stdout).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            left.extend(text.lines().map(|id| format!("{engine} {id}")));
        }
    }
    left
}

#[track_caller]
fn is_well(facts: &Value, target: &str) {
    assert_eq!(facts["app.health_status"][target]["value"], 200, "{target}: {facts:#}");
    let samples = facts["http.latency"][target]["values"].as_array().unwrap();
    assert_eq!(samples.len(), 50, "{target}");
    assert!(samples.iter().all(|sample| sample.as_f64().unwrap() > 0.0), "{target}");
    assert_eq!(facts["http.statuses"][target]["value"], serde_json::json!({"200": 50}));
}

#[test]
fn an_application_under_docker_is_well_under_runc_and_gvisor() {
    if !engines() {
        return;
    }
    let project = Project::new();
    let runtimes = ["--runtime", "runc", "--runtime", "runsc"];
    let arguments = collect("docker", "3921", &[&APP[..], &runtimes].concat());
    let mut command = project.command(&arguments);
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    Outcome::of(command.output().unwrap()).succeeds();
    let facts = facts(&project);
    is_well(&facts, "runc");
    is_well(&facts, "runsc");
    assert_eq!(facts["app.health_proxied"]["runc"]["missing"], "not asked");
    assert_eq!(facts["escape.host_write"]["runc"]["missing"], "not asked");
    let reason = facts["escape.host_write"]["runc"]["reason"].as_str().unwrap();
    assert!(reason.contains("--allow-privileged"), "{reason}");
    assert_eq!(leftovers(&project), Vec::<String>::new());
}

#[test]
fn an_application_under_nerdctl_and_podman_is_well() {
    if !engines() {
        return;
    }
    for (engine, port) in [("nerdctl", "3922"), ("podman", "3923")] {
        let project = Project::new();
        let arguments = collect(engine, port, &[&APP[..], &["--runtime", "runc"]].concat());
        project.run(&arguments).succeeds();
        is_well(&facts(&project), "runc");
        assert_eq!(leftovers(&project), Vec::<String>::new());
    }
}

#[test]
fn an_engine_that_publishes_no_ports_says_so_in_place_of_the_facts() {
    if !engines() {
        return;
    }
    let project = Project::new();
    // It was named, and was not tested.
    let arguments = collect("ctr", "3924", &[&APP[..], &["--runtime", "runc"]].concat());
    project.run(&arguments).fails(1, &["application: the engine ctr does not publish ports"]);
    let facts = facts(&project);
    let health = &facts["app.health_status"]["runc"];
    assert_eq!(health["missing"], "not asked");
    assert_eq!(health["reason"], "the engine ctr does not publish ports");
    project.run(&["build"]).succeeds();
}

#[test]
fn a_busy_port_is_an_error_before_anything_is_started() {
    if !engines() {
        return;
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let project = Project::new();
    let arguments = collect("docker", &port, &[&APP[..], &["--runtime", "runc"]].concat());
    let begun = Instant::now();
    project.run(&arguments).fails(3, &[&port, "--host-port", "--no-app"]);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(!project.path("data/runs").exists());
    // Without the application nobody needs the port.
    let arguments = collect("docker", &port, &["--no-app", "--runtime", "runc"]);
    project.run(&arguments).succeeds();
    let reason = facts(&project)["app.health_status"]["runc"]["reason"].to_string();
    assert!(reason.contains("--no-app"), "{reason}");
}

/// A proxy that refuses everything, for as long as the test runs.
fn refusing_proxy() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(
                b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            );
        }
    });
    format!("http://user:secret@{address}")
}

#[test]
fn a_proxy_that_answers_for_localhost_is_recognised_and_its_password_is_not_kept() {
    if !engines() {
        return;
    }
    let project = Project::new();
    let arguments = collect("docker", "3925", &[&APP[..], &["--runtime", "runc"]].concat());
    let mut command = project.command(&arguments);
    command.env("http_proxy", refusing_proxy()).env_remove("no_proxy").env_remove("NO_PROXY");
    Outcome::of(command.output().unwrap()).succeeds();
    let facts = facts(&project);
    is_well(&facts, "runc");
    assert_eq!(facts["app.health_proxied"]["runc"]["value"], 503);
    let check = project.run(&["check", "latest"]);
    assert!(check.stdout.contains("warning[proxy-answers-for-localhost]"), "{check:?}");
    for bytes in project.tree("data").into_values() {
        assert!(!String::from_utf8_lossy(&bytes).contains("secret"));
    }
}

#[test]
fn an_application_that_ends_at_once_is_told_as_one_and_ends_the_command() {
    if !engines() {
        return;
    }
    let project = Project::new();
    let more = ["--app", "alpine:3.19", "--app-command", "echo gone", "--runtime", "runc"];
    let words = "runc: the application ended with exit status 0: gone";
    project.run(&collect("docker", "3926", &more)).fails(1, &[words]);
    let check = project.run(&["check"]);
    assert!(check.stdout.contains("application-ended"), "{check:?}");
    assert!(!check.stdout.contains("health-not-ok"), "{check:?}");
    let facts = facts(&project);
    assert_eq!(facts["app.health_status"]["runc"]["value"], 0, "{facts:#}");
    assert_eq!(facts["http.latency"]["runc"]["missing"], "error");
    let log = project.run(&["show", "latest", "runc/app.log"]).succeeds();
    assert!(log.stdout.contains("gone"), "{log:?}");
}

#[test]
fn a_shared_file_changes_under_runc_and_gvisor_and_not_under_a_machine_that_copies() {
    if !engines() {
        return;
    }
    let project = Project::new();
    let temporary = tempfile::tempdir().unwrap();
    let runtimes = ["--runtime", "runc", "--runtime", "runsc", "--runtime", "vm"];
    let more = [&["--no-app", "--allow-privileged"], &runtimes[..]].concat();
    let mut command = project.command(&collect("docker", "3927", &more));
    command.env("TMPDIR", temporary.path());
    Outcome::of(command.output().unwrap()).succeeds();
    let facts = facts(&project);
    for (target, outcome, file) in [
        ("runc", "host_modified", "appended"),
        ("runsc", "host_modified", "appended"),
        ("vm", "host_unmodified_container_saw_write", "unchanged"),
    ] {
        assert_eq!(facts["escape.host_write"][target]["value"], outcome, "{target}: {facts:#}");
        assert_eq!(facts["escape.host_file"][target]["value"], file, "{target}");
    }
    // Where a privileged container does not start, that is what is said.
    let privileged = facts["escape.host_write_privileged"]["runc"]["value"].as_str().unwrap();
    let is_told = facts["escape.privileged_dev_entries"]["runc"]["value"].is_number();
    assert_eq!(privileged == "container_not_started", !is_told, "{privileged}");
    assert!(facts["escape.privileged_dev_entries"]["runsc"]["value"].is_number());
    // The file by which sessions wait for each other stays: another may be waiting at it.
    let left = std::fs::read_dir(temporary.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name != "isoproof.turn").collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(leftovers(&project), Vec::<String>::new());
}

#[test]
fn ctrl_c_removes_the_application_within_two_seconds() {
    if !engines() {
        return;
    }
    let project = Project::new();
    // It never answers, so that the signal meets it.
    let more = ["--app", "alpine:3.19", "--app-command", "sleep 300", "--runtime", "runc"];
    let arguments = collect("docker", "3928", &more);
    let mut child = project.command(&arguments).stdout(Stdio::null()).spawn().unwrap();
    let running = || {
        let filter = ["ps", "-q", "--filter", "publish=3928"];
        let list = Command::new("docker").args(filter).output().unwrap();
        !list.stdout.is_empty()
    };
    let end = Instant::now() + Duration::from_secs(60);
    while !running() {
        assert!(Instant::now() < end, "the application was not started");
        std::thread::sleep(Duration::from_millis(50));
    }
    let begun = Instant::now();
    let pid = child.id().to_string();
    Command::new("kill").args(["-s", "INT", &pid]).status().unwrap();
    child.wait().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert!(!running());
    assert_eq!(leftovers(&project), Vec::<String>::new());
    let reason = facts(&project)["app.health_status"]["runc"]["reason"].to_string();
    assert!(reason.contains("stopped"), "{reason}");
}
