//! Labels: the words that say whose value follows.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::vocabulary::label::{ORDINALS, STARTS_OF_ROLES, TRADE, WORDS};
use super::vocabulary::timing_unlike_starts::DISCARDED;
use super::{command, words};
use crate::text::beginning;

pub use super::role::EvidenceRole;
pub(super) use super::role::{
    GuestPlace, LabelRole, OTHER_GUESTS, is_other_runtime, list_roles, role_of, variant_of_name,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineLabel<'a> {
    /// Whose value follows.
    pub role: LabelRole,
    pub words: &'a str,
    /// What stands after it on the line.
    pub rest: &'a str,
}

/// The most bytes that a label may have, so that finding the labels of a line takes time that
/// grows with the line: what stands further into a text is no part of its label.
pub(super) const MAX_LABEL: usize = 256;

/// The label that `text` begins with, if it begins with one that names a role.
pub(super) fn parse_label(text: &str) -> Option<LineLabel<'_>> {
    if text.is_ascii() && !ROLE_WORDS.is_match(text) {
        return None;
    }
    parse_any_label(text)
}

fn parse_any_label(text: &str) -> Option<LineLabel<'_>> {
    if let Some(shown) = text.strip_prefix("# ").and_then(|_| parse_shown_file(text))
        && shown.role != LabelRole::Unclear
    {
        return Some(shown);
    }
    let text = strip_decoration(text);
    // The last is a line of the guest's console in the log of Kata's runtime.
    if text.starts_with("Linux ")
        || words::contains_any(text, &["vm console:", "vmconsole="])
        || text.starts_with('[') && text[1..].trim_start().starts_with(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    parse_shown_file(text)
        .or_else(|| parse_benchmark(text))
        .or_else(|| parse_cluster_name(text))
        .or_else(|| parse_separated_label(text))
        .or_else(|| parse_aligned_label(text))
        .or_else(|| parse_header(text))
}

/// The ASCII words of which every label of ASCII has one, and the mark after the name of a file.
#[allow(clippy::expect_used, reason = "constant words, used by a test")]
static ROLE_WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder().ascii_case_insensitive(true).build(STARTS_OF_ROLES).expect("few words")
});

/// `node01`, `pod/probe-kata`: a node or a pod of a cluster by its name alone.
fn parse_cluster_name(text: &str) -> Option<LineLabel<'_>> {
    let name = text.trim_end_matches(':');
    let is_node = name.strip_prefix("node").is_some_and(|rest| {
        rest.starts_with(['/', '-']) || rest.starts_with(|c: char| c.is_ascii_digit())
    });
    if name.contains(char::is_whitespace) || !(is_node || name.starts_with("pod/")) {
        return None;
    }
    let mut words = name.split(['/', '-', '.', '_']);
    let named = words.find_map(EvidenceRole::of_word).filter(|_| !is_node);
    let role = named.unwrap_or(if is_node { EvidenceRole::Host } else { EvidenceRole::Kata });
    Some(LineLabel { role: LabelRole::One(role), words: name, rest: "" })
}

/// `==> runc-kernel.txt <==`, as head and tail name the files that they show, without the marks at
/// the ends of the line, or `# runc-kernel.txt`, as people do.
fn parse_shown_file(text: &str) -> Option<LineLabel<'_>> {
    let name = text.strip_suffix(" <").or_else(|| text.strip_prefix("# "))?;
    let name = Some(name).filter(|name| !name.contains(char::is_whitespace))?;
    let shown = format!("cat {name}");
    let role = command::role_of_shown_file(&shown).map(LabelRole::One);
    Some(LineLabel { role: role.unwrap_or(LabelRole::Unclear), words: name, rest: "" })
}

/// `Benchmark 1: runc`, as hyperfine heads what it says of a command.
fn parse_benchmark(text: &str) -> Option<LineLabel<'_>> {
    let (number, words) = text.strip_prefix("Benchmark ")?.split_once(": ")?;
    let role = match command::command_role(words) {
        Some(who) => LabelRole::One(who),
        None => role_of(words).unwrap_or(LabelRole::Unclear),
    };
    number.trim_start_matches('#').parse::<u32>().ok().map(|_| LineLabel {
        role,
        words: text,
        rest: "",
    })
}

