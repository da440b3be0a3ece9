//! Facts: what one run knows and the other does not, or knows otherwise.

use std::collections::BTreeSet;

use serde_json::Value;

use super::change::{Change, ChangeKind, MissingSide};
use super::condition::is_of_one_kind;
use super::gate::is_left_out;
use super::target::TargetPair;
use super::{figure, value};
use crate::model::{Fact, FactId, MissingFact, MissingReason, Role, Run, Target, fact_ids};
use crate::phrases::RelationPhrases;
use crate::privacy::mask_pseudonyms;
use crate::probe::catalogue::{EvidenceStrength, ProbeCatalogue};

/// The parsers of answers that are read from several lines which belong together.
const OF_LINES: &[&str] = &["dmesg", "interfaces", "text"];

/// Every fact of the paired targets that differs. Measurements are not among them.
pub(super) fn fact_changes(
    a: &Run,
    b: &Run,
    pairs: &[TargetPair],
    catalogue: &ProbeCatalogue,
    phrases: &RelationPhrases,
) -> Vec<Change> {
    let ids: BTreeSet<&String> = a.facts.keys().chain(b.facts.keys()).collect();
    let mut out = Vec::new();
    for id in ids {
        let id = FactId::from_text(id);
        let probe = catalogue.find_probe(&id);
        for pair in pairs {
            let (old, new) = (a.find_fact(id, &pair.a.name), b.find_fact(id, &pair.b.name));
            let mut facts = [old, new].into_iter().flatten();
            if figure::is_measured(probe) || facts.any(|fact| fact.as_series().is_some()) {
                continue;
            }
            let are_known = [old, new].iter().all(|fact| fact.is_some_and(Fact::is_present));
            if are_known && !is_of_one_kind(id, a, b) {
                continue;
            }
            let Some(mut change) = fact_change(&id, &pair.b.name, pair.b.role, old, new) else {
                continue;
            };
            // What one session was told to leave out is a condition, and no change.
            if [(&change.a, a), (&change.b, b)]
                .iter()
                .any(|(value, run)| value.is_null() && is_left_out(run, &id))
            {
                continue;
            }
            let [relation_a, relation_b] =
                [(a, pair.a), (b, pair.b)].map(|(run, target)| relation_to_host(id, run, target));
            if let (Some(one), Some(other)) = (relation_a, relation_b)
                && one != other
            {
                let words = |is_hosts| match is_hosts {
                    true => phrases.hosts.clone().into(),
                    false => phrases.not_hosts.clone().into(),
                };
                let strength = probe.map_or(EvidenceStrength::None, |probe| probe.strength);
                let title = probe.map_or_else(|| id.to_string(), |probe| probe.title.clone());
                out.push(Change { a: words(one), b: words(other), strength, title, ..change });
                continue;
            }
            // Of two keys, an equal name has different pseudonyms.
            let [masked_a, masked_b] = [&change.a, &change.b].map(mask_pseudonyms);
            if are_known && has_two_keys(a, b) && value::say_the_same(&masked_a, &masked_b) {
                continue;
            }
            if let Some(probe) = probe {
                change.title = probe.title.clone();
                change.strength = probe.strength;
                // Another value says nothing; that there is none any more does.
                change.volatile = probe.volatile.applies_to_role(pair.b.role)
                    && change.kind == ChangeKind::Changed
                    && change.a_lacks.is_none();
                if OF_LINES.contains(&probe.parser.as_str()) && is_of_lines(&change) {
                    change.lines = diff_capture_lines(a, b, &change);
                }
            }
            out.push(change);
        }
    }
    out
}

/// Whether a target shows the host's own boot id: the one thing about it that means the same in
/// every boot.
fn relation_to_host(id: FactId, run: &Run, target: &Target) -> Option<bool> {
    let host = run.with_role(Role::Host).next().filter(|host| host.name != target.name)?;
    let value = |name: &str| run.find_fact(id, name).and_then(Fact::as_value);
    let (own, hosts) = (value(&target.name)?, value(&host.name)?);
    (*id == *fact_ids::KERNEL_BOOT_ID).then_some(own == hosts)
}

