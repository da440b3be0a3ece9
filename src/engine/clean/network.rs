//! What CNI keeps of a container that is gone: its address, and a chain in the nat table, which
//! nerdctl and `ctr` leave even after a clean end.

use std::fs;
use std::time::Duration;

use crate::engine::process::{Cancel, run};

const LEASES: &str = "/var/lib/cni/networks";
const LIMIT: Duration = Duration::from_secs(5);

/// Frees the addresses and removes the chains of containers. `is_mine` judges a container's id.
/// Returns what was removed, in words.
pub fn free(is_mine: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut removed = leases(is_mine);
    removed.extend(chains(is_mine));
    removed
}

/// An id as CNI knows it: containerd's namespace comes first.
fn bare(id: &str) -> &str {
    id.strip_prefix("default-").unwrap_or(id)
}

fn leases(is_mine: &dyn Fn(&str) -> bool) -> Vec<String> {
    let folders = fs::read_dir(LEASES).into_iter().flatten().flatten();
    let files = folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten());
    files
        .flatten()
        .filter_map(|file| {
            let text = fs::read_to_string(file.path()).ok()?;
            let id = text.lines().next()?.trim();
            if !is_mine(bare(id)) {
                return None;
            }
            fs::remove_file(file.path()).ok()?;
            Some(format!("network lease {}", file.file_name().to_string_lossy()))
        })
        .collect()
}

fn iptables(arguments: &[String]) -> Option<String> {
    let mut argv: Vec<String> = ["iptables", "-w", "2", "-t", "nat"].map(String::from).to_vec();
    argv.extend_from_slice(arguments);
    let finished = run(&argv, LIMIT, &Cancel::default()).ok()?;
    finished.is_success().then(|| finished.text())
}

fn chains(is_mine: &dyn Fn(&str) -> bool) -> Vec<String> {
    let Some(rules) = iptables(&["-S".into(), "POSTROUTING".into()]) else { return Vec::new() };
    let mut removed = Vec::new();
    for line in rules.lines() {
        let Some((id, mut rule)) = rule_of(line) else { continue };
        let Some(chain) = rule.last().cloned().filter(|_| is_mine(bare(&id))) else { continue };
        rule[0] = "-D".into();
        if iptables(&rule).is_some() {
            let _ = iptables(&["-F".into(), chain.clone()]);
            let _ = iptables(&["-X".into(), chain.clone()]);
            removed.push(format!("network chain {chain}"));
        }
    }
    removed
}

/// The id and the words of a rule of CNI that leads to a container's chain.
fn rule_of(line: &str) -> Option<(String, Vec<String>)> {
    let words = words(line);
    let comment = words.iter().find(|word| word.starts_with("name: \""))?;
    let id = comment.split_once("id: \"")?.1.split('"').next()?.to_string();
    let is_chain = words.first()? == "-A" && words.last()?.starts_with("CNI-");
    is_chain.then_some((id, words))
}

/// The words of a line of `iptables -S`, which quotes comments and escapes the quotes in them.
fn words(line: &str) -> Vec<String> {
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
        assert_eq!(bare(&id), "ab12");
    }

    #[test]
    fn rules_of_others_are_none_of_ours() {
        for line in ["-P POSTROUTING ACCEPT", "-A POSTROUTING -j MASQUERADE", "-N CNI-1"] {
            assert_eq!(rule_of(line), None, "{line}");
        }
    }
}
