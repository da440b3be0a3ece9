//! MAC and IP addresses in text, by their form.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::sync::LazyLock;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use regex::Regex;

use super::kept::KeptWords;
use super::key::PseudonymKey;
use super::pattern::compile_pattern;
use super::span::{IdentifierKind, IdentifierSpan, RecognitionMethod};
use super::words::names::PACKAGE_ENDS;

/// How many bytes around an address are looked at to tell it from a version. Without a bound a
/// long line of addresses would take quadratic time.
const WINDOW: usize = 128;

/// The addresses in a text. A dotted number that is a whole word of `kept` is a version.
pub(super) fn find_addresses(
    text: &str,
    kept: &KeptWords,
    key: &PseudonymKey,
) -> Vec<IdentifierSpan> {
    let mut finder = AddressFinder { text, kept, key, spans: Vec::new() };
    for run in find_runs(text, |byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'), b":")
    {
        finder.read_hex_run(run);
    }
    for run in find_runs(text, |byte| byte.is_ascii_digit() || byte == b'.', b".") {
        finder.read_decimal_run(run);
    }
    for run in
        find_runs(text, |byte| byte.is_ascii_hexdigit() || matches!(byte, b'-' | b'.'), b"-.")
    {
        finder.read_grouped_run(run);
    }
    for run in find_runs(text, |byte| byte.is_ascii_digit() || byte == b'-', b"-") {
        finder.read_dashed_run(run);
    }
    finder.find_reverse_names();
    finder.spans
}

/// Stretches of bytes of a kind, with one of the separators in them.
fn find_runs(text: &str, is_part: impl Fn(u8) -> bool, separators: &[u8]) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut runs = Vec::new();
    let mut at = 0;
    while let Some(offset) = bytes[at..].iter().position(|&byte| is_part(byte)) {
        let start = at + offset;
        let length = bytes[start..].iter().position(|&byte| !is_part(byte));
        at = length.map_or(bytes.len(), |length| start + length);
        if bytes[start..at].iter().any(|byte| separators.contains(byte)) {
            runs.push(start..at);
        }
    }
    runs
}

struct AddressFinder<'a> {
    text: &'a str,
    kept: &'a KeptWords,
    key: &'a PseudonymKey,
    spans: Vec<IdentifierSpan>,
}

