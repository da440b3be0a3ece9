//! Engines: what starts containers, and the command lines to make them do it.
//!
//! Each engine is a value, its command lines are plain data, so that they can be tested without
//! running anything.

pub(crate) mod clean;
pub(crate) mod facts;
pub(crate) mod interrupt;
pub(crate) mod runtime_spec;

use crate::text::shell_line;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::process::{CancelFlag, CommandOutput, run_command};

/// The label that every container of isoproof carries: the session that started it.
pub const SESSION_LABEL: &str = "isoproof.session";

/// The label with the process that started it: id and start time.
pub const OWNER_LABEL: &str = "isoproof.owner";

/// Programs that run virtual machines, by how their names begin.
pub(crate) const MONITORS: &[&str] =
    &["qemu-system-", "cloud-hypervisor", "firecracker", "stratovirt", "openvmm", "crosvm"];

/// How long a program may take to state its version: one of 70 MB takes 6 s where its file is not in
/// memory yet.
pub(crate) const VERSION_LIMIT: Duration = Duration::from_secs(30);

/// How long a question to an engine may take.
pub const QUESTION: Duration = Duration::from_secs(20);

/// The engines that isoproof can use, in the order in which they are looked for.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "lowercase")]
pub enum EngineKind {
    /// containerd's client with docker's command line.
    Nerdctl,
    /// Docker.
    Docker,
    /// Podman.
    Podman,
    /// containerd's own client.
    Ctr,
    /// No engine: Linux namespaces through `unshare`, a baseline and no more.
    Builtin,
}

impl_into_str!(EngineKind);

impl EngineKind {
    /// All engines in the order in which they are looked for.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;
}

/// A container to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerSpec<'a> {
    /// Its name, unique on the machine.
    pub name: &'a str,
    /// Its labels.
    pub labels: &'a [(String, String)],
    /// The image.
    pub image: &'a str,
    /// The runtime handler; none for the engine's default.
    pub handler: Option<&'a str>,
    /// The command and its arguments.
    pub command: &'a [&'a str],
    /// How it runs.
    pub mode: ContainerMode,
    /// Further options before the image, as the engine knows them.
    pub options: &'a [String],
}

/// How a container runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerMode {
    /// In the foreground, without input.
    Attached,
    /// In the foreground, with our input.
    Interactive,
    /// In the background, with a port of the host (first) that leads to one of its own.
    Published(u16, u16),
}

/// The command line that runs a container and removes it when it ends. One in the background is
/// not removed: that is the caller's to do.
pub fn run_argv(kind: EngineKind, container: &ContainerSpec) -> Vec<String> {
    match kind {
        EngineKind::Ctr => ctr_argv(container),
        EngineKind::Builtin => builtin_argv(container),
        _ => docker_argv(kind, container),
    }
}

fn docker_argv(kind: EngineKind, container: &ContainerSpec) -> Vec<String> {
    let mut argv: Vec<String> = vec![kind.into_str().into(), "run".into()];
    match container.mode {
        ContainerMode::Attached => argv.push("--rm".into()),
        ContainerMode::Interactive => argv.extend(["--rm".into(), "-i".into()]),
        // nerdctl refuses `--rm` here, and one that ended early still has its words to tell.
        ContainerMode::Published(host, own) => {
            argv.extend(["-d".into(), "-p".into(), format!("127.0.0.1:{host}:{own}")]);
        }
    }
    argv.extend(["--pull=never".into(), "--name".into(), container.name.into()]);
    for (key, value) in container.labels {
        argv.extend(["--label".into(), format!("{key}={value}")]);
    }
    if let Some(handler) = container.handler {
        argv.extend(["--runtime".into(), handler.into()]);
    }
    argv.extend(container.options.iter().cloned());
    argv.push(container.image.into());
    argv.extend(container.command.iter().map(ToString::to_string));
    argv
}

/// `ctr` knows neither names apart from ids nor ports, and takes images by their full name.
fn ctr_argv(container: &ContainerSpec) -> Vec<String> {
    let mut argv: Vec<String> = ["ctr", "run", "--rm"].map(String::from).to_vec();
    for (key, value) in container.labels {
        argv.extend(["--label".into(), format!("{key}={value}")]);
    }
    match container.handler {
        Some(handler) if is_shim(handler) => {
            argv.extend(["--runtime".into(), handler.into()]);
        }
        Some("runc") | None => {}
        // Anything else is an OCI runtime, which the shim for runc can be told to use.
        Some(handler) => argv.extend(["--runc-binary".into(), handler.into()]),
    }
    if let ContainerMode::Published(..) = container.mode {
        argv.push("--detach".into());
    }
    argv.extend(container.options.iter().cloned());
    argv.extend([full_name(container.image), container.name.into()]);
    argv.extend(container.command.iter().map(ToString::to_string));
    argv
}

