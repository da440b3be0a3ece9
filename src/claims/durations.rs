//! Durations: start-up and latency.

use super::counts::is_set_apart;
use super::ground::{Ground, Held};
use super::quantity::{Hedge, Quantity, Value};
use super::read::Form;
use super::remark::{Remark, Standing};
use super::sentence::{Mood, Sentence};
use super::words::{Duration, Subjects, Words};
use crate::model::{Role, Unit};

/// A figure that the report states about a target, for ratios that it draws from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stated {
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
pub fn check(
    ground: &Ground,
    words: &Words,
    subjects: &Subjects,
    sentence: &Sentence,
    all: &[Quantity],
) -> (Vec<Remark>, Vec<Stated>) {
    let (mut remarks, mut stated) = (Vec::new(), Vec::new());
    for (index, quantity) in all.iter().enumerate() {
        let Value::Seconds(seconds) = quantity.value else { continue };
        let Some((number, subject, near)) = about(&subjects.duration, sentence, all, index) else {
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
        let mut who = ground.cast.of(sentence, all, index);
        let mentions = ground.cast.mentions(sentence.text);
        let unnamed = mentions.iter().all(|mention| mention.range.start > quantity.range.end);
        if who.is_none() && subject.baseline && unnamed {
            let target = ground.role(Role::Baseline).map(String::from);
            // Only a named figure of a series that nobody else has leaves no doubt.
            let clear = !figures_named(words, sentence, all, index).is_empty();
            who = target.map(|target| super::who::Who { target, clear });
        }
        let Some(who) = who else { continue };
        if quantity.hedge == Hedge::Exact {
            stated.push(Stated {
                subject: number,
                target: who.target.clone(),
                seconds,
                digits: quantity.digits,
            });
        }
        remarks.extend(decide(ground, words, sentence, all, index, subject, &who, near));
    }
    (remarks, stated)
}

/// What a duration is about, by the nearest words; whether they stand near enough to say that
/// something is not captured.
fn about<'a>(
    kinds: &'a [Duration],
    sentence: &Sentence,
    all: &[Quantity],
    index: usize,
) -> Option<(usize, &'a Duration, bool)> {
    let around = around(sentence, all, index);
    let quantity = &all[index];
    let kinds: Vec<(usize, &Duration)> =
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
    let is_cell = matches!(sentence.passage.form, Form::Cell { .. });
    for (at, topic) in sentence.topics.iter().enumerate() {
        if kinds.len() > 1 && topic.chars().count() > 160 {
            continue;
        }
        let named: Vec<_> = kinds
            .iter()
            .filter(|(_, kind)| kind.words.is_match(topic) && !kind.unless.is_match(topic))
            .collect();
        match named[..] {
            [] => {}
            [(number, kind)] => return Some((*number, kind, is_cell && at < 2 || at < 3)),
            _ => return None,
        }
    }
    None
}

/// The words about a value: those since the value before, and a few behind it.
fn around<'a>(sentence: &'a Sentence, all: &[Quantity], index: usize) -> &'a str {
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
fn decide(
    ground: &Ground,
    words: &Words,
    sentence: &Sentence,
    all: &[Quantity],
    index: usize,
    subject: &Duration,
    who: &super::who::Who,
    near: bool,
) -> Option<Remark> {
    let quantity = &all[index];
    let Value::Seconds(stated) = quantity.value else { return None };
    let place = sentence.place(&quantity.range);
    let held: Vec<Held> =
        subject.facts.iter().filter_map(|id| ground.held(id, &who.target)).collect();
    let text = &sentence.text[quantity.range.clone()];
    if held.is_empty() {
        let may = near && sentence.mood == Mood::Statement;
        return may.then(|| Remark::without(ground, place, text, &subject.facts[0], &who.target));
    }
    let wanted = figures_named(words, sentence, all, index);
    for held in &held {
        let figures = ground.figures(held);
        let named = figures.all.iter().filter(|figure| {
            wanted.is_empty()
                || wanted.contains(&figure.name)
                || figure.name == "sample" && wanted.len() != 1
        });
        if let Some(figure) = named.into_iter().find(|figure| quantity.agrees(stated, figure.value))
        {
            let shown = crate::report::measured(figure.value, Unit::Seconds);
            let single = held.fact.as_series().is_some_and(|samples| samples.values.len() == 1);
            let shown = if single { shown } else { format!("{} {shown}", figure.name) };
            return Some(Remark::supported(place).with("shown", shown).on(held.id, held.target));
        }
    }
    let known: Vec<_> = held.iter().map(|held| ground.figures(held)).collect();
    let known = || known.iter().flat_map(|figures| &figures.all);
    let (low, high) = known().fold((f64::MAX, f64::MIN), |(low, high), figure| {
        (low.min(figure.value), high.max(figure.value))
    });
    let outside = stated + quantity.half < low * 0.98 || stated - quantity.half > high * 1.02;
    let other_target =
        ground.subject.run.targets.iter().filter(|target| target.name != who.target).any(
            |target| {
                let held = subject.facts.iter().filter_map(|id| ground.held(id, &target.name));
                held.map(|held| ground.figures(&held)).any(|figures| {
                    figures.all.iter().any(|figure| quantity.agrees(stated, figure.value))
                })
            },
        );
    let named_clash = !wanted.is_empty()
        && known().any(|figure| wanted.contains(&figure.name))
        && known().filter(|figure| wanted.contains(&figure.name)).all(|figure| {
            quantity.clashes(stated, figure.value)
                && (stated - figure.value).abs() > 0.02 * figure.value
        });
    let may = who.clear
        && sentence.mood == Mood::Statement
        && quantity.hedge == Hedge::Exact
        && !other_target
        && (outside || named_clash);
    may.then(|| {
        Remark::contradicted(ground, place, text, &held[0].shown(), held[0].id, held[0].target)
    })
}

/// The names of figures that the words since the last value give.
fn figures_named(
    words: &Words,
    sentence: &Sentence,
    all: &[Quantity],
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
        && let Form::Cell { row, column } = &sentence.passage.form
    {
        found = named(row);
        found.extend(named(column));
    }
    found
}

/// The conclusion of a sentence from the latency of a service that was not well.
pub fn of_errors(ground: &Ground, sentence: &Sentence) -> Option<Remark> {
    let baseline = ground.role(Role::Baseline)?;
    let status = ground.held("app.health_status", baseline)?.fact.as_i64()?;
    let held = ground
        .held("http.latency", baseline)
        .or_else(|| ground.held("http.latency_reported", baseline))?;
    if (200..300).contains(&status) || sentence.mood != Mood::Statement {
        return None;
    }
    let whole = 0..sentence.text.len();
    Some(
        Remark::offends("claim-latency-of-errors", Standing::Unsupported, sentence.place(&whole))
            .with("status", status)
            .on(held.id, held.target)
            .on("app.health_status", baseline),
    )
}
