//! The machine that is examined: a trait, so that the checks can be tested on one that does not
//! exist.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::kvm::{self, Kvm};
use crate::engine::process::{self, Cancel, Finished};
use crate::engine::{self, Kind, clean, facts};
use crate::error::Result;

/// Symbolic links that are followed before a path is taken for a circle.
const LINKS: usize = 16;

/// After how long a container is looked for again whose client was killed.
const LATE: Duration = Duration::from_secs(1);

/// What the checks may ask a machine. Paths are absolute and lie below [`Machine::root`].
pub trait Machine {
    /// The folder that stands for `/`.
    fn root(&self) -> &Path;
    /// The operating system, as Rust names it: `linux`, `macos`.
    fn os(&self) -> &str;
    /// The environment variables, by name and value.
    fn variables(&self) -> Vec<(String, String)>;
    /// What /dev/kvm answers.
    fn kvm(&self) -> Kvm;
    /// Free bytes for users on the file system of a folder.
    fn free_space(&self, folder: &str) -> Option<u64>;
    /// Whether an engine answers, or its words and a remedy.
    ///
    /// # Errors
    ///
    /// It is not installed, does not answer, or the user may not ask it.
    fn engine(&self, kind: Kind) -> Result<()>;
    /// The runtimes that an engine knows by name.
    fn runtimes(&self, kind: Kind) -> Vec<String>;
    /// Whether an engine has an image.
    fn has_image(&self, kind: Kind, image: &str) -> bool;
    /// Runs a command without input.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    fn run(&self, argv: &[String], limit: Duration) -> Result<Finished>;
    /// Removes the containers of a session, also one that appears a moment later because its
    /// client was killed. Returns those that are still there, in words.
    fn sweep(&self, kind: Kind, session: &str, was_killed: bool) -> Vec<String>;
}

/// The machine that we run on.
#[derive(Debug)]
pub struct ThisMachine {
    cancel: Cancel,
}

impl ThisMachine {
    /// The machine that we run on; commands end when `cancel` is set.
    pub fn new(cancel: Cancel) -> Self {
        Self { cancel }
    }
}

impl Machine for ThisMachine {
    fn root(&self) -> &Path {
        Path::new("/")
    }

    fn os(&self) -> &str {
        std::env::consts::OS
    }

    fn variables(&self) -> Vec<(String, String)> {
        let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
        std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
    }

    fn kvm(&self) -> Kvm {
        kvm::ask()
    }

    fn free_space(&self, folder: &str) -> Option<u64> {
        let space = rustix::fs::statvfs(folder).ok()?;
        Some(space.f_bavail * space.f_frsize)
    }

    fn engine(&self, kind: Kind) -> Result<()> {
        engine::check(kind, &self.cancel)
    }

    fn runtimes(&self, kind: Kind) -> Vec<String> {
        facts::runtimes(kind, &self.cancel)
    }

    fn has_image(&self, kind: Kind, image: &str) -> bool {
        facts::has_image(kind, image, &self.cancel)
    }

    fn run(&self, argv: &[String], limit: Duration) -> Result<Finished> {
        process::run(argv, limit, &self.cancel)
    }

    fn sweep(&self, kind: Kind, session: &str, was_killed: bool) -> Vec<String> {
        let swept = clean::sweep(kind, Some(session));
        if !was_killed || swept != clean::Swept::default() {
            return swept.left;
        }
        std::thread::sleep(LATE);
        clean::sweep(kind, Some(session)).left
    }
}

/// The place of an absolute path on the machine.
pub fn place(machine: &dyn Machine, path: &str) -> PathBuf {
    machine.root().join(path.trim_start_matches('/'))
}

/// Whether there is something at a path.
pub fn exists(machine: &dyn Machine, path: &str) -> bool {
    place(machine, path).exists()
}

/// A file's text; none if it cannot be read.
pub fn read(machine: &dyn Machine, path: &str) -> Option<String> {
    std::fs::read(place(machine, path)).ok().map(|bytes| crate::text::decode(&bytes))
}

