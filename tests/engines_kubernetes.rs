//! Collecting in a real cluster, that of `tests/kubernetes/cluster.sh`: two nodes, gVisor on the
//! first, Kata's name on runc, and a class whose handler no node has. Runs where
//! `ISOPROOF_KUBERNETES` is `required`.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::Project;
use serde_json::Value;

fn has_cluster() -> bool {
    let is_required = std::env::var("ISOPROOF_KUBERNETES").is_ok_and(|it| it == "required");
    if !is_required {
        eprintln!(
            "skipped: run tests/kubernetes/cluster.sh up, read /var/lib/isoproof-kubernetes/env, \
             and set ISOPROOF_KUBERNETES=required"
        );
    }
    is_required
}

fn kubectl(arguments: &[&str], input: &str) -> String {
    let mut child = Command::new("kubectl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "kubectl {arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The pods of isoproof in a namespace.
fn list_pods(namespace: &str) -> BTreeSet<String> {
    let label = "app.kubernetes.io/managed-by=isoproof";
    let names = kubectl(&["get", "pods", "-n", namespace, "-l", label, "-o", "name"], "");
    names.lines().map(String::from).collect()
}

fn wait_until(what: &str, limit: u64, is_done: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(limit);
    while !is_done() {
        assert!(Instant::now() < end, "{what}: not within {limit} s");
        std::thread::sleep(Duration::from_millis(300));
    }
}

fn read_runs(project: &Project) -> Vec<Value> {
    let files = project.tree("data/runs");
    let runs = files.iter().filter(|(name, _)| name.ends_with(".json"));
    runs.map(|(_, bytes)| serde_json::from_slice(bytes).unwrap()).collect()
}

fn target_failure<'a>(run: &'a Value, target: &str) -> &'a str {
    let targets = run["targets"].as_array().unwrap();
    let target = targets.iter().find(|it| it["name"] == target).unwrap();
    target["failure"].as_str().unwrap_or_default()
}

fn find_fact<'a>(run: &'a Value, id: &str, target: &str) -> &'a Value {
    &run["facts"][id][target]["value"]
}

#[test]
fn every_class_on_every_node_is_told_right_and_nothing_is_left() {
    if !has_cluster() {
        return;
    }
    let project = Project::new();
    let collected = project.run(&["collect", "--engine", "kubernetes", "--nodes", "all"]);
    let text = collected.succeeds().stdout;
    let begin = "On 2 of 2 nodes a class is not what its name says:\n  node-1: kata was started as \
                 kata, but its facts show the host's kernel.\n";
    assert!(text.starts_with(begin), "{text}");
    assert!(text.contains("node-1, node-2: FailedCreatePodSandBox"), "{text}");
    assert_eq!(list_pods("default"), BTreeSet::new());

    let runs = read_runs(&project);
    assert_eq!(runs.len(), 2);
    let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let mut with_gvisor = 0;
    for run in &runs {
        let collected = &run["evidence"]["collected"];
        // A node's name is somebody's, and a pseudonym stands for it.
        assert!(collected["node"].as_str().unwrap().starts_with("host-"), "{collected}");
        assert!(!run.to_string().contains("node-1"), "a node's name is in its run");
        assert_eq!(find_fact(run, "kernel.boot_id", "host"), boot_id.trim());
        for shared in ["runc", "default", "kata"] {
            assert_eq!(find_fact(run, "kernel.boot_id", shared), boot_id.trim());
            assert_eq!(run["facts"]["pod.changes"][shared]["value"], serde_json::json!([]));
        }
        let reason = &run["facts"]["host.witness_process"]["runc"]["reason"];
        assert!(reason.as_str().unwrap().contains("cannot look at its node"), "{reason}");
        assert!(
            target_failure(run, "missing").contains("no runtime for \"missing\" is configured")
        );
        match target_failure(run, "gvisor") {
            "" => {
                with_gvisor += 1;
                let id = run["id"].as_str().unwrap();
                let judged = project.run(&["check", id, "--summary"]).succeeds().stdout;
                let gvisor = judged.lines().find(|line| line.starts_with("gvisor")).unwrap();
                assert!(gvisor.contains("Separate kernel in user space"), "{judged}");
                let kata = judged.lines().find(|line| line.starts_with("kata")).unwrap();
                assert!(kata.contains("Shared kernel"), "{judged}");
            }
            words => assert!(words.contains("no runtime for \"gvisor\""), "{words}"),
        }
    }
    assert_eq!(with_gvisor, 1);

    let files = project.tree("data/fleets");
    let (_, bytes) = files.iter().find(|(name, _)| name.ends_with(".json")).unwrap();
    let fleet: Value = serde_json::from_slice(bytes).unwrap();
    assert!(fleet["ended"].is_string() && !fleet.to_string().contains("node-1"), "{fleet}");
    for node in fleet["nodes"].as_array().unwrap() {
        let run = runs.iter().find(|run| run["id"] == node["run"]).unwrap();
        assert_eq!(node["name"], run["evidence"]["collected"]["node"]);
        assert_eq!(node["reasons"]["missing"], target_failure(run, "missing"));
    }
}

