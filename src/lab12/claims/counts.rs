//! Counts: entries, modules, devices, interfaces, samples.

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::evidence_index::{EvidenceIndex, FactRef};
use super::passages::PassageForm;
use super::quantity::{StatedQuantity, StatedValue};
use super::sentence::{ReportSentence, SentenceMood};
use super::target_resolver::Attribution;
use super::words::{CountWords, SampleCount, SentenceWords, SubjectWords};
use crate::model::Role;

/// What a count is about, and how it was told.
struct CountSubject<'a> {
    subject: &'a CountWords,
    /// 0: by its noun alone; 1: by the sentence; more: by what stands above.
    level: usize,
    /// The noun that stands behind it.
    noun: Option<&'a str>,
}

/// What the counts of a sentence say.
pub(super) fn check_counts(
    ground: &EvidenceIndex,
    words: &SentenceWords,
    subjects: &SubjectWords,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
) -> Vec<ClaimRemark> {
    let mut out = Vec::new();
    let mut last: Option<&CountWords> = None;
    for (index, quantity) in all.iter().enumerate() {
        let StatedValue::Number(number, _) = quantity.value else { continue };
        if number.fract() != 0.0 || is_set_apart(words, sentence, quantity) {
            continue;
        }
        let who = ground.resolver.attribute_quantity(sentence, all, index);
        let stated = count_subject(&subjects.count, sentence, all, index);
        let goes_on = || goes_on(ground, last, sentence, all, index);
        if let Some(about) = stated.or_else(goes_on) {
            last = Some(about.subject);
            out.extend(decide_count(ground, sentence, quantity, &about, who.as_ref()));
        } else if let Some(samples) = sample_counts(&subjects.samples, sentence, quantity) {
            out.extend(decide_samples(ground, sentence, quantity, samples));
        }
    }
    out
}

/// Whether words around a value make it no statement about one target.
pub(super) fn is_set_apart(
    words: &SentenceWords,
    sentence: &ReportSentence,
    quantity: &StatedQuantity,
) -> bool {
    let before = &sentence.text[..quantity.range.start];
    sentence.mood == SentenceMood::Guess
        || words.denial.is_match(before)
        || words.usual.is_match(before)
        || words.difference.is_match(&sentence.text[quantity.range.end..])
        || words.difference_before.is_match(before)
}

/// The few words behind a value, up to the next value or the end of the clause.
fn words_after<'a>(sentence: &'a ReportSentence, all: &[StatedQuantity], index: usize) -> &'a str {
    let text = sentence.text;
    let start = all[index].range.end;
    let until = all.get(index + 1).map_or(text.len(), |next| next.range.start);
    let window = &text[start..until];
    let end = window.find([',', ';', ')', '(', '|', '\n']).unwrap_or(window.len());
    let window = &window[..end];
    // Five words are enough for any noun.
    window.match_indices(' ').nth(6).map_or(window, |(at, _)| &window[..at])
}

fn count_subject<'a>(
    counts: &'a [CountWords],
    sentence: &'a ReportSentence,
    all: &[StatedQuantity],
    index: usize,
) -> Option<CountSubject<'a>> {
    let window = words_after(sentence, all, index);
    let labelled = sentence.labelled_text();
    let mut found: Vec<CountSubject<'a>> = Vec::new();
    for subject in counts {
        if subject.unless.as_ref().is_some_and(|unless| unless.is_match(&labelled)) {
            continue;
        }
        let noun = subject
            .nouns
            .find_iter(window)
            .find(|noun| is_word(window, noun.range()))
            .map(|noun| noun.as_str());
        let own = subject.own.find_iter(window).any(|own| is_word(window, own.range()));
        let level = if own {
            Some(0)
        } else if noun.is_some() {
            nearness_level(subject, sentence)
        } else {
            label_level(subject, counts, sentence, window, all, index)
        };
        found.extend(level.map(|level| CountSubject { subject, level, noun }));
    }
    found.sort_by_key(|about| about.level);
    match &found[..] {
        [first, second, ..] if first.level == second.level => None,
        _ => found.into_iter().next(),
    }
}