/// The value of an environment variable that is set and not empty.
pub fn variable(machine: &dyn Machine, name: &str) -> Option<String> {
    let variables = machine.variables();
    let (_, value) = variables.into_iter().find(|(known, _)| known == name)?;
    Some(value).filter(|value| !value.is_empty())
}

/// The folders of a list such as `PATH`, in order, each once.
pub fn folders(list: &str) -> Vec<String> {
    let mut folders: Vec<String> = Vec::new();
    for folder in list.split(':').filter(|folder| folder.starts_with('/')) {
        if !folders.iter().any(|known| known == folder) {
            folders.push(folder.to_string());
        }
    }
    folders
}

/// The folders that this process looks for programs in.
pub fn own_folders(machine: &dyn Machine) -> Vec<String> {
    variable(machine, "PATH").map(|path| folders(&path)).unwrap_or_default()
}

/// Where containerd looks for shims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Containerd {
    /// In these folders.
    Folders(Vec<String>),
    /// It runs, and this user may not read its environment.
    Hidden,
    /// It does not run.
    Absent,
}

impl Containerd {
    /// The folders, as far as they are known.
    pub fn folders(self) -> Vec<String> {
        match self {
            Self::Folders(folders) => folders,
            Self::Hidden | Self::Absent => Vec::new(),
        }
    }
}

/// Looks for containerd among the processes.
pub fn containerd(machine: &dyn Machine) -> Containerd {
    let Ok(processes) = std::fs::read_dir(place(machine, "/proc")) else {
        return Containerd::Absent;
    };
    let names = processes.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let pids = names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    let is_containerd = |pid: &String| {
        read(machine, &format!("/proc/{pid}/comm")).is_some_and(|name| name.trim() == "containerd")
    };
    let mut found = Containerd::Absent;
    for pid in pids.filter(is_containerd) {
        let path = place(machine, &format!("/proc/{pid}/environ"));
        match std::fs::read(path).ok().as_deref().and_then(path_variable) {
            Some(folders) => return Containerd::Folders(folders),
            None => found = Containerd::Hidden,
        }
    }
    found
}

/// The folders of `PATH` in an environment as the kernel shows it.
fn path_variable(environment: &[u8]) -> Option<Vec<String>> {
    let mut variables = environment.split(|byte| *byte == 0);
    let path = variables.find_map(|variable| variable.strip_prefix(b"PATH="))?;
    Some(folders(&String::from_utf8_lossy(path)))
}

/// The first program of this name in the folders.
pub fn which(machine: &dyn Machine, folders: &[String], program: &str) -> Option<String> {
    let paths = folders.iter().map(|folder| format!("{}/{program}", folder.trim_end_matches('/')));
    paths.into_iter().find(|path| {
        let target = resolve(machine, path);
        place(machine, &target).is_file()
    })
}

/// What a path leads to when it is a symbolic link, or a chain of them; else the path.
pub fn resolve(machine: &dyn Machine, path: &str) -> String {
    let mut path = path.to_string();
    for _ in 0..LINKS {
        let Ok(target) = std::fs::read_link(place(machine, &path)) else { break };
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
        let target = resolve(&fake, "/opt/bin/a");
        assert!(target.ends_with("usr/bin/real"), "{target}");
        assert_eq!(which(&fake, &["/opt/bin".into()], "a").unwrap(), "/opt/bin/a");
    }

    #[test]
    fn a_circle_of_links_ends() {
        let fake = Fake::new().link("/a", "/b").link("/b", "/a");
        assert!(which(&fake, &["/".into()], "a").is_none());
    }

    #[test]
    fn containerd_has_a_path_of_its_own() {
        let fake = Fake::new()
            .file("/proc/1/comm", "init\n")
            .file("/proc/7/comm", "containerd\n")
            .file("/proc/7/environ", "A=1\0PATH=/opt/bin:/usr/bin\0B=2\0");
        assert_eq!(containerd(&fake).folders(), ["/opt/bin", "/usr/bin"]);
        assert_eq!(containerd(&Fake::new()), Containerd::Absent);
        let fake = Fake::new().file("/proc/7/comm", "containerd\n");
        assert_eq!(containerd(&fake), Containerd::Hidden);
    }
}
