//! Names: interfaces, and those of a closed set of which one is true.

use std::collections::BTreeSet;

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::evidence_index::{EvidenceIndex, FactRef};
use super::messages::ClaimContradictsEvidence;
use super::sentence::ReportSentence;
use super::words::{ClaimVocabulary, ClosedName, EqualFact, LabelledLiteral};
use crate::judge::EvidenceRef;
use crate::model::Role;
use crate::text::make_visible;

const INTERFACES: &str = "net.interfaces";

/// What the names of a sentence say.
pub(super) fn check_names(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Vec<ClaimRemark> {
    if !sentence.is_plain {
        return Vec::new();
    }
    let closed = vocabulary.subjects.closed.iter();
    let mut out: Vec<ClaimRemark> =
        closed.filter_map(|closed| check_closed_name(index, closed, sentence)).collect();
    out.extend(check_only_interfaces(index, vocabulary, sentence));
    out.extend(check_kernel_age(index, vocabulary, sentence));
    let equals = vocabulary.subjects.equal.iter();
    out.extend(equals.filter_map(|equal| check_equal_fact(index, equal, sentence)));
    let literals = vocabulary.subjects.literal.iter();
    out.extend(literals.filter_map(|literal| check_literal(index, literal, sentence)));
    out
}

/// A name of a closed set (vendors, architectures) where all that was captured is of another one.
fn check_closed_name(
    index: &EvidenceIndex,
    closed: &ClosedName,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    let text = sentence.text;
    if !closed.words.is_match(&sentence.labelled_text()) || closed.unless.is_match(text) {
        return None;
    }
    let mut stated = closed.names.iter().filter_map(|name| Some((name, name.find(text)?)));
    let (stated, found) = stated.next().filter(|_| stated.next().is_none())?;
    let known = index.facts_everywhere(&closed.fact);
    let known = known.iter().map(|one| {
        (one.fact.as_str().unwrap_or_default().into(), index.evidence_ref(one.id, one.target))
    });
    let labelled = closed.label.iter().flat_map(|label| index.labelled_values(label));
    let known: Vec<(String, EvidenceRef)> = labelled.chain(known).collect();
    let is_another = |text: &str| {
        let mut others = closed.names.iter().filter(|one| !std::ptr::eq(*one, stated));
        !stated.is_match(text) && others.any(|one| one.is_match(text))
    };
    let (value, source) = known.first()?;
    let message = ClaimContradictsEvidence {
        stated: found.as_str(),
        found: value,
        title: &index.fact_title(&closed.fact),
        target: &index.reader_name(source.target.as_deref().or(index.sole_candidate())?),
        elsewhere: None,
    };
    let place = sentence.file_range(&found.range());
    let mut remark = ClaimRemark::violates_rule(message, ClaimStatus::Contradicted, place);
    remark.places.push(source.clone());
    known.iter().all(|one| is_another(&one.0)).then_some(remark)
}

/// What a word labels (“MTU 1450”), where captures label others by it and never this one.
fn check_literal(
    index: &EvidenceIndex,
    literal: &LabelledLiteral,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    let text = sentence.labelled_text();
    let labels = text.len() - sentence.text.len();
    let stated = literal.stated.captures_iter(&text).filter_map(|found| found.get(1));
    let mut stated = stated.filter(|found| found.start() >= labels).peekable();
    stated.peek()?;
    let known = index.literal_values(literal);
    let is_captured = |text: &str| known.iter().any(|one| one.0.starts_with(text));
    let found = stated.find(|one| !is_captured(one.as_str()))?;
    if literal.unless.is_match(&text) {
        return None;
    }
    let (value, source) = known.first()?;
    let message = ClaimContradictsEvidence {
        stated: found.as_str(),
        found: value,
        title: &literal.title,
        target: &make_visible(&source.capture),
        elsewhere: None,
    };
    let place = sentence.file_range(&(found.start() - labels..found.end() - labels));
    let mut remark = ClaimRemark::violates_rule(message, ClaimStatus::Contradicted, place);
    remark.places.push(EvidenceRef { fact: None, target: None, source: Some(source.clone()) });
    Some(remark)
}

/// What is said to differ under the only candidate, and was captured alike outside of it.
fn check_equal_fact(
    index: &EvidenceIndex,
    equal: &EqualFact,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    let found = equal.claim.find(sentence.text)?;
    let target = index.sole_candidate()?;
    let named = index.resolver.find_mentions(&sentence.labelled_text());
    let is_of_it = named.iter().any(|one| one.target.as_deref() == Some(target));
    let own = index.fact_on_target(&equal.fact, target)?;
    let others = index.facts_everywhere(&equal.fact);
    let mut others = others.iter().filter(|one| one.target != target).peekable();
    others.peek()?;
    let is_alike = others.all(|one| one.fact.as_value() == own.fact.as_value());
    let is_refuted = is_of_it && is_alike && !equal.unless.is_match(sentence.text);
    // A model that calls itself virtual is what the words say.
    let is_shown = own.fact.as_str().is_some_and(|text| equal.claim.is_match(text));
    (is_refuted && !is_shown).then(|| {
        let place = sentence.file_range(&found.range());
        let shown = format!("{} inside and outside", own.shown_value());
        ClaimRemark::contradicted_by(index, place, found.as_str(), &own, &shown, None)
    })
}

/// Which of two kernels is said to be the older one, where their releases say the opposite.
fn check_kernel_age(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    let words = &vocabulary.words.age;
    let older = words.older.find(sentence.text);
    let found = older.or_else(|| words.newer.find(sentence.text))?;
    if !words.about.is_match(sentence.text) || words.unless.is_match(sentence.text) {
        return None;
    }
    let before = index.resolver.find_mentions(&sentence.text[..found.start()]);
    let named = before.last()?.target.as_deref()?;
    let is_guest = index.role_of(named) == Some(Role::Candidate);
    let others = index.facts_everywhere("kernel.release").into_iter();
    let mut others =
        others.filter(|one| (index.role_of(one.target) == Some(Role::Candidate)) != is_guest);
    let own = index.fact_on_target("kernel.release", named)?;
    let other = others.next()?;
    let version = |one: &FactRef| -> Option<(u32, u32)> {
        let mut parts = one.fact.as_str()?.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    let (ours, theirs) = (version(&own)?, version(&other)?);
    let is_refuted = if older.is_some() { ours > theirs } else { ours < theirs };
    is_refuted.then(|| {
        let place = sentence.file_range(&found.range());
        let shown = format!("{}, the other {}", own.shown_value(), other.shown_value());
        ClaimRemark::contradicted_by(index, place, found.as_str(), &own, &shown, None)
            .resting_on_fact(other.id, other.target)
    })
}

/// “only lo and eth0”, where the list says otherwise.
fn check_only_interfaces(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    let words = &vocabulary.words.interface;
    let only = words.only.find(sentence.text)?;
    let clause = &sentence.text[only.start()..];
    let clause = &clause[..clause.find([';', '.', ':', '(']).unwrap_or(clause.len())];
    let ends = [", the", ", it", ", so", ", which", ", and the", " while ", " but "];
    let end = ends.iter().filter_map(|end| clause.find(end)).min().unwrap_or(clause.len());
    let clause = &clause[..end];
    let named: Vec<regex::Match> = words.names.find_iter(clause).collect();
    let (first, last) = (named.first()?, named.last()?);
    let range = only.start() + first.start()..only.start() + last.end();
    let mentions = index.resolver.find_mentions(&sentence.text[..range.start]);
    let captured = index.facts_everywhere(INTERFACES);
    let target = match (mentions.last(), &captured[..]) {
        (Some(last), _) => last.target.clone()?,
        (None, [one]) if index.role_of(one.target) == Some(Role::Candidate) => one.target.into(),
        _ => return None,
    };
    let fact_ref = index.fact_on_target(INTERFACES, &target)?;
    let items = fact_ref.fact.as_value()?.as_array()?;
    let known = items.iter().filter_map(|item| item.get("name")?.as_str());
    let known: BTreeSet<&str> = known.filter_map(|name| name.split('@').next()).collect();
    let stated = named.iter().map(|name| name.as_str().to_lowercase().replace("loopback", "lo"));
    let stated: BTreeSet<String> = stated.collect();
    let is_right = known.iter().filter(|name| **name != "lo").all(|name| stated.contains(*name))
        && stated.iter().all(|name| known.contains(name.as_str()));
    let (place, text) = (sentence.file_range(&range), &sentence.text[range]);
    let found = fact_ref.shown_value();
    Some(match is_right {
        true => ClaimRemark::supported_claim(place).resting_on_fact(INTERFACES, &target),
        false => ClaimRemark::contradicted_by(index, place, text, &fact_ref, &found, None),
    })
}
