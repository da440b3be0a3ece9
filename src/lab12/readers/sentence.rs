//! Values that a sentence of a report states, where there is no doubt of whom it speaks: `Under
//! Kata uname -r printed 6.12.47`, `ls /proc | wc -l gave 402 on the host and 52 under Kata`.

use super::label::{self, EvidenceRole};
use super::vocabulary::sentence::PLAIN;
use super::{kernel, results, words};

pub(super) struct SentenceValue {
    pub who: EvidenceRole,
    pub value: String,
    /// The slot whose file would hold it.
    pub slot: &'static str,
}

/// The values that a line of prose states.
pub(super) fn list_sentence_values(line: &str) -> Vec<SentenceValue> {
    let mut values = Vec::new();
    for sentence in line.split(". ") {
        let Some(slot) = find_measured_slot(sentence) else { continue };
        let joined = sentence
            .replace(" and ", ", ")
            .replace(" vs ", ", ")
            .replace(" vs. ", ", ")
            .replace(" et ", ", ")
            .replace(" и ", ", ")
            .replace("; ", ", ");
        let (mut clauses, mut lead) = (Vec::new(), String::new());
        for clause in
            joined.split(", ").filter(|clause| super::shim::version_in_prose(clause).is_none())
        {
            // `Under runc, uname -r gives 6.8.0` speaks of runc.
            let is_lead = words::split_words(clause).count() == 2
                && words::split_words(clause).all(is_plain_word);
            let has_figure = clause.split_whitespace().any(|word| {
                word.trim_start_matches(['`', '~', '(', '*'])
                    .starts_with(|c: char| c.is_ascii_digit())
            });
            if has_figure {
                clauses.push(format!("{lead}{clause}"));
            }
            lead = if is_lead { format!("{clause} ") } else { String::new() };
        }
        // A figure that is not understood makes those next to it uncertain.
        let read: Option<Vec<SentenceValue>> =
            clauses.iter().map(|clause| read_clause(clause, slot)).collect();
        values.extend(read.into_iter().flatten());
    }
    values
}

/// The slot of what a sentence speaks of; none if it speaks of nothing or of several things.
fn find_measured_slot(sentence: &str) -> Option<&'static str> {
    const SLOTS: [(&str, &[&str]); 6] = [
        ("results/io-bench.txt", &["kb/s", "mb/s", "gb/s", "mib/s", "gib/s"]),
        ("results/devices.txt", &["ls /dev ", "in /dev", "в /dev", "/dev entries", "/dev has"]),
        ("isolation/proc.txt", &["/proc"]),
        ("isolation/modules.txt", &["/sys/module"]),
        ("results/kernels.txt", &["kernel", "uname", "ядро", "noyau"]),
        ("results/startup-bench.txt", &["start", "real", "time"]),
    ];
    let mut named = SLOTS.iter().filter(|(_, words)| words::contains_any(sentence, words));
    let first = named.next()?;
    named.next().is_none().then_some(first.0)
}

/// The one value and the one target in a clause, if nothing else is in it.
fn read_clause(clause: &str, slot: &'static str) -> Option<SentenceValue> {
    // A remark that takes nothing back.
    let (outside, remark) = words::without_brackets(clause);
    let is_harmless = label::list_roles(&outside).len() == 1
        && !remark.contains(|c: char| c.is_ascii_digit())
        && !words::is_hypothetical(&remark)
        && !words::contains_any(&remark, &["doc", "not", "default", "latest", "friend", "web"]);
    let clause = if is_harmless { outside.as_str() } else { clause };
    let [who] = label::list_roles(clause)[..] else { return None };
    let mut value: Option<String> = None;
    let mut tokens = clause.split_whitespace().peekable();
    while let Some(token) = tokens.next() {
        let plain = token.trim_matches(|c: char| matches!(c, '`' | '*' | '(' | ')' | ':' | '"'));
        let plain = plain.trim_end_matches(['.', ';', '`', '*', ')']);
        if plain.starts_with(|c: char| c.is_ascii_digit()) {
            let unit = tokens.next_if(|next| {
                let unit = next.trim_matches(['`', '.', ')', '*']);
                words::TimeUnit::from_name(unit).is_some() || unit.ends_with("B/s")
            });
            let text = unit.map_or(plain.to_string(), |unit| {
                format!("{plain} {}", unit.trim_matches(['`', '.', ')', '*']))
            });
            if value.is_some() || !is_value_for(slot, &text) {
                return None;
            }
            value = Some(text);
        } else if !words::split_words(plain).all(is_plain_word) {
            return None;
        }
    }
    value.map(|value| SentenceValue { who, value, slot })
}

fn is_plain_word(word: &str) -> bool {
    let lower = word.to_lowercase();
    PLAIN.split_whitespace().any(|plain| plain == lower) || !label::list_roles(word).is_empty()
}

/// Whether a text has the form of what the slot's file holds.
fn is_value_for(slot: &str, text: &str) -> bool {
    match slot {
        "results/kernels.txt" => kernel::parse_kernel_release(text).is_some(),
        "results/startup-bench.txt" => words::leading_duration(text)
            .is_some_and(|(_, has_unit, rest)| has_unit && rest.is_empty()),
        "results/io-bench.txt" => results::parse_write_rate(text, "").is_some(),
        _ => text.chars().all(|c| c.is_ascii_digit()),
    }
}
