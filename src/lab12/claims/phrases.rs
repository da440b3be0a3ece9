//! Phrases: what a report copies word by word in its sentences and tables. The name of a processor,
//! a parameter of a kernel, an address or the size of an interface's packets, with one part another
//! than in every capture.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::captured_phrases::{PARAMETER, PREFIXED};
use super::claim_remark::ClaimRemark;
use super::evidence_index::{EvidenceIndex, FactRef};
use super::passages::PassageForm;
use super::quantity::{DigitSlip, find_slip};
use super::sentence::ReportSentence;
use super::values::interface_addresses;
use super::words::ClaimVocabulary;
use crate::judge::EvidenceRef;
use crate::model::Role;

const INTERFACES: &str = "net.interfaces";

/// What the phrases of a sentence say.
pub(super) fn check_phrases(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Vec<ClaimRemark> {
    if sentence.passage.form == PassageForm::Block {
        return Vec::new();
    }
    let parameter = check_kernel_parameter(index, sentence);
    if !sentence.is_plain {
        return parameter.into_iter().collect();
    }
    let found = [
        parameter,
        check_processor_name(index, sentence),
        check_exchanged_address(index, sentence),
        check_prefix(index, sentence),
        check_name_of_address(index, vocabulary, sentence),
        check_packet_size(index, vocabulary, sentence),
    ];
    found.into_iter().flatten().collect()
}

/// The name of a processor with one number another: “Xeon(R) Processor @ 2.40GHz”.
fn check_processor_name(index: &EvidenceIndex, sentence: &ReportSentence) -> Option<ClaimRemark> {
    let trimmed =
        |word: &str| word.trim_matches(|c: char| "`*|,;:.()\"“”»«".contains(c)).to_lowercase();
    let stated: Vec<String> = sentence.text.split_whitespace().map(trimmed).collect();
    let models = &index.captured_phrases().models;
    let is_known = |part: &[String]| {
        let part = part.join(" ");
        models.keys().any(|model| model.to_lowercase().contains(&part))
    };
    let fact_ref = *index.facts_everywhere("cpu.model").first()?;
    for (model, source) in models {
        let known: Vec<String> = model.split_whitespace().map(trimmed).collect();
        if known.len() < 4 {
            continue;
        }
        for part in stated.windows(known.len()) {
            let mut differing = part.iter().zip(&known).filter(|(one, other)| one != other);
            let (Some((one, other)), None) = (differing.next(), differing.next()) else { continue };
            let is_number = |word: &String| word.contains(|c: char| c.is_ascii_digit());
            let at = sentence.text.to_lowercase().find(one.as_str());
            if is_number(one)
                && is_number(other)
                && !is_known(part)
                && let Some(at) = at
            {
                let range = at..at + one.len();
                let place = sentence.file_range(&range);
                let stated = sentence.text.get(range)?;
                let mut remark =
                    ClaimRemark::contradicted_by(index, place, stated, &fact_ref, model, None);
                let source = Some(source.clone());
                remark.places.push(EvidenceRef { fact: None, target: None, source });
                return Some(remark);
            }
        }
    }
    None
}

/// A parameter of the captured kernel command line with a value that no capture has.
fn check_kernel_parameter(index: &EvidenceIndex, sentence: &ReportSentence) -> Option<ClaimRemark> {
    let lines = index.facts_everywhere("kernel.cmdline");
    for found in PARAMETER.captures_iter(sentence.text) {
        let prefix = format!("{}=", &found[1]);
        let of_line = |line: &FactRef| -> Vec<String> {
            let words = line.fact.as_str().unwrap_or_default().split_whitespace();
            words.filter_map(|word| word.strip_prefix(&prefix)).map(String::from).collect()
        };
        let known: BTreeSet<String> = lines.iter().flat_map(of_line).collect();
        let Some(line) = lines.iter().find(|line| !of_line(line).is_empty()) else { continue };
        let is_captured = index.captured_phrases().assignments.contains(&found[0]);
        let range = found.get(0)?.range();
        let is_plain = sentence.is_plain_at(range.end);
        if is_plain && !known.contains(&found[2]) && !is_captured {
            let shown: Vec<String> = known.iter().map(|value| format!("{prefix}{value}")).collect();
            let (place, stated) = (sentence.file_range(&range), &sentence.text[range]);
            let shown = shown.join(", ");
            return Some(ClaimRemark::contradicted_by(index, place, stated, line, &shown, None));
        }
    }
    None
}

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:10|172|192)(?:\.\d{1,3}){3}\b")
        .unwrap_or_else(|error| unreachable!("{error}"))
});

/// An address that is a captured one with two digits exchanged, and stands in no capture.
fn check_exchanged_address(
    index: &EvidenceIndex,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    let found = ADDRESS.find(sentence.text).filter(|found| !index.is_captured(found.as_str()))?;
    let all = index.facts_everywhere(INTERFACES);
    let mut slips = all.iter().flat_map(|one| {
        let addresses = interface_addresses(one).filter_map(|known| known.split('/').next());
        let is_slip = |known: &&str| find_slip(found.as_str(), known) == Some(DigitSlip::Exchanged);
        addresses.filter(is_slip).map(move |known| (one, known))
    });
    let (fact_ref, known) = slips.next().filter(|_| slips.next().is_none())?;
    let place = sentence.file_range(&found.range());
    Some(ClaimRemark::contradicted_by(index, place, found.as_str(), fact_ref, known, None))
}

