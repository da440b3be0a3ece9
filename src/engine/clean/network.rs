//! What CNI keeps of a container that is gone: its address, and a chain in the nat table, which
//! nerdctl leaves even after a clean end. Both are known by the id that the engine gave the container.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use super::{LIMIT, wait_while};
use crate::proc::ProcessTable;
use crate::process::{CancelFlag, run_command};

const LEASES: &str = "/var/lib/cni/networks";

/// How long a plugin that is at work may take to end.
const SETTLING: Duration = Duration::from_secs(1);

/// Waits for plugins that still set up what is to be freed: they outlive a client that was
/// killed, and what they make after [`free_network_state`] would stay. The protocol gives each the id of its
/// container in its environment (CNI specification 1.0.0, section 2).
pub(super) fn wait_for_teardown(is_mine: &dyn Fn(&str) -> bool) {
    wait_while(SETTLING, || busy_plugin_containers().iter().any(|id| is_mine(strip_namespace(id))));
}

fn busy_plugin_containers() -> Vec<String> {
    let processes = ProcessTable::of_this_machine();
    let ids = processes.process_ids().into_iter();
    let environments = ids.filter_map(|pid| processes.read_file(pid, "environ"));
    environments.filter_map(|environment| container_of(&environment)).collect()
}

fn container_of(environment: &[u8]) -> Option<String> {
    let mut variables = environment.split(|byte| *byte == 0);
    let id = variables.find_map(|variable| variable.strip_prefix(b"CNI_CONTAINERID="))?;
    Some(String::from_utf8_lossy(id).into_owned())
}

/// Frees the addresses and removes the chains of containers. `is_mine` judges a container's id.
/// Returns what was removed, in words.
pub(super) fn free_network_state(is_mine: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut removed = free_address_leases(is_mine);
    removed.extend(remove_chains(is_mine));
    removed
}

/// An id as CNI knows it: containerd's namespace comes first.
fn strip_namespace(id: &str) -> &str {
    id.strip_prefix("default-").unwrap_or(id)
}

fn free_address_leases(is_mine: &dyn Fn(&str) -> bool) -> Vec<String> {
    let folders = fs::read_dir(LEASES).into_iter().flatten().flatten();
    let files = folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten());
    files
        .flatten()
        .filter_map(|file| {
            let text = fs::read_to_string(file.path()).ok()?;
            let id = text.lines().next()?.trim();
            if !is_mine(strip_namespace(id)) {
                return None;
            }
            fs::remove_file(file.path()).ok()?;
            Some(format!("network lease {}", file.file_name().to_string_lossy()))
        })
        .collect()
}

fn run_iptables(arguments: &[String]) -> Option<String> {
    let mut argv: Vec<String> = ["iptables", "-w", "2", "-t", "nat"].map(String::from).to_vec();
    argv.extend_from_slice(arguments);
    let finished = run_command(&argv, LIMIT, &CancelFlag::default()).ok()?;
    finished.is_success().then(|| finished.stdout_text())
}

fn remove_chains(is_mine: &dyn Fn(&str) -> bool) -> Vec<String> {
    let Some(rules) = run_iptables(&["-S".into(), "POSTROUTING".into()]) else { return Vec::new() };
    let mut removed = Vec::new();
    for line in rules.lines() {
        let Some((id, mut rule)) = rule_of(line) else { continue };
        let Some(chain) = rule.last().cloned().filter(|_| is_mine(strip_namespace(&id))) else {
            continue;
        };
        rule[0] = "-D".into();
        if run_iptables(&rule).is_some() {
            remove_chain(&chain);
            removed.push(format!("network chain {chain}"));
        }
    }
    removed
}

fn remove_chain(chain: &str) -> bool {
    let _ = run_iptables(&["-F".into(), chain.into()]);
    run_iptables(&["-X".into(), chain.into()]).is_some()
}

