//! What a node shows of the pods on it: a pod that sees the node's processes says which of them are
//! theirs. All pods of the node are looked at by the same pod and in one moment, so that not finding
//! the witness of one counts where another's was found.
//!
//! Its script prints one line for each process, and one at its end; with the rights of the node's
//! root also what each process is and holds, after its line:
//!
//! ```text
//! @<nonce> process <tab> pod <tab> process <tab> ids in its namespaces <tab> name <tab> arguments
//! @<nonce> program <tab> pod <tab> process <tab> path
//! @<nonce> pss <tab> pod <tab> process <tab> kilobytes
//! @<nonce> handle <tab> pod <tab> process <tab> what an open file of a virtual machine is called
//! @<nonce> end <tab> how many processes there are <tab> boot id
//! ```
//!
//! Then, with these rights, it enters the node and asks the probes of a host there, by the node's
//! own shell.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chrono::Utc;

use super::ClusterSession;
use super::nodes::ClusterNode;
use super::pod::{AskedFields, NODE_FILES, NodeViewLevel, find_changes, view_pod};
use super::probing::{GRACE, HeldPod, ProbePod};
use super::words::PodEnd;
use crate::collect::{answer_captures, capture_of, script_questions, witness_captures};
use crate::engine::MONITORS;
use crate::model::{Capture, CaptureOrigin, CaptureStatus, CapturedStream, FactId, fact_ids};
use crate::probe::catalogue::ProbeCatalogue;
use crate::probe::script::{self, BatchLimits, BatchQuestion};

const TEMPLATE: &str = include_str!("view.sh");

/// Probes of a host that a pod which entered its node is not asked: they show who asks, its control
/// group, its mounts, its rights and its environment, or the node's object answers them.
const OF_WHO_ASKS: &[FactId] = &[
    fact_ids::CGROUP_LIMITS,
    fact_ids::CGROUP_MEM_MAX,
    fact_ids::FS_MOUNTS,
    fact_ids::FS_TYPES,
    fact_ids::KERNEL_BOOT_ID,
    fact_ids::KERNEL_RELEASE,
    fact_ids::NS_INODES,
    fact_ids::PRIV_ENV_PROXY,
    fact_ids::PRIV_LSM,
    fact_ids::PRIV_STATUS,
];

/// How the node is entered: the pod has its process ids, its network and its messages already.
const ENTER_NODE: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:\
                          /run/current-system/sw/bin exec chroot";

/// A process of the node that belongs to a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct SeenProcess {
    pod: usize,
    id: String,
    own_ids: String,
    name: String,
    /// Its arguments, with a space between them.
    arguments: String,
    /// The path of its program, as far as the view goes.
    program: Option<String>,
    /// Its proportional share of memory, in kB.
    pss: Option<u64>,
    /// The handles of virtual machines that it holds open.
    handles: Vec<String>,
}

impl SeenProcess {
    /// What it calls itself: its program, by its first argument, which may be longer than its name.
    fn shown_name(&self) -> &str {
        let first = self.arguments.split(' ').next().unwrap_or_default();
        let own = first.rsplit('/').next().unwrap_or_default();
        if own.is_empty() { &self.name } else { own }
    }

    fn program_name(&self) -> &str {
        self.program.as_deref().unwrap_or_default().rsplit('/').next().unwrap_or_default()
    }
}

/// What was seen of some pods.
#[derive(Debug, PartialEq, Eq)]
struct NodeView {
    processes: Vec<SeenProcess>,
    count: usize,
    /// The id of the boot that they are seen in.
    boot_id: String,
    /// What follows: the answers of the probes on the node.
    rest: String,
}

