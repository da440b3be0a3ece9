//! Names: interfaces, members of lists, and those of a closed set of which one is true.

use std::collections::BTreeSet;

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::evidence_index::EvidenceIndex;
use super::messages::ClaimContradictsEvidence;
use super::passages::PassageForm;
use super::sentence::{ReportSentence, clause_start};
use super::words::{ClaimVocabulary, ClosedName};
use crate::judge::EvidenceRef;
use crate::model::Role;

const INTERFACES: &str = "net.interfaces";

/// What the names of a sentence say.
pub(super) fn check_names(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Vec<ClaimRemark> {
    let mut out: Vec<ClaimRemark> =
        check_interface_list(index, vocabulary, sentence).into_iter().collect();
    if sentence.is_plain {
        let closed = &vocabulary.subjects.closed;
        out.extend(closed.iter().filter_map(|closed| check_closed_name(index, closed, sentence)));
        out.extend(check_no_address(index, vocabulary, sentence));
        out.extend(check_members(index, vocabulary, sentence));
    }
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

/// “no IPv4 address on eth0”, of an interface that has one.
fn check_no_address(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    let words = &vocabulary.words.interface;
    let found = words.unaddressed.find(sentence.text)?;
    let (row, column) = sentence.cell_labels().unwrap_or_default();
    let clause = &sentence.text[clause_start(sentence.text, found.start())..];
    let resolver = &index.resolver;
    let target = match &resolver.find_mentions(sentence.text)[..] {
        [] => {
            [column, row].iter().chain(&sentence.topics).find_map(|at| resolver.single_target(at))
        }
        _ => resolver.single_target(sentence.text),
    };
    let target = target.or_else(|| index.sole_candidate().map(String::from))?;
    let fact_ref = index.fact_on_target(INTERFACES, &target)?;
    let items = fact_ref.fact.as_value()?.as_array()?;
    let mut named = words.names.find_iter(clause);
    let name = named.next().filter(|_| named.next().is_none())?.as_str();
    let item = items.iter().find(|item| {
        let known = item.get("name").and_then(|known| known.as_str()).unwrap_or_default();
        known.split('@').next() == Some(name)
    })?;
    let address = item.get("ipv4")?.as_array()?.first()?.as_str()?;
    let place = sentence.file_range(&found.range());
    Some(ClaimRemark::contradicted_by(index, place, found.as_str(), &fact_ref, address, None))
}

/// “only Kata has `core`”, “`null` is missing under Kata”, where the list says otherwise.
fn check_members(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    const ENTRIES: &str = "dev.entries";
    let words = &vocabulary.words.member;
    if sentence.passage.form == PassageForm::Block || words.unless.is_match(sentence.text) {
        return None;
    }
    let baseline = index.target_with_role(Role::Baseline)?;
    let targets = [baseline, index.sole_candidate()?];
    let lists = targets.map(|target| index.listed_names(ENTRIES, target));
    let [Some(one), Some(other)] = lists else { return None };
    let known: BTreeSet<&String> = one.union(&other).collect();
    let mut start = 0;
    for clause in sentence.text.split_inclusive([',', ';', '(']) {
        let range = start..start + clause.len();
        start = range.end;
        let (only, lacks) = (words.only.is_match(clause), words.lacks.is_match(clause));
        let Some(target) = index.resolver.single_target(clause).filter(|_| only != lacks) else {
            continue;
        };
        let own = if target == baseline { &one } else { &other };
        let rest = if target == baseline { &other } else { &one };
        if !targets.contains(&target.as_str()) {
            continue;
        }
        // “Kata has one more entry in /dev, `core`.”
        let rest_of = sentence.text[range.end..].split_inclusive([',', ';', '(', '.']).next();
        let next = rest_of.filter(|next| next.split_whitespace().nth(3).is_none());
        let reach = match sentence.code_in(&range).next() {
            Some(_) => range.clone(),
            None => range.start..range.end + next.map_or(0, str::len),
        };
        let mut named = sentence.code_in(&reach).filter_map(|code| {
            let name = sentence.text[code.clone()].trim().trim_start_matches("/dev/");
            known.iter().find(|known| known.as_str() == name).map(|name| (code, *name))
        });
        let wrong = named.find(|(_, name)| match only {
            true => !own.contains(*name) || rest.contains(*name),
            false => own.contains(*name),
        });
        let Some((code, name)) = wrong else { continue };
        let fact_ref = index.fact_on_target(ENTRIES, &target)?;
        let has = |list: &BTreeSet<String>| if list.contains(name) { "has" } else { "lacks" };
        let shown = format!("{} {} it, {} {} it", targets[0], has(&one), targets[1], has(&other));
        let place = sentence.file_range(&code);
        let remark = ClaimRemark::contradicted_by(index, place, name, &fact_ref, &shown, None);
        return Some(
            remark.resting_on_fact(ENTRIES, targets[0]).resting_on_fact(ENTRIES, targets[1]),
        );
    }
    None
}

/// “shows only loopback and eth0”, “lo and eth0 only”, a row of interfaces.
fn check_interface_list(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    let words = &vocabulary.words.interface;
    let (row, column) = sentence.cell_labels().unwrap_or_default();
    let above = sentence.topics.first().copied().unwrap_or_default();
    let is_whole = sentence.text.split([',', ' ']).all(|word| {
        word.is_empty()
            || word == "and"
            || words.names.find(word).is_some_and(|name| name.len() == word.len())
    });
    let is_headed = is_whole && words.list.is_match(above);
    let is_list = is_headed || words.list.is_match(row) || words.list.is_match(column);
    let only = words.only.find(sentence.text);
    let clauses = sentence.text.split_inclusive([';']).flat_map(|part| {
        part.split_inclusive(" while ").flat_map(|part| part.split_inclusive(" whereas "))
    });
    let mut start = 0;
    for clause in clauses {
        let range = start..start + clause.len();
        start = range.end;
        let named: Vec<regex::Match> = words.names.find_iter(clause).collect();
        let (Some(first), Some(last)) = (named.first(), named.last()) else { continue };
        let is_only = only.is_some_and(|only| range.contains(&only.start()));
        let is_listed = named.len() > 1 && words.shows.is_match(&clause[..first.start()]);
        let mut mentions = index.resolver.find_mentions(clause);
        if mentions.iter().any(|mention| mention.range.end <= first.start()) {
            mentions.retain(|mention| mention.range.end <= first.start());
        }
        let labels =
            || [column, row, above].iter().find_map(|label| index.resolver.single_target(label));
        let target = match &mentions[..] {
            [] => labels()?,
            [one, rest @ ..] if rest.iter().all(|other| other.target == one.target) => {
                one.target.clone()?
            }
            _ => return None,
        };
        if !is_only && !is_list && !is_listed || clause.contains("not ") {
            continue;
        }
        let is_plain = sentence.is_plain;
        if (is_only || is_listed) && is_plain && index.was_not_seen(INTERFACES, &target) {
            let at = range.start + first.start()..range.start + last.end();
            let (place, stated) = (sentence.file_range(&at), &sentence.text[at]);
            return Some(ClaimRemark::without_evidence(index, place, stated, INTERFACES, &target));
        }
        let fact_ref = index.fact_on_target(INTERFACES, &target)?;
        let items = fact_ref.fact.as_value()?.as_array()?;
        let known: Vec<&str> = items
            .iter()
            .filter_map(|item| item.get("name")?.as_str())
            .map(|name| name.split('@').next().unwrap_or(name))
            .collect();
        let stated: Vec<String> = named
            .iter()
            .map(|name| name.as_str().to_lowercase().replace("loopback", "lo"))
            .collect();
        let is_unknown = stated.iter().any(|name| !known.contains(&name.as_str()));
        let is_left_out =
            known.iter().any(|name| *name != "lo" && !stated.iter().any(|one| one == name));
        let at = range.start + first.start()..range.start + last.end();
        let place = sentence.file_range(&at);
        if !is_unknown && !is_left_out {
            let supported = ClaimRemark::supported_claim(place);
            return Some(supported.resting_on_fact(fact_ref.id, fact_ref.target));
        }
        let is_wrong = is_unknown || is_left_out && is_only;
        return (is_wrong && sentence.is_plain).then(|| {
            let (stated, found) = (&sentence.text[at], fact_ref.shown_value());
            ClaimRemark::contradicted_by(index, place, stated, &fact_ref, &found, None)
        });
    }
    None
}
