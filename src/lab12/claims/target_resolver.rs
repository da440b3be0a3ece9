//! Whose value it is: the target that the words around a value name.

use std::ops::Range;

use super::quantity::StatedQuantity;
use super::sentence::ReportSentence;
use super::words::SentenceWords;
use crate::knowledge::is_runtime;
use crate::model::Role;
use crate::report::Assessment;

/// What the only candidate of a run is called.
const SANDBOXES: &[&str] =
    &["guest", "vm", "microvm", "guests", "gast", "gasts", "gastkernel", "invité", "invitado"];

/// The targets of a run and the words that name them.
#[derive(Debug)]
pub(super) struct TargetResolver {
    names: Vec<(String, Option<String>)>,
}

/// A word that names a target; none if the run has no such target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TargetMention {
    /// Where it stands.
    pub range: Range<usize>,
    /// The target.
    pub target: Option<String>,
}

impl TargetResolver {
    /// The targets of a run.
    pub(super) fn new(subject: &Assessment) -> Self {
        let run = &subject.run;
        let first = |role: Role| run.with_role(role).next().map(|target| target.name.clone());
        let mut candidates = run.with_role(Role::Candidate);
        let alone = match (candidates.next(), candidates.next()) {
            (Some(one), None) => Some(one.name.clone()),
            _ => None,
        };
        let named = |name: &str| run.find_target(name).map(|target| target.name.clone());
        let is_named = |runtime: &str| {
            let own = run.targets.iter().find(|target| is_runtime(run, target, runtime));
            named(runtime).or_else(|| own.map(|target| target.name.clone()))
        };
        let gvisor = is_named("gvisor").or_else(|| is_named("runsc"));
        let mut names = vec![
            ("host".into(), first(Role::Host)),
            ("hosts".into(), first(Role::Host)),
            ("wirt".into(), first(Role::Host)),
            ("hôte".into(), first(Role::Host)),
            ("anfitrión".into(), first(Role::Host)),
            ("kata".into(), is_named("kata")),
            ("runc".into(), is_named("runc")),
            ("gvisor".into(), gvisor.clone()),
            ("runsc".into(), gvisor),
        ];
        for word in SANDBOXES {
            names.push(((*word).into(), alone.clone()));
        }
        for word in ["хост", "хосте", "хоста", "хостовых"] {
            names.push((word.into(), first(Role::Host)));
        }
        for word in ["гость", "госте", "гостя", "вм"] {
            names.push((word.into(), alone.clone()));
        }
        for word in ["crun", "youki", "firecracker", "windows", "wsl", "laptop", "docker"] {
            names.push((word.into(), named(word)));
        }
        for target in &run.targets {
            if !names.iter().any(|(word, _)| *word == target.name) {
                names.push((target.name.to_lowercase(), Some(target.name.clone())));
            }
        }
        Self { names }
    }

