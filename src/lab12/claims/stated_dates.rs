//! The day on which a kernel was built.

use std::ops::Range;

use super::claim_remark::ClaimRemark;
use super::dates::{DATES, read_date};
use super::evidence_index::EvidenceIndex;
use super::sentence::ReportSentence;
use super::words::ClaimVocabulary;
use crate::judge::rules::kernel_build_date;
use crate::model::Role;

/// A day on which a kernel is said to have been built and which no capture has.
pub(super) fn check_build_date(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    let words = &vocabulary.words.build;
    let labelled = sentence.labelled_text();
    if !words.built.is_match(&labelled) || words.unless.is_match(&labelled) {
        return None;
    }
    let mut dates = DATES.captures_iter(sentence.text);
    let found = dates.next().filter(|_| dates.next().is_none())?;
    let place: Range<usize> = found.get(0)?.range();
    let stated = read_date(&found)?;
    let mentions = index.resolver.find_mentions(&labelled);
    let before = index.resolver.find_mentions(&sentence.text[..place.start]);
    let mention = before.last().or(mentions.first())?;
    let is_single = mentions.iter().all(|one| one.target == mention.target);
    if before.is_empty() && !is_single {
        return None;
    }
    let target = mention.target.as_deref().or_else(|| index.target_with_role(Role::Baseline))?;
    // The host's kernel is runc's.
    let is_guest = index.role_of(target) == Some(Role::Candidate);
    let kernels = ["kernel.uname", "kernel.banner", "kernel.dmesg_banner"];
    let targets: Vec<&str> =
        index.subject.run.targets.iter().map(|one| one.name.as_str()).collect();
    let is_alike = |one: &&str| (index.role_of(one) == Some(Role::Candidate)) == is_guest;
    let own =
        targets.into_iter().filter(|one| if is_guest { *one == target } else { is_alike(one) });
    let mut known = own.flat_map(|target| {
        kernels.into_iter().filter_map(move |id| index.fact_on_target(id, target))
    });
    let (fact_ref, built) = known.find_map(|one| {
        let line = one.fact.as_str()?;
        Some((one, kernel_build_date(line)?))
    })?;
    let is_refuted = !mentions.is_empty()
        && !stated.is_of(built)
        && !index.captured_dates().iter().any(|one| one.may_be(stated));
    is_refuted.then(|| {
        let stated = &sentence.text[place.clone()];
        let found = built.format("%-d %B %Y").to_string();
        ClaimRemark::contradicted_by(
            index,
            sentence.file_range(&place),
            stated,
            &fact_ref,
            &found,
            None,
        )
    })
}