/// Starts a pod that looks at the pods of a node while they wait, and captures what it sees.
/// Errors: why nothing was seen, in the cluster's words.
pub(super) fn look_at_pods(
    session: &ClusterSession,
    node: &ClusterNode,
    level: NodeViewLevel,
    held: &[HeldPod],
) -> Result<Vec<Capture>, String> {
    let nonce = script::make_nonce().map_err(|error| error.message)?;
    let settings = &session.options.pods;
    let class = session.classes.first().and_then(|class| class.class.as_deref());
    let questions = node_questions(session.catalogue, level);
    let script = view_script(held, &nonce, &questions);
    let asked = view_pod(level, settings, &node.name, class, &script, Utc::now());
    let begun = Instant::now();
    let mut pod = ProbePod::create_pod(session.client, &asked).map_err(|error| error.words)?;
    if let Some(change) = find_changes(&AskedFields::of_pod(&asked), &pod.stored).first() {
        return Err(format!("the cluster stored another pod than was asked for: {change}"));
    }
    let limit = Duration::from_secs(settings.seconds) + GRACE;
    let end = pod.wait_for_end(session, begun + limit)?;
    let log = pod.read_log().map_err(|error| format!("its log: {}", error.words))?;
    let view = read_view(&crate::text::decode_bytes(&log), &nonce)
        .ok_or("its output ends before all processes were looked at")?;
    if view.boot_id != node.boot_id {
        return Err("the pod that looked did not run on the kernel that its node states".into());
    }
    let (mut captures, pods) = (Vec::new(), held.len());
    for (at, held) in held.iter().enumerate() {
        let own: Vec<&SeenProcess> = view.processes.iter().filter(|it| it.pod == at).collect();
        captures.extend(pod_captures(held, &own, view.count, &pod.name));
        captures.extend(match level {
            NodeViewLevel::Processes => vec![monitor_by_name(held.target, &own)],
            NodeViewLevel::Full => program_captures(held.target, &own, pods, &pod.name),
        });
    }
    if level == NodeViewLevel::Full {
        let (answers, trouble) = node_answers(&view.rest, &nonce, &questions, &pod.name, &end);
        if let Some(words) = trouble {
            session.progress.on_trouble(&format!("{}: probes on the node", node.name), &words);
        }
        captures.extend(answers);
    }
    Ok(captures)
}

/// What the node itself is asked.
fn node_questions(catalogue: &ProbeCatalogue, level: NodeViewLevel) -> Vec<BatchQuestion<'_>> {
    match level {
        NodeViewLevel::Processes => Vec::new(),
        NodeViewLevel::Full => {
            let mut questions = script_questions(catalogue, true);
            questions.retain(|question| !OF_WHO_ASKS.contains(&FactId::from_text(question.id)));
            questions
        }
    }
}

/// The script that looks for pods and, where there are questions to the node, then asks them there.
/// That leaves no file on the node.
fn view_script(held: &[HeldPod], nonce: &str, questions: &[BatchQuestion]) -> String {
    let mut pods = String::new();
    for (at, held) in held.iter().enumerate() {
        let uid = &held.pod.uid;
        let witness = held.witness.sleep_argument();
        pods += &format!("look_for_pod {at} {uid} {} {witness}\n", uid.replace('-', "_"));
    }
    let full = if questions.is_empty() { "" } else { "yes" };
    let look = TEMPLATE.replace("{{pods}}\n", &pods).replace("{{full}}", full);
    let look = look.replace("{{nonce}}", nonce);
    if questions.is_empty() {
        return look;
    }
    let limits = BatchLimits { places: Vec::new(), ..BatchLimits::default() };
    let batch = script::generate_script(questions, nonce, &limits);
    format!("{look}{ENTER_NODE} {NODE_FILES} sh -c {}\n", script::quote_shell_word(&batch))
}

/// The captures of what the node itself answered, and the words of who did not.
fn node_answers(
    output: &str,
    nonce: &str,
    questions: &[BatchQuestion],
    seen_by: &str,
    end: &PodEnd,
) -> (Vec<Capture>, Option<String>) {
    let answers = script::parse_script_output(output.as_bytes(), nonce, questions);
    let argv = ["kubectl", "logs", seen_by].map(String::from).to_vec();
    let is_whole = answers.started && answers.finished;
    let words = end.words.clone().unwrap_or_default();
    let words = format!("{words} {}", crate::text::decode_bytes(&answers.stray));
    let words = crate::text::join_words(&words);
    let origin = CaptureOrigin::Command { argv };
    let boot = Capture {
        status: match is_whole {
            true => CaptureStatus::Ok,
            false if end.is_late => CaptureStatus::Timeout,
            false => CaptureStatus::Error,
        },
        exit: end.exit,
        stderr: (!is_whole).then(|| CapturedStream::new(words.as_bytes())),
        ..Capture::of_target("host", "boot", origin, &answers.stray)
    };
    let mut captures = vec![boot];
    captures.extend(answer_captures("host", questions, &answers, true));
    (captures, (!is_whole).then_some(words))
}