impl AddressFinder<'_> {
    fn add_address(
        &mut self,
        range: Range<usize>,
        kind: IdentifierKind,
        pseudonym: Option<String>,
    ) {
        if let Some(pseudonym) = pseudonym {
            let recognition = RecognitionMethod::Form;
            self.spans.push(IdentifierSpan { range, kind, recognition, pseudonym });
        }
    }

    fn text_before(&self, at: usize) -> &str {
        let mut start = at.saturating_sub(WINDOW);
        while !self.text.is_char_boundary(start) {
            start += 1;
        }
        let before = &self.text[start..at];
        before.rfind(['\n', '\r']).map_or(before, |end| &before[end + 1..])
    }

    fn text_after(&self, at: usize) -> &str {
        let mut end = self.text.len().min(at + WINDOW);
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let after = &self.text[at..end];
        after.find(['\n', '\r']).map_or(after, |end| &after[..end])
    }

    /// Reads a stretch with colons: `aa:bb:…`, `2a00::1`.
    fn read_hex_run(&mut self, mut run: Range<usize>) {
        // `MAC:aa:bb` begins with letters of a word that could be digits.
        while self.text_before(run.start).ends_with(char::is_alphanumeric)
            && !self.text[run.clone()].starts_with(':')
        {
            match self.text[run.clone()].find(':') {
                Some(colon) => run.start += colon,
                None => return,
            }
        }
        // A full stop ends a sentence, a colon stands between a label and its value.
        let mut token = self.text[run.clone()].trim_end_matches('.');
        let end = run.start + token.len();
        while let Some(rest) = token.strip_prefix(['.', ':']).filter(|_| !token.starts_with("::")) {
            token = rest;
        }
        let start = end - token.len();
        if let Some(rest) = token.strip_suffix(':').filter(|rest| !rest.ends_with(':')) {
            token = rest;
        }
        let end = start + token.len();
        if !self.text_after(end).starts_with(char::is_alphanumeric)
            && !self.read_octets(start..end, token)
        {
            self.read_ipv6(start..end, token);
        }
    }

    /// Reads a stretch of numbers and full stops: `1.2.3.4`.
    fn read_decimal_run(&mut self, run: Range<usize>) {
        let token = self.text[run.clone()].trim_end_matches('.');
        let end = run.start + token.len();
        let token = token.trim_start_matches('.');
        let range = end - token.len()..end;
        if !self.text_before(range.start).ends_with(char::is_alphanumeric)
            && !self.text_after(end).starts_with(char::is_alphanumeric)
        {
            self.read_ipv4(range, token);
        }
    }

    /// Groups of two hexadecimal digits: a MAC, or what holds MACs or an id. macOS leaves zeros at
    /// the beginning of a group out.
    fn read_octets(&mut self, range: Range<usize>, token: &str) -> bool {
        let groups: Vec<&str> = token.split(':').collect();
        let is_full = groups.iter().all(|group| group.len() == 2);
        let is_short = groups.len() == 6
            && groups.iter().all(|group| matches!(group.len(), 1 | 2))
            && token.contains(|c: char| c.is_ascii_alphabetic())
            && token.contains(|c: char| c.is_ascii_digit());
        if groups.len() < 6 || !(is_full || is_short) || token.contains('.') {
            return false;
        }
        let octets: Option<Vec<u8>> =
            groups.iter().map(|group| u8::from_str_radix(group, 16).ok()).collect();
        let Some(octets) = octets else { return false };
        // The netfilter log has the destination's, the source's and the type of the frame after
        // `MAC=`; a DHCP client id and `BOOTIF` have the type of hardware before.
        let starts: &[usize] = match (octets.len(), octets.as_slice()) {
            (6, _) => &[0],
            (7, [1, ..]) => &[1],
            (14, [0, 1, 0, 1, ..]) => &[8],
            (14, _) => &[0, 6],
            (10, [0, 3, 0, 1, ..]) => &[4],
            _ => &[],
        };
        if starts.is_empty() {
            let form: String = token.into();
            let pseudonym = (octets.iter().any(|octet| *octet != 0))
                .then(|| self.key.replace_digits(IdentifierKind::MachineId, &form));
            self.add_address(range, IdentifierKind::MachineId, pseudonym);
            return true;
        }
        let offsets: Vec<usize> = groups
            .iter()
            .scan(range.start, |at, group| {
                *at += group.len() + 1;
                Some(*at - group.len() - 1)
            })
            .collect();
        for &first in starts {
            let digits = HEXLOWER.encode(&octets[first..first + 6]);
            let end = offsets[first + 5] + groups[first + 5].len();
            self.add_mac(offsets[first]..end, &digits, |mac| join_octets(mac, ":"));
        }
        true
    }

    /// Adds a MAC of these twelve digits in a form.
    fn add_mac(&mut self, range: Range<usize>, digits: &str, form: impl Fn(&[u8; 6]) -> String) {
        let mac = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok();
        let mac = mac.and_then(|mac| <[u8; 6]>::try_from(mac).ok());
        let pseudonym = mac.and_then(|mac| mac_pseudonym(mac, self.key)).map(|mac| form(&mac));
        self.add_address(range, IdentifierKind::Mac, pseudonym);
    }

    fn read_ipv6(&mut self, range: Range<usize>, token: &str) {
        let mut address = token.parse::<Ipv6Addr>().ok().map(|address| (address, token.len()));
        // `tcpdump` puts the port after a full stop; `::ffff:1.2.3.4:80` has one after a colon.
        for mark in ['.', ':'] {
            if address.is_none()
                && let Some((text, port)) = token.rsplit_once(mark)
                && (mark == '.' || text.contains('.'))
                && port.parse::<u16>().is_ok()
            {
                address = text.parse::<Ipv6Addr>().ok().map(|address| (address, text.len()));
            }
        }
        if let Some((address, length)) = address
            && let Some((kind, pseudonym)) = ipv6_pseudonym(address, self.key)
        {
            self.add_address(range.start..range.start + length, kind, Some(pseudonym.to_string()));
        }
    }

    fn read_ipv4(&mut self, range: Range<usize>, part: &str) {
        let groups = part.bytes().filter(|byte| *byte == b'.').count() + 1;
        // `tcpdump` puts the port after a full stop.
        let (address, has_port) = match groups {
            5 => match part.rsplit_once('.') {
                Some((address, _)) => (address, true),
                None => return,
            },
            _ => (part, false),
        };
        let Ok(ip) = address.parse::<Ipv4Addr>() else { return };
        let range = range.start..range.start + address.len();
        let (before, after) = (self.text_before(range.start), self.text_after(range.end));
        if after.starts_with(".in-addr.arpa") {
            return;
        }
        let is_address = match has_port {
            true => {
                self.text_after(range.start + part.len()).trim_start_matches(':').starts_with(" >")
                    || before.ends_with("> ")
            }
            false => !self.is_version(&range, before, after),
        };
        if !is_address || self.kept.holds_range(self.text, &range) {
            return;
        }
        let pseudonym = ipv4_pseudonym(ip, self.key).map(|ip| ip.to_string());
        self.add_address(range, IdentifierKind::PublicAddress, pseudonym);
    }

    /// Whether four numbers are a version, by what stands around them.
    fn is_version(&self, range: &Range<usize>, before: &str, after: &str) -> bool {
        if is_in_host_name(before, after) {
            return false;
        }
        if before.strip_suffix('-').is_some_and(|text| {
            let start =
                text.rfind(|c: char| !(c.is_ascii_digit() || c == '.')).map_or(0, |at| at + 1);
            text[start..].parse::<Ipv4Addr>().is_ok()
        }) || after.strip_prefix('-').is_some_and(|text| {
            let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
            text[..end].parse::<Ipv4Addr>().is_ok()
        }) {
            return false;
        }
        before.ends_with(['.', '-', '_'])
            || after.starts_with(['-', '+', '~', '_'])
            || after.strip_prefix('.').is_some_and(|rest| rest.starts_with(char::is_alphanumeric))
            || is_version_word(before)
            || self.is_release_alone(range)
    }

    /// Whether a text is these numbers alone, as `uname -r` prints them. Linux has had the numbers
    /// 2 to 7.
    fn is_release_alone(&self, range: &Range<usize>) -> bool {
        let token = &self.text[range.clone()];
        let around = self.text.len() - token.len();
        around < WINDOW
            && self.text.trim() == token
            && matches!(token.as_bytes(), [b'2'..=b'7', b'.', ..])
    }

    /// Reads a stretch with hyphens or full stops: `aa-bb-…`, `aabb.ccdd.eeff`, `aabb-ccdd-eeff`.
    fn read_grouped_run(&mut self, run: Range<usize>) {
        let token = self.text[run.clone()].trim_end_matches(['.', '-']);
        let mut range = run.start..run.start + token.len();
        if self.text_before(range.start).ends_with(|c: char| c.is_alphanumeric() || c == ':')
            || self.text_after(range.end).starts_with(|c: char| c.is_alphanumeric() || c == ':')
        {
            return;
        }
        let groups: Vec<&str> = token.split(['-', '.']).collect();
        let length = groups[0].len();
        if groups.iter().any(|group| group.len() != length) {
            return;
        }
        // Of seven the first is the type of the hardware.
        let digits = match (groups.len(), length) {
            (3, 4) => groups.concat(),
            (6, 2) if !token.contains('.') => groups.concat(),
            (7, 2) if token.starts_with("01-") => groups[1..].concat(),
            _ => return,
        };
        let before = self.text_before(range.start).to_ascii_lowercase();
        let is_labelled = ["mac", "physical", "bootif", "hw"].iter().any(|w| before.contains(w));
        let is_mixed = digits.contains(|c: char| c.is_ascii_alphabetic())
            && digits.contains(|c: char| c.is_ascii_digit());
        // Dates and versions have no letters, words no digits.
        if !is_labelled && !is_mixed {
            return;
        }
        let separator = token[groups[0].len()..].chars().next().unwrap_or('-').to_string();
        if groups.len() == 7 {
            range.start += 3;
        }
        self.add_mac(range, &digits, |mac| match groups.len() {
            3 => {
                let digits = HEXLOWER.encode(mac);
                [&digits[..4], &digits[4..8], &digits[8..]].join(&separator)
            }
            _ => join_octets(mac, &separator),
        });
    }

    /// Reads a stretch of numbers and hyphens: the addresses in the names that providers give, as
    /// in `ec2-1-2-3-4.compute-1.amazonaws.com`.
    fn read_dashed_run(&mut self, run: Range<usize>) {
        let whole = &self.text[run.clone()];
        let token = whole.trim_end_matches('-');
        let end = run.start + token.len();
        // `ec2` ends in a number, too.
        let token = match self.text_before(run.start).ends_with(char::is_alphabetic) {
            true => token.split_once('-').map_or("", |(_, rest)| rest),
            false => token.trim_start_matches('-'),
        };
        let range = end - token.len()..end;
        let Ok(ip) = token.replace('-', ".").parse::<Ipv4Addr>() else { return };
        if is_host_name_after(self.text_after(end)) {
            let pseudonym = ipv4_pseudonym(ip, self.key).map(|ip| ip.to_string().replace('.', "-"));
            self.add_address(range, IdentifierKind::PublicAddress, pseudonym);
        }
    }

    /// The names under which addresses are looked up: `4.3.2.1.in-addr.arpa`, `…ip6.arpa`.
    fn find_reverse_names(&mut self) {
        static REVERSE: LazyLock<Regex> = LazyLock::new(|| {
            compile_pattern(
                r"(?i)\b(\d{1,3}(?:\.\d{1,3}){3})\.in-addr\.arpa|\b([0-9a-f](?:\.[0-9a-f]){31})\.ip6\.arpa",
            )
        });
        let text = self.text;
        if !text.contains("arpa") && !text.contains("ARPA") {
            return;
        }
        for found in REVERSE.captures_iter(text) {
            if let Some(group) = found.get(1)
                && let Ok(reversed) = group.as_str().parse::<Ipv4Addr>()
            {
                let pseudonym = ipv4_pseudonym(reverse_octets(reversed), self.key)
                    .map(|ip| reverse_octets(ip).to_string());
                self.add_address(group.range(), IdentifierKind::PublicAddress, pseudonym);
            }
            if let Some(group) = found.get(2) {
                let nibbles: Vec<u8> = group
                    .as_str()
                    .split('.')
                    .rev()
                    .filter_map(|nibble| u8::from_str_radix(nibble, 16).ok())
                    .collect();
                let octets = std::array::from_fn(|i| nibbles[2 * i] << 4 | nibbles[2 * i + 1]);
                if let Some((kind, pseudonym)) = ipv6_pseudonym(Ipv6Addr::from(octets), self.key) {
                    let nibbles = pseudonym.octets().into_iter().rev();
                    let nibbles = nibbles.flat_map(|octet| [octet & 15, octet >> 4]);
                    let words: Vec<String> = nibbles.map(|nibble| format!("{nibble:x}")).collect();
                    self.add_address(group.range(), kind, Some(words.join(".")));
                }
            }
        }
    }
}

