//! Seven runs of a host with pure cgroup v2, four of them with a real Kata: what is concluded from
//! them stays what it is.

use crate::support::{Project, own_path};
use serde_json::Value;

/// The names of the files in `tests/kata`.
const RUNS: [&str; 7] =
    ["three-runtimes", "nerdctl", "privileged", "interrupted", "v2-ctr", "v2-docker", "v2-podman"];

/// What a run shows: verdicts with what decides them, findings, and the phases of its starts.
fn summary(project: &Project, name: &str) -> String {
    let file = format!("data/runs/{name}.json");
    let told = project.run(&["check", &file]).stdout;
    let facts = project.run(&["facts", &file, "--format", "json"]).succeeds().stdout;
    let facts: Value = serde_json::from_str(&facts).unwrap();
    let mut text = format!("{told}\nPhases\n");
    for (id, by_target) in facts.as_object().unwrap() {
        if let Some(phase) = id.strip_prefix("startup.phase.") {
            for (target, fact) in by_target.as_object().unwrap() {
                let shown = fact.get("values").or(fact.get("reason")).unwrap_or(&Value::Null);
                text.push_str(&format!("{phase} {target}: {shown}\n"));
            }
        }
    }
    text
}

fn project_with_runs() -> Project {
    let project = Project::new();
    for name in RUNS {
        let run = std::fs::read(own_path(&format!("tests/kata/{name}.json"))).unwrap();
        project.write(&format!("data/runs/{name}.json"), run);
    }
    project
}

