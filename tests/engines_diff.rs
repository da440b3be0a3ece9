//! Comparisons of real runs, as `tests/engines/provision.sh up` provides the engines.
//!
//! They run where `ISOPROOF_ENGINES` is set, as CI does; elsewhere each says why it is skipped.

use std::collections::BTreeSet;

use crate::support::{Project, engines};
use isoproof::model::Role;
use isoproof::probe::catalogue::ProbeCatalogue;
use serde_json::Value;

/// Collects with docker, runc as baseline and another handler as the candidate `sandbox`.
fn collect(project: &Project, handler: &str, label: &str) {
    let sandbox = format!("sandbox={handler}");
    let arguments = [
        "collect",
        "--engine",
        "docker",
        "--samples",
        "0",
        "--no-app",
        "--no-perf",
        "--runtime",
        "runc",
        "--runtime",
        &sandbox,
        "--label",
        label,
    ];
    project.run(&arguments).succeeds();
}

fn json(project: &Project, arguments: &[&str]) -> Value {
    let all = [arguments, &["--format", "json"]].concat();
    serde_json::from_str(&project.run(&all).succeeds().stdout).unwrap()
}

/// What a fact says: its value, a list in the order of its words, or why there is none.
fn said(facts: &Value, id: &str, target: &str) -> Value {
    let fact = &facts[id][target];
    let mut value = fact["value"].clone();
    if let Some(items) = value.as_array_mut() {
        items.sort_by_key(ToString::to_string);
    }
    if value.is_null() { fact["missing"].clone() } else { value }
}

/// Every fact of a target that two runs state differently and that does not change by itself.
fn differing(a: &Value, b: &Value) -> BTreeSet<(String, String)> {
    let catalogue = ProbeCatalogue::load(None).unwrap();
    let mut out = BTreeSet::new();
    for probe in catalogue.iter_probes() {
        for (target, role) in
            [("host", Role::Host), ("runc", Role::Baseline), ("sandbox", Role::Candidate)]
        {
            let has_value = |facts: &Value| !facts[&probe.id][target]["value"].is_null();
            let changes_by_itself =
                probe.volatile.applies_to_role(role) && has_value(a) && has_value(b);
            let measured = ["host.mem_pss", "host.mem_cgroup", "host.mem_avail_delta"];
            if said(a, &probe.id, target) != said(b, &probe.id, target)
                && !changes_by_itself
                && !measured.contains(&probe.id.as_str())
            {
                out.insert((probe.id.clone(), target.to_string()));
            }
        }
    }
    out
}

#[test]
fn runc_and_gvisor_in_one_place_differ_in_what_that_place_shows_and_in_its_verdict() {
    if !engines() {
        return;
    }
    let project = Project::new();
    collect(&project, "runc", "before");
    collect(&project, "runsc", "after");
    let diff = json(&project, &["diff", "before", "after"]);
    let changes = diff["changes"].as_array().unwrap();
    assert_eq!(changes[0]["kind"], "verdict");
    assert_eq!(changes[0]["target"], "sandbox");
    assert_eq!(changes[0]["a"], "shared-kernel");
    assert_eq!(changes[0]["b"], "separate-kernel-userspace");
    let listed: Vec<(String, String)> = changes[1..]
        .iter()
        .map(|change| {
            let text = |name: &str| change[name].as_str().unwrap().to_string();
            (text("fact"), text("target"))
        })
        .collect();
    let once: BTreeSet<(String, String)> = listed.iter().cloned().collect();
    assert_eq!(once.len(), listed.len(), "each once: {listed:?}");
    let facts = |label: &str| json(&project, &["facts", label]);
    let mut wanted = differing(&facts("before"), &facts("after"));
    // It changes by itself, but whether it is the host's does not.
    wanted.insert(("kernel.boot_id".into(), "sandbox".into()));
    assert_eq!(once, wanted);
    let elsewhere: Vec<_> = once.iter().filter(|(_, target)| target != "sandbox").collect();
    assert!(elsewhere.is_empty(), "host and baseline are the same: {elsewhere:?}");
    assert!(once.contains(&("kernel.release".into(), "sandbox".into())));
    let gate = |kind: &str| project.run(&["diff", "before", "after", "--fail-on", kind]).code;
    assert_eq!((gate("verdict"), gate("change"), gate("regression")), (1, 1, 0));
    assert_eq!(project.run(&["diff", "after", "before", "--fail-on", "regression"]).code, 1);
}

#[test]
fn two_runs_of_the_very_same_thing_do_not_differ() {
    if !engines() {
        return;
    }
    let project = Project::new();
    collect(&project, "runsc", "one");
    collect(&project, "runsc", "two");
    let diff = json(&project, &["diff", "one", "two"]);
    assert_eq!(diff["changes"], serde_json::json!([]), "{diff:#}");
    assert_eq!(diff["conditions"], serde_json::json!([]));
    assert_eq!(diff["findings"], serde_json::json!({"added": [], "removed": []}));
    project.run(&["diff", "one", "two", "--fail-on", "change"]).succeeds();
}
