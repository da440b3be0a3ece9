//! Stopping and killing: nothing is left of it. Runs where `ISOPROOF_ENGINES` is set.

use std::collections::BTreeSet;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Outcome, Project, engines, nerdctl};
use serde_json::Value;

const KILLS: u64 = 50;

/// The folder of a project for temporary files.
const TEMPORARY: &str = "temporary";

/// What a machine has that a session could leave, a line each.
fn inventory() -> BTreeSet<String> {
    let lists = [
        "docker ps -aq --filter label=isoproof.session",
        "podman ps -aq --filter label=isoproof.session",
        "nerdctl ps -aq --filter label=isoproof.session",
        "ctr c ls -q 'labels.\"isoproof.session\"'",
        "ctr c ls -q | grep ^isoproof-",
        "ctr t ls -q",
        "ctr -n moby c ls -q",
        "ctr -n moby t ls -q",
        "ctr snapshots ls | awk 'NR > 1 { print $1 }'",
        "grep -h '' /var/lib/cni/networks/*/[0-9]*",
        "iptables -t nat -S | grep '^-N CNI-'",
        "cut -d' ' -f5 /proc/self/mountinfo",
        "ls -d ${TMPDIR:-/tmp}/isoproof-*",
        "ls -d /run/vc/*/* /run/kata-containers/shared/sandboxes/*",
        "ls -d /run/containerd/io.containerd.runtime.v2.task/*/isoproof-*",
        "ls /run/netns",
        "pgrep -f -a 'isoproof-[0-9a-f]{12}-' | grep -v -e pgrep -e ' sh -c ' | cut -c1-200",
    ];
    lists
        .iter()
        .flat_map(|list| {
            let output = Command::new("sh").args(["-c", list]).stderr(Stdio::null()).output();
            let text = output.map(|output| output.stdout).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            text.lines().map(|line| format!("{list}: {line}")).collect::<Vec<_>>()
        })
        .collect()
}

/// The program in a project, with the temporary files of the project if it has a folder for them.
fn program(project: &Project, arguments: &[&str]) -> Command {
    let mut command = project.command(arguments);
    let temporary = project.path(TEMPORARY);
    if temporary.is_dir() {
        command.env("TMPDIR", temporary);
    }
    command
}

fn start(project: &Project, engine: &str, runtime: &str) -> Child {
    let arguments = ["collect", "--engine", engine, "--runtime", runtime, "--quiet"];
    let said = std::fs::File::create(project.path("said")).unwrap();
    program(project, &arguments).stdout(Stdio::null()).stderr(said).spawn().unwrap()
}

fn send(signal: &str, child: &Child) {
    let _ = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
}

fn kept_runs(project: &Project) -> Vec<Value> {
    let files = project.tree("data/runs");
    let runs = files.iter().filter(|(name, _)| name.ends_with(".json"));
    runs.map(|(_, bytes)| serde_json::from_slice(bytes).unwrap()).collect()
}

#[test]
fn a_signal_stops_soon_and_keeps_what_was_captured() {
    if !engines() {
        return;
    }
    let before = inventory();
    for (engine, runtime) in
        [("docker", "runc"), ("docker", "runsc"), ("podman", "runc"), ("ctr", "runc")]
    {
        for (signal, wait) in [("INT", 700), ("TERM", 1000)] {
            let project = Project::new();
            let mut child = start(&project, engine, runtime);
            std::thread::sleep(Duration::from_millis(wait));
            let sent = Instant::now();
            send(signal, &child);
            let status = child.wait().unwrap();
            let took = sent.elapsed();
            println!("{engine} {runtime} {signal} after {wait} ms: ended in {took:?}, {status}");
            let said = std::fs::read_to_string(project.path("said")).unwrap();
            assert!(!said.contains("could not be removed"), "{said}");
            let runs = kept_runs(&project);
            if status.code() == Some(0) {
                continue; // It had ended before the signal came.
            }
            assert_eq!(status.code(), Some(130), "{engine} {runtime} {signal}");
            // A dozen questions to ctr take up to two seconds on a busy machine; a container that
            // is waited for takes its time limit.
            assert!(took < Duration::from_secs(6), "{engine} {runtime} {signal}: {took:?}");
            for run in runs {
                assert_eq!(
                    run["evidence"]["collected"]["interrupted"], true,
                    "{engine} {runtime} {signal}"
                );
                assert!(!run["captures"].as_array().unwrap().is_empty());
            }
        }
    }
    let list_left = || inventory().difference(&before).cloned().collect::<Vec<String>>();
    // The monitor of podman ends a moment after its container was removed.
    let begun = Instant::now();
    while !list_left().is_empty() && begun.elapsed() < Duration::from_secs(5) {}
    assert_eq!(list_left(), Vec::<String>::new());
}

