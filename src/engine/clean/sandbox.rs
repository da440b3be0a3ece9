//! What the runtime of a virtual machine leaves when its start is killed: processes that go on
//! booting, folders with mounts in them, a network namespace. Kata names all of them after the
//! container, but for the namespace.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{mounts, wait_while};
use crate::engine::MONITORS;
use crate::proc::{ProcessTable, mount_points_below};

/// Where Kata's shims keep a folder for each sandbox: the Go shim's first, then the Rust shim's.
const FOLDERS: [&str; 4] =
    ["/run/vc/vm", "/run/vc/sbs", "/run/kata-containers/shared/sandboxes", "/run/kata"];

/// How Kata calls the network namespace of a container that has none of its engine.
const NAMESPACE_PREFIX: &str = "cnitest-";

/// Where containerd keeps a folder for each task of the namespaces that engines of ours use.
const BUNDLES: [&str; 2] = [
    "/run/containerd/io.containerd.runtime.v2.task/default",
    "/run/containerd/io.containerd.runtime.v2.task/moby",
];

/// Programs of a sandbox besides its shim and its monitor.
const HELPERS: [&str; 3] = ["virtiofsd", "nydusd", "jailer"];

/// Programs that ask for a container to be run, and wait for it.
const CLIENTS: [&str; 4] = ["ctr", "nerdctl", "docker", "podman"];

/// How long a machine that is ending may take to end by itself.
const GRACE: Duration = Duration::from_secs(1);

/// The same of the shim and the client of a container without a machine.
const SHORT_GRACE: Duration = Duration::from_millis(300);

/// How long a shim may take to delete what another one left: containerd gives it five seconds.
const DELETION: Duration = Duration::from_secs(6);

/// How long what was killed may take to be gone.
const DEATH: Duration = Duration::from_secs(5);

/// What was found and done about sandboxes, in words.
#[derive(Debug, Default)]
pub(super) struct SandboxCleanup {
    pub removed: Vec<String>,
    pub left: Vec<String>,
}

/// The part of a process in the life of a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum SandboxPart {
    /// The engine's client, which would go on with a start that has failed.
    Client,
    Shim,
    /// A shim that is called to delete what another one left.
    Deleter,
    /// The monitor, or a helper of it.
    Machine,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct SandboxProcess {
    part: SandboxPart,
    pid: u32,
    program: String,
}

impl SandboxProcess {
    /// Whether it belongs to a virtual machine, and not to a container that any runtime could run.
    fn is_of_machine(&self) -> bool {
        self.part == SandboxPart::Machine || self.program.contains("kata")
    }
}

/// Ends the processes of a sandbox that is being started: until its machine has booted, its shim
/// does not answer. Whether it is being started is asked only where there is a machine.
pub(super) fn stop_boot(is_mine: &dyn Fn(&str) -> bool, is_booting: impl FnOnce() -> bool) {
    let processes = list_processes(is_mine);
    if processes.iter().any(SandboxProcess::is_of_machine) && is_booting() {
        kill_processes(&processes);
        wait_for_end(is_mine, DEATH, |_| true);
    }
}

