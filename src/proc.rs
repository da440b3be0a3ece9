//! Processes and mounts, as proc(5) shows them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use procfs::FromRead;
use procfs::process::{MountInfo, Stat};

/// The file that names a boot of a kernel.
pub(crate) const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The id of this machine's boot, as the file has it.
pub(crate) fn own_boot_id() -> String {
    fs::read_to_string(BOOT_ID).unwrap_or_default()
}

/// The command line that this machine's kernel was started with.
pub(crate) fn kernel_command_line() -> String {
    fs::read_to_string("/proc/cmdline").unwrap_or_default()
}

pub(crate) struct ProcessTable {
    folder: PathBuf,
}

impl ProcessTable {
    pub(crate) fn of_this_machine() -> Self {
        Self::of_machine(Path::new("/"))
    }

    /// Those of the machine whose files lie below `root`.
    pub(crate) fn of_machine(root: &Path) -> Self {
        Self { folder: root.join("proc") }
    }

    pub(crate) fn process_ids(&self) -> Vec<u32> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
    }

    pub(crate) fn file_path(&self, pid: u32, file: &str) -> PathBuf {
        self.folder.join(pid.to_string()).join(file)
    }

    /// A file of a process; none if it cannot be read.
    pub(crate) fn read_file(&self, pid: u32, file: &str) -> Option<Vec<u8>> {
        fs::read(self.file_path(pid, file)).ok()
    }

    pub(crate) fn program_path(&self, pid: u32) -> Option<String> {
        let path = fs::read_link(self.file_path(pid, "exe")).ok()?;
        Some(path.to_string_lossy().into_owned())
    }

    /// Its name; empty if it cannot be read.
    pub(crate) fn process_name(&self, pid: u32) -> String {
        let name = self.read_file(pid, "comm").unwrap_or_default();
        crate::text::decode_bytes(&name).trim().into()
    }

    /// What it is to a reader: its name, or what it calls itself where it was started through a
    /// link to its own program (`/proc/self/exe`), as gVisor's processes are. Those of them that run
    /// a container's code have no arguments left, and are parts of the one that started them.
    pub(crate) fn shown_name(&self, pid: u32) -> String {
        let name = self.process_name(pid);
        let mut of = Some(pid);
        while let Some(pid) = of.filter(|pid| name == "exe" && self.process_name(*pid) == name) {
            let first = self.process_arguments(pid).into_iter().next().unwrap_or_default();
            let own = first.rsplit('/').next().unwrap_or_default();
            if !own.is_empty() && own != name {
                return own.to_string();
            }
            of = self.parent_id(pid);
        }
        name
    }

    /// Its program and arguments as they were given.
    pub(crate) fn process_arguments(&self, pid: u32) -> Vec<String> {
        let line = self.read_file(pid, "cmdline").unwrap_or_default();
        line.split(|&byte| byte == 0).map(|word| String::from_utf8_lossy(word).into()).collect()
    }

    fn process_stat(&self, pid: u32) -> Option<Stat> {
        Stat::from_file(self.file_path(pid, "stat")).ok()
    }

    pub(crate) fn parent_id(&self, pid: u32) -> Option<u32> {
        self.process_stat(pid)?.ppid.try_into().ok()
    }

    /// When it started, in clock ticks since boot. One that has ended runs no longer, although it
    /// stays listed until its parent asks for it.
    pub(crate) fn start_time(&self, pid: u32) -> Option<u64> {
        let stat = self.process_stat(pid)?;
        (!matches!(stat.state, 'Z' | 'X')).then_some(stat.starttime)
    }

    /// The namespace of a kind that it is in, as `net:[NUMBER]`.
    pub(crate) fn process_namespace(&self, pid: u32, kind: &str) -> Option<String> {
        let namespace = fs::read_link(self.file_path(pid, "ns").join(kind)).ok()?;
        Some(namespace.display().to_string())
    }

    /// What it has open, each as the kernel names it.
    pub(crate) fn open_files(&self, pid: u32) -> Vec<String> {
        let entries = fs::read_dir(self.file_path(pid, "fd")).into_iter().flatten().flatten();
        let targets = entries.filter_map(|entry| fs::read_link(entry.path()).ok());
        targets.map(|target| target.to_string_lossy().into_owned()).collect()
    }

    pub(crate) fn used_network_namespaces(&self) -> BTreeSet<String> {
        self.process_ids()
            .into_iter()
            .filter_map(|pid| self.process_namespace(pid, "net"))
            .collect()
    }

    /// Whether a program runs. runc calls its stages `runc:[1:CHILD]` and `runc:[2:INIT]`.
    pub(crate) fn runs_program(&self, program: &str) -> bool {
        let mut names = self.process_ids().into_iter().map(|pid| self.process_name(pid));
        names.any(|name| name.split(':').next() == Some(program))
    }

    /// Where the first daemon of this name whose environment we may read looks for programs.
    pub(crate) fn find_daemon(&self, name: &str) -> DaemonSearch {
        let mut found = DaemonSearch::Absent;
        for pid in self.process_ids() {
            if self.process_name(pid) != name {
                continue;
            }
            let environment = self.read_file(pid, "environ").unwrap_or_default();
            let mut variables = environment.split(|byte| *byte == 0);
            match variables.find_map(|variable| variable.strip_prefix(b"PATH=")) {
                Some(path) => {
                    return DaemonSearch::Folders(split_search_path(&String::from_utf8_lossy(
                        path,
                    )));
                }
                None => found = DaemonSearch::Hidden,
            }
        }
        found
    }
}

/// What this process sees mounted, the earliest first. A line that says something else than
/// proc(5) is left out.
pub(crate) fn mount_table() -> Vec<MountInfo> {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    table.lines().filter_map(|line| MountInfo::from_line(line).ok()).collect()
}

/// Where this process sees something mounted at `folder` or below, the earliest first.
pub(crate) fn mount_points_below(folder: &Path) -> Vec<PathBuf> {
    let points = mount_table().into_iter().map(|mount| mount.mount_point);
    points.filter(|point| point.starts_with(folder)).collect()
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DaemonSearch {
    Folders(Vec<String>),
    /// It runs, and this user may not read its environment.
    Hidden,
    Absent,
}

impl DaemonSearch {
    pub(crate) fn search_folders(self) -> Vec<String> {
        match self {
            Self::Folders(folders) => folders,
            Self::Hidden | Self::Absent => Vec::new(),
        }
    }
}

/// The folders of a list such as `PATH`, in order, each once.
pub(crate) fn split_search_path(list: &str) -> Vec<String> {
    let mut folders: Vec<String> = Vec::new();
    for folder in list.split(':').filter(|folder| folder.starts_with('/')) {
        if !folders.iter().any(|known| known == folder) {
            folders.push(folder.to_string());
        }
    }
    folders
}