/// “412 entries on the host, the guest 53”: the same again, of another target.
fn goes_on<'a>(
    ground: &EvidenceIndex,
    last: Option<&'a CountWords>,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
    index: usize,
) -> Option<CountSubject<'a>> {
    let from = all[index.checked_sub(1)?].range.end;
    let before = &sentence.text[from..all[index].range.start];
    let mention = ground.resolver.find_mentions(before).pop()?;
    let near = before[mention.range.end..].split_whitespace().count() <= 1;
    let ends =
        words_after(sentence, all, index).trim_matches(|c: char| !c.is_alphanumeric()).is_empty();
    let subject = last.filter(|_| near && ends)?;
    Some(CountSubject { subject, level: 1, noun: None })
}

/// How near the words of a subject stand: in the sentence, or above it.
fn nearness_level(subject: &CountWords, sentence: &ReportSentence) -> Option<usize> {
    if subject.words.is_match(sentence.text) {
        return Some(1);
    }
    sentence.topics.iter().position(|topic| subject.words.is_match(topic)).map(|at| at + 2)
}

/// For a number without a noun: the label before it, or its row and column.
fn label_level(
    subject: &CountWords,
    counts: &[CountWords],
    sentence: &ReportSentence,
    window: &str,
    all: &[StatedQuantity],
    index: usize,
) -> Option<usize> {
    let has_noun = counts
        .iter()
        .any(|count| count.nouns.find_iter(window).any(|noun| is_word(window, noun.range())));
    if has_noun {
        return None;
    }
    let bare =
        window.split_whitespace().all(|word| !word.chars().next().is_some_and(char::is_alphabetic))
            || window.trim_start().starts_with(['(', '/', '|'])
            || ground_words(window);
    if !bare {
        return None;
    }
    if let PassageForm::Cell { row, column } = &sentence.passage.form {
        let named = subject.words.is_match(row) || subject.words.is_match(column);
        let alone = sentence.text.len() <= 24;
        return (named && alone).then_some(1);
    }
    let before = &sentence.text[..all[index].range.start];
    let labelled = before.trim_end_matches([' ', '*', '`']).ends_with([':', '=', '→']);
    if labelled && all.len() == 1 && sentence.text.chars().count() <= 40 && window.trim().is_empty()
    {
        // `- Host: 322` below a title.
        return nearness_level(subject, sentence);
    }
    let label = subject.words.find_iter(before).last()?;
    let between = &before[label.end()..];
    let marked = between.contains([':', '=', '(', '→', '|'])
        || before.trim_end().ends_with([':', '=', '(', '→']);
    marked.then_some(1)
}

/// Whether what follows goes on to another target: “vs Kata”, “on the host”.
fn ground_words(window: &str) -> bool {
    let first = window.split_whitespace().next().unwrap_or_default().to_lowercase();
    matches!(
        first.as_str(),
        "vs" | "vs."
            | "versus"
            | "and"
            | "on"
            | "in"
            | "for"
            | "under"
            | "against"
            | "to"
            | "while"
            | "but"
            | "->"
            | "→"
    )
}

fn is_word(text: &str, range: std::ops::Range<usize>) -> bool {
    let letter = |c: char| c.is_alphanumeric() || c == '_';
    !text[..range.start].ends_with(letter) && !text[range.end..].starts_with(letter)
}

