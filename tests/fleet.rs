//! Fleets: what commands say of the nodes of a cluster together.

mod support;

use serde_json::Value;
use support::Project;
use support::fleet::{MadeNode, project_with_fleets, write_fleet};

#[test]
fn a_fleet_says_what_each_class_is_on_how_many_nodes_and_why_nothing_is_known() {
    let project = project_with_fleets();
    let text = project.run(&["check", "fleet:latest"]).succeeds().stdout;
    let begin = "Fleet bbbbbbbbbbbb\n\nOn 1 of 4 nodes a class is not what its name says:\n  \
                 host-000001: kata was started as kata, but its facts show the host's kernel.\n";
    assert!(text.starts_with(begin), "{text}");
    assert!(text.contains("kata   Separate kernel  "), "{text}");
    assert!(text.contains("kata on host-000003: the session did not come to it"), "{text}");
    assert!(text.contains("error[runtime-not-what-it-says]: kata was started as kata"), "{text}");
    assert!(text.contains("  on 1 of 4 nodes: host-000001"), "{text}");

    project.run(&["check", "fleet:latest", "--fail-on", "error"]).fails(1, &[]);
    project.run(&["check", "fleet:latest~1", "--fail-on", "error"]).succeeds();
    let json = project.run(&["check", "fleet:bbbb", "--format", "json"]).succeeds().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["nodes"].as_array().unwrap().len(), 4);
    let broken = &json["findings"][0];
    assert_eq!(broken["nodes"], serde_json::json!(["host-000001"]));
}

#[test]
fn a_weaker_verdict_on_any_node_fails_the_gate_and_nodes_that_come_and_go_do_not() {
    let project = project_with_fleets();
    let diff = |a: &str, b: &str| project.run(&["diff", a, b, "--fail-on", "regression"]);
    let text = diff("fleet:latest~1", "fleet:latest").fails(1, &[]).stdout;
    let weaker = "weaker: kata: Shared kernel, medium confidence, was Separate kernel";
    assert!(text.contains(weaker), "{text}");
    assert!(text.contains("  on 1 of 4 nodes: host-000001"), "{text}");
    assert!(text.contains("kernel.release on host: 6.19.1-fc-v700, was 6.18.44-fc-v657"), "{text}");
    // The node that was not reached shows nothing that it showed.
    assert!(text.contains("weaker: kata: Not tested, was Separate kernel"), "{text}");
    diff("fleet:aaaa", "fleet:aaaa").succeeds();

    let nodes: Vec<MadeNode> = (1..6).map(MadeNode::sound).collect();
    write_fleet(project.root(), "cccccccccccc", -1, &nodes);
    let text = diff("fleet:aaaa", "fleet:cccc").succeeds().stdout;
    assert!(text.contains("nodes that are gone: host-000000"), "{text}");
    assert!(text.contains("nodes that came: 2: host-000004, host-000005"), "{text}");
    project.run(&["diff", "fleet:aaaa", "fleet:cccc", "--fail-on", "change"]).fails(1, &[]);
}

#[test]
fn what_a_project_expects_is_expected_of_every_node() {
    let project = project_with_fleets();
    project.write(
        "book.toml",
        "[book]\ntitle = \"Test\"\n[[preprocessor.isoproof.expect]]\nruntime = \"kata\"\n\
         boundary = \"own-kernel\"\nreason = \"customers' code runs there\"\n",
    );
    project.run(&["check", "fleet:aaaa"]).succeeds();
    let text = project.run(&["check", "fleet:bbbb"]).fails(1, &[]).stdout;
    assert!(text.contains("failed on 1 of 4 nodes (host-000001)"), "{text}");
    assert!(text.contains("not decided on 1 of 4 nodes (host-000003)"), "{text}");
    let text = project.run(&["diff", "fleet:aaaa", "fleet:bbbb"]).succeeds().stdout;
    assert!(text.contains("no longer met: "), "{text}");
}

#[test]
fn what_is_no_fleet_or_no_run_is_said() {
    let project = project_with_fleets();
    let fails = |arguments: &[&str], words: &str| project.run(arguments).fails(2, &[words]);
    fails(&["check", "fleet:dddd"], "no fleet `dddd`");
    fails(&["check", "fleet:latest", "--format", "sarif"], "is about a run");
    fails(&["diff", "fleet:latest", "latest"], "a fleet is compared with a fleet");
    fails(&["diff", "fleet:aaaa", "fleet:bbbb", "--format", "html"], "as text or json");
    fails(&["facts", "fleet:latest"], "is a fleet, and a run is wanted here");
    let none = Project::plain();
    let error = none.run(&["check", "fleet:latest"]).fails(2, &["no fleet `latest`"]);
    assert!(error.stderr.contains("isoproof collect --engine kubernetes"), "{}", error.stderr);
}

#[test]
fn the_run_of_a_node_is_shown_and_checked_like_any_other() {
    let project = project_with_fleets();
    let files = project.tree("data/runs");
    let sizes: Vec<usize> = files.values().map(Vec::len).collect();
    let (largest, smallest) = (sizes.iter().max().unwrap(), sizes.iter().min().unwrap());
    assert!(smallest * 4 < *largest, "equal captures are stored once: {sizes:?}");
    for name in files.keys() {
        let id = name.rsplit('/').next().unwrap().trim_end_matches(".json");
        let json = project.run(&["check", id, "--format", "json"]).succeeds().stdout;
        assert!(!json.contains("run-file-changed") && !json.contains("capture-changed"), "{json}");
        let release = project.run(&["show", id, "kata/kernel.release"]).succeeds().stdout;
        assert!(release.contains("6.1"), "{release}");
    }
    // One that is packed says so if what it is packed against is gone.
    let folder = "data/runs/aaaaaaaaaaaa";
    let names = project.names(folder);
    let base = names
        .iter()
        .find(|name| project.read(&format!("{folder}/{name}")).contains("schema_version"));
    std::fs::remove_file(project.path(&format!("{folder}/{}", base.unwrap()))).unwrap();
    let text = project.run(&["check", "fleet:aaaa"]).succeeds().stdout;
    assert!(text.contains("stored as what differs from another run"), "{text}");
}
