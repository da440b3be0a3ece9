//! What two runs share that two sessions do not share by chance: container ids, MACs, the boot id
//! of a guest, series of samples.
//!
//! Much is equal in honest runs: everybody's Kata guest of one release is the same build with the
//! same modules and the same boot log, and every first container of a network has the same
//! address. Nothing of that is looked at here, and what could be taken for a sign is listed as
//! none.

mod samples;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;
use serde_json::Value;

use crate::model::{FactId, FactSource, Role, Run, Samples, fact_ids};
use crate::phrases::{SharedPhrases, fill_phrase};
pub(crate) use samples::{SeriesRelation, relate_series};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SharedKind {
    /// The id of a container, which an engine draws at random.
    ContainerId,
    /// The MAC of an interface in a container.
    Mac,
    /// The id that a guest's kernel draws when it starts.
    BootId,
    /// A measured series.
    Samples,
}

impl SharedKind {
    pub(crate) fn describe_kind(self, phrases: &SharedPhrases) -> &str {
        match self {
            Self::ContainerId => &phrases.container_id,
            Self::Mac => &phrases.mac,
            Self::BootId => &phrases.boot_id,
            Self::Samples => &phrases.samples,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SharedThing {
    pub kind: SharedKind,
    /// Its value; of samples the series and the targets.
    pub value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation: Option<SeriesRelation>,
    /// Where it stands in the first run.
    pub here: FactSource,
    /// Where it stands in the second.
    pub there: FactSource,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct RunPair {
    pub run: String,
    pub shared: Vec<SharedThing>,
    /// What is equal and is no sign of anything, in words.
    pub no_sign: Vec<String>,
}

impl RunPair {
    /// The kinds of what is shared, in words: `container id, MAC and samples`.
    pub(crate) fn describe_shared_kinds(&self, phrases: &SharedPhrases) -> String {
        let kinds: BTreeSet<SharedKind> = self.shared.iter().map(|shared| shared.kind).collect();
        let words: Vec<&str> = kinds.into_iter().map(|kind| kind.describe_kind(phrases)).collect();
        match words.split_last() {
            None => String::new(),
            Some((last, [])) => (*last).to_string(),
            Some((last, rest)) => {
                let values = [("first", &*rest.join(", ")), ("last", *last)];
                fill_phrase(&phrases.kinds, &values)
            }
        }
    }
}

pub(crate) fn find_shared_evidence(one: &Run, other: &Run, phrases: &SharedPhrases) -> RunPair {
    let mut shared = Vec::new();
    let mut no_sign = Vec::new();
    add_shared_ids(SharedKind::ContainerId, container_ids(one), &container_ids(other), &mut shared);
    compare_macs(one, other, phrases, &mut shared, &mut no_sign);
    add_shared_ids(SharedKind::BootId, guests_boot_ids(one), &guests_boot_ids(other), &mut shared);
    compare_series(one, other, phrases, &mut shared);
    equal_without_meaning(one, other, phrases, &mut no_sign);
    RunPair { run: other.id.clone(), shared, no_sign }
}

static ID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[^0-9a-fA-F:-])([0-9a-f]{64})(?:$|[^0-9a-fA-F])")
        .unwrap_or_else(|error| unreachable!("{error}"))
});

/// A container's host name in `uname -a` is the beginning of its id.
static UNAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^Linux ([0-9a-f]{12}) \d").unwrap_or_else(|error| unreachable!("{error}"))
});

/// The ids of containers in the captures, cut to twelve digits. A digest of an image has
/// `sha256:` before it and is none.
fn container_ids(run: &Run) -> BTreeMap<String, FactSource> {
    let hosts: BTreeSet<&str> = run.with_role(Role::Host).map(|t| t.name.as_str()).collect();
    let mut ids = BTreeMap::new();
    for capture in &run.captures {
        if capture.target.as_deref().is_some_and(|target| hosts.contains(target)) {
            continue;
        }
        for (line, number) in capture.stdout.text_lines().iter().zip(1..) {
            let found = ID.captures_iter(line).chain(UNAME.captures_iter(line));
            for id in found.filter_map(|captures| captures.get(1)) {
                let id = id.as_str()[..12].to_string();
                ids.entry(id).or_insert_with(|| FactSource::new(capture.id.clone(), number));
            }
        }
    }
    ids
}

/// A MAC of a container with the addresses of its interface.
struct ContainerMac {
    source: FactSource,
    addresses: BTreeSet<String>,
}

