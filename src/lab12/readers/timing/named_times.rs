//! Times whose role stands next to them and not above: by the command, or by a name.

use super::names::is_run;
use super::programs::parse_zsh_time;
use crate::lab12::readers::command::command_role;
use crate::lab12::readers::label::{self, EvidenceRole};
use crate::lab12::readers::page::{LabelledPart, LineKind, PageLine};
use crate::lab12::readers::vocabulary::timing_named_times::BETWEEN;
use crate::lab12::readers::vocabulary::timing_unlike_starts::MACHINES;
use crate::lab12::readers::words;

/// The label of a time next to the name of its runtime, where that is no further one of its kind.
pub(super) const PLAIN_NAME: &str = "name";

/// Takes the lines that name a role by themselves out of the parts without a label, each as a part
/// of its own, or as one for each role.
pub(super) fn split_named_times(parts: &mut Vec<LabelledPart>) {
    for part in std::mem::take(parts) {
        if part.who.is_some() {
            parts.push(part);
            continue;
        }
        let mut rest = LabelledPart { lines: Vec::new(), ..part.clone() };
        for line in part.lines {
            let named = list_named_times(&line);
            if named.is_empty() {
                rest.lines.push(line);
                continue;
            }
            parts.extend(named.into_iter().map(|(who, text)| LabelledPart {
                who: Some(who),
                label: label::variant_of_name(&line.text).unwrap_or(PLAIN_NAME).into(),
                line: line.number,
                lines: vec![PageLine::new(line.number, &text, true)],
                ..LabelledPart::default()
            }));
        }
        parts.push(rest);
    }
}

/// A role next to a time on its line: by the command that zsh names, by a name just before the
/// time, or by one in brackets just after it: `runc took 0.6 s, Kata took 2.1 s`, `real 0m0.6s (runc)`,
/// `runc,0.612`, `{"runc": 0.6}`.
fn list_named_times(line: &PageLine) -> Vec<(EvidenceRole, String)> {
    match parse_zsh_time(&line.text).and(command_role(&line.text)) {
        Some(who) => vec![(who, line.text.clone())],
        None if line.kind == LineKind::Text => times_with_roles(&line.text),
        None => Vec::new(),
    }
}

/// The times on a line with the roles that are named next to them; none if anything else stands
/// there that could be meant.
fn times_with_roles(text: &str) -> Vec<(EvidenceRole, String)> {
    let plain: String =
        text.chars().map(|c| if matches!(c, '{' | '}' | '"' | '|') { ' ' } else { c }).collect();
    let plain = without_run_or_clock(plain.trim());
    if let Some((value, name)) = plain.strip_suffix(')').and_then(|head| head.rsplit_once('('))
        && let Some(who) = runtime_of_name(name.trim())
    {
        return vec![(who, value.trim().to_string())];
    }
    let mut starts: Vec<(usize, EvidenceRole)> = Vec::new();
    for word in words::split_words(plain) {
        let at = word.as_ptr() as usize - plain.as_ptr() as usize;
        starts.extend(runtime_of_name(word).map(|who| (at, who)));
    }
    if starts.first().is_none_or(|start| start.0 > 0) {
        return Vec::new();
    }
    let ends = starts.iter().skip(1).map(|start| start.0).chain([plain.len()]);
    let segments = starts.iter().zip(ends).map(|(&(start, who), end)| {
        let mut rest = &plain[start + 4..end];
        // `kata-fc 1.21s`
        let machine = MACHINES.iter().find_map(|it| rest.strip_prefix('-')?.strip_prefix(it));
        rest = machine.unwrap_or(rest);
        rest = rest.trim_start_matches([' ', '\t', ',', ';', ':', '=', '-']);
        // `Kata 3.23.0: 2.14 s`
        if let Some((version, behind)) = rest.split_once(':')
            && version.matches('.').count() == 2
            && version.chars().all(|c| c.is_ascii_digit() || c == '.')
        {
            rest = behind.trim_start();
        }
        while let Some(word) = words::split_words(rest)
            .next()
            .filter(|word| BETWEEN.contains(word) && rest.starts_with(word))
        {
            rest = rest[word.len()..].trim_start_matches([' ', '\t', ':', '=']);
        }
        let value = rest.trim().trim_end_matches([',', ';', '.']).trim_end_matches(" and");
        value.starts_with(|c: char| c.is_ascii_digit()).then(|| (who, value.to_string()))
    });
    segments.collect::<Option<Vec<_>>>().unwrap_or_default()
}

fn runtime_of_name(word: &str) -> Option<EvidenceRole> {
    match word.to_lowercase().as_str() {
        "runc" => Some(EvidenceRole::Runc),
        "kata" => Some(EvidenceRole::Kata),
        _ => None,
    }
}

/// A line without what counts or dates it: `run 1: runc 0.81s`, `2026-05-01 12:00:01 runc 0.68s`.
fn without_run_or_clock(mut text: &str) -> &str {
    while let Some((word, behind)) = text.split_once(' ') {
        let marks = word.chars().filter(|c| matches!(c, ':' | '-')).count();
        let bare = word.trim_matches(['[', ']', '#', ':', '.', ')']);
        let is_number = !bare.is_empty() && bare.chars().all(|c| c.is_ascii_digit());
        let dates = marks > 1 && bare.starts_with(|c: char| c.is_ascii_digit());
        let counts = is_run(word)
            && !word.starts_with("runc")
            && behind.starts_with(|c: char| c.is_ascii_digit() || c == '#');
        if !(is_number || dates || counts) {
            break;
        }
        text = behind.trim_start();
    }
    text
}