/// Namespaces of everything but the user, which root needs none of for this.
fn builtin_argv(container: &ContainerSpec) -> Vec<String> {
    let mut argv: Vec<String> = vec!["unshare".into()];
    if !rustix::process::geteuid().is_root() {
        argv.push("--map-root-user".into());
    }
    let spaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--mount-proc"];
    argv.extend(spaces.map(String::from));
    argv.push("--kill-child".into());
    argv.extend(container.command.iter().map(ToString::to_string));
    argv
}

/// Whether a handler names a containerd shim: by its id, or by the path of its program.
pub fn is_shim(handler: &str) -> bool {
    let program = handler.rsplit('/').next().unwrap_or(handler);
    handler.starts_with("io.containerd.") || program.starts_with("containerd-shim-")
}

/// The name of an image on the command line: one that no engine takes for an option, and one word of
/// YAML.
/// Errors: it is none, in words.
pub(crate) fn parse_image_name(name: &str) -> Result<String, String> {
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "-._/:@".contains(c));
    let has_ends = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    match is_plain && has_ends {
        true => Ok(name.into()),
        false => Err("an image is named as in alpine:3.19 or registry.example/app:1".into()),
    }
}

/// The full name of an image: docker's short names are those of its own registry.
pub fn full_name(image: &str) -> String {
    match image.split_once('/') {
        None => format!("docker.io/library/{image}"),
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => image.into(),
        Some(_) => format!("docker.io/{image}"),
    }
}

/// Asks an engine something.
///
/// # Errors
///
/// The program cannot be started, or did not answer with success; the error has its words.
pub fn query_engine(argv: &[&str], cancel: &CancelFlag) -> Result<CommandOutput> {
    let argv: Vec<String> = argv.iter().map(ToString::to_string).collect();
    let finished = run_command(&argv, QUESTION, cancel)?;
    if finished.is_success() {
        return Ok(finished);
    }
    Err(Error::failed_environment(format!("{}: {}", shell_line(&argv), finished.error_summary())))
}

/// Whether an engine can be used now; its words and a remedy if not.
///
/// # Errors
///
/// The program is not installed, its daemon does not answer, or the user may not ask it.
pub fn check_engine(kind: EngineKind, cancel: &CancelFlag) -> Result<()> {
    let argv: &[&str] = match kind {
        EngineKind::Builtin => &["unshare", "--version"],
        EngineKind::Ctr => &["ctr", "version"],
        EngineKind::Podman => &["podman", "info", "--format", "{{.Host.Kernel}}"],
        EngineKind::Docker => &["docker", "version", "--format", "{{.Server.Version}}"],
        EngineKind::Nerdctl => &["nerdctl", "info", "--format", "{{.ServerVersion}}"],
    };
    query_engine(argv, cancel).map(|_| ()).map_err(|error| {
        match suggest_remedy(kind, &error.message) {
            Some(help) => error.with_help(help),
            None => error,
        }
    })
}

/// What to do about an engine that does not answer.
fn suggest_remedy(kind: EngineKind, words: &str) -> Option<String> {
    let words = words.to_ascii_lowercase();
    let group =
        if kind == EngineKind::Docker { ", or add yourself to the group `docker`" } else { "" };
    if words.contains("permission denied") || words.contains("rootless") {
        return Some(format!("run isoproof with sudo{group}"));
    }
    // Podman has no daemon that could be started.
    if kind == EngineKind::Podman {
        return None;
    }
    let silent = ["cannot connect", "is the docker daemon running", "no such file"];
    if silent.iter().any(|part| words.contains(part)) {
        let daemon = if kind == EngineKind::Docker { "docker" } else { "containerd" };
        return Some(format!("start its daemon, for example with `systemctl start {daemon}`"));
    }
    None
}

/// The first engine that can be used; `builtin` if there is no other.
///
/// # Errors
///
/// Not even `unshare` is there.
pub fn detect_engine(cancel: &CancelFlag) -> Result<EngineKind> {
    for kind in EngineKind::ALL {
        if check_engine(*kind, cancel).is_ok() {
            return Ok(*kind);
        }
    }
    Err(Error::failed_environment("there is no engine, and no `unshare` either")
        .with_help("install docker, podman or nerdctl, or the package util-linux"))
}