#[test]
fn starts_are_timed_on_request_and_compared_on_their_node_alone() {
    if !has_cluster() {
        return;
    }
    let project = Project::new();
    let classes = ["--runtime-class", "runc", "--runtime-class", "gvisor"];
    let begin = ["collect", "--engine", "kubernetes", "--nodes", "node/node-1", "--samples", "6"];
    let text = project.run(&[&begin[..], &classes].concat()).succeeds().stdout;
    assert!(text.contains("gvisor on node-1: starts "), "{text}");
    let runs = read_runs(&project);
    let times = |id: &str, target: &str| {
        let list = find_fact(&runs[0], id, target).as_array().unwrap();
        list.iter().map(|it| it.as_f64().unwrap()).collect::<Vec<f64>>()
    };
    for (id, target) in [
        ("startup.scheduled", "runc"),
        ("startup.scheduled", "gvisor"),
        ("startup.control.scheduled", "runc"),
    ] {
        let times = times(id, target);
        assert_eq!(times.len(), 6, "{id} on {target}");
        // Both clocks are this machine's.
        assert!(times.iter().all(|seconds| (0.02..60.0).contains(seconds)), "{times:?}");
    }
    let json = project.run(&["check", "fleet:latest", "--format", "json"]).succeeds().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    let shift = &json["nodes"][0]["starts"][0];
    assert_eq!((&shift["class"], &shift["samples"]), (&"gvisor".into(), &6.into()), "{json}");
    if shift["outcome"] != "control-differs" {
        assert_eq!(shift["outcome"], "longer", "gVisor starts a kernel of its own: {shift}");
    }
    project.run(&["build"]).succeeds();
    let names = project.names("public/runs");
    let page = names.iter().find(|name| name.ends_with(".html") && name.contains("T")).unwrap();
    assert!(project.read(&format!("public/runs/{page}")).contains("Starts on this node"));
    assert_eq!(list_pods("default"), BTreeSet::new());
}

#[test]
fn the_printed_rights_are_enough_and_a_pod_has_none() {
    if !has_cluster() {
        return;
    }
    let project = Project::new();
    let manifest = project.run(&["manifest"]).succeeds().stdout;
    kubectl(&["apply", "-f", "-"], &manifest);
    let token = kubectl(&["create", "token", "collector", "-n", "isoproof"], "");
    let raw = kubectl(&["config", "view", "--raw", "--minify", "-o", "json"], "");
    let mut config: Value = serde_json::from_str(&raw).unwrap();
    config["users"][0]["user"] = serde_json::json!({ "token": token.trim() });
    project.write("collector.json", config.to_string());
    let with = ["--kubeconfig", "collector.json", "--namespace", "isoproof"];
    wait_until("the service account may collect", 30, || {
        let doctor = [&["doctor", "--engine", "kubernetes"], &with[..]].concat();
        project.run(&doctor).stdout.contains("all that are needed")
    });
    let options = ["collect", "--engine", "kubernetes", "--runtime-class", "runc"];
    let options = [&options[..], &["--nodes", "node/node-1"], &with].concat();
    project.run(&options).succeeds();
    let run = read_runs(&project).remove(0);
    assert_eq!(find_fact(&run, "priv.cap_eff", "runc"), "0000000000000000");
    assert_no_fact_is_lost(&project, &run);
    // Elsewhere it may nothing, and is told what it needs.
    let options = [&options[..7], &["--namespace", "default"], &with[..2]].concat();
    let refused = project.run(&options).fails(1, &[]);
    assert!(refused.stdout.contains("cannot create resource \"pods\""), "{}", refused.stdout);
    kubectl(&["delete", "namespace", "isoproof", "--wait=false"], "");
}