/// Removes what is left of sandboxes whose containers are gone: waits for their processes to end
/// and ends them if they do not, then unmounts and removes their folders, and the network
/// namespaces that were theirs.
///
/// `namespaces` are the names of network namespaces that were there before; none if that is not
/// known.
pub(super) fn remove_sandboxes(
    is_mine: &dyn Fn(&str) -> bool,
    namespaces: Option<&BTreeSet<String>>,
) -> SandboxCleanup {
    let mut cleanup = SandboxCleanup::default();
    let mut theirs = BTreeSet::new();
    let processes = list_processes(is_mine);
    theirs.extend(foreign_namespaces(&processes));
    if !processes.is_empty() {
        let has_machine = processes.iter().any(SandboxProcess::is_of_machine);
        let grace = if has_machine { GRACE } else { SHORT_GRACE };
        wait_for_end(is_mine, grace, |process| process.part != SandboxPart::Deleter);
        wait_for_end(is_mine, DELETION, |process| process.part == SandboxPart::Deleter);
        let running = list_processes(is_mine);
        theirs.extend(foreign_namespaces(&running));
        kill_processes(&running);
        let left = wait_for_end(is_mine, DEATH, |_| true);
        for SandboxProcess { pid, program, .. } in &left {
            let seconds = DEATH.as_secs();
            cleanup
                .left
                .push(format!("process {pid}, {program}: it runs {seconds} s after a kill"));
        }
        if !left.is_empty() {
            return cleanup; // What runs may still need its folders.
        }
        for SandboxProcess { pid, program, .. } in running {
            cleanup.removed.push(format!("process {pid}, {program}"));
        }
    }
    let mut named = BTreeSet::new();
    for folder in FOLDERS.iter().chain(&BUNDLES).map(Path::new) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if !is_mine(&entry.file_name().to_string_lossy()) {
                continue;
            }
            let path = entry.path();
            let state = fs::read_to_string(path.join("persist.json")).unwrap_or_default();
            named.extend(named_namespaces(&state));
            let shown = path.display();
            match remove_folder(&path) {
                Ok(true) => cleanup.removed.push(format!("folder {shown}")),
                Ok(false) => {}
                Err(reason) => cleanup.left.push(format!("folder {shown}: {reason}")),
            }
        }
    }
    cleanup.removed.extend(remove_network_namespaces(&theirs, &named, namespaces));
    cleanup
}

/// Removes a folder with what is mounted in it; nothing while something is mounted that cannot be
/// unmounted, because what lies there may be a folder of the host. False if its engine was faster.
fn remove_folder(path: &Path) -> Result<bool, String> {
    for point in mount_points_below(path).iter().rev() {
        mounts::detach_mount(point);
    }
    if let Some(point) = mount_points_below(path).first() {
        return Err(format!("{} is still mounted", point.display()));
    }
    match fs::remove_dir_all(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.to_string()),
    }
}

/// The names of network namespaces that there are now and that could be mistaken for later ones.
pub(super) fn list_namespaces() -> BTreeSet<String> {
    let mounted = mounts::mounted_namespaces(NAMESPACE_PREFIX).into_iter();
    mounted.map(|(_, point)| point.display().to_string()).collect()
}

/// Removes the network namespaces that processes of a sandbox were in, that its state names, and
/// those that came since and belong to nothing: no process is in one, and no shim of Kata runs.
fn remove_network_namespaces(
    theirs: &BTreeSet<String>,
    named: &BTreeSet<String>,
    before: Option<&BTreeSet<String>>,
) -> Vec<String> {
    let found = mounts::mounted_namespaces(NAMESPACE_PREFIX);
    if found.is_empty() {
        return Vec::new();
    }
    let processes = ProcessTable::of_this_machine();
    let used = processes.used_network_namespaces();
    let is_alone = !processes.process_ids().into_iter().any(|pid| {
        let words = processes.process_arguments(pid);
        words.first().is_some_and(|program| base_name(program).starts_with("containerd-shim-kata"))
    });
    let mut removed = Vec::new();
    for (namespace, point) in found.iter().filter(|(namespace, _)| !used.contains(namespace)) {
        let place = point.display().to_string();
        let is_new = before.is_some_and(|before| is_alone && !before.contains(&place));
        if (theirs.contains(namespace) || named.contains(base_name(&place)) || is_new)
            && mounts::remove_mount(point)
        {
            removed.push(format!("network namespace {place}"));
        }
    }
    removed
}

/// The names of network namespaces in the state that the Go shim keeps of a sandbox.
fn named_namespaces(state: &str) -> impl Iterator<Item = String> {
    let words = state.split(['"', '/']);
    words.filter(|word| word.starts_with("cnitest-")).map(String::from)
}

/// The control groups that Kata leaves empty after every run, those of our sandboxes.
pub(super) fn list_empty_cgroups(is_mine: &dyn Fn(&str) -> bool) -> Vec<String> {
    let root = Path::new("/sys/fs/cgroup");
    // Version 1 has a folder for each controller above them.
    let tops =
        list_subfolders(root).flat_map(|top| list_subfolders(&top).chain(std::iter::once(top)));
    let mut found = BTreeSet::new();
    for group in tops.flat_map(|top| list_subfolders(&top)) {
        let name = group.file_name().unwrap_or_default().to_string_lossy();
        let is_overhead = group.parent().is_some_and(|parent| parent.ends_with("kata_overhead"));
        let id = if is_overhead { Some(&*name) } else { name.strip_prefix("kata_") };
        if id.is_some_and(is_mine)
            && fs::read_to_string(group.join("cgroup.procs"))
                .is_ok_and(|list| list.trim().is_empty())
        {
            found.insert(group.display().to_string());
        }
    }
    found.into_iter().collect()
}

