//! What the host sees of a container while it runs: the witness, the processes around it, and
//! how much memory they use.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::command_capture::from_command;
use super::session::CollectSession;
use super::waiting::wait_until;
use crate::engine::facts::inspect_container;
use crate::engine::{EngineKind, MONITORS};
use crate::error::{Error, Result};
use crate::model::{
    Capture, CaptureOrigin, CaptureStatus, CapturedStream, FactId, Target, fact_ids,
};
use crate::proc::ProcessTable;

/// A process in the container with an argument that nothing else on the machine has.
pub(crate) struct WitnessProcess {
    argument: String,
}

impl WitnessProcess {
    pub(crate) fn with_random_argument() -> Result<Self> {
        let nonce = crate::probe::script::make_nonce()?;
        let number = u64::from_str_radix(&nonce[..8], 16)
            .map_err(|error| Error::failed_environment(format!("no random number: {error}")))?;
        // Ten digits: longer than anybody sleeps, and a number that every `sleep` takes.
        Ok(Self { argument: format!("{}", 1_000_000_000 + number % 1_000_000_000) })
    }

    pub(crate) fn sleep_argument(&self) -> &str {
        &self.argument
    }

    /// Its program and its argument.
    pub(crate) fn command_words(&self) -> String {
        format!("sleep {}", self.argument)
    }

    /// The line of shell that starts it.
    pub(crate) fn start_command(&self) -> String {
        format!("{} </dev/null >/dev/null 2>&1 &\n", self.command_words())
    }

    /// The line of shell that writes it to the kernel's log.
    pub(super) fn kernel_log_command(&self) -> String {
        format!("echo '<6>isoproof witness {}' 2>/dev/null >/dev/kmsg\n", self.argument)
    }

    /// Looks for a process on the host with exactly these arguments. The engine's client has the
    /// number among its own, but not these alone.
    pub(super) fn find_on_host(&self) -> Option<u32> {
        let wanted = format!("sleep\0{}\0", self.argument);
        let table = ProcessTable::of_this_machine();
        table.process_ids().into_iter().find(|pid| {
            table.read_file(*pid, "cmdline").is_some_and(|line| line == wanted.as_bytes())
        })
    }
}

/// The options that let a container write to the kernel's log.
pub(super) fn kernel_log_options(engine: EngineKind) -> Vec<String> {
    match engine {
        EngineKind::Builtin => Vec::new(),
        EngineKind::Ctr => vec!["--device".into(), "/dev/kmsg".into()],
        _ => vec!["--device".into(), "/dev/kmsg:/dev/kmsg:w".into()],
    }
}

/// Captures what the host sees of a container, but for its witness.
pub(super) fn capture_host_side(
    session: &CollectSession,
    spec: &Target,
    name: &str,
) -> Vec<Capture> {
    let (inspected, answer) = match inspect_container(session.engine, name, session.cancel) {
        Ok(Some(inspection)) => inspection,
        Ok(None) => return Vec::new(),
        Err(error) => {
            session.progress.on_trouble(&spec.name, &error.message);
            let how = "the answer of the engine about the running container";
            return vec![failed_capture(
                &spec.name,
                &fact_ids::HOST_ENGINE_CONTAINER,
                how,
                &error.message,
            )];
        }
    };
    let mut engine = from_command(&spec.name, &fact_ids::HOST_ENGINE_CONTAINER, &answer);
    engine.stdout = CapturedStream::new(inspection_summary(&inspected).as_bytes());
    engine.origin = observed_origin("the answer of the engine about the running container");
    let mut captures = vec![engine];
    if let Some(pid) = inspected.pid.filter(|&pid| pid > 0) {
        captures.extend(inspect_host_processes(spec, pid, &inspected.id));
    }
    captures
}

fn inspection_summary(inspected: &crate::engine::facts::ContainerInspection) -> String {
    let runtime = inspected.runtime.as_deref().unwrap_or("not stated");
    let pid = inspected.pid.map_or_else(|| "not stated".into(), |pid| pid.to_string());
    format!("id {}\npid {pid}\nruntime {runtime}\n", inspected.id)
}

fn observed_origin(how: &str) -> CaptureOrigin {
    CaptureOrigin::Observed { how: how.into() }
}

/// A capture of something that isoproof read itself.
pub(crate) fn capture_of(target: &str, id: &str, how: &str, text: &str) -> Capture {
    let status = if text.is_empty() { CaptureStatus::Absent } else { CaptureStatus::Ok };
    let capture = Capture::of_target(target, id, observed_origin(how), text.as_bytes());
    Capture { status, started: Some(Utc::now()), ..capture }
}

/// The capture of a record of what was `started` earlier than the record was made; at no time where
/// nothing was.
pub(crate) fn capture_since(
    started: Option<DateTime<Utc>>,
    target: &str,
    id: &str,
    how: &str,
    text: &str,
) -> Capture {
    Capture { started, ..capture_of(target, id, how, text) }
}

