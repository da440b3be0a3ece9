//! Network interfaces, in the forms of iproute2, busybox and ifconfig.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::label::EvidenceRole;
use super::page::{EvidencePage, LabelledPart, LineKind, PageLine};
use super::read::{self, FoundValue, ReadFailure, ReadResult};
use super::words;
use crate::model::MissingReason;

/// One interface.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct ListedInterface {
    name: String,
    mac: Option<String>,
    ipv4: Vec<String>,
    ipv6: Vec<String>,
    line: u32,
}

/// The interfaces of `who`.
pub(super) fn read_interfaces(page: &EvidencePage, who: EvidenceRole) -> ReadResult<Value> {
    let parts = page.labelled_parts();
    let any_label = parts.iter().any(|part| part.who.is_some());
    if !any_label && who == EvidenceRole::Kata {
        let all = LabelledPart {
            who: Some(who),
            line: 1,
            lines: page.lines.clone(),
            ..LabelledPart::default()
        };
        return in_part(&all, who);
    }
    let read = read::in_parts(page, parts, who, |part| in_part(part, who));
    match read {
        Err(miss) if who == EvidenceRole::Kata && miss.why == MissingReason::NoGuestSection => {
            let host = parts.iter().find(|part| {
                part.who == Some(EvidenceRole::Host) && !list_interfaces(&part.lines).is_empty()
            });
            Err(host.map_or(miss, |part| host_list(part.line, &part.label)))
        }
        read => read,
    }
}

fn host_list(line: u32, what: &str) -> ReadFailure {
    let note = format!("the list is of the host: {}", read::shorten_text(what));
    ReadFailure { why: MissingReason::HostValuesOnly, note, line: Some(line) }
}

fn in_part(part: &LabelledPart, who: EvidenceRole) -> ReadResult<Value> {
    let all = list_interfaces(&part.lines);
    let Some(first) = all.first() else {
        return Err(read::explain_unreadable_lines(&part.lines, MissingReason::NarrativeText));
    };
    // A second loopback begins a second list, which no label assigns.
    let end =
        all.iter().skip(1).position(|one| one.name == first.name).map_or(all.len(), |at| at + 1);
    let list = &all[..end];
    if who == EvidenceRole::Kata
        && let Some(mark) = list.iter().find(|one| is_host_only(&one.name))
    {
        return Err(host_list(mark.line, &mark.name));
    }
    let value = list
        .iter()
        .map(|one| json!({"name": one.name, "mac": one.mac, "ipv4": one.ipv4, "ipv6": one.ipv6}))
        .collect();
    Ok(FoundValue { value, line: first.line })
}

/// Whether only a machine has an interface of this name, not a sandbox on it.
fn is_host_only(name: &str) -> bool {
    const STARTS: &[&str] = &[
        "docker",
        "br-",
        "veth",
        "wl",
        "enp",
        "ens",
        "eno",
        "enx",
        "virbr",
        "vmnet",
        "nerdctl",
        "cni",
        "podman",
        "tailscale",
        "wg",
        "lxc",
        "lxd",
        "utun",
        "awdl",
        "en0",
        "bridge",
        "vboxnet",
        "flannel",
        "cali",
        "zt",
    ];
    STARTS.iter().any(|start| name.starts_with(start))
}

/// The interfaces in lines, in order.
fn list_interfaces(lines: &[PageLine]) -> Vec<ListedInterface> {
    let mut list: Vec<ListedInterface> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.kind == LineKind::Text) {
        if let Some(one) = parse_brief_interface(line).or_else(|| parse_interface_start(line)) {
            // `ip -o addr` names the interface on every line.
            let known = places.get(&one.name).filter(|_| is_one_line(&line.text));
            match known {
                Some(&place) => add_interface_details(&mut list[place], &line.text),
                None => {
                    places.entry(one.name.clone()).or_insert(list.len());
                    let mut one = one;
                    if !one.is_brief() {
                        add_interface_details(&mut one, &line.text);
                    }
                    list.push(one);
                }
            }
        } else if let Some(one) = list.last_mut() {
            add_interface_details(one, &line.text);
        }
    }
    list
}

impl ListedInterface {
    fn from_header(name: &str, line: &PageLine) -> Option<Self> {
        let name = name.split('@').next().unwrap_or(name);
        let plausible = !name.is_empty()
            && name.len() <= 15
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        plausible.then(|| Self { name: name.into(), line: line.number, ..Self::default() })
    }

    fn is_brief(&self) -> bool {
        !self.ipv4.is_empty() || !self.ipv6.is_empty() || self.mac.is_some()
    }
}

fn is_one_line(text: &str) -> bool {
    text.contains(" inet") && !text.contains('<')
}

