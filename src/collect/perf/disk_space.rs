//! Whether there is room for a file in the containers, and on which file system it lies.

use std::path::{Path, PathBuf};

use procfs::process::MountInfo;

use crate::collect::session::CollectSession;
use crate::engine::{EngineKind, query_engine};
use crate::error::{Error, Result};
use crate::proc::mount_table;
use crate::process::CancelFlag;

/// What must stay free, in MiB.
pub(super) const SPARE: u64 = 256;

/// The folder below which an engine keeps the files of its containers.
fn engine_root(engine: EngineKind, cancel: &CancelFlag) -> Option<PathBuf> {
    let format = match engine {
        EngineKind::Docker => "{{.DockerRootDir}}",
        EngineKind::Podman => "{{.Store.GraphRoot}}",
        EngineKind::Nerdctl | EngineKind::Ctr => return Some(PathBuf::from("/var/lib/containerd")),
        EngineKind::Builtin => return None,
    };
    let said =
        query_engine(&[engine.into_str(), "info", "--format", format], cancel).ok()?.stdout_text();
    said.starts_with('/').then(|| PathBuf::from(said))
}

/// Makes sure that a file of `size` MiB fits. Where the folder cannot be looked at (the engine
/// runs on another machine), the container itself is asked later.
pub(super) fn check_free_space(engine: EngineKind, size: u64, cancel: &CancelFlag) -> Result<()> {
    let Some(root) = engine_root(engine, cancel) else { return Ok(()) };
    let Ok(state) = rustix::fs::statvfs(&root) else { return Ok(()) };
    let free = state.f_bavail.saturating_mul(state.f_frsize) / (1024 * 1024);
    require_space(size, free, &root)
}

fn require_space(size: u64, free: u64, root: &Path) -> Result<()> {
    if free >= size.saturating_add(SPARE) {
        return Ok(());
    }
    Err(Error::failed_environment(format!(
        "a file of {size} MiB does not fit: {free} MiB are free below {}, and {SPARE} MiB of them \
         are to stay free",
        root.display()
    ))
    .with_help("name a smaller size with --io-size, or leave these measures out with --no-perf"))
}

/// The mount of the host that an engine's files lie on: its type and place.
pub(super) fn backing_mount(session: &CollectSession) -> Option<String> {
    let root = engine_root(session.engine, session.cancel)?.canonicalize().ok()?;
    let kind = file_system(mount_table(), &root)?;
    Some(format!("{kind} on the host, below {}\n", root.display()))
}

fn file_system(table: Vec<MountInfo>, path: &Path) -> Option<String> {
    let above = table.into_iter().filter(|mount| path.starts_with(&mount.mount_point));
    // Of mounts on one point the last is the one that is seen.
    Some(above.max_by_key(|mount| mount.mount_point.as_os_str().len())?.fs_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_does_not_fit_is_refused_with_the_way_out() {
        let root = Path::new("/var/lib/docker");
        assert!(require_space(512, 512 + SPARE, root).is_ok());
        let error = require_space(512, 511 + SPARE, root).unwrap_err();
        assert!(error.message.contains("512 MiB does not fit: 767 MiB are free"), "{error:?}");
        assert!(error.message.contains("/var/lib/docker"), "{error:?}");
        assert!(error.help.unwrap().contains("--io-size"));
        assert!(require_space(u64::MAX, 5, root).is_err());
    }

    #[test]
    fn the_closest_mount_is_the_one() {
        let table = [
            "1 0 8:1 / / rw - ext4 /dev/sda1 rw",
            "2 1 0:4 / /var/lib/docker rw shared:1 - tmpfs tmpfs rw",
            "3 1 0:5 / /var/lib/docker rw shared:1 - btrfs /dev/sdb rw",
            "4 1 0:6 / /var/lib/docker2 rw - xfs /dev/sdc rw",
        ]
        .map(|line| MountInfo::from_line(line).unwrap());
        let kind = |path: &str| file_system(table.to_vec(), Path::new(path)).unwrap();
        assert_eq!(kind("/var/lib/docker/overlay2"), "btrfs");
        assert_eq!(kind("/var/lib/containerd"), "ext4");
    }
}