    /// The mentions of targets in a text; neighbours that name the same are one.
    pub(super) fn find_mentions(&self, text: &str) -> Vec<TargetMention> {
        let mut out: Vec<TargetMention> = Vec::new();
        let mut start = None;
        for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
            match (c.is_alphanumeric(), start) {
                (true, None) => start = Some(at),
                (false, Some(from)) => {
                    start = None;
                    let word = text[from..at].to_lowercase();
                    let Some(target) = self.of_word(&word) else { continue };
                    let target = match name_of_variant(&word, &text[at..]) {
                        Some(name) => self.of_word(&name).flatten(),
                        None => target,
                    };
                    // `localhost`-like words and paths are no mentions.
                    let glued = text[..from].ends_with(['.', '/', '@'])
                        || text[at..].starts_with(['/', '@']);
                    if glued {
                        continue;
                    }
                    match out.last_mut() {
                        // “Kata VM”, where several candidates have one
                        Some(last)
                            if target.is_none()
                                && last.target.is_some()
                                && last.target.as_deref() != self.named_target("host")
                                && SANDBOXES.contains(&word.as_str())
                                && text[last.range.end..from].chars().all(char::is_whitespace) =>
                        {
                            last.range.end = at;
                        }
                        Some(last)
                            if last.target == target
                                && text[last.range.end..from].chars().all(|c| {
                                    !c.is_alphanumeric() && !matches!(c, '.' | ',' | ';')
                                }) =>
                        {
                            last.range.end = at;
                        }
                        _ => out.push(TargetMention { range: from..at, target }),
                    }
                }
                _ => {}
            }
        }
        self.merge_compounds(text, out)
    }

    /// “Host kernel (runc uses this)” speaks of the host, “Kata on the host” of Kata.
    fn merge_compounds(&self, text: &str, mentions: Vec<TargetMention>) -> Vec<TargetMention> {
        let in_brackets = |range: &Range<usize>| {
            let open = text[..range.start].rfind('(');
            let closed = text[..range.start].rfind(')');
            open.is_some()
                && open > closed
                && text[range.end..].find([')', '(']).is_some_and(|at| {
                    // Alone in its brackets, it labels what stands before them.
                    let inside = &text[open.unwrap_or(0) + 1..range.end + at];
                    inside.split_whitespace().count() > 2
                        && !inside.contains([',', '/'])
                        && !inside.contains(" and ")
                        && !inside.chars().any(|c| c.is_ascii_digit())
                })
        };
        mentions.into_iter().filter(|mention| !in_brackets(&mention.range)).collect()
    }

    fn of_word(&self, word: &str) -> Option<Option<String>> {
        self.names.iter().find(|(name, _)| name == word).map(|(_, target)| target.clone())
    }

    /// The target that a word names.
    pub(super) fn named_target(&self, word: &str) -> Option<&str> {
        self.names.iter().find(|(name, _)| name == word)?.1.as_deref()
    }

    /// The one target that a text names.
    pub(super) fn single_target(&self, text: &str) -> Option<String> {
        let mut targets: Vec<Option<String>> =
            self.find_mentions(text).into_iter().map(|mention| mention.target).collect();
        targets.dedup();
        match &targets[..] {
            [Some(one)] => Some(one.clone()),
            _ => None,
        }
    }

    /// Whose value the quantity at `index` is, where the words leave no doubt.
    pub(super) fn attribute_quantity(
        &self,
        words: &SentenceWords,
        sentence: &ReportSentence,
        all: &[StatedQuantity],
        index: usize,
    ) -> Option<String> {
        let text = sentence.text;
        let mentions = self.find_mentions(text);
        if mentions.is_empty() {
            return self.labelled_target(words, sentence);
        }
        if let Some((listed, _)) = listed_target(text, &mentions, all, index) {
            return Some(listed);
        }
        let own = &all[index].range;
        let from = index.checked_sub(1).map_or(0, |before| all[before].range.end);
        let until = all.get(index + 1).map_or(text.len(), |after| after.range.start);
        // “332 on the host and 72”: the host is taken.
        let is_taken =
            |mention: &TargetMention| from > 0 && is_postfix(&text[from..mention.range.start]);
        let mut before: Vec<&TargetMention> = mentions
            .iter()
            .filter(|mention| mention.range.start >= from && mention.range.end <= own.start)
            .filter(|mention| !is_taken(mention))
            .collect();
        // “Kata boots its own guest kernel” names one.
        before.reverse();
        before.dedup_by(|one, other| one.target == other.target);
        let after = mentions
            .iter()
            .find(|mention| mention.range.start >= own.end && mention.range.end <= until)
            .filter(|mention| is_postfix(&text[own.end..mention.range.start]));
        match (&before[..], after) {
            ([], Some(after)) => after.target.clone(),
            // “on the host, only 52”: the host is that of the value before.
            ([one], None)
                if from > 0
                    && text[one.range.end..own.start].contains(',')
                    && !text[from..one.range.start].contains([',', ';', '.']) =>
            {
                None
            }
            ([one], None) if is_compared_with(text, one) => None,
            ([one], None) if is_near(words, &text[one.range.end..own.start]) => one.target.clone(),
            ([one], Some(after)) if one.target == after.target => one.target.clone(),
            _ => None,
        }
    }

    /// The target that the row, the column or the label above names.
    fn labelled_target(&self, words: &SentenceWords, sentence: &ReportSentence) -> Option<String> {
        if let Some((row, column)) = sentence.cell_labels() {
            let named = [column, row].map(|label| self.find_mentions(label));
            let mut targets = named.iter().flatten().map(|mention| &mention.target);
            let first = targets.next();
            if let Some(target) = first {
                return targets.all(|other| other == target).then(|| target.clone()).flatten();
            }
        }
        // The nearest label that names one decides; prose above names no owner.
        let above = sentence.topics.iter().take(4);
        let (label, mentions) = above
            .map(|topic| (topic, self.find_mentions(topic)))
            .find(|(_, mentions)| !mentions.is_empty())?;
        let target = &mentions[0].target;
        let is_label =
            words.label.is_match(label) && mentions.iter().all(|mention| mention.target == *target);
        is_label.then(|| target.clone()).flatten()
    }
}

