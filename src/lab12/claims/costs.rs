//! Costs: figures and words about what a runtime costs, where nobody measured it.

use std::cmp::Reverse;
use std::ops::Range;

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::evidence_index::EvidenceIndex;
use super::messages::{ClaimCostWithoutFigure, ClaimOverheadUnmeasured};
use super::quantity::{StatedQuantity, StatedValue, find_quantities};
use super::sentence::ReportSentence;
use super::words::{ClaimVocabulary, CostArea};
use crate::model::Role;
use crate::text::{join_words, make_visible};

const HALF_GIGABYTE: f64 = 1024.0 * 1024.0 * 512.0;

/// What a sentence says about costs that were not measured under the runtimes it speaks of.
pub(super) fn check_costs(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
) -> Vec<ClaimRemark> {
    if !sentence.is_statement || vocabulary.words.not_in_files.is_match(sentence.text) {
        return Vec::new();
    }
    let own = all.iter().filter(|one| !sentence.is_quoted_at(one.from));
    // What is told right before may be what a share or a ratio is computed of.
    let before = sentence.topics.first().filter(|_| sentence.cell_labels().is_none());
    let before = before.map_or_else(Vec::new, |text| find_quantities(text, &vocabulary.words));
    let own =
        own.filter(|one| !is_share_of_told(one, all, &before) && !index.is_share_captured(one));
    let mut out: Vec<ClaimRemark> =
        own.filter_map(|one| check_figure(index, vocabulary, sentence, all, one)).collect();
    if !sentence.is_plain {
        return out;
    }
    let is_judged =
        |range: &Range<usize>| all.iter().any(|quantity| range.contains(&quantity.range.start));
    for clause in split_clauses(sentence.text).into_iter().filter(|clause| !is_judged(clause)) {
        out.extend(check_judgement(index, vocabulary, sentence, clause));
    }
    out
}

/// “342 against 76, so the guest has 22 %, or 78 % less”, “438 and 55. Nearly 8 times less”: what two
/// numbers next to it or right before it have, which are looked at themselves.
fn is_share_of_told(
    quantity: &StatedQuantity,
    all: &[StatedQuantity],
    before: &[StatedQuantity],
) -> bool {
    let is_ratio = matches!(quantity.value, StatedValue::Times(_));
    let numbers: Vec<f64> = all
        .iter()
        .chain(before)
        .filter_map(|one| match one.value {
            StatedValue::Number(number, _) => Some(number),
            // The ratio of two durations is that of what was measured.
            StatedValue::Seconds(number) | StatedValue::Rate(number, _) if !is_ratio => {
                Some(number)
            }
            _ => None,
        })
        .filter(|number| *number > 0.0)
        .collect();
    numbers.iter().any(|one| {
        numbers.iter().filter(|other| one < other).any(|other| {
            let shares = [one / other, 1.0 - one / other, other / one - 1.0, other / one];
            match quantity.value {
                StatedValue::Percent(percent) => shares
                    .iter()
                    .any(|share| (share * 100.0 - percent).abs() <= quantity.half * 1.2),
                StatedValue::Times(times) => quantity.agrees_with(times, other / one),
                _ => false,
            }
        })
    })
}

/// The clauses of a sentence, by commas and conjunctions.
fn split_clauses(text: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    let parts = text.split_inclusive([',', ';', '(', ')']);
    let clauses = parts.flat_map(|part| part.split_inclusive(" and "));
    let ranges = clauses.map(|clause| {
        start += clause.len();
        start - clause.len()..start
    });
    ranges.collect()
}

