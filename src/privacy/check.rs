//! Whether what is read in evidence stays the same when names in it are replaced.
//!
//! Somebody may be called like a label that readers go by. Such a name is replaced only where its
//! place says that it is a name.

use std::collections::BTreeSet;

use serde_json::Value;

use super::name::NameSet;
use crate::model::{Fact, Facts};

/// How many readings are made to find the names that change what is read.
const MAX_READINGS: usize = 24;

/// The names, in lower case, with which `is_read_alike` is false.
pub fn find_misread(names: &NameSet, is_read_alike: impl Fn(&NameSet) -> bool) -> BTreeSet<String> {
    let mut misread = BTreeSet::new();
    let mut readings = MAX_READINGS;
    let all: Vec<&String> = names.lower_case().collect();
    let mut parts = vec![all.as_slice()];
    while let Some(part) = parts.pop() {
        let only: BTreeSet<&String> = part.iter().copied().collect();
        let others = all.iter().filter(|name| !only.contains(*name));
        let others: BTreeSet<String> = others.map(|name| (*name).clone()).collect();
        let is_out_of_readings = readings == 0;
        readings = readings.saturating_sub(1);
        if part.is_empty() || !is_out_of_readings && is_read_alike(&names.without(&others)) {
            continue;
        }
        match part {
            [_] => misread.extend(part.iter().map(|name| (*name).clone())),
            _ if is_out_of_readings => misread.extend(part.iter().map(|name| (*name).clone())),
            _ => parts.extend([&part[..part.len() / 2], &part[part.len() / 2..]]),
        }
    }
    misread
}

/// Whether the same facts are there with the same numbers. Texts may differ: names stand in them.
pub fn is_read_alike(before: &Facts, after: &Facts) -> bool {
    before.len() == after.len()
        && before.iter().zip(after).all(|((id, before), (other, after))| {
            id == other
                && before.len() == after.len()
                && before.iter().zip(after).all(|((target, before), (other, after))| {
                    target == other && is_fact_alike(before, after)
                })
        })
}

fn is_fact_alike(before: &Fact, after: &Fact) -> bool {
    match (before, after) {
        (Fact::Value { value: before, .. }, Fact::Value { value: after, .. }) => {
            is_value_alike(before, after)
        }
        (Fact::Series(before), Fact::Series(after)) => before.values == after.values,
        (Fact::Missing(before), Fact::Missing(after)) => before.why == after.why,
        _ => false,
    }
}

fn is_value_alike(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::String(_), Value::String(_)) => true,
        (Value::Array(before), Value::Array(after)) => {
            before.len() == after.len()
                && before.iter().zip(after).all(|(before, after)| is_value_alike(before, after))
        }
        (Value::Object(before), Value::Object(after)) => {
            before.len() == after.len()
                && before.iter().all(|(key, before)| {
                    after.get(key).is_some_and(|after| is_value_alike(before, after))
                })
        }
        _ => before == after,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::span::IdentifierKind;

    #[test]
    fn the_names_that_change_what_is_read_are_singled_out() {
        let mut names = NameSet::default();
        let all = ["ann", "berta", "carla", "dora", "ella", "frida", "gerda"];
        all.iter().for_each(|name| names.add(IdentifierKind::User, name));
        let misread = find_misread(&names, |names| {
            !names.lower_case().any(|name| name == "carla" || name == "gerda")
        });
        assert_eq!(misread, BTreeSet::from(["carla".to_string(), "gerda".to_string()]));
        assert!(find_misread(&names, |_| true).is_empty());
        assert_eq!(find_misread(&names, |_| false).len(), all.len());
    }
}
