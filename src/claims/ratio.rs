//! Ratios: “almost twice”, 5x, 64 % slower.

use std::collections::BTreeMap;

use super::durations::Stated;
use super::ground::Ground;
use super::quantity::{Hedge, Quantity, Value};
use super::read::Form;
use super::remark::{Remark, Standing};
use super::sentence::{Mood, Sentence};
use super::words::{Subjects, Words};
use crate::model::{Role, Unit};

/// Two figures that a ratio compares.
struct Pair {
    smaller: f64,
    larger: f64,
    unit: Option<Unit>,
    /// The significant digits of the less exact one.
    digits: usize,
    from_text: bool,
    facts: Vec<(String, String)>,
}

/// The figures that a report states: by what they are about and their target the seconds and the
/// significant digits, or none where several differ, so that it is not clear which are compared.
pub struct StatedFigures(BTreeMap<(usize, String), Option<(f64, usize)>>);

impl StatedFigures {
    /// The figures of a report, in its order.
    pub fn new(stated: &[Stated]) -> Self {
        let mut figures = BTreeMap::new();
        for one in stated {
            let known = figures
                .entry((one.subject, one.target.clone()))
                .or_insert(Some((one.seconds, one.digits)));
            *known = known.filter(|(seconds, _)| (one.seconds - seconds).abs() < 1e-9);
        }
        Self(figures)
    }

    fn get(&self, subject: usize, target: &str) -> Option<(f64, usize)> {
        *self.0.get(&(subject, target.to_string()))?
    }
}

/// What the ratios of a sentence say. `stated` are the figures that the report itself states.
pub fn check(
    ground: &Ground,
    words: &Words,
    subjects: &Subjects,
    sentence: &Sentence,
    all: &[Quantity],
    stated: &StatedFigures,
) -> Vec<Remark> {
    let mut out = Vec::new();
    for quantity in all {
        let is_ratio = matches!(quantity.value, Value::Times(_) | Value::Percent(_));
        if !is_ratio || sentence.mood != Mood::Statement || is_vague(words, sentence, quantity) {
            continue;
        }
        let Some(subject) = about(subjects, &words_of(sentence), sentence) else { continue };
        let Some((one, other)) = sides(ground, sentence) else { continue };
        match subject {
            About::Duration(number, sure) => {
                match durations(ground, subjects, number, &one, &other, stated) {
                    Some(pair) => out.extend(decide(sentence, quantity, &pair)),
                    None if sure => {
                        out.extend(without(ground, subjects, sentence, quantity, number, &other))
                    }
                    None => {}
                }
            }
            About::Count(number) => {
                let pair = counts(ground, subjects, number, &one, &other);
                out.extend(pair.and_then(|pair| decide(sentence, quantity, &pair)));
            }
        }
    }
    out
}

fn is_vague(words: &Words, sentence: &Sentence, quantity: &Quantity) -> bool {
    let before = &sentence.text[..quantity.range.start];
    words.denial.is_match(before)
        || words.usual.is_match(before)
        || !words.comparison.words.is_match(&words_of(sentence))
}

enum About {
    Duration(usize, bool),
    Count(usize),
}

/// The words of a sentence; those of a cell are its row's and column's too.
fn words_of(sentence: &Sentence) -> String {
    match &sentence.passage.form {
        Form::Cell { row, column } => format!("{row} {column}: {}", sentence.text),
        _ => sentence.text.to_string(),
    }
}

fn about(subjects: &Subjects, text: &str, sentence: &Sentence) -> Option<About> {
    let named = |text: &str| -> Vec<About> {
        let durations = subjects.duration.iter().enumerate();
        let durations = durations
            .filter(|(_, kind)| kind.words.is_match(text) && !kind.unless.is_match(text))
            .map(|(number, _)| About::Duration(number, true));
        let counts = subjects.count.iter().enumerate();
        let counts = counts
            .filter(|(_, kind)| kind.words.is_match(text))
            .map(|(number, _)| About::Count(number));
        durations.chain(counts).collect()
    };
    let mut found = named(text);
    if found.len() == 1 {
        return found.pop();
    }
    // A sentence that speaks of another cost is not about what stands above it.
    let other = subjects.area.iter().skip(1).take(4).any(|area| area.words.is_match(text));
    if !found.is_empty() || other {
        return None;
    }
    let mut above =
        sentence.topics.iter().take(3).map(|topic| named(topic)).find(|found| !found.is_empty())?;
    match (above.pop()?, above.is_empty()) {
        (About::Duration(number, _), true) => Some(About::Duration(number, false)),
        (count, true) => Some(count),
        _ => None,
    }
}

/// The two targets that are compared: those that the sentence names, or baseline and candidate.
fn sides(ground: &Ground, sentence: &Sentence) -> Option<(String, String)> {
    let mut named: Vec<Option<String>> =
        ground.cast.mentions(sentence.text).into_iter().map(|mention| mention.target).collect();
    named.sort();
    named.dedup();
    if named.contains(&None) {
        return None;
    }
    let mut named: Vec<String> = named.into_iter().flatten().collect();
    let baseline = ground.role(Role::Baseline)?.to_string();
    let candidate = ground.role(Role::Candidate)?.to_string();
    match named.len() {
        2 => {
            let other = named.pop()?;
            Some((named.pop()?, other))
        }
        1 if named[0] == baseline || named[0] == candidate => Some((baseline, candidate)),
        0 => Some((baseline, candidate)),
        _ => None,
    }
}