/// The line that begins an interface: `2: eth0@if3: <…>`, `eth0: flags=…`, `eth0  Link encap:…`,
/// `2: eth0    inet …`.
fn parse_interface_start(line: &PageLine) -> Option<ListedInterface> {
    let text = line.text.as_str();
    if let Some((_, rest)) = words::leading_digits(text)
        .and_then(|(index, rest)| Some((index, rest.strip_prefix(": ")?)))
    {
        let name = rest.split_whitespace().next()?;
        let known = rest.contains('<') || is_one_line(rest) || rest.contains("link/");
        return known
            .then(|| ListedInterface::from_header(name.trim_end_matches(':'), line))
            .flatten();
    }
    let (name, rest) = text.split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    let known = (name.ends_with(':') && (rest.starts_with("flags=") || rest.starts_with('<')))
        || rest.starts_with("Link encap");
    known.then(|| ListedInterface::from_header(name.trim_end_matches(':'), line)).flatten()
}

/// A line of `ip -br addr` or `ip -br link`.
fn parse_brief_interface(line: &PageLine) -> Option<ListedInterface> {
    let mut columns = line.text.split_whitespace();
    let (name, state) = (columns.next()?, columns.next()?);
    if !matches!(state, "UP" | "DOWN" | "UNKNOWN" | "LOWERLAYERDOWN" | "DORMANT") {
        return None;
    }
    let mut one = ListedInterface::from_header(name, line)?;
    for column in columns {
        if is_mac(column) {
            one.mac = Some(column.into());
        } else if is_ipv4(column) {
            one.ipv4.push(column.into());
        } else if is_ipv6(column) {
            one.ipv6.push(column.into());
        }
    }
    Some(one)
}

/// Whether a text is a line of `ip addr` or `ifconfig` with an address.
pub(super) fn is_address_line(text: &str) -> bool {
    let tokens: Vec<&str> = text.split_whitespace().collect();
    tokens.windows(2).any(|pair| {
        matches!(pair[0], "inet" | "inet6")
            && (is_ipv4(pair[1].trim_start_matches("addr:")) || is_ipv6(pair[1]))
    })
}

/// Takes addresses from a line that belongs to an interface.
fn add_interface_details(one: &mut ListedInterface, text: &str) {
    let tokens: Vec<&str> = text.split_whitespace().collect();
    let length = prefix_length(&tokens);
    for (index, &token) in tokens.iter().enumerate() {
        let next = |ahead: usize| tokens.get(index + ahead).copied().unwrap_or_default();
        match token {
            "HWaddr" | "ether" if is_mac(next(1)) => one.mac = Some(next(1).into()),
            _ if token.starts_with("link/") && is_mac(next(1)) => one.mac = Some(next(1).into()),
            "inet" | "inet6" => {
                let at = if next(1) == "addr:" { 2 } else { 1 };
                let address = next(at).trim_start_matches("addr:");
                // ifconfig prints the length of the prefix beside the address.
                let address = match length.filter(|_| !address.contains('/')) {
                    Some(length) => format!("{address}/{length}"),
                    None => address.to_string(),
                };
                if token == "inet" && is_ipv4(&address) {
                    one.ipv4.push(address);
                } else if token == "inet6" && is_ipv6(&address) {
                    one.ipv6.push(address);
                }
            }
            _ => {}
        }
    }
}

/// The length of the prefix that the words of a line state, as a mask or a number.
fn prefix_length(tokens: &[&str]) -> Option<u32> {
    let after = |key: &str| {
        let at = tokens.iter().position(|token| *token == key)?;
        tokens.get(at + 1).copied()
    };
    let mask =
        tokens.iter().find_map(|token| token.strip_prefix("Mask:")).or_else(|| after("netmask"));
    mask.and_then(mask_length).or_else(|| after("prefixlen")?.parse().ok())
}

fn mask_length(mask: &str) -> Option<u32> {
    let bits = match mask.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => u32::from(mask.parse::<std::net::Ipv4Addr>().ok()?),
    };
    (bits.leading_ones() == bits.count_ones()).then(|| bits.count_ones())
}

fn is_mac(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    parts.len() == 6
        && parts.iter().all(|part| {
            part.len() == 2 && part.chars().all(|c| c.is_ascii_hexdigit() || "xX*".contains(c))
        })
}

fn strip_prefix_length(text: &str) -> &str {
    text.split_once('/').map_or(text, |(address, _)| address)
}

fn is_ipv4(text: &str) -> bool {
    strip_prefix_length(text).parse::<std::net::Ipv4Addr>().is_ok()
}

fn is_ipv6(text: &str) -> bool {
    let address = strip_prefix_length(text);
    address.split('%').next().unwrap_or(address).parse::<std::net::Ipv6Addr>().is_ok()
}