#[test]
fn a_look_at_the_nodes_processes_makes_verdicts_sure() {
    if !has_cluster() {
        return;
    }
    let project = Project::new();
    let options = ["collect", "--engine", "kubernetes", "--nodes", "node/node-1", "--namespace"];
    let options = [&options[..], &["look", "--node-view", "processes"]].concat();
    project.run(&options).fails(2, &["add --allow-privileged"]);
    let classes = ["--runtime-class", "runc", "--runtime-class", "gvisor", "--runtime-class"];
    let options = [&options[..], &["--allow-privileged"], &classes, &["kata"]].concat();
    let manifest = project.run(&["manifest", "--node-view"]).succeeds().stdout;
    kubectl(&["apply", "-f", "-"], &manifest.replace("isoproof\n", "look\n"));
    let text = project.run(&options).succeeds().stdout;
    for (class, boundary) in [
        ("runc", "Shared kernel"),
        ("gvisor", "Separate kernel in user space"),
        ("kata", "Shared kernel"),
    ] {
        let line = text.lines().find(|line| line.starts_with(class)).unwrap();
        assert!(line.contains(boundary) && line.contains("  high  "), "{text}");
    }
    let run = read_runs(&project).remove(0);
    let names = |target: &str| find_fact(&run, "host.processes", target).to_string();
    for shared in ["runc", "kata"] {
        assert_eq!(find_fact(&run, "host.witness_process", shared), true);
        assert_eq!(names(shared), r#"["containerd-shim-runc-v2","sh","sleep"]"#);
    }
    assert_eq!(find_fact(&run, "host.witness_process", "gvisor"), false);
    assert!(names("gvisor").contains("runsc-sandbox"), "{}", names("gvisor"));

    // As the node's root: what the programs are, and what the node itself answers.
    let full: Vec<&str> =
        options.iter().map(|it| it.replace("processes", "full").leak() as &str).collect();
    let other = Project::new();
    let text = other.run(&full).succeeds();
    assert!(!text.stderr.contains("warning"), "{}", text.stderr);
    let run = read_runs(&other).remove(0);
    for (class, is_found, shim) in [
        ("runc", true, "/containerd-shim-runc-v2"),
        ("gvisor", false, "/containerd-shim-runsc-v1"),
        ("kata", true, "/containerd-shim-runc-v2"),
    ] {
        assert_eq!(find_fact(&run, "host.witness_process", class), is_found);
        let program = find_fact(&run, "host.shim", class).as_str().unwrap();
        assert!(program.starts_with('/') && program.ends_with(shim), "{program}");
        assert!(find_fact(&run, "host.mem_pss", class).as_u64().unwrap() > 100);
    }
    let banner = std::fs::read_to_string("/proc/version").unwrap();
    assert_eq!(find_fact(&run, "kernel.banner", "host"), banner.trim());
    assert_eq!(find_fact(&run, "cpu.count", "host"), find_fact(&run, "cpu.count", "runc"));
    let own_rights = &run["facts"]["priv.cap_bnd"]["host"];
    assert!(own_rights["reason"].as_str().unwrap().contains("would show that pod"), "{own_rights}");

    // Where it is not let in, the verdicts are those without it, and the reason is told.
    let level = "pod-security.kubernetes.io/enforce=restricted";
    kubectl(&["label", "namespace", "look", "--overwrite", level], "");
    let refused = project.run(&[&options[..10], &classes[..2]].concat()).succeeds();
    assert!(refused.stderr.contains("host namespaces (hostPID=true)"), "{}", refused.stderr);
    assert!(refused.stdout.contains("Shared kernel  medium"), "{}", refused.stdout);
    kubectl(&["delete", "namespace", "look", "--wait=false"], "");
}

/// The facts that are others in a restricted pod than in a container of docker, or in the same
/// container a moment later: what it is given of processor and memory, files and mounts, addresses,
/// namespaces, rights, its name, and what it runs. `/proc/interrupts` is masked by Kubernetes.
const OF_THE_CONTAINER: &[&str] = &[
    "cgroup.",
    "dev.entries",
    "dev.list",
    "fs.",
    "kernel.files",
    "kernel.interrupts",
    "kernel.line_counts",
    "kernel.stat",
    "kernel.uname",
    "kernel.uptime",
    "mem.available_kb",
    "mem.info",
    "net.",
    "ns.inodes",
    "priv.",
    "proc.",
];

/// Whatever docker's runc shows on this machine, a restricted pod shows too, and the same but for
/// what is the container's; what would take a look at its node is missing with that reason. Where
/// docker is provisioned, too.
fn assert_no_fact_is_lost(project: &Project, in_pod: &Value) {
    if !std::env::var("ISOPROOF_ENGINES").is_ok_and(|it| it == "required") {
        eprintln!("not compared with docker: ISOPROOF_ENGINES=required asks for that");
        return;
    }
    let options = ["collect", "--engine", "docker", "--runtime", "runc", "--quick"];
    project.run(&options).succeeds();
    let mut runs = read_runs(project);
    let by_docker = runs.iter_mut().find(|run| run["evidence"]["collected"]["engine"] == "docker");
    let facts = by_docker.unwrap()["facts"].as_object().unwrap().clone();
    let (mut compared, mut equal) = (0, 0);
    for (id, targets) in facts.iter().filter(|(_, targets)| targets["runc"]["missing"].is_null()) {
        let (own, other) = (&targets["runc"], &in_pod["facts"][id.as_str()]["runc"]);
        if own.is_null() {
            continue;
        }
        compared += 1;
        let reason = other["reason"].as_str().unwrap_or_default();
        let is_shown = other.is_object() && other["missing"].is_null();
        assert!(is_shown || reason.contains("cannot look at its node"), "{id}: {other}");
        if is_shown && !OF_THE_CONTAINER.iter().any(|begin| id.starts_with(begin)) {
            equal += 1;
            assert_eq!(own["value"], other["value"], "{id}");
        }
    }
    assert!(compared > 80 && equal > 30, "{equal} of {compared}");
}

/// A class for nodes with a label.
const FOR_SOME_NODES: &str = "
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: some}
handler: runc
scheduling: {nodeSelector: {isoproof.test/pool: sandbox}}
";

