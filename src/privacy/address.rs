//! MAC and IP addresses in text.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use regex::Regex;

use super::Redactor;

static CANDIDATE: LazyLock<Regex> = LazyLock::new(|| {
    // Anything that could be an address; what it is, parsing decides.
    Regex::new(r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\d{0,3}(?:\.\d{1,3}){3})?|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}|\d{1,3}(?:\.\d{1,3}){3}")
        .unwrap_or_else(|error| unreachable!("{error}"))
});

/// Replaces MAC addresses and public IP addresses, and what is made from a MAC.
pub fn replace(text: &str, redactor: &mut Redactor) -> String {
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for found in CANDIDATE.find_iter(text) {
        let (before, after) = (&text[..found.start()], &text[found.end()..]);
        out.push_str(&text[end..found.start()]);
        match pseudonym(found.as_str(), before, after, redactor) {
            Some(other) => out.push_str(&other),
            None => out.push_str(found.as_str()),
        }
        end = found.end();
    }
    out.push_str(&text[end..]);
    out
}

fn pseudonym(token: &str, before: &str, after: &str, redactor: &mut Redactor) -> Option<String> {
    let joined = |c: char| c.is_ascii_alphanumeric() || c == ':';
    if before.ends_with(joined) || after.starts_with(joined) && !is_port(token, after) {
        return None;
    }
    if let Some(mac) = parse_mac(token) {
        return redactor.mac(mac, token.as_bytes().get(2) == Some(&b'-'));
    }
    if let Ok(address) = token.parse::<Ipv4Addr>() {
        let is_version = before.ends_with(['.', '-', '_'])
            || after.starts_with(['-', '+', '~', '_'])
            || after.strip_prefix('.').is_some_and(|rest| rest.starts_with(char::is_alphanumeric))
            || is_version_word(before)
            || before.trim().is_empty() && !after.starts_with(['/', ':']);
        return if is_version { None } else { redactor.ipv4(address) };
    }
    token.parse::<Ipv6Addr>().ok().and_then(|address| redactor.ipv6(address))
}

/// `1.2.3.4:80`: the colon is a port's.
fn is_port(token: &str, after: &str) -> bool {
    token.contains('.')
        && after
            .strip_prefix(':')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether the text before a number says that it is a version.
fn is_version_word(before: &str) -> bool {
    let word = before.trim_end().rsplit(char::is_whitespace).next().unwrap_or_default();
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
    // `uname -a` puts the release after the host name.
    let third = before.lines().last().unwrap_or_default().split_whitespace().count() == 2
        && before.lines().last().unwrap_or_default().trim_start().starts_with("Linux ");
    third || ["version", "release", "v", "linux", "kernel", "uses", "this"].contains(&word.as_str())
}

fn parse_mac(token: &str) -> Option<[u8; 6]> {
    let separator = *token.as_bytes().get(2)? as char;
    let parts: Vec<&str> = token.split(separator).collect();
    if parts.len() != 6 || !parts.iter().all(|part| part.len() == 2) {
        return None;
    }
    let mut mac = [0; 6];
    for (byte, part) in mac.iter_mut().zip(parts) {
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    Some(mac)
}

/// The interface identifier made from a MAC (modified EUI-64, RFC 4291 appendix A), as the last
/// eight bytes of an address.
fn eui64(mac: [u8; 6]) -> [u8; 8] {
    [mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]]
}

/// The MAC that an interface identifier was made from, if it was made from one.
fn mac_of(address: Ipv6Addr) -> Option<[u8; 6]> {
    let o = address.octets();
    (o[11] == 0xff && o[12] == 0xfe).then(|| [o[8] ^ 2, o[9], o[10], o[13], o[14], o[15]])
}

/// The link-local address that is made from a MAC.
#[cfg(test)]
pub fn link_local(mac: &str) -> Option<Ipv6Addr> {
    let mut octets = [0; 16];
    octets[..2].copy_from_slice(&[0xfe, 0x80]);
    octets[8..].copy_from_slice(&eui64(parse_mac(mac)?));
    Some(octets.into())
}

impl Redactor {
    fn mac(&mut self, mac: [u8; 6], dashes: bool) -> Option<String> {
        let mac = self.mac_pseudonym(mac)?;
        self.count("mac");
        let parts: Vec<String> = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(parts.join(if dashes { "-" } else { ":" }))
    }

    /// A locally administered MAC in place of one that names an interface; none for the empty
    /// one, broadcast and multicast.
    fn mac_pseudonym(&self, mac: [u8; 6]) -> Option<[u8; 6]> {
        if mac == [0; 6] || mac[0] & 1 == 1 {
            return None;
        }
        let hash: [u8; 5] = self.hash("mac", &format!("{mac:02x?}"));
        Some([0x02, hash[0], hash[1], hash[2], hash[3], hash[4]])
    }

    /// A public address becomes one of the range for benchmarks (198.18.0.0/15, RFC 2544).
    fn ipv4(&mut self, address: Ipv4Addr) -> Option<String> {
        let [a, b, ..] = address.octets();
        let shared = a == 100 && (64..128).contains(&b);
        let reserved = a == 0 || a >= 224 || a == 198 && (18..20).contains(&b);
        if address.is_private()
            || address.is_loopback()
            || address.is_link_local()
            || address.is_documentation()
            || shared
            || reserved
        {
            return None;
        }
        self.count("public-address");
        let hash: [u8; 3] = self.hash("ipv4", &address.to_string());
        Some(Ipv4Addr::new(198, 18 + (hash[0] & 1), hash[1], hash[2]).to_string())
    }

    /// A global address becomes one of the documentation range (2001:db8::/32, RFC 3849); the
    /// end of any other that is made from a MAC follows the MAC's pseudonym.
    fn ipv6(&mut self, address: Ipv6Addr) -> Option<String> {
        let segments = address.segments();
        let documentation = segments[0] == 0x2001 && segments[1] == 0xdb8;
        if segments[0] & 0xe000 == 0x2000 && !documentation {
            self.count("public-address");
            let hash: [u8; 12] = self.hash("ipv6", &address.to_string());
            let mut octets = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            octets[4..].copy_from_slice(&hash);
            return Some(Ipv6Addr::from(octets).to_string());
        }
        let mac = self.mac_pseudonym(mac_of(address)?)?;
        self.count("mac");
        let mut octets = address.octets();
        octets[8..].copy_from_slice(&eui64(mac));
        Some(Ipv6Addr::from(octets).to_string())
    }
}
