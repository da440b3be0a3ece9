//! What a script of somebody's own wrote as JSON or YAML: values after keys that name their
//! target, one within another or in one word.

use std::collections::BTreeSet;

use serde::de::IgnoredAny;

use super::label::{self, EvidenceRole};
use super::table::TableLine;
use super::vocabulary::records::SLOTS;
use super::words::{self, TimeUnit};
use super::{command, timing};
use crate::model::{MissingReason, MissingValue};

/// A value of one target.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// The line of its key.
    pub line: u32,
    pub who: EvidenceRole,
    /// The value, with the unit that its key names.
    pub text: String,
    /// The slot whose file would hold it.
    pub slot: &'static str,
}

/// What a document states, in the order of its keys; nothing if it says that it is made up.
pub(super) fn list_records(lines: &[(u32, String)]) -> Vec<Record> {
    let mut texts = lines.iter().map(|(_, text)| text);
    if texts.any(|text| words::is_made_up(text) && !words::contains_any(text, &["false"])) {
        return Vec::new();
    }
    let first = lines.iter().find(|(_, text)| !text.trim().is_empty());
    match list_json_leaves(lines) {
        Ok(leaves) if first.is_some_and(|(_, text)| text.trim().starts_with(['{', '['])) => {
            leaves.iter().filter_map(make_record).collect()
        }
        _ if first.is_some_and(|(_, text)| is_long_head(text)) => list_long_rows(lines),
        _ => list_yaml_leaves(lines),
    }
}

/// Whether a line heads rows of a target, the name of a value and the value: `runtime;metric;value`.
fn is_long_head(head: &str) -> bool {
    let names: Vec<&str> = head.trim().split([',', ';', '\t']).map(str::trim).collect();
    let [who, key, value] = names[..] else { return false };
    words::has_word(who, "runtime target who where host machine")
        && words::has_word(key, "metric measure key name fact what")
        && words::has_word(value, "value result")
}

/// What a file that is of one target states in lines of a key and a value: `proc=52`, `CPU: …`.
pub(super) fn list_keyed_records(lines: &[(u32, String)], who: EvidenceRole) -> Vec<Record> {
    let leaves = lines.iter().filter_map(|(line, text)| {
        let (key, value) = text.trim().split_once([':', '='])?;
        let path = vec![who.into_str().to_string(), key.trim().to_string()];
        let values = value.split(", ").map(|value| words::strip_value_marks(value).to_string());
        let is_key = words::split_words(key).count() <= 3 && !value.trim().is_empty();
        let values = values.collect();
        is_key.then_some(DocumentLeaf { line: *line, path, values, is_list: false, object: *line })
    });
    leaves.filter_map(|leaf| make_record(&leaf)).collect()
}

fn list_long_rows(lines: &[(u32, String)]) -> Vec<Record> {
    let rows = lines.iter().skip_while(|(_, text)| !is_long_head(text)).skip(1);
    let leaves = rows.filter_map(|(line, text)| {
        let mut cells = text.trim().splitn(3, [',', ';', '\t']);
        let path = vec![cells.next()?.trim().to_string(), cells.next()?.trim().to_string()];
        let values = vec![words::strip_value_marks(cells.next()?).to_string()];
        Some(DocumentLeaf { line: *line, path, values, is_list: false, object: *line })
    });
    leaves.filter_map(|leaf| make_record(&leaf)).collect()
}

/// What stands at one place of a document: a scalar, or the scalars of an array.
#[derive(Debug)]
struct DocumentLeaf {
    line: u32,
    /// The keys on the way to it, before them the target that its object names.
    path: Vec<String>,
    values: Vec<String>,
    is_list: bool,
    /// The number of the object that it stands in.
    object: u32,
}

/// An object or an array that is not at its end.
#[derive(Debug, Default)]
struct OpenNode {
    /// The number of an object, or of the object around an array.
    object: u32,
    is_object: bool,
    /// The key whose value comes next.
    key: Option<String>,
    /// How many leaves stand before it.
    first_leaf: usize,
    /// The line of its beginning, and what an array has in it so far.
    line: u32,
    values: Vec<String>,
}