fn decide_count(
    ground: &EvidenceIndex,
    sentence: &ReportSentence,
    quantity: &StatedQuantity,
    about: &CountSubject,
    who: Option<&Attribution>,
) -> Vec<ClaimRemark> {
    let StatedValue::Number(stated, other) = quantity.value else { return Vec::new() };
    let place = sentence.file_range(&quantity.range);
    let agrees = |fact_ref: &FactRef| {
        fact_ref.item_count().is_some_and(|truth| {
            quantity.agrees_with(stated, truth)
                || other.is_some_and(|other| quantity.agrees_with(other, truth))
        })
    };
    let facts = &about.subject.facts;
    let all: Vec<FactRef> = facts.iter().flat_map(|id| ground.facts_everywhere(id)).collect();
    let own: Vec<FactRef> = match who {
        Some(who) => all.iter().copied().filter(|fact_ref| fact_ref.target == who.target).collect(),
        None => all.clone(),
    };
    let is_process = about.noun.is_some_and(|noun| noun.to_lowercase().starts_with(['p']))
        && facts[0] == "proc.entries";
    if let Some(fact_ref) = own.iter().find(|fact_ref| agrees(fact_ref)) {
        let single = who.is_some() || all.iter().filter(|fact_ref| agrees(fact_ref)).count() == 1;
        if !single {
            return Vec::new();
        }
        if is_process && fact_ref.id == "proc.entries" {
            return vec![misnamed_remark(ground, sentence, quantity, fact_ref.target)];
        }
        return vec![
            ClaimRemark::supported_claim(place).resting_on_fact(fact_ref.id, fact_ref.target),
        ];
    }
    let Some(who) = who else { return Vec::new() };
    if own.is_empty() {
        return missing_remark(ground, sentence, quantity, about, who, &all, stated);
    }
    let strict = about.subject.strict.as_ref().is_none_or(|strict| {
        strict.is_match(sentence.text) || sentence.topics.iter().any(|topic| strict.is_match(topic))
    });
    let elsewhere_same = all.iter().any(agrees);
    let may = who.clear
        && strict
        && sentence.mood == SentenceMood::Statement
        && !elsewhere_same
        && !is_corrected(sentence, &own)
        && own.iter().all(|fact_ref| {
            fact_ref.item_count().is_some_and(|truth| {
                quantity.clashes_with(stated, truth)
                    && other.is_none_or(|other| quantity.clashes_with(other, truth))
            })
        });
    if !may {
        return Vec::new();
    }
    let fact_ref = own[0];
    let text = &sentence.text[quantity.range.clone()];
    let mut result = ClaimRemark::contradicted_by(ground, place, text, &fact_ref);
    if let Some((id, target)) = find_elsewhere(ground, stated, facts) {
        result = result
            .with_parameter(
                "elsewhere",
                format!("{} ({})", ground.fact_title(&id), ground.reader_name(&target)),
            )
            .resting_on_fact(&id, &target);
    }
    let mut out = vec![result];
    if is_process && fact_ref.id == "proc.entries" {
        out.push(misnamed_remark(ground, sentence, quantity, fact_ref.target));
    }
    out
}

/// Whether the sentence states the right value too: then the other is part of its story.
fn is_corrected(sentence: &ReportSentence, own: &[FactRef]) -> bool {
    own.iter().filter_map(FactRef::item_count).any(|truth| {
        let truth = format!("{truth}");
        sentence.text.split(|c: char| !c.is_ascii_digit()).any(|word| word == truth)
    })
}

/// A value about a target of which nothing was captured.
#[allow(clippy::too_many_arguments, reason = "each is one side of the comparison")]
fn missing_remark(
    ground: &EvidenceIndex,
    sentence: &ReportSentence,
    quantity: &StatedQuantity,
    about: &CountSubject,
    who: &Attribution,
    all: &[FactRef],
    stated: f64,
) -> Vec<ClaimRemark> {
    let id = &about.subject.facts[0];
    let host = ground.target_with_role(Role::Host);
    // Modules are the kernel's: what runc shows is the host's.
    if id == "kernel.sys_module" && ground.role_of(&who.target) == Some(Role::Baseline) {
        let shared = all.iter().find(|fact_ref| {
            Some(fact_ref.target) == host
                && fact_ref.item_count().is_some_and(|truth| quantity.agrees_with(stated, truth))
        });
        return shared
            .map(|fact_ref| {
                ClaimRemark::supported_claim(sentence.file_range(&quantity.range))
                    .resting_on_fact(fact_ref.id, fact_ref.target)
            })
            .into_iter()
            .collect();
    }
    let known = ground.missing_reason(id, &who.target).is_some();
    if !known || !who.clear || sentence.mood != SentenceMood::Statement || about.level > 1 {
        return Vec::new();
    }
    let text = &sentence.text[quantity.range.clone()];
    vec![ClaimRemark::without_evidence(
        ground,
        sentence.file_range(&quantity.range),
        text,
        id,
        &who.target,
    )]
}

