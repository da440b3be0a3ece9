//! What docker, podman and ctr show on a host with pure cgroup v2: in the runs of `tests/vm/runs`, or
//! in those of the folder that `ISOPROOF_VM_RUNS` names, fresh from `tests/vm/host.sh run`.

use std::path::{Path, PathBuf};

use crate::support::{Project, own_path};
use serde_json::Value;

/// What `tests/vm/init` gives the group of whoever is logged in.
const HOST_LIMITS: [(&str, &str); 3] = [
    ("cgroup.mem_max", "1610612736"),
    ("cgroup.cpu_max", "150000 100000"),
    ("cgroup.pids_max", "4000"),
];

/// A run with what is concluded from it.
struct JudgedRun {
    engine: &'static str,
    judgement: Value,
    facts: Value,
}

impl JudgedRun {
    fn new(folder: &Path, engine: &'static str) -> Self {
        let project = Project::plain();
        let file = format!("data/runs/{engine}.json");
        project.write(&file, std::fs::read(folder.join(format!("{engine}.json"))).unwrap());
        let told = |arguments: &[&str]| -> Value {
            let arguments = [arguments, &[&file, "--format", "json"]].concat();
            serde_json::from_str(&project.run(&arguments).stdout).unwrap()
        };
        Self { engine, judgement: told(&["check"]), facts: told(&["facts"]) }
    }

    /// The value of a fact, or null.
    fn value(&self, id: &str, target: &str) -> &Value {
        &self.facts[id][target]["value"]
    }
}

#[test]
fn a_host_with_pure_cgroup_v2_shows_boundaries_and_the_limits_of_each_group() {
    let fresh = std::env::var_os("ISOPROOF_VM_RUNS").map(PathBuf::from);
    let folder = fresh.unwrap_or_else(|| own_path("tests/vm/runs"));
    for engine in ["docker", "podman", "ctr"] {
        let run = JudgedRun::new(&folder, engine);
        let verdicts = run.judgement["verdicts"].as_array().unwrap();
        let concluded: Vec<_> = verdicts
            .iter()
            .map(|verdict| {
                ["target", "conclusion", "confidence"].map(|key| verdict[key].as_str().unwrap())
            })
            .collect();
        let expected = [
            ["runc", "shared-kernel", "high"],
            ["crun", "shared-kernel", "high"],
            ["gvisor", "separate-kernel-userspace", "high"],
        ];
        assert_eq!(concluded, expected, "{engine}");
        for verdict in verdicts {
            assert_eq!(verdict["against"], Value::Array(Vec::new()), "{engine}: {verdict}");
        }
        let severe: Vec<_> = run.judgement["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|finding| finding["severity"] == "error" || finding["severity"] == "warning")
            .map(|finding| finding["rule"].as_str().unwrap())
            .filter(|rule| *rule != "host-noisy") // The machine is as busy as the one it runs on.
            .collect();
        assert_eq!(severe, ["host-is-emulated"], "{engine}");
        check_cgroups(&run);
    }
}

fn check_cgroups(run: &JudgedRun) {
    let engine = run.engine;
    assert_eq!(run.value("cgroup.version", "host"), "v2", "{engine}");
    for (id, limit) in HOST_LIMITS {
        assert_eq!(run.value(id, "host"), limit, "{engine}: {id}");
    }
    let available = run.value("cgroup.available", "host").as_str().unwrap();
    for controller in ["cpu", "memory", "pids"] {
        assert!(available.split(' ').any(|word| word == controller), "{engine}: {available}");
    }
    for target in ["runc", "crun"] {
        // ctr mounts no cgroups into its containers, and docker sets no limit of its own.
        let [version, pids, memory] = match engine {
            "ctr" => [None, None, None],
            "docker" => [Some("v2"), Some("max"), Some("max")],
            _ => [Some("v2"), Some("2048"), Some("max")],
        };
        for (id, expected) in
            [("cgroup.version", version), ("cgroup.pids_max", pids), ("cgroup.mem_max", memory)]
        {
            assert_eq!(run.value(id, target).as_str(), expected, "{engine} {target}: {id}");
        }
    }
    // gVisor shows groups of its own making, which are of v1.
    let version = (engine != "ctr").then_some("v1");
    assert_eq!(run.value("cgroup.version", "gvisor").as_str(), version, "{engine}");
}
