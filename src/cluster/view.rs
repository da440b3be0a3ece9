//! What a node shows of the pods on it: a pod that sees the node's processes, as nobody and without
//! capabilities, says which of them are theirs. All pods of the node are looked at by the same pod
//! and in one moment, so that not finding the witness of one counts where another's was found.
//!
//! Its script prints one line for each process, and one at its end:
//!
//! ```text
//! @<nonce> process <tab> pod <tab> process <tab> ids in its namespaces <tab> name <tab> arguments
//! @<nonce> end <tab> how many processes there are
//! ```

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chrono::Utc;

use super::ClusterSession;
use super::nodes::ClusterNode;
use super::pod::{AskedFields, find_changes, view_pod};
use super::probing::{GRACE, HeldPod, ProbePod};
use crate::collect::{capture_of, witness_captures};
use crate::engine::MONITORS;
use crate::model::Capture;
use crate::probe::script;

const TEMPLATE: &str = include_str!("view.sh");

/// A process of the node that belongs to a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SeenProcess {
    /// The number of the pod.
    pod: usize,
    /// Its id on the node.
    id: String,
    /// Its ids in all of its namespaces.
    own_ids: String,
    /// Its name.
    name: String,
    /// Its arguments, with a space between them.
    arguments: String,
}

impl SeenProcess {
    /// What it calls itself: its program, by its first argument, which may be longer than its name.
    fn shown_name(&self) -> &str {
        let first = self.arguments.split(' ').next().unwrap_or_default();
        let own = first.rsplit('/').next().unwrap_or_default();
        if own.is_empty() { &self.name } else { own }
    }
}

/// What was seen of some pods.
#[derive(Debug, PartialEq, Eq)]
struct NodeView {
    processes: Vec<SeenProcess>,
    /// How many processes the node has.
    count: usize,
}

/// Starts a pod that looks at the pods of a node while they wait, and captures what it sees.
///
/// # Errors
///
/// Why nothing was seen, in the cluster's words.
pub(super) fn look_at_pods(
    session: &ClusterSession,
    node: &ClusterNode,
    held: &[HeldPod],
) -> Result<Vec<Capture>, String> {
    let nonce = script::make_nonce().map_err(|error| error.message)?;
    let settings = &session.options.pods;
    let class = session.classes.first().and_then(|class| class.class.as_deref());
    let asked = view_pod(settings, &node.name, class, &view_script(held, &nonce), Utc::now());
    let begun = Instant::now();
    let mut pod = ProbePod::create_pod(session.client, &asked).map_err(|error| error.words)?;
    if let Some(change) = find_changes(&AskedFields::of_pod(&asked), &pod.stored).first() {
        return Err(format!("the cluster stored another pod than was asked for: {change}"));
    }
    let limit = Duration::from_secs(settings.seconds) + GRACE;
    pod.wait_for_end(session, begun + limit)?;
    let log = pod.read_log().map_err(|error| format!("its log: {}", error.words))?;
    let view = read_view(&crate::text::decode_bytes(&log), &nonce)
        .ok_or("its output ends before all processes were looked at")?;
    let captures = held.iter().enumerate().flat_map(|(at, held)| {
        let own = view.processes.iter().filter(|process| process.pod == at).collect::<Vec<_>>();
        pod_captures(held, &own, view.count, &pod.name)
    });
    Ok(captures.collect())
}

fn view_script(held: &[HeldPod], nonce: &str) -> String {
    let line = |(at, held): (usize, &HeldPod)| {
        let uid = &held.pod.uid;
        let witness = held.witness.sleep_argument();
        format!("look_for_pod {at} {uid} {} {witness}\n", uid.replace('-', "_"))
    };
    let pods: String = held.iter().enumerate().map(line).collect();
    TEMPLATE.replace("{{pods}}\n", &pods).replace("{{nonce}}", nonce)
}

/// What a view pod printed; none if it did not come to its end.
fn read_view(text: &str, nonce: &str) -> Option<NodeView> {
    let mark = format!("@{nonce} ");
    let mut processes = Vec::new();
    for line in text.lines().filter_map(|line| line.strip_prefix(&mark)) {
        let fields: Vec<&str> = line.splitn(6, '\t').collect();
        match fields[..] {
            ["process", pod, id, own_ids, name, arguments] => processes.push(SeenProcess {
                pod: pod.parse().ok()?,
                id: id.into(),
                own_ids: own_ids.into(),
                name: name.trim().into(),
                arguments: arguments.trim().into(),
            }),
            ["end", count] => return Some(NodeView { processes, count: count.parse().ok()? }),
            _ => return None,
        }
    }
    None
}

/// What was seen of one pod.
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
    captures.push(capture_of(target, "host.processes", &how, &lines));
    let is_monitor = |name: &&str| MONITORS.iter().any(|known| name.starts_with(known));
    let monitor = names.into_iter().find(is_monitor).map(|name| format!("{name}\n"));
    let how = "the first virtual machine monitor among them, by what it calls itself";
    captures.push(capture_of(target, "host.vmm", how, &monitor.unwrap_or_default()));
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
        let view = read_view(&format!("{text}@n end\t99\n"), "n").unwrap();
        let seen = SeenProcess {
            pod: 0,
            id: "12".into(),
            own_ids: "12 7".into(),
            name: "sleep".into(),
            arguments: "sleep 1234567890".into(),
        };
        assert_eq!(view, NodeView { processes: vec![seen], count: 99 });
    }

    #[test]
    fn a_process_is_called_by_its_first_argument() {
        let seen = |name: &str, arguments: &str| SeenProcess {
            pod: 0,
            id: String::new(),
            own_ids: String::new(),
            name: name.into(),
            arguments: arguments.into(),
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
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let view = read_view(&crate::text::decode_bytes(&output.stdout), "n").unwrap();
        let found: Vec<_> = view.processes.iter().map(|it| it.arguments.as_str()).collect();
        assert_eq!(found, ["sleep 1777777777"]);
        assert_eq!(view.processes[0].id, child.id().to_string());
        assert!(view.count > 1);
    }
}