#[test]
fn what_cannot_be_tested_has_the_clusters_own_words() {
    if !has_cluster() {
        return;
    }
    let project = Project::new();
    let collect = |more: &[&str]| {
        let options = ["collect", "--engine", "kubernetes", "--nodes", "node/node-2"];
        let options = [&options[..], &["--runtime-class", "runc"], more].concat();
        project.run(&options).fails(1, &[]).stdout
    };
    let text = collect(&["--runtime-class", "nosuch"]);
    assert!(text.contains("RuntimeClass \"nosuch\" not found"), "{text}");
    let text = collect(&["--image", "nosuch.test/a:1", "--pull", "Never"]);
    assert!(text.contains("ErrImageNeverPull: Container image"), "{text}");
    let text = collect(&["--image", "127.0.0.1:1/a:1"]);
    assert!(text.contains("ErrImagePull") || text.contains("ImagePullBackOff"), "{text}");
    let text =
        collect(&["--pod-requests", "cpu=500,memory=1Gi", "--pod-limits", "cpu=500,memory=1Gi"]);
    assert!(text.contains("Insufficient cpu"), "{text}");

    kubectl(&["taint", "node", "node-2", "test=1:NoSchedule"], "");
    let text = collect(&[]);
    let options = ["collect", "--engine", "kubernetes", "--nodes", "node/node-2"];
    let tolerant = ["--runtime-class", "runc", "--tolerate", "test=1:NoSchedule"];
    let tolerated = project.run(&[&options[..], &tolerant].concat());
    kubectl(&["taint", "node", "node-2", "test-"], "");
    assert!(text.contains("untolerated taint"), "{text}");
    tolerated.succeeds();

    kubectl(&["apply", "-f", "-"], FOR_SOME_NODES);
    kubectl(&["label", "node", "node-2", "isoproof.test/pool=sandbox"], "");
    let classes = ["--nodes", "all", "--runtime-class", "runc", "--runtime-class", "some"];
    let some = project.run(&[&options[..3], &classes].concat());
    kubectl(&["label", "node", "node-2", "isoproof.test/pool-"], "");
    kubectl(&["delete", "runtimeclass", "some"], "");
    // That a class is not for a node is no failure.
    let some = some.succeeds();
    let words =
        "some on node-1: the class is only for nodes with the label isoproof.test/pool=sandbox";
    assert!(some.stdout.contains(words), "{}", some.stdout);
    let line = some.stdout.lines().find(|line| line.starts_with("some ")).unwrap();
    assert!(line.contains("Shared kernel") && line.ends_with("node-2"), "{line}");
    assert!(!some.stderr.contains("warning"), "{}", some.stderr);

    kubectl(&["create", "namespace", "full"], "");
    kubectl(&["create", "quota", "none", "-n", "full", "--hard=pods=0"], "");
    wait_until("the quota counts", 20, || {
        let status = ["get", "quota", "none", "-n", "full", "-o", "jsonpath={.status.hard.pods}"];
        kubectl(&status, "") == "0"
    });
    let text = collect(&["--namespace", "full"]);
    assert!(text.contains("exceeded quota: none"), "{text}");
    let doctor = project.run(&["doctor", "--engine", "kubernetes", "--namespace", "full"]);
    assert!(doctor.fails(3, &[]).stdout.contains("exceeded quota"), "asked before");
    kubectl(&["delete", "namespace", "full", "--wait=false"], "");
    assert_eq!(list_pods("default"), BTreeSet::new());
    project.run(&[&options[..3], &["--nodes", "none=here"]].concat()).fails(2, &["no node has"]);
    project.run(&[&options[..3], &["--nodes", "node/node-9"]].concat()).fails(3, &["not found"]);
    project.run(&[&options[..3], &["--context", "nosuch"]].concat()).fails(3, &["nosuch"]);
}