/// The captured address of an interface with another length of its network's prefix.
fn check_prefix(index: &EvidenceIndex, sentence: &ReportSentence) -> Option<ClaimRemark> {
    let found = PREFIXED.captures(sentence.text)?;
    let all = index.facts_everywhere(INTERFACES);
    let (fact_ref, known) = all.iter().find_map(|one| {
        let mut known = interface_addresses(one);
        Some((one, known.find(|known| known.split('/').next() == Some(&found[1]))?))
    })?;
    let is_refuted = known.contains('/')
        && known != &found[0]
        && !index.captured_phrases().assignments.contains(&found[0]);
    is_refuted.then(|| {
        let place =
            sentence.file_range(&found.get(0).map(|whole| whole.range()).unwrap_or_default());
        ClaimRemark::contradicted_by(index, place, &found[0], fact_ref, known, None)
    })
}

/// The name of an interface that no capture has, next to an address that was captured on another.
fn check_name_of_address(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    let text = match &sentence.passage.form {
        PassageForm::Cell { line, column, .. }
            if vocabulary.words.interface.list.is_match(column) =>
        {
            line
        }
        PassageForm::Cell { .. } => return None,
        _ => sentence.text,
    };
    let mut names = vocabulary.words.interface.names.find_iter(sentence.text);
    let name = names.next().filter(|_| names.next().is_none())?;
    let mut addresses = ADDRESS.find_iter(text);
    let address = addresses.next().filter(|_| addresses.next().is_none())?;
    // The host's end of it, and what joins those.
    let others = ["veth", "br-", "docker", "nerdctl", "cni", "virbr", "tap", "tun", "loopback"];
    let is_other = others.iter().any(|start| name.as_str().to_lowercase().starts_with(start));
    let host = index.target_with_role(Role::Host);
    let mentions = index.resolver.find_mentions(sentence.text);
    let is_of_host = mentions.iter().any(|one| one.target.as_deref() == host);
    if is_other || is_of_host || index.is_captured(name.as_str()) {
        return None;
    }
    let all = index.facts_everywhere(INTERFACES);
    let (fact_ref, known) = all.iter().find_map(|one| {
        let items = one.fact.as_value()?.as_array()?;
        let item = items.iter().find(|item| {
            let addresses = item["ipv4"].as_array().into_iter().flatten();
            let mut plain = addresses.filter_map(|one| one.as_str()?.split('/').next());
            plain.any(|one| one == address.as_str())
        })?;
        Some((one, item["name"].as_str()?.split('@').next()?))
    })?;
    let place = sentence.file_range(&name.range());
    Some(ClaimRemark::contradicted_by(index, place, name.as_str(), fact_ref, known, None))
}

static STATED_SIZE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\bmtu\b(?:\s+(?:of|is|was|von|de|es|est|ist|size|value|the|its|at|set|to|from|beträgt|plain|usual|Ethernet|standard|default|eth\d+|lo|loopback)\b|[\s:=`*(])*(\d{3,5})\b")
        .unwrap_or_else(|error| unreachable!("{error}"))
});

/// The size of packets (MTU) of a captured interface, or of the guest's, that no capture has.
fn check_packet_size(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    let (range, row) = match &sentence.passage.form {
        PassageForm::Cell { column, line, .. } if column.trim().eq_ignore_ascii_case("mtu") => {
            (0..sentence.text.len(), line.as_str())
        }
        _ => {
            let mut found = STATED_SIZE.captures_iter(sentence.text);
            let found = found.next().filter(|_| found.next().is_none())?;
            (found.get(1)?.range(), sentence.text)
        }
    };
    let stated = sentence.text[range.clone()].trim();
    stated.parse::<u32>().ok()?;
    let mut names = vocabulary.words.interface.names.find_iter(row);
    let sizes = &index.captured_phrases().sizes;
    let is_foreign = names.any(|name| {
        let name = name.as_str().to_lowercase().replace("loopback", "lo");
        !sizes.iter().any(|(known, _)| *known == name)
    });
    let fact_ref = *index.facts_everywhere(INTERFACES).first()?;
    let mentions = index.resolver.find_mentions(row);
    let is_of_guest = mentions.iter().all(|one| one.target.as_deref() == Some(fact_ref.target));
    // “WSL's own eth0 has 172.28.144.7/20 and an MTU of 1492”
    let is_elsewhere = ADDRESS.find_iter(row).any(|address| !index.is_captured(address.as_str()));
    let named = vocabulary.words.interface.names.find_iter(row).count();
    let is_sure =
        !is_foreign && !is_elsewhere && is_of_guest && (named > 0 || !mentions.is_empty());
    let is_known = sizes.iter().any(|(_, size)| size == stated) || index.is_captured(stated);
    let others: Vec<String> = sizes.iter().map(|(name, size)| format!("{name} {size}")).collect();
    (is_sure && !is_known && !others.is_empty()).then(|| {
        let (place, found) = (sentence.file_range(&range), others.join(", "));
        ClaimRemark::contradicted_by(index, place, stated, &fact_ref, &found, None)
    })
}