/// Where else in the evidence a count occurs.
fn find_elsewhere(ground: &EvidenceIndex, stated: f64, but: &[String]) -> Option<(String, String)> {
    const COUNTS: &[&str] =
        &["kernel.sys_module", "proc.entries", "proc.pids", "dev.entries", "kernel.modules_loaded"];
    COUNTS.iter().filter(|id| !but.iter().any(|other| other == *id)).find_map(|id| {
        let fact_ref = ground
            .facts_everywhere(id)
            .into_iter()
            .find(|fact_ref| fact_ref.item_count() == Some(stated))?;
        (stated >= 20.0).then(|| (fact_ref.id.to_string(), fact_ref.target.to_string()))
    })
}

fn misnamed_remark(
    ground: &EvidenceIndex,
    sentence: &ReportSentence,
    quantity: &StatedQuantity,
    target: &str,
) -> ClaimRemark {
    let found =
        ground.fact_on_target("proc.entries", target).map(|fact_ref| fact_ref.shown_value());
    let mut result = ClaimRemark::violates_rule(
        "claim-entries-called-processes",
        ClaimStatus::Misworded,
        sentence.file_range(&quantity.range),
    )
    .with_parameter("found", found)
    .with_parameter("target", ground.reader_name(target))
    .resting_on_fact("proc.entries", target);
    if let Some(pids) = ground.fact_on_target("proc.pids", target) {
        result =
            result.with_parameter("pids", pids.shown_value()).resting_on_fact("proc.pids", target);
    }
    result
}

fn sample_counts<'a>(
    kinds: &'a [SampleCount],
    sentence: &ReportSentence,
    quantity: &StatedQuantity,
) -> Option<&'a SampleCount> {
    let after = &sentence.text[quantity.range.end..];
    let before = &sentence.text[..quantity.range.start];
    kinds.iter().find(|kind| {
        let topic = kind.words.is_match(sentence.text)
            || sentence.topics.iter().take(3).any(|topic| kind.words.is_match(topic));
        let noun =
            kind.nouns.find(after).is_some_and(|noun| after[..noun.start()].trim().is_empty());
        let named = before.trim_end().ends_with("n=") || before.trim_end().ends_with("n =");
        topic && (noun || named)
    })
}

fn decide_samples(
    ground: &EvidenceIndex,
    sentence: &ReportSentence,
    quantity: &StatedQuantity,
    kind: &SampleCount,
) -> Option<ClaimRemark> {
    let StatedValue::Number(stated, _) = quantity.value else { return None };
    let baseline = ground.target_with_role(Role::Baseline)?;
    let mentioned = ground.resolver.find_mentions(sentence.text);
    if mentioned.iter().any(|mention| mention.target.as_deref() != Some(baseline)) {
        return None;
    }
    let place = sentence.file_range(&quantity.range);
    let mut known = Vec::new();
    for id in &kind.facts {
        let Some(fact_ref) = ground.fact_on_target(id, baseline) else { continue };
        #[allow(clippy::cast_precision_loss, reason = "no series has 2^52 samples")]
        let n = match fact_ref.fact.as_series() {
            Some(samples) => Some(samples.values.len() as f64),
            None => fact_ref.fact.as_value().and_then(|value| value.get("n")?.as_f64()),
        };
        if n == Some(stated) {
            return Some(
                ClaimRemark::supported_claim(place).resting_on_fact(fact_ref.id, fact_ref.target),
            );
        }
        known.extend(n.map(|n| (fact_ref, n)));
    }
    let (fact_ref, n) = known.first()?;
    let may = sentence.mood == SentenceMood::Statement
        && quantity.clashes_with(stated, *n)
        && stated >= 3.0;
    let text = &sentence.text[quantity.range.clone()];
    may.then(|| {
        ClaimRemark::contradicted_by(ground, place, text, fact_ref)
            .with_parameter("found", format!("{n} samples"))
    })
}
