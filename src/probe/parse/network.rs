//! The parser of network interfaces: `ip addr`, `ip -o addr` and `ifconfig -a`, each in the
//! form of busybox and of the common Linux packages.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{ParseFailure, ParseResult};

/// One interface; addresses without their prefix lengths.
#[derive(Default)]
struct NetworkInterface<'a> {
    name: &'a str,
    mac: Option<String>,
    ipv4: Vec<&'a str>,
    ipv6: Vec<&'a str>,
}

/// The interfaces in the order in which they first appear.
///
/// Addresses are taken as they stand, not checked, because they may have been replaced by
/// pseudonyms. `mac` is null where none is shown and for the loopback interface.
pub(super) fn parse_interfaces(text: &str) -> ParseResult {
    let mut found: Vec<NetworkInterface> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let interface = match interface_header_name(line) {
            Some(name) => {
                let place = *places.entry(name).or_insert_with(|| {
                    found.push(NetworkInterface { name, ..NetworkInterface::default() });
                    found.len() - 1
                });
                found.get_mut(place)
            }
            None => found.last_mut(),
        };
        read_addresses(
            line,
            interface.ok_or_else(|| ParseFailure::unexpected_output("an interface", line))?,
        );
    }
    if found.is_empty() {
        return Err(ParseFailure::empty_output());
    }
    Ok(found.into_iter().map(as_json).collect())
}

/// The name of the interface that a line begins with: `2: eth0@if3: <…>`, `2: eth0    inet …`,
/// `eth0: flags=…`, `eth0      Link encap:…`. Lines that continue are indented.
fn interface_header_name(line: &str) -> Option<&str> {
    if line.starts_with(char::is_whitespace) {
        return None;
    }
    let mut words = line.split_whitespace();
    let first = words.next()?;
    let number = first.strip_suffix(':').is_some_and(|n| n.parse::<u32>().is_ok());
    let (word, next) = if number { (words.next()?, words.next()) } else { (first, words.next()) };
    let head = match next? {
        "Link" => true,
        "inet" | "inet6" | "link/ether" | "link/loopback" => number,
        next => next.starts_with('<') || next.starts_with("flags="),
    };
    let name = word.strip_suffix(':').unwrap_or(word);
    let name = name.split('@').next().unwrap_or(name);
    (head && !name.is_empty()).then_some(name)
}

/// Takes the addresses that a line states.
fn read_addresses<'a>(line: &'a str, interface: &mut NetworkInterface<'a>) {
    let words: Vec<&str> = line.split(|c: char| c.is_whitespace() || c == '\\').collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    for pair in words.windows(2) {
        match (pair[0], pair[1]) {
            ("link/ether" | "ether" | "HWaddr", mac) => {
                interface.mac = Some(mac.to_ascii_lowercase());
            }
            // busybox ifconfig writes `inet addr:1.2.3.4` and `inet6 addr: fe80::1/64`; the
            // latter's address is the word after.
            ("inet" | "inet6" | "addr:", "addr:") => {}
            ("inet", address) => push_address(&mut interface.ipv4, address),
            ("inet6" | "addr:", address) => push_address(&mut interface.ipv6, address),
            _ => {}
        }
    }
}

fn push_address<'a>(addresses: &mut Vec<&'a str>, word: &'a str) {
    let word = word.strip_prefix("addr:").unwrap_or(word);
    let address = word.split('/').next().unwrap_or(word);
    if !address.is_empty() {
        addresses.push(address);
    }
}

/// The addresses in their order, each once.
fn each_once(mut addresses: Vec<&str>) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    addresses.retain(|address| seen.insert(*address));
    addresses
}

fn as_json(interface: NetworkInterface) -> Value {
    let NetworkInterface { name, mac, ipv4, ipv6 } = interface;
    json!({"name": name, "mac": mac, "ipv4": each_once(ipv4), "ipv6": each_once(ipv6)})
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
    fn pseudonyms_in_place_of_addresses_are_kept() {
        let text = "2: eth0: <UP> mtu 1500\n    link/ether mac-1 brd ff:ff:ff:ff:ff:ff\n";
        assert_eq!(parse_interfaces(text).unwrap()[0]["mac"], "mac-1");
    }

    #[test]
    fn an_error_message_is_not_an_interface() {
        assert_eq!(parse_interfaces("ip: not found\n").unwrap_err().why, MissingReason::Unreadable);
    }
}