/// A figure of a cost that no measurement carries.
fn check_figure(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
    quantity: &StatedQuantity,
) -> Option<ClaimRemark> {
    let words = &vocabulary.words;
    let around = (&sentence.text[..quantity.from], &sentence.text[quantity.range.end..]);
    // Next to a duration it says again what was measured.
    let is_beside_time = all.iter().any(|one| matches!(one.value, StatedValue::Seconds(_)));
    let is_cost = match quantity.value {
        StatedValue::Percent(_) => {
            let stated = &sentence.text[quantity.range.clone()];
            !is_beside_time && !index.is_percentage_captured(stated)
        }
        // “Three times the average” compares two figures of one series, and what may be a hundred
        // times as much names no runtime.
        StatedValue::Times(_) => {
            !names_average(vocabulary, around.1)
                && !index.resolver.find_mentions(&sentence.labelled_text()).is_empty()
        }
        // Between two durations lie the samples of a series.
        StatedValue::Range(None) => {
            !is_range_captured(index, &sentence.text[quantity.range.clone()])
        }
        // Halves of a gigabyte are what a machine has or a setting allows, and no program's use.
        StatedValue::Bytes(_, size) => {
            (size / HALF_GIGABYTE).fract() != 0.0 && !index.is_size_captured(quantity)
        }
        _ => false,
    };
    let (row, column) = sentence.cell_labels().unwrap_or_default();
    let context = match sentence.cell_labels() {
        Some(_) => format!("{row} | {column} | {}", sentence.text),
        None => clause_around(sentence.text, &quantity.range).to_string(),
    };
    let figure = &vocabulary.wordings.figure;
    let excused = figure.unless.is_match(&context)
        || words.comparison.interval.is_match(around.1)
        || words.argument.is_match(around.0)
        || words.denial.is_match(around.0)
        // How far the values of one series lie apart.
        || words.figures.min.is_match(&context) && words.figures.max.is_match(&context);
    let is_cost = is_cost && figure.cost.is_match(&context);
    if !is_cost || excused {
        return None;
    }
    let area = figure_area(&vocabulary.subjects.area, &context, sentence, quantity)?;
    let targets = unmeasured_targets(index, area, &context)?;
    let range = quantity.from..quantity.range.end;
    let place = sentence.file_range(&range);
    let words = &make_visible(&join_words(&sentence.text[range]));
    let message = ClaimOverheadUnmeasured { words, area: &area.name, targets: &targets };
    Some(ClaimRemark::violates_rule(message, ClaimStatus::Unsupported, place))
}

/// “From 6 % to 2 %”: whether a capture has both percentages, as the lines of a shell's `time` do.
fn is_range_captured(index: &EvidenceIndex, stated: &str) -> bool {
    let bounds = stated.split(|c: char| !c.is_ascii_digit() && c != '.');
    let mut bounds = bounds.filter(|bound| !bound.is_empty());
    stated.contains('%') && bounds.all(|bound| index.is_percentage_captured(&format!("{bound}%")))
}

/// Whether the average of a series is what the first words after a ratio name.
fn names_average(vocabulary: &ClaimVocabulary, after: &str) -> bool {
    let figures = &vocabulary.words.figures;
    let words: usize = after.split_inclusive(' ').take(4).map(str::len).sum();
    figures.mean.is_match(&after[..words]) || figures.median.is_match(&after[..words])
}

/// The clause of a sentence that a figure stands in.
fn clause_around<'a>(text: &'a str, figure: &Range<usize>) -> &'a str {
    let start = text[..figure.start].rfind(';').map_or(0, |at| at + 1);
    let end = text[figure.end..].find([';', ')']).map_or(text.len(), |at| figure.end + at);
    &text[start..end]
}

/// What a figure is a cost of: the last_area_in words that say so; a size is one of memory.
fn figure_area<'a>(
    areas: &'a [CostArea],
    context: &str,
    sentence: &ReportSentence,
    quantity: &StatedQuantity,
) -> Option<&'a CostArea> {
    let is_size = matches!(quantity.value, StatedValue::Bytes(..))
        || matches!(quantity.value, StatedValue::Range(_))
            && sentence.text[quantity.range.clone()].to_lowercase().ends_with('b');
    if is_size {
        return areas.iter().find(|area| area.words.is_match("memory"));
    }
    let (general, special) = areas.split_last()?;
    let after = match sentence.cell_labels() {
        Some(_) => "",
        None => &sentence.text[quantity.range.end..],
    };
    let words = after.split_inclusive(' ').take(5).map(str::len).sum();
    let after = after[..words].split([',', ';', '(']).next().unwrap_or_default();
    let before = match sentence.cell_labels() {
        Some(_) => context,
        None => &sentence.text[..quantity.from],
    };
    // “3 % CPU”, then the last_area_in words before, then what stands above.
    let last_area_in = |text: &str| {
        let found = special.iter().filter_map(|area| {
            let last = area.words.find_iter(text).last()?;
            // “Start-up latency” is more than “latency”.
            Some(((last.end(), Reverse(last.start())), area))
        });
        found.max_by_key(|found| found.0).map(|found| found.1)
    };
    let above = || sentence.topics.iter().take(3).find_map(|topic| last_area_in(topic));
    let is_general = general.words.is_match(context);
    cost_area(special, after)
        .or_else(|| last_area_in(before))
        .or_else(above)
        .or_else(|| is_general.then_some(general))
}

