//! Which program a runtime is, and what it says about itself.

use std::path::{Path, PathBuf};

use super::command_capture::from_command;
use super::host_side;
use super::session::CollectSession;
use crate::engine::facts::{containerd_path, path_folders};
use crate::engine::{EngineKind, VERSION_LIMIT, is_shim, query_engine};
use crate::knowledge::names_runtime;
use crate::model::{Capture, Target, fact_ids};
use crate::process::run_command;

/// The path of the target's runtime or shim, with every link followed, and its version.
pub(super) fn capture_versions(session: &CollectSession, spec: &Target) -> Vec<Capture> {
    let Some(named) =
        spec.handler.as_deref().and_then(|handler| find_runtime_program(session, handler))
    else {
        return Vec::new();
    };
    let real = std::fs::canonicalize(&named).unwrap_or_else(|_| named.clone());
    let how = format!("where {} leads to, with every link followed", named.display());
    let path = format!("{}\n", real.display());
    let mut captures =
        vec![host_side::capture_of(&spec.name, &fact_ids::RUNTIME_PROGRAM, &how, &path)];
    let argv = vec![named.display().to_string(), "--version".to_string()];
    if let Ok(finished) = run_command(&argv, VERSION_LIMIT, session.cancel) {
        captures.push(from_command(&spec.name, &fact_ids::RUNTIME_PROGRAM_VERSION, &finished));
        if spec.handler.as_deref().is_some_and(|handler| names_runtime(handler, "kata")) {
            captures.push(from_command(&spec.name, &fact_ids::RUNTIME_VERSION, &finished));
        }
    }
    captures
}

fn find_runtime_program(session: &CollectSession, handler: &str) -> Option<PathBuf> {
    if handler.contains('/') {
        return Some(PathBuf::from(handler));
    }
    if session.engine == EngineKind::Docker
        && let Some(path) = docker_program(session, handler)
    {
        return on_path(&path);
    }
    if is_shim(handler) {
        // containerd looks for shims on its own path, not on ours.
        let program = shim_program(handler)?;
        let folders = containerd_path().into_iter().chain(path_folders());
        return folders.map(|folder| folder.join(&program)).find(|path| path.is_file());
    }
    on_path(handler)
}

/// What docker's configuration names for a runtime.
fn docker_program(session: &CollectSession, handler: &str) -> Option<String> {
    if session.docker_runtimes.get().is_none() {
        let question = ["docker", "info", "--format", "{{json .Runtimes}}"];
        let answer = query_engine(&question, session.cancel).ok()?;
        let _ = session.docker_runtimes.set(serde_json::from_slice(&answer.stdout).ok()?);
    }
    let runtime = session.docker_runtimes.get()?.get(handler)?;
    let path = runtime["path"].as_str().or_else(|| runtime["runtimeType"].as_str())?;
    Some(if is_shim(path) && !path.contains('/') { shim_program(path)? } else { path.to_string() })
}

/// The program of a shim: `containerd-shim-kata-v2` for `io.containerd.kata.v2`.
fn shim_program(handler: &str) -> Option<String> {
    let (name, version) = handler.strip_prefix("io.containerd.")?.rsplit_once('.')?;
    Some(format!("containerd-shim-{name}-{version}"))
}

fn on_path(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program));
    }
    path_folders().into_iter().map(|folder| folder.join(program)).find(|path| Path::is_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shim_is_found_by_its_handler() {
        assert_eq!(shim_program("io.containerd.kata.v2").unwrap(), "containerd-shim-kata-v2");
        assert_eq!(shim_program("runc"), None);
    }

    #[test]
    fn a_program_on_the_path_is_found_and_another_is_not() {
        assert!(on_path("sh").is_some());
        assert_eq!(on_path("no-such-runtime"), None);
    }
}
