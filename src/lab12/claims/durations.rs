//! Durations: start-up and latency.

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::counts::is_set_apart;
use super::evidence_index::{EvidenceIndex, FactRef};
use super::passages::PassageForm;
use super::quantity::{StatedQuantity, StatedValue, ValueHedge};
use super::sentence::{ReportSentence, SentenceMood};
use super::words::{DurationWords, SentenceWords, SubjectWords};
use crate::model::{Role, SampleUnit};

/// A figure that the report states about a target, for ratios that it draws from it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StatedFigure {
    /// The index of what it is about in the list of durations.
    pub subject: usize,
    /// The target.
    pub target: String,
    /// In seconds.
    pub seconds: f64,
    /// Its significant digits.
    pub digits: usize,
}

/// What the durations of a sentence say, and the figures that it states.
pub(super) fn check_durations(
    ground: &EvidenceIndex,
    words: &SentenceWords,
    subjects: &SubjectWords,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
) -> (Vec<ClaimRemark>, Vec<StatedFigure>) {
    let (mut results, mut stated) = (Vec::new(), Vec::new());
    for (index, quantity) in all.iter().enumerate() {
        let StatedValue::Seconds(seconds) = quantity.value else { continue };
        let Some((number, subject, near)) =
            duration_subject(&subjects.duration, sentence, all, index)
        else {
            continue;
        };
        let difference = words.difference.is_match(&sentence.text[quantity.range.end..])
            || words.difference_before.is_match(&sentence.text[..quantity.range.start]);
        if difference {
            continue;
        }
        if is_set_apart(words, sentence, quantity) {
            continue;
        }
        let mut who = ground.resolver.attribute_quantity(sentence, all, index);
        let mentions = ground.resolver.find_mentions(sentence.text);
        let unnamed = mentions.iter().all(|mention| mention.range.start > quantity.range.end);
        if who.is_none() && subject.baseline && unnamed {
            let target = ground.target_with_role(Role::Baseline).map(String::from);
            // Only a named figure of a series that nobody else has leaves no doubt.
            let clear = !figures_named(words, sentence, all, index).is_empty();
            who = target.map(|target| super::target_resolver::Attribution { target, clear });
        }
        let Some(who) = who else { continue };
        if quantity.hedge == ValueHedge::Exact {
            stated.push(StatedFigure {
                subject: number,
                target: who.target.clone(),
                seconds,
                digits: quantity.digits,
            });
        }
        results.extend(decide_duration(ground, words, sentence, all, index, subject, &who, near));
    }
    (results, stated)
}

/// What a duration is about, by the nearest words; whether they stand near enough to say that
/// something is not captured.
fn duration_subject<'a>(
    kinds: &'a [DurationWords],
    sentence: &ReportSentence,
    all: &[StatedQuantity],
    index: usize,
) -> Option<(usize, &'a DurationWords, bool)> {
    let around = words_around(sentence, all, index);
    let quantity = &all[index];
    let mut kinds: Vec<(usize, &DurationWords)> =
        kinds.iter().enumerate().filter(|(_, kind)| !kind.unless.is_match(around)).collect();
    let before = &sentence.text[..quantity.range.start];
    let nearest = kinds
        .iter()
        .filter_map(|(number, kind)| {
            Some((kind.words.find_iter(before).last()?.end(), *number, *kind))
        })
        .max_by_key(|found| found.0);
    if let Some((_, number, kind)) = nearest {
        return Some((number, kind, true));
    }
    let after = &sentence.text[quantity.range.end..];
    let behind: Vec<_> = kinds.iter().filter(|(_, kind)| kind.words.is_match(after)).collect();
    if let [(number, kind)] = behind[..] {
        return Some((*number, kind, true));
    }
    let is_cell = matches!(sentence.passage.form, PassageForm::Cell { .. });
    for (at, topic) in sentence.topics.iter().enumerate() {
        if kinds.len() > 1 && topic.chars().count() > 160 {
            continue;
        }
        // What a topic sets apart is not about what stands above it either.
        kinds.retain(|(_, kind)| !kind.unless.is_match(topic));
        let named: Vec<_> = kinds.iter().filter(|(_, kind)| kind.words.is_match(topic)).collect();
        match named[..] {
            [] => {}
            [(number, kind)] => return Some((*number, kind, is_cell && at < 2 || at < 3)),
            _ => return None,
        }
    }
    None
}

/// The words about a value: those since the value before, and a few behind it.
fn words_around<'a>(sentence: &'a ReportSentence, all: &[StatedQuantity], index: usize) -> &'a str {
    const BEHIND: usize = 40;
    let text = sentence.text;
    let from = index.checked_sub(1).map_or(0, |before| all[before].range.end);
    let end = all[index].range.end;
    let until = all.get(index + 1).map_or(text.len(), |next| next.range.start);
    let behind = &text[end..until];
    let stop = behind.find([',', ';', '.']).unwrap_or(behind.len());
    let limit = behind.char_indices().nth(BEHIND).map_or(behind.len(), |(at, _)| at);
    &text[from..end + stop.min(limit)]
}

