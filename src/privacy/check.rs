//! Whether what is read in evidence stays the same when names in it are replaced.
//!
//! Somebody may be called like a label that readers go by. Such a name is replaced only where its
//! place says that it is a name.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::{Fact, Facts};

/// How many readings are made to find the names that change what is read.
const MAX_READINGS: usize = 24;

/// Where names are replaced.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ReplacedName {
    /// A name where its place says what it is; in lower case.
    InPlaces(String),
    /// A name wherever it stands as a word; in lower case.
    Everywhere(String),
}

/// Those of all replacements with which `is_read_alike` is false. It is told which are left out.
pub(super) fn find_misread(
    all: &BTreeSet<ReplacedName>,
    is_read_alike: impl Fn(&BTreeSet<ReplacedName>) -> bool,
) -> BTreeSet<ReplacedName> {
    let mut misread = BTreeSet::new();
    let mut readings = MAX_READINGS;
    let list: Vec<&ReplacedName> = all.iter().collect();
    let mut parts = vec![list.as_slice()];
    while let Some(part) = parts.pop() {
        let only: BTreeSet<&ReplacedName> = part.iter().copied().collect();
        let is_out_of_readings = readings == 0;
        readings = readings.saturating_sub(1);
        let others: BTreeSet<ReplacedName> =
            all.iter().filter(|one| !only.contains(one)).cloned().collect();
        if part.is_empty() || !is_out_of_readings && is_read_alike(&others) {
            continue;
        }
        if part.len() == 1 || is_out_of_readings {
            misread.extend(only.into_iter().cloned());
        } else {
            let (first, second) = part.split_at(part.len() / 2);
            parts.extend([first, second]);
        }
    }
    misread
}

/// Whether the same facts are there with the same numbers. Texts may differ: names stand in them.
pub(super) fn is_read_alike(before: &Facts, after: &Facts) -> bool {
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

    #[test]
    fn the_replacements_that_change_what_is_read_are_singled_out() {
        let names = ["ann", "berta", "carla", "dora", "ella", "frida", "gerda"];
        let all: BTreeSet<ReplacedName> =
            names.iter().map(|name| ReplacedName::Everywhere((*name).into())).collect();
        let wrong: BTreeSet<ReplacedName> =
            ["carla", "gerda"].map(|name| ReplacedName::Everywhere(name.into())).into();
        let misread = find_misread(&all, |left_out| wrong.is_subset(left_out));
        assert_eq!(misread, wrong);
        assert!(find_misread(&all, |_| true).is_empty());
        assert_eq!(find_misread(&all, |_| false), all);
    }
}
