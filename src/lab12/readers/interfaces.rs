//! Network interfaces, in the forms of iproute2, busybox and ifconfig.

use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::label::EvidenceRole;
use super::page::{EvidencePage, LabelledPart, LineKind, PageLine};
use super::read::{self, FoundValue, ReadResult};
use super::records;
use super::table::TableLine;
use super::vocabulary::interfaces::STARTS;
use crate::model::{MissingReason, MissingValue};
use crate::probe::parse::{ListedInterface, is_ipv4, is_ipv6, is_mac, list_interfaces};

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
                part.who == Some(EvidenceRole::Host) && !interfaces_in_lines(&part.lines).is_empty()
            });
            Err(host.map_or(miss, |part| host_list(part.line, &part.label)))
        }
        read => read,
    }
}

fn host_list(line: u32, what: &str) -> MissingValue {
    let note = format!("the list is of the host: {}", read::shorten_stated(what));
    MissingValue::new(MissingReason::HostValuesOnly, note).at_line(line)
}

fn in_part(part: &LabelledPart, who: EvidenceRole) -> ReadResult<Value> {
    let all = interfaces_in_lines(&part.lines);
    let Some(first) = all.first() else {
        return Err(read::explain_unreadable_lines(&part.lines, MissingReason::NarrativeText));
    };
    // A second loopback begins a second list, which no label assigns.
    let end =
        all.iter().skip(1).position(|one| one.name == first.name).map_or(all.len(), |at| at + 1);
    let list = &all[..end];
    // Only a machine has an interface of such a name, not a sandbox on it.
    let is_host_only = |one: &&ListedInterface| STARTS.iter().any(|it| one.name.starts_with(it));
    if who == EvidenceRole::Kata
        && let Some(mark) = list.iter().find(is_host_only)
    {
        return Err(host_list(mark.line, &mark.name));
    }
    let value = list
        .iter()
        .map(|one| json!({"name": one.name, "mac": one.mac, "ipv4": one.ipv4, "ipv6": one.ipv6}))
        .collect();
    Ok(FoundValue { value, line: first.line })
}

/// The interfaces in lines, in order, with what is an address in the place of one.
fn interfaces_in_lines(lines: &[PageLine]) -> Vec<ListedInterface> {
    let mut list = match lines_of_json(lines) {
        Some(flat) => list_interfaces(flat.iter().map(|line| (line.number, line.text.as_str()))),
        None => {
            let texts = lines.iter().filter(|line| line.kind == LineKind::Text);
            list_interfaces(texts.map(|line| (line.number, line.text.as_str())))
        }
    };
    for one in &mut list {
        one.mac.take_if(|mac| !is_mac(mac));
        one.ipv4.retain(|address| is_ipv4(address));
        one.ipv6.retain(|address| is_ipv6(address));
    }
    if list.is_empty() { names_in_lines(lines) } else { list }
}

/// What `ip -j addr` says below a label, in the lines of `ip addr`.
fn lines_of_json(lines: &[PageLine]) -> Option<Vec<TableLine>> {
    let lines = &lines[lines.iter().position(|line| line.text.starts_with("[{"))?..];
    let text: String = lines.iter().map(|line| format!("{}\n", line.text)).collect();
    let mut documents = serde_json::Deserializer::from_str(&text).into_iter::<IgnoredAny>();
    documents.next()?.ok()?;
    let numbers = lines.iter().map(|line| line.number);
    let first = text[..documents.byte_offset()].lines().map(String::from);
    records::flatten_document(&numbers.zip(first).collect::<Vec<_>>()).ok()?
}

/// The interfaces of which there is nothing but names, as `ls /sys/class/net` prints them: one of
/// them is the loopback.
fn names_in_lines(lines: &[PageLine]) -> Vec<ListedInterface> {
    const MARKS: [char; 3] = [' ', ',', '\t'];
    let is_name = |word: &str| {
        word.len() < 16
            && !word.starts_with(|c: char| !c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@'))
    };
    let are_names = |line: &&PageLine| line.text.split(MARKS).all(is_name);
    let texts = lines.iter().filter(|line| line.kind == LineKind::Text);
    let rows = texts.skip_while(|line| !are_names(line)).take_while(are_names);
    let words = rows.flat_map(|line| {
        let words = line.text.split(MARKS).filter(|word| !word.is_empty());
        words.map(|word| ListedInterface {
            name: word.split('@').next().unwrap_or(word).into(),
            line: line.number,
            ..ListedInterface::default()
        })
    });
    let list: Vec<ListedInterface> = words.collect();
    let has_loopback = list.iter().any(|one| one.name == "lo");
    if has_loopback && list.len() < 20 { list } else { Vec::new() }
}

/// Whether a text is a line of `ip addr` or `ifconfig` with an address.
pub(super) fn is_address_line(text: &str) -> bool {
    let tokens: Vec<&str> = text.split_whitespace().collect();
    tokens.windows(2).any(|pair| {
        matches!(pair[0], "inet" | "inet6")
            && (is_ipv4(pair[1].trim_start_matches("addr:")) || is_ipv6(pair[1]))
    })
}