/// Whether four numbers stand in a host name, as in `static.4.3.2.1.clients.example.net`.
fn is_in_host_name(before: &str, after: &str) -> bool {
    let label = before.strip_suffix('.').unwrap_or(before);
    let begins = label.is_empty() || label.ends_with(|c: char| c.is_ascii_alphabetic() || c == ' ');
    begins && after.starts_with('.') && is_host_name_after(after)
}

/// Whether what follows is the rest of a host name: labels, the last of letters alone. Names of
/// packages look alike.
fn is_host_name_after(after: &str) -> bool {
    static REST: LazyLock<Regex> = LazyLock::new(|| {
        compile_pattern(r"^(?i)(?:[.-][a-z0-9]*[a-z][a-z0-9-]*)*(?:\.[a-z0-9-]+)\.[a-z]{2,}\b")
    });
    REST.find(after).is_some_and(|rest| {
        let last = rest.as_str().rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        !PACKAGE_ENDS.contains(&last.as_str())
    })
}

fn is_version_word(before: &str) -> bool {
    let word = before.trim_end().rsplit(char::is_whitespace).next().unwrap_or_default();
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
    // `uname -a` puts the release after the host name.
    let words: Vec<&str> = before.split_whitespace().rev().take(2).collect();
    matches!(words[..], [_, "Linux"])
        || ["version", "release", "v", "linux", "kernel", "uses", "this"].contains(&word.as_str())
}