#[test]
fn what_a_real_kata_and_hosts_with_cgroup_v2_show() {
    let project = project_with_runs();
    for name in RUNS {
        let text = summary(&project, name);
        assert!(!text.contains("run-altered"), "{name}: nobody changed it\n{text}");
        assert!(!text.contains("against:"), "{name}: nothing speaks against a verdict\n{text}");
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn the_picture_for_previews_shows_the_strongest_boundary_first_and_counts_the_rest() {
    let project = Project::new();
    let shown = |name: &str| {
        project.run(&["build", "--run", own_path(name).to_str().unwrap()]).succeeds();
        let card = project.read("public/card.svg");
        let names = regex::Regex::new("650\">([^<]*)</tspan>").unwrap();
        let names: Vec<String> = names.captures_iter(&card).map(|it| it[1].into()).collect();
        (names.join(", "), card.contains("more</text>"))
    };
    assert_eq!(shown("tests/kata/three-runtimes.json"), ("Kata, gVisor, runc".into(), false));
    let four = "tests/runs/20261124T200059Z-540f7ff3.json";
    assert_eq!(shown(four), ("vm, gVisor, runc, crun".into(), false));
    let mut run: Value = serde_json::from_slice(&std::fs::read(own_path(four)).unwrap()).unwrap();
    let more = serde_json::json!({ "name": "fifth", "role": "candidate" });
    run["targets"].as_array_mut().unwrap().push(more);
    let five = project.path("five.json");
    std::fs::write(&five, run.to_string()).unwrap();
    let (names, says_more) = shown(five.to_str().unwrap());
    assert_eq!((names.split(", ").count(), says_more), (3, true), "{names}");
}

#[test]
fn sessions_of_another_engine_and_interrupted_ones_are_no_changes() {
    let project = project_with_runs();
    project.run(&["build", "--run", "data/runs/interrupted.json"]).succeeds();
    let page = project.read("public/runs/trends.html");
    for engine in ["ctr", "nerdctl", "podman", "docker"] {
        assert!(page.contains(&format!("Start to first output with {engine}</h2>")), "{engine}");
    }
    assert_eq!(page.matches("host was emulated in software").count(), 8, "two series of each");
    for words in ["26.1.5", "Not tested", "Inconclusive", "with the 95 %", ">2026-11-26</text>"] {
        assert!(!page.contains(words), "{words}");
    }
    assert!(page.contains("3 of 7 runs were compared with one before"), "{page}");
    let overview = project.read("public/index.html");
    assert!(overview.contains("This session was interrupted and shows nothing of Kata."));
}

/// The document about one of the runs, for an edition of the lab.
fn submission(name: &str, edition: &str) -> String {
    let project = Project::new();
    let run = own_path(&format!("tests/kata/{name}.json"));
    let run = run.to_str().unwrap();
    project
        .run(&["build", "--run", run, "--edition", edition, "--submission", "sub.md"])
        .succeeds();
    project.read("sub.md")
}

#[test]
fn a_requirement_is_shown_only_where_the_report_says_all_that_it_asks_for() {
    let state = |text: &str, id: &str| {
        let row = text.lines().find(|line| line.starts_with(&format!("| {id} |"))).unwrap();
        row.rsplit(" | ").next().unwrap().trim_end_matches(" |").to_string()
    };
    let three = submission("three-runtimes", "s26");
    assert!(state(&three, "s26.2.startup").contains("3 of 5 samples"), "{three}");
    assert_eq!(
        state(&three, "s26.2.devices"),
        "shown; for the author to add: the names and their difference"
    );
    let explained = state(&three, "s26.2.explain");
    assert!(explained.contains("in part; nothing follows from"), "{explained}");
    assert!(!three.contains("[x]"), "{three}");
    let privileged = submission("privileged", "s26");
    assert!(privileged.contains("The runtime of Kata states version `3.23.0`"), "{privileged}");
    for id in ["s26.1.install", "s26.1.explain", "s26.3.vector"] {
        assert!(state(&privileged, id).contains("for the author to add"), "{id}");
    }
    assert!(!privileged.contains("[x]"), "{privileged}");
    let nerdctl = submission("nerdctl", "f25");
    let http = state(&nerdctl, "f25.4.http");
    assert_eq!(http, "shown in part; missing: HTTP latency, runc: 20 of 50 samples");
    let costs = state(&nerdctl, "f25.4.explain");
    assert!(costs.starts_with("*not explained*: Start to removal, Kata: the host"), "{costs}");
    assert!(!nerdctl.contains("[x] Task 4"), "{nerdctl}");
    // Other containers ran where one did not start.
    assert!(state(&nerdctl, "f25.1.run").starts_with("shown"), "{nerdctl}");
}

#[test]
fn what_a_stopped_session_did_not_come_to_is_blamed_on_nobody_else() {
    let project = Project::new();
    let run = own_path("tests/kata/interrupted.json");
    let run = run.to_str().unwrap();
    let facts = project.run(&["facts", run, "--format", "json"]).succeeds().stdout;
    let facts: Value = serde_json::from_str(&facts).unwrap();
    let version = &facts["runtime.version"]["kata"];
    assert_eq!(version["reason"], "it was stopped after 13 ms, before an answer");
    project.run(&["build", "--run", run]).succeeds();
    for page in ["public/index.html", "public/performance.html"] {
        let text = project.read(page);
        assert!(!text.contains("did not include that probe"), "{page}");
    }
}

#[test]
fn trends_say_that_stopped_sessions_leave_verdicts_out() {
    let project = project_with_runs();
    project.run(&["build"]).succeeds();
    let text = project.read("public/runs/trends.html");
    assert!(text.contains("1 session was stopped by the user."), "{text}");
}

#[test]
fn a_run_of_the_host_alone_has_a_report() {
    let mut run: Value =
        serde_json::from_slice(&std::fs::read(own_path("tests/vm/runs/docker.json")).unwrap())
            .unwrap();
    run["targets"].as_array_mut().unwrap().retain(|target| target["role"] == "host");
    run["captures"].as_array_mut().unwrap().retain(|it| it["target"] == "host");
    for by_target in run["facts"].as_object_mut().unwrap().values_mut() {
        by_target.as_object_mut().unwrap().retain(|target, _| target == "host");
    }
    let project = Project::new();
    project.write("data/runs/host.json", run.to_string());
    project.run(&["build"]).succeeds();
    let text = project.read("public/index.html");
    assert!(text.contains("This run tested no runtime."), "{text}");
    assert!(!text.contains("#not_captured"), "{text}");
}
