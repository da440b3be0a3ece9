//! Wordings: what no evidence of this kind carries, costs that nobody measured, boundaries.

use std::ops::Range;

use super::ground::Ground;
use super::read::Form;
use super::remark::{Remark, Standing};
use super::sentence::{Mood, Sentence};
use super::words::{Area, Vocabulary, Wording};
use crate::judge::Conclusion;
use crate::model::Role;

/// What the wording of a sentence says.
pub fn check(ground: &Ground, vocabulary: &Vocabulary, sentence: &Sentence) -> Vec<Remark> {
    let is_question = sentence.text.trim_end().ends_with('?');
    if is_question || sentence.mood == Mood::Demand {
        return Vec::new();
    }
    let mut out: Vec<Remark> = vocabulary
        .wordings
        .wording
        .iter()
        .filter_map(|wording| wording_of(ground, sentence, wording))
        .collect();
    if sentence.mood == Mood::Statement {
        out.extend(costs(ground, vocabulary, sentence));
        out.extend(boundary(ground, vocabulary, sentence));
    }
    out
}

fn wording_of(ground: &Ground, sentence: &Sentence, wording: &Wording) -> Option<Remark> {
    let found = wording.pattern.find(sentence.text)?;
    let needed = wording.needs.as_ref().is_none_or(|needs| needs.is_match(sentence.text));
    let excused = wording.unless.as_ref().is_some_and(|unless| unless.is_match(sentence.text));
    if !needed || excused {
        return None;
    }
    let (rule, standing) = match wording.rule.as_str() {
        "claim-absolute-security" => ("claim-absolute-security", Standing::Unsupported),
        "claim-wrong-concept" => ("claim-wrong-concept", Standing::Misworded),
        "claim-sys-module-called-loaded" => ("claim-sys-module-called-loaded", Standing::Misworded),
        _ => return None,
    };
    let remark = Remark::offends(rule, standing, sentence.place(&found.range()))
        .with("words", quote(found.as_str()));
    let Some(id) = &wording.about else { return Some(remark) };
    // Loaded modules were counted, or nothing was.
    let held = ground.everywhere(id);
    if held.is_empty() || !ground.everywhere("kernel.modules_loaded").is_empty() {
        return None;
    }
    let counts: Vec<String> = held
        .iter()
        .map(|held| format!("{} on {}", held.shown(), ground.name(held.target)))
        .collect();
    let remark = remark.with("counts", counts.join(", "));
    Some(held.iter().fold(remark, |remark, held| remark.on(held.id, held.target)))
}

/// The costs that the clauses of a sentence call small or large.
fn costs(ground: &Ground, vocabulary: &Vocabulary, sentence: &Sentence) -> Vec<Remark> {
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
        .filter_map(|range| cost(ground, vocabulary, sentence, range))
        .collect()
}

/// A cost that a clause calls small or large.
fn cost(
    ground: &Ground,
    vocabulary: &Vocabulary,
    sentence: &Sentence,
    clause: Range<usize>,
) -> Option<Remark> {
    let judging = &vocabulary.wordings.judgement;
    let text = &sentence.text[clause.clone()];
    let row = match &sentence.passage.form {
        Form::Cell { row, .. } if judging.noun.is_match(row) => Some(row),
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
    let area = area(&vocabulary.subjects.area, &context)?;
    let targets: Vec<&str> =
        [ground.role(Role::Baseline), ground.role(Role::Candidate)].into_iter().flatten().collect();
    let measured = |target: &&str| area.facts.iter().any(|fact| ground.holds_any(fact, target));
    if targets.is_empty() || targets.iter().all(measured) {
        return None;
    }
    let names: Vec<String> = targets.iter().map(|target| ground.name(target)).collect();
    let place = sentence.place(&(clause.start + start..clause.start + end));
    let mut remark = Remark::offends("claim-overhead-unmeasured", Standing::Unsupported, place)
        .with("words", quote(&text[start..end]))
        .with("area", area.name.as_str())
        .with("targets", names.join(" and "));
    for target in targets {
        let of_starts = area.facts.iter().any(|id| id == "startup.");
        if of_starts && ground.missing("startup.wall", target).is_some() {
            remark = remark.on("startup.wall", target);
        }
    }
    Some(remark)
}

/// What a cost is of: the area named first; the general one only if no other is named.
fn area<'a>(areas: &'a [Area], text: &str) -> Option<&'a Area> {
    let (general, special) = areas.split_last()?;
    let named = special
        .iter()
        .filter_map(|area| Some((area.words.find(text)?.start(), area)))
        .min_by_key(|found| found.0);
    named.map(|found| found.1).or_else(|| general.words.is_match(text).then_some(general))
}

/// That a runtime has a kernel of its own, or shares the host's.
fn boundary(ground: &Ground, vocabulary: &Vocabulary, sentence: &Sentence) -> Option<Remark> {
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
    let target = subject(ground, &sentence.text[..found.start()], clause_start)?;
    let verdict = ground.subject.judgement.verdict(&target)?;
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
    let place = sentence.place(&found.range());
    let rest =
        |remark: Remark| verdict.because.iter().fold(remark, |remark, id| remark.on(id, &target));
    if agrees {
        return Some(rest(Remark::supported(place)));
    }
    denies.then(|| {
        let title = ground
            .subject
            .shelf
            .words
            .get(verdict.conclusion.id())
            .map(|words| words.title.clone());
        rest(
            Remark::offends("claim-verdict-differs", Standing::Contradicted, place)
                .with("words", quote(found.as_str()))
                .with("target", ground.name(&target))
                .with("verdict", title.unwrap_or_default()),
        )
    })
}

/// The runtime that a clause is about: the last that is named before the words, in the clause if
/// it names one.
fn subject(ground: &Ground, before: &str, clause: usize) -> Option<String> {
    let runtimes = |text: &str| -> Vec<Option<String>> {
        let mentions = ground.cast.mentions(text).into_iter().map(|mention| mention.target);
        mentions.filter(|target| target.as_deref() != ground.role(Role::Host)).collect()
    };
    let own = runtimes(&before[clause..]);
    let all = if own.is_empty() { runtimes(before) } else { own };
    match &all[..] {
        [Some(one)] => Some(one.clone()),
        _ => None,
    }
}

/// Words in one line.
fn quote(text: &str) -> String {
    crate::text::visible(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}