#[test]
fn a_second_signal_ends_at_once() {
    if !engines() {
        return;
    }
    let project = Project::new();
    let mut child = start(&project, "docker", "runsc");
    std::thread::sleep(Duration::from_millis(900));
    send("INT", &child);
    std::thread::sleep(Duration::from_millis(20));
    let sent = Instant::now();
    send("INT", &child);
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(sent.elapsed() < Duration::from_millis(200), "{:?}", sent.elapsed());
    project.run(&["clean"]).succeeds();
}

/// Moments from a seed: the same in every run, without a library.
fn moments(seed: u64) -> impl Iterator<Item = Duration> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis((state >> 33) % 1500)
    })
}

/// Sends a signal at a moment, which nothing announces: that it is any is what is tried. Returns
/// how long the program took to end.
fn end_after(moment: Duration, signal: &str, mut child: Child) -> Duration {
    std::thread::sleep(moment);
    send(signal, &child);
    let sent = Instant::now();
    child.wait().unwrap();
    sent.elapsed()
}

/// Sessions wait for one another by a file among the temporary ones: with a folder of its own for
/// each engine they run, and are killed, beside one another.
fn kill_fifty_times(engine: &str, seed: u64) -> Project {
    let project = Project::new();
    std::fs::create_dir(project.path(TEMPORARY)).unwrap();
    for (round, moment) in (0..KILLS).zip(moments(seed)) {
        let child = start(&project, engine, "runc");
        end_after(moment, ["KILL", "TERM", "INT"][round as usize % 3], child);
    }
    project
}