fn macs_of(run: &Run) -> BTreeMap<String, ContainerMac> {
    let mut macs = BTreeMap::new();
    for target in run.targets.iter().filter(|target| target.role != Role::Host) {
        let Some(fact) = run.find_fact(fact_ids::NET_INTERFACES, &target.name) else { continue };
        let (Some(list), Some(source)) = (fact.as_value().and_then(Value::as_array), fact.source())
        else {
            continue;
        };
        for interface in list {
            let Some(mac) = interface["mac"].as_str() else { continue };
            if mac.chars().all(|c| matches!(c, '0' | ':')) {
                continue;
            }
            let list = interface["ipv4"].as_array().into_iter().flatten();
            let addresses =
                list.filter_map(Value::as_str).filter_map(|text| text.split('/').next());
            let addresses = addresses.map(String::from).collect();
            macs.insert(mac.to_lowercase(), ContainerMac { source: source.clone(), addresses });
        }
    }
    macs
}

/// Engines that make a MAC from the address give every first container the same: then it is the
/// address that is equal.
fn compare_macs(
    one: &Run,
    other: &Run,
    phrases: &SharedPhrases,
    shared: &mut Vec<SharedThing>,
    no_sign: &mut Vec<String>,
) {
    let theirs = macs_of(other);
    for (value, own) in macs_of(one) {
        let Some(their) = theirs.get(&value) else { continue };
        let mut common = own.addresses.intersection(&their.addresses);
        if common.any(|address| makes_mac(address)) {
            no_sign.push(fill_phrase(&phrases.made_mac, &[("mac", &value)]));
            continue;
        }
        let (here, there) = (own.source, their.source.clone());
        shared.push(SharedThing { kind: SharedKind::Mac, value, relation: None, here, there });
    }
}

/// Whether an address is of a network whose MACs are made from it or fixed: docker's, podman's,
/// and QEMU's user network.
fn makes_mac(address: &str) -> bool {
    address.parse::<Ipv4Addr>().is_ok_and(|address| match address.octets() {
        [172, b, ..] => (16..32).contains(&b),
        [10, 88, ..] | [10, 0, 2, _] => true,
        _ => false,
    })
}

fn guests_boot_ids(run: &Run) -> BTreeMap<String, FactSource> {
    const ID: FactId = fact_ids::KERNEL_BOOT_ID;
    let mut hosts =
        run.with_role(Role::Host).filter_map(|host| run.find_fact(ID, &host.name)?.as_str());
    let hosts = hosts.next();
    let guests = run.targets.iter().filter(|target| target.role != Role::Host);
    guests
        .filter_map(|target| {
            let fact = run.find_fact(ID, &target.name)?;
            let own = fact.as_str().filter(|own| Some(*own) != hosts && hosts.is_some())?;
            Some((own.to_string(), fact.source()?.clone()))
        })
        .collect()
}

fn compare_series(one: &Run, other: &Run, phrases: &SharedPhrases, shared: &mut Vec<SharedThing>) {
    for id in one.facts.keys() {
        for (target, own) in list_series_by_target(one, id) {
            for (their_target, their) in list_series_by_target(other, id) {
                if let Some(relation) = relate_series(&own.values, &their.values) {
                    let is_same = target == their_target;
                    let phrase = if is_same { &phrases.series } else { &phrases.two_series };
                    let values = [("id", &**id), ("target", target), ("other", their_target)];
                    let value = fill_phrase(phrase, &values);
                    shared.push(SharedThing {
                        kind: SharedKind::Samples,
                        value,
                        relation: Some(relation),
                        here: own.source.clone(),
                        there: their.source.clone(),
                    });
                }
            }
        }
    }
}

fn add_shared_ids(
    kind: SharedKind,
    ours: BTreeMap<String, FactSource>,
    theirs: &BTreeMap<String, FactSource>,
    shared: &mut Vec<SharedThing>,
) {
    for (value, here) in ours {
        if let Some(there) = theirs.get(&value).cloned() {
            shared.push(SharedThing { kind, value, relation: None, here, there });
        }
    }
}

fn list_series_by_target<'r>(
    run: &'r Run,
    id: &str,
) -> impl Iterator<Item = (&'r String, &'r Samples)> {
    let by_target = run.facts.get(id).into_iter().flatten();
    by_target.filter_map(|(target, fact)| Some((target, fact.as_series()?)))
}

fn equal_without_meaning(
    one: &Run,
    other: &Run,
    phrases: &SharedPhrases,
    no_sign: &mut Vec<String>,
) {
    for (id, why) in &phrases.builds {
        let id = FactId::from_text(id);
        let own = find_role_value(one, id, Role::Candidate);
        if own.is_some() && own == find_role_value(other, id, Role::Candidate) {
            no_sign.push(format!("{id}: {why}"));
        }
    }
    let host = find_role_value(one, fact_ids::KERNEL_BOOT_ID, Role::Host);
    if host.is_some() && host == find_role_value(other, fact_ids::KERNEL_BOOT_ID, Role::Host) {
        no_sign.push(phrases.host_boot_id.clone());
    }
    let common: Vec<String> =
        list_network_addresses(one).intersection(&list_network_addresses(other)).cloned().collect();
    if !common.is_empty() {
        let list = common.join(", ");
        no_sign.push(fill_phrase(&phrases.addresses, &[("list", &list)]));
    }
}