fn join_octets(mac: &[u8; 6], separator: &str) -> String {
    let parts: Vec<String> = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    parts.join(separator)
}

/// The interface identifier made from a MAC (modified EUI-64, RFC 4291 appendix A), as the last
/// eight bytes of an address.
fn eui64_of_mac(mac: [u8; 6]) -> [u8; 8] {
    [mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]]
}

/// The MAC that an interface identifier was made from, if it was made from one.
fn mac_of(address: Ipv6Addr) -> Option<[u8; 6]> {
    let o = address.octets();
    (o[11] == 0xff && o[12] == 0xfe).then(|| [o[8] ^ 2, o[9], o[10], o[13], o[14], o[15]])
}

pub(super) fn replace_mac_digits(digits: &str, key: &PseudonymKey) -> Option<String> {
    let mac = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()?;
    Some(HEXLOWER.encode(&mac_pseudonym(mac.try_into().ok()?, key)?))
}

/// A locally administered MAC in place of one that names an interface; none for the empty one,
/// broadcast and multicast.
fn mac_pseudonym(mac: [u8; 6], key: &PseudonymKey) -> Option<[u8; 6]> {
    if mac == [0; 6] || mac[0] & 1 == 1 {
        return None;
    }
    let hash: [u8; 5] = key.keyed_hash("mac", &format!("{mac:02x?}"));
    Some([0x02, hash[0], hash[1], hash[2], hash[3], hash[4]])
}

