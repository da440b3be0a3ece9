//! Words that are a fact's value, and so are no names although somebody may be called so.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

use super::words::names::PRODUCTS;
use crate::model::{Fact, FactId, Facts, fact_ids};

const MAX_WORD: usize = 64;

#[derive(Debug, Clone, Default)]
pub(super) struct KeptWords(BTreeSet<String>);

impl KeptWords {
    /// The words in these facts, but for those that stand where a name does: the builder in a
    /// kernel's banner, the host in `uname -a`, the values on a kernel's command line.
    pub(super) fn words_in_facts(facts: &Facts) -> Self {
        let mut words = BTreeSet::new();
        for (id, by_target) in facts.iter().filter(|(id, _)| PRODUCTS.contains(&id.as_str())) {
            let values = by_target.values().filter_map(Fact::as_value);
            let texts = values.flat_map(|value| match value {
                Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
                value => Vec::from_iter(value.as_str()),
            });
            for value in texts {
                let value = match (FactId::from_text(id), value.split_once(" (")) {
                    (
                        fact_ids::KERNEL_BANNER | fact_ids::KERNEL_DMESG_BANNER,
                        Some((release, rest)),
                    ) => {
                        let rest = rest.split_once(')').map_or("", |(_, rest)| rest);
                        format!("{release} {rest}")
                    }
                    (fact_ids::KERNEL_UNAME, _) => {
                        value.splitn(3, ' ').nth(2).unwrap_or_default().into()
                    }
                    // What follows `--` is the arguments of the first program.
                    (fact_ids::KERNEL_CMDLINE, _) => {
                        let line = value.split(" -- ").next().unwrap_or_default();
                        let names =
                            line.split_whitespace().filter_map(|word| word.split('=').next());
                        names.collect::<Vec<_>>().join(" ")
                    }
                    _ => value.into(),
                };
                words.extend(value.split(ends_word).map(trim_word).map(String::from));
            }
        }
        Self(words)
    }

    /// Whether a part of a text belongs to such a word.
    pub(super) fn holds_range(&self, text: &str, range: &Range<usize>) -> bool {
        if self.0.is_empty() || range.len() > MAX_WORD {
            return false;
        }
        let before = text[..range.start].char_indices().rev().take(MAX_WORD);
        let start =
            before.take_while(|(_, c)| !ends_word(*c)).last().map_or(range.start, |(at, _)| at);
        let after = text[range.end..].char_indices().take(MAX_WORD);
        let end = after.take_while(|(_, c)| !ends_word(*c)).last();
        let end = end.map_or(range.end, |(at, c)| range.end + at + c.len_utf8());
        self.0.contains(trim_word(&text[start..end]))
    }
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || "()[]{}<>\"'`=,;|".contains(c)
}

fn trim_word(word: &str) -> &str {
    word.trim_matches(|c: char| matches!(c, '.' | ':' | '*'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FactSource;

    #[test]
    fn words_of_products_are_kept_and_those_of_people_are_not() {
        let mut facts = Facts::new();
        for (id, value) in [
            ("cpu.model", "AMD EPYC 7763 64-Core Processor"),
            ("kernel.banner", "Linux version 6.12.47 (marta@pine) (gcc) #1 SMP"),
            ("kernel.uname", "Linux oak 6.8.0-45-generic #45 SMP"),
            ("kernel.cmdline", "quiet agent.log=debug systemd.hostname=elm -- secret"),
            ("proc.pid1_comm", "ash"),
        ] {
            let by_target = facts.entry(id.into()).or_default();
            by_target.insert("kata".into(), Fact::from_value(value, FactSource::new("a", 1)));
        }
        let kept = KeptWords::words_in_facts(&facts);
        let holds = |text: &str, part: &str| {
            let start = text.find(part).unwrap();
            kept.holds_range(text, &(start..start + part.len()))
        };
        assert!(holds("model name: AMD EPYC 7763 64-Core", "EPYC"));
        assert!(holds("on a 64-Core.", "Core"));
        assert!(holds("| 6.8.0-45-generic |", "generic"));
        assert!(holds("agent.log=debug", "agent"));
        for (text, part) in [
            ("hi epyc", "epyc"),
            ("(marta@pine)", "pine"),
            ("Linux oak 6.8.0", "oak"),
            ("hostname=elm", "elm"),
            ("secret", "secret"),
            ("ash", "ash"),
            ("/home/Core/x", "Core"),
        ] {
            assert!(!holds(text, part), "{text}");
        }
    }
}
