//! What an engine says about itself, its runtimes, images and containers.

use crate::model::{FactId, fact_ids};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{EngineKind, QUESTION, full_name, query_engine};
use crate::error::{Error, Result};
use crate::proc::ProcessTable;
use crate::process::{CancelFlag, CommandOutput, ExitReason, run_command};
use crate::text::shell_line;

/// A question to an engine whose answer belongs into the record: the end of the probe's id, and
/// the command line.
pub(crate) fn version_queries(
    kind: EngineKind,
    image: &str,
) -> Vec<(FactId<'static>, Vec<String>)> {
    let name = kind.into_str();
    let of_image = format!("name=={}", full_name(image));
    let format = match kind {
        EngineKind::Docker => {
            "{{println \"version:\" .ServerVersion}}{{println \"root:\" .DockerRootDir}}\
             {{println \"storage:\" .Driver}}{{println \"cgroup:\" .CgroupVersion}}\
             {{println \"default runtime:\" .DefaultRuntime}}\
             {{range $name, $_ := .Runtimes}}{{println \"runtime:\" $name}}{{end}}"
        }
        EngineKind::Nerdctl => {
            "{{println \"version:\" .ServerVersion}}{{println \"storage:\" .Driver}}\
             {{println \"cgroup:\" .CgroupVersion}}"
        }
        EngineKind::Podman => {
            "{{println \"version:\" .Version.Version}}{{println \"root:\" .Store.GraphRoot}}\
             {{println \"storage:\" .Store.GraphDriverName}}\
             {{println \"cgroup:\" .Host.CgroupsVersion}}\
             {{println \"default runtime:\" .Host.OCIRuntime.Name}}"
        }
        EngineKind::Ctr | EngineKind::Builtin => "",
    };
    let queries: &[(FactId, &[&str])] = match kind {
        EngineKind::Docker | EngineKind::Nerdctl | EngineKind::Podman => &[
            (fact_ids::ENGINE_INFO, &[name, "info", "--format", format]),
            (fact_ids::IMAGE_DIGEST, &[name, "image", "inspect", "--format", "{{.Id}}", image]),
        ],
        EngineKind::Ctr => &[
            (fact_ids::ENGINE_VERSION, &[name, "version"]),
            (fact_ids::IMAGE_DIGEST, &[name, "images", "ls", &of_image]),
        ],
        EngineKind::Builtin => &[(fact_ids::ENGINE_VERSION, &["unshare", "--version"])],
    };
    let queries = queries.iter();
    queries.map(|(id, argv)| (*id, argv.iter().map(ToString::to_string).collect())).collect()
}

pub(crate) fn has_image(kind: EngineKind, image: &str, cancel: &CancelFlag) -> Result<bool> {
    let argv = match kind {
        EngineKind::Builtin => return Ok(true),
        EngineKind::Ctr => {
            let filter = format!("name=={}", full_name(image));
            ["ctr", "images", "ls", "-q", &filter].map(String::from).to_vec()
        }
        _ => [kind.into_str(), "image", "inspect", image].map(String::from).to_vec(),
    };
    let finished = run_command(&argv, QUESTION, cancel)?;
    match finished.ended {
        ExitReason::Exit(_) => Ok(finished.is_success() && !finished.stdout_text().is_empty()),
        _ => Err(Error::failed_environment(format!(
            "{}: {}",
            shell_line(&argv),
            finished.error_summary()
        ))),
    }
}

/// The runtimes that the engine knows by name, and the containerd shims on the path.
pub(crate) fn known_runtimes(kind: EngineKind, cancel: &CancelFlag) -> Result<Vec<String>> {
    let mut names = match kind {
        EngineKind::Docker => {
            let format = "{{range $k, $v := .Runtimes}}{{println $k}}{{end}}";
            let answer = query_engine(&["docker", "info", "--format", format], cancel)?;
            answer.stdout_text().lines().map(String::from).collect()
        }
        EngineKind::Podman => programs_on_path(&["runc", "crun", "runsc"]),
        EngineKind::Nerdctl | EngineKind::Ctr => shims_on_path(),
        EngineKind::Builtin => Vec::new(),
    };
    // docker lists its shims for runc next to runc itself.
    names
        .retain(|name| name != "io.containerd.runc.v2" && name != "io.containerd.runtime.v1.linux");
    names.sort();
    Ok(names)
}