/// The lines of a JSON document, or of one on each line, as labels with their values; none if it is
/// no such document, or a message of an engine.
/// Errors: it begins as a document and does not go on as one.
pub(super) fn flatten_document(
    lines: &[(u32, String)],
) -> Result<Option<Vec<TableLine>>, MissingValue> {
    let mut texts = lines.iter().map(|(_, text)| text.trim()).filter(|text| !text.is_empty());
    let (first, second) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
    let is_document = match first {
        "{" | "[" => second.starts_with(['"', '{', '}', ']']),
        first => first.starts_with("{\"") || first.starts_with("[{"),
    };
    if !is_document || lines.iter().any(|(_, text)| text.contains("\"msg\"")) {
        return Ok(None);
    }
    let leaves = list_json_leaves(lines)?;
    if leaves.iter().any(|leaf| leaf.last_key() == "ifname") {
        return Ok(Some(flatten_interfaces(&leaves)));
    }
    // Next to a series its object holds what sums it up, and other clocks.
    let with_series: BTreeSet<u32> = leaves
        .iter()
        .filter(|leaf| leaf.is_list && leaf.is_of_numbers())
        .map(|leaf| leaf.object)
        .collect();
    let mut flat = Vec::with_capacity(leaves.len());
    for leaf in leaves {
        let path = leaf.path.join(" ");
        let role = match label::list_roles(&path)[..] {
            [who] => Some(who),
            _ => None,
        };
        let key = leaf.last_key();
        let words = words::split_words(key).filter(|word| label::list_roles(word).is_empty());
        let measure = words.collect::<Vec<_>>().join(" ");
        let is_beside_series = !leaf.is_list
            && leaf.is_of_numbers()
            && label::list_roles(key).is_empty()
            && with_series.contains(&leaf.object);
        if is_beside_series || leaf.values.is_empty() {
            continue;
        }
        let label = role.map_or(path.clone(), |who| format!("{} ({path})", who.into_str()));
        flat.push(TableLine {
            number: leaf.line,
            text: format!("{label}: {}", leaf.values_with_unit()),
            measure: Some(measure).filter(|measure| !measure.is_empty()),
            is_apart: false,
            row: leaf.object,
        });
    }
    Ok(Some(flat))
}

/// What `ip -j addr` says, in the lines of `ip addr`.
fn flatten_interfaces(leaves: &[DocumentLeaf]) -> Vec<TableLine> {
    let mut flat: Vec<TableLine> = Vec::new();
    for leaf in leaves {
        let value = leaf.values.join(" ");
        let text = match leaf.last_key() {
            "ifname" => format!("{}: {value}: <>", leaf.object),
            "address" => format!("link/ether {value}"),
            "local" if value.contains(':') => format!("inet6 {value}"),
            "local" => format!("inet {value}"),
            "prefixlen" => {
                if let Some(address) = flat.last_mut().filter(|it| it.text.starts_with("inet")) {
                    address.text += &format!("/{value}");
                }
                continue;
            }
            _ => continue,
        };
        let row = leaf.object;
        flat.push(TableLine { number: leaf.line, text, measure: None, is_apart: false, row });
    }
    flat
}