fn list_subfolders(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir())
}

fn foreign_namespaces(processes: &[SandboxProcess]) -> impl Iterator<Item = String> {
    let table = ProcessTable::of_this_machine();
    let own = table.process_namespace(std::process::id(), "net");
    let all =
        processes.iter().filter_map(move |process| table.process_namespace(process.pid, "net"));
    all.filter(move |namespace| own.as_ref().is_some_and(|own| own != namespace))
}

/// Whether a process of a sandbox runs.
pub(super) fn has_processes(id: &str) -> bool {
    !list_processes(&|other| other == id).is_empty()
}

fn list_processes(is_mine: &dyn Fn(&str) -> bool) -> Vec<SandboxProcess> {
    let mut found = Vec::new();
    let processes = ProcessTable::of_this_machine();
    for pid in processes.process_ids() {
        let words = processes.process_arguments(pid);
        if let Some(part) = sandbox_part(&words, is_mine) {
            found.push(SandboxProcess { part, pid, program: base_name(&words[0]).to_string() });
        }
    }
    found.sort();
    found
}

/// What a process is to a sandbox of ours, by its program and arguments; none if it is nothing.
fn sandbox_part(words: &[String], is_mine: &dyn Fn(&str) -> bool) -> Option<SandboxPart> {
    let (program, arguments) = words.split_first()?;
    let program = base_name(program);
    let part = if CLIENTS.contains(&program) && arguments.iter().any(|word| word == "run") {
        SandboxPart::Client
    } else if program.starts_with("containerd-shim") {
        let is_deleter = arguments.last().is_some_and(|word| word == "delete");
        if is_deleter { SandboxPart::Deleter } else { SandboxPart::Shim }
    } else if HELPERS.contains(&program)
        || MONITORS.iter().any(|monitor| program.starts_with(monitor))
    {
        SandboxPart::Machine
    } else {
        return None;
    };
    let mut parts = arguments.iter().flat_map(|word| word.split(['/', '=', ',']));
    let is_named = parts.any(|part| is_mine(part.strip_prefix("sandbox-").unwrap_or(part)));
    is_named.then_some(part)
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Clients first, so that none goes on; then shims, so that none answers the end of its machine.
fn kill_processes(processes: &[SandboxProcess]) {
    for process in processes {
        if let Some(pid) = process.pid.try_into().ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// Returns the awaited processes that are still there when the time is over. One that comes
/// later, as a shim that deletes what a killed one left, is none of them.
fn wait_for_end(
    is_mine: &dyn Fn(&str) -> bool,
    limit: Duration,
    is_awaited: impl Fn(&SandboxProcess) -> bool,
) -> Vec<SandboxProcess> {
    let mut left = Vec::new();
    wait_while(limit, || {
        left = list_processes(is_mine);
        left.retain(&is_awaited);
        !left.is_empty()
    });
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "isoproof-e1051eb88acc-kata-probes";

    fn part_of(line: &str) -> Option<SandboxPart> {
        let words: Vec<String> = line.split(' ').map(String::from).collect();
        sandbox_part(&words, &|id| id == ID)
    }

    #[test]
    fn the_processes_of_a_sandbox_are_known_by_its_id() {
        let shim = format!(
            "/opt/kata/bin/containerd-shim-kata-v2 -namespace default -address \
             /run/containerd/containerd.sock -publish-binary  -id {ID}"
        );
        for (line, part) in [
            (
                format!("ctr run --rm --runtime io.containerd.kata.v2 alpine {ID} sh"),
                SandboxPart::Client,
            ),
            (shim.clone(), SandboxPart::Shim),
            (format!("{shim} -bundle /run/x delete"), SandboxPart::Deleter),
            (
                format!(
                    "/opt/kata/libexec/virtiofsd --syslog --cache=auto \
                     --shared-dir=/run/kata-containers/shared/sandboxes/{ID}/shared --fd=3"
                ),
                SandboxPart::Machine,
            ),
            (
                format!("/opt/kata/bin/qemu-system-x86_64 -name sandbox-{ID} -uuid d1453e1f"),
                SandboxPart::Machine,
            ),
            (
                format!("/opt/kata/bin/cloud-hypervisor --api-socket /run/vc/vm/{ID}/clh-api.sock"),
                SandboxPart::Machine,
            ),
        ] {
            assert_eq!(part_of(&line), Some(part), "{line}");
            assert_eq!(part_of(&line.replace(ID, "web")), None, "{line}");
            assert_eq!(part_of(&line.replace(ID, &format!("{ID}2"))), None, "{line}");
        }
    }

    /// Made from the public descriptions of Kata's Rust shim.
    #[test]
    fn the_rust_shim_is_a_machine_by_itself() {
        let line = format!(
            "/opt/kata/runtime-rs/bin/containerd-shim-kata-v2 -id {ID} -namespace default \
             -address /run/containerd/containerd.sock -publish-binary /usr/bin/containerd"
        );
        let words: Vec<String> = line.split(' ').map(String::from).collect();
        let part = sandbox_part(&words, &|id| id == ID).unwrap();
        let shim = SandboxProcess { part, pid: 1, program: base_name(&words[0]).into() };
        assert!(shim.part == SandboxPart::Shim && shim.is_of_machine());
    }

    #[test]
    fn what_only_mentions_a_sandbox_is_left_alone() {
        for line in [
            format!("tail -f /run/vc/vm/{ID}/console.sock"),
            format!("grep -r {ID} /var/log"),
            format!("ctr tasks kill {ID}"),
            format!("sh -c qemu-system-x86_64 {ID}"),
        ] {
            assert_eq!(part_of(&line), None, "{line}");
        }
    }

    #[test]
    fn what_is_awaited_is_left_only_if_it_was_there_at_the_end_of_the_time() {
        use std::io::Read;
        use std::os::unix::process::CommandExt;
        use std::process::Stdio;

        let id = format!("isoproof-{}-runc-probes", std::process::id());
        let is_mine = |other: &str| other == id;
        let mut shim = std::process::Command::new("sh");
        shim.arg0("containerd-shim-runc-v2").args(["-c", "echo; read line", "-id", &id]);
        let mut shim = shim.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // Its arguments are there to be seen only when it runs.
        shim.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let left = wait_for_end(&is_mine, Duration::ZERO, |_| true);
        assert_eq!(left.iter().map(|process| process.pid).collect::<Vec<_>>(), [shim.id()]);
        let others = wait_for_end(&is_mine, DEATH, |process| process.part == SandboxPart::Deleter);
        assert_eq!(others, []);
        drop(shim.stdin.take());
        shim.wait().unwrap();
        assert_eq!(wait_for_end(&is_mine, DEATH, |_| true), []);
    }

    #[test]
    fn the_state_of_the_go_shim_names_its_network_namespace() {
        let state = r#"{"Network":{"NetworkID":"/var/run/netns/cnitest-9fd89470-fa41-5448-47cd-75b29854bad7","NetworkCreated":true}}"#;
        let names: Vec<String> = named_namespaces(state).collect();
        assert_eq!(names, ["cnitest-9fd89470-fa41-5448-47cd-75b29854bad7"]);
    }

    #[test]
    fn a_folder_goes_with_what_is_in_it_and_not_with_what_its_links_lead_to() {
        let (own, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let kept = other.path().join("kept");
        fs::write(&kept, "of the host").unwrap();
        let folder = own.path().join(ID);
        fs::create_dir_all(folder.join("shared")).unwrap();
        std::os::unix::fs::symlink(other.path(), folder.join("shared/link")).unwrap();
        assert_eq!(remove_folder(&folder), Ok(true));
        assert!(!folder.exists());
        assert_eq!(fs::read_to_string(kept).unwrap(), "of the host");
        assert_eq!(remove_folder(&folder), Ok(false), "its engine may remove it at the same time");
    }
}