/// Whether the engine has no runtime for a handler, where `names` are all that it has. Only docker
/// tells: a name without a dot or a slash is one of its own list, or none. The others start what they
/// find under a name.
pub(crate) fn lacks_runtime(kind: EngineKind, handler: &str, names: &[String]) -> bool {
    kind == EngineKind::Docker
        && !handler.contains(['.', '/'])
        && !names.is_empty()
        && !names.iter().any(|name| name == handler)
}

pub(crate) fn path_folders() -> Vec<std::path::PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

/// Where containerd looks for programs: daemons look on their own path, not on ours.
pub(crate) fn containerd_path() -> Vec<PathBuf> {
    let folders = ProcessTable::of_this_machine().find_daemon("containerd").search_folders();
    folders.into_iter().map(PathBuf::from).collect()
}

fn programs_on_path(names: &[&str]) -> Vec<String> {
    let mut names = names.to_vec();
    names.retain(|name| path_folders().iter().any(|folder| folder.join(name).is_file()));
    names.into_iter().map(str::to_string).collect()
}

/// The handlers of the shims on our path and on containerd's.
fn shims_on_path() -> Vec<String> {
    let mut found = Vec::new();
    for folder in path_folders().into_iter().chain(containerd_path()) {
        found.extend(handlers_in_folder(&folder));
    }
    found.sort();
    found.dedup();
    found
}

/// The handlers of the shims in a folder, without runc's own: `containerd-shim-kata-v2` is
/// `io.containerd.kata.v2`.
pub(crate) fn handlers_in_folder(folder: &Path) -> Vec<String> {
    let mut handlers = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let shim = name.strip_prefix("containerd-shim-").and_then(|shim| shim.rsplit_once('-'));
        if let Some((runtime, version)) = shim.filter(|(runtime, _)| *runtime != "runc") {
            handlers.push(format!("io.containerd.{runtime}.{version}"));
        }
    }
    handlers
}

/// What is known about a running container from its engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ContainerInspection {
    pub id: String,
    /// The process that the engine calls the container's, on the host.
    pub pid: Option<u32>,
    /// The runtime as the engine names it.
    pub runtime: Option<String>,
}

/// Asks for a running container; there is none to ask about where there is no engine.
/// Errors: the engine did not answer, or said nothing of the container.
pub(crate) fn inspect_container(
    kind: EngineKind,
    name: &str,
    cancel: &CancelFlag,
) -> Result<Option<(ContainerInspection, CommandOutput)>> {
    let inspected = match kind {
        EngineKind::Builtin => return Ok(None),
        EngineKind::Ctr => inspect_ctr(name, cancel)?,
        _ => {
            let answer = query_engine(&[kind.into_str(), "inspect", name], cancel)?;
            read_inspection(&answer).map(|inspected| (inspected, answer))
        }
    };
    if inspected.is_none() {
        return Err(Error::failed_environment(format!("{} said nothing of it", kind.into_str())));
    }
    Ok(inspected)
}

/// What docker's form of an inspection tells.
fn read_inspection(answer: &CommandOutput) -> Option<ContainerInspection> {
    let json: Value = serde_json::from_slice(&answer.stdout).ok()?;
    let first = json.get(0)?;
    let runtime = first["HostConfig"]["Runtime"]
        .as_str()
        .or_else(|| first["OCIRuntime"].as_str())
        .filter(|runtime| !runtime.is_empty() && *runtime != "oci");
    Some(ContainerInspection {
        id: first["Id"].as_str()?.to_string(),
        pid: first["State"]["Pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()),
        runtime: runtime.map(String::from),
    })
}

fn inspect_ctr(
    name: &str,
    cancel: &CancelFlag,
) -> Result<Option<(ContainerInspection, CommandOutput)>> {
    let tasks = query_engine(&["ctr", "task", "ls"], cancel)?.stdout_text();
    let pid = tasks.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        (words.first() == Some(&name)).then(|| words.get(1)?.parse().ok())?
    });
    let answer = query_engine(&["ctr", "containers", "info", name], cancel)?;
    let Ok(json) = serde_json::from_slice::<Value>(&answer.stdout) else { return Ok(None) };
    let runtime = json["Runtime"]["Name"].as_str().map(String::from);
    Ok(Some((ContainerInspection { id: name.to_string(), pid, runtime }, answer)))
}