/// The name of the runtime with another hypervisor than its usual one, which is another target:
/// `kata-clh`, “Kata (Firecracker)”.
fn name_of_variant(runtime: &str, after: &str) -> Option<String> {
    const HYPERVISORS: &[&str] =
        &["clh", "fc", "firecracker", "cloud", "dragonball", "stratovirt", "remote", "acrn"];
    let behind = after.strip_prefix(['-', '_', '/', '+']).or_else(|| after.strip_prefix(" ("))?;
    let end = behind.find(|c: char| !c.is_alphanumeric()).unwrap_or(behind.len());
    let hypervisor = behind[..end].to_lowercase();
    (runtime == "kata" && HYPERVISORS.contains(&&*hypervisor))
        .then(|| format!("{runtime}-{hypervisor}"))
}

/// “0.5 s, 2.1 s and 0.8 s for runc, Kata and gVisor”: as many targets as values, one list after the
/// other, with the words between them.
pub(super) fn listed_target<'t>(
    text: &'t str,
    mentions: &[TargetMention],
    all: &[StatedQuantity],
    index: usize,
) -> Option<(String, &'t str)> {
    const LINKS: &[&str] = &[
        "for", "of", "on", "under", "with", "in", "für", "bei", "von", "unter", "auf", "para",
        "en", "pour", "sous",
    ];
    let form = std::mem::discriminant(&all[index].value);
    let follows = |before: &Range<usize>, next: &Range<usize>| {
        text.get(before.end..next.start).is_some_and(|between| {
            let mut words = between.split(|c: char| c == ',' || c == '&' || c.is_whitespace());
            words.all(|word| ["", "and", "und", "y", "et", "the"].contains(&word))
        })
    };
    let are_listed = |pair: &[StatedQuantity]| {
        let is_alike = pair.iter().all(|one| std::mem::discriminant(&one.value) == form);
        is_alike && follows(&pair[0].range, &pair[1].range)
    };
    let first = (0..index).rev().take_while(|at| are_listed(&all[*at..at + 2])).last();
    let first = first.unwrap_or(index);
    let values = 1 + all[first..].windows(2).take_while(|pair| are_listed(pair)).count();
    let end = all[first + values - 1].range.end;
    let behind = &mentions[mentions.iter().position(|one| one.range.start >= end)?..];
    let next = all.get(first + values).map_or(text.len(), |next| next.range.start);
    let named = 1 + behind
        .windows(2)
        .take_while(|pair| follows(&pair[0].range, &pair[1].range) && pair[1].range.end <= next)
        .count();
    let between = text[end..behind[0].range.start].trim_end().trim_end_matches(" the");
    let is_short = between.split_whitespace().count() <= 5 && !between.contains([',', ';', '(']);
    let is_linked = between.split_whitespace().last().is_some_and(|word| LINKS.contains(&word));
    let is_list =
        values > 1 && values == named && behind[0].range.end <= next && is_short && is_linked;
    is_list.then(|| Some((behind[index - first].target.clone()?, between))).flatten()
}

/// “than runc: 8 s”: the value is that of what was compared with it.
pub(super) fn is_compared_with(text: &str, mention: &TargetMention) -> bool {
    let before = text[..mention.range.start].split_whitespace().next_back().unwrap_or_default();
    ["than", "as", "als", "wie", "vs", "vs.", "versus", "unlike", "against", "to"]
        .contains(&before.to_lowercase().as_str())
}

/// Whether no clause ends between a name and its value.
fn is_near(words: &SentenceWords, between: &str) -> bool {
    between.split_whitespace().count() <= 9 && !words.contrast.is_match(between)
}

