//! Two values of one fact: what in them differs, by key.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::probe::kernel_log::kernel_log_message;

/// A part of a value that differs: an entry of a map, an element of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ValuePart {
    /// What the part is called in the value: `eth0.ipv4`, or the element itself.
    pub key: String,
    /// What the first run has there; none if it lacks the part.
    pub a: Option<Value>,
    /// What the second has there.
    pub b: Option<Value>,
}

/// The fields by which the elements of a list of objects are told apart, the best first.
const KEYS: &[&str] = &["name", "id", "inside", "point"];

/// Whether two values say the same. The order of a list says nothing: the lists of the catalogue
/// are lists of names.
pub(crate) fn say_the_same(a: &Value, b: &Value) -> bool {
    a == b
        || (a.is_array() || a.is_object())
            && value_kind(a) == value_kind(b)
            && flatten_leaves(a) == flatten_leaves(b)
}

/// The parts that differ, by key; none where a value is not made of parts, or the two are not of
/// one kind.
pub(crate) fn differing_parts(a: &Value, b: &Value) -> Vec<ValuePart> {
    if value_kind(a) != value_kind(b) || value_kind(a) == ValueKind::Single {
        return Vec::new();
    }
    let (a, b) = (flatten_leaves(a), flatten_leaves(b));
    let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    keys.into_iter()
        .filter(|key| a.get(*key) != b.get(*key))
        .map(|key| ValuePart { key: key.clone(), a: a.get(key).cloned(), b: b.get(key).cloned() })
        .collect()
}

#[derive(PartialEq, Eq)]
enum ValueKind {
    Single,
    List,
    Map,
}

fn value_kind(value: &Value) -> ValueKind {
    match value {
        Value::Array(_) => ValueKind::List,
        Value::Object(_) => ValueKind::Map,
        _ => ValueKind::Single,
    }
}

fn flatten_leaves(value: &Value) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                flatten_into(name.clone(), value, &mut leaves);
            }
        }
        Value::Array(items) => flatten_elements("", items, &mut leaves),
        _ => {}
    }
    leaves
}

fn flatten_into(key: String, value: &Value, leaves: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                flatten_into(format!("{key}.{name}"), value, leaves);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            flatten_elements(&format!("{key}."), items, leaves);
        }
        // A list of plain elements below a key is one leaf, in an order of its own.
        Value::Array(items) => {
            let mut items = items.clone();
            items.sort_by_key(Value::to_string);
            leaves.insert(key, Value::Array(items));
        }
        value => {
            leaves.insert(key, value.clone());
        }
    }
}

/// The elements of a list: objects by their key field, other elements by themselves.
fn flatten_elements(prefix: &str, items: &[Value], leaves: &mut BTreeMap<String, Value>) {
    match key_field(items) {
        Some(field) => {
            for item in items {
                flatten_into(format!("{prefix}{}", value_text(&item[field])), item, leaves);
            }
        }
        None => {
            let mut counts: BTreeMap<String, (usize, &Value)> = BTreeMap::new();
            for item in items {
                counts.entry(item.to_string()).or_insert((0, item)).0 += 1;
            }
            for (count, item) in counts.into_values() {
                for nth in 1..=count {
                    let mark = if nth == 1 { String::new() } else { format!(" ({nth})") };
                    leaves.insert(format!("{prefix}{}{mark}", value_text(item)), item.clone());
                }
            }
        }
    }
}

/// The field that tells the elements apart: in all of them, and different in each.
fn key_field(items: &[Value]) -> Option<&'static str> {
    KEYS.iter().copied().find(|field| {
        let values: BTreeSet<String> =
            items.iter().filter_map(|item| item.get(field)).map(value_text).collect();
        !items.is_empty() && values.len() == items.len()
    })
}

/// A value as a reader writes it: text without quotes.
pub(crate) fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The most lines of a line diff that are kept.
const MAX_LINES: usize = 120;

/// The most lines of a side that are compared line by line: what it takes grows with the square of
/// how many differ. The log of a kernel has a thousand or two.
const MAX_COMPARED: usize = 4000;

