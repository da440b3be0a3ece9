//! The parser of network interfaces: `ip addr`, `ip -o addr` and `ifconfig -a`, each in the
//! form of busybox and of the common Linux packages.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Value, json};

use super::{MissingValue, ParseResult};

/// One interface of a listing: what stands in the places of its addresses, unchecked, because it
/// may have been replaced by a pseudonym.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ListedInterface {
    /// Its name, without its peer's.
    pub name: String,
    /// Its MAC as it stands; zeros for the loopback interface.
    pub mac: Option<String>,
    /// Its addresses, each with the length of its prefix where the listing states it.
    pub ipv4: Vec<String>,
    /// The same for IPv6.
    pub ipv6: Vec<String>,
    /// The number of the line that it begins at.
    pub line: u32,
}

/// The interfaces in the order in which they first appear.
///
/// Addresses are given without the lengths of their prefixes. `mac` is null where none is shown
/// and for the loopback interface.
pub(super) fn parse_interfaces(text: &str) -> ParseResult {
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()).peekable();
    // A network namespace without any, as a sandbox without a network has.
    let Some((number, first)) = lines.peek().copied() else { return Ok(json!([])) };
    let found = list_interfaces(lines);
    if found.first().is_none_or(|interface| interface.line != number) {
        return Err(MissingValue::unexpected_output("an interface", first));
    }
    Ok(found.into_iter().map(without_prefix_lengths).collect())
}

fn without_prefix_lengths(interface: ListedInterface) -> Value {
    let ListedInterface { name, mac, ipv4, ipv6, .. } = interface;
    let mac = mac.map(|mac| mac.to_ascii_lowercase()).filter(|mac| mac != "00:00:00:00:00:00");
    let [ipv4, ipv6] = [&ipv4, &ipv6].map(|addresses| {
        let mut seen = BTreeSet::new();
        let bare = addresses.iter().map(|address| strip_prefix_length(address));
        bare.filter(|address| seen.insert(*address)).collect::<Vec<_>>()
    });
    json!({"name": name, "mac": mac, "ipv4": ipv4, "ipv6": ipv6})
}

/// The interfaces in numbered lines, in order: of `ip addr`, `ip -o addr`, `ip -br addr` and
/// `ifconfig -a`.
pub(crate) fn list_interfaces<'a>(
    lines: impl IntoIterator<Item = (u32, &'a str)>,
) -> Vec<ListedInterface> {
    let mut list: Vec<ListedInterface> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (number, line) in lines {
        let text = line.trim();
        if let Some(brief) = parse_brief_interface(text) {
            places.entry(brief.name.clone()).or_insert(list.len());
            list.push(ListedInterface { line: number, ..brief });
            continue;
        }
        if let Some(name) = interface_header_name(text) {
            let place = *places.entry(name.into()).or_insert(list.len());
            // `ip -o addr` names the interface on every line.
            if place == list.len() || !is_one_line(text) {
                let name = name.to_owned();
                list.push(ListedInterface { name, line: number, ..ListedInterface::default() });
            } else if let Some(interface) = list.get_mut(place) {
                read_addresses(text, interface);
                continue;
            }
        }
        if let Some(interface) = list.last_mut() {
            read_addresses(text, interface);
        }
    }
    list
}

fn is_one_line(text: &str) -> bool {
    text.contains(" inet") && !text.contains('<')
}

/// The name of the interface that a line begins with: `2: eth0@if3: <…>`, `2: eth0    inet …`,
/// `eth0: flags=…`, `eth0      Link encap:…`.
fn interface_header_name(text: &str) -> Option<&str> {
    let (first, rest) = text.split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    let is_numbered = first.strip_suffix(':').is_some_and(|n| n.parse::<u32>().is_ok());
    let (name, is_header) = if is_numbered {
        let is_header = rest.contains('<') || is_one_line(rest) || rest.contains("link/");
        (rest.split_whitespace().next()?, is_header)
    } else {
        let is_flags = rest.starts_with("flags=") || rest.starts_with('<');
        (first, first.ends_with(':') && is_flags || rest.starts_with("Link encap"))
    };
    if is_header { plausible_name(name.trim_end_matches(':')) } else { None }
}

/// The name without its peer's (`eth0@if3`), if an interface can have it.
fn plausible_name(name: &str) -> Option<&str> {
    let name = name.split('@').next().unwrap_or(name);
    let is_plausible = (1..=15).contains(&name.len())
        && name.contains(|c: char| c.is_ascii_alphabetic())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c));
    is_plausible.then_some(name)
}

/// A line of `ip -br addr` or `ip -br link`.
fn parse_brief_interface(text: &str) -> Option<ListedInterface> {
    let mut columns = text.split_whitespace();
    let (name, state) = (columns.next()?, columns.next()?);
    let is_state = matches!(state, "UP" | "DOWN" | "UNKNOWN" | "LOWERLAYERDOWN" | "DORMANT");
    // `operstate: UNKNOWN` is a key and its value.
    if !is_state || name.ends_with(':') {
        return None;
    }
    let mut interface =
        ListedInterface { name: plausible_name(name)?.into(), ..ListedInterface::default() };
    for column in columns {
        if is_mac(column) {
            interface.mac = Some(column.into());
        } else if is_ipv4(column) {
            interface.ipv4.push(column.into());
        } else if is_ipv6(column) {
            interface.ipv6.push(column.into());
        }
    }
    Some(interface)
}

