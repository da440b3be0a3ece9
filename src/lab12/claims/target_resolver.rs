//! Whose value it is: the target that the words around a value name.

use std::ops::Range;

use super::passages::PassageForm;
use super::quantity::StatedQuantity;
use super::sentence::ReportSentence;
use crate::knowledge::is_runtime;
use crate::model::Role;
use crate::report::Assessment;

/// The targets of a run and the words that name them.
#[derive(Debug)]
pub(super) struct TargetResolver {
    names: Vec<(String, Option<String>)>,
}

/// Whose value it is, and how sure that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribution {
    /// The name of the target.
    pub target: String,
    /// Whether the words leave no doubt. A contradiction needs that.
    pub clear: bool,
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
            ("kata".into(), is_named("kata")),
            ("runc".into(), is_named("runc")),
            ("gvisor".into(), gvisor.clone()),
            ("runsc".into(), gvisor),
        ];
        for word in ["guest", "vm", "microvm", "guests"] {
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
                    // `localhost`-like words and paths are no mentions.
                    let glued = text[..from].ends_with(['.', '/', '@'])
                        || text[at..].starts_with(['/', '@']);
                    if glued {
                        continue;
                    }
                    match out.last_mut() {
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
                        && !inside.chars().any(|c| c.is_ascii_digit())
                })
        };
        mentions.into_iter().filter(|mention| !in_brackets(&mention.range)).collect()
    }

    fn of_word(&self, word: &str) -> Option<Option<String>> {
        self.names.iter().find(|(name, _)| name == word).map(|(_, target)| target.clone())
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

    /// Whose value the quantity at `index` is.
    pub(super) fn attribute_quantity(
        &self,
        sentence: &ReportSentence,
        all: &[StatedQuantity],
        index: usize,
    ) -> Option<Attribution> {
        let text = sentence.text;
        let mentions = self.find_mentions(text);
        let own = &all[index].range;
        let from = index.checked_sub(1).map_or(0, |before| all[before].range.end);
        let until = all.get(index + 1).map_or(text.len(), |after| after.range.start);
        // “332 on the host and 72”: the host is taken.
        let taken =
            |mention: &TargetMention| from > 0 && is_postfix(&text[from..mention.range.start]);
        let before: Vec<&TargetMention> = mentions
            .iter()
            .filter(|mention| mention.range.start < from || !taken(mention))
            .filter(|mention| mention.range.start >= from && mention.range.end <= own.start)
            .collect();
        let after = mentions
            .iter()
            .find(|mention| mention.range.start >= own.end && mention.range.end <= until)
            .filter(|mention| is_postfix(&text[own.end..mention.range.start]));
        let who = |mention: &TargetMention, clear: bool| {
            mention.target.clone().map(|target| Attribution { target, clear })
        };
        match (&before[..], after) {
            ([], Some(after)) => who(after, true),
            ([one], None) => who(one, self.is_near(&text[one.range.end..own.start])),
            ([one], Some(after)) if one.target == after.target => who(one, true),
            // “While Kata has 52, 322 on the host”: the nearer words are behind.
            ([one], Some(after)) => {
                let labels = text[after.range.start.saturating_sub(1)..].starts_with('(')
                    || own.start - one.range.end > after.range.start - own.end;
                who(if labels { after } else { one }, false)
            }
            ([], None) if mentions.is_empty() => self.of_topics(sentence),
            ([], None) => {
                let earlier =
                    mentions.iter().rev().find(|mention| mention.range.end <= own.start)?;
                self.in_order(&mentions, all, index, own)
                    .or_else(|| earlier.target.clone())
                    .map(|target| Attribution { target, clear: false })
            }
            (_, Some(after)) => who(after, false),
            (several, None) => self
                .in_order(&mentions, all, index, own)
                .or_else(|| several.last().and_then(|last| last.target.clone()))
                .map(|target| Attribution { target, clear: false }),
        }
    }

    /// “host against Kata: 322 against 52”.
    fn in_order(
        &self,
        mentions: &[TargetMention],
        all: &[StatedQuantity],
        index: usize,
        own: &Range<usize>,
    ) -> Option<String> {
        let ahead: Vec<&TargetMention> = mentions
            .iter()
            .filter(|mention| mention.range.end <= all.first().map_or(own.start, |q| q.range.start))
            .collect();
        (ahead.len() == all.len() && ahead.len() == mentions.len())
            .then(|| ahead[index].target.clone())
            .flatten()
    }

    /// Whether no clause ends between a name and its value.
    fn is_near(&self, between: &str) -> bool {
        between.split_whitespace().count() <= 9
            && !between.contains([';', '.', '!'])
            && !between.to_lowercase().split_whitespace().any(|word| {
                matches!(
                    word,
                    "than"
                        | "vs"
                        | "versus"
                        | "whereas"
                        | "while"
                        | "but"
                        | "unlike"
                        | "against"
                        | "compared"
                )
            })
    }

    /// The target that the row, the column or the label above names.
    fn of_topics(&self, sentence: &ReportSentence) -> Option<Attribution> {
        if let PassageForm::Cell { row, column } = &sentence.passage.form {
            let named: Vec<String> =
                [column, row].iter().filter_map(|text| self.single_target(text)).collect();
            return match &named[..] {
                [one] => Some(Attribution { target: one.clone(), clear: true }),
                [one, other] if one == other => {
                    Some(Attribution { target: one.clone(), clear: true })
                }
                [] => None,
                // “Kata slower than runc” in a row: the column decides.
                [column, _] => Some(Attribution { target: column.clone(), clear: false }),
                _ => None,
            };
        }
        let label = |topic: &&str| {
            let short = topic.split_whitespace().count() <= 4;
            if short { self.single_target(topic) } else { None }
        };
        sentence
            .topics
            .iter()
            .take(3)
            .find_map(label)
            .map(|target| Attribution { target, clear: false })
    }
}

