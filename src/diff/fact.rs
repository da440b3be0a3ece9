//! Facts: what one run knows and the other does not, or knows otherwise.

use std::collections::BTreeSet;

use serde_json::Value;

use super::change::{Change, Kind, Lack};
use super::target::Pair;
use super::{measurement, value};
use crate::model::{Fact, Missing, Role, Run, Source, Why};
use crate::probe::catalogue::{Catalogue, Strength};

/// The parsers of answers that are read from several lines which belong together.
const OF_LINES: &[&str] = &["dmesg", "interfaces", "text"];

/// Every fact of the paired targets that differs. Measurements are not among them.
pub(super) fn changes(a: &Run, b: &Run, pairs: &[Pair], catalogue: &Catalogue) -> Vec<Change> {
    let ids: BTreeSet<&String> = a.facts.keys().chain(b.facts.keys()).collect();
    let mut out = Vec::new();
    for id in ids {
        let probe = catalogue.get(id);
        for pair in pairs {
            let (old, new) = (a.fact(id, &pair.a.name), b.fact(id, &pair.b.name));
            let is_series = |fact: Option<&Fact>| fact.is_some_and(|f| f.as_series().is_some());
            if measurement::is_series(probe) || is_series(old) || is_series(new) {
                continue;
            }
            let Some(mut change) = change(id, &pair.b.name, pair.b.role, old, new) else {
                continue;
            };
            if let Some(probe) = probe {
                change.title = probe.title.clone();
                change.strength = probe.strength;
                // Another value says nothing; that there is none any more does.
                change.volatile = probe.volatile.on(pair.b.role)
                    && change.kind == Kind::Changed
                    && change.a_lacks.is_none();
                if OF_LINES.contains(&probe.parser.as_str()) {
                    change.lines = lines(a, b, &change);
                }
            }
            out.push(change);
        }
    }
    out
}

fn change(
    id: &str,
    target: &str,
    role: Role,
    old: Option<&Fact>,
    new: Option<&Fact>,
) -> Option<Change> {
    let (a, b) = (State::of(old), State::of(new));
    let kind = match (&a, &b) {
        (State::Known(a), State::Known(b)) if value::same(a, b) => return None,
        (State::Known(_), State::Known(_)) => Kind::Changed,
        (State::Known(_), State::Lacking(_)) => Kind::Unavailable,
        (State::Known(_), State::NotAsked(_)) => Kind::Gone,
        (_, State::Known(_)) => Kind::Appeared,
        // Absent and denied are answers: another one is a change.
        (State::Lacking(a), State::Lacking(b))
            if a.why != b.why && (is_answer(a.why) || is_answer(b.why)) =>
        {
            Kind::Changed
        }
        _ => return None,
    };
    let source = |fact: Option<&Fact>| fact.and_then(Fact::source).cloned();
    Some(Change {
        parts: value::parts(&a.value(), &b.value()),
        a: a.value(),
        b: b.value(),
        a_lacks: a.lack(),
        b_lacks: b.lack(),
        a_source: source(old),
        b_source: source(new),
        strength: Strength::None,
        ..Change::about(kind, id, target, role)
    })
}

fn is_answer(why: Why) -> bool {
    matches!(why, Why::Absent | Why::Denied)
}

/// What a run knows about a question.
enum State<'a> {
    Known(&'a Value),
    /// It was asked, and there is no value.
    Lacking(&'a Missing),
    /// It was not asked, with the reason where there is one.
    NotAsked(Option<&'a Missing>),
}

impl<'a> State<'a> {
    fn of(fact: Option<&'a Fact>) -> Self {
        match fact {
            Some(Fact::Value { value, .. }) => Self::Known(value),
            Some(Fact::Missing(missing)) if missing.why == Why::NotAsked => {
                Self::NotAsked(Some(missing))
            }
            Some(Fact::Missing(missing)) => Self::Lacking(missing),
            Some(Fact::Series(_)) | None => Self::NotAsked(None),
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Known(value) => (*value).clone(),
            _ => Value::Null,
        }
    }

    fn lack(&self) -> Option<Lack> {
        match self {
            Self::Known(_) | Self::NotAsked(None) => None,
            Self::Lacking(missing) | Self::NotAsked(Some(missing)) => Some(Lack::of(missing)),
        }
    }
}

/// The lines of the two captures that differ, where there is more than one.
fn lines(a: &Run, b: &Run, change: &Change) -> Vec<String> {
    let text = |run: &Run, source: Option<&Source>| -> Vec<String> {
        let bytes = source.and_then(|source| run.capture(&source.capture)?.stdout.bytes().ok());
        crate::text::lines(&bytes.unwrap_or_default())
    };
    let (a, b) = (text(a, change.a_source.as_ref()), text(b, change.b_source.as_ref()));
    if a.len().max(b.len()) < 2 { Vec::new() } else { value::lines(&a, &b) }
}
