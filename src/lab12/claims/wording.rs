//! Wordings: what no evidence of this kind carries, and boundaries.

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::evidence_index::{EvidenceIndex, FactRef};
use super::messages::{
    ClaimAbsoluteSecurity, ClaimContradictsEvidence, ClaimSysModuleCalledLoaded,
    ClaimVerdictDiffers, ClaimWrongConcept,
};
use super::sentence::{ReportSentence, clause_start};
use super::words::{ClaimVocabulary, UncapturedWording, UnsupportedWording, WordingRule};
use crate::judge::{Conclusion, EvidenceRef};
use crate::model::{CaptureOrigin, FactSource, Role, fact_ids};

/// What the wording of a sentence says.
pub(super) fn check_wording(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Vec<ClaimRemark> {
    if sentence.asks {
        return Vec::new();
    }
    let mut out: Vec<ClaimRemark> = vocabulary
        .wordings
        .wording
        .iter()
        .filter_map(|wording| wording_of(index, sentence, wording))
        .collect();
    if sentence.is_plain {
        let wordings = &vocabulary.wordings.uncaptured;
        out.extend(wordings.iter().filter_map(|wording| uncaptured_of(index, sentence, wording)));
        for separate in [true, false] {
            out.extend(check_boundary(index, vocabulary, sentence, separate));
        }
        out.extend(check_escape(index, vocabulary, sentence));
    }
    out
}

fn wording_of(
    index: &EvidenceIndex,
    sentence: &ReportSentence,
    wording: &UnsupportedWording,
) -> Option<ClaimRemark> {
    let found = wording.pattern.find(sentence.text)?;
    let needed = wording.needs.as_ref().is_none_or(|needs| needs.is_match(sentence.text));
    let before = &sentence.text[..found.end()];
    let excused = wording.unless.as_ref().is_some_and(|unless| unless.is_match(before))
        || wording.never.as_ref().is_some_and(|never| never.is_match(sentence.text));
    if !needed || excused {
        return None;
    }
    let place = sentence.file_range(&found.range());
    let words = &quote_words(found.as_str());
    let remark = match wording.rule {
        WordingRule::AbsoluteSecurity => ClaimRemark::violates_rule(
            ClaimAbsoluteSecurity { words },
            ClaimStatus::Unsupported,
            place,
        ),
        WordingRule::WrongConcept => {
            ClaimRemark::violates_rule(ClaimWrongConcept { words }, ClaimStatus::Misworded, place)
        }
        WordingRule::LoadedModules => {
            let counted = index.facts_everywhere(&fact_ids::KERNEL_SYS_MODULE);
            // Loaded modules were counted, or nothing was.
            let loaded = index.facts_everywhere(&fact_ids::KERNEL_MODULES_LOADED);
            if counted.is_empty() || !loaded.is_empty() {
                return None;
            }
            let shown = |count: &FactRef| {
                format!("{} on {}", count.shown_value(), index.reader_name(count.target))
            };
            let counts = &counted.iter().map(shown).collect::<Vec<_>>().join(", ");
            let message = ClaimSysModuleCalledLoaded { words, counts };
            let remark = ClaimRemark::violates_rule(message, ClaimStatus::Misworded, place);
            counted.iter().fold(remark, |remark, one| remark.resting_on_fact(one.id, one.target))
        }
    };
    Some(remark)
}

/// What a sentence says of the host that nobody captured there.
fn uncaptured_of(
    index: &EvidenceIndex,
    sentence: &ReportSentence,
    wording: &UncapturedWording,
) -> Option<ClaimRemark> {
    let found = wording.pattern.find(sentence.text)?;
    let host = index.target_with_role(Role::Host)?;
    let mentions = index.resolver.find_mentions(&sentence.text[..found.start()]);
    let is_of_host = mentions.last().is_some_and(|last| last.target.as_deref() == Some(host));
    let ids = wording.other.iter().chain([&wording.fact]);
    let is_captured = ids.into_iter().any(|id| index.fact_on_target(id, host).is_some());
    (is_of_host && !is_captured).then(|| {
        let place = sentence.file_range(&found.range());
        ClaimRemark::without_evidence(index, place, found.as_str(), &wording.fact, host)
    })
}

/// That a runtime has a kernel of its own, or shares the host's.
fn check_boundary(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
    separate: bool,
) -> Option<ClaimRemark> {
    let words = &vocabulary.wordings.boundary;
    let found = if separate {
        words.separate.find(sentence.text)
    } else {
        words.shared.find(sentence.text)
    }?;
    let clause_start = [",", ";", "(", " while ", " whereas ", " but "]
        .iter()
        .filter_map(|mark| Some(sentence.text[..found.start()].rfind(mark)? + mark.len()))
        .max()
        .unwrap_or(0);
    let clause = &sentence.text[clause_start..found.end()];
    if words.unless.is_match(clause) {
        return None;
    }
    let before = &sentence.text[..found.start()];
    // Two that share have one kernel; two with kernels of their own are two statements.
    let is_pair = words.pair.is_match(if separate { found.as_str() } else { clause });
    let target = clause_subject(index, before, clause_start)
        .or_else(|| index.sole_candidate().filter(|_| is_pair).map(String::from))?;
    let verdict = index.subject.judgement.find_verdict(&target)?;
    let is_separate = verdict.conclusion.is_separate();
    let is_shared = verdict.conclusion == Conclusion::SharedKernel;
    let (agrees, denies) =
        if separate { (is_separate, is_shared) } else { (is_shared, is_separate) };
    // What is known of runtimes in general is no statement about this one.
    let observed = is_pair || words.observed.is_match(sentence.text);
    let place = sentence.file_range(&found.range());
    let rest = |result: ClaimRemark| {
        verdict.because.iter().fold(result, |result, id| result.resting_on_fact(id, &target))
    };
    if agrees {
        return Some(rest(ClaimRemark::supported_claim(place)));
    }
    let stated = &quote_words(found.as_str());
    if let (true, Some(release)) = (separate && observed, index.shared_release(&target)) {
        let shown = format!("{} inside and outside", release.shown_value());
        return Some(ClaimRemark::contradicted_by(index, place, stated, &release, &shown, None));
    }
    let is_own = words.owned.is_match(clause) && !index.never_ran(&target);
    // A guest with another release shares no kernel, whatever else is open.
    let host = [Role::Host, Role::Baseline].map(|role| index.target_with_role(role));
    let mut host =
        host.into_iter().flatten().filter_map(|one| index.fact_on_target("kernel.release", one));
    if let (false, false, Some(own), Some(host)) =
        (separate, denies, index.fact_on_target("kernel.release", &target), host.next())
        && own.target != host.target
        && own.fact.as_str() != host.fact.as_str()
    {
        let shown = format!("{} inside, {} outside", own.shown_value(), host.shown_value());
        return Some(ClaimRemark::contradicted_by(index, place, stated, &own, &shown, None));
    }
    if separate && (observed || is_own) && index.was_not_seen("kernel.release", &target) {
        let id = "kernel.release";
        return Some(ClaimRemark::without_evidence(index, place, stated, id, &target));
    }
    denies.then(|| {
        let title = index
            .subject
            .project_data
            .words
            .get(verdict.conclusion.conclusion_id())
            .map(|words| words.title.clone());
        let message = ClaimVerdictDiffers {
            words: &quote_words(found.as_str()),
            target: &index.reader_name(&target),
            verdict: &title.unwrap_or_default(),
        };
        rest(ClaimRemark::violates_rule(message, ClaimStatus::Contradicted, place))
    })
}

/// That the attempt to escape was stopped, where its file shows a changed host or no attempt; or
/// that it succeeded, where it was refused.
fn check_escape(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    let words = &vocabulary.wordings.escape;
    let held = words.held.find(sentence.text);
    let denied = words.denied.find(sentence.text);
    let found = held.or(denied).or_else(|| words.wrote.find(sentence.text))?;
    let before = &sentence.text[..found.start()];
    let start = clause_start(before, before.len());
    let clause = &sentence.text[start..found.end()];
    let mut around =
        [sentence.surrounding_text()].into_iter().chain(sentence.topics.iter().copied());
    let is_about = around.any(|text| words.about.is_match(text));
    let is_quoted = sentence.is_quoted_at(found.start());
    if !is_about || is_quoted || words.unless.is_match(clause) {
        return None;
    }
    let target = index.sole_candidate()?;
    if held.is_none() && clause_subject(index, before, start).as_deref() != Some(target) {
        return None;
    }
    let mut captures = index.subject.run.captures.iter();
    let capture = captures.find(|capture| match &capture.origin {
        CaptureOrigin::File { slot, .. } => slot.as_deref() == Some(ESCAPE),
        _ => false,
    })?;
    let text = capture.stdout.text_lines().join("\n");
    let lines = || (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let written = words.written.captures_iter(&text).last();
    let is_written = |line: &str| {
        written.as_ref().is_some_and(|marker| line.trim() == &marker[1])
            || words.changed.is_match(line)
    };
    // The last line is what the file on the host holds.
    let (line, shown) = lines()
        .find(|(_, line)| line.starts_with("FATA") || line.contains("level=fatal"))
        // Without a start no write went through either.
        .filter(|_| denied.is_none() || held.is_some())
        .or_else(|| {
            let last = lines().last()?;
            let refutes = match held.or(denied) {
                Some(_) => is_written(last.1) || held.is_some() && is_changed(&text),
                None => words.refused.is_match(last.1),
            };
            refutes.then_some(last)
        })?;
    let message = ClaimContradictsEvidence {
        stated: &quote_words(found.as_str()),
        found: &quote_words(crate::text::beginning(shown, 80)),
        title: &index.fact_title("escape.host_write_privileged"),
        target: &index.reader_name(target),
        elsewhere: None,
    };
    let place = sentence.file_range(&found.range());
    let source = Some(FactSource { capture: capture.id.clone(), line: Some(line) });
    let mut remark = ClaimRemark::violates_rule(message, ClaimStatus::Contradicted, place);
    remark.places.push(EvidenceRef { fact: None, target: Some(target.into()), source });
    Some(remark)
}

/// Whether a file that shows the host's file `before` and `after` shows another one after.
fn is_changed(text: &str) -> bool {
    let shown = |word: &str| -> Vec<&str> {
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        let named = lines
            .filter(|(label, _)| label.to_lowercase().split_whitespace().any(|one| one == word));
        named.map(|(_, value)| value.trim()).filter(|value| !value.is_empty()).collect()
    };
    matches!((&shown("before")[..], &shown("after")[..]), ([one], [other]) if one != other)
}

/// The file of the attempt to escape from Kata.
const ESCAPE: &str = "results/kata-escape-attempt.txt";

/// The runtime that a clause is about: the last that is named before the words, in the clause if
/// it names one.
fn clause_subject(index: &EvidenceIndex, before: &str, clause: usize) -> Option<String> {
    let runtimes = |text: &str| -> Vec<Option<String>> {
        let mentions = index.resolver.find_mentions(text).into_iter().map(|mention| mention.target);
        mentions.filter(|target| target.as_deref() != index.target_with_role(Role::Host)).collect()
    };
    let own = runtimes(&before[clause..]);
    let mut all = if own.is_empty() { runtimes(before) } else { own };
    all.dedup();
    match &all[..] {
        [Some(one)] => Some(one.clone()),
        _ => None,
    }
}

/// Words in one line.
pub(super) fn quote_words(text: &str) -> String {
    crate::text::make_visible(&crate::text::join_words(text))
}
