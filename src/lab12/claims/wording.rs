//! Wordings: what no evidence of this kind carries, costs that nobody measured, boundaries.

use std::ops::Range;

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::evidence_index::EvidenceIndex;
use super::passages::PassageForm;
use super::sentence::{ReportSentence, SentenceMood};
use super::words::{ClaimVocabulary, CostArea, UnsupportedWording};
use crate::judge::Conclusion;
use crate::model::Role;

/// What the wording of a sentence says.
pub(super) fn check_wording(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Vec<ClaimRemark> {
    let is_question = sentence.text.trim_end().ends_with('?');
    if is_question || sentence.mood == SentenceMood::Demand {
        return Vec::new();
    }
    let mut out: Vec<ClaimRemark> = vocabulary
        .wordings
        .wording
        .iter()
        .filter_map(|wording| wording_of(index, sentence, wording))
        .collect();
    if sentence.mood == SentenceMood::Statement {
        out.extend(check_costs(index, vocabulary, sentence));
        out.extend(check_boundary(index, vocabulary, sentence));
    }
    out
}

fn wording_of(
    index: &EvidenceIndex,
    sentence: &ReportSentence,
    wording: &UnsupportedWording,
) -> Option<ClaimRemark> {
    let found = wording.pattern.find(sentence.text)?;
    let needed = wording.needs.as_ref().is_none_or(|needs| needs.is_match(sentence.text));
    let excused = wording.unless.as_ref().is_some_and(|unless| unless.is_match(sentence.text));
    if !needed || excused {
        return None;
    }
    let (rule, status) = match wording.rule.as_str() {
        "claim-absolute-security" => ("claim-absolute-security", ClaimStatus::Unsupported),
        "claim-wrong-concept" => ("claim-wrong-concept", ClaimStatus::Misworded),
        "claim-sys-module-called-loaded" => {
            ("claim-sys-module-called-loaded", ClaimStatus::Misworded)
        }
        _ => return None,
    };
    let result = ClaimRemark::violates_rule(rule, status, sentence.file_range(&found.range()))
        .with_parameter("words", quote_words(found.as_str()));
    let Some(id) = &wording.about else { return Some(result) };
    // Loaded modules were counted, or nothing was.
    let fact_ref = index.facts_everywhere(id);
    if fact_ref.is_empty() || !index.facts_everywhere("kernel.modules_loaded").is_empty() {
        return None;
    }
    let counts: Vec<String> = fact_ref
        .iter()
        .map(|fact_ref| {
            format!("{} on {}", fact_ref.shown_value(), index.reader_name(fact_ref.target))
        })
        .collect();
    let result = result.with_parameter("counts", counts.join(", "));
    Some(
        fact_ref
            .iter()
            .fold(result, |result, fact_ref| result.resting_on_fact(fact_ref.id, fact_ref.target)),
    )
}

/// The costs that the clauses of a sentence call small or large.
fn check_costs(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Vec<ClaimRemark> {
    if vocabulary.wordings.judgement.unless.is_match(sentence.text) {
        return Vec::new();
    }
    let mut start = 0;
    let clauses =
        sentence.text.split_inclusive([',', ';']).flat_map(|part| part.split_inclusive(" and "));
    let ranges = clauses.map(|clause| {
        start += clause.len();
        start - clause.len()..start
    });
    // Figures speak for themselves: they are looked at on their own.
    let has_figure =
        |range: &Range<usize>| sentence.text[range.clone()].contains(|c: char| c.is_ascii_digit());
    ranges
        .filter(|range| !has_figure(range))
        .filter_map(|range| check_cost(index, vocabulary, sentence, range))
        .collect()
}

/// A cost that a clause calls small or large.
fn check_cost(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
    clause: Range<usize>,
) -> Option<ClaimRemark> {
    let judging = &vocabulary.wordings.judgement;
    let text = &sentence.text[clause.clone()];
    let row = match &sentence.passage.form {
        PassageForm::Cell { row, .. } if judging.noun.is_match(row) => Some(row),
        _ => None,
    };
    let noun = if row.is_some() { None } else { Some(judging.noun.find(text)?) };
    let verdict = judging.pattern.find(text)?;
    let (start, end) = match &noun {
        Some(noun) => (noun.start().min(verdict.start()), noun.end().max(verdict.end())),
        None => (verdict.start(), verdict.end()),
    };
    if end - start > 60 {
        return None;
    }
    let context = row.map_or_else(|| text.to_string(), |row| format!("{row}: {text}"));
    let area = cost_area(&vocabulary.subjects.area, &context)?;
    let targets: Vec<&str> =
        [index.target_with_role(Role::Baseline), index.target_with_role(Role::Candidate)]
            .into_iter()
            .flatten()
            .collect();
    let measured = |target: &&str| area.facts.iter().any(|fact| index.holds_any(fact, target));
    if targets.is_empty() || targets.iter().all(measured) {
        return None;
    }
    let names: Vec<String> = targets.iter().map(|target| index.reader_name(target)).collect();
    let place = sentence.file_range(&(clause.start + start..clause.start + end));
    let mut result =
        ClaimRemark::violates_rule("claim-overhead-unmeasured", ClaimStatus::Unsupported, place)
            .with_parameter("words", quote_words(&text[start..end]))
            .with_parameter("area", area.name.as_str())
            .with_parameter("targets", names.join(" and "));
    for target in targets {
        let of_starts = area.facts.iter().any(|id| id == "startup.");
        if of_starts && index.missing_reason("startup.wall", target).is_some() {
            result = result.resting_on_fact("startup.wall", target);
        }
    }
    Some(result)
}

/// What a cost is of: the area named first; the general one only if no other is named.
fn cost_area<'a>(areas: &'a [CostArea], text: &str) -> Option<&'a CostArea> {
    let (general, special) = areas.split_last()?;
    let named = special
        .iter()
        .filter_map(|area| Some((area.words.find(text)?.start(), area)))
        .min_by_key(|found| found.0);
    named.map(|found| found.1).or_else(|| general.words.is_match(text).then_some(general))
}