#[test]
fn nerdctl_leaves_alone_what_ctr_started_in_the_same_namespace() {
    if !engines() || !nerdctl() {
        return;
    }
    let name = "isoproof-0123456789ab-runc-probes";
    let labels = ["isoproof.session=0123456789ab", "isoproof.owner=1.1"];
    let [session, owner] = labels.map(|label| format!("--label={label}"));
    let image = "docker.io/library/alpine:3.19";
    let arguments = ["run", "-d", &session, &owner, image, name, "sleep", "60"];
    assert!(Command::new("ctr").args(arguments).status().unwrap().success());
    let begun = Instant::now();
    let outcome = Project::new().run(&["clean"]).succeeds();
    let lines: Vec<&str> = outcome.stdout.lines().filter(|line| line.contains(name)).collect();
    assert_eq!(lines[0], format!("removed container {name} of ctr"), "{}", outcome.stdout);
    assert!(!lines.iter().any(|line| line.contains("nerdctl")), "{}", outcome.stdout);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn a_start_that_podman_forgot_is_ended() {
    if !engines() {
        return;
    }
    let project = Project::new();
    project.write("rootfs/bin/sh", "");
    let name = "isoproof-0123456789ab-runc-cold";
    // Made with a state of its own, which podman without those options does not know.
    let script = format!(
        "set -e; here=$PWD; chmod +x rootfs/bin/sh; \
         own=\"podman --runtime runc --root $here/a --runroot $here/b --tmpdir $here/c\"; \
         $own create --network none --name {name} --rootfs $here/rootfs sh; $own init {name}"
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(project.root());
    Outcome::of(shell.output().unwrap()).succeeds();
    let monitors = || {
        let found = Command::new("pgrep").args(["-f", &format!("conmon .*-n {name}")]).output();
        String::from_utf8_lossy(&found.unwrap().stdout).into_owned()
    };
    let before = monitors();
    let told = project.run(&["clean"]).succeeds().stdout;
    let after = monitors();
    let mut unmount = Command::new("sh");
    unmount.args(["-c", "umount a/* b/*"]).current_dir(project.root()).output().unwrap();
    assert_ne!(before, "");
    assert_eq!(after, "", "{told}");
    assert!(told.contains(&format!("removed container {name} that podman forgot")), "{told}");
}

#[test]
fn a_network_namespace_that_podman_forgot_ends_with_its_session() {
    if !engines() {
        return;
    }
    let project = Project::new();
    std::fs::create_dir(project.path(TEMPORARY)).unwrap();
    let mut child = start(&project, "podman", "runc");
    // What earlier sessions left is removed before a session has a folder.
    let has_begun = || std::fs::read_dir(project.path(TEMPORARY)).unwrap().count() > 0;
    while !has_begun() && child.try_wait().unwrap().is_none() {}
    let name = "netns-01234567-89ab-cdef-0123-456789abcdef";
    let call_ip =
        |action: &str| Command::new("ip").args(["netns", action, name]).status().unwrap().success();
    let is_made = call_ip("add");
    // Another podman was killed before it mounted what it had made.
    let unfinished = std::path::Path::new("/run/netns/netns-01234567-89ab-cdef-0123-456789abcdee");
    std::fs::write(unfinished, "").unwrap();
    send("INT", &child);
    child.wait().unwrap();
    let stays = call_ip("delete");
    assert!(is_made && !stays);
    assert!(!unfinished.exists());
}

/// How many starts of a virtual machine are stopped, and how many killed:
/// `ISOPROOF_BOOT_KILLS=50` for many.
fn boot_kills() -> u32 {
    std::env::var("ISOPROOF_BOOT_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
}

#[test]
fn a_boot_that_is_stopped_or_killed_leaves_nothing() {
    if !engines() {
        return;
    }
    let project = Project::new();
    std::fs::create_dir(project.path(TEMPORARY)).unwrap();
    let before = inventory();
    let nothing_left = |what: &str| {
        let left: Vec<String> = inventory().difference(&before).cloned().collect();
        // Temporary files of ours are in the project; others may be at work on this machine.
        let ours = left.into_iter().filter(|line| !line.starts_with("ls -d ${TMPDIR"));
        assert_eq!(ours.collect::<Vec<_>>(), Vec::<String>::new(), "{what}");
        // What a killed podman leaves there of its own has a name of digits, as Go gives them.
        let is_of_podman = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
        let kept = |name: &&String| *name != "isoproof.turn" && !is_of_podman(name);
        assert_eq!(project.tree(TEMPORARY).keys().find(kept), None, "{what}");
    };
    for (round, moment) in (0..2 * boot_kills()).zip(moments(7)) {
        // The host's probes come first; then a boot of some five seconds.
        let moment = Duration::from_millis(1000) + 3 * moment;
        let signal = ["INT", "KILL"][round as usize % 2];
        let child = start(&project, "ctr", "kata=io.containerd.kataboot.v2");
        let sent = Instant::now() + moment;
        let stopped = end_after(moment, signal, child);
        let mut told = String::new();
        if signal == "KILL" {
            told = Outcome::of(program(&project, &["clean"]).output().unwrap()).succeeds().stdout;
        }
        println!("{signal} after {moment:?}: {stopped:?}, {:?}\n{told}", sent.elapsed());
        assert!(sent.elapsed() < Duration::from_secs(15), "{signal} after {moment:?}: {told}");
        nothing_left(&format!("{signal} after {moment:?}: {told}"));
    }
}

#[test]
fn clean_finds_what_kata_left_by_our_ids_and_leaves_all_else_alone() {
    if !engines() {
        return;
    }
    let (ours, other) = ("isoproof-0123456789ab-kata-probes", "isoproof-web");
    let namespaces = [
        "cnitest-9fd89470-fa41-5448-47cd-75b29854bad7",
        "cnitest-3291eb82-4920-5b9e-9361-ebbd42aca6da",
    ];
    let shared = "/run/kata-containers/shared/sandboxes";
    let project = Project::new();
    project.write("host/file", "of the host");
    let host = project.path("host").display().to_string();
    let mut script = "set -e\n".to_string();
    for (id, namespace) in [ours, other].iter().zip(namespaces) {
        script.push_str(&format!(
            "ip netns add {namespace}\n\
             mkdir -p /run/vc/vm/{id} /run/vc/sbs/{id} {shared}/{id}/shared\n\
             mount --bind {host} {shared}/{id}/shared\n\
             echo '\"NetworkID\":\"/var/run/netns/{namespace}\"' > /run/vc/sbs/{id}/persist.json\n"
        ));
    }
    let shell = |script: &str| Command::new("sh").args(["-c", script]).status().unwrap().success();
    assert!(shell(&script));
    // A session that runs, with temporary files of its own.
    let running = "isoproof-ba9876543210-kata-probes";
    assert!(shell(&format!("mkdir -p {shared}/{running}/shared")));
    let mut helper = Command::new("sh")
        .arg0("virtiofsd")
        .args(["-c", "sleep 30 & wait", &format!("--shared-dir={shared}/{running}/shared")])
        .spawn()
        .unwrap();
    let told = project.run(&["clean"]).succeeds().stdout;
    let runs_on = helper.try_wait().unwrap().is_none();
    helper.kill().unwrap();
    helper.wait().unwrap();
    let is_left = std::fs::remove_dir(format!("{shared}/{running}/shared")).is_ok();
    std::fs::remove_dir_all(format!("{shared}/{running}")).unwrap();
    assert!(runs_on && is_left, "{told}");
    let is_there = |path: String| std::path::Path::new(&path).exists();
    let left = |id: &str, namespace: &str| -> Vec<bool> {
        let folders = ["/run/vc/vm", "/run/vc/sbs", shared].map(|folder| format!("{folder}/{id}"));
        let paths = folders.into_iter().chain([format!("/run/netns/{namespace}")]);
        paths.map(is_there).collect()
    };
    let found = (left(ours, namespaces[0]), left(other, namespaces[1]));
    let file = std::fs::read_to_string(project.path("host/file")).unwrap();
    assert!(shell(&format!(
        "umount {shared}/{other}/shared; rm -r /run/vc/*/{other} {shared}/{other}; \
         ip netns delete {}",
        namespaces[1]
    )));
    assert_eq!(found, (vec![false; 4], vec![true; 4]), "{told}");
    assert_eq!(file, "of the host");
    for what in [format!("removed folder {shared}/{ours}"), format!("netns/{}", namespaces[0])] {
        assert!(told.contains(&what), "{told}");
    }
}

#[test]
fn one_clean_after_fifty_kills_of_each_engine_leaves_nothing() {
    if !engines() {
        return;
    }
    let list = ["docker", "podman", "ctr", "nerdctl"];
    let list = list.into_iter().filter(|engine| *engine != "nerdctl" || nerdctl());
    let before = inventory();
    let begun = Instant::now();
    let threads: Vec<_> = list
        .zip(1..)
        .map(|(engine, seed)| std::thread::spawn(move || kill_fifty_times(engine, seed)))
        .collect();
    let projects: Vec<Project> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    println!("{KILLS} kills of each engine took {:?}", begun.elapsed());
    // Engines end in the background what their killed clients asked for.
    std::thread::sleep(Duration::from_secs(1));
    let cleaning = Instant::now();
    for (index, project) in projects.iter().enumerate() {
        let outcome = Outcome::of(program(project, &["clean"]).output().unwrap()).succeeds();
        println!("clean {index} took {:?}:\n{}", cleaning.elapsed(), outcome.stdout);
        let half = |name: &&String| name.contains(".isoproof-");
        assert_eq!(project.tree(".").keys().find(half), None);
        let kept = |name: &&String| *name != "isoproof.turn";
        assert_eq!(project.tree(TEMPORARY).keys().find(kept), None);
    }
    let left: Vec<String> = inventory().difference(&before).cloned().collect();
    assert_eq!(left, Vec::<String>::new());
}
