//! Parsers of outputs that are lists and tables without a form of their own.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{MissingValue, ParseResult, filled_lines};

/// The filled lines in order. No line is an answer: an empty list.
pub(super) fn parse_lines(text: &str) -> ParseResult {
    Ok(filled_lines(text).collect())
}

/// The names of controllers, each once and sorted, in lines of `number:name,name:path`
/// (cgroups(7)). Version 2 names none.
pub(super) fn parse_controllers(text: &str) -> ParseResult {
    let mut names = BTreeSet::new();
    for line in filled_lines(text) {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(list), Some(_)) = (parts.next(), parts.next()) else {
            return Err(MissingValue::unexpected_output("`number:controllers:path`", line));
        };
        names.extend(list.split(',').filter(|name| !name.is_empty()));
    }
    Ok(names.into_iter().collect())
}

/// Lines of `number name` (as `uniq -c` prints them): numbers by name.
pub(super) fn parse_tally(text: &str) -> ParseResult {
    by_name(text, "`number name`", |line| {
        let (number, name) = line.split_once(char::is_whitespace)?;
        Some((name.trim_start(), number.parse::<i64>().ok()?.into()))
    })
}

pub(super) fn parse_word_map(text: &str) -> ParseResult {
    by_name(text, "`name: value`", |line| {
        let (name, words) = line.split_once(':')?;
        Some((name.trim_end(), words.trim_start().into()))
    })
}

/// What `read` finds in each line, by name. A name that stands twice is refused: either value
/// could be the wrong one.
pub(super) fn by_name<'a>(
    text: &'a str,
    wanted: &str,
    read: impl Fn(&'a str) -> Option<(&'a str, Value)>,
) -> ParseResult {
    let mut found = Map::new();
    for line in filled_lines(text) {
        let (name, value) = read(line)
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| MissingValue::unexpected_output(wanted, line))?;
        if found.insert(name.to_owned(), value).is_some() {
            return Err(MissingValue::unexpected_output("every name once", line));
        }
    }
    Ok(found.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MissingReason;
    use serde_json::json;

    #[test]
    fn lines_keep_their_order() {
        assert_eq!(parse_lines("vda\nloop0\n\n").unwrap(), json!(["vda", "loop0"]));
    }

    #[test]
    fn controllers_are_named_once_and_not_at_all_under_version_2() {
        let text = "4:memory:/x\n3:cpu,cpuacct:/x\n2:cpu:/y\n1:name=systemd:/a:b\n";
        let names = json!(["cpu", "cpuacct", "memory", "name=systemd"]);
        assert_eq!(parse_controllers(text).unwrap(), names);
        assert_eq!(parse_controllers("0::/\n").unwrap(), json!([]));
        assert_eq!(parse_controllers("memory\n").unwrap_err().why, MissingReason::Unreadable);
    }

    #[test]
    fn a_tally_is_what_uniq_counts() {
        let text = "      1 ext4\n      9 cgroup\n      2 devpts\n";
        assert_eq!(parse_tally(text).unwrap(), json!({"ext4": 1, "cgroup": 9, "devpts": 2}));
        assert_eq!(parse_tally("ext4\n").unwrap_err().why, MissingReason::Unreadable);
    }

    #[test]
    fn a_map_splits_at_the_first_colon() {
        let text = "l1tf: Not affected\nspec_rstack_overflow: Vulnerable: Safe RET, no microcode\n";
        assert_eq!(
            parse_word_map(text).unwrap(),
            json!({
                "l1tf": "Not affected",
                "spec_rstack_overflow": "Vulnerable: Safe RET, no microcode",
            })
        );
    }

    #[test]
    fn a_name_that_stands_twice_is_refused() {
        assert_eq!(parse_word_map("a: 1\na: 2\n").unwrap_err().why, MissingReason::Unreadable);
    }
}