/// Removes chains of containers that no rule leads to: their plugin was killed before it made the
/// rule, so nothing says whose they were, and nothing uses them. Left alone while a plugin is at
/// work. Returns what was removed, in words.
pub(super) fn remove_unreachable_chains() -> Vec<String> {
    if !busy_plugin_containers().is_empty() {
        return Vec::new();
    }
    let rules = run_iptables(&["-S".into()]).unwrap_or_default();
    let chains = unreachable_in(&rules);
    let removed = chains.into_iter().filter(|chain| remove_chain(chain));
    removed.map(|chain| format!("network chain {chain}")).collect()
}

/// The chains of containers in a table that no rule of it jumps to.
fn unreachable_in(rules: &str) -> Vec<&str> {
    let mut reached = BTreeSet::new();
    for line in rules.lines() {
        let words = split_iptables_words(line);
        let jump = words.into_iter().skip_while(|word| word != "-j" && word != "-g");
        reached.extend(jump.skip(1).take(1));
    }
    let made = rules.lines().filter_map(|line| line.strip_prefix("-N "));
    made.filter(|chain| is_chain(chain) && !reached.contains(*chain)).collect()
}

/// Whether a chain is called as the plugins call one of a container: by 24 digits of a hash.
fn is_chain(name: &str) -> bool {
    let digits = name.strip_prefix("CNI-").unwrap_or_default();
    digits.len() == 24 && digits.chars().all(|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase())
}

/// The id and the words of a rule of CNI that leads to a container's chain.
fn rule_of(line: &str) -> Option<(String, Vec<String>)> {
    let words = split_iptables_words(line);
    let comment = words.iter().find(|word| word.starts_with("name: \""))?;
    let id = comment.split_once("id: \"")?.1.split('"').next()?.to_string();
    let is_chain = words.first()? == "-A" && words.last()?.starts_with("CNI-");
    is_chain.then_some((id, words))
}

/// The words of a line of `iptables -S`, which quotes comments and escapes the quotes in them.
fn split_iptables_words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut is_quoted, mut letters) = (false, line.chars());
    while let Some(letter) = letters.next() {
        let word = words.last_mut();
        match (letter, word) {
            ('"', _) => is_quoted = !is_quoted,
            (' ', _) if !is_quoted => words.push(String::new()),
            ('\\', Some(word)) => word.extend(letters.next()),
            (letter, Some(word)) => word.push(letter),
            (_, None) => {}
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_of_cni_gives_its_container_and_its_chain() {
        let line = r#"-A POSTROUTING -s 10.4.0.7/32 -m comment --comment "name: \"bridge\" id: \"default-ab12\"" -j CNI-f00"#;
        let (id, rule) = rule_of(line).unwrap();
        assert_eq!((id.as_str(), rule.last().unwrap().as_str()), ("default-ab12", "CNI-f00"));
        assert_eq!(rule[7], r#"name: "bridge" id: "default-ab12""#);
        assert_eq!(strip_namespace(&id), "ab12");
    }

    #[test]
    fn a_chain_that_no_rule_leads_to_is_found_and_others_are_not() {
        let rules = "-P POSTROUTING ACCEPT\n-N CNI-500f98f031d6a074aee1514d\n\
             -N CNI-0123456789abcdef01234567\n-N CNI-HOSTPORT-DNAT\n-N DOCKER\n\
             -A POSTROUTING -s 10.4.0.7/32 -j CNI-0123456789abcdef01234567\n\
             -A CNI-500f98f031d6a074aee1514d -d 10.4.0.0/24 -j ACCEPT\n";
        assert_eq!(unreachable_in(rules), ["CNI-500f98f031d6a074aee1514d"]);
    }

    #[test]
    fn a_plugin_names_its_container_in_its_environment() {
        let environment = b"PATH=/bin\0CNI_CONTAINERID=default-ab12\0CNI_COMMAND=ADD\0";
        assert_eq!(container_of(environment).as_deref(), Some("default-ab12"));
        assert_eq!(container_of(b"PATH=/bin\0"), None);
    }

    #[test]
    fn rules_of_others_are_none_of_ours() {
        for line in ["-P POSTROUTING ACCEPT", "-A POSTROUTING -j MASQUERADE", "-N CNI-1"] {
            assert_eq!(rule_of(line), None, "{line}");
        }
    }
}
