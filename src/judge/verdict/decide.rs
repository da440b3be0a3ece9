//! Counting the votes.

use std::collections::BTreeSet;

use super::indicators::{Indication, Indicators, SourceGroup};
use super::{Conclusion, Confidence, UndecidedReason, Verdict};
use crate::judge::rules::COUNTS;

/// Decides by the votes, and says which facts the verdict rests on.
pub(super) fn decide_verdict(indicators: &Indicators, verdict: &mut Verdict) {
    let shared = sources_that_indicate(indicators, Indication::Shared);
    let separate = sources_that_indicate(indicators, Indication::Separate);
    let gvisor = sources_that_indicate(indicators, Indication::Gvisor).len();
    if !shared.is_empty() && (!separate.is_empty() || gvisor > 1) {
        verdict.conclusion = Conclusion::Contradictory;
        verdict.because = facts_that_indicate(indicators, &[Indication::Shared]);
        verdict.decisive = verdict.because.clone();
        let against = if separate.is_empty() { Indication::Gvisor } else { Indication::Separate };
        verdict.against = facts_that_indicate(indicators, &[against]);
        verdict.reason = Some(contradiction_reason(&shared, &separate));
    } else if !shared.is_empty() {
        verdict.conclusion = Conclusion::SharedKernel;
        // The facts without a vote may raise it.
        verdict.confidence = if shared.len() > 1 { Confidence::High } else { Confidence::Low };
        verdict.because = facts_that_indicate(indicators, &[Indication::Shared]);
        verdict.decisive = verdict.because.clone();
    } else {
        separate_kernel(indicators, &separate, verdict);
    }
}

fn contradiction_reason(
    shared: &BTreeSet<SourceGroup>,
    separate: &BTreeSet<SourceGroup>,
) -> UndecidedReason {
    if separate.is_empty() {
        UndecidedReason::MarksUnderSharedKernel
    } else if separate.contains(&SourceGroup::BootId) || !shared.contains(&SourceGroup::BootId) {
        UndecidedReason::FoundOnHostOtherId
    } else {
        UndecidedReason::EqualIdOtherKernel
    }
}

/// Nothing says that the kernel is the host's.
fn separate_kernel(
    indicators: &Indicators,
    separate: &BTreeSet<SourceGroup>,
    verdict: &mut Verdict,
) {
    let gvisor = sources_that_indicate(indicators, Indication::Gvisor).len();
    let vm = sources_that_indicate(indicators, Indication::Vm).len();
    let has_boot_id = separate.contains(&SourceGroup::BootId);
    let has_witness = separate.contains(&SourceGroup::Witness);
    // Files that name two builds of a distribution can come from one machine, before and after an
    // upgrade. What was seen while the container ran cannot.
    let is_observed = has_boot_id || has_witness;
    let are_two_boots = indicators.are_distribution_builds && !is_observed && vm == 0 && gvisor < 2;
    verdict.because = facts_that_indicate(indicators, &[Indication::Separate]);
    match separate.len() {
        0 => {
            verdict.reason =
                Some(verdict.ignored.first().map_or(UndecidedReason::NothingDecides, |i| i.reason))
        }
        _ if are_two_boots => verdict.reason = Some(UndecidedReason::DistributionBuilds),
        // gVisor's marks are strong facts of their own.
        1 if gvisor > 1 => {
            verdict.conclusion = Conclusion::SeparateKernelUserspace;
            verdict.confidence = Confidence::Medium;
            verdict.because =
                facts_that_indicate(indicators, &[Indication::Separate, Indication::Gvisor]);
        }
        1 if indicators.is_kata_kernel && separate.contains(&SourceGroup::Name) => {
            verdict.conclusion = Conclusion::SeparateKernel;
            verdict.confidence = Confidence::Low;
        }
        // Kata's runtime, or a monitor, booted what wrote this log.
        1 if vm > 0 && separate.contains(&SourceGroup::Boot) && !indicators.is_hosts_release => {
            verdict.conclusion = Conclusion::SeparateKernelVm;
            verdict.confidence = Confidence::Low;
        }
        // One mark does not tell the kind, and no other kernel than the host's has it.
        1 if gvisor == 1 && separate.contains(&SourceGroup::Name) => {
            verdict.conclusion = Conclusion::SeparateKernel;
            verdict.confidence = Confidence::Low;
            verdict.because =
                facts_that_indicate(indicators, &[Indication::Separate, Indication::Gvisor]);
        }
        1 => verdict.reason = Some(UndecidedReason::OneSource),
        _ => {
            let (conclusion, kind) = match (gvisor, vm) {
                (2.., _) => (Conclusion::SeparateKernelUserspace, Some(Indication::Gvisor)),
                (0, 1..) => (Conclusion::SeparateKernelVm, Some(Indication::Vm)),
                _ => (Conclusion::SeparateKernel, None),
            };
            verdict.conclusion = conclusion;
            verdict.confidence = match has_boot_id && has_witness && separate.len() > 2 {
                true => Confidence::High,
                false => Confidence::Medium,
            };
            verdict.because = match kind {
                Some(kind) => facts_that_indicate(indicators, &[Indication::Separate, kind]),
                None => facts_that_indicate(indicators, &[Indication::Separate]),
            };
        }
    }
}

/// Lowers what files of the same target contradict: such files are of several containers or
/// machines, and which of them is the target's nobody can tell.
pub(super) fn weigh_contradictions(verdict: &mut Verdict, against: Vec<String>) {
    if against.is_empty() || !verdict.conclusion.is_separate() {
        return;
    }
    let mut kernels = against.iter().filter(|id| id.starts_with("kernel."));
    let is_about_kernel = kernels.any(|id| COUNTS.iter().all(|count| **count != **id));
    verdict.against = against;
    if verdict.confidence > Confidence::Low {
        verdict.confidence = Confidence::Low;
    } else if is_about_kernel {
        verdict.conclusion = Conclusion::Inconclusive;
        verdict.confidence = Confidence::None;
        let mut ignored = verdict.ignored.iter().map(|ignored| ignored.reason);
        let by_date = ignored.find(|reason| *reason == UndecidedReason::ImpossibleDate);
        verdict.reason = by_date.or(Some(UndecidedReason::FilesContradict));
    }
}

/// The independent sources that say something.
fn sources_that_indicate(indicators: &Indicators, says: Indication) -> BTreeSet<SourceGroup> {
    indicators
        .found
        .iter()
        .filter(|indicator| indicator.says == says)
        .map(|indicator| indicator.group)
        .collect()
}

/// The facts that say one of these, each once, in the order of the votes.
fn facts_that_indicate(indicators: &Indicators, wanted: &[Indication]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for indicator in indicators.found.iter().filter(|indicator| wanted.contains(&indicator.says)) {
        if !ids.iter().any(|id| **id == *indicator.fact) {
            ids.push(indicator.fact.to_string());
        }
    }
    ids
}