impl DocumentLeaf {
    fn last_key(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    fn is_of_numbers(&self) -> bool {
        self.stated_values().all(|text| text.starts_with(|c: char| c.is_ascii_digit()))
    }

    /// The values without those of a list that say that there is none.
    fn stated_values(&self) -> impl Iterator<Item = &str> {
        let values = self.values.iter().map(String::as_str);
        values.filter(|text| !(self.is_list && matches!(*text, "null" | "~" | "None" | "NaN" | "")))
    }

    /// The values, with the unit that the last key names.
    fn values_with_unit(&self) -> String {
        let key = self.last_key();
        let unit = words::split_words(key)
            .find(|word| TimeUnit::from_name(word).is_some_and(|unit| unit <= TimeUnit::Seconds));
        match unit.filter(|_| self.is_of_numbers()) {
            Some(unit) => {
                let values = self.stated_values().map(|value| format!("{value} {unit}"));
                values.collect::<Vec<_>>().join(", ")
            }
            None => self.stated_values().collect::<Vec<_>>().join(" "),
        }
    }
}

/// The leaves of JSON in the order of the text, or why it is none. What is between its marks is then
/// known to be sound, so that they alone say where a leaf is.
fn list_json_leaves(lines: &[(u32, String)]) -> Result<Vec<DocumentLeaf>, MissingValue> {
    let text: String = lines.iter().map(|(_, line)| format!("{line}\n")).collect();
    for document in serde_json::Deserializer::from_str(&text).into_iter::<IgnoredAny>() {
        if let Err(error) = document {
            let line = lines.get(error.line().saturating_sub(1)).map_or(1, |line| line.0);
            let note = format!("the JSON document is damaged: {error}");
            return Err(MissingValue::new(MissingReason::Unreadable, note).at_line(line));
        }
    }
    let mut leaves: Vec<DocumentLeaf> = Vec::new();
    let mut open: Vec<OpenNode> = Vec::new();
    let mut objects = 0;
    for (line, text) in lines {
        let mut rest = text.trim_start();
        while let Some(mark) = rest.chars().next() {
            let end = token_end(rest);
            let token = &rest[..end];
            rest = rest[end..].trim_start();
            match mark {
                '{' | '[' => {
                    let is_object = mark == '{';
                    objects += u32::from(is_object);
                    let outer = open.last().map_or(0, |node| node.object);
                    open.push(OpenNode {
                        object: if is_object { objects } else { outer },
                        is_object,
                        first_leaf: leaves.len(),
                        line: *line,
                        ..OpenNode::default()
                    });
                }
                '}' | ']' => {
                    let Some(node) = open.pop() else { continue };
                    if !node.values.is_empty() {
                        let path = open.iter().filter_map(|node| node.key.clone()).collect();
                        let OpenNode { object, line, values, .. } = node;
                        leaves.push(DocumentLeaf { line, path, values, is_list: true, object });
                    }
                    let is_element = open.last().is_none_or(|parent| !parent.is_object);
                    if node.is_object && is_element {
                        name_element(&mut leaves, node.first_leaf, open.len());
                    }
                }
                ',' | ':' => {}
                _ => {
                    let scalar = serde_json::from_str(token).unwrap_or_else(|_| token.to_string());
                    let Some(node) = open.last_mut() else { continue };
                    let node_object = node.object;
                    if !node.is_object {
                        node.values.push(scalar);
                    } else if rest.starts_with(':') {
                        node.key = Some(scalar);
                    } else {
                        let path = open.iter().filter_map(|node| node.key.clone()).collect();
                        let (object, values) = (node_object, vec![scalar]);
                        leaves.push(DocumentLeaf {
                            line: *line,
                            path,
                            values,
                            is_list: false,
                            object,
                        });
                    }
                }
            }
        }
    }
    Ok(leaves)
}

/// Where the first mark, string or bare word of a line of JSON ends.
fn token_end(text: &str) -> usize {
    if let Some(string) = text.strip_prefix('"') {
        let mut is_escaped = false;
        let end = string.find(|c: char| {
            let is_end = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            is_end
        });
        return end.map_or(text.len(), |end| end + 2);
    }
    text.find(|c: char| c.is_whitespace() || "{}[],:\"".contains(c))
        .map_or(text.len(), |end| end.max(1))
}

/// Gives the leaves of an object in a list the target that a text in it names, by itself or as a
/// command, and leaves its times of failed runs out: `{"runtime": "runc", "seconds": 0.6}`.
fn name_element(leaves: &mut [DocumentLeaf], first: usize, depth: usize) {
    const NAMES: &str = "runtime target name command label container who pod runtimeclass";
    let own = &mut leaves[first..];
    let mut named: Vec<EvidenceRole> = Vec::new();
    for leaf in own.iter_mut().filter(|leaf| leaf.path.len() <= depth + 1 && !leaf.is_list) {
        if leaf.path.last().is_some_and(|key| words::has_word(key, NAMES)) {
            let text = leaf.values.pop().unwrap_or_default();
            let role = command::command_role(&text).map(|who| vec![who]);
            named.extend(role.unwrap_or_else(|| label::list_roles(&text)));
        }
    }
    named.sort_unstable();
    named.dedup();
    // `{"key": "kernel_release", "value": "6.12.47"}`
    let mut keyed =
        own.iter().filter(|leaf| words::has_word(leaf.last_key(), "key metric measure"));
    if let Some(key) = keyed.next().and_then(|leaf| leaf.values.first()) {
        let key = key.clone();
        own.iter_mut().filter(|leaf| leaf.last_key() == "value").for_each(|leaf| {
            leaf.path.pop();
            leaf.path.push(key.clone());
        });
    }
    let codes = own.iter().find(|leaf| leaf.path.last().is_some_and(|key| key == "exit_codes"));
    let codes = codes.map(|leaf| leaf.values.clone()).unwrap_or_default();
    for leaf in own {
        if leaf.values.len() == codes.len() && leaf.path.last().is_some_and(|key| key == "times") {
            let mut codes = codes.iter();
            leaf.values.retain(|_| codes.next().is_none_or(|code| code == "0"));
        }
        if let ([who], true) = (&named[..], label::list_roles(&leaf.path.join(" ")).is_empty()) {
            leaf.path.insert(0, who.into_str().into());
        }
    }
}

/// Of YAML what scripts write: keys one within another, and lists between brackets.
fn list_yaml_leaves(lines: &[(u32, String)]) -> Vec<Record> {
    let mut records = Vec::new();
    let mut path: Vec<(usize, &str)> = Vec::new();
    // A list of which each item has a line.
    let mut list: Option<DocumentLeaf> = None;
    for (line, text) in lines {
        let item = text.trim().strip_prefix("- ").filter(|item| !item.contains(": "));
        if let (Some(item), Some(leaf)) = (item, list.as_mut()) {
            leaf.values.push(words::strip_value_marks(item).to_string());
            continue;
        }
        records.extend(list.take().as_ref().and_then(make_record));
        let Some((key, value)) = text.split_once(':').filter(|_| !text.trim().starts_with('#'))
        else {
            continue;
        };
        let indent = key.len() - key.trim_start().len();
        path.retain(|(outer, _)| *outer < indent);
        path.push((indent, key.trim()));
        // What is quoted holds no comment: `"Linux pine 6.8.0 #63-Ubuntu SMP"`.
        let comment = value.find(" #").filter(|at| !value[..*at].contains(['"', '\'']));
        let value = value[..comment.unwrap_or(value.len())].trim();
        let is_list = value.starts_with('[');
        let value = value.trim_matches(['[', ']']);
        let values = value.split(", ").map(|value| words::strip_value_marks(value).to_string());
        let leaf = DocumentLeaf {
            line: *line,
            path: path.iter().map(|(_, key)| key.to_string()).collect(),
            values: values.collect(),
            is_list,
            object: 0,
        };
        if value.is_empty() {
            list = Some(DocumentLeaf { values: Vec::new(), is_list: true, ..leaf });
        } else {
            records.extend(make_record(&leaf));
        }
    }
    records.extend(list.as_ref().and_then(make_record));
    records
}

/// The record of a leaf, if its keys name one target and something that is read.
fn make_record(leaf: &DocumentLeaf) -> Option<Record> {
    // `katacontainers.io/kata-runtime` labels a node.
    let joined = leaf.path.join(" ").replace(".io/", " ").replace("boot_id", "bootid");
    let [who] = label::list_roles(&joined)[..] else { return None };
    // `http_status` is one word here, and `startup_ms` are two.
    let keys: Vec<String> = leaf.path.iter().map(|key| key.to_lowercase()).collect();
    let slots = SLOTS.iter().filter_map(|line| line.split_once(": "));
    let mut named = slots.filter(|(_, words)| {
        words::has_word(&joined, words)
            || words.split(' ').any(|word| keys.iter().any(|key| key == word))
    });
    let (slot, None) = (named.next()?.0, named.next()) else { return None };
    // `/proc/version` is no count of entries.
    if slot == "isolation/proc.txt" && words::has_word(leaf.last_key(), "version cmdline status") {
        return None;
    }
    // What stands at a place of its own in a list is one of several.
    if slot == "isolation/network.txt" && leaf.last_key().starts_with('-') {
        return None;
    }
    let is_latency = slot == "bench/curl-3012.txt";
    if is_latency && (timing::is_excluded_part(&joined) || !leaf.is_list) {
        return None;
    }
    let is_timed = slot == "results/startup-bench.txt";
    let key = leaf.last_key();
    if leaf.values.is_empty() {
        return None;
    }
    let is_start = timing::is_start_measure(key) || !label::list_roles(key).is_empty();
    if is_timed && (timing::is_excluded_part(&joined) || !is_start) {
        return None;
    }
    let text = if is_timed || is_latency { leaf.values_with_unit() } else { leaf.values.join(" ") };
    (!text.is_empty()).then_some(Record { line: leaf.line, who, text, slot })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list_record_values(text: &str) -> Vec<String> {
        let lines: Vec<(u32, String)> = (1..).zip(text.lines().map(String::from)).collect();
        let named = |record: Record| {
            format!("{}: {} {} {}", record.line, record.who.into_str(), record.text, record.slot)
        };
        list_records(&lines).into_iter().map(named).collect()
    }

    #[test]
    fn keys_name_the_target_and_the_unit() {
        let json = "{\n\"runc\": {\n\"kernel\": \"6.8.0-51-generic\",\n\"startup_ms\": [588, 602]},\n\
                    \"kata_startup_s\": 1.9}";
        assert_eq!(
            list_record_values(json),
            [
                "3: runc 6.8.0-51-generic results/kernels.txt",
                "4: runc 588 ms, 602 ms results/startup-bench.txt",
                "5: kata 1.9 s results/startup-bench.txt",
            ]
        );
        let yaml =
            "# mine\nkata:\n  kernel: \"6.12.47\"\n  dev_entries: 14\n  startup_avg_s: 1.9\n";
        assert_eq!(
            list_record_values(yaml),
            ["3: kata 6.12.47 results/kernels.txt", "4: kata 14 results/devices.txt"]
        );
        assert!(
            list_record_values("{\"simulated\": true, \"kata\": {\"kernel\": \"6.1.62\"}}")
                .is_empty()
        );
    }
}