/// A capture of something that could not be found out, with the reason.
pub(super) fn failed_capture(target: &str, id: &str, how: &str, words: &str) -> Capture {
    capture_of(target, id, how, "").failed_with(CaptureStatus::Error, words)
}

/// Looks on for a witness that was not `found` at once, for a moment: it was started before the
/// first answer, but may not have become what it is called by.
pub(super) fn look_for(
    session: &CollectSession,
    spec: &Target,
    witness: &WitnessProcess,
    mut found: Option<u32>,
) -> Vec<Capture> {
    wait_until(Duration::from_millis(150), || {
        found = found.or_else(|| witness.find_on_host());
        found.is_some() || session.is_cancelled()
    });
    let how = format!(
        "the arguments of every process on the host, for exactly: {}",
        witness.command_words()
    );
    let count = ProcessTable::of_this_machine().process_ids().len();
    let found = found.map(|pid| format!("process {pid} on the host, {}", own_ids(pid)));
    let mut captures = witness_captures(&spec.name, &how, found.as_deref(), count);
    if session.options.kernel_log_witness {
        captures.push(kernel_log_capture(session, spec, witness));
    }
    captures
}

/// Whether a witness was `found`, among so many processes on the host.
pub(crate) fn witness_captures(
    target: &str,
    how: &str,
    found: Option<&str>,
    count: usize,
) -> Vec<Capture> {
    const ID: FactId = fact_ids::HOST_WITNESS_PROCESS;
    let (answer, detail) = match found {
        Some(words) => ("yes\n", format!("{words}\n")),
        None => ("no\n", format!("none of {count} processes on the host\n")),
    };
    let what = "what was found of the witness";
    vec![
        capture_of(target, &ID, how, answer),
        capture_of(target, &format!("{ID}.detail"), what, &detail),
    ]
}

fn own_ids(pid: u32) -> String {
    let status = ProcessTable::of_this_machine().read_file(pid, "status").unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let line = status.lines().find(|line| line.starts_with("NSpid:")).unwrap_or("NSpid: unknown");
    line.replace('\t', " ")
}

fn kernel_log_capture(
    session: &CollectSession,
    spec: &Target,
    witness: &WitnessProcess,
) -> Capture {
    let mark = format!("isoproof witness {}", witness.argument);
    let (id, how) = (fact_ids::HOST_WITNESS_KMSG, format!("the host's kernel log, for: {mark}"));
    match crate::engine::query_engine(&["dmesg"], session.cancel) {
        Ok(log) if crate::text::decode_bytes(&log.stdout).contains(&mark) => {
            capture_of(&spec.name, &id, &how, "yes\n")
        }
        Ok(_) => capture_of(&spec.name, &id, &how, "no\n"),
        // A log that cannot be read shows nothing of who wrote to it.
        Err(error) => failed_capture(&spec.name, &id, &how, &error.message),
    }
}

/// The processes around the container's own: its shim, monitors, memory.
fn inspect_host_processes(spec: &Target, pid: u32, id: &str) -> Vec<Capture> {
    let mut captures = Vec::new();
    let table = ProcessTable::of_this_machine();
    let exe = table.program_path(pid).unwrap_or_default();
    let how = format!("the program of process {pid}, which the engine calls the container's");
    captures.push(capture_of(&spec.name, &fact_ids::HOST_PID_EXE, &how, &end_line(&exe)));
    let tree = process_tree(pid, id);
    let mut pids = tree.iter().copied();
    let shim = pids.clone().find(|pid| is_shim_name(&table.process_name(*pid))).or_else(|| {
        pids.find(|pid| table.process_arguments(*pid).iter().any(|word| word.contains("shim")))
    });
    let shim_program = shim.and_then(|pid| table.program_path(pid)).unwrap_or_default();
    let how = "the program of the process above the container's whose name says shim or conmon";
    captures.push(capture_of(&spec.name, &fact_ids::HOST_SHIM, how, &end_line(&shim_program)));
    let monitor = tree.iter().copied().find(|pid| {
        table.program_path(*pid).is_some_and(|path| {
            let program = path.rsplit('/').next().unwrap_or_default().to_string();
            MONITORS.iter().any(|known| program.starts_with(known))
        })
    });
    let how = "the program of the first virtual machine monitor among the container's processes";
    let monitor_program = monitor.and_then(|pid| table.program_path(pid)).unwrap_or_default();
    captures.push(capture_of(&spec.name, &fact_ids::HOST_VMM, how, &end_line(&monitor_program)));
    let how = "open files of the container's processes that belong to a virtual machine";
    captures.push(capture_of(&spec.name, &fact_ids::HOST_VM_FDS, how, &vm_files(&tree)));
    captures.extend(capture_memory(spec, &tree));
    captures
}

/// Whether a process is what an engine leaves next to a container: containerd's shim, or conmon,
/// which podman has in its place.
fn is_shim_name(name: &str) -> bool {
    name.contains("shim") || name.contains("conmon")
}

