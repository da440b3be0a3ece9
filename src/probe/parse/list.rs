//! Parsers of outputs that are lists and tables without a form of their own.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Reading, Unread, filled};

/// The filled lines in order. No line is an answer: an empty list.
pub fn lines(text: &str) -> Reading {
    Ok(filled(text).collect())
}

/// The names of controllers, each once and sorted, in lines of `number:name,name:path`
/// (cgroups(7)). Version 2 names none.
pub fn controllers(text: &str) -> Reading {
    let mut names = BTreeSet::new();
    if filled(text).next().is_none() {
        return Err(Unread::empty());
    }
    for line in filled(text) {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(list), Some(_)) = (parts.next(), parts.next()) else {
            return Err(Unread::unlike("`number:controllers:path`", line));
        };
        names.extend(list.split(',').filter(|name| !name.is_empty()));
    }
    Ok(names.into_iter().collect())
}

/// Lines of `number name` (as `uniq -c` prints them): numbers by name.
pub fn tally(text: &str) -> Reading {
    by_name(text, "`number name`", |line| {
        let (number, name) = line.split_once(char::is_whitespace)?;
        Some((name.trim_start(), number.parse::<i64>().ok()?.into()))
    })
}

/// Lines of `name: words`: words by name.
pub fn map(text: &str) -> Reading {
    by_name(text, "`name: value`", |line| {
        let (name, words) = line.split_once(':')?;
        Some((name.trim_end(), words.trim_start().into()))
    })
}

/// What `read` finds in each line, by name. A name that stands twice is refused: either value
/// could be the wrong one.
pub fn by_name<'a>(
    text: &'a str,
    wanted: &str,
    read: impl Fn(&'a str) -> Option<(&'a str, Value)>,
) -> Reading {
    let mut found = Map::new();
    for line in filled(text) {
        let (name, value) = read(line)
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| Unread::unlike(wanted, line))?;
        if found.insert(name.to_owned(), value).is_some() {
            return Err(Unread::unlike("every name once", line));
        }
    }
    if found.is_empty() { Err(Unread::empty()) } else { Ok(found.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Why;
    use serde_json::json;

    #[test]
    fn lines_keep_their_order() {
        assert_eq!(lines("vda\nloop0\n\n").unwrap(), json!(["vda", "loop0"]));
    }

    #[test]
    fn controllers_are_named_once_and_not_at_all_under_version_2() {
        let text = "4:memory:/x\n3:cpu,cpuacct:/x\n2:cpu:/y\n1:name=systemd:/a:b\n";
        let names = json!(["cpu", "cpuacct", "memory", "name=systemd"]);
        assert_eq!(controllers(text).unwrap(), names);
        assert_eq!(controllers("0::/\n").unwrap(), json!([]));
        assert_eq!(controllers("memory\n").unwrap_err().why, Why::Unreadable);
    }

    #[test]
    fn a_tally_is_what_uniq_counts() {
        let text = "      1 ext4\n      9 cgroup\n      2 devpts\n";
        assert_eq!(tally(text).unwrap(), json!({"ext4": 1, "cgroup": 9, "devpts": 2}));
        assert_eq!(tally("ext4\n").unwrap_err().why, Why::Unreadable);
    }

    #[test]
    fn a_map_splits_at_the_first_colon() {
        let text = "l1tf: Not affected\nspec_rstack_overflow: Vulnerable: Safe RET, no microcode\n";
        assert_eq!(
            map(text).unwrap(),
            json!({
                "l1tf": "Not affected",
                "spec_rstack_overflow": "Vulnerable: Safe RET, no microcode",
            })
        );
    }

    #[test]
    fn a_name_that_stands_twice_is_refused() {
        assert_eq!(map("a: 1\na: 2\n").unwrap_err().why, Why::Unreadable);
    }
}
