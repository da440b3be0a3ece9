//! The devices and plugins of the network.

use super::answer::Answer;
use super::machine::{Machine, exists, folders, own_folders, variable, which};

/// Where the plugins of the container network can lie, apart from `CNI_PATH`.
const PLUGIN_FOLDERS: [&str; 3] = ["/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"];

/// The socket between host and guest.
pub fn vhost_vsock(machine: &dyn Machine) -> Answer {
    device(machine, "vhost-vsock", "/dev/vhost-vsock")
}

/// The guest's network card.
pub fn vhost_net(machine: &dyn Machine) -> Answer {
    device(machine, "vhost-net", "/dev/vhost-net")
}

fn device(machine: &dyn Machine, check: &'static str, path: &str) -> Answer {
    let is_there = exists(machine, path);
    let words = if is_there { "is there" } else { "no such file" };
    Answer::new(check, if is_there { "there" } else { "absent" })
        .evidence(format!("{path}: {words}"))
}

/// The plugins that nerdctl makes networks with.
pub fn cni(machine: &dyn Machine) -> Answer {
    let own = variable(machine, "CNI_PATH").map(|path| folders(&path)).unwrap_or_default();
    let has_bridge = |folder: &String| exists(machine, &format!("{folder}/bridge"));
    let looked: Vec<String> = own.iter().cloned().chain(PLUGIN_FOLDERS.map(String::from)).collect();
    let looked_at = format!("looked for `bridge` in {}", looked.join(", "));
    let answer = |outcome| Answer::new("cni", outcome).evidence(&looked_at);
    match looked.iter().find(|folder| has_bridge(folder)) {
        None if which(machine, &own_folders(machine), "nerdctl").is_none() => answer("not-needed"),
        None => answer("absent"),
        Some(folder) if own.contains(folder) || folder == PLUGIN_FOLDERS[0] => {
            answer("found").with("folder", folder.clone())
        }
        Some(folder) => answer("elsewhere").with("folder", folder.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Fake;
    use super::*;
    use crate::engine::Kind;

    #[test]
    fn plugins_outside_of_the_usual_place_need_the_variable() {
        let debian = || Fake::new().file("/usr/lib/cni/bridge", "");
        assert_eq!(cni(&debian()).outcome, "elsewhere");
        assert_eq!(cni(&debian().variable("CNI_PATH", "/usr/lib/cni")).outcome, "found");
        assert_eq!(cni(&Fake::new().file("/opt/cni/bin/bridge", "")).outcome, "found");
        assert_eq!(cni(&Fake::new().refusing(Kind::Nerdctl)).outcome, "absent");
        assert_eq!(cni(&Fake::new()).outcome, "not-needed");
    }

    #[test]
    fn a_device_is_there_or_not() {
        assert_eq!(vhost_net(&Fake::new().file("/dev/vhost-net", "")).outcome, "there");
        assert_eq!(vhost_vsock(&Fake::new()).outcome, "absent");
    }
}