#[allow(clippy::too_many_arguments, reason = "each is one side of the comparison")]
fn decide_duration(
    ground: &EvidenceIndex,
    words: &SentenceWords,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
    index: usize,
    subject: &DurationWords,
    who: &super::target_resolver::Attribution,
    near: bool,
) -> Option<ClaimRemark> {
    let quantity = &all[index];
    let StatedValue::Seconds(stated) = quantity.value else { return None };
    let place = sentence.file_range(&quantity.range);
    let fact_ref: Vec<FactRef> =
        subject.facts.iter().filter_map(|id| ground.fact_on_target(id, &who.target)).collect();
    let text = &sentence.text[quantity.range.clone()];
    if fact_ref.is_empty() {
        let may = near && sentence.mood == SentenceMood::Statement;
        return may.then(|| {
            ClaimRemark::without_evidence(ground, place, text, &subject.facts[0], &who.target)
        });
    }
    let wanted = figures_named(words, sentence, all, index);
    for fact_ref in &fact_ref {
        let figures = ground.known_figures(fact_ref);
        let named = figures.all.iter().filter(|figure| {
            wanted.is_empty()
                || wanted.contains(&figure.name)
                || figure.name == "sample" && wanted.len() != 1
        });
        if let Some(figure) =
            named.into_iter().find(|figure| quantity.agrees_with(stated, figure.value))
        {
            let shown = crate::report::format_measured(figure.value, SampleUnit::Seconds);
            let single = fact_ref.fact.as_series().is_some_and(|samples| samples.values.len() == 1);
            let shown = if single { shown } else { format!("{} {shown}", figure.name) };
            return Some(
                ClaimRemark::supported_claim(place)
                    .with_parameter("shown", shown)
                    .resting_on_fact(fact_ref.id, fact_ref.target),
            );
        }
    }
    let known: Vec<_> = fact_ref.iter().map(|fact_ref| ground.known_figures(fact_ref)).collect();
    let known = || known.iter().flat_map(|figures| &figures.all);
    let (low, high) = known().fold((f64::MAX, f64::MIN), |(low, high), figure| {
        (low.min(figure.value), high.max(figure.value))
    });
    let outside = stated + quantity.half < low * 0.98 || stated - quantity.half > high * 1.02;
    let other_target =
        ground.subject.run.targets.iter().filter(|target| target.name != who.target).any(
            |target| {
                let fact_ref =
                    subject.facts.iter().filter_map(|id| ground.fact_on_target(id, &target.name));
                fact_ref.map(|fact_ref| ground.known_figures(&fact_ref)).any(|figures| {
                    figures.all.iter().any(|figure| quantity.agrees_with(stated, figure.value))
                })
            },
        );
    let named_clash = !wanted.is_empty()
        && known().any(|figure| wanted.contains(&figure.name))
        && known().filter(|figure| wanted.contains(&figure.name)).all(|figure| {
            quantity.clashes_with(stated, figure.value)
                && (stated - figure.value).abs() > 0.02 * figure.value
        });
    let may = who.clear
        && sentence.mood == SentenceMood::Statement
        && quantity.hedge == ValueHedge::Exact
        && !other_target
        && (outside || named_clash);
    may.then(|| ClaimRemark::contradicted_by(ground, place, text, &fact_ref[0]))
}

/// The names of figures that the words since the last value give.
fn figures_named(
    words: &SentenceWords,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
    index: usize,
) -> Vec<&'static str> {
    let from = index.checked_sub(1).map_or(0, |before| all[before].range.end);
    let until = all.get(index + 1).map_or(sentence.text.len(), |next| next.range.start);
    let before = &sentence.text[from..all[index].range.start];
    let after = &sentence.text[all[index].range.end..until];
    let inside = after
        .trim_start()
        .strip_prefix('(')
        .and_then(|rest| rest.split(')').next())
        .unwrap_or_default();
    let named = |text: &str| {
        let kinds = [
            ("mean", &words.figures.mean),
            ("median", &words.figures.median),
            ("min", &words.figures.min),
            ("max", &words.figures.max),
        ];
        kinds
            .into_iter()
            .filter(|(_, pattern)| pattern.is_match(text))
            .map(|kind| kind.0)
            .collect::<Vec<_>>()
    };
    let mut found = named(before);
    found.extend(named(inside));
    if found.is_empty()
        && let PassageForm::Cell { row, column } = &sentence.passage.form
    {
        found = named(row);
        found.extend(named(column));
    }
    found
}

/// The conclusion of a sentence from the latency of a service that was not well.
pub(super) fn of_errors(ground: &EvidenceIndex, sentence: &ReportSentence) -> Option<ClaimRemark> {
    let baseline = ground.target_with_role(Role::Baseline)?;
    let status = ground.fact_on_target("app.health_status", baseline)?.fact.as_i64()?;
    let fact_ref = ground
        .fact_on_target("http.latency", baseline)
        .or_else(|| ground.fact_on_target("http.latency_reported", baseline))?;
    if (200..300).contains(&status) || sentence.mood != SentenceMood::Statement {
        return None;
    }
    let whole = 0..sentence.text.len();
    Some(
        ClaimRemark::violates_rule(
            "claim-latency-of-errors",
            ClaimStatus::Unsupported,
            sentence.file_range(&whole),
        )
        .with_parameter("status", status)
        .resting_on_fact(fact_ref.id, fact_ref.target)
        .resting_on_fact("app.health_status", baseline),
    )
}