fn end_line(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{text}\n") }
}

fn read_process_memory(table: &ProcessTable, pid: u32) -> Option<(String, u64)> {
    let rollup = String::from_utf8(table.read_file(pid, "smaps_rollup")?).ok()?;
    let line = rollup.lines().find(|line| line.starts_with("Pss:"))?;
    Some((table.shown_name(pid), line.split_whitespace().nth(1)?.parse().ok()?))
}

/// Proportional set size, by component (proc(5), smaps_rollup).
fn capture_memory(spec: &Target, tree: &BTreeSet<u32>) -> Vec<Capture> {
    let table = ProcessTable::of_this_machine();
    let parts: Vec<(String, u64)> =
        tree.iter().filter_map(|pid| read_process_memory(&table, *pid)).collect();
    if parts.is_empty() {
        return Vec::new();
    }
    let total: u64 = parts.iter().map(|(_, kilobytes)| kilobytes).sum();
    let list: String =
        parts.iter().map(|(name, kilobytes)| format!("{name} {kilobytes} kB\n")).collect();
    let how = "Pss of smaps_rollup, summed over the shim and the processes below it, in kB";
    vec![
        capture_of(&spec.name, &fact_ids::HOST_MEM_PSS, how, &format!("{total}\n")),
        capture_of(&spec.name, "host.mem_pss.detail", "the same by process", &list),
    ]
}

/// The container's process, its shim, what is below the shim, and what names the container's id.
fn process_tree(pid: u32, id: &str) -> BTreeSet<u32> {
    let table = ProcessTable::of_this_machine();
    let mut top = pid;
    let limit = Instant::now() + Duration::from_secs(1);
    while let Some(parent) = table.parent_id(top) {
        if parent <= 1 || Instant::now() > limit {
            break;
        }
        let is_ours = table.process_arguments(parent).iter().any(|word| word.contains(id))
            || is_shim_name(&table.process_name(parent));
        if !is_ours {
            break;
        }
        top = parent;
    }
    let all = table.process_ids();
    let mut tree = BTreeSet::from([pid, top]);
    loop {
        let before = tree.len();
        for &other in &all {
            if table.parent_id(other).is_some_and(|parent| tree.contains(&parent)) {
                tree.insert(other);
            }
        }
        if tree.len() == before {
            return tree;
        }
    }
}

fn vm_files(tree: &BTreeSet<u32>) -> String {
    let table = ProcessTable::of_this_machine();
    let mut found = BTreeSet::new();
    for pid in tree {
        for target in table.open_files(*pid) {
            if target == "/dev/kvm" || target.starts_with("anon_inode:kvm-") {
                found.insert(format!("{} {target}", table.process_name(*pid)));
            }
        }
    }
    found.iter().map(|entry| format!("{entry}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_monitor_of_podman_stands_in_the_place_of_a_shim() {
        for (name, expected) in
            [("containerd-shim", true), ("conmon", true), ("sh", false), ("runsc-sandbox", false)]
        {
            assert_eq!(is_shim_name(name), expected, "{name}");
        }
    }

    #[test]
    fn a_witness_of_this_machine_is_found_and_only_itself() {
        let witness = WitnessProcess::with_random_argument().unwrap();
        assert_eq!(witness.find_on_host(), None);
        let mut child = std::process::Command::new("sleep").arg(&witness.argument).spawn().unwrap();
        let mut found = None;
        wait_until(Duration::from_secs(5), || {
            found = witness.find_on_host();
            found.is_some()
        });
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(found, Some(child.id()));
    }

    #[test]
    fn a_process_that_was_started_through_its_own_link_has_the_name_that_it_gives_itself() {
        use std::os::unix::process::CommandExt;
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("exe");
        std::os::unix::fs::symlink("/bin/sleep", &link).unwrap();
        let mut child =
            std::process::Command::new(&link).arg0("runsc-gofer").arg("50").spawn().unwrap();
        let mut name = String::new();
        wait_until(Duration::from_secs(5), || {
            name = ProcessTable::of_this_machine().shown_name(child.id());
            name == "runsc-gofer"
        });
        let plain = ProcessTable::of_this_machine().shown_name(std::process::id());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(name, "runsc-gofer");
        assert_eq!(plain, ProcessTable::of_this_machine().process_name(std::process::id()));
    }

    #[test]
    fn a_process_and_its_children_are_a_family() {
        let mut child =
            std::process::Command::new("sh").args(["-c", "sleep 50 & wait"]).spawn().unwrap();
        let mut members = BTreeSet::new();
        wait_until(Duration::from_secs(5), || {
            members = process_tree(child.id(), "no such container");
            members.len() > 1
        });
        let below: Vec<u32> = members.iter().copied().filter(|pid| *pid != child.id()).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        for pid in &below {
            let _ = std::process::Command::new("kill").arg(pid.to_string()).status();
        }
        assert_eq!(below.len(), 1, "{members:?}");
    }
}
