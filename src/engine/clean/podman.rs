//! What podman forgets of a start that was killed before it wrote down what it had made: a container,
//! whose monitor and first process wait to be told to begin, or its network namespace.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::{CleanupResult, LIMIT, mounts, wait_while};
use crate::proc::ProcessTable;
use crate::process::{CancelFlag, run_command};

/// How long the monitor of a container that was removed may take to end.
const END: Duration = Duration::from_millis(500);

/// How podman calls the network namespace of a container.
const NAMESPACE_PREFIX: &str = "netns-";

/// Where the podman of root keeps them. Those of other users are mounted where only they see it.
const NAMESPACES: &str = "/run/netns";

/// What conmon, podman's monitor, says of its container in its arguments.
#[derive(Debug, PartialEq, Eq)]
struct MonitoredContainer {
    name: String,
    id: String,
    runtime: String,
}

/// Ends such starts; to be called when podman has no such containers any more.
pub(super) fn end_forgotten_starts(is_mine: &dyn Fn(&str) -> bool, result: &mut CleanupResult) {
    wait_while(END, || !list_monitored(is_mine).is_empty());
    for container in list_monitored(is_mine) {
        let argv = [&*container.runtime, "delete", "--force", &container.id].map(str::to_string);
        let _ = run_command(&argv, LIMIT, &CancelFlag::default());
        wait_while(END, || list_monitored(is_mine).contains(&container));
        let words = format!("container {} that podman forgot", container.name);
        match list_monitored(is_mine).contains(&container) {
            true => result.left.push(words),
            false => result.removed.push(words),
        }
    }
}

/// Removes the network namespaces that no process is in: nothing in one names its session. None
/// while podman runs, which may have made it a moment ago. Returns what was removed, in words.
pub(super) fn remove_unused_namespaces() -> Vec<String> {
    let processes = ProcessTable::of_this_machine();
    let mut unused = mounts::mounted_namespaces(NAMESPACE_PREFIX);
    let mut unfinished = mounts::namespace_files(Path::new(NAMESPACES), NAMESPACE_PREFIX);
    let is_none = unused.is_empty() && unfinished.is_empty();
    // A container that was removed has a podman of its own that cleans up after it.
    wait_while(END, || !is_none && processes.runs_program("podman"));
    if processes.runs_program("podman") {
        return Vec::new();
    }
    // Whoever made one of these has started its container by now.
    let used = processes.used_network_namespaces();
    unused.retain(|(namespace, point)| !used.contains(namespace) && mounts::remove_mount(point));
    let mounted = mounts::mounted_namespaces(NAMESPACE_PREFIX);
    unfinished.retain(|file| {
        mounted.iter().all(|(_, point)| point != file) && fs::remove_file(file).is_ok()
    });
    let points = unused.into_iter().map(|(_, point)| point).chain(unfinished);
    points.map(|point| format!("network namespace {}", point.display())).collect()
}

fn list_monitored(is_mine: &dyn Fn(&str) -> bool) -> Vec<MonitoredContainer> {
    let processes = ProcessTable::of_this_machine();
    let ids = processes.process_ids().into_iter();
    let all = ids.filter_map(|pid| monitored_container(&processes.process_arguments(pid)));
    all.filter(|container| is_mine(&container.name)).collect()
}

/// The container of a monitor, by its program and arguments (conmon(8)); none if it is another
/// process. What stands after `--exit-command` is of another command.
fn monitored_container(words: &[String]) -> Option<MonitoredContainer> {
    let (program, arguments) = words.split_first()?;
    if program.rsplit('/').next() != Some("conmon") {
        return None;
    }
    let own = arguments.iter().take_while(|word| *word != "--exit-command");
    let [name, id, runtime] = ["-n", "-c", "-r"]
        .map(|option| own.clone().skip_while(|word| *word != option).nth(1).cloned());
    Some(MonitoredContainer { name: name?, id: id?, runtime: runtime? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_monitor_names_its_container_and_nothing_else_does() {
        let of = |line: &str| {
            monitored_container(&line.split(' ').map(str::to_string).collect::<Vec<_>>())
        };
        let container = MonitoredContainer {
            name: "isoproof-15cc028ae5ad-runc-cold".into(),
            id: "89f620".into(),
            runtime: "/usr/bin/runc".into(),
        };
        let line = "/usr/bin/conmon --api-version 1 -c 89f620 -u 89f620 -r /usr/bin/runc -b /b \
                    -p /p -n isoproof-15cc028ae5ad-runc-cold --exit-dir /e";
        assert_eq!(of(line), Some(container));
        assert_eq!(of(&line.replace("conmon ", "other ")), None);
        let without = line.replace(" -n isoproof-15cc028ae5ad-runc-cold", "");
        assert_eq!(of(&format!("{without} --exit-command /x -n isoproof-1")), None);
    }
}
