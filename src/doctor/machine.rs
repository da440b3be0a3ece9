//! The machine that is examined: a trait, so that the checks can be tested on one that does not
//! exist.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::kvm_device::{KvmAnswer, probe_kvm};
use crate::engine::{self, EngineKind, clean, facts};
use crate::error::Result;
use crate::proc::{DaemonSearch, ProcessTable, split_search_path};
use crate::process::{self, CancelFlag, CommandOutput};

/// Symbolic links that are followed before a path is taken for a circle.
const LINKS: usize = 16;

/// After how long a container is looked for again whose client was killed.
const LATE: Duration = Duration::from_secs(1);

/// What the checks may ask a machine. Paths are absolute and lie below [`Machine::root_dir`].
pub(crate) trait Machine {
    fn root_dir(&self) -> &Path;
    /// The operating system, as Rust names it: `linux`, `macos`.
    fn operating_system(&self) -> &str;
    fn environment_variables(&self) -> Vec<(String, String)>;
    /// What /dev/kvm answers.
    fn query_kvm(&self) -> KvmAnswer;
    /// Free bytes for users on the file system of a folder.
    fn free_space(&self, folder: &str) -> Option<u64>;
    /// Whether an engine answers, or its words and a remedy.
    /// Errors: it is not installed, does not answer, or the user may not ask it.
    fn check_engine_answers(&self, kind: EngineKind) -> Result<()>;
    fn engine_runtimes(&self, kind: EngineKind) -> Result<Vec<String>>;
    fn has_image(&self, kind: EngineKind, image: &str) -> Result<bool>;
    /// Runs a command without input.
    fn run_command(&self, argv: &[String], limit: Duration) -> Result<CommandOutput>;
    /// Removes the containers of a session, also one that appears a moment later because its
    /// client was killed. Returns those that are still there, in words.
    fn remove_session_containers(
        &self,
        kind: EngineKind,
        session: &str,
        was_killed: bool,
    ) -> Vec<String>;
}

/// The machine that we run on.
#[derive(Debug)]
pub(crate) struct ThisMachine {
    cancel: CancelFlag,
}

impl ThisMachine {
    /// The machine that we run on; commands end when `cancel` is set.
    pub(crate) fn new(cancel: CancelFlag) -> Self {
        Self { cancel }
    }
}

impl Machine for ThisMachine {
    fn root_dir(&self) -> &Path {
        Path::new("/")
    }

    fn operating_system(&self) -> &str {
        std::env::consts::OS
    }

    fn environment_variables(&self) -> Vec<(String, String)> {
        let mut variables = Vec::new();
        for (name, value) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            variables.push((name, value.to_string_lossy().into_owned()));
        }
        variables
    }

    fn query_kvm(&self) -> KvmAnswer {
        probe_kvm()
    }

    fn free_space(&self, folder: &str) -> Option<u64> {
        let space = rustix::fs::statvfs(folder).ok()?;
        Some(space.f_bavail * space.f_frsize)
    }

    fn check_engine_answers(&self, kind: EngineKind) -> Result<()> {
        engine::check_engine(kind, &self.cancel)
    }

    fn engine_runtimes(&self, kind: EngineKind) -> Result<Vec<String>> {
        facts::known_runtimes(kind, &self.cancel)
    }

    fn has_image(&self, kind: EngineKind, image: &str) -> Result<bool> {
        facts::has_image(kind, image, &self.cancel)
    }

    fn run_command(&self, argv: &[String], limit: Duration) -> Result<CommandOutput> {
        process::run_command(argv, limit, &self.cancel)
    }

    fn remove_session_containers(
        &self,
        kind: EngineKind,
        session: &str,
        was_killed: bool,
    ) -> Vec<String> {
        let swept = clean::remove_orphans(kind, Some(session));
        if !was_killed || swept != clean::CleanupResult::default() {
            return swept.left;
        }
        std::thread::sleep(LATE);
        clean::remove_orphans(kind, Some(session)).left
    }
}

/// The place of an absolute path on the machine.
pub(super) fn path_on_machine(machine: &dyn Machine, path: &str) -> PathBuf {
    machine.root_dir().join(path.trim_start_matches('/'))
}

pub(super) fn path_exists(machine: &dyn Machine, path: &str) -> bool {
    path_on_machine(machine, path).exists()
}

/// A file's text; none if it cannot be read.
pub(super) fn read_text_file(machine: &dyn Machine, path: &str) -> Option<String> {
    std::fs::read(path_on_machine(machine, path))
        .ok()
        .map(|bytes| crate::text::decode_bytes(&bytes))
}

/// The value of an environment variable that is set and not empty.
pub(super) fn environment_variable(machine: &dyn Machine, name: &str) -> Option<String> {
    let variables = machine.environment_variables();
    let (_, value) = variables.into_iter().find(|(known, _)| known == name)?;
    Some(value).filter(|value| !value.is_empty())
}

/// The folders that this process looks for programs in.
pub(super) fn own_folders(machine: &dyn Machine) -> Vec<String> {
    environment_variable(machine, "PATH").map(|path| split_search_path(&path)).unwrap_or_default()
}

pub(super) fn find_containerd(machine: &dyn Machine) -> DaemonSearch {
    ProcessTable::of_machine(machine.root_dir()).find_daemon("containerd")
}

pub(super) fn find_program(
    machine: &dyn Machine,
    folders: &[String],
    program: &str,
) -> Option<String> {
    let paths = folders.iter().map(|folder| format!("{}/{program}", folder.trim_end_matches('/')));
    paths.into_iter().find(|path| {
        let target = resolve_link(machine, path);
        path_on_machine(machine, &target).is_file()
    })
}

/// What a path leads to when it is a symbolic link, or a chain of them; else the path.
pub(super) fn resolve_link(machine: &dyn Machine, path: &str) -> String {
    let mut path = path.to_string();
    for _ in 0..LINKS {
        let Ok(target) = std::fs::read_link(path_on_machine(machine, &path)) else { break };
        let folder = Path::new(&path).parent().unwrap_or(Path::new("/"));
        path = folder.join(target).to_string_lossy().into_owned();
    }
    path
}

#[cfg(test)]
mod tests {
    use super::super::testing::Fake;
    use super::*;

    #[test]
    fn links_are_followed_inside_the_machine() {
        let fake = Fake::new().file("/usr/bin/real", "x").link("/opt/bin/a", "/opt/bin/b");
        let fake = fake.link("/opt/bin/b", "../../usr/bin/real");
        let target = resolve_link(&fake, "/opt/bin/a");
        assert!(target.ends_with("usr/bin/real"), "{target}");
        assert_eq!(find_program(&fake, &["/opt/bin".into()], "a").unwrap(), "/opt/bin/a");
    }

    #[test]
    fn a_circle_of_links_ends() {
        let fake = Fake::new().link("/a", "/b").link("/b", "/a");
        assert!(find_program(&fake, &["/".into()], "a").is_none());
    }

    #[test]
    fn containerd_has_a_path_of_its_own() {
        let fake = Fake::new()
            .file("/proc/1/comm", "init\n")
            .file("/proc/7/comm", "containerd\n")
            .file("/proc/7/environ", "A=1\0PATH=/opt/bin:/usr/bin\0B=2\0");
        assert_eq!(find_containerd(&fake).search_folders(), ["/opt/bin", "/usr/bin"]);
        assert_eq!(find_containerd(&Fake::new()), DaemonSearch::Absent);
        let fake = Fake::new().file("/proc/7/comm", "containerd\n");
        assert_eq!(find_containerd(&fake), DaemonSearch::Hidden);
    }
}