/// A label that ends with a colon or an equals sign.
fn parse_separated_label(text: &str) -> Option<LineLabel<'_>> {
    let start = beginning(text, MAX_LABEL);
    for separator in [":", "=", "→", "->", " - ", " – ", " — "] {
        let Some(end) = find_outside_brackets(start, separator) else { continue };
        let (head, rest) = (&text[..end], &text[end + separator.len()..]);
        let (outside, _) = words::without_brackets(head);
        let outside = outside.trim();
        // What the runtime and the shim print of themselves.
        let is_of_runtime =
            outside == "kata-runtime" && rest.trim().starts_with(|c: char| c.is_ascii_digit());
        if is_of_runtime || outside == "Kata Containers containerd shim" {
            return None;
        }
        let plausible = outside.chars().count() <= 60
            && words::split_words(outside).count() <= 8
            && !outside.contains(['"', '/', '@', '.', '<', ';'])
                | words::contains_any(outside, &["/proc", "/sys", "/dev"]);
        if plausible && let Some(role) = role_of(head) {
            return Some(LineLabel { role, words: head, rest: rest.trim() });
        }
        if separator == ":" && !head.contains('=') || separator == "=" && start.contains(':') {
            // A colon later in the line would end a sentence, not a label.
            return None;
        }
    }
    None
}

/// One word in a column of its own: `kata    e19f6a70-4c8d-43b2-8f07-1d5a92c6be3f`.
fn parse_aligned_label(text: &str) -> Option<LineLabel<'_>> {
    let (words, rest) = text.split_once(char::is_whitespace)?;
    let role = LabelRole::One(EvidenceRole::of_word(words)?);
    let is_aligned = rest.starts_with(char::is_whitespace) && !rest.trim().contains("  ");
    is_aligned.then(|| LineLabel { role, words, rest: rest.trim() })
}

/// A line that is nothing but a label: a decorated title, or words of the trade only.
fn parse_header(text: &str) -> Option<LineLabel<'_>> {
    // The last of the numbers after the words is the value.
    let mut head = text;
    let mut value = "";
    while let Some((before, word)) = head.rsplit_once(char::is_whitespace)
        && word.chars().all(|c| c.is_ascii_digit())
        && !before.rsplit(char::is_whitespace).next().is_some_and(counts_attempts)
    {
        head = before;
        value = if value.is_empty() { word } else { value };
    }
    // What wsl.exe prints of itself, not a title.
    if matches!(head, "WSL" | "WSL2") {
        return None;
    }
    let (outside, _) = words::without_brackets(head);
    let mut before = "";
    let all_trade = words::split_words(&outside).all(|word| {
        let counts = counts_attempts(std::mem::replace(&mut before, word));
        // `I/O`, `E/S`
        matches!(word, "I" | "O" | "E" | "S")
            || counts && word.chars().all(|c| c.is_ascii_digit())
            || TRADE.contains(&&*words::lower_case(word))
            || EvidenceRole::of_word(word).is_some()
            || is_other_runtime(word)
            || counts_attempts(word)
            || matches!(&*words::lower_case(word), "node" | "pod")
    });
    if words::split_words(&outside).count() > 8 || !all_trade || outside.contains('.') {
        return None;
    }
    role_of(head).map(|role| LineLabel { role, words: head, rest: value })
}

/// Whether the number after a word counts attempts, and is no value: `runc, try 1`.
fn counts_attempts(word: &str) -> bool {
    WORDS.contains(&word.to_lowercase().as_str())
}

/// Whether a title only says which attempt follows, of what stands above it: `--- run 2 ---`,
/// `# second try, after a reboot`.
pub(super) fn heads_attempt(title: &str) -> bool {
    let mut words = words::split_words(strip_decoration(title));
    let (Some(first), second) = (words.next(), words.next()) else { return false };
    let counts = |word: &str| word == "of" || word.chars().all(|c| c.is_ascii_digit());
    counts_attempts(first) && second.is_none_or(counts) && words.all(counts)
        || second.is_some_and(counts_attempts)
            && ORDINALS.contains(&&*words::lower_case(first))
            && !words::contains_any(title, DISCARDED)
}

/// `text` without what Markdown and banners put around it, and without a list number.
pub(super) fn strip_decoration(text: &str) -> &str {
    let mut text = text.trim();
    while let Some(rest) = text.strip_prefix("- ").or_else(|| text.strip_prefix("--")) {
        text = rest.trim_start_matches('-').trim_start();
    }
    text = text.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '#' | '=' | '*' | '_' | '~' | '`' | '>' | '•' | '—' | '–')
    });
    if let Some(rest) = text.strip_suffix("--") {
        text = rest.trim_end_matches('-').trim_end();
    }
    if let Some((_, rest)) = words::leading_digits(text)
        && let Some(rest) = rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") "))
    {
        text = rest.trim_start();
    }
    match text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) if !inner.contains([':', '[']) => inner.trim(),
        _ => text,
    }
}