#[test]
fn a_killed_session_leaves_what_ends_by_itself_and_clean_removes() {
    if !has_cluster() {
        return;
    }
    let project = Project::new();
    let options = ["collect", "--engine", "kubernetes", "--runtime-class", "runc", "--quiet"];
    for _ in 0..3 {
        let mut child = project.command(&options).stdout(Stdio::null()).spawn().unwrap();
        wait_until("a pod", 20, || !list_pods("default").is_empty());
        child.kill().unwrap();
        child.wait().unwrap();
        let deadline = "jsonpath={.items[0].spec.activeDeadlineSeconds}";
        assert_eq!(kubectl(&["get", "pods", "-o", deadline], ""), "60");
        let cleaned = project.run(&["clean", "--engine", "kubernetes"]).succeeds().stdout;
        assert!(cleaned.starts_with("removed pod isoproof-"), "{cleaned}");
        assert_eq!(list_pods("default"), BTreeSet::new());
        // Its kubectl went with it.
        wait_until("no proxy", 5, || {
            let mut search = Command::new("pgrep");
            search.args(["-f", "[p]roxy --unix-socket=.*isoproof-cluster"]);
            search.output().unwrap().stdout.is_empty()
        });
    }
    let cleaned = project.run(&["clean", "--engine", "kubernetes"]).succeeds().stdout;
    assert_eq!(cleaned, "nothing to remove in namespace default\n");

    // One that is stopped cleans up itself.
    let child = project.command(&options).stdout(Stdio::null()).spawn().unwrap();
    wait_until("a pod", 20, || !list_pods("default").is_empty());
    Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert_eq!(list_pods("default"), BTreeSet::new());
}

