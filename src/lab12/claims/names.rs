//! Names: interfaces, and those of a closed set of which one is true.

use std::collections::BTreeSet;

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::evidence_index::EvidenceIndex;
use super::messages::ClaimContradictsEvidence;
use super::sentence::ReportSentence;
use super::words::{ClaimVocabulary, ClosedName, LabelledLiteral};
use crate::judge::EvidenceRef;
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
    let stated = literal.stated.captures_iter(sentence.text).filter_map(|found| found.get(1));
    let mut stated = stated.peekable();
    stated.peek()?;
    let known = index.literal_values(literal);
    let is_captured = |text: &str| known.iter().any(|one| one.0.starts_with(text));
    let found = stated.find(|one| !is_captured(one.as_str()))?;
    if literal.unless.is_match(sentence.text) {
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
    let place = sentence.file_range(&found.range());
    let mut remark = ClaimRemark::violates_rule(message, ClaimStatus::Contradicted, place);
    remark.places.push(EvidenceRef { fact: None, target: None, source: Some(source.clone()) });
    Some(remark)
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
    let named: Vec<regex::Match> = words.names.find_iter(clause).collect();
    let (first, last) = (named.first()?, named.last()?);
    let range = only.start() + first.start()..only.start() + last.end();
    let target = index.resolver.single_target(sentence.text)?;
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