fn durations(
    ground: &Ground,
    subjects: &Subjects,
    number: usize,
    one: &str,
    other: &str,
    stated: &StatedFigures,
) -> Option<Pair> {
    // The host runs no container: in a comparison of starts it stands for the baseline.
    for id in &subjects.duration[number].facts {
        let median = |target: &str| ground.figures(&ground.held(id, target)?).median;
        if let (Some(a), Some(b)) = (median(one), median(other)) {
            let facts = vec![(id.clone(), one.to_string()), (id.clone(), other.to_string())];
            return pair(a, b, Some(Unit::Seconds), false, facts);
        }
        if ground.held(id, one).is_some() || ground.held(id, other).is_some() {
            return None;
        }
    }
    let (one, other) = (stated.get(number, one)?, stated.get(number, other)?);
    pair(one, other, Some(Unit::Seconds), true, Vec::new())
}

fn counts(
    ground: &Ground,
    subjects: &Subjects,
    number: usize,
    one: &str,
    other: &str,
) -> Option<Pair> {
    let id = subjects.count[number].facts.first()?;
    let baseline = ground.role(Role::Baseline);
    // Where nothing was captured under the baseline, the host is what is compared.
    let stand_in = |target: &str| match ground.held(id, target) {
        None if Some(target) == baseline => ground.role(Role::Host).unwrap_or(target).to_string(),
        _ => target.to_string(),
    };
    let (one, other) = (stand_in(one), stand_in(other));
    let a = ground.held(id, &one)?.count()?;
    let b = ground.held(id, &other)?.count()?;
    pair((a, 4), (b, 4), None, false, vec![(id.clone(), one), (id.clone(), other)])
}

fn pair(
    a: (f64, usize),
    b: (f64, usize),
    unit: Option<Unit>,
    from_text: bool,
    facts: Vec<(String, String)>,
) -> Option<Pair> {
    let (smaller, larger) = if a.0 <= b.0 { (a.0, b.0) } else { (b.0, a.0) };
    (smaller > 0.0).then(|| Pair { smaller, larger, unit, digits: a.1.min(b.1), from_text, facts })
}

fn decide(sentence: &Sentence, quantity: &Quantity, pair: &Pair) -> Option<Remark> {
    let ratio = pair.larger / pair.smaller;
    let place = sentence.place(&phrase(quantity));
    let words = &sentence.text[phrase(quantity)];
    let readings = match quantity.value {
        Value::Times(_) => vec![ratio, ratio - 1.0],
        // “64 % slower”, “39 % faster”, “takes 164 %”, “61 % of”.
        Value::Percent(_) => {
            vec![(ratio - 1.0) * 100.0, (1.0 - 1.0 / ratio) * 100.0, ratio * 100.0, 100.0 / ratio]
        }
        _ => return None,
    };
    let (Value::Times(stated) | Value::Percent(stated)) = quantity.value else { return None };
    let first = if matches!(quantity.value, Value::Times(_)) { 1 } else { readings.len() };
    let fits = readings[..first].iter().any(|truth| agrees(quantity, stated, *truth));
    let with_facts =
        |remark: Remark| pair.facts.iter().fold(remark, |remark, fact| remark.on(&fact.0, &fact.1));
    if fits {
        let excess = quantity.digits > pair.digits && quantity.digits > 3;
        if excess {
            return Some(with_facts(
                Remark::offends("claim-excess-digits", Standing::Misworded, place)
                    .with("words", words)
                    .with("digits", quantity.digits)
                    .with("supported", pair.digits),
            ));
        }
        return (!pair.from_text).then(|| with_facts(Remark::supported(place)));
    }
    if readings.iter().any(|truth| agrees(quantity, stated, *truth)) {
        return None;
    }
    let figure = |value: f64| match pair.unit {
        Some(unit) => crate::report::measured(value, unit),
        None => format!("{value}"),
    };
    Some(with_facts(
        Remark::offends("claim-ratio-wording", Standing::Contradicted, place)
            .with("words", words)
            .with("larger", figure(pair.larger))
            .with("smaller", figure(pair.smaller))
            .with("ratio", format!("{:.2}", ratio))
            .with("difference", figure(crate::stats::significant(pair.larger - pair.smaller, 3)))
            .with("percent", format!("{:.0}", (ratio - 1.0) * 100.0))
            .with("source", if pair.from_text { "text" } else { "evidence" }),
    ))
}

fn agrees(quantity: &Quantity, stated: f64, truth: f64) -> bool {
    let share =
        |share: f64| (stated - truth).abs() <= (stated.abs() * share).max(quantity.half * 1.1);
    match quantity.hedge {
        Hedge::Exact => share(0.12),
        Hedge::About => share(0.2),
        Hedge::Almost => truth >= stated * 0.85 && truth <= stated * 1.03,
        Hedge::Over => truth >= stated * 0.97,
        Hedge::Under => truth <= stated * 1.03,
    }
}

/// The quantity with the words that hedge it.
fn phrase(quantity: &Quantity) -> std::ops::Range<usize> {
    quantity.from..quantity.range.end
}

fn without(
    ground: &Ground,
    subjects: &Subjects,
    sentence: &Sentence,
    quantity: &Quantity,
    number: usize,
    candidate: &str,
) -> Option<Remark> {
    let id = &subjects.duration[number].facts[0];
    let baseline = ground.role(Role::Baseline)?;
    let lacking =
        [baseline, candidate].into_iter().find(|target| ground.held(id, target).is_none())?;
    let all_lack =
        subjects.duration[number].facts.iter().all(|id| ground.held(id, lacking).is_none());
    let range = phrase(quantity);
    let text = &sentence.text[range.clone()];
    all_lack.then(|| Remark::without(ground, sentence.place(&range), text, id, lacking))
}