/// Where the first `separator` begins that stands outside round brackets.
fn find_outside_brackets(text: &str, separator: &str) -> Option<usize> {
    // Most texts have none, which is told sooner than where brackets stand.
    let first = text.find(separator)?;
    if !text[..first].contains(['(', ')']) {
        return Some(first);
    }
    let mut depth = 0_u32;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 && text[at..].starts_with(separator) => return Some(at),
            _ => {}
        }
    }
    None
}

/// Where in `text`, behind a value, a further label begins: `322 Kata VM: 52`.
pub(super) fn next_label(text: &str) -> Option<usize> {
    let mut start = None;
    for (at, c) in text.char_indices() {
        let boundary =
            at == 0 || text[..at].ends_with(|c: char| !c.is_alphanumeric() && c != '(' && c != '-');
        if start.is_none() && c.is_alphabetic() && boundary {
            let word = words::split_words(&text[at..]).next().unwrap_or_default();
            if EvidenceRole::of_word(word).is_some() {
                start = Some(at);
            }
        }
        let Some(from) = start else { continue };
        if matches!(c, ':' | '=') {
            let head = &text[from..at];
            let clean = !head
                .contains(|c: char| c.is_ascii_digit() || matches!(c, '.' | '"' | '@' | ';' | ','));
            if clean && words::split_words(head).count() <= 5 {
                return Some(from);
            }
            start = None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn role(text: &str) -> Option<LabelRole> {
        parse_label(text).map(|label| label.role)
    }

    #[test]
    fn labels_name_their_role() {
        for (text, who) in [
            ("Host kernel (runc uses this): 6.1", EvidenceRole::Host),
            ("Host kernel (runc uses this):6.1", EvidenceRole::Host),
            ("## runc:", EvidenceRole::Runc),
            ("runc container: 60", EvidenceRole::Runc),
            ("== runc startup ==", EvidenceRole::Runc),
            ("Kata VM (separate kernel boot logs):", EvidenceRole::Kata),
            ("KATA GUEST kernel modules:72", EvidenceRole::Kata),
            ("- **Host**: 322", EvidenceRole::Host),
            ("Startup (kata): 0.4s", EvidenceRole::Kata),
            ("Хост: 300", EvidenceRole::Host),
            ("Гостевое ядро: 6.1", EvidenceRole::Kata),
            ("runc startup=400ms", EvidenceRole::Runc),
            ("/proc entries on host: 3", EvidenceRole::Host),
            ("[host]", EvidenceRole::Host),
        ] {
            assert_eq!(role(text), Some(LabelRole::One(who)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_text_without_words_of_roles_has_no_label(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "Host", "runc", "KATA", "vm", "gast", "WSL2", "node01", "pod/x", "worker", "crun",
                "==> x.txt <==", "Benchmark 1: ", "kernel", "start", "model name", "cat ", "try 1",
                "huésped", "хост", ": ", " = ", "=", " ", " ", "(", ")", "==", "#", "- ", "6.1", "12",
            ]), 0..8)
        ) {
            let text = pieces.concat();
            prop_assert_eq!(parse_label(&text), parse_any_label(&text), "{}", text);
        }
    }

    #[test]
    fn values_are_no_labels() {
        for text in [
            "model name\t: Intel(R) Xeon(R)",
            "Linux kata 6.1.2 #1 SMP Fri Nov 14 15:34:06 UTC",
            "[    0.000000] Command line: systemd.unit=kata-containers.target",
            "    link/ether d2:e2:eb:78:ed:94 brd ff:ff:ff:ff:ff:ff",
            "Results for port 3012:",
            "test",
            "hostname: pine",
        ] {
            assert_eq!(role(text), None, "{text}");
        }
        assert_eq!(role("Host vs Kata:"), Some(LabelRole::Unclear));
    }

    #[test]
    fn a_second_label_on_the_line_is_found() {
        assert_eq!(next_label("322 Kata VM: 52"), Some(4));
        assert_eq!(next_label("Linux 6.1 (x@kata) (gcc) #1 SMP 15:34"), None);
    }
}
