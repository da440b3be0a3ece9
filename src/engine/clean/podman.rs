//! Starts that podman forgot: one that was killed before it wrote down that the runtime had made the
//! container. The monitor and the runtime's first process then wait to be told to begin.

use std::time::Duration;

use super::{CleanupResult, LIMIT, proc, wait_while};
use crate::engine::process::{CancelFlag, run_command};

/// How long the monitor of a container that was removed may take to end.
const END: Duration = Duration::from_millis(500);

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
        let is_on = || list_monitored(is_mine).contains(&container);
        wait_while(END, is_on);
        let words = format!("container {} that podman forgot", container.name);
        if is_on() { &mut result.left } else { &mut result.removed }.push(words);
    }
}

fn list_monitored(is_mine: &dyn Fn(&str) -> bool) -> Vec<MonitoredContainer> {
    let all = proc::process_folders()
        .filter_map(|folder| monitored_container(&proc::read_arguments(&folder)));
    all.filter(|container| is_mine(&container.name)).collect()
}

/// The container of a monitor, by its program and arguments (conmon(8)); none if it is another
/// process. What stands after `--exit-command` is of another command.
fn monitored_container(words: &[String]) -> Option<MonitoredContainer> {
    let (program, arguments) = words.split_first()?;
    if program.rsplit('/').next() != Some("conmon") {
        return None;
    }
    let value = |option: &str| {
        let own = arguments.iter().take_while(|word| *word != "--exit-command");
        own.skip_while(|word| *word != option).nth(1).cloned()
    };
    Some(MonitoredContainer { name: value("-n")?, id: value("-c")?, runtime: value("-r")? })
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