/// Takes the addresses that a line states.
fn read_addresses(text: &str, interface: &mut ListedInterface) {
    let words = text.split(|c: char| c.is_whitespace() || c == '\\');
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let length = stated_prefix_length(&words);
    for pair in words.windows(2) {
        match (pair[0], pair[1]) {
            ("link/ether" | "ether" | "HWaddr", mac) => interface.mac = Some(mac.into()),
            (kind, mac) if kind.starts_with("link/") && is_mac(mac) => {
                interface.mac = Some(mac.into());
            }
            // busybox ifconfig writes `inet addr:1.2.3.4` and `inet6 addr: fe80::1/64`; the
            // latter's address is the word after.
            ("inet" | "inet6" | "addr:", "addr:") => {}
            ("inet", address) => push_address(&mut interface.ipv4, address, length),
            ("inet6" | "addr:", address) => push_address(&mut interface.ipv6, address, length),
            _ => {}
        }
    }
}

fn push_address(addresses: &mut Vec<String>, word: &str, length: Option<u32>) {
    let address = word.strip_prefix("addr:").unwrap_or(word);
    // ifconfig prints the length of the prefix next to the address.
    match length.filter(|_| !address.contains('/')) {
        _ if address.is_empty() => {}
        Some(length) => addresses.push(format!("{address}/{length}")),
        None => addresses.push(address.into()),
    }
}

/// The length of the prefix that the words of a line state, as a mask or a number.
fn stated_prefix_length(words: &[&str]) -> Option<u32> {
    let stated = words.windows(2).find_map(|pair| match pair {
        ["netmask", mask] => mask_length(mask),
        ["prefixlen", length] => length.parse().ok(),
        _ => None,
    });
    stated.or_else(|| words.iter().find_map(|word| mask_length(word.strip_prefix("Mask:")?)))
}

fn mask_length(mask: &str) -> Option<u32> {
    let bits = match mask.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => u32::from(mask.parse::<Ipv4Addr>().ok()?),
    };
    (bits.leading_ones() == bits.count_ones()).then(|| bits.count_ones())
}

/// Whether a word is a MAC; its digits may be hidden.
pub(crate) fn is_mac(word: &str) -> bool {
    word.split(':').count() == 6
        && word.split(':').all(|part| {
            part.len() == 2 && part.chars().all(|c| c.is_ascii_hexdigit() || "xX*".contains(c))
        })
}

fn strip_prefix_length(address: &str) -> &str {
    address.split('/').next().unwrap_or(address)
}

/// Whether a word is an address of IPv4, with or without the length of a prefix.
pub(crate) fn is_ipv4(word: &str) -> bool {
    strip_prefix_length(word).parse::<Ipv4Addr>().is_ok()
}