fn reverse_octets(address: Ipv4Addr) -> Ipv4Addr {
    let [a, b, c, d] = address.octets();
    Ipv4Addr::new(d, c, b, a)
}

/// A public address becomes one of the range for benchmarks (198.18.0.0/15, RFC 2544). So does one
/// of the ranges for documentation, but for 192.0.2.0/24, which monitors of small virtual machines
/// give to their guests as others give private ones.
fn ipv4_pseudonym(address: Ipv4Addr, key: &PseudonymKey) -> Option<Ipv4Addr> {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let reserved = a == 0 || a >= 224 || a == 198 && (18..20).contains(&b);
    if address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || [a, b, c] == [192, 0, 2]
        || shared
        || reserved
    {
        return None;
    }
    let hash: [u8; 3] = key.keyed_hash("ipv4", &address.to_string());
    Some(Ipv4Addr::new(198, 18 + (hash[0] & 1), hash[1], hash[2]))
}

/// What hides an IPv6 address, and what it hides.
///
/// A global address becomes one of the documentation range (2001:db8::/32, RFC 3849). One that
/// holds a public IPv4 address holds the pseudonym of that, and the end of any other that is made
/// from a MAC follows the MAC's pseudonym.
fn ipv6_pseudonym(address: Ipv6Addr, key: &PseudonymKey) -> Option<(IdentifierKind, Ipv6Addr)> {
    let segments = address.segments();
    let mut octets = address.octets();
    let documentation = segments[0] == 0x2001 && segments[1] == 0xdb8;
    if segments[0] & 0xe000 == 0x2000 && !documentation {
        let hash: [u8; 12] = key.keyed_hash("ipv6", &address.to_string());
        octets[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
        octets[4..].copy_from_slice(&hash);
        return Some((IdentifierKind::PublicAddress, octets.into()));
    }
    // IPv4-mapped, IPv4-compatible, and NAT64 (RFC 4291 section 2.5.5, RFC 6052).
    let holds_ipv4 =
        matches!(segments[..6], [0, 0, 0, 0, 0, 0 | 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0]);
    if holds_ipv4 {
        let inner = Ipv4Addr::new(octets[12], octets[13], octets[14], octets[15]);
        octets[12..].copy_from_slice(&ipv4_pseudonym(inner, key)?.octets());
        return Some((IdentifierKind::PublicAddress, octets.into()));
    }
    let mac = mac_pseudonym(mac_of(address)?, key)?;
    octets[8..].copy_from_slice(&eui64_of_mac(mac));
    Some((IdentifierKind::Mac, octets.into()))
}
