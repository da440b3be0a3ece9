//! `doctor` with a program in place of docker.

use std::os::unix::fs::PermissionsExt;

use crate::support::{Outcome, Project};

/// A docker whose container does not get further than being started. Asked about it, it does not
/// answer either, and removing it works at the third attempt. A container is a file.
const DOCKER: &str = r#"#!/bin/sh
log=$0.log state=$0.d
mkdir -p "$state"
echo "$*" >>"$log"
case "$1" in
run)
    while [ $# -gt 0 ]; do
        case "$1" in
        --cidfile) echo 0123456789abcdef >"$2" ;;
        --label) echo "$2" >>"$state/0123456789abcdef" ;;
        esac
        shift
    done
    exec sleep 60 ;;
ps)
    for filter; do :; done
    cd "$state" && grep -l -x -F -e "${filter#label=}" -- * 2>/dev/null ||
        grep -l -e "^${filter#label=}=" -- * ;;
inspect)
    case "$*" in *Labels*) exec sleep 60 ;; esac ;;
rm)
    echo x >>"$0.rm"
    [ "$(wc -l <"$0.rm")" -lt 3 ] && exit 1
    rm "$state/0123456789abcdef" ;;
info) printf 'runc\nslow\n' ;;
*) echo 27 ;;
esac
"#;

#[test]
fn a_runtime_that_does_not_answer_in_time_is_slow_and_leaves_nothing_behind() {
    let project = Project::new();
    // What is asked of containerd has no answer.
    for (name, script) in [("docker", DOCKER), ("ctr", "#!/bin/sh\nexit 1\n")] {
        let path = project.path(&format!("bin/{name}"));
        project.write(&format!("bin/{name}"), script);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    std::fs::create_dir(project.path("tmp")).unwrap();
    let path = std::env::var("PATH").unwrap();
    let arguments = ["doctor", "--engine", "docker", "--runtime", "slow", "--timeout", "1"];
    let mut command = project.command(&arguments);
    command.env("PATH", format!("{}:{path}", project.path("bin").display()));
    command.env("TMPDIR", project.path("tmp"));
    let outcome = Outcome::of(command.output().unwrap());
    assert_eq!(outcome.code, 3, "{outcome:?}");
    let said = outcome.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("? unknown Start slow slow: did not answer within 1 s"), "{said}");
    assert!(said.contains("`--timeout 5`"), "{said}");
    assert!(said.contains("not shown: slow did not answer in time"), "{said}");
    let log = project.read("bin/docker.log");
    assert_eq!(project.names("bin/docker.d"), [""; 0], "{log}");
    assert_eq!(project.names("tmp"), [""; 0], "{log}");
    assert!(log.lines().filter(|line| line.starts_with("rm ")).count() >= 3, "{log}");
}

#[test]
fn a_run_without_any_engine_says_what_is_used_and_not_that_it_failed() {
    let project = Project::new();
    let mut run = project.command(&["run", "--samples", "2", "--no-perf"]);
    let outcome = Outcome::of(run.env("PATH", project.root()).output().unwrap());
    let first = "note: no container engine works here; using plain namespaces (baseline only)\n";
    assert!(outcome.stderr.starts_with(first), "{outcome:?}");
    assert!(!outcome.stderr.contains("cannot do what was asked"), "{outcome:?}");
}