/// What a view pod printed; none if it did not come to its end.
fn read_view(text: &str, nonce: &str) -> Option<NodeView> {
    let mark = format!("@{nonce} ");
    let mut processes: Vec<SeenProcess> = Vec::new();
    let mut rest = text;
    while let Some((line, after)) = rest.split_once('\n') {
        rest = after;
        let Some(line) = line.strip_prefix(&mark) else { continue };
        let fields: Vec<&str> = line.splitn(6, '\t').collect();
        if let [what, pod, id, value] = fields[..] {
            let (last, pod) = (processes.last_mut()?, pod.parse().ok()?);
            if (last.pod, last.id.as_str()) != (pod, id) {
                return None;
            }
            match what {
                "program" => last.program = Some(value.trim().into()),
                "pss" => last.pss = Some(value.parse().ok()?),
                "handle" => last.handles.push(value.trim().into()),
                _ => return None,
            }
            continue;
        }
        match fields[..] {
            ["process", pod, id, own_ids, name, arguments] => processes.push(SeenProcess {
                pod: pod.parse().ok()?,
                id: id.into(),
                own_ids: own_ids.into(),
                name: name.trim().into(),
                arguments: arguments.trim().into(),
                ..SeenProcess::default()
            }),
            ["end", count, boot_id] => {
                let (count, boot_id) = (count.parse().ok()?, boot_id.trim().into());
                return Some(NodeView { processes, count, boot_id, rest: rest.into() });
            }
            _ => return None,
        }
    }
    None
}

fn pod_captures(held: &HeldPod, own: &[&SeenProcess], count: usize, seen_by: &str) -> Vec<Capture> {
    let (target, line) = (held.target, held.witness.command_words());
    let found = own.iter().find(|process| process.arguments == line);
    let how = format!(
        "the arguments of all processes of the node, as pod {seen_by} sees them, for exactly: {line}"
    );
    let found =
        found.map(|process| format!("process {} on the node, {}", process.id, process.own_ids));
    let mut captures = witness_captures(target, &how, found.as_deref(), count);
    let how = format!(
        "what the processes of the node call themselves that are in the control groups of pod {} \
         or name one of them, as pod {seen_by} sees them",
        held.pod.name
    );
    let names: BTreeSet<&str> = own.iter().map(|process| process.shown_name()).collect();
    let lines: String = names.iter().map(|name| format!("{name}\n")).collect();
    captures.push(capture_of(target, &fact_ids::HOST_PROCESSES, &how, &lines));
    captures
}

/// Which virtual machine monitor is among the processes of a pod, where only names are seen.
fn monitor_by_name(target: &str, own: &[&SeenProcess]) -> Capture {
    let names: BTreeSet<&str> = own.iter().map(|process| process.shown_name()).collect();
    let monitor = names.into_iter().find(|name| is_monitor(name)).map(|name| format!("{name}\n"));
    let how = "the first virtual machine monitor among them, by what it calls itself";
    capture_of(target, &fact_ids::HOST_VMM, how, &monitor.unwrap_or_default())
}

fn is_monitor(name: &str) -> bool {
    MONITORS.iter().any(|known| name.starts_with(known))
}