/// That a runtime has a kernel of its own, or shares the host's.
fn check_boundary(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    let words = &vocabulary.wordings.boundary;
    let (found, separate) =
        match (words.separate.find(sentence.text), words.shared.find(sentence.text)) {
            (Some(found), None) => (found, true),
            (None, Some(found)) => (found, false),
            // Both: the second half of the sentence speaks of the other runtime.
            (Some(own), Some(shared)) if shared.start() < own.start() => (own, true),
            (Some(_), Some(shared)) => (shared, false),
            (None, None) => return None,
        };
    let clause_start = sentence.text[..found.start()].rfind([',', ';', '(']).map_or(0, |at| at + 1);
    let clause = &sentence.text[clause_start..found.end()];
    if words.unless.is_match(clause) {
        return None;
    }
    let target = clause_subject(index, &sentence.text[..found.start()], clause_start)?;
    let verdict = index.subject.judgement.find_verdict(&target)?;
    let agrees = if separate {
        verdict.conclusion.is_separate()
    } else {
        verdict.conclusion == Conclusion::SharedKernel
    };
    let denies = if separate {
        verdict.conclusion == Conclusion::SharedKernel
    } else {
        verdict.conclusion.is_separate()
    };
    let place = sentence.file_range(&found.range());
    let rest = |result: ClaimRemark| {
        verdict.because.iter().fold(result, |result, id| result.resting_on_fact(id, &target))
    };
    if agrees {
        return Some(rest(ClaimRemark::supported_claim(place)));
    }
    denies.then(|| {
        let title = index
            .subject
            .project_data
            .words
            .get(verdict.conclusion.conclusion_id())
            .map(|words| words.title.clone());
        rest(
            ClaimRemark::violates_rule("claim-verdict-differs", ClaimStatus::Contradicted, place)
                .with_parameter("words", quote_words(found.as_str()))
                .with_parameter("target", index.reader_name(&target))
                .with_parameter("verdict", title.unwrap_or_default()),
        )
    })
}

/// The runtime that a clause is about: the last that is named before the words, in the clause if
/// it names one.
fn clause_subject(index: &EvidenceIndex, before: &str, clause: usize) -> Option<String> {
    let runtimes = |text: &str| -> Vec<Option<String>> {
        let mentions = index.resolver.find_mentions(text).into_iter().map(|mention| mention.target);
        mentions.filter(|target| target.as_deref() != index.target_with_role(Role::Host)).collect()
    };
    let own = runtimes(&before[clause..]);
    let all = if own.is_empty() { runtimes(before) } else { own };
    match &all[..] {
        [Some(one)] => Some(one.clone()),
        _ => None,
    }
}

/// Words in one line.
fn quote_words(text: &str) -> String {
    crate::text::make_visible(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}