/// Whether the words between a value and a name make the name the value's: “on the”, “(”.
fn is_postfix(between: &str) -> bool {
    const LINKS: &[&str] =
        &["on", "in", "under", "inside", "within", "for", "from", "of", "with", "by"];
    let lower = between.to_lowercase();
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
        .all(|word| matches!(*word, "the" | "a" | "an" | "my" | "our" | "its"));
    let clean = !words[..link].iter().any(|word| {
        matches!(*word, "and" | "while" | "but" | "vs" | "than" | "versus" | "whereas" | "or")
    });
    articles && clean && link <= 5
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

    /// For each quantity the target and `!` if there is no doubt.
    fn owners(text: &str) -> Vec<String> {
        let resolver = resolver();
        let words = &VOCABULARY.words;
        let mut out = Vec::new();
        for passage in read_passages(text) {
            for sentence in split_sentences(&passage, words) {
                let all = find_quantities(sentence.text, words);
                out.extend((0..all.len()).map(|index| {
                    match resolver.attribute_quantity(&sentence, &all, index) {
                        Some(who) => format!("{}{}", who.target, if who.clear { "!" } else { "" }),
                        None => "-".into(),
                    }
                }));
            }
        }
        out
    }

    #[test]
    fn a_value_belongs_to_the_target_that_its_words_name() {
        for (text, wanted) in [
            ("While host has 332 processes, kata sees only 52 entries", vec!["host!", "kata!"]),
            ("332 modules on the host and 72 in the Kata VM", vec!["host!", "kata!"]),
            ("host (322) and guest (52)", vec!["host!", "kata!"]),
            ("322 (host) vs 52 (Kata)", vec!["host!", "kata!"]),
            ("host vs kata: 322 vs 52", vec!["host", "kata"]),
            ("The host has 332 modules and 322 entries", vec!["host!", "host"]),
            ("Kata guest kernel modules: 72", vec!["kata!"]),
            ("runsc shows 30 entries", vec!["-"]),
            ("There are 30 entries", vec!["-"]),
        ] {
            assert_eq!(owners(text), wanted, "{text}");
        }
    }

    #[test]
    fn rows_columns_and_labels_name_a_target() {
        assert_eq!(
            owners("| | host | Kata |\n|-|-|-|\n| /proc | 322 | 52 |\n"),
            ["host!", "kata!"]
        );
        assert_eq!(owners("| | /proc |\n|-|-|\n| host | 322 |\n"), ["host!"]);
        assert_eq!(owners("- runc:\n  It took 4 s.\n"), ["runc"]);
    }

    #[test]
    fn a_remark_in_brackets_is_not_whose_value_it_is() {
        assert_eq!(owners("Host kernel (runc uses this): 322"), ["host!"]);
    }
}