/// The first container engine that can be used, for what plain namespaces cannot do.
///
/// # Errors
///
/// There is none; the error has the words of each that is installed.
pub fn require_engine(cancel: &CancelFlag) -> Result<EngineKind> {
    let mut failed = Vec::new();
    for kind in EngineKind::ALL.iter().filter(|kind| **kind != EngineKind::Builtin) {
        match check_engine(*kind, cancel) {
            Ok(()) => return Ok(*kind),
            Err(error) => failed.push(error),
        }
    }
    // What an engine that is there says is worth more than that another is not.
    failed.sort_by_key(|error| error.help.is_none());
    let words: Vec<&str> = failed.iter().map(|error| error.message.as_str()).collect();
    let help = failed.iter().find_map(|error| error.help.clone());
    Err(Error::failed_environment(format!("no container engine works here:\n{}", words.join("\n")))
        .with_help(help.unwrap_or_else(|| "isoproof doctor says what each lacks".into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container<'a>(
        labels: &'a [(String, String)],
        handler: Option<&'a str>,
    ) -> ContainerSpec<'a> {
        ContainerSpec {
            name: "isoproof-1-kata",
            labels,
            image: "alpine:3.19",
            handler,
            command: &["sh"],
            mode: ContainerMode::Interactive,
            options: &[],
        }
    }

    #[test]
    fn docker_podman_and_nerdctl_share_their_command_line() {
        let labels = [(SESSION_LABEL.to_string(), "1".to_string())];
        for kind in [EngineKind::Docker, EngineKind::Podman, EngineKind::Nerdctl] {
            let argv = run_argv(kind, &container(&labels, Some("io.containerd.kata.v2")));
            assert_eq!(
                argv.join(" "),
                format!(
                    "{} run --rm -i --pull=never --name isoproof-1-kata --label \
                     isoproof.session=1 --runtime io.containerd.kata.v2 alpine:3.19 sh",
                    kind.into_str()
                )
            );
        }
    }

    #[test]
    fn a_published_port_is_open_to_this_machine_alone() {
        let published =
            ContainerSpec { mode: ContainerMode::Published(3012, 3000), ..container(&[], None) };
        assert_eq!(
            run_argv(EngineKind::Nerdctl, &published).join(" "),
            "nerdctl run -d -p 127.0.0.1:3012:3000 --pull=never --name isoproof-1-kata \
             alpine:3.19 sh"
        );
    }

    #[test]
    fn ctr_takes_full_names_and_tells_shims_from_oci_runtimes() {
        let argv = |handler| run_argv(EngineKind::Ctr, &container(&[], handler)).join(" ");
        let rest = "docker.io/library/alpine:3.19 isoproof-1-kata sh";
        assert_eq!(argv(None), format!("ctr run --rm {rest}"));
        assert_eq!(
            argv(Some("io.containerd.kata.v2")),
            format!("ctr run --rm --runtime io.containerd.kata.v2 {rest}")
        );
        assert_eq!(
            argv(Some("/usr/bin/crun")),
            format!("ctr run --rm --runc-binary /usr/bin/crun {rest}")
        );
    }

    #[test]
    fn an_image_is_no_option_and_one_word_of_yaml() {
        for name in ["alpine:3.19", "0a1b", "registry.example:5000/a/isoproof:1@sha256:0a"] {
            assert!(parse_image_name(name).is_ok(), "{name}");
        }
        for wrong in ["", "--privileged", "alpine:3.19 x", "a\nb: c", "{}", "a#b", "alpine:", "a/"]
        {
            assert!(parse_image_name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn short_image_names_are_dockers() {
        for (short, full) in [
            ("alpine:3.19", "docker.io/library/alpine:3.19"),
            ("bkimminich/juice-shop:v19.0.0", "docker.io/bkimminich/juice-shop:v19.0.0"),
            ("ghcr.io/a/b:1", "ghcr.io/a/b:1"),
            ("localhost/a", "localhost/a"),
        ] {
            assert_eq!(full_name(short), full);
        }
    }

    #[test]
    fn an_engine_that_refuses_is_explained() {
        assert!(
            suggest_remedy(EngineKind::Docker, "permission denied while trying")
                .unwrap()
                .contains("sudo")
        );
        assert!(
            suggest_remedy(
                EngineKind::Ctr,
                "dial unix /run/containerd/containerd.sock: connect: no such file or directory"
            )
            .unwrap()
            .contains("containerd")
        );
    }
}