#[test]
fn what_a_killed_session_left_in_logs_is_read_by_another() {
    if !has_cluster() {
        return;
    }
    let project = Project::new();
    let options = ["collect", "--engine", "kubernetes", "--nodes", "all", "--runtime-class"];
    let options = [&options[..], &["runc", "--runtime-class", "gvisor", "--quiet"]].concat();
    let mut child = project.command(&options).stdout(Stdio::null()).spawn().unwrap();
    wait_until("runc has answered on both nodes", 30, || list_pods("default").len() == 4);
    let resume = ["collect", "--engine", "kubernetes", "--resume", "latest"];
    project.run(&resume).fails(2, &["runs, or may"]);
    child.kill().unwrap();
    child.wait().unwrap();
    // What a pod waits for is known when the node has tried.
    wait_until("gVisor has failed on node-2", 60, || {
        let events = ["get", "events", "--field-selector", "reason=FailedCreatePodSandBox"];
        let failed = kubectl(&[&events[..], &["-o", "name"]].concat(), "");
        list_pods("default").iter().any(|pod| failed.contains(pod.trim_start_matches("pod/")))
    });
    assert_eq!(read_runs(&project).len(), 0);

    let resumed = project.run(&resume).fails(1, &[]).stdout;
    assert!(
        resumed.contains("gvisor  Separate kernel in user space  medium      node-1"),
        "{resumed}"
    );
    assert!(resumed.contains("gvisor on node-2: FailedCreatePodSandBox"), "{resumed}");
    let runs = read_runs(&project);
    assert_eq!(runs.len(), 2);
    for run in &runs {
        assert!(find_fact(run, "kernel.boot_id", "runc").is_string());
        assert_eq!(run["facts"]["pod.changes"]["runc"]["value"], serde_json::json!([]));
    }
    assert_eq!(list_pods("default"), BTreeSet::new());
    project.run(&resume).fails(2, &["nothing of it is left to be read"]);

    // What a node brought stands in the journal from then on, and is not read again.
    let one_by_one = [&options[..], &["--label", "third", "--parallel", "1"]].concat();
    let mut child = project.command(&one_by_one).stdout(Stdio::null()).spawn().unwrap();
    wait_until("a node is done", 60, || {
        project.names("data/fleets").iter().any(|name| name.ends_with(".journal"))
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let node_runs = || {
        let json = project.run(&["check", "fleet:third", "--format", "json"]).succeeds().stdout;
        let json: Value = serde_json::from_str(&json).unwrap();
        let runs = json["nodes"].as_array().unwrap().iter().map(|node| node["run"].clone());
        runs.collect::<Vec<_>>()
    };
    let before = node_runs();
    assert!(before[0].is_string(), "{before:?}");
    project.run(&["collect", "--engine", "kubernetes", "--resume", "third"]);
    assert_eq!(node_runs()[0], before[0]);
    assert!(!project.names("data/fleets").iter().any(|name| name.ends_with(".journal")));

    // One of which nothing is left says so of every node.
    let options = [&options[..], &["--label", "second"]].concat();
    let mut child = project.command(&options).stdout(Stdio::null()).spawn().unwrap();
    wait_until("pods", 30, || !list_pods("default").is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    project.run(&["clean", "--engine", "kubernetes"]).succeeds();
    let resume = ["collect", "--engine", "kubernetes", "--resume", "second"];
    let words = "the session died before a pod answered here, or its pods are gone";
    let resumed = project.run(&resume).fails(1, &[]).stdout;
    assert!(resumed.contains(words), "{resumed}");
    let kept = project.tree("data/fleets");
    let is_told = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).matches(words).count() == 4;
    assert!(kept.iter().any(|(_, bytes)| is_told(bytes)));
}

#[test]
fn a_node_that_is_lost_in_the_middle_is_a_reason_and_not_a_hang() {
    if !has_cluster() {
        return;
    }
    let pid = std::fs::read_to_string("/run/isoproof-kubernetes/node-1-kubelet.pid").unwrap();
    let pid = pid.split_whitespace().next().unwrap();
    let signal = |name: &str| {
        assert!(Command::new("kill").args(["-s", name, pid]).status().unwrap().success());
    };
    let project = Project::new();
    // A pod under gVisor runs for seconds.
    let options = ["collect", "--engine", "kubernetes", "--nodes", "all", "--runtime-class"];
    let options = [&options[..], &["gvisor"]].concat();
    let child = project.command(&options).stdout(Stdio::piped()).spawn().unwrap();
    let running = "jsonpath={.items[*].status.containerStatuses[0].state.running}";
    wait_until("a pod runs", 30, || !kubectl(&["get", "pods", "-o", running], "").is_empty());
    signal("STOP");
    let collected = child.wait_with_output().unwrap();
    signal("CONT");
    let text = String::from_utf8(collected.stdout).unwrap();
    assert_eq!(collected.status.code(), Some(1), "{text}");
    let words = "gvisor on node-1: the node is not ready: Kubelet stopped posting node status.";
    assert!(text.contains(words), "{text}");
    assert!(text.contains("gvisor on node-2: FailedCreatePodSandBox"), "{text}");
    assert_eq!(read_runs(&project).len(), 2);
    wait_until("the node is back", 60, || {
        let ready = "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}";
        kubectl(&["get", "node", "node-1", "-o", ready], "") == "True"
    });
    wait_until("the pods are gone", 60, || {
        project.run(&["clean", "--engine", "kubernetes"]).succeeds();
        list_pods("default").is_empty()
    });
}

/// What the job of the manifest needs to run here: no registry, no storage, and no service network.
const JOB_HERE: &str = r#"image: isoproof.test/isoproof:1
              imagePullPolicy: Never
              env:
                - {name: KUBERNETES_SERVICE_HOST, value: 10.90.0.1}
                - {name: KUBERNETES_SERVICE_PORT, value: "16443"}
"#;

#[test]
fn a_scheduled_job_collects_inside_of_the_cluster() {
    if !has_cluster() {
        return;
    }
    let mut load = Command::new("tests/kubernetes/cluster.sh");
    assert!(load.args(["load", env!("CARGO_BIN_EXE_isoproof")]).status().unwrap().success());
    let project = Project::new();
    let image = "isoproof.test/isoproof:1";
    let manifest = project.run(&["manifest", "--cron-job", image]).succeeds().stdout;
    let claim = "persistentVolumeClaim:\n                claimName: nightly\n";
    let manifest = manifest
        .replace("namespace isoproof", "namespace nightly")
        .replace(" isoproof\n", " nightly\n")
        .replace("image: isoproof.test/isoproof:1\n", JOB_HERE)
        .replace(claim, "emptyDir: {}\n");
    kubectl(&["apply", "-f", "-"], &manifest);
    kubectl(&["create", "job", "now", "--from=cronjob/nightly", "-n", "nightly"], "");
    let state = ["get", "job", "now", "-n", "nightly", "-o", "jsonpath={.status.conditions}"];
    wait_until("the job ends", 90, || kubectl(&state, "").contains(r#""status":"True""#));
    let log = kubectl(&["logs", "job/now", "-n", "nightly"], "");
    kubectl(&["delete", "namespace", "nightly", "--wait=false"], "");
    let begin = "On 2 of 2 nodes a class is not what its name says:\n  node-1: kata was started as";
    assert!(log.contains(begin), "{log}");
    assert!(log.contains("gvisor   Separate kernel in user space  medium      node-1"), "{log}");
}

/// A policy that gives every pod of a namespace the class runc, and another user.
const POLICY: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: changed, labels: {isoproof.test/changed: "yes"}}
---
apiVersion: admissionregistration.k8s.io/v1beta1
kind: MutatingAdmissionPolicy
metadata: {name: changed}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  reinvocationPolicy: Never
  failurePolicy: Fail
  mutations:
  - patchType: JSONPatch
    jsonPatch:
      expression: >
        [JSONPatch{op: "replace", path: "/spec/runtimeClassName", value: "runc"},
         JSONPatch{op: "add", path: "/spec/containers/0/securityContext/runAsUser", value: 1234}]
---
apiVersion: admissionregistration.k8s.io/v1beta1
kind: MutatingAdmissionPolicyBinding
metadata: {name: changed}
spec:
  policyName: changed
  matchResources: {namespaceSelector: {matchLabels: {isoproof.test/changed: "yes"}}}
"#;

#[test]
fn a_class_that_the_cluster_exchanges_is_found_out() {
    if !has_cluster() {
        return;
    }
    let project = Project::new();
    kubectl(&["apply", "-f", "-"], POLICY);
    wait_until("the policy is in force", 30, || {
        let mut dry = vec!["create", "-f", "-", "--dry-run=server", "-n", "changed", "-o"];
        dry.push("jsonpath={.spec.runtimeClassName}");
        let pod = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {
            "runtimeClassName": "gvisor",
            "containers": [{"name": "x", "image": "x", "securityContext": {}}]}}"#;
        kubectl(&dry, pod) == "runc"
    });
    let options = ["collect", "--engine", "kubernetes", "--nodes", "node/node-1", "--namespace"];
    let options = [&options[..], &["changed", "--runtime-class", "gvisor"]].concat();
    let text = project.run(&options).succeeds().stdout;
    let objects = ["mutatingadmissionpolicy/changed", "mutatingadmissionpolicybinding/changed"];
    kubectl(&["delete", "namespace/changed", objects[0], objects[1], "--wait=false"], "");
    assert!(text.contains("node-1: gvisor was started as gvisor, but its facts show"), "{text}");
    let words = "On 1 of 1 node the cluster changed a pod:\n  node-1: gvisor: the cluster stored \
                 another pod than was asked for: runtimeClassName: gvisor became runc;";
    assert!(text.contains(words), "{text}");
}
