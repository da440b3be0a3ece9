//! The devices and plugins of the network.

use super::answer::CheckAnswer;
use super::machine::{Machine, environment_variable, find_program, own_folders, path_exists};
use crate::proc::split_search_path;

/// Where the plugins of the container network can lie, apart from `CNI_PATH`.
const PLUGIN_FOLDERS: [&str; 3] = ["/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"];

pub(super) fn check_device(machine: &dyn Machine, check: &'static str, path: &str) -> CheckAnswer {
    let is_there = path_exists(machine, path);
    let words = if is_there { "is there" } else { "no such file" };
    CheckAnswer::new(check, if is_there { "there" } else { "absent" })
        .with_evidence(format!("{path}: {words}"))
}

/// The plugins that nerdctl makes networks with.
pub(super) fn check_cni_plugins(machine: &dyn Machine) -> CheckAnswer {
    let own = environment_variable(machine, "CNI_PATH")
        .map(|path| split_search_path(&path))
        .unwrap_or_default();
    let looked: Vec<String> = own.iter().cloned().chain(PLUGIN_FOLDERS.map(String::from)).collect();
    let looked_at = format!("looked for `bridge` in {}", looked.join(", "));
    let bridge = looked.iter().find(|folder| path_exists(machine, &format!("{folder}/bridge")));
    let outcome = match bridge {
        None if find_program(machine, &own_folders(machine), "nerdctl").is_none() => "not-needed",
        None => "absent",
        Some(folder) if own.contains(folder) || folder == PLUGIN_FOLDERS[0] => "found",
        Some(_) => "elsewhere",
    };
    let answer = CheckAnswer::new("cni", outcome).with_evidence(looked_at);
    match bridge {
        Some(folder) => answer.with_value("folder", folder.clone()),
        None => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Fake;
    use super::*;
    use crate::engine::EngineKind;

    #[test]
    fn plugins_outside_of_the_usual_place_need_the_variable() {
        let debian = || Fake::new().file("/usr/lib/cni/bridge", "");
        assert_eq!(check_cni_plugins(&debian()).outcome, "elsewhere");
        assert_eq!(
            check_cni_plugins(&debian().variable("CNI_PATH", "/usr/lib/cni")).outcome,
            "found"
        );
        assert_eq!(
            check_cni_plugins(&Fake::new().file("/opt/cni/bin/bridge", "")).outcome,
            "found"
        );
        assert_eq!(check_cni_plugins(&Fake::new().refusing(EngineKind::Nerdctl)).outcome, "absent");
        assert_eq!(check_cni_plugins(&Fake::new()).outcome, "not-needed");
    }

    #[test]
    fn a_device_is_there_or_not() {
        let check = |machine: &Fake| check_device(machine, "vhost-net", "/dev/vhost-net").outcome;
        assert_eq!(check(&Fake::new().file("/dev/vhost-net", "")), "there");
        assert_eq!(check(&Fake::new()), "absent");
    }
}