/// A line diff with a line of context: `-` what only the first has, `+` what only the second has.
/// Times at the beginning of the lines of a kernel log are left out, because every one differs.
pub(crate) fn diff_lines(a: &[String], b: &[String]) -> Vec<String> {
    use similar::ChangeTag;
    use similar::algorithms::{Capture, Compact, Replace, myers};
    if a.len().max(b.len()) > MAX_COMPARED {
        let (a, b) = (a.len(), b.len());
        let reason = format!("no more than {MAX_COMPARED} are compared line by line");
        return vec![format!(" ... {a} lines and {b} lines: {reason}")];
    }
    let [a, b] = [a, b].map(|lines| {
        let lines = lines.iter().map(|line| kernel_log_message(line).unwrap_or(line));
        lines.collect::<Vec<&str>>()
    });
    // Named alone, of all algorithms only this one is in the program.
    let mut found = Compact::new(Replace::new(Capture::new()), &a, &b);
    let Ok(()) = myers::diff(&mut found, &a, 0..a.len(), &b, 0..b.len());
    let mut out = Vec::new();
    for (index, group) in found.into_inner().into_inner().into_grouped_ops(1).iter().enumerate() {
        if index > 0 {
            out.push(String::from(" ..."));
        }
        for change in group.iter().flat_map(|op| op.iter_changes(&a, &b)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            out.push(format!("{sign}{}", change.value()));
        }
    }
    let more = out.len().saturating_sub(MAX_LINES);
    if more > 0 {
        out.truncate(MAX_LINES);
        out.push(format!(" ... {more} more lines"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn keys(a: &Value, b: &Value) -> Vec<String> {
        differing_parts(a, b).into_iter().map(|part| part.key).collect()
    }

    #[test]
    fn the_order_of_a_list_says_nothing_and_its_elements_do() {
        assert!(say_the_same(&json!(["a", "b"]), &json!(["b", "a"])));
        assert!(!say_the_same(&json!(["a", "a"]), &json!(["a"])));
        assert_eq!(keys(&json!(["fd", "null"]), &json!(["null", "fuse"])), ["fd", "fuse"]);
        assert_eq!(keys(&json!(["a"]), &json!(["a", "a"])), ["a (2)"]);
    }

    #[test]
    fn maps_are_matched_by_key() {
        let (a, b) = (json!({"ext4": 3, "proc": 1}), json!({"9p": 3, "proc": 1}));
        assert_eq!(
            differing_parts(&a, &b),
            [
                ValuePart { key: "9p".into(), a: None, b: Some(json!(3)) },
                ValuePart { key: "ext4".into(), a: Some(json!(3)), b: None },
            ]
        );
    }

    #[test]
    fn interfaces_are_matched_by_name() {
        let a =
            json!([{"name": "lo", "ipv4": ["127.0.0.1"]}, {"name": "eth0", "ipv4": ["10.0.0.2"]}]);
        let b =
            json!([{"name": "eth0", "ipv4": ["10.0.0.3"]}, {"name": "lo", "ipv4": ["127.0.0.1"]}]);
        assert_eq!(keys(&a, &b), ["eth0.ipv4"]);
    }

    #[test]
    fn a_text_and_a_list_have_no_parts_in_common() {
        assert!(!say_the_same(&json!("a"), &json!(["a"])));
        assert!(!say_the_same(&json!([]), &json!({})));
        assert!(differing_parts(&json!("a"), &json!(["a"])).is_empty());
    }

    #[test]
    fn more_lines_than_the_bound_are_counted_and_not_compared() {
        let numbered = |from: usize| -> Vec<String> {
            (from..from + 100_000).map(|number| number.to_string()).collect()
        };
        let told = diff_lines(&numbered(0), &numbered(1_000_000));
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("100000 lines and 100000 lines"), "{told:?}");
    }

    #[test]
    fn lines_of_a_kernel_log_are_compared_without_their_times() {
        let a = ["[    0.000000] Linux version 6.1".into(), "[    0.100000][T1] same".into()];
        let b = ["[    0.000001] Linux version 6.2".into(), "[    0.300000][T2] same".into()];
        assert_eq!(diff_lines(&a, &b), ["-Linux version 6.1", "+Linux version 6.2", " same"]);
    }

    #[test]
    fn a_long_line_diff_is_cut_and_says_so() {
        let a: Vec<String> = (0..500).map(|n| format!("a{n}")).collect();
        let out = diff_lines(&a, &[]);
        assert_eq!(out.len(), MAX_LINES + 1);
        assert_eq!(out[MAX_LINES], " ... 380 more lines");
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-3i64..3).prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("name|id|[a-c]", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_value_is_the_same_as_itself_and_has_no_parts_that_differ(a in value()) {
            prop_assert!(say_the_same(&a, &a));
            prop_assert!(differing_parts(&a, &a).is_empty());
        }

        #[test]
        fn parts_are_mirrored(a in value(), b in value()) {
            prop_assert_eq!(say_the_same(&a, &b), say_the_same(&b, &a));
            let back: Vec<ValuePart> = differing_parts(&b, &a)
                .into_iter()
                .map(|part| ValuePart { a: part.b, b: part.a, ..part })
                .collect();
            prop_assert_eq!(differing_parts(&a, &b), back);
        }

        #[test]
        fn values_that_differ_in_no_part_are_the_same(a in value(), b in value()) {
            if a.is_object() && b.is_object() {
                prop_assert_eq!(say_the_same(&a, &b), differing_parts(&a, &b).is_empty());
            }
        }
    }
}