/// Whether the words between a value and a name make the name the value's: “on the”, “(”.
fn is_postfix(between: &str) -> bool {
    const LINKS: &[&str] = &[
        "on", "in", "under", "inside", "within", "for", "from", "of", "with", "by", "auf", "im",
        "unter", "sous",
    ];
    let lower = ["/proc", "/sys/module", "/dev"]
        .iter()
        .fold(between.to_lowercase(), |text, path| text.replace(path, "folder"));
    if lower.contains([',', ';', '.', ':', '/']) {
        return false;
    }
    if let Some((head, inside)) = lower.split_once('(') {
        return head.split_whitespace().count() <= 3 && inside.split_whitespace().count() <= 1;
    }
    let words: Vec<&str> = lower.split_whitespace().collect();
    let Some(link) = words.iter().rposition(|word| LINKS.contains(word)) else { return false };
    let articles = words[link + 1..]
        .iter()
        .all(|word| matches!(*word, "the" | "a" | "an" | "my" | "our" | "its" | "dem" | "der"));
    let clean = !words[..link].iter().any(|word| {
        matches!(
            *word,
            "and"
                | "while"
                | "but"
                | "vs"
                | "than"
                | "versus"
                | "whereas"
                | "or"
                | "und"
                | "während"
                | "aber"
                | "gegenüber"
                | "als"
                | "et"
                | "y"
        )
    });
    articles && clean && link <= 7
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::judge::rules::testing::sketch;
    use crate::lab12::claims::passages::read_passages;
    use crate::lab12::claims::quantity::find_quantities;
    use crate::lab12::claims::sentence::split_sentences;
    use crate::lab12::claims::words::ClaimVocabulary;
    use crate::report::ProjectData;
    use crate::store::LoadedRun;

    static VOCABULARY: LazyLock<ClaimVocabulary> =
        LazyLock::new(|| ClaimVocabulary::load(None).unwrap());

    fn resolver() -> TargetResolver {
        let sketch = sketch();
        let loaded =
            LoadedRun { run: sketch.run, integrity: sketch.integrity, origin: "a test".into() };
        TargetResolver::new(
            &Assessment::new(loaded, &ProjectData::load_data(None).unwrap()).unwrap(),
        )
    }

    /// For each quantity the target.
    fn owners(text: &str) -> Vec<String> {
        let resolver = resolver();
        let words = &VOCABULARY.words;
        let mut out = Vec::new();
        for passage in read_passages(text) {
            for sentence in split_sentences(&passage, words) {
                let all = find_quantities(sentence.text, words);
                out.extend((0..all.len()).map(|index| {
                    let target = resolver.attribute_quantity(words, &sentence, &all, index);
                    target.unwrap_or_else(|| "-".into())
                }));
            }
        }
        out
    }

    #[test]
    fn a_value_belongs_to_the_target_that_its_words_name() {
        for (text, wanted) in [
            ("While host has 332 processes, kata sees only 52 entries", vec!["host", "kata"]),
            ("332 modules on the host and 72 in the Kata VM", vec!["host", "kata"]),
            ("host (322) and guest (52)", vec!["host", "kata"]),
            ("322 and 52 entries for Kata and the host", vec!["kata", "host"]),
            ("it took 0.7 s and 2.5 s for Kata and runc respectively", vec!["kata", "runc"]),
            ("0.7 s and 2.5 s are the worst cases of Kata and runc", vec!["kata", "runc"]),
            ("0.7 s and 2.5 s for Kata", vec!["-", "kata"]),
            ("322 (host) vs 52 (Kata)", vec!["host", "kata"]),
            ("auf dem Host sind es 322 und im Gast 52 Einträge", vec!["host", "kata"]),
            ("host vs kata: 322 vs 52", vec!["-", "-"]),
            ("The host has 332 modules and 322 entries", vec!["host", "-"]),
            ("Kata took 2 s, compared to 1 s", vec!["kata", "-"]),
            (
                "12 entries in `/proc` on the host, only 6 in `/proc` inside Kata",
                vec!["host", "kata"],
            ),
            ("12 entries on the host, only 6", vec!["host", "-"]),
            ("It starts more slowly than runc: 8 s", vec!["-"]),
            ("Sandboxes (Kata and runc) show 6 entries", vec!["-"]),
            ("Kata and host differ a lot, by 30 entries", vec!["-"]),
            ("Kata guest kernel modules: 72", vec!["kata"]),
            ("runsc shows 30 entries", vec!["-"]),
            ("There are 30 entries", vec!["-"]),
        ] {
            assert_eq!(owners(text), wanted, "{text}");
        }
    }

    #[test]
    fn rows_columns_and_labels_name_a_target() {
        assert_eq!(owners("| | host | Kata |\n|-|-|-|\n| /proc | 322 | 52 |\n"), ["host", "kata"]);
        assert_eq!(owners("| | /proc |\n|-|-|\n| host | 322 |\n"), ["host"]);
        assert_eq!(owners("- runc:\n  It took 4 s.\n"), ["runc"]);
        assert_eq!(owners("### Kata VM\n\n- Kernel: 6.12.47\n"), ["kata"]);
        assert_eq!(owners("### Install and configure Kata\n\n- Kernel: 6.12.47\n"), ["-"]);
        assert_eq!(owners("| runc vs Kata | time |\n|-|-|\n| start | 3 s |\n"), ["-"]);
    }

    #[test]
    fn a_remark_in_brackets_is_not_whose_value_it_is() {
        assert_eq!(owners("Host kernel (runc uses this): 322"), ["host"]);
    }
}
