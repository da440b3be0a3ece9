//! What the engine reports about containers while starts are measured: one listener a session.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::engine::EngineKind;

/// The most that is remembered of an engine's events.
const MAX_EVENT_BYTES: usize = 8 * 1024 * 1024;

/// Runs its arguments until its standard input ends. That is our end of a pipe, which the kernel
/// closes whatever becomes of us: no listener outlives a session that was killed.
const GUARD: &str = r#""$@" & child=$!; read -r _; kill -9 "$child" 2>/dev/null"#;

/// Listens to an engine's events until it is dropped.
pub(super) struct EventListener {
    child: Child,
    heard: Arc<Mutex<HeardEvents>>,
}

#[derive(Default)]
struct HeardEvents {
    lines: Vec<String>,
    bytes: usize,
}

/// The command that prints an engine's events, a line each, with their times in nanoseconds. What
/// is not about containers and networks is left out where the engine can do so.
pub(super) fn events_command(engine: EngineKind) -> Option<Vec<String>> {
    let words: &[&str] = match engine {
        EngineKind::Docker => &[
            "docker",
            "events",
            "--filter",
            "type=container",
            "--filter",
            "type=network",
            "--format",
            "{{json .}}",
        ],
        EngineKind::Podman => {
            &["podman", "events", "--filter", "type=container", "--format", "{{json .}}"]
        }
        EngineKind::Nerdctl => &["nerdctl", "events", "--format", "{{json .}}"],
        EngineKind::Ctr => &["ctr", "events"],
        EngineKind::Builtin => return None,
    };
    Some(words.iter().map(ToString::to_string).collect())
}

impl EventListener {
    /// Begins to listen; none where the engine has no events or they cannot be had.
    pub(super) fn start_listening(argv: &[String]) -> Option<Self> {
        let mut child = Command::new("sh")
            .args(["-c", GUARD, "sh"])
            .args(argv)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .ok()?;
        let output = child.stdout.take()?;
        let heard = Arc::new(Mutex::new(HeardEvents::default()));
        let ear = heard.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n') {
                let Ok(line) = line else { break };
                let mut heard = lock_events(&ear);
                heard.bytes += line.len();
                if heard.bytes > MAX_EVENT_BYTES {
                    break;
                }
                heard.lines.push(String::from_utf8_lossy(&line).trim().to_string());
            }
        });
        Some(Self { child, heard })
    }

    /// The events that name a container by its id, in the order in which they came.
    pub(super) fn events_about(&self, id: &str) -> Vec<String> {
        let heard = lock_events(&self.heard);
        heard.lines.iter().filter(|line| line.contains(id)).cloned().collect()
    }
}

fn lock_events(heard: &Mutex<HeardEvents>) -> MutexGuard<'_, HeardEvents> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for EventListener {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(pid, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn wait_for(done: impl Fn() -> bool) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(5) {
            if done() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }

    #[test]
    fn what_names_the_container_is_heard_and_the_rest_is_not_asked_for() {
        let script = "echo 'create ab12'; echo 'create cd34'; echo 'die ab12'; sleep 77";
        let listener =
            EventListener::start_listening(&["sh", "-c", script].map(String::from)).unwrap();
        assert!(wait_for(|| listener.events_about("ab12").len() == 2));
        assert_eq!(listener.events_about("ab12"), ["create ab12", "die ab12"]);
        assert!(listener.events_about("ef56").is_empty());
    }

    #[test]
    fn a_listener_ends_when_its_session_does() {
        let mark = "77.125";
        let runs = || {
            let mut processes = std::fs::read_dir("/proc").unwrap().flatten();
            processes.any(|entry| {
                let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
                line == format!("sleep\0{mark}\0").as_bytes()
            })
        };
        let mut listener =
            EventListener::start_listening(&["sleep", mark].map(String::from)).unwrap();
        assert!(wait_for(runs));
        // As the kernel does when the session is killed.
        drop(listener.child.stdin.take());
        assert!(wait_for(|| !runs()));
    }
}