/// Whether both have pseudonyms, and one key is not known to have made them.
fn has_two_keys(a: &Run, b: &Run) -> bool {
    let (a, b) = (&a.redaction, &b.redaction);
    let are_there = !a.replaced.is_empty() && !b.replaced.is_empty();
    are_there && (a.key.is_none() || a.key != b.key)
}

fn fact_change(
    id: &str,
    target: &str,
    role: Role,
    old: Option<&Fact>,
    new: Option<&Fact>,
) -> Option<Change> {
    let (a, b) = (FactState::from_fact(old), FactState::from_fact(new));
    let kind = match (&a, &b) {
        (FactState::Known(a), FactState::Known(b)) if value::say_the_same(a, b) => return None,
        (FactState::Known(_), FactState::Known(_)) => ChangeKind::Changed,
        (FactState::Known(_), FactState::Lacking(_)) => ChangeKind::Unavailable,
        (FactState::Known(_), FactState::NotAsked(_)) => ChangeKind::Gone,
        (_, FactState::Known(_)) => ChangeKind::Appeared,
        // Absent and denied are answers: another one is a change.
        (FactState::Lacking(a), FactState::Lacking(b))
            if a.why != b.why && (is_answer(a.why) || is_answer(b.why)) =>
        {
            ChangeKind::Changed
        }
        _ => return None,
    };
    Some(Change {
        parts: value::differing_parts(&a.state_value(), &b.state_value()),
        a: a.state_value(),
        b: b.state_value(),
        a_lacks: a.missing_side(),
        b_lacks: b.missing_side(),
        a_source: old.and_then(Fact::source).cloned(),
        b_source: new.and_then(Fact::source).cloned(),
        strength: EvidenceStrength::None,
        ..Change::about_target(kind, id, target, role)
    })
}

fn is_answer(why: MissingReason) -> bool {
    matches!(why, MissingReason::Absent | MissingReason::Denied)
}

/// What a run knows about a question.
enum FactState<'a> {
    Known(&'a Value),
    /// It was asked, and there is no value.
    Lacking(&'a MissingFact),
    /// It was not asked, with the reason where there is one.
    NotAsked(Option<&'a MissingFact>),
}

impl<'a> FactState<'a> {
    fn from_fact(fact: Option<&'a Fact>) -> Self {
        match fact {
            Some(Fact::Value { value, .. }) => Self::Known(value),
            Some(Fact::Missing(missing)) if missing.why == MissingReason::NotAsked => {
                Self::NotAsked(Some(missing))
            }
            Some(Fact::Missing(missing)) => Self::Lacking(missing),
            Some(Fact::Series(_)) | None => Self::NotAsked(None),
        }
    }

    fn state_value(&self) -> Value {
        match self {
            Self::Known(value) => (*value).clone(),
            _ => Value::Null,
        }
    }

    fn missing_side(&self) -> Option<MissingSide> {
        match self {
            Self::Known(_) | Self::NotAsked(None) => None,
            Self::Lacking(missing) | Self::NotAsked(Some(missing)) => {
                Some(MissingSide { missing: missing.why, reason: missing.reason.clone() })
            }
        }
    }
}

/// Whether both sides have a value and neither is one line, which may stand in a file of many
/// things.
fn is_of_lines(change: &Change) -> bool {
    let is_known = change.a_source.is_some() && change.b_source.is_some();
    let is_lacking = change.a_lacks.is_some() || change.b_lacks.is_some();
    let mut texts = [&change.a, &change.b].into_iter().filter_map(Value::as_str);
    is_known && !is_lacking && texts.all(|text| text.contains('\n'))
}

/// The lines of the two captures that differ, where there is more than one.
fn diff_capture_lines(a: &Run, b: &Run, change: &Change) -> Vec<String> {
    let [a, b] = [(a, &change.a_source), (b, &change.b_source)].map(|(run, source)| {
        let source = source.as_ref();
        let bytes = source
            .and_then(|source| run.find_capture(&source.capture)?.stdout.decoded_bytes().ok());
        crate::text::split_lines(&bytes.unwrap_or_default())
    });
    if a.len().max(b.len()) < 2 { Vec::new() } else { value::diff_lines(&a, &b) }
}