/// What the processes of one of `count` pods are and hold, as the node's root sees them.
fn program_captures(
    target: &str,
    own: &[&SeenProcess],
    count: usize,
    seen_by: &str,
) -> Vec<Capture> {
    let programs = own.iter().filter_map(|process| Some((process, process.program.as_deref()?)));
    let programs: Vec<_> = programs.filter(|(_, program)| !program.is_empty()).collect();
    if programs.is_empty() {
        return Vec::new();
    }
    let shim = programs.iter().find(|(process, _)| process.name.contains("shim"));
    let monitor = programs.iter().find(|(process, _)| is_monitor(process.program_name()));
    let mut captures = Vec::new();
    for (id, found, what) in [
        (
            fact_ids::HOST_SHIM,
            shim,
            "the program of the first process of the pod whose name says shim",
        ),
        (
            fact_ids::HOST_VMM,
            monitor,
            "the program of the first virtual machine monitor of the pod",
        ),
    ] {
        let how = format!("{what}, by its link, as pod {seen_by} sees it");
        let line = found.map(|(_, program)| format!("{program}\n")).unwrap_or_default();
        captures.push(capture_of(target, &id, &how, &line));
    }
    let mut handles = BTreeSet::new();
    for process in own {
        handles.extend(process.handles.iter().map(|it| format!("{} {it}\n", process.shown_name())));
    }
    let how = format!(
        "open files of the pod's processes that belong to a virtual machine, as pod {seen_by} sees \
         them"
    );
    captures.push(capture_of(
        target,
        &fact_ids::HOST_VM_FDS,
        &how,
        &handles.into_iter().collect::<String>(),
    ));
    let parts = own.iter().filter_map(|process| Some((process.shown_name(), process.pss?)));
    let parts: Vec<(&str, u64)> = parts.collect();
    if !parts.is_empty() {
        let total: u64 = parts.iter().map(|(_, kilobytes)| kilobytes).sum();
        let list: String =
            parts.iter().map(|(name, kilobytes)| format!("{name} {kilobytes} kB\n")).collect();
        let how = format!(
            "Pss of smaps_rollup, summed over the pod's processes, in kB, while {count} pods of the \
             session lived on the node, which share pages"
        );
        captures.push(capture_of(target, &fact_ids::HOST_MEM_PSS, &how, &format!("{total}\n")));
        captures.push(capture_of(target, "host.mem_pss.detail", "the same by process", &list));
    }
    captures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_that_did_not_come_to_its_end_shows_nothing() {
        let text = "x\n@n process\t0\t12\t12 7\tsleep\tsleep 1234567890 \n\
                    @other process\t0\t13\t13\tsleep\tsleep 1\n";
        assert_eq!(read_view(text, "n"), None);
        let end = "@n end\t99\tb\n";
        let view = read_view(&format!("{text}{end}more\n"), "n").unwrap();
        let seen = SeenProcess {
            id: "12".into(),
            own_ids: "12 7".into(),
            name: "sleep".into(),
            arguments: "sleep 1234567890".into(),
            ..SeenProcess::default()
        };
        assert_eq!((view.count, &*view.boot_id, &*view.rest), (99, "b", "more\n"));
        assert_eq!(view.processes, std::slice::from_ref(&seen));
        // What is said of a process follows its line.
        let details = "@n program\t0\t12\t/bin/busybox\n@n pss\t0\t12\t40\n\
                       @n handle\t0\t12\t/dev/kvm\n";
        let view = read_view(&format!("{text}{details}{end}"), "n").unwrap();
        let program = Some("/bin/busybox".into());
        let seen = SeenProcess { program, pss: Some(40), handles: vec!["/dev/kvm".into()], ..seen };
        assert_eq!(view.processes, [seen]);
        let strange = details.replace("0\t12", "1\t12");
        assert_eq!(read_view(&format!("{text}{strange}{end}"), "n"), None);
    }

    #[test]
    fn a_node_without_a_shell_leaves_its_words() {
        let catalogue = ProbeCatalogue::load(None).unwrap();
        let questions = node_questions(&catalogue, NodeViewLevel::Full);
        assert!(questions.iter().any(|question| question.id == "kernel.cmdline"));
        assert!(!questions.iter().any(|question| question.id == "priv.status"));
        assert!(node_questions(&catalogue, NodeViewLevel::Processes).is_empty());
        let end = PodEnd { exit: Some(127), is_waiting: false, ..PodEnd::of_waiting_pod() };
        let words = "chroot: can't execute 'sh': No such file or directory";
        let (captures, trouble) = node_answers(words, "n", &questions, "pod-1", &end);
        assert_eq!(trouble.as_deref(), Some(words));
        assert_eq!((captures[0].status, captures[0].exit), (CaptureStatus::Error, Some(127)));
        // Of every question it is said that its answer did not come.
        assert_eq!(captures.len(), 1 + questions.len());
        assert!(captures[1..].iter().all(|it| it.status == CaptureStatus::Unreached));
    }

    #[test]
    fn a_process_is_called_by_its_first_argument() {
        let seen = |name: &str, arguments: &str| SeenProcess {
            name: name.into(),
            arguments: arguments.into(),
            ..SeenProcess::default()
        };
        let monitor = seen("qemu-system-x86", "/opt/kata/bin/qemu-system-x86_64 -name sandbox-1");
        assert_eq!(monitor.shown_name(), "qemu-system-x86_64");
        assert_eq!(seen("exe", "runsc-sandbox --root=/run").shown_name(), "runsc-sandbox");
        assert_eq!(seen("sh", "").shown_name(), "sh");
    }

    #[test]
    fn the_script_finds_what_runs_here() {
        let mut child = std::process::Command::new("sleep").arg("1777777777").spawn().unwrap();
        let line = "look_for_pod 0 no-such-pod no_such_pod 1777777777\n";
        let script = TEMPLATE.replace("{{pods}}\n", line).replace("{{nonce}}", "n");
        let script = script.replace("{{full}}", "yes");
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let view = read_view(&crate::text::decode_bytes(&output.stdout), "n").unwrap();
        let found: Vec<_> = view.processes.iter().map(|it| it.arguments.as_str()).collect();
        assert_eq!(found, ["sleep 1777777777"]);
        let seen = &view.processes[0];
        assert_eq!(seen.id, child.id().to_string());
        assert!(["sleep", "busybox", "coreutils"].contains(&seen.program_name()), "{seen:?}");
        assert!(seen.pss.is_some_and(|kilobytes| kilobytes > 0));
        assert!(view.count > 1);
        let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        assert_eq!(view.boot_id, boot_id.trim());
    }
}
