//! Names: interfaces, and those of a closed set of which one is true.

use std::collections::BTreeSet;

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::evidence_index::{EvidenceIndex, FactRef};
use super::messages::ClaimContradictsEvidence;
use super::sentence::ReportSentence;
use super::words::{
    ClaimVocabulary, ClosedName, EqualFact, FactRank, LabelledLiteral, literal_key, literal_value,
};
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
    let literals = vocabulary.subjects.literal.iter();
    let mut out: Vec<ClaimRemark> =
        literals.filter_map(|literal| check_literal(index, literal, sentence)).collect();
    if !sentence.is_plain {
        return out;
    }
    let closed = vocabulary.subjects.closed.iter();
    out.extend(closed.filter_map(|closed| check_closed_name(index, closed, sentence)));
    out.extend(check_only_interfaces(index, vocabulary, sentence));
    out.extend(check_ranks(index, vocabulary, sentence));
    let equals = vocabulary.subjects.equal.iter();
    out.extend(equals.filter_map(|equal| check_equal_fact(index, equal, sentence)));
    out.extend(check_capability(index, vocabulary, sentence));
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
    let stated = literal.stated.captures_iter(&text);
    let stated = stated.filter_map(|found| Some((literal_key(&found), literal_value(&found)?)));
    let is_certain = |end: usize| sentence.is_plain_at(end - labels);
    let mut stated =
        stated.filter(|one| one.1.start() >= labels && is_certain(one.1.end())).peekable();
    stated.peek()?;
    let known = index.literal_values(literal);
    // What is captured of the same thing: of the same address, where the words name one.
    let mut refuted = stated.filter_map(|(key, found)| {
        let mut alike = known.iter().filter(|one| key.is_none_or(|key| one.0 == key)).peekable();
        let (_, value, source) = *alike.peek()?;
        let is_captured = alike.any(|one| one.1.starts_with(found.as_str()));
        (!is_captured).then_some((found, value, source))
    });
    let (found, value, source) = refuted.next()?;
    if literal.unless.is_match(&text) {
        return None;
    }
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

/// Which of two targets is said to have more of something (the newer kernel, the longer start, the
/// higher count), where the evidence says the opposite.
fn check_ranks(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Vec<ClaimRemark> {
    let above = sentence.topics.first().copied().unwrap_or_default();
    let around = format!("{above} {}", sentence.labelled_text());
    let ranks = vocabulary.subjects.rank.iter();
    let ranks = ranks.filter(|rank| {
        rank.about.is_match(&around) && !rank.unless.is_match(&sentence.labelled_text())
    });
    ranks.filter_map(|rank| check_rank(index, rank, sentence)).collect()
}

fn check_rank(
    index: &EvidenceIndex,
    rank: &FactRank,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    let more = rank.more.find(sentence.text);
    let found = more.or_else(|| rank.less.find(sentence.text))?;
    let before = index.resolver.find_mentions(&sentence.text[..found.start()]);
    let last = before.last()?;
    let named = last.target.as_deref()?;
    // “Kata and runc are slower”, “slower than Kata, runc”
    let is_alone = before.iter().all(|one| one.target.as_deref() == Some(named));
    let is_near = sentence.text[last.range.end..found.start()].split_whitespace().count() <= 6;
    let own = index.fact_on_target(&rank.fact, named)?;
    let is_guest = index.role_of(named) == Some(Role::Candidate);
    let others = index.facts_everywhere(&rank.fact).into_iter();
    let others: Vec<FactRef> = others
        .filter(|one| (index.role_of(one.target) == Some(Role::Candidate)) != is_guest)
        .collect();
    let ours = rank_of(index, &own)?;
    let is_above = |one: &FactRef| Some(rank_of(index, one)? > ours);
    let directions: BTreeSet<bool> = others.iter().filter_map(is_above).collect();
    let equals = others.iter().any(|one| rank_of(index, one).as_ref() == Some(&ours));
    let is_refuted = directions.len() == 1 && directions.contains(&more.is_some()) && !equals;
    (is_refuted && is_near && is_alone).then(|| {
        let place = sentence.file_range(&found.range());
        let other = others[0];
        let shown = format!("{}, the other {}", own.shown_value(), other.shown_value());
        ClaimRemark::contradicted_by(index, place, found.as_str(), &own, &shown, None)
            .resting_on_fact(other.id, other.target)
    })
}

/// By what the values of a fact are ordered: the parts of a release, a count, or the median of a
/// series in tenths of its powers, so that values that hardly differ are equal.
fn rank_of(index: &EvidenceIndex, fact_ref: &FactRef) -> Option<Vec<i64>> {
    if let Some(text) = fact_ref.fact.as_str() {
        let parts = text.split(['.', '-', '+', '_']).take(3).map(|part| part.parse().ok());
        return parts.collect();
    }
    let number = index
        .known_figures(fact_ref)
        .median
        .or_else(|| fact_ref.bytes_per_second())
        .or_else(|| fact_ref.item_count())?;
    #[allow(clippy::cast_possible_truncation, reason = "no logarithm is as long")]
    Some(vec![(number.ln() * 10.0).round() as i64])
}

/// A capability of which a sentence says that it is held or missing, where all masks of the
/// containers say the opposite.
fn check_capability(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    let words = &vocabulary.subjects.capability;
    let text = sentence.text;
    if words.unless.is_match(&sentence.labelled_text()) {
        return None;
    }
    let masks = index.facts_everywhere("priv.cap_eff");
    let held = |bit: usize| -> Option<bool> {
        let mut held = masks.iter().map(|one| {
            let mask = one.fact.as_str()?.trim_start_matches("0x");
            Some(u64::from_str_radix(mask, 16).ok()? >> bit & 1 == 1)
        });
        let first = held.next()??;
        held.all(|other| other == Some(first)).then_some(first)
    };
    for found in words.name.captures_iter(text) {
        let (whole, name) = (found.get(0)?, found.get(1)?);
        let lower = name.as_str().to_lowercase();
        let Some(bit) = words.bits.iter().position(|one| *one == lower) else { continue };
        let end =
            text[whole.end()..].find([',', ';', ':']).map_or(text.len(), |at| whole.end() + at);
        let after = &text[whole.end()..end];
        let (missing, present) = (words.missing.is_match(after), words.held.is_match(after));
        if missing == present || held(bit) != Some(missing) {
            continue;
        }
        let place = sentence.file_range(&(whole.start()..end));
        let shown = masks[0].shown_value();
        let stated = text[whole.start()..end].trim_end_matches('.');
        return Some(ClaimRemark::contradicted_by(index, place, stated, &masks[0], &shown, None));
    }
    None
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