/// A cost that a clause calls small or large: the two words stand next to each other, or the one
/// labels the other, or a cell under a runtime's name holds nothing else.
fn check_judgement(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
    clause: Range<usize>,
) -> Option<ClaimRemark> {
    let judging = &vocabulary.wordings.judgement;
    let text = &sentence.text[clause.clone()];
    let verdict = judging.pattern.find(text)?;
    if judging.unless.is_match(sentence.text)
        || sentence.is_quoted_at(clause.start + verdict.start())
    {
        return None;
    }
    let (range, context) = match sentence.cell_labels() {
        Some((row, column)) => {
            let targets = |label: &str| !index.resolver.find_mentions(label).is_empty();
            let cost = match (targets(row), targets(column)) {
                (false, true) => row,
                (true, false) => column,
                _ => return None,
            };
            let is_alone = sentence.text.split_whitespace().nth(3).is_none();
            if !is_alone || !judging.noun.is_match(cost) || judging.unless.is_match(cost) {
                return None;
            }
            (verdict.range(), cost.to_string())
        }
        None => {
            let noun = judging.noun.find(text)?;
            let between = if noun.end() <= verdict.start() {
                &text[noun.end()..verdict.start()]
            } else {
                &text[verdict.end().min(noun.start())..noun.start()]
            };
            let words =
                between.split_whitespace().filter(|word| word.contains(char::is_alphabetic));
            let links =
                ["is", "are", "was", "be", "very", "quite", "has", "a", "the", "of", "kata"];
            let mut words = words.map(str::to_lowercase);
            if !words.all(|word| links.contains(&word.as_str())) {
                return None;
            }
            let range = noun.start().min(verdict.start())..noun.end().max(verdict.end());
            (range, text.to_string())
        }
    };
    let (general, special) = vocabulary.subjects.area.split_last()?;
    let is_general = general.words.is_match(&context);
    let area = cost_area(special, &context).or_else(|| is_general.then_some(general))?;
    let column = sentence.cell_labels().map_or("", |labels| labels.1);
    let targets = unmeasured_targets(index, area, &format!("{column} {}", sentence.text))?;
    let place = sentence.file_range(&(clause.start + range.start..clause.start + range.end));
    let words = &make_visible(&join_words(&text[range]));
    let message = ClaimCostWithoutFigure { words, area: &area.name, targets: &targets };
    Some(ClaimRemark::violates_rule(message, ClaimStatus::Unsupported, place))
}

/// What a cost is of: the area named first.
fn cost_area<'a>(areas: &'a [CostArea], text: &str) -> Option<&'a CostArea> {
    let named = areas.iter().filter_map(|area| Some((area.words.find(text)?.start(), area)));
    named.min_by_key(|found| found.0).map(|found| found.1)
}

/// The runtimes that a cost is about, for readers, unless it was measured under the baseline and
/// one of the others.
fn unmeasured_targets(index: &EvidenceIndex, area: &CostArea, text: &str) -> Option<String> {
    let baseline = index.target_with_role(Role::Baseline)?;
    let run = &index.subject.run;
    let mentioned = index.resolver.find_mentions(text);
    let mut candidates: Vec<&str> = Vec::new();
    for target in run.with_role(Role::Candidate) {
        let is_named = |name: &Option<String>| name.as_deref() == Some(target.name.as_str());
        if mentioned.iter().any(|mention| is_named(&mention.target)) {
            candidates.push(&target.name);
        }
    }
    if candidates.is_empty() {
        candidates = run.with_role(Role::Candidate).map(|target| target.name.as_str()).collect();
    }
    let is_measured = |target: &str| {
        let mut facts = area.facts.iter();
        facts.any(|fact| index.holds_any(fact, target) || index.has_unread_line(fact, target))
    };
    let lacks = !is_measured(baseline) || !candidates.iter().any(|target| is_measured(target));
    (lacks && !candidates.is_empty()).then(|| {
        let names: Vec<String> =
            [baseline].iter().chain(&candidates).map(|target| index.reader_name(target)).collect();
        names.join(" and ")
    })
}