/// Whether a word is an address of IPv6, with or without a zone and the length of a prefix.
pub(crate) fn is_ipv6(word: &str) -> bool {
    let address = strip_prefix_length(word);
    address.split('%').next().unwrap_or(address).parse::<Ipv6Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MissingReason;

    /// What every form says about the same machine.
    fn same() -> Value {
        json!([
            {"name": "lo", "mac": null, "ipv4": ["127.0.0.1"], "ipv6": ["::1"]},
            {"name": "eth0", "mac": "02:fc:00:00:00:01", "ipv4": ["192.0.2.2"],
             "ipv6": ["fd00::2", "fe80::fc:ff:fe00:1"]},
        ])
    }

    #[test]
    fn ip_addr_of_busybox_is_read() {
        let text = "\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
    inet6 ::1/128 scope host 
       valid_lft forever preferred_lft forever
4: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1400 qdisc pfifo_fast qlen 1000
    link/ether 02:fc:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 192.0.2.2/24 brd 192.0.2.255 scope global eth0
       valid_lft forever preferred_lft forever
    inet6 fd00::2/64 scope global flags 02 
       valid_lft forever preferred_lft forever
    inet6 fe80::fc:ff:fe00:1/64 scope link 
       valid_lft forever preferred_lft forever
";
        assert_eq!(parse_interfaces(text).unwrap(), same());
        let packages = text.replace("qdisc", "state UP group default qdisc");
        assert_eq!(parse_interfaces(&packages).unwrap(), same());
    }

    #[test]
    fn a_key_with_a_state_is_no_interface() {
        assert!(list_interfaces([(1, "operstate: UNKNOWN")]).is_empty());
        assert_eq!(list_interfaces([(1, "eth0 UP 192.0.2.2/24")]).len(), 1);
    }

    #[test]
    fn ip_addr_on_one_line_has_no_mac() {
        let text = "\
1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
1: lo    inet6 ::1/128 scope host \\       valid_lft forever preferred_lft forever
4: eth0    inet 192.0.2.2/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever
4: eth0    inet6 fd00::2/64 scope global nodad \\       valid_lft forever preferred_lft forever
4: eth0    inet6 fe80::fc:ff:fe00:1/64 scope link \\       valid_lft forever preferred_lft forever
";
        let mut wanted = same();
        wanted[1]["mac"] = Value::Null;
        assert_eq!(parse_interfaces(text).unwrap(), wanted);
    }

    #[test]
    fn ifconfig_of_the_common_package_is_read() {
        let text = "\
lo: flags=73<UP,LOOPBACK,RUNNING>  mtu 65536
        inet 127.0.0.1  netmask 255.0.0.0
        inet6 ::1  prefixlen 128  scopeid 0x10<host>
        loop  txqueuelen 1000  (Local Loopback)

eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1400
        inet 192.0.2.2  netmask 255.255.255.0  broadcast 192.0.2.255
        inet6 fd00::2  prefixlen 64  scopeid 0x0<global>
        inet6 fe80::fc:ff:fe00:1  prefixlen 64  scopeid 0x20<link>
        ether 02:fc:00:00:00:01  txqueuelen 1000  (Ethernet)
        RX packets 7298  bytes 192938626 (184.0 MiB)
";
        assert_eq!(parse_interfaces(text).unwrap(), same());
    }

    #[test]
    fn ifconfig_of_busybox_is_read() {
        let text = "\
lo        Link encap:Local Loopback  
          inet addr:127.0.0.1  Mask:255.0.0.0
          inet6 addr: ::1/128 Scope:Host
          UP LOOPBACK RUNNING  MTU:65536  Metric:1

eth0      Link encap:Ethernet  HWaddr 02:FC:00:00:00:01  
          inet addr:192.0.2.2  Bcast:192.0.2.255  Mask:255.255.255.0
          inet6 addr: fd00::2/64 Scope:Global
          inet6 addr: fe80::fc:ff:fe00:1/64 Scope:Link
          RX bytes:192938626 (184.0 MiB)  TX bytes:671346 (655.6 KiB)
";
        assert_eq!(parse_interfaces(text).unwrap(), same());
    }

    #[test]
    fn the_peer_of_a_pair_is_not_part_of_the_name() {
        let text = "2: eth0@if547: <BROADCAST,UP,LOWER_UP,M-DOWN> mtu 1500 qdisc noqueue \n";
        assert_eq!(
            parse_interfaces(text).unwrap(),
            json!([{"name": "eth0", "mac": null, "ipv4": [], "ipv6": []}])
        );
    }

    #[test]
    fn brief_lists_are_read() {
        let text = "lo               UNKNOWN        127.0.0.1/8 ::1/128 \n\
                    eth0@if9         UP             192.0.2.2/24 fd00::2/64 fe80::fc:ff:fe00:1/64\n";
        let mut wanted = same();
        wanted[1]["mac"] = Value::Null;
        assert_eq!(parse_interfaces(text).unwrap(), wanted);
        let links = "eth0   UP   02:fc:00:00:00:01 <BROADCAST,UP>\n";
        assert_eq!(parse_interfaces(links).unwrap()[0]["mac"], "02:fc:00:00:00:01");
    }

    #[test]
    fn the_length_of_a_prefix_may_be_a_mask() {
        for line in [
            "inet addr:192.0.2.2  Bcast:192.0.2.255  Mask:255.255.255.0",
            "inet 192.0.2.2 netmask 0xffffff00 broadcast 192.0.2.255",
            "inet 192.0.2.2  netmask 255.255.255.0  broadcast 192.0.2.255",
            "inet 192.0.2.2/24 brd 192.0.2.255 scope global eth0",
        ] {
            let list = list_interfaces([(7, "eth0: flags=4163<UP>  mtu 1400"), (8, line)]);
            assert_eq!((list[0].line, &list[0].ipv4[..]), (7, &["192.0.2.2/24".to_owned()][..]));
        }
    }

    #[test]
    fn a_second_list_is_not_mixed_with_the_first() {
        let host = [(1, "1: lo: <LOOPBACK> mtu 1"), (2, "inet 127.0.0.1/8 scope host lo")];
        let list = list_interfaces(host.into_iter().chain(host));
        assert_eq!(list.iter().map(|one| one.ipv4.len()).collect::<Vec<_>>(), [1, 1]);
    }

    #[test]
    fn pseudonyms_in_place_of_addresses_are_kept() {
        let text = "2: eth0: <UP> mtu 1500\n    link/ether mac-1 brd ff:ff:ff:ff:ff:ff\n";
        assert_eq!(parse_interfaces(text).unwrap()[0]["mac"], "mac-1");
    }

    #[test]
    fn an_error_message_is_not_an_interface() {
        assert_eq!(parse_interfaces("ip: not found\n").unwrap_err().why, MissingReason::Unreadable);
    }
}