fn find_role_value<'r>(run: &'r Run, id: FactId, role: Role) -> Option<&'r Value> {
    run.with_role(role).find_map(|target| run.find_fact(id, &target.name)?.as_value())
}

fn list_network_addresses(run: &Run) -> BTreeSet<String> {
    macs_of(run).into_values().flat_map(|mac| mac.addresses).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::rules::testing::{Sketch, sketch};
    use serde_json::json;

    const LATENCY: [f64; 8] =
        [0.004_312, 0.004_127, 0.003_981, 0.004_054, 0.004_218, 0.003_893, 0.004_406, 0.004_023];

    fn interface(mac: &str, address: &str) -> Value {
        json!([{"name": "eth0", "mac": mac, "ipv4": [address], "ipv6": []}])
    }

    /// An honest run of its own session.
    fn session(id: &str, mac: &str) -> Sketch {
        sketch()
            .file(
                "kata/test1.txt",
                &format!("Linux {id} 6.12.47 #1 SMP Fri Nov 14 15:34:06 UTC 2025"),
            )
            .fact("net.interfaces", "kata", interface(mac, "10.4.0.15/24"))
            .fact("kernel.banner", "kata", "Linux version 6.12.47 (@4bcec8f4443d)")
            .fact("kernel.sys_module", "kata", 72)
    }

    fn load_shared_phrases() -> SharedPhrases {
        crate::phrases::ReportPhrases::load_phrases(None).unwrap().shared
    }

    #[test]
    fn what_a_copy_shares_is_named() {
        let one =
            session("521fcc5db8fe", "d2:e2:eb:78:ed:94").series("http.latency", "runc", &LATENCY);
        let pair = find_shared_evidence(&one.run, &one.run, &load_shared_phrases());
        assert_eq!(
            pair.describe_shared_kinds(&load_shared_phrases()),
            "container id, MAC and samples"
        );
        assert_eq!(pair.shared[0].here, FactSource::new("kata/test1.txt", 1));
    }

    #[test]
    fn two_honest_runs_of_one_guest_kernel_share_nothing_that_counts() {
        let one =
            session("521fcc5db8fe", "d2:e2:eb:78:ed:94").series("http.latency", "runc", &LATENCY);
        let slower: Vec<f64> = LATENCY.iter().rev().map(|x| x * x * 250.0).collect();
        let other =
            session("0c1d2e3f4a5b", "16:0b:35:85:78:7e").series("http.latency", "runc", &slower);
        let pair = find_shared_evidence(&one.run, &other.run, &load_shared_phrases());
        assert_eq!(pair.shared, []);
        let words = pair.no_sign.join("\n");
        for word in ["kernel.banner", "kernel.sys_module", "10.4.0.15"] {
            assert!(words.contains(word), "{words}");
        }
    }

    #[test]
    fn a_mac_that_is_made_from_an_address_is_no_sign() {
        let run = |mac, address| sketch().fact("net.interfaces", "runc", interface(mac, address));
        let docker = run("02:42:ac:11:00:02", "172.17.0.2");
        assert_eq!(
            find_shared_evidence(&docker.run, &docker.run, &load_shared_phrases()).shared,
            []
        );
        let nerdctl = run("d2:e2:eb:78:ed:94", "10.4.0.15/24");
        assert_eq!(
            find_shared_evidence(&nerdctl.run, &nerdctl.run, &load_shared_phrases())
                .describe_shared_kinds(&load_shared_phrases()),
            "MAC"
        );
    }

    #[test]
    fn one_machine_has_one_boot_id_and_each_guest_its_own() {
        let run = |host: &str, guest: &str| {
            sketch().fact("kernel.boot_id", "host", host).fact("kernel.boot_id", "runc", host).fact(
                "kernel.boot_id",
                "kata",
                guest,
            )
        };
        let pair =
            find_shared_evidence(&run("a", "b").run, &run("a", "c").run, &load_shared_phrases());
        assert_eq!(pair.shared, []);
        assert!(pair.no_sign[0].contains("one machine"), "{:?}", pair.no_sign);
        assert_eq!(
            find_shared_evidence(&run("a", "b").run, &run("x", "b").run, &load_shared_phrases())
                .describe_shared_kinds(&load_shared_phrases()),
            "boot id of a guest"
        );
    }

    #[test]
    fn the_digest_of_an_image_is_no_container() {
        let digest = "a".repeat(64);
        let pull = sketch().file("a.txt", &format!("docker.io/library/alpine@sha256:{digest}"));
        assert_eq!(find_shared_evidence(&pull.run, &pull.run, &load_shared_phrases()).shared, []);
        let id = sketch().file("runc/health.txt", &format!("{digest}\njuice-runc: HTTP 200"));
        assert_eq!(
            find_shared_evidence(&id.run, &id.run, &load_shared_phrases())
                .describe_shared_kinds(&load_shared_phrases()),
            "container id"
        );
    }
}
